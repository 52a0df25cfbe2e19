//! What a card makes once and keeps: the machine's identity and the host key.

use std::fs;
use std::io;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, ensure};

use crate::apply::replace;

/// The initramfs puts it in its place before systemd looks.
const MACHINE_ID: &str = "machine-id";
const HOST_KEY: &str = "ssh/ssh_host_ed25519_key";

/// Keeps the identity that systemd made at the first boot.
pub fn machine_id(root: &Path, data: &Path) -> io::Result<()> {
    let kept = data.join(MACHINE_ID);
    if fs::read_to_string(&kept).is_ok_and(|id| is_id(&id)) {
        return Ok(());
    }
    match fs::read_to_string(root.join("etc/machine-id")) {
        Ok(id) if is_id(&id) => replace(&kept, id.as_bytes(), 0o444),
        _ => Ok(()),
    }
}

fn is_id(text: &str) -> bool {
    let id = text.trim_end();
    id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Makes the host key where it is missing, or was not finished when the power went.
pub fn host_key(data: &Path) -> anyhow::Result<()> {
    let (key, public) = (data.join(HOST_KEY), data.join(HOST_KEY.to_owned() + ".pub"));
    let is_whole = |file: &Path| fs::read_to_string(file).is_ok_and(|text| text.ends_with('\n'));
    if is_whole(&key) && is_whole(&public) {
        return Ok(());
    }
    let folder = data.join("ssh");
    fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
    for half in [&key, &public] {
        match fs::remove_file(half) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error.into()),
            _ => {}
        }
    }
    let mut command = Command::new("ssh-keygen");
    command.args(["-q", "-t", "ed25519", "-N", "", "-C", "", "-f"]).arg(&key);
    let status = command.status().context("ssh-keygen did not start")?;
    ensure!(status.success(), "ssh-keygen: {status}");
    for half in [&key, &public] {
        fs::File::open(half)?.sync_all()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_identity_is_kept_once_and_a_half_written_one_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let (root, data) = (folder.path().join("root"), folder.path().join("data"));
        fs::create_dir_all(root.join("etc")).unwrap();
        fs::create_dir_all(&data).unwrap();
        let kept = || fs::read_to_string(data.join(MACHINE_ID)).ok();
        fs::write(root.join("etc/machine-id"), "uninitialized\n").unwrap();
        machine_id(&root, &data).unwrap();
        assert_eq!(kept(), None);
        let (first, second) = ("0123456789abcdef".repeat(2) + "\n", "f".repeat(32) + "\n");
        fs::write(data.join(MACHINE_ID), "0123").unwrap();
        fs::write(root.join("etc/machine-id"), &first).unwrap();
        machine_id(&root, &data).unwrap();
        assert_eq!(kept(), Some(first.clone()));
        fs::write(root.join("etc/machine-id"), &second).unwrap();
        machine_id(&root, &data).unwrap();
        assert_eq!(kept(), Some(first));
    }
}
