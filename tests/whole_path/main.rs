//! The whole path of a reading over real parts: binaries, brokers, an S3 server, a browser.
//!
//! # Layout
//!
//! - [`accounting`]: measured = stored + lost, whatever is killed on the way
//! - [`kills`]: fifty times `kill -9`
//! - [`acknowledgement`]: duplicates, overflow, vanished streams, over the wire
//! - [`brokers`]: TLS, several at once, one that drops what it took
//! - [`other_brokers`]: RabbitMQ and ActiveMQ; what each broker does of MQTT
//! - [`elastic`]: documents, whatever goes wrong on the way
//! - [`provision`]: accounts at a broker: each may what it may, and nothing else
//! - [`service`]: systemd, health, what is tried before a start, a stop under load, the store's commands
//! - [`take_over`]: one gateway owns a station
//! - [`presence`]: who is there, by will, by silence and by word
//! - [`alerts`]: e-mail, MQTT, ntfy and webhook, to receivers that know nothing of us
//! - [`stream`]: events as they happen, and after an interruption
//! - [`panel`]: what a browser shows
//! - [`bad_payloads`], [`bad_http`], [`bad_config`]: every bad input, and what it gets
//! - [`conformance`]: the routes against their OpenAPI document
//! - [`broken_sensor`]: what the checks find, told everywhere
//! - [`degraded`]: without a sensor, without a broker
//! - [`load`]: a long export and many listeners in bounded memory
//! - [`full`]: a full disk, a full store, a store that is damaged while it is used
//! - [`authorities`]: without anybody's certificates
//! - [`lake_keys`], [`azure`]: servers that overwrite, a compaction that is killed, another protocol
//! - [`log_lines`]: logs as JSON; [`kibana`]: its objects, held to the fields that there are
//! - [`lake_files`], [`sqlite`]: what other programs read
//! - [`monitoring`]: dashboards and alert rules against the metrics that there are
//! - [`tidy`]: the repository itself

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a failed expectation is a test's way of failing"
)]

mod accounting;
mod acknowledgement;
mod alerts;
mod authorities;
mod azure;
mod bad_config;
mod bad_http;
mod bad_payloads;
mod broken_sensor;
mod brokers;
mod conformance;
mod degraded;
mod elastic;
mod full;
mod google;
mod kibana;
mod kills;
mod lake_files;
mod lake_keys;
mod load;
mod log_lines;
mod monitoring;
mod other_brokers;
mod panel;
mod presence;
mod provision;
mod service;
mod sqlite;
mod stream;
mod take_over;
mod tidy;
