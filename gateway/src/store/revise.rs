//! What a later reading says of earlier ones: flags of readings that are stored already.
//!
//! A reading is stored at once, with the flags that are known then. Until it settles a check may revise its flags; once
//! settled it never changes. The order that keeps flags, rollups and lake in step:
//!
//! 1. `row::insert`, in the commit of the reading.
//! 2. [`revise`], any number of times, each in one transaction with whatever else the check writes. Rollups that
//!    hold the reading are counted again in the same transaction, so that no answer shows one without the other.
//! 3. [`unsettled::settle`] once nothing can change it, or [`lake::plan::settle`](crate::lake::plan::settle) at `settle_after`,
//!    whichever comes first. A revision that comes after that changes nothing, and says so.
//! 4. The lake plans only rows before which all are settled. So what it uploads is what the store says for good.

use std::collections::{BTreeMap, BTreeSet};

use minuano_telemetry::{Flag, Millis};
use rusqlite::Connection;

use super::{rollups, unsettled};

/// What is known of a stored reading now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Revision {
    /// Which.
    pub row: i64,
    /// Row of its station.
    pub station: i64,
    /// Its time.
    pub observed_at: Millis,
    /// One for each quantity.
    pub flags: [Flag; 4],
}

/// Revises readings in the transaction of the caller, and gives those that had settled before: nothing of them
/// changes any more.
pub fn revise(connection: &Connection, revisions: &[Revision]) -> rusqlite::Result<Vec<Revision>> {
    let (through, settled) = (rollups::through(connection)?, unsettled::through(connection)?);
    let mut update = connection.prepare_cached(
        "UPDATE readings SET temperature_flag = ?2, pressure_flag = ?3, humidity_flag = ?4, \
         illuminance_flag = ?5 WHERE row = ?1",
    )?;
    let mut late = Vec::new();
    let mut minutes: BTreeMap<i64, BTreeSet<i64>> = BTreeMap::new();
    for revision in revisions {
        if revision.row <= settled {
            late.push(*revision);
            continue;
        }
        let [temperature, pressure, humidity, illuminance] = revision.flags.map(Flag::number);
        update.execute((revision.row, temperature, pressure, humidity, illuminance))?;
        if revision.row <= through {
            let minute = rollups::floor(revision.observed_at.get(), rollups::MINUTE);
            minutes.entry(revision.station).or_default().insert(minute);
        }
    }
    for (station, minutes) in minutes {
        rollups::rebuild_minutes(connection, station, &minutes)?;
    }
    Ok(late)
}

#[cfg(test)]
mod tests {
    use minuano_telemetry::{ByQuantity, Clock};

    use super::*;
    use crate::store::Store;
    use crate::store::rollups::parts::{Parts, load};
    use crate::store::row::{NewReading, Owner, insert};

    const NOON: i64 = 1_795_176_000_000;

    fn at(millis: i64) -> Millis {
        Millis::new(NOON + millis).unwrap()
    }

    fn valid(connection: &Connection, width: i64) -> [i64; 4] {
        let Parts { of, .. } = load(connection, 1, width, rollups::floor(NOON, width)).unwrap().unwrap();
        of.map(|part| part.valid)
    }

    #[test]
    fn revised_flags_are_in_the_rollups_and_settled_ones_never_change() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("s.db"), at(0)).unwrap();
        let connection = store.writer().unwrap();
        let owner = Owner { station: 1, stream: 1 };
        let reading = |seq: u32| NewReading {
            seq: seq.into(),
            observed_at: at(i64::from(seq) * 10_000),
            received_at: at(i64::from(seq) * 10_000),
            clock: Clock::Synchronised,
            samples: 1,
            values: ByQuantity([Some(20.0), Some(1000.0), Some(50.0), Some(1.0)]),
            faults: ByQuantity::default(),
            flags: [Flag::Good; 4],
        };
        let rows: Vec<i64> = (0..12).map(|seq| insert(&connection, owner, &reading(seq)).unwrap()).collect();
        rollups::advance(&connection).unwrap();
        let tail = insert(&connection, owner, &reading(12)).unwrap();
        let failed = |row: i64, index: i64| Revision {
            row,
            station: 1,
            observed_at: at(index * 10_000),
            flags: [Flag::Fail, Flag::Good, Flag::Good, Flag::Suspect],
        };
        let late = revise(&connection, &[failed(rows[1], 1), failed(rows[7], 7), failed(tail, 12)]).unwrap();
        assert_eq!(late, []);
        unsettled::settle(&connection, rows[7]).unwrap();
        assert_eq!(valid(&connection, rollups::MINUTE), [5, 6, 6, 6]);
        for width in [rollups::TEN_MINUTES, rollups::HOUR] {
            assert_eq!(valid(&connection, width), [10, 12, 12, 12], "the tail is not in them yet");
        }
        let again = Revision { flags: [Flag::Good; 4], ..failed(rows[7], 7) };
        assert_eq!(revise(&connection, &[again]).unwrap(), [again], "it has settled");
        assert_eq!(valid(&connection, rollups::HOUR), [10, 12, 12, 12]);
        rollups::advance(&connection).unwrap();
        assert_eq!(valid(&connection, rollups::HOUR), [10, 13, 13, 13]);
        let flags: i64 = connection
            .query_row("SELECT count(*) FROM readings WHERE temperature_flag = 4", [], |row| row.get(0))
            .unwrap();
        assert_eq!(flags, 3);
    }
}
