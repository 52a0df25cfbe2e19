//! One line for `systemctl status`.

use std::fmt::Write;

use crate::config::Config;
use crate::station::Station;

/// The link, the sensors, and what became of the readings.
pub(super) fn text(config: &Config, station: &Station) -> String {
    let link = if station.signs.is_linked() { "online at" } else { "no link to" };
    let mut text = format!("{link} {}:{}; ", config.mqtt.host, config.mqtt.port);
    let sensors = station.board.sensors().status;
    if sensors.is_empty() {
        text.push_str("no sensor");
    }
    for (index, sensor) in sensors.iter().enumerate() {
        let apart = if index > 0 { ", " } else { "" };
        let fault = sensor.fault.map_or("", |fault| fault.word());
        let told = if fault.is_empty() { "" } else { ": " };
        // Writing to a String does not fail.
        let _ = write!(text, "{apart}{} at {:#04x}{told}{fault}", sensor.part.name(), sensor.address);
    }
    let counts = station.log().counts();
    let _ = write!(text, "; {} measured, {} waiting, {} lost", counts.measured, counts.held, counts.lost);
    text
}
