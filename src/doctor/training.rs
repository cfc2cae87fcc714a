//! A small training run: its path, its bits, its rates.

use std::sync::Arc;

use super::{Check, Verdict, compare::distance};
use crate::{
    data::{self, Dataset, Options},
    device::{Gpu, Machine},
    error::Result,
    exec::{self, RunTime},
    fit::{self, Rows},
    model::Network,
    optim::Optimizer,
    schedule::Schedule,
    train::{Config, Order, Session, Trainer},
};

/// Convolutions, both poolings, linear layers: small enough that a software driver compiles it in seconds.
const MODEL: &str = "Conv2d(6, 3, padding=1) ReLU MaxPool2d(2) Conv2d(10, 3) ReLU AvgPool2d(2) \
                     Flatten Linear(16) ReLU Linear(10)";
/// Updates of the path.
const STEPS: u64 = 20;
/// Samples of an update.
const BATCH: u32 = 32;
/// How far the path may be from the CPU executor's, by the largest number of each: sums in another order,
/// over and over.
const PATH: f64 = 1e-3;
/// What is trained: the embedded digits.
pub(super) struct Subject {
    pub(super) data: Dataset,
    pub(super) network: Network,
}

/// How a run went.
struct Run {
    losses: Vec<f32>,
    weights: Vec<Vec<f32>>,
}

impl Subject {
    pub(super) fn new() -> Result<Subject> {
        let options = Options {
            limit: Some((BATCH * STEPS as u32) as usize),
            ..Options::default()
        };
        let data = data::load("digits", &options)?;
        let network = fit::network(MODEL, &data)?;
        Ok(Subject { data, network })
    }

    pub(super) fn recorded(&self, optimizer: &str) -> Result<(Session, Config)> {
        let config = Config {
            batch_size: BATCH,
            order: Order::Sequential,
            optimizer: Optimizer::parse(optimizer)?,
            ..Config::default()
        };
        Ok((Session::record(&self.network, &self.data, &config)?, config))
    }

    /// Trains with a rate that is another one in every update, `every` updates between two waits.
    fn train(&self, machine: Machine, every: u64) -> Result<(Run, Vec<RunTime>)> {
        let (session, config) =
            self.recorded("SGD(momentum=0.9, nesterov=True, weight_decay=1e-4)")?;
        let rate = Schedule::linear(0.1, 0.001, STEPS);
        let exec = exec::on(machine, &session.plan)?;
        let weights = self.network.init(config.seed);
        let mut trainer = Trainer::new(exec, &session, &config, rate.into(), &self.data, &weights)?;
        trainer.executor_mut().start_clock();
        let mut rows = Rows::default();
        for step in (0..STEPS).step_by(every as usize) {
            trainer.run((step + every).min(STEPS), &mut rows)?;
        }
        let times = trainer.executor_mut().stop_clock()?;
        let run = Run {
            losses: rows.updates.iter().map(|u| u.loss as f32).collect(),
            weights: trainer.weights()?,
        };
        Ok((run, times))
    }

    /// The adapter's run beside the CPU executor's; itself once more; and with a wait after every update,
    /// so that no two of them share a submit.
    pub(super) fn path(&self, gpu: &Arc<Gpu>) -> Result<Vec<Check>> {
        let machine = || Machine::Gpu(gpu.clone());
        let (own, times) = self.train(machine(), STEPS)?;
        let (cpu, _) = self.train(Machine::Cpu, STEPS)?;
        let (again, _) = self.train(machine(), STEPS)?;
        let (waited, _) = self.train(machine(), 1)?;
        Ok(vec![
            followed(&own, &cpu),
            same_bits("determinism", "the same run twice", &own, &again),
            same_bits(
                "rates",
                "updates that share a submit, and one by one: each sees its own rate",
                &own,
                &waited,
            ),
            clock(&times),
        ])
    }
}

fn followed(own: &Run, cpu: &Run) -> Check {
    let losses = distance(&cpu.losses, &own.losses);
    let pairs = cpu.weights.iter().zip(&own.weights);
    let weights = pairs.map(|(c, o)| distance(c, o)).fold(0.0, f64::max);
    let all = own.losses.iter().chain(own.weights.iter().flatten());
    let finite = own.losses.len() == cpu.losses.len() && all.clone().all(|x| x.is_finite());
    let learned = own.losses.last() < own.losses.first();
    let said = format!(
        "{} updates beside the CPU executor: losses within {losses:.1e}, weights within {weights:.1e}",
        own.losses.len()
    );
    let fault = match (finite, learned) {
        (false, _) => Some(format!("{said}; not all of them are numbers")),
        (_, false) => Some(format!("{said}; the loss did not fall")),
        _ => (losses > PATH || weights > PATH).then(|| format!("{said}; allowed: {PATH:.0e}")),
    };
    Check::of("trajectory", said, fault)
}

fn same_bits(name: &'static str, what: &str, one: &Run, other: &Run) -> Check {
    let bits = |run: &Run| -> Vec<u32> {
        let all = run.losses.iter().chain(run.weights.iter().flatten());
        all.map(|x| x.to_bits()).collect()
    };
    let (one, other) = (bits(one), bits(other));
    let differ = one.iter().zip(&other).filter(|(a, b)| a != b).count();
    let fault = (differ > 0 || one.len() != other.len())
        .then(|| format!("{what}: {differ} of {} numbers differ", one.len()));
    Check::of(name, format!("{what}: the same bits"), fault)
}

/// What the device's clock is worth, which decides about benchmarks only.
fn clock(times: &[RunTime]) -> Check {
    let odd = times.iter().find(|t| t.ms.is_nan() || t.ms <= 0.0);
    let said = match (times.first(), odd) {
        (None, _) => "none; benchmarks use wall time".into(),
        (_, Some(odd)) => format!(
            "a submit takes {:.4} ms by them; benchmarks use wall time",
            odd.ms
        ),
        _ => {
            let ms: f64 = times.iter().map(|t| t.ms).sum();
            let runs: u32 = times.iter().map(|t| t.runs).sum();
            format!("plausible: {:.3} ms an update", ms / f64::from(runs.max(1)))
        }
    };
    Check {
        verdict: Verdict::Note,
        ..Check::of("timestamps", said, None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(losses: &[f32], weights: &[f32]) -> Run {
        Run {
            losses: losses.into(),
            weights: vec![weights.into()],
        }
    }

    /// A path that leaves the CPU executor's, is no number, or learns nothing is not passed as one that holds.
    #[test]
    fn paths_can_fail() {
        let cpu = run(&[2.0, 1.0], &[0.5, -1.0]);
        assert_eq!(followed(&cpu, &cpu).verdict, Verdict::Ok);
        for other in [
            run(&[2.0, 1.1], &[0.5, -1.0]),
            run(&[2.0, 1.0], &[0.5, -1.01]),
            run(&[2.0, f32::NAN], &[0.5, -1.0]),
            run(&[2.0, 1.0], &[0.5, f32::INFINITY]),
            run(&[2.0], &[0.5, -1.0]),
        ] {
            assert_eq!(
                followed(&other, &cpu).verdict,
                Verdict::Fail,
                "{:?}",
                other.losses
            );
        }
        let still = run(&[2.0, 2.0], &[0.5, -1.0]);
        assert_eq!(followed(&still, &still).verdict, Verdict::Fail);
    }

    /// One bit is enough.
    #[test]
    fn bits_can_differ() {
        let one = run(&[2.0], &[0.5]);
        let other = run(&[2.0], &[0.5f32.next_up()]);
        assert_eq!(same_bits("a", "b", &one, &one).verdict, Verdict::Ok);
        assert_eq!(same_bits("a", "b", &one, &other).verdict, Verdict::Fail);
        assert_eq!(
            same_bits("a", "b", &one, &run(&[2.0], &[])).verdict,
            Verdict::Fail
        );
    }
}
