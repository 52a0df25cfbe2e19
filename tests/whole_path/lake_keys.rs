//! The lake's files under their keys, whatever stops a command and however the server takes conditions.

use std::collections::BTreeMap;
use std::path::Path;

use minuano_tests::payload::{batch, now_ms, reading, time};
use minuano_tests::s3::Trouble;
use minuano_tests::{Bucket, Gateway, SOON, Settings, Wire, eventually};
use serde_json::{Value, json};

const STREAM: &str = "9f2c41d07a3be658";
const BACKLOG: &str = "minuano/v1/roof/backlog";
const HOUR: u64 = 3_600_000;

/// A reading of an hour that is long past.
fn past(seq: u64) -> Value {
    let mut reading = reading(seq);
    reading["at"] = time((now_ms() - 5 * HOUR) / HOUR * HOUR + seq * 10_000).into();
    reading
}

/// Has these stored and brings them to the lake in a file of their own.
fn file_of(gateway: &Gateway, seqs: std::ops::RangeInclusive<u64>) {
    let last = *seqs.end();
    let wire = Wire::connect(gateway.mqtt_port);
    wire.say(BACKLOG, batch(STREAM, 0, 1, &seqs.map(past).collect::<Vec<_>>()));
    eventually("the readings", SOON, || {
        gateway.station("roof").filter(|seen| seen["last_reading"]["seq"] == last)
    });
    gateway.command_json(&["lake", "flush", "--json"]);
}

/// Every file of readings below a folder.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().map(Result::unwrap) {
        let path = entry.path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if path.extension().is_some_and(|extension| extension == "parquet") {
            found.insert(path.display().to_string(), std::fs::read(&path).unwrap());
        }
    }
    found
}

fn verified(gateway: &Gateway, rows: u64) {
    let report = gateway.command_json(&["lake", "verify", "--json"]);
    for (key, wanted) in [("rows", rows), ("duplicates", 0), ("gaps", 0), ("problems", 0)] {
        assert_eq!(report[key], wanted, "{key} in {report}");
    }
}

#[test]
fn a_compaction_killed_at_any_request_loses_nothing_and_is_ended_by_the_next() {
    let bucket = Bucket::start();
    let mut gateway = Gateway::start(&Settings { lake: bucket.settings(), ..Settings::default() });
    for first in [1, 21, 41] {
        file_of(&gateway, first..=first + 19);
    }
    assert_eq!(gateway.stop(), Some(0));
    let store = std::fs::read(gateway.file("gateway.db")).unwrap();
    let before = files(&bucket.folder());
    assert_eq!(before.len(), 3, "{:?}", before.keys());
    let mut stops = 0;
    for done in [false, true] {
        for after in 0.. {
            // As it was.
            files(&bucket.folder()).keys().for_each(|path| std::fs::remove_file(path).unwrap());
            before.iter().for_each(|(path, bytes)| std::fs::write(path, bytes).unwrap());
            std::fs::write(gateway.file("gateway.db"), &store).unwrap();

            let bitten = bucket.bitten();
            bucket.trouble(Trouble::Hangs { after, done });
            let mut compaction = gateway.begin_command(&["lake", "compact"]);
            let hangs = eventually("its end, or a request that hangs", SOON, || {
                match (bucket.bitten() > bitten, compaction.has_ended()) {
                    (true, _) => Some(true),
                    (false, true) => Some(false),
                    (false, false) => None,
                }
            });
            if hangs {
                compaction.kill_9();
                stops += 1;
            }
            bucket.trouble(Trouble::None);
            let there = files(&bucket.folder());
            let joined = there.keys().any(|path| path.ends_with("-1-60.parquet"));
            let singles = before.iter().all(|(path, bytes)| there.get(path) == Some(bytes));
            assert!(joined || singles, "rows are gone after {after} requests: {:?}", there.keys());
            gateway.command_json(&["lake", "compact", "--json"]);
            assert_eq!(files(&bucket.folder()).len(), 1, "after {after} requests");
            verified(&gateway, 60);
            if !hangs {
                break;
            }
        }
    }
    assert!(stops > 12, "three files take more requests than {stops}");
}

#[test]
fn a_server_that_overwrites_gets_each_file_once_and_an_old_copy_touches_none() {
    let bucket = Bucket::start();
    let mut gateway = Gateway::start(&Settings { lake: bucket.settings(), ..Settings::default() });
    let wire = Wire::connect(gateway.mqtt_port);
    wire.say(BACKLOG, batch(STREAM, 0, 1, &(1..=10).map(past).collect::<Vec<_>>()));
    eventually("ten", SOON, || (gateway.stored("roof") == 10).then_some(()));
    // Stored, and the gateway does not know until it tries again.
    bucket.trouble(Trouble::AnswerLost);
    gateway.command_json(&["lake", "flush", "--json"]);
    assert!(bucket.bitten() > 0, "no answer was lost");
    let first = files(&bucket.folder());
    assert_eq!(first.len(), 1);

    bucket.trouble(Trouble::Overwrites);
    gateway.command_json(&["lake", "flush", "--json"]);
    assert_eq!(files(&bucket.folder()), first);
    drop(wire);
    assert_eq!(gateway.stop(), Some(0));
    let old = std::fs::read(gateway.file("gateway.db")).unwrap();
    gateway.start_again();
    file_of(&gateway, 11..=20);
    let both = files(&bucket.folder());
    assert_eq!(both.len(), 2);
    assert_eq!(gateway.stop(), Some(0));

    // An old copy gives other readings the numbers that those had.
    std::fs::write(gateway.file("gateway.db"), old).unwrap();
    gateway.start_again();
    file_of(&gateway, 21..=30);
    let all = files(&bucket.folder());
    assert_eq!(all.len(), 3, "{:?}", all.keys());
    assert!(both.iter().all(|(path, bytes)| all.get(path) == Some(bytes)), "a file was written over");
    assert_eq!(gateway.get("/stations/roof")["counts"]["stored"], json!(20));
}
