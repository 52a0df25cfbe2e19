//! With nothing to do.

use std::thread::sleep;
use std::time::Duration;

use minuano_tests::payload::{now, now_ms};
use minuano_tests::publisher::Publisher;
use minuano_tests::usage::{cpu, resident_mb};
use minuano_tests::{Bucket, Gateway, Mosquitto, SOON, Settings, eventually};

use crate::load::{gateway, reading, rows, topic};

const STATIONS: u64 = 10_000;

/// Connected; without a broker; with many stations that say nothing.
pub fn run(seconds: u64) {
    println!("── nothing to do, {seconds} s each");
    let (mut broker, bucket) = (Mosquitto::start(), Bucket::start());
    let settings = Settings { broker: Some(broker.port), lake: bucket.settings(), ..Settings::default() };
    let connected = Gateway::start(&settings);
    share("connected, no station", &connected, seconds);
    broker.stop();
    share("the broker is down", &connected, seconds);
    drop(connected);
    broker.start_again();

    let full = gateway(Some(broker.port), &bucket, "");
    at_rest(broker.port);
    let store = full.store();
    eventually("a reading of each", SOON, || (rows(&store) == STATIONS).then_some(()));
    #[expect(clippy::cast_precision_loss, reason = "a few thousand")]
    let all = STATIONS as f64;
    eventually("each of them to be told", SOON, || {
        (full.metrics().sum("minuano_acknowledgements_total", "") >= all).then_some(())
    });
    share("10,000 stations at rest", &full, seconds);
}

fn share(what: &str, gateway: &Gateway, seconds: u64) {
    let pid = gateway.process().pid();
    // What has just happened is still being written down.
    sleep(Duration::from_secs(5));
    let before = cpu(pid);
    sleep(Duration::from_secs(seconds));
    let used = (cpu(pid) - before).as_secs_f64();
    #[expect(clippy::cast_precision_loss, reason = "seconds")]
    let share = 100.0 * used / seconds as f64;
    let (now, peak) = resident_mb(pid);
    println!("   {what}: {share:.2} % of a core, {now:.0} MB resident, peak {peak:.0} MB");
}

/// Each says what a station says when it comes, and one reading.
fn at_rest(port: u16) {
    let mut connection = Publisher::connect(port, "publisher");
    let mut payload = String::new();
    for station in 0..STATIONS {
        let base = format!("minuano/v1/station-{station:05}");
        let stream = format!("{:016x}", station + 1);
        let (at, say) = (now(), |leaf: &str, text: String| (format!("{base}/{leaf}"), text));
        let said = [
            say(
                "streams",
                format!(
                    "{{\"streams\":[{{\"stream\":\"{stream}\",\"first_at\":\"{at}\",\"cursor\":0,\"oldest\":1}}]}}"
                ),
            ),
            say(
                "about",
                format!(
                    "{{\"name\":\"Station {station}\",\"latitude\":37.7,\"longitude\":-105.9,\"altitude_m\":2317,\"zone\":\"America/Denver\",\"version\":\"0.1.0\",\"report_s\":3600,\"sensors\":[{{\"part\":\"bme280\",\"address\":118,\"quantities\":[\"temperature_c\",\"pressure_hpa\",\"humidity_pct\"]}}]}}"
                ),
            ),
            say("status", "{\"state\":\"online\"}".to_owned()),
            say(
                "health",
                format!(
                    "{{\"version\":\"0.1.0\",\"uptime_s\":60,\"stream\":\"{stream}\",\"measured\":1,\"log\":{{\"readings\":1,\"bytes\":100,\"lost\":0}},\"sensors\":[{{\"part\":\"bme280\",\"address\":118,\"state\":\"ok\",\"since\":\"{at}\"}}],\"clock\":\"synchronised\",\"cpu_c\":48.2}}"
                ),
            ),
        ];
        for (topic, text) in said {
            connection.publish(&topic, true, text.as_bytes());
        }
        reading(&mut payload, station, 1, now_ms());
        connection.publish(&topic(station), false, payload.as_bytes());
    }
    connection.settle();
}
