//! Tokens to expressions: precedence climbing, loosest first
//! `then` · `->` · `if else`, `lambda` · `or` · `and` · `not` · comparisons · `+ -` · `* / // %` · sign · `**` · call, index.

use super::lexer::{self, Kind, Token};
use super::print::{Binding, tighter};
use super::{BinaryOp, Error, Expr, Node, Span, UnaryOp, Unit};

/// How deep brackets, signs and right-hand sides may nest. With [`MAX_OPERATORS`] it bounds the height of a
/// tree, and with that the stack of everything that walks one.
const MAX_DEPTH: usize = 64;
/// How many operators between operands one text may have.
const MAX_OPERATORS: usize = 500;

pub(super) const KEYWORDS: [&str; 7] = ["then", "if", "else", "lambda", "and", "or", "not"];

pub(super) fn expression(text: &str) -> Result<Expr, Error> {
    let tokens = lexer::tokens(text)?;
    let mut parser = Parser::new(text, &tokens);
    parser.skip_assignment();
    let expr = parser.nested(Binding::Then)?;
    parser.eat(";");
    parser.end()?;
    Ok(expr)
}

pub(super) fn sequence(text: &str) -> Result<Vec<Expr>, Error> {
    let tokens = lexer::tokens(text)?;
    let mut parser = Parser::new(text, &tokens);
    let mut items = vec![parser.item()?];
    loop {
        // A comma between layers is how lists are written elsewhere.
        parser.eat(",");
        if parser.peek().kind == Kind::End {
            return Ok(items);
        }
        items.push(parser.item()?);
    }
}

pub(super) struct Parser<'t> {
    pub text: &'t str,
    pub tokens: &'t [Token],
    pub at: usize,
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
    pub fn peek(&self) -> &'t Token {
        const END: &Token = &Token {
            kind: Kind::End,
            span: Span { start: 0, end: 0 },
        };
        self.tokens
            .get(self.at)
            .or(self.tokens.last())
            .unwrap_or(END)
    }

    pub fn next(&mut self) -> &'t Token {
        let token = self.peek();
        self.at = (self.at + 1).min(self.tokens.len().saturating_sub(1));
        token
    }

    /// Whether the next token is this operator.
    pub fn is(&self, op: &str) -> bool {
        matches!(self.peek().kind, Kind::Op(found) if found == op)
    }

    /// Takes the next token if it is this operator.
    pub fn eat(&mut self, op: &str) -> bool {
        let found = self.is(op);
        if found {
            self.next();
        }
        found
    }

    /// Skips the target of an assignment: `scheduler =`, `self.scheduler =`, `a, b =`.
    fn skip_assignment(&mut self) {
        let start = self.at;
        loop {
            let named =
                matches!(&self.next().kind, Kind::Name(name) if !KEYWORDS.contains(&name.as_str()));
            if named && self.eat("=") {
                return;
            }
            if !(named && self.eat(",")) {
                self.at = start;
                return;
            }
        }
    }

    /// Takes the next token if it is this keyword.
    fn eat_word(&mut self, word: &str) -> bool {
        let found = matches!(&self.peek().kind, Kind::Name(name) if name == word);
        if found {
            self.next();
        }
        found
    }

    pub fn want(&mut self, op: &str, after: &str) -> Result<(), Error> {
        if self.eat(op) {
            Ok(())
        } else {
            Err(self.unexpected(&format!("`{op}` {after}")))
        }
    }

    /// An error at the next token.
    pub fn unexpected(&self, expected: &str) -> Error {
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
    pub fn nested(&mut self, least: Binding) -> Result<Expr, Error> {
        self.deeper(|p| p.climb(least))
    }

    fn climb(&mut self, least: Binding) -> Result<Expr, Error> {
        let mut left = self.prefix(least)?;
        while let Some((infix, binding)) = self.infix(least) {
            self.count_operator()?;
            self.next();
            left = self.infix_rest(left, infix, binding)?;
        }
        Ok(left)
    }

    /// Refuses an operator at the cursor that is one too many.
    fn count_operator(&mut self) -> Result<(), Error> {
        self.operators += 1;
        if self.operators <= MAX_OPERATORS {
            return Ok(());
        }
        let message = format!(
            "more than {MAX_OPERATORS} operators in one expression; a table(...) may say it"
        );
        Err(Error::at(self.text, self.peek().span, message))
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
        if let Infix::Binary(op) = infix
            && op.is_comparison()
        {
            return self.comparison(left, op);
        }
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
        if binding == Binding::Arrow && self.is("->") {
            let message = "`->` has one left and one right side";
            return Err(Error::at(self.text, self.peek().span, message));
        }
        Ok(Expr {
            node,
            span: start.to(end),
        })
    }

    /// What follows `a <`; as in Python, `a < b < c` means `a < b and b < c`.
    fn comparison(&mut self, left: Expr, op: BinaryOp) -> Result<Expr, Error> {
        let mut last = self.nested(tighter(Binding::Comparison))?;
        let mut all = joined(op, left, last.clone());
        while let Some((Infix::Binary(op), Binding::Comparison)) = self.infix(Binding::Comparison) {
            self.count_operator()?;
            if self.compares(last.span) {
                let message = "a comparison inside a chain of comparisons; write `a < b and b < c`";
                return Err(Error::at(self.text, last.span, message));
            }
            self.next();
            let next = self.nested(tighter(Binding::Comparison))?;
            all = joined(BinaryOp::And, all, joined(op, last, next.clone()));
            last = next;
        }
        Ok(all)
    }

    /// Whether there is a comparison within a part of the text. Such a part stands in the tree only once: else
    /// nested chains would double it again and again.
    fn compares(&self, part: Span) -> bool {
        let before = self.tokens.get(..self.at).unwrap_or_default();
        before
            .iter()
            .rev()
            .take_while(|token| token.span.start >= part.start)
            .any(|token| matches!(token.kind, Kind::Op(op) if comparison_named(op)))
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
        let (mut params, mut defaults) = (Vec::new(), Vec::new());
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
            let param = self.next();
            if self.eat("=") {
                defaults.push(self.nested(Binding::Ternary)?);
            } else if let (false, Kind::Name(name)) = (defaults.is_empty(), &param.kind) {
                let message = format!(
                    "the parameter `{name}` needs a default value too, as one before it has one"
                );
                return Err(Error::at(self.text, param.span, message));
            }
            if !self.is(":") {
                self.want(",", "or `:` after a parameter of `lambda`")?;
            }
        }
        let body = self.nested(Binding::Ternary)?;
        let span = start.to(body.span);
        Ok(Expr {
            node: Node::Lambda {
                params,
                defaults,
                body: Box::new(body),
            },
            span,
        })
    }

    fn postfix(&mut self) -> Result<Expr, Error> {
        let mut value = self.primary()?;
        while self.is("[") {
            self.count_operator()?;
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
                Err(self
                    .unexpected("a name or a call; items are separated by white space or a comma"))
            }
            _ => Err(self.unexpected("a name or a call")),
        }
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

fn comparison_named(symbol: &str) -> bool {
    BINARY
        .into_iter()
        .any(|op| op.is_comparison() && op.symbol() == symbol)
}

fn joined(op: BinaryOp, left: Expr, right: Expr) -> Expr {
    let span = left.span.to(right.span);
    Expr {
        node: Node::Binary(op, Box::new(left), Box::new(right)),
        span,
    }
}
