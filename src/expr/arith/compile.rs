//! From the syntax tree to the tree that is evaluated.

use super::Op;
use super::function::{Function, without_module};
use crate::expr::{Arg, Error, Expr, Node, Span};

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
            Node::Index(list, index) => Op::Pick(self.items(list)?, Box::new(self.compile(index)?)),
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
                if let Some((x, xp, fp)) = interpolation(callee, args) {
                    return self.interp(expr.span, x, xp, fp);
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
                    if callee == "len" {
                        let message =
                            format!("only the script knows `{expr}`: write its value here");
                        return self.error(expr.span, message);
                    }
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

    /// What an index may pick from: a list, or `np.interp([a, b], xp, fp)`.
    fn items(&self, list: &Expr) -> Result<Vec<Op>, Error> {
        match &list.node {
            Node::List(items) | Node::Tuple(items) => return self.all(items),
            Node::Call { callee, args, .. } => {
                if let Some((x, xp, fp)) = interpolation(callee, args)
                    && let Node::List(items) = &x.node
                {
                    return items
                        .iter()
                        .map(|x| self.interp(list.span, x, xp, fp))
                        .collect();
                }
            }
            _ => {}
        }
        let message = format!("only a list can be indexed, this is {}", list.kind());
        Err(self.error(list.span, message))
    }

    fn interp(&self, span: Span, x: &Expr, xp: &Expr, fp: &Expr) -> Result<Op, Error> {
        let (Node::List(xp) | Node::Tuple(xp), Node::List(fp) | Node::Tuple(fp)) =
            (&xp.node, &fp.node)
        else {
            let message =
                "`interp` takes a number and two lists: `np.interp(x, [0, 5, 30], [0, 1, 0])`";
            return Err(self.error(span, message));
        };
        if xp.len() != fp.len() || xp.is_empty() {
            let message = format!(
                "`interp` needs as many values as points, found {} points and {} values",
                xp.len(),
                fp.len()
            );
            return Err(self.error(span, message));
        }
        let function = Function::named("interp")
            .ok_or_else(|| self.error(span, "unknown function `interp`"))?;
        let args = [vec![self.compile(x)?], self.all(xp)?, self.all(fp)?].concat();
        Ok(Op::Call(function, args))
    }

    fn all(&self, items: &[Expr]) -> Result<Vec<Op>, Error> {
        items.iter().map(|item| self.compile(item)).collect()
    }

    fn name(&self, name: &str, span: Span) -> Result<Op, Error> {
        if let Some(at) = self.variables.iter().position(|&v| v == name) {
            return Ok(Op::Variable(at));
        }
        constant(name).map(Op::Const).ok_or_else(|| {
            let message = format!("unknown name `{name}`: write its value here");
            let known: Vec<&str> = self
                .variables
                .iter()
                .copied()
                .chain(["math.pi", "math.e"])
                .collect();
            self.error(span, message)
                .expected(known.iter().map(|k| format!("`{k}`")))
                .suggest(name, &known)
        })
    }
}

/// The arguments of `np.interp(x, xp, fp)`.
fn interpolation<'e>(callee: &str, args: &'e [Arg]) -> Option<(&'e Expr, &'e Expr, &'e Expr)> {
    match args {
        [x, xp, fp] if without_module(callee) == "interp" => Some((&x.value, &xp.value, &fp.value)),
        _ => None,
    }
}

/// The constants of Python's `math`, with or without a module in front.
pub(super) fn constant(name: &str) -> Option<f64> {
    match without_module(name) {
        "pi" => Some(std::f64::consts::PI),
        "e" => Some(std::f64::consts::E),
        "tau" => Some(std::f64::consts::TAU),
        "inf" => Some(f64::INFINITY),
        "nan" => Some(f64::NAN),
        _ => None,
    }
}
