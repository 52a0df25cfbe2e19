//! From power to the first reading; then the broker is away, a time server comes, and what waited is told with the
//! right time.

use std::time::Duration;

use minuano_tests::Wire;
use minuano_tests::payload::{now_ms, time};

use super::{AIR, Given, compared, readings};
use crate::board::Board;
use crate::card::Card;
use crate::host::{Host, TimeServer};
use crate::machine::{BOOT, Machine};

const STATION: &str = "roof";
/// Readings that wait for the broker and for the time.
const WAITING: Duration = Duration::from_secs(40);
/// Messages to the chips in that time, at the least: a sample a second is several.
const SAMPLES: u64 = 40;
/// systemd-timesyncd asks again after half a minute at most; a slow machine may take some of these.
const SYNCHRONISED: Duration = Duration::from_secs(300);
/// Between the host's clock and the guest's, by SNTP over an emulated network.
const APART_MS: u64 = 5_000;

pub fn see(given: &Given) -> String {
    let mut host = Host::start();
    let board = Board::start(AIR).unwrap();
    let card = Card::with(&given.image, Some(host.settings(STATION).as_bytes()));
    let wire = Wire::connect(host.broker.port);
    let mut machine = Machine::virt(&card, board.address);
    let first = machine.wait("first reading of the sensors", BOOT, || {
        readings(&wire, STATION).into_iter().find(|(_, reading)| reading.get("illuminance_lx").is_some())
    });
    let boot = machine.since.elapsed();
    assert_eq!(first.1["clock"], "unsynchronised", "nobody has told it the time: {}", first.1);
    let far = compared(&first.1, AIR);
    let live = readings(&wire, STATION).len();

    machine.wait("the data partition grown to the card", BOOT, || card.is_grown().then_some(()));

    // Readings that nobody takes, and that nobody can date yet.
    drop(wire);
    host.broker.stop();
    let from_ms = now_ms();
    let samples = board.transfers();
    machine.wait("readings without a broker", WAITING * 10, || {
        (now_ms() - from_ms > millis(WAITING) && board.transfers() > samples + SAMPLES).then_some(())
    });
    let time_server = TimeServer::start(&card.path("."));
    machine.wait("an answer of the time server", SYNCHRONISED, || (time_server.answered() > 0).then_some(()));
    host.broker.start_again();
    let wire = Wire::connect(host.broker.port);
    let synchronised = machine.wait("a live reading with the right time", SYNCHRONISED, || {
        readings(&wire, STATION).into_iter().find(|(_, reading)| reading["clock"] == "synchronised")
    });
    let now = time(now_ms());
    let near = |at: &str, from: u64| {
        at >= time(from - APART_MS).as_str() && at <= time(now_ms() + APART_MS).as_str()
    };
    assert!(near(synchronised.1["at"].as_str().unwrap(), from_ms), "{} at {now}", synchronised.1);
    // All that was measured without a broker is told, by the numbers, and by the true time.
    let last = synchronised.1["seq"].as_u64().unwrap();
    let first_missed = u64::try_from(live).unwrap() + 1;
    let told = machine.wait("everything that waited", SYNCHRONISED, || {
        let told = readings(&wire, STATION);
        let has = |seq: u64| told.iter().any(|(_, reading)| reading["seq"] == seq);
        (first_missed..=last).all(has).then_some(told)
    });
    let waited: Vec<_> = told
        .iter()
        .filter(|(_, reading)| reading["seq"].as_u64().is_some_and(|seq| seq > first_missed && seq < last))
        .collect();
    for (_, reading) in &waited {
        assert!(
            near(reading["at"].as_str().unwrap(), from_ms),
            "{reading} is told with a wrong time; now {now}"
        );
    }
    machine.cut();
    format!(
        "power to the first reading at the host's broker {:.0} s (-M virt, 2 cores, 512 MB); data partition grown to the end of a 2 GiB card; off by {far} (°C, hPa, %, lx); \
         `unsynchronised` until the time server answered, then {} waiting readings came with times within {} s of the host's",
        boot.as_secs_f64(),
        waited.len(),
        APART_MS / 1000
    )
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap()
}
