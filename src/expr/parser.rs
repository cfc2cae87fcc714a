//! Tokens to expressions: precedence climbing, loosest first
//! `then` · `->` · `if else`, `lambda` · `or` · `and` · `not` · comparisons · `+ -` · `* / // %` · sign · `**` · call, index.

use super::lexer::{self, Kind, Token};
use super::print::{Binding, tighter};
use super::{Arg, BinaryOp, Error, Expr, Node, Span, UnaryOp, Unit};

/// How deep brackets, signs and right-hand sides may nest. With [`MAX_OPERATORS`] it bounds the height of a
/// tree, and with that the stack of everything that walks one.
const MAX_DEPTH: usize = 64;
/// How many operators between operands one text may have.
const MAX_OPERATORS: usize = 500;

const KEYWORDS: [&str; 7] = ["then", "if", "else", "lambda", "and", "or", "not"];

pub(super) fn expression(text: &str) -> Result<Expr, Error> {
    let tokens = lexer::tokens(text)?;
    let mut parser = Parser::new(text, &tokens);
    let expr = parser.nested(Binding::Then)?;
    parser.end()?;
    Ok(expr)
}

pub(super) fn sequence(text: &str) -> Result<Vec<Expr>, Error> {
    let tokens = lexer::tokens(text)?;
    let mut parser = Parser::new(text, &tokens);
    let mut items = vec![parser.item()?];
    while parser.peek().kind != Kind::End {
        items.push(parser.item()?);
    }
    Ok(items)
}

struct Parser<'t> {
    text: &'t str,
    tokens: &'t [Token],
    at: usize,
    depth: usize,
    operators: usize,
}

impl<'t> Parser<'t> {
    fn new(text: &'t str, tokens: &'t [Token]) -> Self {
        Parser {
            text,
            tokens,
            at: 0,
            depth: 0,
            operators: 0,
        }
    }

    /// The token at the cursor; the last one is [`Kind::End`] and is never passed.
    fn peek(&self) -> &'t Token {
        const END: &Token = &Token {
            kind: Kind::End,
            span: Span { start: 0, end: 0 },
        };
        self.tokens
            .get(self.at)
            .or(self.tokens.last())
            .unwrap_or(END)
    }

    fn next(&mut self) -> &'t Token {
        let token = self.peek();
        self.at = (self.at + 1).min(self.tokens.len().saturating_sub(1));
        token
    }

    /// Whether the next token is this operator.
    fn is(&self, op: &str) -> bool {
        matches!(self.peek().kind, Kind::Op(found) if found == op)
    }

    /// Takes the next token if it is this operator.
    fn eat(&mut self, op: &str) -> bool {
        let found = self.is(op);
        if found {
            self.next();
        }
        found
    }

    /// Takes the next token if it is this keyword.
    fn eat_word(&mut self, word: &str) -> bool {
        let found = matches!(&self.peek().kind, Kind::Name(name) if name == word);
        if found {
            self.next();
        }
        found
    }

    fn want(&mut self, op: &str, after: &str) -> Result<(), Error> {
        if self.eat(op) {
            Ok(())
        } else {
            Err(self.unexpected(&format!("`{op}` {after}")))
        }
    }

    /// An error at the next token.
    fn unexpected(&self, expected: &str) -> Error {
        let token = self.peek();
        let found = match &token.kind {
            Kind::End => "the end of the text".to_owned(),
            Kind::Op(op) => format!("`{op}`"),
            Kind::Name(name) => format!("`{name}`"),
            Kind::Number { .. } | Kind::Str(_) => {
                format!(
                    "`{}`",
                    self.text
                        .get(token.span.start..token.span.end)
                        .unwrap_or_default()
                )
            }
        };
        Error::at(
            self.text,
            token.span,
            format!("expected {expected}, found {found}"),
        )
    }

    fn end(&self) -> Result<(), Error> {
        match &self.peek().kind {
            Kind::End => Ok(()),
            Kind::Name(name) if Unit::ALL.iter().any(|unit| unit.suffix() == name) => Err(self
                .unexpected(&format!(
                    "the end, as a unit is glued to its number (`10{name}`)"
                ))),
            Kind::Name(name) => Err(self
                .unexpected("an operator, `then` or the end")
                .suggest(name, &KEYWORDS)),
            _ => Err(self.unexpected("an operator, `then` or the end")),
        }
    }

    /// Runs a rule one level deeper.
    fn deeper<T>(&mut self, rule: impl FnOnce(&mut Self) -> Result<T, Error>) -> Result<T, Error> {
        if self.depth == MAX_DEPTH {
            let message = format!("nested more than {MAX_DEPTH} levels deep");
            return Err(Error::at(self.text, self.peek().span, message));
        }
        self.depth += 1;
        let result = rule(self);
        self.depth -= 1;
        result
    }

    /// An expression that binds at least this tightly, one level deeper.
    fn nested(&mut self, least: Binding) -> Result<Expr, Error> {
        self.deeper(|p| p.climb(least))
    }

    fn climb(&mut self, least: Binding) -> Result<Expr, Error> {
        let mut left = self.prefix(least)?;
        while let Some((infix, binding)) = self.infix(least) {
            self.operators += 1;
            if self.operators > MAX_OPERATORS {
                let message = format!(
                    "more than {MAX_OPERATORS} operators in one expression; a table(...) may say it"
                );
                return Err(Error::at(self.text, self.peek().span, message));
            }
            self.next();
            left = self.infix_rest(left, infix, binding)?;
        }
        Ok(left)
    }

    /// The operator at the cursor, if it may continue an expression of this binding.
    fn infix(&self, least: Binding) -> Option<(Infix, Binding)> {
        let infix = match &self.peek().kind {
            Kind::Op("->") => Infix::Arrow,
            Kind::Name(word) if word == "then" => Infix::Then,
            Kind::Name(word) if word == "if" => Infix::If,
            Kind::Name(word) if word == "and" => Infix::Binary(BinaryOp::And),
            Kind::Name(word) if word == "or" => Infix::Binary(BinaryOp::Or),
            Kind::Op(op) => {
                Infix::Binary(BINARY.into_iter().find(|binary| binary.symbol() == *op)?)
            }
            _ => return None,
        };
        let binding = match infix {
            Infix::Then => Binding::Then,
            Infix::Arrow => Binding::Arrow,
            Infix::If => Binding::Ternary,
            Infix::Binary(op) => op.binding(),
        };
        (binding >= least).then_some((infix, binding))
    }

    fn infix_rest(&mut self, left: Expr, infix: Infix, binding: Binding) -> Result<Expr, Error> {
        let start = left.span;
        let boxed = Box::new(left);
        let (node, end) = match infix {
            Infix::If => {
                let cond = self.nested(Binding::Or)?;
                if !self.eat_word("else") {
                    return Err(self.unexpected("`else` after `if` and its condition"));
                }
                let other = self.nested(Binding::Ternary)?;
                let end = other.span;
                (
                    Node::IfElse {
                        then: boxed,
                        cond: Box::new(cond),
                        other: Box::new(other),
                    },
                    end,
                )
            }
            Infix::Then | Infix::Arrow => {
                let right = self.nested(tighter(binding))?;
                let end = right.span;
                let node = if matches!(infix, Infix::Then) {
                    Node::Then
                } else {
                    Node::Arrow
                };
                (node(boxed, Box::new(right)), end)
            }
            Infix::Binary(op) => {
                let right = self.nested(if op == BinaryOp::Pow {
                    Binding::Sign
                } else {
                    tighter(binding)
                })?;
                let end = right.span;
                (Node::Binary(op, boxed, Box::new(right)), end)
            }
        };
        if matches!(binding, Binding::Comparison | Binding::Arrow)
            && self.infix(binding).is_some_and(|(_, next)| next == binding)
        {
            let both = if binding == Binding::Arrow {
                "`->` has one left and one right side"
            } else {
                CHAINED
            };
            return Err(Error::at(self.text, self.peek().span, both));
        }
        Ok(Expr {
            node,
            span: start.to(end),
        })
    }

    /// Signs, `not` and `lambda`, or a value with its calls and indices.
    fn prefix(&mut self, least: Binding) -> Result<Expr, Error> {
        let start = self.peek().span;
        let op = match &self.peek().kind {
            Kind::Op("-") => UnaryOp::Neg,
            Kind::Op("+") => UnaryOp::Plus,
            Kind::Name(word) if word == "not" && least <= Binding::Not => UnaryOp::Not,
            Kind::Name(word) if word == "lambda" && least <= Binding::Ternary => {
                return self.lambda();
            }
            _ => return self.postfix(),
        };
        self.next();
        let operand = self.nested(op.binding())?;
        let span = start.to(operand.span);
        Ok(Expr {
            node: Node::Unary(op, Box::new(operand)),
            span,
        })
    }

    fn lambda(&mut self) -> Result<Expr, Error> {
        let start = self.next().span;
        let mut params = Vec::new();
        while !self.eat(":") {
            match &self.peek().kind {
                Kind::Name(name) if !name.contains('.') && !KEYWORDS.contains(&name.as_str()) => {
                    if params.contains(name) {
                        let message = format!("the parameter `{name}` is named twice");
                        return Err(Error::at(self.text, self.peek().span, message));
                    }
                    params.push(name.clone());
                }
                _ => return Err(self.unexpected("a parameter name or `:` after `lambda`")),
            }
            self.next();
            if !self.is(":") {
                self.want(",", "or `:` after a parameter of `lambda`")?;
            }
        }
        let body = self.nested(Binding::Ternary)?;
        let span = start.to(body.span);
        Ok(Expr {
            node: Node::Lambda {
                params,
                body: Box::new(body),
            },
            span,
        })
    }

    fn postfix(&mut self) -> Result<Expr, Error> {
        let mut value = self.primary()?;
        while self.is("[") {
            self.operators += 1;
            if self.operators > MAX_OPERATORS {
                return Err(Error::at(
                    self.text,
                    self.peek().span,
                    format!("more than {MAX_OPERATORS} operators"),
                ));
            }
            self.next();
            let index = self.nested(Binding::Then)?;
            let end = self.peek().span;
            self.want("]", "to close the index")?;
            let span = value.span.to(end);
            value = Expr {
                node: Node::Index(Box::new(value), Box::new(index)),
                span,
            };
        }
        Ok(value)
    }

    /// An item of a sequence: a name or a call.
    fn item(&mut self) -> Result<Expr, Error> {
        match &self.peek().kind {
            Kind::Name(name) if !KEYWORDS.contains(&name.as_str()) => self.deeper(Parser::primary),
            Kind::Op(",") => {
                Err(self.unexpected("a name or a call; items are separated by white space"))
            }
            _ => Err(self.unexpected("a name or a call")),
        }
    }

    fn primary(&mut self) -> Result<Expr, Error> {
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

/// What stands between two operands.
#[derive(Clone, Copy)]
enum Infix {
    Then,
    Arrow,
    If,
    Binary(BinaryOp),
}

/// The operators written with signs.
const BINARY: [BinaryOp; 13] = [
    BinaryOp::Add,
    BinaryOp::Sub,
    BinaryOp::Mul,
    BinaryOp::Div,
    BinaryOp::FloorDiv,
    BinaryOp::Mod,
    BinaryOp::Pow,
    BinaryOp::Lt,
    BinaryOp::Le,
    BinaryOp::Gt,
    BinaryOp::Ge,
    BinaryOp::Eq,
    BinaryOp::Ne,
];

const CHAINED: &str = "comparisons do not chain; write `a < b and b < c`";
