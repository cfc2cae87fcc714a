//! All that a run is between two updates: read from the device, and given back to another one.

use serde::{Deserialize, Serialize};

use super::{Trainer, Weights};
use crate::{
    error::{Error, Result},
    optim::Optimizer,
    plan::Slice,
    schedule,
};

/// The scalars of a run, beside its configuration, its weights and its optimiser's slots.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct State {
    /// Updates applied: the next one's number.
    pub step: u64,
    /// Updates applied before the last evaluation of an epoch or of the run.
    pub evaluated: Option<u64>,
    /// The memory of every controller on the host, in the order of the expression.
    pub controllers: Vec<schedule::Saved>,
    /// The words of the controllers on the device, as bits: NaN has no number in JSON.
    pub control: Vec<u32>,
    /// Loss and gradient norm summed over the epoch so far, and the count.
    pub epoch_sums: [f64; 3],
    /// Updates that were left out, in all and since the last that was applied.
    #[serde(default)]
    pub left_out: [u64; 2],
    /// Of these, the ones before the first that was applied.
    #[serde(default)]
    pub left_out_first: u64,
    /// The optimiser's slots.
    #[serde(default = "of_sgd")]
    pub slots: Vec<String>,
    /// Parameters that have none, as they are frozen.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub frozen: Vec<String>,
}

impl State {
    /// Refuses what another kind of optimiser has left.
    ///
    /// # Errors
    /// If it keeps other slots.
    pub fn belongs_to(&self, optimizer: &Optimizer) -> Result<()> {
        let own = optimizer.saved_slots();
        if self.slots == own {
            return Ok(());
        }
        Err(Error::Usage(format!(
            "the saved state belongs to another optimiser: it keeps {}, and {optimizer} keeps {}; resume with the \
             --optimizer that the run was started with, or start a new run from its weights with --init",
            self.slots.join(", "),
            own.join(", ")
        )))
    }
}

/// Slots of the checkpoints that do not name them.
fn of_sgd() -> Vec<String> {
    vec!["momentum_buffer".into()]
}

/// What an optimiser keeps for every parameter: `momentum_buffer`, `exp_avg`, …
#[derive(Clone, Debug, PartialEq)]
pub struct Slot {
    /// torch's name for it.
    pub name: String,
    /// A value for every parameter, in `state_dict` order; nothing for those that are frozen.
    pub values: Vec<Vec<f32>>,
}

/// A run between two updates.
#[derive(Clone, Debug, PartialEq)]
pub struct Snapshot {
    /// The scalars.
    pub state: State,
    /// The parameters and what layers remember besides, in `state_dict` order.
    pub weights: Vec<Vec<f32>>,
    /// The optimiser's slots, each in the same order.
    pub slots: Vec<Slot>,
    /// The averages that the run keeps, each in the same order.
    pub averages: Vec<(Weights, Vec<Vec<f32>>)>,
}

/// A parameter's words out of an arena's; none of one that is frozen, which lies behind the end of a slot.
fn cut(words: &[f32], at: &Slice) -> Vec<f32> {
    let own = words.get(at.offset as usize..).unwrap_or_default();
    own.get(..at.len as usize).unwrap_or_default().to_vec()
}

impl Trainer<'_> {
    /// The run as it is; every row must have been reported ([`Trainer::run`] has returned, or asks
    /// for a snapshot itself).
    ///
    /// # Errors
    /// What the device reports.
    pub fn snapshot(&mut self) -> Result<Snapshot> {
        assert!(self.in_flight.is_none(), "snapshot: updates are in flight");
        let control = self.exec.read(self.session.control)?;
        Ok(Snapshot {
            state: State {
                step: self.step,
                evaluated: self.evaluated,
                controllers: self.rate.saved(),
                control: control.iter().map(|word| word.to_bits()).collect(),
                epoch_sums: self.epoch_sums,
                left_out: [self.left_out, self.left_out_in_a_row],
                left_out_first: self.left_out_first,
                slots: self.config.optimizer.saved_slots(),
                frozen: self.session.frozen.clone(),
            },
            weights: self.weights()?,
            slots: self.read_slots()?,
            averages: self.read_averages()?,
        })
    }

    /// Goes on from a snapshot of a run with the same model, data and configuration, as if it had never
    /// stopped.
    ///
    /// # Errors
    /// If it belongs to other controllers, or what the device reports.
    pub fn restore(&mut self, snapshot: &Snapshot) -> Result<()> {
        let state = &snapshot.state;
        state.belongs_to(&self.config.optimizer)?;
        if state.frozen != self.session.frozen {
            return Err(Error::Usage(
                "the saved state was made with other parameters frozen; resume with the --group that the run was \
                 started with"
                    .into(),
            ));
        }
        self.rate
            .restore(state.controllers.clone())
            .map_err(|e| Error::Usage(e.to_string()))?;
        let mut control: Vec<f32> = state
            .control
            .iter()
            .map(|&bits| f32::from_bits(bits))
            .collect();
        if control.len() != self.session.control.len as usize {
            return Err(Error::Usage(
                "the saved state belongs to other controllers of the gradient's norm; resume with \
                 the schedule that the run was started with"
                    .into(),
            ));
        }
        // An update that was left out before says nothing about those to come.
        if let Some(last) = control.last_mut() {
            *last = 1.0;
        }
        self.exec.write(self.session.control, &control)?;
        for arena in [self.session.params_arena, self.session.evaluated_arena()] {
            self.write_params(arena, &snapshot.weights)?;
        }
        self.write_slots(&snapshot.slots)?;
        for which in [Weights::Ema, Weights::Swa] {
            let saved = snapshot.averages.iter().find(|(w, _)| *w == which);
            match (self.session.average(which), saved) {
                (Some(arena), Some((_, values))) => self.write_params(arena, values)?,
                (None, None) => {}
                _ => {
                    return Err(Error::Usage(
                        "the saved state keeps other averages of the weights; resume with the --ema and \
                         --swa that the run was started with"
                            .into(),
                    ));
                }
            }
        }
        self.step = state.step;
        self.evaluated = state.evaluated;
        self.epoch_sums = state.epoch_sums;
        [self.left_out, self.left_out_in_a_row] = state.left_out;
        self.left_out_first = state.left_out_first;
        self.in_flight = None;
        Ok(())
    }

    /// The entries of the `state_dict` as they are evaluated, in its order.
    ///
    /// # Errors
    /// What the device reports.
    pub fn weights(&mut self) -> Result<Vec<Vec<f32>>> {
        let mut weights = self.read_params(self.session.evaluated_arena())?;
        if self.session.evaluated_slot.is_some() {
            // What is frozen is in no slot.
            let trained = self.read_params(self.session.params_arena)?;
            let missing = weights
                .iter_mut()
                .zip(trained)
                .filter(|(w, _)| w.is_empty());
            missing.for_each(|(w, trained)| *w = trained);
        }
        Ok(weights)
    }

    /// The last update's gradients, of what is trained, in `state_dict` order.
    ///
    /// # Errors
    /// What the device reports.
    pub fn gradients(&mut self) -> Result<Vec<Vec<f32>>> {
        self.read_trained(self.session.grads_arena)
    }

    /// The `state_dict` with the parameters of an arena like theirs.
    pub(super) fn read_params(&mut self, arena: Slice) -> Result<Vec<Vec<f32>>> {
        let words = self.exec.read(arena)?;
        let remembered = self.session.statistics().map(|at| self.exec.read(at));
        let remembered = remembered.transpose()?.unwrap_or_default();
        let own = |at: &Slice| match self.session.is_trained(at) {
            true => cut(&words, at),
            false => cut(&remembered, at),
        };
        Ok(self.session.params.iter().map(own).collect())
    }

    /// Where what is saved as a slot lies: in place of the weights that are evaluated, which are saved as the weights,
    /// those that are trained.
    fn saved_slot(&self, index: usize) -> Slice {
        let session = self.session;
        match session.evaluated_slot {
            Some(slot) if slot == index => Slice {
                len: session.slot(slot).len,
                ..session.params_arena
            },
            _ => session.slot(index),
        }
    }

    fn read_slots(&mut self) -> Result<Vec<Slot>> {
        let named = self.config.optimizer.saved_slots().into_iter().enumerate();
        let read = |(i, name): (usize, String)| {
            let values = self.read_trained(self.saved_slot(i))?;
            Ok(Slot { name, values })
        };
        named.map(read).collect()
    }

    fn write_slots(&mut self, slots: &[Slot]) -> Result<()> {
        let places: Vec<Slice> = (0..slots.len()).map(|i| self.saved_slot(i)).collect();
        let mut places = places.into_iter();
        slots.iter().try_for_each(|slot| match places.next() {
            Some(place) => self.write_trained(place, &slot.values),
            None => Ok(()),
        })
    }

    /// Numbers of what is trained, out of an arena like the parameters'.
    pub(super) fn read_trained(&mut self, arena: Slice) -> Result<Vec<Vec<f32>>> {
        let words = self.exec.read(arena)?;
        let all = self.session.params.iter();
        let trained = all.filter(|at| self.session.is_trained(at));
        Ok(trained.map(|at| cut(&words, at)).collect())
    }

    fn read_averages(&mut self) -> Result<Vec<(Weights, Vec<Vec<f32>>)>> {
        let mut averages = Vec::new();
        for which in [Weights::Ema, Weights::Swa] {
            if let Some(arena) = self.session.average(which) {
                averages.push((which, self.read_params(arena)?));
            }
        }
        Ok(averages)
    }

    /// Writes a `state_dict`, its parameters into an arena like theirs.
    fn write_params(&mut self, arena: Slice, values: &[Vec<f32>]) -> Result<()> {
        let session = self.session;
        for (at, values) in session.params.iter().zip(values) {
            match session.is_trained(at) {
                true => self.write_one(arena, at, values)?,
                false => self.exec.write(*at, values)?,
            }
        }
        Ok(())
    }

    /// Writes one value for every parameter into an arena as large as theirs.
    fn write_trained(&mut self, arena: Slice, values: &[Vec<f32>]) -> Result<()> {
        let session = self.session;
        let trained = session.params.iter().filter(|at| session.is_trained(at));
        for (at, values) in trained.zip(values) {
            self.write_one(arena, at, values)?;
        }
        Ok(())
    }

    fn write_one(&mut self, arena: Slice, at: &Slice, values: &[f32]) -> Result<()> {
        if at.offset >= arena.len {
            return Ok(());
        }
        assert_eq!(at.len as usize, values.len(), "a value for every parameter");
        let at = Slice {
            buffer: arena.buffer,
            offset: arena.offset + at.offset,
            ..*at
        };
        self.exec.write(at, values)
    }
}
