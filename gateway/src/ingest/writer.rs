//! The one thread that writes: many messages make one commit, and what is on disk is acknowledged.
//!
//! # Layout
//!
//! - [`Writer::run`]: collect, commit, look for silence, acknowledge
//! - `commit`: messages to the disk, however long the disk refuses
//! - `memory`: what is on disk, taken into memory and told to who listens
//! - `weather`: events beside the readings
//! - `upkeep`: rollups follow the readings, old rows go

mod commit;
mod memory;
#[cfg(test)]
mod tests;
mod upkeep;
mod weather;

use std::sync::Arc;
use std::time::{Duration, Instant};

use minuano_telemetry::{AnomalyState, GatewayName};
use rusqlite::{Connection, TransactionBehavior};
use tokio::sync::{mpsc, oneshot};

use super::answers::Answers;
use super::ledger::{Effects, Index, Ledger};
use super::message::Message;
use super::presence::{after_silence, longest_silence};
use super::silence::Watchlist;
use crate::alert::Alert;
use crate::alert::outbox::Desk;
use crate::clock::now;
use crate::config::StoreConfig;
use crate::directory::{Directory, Presence};
use crate::events::Rules;
use crate::http::Readiness;
use crate::live::Hub;
use crate::quality::engine;
use crate::store::{Store, StoreError, stations};
use crate::watch::Progress;

/// Messages that may wait for the writer; beyond that the sockets are read more slowly. As many as fill the next commit while
/// one is written: each page that a commit changes is then written for more readings.
pub const INBOX: usize = 8192;
/// How often the writer looks whether a commit is full; so long the fastest broker does not fill the inbox.
const COLLECT_EVERY: Duration = Duration::from_millis(20);
/// How often silence is looked for.
const TICK: Duration = Duration::from_secs(1);
/// Stations that are marked as silent at a time: between two commits, which wait for it.
const MOST_SILENT: usize = 500;
/// A message that waited longer shows that the writer is behind: who seems silent then may have spoken.
const BEHIND: Duration = Duration::from_secs(2);

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
    /// How readings are checked.
    pub rules: engine::Rules,
    /// Where alerts are put down.
    pub desk: Desk,
    /// When weather is an event.
    pub events: Rules,
    /// Whether rows wait for the lake before they are pruned.
    pub lake: bool,
    /// How much longer than retention they wait for Elasticsearch; none: there is none.
    pub elastic_waits: Option<std::time::Duration>,
    /// Where it shows that it goes round.
    pub progress: Arc<Progress>,
}

/// What is remembered of a station beside the ledger: whether it is there, and whose it is.
#[derive(Clone, Debug, Default)]
struct Pulse {
    presence: Presence,
    heard: Duration,
    interval: Option<Duration>,
    /// Another gateway, if it is not this one's. Boxed, since there is none nearly always.
    owner: Option<Box<GatewayName>>,
    /// When it is looked at for silence.
    watched: Option<Duration>,
}

/// The writer's state.
#[derive(Debug)]
pub struct Writer {
    parts: Parts,
    connection: Connection,
    ledger: Ledger,
    pulses: Vec<Pulse>,
    watchlist: Watchlist,
    /// Since when nothing has waited for long. Silence before it proves nothing.
    kept_up_since: Duration,
    weather: weather::Watch,
    answers: Answers,
    started: Instant,
    next_tick: Duration,
    /// How long a commit took at most.
    longest: Duration,
    upkeep: upkeep::Upkeep,
}

impl Writer {
    /// Reads what the store has into memory and into the directory.
    pub fn open(mut parts: Parts, answers: Answers) -> Result<Self, StoreError> {
        let file = parts.store.file().to_owned();
        let refused = |cause| StoreError::Sqlite { file: file.clone(), cause };
        let connection = parts.store.writer()?;
        parts.desk.take_up(&connection).map_err(refused)?;
        let mut ledger = Ledger::load(&connection, &parts.rules).map_err(refused)?;
        let mut pulses = Vec::new();
        for (name, _, now) in stations::load_all(&connection).map_err(refused)? {
            let Some(index) = ledger.index(&name) else { break };
            let interval = now.about().map(|about| Duration::from_secs(about.report_s.into()));
            pulses.resize(pulses.len().max(index + 1), Pulse::default());
            let owner = now.owner.clone().map(Box::new);
            pulses[index] = Pulse { presence: now.presence, interval, owner, ..Pulse::default() };
            parts.directory.change(&name, |entry| *entry = now);
        }
        parts.readiness.set(STORE, true, "open");
        let weather = weather::Watch::new(parts.events);
        let mut writer = Self {
            parts,
            connection,
            ledger,
            pulses,
            watchlist: Watchlist::default(),
            kept_up_since: Duration::ZERO,
            weather,
            answers,
            started: Instant::now(),
            next_tick: TICK,
            longest: Duration::ZERO,
            upkeep: upkeep::Upkeep::default(),
        };
        (0..writer.pulses.len()).for_each(|index| writer.watch(index));
        writer.say_who_owns();
        Ok(writer)
    }

    /// Runs until every sender of `inbox` is gone and what they sent is on disk.
    pub async fn run(mut self, mut inbox: mpsc::Receiver<Message>) {
        loop {
            self.parts.progress.made();
            let wake = self.answers.next().map_or(self.next_tick, |due| due.min(self.next_tick));
            let deadline = tokio::time::Instant::from_std(self.started + wake);
            let messages = match tokio::time::timeout_at(deadline, inbox.recv()).await {
                Ok(Some(first)) => self.collect(first, &mut inbox).await,
                Ok(None) => return,
                Err(_) => Vec::new(),
            };
            if !messages.is_empty() && !self.put_on_disk(&messages, &inbox).await {
                return;
            }
            let elapsed = self.started.elapsed();
            if inbox.len() == INBOX || messages.first().is_some_and(has_waited) {
                self.kept_up_since = elapsed;
            }
            self.tick(elapsed);
            self.keep_up();
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
        loop {
            while readings < self.parts.commits.commit_readings
                && let Ok(message) = inbox.try_recv()
            {
                readings += readings_in(&message);
                messages.push(message);
            }
            let now = tokio::time::Instant::now();
            if readings >= self.parts.commits.commit_readings || now >= until || inbox.is_closed() {
                return messages;
            }
            // Woken by each message, the thread would spend more on waking than on the message.
            tokio::time::sleep_until(until.min(now + COLLECT_EVERY)).await;
        }
    }

    /// Looks for stations that fell silent.
    fn tick(&mut self, elapsed: Duration) {
        if elapsed < self.next_tick {
            return;
        }
        let mut silent: Vec<Index> = Vec::new();
        while silent.len() < MOST_SILENT
            && let Some((at, index)) = self.watchlist.past(elapsed)
        {
            let pulse = &mut self.pulses[index];
            if pulse.watched != Some(at) {
                continue;
            }
            pulse.watched = None;
            let unheard = elapsed.saturating_sub(pulse.heard.max(self.kept_up_since));
            if after_silence(pulse.presence, unheard, pulse.interval) == pulse.presence {
                self.watch(index);
            } else {
                silent.push(index);
            }
        }
        // The others that are silent are next, after what has come meanwhile.
        self.next_tick = if silent.len() < MOST_SILENT { elapsed + TICK } else { elapsed };
        if let Err(error) = self.mark_silent(&silent) {
            silent.into_iter().for_each(|index| self.watch(index));
            self.parts.readiness.set(STORE, false, error.to_string());
            tracing::error!("store: {error}");
        }
    }

    /// A station that is there is looked at when it has been silent for too long.
    fn watch(&mut self, index: Index) {
        let pulse = &mut self.pulses[index];
        if pulse.presence == Presence::Online {
            let at = pulse.heard.max(self.kept_up_since) + longest_silence(pulse.interval);
            self.watchlist.watch(index, at, &mut pulse.watched);
        }
    }

    fn mark_silent(&mut self, silent: &[Index]) -> rusqlite::Result<()> {
        if silent.is_empty() {
            return Ok(());
        }
        let since = now();
        let mut effects = Effects::default();
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        for index in silent {
            let id = self.ledger.id(&transaction, *index)?;
            stations::save_presence(&transaction, id, Presence::Offline, since)?;
            self.ledger.look_at_presence(&transaction, *index, Presence::Offline, since, &mut effects)?;
            let name = &self.ledger.station(*index).name;
            let alert = Alert::of_station(self.parts.gateway.as_str(), name, AnomalyState::Open, since);
            self.parts.desk.put(&transaction, &alert, since)?;
        }
        transaction.commit()?;
        self.parts.desk.wake();
        self.tell(effects);
        for index in silent {
            self.enter(*index, Presence::Offline, since);
        }
        Ok(())
    }
}

/// Whether this message lay for long before it was committed.
fn has_waited(message: &Message) -> bool {
    u128::try_from(now().get() - message.received_at.get()).is_ok_and(|ms| ms > BEHIND.as_millis())
}

fn readings_in(message: &Message) -> usize {
    message.said.readings().max(1)
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
