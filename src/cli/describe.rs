//! What a run says of itself before it begins: on the screen, and in `environment.json`.

use std::collections::BTreeMap;

use super::{ready::Ready, schedule::segments};
use crate::{
    device::Machine,
    error::{Error, Result},
    files::write_atomically,
    run::{self, RunDir},
};

/// What it runs on, for `environment.json`.
pub(super) fn environment(
    ready: &Ready,
    machine: &Machine,
    line: &str,
) -> BTreeMap<&'static str, String> {
    let mut pairs = BTreeMap::from([
        ("kiln", env!("CARGO_PKG_VERSION").to_string()),
        ("device", line.to_string()),
        ("os", std::env::consts::OS.into()),
        ("architecture", std::env::consts::ARCH.into()),
        ("data", ready.data.summary.clone()),
        (
            "started",
            std::time::SystemTime::now()
                .duration_since(std::time::UNIX_EPOCH)
                .map_or(0, |t| t.as_secs())
                .to_string(),
        ),
    ]);
    match machine {
        Machine::Cpu => {
            pairs.insert("adapter", "CPU executor".into());
            pairs.insert("threads", rayon::current_num_threads().to_string());
        }
        Machine::Gpu(gpu) => {
            pairs.insert("adapter", gpu.description.name.clone());
            pairs.insert("backend", gpu.description.backend.clone());
            let d = &gpu.description;
            pairs.insert("driver", format!("{} {}", d.driver, d.driver_info));
            pairs.insert("tuning", gpu.table.name.clone());
        }
    }
    pairs
}

pub(super) fn write_environment(run: &RunDir, environment: &BTreeMap<&str, String>) -> Result<()> {
    let path = run.file(run::ENVIRONMENT);
    let json =
        serde_json::to_vec_pretty(environment).map_err(|e| Error::file(&path, e.to_string()))?;
    write_atomically(&path, &json)
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
    lines.extend(ready.remarks.iter().cloned());
    Ok(lines.join("\n"))
}
