//! From sensors to readings: samples on a steady grid, their mean once a report interval.

mod mean;
mod sampler;
mod schedule;

pub use self::mean::Mean;
pub use self::sampler::{Failed, Sampler};
pub use self::schedule::Schedule;
