//! What every optimiser promises, whatever it computes: a run that is taken up again has the same bits, machines
//! agree, what is left out leaves no trace, and another optimiser's state is refused.

use kiln::{
    data::{self, Dataset, Options},
    exec::{Executor, cpu::Cpu, gpu::GpuExecutor},
    fit::{self, Rows},
    model::Network,
    optim::Optimizer,
    schedule::{Rate, Schedule},
    train::{Clip, Config, Session, Snapshot, Trainer, Update},
};

use crate::{
    cli::{folder, refusal, success},
    common::gpu,
};

/// Every optimiser, with what it has flags for.
pub const ALL: [&str; 8] = [
    "SGD(momentum=0.9, nesterov=True)",
    "Adam(amsgrad=True, weight_decay=0.01)",
    "AdamW(betas=(0.85, 0.98))",
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
            assert_eq!(whole.weights, again.weights, "{machine}: {optimizer}");
            assert_eq!(whole.slots, again.slots, "{machine}: {optimizer}");
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
