//! Our two images: built, pushed to the registry and pulled from it.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, ensure};
use serde_json::Value;

use super::debian::CC;
use super::engine::Engine;
use crate::cross::{Build, Target, Toolchain};
use crate::emulation;
use crate::process::{must, output, root, target};
use crate::suites::build_binaries;

const MANIFEST: &str = "application/vnd.docker.distribution.manifest.v2+json";

/// A machine that images are made for.
#[derive(Clone, Copy, Debug)]
pub struct Platform {
    /// Docker's and Debian's name.
    pub name: &'static str,
    /// What the binaries are built for.
    pub target: Target,
}

/// Ordinary servers, and this machine.
pub const AMD64: Platform = Platform { name: "amd64", target: Target::Amd64 };
/// Raspberry Pi and the like, by emulation.
pub const ARM64: Platform = Platform { name: "arm64", target: Target::Arm64 };

/// One of our images.
#[derive(Clone, Copy, Debug)]
pub struct Product {
    /// The package, its binary and its image.
    pub package: &'static str,
    /// Its Dockerfile.
    pub file: &'static str,
    profile: &'static str,
    /// The goal for a release, compressed and beyond the base.
    most_bytes: u64,
}

/// For the Pi.
pub const STATION: Product = Product {
    package: "minuano-station",
    file: "docker/station.Dockerfile",
    profile: "firmware",
    most_bytes: 10_000_000,
};
/// For the server.
pub const GATEWAY: Product = Product {
    package: "minuano-gateway",
    file: "docker/gateway.Dockerfile",
    profile: "release",
    most_bytes: 30_000_000,
};

/// Where images come from and go.
pub struct Images<'a> {
    /// Builds them.
    pub engine: &'a Engine,
    /// For what a build needs.
    pub folder: &'a Path,
    /// As they are released: smaller, and minutes slower to build.
    pub released: bool,
    published: RefCell<BTreeSet<String>>,
}

impl<'a> Images<'a> {
    /// None yet. What earlier runs left of theirs goes.
    pub fn new(engine: &'a Engine, folder: &'a Path, released: bool) -> Self {
        let names = engine.says(&["image", "ls", "--format", "{{.Repository}}:{{.Tag}}"]).unwrap_or_default();
        names
            .lines()
            .filter(|name| name.starts_with("127.0.0.1:"))
            .for_each(|name| engine.may(&["image", "rm", name]));
        Self { engine, folder, released, published: RefCell::default() }
    }

    /// Builds an image, pushes it, forgets it, pulls it, and gives its name; once in a run.
    pub fn published(&self, product: Product, platform: Platform) -> anyhow::Result<String> {
        let name = format!("{}/{}:{}", self.engine.registry, product.package, platform.name);
        if !self.published.borrow().contains(&name) {
            self.publish(product, platform, &name)?;
            self.published.borrow_mut().insert(name.clone());
        }
        Ok(name)
    }

    fn publish(&self, product: Product, platform: Platform, name: &str) -> anyhow::Result<()> {
        if platform.target != AMD64.target {
            emulation::arm64()?;
        }
        let base = CC.make(self.engine, platform, self.folder)?;
        self.binary(product, platform)?;
        let revision = output(Command::new("git").args(["rev-parse", "HEAD"]).current_dir(root()))?;
        let mut build = self.engine.docker(&["build", "--quiet"]);
        for argument in ["BINARIES=given", &format!("BASE={base}"), &format!("REVISION={}", revision.trim())]
        {
            build.args(["--build-arg", argument]);
        }
        let platform_name = format!("linux/{}", platform.name);
        build.args(["--platform", &platform_name, "--file", product.file, "--tag", name, "."]);
        must(build.stdout(Stdio::null()))?;
        self.engine.must(&["push", "--quiet", name])?;
        self.engine.must(&["image", "rm", name])?;
        self.engine.must(&["pull", "--quiet", name])?;
        self.is_for(name, platform)?;
        self.says_what_it_is(name, revision.trim())?;
        self.is_small(product, platform)
    }

    fn is_for(&self, name: &str, platform: Platform) -> anyhow::Result<()> {
        let architecture = self.engine.says(&["image", "inspect", "--format", "{{.Architecture}}", name])?;
        ensure!(architecture == platform.name, "{name} says that it is for {architecture}");
        Ok(())
    }

    fn says_what_it_is(&self, name: &str, revision: &str) -> anyhow::Result<()> {
        let labels = self.engine.says(&["image", "inspect", "--format", "{{json .Config.Labels}}", name])?;
        let labels: Value = serde_json::from_str(&labels)?;
        let says = |key: &str| labels[format!("org.opencontainers.image.{key}")].as_str().unwrap_or_default();
        ensure!(says("version") == env!("CARGO_PKG_VERSION"), "{name} has the labels {labels}");
        ensure!(says("revision") == revision, "{name} has the labels {labels}");
        for key in ["title", "description", "licenses"] {
            ensure!(!says(key).is_empty(), "{name} has no label {key}: {labels}");
        }
        Ok(())
    }

    /// What is pulled beside the base, which other images share.
    fn is_small(&self, product: Product, platform: Platform) -> anyhow::Result<()> {
        let Product { package, most_bytes, .. } = product;
        let url = format!("http://{}/v2/{package}/manifests/{}", self.engine.registry, platform.name);
        let manifest: Value = ureq::get(&url).header("Accept", MANIFEST).call()?.body_mut().read_json()?;
        let layers = manifest["layers"].as_array().with_context(|| manifest.to_string())?;
        // The base is one layer.
        let bytes: u64 = layers.iter().skip(1).filter_map(|layer| layer["size"].as_u64()).sum();
        let kind = if self.released { "release" } else { "debug" };
        println!("{package} for {} ({kind}): {bytes} bytes compressed, beyond its base", platform.name);
        ensure!(bytes > 0, "{manifest}");
        ensure!(bytes <= most_bytes || !self.released, "{package} is to be pulled in {most_bytes} bytes");
        Ok(())
    }

    /// Puts a platform's images under one tag, and gives it.
    pub fn one_tag(&self, product: Product) -> anyhow::Result<String> {
        let tag = format!("{}/{}:latest", self.engine.registry, product.package);
        let [amd64, arm64] = [self.published(product, AMD64)?, self.published(product, ARM64)?];
        self.engine.must(&["manifest", "create", "--insecure", &tag, &amd64, &arm64])?;
        self.engine.must(&["manifest", "push", "--insecure", "--purge", &tag])?;
        Ok(tag)
    }

    /// Pulls what a machine of this platform gets under a tag.
    pub fn pull(&self, tag: &str, platform: Platform) -> anyhow::Result<()> {
        self.engine.may(&["image", "rm", tag]);
        self.engine.must(&["pull", "--quiet", "--platform", &format!("linux/{}", platform.name), tag])?;
        self.is_for(tag, platform)
    }

    /// Builds a binary, and puts it without symbols where the Dockerfile looks for it.
    fn binary(&self, product: Product, platform: Platform) -> anyhow::Result<()> {
        let built = self.built(product, platform)?;
        let folder = root().join("target/containers").join(platform.name);
        fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
        let strip = if platform.target == AMD64.target { "strip" } else { "aarch64-linux-gnu-strip" };
        must(Command::new(strip).arg("-o").arg(folder.join(product.package)).arg(&built))
    }

    fn built(&self, product: Product, platform: Platform) -> anyhow::Result<PathBuf> {
        if platform.target == AMD64.target && !self.released {
            // As the other suites do, which have mostly done it.
            build_binaries()?;
            return Ok(target().join("debug").join(product.package));
        }
        let profile = if self.released { product.profile } else { "dev" };
        let toolchain = Toolchain::Debian;
        Build { target: platform.target, package: product.package, profile, toolchain }.run()
    }
}
