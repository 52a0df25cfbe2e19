//! Programs for arm64 on this machine.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::Context;

use crate::process::must;

const BINFMT: &str = "/proc/sys/fs/binfmt_misc";
const NAME: &str = "qemu-aarch64";

/// Lets the kernel run arm64 programs by qemu, where it does not yet.
pub fn arm64() -> anyhow::Result<()> {
    if cfg!(target_arch = "aarch64") {
        return Ok(());
    }
    if !Path::new(BINFMT).join("register").exists() {
        must(Command::new("mount").args(["-t", "binfmt_misc", "binfmt_misc", BINFMT]))?;
    }
    if Path::new(BINFMT).join(NAME).exists() {
        return Ok(());
    }
    let file = format!("/usr/lib/binfmt.d/{NAME}.conf");
    let line = fs::read_to_string(&file).with_context(|| file.clone())?;
    fs::write(Path::new(BINFMT).join("register"), line.trim()).with_context(|| format!("registering {NAME}"))
}
