//! Text to tokens: numbers with units, strings, dotted names, operators.

use super::{Error, Span, Unit};
use winnow::Parser;
use winnow::Result;
use winnow::ascii::{multispace0, till_line_ending};
use winnow::combinator::{alt, opt, peek, repeat};
use winnow::error::ContextError;
use winnow::stream::{LocatingSlice, Location, Stream};
use winnow::token::{any, one_of, take_while};

/// Texts longer than this are refused: no schedule or model that a person writes comes near it.
const MAX_BYTES: usize = 1 << 20;

/// What a token is.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Kind {
    Number {
        value: f64,
        integer: bool,
        unit: Option<Unit>,
    },
    Str(String),
    /// A name or keyword, dots included.
    Name(String),
    /// Brackets, separators and operators.
    Op(&'static str),
    End,
}

/// A token and its place.
#[derive(Clone, Debug)]
pub(super) struct Token {
    pub kind: Kind,
    pub span: Span,
}

/// Longest first, so that `**` is not read as two `*`.
const OPERATORS: [&str; 24] = [
    "->", "**", "//", "<=", ">=", "==", "!=", "(", ")", "[", "]", "{", "}", ",", ":", "=", "+",
    "-", "*", "/", "%", "<", ">", ";",
];

type Input<'a> = LocatingSlice<&'a str>;

/// All tokens of the text, with [`Kind::End`] last.
pub(super) fn tokens(text: &str) -> std::result::Result<Vec<Token>, Error> {
    if text.len() > MAX_BYTES {
        let message = format!(
            "the text has {} bytes; an expression may have {MAX_BYTES}",
            text.len()
        );
        return Err(Error::at("", Span::default(), message));
    }
    let mut input = LocatingSlice::new(text);
    let mut tokens = Vec::new();
    loop {
        let start = skip_space(&mut input);
        if input.is_empty() {
            tokens.push(Token {
                kind: Kind::End,
                span: Span { start, end: start },
            });
            return Ok(tokens);
        }
        let kind = token(text, &mut input)?;
        tokens.push(Token {
            kind,
            span: Span {
                start,
                end: input.current_token_start(),
            },
        });
    }
}

/// Skips white space and comments (`#` to the end of the line) and returns the offset of what follows.
fn skip_space(input: &mut Input<'_>) -> usize {
    loop {
        let _: Result<&str> = multispace0.parse_next(input); // cannot fail: it takes zero or more
        if !input.starts_with('#') {
            return input.current_token_start();
        }
        let _: Result<&str> = till_line_ending.parse_next(input); // nor can this
    }
}

fn token(text: &str, input: &mut Input<'_>) -> std::result::Result<Kind, Error> {
    let start = input.current_token_start();
    let here = |input: &Input<'_>| Span {
        start,
        end: input.current_token_start(),
    };
    match input.chars().next() {
        Some('\'' | '"') => string
            .parse_next(input)
            .map(Kind::Str)
            .map_err(|_: ContextError| {
                Error::at(
                    text,
                    Span {
                        start,
                        end: text.len(),
                    },
                    "this string does not end; close it with the same quote",
                )
            }),
        Some(c) if c.is_ascii_digit() || c == '.' => number(text, input),
        Some(c) if c.is_alphabetic() || c == '_' => {
            let found: Result<&str> = name.parse_next(input);
            found
                .map(|name| Kind::Name(name.to_owned()))
                .map_err(|_| Error::at(text, here(input), "not a name"))
        }
        _ => operator
            .parse_next(input)
            .map(Kind::Op)
            .map_err(|_: ContextError| {
                let wrong = input.next_token().unwrap_or_default();
                let message = format!("the character {wrong:?} has no meaning here");
                let error = Error::at(text, here(input), message);
                match wrong {
                    '^' => error.expected(["`**` for a power"]),
                    _ => error,
                }
            }),
    }
}

fn operator(input: &mut Input<'_>) -> Result<&'static str> {
    for op in OPERATORS {
        if opt::<_, _, ContextError, _>(op)
            .parse_next(input)?
            .is_some()
        {
            return Ok(op);
        }
    }
    Err(ContextError::new())
}

/// `cosine`, `math.pi`: identifiers joined by dots.
fn name<'a>(input: &mut Input<'a>) -> Result<&'a str> {
    let rest = repeat::<_, _, (), _, _>(0.., ('.', identifier).void());
    (identifier, rest).take().parse_next(input)
}

fn identifier<'a>(input: &mut Input<'a>) -> Result<&'a str> {
    let first = one_of(|c: char| c.is_alphabetic() || c == '_');
    (
        first,
        take_while(0.., |c: char| c.is_alphanumeric() || c == '_'),
    )
        .take()
        .parse_next(input)
}

fn string(input: &mut Input<'_>) -> Result<String> {
    let quote = one_of(['\'', '"']).parse_next(input)?;
    let mut text = String::new();
    loop {
        match any.parse_next(input)? {
            c if c == quote => return Ok(text),
            '\\' => text.push(match any.parse_next(input)? {
                'n' => '\n',
                't' => '\t',
                c => c,
            }),
            c => text.push(c),
        }
    }
}

/// Digits with Python's `_` separators.
fn digits<'a>(input: &mut Input<'a>) -> Result<&'a str> {
    (one_of('0'..='9'), take_while(0.., ('0'..='9', '_')))
        .take()
        .parse_next(input)
}

/// `12`, `1.5`, `.5`, `1e-3`; an `e` without digits after it belongs to a unit (`10ep`).
fn literal<'a>(input: &mut Input<'a>) -> Result<&'a str> {
    let exponent = (one_of(['e', 'E']), opt(one_of(['+', '-'])), digits).void();
    alt((
        (digits, opt(('.', opt(digits))), opt(exponent)).take(),
        (
            '.',
            digits,
            opt((one_of(['e', 'E']), opt(one_of(['+', '-'])), digits)),
        )
            .take(),
    ))
    .parse_next(input)
}

fn number(text: &str, input: &mut Input<'_>) -> std::result::Result<Kind, Error> {
    let start = input.current_token_start();
    let here = |input: &Input<'_>| Span {
        start,
        end: input.current_token_start(),
    };
    let written = literal.parse_next(input).map_err(|_: ContextError| {
        Error::at(
            text,
            Span {
                start,
                end: start + 1,
            },
            "a point must stand beside a digit, as in `0.5`",
        )
    })?;
    let digits = written.replace('_', "");
    let value: f64 = digits
        .parse()
        .map_err(|_| Error::at(text, here(input), format!("`{written}` is not a number")))?;
    if !value.is_finite() {
        let message = "this number is too large; write float('inf') for infinity";
        return Err(Error::at(text, here(input), message));
    }
    let integer = digits.bytes().all(|b| b.is_ascii_digit());
    // Beyond 2^53 only some whole numbers are an f64; another one must not be meant in silence.
    if integer && digits.parse() != Ok(value as u128) {
        let message = format!(
            "`{written}` has more digits than a number keeps: the nearest is {}",
            value as u128
        );
        return Err(Error::at(text, here(input), message));
    }
    let unit = unit(input).map_err(|wrong| {
        let units = Unit::ALL.map(|unit| format!("`{}`", unit.suffix()));
        Error::at(text, here(input), format!("`{wrong}` is not a unit")).expected(units)
    })?;
    Ok(Kind::Number {
        value,
        integer,
        unit,
    })
}

/// The unit glued to a number; the wrong one as an error.
fn unit(input: &mut Input<'_>) -> std::result::Result<Option<Unit>, String> {
    let word: Result<&str> =
        take_while(0.., |c: char| c.is_alphanumeric() || c == '_').parse_next(input);
    match word.unwrap_or_default() {
        "" => Ok(percent(input).then_some(Unit::Percent)),
        "up" => Ok(Some(Unit::Updates)),
        "ep" => Ok(Some(Unit::Epochs)),
        "sp" => Ok(Some(Unit::Samples)),
        "x" => Ok(Some(Unit::Times)),
        wrong => Err(wrong.to_owned()),
    }
}

/// A glued `%` is a percentage unless an operand is glued to it in turn: `30%`, but `step%10` and `7%3`.
fn percent(input: &mut Input<'_>) -> bool {
    let operand = |c: char| c.is_alphanumeric() || "_.(".contains(c);
    let modulo: Result<(char, char)> = peek(('%', one_of(operand))).parse_next(input);
    let sign: Result<Option<char>> = if modulo.is_ok() {
        Ok(None)
    } else {
        opt('%').parse_next(input)
    };
    matches!(sign, Ok(Some(_)))
}
