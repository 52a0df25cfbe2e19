//! The Parquet files as pyarrow and DuckDB see them.

use std::path::Path;

use minuano_tests::payload::{batch, now_ms, reading_with, time};
use minuano_tests::{Gateway, SOON, Settings, Station, Wire, eventually, python};
use serde_json::{Value, json};

/// Name, pyarrow's type, DuckDB's type, nullable.
const COLUMNS: [(&str, &str, &str, bool); 14] = [
    ("station", "string", "VARCHAR", false),
    ("stream", "string", "VARCHAR", false),
    ("clock", "string", "VARCHAR", false),
    ("seq", "int64", "BIGINT", false),
    ("observed_at", "timestamp[ms, tz=UTC]", "TIMESTAMP WITH TIME ZONE", false),
    ("received_at", "timestamp[ms, tz=UTC]", "TIMESTAMP WITH TIME ZONE", false),
    ("temperature_c", "double", "DOUBLE", true),
    ("pressure_hpa", "double", "DOUBLE", true),
    ("humidity_pct", "double", "DOUBLE", true),
    ("illuminance_lx", "double", "DOUBLE", true),
    ("temperature_c_flag", "uint8", "UTINYINT", false),
    ("pressure_hpa_flag", "uint8", "UTINYINT", false),
    ("humidity_pct_flag", "uint8", "UTINYINT", false),
    ("illuminance_lx_flag", "uint8", "UTINYINT", false),
];
const HOUR: u64 = 3_600_000;
const BUS: &str =
    "[bus]\nkind = \"emulated\"\nhistory = \"3h\"\n[sampling]\ninterval = \"2s\"\nreport = \"10s\"\n";

#[test]
fn the_files_open_in_pyarrow_and_duckdb_with_the_columns_of_the_contract() {
    let folder = tempfile::tempdir().unwrap();
    let lake = format!("[lake]\nurl = \"file://{}\"\n", folder.path().display());
    let gateway = Gateway::start(&Settings { lake, ..Settings::default() });
    let mut stations = ["shed", "roof"].map(|name| Station::start(name, gateway.mqtt_port, BUS));
    let wire = Wire::connect(gateway.mqtt_port);
    let mut without = reading_with(1, "temperature_c", 999.0);
    without.as_object_mut().unwrap().remove("humidity_pct");
    wire.say("minuano/v1/odd/telemetry", batch("9f2c41d07a3be658", 0, 1, &[without]));
    for name in ["shed", "roof"] {
        eventually(name, SOON, || (gateway.stored(name) >= 1_080).then_some(()));
    }
    for station in &mut stations {
        assert_eq!(station.stop(), Some(0));
    }
    eventually("the odd reading", SOON, || (gateway.stored("odd") == 1).then_some(()));
    gateway.command_json(&["lake", "flush", "--json"]);

    let told = python::run("read_files.py", &[folder.path().to_str().unwrap()]);
    let files = told["files"].as_array().unwrap();
    assert!(files.len() >= 3, "one for each hour: {}", told["files"]);
    files.iter().for_each(is_of_the_contract);
    has_what_the_store_has(&gateway, &told);
    assert_eq!(told["nulls"]["humidity_pct"], 1, "{}", told["nulls"]);
    assert_eq!(told["nulls"]["temperature_c"], 0);

    // What another hand changes is found.
    let path = folder.path().join(files[0]["path"].as_str().unwrap());
    let mut bytes = std::fs::read(&path).unwrap();
    let middle = bytes.len() / 3;
    bytes[middle] ^= 1;
    replace(&path, &bytes);
    let called = gateway.command(&["lake", "verify", "--json"]);
    assert_eq!(called.code, Some(1), "{called:?}");
    let report: Value = serde_json::from_str(&called.stdout).unwrap();
    assert_eq!((&report["ok"], &report["problems"]), (&json!(false), &json!(1)), "{report}");
}

#[test]
fn duckdb_leaves_out_row_groups_and_files_that_cannot_have_what_is_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let lake = format!("[lake]\nurl = \"file://{}\"\n", folder.path().display());
    let gateway = Gateway::start(&Settings { lake, ..Settings::default() });
    let wire = Wire::connect(gateway.mqtt_port);
    // An hour of 70,400 readings is a file of two row groups; the second has one station alone, and the cold.
    let hour = (now_ms() - 5 * HOUR) / HOUR * HOUR;
    let message = |first: u64, at: u64, value: f64| {
        let reading = |seq: u64| {
            let mut reading = reading_with(seq, "at", time(at + (seq - 1) * 50));
            reading["temperature_c"] = value.into();
            reading
        };
        batch("9f2c41d07a3be658", 0, 1, &(first..first + 64).map(reading).collect::<Vec<_>>())
    };
    for (station, messages, value) in [("attic", 1_000, 20.0), ("barn", 24, 20.0), ("cold", 76, -30.0)] {
        let topic = format!("minuano/v1/{station}/backlog");
        wire.flood(&topic, (0..messages).map(|n| message(n * 64 + 1, hour, value)));
    }
    // And one reading of another hour.
    wire.say("minuano/v1/late/backlog", message(1, hour + HOUR, 20.0));
    for (station, readings) in [("attic", 64_000), ("barn", 1_536), ("cold", 4_864), ("late", 64)] {
        eventually(station, SOON * 2, || (gateway.stored(station) == readings).then_some(()));
    }
    gateway.command_json(&["lake", "flush", "--json"]);
    let told = python::run("row_groups.py", &[folder.path().to_str().unwrap()]);
    assert_eq!(
        told,
        json!({
            "true": [3, 3],
            "station = 'attic'": [1, 3],
            "station = 'cold'": [1, 3],
            "station = 'nobody'": [0, 3],
            // A file of few rows has no bounds of values, so it is read; of the large one the group without the cold is not.
            "temperature_c < -20": [2, 3],
            "the last hour": [1, 3],
        })
    );
}

fn is_of_the_contract(file: &Value) {
    let columns: Vec<Value> =
        COLUMNS.iter().map(|(name, pyarrow, _, nullable)| json!([name, pyarrow, nullable])).collect();
    assert_eq!(file["columns"], json!(columns), "{file}");
    assert_eq!(file["sorted"], true, "by station, then time: {file}");
    assert_eq!(file["within_hour"], true, "{file}");
    assert_eq!(file["compression"], json!(["ZSTD"]), "{file}");
    // readings/date=2026-11-20/hour=12/<gateway>-<store>-<first row>-<last row>.parquet
    let path = file["path"].as_str().unwrap();
    let [folder, date, hour, name] = path.split('/').collect::<Vec<_>>()[..] else { panic!("{path}") };
    assert!(folder == "readings" && date.starts_with("date=20") && hour.starts_with("hour="), "{path}");
    assert!(name.starts_with("tests-") && name.ends_with(".parquet"), "{path}");

    let metadata = file["metadata"].as_object().unwrap();
    let values: String = metadata.values().map(|value| format!("{} ", value.as_str().unwrap())).collect();
    for word in ["air_temperature", "surface_air_pressure", "relative_humidity", "hPa", "lx"] {
        assert!(values.contains(word), "{word} in {metadata:?}");
    }
    assert!(metadata.keys().any(|key| key.contains("schema")), "a schema version in {metadata:?}");
    let is_hash = |value: &Value| value.as_str().is_some_and(|text| text.len() == 64);
    assert!(metadata.values().any(is_hash), "a hash of the rows in {metadata:?}");
}

fn has_what_the_store_has(gateway: &Gateway, told: &Value) {
    let sums = "SELECT count(*), sum(temperature_c), sum(seq), sum(temperature_c_flag) FROM observations";
    let (rows, temperature, seq, flags): (u64, f64, f64, f64) = gateway
        .store()
        .query_row(sums, [], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get::<_, i64>(2)? as f64, row.get::<_, i64>(3)? as f64))
        })
        .unwrap();
    let observed: i64 =
        gateway.store().query_row("SELECT sum(observed_at) FROM readings", [], |row| row.get(0)).unwrap();
    let duckdb = &told["duckdb"];
    assert_eq!(
        (&told["rows"], &duckdb["rows"], &duckdb["identities"]),
        (&json!(rows), &json!(rows), &json!(rows))
    );
    let columns: Vec<Value> = COLUMNS.iter().map(|(name, _, duckdb, _)| json!([name, duckdb])).collect();
    assert_eq!(duckdb["columns"], json!(columns));
    let sum = |index: usize| duckdb["sums"][index].as_f64().unwrap();
    assert!((sum(0) - temperature).abs() < 0.01, "{} and {temperature}", sum(0));
    assert_eq!((sum(1), sum(2), sum(3)), (seq, observed as f64, flags));
}

fn replace(path: &Path, bytes: &[u8]) {
    std::fs::remove_file(path).unwrap();
    std::fs::write(path, bytes).unwrap();
}
