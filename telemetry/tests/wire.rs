//! The wire format held to its golden files, to round trips and to hostile bytes.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail by panicking, too")]

mod discovery;
mod round_trips;

use minuano_telemetry::{
    About, Acknowledged, Anomaly, AnomalyKind, AnomalyState, Batch, Beside, ByQuantity, Clock, DecodeError,
    Facts, Fault, Flag, Health, Leaf, LogHealth, MAX_MESSAGE, MAX_SEQ, Millis, Payload, Quantity, Reading,
    SensorAbout, SensorHealth, SensorState, StationName, StationState, Status, StreamId, StreamState,
    Streams, Through, Topic, TopicError, WeatherEvent, WeatherKind,
};

fn at(text: &str) -> Millis {
    text.parse().unwrap()
}

fn encode(payload: &Payload) -> String {
    let mut buffer = vec![0; MAX_MESSAGE];
    String::from_utf8(payload.encode(&mut buffer).unwrap().to_vec()).unwrap()
}

fn golden(payload: &Payload, file: &str) {
    assert_eq!(encode(payload), file.trim_end());
    assert_eq!(&Payload::decode(payload.leaf(), file.as_bytes()).unwrap(), payload);
}

fn full_reading() -> Reading {
    Reading {
        seq: 4211,
        at: at("2026-11-20T12:00:00.250Z"),
        clock: Clock::Synchronised,
        samples: 10,
        values: ByQuantity([Some(21.43), Some(1013.25), Some(48.7), Some(15230.0)]),
        faults: ByQuantity::default(),
    }
}

fn batch_of(readings: impl IntoIterator<Item = Reading>) -> Batch {
    Batch { stream: StreamId(10), cursor: 0, oldest: 1, readings: readings.into_iter().collect() }
}

#[test]
fn telemetry_is_as_its_golden_file() {
    let batch = Batch {
        stream: StreamId(0x9f2c_41d0_7a3b_e658),
        cursor: 4206,
        oldest: 4207,
        ..batch_of([full_reading()])
    };
    golden(&Payload::Telemetry(batch), include_str!("golden/telemetry.json"));
}

#[test]
fn backlog_is_as_its_golden_file() {
    let first = Reading {
        seq: 1,
        at: at("2026-11-20T11:00:00.000Z"),
        clock: Clock::Unsynchronised,
        values: ByQuantity([Some(-7.6), Some(773.5), Some(52.7), Some(0.0)]),
        ..full_reading()
    };
    let third = Reading {
        seq: 3,
        at: at("2026-11-20T11:00:20.001Z"),
        clock: Clock::Holdover,
        samples: 0,
        values: ByQuantity([Some(-7.61), None, None, None]),
        faults: ByQuantity([None, Some(Fault::Bus), Some(Fault::Crc), Some(Fault::Absent)]),
    };
    golden(&Payload::Backlog(batch_of([first, third])), include_str!("golden/backlog.json"));
}

#[test]
fn streams_are_as_their_golden_file() {
    let ended = StreamState {
        stream: StreamId(10),
        first_at: at("2026-11-20T11:00:00.000Z"),
        cursor: 12,
        oldest: 13,
        last: Some(40),
    };
    let running = StreamState {
        stream: StreamId(0x9f2c_41d0_7a3b_e658),
        first_at: at("2026-11-20T11:30:00.000Z"),
        cursor: 0,
        oldest: 1,
        last: None,
    };
    let streams = [ended, running].into_iter().collect();
    golden(&Payload::Streams(Streams { streams }), include_str!("golden/streams.json"));
}

#[test]
fn about_is_as_its_golden_file() {
    let sensor = SensorAbout {
        part: "bme280".try_into().unwrap(),
        address: 118,
        quantities: [Quantity::Temperature, Quantity::Pressure, Quantity::Humidity].into_iter().collect(),
    };
    let about = About {
        name: "Roof \"West\"".try_into().unwrap(),
        latitude: Some(37.7),
        longitude: Some(-105.92),
        altitude_m: Some(2317.0),
        zone: Some("America/Denver".try_into().unwrap()),
        version: "0.1.0".try_into().unwrap(),
        report_s: 10,
        sensors: [sensor].into_iter().collect(),
    };
    golden(&Payload::About(about), include_str!("golden/about.json"));
}

#[test]
fn status_is_as_its_golden_file() {
    golden(&Payload::Status(Status { state: StationState::Offline }), include_str!("golden/status.json"));
}

#[test]
fn health_is_as_its_golden_file() {
    let sensor = |part: &str, address, state, fault, since| SensorHealth {
        part: part.try_into().unwrap(),
        address,
        state,
        fault,
        since: at(since),
        warning: (fault.is_none()).then(|| {
            "temperature_c differs from sht4x at 0x44 by more than both may be off".try_into().unwrap()
        }),
    };
    let health = Health {
        version: "0.1.0".try_into().unwrap(),
        uptime_s: 3600,
        stream: StreamId(0x9f2c_41d0_7a3b_e658),
        measured: 8640,
        log: LogHealth {
            readings: 12,
            bytes: 1536,
            lost: 0,
            fault: Some("write: no space left".try_into().unwrap()),
        },
        sensors: [
            sensor("bme280", 118, SensorState::Ok, None, "2026-11-20T11:00:00.000Z"),
            sensor("bh1750", 35, SensorState::Fault, Some(Fault::Bus), "2026-11-20T11:30:00.000Z"),
        ]
        .into_iter()
        .collect(),
        clock: Clock::Synchronised,
        cpu_c: Some(48.3),
    };
    golden(&Payload::Health(health), include_str!("golden/health.json"));
}

#[test]
fn acknowledged_is_as_its_golden_file() {
    let through = Through { stream: StreamId(0x9f2c_41d0_7a3b_e658), through: 4211 };
    let acknowledged =
        Acknowledged { gateway: "home".parse().unwrap(), streams: [through].into_iter().collect() };
    golden(&Payload::Acknowledged(acknowledged), include_str!("golden/acknowledged.json"));
}

#[test]
fn anomaly_is_as_its_golden_file() {
    let anomaly = Anomaly {
        id: 7,
        station: "roof".parse().unwrap(),
        quantity: Some(Quantity::Temperature),
        kind: AnomalyKind::Range,
        from: at("2026-11-20T12:00:00.000Z"),
        to: at("2026-11-20T12:01:00.000Z"),
        flag: Flag::Fail,
        state: AnomalyState::Open,
        evidence: "roof temperature 99.00 °C is outside −80 to 60 °C".try_into().unwrap(),
        facts: Some(Facts {
            quantity: Some(Quantity::Temperature),
            value: Some(99.0),
            times: Some(1),
            limit: Some(-80.0),
            upper: Some(60.0),
            beside: [Beside { station: "shed".parse().unwrap(), value: 20.5, change: 0.1 }]
                .into_iter()
                .collect(),
            ..Facts::default()
        }),
    };
    golden(&Payload::Anomaly(anomaly), include_str!("golden/anomaly.json"));
}

#[test]
fn unknown_keys_are_ignored_at_every_level() {
    let json = r#"{"new":[1,{"a":null}],"stream":"000000000000000a","cursor":0,"oldest":1,"readings":[
        {"wind_ms":3.2,"seq":1,"at":"2026-11-20T11:00:00Z","clock":"holdover","samples":1,"faults":{"wind_ms":"bus"}}]}"#;
    let Payload::Backlog(batch) = Payload::decode(Leaf::Backlog, json.as_bytes()).unwrap() else { panic!() };
    assert_eq!(batch.readings[0].seq, 1);
    assert!(batch.readings[0].values.is_empty());
}

/// A reading's JSON in which one thing is put otherwise.
fn mangled(from: &str, to: &str) -> Result<Payload, DecodeError> {
    let json = encode(&Payload::Telemetry(batch_of([full_reading()])));
    assert!(json.contains(from), "{json} has no {from}");
    Payload::decode(Leaf::Telemetry, json.replace(from, to).as_bytes())
}

#[test]
fn bad_payloads_are_refused_by_reason() {
    let reason = |result: Result<Payload, DecodeError>| result.unwrap_err().reason();
    let decode = |bytes: &[u8]| Payload::decode(Leaf::Backlog, bytes);
    assert_eq!(reason(decode(b"")), "empty");
    assert_eq!(reason(decode(b"hello")), "syntax");
    assert_eq!(reason(decode(b"{\"stream\":")), "syntax");
    assert_eq!(reason(decode(b"[1,2]")), "shape");
    assert_eq!(reason(decode(&vec![b'['; 1 << 20])), "too_large");
    assert_eq!(reason(decode(&vec![b'['; MAX_MESSAGE])), "shape");
    let nested = [b"{\"x\":".as_slice(), &vec![b'['; MAX_MESSAGE - 100]].concat();
    assert_eq!(reason(decode(&nested)), "syntax");
    assert_eq!(reason(mangled("21.43", "NaN")), "syntax");
    assert_eq!(reason(mangled("21.43", "1e999")), "syntax");
    assert_eq!(reason(mangled("21.43", "\"21\"")), "shape");
    assert_eq!(reason(mangled("\"seq\":4211", "\"seq\":0")), "shape");
    assert_eq!(reason(mangled("\"seq\":4211", "\"seq\":9007199254740992")), "shape");
    assert_eq!(reason(mangled("\"oldest\":1", "\"oldest\":18446744073709551615")), "shape");
    assert_eq!(reason(mangled("T12:00:00.250Z", " 12:00")), "shape");
    assert_eq!(reason(mangled("000000000000000a", "00000000000000A")), "shape");
    assert_eq!(reason(mangled("synchronised", "fine")), "shape");
}

#[test]
fn readings_rise_strictly_and_fit_a_message() {
    let reading = |seq| Reading { seq, ..full_reading() };
    let refused = |readings: Vec<Reading>| {
        let parts: Vec<String> = readings
            .into_iter()
            .map(|reading| {
                let json = encode(&Payload::Telemetry(batch_of([reading])));
                json[json.find('[').unwrap() + 1..json.rfind(']').unwrap()].to_owned()
            })
            .collect();
        let json = format!(
            "{{\"stream\":\"000000000000000a\",\"cursor\":0,\"oldest\":1,\"readings\":[{}]}}",
            parts.join(",")
        );
        Payload::decode(Leaf::Backlog, json.as_bytes()).err().map(|error| error.to_string())
    };
    assert_eq!(refused(vec![reading(1), reading(2)]), None);
    assert!(refused(vec![]).unwrap().contains("readings is empty"));
    assert!(refused(vec![reading(2), reading(1)]).unwrap().contains("seq 1 stands after 2"));
    assert!(refused(vec![reading(2), reading(2)]).unwrap().contains("seq 2 stands after 2"));
    assert_eq!(refused((1..=64).map(reading).collect()), None);
    assert!(refused((1..=65).map(reading).collect()).unwrap().contains("has the wrong shape"));
    let two = encode(&Payload::Backlog(batch_of([reading(1), reading(2)])));
    assert!(Payload::decode(Leaf::Telemetry, two.as_bytes()).is_err());
}

#[test]
fn a_seq_beyond_the_highest_is_refused_wherever_it_stands() {
    let beyond = (MAX_SEQ + 1).to_string();
    for (leaf, json, numbers) in [
        (
            Leaf::Streams,
            include_str!("golden/streams.json"),
            ["\"cursor\":12", "\"oldest\":13", "\"last\":40"].as_slice(),
        ),
        (Leaf::Acknowledged, include_str!("golden/acknowledged.json"), &["\"through\":4211"]),
        (
            Leaf::Telemetry,
            include_str!("golden/telemetry.json"),
            &["\"cursor\":4206", "\"oldest\":4207", "\"seq\":4211"],
        ),
    ] {
        for number in numbers {
            let key = number.split(':').next().unwrap();
            for high in [beyond.as_str(), "9223372036854775808", "18446744073709551615"] {
                let mangled = json.replace(number, &format!("{key}:{high}"));
                assert_ne!(mangled, json);
                let refused = Payload::decode(leaf, mangled.as_bytes()).unwrap_err();
                assert_eq!(refused.reason(), "shape", "{key} {high}");
            }
        }
    }
}

#[test]
fn topics_of_others_are_told_apart() {
    let parse = |text: &str| text.parse::<Topic>();
    assert!(parse("minuano/v1/roof/telemetry").is_ok());
    assert_eq!(parse("weather/roof"), Err(TopicError::Foreign));
    assert_eq!(parse("minuano"), Err(TopicError::Foreign));
    assert_eq!(parse("minuano/v2/roof/telemetry"), Err(TopicError::Version));
    assert_eq!(parse("minuano/v1/roof/wind"), Err(TopicError::Leaf));
    assert_eq!(parse("minuano/v1/roof"), Err(TopicError::Leaf));
    assert_eq!(parse("minuano/v1/roof/telemetry/more"), Err(TopicError::Leaf));
    for name in ["", "Roof", "1roof", "r oof", "röof", "r+", "a23456789012345678901234567890123"] {
        assert!(
            matches!(parse(&format!("minuano/v1/{name}/telemetry")), Err(TopicError::Station(_))),
            "{name:?} was taken"
        );
    }
    assert!("a2345678901234567890123456789012".parse::<StationName>().is_ok());
}

#[test]
fn values_take_the_wire_resolution() {
    let round = Reading::at_resolution;
    assert_eq!(round(Quantity::Temperature, 21.434_9), Some(21.43));
    assert_eq!(round(Quantity::Temperature, -7.605_1), Some(-7.61));
    assert_eq!(round(Quantity::Illuminance, 0.04), Some(0.0));
    assert!(round(Quantity::Temperature, -0.001).unwrap().is_sign_positive());
    assert_eq!(round(Quantity::Pressure, f64::NAN), None);
    assert_eq!(round(Quantity::Pressure, 1e300), Some(1e300));
    assert_eq!(round(Quantity::Pressure, f64::MAX), Some(f64::MAX));
}

#[test]
fn weather_is_as_its_golden_file() {
    let event = WeatherEvent {
        id: 3,
        station: "roof".parse().unwrap(),
        kind: WeatherKind::PressureFall,
        from: at("2026-11-20T12:00:00.000Z"),
        to: at("2026-11-20T12:30:00.000Z"),
        state: AnomalyState::Closed,
        extreme: -6.4,
        onset: Some(-6.0),
        evidence: "roof pressure fell by 6.4 hPa in 3 h; a rapid fall is 6 hPa or more".try_into().unwrap(),
    };
    golden(&Payload::Weather(event), include_str!("golden/weather.json"));
}
