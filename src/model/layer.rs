//! Layers as data, in the words of `torch.nn`: read from an expression, printed, shaped.

use std::fmt;

use crate::{
    expr::{self, Args, Expr, Node},
    record::Window,
};

/// One layer. Sizes that the input decides may be left out.
#[derive(Clone, Debug, PartialEq)]
pub enum Layer {
    /// `torch.nn.Linear`: `[N, in]` to `[N, out]`.
    Linear {
        /// Features of the input, checked if given.
        inputs: Option<u32>,
        /// Features of the output.
        outputs: u32,
        /// Whether it has a bias.
        bias: bool,
    },
    /// `torch.nn.Conv2d`: `[N, C, H, W]` to `[N, O, OH, OW]`.
    Conv2d {
        /// Channels of the input, checked if given.
        inputs: Option<u32>,
        /// Channels of the output.
        outputs: u32,
        /// Kernel, stride, padding, dilation, groups.
        window: Window,
        /// Whether it has a bias.
        bias: bool,
    },
    /// `torch.nn.ReLU`.
    Relu,
    /// `torch.nn.MaxPool2d`.
    MaxPool2d(Window),
    /// `torch.nn.AvgPool2d`.
    AvgPool2d {
        /// Window, stride, padding.
        window: Window,
        /// Whether padding counts in the average.
        count_include_pad: bool,
    },
    /// `torch.nn.AdaptiveAvgPool2d(1)`: the mean of every channel.
    GlobalAvgPool2d,
    /// `torch.nn.Flatten`: `[N, …]` to `[N, features]`.
    Flatten,
}

const NAMES: [&str; 7] = [
    "Linear",
    "Conv2d",
    "ReLU",
    "MaxPool2d",
    "AvgPool2d",
    "AdaptiveAvgPool2d",
    "Flatten",
];

/// Torch's order of `Conv2d`'s arguments after the channels and the kernel.
const CONV: [&str; 5] = ["stride", "padding", "dilation", "groups", "bias"];

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
            "Conv2d" => conv2d(text, call),
            "ReLU" => {
                // `inplace` is about memory, which the plan arranges by itself.
                let args = Args::bind(text, call, &["inplace"])?;
                args.opt_bool("inplace")?;
                args.finish()?;
                Ok(Layer::Relu)
            }
            "MaxPool2d" => max_pool2d(text, call),
            "AvgPool2d" => avg_pool2d(text, call),
            "AdaptiveAvgPool2d" => {
                let args = Args::bind(text, call, &["output_size"])?;
                if pair(&args, "output_size", 1)? != Some([1, 1]) {
                    return Err(args.error("output_size", "only AdaptiveAvgPool2d(1) is supported"));
                }
                args.finish()?;
                Ok(Layer::GlobalAvgPool2d)
            }
            "Flatten" => {
                let args = Args::bind(text, call, &["start_dim"])?;
                if args.opt_u64("start_dim")?.is_some_and(|d| d != 1) {
                    return Err(
                        args.error("start_dim", "only Flatten(1), the default, is supported")
                    );
                }
                args.finish()?;
                Ok(Layer::Flatten)
            }
            _ => {
                let message = format!("unknown layer `{full}`");
                Err(expr::Error::at(text, call.span, message).suggest(name, &NAMES))
            }
        }
    }
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

fn conv2d(text: &str, call: &Expr) -> Result<Layer, expr::Error> {
    let kernel_named = given(call, "kernel_size");
    // Conv2d(out, kernel), Conv2d(out, kernel_size=k) or torch's Conv2d(in, out, kernel, …).
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
    let names = [&head[..], &CONV].concat();
    let args = Args::bind(text, call, &names)?;
    let Some(kernel) = pair(&args, "kernel_size", 1)? else {
        return Err(args.error("kernel_size", "Conv2d needs its argument `kernel_size`"));
    };
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

/// Prints a pair as torch takes it: one number if both are equal.
fn show(pair: [u32; 2]) -> String {
    if pair[0] == pair[1] {
        pair[0].to_string()
    } else {
        format!("({}, {})", pair[0], pair[1])
    }
}

/// As `torch.nn` would print it, with everything that is not a default.
impl fmt::Display for Layer {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let not = |list: &mut Vec<String>, name: &str, value: [u32; 2], default: [u32; 2]| {
            if value != default {
                list.push(format!("{name}={}", show(value)));
            }
        };
        let mut list = Vec::new();
        let name = match self {
            Layer::Linear {
                inputs,
                outputs,
                bias,
            } => {
                list.extend(inputs.map(|i| i.to_string()));
                list.push(outputs.to_string());
                list.extend((!bias).then(|| "bias=False".into()));
                "Linear"
            }
            Layer::Conv2d {
                inputs,
                outputs,
                window,
                bias,
            } => {
                list.extend(inputs.map(|i| i.to_string()));
                list.extend([outputs.to_string(), show(window.kernel)]);
                not(&mut list, "stride", window.stride, [1, 1]);
                not(&mut list, "padding", window.padding, [0, 0]);
                not(&mut list, "dilation", window.dilation, [1, 1]);
                list.extend((window.groups > 1).then(|| format!("groups={}", window.groups)));
                list.extend((!bias).then(|| "bias=False".into()));
                "Conv2d"
            }
            Layer::Relu => return f.write_str("ReLU"),
            Layer::MaxPool2d(window) | Layer::AvgPool2d { window, .. } => {
                list.push(show(window.kernel));
                not(&mut list, "stride", window.stride, window.kernel);
                not(&mut list, "padding", window.padding, [0, 0]);
                list.extend(window.ceil_mode.then(|| "ceil_mode=True".into()));
                match self {
                    Layer::AvgPool2d {
                        count_include_pad, ..
                    } => {
                        list.extend((!count_include_pad).then(|| "count_include_pad=False".into()));
                        "AvgPool2d"
                    }
                    _ => "MaxPool2d",
                }
            }
            Layer::GlobalAvgPool2d => return f.write_str("AdaptiveAvgPool2d(1)"),
            Layer::Flatten => return f.write_str("Flatten"),
        };
        write!(f, "{name}({})", list.join(", "))
    }
}
