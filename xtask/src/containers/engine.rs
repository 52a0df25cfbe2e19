//! A Docker engine and a registry of this run's own, ended with it.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};

use super::debian::Programs;
use crate::process::{Service, must, output, root, target};

/// Debian's client; another in PATH may speak a newer protocol than Debian's engine.
const DOCKER: &str = "/usr/bin/docker";
const WITHIN: Duration = Duration::from_secs(60);

/// The engine, its registry, and how to speak to them.
pub struct Engine {
    socket: String,
    /// `127.0.0.1:port`
    pub registry: String,
    programs: Programs,
    // The registry goes first.
    services: Vec<Service>,
}

impl Engine {
    /// Starts both with what they keep under `folder` and, for the layers, `target/engine`.
    pub fn start(folder: &Path) -> anyhow::Result<Self> {
        let socket = format!("unix://{}", folder.join("docker.sock").display());
        let mut command = ended_with_us("/usr/sbin/dockerd");
        command.args(["--host", &socket, "--data-root"]).arg(layers());
        command.arg("--exec-root").arg(folder.join("exec")).arg("--pidfile").arg(folder.join("dockerd.pid"));
        command.stdout(Stdio::null()).stderr(File::create(folder.join("dockerd.log"))?);
        let dockerd = Service::start("dockerd", &mut command)?;

        let registry = TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.to_string();
        let settings = folder.join("registry.yaml");
        fs::write(
            &settings,
            format!(
                "version: 0.1\nstorage:\n  filesystem:\n    rootdirectory: {}\nhttp:\n  addr: {registry}\n",
                folder.join("registry").display()
            ),
        )?;
        let mut command = ended_with_us("/usr/bin/docker-registry");
        command.arg("serve").arg(&settings).stdout(Stdio::null());
        command.stderr(File::create(folder.join("registry.log"))?);
        let service = Service::start("docker-registry", &mut command)?;

        let programs = Programs::new();
        let mut engine = Self { socket, registry, programs, services: vec![service, dockerd] };
        engine.ready().with_context(|| format!("see the logs in {}", folder.display()))?;
        Ok(engine)
    }

    fn ready(&mut self) -> anyhow::Result<()> {
        let deadline = Instant::now() + WITHIN;
        loop {
            self.services.iter_mut().try_for_each(Service::must_run)?;
            let mut info = self.docker(&["info"]);
            info.stdout(Stdio::null()).stderr(Stdio::null());
            if info.status()?.success() && TcpStream::connect(&self.registry).is_ok() {
                return Ok(());
            }
            ensure!(Instant::now() < deadline, "no engine within {} s", WITHIN.as_secs());
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// The client, told where the engine is.
    pub fn docker<S: AsRef<OsStr>>(&self, arguments: &[S]) -> Command {
        let mut command = Command::new(DOCKER);
        command.args(arguments).current_dir(root()).stdin(Stdio::null());
        command.envs(self.environment());
        command
    }

    /// The program, which wants the environment.
    pub fn compose(&self) -> anyhow::Result<PathBuf> {
        self.programs.compose()
    }

    /// What a client needs to know.
    pub fn environment(&self) -> [(&'static str, &str); 2] {
        [("DOCKER_HOST", &self.socket), ("DOCKER_BUILDKIT", "1")]
    }

    /// Runs the client, which must succeed.
    pub fn must(&self, arguments: &[&str]) -> anyhow::Result<()> {
        must(self.docker(arguments).stdout(Stdio::null()))
    }

    /// Runs the client and gives what it printed.
    pub fn says(&self, arguments: &[&str]) -> anyhow::Result<String> {
        Ok(output(&mut self.docker(arguments))?.trim().to_owned())
    }

    /// Runs the client, whatever it says: what is to be removed may not be there.
    pub fn may(&self, arguments: &[&str]) {
        let mut command = self.docker(arguments);
        let _ = command.stdout(Stdio::null()).stderr(Stdio::null()).status();
    }

    /// Whether it has this image.
    pub fn has(&self, image: &str) -> bool {
        let mut inspect = self.docker(&["image", "inspect", image]);
        inspect.stdout(Stdio::null()).stderr(Stdio::null());
        inspect.status().is_ok_and(|status| status.success())
    }

    /// Asks a container to stop. The engine kills one that takes longer than `seconds`, which its exit code shows.
    pub fn stop(&self, container: &str, seconds: u32) -> anyhow::Result<()> {
        self.must(&["stop", "--time", &seconds.to_string(), container])?;
        let code = self.says(&["inspect", "--format", "{{.State.ExitCode}}", container])?;
        ensure!(code == "0", "{container} ended with {code}, {seconds} s after SIGTERM at the latest");
        Ok(())
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        // An engine that is killed leaves its containers' processes and mounts behind.
        for service in self.services.drain(..) {
            let _ = service.stop(WITHIN);
        }
    }
}

/// A program that the kernel asks to stop when this process ends, however it ends.
fn ended_with_us(program: &str) -> Command {
    // Of util-linux, which every Debian has. It becomes the program and keeps its process id.
    let mut command = Command::new("/usr/bin/setpriv");
    command.args(["--pdeathsig", "TERM", program]);
    command
}

/// Kept from run to run: the bases are dear.
fn layers() -> PathBuf {
    target().join("engine")
}
