// Invocations that share one sum: one vector of a software driver, which would compute what follows the
// sum once per vector of the workgroup, whoever needs it.
const LANES: u32 = 8u;

