//! What the examples promise: the line is the one of least squares, rates up to the limit converge
//! and those above do not, and every schedule that is compared trains. Smaller settings than theirs.

#[path = "../examples/decays.rs"]
#[allow(dead_code)]
mod decays;
#[path = "../examples/linear_regression.rs"]
#[allow(dead_code)]
mod linear_regression;
#[path = "../examples/mlp_linear_decay.rs"]
#[allow(dead_code)]
mod mlp_linear_decay;
#[path = "../examples/rates.rs"]
#[allow(dead_code)]
mod rates;

use linear_regression::{NUMPY, TOLERANCE, closed_form, descend, points};

/// Gradient descent ends at NumPy's line, which the closed form confirms; and a few updates are not
/// enough, so that the check can fail.
#[test]
fn the_line_is_that_of_least_squares() {
    let data = points().unwrap();
    let exact = closed_form(&data);
    assert!(exact.distance(NUMPY) < 2e-8, "{exact:?}");
    let (line, rows) = descend(&data, 300).unwrap();
    assert!(line.distance(NUMPY) < TOLERANCE, "{line:?}");
    assert_eq!(rows.updates.len(), 300);
    let (early, _) = descend(&data, 20).unwrap();
    assert!(early.distance(NUMPY) > TOLERANCE, "{early:?}");
}

/// 2 / λ is where gradient descent stops converging.
#[test]
fn rates_have_a_limit() {
    let data = points().unwrap();
    let limit = rates::limit(&data);
    let falls = |share: f64| {
        let losses = rates::losses(&data, share * limit, 60).unwrap();
        losses[59] < losses[0]
    };
    assert!(falls(0.01) && falls(0.98) && !falls(1.02));
    let far = rates::losses(&data, 4.0 * limit, 200).unwrap();
    assert!(far.is_empty(), "it leaves the numbers");
}

/// All decays of the articles train, and none is the fixed rate.
#[test]
fn every_decay_trains() {
    let runs = decays::compare(6).unwrap();
    assert_eq!(runs.len(), decays::DECAYS.len());
    for ((name, _), rows) in decays::DECAYS.iter().zip(&runs) {
        let last = rows.evaluations.last().and_then(|e| e.eval_accuracy);
        assert!(last > Some(0.85), "{name}: {last:?}");
        let falls = rows.updates.last().unwrap().lr < rows.updates[0].lr;
        assert_eq!(falls, *name != "fixed", "{name}");
    }
}

/// The linear decay is lr0 · (1 - t / T); the rate that is read back falls faster.
#[test]
fn the_linear_decay_is_the_formula() {
    let runs = mlp_linear_decay::compare(4).unwrap();
    let [linear, fixed, compounded] = [0, 1, 2].map(|i| &runs[i].1.updates);
    let (first, updates) = (linear[0].lr, linear.len() as f64);
    for row in linear {
        let formula = first * (1.0 - row.step as f64 / updates);
        assert!((row.lr - formula).abs() < 1e-12, "{row:?}");
    }
    assert!(fixed.iter().all(|row| row.lr == first));
    assert!((compounded.last().unwrap().lr / first - 0.375).abs() < 1e-12); // 3/4 · 1/2
}
