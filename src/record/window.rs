//! The geometry that convolutions and poolings share.

/// Stride, padding, dilation and groups of a convolution, vertical then horizontal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Kernel size; convolutions take it from their weight.
    pub kernel: [u32; 2],
    /// Distance of neighbouring outputs.
    pub stride: [u32; 2],
    /// Zeros (convolution) or nothing (pooling) around the input.
    pub padding: [u32; 2],
    /// Distance of the kernel's taps; 1 for pooling.
    pub dilation: [u32; 2],
    /// Groups of channels; 1 for pooling.
    pub groups: u32,
    /// Round the output size up (pooling only).
    pub ceil_mode: bool,
}

impl Window {
    /// A dense window of `kernel` with stride 1.
    pub fn new(kernel: [u32; 2]) -> Window {
        Window {
            kernel,
            stride: [1, 1],
            padding: [0, 0],
            dilation: [1, 1],
            groups: 1,
            ceil_mode: false,
        }
    }

    /// The output's height and width for an input of `size`, as PyTorch counts; `None` if the
    /// window does not fit.
    pub fn output(&self, size: [u32; 2]) -> Option<[u32; 2]> {
        let along = |i: usize| {
            let reach = self.dilation[i]
                .checked_mul(self.kernel[i].checked_sub(1)?)?
                .checked_add(1)?;
            let (stride, padded) = (
                self.stride[i],
                size[i].checked_add(self.padding[i].checked_mul(2)?)?,
            );
            let room = padded.checked_sub(reach)?;
            let mut out = room / stride + 1;
            if self.ceil_mode && !room.is_multiple_of(stride) {
                // The last window must start inside the input or its left padding.
                out += (out * stride < size[i] + self.padding[i]) as u32;
            }
            Some(out)
        };
        Some([along(0)?, along(1)?])
    }

    /// The height and width that a transposed convolution makes of `size`, as PyTorch counts, with `more` rows and
    /// columns behind; `None` if nothing is left of it, or it is too large.
    pub fn transposed(&self, size: [u32; 2], more: [u32; 2]) -> Option<[u32; 2]> {
        let along = |i: usize| {
            let steps = size[i].checked_sub(1)?.checked_mul(self.stride[i])?;
            let reach = self.dilation[i].checked_mul(self.kernel[i].checked_sub(1)?)?;
            let all = steps
                .checked_add(reach)?
                .checked_add(more[i])?
                .checked_add(1)?;
            let out = all.checked_sub(self.padding[i].checked_mul(2)?)?;
            (out > 0).then_some(out)
        };
        Some([along(0)?, along(1)?])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rounded up, a size counts a last window that is not whole, but none that would start behind the input and its
    /// left padding: as PyTorch.
    #[test]
    fn the_last_window_starts_inside() {
        for (size, kernel, stride, padding, [down, up]) in [
            (4, 2, 3, 0, [1, 2]),
            (3, 1, 3, 0, [1, 1]),
            (5, 3, 3, 1, [2, 2]),
            (6, 3, 4, 1, [2, 2]),
            (7, 3, 3, 1, [3, 3]),
            (8, 3, 3, 1, [3, 3]),
            (5, 2, 2, 1, [3, 3]),
            (6, 3, 2, 0, [2, 3]),
        ] {
            let window = |ceil_mode| Window {
                stride: [stride; 2],
                padding: [padding; 2],
                ceil_mode,
                ..Window::new([kernel; 2])
            };
            let found = [false, true].map(|up| window(up).output([size; 2]));
            assert_eq!(
                found,
                [Some([down; 2]), Some([up; 2])],
                "{size} by {kernel}"
            );
        }
    }
}
