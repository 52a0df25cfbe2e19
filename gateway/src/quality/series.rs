//! The checks of one station over a whole series.

use std::collections::VecDeque;

use minuano_telemetry::Flag;

use super::hindsight::{DEPTH, Judgement, tell_back};
use super::limits::Limits;
use super::place::Place;
use super::station::{Observation, Station};

/// The flags of each observation, in the order in which they are given; they are judged in the order of time.
pub fn flags_of(limits: &Limits, place: &Place, series: &[Observation]) -> Vec<[Flag; 4]> {
    let mut all = vec![[Flag::NotEvaluated; 4]; series.len()];
    judge(limits, place, series, |index, judgement| all[index] = judgement.flags(&series[index]));
    all
}

/// Gives what was found of each observation, and its index, as soon as nothing more can be said of it.
pub fn judge(
    limits: &Limits,
    place: &Place,
    series: &[Observation],
    mut give: impl FnMut(usize, &Judgement),
) {
    let mut order: Vec<usize> = (0..series.len()).collect();
    order.sort_by_key(|index| series[*index].at);
    let mut station = Station::default();
    let mut last: VecDeque<(usize, Judgement)> = VecDeque::with_capacity(DEPTH + 1);
    for index in order {
        let at = series[index].at;
        let judged = station.push(limits, place, &series[index]);
        tell_back(limits, at, &judged, last.iter_mut().rev().map(|(_, judgement)| judgement));
        let judgement = Judgement::new(at, &judged);
        if !judged.is_later {
            give(index, &judgement);
            continue;
        }
        last.push_back((index, judgement));
        if last.len() > DEPTH
            && let Some((index, judgement)) = last.pop_front()
        {
            give(index, &judgement);
        }
    }
    for (index, judgement) in last {
        give(index, &judgement);
    }
}
