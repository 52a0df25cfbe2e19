//! Builds the panel that the gateway embeds.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::SystemTime;

use crate::process::{must, root};

/// npm in a folder of the repository.
pub fn npm(folder: &str) -> Command {
    let mut command = Command::new("npm");
    command.current_dir(root().join(folder));
    command
}

/// Installs the packages of a folder from its lock file, unless that was done already.
pub fn packages(folder: &str) -> anyhow::Result<()> {
    let lock = modified(root().join(folder).join("package-lock.json"));
    let installed = modified(root().join(folder).join("node_modules/.package-lock.json"));
    if installed.is_some() && installed >= lock {
        return Ok(());
    }
    println!("npm ci in {folder}/");
    must(npm(folder).args(["ci", "--no-audit", "--no-fund"]))
}

/// Builds `dashboard/dist`, unless it is newer than all that it is made of.
pub fn build() -> anyhow::Result<()> {
    packages("dashboard")?;
    let dashboard = root().join("dashboard");
    let newest = ["src", "public", "index.html", "package-lock.json", "vite.config.ts"]
        .into_iter()
        .filter_map(|part| newest_below(dashboard.join(part)))
        .max();
    if modified(dashboard.join("dist/index.html")) > newest {
        return Ok(());
    }
    println!("npm run build in dashboard/");
    must(npm("dashboard").args(["run", "--silent", "build"]))
}

fn modified(path: PathBuf) -> Option<SystemTime> {
    fs::metadata(path).ok()?.modified().ok()
}

fn newest_below(path: PathBuf) -> Option<SystemTime> {
    if path.is_dir() {
        fs::read_dir(path).ok()?.flatten().filter_map(|entry| newest_below(entry.path())).max()
    } else {
        modified(path)
    }
}
