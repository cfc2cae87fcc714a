//! What happens between a gradient and the weights that are kept, in whole runs on all machines.

use std::fs;

use kiln::{
    control::{Monitor, Observe},
    data::{Dataset, Split, Targets},
    exec::{Executor, cpu::Cpu, gpu::GpuExecutor},
    model::{Model, Network},
    optim::Sgd,
    schedule::{LearningRate, Run},
    train::{Clip, Config, Order, Session, Trainer, Update},
};
use serde_json::Value;

use crate::{
    cli::{folder, refusal},
    common::{compare, golden, gpu, largest},
    trajectories::{Rows, dataset, tensors},
};

/// What runs a session.
type Open = fn(&Session) -> Box<dyn Executor>;

/// All that can.
const MACHINES: [(&str, Open); 3] = [
    ("twins", |s| Box::new(Cpu::naive(s.plan.clone()).unwrap())),
    ("fast paths", |s| {
        Box::new(Cpu::new(s.plan.clone()).unwrap())
    }),
    ("GPU", |s| {
        Box::new(GpuExecutor::new(gpu(), &s.plan).unwrap())
    }),
];

/// What a run of the golden MLP left: its rows, its weights.
struct Left {
    rows: Vec<Update>,
    weights: Vec<Vec<f32>>,
}

/// Trains at a constant rate.
fn train(
    open: Open,
    network: &Network,
    data: &Dataset,
    config: &Config,
    (lr, updates): (f64, u64),
    weights: &[Vec<f32>],
) -> Left {
    let session = Session::record(network, data, config).unwrap();
    let plan: LearningRate = "constant".parse().unwrap();
    let rate = plan.start(&Run::new(lr), Monitor::EvalLoss, Observe::Epoch);
    let exec = open(&session);
    let mut trainer = Trainer::new(exec, &session, config, rate.unwrap(), data, weights).unwrap();
    let mut rows = Rows::default();
    assert!(trainer.run(updates, &mut rows).unwrap());
    Left {
        rows: rows.0,
        weights: trainer.weights().unwrap(),
    }
}

/// The golden MLP, its data and its first weights.
fn mlp() -> (Network, Dataset, Vec<Vec<f32>>) {
    let data = dataset("mlp");
    let network = Model::parse("mlp", &data.shape, 10).unwrap();
    let network = network.fit(&data.shape, 10).unwrap();
    let weights = tensors("mlp_linear_decay_lr0.5", "init", &network);
    (network, data, weights)
}

/// Runs that are clipped by norm, by value and not at all follow PyTorch's in f64: losses, the
/// norms before clipping, the last bias. The limits cut some gradients and leave others.
#[test]
fn clipping_follows_pytorch() {
    let json: Value =
        serde_json::from_slice(&fs::read(golden::path("clip.json")).unwrap()).unwrap();
    let hyper = &json["hyper"];
    let optimizer = Sgd {
        momentum: golden::number(&hyper["momentum"]),
        nesterov: true,
        weight_decay: golden::number(&hyper["weight_decay"]),
        ..Sgd::plain()
    };
    let (network, data, weights) = mlp();
    let clips = [Clip::Norm as fn(f64) -> Clip, Clip::Value];
    for (i, case) in json["cases"].as_array().unwrap().iter().enumerate() {
        let clip = clips
            .get(i)
            .map(|clip| clip(golden::number(&case["limit"])));
        let config = Config {
            batch_size: json["batch"].as_u64().unwrap() as u32,
            order: Order::Sequential,
            optimizer: optimizer.clone(),
            clip,
            ..Config::default()
        };
        let numbers = |key: &str| -> Vec<f64> {
            let list = case[key].as_array().unwrap();
            list.iter().map(golden::number).collect()
        };
        let (loss, norm, bias) = (numbers("loss"), numbers("norm"), numbers("final_bias"));
        if let Some(Clip::Norm(most)) = clip {
            let cut = norm.iter().filter(|&&n| n > most).count();
            assert!(cut > 5 && cut + 5 < norm.len(), "{cut} are cut");
        }
        let how = (golden::number(&hyper["lr"]), loss.len() as u64);
        for (machine, open) in MACHINES {
            let left = train(open, &network, &data, &config, how, &weights);
            for (t, row) in left.rows.iter().enumerate() {
                let off = (row.loss - loss[t])
                    .abs()
                    .max((row.grad_norm - norm[t]).abs());
                assert!(
                    off <= 1e-5,
                    "{machine}, {clip:?}: update {t} off by {off:e}"
                );
            }
            for (got, want) in left.weights[3].iter().zip(&bias) {
                let off = (f64::from(*got) - want).abs();
                assert!(off <= 1e-5, "{machine}, {clip:?}: bias off by {off:e}");
            }
        }
    }
}

/// The relative distance of two runs' weights after so many updates, measured in each tensor's
/// largest number: what the README states.
const ACCUMULATED: f32 = 1e-5;

/// Batches that share an update do what one batch as large does: losses, norms and weights, with an
/// epoch's last update of fewer batches and a smaller last one.
#[test]
fn accumulated_batches_are_a_large_one() {
    let (network, data, weights) = mlp();
    accumulates("mlp", &network, &data, &weights, (16, 4, 20), &MACHINES);
    let images = dataset("fashion-mnist-first-6400");
    let images = Dataset {
        train: first(&images.train, 370),
        ..images
    };
    let lenet = Model::parse("lenet", &images.shape, 10).unwrap();
    let lenet = lenet.fit(&images.shape, 10).unwrap();
    let weights = tensors("cnn_sgdm_step", "init", &lenet);
    let how = (25, 4, 8);
    accumulates("lenet", &lenet, &images, &weights, how, &MACHINES[1..]);
}

fn accumulates(
    name: &str,
    network: &Network,
    data: &Dataset,
    weights: &[Vec<f32>],
    (batch, times, updates): (u32, u32, u64),
    machines: &[(&str, Open)],
) {
    let many = Config {
        batch_size: batch,
        accumulate: times,
        clip: Some(Clip::Norm(1.5)),
        ..Config::default()
    };
    let one = Config {
        batch_size: batch * times,
        accumulate: 1,
        ..many.clone()
    };
    for (machine, open) in machines {
        let run = |config| train(*open, network, data, config, (0.05, updates), weights);
        let (many, one) = (run(&many), run(&one));
        for (m, o) in many.rows.iter().zip(&one.rows) {
            assert_eq!((m.step, m.epoch), (o.step, o.epoch));
            let off = (m.loss - o.loss)
                .abs()
                .max((m.grad_norm - o.grad_norm).abs());
            assert!(
                off < 2e-5,
                "{name} by {machine}: update {} off by {off:e}",
                m.step
            );
        }
        assert_eq!(many.rows.len(), updates as usize);
        for (many, one) in many.weights.iter().zip(&one.weights) {
            compare(one, many, ACCUMULATED * largest(one), 0.0)
                .unwrap_or_else(|why| panic!("{name} by {machine}: {why}"));
        }
    }
}

/// The first samples of a split.
fn first(split: &Split, len: usize) -> Split {
    let targets = match &split.targets {
        Targets::Classes(classes) => Targets::Classes(classes[..len].to_vec()),
        Targets::Values { .. } => unreachable!("the golden data are classes"),
    };
    Split {
        features: split.features.clone(),
        targets,
        len,
    }
}

/// Values that mean nothing are refused before anything runs.
#[test]
fn what_means_nothing_is_refused() {
    let dir = folder();
    for (args, hint) in [
        ("--clip-norm 0", "above 0"),
        ("--clip-norm -1", "above 0"),
        ("--clip-value nan", "above 0"),
        ("--clip-value 1e99", "above 0"),
        ("--clip-norm 1 --clip-value 1", "remove one"),
        ("--limit 30 --accumulate 2", "no effect"),
        (
            "--limit 128 --accumulate 2 --drop-last",
            "whole batches of 64",
        ),
    ] {
        let message = refusal(&format!("train --device cpu {args}"), dir.path(), 2);
        assert!(message.contains(hint), "{args}: {message}");
    }
}
