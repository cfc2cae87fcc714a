//! A curve: a row of the table of curves with its parameters resolved.

use super::signature::{Default, Param, Value, Values};
use super::time::Time;
use std::fmt;

/// What a person wants to know about a schedule before using it.
#[derive(Clone, Copy, Debug)]
pub struct Page {
    /// The rate at update t.
    pub formula: &'static str,
    /// Where it comes from and who has it.
    pub origin: &'static str,
    /// When to use it.
    pub when: &'static str,
    /// What speaks for it.
    pub pros: &'static str,
    /// What speaks against it.
    pub cons: &'static str,
}

/// A row of the table of curves: everything kiln knows about one.
#[derive(Clone, Copy)]
pub struct Row {
    /// As it is written.
    pub name: &'static str,
    /// What it takes, in positional order.
    pub params: &'static [Param],
    /// Whether its rate does not depend on the base rate.
    pub absolute: bool,
    /// The rate at a local time.
    pub value: fn(&Values, Time) -> f64,
    /// The momentum at a local time, for curves that carry it.
    pub momentum: fn(&Values, Time) -> Option<f64>,
    /// Where it has come to its end, from which on it holds.
    pub length: fn(&Values) -> Option<u64>,
    /// Steps where it jumps or bends, the first [`MAX_JOINTS`] of them.
    pub joints: fn(&Values) -> Vec<u64>,
    /// What no kind of parameter can say by itself: the parameter that is wrong, and why.
    pub check: fn(&Values) -> Result<(), (&'static str, String)>,
    /// What to tell a person.
    pub page: Page,
}

/// How many joints of one curve are listed at most.
pub const MAX_JOINTS: usize = 1000;

impl Row {
    /// A curve relative to the base rate that never ends, jumps nowhere and leaves the momentum alone.
    pub const fn new(
        name: &'static str,
        params: &'static [Param],
        value: fn(&Values, Time) -> f64,
        page: Page,
    ) -> Row {
        Row {
            name,
            params,
            absolute: false,
            value,
            momentum: |_, _| None,
            length: |_| None,
            joints: |_| Vec::new(),
            check: |_| Ok(()),
            page,
        }
    }

    /// The same curve, ending where this says.
    pub const fn ending(mut self, length: fn(&Values) -> Option<u64>) -> Row {
        self.length = length;
        self
    }

    /// The same curve, with steps where it jumps.
    pub const fn jumping(mut self, joints: fn(&Values) -> Vec<u64>) -> Row {
        self.joints = joints;
        self
    }

    /// The same curve, refusing values that do not go together.
    pub const fn checked(
        mut self,
        check: fn(&Values) -> Result<(), (&'static str, String)>,
    ) -> Row {
        self.check = check;
        self
    }

    /// The position of a parameter.
    pub fn position(&self, name: &str) -> Option<usize> {
        self.params.iter().position(|param| param.name == name)
    }
}

impl fmt::Debug for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

impl PartialEq for Row {
    fn eq(&self, other: &Row) -> bool {
        self.name == other.name // names are unique in the table
    }
}

/// A curve with its parameters.
#[derive(Clone, Debug, PartialEq)]
pub struct Curve {
    pub(super) row: &'static Row,
    pub(super) values: Values,
}

impl Curve {
    /// A curve from its row and the values of its parameters, in the row's order.
    pub(super) fn new(row: &'static Row, values: impl IntoIterator<Item = Value>) -> Curve {
        Curve {
            row,
            values: Values(values.into_iter().collect()),
        }
    }

    /// Its name: `cosine`.
    pub fn name(&self) -> &'static str {
        self.row.name
    }

    /// The rate, finite and from 0 whatever the parameters are.
    pub(super) fn value(&self, t: Time) -> f64 {
        clean((self.row.value)(&self.values, t))
    }

    pub(super) fn momentum(&self, t: Time) -> Option<f64> {
        (self.row.momentum)(&self.values, t)
    }

    /// Where it ends, if it does.
    pub(super) fn length(&self) -> Option<u64> {
        (self.row.length)(&self.values).filter(|&end| end != u64::MAX)
    }

    pub(super) fn joints(&self) -> Vec<u64> {
        let mut joints = (self.row.joints)(&self.values);
        joints.extend(self.length());
        joints
    }

    /// Parameters with values that are worth printing, in the row's order.
    pub(super) fn shown(&self) -> impl Iterator<Item = (&'static Param, &Value)> {
        self.row
            .params
            .iter()
            .zip(&self.values.0)
            .filter(|(param, value)| !is_default(param, value))
    }
}

/// Whether a value is what its parameter would be in every run if it were left out.
fn is_default(param: &Param, value: &Value) -> bool {
    match (param.default, value) {
        (Default::Number(default), Value::Number(value)) => default == *value,
        (Default::Number(default), Value::Updates(updates)) => default == *updates as f64,
        (Default::Endless, Value::Updates(updates)) => *updates == u64::MAX,
        _ => false,
    }
}

/// A rate that can be used: finite and from 0; what is no number is 0, the step that does no harm.
pub(super) fn clean(rate: f64) -> f64 {
    if rate.is_nan() {
        0.0
    } else {
        rate.clamp(0.0, f64::MAX)
    }
}
