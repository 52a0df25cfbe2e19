//! The writer against a real store that refuses: nothing that came is dropped, and nothing waits for one bad message.

use minuano_telemetry::{
    Acknowledged, Batch, ByQuantity, Clock, Millis, Payload, Reading, StationName, StreamId,
};

use super::commit::AFTER_FAILURE;
use super::*;
use crate::config::AcknowledgeConfig;
use crate::live::Event;

struct Bench {
    _folder: tempfile::TempDir,
    writer: Writer,
    _open: mpsc::Sender<Message>,
    inbox: mpsc::Receiver<Message>,
}

impl Bench {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Arc::new(Store::open(&folder.path().join("g.db"), now()).unwrap());
        let gateway: GatewayName = "home".parse().unwrap();
        let answers = Answers::new(gateway.clone(), Vec::new(), AcknowledgeConfig::default());
        let parts = Parts {
            rules: crate::config::QualityConfig::default().rules(),
            events: crate::events::Rules::default(),
            desk: crate::alert::outbox::Desk::default(),
            gateway,
            store,
            directory: Arc::default(),
            hub: Hub::default(),
            readiness: Arc::default(),
            commits: StoreConfig::default(),
            lake: false,
            elastic_waits: None,
            progress: Arc::default(),
        };
        let (open, inbox) = mpsc::channel(1);
        Self { _folder: folder, writer: Writer::open(parts, answers).unwrap(), _open: open, inbox }
    }

    async fn put(&mut self, messages: &[Message]) -> bool {
        self.writer.put_on_disk(messages, &self.inbox).await
    }

    fn stored(&self, station: &str) -> u64 {
        let station: StationName = station.parse().unwrap();
        self.writer.parts.directory.get(&station).map_or(0, |now| now.counts.stored)
    }
}

fn message(station: &str, payload: Payload) -> Message {
    Message {
        broker: 0,
        retained: false,
        station: station.parse().unwrap(),
        said: payload.into(),
        received_at: now(),
    }
}

fn readings(station: &str, seqs: std::ops::RangeInclusive<u64>) -> Message {
    message(station, Payload::Backlog(batch(seqs)))
}

fn live(station: &str) -> Message {
    message(station, Payload::Telemetry(batch(1..=1)))
}

fn batch(seqs: std::ops::RangeInclusive<u64>) -> Batch {
    let reading = |seq| Reading {
        seq,
        at: now(),
        clock: Clock::Synchronised,
        samples: 1,
        values: ByQuantity([Some(1.0); 4]),
        faults: ByQuantity::default(),
    };
    Batch { stream: StreamId(1), cursor: 0, oldest: 1, readings: seqs.map(reading).collect() }
}

#[tokio::test]
async fn a_message_that_spoils_the_commit_costs_the_others_nothing() {
    let mut bench = Bench::new();
    bench
        .writer
        .connection
        .execute_batch(
            "CREATE TRIGGER spoil BEFORE INSERT ON readings WHEN NEW.seq = 13 \
             BEGIN SELECT RAISE(ABORT, 'unlucky'); END",
        )
        .unwrap();
    let put =
        bench.put(&[readings("roof", 1..=3), readings("shed", 10..=20), readings("garden", 1..=2)]).await;
    assert!(put);
    assert_eq!((bench.stored("roof"), bench.stored("shed"), bench.stored("garden")), (3, 0, 2));
    bench.writer.connection.execute_batch("DROP TRIGGER spoil").unwrap();
    assert!(bench.put(&[readings("shed", 10..=20)]).await);
    assert_eq!(bench.stored("shed"), 11, "it was not remembered as stored");
}

#[tokio::test(start_paused = true)]
async fn a_full_disk_is_waited_for_and_what_is_no_reading_is_kept_too() {
    let mut bench = Bench::new();
    let pages: i64 =
        bench.writer.connection.pragma_query_value(None, "page_count", |row| row.get(0)).unwrap();
    bench.writer.connection.pragma_update(None, "max_page_count", pages).unwrap();
    let other = Acknowledged { gateway: "other".parse().unwrap(), streams: Default::default() };
    let messages: Vec<Message> = (0..40)
        .map(|n| readings(&format!("s{n}"), 1..=64))
        .chain([message("roof", Payload::Acknowledged(other))])
        .collect();
    {
        let put = bench.writer.put_on_disk(&messages, &bench.inbox);
        let waited = tokio::time::timeout(AFTER_FAILURE * 5, put).await;
        assert!(waited.is_err(), "it goes on trying");
    }
    assert_eq!(bench.stored("s0"), 0);
    let refused = bench.writer.parts.readiness.conditions().iter().any(|one| one.name == STORE && !one.met);
    assert!(refused, "readiness says so");

    bench.writer.connection.pragma_update(None, "max_page_count", 1_000_000).unwrap();
    assert!(bench.put(&messages).await);
    assert_eq!((bench.stored("s0"), bench.stored("s39")), (64, 64));
    let roof = bench.writer.parts.directory.get(&"roof".parse().unwrap()).unwrap();
    assert_eq!(roof.owner, Some("other".parse().unwrap()));
}

#[tokio::test(start_paused = true)]
async fn a_stop_does_not_wait_for_a_full_disk() {
    let mut bench = Bench::new();
    let pages: i64 =
        bench.writer.connection.pragma_query_value(None, "page_count", |row| row.get(0)).unwrap();
    bench.writer.connection.pragma_update(None, "max_page_count", pages).unwrap();
    bench.inbox.close();
    let messages: Vec<Message> = (0..40).map(|n| readings(&format!("s{n}"), 1..=64)).collect();
    assert!(!bench.put(&messages).await);
}

/// One reading a minute of this temperature, beginning an hour ago.
fn minutes(seqs: std::ops::RangeInclusive<u64>, temperature: f64) -> Message {
    let start = now().get() - 3_600_000;
    let reading = |seq: u64| Reading {
        seq,
        at: Millis::new(start + i64::try_from(seq).unwrap() * 60_000).unwrap(),
        clock: Clock::Synchronised,
        samples: 1,
        values: ByQuantity([Some(temperature), None, None, None]),
        faults: ByQuantity::default(),
    };
    let readings = seqs.map(reading).collect();
    message("roof", Payload::Backlog(Batch { stream: StreamId(1), cursor: 0, oldest: 1, readings }))
}

#[tokio::test]
async fn frost_is_one_event_over_a_restart() {
    let mut bench = Bench::new();
    let mut listener = bench.writer.parts.hub.listen();
    assert!(bench.put(&[minutes(1..=12, -2.0)]).await);
    // What is in memory is gone; what is open is in the store.
    bench.writer.weather.forget();
    assert!(bench.put(&[minutes(13..=25, 5.0)]).await);
    let mut told = Vec::new();
    while let Ok(event) = listener.try_recv() {
        if let Event::Weather(event) = &event.event {
            told.push((event.id, event.kind, event.state));
        }
    }
    use minuano_telemetry::{AnomalyState, WeatherKind};
    assert_eq!(
        told,
        [(1, WeatherKind::Frost, AnomalyState::Open), (1, WeatherKind::Frost, AnomalyState::Closed)]
    );
    let stored: (i64, String, f64) = bench
        .writer
        .connection
        .query_row("SELECT count(*), state, extreme FROM weather_events", [], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })
        .unwrap();
    assert_eq!(stored, (1, "closed".to_owned(), -2.0));
}

impl Bench {
    fn online(&self) -> usize {
        let is_online = |presence| presence == Presence::Online;
        self.writer.parts.directory.read(|all| all.values().filter(|one| is_online(one.presence)).count())
    }
}

#[tokio::test]
async fn while_the_writer_is_behind_nobody_is_called_silent() {
    let mut bench = Bench::new();
    assert!(bench.put(&[live("roof")]).await);
    let at = Duration::from_secs;
    bench.writer.kept_up_since = at(20);
    bench.writer.tick(at(49));
    assert_eq!(bench.online(), 1, "what it said may have waited");
    bench.writer.tick(at(60));
    assert_eq!(bench.online(), 0);
    let mut waited = live("roof");
    assert!(!has_waited(&waited));
    waited.received_at = Millis::new(waited.received_at.get() - 5_000).unwrap();
    assert!(has_waited(&waited));
}

#[tokio::test]
async fn many_silent_stations_do_not_hold_up_a_commit_all_at_once() {
    let mut bench = Bench::new();
    let all: Vec<Message> = (0..MOST_SILENT + 7).map(|n| live(&format!("s{n}"))).collect();
    assert!(bench.put(&all).await);
    let late = Duration::from_secs(90);
    bench.writer.tick(late);
    assert_eq!(bench.online(), 7);
    bench.writer.tick(late);
    assert_eq!(bench.online(), 0, "the rest at once afterwards");
}
