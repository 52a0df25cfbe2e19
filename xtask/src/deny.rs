//! `cargo deny`: licences, sources and banned crates, after deny.toml. Its installation costs minutes, so it runs only
//! when asked for. The advisories' database is on GitHub and is looked at where that can be reached: `cargo deny check
//! advisories`.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::ensure;

use crate::process::{cargo, must, output, root, target};

/// This version and no other: an answer should not change because a tool did.
const VERSION: &str = "0.20.2";

/// The day on which an exception is to be looked at again stands after this word.
const UNTIL: &str = "until ";

/// What is checked, without the advisories. No exception outlives its day.
pub fn command() -> anyhow::Result<Command> {
    let exceptions = std::fs::read_to_string(root().join("deny.toml"))?;
    let today = output(Command::new("date").args(["--utc", "+%F"]))?;
    let over = overdue(&exceptions, today.trim());
    ensure!(
        over.is_empty(),
        "deny.toml: {} is over: look whether the exception still has its reason",
        over.join(", ")
    );
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
    command.current_dir(root());
    command.args(["--workspace", "check", "bans", "licenses", "sources"]);
    Ok(command)
}

fn is_right(program: &Path) -> bool {
    let said = Command::new(program).arg("--version").output();
    said.is_ok_and(|output| {
        String::from_utf8_lossy(&output.stdout).split_whitespace().next_back() == Some(VERSION)
    })
}

/// The days in `text` that are before `today`.
fn overdue<'a>(text: &'a str, today: &str) -> Vec<&'a str> {
    let days = text.split(UNTIL).skip(1).filter_map(|rest| rest.get(..10));
    days.filter(|day| day.starts_with("20") && *day < today).collect()
}

#[cfg(test)]
mod tests {
    use super::overdue;

    #[test]
    fn an_exception_ends_after_its_day() {
        let text = "reason = \"a; until 2027-05-31\"\n# until when\n# b, until 2026-11-20.";
        assert_eq!(overdue(text, "2026-11-20"), [""; 0]);
        assert_eq!(overdue(text, "2026-11-21"), ["2026-11-20"]);
        assert_eq!(overdue(text, "2027-06-01"), ["2027-05-31", "2026-11-20"]);
    }
}
