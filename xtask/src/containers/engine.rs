//! A Docker engine and a registry of this run's own, ended with it.

use std::fs::{self, File};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};

use crate::process::{Service, must, output, root, target};

/// Debian's client; another in PATH may speak a newer protocol than Debian's engine.
const DOCKER: &str = "/usr/bin/docker";
const WITHIN: Duration = Duration::from_secs(60);

/// The engine, its registry, and how to speak to them.
pub struct Engine {
    socket: String,
    /// `127.0.0.1:port`
    pub registry: String,
    // The registry goes first.
    _registry: Service,
    _dockerd: Service,
}

impl Engine {
    /// Starts both with what they keep under `folder` and, for the layers, `target/engine`.
    pub fn start(folder: &Path) -> anyhow::Result<Self> {
        let socket = format!("unix://{}", folder.join("docker.sock").display());
        let log = File::create(folder.join("dockerd.log"))?;
        let mut command = Command::new("/usr/sbin/dockerd");
        command.args(["--host", &socket, "--data-root"]).arg(layers());
        command.arg("--exec-root").arg(folder.join("exec")).arg("--pidfile").arg(folder.join("dockerd.pid"));
        command.stdout(Stdio::null()).stderr(log);
        let mut dockerd = Service::start("dockerd", &mut command)?;

        let registry = TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.to_string();
        let settings = folder.join("registry.yaml");
        fs::write(
            &settings,
            format!(
                "version: 0.1\nstorage:\n  filesystem:\n    rootdirectory: {}\nhttp:\n  addr: {registry}\n",
                folder.join("registry").display()
            ),
        )?;
        let mut command = Command::new("/usr/bin/docker-registry");
        command.arg("serve").arg(&settings).stdout(Stdio::null());
        command.stderr(File::create(folder.join("registry.log"))?);
        let service = Service::start("docker-registry", &mut command)?;

        let deadline = Instant::now() + WITHIN;
        loop {
            dockerd.must_run().with_context(|| format!("see {}", folder.join("dockerd.log").display()))?;
            let mut info = Command::new(DOCKER);
            info.args(["--host", &socket, "info"]).stdout(Stdio::null()).stderr(Stdio::null());
            if info.status()?.success() && TcpStream::connect(&registry).is_ok() {
                return Ok(Self { socket, registry, _registry: service, _dockerd: dockerd });
            }
            ensure!(Instant::now() < deadline, "no engine within {} s", WITHIN.as_secs());
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// The client, told where the engine is.
    pub fn docker<S: AsRef<std::ffi::OsStr>>(&self, arguments: &[S]) -> Command {
        let mut command = Command::new(DOCKER);
        command.args(["--host", &self.socket]).args(arguments).current_dir(root());
        command.env("DOCKER_BUILDKIT", "1").stdin(Stdio::null());
        command
    }

    /// Runs the client, which must succeed.
    pub fn must(&self, arguments: &[&str]) -> anyhow::Result<()> {
        must(self.docker(arguments).stdout(Stdio::null()))
    }

    /// Runs the client and gives what it printed.
    pub fn says(&self, arguments: &[&str]) -> anyhow::Result<String> {
        Ok(output(&mut self.docker(arguments))?.trim().to_owned())
    }

    /// Whether it has this image.
    pub fn has(&self, image: &str) -> bool {
        let mut inspect = self.docker(&["image", "inspect", image]);
        inspect.stdout(Stdio::null()).stderr(Stdio::null());
        inspect.status().is_ok_and(|status| status.success())
    }
}

/// Kept from run to run: the bases are dear.
fn layers() -> PathBuf {
    target().join("engine")
}
