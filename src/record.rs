//! Writes a plan. Forward ops record a dispatch and leave their backward on the tape; a loss ends
//! the forward pass and runs the tape backwards, into the same plan. Any DAG works.
//!
//! A ReLU is fused into the op before it (`relu: true`) or stands alone; either way its output is
//! marked, and whoever writes a gradient for it zeroes what the ReLU cut, in the same dispatch
//! where that is possible.

use std::collections::HashMap;

use crate::{
    kernel::{Kernel, Op},
    ops::{
        self, Epilogue, Flat, Mat, channel_sum, conv2d, gather_bytes, grad_stats, matmul,
        max_pool2d,
    },
    plan::{ALIGN, BufferId, Dispatch, HYPER, Plan, Program, Role, Slice},
};

/// The most dimensions of a tensor.
const RANK: usize = 4;

/// A handle to a value in the plan, batch first. `Copy`, so that backward closures capture it.
#[derive(Clone, Copy, Debug)]
pub struct Tensor {
    /// Where it lies.
    pub at: Slice,
    shape: [u32; RANK],
    rank: usize,
    kind: Kind,
    /// The output of a ReLU: its gradient must be masked by it.
    rectified: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// Nobody wants its gradient.
    Input,
    /// Its gradient belongs into the gradient arena.
    Param,
    /// Its gradient is needed on the way.
    Value,
}

impl Tensor {
    fn new(at: Slice, shape: &[u32], kind: Kind) -> Tensor {
        let mut padded = [1; RANK];
        padded[..shape.len()].copy_from_slice(shape);
        assert_eq!(at.len, padded.iter().product::<u32>(), "{shape:?}");
        Tensor {
            at,
            shape: padded,
            rank: shape.len(),
            kind,
            rectified: false,
        }
    }

    /// Its dimensions, batch first.
    pub fn shape(&self) -> &[u32] {
        &self.shape[..self.rank]
    }

    /// The same words, seen as `shape`.
    pub fn view(self, shape: &[u32]) -> Tensor {
        Tensor {
            rectified: self.rectified,
            ..Tensor::new(self.at, shape, self.kind)
        }
    }

    fn key(&self) -> (BufferId, u32) {
        (self.at.buffer, self.at.offset)
    }
}

/// A gradient, and whether the mask of the ReLU whose output it belongs to is already applied.
#[derive(Clone, Copy)]
struct Gradient {
    at: Tensor,
    masked: bool,
}

type Backward = Box<dyn FnOnce(&mut Recorder, Tensor)>;

/// Stride, padding, dilation and groups of a convolution, vertical then horizontal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Kernel size; convolutions take it from their weight.
    pub kernel: [u32; 2],
    /// Distance of neighbouring outputs.
    pub stride: [u32; 2],
    /// Zeros (convolution) or nothing (pooling) around the input.
    pub padding: [u32; 2],
    /// Distance of the kernel's taps; 1 for pooling.
    pub dilation: [u32; 2],
    /// Groups of channels; 1 for pooling.
    pub groups: u32,
    /// Round the output size up (pooling only).
    pub ceil_mode: bool,
}

impl Window {
    /// A dense window of `kernel` with stride 1.
    pub fn new(kernel: [u32; 2]) -> Window {
        Window {
            kernel,
            stride: [1, 1],
            padding: [0, 0],
            dilation: [1, 1],
            groups: 1,
            ceil_mode: false,
        }
    }

    /// The output's height and width for an input of `size`, as PyTorch counts; `None` if the
    /// window does not fit.
    pub fn output(&self, size: [u32; 2]) -> Option<[u32; 2]> {
        let along = |i: usize| {
            let reach = self.dilation[i]
                .checked_mul(self.kernel[i].checked_sub(1)?)?
                .checked_add(1)?;
            let (stride, padded) = (
                self.stride[i],
                size[i].checked_add(self.padding[i].checked_mul(2)?)?,
            );
            let room = padded.checked_sub(reach)?;
            let mut out = room / stride + 1;
            if self.ceil_mode && !room.is_multiple_of(stride) {
                // The last window must start inside the input or its left padding.
                out += (out * stride < size[i] + self.padding[i]) as u32;
            }
            Some(out)
        };
        Some([along(0)?, along(1)?])
    }
}

/// See the module.
pub struct Recorder {
    plan: Plan,
    hyper: Slice,
    params: BufferId,
    grads: BufferId,
    log: Slice,
    grad_slots: HashMap<(BufferId, u32), Slice>,
    // Of the program being recorded:
    tape: Vec<(Tensor, Backward)>,
    gradients: HashMap<(BufferId, u32), Gradient>,
    pending_uses: HashMap<(BufferId, u32), u32>,
    program: Option<(String, u32, usize)>,
}

impl Recorder {
    /// A recorder whose log has `slots` slots.
    pub fn new(slots: u32) -> Recorder {
        let mut plan = Plan::default();
        let hyper = plan.buffer("hyper", ops::HYPER_WORDS, Role::Input);
        assert_eq!(hyper.buffer, HYPER);
        let params = plan.buffer("params", 0, Role::State).buffer;
        let grads = plan.buffer("grads", 0, Role::Gradient).buffer;
        let log = plan.buffer("log", slots * ops::LOG_WORDS, Role::Log);
        Recorder {
            plan,
            hyper,
            params,
            grads,
            log,
            grad_slots: HashMap::new(),
            tape: Vec::new(),
            gradients: HashMap::new(),
            pending_uses: HashMap::new(),
            program: None,
        }
    }

    /// A buffer that the host fills.
    pub fn input(&mut self, name: &str, shape: &[u32]) -> Tensor {
        let at = self.plan.buffer(name, shape.iter().product(), Role::Input);
        Tensor::new(at, shape, Kind::Input)
    }

    /// A slice of the parameter arena, with a slice of the gradient arena at the same offset.
    pub fn param(&mut self, shape: &[u32]) -> Tensor {
        let len = shape.iter().product();
        let at = self.plan.grow(self.params, len);
        let slot = self.plan.grow(self.grads, len);
        assert_eq!(at.offset, slot.offset, "the arenas have equal offsets");
        let param = Tensor::new(at, shape, Kind::Param);
        self.grad_slots.insert(param.key(), slot);
        param
    }

    /// Where the log lies.
    pub fn log(&self) -> Slice {
        self.log
    }

    /// Slots of the log.
    pub fn log_slots(&self) -> u32 {
        self.log.len / ops::LOG_WORDS
    }

    /// Ends the arenas: all parameters exist, updates may be recorded.
    pub fn seal(&mut self) {
        for arena in [self.params, self.grads] {
            let len = &mut self.plan.buffers[arena.0 as usize].len;
            *len = len.next_multiple_of(ALIGN).max(ALIGN);
        }
    }

    /// The parameter arena and the gradient arena.
    pub fn arenas(&self) -> [Slice; 2] {
        [self.plan.whole(self.params), self.plan.whole(self.grads)]
    }

    /// Another arena as large as the parameters': an optimiser's slot.
    pub fn slot(&mut self, name: &str) -> Slice {
        let len = self.plan.whole(self.params).len;
        self.plan.buffer(name, len, Role::State)
    }

    /// Starts a program.
    pub fn begin(&mut self, name: &str, batch: u32) {
        assert!(self.program.is_none(), "{name}: one program at a time");
        self.program = Some((name.into(), batch, self.plan.dispatches.len()));
    }

    /// Ends a program.
    pub fn end(&mut self) {
        let (name, batch, start) = self.program.take().expect("a program was begun");
        let range = start..self.plan.dispatches.len();
        self.plan.programs.push(Program { name, batch, range });
        self.tape.clear();
        self.gradients.clear();
        self.pending_uses.clear();
    }

    /// The finished plan, with values sharing memory.
    pub fn finish(mut self) -> Plan {
        self.plan.reuse_values();
        self.plan
    }

    /// `batch[r] = data[order[cursor + r]]`, words as they are; `data` is `[N, …]`.
    pub fn gather(&mut self, order: Tensor, data: Tensor, rows: u32) -> Tensor {
        let cols = data.at.len / data.shape[0];
        let mut shape = data.shape;
        shape[0] = rows;
        let batch = self.value("batch", &shape[..data.rank], Kind::Input);
        let args = [self.hyper, order.at, data.at, batch.at];
        self.push::<ops::Gather>(Mat { rows, cols }, &args);
        batch
    }

    /// A batch of images `[rows, C, …]` from bytes, decoded by `table` (`[C, 256]`); `shape` is
    /// one sample's.
    pub fn gather_bytes(
        &mut self,
        order: Tensor,
        data: Tensor,
        table: Tensor,
        shape: &[u32],
        rows: u32,
    ) -> Tensor {
        let shape = [&[rows], shape].concat();
        let batch = self.value("batch", &shape, Kind::Input);
        let channels = table.shape[0];
        let plane = batch.at.len / rows / channels;
        let dims = gather_bytes::Dims {
            rows,
            channels,
            plane,
        };
        let args = [self.hyper, order.at, data.at, table.at, batch.at];
        self.push::<ops::GatherBytes>(dims, &args);
        batch
    }

    /// `y = x · weightᵀ + bias`, as `torch.nn.Linear`: `x[N, in]`, `weight[out, in]`, `bias[out]`.
    pub fn linear(
        &mut self,
        x: Tensor,
        weight: Tensor,
        bias: Option<Tensor>,
        relu: bool,
    ) -> Tensor {
        let ([n, inputs], [outputs, w_in]) = (x.matrix("linear"), weight.matrix("linear"));
        assert_eq!(
            inputs,
            w_in,
            "linear: x {:?}, weight {:?}",
            x.shape(),
            weight.shape()
        );
        let mut y = self.value("linear", &[n, outputs], Kind::Value);
        y.rectified = relu;
        self.uses(&[Some(x), Some(weight), bias]);
        let dims = |m, n, k, ta: bool, tb: bool, epilogue: Epilogue| matmul::Dims {
            m,
            n,
            k,
            ta: ta as u32,
            tb: tb as u32,
            epilogue: epilogue.0,
        };
        let forward = dims(
            n,
            outputs,
            inputs,
            false,
            true,
            Epilogue::forward(bias.is_some(), relu),
        );
        let e = bias.unwrap_or(weight).at;
        self.push::<ops::Matmul>(forward, &[x.at, weight.at, e, y.at]);
        self.backward_of(y, move |r, dy| {
            r.grad_into(weight, |r, dw, _| {
                let dims = dims(outputs, inputs, n, true, false, Epilogue::NONE);
                r.push::<ops::Matmul>(dims, &[dy.at, x.at, x.at, dw.at]);
            });
            r.bias_grad(bias, dy, [n, outputs, 1]);
            r.grad_into(x, |r, dx, mask| {
                let (flags, e) = mask_or(mask, weight);
                let dims = dims(n, inputs, outputs, false, false, flags);
                r.push::<ops::Matmul>(dims, &[dy.at, weight.at, e, dx.at]);
            });
        })
    }

    /// Cross-correlation as `torch.nn.Conv2d`: `x[N,C,H,W]`, `weight[O,C/G,KH,KW]`, `bias[O]`.
    pub fn conv2d(
        &mut self,
        x: Tensor,
        weight: Tensor,
        bias: Option<Tensor>,
        window: Window,
        relu: bool,
    ) -> Tensor {
        let [n, c, h, w] = x.image("conv2d");
        let [o, group_c, kh, kw] = weight.image("conv2d");
        let window = Window {
            kernel: [kh, kw],
            ..window
        };
        assert_eq!(
            c,
            group_c * window.groups,
            "conv2d: x {:?}, weight {:?}",
            x.shape(),
            weight.shape()
        );
        let [oh, ow] = window
            .output([h, w])
            .expect("conv2d: the kernel fits the input");
        let mut y = self.value("conv2d", &[n, o, oh, ow], Kind::Value);
        y.rectified = relu;
        self.uses(&[Some(x), Some(weight), bias]);
        let dims = move |epilogue: Epilogue| conv2d::Dims {
            n,
            c,
            h,
            w,
            o,
            oh,
            ow,
            kh,
            kw,
            stride_h: window.stride[0],
            stride_w: window.stride[1],
            padding_h: window.padding[0],
            padding_w: window.padding[1],
            dilation_h: window.dilation[0],
            dilation_w: window.dilation[1],
            groups: window.groups,
            epilogue: epilogue.0,
        };
        let e = bias.unwrap_or(weight).at;
        let forward = dims(Epilogue::forward(bias.is_some(), relu));
        self.push::<ops::Conv2d>(forward, &[x.at, weight.at, e, y.at]);
        self.backward_of(y, move |r, dy| {
            r.grad_into(weight, |r, dw, _| {
                r.push::<ops::Conv2dDw>(dims(Epilogue::NONE), &[dy.at, x.at, dw.at]);
            });
            r.bias_grad(bias, dy, [n, o, oh * ow]);
            r.grad_into(x, |r, dx, mask| {
                let (flags, e) = mask_or(mask, weight);
                r.push::<ops::Conv2dDx>(dims(flags), &[dy.at, weight.at, e, dx.at]);
            });
        })
    }

    /// `torch.relu` on its own, for a ReLU that nothing can take in.
    pub fn relu(&mut self, x: Tensor) -> Tensor {
        let mut y = self.value("relu", x.shape(), Kind::Value);
        y.rectified = true;
        self.uses(&[Some(x)]);
        self.push::<ops::Relu>(Flat { n: x.at.len }, &[x.at, y.at]);
        self.backward_of(y, move |r, dy| r.pass_grad(x, dy))
    }

    /// `x + y`: a residual connection.
    pub fn add(&mut self, x: Tensor, y: Tensor) -> Tensor {
        assert_eq!(x.shape(), y.shape(), "add");
        let z = self.value("add", x.shape(), Kind::Value);
        self.uses(&[Some(x), Some(y)]);
        self.push::<ops::Add>(Flat { n: z.at.len }, &[x.at, y.at, z.at]);
        self.backward_of(z, move |r, dz| {
            r.pass_grad(y, dz);
            r.pass_grad(x, dz);
        })
    }

    /// `torch.nn.MaxPool2d` over `x[N,C,H,W]`.
    pub fn max_pool2d(&mut self, x: Tensor, window: Window) -> Tensor {
        let (dims, shape) = pool_dims("max_pool2d", x, window, false);
        let y = self.value("max_pool2d", &shape, Kind::Value);
        let index = self.value("index", &shape, Kind::Input);
        self.uses(&[Some(x)]);
        self.push::<ops::MaxPool2d>(dims, &[x.at, y.at, index.at]);
        self.backward_of(y, move |r, dy| {
            r.grad_into(x, |r, dx, mask| {
                let dims = max_pool2d::Dims {
                    mask: mask.is_some() as u32,
                    ..dims
                };
                let e = mask.unwrap_or(dy).at;
                r.push::<ops::MaxPool2dGrad>(dims, &[dy.at, index.at, e, dx.at]);
            });
        })
    }

    /// `torch.nn.AvgPool2d` over `x[N,C,H,W]`.
    pub fn avg_pool2d(&mut self, x: Tensor, window: Window, count_include_pad: bool) -> Tensor {
        let (dims, shape) = pool_dims("avg_pool2d", x, window, count_include_pad);
        let y = self.value("avg_pool2d", &shape, Kind::Value);
        self.uses(&[Some(x)]);
        self.push::<ops::AvgPool2d>(dims, &[x.at, y.at]);
        self.backward_of(y, move |r, dy| {
            r.grad_into(x, |r, dx, mask| {
                let dims = max_pool2d::Dims {
                    mask: mask.is_some() as u32,
                    ..dims
                };
                let e = mask.unwrap_or(dy).at;
                r.push::<ops::AvgPool2dGrad>(dims, &[dy.at, e, dx.at]);
            });
        })
    }

    /// The mean cross-entropy of `logits[N, classes]` against `label[N]` (class indices as
    /// integers), logged, with the count of right predictions. Ends the forward pass.
    pub fn cross_entropy(&mut self, logits: Tensor, label: Tensor, smoothing: f32) -> Loss {
        let [rows, cols] = logits.matrix("cross_entropy");
        let row = self.value("row", &[rows, 2], Kind::Input);
        let gradient = self.value("d_logits", &[rows, cols], Kind::Value);
        let dims = ops::softmax_cross_entropy::Dims {
            rows,
            cols,
            smoothing,
        };
        let args = [logits.at, label.at, row.at, gradient.at];
        self.push::<ops::SoftmaxCrossEntropy>(dims, &args);
        self.log_rows(row, logits, gradient)
    }

    /// The mean squared error of `x[N, outputs]` against `goal`, logged. Ends the forward pass.
    pub fn mse(&mut self, x: Tensor, goal: Tensor) -> Loss {
        let [rows, cols] = x.matrix("mse");
        let row = self.value("row", &[rows, 2], Kind::Input);
        let gradient = self.value("d_output", &[rows, cols], Kind::Value);
        self.push::<ops::Mse>(Mat { rows, cols }, &[x.at, goal.at, row.at, gradient.at]);
        self.log_rows(row, x, gradient)
    }

    fn log_rows(&mut self, row: Tensor, output: Tensor, gradient: Tensor) -> Loss {
        let (rows, slots) = (row.shape[0], self.log_slots());
        let dims = ops::log_batch::Dims { rows, slots };
        self.push::<ops::LogBatch>(dims, &[self.hyper, row.at, self.log]);
        self.uses(&[Some(output)]);
        Loss { output, gradient }
    }

    /// Runs the tape backwards from a loss: every parameter's gradient ends in its arena slot.
    pub fn backward(&mut self, loss: Loss) {
        self.pass_grad(loss.output, loss.gradient);
        while let Some((y, backward)) = self.tape.pop() {
            if let Some(gradient) = self.gradients.get(&y.key()).copied() {
                let dy = self.through_relu(y, gradient);
                backward(self, dy);
            }
        }
    }

    /// The gradient arena's squared norm and the count of its elements that are not finite,
    /// logged.
    pub fn grad_stats(&mut self) {
        let [_, grads] = self.arenas();
        let dims = grad_stats::Dims::new(grads.len);
        let part = self.value("part", &[dims.parts, 2], Kind::Input);
        self.push::<ops::GradStats>(dims, &[grads, part.at]);
        let dims = ops::log_grad::Dims {
            parts: dims.parts,
            slots: self.log_slots(),
        };
        self.push::<ops::LogGrad>(dims, &[self.hyper, part.at, self.log]);
    }

    /// One fused update of every parameter, with a momentum buffer as large as the arena.
    pub fn sgd(&mut self, momentum_buffer: Slice) {
        let [params, grads] = self.arenas();
        let args = [self.hyper, grads, momentum_buffer, params];
        self.push::<ops::Sgd>(Flat { n: params.len }, &args);
    }

    fn value(&mut self, name: &str, shape: &[u32], kind: Kind) -> Tensor {
        let name = format!("{name}.{}", self.plan.buffers.len());
        let len = shape.iter().map(|&d| d as u64).product::<u64>();
        let len = u32::try_from(len).expect("the model checks sizes before recording");
        Tensor::new(self.plan.buffer(name, len, Role::Value), shape, kind)
    }

    fn push<K: Kernel>(&mut self, dims: K::Dims, args: &[Slice]) {
        let op: &'static Op = const { &Op::of::<K>() };
        let dims = bytemuck::cast_slice(bytemuck::bytes_of(&dims)).to_vec();
        let args = args.to_vec();
        self.plan.dispatches.push(Dispatch { op, dims, args });
    }

    /// Counts how many gradients each tensor will receive.
    fn uses(&mut self, tensors: &[Option<Tensor>]) {
        for t in tensors.iter().flatten() {
            *self.pending_uses.entry(t.key()).or_default() += 1;
        }
    }

    fn backward_of(
        &mut self,
        y: Tensor,
        f: impl FnOnce(&mut Recorder, Tensor) + 'static,
    ) -> Tensor {
        self.tape.push((y, Box::new(f)));
        y
    }

    fn bias_grad(&mut self, bias: Option<Tensor>, dy: Tensor, [rows, channels, plane]: [u32; 3]) {
        if let Some(bias) = bias {
            self.grad_into(bias, |r, db, _| {
                let dims = channel_sum::Dims {
                    rows,
                    channels,
                    plane,
                };
                r.push::<ops::ChannelSum>(dims, &[dy.at, db.at]);
            });
        }
    }

    /// Lets `write` produce a contribution to the gradient of `x`: straight in its arena slot if
    /// it is a parameter's only one. `write` gets the ReLU's output to mask by, and must.
    fn grad_into(&mut self, x: Tensor, write: impl FnOnce(&mut Recorder, Tensor, Option<Tensor>)) {
        let only = self.pending_uses.get(&x.key()) == Some(&1);
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

    /// Gives `x` a gradient that is already in memory, not masked.
    fn pass_grad(&mut self, x: Tensor, dx: Tensor) {
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

/// A recorded loss: where its gradient lies, and for what.
#[derive(Clone, Copy)]
pub struct Loss {
    output: Tensor,
    gradient: Tensor,
}

impl Tensor {
    fn matrix(&self, op: &str) -> [u32; 2] {
        assert_eq!(self.rank, 2, "{op}: {:?} is not a matrix", self.shape());
        [self.shape[0], self.shape[1]]
    }

    fn image(&self, op: &str) -> [u32; 4] {
        assert_eq!(self.rank, 4, "{op}: {:?} is not [N, C, H, W]", self.shape());
        self.shape
    }
}

/// The epilogue that masks, or none with something harmless bound.
fn mask_or(mask: Option<Tensor>, other: Tensor) -> (Epilogue, Slice) {
    match mask {
        Some(y) => (Epilogue::MASK, y.at),
        None => (Epilogue::NONE, other.at),
    }
}

fn pool_dims(
    op: &str,
    x: Tensor,
    window: Window,
    count_include_pad: bool,
) -> (max_pool2d::Dims, [u32; 4]) {
    let [n, c, h, w] = x.image(op);
    let [oh, ow] = window
        .output([h, w])
        .expect("pooling: the window fits the input");
    let dims = max_pool2d::Dims {
        planes: n * c,
        h,
        w,
        oh,
        ow,
        kh: window.kernel[0],
        kw: window.kernel[1],
        stride_h: window.stride[0],
        stride_w: window.stride[1],
        padding_h: window.padding[0],
        padding_w: window.padding[1],
        count_include_pad: count_include_pad as u32,
        mask: 0,
    };
    (dims, [n, c, oh, ow])
}
