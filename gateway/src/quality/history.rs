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

#[cfg(test)]
mod tests {
    use super::*;

    /// A reading each ten minutes in these bins, of so many °C.
    fn history(readings: &[(i64, f64)]) -> History {
        let mut history = History::default();
        for (bin, temperature) in readings {
            history.advance(*bin);
            history.take(&ByQuantity([Some(*temperature), None, None, None]), [true; 4]);
        }
        history
    }

    #[test]
    fn a_bin_has_the_mean_of_what_is_usable_in_it() {
        let mut history = history(&[(7, 10.0), (7, 11.0)]);
        history.take(&ByQuantity([Some(99.0), None, None, None]), [false; 4]);
        assert_eq!((history.mean(7, 0), history.mean(7, 1)), (Some(10.5), None));
        assert!(history.advance(8), "one is complete");
        assert!(!history.advance(8), "none is");
        assert_eq!((history.mean(7, 0), history.mean(8, 0), history.mean(9, 0)), (Some(10.5), None, None));
    }

    #[test]
    fn what_is_26_hours_old_is_forgotten_and_a_gap_leaves_nothing_of_before() {
        let mut days = history(&(0..200).map(|bin| (bin, bin as f64)).collect::<Vec<_>>());
        assert_eq!(days.mean(199 - 155, 0), Some(44.0));
        assert_eq!(days.mean(199 - 156, 0), None);
        days.advance(199 + 3);
        assert_eq!([199, 200, 201].map(|bin| days.mean(bin, 0)), [Some(199.0), None, None]);
        days.advance(10_000);
        assert!((9_800..=10_000).all(|bin| days.mean(bin, 0).is_none()));
    }

    #[test]
    fn a_mean_over_hours_takes_half_of_them_and_a_span_all() {
        let some = history(&[(1, 10.0), (3, 20.0), (4, 24.0), (5, 0.0)]);
        assert_eq!(some.mean_over(4, 4, 0), Some(18.0));
        assert_eq!(some.mean_over(4, 6, 0), Some(18.0), "three of six");
        assert_eq!(some.mean_over(4, 7, 0), None, "three of seven");
        assert_eq!((some.span_over(4, 2, 0), some.span_over(4, 3, 0)), (Some((20.0, 24.0)), None));
    }
}
