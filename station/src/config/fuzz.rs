//! Any file and any environment: a configuration, or problems that name their keys; never a panic.

use std::collections::BTreeMap;
use std::path::PathBuf;

use minuano_settings::Layers;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::test_runner::TestRunner;

use super::Config;

const EXAMPLE: &str = include_str!("../../station.example.toml");
const VALUES: [&str; 22] = [
    "",
    "0",
    "-1",
    "1",
    "65536",
    "1e999",
    "nan",
    "18446744073709551616",
    "true",
    r#""""#,
    r#""1s""#,
    r#""0s""#,
    r#""9999999999d""#,
    r#""-1h""#,
    r#""127.0.0.1:0""#,
    r#""[::]:1""#,
    "\"\u{fffd}\"",
    "[]",
    "{}",
    "[[1]]",
    "'''",
    "2026-11-20",
];
const ENVIRONMENT: [&str; 9] = [
    "STATION",
    "MQTT__HOST",
    "MQTT",
    "MQTT__PORT",
    "PLACE__LATITUDE",
    "LOG__MAX_BYTES",
    "SAMPLING__INTERVAL",
    "BUS__KIND",
    "CLOCK",
];

#[derive(Clone, Debug)]
enum Edit {
    Value(Index, &'static str),
    Remove(Index),
    Repeat(Index, Index),
    Line(Index, String),
    Uncomment(Index),
}

fn any_edit() -> impl Strategy<Value = Edit> {
    let line = any::<Index>;
    prop_oneof![
        4 => (line(), select(&VALUES[..])).prop_map(|(at, value)| Edit::Value(at, value)),
        1 => line().prop_map(Edit::Remove),
        1 => (line(), line()).prop_map(|(from, to)| Edit::Repeat(from, to)),
        1 => (line(), ".{0,40}").prop_map(|(at, text)| Edit::Line(at, text)),
        2 => line().prop_map(Edit::Uncomment),
    ]
}

fn edited(edits: &[Edit]) -> String {
    let mut lines: Vec<String> = EXAMPLE.lines().map(str::to_owned).collect();
    for edit in edits {
        match edit {
            Edit::Value(at, value) => {
                let line = at.get_mut(&mut lines);
                if let Some((key, _)) = line.split_once('=') {
                    *line = format!("{key}= {value}");
                }
            }
            Edit::Remove(at) => drop(lines.remove(at.index(lines.len()))),
            Edit::Repeat(from, to) => {
                let line = from.get(&lines).clone();
                lines.insert(to.index(lines.len()), line);
            }
            Edit::Line(at, text) => at.get_mut(&mut lines).clone_from(text),
            Edit::Uncomment(at) => {
                let line = at.get_mut(&mut lines);
                *line = line.trim_start_matches(['#', ' ']).to_owned();
            }
        }
    }
    lines.join("\n")
}

#[test]
fn fuzz_configuration() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("station.toml");
    let value = prop_oneof![select(&VALUES[..]).prop_map(str::to_owned), ".{0,20}"];
    let variable = (select(&ENVIRONMENT[..]), value);
    let input = (prop::collection::vec(any_edit(), 0..8), prop::collection::vec(variable, 0..3));
    let outcome = TestRunner::default().run(&input, |(edits, variables)| {
        std::fs::write(&file, edited(&edits)).unwrap();
        let environment: BTreeMap<String, String> =
            variables.into_iter().map(|(key, value)| (format!("TEST__{key}"), value)).collect();
        let layers = Layers {
            file: Some(file.clone()),
            default_file: PathBuf::new(),
            prefix: "TEST".to_owned(),
            environment,
        };
        if let Err(problems) = Config::from_layers(&layers) {
            prop_assert!(!problems.0.is_empty() && !problems.to_string().is_empty());
        }
        Ok(())
    });
    outcome.unwrap();
}
