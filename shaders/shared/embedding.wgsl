// Indices, and the table that they are for. Mirrors `ops::embedding::Dims`.
struct Dims { n: u32, rows: u32, cols: u32 }

// The row of an index. Whatever a conversion makes of no number, the minimum is a row of the table.
fn row_of(index: f32) -> u32 { return min(u32(clamp(index, 0.0, 16777216.0)), dims.rows - 1u); }

