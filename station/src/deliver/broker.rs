//! `acknowledge = "broker"`: PUBACK takes the gateway's place.
//!
//! PUBACKs name single messages, and a live reading is carried long before the backlog before it. An
//! acknowledgement means everything up to a number, so ranges are kept until they touch the cursor.

use std::collections::BTreeMap;

use minuano_telemetry::StreamId;

use crate::log::Log;

/// What the broker has, beyond the cursors.
#[derive(Debug, Default)]
pub struct Carried {
    /// First to last `seq`, apart from each other. As many as there are gaps between messages in flight.
    ranges: BTreeMap<(StreamId, u64), u64>,
}

impl Carried {
    /// The broker has these readings. Gives what is now acknowledged, if the cursor can move.
    pub fn add(&mut self, log: &Log, stream: StreamId, first: u64, last: u64) -> Option<u64> {
        self.insert(stream, first, last);
        let known = log.stream(stream)?;
        // What overflow took between cursor and oldest is not coming, and is counted as lost already.
        let next = known.oldest();
        let (_, &last) = self.ranges.range((stream, 0)..=(stream, next)).next_back()?;
        self.ranges.retain(|&(of, _), end| of != stream || *end > last);
        (last >= next).then(|| last.min(known.measured()))
    }

    /// The link is gone: whatever it carried beyond a gap is sent again as backlog.
    pub fn clear(&mut self) {
        self.ranges.clear();
    }

    fn insert(&mut self, stream: StreamId, first: u64, last: u64) {
        let (mut first, mut last) = (first, last);
        // Ranges that touch become one.
        while let Some((&key, &end)) =
            self.ranges.range((stream, 0)..=(stream, last.saturating_add(1))).next_back()
            && end.saturating_add(1) >= first
        {
            first = first.min(key.1);
            last = last.max(end);
            self.ranges.remove(&key);
        }
        self.ranges.insert((stream, first), last);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deliver::tests::{RUNNING, log_of};

    #[test]
    fn the_cursor_moves_over_what_is_carried_without_a_gap() {
        let (log, mut carried) = (log_of(10), Carried::default());
        assert_eq!(carried.add(&log, RUNNING, 9, 9), None);
        assert_eq!(carried.add(&log, RUNNING, 5, 6), None);
        assert_eq!(carried.add(&log, RUNNING, 10, 10), None);
        assert_eq!(carried.add(&log, RUNNING, 1, 4), Some(6));
        assert_eq!(carried.add(&log, RUNNING, 7, 8), None, "the log has not yet obeyed");
        assert_eq!(carried.add(&log, StreamId(9), 1, 8), None);
    }

    #[test]
    fn with_the_log_obeying_everything_goes() {
        let (mut log, mut carried) = (log_of(10), Carried::default());
        for (first, last) in [(3, 4), (8, 10), (1, 2), (6, 6), (5, 5), (7, 7), (7, 9)] {
            if let Some(through) = carried.add(&log, RUNNING, first, last) {
                log.acknowledge(RUNNING, through).unwrap();
            }
        }
        assert_eq!(log.counts().acknowledged, 10);
        assert!(carried.ranges.len() <= 1);
        carried.clear();
        assert!(carried.ranges.is_empty());
    }
}
