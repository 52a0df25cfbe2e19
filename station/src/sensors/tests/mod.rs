//! The drivers against scripted transactions, and against a bus that answers anything.

mod barometers;
mod bme280;
mod hostile;
mod hygrometers;
mod light;

use embedded_hal::i2c::{ErrorKind, NoAcknowledgeSource};
use embedded_hal_mock::eh1::i2c::Transaction;
use minuano_telemetry::Quantity;

use super::Measurement;

const NACK: ErrorKind = ErrorKind::NoAcknowledge(NoAcknowledgeSource::Unknown);

fn ask(address: u8, register: u8, answer: &[u8]) -> Transaction {
    Transaction::write_read(address, vec![register], answer.to_vec())
}

fn tell(address: u8, bytes: &[u8]) -> Transaction {
    Transaction::write(address, bytes.to_vec())
}

fn hear(address: u8, answer: &[u8]) -> Transaction {
    Transaction::read(address, answer.to_vec())
}

fn assert_near(measured: &Measurement, quantity: Quantity, expected: f64, within: f64) {
    let value = measured.get(quantity).expect("covered").expect("measured");
    assert!((value - expected).abs() <= within, "{quantity:?} {value} for {expected}");
}
