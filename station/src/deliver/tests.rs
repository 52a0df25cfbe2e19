use minuano_telemetry::{ByQuantity, Clock, Millis, Reading};

use super::*;
use crate::log::tests::log_with_room;

pub(super) const RUNNING: StreamId = StreamId(7);
const RESEND_MS: u64 = 90_000;

pub(super) fn reading(at: i64) -> Reading {
    Reading {
        seq: 0,
        at: Millis::new(at).unwrap(),
        clock: Clock::Synchronised,
        samples: 1,
        values: ByQuantity::default(),
        faults: ByQuantity::default(),
    }
}

pub(crate) fn log_of(readings: i64) -> Log {
    let mut log = log_with_room(RUNNING, 1_000_000);
    append(&mut log, readings);
    log
}

fn append(log: &mut Log, readings: i64) {
    for at in 0..readings {
        log.append(reading(at), 0, 0);
    }
}

fn deliver() -> Deliver {
    Deliver::new(RESEND_MS, Random::seeded(1))
}

/// What is sent until there is a wait, as (topic, first, last).
fn drain(deliver: &mut Deliver, log: &mut Log, now_ms: u64) -> Vec<(&'static str, u64, u64)> {
    let mut sent = Vec::new();
    while let Next::Send(message) = deliver.next(log, now_ms) {
        sent.push(match message {
            Message::Streams(_) => ("streams", 0, 0),
            Message::Telemetry(batch) => span("telemetry", &batch),
            Message::Backlog(batch) => span("backlog", &batch),
        });
    }
    sent
}

fn span(topic: &'static str, batch: &Batch) -> (&'static str, u64, u64) {
    (topic, batch.readings[0].seq, batch.readings.last().unwrap().seq)
}

fn acknowledge(deliver: &mut Deliver, log: &mut Log, through: u64, now_ms: u64) {
    log.acknowledge(RUNNING, through).unwrap();
    deliver.acknowledged(log, now_ms);
}

#[test]
fn nothing_is_sent_without_a_link() {
    let (mut deliver, mut log) = (deliver(), log_of(5));
    assert_eq!(deliver.next(&mut log, 0), Next::Wait(None));
    deliver.connected(&log);
    deliver.disconnected();
    assert_eq!(deliver.next(&mut log, 0), Next::Wait(None));
}

#[test]
fn streams_come_first_then_backlog_and_what_is_new_goes_live() {
    let (mut deliver, mut log) = (deliver(), log_of(100));
    deliver.connected(&log);
    assert_eq!(drain(&mut deliver, &mut log, 0), [("streams", 0, 0), ("backlog", 1, 64)]);
    append(&mut log, 2);
    assert_eq!(drain(&mut deliver, &mut log, 10), [("telemetry", 101, 101), ("telemetry", 102, 102)]);
    assert_eq!(drain(&mut deliver, &mut log, PACE_MS * 3 - 1), [], "live readings are paid for");
    assert_eq!(drain(&mut deliver, &mut log, PACE_MS * 3), [("backlog", 65, 100)]);
    assert_eq!(deliver.next(&mut log, PACE_MS * 3), Next::Wait(Some(RESEND_MS)));
    deliver.disconnected();
    deliver.connected(&log);
    let again = [("streams", 0, 0), ("backlog", 1, 64)];
    assert_eq!(drain(&mut deliver, &mut log, 200), again, "each connection begins anew");
}

#[test]
fn streams_are_said_again_when_one_begins_or_ends() {
    let (mut deliver, mut log) = (deliver(), log_of(0));
    deliver.connected(&log);
    assert_eq!(drain(&mut deliver, &mut log, 0), [("streams", 0, 0)]);
    append(&mut log, 1);
    assert_eq!(drain(&mut deliver, &mut log, 0), [("streams", 0, 0), ("telemetry", 1, 1)]);
    append(&mut log, 1);
    assert_eq!(drain(&mut deliver, &mut log, 0), [("telemetry", 2, 2)]);
    log.end();
    assert_eq!(drain(&mut deliver, &mut log, 0), [("streams", 0, 0)], "what was sent live is not sent again");
}

#[test]
fn a_message_says_cursor_and_oldest_of_its_moment() {
    let (mut deliver, mut log) = (deliver(), log_of(3));
    log.acknowledge(RUNNING, 2).unwrap();
    deliver.connected(&log);
    deliver.next(&mut log, 0);
    let Next::Send(Message::Backlog(batch)) = deliver.next(&mut log, 0) else { panic!("a backlog") };
    assert_eq!((batch.stream, batch.cursor, batch.oldest, batch.readings.len()), (RUNNING, 2, 3, 1));
}

#[test]
fn the_window_bounds_the_backlog_and_the_pace_its_speed() {
    let (mut deliver, mut log) = (deliver(), log_of(64 * 100));
    deliver.connected(&log);
    let mut messages = drain(&mut deliver, &mut log, 0).len() - 1;
    for tick in 1..=200 {
        messages += drain(&mut deliver, &mut log, tick * PACE_MS / 2).len();
        assert!(messages as u64 <= 1 + tick / 2);
    }
    assert_eq!(messages, WINDOW);
    acknowledge(&mut deliver, &mut log, 64 * 3, 5_000);
    for tick in 1..100 {
        messages += drain(&mut deliver, &mut log, 5_000 + tick * PACE_MS).len();
    }
    assert_eq!(messages, WINDOW + 3);
}

#[test]
fn without_progress_one_message_probes_and_live_readings_keep_flowing() {
    let (mut deliver, mut log) = (deliver(), log_of(200));
    deliver.connected(&log);
    for tick in 0..10 {
        drain(&mut deliver, &mut log, tick * PACE_MS);
    }
    append(&mut log, 1);
    assert_eq!(drain(&mut deliver, &mut log, 1_000), [("telemetry", 201, 201)]);
    assert_eq!(drain(&mut deliver, &mut log, RESEND_MS - 1), []);
    assert_eq!(drain(&mut deliver, &mut log, RESEND_MS), [("backlog", 1, 64)]);
    append(&mut log, 1);
    assert_eq!(drain(&mut deliver, &mut log, RESEND_MS + 500), [("telemetry", 202, 202)]);
    assert_eq!(drain(&mut deliver, &mut log, RESEND_MS + 80_000), [], "the second wait is longer");
    assert_eq!(drain(&mut deliver, &mut log, RESEND_MS * 3), [("backlog", 1, 64)]);
    acknowledge(&mut deliver, &mut log, 64, RESEND_MS * 3 + 10);
    let now = RESEND_MS * 3 + PACE_MS;
    assert_eq!(drain(&mut deliver, &mut log, now), [("backlog", 65, 128)]);
    assert_eq!(drain(&mut deliver, &mut log, now + PACE_MS), [("backlog", 129, 192)]);
    assert_eq!(drain(&mut deliver, &mut log, now + PACE_MS * 2), [("backlog", 193, 202)]);
}

#[test]
fn a_live_reading_that_got_lost_is_sent_again_and_only_that() {
    let (mut deliver, mut log) = (deliver(), log_of(0));
    deliver.connected(&log);
    append(&mut log, 10);
    drain(&mut deliver, &mut log, 0);
    acknowledge(&mut deliver, &mut log, 3, 1_000);
    assert_eq!(drain(&mut deliver, &mut log, 1_000 + RESEND_MS), [("backlog", 4, 10)]);
    acknowledge(&mut deliver, &mut log, 10, 92_000);
    assert_eq!(deliver.next(&mut log, 92_000), Next::Wait(None), "nothing is on its way");
}

#[test]
fn what_overflow_took_is_passed_over() {
    let mut log = log_with_room(RUNNING, 5);
    let mut deliver = deliver();
    append(&mut log, 8);
    deliver.connected(&log);
    assert_eq!(drain(&mut deliver, &mut log, 0), [("streams", 0, 0), ("backlog", 4, 8)]);
    append(&mut log, 7);
    let live: Vec<_> = (11..=15).map(|seq| ("telemetry", seq, seq)).collect();
    assert_eq!(drain(&mut deliver, &mut log, 100), live);
}

#[test]
fn the_wait_ends_when_the_pace_allows() {
    let (mut deliver, mut log) = (deliver(), log_of(64 * 3));
    deliver.connected(&log);
    drain(&mut deliver, &mut log, 0);
    assert_eq!(deliver.next(&mut log, 0), Next::Wait(Some(PACE_MS)));
    assert_eq!(deliver.next(&mut log, PACE_MS - 1), Next::Wait(Some(PACE_MS)));
}

#[test]
fn live_readings_that_waited_for_the_broker_go_out_in_a_bounded_burst() {
    let (mut deliver, mut log) = (deliver().paced(10), log_of(0));
    deliver.connected(&log);
    append(&mut log, 100);
    let sent = drain(&mut deliver, &mut log, 10_000);
    assert_eq!((sent.len(), sent.last()), (12, Some(&("telemetry", 11, 11))), "streams and a second's worth");
    assert_eq!(deliver.next(&mut log, 10_000), Next::Wait(Some(10_100)));
    assert_eq!(drain(&mut deliver, &mut log, 10_100), [("telemetry", 12, 12)]);
}

#[test]
fn the_largest_backlog_message_fits_a_message() {
    use minuano_telemetry::{Fault, MAX_MESSAGE, MAX_SEQ, Payload, Quantity};

    let largest = |values: [Option<f64>; 4], faults: [Option<Fault>; 4]| {
        let readings = (0..MAX_READINGS as u64).map(|back| Reading {
            seq: MAX_SEQ - MAX_READINGS as u64 + back,
            clock: Clock::Unsynchronised,
            samples: 100_000,
            values: ByQuantity(values),
            faults: ByQuantity(faults),
            ..reading(1_795_132_800_123)
        });
        Batch { stream: StreamId(u64::MAX), cursor: MAX_SEQ, oldest: MAX_SEQ, readings: readings.collect() }
    };
    let rounded = |quantity, value| Reading::at_resolution(quantity, value);
    let measured = [
        rounded(Quantity::Temperature, -39.99),
        rounded(Quantity::Pressure, 1099.99),
        rounded(Quantity::Humidity, 99.99),
        rounded(Quantity::Illuminance, 121_555.9),
    ];
    for batch in [largest(measured, [None; 4]), largest([None; 4], [Some(Fault::Absent); 4])] {
        let mut buffer = vec![0; MAX_MESSAGE];
        assert!(Payload::Backlog(batch).encode(&mut buffer).is_ok());
    }
}
