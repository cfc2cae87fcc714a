//! `y = f(x)`, element by element: the functions of `torch.nn` besides ReLU, which has a kernel of its
//! own as other kernels take it in.

use bytemuck::{Pod, Zeroable};

use super::stride;
use crate::{
    kernel::{HostFn, Kernel, Launch, rounded},
    rng::Rng,
    sources, template,
    variant::{ONE_TILE, Settings, Variant, dims},
};

/// One of the functions, as `torch.nn` names it.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Function {
    /// `x` where it is not negative, else `negative_slope · x`.
    LeakyRelu(f32),
    /// `x` where it is not negative, else `alpha · (exp(x) − 1)`.
    Elu(f32),
    /// The hyperbolic tangent.
    Tanh,
    /// `1 / (1 + exp(−x))`.
    Sigmoid,
    /// `x · sigmoid(x)`.
    Silu,
    /// `x · Φ(x)`, with the normal distribution's Φ.
    Gelu,
    /// The same with `approximate='tanh'`: `x / 2 · (1 + tanh(√(2/π) · (x + 0.044715 x³)))`.
    GeluTanh,
}

impl Function {
    /// Its number in the shader, and its parameter.
    fn code(self) -> (u32, f32) {
        match self {
            Function::LeakyRelu(slope) => (0, slope),
            Function::Elu(alpha) => (1, alpha),
            Function::Tanh => (2, 0.0),
            Function::Sigmoid => (3, 0.0),
            Function::Silu => (4, 0.0),
            Function::Gelu => (5, 0.0),
            Function::GeluTanh => (6, 0.0),
        }
    }

    fn of(d: &Dims) -> Function {
        match d.function {
            0 => Function::LeakyRelu(d.alpha),
            1 => Function::Elu(d.alpha),
            2 => Function::Tanh,
            3 => Function::Sigmoid,
            4 => Function::Silu,
            5 => Function::Gelu,
            _ => Function::GeluTanh,
        }
    }

    /// Its name in `torch.nn`.
    pub fn name(self) -> &'static str {
        match self {
            Function::LeakyRelu(_) => "LeakyReLU",
            Function::Elu(_) => "ELU",
            Function::Tanh => "Tanh",
            Function::Sigmoid => "Sigmoid",
            Function::Silu => "SiLU",
            Function::Gelu | Function::GeluTanh => "GELU",
        }
    }
}

/// √(2/π).
const TO_TANH: f64 = std::f64::consts::FRAC_2_SQRT_PI * std::f64::consts::FRAC_1_SQRT_2;

/// Of a flat run of elements.
#[repr(C)]
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
pub struct Dims {
    /// Elements.
    pub n: u32,
    /// Which function.
    pub function: u32,
    /// Its parameter, if it has one.
    pub alpha: f32,
}

impl Dims {
    /// A function over `n` elements.
    pub fn new(n: u32, function: Function) -> Dims {
        let (function, alpha) = function.code();
        Dims { n, function, alpha }
    }

    /// Whether it is this function.
    pub(super) fn is(&self, function: Function) -> bool {
        Function::of(self) == function
    }

    pub(super) fn value(&self, x: f32) -> f32 {
        let z = f64::from(x);
        let y = match Function::of(self) {
            Function::LeakyRelu(_) if x >= 0.0 => z,
            Function::LeakyRelu(slope) => f64::from(slope) * z,
            Function::Elu(_) if x > 0.0 => z,
            Function::Elu(alpha) => f64::from(alpha) * z.exp_m1(),
            Function::Tanh => z.tanh(),
            Function::Sigmoid => logistic(z),
            Function::Silu => z * logistic(z),
            Function::Gelu => z * normal(z),
            Function::GeluTanh => z * 0.5 * (1.0 + tangent(z)),
        };
        y as f32
    }

    pub(super) fn slope(&self, x: f32) -> f64 {
        let z = f64::from(x);
        match Function::of(self) {
            Function::LeakyRelu(_) | Function::Elu(_) if x > 0.0 => 1.0,
            Function::LeakyRelu(slope) => slope.into(),
            Function::Elu(alpha) => f64::from(alpha) * z.exp(),
            Function::Tanh => 1.0 - z.tanh() * z.tanh(),
            Function::Sigmoid => logistic(z) * (1.0 - logistic(z)),
            Function::Silu => logistic(z) * (1.0 + z * (1.0 - logistic(z))),
            Function::Gelu => {
                let density = (-0.5 * z * z).exp() * 0.5 * TO_TANH;
                normal(z) + z * density
            }
            Function::GeluTanh => {
                let t = tangent(z);
                let inner = TO_TANH * (1.0 + 3.0 * 0.044715 * z * z);
                0.5 * (1.0 + t) + 0.5 * z * (1.0 - t * t) * inner
            }
        }
    }
}

fn logistic(z: f64) -> f64 {
    1.0 / (1.0 + (-z).exp())
}

/// Φ.
fn normal(z: f64) -> f64 {
    0.5 * (1.0 + libm::erf(z * std::f64::consts::FRAC_1_SQRT_2))
}

fn tangent(z: f64) -> f64 {
    (TO_TANH * (z + 0.044715 * z * z * z)).tanh()
}

/// See the module.
pub struct Activation;

impl Kernel for Activation {
    type Dims = Dims;
    sources!("activation" + "activation", ["x"] -> ["y"]);
    const CASES: &'static [Dims] = CASES;

    const VARIANTS: &'static [Variant] = &[Variant {
        wgsl: template!("shared/launch", "shared/activation", "activation.vector"),
        ..VECTOR
    }];

    fn class(d: &Dims) -> String {
        class(d)
    }

    fn launch(d: &Dims) -> Launch {
        Launch::Threads(d.n.into())
    }

    fn lens(d: &Dims) -> Vec<u64> {
        vec![d.n.into(); 2]
    }

    fn describe(d: &Dims) -> String {
        format!("{} of {}", Function::of(d).name(), d.n)
    }

    fn flops(d: &Dims) -> u64 {
        10 * u64::from(d.n)
    }

    fn sample(_: &Dims, _: &str, len: usize, rng: &mut Rng) -> Vec<f32> {
        rng.floats(len).iter().map(|x| 6.0 * x).collect()
    }

    fn cpu(d: &Dims, reads: &[&[f32]], writes: &mut [&mut [f32]]) {
        for (y, &x) in writes[0].iter_mut().zip(&reads[0][..d.n as usize]) {
            *y = d.value(x);
        }
    }

    const FAST: Option<HostFn<Dims>> = Some(super::fast::activation);
}

/// Every function, at sizes of vectors and ragged ones.
pub(super) const CASES: &[Dims] = &[
    case(1, 5, 0.0),
    case(1028, 0, 0.17),
    case(1009, 1, 0.83),
    case(1028, 2, 0.0),
    case(1009, 3, 0.0),
    case(1028, 4, 0.0),
    case(1028, 5, 0.0),
    case(1009, 6, 0.0),
    case(63, 4, 0.0),
    case(256, 1, 1.0),
];

const fn case(n: u32, function: u32, alpha: f32) -> Dims {
    Dims { n, function, alpha }
}

pub(super) fn class(d: &Dims) -> String {
    format!("f{} x{}", d.function, rounded(d.n))
}

/// Four elements by one load.
pub(super) const VECTOR: Variant = Variant {
    settings: |words, _, _| {
        let whole = dims::<Dims>(words).n.is_multiple_of(4);
        whole.then(Settings::default)
    },
    launch: Some(|words| stride::launch(vectors(words))),
    iterations: |words, _| stride::iterations(vectors(words)),
    tile: |_| Some(ONE_TILE),
    ..stride::VECTOR
};

fn vectors(words: &[u32]) -> u64 {
    u64::from(dims::<Dims>(words).n / 4)
}
