//! Surprises of the frameworks' controllers.

use super::Rule;
use super::plateau::Threshold;
use crate::schedule::frameworks::Quirk;

pub(super) fn of(rule: &Rule) -> Vec<Quirk> {
    let mut found = Vec::new();
    match rule {
        Rule::Plateau(plateau) => {
            if matches!(plateau.threshold, Threshold::Torch(share) if share > 0.0) {
                found.push(Quirk::new(
                    "where the metric is negative, torch's relative threshold points the wrong way: slightly worse counts as better",
                    "threshold_mode='abs', or kiln's `plateau(...)`, if the metric can be negative",
                ));
            }
        }
        Rule::Optax(plateau) if plateau.patience == 0 => found.push(Quirk::new(
            "with patience=0 Optax reduces the rate when the metric improves, and never when it does not",
            "patience=1",
        )),
        Rule::Keras(plateau) if plateau.patience == 0 => found.push(Quirk::new(
            "Keras treats patience=0 as patience=1",
            "patience=1, which says the same",
        )),
        Rule::Greedy(greedy) if greedy.reset_start.is_some() && greedy.min_lr > 0.0 => {
            found.push(Quirk::new(
                format!("GreedyLR never lowers a rate that is below min_lr = {}, only raises it", greedy.min_lr),
                "min_lr= well below the base rate, or kiln's `greedy(...)`, which has no lower bound",
            ));
        }
        _ => {}
    }
    found
}

#[cfg(test)]
mod tests {
    use crate::control::Control;
    use crate::expr::parse;
    use crate::schedule::Run;

    /// Protects the warnings about each framework's controller, and their absence for kiln's own.
    #[test]
    fn surprises_are_named() {
        let cases = [
            ("torch.ReduceLROnPlateau()", Some("negative")),
            ("torch.ReduceLROnPlateau(threshold_mode='abs')", None),
            ("plateau()", None),
            ("optax.reduce_on_plateau(patience=0)", Some("improves")),
            ("keras.ReduceLROnPlateau(patience=0)", Some("patience=1")),
            ("hf.greedy()", Some("never lowers")),
            ("greedy()", None),
        ];
        for (text, expected) in cases {
            let control = Control::read(text, &parse(text).unwrap(), &Run::new(0.1)).unwrap();
            let quirks = control.quirks();
            match expected {
                None => assert_eq!(quirks, [], "{text}"),
                Some(part) => assert!(
                    quirks.iter().any(|q| q.message.contains(part)),
                    "{text}: {quirks:?}"
                ),
            }
        }
    }
}
