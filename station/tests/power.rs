//! The station's log on disk: killed processes, and folders that do not do what they should.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use crate::support::broker::Broker;
use crate::support::gateway::{Gateway, Seen};
use crate::support::station::{QUICK, Station};
use minuano_telemetry::{Leaf, Payload, StreamId};

const KILLS: u32 = 50;
const RUN: &str = "messages_per_second = 200\n[run]\nstop_within = \"20s\"";
/// Four readings a second live; five minutes of history at each start, which are on disk long before 10 s.
const BUSY: &str = "[bus]\nkind = \"emulated\"\nhistory = \"5m\"\n\
    [sampling]\ninterval = \"250ms\"\nreport = \"250ms\"\n";
const DEBUG: [(&str, &str); 1] = [("RUST_LOG", "info,minuano_station::log=debug")];

fn fault(seen: &Seen) -> Option<String> {
    match seen.of(Leaf::Health).last()? {
        Payload::Health(health) => {
            Some(health.log.fault.as_ref().map(|text| text.to_string()).unwrap_or_default())
        }
        _ => None,
    }
}

/// What each run said that it had on disk: its stream, and the highest `seq` that was spilled.
fn spilled(said: &str) -> BTreeMap<StreamId, u64> {
    let mut on_disk = BTreeMap::new();
    let mut running = None;
    let word = |line: &str, key: &str| {
        let found = line.split_whitespace().find_map(|word| word.strip_prefix(key).map(str::to_owned));
        found.unwrap_or_else(|| panic!("{key} in {line}"))
    };
    for line in said.lines() {
        if line.contains(" starting") {
            running = Some(word(line, "stream=").parse::<StreamId>().unwrap());
            on_disk.insert(running.unwrap(), 0);
        } else if line.contains(" spilled") {
            on_disk.insert(running.unwrap(), word(line, "through=").parse().unwrap());
        }
    }
    on_disk
}

#[test]
fn killed_fifty_times_it_loses_nothing_that_was_on_disk_and_leaves_no_hole() {
    let mut broker = Broker::running();
    let gateway = Gateway::subscribed(broker.port, true);
    let mut station = Station::start_at("127.0.0.1", broker.port, BUSY, RUN, &DEBUG);
    for kill in 0..KILLS {
        // From the middle of the history to the middle of the backlog, and some with the broker away.
        std::thread::sleep(Duration::from_millis(u64::from(kill * 37 % 500) + 150));
        station.kill_9();
        match kill % 10 {
            3 => broker.kill(),
            6 => broker.start(),
            _ => {}
        }
        station.start_again();
    }
    // The last run has all the time that it needs; that it is the last one which speaks, its name tells.
    gateway.wait("the end of the backlog", |seen| match seen.of(Leaf::Streams).last()? {
        Payload::Streams(streams) => {
            let said = station.said();
            let starts: Vec<&str> = said.lines().filter(|line| line.contains("run: starting")).collect();
            let [only] = &streams.streams[..] else { return None };
            let is_last = starts.last()?.contains(&format!("stream={}", only.stream));
            (is_last && starts.len() == KILLS as usize + 1).then_some(())
        }
        _ => None,
    });
    station.terminate();
    assert_eq!(station.ended().code(), Some(0));
    assert_eq!((station.counted_last::<u64>("unacknowledged"), station.counted_last::<u64>("lost")), (0, 0));
    let mut stored = gateway.wait("what came", |seen| Some(seen.stored.clone()));

    let on_disk = spilled(&station.said());
    assert_eq!(on_disk.len(), KILLS as usize + 1);
    let with_spill = on_disk.values().filter(|through| **through > 0).count();
    assert!(with_spill > KILLS as usize / 4, "only {with_spill} runs had anything on disk");
    let mut all = 0;
    for (stream, through) in on_disk {
        let seqs = stored.remove(&stream).unwrap_or_default();
        all += seqs.len();
        let unbroken = seqs.iter().zip(1..).take_while(|(seq, expected)| *seq == expected).count() as u64;
        assert!(unbroken >= through, "{stream}: {unbroken} of the {through} that were on disk");
        // Beyond what was on disk, what went out live before the kill may have arrived; nothing else is there.
        assert!(seqs.iter().all(|seq| *seq >= 1));
    }
    assert!(stored.is_empty(), "streams that no run had");
    println!("{KILLS} kills, {with_spill} with readings on disk; {all} readings stored");
}

#[test]
fn what_a_stop_leaves_unacknowledged_comes_with_the_next_start() {
    let broker = Broker::absent();
    let mut station = Station::start(broker.port, QUICK, "[run]\nstop_within = \"100ms\"");
    station.wait_until_said("no connection");
    std::thread::sleep(Duration::from_secs(2));
    station.terminate();
    assert_eq!(station.ended().code(), Some(0), "{}", station.said());
    let measured: u64 = station.counted("measured");
    assert!(measured > 0);
    assert_eq!(station.counted::<u64>("unacknowledged"), measured);
    let mut broker = broker;
    broker.start();
    let gateway = Gateway::subscribed(broker.port, true);
    station.start_again();
    gateway.wait("both streams", |seen| {
        let runs: Vec<usize> = seen.stored.values().map(std::collections::BTreeSet::len).collect();
        (runs.len() == 2 && runs.contains(&usize::try_from(measured).unwrap())).then_some(())
    });
    gateway.wait("one stream left", |seen| match seen.of(Leaf::Streams).last()? {
        Payload::Streams(streams) => (streams.streams.len() == 1).then_some(()),
        _ => None,
    });
    station.terminate();
    assert_eq!(station.ended().code(), Some(0));
}

#[test]
fn a_folder_that_is_missing_is_said_in_health_and_readings_flow() {
    let broker = Broker::running();
    let gateway = Gateway::subscribed(broker.port, true);
    let nowhere = [("MINUANO_STATION__LOG__FOLDER", "/proc/nowhere/readings")];
    let mut station = Station::start_at("127.0.0.1", broker.port, QUICK, RUN, &nowhere);
    gateway.wait("the fault", |seen| fault(seen)?.contains("missing").then_some(()));
    gateway.wait("readings", |seen| (seen.count() > 4).then_some(()));
    station.terminate();
    assert_eq!(station.ended().code(), Some(0));
    assert_eq!(station.counted::<u64>("unacknowledged"), 0);
}

#[test]
fn a_folder_in_use_is_left_to_the_other() {
    let broker = Broker::running();
    let gateway = Gateway::subscribed(broker.port, true);
    let first = Station::start(broker.port, QUICK, RUN);
    first.wait_until_said("connected");
    let folder = first.log().to_str().unwrap().to_owned();
    let same = [("MINUANO_STATION__LOG__FOLDER", folder.as_str()), ("MINUANO_STATION__STATION", "attic")];
    let second = Station::start_at("127.0.0.1", broker.port, QUICK, RUN, &same);
    second.wait_until_said("in use by another process");
    gateway.wait("both", |seen| (seen.stored.len() == 2).then_some(()));
}

#[test]
fn files_that_it_does_not_understand_stay_as_they_are() {
    let broker = Broker::running();
    let mut station = Station::start(broker.port, QUICK, RUN);
    station.wait_until_said("connected");
    station.terminate();
    station.ended();
    let foreign: [(&str, &[u8]); 4] = [
        (
            "00000007.log",
            b"not a log at all, but something that somebody wants to keep, with many words in it",
        ),
        ("cursor-0", b"neither is this a table"),
        ("gateway.db", b"SQLite format 3"),
        ("cursor-9", b"x"),
    ];
    for (name, bytes) in foreign {
        fs::write(station.log().join(name), bytes).unwrap();
    }
    let gateway = Gateway::subscribed(broker.port, true);
    station.start_again();
    gateway.wait("the file's name", |seen| fault(seen)?.contains("left alone").then_some(()));
    gateway.wait("readings", |seen| (seen.count() > 8).then_some(()));
    station.terminate();
    assert_eq!(station.ended().code(), Some(0));
    for (name, bytes) in foreign {
        assert_eq!(fs::read(station.log().join(name)).unwrap(), bytes, "{name}");
    }
}

#[test]
fn a_read_only_folder_is_said_in_health() {
    let broker = Broker::running();
    let gateway = Gateway::subscribed(broker.port, true);
    let place = tempfile::tempdir().unwrap();
    fs::set_permissions(place.path(), fs::Permissions::from_mode(0o555)).unwrap();
    // Root writes wherever it wants: there, /proc stands in.
    let is_root = fs::write(place.path().join("probe"), "").is_ok();
    let folder = if is_root { "/proc" } else { place.path().to_str().unwrap() };
    let station =
        Station::start_at("127.0.0.1", broker.port, QUICK, RUN, &[("MINUANO_STATION__LOG__FOLDER", folder)]);
    gateway.wait("the fault", |seen| (!fault(seen)?.is_empty()).then_some(()));
    gateway.wait("readings", |seen| (seen.count() > 4).then_some(()));
    drop(station);
}
