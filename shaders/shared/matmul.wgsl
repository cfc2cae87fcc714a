// A product of matrices, its epilogue and its split sums. Mirrors `ops::matmul::Dims`; reflection
// checks the layout.
struct Dims { m: u32, n: u32, k: u32, ta: u32, tb: u32, epilogue: u32, sums: u32 }

// The terms that a part of a split sum adds: [first, last), first a multiple of 4.
fn terms_of(part: u32, parts: u32) -> vec2<u32> {
    let chunk = ((dims.k + parts - 1u) / parts + 3u) / 4u * 4u;
    return min(vec2<u32>(part * chunk, part * chunk + chunk), vec2<u32>(dims.k));
}

// Words of the output, or of one part of it.
fn words() -> u32 {
    return select(dims.m * dims.n, dims.sums + dims.m, dims.sums != 0u);
}
