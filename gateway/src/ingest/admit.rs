//! What of a well-formed reading is taken as it is: it is never refused for what it says.

use minuano_telemetry::{ByQuantity, Clock, Millis, Reading};

use super::ledger::Soon;

/// How far ahead of its arrival a reading's time may be.
pub const MAX_AHEAD_MS: i64 = 3_600_000;

/// When a reading was taken: what the station says, or the arrival where that cannot be or, live, is a guess.
pub fn observed(reading: &Reading, soon: Soon, received_at: Millis) -> (Millis, Clock) {
    let guessed = soon == Soon::Live && reading.clock == Clock::Unsynchronised;
    let ahead = reading.at.get() > received_at.get().saturating_add(MAX_AHEAD_MS);
    // A gateway whose own clock is not set yet is no judge of others.
    let impossible = reading.at < Millis::YEAR_2020 || (ahead && received_at >= Millis::YEAR_2020);
    if guessed || impossible { (received_at, Clock::Unsynchronised) } else { (reading.at, reading.clock) }
}

/// What the columns keep of the values.
pub fn at_resolution(values: &ByQuantity<f64>) -> ByQuantity<f64> {
    let mut kept = ByQuantity::default();
    for (quantity, value) in values.iter() {
        kept.set(quantity, Reading::at_resolution(quantity, value));
    }
    kept
}
