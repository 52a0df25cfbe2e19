//! Any bytes at the first door: a value or a typed error, never a panic; and a value survives the wire.
//!
//! `PROPTEST_CASES` sets how many; `cargo xtask test fuzz --long` takes a hundred times as many.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed expectation is a test's way of failing")]

use minuano_telemetry::{Leaf, MAX_MESSAGE, Payload, Topic};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

/// One of each leaf.
const GOLDEN: [&[u8]; 9] = [
    include_bytes!("golden/telemetry.json"),
    include_bytes!("golden/backlog.json"),
    include_bytes!("golden/streams.json"),
    include_bytes!("golden/about.json"),
    include_bytes!("golden/status.json"),
    include_bytes!("golden/health.json"),
    include_bytes!("golden/acknowledged.json"),
    include_bytes!("golden/anomaly.json"),
    include_bytes!("golden/weather.json"),
];
/// What trips parsers.
const TOKENS: [&[u8]; 18] = [
    b"null",
    b"-0",
    b"1e999",
    b"-1e-999",
    b"18446744073709551616",
    b"9007199254740993",
    b"\"",
    b"\\u0000",
    b"\\ud800",
    b"{",
    b"[",
    b"]}",
    b",",
    b"\xff",
    b"NaN",
    b"true",
    b"\"seq\":0,",
    b"1970-01-01T00:00:00Z",
];

/// A change somewhere in the bytes.
#[derive(Clone, Debug)]
enum Edit {
    Replace(Index, u8),
    Remove(Index, usize),
    Insert(Index, &'static [u8]),
    Repeat(Index, usize),
}

fn any_edit() -> impl Strategy<Value = Edit> {
    prop_oneof![
        (any::<Index>(), any::<u8>()).prop_map(|(at, byte)| Edit::Replace(at, byte)),
        (any::<Index>(), 1..40usize).prop_map(|(at, length)| Edit::Remove(at, length)),
        (any::<Index>(), select(&TOKENS[..])).prop_map(|(at, token)| Edit::Insert(at, token)),
        (any::<Index>(), 1..400usize).prop_map(|(at, length)| Edit::Repeat(at, length)),
    ]
}

fn edited(bytes: &[u8], edits: &[Edit]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for edit in edits {
        let place = |at: &Index, length: usize| {
            let from = at.index(bytes.len() + 1);
            from..(from + length).min(bytes.len())
        };
        match edit {
            Edit::Replace(at, byte) => {
                let range = place(at, 1);
                bytes[range].fill(*byte);
            }
            Edit::Remove(at, length) => {
                let range = place(at, *length);
                bytes.drain(range);
            }
            Edit::Insert(at, token) => {
                let range = place(at, 0);
                bytes.splice(range, token.iter().copied());
            }
            Edit::Repeat(at, length) => {
                let range = place(at, *length);
                let again = bytes[range.clone()].to_vec();
                bytes.splice(range.start..range.start, again);
            }
        }
    }
    bytes
}

/// What was understood is written so that it is understood the same way.
fn must_survive(leaf: Leaf, bytes: &[u8]) -> Result<(), TestCaseError> {
    let Ok(payload) = Payload::decode(leaf, bytes) else { return Ok(()) };
    prop_assert_eq!(payload.leaf(), leaf);
    // What was said in few bytes may need more, and then is no message any more.
    let mut buffer = vec![0; 4 * MAX_MESSAGE];
    let written = payload.encode(&mut buffer).unwrap();
    if written.len() <= MAX_MESSAGE {
        prop_assert_eq!(Payload::decode(leaf, written), Ok(payload));
    }
    Ok(())
}

proptest! {
    #[test]
    fn fuzz_payloads_that_are_nearly_right(
        leaf in select(&Leaf::ALL[..]),
        edits in vec(any_edit(), 0..6),
    ) {
        must_survive(leaf, &edited(GOLDEN[leaf as usize], &edits))?;
    }

    #[test]
    fn fuzz_payloads_of_another_leaf(leaf in select(&Leaf::ALL[..]), golden in select(&GOLDEN[..])) {
        must_survive(leaf, golden)?;
    }

    #[test]
    fn fuzz_any_bytes(leaf in select(&Leaf::ALL[..]), bytes in vec(any::<u8>(), 0..300)) {
        must_survive(leaf, &bytes)?;
    }

    #[test]
    fn fuzz_topics(text in "(minuano/)?(v1/)?[a-z0-9_A-Z+#/-]{0,40}(/(telemetry|backlog|streams|status))?|.*") {
        if let Ok(topic) = text.parse::<Topic>() {
            prop_assert_eq!(topic.to_string(), text);
        }
    }
}

#[test]
fn the_golden_payloads_are_in_the_order_of_their_leaves() {
    for leaf in Leaf::ALL {
        assert!(Payload::decode(leaf, GOLDEN[leaf as usize]).is_ok(), "{leaf:?}");
    }
}
