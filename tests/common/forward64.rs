//! The forward pass of a plan in f64, up to its loss: what finite differences are taken of.
//!
//! Textbook formulas, written once more from their definitions: neither the kernels nor their
//! twins are used. In f64 a step of 1e-5 leaves nine digits of the quotient and hardly ever
//! crosses a kink; in f32 it would drown in rounding.

use kiln::{
    ops::{
        activation, adaptive_avg_pool2d, conv2d, cross_entropy_log, dropout, embedding, matmul,
        max_pool2d, moments, normalize, pointwise_loss, softmax, transpose, weighted_cross_entropy,
    },
    plan::{Dispatch, Plan, Slice},
};

/// The memory of a plan in f64; integers are held by value.
pub type Memory = Vec<Vec<f64>>;

/// All of a plan's buffers, zero.
pub fn memory(plan: &Plan) -> Memory {
    let zeros = |len: u32| vec![0.0; len as usize];
    plan.buffers.iter().map(|b| zeros(b.len)).collect()
}

/// Runs a program up to its loss, and returns the batch's mean loss.
pub fn loss(plan: &Plan, program: &str, memory: &mut Memory) -> f64 {
    let range = plan.program(program).expect("the program").range.clone();
    for d in &plan.dispatches[range] {
        let reads: Vec<Vec<f64>> = d.reads().iter().map(|s| read(memory, s)).collect();
        let y = match d.op.name {
            "matmul" => matmul(&dims(d), &reads),
            "conv2d" => conv2d(&dims(d), &reads),
            // A transposed convolution: nothing else of a forward pass is one.
            "conv2d_dx" => conv_transpose2d(&dims(d), &reads),
            "adaptive_avg_pool2d" => adaptive(&dims(d), &reads[0]),
            "embedding" => embedding(&dims(d), &reads),
            "max_pool2d" => pool(&dims(d), &reads[0], |window, _| {
                window.iter().copied().fold(f64::NEG_INFINITY, f64::max)
            }),
            "avg_pool2d" => pool(&dims(d), &reads[0], |window, divisor| {
                window.iter().sum::<f64>() / divisor
            }),
            "relu" => reads[0].iter().map(|x| x.max(0.0)).collect(),
            // The statistics that evaluation takes, not the loss.
            "running_stats" => continue,
            "moments" => moments(&dims(d), &reads[0]),
            "normalize" => normalize(&dims(d), &reads),
            "activation" => activation(&dims(d), &reads[0]),
            "softmax" => softmax(&dims(d), &reads[0]),
            "add" => (reads[0].iter().zip(&reads[1]))
                .map(|(x, y)| x + y)
                .collect(),
            "cross_entropy_log" => return cross_entropy(&dims(d), &reads[2], &reads[1]),
            "pointwise_loss" => return pointwise(&dims(d), &reads[2], &reads[1]),
            "weighted_cross_entropy" => return weighted(&dims(d), &reads[2], &reads[1]),
            "dropout" => dropout(&dims(d), &reads[1]),
            "transpose" => transpose(&dims(d), &reads[0]),
            other => panic!("{other} has no place in a forward pass"),
        };
        let to = d.writes()[0];
        memory[to.buffer.0 as usize][to.offset as usize..][..y.len()].copy_from_slice(&y);
    }
    panic!("{program} has no loss")
}

fn dims<D: bytemuck::Pod>(d: &Dispatch) -> D {
    bytemuck::pod_read_unaligned(bytemuck::cast_slice(&d.dims))
}

fn read(memory: &Memory, s: &Slice) -> Vec<f64> {
    memory[s.buffer.0 as usize][s.offset as usize..][..s.len as usize].to_vec()
}

/// Bias per channel, then ReLU. A forward pass masks nothing.
fn finish(flags: u32, value: f64, e: &[f64], channel: usize) -> f64 {
    assert!(flags < 4, "the mask belongs to backward passes");
    let biased = if flags & 1 != 0 {
        value + e[channel]
    } else {
        value
    };
    if flags & 2 != 0 {
        biased.max(0.0)
    } else {
        biased
    }
}

fn matmul(d: &matmul::Dims, reads: &[Vec<f64>]) -> Vec<f64> {
    assert!(d.ta == 0 && d.tb == 1, "linear layers multiply by Wᵀ");
    let [m, n, k] = [d.m, d.n, d.k].map(|x| x as usize);
    let at = |i: usize| {
        let (x, weight) = (&reads[0][i / n * k..][..k], &reads[1][i % n * k..][..k]);
        let dot = x.iter().zip(weight).map(|(a, b)| a * b).sum();
        finish(d.epilogue, dot, &reads[2], i % n)
    };
    (0..m * n).map(at).collect()
}

fn conv2d(d: &conv2d::Dims, reads: &[Vec<f64>]) -> Vec<f64> {
    let (x, weight) = (&reads[0], &reads[1]);
    let (group_c, group_o) = (d.c / d.groups, d.o / d.groups);
    let mut y = Vec::new();
    for n in 0..d.n {
        for o in 0..d.o {
            for at in 0..d.oh * d.ow {
                let (top, left) = (at / d.ow * d.stride_h, at % d.ow * d.stride_w);
                let mut sum = 0.0;
                for c in 0..group_c {
                    for ky in 0..d.kh {
                        for kx in 0..d.kw {
                            // Positions in the padded input.
                            let (py, px) = (top + ky * d.dilation_h, left + kx * d.dilation_w);
                            if (d.padding_h..d.padding_h + d.h).contains(&py)
                                && (d.padding_w..d.padding_w + d.w).contains(&px)
                            {
                                let channel = n * d.c + o / group_o * group_c + c;
                                let row = channel * d.h + py - d.padding_h;
                                let tap = ((o * group_c + c) * d.kh + ky) * d.kw + kx;
                                sum += x[(row * d.w + px - d.padding_w) as usize]
                                    * weight[tap as usize];
                            }
                        }
                    }
                }
                y.push(finish(d.epilogue, sum, &reads[2], o as usize));
            }
        }
    }
    y
}

/// Every input pixel adds its kernel to the output, which is `x` in the dims' words.
fn conv_transpose2d(d: &conv2d::Dims, reads: &[Vec<f64>]) -> Vec<f64> {
    assert_eq!(d.groups, 1, "transposed convolutions have no groups");
    let (x, weight) = (&reads[0], &reads[1]);
    let mut y = vec![0.0; (d.n * d.c * d.h * d.w) as usize];
    for (i, x) in x.iter().enumerate() {
        let i = i as u32;
        let (ix, iy) = (i % d.ow, i / d.ow % d.oh);
        let (c, n) = (i / (d.ow * d.oh) % d.o, i / (d.ow * d.oh * d.o));
        for o in 0..d.c {
            for tap in 0..d.kh * d.kw {
                let py = iy * d.stride_h + tap / d.kw * d.dilation_h;
                let px = ix * d.stride_w + tap % d.kw * d.dilation_w;
                if (d.padding_h..d.padding_h + d.h).contains(&py)
                    && (d.padding_w..d.padding_w + d.w).contains(&px)
                {
                    let row = (n * d.c + o) * d.h + py - d.padding_h;
                    let tap = (c * d.c + o) * d.kh * d.kw + tap;
                    y[(row * d.w + px - d.padding_w) as usize] += x * weight[tap as usize];
                }
            }
        }
    }
    let plane = d.h * d.w;
    let channel = |i: usize| (i as u32 / plane % d.c) as usize;
    let finished = |(i, &sum): (usize, &f64)| finish(d.epilogue, sum, &reads[2], channel(i));
    y.iter().enumerate().map(finished).collect()
}

/// Whole windows in f64: from the largest number not above, to the smallest not below.
fn adaptive(d: &adaptive_avg_pool2d::Dims, x: &[f64]) -> Vec<f64> {
    let window = |o: u32, size: u32, outputs: u32| {
        let scale = f64::from(size) / f64::from(outputs);
        let inside = |i: &u32| {
            f64::from(i + 1) > f64::from(o) * scale + 1e-9
                && f64::from(*i) < f64::from(o + 1) * scale - 1e-9
        };
        (0..size).filter(inside).collect::<Vec<u32>>()
    };
    let mut y = Vec::new();
    for plane in 0..d.planes {
        for at in 0..d.oh * d.ow {
            let rows = window(at / d.ow, d.h, d.oh);
            let cols = window(at % d.ow, d.w, d.ow);
            let of = |iy: &u32| {
                let row = (plane * d.h + iy) * d.w;
                cols.iter().map(|ix| x[(row + ix) as usize]).sum::<f64>()
            };
            y.push(rows.iter().map(of).sum::<f64>() / (rows.len() * cols.len()) as f64);
        }
    }
    y
}

fn embedding(d: &embedding::Dims, reads: &[Vec<f64>]) -> Vec<f64> {
    let cols = d.cols as usize;
    let row = |&index: &f64| &reads[1][index as usize * cols..][..cols];
    reads[0].iter().flat_map(row).copied().collect()
}

fn moments(d: &moments::Dims, x: &[f64]) -> Vec<f64> {
    let [rows, channels, plane] = [d.rows, d.channels, d.plane].map(|n| n as usize);
    let of = |c: usize| -> Vec<f64> {
        let at = |e: usize| x[(e / plane * channels + c) * plane + e % plane];
        (0..rows * plane).map(at).collect()
    };
    let mean = |x: &[f64]| x.iter().sum::<f64>() / x.len() as f64;
    let means: Vec<f64> = (0..channels).map(|c| mean(&of(c))).collect();
    let variance = |c: usize| {
        let squares: Vec<f64> = of(c).iter().map(|x| (x - means[c]).powi(2)).collect();
        mean(&squares)
    };
    let variances: Vec<f64> = (0..channels).map(variance).collect();
    [means, variances].concat()
}

fn normalize(d: &normalize::Dims, reads: &[Vec<f64>]) -> Vec<f64> {
    let (x, stat, affine) = (&reads[0], &reads[1], &reads[2]);
    let at = |i: usize| {
        let g = i / d.size as usize % d.groups as usize;
        let c = i / d.plane as usize % d.channels as usize;
        let y = (x[i] - stat[g]) / (stat[d.groups as usize + g] + f64::from(d.eps)).sqrt();
        let y = match d.shift as usize {
            0 => y,
            shift => y * affine[c] + affine[shift + c],
        };
        if d.relu != 0 { y.max(0.0) } else { y }
    };
    (0..d.n as usize).map(at).collect()
}

fn activation(d: &activation::Dims, x: &[f64]) -> Vec<f64> {
    let alpha = f64::from(d.alpha);
    let sigmoid = |x: f64| 1.0 / (1.0 + (-x).exp());
    let f = |&x: &f64| match d.function {
        0 => x.max(0.0) + alpha * x.min(0.0),
        1 => x.max(0.0) + alpha * (x.min(0.0).exp() - 1.0),
        2 => 2.0 * sigmoid(2.0 * x) - 1.0,
        3 => sigmoid(x),
        4 => x * sigmoid(x),
        5 => x * normal(x),
        6 => {
            let root = (2.0 / std::f64::consts::PI).sqrt();
            x * sigmoid(2.0 * root * (x + 0.044715 * x.powi(3)))
        }
        other => panic!("activation {other}"),
    };
    x.iter().map(f).collect()
}

/// The normal distribution's Φ by its series, for arguments of a few units.
fn normal(x: f64) -> f64 {
    let (mut term, mut sum, mut odd) = (x, x, 1.0);
    while term.abs() > 1e-18 {
        odd += 2.0;
        term *= x * x / odd;
        sum += term;
    }
    0.5 + sum * (-0.5 * x * x).exp() / (2.0 * std::f64::consts::PI).sqrt()
}

fn softmax(d: &softmax::Dims, x: &[f64]) -> Vec<f64> {
    let row = |x: &[f64]| -> Vec<f64> {
        let total: f64 = x.iter().map(|v| v.exp()).sum();
        let p = |v: &f64| v.exp() / total;
        x.iter()
            .map(|v| if d.log != 0 { p(v).ln() } else { p(v) })
            .collect()
    };
    x.chunks(d.cols as usize).flat_map(row).collect()
}

/// `reduce(elements inside the input, divisor)` of every window. The divisor counts padding if
/// asked to, but never what lies beyond it.
fn pool(d: &max_pool2d::Dims, x: &[f64], reduce: impl Fn(&[f64], f64) -> f64) -> Vec<f64> {
    let mut y = Vec::new();
    for plane in 0..d.planes {
        for at in 0..d.oh * d.ow {
            let (top, left) = (at / d.ow * d.stride_h, at % d.ow * d.stride_w);
            let (mut inside, mut padded) = (Vec::new(), 0);
            for py in top..(top + d.kh).min(d.h + 2 * d.padding_h) {
                for px in left..(left + d.kw).min(d.w + 2 * d.padding_w) {
                    padded += 1;
                    if (d.padding_h..d.padding_h + d.h).contains(&py)
                        && (d.padding_w..d.padding_w + d.w).contains(&px)
                    {
                        let row = plane * d.h + py - d.padding_h;
                        inside.push(x[(row * d.w + px - d.padding_w) as usize]);
                    }
                }
            }
            let divisor = match d.count_include_pad {
                0 => inside.len(),
                _ => padded,
            };
            y.push(reduce(&inside, divisor as f64));
        }
    }
    y
}

/// `−Σ target·log softmax`, with the target smoothed, averaged over the rows.
fn cross_entropy(d: &cross_entropy_log::Dims, logits: &[f64], label: &[f64]) -> f64 {
    let (cols, smoothing) = (d.cols as usize, d.smoothing as f64);
    let row = |(x, &label): (&[f64], &f64)| -> f64 {
        let top = x.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let total: f64 = x.iter().map(|v| (v - top).exp()).sum();
        let term = |(c, v): (usize, &f64)| {
            let hit = if c == label as usize {
                1.0 - smoothing
            } else {
                0.0
            };
            -(hit + smoothing / cols as f64) * (v - top - total.ln())
        };
        x.iter().enumerate().map(term).sum()
    };
    logits.chunks(cols).zip(label).map(row).sum::<f64>() / d.rows as f64
}

fn pointwise(d: &pointwise_loss::Dims, x: &[f64], goal: &[f64]) -> f64 {
    let (cols, delta) = (d.cols as usize, f64::from(d.delta));
    let goal = |i: usize| match d.one_hot {
        0 => goal[i],
        _ => f64::from(u8::from(goal[i / cols] == (i % cols) as f64)),
    };
    let element = |(i, &x): (usize, &f64)| {
        let (y, far) = (goal(i), (x - goal(i)).abs());
        match d.function {
            0 => far * far,
            1 => far,
            2 if far <= delta => far * far / 2.0,
            2 => delta * (far - delta / 2.0),
            _ => {
                let p = 1.0 / (1.0 + (-x).exp());
                -y * p.ln() - (1.0 - y) * (1.0 - p).ln()
            }
        }
    };
    let elements = d.rows as usize * cols;
    x.iter().enumerate().map(element).sum::<f64>() / elements as f64
}

/// The mean by the labels' weights; smoothing spreads a part of every target over all classes.
fn weighted(d: &weighted_cross_entropy::Dims, logits: &[f64], label: &[f64]) -> f64 {
    let (cols, smoothing) = (d.cols as usize, f64::from(d.smoothing));
    let (label, weight) = label.split_at(d.weights as usize);
    let row = |(x, &label): (&[f64], &f64)| -> f64 {
        let total: f64 = x.iter().map(|v| v.exp()).sum();
        let loss = |c: usize| -weight[c] * (x[c].exp() / total).ln();
        let all: f64 = (0..cols).map(loss).sum();
        (1.0 - smoothing) * loss(label as usize) + smoothing / cols as f64 * all
    };
    let label = &label[..d.rows as usize];
    let weights: f64 = label.iter().map(|&label| weight[label as usize]).sum();
    logits.chunks(cols).zip(label).map(row).sum::<f64>() / weights
}

/// The mask is the key's, which is 0 here.
fn dropout(d: &dropout::Dims, x: &[f64]) -> Vec<f64> {
    let kept = |i: usize| f64::from(u8::from(d.keeps([0; 2], i as u32)));
    let scaled = |(i, x): (usize, &f64)| x * kept(i) * f64::from(d.scale);
    x.iter().enumerate().map(scaled).collect()
}

fn transpose(d: &transpose::Dims, x: &[f64]) -> Vec<f64> {
    let [rows, cols] = [d.rows, d.cols].map(|n| n as usize);
    let of = |x: &[f64]| -> Vec<f64> {
        let at = |i: usize| x[i % rows * cols + i / rows];
        (0..rows * cols).map(at).collect()
    };
    x.chunks(rows * cols).flat_map(of).collect()
}
