//! Lines as they stand in training scripts.

use kiln::control::{Monitor, Observe};
use kiln::schedule::frameworks::{Framework, kind_of};
use kiln::schedule::{LearningRate, Run};

fn start(line: &str) -> Result<f64, String> {
    let run = Run {
        updates: Some(1000),
        epoch_updates: Some(100.0),
        ..Run::new(0.1)
    };
    let plan: LearningRate = line
        .parse()
        .map_err(|error: kiln::expr::Error| error.to_string())?;
    let rate = plan
        .start(&run, Monitor::EvalLoss, Observe::Epoch)
        .map_err(|error| error.to_string())?;
    let rates: Vec<f64> = (0..1000).map(|step| rate.at(step)).collect();
    assert!(
        rates.iter().all(|rate| rate.is_finite() && *rate >= 0.0),
        "{line}"
    );
    Ok(rates.iter().sum())
}

/// Protects pasting: whatever prefix, optimiser name, `verbose`, line breaks or constant arithmetic a script uses.
#[test]
fn lines_are_taken_as_they_are() {
    let lines = [
        "torch.optim.lr_scheduler.StepLR(optimizer, step_size=30, gamma=0.1)",
        "lr_scheduler.StepLR(optimizer_ft, step_size=7, gamma=0.1)",
        "optim.lr_scheduler.MultiStepLR(optimizer, milestones=[30, 80], gamma=0.1, last_epoch=-1)",
        "torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=200)",
        "torch.optim.lr_scheduler.CosineAnnealingLR(self.optimizer, 1000, eta_min=1e-6, verbose=True)",
        "lr_scheduler.ExponentialLR(optimizer, gamma=0.9)",
        "torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, 'min', patience=5, factor=0.5, verbose=True)",
        "torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, mode='max')",
        "torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=0.01, steps_per_epoch=100, epochs=10)",
        "torch.optim.lr_scheduler.OneCycleLR(\n    optimizer,\n    max_lr=0.1,\n    total_steps=10 * 100,\n    pct_start=0.1,\n)",
        "torch.optim.lr_scheduler.CyclicLR(optimizer, base_lr=0.001, max_lr=0.1, step_size_up=5, mode=\"triangular2\")",
        "torch.optim.lr_scheduler.LambdaLR(optimizer, lr_lambda=lambda epoch: 0.65 ** epoch)",
        "torch.optim.lr_scheduler.LambdaLR(optimizer, [lambda epoch: epoch // 30])",
        "optim.lr_scheduler.LambdaLR(opt, lambda step: min((step + 1) / 100, 1.0))",
        "torch.optim.lr_scheduler.LambdaLR(optimizer, lambda x: (1 - x / 1000) ** 0.9 if x < 1000 else 0)",
        "torch.optim.lr_scheduler.MultiplicativeLR(optimizer, lr_lambda=lambda epoch: 0.95)",
        "torch.optim.lr_scheduler.SequentialLR(optimizer, schedulers=[lr_scheduler.LinearLR(optimizer, 0.01, total_iters=50), lr_scheduler.CosineAnnealingLR(optimizer, 950)], milestones=[50])",
        "torch.optim.lr_scheduler.ChainedScheduler([torch.optim.lr_scheduler.ConstantLR(optimizer), lr_scheduler.ExponentialLR(optimizer, 0.99)])",
        "torch.optim.swa_utils.SWALR(optimizer, anneal_strategy=\"linear\", anneal_epochs=20, swa_lr=0.05)",
        "tf.keras.optimizers.schedules.ExponentialDecay(\n    1e-2,\n    decay_steps=100000,\n    decay_rate=0.96,\n    staircase=True)",
        "keras.optimizers.schedules.CosineDecay(0.1, 1000, alpha=0.01, name=\"CosineDecay\")",
        "tf.keras.optimizers.schedules.PiecewiseConstantDecay([100, 200], [1.0, 0.5, 0.1])",
        "keras.callbacks.ReduceLROnPlateau(monitor='val_loss', factor=0.2, patience=5, min_lr=0.001, verbose=1)",
        "keras.callbacks.LearningRateScheduler(lambda epoch: 1e-3 * 10 ** (epoch / 20))",
        "optax.warmup_cosine_decay_schedule(init_value=0.0, peak_value=1.0, warmup_steps=50, decay_steps=1_000, end_value=0.0)",
        "optax.schedules.piecewise_constant_schedule(init_value=1.0, boundaries_and_scales={200: 0.1, 600: 0.1})",
        "optax.contrib.reduce_on_plateau(factor=0.5, patience=10, rtol=1e-4, accumulation_size=200)",
        "transformers.get_scheduler(\"linear\", optimizer=optimizer, num_warmup_steps=0, num_training_steps=1000)",
        "transformers.get_cosine_schedule_with_warmup(optimizer, 100, 1000)",
        "hf.get_scheduler(name='reduce_lr_on_plateau', optimizer=optimizer, scheduler_specific_kwargs={'factor': 0.5})",
        "timm.scheduler.CosineLRScheduler(optimizer, t_initial=300, lr_min=1e-6, warmup_t=20, warmup_lr_init=1e-5, cycle_limit=1)",
        "plateau(factor=0.5) * torch.StepLR(100, 0.5)",
        "scheduler = torch.optim.lr_scheduler.StepLR(optimizer, step_size=30)",
        "self.lr_scheduler = lr_scheduler.StepLR(optimizer, step_size=30);",
        "optimizer, self.scheduler = StepLR(optimizer, 30)",
        "StepLR(optim.Adam(net.parameters(), lr=1e-3), step_size=30)",
        "StepLR(self.optimizers[0], step_size=30)",
        "StepLR(self.optimizers()[0], step_size=30)",
        "StepLR(torch.optim.SGD(model.parameters(), lr=0.1), 30)",
        "StepLR(optimizer=opt[0], step_size=30)",
        "StepLR(sgd, 30)",
        "LambdaLR(optimizer, lambda it, w=10: min(1, it / w))",
        "LambdaLR(optimizer, lambda e: 1 if 0 <= e < 30 else 0.1)",
        "LambdaLR(optimizer, lambda e: np.interp([e], [0, 5, 30], [0, 1, 0])[0])",
        "torch.StepLR(int(100 / 3))",
        "get_cosine_schedule_with_warmup(AdamW(model.parameters()), 100, 1000)",
        "get_scheduler('cosine', AdamW(model.parameters()), 100, 1000)",
        "CosineLRScheduler(create_optimizer(args, model), t_initial=300)",
        "tensorflow.keras.optimizers.schedules.ExponentialDecay(0.1, 100, 0.9)",
        "tf.keras.experimental.CosineDecay(0.1, 1000)",
        "tf.optimizers.schedules.PolynomialDecay(0.1, 1000)",
        "optimizers.schedules.ExponentialDecay(0.1, 100, 0.9)",
        "schedules.ExponentialDecay(0.1, 100, 0.9)",
        "schedules.cosine_decay_schedule(0.1, 1000)",
        "callbacks.ReduceLROnPlateau(monitor='val_loss')",
        "timm.scheduler.cosine_lr.CosineLRScheduler(optimizer, t_initial=300)",
        "sched = (\n    StepLR(optimizer, 30)\n)  # every 30 epochs",
    ];
    for line in lines {
        assert!(
            start(line).is_ok_and(|sum| sum > 0.0),
            "{line}\n{:?}",
            start(line)
        );
    }
}

/// Protects the choice between the two classes of one name: they differ in arguments and in what counts as better.
#[test]
fn a_bare_plateau_is_keras_unless_it_has_an_optimizer() {
    let cases = [
        ("ReduceLROnPlateau(optimizer, 'min')", Framework::Torch),
        ("ReduceLROnPlateau(optimizer=opt, eps=0)", Framework::Torch),
        ("ReduceLROnPlateau(SGD(net.parameters()))", Framework::Torch),
        ("ReduceLROnPlateau('val_loss', 0.2)", Framework::Keras),
        ("ReduceLROnPlateau(monitor='val_loss')", Framework::Keras),
        ("ReduceLROnPlateau(min_delta=0.01)", Framework::Keras),
        ("ReduceLROnPlateau(patience=3)", Framework::Keras),
    ];
    for (line, framework) in cases {
        let plan: LearningRate = line.parse().unwrap_or_else(|error| panic!("{error}"));
        let chosen = kind_of(plan.controls()[0].call()).map(|(framework, _)| framework);
        assert_eq!(chosen, Some(framework), "{line}");
    }
}

/// Protects the reader of an error: what is wrong with a pasted line, and what to do.
#[test]
fn mistakes_are_explained() {
    let cases = [
        (
            "torch.StepLR(optimizer, stepsize=30)",
            "did you mean `step_size`?",
        ),
        ("torch.StepLr(optimizer, 30)", "did you mean `StepLR`?"),
        ("torch.StepLR(optimizer, step_size=0)", "at least 1"),
        ("torch.StepLR(optimizer)", "needs its argument `step_size`"),
        (
            "torch.LambdaLR(optimizer, lambda e: 1 - e / total)",
            "unknown name `total`: write its value here",
        ),
        (
            "torch.LambdaLR(optimizer, lr_lambda=rule)",
            "expected a lambda",
        ),
        (
            "torch.LinearLR(optimizer, start_factor=0)",
            "greater than 0",
        ),
        (
            "torch.OneCycleLR(optimizer, max_lr=0.1)",
            "needs `total_steps`",
        ),
        (
            "torch.OneCycleLR(optimizer, max_lr=0.1, total_steps=900)",
            "raises at update 901: ValueError",
        ),
        (
            "torch.OneCycleLR(optimizer, max_lr=0.1, total_steps=900, anneal_strategy='cosine')",
            "expected `cos`, `linear`",
        ),
        (
            "torch.SequentialLR(optimizer, [torch.StepLR(optimizer, 3)], [5])",
            "need 0 milestones",
        ),
        (
            "torch.SequentialLR(optimizer, [torch.ReduceLROnPlateau(optimizer)], [])",
            "does not take ReduceLROnPlateau",
        ),
        (
            "torch.MultiplicativeLR(optimizer, lambda e: [1, 0.5][e])",
            "raises at update 2: IndexError",
        ),
        ("torch.StepLR(optimizer, 30, last_epoch=7)", "resumes"),
        (
            "torch.ReduceLROnPlateau(optimizer, factor=1.5)",
            "less than 1",
        ),
        (
            "keras.PiecewiseConstantDecay([100, 200], [1.0, 0.5])",
            "need 3 values",
        ),
        (
            "keras.ReduceLROnPlateau(monitor='val_los')",
            "did you mean `eval_loss`?",
        ),
        (
            "optax.warmup_cosine_decay_schedule(0.0, 1.0, 50, 50)",
            "counts the warm-up too",
        ),
        (
            "hf.get_scheduler('cosin', optimizer, 0, 10)",
            "did you mean `cosine`?",
        ),
        (
            "hf.cosine_with_min_lr(0, 1000)",
            "needs `min_lr` or `min_lr_rate`",
        ),
        (
            "timm.WSDLRScheduler(optimizer, t_initial=10, decay_t=20)",
            "at most `t_initial`",
        ),
        (
            "sched = StepLR(optimizer, stepsize=30)",
            "column 27: unknown argument `stepsize`",
        ),
        ("StepLR(optimizer, 30);;", "found `;`"),
        ("then = cosine", "expected a value, found `then`"),
        ("linear(1 > 0, 90%)", "written `1 -> 0`"),
        ("linear(1x > 0.1x, 90%)", "written `1x -> 0.1x`"),
        ("0.97 ^ epoch", "expected `**` for a power"),
        (
            "OneCycleLR(optimizer, 0.1, epochs=9, steps_per_epoch=len(train_loader))",
            "only the script knows `len(train_loader)`: write its value here",
        ),
        (
            "LambdaLR(optimizer, lambda e: np.interp(e, [0, 5], [0, 1, 0]))",
            "found 2 points and 3 values",
        ),
        ("torch.StepLR(sgd)", "needs its argument `step_size`"),
        (
            "keras.CosineDecay(initial, 1000)",
            "unknown name `initial`: write its value here",
        ),
        ("threshold(factor=0.1)", "needs either `below` or `above`"),
    ];
    for (line, part) in cases {
        let error = start(line).expect_err(line);
        assert!(error.contains(part), "{line}\n{error}\nlacks: {part}");
    }
}
