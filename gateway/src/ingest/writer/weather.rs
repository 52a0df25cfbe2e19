//! Weather events, beside the readings they come from: in their transaction, and told after it.

use std::collections::HashMap;
use std::sync::Arc;

use minuano_telemetry::{StationName, WeatherEvent};
use rusqlite::Connection;

use crate::events::{Rules, Weather, evidence};
use crate::store::{StoredReading, weather};

/// Every station's weather, by its row in the store. Bounded by the stations that the ledger takes.
#[derive(Debug)]
pub(super) struct Watch {
    rules: Rules,
    /// Boxed: a map keeps room for up to twice as many as there are.
    stations: HashMap<i64, Box<Weather>>,
}

impl Watch {
    pub(super) fn new(rules: Rules) -> Self {
        Self { rules, stations: HashMap::new() }
    }

    /// Drops what a failed transaction left in memory; it is read again from the store.
    pub(super) fn forget(&mut self) {
        self.stations.clear();
    }

    /// Takes readings of one station and gives what they began, furthered or ended.
    pub(super) fn take(
        &mut self,
        connection: &Connection,
        (name, station): (&StationName, i64),
        readings: &[Arc<StoredReading>],
        events: &mut Vec<Arc<WeatherEvent>>,
    ) -> rusqlite::Result<()> {
        let Some(first) = readings.first() else { return Ok(()) };
        let known = match self.stations.entry(station) {
            std::collections::hash_map::Entry::Occupied(known) => known.into_mut(),
            std::collections::hash_map::Entry::Vacant(place) => {
                place.insert(Box::new(weather::restore(connection, station, first.observed_at)?))
            }
        };
        for reading in readings {
            let steps = known.take(&self.rules, reading.observed_at, &reading.values, &reading.flags);
            for (kind, step, open) in steps {
                let Some(rule) = self.rules.get(kind) else { continue };
                let said = evidence(name, kind, &rule, &open);
                let id = weather::save(connection, station, kind, step, (&open, rule.onset), &said)?;
                known.name(kind, id);
                events.push(Arc::new(WeatherEvent {
                    id,
                    station: name.clone(),
                    kind,
                    from: open.from,
                    to: open.to,
                    state: step.state(),
                    extreme: open.extreme,
                    onset: Some(rule.onset),
                    evidence: said.as_str().try_into().unwrap_or_default(),
                }));
            }
        }
        Ok(())
    }
}
