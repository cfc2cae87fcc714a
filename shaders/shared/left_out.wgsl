
// Whether the update under way leaves everything as it is: what `clip` has decided.
fn left_out() -> bool {
    return hyper.leave_out != 0u && control[arrayLength(&control) - 1u] == -1.0;
}
