//! Handles to values in the plan.

use crate::plan::{BufferId, Slice};

/// The most dimensions of a tensor.
const RANK: usize = 4;

/// A handle to a value in the plan, batch first. `Copy`, so that backward closures capture it.
#[derive(Clone, Copy, Debug)]
pub struct Tensor {
    /// Where it lies.
    pub at: Slice,
    pub(super) shape: [u32; RANK],
    pub(super) rank: usize,
    pub(super) kind: Kind,
    /// The output of a ReLU: its gradient must be masked by it.
    pub(super) rectified: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Nobody wants its gradient.
    Input,
    /// Its gradient belongs into the gradient arena.
    Param,
    /// Its gradient is needed on the way.
    Value,
}

impl Tensor {
    /// A parameter as it lies in an average: an arena like the parameters' own.
    pub fn in_arena(self, arena: Slice) -> Tensor {
        let at = Slice {
            buffer: arena.buffer,
            offset: arena.offset + self.at.offset,
            ..self.at
        };
        Tensor { at, ..self }
    }

    pub(super) fn new(at: Slice, shape: &[u32], kind: Kind) -> Tensor {
        let mut padded = [1; RANK];
        padded[..shape.len()].copy_from_slice(shape);
        assert_eq!(at.len, padded.iter().product::<u32>(), "{shape:?}");
        Tensor {
            at,
            shape: padded,
            rank: shape.len(),
            kind,
            rectified: false,
        }
    }

    /// Its dimensions, batch first.
    pub fn shape(&self) -> &[u32] {
        &self.shape[..self.rank]
    }

    /// The same words, seen as `shape`.
    pub fn view(self, shape: &[u32]) -> Tensor {
        Tensor {
            rectified: self.rectified,
            ..Tensor::new(self.at, shape, self.kind)
        }
    }

    pub(super) fn key(&self) -> (BufferId, u32) {
        (self.at.buffer, self.at.offset)
    }
}

impl Tensor {
    pub(super) fn matrix(&self, op: &str) -> [u32; 2] {
        assert_eq!(self.rank, 2, "{op}: {:?} is not a matrix", self.shape());
        [self.shape[0], self.shape[1]]
    }

    pub(super) fn image(&self, op: &str) -> [u32; 4] {
        assert_eq!(self.rank, 4, "{op}: {:?} is not [N, C, H, W]", self.shape());
        self.shape
    }
}
