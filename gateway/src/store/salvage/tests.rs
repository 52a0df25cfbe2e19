//! What comes back of a store in which pages are gone.

use minuano_telemetry::{ByQuantity, Clock};

use super::*;
use crate::store::{integrity, set_aside};

const STREAM: StreamId = StreamId(7);

fn at(millis: i64) -> Millis {
    Millis::new(1_795_132_800_000 + millis).unwrap()
}

fn fill(store: &Store, seqs: std::ops::RangeInclusive<u64>) {
    let mut connection = store.writer().unwrap();
    let transaction = connection.transaction().unwrap();
    let station = stations::id(&transaction, &"roof".parse().unwrap()).unwrap();
    let mut stream = match streams::load(&transaction, station, STREAM).unwrap() {
        Some(stream) => stream,
        None => streams::create(&transaction, station, STREAM, Account::new(at(0))).unwrap(),
    };
    for seq in seqs {
        let observed_at = at(i64::try_from(seq).unwrap() * 10_000);
        let reading = NewReading {
            seq,
            observed_at,
            received_at: observed_at,
            clock: Clock::Synchronised,
            samples: 1,
            values: ByQuantity([Some(20.0), Some(1000.0), Some(50.0), Some(100.0)]),
            faults: ByQuantity::default(),
            flags: [Flag::Good; 4],
        };
        row::insert(&transaction, Owner { station, stream: stream.id }, &reading).unwrap();
        stream.account.arrive(seq, observed_at);
    }
    streams::save(&transaction, &mut stream).unwrap();
    transaction.commit().unwrap();
}

fn count(store: &Store, sql: &str) -> u64 {
    store.read(|connection| connection.query_row(sql, [], |row| row.get(0))).unwrap()
}

#[test]
fn what_can_be_read_comes_back_once() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("s.db");
    let store = Store::open(&file, at(0)).unwrap();
    fill(&store, 1..=5_000);
    store.writer().unwrap().execute_batch(
        "INSERT INTO lake_batches (first_row, last_row, planned_at, excluded, done_at) VALUES (1, 1000, 0, '[]', 1)",
    ).unwrap();
    while rollups::advance(&store.writer().unwrap()).unwrap() {}
    // Its oldest readings live on in the rollups alone.
    store.writer().unwrap().execute_batch("DELETE FROM readings WHERE row <= 60").unwrap();
    drop(store);
    let mut bytes = std::fs::read(&file).unwrap();
    let connection = Connection::open(&file).unwrap();
    let root: usize = connection
        .query_row("SELECT rootpage FROM sqlite_schema WHERE name = 'readings'", [], |row| row.get(0))
        .unwrap();
    drop(connection);
    // One leaf of the table of readings: the page that the middle cell of its root points to.
    let page = &bytes[4096 * (root - 1)..4096 * root];
    assert_eq!(page[0], 5, "an inner page");
    let cells = usize::from(u16::from_be_bytes([page[3], page[4]]));
    let cell = usize::from(u16::from_be_bytes([page[12 + cells / 2 * 2], page[13 + cells / 2 * 2]]));
    let leaf = u32::from_be_bytes(page[cell..cell + 4].try_into().unwrap()) as usize;
    bytes[4096 * (leaf - 1)..4096 * leaf].fill(0xa5);
    std::fs::write(&file, &bytes).unwrap();

    let integrity::Opened { store, lock, replaced } = integrity::open(&file, at(0)).unwrap();
    let aside = replaced.unwrap().aside;
    assert!(salvage(&store, &aside, at(0)).is_err(), "the gateway runs");
    drop(lock);
    fill(&store, 4_990..=5_010);
    let refused = salvage(&store, &aside, at(0)).unwrap_err().to_string();
    assert!(refused.contains("lake flush"), "{refused}");
    store.writer().unwrap().execute_batch(
        "INSERT INTO lake_batches (first_row, last_row, planned_at, excluded, done_at) VALUES (1, 21, 0, '[]', 1)",
    ).unwrap();

    let done = salvage(&store, &aside, at(0)).unwrap();
    assert_eq!((done.known, done.refused, done.unreadable), (11, 0, 1));
    let missing = 5_000 - 60 - 11 - done.readings;
    assert!((1..200).contains(&missing), "one page of readings: {done}");
    assert_eq!(count(&store, "SELECT count(*) FROM readings"), done.readings + 21);
    assert_eq!(count(&store, "SELECT count(DISTINCT seq) FROM readings"), done.readings + 21);
    assert_eq!(
        count(&store, "SELECT sum(last - first + 1) FROM ranges WHERE kind = 'stored'"),
        done.readings + 21
    );
    assert_eq!(
        count(&store, "SELECT sum(count) FROM rollups WHERE width = 60000"),
        count(&store, "SELECT sum(count) FROM rollups WHERE width = 3600000")
    );
    assert!(done.minutes >= 9);
    // What is in the lake is not uploaded again: a batch that is done and holds nothing covers it.
    let batch: (i64, i64, String) = store
        .read(|c| {
            c.query_row(
                "SELECT first_row, last_row, excluded FROM lake_batches WHERE first_row = 22",
                [],
                |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
            )
        })
        .unwrap();
    assert_eq!((batch.0, batch.2.as_str()), (22, "[1]"));
    let laked = count(
        &store,
        &format!("SELECT count(*) FROM readings WHERE seq <= 1000 AND row BETWEEN 22 AND {}", batch.1),
    );
    assert_eq!(laked, count(&store, "SELECT count(*) FROM readings WHERE seq <= 1000"));
    assert!(set_aside::list(&file).is_empty());
    let again = salvage(&store, &done.file, at(0)).unwrap_err().to_string();
    assert!(again.contains("lake flush"));
}

#[test]
fn episodes_come_back_once_and_what_the_lake_has_does_not_go_there_again() {
    let folder = tempfile::tempdir().unwrap();
    let (old, new) = (folder.path().join("old.db"), folder.path().join("new.db"));
    let damaged = Store::open(&old, at(0)).unwrap();
    fill(&damaged, 1..=3);
    let episode = |kind: &str, quantity: &str, from: i64, state: &str| {
        format!(
            "INSERT INTO anomalies (station, quantity, kind, from_time, to_time, flag, state, evidence, facts) \
             VALUES (1, '{quantity}', '{kind}', {}, {}, 4, '{state}', 'seen', '{{\"value\":1.5}}');",
            at(from).get(),
            at(from + 60_000).get()
        )
    };
    let sql = [
        episode("spike", "temperature_c", 0, "closed"),
        episode("range", "humidity_pct", 1_000, "closed"),
        episode("flat_line", "pressure_hpa", 2_000, "open"),
        episode("no such kind", "pressure_hpa", 3_000, "closed"),
        "INSERT INTO lake_anomaly_files (key, first, last, day, rows, planned_at, bytes, sha256) \
         VALUES ('k', 1, 1, 0, 1, 0, 9, 'x');"
            .to_owned(),
        format!(
            "INSERT INTO weather_events (station, kind, from_time, to_time, state, extreme, evidence) \
             VALUES (1, 'frost', {0}, {0}, 'open', -3.5, 'cold');",
            at(0).get()
        ),
    ];
    damaged.writer().unwrap().execute_batch(&sql.concat()).unwrap();
    drop(damaged);

    let store = Store::open(&new, at(0)).unwrap();
    assert_eq!(salvage(&store, &old, at(0)).unwrap().episodes, 4);
    assert_eq!(
        count(&store, "SELECT count(*) FROM anomalies WHERE state = 'closed' AND facts LIKE '%1.5%'"),
        3
    );
    assert_eq!(
        count(&store, "SELECT count(*) FROM weather_events WHERE state = 'closed' AND extreme = -3.5"),
        1
    );
    let going = "SELECT count(*) FROM anomaly_closings c JOIN anomalies a ON a.id = c.anomaly WHERE a.kind <> 'spike'";
    assert_eq!((count(&store, going), count(&store, "SELECT count(*) FROM anomaly_closings")), (2, 2));
    assert_eq!(salvage(&store, &old, at(0)).unwrap().episodes, 0, "a second time");
}
