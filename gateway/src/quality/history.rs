//! The last 26 hours of a station in ten-minute means, small enough for each of 100,000 stations.

use minuano_telemetry::{ByQuantity, Quantity};

/// Seconds of a bin.
pub const BIN_S: i64 = 600;
/// Bins kept: 26 hours.
const BINS: usize = 156;
/// What is kept of each: temperature, pressure, humidity.
pub const KEPT: [Quantity; 3] = [Quantity::Temperature, Quantity::Pressure, Quantity::Humidity];
const EMPTY: i16 = i16::MIN;

/// Ten-minute means by their number since 1970.
#[derive(Clone, Debug)]
pub struct History {
    bins: [[i16; 3]; BINS],
    /// Number of the bin that is being filled.
    newest: i64,
    sums: [f64; 3],
    counts: [u32; 3],
}

impl Default for History {
    fn default() -> Self {
        Self { bins: [[EMPTY; 3]; BINS], newest: i64::MIN, sums: [0.0; 3], counts: [0; 3] }
    }
}

impl History {
    /// The number of the bin in which a time lies.
    pub const fn bin(at_ms: i64) -> i64 {
        at_ms.div_euclid(BIN_S * 1000)
    }

    /// The bin that is being filled.
    pub const fn newest(&self) -> i64 {
        self.newest
    }

    /// Moves on to `bin`; true if a bin was completed by that.
    pub fn advance(&mut self, bin: i64) -> bool {
        if bin <= self.newest {
            return false;
        }
        let began = self.newest == i64::MIN;
        if !began {
            let full = std::array::from_fn(|index| {
                self.mean_of_newest(index).map_or(EMPTY, |mean| packed(index, mean))
            });
            self.bins[place(self.newest)] = full;
            for empty in (self.newest + 1..bin).take(BINS) {
                self.bins[place(empty)] = [EMPTY; 3];
            }
            if bin - self.newest > BINS as i64 {
                self.bins = [[EMPTY; 3]; BINS];
            }
        }
        self.newest = bin;
        self.sums = [0.0; 3];
        self.counts = [0; 3];
        !began
    }

    /// Adds values to the bin that is being filled.
    pub fn take(&mut self, values: &ByQuantity<f64>, usable: [bool; 4]) {
        for (index, quantity) in KEPT.into_iter().enumerate() {
            if let Some(value) = values.get(quantity).filter(|_| usable[quantity as usize]) {
                self.sums[index] += value;
                self.counts[index] += 1;
            }
        }
    }

    /// The mean of one bin; `index` counts [`KEPT`].
    pub fn mean(&self, bin: i64, index: usize) -> Option<f64> {
        if bin == self.newest {
            return self.mean_of_newest(index);
        }
        if bin > self.newest || bin <= self.newest - BINS as i64 {
            return None;
        }
        let steps = self.bins[place(bin)][index];
        (steps != EMPTY).then(|| f64::from(steps) * UNIT[index] + ZERO[index])
    }

    /// The mean of the bins that are known among `count` bins up to `last`, if half of them are.
    pub fn mean_over(&self, last: i64, count: i64, index: usize) -> Option<f64> {
        let known = (last - count + 1..=last).filter_map(|bin| self.mean(bin, index));
        let (sum, n) = known.fold((0.0, 0_i64), |(sum, n), mean| (sum + mean, n + 1));
        (n * 2 >= count).then(|| sum / n as f64)
    }

    /// The lowest and the highest mean of `count` bins up to `last`, if all of them are known.
    pub fn span_over(&self, last: i64, count: i64, index: usize) -> Option<(f64, f64)> {
        (last - count + 1..=last).try_fold((f64::MAX, f64::MIN), |(low, high), bin| {
            let mean = self.mean(bin, index)?;
            Some((low.min(mean), high.max(mean)))
        })
    }

    /// To the steps in which it is kept once the bin is complete: whoever asks early is told the same.
    fn mean_of_newest(&self, index: usize) -> Option<f64> {
        let mean = (self.counts[index] > 0).then(|| self.sums[index] / f64::from(self.counts[index]))?;
        Some(f64::from(packed(index, mean)) * UNIT[index] + ZERO[index])
    }
}

const UNIT: [f64; 3] = [0.01, 0.02, 0.01];
const ZERO: [f64; 3] = [0.0, 800.0, 0.0];

#[expect(clippy::cast_possible_truncation, reason = "clamped")]
fn packed(index: usize, mean: f64) -> i16 {
    ((mean - ZERO[index]) / UNIT[index]).round().clamp(-32767.0, 32767.0) as i16
}

#[expect(clippy::cast_possible_truncation, reason = "below BINS")]
const fn place(bin: i64) -> usize {
    bin.rem_euclid(BINS as i64) as usize
}
