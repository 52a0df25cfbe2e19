//! The power goes while readings flow, again and again. It boots each time, no file system needs a hand, and
//! measured = stored + lost, with what is lost inside the interval that the station states.

use std::collections::BTreeMap;
use std::time::Duration;

use minuano_station::random::Random;
use minuano_tests::Wire;

use super::{AIR, Given, readings};
use crate::board::Board;
use crate::card::Card;
use crate::host::{Host, TimeServer};
use crate::machine::{BOOT, Machine};

const STATION: &str = "roof";
/// `log.spill`, a report, and what a slow machine adds to both: what a cut may cost.
const REPORT_MS: u64 = 10_000;
const COST_MS: u64 = 30_000 + 10_000 + 10_000;
/// The power goes at any moment of this after the first reading of a boot.
const FLOWS_MS: u64 = 60_000;
const SETTLED: Duration = Duration::from_secs(600);

pub fn see(given: &Given) -> String {
    let mut host = Host::start();
    let board = Board::start(AIR).unwrap();
    let card = Card::with(&given.image, Some(host.settings(STATION).as_bytes()));
    let _time = TimeServer::start(&card.path("."));
    let wire = Wire::connect(host.broker.port);
    let mut random = Random::seeded(given.seed);
    let mut heard = 0;
    let mut boots = Vec::new();
    for cut in 0..given.cuts {
        // In every other one nobody acknowledges, so that the log alone keeps what was measured.
        let is_away = cut % 2 == 1;
        if is_away {
            host.gateway.kill_9();
        }
        let mut machine = Machine::virt(&card, board.address);
        machine.wait(&format!("cut {cut}: a live reading"), BOOT, || {
            (wire.heard(&format!("minuano/v1/{STATION}/telemetry")).len() > heard).then_some(())
        });
        boots.push(machine.since.elapsed().as_secs());
        let until = std::time::Instant::now() + Duration::from_millis(random.between(0, FLOWS_MS));
        machine.wait("the moment of the cut", BOOT, || (std::time::Instant::now() >= until).then_some(()));
        machine.cut();
        heard = wire.heard(&format!("minuano/v1/{STATION}/telemetry")).len();
        if is_away {
            host.gateway.start_again();
        }
    }
    // The last boot tells what all the others left.
    let mut machine = Machine::virt(&card, board.address);
    machine.wait("the last boot", BOOT, || {
        (wire.heard(&format!("minuano/v1/{STATION}/telemetry")).len() > heard).then_some(())
    });
    // A run that is all acknowledged leaves the list; then only the present one is on it.
    machine.wait("every earlier run told and acknowledged", SETTLED, || {
        let heard = wire.heard(&format!("minuano/v1/{STATION}/streams"));
        let listed = heard.last()?.json()["streams"].as_array()?.len();
        (listed == 1).then_some(())
    });
    // The highest number heard of a run: so much was measured at the least.
    let mut measured: BTreeMap<String, u64> = BTreeMap::new();
    for (stream, reading) in readings(&wire, STATION) {
        let highest = measured.entry(stream).or_default();
        *highest = reading["seq"].as_u64().unwrap_or(0).max(*highest);
    }
    machine.cut();
    let rows = host.gateway.readings(STATION);
    let mut sums = [0, 0, 0];
    let mut worst = 0;
    for (stream, measured) in &measured {
        let stored = rows.iter().filter(|row| row["stream"] == stream.as_str()).count();
        let stored = u64::try_from(stored).unwrap();
        assert!(stored <= *measured, "{stream}: {stored} stored of {measured}");
        let lost = measured - stored;
        assert!(
            lost * REPORT_MS <= COST_MS,
            "{stream}: measured {measured}, stored {stored}: too much for one cut"
        );
        worst = worst.max(lost);
        sums = [sums[0] + measured, sums[1] + stored, sums[2] + lost];
    }
    let losses =
        host.gateway.get(&format!("/losses?station={STATION}"))["items"].as_array().map_or(0, Vec::len);
    let (is_sound, said) = card.data_is_sound();
    assert!(is_sound, "{said}");
    let slowest = boots.iter().max().copied().unwrap_or(0);
    let runs = measured.len();
    let [measured, stored, lost] = sums;
    format!(
        "{} cuts by SIGKILL at random moments (seed {}), {} runs of the station, each boot to a live reading in {slowest} s or \
         less; {measured} measured = {stored} stored + {lost} lost, at most {worst} in one cut ({} s is what the station \
         states); the gateway names {losses} losses and gaps; e2fsck finds the data partition clean",
        given.cuts,
        given.seed,
        runs,
        COST_MS / 1000,
    )
}
