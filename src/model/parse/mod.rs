//! Layers read from expressions, as `torch.nn` spells them.

mod conv;
mod norm;

use super::Layer;
use crate::{
    expr::{self, Args, Expr, Node},
    ops::activation::Function,
    record::Window,
};

const NAMES: [&str; 25] = [
    "Linear",
    "Conv2d",
    "ConvTranspose2d",
    "Embedding",
    "ReLU",
    "LeakyReLU",
    "ELU",
    "Tanh",
    "Sigmoid",
    "SiLU",
    "GELU",
    "Softmax",
    "LogSoftmax",
    "MaxPool2d",
    "AvgPool2d",
    "AdaptiveAvgPool2d",
    "Flatten",
    "BatchNorm2d",
    "BatchNorm1d",
    "LayerNorm",
    "GroupNorm",
    "Dropout",
    "Transpose",
    "AdaptiveAvgPool1d",
    "Residual",
];

impl Layer {
    /// Reads one layer.
    ///
    /// # Errors
    /// An unknown layer or argument, with the nearest name; a value out of range; an argument of
    /// torch's that kiln does not have.
    pub fn parse(text: &str, call: &Expr) -> Result<Layer, expr::Error> {
        let full = match &call.node {
            Node::Name(name) => name,
            Node::Call { callee, .. } => callee,
            _ => {
                let message = format!("expected a layer, found {}", call.kind());
                return Err(expr::Error::at(text, call.span, message).expected(NAMES));
            }
        };
        let name = expr::without_modules(full, &["torch", "nn"]);
        match name {
            "Linear" => linear(text, call),
            "Conv2d" => conv::conv2d(text, call),
            "ConvTranspose2d" => conv::conv_transpose2d(text, call),
            "Embedding" => embedding(text, call),
            "ReLU" => {
                // `inplace` is about memory, which the plan arranges by itself.
                let args = Args::bind(text, call, &["inplace"])?;
                args.opt_bool("inplace")?;
                args.finish()?;
                Ok(Layer::Relu)
            }
            "LeakyReLU" | "ELU" | "Tanh" | "Sigmoid" | "SiLU" | "GELU" => {
                activation(text, call, name)
            }
            "Softmax" | "LogSoftmax" => softmax(text, call, name == "LogSoftmax"),
            "BatchNorm2d" | "BatchNorm1d" => norm::batch_norm(text, call, name == "BatchNorm2d"),
            "LayerNorm" => norm::layer_norm(text, call),
            "GroupNorm" => norm::group_norm(text, call),
            "Dropout" => dropout(text, call),
            "Transpose" => {
                let args = Args::bind(text, call, &["dim0", "dim1"])?;
                let mut dims = [args.u64("dim0")?, args.u64("dim1")?];
                dims.sort_unstable();
                if dims != [1, 2] {
                    return Err(args.error("dim0", "only Transpose(1, 2) is supported"));
                }
                args.finish()?;
                Ok(Layer::Transpose)
            }
            "AdaptiveAvgPool1d" => {
                let args = Args::bind(text, call, &["output_size"])?;
                if args.u64("output_size")? != 1 {
                    let message = "only AdaptiveAvgPool1d(1) is supported";
                    return Err(args.error("output_size", message));
                }
                args.finish()?;
                Ok(Layer::GlobalAvgPool1d)
            }
            "Residual" => residual(text, call),
            "MaxPool2d" => max_pool2d(text, call),
            "AvgPool2d" => avg_pool2d(text, call),
            "AdaptiveAvgPool2d" => {
                let args = Args::bind(text, call, &["output_size"])?;
                args.expr("output_size")?;
                let size = pair(&args, "output_size", 1)?.unwrap_or([1, 1]);
                args.finish()?;
                Ok(Layer::AdaptiveAvgPool2d(size))
            }
            "Flatten" => {
                let args = Args::bind(text, call, &["start_dim"])?;
                let layer = match args.opt_u64("start_dim")? {
                    None | Some(1) => Layer::Flatten,
                    Some(2) => Layer::FlattenImages,
                    Some(_) => {
                        let message = "only Flatten(1), the default, and Flatten(2) are supported";
                        return Err(args.error("start_dim", message));
                    }
                };
                args.finish()?;
                Ok(layer)
            }
            _ => {
                let message = format!("unknown layer `{full}`");
                Err(expr::Error::at(text, call.span, message).suggest(name, &NAMES))
            }
        }
    }
}

/// An activation with a parameter, or without one. `inplace` is about memory, as with ReLU.
fn activation(text: &str, call: &Expr, name: &str) -> Result<Layer, expr::Error> {
    let names: &[&str] = match name {
        "LeakyReLU" => &["negative_slope", "inplace"],
        "ELU" => &["alpha", "inplace"],
        "SiLU" => &["inplace"],
        "GELU" => &["approximate"],
        _ => &[],
    };
    let args = Args::bind(text, call, names)?;
    let number = |key: &str, default: f64| match args.opt_f64(key)? {
        Some(x) if !x.is_finite() => Err(args.error(key, format!("`{key}` must be a number"))),
        x => Ok(x.unwrap_or(default) as f32),
    };
    let function = match name {
        "LeakyReLU" => Function::LeakyRelu(number("negative_slope", 0.01)?),
        "ELU" => Function::Elu(number("alpha", 1.0)?),
        "Tanh" => Function::Tanh,
        "Sigmoid" => Function::Sigmoid,
        "SiLU" => Function::Silu,
        _ => match args.opt_str("approximate")? {
            None | Some("none") => Function::Gelu,
            Some("tanh") => Function::GeluTanh,
            Some(_) => {
                return Err(args.error("approximate", "`approximate` is 'none' or 'tanh'"));
            }
        },
    };
    if names.contains(&"inplace") {
        args.opt_bool("inplace")?;
    }
    args.finish()?;
    Ok(Layer::Activation(function))
}

fn dropout(text: &str, call: &Expr) -> Result<Layer, expr::Error> {
    let args = Args::bind(text, call, &["p", "inplace"])?;
    let p = args.opt_f64("p")?.unwrap_or(0.5);
    if !(0.0..1.0).contains(&p) {
        return Err(args.error(
            "p",
            "`p` must be from 0 to less than 1: at 1 nothing is left",
        ));
    }
    args.opt_bool("inplace")?;
    args.finish()?;
    Ok(Layer::Dropout(p))
}

/// Layers, and behind them `shortcut=` with one layer or a `Sequential(…)` of them.
fn residual(text: &str, call: &Expr) -> Result<Layer, expr::Error> {
    let (mut body, mut shortcut) = (Vec::new(), Vec::new());
    let Node::Call { args, .. } = &call.node else {
        let message = "Residual needs layers: Residual(Linear(8), ReLU, …)";
        return Err(expr::Error::at(text, call.span, message));
    };
    for arg in args {
        match arg.name.as_deref() {
            None => body.push(Layer::parse(text, &arg.value)?),
            Some("shortcut") if shortcut.is_empty() => {
                for layer in sequence(&arg.value) {
                    shortcut.push(Layer::parse(text, layer)?);
                }
            }
            Some(other) => {
                let message = format!("Residual takes layers and `shortcut`, not `{other}`");
                return Err(expr::Error::at(text, arg.value.span, message));
            }
        }
    }
    if body.is_empty() {
        let message = "Residual needs layers: Residual(Linear(8), ReLU, …)";
        return Err(expr::Error::at(text, call.span, message));
    }
    Ok(Layer::Residual { body, shortcut })
}

/// The layers in `Sequential(…)`, or the one that it is.
fn sequence(expr: &Expr) -> Vec<&Expr> {
    match &expr.node {
        Node::Call { callee, args, .. }
            if expr::without_modules(callee, &["torch", "nn"]) == "Sequential" =>
        {
            args.iter().map(|a| &a.value).collect()
        }
        _ => vec![expr],
    }
}

/// Over the features of `[N, features]`: dimension 1, which is also the last.
fn softmax(text: &str, call: &Expr, log: bool) -> Result<Layer, expr::Error> {
    let args = Args::bind(text, call, &["dim"])?;
    let dim = args.opt_expr("dim").map(Expr::as_f64);
    let last = [None, Some(Some(1.0)), Some(Some(-1.0))].contains(&dim);
    if !last {
        return Err(args.error(
            "dim",
            "only dim=1, the features of [N, features], is supported",
        ));
    }
    args.finish()?;
    Ok(Layer::Softmax { log })
}

fn positional(call: &Expr) -> usize {
    match &call.node {
        Node::Call { args, .. } => args.iter().filter(|a| a.name.is_none()).count(),
        _ => 0,
    }
}

fn given(call: &Expr, keyword: &str) -> bool {
    match &call.node {
        Node::Call { args, .. } => args.iter().any(|a| a.name.as_deref() == Some(keyword)),
        _ => false,
    }
}

fn linear(text: &str, call: &Expr) -> Result<Layer, expr::Error> {
    let names: &[&str] = match positional(call) {
        0 | 1 if !given(call, "out_features") => &["out_features", "in_features", "bias"],
        _ => &["in_features", "out_features", "bias"],
    };
    let args = Args::bind(text, call, names)?;
    let layer = Layer::Linear {
        inputs: opt_size(&args, "in_features", 1)?,
        outputs: size(&args, "out_features", 1)?,
        bias: args.opt_bool("bias")?.unwrap_or(true),
    };
    args.finish()?;
    Ok(layer)
}

fn embedding(text: &str, call: &Expr) -> Result<Layer, expr::Error> {
    let args = Args::bind(
        text,
        call,
        &[
            "num_embeddings",
            "embedding_dim",
            "padding_idx",
            "max_norm",
            "norm_type",
            "scale_grad_by_freq",
            "sparse",
        ],
    )?;
    for key in ["padding_idx", "max_norm"] {
        if let Some(expr) = args.opt_expr(key)
            && !matches!(expr.node, Node::None)
        {
            let message = format!("Embedding with `{key}` is not supported");
            return Err(args.error(key, message));
        }
    }
    // What `max_norm` is measured in, which there is not.
    args.opt_f64("norm_type")?;
    for key in ["scale_grad_by_freq", "sparse"] {
        if args.opt_bool(key)? == Some(true) {
            let message = format!("Embedding with `{key}` is not supported");
            return Err(args.error(key, message));
        }
    }
    let layer = Layer::Embedding {
        rows: size(&args, "num_embeddings", 1)?,
        size: size(&args, "embedding_dim", 1)?,
    };
    args.finish()?;
    Ok(layer)
}

/// Kernel, stride and padding of a pooling layer.
fn pool_window(args: &Args) -> Result<Window, expr::Error> {
    let Some(kernel) = pair(args, "kernel_size", 1)? else {
        return Err(args.error(
            "kernel_size",
            "a pooling layer needs its argument `kernel_size`",
        ));
    };
    let window = Window {
        stride: pair(args, "stride", 1)?.unwrap_or(kernel),
        padding: pair(args, "padding", 0)?.unwrap_or([0, 0]),
        ceil_mode: args.opt_bool("ceil_mode")?.unwrap_or(false),
        ..Window::new(kernel)
    };
    let sides = window.padding.iter().zip(&window.kernel);
    if sides
        .into_iter()
        .any(|(&p, &k)| u64::from(p) * 2 > u64::from(k))
    {
        return Err(args.error("padding", "padding may be at most half of the kernel"));
    }
    Ok(window)
}

fn max_pool2d(text: &str, call: &Expr) -> Result<Layer, expr::Error> {
    let names = [
        "kernel_size",
        "stride",
        "padding",
        "dilation",
        "return_indices",
        "ceil_mode",
    ];
    let args = Args::bind(text, call, &names)?;
    let window = pool_window(&args)?;
    if pair(&args, "dilation", 1)?.is_some_and(|d| d != [1, 1]) {
        return Err(args.error("dilation", "MaxPool2d with dilation is not supported"));
    }
    if args.opt_bool("return_indices")? == Some(true) {
        return Err(args.error("return_indices", "nothing would read the indices"));
    }
    args.finish()?;
    Ok(Layer::MaxPool2d(window))
}

fn avg_pool2d(text: &str, call: &Expr) -> Result<Layer, expr::Error> {
    let names = [
        "kernel_size",
        "stride",
        "padding",
        "ceil_mode",
        "count_include_pad",
    ];
    let args = Args::bind(text, call, &names)?;
    let window = pool_window(&args)?;
    let count_include_pad = args.opt_bool("count_include_pad")?.unwrap_or(true);
    args.finish()?;
    Ok(Layer::AvgPool2d {
        window,
        count_include_pad,
    })
}

/// The largest size that any dimension may have: keeps products of a few inside 64 bits.
const LARGEST: u64 = 1 << 24;

fn checked(args: &Args, name: &str, value: u64, least: u64) -> Result<u32, expr::Error> {
    if (least..=LARGEST).contains(&value) {
        return Ok(value as u32);
    }
    let message = format!("`{name}` must be from {least} to {LARGEST}, not {value}");
    Err(args.error(name, message))
}

fn size(args: &Args, name: &str, least: u64) -> Result<u32, expr::Error> {
    checked(args, name, args.u64(name)?, least)
}

fn opt_size(args: &Args, name: &str, least: u64) -> Result<Option<u32>, expr::Error> {
    args.opt_u64(name)?
        .map(|v| checked(args, name, v, least))
        .transpose()
}

/// A number for both directions, or a pair `(height, width)`.
fn pair(args: &Args, name: &str, least: u64) -> Result<Option<[u32; 2]>, expr::Error> {
    let both = match args.opt_expr(name).map(|e| &e.node) {
        Some(Node::Tuple(items) | Node::List(items)) => items,
        _ => return Ok(opt_size(args, name, least)?.map(|v| [v, v])),
    };
    let values: Option<Vec<u64>> = both.iter().map(Expr::as_u64).collect();
    match values.as_deref() {
        Some(&[a, b]) => Ok(Some([
            checked(args, name, a, least)?,
            checked(args, name, b, least)?,
        ])),
        _ => Err(args.error(
            name,
            format!("`{name}` is a whole number or a pair of them"),
        )),
    }
}
