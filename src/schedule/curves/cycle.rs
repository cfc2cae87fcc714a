//! Rates that go up and down, with the momentum that goes down and up against them.
//!
//! | name | rate | known from |
//! |---|---|---|
//! | `cyclic` | a triangle between two rates, its height constant, halved per cycle or multiplied by gamma per update | `CyclicLR` |
//! | `one_cycle` | up to the peak, then down to almost nothing | `OneCycleLR`, Optax `cosine_onecycle_schedule` |
//!
//! The momentum (β₁ of Adam) is high where the rate is low. It is cycled where the optimiser has one, unless
//! `cycle_momentum=False`. `one_cycle` reaches its last rate **at** `over`; PyTorch's reaches it one update earlier and
//! climbs again if it is asked for one more: `torch.OneCycleLR(...)` gives exactly its values.
#![doc = ""]
#![doc = include_str!("../../../docs/schedules/cycle.svg")]

use crate::schedule::curve::{Page, Row};
use crate::schedule::signature::{Default, Kind, OVER, Param, Values};
use crate::schedule::time::Time;
use std::f64::consts::FRAC_PI_2;

const CYCLE_MOMENTUM: Param = Param::new(
    "cycle_momentum",
    Kind::Flag,
    Default::Momentum,
    "whether the momentum moves against the rate",
);
const MAX_MOMENTUM: Param = Param::new(
    "max_momentum",
    Kind::Number(0.0, 1.0),
    Default::Number(0.95),
    "the momentum where the rate is lowest",
);
const BASE_MOMENTUM: Param = Param::new(
    "base_momentum",
    Kind::Number(0.0, 1.0),
    Default::Number(0.85),
    "the momentum where the rate is highest",
);

/// The shapes of a rise or fall, by the index of the choice.
const SHAPES: &[&str] = &["cos", "linear"];

/// From `a` to `b` with the share `z` done and `left` left.
fn between(a: f64, b: f64, z: f64, left: f64, shape: f64) -> f64 {
    if shape == 1.0 {
        a * left + b * z
    } else {
        a * (FRAC_PI_2 * left).sin().powi(2) + b * (FRAC_PI_2 * z).sin().powi(2)
    }
}

/// Up, down, and almost to nothing.
pub static ONE_CYCLE: Row = {
    let row = Row::new(
        "one_cycle",
        &[
            OVER,
            Param::new("peak", Kind::Rate, Default::Times(1.0), "the highest rate").or(&["max_lr"]),
            Param::new(
                "pct_start",
                Kind::Number(0.0, 1.0),
                Default::Number(0.3),
                "the share of `over` in which it rises",
            ),
            Param::new(
                "div_factor",
                Kind::Number(1e-9, 1e12),
                Default::Number(25.0),
                "the first rate is peak / this",
            ),
            Param::new(
                "final_div_factor",
                Kind::Number(1e-9, 1e18),
                Default::Number(1e4),
                "the last rate is the first / this",
            ),
            Param::new(
                "shape",
                Kind::Choice(SHAPES),
                Default::Number(0.0),
                "of the rise and the fall",
            )
            .or(&["anneal_strategy"]),
            CYCLE_MOMENTUM,
            MAX_MOMENTUM,
            BASE_MOMENTUM,
        ],
        |values, t| {
            let first = values.number(1) / values.number(3);
            one_cycle(
                values,
                t,
                [first, values.number(1), first / values.number(4)],
            )
        },
        Page {
            formula: "peak / div_factor -> peak over pct_start * over, then -> peak / div_factor / final_div_factor at `over`",
            origin: "super-convergence (arXiv 1708.07120); torch OneCycleLR, fastai fit_one_cycle, Optax cosine_onecycle_schedule",
            when: "Short runs of known length at high rates; with SGD and momentum above all.",
            pros: "Warm-up, high rates and a full decay in one; regularises.",
            cons: "The peak must be found (a range test helps); the length must be known.",
        },
    );
    let momentum = |values: &Values, t: Time| {
        let levels = [values.number(7), values.number(8), values.number(7)];
        values.flag(6).then(|| one_cycle(values, t, levels))
    };
    Row {
        momentum,
        ..row
            .ending(|values| Some(values.updates(0)))
            .jumping(|values| vec![rise(values)])
    }
};

/// Updates of rise.
fn rise(values: &Values) -> u64 {
    (values.number(2) * values.updates(0) as f64).round() as u64
}

fn one_cycle(values: &Values, t: Time, [first, peak, last]: [f64; 3]) -> f64 {
    let (over, rise, shape) = (values.updates(0), rise(values), values.number(5));
    if t.whole < rise {
        return between(first, peak, t.share(rise), t.left(rise), shape);
    }
    let (fall, local) = (over.saturating_sub(rise), t.since(rise));
    between(peak, last, local.share(fall), local.left(fall), shape)
}

/// A triangle wave.
pub static CYCLIC: Row = {
    let row = Row::new(
        "cyclic",
        &[
            Param::new("to", Kind::Rate, Default::Times(1.0), "the highest rate").or(&["max_lr"]),
            Param::new(
                "up",
                Kind::Period,
                Default::Number(2000.0),
                "updates from the lowest rate to the highest",
            )
            .or(&["step_size_up"]),
            Param::new("from", Kind::Rate, Default::Times(0.1), "the lowest rate").or(&["base_lr"]),
            Param::new("down", Kind::Period, Default::Same(1), "updates back down")
                .or(&["step_size_down"]),
            Param::new(
                "mode",
                Kind::Choice(&["triangular", "triangular2", "exp_range"]),
                Default::Number(0.0),
                "how later cycles shrink",
            ),
            Param::new(
                "gamma",
                Kind::Number(0.0, 1.0),
                Default::Number(1.0),
                "of exp_range: the height is multiplied by gamma ** t",
            ),
            CYCLE_MOMENTUM,
            Param {
                default: Default::Number(0.9),
                ..MAX_MOMENTUM
            },
            Param {
                default: Default::Number(0.8),
                ..BASE_MOMENTUM
            },
        ],
        |values, t| {
            let low = values.number(2);
            let height = triangle(values, t);
            low * (1.0 - height) + values.number(0) * height
        },
        Page {
            formula: "from + (to - from) * triangle(t) * scale; scale: 1, 1/2 per cycle (triangular2), gamma ** t (exp_range)",
            origin: "cyclical learning rates (arXiv 1506.01186); torch CyclicLR",
            when: "To explore several basins, or for snapshot ensembles; with exp_range also as a decay.",
            pros: "Needs no length of the run; the highest rate need not be exact.",
            cons: "Superseded by one_cycle and warm restarts for a single final model.",
        },
    );
    let momentum = |values: &Values, t: Time| {
        let (high, low) = (values.number(7), values.number(8));
        values
            .flag(6)
            .then(|| high - (high - low) * triangle(values, t))
    };
    let joints = |values: &Values| {
        let (up, period) = (
            values.updates(1),
            values.updates(1).saturating_add(values.updates(3)),
        );
        (0..100)
            .filter_map(|k| period.checked_mul(k))
            .flat_map(|start| [start, start.saturating_add(up)])
            .skip(1)
            .collect()
    };
    Row {
        momentum,
        ..row.jumping(joints)
    }
};

/// The height of the triangle at a time, in [0, 1].
fn triangle(values: &Values, t: Time) -> f64 {
    let (up, down) = (values.updates(1), values.updates(3));
    let period = up.saturating_add(down).max(1);
    let cycle = t.whole / period;
    let within = Time {
        whole: t.whole % period,
        ..t
    };
    let height = if within.whole < up {
        within.share(up)
    } else {
        within.since(up).left(down)
    };
    height
        * match values.number(4) as u8 {
            0 => 1.0,
            1 => 0.5_f64.powf(cycle as f64),
            _ => values.number(5).powf(t.f64()),
        }
}
