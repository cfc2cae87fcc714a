
// Which group an element belongs to: those of a group are normalised together.
fn group_of(i: u32) -> u32 {
    let run = divide(i, dims.size);
    return run - divide(run, dims.groups) * dims.groups;
}
