//! What follows the gradients: their statistics, the update, the controllers.

use super::{Recorder, tensor::Kind};
use crate::{
    ops::{self, Flat, grad_stats, grad_stats_control, grad_stats_log, gradient_control},
    plan::{Role, Slice},
};

impl Recorder {
    /// The gradient arena's squared norm and the count of its elements that are not finite,
    /// logged, with the factor that `control` puts on this update's rate.
    pub fn grad_stats(&mut self, control: Slice) {
        let ([_, grads], slots) = (self.arenas(), self.log_slots());
        if grads.len <= grad_stats_log::MOST {
            let dims = grad_stats_log::Dims {
                n: grads.len,
                slots,
            };
            let args = [self.hyper, grads, control, self.log];
            return self.push::<ops::GradStatsLog>(dims, &args);
        }
        let dims = grad_stats::Dims::new(grads.len);
        let part = self.value("part", &[dims.parts, 2], Kind::Input);
        self.push::<ops::GradStats>(dims, &[grads, part.at]);
        let dims = ops::log_grad::Dims {
            parts: dims.parts,
            slots,
        };
        self.push::<ops::LogGrad>(dims, &[self.hyper, part.at, control, self.log]);
    }

    /// One fused update of every parameter, with a momentum buffer as large as the arena.
    pub fn sgd(&mut self, control: Slice, momentum_buffer: Slice) {
        let [params, grads] = self.arenas();
        let args = [self.hyper, grads, control, momentum_buffer, params];
        self.push::<ops::Sgd>(Flat { n: params.len }, &args);
    }

    /// The factor on the rate and the memories of `controllers` controllers.
    pub fn control(&mut self, controllers: u32) -> Slice {
        let len = 1 + controllers * gradient_control::STATE;
        self.plan.buffer("control", len, Role::State)
    }

    /// Statistics and update, with the controllers on either side of it, or in one dispatch with
    /// the statistics where that can be.
    pub fn controlled(
        &mut self,
        controllers: &[gradient_control::Dims],
        control: Slice,
        update: impl FnOnce(&mut Recorder),
    ) {
        let ([_, grads], slots) = (self.arenas(), self.log_slots());
        if let Some(dims) = grad_stats_control::Dims::of(grads.len, slots, controllers) {
            let args = [self.hyper, grads, self.log, control];
            self.push::<ops::GradStatsControl>(dims, &args);
            return update(self);
        }
        self.grad_stats(control);
        let (before, after): (Vec<_>, Vec<_>) = controllers.iter().partition(|c| c.before_update());
        before
            .into_iter()
            .for_each(|&c| self.gradient_control(c, control));
        update(self);
        after
            .into_iter()
            .for_each(|&c| self.gradient_control(c, control));
    }

    /// One controller takes in this update's gradient norm.
    pub fn gradient_control(&mut self, dims: gradient_control::Dims, control: Slice) {
        self.push::<ops::GradientControl>(dims, &[self.hyper, self.log, control]);
    }
}
