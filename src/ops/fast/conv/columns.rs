//! The input of a convolution, unrolled along the width of its kernel only: every term of every
//! sum then lies in one contiguous run, and a plane of outputs is covered without gaps.

use crate::ops::{conv2d::Dims, fast::copy::copy};

/// What is unrolled: planes of `x`, for the outputs of one image and group. The padding may be
/// negative, which cuts.
pub(super) struct Columns {
    channels: usize,
    /// Height and width of a plane of the input.
    input: [usize; 2],
    /// Height and width of a plane of the output.
    output: [usize; 2],
    kernel: [usize; 2],
    stride: [usize; 2],
    dilation: [usize; 2],
    padding: [isize; 2],
}

impl Columns {
    /// For the outputs of a convolution.
    pub(super) fn forward(d: &Dims) -> Columns {
        Columns {
            channels: d.group_c() as usize,
            input: [d.h, d.w].map(|v| v as usize),
            output: [d.oh, d.ow].map(|v| v as usize),
            kernel: [d.kh, d.kw].map(|v| v as usize),
            stride: [d.stride_h, d.stride_w].map(|v| v as usize),
            dilation: [d.dilation_h, d.dilation_w].map(|v| v as usize),
            padding: [d.padding_h, d.padding_w].map(|v| v as isize),
        }
    }

    /// For the input gradient of a convolution with stride 1, which is a convolution of the
    /// output's with the kernel turned by 180°.
    pub(super) fn backward(d: &Dims) -> Columns {
        let c = Columns::forward(d);
        let around = |i: usize| ((c.kernel[i] - 1) * c.dilation[i]) as isize - c.padding[i];
        Columns {
            channels: d.group_o() as usize,
            input: c.output,
            output: c.input,
            padding: [around(0), around(1)],
            ..c
        }
    }

    /// Terms of a sum.
    pub(super) fn terms(&self) -> usize {
        self.channels * self.kernel[0] * self.kernel[1]
    }

    /// Outputs of a plane.
    pub(super) fn pixels(&self) -> usize {
        self.output[0] * self.output[1]
    }

    /// Words of the input of one image and group.
    pub(super) fn input_words(&self) -> usize {
        self.channels * self.input[0] * self.input[1]
    }

    /// Rows of the padded input that some output reads, those of one residue of the stride
    /// together: a plane holds `stride` runs of so many rows.
    fn rows_per_phase(&self) -> usize {
        let reach = (self.kernel[0] - 1) * self.dilation[0];
        self.output[0] + reach.div_ceil(self.stride[0])
    }

    fn plane(&self) -> usize {
        self.stride[0] * self.rows_per_phase() * self.output[1]
    }

    /// Words of the unrolled input.
    pub(super) fn words(&self) -> usize {
        self.channels * self.kernel[1] * self.plane()
    }

    /// Where each term's run begins: the kernel's elements in order.
    pub(super) fn offsets(&self, to: &mut [usize]) {
        let [kh, kw] = self.kernel;
        for (k, to) in to.iter_mut().enumerate() {
            let (c, ky, kx) = (k / (kh * kw), k / kw % kh, k % kw);
            let row = ky * self.dilation[0];
            let row = row % self.stride[0] * self.rows_per_phase() + row / self.stride[0];
            *to = (c * kw + kx) * self.plane() + row * self.output[1];
        }
    }

    /// Unrolls `x`. What lies beyond [`Self::words`] in `to`, up to [`COPY`](super::super::copy::COPY), is overwritten.
    #[inline(always)]
    pub(super) fn fill(&self, x: &[f32], to: &mut [f32]) {
        let [height, width] = self.input;
        let x = &x[..self.input_words()];
        let mut at = 0;
        for c in 0..self.channels {
            for kx in 0..self.kernel[1] {
                let span = self.span(kx);
                for phase in 0..self.stride[0] {
                    for row in 0..self.rows_per_phase() {
                        let y = (row * self.stride[0] + phase) as isize - self.padding[0];
                        let to = &mut to[at..];
                        at += self.output[1];
                        match usize::try_from(y).ok().filter(|&y| y < height) {
                            Some(y) => self.fill_row(&span, &x[(c * height + y) * width..], to),
                            None => to[..self.output[1]].fill(0.0),
                        }
                    }
                }
            }
        }
    }

    /// Which outputs of a row have their tap `kx` inside the input, and where the first one is.
    fn span(&self, kx: usize) -> Span {
        let (stride, outputs) = (self.stride[1], self.output[1]);
        let shift = (kx * self.dilation[1]) as isize - self.padding[1];
        let first = usize::try_from(-shift).unwrap_or(0).div_ceil(stride);
        let reach = usize::try_from(self.input[1] as isize - shift).unwrap_or(0);
        let end = reach.div_ceil(stride).min(outputs);
        Span {
            first: first.min(end),
            end,
            from: ((first * stride) as isize + shift) as usize,
        }
    }

    /// One row of outputs, 0 where the tap is outside; `x` begins with the input's row.
    #[inline(always)]
    fn fill_row(&self, span: &Span, x: &[f32], to: &mut [f32]) {
        let len = span.end - span.first;
        to[..span.first].fill(0.0);
        if len > 0 {
            let (x, to) = (&x[span.from..], &mut to[span.first..]);
            if self.stride[1] == 1 {
                copy(len, x, to);
            } else {
                let from = x.iter().step_by(self.stride[1]);
                to[..len].iter_mut().zip(from).for_each(|(to, &x)| *to = x);
            }
        }
        to[span.end..self.output[1]].fill(0.0);
    }
}

/// Outputs `first..end` of a row; the first one's tap is at `from`.
struct Span {
    first: usize,
    end: usize,
    from: usize,
}
