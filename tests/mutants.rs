//! Mistakes made on purpose, each killed by a named test: what shows that the oracles see.
//!
//! A mutant is real: another shader text, another twin, another plan, another uniform, judged by
//! the very function that the named test calls. `docs/testing.md` has the same list as a table.

use std::{fs, path::Path};

use kiln::{
    exec::{
        Executor,
        cpu::Cpu,
        gpu::GpuExecutor,
        tuning::{Choice, Table, key},
    },
    kernel::{CpuFn, Op},
    ops::{Group, Hyper, matmul},
    optim::{NAdam, Optimizer},
    plan::{Dispatch, Plan},
    variant::Variant,
};

use crate::{
    common::{Case, gpu, on_gpu_by},
    golden_ops, grad, ops,
    ops::op,
    optim,
};

/// A textual replacement in a shader, shared snippets included: everywhere it occurs.
type Edit = (&'static str, &'static str);

/// The kernel `name` with another text; its name gets a suffix, as pipelines are found by name.
fn mutated(name: &str, suffix: usize, edits: &[Edit]) -> &'static Op {
    let base = op(name);
    let mut wgsl = base.wgsl.to_string();
    for (from, to) in edits {
        assert!(wgsl.contains(from), "{name} does not contain {from:?}");
        wgsl = wgsl.replace(from, to);
    }
    Box::leak(Box::new(Op {
        name: Box::leak(format!("{name}/{suffix}").into_boxed_str()),
        wgsl: Box::leak(wgsl.into_boxed_str()),
        // Nothing runs beside the mutant.
        variants: &[],
        ..*base
    }))
}

/// The kernel `name` with one variant alone, whose template is another one.
fn mutated_variant(name: &str, variant: &str, suffix: usize, edits: &[Edit]) -> &'static Op {
    let base = op(name);
    let of_name = |v: &&Variant| v.name == variant;
    let found = base.variants.iter().find(of_name).expect("a variant");
    let mut wgsl = found.wgsl.to_string();
    for (from, to) in edits {
        assert!(
            wgsl.contains(from),
            "{name}.{variant} does not contain {from:?}"
        );
        wgsl = wgsl.replace(from, to);
    }
    let wgsl = Box::leak(wgsl.into_boxed_str());
    Box::leak(Box::new(Op {
        name: Box::leak(format!("{name}/{suffix}").into_boxed_str()),
        variants: Box::leak(Box::new([Variant { wgsl, ..*found }])),
        ..*base
    }))
}

/// What each mutant of a shader is, the shader, and its edits. Killed by
/// `ops::kernels_agree_with_their_twins`.
const SHADERS: &[(&str, &str, &[Edit])] = &[
    (
        "agreement of the gradient with itself",
        "rate_stats",
        &[("dot(g, slot)", "dot(g, g)")],
    ),
    (
        "distance from 0",
        "rate_stats",
        &[("dot(p - slot, p - slot)", "dot(p, p)")],
    ),
    (
        "gradient without its decay",
        "rate_stats",
        &[("+ h.weight_decay * p", "")],
    ),
    (
        "distance that shrinks again",
        "rate_estimate",
        &[("max(at(0u), sqrt(sum.y))", "sqrt(sum.y)")],
    ),
    (
        "least loss forgotten",
        "rate_estimate",
        &[("loss - dims.first", "loss")],
    ),
    (
        "growth without bounds",
        "rate_estimate",
        &[("after * dims.bound", "largest")],
    ),
    (
        "distances of both methods weighed alike",
        "rate_estimate",
        &[("select(d, d / dims.first * d, weighed)", "d")],
    ),
    (
        "second moment without the square of the distance",
        "dadapt_moments",
        &[("d * d * h.square_scale", "h.square_scale")],
    ),
    (
        "size of the sum before",
        "dadapt_moments",
        &[("abs(after)", "abs(s)")],
    ),
    (
        "weights moved that are to stay",
        "dadapt",
        &[("|| before < 0.0", "")],
    ),
    (
        "eps without the distance",
        "dadapt",
        &[("d * h.eps", "h.eps")],
    ),
    (
        "step by the new distance",
        "dadapt",
        &[("before * h.step_size", "d * h.step_size")],
    ),
    (
        "newest weights left out of the mean",
        "schedule_free",
        &[("newest * z", "newest * state[n + i]")],
    ),
    (
        "gradients taken at the mean",
        "schedule_free",
        &[("h.gradient_scale * z + h.momentum * x", "x")],
    ),
    (
        "weights decay through the gradient",
        "adam",
        &[("(dims.flags & DECOUPLED) != 0u", "false")],
    ),
    (
        "largest mean of squares forgotten",
        "adam",
        &[("v = max(v, state[2u * n + i]);", "")],
    ),
    (
        "eps inside of the root",
        "adam",
        &[(
            "sqrt(v) / h.correction + h.eps",
            "sqrt(v + h.eps) / h.correction",
        )],
    ),
    (
        "first moment not corrected",
        "adam",
        &[("h.step_size * (m", "h.lr * (m")],
    ),
    (
        "updates applied that are to be left out",
        "adam",
        &[("if left_out() { return; }", "")],
    ),
    (
        "gradient left out of Nesterov's step",
        "adam",
        &[("h.momentum * m + h.trust * g", "h.momentum * m")],
    ),
    (
        "mean of Nesterov's step kept",
        "adam",
        &[
            ("        state[i] = m;\n", ""),
            (
                "        param[i] = p",
                "        state[i] = m;\n        param[i] = p",
            ),
        ],
    ),
    (
        "eps outside of the roots",
        "adadelta",
        &[
            ("sqrt(steps + h.eps)", "(sqrt(steps) + h.eps)"),
            ("sqrt(square + h.eps)", "(sqrt(square) + h.eps)"),
        ],
    ),
    (
        "mean of the steps as they are applied",
        "adadelta",
        &[("* step * step", "* h.lr * step * h.lr * step")],
    ),
    (
        "step by the mean of the steps with itself",
        "adadelta",
        &[(
            "sqrt(steps + h.eps)",
            "sqrt(h.square_decay * steps + h.eps)",
        )],
    ),
    (
        "largest gradient that never fades",
        "adamax",
        &[("h.square_decay * state[n + i]", "state[n + i]")],
    ),
    (
        "eps beside what divides",
        "adamax",
        &[
            ("abs(g) + h.eps", "abs(g)"),
            ("mean / largest", "mean / (largest + h.eps)"),
        ],
    ),
    (
        "first moment not corrected",
        "adamax",
        &[("h.step_size", "h.lr")],
    ),
    (
        "norm of the gradient without its decay",
        "lars_norms",
        &[("+ h.weight_decay * p", "")],
    ),
    (
        "a lane's sum left out",
        "lars_norms",
        &[(
            "sums[lane] += sums[lane + half]",
            "sums[lane] = sums[lane + half]",
        )],
    ),
    (
        "ratio upside down",
        "lamb_norms",
        &[("param_norm / step_norm", "step_norm / param_norm")],
    ),
    (
        "every parameter begins where the first does",
        "lamb_norms",
        &[("if segment > 0u {", "if false {")],
    ),
    (
        "rate outside of the momentum",
        "lars",
        &[
            ("let step = rate *", "let step ="),
            ("p - select", "p - rate * select"),
        ],
    ),
    (
        "ratio ignored",
        "lamb",
        &[("h.lr * control[trust_at(segment_of(4u * i))]", "h.lr")],
    ),
    (
        "sum of squares as a mean",
        "adagrad",
        &[("state[i] + g * g", "0.9 * state[i] + 0.1 * g * g")],
    ),
    (
        "rate without its own decay",
        "adagrad",
        &[("h.step_size", "h.lr")],
    ),
    (
        "mean not taken off",
        "rmsprop",
        &[("square - mean * mean", "square")],
    ),
    (
        "mean in the place of the momentum",
        "rmsprop",
        &[("(1u + (dims.flags & MOMENTUM)) * n", "n")],
    ),
    (
        "rate gathered in the momentum",
        "rmsprop",
        &[
            ("var step = g", "var step = h.lr * g"),
            ("h.lr * step", "step"),
        ],
    ),
    (
        "the mean's own factor for the direction",
        "lion",
        &[(
            "h.momentum * mean + h.gradient_scale * g",
            "h.square_decay * mean + h.square_scale * g",
        )],
    ),
    ("as far as the gradient is large", "lion", &[("sign(", "(")]),
    (
        "a segment's last elements taken for the next one's",
        "sgd",
        &[(
            "element < dims.table[middle].end",
            "element + 4u < dims.table[middle].end",
        )],
    ),
    (
        "a segment's own rate ignored",
        "sgd",
        &[("segment.scale * control[0]", "control[0]")],
    ),
    (
        "every segment takes the first group",
        "sgd",
        &[("hyper.groups[segment.group]", "hyper.groups[0]")],
    ),
    (
        "batches counted alike whatever their size",
        "accumulate",
        &[("hyper.share * grad", "grad")],
    ),
    (
        "the update before is carried on",
        "accumulate",
        &[("if hyper.begin != 0u", "if false")],
    ),
    (
        "loss of the last batch alone",
        "accumulate",
        &[("if hyper.begin == 0u", "if false")],
    ),
    (
        "every epoch has the same pictures",
        "augment_bytes",
        &[("^ hyper.picture_key1", "")],
    ),
    (
        "pixels beyond the border taken from its other side",
        "augment_bytes",
        &[("from_x < dims.padding_w + dims.w", "true")],
    ),
    (
        "mirrored after the shift",
        "augment_bytes",
        &[
            ("{ from_x = dims.w - 1u - x; }", "{ }"),
            (
                "    var inside",
                "    if dims.flip > 0u && happens(draw(sample, 2u), dims.flip) { from_x = 2u * dims.padding_w + dims.w - 1u - from_x; }\n    var inside",
            ),
        ],
    ),
    (
        "erased wherever it happens not to be",
        "augment_bytes",
        &[("y >= top && y < top + eh", "(y < top || y >= top + eh)")],
    ),
    (
        "no slope below zero",
        "activation",
        &[("dims.alpha * x, x < 0.0", "0.0, x < 0.0")],
    ),
    (
        "tangent of half the argument",
        "activation",
        &[("exp(2.0 * min", "exp(min")],
    ),
    (
        "GELU's tangent for its error function",
        "activation",
        &[(
            "error_function(0.70710678 * x)",
            "hyperbolic_tangent(gelu_argument(x))",
        )],
    ),
    (
        "slope of SiLU without its second term",
        "activation_grad",
        &[("p * (1.0 + x * logistic(-x))", "p")],
    ),
    (
        "slope of GELU without the density",
        "activation_grad",
        &[(" + c * 0.3989422804 * exp(-0.5 * c * c)", "")],
    ),
    (
        "slope of the tangent for the logistic function's",
        "activation_grad",
        &[("case SIGMOID: {", "case 99u: {")],
    ),
    (
        "logarithm of the sum left out",
        "softmax",
        &[("v - spread", "v")],
    ),
    (
        "lanes' second numbers dropped",
        "softmax",
        &[(
            "sum += vec2<f32>(exp(v - top), top - v);",
            "sum = vec2<f32>(exp(v - top), top - v);",
        )],
    ),
    (
        "mean square for the variance",
        "moments",
        &[("x[at(i, channel)] - mean", "x[at(i, channel)]")],
    ),
    (
        "reduction stops a level early",
        "moments",
        &[("half > 0u", "half > 1u")],
    ),
    (
        "running variance biased",
        "running_stats",
        &[(
            "stat[dims.channels + c] * unbiased",
            "stat[dims.channels + c]",
        )],
    ),
    (
        "old statistics for the new",
        "running_stats",
        &[(
            "weight * (mean - running[c])",
            "(1.0 - weight) * (mean - running[c])",
        )],
    ),
    (
        "what is not finite taken in",
        "running_stats",
        &[("!is_non_finite(mean) &&", "")],
    ),
    (
        "statistics move after the end of a run",
        "running_stats",
        &[(
            "let ended = hyper.leave_out == 2u &&",
            "let ended = false &&",
        )],
    ),
    (
        "batches not counted",
        "running_stats",
        &[(
            "running[2u * dims.channels] + 1.0",
            "running[2u * dims.channels]",
        )],
    ),
    ("ε left out", "normalize", &[(" + dims.eps", "")]),
    (
        "bias dropped",
        "normalize",
        &[(" + affine[dims.shift + channel]", "")],
    ),
    (
        "weights by group",
        "normalize",
        &[("affine[channel]", "affine[g % dims.channels]")],
    ),
    (
        "fused ReLU dropped",
        "normalize",
        &[("v = relu(v)", "v = v + 0.0")],
    ),
    (
        "sums of the gradient for those with x̂",
        "norm_sums",
        &[("dy[i] * normal", "dy[i]")],
    ),
    ("x not centred", "norm_sums", &[("x[i] - stat[g]", "x[i]")]),
    (
        "weight left out of the scale",
        "norm_coefficients",
        &[("weight = affine[g]", "weight = 1.0")],
    ),
    (
        "sums instead of means",
        "norm_coefficients",
        &[("scale * sums[g] / m", "scale * sums[g]")],
    ),
    (
        "statistics taken for constants",
        "norm_grad",
        &[("((dy[i] - k.z) - (x[i] - k.y) * k.w)", "dy[i]")],
    ),
    (
        "mask dropped from a normalisation's gradient",
        "norm_grad",
        &[("if dims.mask != 0u", "if dims.mask == 7u")],
    ),
    (
        "sum left out of the gradient",
        "softmax_grad",
        &[("p * (g - total)", "p * g")],
    ),
    (
        "gradient of the logarithm by the plain output",
        "softmax_grad",
        &[("exp(p) * total", "p * total")],
    ),
    (
        "weights of the other average",
        "average",
        &[("hyper.ema, hyper.swa", "hyper.swa, hyper.ema")],
    ),
    (
        "moves away from the weights",
        "average",
        &[("param[i] - average[i]", "average[i] - param[i]")],
    ),
    (
        "decay taken for the weight",
        "average",
        &[("weight * (", "(1.0 - weight) * (")],
    ),
    (
        "wrong sign of the update",
        "sgd",
        &[("p - h.lr", "p + h.lr")],
    ),
    (
        "rate in the shader's text",
        "sgd",
        &[("h.lr *= factor", "h.lr = 0.1 * factor")],
    ),
    (
        "controllers' factor ignored",
        "sgd",
        &[("control[0]); }", "1.0); }")],
    ),
    (
        "momentum as a moving average",
        "sgd",
        &[("h.gradient_scale * g", "(1.0 - h.momentum) * g")],
    ),
    (
        "weight decay after momentum",
        "sgd",
        &[
            ("g += h.weight_decay * p;", ""),
            ("* g, v)", "* (g + h.weight_decay * p), v)"),
        ],
    ),
    (
        "gradient not scaled to the norm",
        "sgd",
        &[("g *= control", "g += 0.0 * control")],
    ),
    (
        "gradient clamped from above only",
        "sgd",
        &[("vec4<f32>(-hyper.clip_value)", "vec4<f32>(-1000.0)")],
    ),
    (
        "clipped after weight decay",
        "sgd",
        &[
            ("if hyper.clip_value > 0.0 { g =", "if false { g ="),
            (
                "+= h.weight_decay * p;",
                "= clamp(g + h.weight_decay * p, vec4<f32>(-hyper.clip_value), vec4<f32>(hyper.clip_value));",
            ),
        ],
    ),
    (
        "updates applied that are to be left out",
        "sgd",
        &[("if left_out() { return; }", "")],
    ),
    (
        "updates left out that are to be applied",
        "sgd",
        &[("hyper.leave_out != 0u &&", "")],
    ),
    (
        "average moves with an update that was left out",
        "average",
        &[(" || (dims.which == 0u && left_out())", "")],
    ),
    (
        "mean misses weights after an update that was left out",
        "average",
        &[("(dims.which == 0u && left_out())", "left_out()")],
    ),
    (
        "loss that is not finite passes",
        "grad_stats_log",
        &[("|| is_non_finite(loss)", "")],
    ),
    (
        "gradient that is not finite passes",
        "grad_stats_log",
        &[("bad > 0.0 ||", "")],
    ),
    (
        "updates after the one that ends a run are applied",
        "log_grad",
        &[("if ended ||", "if")],
    ),
    (
        "one update that is left out ends the run",
        "log_grad",
        &[("hyper.leave_out == 2u &&", "")],
    ),
    (
        "loss that is not finite passes",
        "grad_stats_control",
        &[("|| is_non_finite(loss)", "")],
    ),
    (
        "squared norm taken for the norm",
        "grad_stats_log",
        &[("sqrt(squares)", "squares")],
    ),
    (
        "small gradients scaled up",
        "log_grad",
        &[("min(hyper", "max(hyper")],
    ),
    (
        "gather ignores the cursor",
        "gather",
        &[("hyper.cursor + ", "")],
    ),
    (
        "images: gather ignores the cursor",
        "gather_bytes",
        &[("hyper.cursor + ", "")],
    ),
    (
        "bytes of a word in the other order",
        "gather_bytes",
        &[("8u * (at % 4u)", "24u - 8u * (at % 4u)")],
    ),
    (
        "logged sum instead of mean",
        "log_batch",
        &[(" / f32(dims.rows)", "")],
    ),
    (
        "log slot ignored",
        "log_batch",
        &[("hyper.slot % dims.slots", "0u")],
    ),
    (
        "gradient of the sum instead of the mean",
        "softmax_cross_entropy",
        &[("(p - target_p) / f32(dims.rows)", "p - target_p")],
    ),
    (
        "label smoothing dropped from the loss",
        "softmax_cross_entropy",
        &[("if dims.smoothing > 0.0", "if false")],
    ),
    (
        "labels of the epoch's first batch",
        "softmax_cross_entropy",
        &[("hyper.cursor + ", "")],
    ),
    (
        "labels of the epoch's first batch",
        "cross_entropy_log",
        &[("hyper.cursor + ", "")],
    ),
    (
        "lanes' second rows dropped",
        "cross_entropy_log",
        &[("r += LANES", "r += dims.rows")],
    ),
    (
        "NaN counted as finite",
        "grad_stats_log",
        &[("< vec4<u32>(0x7f800000u)", "!= vec4<u32>(0x7f800000u)")],
    ),
    (
        "reduction stops a level early",
        "grad_stats_log",
        &[("half > 0u", "half > 1u")],
    ),
    (
        "goals of the epoch's first batch",
        "pointwise_loss",
        &[("hyper.cursor * dims.cols + ", "")],
    ),
    (
        "half of the gradient",
        "pointwise_loss",
        &[("2.0 * error)", "error)")],
    ),
    (
        "Huber's loss square everywhere",
        "pointwise_loss",
        &[("abs(error) <= dims.delta", "true")],
    ),
    (
        "classes taken for values",
        "pointwise_loss",
        &[("if dims.one_hot == 0u {", "if true {")],
    ),
    (
        "batch's weights not divided by",
        "weighted_cross_entropy",
        &[("- pull) / batch", "- pull) / f32(dims.rows)")],
    ),
    (
        "smoothing without weights",
        "weighted_cross_entropy",
        &[("even * weight(c) +", "even +")],
    ),
    (
        "every batch drops the same",
        "dropout",
        &[("^ hyper.dropout_key1", "")],
    ),
    (
        "every layer drops the same",
        "dropout",
        &[(" + dims.layer * 0x9e3779b9u", "")],
    ),
    (
        "what is kept not scaled",
        "dropout",
        &[(" * dims.scale", "")],
    ),
    (
        "mask dropped from dropout's gradient",
        "dropout",
        &[("if dims.mask != 0u", "if dims.mask == 7u")],
    ),
    (
        "weights by element",
        "scale_channels",
        &[("divide(i, dims.plane)", "i")],
    ),
    (
        "windows that do not overlap",
        "adaptive_avg_pool2d",
        &[("(o + 1u) * size + outputs - 1u", "(o + 1u) * size")],
    ),
    (
        "last window left out",
        "adaptive_avg_pool2d_grad",
        &[("(i + 1u) * outputs + size - 1u", "(i + 1u) * outputs")],
    ),
    (
        "share of a window's rows alone",
        "adaptive_avg_pool2d_grad",
        &[(" * (across.y - across.x)", "")],
    ),
    (
        "mask dropped from an adaptive pooling's gradient",
        "adaptive_avg_pool2d_grad",
        &[("if dims.mask != 0u", "if dims.mask == 7u")],
    ),
    (
        "indices beyond the table begin anew",
        "embedding",
        &[(
            "min(u32(clamp(index, 0.0, 16777216.0)), dims.rows - 1u)",
            "u32(clamp(index, 0.0, 16777216.0)) % dims.rows",
        )],
    ),
    (
        "last of equal indices counts",
        "embedding_grad",
        &[("sum += dy", "sum = dy")],
    ),
    (
        "every row gets everything",
        "embedding_grad",
        &[("row_of(index[i]) == row", "row_of(index[i]) < dims.rows")],
    ),
    (
        "bias of a transposed convolution dropped",
        "conv2d_dx",
        &[("v += e[channel]", "v += 0.0")],
    ),
    (
        "copied as it lies",
        "transpose",
        &[("b * size + i * dims.cols + j", "at")],
    ),
    (
        "swapped transpose",
        "matmul",
        &[("dims.ta != 0u", "dims.tb != 0u")],
    ),
    (
        "linear bias dropped",
        "matmul",
        &[("y += e[j]", "y += 0.0")],
    ),
    (
        "fused ReLU dropped",
        "matmul",
        &[("y = relu(y)", "y = y + 0.0")],
    ),
    (
        "mask dropped from a linear layer's gradient",
        "matmul",
        &[("y = masked(e[at], y)", "y = y + 0.0")],
    ),
    (
        "tile stored beyond the edge",
        "matmul",
        &[("if i >= dims.m || j >= dims.n { return; }", "")],
    ),
    (
        "last term of the sum dropped",
        "matmul",
        &[("p < terms.y", "p + 1u < terms.y")],
    ),
    (
        "row sums from the wrong factor",
        "matmul",
        &[("sums += x;", "sums += y;")],
    ),
    (
        "sums of a bias's gradient without the last pixel",
        "conv2d_dw",
        &[("sums += g;", "if p + 1u < last { sums += g; }")],
    ),
    (
        "first part of a split sum dropped",
        "split_sum",
        &[("var p = 0u;", "var p = 1u;")],
    ),
    (
        "convolution bias dropped",
        "conv2d",
        &[("v += e[channel]", "v += 0.0")],
    ),
    (
        "dilation ignored",
        "conv2d",
        &[("kx * dims.dilation_w", "kx")],
    ),
    (
        "groups read the first group's input",
        "conv2d",
        &[("dims.c + g * group_c + c", "dims.c + c")],
    ),
    (
        "padding repeats the border",
        "conv2d",
        &[(
            "let valid = in_y & (ix >= vec4<i32>(0)) & (ix <",
            "let valid = in_y & (ix <",
        )],
    ),
    (
        "stride's remainder ignored",
        "conv2d_dx",
        &[("(ox * stride.y == tx)", "(ox * stride.y <= tx)")],
    ),
    (
        "mask dropped from a convolution's gradient",
        "conv2d_dx",
        &[("v = masked(e[at], v)", "v = v + 0.0")],
    ),
    (
        "reduction stops a level early",
        "conv2d_dw",
        &[("half > 0u", "half > 1u")],
    ),
    (
        "mean instead of sum",
        "channel_sum",
        &[("= sums[0]", "= sums[0] / f32(elements)")],
    ),
    (
        "last maximum wins ties",
        "max_pool2d",
        &[("v > best", "v >= best")],
    ),
    (
        "gradient to every element of the window",
        "max_pool2d_grad",
        &[("index[o] == me", "index[o] < 1000000u")],
    ),
    (
        "padding left out of the divisor",
        "avg_pool2d",
        &[(
            "dims.count_include_pad != 0u",
            "dims.count_include_pad == 7u",
        )],
    ),
    (
        "mask dropped from a pooling's gradient",
        "avg_pool2d_grad",
        &[("if dims.mask != 0u", "if dims.mask == 7u")],
    ),
    ("residual branch dropped", "add", &[("x[i] + y[i]", "x[i]")]),
    (
        "last element never written",
        "relu",
        &[("if i >= dims.n", "if i + 1u >= dims.n")],
    ),
    (
        "infinities pass the finite check",
        "grad_stats",
        &[("< vec4<u32>(0x7f800000u)", "<= vec4<u32>(0x7f800000u)")],
    ),
    (
        "norm of the wrong slot",
        "gradient_control",
        &[("log[at + 2u]", "log[2u]")],
    ),
    (
        "norm's ratio acts on the update under way",
        "grad_stats_control",
        &[(
            "take_in_all(1u, sum);",
            "take_in_all(1u, sum); take_in_all(0u, sum);",
        )],
    ),
    (
        "AdaGrad-Norm acts on the next update",
        "grad_stats_control",
        &[
            ("take_in_all(1u, sum);", ""),
            (
                "take_in_all(0u, sum);",
                "take_in_all(0u, sum); take_in_all(1u, sum);",
            ),
        ],
    ),
    (
        "norm of a gradient with NaN taken in",
        "grad_stats_control",
        &[("&& bad == 0.0", "")],
    ),
    (
        "second controller left out",
        "grad_stats_control",
        &[("i < dims.count", "i < 1u")],
    ),
];

/// A mutant with a judge of its own: what it is, the test that kills it, and that test's verdict.
type Judged = (&'static str, &'static str, fn() -> Result<(), String>);

const JUDGED: &[Judged] = &[
    (
        "NaN cut by the ReLU",
        "ops::relu_keeps_nan_and_signed_zero",
        || {
            ops::relu_keeps_nan(mutated(
                "relu",
                1,
                &[(
                    "select(x, 0.0, bits > 0x80000000u && bits <= 0xff800000u)",
                    "max(x, 0.0)",
                )],
            ))
        },
    ),
    (
        "NaN cut by the ReLU of vectors",
        "ops::relu_keeps_nan_and_signed_zero",
        || {
            ops::relu_keeps_nan(mutated_variant(
                "relu",
                "vector",
                1,
                &[("relu4(x[i])", "max(x[i], vec4<f32>())")],
            ))
        },
    ),
    (
        "gradient passes at zero",
        "ops::relu_grad_passes_at_nan_and_stops_at_zero",
        || {
            ops::relu_grad_stops_at_zero(mutated(
                "relu_grad",
                1,
                &[("bits - 1u >= 0x7fffffffu", "bits >= 0x80000000u")],
            ))
        },
    ),
    (
        "NaN loses the maximum",
        "ops::max_pooling_picks_as_pytorch_does",
        || ops::max_pool2d_picks_as_pytorch(mutated("max_pool2d", 1, &[("|| is_nan(v)", "")])),
    ),
    (
        "softmax without its maximum",
        "ops::cross_entropy_survives_extreme_logits",
        || {
            let edits = [
                ("exp(x - top)", "exp(x)"),
                ("log(total)", "log(total) - top"),
                ("exp(logits[start + c] - top)", "exp(logits[start + c])"),
            ];
            ops::cross_entropy_survives_extremes(mutated("softmax_cross_entropy", 1, &edits))
        },
    ),
    (
        "last part never counted",
        "ops::what_is_not_finite_is_counted",
        || {
            ops::grad_stats_counts(mutated(
                "grad_stats",
                1,
                &[("i < dims.n / 4u", "i + 1u < dims.n / 4u")],
            ))
        },
    ),
    (
        "second row of workgroups repeats the first",
        "ops::a_long_launch_reaches_its_last_element",
        || ops::a_long_launch_ends(mutated("add", 1, &[(" + group.y * groups.x", "")])),
    ),
    (
        "an invocation's second vector left out",
        "ops::a_long_update_reaches_its_last_element",
        || ops::a_long_update_ends(mutated("sgd", 2, &[("i += stride", "i += dims.n")])),
    ),
    (
        "transposes ignored, in kernel and twin alike",
        "golden_ops::kernels_match_pytorch",
        || {
            golden_ops::twins_match_pytorch(|op| {
                if op.name == "matmul" {
                    untransposed
                } else {
                    op.cpu
                }
            })
        },
    ),
    (
        "gradient of the sum, in kernel and twin alike",
        "grad::lenet_with_residuals",
        || backward(|plan| replace(plan, "cross_entropy_log", unscaled)),
    ),
    (
        "swapped transpose in a backward rule",
        "grad::lenet_with_residuals",
        || {
            backward(|plan| {
                let is_square = |d: &Dispatch| d.dims[1] == d.dims[2] && d.dims[3..5] == [0, 0];
                last(plan, "matmul", is_square).dims[4] = 1;
            })
        },
    ),
    (
        "mask dropped in a backward rule",
        "grad::lenet_with_residuals",
        || {
            backward(|plan| {
                last(plan, "max_pool2d_grad", |d| d.dims[12] == 1).dims[12] = 0;
            })
        },
    ),
    (
        "padding dropped in a backward rule",
        "grad::lenet_with_residuals",
        || backward(|plan| last(plan, "conv2d_dw", |d| d.dims[11] == 1).dims[11] = 0),
    ),
    (
        "bias gradient dropped",
        "grad::lenet_with_residuals",
        || {
            backward(|plan| {
                last(plan, "matmul", |d| d.dims[6] != 0).dims[6] = 0;
            })
        },
    ),
    (
        "one branch of a fan-out dropped",
        "grad::lenet_with_residuals",
        || {
            backward(|plan| {
                let sum = last(plan, "add", |_| true);
                sum.args[0] = sum.args[1];
            })
        },
    ),
    (
        "stale rate: the previous update's",
        "optim::sgd_matches_pytorch",
        || schedule(|sgd, t| sgd.hyper(rate(t.saturating_sub(1)), None, None, t as u64)),
    ),
    (
        "rate of the next update",
        "optim::sgd_matches_pytorch",
        || schedule(|sgd, t| sgd.hyper(rate((t + 1).min(19)), None, None, t as u64)),
    ),
    (
        "momentum dropped by the host",
        "optim::sgd_matches_pytorch",
        || schedule(|sgd, t| sgd.hyper(rate(t), Some(0.0), None, t as u64)),
    ),
    (
        "every update is the first",
        "optim::sgd_matches_pytorch",
        || schedule(|sgd, t| sgd.hyper(rate(t), None, None, 0)),
    ),
    (
        "dampening at the first update too",
        "optim::sgd_matches_pytorch",
        || schedule(|sgd, t| sgd.hyper(rate(t), None, None, t as u64 + 1)),
    ),
    (
        "bias of the moments corrected as one update later",
        "optim::adam_matches_pytorch",
        || schedule_of("Adam", |o, t| o.hyper(rate(t), None, None, t as u64 + 1)),
    ),
    (
        "bias of the moments never corrected",
        "optim::adam_matches_pytorch",
        || schedule_of("Adam", |o, t| o.hyper(rate(t), None, None, 1 << 40)),
    ),
    (
        "weights decay as Adam's do",
        "optim::adamw_matches_pytorch",
        || {
            optim::cases_of("AdamW").into_iter().try_for_each(|case| {
                let Optimizer::AdamW(adamw) = optim::configured(case) else {
                    panic!("{case}")
                };
                let plan = optim::plan(&Optimizer::Adam(adamw.0), None);
                let mut machine = Cpu::naive(plan.clone()).unwrap();
                optim::follow(case, &plan, &mut machine, &as_trained)
            })
        },
    ),
    (
        "product of the momenta without this update's",
        "optim::nadam_matches_pytorch",
        || {
            schedule_of("NAdam", |o, t| {
                let before = o.hyper(rate(t), None, None, (t as u64).saturating_sub(1));
                with(as_trained(o, t), |g| g.trust = before.groups[0].trust)
            })
        },
    ),
    (
        "momentum of this update in the place of the next one's",
        "optim::nadam_matches_pytorch",
        || {
            schedule_of("NAdam", |o, t| {
                let before = o.hyper(rate(t), None, None, (t as u64).saturating_sub(1));
                with(as_trained(o, t), |g| g.momentum = before.groups[0].momentum)
            })
        },
    ),
    (
        "rectified as one update later",
        "optim::radam_matches_pytorch",
        || schedule_of("RAdam", |o, t| o.hyper(rate(t), None, None, t as u64 + 1)),
    ),
    (
        "steps before the variance is known divided by its root",
        "optim::radam_matches_pytorch",
        || {
            schedule_of("RAdam", |o, t| {
                with(as_trained(o, t), |g| g.correction = g.correction.min(1.0))
            })
        },
    ),
    (
        "decoupled decay through the gradient",
        "optim::nadam_matches_pytorch",
        || {
            optim::cases_of("NAdam").into_iter().try_for_each(|case| {
                let Optimizer::NAdam(nadam) = optim::configured(case) else {
                    panic!("{case}")
                };
                let plan = optim::plan(
                    &Optimizer::NAdam(NAdam {
                        decoupled_weight_decay: false,
                        ..nadam
                    }),
                    None,
                );
                let mut machine = Cpu::naive(plan.clone()).unwrap();
                optim::follow(case, &plan, &mut machine, &as_trained)
            })
        },
    ),
    ("dampening forgotten", "optim::sgd_matches_pytorch", || {
        schedule(|sgd, t| with(as_trained(sgd, t), |g| g.gradient_scale = 1.0))
    }),
    ("Nesterov ignored", "optim::sgd_matches_pytorch", || {
        schedule(|sgd, t| with(as_trained(sgd, t), |g| g.nesterov = 0))
    }),
    ("maximize ignored", "optim::sgd_matches_pytorch", || {
        schedule(|sgd, t| with(as_trained(sgd, t), |g| g.maximize = 0))
    }),
    (
        "weight decay before the sign of maximize",
        "optim::sgd_matches_pytorch",
        || {
            let edits = [
                ("if h.maximize != 0u { g = -g; }", ""),
                (
                    "g += h.weight_decay * p; }",
                    "g += h.weight_decay * p; }\n    if h.maximize != 0u { g = -g; }",
                ),
            ];
            shader_of_sgd(&edits)
        },
    ),
    (
        "first momentum is dampened in the shader",
        "optim::sgd_matches_pytorch",
        || shader_of_sgd(&[("if h.first == 0u", "if true")]),
    ),
    (
        "momentum as a moving average, in kernel and twin alike",
        "optim::sgd_matches_pytorch",
        || {
            let average: CpuFn = |d, r, w| {
                let mut hyper: Hyper = bytemuck::pod_read_unaligned(bytemuck::cast_slice(r[0]));
                let group = &mut hyper.groups[0];
                group.gradient_scale = 1.0 - group.momentum;
                let words = [hyper];
                (op("sgd").cpu)(d, &[bytemuck::cast_slice(&words), r[1], r[2]], w);
            };
            let plan = optim::plan(&Optimizer::default(), Some(twinned("sgd", average)));
            follow(&plan, &mut Cpu::naive(plan.clone()).unwrap(), as_trained)
        },
    ),
];

/// A twin that never transposes.
fn untransposed(dims: &[u32], reads: &[&[f32]], writes: &mut [&mut [f32]]) {
    let mut d: matmul::Dims = bytemuck::pod_read_unaligned(bytemuck::cast_slice(dims));
    (d.ta, d.tb) = (0, 0);
    (op("matmul").cpu)(&crate::common::words(d), reads, writes);
}

/// A twin whose gradient is that of the sum over the rows.
fn unscaled(dims: &[u32], reads: &[&[f32]], writes: &mut [&mut [f32]]) {
    (op("cross_entropy_log").cpu)(dims, reads, writes);
    writes[0].iter_mut().for_each(|g| *g *= dims[0] as f32);
}

/// The kernel `name` with another twin.
fn twinned(name: &str, twin: CpuFn) -> &'static Op {
    Box::leak(Box::new(Op {
        cpu: twin,
        fast: twin,
        ..*op(name)
    }))
}

fn replace(plan: &mut Plan, name: &str, twin: CpuFn) {
    last(plan, name, |_| true).op = twinned(name, twin);
}

/// The last dispatch of a kernel that is `wanted`: backward passes come last.
fn last<'p>(
    plan: &'p mut Plan,
    name: &str,
    wanted: impl Fn(&Dispatch) -> bool,
) -> &'p mut Dispatch {
    let mut all = plan.dispatches.iter_mut().rev();
    all.find(|d| d.op.name == name && wanted(d))
        .unwrap_or_else(|| panic!("no such {name}"))
}

fn backward(mutate: fn(&mut Plan)) -> Result<(), String> {
    let (lenet, slopes) = grad::residual_lenet();
    let mut mutant = lenet.clone();
    mutate(&mut mutant.plan);
    mutant.plan.check().unwrap();
    mutant.check(slopes)
}

fn rate(step: usize) -> f64 {
    optim::rates()[step]
}

/// A uniform with other numbers of its first group.
fn with(mut hyper: Hyper, change: impl Fn(&mut Group)) -> Hyper {
    change(&mut hyper.groups[0]);
    hyper
}

fn as_trained(sgd: &Optimizer, step: usize) -> Hyper {
    sgd.hyper(rate(step), None, None, step as u64)
}

/// All golden runs of SGD; the first that strays.
fn follow(
    plan: &Plan,
    machine: &mut dyn Executor,
    hyper: fn(&Optimizer, usize) -> Hyper,
) -> Result<(), String> {
    let mut cases = optim::cases_of("SGD").into_iter();
    cases.try_for_each(|case| optim::follow(case, plan, machine, &hyper))
}

fn schedule(hyper: fn(&Optimizer, usize) -> Hyper) -> Result<(), String> {
    let plan = optim::plan(&Optimizer::default(), None);
    follow(&plan, &mut Cpu::naive(plan.clone()).unwrap(), hyper)
}

/// All golden runs of an optimiser, on the twin.
fn schedule_of(name: &str, hyper: fn(&Optimizer, usize) -> Hyper) -> Result<(), String> {
    optim::cases_of(name).into_iter().try_for_each(|case| {
        let plan = optim::plan(&optim::configured(case), None);
        let mut machine = Cpu::naive(plan.clone()).unwrap();
        optim::follow(case, &plan, &mut machine, &hyper)
    })
}

fn shader_of_sgd(edits: &[Edit]) -> Result<(), String> {
    let plan = optim::plan(&Optimizer::default(), Some(mutated("sgd", 1, edits)));
    let mut machine = GpuExecutor::new(gpu(), &plan).unwrap();
    follow(&plan, &mut machine, as_trained)
}

const AGREE: &str = "ops::kernels_agree_with_their_twins";
const VARIANTS_AGREE: &str = "ops::variants_agree_with_their_twins";

/// What each mutant of a variant is, the kernel, the variant, and the edits of its template. Killed
/// by `ops::variants_agree_with_their_twins`.
const VARIANTS: &[(&str, &str, &str, &[Edit])] = &[
    (
        "rows of another lane",
        "matmul",
        "register",
        &[(
            "${i % lanes}u)\n//%   else\nx",
            "${(i + 1) % lanes}u)\n//%   else\nx",
        )],
    ),
    (
        "columns of pairs swapped",
        "matmul",
        "register",
        &[
            (
                "b${d}_${j} = four(w${d}_${j}.xy)",
                "b${d}_${j} = four(w${d}_${j}.zw)",
            ),
            (
                "b${d}_${j + 1} = four(w${d}_${j}.zw)",
                "b${d}_${j + 1} = four(w${d}_${j}.xy)",
            ),
        ],
    ),
    (
        "bias dropped",
        "matmul",
        "register",
        &[("sum ~ ' + ' ~ e", "sum")],
    ),
    (
        "row sums without their last term",
        "matmul",
        "register",
        &[(
            "p < terms.y; p += 1u) { sum +=",
            "p + 1u < terms.y; p += 1u) { sum +=",
        )],
    ),
    (
        "neighbouring slices exchanged",
        "matmul",
        "workgroup",
        &[("let at_b = d *", "let at_b = (d ^ 1u) *")],
    ),
    (
        "padding read as pixels",
        "conv2d",
        "register",
        &[("x' ~ j ~ shift ~ ' < w'", "x' ~ j ~ shift ~ ' < 1000000u'")],
    ),
    (
        "a unit's second half stored as its first",
        "conv2d",
        "register",
        &[(
            "let unit${j} = min(first + ${j * lanes}u",
            "let unit${j} = min(first",
        )],
    ),
    (
        "kernel not mirrored",
        "conv2d_dx",
        "register",
        &[("${kh * kw - 1}u - tap", "tap")],
    ),
    (
        "mask dropped",
        "conv2d_dx",
        "register",
        &[("if mask else clamped", "if false else clamped")],
    ),
    (
        "a lane's sum dropped",
        "conv2d_dw",
        "register",
        &[("var l = 0u; l <", "var l = 1u; l <")],
    ),
    (
        "bias's gradient of another channel",
        "conv2d_dw",
        "register",
        &[("d${i} += $", "d0 += $")],
    ),
    (
        "output channels of another lane",
        "conv2d_dw",
        "channel",
        &[("i % lanes ~ 'u)'", "(i + 1) % lanes ~ 'u)'")],
    ),
    (
        "a line beyond an odd height added",
        "conv2d_dw",
        "channel",
        &[("< dims.oh)' if l > 0", "< 1000000u)' if l > 0")],
    ),
    (
        "input channels beyond the last stored",
        "conv2d_dw",
        "channel",
        &[(" && channel < group_c", "")],
    ),
    (
        "last maximum wins ties",
        "max_pool2d",
        "window",
        &[("[${j}] > best", "[${j}] >= best")],
    ),
    (
        "gradient to the window's first element",
        "max_pool2d_grad",
        "window",
        &[("winner == ${i}u * dims.w + ${j}u", "${i + j} == 0")],
    ),
    (
        "bytes of a word in the other order",
        "gather_bytes",
        "word",
        &[
            ("bytes & 255u", "bytes >> 24u"),
            ("(bytes >> 24u)]", "(bytes & 255u)]"),
        ],
    ),
    (
        "largest logit of a lane's own",
        "softmax_cross_entropy",
        "row",
        &[("let top = tops[0].x", "let top = tops[lane].x")],
    ),
    (
        "a lane's sum left out",
        "softmax_cross_entropy",
        "row",
        &[(
            "sums[lane] += sums[lane + half]",
            "sums[lane] = sums[lane + half]",
        )],
    ),
    (
        "first half of a load dropped",
        "grad_stats",
        "wide",
        &[("plus(plus(norm, four(x.xy)), four", "plus(norm, four")],
    ),
    (
        "a lane's sum left out",
        "grad_stats_log",
        "few",
        &[(
            "sums[lane] += sums[lane + half]",
            "sums[lane] = sums[lane + half]",
        )],
    ),
    (
        "a lane's sum left out",
        "grad_stats_control",
        "few",
        &[(
            "sums[lane] += sums[lane + half]",
            "sums[lane] = sums[lane + half]",
        )],
    ),
    (
        "updates applied that are to be left out",
        "sgd",
        "wide",
        &[(" || left_out()", "")],
    ),
    (
        "halves of a word swapped",
        "sgd",
        "wide",
        &[("four(g.xy)", "four(g.zw)")],
    ),
    (
        "an invocation's second vector left out",
        "add",
        "vector",
        &[("i += stride", "i += dims.n")],
    ),
    (
        "last vector never written",
        "relu",
        "vector",
        &[("i < dims.n / 4u", "i + 1u < dims.n / 4u")],
    ),
    (
        "first component four times",
        "activation",
        "vector",
        &[("activate(v.w)", "activate(v.x)")],
    ),
    (
        "slope of the gradient",
        "activation_grad",
        "vector",
        &[("let v = x[i]", "let v = dy[i]")],
    ),
    (
        "masked by the gradient instead of the output",
        "relu_grad",
        "vector",
        &[("masked4(y[i],", "masked4(dy[i],")],
    ),
    (
        "sum instead of mean",
        "avg_pool2d",
        "window",
        &[(" / ${kh * kw}.0", "")],
    ),
    (
        "mask dropped",
        "avg_pool2d_grad",
        "window",
        &[("//%   if mask\n", "//%   if false\n")],
    ),
];

/// Every mutant of a variant disagrees with the twin in at least one of the kernel's cases.
#[test]
fn variant_mutants_die() {
    for (number, (what, name, variant, edits)) in VARIANTS.iter().enumerate() {
        let op = mutated_variant(name, variant, number, edits);
        let tile = op.variants[0].tiles[0];
        let base = crate::ops::op(name);
        let long = ops::long_runs().into_iter().filter(|c| c.op.name == *name);
        let cases: Vec<Case> = ops::cases(base)
            .into_iter()
            .chain(long)
            .map(|case| Case { op, ..case })
            .collect();
        let choice = |c: &Case| {
            let variant = op.variants[0].name.into();
            (key(op, &c.dims), Choice { variant, tile })
        };
        let table = Table {
            rows: cases.iter().map(choice).collect(),
            groups: 1,
            ..Table::built_in(true)
        };
        // One by one: most die by their first, and every other one may be a text of its own to compile.
        let dies = |case: &Case| {
            let got = on_gpu_by(&table, &[case]).remove(0);
            got.and_then(|got| case.judge(&got)).is_err()
        };
        assert!(
            cases.iter().any(dies),
            "survives: {what} ({name}.{variant})"
        );
    }
}

/// Every mutant of a shader disagrees with the twin in at least one of the kernel's cases.
#[test]
fn shader_mutants_die() {
    let mut cases: Vec<Case> = Vec::new();
    let mut of = Vec::new();
    for (number, (_, name, edits)) in SHADERS.iter().enumerate() {
        for case in ops::cases(op(name)) {
            let op = mutated(name, number, edits);
            cases.push(Case { op, ..case });
            of.push(number);
        }
    }
    let judged = ops::judge_on_gpu(&cases);
    for (number, (what, name, _)) in SHADERS.iter().enumerate() {
        let mut verdicts = of.iter().zip(&judged).filter(|(n, _)| **n == number);
        assert!(
            verdicts.any(|(_, verdict)| verdict.is_err()),
            "survives: {what} ({name})"
        );
    }
}

/// Every other mutant is killed by the test that the list names.
#[test]
fn mutants_die() {
    for (what, killer, judge) in JUDGED {
        assert!(judge().is_err(), "{killer} does not see: {what}");
    }
}

/// The table in the documentation is this list, and the tests it names exist.
#[test]
fn the_documented_mutants_are_these() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = fs::read_to_string(root.join("docs/testing.md")).unwrap();
    let row = |what: &str, killer: &str| format!("| {what} | `{killer}` |");
    let shaders = SHADERS
        .iter()
        .map(|(what, name, _)| row(&format!("`{name}`: {what}"), AGREE));
    let judged = JUDGED.iter().map(|(what, killer, _)| row(what, killer));
    let variants = VARIANTS.iter().map(|(what, name, variant, _)| {
        row(&format!("`{name}.{variant}`: {what}"), VARIANTS_AGREE)
    });
    let want: Vec<String> = shaders.chain(variants).chain(judged).collect();
    let found: Vec<&str> = text.lines().filter(|l| l.ends_with("` |")).collect();
    assert_eq!(want, found, "docs/testing.md");
    let killers = JUDGED.iter().map(|(_, killer, _)| *killer);
    for killer in killers.chain([AGREE, VARIANTS_AGREE]) {
        let (file, test) = killer.split_once("::").expect("file::test");
        let source = fs::read_to_string(root.join(format!("tests/{file}.rs"))).unwrap();
        assert!(
            source.contains(&format!("#[test]\nfn {test}()")),
            "{killer}"
        );
    }
}
