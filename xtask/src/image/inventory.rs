//! The bill of materials: every Debian package and every crate on the card, as SPDX 2.3.

use std::fs;
use std::process::Command;

use anyhow::{Context, ensure};
use serde_json::{Value, json};

use super::tree::Tree;
use super::{NAME, Place};
use crate::process::{cargo, output};

/// Ours, whose crates are listed.
const PROGRAMS: [&str; 3] = ["minuano-station", "minuano-gateway", "minuano-setup"];
const TARGET: &str = "aarch64-unknown-linux-gnu";

/// One line of dpkg's, one crate.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Item {
    name: String,
    version: String,
    /// A package URL.
    url: String,
    licence: String,
}

/// Writes it beside the image.
pub fn write(place: &Place, tree: &Tree) -> anyhow::Result<()> {
    let listed = fs::read_to_string(tree.boot.join("packages.tsv")).context("packages.tsv")?;
    let mut items = debian(&listed)?;
    for program in PROGRAMS {
        let mut command = cargo();
        command.args(["tree", "--package", program, "--target", TARGET, "--edges", "normal,no-proc-macro"]);
        command.args(["--prefix", "none", "--format", "{p}\t{l}"]);
        items.extend(crates(&output(&mut command)?));
    }
    items.sort();
    items.dedup();
    let mut date = Command::new("date");
    date.args(["--utc", "--date", &format!("@{}", place.epoch), "+%Y-%m-%dT%H:%M:%SZ"]);
    let document = document(&items, output(&mut date)?.trim(), &place.epoch);
    let text = serde_json::to_string_pretty(&document)? + "\n";
    fs::write(place.folder.join(format!("{NAME}.spdx.json")), text).context("the bill of materials")
}

/// `name:arch version source source-version arch`, with tabs.
fn debian(listed: &str) -> anyhow::Result<Vec<Item>> {
    let items: Vec<Item> = listed
        .lines()
        .filter_map(|line| {
            let mut fields = line.split('\t');
            let name = fields.next()?.split(':').next()?;
            let version = fields.next()?;
            let architecture = fields.nth(2)?;
            let escaped = version.replace('+', "%2B").replace(':', "%3A");
            let url = format!("pkg:deb/debian/{name}@{escaped}?arch={architecture}&distro=trixie");
            // Each package's licences are in /usr/share/doc/NAME/copyright on the card.
            let licence = "NOASSERTION".to_owned();
            Some(Item { name: name.to_owned(), version: version.to_owned(), url, licence })
        })
        .collect();
    ensure!(items.len() > 50, "dpkg listed only {} packages", items.len());
    Ok(items)
}

/// `serde v1.0.229<tab>MIT OR Apache-2.0`; ours have a path behind the version, repeated ones a star.
fn crates(tree: &str) -> Vec<Item> {
    let item = |line: &str| {
        let (package, licence) = line.split_once('\t')?;
        let mut words = package.split_whitespace();
        let (name, version) = (words.next()?, words.next()?.trim_start_matches('v'));
        let licence = licence.trim_end_matches("(*)").trim().replace('/', " OR ");
        Some(Item {
            name: name.to_owned(),
            version: version.to_owned(),
            url: format!("pkg:cargo/{name}@{version}"),
            licence: if licence.is_empty() { "NOASSERTION".to_owned() } else { licence },
        })
    };
    tree.lines().filter_map(item).collect()
}

fn document(items: &[Item], created: &str, epoch: &str) -> Value {
    let id = |index: usize| format!("SPDXRef-{index}");
    let packages: Vec<Value> = items
        .iter()
        .enumerate()
        .map(|(index, item)| {
            json!({
                "SPDXID": id(index),
                "name": item.name,
                "versionInfo": item.version,
                "downloadLocation": "NOASSERTION",
                "filesAnalyzed": false,
                "licenseDeclared": item.licence,
                "licenseConcluded": "NOASSERTION",
                "copyrightText": "NOASSERTION",
                "externalRefs": [{
                    "referenceCategory": "PACKAGE-MANAGER",
                    "referenceType": "purl",
                    "referenceLocator": item.url,
                }],
            })
        })
        .collect();
    let described: Vec<Value> = (0..items.len())
        .map(|index| {
            json!({ "spdxElementId": "SPDXRef-DOCUMENT", "relationshipType": "DESCRIBES", "relatedSpdxElement": id(index) })
        })
        .collect();
    json!({
        "spdxVersion": "SPDX-2.3",
        "dataLicense": "CC0-1.0",
        "SPDXID": "SPDXRef-DOCUMENT",
        "name": NAME,
        "documentNamespace": format!("https://minuano.invalid/spdx/{NAME}-{}-{epoch}", env!("CARGO_PKG_VERSION")),
        "creationInfo": { "created": created, "creators": ["Tool: cargo-xtask-image"] },
        "packages": packages,
        "relationships": described,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_and_crates_are_named_with_version_and_licence() {
        let line = |index: usize| format!("lib{index}:arm64\t1:2.3+b{index}\tsource\t1:2.3\tarm64\n");
        let items = debian(&(0..60).map(line).collect::<String>()).unwrap();
        assert_eq!(items[7].url, "pkg:deb/debian/lib7@1%3A2.3%2Bb7?arch=arm64&distro=trixie");
        assert!(
            debian("libc6:arm64\t2.41\tglibc\t2.41\tarm64\n").is_err(),
            "a card has more than one package"
        );
        let found = crates(
            "minuano-setup v0.1.0 (/work/image/setup)\tMIT OR Apache-2.0\nmemchr v2.7.4\tUnlicense/MIT\nserde v1.0.229\tMIT OR Apache-2.0 (*)\n",
        );
        assert_eq!(found.len(), 3);
        assert_eq!(
            (found[1].licence.as_str(), found[2].licence.as_str()),
            ("Unlicense OR MIT", "MIT OR Apache-2.0")
        );
        let document = document(&found, "2026-11-21T00:00:00Z", "1");
        assert_eq!(
            document["packages"].as_array().unwrap().len(),
            document["relationships"].as_array().unwrap().len()
        );
        assert_eq!(document["packages"][1]["externalRefs"][0]["referenceLocator"], "pkg:cargo/memchr@2.7.4");
    }
}
