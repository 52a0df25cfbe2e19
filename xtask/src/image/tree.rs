//! The root file system, from packages to a squashfs.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, ensure};

use super::Place;
use crate::process::{must, root, shown};

/// Debian 13: its kernel's device trees know the boards' I2C bus.
const DEBIAN: &str = "trixie";
/// The time of files that packages make while they are configured: Debian 13's release. What comes of it is kept from
/// build to build, so it may not depend on the commit that happened to be the first.
const CONFIGURED: &str = "1754697600";
/// What is in packages and not wanted on a card. The initramfs is made once, at the end, and so is the list of
/// certificates: each program that they start is emulated.
const LEFT_OUT: [&str; 9] = [
    "path-exclude=/usr/sbin/update-ca-certificates",
    // Names and quirks of keyboards, mice and modems; made into one file by a program that takes a minute.
    "path-exclude=/usr/lib/udev/hwdb.d/*",
    "path-exclude=/etc/kernel/postinst.d/initramfs-tools",
    "path-exclude=/etc/initramfs/post-update.d/*",
    "path-exclude=/usr/share/man/*",
    "path-exclude=/usr/share/locale/*",
    "path-exclude=/usr/share/doc/*",
    "path-include=/usr/share/doc/*/copyright",
    "path-include=/usr/share/doc/minuano-*",
];

/// A program in the place of the one that is left out, for those who call it.
const CERTIFICATES_LATER: &str = r#"mkdir -p "$1/usr/sbin" && printf '#!/bin/sh\n' >"$1/usr/sbin/update-ca-certificates" && chmod 0755 "$1/usr/sbin/update-ca-certificates""#;

/// What the packages became.
pub struct Tree {
    /// The root.
    pub squashfs: PathBuf,
    /// What the firmware loads: `slot/` with kernel and initramfs, the firmware itself, `packages.tsv`.
    pub boot: PathBuf,
}

/// Makes it.
pub fn make(place: &Place, debian: &Path, debs: &[PathBuf], setup: &Path) -> anyhow::Result<Tree> {
    let tree = Tree { squashfs: place.folder.join("root.squashfs"), boot: place.folder.join("boot") };
    let unpacked = place.folder.join("root");
    for folder in [&tree.boot, &unpacked] {
        if folder.exists() {
            fs::remove_dir_all(folder).with_context(|| folder.display().to_string())?;
        }
        fs::create_dir_all(folder)?;
    }
    let mut unpack = Command::new("tar");
    unpack.args(["--extract", "--numeric-owner", "--xattrs", "--xattrs-include=*", "--file"]).arg(debian);
    must(unpack.arg("--directory").arg(&unpacked))?;
    let mut customize = Command::new(root().join("image/customize"));
    customize.arg(&unpacked).arg(&tree.boot).arg(setup).args(debs);
    let log = place.folder.join("customize.log");
    logged(customize.env("SOURCE_DATE_EPOCH", &place.epoch), &log)?;

    // In the order of names, and nothing younger than the epoch: the same files make the same bytes.
    let mut pack = Command::new("tar");
    pack.args([
        "--create",
        "--sort=name",
        "--numeric-owner",
        "--xattrs",
        "--xattrs-include=*",
        "--one-file-system",
    ]);
    pack.arg(format!("--mtime=@{}", place.epoch)).args(["--clamp-mtime", "--format=posix"]);
    pack.args(["--pax-option=exthdr.name=%d/PaxHeaders/%f,delete=atime,delete=ctime", "--directory"]);
    pack.arg(&unpacked).arg(".").stdout(Stdio::piped());
    let mut source = pack.spawn().context("tar did not start")?;
    let mut squash = Command::new("tar2sqfs");
    squash.args(["--quiet", "--force", "--compressor", "zstd", "--comp-extra", "level=12"]);
    squash.args(["--block-size", "262144", "--exportable"]).arg(&tree.squashfs);
    squash.env("SOURCE_DATE_EPOCH", &place.epoch);
    squash.stdin(source.stdout.take().context("tar has no output")?);
    must(&mut squash)?;
    let packed = source.wait()?;
    ensure!(packed.success(), "{} ended with {packed}", shown(&pack));
    fs::remove_dir_all(&unpacked).with_context(|| unpacked.display().to_string())?;
    Ok(tree)
}

/// Debian's packages, unpacked and configured, as an archive. Most of the time goes here, so it is kept from build to
/// build until the list of packages changes or `is_fresh`.
pub fn debian(place: &Place, is_fresh: bool) -> anyhow::Result<PathBuf> {
    let (made, of) = (place.folder.join("debian.tar"), place.folder.join("debian.packages"));
    let listed = fs::read_to_string(root().join("image/packages")).context("image/packages")?;
    let include: Vec<&str> = packages(&listed).collect();
    let include = include.join(",");
    if !is_fresh && made.exists() && fs::read_to_string(&of).is_ok_and(|kept| kept == include) {
        println!("with the packages of an earlier build; --fresh takes Debian's present ones");
        return Ok(made);
    }
    let mut command = Command::new("mmdebstrap");
    command.args([
        "--mode=root",
        "--variant=essential",
        "--architectures=arm64",
        "--format=tar",
        "--verbose",
    ]);
    command.args(["--components=main,non-free-firmware", "--aptopt=APT::Install-Recommends \"false\""]);
    command.args(LEFT_OUT.map(|rule| format!("--dpkgopt={rule}"))).arg(format!("--include={include}"));
    let (half, log) = (place.folder.join("debian.half.tar"), place.folder.join("debian.log"));
    command.arg(format!("--essential-hook={CERTIFICATES_LATER}"));
    // Nothing of it is worth keeping should this machine stop meanwhile.
    command.arg("--dpkgopt=force-unsafe-io");
    logged(command.arg(DEBIAN).arg(&half).env("SOURCE_DATE_EPOCH", CONFIGURED), &log)?;
    fs::rename(&half, &made)?;
    fs::write(&of, include)?;
    Ok(made)
}

/// Runs a command for minutes: each line that it says is in the log, with the second of the run; `I: ` lines, which
/// tell how far it is, are shown as well.
fn logged(command: &mut Command, log: &Path) -> anyhow::Result<()> {
    let (reader, writer) = io::pipe()?;
    let mut file = File::create(log).with_context(|| log.display().to_string())?;
    command.stdin(Stdio::null()).stdout(writer.try_clone()?).stderr(writer);
    let begun = Instant::now();
    let mut child = command.spawn().with_context(|| format!("{} did not start", shown(command)))?;
    // The command's own ends of the pipe would keep it open.
    command.stdout(Stdio::null()).stderr(Stdio::null());
    for line in BufReader::new(reader).split(b'\n') {
        let line = line?;
        let line = String::from_utf8_lossy(&line);
        let seconds = begun.elapsed().as_secs();
        if let Some(step) = line.strip_prefix("I: ") {
            println!("{seconds:>5} s  {step}");
        }
        writeln!(file, "{seconds:>5} {line}")?;
    }
    let status = child.wait()?;
    ensure!(status.success(), "{} ended with {status}; see {}", shown(command), log.display());
    Ok(())
}

/// The names in `image/packages`.
fn packages(listed: &str) -> impl Iterator<Item = &str> {
    listed.lines().filter_map(|line| line.split('#').next()).map(str::trim).filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_of_packages_has_names_and_reasons() {
        let listed = include_str!("../../../image/packages");
        let names: Vec<&str> = packages(listed).collect();
        assert!(names.contains(&"linux-image-arm64") && names.contains(&"raspi-firmware"), "{names:?}");
        let is_name = |name: &&str| {
            name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"+-.".contains(&b))
        };
        assert!(names.iter().all(is_name), "{names:?}");
        let mut once = names.clone();
        once.sort_unstable();
        once.dedup();
        assert_eq!(once.len(), names.len(), "each once: {names:?}");
    }

    #[test]
    fn every_script_of_the_recipe_passes_shellcheck() {
        let scripts = [
            "customize",
            "files/usr/lib/minuano/grow",
            "files/etc/initramfs-tools/hooks/minuano",
            "files/etc/initramfs-tools/scripts/init-bottom/minuano",
        ];
        let mut check = Command::new("shellcheck");
        check.args(["--shell=sh"]).args(scripts.map(|script| root().join("image").join(script)));
        let output = check.output().expect("shellcheck is installed; cargo xtask test does it");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    }
}
