//! BH1750 and VEML7700.

use embedded_hal_mock::eh1::delay::NoopDelay;
use embedded_hal_mock::eh1::i2c::{Mock, Transaction};
use minuano_telemetry::{Fault, Quantity};

use super::super::bh1750::{Sensitivity, convert};
use super::super::veml7700::{Range, lux};
use super::super::{Bh1750, Measurement, Veml7700};
use super::{NACK, ask, hear, tell};

fn illuminance(measured: Measurement) -> Result<f64, Fault> {
    measured.get(Quantity::Illuminance).expect("covered").map(f64::round)
}

fn one_time(mtreg: [u8; 2], raw: [u8; 2]) -> Vec<Transaction> {
    let mut script: Vec<_> = [0x01, mtreg[0], mtreg[1], 0x20].map(|opcode| tell(0x23, &[opcode])).into();
    script.push(hear(0x23, &raw));
    script
}

#[test]
fn bh1750_lowers_its_sensitivity_when_saturated_and_raises_it_when_the_light_fades() {
    let (usual, lowest) = ([0x42, 0x65], [0x40, 0x7F]);
    let script = [
        one_time(usual, [0x83, 0x90]),
        one_time(usual, [0xFF, 0xFF]),
        one_time(lowest, [0xFF, 0xFF]),
        one_time(lowest, [0x83, 0x90]),
        one_time(lowest, [0x10, 0x00]),
        one_time(usual, [0x10, 0x00]),
    ];
    let mut bus = Mock::new(&script.concat());
    let mut sensor = Bh1750::new(bus.clone(), 0x23);
    let mut lux = || illuminance(sensor.measure(&mut NoopDelay));
    assert_eq!(lux(), Ok(28067.0));
    assert_eq!(lux(), Err(Fault::Range));
    assert_eq!(lux(), Ok(62471.0));
    assert_eq!(lux(), Ok(7597.0));
    assert_eq!(lux(), Ok(3413.0));
    bus.done();
}

#[test]
fn bh1750_converts_the_datasheet_vector() {
    assert_eq!(convert(0x8390, Sensitivity::Usual).map(f64::round), Ok(28067.0));
    assert_eq!(convert(0, Sensitivity::Usual), Ok(0.0));
    assert_eq!(convert(0xFFFF, Sensitivity::Lowest), Err(Fault::Range));
}

#[test]
fn bh1750_proves_a_repeated_count_at_another_sensitivity() {
    let (usual, double, half) = ([0x42, 0x65], [0x44, 0x6A], [0x41, 0x63]);
    let script = [
        one_time(usual, [0x00, 0x64]),
        one_time(usual, [0x00, 0x64]),
        one_time(double, [0x00, 0xC8]),
        one_time(usual, [0x00, 0x64]),
        one_time(double, [0x00, 0x64]),
        one_time(usual, [0x10, 0x00]),
        one_time(usual, [0x10, 0x00]),
        one_time(half, [0x10, 0x00]),
    ];
    let mut bus = Mock::new(&script.concat());
    let mut sensor = Bh1750::new(bus.clone(), 0x23);
    let mut lux = || illuminance(sensor.measure(&mut NoopDelay));
    assert_eq!([lux(), lux(), lux()], [Ok(83.0), Ok(83.0), Err(Fault::Frozen)]);
    assert_eq!([lux(), lux()], [Ok(3413.0), Err(Fault::Frozen)]);
    bus.done();
}

#[test]
fn bh1750_believes_darkness_only_of_a_bus_that_can_say_something_else() {
    let dark = |answer: Transaction| {
        let mut bus = Mock::new(&[one_time([0x42, 0x65], [0, 0]), vec![answer]].concat());
        let found = illuminance(Bh1750::new(bus.clone(), 0x23).measure(&mut NoopDelay));
        bus.done();
        found
    };
    assert_eq!(dark(hear(0x78, &[0]).with_error(NACK)), Ok(0.0));
    assert_eq!(dark(hear(0x78, &[0])), Err(Fault::Bus));
}

/// Shut down, no power saving, gain, time, on; the settings are read back, then the count.
fn integration(settings: [u16; 4], count: u16) -> Vec<Transaction> {
    let set = |value: u16| {
        let [low, high] = value.to_le_bytes();
        tell(0x10, &[0x00, low, high])
    };
    let [down, gain, time, on] = settings;
    vec![
        set(down),
        tell(0x10, &[0x03, 0, 0]),
        set(gain),
        set(time),
        set(on),
        ask(0x10, 0x00, &on.to_le_bytes()),
        ask(0x10, 0x04, &count.to_le_bytes()),
    ]
}

fn id() -> Vec<Transaction> {
    vec![ask(0x10, 0x07, &[0x81, 0xC4])]
}

const FIRST: [u16; 4] = [0x0001, 0x1001, 0x1301, 0x1300];
const BRIGHT: [u16; 4] = [0x1301, 0x1301, 0x1301, 0x1300];
const TWICE: [u16; 4] = [0x1301, 0x1301, 0x1201, 0x1200];

#[test]
fn veml7700_measures_full_sun_and_the_dark() {
    let script = [
        id(),
        integration(FIRST, 5_000),
        id(),
        integration(BRIGHT, 10),
        id(),
        integration([0x1301, 0x0301, 0x0001, 0x0000], 320),
        id(),
        // Back in the sun: the dim range is full, the bright one is not.
        integration([0x0001, 0x0001, 0x0001, 0x0000], 65_535),
        integration(FIRST, 5_001),
    ];
    let mut bus = Mock::new(&script.concat());
    let mut sensor = Veml7700::new(bus.clone());
    let mut lux = || illuminance(sensor.measure(&mut NoopDelay));
    // 5,000 counts at ⅛ and 25 ms are 9,216 lx before the application note's correction.
    assert_eq!([lux(), lux(), lux(), lux()], [Ok(13_144.0), Ok(18.0), Ok(18.0), Ok(13_148.0)]);
    bus.done();
}

#[test]
fn veml7700_faults_are_named() {
    let fault = |script: Vec<Transaction>| {
        let mut bus = Mock::new(&script);
        let found = illuminance(Veml7700::new(bus.clone()).measure(&mut NoopDelay));
        bus.done();
        found
    };
    assert_eq!(fault(vec![ask(0x10, 0x07, &[0x26, 0xC4])]), Err(Fault::Absent));
    assert_eq!(fault(vec![ask(0x10, 0x07, &[0, 0])]), Err(Fault::Bus));
    assert_eq!(fault(vec![ask(0x10, 0x07, &[0, 0]).with_error(NACK)]), Err(Fault::Absent));
    let mut restarted = [id(), integration(FIRST, 1)].concat();
    restarted.truncate(6);
    restarted.push(ask(0x10, 0x00, &[0x01, 0x00]));
    assert_eq!(fault(restarted), Err(Fault::Bus), "it lost its settings while it integrated");
    assert_eq!(fault([id(), integration(FIRST, 65_535)].concat()), Err(Fault::Range));
    assert_eq!(fault([id(), integration(FIRST, 40_000)].concat()), Err(Fault::Range), "beyond 120,000 lx");
}

#[test]
fn veml7700_proves_a_repeated_count_by_a_longer_integration() {
    let script =
        [id(), integration(FIRST, 5_000), id(), integration(BRIGHT, 5_000), integration(TWICE, 5_000)];
    let mut bus = Mock::new(&script.concat());
    let mut sensor = Veml7700::new(bus.clone());
    assert!(illuminance(sensor.measure(&mut NoopDelay)).is_ok());
    assert_eq!(illuminance(sensor.measure(&mut NoopDelay)), Err(Fault::Frozen));
    bus.done();
}

#[test]
fn veml7700_converts_as_the_application_note_has_it() {
    assert_eq!(lux(Range::Dim, 1000).map(f64::round), Some(58.0));
    assert_eq!(lux(Range::Bright, 100).map(f64::round), Some(184.0));
    assert_eq!(lux(Range::Bright, 65_535), None);
}
