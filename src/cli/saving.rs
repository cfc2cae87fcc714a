//! The flags that say when a run is saved and when it ends by itself.

use std::{fmt, str::FromStr, time::Duration};

use clap::Args;

use super::{number, setup::Watched};
use crate::{
    error::{Error, Result},
    train::Evaluation,
};

/// See the module.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Saving and stopping")]
pub(super) struct Saving {
    /// Write a checkpoint every so often: updates (500), epochs (2ep), or time (30s, 10m, 1h) [default:
    /// every epoch that ends 5 s after the last one]
    #[arg(long, value_name = "WHEN")]
    pub(super) save_every: Option<Every>,
    /// How many of the latest checkpoints are kept, besides the best [default: 3]
    #[arg(long, value_name = "N", value_parser = number::whole(1u32, 3))]
    pub(super) keep: Option<u32>,
    /// What the best checkpoint is best at [default: eval-accuracy, in a regression eval-loss]
    #[arg(long, value_enum, value_name = "WHAT")]
    pub(super) best: Option<Watched>,
    /// Stop after N evaluations without a better one; the best weights are the result
    #[arg(long, value_name = "N", value_parser = number::whole(1u32, 5))]
    pub(super) patience: Option<u32>,
    /// Stop after this time: 90s, 10m, 2h
    #[arg(long, value_name = "TIME")]
    pub(super) max_time: Option<Time>,
    /// Stop when it is reached: "eval_accuracy>=0.9", "eval_loss<=0.3"
    #[arg(long, value_name = "CONDITION")]
    pub(super) until: Option<Until>,
}

/// How many of the latest checkpoints are kept where nobody says.
pub(super) const CHECKPOINTS: u32 = 3;

/// How often to save.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Every {
    Updates(u64),
    Epochs(u64),
    Time(Duration),
}

/// A time span of a person's.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Time(pub(super) Duration);

/// A level of an evaluation's number.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Until {
    text: String,
    accuracy: bool,
    level: f64,
}

impl Saving {
    /// Refuses what needs a run directory where there is none.
    pub(super) fn check_unsaved(&self) -> Result<()> {
        let (flag, why) = if self.patience.is_some() {
            ("--patience", "the best weights are kept there")
        } else if self.save_every.is_some() {
            ("--save-every", "checkpoints are written there")
        } else if self.keep.is_some_and(|n| n != CHECKPOINTS) {
            // As it is by default it stands in every run's settings, which may be trained with again.
            ("--keep", "checkpoints are kept there")
        } else {
            return Ok(());
        };
        let key = flag.trim_start_matches('-');
        Err(Error::Usage(format!(
            "{flag} needs a run directory, as {why}: remove --no-out, or leave the setting out (of a file: \
             --unset {key})"
        )))
    }
}

impl FromStr for Every {
    type Err = String;

    fn from_str(text: &str) -> Result<Every, Self::Err> {
        let whole = |digits: &str| digits.parse::<u64>().ok().filter(|&n| n > 0);
        let epochs = text.strip_suffix("ep").and_then(whole);
        let updates = || whole(text.strip_suffix("up").unwrap_or(text));
        match (epochs, updates()) {
            (Some(n), _) => Ok(Every::Epochs(n)),
            (_, Some(n)) => Ok(Every::Updates(n)),
            _ => text.parse().map(|Time(t)| Every::Time(t)).map_err(|_| {
                "expected updates (500), epochs (2ep) or a time (30s, 10m, 1h), all above 0".into()
            }),
        }
    }
}

impl fmt::Display for Every {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Every::Updates(n) => write!(f, "{n} updates"),
            Every::Epochs(n) => write!(f, "{n} epochs"),
            Every::Time(t) => write!(f, "{} s", t.as_secs_f64()),
        }
    }
}

impl FromStr for Time {
    type Err = String;

    fn from_str(text: &str) -> Result<Time, Self::Err> {
        let units = [
            ("ms", 1e-3),
            ("s", 1.0),
            ("m", 60.0),
            ("min", 60.0),
            ("h", 3600.0),
        ];
        let read = |(unit, seconds): (&str, f64)| {
            let number = text.strip_suffix(unit)?.trim().parse::<f64>().ok()?;
            let seconds = number * seconds;
            (seconds > 0.0 && seconds < 1e9).then(|| Time(Duration::from_secs_f64(seconds)))
        };
        units
            .into_iter()
            .find_map(read)
            .ok_or_else(|| "expected a time with its unit, above 0: 90s, 10m, 2h".into())
    }
}

impl FromStr for Until {
    type Err = String;

    fn from_str(text: &str) -> Result<Until, Self::Err> {
        let expected = || "expected eval_accuracy>=LEVEL or eval_loss<=LEVEL".to_string();
        let compact: String = text.chars().filter(|c| !c.is_whitespace()).collect();
        let compact = compact.replace('-', "_");
        let accuracy = compact.strip_prefix("eval_accuracy>=");
        let loss = || text.rsplit_once("<=").map(|(_, level)| level.trim());
        let (accuracy, level) = match accuracy {
            Some(level) => (true, level),
            None if compact.starts_with("eval_loss<=") => (false, loss().ok_or_else(expected)?),
            None => return Err(expected()),
        };
        let level: f64 = level.parse().map_err(|_| expected())?;
        let possible = match accuracy {
            true => (0.0..=1.0).contains(&level),
            false => level.is_finite(),
        };
        if !possible {
            return Err(format!(
                "{level} is never reached; an accuracy is from 0 to 1"
            ));
        }
        Ok(Until {
            text: text.into(),
            accuracy,
            level,
        })
    }
}

impl fmt::Display for Until {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Until {
    /// Whether it needs an accuracy.
    pub(super) fn of_accuracy(&self) -> bool {
        self.accuracy
    }

    /// Whether no evaluation can reach it: no loss that there is here falls below 0.
    pub(super) fn is_out_of_reach(&self) -> bool {
        !self.accuracy && self.level < 0.0
    }

    /// Whether an evaluation reaches it.
    pub(super) fn reached(&self, row: &Evaluation) -> bool {
        match self.accuracy {
            true => row.eval_accuracy.is_some_and(|a| a >= self.level),
            false => row.eval_loss <= self.level,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Units are read as people write them; a number without one is never a time.
    #[test]
    fn spans_and_levels() {
        assert_eq!("500".parse(), Ok(Every::Updates(500)));
        assert_eq!("2ep".parse(), Ok(Every::Epochs(2)));
        assert_eq!("10m".parse(), Ok(Every::Time(Duration::from_secs(600))));
        for wrong in ["0", "0ep", "ten", "-1", "5 years"] {
            assert!(wrong.parse::<Every>().is_err(), "{wrong}");
        }
        assert!("90".parse::<Time>().is_err());
        let row = |accuracy, loss| Evaluation {
            step: 0,
            epoch: 0.0,
            eval_loss: loss,
            eval_accuracy: accuracy,
            ..Evaluation::default()
        };
        let until: Until = "eval_accuracy >= 0.9".parse().unwrap();
        assert!(until.reached(&row(Some(0.9), 1.0)) && !until.reached(&row(Some(0.89), 0.0)));
        let until: Until = "eval-loss<=1e-1".parse().unwrap();
        assert!(until.reached(&row(None, 0.1)) && !until.reached(&row(None, 0.2)));
        assert!("eval_accuracy>=90".parse::<Until>().is_err());
        assert!("loss<1".parse::<Until>().is_err());
    }
}
