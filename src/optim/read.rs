//! How optimisers are read, and explained.

use super::*;
use crate::{
    expr::{self, Args},
    schedule::explain::written,
};

/// What an optimiser is called, and how its arguments are read.
pub(super) type Reader = (
    &'static str,
    fn(&Args) -> Result<Optimizer, expr::Error>,
    &'static [&'static str],
);

/// Modules that may stand in front of a name.
const MODULES: [&str; 4] = ["torch", "optim", "prodigyopt", "schedulefree"];

impl Optimizer {
    /// The names of all optimisers.
    pub fn names() -> Vec<&'static str> {
        READERS.iter().map(|r| r.0).collect()
    }

    /// Reads torch's spelling: `SGD(momentum=0.9, nesterov=True)`, `Adam(betas=(0.85, 0.98))`;
    /// positional arguments in torch's order without the rate. What is not given has torch's default.
    ///
    /// # Errors
    /// An unknown optimiser or argument (with the nearest name), a value out of range, and what
    /// torch refuses too, such as Nesterov without momentum or with dampening.
    pub fn parse(text: &str) -> Result<Optimizer, expr::Error> {
        let call = expr::parse(text)?;
        // The callee, before it is known which arguments it takes.
        let called = match &call.node {
            expr::Node::Name(name) => name,
            expr::Node::Call { callee, .. } => callee,
            _ => {
                let message = format!(
                    "expected an optimiser such as Adam or SGD(momentum=0.9), found {}",
                    call.kind()
                );
                return Err(expr::Error::at(text, call.span, message));
            }
        };
        let name = expr::without_modules(called, &MODULES);
        let Some((_, read, names)) = READERS.iter().find(|r| r.0 == name) else {
            let known = Optimizer::names();
            let message = format!(
                "unknown optimiser `{called}`: there are {}",
                known.join(", ")
            );
            return Err(expr::Error::at(text, call.span, message).suggest(name, &known));
        };
        let args = Args::bind(text, &call, names)?;
        if args.given("lr") {
            return Err(args.error("lr", "the rate is given by --lr and --schedule, not here"));
        }
        let optimizer = read(&args)?;
        args.opt_expr("lr");
        args.finish()?;
        Ok(optimizer)
    }
}

/// What a person wants to know about an optimiser before using it: its defaults, its formula, its pitfalls, what it
/// keeps. None if there is no such optimiser.
pub fn page(name: &str) -> Option<String> {
    let name = expr::without_modules(name, &MODULES);
    let known = READERS.iter().any(|r| r.0 == name);
    let optimizer = known.then(|| Optimizer::parse(name).ok()).flatten()?;
    let method = optimizer.method();
    let defaults = method.defaults();
    let defaults: Vec<String> = defaults.iter().map(|(n, v)| format!("{n}={v}")).collect();
    let signature = format!("{}({})", method.name(), defaults.join(", "));
    let steers = match method.momentum() {
        Some(_) if method.arguments().iter().any(|(name, _)| *name == "betas") => "b1",
        Some(_) => "the momentum",
        None => "nothing: it has none",
    };
    let told = [
        ("keeps", method.slots().join(", ") + ", for every parameter"),
        (
            "rate",
            match method.sets_rate() {
                true => "its own; --lr (1 if not given) and --schedule multiply it".into(),
                false => format!(
                    "--lr ({} if not given) and --schedule, never its own argument",
                    method.usual_lr()
                ),
            },
        ),
        (
            "momentum",
            format!("--momentum-schedule and schedules that cycle it steer {steers}"),
        ),
    ];
    Some(written(&signature, &method.page(), &told))
}
