//! The repository itself: what every file must be like, checked as a test (after TigerBeetle's `tidy`).

use std::path::{Path, PathBuf};
use std::process::Command;

use minuano_tests::process::{binary, call};
use minuano_tests::root;

/// A file longer than this is split by what a reader looks for.
const LONGEST: usize = 400;
/// Longer ones, each with its reason.
const LONG: [(&str, &str); 0] = [];

/// Names that say nothing of what is in them.
const EMPTY_NAMES: [&str; 7] = ["util", "utils", "manager", "managers", "helper", "helpers", "misc"];
const SOURCES: [&str; 9] = ["rs", "ts", "mjs", "svelte", "py", "sh", "sql", "css", "toml"];
/// Written in two parts, so that this file has none of them.
const MARKS: [&str; 3] = [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("XX", "X")];

/// Every file that is in the repository or about to be, as git sees it.
fn files() -> Vec<PathBuf> {
    let output = Command::new("git")
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .current_dir(root())
        .output()
        .expect("git is installed");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let listed = String::from_utf8(output.stdout).unwrap();
    // One that was deleted and not yet committed is listed as well.
    let files: Vec<PathBuf> =
        listed.split_terminator('\0').map(PathBuf::from).filter(|file| root().join(file).is_file()).collect();
    assert!(files.len() > 100, "these cannot be all: {files:?}");
    files
}

fn text(file: &Path) -> String {
    std::fs::read_to_string(root().join(file)).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

fn has_extension(file: &Path, extensions: &[&str]) -> bool {
    file.extension().is_some_and(|extension| extensions.iter().any(|one| *one == extension))
}

fn none(what: &str, found: &[String]) {
    assert!(found.is_empty(), "{what}:\n  {}", found.join("\n  "));
}

#[test]
fn no_source_file_is_too_long_to_be_read() {
    let mut found = Vec::new();
    for file in files().iter().filter(|file| has_extension(file, &SOURCES)) {
        let lines = text(file).lines().count();
        let allowed = LONG.iter().any(|(name, reason)| Path::new(name) == file && !reason.is_empty());
        if lines > LONGEST && !allowed {
            found.push(format!("{} has {lines} lines", file.display()));
        }
        if lines <= LONGEST && allowed {
            found.push(format!("{} is no longer long: take it out of LONG", file.display()));
        }
    }
    none(&format!("more than {LONGEST} lines"), &found);
}

#[test]
fn every_name_says_what_is_in_it() {
    let is_empty = |file: &&PathBuf| {
        file.iter().any(|part| {
            let stem = part.to_str().unwrap().split('.').next().unwrap().to_lowercase();
            EMPTY_NAMES.contains(&stem.as_str())
        })
    };
    let found: Vec<String> = files().iter().filter(is_empty).map(|file| file.display().to_string()).collect();
    none("names that say nothing", &found);
}

#[test]
fn nothing_is_left_for_later() {
    let mut found = Vec::new();
    for file in files()
        .iter()
        .filter(|file| has_extension(file, &SOURCES) || has_extension(file, &["md", "yml", "yaml"]))
    {
        for (index, line) in text(file).lines().enumerate() {
            let words = line.split(|c: char| !c.is_ascii_alphanumeric());
            if words.into_iter().any(|word| MARKS.contains(&word)) {
                found.push(format!("{}:{}: {}", file.display(), index + 1, line.trim()));
            }
        }
    }
    none("marks of unfinished work", &found);
}

#[test]
fn lock_files_name_no_registry() {
    let locks: Vec<PathBuf> =
        files().into_iter().filter(|file| file.ends_with("package-lock.json")).collect();
    assert!(locks.len() >= 2, "{locks:?}");
    for file in &locks {
        let lock: serde_json::Value = serde_json::from_str(&text(file)).unwrap();
        for (name, package) in lock["packages"].as_object().unwrap() {
            assert!(package.get("resolved").is_none(), "{}: {name} is resolved", file.display());
            assert!(
                name.is_empty() || package["integrity"].is_string(),
                "{}: {name} has no hash",
                file.display()
            );
        }
        let settings = text(&file.with_file_name(".npmrc"));
        assert!(settings.contains("omit-lockfile-registry-resolved=true"), "{}", file.display());
    }
}

#[test]
fn every_link_in_the_documents_leads_to_a_file() {
    let mut found = Vec::new();
    for file in files().iter().filter(|file| has_extension(file, &["md"])) {
        let folder = root().join(file).parent().unwrap().to_owned();
        for link in links(&text(file)) {
            let path = link.split('#').next().unwrap();
            let elsewhere = path.is_empty() || link.contains("://") || link.starts_with("mailto:");
            if !elsewhere && !folder.join(path).exists() {
                found.push(format!("{}: {link}", file.display()));
            }
        }
    }
    none("links that lead nowhere", &found);
}

/// What stands in `](…)`, outside blocks of code.
fn links(markdown: &str) -> Vec<String> {
    let mut in_code = false;
    let mut links = Vec::new();
    for line in markdown.lines() {
        if line.trim_start().starts_with("```") {
            in_code = !in_code;
        }
        if in_code || line.starts_with("    ") {
            continue;
        }
        let ends = line.split("](").skip(1).filter_map(|rest| rest.split(')').next());
        links.extend(ends.map(|link| link.split(' ').next().unwrap().to_owned()));
    }
    links
}

#[test]
fn the_documents_that_a_newcomer_looks_for_are_there() {
    for name in [
        "README.md",
        "ARCHITECTURE.md",
        "CHANGELOG.md",
        "CONTRIBUTING.md",
        "LICENSE-MIT",
        "LICENSE-APACHE",
        "deny.toml",
    ] {
        assert!(!text(Path::new(name)).trim().is_empty(), "{name}");
    }
}

#[test]
fn every_key_of_the_example_configurations_is_known() {
    let examples: Vec<PathBuf> =
        files().into_iter().filter(|file| file.to_str().unwrap().ends_with(".example.toml")).collect();
    assert_eq!(examples.len(), 2, "one for the station and one for the gateway: {examples:?}");
    for example in examples {
        let program = if example.starts_with("station") { "minuano-station" } else { "minuano-gateway" };
        let folder = tempfile::tempdir().unwrap();
        let as_is = text(&example);
        // "#: " stands before a key that is off; with all of them on, the file must still be one.
        let all_on: String = as_is
            .lines()
            .map(|line| line.strip_prefix("#: ").unwrap_or(line))
            .flat_map(|line| [line, "\n"])
            .collect();
        assert_ne!(as_is, all_on, "{} has keys that are off", example.display());
        for (what, text, code) in [("as it is", &as_is, Some(0)), ("with every key on", &all_on, None)] {
            let file = folder.path().join("example.toml");
            std::fs::write(&file, text).unwrap();
            let called = call(binary(program).args(["check-config", "--config"]).arg(&file));
            let what = format!("{} {what}: {called:?}", example.display());
            assert!(code.is_none_or(|code| called.code == Some(code)), "{what}");
            assert!(
                !called.stderr.contains("unknown key") && !called.stderr.contains("example.toml:"),
                "{what}"
            );
        }
    }
}

#[test]
fn the_two_dependencies_that_the_tests_install_are_pinned() {
    let requirements = text(Path::new("tests/requirements.txt"));
    assert!(requirements.lines().all(|line| line.contains("==")), "{requirements}");
    let package: serde_json::Value =
        serde_json::from_str(&text(Path::new("tests/browser/package.json"))).unwrap();
    let version = package["devDependencies"]["playwright-core"].as_str().unwrap();
    assert!(version.starts_with(|c: char| c.is_ascii_digit()), "{version}");
}
