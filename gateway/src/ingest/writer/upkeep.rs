//! What the writer does beside committing: rollups follow the readings, old rows go.

use std::time::{Duration, Instant};

use metrics::{counter, gauge, histogram};
use minuano_telemetry::Millis;
use rusqlite::TransactionBehavior;

use super::commit::alerts;
use super::{STORE, Writer};
use crate::clock::now;
use crate::ingest::ledger::Effects;
use crate::store::query::readings::newest_row;
use crate::store::retention::{self, Waiting};
use crate::store::{bound, rollups};

/// How often old rows are looked for.
const PRUNE_EVERY: Duration = Duration::from_secs(60);
/// How long readings wait for the rollups where few come: many of one minute then change a page once.
const ROLL_UP_EVERY: Duration = Duration::from_secs(300);

/// How long commits wait at a time for rollups that have fallen behind, for each [`rollups::MAX_TAIL`] of rows that wait.
const CATCH_UP: Duration = Duration::from_millis(40);

/// How often silent stations are looked at.
const SETTLE_EVERY: Duration = Duration::from_secs(5);

/// A chunk of one kind of work, if it is due; false where it is not.
type Work = fn(&mut Writer, Duration) -> rusqlite::Result<bool>;

/// When each is due.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Upkeep {
    prune: Duration,
    roll_up: Duration,
    settle: Duration,
    /// How long one of each took at most.
    longest: [Duration; 3],
}

impl Writer {
    /// A chunk of the first that is due, since commits wait meanwhile: the others come after the next one. What fails is
    /// said, and tried again.
    pub(super) fn keep_up(&mut self) {
        let (elapsed, begun) = (self.started.elapsed(), Instant::now());
        let works = [("settle", Self::settle as Work), ("roll_up", Self::roll_up), ("prune", Self::prune)];
        let mut done = Ok(false);
        for (place, (name, work)) in works.into_iter().enumerate() {
            done = work(self, elapsed);
            if !matches!(done, Ok(false)) {
                let took = begun.elapsed();
                histogram!("minuano_upkeep_seconds", "work" => name).record(took);
                if took > self.upkeep.longest[place] {
                    self.upkeep.longest[place] = took;
                    gauge!("minuano_upkeep_longest_seconds", "work" => name).set(took);
                }
                break;
            }
        }
        if let Err(error) = done {
            self.parts.readiness.set(STORE, false, error.to_string());
            tracing::error!("store: {error}");
        }
    }

    /// What silent stations left to settle: commits look only at stations that speak.
    fn settle(&mut self, elapsed: Duration) -> rusqlite::Result<bool> {
        if elapsed < self.upkeep.settle {
            return Ok(false);
        }
        self.upkeep.settle = elapsed + SETTLE_EVERY;
        let mut effects = Effects::default();
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut concluded = self.ledger.conclude(&transaction, now(), true, &mut effects).and_then(|()| {
            self.weather.take(&transaction, &self.ledger, &effects.in_turn, &mut effects.weather)
        });
        for alert in alerts(&self.parts.gateway, &effects, &[], &self.pulses, &self.ledger) {
            concluded = concluded.and_then(|()| self.parts.desk.put(&transaction, &alert, now()).map(|_| ()));
        }
        if let Err(error) = concluded.and_then(|()| transaction.commit()) {
            self.weather.forget();
            self.ledger.forget_uncommitted(&self.connection)?;
            return Err(error);
        }
        self.parts.desk.wake();
        self.tell(effects);
        Ok(true)
    }

    /// One chunk when it is time. Where readings come faster than that, as many as fit into a time that grows with
    /// what waits.
    fn roll_up(&mut self, elapsed: Duration) -> rusqlite::Result<bool> {
        let begun = Instant::now();
        let mut worked = false;
        loop {
            let waiting = newest_row(&self.connection)? - rollups::through(&self.connection)?;
            #[expect(clippy::cast_precision_loss, reason = "Prometheus counts in f64")]
            gauge!("minuano_rollup_rows_waiting").set(waiting as f64);
            let crowded = waiting > rollups::MAX_TAIL;
            if !crowded && (worked || elapsed < self.upkeep.roll_up || waiting == 0) {
                return Ok(worked);
            }
            let times = u32::try_from(waiting / rollups::MAX_TAIL).unwrap_or(u32::MAX);
            if worked && begun.elapsed() >= CATCH_UP.saturating_mul(times) {
                return Ok(worked);
            }
            let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let more = rollups::advance(&transaction)?;
            transaction.commit()?;
            if !more {
                self.upkeep.roll_up = elapsed + ROLL_UP_EVERY;
            }
            worked = true;
        }
    }

    /// Where the store may grow no more: what is in the lake goes now, and has to be in the rollups first.
    pub(super) fn make_room(&mut self) {
        if bound::is_reached(&self.connection, self.parts.commits.max_bytes).unwrap_or(false) {
            (self.upkeep.roll_up, self.upkeep.prune) = (Duration::ZERO, Duration::ZERO);
            // One piece each time, rollups first.
            self.keep_up();
            self.keep_up();
        }
    }

    fn prune(&mut self, elapsed: Duration) -> rusqlite::Result<bool> {
        if elapsed < self.upkeep.prune {
            return Ok(false);
        }
        let full = bound::is_reached(&self.connection, self.parts.commits.max_bytes)?;
        let retention = if full && self.parts.lake { Duration::ZERO } else { self.parts.commits.retention };
        let before = earlier(now(), retention);
        let waiting = Waiting {
            lake: self.parts.lake,
            elastic_from: self.parts.elastic_waits.map(|wait| earlier(before, wait)),
        };
        let gone = retention::prune(&self.connection, before, waiting)?;
        counter!("minuano_readings_pruned_total").increment(gone.rows);
        counter!("minuano_elastic_missed_total").increment(gone.unsent);
        let more = gone.rows > 0 || retention::give_back(&self.connection)?;
        // While there is more, the next commit or tick goes on.
        self.upkeep.prune = if more { elapsed } else { elapsed + PRUNE_EVERY };
        Ok(more)
    }
}

fn earlier(moment: Millis, by: Duration) -> Millis {
    let by = i64::try_from(by.as_millis()).unwrap_or(i64::MAX);
    Millis::new(moment.get().saturating_sub(by)).unwrap_or(Millis::YEAR_2020)
}
