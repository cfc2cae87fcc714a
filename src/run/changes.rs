//! Settings of the schedule that were changed while a run was under way: `changes.jsonl` says when, how,
//! and which schedules came of it. `config.toml` holds what a person asked for; these are what is applied.

use std::{collections::BTreeMap, path::Path};

use serde::{Deserialize, Serialize};

use super::journal;
use crate::error::Result;

/// Where they are noted.
const CHANGES: &str = "changes.jsonl";

/// One of them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Change {
    /// Updates that had been applied.
    pub step: u64,
    /// keep, replace, extend or rewarm.
    pub how: String,
    /// What was asked for: settings before and after, where they were set.
    pub settings: BTreeMap<String, [Option<String>; 2]>,
    /// What came of it: the schedules of the whole run, by setting.
    pub schedules: BTreeMap<String, String>,
}

/// Those of a run, in order.
///
/// # Errors
/// If they cannot be read.
pub fn changes(run: &Path) -> Result<Vec<Change>> {
    journal::read(&run.join(CHANGES))
}

/// Notes another one.
///
/// # Errors
/// If it cannot be written.
pub fn note_change(run: &Path, change: &Change) -> Result<()> {
    journal::append(&run.join(CHANGES), change)
}
