//! `kiln train`: from flags to a trained model.

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use clap::Args;

use super::{
    Outcome,
    machine::MachineFlags,
    progress::{Progress, significant},
    schedule::segments,
    setup::{Ready, Setup},
    tell,
};
use crate::{
    device::{Machine, Needs},
    error::{Error, Result},
    exec::{Executor, cpu::Cpu, gpu::GpuExecutor},
    train::{Evaluation, Metrics, Observer, Trainer, Update, Weights, weights},
};

/// `kiln train`.
#[derive(Args)]
pub(super) struct Train {
    #[command(flatten)]
    setup: Setup,
    #[command(flatten, next_help_heading = "Machine and output")]
    machine: MachineFlags,
    /// Write metrics.jsonl, model.safetensors and averaged weights into this new directory
    #[arg(long, value_name = "DIR", help_heading = "Machine and output")]
    out: Option<PathBuf>,
    /// Print nothing but errors
    #[arg(long, help_heading = "Machine and output")]
    quiet: bool,
}

/// What `--out` holds.
const METRICS: &str = "metrics.jsonl";
const MODEL: &str = "model.safetensors";
const AVERAGES: [(Weights, &str); 2] = [
    (Weights::Ema, "model_ema.safetensors"),
    (Weights::Swa, "model_swa.safetensors"),
];

impl Train {
    pub(super) fn run(self) -> Result<Outcome> {
        if let Some(dir) = &self.out {
            check_free(dir)?;
        }
        let ready = self.setup.ready()?;
        let (machine, line) = self.machine.open(Needs::of(&ready.session.plan))?;
        if !self.quiet {
            tell(format_args!("{}", introduction(&ready, &line)?));
        }
        let plan = &ready.session.plan;
        let exec: Box<dyn Executor> = match machine {
            Machine::Cpu => Box::new(Cpu::new(plan.clone())?),
            Machine::Gpu(gpu) => Box::new(GpuExecutor::new(gpu, plan)?),
        };
        let samples = ready.session.epochs.update_samples();
        let mut watcher = Watcher {
            progress: Progress::new(ready.steps, samples, self.quiet),
            metrics: self.out.as_deref().map(create_run).transpose()?,
            last: None,
            best: None,
            stop: stop_on_signal()?,
        };
        let started = Instant::now();
        let (session, config) = (&ready.session, &ready.config);
        let rate = ready.rate.clone();
        let mut trainer = Trainer::new(exec, session, config, rate, &ready.data, &ready.weights)?;
        let ended = trainer.run(ready.steps, &mut watcher);
        watcher.progress.finish();
        if let Some(metrics) = &mut watcher.metrics {
            metrics.flush()?;
        }
        let complete = ended?;
        if let Some(dir) = &self.out {
            let params: Vec<_> = ready.network.params().collect();
            weights::save(&dir.join(MODEL), &params, &trainer.weights()?)?;
            for (weights, name) in AVERAGES {
                if let Some(averaged) = trainer.averaged(weights)? {
                    weights::save(&dir.join(name), &params, &averaged)?;
                }
            }
        }
        if !self.quiet {
            let seconds = started.elapsed().as_secs_f64();
            let text = self.summary(&watcher, trainer.step(), seconds, complete);
            tell(format_args!("{text}"));
        }
        Ok(if complete {
            Outcome::Done
        } else {
            Outcome::Interrupted
        })
    }

    fn summary(&self, w: &Watcher, steps: u64, seconds: f64, complete: bool) -> String {
        let how = if complete { "trained" } else { "stopped after" };
        let mut text = format!("{how} {steps} updates in {seconds:.1} s");
        if let Some(u) = &w.last {
            text += &format!(
                ", last batch's loss {:.4}, last rate {}",
                u.loss,
                significant(u.lr)
            );
        }
        if let Some((accuracy, epoch)) = w.best {
            let percent = accuracy * 100.0;
            text += &format!("\nbest test accuracy {percent:.2}% after epoch {epoch:.2}");
        }
        text += &match &self.out {
            Some(dir) => format!(
                "\nwrote {} and {}",
                dir.join(METRICS).display(),
                dir.join(MODEL).display()
            ),
            None => "\nnothing was written: --out DIR keeps the metrics and the model".into(),
        };
        text
    }
}

/// What will be trained, on what, how.
fn introduction(ready: &Ready, device: &str) -> Result<String> {
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

/// A directory that holds a run is left alone.
fn check_free(dir: &Path) -> Result<()> {
    if dir.exists() && !dir.is_dir() {
        return Err(Error::Usage(format!(
            "--out {}: it is a file; name a directory",
            dir.display()
        )));
    }
    let averages = AVERAGES.map(|(_, name)| name);
    for name in [METRICS, MODEL].into_iter().chain(averages) {
        if dir.join(name).exists() {
            return Err(Error::Usage(format!(
                "--out {}: it already holds {name} of another run; name a new directory or remove \
                 the old run first",
                dir.display()
            )));
        }
    }
    Ok(())
}

/// Makes the directory and the metrics file.
fn create_run(dir: &Path) -> Result<Metrics> {
    std::fs::create_dir_all(dir).map_err(Error::io(dir))?;
    Metrics::create(&dir.join(METRICS))
}

/// Two signals closer than this are one: wrappers signal the process and its group.
const SAME_SIGNAL: Duration = Duration::from_secs(1);

/// Ctrl-C and SIGTERM ask the run to end after the updates in flight; another one, later, ends
/// the process at once.
fn stop_on_signal() -> Result<Arc<AtomicBool>> {
    let stop = Arc::new(AtomicBool::new(false));
    let flag = stop.clone();
    let mut first: Option<Instant> = None;
    let handler = move || match first {
        None => {
            first = Some(Instant::now());
            flag.store(true, Ordering::SeqCst);
            eprintln!("stopping after the updates in flight; once more to stop at once");
        }
        Some(at) if at.elapsed() < SAME_SIGNAL => {}
        Some(_) => std::process::exit(130),
    };
    ctrlc::set_handler(handler)
        .map_err(|e| Error::Usage(format!("signals cannot be handled here: {e}")))?;
    Ok(stop)
}

/// Passes rows on to the screen and the file, and remembers what the summary needs.
struct Watcher {
    progress: Progress,
    metrics: Option<Metrics>,
    last: Option<Update>,
    /// Best accuracy, and the epoch it was found at.
    best: Option<(f64, f64)>,
    stop: Arc<AtomicBool>,
}

impl Observer for Watcher {
    fn update(&mut self, row: &Update) -> Result<()> {
        if let Some(metrics) = &mut self.metrics {
            metrics.row(row)?;
        }
        self.progress.update(row);
        self.last = Some(row.clone());
        Ok(())
    }

    fn evaluation(&mut self, row: &Evaluation) -> Result<()> {
        if let Some(metrics) = &mut self.metrics {
            metrics.row(row)?;
            metrics.flush()?;
        }
        if let Some(accuracy) = row.eval_accuracy
            && self.best.is_none_or(|(best, _)| accuracy > best)
        {
            self.best = Some((accuracy, row.epoch));
        }
        self.progress.evaluation(row);
        Ok(())
    }

    fn should_stop(&self) -> bool {
        self.stop.load(Ordering::SeqCst)
    }
}
