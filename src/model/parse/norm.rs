//! Normalisations.

use super::{checked, opt_size, size};
use crate::{
    expr::{self, Args, Expr, Node},
    model::{BatchNorm, Layer},
};

pub(super) fn batch_norm(text: &str, call: &Expr, images: bool) -> Result<Layer, expr::Error> {
    let names = [
        "num_features",
        "eps",
        "momentum",
        "affine",
        "track_running_stats",
    ];
    let args = Args::bind(text, call, &names)?;
    let norm = BatchNorm {
        images,
        features: opt_size(&args, "num_features", 1)?,
        eps: epsilon(&args)?,
        momentum: match args.opt_expr("momentum").map(|e| &e.node) {
            Some(Node::None) => None,
            _ => match args.opt_f64("momentum")?.unwrap_or(0.1) {
                m if (0.0..=1.0).contains(&m) => Some(m as f32),
                _ => return Err(args.error("momentum", "`momentum` is from 0 to 1, or None")),
            },
        },
        affine: args.opt_bool("affine")?.unwrap_or(true),
    };
    if args.opt_bool("track_running_stats")? == Some(false) {
        let message = "running statistics are always kept: evaluation needs them";
        return Err(args.error("track_running_stats", message));
    }
    args.finish()?;
    Ok(Layer::BatchNorm(norm))
}

pub(super) fn layer_norm(text: &str, call: &Expr) -> Result<Layer, expr::Error> {
    let names = ["normalized_shape", "eps", "elementwise_affine", "bias"];
    let args = Args::bind(text, call, &names)?;
    let shape = match args.opt_expr("normalized_shape").map(|e| &e.node) {
        Some(Node::Tuple(items) | Node::List(items)) => {
            let sizes = items.iter().map(|item| match item.as_u64() {
                Some(n) => checked(&args, "normalized_shape", n, 1),
                None => Err(args.error("normalized_shape", "sizes are whole numbers")),
            });
            sizes.collect::<Result<Vec<u32>, _>>()?
        }
        _ => opt_size(&args, "normalized_shape", 1)?
            .into_iter()
            .collect(),
    };
    let affine = args.opt_bool("elementwise_affine")?.unwrap_or(true);
    if affine && args.opt_bool("bias")? == Some(false) {
        return Err(args.error("bias", "a LayerNorm with a weight has a bias here, too"));
    }
    let eps = epsilon(&args)?;
    args.finish()?;
    Ok(Layer::LayerNorm { shape, eps, affine })
}

pub(super) fn group_norm(text: &str, call: &Expr) -> Result<Layer, expr::Error> {
    let names = ["num_groups", "num_channels", "eps", "affine"];
    let args = Args::bind(text, call, &names)?;
    let layer = Layer::GroupNorm {
        groups: size(&args, "num_groups", 1)?,
        channels: opt_size(&args, "num_channels", 1)?,
        eps: epsilon(&args)?,
        affine: args.opt_bool("affine")?.unwrap_or(true),
    };
    args.finish()?;
    Ok(layer)
}

/// What is added to a variance.
fn epsilon(args: &Args) -> Result<f32, expr::Error> {
    match args.opt_f64("eps")?.unwrap_or(1e-5) {
        eps if (1e-30..=1e6).contains(&eps) => Ok(eps as f32),
        _ => Err(args.error("eps", "`eps` must be a small positive number")),
    }
}
