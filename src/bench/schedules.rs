//! Whether a schedule costs anything: the step's time under each of a list, in turns, against the
//! time under `constant`.

use std::time::{Duration, Instant};

use serde::Serialize;

use super::{
    Device, Recorded, Subject, WALL_QUEUE_FULL,
    statistics::{CONFIDENCE, Interval, Spread, Verdict},
    step::queue_full,
    subject::Learned,
};
use crate::{
    device::Machine,
    error::{Error, Result},
    train::Trainer,
};

/// A schedule and what it is called in the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// For people.
    pub name: String,
    /// In kiln's language.
    pub schedule: String,
}

/// Schedules of every kind: pure ones, a controller on the host, one on the device.
pub fn standard() -> Vec<Named> {
    let list = [
        ("constant", "constant".to_string()),
        ("step", "step(every=5%, gamma=0.9)".into()),
        ("cosine", "cosine".into()),
        ("one-cycle", "one_cycle".into()),
        ("restarts", "restart(cosine, every=2%, decay=0.95)".into()),
        (
            "plateau",
            "plateau(factor=0.9, patience=2, monitor=loss, observe=epoch)".into(),
        ),
        ("gradient-norm", "gradient_ratio".into()),
        ("20 segments", twenty_segments()),
    ];
    let named = |(name, schedule): (&str, String)| Named {
        name: name.into(),
        schedule,
    };
    list.into_iter().map(named).collect()
}

/// Ups and downs of 5% of the run each.
fn twenty_segments() -> String {
    let pair = "linear(0.1x -> 1x, 5%) then cosine(1x -> 0.1x, 5%)";
    [pair; 10].join(" then ")
}

/// How schedules are compared.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ScheduleOptions {
    /// Blocks of every schedule.
    pub rounds: u64,
    /// A block has as many steps as take about this long.
    pub block: Duration,
    /// What counts as no difference: 0.01 is 1%.
    pub margin: f64,
}

/// What one schedule takes.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ScheduleRow {
    /// What it is called.
    pub name: String,
    /// In kiln's language.
    pub schedule: String,
    /// Median over the blocks of a step's time, in ms.
    pub median_step_ms: f64,
    /// 10th percentile of the same.
    pub p10: f64,
    /// 90th percentile of the same.
    pub p90: f64,
    /// Median over the rounds of its time divided by that of `constant` in the same round.
    pub ratio: f64,
    /// The interval of that median; none of fewer than 6 rounds.
    pub low: Option<f64>,
    /// Its upper end.
    pub high: Option<f64>,
    /// Whether it takes the time of `constant`.
    pub verdict: Verdict,
}

/// What schedules take.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SchedulesReport {
    /// The workload's name, or the model as it was written.
    pub workload: String,
    /// What did the work.
    #[serde(flatten)]
    pub device: Device,
    /// Samples in a step.
    pub batch_size: u32,
    /// Steps in a block, which is waited for as a whole.
    pub steps_per_block: u64,
    /// Blocks of every schedule.
    pub rounds: u64,
    /// What counts as no difference.
    pub margin: f64,
    /// The confidence of the intervals.
    pub confidence: f64,
    /// What the intervals are.
    pub interval: &'static str,
    /// How the times were taken.
    pub timing: &'static str,
    /// A row per schedule, `constant` first, then `constant` once more: what the method itself
    /// finds between equals.
    pub schedules: Vec<ScheduleRow>,
}

/// What the intervals are.
const METHOD: &str = "median of paired ratios, order statistics";

/// How often everything is made and trained anew: a share of the rounds each.
const TRAININGS: u64 = 6;

/// Steps before the first block.
const WARMUP: u64 = 10;

/// Runs all of `named` in turns, together with `constant` and a second `constant`.
///
/// # Errors
/// A schedule that is wrong, what the device reports, and runs that do not learn.
pub fn schedules(
    subject: &Subject,
    named: &[Named],
    machine: &Machine,
    options: ScheduleOptions,
) -> Result<SchedulesReport> {
    let named = with_controls(named);
    // Wrong expressions show before anything is measured.
    named
        .iter()
        .try_for_each(|n| subject.under(&n.schedule, 1 << 20).map(drop))?;
    let steps_per_block = steps_per_block(subject, machine, options.block)?;
    let updates = WARMUP + options.rounds.div_ceil(TRAININGS) * steps_per_block;
    let recorded = named.iter().map(|n| subject.under(&n.schedule, updates));
    let recorded: Vec<Recorded> = recorded.collect::<Result<_>>()?;
    let learned = Learned::new(subject, updates)?;
    let mut times = vec![Vec::new(); named.len()];
    for training in 0..TRAININGS {
        let rounds = (options.rounds + training) / TRAININGS;
        if rounds == 0 {
            continue;
        }
        let mut trainers = trainers(&recorded, training as usize, subject, machine)?;
        let own = in_turns(trainers.len(), rounds, |i| {
            queue_full(&mut trainers[i], steps_per_block)
        })?;
        for (times, own) in times.iter_mut().zip(own) {
            times.extend(own);
        }
        if rounds == options.rounds.div_ceil(TRAININGS) {
            for (n, trainer) in named.iter().zip(&mut trainers) {
                learned.check(&trainer.weights()?, &n.name)?;
            }
        }
    }
    let rows = named.into_iter().zip(&times);
    let rows = rows.map(|(n, own)| row(n, own, &times[0], options.margin));
    Ok(SchedulesReport {
        workload: subject.name.clone(),
        device: Device::of(machine),
        batch_size: subject.config.batch_size,
        steps_per_block,
        rounds: options.rounds,
        margin: options.margin,
        confidence: CONFIDENCE,
        interval: METHOD,
        timing: WALL_QUEUE_FULL,
        schedules: rows.collect(),
    })
}

/// A trainer of each, warm, made one after the other from the `first` on: where its memory lies decides
/// some tenths of a percent of a short step's time.
fn trainers<'a>(
    recorded: &'a [Recorded],
    first: usize,
    subject: &'a Subject,
    machine: &Machine,
) -> Result<Vec<Trainer<'a>>> {
    let mut made: Vec<Option<Trainer>> = recorded.iter().map(|_| None).collect();
    for i in 0..recorded.len() {
        let i = (first + i) % recorded.len();
        let mut trainer = recorded[i].trainer(subject, machine)?;
        queue_full(&mut trainer, WARMUP)?;
        made[i] = Some(trainer);
    }
    Ok(made.into_iter().flatten().collect())
}

/// `constant`, `constant` again, and the others.
fn with_controls(named: &[Named]) -> Vec<Named> {
    let constant = |name: &str| Named {
        name: name.into(),
        schedule: "constant".into(),
    };
    let others = named.iter().filter(|n| n.schedule != "constant").cloned();
    let controls = [constant("constant"), constant("constant again")];
    controls.into_iter().chain(others).collect()
}

/// How many steps take about as long as a block should.
fn steps_per_block(subject: &Subject, machine: &Machine, block: Duration) -> Result<u64> {
    let recorded = subject.under("constant", 1 << 20)?;
    let mut trainer = recorded.trainer(subject, machine)?;
    queue_full(&mut trainer, WARMUP)?;
    let mut steps = 1;
    loop {
        let start = Instant::now();
        queue_full(&mut trainer, steps)?;
        let took = start.elapsed().max(Duration::from_nanos(1));
        if took * 2 >= block || steps >= 1 << 24 {
            let fitting = steps as f64 * block.as_secs_f64() / took.as_secs_f64();
            return Ok(fitting.round().max(1.0) as u64);
        }
        steps *= 2;
    }
}

/// Calls `run` for each of `count` once a round: the order is turned by one every round and
/// reversed in every other, so that nobody is always first or always behind the same one. Gives
/// the times of each.
pub(super) fn in_turns(
    count: usize,
    rounds: u64,
    mut run: impl FnMut(usize) -> Result<f64>,
) -> Result<Vec<Vec<f64>>> {
    let mut times = vec![Vec::with_capacity(rounds as usize); count];
    for round in 0..rounds as usize {
        for place in 0..count {
            let i = (round / 2 + place) % count;
            let i = if round % 2 == 0 { i } else { count - 1 - i };
            times[i].push(run(i)?);
        }
    }
    Ok(times)
}

fn row(named: Named, own: &[f64], constant: &[f64], margin: f64) -> ScheduleRow {
    let ratios: Vec<f64> = own.iter().zip(constant).map(|(a, b)| a / b).collect();
    let interval = Interval::of(&ratios);
    let Spread { median, p10, p90 } = Spread::of(own);
    ScheduleRow {
        name: named.name,
        schedule: named.schedule,
        median_step_ms: median,
        p10,
        p90,
        ratio: Spread::of(&ratios).median,
        low: interval.map(|i| i.low),
        high: interval.map(|i| i.high),
        verdict: Verdict::of(interval, margin),
    }
}

/// The schedules of a list: names of the standard ones, or expressions. Commas inside of
/// parentheses belong to the expression.
///
/// # Errors
/// An empty item.
pub fn select(list: &str) -> Result<Vec<Named>> {
    let known = standard();
    let mut selected = Vec::new();
    for item in at_top_level_commas(list) {
        let item = item.trim();
        if item.is_empty() {
            return Err(Error::Usage(format!(
                "--schedules {list}: an item is empty; separate names or expressions by one comma"
            )));
        }
        let found = known.iter().find(|n| n.name == item);
        selected.push(found.cloned().unwrap_or(Named {
            name: item.into(),
            schedule: item.into(),
        }));
    }
    Ok(selected)
}

fn at_top_level_commas(list: &str) -> Vec<&str> {
    let mut depth = 0i32;
    list.split(|c| {
        depth += match c {
            '(' | '[' => 1,
            ')' | ']' => -1,
            _ => 0,
        };
        c == ',' && depth == 0
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Everybody runs once a round, and in the long run as often in each place.
    #[test]
    fn turns_are_fair() {
        let mut order = Vec::new();
        let times = in_turns(3, 12, |i| {
            order.push(i);
            Ok(order.len() as f64)
        });
        assert!(times.unwrap().iter().all(|t| t.len() == 12));
        for i in 0..3 {
            let places = order.iter().enumerate().filter(|(_, who)| **who == i);
            let sum: usize = places.map(|(at, _)| at % 3).sum();
            assert_eq!(sum, 12, "{i}: {order:?}");
        }
    }

    /// Names, expressions with commas of their own, and nothing that is no item.
    #[test]
    fn lists_are_read() {
        let names = |list: &str| -> Vec<String> {
            let named = select(list).unwrap();
            named.into_iter().map(|n| n.schedule).collect()
        };
        assert_eq!(
            names("cosine, step(every=10, gamma=0.5),gradient-norm"),
            ["cosine", "step(every=10, gamma=0.5)", "gradient_ratio"]
        );
        assert!(select("cosine,,step").is_err());
        for n in standard() {
            let parsed = n.schedule.parse::<crate::schedule::LearningRate>();
            assert!(parsed.is_ok(), "{}: {parsed:?}", n.name);
        }
    }

    /// The second constant is there whatever was asked for, and constant is not run a third time.
    #[test]
    fn constant_is_its_own_control() {
        let names: Vec<String> = with_controls(&standard())
            .into_iter()
            .map(|n| n.name)
            .collect();
        assert_eq!(names[..3], ["constant", "constant again", "step"]);
        assert_eq!(names.len(), 9);
    }
}
