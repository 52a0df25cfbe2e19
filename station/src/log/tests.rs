use minuano_telemetry::{ByQuantity, Clock, Millis, StreamState};
use proptest::prelude::*;

use super::recover::Recovery;
use super::*;

const RUNNING: StreamId = StreamId(7);

/// A log of this run with room for so many readings, whose folder was empty.
pub(crate) fn log_with_room(stream: StreamId, ram_readings: usize) -> Log {
    let mut log = log_in_ram(stream, ram_readings);
    log.adopt(Recovery::default(), 0);
    log
}

/// The same, before its folder was read.
fn log_in_ram(stream: StreamId, ram_readings: usize) -> Log {
    let limits = Limits { ram_readings, ..Limits::of(1 << 20, 30_000) };
    Log::new(Run { stream, boot: BootId([1; 16]) }, limits)
}

fn reading(at: i64) -> Reading {
    Reading {
        seq: 0,
        at: Millis::new(at).unwrap(),
        clock: Clock::Synchronised,
        samples: 1,
        values: ByQuantity::default(),
        faults: ByQuantity::default(),
    }
}

fn filled(readings: i64, bound: usize) -> Log {
    let mut log = log_with_room(RUNNING, bound);
    for at in 0..readings {
        log.append(reading(at), 0, 0);
    }
    log
}

fn seqs(log: &mut Log, from: u64, max: usize) -> Vec<u64> {
    log.read(RUNNING, from, max).iter().map(|reading| reading.seq).collect()
}

#[test]
fn readings_are_numbered_from_one_and_read_back_in_order() {
    let mut log = filled(100, 1_000);
    assert_eq!(seqs(&mut log, 0, 3), [1, 2, 3]);
    assert_eq!(seqs(&mut log, 99, 64), [99, 100]);
    assert!(seqs(&mut log, 101, 64).is_empty());
    assert!(seqs(&mut log, u64::MAX, 64).is_empty());
    assert_eq!(seqs(&mut log, 1, usize::MAX).len(), MAX_READINGS);
    assert_eq!(log.read(StreamId(8), 1, 64).len(), 0);
}

#[test]
fn what_is_acknowledged_leaves_and_the_cursor_never_goes_back() {
    let mut log = filled(10, 1_000);
    assert_eq!(log.acknowledge(RUNNING, 4), Ok(Outcome::Moved(4)));
    assert_eq!(seqs(&mut log, 1, 2), [5, 6]);
    assert_eq!(log.acknowledge(RUNNING, 3), Ok(Outcome::Nothing));
    assert_eq!(log.acknowledge(RUNNING, 4), Ok(Outcome::Nothing));
    assert_eq!((log.running().cursor(), log.running().oldest()), (4, 5));
    assert_eq!(log.acknowledge(RUNNING, 10), Ok(Outcome::Moved(6)));
    assert_eq!((log.running().cursor(), log.running().oldest()), (10, 11));
    assert_eq!(log.counts(), Counts { measured: 10, held: 0, acknowledged: 10, lost: 0 });
}

#[test]
fn an_acknowledgement_of_what_was_never_measured_deletes_nothing() {
    let mut log = filled(10, 1_000);
    let beyond = Beyond { stream: RUNNING, through: 11, measured: 10 };
    assert_eq!(log.acknowledge(RUNNING, 11), Err(beyond));
    assert!(log.acknowledge(RUNNING, u64::MAX).is_err());
    assert_eq!(log.counts(), Counts { measured: 10, held: 10, ..Counts::default() });
    assert_eq!(log.running().cursor(), 0);
}

#[test]
fn an_unknown_stream_is_counted_and_ignored() {
    let mut log = filled(10, 1_000);
    assert_eq!(log.acknowledge(StreamId(8), 3), Ok(Outcome::Unknown));
    assert_eq!((log.unknown(), log.counts().held), (1, 10));
}

#[test]
fn a_full_log_loses_its_oldest_and_says_how_many() {
    let mut log = filled(10, 4);
    assert_eq!(seqs(&mut log, 1, 64), [7, 8, 9, 10]);
    assert_eq!(log.counts(), Counts { measured: 10, held: 4, acknowledged: 0, lost: 6 });
    let state = log.states().unwrap().streams[0];
    assert_eq!((state.cursor, state.oldest, state.last), (0, 7, None));
    assert_eq!(log.acknowledge(RUNNING, 8), Ok(Outcome::Moved(2)));
    assert_eq!(log.counts(), Counts { measured: 10, held: 2, acknowledged: 2, lost: 6 });
    let mut least = log_with_room(RUNNING, 0);
    least.append(reading(0), 0, 0);
    assert_eq!(least.counts().held, 1);
}

#[test]
fn a_stream_is_listed_from_its_first_reading_and_says_its_last_when_it_ends() {
    let mut log = log_with_room(RUNNING, 100);
    assert!(log.states().unwrap().streams.is_empty());
    log.append(reading(1_000), 0, 0);
    log.append(reading(2_000), 0, 0);
    let running = StreamState {
        stream: RUNNING,
        first_at: Millis::new(1_000).unwrap(),
        cursor: 0,
        oldest: 1,
        last: None,
    };
    assert_eq!(log.states().unwrap().streams, [running]);
    log.end();
    assert_eq!(log.states().unwrap().streams, [StreamState { last: Some(2), ..running }]);
}

#[test]
fn before_the_folder_was_read_no_list_pretends_to_be_whole() {
    let mut log = log_in_ram(RUNNING, 100);
    log.append(reading(1_000), 0, 0);
    assert_eq!(log.states(), None);
    log.adopt(Recovery::default(), 0);
    assert_eq!(log.states().unwrap().streams.len(), 1);
}

#[derive(Clone, Debug)]
enum Operation {
    Append,
    Acknowledge(u64),
    Unknown(u64),
}

fn operation() -> impl Strategy<Value = Operation> {
    prop_oneof![
        4 => Just(Operation::Append),
        2 => (0..60_u64).prop_map(Operation::Acknowledge),
        1 => any::<u64>().prop_map(Operation::Acknowledge),
        1 => any::<u64>().prop_map(Operation::Unknown),
    ]
}

proptest! {
    #[test]
    fn measured_is_held_and_acknowledged_and_lost(
        bound in 1..20_usize,
        operations in proptest::collection::vec(operation(), 0..200),
    ) {
        let mut log = log_with_room(RUNNING, bound);
        let mut cursor = 0;
        for (at, operation) in (0..).zip(operations) {
            let before = log.counts();
            match operation {
                Operation::Append => {
                    prop_assert_eq!(log.append(reading(at), 0, 0).seq, before.measured + 1);
                }
                Operation::Acknowledge(through) => {
                    let outcome = log.acknowledge(RUNNING, through);
                    prop_assert_eq!(outcome.is_err(), through > before.measured);
                    if outcome.is_ok() {
                        cursor = cursor.max(through);
                    }
                }
                Operation::Unknown(through) => {
                    prop_assert_eq!(log.acknowledge(StreamId(9), through), Ok(Outcome::Unknown));
                }
            }
            let (counts, stream) = (log.counts(), log.running());
            prop_assert_eq!(counts.measured, counts.held + counts.acknowledged + counts.lost);
            prop_assert!(counts.held <= bound as u64);
            prop_assert!(counts.lost >= before.lost && counts.acknowledged >= before.acknowledged);
            prop_assert_eq!(stream.cursor(), cursor);
            prop_assert!(stream.oldest() > cursor);
            let held: Vec<u64> = stream.held().iter().flat_map(|(first, last)| first..=last).collect();
            prop_assert_eq!(held, (stream.oldest()..=stream.measured()).collect::<Vec<_>>());
        }
    }
}
