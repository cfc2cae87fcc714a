//! What a trained model must know of the data that it was trained on: without it, it cannot be asked.

use std::{fs, path::Path};

use serde::{Deserialize, Serialize};

use super::{Dataset, Preprocessing, Shape, Standardization, Task};
use crate::{
    error::{Error, Result},
    files::write_atomically,
};

/// The form of a data set's samples and answers, and a digest of the samples themselves.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Form {
    /// The name or path that it was loaded by.
    pub name: String,
    /// The shape of one sample.
    pub shape: Shape,
    /// The names of the features, where the columns of a table have given them; else none.
    pub columns: Vec<String>,
    /// What is to be learned, with the names of classes or outputs.
    pub task: Task,
    /// What standardised the features, if that was asked for.
    pub standardization: Option<Standardization>,
    /// What was done to the data's own numbers; none where bytes mean something that is no straight line.
    pub preprocessing: Option<Preprocessing>,
    /// [`Dataset::digest`].
    pub digest: u64,
}

impl Form {
    /// A data set's.
    pub fn of(data: &Dataset) -> Form {
        Form {
            name: data.name.clone(),
            shape: data.shape.clone(),
            columns: data.columns.clone(),
            task: data.task.clone(),
            standardization: data.standardization.clone(),
            preprocessing: Preprocessing::of(data).ok(),
            digest: data.digest(),
        }
    }

    /// Reads it from a file.
    ///
    /// # Errors
    /// If there is none, or it holds something else.
    pub fn read(path: &Path) -> Result<Form> {
        let text = fs::read(path).map_err(Error::io(path))?;
        let wrong = |why: String| {
            Error::file(
                path,
                format!("{why}; expected the form of a run's data, as `kiln train` writes it"),
            )
        };
        let form: Form = serde_json::from_slice(&text).map_err(|e| wrong(e.to_string()))?;
        form.check().map_err(wrong)?;
        Ok(form)
    }

    /// Refuses what no data has: the file may have been damaged, or written by hand.
    fn check(&self) -> Result<(), String> {
        let values = self
            .shape
            .iter()
            .try_fold(1, |n: u32, &dim| n.checked_mul(dim));
        if self.shape.is_empty() || values.is_none_or(|values| values == 0) {
            return Err(format!(
                "samples of shape {:?} hold no numbers, or too many",
                self.shape
            ));
        }
        let (Task::Classification { classes: names } | Task::Regression { outputs: names }) =
            &self.task;
        if names.is_empty() {
            return Err("it has no classes or outputs".into());
        }
        if !self.columns.is_empty() && self.shape != [self.columns.len() as u32] {
            return Err(format!(
                "{} columns do not make samples of shape {:?}",
                self.columns.len(),
                self.shape
            ));
        }
        let channels = self.shape.first().map_or(0, |&channels| channels as usize);
        let fits = |p: &Preprocessing| [p.center.len(), p.scale.len()] == [channels; 2];
        if !self.preprocessing.as_ref().is_none_or(fits) {
            return Err(format!(
                "its preprocessing is not one of {channels} channels or features"
            ));
        }
        match &self.standardization {
            Some(statistics) => statistics.check(&self.shape).map_err(|e| e.to_string()),
            None => Ok(()),
        }
    }

    /// Writes it to a file.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn save(&self, path: &Path) -> Result<()> {
        let json = serde_json::to_vec_pretty(self).map_err(|e| Error::file(path, e.to_string()))?;
        write_atomically(path, &json)
    }

    /// What keeps a model of this form from being asked about this data, in words.
    pub fn misfit(&self, data: &Dataset) -> Option<String> {
        let list = |names: &[String]| match names {
            [] => "unnamed".to_string(),
            names => names.join(", "),
        };
        let differ = |what: &str, found: String, own: String| {
            (found != own).then(|| format!("its {what} are {found}, the model's {own}"))
        };
        let shape = || {
            differ(
                "shapes",
                format!("{:?}", data.shape),
                format!("{:?}", self.shape),
            )
        };
        differ("columns", list(&data.columns), list(&self.columns))
            .or_else(shape)
            .or_else(|| match (&data.task, &self.task) {
                (Task::Classification { classes: found }, Task::Classification { classes })
                | (Task::Regression { outputs: found }, Task::Regression { outputs: classes }) => {
                    differ("answers", list(found), list(classes))
                }
                _ => Some("it poses another task".into()),
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{Options, load};

    /// What a model is told later is what its training knew, to the bit; and other data is told apart.
    #[test]
    fn forms_survive_a_file() {
        let options = Options {
            standardize: true,
            limit: Some(100),
            ..Options::default()
        };
        let digits = load("digits", &options).unwrap();
        let form = Form::of(&digits);
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("data.json");
        form.save(&path).unwrap();
        assert_eq!(Form::read(&path).unwrap(), form);
        assert_eq!(form.misfit(&digits), None);
        let mut renamed = digits.clone();
        renamed.task = Task::Classification {
            classes: (0..10).map(|i| format!("digit {i}")).collect(),
        };
        assert!(form.misfit(&renamed).unwrap().contains("digit 3"));
        let line = load("line", &Options::default()).unwrap();
        assert!(form.misfit(&line).is_some());
        fs::write(&path, "{}").unwrap();
        let e = Form::read(&path).unwrap_err().to_string();
        assert!(
            e.contains("data.json") && e.contains("expected the form"),
            "{e}"
        );
    }
}
