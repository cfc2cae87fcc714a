//! Launches of one invocation per vector, which are not longer than what fills a device: each
//! invocation takes its next vector as far on as there are invocations.

use super::Flat;
use crate::{
    kernel::Launch,
    variant::{ONE_TILE, Settings, Variant, dims},
};

/// The most invocations: as many as the largest GPUs keep resident at once.
pub(super) const MOST: u64 = 1 << 18;

/// The launch over so many vectors.
pub(super) fn launch(vectors: u64) -> Launch {
    Launch::Threads(vectors.min(MOST))
}

/// How many vectors an invocation of that launch takes.
pub(super) fn iterations(vectors: u64) -> u64 {
    vectors.div_ceil(MOST).max(1)
}

/// Four elements by one load: what the elementwise kernels share.
pub(super) const VECTOR: Variant = Variant {
    name: "vector",
    wgsl: "",
    tiles: &[ONE_TILE],
    tile: |_| Some(ONE_TILE),
    settings: |words, _, _| {
        let whole = dims::<Flat>(words).n.is_multiple_of(4);
        whole.then(Settings::default)
    },
    launch: Some(|words| launch(vectors(words))),
    iterations: |words, _| iterations(vectors(words)),
};

fn vectors(words: &[u32]) -> u64 {
    u64::from(dims::<Flat>(words).n / 4)
}
