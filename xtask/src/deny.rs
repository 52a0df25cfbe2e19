//! `cargo deny`: licences, sources and banned crates, after deny.toml. Its installation costs minutes, so it runs only
//! when asked for. The advisories' database is on GitHub and is looked at where that can be reached: `cargo deny check
//! advisories`.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::ensure;

use crate::process::{cargo, must, target};

/// This version and no other: an answer should not change because a tool did.
const VERSION: &str = "0.20.2";

/// What is checked, without the advisories.
pub fn command() -> anyhow::Result<Command> {
    let folder = target().join("tools");
    let program = folder.join("bin/cargo-deny");
    if !is_right(&program) {
        println!("installing cargo-deny {VERSION} into {}", folder.display());
        let install =
            ["install", "cargo-deny", "--locked", "--force", "--quiet", "--debug", "--version", VERSION];
        must(cargo().args(install).arg("--root").arg(&folder))?;
        ensure!(is_right(&program), "{} is not version {VERSION}", program.display());
    }
    let mut command = Command::new(PathBuf::from(&program));
    command.current_dir(crate::process::root());
    command.args(["--workspace", "check", "bans", "licenses", "sources"]);
    Ok(command)
}

fn is_right(program: &Path) -> bool {
    let said = Command::new(program).arg("--version").output();
    said.is_ok_and(|output| {
        String::from_utf8_lossy(&output.stdout).split_whitespace().next_back() == Some(VERSION)
    })
}
