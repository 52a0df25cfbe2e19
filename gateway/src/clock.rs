//! The wall clock, read in one place.

use minuano_telemetry::Millis;

/// The machine's time. A clock outside the years 0 to 9999 counts as 2020: it cannot be written down.
pub fn now() -> Millis {
    Millis::new(jiff::Timestamp::now().as_millisecond()).unwrap_or(Millis::YEAR_2020)
}
