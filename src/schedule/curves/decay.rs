//! Curves from one rate to another over a length.
//!
//! With z = t / over, which goes from 0 to 1, each is `from · w(z) + to · (1 − w(z))`. The rate is `to` **at**
//! local update `over`, and from then on: an update before that still uses a rate a little away from it, as in
//! PyTorch's `LinearLR` and `CosineAnnealingLR`. The warm-up alone is one update ahead, (t + 1) / over, so that no
//! update is wasted on a rate of 0 and the update `over` is the first after it.
//!
//! | name | w(z) | known from |
//! |---|---|---|
//! | `linear` | 1 − z | `LinearLR`, `linear_schedule`, HF `linear` |
//! | `cosine` | cos²(πz/2) | `CosineAnnealingLR`, `CosineDecay`, `cosine_decay_schedule` |
//! | `polynomial` | (1 − z)^power | `PolynomialLR`, `PolynomialDecay` |
//! | `geometric` | the ratio of rates is constant: from · (to/from)^z | learning-rate range tests |
//! | `one_minus_sqrt` | 1 − √z | cooldowns of HF `1-sqrt`, llm.c |
//! | `tanh` | (1 − tanh(lb (1 − z) + ub z)) / 2 | timm `tanh` |
//! | `k_decay` | cos²(πz^k/2) | timm's cosine with k-decay |
//! | `rex` | (1 − z) / (1 − z/2) | REX, arXiv 2107.04197 |
//!
//! The cosine is computed as sin² of what is left, so its last values are exact to the last digit where
//! `1 + cos` would have lost them all. A decay called "exponential" whose formula is (1 − t/T)^β is `polynomial`.
#![doc = ""]
#![doc = include_str!("../../../docs/schedules/decay.svg")]

use crate::schedule::curve::{Page, Row};
use crate::schedule::signature::{Default, FROM, Kind, OVER, Param, TO, Values};
use crate::schedule::time::Time;
use std::f64::consts::FRAC_PI_2;

/// Positions of the first three parameters of every decay.
const AT_TO: usize = 0;
const AT_OVER: usize = 1;
const AT_FROM: usize = 2;

fn over(values: &Values) -> Option<u64> {
    Some(values.updates(AT_OVER))
}

/// The rate of which `w` is still from the start and `c` already from the end.
fn mix(values: &Values, w: f64, c: f64) -> f64 {
    values.number(AT_FROM) * w + values.number(AT_TO) * c
}

/// Linear decay or growth.
pub static LINEAR: Row = Row::new("linear", &[TO, OVER, FROM], linear, LINEAR_PAGE).ending(over);
const LINEAR_PAGE: Page = Page {
    formula: "from + (to - from) * t / over, then `to`",
    origin: "torch LinearLR, Keras PolynomialDecay(power=1), Optax linear_schedule, HF linear; to 0 also called D2Z",
    when: "The default to try first where the length of the run is known: worst-case optimal for the last iterate (arXiv 2310.07831).",
    pros: "No parameter but the length; matches or beats cosine in many comparisons.",
    cons: "Needs the length of the run in advance; to 0, the last updates hardly move.",
};
fn linear(values: &Values, t: Time) -> f64 {
    let n = values.updates(AT_OVER);
    mix(values, t.left(n), t.share(n))
}

/// Linear warm-up that does not start at 0.
pub static WARMUP: Row = Row::new(
    "warmup",
    &[
        Param::new(
            "over",
            Kind::Duration,
            Default::Required,
            "how many updates it takes",
        )
        .or(&["warmup_steps", "num_warmup_steps", "total_iters"]),
        Param::new("to", Kind::Rate, Default::Times(1.0), "the rate after it"),
        Param::new(
            "from",
            Kind::Rate,
            Default::Number(0.0),
            "the rate before its first update",
        )
        .or(&["start_factor"]),
    ],
    warmup,
    WARMUP_PAGE,
)
.ending(|values| Some(values.updates(0)));
const WARMUP_PAGE: Page = Page {
    formula: "from + (to - from) * (t + 1) / over, then `to`",
    origin: "llm.c and torchtitan; HF, Keras and Optax use t / over, which wastes the first update: `linear(0 -> 1x, 500)` says that",
    when: "Before any other schedule with large batches, Adam or attention: `warmup(500) then cosine`.",
    pros: "Keeps the first updates, whose gradients and moment estimates mean little, from doing harm.",
    cons: "One more length to choose; it must be short against the run.",
};
fn warmup(values: &Values, t: Time) -> f64 {
    let (n, to, from) = (values.updates(0), values.number(1), values.number(2));
    if t.whole.saturating_add(1) >= n {
        return to;
    }
    let done = (t.f64() + 1.0) / n as f64;
    from * (1.0 - done) + to * done
}

/// Half a cosine wave.
pub static COSINE: Row = Row::new("cosine", &[TO, OVER, FROM], cosine, COSINE_PAGE).ending(over);
const COSINE_PAGE: Page = Page {
    formula: "to + (from - to) * (1 + cos(pi * t / over)) / 2, then `to`",
    origin: "SGDR (arXiv 1608.03983); torch CosineAnnealingLR (which climbs again after T_max), Keras CosineDecay, Optax cosine_decay_schedule",
    when: "The usual choice for vision and language models of known length, after a warm-up.",
    pros: "Stays high for long and ends gently; few parameters.",
    cons: "Tied to its length: stopping early or going on later loses most of its benefit (see wsd).",
};
fn cosine(values: &Values, t: Time) -> f64 {
    let n = values.updates(AT_OVER);
    mix(
        values,
        (FRAC_PI_2 * t.left(n)).sin().powi(2),
        (FRAC_PI_2 * t.share(n)).sin().powi(2),
    )
}

/// A power of what is left.
pub static POLYNOMIAL: Row = Row::new(
    "polynomial",
    &[
        TO,
        OVER,
        FROM,
        Param::new(
            "power",
            Kind::Number(0.0, 1e6),
            Default::Number(1.0),
            "1 is linear, 2 is quadratic",
        ),
    ],
    polynomial,
    POLYNOMIAL_PAGE,
)
.ending(over);
const POLYNOMIAL_PAGE: Page = Page {
    formula: "to + (from - to) * (1 - t / over) ** power, then `to`",
    origin: "torch PolynomialLR, Keras PolynomialDecay, Optax polynomial_schedule, timm poly; some texts misname it exponential decay",
    when: "Segmentation models (power 0.9); power 2 and more to spend longer at small rates.",
    pros: "One number goes from linear to ever sharper decays.",
    cons: "Needs the length; one more parameter than linear, seldom worth it.",
};
fn polynomial(values: &Values, t: Time) -> f64 {
    let w = t.left(values.updates(AT_OVER)).powf(values.number(3));
    mix(values, w, 1.0 - w)
}

/// A constant ratio from update to update, between two rates.
pub static GEOMETRIC: Row = Row::new(
    "geometric",
    &[
        Param {
            default: Default::Times(0.01),
            ..TO
        },
        OVER,
        FROM,
    ],
    geometric,
    GEOMETRIC_PAGE,
)
.ending(over)
.checked(|values| match values.number(AT_TO) {
    0.0 => Err((
        "to",
        "a geometric decay never reaches 0; give it a `to` above 0".to_owned(),
    )),
    _ => Ok(()),
});
const GEOMETRIC_PAGE: Page = Page {
    formula: "from * (to / from) ** (t / over), then `to`",
    origin: "exponential decay with its end given instead of its rate; with to > from the sweep of a learning-rate finder",
    when: "When the last rate is known rather than gamma, and for range tests: `geometric(1e-7 -> 10, 100)`.",
    pros: "Gives equal time to every order of magnitude.",
    cons: "Cannot reach 0.",
};
fn geometric(values: &Values, t: Time) -> f64 {
    let n = values.updates(AT_OVER);
    let (from, to) = (values.number(AT_FROM), values.number(AT_TO));
    if t.whole >= n {
        return to;
    }
    if from == 0.0 {
        0.0
    } else {
        from * (to / from).powf(t.share(n))
    }
}

/// The cooldown that fits a constant rate best.
pub static ONE_MINUS_SQRT: Row = Row::new(
    "one_minus_sqrt",
    &[TO, OVER, FROM],
    one_minus_sqrt,
    ONE_MINUS_SQRT_PAGE,
)
.ending(over);
const ONE_MINUS_SQRT_PAGE: Page = Page {
    formula: "to + (from - to) * (1 - sqrt(t / over)), then `to`",
    origin: "arXiv 2405.18392; HF 1-sqrt, torchtitan sqrt, llm.c wsd",
    when: "As the last part of wsd.",
    pros: "Drops fast first; better than a linear cooldown in the published comparisons.",
    cons: "As a schedule for a whole run it falls too early.",
};
fn one_minus_sqrt(values: &Values, t: Time) -> f64 {
    let n = values.updates(AT_OVER);
    let root = t.share(n).sqrt();
    mix(values, t.left(n) / (1.0 + root), root) // 1 - sqrt(z) = (1 - z) / (1 + sqrt(z))
}

/// timm's hyperbolic tangent.
pub static TANH: Row = Row::new(
    "tanh",
    &[
        TO,
        OVER,
        FROM,
        Param::new(
            "lb",
            Kind::Number(-1e3, 1e3),
            Default::Number(-7.0),
            "the argument of tanh at the start",
        ),
        Param::new(
            "ub",
            Kind::Number(-1e3, 1e3),
            Default::Number(3.0),
            "the argument of tanh at the end",
        ),
    ],
    tanh,
    TANH_PAGE,
)
.ending(over);
const TANH_PAGE: Page = Page {
    formula: "to + (from - to) * (1 - tanh(lb * (1 - z) + ub * z)) / 2 with z = t / over, then `to`",
    origin: "timm TanhLRScheduler (arXiv 1806.01593); with lb -7 and ub 3 it is within 0.3% of its ends there",
    when: "Where a long high plateau and a quick fall are wanted from one curve.",
    pros: "Its two bounds shape plateau and fall.",
    cons: "Does not meet its ends exactly: a small jump at the end remains.",
};
fn tanh(values: &Values, t: Time) -> f64 {
    let n = values.updates(AT_OVER);
    if t.whole >= n {
        return values.number(AT_TO);
    }
    let w = 0.5 * (1.0 - (values.number(3) * t.left(n) + values.number(4) * t.share(n)).tanh());
    mix(values, w, 1.0 - w)
}

/// The cosine of a power of time.
pub static K_DECAY: Row = Row::new(
    "k_decay",
    &[
        TO,
        OVER,
        FROM,
        Param::new(
            "k",
            Kind::Number(1e-6, 1e6),
            Default::Number(1.5),
            "above 1 it stays high for longer",
        ),
    ],
    k_decay,
    K_DECAY_PAGE,
)
.ending(over);
const K_DECAY_PAGE: Page = Page {
    formula: "to + (from - to) * (1 + cos(pi * (t / over) ** k)) / 2, then `to`",
    origin: "k-decay (arXiv 2004.05909), timm's lr_k_decay; the same as `warp(cosine, power=1.5)` for k=1.5",
    when: "To move a cosine's fall later (k > 1) or earlier (k < 1).",
    pros: "One number between cosine and a step near the end.",
    cons: "Gains over cosine are small and depend on the task.",
};
fn k_decay(values: &Values, t: Time) -> f64 {
    let warped = t.share(values.updates(AT_OVER)).powf(values.number(3));
    mix(
        values,
        (FRAC_PI_2 * (1.0 - warped)).sin().powi(2),
        (FRAC_PI_2 * warped).sin().powi(2),
    )
}

/// Reflected exponential, which is a rational function.
pub static REX: Row = Row::new("rex", &[TO, OVER, FROM], rex, REX_PAGE).ending(over);
const REX_PAGE: Page = Page {
    formula: "to + (from - to) * (1 - z) / (1/2 + (1 - z)/2) with z = t / over, then `to`",
    origin: "REX (arXiv 2107.04197)",
    when: "Short budgets: it decays more slowly than linear and catches up at the end.",
    pros: "No parameter but the length; strong for small numbers of epochs.",
    cons: "Falls steeply at the very end, which noisy last iterates feel.",
};
fn rex(values: &Values, t: Time) -> f64 {
    let n = values.updates(AT_OVER);
    let left = t.left(n);
    let w = 2.0 * left / (1.0 + left);
    mix(values, w, t.share(n) / (1.0 + left))
}
