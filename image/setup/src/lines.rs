//! Text becomes a table. Where it is no TOML, the line that is wrong is named and left out, and the rest is read.

use minuano_settings::Problems;
use toml::Table;

use crate::card::NAME;

/// After so many lines that are no TOML it is something else altogether.
const MAX_LEFT_OUT: usize = 50;

/// Reads what can be read.
pub fn table(text: &str, problems: &mut Problems) -> Table {
    let mut lines: Vec<&str> = text.split('\n').collect();
    let mut found = Problems::default();
    for _ in 0..MAX_LEFT_OUT {
        let rest = lines.join("\n");
        let error: toml::de::Error = match rest.parse::<Table>() {
            Ok(table) => {
                problems.0.append(&mut found.0);
                return table;
            }
            Err(error) => error,
        };
        let start = error.span().map_or(0, |span| span.start);
        let before = rest.get(..start).unwrap_or(&rest);
        let at = last_written(&lines, before.matches('\n').count());
        let Some(line) = lines.get_mut(at) else { break };
        let was = std::mem::take(line);
        found.add(format!("{NAME} line {}", at + 1), said(&error, was));
        if was.trim_start().starts_with('[') {
            // Keys of a section whose name is not known belong nowhere.
            for line in lines.iter_mut().skip(at + 1).take_while(|line| !line.trim_start().starts_with('[')) {
                *line = "";
            }
        }
    }
    problems.add(NAME, "is not TOML: lines such as station = \"roof\"; none of it was read");
    Table::new()
}

/// The line that is to blame: an error at a line already left out, or beyond the end, is that of the line before.
fn last_written(lines: &[&str], at: usize) -> usize {
    let at = at.min(lines.len().saturating_sub(1));
    let written = (0..=at).rev().find(|&index| lines.get(index).is_some_and(|line| !line.trim().is_empty()));
    written.unwrap_or(at)
}

/// What is wrong with the line, without what stands in it: that may be a passphrase.
fn said(error: &toml::de::Error, line: &str) -> String {
    if line.contains(['\u{201C}', '\u{201D}', '\u{201E}', '\u{2018}', '\u{2019}']) {
        return "has typographic quotation marks; it takes plain ones: \"".to_owned();
    }
    if line.trim_start().starts_with('[') {
        return format!("{}; this section was left out", error.message());
    }
    let value = line.split_once('=').map(|(_, value)| value.trim());
    match value {
        None => format!("{}; a line is KEY = VALUE, or [SECTION]", error.message()),
        Some(value) if value.starts_with(|c: char| c.is_alphabetic()) => {
            format!("{}; a text stands in quotation marks: \"roof\"", error.message())
        }
        Some(_) => error.message().to_owned(),
    }
}
