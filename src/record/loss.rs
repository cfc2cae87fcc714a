//! Losses, which end the forward pass: each leaves its gradient, and its mean in the log.

use super::{Loss, Recorder, Tensor, tensor::Kind};
use crate::ops::{self, cross_entropy_log, pointwise_loss::Pointwise, softmax_cross_entropy};

impl Recorder {
    /// The mean cross-entropy of `logits[N, classes]`, logged, with the count of right predictions.
    /// `labels` are the class indices of an epoch in its order, as integers, of which the batch's
    /// begin at the step's cursor. Ends the forward pass.
    pub fn cross_entropy(&mut self, logits: Tensor, labels: Tensor, smoothing: f32) -> Loss {
        let [rows, cols] = logits.matrix("cross_entropy");
        let gradient = self.value("d_logits", &[rows, cols], Kind::Value);
        let slots = self.log_slots();
        if cross_entropy_log::fits(rows, cols) {
            let dims = cross_entropy_log::Dims {
                rows,
                cols,
                smoothing,
                slots,
            };
            let args = [self.hyper, labels.at, logits.at, gradient.at, self.log];
            self.push::<ops::CrossEntropyLog>(dims, &args);
            return self.end_of_forward(logits, gradient);
        }
        let row = self.value("row", &[rows, 2], Kind::Input);
        let dims = softmax_cross_entropy::Dims {
            rows,
            cols,
            smoothing,
        };
        let args = [self.hyper, labels.at, logits.at, row.at, gradient.at];
        self.push::<ops::SoftmaxCrossEntropy>(dims, &args);
        self.log_rows(row);
        self.end_of_forward(logits, gradient)
    }

    /// The weighted mean cross-entropy of `logits[N, classes]`, logged: as [`Recorder::cross_entropy`], with the
    /// classes' weights behind the `samples` labels.
    pub fn weighted_cross_entropy(
        &mut self,
        logits: Tensor,
        labels: Tensor,
        samples: u32,
        smoothing: f32,
    ) -> Loss {
        let [rows, cols] = logits.matrix("weighted_cross_entropy");
        let row = self.value("row", &[rows, 2], Kind::Input);
        let gradient = self.value("d_logits", &[rows, cols], Kind::Value);
        let dims = ops::weighted_cross_entropy::Dims {
            rows,
            cols,
            weights: samples,
            smoothing,
        };
        let args = [self.hyper, labels.at, logits.at, row.at, gradient.at];
        self.push::<ops::WeightedCrossEntropy>(dims, &args);
        self.log_rows(row);
        self.end_of_forward(logits, gradient)
    }

    /// The mean squared error of `x[N, outputs]`, logged: see [`Recorder::pointwise`].
    pub fn mse(&mut self, x: Tensor, goals: Tensor) -> Loss {
        self.pointwise(x, goals, Pointwise::Mse, false)
    }

    /// The mean over all elements of `x[N, outputs]` of a loss, logged. `goals` are those of an epoch in its
    /// order, of which the batch's begin at the step's cursor: values, or class indices of which one-hot rows
    /// are made, and right predictions counted. Ends the forward pass.
    pub fn pointwise(&mut self, x: Tensor, goals: Tensor, loss: Pointwise, classes: bool) -> Loss {
        let shape = x.matrix("pointwise");
        let row = self.value("row", &[shape[0], 2], Kind::Input);
        let gradient = self.value("d_output", &shape, Kind::Value);
        let dims = ops::pointwise_loss::Dims::new(shape, loss, classes);
        let args = [self.hyper, goals.at, x.at, row.at, gradient.at];
        self.push::<ops::PointwiseLoss>(dims, &args);
        self.log_rows(row);
        self.end_of_forward(x, gradient)
    }

    fn log_rows(&mut self, row: Tensor) {
        let (rows, slots) = (row.shape[0], self.log_slots());
        let dims = ops::log_batch::Dims { rows, slots };
        self.push::<ops::LogBatch>(dims, &[self.hyper, row.at, self.log]);
    }

    fn end_of_forward(&mut self, output: Tensor, gradient: Tensor) -> Loss {
        self.uses(&[Some(output)]);
        Loss { output, gradient }
    }
}
