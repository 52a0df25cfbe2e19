//! Somebody who is told: a mail server, ntfy, or a webhook that checks signatures (`tests/python/receiver.py`).

use serde_json::Value;
use tempfile::TempDir;

use crate::{Process, SOON, eventually, ports, python};

/// One that runs, or waits to be started.
pub struct Receiver {
    /// Where it listens, also while it does not run.
    pub port: u16,
    // Before its folder, which ends with its field.
    process: Option<Process>,
    arguments: Vec<String>,
    folder: TempDir,
}

impl Receiver {
    /// One that runs: `smtp`, `ntfy` or `webhook`, and what else its script takes.
    pub fn start(kind: &str, more: &[&str]) -> Self {
        let mut receiver = Self::absent(kind, more);
        receiver.begin();
        receiver
    }

    /// One that does not run yet.
    pub fn absent(kind: &str, more: &[&str]) -> Self {
        let port = ports::free();
        let mut arguments = vec![kind.to_owned(), "--port".to_owned(), port.to_string()];
        arguments.extend(more.iter().map(|argument| (*argument).to_owned()));
        Self { port, process: None, arguments, folder: tempfile::tempdir().unwrap() }
    }

    /// Starts it.
    pub fn begin(&mut self) {
        let mut command = python::script("receiver.py");
        command.args(&self.arguments);
        self.process = Some(Process::start("the receiver", &mut command, &self.folder.path().join("log")));
        eventually("the receiver to listen", SOON, || {
            self.said().iter().any(|line| line["listening"].is_u64()).then_some(())
        });
    }

    /// What it took, in order.
    pub fn taken(&self) -> Vec<Value> {
        self.said()
            .into_iter()
            .filter(|line| line["listening"].is_null() && line["limited"].is_null())
            .collect()
    }

    /// Waits until it has taken so many.
    pub fn take(&self, count: usize) -> Vec<Value> {
        eventually(&format!("{count} alerts"), SOON, || {
            Some(self.taken()).filter(|taken| taken.len() >= count)
        })
    }

    /// Every line that it printed.
    pub fn said(&self) -> Vec<Value> {
        let said = self.process.as_ref().expect("the receiver runs").said();
        // The last line may be on its way.
        said.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
    }
}
