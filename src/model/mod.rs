//! Models as data: a list of named layers, from a preset or an expression in the words of
//! `torch.nn`, fitted to an input, initialised and recorded.

mod layer;
mod preset;
#[cfg(test)]
mod tests;

pub use layer::Layer;
pub use preset::PRESETS;

use std::fmt;

use crate::{
    error::{Error, Result},
    expr::{self, Node},
    optim::Arrangement,
    record::{Recorder, Tensor, Window},
    rng::{Purpose, Rng},
};

/// A chain of layers, each with the name that its parameters carry.
#[derive(Clone, Debug, PartialEq)]
pub struct Model {
    layers: Vec<(String, Layer)>,
}

/// A parameter as a checkpoint holds it.
#[derive(Clone, Debug, PartialEq)]
pub struct Param {
    /// As in PyTorch's `state_dict`: `conv1.weight`.
    pub name: String,
    /// As in PyTorch: `[out, in]`, `[out, in / groups, kh, kw]`, `[out]`.
    pub shape: Vec<u32>,
    /// Inputs that each output of the layer sees.
    pub fan_in: u32,
}

/// A model whose sizes are all known.
#[derive(Clone, Debug, PartialEq)]
pub struct Network {
    /// One sample's shape: `[C, H, W]` or `[F]`.
    pub input: Vec<u32>,
    /// Outputs of the last layer.
    pub outputs: u32,
    layers: Vec<Fitted>,
}

/// A layer in its place in a network.
#[derive(Clone, Debug, PartialEq)]
pub struct Fitted {
    /// What its parameters are named after.
    pub name: String,
    /// What it does.
    pub layer: Layer,
    /// One sample's shape after the layer.
    pub shape: Vec<u32>,
    /// Its weight, if it has one, then its bias, if it has one.
    pub params: Vec<Param>,
}

impl Model {
    /// A preset's name, or layers in the words of `torch.nn`: `"Conv2d(1,32,3,padding=1) ReLU
    /// MaxPool2d(2) Flatten Linear(128) ReLU Linear(10)"`, or `nn.Sequential(…)` around them. The
    /// layers of an expression are numbered as `nn.Sequential` numbers them. `input` is one
    /// sample's shape and `outputs` the number of classes or targets, for the presets.
    ///
    /// # Errors
    /// Where the text is wrong and what was expected.
    pub fn parse(text: &str, input: &[u32], outputs: u32) -> Result<Model> {
        if let Some(layers) = preset::find(text.trim(), input, outputs) {
            return Ok(Model { layers });
        }
        let items = expr::parse_sequence(text)?;
        let inner = match &items[..] {
            [
                expr::Expr {
                    node: Node::Call { callee, args, .. },
                    ..
                },
            ] if expr::without_modules(callee, &["torch", "nn"]) == "Sequential" => {
                args.iter().map(|a| a.value.clone()).collect()
            }
            [
                expr::Expr {
                    node: Node::Name(name),
                    span,
                },
            ] if !name.contains("nn.") && name.to_lowercase() == *name => {
                let message = format!("unknown model `{name}`: neither a preset nor layers");
                return Err(expr::Error::at(text, *span, message)
                    .suggest(name, &PRESETS)
                    .into());
            }
            _ => items,
        };
        let layers = inner
            .iter()
            .enumerate()
            .map(|(i, call)| Ok((i.to_string(), Layer::parse(text, call)?)));
        Ok(Model {
            layers: layers.collect::<Result<_>>()?,
        })
    }

    /// Works out every shape for samples of shape `input`, and checks that the last layer gives
    /// `outputs` numbers.
    ///
    /// # Errors
    /// Names the layer and both shapes.
    pub fn fit(&self, input: &[u32], outputs: u32) -> Result<Network> {
        let mut shape = input.to_vec();
        let mut layers = Vec::new();
        for (name, layer) in &self.layers {
            let (after, params) = fit(layer, &shape)
                .map_err(|why| Error::Model(format!("layer {name}, {layer}: {why}")))?;
            let rename = |(kind, shape, fan_in): (&str, Vec<u32>, u32)| Param {
                name: format!("{name}.{kind}"),
                shape,
                fan_in,
            };
            layers.push(Fitted {
                name: name.clone(),
                layer: layer.clone(),
                shape: after.clone(),
                params: params.into_iter().map(rename).collect(),
            });
            shape = after;
        }
        if shape != [outputs] {
            return Err(Error::Model(format!(
                "the model ends with shape {} but the data needs {}: {outputs} outputs",
                show(&shape),
                show(&[outputs]),
            )));
        }
        if layers.iter().all(|l| l.params.is_empty()) {
            return Err(Error::Model(
                "the model has no parameters: nothing would be trained".into(),
            ));
        }
        Ok(Network {
            input: input.to_vec(),
            outputs,
            layers,
        })
    }
}

type Shapes = Vec<(&'static str, Vec<u32>, u32)>;

/// Pixels that an image may have in one direction: shaders count them exactly in floats, with room
/// for padding.
const LARGEST_IMAGE: u32 = 1 << 19;

/// The shape after a layer, and its parameters with their fan-in.
fn fit(layer: &Layer, shape: &[u32]) -> std::result::Result<(Vec<u32>, Shapes), String> {
    let image = || match *shape {
        [_, h, w] if h.max(w) > LARGEST_IMAGE => Err(format!(
            "its input is {}, larger than {LARGEST_IMAGE} pixels in one direction",
            show(shape)
        )),
        [c, h, w] => Ok([c, h, w]),
        _ => Err(format!(
            "it needs images [N, C, H, W], but its input is {}",
            show(shape)
        )),
    };
    let slide = |window: &Window, [_, h, w]: [u32; 3]| {
        window
            .output([h, w])
            .filter(|out| !out.contains(&0))
            .ok_or_else(|| {
                format!(
                    "its window does not fit its input {} with that padding",
                    show(shape)
                )
            })
    };
    let agrees = |given: &Option<u32>, found: u32| match given {
        Some(n) if *n != found => Err(format!(
            "it says {n} inputs, but its input is {}: {found}",
            show(shape)
        )),
        _ => Ok(()),
    };
    let with_bias = |weight: Vec<u32>, outputs: u32, fan_in: u32, bias: bool| {
        let mut params = vec![("weight", weight, fan_in)];
        params.extend(bias.then(|| ("bias", vec![outputs], fan_in)));
        params
    };
    let total = numbers(shape);
    Ok(match layer {
        Layer::Linear {
            inputs,
            outputs,
            bias,
        } => {
            let &[features] = shape else {
                return Err(format!(
                    "it needs [N, features], but its input is {}: put Flatten before it",
                    show(shape)
                ));
            };
            agrees(inputs, features)?;
            (
                vec![*outputs],
                with_bias(vec![*outputs, features], *outputs, features, *bias),
            )
        }
        Layer::Conv2d {
            inputs,
            outputs,
            window,
            bias,
        } => {
            let x = image()?;
            agrees(inputs, x[0])?;
            let groups = window.groups;
            if !x[0].is_multiple_of(groups) || !outputs.is_multiple_of(groups) {
                return Err(format!(
                    "groups={groups} must divide its {} input and {outputs} output channels",
                    x[0]
                ));
            }
            let [oh, ow] = slide(window, x)?;
            let ([kh, kw], group_c) = (window.kernel, x[0] / groups);
            let fan_in = group_c.saturating_mul(kh).saturating_mul(kw);
            let weight = vec![*outputs, group_c, kh, kw];
            (
                vec![*outputs, oh, ow],
                with_bias(weight, *outputs, fan_in, *bias),
            )
        }
        Layer::Relu => (shape.to_vec(), vec![]),
        Layer::MaxPool2d(window) | Layer::AvgPool2d { window, .. } => {
            let x = image()?;
            let [oh, ow] = slide(window, x)?;
            (vec![x[0], oh, ow], vec![])
        }
        Layer::GlobalAvgPool2d => (vec![image()?[0], 1, 1], vec![]),
        Layer::Flatten => (
            vec![u32::try_from(total).map_err(|_| "its input is too large")?],
            vec![],
        ),
    })
}

/// How many numbers a shape holds; where nothing could, the most that can be counted.
pub(crate) fn numbers(shape: &[u32]) -> u64 {
    let dims = shape.iter().map(|&dim| u64::from(dim));
    dims.fold(1, u64::saturating_mul)
}

/// A shape as a batch of it: `[N, 1, 28, 28]`.
fn show(shape: &[u32]) -> String {
    let dims = shape.iter().map(|d| format!(", {d}")).collect::<String>();
    format!("[N{dims}]")
}

impl Network {
    /// The layers, first to last.
    pub fn layers(&self) -> &[Fitted] {
        &self.layers
    }

    /// All parameters, in `state_dict` order.
    pub fn params(&self) -> impl Iterator<Item = &Param> {
        self.layers.iter().flat_map(|l| &l.params)
    }

    /// How many numbers are trained.
    pub fn parameters(&self) -> u64 {
        let sizes = self.params().map(|p| numbers(&p.shape));
        sizes.fold(0, u64::saturating_add)
    }

    /// Checks that a batch's largest value, and all parameters together, can be addressed.
    ///
    /// # Errors
    /// Names the layer that is too large.
    pub fn check_sizes(&self, batch: u32) -> Result<()> {
        const MOST: u64 = 1 << 30;
        let words = numbers;
        let too_large = |what: String, words: u64| {
            Err(Error::Model(format!(
                "{what} would hold {words} numbers, more than the {MOST} that one buffer may; use \
                 a smaller batch or smaller layers"
            )))
        };
        let input = words(&self.input).saturating_mul(batch.into());
        if input > MOST {
            return too_large("a batch of the input".into(), input);
        }
        for l in &self.layers {
            let largest = words(&l.shape).saturating_mul(batch.into());
            let params = l.params.iter().map(|p| words(&p.shape)).max().unwrap_or(0);
            if largest.max(params) > MOST {
                return too_large(
                    format!("layer {}, {}", l.name, l.layer),
                    largest.max(params),
                );
            }
        }
        let all = self.params().fold(0u64, |n, p| {
            n.saturating_add(words(&p.shape)).saturating_add(64)
        });
        if all > MOST {
            return too_large("the parameters together".into(), all);
        }
        Ok(())
    }

    /// Initial values as `nn.Linear` and `nn.Conv2d` draw them: weights kaiming-uniform with
    /// a = √5 and biases alike, uniform in ±1/√fan_in. The numbers of a parameter depend on the
    /// seed and its index alone.
    pub fn init(&self, seed: u64) -> Vec<Vec<f32>> {
        let draw = |(index, p): (usize, &Param)| {
            let bound = 1.0 / (p.fan_in as f64).sqrt();
            let mut rng = Rng::new(seed, Purpose::Weights, index as u64);
            let len = p.shape.iter().product::<u32>();
            (0..len)
                .map(|_| rng.uniform(-bound, bound) as f32)
                .collect()
        };
        self.params().enumerate().map(draw).collect()
    }

    /// Puts the parameters into the recorder's arena, in `state_dict` order.
    pub fn declare(&self, r: &mut Recorder) -> Vec<Tensor> {
        let params = self.params().map(|p| r.param(&p.shape)).collect();
        r.seal();
        params
    }

    /// The same in the order of an arrangement; the tensors are in `state_dict` order.
    pub fn declare_in(&self, r: &mut Recorder, arrangement: &Arrangement) -> Vec<Tensor> {
        let all: Vec<&Param> = self.params().collect();
        let mut placed: Vec<(usize, Tensor)> = Vec::new();
        for &index in &arrangement.order {
            if let Some(p) = all.get(index) {
                let tensor = match arrangement.is_frozen(index) {
                    true => r.frozen(&p.shape),
                    false => r.param(&p.shape),
                };
                placed.push((index, tensor));
            }
        }
        r.seal();
        placed.sort_by_key(|p| p.0);
        placed.into_iter().map(|p| p.1).collect()
    }

    /// Every parameter's name, and the index of its layer.
    pub fn places(&self) -> Vec<(&str, usize)> {
        let layers = self.layers.iter().enumerate();
        layers
            .flat_map(|(i, l)| l.params.iter().map(move |p| (p.name.as_str(), i)))
            .collect()
    }

    #[allow(
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::unreachable,
        reason = "`fit` has made these layers fit each other, and `declare` these tensors"
    )]
    /// Records the forward pass of a batch `x[N, …]`; the result is `[N, outputs]`.
    pub fn record(&self, r: &mut Recorder, params: &[Tensor], x: Tensor) -> Tensor {
        let (mut x, mut params, n) = (x, params.iter().copied(), x.shape()[0]);
        let mut layers = self.layers.iter().peekable();
        while let Some(l) = layers.next() {
            let mut next_param = || params.next().expect("one tensor per parameter");
            let mut fused = || layers.next_if(|l| l.layer == Layer::Relu).is_some();
            x = match &l.layer {
                Layer::Linear { bias, .. } => {
                    let weight = next_param();
                    let bias = bias.then(&mut next_param);
                    r.linear(x, weight, bias, fused())
                }
                Layer::Conv2d { window, bias, .. } => {
                    let weight = next_param();
                    let bias = bias.then(&mut next_param);
                    r.conv2d(x, weight, bias, *window, fused())
                }
                Layer::Relu => r.relu(x),
                Layer::MaxPool2d(window) => r.max_pool2d(x, *window),
                Layer::AvgPool2d {
                    window,
                    count_include_pad,
                } => r.avg_pool2d(x, *window, *count_include_pad),
                Layer::GlobalAvgPool2d => {
                    let &[_, _, h, w] = x.shape() else {
                        unreachable!("fitted to images")
                    };
                    r.avg_pool2d(x, Window::new([h, w]), true)
                }
                Layer::Flatten => x.view(&[n, l.shape[0]]),
            };
        }
        x
    }
}

/// One line a layer: name, layer, shape after it, parameters.
impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        writeln!(f, "{:<8} {:<40} {}", "input", "", show(&self.input))?;
        for l in &self.layers {
            let sizes = l.params.iter().map(|p| numbers(&p.shape));
            let params = sizes.fold(0, u64::saturating_add);
            let (layer, shape) = (l.layer.to_string(), show(&l.shape));
            write!(f, "{:<8} {layer:<40} {shape:<20}", l.name)?;
            match params {
                0 => writeln!(f)?,
                n => writeln!(f, " {n} parameters")?,
            }
        }
        write!(f, "{} parameters", self.parameters())
    }
}
