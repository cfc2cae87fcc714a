//! LeNet on Fashion-MNIST, with a schedule of one's own. See docs/examples/lenet_own_schedule.md.

use kiln::data::{self, Options};
use kiln::fit::{Rows, fit, horizon, network};
use kiln::report::schedule::{Quantity, chart};
use kiln::schedule::{Schedule, Spec};
use kiln::{device::Choice, train::Config};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let data = data::load("fashion-mnist", &Options::default())?;
    let lenet = network("lenet", &data)?;
    let config = Config {
        batch_size: 100,
        ..Config::default()
    };
    let run = horizon(&data, &config, 0.05, 3)?; // 3 epochs of 600 updates, 1x = 0.05

    // Waves that die out, as a formula; a line up to them in 100 updates; never below 1e-4.
    let waves = "1x * (1 - progress) * (1 + 0.5 * cos(40 * progress))".parse::<Spec>()?;
    let own = Schedule::warmup(0.075, 100).then(100, waves.resolve(&run)?);
    let own = own.max(Schedule::constant(1e-4));
    let picture = chart(
        &[(own.to_string(), own.clone())],
        1800,
        Quantity::Rate,
        false,
    );

    let mut rows = Rows::default();
    let fitted = fit(&lenet, &data, &config, own, 3, &Choice::Auto, &mut rows)?;
    println!("{} updates; {}", fitted.updates, fitted.device);
    for row in &rows.evaluations {
        let accuracy = 100.0 * row.eval_accuracy.unwrap_or(0.0);
        println!("epoch {}: test accuracy {accuracy:.2}%", row.epoch);
    }
    if let Some(path) = std::env::args().nth(1) {
        std::fs::write(path, picture.svg(860, 380)?)?;
    }
    Ok(())
}
