//! Runs a plan on wgpu: buffers, pipelines and bind groups are built once, steps only re-encode.

mod clock;
mod launch;
mod pipeline;

use std::{
    collections::VecDeque,
    ops::Range,
    sync::{
        Arc,
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    time::Duration,
};

use wgpu::*;

use super::{Executor, Fetch, Pending, RunTime, inject, tuning::Table};
use crate::{
    device::{Gpu, mebibytes},
    error::{Error, Result, Room},
    ops::{self, Hyper},
    plan::{self, ALIGN, HYPER, Plan, Program, Slice},
};
use clock::Clock;
use launch::Launch;

/// Slots of the uniform ring: the most steps in one submit.
const RING: usize = 64;

/// Words between slots.
const SLOT: usize = ops::HYPER_WORDS.next_multiple_of(ALIGN) as usize;

/// Submits that may be under way before the host holds back: enough for two chunks of updates, each
/// a run and the fetch of its log, so that training waits nowhere but for a log.
const IN_FLIGHT: usize = 4;

/// wgpu tells of a mapping as soon as its submit is waited for, here or on another thread; after
/// this long it never will.
const DELIVERY: Duration = Duration::from_secs(10);

/// See the module.
pub struct GpuExecutor {
    gpu: Arc<Gpu>,
    buffers: Vec<Buffer>,
    launches: Vec<Launch>,
    /// The launches of each dispatch: one, or two where its sums are split.
    of_dispatch: Vec<Range<usize>>,
    /// The ring as the host fills it, to be copied in one write.
    ring: Vec<u32>,
    /// The last submits, as far as nobody has waited for them.
    in_flight: VecDeque<SubmissionIndex>,
    idle: Vec<Mailbox>,
    submits: u64,
    /// Only while somebody asks for times.
    clock: Option<Clock>,
}

/// A copy on its way to the host.
pub(crate) struct Staging {
    mailbox: Mailbox,
    submission: SubmissionIndex,
    /// How many submits there were with it.
    number: u64,
}

/// Where a copy arrives, and the news that it did. Kept for the next copy of the same size.
struct Mailbox {
    buffer: Buffer,
    sender: SyncSender<Result<(), BufferAsyncError>>,
    mapped: Receiver<Result<(), BufferAsyncError>>,
}

impl Mailbox {
    fn new(gpu: &Gpu, size: u64) -> Mailbox {
        let (sender, mapped) = sync_channel(1);
        Mailbox {
            buffer: gpu.device.create_buffer(&BufferDescriptor {
                label: Some("staging"),
                size,
                usage: BufferUsages::MAP_READ | BufferUsages::COPY_DST,
                mapped_at_creation: false,
            }),
            sender,
            mapped,
        }
    }

    fn map(&self) {
        let sender = self.sender.clone();
        self.buffer.map_async(MapMode::Read, .., move |result| {
            // The receiver may be gone if the run ended early; then nobody wants the words.
            let _ = sender.send(result);
        });
    }

    /// The words, once the copy's submit is done; the buffer can take the next copy then.
    fn open(&self, words: &mut Vec<f32>) -> Result<()> {
        let failed = |e: &dyn std::fmt::Display| {
            Error::Device(format!("reading back from the device failed: {e}"))
        };
        let mapped = self.mapped.recv_timeout(DELIVERY).map_err(|e| failed(&e))?;
        mapped.map_err(|e| failed(&e))?;
        let view = self.buffer.get_mapped_range(..).map_err(|e| failed(&e))?;
        words.resize(view.len() / 4, 0.0);
        bytemuck::cast_slice_mut(words).copy_from_slice(&view);
        drop(view);
        self.buffer.unmap();
        Ok(())
    }
}

impl GpuExecutor {
    /// Builds everything that the plan's steps will need, with the device's own table.
    ///
    /// # Errors
    /// As [`GpuExecutor::tuned`].
    pub fn new(gpu: Arc<Gpu>, plan: &Plan) -> Result<GpuExecutor> {
        GpuExecutor::tuned(gpu.clone(), plan, &gpu.table)
    }

    /// Builds everything that the plan's steps will need, with the shaders that `table` picks.
    ///
    /// # Errors
    /// If the plan does not pass [`Plan::check`], or the device cannot hold or compile it: what,
    /// how large, and what to do.
    pub fn tuned(gpu: Arc<Gpu>, plan: &Plan, table: &Table) -> Result<GpuExecutor> {
        plan.check()?;
        let mut buffers = Vec::new();
        for (i, b) in plan.buffers.iter().enumerate() {
            let created = create_buffer(&gpu, i, b, total(&buffers))?;
            let missing = || no_room(&gpu, plan, i, total(&buffers));
            buffers.push(created.ok_or_else(missing)?);
        }
        let (launches, of_dispatch) = launch::build(&gpu, plan, table, &buffers)?;
        gpu.check()?;
        if let Some(cache) = &gpu.cache {
            cache.save();
        }
        Ok(GpuExecutor {
            gpu,
            buffers,
            launches,
            of_dispatch,
            ring: vec![0; RING * SLOT],
            in_flight: VecDeque::new(),
            idle: Vec::new(),
            submits: 0,
            clock: None,
        })
    }

    /// Launches of a program: its dispatches, and those that add up split sums.
    pub fn launches(&self, program: &Program) -> usize {
        self.range(&program.range).len()
    }

    fn range(&self, dispatches: &Range<usize>) -> Range<usize> {
        match self.of_dispatch.get(dispatches.clone()) {
            Some([first, .., last]) => first.start..last.end,
            Some([only]) => only.clone(),
            _ => 0..0,
        }
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

    /// Forgets the submits that were made when there were `number` of them: they are done.
    fn arrived(&mut self, number: u64) {
        let later = (self.submits - number) as usize;
        let done = self.in_flight.len().saturating_sub(later);
        self.in_flight.drain(..done);
    }

    fn wait(&self, submission_index: Option<SubmissionIndex>) -> Result<()> {
        let wait = PollType::Wait {
            submission_index,
            timeout: None,
        };
        let polled = self.gpu.device.poll(wait);
        if polled.is_err() {
            // A lost device has not taken the submit that is waited for, and says why when it is done with the others.
            let _ = self.gpu.device.poll(PollType::Wait {
                submission_index: None,
                timeout: None,
            });
        }
        self.gpu.check()?;
        polled.map_err(|e| Error::Device(format!("waiting for the device failed: {e}")))?;
        Ok(())
    }

    /// Submits what was encoded and, behind it, a copy of bytes to the host.
    fn fetch_from(
        &mut self,
        mut encoder: CommandEncoder,
        from: &Buffer,
        offset: u64,
        size: u64,
    ) -> Result<Staging> {
        let fits = self.idle.iter().position(|m| m.buffer.size() == size);
        let mailbox = match fits {
            Some(i) => self.idle.swap_remove(i),
            None => Mailbox::new(&self.gpu, size),
        };
        encoder.copy_buffer_to_buffer(from, offset, &mailbox.buffer, 0, size);
        let submission = self.submit(encoder)?;
        mailbox.map();
        Ok(Staging {
            mailbox,
            submission,
            number: self.submits,
        })
    }

    /// Waits for a copy.
    fn open(&mut self, staging: Staging, words: &mut Vec<f32>) -> Result<()> {
        self.wait(Some(staging.submission))?;
        self.arrived(staging.number);
        let opened = staging.mailbox.open(words);
        // Why it failed, where the device has said so meanwhile.
        opened.or_else(|e| self.gpu.check().and(Err(e)))?;
        self.idle.push(staging.mailbox);
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
            for (slot, hyper) in self.ring.chunks_mut(SLOT).zip(chunk) {
                slot[..ops::HYPER_WORDS as usize]
                    .copy_from_slice(bytemuck::cast_slice(std::slice::from_ref(hyper)));
            }
            let filled = &self.ring[..chunk.len() * SLOT];
            let ring = &self.buffers[HYPER.0 as usize];
            self.gpu
                .queue
                .write_buffer(ring, 0, bytemuck::cast_slice(filled));
            let mut encoder = self.gpu.device.create_command_encoder(&Default::default());
            let clock = self.clock.as_mut();
            let mut pass = encoder.begin_compute_pass(&ComputePassDescriptor {
                label: None,
                timestamp_writes: clock.and_then(|clock| clock.next(chunk.len())),
            });
            for step in 0..chunk.len() {
                let offset = [(step * SLOT * 4) as u32];
                for launch in &self.launches[self.range(&program.range)] {
                    launch.encode(&mut pass, &offset);
                }
            }
            drop(pass);
            self.submit(encoder)?;
        }
        Ok(())
    }

    fn fetch(&mut self, at: Slice) -> Result<Fetch> {
        let encoder = self.gpu.device.create_command_encoder(&Default::default());
        let (from, offset) = self.place(at);
        let from = from.clone();
        let staging = self.fetch_from(encoder, &from, offset, at.len as u64 * 4)?;
        Ok(Fetch(Pending::Mapping(staging)))
    }

    fn collect(&mut self, fetch: Fetch, words: &mut Vec<f32>) -> Result<()> {
        let Pending::Mapping(staging) = fetch.0 else {
            unreachable!("this executor always maps");
        };
        self.open(staging, words)
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

    fn start_clock(&mut self) {
        self.clock = Clock::new(&self.gpu);
    }

    fn stop_clock(&mut self) -> Result<Vec<RunTime>> {
        let clock = self.clock.take();
        clock.map_or(Ok(Vec::new()), |clock| clock.read(self))
    }
}

/// Bytes of buffers.
fn total(buffers: &[Buffer]) -> u64 {
    buffers.iter().map(Buffer::size).sum()
}

/// Bytes of a plan's buffer.
fn size_of_buffer(index: usize, buffer: &plan::Buffer) -> u64 {
    match index == HYPER.0 as usize {
        true => (RING * SLOT * 4) as u64,
        false => buffer.len as u64 * 4,
    }
}

/// The ring for the hyper-parameters, storage for everything else. Nothing where the device has no room
/// for it beside so many bytes.
fn create_buffer(
    gpu: &Gpu,
    index: usize,
    buffer: &plan::Buffer,
    beside: u64,
) -> Result<Option<Buffer>> {
    let size = size_of_buffer(index, buffer);
    let usage = match index == HYPER.0 as usize {
        true => BufferUsages::UNIFORM,
        false => BufferUsages::STORAGE,
    };
    if inject::memory()?.is_some_and(|most| beside + size > most) {
        return Ok(None);
    }
    let scope = gpu.device.push_error_scope(ErrorFilter::OutOfMemory);
    let created = gpu.device.create_buffer(&BufferDescriptor {
        label: Some(&buffer.name),
        size,
        usage: usage | BufferUsages::COPY_SRC | BufferUsages::COPY_DST,
        mapped_at_creation: false,
    });
    let refused = pollster::block_on(scope.pop()).is_some();
    Ok((!refused).then_some(created))
}

/// What a device that has given `given` bytes has no room for.
fn no_room(gpu: &Gpu, plan: &Plan, index: usize, given: u64) -> Error {
    let buffers = plan.buffers.iter().enumerate();
    let needed = buffers.map(|(i, b)| size_of_buffer(i, b)).sum();
    let buffer = &plan.buffers[index];
    let filled = |d: &&plan::Dispatch| d.writes().iter().any(|s| s.buffer.0 as usize == index);
    let by = match plan.dispatches.iter().find(filled) {
        Some(d) => format!(", written by {} {}", d.op.name, d.describe()),
        None => String::new(),
    };
    Error::TooLarge {
        message: format!(
            "{} has no room for {} ({}{by}), after {} in other buffers; {} are needed in all. Use a smaller batch, a \
             smaller data set (--limit) or another device",
            gpu.description,
            buffer.name,
            mebibytes(size_of_buffer(index, buffer)),
            mebibytes(given),
            mebibytes(needed)
        ),
        room: Room {
            total: given,
            buffer: gpu.description.max_buffer,
            binding: gpu.description.max_binding,
        },
    }
}
