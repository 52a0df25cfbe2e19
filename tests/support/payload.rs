//! Well-formed payloads to begin from, written by hand after the contract.

use std::time::SystemTime;

use serde_json::{Value, json};

/// A reading of a mild day, taken now.
pub fn reading(seq: u64) -> Value {
    json!({
        "seq": seq, "at": now(), "clock": "synchronised", "samples": 10,
        "temperature_c": 21.43, "pressure_hpa": 1013.25, "humidity_pct": 48.70, "illuminance_lx": 15230.0
    })
}

/// `reading(seq)` with one key changed.
pub fn reading_with(seq: u64, key: &str, value: impl Into<Value>) -> Value {
    let mut reading = reading(seq);
    reading[key] = value.into();
    reading
}

/// A message for `telemetry` or `backlog`.
pub fn batch(stream: &str, cursor: u64, oldest: u64, readings: &[Value]) -> String {
    json!({ "stream": stream, "cursor": cursor, "oldest": oldest, "readings": readings }).to_string()
}

/// A message for `backlog` with these `seq`s.
pub fn backlog(stream: &str, cursor: u64, oldest: u64, seqs: impl IntoIterator<Item = u64>) -> String {
    batch(stream, cursor, oldest, &seqs.into_iter().map(reading).collect::<Vec<_>>())
}

/// A message for `telemetry` from a station that has obeyed nothing yet.
pub fn telemetry(stream: &str, seq: u64) -> String {
    batch(stream, 0, 1, &[reading(seq)])
}

/// The wall clock as RFC 3339.
pub fn now() -> String {
    time(now_ms())
}

/// Milliseconds since 1970.
pub fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    u64::try_from(since.as_millis()).unwrap()
}

/// Milliseconds since 1970 as RFC 3339.
pub fn time(ms: u64) -> String {
    rfc_3339(ms / 1000, u32::try_from(ms % 1000).unwrap())
}

/// Civil time from days since 1970, after Howard Hinnant's `civil_from_days`.
fn rfc_3339(seconds: u64, millis: u32) -> String {
    let (days, second) = (seconds / 86_400 + 719_468, seconds % 86_400);
    let (era, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let (year, month) = if month < 10 { (year, month + 3) } else { (year + 1, month - 9) };
    let year = year + era * 400;
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{millis:03}Z")
}
