//! Configuration in layers, and every mistake at once.
//!
//! A TOML file, then the environment (`PREFIX__SECTION__KEY=value`), then flags make one table; the
//! table becomes the program's own type. What does not fit is taken out and remembered, so that one
//! run names every problem by its key. Both binaries read their configuration with this, which is why
//! it is a crate of its own.
//!
//! # Layout
//!
//! - [`Layers`]: the layers, and [`Layers::load`]; [`fit`] for a table that came from elsewhere
//! - [`Problems`]: what is wrong, one line each
//! - [`duration`], [`Secret`]: values that TOML has no type for
//! - [`log`]: lines of text or JSON
//! - `fuzz` (a feature): any configuration, for the tests of those who have one
//! - [`tls`]: the files of TLS toward a broker, made into a client's configuration

pub mod duration;
#[cfg(feature = "fuzz")]
pub mod fuzz;
mod layers;
pub mod log;
mod problems;
mod secret;
pub mod tls;

pub use layers::{Layers, fit};
pub use problems::{Problem, Problems};
pub use secret::Secret;
