//! Messages to the disk, however long the disk refuses.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use metrics::{counter, gauge, histogram};
use minuano_telemetry::{AnomalyKind, AnomalyState, GatewayName, Millis};
use rusqlite::{Connection, TransactionBehavior};
use tokio::sync::mpsc;

use super::{Parts, Pulse, STORE, Writer};
use crate::alert::Alert;
use crate::clock::now;
use crate::directory::Presence;
use crate::ingest::ledger::{Effects, Index, Ledger};
use crate::ingest::message::{Message, Said};
use crate::ingest::presence::after_data;
use crate::quality::place::Place;
use crate::store::{bound, health, integrity, stations};

/// How long the writer rests when the disk refuses.
pub const AFTER_FAILURE: Duration = Duration::from_secs(1);

impl Writer {
    /// Commits the messages together or, where one of them spoils that, each for itself: the spoiler is
    /// refused and counted. False when the process stops before the disk has taken them,
    /// or the store turns out to be damaged.
    pub(super) async fn put_on_disk(
        &mut self,
        messages: &[Message],
        inbox: &mpsc::Receiver<Message>,
    ) -> bool {
        match self.persist(messages, inbox).await {
            Ok(on_disk) => return on_disk,
            Err(error) => tracing::warn!("store: {error}; trying the {} messages one by one", messages.len()),
        }
        for message in messages {
            match self.persist(std::slice::from_ref(message), inbox).await {
                Ok(true) => {}
                Ok(false) => return false,
                Err(error) => {
                    counter!("minuano_messages_refused_total", "reason" => "store").increment(1);
                    tracing::error!(
                        "store: a {} message of {} is refused: {error}",
                        message.said.leaf().word(),
                        message.station
                    );
                }
            }
        }
        true
    }

    /// Commits, as often as the disk refuses: what is not a reading would not be sent again. Meanwhile nothing
    /// is acknowledged, and the sockets are read no further than the queues go. An error is one of the messages.
    async fn persist(
        &mut self,
        messages: &[Message],
        inbox: &mpsc::Receiver<Message>,
    ) -> rusqlite::Result<bool> {
        loop {
            // A disk that refuses is tried again: that is no standstill.
            self.parts.progress.made();
            let Err(error) = self.commit(messages) else { return Ok(true) };
            counter!("minuano_commits_failed_total").increment(1);
            self.weather.forget();
            let forgotten = self.ledger.forget_uncommitted(&self.connection);
            if forgotten.is_ok() && !is_of_the_disk(&error) {
                return Err(error);
            }
            let error = forgotten.err().unwrap_or(error);
            if integrity::is_damage(&error) {
                let why = error.to_string();
                integrity::condemn(self.parts.store.file(), &why);
                tracing::error!(
                    "store: {why}; the gateway ends, and its next start sets the damaged file aside"
                );
                self.parts.readiness.set(STORE, false, why);
                return Ok(false);
            }
            tracing::error!("store: {error}; nothing is acknowledged until it can be written");
            self.parts.readiness.set(STORE, false, error.to_string());
            self.make_room();
            if inbox.is_closed() {
                tracing::error!(
                    "store: {} messages did not get to the disk; readings among them will be sent again",
                    messages.len()
                );
                return Ok(false);
            }
            tokio::time::sleep(AFTER_FAILURE).await;
        }
    }

    fn commit(&mut self, messages: &[Message]) -> rusqlite::Result<()> {
        let begun = Instant::now();
        bound::check(&self.connection, self.parts.commits.max_bytes)?;
        let mut effects = Effects::default();
        let mut presences = Vec::new();
        let mut became: HashMap<Index, Presence> = HashMap::new();
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut places = Vec::with_capacity(messages.len());
        for message in messages {
            let before = effects.readings.len();
            let Some(index) = self.ledger.index(&message.station) else {
                places.push(None);
                counter!("minuano_messages_refused_total", "reason" => "stations").increment(1);
                continue;
            };
            if index >= self.pulses.len() {
                self.pulses.resize(index + 1, Pulse::default());
            }
            self.ledger.take(&transaction, index, message, &mut effects)?;
            places.push(Some((index, before..effects.readings.len())));
            write_down(&mut self.ledger, &transaction, index, message, &self.parts)?;
            let before = became.get(&index).copied().unwrap_or(self.pulses[index].presence);
            let after = presence_after(before, message);
            if after != before {
                let id = self.ledger.id(&transaction, index)?;
                stations::save_presence(&transaction, id, after, message.received_at)?;
                self.ledger.look_at_presence(
                    &transaction,
                    index,
                    after,
                    message.received_at,
                    &mut effects,
                )?;
                presences.push((index, after, message.received_at));
                became.insert(index, after);
            }
        }
        self.ledger.conclude(&transaction, now(), false, &mut effects)?;
        self.weather.take(&transaction, &self.ledger, &effects.in_turn, &mut effects.weather)?;
        for alert in alerts(&self.parts.gateway, &effects, &presences, &self.pulses, &self.ledger) {
            self.parts.desk.put(&transaction, &alert, now())?;
        }
        self.ledger.save(&transaction)?;
        transaction.commit()?;
        self.parts.desk.wake();
        counter!("minuano_commits_total").increment(1);
        let took = begun.elapsed();
        histogram!("minuano_commit_seconds").record(took);
        if took > self.longest {
            self.longest = took;
            gauge!("minuano_commit_longest_seconds").set(took);
        }
        self.parts.readiness.set(STORE, true, "committing");
        for (message, place) in messages.iter().zip(places) {
            if let Some((index, stored)) = place {
                self.remember(index, message, &effects.readings[stored]);
            }
        }
        for (index, presence, since) in presences {
            self.enter(index, presence, since);
        }
        self.tell(effects);
        Ok(())
    }
}

/// Whether the fault is in the disk, the file or the machine, and not in what was to be written.
fn is_of_the_disk(error: &rusqlite::Error) -> bool {
    use rusqlite::ErrorCode;
    !matches!(
        error.sqlite_error_code(),
        None | Some(
            ErrorCode::ConstraintViolation
                | ErrorCode::TypeMismatch
                | ErrorCode::TooBig
                | ErrorCode::ParameterOutOfRange
        )
    )
}

/// What the destinations may want to hear. A station that was stopped is no news, and neither is one that comes
/// for the first time.
pub(super) fn alerts(
    gateway: &GatewayName,
    effects: &Effects,
    presences: &[(Index, Presence, Millis)],
    pulses: &[Pulse],
    ledger: &Ledger,
) -> Vec<Alert> {
    let gateway = gateway.as_str();
    // That a station fell silent is told as such.
    let told = effects.anomalies.iter().filter(|anomaly| anomaly.kind != AnomalyKind::Silent);
    let faults = told.map(|anomaly| Alert::of_anomaly(gateway, anomaly));
    let weather = effects.weather.iter().map(|event| Alert::of_weather(gateway, event));
    let stations = presences.iter().filter_map(|(index, presence, at)| {
        let state = match (pulses[*index].presence, presence) {
            (_, Presence::Offline) => AnomalyState::Open,
            (Presence::Offline, Presence::Online) => AnomalyState::Closed,
            _ => return None,
        };
        Some(Alert::of_station(gateway, &ledger.station(*index).name, state, *at))
    });
    faults.chain(weather).chain(stations).collect()
}

fn presence_after(before: Presence, message: &Message) -> Presence {
    match &message.said {
        Said::Status(state) => (*state).into(),
        _ if message.said.readings() > 0 && !message.retained => after_data(before),
        _ => before,
    }
}

/// Writes down what a station says of itself, and whose it is.
fn write_down(
    ledger: &mut Ledger,
    connection: &Connection,
    index: Index,
    message: &Message,
    parts: &Parts,
) -> rusqlite::Result<()> {
    match &message.said {
        Said::About(about) => {
            let id = ledger.id(connection, index)?;
            stations::save_about(connection, id, about)?;
            ledger.place(connection, index, Place::of(about))
        }
        Said::Health(said) => {
            let id = ledger.id(connection, index)?;
            stations::save_health(connection, id, said, message.received_at, message.retained)?;
            // What the broker kept was written down when it was heard first.
            if message.retained {
                return Ok(());
            }
            let retention = i64::try_from(parts.commits.retention.as_millis()).unwrap_or(i64::MAX);
            let oldest = message.received_at.get().saturating_sub(retention);
            health::save(connection, id, message.received_at, said, oldest)
        }
        Said::Acknowledged(by) => {
            let id = ledger.id(connection, index)?;
            let owner = (*by != parts.gateway).then(|| by.as_str());
            stations::save_owner(connection, id, owner)
        }
        _ => Ok(()),
    }
}
