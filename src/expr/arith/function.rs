//! The functions that arithmetic may call: Python's built-ins and those of `math` (also as `np.` and `torch.`).

use super::{Fault, truth};

/// A function; two are equal if they have one name.
#[derive(Debug)]
pub(super) struct Function {
    name: &'static str,
    body: Body,
}

#[derive(Debug)]
enum Body {
    One(fn(f64) -> Result<f64, Fault>),
    Two(fn(f64, f64) -> Result<f64, Fault>),
    /// least and largest number of arguments
    Many(usize, usize, fn(&[f64]) -> Result<f64, Fault>),
}

const fn one(name: &'static str, body: fn(f64) -> Result<f64, Fault>) -> Function {
    Function {
        name,
        body: Body::One(body),
    }
}

const fn two(name: &'static str, body: fn(f64, f64) -> Result<f64, Fault>) -> Function {
    Function {
        name,
        body: Body::Two(body),
    }
}

const fn many(
    name: &'static str,
    least: usize,
    most: usize,
    body: fn(&[f64]) -> Result<f64, Fault>,
) -> Function {
    Function {
        name,
        body: Body::Many(least, most, body),
    }
}

static TABLE: &[Function] = &[
    many("min", 1, usize::MAX, min),
    many("minimum", 1, usize::MAX, min),
    many("max", 1, usize::MAX, max),
    many("maximum", 1, usize::MAX, max),
    many("clip", 3, 3, clip),
    many("interp", 3, usize::MAX, interp),
    many("round", 1, 2, round),
    many("log", 1, 2, log),
    one("abs", |x| Ok(x.abs())),
    one("fabs", |x| Ok(x.abs())),
    one("int", |x| domain(x.is_finite(), x.trunc())),
    one("trunc", |x| domain(x.is_finite(), x.trunc())),
    one("float", Ok),
    one("bool", |x| Ok(truth(x != 0.0))),
    one("floor", |x| domain(x.is_finite(), x.floor())),
    one("ceil", |x| domain(x.is_finite(), x.ceil())),
    one("sqrt", |x| domain(x >= 0.0, x.sqrt())),
    one("exp", |x| Ok(x.exp())),
    one("expm1", |x| Ok(x.exp_m1())),
    one("log1p", |x| domain(x > -1.0, x.ln_1p())),
    one("log2", |x| domain(x > 0.0, x.log2())),
    one("log10", |x| domain(x > 0.0, x.log10())),
    one("sin", |x| Ok(x.sin())),
    one("cos", |x| Ok(x.cos())),
    one("tan", |x| Ok(x.tan())),
    one("asin", |x| domain(x.abs() <= 1.0, x.asin())),
    one("acos", |x| domain(x.abs() <= 1.0, x.acos())),
    one("atan", |x| Ok(x.atan())),
    one("sinh", |x| Ok(x.sinh())),
    one("cosh", |x| Ok(x.cosh())),
    one("tanh", |x| Ok(x.tanh())),
    two("atan2", |y, x| Ok(y.atan2(x))),
    two("pow", super::power),
    two("power", super::power),
    two("hypot", |a, b| Ok(a.hypot(b))),
    two("fmod", |a, b| domain(b != 0.0, a % b)),
    two("copysign", |a, b| Ok(a.copysign(b))),
];

fn domain(inside: bool, value: f64) -> Result<f64, Fault> {
    if inside {
        Ok(value)
    } else {
        Err(Fault::Domain)
    }
}

/// The first of the least; NaN neither wins nor loses, as in Python.
fn min(args: &[f64]) -> Result<f64, Fault> {
    args.iter()
        .copied()
        .reduce(|a, b| if b < a { b } else { a })
        .ok_or(Fault::Domain)
}

fn max(args: &[f64]) -> Result<f64, Fault> {
    args.iter()
        .copied()
        .reduce(|a, b| if b > a { b } else { a })
        .ok_or(Fault::Domain)
}

fn clip(args: &[f64]) -> Result<f64, Fault> {
    let &[x, low, high] = args else {
        return Err(Fault::Domain);
    };
    min(&[max(&[x, low])?, high])
}

/// NumPy's `interp(x, xp, fp)`, with all of `xp`, then all of `fp` after `x`: straight lines between the points,
/// level beyond the ends. Points that are not in order, which NumPy turns into nonsense, are a fault.
fn interp(args: &[f64]) -> Result<f64, Fault> {
    let (x, points) = args.split_first().ok_or(Fault::Domain)?;
    let (xp, fp) = points.split_at(points.len() / 2);
    if !xp.is_sorted() || xp.len() != fp.len() {
        return Err(Fault::Domain);
    }
    let point = |at: usize| xp.get(at).copied().zip(fp.get(at).copied());
    let at = xp.iter().rposition(|left| left <= x);
    match (at.and_then(point), point(at.map_or(0, |at| at + 1))) {
        _ if x.is_nan() => Ok(*x),
        (Some((x0, y0)), Some((x1, y1))) => Ok((y1 - y0) / (x1 - x0) * (x - x0) + y0),
        (Some((_, end)), None) | (None, Some((_, end))) => Ok(end),
        (None, None) => Err(Fault::Domain),
    }
}

fn log(args: &[f64]) -> Result<f64, Fault> {
    match *args {
        [x] => domain(x > 0.0, x.ln()),
        [x, base] if x > 0.0 && base == 1.0 => Err(Fault::ZeroDivision),
        [x, base] => domain(x > 0.0 && base > 0.0, x.ln() / base.ln()),
        _ => Err(Fault::Domain),
    }
}

/// `round(x)` to even, `round(x, digits)` by the decimal digits of the exact binary value.
fn round(args: &[f64]) -> Result<f64, Fault> {
    match *args {
        [x] => domain(x.is_finite(), x.round_ties_even()),
        [x, digits] if x.is_finite() && (0.0..=300.0).contains(&digits) => {
            Ok(format!("{x:.*}", digits as usize).parse().unwrap_or(x))
        }
        _ => Err(Fault::Domain),
    }
}

/// `math.cos` → `cos`; other names stay as they are.
pub(super) fn without_module(name: &str) -> &str {
    match name.split_once('.') {
        Some(("math" | "np" | "numpy" | "torch" | "jnp" | "tf", rest)) => rest,
        _ => name,
    }
}

impl PartialEq for Function {
    fn eq(&self, other: &Function) -> bool {
        self.name == other.name
    }
}

impl Function {
    pub(super) fn named(name: &str) -> Option<&'static Function> {
        let bare = without_module(name);
        TABLE.iter().find(|function| function.name == bare)
    }

    pub(super) fn names() -> Vec<&'static str> {
        TABLE.iter().map(|function| function.name).collect()
    }

    pub(super) fn name(&self) -> &'static str {
        self.name
    }

    /// Least and largest number of arguments.
    pub(super) fn arity(&self) -> (usize, usize) {
        match self.body {
            Body::One(_) => (1, 1),
            Body::Two(_) => (2, 2),
            Body::Many(least, most, _) => (least, most),
        }
    }

    pub(super) fn call(&self, args: &[f64]) -> Result<f64, Fault> {
        match (&self.body, args) {
            (Body::One(body), &[a]) => body(a),
            (Body::Two(body), &[a, b]) => body(a, b),
            (Body::Many(_, _, body), args) => body(args),
            _ => Err(Fault::Domain),
        }
    }
}
