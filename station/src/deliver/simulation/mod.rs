//! Whole lives of a station, without threads, sockets or clocks: the real log and the real deliver, on a disk
//! that tears and forgets, over a network that drops, repeats and reorders, toward a model of the gateway.
//!
//! Each seed is one life: links that come and go, a gateway that restarts and forgets what it had not committed,
//! or whose store is replaced by an old copy or an empty one, a disk that is full for a while, fails a sync, or has
//! sectors that cannot be read, power cuts and killed processes at any write, a clock that is wrong until it is set. Then all heals, and the account must be right: measured = stored + lost, nothing twice, and a loss
//! only where the bounds allow one. `MINUANO_SEED=4711` runs one life alone.

mod checker;
mod gateway;
mod network;
mod station;

use self::checker::Truth;
use self::gateway::Gateway;
use self::network::Wire;
use self::station::Station;
use super::Message;
use crate::log::Limits;
use crate::log::disk::BLOCK;
use crate::log::disk::simulated::Simulated;
use crate::random::Random;
use minuano_telemetry::StreamId;

const SEEDS: u64 = 10_000;
const STEP_MS: u64 = 5_000;
const REPORT_MS: u64 = 10_000;
const SPILL_MS: u64 = 30_000;
/// 2026-01-01.
const BASE_MS: i64 = 1_767_225_600_000;

/// Everything there is.
struct World {
    random: Random,
    now_ms: u64,
    faulty: bool,
    measuring: bool,
    linked: bool,
    disk: Simulated,
    limits: Limits,
    station: Station,
    gateway: Gateway,
    up: Wire<Message>,
    down: Wire<(StreamId, u64)>,
    truth: Truth,
}

/// What a life saw, so that the test knows that it was hard enough.
#[derive(Debug, Default)]
struct Seen {
    measured: u64,
    stored: u64,
    lost_to_power: u64,
    lost_to_overflow: u64,
    lost_to_sectors: u64,
    /// Stored and acknowledged by a gateway that lost its store afterwards.
    forgotten: u64,
    /// Of these, what the next store counts as acknowledged elsewhere, and what it takes for lost.
    elsewhere: u64,
    called_lost: u64,
    duplicates: u64,
    crashes: u64,
    torn: u64,
    retimed: u64,
    disk_bytes: u64,
}

fn limits(random: &mut Random, is_small: bool) -> Limits {
    let segment_bytes = random.between(300, 1_500);
    Limits {
        spill_ms: SPILL_MS,
        ram_readings: if is_small { 12 } else { 10_000 },
        spill_readings: usize::try_from(random.between(4, 64)).unwrap(),
        max_bytes: if is_small { 8_192 + random.between(500, 2_000) } else { 1 << 20 },
        segment_bytes,
        spill_bytes: segment_bytes / 2,
    }
}

impl World {
    fn new(seed: u64) -> Self {
        let mut random = Random::seeded(seed.wrapping_mul(0x9E37_79B9).wrapping_add(1));
        // One life in four has a log that is too small.
        let limits = limits(&mut random, seed % 4 == 3);
        let mut disk = Simulated::new(Random::seeded(random.bits()));
        let mut truth = Truth::default();
        let station = Station::start(&mut disk, limits, &mut random, &mut truth, None, 0);
        let mut gateway = Gateway::default();
        gateway.born(station.log.running().id());
        Self {
            random,
            now_ms: 0,
            faulty: true,
            measuring: true,
            linked: false,
            disk,
            limits,
            station,
            gateway,
            up: Wire::new(),
            down: Wire::new(),
            truth,
        }
    }

    fn chance(&mut self, one_in: u64) -> bool {
        self.random.between(1, one_in) == 1
    }

    fn step(&mut self) {
        self.now_ms += STEP_MS;
        if self.faulty {
            self.trouble();
        }
        if self.measuring && self.now_ms.is_multiple_of(REPORT_MS) {
            self.station.measure(self.now_ms, &mut self.truth);
        }
        self.station.note_losses(&mut self.truth);
        self.station.work(&mut self.disk, &mut self.random, self.now_ms);
        self.station.note_losses(&mut self.truth);
        self.crash_if_dead();
        if self.linked {
            for message in self.station.say(self.now_ms) {
                match message {
                    // It can get lost. That one comes after what was said after it, MQTT rules out, and
                    // the gateway counts on that: by an old list it could end a stream that it knows by readings alone.
                    Message::Streams(_) => {
                        self.up.put_in_order(&message, self.now_ms, &mut self.random, self.faulty);
                    }
                    _ => self.up.put(&message, self.now_ms, &mut self.random, self.faulty),
                }
            }
        }
        while let Some(message) = self.up.take(self.now_ms) {
            self.gateway.take(&message);
        }
        if !self.faulty || self.chance(2) {
            for told in self.gateway.commit() {
                self.down.put(&told, self.now_ms, &mut self.random, self.faulty);
            }
        }
        while let Some((stream, through)) = self.down.take(self.now_ms) {
            self.station.obey(stream, through, self.now_ms);
        }
        self.station.note_losses(&mut self.truth);
    }

    fn trouble(&mut self) {
        if self.chance(15) {
            self.link(!self.linked);
        }
        if self.chance(40) {
            self.gateway.crash();
        }
        if self.chance(50) {
            self.gateway.back_up();
        }
        if self.chance(200) {
            let has_copy = self.chance(2);
            self.gateway.restore(has_copy);
        }
        if self.chance(100) {
            self.spoil();
        }
        if self.chance(60) {
            self.disk.full = !self.disk.full;
        }
        if self.chance(60) {
            self.disk.flaky = !self.disk.flaky;
        }
        if self.chance(20) {
            self.station.set_clock();
        }
        if self.disk.fuse.is_none() && self.chance(20) {
            self.disk.fuse = Some(self.random.between(1, 12));
        }
        if self.chance(60) {
            self.disk.dead = true;
        }
        self.crash_if_dead();
    }

    /// Somewhere the disk gives nothing any more.
    fn spoil(&mut self) {
        let names = self.disk.names();
        let Some(last) = names.len().checked_sub(1) else { return };
        let name = names[usize::try_from(self.random.between(0, last as u64)).unwrap()];
        let len = self.disk.content(name).map_or(0, |bytes| bytes.len() as u64);
        let block = self.random.between(0, len.saturating_sub(1) / BLOCK);
        self.truth.spoils(&mut self.disk, name, block);
        self.disk.spoil(name, block);
    }

    fn link(&mut self, linked: bool) {
        self.linked = linked;
        self.station.link(linked);
    }

    fn crash_if_dead(&mut self) {
        while self.disk.dead {
            self.truth.crashed(&self.station, self.now_ms);
            let boot = if self.chance(2) {
                self.disk.restart();
                Some(self.station.boot)
            } else {
                self.disk.power_cut();
                None
            };
            self.linked = false;
            self.station = Station::start(
                &mut self.disk,
                self.limits,
                &mut self.random,
                &mut self.truth,
                boot,
                self.now_ms,
            );
            self.gateway.born(self.station.log.running().id());
        }
    }

    /// Nothing fails any more, and everything comes to its end.
    fn heal(&mut self) {
        self.faulty = false;
        self.disk.full = false;
        self.disk.flaky = false;
        self.disk.fuse = None;
        self.link(false);
        // What is still on its way on an old connection comes before anything on a new one.
        while !self.up.is_empty() {
            self.step();
        }
        self.link(true);
        let mut quiet = 0;
        for step in 0.. {
            self.step();
            // Long enough that the running stream is listed, and what ended has ended.
            self.measuring = step < 4;
            let is_quiet = self.station.is_through() && self.up.is_empty() && self.gateway.is_idle();
            quiet = if is_quiet && !self.measuring { quiet + 1 } else { 0 };
            if quiet > 3 {
                return;
            }
            assert!(step < 2_000, "it never comes to an end: {:#?}", self.station.log);
        }
    }
}

fn live(seed: u64) -> Seen {
    let mut world = World::new(seed);
    let steps = world.random.between(20, 120);
    for _ in 0..steps {
        world.step();
    }
    world.heal();
    let is_small = seed % 4 == 3;
    checker::check(&world, is_small)
}

/// Lives through one seed; where it fails it says how to repeat it.
fn named(seed: u64) -> Seen {
    std::panic::catch_unwind(|| live(seed)).unwrap_or_else(|cause| {
        eprintln!("repeat it with: MINUANO_SEED={seed} cargo test -p minuano-station --lib simulation");
        std::panic::resume_unwind(cause)
    })
}

#[test]
fn measured_is_stored_and_lost_in_ten_thousand_lives() {
    if let Some(seed) = std::env::var("MINUANO_SEED").ok().and_then(|text| text.parse().ok()) {
        eprintln!("{:#?}", named(seed));
        return;
    }
    let mut sum = Seen::default();
    for seed in 0..SEEDS {
        let seen = named(seed);
        sum.measured += seen.measured;
        sum.stored += seen.stored;
        sum.lost_to_power += seen.lost_to_power;
        sum.lost_to_overflow += seen.lost_to_overflow;
        sum.lost_to_sectors += seen.lost_to_sectors;
        sum.forgotten += seen.forgotten;
        sum.elsewhere += seen.elsewhere;
        sum.called_lost += seen.called_lost;
        sum.duplicates += seen.duplicates;
        sum.crashes += seen.crashes;
        sum.torn += seen.torn;
        sum.retimed += seen.retimed;
        sum.disk_bytes += seen.disk_bytes;
    }
    eprintln!("{sum:?}");
    let lost = sum.lost_to_power + sum.lost_to_overflow + sum.lost_to_sectors;
    assert_eq!(sum.measured, sum.stored + sum.forgotten + lost);
    assert!(sum.called_lost * 8 < sum.elsewhere, "a lost store makes losses of what was delivered: {sum:?}");
    let hard = [
        sum.lost_to_power,
        sum.lost_to_overflow,
        sum.lost_to_sectors,
        sum.forgotten,
        sum.duplicates,
        sum.crashes,
        sum.torn,
        sum.retimed,
    ];
    assert!(
        hard.iter().all(|count| *count > SEEDS / 10),
        "the world was too kind to prove anything: {sum:?}"
    );
}
