//! Who is near whom, and what they are asked.

use minuano_telemetry::Quantity;

use super::{Engine, Entry};
use crate::quality::history::{BIN_S, History, KEPT};
use crate::quality::network::{MOST, Other, Pair};
use crate::quality::place::Place;
use crate::quality::station::{Findings, Observation, Station};

/// Stations in one cell of the map that are looked at as neighbours.
const MAX_IN_CELL: usize = 64;
/// Neighbours that are named beside a finding.
const NAMED: usize = 3;

/// What a neighbour measured while something was found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Neighbour {
    /// Who.
    pub station: i64,
    /// Of what something was found.
    pub quantity: Quantity,
    /// The mean of its ten minutes.
    pub value: f64,
    /// How far that went in the finding's time.
    pub change: f64,
}

impl Engine {
    /// A station says where it is.
    pub fn place(&mut self, station: i64, place: Place) {
        let index = self.index(station);
        if self.entries[index].place == place {
            return;
        }
        if let Some(cell) = cell(&self.entries[index].place) {
            self.cells.entry(cell).or_default().retain(|other| *other != index);
        }
        for (other, ..) in std::mem::take(&mut self.entries[index].neighbours) {
            self.entries[other].neighbours.retain(|(back, ..)| *back != index);
        }
        self.entries[index].place = place;
        let Some((north, east)) = cell(&place) else { return };
        let mut found = Vec::new();
        for other in (-1..=1)
            .flat_map(|n| (-1..=1).map(move |e| (north + n, east + e)))
            .filter_map(|cell| self.cells.get(&cell))
            .flat_map(|cell| cell.iter().take(MAX_IN_CELL))
        {
            let Some((km, height)) = place.distance(&self.entries[*other].place) else { continue };
            if km <= self.rules.neighbours_km && height <= self.rules.neighbours_height_m {
                found.push((*other, km));
            }
        }
        for (other, km) in found {
            befriend(&mut self.entries[index].neighbours, other, km);
            befriend(&mut self.entries[other].neighbours, index, km);
        }
        self.cells.entry((north, east)).or_default().push(index);
    }

    /// Asks the neighbours about a bin that is complete.
    pub(super) fn compare(&mut self, index: usize, bin: i64) {
        let mut neighbours = std::mem::take(&mut self.entries[index].neighbours);
        let means = |station: &Station| std::array::from_fn(|kept| station.history().mean(bin, kept));
        let mut others: Vec<Other<'_>> = neighbours
            .iter_mut()
            .map(|(other, _, pair)| {
                let entry = &self.entries[*other];
                Other { pair, means: means(entry.latest()), altitude_m: entry.place.altitude_m }
            })
            .collect();
        let Entry { settled, place, .. } = &self.entries[index];
        let (own, altitude_m) = (means(settled), place.altitude_m);
        self.entries[index].opinion.compare(&self.rules.limits, bin, (own, altitude_m), &mut others);
        self.entries[index].neighbours = neighbours;
    }

    /// What the nearest neighbours measured in the time of each finding.
    pub(super) fn beside(
        &self,
        index: usize,
        observation: &Observation,
        findings: &Findings,
    ) -> Vec<Neighbour> {
        let mut beside = Vec::new();
        let bin = History::bin(observation.at.get());
        for (kept, quantity) in KEPT.into_iter().enumerate() {
            let Some(finding) = findings[quantity as usize] else { continue };
            #[expect(clippy::cast_possible_truncation, reason = "a day at most")]
            let back = ((finding.seconds / BIN_S as f64).round() as i64).max(1);
            let told = self.entries[index].neighbours.iter().filter_map(|(other, ..)| {
                let other = &self.entries[*other];
                let mean = |bin| other.latest().history().mean(bin, kept);
                // The neighbour may not have come as far as this bin.
                let value = mean(bin).or(mean(bin - 1))?;
                let change = value - mean(bin - back).or(mean(bin - back - 1))?;
                Some(Neighbour { station: other.id, quantity, value, change })
            });
            beside.extend(told.take(NAMED));
        }
        beside
    }
}

/// A quarter of a degree: more than the widest radius that the configuration takes at most latitudes.
#[expect(clippy::cast_possible_truncation, reason = "degrees are few")]
fn cell(place: &Place) -> Option<(i32, i32)> {
    Some(((place.latitude? * 4.0).floor() as i32, (place.longitude? * 4.0).floor() as i32))
}

fn befriend(neighbours: &mut Vec<(usize, f64, Pair)>, other: usize, km: f64) {
    let place = neighbours.partition_point(|(_, nearer, _)| *nearer <= km);
    neighbours.insert(place, (other, km, Pair::default()));
    neighbours.truncate(MOST);
}
