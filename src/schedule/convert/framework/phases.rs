//! Rates that go from point to point along lines or half cosines, as `OneCycleLR` and the one-cycles of Optax.

use crate::schedule::display::Number;

/// Points joined by lines or half cosines; the last rate is held. What a point before the one in front of it ends is
/// never run.
///
/// With whole updates a `piecewise`, otherwise a formula.
pub(super) fn joined(points: &[(f64, f64)], cosine: bool) -> Option<String> {
    let (first, rest) = points.split_first()?;
    let increasing = points
        .windows(2)
        .all(|pair| matches!(pair, [a, b] if a.0 < b.0));
    if increasing && first.0 == 0.0 && points.iter().all(|(at, _)| at.fract() == 0.0) {
        let rates: Vec<String> = points
            .iter()
            .map(|(_, rate)| Number(*rate).to_string())
            .collect();
        let at: Vec<String> = rest.iter().map(|(at, _)| at.to_string()).collect();
        let shape = if cosine { "cosine" } else { "linear" };
        return Some(format!(
            "piecewise([{}], at=[{}], shape={shape})",
            rates.join(", "),
            at.join(", ")
        ));
    }
    let last = Number(points.last()?.1).to_string();
    let pieces = points.windows(2).rev().try_fold(last, |after, pair| {
        let &[(start, from), (end, to)] = pair else {
            return None;
        };
        if start >= end {
            return Some(after);
        }
        Some({
            let (from, to) = (Number(from), Number(to));
            let share = format!("(step - {}) / {}", Number(start), Number(end - start));
            let rate = if cosine {
                format!("{to} + ({from} - {to}) * (1 + cos(pi * {share})) / 2")
            } else {
                format!("{from} + ({to} - {from}) * {share}")
            };
            format!("({rate}) if step <= {} else ({after})", Number(end))
        })
    })?;
    Some(pieces)
}
