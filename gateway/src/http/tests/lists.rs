use minuano_telemetry::{Flag, Millis};
use serde_json::{Value, json};

use super::{World, millis};

fn ids(items: &[Value]) -> Vec<i64> {
    items.iter().map(|item| item["id"].as_i64().unwrap()).collect()
}

#[tokio::test]
async fn anomalies_are_those_that_overlap_newest_first() {
    let world = World::new();
    let roof = world.station("roof", "UTC");
    let shed = world.station("shed", "UTC");
    let golden = include_str!("../../../../telemetry/tests/golden/anomaly.json");
    let golden: minuano_telemetry::Anomaly = serde_json::from_str(golden).unwrap();
    let put = |id: i64, station: i64, from: &str, to: &str, state: &str| {
        let sql = "INSERT INTO anomalies VALUES (?1, ?2, 'temperature_c', 'range', ?3, ?4, 4, ?5, ?6, ?7)";
        let facts = serde_json::to_string(&golden.facts).unwrap();
        let values =
            (id, station, millis(from).get(), millis(to).get(), state, golden.evidence.as_str(), facts);
        world.store.writer().unwrap().execute(sql, values).unwrap();
    };
    put(7, roof.station, "2026-11-20T12:00:00Z", "2026-11-20T12:01:00Z", "open");
    put(3, roof.station, "2026-11-20T09:00:00Z", "2026-11-20T10:00:00Z", "closed");
    put(8, shed.station, "2026-11-20T11:00:00Z", "2026-11-20T11:00:00Z", "closed");
    let all = world.ok("/api/v1/anomalies").await;
    assert_eq!(ids(all["items"].as_array().unwrap()), [7, 8, 3]);
    // The form is that of MQTT, key by key.
    assert_eq!(all["items"][0], serde_json::to_value(&golden).unwrap());
    for (query, expected) in [
        ("station=roof", vec![7, 3]),
        ("state=open", vec![7]),
        ("state=closed&station=roof", vec![3]),
        ("from=2026-11-20T10:00:00Z&to=2026-11-20T12:00:00Z", vec![8, 3]),
        ("from=2026-11-20T10:00:01Z&to=2026-11-20T12:00:01Z", vec![7, 8]),
        ("from=2026-11-21T00:00:00Z", vec![]),
    ] {
        for limit in [1, 2, 10] {
            let items = world.pages(&format!("/api/v1/anomalies?{query}&limit={limit}")).await;
            assert_eq!(ids(&items), expected, "{query}");
        }
    }
}

#[tokio::test]
async fn losses_are_numbered_readings_and_gaps_in_time() {
    let world = World::new();
    let first = world.station("roof", "UTC");
    let at = |text: &str| millis(text).get();
    // The first run lost power; the second closed its stream; the third runs.
    let second = world.run(first.station, "00000000000000b2", "2026-11-20T06:00:00Z");
    world.run(first.station, "00000000000000c3", "2026-11-20T12:00:00Z");
    world.sql(&format!(
        "UPDATE streams SET ended = 1, last_at = {} WHERE id = {};
         UPDATE streams SET last = 90, last_at = {} WHERE id = {};
         INSERT INTO ranges VALUES ({f}, 'overflow', 11, 20), ({f}, 'ended', 31, 31), ({f}, 'stored', 1, 10),
             ({f}, 'elsewhere', 21, 30), ({s}, 'stored', 1, 89), ({s}, 'overflow', 90, 90);",
        at("2026-11-20T05:00:00Z"),
        first.stream,
        at("2026-11-20T11:59:00Z"),
        second.stream,
        f = first.stream,
        s = second.stream,
    ));
    let readings = |from: u64, to: u64, count: u64, reason: &str| json!({"station": "roof", "stream": "9f2c41d07a3be658", "from": from, "to": to, "count": count, "reason": reason});
    let power = json!({"station": "roof", "from_time": "2026-11-20T05:00:00.000Z", "to_time": "2026-11-20T06:00:00.000Z", "reason": "power"});
    let third = json!({"station": "roof", "stream": "00000000000000b2", "from": 90, "to": 90, "count": 1, "reason": "overflow"});
    let expected =
        vec![readings(11, 20, 10, "overflow"), readings(31, 31, 1, "ended"), third.clone(), power.clone()];
    // The closed run's last reading is still on its way, so its gap is not known yet.
    assert_eq!(world.ok("/api/v1/losses").await, json!({"items": expected, "next": null}));
    world.sql(&format!(
        "DELETE FROM ranges WHERE stream = {s} AND kind = 'overflow';
         UPDATE ranges SET last = 90 WHERE stream = {s}",
        s = second.stream
    ));
    let ended = json!({"station": "roof", "from_time": "2026-11-20T11:59:00.000Z", "to_time": "2026-11-20T12:00:00.000Z", "reason": "ended"});
    let expected =
        vec![readings(11, 20, 10, "overflow"), readings(31, 31, 1, "ended"), power.clone(), ended.clone()];
    for limit in 1..=5 {
        let items = world.pages(&format!("/api/v1/losses?station=roof&limit={limit}")).await;
        assert_eq!(items, expected, "limit {limit}");
    }
    let items = world.pages("/api/v1/losses?from=2026-11-20T06:00:00Z&limit=9").await;
    assert_eq!(items, [ended]);
    let items = world.pages("/api/v1/losses?from=2026-11-20T05:30:00Z&to=2026-11-20T05:31:00Z&limit=9").await;
    assert_eq!(items, [power]);
}

#[tokio::test]
async fn the_lake_shows_batches_and_how_far_it_is_behind() {
    let world = World::new();
    let roof = world.station("roof", "UTC");
    let old = Millis::new(crate::http::now().get() - 3_600_000).unwrap().to_string();
    for seq in 1..=4 {
        world.put(roof, seq, &old, [Some((1.0, Flag::Good)), None, None, None]);
    }
    world.sql(
        "INSERT INTO lake_batches VALUES (1, 2, 1000, '[]', 2000, 0, NULL), (3, 3, 3000, '[]', NULL, 2, 'slow');
         UPDATE settlement SET through = 4;
         INSERT INTO lake_files (key, first_row, hour, rows, bytes, sha256) VALUES
             ('readings/a.parquet', 1, 0, 1, 100, 'aa'), ('readings/b.parquet', 1, 3600000, 1, 101, 'bb'),
             ('readings/c.parquet', 3, 0, 1, NULL, NULL)",
    );
    let lake = world.ok("/api/v1/lake").await;
    assert_eq!(lake["url"], "file:///lake");
    assert_eq!(lake["gateway"], "home");
    assert_eq!((&lake["batches_done"], &lake["batches_planned"]), (&json!(1), &json!(1)));
    assert_eq!((&lake["files"], &lake["rows"], &lake["bytes"]), (&json!(2), &json!(2), &json!(201)));
    assert_eq!(lake["anomalies"], json!({"files": 0, "rows": 0, "bytes": 0, "waiting": 0}));
    let lag = lake["lag_seconds"].as_f64().unwrap();
    assert!((3_590.0..3_700.0).contains(&lag), "{lag}");
    assert_eq!(
        lake["items"],
        json!([
            {
                "first_row": 3, "last_row": 3, "state": "planned", "planned_at": "1970-01-01T00:00:03.000Z",
                "done_at": null, "rows": 1, "bytes": 0, "retries": 2, "error": "slow",
                "files": [{"key": "readings/c.parquet", "hour": "1970-01-01T00:00:00.000Z", "rows": 1, "bytes": null}]
            },
            {
                "first_row": 1, "last_row": 2, "state": "done", "planned_at": "1970-01-01T00:00:01.000Z",
                "done_at": "1970-01-01T00:00:02.000Z", "rows": 2, "bytes": 201, "retries": 0, "error": null,
                "files": [
                    {"key": "readings/a.parquet", "hour": "1970-01-01T00:00:00.000Z", "rows": 1, "bytes": 100},
                    {"key": "readings/b.parquet", "hour": "1970-01-01T01:00:00.000Z", "rows": 1, "bytes": 101}
                ]
            }
        ])
    );
    assert_eq!(world.pages("/api/v1/lake?limit=1").await, *lake["items"].as_array().unwrap());
}
