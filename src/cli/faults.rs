//! The flags that say what becomes of a run when something goes wrong, and what was passed over.

use clap::{Args, ValueEnum};

use super::screen::Screen;
use crate::{
    device::Machine,
    error::{Error, Result},
    run::Live,
    train::OnNonFinite,
};

/// See the module.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "When something goes wrong")]
pub(super) struct Faults {
    /// An update whose loss or gradient is not finite, which is never applied: stop, skip it (10 in a row
    /// stop the run), or rollback: go back to the last checkpoint with half the rate, 3 times at most
    #[arg(long, value_enum, value_name = "WHAT", default_value_t = Nonfinite::Stop)]
    pub(super) on_nonfinite: Nonfinite,
    /// The device is lost: stop, or retry: open it again and go on from the last checkpoint
    #[arg(long, value_enum, value_name = "WHAT", default_value_t = Lost::Stop)]
    pub(super) on_device_lost: Lost,
    /// Rows or a checkpoint cannot be written: stop, or continue: try again at the next one
    #[arg(long, value_enum, value_name = "WHAT", default_value_t = Unwritable::Stop)]
    pub(super) on_write_error: Unwritable,
}

/// What `--on-nonfinite` takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Nonfinite {
    /// End the run, and say where it came from
    Stop,
    /// Leave the update out and go on with the next
    Skip,
    /// Go back to the last checkpoint, and on with half the rate
    Rollback,
}

/// What `--on-device-lost` takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Lost {
    /// End the run
    Stop,
    /// Open the device again, and go on from the last checkpoint
    Retry,
}

/// What `--on-write-error` takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Unwritable {
    /// End the run
    Stop,
    /// Go on, and try again at the next checkpoint
    Continue,
}

impl Faults {
    /// Refuses what needs a run directory where there is none.
    pub(super) fn check_unsaved(&self) -> Result<()> {
        let (flag, why) = if self.on_nonfinite == Nonfinite::Rollback {
            (
                "--on-nonfinite rollback",
                "there is no checkpoint to go back to; --on-nonfinite skip needs none",
            )
        } else if self.on_device_lost == Lost::Retry {
            (
                "--on-device-lost retry",
                "there is no checkpoint to go on from",
            )
        } else if self.on_write_error == Unwritable::Continue {
            ("--on-write-error continue", "nothing is written")
        } else {
            return Ok(());
        };
        Err(Error::Usage(format!(
            "{flag} needs a run directory: without one {why}. Remove --no-out, or leave the setting out"
        )))
    }

    /// What is to be said where a setting has nothing to do.
    pub(super) fn idle_on(&self, machine: &Machine) -> Option<&'static str> {
        let retries = self.on_device_lost == Lost::Retry;
        (retries && matches!(machine, Machine::Cpu)).then_some(
            "--on-device-lost retry has nothing to do on the CPU executor, which cannot be lost",
        )
    }

    /// What the device and the trainer are told: going back is the host's affair.
    pub(super) fn updates(&self) -> OnNonFinite {
        match self.on_nonfinite {
            Nonfinite::Skip => OnNonFinite::Skip,
            Nonfinite::Stop | Nonfinite::Rollback => OnNonFinite::Stop,
        }
    }

    /// Whether a run may have to go back, and wants a checkpoint before its first update.
    pub(super) fn may_go_back(&self) -> bool {
        self.on_nonfinite == Nonfinite::Rollback || self.on_device_lost == Lost::Retry
    }
}

/// Most times that a run goes back because of what is not finite.
const ROLLBACKS: usize = 3;

/// What going back multiplies the rate by.
const SLOWER: f64 = 0.5;

/// The note of a rollback to `step`: the rate from there on is half of what it is at `at`, and says so
/// wherever a person or a resumed run looks.
///
/// # Errors
/// `error`, if the run was rolled back too often; or if it cannot be noted.
pub(super) fn slow_down(live: &mut Live, error: Error, [at, step]: [u64; 2]) -> Result<String> {
    let times = live.rollbacks() + 1;
    if times > ROLLBACKS {
        return Err(Error::Diverged(format!(
            "{error}. The run was rolled back {ROLLBACKS} times, to rates that are {} of what they were: another \
             schedule or model may be needed",
            SLOWER.powi(ROLLBACKS as i32)
        )));
    }
    let factor = live.noted(at) * SLOWER;
    live.roll_back(step, factor)?;
    Ok(format!(
        "{error}. Back to the checkpoint after {step} updates, with a factor of {factor} on the rate (rollback \
         {times} of {ROLLBACKS})"
    ))
}

/// What could not be written, in a run that goes on without it.
#[derive(Default)]
pub(super) struct Unwritten {
    goes_on: bool,
    failures: u64,
    first: Option<String>,
    /// Whether the last attempt failed.
    rows_fail: bool,
    checkpoints_fail: bool,
}

/// What a run writes while it goes on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Kind {
    Rows,
    Checkpoint,
}

impl Unwritten {
    pub(super) fn of(faults: &Faults) -> Unwritten {
        Unwritten {
            goes_on: faults.on_write_error == Unwritable::Continue,
            ..Unwritten::default()
        }
    }

    /// Lets a failure to write pass, where the run goes on without; the first of several in a row is told.
    ///
    /// # Errors
    /// It, where the run does not.
    pub(super) fn pass<T>(
        &mut self,
        kind: Kind,
        result: Result<T>,
        screen: &mut dyn Screen,
    ) -> Result<Option<T>> {
        let failing = match kind {
            Kind::Rows => &mut self.rows_fail,
            Kind::Checkpoint => &mut self.checkpoints_fail,
        };
        match result {
            Ok(done) => {
                *failing = false;
                Ok(Some(done))
            }
            Err(e @ Error::Io { .. }) if self.goes_on => {
                if !*failing {
                    let later = match kind {
                        Kind::Rows => "they wait",
                        Kind::Checkpoint => "the next one is tried again",
                    };
                    screen.note(&format!("{e}: the run goes on, and {later}"));
                }
                *failing = true;
                self.failures += 1;
                self.first.get_or_insert_with(|| e.to_string());
                Ok(None)
            }
            Err(e) => Err(e),
        }
    }

    /// Whether something is due that the last attempt could not write.
    pub(super) fn is_failing(&self) -> bool {
        self.rows_fail || self.checkpoints_fail
    }

    /// What is to be said at the end, if anything failed.
    pub(super) fn summary(&self) -> Option<String> {
        let first = self.first.as_ref()?;
        let times = match self.failures {
            1 => "once".to_string(),
            n => format!("{n} times"),
        };
        let now = match self.is_failing() {
            true => "the last attempt failed too",
            false => "what was due has been written since",
        };
        Some(format!(
            "rows or checkpoints could not be written {times}, first: {first}; {now}"
        ))
    }
}
