//! Whatever is said survives the wire, and whatever bytes come give a value or an error.

use minuano_telemetry::{
    About, Batch, ByQuantity, Clock, Fault, Leaf, MAX_READINGS, MAX_SEQ, MAX_STREAMS, Millis, Payload,
    Quantity, Reading, StreamId, StreamState, Streams, Topic,
};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use super::encode;

fn any_millis() -> impl Strategy<Value = Millis> {
    (-62_167_219_200_000_i64..=253_402_207_200_000).prop_map(|millis| Millis::new(millis).unwrap())
}

fn any_clock() -> impl Strategy<Value = Clock> {
    prop::sample::select(vec![Clock::Synchronised, Clock::Holdover, Clock::Unsynchronised])
}

fn any_fault() -> impl Strategy<Value = Fault> {
    prop::sample::select(vec![Fault::Bus, Fault::Crc, Fault::Range, Fault::Frozen, Fault::Absent])
}

prop_compose! {
    fn any_reading()(
        at in any_millis(),
        clock in any_clock(),
        samples in any::<u32>(),
        values in prop::array::uniform4(option::of(-1e7..1e7)),
        faults in prop::array::uniform4(option::of(any_fault())),
    ) -> Reading {
        let mut rounded = ByQuantity::default();
        for quantity in Quantity::ALL {
            let value = ByQuantity(values).get(quantity);
            rounded.set(quantity, value.and_then(|value| Reading::at_resolution(quantity, value)));
        }
        Reading { seq: 1, at, clock, samples, values: rounded, faults: ByQuantity(faults) }
    }
}

prop_compose! {
    fn any_batch()(
        stream in any::<u64>(),
        cursor in 0..=MAX_SEQ,
        oldest in 0..=MAX_SEQ,
        first in 1..=MAX_SEQ - 100,
        readings in vec(any_reading(), 1..=MAX_READINGS),
    ) -> Batch {
        let readings = (first..).zip(readings).map(|(seq, reading)| Reading { seq, ..reading }).collect();
        Batch { stream: StreamId(stream), cursor, oldest, readings }
    }
}

prop_compose! {
    fn any_streams()(
        entries in vec((any::<u64>(), any_millis(), 0..=MAX_SEQ, 0..=MAX_SEQ, option::of(0..=MAX_SEQ)), 0..=MAX_STREAMS),
    ) -> Streams {
        let entry = |(stream, first_at, cursor, oldest, last)| StreamState {
            stream: StreamId(stream), first_at, cursor, oldest, last,
        };
        Streams { streams: entries.into_iter().map(entry).collect() }
    }
}

proptest! {
    #[test]
    fn any_batch_survives_the_wire(batch in any_batch()) {
        let payload = Payload::Backlog(batch);
        prop_assert_eq!(Payload::decode(Leaf::Backlog, encode(&payload).as_bytes()), Ok(payload));
    }

    #[test]
    fn any_streams_survive_the_wire(streams in any_streams()) {
        let payload = Payload::Streams(streams);
        prop_assert_eq!(Payload::decode(Leaf::Streams, encode(&payload).as_bytes()), Ok(payload));
    }

    #[test]
    fn any_words_survive_the_wire(name in "\\PC{0,16}", zone in option::of("[A-Za-z/_]{1,40}"), altitude in option::of(-1e4..1e4)) {
        let payload = Payload::About(About {
            name: name.as_str().try_into().unwrap(),
            latitude: None,
            longitude: altitude,
            altitude_m: altitude,
            zone: zone.map(|zone| zone.as_str().try_into().unwrap()),
            version: "0.1.0".try_into().unwrap(),
            report_s: 10,
            sensors: heapless::Vec::new(),
        });
        prop_assert_eq!(Payload::decode(Leaf::About, encode(&payload).as_bytes()), Ok(payload));
    }

    #[test]
    fn any_time_survives_the_wire(at in any_millis()) {
        prop_assert_eq!(at.to_string().parse::<Millis>(), Ok(at));
    }

    #[test]
    fn any_topic_survives_the_wire(name in "[a-z][a-z0-9_-]{0,31}", leaf in prop::sample::select(Leaf::ALL.to_vec())) {
        let topic = leaf.of(name.parse().unwrap());
        prop_assert_eq!(topic.to_string().parse(), Ok(topic));
    }

    #[test]
    fn any_bytes_give_a_value_or_an_error(bytes in vec(any::<u8>(), 0..600)) {
        for leaf in Leaf::ALL {
            let _ = Payload::decode(leaf, &bytes);
        }
        let _ = String::from_utf8_lossy(&bytes).parse::<Topic>();
        let _ = String::from_utf8_lossy(&bytes).parse::<Millis>();
    }

    /// Bytes that nearly are a payload reach deeper than noise does.
    #[test]
    fn any_damage_gives_a_value_or_an_error(
        batch in any_batch(),
        at in any::<prop::sample::Index>(),
        length in 0usize..8,
        put in vec(any::<u8>(), 0..8),
    ) {
        let mut bytes = encode(&Payload::Backlog(batch)).into_bytes();
        let start = at.index(bytes.len());
        let end = (start + length).min(bytes.len());
        bytes.splice(start..end, put);
        for leaf in Leaf::ALL {
            let _ = Payload::decode(leaf, &bytes);
        }
    }
}
