//! The pictures in the documentation are what kiln draws today: `KILN_BLESS=1` draws them anew,
//! and the diff is the review.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use kiln::{
    report::{
        heatmap::{Axes, Heatmap},
        schedule::{Quantity, chart},
    },
    schedule::{LearningRate, Run, Schedule},
    sweep::{Planned, Settings},
};

/// File, updates, schedules.
const PICTURES: [(&str, u64, &[&str]); 7] = [
    (
        "docs/schedules.svg",
        7000,
        &[
            "warmup(500) then cosine(to=1e-5)",
            "one_cycle",
            "restart(cosine, every=1000, grow=2, decay=0.8)",
            "step(every=1500, gamma=0.4)",
        ],
    ),
    (
        "docs/schedules/decay.svg",
        1000,
        &[
            "linear",
            "cosine",
            "polynomial(power=3)",
            "geometric(to=0.01x)",
            "one_minus_sqrt",
            "tanh",
            "rex",
        ],
    ),
    (
        "docs/schedules/open.svg",
        1000,
        &[
            "exponential(gamma=0.997)",
            "exponential(gamma=0.7, every=100, staircase=True)",
            "inverse_time(rate=1, every=150)",
            "inverse_sqrt(every=60)",
            "hyperbolic(floor=0.02, every=60)",
            "constant * noise(seed=1, spread=0.03)",
        ],
    ),
    (
        "docs/schedules/steps.svg",
        1000,
        &[
            "step(every=200, gamma=0.6)",
            "multistep(at=[500, 800], gamma=0.3)",
            "table([0.03, 0.09, 0.06, 0.01], every=250)",
            "piecewise([0.02, 0.08, 0.005], at=[300, 700], shape=linear)",
        ],
    ),
    (
        "docs/schedules/cycle.svg",
        1000,
        &[
            "one_cycle",
            "one_cycle(shape=linear)",
            "cyclic(up=100)",
            "cyclic(up=100, mode=triangular2)",
        ],
    ),
    (
        "docs/schedules/combinators.svg",
        1000,
        &[
            "warmup(100) then cosine",
            "restart(cosine, every=150, grow=2, decay=0.8)",
            "wsd(100, 200, to=0.001)",
            "min(constant(0.07), exponential(gamma=0.997))",
            "mirror(linear(to=0.2x, over=250))",
        ],
    ),
    (
        "docs/schedules/frameworks.svg",
        1000,
        &[
            "torch.CosineAnnealingLR(T_max=400)",
            "torch.SequentialLR([torch.LinearLR(0.1, total_iters=100), torch.ExponentialLR(0.998)], [100])",
            "keras.PolynomialDecay(0.09, 300, power=2, cycle=True)",
            "optax.sgdr_schedule([{'init_value': 0.0, 'peak_value': 0.08, 'warmup_steps': 50, 'decay_steps': 400}, {'init_value': 0.0, 'peak_value': 0.04, 'warmup_steps': 50, 'decay_steps': 500}])",
        ],
    ),
];

#[test]
fn pictures_are_up_to_date() {
    for (file, steps, lines) in PICTURES {
        let run = Run {
            base_momentum: Some(0.9),
            updates: Some(steps),
            ..Run::new(0.1)
        };
        let resolve = |line: &&str| -> (String, Schedule) {
            let rate: LearningRate = line.parse().unwrap_or_else(|e| panic!("{e}"));
            let schedule = rate.spec().resolve(&run).unwrap_or_else(|e| panic!("{e}"));
            let name = line
                .split_once("([")
                .map_or(line.to_string(), |(name, _)| format!("{name}([…])"));
            (
                if line.len() > 60 {
                    name
                } else {
                    line.to_string()
                },
                schedule,
            )
        };
        let schedules: Vec<_> = lines.iter().map(resolve).collect();
        let drawn = chart(&schedules, steps, Quantity::Rate, false)
            .svg(800, 400)
            .unwrap();
        assert!(
            !drawn.contains("\n\n"),
            "an empty line would end the picture in rustdoc"
        );
        keep(file, &drawn);
    }
}

/// The heat maps of docs/choosing.md are those of the runs that stand beside them, which `scripts/choosing` makes.
#[test]
fn heat_maps_are_those_of_their_runs() {
    let schedules = ["constant", "linear", "cosine", "warmup(10%) then cosine"];
    let rates = ["0.1 * cosine", "cosine", "10 * cosine"];
    let text = fs::read_to_string(at("docs/choosing/runs.csv")).unwrap();
    let rows: Vec<Vec<&str>> = text.lines().map(|line| line.split(',').collect()).collect();
    let head = "data optimizer lr schedule seed status accuracy loss";
    assert_eq!(rows[0].join(" "), head);
    for data in ["digits", "fashion-mnist"] {
        for (name, columns) in [("schedules", &schedules[..]), ("rates", &rates)] {
            let mut runs: Vec<(Planned, Option<f64>)> = Vec::new();
            let mut optimizers: Vec<&str> = Vec::new();
            for row in rows.iter().filter(|row| row[0] == data) {
                if !optimizers.contains(&row[1]) {
                    optimizers.push(row[1]);
                }
            }
            for optimizer in optimizers {
                for column in columns {
                    let here = |row: &&Vec<&str>| {
                        row[0] == data && row[1] == optimizer && row[3] == *column
                    };
                    runs.extend(rows.iter().filter(here).map(|row| run(row)));
                }
            }
            assert!(!runs.is_empty());
            let settings: Vec<Settings> =
                runs.iter().map(|(run, _)| run.settings.clone()).collect();
            let axes = Axes::of(&settings).unwrap();
            let title = "last evaluation accuracy, %".to_string();
            let drawn = Heatmap::of(title, &axes, &runs, true).svg().unwrap();
            keep(&format!("docs/choosing/{data}-{name}.svg"), &drawn);
        }
    }
}

/// A line of docs/choosing/runs.csv, as a sweep has it.
fn run(row: &[&str]) -> (Planned, Option<f64>) {
    let settings = [("lr", row[2]), ("optimizer", row[1]), ("schedule", row[3])];
    let own = |(key, value): (&str, &str)| (key.to_string(), value.to_string());
    let planned = Planned {
        name: String::new(),
        settings: settings.into_iter().map(own).collect(),
        seed: row[4].parse().ok(),
    };
    (planned, row[6].parse().ok())
}

fn at(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(file)
}

/// What is drawn is what is kept.
fn keep(file: &str, drawn: &str) {
    let path = at(file);
    if env::var_os("KILN_BLESS").is_some() {
        fs::write(&path, drawn).unwrap();
    }
    let kept = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        kept == drawn,
        "{file} is not what kiln draws; KILN_BLESS=1 draws it anew"
    );
}
