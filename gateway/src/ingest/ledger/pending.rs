//! Readings on their way into the store: they get their rows at once, and are written together once their flags are
//! known.

use minuano_telemetry::Flag;
use rusqlite::Connection;

use crate::store::query::readings::newest_row;
use crate::store::row::{self, NewReading, Owner};

/// What one transaction is going to write. Bounded by what a commit takes.
#[derive(Debug, Default)]
pub(super) struct Pending {
    first: i64,
    readings: Vec<(Owner, NewReading)>,
}

impl Pending {
    /// Takes a reading and gives the row that it is going to have.
    pub(super) fn take(
        &mut self,
        connection: &Connection,
        owner: Owner,
        reading: NewReading,
    ) -> rusqlite::Result<i64> {
        if self.readings.is_empty() {
            self.first = newest_row(connection)? + 1;
        }
        self.readings.push((owner, reading));
        Ok(self.first + self.readings.len() as i64 - 1)
    }

    /// Gives the reading in this row other flags; false where it is written already.
    pub(super) fn revise(&mut self, row: i64, flags: [Flag; 4]) -> bool {
        let place = usize::try_from(row - self.first).ok();
        let Some((_, reading)) = place.and_then(|place| self.readings.get_mut(place)) else { return false };
        reading.flags = flags;
        true
    }

    /// Writes them.
    pub(super) fn write(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        row::insert_all(connection, self.first, &self.readings)?;
        self.readings.clear();
        Ok(())
    }

    /// Their transaction has failed.
    pub(super) fn forget(&mut self) {
        self.readings.clear();
    }
}
