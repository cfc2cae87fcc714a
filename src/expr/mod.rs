//! One small expression language for schedules, optimisers and models.
//!
//! Python's literals, calls, arithmetic and lambdas, so that a line pasted from a training script is
//! understood, plus kiln's own `a then b`, `1x -> 0` and numbers with units (`500up`, `10ep`, `1e6sp`,
//! `30%`, `0.01x`). This module knows the grammar only; what a name means is decided by who reads the tree.
//!
//! ```
//! use kiln::expr::{Args, parse};
//!
//! let text = "Linear(10, bias=False)";
//! let call = parse(text)?;
//! let args = Args::bind(text, &call, &["out_features", "bias"])?;
//! assert_eq!(args.u64("out_features")?, 10);
//! assert_eq!(args.opt_bool("bias")?, Some(false));
//! args.finish()?;
//! # Ok::<(), kiln::expr::Error>(())
//! ```

mod args;
mod arith;
mod error;
mod lexer;
mod parser;
mod primary;
mod print;
pub(crate) mod rewrite;

pub use args::Args;
pub use arith::{Arith, Fault, Settled};
pub use error::Error;

/// A range of byte offsets in the source text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Span {
    /// Offset of the first byte.
    pub start: usize,
    /// Offset after the last byte.
    pub end: usize,
}

impl Span {
    /// The smallest span that covers both.
    pub fn to(self, other: Span) -> Span {
        Span {
            start: self.start.min(other.start),
            end: self.end.max(other.end),
        }
    }
}

/// An expression and where it stands in the text. Equality ignores the place.
///
/// `Display` prints canonical text that parses back to an equal expression.
#[derive(Clone, Debug)]
pub struct Expr {
    /// What it is.
    pub node: Node,
    /// Where it stands.
    pub span: Span,
}

/// The kinds of expression.
#[derive(Clone, Debug)]
pub enum Node {
    /// `500`, `1e-3`, `10ep`, `30%`, `0.01x`, `float('inf')`. Never negative: `-1` is a [`Node::Unary`].
    Number {
        /// The number as written, before its unit: 30 for `30%`.
        value: f64,
        /// Written without a point or an exponent.
        integer: bool,
        /// The unit glued to it.
        unit: Option<Unit>,
    },
    /// `'cos'` or `"cos"`.
    Str(String),
    /// `True`, `False`.
    Bool(bool),
    /// `None`.
    None,
    /// A name, dots included: `cosine`, `math.pi`.
    Name(String),
    /// `callee(args)`.
    Call {
        /// The called name, dots included: `torch.OneCycleLR`.
        callee: String,
        /// Where the name stands.
        callee_span: Span,
        /// The arguments in the order written; no positional one follows a keyword.
        args: Vec<Arg>,
    },
    /// `[a, b]`.
    List(Vec<Expr>),
    /// `(a, b)`, `(a,)`, `()`.
    Tuple(Vec<Expr>),
    /// `{key: value}`.
    Dict(Vec<(Expr, Expr)>),
    /// `lambda epoch, lr=0.1: body`.
    Lambda {
        /// Parameter names.
        params: Vec<String>,
        /// The default values of the last parameters, at most one for each.
        defaults: Vec<Expr>,
        /// The value.
        body: Box<Expr>,
    },
    /// `-a`, `+a`, `not a`.
    Unary(UnaryOp, Box<Expr>),
    /// `a * b` and the like.
    Binary(BinaryOp, Box<Expr>, Box<Expr>),
    /// `then if cond else other`.
    IfElse {
        /// The value where `cond` holds.
        then: Box<Expr>,
        /// The condition.
        cond: Box<Expr>,
        /// The value elsewhere.
        other: Box<Expr>,
    },
    /// `values[index]`.
    Index(Box<Expr>, Box<Expr>),
    /// `from -> to`.
    Arrow(Box<Expr>, Box<Expr>),
    /// `first then rest`.
    Then(Box<Expr>, Box<Expr>),
}

/// An argument of a call.
#[derive(Clone, Debug)]
pub struct Arg {
    /// The keyword, if one was written.
    pub name: Option<String>,
    /// Where the keyword stands; the value's place for a positional argument.
    pub name_span: Span,
    /// The value.
    pub value: Expr,
}

/// The unit glued to a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// `up`: applied optimiser updates.
    Updates,
    /// `ep`: epochs.
    Epochs,
    /// `sp`: samples.
    Samples,
    /// `%`: hundredths of the whole run.
    Percent,
    /// `x`: multiples of the base learning rate.
    Times,
}

impl Unit {
    /// Every unit, for messages.
    pub const ALL: [Unit; 5] = [
        Unit::Updates,
        Unit::Epochs,
        Unit::Samples,
        Unit::Percent,
        Unit::Times,
    ];

    /// As it is written after a number.
    pub fn suffix(self) -> &'static str {
        match self {
            Unit::Updates => "up",
            Unit::Epochs => "ep",
            Unit::Samples => "sp",
            Unit::Percent => "%",
            Unit::Times => "x",
        }
    }
}

/// Operators before an operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnaryOp {
    /// `-a`
    Neg,
    /// `+a`
    Plus,
    /// `not a`
    Not,
}

/// Operators between two operands, with Python's meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BinaryOp {
    /// `a + b`
    Add,
    /// `a - b`
    Sub,
    /// `a * b`
    Mul,
    /// `a / b`
    Div,
    /// `a // b`, rounded towards minus infinity
    FloorDiv,
    /// `a % b`, with the sign of `b`
    Mod,
    /// `a ** b`
    Pow,
    /// `a < b`
    Lt,
    /// `a <= b`
    Le,
    /// `a > b`
    Gt,
    /// `a >= b`
    Ge,
    /// `a == b`
    Eq,
    /// `a != b`
    Ne,
    /// `a and b`
    And,
    /// `a or b`
    Or,
}

impl BinaryOp {
    /// Whether it compares: `<`, `<=`, `>`, `>=`, `==`, `!=`.
    pub fn is_comparison(self) -> bool {
        use BinaryOp::*;
        matches!(self, Lt | Le | Gt | Ge | Eq | Ne)
    }
}

/// Parses one expression. As in a script it may be assigned (`scheduler = …`, `a, b = …`) and end with `;`; the
/// target is skipped.
///
/// # Errors
/// Where the text is not one expression: the column, what was expected there and the nearest name.
pub fn parse(text: &str) -> Result<Expr, Error> {
    parser::expression(text)
}

/// Parses calls and names separated by white space or commas: `Conv2d(1, 32, 3) ReLU Linear(10)`.
///
/// # Errors
/// As [`parse`]; an empty text is an error.
pub fn parse_sequence(text: &str) -> Result<Vec<Expr>, Error> {
    parser::sequence(text)
}

/// A dotted name without the modules in front, each of which may be there or not, in this order:
/// `torch.nn.ReLU`, `nn.ReLU` and `ReLU` are one.
pub fn without_modules<'a>(name: &'a str, modules: &[&str]) -> &'a str {
    modules.iter().fold(name, |name, module| {
        let rest = name
            .strip_prefix(module)
            .and_then(|rest| rest.strip_prefix('.'));
        rest.unwrap_or(name)
    })
}

impl Expr {
    /// What a message calls it: "a number", "a list".
    pub fn kind(&self) -> &'static str {
        match &self.node {
            Node::Number {
                unit: Some(Unit::Times),
                ..
            } => "a multiple of the base rate",
            Node::Number { unit: Some(_), .. } => "a duration",
            Node::Number { .. } => "a number",
            Node::Str(_) => "a string",
            Node::Bool(_) => "a truth value",
            Node::None => "None",
            Node::Name(_) => "a name",
            Node::Call { .. } => "a call",
            Node::List(_) => "a list",
            Node::Tuple(_) => "a tuple",
            Node::Dict(_) => "a dict",
            Node::Lambda { .. } => "a lambda",
            Node::Unary(..) | Node::Binary(..) | Node::IfElse { .. } => "an arithmetic expression",
            Node::Index(..) => "an indexed value",
            Node::Arrow(..) => "a range `from -> to`",
            Node::Then(..) => "a sequence `first then rest`",
        }
    }
}

impl PartialEq for Expr {
    fn eq(&self, other: &Expr) -> bool {
        self.node == other.node
    }
}

impl PartialEq for Arg {
    fn eq(&self, other: &Arg) -> bool {
        self.name == other.name && self.value == other.value
    }
}

impl PartialEq for Node {
    fn eq(&self, other: &Node) -> bool {
        use Node::*;
        match (self, other) {
            (
                Number {
                    value: a,
                    integer: i,
                    unit: u,
                },
                Number {
                    value: b,
                    integer: j,
                    unit: v,
                },
            ) => {
                a.to_bits() == b.to_bits() && i == j && u == v // by bits, so that NaN equals itself
            }
            (Str(a), Str(b)) | (Name(a), Name(b)) => a == b,
            (Bool(a), Bool(b)) => a == b,
            (None, None) => true,
            (
                Call {
                    callee: a, args: b, ..
                },
                Call {
                    callee: c, args: d, ..
                },
            ) => a == c && b == d,
            (List(a), List(b)) | (Tuple(a), Tuple(b)) => a == b,
            (Dict(a), Dict(b)) => a == b,
            (
                Lambda {
                    params: a,
                    defaults: b,
                    body: c,
                },
                Lambda {
                    params: d,
                    defaults: e,
                    body: f,
                },
            ) => a == d && b == e && c == f,
            (Unary(a, b), Unary(c, d)) => a == c && b == d,
            (Binary(a, b, c), Binary(d, e, f)) => a == d && b == e && c == f,
            (
                IfElse {
                    then: a,
                    cond: b,
                    other: c,
                },
                IfElse {
                    then: d,
                    cond: e,
                    other: f,
                },
            ) => a == d && b == e && c == f,
            (Index(a, b), Index(c, d)) | (Arrow(a, b), Arrow(c, d)) | (Then(a, b), Then(c, d)) => {
                a == c && b == d
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests;
