//! One run of the station: the real log and deliver, with the world's time.

use minuano_telemetry::{ByQuantity, Clock, Millis, Quantity, Reading, StreamId};

use super::checker::Truth;
use super::{BASE_MS, SPILL_MS};
use crate::deliver::{Deliver, Message, Next};
use crate::log::disk::simulated::Simulated;
use crate::log::perform::perform;
use crate::log::recover::recover;
use crate::log::{BootId, Done, Job, Limits, Log, Now, Outcome, Run, Stamp};
use crate::random::Random;

/// A boot of the machine: its name, when it began, whether the clock was set since, and by how much it is wrong.
#[derive(Clone, Copy, Debug)]
pub(super) struct Boot {
    id: BootId,
    since_ms: u64,
    is_set: bool,
    wrong_ms: i64,
}

pub(super) struct Station {
    pub log: Log,
    pub boot: Boot,
    deliver: Deliver,
    /// A job that was begun, and its result, if it was performed already.
    begun: Option<(Job, Option<std::io::Result<Done>>)>,
    /// Since when the disk does not take what it should.
    pub bad_since_ms: Option<u64>,
    pub torn: u64,
    lost: u64,
}

impl Station {
    /// The process starts, in this boot or a new one, and finds what the disk has.
    pub fn start(
        disk: &mut Simulated,
        limits: Limits,
        random: &mut Random,
        truth: &mut Truth,
        boot: Option<Boot>,
        now_ms: u64,
    ) -> Self {
        let boot = boot.unwrap_or_else(|| Boot {
            id: BootId(u128::from(random.bits()).to_le_bytes()),
            since_ms: now_ms,
            is_set: random.between(0, 1) == 0,
            wrong_ms: i64::try_from(random.between(0, 40_000_000_000)).unwrap() - 39_000_000_000,
        });
        let stream = StreamId(random.bits());
        let mut log = Log::new(Run { stream, boot: boot.id }, limits);
        let deliver = Deliver::new(90_000, Random::seeded(random.bits()));
        let recovery = recover(disk);
        let mut torn = 0;
        if let Ok(recovery) = recovery {
            let (damaged, left) = recovery.trouble();
            let is_spoiled = disk.is_spoiled();
            assert!(is_spoiled || (damaged, left) == (0, None), "a crash damages no more than tails");
            torn = u64::from(recovery.counts().0 > 0);
            log.adopt(recovery, now_ms);
        }
        truth.began(stream);
        Self { log, boot, deliver, begun: None, bad_since_ms: None, torn, lost: 0 }
    }

    fn stamp(&self, now_ms: u64) -> Stamp {
        let wrong_ms = if self.boot.is_set { 0 } else { self.boot.wrong_ms };
        let at = Millis::new(BASE_MS + i64::try_from(now_ms).unwrap() + wrong_ms).unwrap();
        let clock = if self.boot.is_set { Clock::Synchronised } else { Clock::Unsynchronised };
        Stamp { at, clock, mono_ms: now_ms - self.boot.since_ms }
    }

    pub fn set_clock(&mut self) {
        self.boot.is_set = true;
    }

    pub fn measure(&mut self, now_ms: u64, truth: &mut Truth) {
        let Stamp { at, clock, mono_ms } = self.stamp(now_ms);
        let mut values = ByQuantity::default();
        // Every reading that was ever taken has a value of its own.
        #[expect(clippy::cast_precision_loss, reason = "a few hundred")]
        values.set(Quantity::Illuminance, Some(truth.count() as f64));
        let reading = Reading { seq: 0, at, clock, samples: 1, values, faults: ByQuantity::default() };
        let reading = self.log.append(reading, mono_ms, now_ms);
        truth.taken(self.log.running().id(), reading.seq, now_ms, clock);
    }

    /// Does what is due on disk. Sometimes the disk is so slow that the station goes on meanwhile.
    pub fn work(&mut self, disk: &mut Simulated, random: &mut Random, now_ms: u64) {
        for _ in 0..20 {
            let now = Now { ms: now_ms, stamp: self.stamp(now_ms) };
            let (job, result) = match self.begun.take() {
                Some(begun) => begun,
                None => match self.log.job(&now) {
                    Some(job) => (job, None),
                    None => return,
                },
            };
            if result.is_none() && random.between(0, 9) == 0 {
                self.begun = Some((job, None));
                return;
            }
            let result = result.unwrap_or_else(|| perform(disk, &job));
            if disk.dead {
                return;
            }
            if random.between(0, 9) == 0 {
                self.begun = Some((job, Some(result)));
                return;
            }
            self.log.done(job, result, &now);
            let is_bad = !self.log.is_working();
            self.bad_since_ms = is_bad.then(|| self.bad_since_ms.unwrap_or(now_ms.saturating_sub(SPILL_MS)));
        }
    }

    pub fn link(&mut self, linked: bool) {
        if linked {
            self.deliver.connected(&self.log);
        } else {
            self.deliver.disconnected();
        }
    }

    pub fn say(&mut self, now_ms: u64) -> Vec<Message> {
        let mut said = Vec::new();
        // The pace lets one message through every 50 ms.
        for moment in 0..6 {
            while let Next::Send(message) = self.deliver.next(&mut self.log, now_ms + moment * 60) {
                said.push(message);
                assert!(said.len() < 200, "sends without end");
            }
        }
        said
    }

    pub fn obey(&mut self, stream: StreamId, through: u64, now_ms: u64) {
        let moved = self.log.acknowledge(stream, through).expect("a gateway knows only what was measured");
        if matches!(moved, Outcome::Moved(_)) {
            self.deliver.acknowledged(&self.log, now_ms);
        }
    }

    /// Tells which readings this run has counted as lost.
    pub fn note_losses(&mut self, truth: &mut Truth) {
        let counts = self.log.counts();
        assert_eq!(counts.measured, counts.held + counts.acknowledged + counts.lost);
        if counts.lost != self.lost {
            self.lost = counts.lost;
            truth.lost(&self.log);
        }
    }

    pub fn is_through(&self) -> bool {
        self.log.counts().held == 0
    }
}
