//! Models as data: a list of named layers, from a preset or an expression in the words of
//! `torch.nn`, fitted to an input, initialised and recorded.

mod fit;
mod layer;
mod parse;
mod preset;
mod record;
#[cfg(test)]
mod tests;

pub use layer::{BatchNorm, Layer};
pub use preset::PRESETS;
pub use record::Mode;

use std::fmt;

use crate::{
    error::{Error, Result},
    expr::{self, Node},
    optim::Arrangement,
    record::{Recorder, Tensor},
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
    /// As in PyTorch: `[out, in]`, `[out, in / groups, kh, kw]`, `[out]`, …
    pub shape: Vec<u32>,
    /// What it is before the first update.
    pub init: Init,
    /// What becomes of it.
    pub kind: Kind,
}

/// What a parameter is before the first update.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Init {
    /// Uniform in ±1/√n, with the inputs n that each output of the layer sees: what `nn.Linear` and
    /// `nn.Conv2d` draw.
    Inputs(u32),
    /// From the standard normal distribution: what `nn.Embedding` draws.
    Normal,
    /// The same number everywhere.
    All(f32),
}

/// What becomes of an entry of the `state_dict`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It is trained.
    Trained,
    /// The forward pass of a training step keeps it, as torch's buffers: running statistics.
    Buffer,
    /// A buffer that counts batches: a whole number in files, exact up to 2²⁴.
    Counter,
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
    /// Its own entries of the `state_dict`, in torch's order.
    pub params: Vec<Param>,
    /// The layers that it is made of: a residual's body, and its shortcut.
    pub branches: [Vec<Fitted>; 2],
}

impl Fitted {
    /// Adds its parameters, and those of the layers that it is made of, in `state_dict` order.
    fn collect<'a>(&'a self, list: &mut Vec<&'a Param>) {
        list.extend(&self.params);
        let inner = self.branches.iter().flatten();
        inner.for_each(|l| l.collect(list));
    }

    /// Its parameters, and those of the layers that it is made of, in `state_dict` order.
    pub fn all_params(&self) -> Vec<&Param> {
        let mut list = Vec::new();
        self.collect(&mut list);
        list
    }
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
        if let Some(layers) = preset::expression(text.trim(), input, outputs) {
            return Model::parse(&layers, input, outputs);
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
        let (layers, shape) = fit::chain(self.layers.iter(), input.to_vec())
            .map_err(|why| Error::Model(format!("layer {why}")))?;
        if shape != [outputs] {
            return Err(Error::Model(format!(
                "the model ends with shape {} but the data needs {}: {outputs} outputs",
                show(&shape),
                show(&[outputs]),
            )));
        }
        // Indices come from the data: what a layer computes has a gradient, and is no whole number.
        let mut inner: Vec<&Fitted> = layers.iter().skip(1).collect();
        inner.extend(
            layers
                .iter()
                .take(1)
                .flat_map(|l| l.branches.iter().flatten()),
        );
        while let Some(l) = inner.pop() {
            inner.extend(l.branches.iter().flatten());
            if matches!(l.layer, Layer::Embedding { .. }) {
                return Err(Error::Model(format!(
                    "layer {}, {}: it takes the data's own numbers, so it must be the first layer",
                    l.name, l.layer
                )));
            }
        }
        if layers.iter().all(|l| l.all_params().is_empty()) {
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

    /// How many rows the table has that the data's numbers are indices of, if they are.
    pub fn table(&self) -> Option<u32> {
        match self.layers.first()?.layer {
            Layer::Embedding { rows, .. } => Some(rows),
            _ => None,
        }
    }

    /// All entries of the `state_dict`, in its order: parameters, and what layers remember besides.
    pub fn params(&self) -> impl Iterator<Item = &Param> {
        self.layers.iter().flat_map(Fitted::all_params)
    }

    /// Those that are trained.
    pub fn trained(&self) -> impl Iterator<Item = &Param> {
        self.params().filter(|p| p.kind == Kind::Trained)
    }

    /// How many numbers are trained.
    pub fn parameters(&self) -> u64 {
        let sizes = self.trained().map(|p| numbers(&p.shape));
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
        let mut layers: Vec<&Fitted> = self.layers.iter().collect();
        while let Some(l) = layers.pop() {
            layers.extend(l.branches.iter().flatten());
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

    /// Checks that every batch normalisation sees more than one number of each channel in a batch, as torch does:
    /// one alone has no variance.
    ///
    /// # Errors
    /// Names the layer.
    pub fn check_batch(&self, samples: u64) -> Result<()> {
        let mut layers: Vec<&Fitted> = self.layers.iter().collect();
        while let Some(l) = layers.pop() {
            layers.extend(l.branches.iter().flatten());
            let pixels = numbers(l.shape.get(1..).unwrap_or_default());
            if matches!(l.layer, Layer::BatchNorm(_)) && samples.saturating_mul(pixels) < 2 {
                return Err(Error::Model(format!(
                    "layer {}, {}: a batch of one sample has one number a channel, which has no variance; use \
                     another --batch-size, or --drop-last if an epoch's last batch is that small",
                    l.name, l.layer
                )));
            }
        }
        Ok(())
    }

    /// Initial values as torch's layers have them: weights of `nn.Linear` and `nn.Conv2d` kaiming-uniform
    /// with a = √5 and biases alike, uniform in ±1/√fan_in; tables of
    /// `nn.Embedding` normal; normalisations begin with 1 and 0. The numbers of
    /// a parameter depend on the seed and its index alone.
    pub fn init(&self, seed: u64) -> Vec<Vec<f32>> {
        let draw = |(index, p): (usize, &Param)| {
            let len = p.shape.iter().product::<u32>();
            let mut rng = Rng::new(seed, Purpose::Weights, index as u64);
            let mut draw = || match p.init {
                Init::All(x) => x,
                Init::Normal => rng.normal() as f32,
                Init::Inputs(n) => {
                    let bound = 1.0 / f64::from(n).sqrt();
                    rng.uniform(-bound, bound) as f32
                }
            };
            (0..len).map(|_| draw()).collect()
        };
        self.params().enumerate().map(draw).collect()
    }

    /// Puts the parameters into the recorder's arena, and what layers remember besides into the statistics,
    /// in `state_dict` order.
    pub fn declare(&self, r: &mut Recorder) -> Vec<Tensor> {
        let trained = self.trained().map(|p| r.param(&p.shape)).collect();
        self.remember(r, trained)
    }

    /// The same with the parameters in the order of an arrangement; the tensors are in `state_dict` order.
    pub fn declare_in(&self, r: &mut Recorder, arrangement: &Arrangement) -> Vec<Tensor> {
        let all: Vec<&Param> = self.trained().collect();
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
        placed.sort_by_key(|p| p.0);
        self.remember(r, placed.into_iter().map(|p| p.1).collect())
    }

    /// The name of everything that is trained, and the index of its layer among those that have something.
    pub fn places(&self) -> Vec<(&str, usize)> {
        let layer_of = |name: &'_ str| name.rsplit_once('.').map_or(0, |(layer, _)| layer.len());
        let mut places: Vec<(&str, usize)> = Vec::new();
        for p in self.trained() {
            let index = match places.last() {
                None => 0,
                Some((before, index)) => {
                    let same = before.get(..layer_of(before)) == p.name.get(..layer_of(&p.name));
                    index + usize::from(!same)
                }
            };
            places.push((&p.name, index));
        }
        places
    }

    /// Puts what layers remember besides parameters between these.
    fn remember(&self, r: &mut Recorder, trained: Vec<Tensor>) -> Vec<Tensor> {
        let mut trained = trained.into_iter();
        let mut remembered = Vec::new().into_iter();
        let mut all = Vec::new();
        for p in self.params() {
            let next = match p.kind {
                Kind::Trained => trained.next(),
                Kind::Buffer | Kind::Counter => remembered.next().or_else(|| {
                    // A normalisation's three follow each other: means, variances, count.
                    let channels = p.shape.iter().product();
                    let [mean, variance, count] = r.statistics(channels);
                    remembered = vec![variance, count].into_iter();
                    Some(mean)
                }),
            };
            all.extend(next);
        }
        r.seal();
        all
    }
}

/// One line a layer: name, layer, shape after it, parameters.
impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        writeln!(f, "{:<8} {:<40} {}", "input", "", show(&self.input))?;
        let mut layers: Vec<&Fitted> = self.layers.iter().rev().collect();
        while let Some(l) = layers.pop() {
            layers.extend(l.branches.iter().flatten().rev());
            let trained = l.params.iter().filter(|p| p.kind == Kind::Trained);
            let sizes = trained.map(|p| numbers(&p.shape));
            let params = sizes.fold(0, u64::saturating_add);
            let layer = match l.branches.iter().all(Vec::is_empty) {
                true => l.layer.to_string(),
                false => "Residual".into(),
            };
            write!(f, "{:<8} {layer:<40} {:<20}", l.name, show(&l.shape))?;
            match params {
                0 => writeln!(f)?,
                n => writeln!(f, " {n} parameters")?,
            }
        }
        write!(f, "{} parameters", self.parameters())
    }
}
