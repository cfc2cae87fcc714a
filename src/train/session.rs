//! The plan of a run: every program that training and evaluating need, and where things lie.

use std::sync::Arc;

use super::{CHUNK, Config, Epochs, Loss, Weights, inputs::Inputs, layout::Layout, nonfinite};
use crate::{
    data::{Dataset, Targets, Task},
    error::{Error, Result},
    exec::Executor,
    model::Network,
    ops::{self, gradient_control},
    optim::{Optimizer, memory_after},
    plan::{Plan, Program, Slice},
    record::{Recorder, Tensor},
};

/// Samples that an evaluation step takes at least, where there are as many.
const EVAL_BATCH: u64 = 100;

/// A recorded run: plain data.
pub struct Session {
    /// The plan, for an executor.
    pub plan: Arc<Plan>,
    /// Where the entries of the `state_dict` lie, in its order: those that are trained in their arena, the
    /// others in buffers of their own.
    pub params: Vec<Slice>,
    /// All parameters at once.
    pub params_arena: Slice,
    /// The gradients of the last update, at equal offsets.
    pub grads_arena: Slice,
    /// The optimiser's slots side by side, each as long as what is updated of the arena.
    pub state: Slice,
    optimizer: Optimizer,
    /// Words of the parameters' arena that are updated: what is frozen lies behind them.
    moved: u32,
    /// Of the optimiser's slots, the one whose weights are evaluated and saved instead of those that are trained.
    pub(super) evaluated_slot: Option<usize>,
    /// Those that hold the weights before the first update, and what the others hold.
    weight_slots: Vec<usize>,
    first_state: f32,
    /// Parameters that are not trained.
    pub(super) frozen: Vec<String>,
    /// The permutation of the epoch under way.
    pub order: Slice,
    /// Epochs of the training split.
    pub epochs: Epochs,
    /// A batch that ends no update, where several share one.
    pub(super) micro: Option<Program>,
    /// What ends an update with a full batch, and with the epoch's last, smaller one.
    pub(super) train: Option<Program>,
    pub(super) train_tail: Option<Program>,
    /// Evaluation, if there is a validation or a test split.
    pub(super) test: Option<Test>,
    /// Whether right predictions can be counted.
    pub(super) classifies: bool,
    /// Every parameter's name, with its layer.
    pub(super) labels: Vec<String>,
    inputs: Inputs,
    log: Slice,
    pub(super) control: Slice,
    controllers: Vec<gradient_control::Dims>,
    averages: Vec<(Weights, Slice)>,
    /// Of rectangles that are erased from pictures.
    sizes: Vec<u32>,
    class_weights: Vec<f32>,
    /// Whether a training step drops anything.
    pub(super) drops: bool,
}

pub(super) struct Test {
    pub(super) epochs: Epochs,
    /// For a full batch and for the last one, by the weights that are evaluated.
    programs: Vec<(Weights, [Option<Program>; 2])>,
    pub(super) inputs: Inputs,
    pub(super) order: Tensor,
}

impl Test {
    fn declare(r: &mut Recorder, data: &Dataset, batch: u64, loss: &Loss) -> Result<Option<Test>> {
        let Some(split) = data.evaluated() else {
            return Ok(None);
        };
        let samples = split.len as u64;
        Ok(Some(Test {
            epochs: Epochs::new(samples, batch.max(EVAL_BATCH).min(samples), false)?,
            programs: Vec::new(),
            inputs: Inputs::declare(r, "test", data, split, None, loss)?,
            order: r.input("test.order", &[split.len as u32]),
        }))
    }

    /// What evaluates some weights on a batch.
    pub(super) fn program(&self, weights: Weights, batch: u64) -> &Program {
        let programs = self.programs.iter().find(|p| p.0 == weights);
        let tail = usize::from(batch >= self.epochs.full);
        let program = programs.and_then(|(_, programs)| programs[tail].as_ref());
        program.expect("the session has a program for all weights and every batch")
    }
}

impl Session {
    /// Records everything.
    ///
    /// # Errors
    /// If the batch does not fit the data, the data no table of the network, or something is too large to be addressed.
    pub fn record(network: &Network, data: &Dataset, config: &Config) -> Result<Session> {
        config.loss.check(data)?;
        if let Some(rows) = network.table() {
            data.check_indices(rows)?;
        }
        let samples = data.train.len as u64;
        let epochs = config.epochs(samples)?;
        network.check_batch(epochs.batch.min(samples))?;
        if epochs.tail > 0 {
            network.check_batch(epochs.tail)?;
        }
        network.check_sizes(epochs.batch.min(samples).max(EVAL_BATCH) as u32)?;
        let mut r = Recorder::new(2 * CHUNK as u32);
        // Everything that keeps its place is declared before the first value, which does not.
        let layout = Layout::declare(&mut r, network, data, config)?;
        let mut test = Test::declare(&mut r, data, epochs.batch, &config.loss)?;
        let rows = |needed: bool| if needed { epochs.batch } else { 0 };
        let (more, last) = (
            config.accumulate > 1 && epochs.batches() > 1,
            epochs.ends_full(),
        );
        layout.step(&mut r, "micro", rows(more), false);
        layout.step(&mut r, "train", rows(last), true);
        layout.step(&mut r, "train tail", epochs.tail, true);
        if let Some(test) = &test {
            for weights in config.evaluated() {
                layout.evaluation(&mut r, weights, test);
            }
        }
        let ([params_arena, grads_arena], log) = (r.arenas(), r.log());
        let plan = Arc::new(r.finish());
        plan.check().map_err(|e| {
            let batch = epochs.batch.min(samples);
            Error::Model(format!("{e} (this is at --batch-size {batch})"))
        })?;
        let program = |name: &str| plan.program(name).cloned();
        let place = |name: &str| config.optimizer.slots().iter().position(|s| *s == name);
        if let Some(test) = &mut test {
            let programs = |w| (w, eval_names(w).map(|name| program(&name)));
            test.programs = config.evaluated().map(programs).collect();
        }
        let sizes = match (&config.augment, layout.inputs.augment) {
            (Some(augment), Some(dims)) => augment.sizes([dims.h, dims.w]),
            _ => Vec::new(),
        };
        Ok(Session {
            params: layout.params.iter().map(|p| p.at).collect(),
            params_arena,
            grads_arena: layout.sums.map_or(grads_arena, |sums| Slice {
                len: grads_arena.len,
                ..sums
            }),
            state: layout.state,
            optimizer: config.optimizer.clone(),
            moved: layout.segments.last().map_or(0, |s| s.end),
            evaluated_slot: config.optimizer.evaluated().and_then(place),
            weight_slots: config
                .optimizer
                .hold_weights()
                .iter()
                .copied()
                .filter_map(place)
                .collect(),
            first_state: config.optimizer.first(),
            frozen: layout.frozen,
            order: layout.order.at,
            epochs,
            micro: program("micro"),
            train: program("train"),
            train_tail: program("train tail"),
            test,
            classifies: matches!(data.task, Task::Classification { .. }),
            labels: nonfinite::labels(network),
            inputs: layout.inputs,
            log,
            control: layout.control,
            controllers: layout.controllers,
            averages: layout.averages,
            sizes,
            class_weights: config.loss.class_weights().to_vec(),
            drops: plan.dispatches.iter().any(|d| d.op.name == "dropout"),
            plan,
        })
    }

    /// Floating-point operations of a program.
    pub fn flops(&self, program: &Program) -> u64 {
        self.plan.dispatches[program.range.clone()]
            .iter()
            .map(|d| d.flops())
            .sum()
    }

    /// What ends the update at a place in its epoch.
    pub(super) fn program_at(&self, at: u64) -> &Program {
        let program = match self.epochs.alike(at).0 {
            true => &self.train_tail,
            false => &self.train,
        };
        program
            .as_ref()
            .expect("the session has a program for every batch")
    }

    /// The two halves of a training step: up to its gradients, and the update.
    pub(super) fn halves(&self, program: &Program) -> [Program; 2] {
        let is_update = |at: &usize| {
            let writes = self.plan.dispatches[*at].writes();
            writes.iter().any(|s| s.buffer == self.state.buffer)
        };
        let update = program.range.clone().find(is_update);
        let update = update.expect("a training step has an update");
        let half = |range| Program {
            range,
            ..program.clone()
        };
        [
            half(program.range.start..update),
            half(update..program.range.end),
        ]
    }

    /// Where the optimiser keeps a slot, at offsets equal to the parameters'.
    pub(super) fn slot(&self, index: usize) -> Slice {
        let len = self.moved;
        Slice {
            offset: self.state.offset + index as u32 * len,
            len,
            ..self.state
        }
    }

    /// Where the weights lie that are evaluated and saved.
    pub(super) fn evaluated_arena(&self) -> Slice {
        self.evaluated_slot
            .map_or(self.params_arena, |slot| self.slot(slot))
    }

    /// Whether an entry of the `state_dict` is a parameter: only those have gradients, slots and averages.
    pub(super) fn is_trained(&self, at: &Slice) -> bool {
        at.buffer == self.params_arena.buffer
    }

    /// All that layers remember besides parameters, if any does.
    pub(super) fn statistics(&self) -> Option<Slice> {
        let other = self.params.iter().find(|at| !self.is_trained(at))?;
        Some(self.plan.whole(other.buffer))
    }

    /// Where an average of the weights lies, as large as their arena and at equal offsets.
    pub fn average(&self, weights: Weights) -> Option<Slice> {
        let found = self.averages.iter().find(|a| a.0 == weights);
        found.map(|a| a.1)
    }

    /// Sizes of the rectangles that are erased from pictures, `height << 16 | width`.
    pub fn rectangles(&self) -> &[u32] {
        &self.sizes
    }

    /// `count` slots of the log, from `first` on.
    pub(super) fn log_slots(&self, first: u64, count: u64) -> Slice {
        Slice {
            offset: self.log.offset + first as u32 * ops::LOG_WORDS,
            len: count as u32 * ops::LOG_WORDS,
            ..self.log
        }
    }

    /// Writes the order of an epoch's samples, and their targets in it.
    pub(super) fn load_order(
        &self,
        exec: &mut dyn Executor,
        targets: &Targets,
        order: &[u32],
    ) -> Result<()> {
        exec.write(self.order, ops::as_words(order))?;
        self.inputs.load_targets(exec, targets, order)
    }

    /// The words of the controllers on the device before the first update.
    pub fn first_control(&self) -> Vec<f32> {
        let mut control = vec![0.0; self.control.len as usize];
        for (i, c) in self.controllers.iter().enumerate() {
            control[(i + 1) * gradient_control::STATE as usize] = c.first_factor();
        }
        control[0] = self.controllers.iter().map(|c| c.first_factor()).product();
        control
    }

    /// The same, with the memory of an optimiser that sets its own rate as it is in the saved words of a run with other
    /// controllers: in front of the last one.
    pub fn control_after(&self, saved: &[u32]) -> Vec<f32> {
        let mut control = self.first_control();
        let words = self.optimizer.memory(0.0).map_or(0, |memory| memory.len()) + 1;
        let own = control.len() - words;
        let kept = saved.iter().skip(saved.len().saturating_sub(words));
        for (word, bits) in control.iter_mut().skip(own).zip(kept) {
            *word = f32::from_bits(*bits);
        }
        control
    }

    /// The same with the memory of an optimiser that sets its own rate, for such initial weights.
    fn begin_control(&self, weights: &[Vec<f32>]) -> Vec<f32> {
        // What is frozen, and what layers remember besides, has no part in how far the weights come.
        let all = self.params.iter().zip(weights);
        let moved = all.filter(|(at, _)| self.is_trained(at) && at.offset < self.moved);
        let squares = moved.flat_map(|(_, values)| values);
        let squares = squares.map(|&w| f64::from(w).powi(2));
        let memory = self.optimizer.memory(squares.sum::<f64>().sqrt());
        let mut control = self.first_control();
        let first = memory_after(self.controllers.len() as u32) as usize;
        for (word, begin) in control.iter_mut().skip(first).zip(memory.iter().flatten()) {
            *word = *begin as f32;
        }
        control
    }

    /// Writes data and weights; the training split's targets come with each epoch's order.
    pub(super) fn load(
        &self,
        exec: &mut dyn Executor,
        data: &Dataset,
        weights: &[Vec<f32>],
    ) -> Result<()> {
        self.inputs.load(exec, &data.train)?;
        self.inputs.load_weights(exec, &self.class_weights)?;
        if let (Some(table), false) = (self.inputs.table, self.sizes.is_empty()) {
            let len = self.sizes.len() as u32;
            let offset = table.at.len - len;
            let behind = Slice {
                offset,
                len,
                ..table.at
            };
            exec.write(behind, ops::as_words(&self.sizes))?;
        }
        if let (Some(test), Some(split)) = (&self.test, data.evaluated()) {
            test.inputs.load(exec, split)?;
            test.inputs.load_weights(exec, &self.class_weights)?;
            let order: Vec<u32> = (0..split.len as u32).collect();
            exec.write(test.order.at, ops::as_words(&order))?;
            test.inputs.load_targets(exec, &split.targets, &order)?;
        }
        exec.write(self.control, &self.begin_control(weights))?;
        if self.first_state != 0.0 {
            exec.write(self.state, &vec![self.first_state; self.state.len as usize])?;
        }
        let slots = self.weight_slots.iter().map(|&slot| self.slot(slot));
        let averages = self.averages.iter().map(|a| a.1);
        let alike: Vec<Slice> = averages.chain(slots).collect();
        for (at, values) in self.params.iter().zip(weights) {
            exec.write(*at, values)?;
            let covers = |arena: &&Slice| self.is_trained(at) && at.offset < arena.len;
            for arena in alike.iter().filter(covers) {
                let there = Slice {
                    buffer: arena.buffer,
                    offset: arena.offset + at.offset,
                    ..*at
                };
                exec.write(there, values)?;
            }
        }
        Ok(())
    }
}

/// The names of the programs that evaluate some weights.
pub(super) fn eval_names(weights: Weights) -> [String; 2] {
    ["eval", "eval tail"].map(|name| format!("{name}{}", weights.suffix()))
}
