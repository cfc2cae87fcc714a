//! Values worked out by hand, and what must hold for every curve.

use super::*;

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
            &[(0, 0.1), (4, 0.0), (6, 0.05), (8, 0.1), (13, 0.025)],
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

/// Wherever the momentum comes from, it is known in advance that there is one, and only then.
#[test]
fn momentum_is_announced() {
    for (text, carried) in [
        ("cosine", false),
        ("one_cycle", true),
        ("one_cycle(cycle_momentum=False)", false),
        ("warmup(5) then cyclic(up=4)", true),
        ("warmup(5) then cosine", false),
        ("0.5 * cyclic(up=4)", true),
        ("cosine * cyclic(up=4)", true),
        ("min(cosine, cyclic(up=4))", true),
        ("max(cosine, linear) - constant(0.001)", false),
        ("restart(cyclic(up=4), every=20)", true),
        ("restart(cosine, every=20, grow=2, decay=0.9)", false),
        ("stretch(delay(one_cycle(over=30), 5), 2)", true),
        ("mirror(warp(one_cycle(over=30), 2, 30), 30)", true),
        ("0.1 * 0.97 ** epoch", false),
        ("torch.OneCycleLR(max_lr=0.1, total_steps=1000)", true),
        ("torch.StepLR(optimizer, 30)", false),
    ] {
        let schedule = resolved(text);
        let any = (0..50).any(|step| schedule.momentum_at(step).is_some());
        assert_eq!(
            (schedule.carries_momentum(), any),
            (carried, carried),
            "{text}"
        );
    }
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

/// Where growth by a fraction makes whole cycles, they begin at whole updates, too: no rounding gives the first update
/// of a cycle the last rate of the one before.
#[test]
fn cycles_that_grow_by_a_fraction_start_exactly() {
    for (grow, starts) in [
        (2.5, &[8, 28, 78, 203][..]),
        (1.5, &[64, 160, 304, 520, 844, 1330, 2059]),
        (1.2, &[10, 22]),
        (1.25, &[64, 144, 244, 369]),
    ] {
        let every = starts[0];
        let schedule = Schedule::linear(1.0, 0.0, every).restart(every, grow, 1.0);
        for &start in starts {
            assert_eq!(schedule.at(start), 1.0, "grow {grow}, update {start}");
            let before = schedule.at(start - 1);
            assert!(before < 0.2, "grow {grow}, update {start}: {before} before");
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
            "100..Some(600) cosine(0.1 -> 0.01, 500) 0.1 Some(0.01000088826147383)",
            "600..None hold 0.01 Some(0.01)",
        ]
    );
}

/// Between updates, where only stretching asks, and at the edges of what is allowed.
#[test]
fn edges_belong_where_they_should() {
    let mirrored = Schedule::linear(1.0, 0.0, 4).mirror(4).stretch(4.0);
    for d in 0..16 {
        assert_eq!(
            mirrored.at(16 + d),
            mirrored.at(16 - d),
            "{d} from the turn"
        );
    }
    let cyclic = resolved("stretch(cyclic(1, 4, from=0, down=2), 4)");
    assert_eq!([15, 16, 17].map(|t| cyclic.at(t)), [0.9375, 1.0, 0.875]);
    assert_eq!(resolved("one_cycle(5)").at(2), 0.1, "1.5 updates of rise");
    let whole = resolved("wsd(40%, 60%)");
    assert_eq!([400, 1000].map(|t| whole.at(t)), [0.1, 0.0]);
    assert!(refused("wsd(40%, 601)").contains("take more than"));
    let from_nothing = resolved("geometric(0 -> 1, 10)");
    assert_eq!([0, 5, 10].map(|t| from_nothing.at(t)), [0.0, 0.0, 1.0]);
    let overflown = resolved("restart(linear(0 -> 1, 10), decay=1e6)");
    assert_eq!(overflown.at(1000), 0.0, "infinity times 0");
}
