//! One connection's conversation, from the first word to the last.

mod hear;
mod say;

use std::time::{Duration, Instant};

use minuano_telemetry::{Leaf, Payload, StationState};
use tracing::{info, warn};

use super::connection::{Connection, Event, PublishError};
use super::{Link, Stop};
use crate::config::Acknowledge;
use crate::discovery::Announcer;

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
    announcer: Option<Announcer>,
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
        let announcer = Announcer::new(&link.config);
        let now = Instant::now();
        Self {
            link,
            connection,
            announcer,
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
        self.link.station.signs.link(true);
        let ended = match self.talk(stop).await {
            Ok(()) => tokio::time::timeout(FAREWELL, self.farewell()).await.unwrap_or(Ok(())),
            Err(reason) => Err(reason),
        };
        self.link.station.signs.link(false);
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
        let mqtt = &self.link.config.mqtt;
        let how = if mqtt.tls.is_some() { " with TLS" } else { "" };
        info!("connected to {}:{}{how}", mqtt.host, mqtt.port);
        self.subscribe().map_err(|error| error.to_string())?;
        self.link.deliver.connected(&self.link.station.log());
        Ok(())
    }

    fn subscribe(&self) -> Result<(), PublishError> {
        if self.link.config.mqtt.acknowledge == Acknowledge::Gateway {
            self.connection.subscribe(Leaf::Acknowledged)?;
        }
        self.connection.subscribe(Leaf::Status)?;
        match &self.announcer {
            Some(announcer) => self.connection.subscribe_to(announcer.birth_topic()),
            None => Ok(()),
        }
    }

    async fn talk(&mut self, stop: &mut Stop) -> Result<(), String> {
        loop {
            let wake = self.say().map_err(|error| error.to_string())?;
            if stop.is_due() && (self.is_through() || stop.is_past()) {
                return Ok(());
            }
            let within = self.link.config.mqtt.confirm_within;
            if self.connection.stalled() >= within {
                return Err(format!("the broker confirmed nothing for {within:?}"));
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

    /// Whether nothing is left to send or to wait for.
    fn is_through(&self) -> bool {
        self.link.station.log().counts().held == 0 && self.connection.unconfirmed() == 0
    }

    /// The last words: what became of it all, and that this stop is meant.
    async fn farewell(&mut self) -> Result<(), String> {
        let said = |error: PublishError| error.to_string();
        let streams = self.link.station.log().states();
        if let Some(streams) = streams {
            self.connection.publish(&Payload::Streams(streams), None).map_err(said)?;
        }
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
