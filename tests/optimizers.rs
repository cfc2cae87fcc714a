//! What every optimiser promises, whatever it computes: a run that is taken up again has the same bits, machines
//! agree, what is left out leaves no trace, and another optimiser's state is refused.

use kiln::{
    control::{Rule, gradient},
    data::{self, Dataset, Options},
    exec::{Executor, cpu::Cpu, gpu::GpuExecutor},
    fit::{self, Rows},
    model::Network,
    optim::{Optimizer, ParamGroup},
    schedule::{Rate, Run, Schedule},
    train::{Clip, Config, Session, Snapshot, Trainer, Update},
};

use crate::{
    cli::{folder, refusal, success},
    common::gpu,
};

/// Every optimiser, with what it has flags for.
pub const ALL: [&str; 22] = [
    "DoG(reps_rel=0.01)",
    "DoWG(init_estim_sq_dist=0.01)",
    "Prodigy(d0=0.001, weight_decay=0.01, safeguard_warmup=True)",
    "DAdaptAdamW(d0=0.001, betas=(0.9, 0.95))",
    "SGDScheduleFree(weight_decay=0.001)",
    "AdamWScheduleFree(r=1)",
    "SPS(max_learning_rate=0.2, momentum=0.5)",
    "HypergradientSGD(alpha0=0.05, hypergrad_lr=0.001, weight_decay=0.01)",
    "LARS(weight_decay=0.01, nesterov=True, trust_coefficient=0.5)",
    "LAMB(weight_decay=0.1)",
    "SGD(momentum=0.9, nesterov=True)",
    "Adam(amsgrad=True, weight_decay=0.01)",
    "AdamW(betas=(0.85, 0.98))",
    "Adamax(betas=(0.8, 0.99), weight_decay=0.01)",
    "NAdam(momentum_decay=0.01, decoupled_weight_decay=True, weight_decay=0.1)",
    "RAdam(betas=(0.9, 0.95), weight_decay=0.01)",
    "Adadelta(rho=0.8, eps=1e-5, weight_decay=0.01)",
    "Adagrad(lr_decay=0.01, initial_accumulator_value=0.1)",
    "RMSprop(alpha=0.9, momentum=0.5, centered=True)",
    "RMSprop(centered=True)",
    "Lion(weight_decay=0.1)",
    "AdaGradNorm(b0=0.5, momentum=0.9)",
];

/// Updates of a run.
const STEPS: u64 = 24;

fn machines(session: &Session) -> [(&'static str, Box<dyn Executor>); 2] {
    let cpu = Cpu::new(session.plan.clone()).unwrap();
    let gpu = GpuExecutor::new(gpu(), &session.plan).unwrap();
    [("CPU", Box::new(cpu)), ("GPU", Box::new(gpu))]
}

fn subject() -> (Network, Dataset) {
    let options = Options {
        limit: Some(320),
        ..Options::default()
    };
    let data = data::load("digits", &options).unwrap();
    let network = fit::network("mlp", &data).unwrap();
    (network, data)
}

/// A rate that is another one in every update, of the optimiser's order.
fn rate(optimizer: &Optimizer) -> Rate {
    let high = match optimizer {
        Optimizer::Sgd(_) | Optimizer::AdaGradNorm(_) => 0.1,
        _ if optimizer.sets_rate() => 1.0,
        Optimizer::SgdScheduleFree(_) => 0.5,
        Optimizer::Adadelta(_) => 1.0,
        _ => 0.004,
    };
    Schedule::linear(high, high / 10.0, STEPS).into()
}

fn configured(optimizer: &str) -> Config {
    Config {
        optimizer: Optimizer::parse(optimizer).unwrap(),
        clip: Some(Clip::Norm(1.5)),
        ..Config::default()
    }
}

/// A run to its end, stopped and taken up by another trainer after `stop` updates where that is one.
fn run(session: &Session, config: &Config, on: usize, stop: Option<u64>) -> (Rows, Snapshot) {
    let (network, data) = subject();
    let first = network.init(config.seed);
    let begin = || {
        let (_, exec) = machines(session).into_iter().nth(on).unwrap();
        Trainer::new(
            exec,
            session,
            config,
            rate(&config.optimizer),
            &data,
            &first,
        )
        .unwrap()
    };
    let (mut trainer, mut rows) = (begin(), Rows::default());
    if let Some(stop) = stop {
        trainer.run(stop, &mut rows).unwrap();
        let left = trainer.snapshot().unwrap();
        trainer = begin();
        trainer.restore(&left).unwrap();
    }
    trainer.run(STEPS, &mut rows).unwrap();
    (rows, trainer.snapshot().unwrap())
}

/// N updates are k updates, saved, taken up, and N − k more: to the bit, in the middle of an epoch. The machines
/// agree, and every optimiser learns.
#[test]
fn a_run_that_is_taken_up_again_has_the_same_bits() {
    let (network, data) = subject();
    for optimizer in ALL {
        let config = configured(optimizer);
        let session = Session::record(&network, &data, &config).unwrap();
        let mut losses = Vec::new();
        for (on, machine) in ["CPU", "GPU"].into_iter().enumerate() {
            let (rows, whole) = run(&session, &config, on, None);
            let (_, again) = run(&session, &config, on, Some(7));
            assert!(whole.weights == again.weights, "{machine}: {optimizer}");
            assert!(whole.slots == again.slots, "{machine}: {optimizer}");
            assert_eq!(
                whole.state.control, again.state.control,
                "{machine}: {optimizer}"
            );
            let mut slots = whole.slots.iter();
            let moved = slots.all(|s| s.values.iter().flatten().any(|x| *x != 0.0));
            assert!(moved, "{machine}: {optimizer}: a slot that nothing uses");
            let mean =
                |rows: &[Update]| rows.iter().map(|u| u.loss).sum::<f64>() / rows.len() as f64;
            let (first, last) = (mean(&rows.updates[..4]), mean(&rows.updates[20..]));
            assert!(last < first, "{machine}: {optimizer}: {first} to {last}");
            losses.push(rows.updates.iter().map(|u| u.loss).collect::<Vec<_>>());
        }
        for (t, (cpu, gpu)) in losses[0].iter().zip(&losses[1]).enumerate() {
            assert!(
                (cpu - gpu).abs() < 2e-3,
                "{optimizer}: update {t}: {cpu} and {gpu}"
            );
        }
    }
}

/// A checkpoint names every slot as torch does, and another optimiser does not go on from it.
#[test]
fn slots_have_names_and_belong_to_their_optimizer() {
    let dir = folder();
    let dir = dir.path();
    let run = "train --device cpu --model mlp --limit 320 --max-steps 4 --quiet --lr 0.001 --out run --optimizer Adam(amsgrad=True)";
    success(run, dir);
    let file = dir.join("run/checkpoints/last/optimizer.safetensors");
    let bytes = std::fs::read(file).unwrap();
    let file = safetensors::SafeTensors::deserialize(&bytes).unwrap();
    for slot in ["exp_avg", "exp_avg_sq", "max_exp_avg_sq"] {
        let tensor = file.tensor(&format!("{slot}.fc1.weight")).unwrap();
        assert_eq!(tensor.shape(), [100, 64], "{slot}");
    }
    let other = "resume run --max-steps 8 --optimizer Lion --on-change extend --quiet";
    let said = refusal(other, dir, 2);
    for word in ["another optimiser", "exp_avg_sq", "Lion()", "--init"] {
        assert!(said.contains(word), "{word}: {said}");
    }
    success("resume run --max-steps 8 --on-change extend --quiet", dir);
}

/// A momentum that a schedule decides has to be one.
#[test]
fn schedules_steer_what_there_is() {
    let dir = folder();
    let run = "train --device cpu --model mlp --limit 320 --max-steps 4 --quiet";
    let said = refusal(
        &format!("{run} --optimizer Adagrad --momentum-schedule 0.5"),
        dir.path(),
        2,
    );
    assert!(said.contains("has no momentum"), "{said}");
    let cycled = "train --device cpu --model mlp --limit 320 --max-steps 4 --quiet --out run --optimizer Adam \
                  --schedule one_cycle";
    success(cycled, dir.path());
    let rows = std::fs::read_to_string(dir.path().join("run/metrics.jsonl")).unwrap();
    let first: serde_json::Value = serde_json::from_str(rows.lines().next().unwrap()).unwrap();
    assert_eq!(first["momentum"], 0.95, "β1 is cycled: {rows}");
}

/// The run with these groups.
fn grouped(config: &Config, groups: &str, layer_decay: Option<f64>) -> Config {
    let run = Run {
        updates: Some(STEPS),
        ..Run::new(0.1)
    };
    Config {
        groups: ParamGroup::parse(groups, &config.optimizer, &run).unwrap(),
        layer_decay,
        ..config.clone()
    }
}

/// The weights after one update of every machine: `fc1.weight`, `fc1.bias`, `fc2.weight`, `fc2.bias`.
fn updated(config: &Config) -> [Vec<Vec<f32>>; 2] {
    let (network, data) = subject();
    let session = Session::record(&network, &data, config).unwrap();
    let first = network.init(config.seed);
    machines(&session).map(|(_, exec)| {
        let mut trainer = Trainer::new(
            exec,
            &session,
            config,
            rate(&config.optimizer),
            &data,
            &first,
        )
        .unwrap();
        trainer.run(1, &mut Rows::default()).unwrap();
        trainer.weights().unwrap()
    })
}

/// A group that changes nothing changes no bit, wherever its parameters lie; one with twice the rate goes twice as
/// far, one that is frozen nowhere, and no other parameter notices. A layer's rate is the next one's times the decay.
#[test]
fn groups_have_their_own_rates() {
    let (network, _) = subject();
    let first = network.init(0);
    for optimizer in ALL {
        let config = Config {
            clip: None,
            ..configured(optimizer)
        };
        let plain = updated(&config);
        // A weight and its bias stay together, and all where they are: sums have the order that they have without groups.
        let same = updated(&grouped(&config, "fc2.*: lr=1x", None));
        assert!(same == plain, "{optimizer}: a group that changes nothing");
        let moved = |weights: &[Vec<f32>], i: usize| -> Vec<f32> {
            weights[i]
                .iter()
                .zip(&first[i])
                .map(|(after, before)| after - before)
                .collect()
        };
        let times = |config: &Config, i: usize, factor: f32| {
            for (got, plain) in updated(config).iter().zip(&plain) {
                for (got, usual) in moved(got, i).iter().zip(moved(plain, i)) {
                    let apart = (got - factor * usual).abs();
                    assert!(
                        apart <= 1e-6,
                        "{optimizer}: parameter {i}: {got} and {factor} times {usual}"
                    );
                }
            }
        };
        let doubled = grouped(&config, "*.bias: lr=2x; fc1.weight: freeze", None);
        let own = config.optimizer.sets_rate() || optimizer.starts_with("AdaGradNorm");
        if !own {
            // Such a rate is the whole gradient's, which a frozen parameter has no part in.
            times(&doubled, 1, 2.0);
            times(&doubled, 2, 1.0);
        }
        for weights in updated(&doubled) {
            assert!(weights[0] == first[0], "{optimizer}: frozen");
            assert!(weights[2] != first[2], "{optimizer}: trained");
        }
        if config.optimizer.sets_rate() {
            continue;
        }
        let layered = grouped(&config, "", Some(0.5));
        times(&layered, 0, 0.5);
        times(&layered, 1, 0.5);
        times(&layered, 3, 1.0);
    }
}

/// Groups, a schedule of one's own and frozen parameters survive a checkpoint to the bit; frozen parameters have no
/// gradient, and stay as they were.
#[test]
fn grouped_runs_are_taken_up_again() {
    let (network, data) = subject();
    let groups = "fc1.weight: freeze; *.bias: lr=linear(0.02 -> 0.001), weight_decay=0.3";
    for optimizer in ["SGD(momentum=0.9)", "AdamW(amsgrad=True)"] {
        let config = grouped(&configured(optimizer), groups, Some(0.7));
        let session = Session::record(&network, &data, &config).unwrap();
        for on in 0..2 {
            let (rows, whole) = run(&session, &config, on, None);
            let (_, again) = run(&session, &config, on, Some(7));
            assert!(whole == again, "{optimizer}: taken up again");
            assert!(
                whole.weights[0] == network.init(0)[0],
                "{optimizer}: frozen"
            );
            let rates = |t: usize| rows.updates[t].groups.iter().collect::<Vec<_>>();
            assert_eq!(rates(0), [("lr[fc1.weight]", 0.0), ("lr[*.bias]", 0.02)]);
        }
    }
}

/// The command line's groups are in the metrics of every update, in the settings, and go on with the run.
#[test]
fn groups_are_settings_of_a_run() {
    let dir = folder();
    let dir = dir.path();
    let args = [
        "train",
        "--device",
        "cpu",
        "--model",
        "mlp",
        "--limit",
        "320",
        "--max-steps",
        "4",
        "--quiet",
        "--out",
        "run",
        "--lr",
        "0.03",
        "--layer-decay",
        "0.5",
        "--group",
        "*.bias: weight_decay=0, lr=2x; fc1.weight: freeze",
    ];
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_kiln"));
    let out = command.current_dir(dir).args(args).output().unwrap();
    assert!(
        out.status.success(),
        "{}",
        String::from_utf8_lossy(&out.stderr)
    );
    success("resume run --max-steps 8 --on-change extend --quiet", dir);
    let rows = std::fs::read_to_string(dir.join("run/metrics.jsonl")).unwrap();
    let updates: Vec<serde_json::Value> = rows
        .lines()
        .map(|row| serde_json::from_str(row).unwrap())
        .collect();
    let updates: Vec<_> = updates
        .iter()
        .filter(|row| row.get("loss").is_some())
        .collect();
    assert_eq!(updates.len(), 8);
    for row in updates {
        assert_eq!(
            (&row["lr[*.bias]"], &row["lr[fc1.weight]"]),
            (&0.06.into(), &0.0.into()),
            "{row}"
        );
    }
    let said = refusal("train --device cpu --group fc9.*:freeze", dir, 2);
    assert!(
        said.contains("group `fc9.*` has no parameter: there are"),
        "{said}"
    );
    let said = refusal("train --device cpu --layer-decay 1.5", dir, 2);
    assert!(said.contains("between 0 and 1"), "{said}");
}

/// AdaGrad-Norm is SGD beside the controller of that name, to the bit: its rate is η by the root of all squared norms.
#[test]
fn adagrad_norm_is_sgd_beside_its_controller() {
    let norm = configured("AdaGradNorm(b0=0.5)");
    let sgd = Config {
        gradient_rules: vec![Rule::AdaGradNorm(gradient::AdaGradNorm { b0: 0.5 })],
        ..configured("SGD()")
    };
    assert!(updated(&norm) == updated(&sgd));
    let (network, data) = subject();
    let session = Session::record(&network, &data, &norm).unwrap();
    let (rows, _) = run(&session, &norm, 0, None);
    let mut sum = 0.25;
    for (t, row) in rows.updates.iter().enumerate() {
        sum += row.grad_norm * row.grad_norm;
        let want = rate(&norm.optimizer).at(t as u64) / sum.sqrt();
        assert!(
            (row.lr / want - 1.0).abs() < 1e-5,
            "update {t}: {} and {want}",
            row.lr
        );
    }
}

/// Gradients are taken between z and x, and x is what is evaluated and saved as the weights, without anybody asking for
/// it; frozen parameters are saved beside it.
#[test]
fn schedule_free_weights_are_the_mean() {
    let (network, data) = subject();
    for optimizer in [
        "SGDScheduleFree(momentum=0.8)",
        "AdamWScheduleFree(betas=(0.8, 0.99))",
    ] {
        let config = grouped(&configured(optimizer), "fc1.bias: freeze", None);
        let session = Session::record(&network, &data, &config).unwrap();
        let plain = configured("SGD()");
        let usual = Session::record(&network, &data, &plain).unwrap();
        for on in 0..2 {
            let (_, saved) = run(&session, &config, on, None);
            let slot = |name: &str| &saved.slots.iter().find(|s| s.name == name).unwrap().values;
            let (y, z) = (slot("trained"), slot("z"));
            for (i, x) in saved.weights.iter().enumerate().filter(|(i, _)| *i != 1) {
                for ((x, y), z) in x.iter().zip(&y[i]).zip(&z[i]) {
                    assert!((0.8 * x + 0.2 * z - y).abs() < 1e-5, "{optimizer}: {i}");
                }
            }
            assert!(
                saved.weights[1] == network.init(0)[1],
                "{optimizer}: frozen"
            );
            assert!(saved.weights[0] != y[0], "{optimizer}: x is not y");
            let evaluated = |session: &Session,
                             config: &Config,
                             weights: &[Vec<f32>],
                             from: Option<&Snapshot>| {
                let (_, exec) = machines(session).into_iter().nth(on).unwrap();
                let rate = rate(&config.optimizer);
                let mut trainer =
                    Trainer::new(exec, session, config, rate, &data, weights).unwrap();
                if let Some(from) = from {
                    trainer.restore(from).unwrap();
                }
                trainer
                    .evaluate(&mut Rows::default())
                    .unwrap()
                    .unwrap()
                    .eval_loss
            };
            let own = evaluated(&session, &config, &network.init(0), Some(&saved));
            assert_eq!(
                own,
                evaluated(&usual, &plain, &saved.weights, None),
                "{optimizer}"
            );
        }
    }
    let dir = folder();
    let said = refusal(
        "train --device cpu --optimizer SGDScheduleFree --ema 0.9",
        dir.path(),
        2,
    );
    assert!(said.contains("averages by itself"), "{said}");
}

/// A schedule that gets controllers when a run is taken up again leaves the optimiser's own memory as it was, and without
/// --lr the rate is the optimiser's own.
#[test]
fn a_rate_that_was_found_is_kept() {
    let dir = folder();
    let dir = dir.path();
    let run = "train --device cpu --model mlp --limit 320 --max-steps 20 --quiet --out run --optimizer DoG(reps_rel=0.01)";
    success(run, dir);
    let more = "resume run --max-steps 24 --schedule constant*gradient_ratio(reference=2) --on-change extend --quiet";
    success(more, dir);
    let rows = std::fs::read_to_string(dir.join("run/metrics.jsonl")).unwrap();
    let rates: Vec<f64> = rows
        .lines()
        .map(|row| serde_json::from_str::<serde_json::Value>(row).unwrap())
        .filter_map(|row| row.get("loss").and(row["lr"].as_f64()))
        .collect();
    assert_eq!(rates.len(), 24);
    assert!(
        rates[19] > 0.0 && (rates[20] / rates[19] - 1.0).abs() < 0.1,
        "{rates:?}"
    );
}

/// DoG begins at a share of the norm of what it moves: running statistics and frozen parameters are no part of it.
#[test]
fn distances_are_of_what_moves() {
    let (_, data) = subject();
    let model = "Conv2d(4, 3) BatchNorm2d ReLU Flatten Linear(10)";
    let network = fit::network(model, &data).unwrap();
    let config = Config {
        clip: None,
        ..grouped(&configured("DoG(reps_rel=0.01)"), "*.bias: freeze", None)
    };
    let session = Session::record(&network, &data, &config).unwrap();
    let (_, exec) = machines(&session).into_iter().next().unwrap();
    let first = network.init(config.seed);
    let mut trainer = Trainer::new(
        exec,
        &session,
        &config,
        rate(&config.optimizer),
        &data,
        &first,
    )
    .unwrap();
    trainer.run(1, &mut Rows::default()).unwrap();
    let named = network.params().map(|p| p.name.as_str()).zip(&first);
    let moved = named.filter(|(name, _)| name.ends_with(".weight"));
    let squares = moved
        .flat_map(|(_, values)| values)
        .map(|&w| f64::from(w).powi(2));
    let want = 0.01 * (1.0 + squares.sum::<f64>().sqrt());
    let got = f64::from(f32::from_bits(trainer.snapshot().unwrap().state.control[1]));
    assert!((got / want - 1.0).abs() < 1e-6, "{got} and {want}");
}

/// The weight and the bias of a normalisation may be in different groups, and one of them frozen: the gradients of what
/// is trained are those that it has without groups, and so is what is evaluated.
#[test]
fn normalisations_may_be_taken_apart() {
    let (_, data) = subject();
    let model = "Conv2d(4, 3) BatchNorm2d ReLU Conv2d(6, 3) GroupNorm(2) ReLU Flatten Linear(9) LayerNorm(9) ReLU Linear(10)";
    let network = fit::network(model, &data).unwrap();
    let first = network.init(3);
    for optimizer in ["SGD()", "SGDScheduleFree"] {
        let plain = Config {
            clip: None,
            ..configured(optimizer)
        };
        let found = |config: &Config, on: usize| {
            let session = Session::record(&network, &data, config).unwrap();
            let (_, exec) = machines(&session).into_iter().nth(on).unwrap();
            let rate = rate(&config.optimizer);
            let mut trainer = Trainer::new(exec, &session, config, rate, &data, &first).unwrap();
            let before = trainer
                .evaluate(&mut Rows::default())
                .unwrap()
                .unwrap()
                .eval_loss;
            trainer.run(1, &mut Rows::default()).unwrap();
            (before, trainer.gradients().unwrap())
        };
        for groups in [
            "*.bias: weight_decay=0",
            "*.bias: lr=2x",
            "*.bias: freeze",
            "*.weight: freeze",
            "1.*: freeze",
        ] {
            let config = grouped(&plain, groups, None);
            for on in 0..2 {
                let ((loss, want), (own, got)) = (found(&plain, on), found(&config, on));
                assert!(
                    (loss - own).abs() < 1e-6,
                    "{optimizer}, {groups}: {loss} and {own}"
                );
                for (i, (want, got)) in want.iter().zip(&got).enumerate() {
                    let frozen = got.iter().all(|g| *g == 0.0);
                    assert!(
                        !frozen || groups.contains("freeze"),
                        "{groups}: parameter {i}"
                    );
                    let close = |(a, b): (&f32, &f32)| (a - b).abs() < 1e-5;
                    assert!(
                        frozen || want.iter().zip(got).all(close),
                        "{optimizer}, {groups}: {i}"
                    );
                }
            }
        }
    }
}
