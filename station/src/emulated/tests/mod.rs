//! The chips through the real drivers: what the air is, the station reads.

use minuano_telemetry::{Fault, Quantity};
use proptest::prelude::*;

use super::*;
use crate::bus::{Bus, Delay};
use crate::sensors::{Answer, Part, Sensors, Settings, scan};

mod faults;
mod several;

const START_MS: u64 = 1_795_132_800_000;

struct Rig {
    clock: Clock,
    bus: Bus,
    delay: Delay,
    sensors: Sensors<Bus>,
    weather: Weather,
}

impl Rig {
    fn new() -> Self {
        Self::with(&[Part::Bme280, Part::Bh1750], Settings::default())
    }

    fn with(parts: &[Part], settings: Settings) -> Self {
        let clock = Clock::starting(START_MS);
        let weather = weather();
        let (bus, delay) = Bus::emulated(&clock, weather.clone(), parts);
        let sensors = Sensors::new(bus.clone(), START_MS, settings);
        Self { clock, bus, delay, sensors, weather }
    }

    fn chips(&self) -> &EmulatedBus {
        match &self.bus {
            Bus::Emulated(bus) => bus,
            Bus::Linux(_) => unreachable!("the rig is emulated"),
        }
    }

    /// One sample at the next full second.
    fn sample(&mut self) -> crate::sensors::Measurement {
        let next_ms = (self.clock.now_ms() / 1000 + 1) * 1000;
        self.clock.sleep_until_ms(next_ms);
        self.sensors.measure(next_ms, &mut self.delay)
    }
}

fn weather() -> Weather {
    Weather::new(Series::built_in().expect("sound"), "roof")
}

#[test]
fn an_hour_of_weather_passes_through_the_drivers() {
    let (mut rig, weather) = (Rig::new(), weather());
    rig.clock.sleep_until_ms(START_MS + 18 * 3_600_000);
    for _ in 0..3600 {
        let values = rig.sample().values();
        let at_ms = rig.clock.now_ms() / 1000 * 1000;
        let air = weather.at(at_ms);
        let off = |quantity, truth: f64| (values.get(quantity).expect("measured") - truth).abs();
        // The conversion begins a few milliseconds after the full second, in air that flickers.
        assert!(off(Quantity::Temperature, air.temperature_c) < 0.05);
        assert!(off(Quantity::Pressure, air.pressure_hpa) < 0.08);
        assert!(off(Quantity::Humidity, air.humidity_pct) < 0.37);
        assert!(off(Quantity::Illuminance, air.illuminance_lx) < air.illuminance_lx * 0.02 + 1.0);
    }
}

#[test]
fn a_whole_day_has_no_fault_and_a_noon_beyond_the_usual_sensitivity() {
    let mut rig = Rig::new();
    let mut brightest: f64 = 0.0;
    for minute in 1..=1440 {
        rig.clock.sleep_until_ms(START_MS + minute * 60_000);
        let measured = rig.sample();
        assert_eq!(measured.first_fault(), None, "minute {minute}");
        brightest = brightest.max(measured.values().get(Quantity::Illuminance).expect("measured"));
    }
    assert!(brightest > 54_612.0, "{brightest}");
}

#[test]
fn a_sensor_that_is_unplugged_is_absent_and_is_taken_up_again() {
    let mut rig = Rig::new();
    assert_eq!(rig.sample().first_fault(), None);
    let revision = rig.sensors.revision();
    rig.chips().unplug(0x76);
    for _ in 0..30 {
        let faults = rig.sample().faults();
        assert_eq!(faults.get(Quantity::Temperature), Some(Fault::Absent));
        assert_eq!(faults.get(Quantity::Illuminance), None);
    }
    let status = rig.sensors.status();
    assert_eq!((status[0].address, status[0].fault), (0x76, Some(Fault::Absent)));
    assert_eq!((status[1].address, status[1].fault), (0x23, None));
    assert!(status[0].since_ms > START_MS && status[0].since_ms <= START_MS + 3_000);
    rig.chips().plug(0x76);
    let until_back = (0..40).take_while(|_| rig.sample().first_fault().is_some()).count();
    assert!(until_back < 40);
    assert_ne!(rig.sensors.revision(), revision);
    assert_eq!(rig.sensors.known().count(), 2);
}

#[test]
fn a_station_without_sensors_reports_every_quantity_absent() {
    let mut rig = Rig::new();
    rig.chips().unplug(0x76);
    rig.chips().unplug(0x23);
    for _ in 0..5 {
        let measured = rig.sample();
        assert_eq!(measured.iter().count(), 4);
        assert!(measured.all_failed_with(Fault::Absent));
    }
    assert_eq!(rig.sensors.known().count(), 0);
    assert!(rig.sensors.status().is_empty(), "nothing is named, nothing was found");
    rig.chips().plug(0x23);
    assert!((0..10).any(|_| rig.sample().get(Quantity::Illuminance).is_some_and(|found| found.is_ok())));
}

#[test]
fn a_power_cut_of_the_chip_between_two_samples_costs_no_reading() {
    let mut rig = Rig::new();
    rig.sample();
    rig.chips().attach(0x76, <dyn Chip>::of(Part::Bme280));
    assert_eq!(rig.sample().first_fault(), None);
}

#[test]
fn a_scan_names_what_stands_where() {
    let mut rig = Rig::new();
    let found = scan(&rig.bus, &mut rig.delay);
    let parts: Vec<_> = found
        .iter()
        .filter_map(|(address, answer)| match answer {
            Answer::Sensor(sensor) => Some((*address, sensor.part().name())),
            _ => None,
        })
        .collect();
    assert_eq!(parts, [(0x76, "bme280"), (0x23, "bh1750")]);
    assert_eq!(found.len(), 8);
}

fn read<const N: usize>(chip: &mut Bme280Chip, register: u8, now_us: u64) -> [u8; N] {
    let mut bytes = [0; N];
    chip.write(&[register], now_us);
    chip.read(&mut bytes, now_us);
    bytes
}

const SKIPPED: [u8; 8] = [0x80, 0, 0, 0x80, 0, 0, 0x80, 0];

#[test]
fn the_bme280_takes_its_time_and_falls_asleep() {
    let mut chip = Bme280Chip::default();
    assert_eq!(read(&mut chip, 0xD0, 0), [0x60]);
    chip.write(&[0xF2, 0x01, 0xF4, 0x55], 0);
    assert_eq!(read(&mut chip, 0xF3, 46_099), [0x08, 0x55]);
    assert_eq!(read(&mut chip, 0xF7, 46_099), SKIPPED);
    assert_eq!(read(&mut chip, 0xF3, 46_100), [0x00, 0x54]);
    assert_ne!(read::<8>(&mut chip, 0xF7, 46_100), SKIPPED);
    chip.write(&[0xE0, 0xB6], 50_000);
    assert_eq!(read(&mut chip, 0xF7, 50_000), SKIPPED);
    assert_eq!(read(&mut chip, 0xF2, 50_000), [0, 0, 0, 0]);
}

#[test]
fn the_bme280_skips_what_is_not_oversampled_and_latches_humidity_control() {
    let mut chip = Bme280Chip::default();
    chip.write(&[0xF4, 0x25, 0xF2, 0x01], 0);
    let data: [u8; 8] = read(&mut chip, 0xF7, 1_000_000);
    assert_ne!(data[..3], SKIPPED[..3]);
    assert_eq!(data[6..], SKIPPED[6..], "ctrl_hum takes effect with the next write to ctrl_meas");
    chip.write(&[0xF4, 0x01], 1_000_000);
    let data: [u8; 8] = read(&mut chip, 0xF7, 2_000_000);
    assert_eq!(data[..6], SKIPPED[..6]);
    assert_ne!(data[6..], SKIPPED[6..]);
}

#[test]
fn the_bme280_in_normal_mode_goes_on_and_its_filter_smooths() {
    let mut chip = Bme280Chip::default();
    let temperature = |chip: &mut Bme280Chip, now_us| {
        let [a, b, c] = read::<3>(chip, 0xFA, now_us);
        i64::from(u32::from_be_bytes([0, a, b, c]) >> 4)
    };
    chip.write(&[0xF5, 0b0000_0100, 0xF2, 1, 0xF4, 0x27], 0);
    let before = temperature(&mut chip, 20_000);
    chip.expose(Air { temperature_c: 25.0, ..Air::default() });
    let all: Vec<_> = (2..8).map(|step| temperature(&mut chip, step * 20_000)).collect();
    assert!(all.windows(2).all(|pair| pair[0] <= pair[1]), "{all:?}");
    assert!((all[0] - before).abs() < 30, "the running conversion felt the air before");
    assert!(all[1] > before && all[5] > all[1]);
}

proptest! {
    #[test]
    fn what_the_air_is_the_driver_reads(
        temperature_c in -39.9..84.9_f64,
        pressure_hpa in 300.1..1099.9_f64,
        humidity_pct in 0.1..99.9_f64,
        illuminance_lx in 0.0..121_500.0_f64,
    ) {
        let clock = Clock::starting(0);
        let row = |time: &str| {
            format!("2020-01-01T{time}Z,{temperature_c},{pressure_hpa},{humidity_pct},{}\n", illuminance_lx / 120.0)
        };
        let rows: String = (0..24).map(|hour| row(&format!("{hour:02}:00:00"))).collect();
        let text = format!("time,temperature_c,pressure_hpa,humidity_pct,solar_w_m2\n{rows}");
        let weather = Weather::new(Series::parse("constant", &text).expect("sound"), "roof");
        // The station's own offset and flicker are part of the air.
        let air = weather.at(0);
        let (bus, mut delay) = Bus::emulated(&clock, weather, &[Part::Bme280, Part::Bh1750]);
        let measured = Sensors::new(bus, 0, Settings::default()).measure(0, &mut delay);
        let reads = |quantity, truth: f64, low: f64, high: f64, within: f64| {
            match measured.get(quantity).expect("covered") {
                Ok(value) => assert!((value - truth).abs() <= within, "{quantity:?} {value} for {truth}"),
                Err(fault) => {
                    assert_eq!(fault, Fault::Range);
                    assert!(truth < low + within || truth > high - within, "{quantity:?} {truth}");
                }
            }
        };
        reads(Quantity::Temperature, air.temperature_c, -40.0, 85.0, 0.008);
        reads(Quantity::Pressure, air.pressure_hpa, 300.0, 1100.0, 0.02);
        reads(Quantity::Humidity, air.humidity_pct, 0.0, 100.0, 0.03);
        // The light is measured last, in air that has flickered on.
        reads(Quantity::Illuminance, air.illuminance_lx, 0.0, 121_556.0, air.illuminance_lx * 0.01 + 2.0);
    }

    #[test]
    fn no_bytes_upset_the_bme280(
        writes: Vec<(Vec<u8>, u64, usize)>,
        air in any::<(f64, f64, f64)>(),
    ) {
        let mut chip = Bme280Chip::default();
        let (temperature_c, pressure_hpa, humidity_pct) = air;
        chip.expose(Air { temperature_c, pressure_hpa, humidity_pct, illuminance_lx: 0.0 });
        for (bytes, now_us, length) in writes {
            chip.write(&bytes, now_us);
            chip.read(&mut vec![0; length % 300], now_us);
        }
    }

    #[test]
    fn no_settings_upset_the_bme280(settings: Vec<(u8, u8)>) {
        let mut chip = Bme280Chip::default();
        for (step, (register, value)) in (0_u64..).zip(settings) {
            chip.write(&[0xF2 + register % 5, value], step * 100_000);
            read::<8>(&mut chip, 0xF7, step * 100_000 + 50_000);
        }
    }
}
