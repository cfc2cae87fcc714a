
// Leaves in the last word of control what the update is to multiply the gradient by, or -1 where it is
// to leave the parameters alone: because of this loss or gradient, or of one before where one is enough.
fn clip(loss: f32, squares: f32, bad: f32) {
    let last = arrayLength(&control) - 1u;
    var scale = 1.0;
    if hyper.clip_norm > 0.0 { scale = min(hyper.clip_norm / (sqrt(squares) + 1e-6), 1.0); }
    if hyper.leave_out != 0u {
        let ended = hyper.leave_out == 2u && control[last] == -1.0;
        if ended || bad > 0.0 || is_non_finite(loss) { scale = -1.0; }
    }
    control[last] = scale;
}
