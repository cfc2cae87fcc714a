//! Data as a user of the library sees it: names, directories, tables, options, and what is said when they are wrong.

mod csv;
mod idx;
mod named;
mod numpy;
mod pictures;
mod samples;
mod scaling;
mod validation;

use kiln::data::{self, Dataset, Features, Options, Split, Targets, Task};

fn load(name_or_path: &str, options: &Options) -> Dataset {
    data::load(name_or_path, options).unwrap_or_else(|error| panic!("{error}"))
}

/// The message with which loading fails.
fn refusal(name_or_path: &str, options: &Options) -> String {
    match data::load(name_or_path, options) {
        Ok(dataset) => panic!("loaded: {}", dataset.summary),
        Err(error) => error.to_string(),
    }
}

/// The values of a split as the network sees them; `plane` is the number of values of one channel.
fn values(split: &Split, channels: usize, plane: usize) -> Vec<f32> {
    match &split.features {
        Features::Floats(data) => data.clone(),
        Features::Bytes { data, table } => {
            assert_eq!(table.len(), channels * 256);
            data.iter()
                .enumerate()
                .map(|(i, &byte)| table[i / plane % channels * 256 + usize::from(byte)])
                .collect()
        }
    }
}

fn labels(split: &Split) -> &[u32] {
    match &split.targets {
        Targets::Classes(labels) => labels,
        Targets::Values { .. } => panic!("expected classes"),
    }
}

fn outputs(split: &Split) -> &[f32] {
    match &split.targets {
        Targets::Values { data, width: 1 } => data,
        other => panic!("expected one value a sample, found {other:?}"),
    }
}

fn classes(dataset: &Dataset) -> Vec<&str> {
    match &dataset.task {
        Task::Classification { classes } => classes.iter().map(String::as_str).collect(),
        Task::Regression { .. } => panic!("expected classification"),
    }
}

/// Panics unless every size in a data set fits every other: what training relies on.
fn assert_consistent(dataset: &Dataset) {
    let width: usize = dataset.shape.iter().map(|&dim| dim as usize).product();
    for split in [
        Some(&dataset.train),
        dataset.val.as_ref(),
        dataset.test.as_ref(),
    ]
    .into_iter()
    .flatten()
    {
        assert!(split.len > 0);
        let features = match &split.features {
            Features::Bytes { data, table } => {
                assert_eq!(table.len(), dataset.shape[0] as usize * 256);
                data.len()
            }
            Features::Floats(data) => {
                assert!(data.iter().all(|value| value.is_finite()));
                data.len()
            }
        };
        assert_eq!(features, split.len * width);
        match (&split.targets, &dataset.task) {
            (Targets::Classes(labels), Task::Classification { classes }) => {
                assert_eq!(labels.len(), split.len);
                assert!(labels.iter().all(|&label| (label as usize) < classes.len()));
            }
            (Targets::Values { data, width }, Task::Regression { outputs }) => {
                assert_eq!(
                    (data.len(), *width as usize),
                    (split.len * outputs.len(), outputs.len())
                );
                assert!(data.iter().all(|value| value.is_finite()));
            }
            (targets, task) => panic!("{task:?} with {targets:?}"),
        }
    }
}
