//! What the machine can do at most: how fast it multiplies and how fast it copies, measured
//! between the cases, so that whatever slows the machine slows both.

use std::{sync::Arc, time::Instant};

use rayon::prelude::*;
use serde::Serialize;

use super::cases::{find, words};
use crate::{
    bench::statistics::Spread,
    device::Machine,
    error::Result,
    exec::{Executor, gpu::GpuExecutor},
    kernel::Op,
    ops::{Epilogue, HYPER_WORDS, matmul},
    plan::{Plan, Role, Slice},
    rng::{Purpose, Rng},
};

/// The side of the product that says how fast the host multiplies.
const SIDE: u32 = 1024;

/// Words of the copy that says how fast memory is: more than any cache.
const WORDS: u32 = 1 << 24;

/// Ceilings, each with its spread over the run.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Ceilings {
    /// GFLOP/s of the CPU executor's GEMM at 1024³ on the host's cores. None beside a real GPU,
    /// which they say nothing about.
    pub gflops: Option<Spread>,
    /// GB/s of a copy on the device, bytes read and bytes written both counted.
    pub gb_per_s: Spread,
}

/// Measures ceilings again and again.
pub(super) struct Ceiling {
    gemm: Option<Gemm>,
    copy: Copy,
    gflops: Vec<f64>,
    gb_per_s: Vec<f64>,
}

impl Ceiling {
    pub(super) fn new(machine: &Machine) -> Result<Ceiling> {
        let host = match machine {
            Machine::Cpu => true,
            Machine::Gpu(gpu) => gpu.software,
        };
        let mut ceiling = Ceiling {
            gemm: host.then(Gemm::new).transpose()?,
            copy: Copy::new(machine)?,
            gflops: Vec::new(),
            gb_per_s: Vec::new(),
        };
        // Memory touched, threads started.
        ceiling.sample()?;
        ceiling.gflops.clear();
        ceiling.gb_per_s.clear();
        ceiling.sample()?;
        Ok(ceiling)
    }

    /// One more measurement of each.
    pub(super) fn sample(&mut self) -> Result<()> {
        if let Some(gemm) = &mut self.gemm {
            self.gflops.push(gemm.gflops());
        }
        self.gb_per_s.push(self.copy.gb_per_s()?);
        Ok(())
    }

    pub(super) fn finish(self) -> Ceilings {
        Ceilings {
            gflops: (!self.gflops.is_empty()).then(|| Spread::of(&self.gflops)),
            gb_per_s: Spread::of(&self.gb_per_s),
        }
    }
}

/// The CPU executor's own product of two square matrices.
struct Gemm {
    op: &'static Op,
    dims: Vec<u32>,
    a: Vec<f32>,
    b: Vec<f32>,
    c: Vec<f32>,
}

impl Gemm {
    fn new() -> Result<Gemm> {
        let mut rng = Rng::new(0, Purpose::Workload, 2);
        let words_of = (SIDE * SIDE) as usize;
        let dims = words(matmul::Dims {
            m: SIDE,
            n: SIDE,
            k: SIDE,
            ta: 0,
            tb: 0,
            epilogue: Epilogue::NONE.0,
            sums: 0,
        });
        Ok(Gemm {
            op: find("matmul")?,
            dims,
            a: rng.floats(words_of),
            b: rng.floats(words_of),
            c: vec![0.0; words_of],
        })
    }

    fn gflops(&mut self) -> f64 {
        let start = Instant::now();
        (self.op.fast)(&self.dims, &[&self.a, &self.b, &[0.0]], &mut [&mut self.c]);
        let seconds = start.elapsed().as_secs_f64();
        (self.op.flops)(&self.dims) as f64 / seconds / 1e9
    }
}

/// A copy from one buffer to another.
enum Copy {
    Host {
        from: Vec<f32>,
        to: Vec<f32>,
    },
    Device {
        exec: Box<GpuExecutor>,
        from: Slice,
        to: Slice,
    },
}

impl Copy {
    fn new(machine: &Machine) -> Result<Copy> {
        let Machine::Gpu(gpu) = machine else {
            return Ok(Copy::Host {
                from: vec![1.0; WORDS as usize],
                to: vec![0.0; WORDS as usize],
            });
        };
        let mut plan = Plan::default();
        plan.buffer("hyper", HYPER_WORDS, Role::Input);
        let from = plan.buffer("from", WORDS, Role::State);
        let to = plan.buffer("to", WORDS, Role::State);
        let exec = GpuExecutor::new(Arc::clone(gpu), &plan)?;
        Ok(Copy::Device {
            exec: Box::new(exec),
            from,
            to,
        })
    }

    fn gb_per_s(&mut self) -> Result<f64> {
        /// Copies that are waited for together, so that the wait does not count.
        const TIMES: usize = 4;
        let start = Instant::now();
        match self {
            Copy::Host { from, to } => {
                const CHUNK: usize = 1 << 16;
                for _ in 0..TIMES {
                    let chunks = to.par_chunks_mut(CHUNK).zip(from.par_chunks(CHUNK));
                    chunks.for_each(|(to, from)| to.copy_from_slice(from));
                }
            }
            Copy::Device { exec, from, to } => {
                exec.copy(*from, *to, TIMES)?;
                exec.read(Slice { len: 1, ..*to })?;
            }
        }
        let bytes = TIMES as f64 * 2.0 * f64::from(WORDS) * 4.0;
        Ok(bytes / start.elapsed().as_secs_f64() / 1e9)
    }
}
