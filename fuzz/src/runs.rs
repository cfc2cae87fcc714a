//! What a run leaves and reads again.

use std::{
    collections::BTreeMap,
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
    sync::OnceLock,
};

use kiln::{
    data::{self, Dataset, Form, Options},
    exec::{self, tuning::TableFile},
    fit::{self, Rows},
    model::{Network, Param},
    report::{compare, csv, plots, tensorboard},
    run::{self, Checkpoints, Notes},
    train::{Config, Session, Snapshot, Trainer, Weights, weights},
};
use xxhash_rust::xxh3::xxh3_64;

use super::{folder, write};

/// What a model is told of the data it was trained on.
pub fn form(input: &[u8]) {
    let file = folder().join("data.json");
    write(&file, input);
    let Ok(form) = Form::read(&file) else { return };
    let run = small();
    form.misfit(&run.data);
    let _ = fit::network_for("mlp", &form.shape, &form.task)
        .and_then(|network| network.check_sizes(1000));
    let x = folder().join("form.npy");
    write(&x, b"\x93NUMPY\x01\x00\x3e\x00{'descr':'<f4','fortran_order':False,'shape':(1,2)}            \n\0\0\0\0\0\0\0\0");
    let asked = (&form.shape[..], &form.columns[..], None);
    let _ = data::load_samples(&[x], asked, form.standardization.as_ref());
}

/// Weights of a model that is known.
pub fn safetensors(input: &[u8]) {
    let file = folder().join("model.safetensors");
    write(&file, input);
    let _ = weights::load(&file, &params());
}

/// Two parameters, as small as they can be.
fn params() -> [&'static Param; 2] {
    static PARAMS: OnceLock<[Param; 2]> = OnceLock::new();
    let [a, b] = PARAMS.get_or_init(|| {
        [("fc.weight", vec![2, 3]), ("fc.bias", vec![2])].map(|(name, shape)| Param {
            name: name.into(),
            shape,
            init: kiln::model::Init::Inputs(3),
            kind: kiln::model::Kind::Trained,
        })
    });
    [a, b]
}

/// A run that can go on: its first two updates are in a checkpoint, as kiln writes it.
struct Small {
    data: Dataset,
    network: Network,
    config: Config,
    session: Session,
    files: BTreeMap<String, Vec<u8>>,
}

const SCHEDULE: &str = "plateau(factor=0.5, patience=0) * greedy * cosine";

impl Small {
    fn trainer(&self) -> Trainer<'_> {
        let run = fit::horizon(&self.data, &self.config, 0.1, 2).expect("a horizon");
        let rate = fit::rate(SCHEDULE, &self.data, &run).expect("a rate");
        let exec = exec::on(kiln::device::Machine::Cpu, &self.session.plan).expect("an executor");
        let weights = self.network.init(0);
        Trainer::new(
            exec,
            &self.session,
            &self.config,
            rate,
            &self.data,
            &weights,
        )
        .expect("a trainer")
    }

    fn params(&self) -> Vec<&Param> {
        self.network.params().collect()
    }
}

fn small() -> &'static Small {
    static SMALL: OnceLock<Small> = OnceLock::new();
    SMALL.get_or_init(|| {
        let options = Options {
            limit: Some(8),
            ..Options::default()
        };
        let data = data::load("line", &options).expect("the line");
        let network = fit::network("Linear(2) ReLU Linear(1)", &data).expect("a network");
        let config = Config {
            batch_size: 4,
            ema: Some(0.9),
            ..Config::default()
        };
        let session = Session::record(&network, &data, &config).expect("a session");
        let mut small = Small {
            data,
            network,
            config,
            session,
            files: BTreeMap::new(),
        };
        let snapshot = {
            let mut trainer = small.trainer();
            trainer.run(2, &mut Rows::default()).expect("two updates");
            trainer.snapshot().expect("a snapshot")
        };
        small.files = written(&small, &snapshot);
        small
    })
}

/// The files of a checkpoint.
fn written(small: &Small, snapshot: &Snapshot) -> BTreeMap<String, Vec<u8>> {
    let dir = folder().join("written");
    let notes = Notes {
        kiln: "0".into(),
        metrics_bytes: 0,
        data: small.data.digest(),
        seconds: 1.0,
    };
    let checkpoints = Checkpoints::of(&dir, 1).with_config("data = \"line\"\n".into());
    let at = checkpoints
        .save(&small.params(), snapshot, notes, true)
        .expect("a checkpoint");
    let files = fs::read_dir(at).expect("its folder").flatten();
    let read = |entry: fs::DirEntry| {
        let name = entry.file_name().to_string_lossy().into_owned();
        (name, fs::read(entry.path()).expect("its file"))
    };
    files.map(read).collect()
}

/// The files that a checkpoint may have replaced, by the input's first byte: its other bytes are what replaces them.
const FILES: [&str; 5] = [
    "state.json",
    "model.safetensors",
    "optimizer.safetensors",
    "ema.safetensors",
    "config.toml",
];

/// A checkpoint one of whose files was replaced by somebody who knows how digests are made; it is gone on from.
pub fn checkpoint(input: &[u8]) {
    let Some((&which, bytes)) = input.split_first() else {
        return;
    };
    let small = small();
    let dir = folder().join("run");
    let at = dir.join("checkpoints/step-000000002");
    let name = FILES[usize::from(which) % FILES.len()];
    let mut files = small.files.clone();
    if name != "state.json" {
        let before = xxh3_64(&files[name]).to_string();
        let state = String::from_utf8_lossy(&files["state.json"])
            .replace(&before, &xxh3_64(bytes).to_string());
        files.insert("state.json".into(), state.into_bytes());
    }
    files.insert(name.into(), bytes.to_vec());
    let digest = format!("{:016x}\n", xxh3_64(&files["state.json"]));
    files.insert("state.digest".into(), digest.into_bytes());
    for (name, bytes) in &files {
        write(&at.join(name), bytes);
    }
    let checkpoints = Checkpoints::of(&dir, 1);
    checkpoints.configured();
    if let Ok((checkpoint, _)) = checkpoints.latest(&small.params()) {
        let mut trainer = small.trainer();
        if trainer.restore(&checkpoint.snapshot).is_ok() {
            let steps = trainer.step().saturating_add(3);
            let _ = trainer.run(steps, &mut Rows::default());
            let _ = trainer.averaged(Weights::Ema);
        }
    }
}

/// A table of `kiln tune`.
pub fn tuning(input: &[u8]) {
    let file = folder().join("tuning.json");
    write(&file, input);
    if let Ok(table) = TableFile::read(&file) {
        let key = table.made_for.clone();
        key.file_name();
        table.misfit(&key);
        let _ = table.table(&file, true);
    }
}

/// The files of a run that `report`, `compare` and `resume` read, one of which is replaced, by the input's first byte.
const REPORTED: [(&str, &str); 5] = [
    (run::METRICS, METRICS),
    (
        run::ENVIRONMENT,
        r#"{"started": 1.0, "seconds": 2.5, "ended": "it ended"}"#,
    ),
    (run::CONFIG, "data = \"line\"\nepochs = 2\n"),
    (
        "changes.jsonl",
        "{\"step\":1,\"how\":\"keep\",\"settings\":{\"lr\":[null,\"0.1\"]},\"schedules\":{}}\n",
    ),
    ("overrides.jsonl", "{\"step\":1,\"factor\":0.5}\n"),
];

const METRICS: &str = r#"{"step":0,"epoch":0,"lr":0.1,"loss":1,"grad_norm":2}
{"step":1,"epoch":0.5,"lr":0.1,"loss":0.5,"grad_norm":null}
{"step":2,"epoch":1,"eval_loss":0.5,"eval_accuracy":0.5,"seconds":1}
"#;

/// A run's rows, its environment, its settings, and what was changed under way.
pub fn report(input: &[u8]) {
    let Some((&which, bytes)) = input.split_first() else {
        return;
    };
    let dir = folder().join("reported");
    for (at, (name, usual)) in REPORTED.iter().enumerate() {
        let chosen = usize::from(which) % REPORTED.len() == at;
        write(
            &dir.join(name),
            if chosen { bytes } else { usual.as_bytes() },
        );
    }
    let dirs = [dir.clone(), dir.clone()];
    if let Ok(runs) = compare::read(&dirs) {
        compare::differences(&runs);
        draw(&runs, &dir, which >= 128);
    }
    let _ = run::changes(&dir);
    if let Ok(run) = run::RunDir::open(&dir)
        && let Ok(mut live) = run::Live::of(&run)
    {
        let _ = live.factor(5);
        live.next(0);
    }
}

/// The pictures and tables of runs; those that take long only for some.
fn draw(runs: &[compare::Run], dir: &Path, all: bool) {
    for run in runs {
        run.outcome();
        csv::table(&run.rows);
        let started = run.environment.started();
        let _ = fs::remove_dir_all(dir.join("tensorboard"));
        let _ = tensorboard::write(&dir.join("tensorboard"), &run.rows, started);
    }
    for chart in compare::charts(runs) {
        let _ = chart.terminal(60, 12, false);
        if all {
            let _ = chart.svg(400, 300);
        }
    }
    if let (true, Some(run)) = (all, runs.first()) {
        let page = kiln::report::html::RunReport {
            rows: run.rows.clone(),
            environment: run
                .environment
                .pairs()
                .map(|(name, text)| (name.into(), text))
                .collect(),
            ..Default::default()
        };
        kiln::report::html::page(&page);
        let _ = plots::loss(&run.rows);
    }
}

/// A file of settings, as `train` takes it.
pub fn config(input: &[u8]) {
    let file: PathBuf = folder().join("run.toml");
    write(&file, input);
    let args = ["kiln".into(), "train".into(), OsString::from(file)];
    let _ = kiln::cli::understand(args.to_vec());
}
