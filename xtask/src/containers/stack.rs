//! A compose stack in a folder of its own, so that what is written beside the files stays out of the repository.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, ensure};
use serde_json::Value;

use super::engine::Engine;
use crate::process::{must, output, root, shown};

/// From nothing to every health check.
const HEALTHY_WITHIN: &str = "60";
/// From SIGTERM to the end, for all together; the engine kills who takes longer.
const STOPS_WITHIN: &str = "5";

/// Some of the files in `docker/compose`, run together. What is left of it goes with it.
pub struct Stack<'a> {
    engine: &'a Engine,
    /// A copy of `docker/compose`.
    pub folder: PathBuf,
    files: Vec<String>,
    services: Vec<&'static str>,
    environment: Vec<(&'static str, String)>,
}

impl<'a> Stack<'a> {
    /// Made of these files; nothing runs yet.
    pub fn new(engine: &'a Engine, folder: &Path, files: &[&str]) -> anyhow::Result<Self> {
        if !folder.exists() {
            must(Command::new("cp").arg("--recursive").arg(root().join("docker/compose")).arg(folder))?;
        }
        let files = files.iter().map(|&file| file.to_owned()).collect();
        Ok(Self { engine, folder: folder.to_owned(), files, services: Vec::new(), environment: Vec::new() })
    }

    /// With this variable.
    pub fn with(mut self, name: &'static str, value: &str) -> Self {
        self.environment.push((name, value.to_owned()));
        self
    }

    /// With these services alone.
    pub fn services(mut self, services: &[&'static str]) -> Self {
        self.services = services.to_vec();
        self
    }

    /// With what is other here than in the world.
    pub fn but(mut self, name: &str, text: &str) -> anyhow::Result<Self> {
        fs::write(self.folder.join(name), text).with_context(|| name.to_owned())?;
        self.files.push(name.to_owned());
        Ok(self)
    }

    /// What compose understands of its files.
    pub fn model(&self) -> anyhow::Result<Value> {
        let text = self.says(&["config", "--format", "json"])?;
        serde_json::from_str(&text).with_context(|| text.clone())
    }

    /// Starts it, and waits until all are healthy.
    pub fn up(&self) -> anyhow::Result<()> {
        let begun = Instant::now();
        let mut up = self.compose(&["up", "--detach", "--wait", "--wait-timeout", HEALTHY_WITHIN])?;
        up.args(&self.services);
        self.quietly(&mut up)?;
        println!("{}: healthy after {:.1} s", self.files[0], begun.elapsed().as_secs_f64());
        Ok(())
    }

    /// Stops it and forgets its containers; its volumes stay.
    pub fn down(&self) -> anyhow::Result<()> {
        let begun = Instant::now();
        self.quietly(&mut self.compose(&["stop", "--timeout", STOPS_WITHIN])?)?;
        let ended = self.says(&["ps", "--all", "--format", "{{.Name}} {{.ExitCode}}"])?;
        ensure!(!ended.is_empty(), "nothing was stopped");
        for line in ended.lines() {
            ensure!(line.ends_with(" 0"), "did not stop well within {STOPS_WITHIN} s: {line}");
        }
        self.quietly(&mut self.compose(&["down"])?)?;
        println!("{}: down after {:.1} s", self.files[0], begun.elapsed().as_secs_f64());
        Ok(())
    }

    /// Where a service's port is published.
    pub fn address(&self, service: &str, port: u16) -> anyhow::Result<String> {
        self.says(&["port", service, &port.to_string()])
    }

    /// Runs a program in a service's container and gives what it printed.
    pub fn exec(&self, service: &str, command: &[&str]) -> anyhow::Result<String> {
        self.says(&[&["exec", "--no-TTY", service], command].concat())
    }

    /// What compose printed.
    fn says(&self, arguments: &[&str]) -> anyhow::Result<String> {
        Ok(output(&mut self.compose(arguments)?)?.trim().to_owned())
    }

    /// Compose tells its progress, which is of interest when it failed.
    fn quietly(&self, command: &mut Command) -> anyhow::Result<()> {
        let output = command.output().with_context(|| format!("{} did not start", shown(command)))?;
        ensure!(
            output.status.success(),
            "{} ended with {}\n{}",
            shown(command),
            output.status,
            String::from_utf8_lossy(&output.stderr)
        );
        Ok(())
    }

    /// The last that each of its services said.
    pub fn logs(&self) -> String {
        self.says(&["logs", "--no-color", "--tail", "15"]).unwrap_or_default()
    }

    /// Anything that is told of this stack's folder, images and engine.
    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.current_dir(&self.folder).envs(self.engine.environment()).stdin(Stdio::null());
        // `prepare.sh` takes the client in PATH, which has to fit Debian's engine.
        command.env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command
    }

    fn compose(&self, arguments: &[&str]) -> anyhow::Result<Command> {
        let mut command = self.command(&self.engine.compose()?.display().to_string());
        for file in &self.files {
            command.args(["--file", file]);
        }
        command.args(arguments);
        Ok(command)
    }
}

impl Drop for Stack<'_> {
    fn drop(&mut self) {
        if let Ok(mut down) = self.compose(&["down", "--volumes", "--timeout", "1"]) {
            let _ = down.stdout(Stdio::null()).stderr(Stdio::null()).status();
        }
    }
}
