//! The store: one SQLite file (WAL, full sync) that any SQLite tool opens.
//!
//! # Layout
//!
//! - `schema.sql`, then `migrations/`: the tables, and the view `observations` in real units
//! - `schema`: versions of the tables, and how a store of an earlier one becomes one of this
//! - [`Store`]: opens and migrates the file, hands out connections
//! - [`row`]: a stored reading, and how its values stand in columns
//! - [`streams`]: which seqs of each stream are accounted for
//! - [`stations`]: what is known of each station
//! - [`anomalies`]: episodes of suspect data
//! - [`weather`]: frost, heat and the like
//! - [`health`]: how stations were
//! - [`elastic`]: how far Elasticsearch is, and what it would not take
//! - [`rollups`]: readings folded into minutes, ten minutes and hours
//! - [`query`]: what the routes ask
//! - [`revise`]: flags of stored readings change until they settle; in which order
//! - [`unsettled`]: rows whose flags may still change, and what checks begin with after a restart
//! - [`integrity`], [`wal`], [`lock`], [`set_aside`]: a damaged file is found, and makes place for a fresh one
//! - [`compact`]: the file is written anew, with page checksums (`minuano-pagesum`)
//! - [`backup`]: a copy of the store while the gateway runs, and the store from a copy
//! - [`salvage`]: what can be read of a damaged store comes back
//! - [`forget`]: a station is forgotten, or gets another name
//! - [`retention`]: rows that are old and in the lake are pruned

pub mod anomalies;
pub mod backup;
pub mod compact;
pub mod elastic;
mod file;
pub mod forget;
pub mod health;
#[cfg(test)]
mod hostile;
pub mod integrity;
pub mod learned;
pub mod lock;
pub mod query;
pub mod retention;
pub mod revise;
pub mod rollups;
pub mod row;
pub mod salvage;
mod schema;
pub mod set_aside;
pub mod stations;
pub mod streams;
pub mod unsettled;
pub mod wal;
pub mod weather;

pub use file::{Store, StoreError, StoreId};
pub use row::StoredReading;
