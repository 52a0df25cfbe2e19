//! A card: a copy of the image with one file on it changed, as a person changes it.

use std::fs;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

/// Where the boot partition begins, for mtools.
const BOOT: &str = "@@4M";
/// Where the data partition lies, in MiB: `image/layout.sfdisk`. It grows to the end of the card.
const DATA_AT: u64 = 1284;
/// A card is larger than the image.
const CARD: u64 = 2 << 30;
/// Where a DOS label has the size of the fourth partition, in sectors of 512 bytes.
const FOURTH_SIZE: u64 = 446 + 3 * 16 + 12;
/// Where an ext4 has its number of blocks, here of 4 KiB.
const BLOCKS: u64 = (DATA_AT << 20) + 1024 + 4;

/// A card, with a folder for what belongs to its boots.
pub struct Card {
    pub file: PathBuf,
    folder: TempDir,
}

impl Card {
    /// As it comes out of the writer.
    pub fn written(image: &Path) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("card.img");
        let status =
            Command::new("cp").args(["--sparse=always", "--reflink=auto"]).arg(image).arg(&file).status();
        assert!(status.unwrap().success(), "{} could not be copied", image.display());
        fs::File::options().write(true).open(&file).unwrap().set_len(CARD).unwrap();
        Self { file, folder }
    }

    /// With this `minuano.toml`, or without any.
    pub fn with(image: &Path, settings: Option<&[u8]>) -> Self {
        let card = Self::written(image);
        match settings {
            Some(bytes) => {
                let file = card.path("minuano.toml");
                fs::write(&file, bytes).unwrap();
                assert!(card.mtools("mcopy").arg("-o").arg(&file).arg("::/").status().unwrap().success());
            }
            None => assert!(card.mtools("mdel").arg("::/minuano.toml").status().unwrap().success()),
        }
        card
    }

    /// A file for the boots of this card.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A file of the boot partition, if it is there.
    pub fn on_boot(&self, name: &str) -> Option<Vec<u8>> {
        let output = self.mtools("mtype").arg(format!("::/{name}")).output().unwrap();
        output.status.success().then_some(output.stdout)
    }

    /// Copies a file of the boot partition to the host.
    pub fn copied(&self, name: &str) -> PathBuf {
        let to = self.path(&name.replace('/', "-"));
        let status = self.mtools("mcopy").args(["-n", "-o"]).arg(format!("::/{name}")).arg(&to).status();
        assert!(status.unwrap().success(), "{name} is not on the boot partition");
        to
    }

    /// What e2fsck says of the data partition once its journal has been replayed, as each boot does.
    pub fn data_is_sound(&self) -> (bool, String) {
        let copy = self.path("data.ext4");
        let skip = format!("skip={DATA_AT}");
        let mut dd = Command::new("dd");
        dd.args(["bs=1M", &skip, "conv=sparse", "status=none"]);
        dd.arg(format!("if={}", self.file.display())).arg(format!("of={}", copy.display()));
        assert!(dd.status().unwrap().success());
        let replay =
            Command::new("/usr/sbin/e2fsck").args(["-E", "journal_only", "-y"]).arg(&copy).output().unwrap();
        let check = Command::new("/usr/sbin/e2fsck").args(["-f", "-n"]).arg(&copy).output().unwrap();
        let said = [replay.stdout, check.stdout].concat();
        (check.status.success(), String::from_utf8_lossy(&said).into_owned())
    }

    /// Whether the data partition, and the file system in it, have grown to the end of the card.
    pub fn is_grown(&self) -> bool {
        let whole = CARD - (DATA_AT << 20);
        let [partition, blocks] = [FOURTH_SIZE, BLOCKS].map(|at| self.number(at));
        partition * 512 == whole && blocks * 4096 == whole
    }

    fn number(&self, at: u64) -> u64 {
        let mut bytes = [0; 4];
        fs::File::open(&self.file).unwrap().read_exact_at(&mut bytes, at).unwrap();
        u32::from_le_bytes(bytes).into()
    }

    fn mtools(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.env("MTOOLS_SKIP_CHECK", "1").arg("-i").arg(format!("{}{BOOT}", self.file.display()));
        command
    }
}
