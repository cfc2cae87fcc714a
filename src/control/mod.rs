//! Feedback: what has memory and multiplies a schedule.
//!
//! A [`Control`] is what a person wrote (`plateau(factor=0.5, patience=3)`, `torch.ReduceLROnPlateau(...)`); started,
//! it is a [`Controller`], which is shown numbers and answers with a factor. A controller's [`State`] is plain data
//! of at most 64 bytes that a checkpoint keeps, so that a resumed run goes on as if it had never stopped.
//!
//! ```
//! use kiln::control::{Control, Monitor};
//! use kiln::{expr::parse, schedule::Run};
//!
//! let text = "plateau(factor=0.5, patience=1)";
//! let mut plateau = Control::read(text, &parse(text)?, &Run::new(0.1))?.start(Monitor::EvalLoss);
//! for loss in [1.0, 1.0, 1.0] {
//!     plateau.observe(loss, 0.1);
//! }
//! assert_eq!(plateau.factor(), 0.5); // two bad epochs are more than one
//! # Ok::<(), kiln::expr::Error>(())
//! ```
//!
//! - [`plateau`]: torch's `ReduceLROnPlateau`, Hugging Face's, timm's and kiln's own
//! - [`keras`], [`optax`]: theirs, which count patience and cooldown differently
//! - [`greedy`]: up while it improves, down while it does not
//! - [`trigger`]: a loss that has fallen enough, a metric that has reached a level
//! - [`gradient`]: the gradient norm's share of its first values, AdaGrad-Norm

pub mod gradient;
pub mod greedy;
pub mod keras;
pub mod optax;
pub mod plateau;
pub mod trigger;

pub(crate) mod number;
mod parse;
mod quirk;
mod set_rate;
mod table;

pub use set_rate::SetRate;
pub use table::{Entry, TABLE};

use crate::expr::Expr;
use crate::schedule::frameworks::Quirk;
use serde::{Deserialize, Serialize};
use std::fmt;

/// The number that a controller is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Monitor {
    /// The training loss.
    Loss,
    /// The loss on the evaluation data.
    EvalLoss,
    /// The share of right answers on the evaluation data.
    EvalAccuracy,
    /// The Euclidean norm of the whole gradient.
    GradientNorm,
}

impl Monitor {
    /// Every monitor with its name.
    pub const NAMES: [(&'static str, Monitor); 4] = [
        ("loss", Monitor::Loss),
        ("eval_loss", Monitor::EvalLoss),
        ("eval_accuracy", Monitor::EvalAccuracy),
        ("gradient_norm", Monitor::GradientNorm),
    ];
}

/// How often a controller is shown its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Observe {
    /// After every applied update.
    Update,
    /// After every epoch.
    Epoch,
}

/// Which update the answer to an observation concerns first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Timing {
    /// The update that delivers the number (Optax, AdaGrad-Norm): observe, then ask for the factor.
    SameUpdate,
    /// The one after it.
    NextUpdate,
}

/// Which direction of a metric is an improvement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Lower is better.
    Min,
    /// Higher is better.
    Max,
    /// Higher for an accuracy, lower for anything else.
    Auto,
}

impl Mode {
    fn resolved(self, monitor: Monitor) -> Mode {
        match (self, monitor) {
            (Mode::Auto, Monitor::EvalAccuracy) => Mode::Max,
            (Mode::Auto, _) => Mode::Min,
            (mode, _) => mode,
        }
    }

    /// Worse than every number.
    fn worst(self) -> f64 {
        if self == Mode::Max {
            f64::NEG_INFINITY
        } else {
            f64::INFINITY
        }
    }
}

/// A controller as it was written.
#[derive(Clone, Debug)]
pub struct Control {
    call: Expr,
    rule: Rule,
    monitor: Option<Monitor>,
    observe: Option<Observe>,
    notes: Vec<String>,
}

/// What a controller does, with all its arguments.
#[derive(Clone, Debug, PartialEq)]
pub enum Rule {
    /// [`plateau`].
    Plateau(plateau::Plateau),
    /// [`keras`].
    Keras(keras::Plateau),
    /// [`optax`].
    Optax(optax::Plateau),
    /// [`greedy`].
    Greedy(greedy::Greedy),
    /// [`trigger::LossDrop`].
    LossDrop(trigger::LossDrop),
    /// [`trigger::Threshold`].
    Threshold(trigger::Threshold),
    /// [`gradient::Ratio`].
    GradientRatio(gradient::Ratio),
    /// [`gradient::AdaGradNorm`].
    AdaGradNorm(gradient::AdaGradNorm),
}

/// Two are equal if they were written alike.
impl PartialEq for Control {
    fn eq(&self, other: &Control) -> bool {
        self.call == other.call && self.rule == other.rule
    }
}

/// The text that it was written as, in canonical form.
impl fmt::Display for Control {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.call)
    }
}

impl Control {
    /// What it does.
    pub fn rule(&self) -> &Rule {
        &self.rule
    }

    /// The number it wants to be shown, where the expression or its nature says so.
    pub fn monitor(&self) -> Option<Monitor> {
        match self.rule {
            Rule::GradientRatio(_) | Rule::AdaGradNorm(_) => Some(Monitor::GradientNorm),
            _ => self.monitor,
        }
    }

    /// How many observations without improvement it takes before it acts, where it counts them.
    pub fn patience(&self) -> Option<u64> {
        match &self.rule {
            Rule::Plateau(p) => Some(p.patience),
            Rule::Keras(p) => Some(p.patience),
            Rule::Optax(p) => Some(p.patience),
            Rule::Greedy(p) => Some(p.patience),
            _ => None,
        }
    }

    /// How often, where the expression or its nature says so.
    pub fn observe(&self) -> Option<Observe> {
        match self.rule {
            Rule::GradientRatio(_) | Rule::AdaGradNorm(_) => Some(Observe::Update),
            _ => self.observe,
        }
    }

    /// Which update an answer concerns first.
    pub fn timing(&self) -> Timing {
        if matches!(self.rule, Rule::Optax(_) | Rule::AdaGradNorm(_)) {
            Timing::SameUpdate
        } else {
            Timing::NextUpdate
        }
    }

    /// Each names an argument that was accepted and has no effect.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// Where it does what its users do not expect, with the clean expression.
    pub fn quirks(&self) -> Vec<Quirk> {
        quirk::of(&self.rule)
    }

    /// The call that was read.
    pub fn call(&self) -> &Expr {
        &self.call
    }

    /// A controller that has seen nothing yet. `monitor` is what it will be shown if the expression does not say
    /// so itself; it decides which direction is better where that is left open.
    pub fn start(&self, monitor: Monitor) -> Controller {
        let mut rule = self.rule.clone();
        let monitor = self.monitor().unwrap_or(monitor);
        match &mut rule {
            Rule::Plateau(plateau) => plateau.mode = plateau.mode.resolved(monitor),
            Rule::Keras(plateau) => plateau.mode = plateau.mode.resolved(monitor),
            Rule::Greedy(greedy) => greedy.mode = greedy.mode.resolved(monitor),
            _ => {}
        }
        let state = match &rule {
            Rule::Plateau(plateau) => State::Plateau(plateau.start()),
            Rule::Keras(_) => State::Keras(keras::State::default()),
            Rule::Optax(_) => State::Optax(optax::State::default()),
            Rule::Greedy(greedy) => State::Greedy(greedy.start()),
            Rule::LossDrop(_) => State::LossDrop(trigger::LossDropState::default()),
            Rule::Threshold(_) => State::Threshold { fired: 0 },
            Rule::GradientRatio(_) => State::GradientRatio(gradient::RatioState::default()),
            Rule::AdaGradNorm(_) => State::AdaGradNorm { squares: 0.0 },
        };
        Controller {
            rule,
            state,
            window: Vec::new(),
        }
    }
}

/// All that a controller remembers, but for the window of a smoothed [`greedy`]. At most 64 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Of [`Rule::Plateau`].
    Plateau(plateau::State),
    /// Of [`Rule::Keras`].
    Keras(keras::State),
    /// Of [`Rule::Optax`].
    Optax(optax::State),
    /// Of [`Rule::Greedy`].
    Greedy(greedy::State),
    /// Of [`Rule::LossDrop`].
    LossDrop(trigger::LossDropState),
    /// Of [`Rule::Threshold`].
    Threshold {
        /// Levels that have been reached.
        fired: u32,
    },
    /// Of [`Rule::GradientRatio`].
    GradientRatio(gradient::RatioState),
    /// Of [`Rule::AdaGradNorm`].
    AdaGradNorm {
        /// The sum of the squared norms.
        #[serde(with = "number")]
        squares: f64,
    },
}

/// A controller at work.
#[derive(Clone, Debug, PartialEq)]
pub struct Controller {
    rule: Rule,
    state: State,
    /// The last numbers, where the rule averages them.
    window: Vec<f64>,
}

/// A controller's memory does not belong to the rule that it was given to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the saved state belongs to another kind of controller; resume with the expression that the run was started with"
)]
pub struct ForeignState;

impl Controller {
    #[allow(
        clippy::unreachable,
        reason = "`restore` takes a state of the same kind only"
    )]
    /// Shows it a number. `rate` is what the learning rate of the current update would be without this
    /// controller; absolute limits (`min_lr`, `eps`) refer to it.
    pub fn observe(&mut self, value: f64, rate: f64) {
        match (&self.rule, &mut self.state) {
            (Rule::Plateau(rule), State::Plateau(state)) => rule.observe(state, value, rate),
            (Rule::Keras(rule), State::Keras(state)) => rule.observe(state, value, rate),
            (Rule::Optax(rule), State::Optax(state)) => rule.observe(state, value),
            (Rule::Greedy(rule), State::Greedy(state)) => {
                rule.observe(state, &mut self.window, value, rate)
            }
            (Rule::LossDrop(rule), State::LossDrop(state)) => rule.observe(state, value),
            (Rule::Threshold(rule), State::Threshold { fired }) => rule.observe(fired, value),
            (Rule::GradientRatio(rule), State::GradientRatio(state)) => rule.observe(state, value),
            (Rule::AdaGradNorm(_), State::AdaGradNorm { squares }) => {
                gradient::AdaGradNorm::observe(squares, value)
            }
            _ => unreachable!("a controller's state is made from, or checked against, its rule"),
        }
    }

    #[allow(
        clippy::unreachable,
        reason = "`restore` takes a state of the same kind only"
    )]
    /// What the schedule's rate is multiplied by.
    pub fn factor(&self) -> f64 {
        match (&self.rule, &self.state) {
            (_, State::Plateau(state)) => state.rate.factor(),
            (_, State::Keras(state)) => state.rate.factor(),
            (_, State::Optax(state)) => state.scale,
            (_, State::Greedy(state)) => state.rate.factor(),
            (_, State::LossDrop(state)) => state.factor,
            (Rule::Threshold(rule), State::Threshold { fired }) => {
                rule.factor.powf(f64::from(*fired))
            }
            (Rule::GradientRatio(rule), State::GradientRatio(state)) => rule.factor(state),
            (Rule::AdaGradNorm(rule), State::AdaGradNorm { squares }) => rule.factor(*squares),
            _ => unreachable!("a controller's state is made from, or checked against, its rule"),
        }
    }

    /// What it does.
    pub fn rule(&self) -> &Rule {
        &self.rule
    }

    /// What it remembers: its state, and the last numbers where it averages them.
    pub fn saved(&self) -> (State, &[f64]) {
        (self.state, &self.window)
    }

    /// Takes up a memory.
    ///
    /// # Errors
    /// If it was saved by another kind of controller.
    pub fn restore(&mut self, state: State, window: Vec<f64>) -> Result<(), ForeignState> {
        if std::mem::discriminant(&state) != std::mem::discriminant(&self.state) {
            return Err(ForeignState);
        }
        (self.state, self.window) = (state, window);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expr::parse;
    use crate::schedule::Run;

    fn start(text: &str) -> Controller {
        Control::read(text, &parse(text).unwrap(), &Run::new(0.1))
            .unwrap()
            .start(Monitor::EvalLoss)
    }

    /// Protects the promise about the size of a checkpoint.
    #[test]
    fn states_are_small() {
        assert!(size_of::<State>() <= 64, "{}", size_of::<State>());
    }

    /// Protects from a controller that takes a better accuracy for a worse one.
    #[test]
    fn what_is_better_depends_on_the_number() {
        let text = "plateau(factor=0.5, patience=0)";
        let control = Control::read(text, &parse(text).unwrap(), &Run::new(0.1)).unwrap();
        for (monitor, factor) in [(Monitor::EvalAccuracy, 1.0), (Monitor::EvalLoss, 0.5)] {
            let mut controller = control.start(monitor);
            controller.observe(0.5, 0.1);
            controller.observe(0.9, 0.1);
            assert_eq!(controller.factor(), factor, "{monitor:?}");
        }
    }

    /// NaN is as bad as any number, unless it is to be passed over.
    #[test]
    fn nan_may_be_passed_over() {
        for (text, factor) in [
            ("plateau(factor=0.5, patience=0)", 0.5),
            ("plateau(factor=0.5, patience=0, nan=ignore)", 1.0),
            ("torch.ReduceLROnPlateau(factor=0.5, patience=0)", 0.5),
        ] {
            let mut controller = start(text);
            controller.observe(1.0, 0.1);
            controller.observe(f64::NAN, 0.1);
            assert_eq!(controller.factor(), factor, "{text}");
        }
    }

    /// Protects resuming: a controller that is saved, written as JSON, read and restored in the middle goes on alike.
    #[test]
    fn saved_states_go_on() {
        let rules = [
            "plateau(factor=0.5, patience=1, cooldown=1)",
            "keras.ReduceLROnPlateau(patience=2)",
            "optax.reduce_on_plateau(patience=1, accumulation_size=2)",
            "greedy(patience=1)",
            "hf.greedy(patience=1, smooth=True, window_size=3)",
            "loss_drop(by=20%)",
            "threshold(below=[0.8, 0.5])",
            "gradient_ratio(reference=2)",
            "adagrad_norm()",
        ];
        let values = [
            1.0, 0.7, 0.9, 0.95, 0.9, 0.92, 0.4, 0.41, 0.42, 0.43, 0.44, 0.1, 0.2,
        ];
        for text in rules {
            let mut whole = start(text);
            let mut parts = start(text);
            let mut moved = false;
            for (i, value) in values.into_iter().enumerate() {
                whole.observe(value, 0.1);
                parts.observe(value, 0.1);
                let (state, window) = parts.saved();
                let saved = serde_json::to_string(&(state, window)).unwrap();
                parts = start(text);
                let (state, window) = serde_json::from_str(&saved).unwrap();
                parts.restore(state, window).unwrap();
                assert_eq!(whole.factor(), parts.factor(), "{text} after {i}");
                moved |= whole.factor() != 1.0;
            }
            assert!(moved, "{text} never did anything");
        }
        assert_eq!(
            start("adagrad_norm()").restore(State::Threshold { fired: 1 }, Vec::new()),
            Err(ForeignState)
        );
    }
}
