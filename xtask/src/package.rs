//! Debian packages of the station, by cargo-deb.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, ensure};
use clap::Args;

use crate::cross::{self, Build, Target, Toolchain};
use crate::process::{cargo, must, root, target};

/// cargo-deb, this version and no other: a package should not change because a tool did.
const CARGO_DEB: &str = "3.8.0";
const STATION: &str = "minuano-station";
/// Where the assets in station/Cargo.toml look for man pages and completions.
const PAGES: &str = "target/pages";

/// For which machines.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  cargo xtask package\n  cargo xtask package --target aarch64-unknown-linux-gnu\n\nSee docs/packaging.md."
)]
pub struct Options {
    /// The machine; may be given more than once. All of them where not given.
    #[arg(long, value_enum)]
    target: Vec<Target>,
    /// Cargo's profile.
    #[arg(long, default_value = "firmware")]
    profile: String,
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

    pages()?;
    let cargo_deb = cargo_deb()?;
    for &target in targets {
        let build = Build { target, package: STATION, profile: &options.profile, toolchain };
        let binary = build.run()?;
        let package = folder.join(name(target));
        make(&cargo_deb, &build, &package)?;
        println!(
            "{}: {} bytes, its binary {} bytes",
            package.display(),
            std::fs::metadata(&package)?.len(),
            std::fs::metadata(&binary)?.len()
        );
    }
    Ok(())
}

/// `minuano-station_0.1.0-1_arm64.deb`; the version is the whole workspace's.
fn name(target: Target) -> String {
    format!("{STATION}_{}-1_{}.deb", env!("CARGO_PKG_VERSION"), target.debian())
}

/// Man pages and completions, from the definition of the command line.
fn pages() -> anyhow::Result<()> {
    let folder = root().join(PAGES);
    if folder.exists() {
        std::fs::remove_dir_all(&folder).with_context(|| folder.display().to_string())?;
    }
    must(cargo().args(["run", "--quiet", "--package", STATION, "--example", "pages", "--"]).arg(&folder))
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
        STATION,
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
