//! What a browser shows: Debian's Chromium, the gateway's own panel, a real station.

use std::time::{Duration, Instant};

use minuano_tests::{Browser, Gateway, SOON, Settings, Station};
use serde_json::{Value, json};

const OFFLINE_WITHIN: Duration = Duration::from_secs(5);
/// A reading a second, after an hour that was lived through before.
const BUS: &str = "[bus]\nkind = \"emulated\"\nhistory = \"1h\"\n\
                   [sampling]\ninterval = \"500ms\"\nreport = \"1s\"\n";

fn temperature(event: &Value) -> Option<(String, f64)> {
    let is_it = event["event"] == "value" && event["quantity"] == "temperature_c";
    is_it.then(|| (event["at"].as_str().unwrap().to_owned(), event["value"].as_f64().unwrap()))
}

fn state(event: &Value, wanted: &str) -> Option<String> {
    (event["event"] == "state" && event["state"] == wanted)
        .then(|| event["text"].as_str().unwrap().to_owned())
}

/// The newest reading and the time of it, from the API.
fn last(gateway: &Gateway) -> (String, f64) {
    let station = gateway.station("roof").unwrap();
    let reading = &station["last_reading"];
    (reading["observed_at"].as_str().unwrap().to_owned(), reading["temperature_c"].as_f64().unwrap())
}

/// A gateway and a station whose history has arrived.
fn parts() -> (Gateway, Station) {
    let gateway = Gateway::start(&Settings::default());
    let station = Station::start("roof", gateway.mqtt_port, BUS);
    gateway.wait_for_station("roof", "online with its history", |seen| {
        seen["state"] == "online" && seen["counts"]["stored"].as_u64() > Some(3_600)
    });
    (gateway, station)
}

/// Every value that the page showed is one that the store has under that time.
fn shown_is_stored(browser: &mut Browser, gateway: &Gateway) {
    let stored: Vec<(String, f64)> = gateway
        .readings("roof")
        .iter()
        .map(|reading| {
            (reading["observed_at"].as_str().unwrap().to_owned(), reading["temperature_c"].as_f64().unwrap())
        })
        .collect();
    let shown: Vec<_> = browser.of("value").iter().filter_map(temperature).collect();
    assert!(shown.len() >= 3, "{shown:?}");
    for pair in &shown {
        assert!(stored.contains(pair), "{pair:?} was shown and is not stored");
    }
    assert!(shown.is_sorted_by(|a, b| a.0 <= b.0), "an older value took a newer one's place: {shown:?}");
}

/// The page came once, from the gateway alone, and had nothing to complain about.
fn asked_nobody_else(browser: &mut Browser, gateway: &Gateway) {
    let home = gateway.url("/");
    let requests = browser.of("request");
    assert!(requests.len() > 3, "{requests:?}");
    for request in requests {
        let url = request["url"].as_str().unwrap();
        assert!(url.starts_with(&home) || url.starts_with("data:"), "a request left for {url}");
    }
    assert_eq!(browser.of("loaded").len(), 1, "the page was loaded again");
    assert_eq!(browser.of("error"), [] as [Value; 0]);
}

#[test]
fn the_panel_shows_what_was_just_sent_and_a_killed_station_as_offline_within_five_seconds() {
    let (gateway, mut station) = parts();
    let mut browser = Browser::open(&gateway.url("/"), "en-US");
    let (_, facts) =
        browser.wait("the page", SOON, |event| (event["event"] == "page").then(|| event.clone()));
    assert_eq!((&facts["language"], &facts["width"]), (&json!("en"), &json!(360)));
    assert!(facts["overflow"].as_i64() <= Some(0), "it scrolls sideways at 360 px: {facts}");
    browser.wait("online", SOON, |event| state(event, "online").filter(|text| text == "Online"));

    // Three times over: what the API has as the newest is what the page comes to show, without a reload.
    for _ in 0..3 {
        let (at, value) = last(&gateway);
        let (_, shown) = browser.wait("the newest value", Duration::from_secs(5), |event| {
            temperature(event).filter(|(shown_at, _)| *shown_at >= at)
        });
        if shown.0 == at {
            assert_eq!(shown.1, value);
        }
        gateway.wait_for_station("roof", "a newer reading", |seen| {
            seen["last_reading"]["observed_at"].as_str() > Some(at.as_str())
        });
    }

    let killed = Instant::now();
    station.kill_9();
    let (seen, _) = browser.wait("offline", SOON, |event| state(event, "offline"));
    let took = seen.duration_since(killed);
    assert!(took <= OFFLINE_WITHIN, "it took {took:?} until the page showed that the station is offline");
    assert_eq!(gateway.station("roof").unwrap()["state"], "offline");

    shown_is_stored(&mut browser, &gateway);
    asked_nobody_else(&mut browser, &gateway);
}

#[test]
fn the_panel_speaks_brazilian_portuguese_and_changes_language_without_a_reload() {
    let (gateway, mut station) = parts();
    let mut browser = Browser::open(&gateway.url("/"), "pt-BR");
    let (_, facts) =
        browser.wait("the page", SOON, |event| (event["event"] == "page").then(|| event.clone()));
    assert_eq!(facts["language"], "pt-BR");
    assert!(facts["overflow"].as_i64() <= Some(0), "it scrolls sideways at 360 px: {facts}");
    browser
        .wait("online in Portuguese", SOON, |event| state(event, "online").filter(|text| text == "On-line"));
    let (_, text) = browser.wait("a temperature", SOON, |event| {
        temperature(event).map(|_| event["text"].as_str().unwrap().to_owned())
    });
    assert!(text.contains(',') && text.contains("°C"), "a decimal comma in {text:?}");

    browser.press("[data-testid=settings]");
    browser.press("[data-testid=language-switch] label[lang=en]");
    browser.wait("online in English", SOON, |event| state(event, "online").filter(|text| text == "Online"));
    assert_eq!(station.stop(), Some(0));
    browser.wait("stopped", SOON, |event| state(event, "stopped").filter(|text| text == "Stopped"));
    shown_is_stored(&mut browser, &gateway);
    asked_nobody_else(&mut browser, &gateway);
}
