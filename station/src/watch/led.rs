//! The status LED on one of the Raspberry Pi's pins.

use std::sync::Arc;
use std::time::Duration;

use rppal::gpio::{Gpio, OutputPin};
use tracing::{info, warn};

use crate::station::Station;

/// On and off in turn, in milliseconds.
type Pattern = &'static [u64];

/// A short flash now and then.
const FINE: Pattern = &[50, 2_950];
/// As long on as off.
const NO_LINK: Pattern = &[500, 500];
/// Three flashes and a pause.
const SENSOR_FAULT: Pattern = &[100, 150, 100, 150, 100, 1_400];

/// Something that shines.
pub(super) trait Lamp: Send {
    /// Switches it.
    fn set(&mut self, on: bool);
}

impl Lamp for OutputPin {
    fn set(&mut self, on: bool) {
        if on {
            self.set_high();
        } else {
            self.set_low();
        }
    }
}

/// The LED on this pin. A machine without one is said once and is no error.
pub(super) fn open(pin: u8) -> Option<OutputPin> {
    match Gpio::new().and_then(|gpio| gpio.get(pin)) {
        Ok(found) => {
            info!(pin, "status LED");
            Some(found.into_output_low())
        }
        Err(error) => {
            warn!("no status LED on pin {pin}: {error}; going on without it");
            None
        }
    }
}

/// Shows how the station is, for ever.
pub(super) async fn shine(mut lamp: impl Lamp, station: Arc<Station>) {
    loop {
        for (index, &ms) in pattern(&station).iter().enumerate() {
            lamp.set(index.is_multiple_of(2));
            tokio::time::sleep(Duration::from_millis(ms)).await;
        }
    }
}

/// A sensor's fault comes before a missing link: it is the one that wants a person at the mast.
fn pattern(station: &Station) -> Pattern {
    let sensors = station.board.sensors().status;
    if sensors.is_empty() || sensors.iter().any(|sensor| sensor.fault.is_some()) {
        SENSOR_FAULT
    } else if station.signs.is_linked() {
        FINE
    } else {
        NO_LINK
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use minuano_telemetry::Fault;

    use super::*;
    use crate::clock::Clock;
    use crate::config::ClockSource;
    use crate::deliver::tests::log_of;
    use crate::sensors::{Part, SensorStatus};

    #[derive(Clone, Default)]
    struct Seen(Arc<Mutex<Vec<bool>>>);

    impl Lamp for Seen {
        fn set(&mut self, on: bool) {
            self.0.lock().unwrap().push(on);
        }
    }

    fn station() -> Station {
        Station::new(log_of(0), Clock::system(ClockSource::Trust))
    }

    fn note(station: &Station, fault: Option<Fault>) {
        let status = SensorStatus { part: Part::Bme280, address: 0x76, fault, since_ms: 0, warning: None };
        station.board.note(vec![(Part::Bme280, 0x76)], vec![status]);
    }

    #[test]
    fn each_state_has_its_pattern() {
        let station = station();
        assert_eq!(pattern(&station), SENSOR_FAULT, "no sensor at all");
        note(&station, None);
        assert_eq!(pattern(&station), NO_LINK);
        station.signs.link(true);
        assert_eq!(pattern(&station), FINE);
        note(&station, Some(Fault::Bus));
        assert_eq!(pattern(&station), SENSOR_FAULT);
    }

    #[tokio::test(start_paused = true)]
    async fn the_lamp_follows_the_pattern() {
        let (seen, station) = (Seen::default(), Arc::new(station()));
        let task = tokio::spawn(shine(seen.clone(), station));
        tokio::time::sleep(Duration::from_millis(1_999)).await;
        assert_eq!(*seen.0.lock().unwrap(), [true, false, true, false, true, false]);
        tokio::time::sleep(Duration::from_millis(2)).await;
        assert_eq!(seen.0.lock().unwrap().len(), 7, "and over again");
        task.abort();
    }

    #[test]
    fn a_machine_without_pins_goes_on_without() {
        // On a Raspberry Pi it is there, and this shows nothing.
        let _ = open(17);
    }
}
