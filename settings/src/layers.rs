//! File, environment and flags, laid over each other.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde_path_to_error::Segment;
use toml::{Table, Value};

use crate::Problems;

/// No configuration has more mistakes than this; it bounds the search for them.
const MAX_PROBLEMS: usize = 200;

/// Where a configuration comes from, the strongest last.
#[derive(Clone, Debug)]
pub struct Layers {
    /// The file that `--config` names; it must exist.
    pub file: Option<PathBuf>,
    /// The file that is read when none is named; it may be absent.
    pub default_file: PathBuf,
    /// `MINUANO_STATION` for `MINUANO_STATION__MQTT__HOST`.
    pub prefix: String,
    /// The environment.
    pub environment: BTreeMap<String, String>,
}

impl Layers {
    /// The layers of this process.
    pub fn of_process(file: Option<PathBuf>, default_file: &str, prefix: &str) -> Self {
        Self {
            file,
            default_file: PathBuf::from(default_file),
            prefix: prefix.to_owned(),
            environment: std::env::vars_os()
                .filter_map(|(key, value)| Some((key.into_string().ok()?, value.into_string().ok()?)))
                .collect(),
        }
    }

    /// Lays them over each other and reads `T`: every key of it needs a default.
    ///
    /// What does not fit is named in the problems and then treated as if it were not there, so the
    /// value is fit for further checks, whose findings belong in the same list. A file that cannot be read
    /// is an error at once: what it may have said is not missing.
    pub fn load<T: DeserializeOwned + Default>(&self) -> Result<(T, Problems), Problems> {
        let mut table = self.read()?;
        let from_environment = self.overlay(&mut table);
        fitted(table, from_environment, &self.shown_file())
    }

    fn path(&self) -> &Path {
        self.file.as_deref().unwrap_or(&self.default_file)
    }

    fn shown_file(&self) -> String {
        self.path().display().to_string()
    }

    fn read(&self) -> Result<Table, Problems> {
        let text = match std::fs::read_to_string(self.path()) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound && self.file.is_none() => {
                return Ok(Table::new());
            }
            Err(error) => {
                let what = format_args!("{error}; it takes a readable TOML file");
                return Err(Problems::one(self.shown_file(), what));
            }
        };
        text.parse().map_err(|error: toml::de::Error| {
            let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
            let line = before.matches('\n').count() + 1;
            Problems::one(format!("{}:{line}", self.shown_file()), error.message())
        })
    }

    /// Puts the environment over the table; gives back the raw text of what was read as something else.
    fn overlay(&self, table: &mut Table) -> BTreeMap<String, String> {
        let mut raw = BTreeMap::new();
        for (name, text) in &self.environment {
            let Some(rest) = name.strip_prefix(&self.prefix).and_then(|rest| rest.strip_prefix("__")) else {
                continue;
            };
            let key = rest.to_lowercase().replace("__", ".");
            let parsed = format!("v = {text}").parse::<Table>().ok().and_then(|mut table| table.remove("v"));
            match parsed {
                Some(value) if !value.is_str() => {
                    raw.insert(key.clone(), text.clone());
                    place(table, &key, value);
                }
                _ => place(table, &key, Value::String(text.clone())),
            }
        }
        raw
    }
}

/// Reads `T` from a table that came from `file`: every key of it needs a default.
///
/// What does not fit is named in the problems and then treated as if it were not there. An error where there is no end to that.
pub fn fit<T: DeserializeOwned + Default>(table: Table, file: &str) -> Result<(T, Problems), Problems> {
    fitted(table, BTreeMap::new(), file)
}

fn fitted<T: DeserializeOwned + Default>(
    mut table: Table,
    mut from_environment: BTreeMap<String, String>,
    file: &str,
) -> Result<(T, Problems), Problems> {
    let mut problems = Problems::default();
    while problems.0.len() < MAX_PROBLEMS {
        let error = match serde_path_to_error::deserialize(Value::Table(table.clone())) {
            Ok(value) => return Ok((value, problems)),
            Err(error) => error,
        };
        let path: Vec<Step> = error.path().iter().filter_map(Step::of).collect();
        let key = path.iter().fold(String::new(), |text, step| step.after(text));
        // "1234" from the environment looks like a number until the key turns out to be a text.
        if let Some(raw) = from_environment.remove(&key) {
            place(&mut table, &key, Value::String(raw));
            continue;
        }
        let what = error.inner().message().replace("unknown field", "unknown key");
        problems.add(if key.is_empty() { file.to_owned() } else { key }, what);
        if !remove(&mut Value::Table(std::mem::take(&mut table)), &path, &mut table) {
            break;
        }
    }
    Err(problems)
}

/// One step into a table or a list.
#[derive(Clone, Debug)]
enum Step {
    Key(String),
    Index(usize),
}

impl Step {
    fn of(segment: &Segment) -> Option<Self> {
        match segment {
            Segment::Map { key } => Some(Self::Key(key.clone())),
            Segment::Seq { index } => Some(Self::Index(*index)),
            Segment::Enum { .. } | Segment::Unknown => None,
        }
    }

    fn after(&self, mut text: String) -> String {
        match self {
            Self::Key(key) if text.is_empty() => text.push_str(key),
            Self::Key(key) => text.extend([".", key]),
            Self::Index(index) => text.push_str(&format!("[{index}]")),
        }
        text
    }
}

/// Puts `value` at the dotted `key`, making the sections on the way.
fn place(table: &mut Table, key: &str, value: Value) {
    match key.split_once('.') {
        None => {
            table.insert(key.to_owned(), value);
        }
        Some((section, rest)) => {
            let inner = table.entry(section).or_insert_with(|| Value::Table(Table::new()));
            if !inner.is_table() {
                *inner = Value::Table(Table::new());
            }
            if let Value::Table(inner) = inner {
                place(inner, rest, value);
            }
        }
    }
}

/// Takes what stands at `path` out of `root` and leaves the rest in `into`.
fn remove(root: &mut Value, path: &[Step], into: &mut Table) -> bool {
    let removed = cut(root, path);
    if let Value::Table(table) = root {
        *into = std::mem::take(table);
    }
    removed
}

fn cut(value: &mut Value, path: &[Step]) -> bool {
    match (path, value) {
        ([Step::Key(key)], Value::Table(table)) => table.remove(key).is_some(),
        ([Step::Index(index)], Value::Array(list)) if *index < list.len() => {
            list.remove(*index);
            true
        }
        ([Step::Key(key), rest @ ..], Value::Table(table)) => {
            table.get_mut(key).is_some_and(|inner| cut(inner, rest))
        }
        ([Step::Index(index), rest @ ..], Value::Array(list)) => {
            list.get_mut(*index).is_some_and(|inner| cut(inner, rest))
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Default, PartialEq, Deserialize)]
    #[serde(default, deny_unknown_fields)]
    struct Config {
        station: Option<String>,
        sampling: Sampling,
        mqtt: Vec<Broker>,
    }

    #[derive(Debug, Default, PartialEq, Deserialize)]
    #[serde(default, deny_unknown_fields)]
    struct Sampling {
        #[serde(with = "crate::duration")]
        interval: Duration,
        count: u8,
    }

    #[derive(Debug, Default, PartialEq, Deserialize)]
    #[serde(default, deny_unknown_fields)]
    struct Broker {
        host: String,
        port: u16,
    }

    fn load(text: &str, environment: &[(&str, &str)]) -> (Config, Vec<String>) {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("c.toml");
        std::fs::write(&file, text).unwrap();
        let layers = Layers {
            file: Some(file),
            default_file: PathBuf::new(),
            prefix: "TEST".to_owned(),
            environment: environment.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect(),
        };
        let (config, problems) = layers.load().unwrap_or_else(|problems| (Config::default(), problems));
        (config, problems.0.iter().map(|problem| format!("{}: {}", problem.key, problem.what)).collect())
    }

    #[test]
    fn the_environment_lies_over_the_file() {
        let (config, problems) = load(
            "station = \"roof\"\n[sampling]\ninterval = \"1s\"\ncount = 3",
            &[("TEST__STATION", "1234"), ("TEST__SAMPLING__COUNT", "7"), ("OTHER__STATION", "no")],
        );
        assert_eq!(problems, [] as [&str; 0]);
        assert_eq!(config.station.as_deref(), Some("1234"));
        assert_eq!(config.sampling, Sampling { interval: Duration::from_secs(1), count: 7 });
    }

    #[test]
    fn every_mistake_is_named_by_its_key() {
        let (config, problems) = load(
            "statoin = 1\n[sampling]\ninterval = 5\ncount = 300\nmore = 1\n[[mqtt]]\nhost = \"a\"\n[[mqtt]]\nport = \"x\"\nhosst=\"b\"",
            &[("TEST__LOG__FOLDER", "/tmp")],
        );
        assert_eq!(problems.len(), 7, "{problems:#?}");
        for key in [
            "statoin",
            "sampling.interval",
            "sampling.count",
            "sampling.more",
            "mqtt[1].port",
            "mqtt[1].hosst",
            "log",
        ] {
            assert!(
                problems.iter().any(|line| line.starts_with(&format!("{key}: "))),
                "{key} in {problems:#?}"
            );
        }
        assert!(problems.iter().any(|line| line.contains("such as \"10s\"")), "{problems:#?}");
        assert_eq!(config.mqtt.len(), 2);
    }

    #[test]
    fn a_file_that_is_not_toml_is_named_with_its_line() {
        let (_, problems) = load("station = \"roof\"\n[sampling\n", &[]);
        assert_eq!(problems.len(), 1);
        assert!(problems[0].contains("c.toml:2: "), "{problems:?}");
    }

    #[test]
    fn a_named_file_must_be_there_and_a_default_one_need_not() {
        let layers = |file: Option<&str>| Layers {
            file: file.map(PathBuf::from),
            default_file: PathBuf::from("/nowhere/default.toml"),
            prefix: "TEST".to_owned(),
            environment: BTreeMap::new(),
        };
        assert!(
            layers(Some("/nowhere/at/all.toml"))
                .load::<Config>()
                .unwrap_err()
                .to_string()
                .contains("/nowhere/at/all.toml")
        );
        assert_eq!(layers(None).load::<Config>(), Ok((Config::default(), Problems::default())));
    }
}
