//! What the gateway says: acknowledgements when they are due, and anomalies as they happen.

use std::time::Duration;

use metrics::counter;
use minuano_telemetry::{Acknowledged, Anomaly, GatewayName, MAX_MESSAGE, Payload, WeatherEvent};
use tokio::sync::mpsc;

use super::ledger::{Index, Known, Ledger, Soon};
use super::session::Publication;
use crate::acknowledge::due::Due;
use crate::config::AcknowledgeConfig;

/// How long an acknowledgement waits for room in the outbox.
const AFTER_FULL_OUTBOX: Duration = Duration::from_secs(1);

/// Times are counted from whenever the caller began.
#[derive(Debug)]
pub struct Answers {
    gateway: GatewayName,
    outboxes: Vec<mpsc::Sender<Publication>>,
    config: AcknowledgeConfig,
    due: Due<Index>,
}

impl Answers {
    /// Speaks as `gateway` through one outbox for each broker.
    pub fn new(
        gateway: GatewayName,
        outboxes: Vec<mpsc::Sender<Publication>>,
        config: AcknowledgeConfig,
    ) -> Self {
        Self { gateway, outboxes, config, due: Due::default() }
    }

    /// The station is to be told, how soon after `now` depends on what came.
    pub fn owe(&mut self, index: Index, soon: Soon, now: Duration) {
        let within = match soon {
            Soon::Live => self.config.within,
            Soon::Backlog => self.config.within_backlog,
        };
        self.due.by(index, now + within);
    }

    /// When the next station is due.
    pub fn next(&self) -> Option<Duration> {
        self.due.next()
    }

    /// Acknowledges every station that is due, but those that another gateway owns: this one stores and
    /// shows them, and leaves the answer to it.
    pub fn acknowledge(&mut self, ledger: &Ledger, now: Duration, is_owned: impl Fn(Index) -> bool) {
        while let Some(index) = self.due.take(now) {
            let known = ledger.station(index);
            if known.touched.is_empty() || !is_owned(index) {
                continue;
            }
            let streams = known.touched.iter().copied().collect();
            let acknowledged = Acknowledged { gateway: self.gateway.clone(), streams };
            if self.publish(known, &Payload::Acknowledged(acknowledged)) {
                counter!("minuano_acknowledgements_total").increment(1);
            } else {
                self.due.by(index, now + AFTER_FULL_OUTBOX);
            }
        }
    }

    /// Publishes an episode as it opens, worsens or closes. It is in the store too, so one that finds the
    /// outbox full is only counted.
    pub fn tell(&self, known: &Known, anomaly: &Anomaly) {
        if !self.publish(known, &Payload::Anomaly(anomaly.clone())) {
            counter!("minuano_publications_dropped_total").increment(1);
        }
    }

    /// Publishes a weather event as it begins, grows or ends; in the store too, as an episode is.
    pub fn tell_weather(&self, known: &Known, event: &WeatherEvent) {
        if !self.publish(known, &Payload::Weather(event.clone())) {
            counter!("minuano_publications_dropped_total").increment(1);
        }
    }

    /// Hands a payload to the session of the broker that the station was last heard on.
    fn publish(&self, known: &Known, payload: &Payload) -> bool {
        let Some(outbox) = self.outboxes.get(known.broker) else { return false };
        let mut buffer = [0; MAX_MESSAGE];
        let Ok(bytes) = payload.encode(&mut buffer) else { return false };
        let leaf = payload.leaf();
        let publication = Publication {
            topic: leaf.of(known.name.clone()).to_string(),
            retain: leaf.retained(),
            payload: bytes.to_vec(),
        };
        outbox.try_send(publication).is_ok()
    }
}
