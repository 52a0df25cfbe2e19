//! What is on disk, taken into memory and told to who listens.

use std::sync::Arc;
use std::time::Duration;

use metrics::counter;
use minuano_telemetry::{GatewayName, Health, Leaf, Millis};

use super::{OWNERSHIP, Writer};
use crate::directory::{Kept, Presence};
use crate::ingest::ledger::{Effects, Index};
use crate::ingest::message::{Message, Said};
use crate::live::Event;
use crate::store::StoredReading;

impl Writer {
    /// Takes what a committed message says of its station, and what of it was stored, into memory and the directory.
    pub(super) fn remember(&mut self, index: Index, message: &Message, stored: &[Arc<StoredReading>]) {
        let elapsed = self.started.elapsed();
        let pulse = &mut self.pulses[index];
        let said_by_station =
            !matches!(message.said.leaf(), Leaf::Acknowledged | Leaf::Anomaly | Leaf::Weather);
        if said_by_station {
            pulse.heard = elapsed;
        }
        match &message.said {
            Said::About(about) => pulse.interval = Some(Duration::from_secs(about.report_s.into())),
            Said::Acknowledged(by) => {
                let owner = (*by != self.parts.gateway).then(|| Box::new(by.clone()));
                if pulse.owner != owner {
                    if let Some(owner) = &owner {
                        tracing::warn!(
                            "{} is acknowledged by the gateway {owner}; this one stores and shows it only, \
                             until minuano-gateway take-over {0}",
                            message.station
                        );
                    }
                    pulse.owner = owner;
                    self.say_who_owns();
                }
            }
            _ => {}
        }
        self.watch(index);
        let owner = self.pulses[index].owner.as_deref();
        let known = self.ledger.station(index);
        self.parts.directory.change(&known.name, |entry| {
            entry.counts = known.counts;
            if entry.owner.as_ref() != owner {
                entry.owner = owner.cloned();
            }
            if said_by_station && !message.retained {
                entry.last_seen = Some(message.received_at);
            }
            match &message.said {
                Said::About(about) => entry.says(about),
                Said::Health(health) => {
                    if let Some(health) = Kept::of(&**health) {
                        let at = health_at(entry.health.as_ref(), &health, message);
                        entry.health = Some((at, health));
                    }
                }
                _ => {}
            }
            for reading in stored {
                let newest = entry.last_reading.as_ref().map(|newest| newest.observed_at);
                if newest.is_none_or(|newest| newest <= reading.observed_at) {
                    entry.last_reading = Some(Arc::clone(reading));
                }
            }
        });
    }

    /// A standby is ready: it stores and shows. Whose the stations are is said all the same.
    pub(super) fn say_who_owns(&self) {
        let owners: Vec<&GatewayName> =
            self.pulses.iter().filter_map(|pulse| pulse.owner.as_deref()).collect();
        let detail = match owners.first() {
            None => "every station is acknowledged here".to_owned(),
            Some(owner) => format!("{} stations are owned by other gateways, such as {owner}", owners.len()),
        };
        self.parts.readiness.set(OWNERSHIP, true, detail);
    }

    pub(super) fn enter(&mut self, index: Index, presence: Presence, since: Millis) {
        self.pulses[index].presence = presence;
        self.watch(index);
        let station = &self.ledger.station(index).name;
        tracing::info!("{station} is {}", presence.word());
        self.parts.directory.change(station, |entry| {
            entry.presence = presence;
            entry.since = Some(since);
        });
        self.parts.hub.tell(Event::Status { station: station.clone(), state: presence, since });
    }

    /// Tells listeners what is on disk now, and remembers who must be acknowledged.
    pub(super) fn tell(&mut self, effects: Effects) {
        counter!("minuano_readings_retimed_total").increment(effects.retimed);
        counter!("minuano_readings_turned_away_total", "reason" => "ranges").increment(effects.turned_away);
        for reading in effects.readings {
            self.parts.hub.tell(Event::Reading(reading));
        }
        for anomaly in effects.anomalies {
            if let Some(index) = self.ledger.index(&anomaly.station) {
                self.answers.tell(self.ledger.station(index), &anomaly);
            }
            self.parts.hub.tell(Event::Anomaly(anomaly));
        }
        for event in effects.weather {
            if let Some(index) = self.ledger.index(&event.station) {
                self.answers.tell_weather(self.ledger.station(index), &event);
            }
            self.parts.hub.tell(Event::Weather(event));
        }
        let elapsed = self.started.elapsed();
        for (index, soon) in effects.due {
            self.answers.owe(index, soon, elapsed);
        }
    }
}

/// When a station said this of its health. What the broker kept was said when it was heard first.
fn health_at(known: Option<&(Millis, Kept<Health>)>, said: &Kept<Health>, message: &Message) -> Millis {
    match known {
        Some((at, known)) if message.retained && known == said => *at,
        _ => message.received_at,
    }
}
