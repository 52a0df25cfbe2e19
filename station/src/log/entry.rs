//! A reading as the log keeps it: with the time since the boot beside the time of day.

use minuano_telemetry::{Clock, Millis, Reading, StreamId};

/// The kernel's name for one boot of the machine; zeros where it gives none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BootId(pub [u8; 16]);

/// One run of the station's process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run {
    /// The stream that it measures.
    pub stream: StreamId,
    /// The boot that it happens in.
    pub boot: BootId,
}

/// A moment by both clocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// The time of day, as well as it was known.
    pub at: Millis,
    /// How well that was.
    pub clock: Clock,
    /// Milliseconds since the boot.
    pub mono_ms: u64,
}

/// A reading and when it was taken since the boot.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Entry {
    /// What was measured.
    pub reading: Reading,
    /// Milliseconds since the boot.
    pub mono_ms: u64,
}

impl Entry {
    /// When it was taken.
    pub fn stamp(&self) -> Stamp {
        Stamp { at: self.reading.at, clock: self.reading.clock, mono_ms: self.mono_ms }
    }

    /// The same with its true time, where that is known by now.
    pub fn timed(&self, offset_ms: Option<i64>) -> Reading {
        let Stamp { at, clock, .. } = self.stamp().timed(offset_ms);
        Reading { at, clock, ..self.reading }
    }
}

impl Stamp {
    /// How far the time of day is ahead of the time since the boot.
    pub fn offset_ms(&self) -> i64 {
        self.at.get().saturating_sub_unsigned(self.mono_ms)
    }

    /// The same, by the offset that was learnt after it.
    pub fn timed(self, offset_ms: Option<i64>) -> Self {
        let truth = offset_ms
            .filter(|_| self.clock == Clock::Unsynchronised)
            .and_then(|offset_ms| offset_ms.checked_add_unsigned(self.mono_ms))
            .and_then(Millis::new);
        match truth {
            Some(at) => Self { at, clock: Clock::Synchronised, ..self },
            None => self,
        }
    }
}
