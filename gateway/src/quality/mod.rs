//! Flags beside values, by QARTOD. A value is never changed or dropped by a check. Pure: no clock, no I/O.
//!
//! # Layout
//!
//! - [`range`]: gross range, the one check of this release
//! - [`qartod`]: the QARTOD tests with the semantics of ioos_qc
//! - [`episodes`]: failed readings made into anomalies that open, change and close

pub mod episodes;
pub mod qartod;
pub mod range;

use minuano_telemetry::{ByQuantity, Flag, Quantity};

/// What the checks say of a reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// One for each quantity, in the order of [`Quantity::ALL`].
    pub flags: [Flag; 4],
    /// Whether no later reading can change them.
    pub settled: bool,
}

/// Checks a reading. The gross range looks at nothing else, so its flags are final at once.
pub fn assess(values: &ByQuantity<f64>) -> Verdict {
    let flags = Quantity::ALL.map(|quantity| range::check(quantity, values.get(quantity)));
    Verdict { flags, settled: true }
}
