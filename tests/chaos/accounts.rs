//! What must be so at the end.

use std::collections::BTreeMap;
use std::fmt;

use minuano_tests::{Bucket, Gateway, python, s3};
use rusqlite::Connection;
use serde_json::{Value, json};

use crate::stations::Truth;

const QUANTITIES: [(&str, &str, f64); 4] = [
    ("temperature_c", "temperature", 100.0),
    ("pressure_hpa", "pressure", 100.0),
    ("humidity_pct", "humidity", 100.0),
    ("illuminance_lx", "illuminance", 10.0),
];
const WIDTHS: [(&str, i64); 3] = [("1m", 60_000), ("10m", 600_000), ("1h", 3_600_000)];

/// What was counted.
pub struct Account {
    measured: u64,
    stored: u64,
    lake: u64,
    duplicates: u64,
    buckets: usize,
}

impl fmt::Display for Account {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { measured, stored, lake, duplicates, buckets } = self;
        write!(
            formatter,
            "{measured} measured, {stored} stored, 0 lost, {lake} in the lake, once each; {duplicates} came again \
             and were dropped; {buckets} buckets as recounted"
        )
    }
}

/// measured = stored + lost, lost = 0, the lake has what the store has, once, and the rollups are right.
pub fn check(truth: &[Truth], gateway: &Gateway, bucket: &Bucket) -> Account {
    let store = gateway.store();
    let by_stream = stored_by_stream(&store);
    assert_eq!(by_stream.len(), truth.len(), "streams");
    let (mut measured, mut stored) = (0, 0);
    for Truth { station, stream, measured: of } in truth {
        let found = by_stream.get(&(station.to_string(), stream.to_string()));
        assert_eq!(found, Some(&[*of; 3]), "{station}: readings, different seqs, highest seq");
        measured += of;
        stored += found.map_or(0, |found| found[0]);
    }
    assert_eq!(gateway.get("/losses?limit=10")["items"], json!([]), "losses");
    let unaccounted: u64 =
        store.query_row("SELECT count(*) FROM ranges WHERE kind <> 'stored'", [], |row| row.get(0)).unwrap();
    assert_eq!(unaccounted, 0, "ranges that are not stored");

    let flushed = gateway.command_json(&["lake", "flush", "--json"]);
    assert_eq!(flushed["lake_rows"], stored, "{flushed}");
    let report = gateway.command_json(&["lake", "verify", "--json"]);
    for (key, wanted) in [("rows", stored), ("duplicates", 0), ("gaps", 0), ("waiting", 0), ("problems", 0)] {
        assert_eq!(report[key], wanted, "{key} in {report}");
    }
    assert_eq!(
        read_over_s3(bucket),
        json!({ "rows": stored, "identities": stored }),
        "the lake, read over S3"
    );
    let lake = report["rows"].as_u64().unwrap();
    let buckets = truth.iter().map(|of| recount(&store, gateway, of.station.as_str())).sum();
    let duplicates = store.query_row("SELECT sum(duplicates) FROM streams", [], |row| row.get(0)).unwrap();
    Account { measured, stored, lake, duplicates, buckets }
}

fn stored_by_stream(store: &Connection) -> BTreeMap<(String, String), [u64; 3]> {
    store
        .prepare(
            "SELECT station, stream, count(*), count(DISTINCT seq), max(seq) FROM observations \
             GROUP BY station, stream",
        )
        .unwrap()
        .query_map([], |row| Ok(((row.get(0)?, row.get(1)?), [row.get(2)?, row.get(3)?, row.get(4)?])))
        .unwrap()
        .map(Result::unwrap)
        .collect()
}

/// By a client that shares nothing with the gateway, where Python is there.
fn read_over_s3(bucket: &Bucket) -> Value {
    let endpoint = bucket.endpoint.strip_prefix("http://").unwrap();
    let prefix = format!("{}/lake/readings", s3::NAME);
    python::run("read_s3.py", &[endpoint, s3::ACCESS_KEY_ID, s3::SECRET_ACCESS_KEY, &prefix])
}

/// Every bucket that the gateway gives for a station, beside what SQL counts over its readings.
fn recount(store: &Connection, gateway: &Gateway, station: &str) -> usize {
    let (from, to): (String, String) = store
        .query_row(
            "SELECT strftime('%Y-%m-%dT%H:00:00Z', min(observed_at)), \
             strftime('%Y-%m-%dT%H:00:00Z', max(observed_at), '+1 hour') FROM observations WHERE station = ?1",
            [station],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .unwrap();
    let mut counted = 0;
    for (resolution, width) in WIDTHS {
        let path =
            format!("/stations/{station}/readings?from={from}&to={to}&resolution={resolution}&limit=10000");
        let given = gateway.get(&path);
        let given = given["items"].as_array().unwrap();
        let wanted = buckets(store, station, width);
        assert_eq!(given.len(), wanted.len(), "{path}");
        for (given, wanted) in given.iter().zip(&wanted) {
            assert!(is_same(given, wanted), "{path}: given {given}, recounted {wanted}");
        }
        counted += wanted.len();
    }
    counted
}

/// In SQL alone, in whole steps, over the raw readings.
fn buckets(store: &Connection, station: &str, width: i64) -> Vec<Value> {
    let columns: Vec<String> = QUANTITIES
        .iter()
        .map(|(_, column, _)| {
            let valid = format!("typeof({column}) = 'integer' AND {column}_flag <> 4");
            format!(
                "count({column}), min({column}) FILTER (WHERE {valid}), avg({column}) FILTER (WHERE {valid}), \
                 max({column}) FILTER (WHERE {valid}), \
                 max({column}_flag) FILTER (WHERE {column}_flag <> 9)"
            )
        })
        .collect();
    let sql = format!(
        "SELECT observed_at / {width} * {width}, count(*), {} FROM readings \
         WHERE station = (SELECT id FROM stations WHERE name = ?1) GROUP BY 1 ORDER BY 1",
        columns.join(", ")
    );
    let mut statement = store.prepare(&sql).unwrap();
    let rows = statement.query_map([station], |row| {
        let start = minuano_tests::payload::time(row.get::<_, u64>(0)?);
        let mut bucket = json!({ "start": start, "count": row.get::<_, u64>(1)? });
        for (index, (key, _, steps)) in QUANTITIES.iter().enumerate() {
            let first = 2 + index * 5;
            if row.get::<_, u64>(first)? == 0 {
                continue;
            }
            let mut summary = json!({ "flag": row.get::<_, u64>(first + 4)? });
            for (place, word) in ["min", "mean", "max"].into_iter().enumerate() {
                if let Some(value) = row.get::<_, Option<f64>>(first + 1 + place)? {
                    summary[word] = json!(value / steps);
                }
            }
            bucket[*key] = summary;
        }
        Ok(bucket)
    });
    rows.unwrap().map(Result::unwrap).collect()
}

/// Everything to the digit, but a mean to half a step, to which the gateway rounds it.
fn is_same(given: &Value, wanted: &Value) -> bool {
    let [mut given, mut wanted] = [given.clone(), wanted.clone()];
    for (key, _, steps) in QUANTITIES {
        let [from_given, recounted] = [&mut given, &mut wanted].map(|bucket| {
            let summary = bucket.get_mut(key).and_then(Value::as_object_mut);
            summary.and_then(|summary| summary.remove("mean")).and_then(|mean| mean.as_f64())
        });
        let is_near = match (from_given, recounted) {
            (Some(given), Some(recounted)) => (given - recounted).abs() <= 0.5 / steps + 1e-9,
            (given, recounted) => given == recounted,
        };
        if !is_near {
            return false;
        }
    }
    given == wanted
}
