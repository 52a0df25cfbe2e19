//! What was seen, into the table at the end of docs/image.md: a row a promise, with the day.

use std::path::Path;

use minuano_tests::payload;

const HEAD: &str = "| promise | day | seen |\n|---|---|---|\n";

/// Puts the promise's row in, instead of an older one.
pub fn write(document: &Path, promise: &str, seen: &str) {
    let text =
        std::fs::read_to_string(document).unwrap_or_else(|error| panic!("{}: {error}", document.display()));
    let day = payload::now();
    std::fs::write(document, with_row(&text, promise, &day[..10], seen)).unwrap();
}

fn with_row(text: &str, promise: &str, day: &str, seen: &str) -> String {
    let row = format!("| {promise} | {day} | {} |\n", seen.replace('|', "\\|").replace('\n', " "));
    let (before, table) = text.split_once(HEAD).unwrap_or((text, ""));
    let begins = format!("| {promise} |");
    let is_old = table.lines().any(|line| line.starts_with(&begins));
    let mut rows: Vec<String> = table
        .lines()
        .map(|line| if line.starts_with(&begins) { row.clone() } else { format!("{line}\n") })
        .collect();
    if !is_old {
        rows.push(row);
    }
    format!("{before}{HEAD}{}", rows.concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_promise_has_one_row_the_newest() {
        let text = format!("# Image\n\n{HEAD}| A | 2026-01-01 | old |\n| B | 2026-01-01 | kept |\n");
        let text = with_row(&text, "A", "2026-11-21", "new | better");
        let text = with_row(&text, "C", "2026-11-21", "more");
        let rows =
            "| A | 2026-11-21 | new \\| better |\n| B | 2026-01-01 | kept |\n| C | 2026-11-21 | more |\n";
        assert_eq!(text, format!("# Image\n\n{HEAD}{rows}"));
    }
}
