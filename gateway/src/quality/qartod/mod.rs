//! The QARTOD tests as streaming checks: state in, a reading in, flags out.
//!
//! What each does at missing values, ends and window edges is what ioos_qc 3.0.0 does, so that flags made here
//! can be compared with archives flagged there. [`calls`] runs them over a whole series.
//!
//! Sources: IOOS, "Manuals for Real-Time Quality Control" (QARTOD), and the behaviour of ioos_qc 3.0.0.
//!
//! # Layout
//!
//! - [`range`]: gross range, percentile range
//! - [`spike`], [`rate`]: against the readings beside it
//! - [`flat`], [`attenuated`]: against a window
//! - [`times`]: gaps and late data
//! - [`rollup`]: many flags made into one

pub mod attenuated;
pub mod calls;
pub mod flat;
pub mod range;
pub mod rate;
pub mod spike;
pub mod times;

use minuano_telemetry::Flag;

/// The one flag that stands for all: fail, suspect, good, not evaluated, missing, whichever comes first.
pub fn rollup(flags: impl IntoIterator<Item = Flag>) -> Flag {
    flags.into_iter().max_by_key(|flag| weight(*flag)).unwrap_or(Flag::Missing)
}

const fn weight(flag: Flag) -> u8 {
    match flag {
        Flag::Missing => 0,
        Flag::NotEvaluated => 1,
        Flag::Good => 2,
        Flag::Suspect => 3,
        Flag::Fail => 4,
    }
}
