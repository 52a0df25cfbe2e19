//! Where the log goes: straight to the journal when systemd started the service, else to standard error.

use std::os::unix::fs::MetadataExt;

use minuano_settings::log::{self, LogFormat, Service};
use tracing_journald::{Priority, PriorityMappings};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, Registry};

use crate::config::Run;

/// Listens from here on. `RUST_LOG` is stronger than the configured level.
pub(super) fn listen(run: &Run, station: &str) {
    let level = &run.log_level;
    let filter = EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| EnvFilter::new(format!("{level},rumqttc=error")));
    let service =
        Service { name: "minuano-station", version: env!("CARGO_PKG_VERSION"), node: station.to_owned() };
    let journal = if run.log_format == LogFormat::Text { journal() } else { None };
    let out = journal.unwrap_or_else(|| log::to_stderr(run.log_format, service));
    tracing_subscriber::registry().with(out.with_filter(filter)).init();
}

/// The journal, if that is what standard error is connected to and it takes messages.
fn journal() -> Option<Box<dyn Layer<Registry> + Send + Sync>> {
    let stream = std::env::var("JOURNAL_STREAM").ok()?;
    let stderr = std::fs::metadata("/proc/self/fd/2").ok()?;
    if !is_stream(&stream, stderr.dev(), stderr.ino()) {
        return None;
    }
    let levels = PriorityMappings {
        error: Priority::Error,
        warn: Priority::Warning,
        info: Priority::Informational,
        debug: Priority::Debug,
        trace: Priority::Debug,
    };
    let layer = tracing_journald::layer().ok()?;
    Some(Box::new(layer.with_priority_mappings(levels).with_field_prefix(Some("MINUANO".to_owned()))))
}

/// systemd names the socket that it gave by device and inode; a redirection elsewhere leaves the name standing.
fn is_stream(named: &str, device: u64, inode: u64) -> bool {
    named == format!("{device}:{inode}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_socket_that_systemd_names_is_the_journal() {
        assert!(is_stream("9:21713", 9, 21_713));
        for other in ["", "9", "9:", "9:2171", "10:21713", "9:21713:1", "x:y"] {
            assert!(!is_stream(other, 9, 21_713), "{other}");
        }
    }
}
