//! Runs a plan on wgpu: buffers, pipelines and bind groups are built once, steps only re-encode.

use std::{
    collections::{HashMap, VecDeque},
    num::NonZeroU64,
    sync::Arc,
};

use futures_intrusive::channel::shared::{OneshotReceiver, oneshot_channel};
use wgpu::*;

use super::{Executor, Fetch, Pending};
use crate::{
    device::{Gpu, mebibytes},
    error::{Error, Result},
    kernel::Op,
    ops::{self, Hyper},
    plan::{self, ALIGN, HYPER, Plan, Program, Slice},
    reflect::{Access, Reflection, reflect},
};

/// Slots of the uniform ring: the most steps in one submit.
const RING: usize = 64;

/// Bytes between slots, and between the dims of dispatches: what every device can bind at.
const STRIDE: u64 = ALIGN as u64 * 4;

/// Submits that may be under way before the host holds back.
const IN_FLIGHT: usize = 3;

/// See the module.
pub struct GpuExecutor {
    gpu: Arc<Gpu>,
    buffers: Vec<Buffer>,
    dispatches: Vec<Dispatch>,
    /// The ring as the host fills it, to be copied in one write.
    ring: Vec<u32>,
    in_flight: VecDeque<SubmissionIndex>,
    idle: Vec<Buffer>,
    submits: u64,
}

struct Dispatch {
    pipeline: ComputePipeline,
    bind_group: BindGroup,
    groups: [u32; 3],
    /// Its bind group takes the offset of the step's slot in the ring.
    reads_hyper: bool,
}

/// A copy on its way to the host.
pub(crate) struct Staging {
    buffer: Buffer,
    words: usize,
    submission: SubmissionIndex,
    mapped: OneshotReceiver<Result<(), BufferAsyncError>>,
}

impl GpuExecutor {
    /// Builds everything that the plan's steps will need.
    ///
    /// # Errors
    /// If the plan does not pass [`Plan::check`], or the device cannot hold or compile it: what,
    /// how large, and what to do.
    pub fn new(gpu: Arc<Gpu>, plan: &Plan) -> Result<GpuExecutor> {
        plan.check()?;
        let buffers = plan
            .buffers
            .iter()
            .enumerate()
            .map(|(i, b)| create_buffer(&gpu, i, b));
        let mut executor = GpuExecutor {
            buffers: buffers.collect::<Result<_>>()?,
            gpu,
            dispatches: Vec::new(),
            ring: vec![0; RING * ALIGN as usize],
            in_flight: VecDeque::new(),
            idle: Vec::new(),
            submits: 0,
        };
        executor.build(plan)?;
        executor.gpu.check()?;
        Ok(executor)
    }

    fn build(&mut self, plan: &Plan) -> Result<()> {
        let device = &self.gpu.device;
        let dims = device.create_buffer(&BufferDescriptor {
            label: Some("dims"),
            size: (plan.dispatches.len() as u64 * STRIDE).max(STRIDE),
            usage: BufferUsages::UNIFORM | BufferUsages::COPY_DST,
            mapped_at_creation: false,
        });
        let mut pipelines: HashMap<&str, Pipeline> = HashMap::new();
        for (i, d) in plan.dispatches.iter().enumerate() {
            if !pipelines.contains_key(d.op.name) {
                pipelines.insert(d.op.name, Pipeline::build(&self.gpu, d.op)?);
            }
            let pipeline = &pipelines[d.op.name];
            let at = i as u64 * STRIDE;
            self.gpu
                .queue
                .write_buffer(&dims, at, bytemuck::cast_slice(&d.dims));
            let mut entries = vec![entry(0, &dims, at, d.op.dims_size as u64)];
            for (s, binding) in d.args.iter().zip(1..) {
                let (buffer, offset) = self.place(*s);
                entries.push(entry(binding, buffer, offset, s.len as u64 * 4));
            }
            let bind_group = device.create_bind_group(&BindGroupDescriptor {
                label: Some(d.op.name),
                layout: &pipeline.layout,
                entries: &entries,
            });
            let groups = pipeline.reflection.groups((d.op.launch)(&d.dims));
            self.dispatches.push(Dispatch {
                pipeline: pipeline.pipeline.clone(),
                bind_group,
                groups: groups.map_err(|why| Error::Model(format!("{}: {why}", d.op.name)))?,
                reads_hyper: d.op.reads.contains(&"hyper"),
            });
        }
        Ok(())
    }

    /// A slice as wgpu addresses it.
    fn place(&self, at: Slice) -> (&Buffer, u64) {
        (&self.buffers[at.buffer.0 as usize], at.offset as u64 * 4)
    }

    /// Submits, and waits for the oldest submit if too many are under way.
    fn submit(&mut self, encoder: CommandEncoder) -> Result<SubmissionIndex> {
        let index = self.gpu.queue.submit([encoder.finish()]);
        self.submits += 1;
        self.in_flight.push_back(index.clone());
        if self.in_flight.len() > IN_FLIGHT {
            let oldest = self.in_flight.pop_front();
            self.wait(oldest)?;
        }
        self.gpu.check()?;
        Ok(index)
    }

    fn wait(&self, submission_index: Option<SubmissionIndex>) -> Result<()> {
        let wait = PollType::Wait {
            submission_index,
            timeout: None,
        };
        let polled = self.gpu.device.poll(wait);
        self.gpu.check()?;
        polled.map_err(|e| Error::Device(format!("waiting for the device failed: {e}")))?;
        Ok(())
    }

    /// Copies words from one buffer to another, `times` over: what a bandwidth is compared with.
    ///
    /// # Errors
    /// As [`Executor::run`].
    pub fn copy(&mut self, from: Slice, to: Slice, times: usize) -> Result<()> {
        let mut encoder = self.gpu.device.create_command_encoder(&Default::default());
        let size = from.len.min(to.len) as u64 * 4;
        let ((from, at), (to, start)) = (self.place(from), self.place(to));
        for _ in 0..times {
            encoder.copy_buffer_to_buffer(from, at, to, start, size);
        }
        self.submit(encoder)?;
        Ok(())
    }

    /// Runs some dispatches once, for tests that look between them.
    ///
    /// # Errors
    /// As [`Executor::run`].
    pub fn run_dispatches(&mut self, range: std::ops::Range<usize>, hyper: &Hyper) -> Result<()> {
        let program = Program {
            name: String::new(),
            batch: 0,
            range,
        };
        self.run(&program, std::slice::from_ref(hyper))
    }
}

impl Executor for GpuExecutor {
    fn write(&mut self, at: Slice, words: &[f32]) -> Result<()> {
        assert_eq!(at.len as usize, words.len(), "write");
        let (buffer, offset) = self.place(at);
        self.gpu
            .queue
            .write_buffer(buffer, offset, bytemuck::cast_slice(words));
        self.gpu.check()
    }

    fn run(&mut self, program: &Program, hypers: &[Hyper]) -> Result<()> {
        for chunk in hypers.chunks(RING) {
            for (slot, hyper) in self.ring.chunks_mut(ALIGN as usize).zip(chunk) {
                slot[..ops::HYPER_WORDS as usize].copy_from_slice(bytemuck::cast_slice(&[*hyper]));
            }
            let filled = &self.ring[..chunk.len() * ALIGN as usize];
            let ring = &self.buffers[HYPER.0 as usize];
            self.gpu
                .queue
                .write_buffer(ring, 0, bytemuck::cast_slice(filled));
            let mut encoder = self.gpu.device.create_command_encoder(&Default::default());
            let mut pass = encoder.begin_compute_pass(&Default::default());
            for step in 0..chunk.len() {
                let offset = [step as u32 * STRIDE as u32];
                for d in &self.dispatches[program.range.clone()] {
                    pass.set_pipeline(&d.pipeline);
                    let offsets = if d.reads_hyper { &offset[..] } else { &[] };
                    pass.set_bind_group(0, &d.bind_group, offsets);
                    pass.dispatch_workgroups(d.groups[0], d.groups[1], d.groups[2]);
                }
            }
            drop(pass);
            self.submit(encoder)?;
        }
        Ok(())
    }

    fn fetch(&mut self, at: Slice) -> Result<Fetch> {
        let size = at.len as u64 * 4;
        let fits = self.idle.iter().position(|b| b.size() == size);
        let buffer = match fits {
            Some(i) => self.idle.swap_remove(i),
            None => self.gpu.device.create_buffer(&BufferDescriptor {
                label: Some("staging"),
                size,
                usage: BufferUsages::MAP_READ | BufferUsages::COPY_DST,
                mapped_at_creation: false,
            }),
        };
        let mut encoder = self.gpu.device.create_command_encoder(&Default::default());
        let (from, offset) = self.place(at);
        encoder.copy_buffer_to_buffer(from, offset, &buffer, 0, size);
        let submission = self.submit(encoder)?;
        let (sender, mapped) = oneshot_channel();
        buffer.map_async(MapMode::Read, .., move |result| {
            // The receiver may be gone if the run ended early; then nobody wants the words.
            let _ = sender.send(result);
        });
        Ok(Fetch(Pending::Mapping(Staging {
            buffer,
            words: at.len as usize,
            submission,
            mapped,
        })))
    }

    fn collect(&mut self, fetch: Fetch) -> Result<Vec<f32>> {
        let staging = match fetch.0 {
            Pending::Here(words) => return Ok(words),
            Pending::Mapping(staging) => staging,
        };
        self.wait(Some(staging.submission))?;
        let failed = |e: &dyn std::fmt::Display| {
            Error::Device(format!("reading back from the device failed: {e}"))
        };
        match pollster::block_on(staging.mapped.receive()) {
            Some(Ok(())) => {}
            Some(Err(e)) => return Err(failed(&e)),
            None => return Err(failed(&"the mapping was dropped")),
        }
        let view = staging
            .buffer
            .get_mapped_range(..)
            .map_err(|e| failed(&e))?;
        let mut words = vec![0f32; staging.words];
        bytemuck::cast_slice_mut(&mut words).copy_from_slice(&view);
        drop(view);
        staging.buffer.unmap();
        self.idle.push(staging.buffer);
        Ok(words)
    }

    /// A software adapter computes some ten billion operations a second, a GPU hundreds or more:
    /// about 50 ms a submit at the slow end of each.
    fn flops_per_submit(&self) -> u64 {
        if self.gpu.software {
            500_000_000
        } else {
            20_000_000_000
        }
    }

    fn submits(&self) -> u64 {
        self.submits
    }
}

/// The ring for the hyper-parameters, storage for everything else.
fn create_buffer(gpu: &Gpu, index: usize, buffer: &plan::Buffer) -> Result<Buffer> {
    let (size, usage) = if index == HYPER.0 as usize {
        (RING as u64 * STRIDE, BufferUsages::UNIFORM)
    } else {
        (buffer.len as u64 * 4, BufferUsages::STORAGE)
    };
    let scope = gpu.device.push_error_scope(ErrorFilter::OutOfMemory);
    let created = gpu.device.create_buffer(&BufferDescriptor {
        label: Some(&buffer.name),
        size,
        usage: usage | BufferUsages::COPY_SRC | BufferUsages::COPY_DST,
        mapped_at_creation: false,
    });
    match pollster::block_on(scope.pop()) {
        None => Ok(created),
        Some(e) => Err(Error::Device(format!(
            "the device has no room for {} ({}): {e}. Use a smaller batch or data set",
            buffer.name,
            mebibytes(size)
        ))),
    }
}

struct Pipeline {
    pipeline: ComputePipeline,
    layout: BindGroupLayout,
    reflection: Reflection,
}

impl Pipeline {
    fn build(gpu: &Gpu, op: &Op) -> Result<Pipeline> {
        let failed =
            |why: String| Error::Device(format!("kernel {} does not build: {why}", op.name));
        let reflection = reflect(op.wgsl).map_err(failed)?;
        let scope = gpu.device.push_error_scope(ErrorFilter::Validation);
        let entries =
            reflection
                .bindings
                .iter()
                .zip(0..)
                .map(|(b, binding)| BindGroupLayoutEntry {
                    binding,
                    visibility: ShaderStages::COMPUTE,
                    ty: BindingType::Buffer {
                        ty: match b.access {
                            Access::Uniform => BufferBindingType::Uniform,
                            access => BufferBindingType::Storage {
                                read_only: access == Access::Read,
                            },
                        },
                        has_dynamic_offset: b.name == "hyper",
                        min_binding_size: NonZeroU64::new(b.size.into()),
                    },
                    count: None,
                });
        let layout = gpu
            .device
            .create_bind_group_layout(&BindGroupLayoutDescriptor {
                label: Some(op.name),
                entries: &entries.collect::<Vec<_>>(),
            });
        let module = gpu.device.create_shader_module(ShaderModuleDescriptor {
            label: Some(op.name),
            source: ShaderSource::Wgsl(op.wgsl.into()),
        });
        let pipeline_layout = gpu
            .device
            .create_pipeline_layout(&PipelineLayoutDescriptor {
                label: Some(op.name),
                bind_group_layouts: &[Some(&layout)],
                immediate_size: 0,
            });
        let pipeline = gpu
            .device
            .create_compute_pipeline(&ComputePipelineDescriptor {
                label: Some(op.name),
                layout: Some(&pipeline_layout),
                module: &module,
                entry_point: Some("main"),
                compilation_options: Default::default(),
                cache: None,
            });
        if let Some(e) = pollster::block_on(scope.pop()) {
            return Err(failed(e.to_string()));
        }
        Ok(Pipeline {
            pipeline,
            layout,
            reflection,
        })
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
