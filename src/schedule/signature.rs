//! What a curve takes: parameters with units and defaults, and their resolved values.

/// The kind of a parameter: what may be written for it, and what it becomes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// A rate: `0.01`, or `0.1x` times the base rate. Finite, from 0.
    Rate,
    /// A list of rates.
    Rates,
    /// A duration: `500`, `500up`, `10ep`, `1e6sp`, `30%`.
    Duration,
    /// A duration of at least one update.
    Period,
    /// A strictly increasing list of durations.
    Durations,
    /// A number in a closed range.
    Number(f64, f64),
    /// True or False.
    Flag,
    /// One of several names; the value is its index.
    Choice(&'static [&'static str]),
    /// A schedule. Only combinators have them; they resolve it themselves.
    Schedule,
}

/// What a parameter is where nothing is written.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Default {
    /// It must be written.
    Required,
    /// A multiple of the base rate.
    Times(f64),
    /// A number, a rate of 0, or the index of a choice.
    Number(f64),
    /// The rest of the run.
    Rest,
    /// For ever.
    Endless,
    /// True if the optimiser has a momentum to cycle.
    Momentum,
    /// The same as another parameter, by position before this one.
    Same(usize),
    /// The samples per update of the run.
    Batch,
    /// Nothing: the combinator decides.
    Open,
}

/// A parameter of a curve or a combinator.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Param {
    /// Its name.
    pub name: &'static str,
    /// Names that other frameworks give it.
    pub aliases: &'static [&'static str],
    /// What may be written for it.
    pub kind: Kind,
    /// What it is otherwise.
    pub default: Default,
    /// What it does, in a few words.
    pub help: &'static str,
}

impl Param {
    /// A parameter without aliases.
    pub const fn new(
        name: &'static str,
        kind: Kind,
        default: Default,
        help: &'static str,
    ) -> Param {
        Param {
            name,
            aliases: &[],
            kind,
            default,
            help,
        }
    }

    /// The same parameter, known by other names too.
    pub const fn or(mut self, aliases: &'static [&'static str]) -> Param {
        self.aliases = aliases;
        self
    }

    /// Whether it is known by this name.
    pub fn named(&self, name: &str) -> bool {
        self.name == name || self.aliases.contains(&name)
    }
}

/// `over`: how long a curve takes; to the end of the run where nothing is said.
pub const OVER: Param = Param::new("over", Kind::Duration, Default::Rest, "how long it takes")
    .or(&["T_max", "total_iters", "decay_steps", "total_steps"]);
/// `from`: the rate at the start.
pub const FROM: Param = Param::new(
    "from",
    Kind::Rate,
    Default::Times(1.0),
    "the rate at the start",
)
.or(&["start_factor"]);
/// `to`: the rate at the end.
pub const TO: Param = Param::new(
    "to",
    Kind::Rate,
    Default::Number(0.0),
    "the rate at the end",
)
.or(&["eta_min", "end_factor"]);

/// A resolved parameter: rates absolute, durations in updates.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// A rate, a number, a flag (0 or 1) or the index of a choice.
    Number(f64),
    /// A duration; `u64::MAX` for ever.
    Updates(u64),
    /// Rates.
    Rates(Vec<f64>),
    /// Durations from the start.
    Steps(Vec<u64>),
}

/// The resolved parameters of a curve, in the order of its signature.
#[derive(Clone, Debug, PartialEq)]
pub struct Values(pub Vec<Value>);

impl Values {
    /// The number, rate, flag or choice at a position.
    pub fn number(&self, at: usize) -> f64 {
        match self.0.get(at) {
            Some(Value::Number(value)) => *value,
            Some(Value::Updates(updates)) => *updates as f64,
            _ => f64::NAN, // a wiring mistake, which every test of the curve shows
        }
    }

    /// The duration at a position.
    pub fn updates(&self, at: usize) -> u64 {
        if let Some(Value::Updates(updates)) = self.0.get(at) {
            *updates
        } else {
            u64::MAX
        }
    }

    /// The truth value at a position.
    pub fn flag(&self, at: usize) -> bool {
        self.number(at) != 0.0
    }

    /// The list of rates at a position.
    pub fn rates(&self, at: usize) -> &[f64] {
        if let Some(Value::Rates(rates)) = self.0.get(at) {
            rates
        } else {
            &[]
        }
    }

    /// The list of steps at a position.
    pub fn steps(&self, at: usize) -> &[u64] {
        if let Some(Value::Steps(steps)) = self.0.get(at) {
            steps
        } else {
            &[]
        }
    }
}
