//! `kill -9` of the station, fifty times, against mosquitto and the gateway: measured = stored + lost, and lost is at most
//! what had not been on disk.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, SystemTime};

use minuano_tests::{Gateway, Mosquitto, SOON, Settings, Station, eventually};

const KILLS: u32 = 50;
/// Four readings a second live; a history before that is on disk at once, for the most part.
const BUS: &str = "[bus]\nkind = \"emulated\"\nhistory = \"5m\"\n\
                   [sampling]\ninterval = \"250ms\"\nreport = \"250ms\"\n";
const SPILL: Duration = Duration::from_secs(10);
/// What the disk of a busy machine may take for a write.
const SLOW: Duration = Duration::from_secs(5);
const ENVIRONMENT: [(&str, &str); 3] = [
    ("MINUANO_STATION__LOG__SPILL", "10s"),
    ("MINUANO_STATION__MQTT__MESSAGES_PER_SECOND", "200"),
    ("RUST_LOG", "info,minuano_station::log=debug,minuano_station::station=trace"),
];

type Seqs = BTreeSet<u64>;

/// What one run said of itself.
#[derive(Debug, Default)]
struct Run {
    /// Each `seq` with the time of day at which it was measured.
    measured: BTreeMap<u64, Duration>,
    /// The highest that it had on disk.
    on_disk: u64,
}

#[test]
fn killed_fifty_times_the_station_loses_no_more_than_it_may() {
    let mut broker = Mosquitto::start();
    let mut gateway = Gateway::start(&Settings { broker: Some(broker.port), ..Settings::default() });
    let mut station = Station::start_in("roof", broker.port, BUS, &ENVIRONMENT);
    let mut killed = Vec::new();
    for kill in 0..KILLS {
        // From the middle of the history to the middle of the backlog; once alone for so long that the spill interval
        // is over, and only the disk can have it.
        let is_alone = kill == 21;
        if is_alone {
            broker.stop();
            std::thread::sleep(SPILL + SLOW + Duration::from_secs(2));
        }
        // On a busy machine a run could be killed before it was one.
        eventually("the next run", SOON, || {
            let runs = station.process().said().matches(" starting ").count();
            (runs > kill as usize).then_some(())
        });
        std::thread::sleep(Duration::from_millis(u64::from(kill * 37 % 400) + 100));
        station.kill_9();
        killed.push(time_of_day());
        match kill % 10 {
            1 if is_alone => broker.start_again(),
            4 => broker.restart(),
            7 => gateway.kill_9(),
            8 => gateway.start_again(),
            _ => {}
        }
        station.start_again();
    }
    // The last run has all the time that it needs.
    let counted = |what: &str| {
        let station = gateway.station("roof")?;
        station["counts"][what].as_u64()
    };
    eventually("the backlog of every run", SOON, || {
        let listed = gateway.station("roof")?["health"]["log"]["readings"].as_u64()?;
        (listed < 64).then_some(())
    });
    assert_eq!(station.stop(), Some(0));
    assert!(station.process().said().contains("lost=0 unacknowledged=0"), "everything was acknowledged");
    gateway.wait_for_station("roof", "stopped", |seen| seen["state"] == "stopped");

    let (runs, stored, named) = (runs(&station.process().said()), stored(&gateway), named(&gateway));
    assert_eq!(runs.len(), KILLS as usize + 1);
    let (mut measured, mut tails) = (0, 0);
    for (index, (stream, run)) in runs.iter().enumerate() {
        let none = Seqs::new();
        let (stored, named) = (stored.get(stream).unwrap_or(&none), named.get(stream).unwrap_or(&none));
        assert!((1..=run.on_disk).all(|seq| stored.contains(&seq)), "{stream}: {run:?} had more on disk");
        if let Some(&at) = killed.get(index) {
            let old = |taken: &Duration| at.saturating_sub(*taken) > SPILL + SLOW;
            let missing = run.measured.iter().find(|(seq, taken)| old(taken) && !stored.contains(seq));
            assert_eq!(missing, None, "{stream}: older than a spill interval, killed at {at:?}");
        }
        // What is neither stored nor named is the end of a run, which nobody but the run itself has heard of.
        let known = stored.iter().chain(named).max().copied().unwrap_or(0);
        let of_run: Seqs = run.measured.keys().copied().filter(|seq| *seq <= known).collect();
        assert!(stored.is_disjoint(named), "{stream}: both stored and lost");
        assert_eq!(&of_run, &stored.union(named).copied().collect::<Seqs>(), "{stream}: stored and lost");
        measured += run.measured.len();
        tails += run.measured.len() - of_run.len();
    }
    let [all, holes] =
        [&stored, &named].map(|by_stream| by_stream.values().map(BTreeSet::len).sum::<usize>());
    println!(
        "{measured} measured = {all} stored + {holes} lost by name + {tails} at the ends of {KILLS} killed runs"
    );
    assert_eq!(measured, all + holes + tails);
    assert_eq!(counted("stored"), Some(all as u64));
    assert_eq!(counted("lost"), Some(holes as u64));
    assert!(tails > 0, "no kill cost anything: they came too late to prove anything");
    let last = runs.last().map(|(stream, run)| (stored[stream].len(), run.measured.len()));
    assert!(last.is_some_and(|(stored, measured)| stored == measured), "{last:?}");
    assert_eq!(gateway.stop(), Some(0));
}

/// What each run said, in order.
fn runs(said: &str) -> Vec<(String, Run)> {
    let word = |line: &str, key: &str| {
        let found = line.split_whitespace().find_map(|word| word.strip_prefix(key).map(str::to_owned));
        found.unwrap_or_else(|| panic!("{key} in {line}"))
    };
    let mut runs: Vec<(String, Run)> = Vec::new();
    for line in said.lines() {
        if line.contains(" starting ") {
            runs.push((word(line, "stream="), Run::default()));
        } else if let Some((_, run)) = runs.last_mut() {
            if line.contains(" measured seq=") {
                run.measured.insert(word(line, "seq=").parse().unwrap(), time_of(line));
            } else if line.contains(" spilled ") {
                run.on_disk = word(line, "through=").parse().unwrap();
            }
        }
    }
    runs
}

/// `2026-11-21T05:36:08.163902Z …`
fn time_of(line: &str) -> Duration {
    let (hours, minutes): (u64, u64) = (line[11..13].parse().unwrap(), line[14..16].parse().unwrap());
    let seconds: f64 = line[17..26].parse().unwrap();
    Duration::from_secs(hours * 3_600 + minutes * 60) + Duration::from_secs_f64(seconds)
}

/// A run over midnight proves less, and nothing wrong.
fn time_of_day() -> Duration {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    Duration::from_millis(u64::try_from(since.as_millis() % 86_400_000).unwrap())
}

fn stored(gateway: &Gateway) -> BTreeMap<String, Seqs> {
    let store = gateway.store();
    let mut query = store.prepare("SELECT stream, seq FROM observations WHERE station = 'roof'").unwrap();
    let rows = query.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, u64>(1)?))).unwrap();
    let mut stored = BTreeMap::<String, Seqs>::new();
    for (stream, seq) in rows.map(Result::unwrap) {
        assert!(stored.entry(stream).or_default().insert(seq), "{seq} is stored twice");
    }
    stored
}

/// The losses that the gateway names by their numbers.
fn named(gateway: &Gateway) -> BTreeMap<String, Seqs> {
    let mut named = BTreeMap::<String, Seqs>::new();
    for loss in gateway.get("/losses?station=roof&limit=10000")["items"].as_array().unwrap() {
        let (Some(stream), Some(from), Some(to)) =
            (loss["stream"].as_str(), loss["from"].as_u64(), loss["to"].as_u64())
        else {
            continue;
        };
        named.entry(stream.to_owned()).or_default().extend(from..=to);
    }
    named
}
