//! timm's schedulers: a warm-up, and cycles in multiples of the base rate.

use super::hf::times;
use crate::expr::{Error, Expr};
use crate::schedule::Run;
use crate::schedule::display::Number;
use crate::schedule::frameworks::arguments::Arguments;

const NAMES: [&str; 24] = [
    "t_initial",
    "lb",
    "ub",
    "power",
    "decay_t",
    "decay_rate",
    "lr_min",
    "cycle_mul",
    "cycle_decay",
    "cycle_limit",
    "warmup_t",
    "warmup_lr_init",
    "warmup_prefix",
    "t_in_epochs",
    "noise_range_t",
    "noise_pct",
    "noise_std",
    "noise_seed",
    "k_decay",
    "initialize",
    "stable_fn",
    "decay_fn",
    "decay_power",
    "decay_ratio",
];

/// The texts for a call with its arguments by name, the clearest first.
///
/// # Errors
/// Arguments that have no counterpart, or were given by position.
pub(super) fn candidates(
    text: &str,
    call: &Expr,
    kind: &str,
    run: &Run,
) -> Result<Vec<String>, Error> {
    let args = Arguments::bind(text, call, &NAMES)?;
    let number = |name: &str, default: f64| args.number_or(name, default);
    let (warmup, first) = (
        number("warmup_t", 0.0)?,
        number("warmup_lr_init", 0.0)? / run.base_lr,
    );
    let stepped = matches!(kind, "StepLRScheduler" | "MultiStepLRScheduler");
    let prefix = kind == "WSDLRScheduler" || args.flag_or("warmup_prefix", stepped)?;
    let (low, over) = (
        number("lr_min", 0.0)? / run.base_lr,
        number("t_initial", 1.0)?,
    );
    let cycles = number("cycle_limit", 1.0)?;
    let (mul, shrink, k) = (
        number("cycle_mul", 1.0)?,
        number("cycle_decay", 1.0)?,
        number("k_decay", 1.0)?,
    );
    let to = times(low);
    // each as a curve, and as what is left of its height at `step`
    let (curve, left) = match kind {
        "CosineLRScheduler" => (
            match k == 1.0 {
                true => format!("cosine(to={to}, over={over})"),
                false => format!("k_decay(to={to}, over={over}, k={})", Number(k)),
            },
            format!("(1 + cos(pi * (step / {over}) ** {})) / 2", Number(k)),
        ),
        "TanhLRScheduler" => {
            let (lb, ub) = (number("lb", -7.0)?, number("ub", 3.0)?);
            (
                format!(
                    "tanh(to={to}, over={over}, lb={}, ub={})",
                    Number(lb),
                    Number(ub)
                ),
                format!(
                    "(1 - tanh({} + {} * step / {over})) / 2",
                    Number(lb),
                    Number(ub - lb)
                ),
            )
        }
        "PolyLRScheduler" => {
            let power = Number(number("power", 0.5)?);
            (
                format!("polynomial(to={to}, over={over}, power={power})"),
                format!("(1 - (step / {over}) ** {}) ** {power}", Number(k)),
            )
        }
        "StepLRScheduler" => {
            let (every, rate) = (
                Number(args.number("decay_t")?),
                Number(number("decay_rate", 1.0)?),
            );
            (
                format!("step(every={every}, gamma={rate})"),
                format!("{rate} ** (step // {every})"),
            )
        }
        "MultiStepLRScheduler" => {
            let rate = number("decay_rate", 1.0)?;
            let at: Vec<f64> = args
                .numbers("decay_t")?
                .into_iter()
                .map(|at| (at.ceil() - 1.0).max(0.0))
                .collect();
            return Ok(started(
                &format!("multistep(at={:?}, gamma={})", whole(&at), Number(rate)),
                warmup,
                first,
                prefix,
            ));
        }
        _ => return stable(&args, over, low, warmup, first),
    };
    let curve = match cycles > 1.0 {
        false => curve,
        true => format!(
            "restart({curve}, every={over}, grow={}, decay={}, cycles={cycles})",
            Number(mul),
            Number(shrink)
        ),
    };
    let mut found = started(&curve, warmup, first, prefix);
    let height = format!("{} + {} * {left}", Number(low), Number(1.0 - low));
    let height = match stepped {
        true => left,
        false => format!("(({height}) if step < {over} else {})", Number(low)),
    };
    if prefix || warmup == 0.0 {
        found.extend(started(&format!("1x * {height}"), warmup, first, prefix));
    } else {
        let rise = format!(
            "{} + {} * step / {warmup}",
            Number(first),
            Number(1.0 - first)
        );
        found.push(format!("1x * (({rise}) if step < {warmup} else {height})"));
    }
    Ok(found)
}

fn whole(at: &[f64]) -> Vec<u64> {
    at.iter().map(|&at| at as u64).collect()
}

/// A decay after its warm-up, if it begins with it.
fn started(decay: &str, warmup: f64, first: f64, prefix: bool) -> Vec<String> {
    match (warmup == 0.0, prefix) {
        (true, _) => vec![decay.to_owned()],
        (false, true) => vec![format!(
            "linear({} -> 1x, {warmup}) then {decay}",
            times(first)
        )],
        (false, false) => Vec::new(),
    }
}

/// Warm-up, stable, decay.
fn stable(
    args: &Arguments,
    over: f64,
    low: f64,
    warmup: f64,
    first: f64,
) -> Result<Vec<String>, Error> {
    let decay = args.number("decay_t")?;
    if args.choice_or("stable_fn", "constant", &["constant", "rsqrt", "power"])? != "constant" {
        return Ok(Vec::new());
    }
    let to = times(low);
    let left = match args.choice_or(
        "decay_fn",
        "1-sqrt",
        &["linear", "1-sqrt", "cosine", "power", "exp"],
    )? {
        "linear" => format!("linear(1x -> {to}, {decay})"),
        "cosine" => format!("cosine(1x -> {to}, {decay})"),
        "1-sqrt" => format!("one_minus_sqrt(1x -> {to}, {decay})"),
        word => {
            let (power, ratio) = (
                args.number_or("decay_power", 0.5)?,
                args.number_or("decay_ratio", 0.1)?,
            );
            let done = format!("min(1, step / {decay})");
            let left = match word {
                "power" => format!("(1 - {done} ** {})", Number(power)),
                _ => format!(
                    "({} ** {done} - {}) / {}",
                    Number(ratio),
                    Number(ratio),
                    Number(1.0 - ratio)
                ),
            };
            format!("1x * ({} + {} * {left})", Number(low), Number(1.0 - low))
        }
    };
    let flat = match over > decay {
        true => format!("constant(1x, over={}) then ", over - decay),
        false => String::new(),
    };
    Ok(started(&format!("{flat}{left}"), warmup, first, true))
}
