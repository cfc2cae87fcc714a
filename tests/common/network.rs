//! A small network with one of everything, as the product trains it: images gathered on the
//! device, two residual connections, every kind of pooling, statistics, a fused update.

use std::sync::Arc;

use kiln::{
    control::{Rule, gradient},
    exec::Executor,
    ops::{self, activation::Function, as_words, gradient_control},
    optim::{Optimizer, Places, Sgd},
    plan::{Plan, Slice},
    record::{Recorder, Statistics, Tensor, Window},
    rng::{Purpose, Rng},
};

use super::buffer;

/// Samples in the data set.
pub const SAMPLES: u32 = 24;
/// Samples in a batch.
pub const BATCH: u32 = 7;
/// Slots in the log.
pub const SLOTS: u32 = 8;

/// Words that the host puts somewhere before the first step.
type Contents = Vec<(Slice, Vec<f32>)>;

/// A recorded network: `train` classifies, `regress` fits a line through the same images.
pub struct Network {
    /// What runs.
    pub plan: Arc<Plan>,
    /// All parameters.
    pub params: Slice,
    /// The log.
    pub log: Slice,
    contents: Contents,
}

/// Records the network, its controllers in one dispatch with the statistics.
pub fn network() -> Network {
    recorded(true)
}

/// Records the network with dispatches of their own for its controllers.
pub fn with_controllers_apart() -> Network {
    recorded(false)
}

fn recorded(together: bool) -> Network {
    let mut r = Recorder::new(SLOTS);
    let order = r.input("order", &[SAMPLES]);
    let images = r.input("images", &[SAMPLES * 64 / 4]);
    let table = r.input("table", &[1, 256]);
    let changed = r.input("changed", &[256 + SIZES.len() as u32]);
    let labels = r.input("labels", &[SAMPLES]);
    let goals = r.input("goals", &[SAMPLES, 3]);
    let weighed = r.input("weighed", &[SAMPLES + 3]);
    let shapes: [&[u32]; 20] = [
        &[4, 1, 3, 3],
        &[4],
        &[4, 2, 3, 3],
        &[4],
        &[6, 4, 2, 2],
        &[6],
        &[11, 6],
        &[11],
        &[11, 11],
        &[11],
        &[5, 11],
        &[5],
        // The bias first, so that its gradient takes a dispatch of its own.
        &[3],
        &[3, 64],
        // Weights and biases of normalisations.
        &[4],
        &[4],
        &[11],
        &[11],
        &[11],
        &[11],
    ];
    let p: Vec<Tensor> = shapes.iter().map(|shape| r.param(shape)).collect();
    r.seal();
    let optimizer = Optimizer::default();
    let segments = r.one_segment();
    let state = r.state(&optimizer, segments[0].end);
    let control = r.control(2, &optimizer, &segments);
    let places = Places::new(control, state, &segments, 2);
    let running = [4, 11].map(|channels| Slice {
        len: 2 * channels + 1,
        ..r.statistics(channels)[0].at
    });

    r.begin("train", BATCH);
    let x = r.gather_bytes(order, images, table, &[1, 8, 8], BATCH);
    let logits = forward(&mut r, &p, x, (running, control));
    let loss = r.cross_entropy(logits, labels, 0.05);
    r.backward(loss);
    let update = |r: &mut Recorder| optimizer.record(r, &places);
    let [ratio, adagrad_norm] = controllers();
    if together {
        r.controlled(&[ratio, adagrad_norm], control, update);
    } else {
        r.grad_stats(control);
        r.gradient_control(adagrad_norm, control);
        update(&mut r);
        r.gradient_control(ratio, control);
    }
    r.end();

    r.begin("regress", BATCH);
    let x = r.augment_bytes(order, images, changed, changes());
    let x = x.view(&[BATCH, 64]);
    let y = r.linear(x, p[13], Some(p[12]), false);
    let loss = r.mse(y, goals);
    r.backward(loss);
    r.grad_stats(control);
    optimizer.record(&mut r, &places);
    r.end();

    r.begin("weigh", BATCH);
    let x = r.gather_bytes(order, images, table, &[1, 8, 8], BATCH);
    let y = r.linear(x.view(&[BATCH, 64]), p[13], Some(p[12]), false);
    let loss = r.weighted_cross_entropy(y, weighed, SAMPLES, 0.1);
    r.backward(loss);
    r.grad_stats(control);
    optimizer.record(&mut r, &places);
    r.end();

    let plan = r.finish();
    Network {
        params: buffer(&plan, "params"),
        log: buffer(&plan, "log"),
        contents: contents(&plan, &p),
        plan: Arc::new(plan),
    }
}

/// A network whose loss and gradients are too large for one workgroup each.
pub fn wide() -> Network {
    let (features, classes) = (40, 1100);
    let mut r = Recorder::new(SLOTS);
    let order = r.input("order", &[SAMPLES]);
    let data = r.input("features", &[SAMPLES, features]);
    let labels = r.input("labels", &[SAMPLES]);
    let p = [r.param(&[classes, features]), r.param(&[classes])];
    r.seal();
    let optimizer = Optimizer::default();
    let segments = r.one_segment();
    let state = r.state(&optimizer, segments[0].end);
    let control = r.control(2, &optimizer, &segments);
    let places = Places::new(control, state, &segments, 2);
    let sums = r.sums();
    let ema = r.slot("ema");

    r.begin("train", BATCH);
    let x = r.gather(order, data, BATCH);
    let logits = r.linear(x, p[0], Some(p[1]), false);
    let loss = r.cross_entropy(logits, labels, 0.05);
    r.backward(loss);
    r.accumulate(sums);
    r.controlled(&controllers(), control, |r| {
        optimizer.record(r, &places);
    });
    r.average(ops::average::EMA, control, ema);
    r.end();

    let plan = r.finish();
    let mut rng = Rng::new(12, Purpose::Test, 0);
    let order: Vec<u32> = (0..SAMPLES).rev().collect();
    let labels: Vec<u32> = (0..SAMPLES).map(|_| rng.below(classes)).collect();
    let mut contents = vec![
        (buffer(&plan, "order"), as_words(&order).to_vec()),
        (data.at, rng.floats((SAMPLES * features) as usize)),
        (buffer(&plan, "labels"), as_words(&labels).to_vec()),
        (control, first_control()),
    ];
    contents.extend(initial(&p, &mut rng));
    Network {
        params: buffer(&plan, "params"),
        log: buffer(&plan, "log"),
        contents,
        plan: Arc::new(plan),
    }
}

/// Rectangles that are erased: 3×2 and 1×5.
const SIZES: [u32; 2] = [3 << 16 | 2, 1 << 16 | 5];

/// Shifts, mirrors and erases.
fn changes() -> ops::augment_bytes::Dims {
    ops::augment_bytes::Dims {
        rows: BATCH,
        channels: 1,
        h: 8,
        w: 8,
        padding_h: 2,
        padding_w: 1,
        flip: 1 << 30,
        erase: 1 << 30,
        sizes: 2,
    }
}

/// One controller of each kind that runs on the device: one that acts on the next update, one that
/// acts on the update under way.
fn controllers() -> [gradient_control::Dims; 2] {
    let ratio = gradient::Ratio {
        reference: 2,
        floor: 0.1,
        smoothing: 0.83,
    };
    let adagrad_norm = gradient::AdaGradNorm { b0: 0.7 };
    [
        (Rule::GradientRatio(ratio), 0),
        (Rule::AdaGradNorm(adagrad_norm), 1),
    ]
    .map(|(rule, index)| {
        let dims = gradient_control::Dims::of(&rule, index, 2, SLOTS);
        dims.expect("a rule for the device")
    })
}

/// The factors before the first update, and empty memories.
fn first_control() -> Vec<f32> {
    let [ratio, adagrad_norm] = controllers().map(|c| c.first_factor());
    let memories = [[0.0, 0.0, 0.0, ratio], [0.0, 0.0, 0.0, adagrad_norm]];
    // The last word is the scale that clips.
    [&[ratio * adagrad_norm], memories.as_flattened(), &[0.0]].concat()
}

fn forward(
    r: &mut Recorder,
    p: &[Tensor],
    x: Tensor,
    (running, control): ([Slice; 2], Slice),
) -> Tensor {
    let n = x.shape()[0];
    let padded = Window {
        padding: [1, 1],
        ..Window::new([3, 3])
    };
    let h = r.conv2d(x, p[0], Some(p[1]), padded, true);
    let overlapping = Window {
        stride: [2, 2],
        padding: [1, 1],
        ..Window::new([3, 3])
    };
    let h = r.max_pool2d(h, overlapping);
    let grouped = Window {
        groups: 2,
        ..padded
    };
    let f = r.conv2d(h, p[2], Some(p[3]), grouped, false);
    let f = batch_norm(r, f, &p[14..16], (running[0], control), false);
    let h = r.add(h, f);
    let h = r.relu(h);
    let strided = Window {
        stride: [1, 2],
        ..Window::new([2, 2])
    };
    let h = r.conv2d(h, p[4], Some(p[5]), strided, true);
    let h = r.avg_pool2d(h, Window::new([3, 2]), true);
    let h = r.transpose(h.view(&[n, 2, 3]));
    let h = r.linear(h.view(&[n, 6]), p[6], Some(p[7]), true);
    let f = r.linear(h, p[8], Some(p[9]), false);
    let f = batch_norm(r, f, &p[16..18], (running[1], control), true);
    let f = r.activation(f, Function::Gelu);
    let f = r.dropout(f, 3, 0.25);
    let f = r.softmax(f, true);
    let h = r.add(h, f);
    let h = r.group_norm(h, Some([p[18], p[19]]), 11, [1, 11], 1e-5);
    r.linear(h, p[10], Some(p[11]), false)
}

fn batch_norm(
    r: &mut Recorder,
    x: Tensor,
    p: &[Tensor],
    (running, control): (Slice, Slice),
    relu: bool,
) -> Tensor {
    let statistics = Statistics::Batch {
        running,
        momentum: Some(0.13),
        control,
    };
    r.batch_norm(x, Some([p[0], p[1]]), statistics, 1e-5, relu)
}

fn contents(plan: &Plan, params: &[Tensor]) -> Contents {
    let mut rng = Rng::new(11, Purpose::Test, 0);
    let mut order: Vec<u32> = (0..SAMPLES).collect();
    rng.shuffle(&mut order);
    let images: Vec<u8> = (0..SAMPLES * 64).map(|_| rng.below(256) as u8).collect();
    let table: Vec<f32> = (0..256).map(|byte| byte as f32 / 255.0).collect();
    let labels: Vec<u32> = (0..SAMPLES).map(|_| rng.below(5)).collect();
    let goals = rng.floats(SAMPLES as usize * 3);
    let mut contents = vec![
        (buffer(plan, "order"), as_words(&order).to_vec()),
        (
            buffer(plan, "images"),
            bytemuck::pod_collect_to_vec(&images),
        ),
        (
            buffer(plan, "changed"),
            [&table[..], as_words(&SIZES)].concat(),
        ),
        (buffer(plan, "table"), table),
        (buffer(plan, "control"), first_control()),
        (buffer(plan, "labels"), as_words(&labels).to_vec()),
        (buffer(plan, "goals"), goals),
        (
            buffer(plan, "weighed"),
            [as_words(&[0, 1, 2, 2].repeat(6)), &[0.5, 1.0, 2.5]].concat(),
        ),
    ];
    contents.extend(initial(params, &mut rng));
    contents
}

/// Parameters as PyTorch initialises them: by the number of inputs that an output sees.
fn initial(params: &[Tensor], rng: &mut Rng) -> Contents {
    let of = |p: &Tensor| {
        let fan_in = p.shape()[1..].iter().product::<u32>() as f32;
        let bound = 1.0 / fan_in.max(4.0).sqrt();
        let values = rng.floats(p.at.len as usize);
        (p.at, values.iter().map(|v| v * bound).collect())
    };
    params.iter().map(of).collect()
}

impl Network {
    /// Puts data and initial parameters onto a machine.
    pub fn load(&self, machine: &mut dyn Executor) {
        for (at, words) in &self.contents {
            machine.write(*at, words).unwrap();
        }
    }
}

/// What the host sets for step `step`: odd numbers that nobody would hard-code.
pub fn hyper(step: u64, lr: f64) -> ops::Hyper {
    let sgd = Sgd {
        momentum: 0.83,
        weight_decay: 0.0129,
        ..Sgd::plain()
    };
    ops::Hyper {
        cursor: (step as u32 * BATCH) % (SAMPLES - BATCH + 1),
        slot: step as u32,
        share: 0.83,
        begin: (step == 0) as u32,
        ema: 0.13,
        picture_key: [step as u32, 77],
        dropout_key: [step as u32, 99],
        ..Optimizer::from(sgd).hyper(lr, None, None, step)
    }
}
