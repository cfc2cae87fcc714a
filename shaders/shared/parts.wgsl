// How many workgroups share the sums over an arena. Mirrors `ops::rate_stats::parts`.
fn parts() -> u32 { return clamp((dims.n + 2047u) / 2048u, 1u, 256u); }

