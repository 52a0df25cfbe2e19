//! `cargo xtask test image`: the image boots in QEMU, and what it promises is seen (tests/image).

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, ensure};

use super::NAME;
use crate::install;
use crate::process::{cargo, must, output, root, target};

const PROGRAMS: [(&str, &str); 5] = [
    ("mosquitto", "/usr/sbin/mosquitto"),
    ("chrony", "/usr/sbin/chronyd"),
    ("mtools", "/usr/bin/mcopy"),
    ("e2fsprogs", "/usr/sbin/e2fsck"),
    ("chromium", "/usr/bin/chromium"),
];
const QEMU: &str = "/usr/bin/qemu-system-aarch64";
/// QEMU 7 of Debian 12 starts no Debian 13 kernel on its Raspberry Pi.
const QEMU_AT_LEAST: u32 = 9;

/// Installs what is missing and sees it all, or what the arguments name.
pub fn run(arguments: &[String]) -> anyhow::Result<()> {
    let image = target().join("image").join(format!("{NAME}.img"));
    ensure!(image.exists(), "{} is not there; cargo xtask image makes it", image.display());
    install::programs(&PROGRAMS)?;
    qemu()?;
    crate::panel::packages("tests/browser")?;
    // The gateway beside the board; it embeds the panel.
    crate::panel::build()?;
    must(cargo().args(["build", "--package", "minuano-gateway"]))?;
    must(cargo().args(["build", "--package", "minuano-tests", "--bin", "image"]))?;
    let mut prove = Command::new(target().join("debug/image"));
    prove.current_dir(root()).arg("prove").arg("--image").arg(&image);
    prove.arg("--pictures").arg(target().join("image")).arg("--report").arg(root().join("docs/image.md"));
    must(prove.args(arguments))
}

/// A QEMU that knows the Raspberry Pi 3B well enough; on Debian 12 from its backports.
fn qemu() -> anyhow::Result<()> {
    if version().is_some_and(|version| version >= QEMU_AT_LEAST) {
        return Ok(());
    }
    let release = fs::read_to_string("/etc/os-release").unwrap_or_default();
    if release.contains("VERSION_CODENAME=bookworm") {
        backported(&["qemu-system-arm", "qemu-utils"])?;
    } else {
        install::packages(&["qemu-system-arm".to_owned(), "qemu-utils".to_owned()])?;
    }
    let version = version().with_context(|| format!("{QEMU} does not start"))?;
    ensure!(version >= QEMU_AT_LEAST, "QEMU {version} is too old; it takes {QEMU_AT_LEAST} or later");
    Ok(())
}

/// `QEMU emulator version 10.0.2 (Debian …)`
fn version() -> Option<u32> {
    let said = output(Command::new(QEMU).arg("--version")).ok()?;
    said.split_whitespace().nth(3)?.split('.').next()?.parse().ok()
}

/// From backports, with apt's lists of its own: this machine's stay as they are.
fn backported(names: &[&str]) -> anyhow::Result<()> {
    println!("installing from bookworm-backports: {}", names.join(" "));
    let folder: PathBuf = target().join("image/apt");
    fs::create_dir_all(folder.join("parts"))?;
    fs::create_dir_all(folder.join("lists/partial"))?;
    let sources = "Types: deb\nURIs: http://deb.debian.org/debian\nSuites: bookworm bookworm-updates bookworm-backports\n\
                   Components: main\nArchitectures: amd64\nSigned-By: /usr/share/keyrings/debian-archive-keyring.gpg\n";
    fs::write(folder.join("parts/backports.sources"), sources)?;
    let apt = |arguments: &[&str]| {
        let mut command = Command::new("apt-get");
        command.arg("-o").arg("Dir::Etc::sourcelist=/dev/null");
        command.arg("-o").arg(format!("Dir::Etc::sourceparts={}", folder.join("parts").display()));
        command.arg("-o").arg(format!("Dir::State::lists={}", folder.join("lists").display()));
        command.args(["-qq"]).args(arguments).env("DEBIAN_FRONTEND", "noninteractive");
        must(&mut command)
    };
    apt(&["update"])?;
    apt(&[&["install", "-y", "--no-install-recommends", "-t", "bookworm-backports"], names].concat())
}
