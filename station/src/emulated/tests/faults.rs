//! Every part with every fault: it is named, no wrong value is sent, and the part is back within 30 s of its end.

use minuano_telemetry::{Clock, Fault, Quantity, SensorState};

use super::Rig;
use crate::deliver::tests::log_of;
use crate::emulated::{Ailment, Air, Chip, Trouble};
use crate::health::Board;
use crate::sensors::{Measurement, Part, Settings};

/// What is done to a part, and undone.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Injected {
    Trouble(Trouble),
    Ailment(Ailment),
    /// It comes out of a power cut as another part.
    WrongId,
    Unplugged,
    /// A chip of another kind stands at the address.
    Swapped(Part),
}

const ALL: [Injected; 11] = [
    Injected::Trouble(Trouble::Nack),
    Injected::Trouble(Trouble::Fails),
    Injected::Trouble(Trouble::StuckLow),
    Injected::Trouble(Trouble::StuckHigh),
    Injected::Trouble(Trouble::TimesOut),
    Injected::Ailment(Ailment::BadCrc),
    Injected::Ailment(Ailment::Skips),
    Injected::Ailment(Ailment::Frozen),
    Injected::WrongId,
    Injected::Unplugged,
    Injected::Swapped(Part::Bh1750),
];

/// What the fault is called; `None` where the part cannot have it.
fn expected(part: Part, injected: Injected) -> Option<Fault> {
    use Part::{Bh1750, Htu21d, Sht4x};
    let has_crc = matches!(part, Htu21d | Sht4x);
    Some(match injected {
        Injected::Trouble(Trouble::Nack) | Injected::Unplugged => Fault::Absent,
        Injected::Trouble(Trouble::Fails | Trouble::TimesOut) => Fault::Bus,
        // The checksum of zeros is right for an HTU21D, which therefore looks at them; it is wrong for an SHT4x.
        Injected::Trouble(Trouble::StuckLow) if part == Sht4x => Fault::Crc,
        Injected::Trouble(Trouble::StuckLow) => Fault::Bus,
        Injected::Trouble(Trouble::StuckHigh) => match part {
            Sht4x => Fault::Crc,
            Bh1750 => Fault::Range,
            _ => Fault::Bus,
        },
        Injected::Ailment(Ailment::BadCrc) if has_crc => Fault::Crc,
        Injected::Ailment(Ailment::BadCrc) => return None,
        Injected::Ailment(_) => Fault::Frozen,
        Injected::WrongId if has_crc || part == Bh1750 => return None,
        Injected::WrongId => Fault::Absent,
        Injected::Swapped(_) => match part {
            // The same part again is no fault.
            Bh1750 => return None,
            Sht4x => Fault::Crc,
            // A light sensor's count, 0 as yet, where something else was asked for.
            _ => Fault::Bus,
        },
    })
}

fn inject(rig: &Rig, part: Part, address: u8, injected: Injected) {
    match injected {
        Injected::Trouble(trouble) => rig.chips().trouble(address, Some(trouble)),
        Injected::Ailment(ailment) => rig.chips().ail(address, Some(ailment)),
        Injected::WrongId => {
            rig.chips().attach(address, <dyn Chip>::of(part));
            rig.chips().ail(address, Some(Ailment::WrongId));
        }
        Injected::Unplugged => rig.chips().unplug(address),
        Injected::Swapped(other) => rig.chips().attach(address, <dyn Chip>::of(other)),
    }
}

fn undo(rig: &Rig, part: Part, address: u8, injected: Injected) {
    match injected {
        Injected::Trouble(_) => rig.chips().trouble(address, None),
        Injected::Ailment(_) | Injected::WrongId => rig.chips().ail(address, None),
        Injected::Unplugged => rig.chips().plug(address),
        Injected::Swapped(_) => rig.chips().attach(address, <dyn Chip>::of(part)),
    }
}

/// Whether every value is what the air was, within twice the part's accuracy and the flicker of the light.
fn assert_true(measured: &Measurement, part: Part, air: Air, context: &str) {
    for (quantity, value) in measured.values().iter() {
        let truth = match quantity {
            Quantity::Temperature => air.temperature_c,
            Quantity::Pressure => air.pressure_hpa,
            Quantity::Humidity => air.humidity_pct,
            Quantity::Illuminance => air.illuminance_lx,
        };
        let within = match quantity {
            Quantity::Illuminance => 0.03 * truth + 3.0,
            _ => part.accuracy(quantity, truth).min(0.6),
        };
        assert!((value - truth).abs() <= within, "{context}: {quantity:?} {value} where the air had {truth}");
    }
}

fn sample(rig: &mut Rig, part: Part, context: &str) -> Measurement {
    let measured = rig.sample();
    let at_ms = rig.clock.now_ms() / 1000 * 1000;
    assert_true(&measured, part, rig.weather.at(at_ms), context);
    let mut of_part = Measurement::default();
    for &quantity in part.quantities() {
        of_part.set(quantity, measured.get(quantity).expect("every quantity is covered"));
    }
    of_part
}

#[test]
fn every_fault_of_every_part_is_named_sends_no_wrong_value_and_ends_within_30_s() {
    for part in Part::ALL {
        for injected in ALL {
            let Some(fault) = expected(part, injected) else { continue };
            let context = format!("{part:?} {injected:?}");
            let address = part.addresses()[0];
            let mut rig = Rig::with(&[part], Settings::default());
            // Noon: the air moves, and darkness excuses no light sensor.
            rig.clock.sleep_until_ms(super::START_MS + 18 * 3_600_000);
            for _ in 0..5 {
                assert_eq!(sample(&mut rig, part, &context).first_fault(), None, "{context}");
            }
            for length_s in [1, 5, 40] {
                inject(&rig, part, address, injected);
                let mut named = 0;
                for second in 0..length_s {
                    let measured = sample(&mut rig, part, &context);
                    let found = measured.first_fault();
                    assert!(found.is_some(), "{context}: no fault after {second} s");
                    named += u32::from(found == Some(fault));
                    if second > 5 {
                        let status = rig.sensors.status();
                        assert!(status.iter().any(|of| of.fault.is_some()), "{context}: health says nothing");
                    }
                }
                assert!(named * 10 >= length_s * 8, "{context}: named {named} of {length_s} times");
                undo(&rig, part, address, injected);
                let back = (1..=30).find(|_| sample(&mut rig, part, &context).first_fault().is_none());
                assert!(back.is_some(), "{context}: not back 30 s after {length_s} s");
            }
            assert_eq!(rig.sensors.status().len(), 1, "{context}");
        }
    }
}

/// What `health` says of the sensors, noted as the sampler notes it.
fn health_of(rig: &Rig, board: &Board) -> Vec<(SensorState, Option<Fault>)> {
    board.note(rig.sensors.known().collect(), rig.sensors.status());
    let health = board.health(&log_of(0), Clock::Synchronised).expect("a time of this century");
    health.sensors.iter().map(|sensor| (sensor.state, sensor.fault)).collect()
}

#[test]
fn a_bus_that_times_out_is_a_fault_of_every_sensor_in_health_and_its_end_is_told() {
    let (mut rig, board) = (Rig::new(), Board::default());
    rig.sample();
    assert_eq!(health_of(&rig, &board), [(SensorState::Ok, None); 2]);
    rig.chips().trouble(0x76, Some(Trouble::TimesOut));
    for second in 0..60 {
        assert!(rig.sample().all_failed_with(Fault::Bus), "second {second}");
        assert_eq!(health_of(&rig, &board), [(SensorState::Fault, Some(Fault::Bus)); 2], "second {second}");
    }
    rig.chips().trouble(0x76, None);
    let back = (1..=30).find(|_| rig.sample().first_fault().is_none());
    assert!(back.is_some(), "not back after 30 s");
    assert_eq!(health_of(&rig, &board), [(SensorState::Ok, None); 2]);
}

#[test]
fn a_barometer_that_is_swapped_for_another_is_taken_up_as_what_it_is() {
    let barometers = [Part::Bme280, Part::Bmp280, Part::Bmp390, Part::Bmp180];
    for before in barometers {
        for after in barometers {
            let mut rig = Rig::with(&[], Settings::default());
            rig.chips().attach(0x77, <dyn Chip>::of(before));
            assert_eq!(rig.sample().get(Quantity::Pressure).map(|found| found.is_ok()), Some(true));
            rig.chips().attach(0x77, <dyn Chip>::of(after));
            let context = format!("{before:?} to {after:?}");
            let back = (1..=30).find(|_| sample(&mut rig, after, &context).first_fault().is_none());
            assert!(back.is_some(), "{context}");
            assert_eq!(rig.sensors.known().collect::<Vec<_>>(), [(after, 0x77)], "{context}");
        }
    }
}
