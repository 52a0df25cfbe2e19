//! Weather events, beside the readings they come from: in their transaction, and told after it.

use std::collections::HashMap;
use std::sync::Arc;

use minuano_telemetry::WeatherEvent;
use rusqlite::Connection;

use crate::events::{Rules, Weather, evidence};
use crate::ingest::ledger::Ledger;
use crate::quality::engine::InTurn;
use crate::quality::station::Observation;
use crate::store::unsettled::Past;
use crate::store::weather;

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

    /// Takes readings, each station's in the order of observation, and gives what they began, furthered or ended.
    pub(super) fn take(
        &mut self,
        connection: &Connection,
        ledger: &Ledger,
        readings: &[InTurn],
        events: &mut Vec<Arc<WeatherEvent>>,
    ) -> rusqlite::Result<()> {
        for reading in readings {
            let station = reading.station;
            if !self.stations.contains_key(&station) {
                let (known, past) =
                    weather::restore(connection, &self.rules, station, reading.observation.at)?;
                self.stations.insert(station, Box::new(known));
                for Past { observed_at: at, values, flags, .. } in past {
                    let past = InTurn { station, observation: Observation { at, values }, flags };
                    self.take_one(connection, ledger, &past, events)?;
                }
            }
            self.take_one(connection, ledger, reading, events)?;
        }
        Ok(())
    }

    fn take_one(
        &mut self,
        connection: &Connection,
        ledger: &Ledger,
        reading: &InTurn,
        events: &mut Vec<Arc<WeatherEvent>>,
    ) -> rusqlite::Result<()> {
        let InTurn { station, observation, flags } = reading;
        let Some((name, known)) = ledger.name(*station).zip(self.stations.get_mut(station)) else {
            return Ok(());
        };
        for (kind, step, open) in known.take(&self.rules, observation.at, &observation.values, flags) {
            let Some(rule) = self.rules.get(kind) else { continue };
            let said = evidence(name, kind, &rule, &open);
            let id = weather::save(connection, *station, kind, step, (&open, rule.onset), &said)?;
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
        Ok(())
    }
}
