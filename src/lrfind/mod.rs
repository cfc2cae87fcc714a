//! The learning-rate finder: short runs whose rate grows from update to update, and what their losses say.
//!
//! A sweep trains copies and keeps nothing. Its rate is a [`Schedule`] like any other, so that a sweep is a
//! run like any other; initial weights and data order are pure functions of the seed, so that there is nothing
//! to restore, and [`Untouched`] shows by digest that nothing has changed.

mod rules;
mod verdict;

pub use rules::Rules;
pub use verdict::Verdict;

use serde::Serialize;
use xxhash_rust::xxh3::{Xxh3, xxh3_64};

use crate::{
    control::{Monitor, Observe},
    data::{self, Dataset},
    error::{Error, Result},
    exec::Executor,
    schedule::{LearningRate, Schedule},
    train::{Config, Evaluation, Observer, Order, Session, Trainer, Update},
};

/// How much of the smoothed loss each loss leaves: fastai's.
pub const SMOOTHING: f64 = 0.98;
/// A sweep ends where the smoothed loss exceeds its lowest value by this factor.
pub const DIVERGED: f64 = 4.0;
/// Points at the end that are not judged, as the loss climbs there.
const CLIMB: usize = 5;
/// The fewest updates of a sweep.
pub const FEWEST: u64 = 30;
/// Updates between two looks at the loss; as many again may be under way.
const LOOK: u64 = 8;

/// Rates from one to another, evenly spaced in their logarithm.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Sweep {
    /// The first update's rate.
    pub from: f64,
    /// The last update's rate.
    pub to: f64,
    /// Updates.
    pub steps: u64,
}

impl Sweep {
    /// # Errors
    /// If it would not rise, or be too short to be judged.
    pub fn new(from: f64, to: f64, steps: u64) -> Result<Sweep> {
        let range = from > 0.0 && to.is_finite() && from < to && to <= f64::from(f32::MAX);
        if !range || to / from < 10.0 {
            return Err(Error::Usage(format!(
                "a sweep of the rate from {from:e} to {to:e} shows nothing; expected 0 < --from < --to, at \
                 least a decade apart, such as --from 1e-7 --to 10"
            )));
        }
        if steps < FEWEST {
            return Err(Error::Usage(format!(
                "--steps {steps} are too few to judge a curve; expected at least {FEWEST}, better 100"
            )));
        }
        Ok(Sweep { from, to, steps })
    }

    /// The rate of every update: `from * (to / from) ** (i / (steps - 1))`.
    ///
    /// # Errors
    /// If the language refuses the numbers.
    pub fn schedule(&self) -> Result<Schedule> {
        Ok(self.text().parse()?)
    }

    /// The same in the language of schedules.
    pub fn text(&self) -> String {
        let (from, to) = (self.from, self.to);
        format!("geometric({from:?} -> {to:?}, {})", self.steps.max(2) - 1)
    }

    /// The points that are judged, of `len`: without the first tenth, whose smoothed losses have seen little,
    /// and without the climb at the end. As fastai does.
    fn judged(&self, len: usize) -> (usize, usize) {
        let skip = (self.steps / 10) as usize;
        (skip.min(len), len.saturating_sub(CLIMB).max(skip.min(len)))
    }
}

/// How a sweep ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum End {
    /// At its last rate.
    Complete,
    /// As the loss rose to a multiple of its lowest value.
    Diverged,
    /// As the loss or a gradient was no longer a number.
    NotFinite,
    /// By whoever watched.
    Stopped,
}

/// What one run of a sweep saw.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Curve {
    /// Seed of its weights and its order.
    pub seed: u64,
    /// The rate of each update.
    pub rates: Vec<f64>,
    /// Its batch's loss.
    pub losses: Vec<f64>,
    /// The exponential mean of the losses so far, without the bias of its start.
    pub smoothed: Vec<f64>,
    /// How it ended.
    pub end: End,
    /// What each rule says.
    pub rules: Rules,
}

impl Curve {
    fn empty(seed: u64) -> Curve {
        Curve {
            seed,
            rates: Vec::new(),
            losses: Vec::new(),
            smoothed: Vec::new(),
            end: End::Complete,
            rules: Rules::default(),
        }
    }

    /// Of recorded rates and losses, which it reads until the loss diverges.
    pub fn of(sweep: &Sweep, seed: u64, points: impl IntoIterator<Item = (f64, f64)>) -> Curve {
        let mut recorder = Recorder::new(seed);
        for (rate, loss) in points {
            if !recorder.add(rate, loss) {
                break;
            }
        }
        recorder.finish(sweep)
    }

    /// The rates and smoothed losses that rules are asked about.
    pub fn judged(&self, sweep: &Sweep) -> (&[f64], &[f64]) {
        let (start, end) = sweep.judged(self.losses.len());
        (&self.rates[start..end], &self.smoothed[start..end])
    }
}

/// A curve that grows.
struct Recorder {
    curve: Curve,
    sum: f64,
    weight: f64,
    best: f64,
}

impl Recorder {
    fn new(seed: u64) -> Recorder {
        Recorder {
            curve: Curve::empty(seed),
            sum: 0.0,
            weight: 0.0,
            best: f64::INFINITY,
        }
    }

    /// Takes a loss, and says whether to go on.
    fn add(&mut self, rate: f64, loss: f64) -> bool {
        if self.curve.end != End::Complete {
            return false;
        }
        if !loss.is_finite() {
            self.curve.end = End::NotFinite;
            return false;
        }
        self.sum = SMOOTHING * self.sum + (1.0 - SMOOTHING) * loss;
        self.weight = SMOOTHING * self.weight + (1.0 - SMOOTHING);
        let smooth = self.sum / self.weight;
        self.best = self.best.min(smooth);
        self.curve.rates.push(rate);
        self.curve.losses.push(loss);
        self.curve.smoothed.push(smooth);
        if smooth > DIVERGED * self.best {
            self.curve.end = End::Diverged;
        }
        self.curve.end == End::Complete
    }

    fn finish(mut self, sweep: &Sweep) -> Curve {
        let (rates, losses) = self.curve.judged(sweep);
        self.curve.rules = Rules::of(rates, losses);
        self.curve
    }
}

struct Watch<'a> {
    recorder: Recorder,
    stop: &'a dyn Fn() -> bool,
}

impl Observer for Watch<'_> {
    fn update(&mut self, row: &Update) -> Result<()> {
        self.recorder.add(row.lr, row.loss);
        Ok(())
    }

    fn evaluation(&mut self, _row: &Evaluation) -> Result<()> {
        Ok(())
    }

    fn should_stop(&self) -> bool {
        self.recorder.curve.end != End::Complete || (self.stop)()
    }

    fn pause_at(&self, step: u64) -> u64 {
        step + LOOK
    }
}

/// What is swept: a session without evaluation, the data and settings it was recorded for.
pub struct Subject<'a> {
    /// The recorded steps.
    pub session: &'a Session,
    /// The settings; each run has its own seed.
    pub config: &'a Config,
    /// The data, of which only the training split is used.
    pub data: &'a Dataset,
}

impl Subject<'_> {
    /// One run, from these weights, on an executor of its own. It is no error that it diverges.
    ///
    /// # Errors
    /// What the device reports.
    pub fn run(
        &self,
        sweep: &Sweep,
        seed: u64,
        weights: &[Vec<f32>],
        exec: Box<dyn Executor>,
        stop: &dyn Fn() -> bool,
    ) -> Result<Curve> {
        let config = Config {
            seed,
            ..self.config.clone()
        };
        let plan: LearningRate = sweep.text().parse()?;
        let run = crate::schedule::Run::new(sweep.from);
        let rate = plan.start(&run, Monitor::Loss, Observe::Epoch)?;
        let mut watch = Watch {
            recorder: Recorder::new(seed),
            stop,
        };
        let mut trainer = Trainer::new(exec, self.session, &config, rate, self.data, weights)?;
        let ended = trainer.run(sweep.steps, &mut watch);
        let curve = &mut watch.recorder.curve;
        match ended {
            Err(Error::Diverged(_)) => curve.end = End::NotFinite,
            Err(e) => return Err(e),
            Ok(false) if curve.end == End::Complete => curve.end = End::Stopped,
            Ok(_) => {}
        }
        Ok(watch.recorder.finish(sweep))
    }
}

/// Digests of what a run of `train` starts from. They are the same before and after a sweep.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Untouched {
    /// Of the initial weights.
    pub weights: String,
    /// Of the order in which the first epoch visits the samples, which the generator decides.
    pub order: String,
    /// Of the training samples.
    pub data: String,
}

impl Untouched {
    /// Of the weights that a run would start from, made or read anew by the caller.
    pub fn of(weights: &[Vec<f32>], config: &Config, data: &Dataset) -> Untouched {
        let mut hash = Xxh3::new();
        for values in weights {
            hash.update(bytemuck::cast_slice(values));
        }
        let samples = data.train.len;
        let order = match config.order {
            Order::Shuffled => data::order(config.seed, 0, samples),
            Order::Sequential => (0..samples as u32).collect(),
        };
        let text = |digest: u64| format!("{digest:016x}");
        Untouched {
            weights: text(hash.digest()),
            order: text(xxh3_64(bytemuck::cast_slice(&order))),
            data: text(data.train.digest()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The rates are the formula's, from the first to the last.
    #[test]
    fn rates_are_evenly_spaced_in_their_logarithm() {
        let sweep = Sweep::new(1e-7, 10.0, 200).unwrap();
        let schedule = sweep.schedule().unwrap();
        for i in 0..200u64 {
            let rate = 1e-7 * (10.0f64 / 1e-7).powf(i as f64 / 199.0);
            assert!((schedule.at(i) / rate - 1.0).abs() < 1e-12, "{i}");
        }
        assert_eq!((schedule.at(0), schedule.at(199)), (1e-7, 10.0));
        for (from, to, steps) in [
            (0.0, 1.0, 100),
            (1.0, 0.1, 100),
            (1e-3, 2e-3, 100),
            (1e-3, 1.0, 9),
        ] {
            assert!(Sweep::new(from, to, steps).is_err());
        }
        assert!(Sweep::new(f64::NAN, 1.0, 100).is_err());
    }

    /// The mean of a constant is that constant from the first update on; a fourfold loss, or one that is no
    /// number, ends the curve.
    #[test]
    fn curves_end_where_the_loss_diverges() {
        let sweep = Sweep::new(1e-3, 1.0, 100).unwrap();
        let of = |losses: Vec<f64>| Curve::of(&sweep, 0, losses.into_iter().map(|x| (0.1, x)));
        let flat = of(vec![0.7; 100]);
        assert!(flat.smoothed.iter().all(|x| (x - 0.7).abs() < 1e-12));
        assert_eq!(flat.end, End::Complete);
        let rising = of((0..100).map(|i| f64::from(i).exp()).collect());
        assert_eq!(rising.end, End::Diverged);
        assert!(rising.losses.len() < 10);
        let lost = of(vec![1.0, f64::NAN, 1.0]);
        assert_eq!((lost.end, lost.losses.len()), (End::NotFinite, 1));
    }
}
