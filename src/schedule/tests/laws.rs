//! Laws of the algebra, for any schedule that the builders and the language can make.

use super::*;
use proptest::prelude::*;

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

/// Any text of the language that has a good chance to resolve.
fn any_text() -> impl Strategy<Value = String> {
    let leaf = prop::sample::select(vec![
        "cosine",
        "cosine(over=20%)",
        "linear(1x -> 0, 90%)",
        "linear(0.3 -> 0.1, 3ep)",
        "warmup(1ep)",
        "constant",
        "constant(0.5x, over=7)",
        "constant(over=64sp)",
        "exponential(0.9, every=1ep)",
        "step(20, gamma=0.5)",
        "multistep([5, 9])",
        "table([1x, 0.1x], every=10)",
        "one_cycle(50)",
        "cyclic(up=9)",
        "noise(seed=5)",
        "noam(64)",
        "power(a=1)",
        "wsd(5, 6, over=30)",
        "wsd(5, 6, shape=rex, to=0.1x)",
        "0.1 * 0.97 ** epoch",
        "1x * (1 - progress)",
        "0.01 / (1 + step)",
        "0.5",
        "0.5x",
        "0",
        "formula(2 ** -epoch, epoch=5)",
        "torch.StepLR(optimizer, 30)",
        "optax.linear_schedule(0.1, 0.0, 30)",
        "piecewise([1x, 0.5x], at=[9], shape=cosine)",
        "hyperbolic(0.1x)",
    ]);
    leaf.prop_map(str::to_owned)
        .prop_recursive(4, 16, 3, |inner| {
            let two = (inner.clone(), inner.clone());
            let operator = prop::sample::select(vec!["then", "*", "+", "-", "/"]);
            let pair = (two.clone(), operator).prop_map(|((a, b), op)| format!("({a}) {op} ({b})"));
            let wrapped = (
                inner,
                prop::sample::select(vec![
                    "until(@, 12)",
                    "restart(@, every=9, grow=2)",
                    "restart(@, every=9, grow=1.5, decay=0.7, cycles=3)",
                    "repeat(@, 4)",
                    "delay(@, 3)",
                    "stretch(@, 2)",
                    "stretch(@, 1ep)",
                    "warp(@, 2, over=9)",
                    "mirror(@, over=9)",
                    "clamp(@, min=0.01x)",
                    "clamp(@, 0, 0.2)",
                    "override(@, 0.3x, from=3, until=9)",
                    "base(0.2, @)",
                    "2 * (@)",
                    "(@) / 3",
                    "(@) * 0.9 ** epoch",
                ]),
            )
                .prop_map(|(a, shape)| shape.replace('@', &a));
            let extreme = (two, prop::sample::select(vec!["min", "max"]))
                .prop_map(|((a, b), f)| format!("{f}({a}, {b})"));
            prop_oneof![3 => pair, 4 => wrapped, 1 => extreme]
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

    /// What resolves in a run is, printed, the same schedule in any other; and the text itself is kept.
    #[test]
    fn resolved_text_needs_no_run(text in any_text()) {
        let spec = match text.parse::<Spec>() {
            Ok(spec) => spec,
            Err(error) => return Err(TestCaseError::reject(error.to_string())),
        };
        prop_assert_eq!(spec.to_string().parse::<Spec>().map_err(|e| e.to_string()), Ok(spec.clone()));
        let _ = spec.lint(&run());
        if let Ok(schedule) = spec.resolve(&run()) {
            let printed = schedule.to_string();
            let back = printed.parse::<Schedule>().map_err(|e| e.to_string());
            prop_assert_eq!(back, Ok(schedule.clone()), "{}: {}", text, printed);
            for step in [0, 1, 9, 10, 500, 1 << 50] {
                let rate = schedule.at(step);
                prop_assert!(rate.is_finite() && rate >= 0.0, "{text} at {step}: {rate}");
            }
        }
    }
}

/// A number that multiplies a sequence of multiples stays a factor when the resolved text is read back.
#[test]
fn a_scaled_sequence_with_a_formula_reads_back() {
    let spec: Spec = "2 * ((1x * (1 - progress)) then (0.5x))"
        .parse()
        .unwrap_or_else(|e| panic!("{e}"));
    let schedule = spec.resolve(&run()).unwrap_or_else(|e| panic!("{e}"));
    let printed = schedule.to_string();
    let back: Schedule = printed.parse().unwrap_or_else(|e| panic!("{printed}: {e}"));
    for step in [0, 9, 500, 2000] {
        assert_eq!(back.at(step), schedule.at(step), "{printed}");
    }
    assert_eq!(back, schedule, "{printed}");
}
