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

/// A time, in seconds since 1970, as a date and a time of day.
pub(crate) fn utc(seconds: u64) -> String {
    const DAY: u64 = 24 * 60 * 60;
    // Howard Hinnant's civil_from_days: years begin in March, so that a leap day is the last of its year,
    // and days are counted from the March that begins the 400 years of year 0.
    let days = seconds / DAY + 719_468;
    let (era, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let (month, next) = match month {
        0..10 => (month + 3, 0),
        _ => (month - 9, 1),
    };
    let year = 400 * era + year + next;
    let (hour, minute, second) = (seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
    format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02} UTC")
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

    /// Ends of years, leap days and the century that has none; as `date --utc` has them.
    #[test]
    fn times_are_dates() {
        let wanted = [
            (0, "1970-01-01 00:00:00 UTC"),
            (951_782_399, "2000-02-28 23:59:59 UTC"),
            (951_782_400, "2000-02-29 00:00:00 UTC"),
            (1_735_689_599, "2024-12-31 23:59:59 UTC"),
            (1_795_878_422, "2026-11-28 15:07:02 UTC"),
            (4_107_542_399, "2100-02-28 23:59:59 UTC"),
            (4_107_542_400, "2100-03-01 00:00:00 UTC"),
        ];
        for (seconds, want) in wanted {
            assert_eq!(utc(seconds), want);
        }
    }
}
