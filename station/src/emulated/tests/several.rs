//! Several parts on one bus: the reference hat, preference, cross-check, named parts, calibration.

use minuano_telemetry::{Fault, Quantity};

use super::Rig;
use crate::emulated::{Ailment, Chip, Trouble};
use crate::sensors::{Calibration, Linear, Part, Settings};

fn off_by(offset: f64, quantity: Quantity) -> Calibration {
    let mut calibration = Calibration::default();
    calibration.0.set(quantity, Some(Linear { scale: 1.0, offset }));
    calibration
}

#[test]
fn the_reference_hat_measures_everything() {
    let mut rig = Rig::with(&[Part::Bmp180, Part::Htu21d, Part::Bh1750], Settings::default());
    for _ in 0..60 {
        let measured = rig.sample();
        assert_eq!((measured.iter().count(), measured.first_fault()), (4, None));
    }
    let known: Vec<_> = rig.sensors.known().collect();
    assert_eq!(known, [(Part::Htu21d, 0x40), (Part::Bmp180, 0x77), (Part::Bh1750, 0x23)]);
}

#[test]
fn every_part_at_once_agrees_and_a_hat_shares_its_addresses_with_a_bme280() {
    let mut rig = Rig::with(&Part::ALL, Settings::default());
    rig.clock.sleep_until_ms(super::START_MS + 18 * 3_600_000);
    for _ in 0..60 {
        assert_eq!(rig.sample().first_fault(), None);
    }
    // BMP390 at 0x77, BME280 at 0x76; the BMP280 and the BMP180 have found no free place.
    assert_eq!(rig.sensors.known().count(), 6);
    assert!(rig.sensors.status().iter().all(|status| status.warning.is_none() && status.fault.is_none()));
}

#[test]
fn a_day_of_every_part_raises_no_false_alarm() {
    for parts in
        [Part::ALL.as_slice(), &[Part::Bmp180, Part::Htu21d, Part::Bh1750], &[Part::Bmp280, Part::Veml7700]]
    {
        let mut rig = Rig::with(parts, Settings::default());
        for step in 1..=5_760 {
            // Pairs of samples a second apart, since a light that hardly changes is what alarms.
            rig.clock.sleep_until_ms(super::START_MS + step / 2 * 30_000);
            rig.sample();
            let status = rig.sensors.status();
            assert!(status.iter().all(|of| of.fault.is_none() && of.warning.is_none()), "{step}: {status:?}");
        }
    }
}

#[test]
fn the_preferred_part_counts_and_the_other_takes_its_place_when_it_fails() {
    let mut settings = Settings::default();
    settings.calibrations.own = vec![(Part::Bme280, 0x76, off_by(0.5, Quantity::Pressure))];
    let mut rig = Rig::with(&[Part::Bme280, Part::Bmp390], settings.clone());
    let pressure = |rig: &mut Rig| {
        let truth = rig.clock.now_ms() / 1000 * 1000 + 1000;
        let measured = rig.sample().get(Quantity::Pressure).expect("covered").expect("measured");
        measured - rig.weather.at(truth).pressure_hpa
    };
    assert!(pressure(&mut rig).abs() < 0.1, "the BMP390 is the more exact one");
    rig.chips().trouble(0x77, Some(Trouble::Nack));
    assert!((pressure(&mut rig) - 0.5).abs() < 0.1, "the other one, as it is calibrated");
    rig.chips().trouble(0x77, None);
    assert!(pressure(&mut rig).abs() < 0.1);

    settings.preference.prefer(Quantity::Pressure, &[Part::Bme280]);
    let mut rig = Rig::with(&[Part::Bme280, Part::Bmp390], settings);
    assert!((pressure(&mut rig) - 0.5).abs() < 0.1);
}

#[test]
fn a_difference_beyond_both_accuracies_is_a_warning_while_it_lasts() {
    let mut settings = Settings::default();
    settings.calibrations.own = vec![(Part::Htu21d, 0x40, off_by(2.0, Quantity::Temperature))];
    let mut rig = Rig::with(&[Part::Htu21d, Part::Sht4x], settings);
    rig.sample();
    let warnings = |rig: &Rig| -> Vec<String> {
        let of = rig.sensors.status();
        of.iter().filter_map(|status| Some(format!("{} {}", status.part.name(), status.warning?))).collect()
    };
    assert!(warnings(&rig).is_empty(), "one sample is not enough");
    let revision = rig.sensors.revision();
    for _ in 0..15 {
        let measured = rig.sample();
        assert!(
            measured.get(Quantity::Temperature).is_some_and(|found| found.is_ok()),
            "a warning is no fault"
        );
    }
    let said = "htu21d temperature_c differs from sht4x at 0x44 by more than both may be off";
    assert_eq!(warnings(&rig), [said]);
    assert_ne!(rig.sensors.revision(), revision);
    rig.chips().attach(0x40, <dyn Chip>::of(Part::Bh1750));
    for _ in 0..5 {
        rig.sample();
    }
    assert!(rig.sensors.status()[0].fault.is_some());
}

#[test]
fn a_named_part_is_the_only_one_that_is_taken() {
    let settings =
        Settings { named: vec![(Part::Bmp180, 0x77), (Part::Htu21d, 0x40)], ..Settings::default() };
    let mut rig = Rig::with(&[Part::Bmp390, Part::Bh1750], settings);
    for _ in 0..5 {
        assert!(rig.sample().all_failed_with(Fault::Absent), "neither is the named part, nor at its place");
    }
    let status: Vec<_> = rig.sensors.status().iter().map(|of| (of.part, of.address, of.fault)).collect();
    let absent = Some(Fault::Absent);
    assert_eq!(status, [(Part::Bmp180, 0x77, absent), (Part::Htu21d, 0x40, absent)]);
    rig.chips().attach(0x77, <dyn Chip>::of(Part::Bmp180));
    assert!((0..30).any(|_| rig.sample().get(Quantity::Pressure).is_some_and(|found| found.is_ok())));
}

#[test]
fn fog_leaves_the_station_its_sight() {
    let mut rig = Rig::with(&[Part::Htu21d], Settings::default());
    rig.sample();
    rig.chips().ail(0x40, Some(Ailment::BadCrc));
    let blind = rig.sample();
    assert_eq!(blind.get(Quantity::Humidity), Some(Err(Fault::Crc)));
    assert_eq!(blind.get(Quantity::Illuminance), Some(Err(Fault::Absent)), "nothing here measures it");
}
