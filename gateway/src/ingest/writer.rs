//! The one thread that writes: many messages make one commit, and what is on disk is acknowledged.

use std::sync::Arc;
use std::time::{Duration, Instant};

use metrics::{counter, histogram};
use minuano_telemetry::{GatewayName, Millis, Payload, Status};
use rusqlite::{Connection, TransactionBehavior};
use tokio::sync::{mpsc, oneshot};

use super::answers::Answers;
use super::ledger::{Effects, Index, Ledger};
use super::message::Message;
use super::presence::{after_data, after_silence};
use crate::clock::now;
use crate::config::StoreConfig;
use crate::directory::{Directory, Presence};
use crate::http::Readiness;
use crate::live::{Event, Hub};
use crate::store::{Store, StoreError, retention, stations};

/// Messages that may wait for the writer; beyond that the sockets are read more slowly.
pub const INBOX: usize = 1024;
/// How often silence is looked for.
const TICK: Duration = Duration::from_secs(1);
/// How often old rows are looked for.
const PRUNE_EVERY: Duration = Duration::from_secs(60);
/// How long the writer rests when the disk refuses.
const AFTER_FAILURE: Duration = Duration::from_secs(1);

const STORE: &str = "store";
const OWNERSHIP: &str = "ownership";

/// What the writer works with.
#[derive(Debug)]
pub struct Parts {
    /// Who acknowledges.
    pub gateway: GatewayName,
    /// Where readings go.
    pub store: Arc<Store>,
    /// What is known of each station now.
    pub directory: Arc<Directory>,
    /// Who listens.
    pub hub: Hub,
    /// Where it says whether the store can be written.
    pub readiness: Arc<Readiness>,
    /// How many readings make a commit, and how old rows may grow.
    pub commits: StoreConfig,
    /// Whether rows wait for the lake before they are pruned.
    pub lake: bool,
}

/// What is remembered of a station beside the ledger: whether it is there, and whose it is.
#[derive(Clone, Debug, Default)]
struct Pulse {
    presence: Presence,
    heard: Duration,
    interval: Option<Duration>,
    owner: Option<GatewayName>,
}

/// The writer's state.
#[derive(Debug)]
pub struct Writer {
    parts: Parts,
    connection: Connection,
    ledger: Ledger,
    pulses: Vec<Pulse>,
    answers: Answers,
    started: Instant,
    next_tick: Duration,
    next_prune: Duration,
}

impl Writer {
    /// Reads what the store has into memory and into the directory.
    pub fn open(parts: Parts, answers: Answers) -> Result<Self, StoreError> {
        let refused = |cause| StoreError::Sqlite { file: parts.store.file().to_owned(), cause };
        let connection = parts.store.writer()?;
        let mut ledger = Ledger::load(&connection).map_err(refused)?;
        let mut pulses = Vec::new();
        for (name, _, now) in stations::load_all(&connection).map_err(refused)? {
            let Some(index) = ledger.index(&name) else { break };
            let interval = now.about.as_ref().map(|about| Duration::from_secs(about.report_s.into()));
            pulses.resize(pulses.len().max(index + 1), Pulse::default());
            pulses[index] =
                Pulse { presence: now.presence, heard: Duration::ZERO, interval, owner: now.owner.clone() };
            parts.directory.change(&name, |entry| *entry = now);
        }
        parts.readiness.set(STORE, true, "open");
        let writer = Self {
            parts,
            connection,
            ledger,
            pulses,
            answers,
            started: Instant::now(),
            next_tick: TICK,
            next_prune: Duration::ZERO,
        };
        writer.say_who_owns();
        Ok(writer)
    }

    /// Runs until every sender of `inbox` is gone and what they sent is on disk.
    pub async fn run(mut self, mut inbox: mpsc::Receiver<Message>) {
        loop {
            let wake = self.answers.next().map_or(self.next_tick, |due| due.min(self.next_tick));
            let deadline = tokio::time::Instant::from_std(self.started + wake);
            let messages = match tokio::time::timeout_at(deadline, inbox.recv()).await {
                Ok(Some(first)) => self.collect(first, &mut inbox).await,
                Ok(None) => return,
                Err(_) => Vec::new(),
            };
            if !messages.is_empty()
                && let Err(error) = self.commit(&messages)
            {
                self.fail(&error, messages.len()).await;
            }
            self.tick();
            let pulses = &self.pulses;
            let is_owned = |index: Index| pulses[index].owner.is_none();
            self.answers.acknowledge(&self.ledger, self.started.elapsed(), is_owned);
        }
    }

    /// As many messages as make a commit, or as came within `commit_after`.
    async fn collect(&self, first: Message, inbox: &mut mpsc::Receiver<Message>) -> Vec<Message> {
        let until = tokio::time::Instant::now() + self.parts.commits.commit_after;
        let mut readings = readings_in(&first);
        let mut messages = vec![first];
        while readings < self.parts.commits.commit_readings {
            let Ok(Some(message)) = tokio::time::timeout_at(until, inbox.recv()).await else { break };
            readings += readings_in(&message);
            messages.push(message);
        }
        messages
    }

    fn commit(&mut self, messages: &[Message]) -> rusqlite::Result<()> {
        let begun = Instant::now();
        let mut effects = Effects::default();
        let mut presences = Vec::new();
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut places = Vec::with_capacity(messages.len());
        for message in messages {
            let place = self.ledger.index(&message.station);
            places.push(place);
            let Some(index) = place else {
                counter!("minuano_messages_refused_total", "reason" => "stations").increment(1);
                continue;
            };
            if index >= self.pulses.len() {
                self.pulses.resize(index + 1, Pulse::default());
            }
            self.ledger.take(&transaction, index, message, &mut effects)?;
            write_down(&mut self.ledger, &transaction, index, message, &self.parts.gateway)?;
            let before = latest(&presences, index).unwrap_or(self.pulses[index].presence);
            let after = presence_after(before, message);
            if after != before {
                let id = self.ledger.id(&transaction, index)?;
                stations::save_presence(&transaction, id, after, message.received_at)?;
                presences.push((index, after, message.received_at));
            }
        }
        self.ledger.save(&transaction)?;
        transaction.commit()?;
        counter!("minuano_commits_total").increment(1);
        histogram!("minuano_commit_seconds").record(begun.elapsed());
        self.parts.readiness.set(STORE, true, "committing");
        for (message, place) in messages.iter().zip(places) {
            if let Some(index) = place {
                self.remember(index, message);
            }
        }
        for (index, presence, since) in presences {
            self.enter(index, presence, since);
        }
        self.tell(effects);
        Ok(())
    }

    /// Takes what a committed message says of its station into memory and the directory.
    fn remember(&mut self, index: Index, message: &Message) {
        let elapsed = self.started.elapsed();
        let pulse = &mut self.pulses[index];
        let said_by_station = !matches!(*message.payload, Payload::Acknowledged(_) | Payload::Anomaly(_));
        if said_by_station {
            pulse.heard = elapsed;
        }
        match &*message.payload {
            Payload::About(about) => pulse.interval = Some(Duration::from_secs(about.report_s.into())),
            Payload::Acknowledged(said) => {
                pulse.owner = (said.gateway != self.parts.gateway).then(|| said.gateway.clone());
                self.say_who_owns();
            }
            _ => {}
        }
        let owner = self.pulses[index].owner.clone();
        let known = self.ledger.station(index);
        self.parts.directory.change(&known.name, |entry| {
            entry.counts = known.counts;
            entry.owner = owner;
            if said_by_station && !message.retained {
                entry.last_seen = Some(message.received_at);
            }
            match &*message.payload {
                Payload::About(about) => entry.about = Some(Arc::new(about.clone())),
                Payload::Health(health) => {
                    entry.health = Some((message.received_at, Arc::new(health.clone())));
                }
                _ => {}
            }
        });
    }

    /// A standby is ready: it stores and shows. Whose the stations are is said all the same.
    fn say_who_owns(&self) {
        let owners: Vec<&GatewayName> = self.pulses.iter().filter_map(|pulse| pulse.owner.as_ref()).collect();
        let detail = match owners.first() {
            None => "every station is acknowledged here".to_owned(),
            Some(owner) => format!("{} stations are owned by other gateways, such as {owner}", owners.len()),
        };
        self.parts.readiness.set(OWNERSHIP, true, detail);
    }

    fn enter(&mut self, index: Index, presence: Presence, since: Millis) {
        self.pulses[index].presence = presence;
        let station = &self.ledger.station(index).name;
        tracing::info!("{station} is {}", presence.word());
        self.parts.directory.change(station, |entry| {
            entry.presence = presence;
            entry.since = Some(since);
        });
        self.parts.hub.tell(Event::Status { station: station.clone(), state: presence, since });
    }

    /// Tells listeners what is on disk now, and remembers who must be acknowledged.
    fn tell(&mut self, effects: Effects) {
        counter!("minuano_readings_retimed_total").increment(effects.retimed);
        for reading in effects.readings {
            self.parts.directory.change(&reading.station, |entry| {
                let newest = entry.last_reading.as_ref().map(|newest| newest.observed_at);
                if newest.is_none_or(|newest| newest <= reading.observed_at) {
                    entry.last_reading = Some(Arc::clone(&reading));
                }
            });
            self.parts.hub.tell(Event::Reading(reading));
        }
        for anomaly in effects.anomalies {
            if let Some(index) = self.ledger.index(&anomaly.station) {
                self.answers.tell(self.ledger.station(index), &anomaly);
            }
            self.parts.hub.tell(Event::Anomaly(anomaly));
        }
        let elapsed = self.started.elapsed();
        for (index, soon) in effects.due {
            self.answers.owe(index, soon, elapsed);
        }
    }

    /// Looks for stations that fell silent, and for rows that are old.
    fn tick(&mut self) {
        let elapsed = self.started.elapsed();
        if elapsed < self.next_tick {
            return;
        }
        self.next_tick = elapsed + TICK;
        let silent: Vec<Index> = (0..self.pulses.len())
            .filter(|index| {
                let pulse = &self.pulses[*index];
                after_silence(pulse.presence, elapsed.saturating_sub(pulse.heard), pulse.interval)
                    != pulse.presence
            })
            .collect();
        let result = self.mark_silent(&silent).and_then(|()| self.prune(elapsed));
        if let Err(error) = result {
            self.parts.readiness.set(STORE, false, error.to_string());
            tracing::error!("store: {error}");
        }
    }

    fn mark_silent(&mut self, silent: &[Index]) -> rusqlite::Result<()> {
        if silent.is_empty() {
            return Ok(());
        }
        let since = now();
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        for index in silent {
            let id = self.ledger.id(&transaction, *index)?;
            stations::save_presence(&transaction, id, Presence::Offline, since)?;
        }
        transaction.commit()?;
        for index in silent {
            self.enter(*index, Presence::Offline, since);
        }
        Ok(())
    }

    fn prune(&mut self, elapsed: Duration) -> rusqlite::Result<()> {
        if elapsed < self.next_prune {
            return Ok(());
        }
        let retention = i64::try_from(self.parts.commits.retention.as_millis()).unwrap_or(i64::MAX);
        let before = Millis::new(now().get().saturating_sub(retention)).unwrap_or(Millis::YEAR_2020);
        let gone = retention::prune(&self.connection, before, self.parts.lake)?;
        counter!("minuano_readings_pruned_total").increment(gone as u64);
        // While there is more, the next tick goes on.
        self.next_prune = if gone == 0 { elapsed + PRUNE_EVERY } else { elapsed };
        Ok(())
    }

    /// The disk refused: nothing is acknowledged, so stations will send these messages again.
    async fn fail(&mut self, error: &rusqlite::Error, messages: usize) {
        counter!("minuano_commits_failed_total").increment(1);
        tracing::error!(
            "store: {messages} messages could not be committed: {error}; stations will send them again"
        );
        self.parts.readiness.set(STORE, false, error.to_string());
        while let Err(error) = self.ledger.forget_uncommitted(&self.connection) {
            tracing::error!("store: cannot be read: {error}");
            tokio::time::sleep(AFTER_FAILURE).await;
        }
        tokio::time::sleep(AFTER_FAILURE).await;
    }
}

fn readings_in(message: &Message) -> usize {
    match &*message.payload {
        Payload::Telemetry(batch) | Payload::Backlog(batch) => batch.readings.len(),
        _ => 1,
    }
}

fn latest(presences: &[(Index, Presence, Millis)], index: Index) -> Option<Presence> {
    presences.iter().rev().find(|(other, ..)| *other == index).map(|(_, presence, _)| *presence)
}

fn presence_after(before: Presence, message: &Message) -> Presence {
    match &*message.payload {
        Payload::Status(Status { state }) => (*state).into(),
        Payload::Telemetry(_) | Payload::Backlog(_) if !message.retained => after_data(before),
        _ => before,
    }
}

/// Writes down what a station says of itself, and whose it is.
fn write_down(
    ledger: &mut Ledger,
    connection: &Connection,
    index: Index,
    message: &Message,
    gateway: &GatewayName,
) -> rusqlite::Result<()> {
    match &*message.payload {
        Payload::About(about) => {
            let id = ledger.id(connection, index)?;
            stations::save_about(connection, id, about)
        }
        Payload::Health(health) => {
            let id = ledger.id(connection, index)?;
            stations::save_health(connection, id, health, message.received_at)
        }
        Payload::Acknowledged(said) => {
            let id = ledger.id(connection, index)?;
            let owner = (said.gateway != *gateway).then(|| said.gateway.as_str());
            stations::save_owner(connection, id, owner)
        }
        _ => Ok(()),
    }
}

/// Starts the writer on a thread of its own, where SQLite may block; the answer comes when it has ended.
pub fn spawn(writer: Writer, inbox: mpsc::Receiver<Message>) -> std::io::Result<oneshot::Receiver<()>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
    let (ended, end) = oneshot::channel();
    std::thread::Builder::new().name("writer".to_owned()).spawn(move || {
        runtime.block_on(writer.run(inbox));
        // Nobody waits when the process is ending for another reason.
        let _ = ended.send(());
    })?;
    Ok(end)
}
