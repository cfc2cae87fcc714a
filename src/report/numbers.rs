//! Numbers as people read them.

/// Four significant digits.
pub(super) fn short(x: f64) -> String {
    match x.abs() {
        _ if !x.is_finite() => "not finite".into(),
        0.0 => "0".into(),
        a if (1e-3..1e5).contains(&a) => {
            let decimals = (3 - a.log10().floor() as i32).max(0) as usize;
            let text = format!("{x:.decimals$}");
            match text.contains('.') {
                true => text.trim_end_matches('0').trim_end_matches('.').into(),
                false => text,
            }
        }
        _ => {
            let text = format!("{x:.3e}");
            let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
            let digits = digits.trim_end_matches('0').trim_end_matches('.');
            format!("{digits}e{exponent}")
        }
    }
}

/// A share as a percentage.
pub(super) fn percent(share: f64) -> String {
    format!("{:.2}%", 100.0 * share)
}

/// With thousands apart.
pub(super) fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// With a prefix of the decimal system: 1,234,567 as `1.23 M`.
pub(super) fn prefixed(n: u64) -> String {
    let prefixes = [(1e15, "P"), (1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")];
    let x = n as f64;
    match prefixes.iter().find(|(unit, _)| x >= *unit) {
        None => n.to_string(),
        Some((unit, prefix)) => {
            let x = x / unit;
            let decimals = (2 - x.log10().floor() as i32).clamp(0, 2) as usize;
            format!("{x:.decimals$} {prefix}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short() {
        let wanted = [
            (0.0, "0"),
            (0.0371, "0.0371"),
            (2.345_678, "2.346"),
            (12_345.6, "12346"),
            (1.0, "1"),
            (100.0, "100"),
            (1e-5, "1e-5"),
            (1.2346e-7, "1.235e-7"),
            (-0.5, "-0.5"),
            (f64::NAN, "not finite"),
        ];
        for (x, want) in wanted {
            assert_eq!(short(x), want);
        }
        assert_eq!(
            (grouped(7), grouped(1_234_567)),
            ("7".into(), "1,234,567".into())
        );
        let wanted = [
            (999, "999"),
            (1234, "1.23 k"),
            (12_345_678, "12.3 M"),
            (999_999, "1000 k"),
        ];
        for (n, want) in wanted {
            assert_eq!(prefixed(n), want);
        }
        assert_eq!(percent(0.98765), "98.77%");
    }
}
