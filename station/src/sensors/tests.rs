//! The drivers against scripted transactions and against a bus that answers anything.

use std::sync::{Arc, Mutex};

use embedded_hal::i2c::{ErrorKind, ErrorType, I2c, NoAcknowledgeSource, Operation};
use embedded_hal_mock::eh1::delay::NoopDelay;
use embedded_hal_mock::eh1::i2c::{Mock, Transaction};
use minuano_telemetry::{Fault, Quantity};
use proptest::prelude::*;

use super::bh1750::{Sensitivity, convert};
use super::detect::BackOff;
use super::*;

const CALIBRATION_TP: [u8; 26] = [
    0x70, 0x6B, 0x43, 0x67, 0x18, 0xFC, 0x7D, 0x8E, 0x43, 0xD6, 0xD0, 0x0B, 0x27, 0x0B, 0x8C, 0x00, 0xF9,
    0xFF, 0x8C, 0x3C, 0xF8, 0xC6, 0x70, 0x17, 0x00, 0x4B,
];
const CALIBRATION_H: [u8; 7] = [0x72, 0x01, 0x00, 0x13, 0x29, 0x03, 0x1E];
const NACK: ErrorKind = ErrorKind::NoAcknowledge(NoAcknowledgeSource::Unknown);

fn ask(register: u8, answer: &[u8]) -> Transaction {
    Transaction::write_read(0x76, vec![register], answer.to_vec())
}

fn tell(register: u8, value: u8) -> Transaction {
    Transaction::write(0x76, vec![register, value])
}

fn initialisation() -> Vec<Transaction> {
    vec![
        ask(0xD0, &[0x60]),
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
    let mut bus = Mock::new(&[initialisation(), measurement(DATASHEET)].concat());
    let measured = Bme280::new(bus.clone(), 0x76).measure(&mut NoopDelay);
    bus.done();
    let near = |quantity, expected: f64, within: f64| {
        let value = measured.get(quantity).expect("covered").expect("measured");
        assert!((value - expected).abs() < within, "{quantity:?} {value}");
    };
    near(Quantity::Temperature, 25.08, 0.005);
    near(Quantity::Pressure, 1006.5325, 0.01);
    near(Quantity::Humidity, 45.0, 3.0);
    assert_eq!(measured.get(Quantity::Illuminance), None);
}

#[test]
fn bme280_is_initialised_once_and_again_when_it_lost_its_settings() {
    let script = [
        initialisation(),
        measurement(DATASHEET),
        vec![control([1, 0, 0x54], DATASHEET)],
        measurement(DATASHEET),
        vec![control([0, 0, 0x00], DATASHEET)],
        initialisation(),
        measurement(DATASHEET),
    ];
    let mut bus = Mock::new(&script.concat());
    let mut sensor = Bme280::new(bus.clone(), 0x76);
    for _ in 0..3 {
        assert_eq!(sensor.measure(&mut NoopDelay).first_fault(), None);
    }
    bus.done();
}

#[test]
fn bme280_values_that_were_never_measured_are_faults() {
    let fault_after = |tail: Vec<Transaction>| {
        let mut bus = Mock::new(&[initialisation(), tail].concat());
        let measured = Bme280::new(bus.clone(), 0x76).measure(&mut NoopDelay);
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
        let fault = Bme280::new(bus.clone(), 0x76).measure(&mut NoopDelay).first_fault();
        bus.done();
        fault
    };
    assert_eq!(fault(&[ask(0xD0, &[0]).with_error(NACK)]), Some(Fault::Absent));
    assert_eq!(fault(&[ask(0xD0, &[0]).with_error(ErrorKind::Bus)]), Some(Fault::Bus));
    assert_eq!(fault(&[ask(0xD0, &[0x58])]), Some(Fault::Absent), "a BMP280 is no BME280");
    let refused = ErrorKind::NoAcknowledge(NoAcknowledgeSource::Data);
    assert_eq!(fault(&[ask(0xD0, &[0x60]), ask(0xD0, &[0]).with_error(refused)]), Some(Fault::Bus));
}

fn one_time(mtreg: [u8; 2], raw: [u8; 2]) -> Vec<Transaction> {
    let mut script: Vec<_> =
        [0x01, mtreg[0], mtreg[1], 0x20].map(|opcode| Transaction::write(0x23, vec![opcode])).into();
    script.push(Transaction::read(0x23, raw.to_vec()));
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
    let mut lux = || sensor.measure(&mut NoopDelay).get(Quantity::Illuminance).expect("covered");
    assert_eq!(lux().map(f64::round), Ok(28067.0));
    assert_eq!(lux(), Err(Fault::Range));
    assert_eq!(lux().map(f64::round), Ok(62471.0));
    assert_eq!(lux().map(f64::round), Ok(7597.0));
    assert_eq!(lux().map(f64::round), Ok(3413.0));
    bus.done();
}

#[test]
fn bh1750_converts_the_datasheet_vector() {
    assert_eq!(convert(0x8390, Sensitivity::Usual).map(f64::round), Ok(28067.0));
    assert_eq!(convert(0, Sensitivity::Usual), Ok(0.0));
    assert_eq!(convert(0xFFFF, Sensitivity::Lowest), Err(Fault::Range));
}

#[test]
fn the_look_for_a_missing_sensor_backs_off_to_a_minute() {
    let mut now = 7_200_000;
    let mut look = BackOff::new(now);
    let mut waits = Vec::new();
    for _ in 0..8 {
        assert!(look.is_due(now));
        look.failed(now);
        let began = now;
        while !look.is_due(now) {
            now += 500;
        }
        waits.push((now - began) / 1000);
    }
    assert_eq!(waits, [1, 2, 4, 8, 16, 32, 60, 60]);
    look.failed(now);
    assert!(look.is_due(now - 3_600_000), "a clock that was set back postpones nothing");
}

/// Answers with whatever bytes it was given, over and over; a polite one at least says what a BME280 would
/// where it is asked who it is and whether it is asleep.
#[derive(Clone)]
struct Hostile {
    bytes: Arc<Mutex<std::iter::Cycle<std::vec::IntoIter<u8>>>>,
    polite: bool,
}

impl ErrorType for Hostile {
    type Error = ErrorKind;
}

impl I2c for Hostile {
    fn transaction(&mut self, _: u8, operations: &mut [Operation<'_>]) -> Result<(), ErrorKind> {
        let mut bytes = self.bytes.lock().unwrap();
        let mut register = None;
        for operation in operations {
            match operation {
                Operation::Write(written) => register = written.first().copied(),
                Operation::Read(buffer) => {
                    for byte in buffer.iter_mut() {
                        *byte = bytes.next().unwrap_or(0xFF);
                    }
                    match (self.polite, register) {
                        (true, Some(0xD0)) => buffer.fill(0x60),
                        (true, Some(0xF4)) => buffer.fill(0x54),
                        (true, Some(0xF2)) => buffer[..4].copy_from_slice(&[1, 0, 0x54, 0]),
                        _ => {}
                    }
                }
            }
        }
        match (self.polite, bytes.next()) {
            (false, Some(byte @ 0..8)) => Err([NACK, ErrorKind::Bus][usize::from(byte % 2)]),
            _ => Ok(()),
        }
    }
}

fn assert_believable(measurement: &Measurement) {
    for (quantity, found) in measurement.iter() {
        let Ok(value) = found else { continue };
        let range = match quantity {
            Quantity::Temperature => -40.0..85.0,
            Quantity::Pressure => 300.0..1100.0,
            Quantity::Humidity => 0.0..100.0,
            Quantity::Illuminance => 0.0..121_557.0,
        };
        assert!(range.contains(&value), "{quantity:?} {value}");
    }
}

proptest! {
    #[test]
    fn whatever_the_bus_answers_is_a_value_in_range_or_a_fault(
        bytes in prop::collection::vec(any::<u8>(), 1..300),
        polite: bool,
    ) {
        let bus = Hostile { bytes: Arc::new(Mutex::new(bytes.into_iter().cycle())), polite };
        let (mut climate, mut light) = (Bme280::new(bus.clone(), 0x76), Bh1750::new(bus.clone(), 0x23));
        for _ in 0..4 {
            assert_believable(&climate.measure(&mut NoopDelay));
            assert_believable(&light.measure(&mut NoopDelay));
        }
        let mut sensors = Sensors::new(bus, 0);
        for second in 0..8 {
            let merged = sensors.measure(second * 1000, &mut NoopDelay);
            assert_eq!(merged.iter().count(), 4);
            assert_believable(&merged);
        }
    }
}
