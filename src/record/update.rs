//! What follows the gradients: their statistics, the update, the controllers.

use super::{Recorder, tensor::Kind};
use crate::{
    kernel::Kernel,
    ops::{
        self, grad_stats, grad_stats_control, grad_stats_log, gradient_control, rate_stats,
        update::Segment,
    },
    optim::{Estimation, Optimizer, Places},
    plan::{Role, Slice},
};

impl Recorder {
    /// The gradient arena's squared norm and the count of its elements that are not finite,
    /// logged, with the factor that `control` puts on this update's rate. Where the uniform asks
    /// for it, the scale that clips the norm goes into `control`.
    pub fn grad_stats(&mut self, control: Slice) {
        let (grads, slots) = (self.gradient(), self.log_slots());
        if grads.len <= grad_stats_log::MOST {
            let dims = grad_stats_log::Dims {
                n: grads.len,
                slots,
            };
            let args = [self.hyper, grads, self.log, control];
            return self.push::<ops::GradStatsLog>(dims, &args);
        }
        let dims = grad_stats::Dims::new(grads.len);
        let part = self.value("part", &[dims.parts, 2], Kind::Input);
        self.push::<ops::GradStats>(dims, &[grads, part.at]);
        let dims = ops::log_grad::Dims {
            parts: dims.parts,
            slots,
        };
        self.push::<ops::LogGrad>(dims, &[self.hyper, part.at, self.log, control]);
    }

    /// Where the sums of [`Recorder::accumulate`] are kept, and behind them what it remembers.
    pub fn sums(&mut self) -> Slice {
        let len = self.arenas()[1].len + ops::accumulate::EXTRA;
        self.plan.buffer("sum", len, Role::State)
    }

    /// Adds the batch's gradients to the sum of those that share its update. Statistics and update
    /// that follow in the same program take the sum.
    pub fn accumulate(&mut self, sum: Slice) {
        let ([_, grads], slots) = (self.arenas(), self.log_slots());
        let dims = ops::accumulate::Dims {
            n: grads.len,
            slots,
        };
        self.push::<ops::Accumulate>(dims, &[self.hyper, grads, sum, self.log]);
        self.summed = Some(Slice {
            len: grads.len,
            ..sum
        });
    }

    /// The gradients that an update takes.
    fn gradient(&self) -> Slice {
        self.summed.unwrap_or(self.arenas()[1])
    }

    /// One fused update of every parameter in a segment, by an optimiser's kernel.
    pub(crate) fn update<K: Kernel<Dims = ops::update::Dims>>(
        &mut self,
        places: &Places,
        flags: u32,
    ) {
        let ([params, _], grads) = (self.arenas(), self.gradient());
        let dims = ops::update::Dims::of(places.segments, flags, places.memory);
        let moved = |arena: Slice| Slice {
            len: dims.n,
            ..arena
        };
        let args = [
            self.hyper,
            moved(grads),
            places.control,
            places.state,
            moved(params),
        ];
        self.push::<K>(dims, &args);
    }

    /// Measures what an optimiser's own rate is made from: see [`rate_stats`](crate::ops::rate_stats).
    pub(crate) fn rate_stats(&mut self, places: &Places, flags: u32) {
        self.measure::<ops::RateStats>(places, flags);
    }

    /// The moments of an optimiser that estimates its distance, and what the estimate is made from: see
    /// [`dadapt_moments`](crate::ops::dadapt_moments).
    pub(crate) fn dadapt_moments(&mut self, places: &Places, flags: u32) {
        self.measure::<ops::DadaptMoments>(places, flags);
    }

    fn measure<K: Kernel<Dims = ops::update::Dims>>(&mut self, places: &Places, flags: u32) {
        let ([params, _], grads) = (self.arenas(), self.gradient());
        let dims = ops::update::Dims::of(places.segments, flags, places.memory);
        let args = [self.hyper, grads, places.control, params, places.state];
        self.push::<K>(dims, &args);
    }

    /// Makes an optimiser's own rate of what was measured: see [`rate_estimate`](crate::ops::rate_estimate).
    pub(crate) fn rate_estimate(&mut self, places: &Places, estimation: &Estimation) {
        let n = places.segments.last().map_or(0, |s| s.end);
        let dims = ops::rate_estimate::Dims {
            method: estimation.method as u32,
            parts: rate_stats::parts(n),
            behind: (places.state.len - rate_stats::words(n)) / 4,
            slots: self.log_slots(),
            controllers: places.controllers,
            memory: places.memory,
            first: estimation.first as f32,
            eps: estimation.eps as f32,
            coefficient: estimation.coefficient as f32,
            decay: estimation.decay as f32,
            bound: (estimation.bound as f32).min(f32::MAX),
            spare: 0.0,
        };
        let args = [self.hyper, places.state, self.log, places.control];
        self.push::<ops::RateEstimate>(dims, &args);
    }

    /// The step by such moments: see [`dadapt`](crate::ops::dadapt).
    pub(crate) fn dadapt(&mut self, places: &Places, flags: u32) {
        let [params, _] = self.arenas();
        let dims = ops::update::Dims::of(places.segments, flags, places.memory);
        let args = [self.hyper, places.control, places.state, params];
        self.push::<ops::Dadapt>(dims, &args);
    }

    /// What works out every parameter's trust ratio, before the update that applies it.
    pub(crate) fn norms<K: Kernel<Dims = ops::update::Dims>>(&mut self, places: &Places) {
        let ([params, _], grads) = (self.arenas(), self.gradient());
        let dims = ops::update::Dims::of(places.segments, 0, places.memory);
        let moved = |arena: Slice| Slice {
            len: dims.n,
            ..arena
        };
        let args = [
            self.hyper,
            moved(grads),
            places.state,
            moved(params),
            places.control,
        ];
        self.push::<K>(dims, &args);
    }

    /// One segment of everything: all parameters take the first group's numbers.
    pub fn one_segment(&self) -> [Segment; 1] {
        let [params, _] = self.arenas();
        [Segment {
            end: params.len,
            group: 0,
            scale: 1.0,
            spare: 0,
        }]
    }

    /// An arena for an optimiser's slots, side by side, each as long as the `moved` words of the
    /// parameters' arena that are updated; behind them what one that sets its own rate measures.
    pub fn state(&mut self, optimizer: &Optimizer, moved: u32) -> Slice {
        let slots = optimizer.slots();
        let measures = optimizer
            .memory(0.0)
            .map_or(0, |_| rate_stats::words(moved));
        let len = slots.len() as u32 * moved + measures;
        self.plan.buffer(slots.join("+"), len, Role::State)
    }

    /// Takes the parameters into an average as large as their arena: see
    /// [`average`](crate::ops::average).
    pub fn average(&mut self, which: u32, control: Slice, average: Slice) {
        let [params, _] = self.arenas();
        let dims = ops::average::Dims {
            n: params.len,
            which,
        };
        self.push::<ops::Average>(dims, &[self.hyper, params, control, average]);
    }

    /// The factor on the rate; the memories of `controllers` controllers and of an optimiser that sets its own rate;
    /// the trust ratios of one that has a ratio for every segment; and the scale that clips.
    pub fn control(
        &mut self,
        controllers: u32,
        optimizer: &Optimizer,
        segments: &[Segment],
    ) -> Slice {
        let own = optimizer.memory(0.0).map_or(0, |m| m.len() as u32);
        let ratios = match optimizer.per_parameter() {
            true => segments.len() as u32,
            false => 0,
        };
        let len = ops::CONTROL_WORDS + controllers * gradient_control::STATE + own + ratios;
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
        let (grads, slots) = (self.gradient(), self.log_slots());
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
