//! What breaks, in an order that the seed gives. Each fault has to be seen to bite, or it proves nothing.

use std::collections::BTreeMap;
use std::fmt::{self, Display};
use std::sync::atomic::Ordering;
use std::thread::sleep;
use std::time::Duration;

use minuano_station::random::Random;
use minuano_tests::s3::Trouble;
use minuano_tests::{Bucket, Gateway, Mosquitto, SOON, SmallDisk, eventually};

use crate::stations::Fleet;

/// Rows go up once they are settled, which a station that is late with its backlog may hold up for `quality.settle_after`.
const SETTLED: Duration = Duration::from_secs(1_000);

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Fault {
    GatewayKilled,
    BrokerKilled,
    LakeCut,
    LakeErrors,
    LakeSlow,
    LakeAnswerLost,
    DiskFull,
    ClockStep,
}

impl Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::GatewayKilled => "gateway kill -9",
            Self::BrokerKilled => "broker kill -9",
            Self::LakeCut => "S3 cut",
            Self::LakeErrors => "S3 500",
            Self::LakeSlow => "S3 slow",
            Self::LakeAnswerLost => "S3 answer lost",
            Self::DiskFull => "disk full",
            Self::ClockStep => "clock step",
        })
    }
}

/// Everything that can break, and what has.
pub struct Faults {
    // The gateway ends before the disk that its store is on.
    gateway: Gateway,
    broker: Option<Mosquitto>,
    bucket: Bucket,
    disk: Option<SmallDisk>,
    random: Random,
    deck: Vec<Fault>,
    done: BTreeMap<Fault, u32>,
}

impl Faults {
    pub fn new(
        gateway: Gateway,
        broker: Option<Mosquitto>,
        bucket: Bucket,
        disk: Option<SmallDisk>,
        random: Random,
    ) -> Self {
        Self { gateway, broker, bucket, disk, random, deck: Vec::new(), done: BTreeMap::new() }
    }

    /// Whether each kind happened.
    pub fn had_all(&self) -> bool {
        self.done.len() == self.kinds().len()
    }

    /// A quiet moment, then the next fault from beginning to end.
    pub fn next(&mut self, fleet: &Fleet) {
        self.pause(200, 1_500);
        if self.deck.is_empty() {
            self.deck = self.kinds();
        }
        let place = usize::try_from(self.random.between(0, self.deck.len() as u64 - 1)).unwrap();
        let fault = self.deck.swap_remove(place);
        self.gateway_must_run();
        match fault {
            Fault::GatewayKilled => self.kill_gateway(),
            Fault::BrokerKilled => self.kill_broker(),
            Fault::LakeCut => self.trouble(Trouble::Cut),
            Fault::LakeErrors => self.trouble(Trouble::Errors),
            Fault::LakeSlow => self.trouble(Trouble::Slow),
            Fault::LakeAnswerLost => self.trouble(Trouble::AnswerLost),
            Fault::DiskFull => self.fill_disk(),
            Fault::ClockStep => {
                // Half an hour either way, or well again.
                let minutes = i64::try_from(self.random.between(0, 60)).unwrap() - 30;
                fleet.shared().clock_step_ms.store(minutes * 60_000, Ordering::Relaxed);
            }
        }
        *self.done.entry(fault).or_default() += 1;
    }

    /// Everything works again.
    pub fn heal(&mut self) {
        self.bucket.trouble(Trouble::None);
        if let Some(disk) = &self.disk {
            disk.relieve();
        }
        self.gateway_must_run();
    }

    pub fn gateway_must_run(&mut self) {
        self.gateway.must_run();
    }

    pub fn gateway(&self) -> &Gateway {
        &self.gateway
    }

    pub fn bucket(&self) -> &Bucket {
        &self.bucket
    }

    pub fn summary(&self) -> String {
        let kinds: Vec<String> =
            self.done.iter().map(|(fault, times)| format!("{times} × {fault}")).collect();
        kinds.join(", ")
    }

    fn kinds(&self) -> Vec<Fault> {
        let mut kinds = vec![
            Fault::GatewayKilled,
            Fault::LakeCut,
            Fault::LakeErrors,
            Fault::LakeSlow,
            Fault::LakeAnswerLost,
            Fault::ClockStep,
        ];
        kinds.extend(self.broker.as_ref().map(|_| Fault::BrokerKilled));
        kinds.extend(self.disk.as_ref().map(|_| Fault::DiskFull));
        kinds
    }

    fn kill_gateway(&mut self) {
        self.gateway.kill_9();
        self.pause(0, 1_500);
        self.gateway.start_again();
    }

    fn kill_broker(&mut self) {
        if let Some(broker) = &mut self.broker {
            broker.stop();
            let wait_ms = self.random.between(0, 1_500);
            sleep(Duration::from_millis(wait_ms));
            broker.start_again();
        }
    }

    /// Until it was met at least once, and sometimes over the death of the gateway.
    fn trouble(&mut self, trouble: Trouble) {
        let before = self.bucket.bitten();
        self.bucket.trouble(trouble);
        eventually(&format!("an upload that meets {trouble:?}"), SETTLED, || {
            (self.bucket.bitten() > before).then_some(())
        });
        self.pause(0, 1_000);
        if self.random.between(0, 2) == 0 {
            self.gateway.kill_9();
            self.pause(0, 500);
            self.gateway.start_again();
        }
        self.bucket.trouble(Trouble::None);
    }

    /// Until a commit failed. Meanwhile what is stored can be read.
    fn fill_disk(&mut self) {
        let failed = |gateway: &Gateway| gateway.metrics().sum("minuano_commits_failed_total", "");
        let before = failed(&self.gateway);
        let disk = self.disk.as_ref().expect("it is a kind only with a disk");
        disk.fill();
        eventually("a commit that finds no room", SOON, || (failed(&self.gateway) > before).then_some(()));
        assert_eq!(self.gateway.ask("/api/v1/stations").unwrap().status, 200, "reads go on with a full disk");
        self.pause(0, 2_000);
        if let Some(disk) = &self.disk {
            disk.relieve();
        }
    }

    fn pause(&mut self, least_ms: u64, most_ms: u64) {
        sleep(Duration::from_millis(self.random.between(least_ms, most_ms)));
    }
}
