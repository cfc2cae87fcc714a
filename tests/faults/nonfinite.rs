//! Losses and gradients that are not finite.

use kiln::{
    control::{Monitor, Observe},
    data::Features,
    error::{Error, Result},
    exec::cpu::Cpu,
    model::{Model, Network},
    ops::LEFT_OUT,
    schedule::{LearningRate, Run},
    train::{
        Clip, Config, Evaluation, MOST_LEFT_OUT, Observer, OnNonFinite, Order, Session, Snapshot,
        Swa, Trainer, Update,
    },
};
use serde_json::Value;

use super::{as_of, command, demand, failed, read, said, same};
use crate::{
    cli::{folder, success},
    methods::{MACHINES, constant, mlp},
};

/// Rows and notes of a run.
#[derive(Default)]
struct Seen {
    rows: Vec<Update>,
    notes: Vec<String>,
}

impl Observer for Seen {
    fn update(&mut self, row: &Update) -> Result<()> {
        self.rows.push(row.clone());
        Ok(())
    }

    fn evaluation(&mut self, _: &Evaluation) -> Result<()> {
        Ok(())
    }

    fn note(&mut self, text: &str) {
        self.notes.push(text.into());
    }
}

/// Every sixth of the samples makes the gradient of its batch infinite or NaN.
const BATCH: usize = 10;
const BAD: u64 = 3;

fn config(clip: Option<Clip>, accumulate: u32) -> Config {
    Config {
        batch_size: BATCH as u32 / accumulate,
        accumulate,
        order: Order::Sequential,
        clip,
        ema: Some(0.9),
        swa: Some(Swa { start: 1, every: 1 }),
        on_nonfinite: OnNonFinite::Skip,
        ..Config::default()
    }
}

/// A network whose gradients one workgroup adds up, and one that takes several.
fn networks(shape: &[u32]) -> [Network; 2] {
    let wide = format!(
        "Flatten Linear({}) ReLU Linear(10)",
        40_000 / shape.iter().product::<u32>()
    );
    ["Flatten Linear(10)", &wide].map(|text| {
        let model = Model::parse(text, shape, 10).unwrap();
        model.fit(shape, 10).unwrap()
    })
}

/// An update whose gradient is not finite changes nothing but the step: weights, momentum and moving average stay
/// what they were, the mean takes the weights in as they are; what follows is what follows from that, to the bit.
/// On all machines, for short and long gradients, clipped or not, of one batch and of two.
#[test]
fn a_skipped_update_leaves_everything_as_it_was() {
    let (_, mut data, _) = mlp();
    data.test = None;
    let features: usize = data.shape.iter().product::<u32>() as usize;
    let Features::Floats(values) = &mut data.train.features else {
        panic!("the golden data are floats")
    };
    values[(BAD as usize * BATCH + 7) * features] = f32::NAN;
    for network in networks(&data.shape) {
        let weights = network.init(5);
        for (clip, accumulate) in [(None, 1), (Some(Clip::Norm(0.5)), 1), (None, 2)] {
            let config = config(clip, accumulate);
            let session = Session::record(&network, &data, &config).unwrap();
            for (machine, open) in MACHINES {
                let what = format!("{machine}, {clip:?}, {accumulate}");
                let new = || {
                    let rate = constant(0.01);
                    Trainer::new(open(&session), &session, &config, rate, &data, &weights).unwrap()
                };
                let mut trainer = new();
                let mut seen = Seen::default();
                let snapshots: Vec<Snapshot> = [BAD, BAD + 1, BAD + 3]
                    .into_iter()
                    .map(|steps| {
                        assert!(trainer.run(steps, &mut seen).unwrap());
                        trainer.snapshot().unwrap()
                    })
                    .collect();
                let [before, after, end] = &snapshots[..] else {
                    unreachable!()
                };
                assert_eq!(before.weights, after.weights, "{what}");
                assert_eq!(before.slots, after.slots, "{what}");
                assert_eq!(
                    before.averages[0], after.averages[0],
                    "{what}: moving average"
                );
                assert_ne!(before.averages[1], after.averages[1], "{what}: mean");
                assert_eq!(after.state.left_out, [1, 1], "{what}");
                let skipped: Vec<u32> = seen.rows.iter().map(|row| row.skipped).collect();
                assert_eq!(skipped, [0, 0, 0, 1, 0, 0], "{what}");
                assert!(
                    end.weights.iter().flatten().all(|w| w.is_finite()),
                    "{what}"
                );
                assert_eq!(trainer.left_out(), 1);
                demand(
                    &seen.notes.join("\n"),
                    &["update 3:", "(layer 1: Linear(", "left out"],
                );
                // The same from there on, as if the update had never been.
                let mut other = new();
                let mut start = before.clone();
                start.state.step += 1;
                start.averages = after.averages.clone();
                other.restore(&start).unwrap();
                assert!(other.run(BAD + 3, &mut Seen::default()).unwrap());
                let there = other.snapshot().unwrap();
                assert_eq!(there.weights, end.weights, "{what}: what follows");
                assert_eq!(there.slots, end.slots, "{what}: what follows");
                assert_eq!(there.averages, end.averages, "{what}: what follows");
            }
        }
    }
}

/// Where it stops the run, nothing after it was applied either: the weights are those before it.
#[test]
fn a_run_that_stops_has_the_weights_before() {
    let (_, mut data, _) = mlp();
    data.test = None;
    let features: usize = data.shape.iter().product::<u32>() as usize;
    let Features::Floats(values) = &mut data.train.features else {
        panic!("the golden data are floats")
    };
    values[BAD as usize * BATCH * features] = f32::NAN;
    for network in networks(&data.shape) {
        let weights = network.init(5);
        let config = Config {
            on_nonfinite: OnNonFinite::Stop,
            swa: None,
            ..config(None, 1)
        };
        let session = Session::record(&network, &data, &config).unwrap();
        for (machine, open) in MACHINES {
            let rate = constant(0.01);
            let mut trainer =
                Trainer::new(open(&session), &session, &config, rate, &data, &weights).unwrap();
            assert!(trainer.run(BAD, &mut Seen::default()).unwrap());
            let before = trainer.snapshot().unwrap();
            let e = trainer.run(BAD + 6, &mut Seen::default()).unwrap_err();
            assert!(matches!(e, Error::Diverged(_)), "{e}");
            demand(&e.to_string(), &["update 3:", "(layer 1: Linear("]);
            assert_eq!(trainer.weights().unwrap(), before.weights, "{machine}");
            // And it can go on from there.
            trainer.restore(&before).unwrap();
            assert!(trainer.run(BAD, &mut Seen::default()).unwrap());
        }
    }
}

/// The first update that is applied is the optimiser's first, whatever was left out before: its gradient is not
/// dampened.
#[test]
fn the_first_applied_update_is_the_first() {
    let (_, mut data, _) = mlp();
    data.test = None;
    let features: usize = data.shape.iter().product::<u32>() as usize;
    let network = &networks(&data.shape)[0];
    let weights = network.init(5);
    let config = Config {
        optimizer: kiln::optim::Optimizer::parse("SGD(momentum=0.9, dampening=0.5)").unwrap(),
        swa: None,
        ..config(None, 1)
    };
    let Features::Floats(values) = &mut data.train.features else {
        panic!("the golden data are floats")
    };
    values[0] = f32::INFINITY;
    values[BATCH * features] = f32::NAN;
    let session = Session::record(network, &data, &config).unwrap();
    for (machine, open) in MACHINES {
        let new = || {
            let rate = constant(0.01);
            Trainer::new(open(&session), &session, &config, rate, &data, &weights).unwrap()
        };
        let mut trainer = new();
        trainer.run(2, &mut Seen::default()).unwrap();
        assert_eq!(trainer.weights().unwrap(), weights, "{machine}");
        trainer.run(3, &mut Seen::default()).unwrap();
        let gradients = trainer.gradients().unwrap();
        let momentum = trainer.snapshot().unwrap().slots;
        assert_eq!(
            momentum[0].values, gradients,
            "{machine}: the first is dampened"
        );
        let mut at_once = new();
        at_once.run(3, &mut Seen::default()).unwrap();
        assert_eq!(
            at_once.snapshot().unwrap().slots,
            momentum,
            "{machine}: at once"
        );
    }
    assert_eq!(LEFT_OUT, -1.0);
}

/// A run whose last update was skipped goes on where none may be: what was left out before ends nothing.
#[test]
fn what_was_skipped_does_not_end_a_run() {
    let (_, mut data, _) = mlp();
    data.test = None;
    let features: usize = data.shape.iter().product::<u32>() as usize;
    let Features::Floats(values) = &mut data.train.features else {
        panic!("the golden data are floats")
    };
    values[(BAD as usize * BATCH + 7) * features] = f32::NAN;
    let network = &networks(&data.shape)[0];
    let skips = config(None, 1);
    let stops = Config {
        on_nonfinite: OnNonFinite::Stop,
        ..skips.clone()
    };
    let session = Session::record(network, &data, &skips).unwrap();
    let weights = network.init(5);
    for (machine, open) in MACHINES {
        let [mut before, mut after] = [&skips, &stops].map(|config| {
            let rate = constant(0.01);
            Trainer::new(open(&session), &session, config, rate, &data, &weights).unwrap()
        });
        assert!(before.run(BAD + 1, &mut Seen::default()).unwrap());
        let snapshot = before.snapshot().unwrap();
        after.restore(&snapshot).unwrap();
        for trainer in [&mut before, &mut after] {
            assert!(trainer.run(BAD + 3, &mut Seen::default()).unwrap());
        }
        let [with, without] = [before, after].map(|mut t| t.weights().unwrap());
        assert_ne!(with, snapshot.weights, "{machine}");
        assert_eq!(with, without, "{machine}");
    }
}

/// No controller is shown the loss of an update that was left out, neither one that answers at once nor one that
/// decides about the next update.
#[test]
fn controllers_are_not_shown_what_is_left_out() {
    let (_, mut data, _) = mlp();
    data.test = None;
    let features: usize = data.shape.iter().product::<u32>() as usize;
    let Features::Floats(values) = &mut data.train.features else {
        panic!("the golden data are floats")
    };
    values[(BAD as usize * BATCH + 7) * features] = f32::NAN;
    let network = &networks(&data.shape)[0];
    let config = config(None, 1);
    let session = Session::record(network, &data, &config).unwrap();
    for schedule in [
        "optax.reduce_on_plateau(accumulation_size=9)",
        "torch.ReduceLROnPlateau()",
    ] {
        let rate: LearningRate = schedule.parse().unwrap();
        let rate = rate.start(&Run::new(0.01), Monitor::Loss, Observe::Update);
        let exec = Box::new(Cpu::new(session.plan.clone()).unwrap());
        let (rate, weights) = (rate.unwrap(), network.init(5));
        let mut trainer = Trainer::new(exec, &session, &config, rate, &data, &weights).unwrap();
        let mut controllers = |steps| {
            assert!(trainer.run(steps, &mut Seen::default()).unwrap());
            let state = trainer.snapshot().unwrap().state;
            serde_json::to_string(&state.controllers).unwrap() // NaN is like NaN
        };
        let [before, after, next] = [BAD, BAD + 1, BAD + 2].map(&mut controllers);
        assert_eq!(before, after, "{schedule}");
        assert_ne!(after, next, "{schedule}");
    }
}

/// The message has the update, the layer and its parameter, and what to do; nothing is left that looks like a model.
#[test]
fn stopping_names_where_it_came_from() {
    let dir = folder();
    let run = "train --data digits --model mlp --lr 1e15 --epochs 3 --device cpu --quiet --out a";
    let text = failed(&command(run, dir.path()).output().unwrap(), 1);
    demand(
        &text,
        &[
            "update 2:",
            "fc2.weight (layer 3: Linear(10))",
            "fc1.bias",
            "--lr",
            "1e15",
        ],
    );
    assert!(!dir.path().join("a/model.safetensors").exists());
    let ended = String::from_utf8(read(dir.path(), "a/environment.json")).unwrap();
    demand(&ended, &["diverged at update 2"]);
}

/// A table whose third batch of four has a value that nothing survives.
fn table(dir: &std::path::Path) {
    let mut text = String::from("x,y\n");
    for i in 0..40 {
        let x = if i == 11 {
            "1e30".into()
        } else {
            format!("{}", f64::from(i) / 20.0 - 1.0)
        };
        text += &format!("{x},{}\n", f64::from(i) / 10.0);
    }
    std::fs::write(dir.join("t.csv"), text).unwrap();
}

/// Skipped updates are in the rows, the summary and the environment; a run that is resumed in between ends alike.
#[test]
fn skipping_is_counted_and_resumed() {
    let dir = folder();
    let dir = dir.path();
    table(dir);
    let run = "train --data t.csv --target y --task regression --test-fraction 0 --order sequential --model linear \
               --batch-size 4 --epochs 3 --device cpu --on-nonfinite skip --save-every 4 --keep 99 --out a";
    let out = success(run, dir);
    demand(&out, &["3 of the updates were left out"]);
    let rows = String::from_utf8(read(dir, "a/metrics.jsonl")).unwrap();
    let rows: Vec<Value> = rows
        .lines()
        .map(|row| serde_json::from_str(row).unwrap())
        .collect();
    for row in &rows {
        let step = row["step"].as_u64().unwrap();
        assert_eq!(row.get("skipped").is_some(), step % 10 == 2, "{row}");
    }
    let kept: Value = serde_json::from_slice(&read(dir, "a/environment.json")).unwrap();
    assert_eq!(kept["skipped updates"], 3);
    // An interval ends where it would have without the ends of epochs between.
    let names = std::fs::read_dir(dir.join("a/checkpoints")).unwrap();
    let names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut saved: Vec<u64> = names
        .filter_map(|name| name.strip_prefix("step-")?.parse().ok())
        .collect();
    saved.sort_unstable();
    assert_eq!(saved, [4, 8, 12, 16, 20, 24, 28, 30]);
    as_of(dir, "a", "b", 4);
    success("resume b --quiet", dir);
    same(dir, "a", "b");
    let kept: Value = serde_json::from_slice(&read(dir, "b/environment.json")).unwrap();
    assert_eq!(kept["skipped updates"], 3);
    let page = String::from_utf8(read(dir, "a/report.html")).unwrap();
    demand(&page, &["skipped updates"]);
    // Only those that follow each other end a run, however many there are.
    let long = run
        .replace("--epochs 3", "--epochs 12")
        .replace("--out a", "--out d");
    let out = success(&long, dir);
    demand(&out, &["12 of the updates were left out"]);
    // A run that stopped goes on once it is told to skip.
    let stops = run
        .replace("--on-nonfinite skip", "--quiet")
        .replace("--out a", "--out c");
    demand(
        &failed(
            &command(&stops.replace("--save-every 4", "--save-every 1"), dir)
                .output()
                .unwrap(),
            1,
        ),
        &["update 2:"],
    );
    success("resume c --quiet --on-nonfinite skip", dir);
    assert_eq!(
        read(dir, "c/model.safetensors"),
        read(dir, "a/model.safetensors")
    );
}

/// Too many in a row are no matter of a batch.
#[test]
fn skipping_ends() {
    let dir = folder();
    let run =
        "train --data line --lr 100 --epochs 30 --device cpu --on-nonfinite skip --quiet --out a";
    let text = failed(&command(run, dir.path()).output().unwrap(), 1);
    demand(
        &text,
        &[
            &format!("{MOST_LEFT_OUT} updates in a row"),
            "update 17:",
            "not told of",
        ],
    );
}

/// A run that goes back does so with half the rate, notes it, and is resumed with it to the bit; it goes back three
/// times at most; without a directory there is nothing to go back to.
#[test]
fn rolling_back_halves_the_rate() {
    let dir = folder();
    let dir = dir.path();
    let run = "train --data line --epochs 60 --device cpu --on-nonfinite rollback --save-every 90 --keep 99";
    let out = command(&format!("{run} --lr 4 --out a"), dir)
        .output()
        .unwrap();
    let text = said(&out);
    assert!(out.status.success(), "{text}");
    demand(&text, &["rollback 1 of 3", "Back to the checkpoint after"]);
    let noted = String::from_utf8(read(dir, "a/overrides.jsonl")).unwrap();
    demand(&noted, &["\"factor\":0.25,\"rollback\":true"]);
    let rows = String::from_utf8(read(dir, "a/metrics.jsonl")).unwrap();
    let steps = rows
        .lines()
        .filter(|row| row.contains("\"loss\""))
        .map(|row| {
            let row: Value = serde_json::from_str(row).unwrap();
            assert!(row["loss"].is_number(), "{row}");
            row["step"].as_u64().unwrap()
        });
    assert!(steps.eq(0..180));
    as_of(dir, "a", "b", 90);
    success("resume b --quiet", dir);
    same(dir, "a", "b");
    let text = failed(
        &command(&format!("{run} --lr 1e6 --out c"), dir)
            .output()
            .unwrap(),
        1,
    );
    demand(&text, &["rollback 3 of 3", "rolled back 3 times", "0.125"]);
    let text = failed(
        &command("train --data line --on-nonfinite rollback --no-out", dir)
            .output()
            .unwrap(),
        2,
    );
    demand(&text, &["--no-out", "--on-nonfinite skip"]);
    let text = failed(
        &command("train --on-nonfinite pause", dir).output().unwrap(),
        2,
    );
    demand(&text, &["stop, skip, rollback"]);
}
