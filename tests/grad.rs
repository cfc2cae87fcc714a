//! Gradients, as the recorder writes them, against finite differences of the loss in f64.
//!
//! The only oracle that sees a wrong backward rule: a transpose, a dropped mask, a branch whose
//! gradient is lost. Every coordinate of small networks is varied; of large ones a sample, and one
//! random direction through all parameters at once, which no wrong coordinate can hide from.

use std::sync::{Arc, OnceLock};

use kiln::{
    exec::{Executor, cpu::Cpu},
    optim::Optimizer,
    plan::{Plan, Slice},
    record::{Recorder, Statistics, Tensor, Window},
    rng::{Purpose, Rng},
};

use crate::common::{
    buffer, compare,
    forward64::{self, Memory},
    largest,
};

/// The step of the difference quotient: its error is about `STEP²` and `1e-16 / STEP`, far below
/// that of an f32 gradient.
const STEP: f64 = 1e-5;

/// Coordinates varied in each parameter tensor.
const SAMPLE: u32 = 40;

/// How an input's numbers lie in memory: six integers and floats behind them, where they are mixed.
#[derive(Clone, Copy)]
enum Words {
    Floats,
    Integers,
    Mixed,
}
use Words::{Floats, Integers, Mixed};

/// A network and its contents, while it is recorded.
pub struct Draft {
    r: Recorder,
    rng: Rng,
    params: Vec<(Tensor, Vec<f32>)>,
    inputs: Vec<(String, Vec<f64>, Words)>,
}

impl Draft {
    /// A parameter, uniform in ±`bound`.
    fn param(&mut self, shape: &[u32], bound: f32) -> Tensor {
        let param = self.r.param(shape);
        let values = self.rng.floats(param.at.len as usize);
        let values = values.iter().map(|v| v * bound).collect();
        self.params.push((param, values));
        param
    }

    /// An input, uniform in ±1.
    fn input(&mut self, name: &str, shape: &[u32]) -> Tensor {
        let input = self.r.input(name, shape);
        let values = self.rng.floats(input.at.len as usize);
        let values = values.iter().map(|&v| v.into()).collect();
        self.inputs.push((name.into(), values, Floats));
        input
    }

    fn labels(&mut self, rows: u32, classes: u32) -> Tensor {
        let labels = (0..rows).map(|_| self.rng.below(classes).into()).collect();
        self.inputs.push(("labels".into(), labels, Integers));
        self.r.input("labels", &[rows])
    }

    fn linear(&mut self, x: Tensor, outputs: u32, relu: bool) -> Tensor {
        let inputs = x.shape()[1];
        let bound = 1.0 / (inputs as f32).sqrt();
        let weight = self.param(&[outputs, inputs], bound);
        let bias = self.param(&[outputs], bound);
        self.r.linear(x, weight, Some(bias), relu)
    }

    fn conv2d(&mut self, x: Tensor, outputs: u32, window: Window, relu: bool) -> Tensor {
        let group_c = x.shape()[1] / window.groups;
        let [kh, kw] = window.kernel;
        let bound = 1.0 / ((group_c * kh * kw) as f32).sqrt();
        let weight = self.param(&[outputs, group_c, kh, kw], bound);
        let bias = self.param(&[outputs], bound);
        self.r.conv2d(x, weight, Some(bias), window, relu)
    }

    /// By the batch's own statistics, with a ReLU behind it if asked for.
    fn batch_norm(&mut self, x: Tensor, affine: bool, relu: bool) -> Tensor {
        let channels = x.shape()[1];
        let affine = affine.then(|| [self.param(&[channels], 1.0), self.param(&[channels], 1.0)]);
        let [running, ..] = self.r.statistics(channels);
        let statistics = Statistics::Batch {
            running: Slice {
                len: 2 * channels + 1,
                ..running.at
            },
            momentum: Some(0.1),
            control: self.r.control(0, &Optimizer::default(), &[]),
        };
        self.r.batch_norm(x, affine, statistics, 1e-3, relu)
    }

    /// Mean squared error against random goals, over all of `y`.
    fn regress(&mut self, y: Tensor) {
        let rows = y.shape()[0];
        let shape = [rows, y.at.len / rows];
        let goal = self.input("goal", &shape);
        let loss = self.r.mse(y.view(&shape), goal);
        self.r.backward(loss);
    }

    fn classify(&mut self, logits: Tensor, smoothing: f32) {
        let [rows, classes] = [logits.shape()[0], logits.shape()[1]];
        let labels = self.labels(rows, classes);
        let loss = self.r.cross_entropy(logits, labels, smoothing);
        self.r.backward(loss);
    }
}

/// Slopes of the loss along coordinates of the parameter arena, for each parameter tensor.
pub type Slopes = Vec<Vec<(usize, f64)>>;

/// A network whose gradients can be checked.
#[derive(Clone)]
pub struct Recorded {
    /// What runs, in one program.
    pub plan: Plan,
    params: Vec<(Tensor, Vec<f32>)>,
    inputs: Vec<(String, Vec<f64>, Words)>,
}

/// Records what `build` does, loss and backward pass included.
pub fn record(build: impl FnOnce(&mut Draft)) -> Recorded {
    let mut draft = Draft {
        r: Recorder::new(1),
        rng: Rng::new(5, Purpose::Test, 0),
        params: Vec::new(),
        inputs: Vec::new(),
    };
    draft.r.begin("train", 1);
    build(&mut draft);
    draft.r.end();
    draft.r.seal();
    Recorded {
        plan: draft.r.finish(),
        params: draft.params,
        inputs: draft.inputs,
    }
}

impl Recorded {
    fn memory64(&self) -> Memory {
        let mut memory = forward64::memory(&self.plan);
        for (name, values, _) in &self.inputs {
            memory[buffer(&self.plan, name).buffer.0 as usize].copy_from_slice(values);
        }
        for (param, values) in &self.params {
            let arena = &mut memory[param.at.buffer.0 as usize];
            for (to, &v) in arena[param.at.offset as usize..].iter_mut().zip(values) {
                *to = v.into();
            }
        }
        memory
    }

    /// The gradient arena and the loss, by the executor's own programs.
    fn run(&self, machine: &mut Cpu) -> (Vec<f32>, f32) {
        for (name, values, integers) in &self.inputs {
            let word = |(i, &v): (usize, &f64)| match integers {
                Integers => f32::from_bits(v as u32),
                Mixed if i < 6 => f32::from_bits(v as u32),
                Mixed | Floats => v as f32,
            };
            let words: Vec<f32> = values.iter().enumerate().map(word).collect();
            machine.write(buffer(&self.plan, name), &words).unwrap();
        }
        for (param, values) in &self.params {
            machine.write(param.at, values).unwrap();
        }
        let program = self.plan.program("train").expect("the program");
        machine.run(program, &[Default::default()]).unwrap();
        let grads = machine.read(buffer(&self.plan, "grads")).unwrap();
        let log = machine.read(buffer(&self.plan, "log")).unwrap();
        (grads, log[0])
    }

    /// The slope of the loss along `direction`, which lies over the parameter arena.
    fn slope(&self, base: &Memory, direction: &[(usize, f64)]) -> f64 {
        let params = buffer(&self.plan, "params").buffer.0 as usize;
        let at = |step: f64| {
            let mut memory = base.clone();
            for &(i, v) in direction {
                memory[params][i] += step * v;
            }
            forward64::loss(&self.plan, "train", &mut memory)
        };
        (at(STEP) - at(-STEP)) / (2.0 * STEP)
    }

    /// Compares the gradients of the twins, and of the fast paths, with the slopes of the loss.
    pub fn check(&self, slopes: &Slopes) -> Result<(), String> {
        let base = self.memory64();
        let loss = forward64::loss(&self.plan, "train", &mut base.clone());
        let plan = Arc::new(self.plan.clone());
        let machines = [Cpu::naive(plan.clone()).unwrap(), Cpu::new(plan).unwrap()];
        for mut machine in machines {
            let (grads, logged) = self.run(&mut machine);
            compare(&[loss as f32], &[logged], 1e-6, 1e-6).map_err(|e| format!("loss {e}"))?;
            for ((tensor, _), slopes) in self.params.iter().zip(slopes) {
                let Slice { offset, len, .. } = tensor.at;
                let most = largest(&grads[offset as usize..][..len as usize]);
                for &(i, slope) in slopes {
                    compare(&[slope as f32], &grads[i..=i], 1e-5 * most + 1e-7, 1e-5)
                        .map_err(|why| format!("gradient of {:?} at {i} {why}", tensor.shape()))?;
                }
            }
            self.check_direction(&base, &grads)?;
        }
        Ok(())
    }

    /// Slopes along coordinates: all of a small tensor, some of a large one.
    fn slopes(&self) -> Slopes {
        let base = &self.memory64();
        let mut rng = Rng::new(6, Purpose::Test, 0);
        let mut of = |tensor: &Tensor| -> Vec<(usize, f64)> {
            let Slice { offset, len, .. } = tensor.at;
            let mut coordinates: Vec<u32> = (offset..offset + len).collect();
            rng.shuffle(&mut coordinates);
            coordinates.truncate(SAMPLE as usize);
            let slope = |i: u32| (i as usize, self.slope(base, &[(i as usize, 1.0)]));
            coordinates.into_iter().map(slope).collect()
        };
        self.params.iter().map(|(tensor, _)| of(tensor)).collect()
    }

    /// The slope along one random direction is its product with the gradient. The direction
    /// weighs every coordinate by ±1, so that its product is not dominated by a few.
    fn check_direction(&self, base: &Memory, grads: &[f32]) -> Result<(), String> {
        let mut rng = Rng::new(7, Purpose::Test, 0);
        let coordinates = self.params.iter().flat_map(|(tensor, _)| {
            let start = tensor.at.offset as usize;
            start..start + tensor.at.len as usize
        });
        let direction: Vec<(usize, f64)> = coordinates
            .map(|i| (i, rng.below(2) as f64 * 2.0 - 1.0))
            .collect();
        let product = |&(i, v): &(usize, f64)| grads[i] as f64 * v;
        let want: f64 = direction.iter().map(product).sum();
        let size: f64 = direction.iter().map(|d| product(d).abs()).sum();
        let (want, got) = (want as f32, self.slope(base, &direction) as f32);
        compare(&[want], &[got], 1e-5 * size as f32 + 1e-7, 0.0)
            .map_err(|why| format!("along a direction {why}"))
    }
}

fn demand(build: impl FnOnce(&mut Draft)) {
    let recorded = record(build);
    recorded.plan.check().unwrap();
    recorded
        .check(&recorded.slopes())
        .unwrap_or_else(|why| panic!("{why}"));
}

/// Input gradient, weight gradient and bias gradient of `linear`, with and without its ReLU.
#[test]
fn linear() {
    for relu in [false, true] {
        demand(|d| {
            let x = d.param(&[7, 5], 1.0);
            let y = d.linear(x, 11, relu);
            d.regress(y);
        });
    }
}

/// Convolutions with padding, stride, dilation, groups and a non-square kernel.
#[test]
fn conv2d() {
    let padded = Window {
        padding: [1, 2],
        ..Window::new([3, 2])
    };
    let strided = Window {
        stride: [2, 3],
        padding: [1, 0],
        ..Window::new([3, 3])
    };
    let dilated = Window {
        dilation: [2, 1],
        padding: [2, 1],
        ..Window::new([2, 3])
    };
    let grouped = Window {
        groups: 2,
        stride: [2, 1],
        padding: [1, 1],
        ..Window::new([3, 3])
    };
    let depthwise = Window {
        groups: 4,
        ..padded
    };
    for window in [padded, strided, dilated, grouped, depthwise] {
        for relu in [false, true] {
            demand(|d| {
                let x = d.param(&[2, 4, 6, 5], 1.0);
                let y = d.conv2d(x, 8, window, relu);
                d.regress(y);
            });
        }
    }
}

/// Pooling with windows that overlap, that leave a border out and that reach into padding, behind
/// a ReLU and alone.
#[test]
fn pooling() {
    let overlapping = Window {
        stride: [2, 1],
        padding: [1, 1],
        ..Window::new([3, 3])
    };
    let border = Window {
        stride: [2, 3],
        ..Window::new([2, 2])
    };
    let ceil = Window {
        ceil_mode: true,
        stride: [2, 2],
        ..Window::new([2, 3])
    };
    for window in [overlapping, border, ceil] {
        for kind in ["max", "average", "average without padding"] {
            for relu in [false, true] {
                demand(|d| {
                    let x = d.param(&[2, 3, 7, 6], 1.0);
                    let x = if relu {
                        d.conv2d(x, 3, Window::new([1, 1]), true)
                    } else {
                        x
                    };
                    let y = match kind {
                        "max" => d.r.max_pool2d(x, window),
                        _ => d.r.avg_pool2d(x, window, kind == "average"),
                    };
                    d.regress(y);
                });
            }
        }
    }
}

/// Transposed convolutions with padding, stride, dilation and output padding, behind a ReLU and alone.
#[test]
fn conv_transpose2d() {
    let padded = Window {
        padding: [1, 2],
        ..Window::new([3, 4])
    };
    let strided = Window {
        stride: [2, 3],
        padding: [1, 0],
        ..Window::new([3, 2])
    };
    let dilated = Window {
        dilation: [3, 2],
        padding: [2, 1],
        ..Window::new([2, 3])
    };
    for (window, more) in [(padded, [0, 0]), (strided, [1, 2]), (dilated, [2, 1])] {
        for (before, relu) in [(false, false), (false, true), (true, false), (true, true)] {
            demand(|d| {
                let x = d.param(&[2, 3, 4, 5], 1.0);
                let x = match before {
                    true => d.conv2d(x, 3, Window::new([1, 1]), true),
                    false => x,
                };
                let [kh, kw] = window.kernel;
                let weight = d.param(&[3, 4, kh, kw], 0.5);
                let bias = d.param(&[4], 0.5);
                let y = (d.r).conv_transpose2d(x, weight, Some(bias), window, more, relu);
                d.regress(y);
            });
        }
    }
}

/// Adaptive poolings that overlap, that divide and that make an image larger, behind a ReLU and alone.
#[test]
fn adaptive_avg_pool2d() {
    for size in [[3, 4], [7, 2], [9, 13], [1, 1], [5, 6]] {
        for relu in [false, true] {
            demand(|d| {
                let x = d.param(&[2, 3, 7, 6], 1.0);
                let x = match relu {
                    true => d.conv2d(x, 3, Window::new([1, 1]), true),
                    false => x,
                };
                let y = d.r.adaptive_avg_pool2d(x, size);
                d.regress(y);
            });
        }
    }
}

/// A table whose rows are looked up often, once and never, alone and with a layer behind it.
#[test]
fn embedding() {
    for behind in [false, true] {
        demand(|d| {
            let index = d.r.input("index", &[5, 4]);
            let rows = (0..20).map(|_| d.rng.below(9).into()).collect();
            d.inputs.push(("index".into(), rows, Floats));
            let weight = d.param(&[11, 3], 1.0);
            let y = d.r.embedding(index, weight);
            let y = match behind {
                true => d.linear(y.view(&[20, 3]), 4, true),
                false => y,
            };
            d.regress(y);
        });
    }
}

/// Cross-entropy with and without label smoothing.
#[test]
fn cross_entropy() {
    for smoothing in [0.0, 0.1] {
        demand(|d| {
            let x = d.param(&[6, 5], 1.0);
            let logits = d.linear(x, 4, false);
            d.classify(logits, smoothing);
        });
    }
}

/// A ReLU that nothing takes in, a residual connection, and both of one value.
#[test]
fn relu_and_add_stand_alone() {
    demand(|d| {
        let x = d.param(&[5, 6], 1.0);
        let h = d.linear(x, 6, true);
        let f = d.linear(h, 6, false);
        let sum = d.r.add(h, f);
        let h = d.r.relu(sum);
        let h = d.r.relu(h);
        let y = d.r.add(h, sum);
        d.regress(y);
    });
}

/// Every function that stands between layers, alone and behind a ReLU.
#[test]
fn activations() {
    use kiln::ops::activation::Function::*;
    for function in [
        LeakyRelu(0.17),
        Elu(0.83),
        Tanh,
        Sigmoid,
        Silu,
        Gelu,
        GeluTanh,
    ] {
        for relu in [false, true] {
            demand(|d| {
                let x = d.param(&[5, 7], 2.0);
                let h = d.linear(x, 6, relu);
                let y = d.r.activation(h, function);
                d.regress(y);
            });
        }
        demand(|d| {
            let x = d.param(&[5, 7], 3.0);
            let y = d.r.activation(x, function);
            d.regress(y);
        });
    }
}

/// Softmax and its logarithm.
#[test]
fn softmax() {
    for log in [false, true] {
        for relu in [false, true] {
            demand(|d| {
                let x = d.param(&[5, 7], 2.0);
                let h = d.linear(x, 6, relu);
                let y = d.r.softmax(h, log);
                d.regress(y);
            });
        }
    }
}

/// Batch normalisation of rows and images, with and without weights, in front of a ReLU and behind one.
#[test]
fn batch_norm() {
    for (affine, relu) in [(true, false), (false, true), (true, true)] {
        for behind in [false, true] {
            demand(|d| {
                let x = d.param(&[5, 4], 1.0);
                let h = d.linear(x, 6, behind);
                let y = d.batch_norm(h, affine, relu);
                d.regress(y);
            });
            demand(|d| {
                let x = d.param(&[3, 2, 5, 4], 1.0);
                let h = d.conv2d(x, 3, Window::new([2, 2]), behind);
                let y = d.batch_norm(h, affine, relu);
                let y = d.conv2d(y, 2, Window::new([2, 1]), false);
                d.regress(y);
            });
        }
    }
}

/// Group and layer normalisation, with and without weights, behind a ReLU and alone.
#[test]
fn group_norm() {
    for affine in [true, false] {
        for relu in [true, false] {
            let normalised = |d: &mut Draft, h: Tensor, size: u32, layout: [u32; 2]| {
                let channels = layout[1];
                let affine = affine.then(|| [d.param(&[channels], 1.0), d.param(&[channels], 1.0)]);
                d.r.group_norm(h, affine, size, layout, 1e-3)
            };
            demand(|d| {
                let x = d.param(&[3, 2, 5, 4], 1.0);
                let h = d.conv2d(x, 4, Window::new([2, 2]), relu);
                let y = normalised(d, h, 2 * 12, [12, 4]);
                d.regress(y);
            });
            demand(|d| {
                let x = d.param(&[5, 4], 1.0);
                let h = d.linear(x, 7, relu);
                let y = normalised(d, h, 7, [1, 7]);
                d.regress(y);
            });
        }
    }
}

/// Dropout, whose way back drops the same elements, and a transposition.
#[test]
fn dropout_and_transpose() {
    for relu in [true, false] {
        demand(|d| {
            let x = d.param(&[5, 4], 1.0);
            let h = d.linear(x, 6, relu);
            let h = d.r.dropout(h, 2, 0.3);
            let h = d.r.transpose(h.view(&[5, 2, 3]));
            let y = d.linear(h.view(&[5, 6]), 3, false);
            d.regress(y);
        });
    }
}

/// Losses of values, for values and for classes, and cross-entropy with weights.
#[test]
fn losses() {
    use kiln::ops::pointwise_loss::Pointwise::*;
    for loss in [Mse, L1, Huber(0.4), BceWithLogits] {
        for classes in [false, true] {
            demand(|d| {
                let x = d.param(&[6, 5], 1.0);
                let y = d.linear(x, 4, false);
                let goals = match classes {
                    true => d.labels(6, 4),
                    false => d.input("goal", &[6, 4]),
                };
                let loss = d.r.pointwise(y, goals, loss, classes);
                d.r.backward(loss);
            });
        }
    }
    for smoothing in [0.0, 0.1] {
        demand(|d| {
            let x = d.param(&[6, 5], 1.0);
            let y = d.linear(x, 4, false);
            let weights = [0.5f32, 1.0, 2.5, 0.3];
            let labels = [0u32, 1, 2, 3, 2, 2];
            let words = labels.iter().map(|&l| l.into());
            let weights = weights.iter().map(|&w| w.into());
            d.inputs
                .push(("labels".into(), words.chain(weights).collect(), Mixed));
            let labels = d.r.input("labels", &[10]);
            let loss = d.r.weighted_cross_entropy(y, labels, 6, smoothing);
            d.r.backward(loss);
        });
    }
}

/// A value used three times, once as both sides of a sum: its gradients add up.
#[test]
fn a_value_used_twice() {
    demand(|d| {
        let x = d.param(&[4, 5], 1.0);
        let h = d.linear(x, 5, true);
        let doubled = d.r.add(h, h);
        let y = d.linear(h, 5, false);
        let y = d.r.add(y, doubled);
        d.regress(y);
    });
}

/// A weight and its bias used twice, and three times: the arena gets the sum.
#[test]
fn shared_parameters() {
    for times in [2, 3] {
        demand(|d| {
            let x = d.param(&[4, 5], 1.0);
            let (weight, bias) = (d.param(&[5, 5], 0.5), d.param(&[5], 0.5));
            let y = (0..times).fold(x, |h, _| d.r.linear(h, weight, Some(bias), true));
            d.regress(y);
        });
    }
}

/// What would lose a parameter's gradient is refused when it is recorded: here a use that the
/// loss does not see.
#[test]
#[should_panic(expected = "stays outside")]
fn a_lost_gradient_is_refused() {
    record(|d| {
        let x = d.input("x", &[4, 5]);
        let (weight, bias) = (d.param(&[5, 5], 0.5), d.param(&[5], 0.5));
        let y = d.r.linear(x, weight, Some(bias), false);
        d.r.linear(x, weight, None, false);
        d.regress(y);
    });
}

/// A lenet with a residual connection around a convolution and one around a linear layer, and the
/// slopes of its loss, which take a while.
pub fn residual_lenet() -> &'static (Recorded, Slopes) {
    static LENET: OnceLock<(Recorded, Slopes)> = OnceLock::new();
    LENET.get_or_init(|| {
        let lenet = record_lenet();
        let slopes = lenet.slopes();
        (lenet, slopes)
    })
}

fn record_lenet() -> Recorded {
    let pool = Window {
        stride: [2, 2],
        ..Window::new([2, 2])
    };
    let padded = Window {
        padding: [1, 1],
        ..Window::new([3, 3])
    };
    record(|d| {
        let x = d.input("x", &[2, 1, 28, 28]);
        let h = d.conv2d(x, 10, Window::new([5, 5]), true);
        let h = d.r.max_pool2d(h, pool);
        let f = d.conv2d(h, 10, padded, false);
        let h = d.r.add(h, f);
        let h = d.r.relu(h);
        let h = d.conv2d(h, 20, Window::new([5, 5]), true);
        let h = d.r.max_pool2d(h, pool);
        let h = d.linear(h.view(&[2, 320]), 50, true);
        let f = d.linear(h, 50, true);
        let h = d.r.add(h, f);
        let logits = d.linear(h, 10, false);
        d.classify(logits, 0.0);
    })
}

/// The whole network.
#[test]
fn lenet_with_residuals() {
    let (lenet, slopes) = residual_lenet();
    lenet.check(slopes).unwrap_or_else(|why| panic!("{why}"));
}
