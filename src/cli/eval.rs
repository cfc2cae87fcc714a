//! `kiln eval`: how good a trained model is.

use clap::{Args, ValueEnum};
use serde_json::json;

use super::{
    Outcome, inputs,
    machine::MachineFlags,
    number, say,
    trained::{Trained, TrainedFlags, names},
};
use crate::{
    data::{Dataset, Names, Split, Targets},
    error::{Error, Result},
    eval::{
        BATCH, ClassRow, Classification, Evaluator, Forward, Logits, Regression, classification,
        regression,
    },
    train::Loss,
};

/// `kiln eval`.
#[derive(Args)]
pub(super) struct Eval {
    #[command(flatten)]
    trained: TrainedFlags,
    /// Other data than the run's, prepared as the run's was
    #[arg(long, value_name = "DATA")]
    data: Option<String>,
    /// Which samples [default: test; of data given by --data that has no splits of its own, all]
    #[arg(long, value_enum)]
    split: Option<Which>,
    /// Also the share of samples whose class is among the K likeliest [default: 5, or all of fewer
    /// classes]
    #[arg(long, value_name = "K", value_parser = number::whole(1u32, 5))]
    top: Option<u32>,
    /// Name the N samples with the greatest loss, in a regression the greatest squared error
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = number::count(0, 10))]
    worst: usize,
    /// Print one JSON object with everything
    #[arg(long)]
    json: bool,
    #[command(flatten, next_help_heading = "Machine")]
    machine: MachineFlags,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Which {
    /// What was trained on
    Train,
    /// What decided which weights are best
    Val,
    /// What was held back
    Test,
}

/// A matrix of more classes is too wide for a terminal.
const MOST_SHOWN: usize = 20;

impl Eval {
    #[allow(clippy::indexing_slicing, reason = "a JSON object takes any key")]
    pub(super) fn run(self) -> Result<Outcome> {
        let mut trained = self.trained.load(self.data.as_deref())?;
        let (data, other) = match (&self.data, &self.trained.run) {
            (Some(data), Some(_)) => {
                let other = inputs::other(data, &trained, self.split.is_some())?;
                (other, true)
            }
            _ => (trained.data()?, false),
        };
        let (split, name) = self.choose(&data, other)?;
        let forward = Forward::record(&trained.network, BATCH.min(split.len as u32))?;
        let (exec, line) = self.machine.executor(&forward.plan)?;
        let logits = Evaluator::new(exec, &forward, &trained.weights)?.logits(&split.features)?;
        let measures = self.measure(&trained, split, &logits)?;
        if self.json {
            let mut all = measures.json();
            all["weights"] = json!(trained.weights_file);
            all["data"] = json!(data.name);
            all["split"] = json!(name);
            for worst in all["worst"].as_array_mut().into_iter().flatten() {
                let index = worst["index"].as_u64().unwrap_or(0) as usize;
                worst["name"] = json!(split.names.of(index));
            }
            say!("{all}")?;
            return Ok(Outcome::Done);
        }
        say!("model: {}", trained.model)?;
        say!("weights: {}", trained.weights_file.display())?;
        say!("{line}")?;
        say!("{} {name} samples of {}", split.len, data.name)?;
        measures.say(&trained, &split.names)?;
        Ok(Outcome::Done)
    }

    /// The samples to evaluate on, and what they are called.
    fn choose<'a>(&self, data: &'a Dataset, other: bool) -> Result<(&'a Split, &'static str)> {
        let none = |what| {
            let others = match &data.val {
                Some(_) => "use --split val or --split train, or --data with other data",
                None => "use --split train, or --data with other data",
            };
            Error::Usage(format!("{} has no {what} split; {others}", data.name))
        };
        match (self.split, &data.test) {
            (Some(Which::Train), _) => Ok((&data.train, "training")),
            (Some(Which::Val), _) => {
                let val = data.val.as_ref().ok_or_else(|| none("validation"))?;
                Ok((val, "validation"))
            }
            (_, Some(test)) => Ok((test, "test")),
            (None, None) if other => Ok((&data.train, "given")),
            (_, None) => Err(none("test")),
        }
    }

    fn measure(&self, trained: &Trained, split: &Split, logits: &Logits) -> Result<Measures> {
        let names = names(&trained.form.task);
        match &split.targets {
            Targets::Classes(labels) => {
                let most = names.len();
                let k = self.top.map_or(most.min(5), |k| k as usize);
                if k > most {
                    return Err(Error::Usage(format!(
                        "--top {k}: there are only {most} classes; expected at most that"
                    )));
                }
                let top = if k == 1 { vec![1] } else { vec![1, k] };
                let objective = &trained.objective;
                classification(logits, labels, names, objective, &top, self.worst)
                    .map(Measures::Classification)
            }
            Targets::Values { data, .. } => {
                if self.top.is_some() {
                    return Err(Error::Usage(
                        "--top has no effect in a regression: remove it".into(),
                    ));
                }
                regression(logits, data, names, &trained.objective, self.worst)
                    .map(Measures::Regression)
            }
        }
    }
}

enum Measures {
    Classification(Classification),
    Regression(Regression),
}

impl Measures {
    fn json(&self) -> serde_json::Value {
        match self {
            Measures::Classification(c) => json!(c),
            Measures::Regression(r) => json!(r),
        }
    }

    fn say(&self, trained: &Trained, samples: &Names) -> Result<()> {
        let names = names(&trained.form.task);
        let called = match (&trained.objective.loss, self) {
            (Loss::Usual, Measures::Classification(_)) => "loss".into(),
            (Loss::Usual, Measures::Regression(_)) => "loss (mean squared error)".into(),
            (loss, _) => format!("loss ({loss})"),
        };
        match self {
            Measures::Classification(c) => {
                say!("{called} {:.6}", c.loss)?;
                for top in &c.top {
                    let what = match top.k {
                        1 => "accuracy".to_string(),
                        k => format!("top-{k} accuracy"),
                    };
                    say!("{what} {:.2}%", 100.0 * top.accuracy)?;
                }
                say_classes(&c.classes)?;
                say_confusion(c)?;
                say_worst(c, names, samples)
            }
            Measures::Regression(r) => {
                say!("{called} {:.6}", r.loss)?;
                let width = width(names.iter().chain([&"output".to_string()]));
                say!(
                    "\n{:<width$} {:>12} {:>12} {:>8}",
                    "output",
                    "MSE",
                    "MAE",
                    "R²"
                )?;
                for o in &r.outputs {
                    let r2 = o.r2.map_or("-".into(), |r2| format!("{r2:.4}"));
                    say!(
                        "{:<width$} {:>12.6} {:>12.6} {r2:>8}",
                        o.output,
                        o.mse,
                        o.mae
                    )?;
                }
                say_missed(r, samples)
            }
        }
    }
}

fn width<'a>(names: impl Iterator<Item = &'a String>) -> usize {
    names.map(|n| n.chars().count()).max().unwrap_or(0)
}

fn say_classes(rows: &[ClassRow]) -> Result<()> {
    let width = width(rows.iter().map(|r| &r.class)).max(5);
    say!(
        "\n{:<width$} {:>8} {:>10} {:>8} {:>8}",
        "class",
        "samples",
        "precision",
        "recall",
        "F1"
    )?;
    let show = |x: Option<f64>| x.map_or("-".into(), |x| format!("{x:.4}"));
    for r in rows {
        let [precision, recall, f1] = [r.precision, r.recall, r.f1].map(show);
        let (class, support) = (&r.class, r.support);
        say!("{class:<width$} {support:>8} {precision:>10} {recall:>8} {f1:>8}")?;
    }
    Ok(())
}

fn say_confusion(c: &Classification) -> Result<()> {
    let Some(confusion) = c.confusion.as_ref().filter(|m| m.len() <= MOST_SHOWN) else {
        return say!("\n--json has the confusion matrix of up to 1000 classes");
    };
    let name = width(c.classes.iter().map(|r| &r.class)).max(5);
    let most = confusion.iter().flatten().max().copied().unwrap_or(0);
    let cell = most
        .to_string()
        .len()
        .max(c.classes.len().to_string().len());
    say!("\nconfusion: a row is a class, a column what its samples were taken for")?;
    let heads: Vec<String> = (0..c.classes.len())
        .map(|i| format!("{i:>cell$}"))
        .collect();
    say!("{:<name$}     {}", "", heads.join(" "))?;
    for (i, (row, class)) in confusion.iter().zip(&c.classes).enumerate() {
        let cells = row.iter().map(|&n| match n {
            0 => format!("{:>cell$}", "."),
            n => format!("{n:>cell$}"),
        });
        let cells: Vec<String> = cells.collect();
        say!("{:<name$} {i:>2}  {}", class.class, cells.join(" "))?;
    }
    Ok(())
}

/// A sample's index, and its name if it has one.
fn called(index: usize, samples: &Names) -> String {
    match samples.of(index) {
        Some(name) => format!("{index:>8} ({name})"),
        None => format!("{index:>8}"),
    }
}

fn say_worst(c: &Classification, names: &[String], samples: &Names) -> Result<()> {
    if c.worst.is_empty() {
        return Ok(());
    }
    say!("\nsamples with the greatest loss, counted from 0")?;
    let name = |class: usize| names.get(class).map_or("", String::as_str);
    for w in &c.worst {
        say!(
            "{}: is {}, taken for {}; its own probability {:.2e}, loss {:.4}",
            called(w.index, samples),
            name(w.label),
            name(w.predicted),
            w.probability,
            w.loss
        )?;
    }
    Ok(())
}

fn say_missed(r: &Regression, samples: &Names) -> Result<()> {
    if r.worst.is_empty() {
        return Ok(());
    }
    say!("\nsamples with the greatest squared error, counted from 0")?;
    let list = |values: &[f32]| -> String {
        let values: Vec<String> = values.iter().map(f32::to_string).collect();
        values.join(", ")
    };
    for w in &r.worst {
        say!(
            "{}: is {}, predicted {}; squared error {:.6}",
            called(w.index, samples),
            list(&w.goal),
            list(&w.prediction),
            w.squared_error
        )?;
    }
    Ok(())
}
