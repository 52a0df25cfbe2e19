//! Chores that look at the panel in Chromium, before a real gateway with three stations.

use std::process::Command;

use crate::panel::{self, npm};
use crate::process::{cargo, must, target};

/// Pictures for the README: real stations alone, without those that the tests speak for.
pub fn screenshots() -> anyhow::Result<()> {
    parts()?;
    must(chore("screenshots").env("MINUANO_WEATHER_ONLY", "1"))
}

/// First paint and redraws, before a gateway as it is released.
pub fn bench() -> anyhow::Result<()> {
    parts()?;
    must(cargo().args(["build", "--quiet", "--release", "--package", "minuano-gateway"]))?;
    must(chore("bench").env("MINUANO_GATEWAY", target().join("release/minuano-gateway")))
}

/// What every chore needs: packages, the panel, both binaries.
fn parts() -> anyhow::Result<()> {
    panel::packages("tests/browser")?;
    panel::build()?;
    must(cargo().args(["build", "--quiet", "--package", "minuano-station", "--package", "minuano-gateway"]))
}

/// The chores in `tests/browser/chores` whose name has `which` in it.
fn chore(which: &str) -> Command {
    let mut npm = npm("tests/browser");
    npm.args(["run", "--silent", "chores", "--", "--grep", which]);
    npm.env("MINUANO_BINARIES", target().join("debug"));
    npm
}
