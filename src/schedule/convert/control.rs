//! Controllers in another language.

use super::{Error, Language};
use crate::control::plateau::Threshold;
use crate::control::{Control, Mode, Monitor, Observe, Rule};
use crate::schedule::display::Number;
use crate::schedule::frameworks::{Framework, kind_of};

/// A framework's controller in kiln's words, and where they differ; kiln's own stays as it is.
pub(super) fn native(control: &Control) -> Result<(String, Vec<String>), Error> {
    if kind_of(control.call()).is_none() {
        return Ok((control.to_string(), Vec::new()));
    }
    let refused = |why: &str| {
        no_form(
            control,
            Language::Native,
            why,
            "keep the framework's line: it can be multiplied with any schedule as it is",
        )
    };
    match control.rule() {
        Rule::Plateau(plateau) if plateau.warmup.is_some() => {
            Err(refused("its warm-up counts observations, not updates"))
        }
        Rule::Plateau(plateau) => {
            let (threshold, share) = match plateau.threshold {
                Threshold::Torch(x) | Threshold::Relative(x) => (x, true),
                Threshold::Absolute(x) => (x, false),
            };
            let text = format!(
                "plateau(factor={}, patience={}, mode={}, threshold={}, threshold_mode={}, cooldown={}, min_lr={}, eps={}{})",
                Number(plateau.factor),
                plateau.patience,
                mode(plateau.mode),
                Number(threshold),
                if share { "rel" } else { "abs" },
                plateau.cooldown,
                Number(plateau.min_lr),
                Number(plateau.eps),
                shown(control)
            );
            let surprise = share && threshold != 0.0;
            let differs = "differs where the metric is negative: torch then counts a slightly worse one as better";
            Ok((
                text,
                if surprise {
                    vec![differs.to_owned()]
                } else {
                    Vec::new()
                },
            ))
        }
        // a bad observation that ends a cooldown counts already; the first metric is taken as the best, NaN or not
        Rule::Keras(plateau) => {
            let text = format!(
                "plateau(factor={}, patience={}, mode={}, threshold={}, threshold_mode=abs, cooldown={}, min_lr={}, eps=0, counting=keras{})",
                Number(plateau.factor),
                plateau.patience,
                mode(plateau.mode),
                Number(plateau.min_delta),
                plateau.cooldown.saturating_sub(1),
                Number(plateau.min_lr),
                shown(control)
            );
            let differs =
                "differs if the very first metric is NaN: Keras then never sees an improvement";
            Ok((text, vec![differs.to_owned()]))
        }
        Rule::Optax(_) => Err(refused(
            "Optax averages metrics and lets the update that delivers one already use the answer; kiln's plateau acts on the next",
        )),
        Rule::Greedy(_) => Err(refused(
            "its window of metrics starts again after a while; kiln's greedy has none of that",
        )),
        _ => Err(refused("kiln has no such controller of its own")),
    }
}

fn mode(mode: Mode) -> &'static str {
    match mode {
        Mode::Min => "min",
        Mode::Max => "max",
        Mode::Auto => "auto",
    }
}

/// `monitor` and `observe`, where the line has them.
fn shown(control: &Control) -> String {
    let mut text = String::new();
    let monitors = Monitor::NAMES.iter();
    for (name, _) in monitors.filter(|(_, monitor)| control.monitor() == Some(*monitor)) {
        text += &format!(", monitor={name}");
    }
    match control.observe() {
        Some(Observe::Update) => text + ", observe=update",
        Some(Observe::Epoch) => text + ", observe=epoch",
        None => text,
    }
}

/// kiln's controller as code, alone with a constant rate.
pub(super) fn code(control: &Control, to: Language) -> Result<String, Error> {
    let alone = "run it in kiln, where any controller multiplies any schedule";
    match (control.rule(), to) {
        (Rule::Plateau(plateau), Language::Torch) => {
            let (threshold, kind) = match plateau.threshold {
                Threshold::Torch(x) => (x, "rel"),
                Threshold::Relative(0.0) => (0.0, "rel"),
                Threshold::Absolute(x) => (x, "abs"),
                Threshold::Relative(_) => {
                    let why = "kiln's relative threshold is a share of |best|, torch's is wrong for negative metrics";
                    return Err(no_form(
                        control,
                        to,
                        why,
                        "threshold_mode=abs, which both read alike",
                    ));
                }
            };
            if plateau.warmup.is_some() || !plateau.nan_is_bad {
                return Err(no_form(
                    control,
                    to,
                    "torch's has no warm-up and counts NaN as bad",
                    "nan=bad",
                ));
            }
            let mode = match (plateau.mode, control.monitor()) {
                (Mode::Auto, None) => {
                    return Err(no_form(
                        control,
                        to,
                        "torch must be told which direction is better",
                        "mode=min or mode=max",
                    ));
                }
                (Mode::Max, _) | (Mode::Auto, Some(Monitor::EvalAccuracy)) => "max",
                _ => "min",
            };
            Ok(format!(
                "torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, mode='{mode}', factor={}, patience={}, threshold={}, threshold_mode='{kind}', cooldown={}, min_lr={}, eps={})",
                Number(plateau.factor),
                plateau.patience,
                Number(threshold),
                plateau.cooldown,
                Number(plateau.min_lr),
                Number(plateau.eps)
            ))
        }
        (_, Language::Torch) => Err(no_form(
            control,
            to,
            "torch's only controller is ReduceLROnPlateau",
            alone,
        )),
        _ => Err(no_form(
            control,
            to,
            "its only controller, reduce_on_plateau, averages metrics and lets the update that delivers one already use the answer",
            "optax.contrib.reduce_on_plateau itself, which kiln reads too",
        )),
    }
}

/// A controller beside a schedule.
pub(super) fn together(control: &Control, to: Language) -> Error {
    let why = match kind_of(control.call()) {
        Some((Framework::Optax, _)) => {
            "in Optax it is not part of the schedule but an optimiser of its own in optax.chain"
        }
        _ => {
            "a controller and a schedule cannot be one scheduler there: each would overwrite or compound the other's rate"
        }
    };
    no_form(
        control,
        to,
        why,
        "convert the schedule without the controller, or run both in kiln",
    )
}

fn no_form(control: &Control, language: Language, why: &str, instead: &str) -> Error {
    Error::NoForm {
        what: control.to_string(),
        language,
        why: why.to_owned(),
        instead: instead.to_owned(),
    }
}
