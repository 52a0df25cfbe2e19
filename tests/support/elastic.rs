//! A cluster that keeps Elasticsearch's rules and nothing else of it, over HTTP or TLS, with trouble on the way. It is
//! no Elasticsearch: what it checks was read in the documentation of Elasticsearch 8 and OpenSearch 2.

mod answers;
mod mapping;
mod server;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::Value;
use tokio::runtime::{Builder, Runtime};

use crate::ports;

/// What goes wrong with a bulk request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// Nothing.
    None,
    /// 429 for all of it.
    Busy,
    /// 503 for all of it, and nothing of it is taken.
    Unavailable,
    /// Every third document is put off with 429.
    PutsOff,
    /// The connection ends before anything is looked at.
    Cut,
    /// All of it is taken, and the connection ends before the answer is there.
    AnswerLost,
}

/// Whose rules it keeps.
#[derive(Clone, Debug)]
pub struct Rules {
    /// It says that it is OpenSearch.
    pub opensearch: bool,
    /// The `Authorization` that it wants; none: nobody has to show one.
    pub login: Option<String>,
    /// The most bytes in a request.
    pub most_bytes: usize,
    /// Certificate and key, where it speaks TLS.
    pub tls: Option<(String, String)>,
}

impl Default for Rules {
    fn default() -> Self {
        Self { opensearch: false, login: None, most_bytes: 1 << 20, tls: None }
    }
}

/// A document, and whether a search finds it yet.
struct Kept {
    source: Value,
    refreshed: bool,
}

struct State {
    rules: Rules,
    template: Option<Value>,
    /// The indices behind each data stream, the one that is written to last.
    streams: BTreeMap<String, Vec<BTreeMap<String, Kept>>>,
    troubles: Vec<Trouble>,
    bulks: usize,
    /// Documents with a `minuano.seq` that this divides cannot be parsed.
    refuses_each: Option<u64>,
    seen: BTreeMap<String, u64>,
}

/// A cluster. It ends with its handle, and what it has with it.
pub struct Cluster {
    /// Such as `http://127.0.0.1:20001`.
    pub url: String,
    port: u16,
    state: Arc<Mutex<State>>,
    runtime: Option<Runtime>,
}

impl Cluster {
    /// One that answers.
    pub fn start(rules: Rules) -> Self {
        let mut cluster = Self::absent(rules);
        cluster.come();
        cluster
    }

    /// One that does not answer yet.
    pub fn absent(rules: Rules) -> Self {
        let port = ports::free();
        // Certificates are for a name.
        let url = match rules.tls {
            Some(_) => format!("https://localhost:{port}"),
            None => format!("http://127.0.0.1:{port}"),
        };
        let state = State {
            rules,
            template: None,
            streams: BTreeMap::new(),
            troubles: Vec::new(),
            bulks: 0,
            refuses_each: None,
            seen: BTreeMap::new(),
        };
        Self { url, port, state: Arc::new(Mutex::new(state)), runtime: None }
    }

    /// Answers from here on.
    pub fn come(&mut self) {
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let tls = self.state().rules.tls.clone();
        runtime.block_on(server::start(self.port, tls, Arc::clone(&self.state)));
        self.runtime = Some(runtime);
    }

    /// Answers no more; what it has, it keeps.
    pub fn go(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }

    /// What goes wrong with each bulk request from here on, in turn.
    pub fn troubles(&self, troubles: &[Trouble]) {
        self.state().troubles = troubles.to_vec();
    }

    /// Documents with a `minuano.seq` that `each` divides cannot be parsed from here on.
    pub fn refuse_each(&self, each: Option<u64>) {
        self.state().refuses_each = each;
    }

    /// The index that is written to is closed for writing, and a new one begins.
    pub fn roll_over(&self) {
        for indices in self.state().streams.values_mut() {
            indices.push(BTreeMap::new());
        }
    }

    /// Ids and documents of a data stream. A document that is there twice fails the test.
    pub fn documents(&self, stream: &str) -> BTreeMap<String, Value> {
        let state = self.state();
        let mut all = BTreeMap::new();
        for (id, kept) in state.streams.get(stream).into_iter().flatten().flatten() {
            assert!(all.insert(id.clone(), kept.source.clone()).is_none(), "{id} is there twice");
        }
        all
    }

    /// How many documents there are.
    pub fn count(&self) -> usize {
        self.state().streams.values().flatten().map(BTreeMap::len).sum()
    }

    /// How often something happened: `create`, `conflict`, `too_large`, `Busy`, …
    pub fn seen(&self, what: &str) -> u64 {
        self.state().seen.get(what).copied().unwrap_or(0)
    }

    /// The index template, as somebody put it.
    pub fn template(&self) -> Option<Value> {
        self.state().template.clone()
    }

    /// Puts an index template by hand.
    pub fn set_template(&self, template: Value) {
        self.state().template = Some(template);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.go();
    }
}
