//! Installs what the tests need where it is missing, and says what.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, bail};

use crate::process::{must, output, root, target};

/// What each Debian package is needed for: a program that it brings.
const PACKAGES: [(&str, &str); 6] = [
    ("mosquitto", "/usr/sbin/mosquitto"),
    ("mosquitto-clients", "/usr/bin/mosquitto_pub"),
    ("openssl", "/usr/bin/openssl"),
    ("chromium", "/usr/bin/chromium"),
    ("gcc", "/usr/bin/cc"),
    ("shellcheck", "/usr/bin/shellcheck"),
];
/// Brokers that one suite needs.
pub const BROKERS: [(&str, &str); 4] = [
    ("rabbitmq-server", "/usr/sbin/rabbitmq-server"),
    ("activemq", "/usr/bin/activemq"),
    ("libmqtt-client-java", "/usr/share/java/mqtt-client.jar"),
    ("default-jre-headless", "/usr/bin/java"),
];
/// What the virtual environment is made from.
const REQUIREMENTS: &str = "tests/requirements.txt";

/// What a run of all tests in a clean checkout writes at most, in GB, as measured on 2026-11-21: 4.9, without incremental state.
const CLEAN_RUN_GB: f64 = 5.0;

/// Says so when the disk may be too small: a build that finds it full says nothing that helps.
pub fn room() -> anyhow::Result<()> {
    let folder = target();
    std::fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
    let disk = rustix::fs::statvfs(&folder).with_context(|| folder.display().to_string())?;
    let free = (disk.f_bavail * disk.f_frsize) as f64 / 1e9;
    let folder = folder.display();
    println!(
        "{free:.1} GB free for {folder}; all tests of a clean checkout write up to {CLEAN_RUN_GB:.1} GB"
    );
    Ok(())
}

/// Installs the Debian packages that are missing.
pub fn debian_packages() -> anyhow::Result<()> {
    programs(&PACKAGES)
}

/// Installs the packages whose programs are missing.
pub fn programs(wanted: &[(&str, &str)]) -> anyhow::Result<()> {
    let missing: Vec<&str> =
        wanted.iter().filter(|(_, program)| !Path::new(program).exists()).map(|(name, _)| *name).collect();
    if missing.is_empty() { Ok(()) } else { install(&missing) }
}

/// Installs those of these packages that dpkg does not know as installed. A name may have an architecture: libc6:arm64.
pub fn packages(wanted: &[String]) -> anyhow::Result<()> {
    let missing: Vec<&str> = wanted.iter().map(String::as_str).filter(|name| !is_installed(name)).collect();
    if missing.is_empty() { Ok(()) } else { install(&missing) }
}

/// Lets dpkg and apt know another architecture.
pub fn architecture(name: &str) -> anyhow::Result<()> {
    let known = output(Command::new("dpkg").arg("--print-foreign-architectures"))?;
    if known.lines().any(|line| line == name) {
        return Ok(());
    }
    println!("adding the architecture {name} to dpkg's");
    must(as_root("dpkg").args(["--add-architecture", name]))
}

/// Whether this user can install packages without being asked for anything.
pub fn may_install() -> bool {
    let mut sudo = Command::new("sudo");
    sudo.args(["-n", "true"]).stdin(Stdio::null()).stderr(Stdio::null());
    rustix::process::geteuid().is_root() || sudo.status().is_ok_and(|status| status.success())
}

fn is_installed(name: &str) -> bool {
    let mut query = Command::new("dpkg-query");
    query.args(["--show", "--showformat=${db:Status-Status}", name]).stderr(Stdio::null());
    query.output().is_ok_and(|output| output.stdout == b"installed")
}

fn install(names: &[&str]) -> anyhow::Result<()> {
    println!("installing Debian packages: {}", names.join(" "));
    apt(&["update", "-qq"])?;
    apt(&[&["install", "-y", "-qq", "--no-install-recommends"], names].concat())
}

fn as_root(program: &str) -> Command {
    if rustix::process::geteuid().is_root() {
        return Command::new(program);
    }
    let mut sudo = Command::new("sudo");
    sudo.args(["--preserve-env=DEBIAN_FRONTEND", program]);
    sudo
}

fn apt(arguments: &[&str]) -> anyhow::Result<()> {
    if !Path::new("/usr/bin/apt-get").exists() {
        bail!("there is no apt-get here; install by hand what was named");
    }
    must(as_root("apt-get").args(arguments).env("DEBIAN_FRONTEND", "noninteractive").stdout(Stdio::null()))
}

/// The Python of a virtual environment under `target/` that has the tests' packages.
pub fn python() -> anyhow::Result<PathBuf> {
    environment("python", REQUIREMENTS)
}

/// The Python of a virtual environment under `target/` that has what a file asks for.
pub fn environment(name: &str, requirements: &str) -> anyhow::Result<PathBuf> {
    let folder = target().join(name);
    let python = folder.join("bin/python");
    let wanted =
        std::fs::read_to_string(root().join(requirements)).with_context(|| requirements.to_owned())?;
    let stamp = folder.join("requirements.txt");
    if std::fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(python);
    }
    println!(
        "installing Python packages into {}: {}",
        folder.display(),
        wanted.split_whitespace().collect::<Vec<_>>().join(" ")
    );
    make_environment(&folder)?;
    must(
        Command::new(&python)
            .args(["-m", "pip", "install", "--quiet", "--requirement", requirements])
            .current_dir(root()),
    )?;
    std::fs::write(stamp, wanted)?;
    Ok(python)
}

/// Debian puts the venv module into a package of its own.
fn make_environment(folder: &Path) -> anyhow::Result<()> {
    let make =
        || must(Command::new("python3").args(["-m", "venv", "--clear"]).arg(folder).stderr(Stdio::null()));
    if make().is_ok() {
        return Ok(());
    }
    println!("installing Debian packages: python3-venv");
    apt(&["update", "-qq"])?;
    apt(&["install", "-y", "-qq", "--no-install-recommends", "python3-venv", "python3-pip"])?;
    make()
}
