//! From the syntax tree to the tree that is evaluated.

use super::Op;
use super::function::{Function, without_module};
use crate::expr::{Error, Expr, Node, Span};

/// The names that may occur, and the text for errors.
pub(super) struct Scope<'a> {
    pub text: &'a str,
    pub variables: &'a [&'a str],
}

impl Scope<'_> {
    fn error(&self, span: Span, message: impl Into<String>) -> Error {
        Error::at(self.text, span, message)
    }

    pub fn compile(&self, expr: &Expr) -> Result<Op, Error> {
        let two =
            |a: &Expr, b: &Expr| Ok::<_, Error>(Box::new([self.compile(a)?, self.compile(b)?]));
        Ok(match &expr.node {
            Node::Number {
                value, unit: None, ..
            } => Op::Const(*value),
            Node::Number {
                unit: Some(unit), ..
            } => {
                let message = format!(
                    "a number with the unit `{}` cannot stand in arithmetic",
                    unit.suffix()
                );
                return Err(self.error(expr.span, message).expected(["a plain number"]));
            }
            Node::Bool(value) => Op::Const(f64::from(u8::from(*value))),
            Node::Name(name) => self.name(name, expr.span)?,
            Node::Unary(op, a) => Op::Unary(*op, Box::new(self.compile(a)?)),
            Node::Binary(op, a, b) => Op::Binary(*op, two(a, b)?),
            Node::IfElse { then, cond, other } => Op::If(Box::new([
                self.compile(cond)?,
                self.compile(then)?,
                self.compile(other)?,
            ])),
            Node::Index(list, index) => {
                let (Node::List(items) | Node::Tuple(items)) = &list.node else {
                    return Err(self.error(
                        list.span,
                        format!("only a list can be indexed, this is {}", list.kind()),
                    ));
                };
                Op::Pick(self.all(items)?, Box::new(self.compile(index)?))
            }
            Node::Call {
                callee,
                callee_span,
                args,
            } => {
                if let Some(arg) = args.iter().find(|arg| arg.name.is_some()) {
                    return Err(self.error(
                        arg.name_span,
                        format!("`{callee}` takes no keyword arguments"),
                    ));
                }
                // min([a, b]) means min(a, b)
                let items: Vec<&Expr> = match args.as_slice() {
                    [one] => match &one.value.node {
                        Node::List(items) | Node::Tuple(items) => items.iter().collect(),
                        _ => vec![&one.value],
                    },
                    many => many.iter().map(|arg| &arg.value).collect(),
                };
                let function = Function::named(callee).ok_or_else(|| {
                    self.error(*callee_span, format!("unknown function `{callee}`"))
                        .suggest(callee, &Function::names())
                })?;
                let (least, most) = function.arity();
                if !(least..=most).contains(&items.len()) {
                    let takes = if least == most {
                        format!("{least}")
                    } else {
                        format!("{least} or more")
                    };
                    let message =
                        format!("`{callee}` takes {takes} arguments, found {}", items.len());
                    return Err(self.error(expr.span, message));
                }
                Op::Call(
                    function,
                    items
                        .into_iter()
                        .map(|item| self.compile(item))
                        .collect::<Result<_, _>>()?,
                )
            }
            _ => {
                return Err(self.error(
                    expr.span,
                    format!("{} cannot stand in arithmetic", expr.kind()),
                ));
            }
        })
    }

    fn all(&self, items: &[Expr]) -> Result<Vec<Op>, Error> {
        items.iter().map(|item| self.compile(item)).collect()
    }

    fn name(&self, name: &str, span: Span) -> Result<Op, Error> {
        if let Some(at) = self.variables.iter().position(|&v| v == name) {
            return Ok(Op::Variable(at));
        }
        let bare = without_module(name);
        Ok(Op::Const(match bare {
            "pi" => std::f64::consts::PI,
            "e" => std::f64::consts::E,
            "tau" => std::f64::consts::TAU,
            "inf" => f64::INFINITY,
            "nan" => f64::NAN,
            _ => {
                let message = format!("unknown name `{name}`: write its value here");
                let known: Vec<&str> = self
                    .variables
                    .iter()
                    .copied()
                    .chain(["math.pi", "math.e"])
                    .collect();
                return Err(self
                    .error(span, message)
                    .expected(known.iter().map(|k| format!("`{k}`")))
                    .suggest(name, &known));
            }
        }))
    }
}
