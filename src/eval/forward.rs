//! The forward pass alone: a small plan, and a machine that runs it batch after batch.

use std::sync::Arc;

use super::Logits;
use crate::{
    data::Features,
    error::Result,
    exec::{Executor, Fetch},
    model::{Mode, Network},
    ops::Hyper,
    plan::{Plan, Program, Slice},
    record::Recorder,
};

/// Samples that are evaluated at a time unless somebody says otherwise.
pub const BATCH: u32 = 100;

/// A recorded forward pass: plain data.
pub struct Forward {
    /// The plan, for an executor.
    pub plan: Arc<Plan>,
    program: Program,
    params: Vec<Slice>,
    input: Slice,
    output: Slice,
    /// One sample's shape.
    shape: Vec<u32>,
    outputs: usize,
    /// Rows of the table that the input's numbers are indices of, if they are.
    table: Option<u32>,
}

impl Forward {
    /// Records `network` for batches of `batch` samples.
    ///
    /// # Errors
    /// If something is too large to be addressed.
    ///
    /// # Panics
    /// If `batch` is 0.
    #[allow(
        clippy::expect_used,
        clippy::indexing_slicing,
        reason = "the plan was recorded here, and `Plan::check` has passed it"
    )]
    pub fn record(network: &Network, batch: u32) -> Result<Forward> {
        assert!(batch > 0, "evaluation: an empty batch");
        network.check_sizes(batch)?;
        let mut r = Recorder::new(1);
        let x = r.input("input", &[&[batch], &network.input[..]].concat());
        let params = network.declare(&mut r);
        r.begin("forward", batch);
        network.record(&mut r, &params, x, Mode::Eval);
        r.end();
        let plan = r.finish();
        plan.check()?;
        let program = plan.program("forward").cloned();
        let program = program.expect("it was just recorded");
        // Where a value lies is settled when the plan is finished; a network has parameters, so
        // something is dispatched, and whatever comes last writes the answers first.
        let last = &plan.dispatches[program.range.end - 1];
        let output = last.writes()[0];
        assert_eq!(output.len, batch * network.outputs, "evaluation: answers");
        Ok(Forward {
            program,
            params: params.iter().map(|p| p.at).collect(),
            input: x.at,
            output,
            shape: network.input.clone(),
            outputs: network.outputs as usize,
            table: network.table(),
            plan: Arc::new(plan),
        })
    }

    /// Numbers in a sample.
    fn width(&self) -> usize {
        self.shape.iter().map(|&d| d as usize).product()
    }
}

/// A network with its weights on a machine.
pub struct Evaluator<'a> {
    exec: Box<dyn Executor>,
    forward: &'a Forward,
}

impl<'a> Evaluator<'a> {
    /// Puts weights, in `state_dict` order, on a machine that was made for `forward.plan`.
    ///
    /// # Errors
    /// What the device reports.
    pub fn new(
        mut exec: Box<dyn Executor>,
        forward: &'a Forward,
        weights: &[Vec<f32>],
    ) -> Result<Evaluator<'a>> {
        assert_eq!(weights.len(), forward.params.len(), "evaluation: weights");
        for (at, values) in forward.params.iter().zip(weights) {
            exec.write(*at, values)?;
        }
        Ok(Evaluator { exec, forward })
    }

    /// What the network answers to every sample.
    ///
    /// # Errors
    /// What the device reports, and features that are no indices where the network takes some.
    ///
    /// # Panics
    /// If the features are not whole samples of the network's input.
    pub fn logits(&mut self, features: &Features) -> Result<Logits> {
        let (width, batch) = (self.forward.width(), self.forward.program.batch as usize);
        let values = match features {
            Features::Bytes { data, .. } => data.len(),
            Features::Floats(data) => data.len(),
        };
        assert!(
            values.is_multiple_of(width),
            "evaluation: {values} values in samples of {width}"
        );
        if let Some(rows) = self.forward.table {
            features.check_indices(&self.forward.shape, rows, "given")?;
        }
        let samples = values / width;
        let mut answers = Vec::with_capacity(samples * self.forward.outputs);
        let mut words = vec![0.0; batch * width];
        // The next batch is on its way before the last one's answers are waited for.
        let mut in_flight: Option<Fetch> = None;
        for first in (0..samples).step_by(batch) {
            // What is left of the batch before fills up the last one.
            let values = first * width..(first + batch).min(samples) * width;
            self.decode(features, values, &mut words);
            self.exec.write(self.forward.input, &words)?;
            self.exec.run(&self.forward.program, &[Hyper::default()])?;
            let next = self.exec.fetch(self.forward.output)?;
            if let Some(fetch) = in_flight.replace(next) {
                self.collect(fetch, &mut answers)?;
            }
        }
        if let Some(fetch) = in_flight {
            self.collect(fetch, &mut answers)?;
        }
        answers.truncate(samples * self.forward.outputs);
        Ok(Logits::new(answers, self.forward.outputs))
    }

    fn collect(&mut self, fetch: Fetch, answers: &mut Vec<f32>) -> Result<()> {
        let mut words = Vec::new();
        self.exec.collect(fetch, &mut words)?;
        answers.extend_from_slice(&words);
        Ok(())
    }

    /// The numbers that these values mean, at the start of `to`.
    #[allow(
        clippy::indexing_slicing,
        reason = "`values` are those of whole samples, for which `to` has room; a byte has 256 values"
    )]
    fn decode(&self, features: &Features, values: std::ops::Range<usize>, to: &mut [f32]) {
        match features {
            Features::Floats(data) => to[..values.len()].copy_from_slice(&data[values]),
            Features::Bytes { data, table } => {
                let plane: usize = self.forward.shape[1..]
                    .iter()
                    .map(|&d| d as usize)
                    .product();
                let tables = table.chunks_exact(256).cycle();
                let planes = data[values]
                    .chunks_exact(plane)
                    .zip(to.chunks_exact_mut(plane));
                for ((from, to), table) in planes.zip(tables) {
                    for (to, &byte) in to.iter_mut().zip(from) {
                        *to = table[usize::from(byte)];
                    }
                }
            }
        }
    }
}
