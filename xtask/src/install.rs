//! Installs what the tests need where it is missing, and says what.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, bail};

use crate::process::{must, root, target};

/// What each Debian package is needed for: a program that it brings.
const PACKAGES: [(&str, &str); 3] =
    [("mosquitto", "/usr/sbin/mosquitto"), ("chromium", "/usr/bin/chromium"), ("gcc", "/usr/bin/cc")];
/// What the virtual environment is made from.
const REQUIREMENTS: &str = "tests/requirements.txt";

/// Installs the Debian packages that are missing.
pub fn debian_packages() -> anyhow::Result<()> {
    let missing: Vec<&str> =
        PACKAGES.iter().filter(|(_, program)| !Path::new(program).exists()).map(|(name, _)| *name).collect();
    if missing.is_empty() {
        return Ok(());
    }
    println!("installing Debian packages: {}", missing.join(" "));
    apt(&["update", "-qq"])?;
    apt(&[&["install", "-y", "-qq", "--no-install-recommends"], missing.as_slice()].concat())
}

fn apt(arguments: &[&str]) -> anyhow::Result<()> {
    if !Path::new("/usr/bin/apt-get").exists() {
        bail!("there is no apt-get here; install these by hand: mosquitto, chromium, gcc");
    }
    let mut command = if rustix::process::geteuid().is_root() {
        Command::new("apt-get")
    } else {
        let mut sudo = Command::new("sudo");
        sudo.args(["--preserve-env=DEBIAN_FRONTEND", "apt-get"]);
        sudo
    };
    must(command.args(arguments).env("DEBIAN_FRONTEND", "noninteractive").stdout(Stdio::null()))
}

/// The Python of a virtual environment under `target/` that has the tests' packages.
pub fn python() -> anyhow::Result<PathBuf> {
    let folder = target().join("python");
    let python = folder.join("bin/python");
    let wanted = std::fs::read_to_string(root().join(REQUIREMENTS)).context(REQUIREMENTS)?;
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
            .args(["-m", "pip", "install", "--quiet", "--requirement", REQUIREMENTS])
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
