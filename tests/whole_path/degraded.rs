//! Without a sensor, without a broker: the station goes on and says so.

use minuano_tests::station::QUICK;
use minuano_tests::{Bucket, Gateway, Mosquitto, SOON, Settings, Station, eventually, http};
use serde_json::json;

#[test]
fn a_station_without_its_sensors_runs_and_says_so() {
    let gateway = Gateway::start(&Settings::default());
    let bus = "[bus]\nkind = \"i2c\"\ndevice = \"/dev/i2c-none\"\n\
               [sampling]\ninterval = \"100ms\"\nreport = \"200ms\"\n[clock]\nsource = \"trust\"\n";
    let mut station = Station::start("roof", gateway.mqtt_port, bus);
    station.process().wait_until_said("/dev/i2c-none");
    let seen = gateway.wait_for_station("roof", "online with its health", |seen| {
        seen["state"] == "online" && seen["health"].is_object() && seen["counts"]["stored"].as_u64() > Some(3)
    });
    assert!(seen["health"]["measured"].is_u64(), "{seen}");
    let reading = &seen["last_reading"];
    for quantity in ["temperature_c", "pressure_hpa", "humidity_pct", "illuminance_lx"] {
        assert!(reading.get(quantity).is_none(), "{reading}");
        assert_eq!(reading["flags"][quantity], 9, "{reading}");
        assert!(
            ["bus", "absent"].map(|word| json!(word)).contains(&reading["faults"][quantity]),
            "{reading}"
        );
    }
    assert_eq!(station.stop(), Some(0));
    let seen = gateway.wait_for_station("roof", "stopped", |seen| seen["state"] == "stopped");
    assert_eq!(seen["health"]["measured"], seen["counts"]["stored"]);
}

#[test]
fn a_station_without_a_broker_measures_retries_and_delivers_when_there_is_one() {
    let mut broker = Mosquitto::absent();
    // Repeated failures are logged for those who look closer only.
    let mut station = Station::start("roof", broker.port, &format!("log_level = \"debug\"\n{QUICK}"));
    station.process().wait_until_said("WARN minuano_station::link: no connection");
    eventually("several tries", SOON, || {
        (station.process().said().matches("no connection").count() >= 3).then_some(())
    });
    station.process().must_run();
    let waits = waits(&station.process().said());
    assert!(
        waits.windows(2).any(|pair| pair[0] != pair[1]),
        "the waits between tries have no jitter: {waits:?}"
    );

    broker.start_again();
    let gateway = Gateway::start(&Settings { broker: Some(broker.port), ..Settings::default() });
    eventually("what was measured before there was a broker", SOON, || {
        (gateway.stored("roof") > 20).then_some(())
    });
    assert_eq!(station.stop(), Some(0));
    let seen = gateway.wait_for_station("roof", "stopped", |seen| seen["state"] == "stopped");
    assert_eq!(seen["health"]["measured"], seen["counts"]["stored"]);
    assert_eq!(seen["counts"]["lost"], 0);
    let readings = gateway.readings("roof");
    assert_eq!(readings[0]["seq"], 1, "from the first one on");
}

/// What stands after "next attempt in".
fn waits(said: &str) -> Vec<String> {
    let word = |line: &str| Some(line.split_once("next attempt in ")?.1.split(' ').next()?.to_owned());
    said.lines().filter_map(word).collect()
}

#[test]
fn a_gateway_without_its_broker_serves_says_so_and_joins_later() {
    let mut broker = Mosquitto::start();
    let gateway = Gateway::start(&Settings { broker: Some(broker.port), ..Settings::default() });
    broker.stop();
    let answer = eventually("not to be ready", SOON, || {
        gateway.ask("/readyz").ok().filter(|answer| answer.status == 503)
    });
    assert_eq!(answer.content_type, "application/problem+json");
    assert!(answer.body.contains(&format!("127.0.0.1:{}", broker.port)), "{}", answer.body);
    assert_eq!(gateway.ask("/healthz").unwrap().status, 200);
    broker.start_again();
    eventually("to be ready", SOON, || gateway.ask("/readyz").ok().filter(|answer| answer.status == 200));
}

#[test]
fn a_lake_that_refuses_holds_up_nothing_and_loses_nothing() {
    let bucket = Bucket::start();
    let unsigned = http::request("GET", &format!("{}/weather", bucket.endpoint), &[]).unwrap();
    assert_eq!(unsigned.status, 403, "the server checks signatures: {unsigned:?}");

    let lake = format!(
        "{}close_after = \"1s\"\n[quality]\nsettle_after = \"1s\"\n",
        bucket.settings_with_secret("wrong")
    );
    let gateway = Gateway::start(&Settings { lake, ..Settings::default() });
    let mut station = Station::start("roof", gateway.mqtt_port, QUICK);
    eventually("failures to be counted", SOON, || {
        (gateway.metrics().sum("minuano_lake_upload_failures_total", "") >= 1.0).then_some(())
    });
    let stored = gateway.stored("roof");
    eventually("readings to flow on", SOON, || (gateway.stored("roof") > stored + 10).then_some(()));
    assert_eq!(station.stop(), Some(0));
    assert_eq!(std::fs::read_dir(bucket.folder()).unwrap().count(), 0, "a wrong signature wrote something");

    // With the right secret everything goes.
    let file = gateway.file("gateway.toml");
    let text = std::fs::read_to_string(&file).unwrap().replace("\"wrong\"", "\"only-for-loopback\"");
    std::fs::write(file, text).unwrap();
    let flushed = gateway.command_json(&["lake", "flush", "--json"]);
    assert_eq!(flushed["lake_rows"], gateway.stored("roof"));
    assert_eq!(gateway.command_json(&["lake", "verify", "--json"])["ok"], true);
}

#[test]
fn a_log_that_cannot_be_read_at_first_costs_no_reading_of_an_earlier_run() {
    let mut broker = Mosquitto::absent();
    let spill = [("MINUANO_STATION__LOG__SPILL", "10s")];
    let bus = "[bus]\nkind = \"emulated\"\nhistory = \"2h\"\n[sampling]\ninterval = \"250ms\"\nreport = \"250ms\"\n";
    let mut station =
        Station::start_in("roof", broker.port, &format!("log_level = \"debug\"\n{bus}"), &spill);
    let spills = |station: &mut Station| station.process().said().matches("spilled").count();
    eventually("a long log", SOON, || (spills(&mut station) > 12).then_some(()));
    station.kill_9();

    // The gateway hears of the earlier run from one that measures nothing: what it had in RAM would go with it.
    broker.start_again();
    let gateway = Gateway::start(&Settings { broker: Some(broker.port), ..Settings::default() });
    let file = station.file("station.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    let text = text.replace("history = \"2h\"\n", "");
    std::fs::write(&file, text.replace("\"250ms\"", "\"1h\"")).unwrap();
    station.start_again();
    eventually("some of the earlier run", SOON, || (gateway.stored("roof") > 64).then_some(()));
    station.kill_9();
    gateway.wait_for_station("roof", "its will", |seen| seen["state"] == "offline");
    let lock = std::fs::File::options().write(true).open(station.file("readings/lock")).unwrap();
    lock.lock().unwrap();
    std::fs::write(&file, text).unwrap();
    station.start_again();
    station.process().wait_until_said("no log on disk: in use by another process");
    gateway.wait_for_station("roof", "its third run", |seen| seen["state"] == "online");
    let stored = gateway.stored("roof");
    eventually("readings from RAM", SOON, || (gateway.stored("roof") > stored + 8).then_some(()));
    drop(lock);
    station.process().wait_until_said("earlier runs left readings streams=1");
    assert_eq!(station.stop(), Some(0));
    let seen = gateway.wait_for_station("roof", "stopped", |seen| seen["state"] == "stopped");
    assert_eq!(seen["counts"]["lost"], 0, "{seen}");
}
