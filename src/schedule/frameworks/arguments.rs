//! Arguments as Python scripts write them: `optimizer` first, constant arithmetic, `None`, lists of numbers.

use super::{Framework, kind_of};
use crate::expr::{Arg, Args, Arith, Error, Expr, Node, Span};

/// A dict of keyword arguments (`{'peak_value': 0.1}`, `dict(peak_value=0.1)`) as a call of `callee`.
///
/// # Errors
/// What is no dict, and keys that are no strings.
pub(crate) fn call_of(text: &str, dict: &Expr, callee: &str) -> Result<Expr, Error> {
    let args = match &dict.node {
        Node::Call { callee, args, .. } if callee == "dict" => args.clone(),
        Node::Dict(entries) => entries
            .iter()
            .map(|(key, value)| match &key.node {
                Node::Str(name) => Ok(Arg {
                    name: Some(name.clone()),
                    name_span: key.span,
                    value: value.clone(),
                }),
                _ => Err(Error::at(
                    text,
                    key.span,
                    format!("expected an argument's name, found {}", key.kind()),
                )),
            })
            .collect::<Result<_, _>>()?,
        _ => {
            let message = format!("expected a dict of arguments, found {}", dict.kind());
            return Err(Error::at(text, dict.span, message).expected(["`{'name': value}`"]));
        }
    };
    Ok(Expr {
        node: Node::Call {
            callee: callee.to_owned(),
            callee_span: dict.span,
            args,
        },
        span: dict.span,
    })
}

/// Whether a script would call its optimiser so: `optimizer`, `self.opt`, `optim_g`.
fn is_optimizer(name: &str) -> bool {
    let last = name.rsplit('.').next().unwrap_or(name).to_lowercase();
    last.starts_with("opt") || last.contains("optim")
}

/// Whether an expression could be an optimiser: a name, an attribute, an index or a call, but no arithmetic.
fn may_be_optimizer(expr: &Expr) -> bool {
    match &expr.node {
        Node::Name(name) | Node::Call { callee: name, .. } => !Arith::knows(name),
        Node::Index(value, _) => may_be_optimizer(value),
        _ => false,
    }
}

/// Whether a call is given an optimiser: as `optimizer=`, or as its first argument.
pub(super) fn has_optimizer(call: &Expr) -> bool {
    let Node::Call { args, .. } = &call.node else {
        return false;
    };
    let named = |arg: &Arg| arg.name.as_deref() == Some("optimizer");
    args.iter().any(named) || first_positional(call).is_some_and(may_be_optimizer)
}

fn first_positional(call: &Expr) -> Option<&Expr> {
    match &call.node {
        Node::Call { args, .. } => args
            .first()
            .filter(|arg| arg.name.is_none())
            .map(|arg| &arg.value),
        _ => None,
    }
}

/// The bound arguments of a framework's call.
pub(crate) struct Arguments<'a> {
    text: &'a str,
    args: Args<'a>,
    notes: Vec<String>,
}

impl<'a> Arguments<'a> {
    /// Binds a call. Besides `names`, `optimizer`, `verbose`, `name` and `last_epoch=-1` are accepted without effect.
    ///
    /// The optimiser may stand first: under a usual name anywhere, and as any name, attribute, index or call
    /// (`optim.Adam(net.parameters())`, which is not evaluated) where the framework's schedulers take it first.
    pub fn bind(text: &'a str, call: &'a Expr, names: &[&'a str]) -> Result<Arguments<'a>, Error> {
        let takes_optimizer = !names.contains(&"optimizer")
            && matches!(
                kind_of(call),
                Some((Framework::Torch | Framework::Hf | Framework::Timm, _))
            );
        let optimizer_first = first_positional(call).is_some_and(|first| {
            matches!(&first.node, Node::Name(name) if is_optimizer(name))
                || takes_optimizer && may_be_optimizer(first)
        });
        let mut all: Vec<&'a str> = if optimizer_first {
            vec!["optimizer"]
        } else {
            Vec::new()
        };
        all.extend_from_slice(names);
        let ignored = ["last_epoch", "verbose", "name", "optimizer"];
        let more: Vec<&str> = ignored
            .into_iter()
            .filter(|name| !all.contains(name))
            .collect();
        all.extend(more);
        let args = Args::bind(text, call, &all)?;
        let mut bound = Arguments {
            text,
            args,
            notes: Vec::new(),
        };
        bound.ignore(&ignored, names)?;
        Ok(bound)
    }

    fn ignore(&mut self, ignored: &[&str], names: &[&str]) -> Result<(), Error> {
        for name in ignored.iter().filter(|name| !names.contains(name)) {
            if self.args.opt_expr(name).is_none() {
                continue;
            }
            if *name == "last_epoch" && self.number("last_epoch")? != -1.0 {
                let message = "`last_epoch` other than -1 resumes inside a schedule; kiln resumes from its own checkpoints";
                return Err(self.args.error(name, message));
            }
            self.notes.push(format!(
                "`{name}` of {} has no effect here",
                self.args.callee()
            ));
        }
        Ok(())
    }

    /// What was ignored, once everything has been read.
    ///
    /// # Errors
    /// At an argument that nobody read.
    pub fn finish(self) -> Result<Vec<String>, Error> {
        self.args.finish()?;
        Ok(self.notes)
    }

    pub fn text(&self) -> &'a str {
        self.text
    }

    pub fn span(&self) -> Span {
        self.args.span()
    }

    pub fn error(&self, name: &str, message: impl Into<String>) -> Error {
        self.args.error(name, message)
    }

    /// The argument's expression unless it is missing or `None`.
    pub fn given(&self, name: &str) -> Option<&'a Expr> {
        self.args
            .opt_expr(name)
            .filter(|expr| expr.node != Node::None)
    }

    pub fn expr(&self, name: &str) -> Result<&'a Expr, Error> {
        self.args.expr(name)
    }

    fn wrong(&self, name: &str, expected: &str, found: &Expr) -> Error {
        let message = format!(
            "`{name}` of {} must be {expected}, not {}",
            self.args.callee(),
            found.kind()
        );
        Error::at(self.text, found.span, message)
    }

    fn read_number(&self, name: &str, expr: &Expr) -> Result<f64, Error> {
        if let Some(value) = expr.as_f64() {
            return Ok(value);
        }
        match &expr.node {
            Node::Unary(..)
            | Node::Binary(..)
            | Node::Call { .. }
            | Node::Name(_)
            | Node::IfElse { .. } => Arith::compile(self.text, expr, &[])?
                .eval(&[])
                .map_err(|fault| Error::at(self.text, expr.span, fault.to_string())),
            _ => Err(self.wrong(name, "a number", expr)),
        }
    }

    fn read_count(&self, name: &str, expr: &Expr) -> Result<u64, Error> {
        const LARGEST: f64 = (1u64 << 53) as f64;
        let value = self.read_number(name, expr)?;
        if value != value.trunc() || !(0.0..=LARGEST).contains(&value) {
            let message = format!(
                "`{name}` of {} must be a whole number from 0, not {value}",
                self.args.callee()
            );
            return Err(Error::at(self.text, expr.span, message));
        }
        Ok(value as u64)
    }

    pub fn number(&self, name: &str) -> Result<f64, Error> {
        self.read_number(name, self.args.expr(name)?)
    }

    pub fn number_or(&self, name: &str, default: f64) -> Result<f64, Error> {
        Ok(self.opt_number(name)?.unwrap_or(default))
    }

    pub fn opt_number(&self, name: &str) -> Result<Option<f64>, Error> {
        self.given(name)
            .map(|expr| self.read_number(name, expr))
            .transpose()
    }

    /// A number within a range, with the framework's reason for it.
    pub fn number_within(
        &self,
        name: &str,
        default: f64,
        range: std::ops::RangeInclusive<f64>,
    ) -> Result<f64, Error> {
        let value = self.number_or(name, default)?;
        if range.contains(&value) {
            return Ok(value);
        }
        Err(self.error(
            name,
            format!(
                "`{name}` must be from {} to {}, not {value}",
                range.start(),
                range.end()
            ),
        ))
    }

    pub fn count(&self, name: &str) -> Result<u64, Error> {
        self.read_count(name, self.args.expr(name)?)
    }

    pub fn count_or(&self, name: &str, default: u64) -> Result<u64, Error> {
        Ok(self.opt_count(name)?.unwrap_or(default))
    }

    pub fn opt_count(&self, name: &str) -> Result<Option<u64>, Error> {
        self.given(name)
            .map(|expr| self.read_count(name, expr))
            .transpose()
    }

    /// A whole number from 1.
    pub fn positive(&self, name: &str) -> Result<u64, Error> {
        match self.count(name)? {
            0 => Err(self.error(name, format!("`{name}` must be at least 1"))),
            count => Ok(count),
        }
    }

    pub fn flag_or(&self, name: &str, default: bool) -> Result<bool, Error> {
        match self.given(name) {
            None => Ok(default),
            Some(expr) => expr
                .as_bool()
                .ok_or_else(|| self.wrong(name, "True or False", expr)),
        }
    }

    /// One of a few words.
    pub fn choice_or(
        &self,
        name: &str,
        default: &'static str,
        words: &[&'static str],
    ) -> Result<&'static str, Error> {
        let Some(expr) = self.given(name) else {
            return Ok(default);
        };
        let word = expr
            .as_str()
            .ok_or_else(|| self.wrong(name, "a string", expr))?;
        words
            .iter()
            .find(|known| **known == word)
            .copied()
            .ok_or_else(|| {
                Error::at(self.text, expr.span, format!("`{name}` cannot be `{word}`"))
                    .expected(words.iter().map(|w| format!("`{w}`")))
                    .suggest(word, words)
            })
    }

    /// The items of a list or tuple.
    pub fn items(&self, name: &str) -> Result<&'a [Expr], Error> {
        let expr = self.args.expr(name)?;
        match &expr.node {
            Node::List(items) | Node::Tuple(items) => Ok(items),
            _ => Err(self.wrong(name, "a list", expr)),
        }
    }

    pub fn numbers(&self, name: &str) -> Result<Vec<f64>, Error> {
        self.items(name)?
            .iter()
            .map(|item| self.read_number(name, item))
            .collect()
    }

    pub fn counts(&self, name: &str) -> Result<Vec<u64>, Error> {
        self.items(name)?
            .iter()
            .map(|item| self.read_count(name, item))
            .collect()
    }

    /// `{boundary: scale}` in the order of the boundaries, the later of equal keys winning as in Python; empty if
    /// missing or `None`.
    pub fn boundaries(&self, name: &str) -> Result<Vec<(f64, f64)>, Error> {
        let Some(expr) = self.given(name) else {
            return Ok(Vec::new());
        };
        let Node::Dict(entries) = &expr.node else {
            return Err(self.wrong(name, "a dict `{update: scale}`", expr));
        };
        let mut pairs: Vec<(f64, f64)> = Vec::new();
        for (key, value) in entries {
            let (key, value) = (self.read_number(name, key)?, self.read_number(name, value)?);
            pairs.retain(|(known, _)| *known != key);
            pairs.push((key, value));
        }
        pairs.sort_by(|a, b| a.0.total_cmp(&b.0));
        Ok(pairs)
    }
}
