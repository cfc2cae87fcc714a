//! Arguments of a call by name, with an error for everything unknown, missing, doubled or unused.

use super::{Error, Expr, Node, Span, UnaryOp};
use std::cell::Cell;

/// The arguments of one call, bound to the names that its callee takes.
///
/// Reading marks an argument as used; [`Args::finish`] refuses what nobody read.
#[derive(Debug)]
pub struct Args<'a> {
    text: &'a str,
    callee: &'a str,
    span: Span,
    slots: Vec<Slot<'a>>,
}

#[derive(Debug)]
struct Slot<'a> {
    name: &'a str,
    value: Option<&'a Expr>,
    name_span: Span,
    read: Cell<bool>,
}

impl<'a> Args<'a> {
    /// Binds a call's arguments: positional ones in the order of `names`, then keywords.
    /// A bare name (`cosine`) is a call without arguments.
    ///
    /// # Errors
    /// An expression that is neither a call nor a name, too many positional arguments, an unknown keyword
    /// (with the nearest known one) and an argument given twice.
    pub fn bind(text: &'a str, call: &'a Expr, names: &[&'a str]) -> Result<Args<'a>, Error> {
        let (callee, args) = match &call.node {
            Node::Name(name) => (name.as_str(), &[][..]),
            Node::Call { callee, args, .. } => (callee.as_str(), args.as_slice()),
            _ => {
                return Err(Error::at(
                    text,
                    call.span,
                    format!("expected a call, found {}", call.kind()),
                ));
            }
        };
        let slot = |name: &&'a str| Slot {
            name,
            value: None,
            name_span: call.span,
            read: Cell::new(false),
        };
        let mut bound = Args {
            text,
            callee,
            span: call.span,
            slots: names.iter().map(slot).collect(),
        };
        for (position, arg) in args.iter().enumerate() {
            let slot = match &arg.name {
                None => bound.slots.get_mut(position),
                Some(name) => bound.slots.iter_mut().find(|slot| slot.name == name),
            };
            let Some(slot) = slot else {
                return Err(bound.refuse(arg.name.as_deref(), arg.name_span, names));
            };
            if slot.value.replace(&arg.value).is_some() {
                let message = format!("{callee} has its argument `{}` twice", slot.name);
                return Err(Error::at(text, arg.name_span, message));
            }
            slot.name_span = arg.name_span;
        }
        Ok(bound)
    }

    fn refuse(&self, keyword: Option<&str>, at: Span, names: &[&str]) -> Error {
        let callee = self.callee;
        let takes = match names {
            [] => format!("{callee} takes no arguments"),
            _ => format!("{callee} takes {}", names.join(", ")),
        };
        match keyword {
            Some(name) => Error::at(self.text, at, format!("unknown argument `{name}`: {takes}"))
                .suggest(name, names),
            None => Error::at(self.text, at, format!("too many arguments: {takes}")),
        }
    }

    /// The text that was parsed, for further errors.
    pub fn text(&self) -> &'a str {
        self.text
    }

    /// Where the whole call stands.
    pub fn span(&self) -> Span {
        self.span
    }

    /// The called name.
    pub fn callee(&self) -> &'a str {
        self.callee
    }

    /// An argument's expression if it was given.
    ///
    /// # Panics
    /// If the name is not among those bound: a wiring mistake.
    pub fn opt_expr(&self, name: &str) -> Option<&'a Expr> {
        let slot = self.slots.iter().find(|slot| slot.name == name);
        assert!(
            slot.is_some(),
            "{}: `{name}` is not among the names that were bound",
            self.callee
        );
        let slot = slot?;
        slot.read.set(true);
        slot.value
    }

    /// An argument's expression.
    ///
    /// # Errors
    /// If it was not given.
    pub fn expr(&self, name: &str) -> Result<&'a Expr, Error> {
        self.opt_expr(name).ok_or_else(|| {
            Error::at(
                self.text,
                self.span,
                format!("{} needs its argument `{name}`", self.callee),
            )
        })
    }

    /// Whether an argument was given, without using it.
    pub fn given(&self, name: &str) -> bool {
        self.slots
            .iter()
            .any(|slot| slot.name == name && slot.value.is_some())
    }

    /// The value given under a name or one of its aliases, without using it.
    pub fn given_value(&self, name: &str, aliases: &[&str]) -> Option<&'a Expr> {
        let named = |slot: &&Slot<'a>| slot.name == name || aliases.contains(&slot.name);
        self.slots.iter().filter(named).find_map(|slot| slot.value)
    }

    /// An error at an argument's value, or at the call if it was not given.
    pub fn error(&self, name: &str, message: impl Into<String>) -> Error {
        let value = self
            .slots
            .iter()
            .find(|slot| slot.name == name)
            .and_then(|slot| slot.value);
        Error::at(
            self.text,
            value.map_or(self.span, |value| value.span),
            message,
        )
    }

    fn typed<T>(
        &self,
        name: &str,
        expected: &str,
        read: fn(&'a Expr) -> Option<T>,
    ) -> Result<T, Error> {
        let value = self.expr(name)?;
        read(value).ok_or_else(|| {
            self.error(
                name,
                format!(
                    "`{name}` of {} must be {expected}, not {}",
                    self.callee,
                    value.kind()
                ),
            )
        })
    }

    fn opt<T>(
        &self,
        name: &str,
        expected: &str,
        read: fn(&'a Expr) -> Option<T>,
    ) -> Result<Option<T>, Error> {
        match self.opt_expr(name) {
            None
            | Some(Expr {
                node: Node::None, ..
            }) => Ok(None),
            Some(_) => self.typed(name, expected, read).map(Some),
        }
    }

    /// A number without a unit.
    ///
    /// # Errors
    /// If it is missing or something else.
    pub fn f64(&self, name: &str) -> Result<f64, Error> {
        self.typed(name, "a number", Expr::as_f64)
    }

    /// A whole number from 0.
    ///
    /// # Errors
    /// If it is missing, negative, not whole, above 2^53 as a fraction would be, or something else.
    pub fn u64(&self, name: &str) -> Result<u64, Error> {
        self.typed(name, "a whole number from 0", Expr::as_u64)
    }

    /// A truth value.
    ///
    /// # Errors
    /// If it is missing or something else.
    pub fn bool(&self, name: &str) -> Result<bool, Error> {
        self.typed(name, "True or False", Expr::as_bool)
    }

    /// A string or a bare name: `mode='min'` and `mode=min` are the same.
    ///
    /// # Errors
    /// If it is missing or something else.
    pub fn str(&self, name: &str) -> Result<&'a str, Error> {
        self.typed(name, "a name", Expr::as_str)
    }

    /// As [`Args::f64`]; `None` where it is missing or `None`.
    ///
    /// # Errors
    /// If it is something else.
    pub fn opt_f64(&self, name: &str) -> Result<Option<f64>, Error> {
        self.opt(name, "a number", Expr::as_f64)
    }

    /// As [`Args::u64`]; `None` where it is missing or `None`.
    ///
    /// # Errors
    /// If it is something else.
    pub fn opt_u64(&self, name: &str) -> Result<Option<u64>, Error> {
        self.opt(name, "a whole number from 0", Expr::as_u64)
    }

    /// As [`Args::bool`]; `None` where it is missing or `None`.
    ///
    /// # Errors
    /// If it is something else.
    pub fn opt_bool(&self, name: &str) -> Result<Option<bool>, Error> {
        self.opt(name, "True or False", Expr::as_bool)
    }

    /// As [`Args::str`]; `None` where it is missing or `None`.
    ///
    /// # Errors
    /// If it is something else.
    pub fn opt_str(&self, name: &str) -> Result<Option<&'a str>, Error> {
        self.opt(name, "a name", Expr::as_str)
    }

    /// Refuses arguments that were given and never read.
    ///
    /// # Errors
    /// At the first such argument: it would have had no effect.
    pub fn finish(&self) -> Result<(), Error> {
        match self
            .slots
            .iter()
            .find(|slot| slot.value.is_some() && !slot.read.get())
        {
            None => Ok(()),
            Some(slot) => {
                let message = format!(
                    "`{}` has no effect in this {}; remove it",
                    slot.name, self.callee
                );
                Err(Error::at(self.text, slot.name_span, message))
            }
        }
    }
}

impl Expr {
    /// The value of a number without a unit, with any signs before it.
    pub fn as_f64(&self) -> Option<f64> {
        match &self.node {
            Node::Number {
                value, unit: None, ..
            } => Some(*value),
            Node::Unary(UnaryOp::Neg, operand) => operand.as_f64().map(|value| -value),
            Node::Unary(UnaryOp::Plus, operand) => operand.as_f64(),
            _ => None,
        }
    }

    /// The value of a whole number from 0 to 2^63 without a unit.
    pub fn as_u64(&self) -> Option<u64> {
        const LIMIT: f64 = 9_223_372_036_854_775_808.0;
        self.as_f64()
            .filter(|v| v.fract() == 0.0 && (0.0..=LIMIT).contains(v))
            .map(|v| v as u64)
    }

    /// The value of `True` or `False`.
    pub fn as_bool(&self) -> Option<bool> {
        if let Node::Bool(value) = self.node {
            Some(value)
        } else {
            None
        }
    }

    /// The text of a string or of a bare name.
    pub fn as_str(&self) -> Option<&str> {
        match &self.node {
            Node::Str(text) | Node::Name(text) => Some(text),
            _ => None,
        }
    }
}
