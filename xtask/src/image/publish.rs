//! What a person downloads, and what Raspberry Pi Imager's list says of it.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::Context;
use serde_json::json;

use super::{NAME, Place};
use crate::process::{must, output};

/// Where releases are: not decided, so whoever publishes one puts its address here.
const BASE_URL: &str = "https://minuano.invalid/download";

/// Compresses the image and writes checksum, block map and entry.
pub fn publish(place: &Place, image: &Path) -> anyhow::Result<()> {
    let compressed = place.folder.join(format!("{NAME}.img.xz"));
    // The size of a block decides the bytes, the number of threads does not, from two on.
    let mut xz = Command::new("xz");
    xz.args(["--keep", "--force", "--threads=2", "-6", "--block-size=24MiB"]).arg(image);
    must(&mut xz)?;
    let (whole, small) = (sha256(image)?, sha256(&compressed)?);
    fs::write(place.folder.join(format!("{NAME}.img.xz.sha256")), format!("{small}  {NAME}.img.xz\n"))?;
    let map = place.folder.join(format!("{NAME}.img.bmap"));
    must(Command::new("bmaptool").args(["--quiet", "create", "-o"]).arg(&map).arg(image))?;

    let mut date = Command::new("date");
    date.args(["--utc", "--date", &format!("@{}", place.epoch), "+%Y-%m-%d"]);
    let entry = json!({
        "os_list": [{
            "name": "Minuano",
            "description": "A weather station, and with one line in its settings a gateway and a panel as well",
            "url": format!("{BASE_URL}/{NAME}.img.xz"),
            "extract_size": fs::metadata(image)?.len(),
            "extract_sha256": whole,
            "image_download_size": fs::metadata(&compressed)?.len(),
            "image_download_sha256": small,
            "release_date": output(&mut date)?.trim(),
            // Imager's own settings are for other systems; ours are in minuano.toml.
            "init_format": "none",
            "devices": ["pi3-64bit", "pi4-64bit"]
        }]
    });
    let text = serde_json::to_string_pretty(&entry)? + "\n";
    fs::write(place.folder.join("rpi-imager.json"), text).context("rpi-imager.json")
}

fn sha256(file: &Path) -> anyhow::Result<String> {
    let said = output(Command::new("sha256sum").arg(file))?;
    said.split_whitespace().next().map(str::to_owned).context("sha256sum said nothing")
}
