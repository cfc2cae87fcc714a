//! Arithmetic over named variables, as Python computes it.
//!
//! `lambda epoch: 0.95 ** epoch` of a pasted training script, and kiln's own `0.1 * 0.97 ** epoch`, are
//! compiled once into a small tree and evaluated in f64. Integers are exact up to 2^53; `//` and `%` round
//! towards minus infinity, `round` to even, `**` is C's `pow`, `and`/`or` give an operand, lists are indexed
//! from either end. Where Python raises, [`Arith::eval`] returns a [`Fault`].

mod compile;
mod function;
mod settle;

pub use settle::Settled;

use super::rewrite::renamed;
use super::{BinaryOp, Error, Expr, Node, UnaryOp};
use compile::{Scope, constant};
use function::Function;

/// A compiled arithmetic expression over a fixed list of variables.
///
/// ```
/// use kiln::expr::{Arith, parse};
///
/// let text = "lambda epoch: 0.5 ** (epoch // 30)";
/// let half = Arith::from_lambda(text, &parse(text)?, 1)?;
/// assert_eq!(half.eval(&[65.0]), Ok(0.25));
/// # Ok::<(), kiln::expr::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Arith {
    source: String,
    variables: Vec<String>,
    root: Op,
}

/// Why an arithmetic expression has no value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// `1 / 0`, `1 % 0`, `0 ** -1`.
    #[error("ZeroDivisionError: division by zero")]
    ZeroDivision,
    /// `values[i]` beyond either end.
    #[error("IndexError: list index out of range")]
    Index,
    /// `math.sqrt(-1)`, `math.log(0)`, a root of a negative number.
    #[error("ValueError: math domain error")]
    Domain,
}

/// A node of the compiled tree.
#[derive(Clone, Debug, PartialEq)]
enum Op {
    Const(f64),
    Variable(usize),
    Unary(UnaryOp, Box<Op>),
    Binary(BinaryOp, Box<[Op; 2]>),
    Call(&'static Function, Vec<Op>),
    /// condition, then, otherwise
    If(Box<[Op; 3]>),
    /// one of several values, by an index
    Pick(Vec<Op>, Box<Op>),
}

impl Arith {
    /// Compiles an expression over the given variables.
    ///
    /// # Errors
    /// A name that is neither a variable nor a constant of `math`, a function that is not known, a wrong
    /// number of arguments, or something that is not arithmetic (a string, a dict, a number with a unit).
    pub fn compile(text: &str, expr: &Expr, variables: &[&str]) -> Result<Arith, Error> {
        let scope = Scope { text, variables };
        Ok(Arith {
            source: expr.to_string(),
            variables: variables.iter().map(|&v| v.to_owned()).collect(),
            root: scope.compile(expr)?,
        })
    }

    /// Compiles `lambda a, b: …` that is called with at most `max_params` values; further parameters have their
    /// default values.
    ///
    /// # Errors
    /// As [`Arith::compile`]; also where the expression is no lambda or needs more values.
    pub fn from_lambda(text: &str, expr: &Expr, max_params: usize) -> Result<Arith, Error> {
        let Node::Lambda {
            params,
            defaults,
            body,
        } = &expr.node
        else {
            return Err(Error::at(
                text,
                expr.span,
                format!("expected a lambda, found {}", expr.kind()),
            )
            .expected(["`lambda epoch: 0.95 ** epoch`"]));
        };
        let required = params.len().saturating_sub(defaults.len());
        if params.is_empty() || required > max_params {
            let message = format!(
                "a lambda of 1 to {max_params} parameters belongs here, this one has {}",
                params.len()
            );
            return Err(Error::at(text, expr.span, message));
        }
        let (names, fixed) = params.split_at(params.len().min(max_params));
        let values = defaults.get(names.len() - required..).unwrap_or_default();
        let values: Vec<Expr> = values
            .iter()
            .map(|value| evaluated(text, value))
            .collect::<Result<_, _>>()?;
        let given = |name: &str| {
            let found = fixed.iter().zip(&values).find(|(param, _)| *param == name);
            found.map(|(_, value)| value.clone())
        };
        let lambda = Expr {
            node: Node::Lambda {
                params: names.to_vec(),
                defaults: Vec::new(),
                body: Box::new(renamed(body, &given)),
            },
            span: expr.span,
        };
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        Ok(Arith {
            source: lambda.to_string(),
            ..Arith::compile(text, &renamed(body, &given), &names)?
        })
    }

    /// Whether arithmetic has a function or a constant of this name: `min`, `math.pi`.
    pub fn knows(name: &str) -> bool {
        Function::named(name).is_some() || constant(name).is_some()
    }

    /// The text it was compiled from, in canonical form.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The names of the variables, in the order [`Arith::eval`] takes them.
    pub fn variables(&self) -> &[String] {
        &self.variables
    }

    /// The value where the variables have these values; absent ones are 0.
    ///
    /// # Errors
    /// Where Python would raise.
    pub fn eval(&self, values: &[f64]) -> Result<f64, Fault> {
        self.root.eval(values)
    }

    /// Whether the variable occurs.
    pub fn uses(&self, variable: usize) -> bool {
        self.root.uses(variable)
    }

    /// `(slope, offset)` of the expression as a function of one variable, the others being given; `None` where
    /// it is not known to be a straight line.
    pub fn line(&self, values: &[f64], variable: usize) -> Option<(f64, f64)> {
        self.root.line(values, variable)
    }
}

/// Constant arithmetic as one number.
fn evaluated(text: &str, expr: &Expr) -> Result<Expr, Error> {
    let value = Arith::compile(text, expr, &[])?
        .eval(&[])
        .map_err(|fault| Error::at(text, expr.span, fault.to_string()))?;
    let number = Expr {
        node: Node::Number {
            value: value.abs(),
            integer: false,
            unit: None,
        },
        span: expr.span,
    };
    Ok(if value.is_sign_negative() && !value.is_nan() {
        Expr {
            node: Node::Unary(UnaryOp::Neg, Box::new(number)),
            span: expr.span,
        }
    } else {
        number
    })
}

impl Op {
    fn eval(&self, values: &[f64]) -> Result<f64, Fault> {
        Ok(match self {
            Op::Const(value) => *value,
            Op::Variable(at) => values.get(*at).copied().unwrap_or(0.0),
            Op::Unary(op, a) => unary(*op, a.eval(values)?),
            Op::Binary(op, ab) => {
                let [a, b] = ab.as_ref();
                match (op, a.eval(values)?) {
                    (BinaryOp::And, a) if a == 0.0 => a,
                    (BinaryOp::Or, a) if a != 0.0 => a,
                    (BinaryOp::And | BinaryOp::Or, _) => b.eval(values)?,
                    (op, a) => binary(*op, a, b.eval(values)?)?,
                }
            }
            Op::If(parts) => {
                let [when, then, other] = parts.as_ref();
                let chosen = if when.eval(values)? != 0.0 {
                    then
                } else {
                    other
                };
                chosen.eval(values)?
            }
            Op::Pick(items, index) => {
                let at = pick(items.len(), index.eval(values)?)?;
                items.get(at).ok_or(Fault::Index)?.eval(values)?
            }
            Op::Call(function, args) => match args.as_slice() {
                [a] => function.call(&[a.eval(values)?])?,
                [a, b] => function.call(&[a.eval(values)?, b.eval(values)?])?,
                many => function.call(
                    &many
                        .iter()
                        .map(|arg| arg.eval(values))
                        .collect::<Result<Vec<_>, _>>()?,
                )?,
            },
        })
    }

    fn children(&self) -> Vec<&Op> {
        match self {
            Op::Const(_) | Op::Variable(_) => Vec::new(),
            Op::Unary(_, a) => vec![a],
            Op::Binary(_, ab) => ab.iter().collect(),
            Op::Call(_, args) => args.iter().collect(),
            Op::If(parts) => parts.iter().collect(),
            Op::Pick(items, index) => items.iter().chain([index.as_ref()]).collect(),
        }
    }

    fn uses(&self, variable: usize) -> bool {
        matches!(self, Op::Variable(at) if *at == variable)
            || self.children().iter().any(|c| c.uses(variable))
    }

    fn line(&self, values: &[f64], variable: usize) -> Option<(f64, f64)> {
        if !self.uses(variable) {
            return Some((0.0, self.eval(values).ok()?));
        }
        match self {
            Op::Variable(_) => Some((1.0, 0.0)),
            Op::Unary(UnaryOp::Neg, a) => a.line(values, variable).map(|(s, o)| (-s, -o)),
            Op::Unary(UnaryOp::Plus, a) => a.line(values, variable),
            Op::Binary(op, ab) => {
                let [a, b] = ab.as_ref();
                let ((s, o), (t, p)) = (a.line(values, variable)?, b.line(values, variable)?);
                match op {
                    BinaryOp::Add => Some((s + t, o + p)),
                    BinaryOp::Sub => Some((s - t, o - p)),
                    BinaryOp::Mul if s == 0.0 => Some((o * t, o * p)),
                    BinaryOp::Mul if t == 0.0 => Some((s * p, o * p)),
                    BinaryOp::Div if t == 0.0 && p != 0.0 => Some((s / p, o / p)),
                    _ => None,
                }
            }
            Op::If(parts) => {
                let [when, then, other] = parts.as_ref();
                if when.uses(variable) {
                    return None;
                }
                let chosen = if when.eval(values).ok()? != 0.0 {
                    then
                } else {
                    other
                };
                chosen.line(values, variable)
            }
            _ => None,
        }
    }
}

fn unary(op: UnaryOp, a: f64) -> f64 {
    match op {
        UnaryOp::Neg => -a,
        UnaryOp::Plus => a,
        UnaryOp::Not => truth(a == 0.0),
    }
}

fn truth(holds: bool) -> f64 {
    f64::from(u8::from(holds))
}

fn binary(op: BinaryOp, a: f64, b: f64) -> Result<f64, Fault> {
    Ok(match op {
        BinaryOp::Add => a + b,
        BinaryOp::Sub => a - b,
        BinaryOp::Mul => a * b,
        BinaryOp::Div if b == 0.0 => return Err(Fault::ZeroDivision),
        BinaryOp::Div => a / b,
        BinaryOp::FloorDiv => divmod(a, b)?.0,
        BinaryOp::Mod => divmod(a, b)?.1,
        BinaryOp::Pow => power(a, b)?,
        BinaryOp::Lt => truth(a < b),
        BinaryOp::Le => truth(a <= b),
        BinaryOp::Gt => truth(a > b),
        BinaryOp::Ge => truth(a >= b),
        BinaryOp::Eq => truth(a == b),
        BinaryOp::Ne => truth(a != b),
        // evaluated with short circuit by the caller; here both operands are known
        BinaryOp::And => {
            if a == 0.0 {
                a
            } else {
                b
            }
        }
        BinaryOp::Or => {
            if a != 0.0 {
                a
            } else {
                b
            }
        }
    })
}

/// Python's `divmod` of floats: the quotient is the floor of the exact quotient, the remainder has `b`'s sign.
fn divmod(a: f64, b: f64) -> Result<(f64, f64), Fault> {
    if b == 0.0 {
        return Err(Fault::ZeroDivision);
    }
    let mut rest = a % b;
    let mut quotient = (a - rest) / b;
    if rest != 0.0 && (b < 0.0) != (rest < 0.0) {
        rest += b;
        quotient -= 1.0;
    }
    let floor = quotient.floor();
    Ok((
        if quotient - floor > 0.5 {
            floor + 1.0
        } else {
            floor
        },
        rest,
    ))
}

fn power(a: f64, b: f64) -> Result<f64, Fault> {
    if a == 0.0 && b < 0.0 {
        return Err(Fault::ZeroDivision);
    }
    if a < 0.0 && a.is_finite() && b.is_finite() && b != b.trunc() {
        return Err(Fault::Domain); // Python gives a complex number, which is no learning rate
    }
    Ok(a.powf(b))
}

/// The position that a Python index means.
fn pick(len: usize, index: f64) -> Result<usize, Fault> {
    let size = len as f64;
    let at = if index < 0.0 { index + size } else { index };
    if index == index.trunc() && (0.0..size).contains(&at) {
        Ok(at as usize)
    } else {
        Err(Fault::Index)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expr::parse;

    fn eval(text: &str, x: f64) -> Result<f64, Fault> {
        Arith::compile(text, &parse(text).unwrap(), &["x"])
            .unwrap()
            .eval(&[x])
    }

    /// Protects Python's meaning of the operators where it differs from C's.
    #[test]
    fn operators_follow_python() {
        let cases = [
            ("-7 // 2", -4.0),
            ("-7 % 3", 2.0),
            ("7 % -3", -2.0),
            ("-2 ** 2", -4.0),
            ("2 ** -1", 0.5),
            ("2 ** 3 ** 2", 512.0),
            ("round(2.5)", 2.0),
            ("round(0.125, 2)", 0.12),
            ("int(-1.7)", -1.0),
            ("0 or 3", 3.0),
            ("2 and 3", 3.0),
            ("not x", 0.0),
            ("[1, 2, 3][-1]", 3.0),
            ("min([4, 2, 3])", 2.0),
            ("1 if x > 4 else 2", 1.0),
            ("math.floor(-0.5)", -1.0),
            ("np.clip(x, 0, 2)", 2.0),
            ("max(x, 9, 3)", 9.0),
            ("0 < x <= 5", 1.0),
            ("0 < x < 5 < 9", 0.0),
            ("np.interp(x, [0, 4, 8], [0, 1, 3])", 1.5),
            ("np.interp([0, x], [0, 4], [0.5, 1])[1]", 1.0),
            ("interp(-x, [0, 4], [0.5, 1])", 0.5),
        ];
        for (text, value) in cases {
            assert_eq!(eval(text, 5.0), Ok(value), "{text}");
        }
    }

    /// Protects against a silent NaN where Python raises.
    #[test]
    fn faults_where_python_raises() {
        assert_eq!(eval("1 / x", 0.0), Err(Fault::ZeroDivision));
        assert_eq!(eval("x ** -1", 0.0), Err(Fault::ZeroDivision));
        assert_eq!(eval("[1, 2][x]", 2.0), Err(Fault::Index));
        assert_eq!(eval("[1, 2][x]", 0.5), Err(Fault::Index));
        assert_eq!(eval("math.sqrt(x)", -1.0), Err(Fault::Domain));
        assert_eq!(eval("math.log(x)", 0.0), Err(Fault::Domain));
        assert_eq!(
            eval("np.interp(x, [4, 0], [0, 1])", 0.0),
            Err(Fault::Domain)
        );
    }

    /// Protects the messages for a name that a pasted script defined elsewhere.
    #[test]
    fn unknown_names_are_errors() {
        let text = "lambda epoch: 1 - epoch / total_epochs";
        let error = Arith::from_lambda(text, &parse(text).unwrap(), 1).unwrap_err();
        assert!(
            error.to_string().contains("unknown name `total_epochs`"),
            "{error}"
        );
        let text = "math.sine(x)";
        let error = Arith::compile(text, &parse(text).unwrap(), &["x"]).unwrap_err();
        assert!(
            error.to_string().contains("unknown function `math.sine`"),
            "{error}"
        );
    }

    /// Protects Python's call: values that are passed replace defaults, and further parameters keep theirs.
    #[test]
    fn defaults_fill_what_is_not_passed() {
        let text = "lambda e, w=10, p=-2: (e / w) ** p";
        for (passed, values, expected) in [(1, [5.0, 0.0], 4.0), (2, [5.0, 20.0], 16.0)] {
            let arith = Arith::from_lambda(text, &parse(text).unwrap(), passed).unwrap();
            assert_eq!(arith.eval(&values), Ok(expected));
            let same = Arith::from_lambda(arith.source(), &parse(arith.source()).unwrap(), passed);
            assert_eq!(same, Ok(arith));
        }
        let text = "lambda e, w=total: e / w";
        let error = Arith::from_lambda(text, &parse(text).unwrap(), 1).unwrap_err();
        assert!(
            error.to_string().contains("unknown name `total`"),
            "{error}"
        );
    }

    /// Protects the straight-line reading that makes Keras's `lr if epoch < 8 else lr * 0.8` seekable.
    #[test]
    fn lines_in_one_variable() {
        let text = "lambda epoch, lr: lr if epoch < 8 else lr * 0.5 + 1";
        let arith = Arith::from_lambda(text, &parse(text).unwrap(), 2).unwrap();
        assert_eq!(arith.line(&[0.0, 0.0], 1), Some((1.0, 0.0)));
        assert_eq!(arith.line(&[8.0, 0.0], 1), Some((0.5, 1.0)));
        let text = "lambda epoch, lr: max(lr, 0.1)";
        assert_eq!(
            Arith::from_lambda(text, &parse(text).unwrap(), 2)
                .unwrap()
                .line(&[8.0, 0.0], 1),
            None
        );
    }
}
