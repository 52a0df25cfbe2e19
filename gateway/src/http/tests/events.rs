use serde_json::{Value, json};

use super::stream::Browser;
use super::{World, millis};
use crate::live::Event;

fn golden() -> minuano_telemetry::WeatherEvent {
    serde_json::from_str(include_str!("../../../../telemetry/tests/golden/weather.json")).unwrap()
}

#[tokio::test]
async fn weather_is_listed_newest_first_and_apart_from_anomalies() {
    let world = World::new();
    let roof = world.station("roof", "UTC");
    let shed = world.station("shed", "UTC");
    let put = |id: i64, station: i64, kind: &str, from: &str, to: &str, state: &str| {
        let sql = "INSERT INTO weather_events VALUES (?1, ?2, ?3, ?4, ?5, ?6, -6.4, ?7, -6.0)";
        let values =
            (id, station, kind, millis(from).get(), millis(to).get(), state, golden().evidence.to_string());
        world.store.writer().unwrap().execute(sql, values).unwrap();
    };
    put(3, roof.station, "pressure_fall", "2026-11-20T12:00:00Z", "2026-11-20T12:30:00Z", "closed");
    put(4, shed.station, "frost", "2026-11-20T03:00:00Z", "2026-11-20T06:00:00Z", "open");
    let all = world.ok("/api/v1/events").await;
    // The form is that of MQTT, key by key.
    assert_eq!(all["items"][0], serde_json::to_value(golden()).unwrap());
    assert_eq!(world.ok("/api/v1/anomalies").await, json!({"items": [], "next": null}));
    for (query, expected) in [
        ("limit=1", vec![3, 4]),
        ("station=shed", vec![4]),
        ("kind=frost", vec![4]),
        ("kind=heat", vec![]),
        ("state=closed", vec![3]),
        ("from=2026-11-20T07:00:00Z", vec![3]),
        ("to=2026-11-20T12:00:00Z", vec![4]),
    ] {
        let items = world.pages(&format!("/api/v1/events?{query}")).await;
        let ids: Vec<i64> = items.iter().map(|item: &Value| item["id"].as_i64().unwrap()).collect();
        assert_eq!(ids, expected, "{query}");
    }
}

#[tokio::test]
async fn weather_is_streamed() {
    let world = World::new();
    world.station("roof", "UTC");
    let mut browser = Browser::open(&world, "/api/v1/stream", None).await;
    world.hub.tell(Event::Weather(std::sync::Arc::new(golden())));
    let seen = browser.next().await.unwrap();
    assert_eq!((seen.event.as_str(), seen.data), ("weather", serde_json::to_value(golden()).unwrap()));
}
