//! A store file cut off or with a bit flipped at a thousand places: nothing panics, and nothing is answered wrongly.

use std::path::Path;
use std::time::Duration;

use jiff::tz::TimeZone;
use minuano_telemetry::{ByQuantity, Clock, Flag, Millis, StreamId};

use super::query::buckets::{self, Width};
use super::query::{anomalies, losses, readings};
use super::row::{self, NewReading, Owner};
use super::{Store, integrity, rollups, stations, streams};
use crate::acknowledge::account::Account;

/// A thousand in an optimised build; a debug build takes over a minute for those.
const PLACES: u64 = if cfg!(debug_assertions) { 200 } else { 1_000 };
const DAY: i64 = 1_795_132_800_000;

fn at(millis: i64) -> Millis {
    Millis::new(DAY + millis).unwrap()
}

/// Numbers that look random and are the same each time.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % bound
    }
}

fn fill(store: &Store) {
    let connection = store.writer().unwrap();
    for (name, stream) in [("roof", 1), ("shed", 2)] {
        let station = stations::id(&connection, &name.parse().unwrap()).unwrap();
        let mut stream =
            streams::create(&connection, station, StreamId(stream), Account::new(at(0))).unwrap();
        stream.account.declare(0, 4);
        for seq in 4..200u32 {
            let value = f64::from(seq) / 10.0;
            let reading = NewReading {
                seq: seq.into(),
                observed_at: at(i64::from(seq) * 10_000),
                received_at: at(i64::from(seq) * 10_000 + 120),
                clock: Clock::Synchronised,
                samples: 10,
                values: ByQuantity([Some(value), Some(1000.0 + value), Some(50.0), None]),
                faults: ByQuantity::default(),
                flags: [Flag::Good, Flag::Good, Flag::Good, Flag::Missing],
            };
            row::insert(&connection, Owner { station, stream: stream.id }, &reading).unwrap();
            stream.account.arrive(seq.into(), reading.observed_at);
        }
        streams::save(&connection, &mut stream).unwrap();
    }
    rollups::advance(&connection).unwrap();
    // All of it in the one file.
    connection.pragma_update(None, "journal_mode", "DELETE").unwrap();
}

/// Everything that can be asked; an error in each place that cannot be answered.
fn asked(store: &Store) -> Vec<Result<String, String>> {
    fn said<T: std::fmt::Debug, E: ToString>(answer: Result<T, E>) -> Result<String, String> {
        answer.map(|answer| format!("{answer:?}")).map_err(|error| error.to_string())
    }
    let day = (at(0), at(86_400_000));
    let mut answers = vec![
        Ok(store.id().to_string()),
        said(store.read(stations::load_all)),
        said(store.read(|c| readings::arrived(c, 0, i64::MAX, 1_000))),
    ];
    for station in [1, 2] {
        answers.push(said(store.read(|c| readings::page(c, station, day, None, 1_000))));
        for width in [Width::Fixed(60_000), Width::Fixed(3_600_000), Width::Day(TimeZone::UTC)] {
            answers.push(said(store.read(|c| buckets::page(c, station, day, &width, 1_000))));
        }
    }
    answers.push(said(
        store.read(|c| losses::page(c, losses::Which { station: None, from: None, to: None }, None, 100)),
    ));
    answers.push(said(store.read(|c| {
        anomalies::page(c, anomalies::Which { station: None, from: None, to: None, state: None }, None, 100)
    })));
    answers.push(said(store.read(|c| streams::load(c, 1, StreamId(1)))));
    answers
}

#[derive(Debug, Default)]
struct Tally {
    set_aside: u32,
    refused: u32,
    said: u32,
    right: u32,
    wrong: u32,
}

fn try_one(file: &Path, right: &[Result<String, String>], tally: &mut Tally) -> bool {
    let opened = match integrity::open_within(file, at(0), Duration::from_secs(5)) {
        Ok(opened) => opened,
        Err(_) => {
            tally.refused += 1;
            return true;
        }
    };
    if opened.replaced.is_some() {
        tally.set_aside += 1;
        return true;
    }
    let answers = asked(&opened.store);
    if answers.iter().zip(right).any(|(answer, right)| answer.is_ok() && answer != right) {
        tally.wrong += 1;
        return false;
    }
    if answers.iter().any(Result::is_err) {
        tally.said += 1;
    } else {
        tally.right += 1;
    }
    true
}

#[test]
fn a_damaged_file_never_panics_and_never_gives_a_wrong_answer() {
    let folder = tempfile::tempdir().unwrap();
    let whole = folder.path().join("whole.db");
    let store = Store::open(&whole, at(0)).unwrap();
    fill(&store);
    let right = asked(&store);
    assert!(right.iter().all(Result::is_ok), "{right:?}");
    drop(store);
    let bytes = std::fs::read(&whole).unwrap();
    let mut numbers = Numbers(20_261_120);
    let (mut cut, mut flipped) = (Tally::default(), Tally::default());
    for place in 0..PLACES {
        let at = numbers.below(bytes.len());
        let mut bytes = bytes.clone();
        let truncated = place % 4 == 0;
        if truncated {
            bytes.truncate(at);
        } else {
            bytes[at] ^= 1 << numbers.below(8);
        }
        let one = tempfile::tempdir().unwrap();
        let file = one.path().join("s.db");
        std::fs::write(&file, &bytes).unwrap();
        // A gateway has run here before.
        std::fs::write(one.path().join("s.db.lock"), "0a1b2c3d\n").unwrap();
        let tally = if truncated { &mut cut } else { &mut flipped };
        assert!(
            try_one(&file, &right, tally),
            "a wrong answer: place {at} of {}, cut: {truncated}",
            bytes.len()
        );
    }
    assert_eq!(cut.set_aside, u32::try_from(PLACES / 4).unwrap());
    assert_eq!(flipped.wrong, 0, "{flipped:?}");
    assert!(flipped.set_aside > u32::try_from(PLACES / 2).unwrap(), "{flipped:?}");
    println!("cut: {cut:?}; one bit flipped: {flipped:?}");
}

/// The log of a gateway that was killed, with a bit flipped: what was committed is there, or its loss is found. Only of
/// the last commit a power cut cannot be told from damage.
#[test]
fn a_damaged_log_never_hides_what_was_committed_before_the_last() {
    let folder = tempfile::tempdir().unwrap();
    let whole = folder.path().join("whole.db");
    let store = Store::open(&whole, at(0)).unwrap();
    let connection = store.writer().unwrap();
    connection.pragma_update(None, "wal_autocheckpoint", 0).unwrap();
    for name in ["roof", "shed", "garden", "field"] {
        stations::id(&connection, &name.parse().unwrap()).unwrap();
    }
    let log = |file: &Path| std::path::PathBuf::from(format!("{}-wal", file.display()));
    let (store_bytes, bytes) = (std::fs::read(&whole).unwrap(), std::fs::read(log(&whole)).unwrap());
    let mut numbers = Numbers(20_261_121);
    let mut found = 0;
    for _ in 0..PLACES / 4 {
        let place = numbers.below(bytes.len());
        let mut bytes = bytes.clone();
        bytes[place] ^= 1 << numbers.below(8);
        let one = tempfile::tempdir().unwrap();
        let file = one.path().join("s.db");
        std::fs::write(&file, &store_bytes).unwrap();
        std::fs::write(log(&file), &bytes).unwrap();
        let opened = integrity::open_within(&file, at(0), Duration::from_secs(5)).unwrap();
        if opened.replaced.is_some() {
            found += 1;
            continue;
        }
        let known = opened.store.read(stations::load_all).unwrap().len();
        assert!(known >= 3, "{known} stations after a flip at {place} of {}", bytes.len());
    }
    assert!(found > u32::try_from(PLACES / 10).unwrap(), "{found}");
}
