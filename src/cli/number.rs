//! Numbers as flags take them. What Rust says of a text that is none helps nobody.

use std::{fmt::Display, str::FromStr};

/// A whole number of at least so many. `example` is shown where the text is none.
pub(super) fn whole<T>(
    least: T,
    example: u64,
) -> impl Fn(&str) -> Result<T, String> + Clone + Send + Sync
where
    T: TryFrom<i128> + Into<i128> + Copy + Display + Send + Sync + 'static,
{
    move |text| {
        let expected = || format!("expected a whole number, such as {example}");
        let number: i128 = text.trim().parse().map_err(|_| expected())?;
        if number < least.into() {
            return Err(format!("expected at least {least}"));
        }
        T::try_from(number).map_err(|_| format!("it is too large; {}", expected()))
    }
}

/// The same for numbers of samples and the like.
pub(super) fn count(
    least: u64,
    example: u64,
) -> impl Fn(&str) -> Result<usize, String> + Clone + Send + Sync {
    let whole = whole(least, example);
    move |text| {
        let number = whole(text)?;
        usize::try_from(number).map_err(|_| format!("expected at most {}", usize::MAX))
    }
}

/// A number. `example` is shown where the text is none.
pub(super) fn decimal<T>(
    example: &'static str,
) -> impl Fn(&str) -> Result<T, String> + Clone + Send + Sync
where
    T: FromStr,
{
    move |text| {
        let number = text.trim().parse();
        number.map_err(|_| format!("expected a number, such as {example}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A text that is no number is answered with one, and a number out of range with the range.
    #[test]
    fn mistakes_are_answered_with_what_is_meant() {
        let epochs = whole(1u32, 20);
        assert_eq!(epochs("7"), Ok(7));
        for (text, expected) in [
            ("three", "expected a whole number, such as 20"),
            ("1.5", "expected a whole number, such as 20"),
            ("0", "expected at least 1"),
            ("-3", "expected at least 1"),
            ("4294967296", "it is too large; expected a whole number"),
        ] {
            assert!(epochs(text).unwrap_err().starts_with(expected), "{text}");
        }
        assert_eq!(count(0, 5)("0"), Ok(0));
        assert_eq!(decimal::<f64>("0.05")("1e-3"), Ok(1e-3));
        let e = decimal::<f64>("0.05")("abc").unwrap_err();
        assert_eq!(e, "expected a number, such as 0.05");
    }
}
