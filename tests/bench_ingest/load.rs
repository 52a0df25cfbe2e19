//! Readings as 1,000 stations with three quantities send them, and a gateway with everything on.

use std::fmt::Write;
use std::thread;

use minuano_tests::payload::{now_ms, time};
use minuano_tests::publisher::Publisher;
use minuano_tests::{Bucket, Gateway, Settings};

/// Connections that publish.
pub const PUBLISHERS: u64 = 50;
/// Between two readings of a station.
const CADENCE_MS: u64 = 10_000;

/// A gateway with checks, store, acknowledgement and a lake on an S3 server. `settings` go on where `[store]` stands.
pub fn gateway(broker: Option<u16>, bucket: &Bucket, settings: &'static str) -> Gateway {
    // So that files go up while readings come, and not all after it.
    let lake = format!("{}close_rows = 100000\n", bucket.settings());
    Gateway::start(&Settings { name: "bench", broker, lake, acknowledge: settings, ..Settings::default() })
}

/// The topic on which a station sends live readings.
pub fn topic(station: u64) -> String {
    format!("minuano/v1/station-{station:05}/telemetry")
}

/// A reading of some 200 bytes.
pub fn reading(into: &mut String, station: u64, seq: u64, at_ms: u64) {
    // A walk through a mild day, with noise that no file can leave out.
    let noise = (station * 7_919 + seq).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 58;
    let walk = (seq / 7 + station) % 400;
    into.clear();
    write!(
        into,
        "{{\"stream\":\"{:016x}\",\"cursor\":0,\"oldest\":1,\"readings\":[{{\"seq\":{seq},\"at\":\"{}\",\
         \"clock\":\"synchronised\",\"samples\":10,\"temperature_c\":{}.{:02},\"pressure_hpa\":1013.{:02},\
         \"humidity_pct\":{}.{:02}}}]}}",
        station + 1,
        time(at_ms),
        10 + walk / 40,
        (walk + noise) % 100,
        noise,
        40 + walk / 20,
        (walk * 3 + noise) % 100,
    )
    .unwrap();
}

/// Publishes `readings` of `stations` as fast as the broker takes them; gives the mean payload.
pub fn burst(port: u16, stations: u64, readings: u64) -> f64 {
    let each = stations / PUBLISHERS;
    let from_each = readings / stations;
    let began_ms = now_ms() - from_each * CADENCE_MS;
    let bytes: usize = thread::scope(|scope| {
        let threads: Vec<_> = (0..PUBLISHERS)
            .map(|publisher| {
                scope.spawn(move || {
                    let mut connection = Publisher::connect(port, &format!("publisher-{publisher}"));
                    let own = publisher * each..(publisher + 1) * each;
                    let topics: Vec<String> = own.clone().map(topic).collect();
                    let (mut payload, mut bytes) = (String::new(), 0);
                    for seq in 1..=from_each {
                        for (station, topic) in own.clone().zip(&topics) {
                            reading(&mut payload, station, seq, began_ms + seq * CADENCE_MS);
                            connection.publish(topic, false, payload.as_bytes());
                            bytes += payload.len();
                        }
                    }
                    connection.settle();
                    bytes
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    #[expect(clippy::cast_precision_loss, reason = "a few hundred bytes")]
    let mean = bytes as f64 / (from_each * stations) as f64;
    mean
}

/// The newest row of the store: nothing that the gateway would have to answer.
pub fn rows(store: &rusqlite::Connection) -> u64 {
    store
        .prepare_cached("SELECT coalesce(max(row), 0) FROM readings")
        .unwrap()
        .query_row([], |row| row.get(0))
        .unwrap()
}
