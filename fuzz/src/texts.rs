//! Expressions, and the command line.

use std::sync::OnceLock;

use kiln::{
    control::{Monitor, Observe},
    data::{self, Dataset, Options},
    model::Model,
    optim::{Arrangement, Optimizer, ParamGroup, Scheduled},
    schedule::{LearningRate, Rate, Run, Schedule, convert},
    train::{Config, Session},
};

/// A command line, an argument on each line, as far as it is read before anything is done.
pub fn flags(input: &[u8]) {
    let args = input.split(|&byte| byte == b'\n').map(argument);
    let _ = kiln::cli::understand(std::iter::once("kiln".into()).chain(args).collect());
}

#[cfg(unix)]
fn argument(bytes: &[u8]) -> std::ffi::OsString {
    std::os::unix::ffi::OsStringExt::from_vec(bytes.to_vec())
}

#[cfg(not(unix))]
fn argument(bytes: &[u8]) -> std::ffi::OsString {
    String::from_utf8_lossy(bytes).into_owned().into()
}

/// Layers, fitted to a picture and to a row; what is small enough is recorded as a training step.
pub fn model(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else {
        return;
    };
    for shape in [&[1, 8, 8][..], &[64]] {
        let Ok(network) = Model::parse(text, shape, 10).and_then(|model| model.fit(shape, 10))
        else {
            continue;
        };
        let _ = network.to_string();
        let small = network.parameters() < 1 << 16 && network.layers().len() < 12;
        if network.check_sizes(32).is_ok() && small && shape.len() == 3 {
            let _ = Session::record(&network, digits(), &Config::default());
        }
    }
}

fn digits() -> &'static Dataset {
    static DIGITS: OnceLock<Dataset> = OnceLock::new();
    DIGITS.get_or_init(|| {
        let options = Options {
            limit: Some(32),
            ..Options::default()
        };
        data::load("digits", &options).expect("the digits")
    })
}

/// A run of which everything is known, and one of which nothing is.
fn horizons() -> [Run; 2] {
    let known = Run {
        base_momentum: Some(0.9),
        updates: Some(1000),
        epoch_updates: Some(12.5),
        batch: Some(32),
        ..Run::new(0.1)
    };
    [known, Run::new(0.1)]
}

/// A learning rate: its values, its faults, its translations; and what it prints, read again.
pub fn schedule(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else {
        return;
    };
    let Ok(plan) = text.parse::<LearningRate>() else {
        return;
    };
    // One question, as a command would ask it.
    let run = horizons()[input.len() % 2];
    match input.len() / 2 % 5 {
        0 => assert_eq!(plan.to_string().parse().as_ref(), Ok(&plan), "read again"),
        1 => drop(plan.lint(
            &run,
            (Monitor::EvalLoss, Observe::Epoch),
            &[Monitor::EvalLoss],
        )),
        2 => drop(convert::convert(&plan, &run, convert::Language::Native)),
        3 => drop(convert::convert(&plan, &run, convert::Language::Torch)),
        _ => drop(convert::convert(&plan, &run, convert::Language::Optax)),
    }
    if let Ok(rate) = plan.start(&run, Monitor::EvalLoss, Observe::Epoch) {
        look(rate.schedule(), input.len().is_multiple_of(8));
    }
}

fn look(schedule: &Schedule, again: bool) {
    for step in [0, 1, 499, 999, 1000, 1 << 40, u64::MAX] {
        schedule.at(step);
        schedule.momentum_at(step);
    }
    schedule.length();
    schedule.segments();
    schedule.joints();
    if again {
        let _ = schedule.to_string().parse::<Schedule>();
    }
}

/// Controllers, shown good numbers and bad ones, then saved and restored.
pub fn controller(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else {
        return;
    };
    let Ok(plan) = text.parse::<LearningRate>() else {
        return;
    };
    let begin = || plan.start(&horizons()[0], Monitor::EvalLoss, Observe::Epoch);
    let (Ok(mut rate), Ok(mut again)) = (begin(), begin()) else {
        return;
    };
    let numbers = [
        1.0,
        0.5,
        0.5,
        f64::NAN,
        f64::INFINITY,
        -1.0,
        3e38,
        0.0,
        -3e38,
    ];
    for (step, number) in (0..).zip(numbers.into_iter().cycle().take(40)) {
        for (monitor, observe) in [
            (Monitor::EvalLoss, Observe::Epoch),
            (Monitor::Loss, Observe::Update),
            (Monitor::GradientNorm, Observe::Update),
            (Monitor::EvalAccuracy, Observe::Epoch),
        ] {
            rate.observe(monitor, observe, number, step);
        }
        rate.at(step + 1);
    }
    restored(&rate, &mut again);
}

fn restored(rate: &Rate, again: &mut Rate) {
    let json = serde_json::to_string(&rate.saved()).expect("a state is JSON");
    let saved = serde_json::from_str(&json).expect("and read again");
    again.restore(saved).expect("by the same controllers");
    assert_eq!(again.at(41).to_bits(), rate.at(41).to_bits(), "restored");
}

/// An optimiser, its numbers at any update, or a loss.
pub fn optimizer(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else {
        return;
    };
    if let Ok(optimizer) = Optimizer::parse(text) {
        let printed = optimizer.to_string();
        assert_eq!(
            Optimizer::parse(&printed).ok(),
            Some(optimizer.clone()),
            "{printed}"
        );
        for updates in UPDATES {
            optimizer.group(&SCHEDULED, updates);
        }
        optimizer.memory(1.5);
    }
    let _ = kiln::train::Loss::parse(text);
}

const UPDATES: [u64; 5] = [0, 1, 1000, 1 << 24, (1 << 53) + 1];

const SCHEDULED: Scheduled = Scheduled {
    lr: 0.1,
    momentum: None,
    weight_decay: None,
};

/// Groups of parameters.
pub fn group(input: &[u8]) {
    const PARAMS: [(&str, usize); 4] = [
        ("stem.0.weight", 0),
        ("layers.10.body.conv2.weight", 1),
        ("layers.10.body.conv2.bias", 1),
        ("head.weight", 2),
    ];
    let Ok(text) = std::str::from_utf8(input) else {
        return;
    };
    for optimizer in ["SGD(momentum=0.9)", "NAdam", "Prodigy"] {
        let optimizer = Optimizer::parse(optimizer).expect("an optimiser");
        let Ok(groups) = ParamGroup::parse(text, &optimizer, &Run::new(0.1)) else {
            continue;
        };
        for group in &groups {
            for updates in UPDATES {
                group.numbers(&SCHEDULED, 0.5, updates, updates);
            }
        }
        let _ = Arrangement::of(&PARAMS, &groups, (Some(0.9), optimizer.per_parameter()));
    }
}
