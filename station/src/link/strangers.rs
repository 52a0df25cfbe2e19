//! Streams that were acknowledged and are not in the log, so that each is named once.

use std::collections::VecDeque;

use minuano_telemetry::{MAX_ACKNOWLEDGED, StreamId};

/// As many as a few acknowledgements name.
const MOST: usize = 4 * MAX_ACKNOWLEDGED;

/// The streams that were named last.
#[derive(Debug, Default)]
pub(super) struct Strangers(VecDeque<StreamId>);

impl Strangers {
    /// Whether it was not named yet; from now on it is.
    pub(super) fn is_new(&mut self, stream: StreamId) -> bool {
        let new = !self.0.contains(&stream);
        if new {
            if self.0.len() == MOST {
                self.0.pop_front();
            }
            self.0.push_back(stream);
        }
        new
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_new_once_and_only_the_last_are_remembered() {
        let mut strangers = Strangers::default();
        for stream in 0..1_000 {
            assert!(strangers.is_new(StreamId(stream)));
            assert!(!strangers.is_new(StreamId(stream)));
        }
        assert_eq!(strangers.0.len(), MOST);
        assert!(strangers.is_new(StreamId(0)));
    }
}
