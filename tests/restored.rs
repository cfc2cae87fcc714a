//! A run that is given back to a new trainer between any two of its updates.

use kiln::{
    control::{Monitor, Observe},
    data::{Dataset, Features},
    error::Result,
    exec::cpu::Cpu,
    model::Model,
    optim::Optimizer,
    schedule::{LearningRate, Rate, Run},
    train::{
        Clip, Config, Evaluation, Observer, OnNonFinite, Session, Snapshot, State, Swa, Trainer,
        Update,
    },
};

use crate::methods::{first, mlp};

/// 14 batches an epoch, three an update but for the last one; a run ends within an epoch.
const SAMPLES: usize = 70;
const EPOCH: u64 = 5;
const UPDATES: u64 = 4 * EPOCH + 3;

/// Everything that a run tells, and what it is before every update.
#[derive(Default)]
struct Told {
    rows: Vec<Update>,
    evaluations: Vec<Evaluation>,
    snapshots: Vec<Snapshot>,
    /// Whether snapshots are wanted.
    asks: bool,
}

impl Observer for Told {
    fn update(&mut self, row: &Update) -> Result<()> {
        self.rows.push(row.clone());
        Ok(())
    }

    fn evaluation(&mut self, row: &Evaluation) -> Result<()> {
        self.evaluations.push(row.clone());
        Ok(())
    }

    fn pause_at(&self, step: u64) -> u64 {
        match self.asks {
            true => step + 1,
            false => u64::MAX,
        }
    }

    fn wants_snapshot(&mut self, step: u64) -> bool {
        self.asks && step > 0
    }

    fn snapshot(&mut self, snapshot: Snapshot) -> Result<()> {
        self.snapshots.push(snapshot);
        Ok(())
    }
}

/// Rows as they are written: NaN is like NaN.
fn text_of(rows: &[Update]) -> String {
    serde_json::to_string(rows).unwrap()
}

/// All of a snapshot, NaN included, but for the word that says whether the last update was left out: it says nothing
/// about what follows.
fn bits(snapshot: &Snapshot) -> String {
    let mut snapshot = snapshot.clone();
    snapshot.state.control.pop();
    format!("{snapshot:?}")
}

fn rate(schedule: &str) -> Rate {
    let rate: LearningRate = schedule.parse().unwrap();
    let facts = Run {
        updates: Some(UPDATES),
        epoch_updates: Some(EPOCH as f64),
        batch: Some(15),
        ..Run::new(0.1)
    };
    rate.start(&facts, Monitor::Loss, Observe::Epoch).unwrap()
}

/// Between any two updates a run is what its snapshot says and nothing else: a new trainer that takes it up, its
/// scalars from their text, has the same snapshot, and goes on to the same rows, evaluations and last snapshot, to
/// the bit. With all that has memory: momentum, averages, an epoch's means, controllers of epochs, of updates
/// and of the gradient's norm, an update an epoch that is left out.
#[test]
fn a_run_is_what_its_snapshot_says() {
    let (_, data, _) = mlp();
    let size = data.shape.iter().product::<u32>() as usize;
    let part = |len: usize, bad: Option<usize>| {
        let mut split = first(&data.train, len);
        let Features::Floats(values) = &mut split.features else {
            panic!("the golden data are floats")
        };
        values.truncate(len * size);
        if let Some(sample) = bad {
            values[sample * size] = f32::NAN;
        }
        split
    };
    let data = Dataset {
        train: part(SAMPLES, Some(33)),
        test: Some(part(20, None)),
        ..data.clone()
    };
    let model = Model::parse("Flatten Linear(10)", &data.shape, 10).unwrap();
    let network = model.fit(&data.shape, 10).unwrap();
    let weights = network.init(5);
    for schedule in [
        "cosine(to=0.01) * plateau(patience=0, threshold=0.3, factor=0.7) * gradient_ratio(reference=2)",
        "plateau(patience=1, factor=0.9, threshold=0.1, observe=update) * hf.greedy(patience=1, smooth=True, \
         window_size=3, min_lr=1e-5, monitor=eval_loss)",
    ] {
        let mut rate = rate(schedule);
        let config = Config {
            batch_size: 5,
            accumulate: 3,
            optimizer: Optimizer::parse("SGD(momentum=0.9, nesterov=True, weight_decay=1e-3)")
                .unwrap(),
            clip: Some(Clip::Norm(0.9)),
            ema: Some(0.8),
            swa: Some(Swa { start: 4, every: 3 }),
            on_nonfinite: OnNonFinite::Skip,
            gradient_rules: rate.take_gradient_rules(),
            seed: 3,
            ..Config::default()
        };
        let session = Session::record(&network, &data, &config).unwrap();
        let start = || {
            let exec = Box::new(Cpu::new(session.plan.clone()).unwrap());
            Trainer::new(exec, &session, &config, rate.clone(), &data, &weights).unwrap()
        };
        let mut told = Told {
            asks: true,
            ..Told::default()
        };
        let mut whole = start();
        assert!(whole.run(UPDATES, &mut told).unwrap());
        let end = whole.snapshot().unwrap();
        assert_eq!(told.snapshots.len() as u64, UPDATES);
        assert_eq!(end.state.left_out[0], 5, "an update an epoch");
        for snapshot in &told.snapshots {
            let at = snapshot.state.step;
            let text = serde_json::to_string(&snapshot.state).unwrap();
            let state: State = serde_json::from_str(&text).unwrap();
            let mut again = start();
            let taken = Snapshot {
                state,
                ..snapshot.clone()
            };
            again.restore(&taken).unwrap();
            let now = again.snapshot().unwrap();
            assert_eq!(bits(&now), bits(snapshot), "{schedule}: at {at}");
            let mut rest = Told::default();
            assert!(again.run(UPDATES, &mut rest).unwrap());
            let rows = text_of(&told.rows[at as usize..]);
            assert_eq!(text_of(&rest.rows), rows, "{schedule}: at {at}");
            let after = told.evaluations.iter().filter(|e| {
                let within = e.step == at && !at.is_multiple_of(EPOCH);
                e.step > at || within
            });
            assert!(after.eq(&rest.evaluations), "{schedule}: at {at}");
            let there = again.snapshot().unwrap();
            assert_eq!(bits(&there), bits(&end), "{schedule}: from {at}");
        }
    }
}
