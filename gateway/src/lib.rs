//! Ingests what weather stations measure, checks, keeps, shows and forwards it, and loses none of it.
//!
//! # Layout, in the order of a reading's way
//!
//! - [`run`]: the whole path on one screen
//! - [`broker`]: the embedded broker
//! - [`ingest`]: MQTT messages to the disk
//! - [`quality`]: flags beside values, episodes
//! - [`derived`]: dew point and the like
//! - [`events`]: frost, heat, a storm on its way, fog
//! - [`store`]: the SQLite file
//! - [`acknowledge`]: which readings are accounted for, and when a station is told so
//! - [`directory`], [`live`]: what is known of each station now, and what happens
//! - [`alert`]: MQTT, webhook, ntfy, e-mail
//! - [`lake`]: Parquet batches; [`elastic`]: documents in Elasticsearch or OpenSearch
//! - [`http`]: routes, panel, metrics
//! - [`watch`]: what systemd is told
//! - [`provision`]: accounts at a broker, each with its own topics
//! - [`config`], [`cli`], [`take_over`], [`shutdown`], [`clock`], [`backoff`], [`cause`], [`outward`]: around it

pub mod acknowledge;
pub mod alert;
pub mod backoff;
pub mod broker;
pub mod cause;
pub mod cli;
pub mod clock;
pub mod config;
pub mod derived;
pub mod directory;
pub mod elastic;
pub mod events;
pub mod http;
pub mod ingest;
pub mod lake;
pub mod live;
pub mod outward;
pub mod provision;
pub mod quality;
pub mod run;
pub mod shutdown;
pub mod store;
pub mod take_over;
pub mod watch;
