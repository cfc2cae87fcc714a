//! All that a run is between two updates: read from the device, and given back to another one.

use serde::{Deserialize, Serialize};

use super::{Trainer, Weights};
use crate::{
    error::{Error, Result},
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
}

/// A run between two updates.
#[derive(Clone, Debug, PartialEq)]
pub struct Snapshot {
    /// The scalars.
    pub state: State,
    /// The parameters and what layers remember besides, in `state_dict` order.
    pub weights: Vec<Vec<f32>>,
    /// The optimiser's momentum buffers, of what is trained, in the same order.
    pub momentum: Vec<Vec<f32>>,
    /// The averages that the run keeps, each in the same order.
    pub averages: Vec<(Weights, Vec<Vec<f32>>)>,
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
            },
            weights: self.weights()?,
            momentum: self.read_trained(self.session.momentum_buffer)?,
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
        self.write_params(self.session.params_arena, &snapshot.weights)?;
        self.write_trained(self.session.momentum_buffer, &snapshot.momentum)?;
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
        self.in_flight = None;
        Ok(())
    }

    /// The entries of the `state_dict` as they are, in its order.
    ///
    /// # Errors
    /// What the device reports.
    pub fn weights(&mut self) -> Result<Vec<Vec<f32>>> {
        self.read_params(self.session.params_arena)
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
        let statistics = self.session.statistics().map(|at| self.exec.read(at));
        let statistics = statistics.transpose()?.unwrap_or_default();
        let cut = |at: &Slice| {
            let words = match self.session.is_trained(at) {
                true => &words,
                false => &statistics,
            };
            words[at.offset as usize..][..at.len as usize].to_vec()
        };
        Ok(self.session.params.iter().map(cut).collect())
    }

    /// Numbers of what is trained, out of an arena like the parameters'.
    pub(super) fn read_trained(&mut self, arena: Slice) -> Result<Vec<Vec<f32>>> {
        let words = self.exec.read(arena)?;
        let cut = |at: &Slice| words[at.offset as usize..][..at.len as usize].to_vec();
        let all = self.session.params.iter();
        let trained = all.filter(|at| self.session.is_trained(at));
        Ok(trained.map(cut).collect())
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
        assert_eq!(at.len as usize, values.len(), "a value for every parameter");
        let at = Slice {
            buffer: arena.buffer,
            offset: arena.offset + at.offset,
            ..*at
        };
        self.exec.write(at, values)
    }
}
