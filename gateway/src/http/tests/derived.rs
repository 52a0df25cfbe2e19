use minuano_telemetry::{Flag, Millis};
use serde_json::json;

use super::{World, millis};

const START: &str = "2026-11-20T12:00:00Z";

fn good(value: f64) -> Option<(f64, Flag)> {
    Some((value, Flag::Good))
}

#[tokio::test]
async fn readings_carry_what_follows_from_them() {
    let world = World::new();
    let roof = world.station("roof", "UTC");
    world.put(roof, 1, START, [good(21.43), good(770.0), Some((48.7, Flag::Suspect)), None]);
    world.put(roof, 2, START, [Some((21.43, Flag::Fail)), good(770.0), good(48.7), None]);
    let range = format!("from={START}&to=2026-11-20T13:00:00Z&resolution=raw");
    let list = world.ok(&format!("/api/v1/stations/roof/readings?{range}")).await;
    let [derived, failed] = [&list["items"][0], &list["items"][1]];
    assert_eq!(derived["dew_point_c"], 10.18);
    assert_eq!(derived["flags"]["dew_point_c"], 3);
    // The golden station stands at 2317 m.
    assert_eq!(derived["sea_level_pressure_hpa"], 999.2);
    assert!(derived.get("heat_index_c").is_none(), "{derived}");
    for key in ["dew_point_c", "sea_level_pressure_hpa", "wet_bulb_c", "feels_like_c"] {
        assert!(failed.get(key).is_none() && failed["flags"].get(key).is_none(), "{key}: {failed}");
    }
}

#[tokio::test]
async fn a_station_says_how_its_pressure_changed() {
    let world = World::new();
    let roof = world.station("roof", "UTC");
    let mut row = 0;
    for step in 0..=36_u32 {
        let at = Millis::new(millis(START).get() + i64::from(step) * 300_000).unwrap();
        let pressure = 1000.0 - f64::from(step) / 10.0;
        row = world.put(roof, u64::from(step) + 1, &at.to_string(), [None, good(pressure), None, None]);
    }
    let last = world.stored(row);
    world.directory.change(&"roof".parse().unwrap(), |now| now.last_reading = Some(last));
    let station = world.ok("/api/v1/stations/roof").await;
    assert_eq!(
        station["tendency"],
        json!({
            "pressure_tendency_hpa_3h": -3.6, "characteristic": 7, "description": "falling",
            "at": "2026-11-20T15:00:00.000Z"
        })
    );
}
