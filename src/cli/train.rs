//! `kiln train`: from flags to a trained model.

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Instant,
};

use clap::Args;

use super::{
    Outcome,
    progress::{Progress, significant},
    say,
    schedule::segments,
    setup::{Ready, Setup},
};
use crate::{
    device::{self, Choice, Machine, Needs},
    error::{Error, Result},
    exec::{Executor, cpu::Cpu, gpu::GpuExecutor},
    train::{Evaluation, Metrics, Observer, Trainer, Update, weights},
};

/// `kiln train`.
#[derive(Args)]
pub(super) struct Train {
    #[command(flatten)]
    setup: Setup,
    /// auto, gpu, software, cpu, or part of an adapter's name (see `kiln devices`)
    #[arg(
        long,
        value_name = "DEVICE",
        default_value = "auto",
        help_heading = "Machine and output"
    )]
    device: Choice,
    /// Write metrics.jsonl and model.safetensors into this new directory
    #[arg(long, value_name = "DIR", help_heading = "Machine and output")]
    out: Option<PathBuf>,
    /// Print nothing but errors
    #[arg(long, help_heading = "Machine and output")]
    quiet: bool,
}

/// What `--out` holds.
const METRICS: &str = "metrics.jsonl";
const MODEL: &str = "model.safetensors";

impl Train {
    pub(super) fn run(self) -> Result<Outcome> {
        let stop = stop_on_signal()?;
        let ready = self.setup.ready()?;
        let (machine, line) = device::open(&self.device, Needs::of(&ready.session.plan))?;
        if !self.quiet {
            self.introduce(&ready, &line)?;
        }
        let plan = &ready.session.plan;
        let exec: Box<dyn Executor> = match machine {
            Machine::Cpu => Box::new(Cpu::new(plan.clone())?),
            Machine::Gpu(gpu) => Box::new(GpuExecutor::new(gpu, plan)?),
        };
        let metrics = self.out.as_deref().map(create_run).transpose()?;
        let mut watcher = Watcher {
            progress: Progress::new(ready.steps, ready.config.batch_size.into(), self.quiet),
            metrics,
            last: None,
            best: None,
            stop,
        };
        let started = Instant::now();
        let mut trainer = Trainer::new(
            exec,
            &ready.session,
            &ready.config,
            ready.rate.clone(),
            &ready.data,
            &ready.weights,
        )?;
        let ended = trainer.run(ready.steps, &mut watcher);
        watcher.progress.finish();
        if let Some(metrics) = &mut watcher.metrics {
            metrics.flush()?;
        }
        let complete = ended?;
        if let Some(dir) = &self.out {
            let params: Vec<_> = ready.network.params().collect();
            weights::save(&dir.join(MODEL), &params, &trainer.weights()?)?;
        }
        if !self.quiet {
            let seconds = started.elapsed().as_secs_f64();
            self.summarise(&watcher, trainer.step(), seconds, complete)?;
        }
        Ok(if complete {
            Outcome::Done
        } else {
            Outcome::Interrupted
        })
    }

    fn introduce(&self, ready: &Ready, device: &str) -> Result<()> {
        let epochs = ready.session.epochs;
        say!("{}", ready.data.summary)?;
        say!(
            "model: {} ({} parameters)",
            ready.model,
            ready.network.parameters()
        )?;
        say!("{device}")?;
        say!(
            "{} updates of {} samples, {} an epoch; {}",
            ready.steps,
            ready.config.batch_size,
            epochs.updates(),
            ready.config.optimizer
        )?;
        let per_epoch = epochs.updates() as f64;
        say!("{}", segments(ready.rate.schedule(), Some(per_epoch))?)?;
        ready.remarks.iter().try_for_each(|remark| say!("{remark}"))
    }

    fn summarise(&self, w: &Watcher, steps: u64, seconds: f64, complete: bool) -> Result<()> {
        let how = if complete { "trained" } else { "stopped after" };
        let loss = w
            .last
            .as_ref()
            .map(|u| format!(", last batch's loss {:.4}", u.loss));
        let lr = w
            .last
            .as_ref()
            .map(|u| format!(", last rate {}", significant(u.lr)));
        say!(
            "{how} {steps} updates in {seconds:.1} s{}{}",
            loss.unwrap_or_default(),
            lr.unwrap_or_default()
        )?;
        if let Some((accuracy, epoch)) = w.best {
            say!(
                "best test accuracy {:.2}% after epoch {epoch:.2}",
                accuracy * 100.0
            )?;
        }
        match &self.out {
            Some(dir) => say!(
                "wrote {} and {}",
                dir.join(METRICS).display(),
                dir.join(MODEL).display()
            ),
            None => say!("nothing was written: --out DIR keeps the metrics and the model"),
        }
    }
}

/// Makes the directory and the metrics file; a directory that holds a run is left alone.
fn create_run(dir: &Path) -> Result<Metrics> {
    std::fs::create_dir_all(dir).map_err(Error::io(dir))?;
    for name in [METRICS, MODEL] {
        if dir.join(name).exists() {
            return Err(Error::Usage(format!(
                "--out {}: it already holds {name} of another run; name a new directory or remove \
                 the old run first",
                dir.display()
            )));
        }
    }
    Metrics::create(&dir.join(METRICS))
}

/// Ctrl-C and SIGTERM ask the run to end after the updates in flight; a second one ends the
/// process at once.
fn stop_on_signal() -> Result<Arc<AtomicBool>> {
    let stop = Arc::new(AtomicBool::new(false));
    let flag = stop.clone();
    let handler = move || {
        if flag.swap(true, Ordering::SeqCst) {
            std::process::exit(130);
        }
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
        self.progress.update(row)?;
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
        self.progress.evaluation(row)
    }

    fn should_stop(&self) -> bool {
        self.stop.load(Ordering::SeqCst)
    }
}
