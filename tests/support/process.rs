//! A program that runs beside the test: its log, its signals, its end.

use std::fs::{self, File, OpenOptions};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use crate::{SOON, eventually};

/// Lines of the log that a failing test shows.
const SHOWN_LINES: usize = 80;
/// What a test that waits for a metric makes the gateway say, many times a second.
const POLLED: &str = "path=\"/metrics\"";

/// A running program. It is killed with its handle.
#[derive(Debug)]
pub struct Process {
    name: String,
    child: Child,
    log: PathBuf,
}

impl Process {
    /// Starts `command`; what it says is added to `log`.
    pub fn start(name: &str, command: &mut Command, log: &Path) -> Self {
        let open = || -> File { OpenOptions::new().create(true).append(true).open(log).unwrap() };
        let child = command
            .stdin(Stdio::null())
            .stdout(open())
            .stderr(open())
            .spawn()
            .unwrap_or_else(|error| panic!("{} did not start: {error}", command.get_program().display()));
        Self { name: name.to_owned(), child, log: log.to_owned() }
    }

    /// Its number.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// SIGKILL, and waits until it is gone.
    pub fn kill_9(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// SIGTERM.
    pub fn terminate(&self) {
        self.signal(Signal::TERM);
    }

    /// Any signal.
    pub fn signal(&self, signal: Signal) {
        let pid = Pid::from_raw(i32::try_from(self.child.id()).unwrap()).unwrap();
        kill_process(pid, signal).unwrap_or_else(|error| panic!("{}: {error}", self.name));
    }

    /// Waits for its end.
    pub fn ended_within(&mut self, deadline: Duration) -> ExitStatus {
        let Self { name, child, .. } = self;
        eventually(&format!("the end of {name}"), deadline, || child.try_wait().unwrap())
    }

    /// Whether it has ended.
    pub fn has_ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    /// The exit code with which it ends after SIGTERM.
    pub fn stop(&mut self) -> Option<i32> {
        self.terminate();
        self.ended_within(SOON).code()
    }

    /// Fails with its log if it has ended by itself.
    pub fn must_run(&mut self) {
        if let Some(status) = self.child.try_wait().unwrap() {
            panic!("{} ended by itself with {status}:\n{}", self.name, self.said());
        }
    }

    /// All that it has said.
    pub fn said(&self) -> String {
        String::from_utf8_lossy(&fs::read(&self.log).unwrap()).into_owned()
    }

    /// Waits until its log has these words.
    pub fn wait_until_said(&self, words: &str) {
        let what = format!("{words:?} in the log of {}", self.name);
        eventually(&what, SOON, || self.said().contains(words).then_some(()));
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended before; either way nothing of ours stays behind.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            // Never a second panic.
            let said = String::from_utf8_lossy(&fs::read(&self.log).unwrap_or_default()).into_owned();
            let lines: Vec<&str> = said.lines().filter(|line| !line.contains(POLLED)).collect();
            let tail = &lines[lines.len().saturating_sub(SHOWN_LINES)..];
            println!("── the last of what {} said:\n{}", self.name, tail.join("\n"));
        }
    }
}

/// One of the product's binaries, in an environment that has nothing of the developer's.
pub fn binary(name: &str) -> Command {
    // Beside a program of ours (…/target/release/chaos), or one above a test
    // (…/target/debug/deps/whole_path-0123456789abcdef).
    let own = std::env::current_exe().unwrap();
    let folder = own.parent().unwrap();
    let folder = if folder.ends_with("deps") { folder.parent().unwrap() } else { folder };
    let path = folder.join(name);
    assert!(
        path.exists(),
        "{} is not there: run cargo build -p minuano-station -p minuano-gateway first",
        path.display()
    );
    clean(&path)
}

/// A program in a clean environment, which the kernel ends with the thread that starts it: a test run that is
/// itself killed leaves nothing behind.
pub fn clean(program: &Path) -> Command {
    assert!(program.exists(), "{} is not there: run cargo xtask test, which installs it", program.display());
    // Of util-linux, which every Debian has. It becomes the program and keeps its process id.
    let mut command = Command::new("/usr/bin/setpriv");
    command.args(["--pdeathsig", "KILL"]).arg(program);
    command.env_clear().env("PATH", "/usr/local/bin:/usr/bin:/bin:/usr/sbin");
    command
}

/// Runs it to its end.
pub fn call(command: &mut Command) -> Called {
    let Output { status, stdout, stderr } = command.stdin(Stdio::null()).output().unwrap();
    Called {
        code: status.code(),
        stdout: String::from_utf8(stdout).unwrap(),
        stderr: String::from_utf8(stderr).unwrap(),
    }
}

/// How a program ended, and what it said.
#[derive(Debug)]
pub struct Called {
    /// Its exit code; none after a signal.
    pub code: Option<i32>,
    /// On standard output.
    pub stdout: String,
    /// On standard error.
    pub stderr: String,
}
