//! Bases from Debian's packages, and the two images on them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, ensure};

use super::engine::Engine;
use crate::cross::{Build, Target, Toolchain};
use crate::emulation;
use crate::process::must;

/// Debian's release that the binaries are built for.
const DEBIAN: &str = "bookworm";

/// A machine that images are made for.
#[derive(Clone, Copy, Debug)]
pub struct Platform {
    /// Docker's and Debian's name.
    pub name: &'static str,
    /// What the binaries are built for.
    pub target: Target,
}

/// Where images come from and go.
pub struct Images<'a> {
    pub engine: &'a Engine,
    pub folder: &'a Path,
}

impl Images<'_> {
    /// Makes the base image of a platform, once.
    pub fn base(&self, platform: Platform) -> anyhow::Result<()> {
        let image = base(platform);
        if platform.target != Target::Amd64 {
            emulation::arm64()?;
        }
        if self.engine.has(&image) {
            return Ok(());
        }
        println!("making {image} from Debian's packages");
        let context = self.folder.join(format!("base-{}", platform.name));
        fs::create_dir_all(&context)?;
        let tar = context.join("rootfs.tar");
        let architectures = format!("--architectures={}", platform.name);
        let mut command = Command::new("mmdebstrap");
        // Foreign programs are unpacked and not configured: no step of the build is emulated.
        let variant: &[&str] = if platform.target == Target::Amd64 {
            &["--variant=minbase", "--include=ca-certificates,mosquitto"]
        } else {
            &["--variant=extract", "--include=libc6,libgcc-s1,ca-certificates"]
        };
        must(command.arg("--quiet").args(variant).args([&architectures, DEBIAN]).arg(&tar))?;
        let file = context.join("Dockerfile");
        fs::write(&file, "FROM scratch\nADD rootfs.tar /\n")?;
        let mut build = self.engine.docker(&["build", "--quiet", "--platform"]);
        build.arg(format!("linux/{}", platform.name)).args(["--tag", &image]).arg(&context);
        must(build.stdout(Stdio::null()))?;
        fs::remove_dir_all(&context).with_context(|| context.display().to_string())
    }

    /// Builds an image, pushes it, forgets it, pulls it, and gives its name.
    pub fn through_registry(&self, package: &str, file: &str, platform: Platform) -> anyhow::Result<String> {
        let binary = self.binary(package, platform)?;
        println!("{}: {} bytes", binary.display(), fs::metadata(&binary)?.len());
        let name = format!("{}/{package}:{}", self.engine.registry, platform.name);
        let mut build = self.engine.docker(&["build", "--quiet", "--build-arg", "BINARIES=given"]);
        build.args(["--build-arg", &format!("BASE={}", base(platform))]);
        build.args(["--platform", &format!("linux/{}", platform.name), "--file", file, "--tag", &name, "."]);
        must(build.stdout(Stdio::null()))?;
        self.engine.must(&["push", "--quiet", &name])?;
        self.engine.must(&["image", "rm", &name])?;
        self.engine.must(&["pull", "--quiet", &name])?;
        let architecture = self.engine.says(&["image", "inspect", "--format", "{{.Architecture}}", &name])?;
        ensure!(architecture == platform.name, "{name} says that it is for {architecture}");
        Ok(name)
    }

    /// Builds a binary as the other suites do, and puts it without symbols where the Dockerfile looks for it.
    fn binary(&self, package: &str, platform: Platform) -> anyhow::Result<PathBuf> {
        let build = Build { target: platform.target, package, profile: "dev", toolchain: Toolchain::Debian };
        let built = build.run()?;
        let folder = crate::process::root().join("target/containers").join(platform.name);
        fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
        let given = folder.join(package);
        let strip = if build.is_foreign() { "aarch64-linux-gnu-strip" } else { "strip" };
        must(Command::new(strip).arg("-o").arg(&given).arg(&built))?;
        Ok(given)
    }
}

fn base(platform: Platform) -> String {
    format!("minuano-test/debian-{}:{DEBIAN}", platform.name)
}
