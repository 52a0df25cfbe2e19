//! The store opens with any SQLite tool, and its `observations` say what the API says.

use minuano_tests::payload::{batch, reading_with};
use minuano_tests::station::QUICK;
use minuano_tests::{Gateway, SOON, Settings, Station, Wire, eventually};
use rusqlite::types::Value as Sql;
use serde_json::{Map, Value, json};

const COLUMNS: [&str; 16] = [
    "row",
    "station",
    "stream",
    "seq",
    "observed_at",
    "received_at",
    "clock",
    "samples",
    "temperature_c",
    "pressure_hpa",
    "humidity_pct",
    "illuminance_lx",
    "temperature_c_flag",
    "pressure_hpa_flag",
    "humidity_pct_flag",
    "illuminance_lx_flag",
];

#[test]
fn observations_agree_with_the_api_while_the_gateway_runs() {
    let gateway = Gateway::start(&Settings::default());
    let mut station = Station::start("roof", gateway.mqtt_port, QUICK);
    let wire = Wire::connect(gateway.mqtt_port);
    let mut without = reading_with(1, "temperature_c", 1e12);
    without.as_object_mut().unwrap().remove("humidity_pct");
    wire.say("minuano/v1/odd/telemetry", batch("9f2c41d07a3be658", 0, 1, &[without]));
    eventually("readings", SOON, || {
        (gateway.stored("roof") >= 20 && gateway.stored("odd") == 1).then_some(())
    });
    assert_eq!(station.stop(), Some(0));

    for name in ["roof", "odd"] {
        let api: Vec<Value> = gateway.readings(name).iter().map(flat).collect();
        assert_eq!(observations(&gateway, name), api);
    }
    buckets_agree(&gateway);
    let roof = gateway.readings("roof");
    assert!(roof[0]["temperature_c"].is_f64() && roof[0]["illuminance_lx"].is_number(), "{}", roof[0]);
}

/// What the API folds is what SQL folds.
fn buckets_agree(gateway: &Gateway) {
    let range = "from=2020-01-01T00:00:00Z&to=2029-12-01T00:00:00Z";
    let page = gateway.get(&format!("/stations/roof/readings?resolution=1d&{range}"));
    let store = gateway.store();
    // The station's days begin at midnight in Denver; the readings are of one moment.
    let sql = "SELECT count(*), min(temperature_c), avg(temperature_c), max(temperature_c), max(pressure_hpa) \
               FROM observations WHERE station = 'roof' AND observed_at >= ?1 AND observed_at < ?2";
    let items = page["items"].as_array().unwrap();
    assert!(!items.is_empty());
    let starts = items.iter().map(|item| item["start"].as_str().unwrap()).chain(["2029-12-01T00:00:00.000Z"]);
    let starts: Vec<&str> = starts.collect();
    for (item, pair) in items.iter().zip(starts.windows(2)) {
        let (count, min, mean, max, pressure): (u64, f64, f64, f64, f64) = store
            .query_row(sql, [pair[0], pair[1]], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?))
            })
            .unwrap();
        let temperature = &item["temperature_c"];
        assert_eq!(item["count"], count, "{item}");
        assert_eq!((&temperature["min"], &temperature["max"]), (&json!(min), &json!(max)), "{item}");
        assert!((temperature["mean"].as_f64().unwrap() - mean).abs() < 0.01, "{item} and {mean}");
        assert_eq!(item["pressure_hpa"]["max"], pressure, "{item}");
    }
}

/// Plain SQL, as a person would type it.
fn observations(gateway: &Gateway, station: &str) -> Vec<Value> {
    let store = gateway.store();
    let mut query =
        store.prepare("SELECT * FROM observations WHERE station = ?1 ORDER BY observed_at, row").unwrap();
    assert!(query.column_names().eq(COLUMNS));
    query
        .query_map([station], |row| {
            let cell = |(index, name): (usize, &&str)| Ok(((*name).to_owned(), json_of(row.get(index)?)));
            COLUMNS.iter().enumerate().map(cell).collect::<rusqlite::Result<Map<String, Value>>>()
        })
        .unwrap()
        .map(|row| Value::Object(row.unwrap()))
        .collect()
}

fn json_of(value: Sql) -> Value {
    match value {
        Sql::Null => Value::Null,
        Sql::Integer(number) => json!(number),
        Sql::Real(number) => json!(number),
        Sql::Text(text) => json!(text),
        Sql::Blob(_) => panic!("no column is a blob"),
    }
}

/// An API reading with the view's columns.
fn flat(reading: &Value) -> Value {
    let cell = |name: &&str| {
        let value = match name.strip_suffix("_flag") {
            Some(quantity) => reading["flags"][quantity].clone(),
            None => reading.get(*name).cloned().unwrap_or(Value::Null),
        };
        ((*name).to_owned(), value)
    };
    Value::Object(COLUMNS.iter().map(cell).collect())
}
