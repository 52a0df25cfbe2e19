//! Sums over streams: what stands on both sides of measured = stored + lost.

use super::account::{Account, Kind};

/// How a station's readings are accounted for: measured = stored + lost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// On disk here.
    pub stored: u64,
    /// Taken by an overflow of the station's log.
    pub lost_overflow: u64,
    /// Missing from a stream that has ended.
    pub lost_ended: u64,
    /// Acknowledged by an older gateway or a lost store.
    pub elsewhere: u64,
    /// Came again.
    pub duplicates: u64,
}

impl Counts {
    /// Those of one stream.
    pub fn of(account: &Account) -> Self {
        let count = |kind| account.set(kind).count();
        Self {
            stored: count(Kind::Stored),
            lost_overflow: count(Kind::Overflow),
            lost_ended: count(Kind::Ended),
            elsewhere: count(Kind::Elsewhere),
            duplicates: account.duplicates,
        }
    }

    /// The same total after a part of it, which was `before`, has become `now`.
    #[must_use]
    pub fn with(self, now: Self, before: Self) -> Self {
        Self {
            stored: self.stored + now.stored - before.stored,
            lost_overflow: self.lost_overflow + now.lost_overflow - before.lost_overflow,
            lost_ended: self.lost_ended + now.lost_ended - before.lost_ended,
            elsewhere: self.elsewhere + now.elsewhere - before.elsewhere,
            duplicates: self.duplicates + now.duplicates - before.duplicates,
        }
    }

    /// Lost for whatever reason.
    pub fn lost(&self) -> u64 {
        self.lost_overflow + self.lost_ended
    }
}
