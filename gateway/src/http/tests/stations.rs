use minuano_telemetry::{Flag, Millis};
use serde_json::{Value, json};

use super::World;
use crate::directory::Kept;
use crate::http::now;

#[tokio::test]
async fn a_station_says_all_that_is_known_of_it() {
    let world = World::new();
    let roof = world.station("roof", "Asia/Tokyo");
    let at = now();
    let text = at.to_string();
    world.put(roof, 1, &text, [Some((21.0, Flag::Good)), Some((1e9, Flag::Fail)), None, None]);
    let row = world.put(roof, 2, &text, [Some((19.5, Flag::Good)), None, None, None]);
    let last = world.stored(row);
    let health = include_str!("../../../../telemetry/tests/golden/health.json");
    world.directory.change(&"roof".parse().unwrap(), |now| {
        now.last_seen = Some(at);
        now.last_reading = Some(last);
        now.health = Kept::of(&serde_json::from_str(health).unwrap()).map(|health| (at, health));
        now.counts.stored = 2;
        now.counts.lost_overflow = 3;
        now.counts.lost_ended = 4;
        now.owner = Some("other".parse().unwrap());
    });
    let station = world.ok("/api/v1/stations/roof").await;
    let date = jiff::Timestamp::from_millisecond(at.get()).unwrap().in_tz("Asia/Tokyo").unwrap().date();
    let mut with_at: Value = serde_json::from_str(health).unwrap();
    with_at["at"] = json!(text);
    assert_eq!(
        station,
        json!({
            "station": "roof", "state": "online", "since": "2026-11-20T00:00:00.000Z",
            "place": {
                "name": "Roof \"West\"", "latitude": 37.7, "longitude": -105.92, "altitude_m": 2317.0,
                "zone": "Asia/Tokyo"
            },
            "version": "0.1.0", "report_s": 10,
            "sensors": [{
                "part": "bme280", "address": 118,
                "quantities": ["temperature_c", "pressure_hpa", "humidity_pct"]
            }],
            "last_seen": text,
            "last_reading": station["last_reading"],
            "tendency": null,
            "today": {
                "date": date.to_string(), "zone": "Asia/Tokyo",
                "quantities": {"temperature_c": {"min": 19.5, "min_at": text, "max": 21.0, "max_at": text}}
            },
            "health": with_at,
            "counts": {"stored": 2, "lost": 7, "duplicates": 0, "elsewhere": 0},
            "owner": "other"
        })
    );
    assert_eq!(station["last_reading"]["row"], 2);
    assert_eq!(world.ok("/api/v1/stations").await, json!({"items": [station], "next": null}));
}

#[tokio::test]
async fn today_begins_at_midnight_in_the_zone() {
    let world = World::new();
    let roof = world.station("roof", "Pacific/Kiritimati");
    let midnight = jiff::Timestamp::from_millisecond(now().get())
        .unwrap()
        .in_tz("Pacific/Kiritimati")
        .unwrap()
        .start_of_day()
        .unwrap()
        .timestamp()
        .as_millisecond();
    let before = Millis::new(midnight - 1).unwrap().to_string();
    let after = Millis::new(midnight).unwrap().to_string();
    world.put(roof, 1, &before, [Some((-40.0, Flag::Good)), None, None, None]);
    assert_eq!(world.ok("/api/v1/stations/roof").await["today"], Value::Null);
    world.put(roof, 2, &after, [Some((5.0, Flag::Good)), None, None, None]);
    let station = world.ok("/api/v1/stations/roof").await;
    let temperature = &station["today"]["quantities"]["temperature_c"];
    assert_eq!(*temperature, json!({"min": 5.0, "min_at": after, "max": 5.0, "max_at": after}));
}

#[tokio::test]
async fn a_station_of_which_nothing_is_known_is_all_null() {
    let world = World::new();
    world.directory.change(&"new".parse().unwrap(), |_| ());
    assert_eq!(
        world.ok("/api/v1/stations/new").await,
        json!({
            "station": "new", "state": "unknown", "since": null, "place": null, "version": null, "report_s": null,
            "sensors": [], "last_seen": null, "last_reading": null, "tendency": null, "today": null, "health": null,
            "counts": {"stored": 0, "lost": 0, "duplicates": 0, "elsewhere": 0}, "owner": null
        })
    );
}

#[tokio::test]
async fn stations_are_paged_by_name() {
    let world = World::new();
    for name in ["c", "a", "e", "b", "d"] {
        world.directory.change(&name.parse().unwrap(), |_| ());
    }
    let items = world.pages("/api/v1/stations?limit=2").await;
    let names: Vec<_> = items.iter().map(|station| station["station"].as_str().unwrap()).collect();
    assert_eq!(names, ["a", "b", "c", "d", "e"]);
}
