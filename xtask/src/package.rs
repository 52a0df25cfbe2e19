//! Debian packages of the station and the gateway, by cargo-deb.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, ensure};
use clap::{Args, ValueEnum};

use crate::cross::{self, Build, Target, Toolchain};
use crate::panel;
use crate::process::{cargo, must, root, target};

/// cargo-deb, this version and no other: a package should not change because a tool did.
const CARGO_DEB: &str = "3.8.0";
/// Where the assets in their Cargo.toml look for man pages, completions and the gateway's configuration.
const PAGES: &str = "target/pages";

/// What there is a package of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Package {
    /// For the Pi that has the sensors.
    #[value(name = "minuano-station")]
    Station,
    /// For the machine that keeps what stations measure.
    #[value(name = "minuano-gateway")]
    Gateway,
}

impl Package {
    fn name(self) -> &'static str {
        match self {
            Self::Station => "minuano-station",
            Self::Gateway => "minuano-gateway",
        }
    }

    /// Small for a card, or quick for a stream of readings.
    fn profile(self) -> &'static str {
        match self {
            Self::Station => "firmware",
            Self::Gateway => "release",
        }
    }
}

/// For which machines.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  cargo xtask package\n  cargo xtask package --package minuano-gateway --target aarch64-unknown-linux-gnu\n\nSee docs/packaging.md."
)]
pub struct Options {
    /// The machine; may be given more than once. All of them where not given.
    #[arg(long, value_enum)]
    target: Vec<Target>,
    /// The package; may be given more than once. Both where not given.
    #[arg(long, value_enum)]
    package: Vec<Package>,
    /// Cargo's profile [default: firmware for the station, release for the gateway]
    #[arg(long)]
    profile: Option<String>,
    /// By which toolchain; cross where it and Docker are there, where not given.
    #[arg(long, value_enum)]
    with: Option<Toolchain>,
    /// Where the packages go [default: target/packages]
    #[arg(long, value_name = "FOLDER")]
    output: Option<PathBuf>,
}

/// Makes each package and says where it is.
pub fn run(options: &Options) -> anyhow::Result<()> {
    let folder = options.output.clone().unwrap_or_else(|| target().join("packages"));
    std::fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
    let folder = folder.canonicalize()?;
    let toolchain = options.with.unwrap_or_else(cross::best);
    let all = [Target::Arm64, Target::Armhf, Target::Amd64];
    let targets = if options.target.is_empty() { &all[..] } else { &options.target };

    let both = [Package::Station, Package::Gateway];
    let packages = if options.package.is_empty() { &both[..] } else { &options.package };
    let cargo_deb = cargo_deb()?;
    for &package in packages {
        if package == Package::Gateway {
            // It embeds the panel.
            panel::build()?;
        }
        pages(package)?;
        let profile = options.profile.as_deref().unwrap_or(package.profile());
        for &target in targets {
            let build = Build { target, package: package.name(), profile, toolchain };
            let binary = build.run()?;
            let made = folder.join(file_name(package, target));
            make(&cargo_deb, &build, &made)?;
            println!(
                "{}: {} bytes, its binary {} bytes",
                made.display(),
                std::fs::metadata(&made)?.len(),
                std::fs::metadata(&binary)?.len()
            );
        }
    }
    Ok(())
}

/// `minuano-station_0.1.0-1_arm64.deb`; the version is the whole workspace's.
fn file_name(package: Package, target: Target) -> String {
    format!("{}_{}-1_{}.deb", package.name(), env!("CARGO_PKG_VERSION"), target.debian())
}

/// Both packages for the card image; gives their files.
pub fn for_the_image() -> anyhow::Result<Vec<PathBuf>> {
    run(&Options {
        target: vec![Target::Arm64],
        package: Vec::new(),
        profile: None,
        with: None,
        output: None,
    })?;
    made_for_the_image()
}

/// Those, as they were made last.
pub fn made_for_the_image() -> anyhow::Result<Vec<PathBuf>> {
    let folder = target().join("packages").canonicalize().context("cargo xtask package was not run")?;
    Ok([Package::Station, Package::Gateway]
        .map(|package| folder.join(file_name(package, Target::Arm64)))
        .to_vec())
}

/// Man pages and completions, from the definition of the command line.
fn pages(package: Package) -> anyhow::Result<()> {
    let example = format!("{}-pages", package.name());
    let folder = root().join(PAGES).join(package.name());
    if folder.exists() {
        std::fs::remove_dir_all(&folder).with_context(|| folder.display().to_string())?;
    }
    must(
        cargo()
            .args(["run", "--quiet", "--package", package.name(), "--example", &example, "--"])
            .arg(&folder),
    )?;
    if package == Package::Gateway {
        // A station on the same machine has /var/lib/minuano, which belongs to another user.
        let example = std::fs::read_to_string(root().join("gateway/gateway.example.toml"))?;
        std::fs::write(
            folder.join("gateway.toml"),
            example.replace("/var/lib/minuano/", "/var/lib/minuano-gateway/"),
        )?;
    }
    Ok(())
}

/// cargo-deb, installed under `target/` where it is missing.
fn cargo_deb() -> anyhow::Result<PathBuf> {
    let folder = target().join("tools");
    let program = folder.join("bin/cargo-deb");
    let is_right = |program: &Path| {
        let version = Command::new(program).arg("--version").output();
        version.is_ok_and(|output| {
            String::from_utf8_lossy(&output.stdout).split_whitespace().next_back() == Some(CARGO_DEB)
        })
    };
    if !is_right(&program) {
        println!("installing cargo-deb {CARGO_DEB} into {}", folder.display());
        let install =
            ["install", "cargo-deb", "--locked", "--force", "--quiet", "--version", CARGO_DEB, "--root"];
        must(cargo().args(install).arg(&folder))?;
        ensure!(is_right(&program), "{} is not version {CARGO_DEB}", program.display());
    }
    Ok(program)
}

fn make(cargo_deb: &Path, build: &Build<'_>, package: &Path) -> anyhow::Result<()> {
    let mut command = Command::new(cargo_deb);
    command.args([
        "deb",
        "--quiet",
        "--package",
        build.package,
        "--no-build",
        "--no-strip",
        "--profile",
        build.profile,
    ]);
    command.args(["--target", build.target.triple(), "--output"]).arg(package);
    command.current_dir(root()).env("CARGO_TARGET_DIR", build.target_folder());
    if build.is_foreign() && build.toolchain == Toolchain::Debian {
        cross::debian(&mut command, build.target)?;
    }
    must(&mut command)
}
