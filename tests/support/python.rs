//! Scripts that read with pyarrow and DuckDB what the gateway wrote, that receive what it sends, and tools that ask it.

use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;

use crate::process::{call, clean};
use crate::root;

/// The Python with the packages of `tests/requirements.txt`.
fn python() -> PathBuf {
    let python = std::env::var_os("MINUANO_PYTHON").map(PathBuf::from).unwrap_or_else(|| {
        // …/target/debug/deps/whole_path-0123456789abcdef, or …/target/release/chaos
        let own = std::env::current_exe().unwrap();
        let target = own.ancestors().skip(2).find(|folder| folder.join("python").is_dir());
        target.unwrap_or(&own).join("python/bin/python")
    });
    assert!(
        python.exists(),
        "{} is not there: run cargo xtask test once, or set MINUANO_PYTHON to a Python with the packages \
         of tests/requirements.txt",
        python.display()
    );
    python
}

/// Runs a program that one of the packages brings, from the repository's folder; it must succeed.
pub fn tool(name: &str, arguments: &[&str]) {
    let program = python().with_file_name(name);
    let called = call(clean(&program).args(arguments).current_dir(root()));
    assert_eq!(called.code, Some(0), "{name}: {}{}", called.stdout, called.stderr);
}

/// `tests/python/<script>`, not started yet.
pub fn script(script: &str) -> Command {
    let mut command = clean(&python());
    command.arg(root().join("tests/python").join(script));
    command
}

/// Runs `tests/python/<script>` and gives the JSON that it prints.
pub fn run(name: &str, arguments: &[&str]) -> Value {
    let called = call(script(name).args(arguments));
    assert_eq!(called.code, Some(0), "{name}: {}", called.stderr);
    serde_json::from_str(&called.stdout).unwrap_or_else(|error| panic!("{name}: {error} in {called:?}"))
}
