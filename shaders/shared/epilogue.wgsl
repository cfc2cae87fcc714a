// What a matmul or convolution does to a result before storing it. Mirrors `ops::Epilogue`.
const BIAS: u32 = 1u;      // add e[column]
const RELU: u32 = 2u;      // then clamp below at 0 (keeps NaN and -0, as PyTorch does)
const MASK: u32 = 4u;      // zero where e[element] <= 0: the gradient of a ReLU whose output is e

fn relu(x: f32) -> f32 { return select(x, 0.0, x < 0.0); }
fn masked(y: f32, dy: f32) -> f32 { return select(dy, 0.0, y <= 0.0); }

