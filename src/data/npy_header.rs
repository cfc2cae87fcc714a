//! The header of NumPy's arrays: a Python dictionary of three entries, of which nothing is evaluated.

use super::error::quoted;

/// What the values of an array are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Bool,
    Unsigned,
    Signed,
    Float,
}

/// What a type string says: kind, bytes of a value, and whether the highest comes first.
pub(super) fn dtype(descr: &str) -> Result<(Kind, usize, bool), String> {
    let (order, kind) = descr.split_at_checked(1).unwrap_or(("", ""));
    let (kind, size) = match kind {
        "b1" => (Kind::Bool, 1),
        "u1" => (Kind::Unsigned, 1),
        "u2" => (Kind::Unsigned, 2),
        "u4" => (Kind::Unsigned, 4),
        "u8" => (Kind::Unsigned, 8),
        "i1" => (Kind::Signed, 1),
        "i2" => (Kind::Signed, 2),
        "i4" => (Kind::Signed, 4),
        "i8" => (Kind::Signed, 8),
        "f4" => (Kind::Float, 4),
        "f8" => (Kind::Float, 8),
        _ => {
            return Err(format!(
                "values of type {}; expected integers, booleans, float32 or float64, so save `array.astype(\"float32\")` \
                 (or numbers for text)",
                quoted(descr)
            ));
        }
    };
    match (order, size) {
        ("<", _) | ("|", 1) => Ok((kind, size, false)),
        (">", _) => Ok((kind, size, true)),
        _ => Err(format!(
            "values of type {}; expected `<` or `>` before its size",
            quoted(descr)
        )),
    }
}

/// What the dictionary says.
#[derive(Debug, PartialEq)]
pub(super) struct Header {
    pub(super) descr: String,
    pub(super) is_fortran: bool,
    pub(super) shape: Vec<u64>,
}

impl Header {
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, String> {
        let malformed = || {
            let expected = "{'descr': '<f4', 'fortran_order': False, 'shape': (100, 28), }";
            format!(
                "the header is {}; expected a dictionary such as {expected}",
                quoted(&String::from_utf8_lossy(bytes))
            )
        };
        let text = std::str::from_utf8(bytes).map_err(|_| malformed())?;
        Scanner { rest: text }.header().ok_or_else(malformed)?
    }
}

/// Reads the few things that a header has: strings, booleans and tuples of numbers.
struct Scanner<'a> {
    rest: &'a str,
}

impl<'a> Scanner<'a> {
    /// Nothing if it is malformed; a sentence if it is well formed and yet of no use.
    fn header(&mut self) -> Option<Result<Header, String>> {
        let (mut descr, mut is_fortran, mut shape) = (None, None, None);
        self.eat("{").then_some(())?;
        while !self.eat("}") {
            let key = self.string()?;
            self.eat(":").then_some(())?;
            match key {
                "descr" if self.rest.trim_start().starts_with('[') => {
                    return Some(Err(
                        "records with named fields; expected plain numbers, so save the fields as arrays".to_owned(),
                    ));
                }
                "descr" => descr = Some(self.string()?.to_owned()),
                "fortran_order" => is_fortran = Some(self.boolean()?),
                "shape" => shape = Some(self.tuple()?),
                _ => return None,
            }
            if !self.eat(",") && !self.rest.trim_start().starts_with('}') {
                return None;
            }
        }
        self.rest.trim().is_empty().then_some(())?;
        Some(Ok(Header {
            descr: descr?,
            is_fortran: is_fortran?,
            shape: shape?,
        }))
    }

    fn eat(&mut self, word: &str) -> bool {
        let rest = self.rest.trim_start().strip_prefix(word);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn string(&mut self) -> Option<&'a str> {
        let rest = self.rest.trim_start();
        let quote = rest.chars().next().filter(|c| matches!(c, '\'' | '"'))?;
        let (string, rest) = rest.get(1..)?.split_once(quote)?;
        self.rest = rest;
        Some(string)
    }

    fn boolean(&mut self) -> Option<bool> {
        if self.eat("True") {
            return Some(true);
        }
        self.eat("False").then_some(false)
    }

    fn tuple(&mut self) -> Option<Vec<u64>> {
        let mut numbers = Vec::new();
        self.eat("(").then_some(())?;
        while !self.eat(")") {
            let rest = self.rest.trim_start();
            let end = rest.find(|c: char| !c.is_ascii_digit())?;
            let (number, rest) = rest.split_at_checked(end)?;
            numbers.push(number.parse().ok()?);
            self.rest = rest;
            self.eat("L"); // Python 2
            if !self.eat(",") && !self.rest.trim_start().starts_with(')') {
                return None;
            }
        }
        Some(numbers)
    }
}
