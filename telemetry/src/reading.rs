//! Readings, and the messages that carry them.

use serde::{Deserialize, Serialize};

use crate::quantity::{ByQuantity, Fault, Quantity};
use crate::stream::{MAX_SEQ, SeqError, StreamId};
use crate::time::Millis;

/// The most readings in one message.
pub const MAX_READINGS: usize = 64;

/// How far a reading's time can be trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Clock {
    /// The kernel's clock was disciplined by a time source.
    Synchronised,
    /// It had been, and runs free since.
    Holdover,
    /// It never was since the boot: the time is a guess.
    Unsynchronised,
}

impl Clock {
    /// The word on the wire.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Synchronised => "synchronised",
            Self::Holdover => "holdover",
            Self::Unsynchronised => "unsynchronised",
        }
    }
}

/// What a station measured over one report interval. `(station, stream, seq)` is its identity.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "WireReading", into = "WireReading")]
pub struct Reading {
    /// Counts from 1 within a stream.
    pub seq: u64,
    /// When, by the station's best estimate.
    pub at: Millis,
    /// How good that estimate is.
    pub clock: Clock,
    /// How many samples the values are the mean of.
    pub samples: u32,
    /// What was measured, each in its quantity's unit. Always finite.
    pub values: ByQuantity<f64>,
    /// Why the others were not.
    pub faults: ByQuantity<Fault>,
}

/// A message on `telemetry` (one live reading) or `backlog` (1 to 64 older ones, oldest first), with room for `N`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "WireBatch<N>")]
pub struct Batch<const N: usize = MAX_READINGS> {
    /// The run of the station that measured these.
    pub stream: StreamId,
    /// The highest `through` that the station has obeyed for the stream; 0 before the first.
    pub cursor: u64,
    /// The oldest `seq` that its log still holds.
    pub oldest: u64,
    /// In strictly rising order of `seq`.
    pub readings: heapless::Vec<Reading, N>,
}

/// One live reading, in a fiftieth of the room.
pub type Live = Batch<1>;

impl From<Live> for Batch {
    fn from(live: Live) -> Self {
        let Live { stream, cursor, oldest, readings } = live;
        Self { stream, cursor, oldest, readings: readings.into_iter().collect() }
    }
}

impl Reading {
    /// The nearest value that the wire's resolution can say. `None` for what is no number.
    pub fn at_resolution(quantity: Quantity, value: f64) -> Option<f64> {
        if !value.is_finite() {
            return None;
        }
        let steps = f64::from(quantity.steps_per_unit());
        let rounded = round(value * steps) / steps;
        // A number near the largest has no steps, and multiplying it would overflow. Adding 0.0 turns
        // −0.0, which would stand as "-0.0" on the wire, into 0.0.
        Some(if rounded.is_finite() { rounded + 0.0 } else { value })
    }
}

/// Half away from zero; `f64::round` needs std. Beyond 2⁵² every f64 is whole already.
fn round(value: f64) -> f64 {
    const WHOLE: f64 = 4_503_599_627_370_496.0;
    if !(-WHOLE..=WHOLE).contains(&value) {
        return value;
    }
    #[expect(clippy::cast_possible_truncation, reason = "within 2⁵², and dropping the fraction is the point")]
    let whole = (value + 0.5f64.copysign(value)) as i64;
    #[expect(clippy::cast_precision_loss, reason = "within 2⁵²")]
    let rounded = whole as f64;
    rounded
}

#[derive(Serialize, Deserialize)]
struct WireReading {
    seq: u64,
    at: Millis,
    clock: Clock,
    samples: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    temperature_c: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pressure_hpa: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    humidity_pct: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    illuminance_lx: Option<f64>,
    #[serde(default, skip_serializing_if = "WireFaults::is_empty")]
    faults: WireFaults,
}

#[derive(Default, Serialize, Deserialize)]
struct WireFaults {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    temperature_c: Option<Fault>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pressure_hpa: Option<Fault>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    humidity_pct: Option<Fault>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    illuminance_lx: Option<Fault>,
}

impl WireFaults {
    fn is_empty(&self) -> bool {
        ByQuantity::from(self).is_empty()
    }
}

impl From<&WireFaults> for ByQuantity<Fault> {
    fn from(wire: &WireFaults) -> Self {
        Self([wire.temperature_c, wire.pressure_hpa, wire.humidity_pct, wire.illuminance_lx])
    }
}

#[derive(Debug, thiserror::Error)]
enum ReadingError {
    #[error("seq {0} is not within 1 to {MAX_SEQ}")]
    Seq(u64),
    #[error("{} is not a finite number", .0.key())]
    NotFinite(Quantity),
}

impl TryFrom<WireReading> for Reading {
    type Error = ReadingError;

    fn try_from(wire: WireReading) -> Result<Self, ReadingError> {
        if !(1..=MAX_SEQ).contains(&wire.seq) {
            return Err(ReadingError::Seq(wire.seq));
        }
        let values =
            ByQuantity([wire.temperature_c, wire.pressure_hpa, wire.humidity_pct, wire.illuminance_lx]);
        if let Some((quantity, _)) = values.iter().find(|(_, value)| !value.is_finite()) {
            return Err(ReadingError::NotFinite(quantity));
        }
        let faults = ByQuantity::from(&wire.faults);
        Ok(Self { seq: wire.seq, at: wire.at, clock: wire.clock, samples: wire.samples, values, faults })
    }
}

impl From<Reading> for WireReading {
    fn from(reading: Reading) -> Self {
        let ByQuantity([temperature_c, pressure_hpa, humidity_pct, illuminance_lx]) = reading.values;
        let ByQuantity([temperature, pressure, humidity, illuminance]) = reading.faults;
        Self {
            seq: reading.seq,
            at: reading.at,
            clock: reading.clock,
            samples: reading.samples,
            temperature_c,
            pressure_hpa,
            humidity_pct,
            illuminance_lx,
            faults: WireFaults {
                temperature_c: temperature,
                pressure_hpa: pressure,
                humidity_pct: humidity,
                illuminance_lx: illuminance,
            },
        }
    }
}

#[derive(Deserialize)]
struct WireBatch<const N: usize> {
    stream: StreamId,
    cursor: u64,
    oldest: u64,
    readings: heapless::Vec<Reading, N>,
}

#[derive(Debug, thiserror::Error)]
enum BatchError {
    #[error("readings is empty; a message carries 1 to {MAX_READINGS}")]
    Empty,
    #[error("seq {1} stands after {0}; readings rise strictly by seq")]
    Order(u64, u64),
    #[error(transparent)]
    Seq(#[from] SeqError),
}

impl<const N: usize> TryFrom<WireBatch<N>> for Batch<N> {
    type Error = BatchError;

    fn try_from(wire: WireBatch<N>) -> Result<Self, BatchError> {
        if wire.readings.is_empty() {
            return Err(BatchError::Empty);
        }
        SeqError::check(wire.cursor)?;
        SeqError::check(wire.oldest)?;
        if let Some(pair) = wire.readings.windows(2).find(|pair| pair[0].seq >= pair[1].seq) {
            return Err(BatchError::Order(pair[0].seq, pair[1].seq));
        }
        Ok(Self { stream: wire.stream, cursor: wire.cursor, oldest: wire.oldest, readings: wire.readings })
    }
}
