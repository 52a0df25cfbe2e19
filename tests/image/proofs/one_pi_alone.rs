//! gateway = true: the panel of the booted card answers and shows the emulated weather.

use std::time::Duration;

use minuano_tests::{Browser, http};
use serde_json::Value;

use super::{AIR, Given, compared};
use crate::board::Board;
use crate::card::Card;
use crate::machine::{BOOT, Machine};

const SETTINGS: &[u8] = b"station = \"roof\"\r\ngateway = true\r\ntime_zone = \"America/Denver\"\r\n\
    [place]\r\nname = \"Emulated roof\"\r\naltitude_m = 2317\r\n";
const SHOWN: Duration = Duration::from_secs(240);

pub fn see(given: &Given) -> String {
    let board = Board::start(AIR).unwrap();
    let card = Card::with(&given.image, Some(SETTINGS));
    let mut machine = Machine::virt(&card, board.address);
    let url = format!("http://127.0.0.1:{}", machine.panel);
    machine.wait("the panel's page", BOOT, || {
        http::request("GET", &format!("{url}/"), &[]).ok().filter(|answer| answer.status == 200)
    });
    let page = machine.since.elapsed();
    let reading: Value = machine.wait("a reading at the gateway", BOOT, || {
        let answer = http::request("GET", &format!("{url}/api/v1/stations/roof"), &[]).ok()?;
        (answer.status == 200).then(|| answer.json()["last_reading"].clone()).filter(Value::is_object)
    });
    let far = compared(&reading, AIR);
    let mut browser = Browser::open(&format!("{url}/"), "en-GB");
    let (_, shown) = browser.wait("the emulated weather on the panel", SHOWN, |event| {
        event.to_string().contains("21.6").then(|| event.clone())
    });
    std::fs::create_dir_all(&given.pictures).unwrap();
    let picture = given.pictures.join("panel.png");
    browser.picture(&picture, SHOWN);
    assert!(std::fs::metadata(&picture).is_ok_and(|picture| picture.len() > 10_000), "no picture");
    drop(browser);
    machine.cut();
    let event = shown["event"].as_str().unwrap_or("a page");
    format!(
        "panel answers {:.0} s after power; its newest reading is off by {far}; Chromium shows 21.6 °C ({event}), picture `{}`",
        page.as_secs_f64(),
        picture.file_name().unwrap().display()
    )
}
