//! The table of combinators: how schedules made of schedules are written.

use super::Schedule;
use super::curve::Page;
use super::language::Scope;
use super::measure::Measure;
use super::signature::{Default, Kind, Param};
use super::{binding, compose, wsd};
use crate::expr::{Args, Error, Expr};

/// A row of the table of combinators.
pub struct Row {
    /// As it is written.
    pub name: &'static str,
    /// What it takes, in positional order.
    pub params: &'static [Param],
    /// Builds the schedule from its bound arguments.
    pub(super) build: fn(&Scope<'_>, &Args<'_>) -> Result<Schedule, Error>,
    /// What its rates are measured in.
    pub(super) measure: fn(&Scope<'_>, &Expr, &'static [Param]) -> Result<Measure, Error>,
    /// What to tell a person.
    pub page: Page,
}

/// Names of the operands of `min` and `max` after the first two, which are never written.
pub(super) const FURTHER: [&str; 15] = [
    "other", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12", "13", "14", "15",
];

/// Binds a call to the parameters of its row.
pub(super) fn bind<'a>(
    text: &'a str,
    call: &'a Expr,
    row: &'static Row,
) -> Result<Args<'a>, Error> {
    if matches!(row.name, "min" | "max") {
        return Args::bind(text, call, &[&["schedule"], FURTHER.as_slice()].concat());
    }
    binding::bind(text, call, row.params)
}

/// The row of a combinator.
pub fn named(name: &str) -> Option<&'static Row> {
    COMBINATORS.iter().find(|row| row.name == name)
}

const INNER: Param = Param::new(
    "schedule",
    Kind::Schedule,
    Default::Required,
    "the schedule inside",
);
const SECOND: Param = Param::new(
    "other",
    Kind::Schedule,
    Default::Required,
    "another schedule, or a rate; any number of them",
);
const OF_INNER: Param = Param::new(
    "over",
    Kind::Duration,
    Default::Open,
    "updates; the length of the schedule inside if it has one",
);

/// Every combinator, in the order in which `list` shows them.
pub static COMBINATORS: &[Row] = &[
    Row {
        name: "restart",
        params: &[
            INNER,
            Param::new(
                "every",
                Kind::Period,
                Default::Open,
                "updates in the first cycle; the length of the schedule inside if it has one",
            )
            .or(&["T_0", "first_decay_steps"]),
            Param::new(
                "grow",
                Kind::Number(1.0, 1e9),
                Default::Number(1.0),
                "each cycle is this many times as long",
            )
            .or(&["T_mult", "t_mul"]),
            Param::new(
                "decay",
                Kind::Number(0.0, 1e6),
                Default::Number(1.0),
                "each cycle is this many times as high",
            )
            .or(&["m_mul"]),
            Param::new(
                "cycles",
                Kind::Number(1.0, 1e18),
                Default::Open,
                "how many; for ever if not given",
            ),
        ],
        build: compose::restart,
        measure: compose::measure_all,
        page: Page {
            formula: "decay ** k * schedule(t'), t' = time in cycle k / grow ** k, cycle k lasts every * grow ** k",
            origin: "SGDR (arXiv 1608.03983); torch CosineAnnealingWarmRestarts, Keras CosineDecayRestarts, HF cosine_with_restarts; a text that writes lr_t = lr_(t-N) means this",
            when: "`restart(cosine, every=10ep, grow=2)`: to explore, for snapshot ensembles, or when the end is open.",
            pros: "Good models at the end of every cycle.",
            cons: "A single full decay is usually better at the same budget; end the run at the end of a cycle.",
        },
    },
    Row {
        name: "repeat",
        params: &[
            INNER,
            Param::new(
                "times",
                Kind::Number(1.0, 1e18),
                Default::Open,
                "how often; for ever if not given",
            ),
            Param::new(
                "every",
                Kind::Period,
                Default::Open,
                "updates per round; the length of the schedule inside if it has one",
            ),
        ],
        build: compose::repeat,
        measure: compose::measure_all,
        page: Page {
            formula: "schedule(t mod every)",
            origin: "restart without growth or decay",
            when: "Any periodic rate: `repeat(linear(0.1x -> 1x, 500) then linear(1x -> 0.1x, 500))`.",
            pros: "Exact for ever: cycles are counted in whole numbers.",
            cons: "As restart.",
        },
    },
    Row {
        name: "wsd",
        params: &[
            Param::new(
                "warmup",
                Kind::Duration,
                Default::Required,
                "updates of linear growth",
            )
            .or(&["num_warmup_steps"]),
            Param::new(
                "decay",
                Kind::Duration,
                Default::Required,
                "updates of decay at the end",
            )
            .or(&["num_decay_steps"]),
            Param::new(
                "shape",
                Kind::Schedule,
                Default::Open,
                "of the decay: linear, cosine, one_minus_sqrt, polynomial(power=2), …; linear if not given",
            ),
            Param::new(
                "to",
                Kind::Rate,
                Default::Number(0.0),
                "the rate at the end",
            ),
            Param::new(
                "peak",
                Kind::Rate,
                Default::Times(1.0),
                "the rate in the middle",
            ),
            Param::new(
                "over",
                Kind::Duration,
                Default::Rest,
                "updates of all three parts",
            ),
        ],
        build: wsd::wsd,
        measure: compose::measure_rates,
        page: Page {
            formula: "warmup(warmup) then constant(over - warmup - decay) then shape(to, decay)",
            origin: "warm-up-stable-decay, also trapezoid (arXiv 2404.06395, 2405.18392); HF warmup_stable_decay, torchtitan, llm.c, nanotron",
            when: "When the length of the run may change: branch a decay from any point of the middle.",
            pros: "Matches cosine of the right length; one run serves many lengths.",
            cons: "The loss looks bad until the decay starts.",
        },
    },
    Row {
        name: "min",
        params: &[INNER, SECOND],
        build: compose::min,
        measure: compose::measure_all,
        page: Page {
            formula: "the lowest of the schedules, update by update",
            origin: "Noam is the lower of linear growth and an inverse square root",
            when: "To cap a schedule, or to join two that cross: `min(cosine, 0.05)`.",
            pros: "Joins without a jump.",
            cons: "Where the two cross must be looked up.",
        },
    },
    Row {
        name: "max",
        params: &[INNER, SECOND],
        build: compose::max,
        measure: compose::measure_all,
        page: Page {
            formula: "the highest of the schedules, update by update",
            origin: "a floor under any schedule",
            when: "`max(exponential(0.99), 1e-5)`.",
            pros: "Keeps a decay from ending training.",
            cons: "A curve's own to= is smoother.",
        },
    },
    Row {
        name: "clamp",
        params: &[
            INNER,
            Param::new("min", Kind::Rate, Default::Number(0.0), "the lowest rate"),
            Param::new("max", Kind::Rate, Default::Open, "the highest rate"),
        ],
        build: compose::clamp,
        measure: compose::measure_all,
        page: Page {
            formula: "max(min, min(max, schedule))",
            origin: "the end_value of Optax exponential_decay",
            when: "To keep a schedule within bounds.",
            pros: "Says both bounds in one place.",
            cons: "Hides what the schedule would do.",
        },
    },
    Row {
        name: "delay",
        params: &[
            INNER,
            Param::new(
                "by",
                Kind::Duration,
                Default::Required,
                "updates before it starts",
            )
            .or(&["transition_begin"]),
        ],
        build: compose::delay,
        measure: compose::measure_all,
        page: Page {
            formula: "schedule(max(0, t - by))",
            origin: "the transition_begin of Optax",
            when: "To hold the first rate for a while.",
            pros: "Shorter than constant(...) then ....",
            cons: "None; warmup(...) then ... says more.",
        },
    },
    Row {
        name: "stretch",
        params: &[
            INNER,
            Param::new(
                "by",
                Kind::Period,
                Default::Required,
                "how many times as slowly: 2, or 1ep for a schedule counted in epochs",
            ),
        ],
        build: compose::stretch,
        measure: compose::measure_all,
        page: Page {
            formula: "schedule(t / by)",
            origin: "composer's scale schedule ratio; a framework's scheduler stepped once per epoch is `stretch(torch.StepLR(30), 1ep)`",
            when: "To run a known schedule over a longer run.",
            pros: "One number scales every length inside.",
            cons: "Percentages and epochs scale by themselves and need none of it.",
        },
    },
    Row {
        name: "warp",
        params: &[
            INNER,
            Param::new(
                "power",
                Kind::Number(1e-6, 1e6),
                Default::Required,
                "above 1 it starts more slowly",
            ),
            OF_INNER,
        ],
        build: compose::warp,
        measure: compose::measure_all,
        page: Page {
            formula: "schedule(over * (t / over) ** power)",
            origin: "timm's k-decay, for any schedule",
            when: "To move a decay later or earlier.",
            pros: "Works on any schedule with a length.",
            cons: "Few tasks show a gain.",
        },
    },
    Row {
        name: "mirror",
        params: &[INNER, OF_INNER],
        build: compose::mirror,
        measure: compose::measure_all,
        page: Page {
            formula: "forwards for `over` updates, backwards for `over`, and again",
            origin: "what torch's cosine does after T_max: `mirror(cosine(over=500))`",
            when: "Triangles from one line: `mirror(linear(0.1x -> 1x, 500))`.",
            pros: "No jumps.",
            cons: "A rate that climbs at the end of a run is seldom meant.",
        },
    },
    Row {
        name: "until",
        params: &[
            INNER,
            Param::new(
                "over",
                Kind::Duration,
                Default::Required,
                "the update from which on it is held",
            ),
        ],
        build: compose::until,
        measure: compose::measure_all,
        page: Page {
            formula: "schedule(min(t, over))",
            origin: "cuts a schedule, so that something else can follow: `until(exponential(0.99), 500) then constant(1e-4)`",
            when: "Before then, after a schedule that never ends or should not come to its end.",
            pros: "Any schedule becomes a part of a sequence.",
            cons: "None.",
        },
    },
    Row {
        name: "override",
        params: &[
            INNER,
            Param::new(
                "rate",
                Kind::Rate,
                Default::Required,
                "the rate set by hand",
            ),
            Param::new(
                "from",
                Kind::Duration,
                Default::Number(0.0),
                "the first update",
            ),
            Param::new(
                "until",
                Kind::Duration,
                Default::Endless,
                "the update after the last",
            ),
        ],
        build: compose::override_with,
        measure: compose::measure_all,
        page: Page {
            formula: "rate for from <= t < until, else schedule(t)",
            origin: "adjusting the learning rate by hand, written down so that the run can be repeated",
            when: "To calm a run down for a while, or to record what was done to one.",
            pros: "The schedule goes on underneath as if nothing had happened.",
            cons: "Jumps.",
        },
    },
    Row {
        name: "formula",
        params: &[
            Param::new(
                "formula",
                Kind::Schedule,
                Default::Required,
                "arithmetic over step, epoch and progress",
            ),
            Param::new(
                "epoch",
                Kind::Number(1e-9, 1e18),
                Default::Open,
                "updates per epoch, if not the run's",
            ),
            Param::new(
                "over",
                Kind::Duration,
                Default::Open,
                "updates in which progress reaches 1, if not the rest of the run",
            ),
        ],
        build: compose::formula,
        measure: |_, _, _| Ok(Measure::Plain),
        page: Page {
            formula: "the formula itself, 0 where it is negative or has no value",
            origin: "LambdaLR and LearningRateScheduler, as data instead of code",
            when: "For what no curve says: `0.1 * 0.97 ** epoch` needs no formula(...) around it.",
            pros: "Any function of time, still printable and comparable.",
            cons: "Nothing is known about it in advance: look at the plot.",
        },
    },
    Row {
        name: "base",
        params: &[
            Param::new(
                "lr",
                Kind::Rate,
                Default::Required,
                "the base rate inside: what 1x means, and a framework's optimiser rate",
            ),
            INNER,
            Param::new(
                "momentum",
                Kind::Number(0.0, 1.0),
                Default::Open,
                "the optimiser's momentum inside",
            ),
        ],
        build: compose::base,
        measure: |_, _, _| Ok(Measure::Absolute),
        page: Page {
            formula: "the schedule, with another base rate",
            origin: "the lr of the optimiser that a framework's scheduler was given",
            when: "To compare lines from scripts with different optimiser rates: `base(0.1, torch.StepLR(30))`.",
            pros: "An expression that depends on nothing outside.",
            cons: "Overrides --lr for what is inside.",
        },
    },
];
