//! Which texts of a variant show it: a software driver takes a second to compile a large one.

use std::collections::BTreeSet;

use super::case::Case;
use crate::{
    exec::tuning::{Choice, Table, key},
    variant::{Extras, Settings, Tile, Variant},
};

/// One text of a variant, and the cases that it computes.
pub(super) struct Text<'c> {
    tile: Tile,
    settings: Settings,
    pub(super) cases: Vec<&'c Case>,
}

/// The texts of a variant for all of these cases. Its tiles take turns, so that each of them has a text.
pub(super) fn texts<'c>(variant: &Variant, cases: &[&'c Case], extras: Extras) -> Vec<Text<'c>> {
    let mut texts: Vec<Text> = Vec::new();
    for case in cases {
        let with = |tile: Tile| variant.fit(&case.dims, tile, extras);
        let same = |text: &&mut Text| with(text.tile).as_ref() == Some(&text.settings);
        if let Some(text) = texts.iter_mut().find(same) {
            text.cases.push(case);
            continue;
        }
        let tiles = variant.tiles.iter().cycle().skip(texts.len());
        let mut tiles = tiles.take(variant.tiles.len());
        texts.extend(tiles.find_map(|&tile| {
            Some(Text {
                tile,
                settings: with(tile)?,
                cases: vec![case],
            })
        }));
    }
    texts
}

/// As few of them as have everything that any of them has.
pub(super) fn covering(mut texts: Vec<Text>) -> Vec<Text> {
    let (mut chosen, mut known) = (Vec::new(), BTreeSet::new());
    loop {
        let new = |i: &usize| texts[*i].traits().difference(&known).count();
        match (0..texts.len()).max_by_key(new).filter(|i| new(i) > 0) {
            None => return chosen,
            Some(i) => {
                known.extend(texts[i].traits());
                chosen.push(texts.remove(i));
            }
        }
    }
}

impl Text<'_> {
    /// Its tile, and of each setting whether it is 0, 1 or more: what makes texts differ in more than numbers.
    fn traits(&self) -> BTreeSet<(&'static str, u32)> {
        let [rows, cols] = self.tile;
        let settings = self.settings.0.iter();
        let settings = settings.map(|(name, value)| (*name, *value.min(&2)));
        settings
            .chain([("tile, first", rows), ("tile, second", cols)])
            .collect()
    }

    /// What picks it for its cases.
    pub(super) fn table(&self, variant: &Variant, portable: &Table) -> Table {
        let choice = Choice {
            variant: variant.name.into(),
            tile: self.tile,
        };
        let rows = self.cases.iter();
        let rows = rows.map(|case| (key(case.op, &case.dims), choice.clone()));
        Table {
            rows: rows.collect(),
            ..portable.clone()
        }
    }
}
