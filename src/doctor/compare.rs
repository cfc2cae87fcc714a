//! How numbers of two machines are compared.

/// The first place where `got` strays from `want` by more than `abs + rel·|want|`, if any. NaN
/// matches NaN and nothing else, an infinity only itself. With `abs` and `rel` 0 the words must
/// be equal, signs of zeros included.
///
/// # Errors
/// That place, in words.
pub fn compare(want: &[f32], got: &[f32], abs: f32, rel: f32) -> Result<(), String> {
    compare_within(want, got, |i| abs + rel * want[i].abs())
}

/// As [`compare`], with a tolerance of its own for every element.
///
/// # Errors
/// As [`compare`].
pub fn compare_within(
    want: &[f32],
    got: &[f32],
    allowed: impl Fn(usize) -> f32,
) -> Result<(), String> {
    if want.len() != got.len() {
        return Err(format!("{} numbers instead of {}", got.len(), want.len()));
    }
    for (i, (&w, &g)) in want.iter().zip(got).enumerate() {
        let same = w.to_bits() == g.to_bits() || (w.is_nan() && g.is_nan());
        let within = allowed(i);
        let close = within > 0.0 && w.is_finite() && g.is_finite() && (w - g).abs() <= within;
        if !same && !close {
            return Err(format!("[{i}]: want {w:e}, got {g:e}, allowed {within:e}"));
        }
    }
    Ok(())
}

/// The largest finite magnitude.
pub fn largest(numbers: &[f32]) -> f32 {
    let finite = numbers.iter().filter(|x| x.is_finite());
    finite.fold(0.0, |most, x| most.max(x.abs()))
}

/// The largest distance between finite numbers of two tensors, ÷ the largest of `want`.
pub fn distance(want: &[f32], got: &[f32]) -> f64 {
    let scale = f64::from(largest(want)).max(f64::MIN_POSITIVE);
    let apart = |(&w, &g): (&f32, &f32)| (f64::from(w) - f64::from(g)).abs() / scale;
    let all = want.iter().zip(got).map(apart);
    all.filter(|d| d.is_finite()).fold(0.0, f64::max)
}
