//! More than one run, and what time it was.

use super::*;

#[test]
fn of_a_run_that_was_cut_off_a_gateway_may_have_more_and_of_one_that_stopped_it_may_not() {
    let mut bench = Bench::roomy();
    bench.run(22);
    bench.restart(2);
    let last = bench.log.stream(StreamId(1)).unwrap().last().unwrap();
    assert!(last < 22);
    assert!(matches!(bench.log.acknowledge(StreamId(1), 22), Ok(Outcome::Moved(_))));
    assert!(bench.log.stream(StreamId(1)).is_none(), "and then it is closed");
    let mut bench = Bench::roomy();
    bench.run(20);
    bench.log.end();
    bench.log.finish();
    bench.work();
    assert!(bench.log.is_finished());
    bench.restart(2);
    assert_eq!(bench.log.stream(StreamId(1)).unwrap().last(), Some(20));
    assert!(bench.log.acknowledge(StreamId(1), 21).is_err());
    assert_eq!(bench.read_all(1).len(), 20);
}

#[test]
fn at_most_64_streams_are_kept() {
    let mut bench = Bench::roomy();
    for run in 2..80 {
        bench.run(8);
        bench.restart(run);
    }
    bench.run(1);
    assert_eq!(bench.log.states().unwrap().streams.len(), 64);
    assert_eq!(bench.log.streams().count(), 64);
    let counts = bench.log.counts();
    assert_eq!(counts.measured, counts.held + counts.acknowledged + counts.lost);
}

#[test]
fn once_the_clock_is_right_what_was_not_sent_gets_its_true_time() {
    let mut bench = Bench::roomy();
    bench.clock = Clock::Unsynchronised;
    let wrong_ms = 5_000_000;
    let right = |reading: &Reading| (reading.at.get() - NOON, reading.clock);
    // Ten that are wrong by 5,000 s: the first three are sent so.
    bench.now_ms = wrong_ms;
    let mut log = bench.log;
    for turn in 1..=10_u64 {
        let at = Millis::new(NOON - 1_000_000 + turn.cast_signed() * 10_000).unwrap();
        let reading = Reading {
            seq: 0,
            at,
            clock: Clock::Unsynchronised,
            samples: 1,
            values: ByQuantity::default(),
            faults: ByQuantity::default(),
        };
        log.append(reading, turn * 10_000, wrong_ms + turn * 10_000);
    }
    let first = log.read(StreamId(1), 1, 3);
    log.sent(StreamId(1), &first);
    bench.log = log;
    bench.now_ms += 100_000;
    bench.work();
    // The clock is set: 110 s after the boot it is noon and 110 s.
    let at = Millis::new(NOON + 110_000).unwrap();
    let reading = Reading {
        seq: 0,
        at,
        clock: Clock::Synchronised,
        samples: 1,
        values: ByQuantity::default(),
        faults: ByQuantity::default(),
    };
    bench.log.append(reading, 110_000, bench.now_ms);
    let all = bench.read_all(1);
    assert_eq!(all.len(), 11);
    for reading in &all[..3] {
        assert_eq!(right(reading), (reading.seq.cast_signed() * 10_000 - 1_000_000, Clock::Unsynchronised));
    }
    for reading in &all[3..] {
        assert_eq!(right(reading), (reading.seq.cast_signed() * 10_000, Clock::Synchronised));
    }
    // The offset is remembered over a restart, and holds for this boot alone.
    bench.now_ms += 60_000;
    bench.work();
    bench.boot = BootId([2; 16]);
    bench.restart(2);
    let back = bench.read_all(1);
    assert!(back.len() > 9 && back.iter().all(|reading| reading.clock == Clock::Synchronised));
}

#[test]
fn the_time_is_remembered() {
    let mut bench = Bench::roomy();
    bench.run(2);
    bench.log.acknowledge(StreamId(1), 2).unwrap();
    let recovery = recover(&mut bench.disk).unwrap();
    let mark = recovery.mark.unwrap();
    assert_eq!((mark.boot, mark.synchronised, mark.stamp.at.get()), (BOOT, true, NOON + 10_000));
    bench.run(20);
    assert!(recover(&mut bench.disk).unwrap().known.unwrap().get() > NOON + 100_000, "by the readings");
}
