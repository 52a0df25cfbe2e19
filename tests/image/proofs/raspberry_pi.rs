//! A Raspberry Pi 3B with the card's kernel, device tree and command line; a BME280's registers behind its own I2C controller.

use std::time::Duration;

use embedded_hal::i2c::{I2c, Operation};
use minuano_station::emulated::{Clock, EmulatedBus, Series, Weather};
use minuano_station::sensors::Part;
use minuano_tests::Wire;

use super::{AIR, Given, readings};
use crate::card::Card;
use crate::host::Host;
use crate::machine::Machine;

const BME280: u8 = 0x76;
/// Emulated without any virtual devices, and slower than anything else here.
const PI_BOOT: Duration = Duration::from_secs(1800);

pub fn see(given: &Given) -> String {
    let host = Host::start();
    let wire = Wire::connect(host.broker.port);
    let card = Card::with(&given.image, Some(host.settings("roof").as_bytes()));
    let eeprom = card.path("bme280.bin");
    // QEMU's EEPROM has 512 bytes and an address of one: the registers are there twice.
    let registers = registers();
    std::fs::write(&eeprom, [registers.clone(), registers].concat()).unwrap();
    let mut machine = Machine::pi(&card, &eeprom);
    // The first health may come before the sensors were looked for.
    let sensor = machine.wait("a part at the Pi's own bus", PI_BOOT, || {
        let health = super::health(&wire, "roof")?;
        health["sensors"].as_array()?.iter().find(|sensor| sensor["address"] == BME280).cloned()
    });
    let boot = machine.since.elapsed();
    // Its registers never change, which no part does that measures: so the station says.
    let found = machine.wait("a reading that calls it frozen", PI_BOOT, || {
        readings(&wire, "roof")
            .into_iter()
            .map(|(_, reading)| reading)
            .find(|reading| reading["faults"]["temperature_c"] == "frozen")
    });
    machine.cut();
    assert_eq!(sensor["part"], "bme280", "{sensor}");
    format!(
        "kernel, device tree and command line of the card: power to its sensor in health {:.0} s; at 0x76 of the board's i2c-bcm2835 it found a {}, whose registers do not change here, and published: `{}`",
        boot.as_secs_f64(),
        sensor["part"].as_str().unwrap_or_default(),
        found
    )
}

/// What a BME280 in this air has in its registers once it has converted.
fn registers() -> Vec<u8> {
    let clock = Clock::starting(1_000);
    let weather = Weather::new(Series::built_in().unwrap(), "board");
    let mut bus = EmulatedBus::with(clock.clone(), weather, &[Part::Bme280]);
    bus.feel(AIR);
    // Humidity once, then temperature and pressure once, forced.
    bus.transaction(BME280, &mut [Operation::Write(&[0xF2, 0x01])]).unwrap();
    bus.transaction(BME280, &mut [Operation::Write(&[0xF4, 0x25])]).unwrap();
    clock.sleep_ns(100_000_000);
    let mut registers = vec![0; 256];
    for (register, byte) in (0..=255_u8).zip(&mut registers) {
        let mut one = [0];
        bus.transaction(BME280, &mut [Operation::Write(&[register]), Operation::Read(&mut one)]).unwrap();
        *byte = one[0];
    }
    registers
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_dump_is_that_of_a_bme280_that_has_converted() {
        let registers = super::registers();
        assert_eq!(registers[0xD0], 0x60);
        assert_ne!(registers[0xFA..0xFD], [0x80, 0, 0], "the reset value of a temperature");
        assert_eq!(registers[0xF3] & 8, 0, "not busy");
    }
}
