//! Data on its way from a source to a [`Dataset`]: split, standardised, limited, summed up, any data alike.

use super::{
    Dataset, Error, Options, Shape, Split, Standardization, Targets, Task, dataset, split,
    standardize,
};

/// Data as its source gives it: checked and split, with nothing done yet that is done to any data alike.
#[derive(Debug)]
pub(super) struct Loaded {
    pub(super) shape: Shape,
    /// As in [`Dataset`].
    pub(super) columns: Vec<String>,
    pub(super) task: Task,
    pub(super) train: Split,
    pub(super) val: Option<Split>,
    pub(super) test: Option<Split>,
    /// As in [`Dataset`].
    pub(super) test_fraction: Option<f64>,
    /// How it came to be split, for the summary.
    pub(super) origin: String,
}

impl Loaded {
    /// All rows of a table, split by the fraction asked for: by class for classification, by the seed for regression.
    pub(super) fn split(
        shape: Shape,
        task: Task,
        all: Split,
        options: &Options,
    ) -> Result<Self, Error> {
        let usual = if options.whole {
            0.0
        } else {
            split::DEFAULT_FRACTION
        };
        let fraction = options.test_fraction.unwrap_or(usual);
        if fraction == 0.0 {
            let origin = "no test split, as asked".to_owned();
            return Ok(Self {
                shape,
                columns: Vec::new(),
                task,
                train: all,
                val: None,
                test: None,
                test_fraction: Some(0.0),
                origin,
            });
        }
        let (is_test, chosen) = match &all.targets {
            Targets::Classes(labels) => (
                split::stratified(labels, fraction),
                "of each class, evenly spaced".to_owned(),
            ),
            Targets::Values { .. } => (
                split::random(all.len, fraction, options.seed),
                format!("of the rows, chosen by seed {}", options.seed),
            ),
        };
        split::check(
            &is_test,
            fraction,
            ("--test-fraction", "data's rows", "test"),
        )?;
        let width = dataset::width(&shape);
        let test = all.select(width, |row| is_test.get(row) == Some(&true));
        let train = all.select(width, |row| is_test.get(row) == Some(&false));
        Ok(Self {
            shape,
            columns: Vec::new(),
            task,
            train,
            val: None,
            test: Some(test),
            test_fraction: Some(fraction),
            origin: format!("{fraction} {chosen}, is test data"),
        })
    }

    /// Standardises, then limits, then sums up.
    pub(super) fn finish(self, name: &str, options: &Options) -> Result<Dataset, Error> {
        let Self {
            shape,
            columns,
            mut task,
            mut train,
            mut val,
            mut test,
            test_fraction,
            origin,
        } = self;
        let mut notes = vec![origin];
        if let Some(fraction) = options.val_fraction {
            (train, val) = hold_back(train, val, &shape, (fraction, options.seed), name)?;
            notes.push(format!(
                "{fraction} of the rest, chosen by seed {}, is validation data",
                options.seed
            ));
        }
        if let Some(wanted) = options.classes {
            task = with_classes(task, wanted, name)?;
        }
        let splits = [
            (Some(&mut train), "training"),
            (val.as_mut(), "validation"),
            (test.as_mut(), "test"),
        ];
        let standardization = standardize(splits, &shape, options, &mut notes)?;
        let available = train.len;
        if let Some(limit) = options.limit {
            if limit > available {
                let expected =
                    format!("{name} has {available} training samples; expected no more than that");
                return Err(Error::InvalidOption {
                    option: "--limit",
                    value: limit.to_string(),
                    expected,
                });
            }
            train = train.select(dataset::width(&shape), |row| row < limit);
            notes.push(format!(
                "limited to the first {limit} of {available} training samples"
            ));
        }
        let splits = [Some(&train), val.as_ref(), test.as_ref()];
        let summary = summary(name, &shape, &task, splits, &notes);
        Ok(Dataset {
            name: name.to_owned(),
            shape,
            columns,
            task,
            train,
            val,
            test,
            test_fraction,
            standardization,
            summary,
        })
    }
}

/// Standardises all splits, if the options say so, by the statistics given or by those of the first.
fn standardize(
    mut splits: [(Option<&mut Split>, &'static str); 3],
    shape: &[u32],
    options: &Options,
    notes: &mut Vec<String>,
) -> Result<Option<Standardization>, Error> {
    let [(Some(train), _), ..] = &splits else {
        return Ok(None);
    };
    let statistics = match &options.standardization {
        Some(given) => {
            given.check(shape)?;
            notes.push("standardised by the statistics given".to_owned());
            given.clone()
        }
        None if options.standardize => {
            let (statistics, constant) = standardize::fit(train, shape);
            notes.push(match constant {
                0 => "standardised".to_owned(),
                _ => format!("standardised ({constant} constant, divided by 1)"),
            });
            statistics
        }
        None => return Ok(None),
    };
    for (split, name) in &mut splits {
        if let Some(split) = split {
            standardize::apply(&statistics, &mut split.features, shape, name)?;
        }
    }
    Ok(Some(statistics))
}

/// The training split without the part that is held back for validation, and that part.
fn hold_back(
    train: Split,
    val: Option<Split>,
    shape: &[u32],
    (fraction, seed): (f64, u64),
    data: &str,
) -> Result<(Split, Option<Split>), Error> {
    if val.is_some() {
        return Err(Error::NoEffect {
            option: "--val-fraction",
            data: data.to_owned(),
            reason: "its validation split comes with the data",
        });
    }
    let is_val = split::validation(&train.targets, train.len, fraction, seed);
    let option = ("--val-fraction", "training samples", "validation");
    split::check(&is_val, fraction, option)?;
    let width = dataset::width(shape);
    Ok((
        train.select(width, |row| is_val.get(row) == Some(&false)),
        Some(train.select(width, |row| is_val.get(row) == Some(&true))),
    ))
}

/// The task with class names up to `wanted`.
fn with_classes(task: Task, wanted: usize, data: &str) -> Result<Task, Error> {
    let Task::Classification { mut classes } = task else {
        return Err(Error::NoEffect {
            option: "--classes",
            data: data.to_owned(),
            reason: "a regression has none",
        });
    };
    if wanted == classes.len() {
        return Err(Error::NoEffect {
            option: "--classes",
            data: data.to_owned(),
            reason: "it has as many",
        });
    }
    if wanted < classes.len() || wanted > 1 << 16 {
        return Err(Error::InvalidOption {
            option: "--classes",
            value: wanted.to_string(),
            expected: format!(
                "{data} has {} class{}; expected at least as many, and at most 65536",
                classes.len(),
                if classes.len() == 1 { "" } else { "es" }
            ),
        });
    }
    classes.extend((classes.len()..wanted).map(|class| class.to_string()));
    Ok(Task::Classification { classes })
}

/// One line about a data set.
fn summary(
    name: &str,
    shape: &[u32],
    task: &Task,
    [train, val, test]: [Option<&Split>; 3],
    notes: &[String],
) -> String {
    let count =
        |split: Option<&Split>| split.map_or("no".to_owned(), |split| split.len.to_string());
    let validation = match val {
        Some(val) => format!(", {} validation", val.len),
        None => String::new(),
    };
    let shape = match shape {
        [1] => "1 feature".to_owned(),
        [features] => format!("{features} features"),
        _ => shape
            .iter()
            .map(u32::to_string)
            .collect::<Vec<_>>()
            .join("×"),
    };
    let task = match task {
        Task::Classification { classes } => format!("{} classes", classes.len()),
        Task::Regression { outputs } => format!("regression of {}", outputs.join(", ")),
    };
    format!(
        "{name}: {} training{validation} and {} test samples of {shape}, {task}; {}",
        count(train),
        count(test),
        notes.join("; ")
    )
}
