//! HTU21D and SHT4x.

use embedded_hal::i2c::ErrorKind;
use embedded_hal_mock::eh1::delay::{CheckedDelay, NoopDelay, Transaction as Wait};
use embedded_hal_mock::eh1::i2c::{Mock, Transaction};
use minuano_telemetry::{Fault, Quantity};

use super::super::htu21d::{celsius, crc, percent};
use super::super::{Htu21d, Measurement, Sht4x};
use super::{NACK, ask, assert_near, hear, tell};

fn reset() -> Vec<Transaction> {
    vec![tell(0x40, &[0xFE]), ask(0x40, 0xE7, &[0x02])]
}

fn htu21d(temperature: [u8; 3], humidity: [u8; 3]) -> Vec<Transaction> {
    vec![tell(0x40, &[0xF3]), hear(0x40, &temperature), tell(0x40, &[0xF5]), hear(0x40, &humidity)]
}

/// The datasheet's 0x683A, which has bit 1 set: as a temperature's word it is 0x6838.
const WARM: [u8; 3] = [0x68, 0x38, 0x1E];
const MOIST: [u8; 3] = [0x7C, 0x82, 0x97];

fn measure_htu21d(script: &[Transaction]) -> Measurement {
    let mut bus = Mock::new(script);
    let measured = Htu21d::new(bus.clone(), 0x40).measure(&mut NoopDelay);
    bus.done();
    measured
}

#[test]
fn htu21d_checksums_and_conversions_are_the_datasheets() {
    assert_eq!([crc([0x00, 0xDC]), crc([0x68, 0x3A]), crc([0x4E, 0x85])], [0x79, 0x7C, 0x6B]);
    assert_eq!([crc([WARM[0], WARM[1]]), crc([MOIST[0], MOIST[1]])], [WARM[2], MOIST[2]]);
    assert!((celsius(0x683A) - 24.69).abs() < 0.005);
    assert!((percent(0x7C80) - 54.8).abs() < 0.05);
}

#[test]
fn htu21d_measures_without_status_bits_and_waits_for_the_datasheets_maxima() {
    let script = [reset(), htu21d(WARM, MOIST)].concat();
    let mut bus = Mock::new(&script);
    let mut delay =
        CheckedDelay::new(&[Wait::delay_us(15_000), Wait::delay_us(55_000), Wait::delay_us(17_600)]);
    let measured = Htu21d::new(bus.clone(), 0x40).measure(&mut delay);
    bus.done();
    delay.done();
    assert_near(&measured, Quantity::Temperature, celsius(0x6838), 1e-9);
    assert_near(&measured, Quantity::Humidity, percent(0x7C80), 1e-9);
}

#[test]
fn htu21d_faults_are_named() {
    let fault = |tail: Vec<Transaction>| measure_htu21d(&[reset(), tail].concat()).first_fault();
    assert_eq!(fault(htu21d([0x68, 0x38, 0x43], MOIST)[..2].to_vec()), Some(Fault::Crc));
    assert_eq!(fault(htu21d(WARM, [0x7C, 0x82, 0x96])), Some(Fault::Crc));
    assert_eq!(fault(htu21d([0; 3], MOIST)[..2].to_vec()), Some(Fault::Bus), "its checksum is right");
    let humidity_for_temperature = htu21d(MOIST, MOIST)[..2].to_vec();
    assert_eq!(fault(humidity_for_temperature), Some(Fault::Frozen));

    let silent = || vec![tell(0x40, &[0xF3]), hear(0x40, &[0; 3]).with_error(NACK)];
    let there = [silent(), vec![ask(0x40, 0xE7, &[0x02])]].concat();
    assert_eq!(fault(there), Some(Fault::Frozen), "it is there and has nothing to give");
    let gone = [silent(), vec![ask(0x40, 0xE7, &[0]).with_error(NACK)]].concat();
    assert_eq!(fault(gone), Some(Fault::Absent));

    let stuck = [tell(0x40, &[0xFE]), ask(0x40, 0xE7, &[0xFF])];
    assert!(measure_htu21d(&stuck).all_failed_with(Fault::Bus));
    let other = [tell(0x40, &[0xFE]), ask(0x40, 0xE7, &[0x39])];
    assert!(measure_htu21d(&other).all_failed_with(Fault::Absent), "a reset leaves other bits in an HTU21D");
    let failing = [tell(0x40, &[0xFE]).with_error(ErrorKind::Bus)];
    assert!(measure_htu21d(&failing).all_failed_with(Fault::Bus));
}

#[test]
fn htu21d_in_fog_is_saturated_and_a_wet_one_out_of_range() {
    let humidity = |raw: u16| {
        let [high, low] = (raw | 0b10).to_be_bytes();
        let script = [reset(), htu21d(WARM, [high, low, crc([high, low])])].concat();
        measure_htu21d(&script).get(Quantity::Humidity).expect("covered")
    };
    assert_eq!(humidity(0xDBF0), Ok(100.0), "101.4 %");
    assert_eq!(humidity(0xE660), Err(Fault::Range), "106.5 %");
}

#[test]
fn htu21d_is_reset_once_and_again_when_its_resolution_is_another() {
    let script = [
        reset(),
        htu21d(WARM, MOIST),
        vec![ask(0x40, 0xE7, &[0x3A])],
        htu21d([0x68, 0x3C, crc([0x68, 0x3C])], MOIST),
        vec![ask(0x40, 0xE7, &[0x83])],
        reset(),
        htu21d(WARM, MOIST),
    ];
    let mut bus = Mock::new(&script.concat());
    let mut sensor = Htu21d::new(bus.clone(), 0x40);
    for _ in 0..3 {
        assert_eq!(sensor.measure(&mut NoopDelay).first_fault(), None);
    }
    bus.done();
}

/// Sensirion's checksum: the same polynomial, from 0xFF. 0xBEEF has 0x92.
fn words(temperature: u16, humidity: u16) -> Vec<u8> {
    [temperature, humidity]
        .into_iter()
        .flat_map(|word| {
            let [high, low] = word.to_be_bytes();
            [high, low, crc([high ^ 0xFF, low])]
        })
        .collect()
}

fn sht4x(answer: &[u8]) -> Vec<Transaction> {
    vec![tell(0x44, &[0xFD]), hear(0x44, answer)]
}

fn measure_sht4x(script: &[Transaction]) -> Measurement {
    let mut bus = Mock::new(script);
    let measured = Sht4x::new(bus.clone(), 0x44).measure(&mut NoopDelay);
    bus.done();
    measured
}

#[test]
fn sht4x_measures_by_the_datasheets_formulas() {
    assert_eq!(words(0xBEEF, 0)[2], 0x92);
    // −45 + 175 · 0x6666 / 0xFFFF = 25 °C; −6 + 125 · 0x72B0 / 0xFFFF = 50 %.
    let measured = measure_sht4x(&sht4x(&words(0x6666, 0x72B0)));
    assert_near(&measured, Quantity::Temperature, 25.0, 0.005);
    assert_near(&measured, Quantity::Humidity, 50.0, 0.005);
}

#[test]
fn sht4x_faults_are_named() {
    let fault = |script: &[Transaction]| measure_sht4x(script).first_fault();
    let mut damaged = words(0x6666, 0x72B0);
    damaged[5] ^= 1;
    assert_eq!(fault(&sht4x(&damaged)), Some(Fault::Crc));
    assert_eq!(fault(&sht4x(&[0; 6])), Some(Fault::Crc), "a line that is held low");
    assert_eq!(fault(&[tell(0x44, &[0xFD]).with_error(ErrorKind::Bus)]), Some(Fault::Bus));

    let silent = || vec![tell(0x44, &[0xFD]), hear(0x44, &[0; 6]).with_error(NACK), tell(0x44, &[0x89])];
    let there = [silent(), vec![hear(0x44, &words(1, 2))]].concat();
    assert_eq!(fault(&there), Some(Fault::Frozen), "it has a serial number and no measurement");
    let gone = [silent(), vec![hear(0x44, &[0; 6]).with_error(NACK)]].concat();
    assert_eq!(fault(&gone), Some(Fault::Absent));

    let wet = measure_sht4x(&sht4x(&words(0x6666, 0xFFFF)));
    assert_eq!(wet.get(Quantity::Humidity), Some(Err(Fault::Range)), "119 %");
    let fog = measure_sht4x(&sht4x(&words(0x6666, 0xDA00)));
    assert_eq!(fog.get(Quantity::Humidity), Some(Ok(100.0)), "100.4 %");
    let cold = measure_sht4x(&sht4x(&words(0x0000, 0x72B0)));
    assert_eq!(cold.get(Quantity::Temperature), Some(Err(Fault::Range)), "−45 °C");
}
