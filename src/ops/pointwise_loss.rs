//! Losses that are the mean of one number an element: `torch.nn.MSELoss`, `L1Loss`, `HuberLoss` and
//! `BCEWithLogitsLoss`, for values or for classes as one-hot rows.

use bytemuck::{Pod, Zeroable};

use super::{as_integers, as_words, gather::CURSOR, hyper, sample_hyper};
use crate::{
    kernel::{Kernel, Launch},
    rng::Rng,
    sources,
};

/// One of the losses.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Pointwise {
    /// `(x − y)²`.
    Mse,
    /// `|x − y|`; its slope is 0 where they are equal.
    L1,
    /// `(x − y)² / 2` up to a distance of delta, `delta · (|x − y| − delta / 2)` beyond.
    Huber(f32),
    /// `log(1 + exp(x)) − x · y`: the cross-entropy of sigmoid(x) with y.
    BceWithLogits,
}

/// `x` and `dx` are `[rows, cols]`, `row` is `[rows, 2]`; `goal` holds the goals of an epoch in its order, of
/// which the batch's begin at the cursor: `cols` values a sample, or its class.
#[repr(C)]
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
pub struct Dims {
    /// Batch.
    pub rows: u32,
    /// Outputs.
    pub cols: u32,
    /// Which loss.
    pub function: u32,
    /// 1 where goals are classes: 1 for the sample's own, 0 for the others.
    pub one_hot: u32,
    /// Of Huber's loss.
    pub delta: f32,
}

impl Dims {
    /// A loss of so many rows and columns.
    pub fn new([rows, cols]: [u32; 2], loss: Pointwise, one_hot: bool) -> Dims {
        let (function, delta) = match loss {
            Pointwise::Mse => (0, 0.0),
            Pointwise::L1 => (1, 0.0),
            Pointwise::Huber(delta) => (2, delta),
            Pointwise::BceWithLogits => (3, 0.0),
        };
        Dims {
            rows,
            cols,
            function,
            one_hot: one_hot.into(),
            delta,
        }
    }

    /// The loss of an element, and its slope.
    pub(crate) fn loss(&self, x: f64, y: f64) -> [f64; 2] {
        let (error, delta) = (x - y, f64::from(self.delta));
        let sign = if error == 0.0 { 0.0 } else { error.signum() };
        match self.function {
            0 => [error * error, 2.0 * error],
            1 => [error.abs(), sign],
            2 if error.abs() <= delta => [0.5 * error * error, error],
            2 => [delta * (error.abs() - 0.5 * delta), delta * sign],
            _ => {
                let loss = x.max(0.0) - x * y + (-x.abs()).exp().ln_1p();
                [loss, 1.0 / (1.0 + (-x).exp()) - y]
            }
        }
    }
}

/// See the module. The second number of a row is 1 if its class has the largest output (the first, if
/// several); 0 where goals are values.
pub struct PointwiseLoss;

impl Kernel for PointwiseLoss {
    type Dims = Dims;
    sources!("pointwise_loss" + "hyper", ["hyper", "goal", "x"] -> ["row", "dx"]);
    const CASES: &'static [Dims] = &[
        case(1, 1, 0, 0),
        case(71, 3, 0, 1),
        case(65, 11, 1, 0),
        case(7, 67, 2, 0),
        case(100, 10, 2, 1),
        case(71, 5, 3, 0),
        case(200, 10, 3, 1),
    ];

    fn launch(d: &Dims) -> Launch {
        Launch::Threads(d.rows.into())
    }

    fn lens(d: &Dims) -> Vec<u64> {
        let [rows, cols] = [d.rows, d.cols].map(u64::from);
        let goals = if d.one_hot != 0 { rows } else { rows * cols };
        vec![
            super::HYPER_WORDS.into(),
            goals,
            rows * cols,
            rows * 2,
            rows * cols,
        ]
    }

    fn iterations(d: &Dims) -> u64 {
        d.cols.into()
    }

    fn describe(d: &Dims) -> String {
        format!("[{}, {}]", d.rows, d.cols)
    }

    fn flops(d: &Dims) -> u64 {
        6 * u64::from(d.rows) * u64::from(d.cols)
    }

    fn sample(d: &Dims, name: &str, len: usize, rng: &mut Rng) -> Vec<f32> {
        let samples = d.rows + CURSOR;
        match (name, d.one_hot) {
            ("hyper", _) => sample_hyper(CURSOR),
            ("goal", 0) => rng.floats((samples * d.cols) as usize),
            ("goal", _) => {
                let classes: Vec<u32> = (0..samples).map(|_| rng.below(d.cols)).collect();
                as_words(&classes).to_vec()
            }
            _ => rng.floats(len).iter().map(|x| 3.0 * x).collect(),
        }
    }

    fn cpu(d: &Dims, reads: &[&[f32]], writes: &mut [&mut [f32]]) {
        let (cols, cursor) = (d.cols as usize, hyper(reads[0]).cursor as usize);
        let elements = f64::from(d.rows) * f64::from(d.cols);
        for r in 0..d.rows as usize {
            let x = &reads[2][r * cols..][..cols];
            let class = (d.one_hot != 0).then(|| as_integers(reads[1])[cursor + r] as usize);
            let goal = |c: usize| match class {
                Some(class) => f64::from(u8::from(c == class)),
                None => reads[1][(cursor + r) * cols + c].into(),
            };
            let mut sum = 0f64;
            for (c, &v) in x.iter().enumerate() {
                let [loss, slope] = d.loss(v.into(), goal(c));
                sum += loss;
                writes[1][r * cols + c] = (slope / elements) as f32;
            }
            let right = class.is_some_and(|class| {
                let beaten = |(c, &v): (usize, &f32)| {
                    c == class || v < x[class] || (c > class && v == x[class])
                };
                !x[class].is_nan() && x.iter().enumerate().all(beaten)
            });
            writes[0][2 * r] = (sum / cols as f64) as f32;
            writes[0][2 * r + 1] = f32::from(u8::from(right));
        }
    }
}

const fn case(rows: u32, cols: u32, function: u32, one_hot: u32) -> Dims {
    Dims {
        rows,
        cols,
        function,
        one_hot,
        delta: 0.7,
    }
}
