//! Real parts for the tests: a mosquitto, a station's process, and a subscriber that stands in for a gateway.

pub mod broker;
pub mod certificates;
pub mod gateway;
pub mod listener;
pub mod rogue;
pub mod station;
pub mod suspended;

use std::time::{Duration, Instant};

/// How long anything may take. Far beyond what it takes, on a machine that compiles at the same time.
const DEADLINE: Duration = Duration::from_secs(30);

/// Waits until `condition` gives something.
pub fn wait_for<T>(what: &str, mut condition: impl FnMut() -> Option<T>) -> T {
    let until = Instant::now() + DEADLINE;
    loop {
        if let Some(found) = condition() {
            return found;
        }
        assert!(Instant::now() < until, "waited {DEADLINE:?} for {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}
