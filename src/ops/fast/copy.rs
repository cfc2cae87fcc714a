//! Copies of short runs, straight and transposed.

/// The most words that [`copy`] may write instead of fewer.
pub(super) const COPY: usize = 32;

/// Copies `len` words; if there are few, and there is room, some more, which the caller overwrites
/// later: moving whole vectors is quicker than calling `memcpy`.
#[inline(always)]
pub(super) fn copy(len: usize, from: &[f32], to: &mut [f32]) {
    if len <= COPY / 2 && copy_whole::<{ COPY / 2 }>(from, to) {
        return;
    }
    if len > COPY || !copy_whole::<COPY>(from, to) {
        to[..len].copy_from_slice(&from[..len]);
    }
}

#[inline(always)]
fn copy_whole<const N: usize>(from: &[f32], to: &mut [f32]) -> bool {
    match (from.first_chunk::<N>(), to.first_chunk_mut::<N>()) {
        (Some(from), Some(to)) => {
            *to = *from;
            true
        }
        _ => false,
    }
}

/// `to[k·width + i] = from[i·stride + k]` for `count` of `i` and `len` of `k`; the rest of `to` may
/// be overwritten. Four of `i` at a time make a vector; what the last ones write too much is
/// overwritten by the first ones, which come later.
#[inline(always)]
pub(super) fn transpose(
    from: &[f32],
    stride: usize,
    [count, len]: [usize; 2],
    to: &mut [f32],
    width: usize,
) {
    let row = |i: usize| &from[i.min(count - 1) * stride..][..len];
    for i in (0..count).step_by(4).rev() {
        let valid = (count - i).min(4);
        let mut put = |k: usize, four: [f32; 4]| {
            let to = &mut to[k * width + i..];
            match to.first_chunk_mut() {
                Some(to) => *to = four,
                None => to[..valid].copy_from_slice(&four[..valid]),
            }
        };
        let [a, b, c, d] = [row(i), row(i + 1), row(i + 2), row(i + 3)].map(|r| r.as_chunks().0);
        let fours = a.iter().zip(b).zip(c).zip(d);
        for (block, (((a, b), c), d)) in fours.enumerate() {
            for (k, four) in (4 * block..).zip(transpose4([*a, *b, *c, *d])) {
                put(k, four);
            }
        }
        for k in len / 4 * 4..len {
            put(k, [row(i)[k], row(i + 1)[k], row(i + 2)[k], row(i + 3)[k]]);
        }
    }
}

/// Left to itself, the compiler moves the numbers one by one.
#[cfg(target_arch = "x86_64")]
#[allow(
    unsafe_code,
    reason = "left to itself, the compiler moves the numbers one by one"
)]
#[inline(always)]
fn transpose4(rows: [[f32; 4]; 4]) -> [[f32; 4]; 4] {
    use std::arch::x86_64::{
        __m128, _mm_movehl_ps, _mm_movelh_ps, _mm_unpackhi_ps, _mm_unpacklo_ps,
    };
    let [a, b, c, d]: [__m128; 4] = bytemuck::cast(rows);
    // SAFETY: every x86-64 processor has SSE.
    unsafe {
        let (low, low2) = (_mm_unpacklo_ps(a, b), _mm_unpacklo_ps(c, d));
        let (high, high2) = (_mm_unpackhi_ps(a, b), _mm_unpackhi_ps(c, d));
        bytemuck::cast([
            _mm_movelh_ps(low, low2),
            _mm_movehl_ps(low2, low),
            _mm_movelh_ps(high, high2),
            _mm_movehl_ps(high2, high),
        ])
    }
}

#[cfg(not(target_arch = "x86_64"))]
#[inline(always)]
fn transpose4(rows: [[f32; 4]; 4]) -> [[f32; 4]; 4] {
    std::array::from_fn(|k| std::array::from_fn(|i| rows[i][k]))
}

#[cfg(test)]
mod tests {
    use super::{copy, transpose};

    fn numbers(count: usize) -> Vec<f32> {
        (0..count).map(|i| i as f32).collect()
    }

    #[test]
    fn short_and_long_runs_are_copied() {
        for len in [0, 1, 15, 16, 17, 32, 33, 70] {
            for room in [0, 40] {
                let (from, mut to) = (numbers(len + room), vec![-1.0; len + room]);
                copy(len, &from, &mut to);
                assert_eq!(from[..len], to[..len]);
            }
        }
    }

    #[test]
    fn any_shape_is_transposed() {
        for [count, len, width] in [[1, 1, 1], [4, 4, 4], [11, 9, 11], [12, 64, 32], [3, 5, 8]] {
            let stride = len + 2;
            let (from, mut to) = (numbers(count * stride), vec![-1.0; len * width]);
            transpose(&from, stride, [count, len], &mut to, width);
            for (i, k) in (0..count).flat_map(|i| (0..len).map(move |k| (i, k))) {
                assert_eq!(
                    to[k * width + i],
                    from[i * stride + k],
                    "{count} {len} {width}"
                );
            }
        }
    }
}
