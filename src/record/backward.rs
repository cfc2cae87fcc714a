//! The way back: contributions to gradients, masks of ReLUs, sums.

use super::{Recorder, Tensor, tensor::Kind};
use crate::{
    ops::{self, Flat},
    plan::{ALIGN, Slice},
};

/// A gradient, and whether the mask of the ReLU whose output it belongs to is already applied.
#[derive(Clone, Copy)]
pub(super) struct Gradient {
    pub(super) at: Tensor,
    pub(super) masked: bool,
}

/// A recorded loss: where its gradient lies, and for what.
#[derive(Clone, Copy)]
pub struct Loss {
    pub(super) output: Tensor,
    pub(super) gradient: Tensor,
}

impl Recorder {
    /// Runs the tape backwards from a loss: every parameter's gradient ends in its arena slot.
    ///
    /// # Panics
    /// If it cannot: a use of the parameter does not reach the loss, or its only use is in an op
    /// that hands its gradient on as it is (`add`, `relu`, a loss).
    pub fn backward(&mut self, loss: Loss) {
        self.pass_grad(loss.output, loss.gradient);
        while let Some((y, backward)) = self.tape.pop() {
            if let Some(gradient) = self.gradients.get(&y.key()).copied() {
                let dy = self.through_relu(y, gradient);
                backward(self, dy);
            }
        }
        for (param, slot) in &self.grad_slots {
            let arrived = self.gradients.get(param).is_none_or(|g| g.at.at == *slot);
            assert!(
                arrived,
                "backward: the gradient of the parameter at word {} of the arena stays outside of \
                 it: one of its uses does not reach the loss, or it is an operand of `add`, \
                 `relu` or the loss itself",
                param.1
            );
        }
    }

    /// Counts how many gradients each tensor will receive.
    pub(super) fn uses(&mut self, tensors: &[Option<Tensor>]) {
        for t in tensors.iter().flatten() {
            *self.pending_uses.entry(t.key()).or_default() += 1;
        }
    }

    pub(super) fn backward_of(
        &mut self,
        y: Tensor,
        f: impl FnOnce(&mut Recorder, Tensor) + 'static,
    ) -> Tensor {
        self.tape.push((y, Box::new(f)));
        y
    }

    /// Lets `write` produce a contribution to the gradient of `x`: straight in its arena slot if
    /// it is a parameter's only one. `write` gets the ReLU's output to mask by, and must.
    pub(super) fn grad_into(
        &mut self,
        x: Tensor,
        write: impl FnOnce(&mut Recorder, Tensor, Option<Tensor>),
    ) {
        // The last of several uses has contributions before it, to which it must be added.
        let only =
            self.pending_uses.get(&x.key()) == Some(&1) && !self.gradients.contains_key(&x.key());
        let mask = x.rectified.then_some(x);
        match x.kind {
            Kind::Input => {}
            Kind::Param if only => {
                let at = self.grad_slots[&x.key()];
                write(self, Tensor { at, ..x }, mask);
            }
            Kind::Param | Kind::Value => {
                let dx = self.value("d", x.shape(), Kind::Value);
                write(self, dx, mask);
                self.contribute(x, dx, true);
            }
        }
    }

    /// The same for a kernel that masks nothing.
    pub(super) fn grad_plain(&mut self, x: Tensor, write: impl FnOnce(&mut Recorder, Tensor)) {
        if !x.rectified {
            return self.grad_into(x, |r, dx, _| write(r, dx));
        }
        let dx = self.value("d", x.shape(), Kind::Value);
        write(self, dx);
        self.contribute(x, dx, false);
    }

    /// Where the gradients of a weight and its bias go if one dispatch can write both: the run of
    /// words that holds both arena slots, and where in it the bias's begins. Only where the bias
    /// lies right behind the weight and neither is used elsewhere.
    pub(super) fn slots_together(&self, weight: Tensor, bias: Tensor) -> Option<(Slice, u32)> {
        let only = |x: &Tensor| {
            x.kind == Kind::Param
                && self.pending_uses.get(&x.key()) == Some(&1)
                && !self.gradients.contains_key(&x.key())
        };
        let (w, b) = (weight.at, bias.at);
        let behind = w.buffer == b.buffer && b.offset == (w.offset + w.len).next_multiple_of(ALIGN);
        if !(only(&weight) && only(&bias) && behind) {
            return None;
        }
        let first = self.grad_slots[&weight.key()];
        let at = Slice {
            len: b.offset + b.len - w.offset,
            ..first
        };
        Some((at, b.offset - w.offset))
    }

    /// Gives `x` a gradient that is already in memory, not masked.
    pub(super) fn pass_grad(&mut self, x: Tensor, dx: Tensor) {
        if x.kind != Kind::Input {
            self.contribute(x, dx, !x.rectified);
        }
    }

    /// Adds up contributions, each sum in fresh memory: what is written stays written. The last
    /// contribution to a parameter goes into its arena slot.
    fn contribute(&mut self, x: Tensor, dx: Tensor, masked: bool) {
        let left = self
            .pending_uses
            .get_mut(&x.key())
            .expect("its use was counted");
        *left -= 1;
        let last = *left == 0;
        let sum = match self.gradients.get(&x.key()).copied() {
            None => Gradient { at: dx, masked },
            Some(before) => {
                let at = match x.kind {
                    Kind::Param if last => Tensor {
                        at: self.grad_slots[&x.key()],
                        ..x
                    },
                    _ => self.value("d", x.shape(), Kind::Value),
                };
                let args = [before.at.at, dx.at, at.at];
                self.push::<ops::Add>(Flat { n: x.at.len }, &args);
                // Masks commute with sums: one unmasked term leaves the whole to be masked.
                Gradient {
                    at,
                    masked: masked && before.masked,
                }
            }
        };
        self.gradients.insert(x.key(), sum);
    }

    /// The gradient before the ReLU whose output is `y`.
    fn through_relu(&mut self, y: Tensor, gradient: Gradient) -> Tensor {
        if !y.rectified || gradient.masked {
            return gradient.at;
        }
        let dx = self.value("d", y.shape(), Kind::Value);
        let args = [y.at, gradient.at.at, dx.at];
        self.push::<ops::ReluGrad>(Flat { n: y.at.len }, &args);
        dx
    }
}
