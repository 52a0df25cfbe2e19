//! Reading a store that is not sound: every question may fail anywhere.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use minuano_telemetry::StationName;
use rusqlite::{Connection, Row};

use super::{Old, ends_reading, station_of};
use crate::acknowledge::account::{Account, Kind};
use crate::store::rollups::parts::{IN_ORDER, Parts, from_row};
use crate::store::rollups::{HOUR, MINUTE};
use crate::store::row::{millis, parsed};
use crate::store::set_aside::rename;

const READINGS: &str = "SELECT row, station, stream, seq, observed_at, received_at, clock, samples, \
     temperature, pressure, humidity, illuminance, \
     temperature_flag, pressure_flag, humidity_flag, illuminance_flag, faults FROM readings NOT INDEXED";
/// The furthest that one place is stepped over.
const FURTHEST: i64 = 1 << 40;

/// The streams that can be read, by their row.
pub fn streams(damaged: &Connection) -> anyhow::Result<HashMap<i64, Old>> {
    let mut names = HashMap::new();
    each(damaged, "SELECT id, name FROM stations NOT INDEXED", |row| {
        let (id, name) = station_of(row)?;
        names.insert(id, name);
        Ok(())
    })?;
    let mut streams = HashMap::new();
    let sql = "SELECT id, station, stream, first_at, cursor, oldest, last, ended FROM streams NOT INDEXED";
    each(damaged, sql, |row| {
        let Some(station) = names.get(&row.get::<_, i64>(1)?) else { return Ok(()) };
        let mut account = Account::new(millis(row, 3)?);
        account.cursor = row.get(4)?;
        account.oldest = row.get(5)?;
        account.last = row.get(6)?;
        account.ended = row.get(7)?;
        let old =
            Old { station: station.clone(), stream: parsed(row, 2)?, account, stored: Default::default() };
        streams.insert(row.get(0)?, old);
        Ok(())
    })?;
    each(damaged, "SELECT stream, kind, first, last FROM ranges", |row| {
        let Some(old) = streams.get_mut(&row.get::<_, i64>(0)?) else { return Ok(()) };
        let (kind, first, last) = (row.get_ref(1)?.as_str()?, row.get(2)?, row.get(3)?);
        if first == 0 || first > last {
            return Ok(());
        }
        match Kind::ALL.into_iter().find(|known| known.word() == kind) {
            Some(Kind::Stored) => drop(old.stored.insert((first, last))),
            Some(kind) => old.account.set_mut(kind).insert(first, last),
            None => {}
        }
        Ok(())
    })?;
    Ok(streams)
}

/// What of the damaged store is in the lake.
#[derive(Default)]
pub struct Laked(Vec<(i64, i64, Vec<i64>)>);

impl Laked {
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn has(&self, row: i64, station: i64) -> bool {
        let after = self.0.partition_point(|(first, ..)| *first <= row);
        let batch = after.checked_sub(1).and_then(|index| self.0.get(index));
        batch.is_some_and(|(_, last, excluded)| row <= *last && !excluded.contains(&station))
    }
}

pub fn laked(damaged: &Connection) -> Laked {
    let mut laked = Laked::default();
    let sql =
        "SELECT first_row, last_row, excluded FROM lake_batches WHERE done_at IS NOT NULL ORDER BY first_row";
    let read = each(damaged, sql, |row| {
        let excluded = serde_json::from_str(row.get_ref(2)?.as_str()?).unwrap_or_default();
        laked.0.push((row.get(0)?, row.get(1)?, excluded));
        Ok(())
    });
    if let Err(error) = read {
        tracing::warn!("which readings are in the lake cannot be read: {error}");
    }
    laked
}

/// Minutes of rollups, by station; a store of version 1 has none.
pub fn minutes(damaged: &Connection) -> Vec<(StationName, Vec<(i64, Parts)>)> {
    let mut names = Vec::new();
    let _ = each(damaged, "SELECT id, name FROM stations NOT INDEXED", |row| {
        names.push(station_of(row)?);
        Ok(())
    });
    let of = |(id, name): (i64, StationName)| {
        let mut found = Vec::new();
        if let Ok(mut statement) = damaged.prepare(&IN_ORDER)
            && let Ok(mut rows) = statement.query((id, MINUTE, i64::MIN, i64::MAX))
        {
            while let Ok(Some(row)) = rows.next() {
                found.extend(from_row(row).ok().filter(|(start, parts)| make_sense(*start, parts)));
            }
        }
        (name, found)
    };
    names.into_iter().map(of).collect()
}

fn make_sense(start: i64, parts: &Parts) -> bool {
    start % MINUTE == 0
        && parts.count > 0
        && parts.of.iter().all(|part| {
            let within = |at: i64| (0..MINUTE).contains(&(at - start));
            (0..=parts.count).contains(&part.values)
                && (0..=part.values).contains(&part.valid)
                && (part.valid == 0
                    || (within(part.min.1)
                        && within(part.max.1)
                        && part.min.0.checked_mul(part.valid).is_some_and(|least| least <= part.sum)
                        && part.max.0.checked_mul(part.valid).is_some_and(|most| part.sum <= most)))
        })
}

const _: () = assert!(HOUR % MINUTE == 0);

/// Hands every row that can be read to `take`; gives how many places could not be read.
pub fn readings(
    damaged: &Connection,
    mut take: impl FnMut(&Row<'_>) -> rusqlite::Result<()>,
) -> rusqlite::Result<u64> {
    let (mut last, mut places) = (0i64, 0);
    loop {
        let up = format!("{READINGS} WHERE row > ?1 ORDER BY row");
        match walk(damaged, &up, (last, i64::MAX), &mut take) {
            Walk::End => return Ok(places),
            Walk::Refused(error) => return Err(error),
            Walk::Damage(reached) => last = reached.unwrap_or(last),
        }
        places += 1;
        // Whatever follows the place, and then from there back to it.
        let mut step = 1;
        let next = loop {
            if step > FURTHEST {
                return Ok(places);
            }
            let first = damaged
                .prepare_cached("SELECT row FROM readings NOT INDEXED WHERE row > ?1 ORDER BY row LIMIT 1")
                .and_then(|mut query| {
                    query
                        .query_map([last.saturating_add(step)], |row| row.get::<_, i64>(0))?
                        .next()
                        .transpose()
                });
            match first {
                Ok(Some(next)) => break next,
                Ok(None) => return Ok(places),
                Err(_) => step *= 2,
            }
        };
        let down = format!("{READINGS} WHERE row > ?1 AND row < ?2 ORDER BY row DESC");
        if let Walk::Refused(error) = walk(damaged, &down, (last, next), &mut take) {
            return Err(error);
        }
        last = next - 1;
    }
}

enum Walk {
    End,
    /// The last row before it.
    Damage(Option<i64>),
    /// By who takes.
    Refused(rusqlite::Error),
}

fn walk(
    damaged: &Connection,
    sql: &str,
    (after, before): (i64, i64),
    take: &mut impl FnMut(&Row<'_>) -> rusqlite::Result<()>,
) -> Walk {
    let mut reached = None;
    let Ok(mut statement) = damaged.prepare(sql) else { return Walk::Damage(None) };
    let rows = if sql.contains("?2") { statement.query((after, before)) } else { statement.query([after]) };
    let Ok(mut rows) = rows else { return Walk::Damage(None) };
    loop {
        match rows.next() {
            Ok(None) => return Walk::End,
            Err(_) => return Walk::Damage(reached),
            Ok(Some(row)) => {
                // Damage can lead in circles.
                let Ok(number) = row.get::<_, i64>(0) else { return Walk::Damage(reached) };
                if number <= after
                    || number >= before
                    || (before == i64::MAX && reached.is_some_and(|r| number <= r))
                {
                    return Walk::Damage(reached);
                }
                if let Err(error) = take(row) {
                    return Walk::Refused(error);
                }
                reached = Some(number);
            }
        }
    }
}

/// Hands rows to `take` up to where they cannot be read.
pub fn each(
    damaged: &Connection,
    sql: &str,
    mut take: impl FnMut(&Row<'_>) -> rusqlite::Result<()>,
) -> rusqlite::Result<()> {
    let mut statement = damaged.prepare(sql)?;
    let mut rows = statement.query([])?;
    loop {
        match rows.next() {
            Ok(Some(row)) => {
                // A row that makes no sense is left out; the next may make some.
                if let Err(error) = take(row)
                    && !ends_reading(&error)
                {
                    return Err(error);
                }
            }
            Ok(None) => return Ok(()),
            Err(error) if ends_reading(&error) => return Ok(()),
            Err(error) => return Err(error),
        }
    }
}

/// A set-aside store counts no more once it is salvaged.
pub fn mark_salvaged(file: &Path) -> std::io::Result<PathBuf> {
    let name = file.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    if !name.contains(".set-aside-") {
        return Ok(file.to_owned());
    }
    let to = file.with_file_name(name.replace(".set-aside-", ".salvaged-"));
    rename(file, &to)?;
    Ok(to)
}
