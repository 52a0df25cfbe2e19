//! Bytes a row in the lake: `gateway/examples/lake` makes the files, `tests/python/lake_peer.py` another layout of the same
//! readings. Their tables take the place of those in docs/benchmarks.md.

use std::process::Command;

use anyhow::Context;

use crate::install;
use crate::process::{cargo, output, root, target};

const PAGE: &str = "docs/benchmarks.md";
const BEGIN: &str = "<!-- cargo xtask bench lake -->\n";
const END: &str = "<!-- until here -->\n";

pub fn run() -> anyhow::Result<()> {
    let folder = target().join("bench-lake");
    if folder.exists() {
        std::fs::remove_dir_all(&folder)?;
    }
    let example = ["run", "--release", "--package", "minuano-gateway", "--example", "lake", "--"];
    let ours = output(cargo().args(example).arg(&folder))?;
    let peer = output(Command::new(install::python()?).arg("tests/python/lake_peer.py").arg(&folder))?;
    let page = root().join(PAGE);
    let text = std::fs::read_to_string(&page)?;
    let (before, rest) = text.split_once(BEGIN).with_context(|| format!("{PAGE} has no line {BEGIN}"))?;
    let (_, after) = rest.split_once(END).with_context(|| format!("{PAGE} has no line {END}"))?;
    std::fs::write(page, format!("{before}{BEGIN}\n{ours}\n{peer}\n{END}{after}"))?;
    println!("{ours}\n{peer}");
    Ok(())
}
