//! Every text that can run: the portable shaders, and each variant's with every group of settings
//! that a tuning table can choose for the kernels' cases on any device.

use std::collections::BTreeSet;

use kiln::{
    doctor::{long_runs, long_sums},
    kernel::Op,
    ops::{self, Epilogue},
    variant::{Extras, Settings, Variant},
};
use rayon::prelude::*;

/// One WGSL text.
pub struct Text {
    pub op: &'static Op,
    /// The stem of its file: `matmul`, `matmul.register`.
    pub shader: String,
    /// What it was rendered with; nothing for a portable shader.
    pub settings: Settings,
    /// The stem of the files that it is translated to.
    pub stem: String,
    pub wgsl: String,
}

impl Text {
    /// Whether it needs what only some devices have.
    pub fn is_plain(&self) -> bool {
        !self.has_subgroups() && !self.has_int64()
    }

    pub fn has_subgroups(&self) -> bool {
        self.wgsl.contains("subgroup")
    }

    /// As browsers ask for it: naga refuses the directive.
    pub fn for_browsers(&self) -> String {
        let enable = if self.has_subgroups() {
            "enable subgroups;\n"
        } else {
            ""
        };
        format!("{enable}{}", self.wgsl)
    }

    /// Which WGSL does not have: naga does.
    pub fn has_int64(&self) -> bool {
        self.wgsl.contains("u64")
    }
}

/// Every text.
pub fn all() -> Vec<Text> {
    let portable = ops::ALL.into_iter().map(|op| Text {
        op,
        shader: op.name.into(),
        settings: Settings::default(),
        stem: op.name.into(),
        wgsl: op.wgsl.into(),
    });
    let variants = ops::ALL
        .into_iter()
        .flat_map(|op| op.variants.iter().map(move |variant| (op, variant)));
    let rendered = variants.flat_map(|(op, variant)| rendered(op, variant));
    portable.chain(rendered).collect()
}

fn rendered(op: &'static Op, variant: &'static Variant) -> Vec<Text> {
    let shader = format!("{}.{}", op.name, variant.name);
    let text = |(i, settings): (usize, Settings)| Text {
        op,
        stem: format!("{shader}.{i}"),
        shader: shader.clone(),
        wgsl: variant.render(&settings).unwrap_or_else(|e| panic!("{e}")),
        settings,
    };
    let settings = settings(op, variant).into_iter().collect::<Vec<_>>();
    settings.into_par_iter().enumerate().map(text).collect()
}

/// Every group of settings for the kernel's cases, on devices with and without extras.
fn settings(op: &Op, variant: &Variant) -> BTreeSet<Settings> {
    let long = long_sums().into_iter().chain(long_runs());
    let long = long.filter(|case| case.op.name == op.name).map(|c| c.dims);
    let mut found = BTreeSet::new();
    for dims in (op.cases)().into_iter().chain(long) {
        let splits = (op.split)(&dims).is_some();
        for &tile in variant.tiles {
            for extras in extras() {
                let settings = (variant.settings)(&dims, tile, extras);
                // A part of a split sum has no epilogue.
                let has_parts = |s: &&Settings| splits && s.0.contains_key("bias");
                let part = settings.as_ref().filter(has_parts).cloned();
                found.extend(part.map(|s| s.with(Epilogue::NONE)));
                found.extend(settings);
            }
        }
    }
    found
}

/// What shaders may use, on one device or another.
fn extras() -> impl Iterator<Item = Extras> {
    let of = |subgroup| {
        [false, true].map(|int64| Extras {
            subgroup,
            int64,
            ..Extras::NONE
        })
    };
    [0, 4, 8, 16, 32].into_iter().flat_map(of)
}

/// The shortest text of every shader.
pub fn shortest<'t>(all: impl IntoIterator<Item = &'t Text>) -> Vec<&'t Text> {
    let mut seen = BTreeSet::new();
    let mut all = by_length(all);
    all.retain(|text| seen.insert(&text.shader));
    all
}

/// Few texts that have every value of every setting of every shader, the short ones preferred: for
/// what is too slow for all of them.
pub fn few<'t>(all: impl IntoIterator<Item = &'t Text>) -> Vec<&'t Text> {
    let mut seen = BTreeSet::new();
    let mut all = by_length(all);
    all.retain(|text| {
        let values = text.settings.0.iter().map(|(&name, &value)| (name, value));
        let of_shader = values.chain([("", 0)]).map(|v| (&text.shader, v));
        // All of them are to be inserted.
        of_shader.filter(|&value| seen.insert(value)).count() > 0
    });
    all
}

fn by_length<'t>(all: impl IntoIterator<Item = &'t Text>) -> Vec<&'t Text> {
    let mut all: Vec<&Text> = all.into_iter().collect();
    all.sort_by_key(|text| text.wgsl.len());
    all
}
