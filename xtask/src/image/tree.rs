//! The root file system, from packages to a squashfs.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, ensure};

use super::Place;
use crate::process::{root, shown};

/// Debian 13: its kernel's device trees know the boards' I2C bus.
const DEBIAN: &str = "trixie";
/// What is in packages and not wanted on a card. The hooks copy kernels to a boot partition that is not there yet.
const LEFT_OUT: [&str; 7] = [
    "path-exclude=/etc/kernel/*",
    "path-exclude=/etc/initramfs/post-update.d/*",
    "path-exclude=/usr/share/man/*",
    "path-exclude=/usr/share/locale/*",
    "path-exclude=/usr/share/doc/*",
    "path-include=/usr/share/doc/*/copyright",
    "path-include=/usr/share/doc/minuano-*",
];

/// What the packages became.
pub struct Tree {
    /// The root.
    pub squashfs: PathBuf,
    /// What the firmware loads: `slot/` with kernel and initramfs, the firmware itself, `packages.tsv`.
    pub boot: PathBuf,
}

/// Makes it. Nothing of an earlier build is used.
pub fn make(place: &Place, debs: &[PathBuf], setup: &Path) -> anyhow::Result<Tree> {
    let tree = Tree { squashfs: place.folder.join("root.squashfs"), boot: place.folder.join("boot") };
    for old in [&tree.boot, &place.folder.join("parts")] {
        if old.exists() {
            fs::remove_dir_all(old).with_context(|| old.display().to_string())?;
        }
    }
    fs::create_dir_all(&tree.boot)?;
    let recipe = root().join("image");
    let listed = fs::read_to_string(recipe.join("packages")).context("image/packages")?;
    let mut include: Vec<String> = packages(&listed).map(str::to_owned).collect();
    include.extend(debs.iter().map(|deb| deb.display().to_string()));

    let mut debian = Command::new("mmdebstrap");
    debian.args(["--mode=root", "--variant=essential", "--architectures=arm64", "--format=tar", "--quiet"]);
    debian.args(["--components=main,non-free-firmware", "--aptopt=APT::Install-Recommends \"false\""]);
    debian.arg("--hook-dir=/usr/share/mmdebstrap/hooks/file-mirror-automount");
    debian.args(LEFT_OUT.map(|rule| format!("--dpkgopt={rule}")));
    debian.arg(format!("--include={}", include.join(",")));
    let customize = [recipe.join("customize"), tree.boot.clone(), setup.to_owned()];
    let [customize, boot, setup] = customize.map(|path| quoted(&path));
    debian.arg(format!("--customize-hook={customize} \"$1\" {boot} {setup}"));
    debian.args([DEBIAN, "-"]).env("SOURCE_DATE_EPOCH", &place.epoch).stdout(Stdio::piped());

    let log = place.folder.join("mmdebstrap.log");
    let mut source = debian.stderr(File::create(&log)?).spawn().context("mmdebstrap did not start")?;
    let mut squash = Command::new("tar2sqfs");
    squash.args(["--quiet", "--force", "--compressor", "zstd", "--comp-extra", "level=19"]);
    squash.args(["--block-size", "262144", "--no-keep-time", "--exportable"]).arg(&tree.squashfs);
    squash.env("SOURCE_DATE_EPOCH", &place.epoch);
    squash.stdin(source.stdout.take().context("mmdebstrap has no output")?);
    let squashed = squash.status().with_context(|| format!("{} did not start", shown(&squash)))?;
    let made = source.wait()?;
    ensure!(made.success(), "mmdebstrap ended with {made}; see {}", log.display());
    ensure!(squashed.success(), "{} ended with {squashed}", shown(&squash));
    Ok(tree)
}

/// The names in `image/packages`.
fn packages(listed: &str) -> impl Iterator<Item = &str> {
    listed.lines().filter_map(|line| line.split('#').next()).map(str::trim).filter(|name| !name.is_empty())
}

/// For mmdebstrap's shell.
fn quoted(path: &Path) -> String {
    format!("'{}'", path.display().to_string().replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_of_packages_has_names_and_reasons() {
        let listed = include_str!("../../../image/packages");
        let names: Vec<&str> = packages(listed).collect();
        assert!(names.contains(&"linux-image-arm64") && names.contains(&"raspi-firmware"), "{names:?}");
        let is_name = |name: &&str| {
            name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"+-.".contains(&b))
        };
        assert!(names.iter().all(is_name), "{names:?}");
        let mut once = names.clone();
        once.sort_unstable();
        once.dedup();
        assert_eq!(once.len(), names.len(), "each once: {names:?}");
    }

    #[test]
    fn a_path_survives_a_shell() {
        assert_eq!(quoted(Path::new("/a b/it's")), "'/a b/it'\\''s'");
    }
}
