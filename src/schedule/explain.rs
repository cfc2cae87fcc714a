//! What there is, and what a person wants to know about it before using it.
//!
//! ```
//! use kiln::schedule::explain;
//!
//! let page = explain::page("cosine").unwrap_or_default();
//! assert!(page.starts_with("cosine(to=0, over=rest of the run, from=1x)"));
//! ```

mod frameworks;

use super::combinators::COMBINATORS;
use super::curve::Page;
use super::curves::CURVES;
use super::signature::{Default, Kind, Param};
use crate::control;
use std::fmt::Write;

/// A name that an expression may use.
#[derive(Clone, Debug, PartialEq)]
pub struct Listed {
    /// The heading it stands under: curves, combinators, controllers, or a framework.
    pub group: &'static str,
    /// The name, with the framework in front where it is one's.
    pub name: String,
    /// How it is called, with the defaults.
    pub signature: String,
    /// The formula.
    pub summary: &'static str,
}

/// Every name, group by group.
pub fn list() -> Vec<Listed> {
    let curves = CURVES
        .iter()
        .map(|row| listed("curves", row.name, row.params, row.page.formula));
    let combinators = COMBINATORS
        .iter()
        .map(|row| listed("combinators", row.name, row.params, row.page.formula));
    let controllers = control::TABLE.iter().map(|entry| Listed {
        group: "controllers",
        name: entry.name.to_owned(),
        signature: entry.signature.to_owned(),
        summary: entry.page.formula,
    });
    let frameworks = frameworks::rows().map(|row| Listed {
        group: row.group(),
        name: row.name.to_owned(),
        signature: row.signature(),
        summary: row.formula,
    });
    curves
        .chain(combinators)
        .chain(controllers)
        .chain(frameworks)
        .collect()
}

fn listed(group: &'static str, name: &str, params: &[Param], summary: &'static str) -> Listed {
    Listed {
        group,
        name: name.to_owned(),
        signature: signature(name, params),
        summary,
    }
}

/// The page of a name in [`list`], or of a framework's class without the framework (`StepLR`) where only one has it;
/// `None` for any other name.
pub fn page(name: &str) -> Option<String> {
    let curve = CURVES
        .iter()
        .find(|row| row.name == name)
        .map(|row| of_schedule(name, row.params, &row.page));
    let combinator = || {
        let row = COMBINATORS.iter().find(|row| row.name == name)?;
        Some(of_schedule(name, row.params, &row.page))
    };
    let controller = || {
        let entry = control::TABLE.iter().find(|entry| entry.name == name)?;
        let params = entry
            .params
            .iter()
            .map(|(name, help)| (*name, (*help).to_owned()))
            .collect::<Vec<_>>();
        Some(written(entry.signature, &entry.page, &params))
    };
    curve
        .or_else(combinator)
        .or_else(controller)
        .or_else(|| frameworks::named(name).map(frameworks::Row::page))
}

fn of_schedule(name: &str, params: &[Param], page: &Page) -> String {
    let told = |param: &Param| {
        let also = if param.aliases.is_empty() {
            String::new()
        } else {
            format!(" (also {})", param.aliases.join(", "))
        };
        let help = format!("{}: {}{also}", kind(param.kind), param.help);
        (param.name, help)
    };
    let told: Vec<(&str, String)> = params.iter().map(told).collect();
    written(&signature(name, params), page, &told)
}

/// A page as it is printed, with what there is to say about each parameter.
pub(crate) fn written(signature: &str, page: &Page, params: &[(&str, String)]) -> String {
    let mut text = format!("{signature}\n\n");
    for (label, line) in [
        ("formula", page.formula),
        ("from", page.origin),
        ("when", page.when),
        ("for", page.pros),
        ("against", page.cons),
    ] {
        let _ = writeln!(text, "  {label:<8} {line}"); // writing to a String cannot fail
    }
    text.push('\n');
    let width = params.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    for (name, help) in params {
        let _ = writeln!(text, "  {name:<width$}  {help}");
    }
    text
}

/// `cosine(to=0, over=rest of the run, from=1x)`.
fn signature(name: &str, params: &[Param]) -> String {
    let shown: Vec<String> = params
        .iter()
        .map(|param| param.name.to_owned() + &default(param, params))
        .collect();
    format!("{name}({})", shown.join(", "))
}

fn default(param: &Param, params: &[Param]) -> String {
    match (param.kind, param.default) {
        (_, Default::Required) => String::new(),
        (_, Default::Times(times)) => format!("={times}x"),
        (Kind::Flag, Default::Number(flag)) => {
            format!("={}", if flag == 0.0 { "False" } else { "True" })
        }
        (Kind::Choice(names), Default::Number(index)) => format!(
            "={}",
            names.get(index as usize).copied().unwrap_or_default()
        ),
        (_, Default::Number(number)) => format!("={number}"),
        (_, Default::Rest) => "=rest of the run".to_owned(),
        (_, Default::Endless) => "=for ever".to_owned(),
        (_, Default::Momentum) => "=if the optimiser has one".to_owned(),
        (_, Default::Same(other)) => {
            format!("={}", params.get(other).map_or("", |other| other.name))
        }
        (_, Default::Batch) => "=batch size".to_owned(),
        (_, Default::Open) => "=None".to_owned(),
    }
}

fn kind(kind: Kind) -> String {
    match kind {
        Kind::Rate => "rate".to_owned(),
        Kind::Rates => "list of rates".to_owned(),
        Kind::Duration | Kind::Period => "duration".to_owned(),
        Kind::Durations => "list of durations".to_owned(),
        Kind::Number(low, high) => format!("number from {low:e} to {high:e}"),
        Kind::Flag => "True or False".to_owned(),
        Kind::Choice(names) => names.join(" | "),
        Kind::Schedule => "schedule".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schedule::{Run, Spec};
    use std::collections::BTreeSet;

    /// Every name has a page, and no name means two things.
    #[test]
    fn names_are_unique_and_explained() {
        let names: Vec<String> = list().into_iter().map(|listed| listed.name).collect();
        assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len());
        for name in &names {
            let page = page(name).unwrap_or_default();
            let formula = page.lines().nth(2).unwrap_or_default();
            assert!(
                page.starts_with(name.as_str()) && formula.starts_with("  formula  "),
                "{name}: {page}"
            );
        }
        assert_eq!(page("cosin"), None);
    }

    /// Protects the controllers' pages: the parameters told are those of the signature, in its order.
    #[test]
    fn controllers_tell_every_parameter() {
        for entry in control::TABLE {
            let inner = entry.signature.split(['(', ')']).nth(1).unwrap_or_default();
            let shown = inner.split(", ").map(|part| part.split('=').next());
            let told = entry.params.iter().map(|(name, _)| Some(*name));
            assert!(shown.eq(told), "{}", entry.name);
        }
    }

    /// Parameter names, aliases and positions within a row must not collide, or an argument would be lost.
    #[test]
    fn signatures_are_unambiguous() {
        let rows = CURVES
            .iter()
            .map(|row| (row.name, row.params))
            .chain(COMBINATORS.iter().map(|row| (row.name, row.params)));
        for (name, params) in rows {
            let all: Vec<&str> = params
                .iter()
                .flat_map(|param| param.aliases.iter().copied().chain([param.name]))
                .collect();
            assert_eq!(
                all.iter().collect::<BTreeSet<_>>().len(),
                all.len(),
                "{name}"
            );
        }
    }

    /// The examples that the pages give are valid in the language.
    #[test]
    fn examples_on_the_pages_resolve() {
        let run = Run {
            updates: Some(9000),
            epoch_updates: Some(90.0),
            batch: Some(8),
            ..Run::new(0.1)
        };
        let pages = CURVES
            .iter()
            .map(|row| &row.page)
            .chain(COMBINATORS.iter().map(|row| &row.page));
        let lines = pages.flat_map(|page| [page.origin, page.when, page.pros, page.cons]);
        let examples: Vec<&str> = lines
            .flat_map(|line| line.split('`').skip(1).step_by(2))
            .collect();
        assert!(examples.len() >= 15, "{examples:?}");
        for example in examples {
            let plan = example.parse::<Spec>().and_then(|spec| spec.resolve(&run));
            assert!(
                plan.is_ok(),
                "{example}: {}",
                plan.map_or_else(|e| e.to_string(), |s| s.to_string())
            );
        }
    }
}
