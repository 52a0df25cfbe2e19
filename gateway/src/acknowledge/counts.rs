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
        // A hostile station can claim so many lost readings that no number holds their sum.
        let sum = |total: u64, before: u64, now: u64| total.saturating_sub(before).saturating_add(now);
        Self {
            stored: sum(self.stored, before.stored, now.stored),
            lost_overflow: sum(self.lost_overflow, before.lost_overflow, now.lost_overflow),
            lost_ended: sum(self.lost_ended, before.lost_ended, now.lost_ended),
            elsewhere: sum(self.elsewhere, before.elsewhere, now.elsewhere),
            duplicates: sum(self.duplicates, before.duplicates, now.duplicates),
        }
    }

    /// Lost for whatever reason.
    pub fn lost(&self) -> u64 {
        self.lost_overflow.saturating_add(self.lost_ended)
    }
}
