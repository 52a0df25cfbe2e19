//! What Debian's archive gives that a registry of images would give elsewhere: base images made from packages, and the
//! few programs that only a newer Debian has.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, ensure};

use super::engine::Engine;
use super::images::Platform;
use crate::process::{must, target};

/// The release that the binaries are built for.
const RELEASE: &str = "bookworm";
/// The release that has the programs.
const NEWER: &str = "trixie";
const ARCHIVE: &str = "http://deb.debian.org/debian";
const KEYS: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";

/// An image made of packages.
#[derive(Clone, Copy, Debug)]
pub struct Base {
    name: &'static str,
    packages: &'static str,
    setup: Setup,
}

/// How far packages are installed.
#[derive(Clone, Copy, Debug)]
enum Setup {
    /// Nothing but what they unpack to: no shell is set up, no script has run, so nothing of another architecture has to.
    Unpacked,
    /// With a shell and apt.
    Configured,
}

/// What configuring ca-certificates would do: one file of all authorities.
const CERTIFICATES: &str = r#"--extract-hook=mkdir -p "$1/etc/ssl/certs"; find "$1/usr/share/ca-certificates" -name '*.crt' -exec cat {} + >"$1/etc/ssl/certs/ca-certificates.crt""#;

/// That file, of this machine.
const AUTHORITIES: &str = "/etc/ssl/certs/ca-certificates.crt";

/// What our own images stand on, as distroless/cc does.
pub const CC: Base = Base { name: "cc", packages: "libc6,libgcc-s1,ca-certificates", setup: Setup::Unpacked };
/// The broker.
pub const BROKER: Base =
    Base { name: "broker", packages: "ca-certificates,mosquitto", setup: Setup::Unpacked };
/// The stacks' other servers.
pub const SERVERS: Base =
    Base { name: "servers", packages: "ca-certificates,nginx-light,prometheus", setup: Setup::Unpacked };
/// What compiles. Rust's makers' own image fetches another machine's standard library by rustup; here it is a package.
pub const RUST: Base = Base {
    name: "rust",
    packages: "ca-certificates,rustc-web,cargo-web,libstd-rust-web-dev:arm64,gcc,libc6-dev,libstdc++6",
    setup: Setup::Configured,
};

impl Base {
    /// Its name in the engine.
    pub fn image(self, platform: Platform) -> String {
        format!("minuano-test/{}-{}:{RELEASE}", self.name, platform.name)
    }

    /// Makes it, once, and gives its name.
    pub fn make(self, engine: &Engine, platform: Platform, folder: &Path) -> anyhow::Result<String> {
        let image = self.image(platform);
        if engine.has(&image) {
            return Ok(image);
        }
        println!("making {image} from Debian's packages");
        let context = folder.join(format!("base-{}-{}", self.name, platform.name));
        fs::create_dir_all(&context)?;
        let mut command = Command::new("mmdebstrap");
        command.arg("--quiet").arg(format!("--include={}", self.packages));
        match self.setup {
            Setup::Unpacked => {
                command.args(["--variant=extract", CERTIFICATES]);
                command.arg(format!("--architectures={}", platform.name));
            }
            Setup::Configured => {
                // The network may have an authority of its own, which this machine trusts.
                command.args(["--variant=minbase", "--architectures=amd64,arm64"]);
                command.arg(format!("--customize-hook=copy-in {AUTHORITIES} /etc/ssl/certs"));
            }
        }
        must(command.arg(RELEASE).arg(context.join("rootfs.tar")))?;
        fs::write(context.join("Dockerfile"), "FROM scratch\nADD rootfs.tar /\n")?;
        let mut build = engine.docker(&["build", "--quiet", "--platform"]);
        build.arg(format!("linux/{}", platform.name)).args(["--tag", &image]).arg(&context);
        must(build.stdout(Stdio::null()))?;
        fs::remove_dir_all(&context).with_context(|| context.display().to_string())?;
        Ok(image)
    }
}

/// Programs of a newer release, unpacked under `target/` and not installed.
pub struct Programs {
    folder: PathBuf,
}

impl Programs {
    /// None yet.
    pub fn new() -> Self {
        Self { folder: target().join("tools").join(NEWER) }
    }

    /// Compose v2; Debian 12 has the first one alone.
    pub fn compose(&self) -> anyhow::Result<PathBuf> {
        self.program("docker-compose", "usr/libexec/docker/cli-plugins/docker-compose")
    }

    /// kustomize, which Debian 12 does not have.
    pub fn kustomize(&self) -> anyhow::Result<PathBuf> {
        self.program("kustomize", "usr/bin/kustomize")
    }

    fn program(&self, package: &str, place: &str) -> anyhow::Result<PathBuf> {
        let program = self.folder.join("root").join(place);
        if program.exists() {
            return Ok(program);
        }
        println!("unpacking {package} of Debian {NEWER} into {}", self.folder.display());
        let packages = self.folder.join("packages");
        if packages.exists() {
            fs::remove_dir_all(&packages)?;
        }
        for folder in ["lists/partial", "cache/archives/partial", "packages", "sources"] {
            fs::create_dir_all(self.folder.join(folder))?;
        }
        let sources =
            format!("Types: deb\nURIs: {ARCHIVE}\nSuites: {NEWER}\nComponents: main\nSigned-By: {KEYS}\n");
        fs::write(self.folder.join("sources/newer.sources"), sources)?;
        must(self.apt().args(["update", "-qq"]))?;
        must(self.apt().args(["download", "-qq", package]).current_dir(&packages))?;
        for file in fs::read_dir(&packages)? {
            must(Command::new("dpkg-deb").arg("--extract").arg(file?.path()).arg(self.folder.join("root")))?;
        }
        ensure!(program.exists(), "{package} of Debian {NEWER} has no {place}");
        Ok(program)
    }

    /// apt with lists and sources of its own: the machine's stay as they are.
    fn apt(&self) -> Command {
        let mut command = Command::new("apt-get");
        for (key, value) in [
            ("Dir::Etc::sourcelist", "/dev/null".into()),
            ("Dir::Etc::sourceparts", self.folder.join("sources")),
            ("Dir::State::lists", self.folder.join("lists")),
            ("Dir::Cache", self.folder.join("cache")),
            ("APT::Sandbox::User", "root".into()),
        ] {
            command.arg("-o").arg(format!("{key}={}", value.display()));
        }
        command
    }
}
