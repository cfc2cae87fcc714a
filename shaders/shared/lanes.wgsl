// Invocations that share one sum: what keeps a GPU's memory busy.
const LANES: u32 = 256u;

