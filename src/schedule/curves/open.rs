//! Curves without an end: constants, exponentials, inverse-time and power laws, and noise.
//!
//! | name | rate | known from |
//! |---|---|---|
//! | `constant` | rate | `ConstantLR`, `constant_schedule` |
//! | `exponential` | from · gamma^(t/every) | `ExponentialLR`, `ExponentialDecay`, `exponential_decay` |
//! | `inverse_time` | from / (1 + rate · t/every) | Keras `InverseTimeDecay` |
//! | `power_law` | from · (1 + t/every)^−power | published as "step decay" too, though it is smooth |
//! | `inverse_sqrt` | from / √(1 + t/every) | HF `inverse_sqrt` after its warm-up |
//! | `hyperbolic` | floor + (from − floor) / (1 + t/every) | the sane reading of a "warm-up" that subtracts (max − min)/t |
//! | `noam` | factor · d^−½ · min(s^−½, s · w^−1.5), s = t + 1 | the Transformer |
//! | `power` | min(max, a · batch · n^b), n samples seen | the power scheduler |
//! | `noise` | from · (1 + spread · u), u in \[−1, 1) from (seed, t) | timm's noise |
//!
//! With `staircase=True` t/every is rounded down: the rate falls once every `every` updates. The recursive forms
//! that texts print (lr ← lr · gamma) compound if they are fed a rate that is already decayed; these are
//! functions of t alone.
#![doc = ""]
#![doc = include_str!("../../../docs/schedules/open.svg")]

use crate::schedule::curve::{Page, Row};
use crate::schedule::signature::{Default, FROM, Kind, Param};
use crate::schedule::time::Time;

const STAIRCASE: Param = Param::new(
    "staircase",
    Kind::Flag,
    Default::Number(0.0),
    "fall once every `every` updates",
);

/// t in units of `every`, rounded down for a staircase.
fn periods(t: Time, every: u64, staircase: bool) -> f64 {
    if staircase {
        (t.whole / every.max(1)) as f64
    } else {
        t.f64() / every.max(1) as f64
    }
}

/// One rate.
pub static CONSTANT: Row = Row::new(
    "constant",
    &[
        Param::new("rate", Kind::Rate, Default::Times(1.0), "the rate").or(&["value", "factor"]),
        Param::new(
            "over",
            Kind::Duration,
            Default::Endless,
            "how long, for what follows after then",
        )
        .or(&["total_iters"]),
    ],
    |values, _| values.number(0),
    Page {
        formula: "rate",
        origin: "Every framework; a fixed learning rate.",
        when: "Baselines, debugging, adaptive optimisers on easy problems, the middle of wsd.",
        pros: "Nothing to tune but the rate; a run can be extended for ever.",
        cons: "The last iterate stays noisy: some decay at the end nearly always helps.",
    },
)
.ending(|values| Some(values.updates(1)));

/// Exponential decay, smooth or as a staircase.
pub static EXPONENTIAL: Row = Row::new(
    "exponential",
    &[
        Param::new(
            "gamma",
            Kind::Number(0.0, 1e6),
            Default::Required,
            "what the rate is multiplied by every `every` updates",
        )
        .or(&["decay_rate"]),
        Param::new(
            "every",
            Kind::Period,
            Default::Number(1.0),
            "after how many updates gamma has applied once",
        )
        .or(&["decay_steps", "transition_steps"]),
        STAIRCASE,
        FROM,
    ],
    |values, t| {
        values.number(3)
            * values
                .number(0)
                .powf(periods(t, values.updates(1), values.flag(2)))
    },
    Page {
        formula: "from * gamma ** (t / every); with staircase=True from * gamma ** floor(t / every)",
        origin: "torch ExponentialLR (per epoch: every=1ep), Keras ExponentialDecay, Optax exponential_decay; many texts print it as lr = lr * gamma",
        when: "Runs of unknown length with a known rate of progress; gamma near 1, such as 0.95 per epoch.",
        pros: "Needs no length; smooth.",
        cons: "gamma is hard to guess: 0.1 per epoch has ended training after a few epochs.",
    },
);

/// Inverse-time decay, smooth or as a staircase.
pub static INVERSE_TIME: Row = Row::new(
    "inverse_time",
    &[
        Param::new(
            "rate",
            Kind::Number(0.0, 1e12),
            Default::Number(1.0),
            "how fast it falls",
        )
        .or(&["decay_rate"]),
        Param::new(
            "every",
            Kind::Period,
            Default::Number(1.0),
            "the unit of time",
        )
        .or(&["decay_steps"]),
        STAIRCASE,
        FROM,
    ],
    |values, t| {
        values.number(3) / (1.0 + values.number(0) * periods(t, values.updates(1), values.flag(2)))
    },
    Page {
        formula: "from / (1 + rate * t / every); with staircase=True floor(t / every)",
        origin: "Keras InverseTimeDecay; Robbins and Monro's condition",
        when: "Convex problems and online learning, where theory asks for 1/t.",
        pros: "Converges with the classical guarantees; needs no length.",
        cons: "Falls too fast at first and too slowly later for deep networks.",
    },
);

/// A power of time.
pub static POWER_LAW: Row = Row::new(
    "power_law",
    &[
        Param::new(
            "every",
            Kind::Period,
            Default::Required,
            "the time after which it starts to fall",
        )
        .or(&["timescale"]),
        Param::new(
            "power",
            Kind::Number(0.0, 1e6),
            Default::Number(1.0),
            "1 is inverse time, 0.5 inverse square root",
        ),
        STAIRCASE,
        FROM,
    ],
    |values, t| {
        values.number(3)
            * (1.0 + periods(t, values.updates(0), values.flag(2))).powf(-values.number(1))
    },
    Page {
        formula: "from * (1 + t / every) ** -power; with staircase=True floor(t / every)",
        origin: "printed in some texts as step decay, though it is smooth; power 1 is Keras InverseTimeDecay, power 1/2 inverse_sqrt",
        when: "Runs of unknown length; power decays are near optimal on easy tasks (arXiv 2602.06797).",
        pros: "Scale-free: doubling the run lowers the rate by a fixed share.",
        cons: "Two parameters that trade off against each other.",
    },
);

/// One over the square root of time.
pub static INVERSE_SQRT: Row = Row::new(
    "inverse_sqrt",
    &[
        Param::new(
            "every",
            Kind::Period,
            Default::Required,
            "the time after which it starts to fall",
        )
        .or(&["timescale"]),
        FROM,
    ],
    |values, t| values.number(1) / (1.0 + periods(t, values.updates(0), false)).sqrt(),
    Page {
        formula: "from / sqrt(1 + t / every)",
        origin: "HF inverse_sqrt after its warm-up, big_vision rsqrt, fairseq; some texts misname it exponential decay",
        when: "Long pre-training without a planned end: `warmup(1000) then inverse_sqrt(1000)`.",
        pros: "Can be stopped or extended at any time.",
        cons: "Ends high: add a cooldown for the best last iterate.",
    },
);

/// Hyperbolic decay to a floor.
pub static HYPERBOLIC: Row = Row::new(
    "hyperbolic",
    &[
        Param::new(
            "floor",
            Kind::Rate,
            Default::Number(0.0),
            "the rate it approaches",
        ),
        Param::new(
            "every",
            Kind::Period,
            Default::Number(1.0),
            "the time after which it is halfway down",
        ),
        FROM,
    ],
    |values, t| {
        let floor = values.number(0);
        floor + (values.number(2) - floor) / (1.0 + periods(t, values.updates(1), false))
    },
    Page {
        formula: "floor + (from - floor) / (1 + t / every)",
        origin: "what a text means that calls lr - (max - min) / t a warm-up: large at first, then ever smaller, never below the floor",
        when: "Small demonstrations; as inverse_time where a least rate is wanted.",
        pros: "Never falls below its floor.",
        cons: "With every=1 it has halved after one update.",
    },
);

/// The Transformer's schedule.
pub static NOAM: Row = {
    let row = Row::new(
        "noam",
        &[
            Param::new(
                "d_model",
                Kind::Number(1.0, 1e12),
                Default::Required,
                "the width of the model",
            ),
            Param::new(
                "warmup",
                Kind::Period,
                Default::Number(4000.0),
                "updates of linear growth",
            )
            .or(&["warmup_steps"]),
            Param::new(
                "factor",
                Kind::Number(0.0, 1e12),
                Default::Number(1.0),
                "multiplies the whole",
            ),
        ],
        |values, t| {
            let (s, w) = (t.f64() + 1.0, values.updates(1) as f64);
            values.number(2) / values.number(0).sqrt() * (1.0 / s.sqrt()).min(s * w.powf(-1.5))
        },
        Page {
            formula: "factor * d_model ** -0.5 * min(s ** -0.5, s * warmup ** -1.5) with s = t + 1",
            origin: "Attention Is All You Need (arXiv 1706.03762); does not use the base rate",
            when: "To repeat Transformer recipes that state it.",
            pros: "Warm-up and decay in one, without a length.",
            cons: "The peak, (d_model * warmup) ** -0.5, hides in two other numbers.",
        },
    );
    Row {
        absolute: true,
        ..row
    }
};

/// The power scheduler.
pub static POWER: Row = {
    let row = Row::new(
        "power",
        &[
            Param::new(
                "a",
                Kind::Number(0.0, 1e12),
                Default::Required,
                "the amplitude per sample of the batch",
            ),
            Param::new(
                "b",
                Kind::Number(-10.0, 0.0),
                Default::Number(-0.51),
                "the exponent of the samples seen",
            ),
            Param::new(
                "max",
                Kind::Rate,
                Default::Times(1.0),
                "the rate is at most this",
            ),
            Param::new(
                "batch",
                Kind::Number(1.0, 1e15),
                Default::Batch,
                "samples (or tokens) per update",
            ),
        ],
        |values, t| {
            let batch = values.number(3);
            values
                .number(2)
                .min(values.number(0) * batch * ((t.f64() + 1.0) * batch).powf(values.number(1)))
        },
        Page {
            formula: "min(max, a * batch * n ** b) with n = (t + 1) * batch samples",
            origin: "Power scheduler (arXiv 2408.13359), which counts tokens; give batch in tokens then",
            when: "To carry one rate over to other batch sizes and lengths; end it with a cooldown after then.",
            pros: "Independent of the length of the run.",
            cons: "a must be fitted once.",
        },
    );
    Row {
        absolute: true,
        ..row
    }
};

/// A rate with seeded noise.
pub static NOISE: Row = Row::new(
    "noise",
    &[
        Param::new(
            "seed",
            Kind::Number(0.0, 9_007_199_254_740_992.0),
            Default::Required,
            "which noise",
        ),
        Param::new(
            "spread",
            Kind::Number(0.0, 1.0),
            Default::Number(0.1),
            "the largest share by which it deviates",
        ),
        FROM,
    ],
    |values, t| {
        values.number(2) * (1.0 + values.number(1) * uniform(values.number(0) as u64, t.whole))
    },
    Page {
        formula: "from * (1 + spread * u) with u uniform in [-1, 1), a function of (seed, t)",
        origin: "timm's lr_noise; here counter-based, so that any update can be asked for on its own",
        when: "As a factor, `cosine * noise(seed=1)`, where noise in the rate is wanted.",
        pros: "Repeats exactly; no state.",
        cons: "Gains are seldom seen; gradients are noisy enough.",
    },
);

/// A number in [-1, 1) that depends on seed and counter only (SplitMix64's finalizer).
fn uniform(seed: u64, counter: u64) -> f64 {
    let mut z = seed.wrapping_mul(0xD1B5_4A32_D192_ED03)
        ^ counter.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^= z >> 31;
    (z >> 11) as f64 / (1u64 << 52) as f64 - 1.0
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The noise is centred, stays in its range, and neighbours in seed or time are unrelated.
    #[test]
    fn noise_is_uniform() {
        let n = 20_000;
        let draws: Vec<f64> = (0..n).map(|t| uniform(7, t)).collect();
        let mean = draws.iter().sum::<f64>() / n as f64;
        let square = draws.iter().map(|u| u * u).sum::<f64>() / n as f64;
        let lag = draws.windows(2).map(|w| w[0] * w[1]).sum::<f64>() / n as f64;
        let other = (0..n).map(|t| uniform(7, t) * uniform(8, t)).sum::<f64>() / n as f64;
        assert!(draws.iter().all(|u| (-1.0..1.0).contains(u)));
        assert!(
            mean.abs() < 0.02 && (square - 1.0 / 3.0).abs() < 0.02,
            "{mean} {square}"
        );
        assert!(lag.abs() < 0.02 && other.abs() < 0.02, "{lag} {other}");
    }
}
