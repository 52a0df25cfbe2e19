//! Builds for the Raspberry Pi: with `cross` where it and Docker are there, else with Debian's own cross toolchain.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, bail, ensure};
use clap::{Args, ValueEnum};

use crate::install;
use crate::process::{cargo, must, root, target};

/// Debian's cargo and rustc. rustup's come first in most people's PATH and know no other target.
const DEBIAN_CARGO: &str = "/usr/bin/cargo";

/// What is built, and how.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  cargo xtask cross --target aarch64-unknown-linux-gnu\n  cargo xtask cross --target armv7-unknown-linux-gnueabihf --package minuano-station --profile release\n\nSee docs/packaging.md."
)]
pub struct Options {
    /// The machine to build for.
    #[arg(long, value_enum, default_value = "aarch64-unknown-linux-gnu")]
    target: Target,
    /// The workspace's package that has the binary.
    #[arg(long, default_value = "minuano-station")]
    package: String,
    /// Cargo's profile.
    #[arg(long, default_value = "firmware")]
    profile: String,
    /// By which toolchain; cross where it and Docker are there, where not given.
    #[arg(long, value_enum)]
    with: Option<Toolchain>,
}

/// A machine that the station runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Target {
    /// Raspberry Pi 3, 4, 5 and Zero 2 W with a 64-bit system.
    #[value(name = "aarch64-unknown-linux-gnu")]
    Arm64,
    /// Raspberry Pi 2 and later with a 32-bit system.
    #[value(name = "armv7-unknown-linux-gnueabihf")]
    Armhf,
    /// An ordinary computer.
    #[value(name = "x86_64-unknown-linux-gnu")]
    Amd64,
}

/// What can build for another machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Toolchain {
    /// github.com/cross-rs/cross, in containers.
    Cross,
    /// Debian's packages.
    Debian,
}

impl Target {
    /// Rust's name.
    pub fn triple(self) -> &'static str {
        match self {
            Self::Arm64 => "aarch64-unknown-linux-gnu",
            Self::Armhf => "armv7-unknown-linux-gnueabihf",
            Self::Amd64 => "x86_64-unknown-linux-gnu",
        }
    }

    /// Debian's name.
    pub fn debian(self) -> &'static str {
        match self {
            Self::Arm64 => "arm64",
            Self::Armhf => "armhf",
            Self::Amd64 => "amd64",
        }
    }

    fn linker(self) -> &'static str {
        match self {
            Self::Arm64 => "aarch64-linux-gnu-gcc",
            Self::Armhf => "arm-linux-gnueabihf-gcc",
            Self::Amd64 => "cc",
        }
    }

    /// What Debian's cross toolchain needs, beside rustc and cargo themselves. Debian 12 marks its Rust.
    fn packages(self, mark: &str) -> Vec<String> {
        let names: &[&str] = match self {
            Self::Arm64 => {
                &["gcc-aarch64-linux-gnu", "libc6-dev-arm64-cross", "libc6:arm64", "libgcc-s1:arm64"]
            }
            // armhf among apt's architectures breaks the arm64 index of Debian's security suite, so the standard
            // library comes as source.
            Self::Armhf => &["gcc-arm-linux-gnueabihf", "libc6-dev-armhf-cross"],
            Self::Amd64 => &[],
        };
        let std = match self {
            Self::Arm64 => Some(format!("libstd-rust{mark}-dev:arm64")),
            Self::Armhf => Some(format!("rust{mark}-src")),
            Self::Amd64 => None,
        };
        names.iter().map(|&name| name.to_owned()).chain(std).collect()
    }

    fn builds_std(self) -> bool {
        self == Self::Armhf
    }

    /// The one of this machine.
    pub fn here() -> anyhow::Result<Self> {
        let here = Self::value_variants().iter().copied().find(|target| target.is_here());
        here.with_context(|| format!("nothing is built for {}", std::env::consts::ARCH))
    }

    fn is_here(self) -> bool {
        std::env::consts::OS == "linux" && self.triple().starts_with(std::env::consts::ARCH)
    }
}

/// Builds and says where the binary is.
pub fn run(options: &Options) -> anyhow::Result<()> {
    let toolchain = options.with.unwrap_or_else(best);
    let binary =
        Build { target: options.target, package: &options.package, profile: &options.profile, toolchain }
            .run()?;
    let bytes = std::fs::metadata(&binary)?.len();
    println!("{} ({bytes} bytes)", binary.display());
    Ok(())
}

/// `cross`, if it can work here.
pub fn best() -> Toolchain {
    let has_cross = std::env::var_os("PATH")
        .is_some_and(|path| std::env::split_paths(&path).any(|folder| folder.join("cross").is_file()));
    if has_cross && (answers("docker") || answers("podman")) { Toolchain::Cross } else { Toolchain::Debian }
}

/// A client without its service is of no use.
fn answers(engine: &str) -> bool {
    let mut command = Command::new(engine);
    command.arg("info").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

/// One build.
#[derive(Clone, Copy, Debug)]
pub struct Build<'a> {
    /// For what machine.
    pub target: Target,
    /// Of which package.
    pub package: &'a str,
    /// In which of cargo's profiles.
    pub profile: &'a str,
    /// By what.
    pub toolchain: Toolchain,
}

impl Build<'_> {
    /// Installs what is missing, builds, and gives the binary.
    pub fn run(&self) -> anyhow::Result<PathBuf> {
        let mut command = self.command()?;
        command.args([
            "--package",
            self.package,
            "--profile",
            self.profile,
            "--target",
            self.target.triple(),
        ]);
        must(&mut command)?;
        let binary = self.binary();
        ensure!(binary.exists(), "cargo built no {}", binary.display());
        Ok(binary)
    }

    /// Where the binary comes to stand.
    pub fn binary(&self) -> PathBuf {
        let folder = if self.profile == "dev" { "debug" } else { self.profile };
        self.target_folder().join(self.target.triple()).join(folder).join(self.package)
    }

    /// Whether the binary is for another machine than this.
    pub fn is_foreign(&self) -> bool {
        !self.target.is_here()
    }

    /// Apart from rustup's own: each rustc builds everything anew that another has built.
    pub fn target_folder(&self) -> PathBuf {
        if self.target.is_here() { target() } else { target().join("cross") }
    }

    fn command(&self) -> anyhow::Result<Command> {
        let mut command = if self.target.is_here() {
            let mut command = cargo();
            command.arg("build");
            command
        } else {
            match self.toolchain {
                Toolchain::Cross => {
                    let mut command = Command::new("cross");
                    command.arg("build").env("CROSS_CONFIG", "cross.toml");
                    command
                }
                Toolchain::Debian => {
                    install_debian(self.target)?;
                    let mut command = Command::new(DEBIAN_CARGO);
                    command.arg("build");
                    debian(&mut command, self.target)?;
                    if self.target.builds_std() {
                        command.arg("-Zbuild-std=std,panic_abort").env("RUSTC_BOOTSTRAP", "1");
                    }
                    command
                }
            }
        };
        command.current_dir(root()).env("CARGO_TARGET_DIR", self.target_folder());
        Ok(command)
    }
}

/// The environment in which Debian's cargo finds Debian's rustc and the linker.
pub fn debian(command: &mut Command, target: Target) -> anyhow::Result<()> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::iter::once(PathBuf::from("/usr/bin")).chain(std::env::split_paths(&path));
    let key = format!("CARGO_TARGET_{}_LINKER", target.triple().to_uppercase().replace('-', "_"));
    command.env("PATH", std::env::join_paths(folders)?).env(key, target.linker());
    // What rustup tells the programs that it starts is about its own toolchain.
    for name in ["CARGO", "RUSTC", "RUSTUP_TOOLCHAIN", "RUSTUP_HOME", "LD_LIBRARY_PATH"] {
        command.env_remove(name);
    }
    Ok(())
}

/// Installs Debian's cross toolchain where it is missing, and says what.
fn install_debian(target: Target) -> anyhow::Result<()> {
    let mark = mark()?;
    let mut wanted = target.packages(mark);
    if !Path::new(DEBIAN_CARGO).exists() || !Path::new("/usr/bin/rustc").exists() {
        wanted.extend(["rustc", "cargo"].map(|name| format!("{name}{mark}")));
    }
    if target == Target::Arm64 {
        install::architecture(target.debian())?;
    }
    install::packages(&wanted)
}

/// What Debian puts behind the names of the new Rust that it builds its browsers with. Nothing where its Rust is new.
fn mark() -> anyhow::Result<&'static str> {
    let system = std::fs::read_to_string("/etc/os-release").context("this is no Debian: /etc/os-release")?;
    let is = |line: &str| system.lines().any(|one| one == line);
    if !is("ID=debian") {
        bail!("only Debian's cross toolchain is known; elsewhere use cross and Docker (--with cross)");
    }
    let mut show = Command::new("apt-cache");
    show.args(["show", "rustc-web"]).stdout(Stdio::null()).stderr(Stdio::null());
    let mut has_new = || show.status().is_ok_and(|status| status.success());
    Ok(if is("VERSION_ID=\"12\"") || has_new() { "-web" } else { "" })
}

/// Why Debian's toolchain cannot be used here, if that is known without trying.
pub fn obstacle() -> Option<String> {
    if !Path::new("/usr/bin/apt-get").exists() || !Path::new("/usr/bin/dpkg").exists() {
        return Some("there is no apt-get here".to_owned());
    }
    if let Err(error) = mark() {
        return Some(format!("{error:#}"));
    }
    if !cfg!(target_arch = "x86_64") {
        return Some(format!("tried from x86_64 alone, this is {}", std::env::consts::ARCH));
    }
    if !install::may_install() {
        return Some("installing Debian's packages needs root, or sudo without a password".to_owned());
    }
    None
}
