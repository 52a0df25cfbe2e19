//! The ledger against a real store file: what arrives, what is counted, what survives a restart.

use minuano_telemetry::{AnomalyState, Flag, MAX_READINGS, Payload, Quantity, StreamState, Streams};

use minuano_telemetry::{ByQuantity, Clock, Reading};

use super::*;
use crate::config::QualityConfig;
use crate::ingest::admit::MAX_AHEAD_MS;
use crate::store::Store;

mod flags;

const ROOF: &str = "roof";

fn at(seconds: i64) -> Millis {
    Millis::new(1_800_000_000_000 + seconds * 1000).unwrap()
}

fn reading(seq: u64) -> Reading {
    Reading {
        seq,
        at: at(10 * i64::try_from(seq).unwrap()),
        clock: Clock::Synchronised,
        samples: 10,
        values: ByQuantity([Some(21.43), Some(1013.25), Some(48.7), Some(15_230.0)]),
        faults: ByQuantity::default(),
    }
}

/// A store, a ledger and a station that speaks to it.
struct Bench {
    _folder: tempfile::TempDir,
    connection: Connection,
    ledger: Ledger,
    arrival: Millis,
}

impl Bench {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let connection = Store::open(&folder.path().join("g.db"), at(0)).unwrap().writer().unwrap();
        let ledger = Ledger::load(&connection, &QualityConfig::default().rules()).unwrap();
        Self { _folder: folder, connection, ledger, arrival: at(100_000) }
    }

    fn say(&mut self, payload: Payload) -> Effects {
        let message = Message {
            broker: 0,
            retained: false,
            station: ROOF.parse().unwrap(),
            said: payload.into(),
            received_at: self.arrival,
        };
        let mut effects = Effects::default();
        let index = self.ledger.index(&message.station).unwrap();
        let transaction = self.connection.transaction().unwrap();
        self.ledger.take(&transaction, index, &message, &mut effects).unwrap();
        self.ledger.conclude(&transaction, self.arrival, false, &mut effects).unwrap();
        self.ledger.save(&transaction).unwrap();
        transaction.commit().unwrap();
        effects
    }

    fn backlog(
        &mut self,
        stream: u64,
        cursor: u64,
        oldest: u64,
        seqs: impl IntoIterator<Item = u64>,
    ) -> Effects {
        let readings = seqs.into_iter().map(reading).collect();
        self.say(Payload::Backlog(Batch { stream: StreamId(stream), cursor, oldest, readings }))
    }

    fn live(&mut self, reading: Reading) -> Effects {
        let readings = [reading].into_iter().collect();
        self.say(Payload::Telemetry(Batch { stream: StreamId(1), cursor: 0, oldest: 1, readings }))
    }

    fn streams(&mut self, entries: &[(u64, u64, u64, Option<u64>)]) -> Effects {
        let entry = |&(stream, cursor, oldest, last)| StreamState {
            stream: StreamId(stream),
            first_at: at(i64::try_from(stream).unwrap()),
            cursor,
            oldest,
            last,
        };
        self.say(Payload::Streams(Streams { streams: entries.iter().map(entry).collect() }))
    }

    fn restart(&mut self) {
        self.ledger = Ledger::load(&self.connection, &QualityConfig::default().rules()).unwrap();
    }

    fn counts(&self) -> Counts {
        self.ledger.station(0).counts
    }

    fn through(&self, stream: u64) -> Option<u64> {
        let touched = &self.ledger.station(0).touched;
        touched.iter().find(|through| through.stream == StreamId(stream)).map(|through| through.through)
    }

    fn rows(&self) -> i64 {
        self.connection.query_row("SELECT COUNT(*) FROM readings", [], |row| row.get(0)).unwrap()
    }
}

#[test]
fn a_reading_is_stored_once_however_often_it_comes() {
    let mut bench = Bench::new();
    assert_eq!(bench.backlog(1, 0, 1, 1..=64).readings.len(), 64);
    let again = bench.backlog(1, 0, 1, 1..=64);
    assert!(again.readings.is_empty());
    assert_eq!(again.due, [(0, Soon::Backlog)], "a repeat makes an acknowledgement due");
    bench.restart();
    assert!(bench.backlog(1, 0, 1, 60..=64).readings.is_empty(), "exact across a restart");
    assert_eq!(bench.rows(), 64);
    assert_eq!(bench.counts(), Counts { stored: 64, duplicates: 69, ..Counts::default() });
    assert_eq!(bench.through(1), Some(64));
}

#[test]
fn overflow_before_the_first_contact_is_lost_by_name() {
    let mut bench = Bench::new();
    bench.backlog(1, 0, 101, [101, 102]);
    assert_eq!(bench.counts(), Counts { stored: 2, lost_overflow: 100, ..Counts::default() });
    assert_eq!(bench.through(1), Some(102));
}

#[test]
fn what_an_older_gateway_has_is_counted_apart() {
    let mut bench = Bench::new();
    bench.backlog(1, 40, 41, [41]);
    assert_eq!(bench.counts(), Counts { stored: 1, elsewhere: 40, ..Counts::default() });
}

#[test]
fn a_stream_that_vanished_with_the_power_has_ended() {
    let mut bench = Bench::new();
    bench.streams(&[(1, 0, 1, None)]);
    bench.backlog(1, 0, 1, [1, 2, 5]);
    bench.streams(&[(2, 0, 1, None)]);
    assert_eq!(bench.counts(), Counts { stored: 3, lost_ended: 2, ..Counts::default() });
    bench.backlog(1, 0, 1, [3]);
    assert_eq!(bench.counts(), Counts { stored: 4, lost_ended: 1, ..Counts::default() }, "the loss shrinks");
}

#[test]
fn ten_short_streams_are_all_accounted_for() {
    let mut bench = Bench::new();
    for stream in 1..=10 {
        let listed: Vec<_> = (1..=stream).map(|id| (id, 0, 1, (id < stream).then_some(3))).collect();
        bench.streams(&listed);
        bench.backlog(stream, 0, 1, 1..=3);
    }
    bench.streams(&[(10, 3, 4, None)]);
    assert_eq!(bench.counts(), Counts { stored: 30, ..Counts::default() });
    assert_eq!(bench.ledger.station(0).touched.len(), MAX_ACKNOWLEDGED);
}

#[test]
fn what_came_last_is_answered_though_a_long_list_came_in_the_same_commit() {
    let mut bench = Bench::new();
    let listed: Vec<_> = (1..=10).map(|id| (id, 0, 1, (id < 10).then_some(3))).collect();
    bench.streams(&listed);
    let transaction = bench.connection.transaction().unwrap();
    for (stream, first_at) in [1_u64, 2, 3, 4, 5, 6, 7, 8, 9, 10, 1].map(|id| (StreamId(id), at(0))) {
        bench.ledger.slot(&transaction, 0, 1, stream, first_at).unwrap();
    }
    bench.ledger.save(&transaction).unwrap();
    transaction.commit().unwrap();
    assert!(
        bench.through(1).is_some() && bench.through(2).is_none(),
        "eight are named, the last used among them"
    );
}

#[test]
fn an_old_list_from_the_broker_ends_no_newer_stream() {
    let mut bench = Bench::new();
    bench.streams(&[(1, 0, 1, None)]);
    bench.streams(&[(2, 0, 1, None)]);
    bench.backlog(2, 0, 1, [1, 3]);
    bench.streams(&[(1, 0, 1, None)]);
    assert_eq!(bench.counts().lost(), 0);
    assert_eq!(bench.through(2), Some(1), "2 is still awaited");
}

#[test]
fn an_old_list_that_the_gateway_never_saw_ends_no_newer_stream() {
    let mut bench = Bench::new();
    bench.live(reading(5000));
    bench.streams(&[(7, 0, 1, None)]);
    assert_eq!(bench.counts().lost(), 0);
    assert_eq!(bench.through(1), Some(0), "5000 is here, and nothing before it is accounted for");
}

#[test]
fn a_stream_that_is_listed_again_has_not_ended() {
    let mut bench = Bench::new();
    bench.streams(&[(1, 0, 1, None)]);
    bench.backlog(1, 0, 1, [1, 2]);
    bench.streams(&[(2, 0, 1, None)]);
    bench.streams(&[(1, 0, 1, Some(10)), (2, 0, 1, None)]);
    bench.streams(&[(3, 0, 1, None)]);
    assert_eq!(bench.counts(), Counts { stored: 2, lost_ended: 8, ..Counts::default() });
}

#[test]
fn claims_beyond_all_measure_hurt_only_who_makes_them() {
    let mut bench = Bench::new();
    for stream in 1..=1100 {
        bench.streams(&[(stream, 0, minuano_telemetry::MAX_SEQ, None)]);
    }
    bench.restart();
    assert!(bench.counts().lost() > minuano_telemetry::MAX_SEQ);
}

#[test]
fn a_closing_stream_wants_its_acknowledgement_soon() {
    let mut bench = Bench::new();
    bench.backlog(1, 0, 1, 1..=3);
    assert_eq!(bench.streams(&[(1, 0, 1, Some(3))]).due, [(0, Soon::Backlog)]);
}

#[test]
fn a_transaction_that_failed_leaves_nothing_in_memory() {
    let mut bench = Bench::new();
    bench.backlog(1, 0, 1, [1]);
    let message = Message {
        broker: 0,
        retained: false,
        station: ROOF.parse().unwrap(),
        said: Said::Batch(
            Leaf::Backlog,
            Box::new(Batch {
                stream: StreamId(1),
                cursor: 0,
                oldest: 1,
                readings: [reading(2)].into_iter().collect(),
            }),
        ),
        received_at: at(0),
    };
    let transaction = bench.connection.transaction().unwrap();
    bench.ledger.take(&transaction, 0, &message, &mut Effects::default()).unwrap();
    bench.ledger.save(&transaction).unwrap();
    transaction.rollback().unwrap();
    bench.ledger.forget_uncommitted(&bench.connection).unwrap();
    assert_eq!(bench.counts().stored, 1);
    assert_eq!(bench.backlog(1, 0, 1, [2]).readings.len(), 1, "it is new when it comes again");
    assert_eq!(bench.rows(), 2);
}

#[test]
fn impossible_times_become_the_arrival() {
    let mut bench = Bench::new();
    let too_late = Millis::new(bench.arrival.get() + MAX_AHEAD_MS + 1).unwrap();
    let just_ahead = Millis::new(bench.arrival.get() + MAX_AHEAD_MS).unwrap();
    let before_2020 = Millis::new(Millis::YEAR_2020.get() - 1).unwrap();
    for (seq, given, clock, expected) in [
        (1, too_late, Clock::Synchronised, None),
        (2, just_ahead, Clock::Synchronised, Some(just_ahead)),
        (3, before_2020, Clock::Holdover, None),
        (4, at(7), Clock::Unsynchronised, None),
        (5, at(7), Clock::Holdover, Some(at(7))),
    ] {
        let effects = bench.live(Reading { at: given, clock, ..reading(seq) });
        let stored = &effects.readings[0];
        let want = expected.map_or((bench.arrival, Clock::Unsynchronised), |time| (time, clock));
        assert_eq!((stored.observed_at, stored.clock), want, "seq {seq}");
        assert_eq!(effects.retimed, u64::from(expected.is_none()));
    }
}

#[test]
fn a_gateway_whose_clock_is_not_set_keeps_the_stations_time() {
    let mut bench = Bench::new();
    bench.arrival = Millis::new(0).unwrap();
    let effects = bench.live(reading(1));
    assert_eq!(effects.readings[0].observed_at, reading(1).at);
    assert_eq!(effects.retimed, 0);
}

#[test]
fn a_guessed_time_in_a_backlog_stands() {
    let mut bench = Bench::new();
    let readings = [Reading { clock: Clock::Unsynchronised, ..reading(1) }].into_iter().collect();
    let effects = bench.say(Payload::Backlog(Batch { stream: StreamId(1), cursor: 0, oldest: 1, readings }));
    assert_eq!(effects.readings[0].observed_at, reading(1).at);
}

#[test]
fn the_view_gives_what_was_measured() {
    let mut bench = Bench::new();
    let effects = bench.backlog(1, 0, 1, [1]);
    let given = &effects.readings[0];
    let values: [f64; 4] = bench
        .connection
        .query_row(
            "SELECT temperature_c, pressure_hpa, humidity_pct, illuminance_lx FROM observations",
            [],
            |row| Ok([row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?]),
        )
        .unwrap();
    for quantity in Quantity::ALL {
        assert_eq!(given.values.get(quantity), Some(values[quantity as usize]));
    }
}

#[test]
fn many_streams_of_one_station_do_not_fill_the_memory() {
    let mut bench = Bench::new();
    for stream in 1..=500 {
        bench.backlog(stream, 0, 1, [1]);
    }
    assert!(bench.ledger.station(0).streams.len() <= MAX_STREAMS_IN_MEMORY);
    assert!(bench.backlog(1, 0, 1, [1]).readings.is_empty(), "an old stream is read again from the store");
    assert_eq!(bench.counts().stored, 500);
}

#[test]
fn a_full_message_is_one_transaction() {
    let mut bench = Bench::new();
    let most = u64::try_from(MAX_READINGS).unwrap();
    assert_eq!(bench.backlog(1, 0, 1, 1..=most).readings.len(), MAX_READINGS);
}
