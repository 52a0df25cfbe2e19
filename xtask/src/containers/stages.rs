//! The Dockerfiles' own stages: panel and programs built as whoever clones the repository does, for the other
//! architecture and without an emulated compiler.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, ensure};

use super::debian::{CC, RUST};
use super::images::{AMD64, ARM64, GATEWAY, Images, Product, STATION};
use crate::emulation;
use crate::process::{must, output};

/// Puts rustup's name in its place: the standard library that it would fetch is there.
const COMPILES: &str = "RUN ln -s /bin/true /usr/local/bin/rustup\n";
/// Node's own list of authorities does not have this machine's.
const BUILDS_PANEL: &str = "COPY node /usr/bin/node\nCOPY npm /usr/lib/node_modules/npm\n\
    RUN ln -s ../lib/node_modules/npm/bin/npm-cli.js /usr/bin/npm\n\
    ENV NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt\n";

/// The station for arm64, from nothing but the sources. What compiles the gateway is the same script; it takes half an hour more.
pub fn station(images: &Images<'_>) -> anyhow::Result<()> {
    let engine = images.engine;
    emulation::arm64()?;
    let base = CC.make(engine, ARM64, images.folder)?;
    let rust = stands_in(images, "rust", COMPILES, &[])?;
    let arguments = [format!("BASE={base}"), format!("RUST={rust}")];
    let compiled = built(images, STATION, &["--platform=linux/arm64"], &arguments);
    // A compiler's work is gigabytes, and its like is not built again.
    engine.may(&["builder", "prune", "--all", "--force"]);
    let compiled = compiled?;
    let said = says(images, &["--platform=linux/arm64", &compiled, "--version"])?;
    ensure!(said.starts_with(STATION.package), "{compiled} said {said}");
    Ok(())
}

/// The panel, from nothing but the sources.
pub fn panel(images: &Images<'_>) -> anyhow::Result<()> {
    let npm = output(Command::new("readlink").args(["--canonicalize", "/usr/bin/npm"]))?;
    let npm = Path::new(npm.trim()).ancestors().nth(2).context("npm is no package")?;
    let node = output(Command::new("node").args(["--print", "process.execPath"]))?;
    let node = stands_in(images, "node", BUILDS_PANEL, &[("node", Path::new(node.trim())), ("npm", npm)])?;
    let panel = built(images, GATEWAY, &["--target=panel"], &[format!("NODE={node}")])?;
    let said = says(images, &[&panel, "grep", "--count", "<script", "dist/index.html"])?;
    ensure!(said != "0", "the panel's page has no script");
    Ok(())
}

/// Builds a Dockerfile with these options and arguments.
fn built(
    images: &Images<'_>,
    product: Product,
    options: &[&str],
    arguments: &[String],
) -> anyhow::Result<String> {
    let image = format!("minuano-test/from-sources-{}", product.package);
    let mut build = images.engine.docker(&["build", "--quiet", "--network=host", "--tag", &image]);
    build.args(options).args(["--file", product.file]);
    for argument in arguments {
        build.args(["--build-arg", argument]);
    }
    must(build.arg(".").stdout(Stdio::null()))?;
    Ok(image)
}

fn says(images: &Images<'_>, rest: &[&str]) -> anyhow::Result<String> {
    images.engine.says(&[&["run", "--rm", "--network=none"], rest].concat())
}

/// An image in the place of one that builds and cannot be pulled here.
fn stands_in(images: &Images<'_>, name: &str, rest: &str, files: &[(&str, &Path)]) -> anyhow::Result<String> {
    let base = RUST.make(images.engine, AMD64, images.folder)?;
    let context = images.folder.join(format!("builds-{name}"));
    fs::create_dir_all(&context)?;
    fs::write(context.join("Dockerfile"), format!("FROM {base}\n{rest}"))?;
    for (name, file) in files {
        must(Command::new("cp").arg("--recursive").arg(file).arg(context.join(name)))?;
    }
    let image = format!("minuano-test/builds-{name}");
    let mut build = images.engine.docker(&["build", "--quiet", "--tag", &image]);
    must(build.arg(&context).stdout(Stdio::null()))?;
    fs::remove_dir_all(&context)?;
    Ok(image)
}
