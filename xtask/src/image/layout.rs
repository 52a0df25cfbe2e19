//! Where the partitions lie, as `image/layout.sfdisk` says.

use anyhow::{Context, ensure};

pub const SECTOR: u64 = 512;
/// What erase blocks of cards are a part of.
const ALIGNMENT: u64 = 4 << 20;
/// The first sectors are the table's.
const TEXT: &str = include_str!("../../../image/layout.sfdisk");

/// One partition, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Partition {
    pub start: u64,
    pub size: u64,
}

/// The whole card.
#[derive(Debug)]
pub struct Layout {
    /// Boot, root a, root b, data.
    pub partitions: [Partition; 4],
    /// The table's identity: `4d696e75`, in every PARTUUID.
    pub id: String,
    /// As sfdisk takes it.
    pub text: &'static str,
}

impl Layout {
    /// Of the image.
    pub fn ours() -> anyhow::Result<Self> {
        Self::parse(TEXT).context("image/layout.sfdisk")
    }

    fn parse(text: &'static str) -> anyhow::Result<Self> {
        let id = text
            .lines()
            .find_map(|line| line.strip_prefix("label-id: 0x"))
            .context("there is no label-id")?;
        let mut partitions = Vec::new();
        for line in text.lines().filter(|line| line.starts_with("start=")) {
            let of = |key: &str| -> anyhow::Result<u64> {
                let field = line.split(',').map(str::trim).find_map(|field| field.strip_prefix(key));
                let sectors: u64 = field.with_context(|| format!("no {key} in {line}"))?.parse()?;
                sectors.checked_mul(SECTOR).with_context(|| format!("{line}: beyond any card"))
            };
            let partition = Partition { start: of("start=")?, size: of("size=")? };
            let free_from = partitions.last().map_or(ALIGNMENT, |last: &Partition| last.start + last.size);
            ensure!(partition.start >= free_from, "{line}: overlaps the one before");
            ensure!(partition.start.is_multiple_of(ALIGNMENT), "{line}: does not begin at 4 MiB");
            ensure!(partition.size > 0, "{line}: is empty");
            partitions.push(partition);
        }
        let count = partitions.len();
        let partitions = partitions.try_into().ok().with_context(|| format!("{count} partitions, not 4"))?;
        Ok(Self { partitions, id: id.to_owned(), text })
    }

    /// How large the image is.
    pub fn bytes(&self) -> u64 {
        let [.., last] = self.partitions;
        last.start + last.size
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_layout_is_sound_and_every_file_names_its_identity() {
        let layout = Layout::ours().unwrap();
        assert_eq!(layout.partitions[1].size, layout.partitions[2].size, "a and b take each other's place");
        assert!(layout.bytes() < 2_000_000_000, "a card of 2 GB takes it");
        let named = |text: &str, number: &str| text.contains(&format!("{}-{number}", layout.id));
        assert!(include_str!("../../../image/boot/cmdline.txt").contains("root=PARTUUID=@ROOT@ "));
        assert!(named(include_str!("../../../image/files/etc/fstab"), "01"));
        let initramfs = include_str!("../../../image/files/etc/initramfs-tools/scripts/init-bottom/minuano");
        assert!(named(initramfs, "04"));
        assert!(named(include_str!("../../../image/files/usr/lib/minuano/grow"), "04"));
    }

    #[test]
    fn a_layout_that_cannot_be_is_refused() {
        let said = |text| Layout::parse(text).unwrap_err().to_string();
        assert!(said("start=8192, size=8192").contains("no label-id"));
        assert!(said("label-id: 0x1\nstart=8192, size=8192\nstart=8192, size=8192").contains("overlaps"));
        assert!(said("label-id: 0x1\nstart=8193, size=8192").contains("4 MiB"));
        assert!(said("label-id: 0x1\nstart=8192, size=8192").contains("1 partitions"));
    }
}
