//! What the station hears: acknowledgements, its own status, Home Assistant's birth. None of it is trusted.

use std::time::Instant;

use minuano_telemetry::{Leaf, Payload, StationState, Status, StreamId};
use tracing::{debug, info, warn};

use super::Session;
use super::say::HEALTH_APART;
use crate::config::Acknowledge;
use crate::link::connection::{Event, PublishError, Readings};
use crate::log::Outcome;

impl Session<'_> {
    pub(super) fn hear(&mut self, event: Event) -> Result<(), String> {
        match event {
            Event::Connected => {}
            Event::Closed(reason) => return Err(reason),
            Event::Confirmed(readings) => {
                if let Some(readings) = readings
                    && self.link.config.mqtt.acknowledge == Acknowledge::Broker
                {
                    self.carried(readings);
                }
            }
            Event::Message(topic, bytes) if self.connection.is_own(&topic, Leaf::Acknowledged) => {
                self.acknowledged(&bytes);
            }
            Event::Message(topic, bytes) if self.connection.is_own(&topic, Leaf::Status) => {
                self.own_status(&bytes).map_err(|error| error.to_string())?;
            }
            Event::Message(topic, bytes) => match &mut self.announcer {
                Some(announcer) if topic == announcer.birth_topic() => {
                    announcer.heard(&bytes, Instant::now());
                }
                _ => debug!(topic, "not asked for"),
            },
        }
        Ok(())
    }

    pub(super) fn acknowledged(&mut self, bytes: &[u8]) {
        match Payload::decode(Leaf::Acknowledged, bytes) {
            Ok(Payload::Acknowledged(acknowledged)) => {
                for of in &acknowledged.streams {
                    self.obey(of.stream, of.through);
                }
            }
            Ok(_) => {}
            Err(error) => self.complain(format_args!("an acknowledgement {error}; ignored")),
        }
    }

    fn obey(&mut self, stream: StreamId, through: u64) {
        let now_ms = self.link.now_ms();
        let outcome = {
            let mut log = self.link.station.log();
            let outcome = log.acknowledge(stream, through);
            if matches!(outcome, Ok(Outcome::Moved(_))) {
                self.link.deliver.acknowledged(&log, now_ms);
            }
            outcome
        };
        match outcome {
            // An earlier run's that is through stays in the gateway's list for a while; once is enough.
            Ok(Outcome::Unknown) if self.link.strangers.is_new(stream) => {
                info!(%stream, through, "an acknowledgement of a stream that the log does not hold; ignored");
            }
            Ok(outcome) => debug!(%stream, through, ?outcome, "acknowledged"),
            Err(error) => self.complain(format_args!("an acknowledgement {error}; ignored")),
        }
    }

    /// The broker's word counts as the gateway's.
    fn carried(&mut self, (stream, first, last): Readings) {
        let through = self.link.carried.add(&self.link.station.log(), stream, first, last);
        if let Some(through) = through {
            self.obey(stream, through);
        }
    }

    /// A will of an earlier connection can arrive after this one came online.
    fn own_status(&mut self, bytes: &[u8]) -> Result<(), PublishError> {
        let seen = Payload::decode(Leaf::Status, bytes);
        let now = Instant::now();
        if matches!(seen, Ok(Payload::Status(Status { state: StationState::Offline }))) {
            // Two stations with one name would otherwise answer each other without a pause.
            if now.duration_since(self.online_at) >= HEALTH_APART {
                info!("seen offline; saying online again");
                self.online(now)?;
            } else {
                self.online_due = Some(self.online_at + HEALTH_APART);
            }
        }
        Ok(())
    }

    fn complain(&mut self, what: std::fmt::Arguments<'_>) {
        if let Some(silent) = self.link.complaints.may(Instant::now()) {
            warn!(silent, "{what}");
        }
    }
}
