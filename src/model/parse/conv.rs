//! Convolutions.

use super::{given, opt_size, pair, positional, size};
use crate::{
    expr::{self, Args, Expr, Node},
    model::Layer,
    record::Window,
};

/// Torch's order of `Conv2d`'s arguments after the channels and the kernel.
const CONV: [&str; 5] = ["stride", "padding", "dilation", "groups", "bias"];

/// Torch's order of `ConvTranspose2d`'s.
const TRANSPOSED: [&str; 6] = [
    "stride",
    "padding",
    "output_padding",
    "groups",
    "bias",
    "dilation",
];

/// Channels and kernel as people write them: `Conv2d(out, kernel)`, `Conv2d(out, kernel_size=k)` or torch's
/// `Conv2d(in, out, kernel, …)`, and behind them what `rest` has.
fn convolution<'a>(
    text: &'a str,
    call: &'a Expr,
    name: &str,
    rest: &[&'static str],
) -> Result<(Args<'a>, [u32; 2]), expr::Error> {
    let kernel_named = given(call, "kernel_size");
    let short = match positional(call) {
        0 => false,
        1 => !given(call, "out_channels"),
        2 => !kernel_named && !given(call, "out_channels"),
        _ => false,
    };
    let head: [&str; 3] = if short {
        ["out_channels", "kernel_size", "in_channels"]
    } else {
        ["in_channels", "out_channels", "kernel_size"]
    };
    let args = Args::bind(text, call, &[&head[..], rest].concat())?;
    let Some(kernel) = pair(&args, "kernel_size", 1)? else {
        let message = format!("{name} needs its argument `kernel_size`");
        return Err(args.error("kernel_size", message));
    };
    Ok((args, kernel))
}

pub(super) fn conv2d(text: &str, call: &Expr) -> Result<Layer, expr::Error> {
    let (args, kernel) = convolution(text, call, "Conv2d", &CONV)?;
    let mut window = Window {
        stride: pair(&args, "stride", 1)?.unwrap_or([1, 1]),
        dilation: pair(&args, "dilation", 1)?.unwrap_or([1, 1]),
        groups: opt_size(&args, "groups", 1)?.unwrap_or(1),
        ..Window::new(kernel)
    };
    window.padding = conv_padding(&args, &window)?;
    let layer = Layer::Conv2d {
        inputs: opt_size(&args, "in_channels", 1)?,
        outputs: size(&args, "out_channels", 1)?,
        window,
        bias: args.opt_bool("bias")?.unwrap_or(true),
    };
    args.finish()?;
    Ok(layer)
}

pub(super) fn conv_transpose2d(text: &str, call: &Expr) -> Result<Layer, expr::Error> {
    let (args, kernel) = convolution(text, call, "ConvTranspose2d", &TRANSPOSED)?;
    let window = Window {
        stride: pair(&args, "stride", 1)?.unwrap_or([1, 1]),
        padding: pair(&args, "padding", 0)?.unwrap_or([0, 0]),
        dilation: pair(&args, "dilation", 1)?.unwrap_or([1, 1]),
        ..Window::new(kernel)
    };
    let output_padding = pair(&args, "output_padding", 0)?.unwrap_or([0, 0]);
    let [sh, sw] = window.stride;
    let [dh, dw] = window.dilation;
    let [more_h, more_w] = output_padding;
    if more_h >= sh.max(dh) || more_w >= sw.max(dw) {
        let message = "`output_padding` must be less than the stride or the dilation";
        return Err(args.error("output_padding", message));
    }
    if opt_size(&args, "groups", 1)?.is_some_and(|groups| groups != 1) {
        let message = "ConvTranspose2d with groups is not supported";
        return Err(args.error("groups", message));
    }
    let layer = Layer::ConvTranspose2d {
        inputs: opt_size(&args, "in_channels", 1)?,
        outputs: size(&args, "out_channels", 1)?,
        window,
        output_padding,
        bias: args.opt_bool("bias")?.unwrap_or(true),
    };
    args.finish()?;
    Ok(layer)
}

/// A number, a pair, `'valid'` or `'same'`.
fn conv_padding(args: &Args, window: &Window) -> Result<[u32; 2], expr::Error> {
    match args.opt_expr("padding").map(|e| &e.node) {
        Some(Node::Str(s)) if s == "valid" => Ok([0, 0]),
        Some(Node::Str(s)) if s == "same" => {
            let ([dh, dw], [kh, kw]) = (window.dilation, window.kernel);
            let total = [(dh, kh), (dw, kw)].map(|(d, k)| u64::from(d) * u64::from(k - 1));
            if window.stride != [1, 1] || total.iter().any(|t| t % 2 == 1) {
                let message = "padding='same' needs stride 1 and odd kernels; give a number";
                return Err(args.error("padding", message));
            }
            Ok(total.map(|t| (t / 2) as u32))
        }
        Some(Node::Str(_)) => {
            Err(args.error("padding", "padding is a number, a pair, 'valid' or 'same'"))
        }
        _ => Ok(pair(args, "padding", 0)?.unwrap_or([0, 0])),
    }
}
