//! 2³² updates, and as many more as an f64 counts, through the schedules and the order of data.

use std::{env, thread};

use kiln::{
    data,
    schedule::{Run, Schedule, Spec, combinators::COMBINATORS, curves::CURVES},
    train::Epochs,
};

/// Where counters of 24, 31, 32 and 53 bits end.
pub const MARKS: [u64; 4] = [1 << 24, 1 << 31, 1 << 32, 1 << 53];

fn resolved(text: &str, updates: u64) -> Schedule {
    let run = Run {
        base_momentum: Some(0.9),
        updates: Some(updates),
        epoch_updates: Some(256.0),
        batch: Some(32),
        ..Run::new(0.1)
    };
    let spec: Spec = text.parse().unwrap_or_else(|e| panic!("{text}: {e}"));
    spec.resolve(&run).unwrap_or_else(|e| panic!("{text}: {e}"))
}

/// Falls from the first update to the last, and so slowly that neighbours differ in few bits.
const FALLING: [&str; 16] = [
    "linear",
    "cosine",
    "polynomial(power=2)",
    "geometric(to=1e-5)",
    "one_minus_sqrt",
    "tanh",
    "k_decay",
    "rex",
    "inverse_time(rate=1e-9, every=1)",
    "power_law(every=100)",
    "inverse_sqrt(10)",
    "hyperbolic",
    "1x * (1 - progress)",
    "0.1 / (1 + step)",
    "warp(linear, power=1.5)",
    "stretch(linear(over=50%), 2)",
];

/// The same again and again, with a period of 1,000 updates.
const PERIODIC: [&str; 7] = [
    "restart(cosine, every=1000)",
    "repeat(linear(1x -> 0, 300) then linear(0 -> 1x, 700))",
    "mirror(cosine(over=500), over=500)",
    "cyclic(up=500)",
    "clamp(restart(linear, every=1000), 0.01, 0.05)",
    "min(restart(linear, every=1000), restart(cosine, every=500))",
    "max(restart(linear, every=1000), restart(cosine, every=250))",
];

/// What is neither.
const OTHERS: [&str; 15] = [
    "constant",
    "warmup(10%) then linear",
    "exponential(0.999999999)",
    "noam(64)",
    "power(a=1)",
    "noise(seed=5)",
    "step(25%)",
    "multistep([25%, 75%])",
    "table([1x, 0.5x, 0.1x], every=10)",
    "piecewise([1x, 0.1x], at=[50%])",
    "one_cycle",
    "wsd(5%, 20%)",
    "delay(cosine(over=10%), 50%)",
    "until(cosine, 50%)",
    "override(cosine, 0.05, 10, 20)",
];

/// Steps of a run of 2³² that are looked at: every so many, and the one after. `KILN_LONG_STRIDE=1` takes all.
fn stride() -> u64 {
    let asked = env::var("KILN_LONG_STRIDE").ok();
    asked.map_or(1 << 17, |text| {
        text.parse().expect("KILN_LONG_STRIDE is a number")
    })
}

/// A run of 2³² updates: the rate of every one is a rate, none is above the one before, and every kind of schedule
/// is among those that this is asked of.
#[test]
fn rates_fall_through_all_of_2_32_updates() {
    thread::scope(|scope| {
        for text in FALLING {
            scope.spawn(move || {
                let schedule = resolved(text, 1 << 32);
                let mut before = f64::INFINITY;
                for step in (0..1 << 32).step_by(stride() as usize) {
                    let [here, next] = [step, step + 1].map(|step| schedule.at(step));
                    assert!(
                        before >= here && here >= next && next >= 0.0,
                        "{text} at {step}: {before:e}, {here:e}, {next:e}"
                    );
                    before = next;
                }
            });
        }
    });
    let texts = [FALLING.as_slice(), &PERIODIC, &OTHERS].concat().join(" ");
    let names = CURVES.iter().map(|row| row.name);
    for name in names.chain(COMBINATORS.iter().map(|row| row.name)) {
        let by_sign = ["formula", "base"].contains(&name);
        assert!(by_sign || texts.contains(name), "{name} is not among them");
    }
}

/// Neighbouring updates are told apart where an f32 no longer can: a rate that falls linearly falls at each.
#[test]
fn time_goes_on_at_every_mark() {
    for mark in MARKS {
        for text in FALLING {
            let schedule = resolved(text, 2 * mark);
            let rates: Vec<f64> = (mark - 3..mark + 3).map(|step| schedule.at(step)).collect();
            assert!(
                rates.is_sorted_by(|a, b| a >= b) && rates.iter().all(|r| r.is_finite()),
                "{text} at {mark}: {rates:?}"
            );
            let told_apart = mark <= 1 << 32 && ["linear", "cosine", "rex"].contains(&text);
            assert!(
                !told_apart || rates.is_sorted_by(|a, b| a > b),
                "{text} at {mark}: {rates:?}"
            );
        }
        for text in OTHERS {
            let schedule = resolved(text, 2 * mark);
            for step in mark - 3..mark + 3 {
                let rate = schedule.at(step);
                assert!((0.0..=1.0).contains(&rate), "{text} at {step}: {rate}");
            }
        }
    }
}

/// A run 2²⁰ times as long has the rates of the short one, 2²⁰ times as late.
#[test]
fn shares_are_those_of_a_short_run() {
    for text in FALLING.iter().chain(&OTHERS).filter(|text| {
        [
            "inverse",
            "power_law(every=100)",
            "hyperbolic",
            "step)",
            "noise",
            "exp",
            "noam",
            "(a=1)",
            "table",
            "override",
        ]
        .iter()
        .all(|word| !text.contains(word))
    }) {
        let [short, long] = [4000, 4000 << 20].map(|updates| resolved(text, updates));
        // A warm-up reaches its end one update early, which is less in the long run.
        let slack = if text.contains("warmup") || text.contains("cycle") || text.contains("wsd") {
            5e-4
        } else {
            1e-14
        };
        for step in 0..4000 {
            let [a, b] = [short.at(step), long.at(step << 20)];
            assert!((a - b).abs() <= slack, "{text} at {step}: {a} and {b}");
        }
    }
}

/// Cycles are counted, not divided: after any number of them comes the same one again.
#[test]
fn cycles_come_back_exactly() {
    for text in PERIODIC {
        let schedule = resolved(text, 1 << 60);
        for mark in MARKS {
            for step in [0, 1, 249, 250, 499, 500, 501, 998, 999] {
                let late = mark * 1000 + step;
                assert_eq!(schedule.at(late), schedule.at(step), "{text} at {late}");
            }
        }
    }
}

/// What is to happen at an update happens there, and not one earlier.
#[test]
fn jumps_are_where_they_were_asked_for() {
    for mark in MARKS {
        for text in [
            format!("constant(1x, over={mark}) then constant(0.1x)"),
            format!("step({mark}, gamma=0.1)"),
            format!("multistep([{mark}])"),
            format!("table([1x, 0.1x], every={mark})"),
            format!("delay(step(1, gamma=0.1), {})", mark - 1),
            format!("override(constant, 0.01, {mark}, {})", 2 * mark),
            format!("constant(1x, over={}sp) then constant(0.1x)", mark * 32),
        ] {
            let schedule = resolved(&text, 2 * mark);
            let [before, at] = [mark - 1, mark].map(|step| schedule.at(step));
            assert!(
                before == 0.1 && (at - 0.01).abs() < 1e-15,
                "{text}: {before}, then {at}"
            );
            let again: Schedule = schedule
                .to_string()
                .parse()
                .unwrap_or_else(|e| panic!("{e}"));
            assert!(
                again.at(mark - 1) == before && again.at(mark) == at,
                "{schedule}"
            );
        }
    }
}

/// Updates lie in epochs without a gap, however late, and no two epochs near a mark, or 2³² apart, share an order.
#[test]
fn epochs_go_on_at_every_mark() {
    for (samples, batch, accumulate) in [(8192, 32, 1), (70, 32, 1), (67, 8, 4), (1, 1, 1)] {
        let epochs = Epochs::accumulating(samples, batch, accumulate, false).unwrap();
        for mark in MARKS.into_iter().chain([u64::MAX - 1024]) {
            let mut before = epochs.locate(mark - 600);
            for step in mark - 599..mark + 600 {
                let here = epochs.locate(step);
                let follows = match before.1 + 1 == epochs.updates() {
                    true => (before.0 + 1, 0),
                    false => (before.0, before.1 + 1),
                };
                assert_eq!(here, follows, "{samples} by {batch} at {step}");
                assert_eq!(here.0 * epochs.updates() + here.1, step);
                assert!(!epochs.batches_of(here.1).is_empty() && epochs.alike(here.1).1 > 0);
                before = here;
            }
        }
    }
    let near = MARKS
        .into_iter()
        .flat_map(|mark| [mark - 1, mark, mark + 1]);
    let mut orders: Vec<Vec<u32>> = [0, 1, u64::MAX]
        .into_iter()
        .chain(near)
        .map(|epoch| data::order(7, epoch, 500))
        .collect();
    let count = orders.len();
    orders.sort_unstable();
    orders.dedup();
    assert_eq!(orders.len(), count);
}
