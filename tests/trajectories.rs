//! Whole training runs against PyTorch's own, update by update: the only oracle that sees a
//! momentum convention, a rate off by one step, or a dropped buffer.
//!
//! Tolerances are golden's README's: PyTorch itself drifts once a ReLU flips. Before `safe_steps`
//! (at most 12 updates into a CNN) losses agree to 1e-5; later to max(1e-4, 10 · `loss_env`).

use kiln::{
    control::{Monitor, Observe},
    data::{self, Dataset, Features, Names, Options, Split, Targets, Task},
    error::Result,
    exec::{Executor, cpu::Cpu, gpu::GpuExecutor},
    model::{Model, Network},
    optim::Optimizer,
    schedule::{LearningRate, Run},
    train::{Config, Evaluation, Observer, Order, Session, Trainer, Update},
};
use serde_json::Value;

use crate::common::{compare, golden, gpu, largest};

/// A golden run, and the same in kiln's words.
struct Case {
    run: &'static str,
    model: &'static str,
    optimizer: &'static str,
    schedule: &'static str,
}

const CASES: [Case; 7] = [
    Case {
        run: "mlp_linear_decay",
        model: "mlp",
        optimizer: "SGD()",
        schedule: "linear(1x -> 0, 100)",
    },
    Case {
        run: "mlp_linear_decay_lr0.5",
        model: "Linear(10, 100) ReLU Linear(10)",
        optimizer: "SGD",
        schedule: "linear(to=0)",
    },
    Case {
        run: "cnn_sgdm_step",
        model: "lenet",
        optimizer: "SGD(momentum=0.9)",
        schedule: "step(every=20, gamma=0.5)",
    },
    Case {
        run: "cnn_sgd_warmup_cosine",
        model: "lenet",
        optimizer: "SGD()",
        schedule: "torch.SequentialLR([torch.LinearLR(0.1, total_iters=10), torch.CosineAnnealingLR(54)], [10])",
    },
    Case {
        run: "cnn_adam_step",
        model: "lenet",
        optimizer: "Adam",
        schedule: "step(every=20, gamma=0.5)",
    },
    Case {
        run: "cnn_adamw_exp",
        model: "lenet",
        optimizer: "AdamW(weight_decay=0.01)",
        schedule: "exponential(gamma=0.95)",
    },
    Case {
        run: "linreg_exp",
        model: "linear",
        optimizer: "SGD()",
        schedule: "exponential(gamma=0.99)",
    },
];

/// The product.
#[test]
fn the_cpu_executor_follows_pytorch() {
    for case in &CASES {
        follow(case, |session| {
            Ok(Box::new(Cpu::new(session.plan.clone())?))
        });
    }
}

/// The reference, so that a fault of both fast path and shader would show.
#[test]
fn the_naive_twins_follow_pytorch() {
    for case in CASES.iter().filter(|c| c.model != "lenet") {
        follow(case, |session| {
            Ok(Box::new(Cpu::naive(session.plan.clone())?))
        });
    }
}

#[test]
fn the_shaders_follow_pytorch() {
    for case in &CASES {
        let most = match gpu().extras.longest {
            usize::MAX => u64::MAX,
            // The drivers that convolve with the portable shader alone take a second an update.
            _ => 4,
        };
        follow_for(case, most, |session| {
            Ok(Box::new(GpuExecutor::new(gpu(), &session.plan)?))
        });
    }
}

/// Nothing that golden has is left out.
#[test]
fn every_golden_run_has_a_case() {
    for run in golden::open("trajectories").json["runs"]
        .as_array()
        .unwrap()
    {
        assert!(CASES.iter().any(|c| run["name"] == c.run), "{run}");
    }
}

/// Keeps the rows of a run.
#[derive(Default)]
pub struct Rows(pub Vec<Update>);

impl Observer for Rows {
    fn update(&mut self, row: &Update) -> Result<()> {
        self.0.push(row.clone());
        Ok(())
    }

    fn evaluation(&mut self, _: &Evaluation) -> Result<()> {
        Ok(())
    }
}

fn follow(case: &Case, executor: impl Fn(&Session) -> Result<Box<dyn Executor>>) {
    follow_for(case, u64::MAX, executor);
}

/// For so many updates of a convolutional network, or of any other to its end.
fn follow_for(case: &Case, most: u64, executor: impl Fn(&Session) -> Result<Box<dyn Executor>>) {
    let golden = golden::open("trajectories");
    let runs = golden.json["runs"].as_array().expect("runs");
    let run = runs
        .iter()
        .find(|r| r["name"] == case.run)
        .expect("the golden run");
    let data = dataset(run["data"].as_str().expect("a name"));
    let outputs = match &data.task {
        Task::Classification { classes } => classes.len() as u32,
        Task::Regression { .. } => 1,
    };
    let model = Model::parse(case.model, &data.shape, outputs).unwrap();
    let network = model.fit(&data.shape, outputs).unwrap();
    let config = Config {
        batch_size: run["batch"].as_u64().unwrap() as u32,
        optimizer: Optimizer::parse(case.optimizer).unwrap(),
        order: Order::Sequential,
        ..Config::default()
    };
    let session = Session::record(&network, &data, &config).unwrap();
    let steps = run["steps"].as_u64().unwrap();
    let plan: LearningRate = case.schedule.parse().unwrap();
    let base = golden::number(&run["optimizer"]["lr"]);
    let facts = Run {
        updates: Some(steps),
        ..Run::new(base)
    };
    let rate = plan
        .start(&facts, Monitor::EvalLoss, Observe::Epoch)
        .unwrap();
    let weights = tensors(case.run, "init", &network);
    let exec = executor(&session).unwrap();
    let mut trainer = Trainer::new(exec, &session, &config, rate, &data, &weights).unwrap();
    let mut rows = Rows::default();

    assert!(trainer.run(1, &mut rows).unwrap());
    let gradients = tensors(case.run, "grad_step0", &network);
    for (want, got) in gradients.iter().zip(trainer.gradients().unwrap()) {
        compare(want, &got, 2e-6 * largest(want), 0.0)
            .unwrap_or_else(|e| panic!("{}: grad_step0 {e}", case.run));
    }
    let adam = run["optimizer"]["kind"] != "SGD";
    let weights = tensors(case.run, "after_step1", &network);
    let all = weights.iter().zip(trainer.weights().unwrap());
    for ((want, got), gradient) in all.zip(&gradients) {
        let off = 2e-6 * largest(gradient);
        for (i, (w, g)) in want.iter().zip(got).enumerate() {
            let moved = if adam {
                base * first_step_off(gradient[i], off)
            } else {
                0.0
            };
            let allowed = 2e-6 * largest(want) + moved as f32;
            assert!(
                (w - g).abs() <= allowed,
                "{}: after_step1 [{i}]: want {w:e}, got {g:e}, allowed {allowed:e}",
                case.run
            );
        }
    }
    let until = if run["net"] == "cnn" { most } else { steps };
    let until = until.min(steps);
    assert!(trainer.run(until, &mut rows).unwrap());
    assert_eq!(
        rows.0.len() as u64,
        until,
        "{}: a row for every update",
        case.run
    );
    check_rows(case.run, run, &rows.0);
}

/// How far Adam's first step, `g / (|g| + 1e-8)`, is off where the gradient is off by so much.
fn first_step_off(gradient: f32, off: f32) -> f64 {
    let [gradient, off] = [gradient, off].map(f64::from);
    let step = |g: f64| g / (g.abs() + 1e-8);
    step(gradient + off) - step(gradient - off)
}

fn check_rows(name: &str, run: &Value, rows: &[Update]) {
    let at = |key: &str, t: usize| golden::number(&run[key][t]);
    let safe = run["safe_steps"].as_u64().unwrap() as usize;
    let safe = if run["net"] == "cnn" {
        safe.min(12)
    } else {
        safe
    };
    let top = rows.iter().map(|r| r.lr).fold(0.0, f64::max);
    for (t, row) in rows.iter().enumerate() {
        let off = (row.lr - at("lr", t)).abs();
        assert!(
            off <= 1e-12 * top,
            "{name}: update {t}: lr {} off by {off:e}",
            row.lr
        );
        let off = (row.loss - at("loss_f64", t)).abs();
        let allowed = if t < safe {
            1e-5
        } else {
            (10.0 * at("loss_env", t)).max(1e-4)
        };
        assert!(
            off <= allowed,
            "{name}: update {t}: loss {} off by {off:e}",
            row.loss
        );
    }
}

/// A set of a golden run's tensors, in the network's order.
pub fn tensors(run: &str, set: &str, network: &Network) -> Vec<Vec<f32>> {
    let golden = golden::open("trajectories");
    // A Sequential's layers are numbered; golden's are named.
    let name = |p: &str| match p.split_once('.') {
        Some(("0", kind)) => format!("fc1.{kind}"),
        Some(("2", kind)) => format!("fc2.{kind}"),
        _ => p.to_string(),
    };
    let params = network.params();
    params
        .map(|p| golden.floats(&format!("{run}/{set}/{}", name(&p.name))))
        .collect()
}

pub fn dataset(name: &str) -> Dataset {
    if name == "fashion-mnist-first-6400" {
        let options = Options {
            limit: Some(6400),
            ..Options::default()
        };
        let data = data::load("fashion-mnist", &options).unwrap_or_else(|e| panic!("{e}"));
        return Dataset { test: None, ..data };
    }
    let golden = golden::open("trajectories");
    let (x, y) = (format!("data/{name}/x"), format!("data/{name}/y"));
    let shape = golden.shape(&x);
    let (targets, task) = if name == "mlp" {
        let classes = (0..10).map(|c| c.to_string()).collect();
        (
            Targets::Classes(golden.integers(&y)),
            Task::Classification { classes },
        )
    } else {
        let values = Targets::Values {
            data: golden.floats(&y),
            width: 1,
        };
        (
            values,
            Task::Regression {
                outputs: vec!["y".into()],
            },
        )
    };
    Dataset {
        columns: Vec::new(),
        name: name.into(),
        shape: vec![shape[1]],
        task,
        train: Split {
            features: Features::Floats(golden.floats(&x)),
            targets,
            len: shape[0] as usize,
            names: Names::None,
        },
        val: None,
        test: None,
        test_fraction: None,
        standardization: None,
        summary: String::new(),
    }
}
