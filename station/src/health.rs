//! How the station is: what goes out on `about` and `health`.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use minuano_telemetry::{About, Clock, Health, Millis, Quantity, SensorAbout, SensorHealth, SensorState};

use crate::config::Config;
use crate::log::Log;
use crate::sensors::{Part, SensorStatus};

/// Of the software.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
const CPU: &str = "/sys/class/thermal/thermal_zone0/temp";

/// What the sampler last said of the sensors, and when the process began.
#[derive(Debug)]
pub struct Board {
    since: Instant,
    sensors: Mutex<Sensors>,
}

/// The sensors, with a count of their changes.
#[derive(Clone, Debug, Default)]
pub struct Sensors {
    /// Those that were ever found: `about` lists them.
    pub known: Vec<(Part, u8)>,
    /// How each is: `health` lists them.
    pub status: Vec<SensorStatus>,
    /// Changes whenever one of these does.
    pub revision: u64,
}

impl Sensors {
    /// What the sensors that were ever found measure; some of it more than once.
    pub fn quantities(&self) -> impl Iterator<Item = Quantity> {
        self.known.iter().flat_map(|(part, _)| part.quantities().iter().copied())
    }
}

impl Default for Board {
    fn default() -> Self {
        Self { since: Instant::now(), sensors: Mutex::default() }
    }
}

impl Board {
    /// Notes how the sensors are; gives whether that is news.
    pub fn note(&self, known: Vec<(Part, u8)>, status: Vec<SensorStatus>) -> bool {
        let mut sensors = self.lock();
        if sensors.status == status && sensors.known == known {
            return false;
        }
        *sensors = Sensors { known, status, revision: sensors.revision + 1 };
        true
    }

    /// The sensors as they were noted last.
    pub fn sensors(&self) -> Sensors {
        self.lock().clone()
    }

    /// How many times the sensors have changed.
    pub fn revision(&self) -> u64 {
        self.lock().revision
    }

    /// `health` at this moment.
    pub fn health(&self, log: &Log, clock: Clock) -> Option<Health> {
        let running = log.running();
        Some(Health {
            version: heapless::String::try_from(VERSION).unwrap_or_default(),
            uptime_s: self.since.elapsed().as_secs(),
            stream: running.id(),
            measured: running.measured(),
            log: log.health(),
            sensors: self.lock().status.iter().filter_map(sensor_health).take(8).collect(),
            clock,
            cpu_c: std::fs::read_to_string(CPU).ok().and_then(|text| cpu_c(&text)),
        })
    }

    fn lock(&self) -> MutexGuard<'_, Sensors> {
        self.sensors.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// `about`, with the sensors that were found.
pub fn about(config: &Config, known: &[(Part, u8)]) -> About {
    let sensors = known.iter().filter_map(|(part, address)| {
        Some(SensorAbout {
            part: heapless::String::try_from(part.name()).ok()?,
            address: *address,
            quantities: part.quantities().iter().copied().take(4).collect(),
        })
    });
    About {
        name: config.place.name.clone(),
        latitude: config.place.latitude,
        longitude: config.place.longitude,
        altitude_m: config.place.altitude_m,
        zone: config.place.zone.clone(),
        version: heapless::String::try_from(VERSION).unwrap_or_default(),
        report_s: report_s(config),
        sensors: sensors.take(8).collect(),
    }
}

/// Seconds between readings, rounded up.
pub fn report_s(config: &Config) -> u32 {
    u32::try_from(config.sampling.report.as_millis().div_ceil(1_000)).unwrap_or(u32::MAX)
}

fn sensor_health(status: &SensorStatus) -> Option<SensorHealth> {
    Some(SensorHealth {
        part: heapless::String::try_from(status.part.name()).ok()?,
        address: status.address,
        state: if status.fault.is_none() { SensorState::Ok } else { SensorState::Fault },
        fault: status.fault,
        since: Millis::new(i64::try_from(status.since_ms).ok()?)?,
        warning: status.warning.and_then(|warning| heapless::String::try_from(&*warning.to_string()).ok()),
    })
}

/// The kernel gives thousandths of a degree.
fn cpu_c(text: &str) -> Option<f64> {
    let thousandths: i32 = text.trim().parse().ok()?;
    Some((f64::from(thousandths) / 100.0).round() / 10.0)
}

#[cfg(test)]
mod tests {
    use minuano_telemetry::Fault;

    use super::*;
    use crate::deliver::tests::log_of;
    use crate::log::READING_BYTES;

    fn status(fault: Option<Fault>) -> SensorStatus {
        SensorStatus { part: Part::Bme280, address: 0x76, fault, since_ms: 1_700_000_000_000, warning: None }
    }

    #[test]
    fn only_a_change_is_news() {
        let board = Board::default();
        assert!(board.note(vec![], vec![status(Some(Fault::Absent))]));
        assert!(board.sensors().known.is_empty());
        assert!(board.note(vec![(Part::Bme280, 0x76)], vec![status(None)]));
        assert!(!board.note(vec![(Part::Bme280, 0x76)], vec![status(None)]));
        assert_eq!((board.revision(), board.sensors().known), (2, vec![(Part::Bme280, 0x76)]));
    }

    #[test]
    fn health_says_what_the_log_holds_and_how_each_sensor_is() {
        let board = Board::default();
        board.note(vec![(Part::Bme280, 0x76)], vec![status(Some(Fault::Bus))]);
        let health = board.health(&log_of(3), Clock::Holdover).unwrap();
        assert_eq!((health.measured, health.log.readings, health.log.bytes), (3, 3, 3 * READING_BYTES));
        assert_eq!(
            (health.sensors[0].state, health.sensors[0].fault),
            (SensorState::Fault, Some(Fault::Bus))
        );
        assert_eq!(health.clock, Clock::Holdover);
    }

    #[test]
    fn the_processors_temperature_is_in_degrees() {
        assert_eq!(cpu_c("48312\n"), Some(48.3));
        assert_eq!(cpu_c("hot"), None);
    }
}
