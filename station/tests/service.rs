//! The station's binary against a real broker.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "tests and their helpers"
)]

mod brokers;
mod home_assistant;
mod power;
mod support;
mod watched;

use minuano_telemetry::{Fault, Leaf, Payload, Quantity, SensorState, StationState, Status, StreamId};
use support::broker::Broker;
use support::gateway::{Gateway, Seen};
use support::station::{QUICK, Station, call, configuration};
use support::wait_for;

const RUN: &str = "[run]\nstop_within = \"20s\"";

fn some_readings(count: usize) -> impl FnMut(&Seen) -> Option<()> {
    move |seen| (seen.count() >= count).then_some(())
}

fn last_state(seen: &Seen) -> Option<StationState> {
    match seen.of(Leaf::Status).last() {
        Some(Payload::Status(Status { state })) => Some(*state),
        _ => None,
    }
}

/// The only stream that came, if it has no gap.
fn whole_stream(seen: &Seen) -> (StreamId, u64) {
    assert_eq!(seen.stored.len(), 1);
    let (stream, seqs) = seen.stored.first_key_value().unwrap();
    assert!(seqs.iter().copied().eq(1..=seqs.len() as u64), "{seqs:?}");
    (*stream, seqs.len() as u64)
}

#[test]
fn readings_arrive_are_acknowledged_and_leave_the_log_and_a_stop_is_clean() {
    let broker = Broker::running();
    let gateway = Gateway::subscribed(broker.port, true);
    let mut station = Station::start(broker.port, QUICK, RUN);
    gateway.wait("readings", some_readings(10));
    gateway.wait("an obeyed acknowledgement", |seen| {
        seen.of(Leaf::Telemetry).find_map(|payload| match payload {
            Payload::Telemetry(batch) => (batch.cursor >= 5 && batch.oldest > 5).then_some(()),
            _ => None,
        })
    });
    station.terminate();
    assert_eq!(station.ended().code(), Some(0), "{}", station.said());
    gateway.wait("stopped", |seen| (last_state(seen) == Some(StationState::Stopped)).then_some(()));

    gateway.wait("everything", |seen| {
        assert_eq!(
            seen.messages.first().map(|(payload, _)| payload.leaf()),
            Some(Leaf::Streams),
            "streams first"
        );
        let (stream, stored) = whole_stream(seen);
        assert_eq!(stored, station.counted::<u64>("measured"));
        assert_eq!((station.counted::<u64>("lost"), station.counted::<u64>("unacknowledged")), (0, 0));
        let Some(Payload::Streams(streams)) = seen.of(Leaf::Streams).last() else { panic!("streams") };
        let state = streams.streams[0];
        assert_eq!((state.stream, state.last, state.cursor), (stream, Some(stored), stored));
        let Some(Payload::Health(health)) = seen.of(Leaf::Health).last() else { panic!("health") };
        assert_eq!((health.stream, health.measured, health.log.readings), (stream, stored, 0));
        assert!(health.sensors.iter().all(|sensor| sensor.state == SensorState::Ok));
        let Some(Payload::About(about)) = seen.of(Leaf::About).last() else { panic!("about") };
        assert_eq!((about.name.as_str(), about.report_s, about.sensors.len()), ("roof", 1, 2));
        Some(())
    });
    let late = Gateway::subscribed(broker.port, false);
    late.wait("what is retained", |seen| {
        let all = [Leaf::Status, Leaf::About, Leaf::Health, Leaf::Streams];
        all.iter().all(|&leaf| seen.of(leaf).count() == 1).then_some(())
    });
    late.wait("stopped, retained", |seen| (last_state(seen) == Some(StationState::Stopped)).then_some(()));
}

#[test]
fn health_tells_of_a_backlog_and_of_its_end() {
    let broker = Broker::running();
    let gateway = Gateway::subscribed(broker.port, true);
    let bus = "[bus]\nkind = \"emulated\"\nhistory = \"1h\"\n[sampling]\ninterval = \"1s\"\nreport = \"10s\"";
    let _station = Station::start(broker.port, bus, RUN);
    gateway.wait("health that tells of both", |seen| {
        let held: Vec<u64> = seen
            .of(Leaf::Health)
            .filter_map(|payload| match payload {
                Payload::Health(health) => Some(health.log.readings),
                _ => None,
            })
            .collect();
        (held.first()? >= &300 && held.last()? <= &64).then_some(())
    });
}

#[test]
fn a_stop_keeps_what_was_sampled_in_the_unfinished_interval() {
    let broker = Broker::running();
    let gateway = Gateway::subscribed(broker.port, true);
    let bus = "[bus]\nkind = \"emulated\"\n[sampling]\ninterval = \"300ms\"\nreport = \"30m\"";
    let trace = [("RUST_LOG", "info,minuano_station::sample=trace")];
    let mut station = Station::start_at("127.0.0.1", broker.port, bus, RUN, &trace);
    gateway.wait("the first sample, as a reading at once", |seen| match seen.of(Leaf::Telemetry).next() {
        Some(Payload::Telemetry(batch)) => (batch.readings[0].samples == 1).then_some(()),
        _ => None,
    });
    wait_for("two samples more", || (station.said().matches(" sampled").count() >= 3).then_some(()));
    station.terminate();
    assert_eq!(station.ended().code(), Some(0));
    assert_eq!((station.counted::<u64>("measured"), station.counted::<u64>("unacknowledged")), (2, 0));
    gateway.wait("the rest as a reading", |seen| match seen.of(Leaf::Telemetry).last() {
        Some(Payload::Telemetry(batch)) => (2..6_000).contains(&batch.readings[0].samples).then_some(()),
        _ => None,
    });
}

#[test]
fn a_killed_station_is_offline_and_one_that_sees_itself_offline_comes_online() {
    let broker = Broker::running();
    let gateway = Gateway::subscribed(broker.port, true);
    let mut station = Station::start(broker.port, QUICK, "");
    gateway.wait("online", |seen| (last_state(seen) == Some(StationState::Online)).then_some(()));
    gateway.publish("roof", Leaf::Status, b"{\"state\":\"offline\"}");
    let states = |seen: &Seen| -> Vec<_> {
        seen.of(Leaf::Status)
            .filter_map(|payload| match payload {
                Payload::Status(status) => Some(status.state),
                _ => None,
            })
            .collect()
    };
    gateway.wait("online again", |seen| {
        states(seen).ends_with(&[StationState::Offline, StationState::Online]).then_some(())
    });
    station.kill_9();
    gateway.wait("the will", |seen| (last_state(seen) == Some(StationState::Offline)).then_some(()));
}

#[test]
fn after_a_broker_restart_what_was_unacknowledged_is_sent_again() {
    let mut broker = Broker::running();
    let silent = Gateway::subscribed(broker.port, false);
    let mut station = Station::start(broker.port, QUICK, RUN);
    silent.wait("readings", some_readings(5));
    broker.kill();
    drop(silent);
    station.wait_until_said("connection lost");
    station.wait_until_said("no connection");
    broker.start();
    let gateway = Gateway::subscribed(broker.port, true);
    gateway.wait("the backlog from the first reading on", |seen| {
        let (_, seqs) = seen.stored.first_key_value()?;
        (seqs.contains(&1) && seen.of(Leaf::Backlog).count() > 0).then_some(())
    });
    station.terminate();
    assert_eq!(station.ended().code(), Some(0));
    gateway.wait("the rest", |seen| {
        let (_, stored) = whole_stream(seen);
        (stored == station.counted::<u64>("measured")).then_some(())
    });
    assert_eq!(station.counted::<u64>("unacknowledged"), 0);
}

#[test]
fn without_an_acknowledgement_it_sends_again_on_the_same_connection() {
    let broker = Broker::running();
    let gateway = Gateway::subscribed(broker.port, false);
    let mut station = Station::start(broker.port, QUICK, &format!("resend_after = \"1s\"\n{RUN}"));
    let first_again = |seen: &Seen| {
        seen.of(Leaf::Backlog).find_map(|payload| match payload {
            Payload::Backlog(batch) => (batch.readings[0].seq == 1).then_some(()),
            _ => None,
        })
    };
    gateway.wait("the first reading again", first_again);
    gateway.acknowledge_from_now_on();
    gateway.wait("a cursor that moved", |seen| match seen.of(Leaf::Telemetry).last() {
        Some(Payload::Telemetry(batch)) => (batch.cursor > 0).then_some(()),
        _ => None,
    });
    station.terminate();
    assert_eq!(station.ended().code(), Some(0));
    assert_eq!(station.counted::<u64>("unacknowledged"), 0);
    assert_eq!(station.said().matches(": connected").count(), 1);
}

#[test]
fn without_a_broker_it_measures_and_connects_later() {
    let mut broker = Broker::absent();
    let mut station = Station::start(broker.port, QUICK, RUN);
    station.wait_until_said("no connection: I/O: Connection refused");
    broker.start();
    let gateway = Gateway::subscribed(broker.port, true);
    gateway.wait("readings", some_readings(10));
    station.terminate();
    assert_eq!(station.ended().code(), Some(0));
    gateway.wait("all", |seen| (whole_stream(seen).1 == station.counted::<u64>("measured")).then_some(()));
}

#[test]
fn a_history_is_lived_through_first_and_comes_as_backlog_of_its_own_time() {
    let broker = Broker::running();
    let gateway = Gateway::subscribed(broker.port, true);
    let bus = "[bus]\nkind = \"emulated\"\nhistory = \"2h\"\n[sampling]\ninterval = \"1s\"\nreport = \"10s\"";
    let mut station = Station::start(broker.port, bus, RUN);
    gateway.wait("two hours", some_readings(720));
    station.terminate();
    assert_eq!(station.ended().code(), Some(0));
    assert_eq!(station.counted::<u64>("unacknowledged"), 0);
    gateway.wait("all", |seen| {
        assert_eq!(whole_stream(seen).1, station.counted::<u64>("measured"));
        let readings: Vec<_> = seen
            .of(Leaf::Backlog)
            .filter_map(|payload| match payload {
                Payload::Backlog(batch) => Some(batch.readings.iter().copied()),
                _ => None,
            })
            .flatten()
            .collect();
        let apart_ms = readings.windows(2).map(|pair| pair[1].at.get() - pair[0].at.get());
        // Of a sample's time, the conversions are a part that varies.
        assert!(apart_ms.take(700).all(|ms| (9_000..=11_000).contains(&ms)));
        assert!(readings[..700].iter().all(|reading| reading.samples == 10 && reading.faults.is_empty()));
        Some(())
    });
}

#[test]
fn a_broker_alone_acknowledges_when_configured_so() {
    let broker = Broker::running();
    let listener = Gateway::subscribed(broker.port, false);
    let bus = QUICK.replace("[sampling]", "history = \"1m\"\n[sampling]");
    let mut station = Station::start(broker.port, &bus, &format!("acknowledge = \"broker\"\n{RUN}"));
    listener.wait("readings, new ones too", some_readings(250));
    station.terminate();
    assert_eq!(station.ended().code(), Some(0));
    assert_eq!(station.counted::<u64>("unacknowledged"), 0);
    let measured: u64 = station.counted("acknowledged");
    listener.wait("all", |seen| (whole_stream(seen).1 == measured).then_some(()));
}

#[test]
fn acknowledgements_that_cannot_be_are_ignored() {
    let broker = Broker::running();
    let gateway = Gateway::subscribed(broker.port, false);
    let mut station = Station::start(broker.port, QUICK, "[run]\nstop_within = \"200ms\"");
    gateway.wait("readings", some_readings(2));
    let stream = gateway.wait("a stream", |seen| seen.stored.keys().next().copied());
    let beyond =
        format!("{{\"gateway\":\"g\",\"streams\":[{{\"stream\":\"{stream}\",\"through\":999999}}]}}");
    let unknown = b"{\"gateway\":\"g\",\"streams\":[{\"stream\":\"00000000000000ff\",\"through\":3}]}";
    for bytes in [b"".as_slice(), b"[", &vec![b'['; 16_000], unknown, beyond.as_bytes()] {
        gateway.publish("roof", Leaf::Acknowledged, bytes);
    }
    station.wait_until_said("ignored");
    let before = gateway.wait("a count", |seen| Some(seen.count()));
    gateway.wait("that it goes on", some_readings(before + 3));
    station.terminate();
    assert_eq!(station.ended().code(), Some(0));
    assert_eq!(station.counted::<u64>("acknowledged"), 0);
    assert_eq!(station.counted::<u64>("unacknowledged"), station.counted::<u64>("measured"));
}

#[test]
fn without_a_bus_it_runs_and_says_so() {
    let broker = Broker::running();
    let gateway = Gateway::subscribed(broker.port, true);
    let bus = "[bus]\ndevice = \"/dev/i2c-none\"\n[sampling]\ninterval = \"100ms\"\nreport = \"100ms\"";
    let mut station = Station::start(broker.port, bus, RUN);
    station.wait_until_said("no sensors: /dev/i2c-none: no such device");
    gateway.wait("health", |seen| seen.of(Leaf::Health).next().map(|_| ()));
    gateway.wait("a reading that says why it is empty", |seen| {
        seen.of(Leaf::Telemetry).find_map(|payload| match payload {
            Payload::Telemetry(batch) => {
                let reading = batch.readings[0];
                assert!(reading.values.is_empty());
                (reading.faults.get(Quantity::Temperature) == Some(Fault::Bus)).then_some(())
            }
            _ => None,
        })
    });
    station.terminate();
    assert_eq!(station.ended().code(), Some(0));
}

#[test]
fn a_second_signal_ends_it_at_once() {
    let broker = Broker::absent();
    let mut station = Station::start(broker.port, QUICK, "[run]\nstop_within = \"5m\"");
    station.wait_until_said("no connection");
    station.terminate();
    station.wait_until_said("stopping");
    station.terminate();
    assert_eq!(station.ended().code(), Some(1));
    assert_eq!(station.counted::<u64>("unacknowledged"), station.counted::<u64>("measured"));
}

#[test]
fn bad_configuration_is_78_with_each_problem_on_a_line_and_bad_usage_is_64() {
    let (_folder, file) =
        configuration("station = \"Roof\"\n[mqtt]\nport = 0\nhosst = \"x\"\n[sampling]\nreport = 5");
    let file = file.to_str().unwrap();
    for command in ["check-config", "run", "sensors"] {
        let output = call(&[command, "--config", file]);
        assert_eq!(output.status.code(), Some(78), "{command}");
        let said = String::from_utf8(output.stderr).unwrap();
        for key in ["station: ", "mqtt.port: ", "mqtt.hosst: ", "sampling.report: "] {
            assert_eq!(said.lines().filter(|line| line.starts_with(key)).count(), 1, "{key} in {said}");
        }
        assert_eq!(said.lines().count(), 4, "{said}");
    }
    let output = call(&["check-config", "--config", "/nowhere/station.toml"]);
    assert_eq!(output.status.code(), Some(78));
    assert!(String::from_utf8(output.stderr).unwrap().starts_with("/nowhere/station.toml: "));
    for arguments in [&["measure"][..], &[], &["run", "--confg", "x"], &["sensors", "--bus"]] {
        assert_eq!(call(arguments).status.code(), Some(64), "{arguments:?}");
    }
    assert_eq!(call(&["--help"]).status.code(), Some(0));
    assert_eq!(call(&["--version"]).status.code(), Some(0));
}

#[test]
fn the_example_configuration_passes_its_check() {
    let example = concat!(env!("CARGO_MANIFEST_DIR"), "/station.example.toml");
    let output = call(&["check-config", "--config", example]);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn sensors_are_shown_with_units_and_a_missing_bus_with_what_to_do() {
    let (_folder, file) = configuration("station = \"roof\"\n[bus]\nkind = \"emulated\"");
    let output = call(&["sensors", "--config", file.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(0));
    let table = String::from_utf8(output.stdout).unwrap();
    for words in ["0x76", "bme280", "°C", "hPa", "%", "0x23", "bh1750", "lx"] {
        assert!(table.contains(words), "{words} in\n{table}");
    }
    let output = call(&["sensors", "--json", "--config", file.to_str().unwrap()]);
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(json["sensors"][0]["values"]["pressure_hpa"].is_number(), "{json}");
    let output = call(&["sensors", "--bus", "/dev/i2c-none"]);
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("/dev/i2c-none") && said.contains("enable I²C"), "{said}");
}
