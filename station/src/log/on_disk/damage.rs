//! What is full, damaged, or not understood.

use super::*;
use crate::log::disk::BLOCK;
use crate::log::format::scan;
use crate::log::format::segment::HEADER;

fn small() -> Limits {
    Limits {
        max_bytes: 8_192 + 1_200,
        segment_bytes: 300,
        spill_bytes: 200,
        spill_readings: 1_000,
        ..Limits::of(1 << 20, 30_000)
    }
}

#[test]
fn a_full_log_drops_its_oldest_segment_and_says_so() {
    let mut bench = Bench::new(small());
    bench.run(400);
    let counts = bench.log.counts();
    assert_eq!(counts.measured, 400);
    assert!(counts.lost > 0 && counts.held > 40, "{counts:?}");
    assert_eq!(counts.held + counts.lost, 400);
    let state = bench.log.states().unwrap().streams[0];
    assert_eq!((state.cursor, state.oldest), (0, counts.lost + 1));
    assert!(bench.log.health().bytes <= bench.limits.max_bytes);
    assert_eq!(bench.read_all(1).len() as u64, counts.held);
    let on_disk: u64 = bench.disk.list().unwrap().iter().map(|(_, len)| len).sum();
    assert!(on_disk <= bench.limits.max_bytes);
}

#[test]
fn a_bad_middle_is_skipped_and_named_by_oldest() {
    let mut bench = Bench::roomy();
    bench.run(20);
    let segment = bench.disk.content(Name::Segment(0)).unwrap();
    let middle = segment.len() / 2;
    segment[middle] ^= 0xFF;
    bench.restart(2);
    assert_eq!(bench.log.damaged(), 1);
    let first = bench.read_all(1);
    let last = first.last().unwrap().seq;
    assert!(first.len() < 20 && first[0].seq == 1);
    assert_eq!(bench.log.stream(StreamId(1)).unwrap().oldest(), 1);
    bench.log.acknowledge(StreamId(1), last).unwrap();
    let oldest = bench.log.stream(StreamId(1)).unwrap().oldest();
    assert!(oldest > last + 1, "the gap is named");
    assert_eq!(bench.read_all(1)[0].seq, oldest);
    // Damage that comes while the station runs is found when the readings are wanted.
    let mut bench = Bench::roomy();
    bench.run(20);
    let segment = bench.disk.content(Name::Segment(0)).unwrap();
    segment[middle] ^= 0xFF;
    let before = bench.read_all(1);
    assert!(before.len() < 16 && before[0].seq == 1);
    bench.log.acknowledge(StreamId(1), before.last().unwrap().seq).unwrap();
    let after = bench.read_all(1);
    let counts = bench.log.counts();
    assert_eq!(counts.measured, counts.held + counts.acknowledged + counts.lost);
    assert!(counts.lost > 0 && after.last().unwrap().seq == 20);
}

#[test]
fn a_segment_that_vanished_or_is_not_understood_loses_its_readings_alone() {
    let mut bench = Bench::roomy();
    bench.run(10);
    bench.disk.content(Name::Segment(0)).unwrap().clear();
    assert!(bench.read_all(1).len() < 4, "only what is in RAM");
    let counts = bench.log.counts();
    assert_eq!(counts.measured, counts.held + counts.acknowledged + counts.lost);
    let mut bench = Bench::roomy();
    bench.run(10);
    bench.disk.content(Name::Segment(0)).unwrap()[3] ^= 1;
    let content = bench.disk.content(Name::Segment(0)).unwrap().clone();
    bench.restart(2);
    assert_eq!(bench.log.health().fault.unwrap().as_str(), "left alone, not understood: 00000000.log");
    bench.run(10);
    assert_eq!(bench.disk.content(Name::Segment(0)).unwrap(), &content);
    assert!(bench.disk.names().contains(&Name::Segment(1)), "new readings go beside it");
}

#[test]
fn a_disk_that_is_full_is_said_and_tried_again_and_nothing_is_lost() {
    let mut bench = Bench::roomy();
    bench.run(10);
    bench.disk.full = true;
    bench.run(60);
    assert_eq!(bench.log.health().fault.unwrap().as_str(), "write: no space left");
    let counts = bench.log.counts();
    assert_eq!((counts.held, counts.lost), (70, 0));
    assert!(bench.log.fresh(60).is_some(), "live readings flow from RAM");
    bench.disk.full = false;
    bench.run(100);
    assert_eq!(bench.log.health().fault, None);
    bench.disk.power_cut();
    bench.restart(2);
    assert!(bench.log.counts().held > 170 - 5);
    assert_eq!(bench.read_all(1).len() as u64, bench.log.counts().held);
}

#[test]
fn what_was_acknowledged_is_not_sent_again_and_its_files_go() {
    let mut bench = Bench::roomy();
    bench.run(60);
    bench.log.acknowledge(StreamId(1), 60).unwrap();
    bench.run(6);
    assert!(!bench.disk.names().contains(&Name::Segment(0)));
    bench.run(6);
    bench.restart(2);
    assert_eq!(bench.log.stream(StreamId(1)).unwrap().cursor(), 60);
    assert!(bench.log.stream(StreamId(1)).unwrap().oldest() > 60);
}

/// A thousand readings in one segment of several blocks, and which of them stand in its second block.
fn long() -> (Bench, Vec<u64>) {
    let mut bench = Bench::roomy();
    bench.run(1_000);
    let bytes = bench.disk.content(Name::Segment(0)).unwrap().clone();
    assert!(bytes.len() as u64 > 3 * BLOCK, "{} bytes", bytes.len());
    let mut there = Vec::new();
    for (at, _, chunk) in scan::chunks(&bytes[HEADER..], StreamId(1)) {
        let (from, to) = ((HEADER + at) as u64, (HEADER + at + chunk.size) as u64);
        if from < 2 * BLOCK && to > BLOCK {
            there.extend(chunk.entries.iter().map(|entry| entry.reading.seq));
        }
    }
    bench.disk.spoil(Name::Segment(0), 1);
    (bench, there)
}

/// What comes back when everything that came is acknowledged, over every gap.
fn deliver_all(bench: &mut Bench) -> Vec<u64> {
    let mut seqs = Vec::new();
    for _ in 0..1_000 {
        let Some(oldest) = bench.log.stream(StreamId(1)).map(|of| of.oldest()) else { break };
        let some = bench.log.read(StreamId(1), oldest, MAX_READINGS);
        if let Some(last) = some.last() {
            seqs.extend(some.iter().map(|reading| reading.seq));
            bench.log.acknowledge(StreamId(1), last.seq).unwrap();
        }
        bench.now_ms += 5_000;
        bench.work();
    }
    seqs
}

#[test]
fn a_sector_that_cannot_be_read_costs_what_stands_in_it_and_no_more() {
    let (mut bench, there) = long();
    let expected: Vec<u64> = (1..=1_000).filter(|seq| !there.contains(seq)).collect();
    assert_eq!(deliver_all(&mut bench), expected);
    assert_eq!(bench.log.counts().lost, there.len() as u64);
    assert!(bench.log.damaged() > 0);
}

#[test]
fn at_the_start_a_sector_that_cannot_be_read_costs_no_more_and_nothing_is_cut_off() {
    let (mut bench, there) = long();
    let content = bench.disk.content(Name::Segment(0)).unwrap().clone();
    bench.restart(2);
    assert_eq!(bench.disk.content(Name::Segment(0)).unwrap(), &content);
    assert!(bench.log.damaged() > 0);
    let in_ram = 4;
    let came = deliver_all(&mut bench);
    assert!(
        came.len() + there.len() + in_ram > 1_000 && !came.iter().any(|seq| there.contains(seq)),
        "{}",
        came.len()
    );
}

#[test]
fn a_table_that_cannot_be_read_stays_as_it_is_and_the_log_goes_on() {
    let mut bench = Bench::roomy();
    bench.run(10);
    bench.log.acknowledge(StreamId(1), 5).unwrap();
    bench.run(10);
    let table = bench.disk.names().into_iter().find(|name| matches!(name, Name::Table(_))).unwrap();
    bench.disk.spoil(table, 0);
    bench.restart(2);
    assert!(bench.log.health().fault.unwrap().contains("left alone"));
    bench.run(20);
    assert!(bench.log.is_working() && bench.disk.is_spoiled(), "others are written");
    assert!(bench.read_all(1).len() > 15 - 5, "of the run before");
}
