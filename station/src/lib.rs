//! The Raspberry Pi binary: from sensor registers to acknowledged MQTT telemetry.
//!
//! # Layout
//!
//! One reading's way: [`sensors`] on a [`bus`] (the kernel's, or [`emulated`]) ─► [`sample`] ─► [`log`] ─►
//! MQTT. [`deliver`] decides what is sent and when it is sent again; [`link`] carries it; [`discovery`] announces
//! it to Home Assistant; [`watch`] lets systemd and people see how it goes. Around them: [`config`], [`cli`],
//! [`clock`], [`health`], and [`run`], which shows the whole path on one screen.

pub mod bus;
pub mod cli;
pub mod clock;
pub mod config;
pub mod deliver;
pub mod discovery;
pub mod emulated;
pub mod health;
pub mod link;
pub mod log;
pub mod random;
pub mod run;
pub mod sample;
pub mod sensors;
pub mod shutdown;
pub mod station;
pub mod watch;
