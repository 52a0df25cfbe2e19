//! The checks of one station over a whole series.

use minuano_telemetry::Flag;

use super::engine::{flags, merge};
use super::limits::Limits;
use super::place::Place;
use super::station::{Findings, Observation, Station};

/// What was found of each observation, in the order in which they are given; they are judged in the order of time.
pub fn findings(limits: &Limits, place: &Place, series: &[Observation]) -> Vec<Findings> {
    let mut order: Vec<usize> = (0..series.len()).collect();
    order.sort_by_key(|index| series[*index].at);
    let mut found = vec![Findings::default(); series.len()];
    let mut station = Station::default();
    let mut before = None;
    for index in order {
        let judged = station.push(limits, place, &series[index]);
        if let Some(before) = before {
            merge(&mut found[before], &judged.before);
        }
        found[index] = judged.findings;
        before = Some(index);
    }
    found
}

/// The flags of each observation, in the order in which they are given.
pub fn flags_of(limits: &Limits, place: &Place, series: &[Observation]) -> Vec<[Flag; 4]> {
    let found = findings(limits, place, series);
    series.iter().zip(&found).map(|(observation, findings)| flags(observation, findings)).collect()
}
