
// A result: into `c` with the epilogue, or as it is into its part of a split sum.
fn store_element(i: u32, j: u32, sum: f32, part: u32, parts: u32) {
    if i >= dims.m || j >= dims.n { return; }
    let at = i * dims.n + j;
    var y = sum;
    if parts == 1u {
        if (dims.epilogue & BIAS) != 0u { y += e[j]; }
        if (dims.epilogue & RELU) != 0u { y = relu(y); }
        if (dims.epilogue & MASK) != 0u { y = masked(e[at], y); }
    }
    c[part * words() + at] = y;
}

