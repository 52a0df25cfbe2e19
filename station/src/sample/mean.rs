//! The samples of one report interval become one reading: the mean of what was valid, the reason for the rest.

use minuano_telemetry::{ByQuantity, Clock, Fault, Millis, Quantity, Reading};

use crate::sensors::Measurement;

/// Samples of the present interval.
#[derive(Clone, Debug, Default)]
pub struct Mean {
    taken: u32,
    of: [OfQuantity; 4],
}

#[derive(Clone, Copy, Debug, Default)]
struct OfQuantity {
    sum: f64,
    valid: u32,
    fault: Option<Fault>,
}

impl Mean {
    /// Takes one look at the sensors into account.
    pub fn add(&mut self, sample: &Measurement) {
        self.taken = self.taken.saturating_add(1);
        for (slot, quantity) in self.of.iter_mut().zip(Quantity::ALL) {
            match sample.get(quantity) {
                Some(Ok(value)) if value.is_finite() => {
                    slot.sum += value;
                    slot.valid = slot.valid.saturating_add(1);
                }
                Some(Ok(_)) => slot.fault = Some(Fault::Range),
                Some(Err(fault)) => slot.fault = Some(fault),
                None => {}
            }
        }
    }

    /// Whether there was no look at the sensors yet.
    pub fn is_empty(&self) -> bool {
        self.taken == 0
    }

    /// Ends the interval at this time and begins the next. `None` when no sample was taken: there is nothing
    /// to say about such an interval, not even why. The log gives the number.
    ///
    /// `samples` counts those of the best-measured quantity. A quantity without a valid sample has the
    /// most recent fault; one that no part measures is absent.
    pub fn finish(&mut self, at: Millis, clock: Clock) -> Option<Reading> {
        let ended = std::mem::take(self);
        if ended.taken == 0 {
            return None;
        }
        let (mut values, mut faults) = (ByQuantity::default(), ByQuantity::default());
        for (slot, quantity) in ended.of.into_iter().zip(Quantity::ALL) {
            let mean = (slot.valid > 0)
                .then(|| slot.sum / f64::from(slot.valid))
                .and_then(|mean| Reading::at_resolution(quantity, mean))
                .filter(|mean| mean.is_finite());
            values.set(quantity, mean);
            if mean.is_none() {
                let fault = if slot.valid > 0 { Fault::Range } else { slot.fault.unwrap_or(Fault::Absent) };
                faults.set(quantity, Some(fault));
            }
        }
        let samples = ended.of.iter().map(|slot| slot.valid).max().unwrap_or(0);
        Some(Reading { seq: 0, at, clock, samples, values, faults })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sample(temperature: Result<f64, Fault>, pressure: Result<f64, Fault>) -> Measurement {
        let mut sample = Measurement::default();
        sample.set(Quantity::Temperature, temperature);
        sample.set(Quantity::Pressure, pressure);
        sample
    }

    fn mean_of(samples: &[Measurement]) -> Option<Reading> {
        let mut mean = Mean::default();
        for sample in samples {
            mean.add(sample);
        }
        mean.finish(Millis::new(5).unwrap(), Clock::Holdover)
    }

    #[test]
    fn values_are_means_at_the_wires_resolution() {
        let reading = mean_of(&[
            sample(Ok(20.0), Ok(1000.0)),
            sample(Ok(20.005), Ok(1000.0)),
            sample(Ok(20.01), Err(Fault::Bus)),
        ])
        .unwrap();
        assert_eq!(reading.values.get(Quantity::Temperature), Some(20.01));
        assert_eq!(reading.values.get(Quantity::Pressure), Some(1000.0));
        assert_eq!((reading.samples, reading.at.get(), reading.clock), (3, 5, Clock::Holdover));
        assert_eq!(reading.faults.get(Quantity::Temperature), None);
        assert_eq!(reading.faults.get(Quantity::Pressure), None, "one valid sample is a value");
        assert_eq!(reading.faults.get(Quantity::Humidity), Some(Fault::Absent));
    }

    #[test]
    fn without_a_valid_sample_the_most_recent_fault_stands() {
        let reading =
            mean_of(&[sample(Err(Fault::Crc), Ok(1.0)), sample(Err(Fault::Frozen), Err(Fault::Bus))])
                .unwrap();
        assert_eq!(reading.values.get(Quantity::Temperature), None);
        assert_eq!(reading.faults.get(Quantity::Temperature), Some(Fault::Frozen));
        assert_eq!(reading.samples, 1);
        let none = mean_of(&[Measurement::failed(&Quantity::ALL, Fault::Bus)]).unwrap();
        assert_eq!((none.samples, none.faults.get(Quantity::Illuminance)), (0, Some(Fault::Bus)));
    }

    #[test]
    fn each_interval_begins_anew_and_an_empty_one_says_nothing() {
        let mut mean = Mean::default();
        let now = Millis::new(0).unwrap();
        assert_eq!(mean.finish(now, Clock::Synchronised), None);
        mean.add(&sample(Ok(10.0), Ok(1.0)));
        assert!(!mean.is_empty());
        mean.finish(now, Clock::Synchronised).unwrap();
        assert_eq!(mean.finish(now, Clock::Synchronised), None);
        mean.add(&sample(Ok(30.0), Ok(1.0)));
        let reading = mean.finish(now, Clock::Synchronised).unwrap();
        assert_eq!(reading.values.get(Quantity::Temperature), Some(30.0));
    }

    proptest! {
        #[test]
        fn every_quantity_has_a_finite_value_or_a_fault(samples: Vec<(f64, f64)>) {
            let samples: Vec<_> = samples.into_iter().map(|(a, b)| sample(Ok(a), Ok(b))).collect();
            if let Some(reading) = mean_of(&samples) {
                for quantity in Quantity::ALL {
                    let value = reading.values.get(quantity);
                    prop_assert!(value.is_some() != reading.faults.get(quantity).is_some());
                    prop_assert!(value.is_none_or(f64::is_finite));
                }
            }
        }
    }
}
