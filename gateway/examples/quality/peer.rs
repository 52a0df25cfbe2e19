//! What ioos_qc's spike, rate-of-change and flat-line tests say, rolled up: the same flags, by `quality::qartod`.

use minuano_gateway::quality::qartod::flat::FlatLine;
use minuano_gateway::quality::qartod::range::GrossRange;
use minuano_gateway::quality::qartod::rate::RateOfChange;
use minuano_gateway::quality::qartod::rollup;
use minuano_gateway::quality::qartod::spike::{Method, Spike};
use minuano_gateway::quality::range;
use minuano_gateway::quality::station::Observation;
use minuano_telemetry::{Flag, Quantity};

use crate::faults::unit;

/// The flags of one quantity of a series.
pub fn flags(series: &[Observation], quantity: Quantity, cadence_s: i64) -> Vec<Flag> {
    let unit = unit(quantity);
    // The erroneous minute step of the table, and the persistence limit.
    let (fails, still) = match quantity {
        Quantity::Temperature => (unit, 0.1),
        Quantity::Humidity => (15.0, 1.0),
        _ => (2.0, 0.1),
    };
    let gross = GrossRange::new(range::limits(quantity), None).ok();
    let mut spike = Spike::new(Some(unit), Some(fails), Method::Average);
    let mut rate = RateOfChange::new(unit / cadence_s as f64, Some(fails / cadence_s as f64));
    let count = usize::try_from(3600 / cadence_s).unwrap_or(1);
    let mut flat = FlatLine::new(count, 3 * count, still);
    let mut flags: Vec<Flag> = Vec::with_capacity(series.len());
    for (index, observation) in series.iter().enumerate() {
        let value = observation.values.get(quantity);
        if let (Some(before), true) = (spike.push(value), index > 0) {
            flags[index - 1] = rollup([flags[index - 1], before]);
        }
        let range = gross.map_or(Flag::Good, |gross| gross.check(value));
        let rate = rate.push(Some(observation.at.get().saturating_mul(1_000_000)), value);
        flags.push(rollup([range, rate, flat.push(value)]));
    }
    flags
}
