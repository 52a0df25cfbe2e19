//! Any file and any environment, for the tests of those who have a configuration: they read it, or name what is wrong;
//! never a panic.

use std::path::PathBuf;

use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::test_runner::{TestCaseError, TestError, TestRunner};

use crate::{Layers, Problems};

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
/// A change of one line.
#[derive(Clone, Debug)]
pub enum Edit {
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

fn edited(example: &str, edits: &[Edit]) -> String {
    let mut lines: Vec<String> = example.lines().map(str::to_owned).collect();
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

/// What is read, and in which environment.
type Input = (Vec<Edit>, Vec<(&'static str, String)>);

/// Reads with `read` the example with its lines changed, and some of these variables set. An error is an input that was
/// refused without a word, or brought `read` to a panic.
pub fn read_anything<T>(
    example: &str,
    variables: &'static [&'static str],
    read: impl Fn(&Layers) -> Result<T, Problems>,
) -> Result<(), TestError<Input>> {
    let cannot = |error: std::io::Error| TestError::Abort(error.to_string().into());
    let folder = tempfile::tempdir().map_err(cannot)?;
    let file = folder.path().join("any.toml");
    let value = prop_oneof![select(&VALUES[..]).prop_map(str::to_owned), ".{0,20}"];
    let input =
        (prop::collection::vec(any_edit(), 0..8), prop::collection::vec((select(variables), value), 0..3));
    TestRunner::default().run(&input, |(edits, variables)| {
        std::fs::write(&file, edited(example, &edits))
            .map_err(|error| TestCaseError::reject(error.to_string()))?;
        let layers = Layers {
            file: Some(file.clone()),
            default_file: PathBuf::new(),
            prefix: "TEST".to_owned(),
            environment: variables.into_iter().map(|(key, value)| (format!("TEST__{key}"), value)).collect(),
        };
        if let Err(problems) = read(&layers) {
            prop_assert!(!problems.0.is_empty() && !problems.to_string().is_empty());
        }
        Ok(())
    })
}
