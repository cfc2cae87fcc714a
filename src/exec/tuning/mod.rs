//! Which shader a launch runs: the tuning table of a device.
//!
//! Never a silent choice by the clock: the built-in tables are rules, and rows that were measured are
//! part of the table. The same table gives the same bits.

#![deny(clippy::expect_used, clippy::indexing_slicing, clippy::unreachable)]
#![cfg_attr(test, allow(clippy::expect_used, clippy::indexing_slicing))]

mod file;

pub use file::{Key, Saved, TableFile, Tuned, Tuning, cached};

use std::{collections::BTreeMap, fmt};

use serde::{Deserialize, Serialize};

use crate::{
    kernel::Op,
    variant::{Extras, Settings, Tile, Variant},
};

/// The kernel's plain shader, which computes everything everywhere.
pub const PORTABLE: &str = "portable";

/// One row of a table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Choice {
    /// [`PORTABLE`] or the name of a [`Variant`].
    pub variant: String,
    /// Its tile; of no meaning to the portable shader.
    pub tile: Tile,
}

impl Choice {
    /// The portable shader.
    pub fn portable() -> Choice {
        Choice {
            variant: PORTABLE.into(),
            tile: [0, 0],
        }
    }
}

impl fmt::Display for Choice {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let [rows, cols] = self.tile;
        match self.variant.as_str() {
            PORTABLE => f.write_str(PORTABLE),
            variant => write!(f, "{variant} {rows}x{cols}"),
        }
    }
}

/// Measured choices, by [`key`].
pub type Rows = BTreeMap<String, Choice>;

/// What to run for which launch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// Where it comes from, for people: `built-in, software`, …
    pub name: String,
    /// The variants of launches that no row is about: the first that a kernel has for the launch.
    pub prefer: Vec<String>,
    /// Workgroups that keep the device busy: a launch with fewer has its long sums split.
    pub groups: u32,
    /// Whether variants may use what the device has beyond plain WGSL.
    pub extras: bool,
    /// Measured choices, by kernel and class of launch.
    pub rows: Rows,
}

/// The fewest terms that are worth a part of their own.
const FEWEST_TERMS: u64 = 512;

impl Table {
    /// The rules for a real GPU, or for a software driver.
    pub fn built_in(software: bool) -> Table {
        let (kind, prefer, groups): (_, &[&str], _) = match software {
            true => (
                "software",
                &[
                    "channel", "register", "vector", "window", "word", "wide", "few", "row",
                ],
                4,
            ),
            false => (
                "GPU",
                &["workgroup", "vector", "window", "word", "row"],
                256,
            ),
        };
        Table {
            name: format!("built-in, {kind}"),
            prefer: prefer.iter().map(ToString::to_string).collect(),
            groups,
            extras: true,
            rows: BTreeMap::new(),
        }
    }

    /// The shader for a launch: what the measured row says, else the rule. The variant may turn
    /// out to be one that cannot compute it.
    pub fn choice(&self, op: &Op, dims: &[u32]) -> Choice {
        if let Some(row) = self.rows.get(&key(op, dims)) {
            return row.clone();
        }
        let named = |name: &String| op.variants.iter().find(|v| v.name == *name);
        let choice = self.prefer.iter().filter_map(named).find_map(|variant| {
            Some(Choice {
                variant: variant.name.into(),
                tile: (variant.tile)(dims)?,
            })
        });
        choice.unwrap_or_else(Choice::portable)
    }

    /// The variant for a launch and its settings; nothing for the portable shader.
    pub fn pick(
        &self,
        op: &Op,
        dims: &[u32],
        extras: Extras,
    ) -> Option<(&'static Variant, Settings)> {
        if op.variants.is_empty() {
            return None;
        }
        let choice = self.choice(op, dims);
        let variant = op.variants.iter().find(|v| v.name == choice.variant)?;
        let plain = Extras {
            longest: extras.longest,
            ..Extras::NONE
        };
        let extras = if self.extras { extras } else { plain };
        Some((variant, variant.fit(dims, choice.tile, extras)?))
    }

    /// In how many parts a sum of `terms` is added by a launch of `groups` workgroups, each of
    /// whose invocations would loop `iterations` times.
    pub fn parts(&self, groups: u64, terms: u64, iterations: u64) -> u64 {
        let wanted = u64::from(self.groups) / groups.max(1);
        let worth = wanted.clamp(1, (terms / FEWEST_TERMS).max(1));
        worth.max(iterations.div_ceil(crate::kernel::MAX_ITERATIONS))
    }
}

/// What a row is about: `matmul nt m128 n512 k1024`.
pub fn key(op: &Op, dims: &[u32]) -> String {
    format!("{} {}", op.name, (op.class)(dims))
}
