//! Debian's Chromium with a page open, driven by `tests/browser/watch.mjs`, which tells what the page shows.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::root;

/// Node, told to end by the end of its standard input.
pub struct Browser {
    child: Child,
    stdin: Option<ChildStdin>,
    events: Receiver<(Instant, Value)>,
    /// Every event so far, with the moment at which it came.
    pub seen: Vec<(Instant, Value)>,
}

impl Browser {
    /// Opens `url` in a browser that prefers `language`.
    pub fn open(url: &str, language: &str) -> Self {
        let folder = root().join("tests/browser");
        assert!(
            folder.join("node_modules/playwright-core").exists(),
            "playwright-core is not there: run cargo xtask test once, or npm ci in tests/browser"
        );
        assert!(Path::new("/usr/bin/chromium").exists(), "chromium is not there: apt-get install chromium");
        let mut child = Command::new("node")
            .arg("watch.mjs")
            .args([url, language])
            .current_dir(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("node is installed");
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let (sender, events) = channel();
        thread::spawn(move || {
            for line in stdout.lines().map_while(Result::ok) {
                let event =
                    serde_json::from_str(&line).unwrap_or_else(|_| json!({ "event": "noise", "line": line }));
                if sender.send((Instant::now(), event)).is_err() {
                    return;
                }
            }
        });
        let stdin = child.stdin.take();
        Self { child, stdin, events, seen: Vec::new() }
    }

    /// Waits for an event that fits, those that came before included; gives it with its moment.
    pub fn wait<T>(
        &mut self,
        what: &str,
        within: Duration,
        mut fits: impl FnMut(&Value) -> Option<T>,
    ) -> (Instant, T) {
        let until = Instant::now() + within;
        let mut looked = 0;
        loop {
            while let Some((at, event)) = self.seen.get(looked) {
                if let Some(found) = fits(event) {
                    return (*at, found);
                }
                looked += 1;
            }
            match self.events.recv_timeout(until.saturating_duration_since(Instant::now())) {
                Ok(event) => self.seen.push(event),
                Err(RecvTimeoutError::Timeout) => {
                    panic!("waited {within:?} in vain for {what}; the page told {:#?}", self.last());
                }
                Err(RecvTimeoutError::Disconnected) => {
                    panic!("the browser ended while waiting for {what}; the page told {:#?}", self.last());
                }
            }
        }
    }

    /// Presses what stands at a selector.
    pub fn press(&mut self, selector: &str) {
        let stdin = self.stdin.as_mut().unwrap();
        writeln!(stdin, "{}", json!({ "press": selector })).unwrap();
    }

    /// The page as it looks now, as wide as a desk has it.
    pub fn picture(&mut self, file: &Path, within: Duration) {
        let stdin = self.stdin.as_mut().unwrap();
        // The script runs in a folder of its own.
        let file = std::path::absolute(file).unwrap();
        writeln!(stdin, "{}", json!({ "picture": file })).unwrap();
        self.wait("a picture", within, |event| (event["event"] == "picture").then_some(()));
    }

    /// All events of a kind so far.
    pub fn of(&mut self, kind: &str) -> Vec<Value> {
        self.seen.extend(self.events.try_iter());
        self.seen.iter().map(|(_, event)| event).filter(|event| event["event"] == kind).cloned().collect()
    }

    fn ends_within(&mut self, deadline: Duration) -> bool {
        let until = Instant::now() + deadline;
        while Instant::now() < until {
            if !matches!(self.child.try_wait(), Ok(None)) {
                return true;
            }
            thread::sleep(Duration::from_millis(20));
        }
        false
    }

    fn last(&self) -> Vec<&Value> {
        let skip = self.seen.len().saturating_sub(20);
        self.seen.iter().skip(skip).map(|(_, event)| event).collect()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // At the end of its input the script closes Chromium and ends. Killed it would leave Chromium behind, so
        // it is asked once more before that.
        drop(self.stdin.take());
        if self.ends_within(Duration::from_secs(10)) {
            return;
        }
        if let Some(pid) = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw) {
            let _ = kill_process(pid, Signal::TERM);
        }
        if !self.ends_within(Duration::from_secs(5)) {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}
