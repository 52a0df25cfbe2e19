//! Waits until something is so, and fails with its name when it is not so in time.

use std::thread::sleep;
use std::time::{Duration, Instant};

/// Far beyond what anything takes, on a machine that compiles at the same time.
pub const SOON: Duration = Duration::from_secs(40);
/// Between two looks.
const POLL: Duration = Duration::from_millis(20);

/// Looks again and again until `condition` gives something; fails after `deadline`.
pub fn eventually<T>(what: &str, deadline: Duration, mut condition: impl FnMut() -> Option<T>) -> T {
    let until = Instant::now() + deadline;
    loop {
        if let Some(found) = condition() {
            return found;
        }
        assert!(Instant::now() < until, "waited {deadline:?} in vain for {what}");
        sleep(POLL);
    }
}
