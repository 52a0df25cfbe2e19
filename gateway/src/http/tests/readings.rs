use axum::http::{StatusCode, header};
use minuano_telemetry::Flag;
use serde_json::{Value, json};

use super::World;

const ROOF: &str = "/api/v1/stations/roof/readings";

fn good(value: f64) -> Option<(f64, Flag)> {
    Some((value, Flag::Good))
}

#[tokio::test]
async fn raw_readings_come_by_time_with_flags_and_faults() {
    let world = World::new();
    let roof = world.station("roof", "UTC");
    world.put(roof, 2, "2026-11-20T12:00:10Z", [good(21.43), good(1013.25), None, Some((1e300, Flag::Fail))]);
    world.put(roof, 1, "2026-11-20T12:00:00.250Z", [good(-0.5), None, None, None]);
    world.sql("UPDATE readings SET faults = 2 << 8 WHERE seq = 2");
    let page =
        world.ok(&format!("{ROOF}?from=2026-11-20T12:00:00Z&to=2026-11-20T13:00:00Z&resolution=raw")).await;
    assert_eq!(page["resolution"], "raw");
    assert_eq!(page["next"], Value::Null);
    assert_eq!(page["items"][0]["temperature_c"], -0.5);
    assert_eq!(
        page["items"][1],
        json!({
            "row": 1, "station": "roof", "stream": "9f2c41d07a3be658", "seq": 2,
            "observed_at": "2026-11-20T12:00:10.000Z", "received_at": "2026-11-20T12:00:10.120Z",
            "clock": "synchronised", "samples": 10,
            "temperature_c": 21.43, "pressure_hpa": 1013.25, "illuminance_lx": 1e300,
            "flags": {"temperature_c": 1, "pressure_hpa": 1, "humidity_pct": 9, "illuminance_lx": 4},
            "faults": {"humidity_pct": "crc"}
        })
    );
}

#[tokio::test]
async fn a_range_has_its_first_moment_and_not_its_last() {
    let world = World::new();
    let roof = world.station("roof", "UTC");
    world.fill(roof, "2026-11-20T12:00:00Z", 7);
    let page =
        world.ok(&format!("{ROOF}?from=2026-11-20T12:00:10Z&to=2026-11-20T12:00:30Z&resolution=raw")).await;
    let seqs: Vec<_> = page["items"].as_array().unwrap().iter().map(|item| item["seq"].clone()).collect();
    assert_eq!(seqs, [2, 3]);
}

#[tokio::test]
async fn pages_fit_together_whatever_their_size() {
    let world = World::new();
    let roof = world.station("roof", "UTC");
    // Five readings of one moment, between others, so that time alone cannot say where a page ends.
    world.fill(roof, "2026-11-20T12:00:00Z", 10);
    for seq in 11..=15 {
        world.put(roof, seq, "2026-11-20T12:00:30Z", [good(5.0), None, None, None]);
    }
    let range = "from=2026-11-20T12:00:00Z&to=2026-11-20T13:00:00Z&resolution=raw";
    let whole = world.ok(&format!("{ROOF}?{range}")).await;
    let whole = whole["items"].as_array().unwrap();
    assert_eq!(whole.len(), 15);
    for limit in 1..=16 {
        assert_eq!(world.pages(&format!("{ROOF}?{range}&limit={limit}")).await, *whole, "limit {limit}");
    }
}

#[tokio::test]
async fn pages_of_buckets_fit_together() {
    let world = World::new();
    let roof = world.station("roof", "UTC");
    world.fill(roof, "2026-11-20T12:00:30Z", 60);
    let range = "from=2026-11-20T12:00:30Z&to=2026-11-20T13:00:00Z&resolution=1m";
    let whole = world.ok(&format!("{ROOF}?{range}")).await;
    let whole = whole["items"].as_array().unwrap();
    assert_eq!(whole.len(), 11);
    assert_eq!(whole[0]["count"], 3);
    for limit in [1, 2, 5, 10, 11, 12] {
        assert_eq!(world.pages(&format!("{ROOF}?{range}&limit={limit}")).await, *whole, "limit {limit}");
    }
}

#[tokio::test]
async fn a_cursor_keeps_the_range_and_resolution_it_began_with() {
    let world = World::new();
    let roof = world.station("roof", "UTC");
    world.fill(roof, "2026-11-20T12:00:00Z", 30);
    let first = world.ok(&format!("{ROOF}?from=2026-11-20T12:00:00Z&to=2026-11-20T12:02:00Z&limit=11")).await;
    let next = first["next"].as_str().unwrap();
    let second = world.ok(&format!("{ROOF}?cursor={next}")).await;
    assert_eq!(second["resolution"], "raw");
    assert_eq!(second["items"].as_array().unwrap().len(), 1);
    assert_eq!(second["items"][0]["seq"], 12);
}

#[tokio::test]
async fn buckets_leave_failed_values_out_and_say_so() {
    let world = World::new();
    let roof = world.station("roof", "UTC");
    world.put(roof, 1, "2026-11-20T12:00:00Z", [good(20.0), Some((2000.0, Flag::Fail)), None, good(10.0)]);
    world.put(roof, 2, "2026-11-20T12:00:10Z", [good(20.01), None, None, good(10.1)]);
    world.put(roof, 3, "2026-11-20T12:00:20Z", [Some((99.0, Flag::Fail)), None, None, good(10.1)]);
    world.put(roof, 4, "2026-11-20T12:00:30Z", [Some((20.05, Flag::Suspect)), None, None, None]);
    // A gap of nine minutes has no bucket.
    world.put(roof, 5, "2026-11-20T12:10:00Z", [Some((3.0, Flag::NotEvaluated)), None, None, None]);
    let page =
        world.ok(&format!("{ROOF}?from=2026-11-20T12:00:00Z&to=2026-11-20T13:00:00Z&resolution=1m")).await;
    assert_eq!(
        page,
        json!({"resolution": "1m", "next": null, "items": [
            {
                "start": "2026-11-20T12:00:00.000Z", "count": 4,
                "temperature_c": {"min": 20.0, "mean": 20.02, "max": 20.05, "flag": 4},
                "pressure_hpa": {"flag": 4},
                "illuminance_lx": {"min": 10.0, "mean": 10.1, "max": 10.1, "flag": 1},
            },
            {
                "start": "2026-11-20T12:10:00.000Z", "count": 1,
                "temperature_c": {"min": 3.0, "mean": 3.0, "max": 3.0, "flag": 2},
            },
        ]})
    );
}

#[tokio::test]
async fn days_are_those_of_the_station() {
    let world = World::new();
    let roof = world.station("roof", "America/Denver");
    // The first and last reading of each of: a day of 24 hours, one of 23 (spring), one of 24.
    for (seq, at) in [
        "2026-03-07T07:00:00Z",
        "2026-03-08T06:59:50Z",
        "2026-03-08T07:00:00Z",
        "2026-03-09T05:59:50Z",
        "2026-03-09T06:00:00Z",
        "2026-03-10T05:59:50Z",
    ]
    .iter()
    .enumerate()
    {
        world.put(roof, seq as u64 + 1, at, [good(1.0), None, None, None]);
    }
    let page =
        world.ok(&format!("{ROOF}?from=2026-03-01T00:00:00Z&to=2026-04-01T00:00:00Z&resolution=1d")).await;
    let days: Vec<_> = page["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|day| (day["start"].as_str().unwrap(), day["count"].as_u64().unwrap()))
        .collect();
    assert_eq!(
        days,
        [("2026-03-07T07:00:00.000Z", 2), ("2026-03-08T07:00:00.000Z", 2), ("2026-03-09T06:00:00.000Z", 2)]
    );
}

#[tokio::test]
async fn auto_takes_what_a_chart_can_show() {
    let world = World::new();
    world.station("roof", "UTC");
    for (to, resolution) in [
        ("2026-01-01T04:00:00Z", "raw"),
        ("2026-01-01T04:00:01Z", "1m"),
        ("2026-01-02T12:00:00Z", "1m"),
        ("2026-01-10T00:00:00Z", "10m"),
        ("2026-03-01T00:00:00Z", "1h"),
        ("2030-01-01T00:00:00Z", "1d"),
    ] {
        let page = world.ok(&format!("{ROOF}?from=2026-01-01T00:00:00Z&to={to}")).await;
        assert_eq!(page["resolution"], resolution, "{to}");
    }
    // Without anything it is the last 24 hours.
    assert_eq!(world.ok(ROOF).await["resolution"], "1m");
}

#[tokio::test]
async fn an_offset_is_a_time_too() {
    let world = World::new();
    let roof = world.station("roof", "UTC");
    world.fill(roof, "2026-11-20T12:00:00Z", 1);
    let page = world
        .ok(&format!("{ROOF}?from=2026-11-20T05:00:00-07:00&to=2026-11-20T13:00:01%2B01:00&resolution=raw"))
        .await;
    assert_eq!(page["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn csv_has_the_same_readings() {
    let world = World::new();
    let roof = world.station("roof", "UTC");
    world.put(roof, 1, "2026-11-20T12:00:00Z", [good(21.43), None, good(48.7), good(0.0)]);
    world.sql("UPDATE readings SET faults = 1 << 4");
    let range = "from=2026-11-20T12:00:00Z&to=2026-11-20T13:00:00Z";
    let answer = world.accept(&format!("{ROOF}?{range}&resolution=raw"), "text/csv").await;
    assert_eq!(answer.header(header::CONTENT_TYPE), "text/csv; charset=utf-8; header=present");
    assert_eq!(answer.header(header::VARY), "accept");
    assert_eq!(
        answer.body,
        "row,station,stream,seq,observed_at,received_at,clock,samples,\
         temperature_c,pressure_hpa,humidity_pct,illuminance_lx,\
         temperature_c_flag,pressure_hpa_flag,humidity_pct_flag,illuminance_lx_flag,\
         temperature_c_fault,pressure_hpa_fault,humidity_pct_fault,illuminance_lx_fault,\
         dew_point_c,sea_level_pressure_hpa,heat_index_c,humidex_c,wet_bulb_c,feels_like_c,\
         dew_point_c_flag,sea_level_pressure_hpa_flag,heat_index_c_flag,humidex_c_flag,wet_bulb_c_flag,feels_like_c_flag\r\n\
         1,roof,9f2c41d07a3be658,1,2026-11-20T12:00:00.000Z,2026-11-20T12:00:00.120Z,synchronised,10,\
         21.43,,48.7,0,1,9,1,1,,bus,,,10.18,,,22.79,,21.52,1,,,1,,1\r\n"
    );
    let answer = world.accept(&format!("{ROOF}?{range}&resolution=1h"), "text/csv").await;
    assert_eq!(
        answer.body,
        "start,count,temperature_c_min,temperature_c_mean,temperature_c_max,temperature_c_flag,\
         pressure_hpa_min,pressure_hpa_mean,pressure_hpa_max,pressure_hpa_flag,\
         humidity_pct_min,humidity_pct_mean,humidity_pct_max,humidity_pct_flag,\
         illuminance_lx_min,illuminance_lx_mean,illuminance_lx_max,illuminance_lx_flag\r\n\
         2026-11-20T12:00:00.000Z,1,21.43,21.43,21.43,1,,,,,48.7,48.7,48.7,1,0,0,0,1\r\n"
    );
}

#[tokio::test]
async fn csv_pages_go_on_by_link() {
    let world = World::new();
    let roof = world.station("roof", "UTC");
    world.fill(roof, "2026-11-20T12:00:00Z", 5);
    let mut address =
        format!("{ROOF}?from=2026-11-20T12:00:00Z&to=2026-11-20T13:00:00Z&resolution=raw&limit=2");
    let mut rows = Vec::new();
    loop {
        let answer = world.accept(&address, "text/csv").await;
        rows.extend(answer.body.lines().skip(1).map(|line| line.split(',').next().unwrap().to_owned()));
        let link = answer.header(header::LINK);
        match link.strip_prefix('<').and_then(|link| link.strip_suffix(">; rel=\"next\"")) {
            Some(next) => address = format!("{ROOF}{next}"),
            None => break,
        }
    }
    assert_eq!(rows, ["1", "2", "3", "4", "5"]);
}

#[tokio::test]
async fn what_is_not_offered_is_not_acceptable() {
    let world = World::new();
    world.station("roof", "UTC");
    let answer = world.accept(ROOF, "image/png").await;
    assert_eq!(answer.status, StatusCode::NOT_ACCEPTABLE);
    assert!(answer.body.contains("text/csv"), "{}", answer.body);
}

#[tokio::test]
async fn a_station_that_only_has_a_name_has_no_readings() {
    let world = World::new();
    world.directory.change(&"new".parse().unwrap(), |_| ());
    for resolution in ["raw", "1m", "1d"] {
        let page = world.ok(&format!("/api/v1/stations/new/readings?resolution={resolution}")).await;
        assert_eq!(page, json!({"resolution": resolution, "items": [], "next": null}));
    }
}
