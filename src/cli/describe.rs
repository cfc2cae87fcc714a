//! What a run says of itself before it begins: on the screen, and in `environment.json`.

use std::{
    str::FromStr,
    time::{SystemTime, UNIX_EPOCH},
};

use super::{
    config::{self, Settings},
    ready::Ready,
    saving::CHECKPOINTS,
    schedule::segments,
    setup::Watched,
    train::command,
};
use crate::{
    data::{self, Form},
    device::Machine,
    error::Result,
    files::write_atomically,
    run::{
        self, Environment, RunDir,
        environment::{BEFORE, STARTED},
    },
    schedule,
    train::{Clip, Config},
};

/// Writes what the run is and what it runs on, before its first row.
pub(super) fn describe(
    run: &RunDir,
    settings: &mut Settings,
    (ready, best): (&Ready, Watched),
    environment: &Environment,
) -> Result<()> {
    let command = command();
    settings.resolve(&command, "model", &ready.model);
    if let Some(fraction) = ready.data.test_fraction {
        settings.fill(&command, "test-fraction", &fraction.to_string());
    }
    if ready.data.evaluated().is_some() {
        settings.fill(&command, "best", &best.name());
    }
    let usual = ready.config.optimizer.usual_lr();
    settings.fill(&command, "lr", &usual.to_string());
    settings.fill(&command, "keep", &CHECKPOINTS.to_string());
    let schedule = settings.get("schedule").unwrap_or_default();
    if schedule::LearningRate::from_str(&schedule).is_ok_and(|plan| !plan.controls().is_empty()) {
        settings.fill(&command, "monitor", &Watched::EvalLoss.name());
        settings.fill(&command, "observe", "epoch");
    }
    // A name stands for itself even where a file is called so.
    let name = &ready.data.name;
    let data = match data::NAMES.contains(&name.as_str()) {
        true => name.clone(),
        false => config::absolute(name),
    };
    settings.resolve(&command, "data", &data);
    for key in ["val", "targets", "init"] {
        if let Some(text) = settings.get(key) {
            settings.resolve(&command, key, &config::absolute(&text));
        }
    }
    let head = format!(
        "# Written by kiln {}: `kiln train config.toml` does the same again (but for what changes.jsonl and\n\
         # overrides.jsonl say of changes under way, where there are any).\n",
        env!("CARGO_PKG_VERSION")
    );
    let text = head + &settings.to_toml();
    write_atomically(&run.file(run::CONFIG), text.as_bytes())?;
    Form::of(&ready.data).save(&run.file(run::FORM))?;
    environment.write(&run.file(run::ENVIRONMENT))
}

/// Says so where a run goes on, from update `step` on, on another machine than before, and keeps what that was.
pub(super) fn note_move(run: &RunDir, environment: &mut Environment, step: u64) -> Result<()> {
    // What only describes a run does not keep it from going on.
    let was = Environment::read(&run.file(run::ENVIRONMENT)).unwrap_or_else(|e| {
        eprintln!("note: what the run was on before is not known: {e}");
        Environment::default()
    });
    let mut earlier = was.text(BEFORE);
    let what = |e: &Environment| {
        let named = ["adapter", "driver", "tuning"].map(|name| e.text(name));
        let named: Vec<String> = named.into_iter().flatten().collect();
        named.join(", ")
    };
    let (old, new) = (what(&was), what(environment));
    if !old.is_empty() && old != new {
        eprintln!(
            "note: until update {step} the run was on {old}, from now on it is on {new}: its numbers are close to \
             those of a run on one of them, but not to the bit"
        );
        let until = format!("{old} until update {step}");
        earlier = Some(earlier.map_or(until.clone(), |text| format!("{text}; {until}")));
    }
    if let Some(text) = earlier {
        environment.set(BEFORE, text);
    }
    Ok(())
}

/// What it runs on, for `environment.json`.
pub(super) fn environment(ready: &Ready, machine: &Machine, line: &str) -> Environment {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    let mut all = Environment::default();
    all.set("kiln", env!("CARGO_PKG_VERSION"));
    all.set("device", line.strip_prefix("device: ").unwrap_or(line));
    all.set("os", std::env::consts::OS);
    all.set("architecture", std::env::consts::ARCH);
    all.set("data", ready.data.summary.as_str());
    all.set(STARTED, since.map_or(0, |t| t.as_secs()));
    match machine {
        Machine::Cpu => {
            all.set("adapter", "CPU executor");
            all.set("threads", rayon::current_num_threads());
        }
        Machine::Gpu(gpu) => {
            let d = &gpu.description;
            all.set("adapter", d.name.as_str());
            all.set("backend", d.backend.as_str());
            all.set("driver", format!("{} {}", d.driver, d.driver_info));
            all.set("tuning", gpu.table.name.as_str());
        }
    }
    all
}

/// What will be trained, on what, how.
pub(super) fn introduction(ready: &Ready, device: &str) -> Result<String> {
    let epochs = ready.session.epochs;
    let per_epoch = epochs.updates();
    let mut lines = vec![
        ready.data.summary.clone(),
        format!(
            "model: {} ({} parameters)",
            ready.model,
            ready.network.parameters()
        ),
        device.to_string(),
        format!(
            "{} updates of {} samples, {per_epoch} an epoch; {}",
            ready.steps,
            epochs.update_samples(),
            ready.config.optimizer
        ),
        segments(
            ready.rate.schedule(),
            Some(per_epoch as f64),
            Some(ready.steps),
        )?,
    ];
    lines.extend(methods(&ready.config));
    lines.extend(ready.remarks.iter().cloned());
    Ok(lines.join("\n"))
}

/// What else happens between a picture and the weights that are kept, if anything does.
fn methods(config: &Config) -> Option<String> {
    let clip = config.clip.map(|clip| match clip {
        Clip::Norm(most) => format!("gradients clipped to a norm of {most}"),
        Clip::Value(most) => format!("gradients clipped to ±{most}"),
    });
    let several =
        (config.accumulate > 1).then(|| format!("{} batches an update", config.accumulate));
    let changed = config
        .augment
        .as_ref()
        .map(|_| "pictures changed at random".to_string());
    let grouped = (!config.groups.is_empty()).then(|| {
        let patterns: Vec<&str> = config.groups.iter().map(|g| g.pattern.as_str()).collect();
        format!("own numbers for {}", patterns.join(", "))
    });
    let layered = config
        .layer_decay
        .map(|d| format!("rates of layers {d} times the next one's"));
    let ema = config
        .ema
        .map(|decay| format!("moving average of the weights, {decay}"));
    let swa = config
        .swa
        .map(|swa| format!("mean of the weights from update {} on", swa.start));
    let parts: Vec<String> = [several, grouped, layered, clip, changed, ema, swa]
        .into_iter()
        .flatten()
        .collect();
    (!parts.is_empty()).then(|| parts.join("; "))
}
