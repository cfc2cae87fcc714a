//! Gradients against finite differences of the loss.

use super::{Check, training::Subject};
use crate::{
    device::Machine,
    error::Result,
    exec,
    fit::Rows,
    model::Kind,
    rng::{Purpose, Rng},
    schedule::Schedule,
    train::{Snapshot, Trainer},
};

/// How far a slope may be from what the gradient says of it, ÷ what a gradient of this norm says of such a
/// direction: the loss is in f32 and has corners.
const APART: f64 = 0.1;

/// Every parameter's gradient, against the slopes of the loss along it and along a direction by lot: the first
/// sees a wrong length, the second elements that are missing or in the wrong place.
///
/// # Errors
/// What the device reports.
pub(super) fn check(subject: &Subject, machine: Machine) -> Result<Check> {
    let (session, config) = subject.recorded("SGD()")?;
    let exec = exec::on(machine, &session.plan)?;
    let start = subject.network.init(config.seed);
    // Every update begins again with weights of its own, and moves none.
    let still = Schedule::constant(0.0);
    let mut trainer = Trainer::new(exec, &session, &config, still.into(), &subject.data, &start)?;
    let fresh = trainer.snapshot()?;
    loss_at(&mut trainer, &fresh, start.clone())?;
    let gradients = trainer.gradients()?;
    let (mut worst, mut fault) = (0f64, None);
    let all = subject.network.params().enumerate();
    let trained = all.filter(|(_, p)| p.kind == Kind::Trained);
    for ((at, param), gradient) in trained.zip(&gradients) {
        let gradient: Vec<f64> = gradient.iter().map(|&g| g.into()).collect();
        let mut loss = |step: &[f64]| {
            let mut weights = start.clone();
            for (w, d) in weights[at].iter_mut().zip(step) {
                *w = (f64::from(*w) + d) as f32;
            }
            loss_at(&mut trainer, &fresh, weights)
        };
        let (apart, why) = judge(&gradient, &mut loss)?;
        worst = worst.max(apart);
        fault = fault.or(why.map(|why| format!("{}: {why}", param.name)));
    }
    let held = format!(
        "{} parameters along their gradients and across, largest difference {:.1} % (allowed: {:.0} %)",
        gradients.len(),
        worst * 100.0,
        APART * 100.0
    );
    Ok(Check::of("gradients", held, fault))
}

/// The loss of the first batch with these weights.
fn loss_at(trainer: &mut Trainer, fresh: &Snapshot, weights: Vec<Vec<f32>>) -> Result<f64> {
    trainer.restore(&Snapshot {
        weights,
        ..fresh.clone()
    })?;
    let mut rows = Rows::default();
    trainer.run(1, &mut rows)?;
    Ok(rows.updates.first().map_or(f64::NAN, |u| u.loss))
}

/// How far slopes are from what a gradient says of them, and what is wrong if that is too far. `loss` is the loss
/// after a step away from where the gradient was taken.
fn judge(
    gradient: &[f64],
    loss: &mut dyn FnMut(&[f64]) -> Result<f64>,
) -> Result<(f64, Option<String>)> {
    let norm = gradient.iter().map(|g| g * g).sum::<f64>().sqrt();
    if norm == 0.0 || !norm.is_finite() {
        return Ok((f64::INFINITY, Some(format!("its gradient has norm {norm}"))));
    }
    let root = (gradient.len() as f64).sqrt();
    let mut rng = Rng::new(17, Purpose::Test, 0);
    let signs = (0..gradient.len()).map(|_| f64::from(rng.below(2)) * 2.0 - 1.0);
    let across: Vec<f64> = signs.map(|sign| sign / root).collect();
    let along: Vec<f64> = gradient.iter().map(|g| g / norm).collect();
    let (mut worst, mut fault) = (0f64, None);
    for (direction, usual, name) in [
        (&along, norm, "along it"),
        (&across, norm / root, "across it"),
    ] {
        let said: f64 = gradient.iter().zip(direction).map(|(g, d)| g * d).sum();
        let mut slope = |h: f64| -> Result<f64> {
            let step = |h: f64| -> Vec<f64> { direction.iter().map(|d| h * d).collect() };
            Ok((loss(&step(h))? - loss(&step(-h))?) / (2.0 * h))
        };
        // Two widths, so that the error of the fourth order is what is left.
        let found = (4.0 * slope(0.02)? - slope(0.04)?) / 3.0;
        let apart = (found - said).abs() / usual;
        worst = worst.max(apart);
        if apart.is_nan() || apart > APART {
            fault.get_or_insert(format!(
                "{name} the loss rises by {found:.4e}, the gradient says {said:.4e}"
            ));
        }
    }
    Ok((worst, fault))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A curved loss with a gradient that is known.
    fn loss(step: &[f64]) -> Result<f64> {
        let terms = (1..).zip(step);
        Ok(terms
            .map(|(i, x)| f64::from(i) * x + 0.5 * x * x + x * x * x)
            .sum())
    }

    /// The right gradient holds; one of another length, with missing elements or with two exchanged does not.
    #[test]
    fn gradients_can_be_wrong() {
        let right: Vec<f64> = (1..=20).map(f64::from).collect();
        let fault = |gradient: &[f64]| judge(gradient, &mut loss).unwrap().1;
        assert_eq!(fault(&right), None);
        let changed = |change: &dyn Fn(&mut Vec<f64>)| {
            let mut wrong = right.clone();
            change(&mut wrong);
            fault(&wrong)
        };
        assert!(changed(&|g| g.iter_mut().for_each(|x| *x *= 1.2)).is_some());
        assert!(changed(&|g| g[10..].fill(0.0)).is_some());
        assert!(changed(&|g| g.swap(2, 19)).is_some());
        assert!(changed(&|g| g.fill(0.0)).is_some());
        assert!(changed(&|g| g[3] = f64::NAN).is_some());
    }

    /// On the CPU executor they hold.
    #[test]
    fn gradients_hold_on_the_cpu() {
        let check = check(&Subject::new().unwrap(), Machine::Cpu).unwrap();
        assert_eq!(check.verdict, super::super::Verdict::Ok, "{}", check.found);
    }
}
