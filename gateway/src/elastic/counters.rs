//! What the sink counts, in `/metrics`. Totals come from the store, so that no restart lowers them.

use metrics::{counter, describe_counter, describe_gauge, gauge};

use super::client::Failure;
use crate::store::elastic::Progress;

const DOCUMENTS: &str = "minuano_elastic_documents_total";
const FAILURES: &str = "minuano_elastic_failures_total";
const LATER: &str = "minuano_elastic_documents_later_total";
const MISSED: &str = "minuano_elastic_missed_total";
const LAG: &str = "minuano_elastic_lag_seconds";
const OPEN: &str = "minuano_elastic_circuit_open";

/// Gives each counter its help text.
pub fn describe() {
    describe_counter!(
        DOCUMENTS,
        "Documents that the cluster created, had already, or refused and are set aside"
    );
    describe_counter!(FAILURES, "Requests to the cluster that failed since the start, by reason");
    describe_counter!(
        LATER,
        "Documents that the cluster put off, by item, since the start; they are sent again"
    );
    describe_counter!(
        MISSED,
        "Readings that retention took before the cluster could have them, since the start"
    );
    describe_gauge!(LAG, "Age of the oldest settled reading that the cluster does not have yet");
    describe_gauge!(OPEN, "1 while the cluster fails again and again and is only asked how it is");
    counter!(MISSED).increment(0);
    counter!(LATER).increment(0);
    gauge!(OPEN).set(0.0);
}

pub(super) fn progress(progress: &Progress) {
    counter!(DOCUMENTS, "outcome" => "created").absolute(progress.created);
    counter!(DOCUMENTS, "outcome" => "present").absolute(progress.present);
    counter!(DOCUMENTS, "outcome" => "refused").absolute(progress.refused);
}

pub(super) fn failed(failure: &Failure) {
    counter!(FAILURES, "reason" => failure.word()).increment(1);
}

pub(super) fn later(documents: usize) {
    counter!(LATER).increment(documents as u64);
}

pub(super) fn lag(seconds: f64) {
    gauge!(LAG).set(seconds);
}

pub(super) fn circuit(open: bool) {
    gauge!(OPEN).set(f64::from(u8::from(open)));
}
