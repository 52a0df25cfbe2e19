use minuano_telemetry::{ByQuantity, Clock, Fault, Millis, Quantity, Reading, StreamId};
use proptest::prelude::*;

use super::chunk::{self, MAX_CHUNK};
use super::scan;
use super::segment::{HEADER, Header};
use super::table::{Found, MAX_TABLE, Mark, Row, Table};
use crate::log::entry::{BootId, Entry, Run, Stamp};

const STREAM: StreamId = StreamId(0x9f2c_41d0_7a3b_e658);
const NOON: i64 = 1_795_176_000_000;

/// A day as it is measured: each reading a little different from the one before.
fn weather(seq: u64) -> Entry {
    let turn = f64::from(u32::try_from(seq).unwrap()) / 30.0;
    let mut values = ByQuantity::default();
    for (quantity, value) in [
        (Quantity::Temperature, 12.0 + 8.0 * turn.sin()),
        (Quantity::Pressure, 1013.0 + turn.cos()),
        (Quantity::Humidity, 60.0 - 20.0 * turn.sin()),
        (Quantity::Illuminance, 20_000.0 * (1.0 + turn.sin())),
    ] {
        values.set(quantity, Reading::at_resolution(quantity, value));
    }
    let reading = Reading {
        seq,
        at: Millis::new(NOON + i64::try_from(seq).unwrap() * 10_003).unwrap(),
        clock: Clock::Synchronised,
        samples: 10,
        values,
        faults: ByQuantity::default(),
    };
    Entry { reading, mono_ms: 7_200_000 + seq * 10_003 }
}

fn stamp() -> Stamp {
    Stamp { at: Millis::new(NOON).unwrap(), clock: Clock::Holdover, mono_ms: 77 }
}

fn header() -> Header {
    Header { run: Run { stream: STREAM, boot: BootId([3; 16]) }, first: stamp() }
}

/// A segment of chunks of so many readings each.
fn segment(chunks: &[u64]) -> Vec<u8> {
    let mut bytes = header().encode().to_vec();
    let mut next = 1;
    for count in chunks {
        let entries: Vec<Entry> = (next..next + count).map(weather).collect();
        assert_eq!(chunk::put(&mut bytes, STREAM, next - 1, entries.iter()) as u64, *count);
        next += count;
    }
    bytes
}

#[test]
fn a_reading_takes_few_bytes() {
    let len = |chunks: &[u64]| segment(chunks).len() - HEADER;
    // The link is down: a spill each 30 s, with 3 readings in it.
    let (alone, three, many) = (len(&[1]), len(&[3; 100]) / 300, len(&[256; 4]) / 1024);
    eprintln!("bytes a record: {alone} alone, {three} by three, {many} in a long chunk");
    assert!(alone <= 48 && three <= 24 && many <= 14);
    // 30 days at 10 s in the default log, with room to spare.
    assert!(259_200 * three < 64 * 1024 * 1024 / 4);
}

#[test]
fn the_bytes_are_those_that_earlier_versions_wrote() {
    assert_eq!(crc32fast::hash(&segment(&[3, 1, 20])), 2_837_580_221);
    let row = Row { stream: STREAM, cursor: 7, last: Some(9), offset_ms: Some(-5) };
    let mark = Mark { boot: BootId([3; 16]), stamp: stamp(), synchronised: true };
    let table = Table { mark: Some(mark), streams: vec![row] };
    assert_eq!(crc32fast::hash(&table.encode(12)), 2_572_409_477);
}

#[test]
fn a_segment_comes_back_and_a_torn_tail_is_left_out() {
    let whole = segment(&[3, 5, 2]);
    assert_eq!(Header::decode(&whole), Some(header()));
    let scan = scan::segment(&whole, STREAM);
    assert_eq!((scan.held.first(), scan.len, scan.damaged), (Some((1, 10)), whole.len() as u64, 0));
    assert_eq!((scan.cursor, scan.known), (8, Some(weather(10).reading.at)));
    let two = segment(&[3, 5]).len();
    for cut in two..whole.len() {
        let scan = scan::segment(&whole[..cut], STREAM);
        assert_eq!((scan.held.first(), scan.len, scan.damaged), (Some((1, 8)), two as u64, 0), "{cut}");
    }
    assert_eq!(scan::segment(&whole, StreamId(1)).held.count(), 0, "chunks of another stream are none");
}

#[test]
fn damage_in_the_middle_costs_its_chunk_alone() {
    let whole = segment(&[3, 5, 2]);
    let (begin, end) = (segment(&[3]).len(), segment(&[3, 5]).len());
    for at in begin..end {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x40;
        let scan = scan::segment(&bytes, STREAM);
        let runs: Vec<_> = scan.held.iter().collect();
        assert_eq!((runs, scan.damaged), (vec![(1, 3), (9, 10)], 1), "byte {at}");
    }
}

#[test]
fn a_table_comes_back_and_a_torn_one_is_known_as_such() {
    let rows = (0..64).map(|row| Row {
        stream: StreamId(row),
        cursor: row * 3,
        last: (row % 2 == 0).then_some(row * 4),
        offset_ms: (row % 3 == 0).then_some(-5),
    });
    let mark = Mark { boot: BootId([9; 16]), stamp: stamp(), synchronised: true };
    let long = Table { mark: Some(mark), streams: rows.collect() };
    let short = Table::default();
    let bytes = long.encode(12);
    assert!(bytes.len() <= MAX_TABLE);
    assert_eq!(Table::decode(&bytes), Found::Table(12, long));
    // A shorter one over it leaves the longer one's end.
    let mut over = bytes.clone();
    let shorter = short.encode(13);
    over[..shorter.len()].copy_from_slice(&shorter);
    assert_eq!(Table::decode(&over), Found::Table(13, short));
    for cut in 0..bytes.len() {
        assert_eq!(Table::decode(&bytes[..cut]), Found::Torn);
        let mut torn = bytes.clone();
        torn[cut] ^= 1;
        assert!(!matches!(Table::decode(&torn), Found::Table(..)), "{cut}");
    }
    assert_eq!(Table::decode(&[0; 512]), Found::Torn);
    assert_eq!(Table::decode(b"station = \"roof\""), Found::Foreign);
}

fn any_entry(seq: u64) -> impl Strategy<Value = Entry> {
    let value = || {
        proptest::option::of(prop_oneof![
            (-200_000..200_000_i32).prop_map(|steps| f64::from(steps) / 100.0),
            any::<f64>().prop_filter("finite", |value| value.is_finite()),
        ])
    };
    let fault = || {
        proptest::option::of(prop_oneof![
            Just(Fault::Bus),
            Just(Fault::Crc),
            Just(Fault::Range),
            Just(Fault::Frozen),
            Just(Fault::Absent)
        ])
    };
    let clock = prop_oneof![Just(Clock::Synchronised), Just(Clock::Holdover), Just(Clock::Unsynchronised)];
    let values = [value(), value(), value(), value()];
    let faults = [fault(), fault(), fault(), fault()];
    (-60_000_000_000_000..250_000_000_000_000_i64, clock, any::<u32>(), values, faults, 0..u64::MAX / 4)
        .prop_map(move |(at, clock, samples, values, faults, mono_ms)| Entry {
            reading: Reading {
                seq,
                at: Millis::new(at).unwrap(),
                clock,
                samples,
                values: ByQuantity(values),
                faults: ByQuantity(faults),
            },
            mono_ms,
        })
}

proptest! {
    #[test]
    fn any_readings_come_back_bit_by_bit(
        first in 1..1_u64 << 52,
        entries in prop::collection::vec(any_entry(1), 1..150),
    ) {
        let entries: Vec<Entry> = (first..).zip(entries).map(|(seq, entry)| Entry {
            reading: Reading { seq, ..entry.reading }, ..entry
        }).collect();
        let mut bytes = vec![7; 5];
        let mut at = 0;
        while at < entries.len() {
            let count = chunk::put(&mut bytes, STREAM, 5, entries[at..].iter());
            prop_assert!(count > 0);
            at += count;
        }
        let chunks: Vec<_> = scan::chunks(&bytes[5..], STREAM).collect();
        prop_assert!(chunks.iter().all(|(_, skipped, chunk)| !skipped && chunk.size <= MAX_CHUNK && chunk.cursor == 5));
        let back: Vec<Entry> = chunks.into_iter().flat_map(|(_, _, chunk)| chunk.entries).collect();
        prop_assert_eq!(back.len(), entries.len());
        for (back, entry) in back.iter().zip(&entries) {
            let bits = |entry: &Entry| entry.reading.values.0.map(|value| value.map(f64::to_bits));
            prop_assert_eq!(bits(back), bits(entry));
            prop_assert_eq!(back, entry);
        }
    }

    #[test]
    fn any_bytes_are_something_or_nothing(bytes in prop::collection::vec(any::<u8>(), 0..400), at in 0..300_usize) {
        scan::segment(&bytes, STREAM);
        Header::decode(&bytes);
        Table::decode(&bytes);
        chunk::take(&bytes, STREAM);
        let mut spoilt = segment(&[3, 5, 2]);
        let end = spoilt.len().min(at + bytes.len());
        let from = at.min(end);
        spoilt[from..end].copy_from_slice(&bytes[..end - from]);
        scan::segment(&spoilt, STREAM);
    }
}
