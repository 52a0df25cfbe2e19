//! Many stations in this process: each with the station's own log (in RAM) and its own half of the acknowledgement.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use minuano_station::deliver::Deliver;
use minuano_station::log::{BootId, Limits, Log, Run};
use minuano_station::random::Random;
use minuano_telemetry::{ByQuantity, Clock, Millis, Quantity, Reading, StationName, StreamId};
use minuano_tests::eventually;
use minuano_tests::payload::now_ms;
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinHandle;

use crate::Cli;
use crate::connection::keep_connected;

/// Over one connection.
const TOGETHER: usize = 25;
/// Between two readings, by the stations' own time: they have lived through hours.
const CADENCE_MS: i64 = 1_000;
/// How much more than planned may be taken before their time is ahead of the gateway's.
const ROOM: i64 = 3;
const RESEND_AFTER_MS: u64 = 3_000;
const MESSAGES_A_SECOND: u32 = 200;
/// Far more than any fault makes wait.
const RAM_READINGS: usize = 200_000;

/// What a station says that it did.
#[derive(Clone, Debug)]
pub struct Truth {
    pub station: StationName,
    pub stream: StreamId,
    pub measured: u64,
}

/// A station.
pub struct Station {
    pub name: StationName,
    pub log: Log,
    pub deliver: Deliver,
    begins_ms: i64,
    planned: u64,
    has_ended: bool,
    random: Random,
}

/// What all stations share with whoever breaks things.
#[derive(Default)]
pub struct Shared {
    /// By how much the stations' clocks are wrong now.
    pub clock_step_ms: AtomicI64,
    pub measured: AtomicU64,
    pub acknowledged: AtomicU64,
    enough: AtomicBool,
    /// Stations that measure no more.
    ended: AtomicUsize,
    finished: AtomicBool,
}

/// All of them.
pub struct Fleet {
    runtime: Runtime,
    groups: Vec<JoinHandle<Vec<Station>>>,
    shared: Arc<Shared>,
    stations: usize,
}

impl Station {
    fn new(number: u64, planned: u64, random: &mut Random) -> Self {
        let limits = Limits { ram_readings: RAM_READINGS, ..Limits::of(1 << 20, 30_000) };
        let run = Run { stream: StreamId(random.bits()), boot: BootId::default() };
        let span_ms = ROOM * i64::try_from(planned).unwrap() * CADENCE_MS;
        Self {
            name: format!("station-{number}").parse().unwrap(),
            log: Log::new(run, limits),
            deliver: Deliver::new(RESEND_AFTER_MS, Random::seeded(random.bits())).paced(MESSAGES_A_SECOND),
            begins_ms: i64::try_from(now_ms()).unwrap() - span_ms,
            planned,
            has_ended: false,
            random: Random::seeded(random.bits()),
        }
    }

    /// Takes what is due when this share (in millionths) of the time has gone, and at the same pace afterwards until
    /// it is enough: what breaks then has readings to break, too.
    pub fn measure(&mut self, millionths: u64, now_ms: u64, shared: &Shared) {
        if shared.enough.load(Ordering::Relaxed) {
            if !self.has_ended {
                self.has_ended = true;
                shared.ended.fetch_add(1, Ordering::Release);
            }
            return;
        }
        let due = self.planned * millionths / 1_000_000;
        while self.log.running().measured() < due {
            let number = self.log.running().measured();
            let step = shared.clock_step_ms.load(Ordering::Relaxed);
            let at = self.begins_ms + i64::try_from(number).unwrap() * CADENCE_MS + step;
            let clock = if step == 0 { Clock::Synchronised } else { Clock::Holdover };
            let mut values = ByQuantity::default();
            for quantity in Quantity::ALL {
                // Now and then one is missing, and now and then one cannot be.
                let value = match self.random.between(0, 99) {
                    0 => None,
                    1 => Some(99_999.0),
                    draw => Some(f64::from(u32::try_from(draw).unwrap()) / 4.0),
                };
                values.set(quantity, value);
            }
            let at = Millis::new(at).unwrap();
            let reading = Reading { seq: 0, at, clock, samples: 1, values, faults: ByQuantity::default() };
            self.log.append(reading, 0, now_ms);
            shared.measured.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Obeys, as far as it moves.
    pub fn obey(&mut self, stream: StreamId, through: u64, now_ms: u64, shared: &Shared) {
        let before = self.log.counts().acknowledged;
        self.log.acknowledge(stream, through).unwrap_or_else(|beyond| panic!("{}: {beyond}", self.name));
        let moved = self.log.counts().acknowledged - before;
        if moved > 0 {
            shared.acknowledged.fetch_add(moved, Ordering::Relaxed);
            self.deliver.acknowledged(&self.log, now_ms);
        }
    }
}

impl Fleet {
    /// Begins to measure and to talk.
    pub fn start(port: u16, cli: &Cli, random: &mut Random) -> Self {
        let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let shared = Arc::new(Shared::default());
        let each = cli.readings / cli.stations;
        let mut stations: Vec<Station> =
            (0..cli.stations).map(|number| Station::new(number, each, random)).collect();
        let (begun, lasts) = (Instant::now(), Duration::from_secs(cli.seconds));
        let mut groups = Vec::new();
        while !stations.is_empty() {
            let rest = stations.split_off(stations.len().min(TOGETHER));
            let group = std::mem::replace(&mut stations, rest);
            let clock = move |now: Instant| share((now - begun).as_micros(), lasts.as_micros());
            groups.push(runtime.spawn(keep_connected(group, port, Arc::clone(&shared), clock, begun)));
        }
        Self { runtime, groups, shared, stations: usize::try_from(cli.stations).unwrap() }
    }

    pub fn shared(&self) -> &Shared {
        &self.shared
    }

    /// Ends the measuring and waits until everything is acknowledged.
    pub fn finish(self, patience: Duration, mut look: impl FnMut()) -> Vec<Truth> {
        self.shared.enough.store(true, Ordering::Relaxed);
        eventually("an acknowledgement of each reading", patience, || {
            look();
            // A connection that panicked has said why.
            assert!(self.groups.iter().all(|group| !group.is_finished()), "a station gave up");
            self.shared.is_all_acknowledged(self.stations).then_some(())
        });
        self.shared.finished.store(true, Ordering::Relaxed);
        let mut truth = Vec::new();
        for group in self.groups {
            for station in self.runtime.block_on(group).unwrap() {
                let counts = station.log.counts();
                assert_eq!((counts.held, counts.lost), (0, 0), "{}", station.name);
                truth.push(Truth {
                    station: station.name,
                    stream: station.log.running().id(),
                    measured: counts.measured,
                });
            }
        }
        truth
    }
}

impl Shared {
    pub fn is_finished(&self) -> bool {
        self.finished.load(Ordering::Relaxed)
    }

    fn is_all_acknowledged(&self, stations: usize) -> bool {
        // What the last of them measured is counted before its end.
        self.ended.load(Ordering::Acquire) == stations
            && self.acknowledged.load(Ordering::Relaxed) == self.measured.load(Ordering::Relaxed)
    }
}

fn share(elapsed: u128, whole: u128) -> u64 {
    u64::try_from(elapsed * 1_000_000 / whole.max(1)).unwrap()
}
