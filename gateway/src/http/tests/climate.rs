use axum::http::StatusCode;
use minuano_telemetry::Flag;
use serde_json::{Value, json};

use super::{World, millis};
use crate::directory::Presence;
use crate::store::health;
use crate::store::row::Owner;

const ROOF: &str = "/api/v1/stations/roof";

/// Denver is 7 hours behind UTC then: its 20th begins at 07:00Z.
fn days(world: &World) -> Owner {
    let roof = world.station("roof", "America/Denver");
    let good = |value: f64| Some((value, Flag::Good));
    let put = |seq, at, temperature, pressure| {
        world.put(roof, seq, at, [temperature, pressure, None, None]);
    };
    put(1, "2025-11-20T06:59:59Z", good(25.0), good(1000.0));
    put(2, "2025-11-20T07:00:00Z", good(-5.0), good(1001.0));
    put(3, "2025-11-20T20:00:00Z", good(5.0), good(1006.5));
    put(4, "2025-11-20T21:00:00Z", Some((60.0, Flag::Fail)), None);
    put(5, "2025-11-21T12:00:00Z", good(10.0), None);
    put(6, "2025-12-01T12:00:00Z", good(22.5), None);
    put(7, "2024-11-20T12:00:00Z", good(2.0), None);
    roof
}

#[tokio::test]
async fn a_day_has_its_extremes_with_their_times_and_its_hours() {
    let world = World::new();
    days(&world);
    let day = world.ok(&format!("{ROOF}/summary?period=day&date=2025-11-20")).await;
    assert_eq!(
        (&day["from"], &day["to"]),
        (&json!("2025-11-20T07:00:00.000Z"), &json!("2025-11-21T07:00:00.000Z"))
    );
    assert_eq!(
        (&day["date"], &day["zone"], &day["count"]),
        (&json!("2025-11-20"), &json!("America/Denver"), &json!(3))
    );
    assert_eq!(
        day["quantities"],
        json!({
            "temperature_c": {"min": -5.0, "min_at": "2025-11-20T07:00:00.000Z",
                              "max": 5.0, "max_at": "2025-11-20T20:00:00.000Z", "mean": 0.0},
            "pressure_hpa": {"min": 1001.0, "min_at": "2025-11-20T07:00:00.000Z",
                             "max": 1006.5, "max_at": "2025-11-20T20:00:00.000Z", "mean": 1003.75},
        })
    );
    assert_eq!(
        day["degree_days"],
        json!({"heating": 18.0, "cooling": 0.0, "growing": 0.0,
               "heating_base_c": 18.0, "cooling_base_c": 18.0, "growing_base_c": 10.0, "days": 1})
    );
    let hours: Vec<&Value> = day["parts"].as_array().unwrap().iter().map(|hour| &hour["start"]).collect();
    assert_eq!(hours, ["2025-11-20T07:00:00.000Z", "2025-11-20T20:00:00.000Z", "2025-11-20T21:00:00.000Z"]);
    assert_eq!(day["parts"][0]["degree_days"], Value::Null);
}

#[tokio::test]
async fn months_and_years_add_their_days_up() {
    let world = World::new();
    days(&world);
    let bases = "heating_base_c=15.5&cooling_base_c=20&growing_base_c=5";
    let month = world.ok(&format!("{ROOF}/summary?period=month&date=2025-11-30&{bases}")).await;
    assert_eq!((&month["date"], &month["from"]), (&json!("2025-11-01"), &json!("2025-11-01T06:00:00.000Z")));
    let of_days: Vec<_> =
        month["parts"].as_array().unwrap().iter().map(|day| (&day["date"], &day["count"])).collect();
    assert_eq!(
        of_days,
        [
            (&json!("2025-11-19"), &json!(1)),
            (&json!("2025-11-20"), &json!(3)),
            (&json!("2025-11-21"), &json!(1))
        ]
    );
    // Means of days 25, 0 and 10.
    assert_eq!(month["quantities"]["temperature_c"]["mean"], 11.67);
    let degree_days = |item: &Value| {
        ["heating", "cooling", "growing", "days"].map(|key| item["degree_days"][key].as_f64().unwrap())
    };
    assert_eq!(degree_days(&month), [21.0, 5.0, 25.0, 3.0]);
    assert_eq!(degree_days(&month["parts"][1]), [15.5, 0.0, 0.0, 1.0]);
    let year = world.ok(&format!("{ROOF}/summary?period=year&date=2025-07-01&{bases}")).await;
    let months: Vec<&Value> = year["parts"].as_array().unwrap().iter().map(|month| &month["date"]).collect();
    assert_eq!(months, ["2025-11-01", "2025-12-01"]);
    assert_eq!(year["parts"][0]["degree_days"], month["degree_days"]);
    assert_eq!(degree_days(&year), [21.0, 7.5, 42.5, 4.0]);
    let empty = world.ok(&format!("{ROOF}/summary?period=year&date=1999-07-01")).await;
    assert_eq!(
        (&empty["count"], &empty["parts"], &empty["degree_days"]),
        (&json!(0), &json!([]), &Value::Null)
    );
}

#[tokio::test]
async fn a_summary_names_what_is_wrong() {
    let world = World::new();
    world.station("roof", "UTC");
    for (query, word) in [
        ("period=week", "day, month or year"),
        ("date=2025-11", "YYYY-MM-DD"),
        ("date=2025-02-30", "YYYY-MM-DD"),
        ("heating_base_c=nan", "-100 to 100"),
        ("cooling_base_c=101", "-100 to 100"),
        ("base=3", "base"),
    ] {
        let answer = world.get(&format!("{ROOF}/summary?{query}")).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{query}");
        assert!(answer.body.contains(word), "{query}: {}", answer.body);
    }
    for date in ["0001-01-01", "9998-12-31"] {
        assert_eq!(world.ok(&format!("{ROOF}/summary?date={date}")).await["count"], 0);
    }
}

#[tokio::test]
async fn records_are_of_all_time_of_months_and_of_years() {
    let world = World::new();
    days(&world);
    let records = world.ok(&format!("{ROOF}/records")).await;
    assert_eq!((&records["since"], &records["days"]), (&json!("2024-11-20"), &json!(5)));
    let all = &records["all_time"]["temperature_c"];
    assert_eq!((&all["min"], &all["max"]), (&json!(-5.0), &json!(25.0)), "a value that failed is no record");
    assert_eq!(all["max_at"], "2025-11-20T06:59:59.000Z");
    let day = |key: &str| (records[key]["date"].as_str().unwrap(), records[key]["value"].as_f64().unwrap());
    assert_eq!(day("warmest_day"), ("2025-11-19", 25.0));
    assert_eq!(day("coldest_day"), ("2025-11-20", 0.0));
    assert_eq!(day("widest_day"), ("2025-11-20", 10.0));
    assert_eq!(day("stormiest_day"), ("2025-11-20", 5.5));
    let months: Vec<&Value> =
        records["months"].as_array().unwrap().iter().map(|month| &month["month"]).collect();
    assert_eq!(months, [11, 12]);
    let years: Vec<&Value> = records["years"].as_array().unwrap().iter().map(|year| &year["year"]).collect();
    assert_eq!(years, [2024, 2025]);
    // Rollups outlive the readings; what is not in them yet was read from these.
    let mut connection = world.store.writer().unwrap();
    let transaction = connection.transaction().unwrap();
    while crate::store::rollups::advance(&transaction).unwrap() {}
    transaction.execute("DELETE FROM readings", []).unwrap();
    transaction.commit().unwrap();
    let later = world.ok(&format!("{ROOF}/records")).await;
    assert_eq!((&later["days"], &later["all_time"]), (&records["days"], &records["all_time"]));
    world.directory.change(&"new".parse().unwrap(), |_| ());
    assert_eq!(world.ok("/api/v1/stations/new/records").await["days"], 0);
}

#[tokio::test]
async fn the_history_of_a_station_comes_in_pages_that_fit_together() {
    let world = World::new();
    let roof = world.station("roof", "UTC");
    let connection = world.store.writer().unwrap();
    let golden = include_str!("../../../../telemetry/tests/golden/health.json");
    let mut said: minuano_telemetry::Health = serde_json::from_str(golden).unwrap();
    for (minute, uptime_s) in [(0, 60), (10, 660), (20, 1_260)] {
        said.uptime_s = uptime_s;
        let at = millis(&format!("2025-11-20T12:{minute:02}:00Z"));
        health::save(&connection, roof.station, at, &said, 0).unwrap();
    }
    health::save_presence(&connection, roof.station, millis("2025-11-20T12:21:00Z"), Presence::Offline)
        .unwrap();
    let range = "from=2025-11-20T12:00:00Z&to=2025-11-20T13:00:00Z";
    let whole = world.pages(&format!("{ROOF}/health?{range}")).await;
    assert_eq!(whole.len(), 4);
    assert_eq!(whole[0]["health"]["uptime_s"], 60);
    assert_eq!(whole[3], json!({"at": "2025-11-20T12:21:00.000Z", "state": "offline", "health": null}));
    for limit in 1..=5 {
        assert_eq!(world.pages(&format!("{ROOF}/health?{range}&limit={limit}")).await, whole);
    }
}
