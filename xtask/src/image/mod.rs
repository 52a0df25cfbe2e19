//! `cargo xtask image`: the card image, from Debian's arm64 packages and ours, without loop devices.
//!
//! What stands on the image is in `image/`; here is how it is put together. docs/image.md says why it is so.
//!
//! # Layout, in the order of the build
//!
//! - [`tree`]: the root file system, as a squashfs, and what the firmware loads
//! - [`partitions`]: the three file systems of a card
//! - [`layout`]: where they lie, read from `image/layout.sfdisk`
//! - [`inventory`]: the bill of materials
//! - [`publish`]: compressed, with checksum, block map and the entry for Raspberry Pi Imager
//! - [`prove`]: `cargo xtask test image`

mod inventory;
mod layout;
mod partitions;
pub mod prove;
mod publish;
mod tree;

use std::path::PathBuf;
use std::process::Command;
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Instant;

use anyhow::Context;
use clap::Args;

use crate::cross::{self, Build, Target};
use crate::process::{output, root, target};
use crate::{emulation, install, package};

/// What the build runs, by Debian package.
const PROGRAMS: [(&str, &str); 11] = [
    ("mmdebstrap", "/usr/bin/mmdebstrap"),
    ("qemu-user-static", "/usr/bin/qemu-aarch64-static"),
    ("arch-test", "/usr/bin/arch-test"),
    ("squashfs-tools-ng", "/usr/bin/tar2sqfs"),
    ("mtools", "/usr/bin/mcopy"),
    ("dosfstools", "/usr/sbin/mkfs.vfat"),
    ("e2fsprogs", "/usr/sbin/mke2fs"),
    ("fdisk", "/usr/sbin/sfdisk"),
    ("xz-utils", "/usr/bin/xz"),
    ("bmap-tools", "/usr/bin/bmaptool"),
    ("debian-archive-keyring", "/usr/share/keyrings/debian-archive-keyring.gpg"),
];

/// The image's name, and that of everything beside it.
pub const NAME: &str = "minuano-pi-arm64";

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  cargo xtask image\n  cargo xtask image --raw\n  SOURCE_DATE_EPOCH=1763683200 cargo xtask image\n\nIt needs root, for the arm64 programs that Debian's packages run. See docs/image.md."
)]
pub struct Options {
    /// Only the image itself: not compressed, nothing beside it
    #[arg(long)]
    raw: bool,
    /// Takes the arm64 packages and minuano-setup as they were built last
    #[arg(long)]
    no_build: bool,
    /// Takes Debian's packages as they are now, not those of the last build
    #[arg(long)]
    fresh: bool,
}

/// Where everything goes.
pub struct Place {
    /// `target/image`
    pub folder: PathBuf,
    /// Seconds since 1970: no file is younger.
    pub epoch: String,
}

/// Builds it and says how long that took and how large it is.
pub fn run(options: &Options) -> anyhow::Result<()> {
    anyhow::ensure!(
        rustix::process::geteuid().is_root(),
        "Debian's packages are unpacked and configured as root; run it with sudo, or in a container"
    );
    install::programs(&PROGRAMS)?;
    emulation::arm64()?;
    let place = Place { folder: target().join("image"), epoch: epoch()? };
    std::fs::create_dir_all(&place.folder).with_context(|| place.folder.display().to_string())?;

    let steps = Steps::begin();
    let (debian, debs, setup) = thread::scope(|scope| {
        // Debian's packages run one by one; the compiler takes the other cores meanwhile.
        let debian = scope.spawn(|| steps.take("debian", || tree::debian(&place, options.fresh)));
        let debs = steps.take("packages", || {
            if options.no_build { package::made_for_the_image() } else { package::for_the_image() }
        })?;
        let setup = steps.take("minuano-setup", || setup(options.no_build))?;
        let debian = debian.join().map_err(|_| anyhow::anyhow!("step debian panicked"))??;
        anyhow::Ok((debian, debs, setup))
    })?;
    let tree = steps.take("root", || tree::make(&place, &debian, &debs, &setup))?;
    let image = steps.take("card", || partitions::card(&place, &tree))?;
    inventory::write(&place, &tree)?;
    if !options.raw {
        steps.take("compress", || publish::publish(&place, &image))?;
    }
    steps.say(&place)
}

/// The program that reads minuano.toml, for arm64.
fn setup(is_built: bool) -> anyhow::Result<PathBuf> {
    let build = Build {
        target: Target::Arm64,
        package: "minuano-setup",
        profile: "firmware",
        toolchain: cross::best(),
    };
    let binary = build.target_folder().join(Target::Arm64.triple()).join("firmware/minuano-setup");
    if is_built && binary.exists() { Ok(binary) } else { build.run() }
}

/// The time of the last commit, where nobody says another.
fn epoch() -> anyhow::Result<String> {
    if let Ok(epoch) = std::env::var("SOURCE_DATE_EPOCH") {
        let right = epoch.parse::<u32>().is_ok();
        anyhow::ensure!(right, "SOURCE_DATE_EPOCH is {epoch:?}; it takes seconds since 1970");
        return Ok(epoch);
    }
    let mut git = Command::new("git");
    git.args(["log", "-1", "--format=%ct"]).current_dir(root());
    Ok(output(&mut git)?.trim().to_owned())
}

/// How long all of it took, and each step; two of them run beside each other.
struct Steps {
    begun: Instant,
    each: Mutex<Vec<(&'static str, u64)>>,
}

impl Steps {
    fn begin() -> Self {
        Self { begun: Instant::now(), each: Mutex::default() }
    }

    fn take<T>(&self, name: &'static str, step: impl FnOnce() -> anyhow::Result<T>) -> anyhow::Result<T> {
        println!("── image: {name}");
        let begun = Instant::now();
        let result = step();
        let seconds = begun.elapsed().as_secs();
        match &result {
            Ok(_) => println!("── image: {name} took {seconds} s"),
            // At once: a step beside it may still take minutes.
            Err(error) => println!("── image: {name} failed: {error:#}"),
        }
        self.each.lock().unwrap_or_else(PoisonError::into_inner).push((name, seconds));
        result.with_context(|| format!("step {name}"))
    }

    fn say(&self, place: &Place) -> anyhow::Result<()> {
        let each = self.each.lock().unwrap_or_else(PoisonError::into_inner);
        let each: Vec<String> = each.iter().map(|(name, seconds)| format!("{name} {seconds}")).collect();
        println!("\ntook {} s ({})", self.begun.elapsed().as_secs(), each.join(", "));
        let mut files: Vec<PathBuf> = std::fs::read_dir(&place.folder)?
            .map(|entry| entry.map(|entry| entry.path()))
            .collect::<Result<_, _>>()?;
        files.retain(|file| file.is_file());
        files.sort();
        for file in files {
            println!("{:>12}  {}", std::fs::metadata(&file)?.len(), file.display());
        }
        Ok(())
    }
}
