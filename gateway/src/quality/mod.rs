//! Flags beside values, by QARTOD. A value is never changed or dropped by a check. Pure: no clock, no I/O.
//!
//! # Layout
//!
//! - [`check`]: every check there is, and what one of them found
//! - [`limits`]: what readings are held to
//! - [`alone`]: what can be said of a reading by itself
//! - [`station`], [`track`]: against the station's own past, with [`habit`], [`history`] and [`vapour`]
//! - [`qartod`]: the QARTOD tests with the semantics of ioos_qc
//! - [`episodes`]: failed readings made into anomalies that open, change and close

pub mod alone;
pub mod check;
pub mod habit;
pub mod history;
pub mod limits;
pub mod place;
pub mod qartod;
pub mod station;
pub mod sun;
pub mod track;
pub mod vapour;
