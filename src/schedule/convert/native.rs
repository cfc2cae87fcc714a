//! Frameworks' lines in kiln's words.

use super::{Error, Language, control, first_difference, framework};
use crate::control::Control;
use crate::expr::rewrite::rewrite;
use crate::expr::{Expr, parse};
use crate::schedule::frameworks::{Quirk, Spelling, kind_of};
use crate::schedule::{LearningRate, Run, Schedule, Spec};

/// The plan with every framework's line in it replaced.
pub(super) fn native(plan: &LearningRate, schedule: &Schedule, run: &Run) -> Result<String, Error> {
    let text = plan.to_string();
    let (mut comments, mut differs_itself) = (Vec::new(), false);
    let mut change = |part: &Expr| {
        if Control::recognises(part) {
            let control = Control::read(&text, part, run)?;
            let (own, differs) = control::native(&control)?;
            comments.extend(differs);
            return Ok(Some(parse(&own)?));
        }
        if kind_of(part).is_none() {
            return Ok(None);
        }
        let spelling = Spelling::read(&text, part, run)?;
        let (own, differs) = words(&spelling, run)?;
        differs_itself |= !differs.is_empty();
        comments.extend(differs);
        Ok::<_, Error>(Some(parse(&own)?))
    };
    let converted = rewrite(&parse(&text)?, &mut change)?;
    let converted = converted.to_string();
    let again = converted.parse::<LearningRate>()?.spec().resolve(run)?;
    if !differs_itself && first_difference(schedule, &again, run).is_some() {
        return Err(Error::NoForm {
            what: text,
            language: Language::Native,
            why: "its parts can be, but together they would have other rates".to_owned(),
            instead:
                "convert the parts one by one, or keep the framework's line: kiln runs it as it is"
                    .to_owned(),
        });
    }
    let comments: String = comments.iter().map(|line| format!("# {line}\n")).collect();
    Ok(comments + &converted)
}

/// A line in kiln's words, and where they differ from it.
fn words(spelling: &Spelling, run: &Run) -> Result<(String, Vec<String>), Error> {
    let original = Schedule::Framework(Box::new(spelling.clone()));
    let mut nearest = None;
    for text in framework::candidates(spelling, run) {
        let Some(schedule) = resolve(&text, run) else {
            continue;
        };
        match first_difference(&original, &schedule, run) {
            None => return Ok((text, Vec::new())),
            Some(at) if nearest.as_ref().is_none_or(|&(_, _, before)| at > before) => {
                nearest = Some((text, schedule, at));
            }
            Some(_) => {}
        }
    }
    // where the framework misbehaves, what was meant is worth having
    match (nearest, spelling.quirks()) {
        (Some((text, schedule, at)), [quirk, ..]) => {
            Ok((text, differences(&original, &schedule, at, quirk)))
        }
        _ => Err(no_form(spelling)),
    }
}

fn differences(original: &Schedule, own: &Schedule, at: u64, quirk: &Quirk) -> Vec<String> {
    let part = match (original.momentum_at(at), own.momentum_at(at)) {
        (theirs, ours) if original.at(at) == own.at(at) => {
            let shown = |m: Option<f64>| m.map_or("none".to_owned(), |m| m.to_string());
            format!(
                "the momentum of the line above is {}, here {}",
                shown(theirs),
                shown(ours)
            )
        }
        _ => format!(
            "the framework's rate is {}, here {}",
            original.at(at),
            own.at(at)
        ),
    };
    vec![
        format!("differs from update {at} on: {part}"),
        quirk.message.clone(),
    ]
}

/// An expression that means the same whatever stands around it, if it can be resolved.
pub(super) fn resolve(text: &str, run: &Run) -> Option<Schedule> {
    text.parse::<Spec>().ok()?.resolve(run).ok()
}

/// The first candidate with exactly the rates of a line.
pub(super) fn exact(spelling: &Spelling, run: &Run) -> Option<String> {
    let original = Schedule::Framework(Box::new(spelling.clone()));
    framework::candidates(spelling, run)
        .into_iter()
        .find(|text| {
            resolve(text, run)
                .is_some_and(|schedule| first_difference(&original, &schedule, run).is_none())
        })
}

fn no_form(spelling: &Spelling) -> Error {
    let kind = kind_of(spelling.call()).map_or("", |(_, kind)| kind);
    let why = match kind {
        "MultiplicativeLR" | "LearningRateScheduler" => {
            "each rate is the one before it times a number that changes from update to update; kiln's schedules are functions of the update alone"
        }
        "SequentialLR" | "ChainedScheduler" => {
            "its schedulers act on each other's rates, which is no sequence or product of schedules"
        }
        "CyclicLR" | "OneCycleLR" => {
            "its rate and its momentum together move as none of kiln's curves does"
        }
        _ if kind.ends_with("Scheduler") => {
            "its warm-up, noise or cycles have no counterpart with exactly these rates"
        }
        _ => "no curve has exactly these rates",
    };
    Error::NoForm {
        what: spelling.call().to_string(),
        language: Language::Native,
        why: why.to_owned(),
        instead: "keep the framework's line: kiln runs it as it is, alone or inside an expression; or say what was meant with the curves of `kiln schedule list`".to_owned(),
    }
}
