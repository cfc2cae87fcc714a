//! A straight line with noise, the smallest regression there is.

use super::{
    Error, Names, Options,
    dataset::{Features, Split, Targets, Task},
    loaded::Loaded,
};
use crate::rng::{Purpose, Rng};

/// The number of points.
const POINTS: usize = 100;

/// y = 2x + 1 + noise, x uniform in [0, 1), the noise standard normal, drawn from the seed.
pub(super) fn load(options: &Options) -> Result<Loaded, Error> {
    let (x, y) = points(options.seed);
    let all = Split {
        features: Features::Floats(x),
        targets: Targets::Values { data: y, width: 1 },
        len: POINTS,
        names: Names::None,
    };
    let task = Task::Regression {
        outputs: vec!["y".to_owned()],
    };
    Loaded::split(vec![1], task, all, options)
}

/// The points, computed in f64 and rounded once.
fn points(seed: u64) -> (Vec<f32>, Vec<f32>) {
    let mut rng = Rng::new(seed, Purpose::Line, 0);
    (0..POINTS)
        .map(|_| {
            let (x, noise) = (rng.uniform(0.0, 1.0), rng.normal());
            (x as f32, (2.0 * x + 1.0 + noise) as f32)
        })
        .unzip()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Protects comparisons between versions: a seed keeps its points (to the accuracy of the platform's logarithm).
    #[test]
    fn a_seed_keeps_its_points() {
        let (x, y) = points(3);
        let golden = [(0, 0.0017770779, 0.75584984), (99, 0.87292266, 3.1654763)];
        for (point, golden_x, golden_y) in golden {
            assert!((x[point] - golden_x).abs() < 1e-6, "{}", x[point]);
            assert!((y[point] - golden_y).abs() < 1e-6, "{}", y[point]);
        }
    }

    /// Protects the distributions: over 20,000 points x has the moments of a uniform variable in [0, 1), and
    /// y - 2x - 1 those of a standard normal one, independent of x (each bound is five standard errors or more).
    #[test]
    fn the_points_are_a_line_with_standard_normal_noise() {
        let (x, y): (Vec<f32>, Vec<f32>) =
            (0..200)
                .map(points)
                .fold(Default::default(), |mut all, (x, y)| {
                    all.0.extend(x);
                    all.1.extend(y);
                    all
                });
        let x: Vec<f64> = x.into_iter().map(f64::from).collect();
        let noise: Vec<f64> = x
            .iter()
            .zip(y)
            .map(|(x, y)| f64::from(y) - 2.0 * x - 1.0)
            .collect();
        let mean = |f: &dyn Fn(usize) -> f64| (0..x.len()).map(f).sum::<f64>() / x.len() as f64;
        assert!(x.iter().all(|x| (0.0..=1.0).contains(x)));
        assert!((mean(&|i| x[i]) - 0.5).abs() < 0.011);
        assert!((mean(&|i| x[i] * x[i]) - 1.0 / 3.0).abs() < 0.011);
        assert!(mean(&|i| noise[i]).abs() < 0.036);
        assert!((mean(&|i| noise[i].powi(2)) - 1.0).abs() < 0.05);
        assert!(mean(&|i| noise[i].powi(3)).abs() < 0.14);
        assert!((mean(&|i| noise[i].powi(4)) - 3.0).abs() < 0.35);
        assert!(mean(&|i| noise[i] * (x[i] - 0.5)).abs() < 0.011);
    }
}
