//! Flags beside values, by QARTOD. A value is never changed or dropped by a check. Pure: no clock, no I/O.
//!
//! # Layout
//!
//! - [`check`]: every check there is, and what one of them found, told by [`evidence`]
//! - [`limits`]: what readings are held to
//! - [`alone`], with [`range`], [`place`] and [`sun`]: what can be said of a reading by itself
//! - [`station`], [`track`]: against the station's own past, with [`habit`], [`history`], [`vapour`] and [`recent`]; kept over a restart by [`learned`]
//! - [`network`]: against its neighbours
//! - [`engine`]: all stations, in whatever order their readings arrive
//! - [`hindsight`]: what later readings say of earlier ones
//! - [`series`]: a station's checks over a whole series
//! - [`qartod`]: the QARTOD tests with the semantics of ioos_qc
//! - [`episodes`]: failed readings made into anomalies that open, change and close

pub mod alone;
pub mod check;
pub mod engine;
pub mod episodes;
pub mod evidence;
pub mod habit;
pub mod hindsight;
pub mod history;
pub mod learned;
pub mod limits;
pub mod network;
pub mod place;
pub mod qartod;
pub mod range;
pub mod recent;
pub mod series;
pub mod station;
pub mod sun;
pub mod track;
pub mod vapour;
