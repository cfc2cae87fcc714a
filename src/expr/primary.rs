//! The values between the operators: literals, names, calls, brackets.

use super::lexer::{Kind, Token};
use super::parser::{KEYWORDS, Parser};
use super::print::Binding;
use super::{Arg, Error, Expr, Node, Span, UnaryOp};

impl Parser<'_> {
    pub fn primary(&mut self) -> Result<Expr, Error> {
        let token = self.peek();
        let span = token.span;
        let node = match &token.kind {
            Kind::Number {
                value,
                integer,
                unit,
            } => Node::Number {
                value: *value,
                integer: *integer,
                unit: *unit,
            },
            Kind::Str(text) => Node::Str(text.clone()),
            Kind::Name(name) => match name.as_str() {
                "True" | "true" => Node::Bool(true),
                "False" | "false" => Node::Bool(false),
                "None" | "null" => Node::None,
                word if KEYWORDS.contains(&word) => return Err(self.unexpected("a value")),
                _ => return self.name_or_call(name, span),
            },
            Kind::Op("(") => return self.brackets(")"),
            Kind::Op("[") => return self.brackets("]"),
            Kind::Op("{") => return self.dict(),
            _ => return Err(self.unexpected("a value")),
        };
        self.next();
        Ok(Expr { node, span })
    }

    fn name_or_call(&mut self, name: &str, name_span: Span) -> Result<Expr, Error> {
        self.next();
        if !self.eat("(") {
            return Ok(Expr {
                node: Node::Name(name.to_owned()),
                span: name_span,
            });
        }
        let (args, end) = self.items(")", Parser::argument)?;
        let span = name_span.to(end);
        if let (
            "float",
            [
                Arg {
                    name: None,
                    value:
                        Expr {
                            node: Node::Str(text),
                            ..
                        },
                    ..
                },
            ],
        ) = (name, args.as_slice())
        {
            return self.float(text, span);
        }
        if let Some(late) = args
            .windows(2)
            .find(|pair| matches!(pair, [a, b] if a.name.is_some() && b.name.is_none()))
        {
            let span = late.last().map_or(span, |arg| arg.value.span);
            let message =
                "a positional argument after a keyword argument; name it, or move it to the front";
            return Err(Error::at(self.text, span, message));
        }
        Ok(Expr {
            node: Node::Call {
                callee: name.to_owned(),
                callee_span: name_span,
                args,
            },
            span,
        })
    }

    /// Python's `float('nan')`, `float('inf')`, `float('-inf')`: the numbers that have no literal.
    fn float(&self, text: &str, span: Span) -> Result<Expr, Error> {
        let value: f64 = text.trim().parse().map_err(|_| {
            Error::at(self.text, span, format!("float({text:?}) is not a number"))
                .expected(["float('nan')", "float('inf')"])
        })?;
        let number = Expr {
            node: Node::Number {
                value: value.abs(),
                integer: false,
                unit: None,
            },
            span,
        };
        let negative = value.is_sign_negative() && !value.is_nan();
        Ok(if negative {
            Expr {
                node: Node::Unary(UnaryOp::Neg, Box::new(number)),
                span,
            }
        } else {
            number
        })
    }

    fn argument(&mut self) -> Result<Arg, Error> {
        let token = self.peek();
        let keyword = matches!(
            self.tokens.get(self.at + 1),
            Some(Token {
                kind: Kind::Op("="),
                ..
            })
        );
        if let (Kind::Name(name), true) = (&token.kind, keyword) {
            if name.contains('.') || KEYWORDS.contains(&name.as_str()) {
                return Err(Error::at(
                    self.text,
                    token.span,
                    format!("`{name}` cannot name an argument"),
                ));
            }
            self.next();
            self.next();
            let value = self.nested(Binding::Then)?;
            return Ok(Arg {
                name: Some(name.clone()),
                name_span: token.span,
                value,
            });
        }
        let value = self.nested(Binding::Then)?;
        Ok(Arg {
            name: None,
            name_span: value.span,
            value,
        })
    }

    /// Comma-separated items up to the closing bracket, whose span comes back with them.
    fn items<T>(
        &mut self,
        close: &str,
        item: fn(&mut Self) -> Result<T, Error>,
    ) -> Result<(Vec<T>, Span), Error> {
        let mut items = Vec::new();
        loop {
            let end = self.peek().span;
            if self.eat(close) {
                return Ok((items, end));
            }
            items.push(item(self)?);
            if !self.is(close) && !self.eat(",") {
                return Err(self.unexpected(&format!("`,` or `{close}`")));
            }
        }
    }

    /// A list, a tuple or an expression in round brackets.
    fn brackets(&mut self, close: &str) -> Result<Expr, Error> {
        let start = self.next().span;
        let (mut items, end) = self.items(close, |p| p.nested(Binding::Then))?;
        let span = start.to(end);
        if close == "]" {
            return Ok(Expr {
                node: Node::List(items),
                span,
            });
        }
        let trailing_comma = self
            .at
            .checked_sub(2)
            .and_then(|before| self.tokens.get(before))
            .is_some_and(|token| token.kind == Kind::Op(",") && token.span.end <= end.start);
        match items.pop() {
            Some(only) if items.is_empty() && !trailing_comma => Ok(Expr {
                node: only.node,
                span,
            }),
            last => {
                items.extend(last);
                Ok(Expr {
                    node: Node::Tuple(items),
                    span,
                })
            }
        }
    }

    fn dict(&mut self) -> Result<Expr, Error> {
        let start = self.next().span;
        let (entries, end) = self.items("}", |p| {
            let key = p.nested(Binding::Ternary)?;
            p.want(":", "between a key and its value")?;
            Ok((key, p.nested(Binding::Then)?))
        })?;
        Ok(Expr {
            node: Node::Dict(entries),
            span: start.to(end),
        })
    }
}
