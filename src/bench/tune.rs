//! Which shader is fastest for each launch of a training step on this adapter: the portable one and
//! every variant with every tile, each checked before it is timed, in turns.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use serde::Serialize;

use super::{
    Device, WALL_QUEUE_FULL,
    kernels::{Case, Expected, Launch, cases, checked_by},
    schedules::in_turns,
    statistics::Spread,
};
use crate::{
    device::{Gpu, Machine},
    error::{Error, Result},
    exec::tuning::{Choice, Table, key},
    kernel::Op,
    plan::Plan,
    variant::Extras,
};

/// A training step whose launches are tuned.
pub struct Step {
    /// The workload or the model, for people.
    pub name: String,
    /// Its plan.
    pub plan: Arc<Plan>,
}

/// How often each shader of a launch has its turn.
const ROUNDS: u64 = 15;

/// How long a turn is: as many runs as fit.
const SAMPLE: Duration = Duration::from_millis(10);

/// A shader whose first run takes this many times the shortest is not run again.
const SLOW: f64 = 4.0;

/// Seconds that a first run may take anyway: below it says little.
const SHORT: f64 = 0.02;

/// One that is behind the fastest by this factor when its pace is found gets no turns.
const BEHIND: f64 = 2.0;

/// How much shorter a time must be to count.
const GAIN: f64 = 0.03;

/// When a shader replaces the built-in choice.
pub const RULE: &str = "its median is at least 3% below the built-in choice's, and its 90th \
                        percentile below that one's 10th";

/// What one shader takes for a launch, in µs.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Trial {
    /// The shader.
    #[serde(flatten)]
    pub choice: Choice,
    /// Its time, if it had its turns.
    pub us: Option<Spread>,
    /// Why it had none.
    pub left_out: Option<String>,
    /// It does not build here, or its result is wrong.
    pub failed: bool,
}

/// What was found for the launches that one row of a table is about.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LaunchRow {
    /// Kernel and class of shapes: the row's key.
    pub launch: String,
    /// The shapes that were timed: the largest of the class.
    pub shapes: String,
    /// Launches of the class in each of the steps.
    pub uses: Vec<u64>,
    /// What the built-in table chooses.
    pub built_in: Choice,
    /// What was chosen now; the same if nothing was enough faster.
    pub chosen: Choice,
    /// Median time of the built-in choice, in µs.
    pub built_in_us: f64,
    /// Median time of what was chosen, in µs.
    pub chosen_us: f64,
    /// What results were checked against before a time was taken.
    pub checked: &'static str,
    /// All that was tried, the built-in choice first.
    pub trials: Vec<Trial>,
}

/// What a step takes in launches that have variants: sums of medians, in µs.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StepRow {
    /// The workload or the model.
    pub step: String,
    /// With the built-in choices.
    pub before_us: f64,
    /// With what was chosen.
    pub after_us: f64,
}

/// What was found.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TuneReport {
    /// What did the work, and the table that it was compared with.
    #[serde(flatten)]
    pub device: Device,
    /// How the times were taken.
    pub timing: &'static str,
    /// When a shader replaces the built-in choice.
    pub rule: &'static str,
    /// A row for every class of launches.
    pub launches: Vec<LaunchRow>,
    /// A row for every step.
    pub steps: Vec<StepRow>,
}

impl LaunchRow {
    /// What a table is to hold of it: a row, or nothing where the built-in rule is as good.
    pub fn measured(&self) -> BTreeMap<String, Option<Choice>> {
        let row = (self.chosen != self.built_in).then(|| self.chosen.clone());
        BTreeMap::from([(self.launch.clone(), row)])
    }
}

/// Times the shaders of all launches of some steps; `tell` hears of every launch as soon as it is
/// done.
///
/// # Errors
/// A wrong result of the built-in choice, what the device reports, and what `tell` says. Another
/// shader that fails is left out, and the report says why.
pub fn tune(
    steps: &[Step],
    gpu: &Arc<Gpu>,
    mut tell: impl FnMut(&LaunchRow) -> Result<()>,
) -> Result<TuneReport> {
    let built_in = Table::built_in(gpu.software);
    let mut launches = Vec::new();
    for class in classes(steps) {
        let row = contest(&class, gpu, &built_in)?;
        tell(&row)?;
        launches.push(row);
    }
    let sum = |step: usize, time: fn(&LaunchRow) -> f64| {
        let times = launches.iter().map(|l| l.uses[step] as f64 * time(l));
        times.sum()
    };
    let steps = steps.iter().enumerate().map(|(i, step)| StepRow {
        step: step.name.clone(),
        before_us: sum(i, |l| l.built_in_us),
        after_us: sum(i, |l| l.chosen_us),
    });
    Ok(TuneReport {
        steps: steps.collect(),
        device: Device {
            tuning: Some(built_in.name),
            ..Device::of(&Machine::Gpu(gpu.clone()))
        },
        timing: WALL_QUEUE_FULL,
        rule: RULE,
        launches,
    })
}

/// The launches that one row of a table is about.
struct Class {
    key: String,
    /// The one with the most work.
    case: Case,
    /// How many there are in each step.
    uses: Vec<u64>,
}

/// All launches with variants, by class, in the order of the steps.
fn classes(steps: &[Step]) -> Vec<Class> {
    let mut classes: Vec<Class> = Vec::new();
    for (i, step) in steps.iter().enumerate() {
        let train = cases::train(&step.plan).iter();
        for d in train.filter(|d| !d.op.variants.is_empty()) {
            let key = key(d.op, &d.dims);
            let case = Case {
                name: key.clone(),
                op: d.op,
                dims: d.dims.clone(),
                smaller: d.dims.clone(),
            };
            let flops = |case: &Case| (case.op.flops)(&case.dims);
            let at = classes.iter().position(|c| c.key == key);
            let at = at.unwrap_or_else(|| {
                let uses = vec![0; steps.len()];
                classes.push(Class {
                    key,
                    case: case.clone(),
                    uses,
                });
                classes.len() - 1
            });
            classes[at].uses[i] += 1;
            if flops(&case) > flops(&classes[at].case) {
                classes[at].case = case;
            }
        }
    }
    classes
}

/// The text that a table's choice comes to for a launch; nothing for the portable shader.
fn text(table: &Table, op: &Op, dims: &[u32], extras: Extras) -> Result<Option<String>> {
    let Some((variant, settings)) = table.pick(op, dims, extras) else {
        return Ok(None);
    };
    let text = variant.render(&settings);
    text.map(Some)
        .map_err(|why| Error::Device(format!("kernel {} does not build: {why}", op.name)))
}

/// The built-in table with one row more.
fn with(built_in: &Table, key: &str, choice: &Choice) -> Table {
    let mut table = built_in.clone();
    table.rows.insert(key.into(), choice.clone());
    table
}

/// What may be chosen for a launch, the built-in choice first. Of choices that come to the same
/// text there is one.
fn choices(class: &Class, extras: Extras, built_in: &Table) -> Result<Vec<Choice>> {
    let (op, dims) = (class.case.op, &class.case.dims);
    let all = op.variants.iter().flat_map(|v| {
        let choice = |&tile| Choice {
            variant: v.name.into(),
            tile,
        };
        v.tiles.iter().map(choice)
    });
    let first = built_in.choice(op, dims);
    let (mut texts, mut choices) = (Vec::new(), Vec::new());
    for choice in [first, Choice::portable()].into_iter().chain(all) {
        let text = text(&with(built_in, &class.key, &choice), op, dims, extras)?;
        if texts.contains(&text) {
            continue;
        }
        choices.push(match text {
            Some(_) => choice,
            // A variant that cannot compute this launch leaves it to the portable shader.
            None => Choice::portable(),
        });
        texts.push(text);
    }
    Ok(choices)
}

/// A shader that may still win.
struct Runner {
    trial: usize,
    launch: Launch,
    /// Seconds of its first run after the check.
    first: f64,
}

/// Lets the shaders of a class run against each other.
fn contest(class: &Class, gpu: &Arc<Gpu>, built_in: &Table) -> Result<LaunchRow> {
    let want = Expected::on_adapter(&class.case);
    let choices = choices(class, gpu.extras, built_in)?;
    let trial = |choice| Trial {
        choice,
        us: None,
        left_out: None,
        failed: false,
    };
    let mut trials: Vec<Trial> = choices.into_iter().map(trial).collect();
    let runners = start(class, gpu, built_in, &want, &mut trials)?;
    run(runners, &mut trials)?;
    let (best, chosen_us) = winner(&trials);
    let built_in_us = trials[0].us.map_or(f64::NAN, |us| us.median);
    Ok(LaunchRow {
        launch: class.key.clone(),
        shapes: (class.case.op.describe)(&class.case.dims),
        uses: class.uses.clone(),
        built_in: trials[0].choice.clone(),
        chosen: trials[best].choice.clone(),
        built_in_us,
        chosen_us: chosen_us.unwrap_or(built_in_us),
        checked: want.by,
        trials,
    })
}

/// Builds and checks every shader, and runs it once more. One that fails, and one that is far
/// slower than the others, is left out; the built-in choice never is.
fn start(
    class: &Class,
    gpu: &Arc<Gpu>,
    built_in: &Table,
    want: &Expected,
    trials: &mut [Trial],
) -> Result<Vec<Runner>> {
    let mut runners: Vec<Runner> = Vec::new();
    let mut best = f64::INFINITY;
    for (i, trial) in trials.iter_mut().enumerate() {
        let table = with(built_in, &class.key, &trial.choice);
        let started = checked_by(&class.case, gpu, &table, want)
            .and_then(|mut launch| Ok((launch.time(1, 1)?.as_secs_f64(), launch)));
        match started {
            Err(e) if i == 0 => return Err(e),
            Err(e) => (trial.failed, trial.left_out) = (true, Some(e.to_string())),
            Ok((first, launch)) => {
                best = best.min(first);
                runners.push(Runner {
                    trial: i,
                    launch,
                    first,
                });
            }
        }
        runners.retain(|r| r.trial == 0 || r.first <= SHORT.max(SLOW * best));
    }
    for (i, trial) in trials.iter_mut().enumerate() {
        let runs = runners.iter().any(|r| r.trial == i);
        if !runs && trial.left_out.is_none() {
            trial.left_out = Some(format!(
                "its first run took more than {SLOW} times the shortest"
            ));
        }
    }
    Ok(runners)
}

/// Finds everybody's pace, then lets those that may win have their turns.
fn run(mut runners: Vec<Runner>, trials: &mut [Trial]) -> Result<()> {
    let paces = runners.iter_mut().map(|r| r.launch.pace(SAMPLE));
    let paces: Vec<_> = paces.collect::<Result<_>>()?;
    let best = paces.iter().fold(f64::INFINITY, |best, p| best.min(p.one));
    let mut running = Vec::new();
    for (runner, pace) in runners.into_iter().zip(paces) {
        if runner.trial == 0 || pace.one <= BEHIND * best {
            running.push((runner, pace));
        } else {
            let why = format!("{:.1} times the fastest", pace.one / best);
            trials[runner.trial].left_out = Some(why);
        }
    }
    let times = in_turns(running.len(), ROUNDS, |i| {
        let (runner, pace) = &mut running[i];
        Ok(runner.launch.sample(*pace)? * 1e6)
    })?;
    for ((runner, _), times) in running.iter().zip(&times) {
        trials[runner.trial].us = Some(Spread::of(times));
    }
    Ok(())
}

/// The fastest of those that are faster than the first by [`RULE`], else the first; and its median.
fn winner(trials: &[Trial]) -> (usize, Option<f64>) {
    let Some(built_in) = trials[0].us else {
        return (0, None);
    };
    let faster = |us: &Spread| us.median <= (1.0 - GAIN) * built_in.median && us.p90 < built_in.p10;
    let timed = trials.iter().enumerate();
    let timed = timed.filter_map(|(i, t)| Some((i, t.us?)));
    let better = timed.filter(|(_, us)| faster(us));
    let best = better.min_by(|(_, a), (_, b)| a.median.total_cmp(&b.median));
    let (i, us) = best.unwrap_or((0, built_in));
    (i, Some(us.median))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What lavapipe has.
    const EIGHT: Extras = Extras {
        subgroup: 8,
        int64: true,
        ..Extras::NONE
    };

    use crate::{bench::Workload, exec::tuning::PORTABLE};

    fn step(workload: Workload) -> Step {
        let plan = cases::plan(workload, workload.batch_size()).unwrap();
        Step {
            name: workload.to_string(),
            plan: Arc::new(plan),
        }
    }

    /// Every launch with variants is counted once, under one key.
    #[test]
    fn launches_are_sorted_into_classes() {
        let steps = [Workload::W1, Workload::W3, Workload::W4].map(step);
        let classes = classes(&steps);
        for (i, step) in steps.iter().enumerate() {
            let with_variants = cases::train(&step.plan);
            let with_variants = with_variants.iter().filter(|d| !d.op.variants.is_empty());
            let counted: u64 = classes.iter().map(|c| c.uses[i]).sum();
            assert_eq!(counted, with_variants.count() as u64, "{}", step.name);
        }
        let keys: std::collections::BTreeSet<&String> = classes.iter().map(|c| &c.key).collect();
        assert_eq!(keys.len(), classes.len());
    }

    /// Nothing is timed twice, what the device would run anyway is first, and the portable shader
    /// is always among the choices.
    #[test]
    fn choices_differ_in_what_runs() {
        for software in [true, false] {
            let built_in = Table::built_in(software);
            for class in classes(&[Workload::W1, Workload::W4].map(step)) {
                let (op, dims) = (class.case.op, &class.case.dims);
                let choices = choices(&class, EIGHT, &built_in).unwrap();
                let texts = choices
                    .iter()
                    .map(|c| text(&with(&built_in, &class.key, c), op, dims, EIGHT).unwrap());
                let mut texts: Vec<Option<String>> = texts.collect();
                assert_eq!(
                    texts[0],
                    text(&built_in, op, dims, EIGHT).unwrap(),
                    "{}",
                    class.key
                );
                assert!(choices.iter().any(|c| c.variant == PORTABLE), "{choices:?}");
                texts.sort();
                texts.dedup();
                assert_eq!(texts.len(), choices.len(), "{}: {choices:?}", class.key);
                assert!(choices.len() > 1, "{}: {choices:?}", class.key);
            }
        }
    }

    /// Only a gain beyond the noise counts, and then the largest.
    #[test]
    fn noise_changes_nothing() {
        let trial = |median: f64, noise: f64| Trial {
            choice: Choice::portable(),
            us: Some(Spread {
                median,
                p10: median - noise,
                p90: median + noise,
            }),
            left_out: None,
            failed: false,
        };
        let found = |trials: &[Trial]| winner(trials).0;
        let built_in = trial(100.0, 1.0);
        for (others, want) in [
            (vec![], 0),
            (vec![trial(98.0, 0.1)], 0),
            (vec![trial(96.0, 4.0)], 0),
            (vec![trial(96.0, 1.0)], 1),
            (vec![trial(96.0, 1.0), trial(80.0, 1.0)], 2),
            (vec![trial(90.0, 1.0), trial(80.0, 30.0)], 1),
        ] {
            let trials = [vec![built_in.clone()], others].concat();
            assert_eq!(found(&trials), want, "{trials:?}");
        }
    }
}
