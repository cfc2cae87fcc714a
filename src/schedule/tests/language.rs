//! What expressions mean, what is refused and how, and that text and value are the same thing.

use super::*;

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
            "column 14: `1x` is a multiple of the base rate and `0.001` is a rate; one curve takes one of them: write `0.001` as 0.01x, or `1x` as a rate",
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

/// Lines as they stand in training scripts, with and without their modules, alone and inside kiln's own.
#[test]
fn pasted_lines_are_understood() {
    for (text, step, rate) in [
        (
            "torch.optim.lr_scheduler.StepLR(optimizer, step_size=30, gamma=0.1)",
            30,
            0.01,
        ),
        (
            "lr_scheduler.StepLR(optimizer, step_size=30, gamma=0.1)",
            29,
            0.1,
        ),
        ("StepLR(optimizer, step_size=30)", 60, 0.001),
        ("CosineAnnealingLR(optimizer, T_max=100)", 50, 0.05),
        (
            "tf.keras.optimizers.schedules.ExponentialDecay(0.2, decay_steps=10, decay_rate=0.5)",
            10,
            0.1,
        ),
        (
            "optax.linear_schedule(init_value=0.4, end_value=0.0, transition_steps=100)",
            50,
            0.2,
        ),
        (
            "get_linear_schedule_with_warmup(optimizer, num_warmup_steps=10, num_training_steps=110)",
            60,
            0.05,
        ),
        ("stretch(StepLR(optimizer, 3), 1ep)", 300, 0.01),
        (
            "until(LinearLR(optimizer, start_factor=0.5, total_iters=10), 10) then constant(0.3)",
            10,
            0.3,
        ),
        (
            "base(0.5, ExponentialLR(optimizer, gamma=0.5)) * linear(1x -> 0, 10)",
            2,
            0.5 * 0.25 * 0.8,
        ),
        ("max(torch.StepLR(10), 0.02)", 20, 0.02),
    ] {
        let schedule = resolved(text);
        assert!(
            (schedule.at(step) - rate).abs() < 1e-15,
            "{text}: {}",
            schedule.at(step)
        );
        let printed = schedule.to_string();
        assert_eq!(
            printed.parse::<Schedule>().map_err(|e| e.to_string()),
            Ok(schedule),
            "{printed}"
        );
    }
}
