//! kiln's words as PyTorch and Optax code.

mod optax;
mod python;
mod torch;

use super::{Error, Language, first_difference, native};
use crate::expr::rewrite::{self, rewrite};
use crate::expr::{Arg, Expr, Node, parse};
use crate::schedule::combinator::Then;
use crate::schedule::curve::Curve;
use crate::schedule::frameworks::{Framework, Spelling, kind_of};
use crate::schedule::{LearningRate, Run, Schedule};
use python::Python;

/// Code with the same rates as a schedule.
pub(super) fn code(schedule: &Schedule, run: &Run, to: Language) -> Result<String, Error> {
    let no_form = |why: &str, instead: &str| Error::NoForm {
        what: schedule.to_string(),
        language: to,
        why: why.to_owned(),
        instead: instead.to_owned(),
    };
    let schedule = match schedule.spellings().is_empty() {
        true => schedule,
        false => &own_words(schedule, run)?,
    };
    let instead = "run it in kiln, or write its values for the run as a table: `kiln schedule eval` prints them";
    if to == Language::Optax {
        let code = optax::code(schedule).filter(|code| proven(code, schedule, run));
        return code.ok_or_else(|| no_form("Optax has no function with these rates", instead));
    }
    if run.base_lr <= 0.0 {
        return Err(no_form(
            "torch's schedulers multiply the optimiser's rate, which is 0 here",
            "give the rate (--lr)",
        ));
    }
    if let Some(code) =
        torch::code(schedule, run.base_lr).filter(|code| proven(code, schedule, run))
    {
        return Ok(code);
    }
    let unit = Python { unit: run.base_lr };
    let body = unit
        .rate(schedule, "epoch")
        .map_err(|why| no_form(why, instead))?;
    let code = parse(&format!(
        "torch.optim.lr_scheduler.LambdaLR(optimizer, lr_lambda=lambda epoch: {body})"
    ))?
    .to_string();
    match proven(&code, schedule, run) {
        true => Ok(code),
        false => Err(no_form("no scheduler has exactly these rates", instead)),
    }
}

/// A schedule with frameworks' lines in it, in kiln's words.
fn own_words(schedule: &Schedule, run: &Run) -> Result<Schedule, Error> {
    let text = schedule.to_string();
    let own = native::native(&text.parse::<LearningRate>()?, schedule, run)?;
    if own.starts_with('#') {
        return Err(Error::NoForm {
            what: text,
            language: Language::Native,
            why: "only something close to it can be said outside its framework".to_owned(),
            instead: format!("convert what was meant:\n{own}"),
        });
    }
    Ok(own.parse::<LearningRate>()?.spec().resolve(run)?)
}

/// Whether code reads back as the same schedule.
fn proven(code: &str, schedule: &Schedule, run: &Run) -> bool {
    let read = || {
        let text = match code.starts_with("lambda") {
            true => format!("optax.join_schedules([{code}], [])"), // kiln reads functions only there
            false => code.to_owned(),
        };
        Spelling::read(&text, &parse(&text).ok()?, run).ok()
    };
    read().is_some_and(|spelling| {
        first_difference(schedule, &Schedule::Framework(Box::new(spelling)), run).is_none()
    })
}

/// A framework's line as its users write it in full: the module's name, and `optimizer` first.
pub(super) fn pasteable(line: &Expr, framework: Framework) -> Expr {
    let mut change = |part: &Expr| {
        let Node::Call {
            callee_span, args, ..
        } = &part.node
        else {
            return Ok::<_, std::convert::Infallible>(None);
        };
        let Some((_, kind)) = kind_of(part).filter(|(found, _)| *found == framework) else {
            return Ok(None);
        };
        let module = match (framework, kind) {
            (Framework::Torch, "SWALR") => "torch.optim.swa_utils",
            (Framework::Torch, _) => "torch.optim.lr_scheduler",
            (_, "reduce_on_plateau") => "optax.contrib",
            _ => "optax",
        };
        let mut full: Vec<Arg> = args
            .iter()
            .map(|arg| Arg {
                value: pasteable(&arg.value, framework),
                ..arg.clone()
            })
            .collect();
        let is_optimizer = |arg: &Arg| match &arg.name {
            Some(name) => name == "optimizer",
            None => matches!(&arg.value.node, Node::Name(name) if name.contains("opt")),
        };
        let takes_one = framework == Framework::Torch && kind != "ChainedScheduler";
        if takes_one && !full.iter().any(is_optimizer) {
            let value = rewrite::name("optimizer");
            full.insert(
                0,
                Arg {
                    name: None,
                    name_span: value.span,
                    value,
                },
            );
        }
        let node = Node::Call {
            callee: format!("{module}.{kind}"),
            callee_span: *callee_span,
            args: full,
        };
        Ok(Some(Expr {
            node,
            span: part.span,
        }))
    };
    let Ok(line) = rewrite(line, &mut change);
    line
}

/// A curve's parameters by name.
struct Of<'a>(&'a Curve);

impl Of<'_> {
    fn at(&self, name: &str) -> usize {
        self.0.row.position(name).unwrap_or(usize::MAX)
    }

    fn number(&self, name: &str) -> f64 {
        self.0.values.number(self.at(name))
    }

    fn updates(&self, name: &str) -> u64 {
        self.0.values.updates(self.at(name))
    }

    fn flag(&self, name: &str) -> &'static str {
        if self.number(name) != 0.0 {
            "True"
        } else {
            "False"
        }
    }

    /// A warm-up as the straight line through its values: from its first rate to its last, one update shorter.
    fn warmup_line(&self) -> Option<(f64, f64, u64)> {
        let (over, from, to) = (self.updates("over"), self.number("from"), self.number("to"));
        (over >= 2).then(|| (from + (to - from) / over as f64, to, over - 1))
    }
}

/// The codes of the parts, and the updates at which the later ones start.
fn sequence(then: &Then, code: impl Fn(&Schedule) -> Option<String>) -> Option<(String, String)> {
    let codes = then
        .pieces()
        .iter()
        .map(|piece| code(&piece.schedule))
        .collect::<Option<Vec<_>>>()?;
    let starts: Vec<String> = then
        .pieces()
        .iter()
        .skip(1)
        .map(|piece| piece.start.to_string())
        .collect();
    Some((codes.join(", "), starts.join(", ")))
}
