//! BME280 and BMP280, through the crate and its guard.

use embedded_hal::i2c::{ErrorKind, NoAcknowledgeSource};
use embedded_hal_mock::eh1::delay::NoopDelay;
use embedded_hal_mock::eh1::i2c::{Mock, Transaction};
use minuano_telemetry::{Fault, Quantity};

use super::super::freshness::RETRIES;
use super::super::{Bme280, Variant};
use super::{NACK, assert_near};

const CALIBRATION_TP: [u8; 26] = [
    0x70, 0x6B, 0x43, 0x67, 0x18, 0xFC, 0x7D, 0x8E, 0x43, 0xD6, 0xD0, 0x0B, 0x27, 0x0B, 0x8C, 0x00, 0xF9,
    0xFF, 0x8C, 0x3C, 0xF8, 0xC6, 0x70, 0x17, 0x00, 0x4B,
];
const CALIBRATION_H: [u8; 7] = [0x72, 0x01, 0x00, 0x13, 0x29, 0x03, 0x1E];
fn ask(register: u8, answer: &[u8]) -> Transaction {
    super::ask(0x76, register, answer)
}

fn tell(register: u8, value: u8) -> Transaction {
    super::tell(0x76, &[register, value])
}

fn identification() -> Vec<Transaction> {
    vec![ask(0xD0, &[0x60])]
}

fn initialisation() -> Vec<Transaction> {
    vec![
        ask(0xD0, &[0x60]),
        tell(0xE0, 0xB6),
        ask(0x88, &CALIBRATION_TP),
        ask(0xE1, &CALIBRATION_H),
        ask(0xF4, &[0]),
        tell(0xF2, 0x01),
        ask(0xF4, &[0]),
        tell(0xF4, 0x54),
        ask(0xF5, &[0]),
        tell(0xF5, 0),
        ask(0x88, &CALIBRATION_TP[..6]),
        ask(0xA1, &CALIBRATION_TP[25..]),
        ask(0xE1, &CALIBRATION_H),
    ]
}

fn measurement(data: [u8; 8]) -> Vec<Transaction> {
    vec![
        ask(0xF4, &[0x54]),
        ask(0xF4, &[0x54]),
        tell(0xF4, 0x55),
        ask(0xF7, &data),
        control([1, 0, 0x54], data),
    ]
}

fn control([ctrl_hum, status, ctrl_meas]: [u8; 3], data: [u8; 8]) -> Transaction {
    let mut bytes = vec![ctrl_hum, status, ctrl_meas, 0, 0];
    bytes.extend(data);
    ask(0xF2, &bytes)
}

/// adcT 519888, adcP 415148 of the datasheet, and a humidity near 45 %.
const DATASHEET: [u8; 8] = [0x65, 0x5A, 0xC0, 0x7E, 0xED, 0x00, 0x6D, 0x00];

#[test]
fn bme280_measures_the_datasheet_vector() {
    let mut bus = Mock::new(&[identification(), initialisation(), measurement(DATASHEET)].concat());
    let measured = Bme280::new(bus.clone(), 0x76, Variant::Bme280).measure(&mut NoopDelay);
    bus.done();
    assert_near(&measured, Quantity::Temperature, 25.08, 0.005);
    assert_near(&measured, Quantity::Pressure, 1006.5325, 0.01);
    assert_near(&measured, Quantity::Humidity, 45.0, 3.0);
    assert_eq!(measured.get(Quantity::Illuminance), None);
}

#[test]
fn bme280_is_initialised_once_and_again_when_it_lost_its_settings() {
    // Other words for each, since a repetition is asked for again.
    let other = |low: u8| [0x65, 0x5A, low, 0x7E, 0xED, 0x00, 0x6D, 0x00];
    let script = [
        identification(),
        initialisation(),
        measurement(other(0x10)),
        identification(),
        vec![control([1, 0, 0x54], other(0x10))],
        measurement(other(0x20)),
        identification(),
        vec![control([0, 0, 0x00], other(0x20))],
        initialisation(),
        measurement(other(0x30)),
    ];
    let mut bus = Mock::new(&script.concat());
    let mut sensor = Bme280::new(bus.clone(), 0x76, Variant::Bme280);
    for _ in 0..3 {
        assert_eq!(sensor.measure(&mut NoopDelay).first_fault(), None);
    }
    bus.done();
}

#[test]
fn bme280_values_that_were_never_measured_are_faults() {
    let fault_after = |tail: Vec<Transaction>| {
        let mut bus = Mock::new(&[identification(), initialisation(), tail].concat());
        let measured = Bme280::new(bus.clone(), 0x76, Variant::Bme280).measure(&mut NoopDelay);
        bus.done();
        measured
    };
    let skipped = fault_after(measurement([0x80, 0, 0, 0x80, 0, 0, 0x80, 0]));
    assert!(skipped.all_failed_with(Fault::Frozen));

    for late in [[1, 0x08, 0x55], [0, 0, 0x54], [1, 0, 0]] {
        let mut tail = measurement(DATASHEET);
        tail.pop();
        tail.push(control(late, DATASHEET));
        assert!(fault_after(tail).all_failed_with(Fault::Frozen));
    }

    let hot = fault_after(measurement([0x65, 0x5A, 0xC0, 0xFF, 0xFF, 0xF0, 0xFF, 0xFF]));
    assert_eq!(hot.get(Quantity::Temperature), Some(Err(Fault::Range)));
    assert_eq!(hot.get(Quantity::Humidity), Some(Err(Fault::Range)));
}

#[test]
fn bme280_failures_on_the_bus_are_told_apart() {
    let fault = |script: &[Transaction]| {
        let mut bus = Mock::new(script);
        let fault = Bme280::new(bus.clone(), 0x76, Variant::Bme280).measure(&mut NoopDelay).first_fault();
        bus.done();
        fault
    };
    assert_eq!(fault(&[ask(0xD0, &[0]).with_error(NACK)]), Some(Fault::Absent));
    assert_eq!(fault(&[ask(0xD0, &[0]).with_error(ErrorKind::Bus)]), Some(Fault::Bus));
    assert_eq!(fault(&[ask(0xD0, &[0x58])]), Some(Fault::Absent), "a BMP280 is no BME280");
    let refused = ErrorKind::NoAcknowledge(NoAcknowledgeSource::Data);
    assert_eq!(fault(&[ask(0xD0, &[0x60]), ask(0xD0, &[0]).with_error(refused)]), Some(Fault::Bus));
    assert_eq!(fault(&[ask(0xD0, &[0x00])]), Some(Fault::Bus), "zeros are a line that is held");
}

#[test]
fn bme280_in_fog_reads_saturation_and_a_wet_element_is_out_of_range() {
    let humidity = |raw: u16| {
        let [high, low] = raw.to_be_bytes();
        let data = [0x65, 0x5A, 0xC0, 0x7E, 0xED, 0x00, high, low];
        let mut bus = Mock::new(&[identification(), initialisation(), measurement(data)].concat());
        let measured = Bme280::new(bus.clone(), 0x76, Variant::Bme280).measure(&mut NoopDelay);
        bus.done();
        assert!(measured.get(Quantity::Temperature).expect("covered").is_ok());
        measured.get(Quantity::Humidity).expect("covered")
    };
    // About 180 counts a percent: below, just above and far above 100 %.
    let raw_at = |percent: f64| (0..=u16::MAX).find(|&raw| unclamped(raw) >= percent).expect("is reached");
    let dry = humidity(raw_at(99.5)).expect("measured");
    assert!((dry - 99.5).abs() < 0.01, "{dry}");
    assert_eq!(humidity(raw_at(100.0)), Ok(100.0));
    assert_eq!(humidity(raw_at(102.9)), Ok(100.0));
    assert_eq!(humidity(raw_at(103.1)), Err(Fault::Range));
    assert_eq!(humidity(raw_at(-2.9)), Ok(0.0));
    assert_eq!(humidity(raw_at(-10.0)), Err(Fault::Range));
}

/// The datasheet's humidity formula (4.2.3's integers, in floating point) at 25.08 °C, for the numbers above.
fn unclamped(raw: u16) -> f64 {
    let t = 25.0825 * 5120.0 - 76800.0;
    let percent = (f64::from(raw) - (313.0 * 64.0 + 50.0 / 16384.0 * t))
        * (370.0 / 65536.0)
        * (1.0 + 30.0 / 67_108_864.0 * t);
    percent * (1.0 - 75.0 * percent / 524_288.0)
}

#[test]
fn a_bmp280_is_read_without_humidity() {
    let id = || ask(0xD0, &[0x58]);
    let mut script = vec![id(), id()];
    script.extend(initialisation().into_iter().skip(1));
    // What stands where a BME280 has humidity is not looked at.
    script.extend(measurement([0x65, 0x5A, 0xC0, 0x7E, 0xED, 0x00, 0x80, 0x00]).into_iter().take(4));
    script.push(control([0, 0, 0x54], [0x65, 0x5A, 0xC0, 0x7E, 0xED, 0x00, 0x80, 0x00]));
    let mut bus = Mock::new(&script);
    let measured = Bme280::new(bus.clone(), 0x76, Variant::Bmp280).measure(&mut NoopDelay);
    bus.done();
    assert_near(&measured, Quantity::Temperature, 25.08, 0.005);
    assert_near(&measured, Quantity::Pressure, 1006.5325, 0.01);
    assert_eq!(measured.get(Quantity::Humidity), None);
}

#[test]
fn bme280_that_repeats_itself_is_asked_again_and_then_named() {
    let repeats = usize::from(RETRIES) + 1;
    let mut script = [identification(), initialisation(), measurement(DATASHEET), identification()].concat();
    script.push(control([1, 0, 0x54], DATASHEET));
    script.extend((0..repeats).flat_map(|_| measurement(DATASHEET)));
    let mut bus = Mock::new(&script);
    let mut sensor = Bme280::new(bus.clone(), 0x76, Variant::Bme280);
    assert_eq!(sensor.measure(&mut NoopDelay).first_fault(), None);
    assert!(sensor.measure(&mut NoopDelay).all_failed_with(Fault::Frozen));
    bus.done();
}
