//! What is said and heard while one connection lasts.

use std::time::{Duration, Instant};

use minuano_telemetry::{Batch, Leaf, MAX_READINGS, Payload, StationState, Status};
use tracing::{debug, info, warn};

use super::connection::{Connection, Event, MAX_IN_AIR, PublishError, Readings};
use super::{Link, Stop};
use crate::config::Acknowledge;
use crate::deliver::{Message, Next};
use crate::health;
use crate::log::Outcome;

const HEALTH_EVERY: Duration = Duration::from_secs(60);
/// A sensor that comes and goes may not flood the broker.
const HEALTH_APART: Duration = Duration::from_secs(1);
/// A broker that confirms nothing for so long is not there, whatever its pings say.
const STALLED_AFTER: Duration = Duration::from_secs(60);
/// What the farewell may take once everything else is done.
const FAREWELL: Duration = Duration::from_secs(2);

/// How a session ended.
pub(super) enum End {
    /// As it should: everything was said.
    Finished,
    /// The link broke, for this reason; whether it had been up.
    Broken(String, bool),
}

/// One connection's conversation.
pub(super) struct Session<'a> {
    link: &'a mut Link,
    connection: Connection,
    health_at: Option<Instant>,
    said_revision: Option<u64>,
    /// Whether the last health told of a backlog: then its end is worth telling, too.
    said_backlog: bool,
    online_at: Instant,
    /// When `online` is to be said again.
    online_due: Option<Instant>,
}

impl<'a> Session<'a> {
    pub(super) fn open(link: &'a mut Link) -> Self {
        let connection = Connection::open(&link.config.mqtt, &link.config.station);
        let now = Instant::now();
        Self {
            link,
            connection,
            health_at: None,
            said_revision: None,
            said_backlog: false,
            online_at: now,
            online_due: None,
        }
    }

    /// Lasts until the link breaks, or until the stop is through.
    pub(super) async fn run(mut self, stop: &mut Stop) -> End {
        if let Err(reason) = self.connect(stop).await {
            return End::Broken(reason, false);
        }
        let ended = match self.talk(stop).await {
            Ok(()) => tokio::time::timeout(FAREWELL, self.farewell()).await.unwrap_or(Ok(())),
            Err(reason) => Err(reason),
        };
        self.link.deliver.disconnected();
        self.link.carried.clear();
        match ended {
            Ok(()) => {
                if tokio::time::timeout(FAREWELL, self.connection.close()).await.is_err() {
                    warn!("the broker did not end the connection in time");
                }
                End::Finished
            }
            Err(reason) => End::Broken(reason, true),
        }
    }

    async fn connect(&mut self, stop: &mut Stop) -> Result<(), String> {
        loop {
            let event = tokio::select! {
                event = self.connection.event() => event,
                () = stop.passed() => return Err("the station is stopping".to_owned()),
            };
            match event {
                Event::Connected => break,
                Event::Closed(reason) => return Err(reason),
                Event::Message(..) | Event::Confirmed(_) => {}
            }
        }
        info!(host = self.link.config.mqtt.host, port = self.link.config.mqtt.port, "connected");
        if self.link.config.mqtt.acknowledge == Acknowledge::Gateway {
            self.connection.subscribe(Leaf::Acknowledged).map_err(|error| error.to_string())?;
        }
        self.connection.subscribe(Leaf::Status).map_err(|error| error.to_string())?;
        let log = self.link.station.log();
        self.link.deliver.connected(&log);
        Ok(())
    }

    async fn talk(&mut self, stop: &mut Stop) -> Result<(), String> {
        loop {
            let wake = self.say().map_err(|error| error.to_string())?;
            if stop.is_due() && (self.is_through() || stop.is_past()) {
                return Ok(());
            }
            if self.connection.stalled() >= STALLED_AFTER {
                return Err(format!("the broker confirmed nothing for {STALLED_AFTER:?}"));
            }
            let station = self.link.station.clone();
            tokio::select! {
                event = self.connection.event() => self.hear(event)?,
                () = station.changed() => {}
                () = tokio::time::sleep_until(wake.into()) => {}
                () = stop.news() => {}
            }
        }
    }

    /// Says what there is to say, as far as the broker keeps up. Gives when to look again.
    fn say(&mut self) -> Result<Instant, PublishError> {
        let now = Instant::now();
        let mut wake = now + STALLED_AFTER;
        while self.connection.unconfirmed() < MAX_IN_AIR {
            // Streams come before anything else on a connection.
            let next = self.link.deliver.next(&self.link.station.log(), self.link.now_ms());
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

    fn health(&mut self) -> Result<(), PublishError> {
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

    fn online(&mut self, now: Instant) -> Result<(), PublishError> {
        self.online_at = now;
        self.online_due = None;
        self.status(StationState::Online)
    }

    fn status(&mut self, state: StationState) -> Result<(), PublishError> {
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

    fn hear(&mut self, event: Event) -> Result<(), String> {
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
            Event::Message(topic, _) => debug!(topic, "not asked for"),
        }
        Ok(())
    }

    fn acknowledged(&mut self, bytes: &[u8]) {
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

    fn obey(&mut self, stream: minuano_telemetry::StreamId, through: u64) {
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
            Ok(outcome) => debug!(%stream, through, ?outcome, "acknowledged"),
            Err(error) => self.complain(format_args!("{error}; ignored")),
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

    /// Whether nothing is left to send or to wait for.
    fn is_through(&self) -> bool {
        self.link.station.log().counts().held == 0 && self.connection.unconfirmed() == 0
    }

    /// The last words: what became of it all, and that this stop is meant.
    async fn farewell(&mut self) -> Result<(), String> {
        let said = |error: PublishError| error.to_string();
        let streams = self.link.station.log().states();
        self.connection.publish(&Payload::Streams(streams), None).map_err(said)?;
        self.health().map_err(said)?;
        self.status(StationState::Stopped).map_err(said)?;
        while self.connection.unconfirmed() > 0 {
            match self.connection.event().await {
                Event::Closed(reason) => return Err(reason),
                Event::Message(topic, bytes) if self.connection.is_own(&topic, Leaf::Acknowledged) => {
                    self.acknowledged(&bytes);
                }
                _ => {}
            }
        }
        Ok(())
    }
}

/// More than one message full of readings waits.
fn is_backlog(held: u64) -> bool {
    held > MAX_READINGS as u64
}

fn readings_of(batch: &Batch) -> Option<Readings> {
    Some((batch.stream, batch.readings.first()?.seq, batch.readings.last()?.seq))
}
