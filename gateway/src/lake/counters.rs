//! What the lake counts, in `/metrics`. Totals come from the store, so that no restart lowers them.

use metrics::{counter, describe_counter, describe_gauge, gauge};

use super::status::Uploaded;

const ROWS: &str = "minuano_lake_rows_total";
const FILES: &str = "minuano_lake_files_total";
const BYTES: &str = "minuano_lake_bytes_total";
const FAILURES: &str = "minuano_lake_upload_failures_total";
const LAG: &str = "minuano_lake_lag_seconds";

/// Gives each counter its help text.
pub fn describe() {
    describe_counter!(ROWS, "Rows uploaded to the lake by this store");
    describe_counter!(FILES, "Files uploaded to the lake by this store");
    describe_counter!(BYTES, "Bytes uploaded to the lake by this store");
    describe_counter!(FAILURES, "Tries to upload a batch that failed since the start");
    describe_gauge!(LAG, "Age of the oldest settled row or planned anomaly that is not in the lake yet");
    counter!(FAILURES).increment(0);
}

pub(super) fn uploaded(totals: Uploaded) {
    counter!(ROWS).absolute(totals.rows);
    counter!(FILES).absolute(totals.files);
    counter!(BYTES).absolute(totals.bytes);
}

pub(super) fn failed() {
    counter!(FAILURES).increment(1);
}

pub(super) fn lag(seconds: f64) {
    gauge!(LAG).set(seconds);
}
