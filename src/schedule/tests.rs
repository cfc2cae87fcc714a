//! Laws of the algebra, the language's readings and refusals, and that text and value are the same thing.

use super::*;
use proptest::prelude::*;

fn run() -> Run {
    Run {
        base_lr: 0.1,
        base_momentum: Some(0.9),
        updates: Some(1000),
        epoch_updates: Some(100.0),
        batch: Some(32),
    }
}

fn resolved(text: &str) -> Schedule {
    let spec: Spec = text.parse().unwrap_or_else(|e| panic!("{e}"));
    spec.resolve(&run()).unwrap_or_else(|e| panic!("{e}"))
}

fn refused(text: &str) -> String {
    match text.parse::<Spec>().and_then(|spec| spec.resolve(&run())) {
        Ok(schedule) => panic!("{text} is {schedule}"),
        Err(error) => error.to_string(),
    }
}

/// What the language means, in absolute numbers: units, defaults, factors, positions.
#[test]
fn expressions_resolve_to_this() {
    for (text, plan) in [
        ("constant", "constant(0.1)"),
        ("0.01", "constant(0.01)"),
        ("0.5x", "constant(0.05)"),
        ("constant(0.01)", "constant(0.01)"),
        ("linear(1x -> 0, 90%)", "linear(0.1 -> 0, 900)"),
        ("linear(to=0)", "linear(0.1 -> 0, 1000)"),
        ("cosine(to=1e-5)", "cosine(0.1 -> 1e-5, 1000)"),
        (
            "cosine(T_max=5ep, eta_min=0.001)",
            "cosine(0.1 -> 0.001, 500)",
        ),
        (
            "warmup(500) then cosine(to=1e-5)",
            "warmup(500, 0.1) then cosine(0.1 -> 1e-5, 500)",
        ),
        (
            "warmup(1ep) then constant(over=50%) then linear",
            "warmup(100, 0.1) then constant(0.1, 500) then linear(0.1 -> 0, 400)",
        ),
        ("exponential(gamma=0.99)", "exponential(0.99, from=0.1)"),
        (
            "exponential(0.9, every=1ep, staircase=True)",
            "exponential(0.9, 100, staircase=True, from=0.1)",
        ),
        ("step(every=20, gamma=0.5)", "step(20, 0.5, from=0.1)"),
        ("step(step_size=3ep)", "step(300, from=0.1)"),
        (
            "multistep(at=[30%, 60%])",
            "multistep([300, 600], from=0.1)",
        ),
        ("hyperbolic(0.001)", "hyperbolic(0.001, from=0.1)"),
        ("power_law(6400sp, 0.5)", "power_law(200, 0.5, from=0.1)"),
        (
            "restart(cosine, every=10ep, grow=2, decay=0.8)",
            "restart(cosine(0.1 -> 0, 1000), every=1000, grow=2, decay=0.8)",
        ),
        (
            "restart(cosine, every=100)",
            "restart(cosine(0.1 -> 0, 100), every=100)",
        ),
        (
            "repeat(linear(0.1x -> 1x, 50) then linear(1x -> 0.1x, 50), 3)",
            "restart(linear(0.010000000000000002 -> 0.1, 50) then linear(0.1 -> 0.010000000000000002, 50), every=100, cycles=3)",
        ),
        (
            "wsd(50, 20%, shape=one_minus_sqrt)",
            "warmup(50, 0.1) then constant(0.1, 750) then one_minus_sqrt(0.1 -> 0, 200)",
        ),
        (
            "wsd(50, 20%, polynomial(power=2), to=0.01x)",
            "warmup(50, 0.1) then constant(0.1, 750) then polynomial(0.1 -> 0.001, 200, power=2)",
        ),
        (
            "min(cosine, 0.05)",
            "min(cosine(0.1 -> 0, 1000), constant(0.05))",
        ),
        ("0.5 * cosine", "0.5 * cosine(0.1 -> 0, 1000)"),
        ("cosine / 4", "0.25 * cosine(0.1 -> 0, 1000)"),
        (
            "cosine * noise(seed=3)",
            "cosine(0.1 -> 0, 1000) * noise(3, from=1x)",
        ),
        (
            "warmup(5) * cosine(to=0.001)",
            "cosine(0.1 -> 0.001, 1000) * warmup(5, 1x)",
        ),
        (
            "cosine * 0.97 ** epoch",
            "cosine(0.1 -> 0, 1000) * formula(0.97 ** epoch, epoch=100)",
        ),
        (
            "0.1 * 0.97 ** epoch",
            "formula(0.1 * 0.97 ** epoch, epoch=100)",
        ),
        (
            "1x * (1 - progress) ** 2",
            "formula(0.1 * (1 - progress) ** 2, over=1000)",
        ),
        (
            "1x * min(1, (step + 1) / 10)",
            "formula(0.1 * min(1, (step + 1) / 10))",
        ),
        ("cosine + 0.001", "cosine(0.1 -> 0, 1000) + constant(0.001)"),
        (
            "cosine - linear",
            "cosine(0.1 -> 0, 1000) - linear(0.1 -> 0, 1000)",
        ),
        ("stretch(step(30), 1ep)", "stretch(step(30, from=0.1), 100)"),
        ("delay(cosine, 10%)", "delay(cosine(0.1 -> 0, 900), 100)"),
        (
            "mirror(cosine(over=50))",
            "mirror(cosine(0.1 -> 0, 50), over=50)",
        ),
        (
            "clamp(exponential(0.9), min=1e-5)",
            "clamp(exponential(0.9, from=0.1), min=1e-5)",
        ),
        ("base(0.3, cosine)", "cosine(0.3 -> 0, 1000)"),
        (
            "one_cycle(pct_start=0.25)",
            "one_cycle(1000, 0.1, pct_start=0.25, cycle_momentum=True)",
        ),
        ("noam(512)", "noam(512)"),
        (
            "table([1x, 0.1x], every=10ep)",
            "table([0.1, 0.010000000000000002], 1000)",
        ),
        ("linear(to=1/1000)", "linear(0.1 -> 0.001, 1000)"),
        (
            "until(exponential(0.99), 500) then 0.001",
            "until(exponential(0.99, from=0.1), 500) then constant(0.001)",
        ),
        (
            "override(cosine, 0.05, from=10%, until=20%)",
            "override(cosine(0.1 -> 0, 1000), 0.05, from=100, until=200)",
        ),
    ] {
        let schedule = resolved(text);
        assert_eq!(schedule.to_string(), plan, "{text}");
        assert_eq!(
            plan.parse::<Schedule>().map_err(|e| e.to_string()),
            Ok(schedule),
            "{plan}"
        );
    }
}

/// What is refused, and how: the place, the reason and the remedy.
#[test]
fn mistakes_are_explained() {
    for (text, message) in [
        (
            "cosin",
            "column 1: unknown schedule `cosin`; did you mean `cosine`?",
        ),
        (
            "cosine(too=1)",
            "column 8: unknown argument `too`: cosine takes to, over, from",
        ),
        (
            "cosine(1, 2, 3, 4)",
            "column 17: too many arguments: cosine takes to, over, from",
        ),
        (
            "linear(1x -> 0.001)",
            "column 14: `1x` is a multiple of the base rate and `0.001` is a rate; one curve takes one of them: write `0.001` as 0.01x",
        ),
        (
            "linear(1x -> 0, 0.9)",
            "column 17: `over` is in whole updates; for a share of the run write 90%",
        ),
        (
            "linear(1x -> 0, 1.5)",
            "column 17: `over` is in whole updates; 1.5 is not whole",
        ),
        (
            "linear(1x -> 0, 3x)",
            "column 17: `over` is a duration; `x` is the unit of rates",
        ),
        (
            "cosine(to=10ep)",
            "column 11: `to` is a rate, such as 0.01 or 0.1x; `ep` is a unit of time",
        ),
        (
            "cosine(to=-1)",
            "column 11: `to` is a rate: it must be finite and not negative, not -1",
        ),
        (
            "linear(1x -> 0, from=0.5x)",
            "column 22: `from` is given twice",
        ),
        (
            "cosine(over=5, T_max=6)",
            "column 22: `T_max` is another name of `over`",
        ),
        ("warmup", "column 1: warmup needs its argument `over`"),
        (
            "warmup(1000) then cosine",
            "column 19: nothing of the run is left for cosine",
        ),
        (
            "constant then cosine",
            "column 1: this never ends, so what follows `then` would never start",
        ),
        (
            "cosine * cosine(to=0.01) * linear(to=0.02)",
            "column 28: a second absolute rate in one product",
        ),
        (
            "1 / cosine",
            "column 5: a schedule can be divided by numbers",
        ),
        (
            "-0.5 * cosine",
            "column 1: a rate must be finite and not negative, not -0.5",
        ),
        ("step(0)", "column 6: `every` must be at least one update"),
        ("multistep([3, 3])", "column 15: `at` must increase"),
        (
            "exponential(gamma=-1)",
            "column 19: `gamma` of exponential must be from 0",
        ),
        (
            "one_cycle(shape=cosin)",
            "column 17: `cosin` is no `shape` of one_cycle; expected cos, linear; did you mean `cos`?",
        ),
        (
            "wsd(600, 600)",
            "column 10: warm-up (600) and decay (600) take more than the 1000 updates there are",
        ),
        (
            "wsd(5, 5, shape=cosin)",
            "column 17: `cosin` is no shape of a decay",
        ),
        (
            "wsd(5, 5, shape=cosine(over=3))",
            "column 24: wsd itself has the rates and lengths",
        ),
        ("restart(constant)", "column 1: restart needs every="),
        (
            "restart(cosine, every=10, grow=0.5)",
            "column 32: `grow` of restart must be from 1",
        ),
        (
            "clamp(cosine, min=1, max=0.5)",
            "column 26: `max` is below `min`",
        ),
        (
            "formula(0.1 ** step, over=5)",
            "column 27: `over` has no effect on this formula",
        ),
        (
            "geometric(to=0)",
            "column 14: a geometric decay never reaches 0",
        ),
        (
            "piecewise([1x, 0], at=[5, 6])",
            "column 11: 2 rates for 2 entries of `at`",
        ),
        (
            "0.1 * 0.97 ** epok",
            "column 15: unknown schedule `epok`; did you mean `epoch`?",
        ),
        ("[cosine]", "column 1: expected a schedule, found a list"),
        ("table([])", "column 7: `rates` needs at least one rate"),
        (
            "cosine(over=1e30)",
            "column 13: `over` is longer than 2^63 updates",
        ),
    ] {
        let found = refused(text);
        assert!(found.starts_with(message), "{text}:\n{found}\n{message}");
    }
    let bare = |text: &str| {
        text.parse::<Spec>()
            .and_then(|s| s.resolve(&Run::new(0.1)))
            .map_err(|e| e.to_string())
    };
    for (text, message) in [
        (
            "cosine",
            "column 1: cosine lasts for the rest of the run, whose length is not known here",
        ),
        ("warmup(1ep)", "column 8: `1ep` needs the updates per epoch"),
        ("warmup(5%)", "column 8: `5%` needs the length of the run"),
        ("warmup(5sp)", "column 8: `5sp` needs the batch size"),
        (
            "0.9 ** epoch",
            "column 1: `epoch` needs the updates per epoch",
        ),
    ] {
        assert!(
            bare(text).is_err_and(|e| e.starts_with(message)),
            "{text}: {:?}",
            bare(text)
        );
    }
}

/// Values worked out by hand, at starts, middles, joints and beyond ends.
#[test]
fn curves_have_the_values_of_their_formulas() {
    let close = |a: f64, b: f64| (a - b).abs() <= 1e-15 + 1e-14 * b.abs();
    for (text, values) in [
        ("warmup(4)", &[(0, 0.025), (3, 0.1), (9, 0.1)][..]),
        (
            "linear(1x -> 0.2x, 10)",
            &[(0, 0.1), (5, 0.06), (10, 0.02), (99, 0.02)],
        ),
        (
            "cosine(0.01, 10)",
            &[(0, 0.1), (5, 0.055), (10, 0.01), (1 << 60, 0.01)],
        ),
        (
            "polynomial(power=2, over=10)",
            &[(0, 0.1), (5, 0.025), (10, 0.0)],
        ),
        (
            "geometric(0.001, 10)",
            &[(0, 0.1), (5, 0.01), (10, 0.001), (11, 0.001)],
        ),
        (
            "one_minus_sqrt(over=100)",
            &[(0, 0.1), (25, 0.05), (100, 0.0)],
        ),
        (
            "rex(over=10)",
            &[(0, 0.1), (5, 0.1 * 0.5 / 0.75), (10, 0.0)],
        ),
        (
            "k_decay(k=2, over=10)",
            &[
                (0, 0.1),
                (5, 0.05 * (1.0 + std::f64::consts::FRAC_1_SQRT_2)),
                (10, 0.0),
            ],
        ),
        (
            "tanh(over=10, lb=0, ub=2)",
            &[(0, 0.05), (5, 0.05 * (1.0 - 1f64.tanh())), (10, 0.0)],
        ),
        (
            "exponential(0.5, every=2)",
            &[(0, 0.1), (1, 0.1 * 0.5f64.sqrt()), (4, 0.025)],
        ),
        (
            "exponential(0.5, every=2, staircase=True)",
            &[(1, 0.1), (2, 0.05), (5, 0.025)],
        ),
        ("inverse_time(rate=0.5)", &[(0, 0.1), (2, 0.05)]),
        (
            "inverse_time(rate=1, every=10, staircase=True)",
            &[(9, 0.1), (10, 0.05)],
        ),
        ("power_law(10, power=2)", &[(0, 0.1), (10, 0.025)]),
        ("inverse_sqrt(10)", &[(0, 0.1), (30, 0.05)]),
        ("hyperbolic(0.01)", &[(0, 0.1), (1, 0.055), (8, 0.02)]),
        (
            "noam(4, warmup=4)",
            &[(0, 0.5 / 8.0), (3, 0.25), (15, 0.125)],
        ),
        (
            "power(a=0.001, b=-0.5, batch=100)",
            &[(0, 0.01), (3, 0.005)],
        ),
        ("step(10, gamma=0.5)", &[(9, 0.1), (10, 0.05), (20, 0.025)]),
        ("multistep([5, 7])", &[(4, 0.1), (5, 0.01), (7, 0.001)]),
        (
            "table([0.3, 0.2], every=2)",
            &[(1, 0.3), (2, 0.2), (50, 0.2)],
        ),
        (
            "piecewise([0.1, 0.3, 0], at=[10, 20])",
            &[(9, 0.1), (10, 0.3), (20, 0.0)],
        ),
        (
            "piecewise([0.1, 0.3, 0], at=[10, 20], shape=linear)",
            &[(0, 0.1), (5, 0.2), (10, 0.3), (15, 0.15), (30, 0.0)],
        ),
        (
            "piecewise([0.1, 0.3], at=[10], shape=cosine)",
            &[(5, 0.2), (10, 0.3)],
        ),
        (
            "cyclic(0.1x -> 1x, up=4)",
            &[
                (0, 0.01),
                (2, 0.055),
                (4, 0.1),
                (6, 0.055),
                (8, 0.01),
                (8_000_000_004, 0.1),
            ],
        ),
        (
            "cyclic(0 -> 1x, up=4, mode=triangular2)",
            &[(4, 0.1), (12, 0.05), (20, 0.025)],
        ),
        (
            "one_cycle(over=10, pct_start=0.2)",
            &[(0, 0.004), (1, 0.052), (2, 0.1), (10, 4e-7), (11, 4e-7)],
        ),
        (
            "restart(linear(over=4), every=4, grow=2)",
            &[(0, 0.1), (3, 0.025), (4, 0.1), (11, 0.0125), (12, 0.1)],
        ),
        (
            "restart(linear, every=4, decay=0.5, cycles=2)",
            &[(2, 0.05), (4, 0.05), (6, 0.025), (8, 0.0), (100, 0.0)],
        ),
        (
            "restart(linear, every=10, grow=1.5)",
            &[
                (9, 0.01),
                (10, 0.1),
                (24, 0.1 * (1.0 - 14.0 / 15.0)),
                (25, 0.1),
            ],
        ),
        (
            "mirror(linear(over=4))",
            &[(0, 0.1), (4, 0.0), (6, 0.05), (8, 0.1), (13, 0.075)],
        ),
        ("warp(linear(over=4), power=2)", &[(2, 0.075), (4, 0.0)]),
        ("stretch(linear(over=4), 2.5)", &[(5, 0.05), (10, 0.0)]),
        ("delay(linear(over=4), 3)", &[(0, 0.1), (3, 0.1), (5, 0.05)]),
        (
            "override(linear(over=4), 0.7, from=1, until=3)",
            &[(0, 0.1), (1, 0.7), (3, 0.025)],
        ),
        ("0.1 / step", &[(0, 0.0), (4, 0.025)]),
        ("0.1 - 0.01 * step", &[(5, 0.05), (50, 0.0)]),
        ("0.1 if epoch < 2 else 0.02", &[(199, 0.1), (200, 0.02)]),
    ] {
        let schedule = resolved(text);
        for &(step, value) in values {
            assert!(
                close(schedule.at(step), value),
                "{text} at {step}: {} instead of {value}",
                schedule.at(step)
            );
        }
    }
}

/// The momentum goes against the rate, and only where the optimiser has one.
#[test]
fn momentum_is_carried() {
    let one_cycle = resolved("one_cycle(over=10, pct_start=0.5) then constant(0.01)");
    assert_eq!(one_cycle.momentum_at(0), Some(0.95));
    assert_eq!(one_cycle.momentum_at(5), Some(0.85));
    assert_eq!(one_cycle.momentum_at(10), None);
    let cyclic = resolved("0.5 * cyclic(up=4)");
    assert_eq!(
        (cyclic.momentum_at(0), cyclic.momentum_at(4)),
        (Some(0.9), Some(0.8))
    );
    assert_eq!(
        resolved("one_cycle(cycle_momentum=False)").momentum_at(3),
        None
    );
    let plain: Result<Schedule, _> = "one_cycle(100, 0.1)".parse();
    assert_eq!(plain.map(|s| s.momentum_at(3)), Ok(None));
}

/// Near its end a cosine is as exact as in its middle: 1 + cos would have lost every digit.
#[test]
fn the_cosine_ends_without_cancellation() {
    let over = 1_000_000_000;
    let last = Schedule::cosine(1.0, 0.0, over).at(over - 1);
    let exact = (std::f64::consts::FRAC_PI_2 / over as f64).powi(2); // sin x = x to 1e-18 here
    assert!((last / exact - 1.0).abs() < 1e-14, "{last:e}");
}

/// Work that grows with the step, or with a number in the text, would hang here.
#[test]
fn late_steps_and_huge_counts_cost_nothing() {
    for text in [
        "repeat(cosine(over=10), 1e18)",
        "restart(cosine, every=7, grow=3)",
        "restart(cosine, every=7, grow=1.0000001)",
        "cyclic(up=1e15)",
        "table([0.1, 0.2], every=1e18)",
        "stretch(cosine, 1e15)",
        "step(1) * noise(seed=1)",
        "mirror(linear(over=3))",
        "0.1 * 0.999 ** epoch",
    ] {
        let schedule = resolved(text);
        for step in [1_000_000_000_000_000, u64::MAX] {
            assert!(
                (0.0..=0.2).contains(&schedule.at(step)),
                "{text} at {step}: {}",
                schedule.at(step)
            );
        }
        assert!(
            schedule.joints().len() < 10_000 && schedule.segments().len() < 100,
            "{text}"
        );
    }
}

/// Whole growth is exact where logarithms are not: the fifth restart of threes is a start.
#[test]
fn restarts_start_exactly() {
    for grow in 2..8_u64 {
        let schedule = Schedule::linear(1.0, 0.0, 3).restart(3, grow as f64, 1.0);
        let mut start = 0_u64;
        for cycle in 0..15 {
            assert_eq!(schedule.at(start), 1.0, "grow {grow}, cycle {cycle}");
            assert!(
                start == 0 || schedule.at(start - 1) < 0.5,
                "grow {grow}, cycle {cycle}"
            );
            start += 3 * grow.pow(cycle);
        }
    }
}

/// Every curve stays within its ends and reaches them, so that a new row with a swapped parameter is seen.
#[test]
fn decays_go_from_their_start_to_their_end() {
    for row in curves::CURVES
        .iter()
        .filter(|row| row.position("from") == Some(2) && row.position("over") == Some(1))
    {
        let schedule = resolved(&format!("{}(0.5x -> 0.2x, 100)", row.name));
        let exact = row.name != "tanh"; // which meets its start only nearly
        assert!(
            (schedule.at(0) - 0.05).abs() < if exact { 1e-16 } else { 1e-6 },
            "{}: {}",
            row.name,
            schedule.at(0)
        );
        assert_eq!(schedule.at(100), 0.1 * 0.2, "{}", row.name);
        for step in 0..100 {
            assert!(
                schedule.at(step) >= schedule.at(step + 1),
                "{} rises at {step}",
                row.name
            );
        }
    }
}

/// The plan has every part once, with what it starts and ends at.
#[test]
fn segments_are_the_plan() {
    let shown: Vec<String> = resolved("warmup(1ep) then cosine(to=0.01, over=50%)")
        .segments()
        .iter()
        .map(|s| {
            format!(
                "{}..{:?} {} {:?} {:?}",
                s.start, s.end, s.text, s.first, s.last
            )
        })
        .collect();
    assert_eq!(
        shown,
        [
            "0..Some(100) warmup(100, 0.1) 0.001 Some(0.1)",
            "100..Some(600) cosine(0.1 -> 0.01, 500) 0.1 Some(0.010000888266237214)",
            "600..None hold 0.01 Some(0.01)",
        ]
    );
}

/// Each finding of the linter on an expression made to provoke it, and none on sound ones.
#[test]
fn lint_finds_what_it_should() {
    let found = |text: &str| -> Vec<String> {
        let spec: Spec = text.parse().unwrap_or_else(|e| panic!("{e}"));
        spec.lint(&run())
            .into_iter()
            .map(|f| format!("{:?}: {}", f.severity, f.message))
            .collect()
    };
    for text in [
        "cosine",
        "constant",
        "0.1 * 0.97 ** epoch",
        "warmup(500) then cosine(to=1e-5)",
        "wsd(50, 20%)",
        "step(30%)",
        "restart(cosine, every=2ep)",
        "one_cycle",
    ] {
        assert_eq!(found(text), [""; 0], "{text}");
    }
    for (text, message) in [
        (
            "linear(0 -> 1x, 10)",
            "Warning: the first update has rate 0 and is wasted",
        ),
        (
            "linear(1x -> 0, 50%)",
            "Warning: from update 500 on the rate is 0, 500 updates before the end",
        ),
        (
            "exponential(0.1)",
            "Error: from update 10 on the rate is below 1e-9 of its peak for more than half",
        ),
        ("constant(0)", "Error: the rate is 0 in the whole run"),
        (
            "step(1000)",
            "Warning: the rate never changes in the 1000 updates",
        ),
        (
            "step(1000)",
            "Warning: the step at update 1000 never acts: the run has 1000 updates, the last is 999",
        ),
        (
            "multistep([50%, 100%])",
            "Warning: the step at update 1000 never acts",
        ),
        (
            "cosine then constant(0.01)",
            "Warning: `constant(0.01)` starts at update 1000, but the run ends after 1000",
        ),
        (
            "warmup(100) then constant(0.01)",
            "Warning: the rate jumps from 1e-1 to 1e-2 at update 100",
        ),
        (
            "cosine(over=2000)",
            "Warning: the schedule takes 2000 updates, the run has 1000: it ends at",
        ),
        (
            "linear(1 -> 0)",
            "Warning: a plain number is a rate: 1 is 10 times the base rate 0.1",
        ),
        (
            "warmup(1000) then cosine",
            "Error: nothing of the run is left for cosine",
        ),
        (
            "max(exponential(0.1), 1e-40)",
            "Warning: the rate of update 38 is below what f32 can hold",
        ),
        (
            "warmup(500)",
            "Note: the schedule ends at update 500; the last 500 updates use 1e-1",
        ),
    ] {
        assert!(
            found(text).iter().any(|f| f.starts_with(message)),
            "{text}: {:#?}",
            found(text)
        );
    }
}

/// Schedules as text: a schedule file is a string in JSON.
#[test]
fn schedules_are_serialised_as_text() {
    let spec: Result<Spec, _> = serde_json::from_str("\"warmup(5) then cosine\"");
    let json = spec.ok().and_then(|spec| serde_json::to_string(&spec).ok());
    assert_eq!(json.as_deref(), Some("\"warmup(5) then cosine\""));
    let schedule = Schedule::cosine(0.1, 0.0, 7);
    let json = serde_json::to_string(&schedule).unwrap_or_default();
    assert_eq!(serde_json::from_str::<Schedule>(&json).ok(), Some(schedule));
    assert!(
        serde_json::from_str::<Spec>("\"cosin\"")
            .is_err_and(|e| e.to_string().contains("did you mean `cosine`"))
    );
}

fn any_rate() -> impl Strategy<Value = f64> {
    prop_oneof![0.001..1.0_f64, Just(0.0), Just(0.1), Just(1e-5)]
}

fn any_curve() -> impl Strategy<Value = Schedule> {
    (any_rate(), any_rate(), 1..50_u64, 0.1..3.0_f64).prop_flat_map(|(from, to, over, power)| {
        prop::sample::select(vec![
            Schedule::constant(from),
            Schedule::warmup(from, over),
            Schedule::linear(from, to, over),
            Schedule::cosine(from, to, over),
            Schedule::polynomial(from, to, over, power),
            Schedule::one_minus_sqrt(from, to, over),
            Schedule::exponential(from, power.min(1.0)),
            Schedule::step(from, power.min(1.0), over),
            Schedule::table(vec![from, to, power], over),
        ])
    })
}

/// Any schedule that the builders can make.
fn any_schedule() -> impl Strategy<Value = Schedule> {
    any_curve().prop_recursive(3, 12, 3, |inner| {
        let two = || (inner.clone(), inner.clone());
        let one = (
            inner.clone(),
            1..60_u64,
            prop_oneof![Just(1.0), Just(2.0), 1.0..3.0_f64],
        );
        prop_oneof![
            (two(), 1..60_u64).prop_map(|((a, b), at)| a.then(at, b)),
            two().prop_map(|(a, b)| a.min(b)),
            two().prop_map(|(a, b)| a.max(b)),
            two().prop_map(|(a, b)| a + b),
            one.prop_flat_map(|(a, n, k)| prop::sample::select(vec![
                a.clone().clamp(0.01, 0.5),
                a.clone().scale(k),
                a.clone().delay(n),
                a.clone().stretch(k),
                a.clone().warp(k, n),
                a.clone().mirror(n),
                a.clone().repeat(n),
                a.clone().restart(n, k, 0.5),
                a.clone().until(n),
                a.override_with(0.3, n, n + 5),
            ])),
        ]
    })
}

proptest! {
    /// Text is the value: what is printed and serialised resolves to the same schedule.
    #[test]
    fn printed_schedules_parse_back(schedule in any_schedule()) {
        let text = schedule.to_string();
        prop_assert_eq!(text.parse::<Schedule>().map_err(|e| e.to_string()), Ok(schedule), "{}", text);
    }

    /// Whatever is built and whenever it is asked, the rate is a rate.
    #[test]
    fn rates_are_finite_and_not_negative(schedule in any_schedule(), step in prop_oneof![0..200_u64, any::<u64>()]) {
        let rate = schedule.at(step);
        prop_assert!(rate.is_finite() && rate >= 0.0, "{} at {step}: {rate}", schedule);
    }

    /// `then` is associative, as values and as rates.
    #[test]
    fn then_is_associative(a in any_curve(), b in any_curve(), c in any_curve(), m in 0..40_u64, n in 0..40_u64) {
        let left = a.clone().then(m, b.clone()).then(m + n, c.clone());
        let right = a.then(m, b.then(n, c));
        prop_assert_eq!(left, right);
    }

    /// Each part of a sequence has its own time.
    #[test]
    fn then_restarts_time(a in any_schedule(), b in any_schedule(), at in 1..50_u64, t in 0..100_u64) {
        let both = a.clone().then(at, b.clone());
        prop_assert_eq!(both.at(t), if t < at { a.at(t) } else { b.at(t - at) });
    }

    /// Stretching twice is stretching by the product.
    #[test]
    fn stretches_multiply(a in any_curve(), k in 1..9_u64, m in 1..9_u64, t in 0..500_u64) {
        let twice = a.clone().stretch(k as f64).stretch(m as f64).at(t);
        let once = a.stretch((k * m) as f64).at(t);
        prop_assert!((twice - once).abs() <= 1e-12, "{twice} {once}");
    }

    /// Clamping twice is clamping once, and keeps within the bounds.
    #[test]
    fn clamping_is_idempotent(a in any_schedule(), t in 0..100_u64) {
        let once = a.clamp(0.01, 0.2);
        prop_assert_eq!(once.clone().clamp(0.01, 0.2).at(t), once.at(t));
        prop_assert!((0.01..=0.2).contains(&once.at(t)));
    }

    /// A repetition has its period, and its first round is the schedule itself.
    #[test]
    fn repetition_is_periodic(a in any_schedule(), every in 1..40_u64, t in 0..40_u64, round in 0..1_000_000_u64) {
        let repeated = a.clone().repeat(every);
        prop_assert_eq!(repeated.at(t % every + round * every), a.at(t % every));
    }

    /// A mirrored schedule is even around every turning point.
    #[test]
    fn mirrors_are_even(a in any_schedule(), over in 1..40_u64, d in 0..40_u64, k in 1..100_u64) {
        let mirrored = a.mirror(over);
        let d = d.min(over);
        prop_assert_eq!(mirrored.at(k * over - d), mirrored.at(k * over + d));
    }

    /// From its length on a schedule holds.
    #[test]
    fn the_end_is_held(a in any_curve(), late in 0..1_000_000_u64) {
        if let Some(end) = a.length() {
            prop_assert_eq!(a.at(end + late), a.at(end));
        }
    }

    /// The order in which updates are asked for changes nothing.
    #[test]
    fn seeking_is_iterating(a in any_schedule(), steps in prop::collection::vec(0..300_u64, 1..20)) {
        let all: Vec<f64> = (0..300).map(|t| a.at(t)).collect();
        for step in steps {
            prop_assert_eq!(a.at(step), all[step as usize]);
        }
    }

    /// Whatever text parses also resolves or is refused with a place, and lints without a panic.
    #[test]
    fn arbitrary_schedules_are_resolved_or_refused(
        words in prop::collection::vec(prop::sample::select(vec![
            "cosine", "warmup(5)", "linear(1x -> 0, 50%)", "then", "restart(", "every=10", "grow=2", "min(", "0.5", "*", "+", "-", "/",
            "step", "epoch", "progress", "**", ")", ",", "(", "table([0.1, 1x])", "until(", "3ep", "0.1x", "noise(seed=1)", "wsd(5, 6)",
            "stretch(", "mirror(", "constant", "over=7", "to=0", "1e18", "formula(", "power_law(9)", "base(0.2,",
        ]), 0..12)
    ) {
        let text = words.join(" ");
        if let Ok(spec) = text.parse::<Spec>() {
            prop_assert!(spec.lint(&run()).len() < 100);
            if let Ok(schedule) = spec.resolve(&run()) {
                let rate = schedule.at(123_456_789);
                prop_assert!(rate.is_finite() && rate >= 0.0, "{text}: {rate}");
                let printed = schedule.to_string();
                prop_assert_eq!(printed.parse::<Schedule>().map_err(|e| e.to_string()), Ok(schedule), "{}: {}", text, printed);
            }
        }
    }
}
