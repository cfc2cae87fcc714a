//! Which shader a launch runs: the tuning table of a device.
//!
//! Never a silent choice by the clock: the built-in tables are rules, and rows that were measured are
//! part of the table. The same table gives the same bits.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    kernel::Op,
    variant::{Settings, Tile, Variant},
};

/// The kernel's plain shader, which computes everything everywhere.
pub const PORTABLE: &str = "portable";

/// One row of a table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Choice {
    /// [`PORTABLE`] or the name of a [`Variant`].
    pub variant: String,
    /// Its tile; of no meaning to the portable shader.
    pub tile: Tile,
}

/// What to run for which launch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Table {
    /// Where it comes from, for people: `built-in, software`, …
    pub name: String,
    /// The variants of launches that no row is about: the first of them that a kernel has.
    pub prefer: Vec<String>,
    /// Workgroups that keep the device busy: a launch with fewer has its long sums split.
    pub groups: u32,
    /// Whether variants may broadcast within subgroups, where the device has them.
    pub subgroups: bool,
    /// Measured choices, by kernel and class of launch.
    pub rows: BTreeMap<String, Choice>,
}

/// The fewest terms that are worth a part of their own.
const FEWEST_TERMS: u64 = 512;

impl Table {
    /// The rules for a real GPU, or for a software driver.
    pub fn built_in(software: bool) -> Table {
        let (kind, prefer, groups) = match software {
            true => ("software", ["register", "window", "word"], 4),
            false => ("GPU", ["workgroup", "window", "word"], 256),
        };
        Table {
            name: format!("built-in, {kind}"),
            prefer: prefer.map(String::from).into(),
            groups,
            subgroups: true,
            rows: BTreeMap::new(),
        }
    }

    /// The variant for a launch and its settings; nothing for the portable shader.
    pub fn pick(
        &self,
        op: &Op,
        dims: &[u32],
        subgroup: u32,
    ) -> Option<(&'static Variant, Settings)> {
        if op.variants.is_empty() {
            return None;
        }
        let measured = self.rows.get(&key(op, dims));
        let named = |name: &String| op.variants.iter().find(|v| v.name == *name);
        let variant = match measured {
            Some(row) => named(&row.variant)?,
            None => self.prefer.iter().find_map(named)?,
        };
        let tile = match measured {
            Some(row) => row.tile,
            None => (variant.tile)(dims)?,
        };
        let subgroup = if self.subgroups { subgroup } else { 0 };
        Some((variant, (variant.settings)(dims, tile, subgroup)?))
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
