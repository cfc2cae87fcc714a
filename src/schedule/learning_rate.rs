//! A schedule and the controllers that multiply it, as one expression: `plateau(factor=0.5) * cosine`.

use super::lint::by_severity;
use super::rate::{Rate, Steering};
use super::{Finding, Run, Severity, Spec};
use crate::control::{Control, Monitor, Observe};
use crate::expr::{self, BinaryOp, Error, Expr, Node};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::str::FromStr;

/// What a person writes for the learning rate: a pure schedule times any number of controllers.
///
/// ```
/// use kiln::control::{Monitor, Observe};
/// use kiln::schedule::{LearningRate, Run};
///
/// let plan: LearningRate = "plateau(factor=0.5, patience=0) * linear(0.8 -> 0, 100)".parse()?;
/// let mut rate = plan.start(&Run::new(0.1), Monitor::EvalLoss, Observe::Epoch)?;
/// assert_eq!(rate.at(50), 0.4);
/// rate.observe(Monitor::EvalLoss, Observe::Epoch, 1.0, 49);
/// rate.observe(Monitor::EvalLoss, Observe::Epoch, 1.0, 50); // no better
/// assert_eq!(rate.at(50), 0.2);
/// # Ok::<(), kiln::expr::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct LearningRate {
    expr: Expr,
    spec: Spec,
    controls: Vec<Control>,
}

impl LearningRate {
    /// The pure part: all but the controllers, `constant` if there is nothing else.
    pub fn spec(&self) -> &Spec {
        &self.spec
    }

    /// The controllers, in the order written.
    pub fn controls(&self) -> &[Control] {
        &self.controls
    }

    /// The rate of a run that begins: the schedule resolved, the controllers fresh.
    ///
    /// `monitor` and `observe` are what a controller is shown, and when, where the expression leaves it open.
    ///
    /// # Errors
    /// As [`Spec::resolve`].
    pub fn start(&self, run: &Run, monitor: Monitor, observe: Observe) -> Result<Rate, Error> {
        let steering = |control: &Control| {
            let control = Control::read(self.spec.text(), control.call(), run)?; // now with the run's base rate
            Ok(Steering::new(&control, monitor, observe))
        };
        let steering = self
            .controls
            .iter()
            .map(steering)
            .collect::<Result<_, Error>>()?;
        Ok(Rate::new(self.spec.resolve(run)?, steering))
    }

    /// What is worth saying about the schedule and its controllers, the worst first. `measured` are the numbers
    /// that the run will have, `monitor` the one that a controller is shown where the expression leaves it open.
    pub fn lint(
        &self,
        run: &Run,
        (monitor, observe): (Monitor, Observe),
        measured: &[Monitor],
    ) -> Vec<Finding> {
        let mut findings = self.spec.lint(run);
        for control in &self.controls {
            let span = control.call().span;
            let wanted = control.monitor().unwrap_or(monitor);
            if !measured.contains(&wanted) {
                let name = Monitor::NAMES
                    .into_iter()
                    .find(|(_, known)| *known == wanted)
                    .map_or("", |(name, _)| name);
                let message = format!(
                    "`{control}` watches {name}, which this run does not measure: it would never act"
                );
                findings.push(
                    Finding::new(
                        Severity::Error,
                        message,
                        "measure it, or give monitor= another number",
                    )
                    .at(span),
                );
            }
            findings.extend(idle(control, run, observe).map(|finding| finding.at(span)));
            let notes = control
                .notes()
                .iter()
                .map(|note| Finding::new(Severity::Note, note, "leave it out").at(span));
            findings.extend(notes);
            let quirks = control.quirks().into_iter();
            findings.extend(
                quirks.map(|quirk| Finding::new(Severity::Note, quirk.message, quirk.fix).at(span)),
            );
        }
        by_severity(findings)
    }
}

/// A controller whose patience is longer than the run.
fn idle(control: &Control, run: &Run, observe: Observe) -> Option<Finding> {
    let every = match control.observe().unwrap_or(observe) {
        Observe::Update => 1.0,
        Observe::Epoch => run.epoch_updates?,
    };
    let (patience, observations) = (control.patience()?, (run.updates? as f64 / every).floor());
    (patience as f64 >= observations).then(|| {
        let message = format!(
            "`{control}` waits for {patience} observations without improvement, but the run has {observations}: it never acts"
        );
        Finding::new(Severity::Warning, message, "less patience, or observe=update")
    })
}

impl FromStr for LearningRate {
    type Err = Error;

    fn from_str(text: &str) -> Result<LearningRate, Error> {
        let expr = expr::parse(text)?;
        let mut calls = Vec::new();
        let pure = without_controls(&expr, &mut calls);
        let any_run = Run::new(1.0);
        let controls = calls
            .into_iter()
            .map(|call| Control::read(text, call, &any_run))
            .collect::<Result<_, _>>()?;
        let constant = || Expr {
            node: Node::Name("constant".to_owned()),
            span: expr.span,
        };
        let spec = Spec::from_expr(text, pure.unwrap_or_else(constant))?;
        Ok(LearningRate {
            spec,
            controls,
            expr,
        })
    }
}

/// The product without its controllers, which are collected; `None` if there is nothing else.
fn without_controls<'e>(expr: &'e Expr, controls: &mut Vec<&'e Expr>) -> Option<Expr> {
    if let Node::Binary(BinaryOp::Mul, left, right) = &expr.node {
        return match (
            without_controls(left, controls),
            without_controls(right, controls),
        ) {
            (Some(left), Some(right)) => {
                let node = Node::Binary(BinaryOp::Mul, Box::new(left), Box::new(right));
                Some(Expr {
                    node,
                    span: expr.span,
                })
            }
            (left, right) => left.or(right),
        };
    }
    if Control::recognises(expr) {
        controls.push(expr);
        return None;
    }
    Some(expr.clone())
}

impl PartialEq for LearningRate {
    fn eq(&self, other: &LearningRate) -> bool {
        self.expr == other.expr
    }
}

impl fmt::Display for LearningRate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.expr.fmt(f)
    }
}

impl Serialize for LearningRate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for LearningRate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<LearningRate, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn start(text: &str) -> Rate {
        let plan: LearningRate = text.parse().unwrap_or_else(|e| panic!("{e}"));
        plan.start(&Run::new(0.1), Monitor::EvalLoss, Observe::Epoch)
            .unwrap_or_else(|e| panic!("{e}"))
    }

    /// Where controllers stand in the product makes no difference; what is left is the schedule.
    #[test]
    fn controllers_are_taken_out_of_the_product() {
        for (text, spec, controls) in [
            ("cosine", "cosine", 0),
            ("plateau(patience=3)", "constant", 1),
            ("torch.ReduceLROnPlateau(optimizer, 'min')", "constant", 1),
            ("plateau * cosine", "cosine", 1),
            (
                "cosine * plateau * noise(seed=1) * greedy",
                "cosine * noise(seed=1)",
                2,
            ),
            (
                "plateau * (warmup(5) then cosine)",
                "warmup(5) then cosine",
                1,
            ),
            ("0.5 * plateau * cosine", "0.5 * cosine", 1),
        ] {
            let plan: LearningRate = text.parse().unwrap_or_else(|e| panic!("{e}"));
            assert_eq!(
                (plan.spec().to_string().as_str(), plan.controls().len()),
                (spec, controls),
                "{text}"
            );
            assert_eq!(plan.to_string().parse(), Ok(plan));
        }
    }

    /// A controller multiplies the whole; elsewhere it is refused, with the way out.
    #[test]
    fn controllers_stand_in_the_product_only() {
        for text in [
            "warmup(5) then plateau",
            "min(plateau, 0.1)",
            "plateau + 0.1",
            "1 / torch.ReduceLROnPlateau(optimizer)",
        ] {
            let error = text.parse::<LearningRate>().map_err(|e| e.to_string());
            assert!(
                error.as_ref().is_err_and(|e| e.contains("is a controller")),
                "{text}: {error:?}"
            );
        }
    }

    /// Only the number that a controller watches reaches it, and a resumed run goes on alike.
    #[test]
    fn observations_reach_who_watches_them() {
        let mut rate = start(
            "plateau(factor=0.5, patience=0) * threshold(below=0.3, factor=0.1, monitor=loss, observe=update)",
        );
        assert!(
            rate.wants(Monitor::Loss, Observe::Update)
                && !rate.wants(Monitor::Loss, Observe::Epoch)
        );
        for _ in 0..2 {
            rate.observe(Monitor::EvalLoss, Observe::Epoch, 0.2, 7);
        }
        assert_eq!(rate.at(8), 0.05);
        rate.observe(Monitor::EvalAccuracy, Observe::Epoch, 0.2, 7);
        rate.observe(Monitor::EvalLoss, Observe::Update, 0.2, 7);
        assert_eq!(rate.at(8), 0.05, "nobody watches these");
        rate.observe(Monitor::Loss, Observe::Update, 0.2, 8);
        assert!((rate.at(9) - 0.005).abs() < 1e-17);
        let json = serde_json::to_string(&rate.saved()).unwrap_or_default();
        let mut resumed = start(
            "plateau(factor=0.5, patience=0) * threshold(below=0.3, factor=0.1, monitor=loss, observe=update)",
        );
        let restored = serde_json::from_str(&json).map(|saved| resumed.restore(saved));
        assert!(restored.is_ok_and(|r| r.is_ok()));
        assert_eq!(resumed, rate);
        assert!(start("plateau").restore(rate.saved()).is_err());
    }

    /// Limits on the rate refer to what it is at the update of the observation, without the controller itself.
    #[test]
    fn limits_refer_to_the_rate_of_the_update() {
        let mut rate =
            start("plateau(factor=0.5, patience=0, min_lr=0.04) * linear(0.1 -> 0, 100)");
        for _ in 0..3 {
            rate.observe(Monitor::EvalLoss, Observe::Epoch, 0.2, 50);
            rate.observe(Monitor::EvalLoss, Observe::Epoch, 0.2, 50);
            assert!((rate.at(50) - 0.04).abs() < 1e-15, "{}", rate.at(50));
        }
    }

    /// A controller without its number would be silently dead.
    #[test]
    fn a_missing_monitor_is_an_error() {
        let plan: LearningRate = "plateau(monitor=eval_accuracy) * constant"
            .parse()
            .unwrap_or_else(|e| panic!("{e}"));
        let lint = |measured: &[Monitor]| {
            plan.lint(
                &Run::new(0.1),
                (Monitor::EvalLoss, Observe::Epoch),
                measured,
            )
        };
        assert_eq!(lint(&[Monitor::EvalAccuracy]), []);
        let found = lint(&[Monitor::Loss]);
        assert!(
            found
                .iter()
                .any(|f| f.severity == Severity::Error && f.message.contains("eval_accuracy")),
            "{found:?}"
        );
    }
}
