//! `cargo xtask test chaos`: everything on the way of a reading breaks; see tests/chaos.

use std::process::{Command, Stdio};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::install;
use crate::process::{cargo, must, target};

/// What stands in the test run: half a minute each, always the same faults.
const SHORT: [&[&str]; 2] = [&["--seed", "1"], &["--seed", "2", "--embedded"]];
/// By hand: as many readings as a year and a half of one station at 10 s has.
const LONG: [&str; 8] =
    ["--stations", "200", "--readings", "1000000", "--seconds", "600", "--patience", "3600"];

/// Builds what [`run`] runs.
pub fn build(long: bool) -> anyhow::Result<()> {
    let release: &[&str] = if long { &["--release"] } else { &[] };
    let package = |name| ["build", "--package", name];
    must(cargo().args(package("minuano-gateway")).args(release))?;
    must(cargo().args(package("minuano-tests")).args(["--bin", "chaos"]).args(release))
}

/// Runs the short ones, the long ones, or what `arguments` say. Gives how many passed.
pub fn run(long: bool, arguments: &[String]) -> anyhow::Result<u64> {
    install::debian_packages()?;
    let python = install::python()?;
    let program = target().join(if long { "release/chaos" } else { "debug/chaos" });

    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let seed = ["--seed".to_owned(), seconds.to_string()];
    let owned = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    let runs = match (long, arguments.is_empty()) {
        (false, true) => SHORT.map(owned).to_vec(),
        (false, false) => vec![arguments.to_vec()],
        (true, _) => {
            let with_broker = [owned(&LONG), seed.to_vec(), arguments.to_vec()].concat();
            let embedded = [with_broker.clone(), owned(&["--embedded"])].concat();
            if arguments.is_empty() { vec![with_broker, embedded] } else { vec![with_broker] }
        }
    };
    for run in &runs {
        let mut command = with_own_mounts();
        must(command.arg(&program).args(run).env("MINUANO_PYTHON", &python))?;
    }
    Ok(runs.len() as u64)
}

/// The small disk is mounted where nobody else sees it, and is gone with the process, however that ends.
fn with_own_mounts() -> Command {
    let mut can = Command::new("unshare");
    can.args(["--mount", "true"]).stdout(Stdio::null()).stderr(Stdio::null());
    if can.status().is_ok_and(|status| status.success()) {
        let mut command = Command::new("unshare");
        command.args(["--mount", "--propagation", "private", "--"]);
        return command;
    }
    // Without that the program says itself that it cannot mount, and goes on.
    Command::new("env")
}
