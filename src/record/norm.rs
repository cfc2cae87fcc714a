//! Normalisations, forward and backward: see [`normalize`](crate::ops::normalize).

use super::{Recorder, Tensor, tensor::Kind};
use crate::{
    ops::{
        self, moments, norm_coefficients, norm_grad, norm_sums, normalize, running_stats,
        scale_channels, transpose,
    },
    plan::{ALIGN, Role, Slice},
};

/// Where a batch normalisation takes its statistics from.
#[derive(Clone, Copy, Debug)]
pub enum Statistics {
    /// The batch's own, which the running ones take in.
    Batch {
        /// Means, unbiased variances and the count of batches: `2 · channels + 1` words.
        running: Slice,
        /// What a batch counts; none for the mean of all batches.
        momentum: Option<f32>,
        /// Of the run, which says whether it has ended.
        control: Slice,
    },
    /// The running ones, as they are.
    Running(Slice),
}

/// Which elements share a mean, and which a weight: see [`normalize::Dims`].
#[derive(Clone, Copy)]
struct Layout {
    rows: u32,
    size: u32,
    groups: u32,
    plane: u32,
    channels: u32,
    eps: f32,
}

impl Recorder {
    /// Room for the running statistics of so many channels: means, variances, count.
    pub fn statistics(&mut self, channels: u32) -> [Tensor; 3] {
        let plan = &mut self.plan;
        let arena = *self
            .statistics
            .get_or_insert_with(|| plan.buffer("statistics", 0, Role::State).buffer);
        let all = plan.grow(arena, 2 * channels + 1);
        let part = |offset: u32, shape: &[u32]| {
            let at = Slice {
                offset: all.offset + offset,
                len: shape.iter().product(),
                ..all
            };
            Tensor::new(at, shape, Kind::Input)
        };
        [
            part(0, &[channels]),
            part(channels, &[channels]),
            part(2 * channels, &[]),
        ]
    }

    /// `torch.nn.BatchNorm2d` over `x[N, C, …]`, with a ReLU behind it if asked for. The weight and the bias
    /// lie behind each other, and are used nowhere else.
    pub fn batch_norm(
        &mut self,
        x: Tensor,
        affine: Option<[Tensor; 2]>,
        statistics: Statistics,
        eps: f32,
        relu: bool,
    ) -> Tensor {
        let [rows, channels] = [x.shape[0], x.shape[1]];
        let plane = x.at.len / rows / channels;
        let stat = match statistics {
            Statistics::Running(running) => running,
            Statistics::Batch {
                running,
                momentum,
                control,
            } => {
                let dims = moments::Dims {
                    rows,
                    channels,
                    plane,
                };
                let stat = self.value("stat", &[2, channels], Kind::Input);
                self.push::<ops::Moments>(dims, &[x.at, stat.at]);
                let dims = running_stats::Dims {
                    channels,
                    elements: rows * plane,
                    momentum: momentum.unwrap_or(0.0),
                    cumulative: momentum.is_none().into(),
                };
                let args = [self.hyper, stat.at, control, running];
                self.push::<ops::RunningStats>(dims, &args);
                stat.at
            }
        };
        let layout = Layout {
            rows,
            size: plane,
            groups: channels,
            plane,
            channels,
            eps,
        };
        let y = self.normalize(x, stat, affine, layout, relu);
        self.backward_of(y, move |r, dy| {
            let (sums, shift) = r.sums_of_channels(x, stat, dy, affine, layout);
            let weight = affine.map(|[weight, _]| weight.at);
            r.norm_grad(x, dy, stat, (sums, shift), weight, layout);
        })
    }

    /// Normalises the numbers of every group of `x`, `size` that follow each other, as `torch.nn.GroupNorm` and
    /// `torch.nn.LayerNorm`. Element `i` has the weight and the bias number `i / plane % channels`.
    pub fn group_norm(
        &mut self,
        x: Tensor,
        affine: Option<[Tensor; 2]>,
        size: u32,
        [plane, channels]: [u32; 2],
        eps: f32,
    ) -> Tensor {
        let groups = x.at.len / size;
        let layout = Layout {
            rows: x.at.len / plane / channels,
            size,
            groups,
            plane,
            channels,
            eps,
        };
        let stat = self.value("stat", &[2, groups], Kind::Input).at;
        let dims = moments::Dims {
            rows: 1,
            channels: groups,
            plane: size,
        };
        self.push::<ops::Moments>(dims, &[x.at, stat]);
        let y = self.normalize(x, stat, affine, layout, false);
        self.backward_of(y, move |r, dy| {
            let dz = match affine {
                None => dy,
                Some([weight, _]) => {
                    r.sums_of_channels(x, stat, dy, affine, layout);
                    r.scale_channels(dy, weight, layout)
                }
            };
            // The groups of the batch are channels of one sample.
            let own = Layout {
                rows: 1,
                plane: size,
                channels: groups,
                ..layout
            };
            let sums = r.sums_of_channels(x, stat, dz, None, own);
            r.norm_grad(x, dz, stat, sums, None, layout);
        })
    }

    /// A weight and its bias as one run of words, and where in it the bias begins: where they are, if that is behind the
    /// weight, else as a copy. A frozen one lies apart from one that is trained.
    fn run_of(&mut self, [weight, bias]: [Tensor; 2]) -> (Slice, u32) {
        let (w, b) = (weight.at, bias.at);
        if w.buffer == b.buffer && b.offset > w.offset {
            let shift = b.offset - w.offset;
            return (part(w, 0, shift + b.len), shift);
        }
        let shift = w.len.next_multiple_of(ALIGN);
        let both = self.value("affine", &[shift + b.len], Kind::Input).at;
        self.copy(w, part(both, 0, w.len));
        self.copy(b, part(both, shift, b.len));
        (both, shift)
    }

    fn copy(&mut self, from: Slice, to: Slice) {
        let dims = transpose::Dims {
            batch: 1,
            rows: 1,
            cols: from.len,
        };
        self.push::<ops::Transpose>(dims, &[from, to]);
    }

    fn scale_channels(&mut self, dy: Tensor, weight: Tensor, layout: Layout) -> Tensor {
        let dz = self.value("d", dy.shape(), Kind::Value);
        let dims = scale_channels::Dims {
            n: dy.at.len,
            plane: layout.plane,
            channels: layout.channels,
        };
        self.push::<ops::ScaleChannels>(dims, &[dy.at, weight.at, dz.at]);
        dz
    }

    fn normalize(
        &mut self,
        x: Tensor,
        stat: Slice,
        affine: Option<[Tensor; 2]>,
        layout: Layout,
        relu: bool,
    ) -> Tensor {
        let mut y = self.value("normalize", x.shape(), Kind::Value);
        y.rectified = relu;
        self.uses(&[Some(x), affine.map(|a| a[0]), affine.map(|a| a[1])]);
        let (both, shift) = affine.map_or((stat, 0), |affine| self.run_of(affine));
        let dims = normalize::Dims {
            n: x.at.len,
            size: layout.size,
            groups: layout.groups,
            plane: layout.plane,
            channels: layout.channels,
            shift,
            eps: layout.eps,
            relu: relu.into(),
        };
        self.push::<ops::Normalize>(dims, &[x.at, stat, both, y.at]);
        y
    }

    /// `Σ dy · x̂` and `Σ dy` of every channel, where the gradients of its weight and its bias belong; and
    /// where the second ones begin.
    fn sums_of_channels(
        &mut self,
        x: Tensor,
        stat: Slice,
        dy: Tensor,
        affine: Option<[Tensor; 2]>,
        layout: Layout,
    ) -> (Slice, u32) {
        let channels = layout.channels;
        let together = affine.and_then(|[weight, bias]| self.slots_together(weight, bias));
        let (sums, shift) = together.unwrap_or_else(|| {
            // What is copied is bound by itself.
            let shift = match affine {
                Some(_) => channels.next_multiple_of(ALIGN),
                None => channels,
            };
            let sums = self.value("sums", &[shift + channels], Kind::Input);
            (sums.at, shift)
        });
        let dims = norm_sums::Dims {
            rows: layout.rows,
            channels,
            plane: layout.plane,
            size: layout.size,
            groups: layout.groups,
            shift,
            eps: layout.eps,
        };
        self.push::<ops::NormSums>(dims, &[x.at, stat, dy.at, sums]);
        if let (None, Some([weight, bias])) = (together, affine) {
            // Where one of them is frozen, or elsewhere, the sums go to whom they belong.
            for (x, from) in [(weight, 0), (bias, shift)] {
                let sum = part(sums, from, channels);
                self.grad_into(x, |r, dx, _| r.copy(sum, dx.at));
            }
        }
        (sums, shift)
    }

    /// The gradient of `x` out of the sums of its groups, with a weight for each group if there are any.
    fn norm_grad(
        &mut self,
        x: Tensor,
        dy: Tensor,
        stat: Slice,
        (sums, shift): (Slice, u32),
        weight: Option<Slice>,
        layout: Layout,
    ) {
        if x.kind == Kind::Input {
            return;
        }
        let groups = layout.groups;
        let dims = norm_coefficients::Dims {
            groups,
            elements: x.at.len / groups,
            shift,
            weighted: weight.is_some().into(),
            eps: layout.eps,
        };
        let coefficients = self.value("coefficients", &[groups, 4], Kind::Input).at;
        let args = [stat, sums, weight.unwrap_or(stat), coefficients];
        self.push::<ops::NormCoefficients>(dims, &args);
        self.grad_into(x, |r, dx, mask| {
            let dims = norm_grad::Dims {
                n: x.at.len,
                size: layout.size,
                groups,
                mask: mask.is_some().into(),
            };
            r.push::<ops::NormGrad>(dims, &[x.at, dy.at, coefficients, dx.at]);
        });
    }
}

/// Some of the words of a run.
fn part(run: Slice, from: u32, len: u32) -> Slice {
    Slice {
        offset: run.offset + from,
        len,
        ..run
    }
}
