//! All of it, onto the machine.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, ensure};

use crate::{Wanted, card, explain, keep, render};

/// What is configured, and where.
#[derive(Debug)]
pub struct Machine {
    /// The boot partition.
    pub boot: PathBuf,
    /// What outlives a boot.
    pub data: PathBuf,
    /// Where files go.
    pub root: PathBuf,
    /// Whether it is the machine that this runs on.
    pub is_live: bool,
}

/// Reads the card's file, configures the machine, explains what is wrong. A part that fails is told, and the others go on:
/// a station without a host key still measures.
pub fn apply(machine: &Machine) -> anyhow::Result<()> {
    let (bytes, unreadable) = match card::read(&machine.boot.join(card::NAME)) {
        Ok(bytes) => (bytes, None),
        Err(error) => (Vec::new(), Some(error)),
    };
    let (wanted, mut problems) = crate::read(&bytes, |zone| has_zone(&machine.root, zone));
    if let Some(error) = unreadable {
        let what = format!("cannot be read ({error}); put one there: docs/flash.md says what is in it");
        problems.0.insert(0, minuano_settings::Problem { key: card::NAME.to_owned(), what });
    }

    let mut failed = Vec::new();
    let mut attempt = |what: &str, result: anyhow::Result<()>| {
        if let Err(error) = result {
            failed.push(format!("{what}: {error:#}"));
        }
    };
    for file in render::SOMETIMES {
        attempt(file, absent(&machine.root.join(file)));
    }
    for file in render::files(&wanted) {
        let path = machine.root.join(&file.path);
        attempt(&file.path, replace(&path, file.text.as_bytes(), file.mode).map_err(Into::into));
    }
    attempt("time zone", zone(&machine.root, wanted.zone.as_deref()));
    attempt("machine-id", keep::machine_id(&machine.root, &machine.data).map_err(Into::into));
    if machine.is_live {
        let host = wanted.host();
        attempt("host name", rustix::system::sethostname(host.as_bytes()).map_err(Into::into));
        if !wanted.ssh_keys.is_empty() {
            attempt("host key", keep::host_key(&machine.data));
        }
    }
    let explanation = explain::explanation(&wanted, &problems);
    attempt(explain::FILE, tell(machine, explanation.as_deref()));
    say(&wanted, &problems, &failed);
    ensure!(failed.is_empty(), "{} of the steps above failed", failed.len());
    Ok(())
}

/// systemd shows it on the console and in the journal.
fn say(wanted: &Wanted, problems: &minuano_settings::Problems, failed: &[String]) {
    eprint!("Minuano:\n{}", explain::summary(wanted));
    for problem in &problems.0 {
        eprintln!("  {}: {}", problem.key, problem.what);
    }
    for line in failed {
        eprintln!("  failed: {line}");
    }
}

/// Whether the machine has this time zone.
pub fn has_zone(root: &Path, zone: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '+' | '/');
    let is_name = zone.starts_with(|c: char| c.is_ascii_uppercase()) && zone.chars().all(plain);
    is_name && (zone == "UTC" || zone.contains('/')) && root.join("usr/share/zoneinfo").join(zone).is_file()
}

fn zone(root: &Path, zone: Option<&str>) -> anyhow::Result<()> {
    let (link, zone) = (root.join("etc/localtime"), zone.unwrap_or("UTC"));
    absent(&link)?;
    if let Some(folder) = link.parent() {
        fs::create_dir_all(folder)?;
    }
    symlink(format!("/usr/share/zoneinfo/{zone}"), link)?;
    Ok(())
}

fn absent(file: &Path) -> anyhow::Result<()> {
    match fs::remove_file(file) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error.into()),
        _ => Ok(()),
    }
}

/// Writes a file so that a power cut leaves the old one or the new one.
pub fn replace(file: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    let folder = file.parent().ok_or(io::ErrorKind::InvalidInput)?;
    fs::create_dir_all(folder)?;
    let mut name = file.file_name().ok_or(io::ErrorKind::InvalidInput)?.to_owned();
    name.push(".new");
    let new = folder.join(name);
    match fs::remove_file(&new) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut out = OpenOptions::new().write(true).create_new(true).mode(mode).open(&new)?;
    out.write_all(bytes)?;
    out.sync_all()?;
    fs::rename(&new, file)?;
    File::open(folder)?.sync_all()
}

/// Puts the explanation onto the boot partition, or takes an old one away. The partition is FAT and read-only, and is
/// made writable only where there is something to change.
fn tell(machine: &Machine, explanation: Option<&str>) -> anyhow::Result<()> {
    let file = machine.boot.join(explain::FILE);
    let told = fs::read(&file).ok();
    if told.as_deref() == explanation.map(str::as_bytes) {
        return Ok(());
    }
    remount(machine, "rw")?;
    let result = match explanation {
        Some(text) => replace(&file, text.as_bytes(), 0o600).map_err(Into::into),
        None => absent(&file),
    };
    remount(machine, "ro")?;
    result.with_context(|| file.display().to_string())
}

fn remount(machine: &Machine, how: &str) -> anyhow::Result<()> {
    if !machine.is_live {
        return Ok(());
    }
    let status = Command::new("mount").args(["-o", &format!("remount,{how}")]).arg(&machine.boot).status()?;
    ensure!(status.success(), "{} could not be remounted {how}: {status}", machine.boot.display());
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn machine(folder: &Path) -> Machine {
        let machine = Machine {
            boot: folder.join("boot"),
            data: folder.join("data"),
            root: folder.join("root"),
            is_live: false,
        };
        for folder in [&machine.boot, &machine.data, &machine.root.join("usr/share/zoneinfo/Europe")] {
            fs::create_dir_all(folder).unwrap();
        }
        fs::write(machine.root.join("usr/share/zoneinfo/Europe/Berlin"), "").unwrap();
        machine
    }

    #[test]
    fn each_boot_makes_the_machine_anew_and_a_mended_file_is_forgiven() {
        let folder = tempfile::tempdir().unwrap();
        let machine = machine(folder.path());
        let card = machine.boot.join(card::NAME);
        let told = || fs::read_to_string(machine.boot.join(explain::FILE)).ok();
        let host = || fs::read_to_string(machine.root.join("etc/hostname")).unwrap();
        apply(&machine).unwrap();
        assert!(told().unwrap().contains("minuano.toml: cannot be read"));
        assert_eq!(host(), "minuano\n");

        fs::write(&card, "station = \"roof\"\ngateway = true\ntime_zone = \"Europe/Berlin\"\n[broker]\nhost = \"b\"\nuser = \"u\"\npassword = \"p\"\n")
            .unwrap();
        apply(&machine).unwrap();
        assert_eq!((told(), host().as_str()), (None, "roof\n"));
        let zone = fs::read_link(machine.root.join("etc/localtime")).unwrap();
        assert_eq!(zone, Path::new("/usr/share/zoneinfo/Europe/Berlin"));
        let password = machine.root.join("run/credstore/minuano-mqtt");
        assert_eq!(fs::metadata(&password).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(machine.root.join("run/minuano/gateway").exists());

        fs::write(&card, "station = \"roof\"\ntime_zone = \"../../etc/shadow\"\n").unwrap();
        apply(&machine).unwrap();
        assert!(told().unwrap().contains("time_zone: "));
        assert!(!password.exists() && !machine.root.join("run/minuano/gateway").exists());
        assert_eq!(
            fs::read_link(machine.root.join("etc/localtime")).unwrap(),
            Path::new("/usr/share/zoneinfo/UTC")
        );
    }

    #[test]
    fn a_part_that_fails_keeps_nothing_else_from_being_done() {
        let folder = tempfile::tempdir().unwrap();
        let machine = machine(folder.path());
        fs::write(machine.boot.join(card::NAME), "station = \"roof\"\n").unwrap();
        // No file can be where a folder is.
        fs::create_dir_all(machine.root.join("etc/hosts")).unwrap();
        assert!(apply(&machine).is_err());
        assert!(machine.root.join("etc/minuano/station.toml").exists());
    }
}
