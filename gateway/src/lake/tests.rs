use super::testing::{Bench, MINUTE, NOON, at, home};
use super::*;

fn config(bench: &Bench) -> LakeConfig {
    LakeConfig {
        url: format!("file://{}/lake", bench.folder.path().display()),
        close_after: Duration::from_millis(10),
        ..LakeConfig::default()
    }
}

fn lake(bench: &Bench) -> Lake {
    let settle_after = Duration::from_secs(900);
    Lake::open(&config(bench), settle_after, &home(), Arc::clone(&bench.store)).unwrap()
}

#[tokio::test]
async fn a_running_lake_uploads_what_is_due_and_stops_when_told() {
    let bench = Bench::new();
    let roof = bench.station("roof", 1);
    bench.reading(roof, 1, NOON);
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let running = tokio::spawn(lake(&bench).run(async {
        let _ = stopped.await;
    }));
    let rows = async || bench.store.ask(status::uploaded).await.unwrap().rows;
    let wait = async |wanted| {
        while rows().await != wanted {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), wait(1)).await.unwrap();
    bench.reading(roof, 2, NOON + MINUTE);
    tokio::time::timeout(Duration::from_secs(20), wait(2)).await.unwrap();
    stop.send(()).unwrap();
    tokio::time::timeout(Duration::from_secs(2), running).await.unwrap().unwrap();
    assert!(lake(&bench).verify().await.unwrap().ok);
}

#[tokio::test]
async fn a_flush_settles_and_uploads_all_there_is_and_again_nothing() {
    let bench = Bench::new();
    let roof = bench.station("roof", 1);
    for seq in 1..=50 {
        bench.reading(roof, seq, NOON + i64::try_from(seq).unwrap() * MINUTE);
    }
    bench.execute("UPDATE readings SET settled = 0 WHERE row % 3 = 0");
    let flushed = lake(&bench).flush(|_| ()).await.unwrap();
    assert_eq!((flushed.batches, flushed.lake_rows), (1, 50));
    let again = lake(&bench).flush(|_| ()).await.unwrap();
    assert_eq!((again.batches, again.lake_rows), (0, 50));
    let report = lake(&bench).verify().await.unwrap();
    assert!(report.ok, "{report}");
    assert_eq!((report.rows, report.waiting), (50, 0));
}

#[tokio::test]
async fn two_flushes_at_once_upload_every_row_once() {
    let bench = Bench::new();
    let roof = bench.station("roof", 1);
    for seq in 1..=50 {
        bench.reading(roof, seq, NOON + i64::try_from(seq).unwrap() * 20 * MINUTE);
    }
    let (one, two) = (lake(&bench), lake(&bench));
    let (one, two) = tokio::join!(one.flush(|_| ()), two.flush(|_| ()));
    assert_eq!((one.unwrap().lake_rows, two.unwrap().lake_rows), (50, 50));
    assert!(lake(&bench).verify().await.unwrap().ok);
}

#[tokio::test]
async fn an_old_copy_of_the_store_takes_a_new_identity() {
    let mut bench = Bench::new();
    let roof = bench.station("roof", 1);
    bench.reading(roof, 1, NOON);
    lake(&bench).flush(|_| ()).await.unwrap();
    let copy = bench.folder.path().join("copy.db");
    bench.connection.execute("VACUUM INTO ?1", [copy.to_str().unwrap()]).unwrap();
    bench.reading(roof, 2, NOON);
    lake(&bench).flush(|_| ()).await.unwrap();
    let old = bench.store.id();

    bench.store = Arc::new(Store::open(&copy, at(NOON)).unwrap());
    bench.connection = bench.store.writer().unwrap();
    assert_eq!(bench.store.id(), old);
    bench.reading(roof, 3, NOON);
    lake(&bench).flush(|_| ()).await.unwrap();
    assert_ne!(bench.store.id(), old);
    assert_eq!(Store::open(&copy, at(NOON)).unwrap().id(), bench.store.id(), "for good");
    let report = lake(&bench).verify().await.unwrap();
    assert!(report.ok, "{report}");
    assert_eq!((report.rows, report.others), (2, 1), "row 1, row 3, and what the original uploaded");
}

#[tokio::test]
async fn the_lag_is_the_age_of_the_oldest_row_that_waits() {
    let bench = Bench::new();
    let roof = bench.station("roof", 1);
    let lag = |now| status::lag_seconds(&bench.connection, at(now)).unwrap();
    assert_eq!(lag(NOON), 0.0);
    bench.reading(roof, 1, NOON);
    bench.reading(roof, 2, NOON + MINUTE);
    assert_eq!(lag(NOON + 2 * MINUTE), 120.0);
    lake(&bench).flush(|_| ()).await.unwrap();
    assert_eq!(lag(NOON + 2 * MINUTE), 0.0);
    bench.reading(roof, 3, NOON + 2 * MINUTE);
    bench.execute("UPDATE readings SET settled = 0 WHERE row = 3");
    assert_eq!(lag(NOON + 5 * MINUTE), 0.0, "not settled yet");
}

// ONE-OFF
#[tokio::test]
async fn oneoff_measure() {
    let mut bench = Bench::new();
    let names = ["roof", "barn", "field"];
    let owners: Vec<_> =
        names.iter().zip(1..).map(|(n, i)| bench.station(n, 0x9f2c_41d0_7a3b_e658_u64.wrapping_mul(i))).collect();
    let csv = std::fs::read_to_string(std::env::var("ONEOFF_CSV").unwrap()).unwrap();
    let mut minutes: Vec<[f64; 4]> = Vec::new();
    for line in csv.lines().skip_while(|l| !l.contains("temperature")).skip(1) {
        let f: Vec<&str> = line.split(',').collect();
        let v: Vec<f64> = f[1..5].iter().map(|x| x.parse().unwrap_or(f64::NAN)).collect();
        minutes.push([v[0], v[1], v[2], v[3]]);
    }
    bench.execute("BEGIN");
    let mut noise = 12345_u64;
    let days = 1 + std::env::var("ONEOFF_DAYS").map_or(0, |d| d.parse::<i64>().unwrap() - 1);
    let start = NOON - 12 * 60 * MINUTE;
    for i in 0..8640 * days {
        for (s, owner) in owners.iter().enumerate() {
            let m = minutes[(i / 6) as usize % minutes.len()];
            let mut r = super::testing::reading(i as u64 + 1, start + i * 10_000 + 250 * s as i64);
            let mut n = |a: f64| {
                noise = noise.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
                a * ((noise >> 40) as f64 / (1u64 << 24) as f64 - 0.5)
            };
            let q = |x: f64, s: f64| if x.is_nan() { None } else { Some((x * s).round() / s) };
            r.values = minuano_telemetry::ByQuantity([
                q(m[0] + n(0.06) + s as f64, 100.0), q(m[1] + n(0.06), 100.0), q(m[2] + n(0.2), 100.0), q((m[3] * (1.0 + n(0.01))).max(0.0), 10.0),
            ]);
            r.received_at = at(start + i * 10_000 + 250 * s as i64 + 20 + (noise >> 60) as i64);
            crate::store::row::insert(&bench.connection, *owner, &r).unwrap();
        }
    }
    bench.execute("COMMIT");
    let out = "/tmp/lakeout";
    let _ = std::fs::remove_dir_all(out);
    let config = LakeConfig { url: format!("file://{out}"), ..LakeConfig::default() };
    let lake = Lake::open(&config, Duration::from_secs(900), &home(), Arc::clone(&bench.store)).unwrap();
    let t = std::time::Instant::now();
    let f = lake.flush(|_| ()).await.unwrap();
    println!("{f:?} {} B/row {:?}", f.lake_bytes as f64 / f.lake_rows as f64, t.elapsed());
    let t = std::time::Instant::now();
    println!("{} {:?}", lake.verify().await.unwrap(), t.elapsed());
    // one file with everything at once
    let mut w = super::parquet::FileWriter::new().unwrap();
    let c = bench.store.writer().unwrap();
    c.execute_batch("UPDATE readings SET observed_at = observed_at").unwrap();
    let mut all = Vec::new();
    let keys: Vec<String> = bench.planned().into_iter().map(|k| k.0).collect();
    let (first, last) : (i64,i64) = c.query_row("SELECT min(row), max(row) FROM readings", [], |r| Ok((r.get(0)?, r.get(1)?))).unwrap();
    let reader = rows::BatchReader::new(c, (first, last), "[]".into(), 99).unwrap();
    for k in &keys { reader.hour(&k.parse().unwrap(), |r| { all.push(r); Ok::<_, LakeError>(()) }).unwrap(); }
    all.sort_by(|a, b| (&a.station, a.observed_at).cmp(&(&b.station, b.observed_at)));
    let n = all.len();
    for r in all { w.push(r).unwrap(); }
    let e = w.finish(&keys[0].parse().unwrap()).unwrap();
    println!("one file: {} rows {} B/row", n, e.bytes.len() as f64 / n as f64);
    std::fs::write("/tmp/lake-one.parquet", &e.bytes).unwrap();
    // 5 minutes' files
    let mut w = super::parquet::FileWriter::new().unwrap();
    let mut small = 0;
    reader.hour(&keys[0].parse().unwrap(), |r| { if r.observed_at < start + 5 * MINUTE { small += 1; w.push(r).unwrap(); } Ok::<_, LakeError>(()) }).unwrap();
    let e = w.finish(&keys[0].parse().unwrap()).unwrap();
    println!("5 min: {small} rows {} B, {} B/row", e.bytes.len(), e.bytes.len() as f64 / small as f64);
}
