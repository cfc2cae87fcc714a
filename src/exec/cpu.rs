//! Runs a plan on the host: with the fast paths where there are any, or with the naive twins.

use std::{
    mem::{replace, take},
    ops::{Deref, Range},
    sync::Arc,
};

use super::{Executor, Fetch, Pending};
use crate::{
    error::Result,
    kernel::{CpuFn, Op},
    ops::Hyper,
    plan::{Dispatch, HYPER, Plan, Program, Slice},
};

/// The most arguments of each kind that an op has; more is a wiring mistake.
const MOST: usize = 8;

/// See the module.
pub struct Cpu {
    plan: Arc<Plan>,
    memory: Vec<Memory>,
    of: fn(&Op) -> CpuFn,
    /// Which dispatches are worth more than one thread.
    large: Vec<bool>,
    /// Memory of fetches that were collected, for those to come.
    idle: Vec<Vec<f32>>,
}

/// Bytes of a cache line, which is as long as the longest vector.
const LINE: usize = 64;

/// Words from the beginning of a cache line on. An allocator starts anywhere in one, so that the
/// same step would be some percent slower or faster from run to run.
#[derive(Default)]
struct Lines {
    words: Vec<f32>,
    used: Range<usize>,
}

impl Lines {
    fn zeros(len: usize) -> Lines {
        let words = vec![0.0f32; len + LINE / size_of::<f32>() - 1];
        // Where no offset is known, any start is right, only slower.
        let start = words.as_ptr().align_offset(LINE).min(words.len() - len);
        Lines {
            words,
            used: start..start + len,
        }
    }

    fn of(words: &[f32]) -> Lines {
        let mut lines = Lines::zeros(words.len());
        lines.words[lines.used.clone()].copy_from_slice(words);
        lines
    }
}

/// A buffer's words.
enum Memory {
    Own(Lines),
    /// The host's, which are only read: to be written, they are copied.
    Shared(Arc<Vec<f32>>),
}

impl Default for Memory {
    fn default() -> Memory {
        Memory::Own(Lines::default())
    }
}

impl Deref for Memory {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        match self {
            Memory::Own(lines) => &lines.words[lines.used.clone()],
            Memory::Shared(words) => words,
        }
    }
}

impl Memory {
    /// Words that may be written.
    fn own(&mut self) -> &mut [f32] {
        if let Memory::Shared(words) = self {
            *self = Memory::Own(Lines::of(words));
        }
        match self {
            Memory::Own(lines) => &mut lines.words[lines.used.clone()],
            Memory::Shared(_) => unreachable!("it was copied"),
        }
    }
}

/// Floating-point operations from which a dispatch may be split over threads.
const LARGE: u64 = 1 << 20;

impl Cpu {
    /// Runs the fast paths: the product.
    ///
    /// # Errors
    /// If the plan does not pass [`Plan::check`].
    pub fn new(plan: Arc<Plan>) -> Result<Cpu> {
        Cpu::with(plan, |op| op.fast)
    }

    /// Runs the naive twins: the reference.
    ///
    /// # Errors
    /// If the plan does not pass [`Plan::check`].
    pub fn naive(plan: Arc<Plan>) -> Result<Cpu> {
        Cpu::with(plan, |op| op.cpu)
    }

    fn with(plan: Arc<Plan>, of: fn(&Op) -> CpuFn) -> Result<Cpu> {
        plan.check()?;
        let zeros = |len: u32| Memory::Own(Lines::zeros(len as usize));
        let memory = plan.buffers.iter().map(|b| zeros(b.len)).collect();
        let large = plan.dispatches.iter().map(|d| d.flops() >= LARGE).collect();
        Ok(Cpu {
            plan,
            memory,
            of,
            large,
            idle: Vec::new(),
        })
    }

    /// Runs some dispatches, for tests that look between them.
    pub fn run_dispatches(&mut self, range: Range<usize>, hyper: &Hyper) {
        let words = bytemuck::cast_slice(std::slice::from_ref(hyper));
        self.memory[HYPER.0 as usize].own()[..words.len()].copy_from_slice(words);
        for d in &self.plan.dispatches[range] {
            run(d, (self.of)(d.op), &mut self.memory);
        }
    }

    /// Whether some dispatch of these is worth more than one thread.
    fn is_large(&self, range: Range<usize>) -> bool {
        self.large[range].contains(&true)
    }
}

fn range(s: &Slice) -> Range<usize> {
    s.offset as usize..(s.offset + s.len) as usize
}

/// `Plan::check` says that what is written is not read and not written twice, so the written
/// buffers can be taken out while the others are borrowed.
fn run(d: &Dispatch, cpu: CpuFn, memory: &mut [Memory]) {
    let mut taken: [Memory; MOST] = Default::default();
    for (t, s) in taken.iter_mut().zip(d.writes()) {
        *t = take(&mut memory[s.buffer.0 as usize]);
    }
    let mut reads: [&[f32]; MOST] = Default::default();
    for (r, s) in reads.iter_mut().zip(d.reads()) {
        *r = &memory[s.buffer.0 as usize][range(s)];
    }
    let mut writes: [&mut [f32]; MOST] = Default::default();
    for ((w, t), s) in writes.iter_mut().zip(&mut taken).zip(d.writes()) {
        *w = &mut t.own()[range(s)];
    }
    let (r, w) = (d.reads().len(), d.writes().len());
    cpu(&d.dims, &reads[..r], &mut writes[..w]);
    for (t, s) in taken.into_iter().zip(d.writes()) {
        memory[s.buffer.0 as usize] = t;
    }
}

impl Executor for Cpu {
    fn write(&mut self, at: Slice, words: &[f32]) -> Result<()> {
        self.memory[at.buffer.0 as usize].own()[range(&at)].copy_from_slice(words);
        Ok(())
    }

    fn share(&mut self, at: Slice, words: &Arc<Vec<f32>>) -> Result<()> {
        let memory = &mut self.memory[at.buffer.0 as usize];
        assert_eq!(range(&at), 0..words.len(), "share");
        assert_eq!(memory.len(), words.len(), "share");
        *memory = Memory::Shared(words.clone());
        Ok(())
    }

    fn run(&mut self, program: &Program, hypers: &[Hyper]) -> Result<()> {
        let large = self.is_large(program.range.clone());
        let mut all = || {
            for hyper in hypers {
                self.run_dispatches(program.range.clone(), hyper);
            }
        };
        // Inside of the pool, handing work to other threads is a push to a queue; from outside,
        // every dispatch would wait for a thread to wake up.
        if large {
            rayon::scope(|_| all());
        } else {
            all();
        }
        Ok(())
    }

    fn fetch(&mut self, at: Slice) -> Result<Fetch> {
        let mut words = self.idle.pop().unwrap_or_default();
        words.clear();
        words.extend_from_slice(&self.memory[at.buffer.0 as usize][range(&at)]);
        Ok(Fetch(Pending::Here(words)))
    }

    fn collect(&mut self, fetch: Fetch, words: &mut Vec<f32>) -> Result<()> {
        let Pending::Here(fetched) = fetch.0 else {
            unreachable!("this executor never maps");
        };
        let spare = replace(words, fetched);
        if spare.capacity() > 0 {
            self.idle.push(spare);
        }
        Ok(())
    }

    /// Nothing is submitted: steps are grouped only so that loss and rate are shown often.
    fn flops_per_submit(&self) -> u64 {
        500_000_000
    }
}
