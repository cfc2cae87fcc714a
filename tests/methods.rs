//! What happens between a gradient and the weights that are kept, in whole runs on all machines.

use std::fs;

use kiln::{
    control::{Monitor, Observe},
    data::Dataset,
    exec::{Executor, cpu::Cpu, gpu::GpuExecutor},
    model::{Model, Network},
    optim::Sgd,
    schedule::{LearningRate, Run},
    train::{Clip, Config, Order, Session, Trainer, Update},
};
use serde_json::Value;

use crate::{
    cli::{folder, refusal},
    common::{golden, gpu},
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
    ] {
        let message = refusal(&format!("train --device cpu {args}"), dir.path(), 2);
        assert!(message.contains(hint), "{args}: {message}");
    }
}
