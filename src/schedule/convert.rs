//! Temporary.
use super::{Plan, Run};
/// l
pub enum Language {
    /// n
    Native,
    /// t
    Torch,
    /// o
    Optax,
}
/// c
pub fn convert(plan: &Plan, _: &Run, _: Language) -> Result<String, String> {
    Ok(plan.to_string())
}
