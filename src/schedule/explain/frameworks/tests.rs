use super::super::{list, page};
use super::*;
use crate::control::Control;
use crate::expr::parse;
use crate::schedule::Run;
use crate::schedule::frameworks::{Spelling, hf, keras, optax, timm, torch};
use std::collections::BTreeSet;

/// Values for required arguments, by the argument's name.
const REQUIRED: [(&str, &str); 26] = [
    ("lr_lambda", "lambda t: 0.9 ** t"),
    ("schedule", "lambda epoch: 0.1"),
    ("milestones", "[30]"),
    ("boundaries", "[30]"),
    ("values", "[0.1, 0.05]"),
    ("boundaries_and_scales", "{30: 0.5}"),
    ("interpolate_type", "'linear'"),
    ("num_warmup_steps", "10"),
    ("num_decay_steps", "20"),
    ("step_size", "10"),
    ("gamma", "0.9"),
    ("T_max", "50"),
    ("T_0", "20"),
    ("base_lr", "0.01"),
    ("swa_lr", "0.01"),
    ("decay_steps", "60"),
    ("decay_rate", "0.5"),
    ("first_decay_steps", "20"),
    ("value", "0.1"),
    ("power", "2"),
    ("t_initial", "50"),
    ("transition_steps", "60"),
    ("warmup_steps", "10"),
    ("initial_learning_rate", "0.1"),
    ("init_value", "0.02"),
    ("end_value", "0.01"),
];

/// A value for a required argument.
fn required(row: &Row, name: &str) -> String {
    let known = REQUIRED.iter().find(|(known, _)| *known == name);
    match (name, row.name) {
        ("max_lr", _) | ("peak_value", _) => "0.2".to_owned(),
        ("schedulers", _) => "[torch.StepLR(9), torch.StepLR(8)]".to_owned(),
        ("schedules", _) => {
            "[optax.constant_schedule(0.1), optax.constant_schedule(0.2)]".to_owned()
        }
        ("cosine_kwargs", _) => {
            "[{'init_value': 0.0, 'peak_value': 0.1, 'warmup_steps': 5, 'decay_steps': 30}]"
                .to_owned()
        }
        ("decay_t", "timm.MultiStepLRScheduler") => "[30]".to_owned(),
        ("decay_t", _) => "20".to_owned(),
        _ => known.map_or_else(|| panic!("{}: {name}", row.name), |(_, v)| (*v).to_owned()),
    }
}

/// Arguments with their defaults, in which no comma occurs.
fn arguments(row: &Row) -> Vec<(&'static str, Option<&'static str>)> {
    let written = row.arguments.split(", ").filter(|part| !part.is_empty());
    written
        .map(|part| match part.split_once('=') {
            Some((name, default)) => (name, Some(default)),
            None => (part, None),
        })
        .collect()
}

/// A call with the required arguments, and the same with all defaults written out.
fn calls(row: &Row) -> [String; 2] {
    let extra = match row.name {
        "torch.OneCycleLR" => ", total_steps=100",
        "hf.cosine_with_min_lr" | "hf.cosine_warmup_with_min_lr" => ", min_lr=0.001",
        _ => "",
    };
    let mut short: Vec<String> = Vec::new();
    let mut defaults: Vec<String> = Vec::new();
    for (name, default) in arguments(row) {
        match default {
            None => short.push(format!("{name}={}", required(row, name))),
            Some(_) if extra.contains(&format!(" {name}=")) => {}
            Some("length of the run") => defaults.push(format!("{name}=100")),
            Some("1/3") => defaults.push(format!("{name}={:?}", 1.0 / 3.0)),
            Some(default) => defaults.push(format!("{name}={default}")),
        }
    }
    let short = short.join(", ") + extra;
    let long = format!("{short}, {}", defaults.join(", "));
    [short, long].map(|args| {
        let args = args.trim_start_matches(", ").trim_end_matches(", ");
        format!("{}({args})", row.name)
    })
}

/// Protects the signatures: the names exist, the required ones suffice, and the defaults shown are those in force.
#[test]
fn defaults_are_those_in_force() {
    let run = Run {
        updates: Some(100),
        ..Run::new(0.1)
    };
    for row in rows() {
        let [short, long] = calls(row);
        let (a, b) = (parse(&short).unwrap(), parse(&long).unwrap());
        if Control::recognises(&a) {
            let read = |text: &str, expr| {
                Control::read(text, expr, &run).unwrap_or_else(|e| panic!("{text}: {e}"))
            };
            assert_eq!(read(&short, &a).rule(), read(&long, &b).rule(), "{long}");
            continue;
        }
        let read = |text: &str, expr| {
            Spelling::read(text, expr, &run).unwrap_or_else(|e| panic!("{text}: {e}"))
        };
        let (a, b) = (read(&short, &a), read(&long, &b));
        for step in 0..100 {
            assert_eq!(a.at(step), b.at(step), "{long} at {step}");
            assert_eq!(a.momentum_at(step), b.momentum_at(step), "{long} at {step}");
        }
    }
}

/// Protects the list: exactly the names that the parsers understand, each with its page.
#[test]
fn every_name_that_is_read_has_a_row() {
    let groups: [(&str, &[&str]); 5] = [
        ("torch", &torch::NAMES),
        ("keras", &keras::NAMES),
        ("optax", &optax::NAMES),
        ("hf", &hf::NAMES),
        ("timm", &timm::NAMES),
    ];
    let schedules = groups
        .into_iter()
        .flat_map(|(group, names)| names.iter().map(move |name| format!("{group}.{name}")));
    let controllers = [
        "torch.ReduceLROnPlateau",
        "keras.ReduceLROnPlateau",
        "optax.reduce_on_plateau",
        "hf.reduce_lr_on_plateau",
        "hf.greedy",
        "timm.PlateauLRScheduler",
    ];
    for name in controllers {
        assert!(Control::recognises(&parse(name).unwrap()), "{name}");
    }
    let read: BTreeSet<String> = schedules.chain(controllers.map(str::to_owned)).collect();
    let told: BTreeSet<String> = rows().map(|row| row.name.to_owned()).collect();
    assert_eq!(read, told);
    let listed: BTreeSet<String> = list()
        .into_iter()
        .map(|listed| listed.name)
        .filter(|name| name.contains('.'))
        .collect();
    assert_eq!(listed, told);
}

/// Protects the native column from names that kiln does not have.
#[test]
fn native_calls_use_names_of_kiln() {
    let own: BTreeSet<String> = list().into_iter().map(|listed| listed.name).collect();
    for row in rows() {
        for (before, _) in row
            .native
            .match_indices('(')
            .map(|(at, _)| row.native.split_at(at))
        {
            let word = before
                .rsplit(|c: char| !c.is_alphanumeric() && c != '_')
                .next()
                .unwrap_or_default();
            assert!(
                word.is_empty() || own.contains(word),
                "{}: {word}",
                row.name
            );
        }
    }
}

/// A class that one framework has needs no framework in front; one of two needs it; kiln's own names come first.
#[test]
fn bare_classes_are_found_where_they_are_unambiguous() {
    assert_eq!(page("StepLR"), page("torch.StepLR"));
    assert!(page("StepLR").is_some_and(|page| page.starts_with(
        "torch.StepLR(step_size, gamma=0.1)\n\n  formula  base * gamma ** floor(t / step_size)\n  native   step(every=step_size, gamma=gamma)\n"
    )));
    assert_eq!(page("reduce_on_plateau"), page("optax.reduce_on_plateau"));
    assert_eq!(page("ReduceLROnPlateau"), None);
    assert!(page("cosine").is_some_and(|page| page.starts_with("cosine(")));
}
