//! The pictures in the documentation are what kiln draws today: `KILN_BLESS=1` draws them anew,
//! and the diff is the review.

use std::{env, fs, path::Path};

use kiln::{
    report::schedule::{Quantity, chart},
    schedule::{LearningRate, Run, Schedule},
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
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
        if env::var_os("KILN_BLESS").is_some() {
            fs::write(&path, &drawn).unwrap();
        }
        let kept = fs::read_to_string(&path).unwrap_or_default();
        assert!(
            kept == drawn,
            "{file} is not what kiln draws; KILN_BLESS=1 draws it anew"
        );
    }
}
