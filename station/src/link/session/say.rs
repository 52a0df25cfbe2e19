//! What the station says: readings as `deliver` decides, and how it is.

use std::time::{Duration, Instant};

use minuano_telemetry::{Batch, MAX_READINGS, Payload, StationState, Status};

use super::Session;
use crate::deliver::{Message, Next};
use crate::health;
use crate::link::connection::{MAX_IN_AIR, PublishError, Readings};

const HEALTH_EVERY: Duration = Duration::from_secs(60);
/// A sensor that comes and goes may not flood the broker.
pub(super) const HEALTH_APART: Duration = Duration::from_secs(1);

impl Session<'_> {
    /// Says what there is to say, as far as the broker keeps up. Gives when to look again.
    pub(super) fn say(&mut self) -> Result<Instant, PublishError> {
        let now = Instant::now();
        let mut wake = now + self.link.config.mqtt.confirm_within;
        while self.connection.unconfirmed() < MAX_IN_AIR {
            // Streams come before anything else on a connection.
            let next = self.link.deliver.next(&mut self.link.station.log(), self.link.now_ms());
            match next {
                Next::Send(message) => self.send(message)?,
                Next::Wait(until) => {
                    if let Some(until) = until {
                        wake = wake.min(self.link.at(until));
                    }
                    break;
                }
            }
        }
        self.say_how_it_is(now, &mut wake)?;
        self.announce(now, &mut wake)?;
        Ok(wake)
    }

    fn say_how_it_is(&mut self, now: Instant, wake: &mut Instant) -> Result<(), PublishError> {
        let revision = self.link.station.board.revision();
        match self.online_due {
            Some(due) if now >= due => self.online(now)?,
            Some(due) => *wake = (*wake).min(due),
            None if self.said_revision.is_none() => self.online(now)?,
            None => {}
        }
        let changed = self.said_revision != Some(revision);
        let caught_up = self.said_backlog && !is_backlog(self.link.station.log().counts().held);
        let due = match self.health_at {
            None => now,
            Some(at) if changed || caught_up => at + HEALTH_APART,
            Some(at) => at + HEALTH_EVERY,
        };
        if now >= due {
            if changed {
                let about = health::about(&self.link.config, &self.link.station.board.sensors().known);
                self.connection.publish(&Payload::About(about), None)?;
            }
            self.health()?;
            self.said_revision = Some(revision);
            self.health_at = Some(now);
            *wake = (*wake).min(now + HEALTH_EVERY);
        } else {
            *wake = (*wake).min(due);
        }
        Ok(())
    }

    /// To Home Assistant, when it is due.
    fn announce(&mut self, now: Instant, wake: &mut Instant) -> Result<(), PublishError> {
        let Some(announcer) = &mut self.announcer else { return Ok(()) };
        let board = &self.link.station.board;
        if let Some(discovery) = announcer.due(&self.link.config, board, now) {
            self.connection.announce(announcer.topic(), &discovery)?;
        }
        if let Some(at) = announcer.wake() {
            *wake = (*wake).min(at);
        }
        Ok(())
    }

    pub(super) fn health(&mut self) -> Result<(), PublishError> {
        let station = &self.link.station;
        let trust = station.clock.trust();
        let health = station.board.health(&station.log(), trust);
        match health {
            Some(health) => {
                self.said_backlog = is_backlog(health.log.readings);
                self.connection.publish(&Payload::Health(health), None)
            }
            None => Ok(()),
        }
    }

    pub(super) fn online(&mut self, now: Instant) -> Result<(), PublishError> {
        self.online_at = now;
        self.online_due = None;
        self.status(StationState::Online)
    }

    pub(super) fn status(&mut self, state: StationState) -> Result<(), PublishError> {
        self.connection.publish(&Payload::Status(Status { state }), None)
    }

    fn send(&mut self, message: Message) -> Result<(), PublishError> {
        let (payload, readings) = match message {
            Message::Streams(streams) => (Payload::Streams(streams), None),
            Message::Telemetry(batch) => {
                let readings = readings_of(&batch);
                (Payload::Telemetry(batch), readings)
            }
            Message::Backlog(batch) => {
                let readings = readings_of(&batch);
                (Payload::Backlog(batch), readings)
            }
        };
        self.connection.publish(&payload, readings)
    }
}

/// More than one message full of readings waits.
fn is_backlog(held: u64) -> bool {
    held > MAX_READINGS as u64
}

fn readings_of(batch: &Batch) -> Option<Readings> {
    Some((batch.stream, batch.readings.first()?.seq, batch.readings.last()?.seq))
}
