//! Reads what can be read of a damaged store into the current one, by identity: what is there already is left.
//!
//! Pages that SQLite cannot read are stepped over, from both sides. A row is taken only if all of it makes
//! sense: a wrong reading is worse than none.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;
use std::path::{Path, PathBuf};

use anyhow::ensure;
use minuano_telemetry::{Flag, Millis, Quantity, StationName, StreamId};
use rusqlite::{Connection, TransactionBehavior};

use super::integrity::is_damage;
use super::lock::Lock;
use super::query::readings::newest_row;
use super::row::{
    self, NewReading, Owner, clock_from_number, millis, parsed, unpack_faults, value_from_column,
};
use super::streams::{self, StreamRow};
use super::{Store, rollups, stations, unsettled};
use crate::acknowledge::account::{Account, Arrival, Kind};
use crate::quality::range;

mod damaged;
mod episodes;
#[cfg(test)]
mod tests;

/// What a salvage did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Salvaged {
    /// Readings that are in the store now and were not.
    pub readings: u64,
    /// Readings that were there already.
    pub known: u64,
    /// Rows that made no sense.
    pub refused: u64,
    /// Places that could not be read.
    pub unreadable: u64,
    /// Minutes of rollups whose readings were pruned, or could not be read.
    pub minutes: u64,
    /// Episodes of suspect data and weather events that are in the store now and were not.
    pub episodes: u64,
    /// Where the damaged store is now.
    pub file: PathBuf,
}

impl fmt::Display for Salvaged {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { readings, known, refused, unreadable, minutes, episodes, file } = self;
        write!(
            formatter,
            "{readings} readings salvaged, {known} were there already; {refused} rows made no sense, {unreadable} \
             places could not be read; {minutes} minutes of charts salvaged without their readings, {episodes} \
             episodes. The damaged store is {}",
            file.display()
        )
    }
}

/// A stream of the damaged store.
struct Old {
    station: StationName,
    stream: StreamId,
    account: Account,
    stored: BTreeSet<(u64, u64)>,
}

/// The current store as it takes what comes.
struct Salvage<'a> {
    connection: &'a Connection,
    old: &'a HashMap<i64, Old>,
    streams: BTreeMap<i64, (i64, StreamRow)>,
    done: Salvaged,
}

/// Salvages `from` into `store`; the gateway is stopped.
pub fn salvage(store: &Store, from: &Path, now: Millis) -> anyhow::Result<Salvaged> {
    let _lock = Lock::take(store.file())?;
    ensure!(from.exists(), "{}: there is no such file", from.display());
    ensure!(
        std::fs::canonicalize(from)? != std::fs::canonicalize(store.file())?,
        "{} is the store itself",
        from.display()
    );
    let damaged = minuano_pagesum::open_damaged(from)?;
    let old = damaged::streams(&damaged)?;
    let laked = damaged::laked(&damaged);
    let mut writer = store.writer()?;
    // All or nothing, so that a salvage that was stopped can be begun again.
    let transaction = writer.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let mut salvage =
        Salvage { connection: &transaction, old: &old, streams: BTreeMap::new(), done: Salvaged::default() };
    // What the lake has already comes first and in one piece, so that it is not uploaded again.
    if !laked.is_empty() {
        let before = newest_row(&transaction)?;
        let planned: i64 =
            transaction
                .query_row("SELECT COALESCE(MAX(last_row), 0) FROM lake_batches", [], |row| row.get(0))?;
        ensure!(
            planned == before,
            "readings of this store wait for the lake; run minuano-gateway lake flush first"
        );
        salvage.readings(&damaged, |row, station| laked.has(row, station))?;
        let after = newest_row(&transaction)?;
        if after > before {
            transaction.execute(
                "INSERT INTO lake_batches (first_row, last_row, planned_at, excluded, done_at) \
                 VALUES (?1, ?2, ?3, (SELECT json_group_array(id) FROM stations), ?3)",
                (before + 1, after, now.get()),
            )?;
        }
    }
    let unreadable = std::mem::take(&mut salvage.done.unreadable);
    salvage.readings(&damaged, |row, station| !laked.has(row, station))?;
    salvage.done.unreadable = salvage.done.unreadable.max(unreadable);
    for (_, stream) in salvage.streams.values_mut() {
        streams::save(&transaction, stream)?;
    }
    // What was salvaged had its flags for good.
    unsettled::settle(&transaction, newest_row(&transaction)?)?;
    while rollups::advance(&transaction)? {}
    salvage.minutes(&damaged)?;
    salvage.done.episodes = episodes::salvage(&transaction, &damaged)?;
    let mut done = salvage.done;
    transaction.commit()?;
    drop(damaged);
    done.file = damaged::mark_salvaged(from)?;
    Ok(done)
}

impl Salvage<'_> {
    /// Takes every row that `wanted` (by row and station of the damaged store) wants.
    fn readings(&mut self, damaged: &Connection, wanted: impl Fn(i64, i64) -> bool) -> rusqlite::Result<()> {
        let places = damaged::readings(damaged, |row| {
            if wanted(row.get(0)?, row.get(1)?) {
                match self.reading(row) {
                    Ok(Some(Arrival::New)) => self.done.readings += 1,
                    Ok(Some(Arrival::Duplicate)) => self.done.known += 1,
                    Ok(None | Some(Arrival::TurnedAway)) => self.done.refused += 1,
                    // Of the current store, or the page of the damaged one.
                    Err(error) if error.sqlite_error_code().is_some() => return Err(error),
                    Err(_) => self.done.refused += 1,
                }
            }
            Ok(())
        })?;
        self.done.unreadable += places;
        Ok(())
    }

    /// `None` where the row makes no sense.
    fn reading(&mut self, row: &rusqlite::Row<'_>) -> rusqlite::Result<Option<Arrival>> {
        let (stream, seq): (i64, u64) = (row.get(2)?, row.get(3)?);
        let Some(old) = self.old.get(&stream) else { return Ok(None) };
        if old.stored.range(..=(seq, u64::MAX)).next_back().is_none_or(|(_, last)| seq > *last) {
            return Ok(None);
        }
        let mut reading = NewReading {
            seq,
            observed_at: millis(row, 4)?,
            received_at: millis(row, 5)?,
            clock: clock_from_number(row.get(6)?),
            samples: row.get(7)?,
            values: Default::default(),
            faults: unpack_faults(row.get(16)?),
            flags: [Flag::Missing; 4],
        };
        for quantity in Quantity::ALL {
            let index = quantity as usize;
            reading.values.set(quantity, value_from_column(quantity, row.get_ref(8 + index)?)?);
            let Some(flag) = Flag::from_number(row.get(12 + index)?) else { return Ok(None) };
            reading.flags[index] = flag;
        }
        let failed = |flags: [Flag; 4]| flags.map(|flag| matches!(flag, Flag::Fail | Flag::Missing));
        let again = failed(range::check_all(&reading.values));
        if again.iter().zip(failed(reading.flags)).any(|(again, stands)| *again && !stands) {
            return Ok(None);
        }
        let (station, slot) = match self.streams.entry(stream) {
            std::collections::btree_map::Entry::Occupied(known) => known.into_mut(),
            std::collections::btree_map::Entry::Vacant(place) => {
                place.insert(stream_in_store(self.connection, old)?)
            }
        };
        if slot.account.set(Kind::Stored).contains(seq) {
            return Ok(Some(Arrival::Duplicate));
        }
        let owner = Owner { station: *station, stream: slot.id };
        row::insert(self.connection, owner, &reading)?;
        slot.account.store(seq, reading.observed_at);
        Ok(Some(Arrival::New))
    }

    /// Rollups of minutes that the store has nothing of: their readings were pruned, or could not be read.
    fn minutes(&mut self, damaged: &Connection) -> rusqlite::Result<()> {
        for (name, minutes) in damaged::minutes(damaged) {
            let station = stations::id(self.connection, &name)?;
            for (start, parts) in minutes {
                if rollups::parts::load(self.connection, station, rollups::MINUTE, start)?.is_some() {
                    continue;
                }
                rollups::parts::save(self.connection, station, rollups::MINUTE, start, &parts)?;
                rollups::widen(self.connection, station, (start, start + rollups::MINUTE))?;
                self.done.minutes += 1;
            }
        }
        Ok(())
    }
}

/// The stream in the current store. One that it does not know comes with what the damaged one knew of it: what that
/// had stored is acknowledged elsewhere until its reading is salvaged.
fn stream_in_store(connection: &Connection, old: &Old) -> rusqlite::Result<(i64, StreamRow)> {
    let station = stations::id(connection, &old.station)?;
    if let Some(known) = streams::load(connection, station, old.stream)? {
        return Ok((station, known));
    }
    let mut row = streams::create(connection, station, old.stream, Account::new(old.account.first_at))?;
    let account = &mut row.account;
    account.cursor = old.account.cursor;
    account.oldest = old.account.oldest;
    account.last = old.account.last;
    account.ended = old.account.ended;
    for kind in [Kind::Overflow, Kind::Ended, Kind::Elsewhere] {
        for (first, last) in old.account.set(kind).iter() {
            account.set_mut(kind).insert(first, last);
        }
    }
    for (first, last) in &old.stored {
        account.set_mut(Kind::Elsewhere).insert(*first, *last);
    }
    Ok((station, row))
}

/// An error that only ends what is read.
fn ends_reading(error: &rusqlite::Error) -> bool {
    is_damage(error) || error.sqlite_error_code().is_none()
}

type Parsed = (i64, StationName);

fn station_of(row: &rusqlite::Row<'_>) -> rusqlite::Result<Parsed> {
    Ok((row.get(0)?, parsed(row, 1)?))
}
