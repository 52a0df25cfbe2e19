//! Whether the gateway does its work, condition by condition: set by those who know, read by `/readyz`.

use std::collections::BTreeMap;
use std::sync::{PoisonError, RwLock};

use serde::Serialize;
use utoipa::ToSchema;

/// One thing that has to be so.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Condition {
    /// What it is about.
    #[schema(example = "broker localhost:1883")]
    pub name: String,
    /// Whether it is so.
    pub met: bool,
    /// How it is, for a person.
    #[schema(example = "connected")]
    pub detail: String,
}

/// Every condition. Ready is who has some and whose are all met.
#[derive(Debug, Default)]
pub struct Readiness {
    conditions: RwLock<BTreeMap<String, (bool, String)>>,
}

impl Readiness {
    /// Conditions that are not met until someone says so.
    pub fn awaiting<'a>(names: impl IntoIterator<Item = &'a str>) -> Self {
        let awaited = |name: &str| (name.to_owned(), (false, "not known yet".to_owned()));
        Self { conditions: RwLock::new(names.into_iter().map(awaited).collect()) }
    }

    /// Says how it is with a condition. One that never stands in the way, such as stations that another gateway
    /// owns, is always met and only its detail changes.
    pub fn set(&self, name: &str, met: bool, detail: impl Into<String>) {
        let mut conditions = self.conditions.write().unwrap_or_else(PoisonError::into_inner);
        conditions.insert(name.to_owned(), (met, detail.into()));
    }

    /// Every condition, by name.
    pub fn conditions(&self) -> Vec<Condition> {
        let conditions = self.conditions.read().unwrap_or_else(PoisonError::into_inner);
        let condition = |(name, (met, detail)): (&String, &(bool, String))| Condition {
            name: name.clone(),
            met: *met,
            detail: detail.clone(),
        };
        conditions.iter().map(condition).collect()
    }
}
