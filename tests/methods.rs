//! What happens between a gradient and the weights that are kept, in whole runs on all machines.

use std::fs;

use kiln::{
    control::{Monitor, Observe},
    data::{Dataset, Names, Split, Targets},
    error::Result,
    exec::{Executor, cpu::Cpu, gpu::GpuExecutor},
    model::{Model, Network},
    optim::{Optimizer, Sgd},
    schedule::{LearningRate, Rate, Run},
    train::{Clip, Config, Evaluation, Observer, Order, Session, Swa, Trainer, Update, Weights},
};
use serde_json::Value;

use crate::{
    cli::{folder, refusal, success},
    common::{compare, golden, gpu, largest},
    trajectories::{Rows, dataset, tensors},
};

/// What runs a session.
pub type Open = fn(&Session) -> Box<dyn Executor>;

/// All that can.
pub const MACHINES: [(&str, Open); 3] = [
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
    let exec = open(&session);
    let mut trainer = Trainer::new(exec, &session, config, constant(lr), data, weights).unwrap();
    let mut rows = Rows::default();
    assert!(trainer.run(updates, &mut rows).unwrap());
    Left {
        rows: rows.0,
        weights: trainer.weights().unwrap(),
    }
}

/// One rate for a whole run.
pub fn constant(lr: f64) -> Rate {
    let plan: LearningRate = "constant".parse().unwrap();
    let rate = plan.start(&Run::new(lr), Monitor::EvalLoss, Observe::Epoch);
    rate.unwrap()
}

/// The golden MLP, its data and its first weights.
pub fn mlp() -> (Network, Dataset, Vec<Vec<f32>>) {
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
    let optimizer: Optimizer = Sgd {
        momentum: golden::number(&hyper["momentum"]),
        nesterov: true,
        weight_decay: golden::number(&hyper["weight_decay"]),
        ..Sgd::plain()
    }
    .into();
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
pub fn first(split: &Split, len: usize) -> Split {
    let targets = match &split.targets {
        Targets::Classes(classes) => Targets::Classes(classes[..len].to_vec()),
        Targets::Values { .. } => unreachable!("the golden data are classes"),
    };
    Split {
        features: split.features.clone(),
        targets,
        len,
        names: Names::None,
    }
}

/// Keeps the evaluations of a run.
#[derive(Default)]
struct Evaluations(Vec<Evaluation>);

impl Observer for Evaluations {
    fn update(&mut self, _: &Update) -> Result<()> {
        Ok(())
    }

    fn evaluation(&mut self, row: &Evaluation) -> Result<()> {
        self.0.push(row.clone());
        Ok(())
    }
}

/// The averages are those of the weights after every update, taken in f64 as timm and torch define
/// them; training is the same without them; evaluations are those of a run that starts from them.
#[test]
fn averages_are_of_the_weights() {
    let (network, data, weights) = mlp();
    let data = Dataset {
        test: Some(data.train.clone()),
        ..data
    };
    let swa = Swa { start: 7, every: 3 };
    let config = Config {
        batch_size: 64,
        ema: Some(0.9),
        swa: Some(swa),
        ..Config::default()
    };
    let plain = Config {
        ema: None,
        swa: None,
        ..config.clone()
    };
    for (machine, open) in MACHINES {
        let session = Session::record(&network, &data, &config).unwrap();
        let bare = Session::record(&network, &data, &plain).unwrap();
        let start = |session, config, weights: &[Vec<f32>]| {
            let exec = open(session);
            Trainer::new(exec, session, config, constant(0.1), &data, weights).unwrap()
        };
        let mut trainer = start(&session, &config, &weights);
        let mut without = start(&bare, &plain, &weights);
        let flat =
            |all: Vec<Vec<f32>>| -> Vec<f64> { all.concat().into_iter().map(f64::from).collect() };
        let mut ema = flat(weights.clone());
        let mut taken: Vec<Vec<f64>> = Vec::new();
        let mut seen = Evaluations::default();
        assert!(
            trainer.averaged(Weights::Swa).unwrap().is_none(),
            "{machine}"
        );
        for applied in 1..=14u64 {
            assert!(trainer.run(applied, &mut seen).unwrap());
            assert!(without.run(applied, &mut Evaluations::default()).unwrap());
            let now = trainer.weights().unwrap();
            assert_eq!(now, without.weights().unwrap(), "{machine}");
            let now = flat(now);
            ema.iter_mut()
                .zip(&now)
                .for_each(|(e, w)| *e = 0.9 * *e + (1.0 - 0.9) * w);
            if [7, 10, 13].contains(&applied) {
                taken.push(now);
            }
        }
        let mean = |i: usize| taken.iter().map(|w| w[i]).sum::<f64>() / 3.0;
        let mean: Vec<f64> = (0..ema.len()).map(mean).collect();
        let last = seen.0.last().unwrap().clone();
        for (which, want, loss, accuracy) in [
            (
                Weights::Ema,
                ema,
                last.ema_eval_loss,
                last.ema_eval_accuracy,
            ),
            (
                Weights::Swa,
                mean,
                last.swa_eval_loss,
                last.swa_eval_accuracy,
            ),
        ] {
            let got = trainer.averaged(which).unwrap().expect("an average");
            let want: Vec<f32> = want.iter().map(|&w| w as f32).collect();
            compare(&want, &got.concat(), 1e-6, 1e-6)
                .unwrap_or_else(|why| panic!("{machine}, {which:?}: {why}"));
            let mut from = start(&bare, &plain, &got);
            let found = from.evaluate(&mut Evaluations::default()).unwrap().unwrap();
            assert_eq!(Some(found.eval_loss), loss, "{machine}, {which:?}");
            assert_eq!(found.eval_accuracy, accuracy, "{machine}, {which:?}");
        }
        assert_ne!(last.ema_eval_loss, Some(last.eval_loss));
        assert!(seen.0[0].swa_eval_loss.is_none() && seen.0[0].ema_eval_loss.is_some());
    }
}

/// A run leaves its averages beside its weights, and their rows beside its rows.
#[test]
fn averages_are_written() {
    let dir = folder();
    let args = "train --device cpu --limit 100 --epochs 4 --ema 0.9 --swa 50% --out run --quiet";
    success(args, dir.path());
    let read = |name: &str| fs::read(dir.path().join("run").join(name)).unwrap();
    let files = ["model", "model_ema", "model_swa"].map(|n| read(&format!("{n}.safetensors")));
    assert!(files[0] != files[1] && files[1] != files[2] && files[0] != files[2]);
    let rows = String::from_utf8(read("metrics.jsonl")).unwrap();
    let rows: Vec<Value> = rows
        .lines()
        .map(|l| serde_json::from_str(l).unwrap())
        .collect();
    let evaluations: Vec<_> = rows.iter().filter(|r| r["eval_loss"].is_f64()).collect();
    assert_eq!(evaluations.len(), 4);
    assert!(evaluations.iter().all(|r| r["ema_eval_accuracy"].is_f64()));
    let with_mean: Vec<bool> = evaluations
        .iter()
        .map(|r| r["swa_eval_loss"].is_f64())
        .collect();
    assert_eq!(with_mean, [false, true, true, true]);
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
        ("--ema 1", "between 0 and 1"),
        ("--ema 0", "between 0 and 1"),
        ("--max-steps 50 --swa 51", "no effect"),
        ("--swa \"75%, evry=2\"", "every"),
        ("--swa cosine", "duration"),
        (
            "--limit 128 --accumulate 2 --drop-last",
            "whole batches of 64",
        ),
    ] {
        let message = refusal(&format!("train --device cpu {args}"), dir.path(), 2);
        assert!(message.contains(hint), "{args}: {message}");
    }
}
