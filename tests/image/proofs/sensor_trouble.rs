//! A sensor unplugged, a bus stuck, the whole adapter out: each is named, and goes by without a restart.

use std::time::{Duration, Instant};

use minuano_station::emulated::Trouble;
use minuano_tests::Wire;
use serde_json::Value;

use super::{AIR, Given, compared, health, readings};
use crate::board::Board;
use crate::card::Card;
use crate::host::Host;
use crate::machine::{BOOT, Machine};

const STATION: &str = "roof";
const BME280: u8 = 0x76;
const BH1750: u8 = 0x23;
/// Health is told each minute; a lost part is looked for at least as often.
const NAMED: Duration = Duration::from_secs(300);

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
        begin();
        let begun = Instant::now();
        let named = machine.wait(&format!("{what}: named in health"), NAMED, || fault(&wire, address));
        let to_name = begun.elapsed();
        end();
        let begun = Instant::now();
        machine.wait(&format!("{what}: recovered"), NAMED, || {
            fault(&wire, address).is_none().then_some(())?;
            let heard = readings(&wire, STATION);
            let (_, last) = heard.last()?;
            (last.get("faults").is_none()
                && last.get("temperature_c").is_some()
                && last.get("illuminance_lx").is_some())
            .then_some(())
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
    let (last_stream, last) = heard.last().unwrap();
    assert_eq!(*last_stream, stream, "the station was started again");
    compared(last, AIR);
    machine.cut();
    said.join("; ") + "; the same run of the station all the while"
}

/// What the newest health says is wrong with the part at this address.
fn fault(wire: &Wire, address: u8) -> Option<String> {
    let health = health(wire, STATION)?;
    let part = health["sensors"].as_array()?.iter().find(|sensor| sensor["address"] == address)?.clone();
    let state = part["state"].as_str()?;
    (state != "ok").then(|| part.get("fault").and_then(Value::as_str).unwrap_or(state).to_owned())
}
