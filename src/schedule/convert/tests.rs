//! Conversions that a user would ask for.

use super::*;

fn run() -> Run {
    Run {
        updates: Some(200),
        ..Run::new(0.1)
    }
}

fn converted(text: &str, to: Language) -> Result<String, String> {
    let plan: LearningRate = text.parse().map_err(|e: expr::Error| e.to_string())?;
    convert(&plan, &run(), to).map_err(|e| e.to_string())
}

/// Code for torch and Optax, each read back with the same rates over the run and beyond the joints.
#[test]
fn kilns_words_become_code() {
    let (yes, no) = (true, false);
    for (text, in_torch, in_optax) in [
        ("constant", "LambdaLR", yes),
        ("constant(0.05)", "LambdaLR", yes),
        ("linear(1x -> 0.1x)", "LinearLR", yes),
        ("warmup(10) then cosine(to=0.01)", "SequentialLR", yes),
        (
            "warmup(10) then constant(over=90) then linear",
            "SequentialLR",
            yes,
        ),
        ("cosine(to=0.001)", "CosineAnnealingLR", yes),
        ("polynomial(power=2)", "PolynomialLR", yes),
        ("polynomial(to=0.01)", "LambdaLR", yes),
        ("exponential(0.99)", "ExponentialLR", yes),
        ("exponential(0.5, every=30)", "LambdaLR", yes),
        ("step(20, gamma=0.5)", "StepLR", yes),
        ("multistep([20, 50])", "MultiStepLR", yes),
        (
            "restart(cosine, every=10, grow=2)",
            "CosineAnnealingWarmRestarts",
            no,
        ),
        ("restart(cosine, every=10, decay=0.5)", "LambdaLR", no),
        ("restart(linear, every=10, cycles=3)", "LambdaLR", no),
        ("mirror(cosine(over=40))", "CosineAnnealingLR", no),
        ("cosine(over=100)", "LambdaLR", yes), // torch's own would climb again
        (
            "one_cycle(peak=0.3, cycle_momentum=False)",
            "OneCycleLR",
            no,
        ),
        ("one_cycle(over=50, cycle_momentum=False)", "LambdaLR", no),
        (
            "cyclic(from=0.01, to=0.2, up=7, down=4, mode=triangular2, cycle_momentum=False)",
            "CyclicLR",
            no,
        ),
        ("rex", "LambdaLR", no),
        ("tanh", "LambdaLR", no),
        ("k_decay(k=1.5)", "LambdaLR", no),
        ("one_minus_sqrt(to=0.01)", "LambdaLR", no),
        ("geometric(0.1 -> 0.001)", "LambdaLR", no),
        ("inverse_time(0.5, 10)", "LambdaLR", yes),
        ("inverse_time(0.5, 10, staircase=True)", "LambdaLR", yes),
        ("power_law(20, power=0.7)", "LambdaLR", yes),
        ("inverse_sqrt(30)", "LambdaLR", yes),
        ("hyperbolic(0.01, every=5)", "LambdaLR", yes),
        ("noam(512, warmup=40)", "LambdaLR", no),
        ("power(4, batch=32)", "LambdaLR", no),
        ("table([0.1, 0.05, 0.01], every=30)", "LambdaLR", no),
        ("piecewise([0.1, 0.05, 0.02], at=[30, 90])", "LambdaLR", yes),
        (
            "piecewise([0.1, 0.5, 0.02], at=[30, 90], shape=linear)",
            "LambdaLR",
            yes,
        ),
        (
            "piecewise([0.1, 0.5, 0.02], at=[30, 90], shape=cosine)",
            "LambdaLR",
            yes,
        ),
        ("wsd(10, 30)", "SequentialLR", yes),
        ("0.5 * cosine", "LambdaLR", no),
        ("cosine * linear(1x -> 0.5x)", "LambdaLR", no),
        ("linear + 0.01", "LambdaLR", no),
        ("constant(0.1) - linear(0.05 -> 0)", "LambdaLR", no),
        ("min(linear, 0.05)", "LambdaLR", no),
        ("max(exponential(0.9), 0.01)", "LambdaLR", no),
        ("clamp(exponential(0.9), min=0.01)", "LambdaLR", yes),
        ("clamp(cosine, min=0.01, max=0.08)", "LambdaLR", no),
        ("delay(linear(over=50), 20)", "LambdaLR", yes),
        ("delay(delay(cosine(over=50), 20), 3)", "LambdaLR", no),
        ("stretch(step(20), 2.5)", "LambdaLR", no),
        ("warp(cosine, power=2)", "LambdaLR", no),
        ("mirror(linear(0.1x -> 1x, 30))", "LambdaLR", no),
        ("override(cosine, 0.02, from=20, until=40)", "LambdaLR", no),
        (
            "until(exponential(0.9), 50) then constant(0.001)",
            "LambdaLR",
            yes,
        ),
        ("0.1 * 0.97 ** step", "LambdaLR", no),
        ("0.1 * cos(pi * progress / 2)", "LambdaLR", no),
        ("formula(0.1 * 0.9 ** epoch, epoch=20)", "LambdaLR", no),
        (
            "torch.SequentialLR([torch.LinearLR(0.1, 1.0, 9), torch.CosineAnnealingLR(191)], [9])",
            "SequentialLR",
            yes,
        ),
        ("keras.CosineDecay(0.2, 300)", "LambdaLR", yes),
        (
            "hf.cosine(num_warmup_steps=10, num_training_steps=300)",
            "LambdaLR",
            yes,
        ),
        (
            "optax.warmup_cosine_decay_schedule(0.0, 0.1, 10, 300)",
            "LambdaLR",
            yes,
        ),
    ] {
        for (to, class, exists) in [
            (Language::Torch, in_torch, true),
            (Language::Optax, "", in_optax),
        ] {
            match converted(text, to) {
                Ok(code) => {
                    assert!(exists && code.contains(class), "{text}: {code}");
                    reads_back(text, &code);
                }
                Err(error) => assert!(!exists, "{text} in {to}: {error}"),
            }
        }
    }
}

/// Code, read by kiln as any user's line, has the rates of the expression that it was made from.
fn reads_back(text: &str, code: &str) {
    let line = match code.starts_with("lambda") {
        true => format!("optax.join_schedules([{code}], [])"),
        false => code.to_owned(),
    };
    let resolved = |text: &str| {
        let plan: LearningRate = text.parse().unwrap_or_else(|e| panic!("{e}"));
        plan.spec()
            .resolve(&run())
            .unwrap_or_else(|e| panic!("{e}"))
    };
    let (written, read) = (resolved(text), resolved(&line));
    for step in 0..200 {
        let (a, b) = (written.at(step), read.at(step));
        assert!(
            (a - b).abs() < 1e-13,
            "{text} = {code}: {a} and {b} at {step}"
        );
    }
}

/// What cannot be said is refused with the reason; nothing is smoothed over.
#[test]
fn what_cannot_be_said_is_an_error() {
    for (text, to, part) in [
        (
            "linear(0 -> 1x, 5ep) then cosine",
            Language::Torch,
            "--epoch-steps",
        ),
        (
            "constant(over=1e6sp) then linear",
            Language::Optax,
            "--batch-size",
        ),
        ("noise(seed=1)", Language::Torch, "generator"),
        (
            "restart(linear, every=9, grow=2)",
            Language::Torch,
            "cycles that grow",
        ),
        (
            "one_cycle(over=50, cycle_momentum=True)",
            Language::Torch,
            "momentum",
        ),
        (
            "plateau * cosine",
            Language::Torch,
            "without the controller",
        ),
        ("plateau(mode=min)", Language::Torch, "threshold_mode=abs"),
        (
            "plateau(threshold_mode=abs)",
            Language::Torch,
            "mode=min or mode=max",
        ),
        ("greedy", Language::Torch, "ReduceLROnPlateau"),
        ("plateau", Language::Optax, "reduce_on_plateau"),
        ("optax.reduce_on_plateau()", Language::Native, "averages"),
        (
            "torch.MultiplicativeLR(lambda t: 1 / (1 + t))",
            Language::Native,
            "function",
        ),
        (
            "timm.CosineLRScheduler(50, noise_range_t=5)",
            Language::Native,
            "noise",
        ),
        (
            "torch.SequentialLR([torch.SequentialLR([torch.StepLR(3), torch.StepLR(2)], [4]), torch.StepLR(5)], [9])",
            Language::Optax,
            "one update ahead",
        ),
    ] {
        let error = converted(text, to).expect_err(text);
        assert!(error.contains(part), "{text} in {to}: {error}");
    }
}

/// Controllers, frameworks' lines inside expressions, and lines in their own language.
#[test]
fn the_rest_of_a_plan_is_kept() {
    for (text, to, expected) in [
        (
            "torch.ReduceLROnPlateau(optimizer, 'max', threshold=0.0) * torch.StepLR(optimizer, 30)",
            Language::Native,
            "plateau(factor=0.1, patience=10, mode=max, threshold=0, threshold_mode=rel, cooldown=0, min_lr=0, eps=1e-8) * step(every=30, gamma=0.1)",
        ),
        (
            "warmup(5) then hf.cosine(num_training_steps=200)",
            Language::Native,
            "warmup(5) then cosine(to=0, over=200)",
        ),
        ("cosine", Language::Native, "cosine"),
        (
            "StepLR(opt, 30)",
            Language::Torch,
            "torch.optim.lr_scheduler.StepLR(opt, 30)",
        ),
        (
            "torch.SequentialLR([torch.StepLR(3), torch.SWALR(0.1)], [4])",
            Language::Torch,
            "torch.optim.lr_scheduler.SequentialLR(optimizer, [torch.optim.lr_scheduler.StepLR(optimizer, 3), torch.optim.swa_utils.SWALR(optimizer, 0.1)], [4])",
        ),
        (
            "plateau(factor=0.5, patience=3, mode=min, threshold=0.01, threshold_mode=abs)",
            Language::Torch,
            "torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, mode='min', factor=0.5, patience=3, threshold=0.01, threshold_mode='abs', cooldown=0, min_lr=0, eps=1e-8)",
        ),
    ] {
        assert_eq!(converted(text, to).as_deref(), Ok(expected), "{text}");
    }
}

/// Where a framework misbehaves, the clean expression comes with the update from which on it differs.
#[test]
fn differences_are_said() {
    let text = "torch.OneCycleLR(optimizer, max_lr=0.1, total_steps=100)";
    let short = Run {
        updates: Some(100),
        ..Run::new(0.1)
    };
    let long = Run {
        updates: Some(101),
        ..short
    };
    let native = |run: &Run| {
        let plan: LearningRate = text.parse().unwrap_or_else(|e| panic!("{e}"));
        convert(&plan, run, Language::Native).unwrap_or_else(|e| panic!("{e}"))
    };
    assert!(
        native(&short).starts_with("one_cycle(over=99, "),
        "{}",
        native(&short)
    );
    assert!(
        native(&long).starts_with("# differs from update 100 on: "),
        "{}",
        native(&long)
    );
}
