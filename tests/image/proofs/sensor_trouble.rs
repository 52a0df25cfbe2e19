//! A sensor unplugged, a bus stuck, the whole adapter out: each is named, and goes by without a restart.

use std::time::{Duration, Instant};

use minuano_station::emulated::Trouble;
use minuano_tests::Wire;
use minuano_tests::wire::Heard;
use serde_json::Value;

use super::{AIR, Given, compared, readings};
use crate::board::Board;
use crate::card::Card;
use crate::host::Host;
use crate::machine::{BOOT, Machine};

const STATION: &str = "roof";
const BME280: u8 = 0x76;
const BH1750: u8 = 0x23;
/// Health is told each minute; a lost part is looked for at least as often.
const NAMED: Duration = Duration::from_secs(300);
/// Each trouble lasts at least so long, that it is in a whole reading and not only in one sample.
const LASTS: Duration = Duration::from_secs(15);

pub fn see(given: &Given) -> String {
    let host = Host::start();
    let board = Board::start(AIR).unwrap();
    let card = Card::with(&given.image, Some(host.settings(STATION).as_bytes()));
    let wire = Wire::connect(host.broker.port);
    let mut machine = Machine::virt(&card, board.address);
    let (stream, _) = machine.wait("first reading of the sensors", BOOT, || {
        readings(&wire, STATION).into_iter().find(|(_, reading)| reading.get("illuminance_lx").is_some())
    });

    let mut said = Vec::new();
    let mut trouble = |what: &str, address: u8, begin: &dyn Fn(), end: &dyn Fn()| {
        let told = healths(&wire);
        begin();
        let begun = Instant::now();
        let named = machine.wait(&format!("{what}: named in health"), NAMED, || fault(&wire, told, address));
        let to_name = begun.elapsed();
        machine.wait(&format!("{what}: lasts"), NAMED, || (begun.elapsed() >= LASTS).then_some(()));
        let (told, heard) = (healths(&wire), live(&wire).len());
        end();
        let begun = Instant::now();
        machine.wait(&format!("{what}: recovered"), NAMED, || {
            is_well(&wire, told, address).then_some(())?;
            live(&wire).iter().skip(heard).any(is_whole).then_some(())
        });
        said.push(format!(
            "{what}: `{named}` in health after {:.0} s, well again {:.0} s after it was",
            to_name.as_secs_f64(),
            begun.elapsed().as_secs_f64()
        ));
    };
    let (bus, plug) = (&board.bus, |is_in| board.plug_adapter(is_in).unwrap());
    trouble("sensor unplugged", BME280, &|| bus.unplug(BME280), &|| bus.plug(BME280));
    trouble("address not acknowledged", BH1750, &|| bus.trouble(BH1750, Some(Trouble::Nack)), &|| {
        bus.trouble(BH1750, None);
    });
    trouble("bus stuck", BME280, &|| bus.trouble(BME280, Some(Trouble::TimesOut)), &|| {
        bus.trouble(BME280, None);
    });
    trouble("adapter out", BME280, &|| plug(false), &|| plug(true));

    let heard = readings(&wire, STATION);
    assert!(heard.iter().all(|(of, _)| *of == stream), "the station was started again");
    let live = live(&wire);
    let last = live.iter().rev().find(|reading| is_whole(reading)).unwrap();
    compared(last, AIR);
    machine.cut();
    said.join("; ") + "; the same run of the station all the while"
}

/// What a health that came after the first `told` says is wrong with the part at this address.
fn fault(wire: &Wire, told: usize, address: u8) -> Option<String> {
    newest(wire, told, address).and_then(|part| {
        let state = part["state"].as_str()?;
        (state != "ok").then(|| part.get("fault").and_then(Value::as_str).unwrap_or(state).to_owned())
    })
}

fn is_well(wire: &Wire, told: usize, address: u8) -> bool {
    newest(wire, told, address).is_some_and(|part| part["state"] == "ok")
}

fn newest(wire: &Wire, told: usize, address: u8) -> Option<Value> {
    let health = wire.heard(&format!("minuano/v1/{STATION}/health")).get(told..)?.last()?.json();
    health["sensors"].as_array()?.iter().find(|sensor| sensor["address"] == address).cloned()
}

fn healths(wire: &Wire) -> usize {
    wire.heard(&format!("minuano/v1/{STATION}/health")).len()
}

/// The readings that were told as they were measured.
fn live(wire: &Wire) -> Vec<Value> {
    let messages = wire.heard(&format!("minuano/v1/{STATION}/telemetry"));
    let readings = |message: &Heard| message.json()["readings"].as_array().cloned().unwrap_or_default();
    messages.iter().flat_map(readings).collect()
}

/// Of all parts, with nothing amiss.
fn is_whole(reading: &Value) -> bool {
    reading.get("faults").is_none()
        && reading.get("temperature_c").is_some()
        && reading.get("illuminance_lx").is_some()
}
