//! How the process says what happens: for people, or as JSON lines that Filebeat and Logstash take as they are.

mod ecs;

use std::io::IsTerminal;

use serde::Deserialize;
use tracing::Subscriber;
use tracing_subscriber::Layer;
use tracing_subscriber::registry::LookupSpan;

use ecs::Ecs;

/// The form of a line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// Time, level and text.
    #[default]
    Text,
    /// JSON with the names of the Elastic Common Schema.
    Json,
}

/// Who says it.
#[derive(Clone, Debug)]
pub struct Service {
    /// The program: `service.name`.
    pub name: &'static str,
    /// Its version.
    pub version: &'static str,
    /// Which one of them, by its configured name: `service.node.name`.
    pub node: String,
}

/// Writes to standard error in this form. With JSON a panic becomes such a line, too.
pub fn to_stderr<S>(format: LogFormat, service: Service) -> Box<dyn Layer<S> + Send + Sync>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    let layer = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    match format {
        LogFormat::Text => Box::new(layer.with_ansi(std::io::stderr().is_terminal())),
        LogFormat::Json => {
            std::panic::set_hook(Box::new(|panic| {
                let place = panic.location().map(ToString::to_string).unwrap_or_default();
                let words = panic.payload_as_str().unwrap_or("no text");
                tracing::error!(error = words, place, "it panicked");
            }));
            Box::new(layer.event_format(Ecs(service)))
        }
    }
}
