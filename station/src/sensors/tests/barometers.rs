//! BMP180 and BMP390.

use embedded_hal::i2c::ErrorKind;
use embedded_hal_mock::eh1::delay::{CheckedDelay, NoopDelay, Transaction as Wait};
use embedded_hal_mock::eh1::i2c::{Mock, Transaction};
use minuano_telemetry::{Fault, Quantity};

use super::super::bmp180::{Calibration, Oversampling};
use super::super::{Bmp180, Bmp390, Measurement};
use super::{NACK, ask, assert_near, tell};

/// The datasheet's example: AC 408, −72, −14383, 32741, 32757, 23153; B 6190, 4; MB, MC, MD −32768, −8711, 2868.
const DATASHEET: [u8; 22] = [
    0x01, 0x98, 0xFF, 0xB8, 0xC7, 0xD1, 0x7F, 0xE5, 0x7F, 0xF5, 0x5A, 0x71, 0x18, 0x2E, 0x00, 0x04, 0x80,
    0x00, 0xDD, 0xF9, 0x0B, 0x34,
];
/// UT 27898; UP 23843 · 8, as eight samples would give it.
const UT: [u8; 2] = [0x6C, 0xFA];
const UP: [u8; 3] = [0x5D, 0x23, 0x00];

fn bmp180(ut: [u8; 2], up: [u8; 3]) -> Vec<Transaction> {
    let mut script = vec![ask(0x77, 0xD0, &[0x55]), ask(0x77, 0xAA, &DATASHEET)];
    script.extend(conversions(ut, up));
    script
}

fn conversions(ut: [u8; 2], up: [u8; 3]) -> Vec<Transaction> {
    vec![
        ask(0x77, 0xF6, &[0x80, 0x01]),
        tell(0x77, &[0xF4, 0x2E]),
        ask(0x77, 0xF4, &[0x0E]),
        ask(0x77, 0xF6, &ut),
        tell(0x77, &[0xF4, 0xF4]),
        ask(0x77, 0xF4, &[0xD4]),
        ask(0x77, 0xF6, &up),
    ]
}

fn measure_180(script: &[Transaction]) -> Measurement {
    let mut bus = Mock::new(script);
    let measured = Bmp180::new(bus.clone(), 0x77).measure(&mut NoopDelay);
    bus.done();
    measured
}

#[test]
fn bmp180_computes_the_datasheets_example() {
    let calibration = Calibration::parse(&DATASHEET).expect("sound");
    let once = Oversampling::ALL[0];
    assert_eq!(calibration.compensate(27898, 23843, once), Ok((15.0, 69964.0)));
}

#[test]
fn bmp180_does_not_wrap_in_the_heat() {
    // 16 signed bits end at 32767, near 51 °C.
    let calibration = Calibration::parse(&DATASHEET).expect("sound");
    let celsius = |ut| calibration.compensate(ut, 23843, Oversampling::MOST).expect("computed").0;
    assert!(celsius(32767) > 45.0 && celsius(32768) >= celsius(32767));
    assert!(celsius(36_000) > celsius(32768) && celsius(36_000) < 100.0);
}

#[test]
fn bmp180_waits_for_the_datasheets_maximum_at_every_oversampling() {
    for (oversampling, maximum_us) in Oversampling::ALL.into_iter().zip([4_500, 7_500, 13_500, 25_500]) {
        assert!(oversampling.wait_us() >= maximum_us && oversampling.wait_us() <= maximum_us * 12 / 10);
    }
    let mut bus = Mock::new(&bmp180(UT, UP));
    let mut delay = CheckedDelay::new(&[Wait::delay_us(4_950), Wait::delay_us(28_050)]);
    Bmp180::new(bus.clone(), 0x77).measure(&mut delay);
    bus.done();
    delay.done();
}

#[test]
fn bmp180_measures_the_example_with_eight_samples() {
    let measured = measure_180(&bmp180(UT, UP));
    assert_near(&measured, Quantity::Temperature, 15.0, 0.001);
    assert_near(&measured, Quantity::Pressure, 699.64, 0.1);
    assert_eq!(measured.get(Quantity::Humidity), None);
}

#[test]
fn bmp180_faults_are_named() {
    let id = |id| vec![ask(0x77, 0xD0, &[id])];
    assert!(measure_180(&id(0x60)).all_failed_with(Fault::Absent));
    assert!(measure_180(&id(0x00)).all_failed_with(Fault::Bus));
    assert!(measure_180(&[ask(0x77, 0xD0, &[0]).with_error(NACK)]).all_failed_with(Fault::Absent));
    let broken = [ask(0x77, 0xD0, &[0x55]), ask(0x77, 0xAA, &[0; 22]).with_error(ErrorKind::Bus)];
    assert!(measure_180(&broken).all_failed_with(Fault::Bus));
    let mut misread = DATASHEET;
    misread[4..6].fill(0xFF);
    let misread = [ask(0x77, 0xD0, &[0x55]), ask(0x77, 0xAA, &misread)];
    assert!(measure_180(&misread).all_failed_with(Fault::Bus));

    let mut slow = bmp180(UT, UP);
    slow.truncate(4);
    slow.push(ask(0x77, 0xF4, &[0x2E]));
    assert!(measure_180(&slow).all_failed_with(Fault::Frozen), "it still converts");
    let left = bmp180(UT, [UT[0], UT[1], 0]);
    assert!(measure_180(&left).all_failed_with(Fault::Frozen), "the pressure is the temperature's result");
    let skipped = bmp180([0x80, 0x01], UP);
    assert!(measure_180(&skipped).all_failed_with(Fault::Frozen), "the result is that of before");
    assert!(measure_180(&bmp180([0x80, 0], UP)).all_failed_with(Fault::Frozen), "as after a reset");
}

#[test]
fn bmp180_compensates_with_the_chip_that_is_there() {
    let mut other = DATASHEET;
    other[6] = 0x7E;
    let mut script = bmp180(UT, UP);
    script.extend([ask(0x77, 0xD0, &[0x55]), ask(0x77, 0xAA, &other)]);
    script.extend(conversions([0x6C, 0xFB], UP));
    let mut bus = Mock::new(&script);
    let mut sensor = Bmp180::new(bus.clone(), 0x77);
    let pressure =
        |measured: Measurement| measured.get(Quantity::Pressure).expect("covered").expect("measured");
    let [one, two] = [(); 2].map(|()| pressure(sensor.measure(&mut NoopDelay)));
    assert!((one - two).abs() > 0.02, "{one} {two}");
    bus.done();
}

/// A real chip's, from the crate's tests: 98,370.55 Pa and 25.770746 °C.
const NVM: [u8; 21] = [
    0x98, 0x6C, 0xA9, 0x4A, 0xF9, 0xE3, 0x1C, 0x61, 0x16, 0x06, 0x01, 0x51, 0x4A, 0xDE, 0x5D, 0x03, 0xFA,
    0xF9, 0x0E, 0x06, 0xF5,
];
const DATA: [u8; 6] = [0xCB, 0xB3, 0x6B, 0xD1, 0xBA, 0x82];

fn initialisation() -> Vec<Transaction> {
    vec![
        ask(0x76, 0x00, &[0x60, 0x01]),
        ask(0x76, 0x10, &[0x01, 0x00]),
        tell(0x76, &[0x1B, 0x03, 0x1C, 0x03, 0x1D, 0x03, 0x1F, 0x00]),
        ask(0x76, 0x02, &[0]),
        ask(0x76, 0x31, &NVM),
    ]
}

fn forced(status: u8, power: u8) -> Vec<Transaction> {
    vec![tell(0x76, &[0x1B, 0x13]), ask(0x76, 0x03, &[status]), ask(0x76, 0x1B, &[power])]
}

fn data(data: [u8; 6]) -> Vec<Transaction> {
    vec![ask(0x76, 0x04, &data), ask(0x76, 0x04, &data)]
}

fn id(id: u8) -> Vec<Transaction> {
    vec![ask(0x76, 0x00, &[id])]
}

#[test]
fn bmp390_measures_a_real_chips_words() {
    let script = [id(0x60), initialisation(), forced(0x70, 0x03), data(DATA)];
    let mut bus = Mock::new(&script.concat());
    let measured = Bmp390::new(bus.clone(), 0x76).measure(&mut NoopDelay);
    bus.done();
    assert_near(&measured, Quantity::Temperature, 25.770_746, 0.001);
    assert_near(&measured, Quantity::Pressure, 983.7055, 0.0005);
}

#[test]
fn bmp390_is_initialised_again_when_it_lost_its_settings() {
    let settings = |power, osr| vec![ask(0x76, 0x1B, &[power, osr, 3, 0, 0])];
    let other = |low| [low, 0xB3, 0x6B, 0xD1, 0xBA, 0x82];
    let script = [
        id(0x60),
        initialisation(),
        forced(0x70, 0x03),
        data(other(1)),
        id(0x60),
        settings(0x03, 0x03),
        forced(0x70, 0x03),
        data(other(2)),
        id(0x60),
        settings(0x00, 0x02),
        initialisation(),
        forced(0x70, 0x03),
        data(other(3)),
    ];
    let mut bus = Mock::new(&script.concat());
    let mut sensor = Bmp390::new(bus.clone(), 0x76);
    for _ in 0..3 {
        assert_eq!(sensor.measure(&mut NoopDelay).first_fault(), None);
    }
    bus.done();
}

#[test]
fn bmp390_faults_are_named() {
    let fault = |script: &[Vec<Transaction>]| {
        let mut bus = Mock::new(&script.concat());
        let measured = Bmp390::new(bus.clone(), 0x76).measure(&mut NoopDelay);
        bus.done();
        measured.first_fault()
    };
    assert_eq!(fault(&[id(0x50)]), Some(Fault::Absent), "a BMP388");
    assert_eq!(fault(&[id(0xFF)]), Some(Fault::Bus));
    let ready_never = vec![tell(0x76, &[0x1B, 0x13]), ask(0x76, 0x03, &[0x10]), ask(0x76, 0x03, &[0x30])];
    assert_eq!(fault(&[id(0x60), initialisation(), ready_never]), Some(Fault::Frozen));
    let mut refused = initialisation();
    refused.truncate(3);
    refused.push(ask(0x76, 0x02, &[0x04]));
    assert_eq!(fault(&[id(0x60), refused]), Some(Fault::Bus), "it says that its settings are wrong");
    let vacuum = data([0xFF; 6]);
    assert_eq!(fault(&[id(0x60), initialisation(), forced(0x70, 0x03), vacuum]), Some(Fault::Range));
}
