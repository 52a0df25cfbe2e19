//! The checks of one station over a whole series.

use minuano_telemetry::Flag;

use super::engine::{flags, look_back};
use super::limits::Limits;
use super::place::Place;
use super::station::{Findings, Observation, Station};

/// The flags of each observation, in the order in which they are given; they are judged in the order of time.
pub fn flags_of(limits: &Limits, place: &Place, series: &[Observation]) -> Vec<[Flag; 4]> {
    let mut all = vec![[Flag::NotEvaluated; 4]; series.len()];
    judge(limits, place, series, |index, findings| all[index] = flags(&series[index], findings));
    all
}

/// Gives what was found of each observation, and its index, as soon as nothing more can be said of it.
pub fn judge(limits: &Limits, place: &Place, series: &[Observation], mut give: impl FnMut(usize, &Findings)) {
    let mut order: Vec<usize> = (0..series.len()).collect();
    order.sort_by_key(|index| series[*index].at);
    let mut station = Station::default();
    let mut earlier: Option<(usize, Findings)> = None;
    let mut last: Option<(usize, Findings)> = None;
    for index in order {
        let judged = station.push(limits, place, &series[index]);
        if let Some((_, findings)) = &mut last {
            let earlier = earlier.as_mut().map(|(index, findings)| (&series[*index], findings));
            look_back(&judged.before, series[index].at, findings, earlier);
        }
        if let Some((index, findings)) = earlier {
            give(index, &findings);
        }
        (earlier, last) = (last, Some((index, judged.findings)));
    }
    for (index, findings) in earlier.into_iter().chain(last) {
        give(index, &findings);
    }
}
