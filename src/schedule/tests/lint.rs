//! What the linter says.

use super::*;

/// Each finding of the linter on an expression made to provoke it, and none on sound ones.
#[test]
fn lint_finds_what_it_should() {
    let found = |text: &str| -> Vec<String> {
        let spec: Spec = text.parse().unwrap_or_else(|e| panic!("{e}"));
        spec.lint(&run())
            .into_iter()
            .map(|f| format!("{:?}: {}", f.severity, f.message))
            .collect()
    };
    for text in [
        "cosine",
        "constant",
        "0.1 * 0.97 ** epoch",
        "warmup(500) then cosine(to=1e-5)",
        "wsd(50, 20%)",
        "step(30%)",
        "restart(cosine, every=2ep)",
        "one_cycle",
    ] {
        assert_eq!(found(text), [""; 0], "{text}");
    }
    for (text, message) in [
        (
            "linear(0 -> 1x, 10)",
            "Warning: the first update has rate 0 and is wasted",
        ),
        (
            "linear(1x -> 0, 50%)",
            "Warning: from update 500 on the rate is 0, 500 updates before the end",
        ),
        (
            "exponential(0.1)",
            "Warning: after update 9 the rate stays below 1e-9 of its peak, for more than half",
        ),
        ("constant(0)", "Warning: the rate is 0 in the whole run"),
        (
            "step(1000)",
            "Warning: the rate never changes in the 1000 updates",
        ),
        (
            "step(1000)",
            "Warning: the step at update 1000 never acts: the run has 1000 updates, the last is 999",
        ),
        (
            "multistep([50%, 100%])",
            "Warning: the step at update 1000 never acts",
        ),
        (
            "cosine then constant(0.01)",
            "Warning: `constant(0.01)` starts at update 1000, but the run ends after 1000",
        ),
        (
            "warmup(100) then constant(0.01)",
            "Warning: the rate jumps from 0.1 to 0.01 at update 100",
        ),
        (
            "warmup(100) then 0.1 - 0.001 * step",
            "Warning: the formula `0.1 - 0.001 * step` is -",
        ),
        (
            "0.1 / step",
            "Warning: the formula `0.1 / step` has no value at its update 0; 0 is used instead",
        ),
        (
            "restart(cosine, every=400)",
            "Warning: the run ends 50% into cycle 3, at a rate of 0.05",
        ),
        (
            "cosine(over=2000)",
            "Warning: the schedule takes 2000 updates, the run has 1000: it ends at",
        ),
        (
            "linear(1 -> 0)",
            "Warning: a plain number is a rate: 1 is 10 times the base rate 0.1",
        ),
        (
            "warmup(1000) then cosine",
            "Error: nothing of the run is left for cosine",
        ),
        (
            "max(exponential(0.1), 1e-40)",
            "Warning: the rate of update 37 is below what f32 can hold",
        ),
        (
            "warmup(500)",
            "Note: the schedule ends at update 500; the last 500 updates use 0.1",
        ),
    ] {
        assert!(
            found(text).iter().any(|f| f.starts_with(message)),
            "{text}: {:#?}",
            found(text)
        );
    }
}
