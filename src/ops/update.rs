//! What the updates of all optimisers share: the table that says which numbers of the uniform a
//! parameter takes, and the gradient that it is updated by.
//!
//! Parameters that lie side by side in the arena and have the same numbers are a segment. A segment
//! takes the numbers of one [`Group`] of the uniform, and has a factor of its own on their rate, so
//! that layers may differ in their rates without each needing a group.

use std::ops::Range;

use bytemuck::{Pod, Zeroable};

use super::{CONTROL_WORDS, GROUPS, Group, HYPER_WORDS, Hyper, hyper, left_out, sample_leaving};
use crate::{
    kernel::{Launch, rounded},
    rng::Rng,
};

/// Parameters begin at multiples of it.
const ALIGN: u32 = 64;

/// The kernels of all optimisers.
pub const KERNELS: [&str; 11] = [
    "adadelta",
    "adagrad",
    "adam",
    "adamax",
    "dadapt",
    "lamb",
    "lars",
    "lion",
    "rmsprop",
    "schedule_free",
    "sgd",
];

/// Most segments of an arena.
pub const SEGMENTS: usize = 256;

/// Parameters that have the same numbers.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Pod, Zeroable)]
pub struct Segment {
    /// The element behind its last one: a multiple of 64, as parameters begin there.
    pub end: u32,
    /// Which group of the uniform.
    pub group: u32,
    /// What the group's rate is multiplied by.
    pub scale: f32,
    /// For the layout of uniforms.
    pub spare: u32,
}

/// One update of an arena.
#[repr(C)]
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
pub struct Dims {
    /// Elements that are updated, a multiple of 4: the arena without what is frozen, at its end.
    pub n: u32,
    /// How many segments there are, at least 1.
    pub segments: u32,
    /// What the optimiser's kernel makes of it.
    pub flags: u32,
    /// Where in `control` the memory of an optimiser that sets its own rate begins: see
    /// [`rate_estimate`](super::rate_estimate).
    pub memory: u32,
    /// The segments, ascending; zeros behind them.
    pub table: [Segment; SEGMENTS],
}

impl Dims {
    /// An arena whose parameters all have the same numbers.
    pub const fn flat(n: u32) -> Dims {
        Dims::flagged(n, 0)
    }

    /// The same with flags.
    pub const fn flagged(n: u32, flags: u32) -> Dims {
        let none = Segment {
            end: 0,
            group: 0,
            scale: 0.0,
            spare: 0,
        };
        let mut table = [none; SEGMENTS];
        table[0] = Segment {
            end: n,
            group: 0,
            scale: 1.0,
            spare: 0,
        };
        Dims {
            n,
            segments: 1,
            flags,
            memory: 1,
            table,
        }
    }

    /// Of these segments, of which there must be 1 to [`SEGMENTS`].
    pub fn of(segments: &[Segment], flags: u32, memory: u32) -> Dims {
        let last = segments.last().expect("an arena has segments");
        let mut dims = Dims::flagged(last.end, flags);
        dims.segments = segments.len() as u32;
        dims.memory = memory;
        dims.table[..segments.len()].copy_from_slice(segments);
        dims
    }

    /// The segment of an element.
    pub(super) fn segment_of(&self, element: usize) -> usize {
        let table = &self.table[..self.segments as usize];
        table.partition_point(|s| s.end as usize <= element)
    }

    /// Every segment: its elements, and the numbers that they take, with the rates as this update
    /// applies them.
    pub(super) fn runs<'a>(
        &'a self,
        h: &'a Hyper,
        factor: f32,
    ) -> impl Iterator<Item = (Range<usize>, Group)> + 'a {
        let table = &self.table[..self.segments as usize];
        let starts = [0].into_iter().chain(table.iter().map(|s| s.end));
        starts.zip(table).map(move |(start, s)| {
            let group = &h.groups[s.group as usize];
            let factor = s.scale * factor;
            let group = Group {
                lr: group.lr * factor,
                step_size: group.step_size * factor,
                ..*group
            };
            (start as usize..s.end as usize, group)
        })
    }
}

/// Three segments of a case for tests: the second has another group, the third another rate.
pub(super) const fn grouped(flags: u32) -> Dims {
    let mut dims = Dims::flagged(13 * ALIGN, flags);
    let ends = [
        (3 * ALIGN, 0, 1.0),
        (4 * ALIGN, 1, 0.29),
        (13 * ALIGN, 0, 3.1),
    ];
    dims.segments = 3;
    let mut i = 0;
    while i < ends.len() {
        let (end, group, scale) = ends[i];
        dims.table[i] = Segment {
            end,
            group,
            scale,
            spare: 0,
        };
        i += 1;
    }
    dims
}

/// The gradient that an element is updated by, the twins' way: clipped, and turned round to ascend.
pub(super) fn taken(h: &Hyper, group: &Group, control: &[f32], gradient: f32) -> f32 {
    let mut g = gradient;
    if h.clip_norm > 0.0 {
        g *= control[control.len() - 1];
    }
    if h.clip_value > 0.0 {
        g = g.max(-h.clip_value).min(h.clip_value);
    }
    if group.maximize != 0 { -g } else { g }
}

/// Calls `f` for every element that is updated, the twins' way: with its group's numbers, its index, its
/// gradient as it is taken, the whole state, and the parameter. Nothing where the update is left out.
pub(super) fn each(
    d: &Dims,
    reads: &[&[f32]],
    writes: &mut [&mut [f32]],
    f: impl Fn(&Group, usize, f32, &mut [f32], &mut f32),
) {
    let (h, control) = (hyper(reads[0]), reads[2]);
    let [state, param] = writes else {
        unreachable!("an update writes two arenas")
    };
    if left_out(h, control) {
        return;
    }
    for (run, group) in d.runs(h, control[0]) {
        for i in run {
            let g = taken(h, &group, control, reads[1][i]);
            f(&group, i, g, state, &mut param[i]);
        }
    }
}

/// What all updates have in common as kernels: everything but their names, cases and twins. Those with trust ratios say
/// what they have of their own.
macro_rules! update_kernel {
    (slots: $slots:expr, flops: $flops:literal) => {
        super::update::update_kernel!(
            launch: super::update::launch,
            iterations: super::update::iterations,
            lens: |d| {
                let slots: fn(u32) -> u64 = $slots;
                super::update::lens(d, slots(d.flags))
            },
            flops: $flops
        );
    };
    (launch: $launch:expr, iterations: $iterations:expr, lens: $lens:expr, flops: $flops:literal) => {
        fn class(d: &Dims) -> String {
            super::update::class(d)
        }

        fn launch(d: &Dims) -> crate::kernel::Launch {
            let launch: fn(&Dims) -> crate::kernel::Launch = $launch;
            launch(d)
        }

        fn iterations(d: &Dims) -> u64 {
            let iterations: fn(&Dims) -> u64 = $iterations;
            iterations(d)
        }

        fn lens(d: &Dims) -> Vec<u64> {
            let lens: fn(&Dims) -> Vec<u64> = $lens;
            lens(d)
        }

        fn describe(d: &Dims) -> String {
            super::update::describe(d)
        }

        fn flops(d: &Dims) -> u64 {
            $flops * u64::from(d.n)
        }
    };
}
pub(super) use update_kernel;

/// Four elements an invocation.
pub(super) fn launch(d: &Dims) -> Launch {
    super::stride::launch(u64::from(d.n) / 4)
}

/// Words of an update's arguments, where the optimiser has so many slots.
pub(super) fn lens(d: &Dims, slots: u64) -> Vec<u64> {
    let n = u64::from(d.n);
    vec![HYPER_WORDS.into(), n, CONTROL_WORDS.into(), slots * n, n]
}

/// Which updates are alike for a tuning table.
pub(super) fn class(d: &Dims) -> String {
    format!("x{}", rounded(d.n))
}

/// Loop iterations of an invocation over so many vectors: of the walk, and of every search.
pub(super) fn iterations(d: &Dims) -> u64 {
    let search = u64::from(d.segments.next_power_of_two().ilog2());
    super::stride::iterations(u64::from(d.n) / 4) * (1 + search)
}

/// For people.
pub(super) fn describe(d: &Dims) -> String {
    match d.segments {
        1 => format!("{} parameters", d.n),
        k => format!("{} parameters in {k} segments", d.n),
    }
}

/// Contents of a case's arguments. Squares and their maxima are not negative; some cases are left out.
pub(super) fn sample(d: &Dims, name: &str, len: usize, rng: &mut Rng) -> Vec<f32> {
    match (name, d.n) {
        ("hyper", n) => {
            let mut hyper: Hyper = *hyper(&sample_leaving(n));
            for (i, group) in hyper.groups.iter_mut().enumerate().skip(1).take(GROUPS - 1) {
                group.lr *= 1.0 + 0.3 * i as f32;
                group.step_size *= 1.0 - 0.1 * i as f32;
                group.weight_decay += 0.01 * i as f32;
                group.maximize = (i == 1).into();
            }
            bytemuck::cast_slice(&[hyper]).to_vec()
        }
        ("control", 16 | 64) => vec![0.7, super::LEFT_OUT],
        ("state", _) => rng.floats(len).iter().map(|x| x.abs()).collect(),
        _ => rng.floats(len),
    }
}
