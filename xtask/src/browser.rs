//! Chores that look at the panel in Chromium, before a real gateway with three stations.

use crate::panel::{self, npm};
use crate::process::{cargo, must, target};

/// Runs the chores in `tests/browser/chores` whose name has `which` in it.
pub fn chore(which: &str) -> anyhow::Result<()> {
    panel::packages("tests/browser")?;
    panel::build()?;
    must(cargo().args(["build", "--quiet", "--package", "minuano-station", "--package", "minuano-gateway"]))?;
    must(
        npm("tests/browser")
            .args(["run", "--silent", "chores", "--", "--grep", which])
            .env("MINUANO_BINARIES", target().join("debug")),
    )
}
