//! `/metrics`: counters that the parts of the gateway keep, and totals that the store remembers.
//!
//! Totals of readings come from the directory and are written here rather than counted: they go on over
//! a restart, and no pruning lowers them. A reading that arrives after it was given up does lower
//! `minuano_readings_lost_total`; Prometheus takes that for a restart of the counter.

mod by_station;

use std::fmt::Write;

use metrics::{counter, describe_counter, describe_gauge, describe_histogram};
use metrics_exporter_prometheus::{BuildError, PrometheusBuilder, PrometheusHandle};

use super::{App, limit, now};
use crate::acknowledge::counts::Counts;
use crate::directory::Presence;

/// The content type of the text exposition format.
pub const TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Seconds, for histograms: from a commit to an upload.
const SECONDS: [f64; 12] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0];

/// Why metrics cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum MetricsError {
    /// The recorder was refused its settings.
    #[error("metrics: {0}")]
    Build(#[from] BuildError),
    /// There is one in this process already.
    #[error("metrics: another recorder is installed")]
    Installed,
}

/// Makes this process keep metrics, and gives what reads them. Once in a process.
pub fn install() -> Result<PrometheusHandle, MetricsError> {
    let recorder = PrometheusBuilder::new().set_buckets(&SECONDS)?.build_recorder();
    let handle = recorder.handle();
    metrics::set_global_recorder(recorder).map_err(|_| MetricsError::Installed)?;
    describe();
    Ok(handle)
}

/// Counters without labels: from 0 at the start, so that an alert sees the first step.
const COUNTERS: [(&str, &str); 14] = [
    (
        "minuano_publications_dropped_total",
        "Messages that a full queue or a missing connection kept from a broker.",
    ),
    ("minuano_broker_disconnections_total", "Connections to brokers that ended."),
    ("minuano_acknowledgements_total", "Acknowledgements sent to stations."),
    ("minuano_commits_total", "Commits to the store."),
    ("minuano_commits_failed_total", "Commits to the store that failed."),
    ("minuano_readings_pruned_total", "Raw rows that retention took; with a lake, all are in it."),
    ("minuano_readings_retimed_total", "Readings stored under the time of their arrival."),
    ("minuano_readings_revised_total", "Readings whose flags a later one changed."),
    (
        "minuano_http_clients_shared_total",
        "Requests counted together because too many clients are there to tell apart.",
    ),
    ("minuano_http_unauthorised_total", "Requests without the read token."),
    ("minuano_http_stalled_total", "Connections closed because their client took nothing."),
    ("minuano_stream_refused_total", "Listeners turned away because too many were there."),
    ("minuano_stream_missed_total", "Events that slow listeners had to be told from the store."),
    ("minuano_stream_resets_total", "Listeners that were told to begin again."),
];

/// What each counter of the gateway counts, wherever it is kept; the lake describes its own.
fn describe() {
    for (name, help) in COUNTERS {
        describe_counter!(name, help);
        counter!(name).increment(0);
    }
    describe_counter!("minuano_messages_refused_total", "Messages that were refused whole, by reason.");
    describe_counter!("minuano_messages_received_total", "Messages that arrived from brokers.");
    describe_counter!("minuano_http_requests_total", "HTTP answers, by route and status.");
    describe_counter!(
        "minuano_http_limited_total",
        "Requests of clients that asked for too much, by reason."
    );
    for reason in limit::REASONS {
        counter!("minuano_http_limited_total", "reason" => reason).increment(0);
    }
    describe_gauge!(
        "minuano_store_set_aside",
        "Damaged stores beside this one that were set aside and not salvaged yet."
    );
    describe_gauge!("minuano_rollup_rows_waiting", "Readings that the rollups do not hold yet.");
    describe_histogram!("minuano_commit_seconds", "How long commits to the store took.");
    describe_gauge!("minuano_commit_longest_seconds", "The longest commit since the start.");
    describe_histogram!(
        "minuano_upkeep_seconds",
        "How long commits waited for upkeep of the store, by work."
    );
    describe_gauge!("minuano_upkeep_longest_seconds", "The longest of these since the start, by work.");
}

/// All of it in the text exposition format.
pub fn render(app: &App) -> String {
    let mut text = app.metrics.render();
    // Writing to a string cannot fail.
    let _ = totals(app, &mut text).and_then(|()| by_station::write(&app.directory, &mut text));
    text
}

fn totals(app: &App, text: &mut String) -> std::fmt::Result {
    let (all, stations, owned_elsewhere) = app.directory.read(|directory| {
        let mut all = Counts::default();
        let mut stations = [0u64; 4];
        let mut owned_elsewhere = 0;
        for now in directory.values() {
            all = all.with(now.counts, Counts::default());
            stations[now.presence as usize] += 1;
            owned_elsewhere += u64::from(now.owner.is_some());
        }
        (all, stations, owned_elsewhere)
    });
    let mut family = |name: &str, kind: &str, help: &str, samples: &[(String, f64)]| {
        writeln!(text, "# HELP minuano_{name} {help}\n# TYPE minuano_{name} {kind}")?;
        samples.iter().try_for_each(|(labels, value)| writeln!(text, "minuano_{name}{labels} {value}"))
    };
    #[expect(clippy::cast_precision_loss, reason = "Prometheus counts in f64")]
    let plain = |value: u64| (String::new(), value as f64);
    #[expect(clippy::cast_precision_loss, reason = "Prometheus counts in f64")]
    let labelled = |label: &str, word: &str, value: u64| (format!("{{{label}=\"{word}\"}}"), value as f64);

    family("readings_stored_total", "counter", "Readings on disk, counted once.", &[plain(all.stored)])?;
    family(
        "readings_lost_total",
        "counter",
        "Readings that were measured and will not come, by reason.",
        &[labelled("reason", "overflow", all.lost_overflow), labelled("reason", "ended", all.lost_ended)],
    )?;
    family("readings_duplicate_total", "counter", "Readings that came again.", &[plain(all.duplicates)])?;
    family(
        "readings_elsewhere_total",
        "counter",
        "Readings that an older gateway or a lost store acknowledged.",
        &[plain(all.elsewhere)],
    )?;
    let states = [Presence::Unknown, Presence::Online, Presence::Offline, Presence::Stopped];
    let states = states.map(|state| labelled("state", state.word(), stations[state as usize]));
    family("stations", "gauge", "Stations, by state.", &states)?;
    family(
        "stations_owned_elsewhere",
        "gauge",
        "Stations that another gateway acknowledges.",
        &[plain(owned_elsewhere)],
    )?;
    family(
        "store_pages_unsummed_total",
        "counter",
        "Pages read from a store that had no checksum yet.",
        &[plain(minuano_pagesum::unsummed())],
    )?;
    let listeners = u64::try_from(app.listeners.count()).unwrap_or(u64::MAX);
    family("stream_listeners", "gauge", "Open streams of events.", &[plain(listeners)])?;
    let started = app.started_at.get();
    let seconds = |millis: i64| u32::try_from(millis.max(0) / 1000).map_or(f64::MAX, f64::from);
    family("start_time_seconds", "gauge", "When the process started.", &[(String::new(), seconds(started))])?;
    let uptime = seconds(now().get() - started);
    family("uptime_seconds", "gauge", "How long the process has run.", &[(String::new(), uptime)])?;
    let build = format!(
        "{{version=\"{}\",gateway=\"{}\",store=\"{}\"}}",
        env!("CARGO_PKG_VERSION"),
        app.gateway,
        app.store.id()
    );
    family("build_info", "gauge", "What runs here.", &[(build, 1.0)])
}
