//! From a plan's dispatches to launches: which shader, how many workgroups, which words. A dispatch
//! whose sums are split becomes two launches.

use std::{
    collections::{BTreeMap, HashMap, btree_map::Entry},
    num::NonZeroU64,
    ops::Range,
};

use rayon::prelude::*;
use wgpu::*;

use super::pipeline::{Pipeline, Source, Text};
use crate::{
    device::{Gpu, mebibytes},
    error::{Error, Result},
    exec::tuning::Table,
    kernel::{MAX_ITERATIONS, Op, Split},
    ops::{self, split_sum},
    plan::{ALIGN, Dispatch, Plan},
};

/// Everything of a launch that does not change from step to step.
pub(super) struct Launch {
    pipeline: ComputePipeline,
    bind_group: BindGroup,
    groups: [u32; 3],
    /// Its bind group takes the offset of the step's slot in the ring.
    reads_hyper: bool,
}

impl Launch {
    pub(super) fn encode(&self, pass: &mut ComputePass, hyper_offset: &[u32; 1]) {
        pass.set_pipeline(&self.pipeline);
        let offsets = if self.reads_hyper {
            &hyper_offset[..]
        } else {
            &[]
        };
        pass.set_bind_group(0, &self.bind_group, offsets);
        pass.dispatch_workgroups(self.groups[0], self.groups[1], self.groups[2]);
    }
}

/// A dispatch as it will be launched.
struct Lowered<'a> {
    dispatch: &'a Dispatch,
    source: Source,
    /// How its sums are split, and in how many parts; 1 is not at all.
    split: Option<Split>,
    parts: u32,
    groups: [u32; 3],
}

impl Lowered<'_> {
    /// What it runs: its own shader, and the one that adds up its parts.
    fn sources(&self) -> impl Iterator<Item = Source> {
        let adds = (self.parts > 1).then(adder);
        [self.source.clone()].into_iter().chain(adds)
    }
}

/// What adds up parts.
fn adder() -> Source {
    Source {
        op: const { &Op::of::<ops::SplitSum>() },
        variant: None,
    }
}

/// Builds the launches of all dispatches, in order, and says which belong to which dispatch.
pub(super) fn build(
    gpu: &Gpu,
    plan: &Plan,
    table: &Table,
    buffers: &[Buffer],
) -> Result<(Vec<Launch>, Vec<Range<usize>>)> {
    let sources = plan.dispatches.iter().map(|d| Source {
        op: d.op,
        variant: table.pick(d.op, &d.dims, gpu.extras),
    });
    let sources: Vec<Source> = sources.collect();
    let texts = texts(&sources)?;
    let lowered = plan.dispatches.iter().zip(sources);
    let lowered = lowered.map(|(d, source)| lower(table, &texts, d, source));
    let lowered: Vec<Lowered> = lowered.collect::<Result<_>>()?;
    let mut builder = Builder {
        gpu,
        buffers,
        scratch: scratch(gpu, &lowered)?,
        dims: dims_buffer(gpu, &lowered),
        dims_used: 0,
        pipelines: compile(gpu, &lowered, texts)?,
        launches: Vec::new(),
    };
    let of_dispatch = lowered.iter().map(|l| builder.add(l));
    let of_dispatch = of_dispatch.collect::<Result<_>>()?;
    Ok((builder.launches, of_dispatch))
}

/// Every text once.
fn texts(sources: &[Source]) -> Result<HashMap<String, Text>> {
    let distinct: BTreeMap<String, &Source> = sources.iter().map(|s| (s.key(), s)).collect();
    let distinct: Vec<(String, &Source)> = distinct.into_iter().collect();
    let parsed = distinct.into_par_iter();
    parsed.map(|(key, s)| Ok((key, s.text()?))).collect()
}

/// Every pipeline once, in parallel: drivers compile on the calling thread.
fn compile(
    gpu: &Gpu,
    lowered: &[Lowered],
    mut texts: HashMap<String, Text>,
) -> Result<HashMap<String, Pipeline>> {
    let mut distinct = BTreeMap::new();
    for source in lowered.iter().flat_map(Lowered::sources) {
        if let Entry::Vacant(entry) = distinct.entry(source.key()) {
            let known = texts.remove(entry.key());
            entry.insert(known.map_or_else(|| source.text(), Ok)?);
        }
    }
    let distinct: Vec<(String, Text)> = distinct.into_iter().collect();
    let built = distinct.into_par_iter().map(|(key, text)| {
        let pipeline = Pipeline::build(gpu, &key, text)?;
        Ok((key, pipeline))
    });
    built.collect()
}

fn lower<'a>(
    table: &Table,
    texts: &HashMap<String, Text>,
    dispatch: &'a Dispatch,
    source: Source,
) -> Result<Lowered<'a>> {
    let (op, dims) = (dispatch.op, &dispatch.dims);
    let reflection = &texts[&source.key()].reflection;
    let cannot = |why: String| Error::Model(format!("{} {}: {why}", op.name, dispatch.describe()));
    let own = source.variant.as_ref().and_then(|(v, _)| v.launch);
    let launch = own.unwrap_or(op.launch)(dims);
    let mut groups = reflection.groups(launch).map_err(cannot)?;
    let split = (op.split)(dims);
    let iterations = match &source.variant {
        None => (op.iterations)(dims),
        Some((variant, settings)) => (variant.iterations)(dims, settings),
    };
    let parts = match split {
        None => 1,
        Some(split) => {
            let across = u64::from(groups[0]) * u64::from(groups[1]);
            table.parts(across, split.terms, iterations)
        }
    };
    if iterations.div_ceil(parts) > MAX_ITERATIONS || parts > 65_535 {
        return Err(cannot(format!(
            "one invocation would loop {iterations} times, more than the {MAX_ITERATIONS} that \
             every driver completes; use a smaller batch or smaller layers"
        )));
    }
    groups[2] = parts as u32;
    Ok(Lowered {
        dispatch,
        source: if parts > 1 {
            source.of_a_part()
        } else {
            source
        },
        split,
        parts: parts as u32,
        groups,
    })
}

/// Room for the parts of the largest split sum; launches follow each other and share it.
fn scratch(gpu: &Gpu, lowered: &[Lowered]) -> Result<Option<Buffer>> {
    let split = lowered.iter().filter(|l| l.parts > 1);
    let words = split.filter_map(|l| Some(u64::from(l.split?.words) * u64::from(l.parts)));
    let Some(size) = words.max().map(|words| 4 * words) else {
        return Ok(None);
    };
    let most = gpu.device.limits().max_storage_buffer_binding_size;
    if size > most {
        return Err(Error::Device(format!(
            "the parts of a split sum need {} at once, but {} binds at most {}; use a smaller batch",
            mebibytes(size),
            gpu.description,
            mebibytes(most)
        )));
    }
    Ok(Some(gpu.device.create_buffer(&BufferDescriptor {
        label: Some("parts of sums"),
        size,
        usage: BufferUsages::STORAGE,
        mapped_at_creation: false,
    })))
}

/// Bytes that so many words of dims take, with what lies behind them: dims are bound where every device can bind.
fn room(words: usize) -> u64 {
    words.next_multiple_of(ALIGN as usize) as u64 * 4
}

/// Room for the dims of every launch, those of the sums' adders included.
fn dims_buffer(gpu: &Gpu, lowered: &[Lowered]) -> Buffer {
    let each = |l: &Lowered| room(l.dispatch.dims.len()) + room(1);
    let size: u64 = lowered.iter().map(each).sum();
    gpu.device.create_buffer(&BufferDescriptor {
        label: Some("dims"),
        size: size.max(room(1)),
        usage: BufferUsages::UNIFORM | BufferUsages::COPY_DST,
        mapped_at_creation: false,
    })
}

struct Builder<'a> {
    gpu: &'a Gpu,
    buffers: &'a [Buffer],
    scratch: Option<Buffer>,
    dims: Buffer,
    dims_used: u64,
    pipelines: HashMap<String, Pipeline>,
    launches: Vec<Launch>,
}

/// A run of bytes in a buffer.
#[derive(Clone, Copy)]
struct Run<'a> {
    buffer: &'a Buffer,
    offset: u64,
    size: u64,
}

impl<'a> Builder<'a> {
    fn add(&mut self, l: &Lowered) -> Result<Range<usize>> {
        let first = self.launches.len();
        let buffers = self.buffers;
        let args = l.dispatch.args.iter().map(|s| Run {
            buffer: &buffers[s.buffer.0 as usize],
            offset: s.offset as u64 * 4,
            size: s.len as u64 * 4,
        });
        let mut args: Vec<Run> = args.collect();
        let parts = l.split.filter(|_| l.parts > 1).zip(self.scratch.clone());
        let Some((split, scratch)) = parts else {
            self.push(&l.source, &l.dispatch.dims, &args, l.groups)?;
            return Ok(first..self.launches.len());
        };
        let whole = Run {
            buffer: &scratch,
            offset: 0,
            size: 4 * u64::from(split.words) * u64::from(l.parts),
        };
        let reads = l.dispatch.reads().len();
        let output = std::mem::replace(&mut args[reads], whole);
        self.push(&l.source, &l.dispatch.dims, &args, l.groups)?;
        let dims = split_sum::Dims::of(&split, l.parts);
        let words = bytemuck::cast_slice(bytemuck::bytes_of(&dims)).to_vec();
        let source = adder();
        // A sum without an epilogue reads nothing there.
        let e = if split.epilogue == 0 {
            whole
        } else {
            args[reads - 1]
        };
        let reflection = &self.pipelines[&source.key()].reflection;
        let groups = reflection.groups((source.op.launch)(&words));
        let groups = groups.map_err(|why| Error::Model(format!("split_sum: {why}")))?;
        self.push(&source, &words, &[whole, e, output], groups)?;
        Ok(first..self.launches.len())
    }

    /// # Errors
    /// What the device does not take, with the op and its sizes.
    fn push(
        &mut self,
        source: &Source,
        dims: &[u32],
        args: &[Run],
        groups: [u32; 3],
    ) -> Result<()> {
        let pipeline = &self.pipelines[&source.key()];
        let at = self.dims_used;
        self.dims_used += room(dims.len());
        let bytes = bytemuck::cast_slice(dims);
        self.gpu.queue.write_buffer(&self.dims, at, bytes);
        let mut entries = vec![entry(0, &self.dims, at, bytes.len() as u64)];
        for (run, binding) in args.iter().zip(1..) {
            entries.push(entry(binding, run.buffer, run.offset, run.size));
        }
        let scope = self.gpu.device.push_error_scope(ErrorFilter::Validation);
        let bind_group = self.gpu.device.create_bind_group(&BindGroupDescriptor {
            label: Some(source.op.name),
            layout: &pipeline.layout,
            entries: &entries,
        });
        if let Some(e) = pollster::block_on(scope.pop()) {
            return Err(Error::Device(format!(
                "{} ({}, in {} x {} x {} workgroups) cannot be launched: {e}",
                source.key(),
                (source.op.describe)(dims),
                groups[0],
                groups[1],
                groups[2]
            )));
        }
        self.launches.push(Launch {
            pipeline: pipeline.pipeline.clone(),
            bind_group,
            groups,
            reads_hyper: source.op.reads.contains(&"hyper"),
        });
        Ok(())
    }
}

fn entry(binding: u32, buffer: &Buffer, offset: u64, size: u64) -> BindGroupEntry<'_> {
    BindGroupEntry {
        binding,
        resource: BindingResource::Buffer(BufferBinding {
            buffer,
            offset,
            size: NonZeroU64::new(size),
        }),
    }
}
