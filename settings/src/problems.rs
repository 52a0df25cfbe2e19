//! What is wrong with a configuration.

use std::fmt;

/// One mistake: the key or path, and what would be right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The key, such as `sampling.interval`, or the file.
    pub key: String,
    /// What is wrong, and what would be right.
    pub what: String,
}

/// Every mistake found, one line each when shown.
#[derive(Clone, Debug, Default, PartialEq, Eq, thiserror::Error)]
pub struct Problems(pub Vec<Problem>);

impl Problems {
    /// Nothing but this.
    pub fn one(key: impl Into<String>, what: impl fmt::Display) -> Self {
        let mut problems = Self::default();
        problems.add(key, what);
        problems
    }

    /// Remembers that `key` is wrong.
    pub fn add(&mut self, key: impl Into<String>, what: impl fmt::Display) {
        self.0.push(Problem { key: key.into(), what: what.to_string() });
    }

    /// Remembers that `key` is wrong unless `right` holds.
    pub fn require(&mut self, right: bool, key: &str, what: impl fmt::Display) {
        if !right {
            self.add(key, what);
        }
    }

    /// `value` if there is nothing wrong.
    pub fn or<T>(self, value: T) -> Result<T, Self> {
        if self.0.is_empty() { Ok(value) } else { Err(self) }
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.0.iter().enumerate() {
            if index > 0 {
                writeln!(formatter)?;
            }
            write!(formatter, "{}: {}", problem.key, problem.what)?;
        }
        Ok(())
    }
}
