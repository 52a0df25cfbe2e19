//! An event as one line of JSON with the names of the Elastic Common Schema.
//!
//! What the schema has a name for gets it; whatever else an event carries is a label, as text, so that no mapping of an
//! index has to know it.

use std::fmt;
use std::time::SystemTime;

use serde_json::{Map, Value};
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

use super::Service;

/// The version of the schema whose names are used.
const VERSION: &str = "8.11.0";
/// Fields of events that the schema has a name for.
const NAMED: [(&str, &str); 7] = [
    ("message", "message"),
    ("error", "error.message"),
    ("method", "http.request.method"),
    ("path", "url.path"),
    ("status", "http.response.status_code"),
    ("request", "http.request.id"),
    ("client", "client.address"),
];

pub(super) struct Ecs(pub(super) Service);

impl<S, N> FormatEvent<S, N> for Ecs
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        _: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let mut fields = Fields::default();
        event.record(&mut fields);
        let line = self.line(SystemTime::now(), *event.metadata().level(), event.metadata().target(), fields);
        writeln!(writer, "{line}")
    }
}

impl Ecs {
    fn line(&self, at: SystemTime, level: Level, logger: &str, fields: Fields) -> Value {
        let Fields { mut named, labels } = fields;
        let mut put = |key: &str, value: Value| named.insert(key.to_owned(), value);
        put("@timestamp", humantime::format_rfc3339_millis(at).to_string().into());
        put("log.level", level.as_str().to_lowercase().into());
        put("log.logger", logger.into());
        put("ecs.version", VERSION.into());
        put("service.name", self.0.name.into());
        put("service.version", self.0.version.into());
        put("service.node.name", self.0.node.as_str().into());
        put("process.pid", std::process::id().into());
        named.entry("message").or_insert_with(|| "".into());
        if !labels.is_empty() {
            named.insert("labels".to_owned(), labels.into());
        }
        named.into()
    }
}

#[derive(Default)]
struct Fields {
    named: Map<String, Value>,
    labels: Map<String, Value>,
}

impl Fields {
    fn put(&mut self, field: &Field, value: Value) {
        match NAMED.iter().find(|(name, _)| *name == field.name()) {
            Some(("status", key)) if value.is_number() => self.named.insert((*key).to_owned(), value),
            Some(("status", _)) | None => self.labels.insert(field.name().to_owned(), text(value).into()),
            Some((_, key)) => self.named.insert((*key).to_owned(), text(value).into()),
        };
    }
}

fn text(value: Value) -> String {
    match value {
        Value::String(text) => text,
        other => other.to_string(),
    }
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.put(field, format!("{value:?}").into());
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field, value.into());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, value.into());
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.put(field, value.into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, value.into());
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::{Arc, Mutex};

    use tracing_subscriber::layer::SubscriberExt;

    use super::*;

    #[derive(Clone, Default)]
    struct Said(Arc<Mutex<Vec<u8>>>);

    impl Write for Said {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn each_event_is_a_line_with_the_schemas_names() {
        let said = Said::default();
        let writer = said.clone();
        let service = Service { name: "minuano-gateway", version: "0.1.0", node: "home".to_owned() };
        let layer =
            tracing_subscriber::fmt::layer().with_writer(move || writer.clone()).event_format(Ecs(service));
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || {
            let error = std::io::Error::other("no \"way\"\nhere");
            tracing::warn!(%error, station = "roof", rows = 7, "two\nlines");
            tracing::info!(target: "access", method = "GET", path = "/", status = 200u16, request = "a-1", "answered");
            tracing::debug!(status = "odd");
        });
        let text = String::from_utf8(said.0.lock().unwrap().clone()).unwrap();
        let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(lines.len(), 3, "{text}");
        let is = |line: usize, key: &str, value: &str| assert_eq!(lines[line][key], value, "{key}: {text}");
        is(0, "message", "two\nlines");
        is(0, "log.level", "warn");
        is(0, "error.message", "no \"way\"\nhere");
        is(0, "service.name", "minuano-gateway");
        is(0, "service.node.name", "home");
        is(0, "ecs.version", VERSION);
        assert_eq!(lines[0]["labels"], serde_json::json!({ "station": "roof", "rows": "7" }));
        assert!(lines[0]["@timestamp"].as_str().unwrap().ends_with('Z'));
        is(1, "http.request.method", "GET");
        is(1, "log.logger", "access");
        assert_eq!(lines[1]["http.response.status_code"], 200);
        assert_eq!(lines[2]["labels"]["status"], "odd");
        is(2, "message", "");
    }
}
