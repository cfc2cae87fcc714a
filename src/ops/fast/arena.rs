//! What the updates of the parameter arena share: its elements, with their part of all that is read and written, cut
//! for the threads, by segments, and in pieces whose gradient is clipped before.

use std::{array, iter};

use crate::ops::{Group, Hyper, hyper, left_out, update::Dims};

/// Elements worth a thread.
const CHUNK: usize = 1 << 16;

/// Most elements of a piece. Threads begin at multiples of it, but for a segment's own.
pub(super) const RUN: usize = 1024;

/// What is added up over pieces.
pub(super) trait Total: Copy + Send {
    const NONE: Self;

    fn plus(self, other: Self) -> Self;
}

impl Total for () {
    const NONE: () = ();

    fn plus(self, (): ()) {}
}

impl Total for f64 {
    const NONE: f64 = 0.0;

    fn plus(self, other: f64) -> f64 {
        self + other
    }
}

impl<T: Total, const N: usize> Total for [T; N] {
    const NONE: [T; N] = [T::NONE; N];

    fn plus(self, other: [T; N]) -> [T; N] {
        array::from_fn(|i| self[i].plus(other[i]))
    }
}

/// Some elements of an arena: which they are, and their part of what is read and written.
pub(super) struct Part<'a, const R: usize, const W: usize> {
    pub first: usize,
    len: usize,
    pub reads: [&'a [f32]; R],
    pub writes: [&'a mut [f32]; W],
}

impl<'a, const R: usize, const W: usize> Part<'a, R, W> {
    /// The first `n` elements of an arena.
    pub fn whole(n: u32, reads: [&'a [f32]; R], writes: [&'a mut [f32]; W]) -> Self {
        let len = n as usize;
        Part {
            first: 0,
            len,
            reads: reads.map(|words| &words[..len]),
            writes: writes.map(|words| &mut words[..len]),
        }
    }

    /// Its first `n` elements, which it loses.
    fn take(&mut self, n: usize) -> Self {
        let reads = self.reads.each_mut();
        let writes = self.writes.each_mut();
        let part = Part {
            first: self.first,
            len: n,
            reads: reads.map(|words| words.split_off(..n).expect("so many words")),
            writes: writes.map(|words| words.split_off_mut(..n).expect("so many words")),
        };
        self.first += n;
        self.len -= n;
        part
    }

    /// Cut at multiples of `most` elements.
    pub fn pieces(mut self, most: usize) -> impl Iterator<Item = Self> {
        iter::from_fn(move || {
            let n = self.len.min(most - self.first % most);
            (n > 0).then(|| self.take(n))
        })
    }

    /// The sum of what `of` makes of its parts, on all threads if there are many elements. Where it is cut depends on
    /// their number alone.
    pub fn on_threads<T: Total>(mut self, of: &(impl Fn(Self) -> T + Sync)) -> T {
        if self.len <= CHUNK {
            return of(self);
        }
        let half = self.take((self.len / 2).next_multiple_of(RUN));
        let (a, b) = rayon::join(|| half.on_threads(of), || self.on_threads(of));
        a.plus(b)
    }
}

/// An update that is not left out: the arena, the numbers, and what `control` says.
pub(super) struct Update<'a> {
    d: &'a Dims,
    h: &'a Hyper,
    factor: f32,
    scale: f32,
}

impl<'a> Update<'a> {
    pub fn under_way(d: &'a Dims, words: &'a [f32], control: &[f32]) -> Option<Self> {
        let h = hyper(words);
        (!left_out(h, control)).then(|| Update {
            d,
            h,
            factor: control[0],
            scale: control[control.len() - 1],
        })
    }

    /// Calls `of` with every segment that has elements in a part: its index, its numbers, and these elements.
    pub fn segments<const R: usize, const W: usize>(
        &self,
        mut rest: Part<R, W>,
        mut of: impl FnMut(usize, Group, Part<R, W>),
    ) {
        for (segment, (run, group)) in self.d.runs(self.h, self.factor).enumerate() {
            let n = run.end.saturating_sub(rest.first).min(rest.len);
            if n > 0 {
                of(segment, group, rest.take(n));
            }
        }
    }

    /// The sum of what `f` makes of the elements of one segment. What is read first is the gradient: it is clipped and
    /// turned round before, if at all.
    pub fn taken<const R: usize, const W: usize, T: Total>(
        &self,
        group: &Group,
        part: Part<R, W>,
        f: impl Fn(&Group, [&[f32]; R], [&mut [f32]; W]) -> T,
    ) -> T {
        let h = self.h;
        if h.clip_norm == 0.0 && h.clip_value == 0.0 && group.maximize == 0 {
            return f(group, part.reads, part.writes);
        }
        let mut clipped = [0.0; RUN];
        let scale = if h.clip_norm > 0.0 { self.scale } else { 1.0 };
        let most = if h.clip_value > 0.0 {
            h.clip_value
        } else {
            f32::INFINITY
        };
        let sign = if group.maximize != 0 { -1.0 } else { 1.0 };
        part.pieces(RUN).fold(T::NONE, |sum, piece| {
            let mut reads = piece.reads;
            let clipped = &mut clipped[..reads[0].len()];
            clip_run(scale, most, sign, clipped, reads[0]);
            reads[0] = clipped;
            sum.plus(f(group, reads, piece.writes))
        })
    }
}

vectorised! {
    fn clip_run<'a>(scale: f32, most: f32, sign: f32, clipped: &'a mut [f32], grad: &'a [f32]) {
        for (to, g) in clipped.iter_mut().zip(grad) {
            *to = sign * (g * scale).max(-most).min(most);
        }
    }
}

/// An update by the gradient: calls `f` with the numbers of every segment, which `own` may change, its elements'
/// gradient, their part of every slot, and themselves.
pub(super) fn update_with<const W: usize>(
    d: &Dims,
    reads: &[&[f32]],
    writes: &mut [&mut [f32]],
    own: impl Fn(usize, &mut Group) + Sync,
    f: impl Fn(&Group, &[f32], [&mut [f32]; W]) + Sync,
) {
    let Some(update) = Update::under_way(d, reads[0], reads[2]) else {
        return;
    };
    let [state, param] = writes else {
        unreachable!("an update writes two arenas")
    };
    let slots = state.chunks_mut(d.n as usize).take(W - 1);
    let mut arenas = slots.chain([&mut **param]);
    let written = array::from_fn(|_| arenas.next().expect("a slot"));
    Part::whole(d.n, [reads[1]], written).on_threads(&|part| {
        update.segments(part, |segment, mut group, part| {
            own(segment, &mut group);
            update.taken(&group, part, |h, [grad], writes| f(h, grad, writes));
        });
    });
}

/// The same by the numbers as they are.
pub(super) fn update<const W: usize>(
    d: &Dims,
    reads: &[&[f32]],
    writes: &mut [&mut [f32]],
    f: impl Fn(&Group, &[f32], [&mut [f32]; W]) + Sync,
) {
    update_with(d, reads, writes, |_, _| (), f);
}
