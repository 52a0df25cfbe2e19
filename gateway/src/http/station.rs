//! The form of a station: what it is, how it is, its day so far.

use minuano_telemetry::{About, Health, Millis, Quantity, SensorState, StationName};
use serde::Serialize;
use utoipa::ToSchema;

use super::reading::{Clock, Reading, Timestamp};
use super::readings::zone;
use super::tendency::PressureTendency;
use crate::directory::{Presence, StationNow};
use crate::store::query::buckets::{Bucket, Summary, Wanted, Width};

/// A station, now. What it has not said yet is null.
#[derive(Debug, Serialize, ToSchema)]
pub struct Station {
    /// Its name.
    #[schema(example = "roof")]
    station: String,
    /// Whether it is there.
    state: StationState,
    /// Since when.
    since: Option<Timestamp>,
    /// Where it stands.
    place: Option<Place>,
    /// Of its software.
    version: Option<String>,
    /// Seconds between its readings.
    report_s: Option<u32>,
    /// The parts that it found on its bus.
    sensors: Vec<Sensor>,
    /// When anything came from it.
    last_seen: Option<Timestamp>,
    /// Its newest reading by time of observation.
    last_reading: Option<Reading>,
    /// What the pressure did in the three hours before it; null where they are not covered.
    tendency: Option<PressureTendency>,
    /// Extremes since midnight in its zone; null before the day's first reading.
    today: Option<Today>,
    /// How it is.
    health: Option<StationHealth>,
    /// measured = stored + lost.
    counts: Counts,
    /// The other gateway that acknowledges this station; null: this one does.
    owner: Option<String>,
}

/// Whether a station is there.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum StationState {
    /// It has said nothing of itself yet.
    Unknown,
    /// It speaks.
    Online,
    /// Its will says so, or it was silent for three report intervals.
    Offline,
    /// Its owner stopped it.
    Stopped,
}

impl From<Presence> for StationState {
    fn from(presence: Presence) -> Self {
        match presence {
            Presence::Unknown => Self::Unknown,
            Presence::Online => Self::Online,
            Presence::Offline => Self::Offline,
            Presence::Stopped => Self::Stopped,
        }
    }
}

/// Where a station stands.
#[derive(Debug, Serialize, ToSchema)]
pub struct Place {
    /// Its name for people.
    name: String,
    /// Degrees north.
    latitude: Option<f64>,
    /// Degrees east.
    longitude: Option<f64>,
    /// Metres above mean sea level.
    altitude_m: Option<f64>,
    /// IANA time zone in which its days begin.
    zone: Option<String>,
}

/// A part on the bus.
#[derive(Debug, Serialize, ToSchema)]
pub struct Sensor {
    #[schema(example = "bme280")]
    part: String,
    /// 7 bits.
    #[schema(example = 118)]
    address: u8,
    /// What it measures.
    #[schema(example = json!(["temperature_c", "pressure_hpa", "humidity_pct"]))]
    quantities: Vec<&'static str>,
}

/// The extremes of a day. Values with flag 4 (fail) are left out.
#[derive(Debug, Serialize, ToSchema)]
pub struct Today {
    /// The day in `zone`.
    #[schema(format = Date, example = "2026-11-20")]
    date: String,
    /// UTC where the station does not say.
    #[schema(example = "America/Denver")]
    zone: String,
    quantities: ExtremesByQuantity,
}

/// Quantities that have any value which did not fail.
#[derive(Debug, Serialize, ToSchema)]
pub struct ExtremesByQuantity {
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    temperature_c: Option<Extremes>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pressure_hpa: Option<Extremes>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    humidity_pct: Option<Extremes>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    illuminance_lx: Option<Extremes>,
}

/// The least and the greatest value, each with the time at which it was first seen.
#[derive(Debug, Serialize, ToSchema)]
pub struct Extremes {
    min: f64,
    min_at: Timestamp,
    max: f64,
    max_at: Timestamp,
}

/// What a station says of itself each minute.
#[derive(Debug, Serialize, ToSchema)]
pub struct StationHealth {
    /// When the gateway had it.
    at: Timestamp,
    version: String,
    /// Seconds since the process started.
    uptime_s: u64,
    /// The running stream.
    stream: String,
    /// Readings measured in it.
    measured: u64,
    log: Log,
    sensors: Vec<SensorNow>,
    clock: Clock,
    /// The processor's temperature in °C, where it can be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    cpu_c: Option<f64>,
}

/// What a station's log holds.
#[derive(Debug, Serialize, ToSchema)]
pub struct Log {
    /// Readings not yet acknowledged.
    pub readings: u64,
    /// Their size.
    pub bytes: u64,
    /// Readings that overflow took since the stream began.
    pub lost: u64,
    /// Why the log is in RAM alone, or which of its files it does not understand.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub fault: Option<String>,
}

/// How a sensor is.
#[derive(Debug, Serialize, ToSchema)]
pub struct SensorNow {
    part: String,
    address: u8,
    #[schema(pattern = "^(ok|fault)$")]
    state: &'static str,
    /// `bus`, `crc`, `range`, `frozen` or `absent`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    fault: Option<&'static str>,
    since: Timestamp,
    /// What a person should look at although it measures.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    warning: Option<String>,
}

/// How a station's readings are accounted for.
#[derive(Debug, Serialize, ToSchema)]
pub struct Counts {
    /// On disk here.
    stored: u64,
    /// Measured, and never to come.
    lost: u64,
    /// Came again.
    duplicates: u64,
    /// Acknowledged by an older gateway or a lost store.
    elsewhere: u64,
}

/// The day in which a moment lies, in a station's zone.
pub struct Day {
    date: String,
    zone: String,
    /// What answers it.
    pub wanted: Wanted,
}

impl Day {
    /// The day in which `at` lies for the station in this row.
    pub fn of(row: i64, station: &StationNow, at: Millis) -> Option<Self> {
        let zone = zone(station);
        let moment = jiff::Timestamp::from_millisecond(at.get()).unwrap_or_default();
        let date = moment.to_zoned(zone.clone()).date().to_string();
        let name = zone.iana_name().unwrap_or("UTC").to_owned();
        let width = Width::Day(zone);
        let (from, to) = width.around(at.get());
        let (from, to) = (Millis::new(from)?, Millis::new(to)?);
        Some(Self { date, zone: name, wanted: Wanted { station: row, from, to, width, limit: 1 } })
    }

    /// Its extremes; none before its first reading.
    pub fn extremes(self, day: Option<Bucket>) -> Option<Today> {
        let day = day?;
        let extremes = |quantity| day.quantities.get(quantity).and_then(Extremes::of);
        Some(Today {
            date: self.date,
            zone: self.zone,
            quantities: ExtremesByQuantity {
                temperature_c: extremes(Quantity::Temperature),
                pressure_hpa: extremes(Quantity::Pressure),
                humidity_pct: extremes(Quantity::Humidity),
                illuminance_lx: extremes(Quantity::Illuminance),
            },
        })
    }
}

impl Extremes {
    fn of(summary: Summary) -> Option<Self> {
        let spread = summary.spread?;
        Some(Self {
            min: spread.min,
            min_at: Timestamp(spread.min_at),
            max: spread.max,
            max_at: Timestamp(spread.max_at),
        })
    }
}

impl Station {
    /// What is known of it.
    pub fn new(
        name: &StationName,
        now: &StationNow,
        today: Option<Today>,
        tendency: Option<PressureTendency>,
    ) -> Self {
        let about = now.about();
        let about = about.as_ref();
        Self {
            station: name.to_string(),
            state: now.presence.into(),
            since: now.since.map(Timestamp),
            place: about.map(Place::from),
            version: about.map(|about| about.version.as_str().to_owned()),
            report_s: about.map(|about| about.report_s),
            sensors: about.map(sensors).unwrap_or_default(),
            last_seen: now.last_seen.map(Timestamp),
            last_reading: now.last_reading.as_deref().map(|reading| Reading::new(reading, now.altitude_m)),
            tendency,
            today,
            health: now
                .health
                .as_ref()
                .and_then(|(at, health)| Some(StationHealth::new(*at, &health.read()?))),
            counts: Counts {
                stored: now.counts.stored,
                lost: now.counts.lost(),
                duplicates: now.counts.duplicates,
                elsewhere: now.counts.elsewhere,
            },
            owner: now.owner.as_ref().map(ToString::to_string),
        }
    }
}

impl From<&About> for Place {
    fn from(about: &About) -> Self {
        Self {
            name: about.name.as_str().to_owned(),
            latitude: about.latitude,
            longitude: about.longitude,
            altitude_m: about.altitude_m,
            zone: about.zone.as_ref().map(|zone| zone.as_str().to_owned()),
        }
    }
}

fn sensors(about: &About) -> Vec<Sensor> {
    let sensor = |sensor: &minuano_telemetry::SensorAbout| Sensor {
        part: sensor.part.as_str().to_owned(),
        address: sensor.address,
        quantities: sensor.quantities.iter().map(|quantity| quantity.key()).collect(),
    };
    about.sensors.iter().map(sensor).collect()
}

impl From<&minuano_telemetry::SensorHealth> for SensorNow {
    fn from(sensor: &minuano_telemetry::SensorHealth) -> Self {
        Self {
            part: sensor.part.as_str().to_owned(),
            address: sensor.address,
            state: match sensor.state {
                SensorState::Ok => "ok",
                SensorState::Fault => "fault",
            },
            fault: sensor.fault.map(minuano_telemetry::Fault::word),
            since: Timestamp(sensor.since),
            warning: sensor.warning.as_ref().map(|warning| warning.as_str().to_owned()),
        }
    }
}

impl StationHealth {
    fn new(at: Millis, health: &Health) -> Self {
        Self {
            at: Timestamp(at),
            version: health.version.as_str().to_owned(),
            uptime_s: health.uptime_s,
            stream: health.stream.to_string(),
            measured: health.measured,
            log: Log {
                readings: health.log.readings,
                bytes: health.log.bytes,
                lost: health.log.lost,
                fault: health.log.fault.as_ref().map(|fault| fault.as_str().to_owned()),
            },
            sensors: health.sensors.iter().map(SensorNow::from).collect(),
            clock: health.clock.into(),
            cpu_c: health.cpu_c,
        }
    }
}
