//! The three file systems of a card, and the card. Files are written at offsets: no loop devices.

use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, SystemTime};

use anyhow::{Context, ensure};

use super::layout::{Layout, Partition};
use super::tree::Tree;
use super::{NAME, Place};
use crate::process::{must, root, shown};

/// Fixed, so that the same files make the same bytes. They name the file systems of one card, and nobody finds them by it.
const FAT_ID: &str = "4d696e75";
const DATA_ID: &str = "4d696e75-616e-4f00-8000-000000000004";
const HASH_SEED: &str = "4d696e75-616e-4f00-8000-000000000005";

/// The card's image, of which root b is empty.
pub fn card(place: &Place, tree: &Tree) -> anyhow::Result<PathBuf> {
    let layout = Layout::ours()?;
    let [boot, a, _, data] = layout.partitions;
    let parts = place.folder.join("parts");
    fs::create_dir_all(&parts)?;
    let (fat, ext4) = (parts.join("boot.fat"), parts.join("data.ext4"));
    boot_partition(place, tree, &layout, &fat)?;
    data_partition(place, data, &ext4)?;

    let image = place.folder.join(format!("{NAME}.img"));
    let file = File::create(&image).with_context(|| image.display().to_string())?;
    file.set_len(layout.bytes())?;
    drop(file);
    table(&layout, &image)?;
    for (part, partition) in [(&fat, boot), (&tree.squashfs, a), (&ext4, data)] {
        put(part, &image, partition)?;
    }
    fs::remove_dir_all(&parts)?;
    Ok(image)
}

/// The FAT that the firmware reads, with the file that a person edits.
fn boot_partition(place: &Place, tree: &Tree, layout: &Layout, fat: &Path) -> anyhow::Result<()> {
    let staging = fat.with_extension("d");
    let recipe = root().join("image/boot");
    fs::create_dir_all(staging.join("a"))?;
    for entry in fs::read_dir(&tree.boot)?.chain(fs::read_dir(&recipe)?) {
        let path = entry?.path();
        let name = path.file_name().context("a folder has names")?.to_owned();
        if path.is_file() && name != "packages.tsv" && name != "cmdline.txt" {
            fs::copy(&path, staging.join(name))?;
        }
    }
    for entry in fs::read_dir(tree.boot.join("slot"))? {
        let path = entry?.path();
        fs::copy(&path, staging.join("a").join(path.file_name().context("a folder has names")?))?;
    }
    let command_line = fs::read_to_string(recipe.join("cmdline.txt"))?;
    fs::write(staging.join("a/cmdline.txt"), command_line.replace("@ROOT@", &format!("{}-02", layout.id)))?;

    let [partition, ..] = layout.partitions;
    let size = (partition.size >> 10).to_string();
    let mut format = Command::new("/usr/sbin/mkfs.vfat");
    format.args(["-F", "32", "-i", FAT_ID, "-n", "MINUANO", "--invariant", "-C"]).arg(fat).arg(size);
    must(format.stdout(Stdio::null()))?;
    let mtools = |program: &str| {
        let mut command = Command::new(program);
        command.env("SOURCE_DATE_EPOCH", &place.epoch).env("TZ", "UTC").args(["-i"]).arg(fat);
        command
    };
    must(mtools("mmd").arg("::/a"))?;
    let mut files = Vec::new();
    for folder in ["", "a"] {
        for entry in fs::read_dir(staging.join(folder))? {
            let path = entry?.path();
            if path.is_file() {
                files.push((path, folder));
            }
        }
    }
    // In the order of their names, whatever the order of the folder.
    files.sort();
    let at = SystemTime::UNIX_EPOCH + Duration::from_secs(place.epoch.parse()?);
    for (path, folder) in files {
        File::options().write(true).open(&path)?.set_modified(at)?;
        must(mtools("mcopy").arg("-m").arg(&path).arg(format!("::/{folder}")))?;
    }
    Ok(())
}

/// An empty ext4 that fills its card at the first boot.
fn data_partition(place: &Place, partition: Partition, ext4: &Path) -> anyhow::Result<()> {
    File::create(ext4)?.set_len(partition.size)?;
    let mut format = Command::new("/usr/sbin/mke2fs");
    format.args(["-q", "-t", "ext4", "-b", "4096", "-m", "0", "-L", "minuano-data", "-U", DATA_ID]);
    // Whole inode tables now: the kernel would write them later, in the first hours of a station.
    format.arg("-E").arg(format!("hash_seed={HASH_SEED},lazy_itable_init=0,lazy_journal_init=0,nodiscard"));
    format.arg(ext4).env("E2FSPROGS_FAKE_TIME", &place.epoch).env("SOURCE_DATE_EPOCH", &place.epoch);
    must(&mut format)
}

/// The partition table.
fn table(layout: &Layout, image: &Path) -> anyhow::Result<()> {
    let mut command = Command::new("/usr/sbin/sfdisk");
    command.args(["--quiet", "--no-reread", "--no-tell-kernel"]).arg(image).stdin(Stdio::piped());
    let mut child = command.spawn().with_context(|| format!("{} did not start", shown(&command)))?;
    child.stdin.take().context("sfdisk has no input")?.write_all(layout.text.as_bytes())?;
    let status = child.wait()?;
    ensure!(status.success(), "{} ended with {status}", shown(&command));
    Ok(())
}

/// Copies a file into its partition, but for its zeros: the image is already zero there, and stays sparse.
fn put(part: &Path, image: &Path, partition: Partition) -> anyhow::Result<()> {
    let mut source = File::open(part).with_context(|| part.display().to_string())?;
    let size = source.metadata()?.len();
    let name = part.display();
    ensure!(size <= partition.size, "{name} has {size} bytes; its partition has {}", partition.size);
    let mut target = File::options().write(true).open(image)?;
    let mut at = partition.start;
    let mut block = vec![0; 1 << 16];
    loop {
        let length = source.read(&mut block)?;
        let Some(read) = block.get(..length).filter(|read| !read.is_empty()) else { return Ok(()) };
        if read.iter().any(|byte| *byte != 0) {
            target.seek(SeekFrom::Start(at))?;
            target.write_all(read)?;
        }
        at += u64::try_from(length)?;
    }
}
