//! Hugging Face's schedules: a warm-up from 0, and a decay in multiples of the base rate.

use crate::expr::{Error, Expr};
use crate::schedule::Run;
use crate::schedule::display::Number;
use crate::schedule::frameworks::arguments::Arguments;
use crate::schedule::frameworks::{hf, kind_of};

/// The texts for a call, the clearest first.
pub(super) fn candidates(
    text: &str,
    call: &Expr,
    kind: &str,
    run: &Run,
) -> Result<Vec<String>, Error> {
    let unwrapped = match kind {
        "get_scheduler" => hf::unwrap_get_scheduler(text, call)?,
        _ => None,
    };
    let call = unwrapped.as_ref().unwrap_or(call);
    let kind = kind_of(call).map_or(kind, |(_, kind)| kind);
    let kind = hf::canonical(kind).unwrap_or(kind);
    let third: &[&str] = match kind {
        "constant" => &[],
        "inverse_sqrt" => &["num_warmup_steps", "timescale"],
        "polynomial" => &["num_warmup_steps", "num_training_steps", "lr_end", "power"],
        "warmup_stable_decay" => &[
            "num_warmup_steps",
            "num_decay_steps",
            "num_training_steps",
            "num_stable_steps",
            "warmup_type",
            "decay_type",
            "min_lr_ratio",
            "num_cycles",
        ],
        _ => &[
            "num_warmup_steps",
            "num_training_steps",
            "num_cycles",
            "last_epoch",
            "min_lr",
            "min_lr_rate",
            "warmup_lr_rate",
        ],
    };
    let args = Arguments::bind(text, call, third)?;
    let number = |name: &str, default: f64| match third.contains(&name) {
        true => args.number_or(name, default),
        false => Ok(default),
    };
    let warmup = number("num_warmup_steps", 0.0)?;
    let steps = number(
        "num_training_steps",
        run.updates.map_or(f64::NAN, |updates| updates as f64),
    )?;
    let (over, cycles) = (steps - warmup, number("num_cycles", 0.5)?);
    let floor = match kind.contains("min_lr") {
        true => args
            .opt_number("min_lr")?
            .map_or(number("min_lr_rate", 0.0)?, |lr| lr / run.base_lr),
        false => 0.0,
    };
    let cosine = |floor: f64| waves(over, cycles, floor);
    let decays = match kind {
        "constant" | "constant_with_warmup" => vec!["constant".to_owned()],
        "linear" => vec![format!("linear(over={over})")],
        "cosine" | "cosine_with_min_lr" => cosine(floor),
        "cosine_with_restarts" => {
            let cycles = number("num_cycles", 1.0)?;
            vec![
                format!("restart(cosine, every={}, cycles={cycles})", over / cycles),
                format!(
                    "1x * (0 if step >= {over} else (1 + cos(pi * ({cycles} * step / {over} % 1))) / 2)"
                ),
            ]
        }
        "polynomial" => vec![format!(
            "polynomial(to={}, over={over}, power={})",
            Number(number("lr_end", 1e-7)?),
            Number(number("power", 1.0)?)
        )],
        "inverse_sqrt" => {
            let usual = if warmup > 0.0 { warmup } else { 10_000.0 };
            vec![format!(
                "inverse_sqrt(every={})",
                number("timescale", usual)?
            )]
        }
        "cosine_warmup_with_min_lr" => vec![format!(
            "1x * max(0, {} + {} * (1 + cos(pi * {} * (step + 1) / {over})) / 2)",
            Number(floor),
            Number(1.0 - floor),
            Number(2.0 * cycles)
        )],
        "warmup_stable_decay" => return stable(&args, warmup, cycles, run),
        _ => Vec::new(),
    };
    let rise = match (kind, warmup) {
        (_, 0.0) => String::new(),
        ("cosine_warmup_with_min_lr", _) => match args.opt_number("warmup_lr_rate")? {
            None => format!("warmup({warmup}) then "),
            Some(start) => format!(
                "until(linear({}x -> 1x, {}), over={warmup}) then ",
                Number(start),
                (warmup - 1.0).max(1.0)
            ),
        },
        _ => format!("linear(0 -> 1x, {warmup}) then "),
    };
    if decays == ["constant"] && warmup > 0.0 {
        return Ok(vec![format!("linear(0 -> 1x, {warmup})")]);
    }
    Ok(decays
        .into_iter()
        .map(|decay| format!("{rise}{decay}"))
        .collect())
}

/// A multiple of the base rate; 0 needs no unit.
pub(super) fn times(factor: f64) -> String {
    let unit = if factor == 0.0 { "" } else { "x" };
    format!("{}{unit}", Number(factor))
}

/// A cosine over `cycles` whole waves; it falls for the first half of one and climbs for the second.
fn waves(over: f64, cycles: f64, floor: f64) -> Vec<String> {
    let half = over / (2.0 * cycles);
    let to = times(floor);
    vec![
        format!("cosine(to={to}, over={half})"),
        format!("mirror(cosine(to={to}, over={half}))"),
        format!(
            "1x * ({} + {} * (1 + cos(pi * {} * step / {over})) / 2)",
            Number(floor),
            Number(1.0 - floor),
            Number(2.0 * cycles)
        ),
    ]
}

fn stable(args: &Arguments, warmup: f64, cycles: f64, run: &Run) -> Result<Vec<String>, Error> {
    let decay = args.number("num_decay_steps")?;
    let total = args.number_or(
        "num_training_steps",
        run.updates.map_or(f64::NAN, |updates| updates as f64),
    )?;
    let stable = args.number_or("num_stable_steps", total - warmup - decay)?;
    let floor = args.number_or("min_lr_ratio", 0.0)?;
    let low = times(floor);
    let word = |name: &str, default: &'static str| {
        args.choice_or(name, default, &["linear", "cosine", "1-sqrt"])
    };
    let rise = match word("warmup_type", "linear")? {
        _ if warmup == 0.0 => String::new(),
        "linear" => format!("linear({low} -> 1x, {warmup}) then "),
        "cosine" => format!("cosine({low} -> 1x, {warmup}) then "),
        _ => format!(
            "until(1x * ({} + {} * (1 - sqrt(1 - min(1, step / {warmup})))), over={warmup}) then ",
            Number(floor),
            Number(1.0 - floor)
        ),
    };
    let flat = if stable > 0.0 {
        format!("constant(1x, over={stable}) then ")
    } else {
        String::new()
    };
    let falls = match word("decay_type", "cosine")? {
        "linear" => vec![format!("linear(1x -> {low}, {decay})")],
        "1-sqrt" => vec![format!("one_minus_sqrt(1x -> {low}, {decay})")],
        _ => {
            let half = decay / (2.0 * cycles);
            let waves = format!("mirror(cosine(1x -> {low}, {half}))");
            vec![
                format!("cosine(1x -> {low}, {half})"),
                format!("until({waves}, over={decay}) then constant({low})"),
            ]
        }
    };
    Ok(falls
        .into_iter()
        .map(|fall| format!("{rise}{flat}{fall}"))
        .collect())
}
