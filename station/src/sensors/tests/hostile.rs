//! A bus that answers anything: no panic, and no value outside a part's range.

use std::sync::{Arc, Mutex};

use embedded_hal::i2c::{ErrorKind, ErrorType, I2c, Operation};
use embedded_hal_mock::eh1::delay::NoopDelay;
use minuano_telemetry::Quantity;
use proptest::prelude::*;

use super::super::bmp180::{Calibration, Oversampling};
use super::super::{Measurement, Part, Sensor, Sensors, Settings, htu21d};
use super::NACK;

/// Answers with whatever bytes it was given, over and over; a polite one at least says what the
/// part would where it is asked who it is and whether it is done.
#[derive(Clone)]
struct Hostile {
    bytes: Arc<Mutex<std::iter::Cycle<std::vec::IntoIter<u8>>>>,
    polite: bool,
}

impl ErrorType for Hostile {
    type Error = ErrorKind;
}

impl I2c for Hostile {
    fn transaction(&mut self, address: u8, operations: &mut [Operation<'_>]) -> Result<(), ErrorKind> {
        let mut bytes = self.bytes.lock().unwrap();
        let mut register = None;
        for operation in operations {
            match operation {
                Operation::Write(written) => register = written.first().copied(),
                Operation::Read(buffer) => {
                    for byte in buffer.iter_mut() {
                        *byte = bytes.next().unwrap_or(0xFF);
                    }
                    if self.polite {
                        please(address, register, buffer);
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

/// What a part of the address would say where its driver asks who it is, and whether it is done.
fn please(address: u8, register: Option<u8>, buffer: &mut [u8]) {
    match (address, register, buffer) {
        (0x76, Some(0xD0), [id, ..]) => *id = 0x60,
        (0x76, Some(0xF4), [control, ..]) => *control = 0x54,
        (0x76, Some(0xF2), [hum, status, meas, config, ..]) => {
            (*hum, *status, *meas, *config) = (1, 0, 0x54, 0);
        }
        (0x77, Some(0xD0), [id, ..]) => *id = 0x55,
        (0x77, Some(0xF4), [control, ..]) => *control &= !0x20,
        // A BMP390 asks for its own registers at the same address.
        (0x77, Some(0x00), [id, ..]) => *id = 0x60,
        (0x77, Some(0x02), [error, ..]) => *error = 0,
        (0x77, Some(0x03), [status, ..]) => *status = 0x60,
        (0x77, Some(0x1B), [power]) => *power = 0x03,
        (0x77, Some(0x1B), [power, osr, _, _, config]) => (*power, *osr, *config) = (0x03, 0x03, 0),
        (0x10, Some(0x07), [id, ..]) => *id = 0x81,
        (0x40, Some(0xE7), [user, ..]) => *user = 0x02,
        (0x40, _, [high, low, checksum]) => {
            *low &= 0xFC;
            *checksum = htu21d::crc([*high, *low]);
        }
        (0x44, _, [a, b, first, c, d, second]) => {
            (*first, *second) = (sensirion(*a, *b), sensirion(*c, *d));
        }
        _ => {}
    }
}

/// The hygrometers' checksum with the start that Sensirion uses.
fn sensirion(high: u8, low: u8) -> u8 {
    htu21d::crc([high ^ 0xFF, low])
}

fn assert_believable(part: Part, measurement: &Measurement) {
    for (quantity, found) in measurement.iter() {
        let Ok(value) = found else { continue };
        let range = match (quantity, part) {
            (Quantity::Temperature, Part::Sht4x | Part::Htu21d) => -40.0..=125.0,
            (Quantity::Temperature, _) => -40.0..=85.0,
            (Quantity::Pressure, Part::Bmp390) => 300.0..=1250.0,
            (Quantity::Pressure, _) => 300.0..=1100.0,
            (Quantity::Humidity, _) => 0.0..=100.0,
            (Quantity::Illuminance, Part::Veml7700) => 0.0..=120_000.0,
            (Quantity::Illuminance, _) => 0.0..=121_557.0,
        };
        assert!(range.contains(&value), "{part:?} {quantity:?} {value}");
    }
}

proptest! {
    #[test]
    fn whatever_the_bus_answers_is_a_value_in_range_or_a_fault(
        bytes in prop::collection::vec(any::<u8>(), 1..300),
        polite: bool,
    ) {
        let bus = Hostile { bytes: Arc::new(Mutex::new(bytes.into_iter().cycle())), polite };
        for part in Part::ALL {
            let address = part.addresses()[0];
            let mut sensor = Sensor::new(part, bus.clone(), address);
            for _ in 0..4 {
                let measured = sensor.measure(&mut NoopDelay);
                assert_eq!(measured.iter().count(), part.quantities().len());
                assert_believable(part, &measured);
            }
        }
        let mut sensors = Sensors::new(bus, 0, Settings::default());
        for second in 0..8 {
            for reading in sensors.measure_parts(second * 1000, &mut NoopDelay) {
                assert_believable(reading.part, &reading.measured);
            }
            let merged = sensors.measure(second * 1000 + 500, &mut NoopDelay);
            assert_eq!(merged.iter().count(), 4);
        }
    }

    #[test]
    fn no_raw_words_of_a_bmp180_overflow(bytes: [u8; 22], ut: u16, up in 0_u32..1 << 19) {
        if let Ok(calibration) = Calibration::parse(&bytes) {
            let _ = calibration.compensate(ut, up, Oversampling::MOST);
        }
    }
}
