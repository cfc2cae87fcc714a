//! Arguments of optimisers: how they are read, and how they print.

use std::fmt;

use crate::expr::{Args, Error, Expr, Node};

/// The value of an argument.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Value {
    Number(f64),
    Flag(bool),
    Pair([f64; 2]),
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Value::Number(x) => write!(f, "{x:?}"),
            Value::Flag(true) => f.write_str("True"),
            Value::Flag(false) => f.write_str("False"),
            Value::Pair([a, b]) => write!(f, "({a:?}, {b:?})"),
        }
    }
}

/// Reads an optimiser's arguments, each with the value that it has where it is not given.
pub(super) trait Arguments {
    /// A number from 0 that f32 holds.
    fn number(&self, name: &str, usual: f64) -> Result<f64, Error>;

    /// A number above 0 that f32 holds.
    fn positive(&self, name: &str, usual: f64) -> Result<f64, Error>;

    /// A number from 0 to below 1.
    fn share(&self, name: &str, usual: f64) -> Result<f64, Error>;

    /// `(β₁, β₂)`, both from 0 to below 1.
    fn betas(&self, usual: [f64; 2]) -> Result<[f64; 2], Error>;

    /// `True` or `False`.
    fn flag(&self, name: &str) -> Result<bool, Error>;
}

impl Arguments for Args<'_> {
    fn number(&self, name: &str, usual: f64) -> Result<f64, Error> {
        let value = self.opt_f64(name)?.unwrap_or(usual);
        match (value as f32).is_finite() && value >= 0.0 {
            true => Ok(value),
            false => {
                let message = format!("`{name}` must be a number from 0, not {value}");
                Err(self.error(name, message))
            }
        }
    }

    fn positive(&self, name: &str, usual: f64) -> Result<f64, Error> {
        let value = self.number(name, usual)?;
        match value as f32 > 0.0 {
            true => Ok(value),
            false => Err(self.error(name, format!("`{name}` must be above 0, not {value}"))),
        }
    }

    fn share(&self, name: &str, usual: f64) -> Result<f64, Error> {
        let value = self.number(name, usual)?;
        match is_share(value) {
            true => Ok(value),
            false => {
                let message = format!("`{name}` must be from 0 to below 1, not {value}");
                Err(self.error(name, message))
            }
        }
    }

    fn betas(&self, usual: [f64; 2]) -> Result<[f64; 2], Error> {
        let Some(given) = self.opt_expr("betas") else {
            return Ok(usual);
        };
        let pair = match &given.node {
            Node::Tuple(items) | Node::List(items) => items.as_slice(),
            _ => &[],
        };
        let pair: Vec<f64> = pair.iter().filter_map(Expr::as_f64).collect();
        match pair[..] {
            [a, b] if is_share(a) && is_share(b) => Ok([a, b]),
            [a, b] => {
                let message = format!("`betas` must be from 0 to below 1, not ({a}, {b})");
                Err(self.error("betas", message))
            }
            _ => Err(self.error("betas", "`betas` must be two numbers, such as (0.9, 0.999)")),
        }
    }

    fn flag(&self, name: &str) -> Result<bool, Error> {
        Ok(self.opt_bool(name)?.unwrap_or(false))
    }
}

/// Whether what the device computes with is below 1, too.
fn is_share(x: f64) -> bool {
    (0.0..1.0).contains(&x) && x as f32 != 1.0
}
