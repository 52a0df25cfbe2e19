//! Known faults, put into good series from a seed.

use minuano_gateway::quality::station::Observation;
use minuano_telemetry::{Millis, Quantity};

/// The quantities that faults are put into.
pub const QUANTITIES: [Quantity; 3] = [Quantity::Temperature, Quantity::Humidity, Quantity::Pressure];

/// 1x: the one-minute step that is suspect.
pub const fn unit(quantity: Quantity) -> f64 {
    match quantity {
        Quantity::Temperature => 3.0,
        Quantity::Humidity => 10.0,
        _ => 0.5,
    }
}

/// What is done to a series.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Fault {
    Spike(f64),
    Offset,
    Stuck(i64),
    Drift,
    Noise,
    Gain,
    BitFlip,
    ZeroRow,
    ClockJump,
}

pub const FAULTS: [(&str, Fault); 11] = [
    ("spike 1x", Fault::Spike(1.0)),
    ("spike 3x", Fault::Spike(3.0)),
    ("offset 1x for 6 h", Fault::Offset),
    ("stuck for 3 h", Fault::Stuck(3)),
    ("stuck for 12 h", Fault::Stuck(12)),
    ("drift to 3x in 24 h", Fault::Drift),
    ("noise of 1x for 6 h", Fault::Noise),
    ("gain 1.5 for 6 h", Fault::Gain),
    ("bit flip", Fault::BitFlip),
    ("zero row", Fault::ZeroRow),
    ("clock 1 h ahead for 6 h", Fault::ClockJump),
];

impl Fault {
    /// How long it lasts, in seconds; 0: one reading.
    pub const fn seconds(self) -> i64 {
        match self {
            Self::Spike(_) | Self::BitFlip | Self::ZeroRow => 0,
            Self::Stuck(hours) => hours * 3600,
            Self::Drift => 86_400,
            Self::Offset | Self::Noise | Self::Gain | Self::ClockJump => 6 * 3600,
        }
    }

    /// Puts it into the whole of `episode`.
    pub fn put(self, episode: &mut [Observation], quantity: Quantity, random: &mut Random) {
        let sign = if random.below(2) == 0 { 1.0 } else { -1.0 };
        let unit = sign * unit(quantity);
        // Of values in steps of 0.01: from 0.08 to 10.24.
        let bit = 3 + random.below(8);
        let first = episode.first().and_then(|first| first.values.get(quantity));
        let length = episode.len() as f64;
        for (index, observation) in episode.iter_mut().enumerate() {
            if self == Self::ZeroRow {
                for each in QUANTITIES {
                    observation.values.set(each, Some(0.0));
                }
                continue;
            }
            if self == Self::ClockJump {
                observation.at = Millis::new(observation.at.get() + 3_600_000).unwrap_or(observation.at);
                continue;
            }
            let Some(value) = observation.values.get(quantity) else { continue };
            let wrong = match self {
                Self::Spike(times) => value + times * unit,
                Self::Offset => value + unit,
                Self::Stuck(_) => first.unwrap_or(value),
                Self::Drift => value + 3.0 * unit * (index + 1) as f64 / length,
                Self::Noise => value + unit * random.normal(),
                Self::Gain => value * 1.5,
                #[expect(clippy::cast_possible_truncation, reason = "weather fits")]
                Self::BitFlip => f64::from((value * 100.0).round() as i32 ^ (1 << bit)) / 100.0,
                Self::ZeroRow | Self::ClockJump => value,
            };
            observation.values.set(quantity, Some((wrong * 100.0).round() / 100.0));
        }
    }
}

/// Numbers from a seed (SplitMix64).
pub struct Random(pub u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    #[expect(clippy::cast_possible_truncation, reason = "below a usize")]
    pub fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound.max(1) as u64) as usize
    }

    /// With mean 0 and deviation 1, from a sum of twelve.
    pub fn normal(&mut self) -> f64 {
        (0..12).map(|_| (self.next() >> 11) as f64 / (1_u64 << 53) as f64).sum::<f64>() - 6.0
    }
}
