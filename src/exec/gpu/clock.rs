//! The device's own clock: when it began and when it ended the pass of each submit.

use wgpu::*;

use super::GpuExecutor;
use crate::{device::Gpu, error::Result, exec::RunTime};

/// Submits whose times are kept: as many as wgpu lets one set of queries hold.
const SUBMITS: usize = 2048;

/// See the module.
pub(super) struct Clock {
    stamps: QuerySet,
    /// Runs in each submit that was stamped.
    runs: Vec<u32>,
}

impl Clock {
    /// Nothing where the device has no timestamps.
    pub(super) fn new(gpu: &Gpu) -> Option<Clock> {
        let features = gpu.device.features();
        features.contains(Features::TIMESTAMP_QUERY).then(|| Clock {
            stamps: gpu.device.create_query_set(&QuerySetDescriptor {
                label: Some("clock"),
                ty: QueryType::Timestamp,
                count: 2 * SUBMITS as u32,
            }),
            runs: Vec::new(),
        })
    }

    /// Where the pass of the next submit, of so many runs, writes its times; nowhere once all that
    /// can be kept are.
    pub(super) fn next(&mut self, runs: usize) -> Option<ComputePassTimestampWrites<'_>> {
        let at = 2 * self.runs.len() as u32;
        if self.runs.len() == SUBMITS {
            return None;
        }
        self.runs.push(runs as u32);
        Some(ComputePassTimestampWrites {
            query_set: &self.stamps,
            beginning_of_pass_write_index: Some(at),
            end_of_pass_write_index: Some(at + 1),
        })
    }

    /// Waits for all times.
    pub(super) fn read(self, exec: &mut GpuExecutor) -> Result<Vec<RunTime>> {
        if self.runs.is_empty() {
            return Ok(Vec::new());
        }
        let count = 2 * self.runs.len() as u32;
        let size = u64::from(QUERY_SIZE * count);
        let resolved = exec.gpu.device.create_buffer(&BufferDescriptor {
            label: Some("times"),
            size,
            usage: BufferUsages::QUERY_RESOLVE | BufferUsages::COPY_SRC,
            mapped_at_creation: false,
        });
        let mut encoder = exec.gpu.device.create_command_encoder(&Default::default());
        encoder.resolve_query_set(&self.stamps, 0..count, &resolved, 0);
        let fetch = exec.fetch_from(encoder, &resolved, 0, size)?;
        let mut words = Vec::new();
        exec.open(fetch, &mut words)?;
        let tick_ms = f64::from(exec.gpu.queue.get_timestamp_period()) / 1e6;
        let word = |w: f32| u64::from(w.to_bits());
        let times = words.chunks_exact(2).map(|w| word(w[0]) | word(w[1]) << 32);
        let times: Vec<u64> = times.collect();
        let submits = self.runs.iter().zip(times.chunks_exact(2));
        let times = submits.map(|(&runs, pass)| RunTime {
            runs,
            ms: pass[1].wrapping_sub(pass[0]).cast_signed() as f64 * tick_ms,
        });
        Ok(times.collect())
    }
}
