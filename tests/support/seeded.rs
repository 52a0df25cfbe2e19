//! A store with as many readings as a test wants, without a station that lives through them: one of an earlier version, as
//! that release wrote it, which the gateway brings to its own as it starts.

use std::path::Path;

use rusqlite::Connection;

/// The station whose readings they are.
pub const STATION: &str = "roof";
const GOLDEN: &str = include_str!("../../gateway/src/store/golden/v5.sql");

/// Writes a store with `rows` readings, one each 10 s, the last at `until` (milliseconds since 1970).
pub fn store(file: &Path, rows: u64, until: i64) {
    let connection = Connection::open(file).unwrap();
    connection.execute_batch("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF").unwrap();
    connection.execute_batch(GOLDEN).unwrap();
    connection
        .execute(
            "WITH RECURSIVE series (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM series WHERE n < ?1) \
             INSERT INTO readings (station, stream, seq, observed_at, received_at, clock, samples, temperature, \
             pressure, humidity, illuminance, temperature_flag, pressure_flag, humidity_flag, illuminance_flag, faults, \
             settled) SELECT 1, 1, n + 3, ?2 - (?1 - n) * 10000, ?2 - (?1 - n) * 10000 + 120, 0, 10, \
             2000 + n % 700, 101325 + n % 90, 4870 + n % 1000, 152300 + n % 5000, 1, 1, 1, 1, 0, 1 FROM series",
            (rows, until),
        )
        .unwrap();
    connection.execute("UPDATE ranges SET last = ?1 + 3 WHERE kind = 'stored'", [rows]).unwrap();
}
