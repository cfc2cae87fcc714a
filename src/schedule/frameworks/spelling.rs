//! A framework's line, resolved against a run.

use super::arguments::call_of;
use super::recurrence::longest;
use super::{Framework, Quirk, Raise, hf, keras, kind_of, native, optax, quirk, timm, torch};
use crate::expr::{Args, Error, Expr, Node};
use crate::schedule::Run;
use std::fmt;

/// A framework's schedule, resolved: it gives the rate of any update.
///
/// `Display` writes the line with the run's numbers that it depends on as a last argument `run={…}`, and that text
/// means the same in any run.
///
/// ```
/// use kiln::expr::parse;
/// use kiln::schedule::{Run, frameworks::Spelling};
///
/// let text = "torch.CosineAnnealingLR(optimizer, T_max=10)";
/// let cosine = Spelling::read(text, &parse(text)?, &Run::new(0.1))?;
/// assert_eq!(cosine.at(0), 0.1);
/// assert!(cosine.at(20) > 0.0999); // torch climbs again after T_max
/// # Ok::<(), kiln::expr::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Spelling {
    call: Expr,
    run: Run,
    values: Values,
    notes: Vec<String>,
    quirks: Vec<Quirk>,
    native: Option<String>,
}

#[derive(Clone, Debug)]
enum Values {
    Torch(torch::Schedule),
    Keras(keras::Schedule),
    Optax(optax::Schedule),
    Hf(hf::Schedule),
    Timm(timm::Schedule),
}

/// Two are equal if they were written alike and resolved against the same run.
impl PartialEq for Spelling {
    fn eq(&self, other: &Spelling) -> bool {
        self.call == other.call && self.run == other.run
    }
}

impl Spelling {
    /// Reads a call whose name [`kind_of`] knows and that is no controller.
    ///
    /// # Errors
    /// Unknown, missing or ill-typed arguments; what the framework refuses; and a run that is longer than the
    /// framework can go before it raises.
    pub fn read(text: &str, expr: &Expr, run: &Run) -> Result<Spelling, Error> {
        let Some((framework, kind)) = kind_of(expr) else {
            return Err(Error::at(
                text,
                expr.span,
                format!("expected a framework's schedule, found {}", expr.kind()),
            ));
        };
        let (call, run) = own_run(text, expr, run)?;
        let mut own = None;
        let (values, notes, quirks) = match framework {
            Framework::Torch => {
                let (scheduler, notes) = torch::parse(text, &call, kind)?;
                own = native::torch(&scheduler);
                let schedule = torch::Schedule::new(
                    &scheduler,
                    run.base_lr,
                    run.base_momentum,
                    (run.updates, longest(text)),
                )
                .map_err(|raise| refused(text, expr, &raise))?;
                (
                    Values::Torch(schedule),
                    notes,
                    quirk::torch(&scheduler, run.updates),
                )
            }
            Framework::Keras => {
                let reading = keras::parse(text, &call, kind, &run)?;
                own = native::keras(&reading.schedule);
                (
                    Values::Keras(reading.schedule),
                    reading.notes,
                    reading.quirks,
                )
            }
            Framework::Optax => {
                let reading = optax::parse(text, &call, kind)?;
                own = native::optax(&reading.schedule);
                (
                    Values::Optax(reading.schedule),
                    reading.notes,
                    reading.quirks,
                )
            }
            Framework::Hf => {
                let unwrapped = if kind == "get_scheduler" {
                    hf::unwrap_get_scheduler(text, &call)?
                } else {
                    None
                };
                let call = unwrapped.as_ref().unwrap_or(&call);
                let kind = kind_of(call).map_or(kind, |(_, kind)| kind);
                let reading = hf::parse(text, call, hf::canonical(kind).unwrap_or(kind), &run)?;
                (Values::Hf(reading.schedule), reading.notes, reading.quirks)
            }
            Framework::Timm => {
                let reading = timm::parse(text, &call, kind, &run)?;
                (
                    Values::Timm(reading.schedule),
                    reading.notes,
                    reading.quirks,
                )
            }
        };
        let spelling = Spelling {
            call,
            run,
            values,
            notes,
            quirks,
            native: own,
        };
        match spelling.raises() {
            Some(raise) if run.updates.is_some_and(|updates| updates > raise.index) => {
                Err(refused(text, expr, raise))
            }
            _ => Ok(spelling),
        }
    }

    /// The rate that update `step` uses.
    pub fn at(&self, step: u64) -> f64 {
        match &self.values {
            Values::Torch(schedule) => schedule.at(step),
            Values::Keras(schedule) => schedule.at(step),
            Values::Optax(schedule) => schedule.at(step),
            Values::Hf(schedule) => schedule.at(step),
            Values::Timm(schedule) => schedule.at(step),
        }
    }

    /// Whether the scheduler cycles the momentum.
    pub fn cycles_momentum(&self) -> bool {
        matches!(&self.values, Values::Torch(schedule) if schedule.cycles_momentum())
    }

    /// The momentum (β1 of Adam) that update `step` uses, where the scheduler cycles it.
    pub fn momentum_at(&self, step: u64) -> Option<f64> {
        match &self.values {
            Values::Torch(schedule) if schedule.cycles_momentum() => schedule.momentum_at(step),
            _ => None,
        }
    }

    /// Where the framework raises, if it does; the run is shorter, or its length is unknown.
    pub fn raises(&self) -> Option<&Raise> {
        match &self.values {
            Values::Torch(schedule) => schedule.raises(),
            Values::Keras(schedule) => schedule.raises(),
            _ => None,
        }
    }

    /// The last update whose rate is known exactly: a recursion without closed form is tabulated over the run, at
    /// most over 2^20 updates (2^16 where the run's length is unknown), and holds its last rate from there.
    /// `None`: every rate is exact.
    pub fn exact_until(&self) -> Option<u64> {
        match &self.values {
            Values::Torch(schedule) => schedule.exact_until(),
            Values::Keras(schedule) => schedule.exact_until(),
            _ => None,
        }
    }

    /// The updates at which another phase begins, 0 first.
    pub fn joints(&self) -> Vec<u64> {
        match &self.values {
            Values::Torch(schedule) => schedule.joints(),
            Values::Optax(schedule) => schedule.joints(),
            Values::Hf(schedule) => schedule.joints(),
            Values::Timm(schedule) => schedule.joints(),
            Values::Keras(_) => vec![0],
        }
    }

    /// Whether the optimiser's own rate matters.
    pub fn uses_base_lr(&self) -> bool {
        match &self.values {
            Values::Torch(_) => {
                !matches!(kind_of(&self.call), Some((_, "OneCycleLR" | "CyclicLR")))
            }
            Values::Keras(schedule) => schedule.uses_base_lr(),
            Values::Optax(_) => false,
            Values::Hf(_) | Values::Timm(_) => true,
        }
    }

    /// Whose it is.
    pub fn framework(&self) -> Framework {
        match &self.values {
            Values::Torch(_) => Framework::Torch,
            Values::Keras(_) => Framework::Keras,
            Values::Optax(_) => Framework::Optax,
            Values::Hf(_) => Framework::Hf,
            Values::Timm(_) => Framework::Timm,
        }
    }

    /// The optimiser's rate that it was resolved with.
    pub fn base_lr(&self) -> f64 {
        self.run.base_lr
    }

    /// The line as written, without `run={…}`.
    pub fn call(&self) -> &Expr {
        &self.call
    }

    /// Each names an argument that was accepted and has no effect.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// kiln's own expression with the same rates at every update, where there is one.
    pub fn native(&self) -> Option<&str> {
        self.native.as_deref()
    }

    /// Where the framework does what its users do not expect, with the clean expression.
    pub fn quirks(&self) -> &[Quirk] {
        &self.quirks
    }
}

fn refused(text: &str, expr: &Expr, raise: &Raise) -> Error {
    Error::at(
        text,
        expr.span,
        format!(
            "the framework raises at update {}: {}",
            raise.index, raise.message
        ),
    )
}

/// The call without its `run={…}`, and the run with the numbers given there.
fn own_run(text: &str, expr: &Expr, run: &Run) -> Result<(Expr, Run), Error> {
    let (mut call, mut run) = (
        expr.clone(),
        Run {
            batch: None,
            ..*run
        },
    ); // no framework counts samples
    let Node::Call { args, .. } = &mut call.node else {
        return Ok((call, run));
    };
    let Some(at) = args
        .iter()
        .position(|arg| arg.name.as_deref() == Some("run"))
    else {
        return Ok((call, run));
    };
    let given = call_of(text, &args.remove(at).value, "run")?;
    let given = Args::bind(
        text,
        &given,
        &["lr", "momentum", "updates", "epoch_updates"],
    )?;
    run.base_lr = given.opt_f64("lr")?.unwrap_or(run.base_lr);
    run.base_momentum = given.opt_f64("momentum")?;
    run.updates = given.opt_u64("updates")?;
    run.epoch_updates = given.opt_f64("epoch_updates")?;
    Ok((call, run))
}

impl fmt::Display for Spelling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let line = self.call.to_string();
        let (open, close) = match line.strip_suffix(')') {
            Some(open) if open.ends_with('(') => (open.to_owned(), ""),
            Some(open) => (open.to_owned(), ", "),
            None => (format!("{line}("), ""),
        };
        write!(f, "{open}{close}run={{'lr': {:?}", self.run.base_lr)?;
        for (key, value) in [
            ("momentum", self.run.base_momentum),
            ("epoch_updates", self.run.epoch_updates),
        ] {
            if let Some(value) = value {
                write!(f, ", '{key}': {value:?}")?;
            }
        }
        if let Some(updates) = self.run.updates {
            write!(f, ", 'updates': {updates}")?;
        }
        write!(f, "}})")
    }
}
