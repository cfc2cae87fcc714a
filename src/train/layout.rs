//! How the programs of a run are recorded.

use super::{
    Config, Loss, Weights,
    inputs::Inputs,
    session::{Test, eval_names},
};
use crate::{
    control::Rule,
    data::{Dataset, Task},
    error::{Error, Result},
    model::{Mode, Network},
    ops::{gradient_control, update::Segment},
    optim::{Arrangement, Places},
    plan::Slice,
    record::{self, Recorder, Tensor},
};

/// What all programs of a run share while they are recorded.
pub(super) struct Layout<'a> {
    pub(super) network: &'a Network,
    pub(super) data: &'a Dataset,
    pub(super) config: &'a Config,
    pub(super) order: Tensor,
    pub(super) inputs: Inputs,
    pub(super) params: Vec<Tensor>,
    pub(super) state: Slice,
    pub(super) segments: Vec<Segment>,
    pub(super) frozen: Vec<String>,
    pub(super) control: Slice,
    pub(super) controllers: Vec<gradient_control::Dims>,
    pub(super) sums: Option<Slice>,
    pub(super) averages: Vec<(Weights, Slice)>,
    /// The optimiser's slot with the weights that are evaluated, if that are not the trained ones.
    pub(super) evaluated: Option<Slice>,
}

impl<'a> Layout<'a> {
    pub(super) fn declare(
        r: &mut Recorder,
        network: &'a Network,
        data: &'a Dataset,
        config: &'a Config,
    ) -> Result<Layout<'a>> {
        let slots = r.log_slots();
        let own = config.optimizer.rule();
        let rules: Vec<&Rule> = config.gradient_rules.iter().chain(&own).collect();
        let count = rules.len() as u32;
        let controllers = rules
            .into_iter()
            .zip(0..)
            .filter_map(|(rule, i)| gradient_control::Dims::of(rule, i, count, slots));
        let controllers: Vec<gradient_control::Dims> = controllers.collect();
        let order = r.input("order", &[data.train.len as u32]);
        let augment = config.augment.as_ref();
        let inputs = Inputs::declare(r, "train", data, &data.train, augment, &config.loss)?;
        let groups = (config.groups.as_slice(), config.layer_decay);
        let arrangement = Arrangement::of(
            &network.places(),
            groups.0,
            (groups.1, config.optimizer.per_parameter()),
        );
        let arrangement = arrangement.map_err(Error::Usage)?;
        let params = network.declare_in(r, &arrangement);
        let frozen = network.trained().enumerate();
        let frozen = frozen.filter(|(i, _)| arrangement.is_frozen(*i));
        let frozen = frozen.map(|(_, p)| p.name.clone()).collect();
        let [own, _] = r.arenas();
        let places = params.iter().map(|p| p.at);
        let places: Vec<Slice> = places.filter(|at| at.buffer == own.buffer).collect();
        let segments = arrangement.segments(&places);
        let moved = segments.last().map_or(0, |s| s.end);
        let optimizer = &config.optimizer;
        let state = r.state(optimizer, moved);
        let place = |name: &str| optimizer.slots().iter().position(|s| *s == name);
        let slot = |index: usize| Slice {
            offset: state.offset + index as u32 * moved,
            len: moved,
            ..state
        };
        let control = r.control(controllers.len() as u32, optimizer, &segments);
        Ok(Layout {
            network,
            data,
            config,
            order,
            inputs,
            params,
            state,
            segments,
            frozen,
            control,
            controllers,
            sums: (config.accumulate > 1).then(|| r.sums()),
            averages: config
                .averages()
                .map(|w| (w, r.slot(w.suffix().trim())))
                .collect(),
            evaluated: optimizer.evaluated().and_then(place).map(slot),
        })
    }

    /// Gathers a batch of `rows` and records the way to its loss.
    fn forward(
        &self,
        r: &mut Recorder,
        order: Tensor,
        from: &Inputs,
        params: &[Tensor],
        rows: u64,
        mode: Mode,
    ) -> record::Loss {
        let x = from.batch(r, order, &self.data.shape, rows as u32);
        let output = self.network.record(r, params, x, mode);
        let (targets, smoothing) = (from.targets, self.config.label_smoothing);
        let classes = matches!(self.data.task, Task::Classification { .. });
        match &self.config.loss {
            Loss::Usual if !classes => r.mse(output, targets),
            Loss::Pointwise(loss) => r.pointwise(output, targets, *loss, classes),
            Loss::CrossEntropy { weight } if !weight.is_empty() => {
                let samples = targets.at.len - weight.len() as u32;
                r.weighted_cross_entropy(output, targets, samples, smoothing)
            }
            Loss::Usual | Loss::CrossEntropy { .. } => r.cross_entropy(output, targets, smoothing),
        }
    }

    /// A training step, or one without its update; nothing if `rows` is 0.
    pub(super) fn step(&self, r: &mut Recorder, name: &str, rows: u64, update: bool) {
        if rows == 0 {
            return;
        }
        r.begin(name, rows as u32);
        let mode = Mode::Train {
            control: self.control,
        };
        let loss = self.forward(r, self.order, &self.inputs, &self.params, rows, mode);
        r.backward(loss);
        if let Some(sums) = self.sums {
            r.accumulate(sums);
        }
        if update {
            self.update(r);
        }
        r.end();
    }

    /// What follows the gradients of an update.
    fn update(&self, r: &mut Recorder) {
        let controllers = self.controllers.len() as u32;
        let places = Places::new(self.control, self.state, &self.segments, controllers);
        let optimizer = &self.config.optimizer;
        r.controlled(&self.controllers, self.control, |r| {
            optimizer.record(r, &places);
        });
        for (weights, at) in &self.averages {
            r.average(weights.which().expect("an average"), self.control, *at);
        }
    }

    /// Evaluation steps of some weights on a full batch and on the last one.
    pub(super) fn evaluation(&self, r: &mut Recorder, weights: Weights, test: &Test) {
        let average = self.averages.iter().find(|a| a.0 == weights);
        let arena = average.map(|a| a.1).or(self.evaluated);
        let [own, _] = r.arenas();
        // What layers remember besides is not averaged: it is the run's own, as in torch's AveragedModel. What is frozen is
        // in no slot.
        let of = |p: &Tensor| match arena {
            Some(arena) if p.at.buffer == own.buffer && p.at.offset < arena.len => {
                p.in_arena(arena)
            }
            _ => *p,
        };
        let params: Vec<Tensor> = self.params.iter().map(of).collect();
        for (name, rows) in eval_names(weights)
            .iter()
            .zip([test.epochs.batch, test.epochs.tail])
        {
            if rows > 0 {
                r.begin(name, rows as u32);
                self.forward(r, test.order, &test.inputs, &params, rows, Mode::Eval);
                r.end();
            }
        }
    }
}
