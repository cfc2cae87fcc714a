//! A plan: whole training and evaluation steps as lists of dispatches. Plain data, no GPU in
//! sight: it prints, counts, checks itself, and runs on either executor.

use std::{fmt, ops::Range};

use crate::{
    error::{Error, Result},
    kernel::{Launch, Op},
};

/// An index into [`Plan::buffers`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct BufferId(pub u32);

/// The buffer that the host fills for every step; see [`Hyper`](crate::ops::Hyper).
pub const HYPER: BufferId = BufferId(0);

/// Words between the starts of bindings: WebGPU wants 256 bytes.
pub const ALIGN: u32 = 64;

/// A run of 32-bit words inside a buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slice {
    /// Which buffer.
    pub buffer: BufferId,
    /// First word, a multiple of [`ALIGN`] where it is bound.
    pub offset: u32,
    /// How many words.
    pub len: u32,
}

/// What a buffer holds, which says who may write it and how often.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Filled by the host: hyper-parameters, data, order.
    Input,
    /// The parameter arena: updated in place, once per step.
    Parameter,
    /// Optimiser slots and controllers: updated in place, once per step.
    State,
    /// The gradient arena: each slice is written once per step.
    Gradient,
    /// Losses and counts, one slot a step.
    Log,
    /// Activations and their gradients: written once, dead after their last reader.
    Value,
}

impl Role {
    /// All roles, with what people call the memory.
    pub const ALL: [(Role, &str); 6] = [
        (Role::Parameter, "parameters"),
        (Role::Gradient, "gradients"),
        (Role::State, "optimiser state"),
        (Role::Value, "activations"),
        (Role::Input, "data"),
        (Role::Log, "log"),
    ];
}

/// A buffer of the plan.
#[derive(Clone, Debug)]
pub struct Buffer {
    /// Unique in the plan.
    pub name: String,
    /// Words.
    pub len: u32,
    /// What it holds.
    pub role: Role,
}

impl Buffer {
    /// Its size.
    pub fn bytes(&self) -> u64 {
        u64::from(self.len) * 4
    }
}

/// One launch of a kernel. `args` are the op's reads followed by its writes.
#[derive(Clone, Debug)]
pub struct Dispatch {
    /// The kernel.
    pub op: &'static Op,
    /// Its dims, as words.
    pub dims: Vec<u32>,
    /// Its arguments.
    pub args: Vec<Slice>,
}

impl Dispatch {
    /// The arguments that are read.
    pub fn reads(&self) -> &[Slice] {
        &self.args[..self.op.reads.len()]
    }

    /// The arguments that are written.
    pub fn writes(&self) -> &[Slice] {
        &self.args[self.op.reads.len()..]
    }

    /// Floating-point operations.
    pub fn flops(&self) -> u64 {
        (self.op.flops)(&self.dims)
    }

    /// Bytes that must cross the memory bus if nothing is cached.
    pub fn bytes(&self) -> u64 {
        (self.op.bytes)(&self.dims)
    }

    /// Its sizes, for people.
    pub fn describe(&self) -> String {
        (self.op.describe)(&self.dims)
    }
}

/// A named range of dispatches that runs as one: a training step, an evaluation step.
#[derive(Clone, Debug, PartialEq)]
pub struct Program {
    /// `train`, `train tail`, `micro`, `eval`, `eval ema`, …
    pub name: String,
    /// Samples in its batch.
    pub batch: u32,
    /// Which dispatches.
    pub range: Range<usize>,
}

/// See the module.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// All memory.
    pub buffers: Vec<Buffer>,
    /// All launches of all programs.
    pub dispatches: Vec<Dispatch>,
    /// What can be run.
    pub programs: Vec<Program>,
}

impl Plan {
    /// Adds a buffer of `len` words.
    pub fn buffer(&mut self, name: impl Into<String>, len: u32, role: Role) -> Slice {
        let buffer = BufferId(self.buffers.len() as u32);
        let name = name.into();
        self.buffers.push(Buffer { name, len, role });
        self.whole(buffer)
    }

    /// Grows an arena by one aligned slice.
    pub fn grow(&mut self, arena: BufferId, len: u32) -> Slice {
        let end = &mut self.buffers[arena.0 as usize].len;
        let offset = end.next_multiple_of(ALIGN);
        *end = offset + len;
        Slice {
            buffer: arena,
            offset,
            len,
        }
    }

    /// All of a buffer.
    pub fn whole(&self, buffer: BufferId) -> Slice {
        Slice {
            buffer,
            offset: 0,
            len: self.buffers[buffer.0 as usize].len,
        }
    }

    /// The program called `name`, if the plan has it.
    pub fn program(&self, name: &str) -> Option<&Program> {
        self.programs.iter().find(|p| p.name == name)
    }

    /// Bytes of all buffers: the most that a run takes, as they are made at its start and kept.
    pub fn memory(&self) -> u64 {
        self.buffers.iter().map(Buffer::bytes).sum()
    }

    /// Bytes of the buffers of one role, and how many there are.
    pub fn memory_of(&self, role: Role) -> (u64, usize) {
        let own = || self.buffers.iter().filter(move |b| b.role == role);
        (own().map(Buffer::bytes).sum(), own().count())
    }

    /// Bytes of the largest binding: the device must allow that much.
    pub fn largest_binding(&self) -> u64 {
        let all = self.dispatches.iter().flat_map(|d| &d.args);
        all.map(|s| s.len as u64 * 4).max().unwrap_or(0)
    }

    /// The name of the buffer behind a slice.
    pub fn name(&self, s: &Slice) -> &str {
        &self.buffers[s.buffer.0 as usize].name
    }

    /// Catches on the host what WebGPU would reject late (a buffer both read and written) and what
    /// it lets through silently (overlapping writes, short bindings). Loops that drivers do not
    /// finish are the GPU executor's to refuse, as it knows which shaders run.
    ///
    /// # Errors
    /// Names the dispatch and what is wrong with it.
    pub fn check(&self) -> Result<()> {
        for (i, d) in self.dispatches.iter().enumerate() {
            self.check_dispatch(d).map_err(|why| {
                Error::Model(format!(
                    "dispatch {i} ({} {:?}) cannot run: {why}",
                    d.op.name, d.dims
                ))
            })?;
        }
        Ok(())
    }

    fn check_dispatch(&self, d: &Dispatch) -> Result<(), String> {
        if d.args.len() != d.op.reads.len() + d.op.writes.len() {
            return Err(format!("{} arguments", d.args.len()));
        }
        if d.dims.len() * 4 != d.op.dims_size {
            return Err(format!("{} words of dims", d.dims.len()));
        }
        let names = d.op.reads.iter().chain(d.op.writes);
        for ((s, need), name) in d.args.iter().zip((d.op.lens)(&d.dims)).zip(names) {
            if s.len == 0 || need == 0 {
                return Err(format!(
                    "`{name}` is empty; every dimension must be at least 1"
                ));
            }
            let end = s.offset as u64 + s.len as u64;
            if !s.offset.is_multiple_of(ALIGN) || end > self.whole(s.buffer).len.into() {
                return Err(format!("`{name}` lies outside of {}: {s:?}", self.name(s)));
            }
            if (s.len as u64) < need {
                return Err(format!("`{name}` has {} words but needs {need}", s.len));
            }
        }
        for (j, w) in d.writes().iter().enumerate() {
            if d.reads().iter().any(|r| r.buffer == w.buffer) {
                return Err(format!("it reads and writes {}", self.name(w)));
            }
            if d.writes()[..j].iter().any(|o| o.buffer == w.buffer) {
                return Err(format!("it writes {} twice", self.name(w)));
            }
        }
        if (d.op.launch)(&d.dims) == Launch::Threads(0) {
            return Err("it has nothing to do".into());
        }
        Ok(())
    }

    /// Lets values share memory: a value's buffer is free again after its last reader. Called
    /// once, when everything is recorded; the results do not change, the memory does.
    pub fn reuse_values(&mut self) {
        let is_value = |plan: &Plan, b: BufferId| plan.buffers[b.0 as usize].role == Role::Value;
        let mut last_use = vec![0; self.buffers.len()];
        for (i, d) in self.dispatches.iter().enumerate() {
            d.args
                .iter()
                .for_each(|s| last_use[s.buffer.0 as usize] = i);
        }
        let mut home: Vec<Option<BufferId>> = vec![None; self.buffers.len()];
        let mut kept: Vec<Buffer> = Vec::new();
        for (i, b) in self.buffers.iter().enumerate() {
            if b.role != Role::Value {
                home[i] = Some(BufferId(kept.len() as u32));
                kept.push(b.clone());
            }
        }
        let mut free: Vec<BufferId> = Vec::new();
        for i in 0..self.dispatches.len() {
            let mut dying = Vec::new();
            for a in 0..self.dispatches[i].args.len() {
                let at = self.dispatches[i].args[a].buffer;
                if is_value(self, at) {
                    let len = self.buffers[at.0 as usize].len;
                    let place = &mut home[at.0 as usize];
                    let new = *place.get_or_insert_with(|| take_home(&mut free, &mut kept, len));
                    if last_use[at.0 as usize] == i && !dying.contains(&new) {
                        dying.push(new);
                    }
                }
            }
            free.extend(dying);
        }
        for s in self.dispatches.iter_mut().flat_map(|d| &mut d.args) {
            s.buffer = home[s.buffer.0 as usize].expect("every argument was given a home");
        }
        self.buffers = kept;
    }
}

/// The free buffer that fits best, grown if none is large enough, or a new one.
fn take_home(free: &mut Vec<BufferId>, kept: &mut Vec<Buffer>, len: u32) -> BufferId {
    let size = |b: &BufferId| kept[b.0 as usize].len;
    let fits = (0..free.len()).filter(|&i| size(&free[i]) >= len);
    let best = fits
        .min_by_key(|&i| size(&free[i]))
        .or_else(|| (0..free.len()).max_by_key(|&i| size(&free[i])));
    match best {
        Some(i) => {
            let id = free.swap_remove(i);
            let grown = &mut kept[id.0 as usize].len;
            *grown = len.max(*grown);
            id
        }
        None => {
            let name = format!("value.{}", kept.len());
            let role = Role::Value;
            kept.push(Buffer { name, len, role });
            BufferId(kept.len() as u32 - 1)
        }
    }
}

/// The plan as text, one line a dispatch: what the golden plan tests compare.
impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        for program in &self.programs {
            writeln!(f, "{} (batch {})", program.name, program.batch)?;
            for d in &self.dispatches[program.range.clone()] {
                let one =
                    |s: &Slice| format!("{}[{}..{}]", self.name(s), s.offset, s.offset + s.len);
                let list = |args: &[Slice]| args.iter().map(one).collect::<Vec<_>>().join(", ");
                let (name, dims) = (d.op.name, &d.dims);
                let (reads, writes) = (list(d.reads()), list(d.writes()));
                let dims = Dims(dims);
                writeln!(f, "  {name:<22} {dims} {reads} -> {writes}")?;
            }
        }
        Ok(())
    }
}

/// Dims in a plan's text: a table's words are left out.
struct Dims<'a>(&'a [u32]);

impl fmt::Display for Dims<'_> {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        const MOST: usize = 64;
        match self.0.get(..4) {
            Some(first) if self.0.len() > MOST => {
                write!(f, "{first:?}")
            }
            _ => write!(f, "{:?}", self.0),
        }
    }
}
