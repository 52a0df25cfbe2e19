//! The store: one SQLite file (WAL, full sync) that any SQLite tool opens.
//!
//! # Layout
//!
//! - `schema.sql`: the tables, and the view `observations` in real units
//! - [`Store`]: opens and migrates the file, hands out connections
//! - [`row`]: a stored reading, and how its values stand in columns
//! - [`streams`]: which seqs of each stream are accounted for
//! - [`stations`]: what is known of each station
//! - [`anomalies`]: episodes of suspect data
//! - [`query`]: what the routes ask
//! - [`retention`]: rows that are old and in the lake are pruned

pub mod anomalies;
mod file;
pub mod query;
pub mod retention;
pub mod row;
pub mod stations;
pub mod streams;

pub use file::{Store, StoreError, StoreId};
pub use row::StoredReading;
