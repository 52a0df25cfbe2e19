//! Which readings are accounted for, and when a station is told so. Pure: no clock, no I/O.
//!
//! A station keeps a reading until the gateway that owns it says that every `seq` up to some `through`
//! is stored, lost, or acknowledged elsewhere. What is told must be on disk first, and never moves back.
//!
//! # Layout
//!
//! - [`ranges`]: sets of `seq`s as ranges
//! - [`account`]: one stream: measured = stored + lost
//! - [`counts`]: sums over streams
//! - [`due`]: when each station's acknowledgement is due

pub mod account;
pub mod counts;
pub mod due;
pub mod ranges;
