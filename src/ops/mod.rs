//! Every kernel, one file each: the WGSL by `include_str!`, its CPU twin beside it.
//!
//! The stem finds everything: `conv2d_dw` is `shaders/conv2d_dw.wgsl`, `ops/conv2d_dw.rs`, the
//! name in a plan and the filter of its tests.

use bytemuck::{Pod, Zeroable};

use crate::kernel::Op;

pub mod accumulate;
pub mod activation;
pub mod activation_grad;
pub mod adadelta;
pub mod adagrad;
pub mod adam;
pub mod adamax;
pub mod adaptive_avg_pool2d;
pub mod adaptive_avg_pool2d_grad;
pub mod add;
pub mod augment_bytes;
pub mod average;
pub mod avg_pool2d;
pub mod avg_pool2d_grad;
pub mod channel_sum;
pub mod conv2d;
pub mod conv2d_dw;
pub mod conv2d_dx;
pub mod cross_entropy_log;
pub mod dadapt;
pub mod dadapt_moments;
pub mod dropout;
pub mod embedding;
pub mod embedding_grad;
pub mod gather;
pub mod gather_bytes;
pub mod grad_stats;
pub mod grad_stats_control;
pub mod grad_stats_log;
pub mod gradient_control;
pub mod lamb;
pub mod lamb_norms;
pub mod lars;
pub mod lars_norms;
pub mod lion;
pub mod log_batch;
pub mod log_grad;
pub mod matmul;
pub mod max_pool2d;
pub mod max_pool2d_grad;
pub mod moments;
pub mod norm_coefficients;
pub mod norm_grad;
pub mod norm_sums;
pub mod normalize;
pub mod pointwise_loss;
pub mod rate_estimate;
pub mod rate_stats;
pub mod relu;
pub mod relu_grad;
pub mod rmsprop;
pub mod running_stats;
pub mod scale_channels;
pub mod schedule_free;
pub mod sgd;
pub mod softmax;
pub mod softmax_cross_entropy;
pub mod softmax_grad;
pub mod split_sum;
pub mod transpose;
mod trust;
pub mod update;
pub mod weighted_cross_entropy;

mod conv_variants;
mod fast;
mod stride;

/// The table of kernels, each with its module, in the order of their names.
macro_rules! kernels {
    ($($module:ident::$kernel:ident,)+) => {
        $(pub use $module::$kernel;)+

        /// The registry: tests, benches and tools iterate this and nothing else.
        pub static ALL: [&Op; [$(stringify!($kernel)),+].len()] = [$(&Op::of::<$kernel>()),+];
    };
}

kernels! {
    accumulate::Accumulate,
    activation::Activation,
    activation_grad::ActivationGrad,
    adadelta::Adadelta,
    adagrad::Adagrad,
    adam::Adam,
    adamax::Adamax,
    adaptive_avg_pool2d::AdaptiveAvgPool2d,
    adaptive_avg_pool2d_grad::AdaptiveAvgPool2dGrad,
    add::Add,
    augment_bytes::AugmentBytes,
    average::Average,
    avg_pool2d::AvgPool2d,
    avg_pool2d_grad::AvgPool2dGrad,
    channel_sum::ChannelSum,
    conv2d::Conv2d,
    conv2d_dw::Conv2dDw,
    conv2d_dx::Conv2dDx,
    cross_entropy_log::CrossEntropyLog,
    dadapt::Dadapt,
    dadapt_moments::DadaptMoments,
    dropout::Dropout,
    embedding::Embedding,
    embedding_grad::EmbeddingGrad,
    gather::Gather,
    gather_bytes::GatherBytes,
    grad_stats::GradStats,
    grad_stats_control::GradStatsControl,
    grad_stats_log::GradStatsLog,
    gradient_control::GradientControl,
    lamb::Lamb,
    lamb_norms::LambNorms,
    lars::Lars,
    lars_norms::LarsNorms,
    lion::Lion,
    log_batch::LogBatch,
    log_grad::LogGrad,
    matmul::Matmul,
    max_pool2d::MaxPool2d,
    max_pool2d_grad::MaxPool2dGrad,
    moments::Moments,
    norm_coefficients::NormCoefficients,
    norm_grad::NormGrad,
    norm_sums::NormSums,
    normalize::Normalize,
    pointwise_loss::PointwiseLoss,
    rate_estimate::RateEstimate,
    rate_stats::RateStats,
    relu::Relu,
    relu_grad::ReluGrad,
    rmsprop::RmsProp,
    running_stats::RunningStats,
    scale_channels::ScaleChannels,
    schedule_free::ScheduleFree,
    sgd::Sgd,
    softmax::Softmax,
    softmax_cross_entropy::SoftmaxCrossEntropy,
    softmax_grad::SoftmaxGrad,
    split_sum::SplitSum,
    transpose::Transpose,
    weighted_cross_entropy::WeightedCrossEntropy,
}

/// Groups of parameters with numbers of their own that the uniform has room for.
pub const GROUPS: usize = 8;

/// The numbers of one group of parameters, as its optimiser's kernel takes them: [`crate::optim`] fills
/// in those that it reads.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Pod, Zeroable)]
pub struct Group {
    /// Learning rate of this update, computed in f64 and rounded once.
    pub lr: f32,
    /// The rate with what belongs to it at this update: Adam's and Adamax's by the first moment's correction, RAdam's
    /// rectified as well, Adagrad's decayed.
    pub step_size: f32,
    /// Momentum of this update, β₁ of Adam; 0 for plain gradient descent. NAdam: what the mean counts in the step.
    pub momentum: f32,
    /// What the gradient is multiplied by when it enters the momentum: `1 − dampening`, `1 − β₁`.
    pub gradient_scale: f32,
    /// What is kept of the mean of squares: β₂, α, ρ; of Adamax's largest gradient.
    pub square_decay: f32,
    /// `1 − square_decay`, from f64.
    pub square_scale: f32,
    /// The square root of what corrects the second moment's bias; RAdam: 1, or what leaves nothing of it.
    pub correction: f32,
    /// What is added to a denominator.
    pub eps: f32,
    /// L2 penalty added to the gradient, or the decay of the weights themselves.
    pub weight_decay: f32,
    /// LARS: the trust coefficient. LAMB: what corrects the first moment's bias. NAdam: what the gradient counts in the
    /// step. Prodigy: 1 / d₀. D-Adaptation: `1 − s_decay`. Schedule-free: what the number of updates makes the newest
    /// weights count.
    pub trust: f32,
    /// 1 for Nesterov momentum.
    pub nesterov: u32,
    /// 1 to ascend.
    pub maximize: u32,
    /// 1 at the first update: SGD's momentum buffer becomes the gradient, undampened.
    pub first: u32,
    /// What is kept of Prodigy's and D-Adaptation's `s`: β₃, √β₂.
    pub s_decay: f32,
    /// For the layout of uniforms.
    pub spare: [u32; 2],
}

/// What the host sets before every step: the one dynamic input of a plan.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Pod, Zeroable)]
pub struct Hyper {
    /// First sample of this step's batch, counted in the epoch's order.
    pub cursor: u32,
    /// Which slot of the log this step fills.
    pub slot: u32,
    /// Most that the gradient's norm may be, as `torch.nn.utils.clip_grad_norm_`; 0 for any.
    pub clip_norm: f32,
    /// Most that the magnitude of a gradient's element may be, as
    /// `torch.nn.utils.clip_grad_value_`; 0 for any.
    pub clip_value: f32,
    /// What a batch's gradient counts in the update's, where several share one: its samples by the
    /// update's.
    pub share: f32,
    /// 1 at the first batch of an update.
    pub begin: u32,
    /// How far the exponential moving average of the weights goes towards them after this update;
    /// 0 where nothing is averaged.
    pub ema: f32,
    /// The same for the running mean of the weights, one by how many are averaged.
    pub swa: f32,
    /// What, with a sample's index, decides how its picture is changed in this epoch.
    pub picture_key: [u32; 2],
    /// What becomes of an update whose loss or gradient is not finite. 0: it is applied. 1: it leaves
    /// parameters, the optimiser's state and moving average as they are. 2: so do all after it.
    pub leave_out: u32,
    /// For the layout of uniforms.
    pub spare: u32,
    /// What, with a layer and an element, decides what is dropped from this batch.
    pub dropout_key: [u32; 2],
    /// For the layout of uniforms.
    pub spares: [u32; 2],
    /// The optimiser's numbers, the first group's first.
    pub groups: [Group; GROUPS],
}

/// Words of [`Hyper`].
pub const HYPER_WORDS: u32 = (size_of::<Hyper>() / 4) as u32;

/// Words of one slot of the log: mean loss, correct predictions, the gradient's squared norm, how
/// many of its elements are not finite, and the factor that [`GradientControl`] put on the rate.
pub const LOG_WORDS: u32 = 5;

/// Words of `control` where there are no controllers: the factor on the rate, first, and what the
/// update multiplies the gradient by, last, or [`LEFT_OUT`].
pub const CONTROL_WORDS: u32 = 2;

/// The last word of `control` where the update under way is left out: see [`Hyper::leave_out`].
pub const LEFT_OUT: f32 = -1.0;

/// A flat run of elements.
#[repr(C)]
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
pub struct Flat {
    /// How many.
    pub n: u32,
}

/// A row-major matrix.
#[repr(C)]
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
pub struct Mat {
    /// Rows.
    pub rows: u32,
    /// Columns.
    pub cols: u32,
}

/// Ragged flat sizes for tests.
const FLATS: &[Flat] = &[
    Flat { n: 1 },
    Flat { n: 63 },
    Flat { n: 1009 },
    Flat { n: 1028 },
];

/// Ragged matrices for tests.
const MATS: &[Mat] = &[
    Mat { rows: 1, cols: 1 },
    Mat { rows: 71, cols: 3 },
    Mat { rows: 5, cols: 67 },
    Mat {
        rows: 200,
        cols: 11,
    },
];

/// What a matmul or convolution does to a result before storing it: flags, as in
/// `shaders/shared/epilogue.wgsl`. Bias comes first, then ReLU; the mask stands alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Epilogue(pub u32);

impl Epilogue {
    /// Store the result as it is; the extra argument is not read.
    pub const NONE: Epilogue = Epilogue(0);
    /// Add `e[column]` (matmul) or `e[channel]` (convolution).
    pub const BIAS: Epilogue = Epilogue(1);
    /// Clamp below at 0.
    pub const RELU: Epilogue = Epilogue(2);
    /// Zero where `e[element] <= 0`: the gradient of a ReLU whose output is `e`.
    pub const MASK: Epilogue = Epilogue(4);

    /// Bias, ReLU, both or neither.
    pub fn forward(bias: bool, relu: bool) -> Epilogue {
        Epilogue(bias as u32 | (relu as u32) << 1)
    }

    /// Words that the extra argument must hold.
    fn words(flags: u32, channels: u64, elements: u64) -> u64 {
        match flags {
            f if f & Self::MASK.0 != 0 => elements,
            f if f & Self::BIAS.0 != 0 => channels,
            _ => 1,
        }
    }

    /// The twin's way: `value` in f64, `e` the extra argument.
    fn apply(flags: u32, value: f64, e: &[f32], channel: usize, element: usize) -> f32 {
        let mut y = value;
        if flags & Self::BIAS.0 != 0 {
            y += e[channel] as f64;
        }
        let y = y as f32;
        if flags & Self::RELU.0 != 0 && y < 0.0 {
            return 0.0;
        }
        if flags & Self::MASK.0 != 0 {
            return masked(e[element], y);
        }
        y
    }
}

/// What is added to the text of an op: `, bias, ReLU`.
impl std::fmt::Display for Epilogue {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        for (flag, name) in [
            (Self::BIAS, "bias"),
            (Self::RELU, "ReLU"),
            (Self::MASK, "ReLU mask"),
        ] {
            if self.0 & flag.0 != 0 {
                write!(f, ", {name}")?;
            }
        }
        Ok(())
    }
}

/// `dy` where the ReLU's output `y` is positive or NaN, else 0.
fn masked(y: f32, dy: f32) -> f32 {
    if y <= 0.0 { 0.0 } else { dy }
}

/// What a gradient of so large a squared norm is multiplied by, as torch does, or that it is left out;
/// the twin's way.
fn clip(h: &Hyper, loss: f32, squares: f64, bad: f32, control: &mut [f32]) {
    let last = control.last_mut().expect("words");
    let ended = h.leave_out == 2 && *last == LEFT_OUT;
    *last = match h.leave_out {
        1 | 2 if ended || bad > 0.0 || !loss.is_finite() => LEFT_OUT,
        _ if h.clip_norm > 0.0 => {
            (f64::from(h.clip_norm) / (squares.sqrt() + 1e-6)).min(1.0) as f32
        }
        _ => 1.0,
    };
}

/// Whether the update under way leaves everything as it is.
fn left_out(h: &Hyper, control: &[f32]) -> bool {
    h.leave_out != 0 && control.last() == Some(&LEFT_OUT)
}

/// The hyper-parameters out of an argument's words.
fn hyper(words: &[f32]) -> &Hyper {
    bytemuck::from_bytes(bytemuck::cast_slice(&words[..HYPER_WORDS as usize]))
}

/// A [`Hyper`] as an argument's words, with values that nobody would hard-code.
fn sample_hyper(cursor: u32) -> Vec<f32> {
    let group = Group {
        lr: 0.0371,
        step_size: 0.0437,
        momentum: 0.83,
        gradient_scale: 0.71,
        square_decay: 0.91,
        square_scale: 0.13,
        correction: 0.77,
        eps: 0.0211,
        weight_decay: 0.0129,
        trust: 0.67,
        s_decay: 0.79,
        ..Group::default()
    };
    let hyper = Hyper {
        groups: [group; GROUPS],
        cursor,
        slot: 5,
        clip_norm: 0.83,
        clip_value: 0.41,
        share: 0.27,
        ema: 0.013,
        swa: 0.21,
        picture_key: [0x2545_f491, 0x9e37_79b9],
        dropout_key: [0x6c07_8965, 0x5d58_8b65],
        ..Hyper::default()
    };
    bytemuck::cast_slice(&[hyper]).to_vec()
}

/// The same of a case with so many elements: some leave updates out.
fn sample_leaving(n: u32) -> Vec<f32> {
    let leave_out = match n {
        8 | 12 | 1000 => 1,
        16 => 2,
        _ => 0,
    };
    let hyper = Hyper {
        leave_out,
        ..*hyper(&sample_hyper(0))
    };
    bytemuck::cast_slice(&[hyper]).to_vec()
}

/// A log of such a case.
fn sample_log(len: usize, n: u32) -> Vec<f32> {
    let loss = if n == 12 { f32::NAN } else { 0.43 };
    vec![loss; len]
}

/// A `control` of such a case, whose last word is what an update before has left.
fn sample_control(len: usize, n: u32) -> Vec<f32> {
    let mut control = vec![0.7; len];
    control[len - 1] = if n == 4 { 0.31 } else { LEFT_OUT };
    control
}

/// Integers as an argument's words.
pub fn as_words(integers: &[u32]) -> &[f32] {
    bytemuck::cast_slice(integers)
}

/// An argument's words as integers.
pub fn as_integers(words: &[f32]) -> &[u32] {
    bytemuck::cast_slice(words)
}
