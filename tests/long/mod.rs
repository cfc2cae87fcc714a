//! Runs that are longer, or larger in one way, than any that a test could train: counters are moved to
//! where they would be, and must count on.

mod schedules;
mod soak;
mod updates;
