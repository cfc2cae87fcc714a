//! Errors that show the line, a caret under the place, what was expected and the nearest name.

use super::Span;
use std::fmt;

/// What is wrong in an expression, and where.
///
/// ```
/// let error = kiln::expr::parse("linear(1x -> )").unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "column 14: expected a value, found `)`\n  linear(1x -> )\n               ^"
/// );
/// ```
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub struct Error {
    text: String,
    span: Span,
    message: String,
    expected: Vec<String>,
    suggestion: Option<String>,
}

impl Error {
    /// An error at a place of the text.
    pub fn at(text: &str, span: Span, message: impl Into<String>) -> Error {
        Error {
            text: text.to_owned(),
            span,
            message: message.into(),
            expected: Vec::new(),
            suggestion: None,
        }
    }

    /// Adds what would have been right, as a list that the message shows.
    pub fn expected<S: Into<String>>(mut self, what: impl IntoIterator<Item = S>) -> Error {
        self.expected.extend(what.into_iter().map(Into::into));
        self
    }

    /// Adds "did you mean" with the known name nearest to the wrong one, if one is near.
    pub fn suggest(mut self, wrong: &str, known: &[&str]) -> Error {
        self.suggestion = nearest(wrong, known.iter().copied()).map(str::to_owned);
        self
    }

    /// The text that was read.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Where in the text, in bytes.
    pub fn span(&self) -> Span {
        self.span
    }

    /// The message without place, expectation and suggestion.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The suggested name, if one is near.
    pub fn suggestion(&self) -> Option<&str> {
        self.suggestion.as_deref()
    }

    /// 1-based line and column (in characters) of the place.
    pub fn position(&self) -> (usize, usize) {
        let start = floor_char_boundary(&self.text, self.span.start);
        let before = self.text.get(..start).unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        let column = before
            .rsplit('\n')
            .next()
            .unwrap_or_default()
            .chars()
            .count()
            + 1;
        (line, column)
    }

    /// The line of the text that the place is on, and the caret line under it.
    fn excerpt(&self) -> (String, String) {
        const WIDTH: usize = 100;
        let (line, column) = self.position();
        let source = self.text.split('\n').nth(line - 1).unwrap_or_default();
        let skip = column.saturating_sub(WIDTH * 3 / 4); // a long line is shown around the place only
        let shown: String = source
            .chars()
            .skip(skip)
            .take(WIDTH)
            .map(|c| if c.is_control() { ' ' } else { c })
            .collect();
        let end = floor_char_boundary(&self.text, self.span.end);
        let start = floor_char_boundary(&self.text, self.span.start);
        let marked = self.text.get(start..end).unwrap_or_default();
        let width = marked
            .split('\n')
            .next()
            .unwrap_or_default()
            .chars()
            .count();
        let left = column - 1 - skip;
        let carets = width.clamp(1, WIDTH.saturating_sub(left).max(1));
        (
            shown.trim_end().to_owned(),
            format!("{}{}", " ".repeat(left), "^".repeat(carets)),
        )
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (line, column) = self.position();
        if self.text.contains('\n') {
            write!(f, "line {line}, ")?;
        }
        write!(f, "column {column}: {}", self.message)?;
        if !self.expected.is_empty() {
            write!(f, "; expected {}", self.expected.join(", "))?;
        }
        if let Some(name) = &self.suggestion {
            write!(f, "; did you mean `{name}`?")?;
        }
        let (source, caret) = self.excerpt();
        write!(f, "\n  {source}\n  {caret}")
    }
}

/// The known name nearest to a wrong one, if it is near enough to be meant.
fn nearest<'a>(wrong: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let plain = |name: &str| name.to_lowercase().replace(['_', '-'], "");
    let target = plain(wrong);
    known
        .into_iter()
        .map(|name| (strsim::jaro_winkler(&target, &plain(name)), name))
        .filter(|(score, _)| *score >= 0.8)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, name)| name)
}

/// The largest offset at or below `at` that starts a character of the text.
fn floor_char_boundary(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}
