//! A model of the gateway's half: rules 1 to 5 of the contract, and a store that forgets what it did not commit, or is
//! replaced by an old copy or an empty one.

use std::collections::{BTreeMap, BTreeSet};

use minuano_telemetry::{Batch, Reading, StreamId, Streams};

use super::super::Message;

/// What one stream's readings became.
#[derive(Clone, Debug, Default)]
pub(super) struct Account {
    pub stored: BTreeMap<u64, Reading>,
    pub lost: BTreeSet<u64>,
    elsewhere: BTreeSet<u64>,
    cursor: u64,
    oldest: u64,
    last: u64,
    pub through: u64,
    order: usize,
}

/// The gateway.
#[derive(Clone, Debug, Default)]
pub(super) struct Gateway {
    pub streams: BTreeMap<StreamId, Account>,
    committed: BTreeMap<StreamId, Account>,
    /// A copy of the store as it was once.
    backup: BTreeMap<StreamId, Account>,
    /// What stores that are gone had.
    pub forgotten: BTreeMap<StreamId, BTreeSet<u64>>,
    /// What they had given up.
    pub given_up: BTreeMap<StreamId, BTreeSet<u64>>,
    /// Every stream in the order of their births, as the times of their first readings tell it.
    births: Vec<StreamId>,
    /// Those that must be told, from the next commit on.
    due: BTreeSet<StreamId>,
    pub duplicates: u64,
}

impl Account {
    fn knows(&self, seq: u64) -> bool {
        self.stored.contains_key(&seq) || self.lost.contains(&seq) || self.elsewhere.contains(&seq)
    }

    fn declare(&mut self, cursor: u64, oldest: u64) {
        if cursor > self.cursor {
            for seq in (self.cursor + 1..=cursor).filter(|seq| !self.knows(*seq)).collect::<Vec<_>>() {
                self.elsewhere.insert(seq);
            }
            self.cursor = cursor;
        }
        if oldest > self.oldest {
            let from = self.oldest.max(self.cursor + 1);
            for seq in (from..oldest).filter(|seq| !self.knows(*seq)).collect::<Vec<_>>() {
                self.lost.insert(seq);
            }
            self.oldest = oldest;
        }
        self.advance();
    }

    fn end(&mut self) {
        for seq in (1..=self.highest()).filter(|seq| !self.knows(*seq)).collect::<Vec<_>>() {
            self.lost.insert(seq);
        }
        self.advance();
    }

    /// Gives whether it is new. A reading that was given up is stored, and is lost no more.
    fn arrive(&mut self, reading: Reading) -> bool {
        if let Some(known) = self.stored.get(&reading.seq) {
            assert_eq!(known.values, reading.values, "two readings under one identity");
            return false;
        }
        self.lost.remove(&reading.seq);
        self.elsewhere.remove(&reading.seq);
        self.stored.insert(reading.seq, reading);
        self.advance();
        true
    }

    fn advance(&mut self) {
        while self.knows(self.through + 1) {
            self.through += 1;
        }
    }

    /// The highest number that it has heard of.
    pub fn highest(&self) -> u64 {
        let stored = self.stored.last_key_value().map_or(0, |(seq, _)| *seq);
        [self.cursor, self.oldest.saturating_sub(1), self.last, stored].into_iter().max().unwrap_or(0)
    }

    /// What the station says was acknowledged, and is not here.
    pub fn elsewhere(&self) -> &BTreeSet<u64> {
        &self.elsewhere
    }
}

impl Gateway {
    pub fn take(&mut self, message: &Message) {
        match message {
            Message::Telemetry(batch) | Message::Backlog(batch) => self.batch(batch),
            Message::Streams(streams) => self.listed(streams),
        }
    }

    /// What was taken is on disk. Gives what each touched stream is told.
    pub fn commit(&mut self) -> Vec<(StreamId, u64)> {
        self.committed.clone_from(&self.streams);
        let due = std::mem::take(&mut self.due);
        due.into_iter().filter_map(|id| Some((id, self.streams.get(&id)?.through))).collect()
    }

    /// What was not committed is forgotten.
    pub fn crash(&mut self) {
        self.streams.clone_from(&self.committed);
        self.due.clear();
    }

    /// Keeps a copy of the store.
    pub fn back_up(&mut self) {
        self.backup.clone_from(&self.committed);
    }

    /// The store is gone: the copy takes its place, or an empty one.
    pub fn restore(&mut self, has_copy: bool) {
        let kept = if has_copy { self.backup.clone() } else { BTreeMap::new() };
        for (id, account) in &self.committed {
            let unknown = |seq: &u64| !kept.get(id).is_some_and(|kept| kept.knows(*seq));
            let stored = account.stored.keys().copied().filter(unknown);
            self.forgotten.entry(*id).or_default().extend(stored);
            let named = account.lost.union(&account.elsewhere).copied().filter(unknown);
            self.given_up.entry(*id).or_default().extend(named);
        }
        self.committed = kept;
        self.crash();
    }

    /// A stream begins.
    pub fn born(&mut self, stream: StreamId) {
        self.births.push(stream);
    }

    pub fn is_idle(&self) -> bool {
        self.due.is_empty()
    }

    fn account(&mut self, stream: StreamId) -> &mut Account {
        let order = self.births.iter().position(|born| *born == stream).expect("it was born");
        self.streams.entry(stream).or_insert_with(|| Account { order, oldest: 1, ..Account::default() })
    }

    fn batch(&mut self, batch: &Batch) {
        let account = self.account(batch.stream);
        account.declare(batch.cursor, batch.oldest);
        let new = batch.readings.iter().filter(|reading| account.arrive(**reading)).count();
        self.duplicates += (batch.readings.len() - new) as u64;
        self.due.insert(batch.stream);
    }

    fn listed(&mut self, listed: &Streams) {
        let mut newest = None;
        for entry in &listed.streams {
            let account = self.account(entry.stream);
            account.declare(entry.cursor, entry.oldest);
            account.last = account.last.max(entry.last.unwrap_or(0));
            newest = newest.max(Some(account.order));
            if account.through > entry.cursor || entry.last.is_some() {
                self.due.insert(entry.stream);
            }
        }
        for (id, account) in &mut self.streams {
            let is_listed = listed.streams.iter().any(|entry| entry.stream == *id);
            // A list that knows only older streams is itself older.
            if !is_listed && newest.is_some_and(|newest| newest > account.order) {
                account.end();
            }
        }
    }
}
