//! Updates whose loss or gradient is not finite. The device leaves them out by itself, before anything is
//! written; the host reads of it later, and finds out then which parameters they came from, by computing
//! the gradient once more.

use super::{Observer, OnNonFinite, Trainer, Update};
use crate::{
    error::{Error, Result},
    model::{Kind, Network, Param},
};

/// Updates left out one after the other that end a run: torch's scaler would have gone down by 2^10.
pub const MOST_LEFT_OUT: u64 = 10;

/// Updates left out that are looked into and told of: `metrics.jsonl` says which others there are.
const TOLD: u64 = 3;

/// Parameters that a message names.
const NAMED: usize = 3;

/// What there is no number for in an update: its loss, or so many elements of its gradient.
pub(super) struct Bad {
    pub(super) elements: u64,
}

impl Bad {
    /// Of a slot of the log.
    pub(super) fn of(loss: f32, elements: f32) -> Option<Bad> {
        (!loss.is_finite() || elements > 0.0).then_some(Bad {
            elements: elements as u64,
        })
    }
}

/// The name of everything that is trained, with its layer: `fc2.weight (layer 3: Linear(10))`.
pub(super) fn labels(network: &Network) -> Vec<String> {
    let layers = network.layers().iter().enumerate();
    let of_layer = layers.flat_map(|(i, l)| {
        let label = move |p: &Param| format!("{} (layer {i}: {})", p.name, l.layer);
        let all = l.all_params().into_iter();
        all.filter(|p| p.kind == Kind::Trained).map(label)
    });
    of_layer.collect()
}

impl Trainer<'_> {
    /// Takes note of an update that the device has left out.
    ///
    /// # Errors
    /// It ends the run, unless such updates are skipped and not too many follow each other.
    pub(super) fn note_left_out(
        &mut self,
        row: &Update,
        bad: &Bad,
        observer: &mut dyn Observer,
    ) -> Result<()> {
        let skips = self.config.on_nonfinite == OnNonFinite::Skip;
        if skips {
            self.left_out_first += u64::from(self.left_out == row.step);
            self.left_out += 1;
            self.left_out_in_a_row += 1;
        }
        let gives_up = !skips || self.left_out_in_a_row >= MOST_LEFT_OUT;
        if !gives_up && self.left_out > TOLD {
            return Ok(());
        }
        let what = format!("update {}: {}", row.step, self.blame(row, bad)?);
        if !gives_up {
            let more = match self.left_out {
                TOLD => "; more of them are not told of",
                _ => "",
            };
            observer.note(&format!("{what}. It is left out{more}"));
            return Ok(());
        }
        let advice = "A smaller --lr, a warm-up or --clip-norm usually helps; inputs far from [-1, 1] want \
                      --standardize";
        Err(Error::Diverged(match skips {
            true => format!(
                "{what}. {MOST_LEFT_OUT} updates in a row were left out: the weights are at fault, not a batch. \
                 {advice}"
            ),
            false => format!("{what}, with a learning rate of {:e}. {advice}", row.lr),
        }))
    }

    /// What is not finite, by parameter.
    fn blame(&mut self, row: &Update, bad: &Bad) -> Result<String> {
        let loss = match row.loss.is_finite() {
            true => format!("the loss is {}", row.loss),
            false => format!("the loss became {}", row.loss),
        };
        let gradient = match bad.elements {
            0 => "the whole gradient is finite".to_string(),
            n => format!("{n} elements of the gradient are not finite"),
        };
        let gradients = self.gradients_of(row.step)?;
        let weights = self.read_trained(self.session.params_arena)?;
        let of = |values: &[Vec<f32>]| named(&self.session.labels, values);
        let mut text = format!("{loss}, {gradient}");
        match (of(&gradients), bad.elements) {
            (_, 0) => {}
            (Some(list), _) => text += &format!(": {list}"),
            (None, _) => text += "; with the weights of a few updates later it is finite again",
        }
        if let Some(list) = of(&weights) {
            text += &format!("; so are weights: {list}");
        }
        Ok(text)
    }

    /// The gradient of an update once more, with the weights as they are: those before it, where nothing
    /// was applied since. Leaves all that a run rests on as it was.
    fn gradients_of(&mut self, step: u64) -> Result<Vec<Vec<f32>>> {
        let kept = [Some(self.session.control), self.session.statistics()];
        let kept = kept.into_iter().flatten();
        let kept = kept.map(|at| Ok((at, self.exec.read(at)?)));
        let kept = kept.collect::<Result<Vec<_>>>()?;
        let (epoch, at) = self.session.epochs.locate(step);
        self.load_order(epoch)?;
        let [gradients, _] = self.session.halves(self.session.program_at(at));
        let hyper = self.hyper(step, 0, self.applied(step));
        self.run_all_but_last(step, &hyper)?;
        self.exec.run(&gradients, &[hyper])?;
        let found = self.gradients();
        for (at, words) in &kept {
            self.exec.write(*at, words)?;
        }
        found
    }
}

/// The parameters that hold something that is not finite, the last ones first, as gradients come from there.
fn named(labels: &[String], values: &[Vec<f32>]) -> Option<String> {
    let bad = |values: &Vec<f32>| values.iter().filter(|x| !x.is_finite()).count();
    let all = labels.iter().zip(values).rev();
    let found = all.filter(|(_, values)| bad(values) > 0);
    let found: Vec<String> = found
        .map(|(label, values)| format!("{} of {} in {label}", bad(values), values.len()))
        .collect();
    let rest = found.len().saturating_sub(NAMED);
    let mut text = found[..found.len() - rest].join(", ");
    if rest > 0 {
        text += &format!(", and {rest} more");
    }
    (!found.is_empty()).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A loss that left f32 is as bad as a gradient that did.
    #[test]
    fn losses_and_gradients_are_looked_at() {
        assert!(Bad::of(1.0, 0.0).is_none());
        let elements = [(1.0, 3.0), (f32::INFINITY, 0.0), (f32::NAN, 2.0)];
        let elements = elements.map(|(loss, bad)| Bad::of(loss, bad).map(|bad| bad.elements));
        assert_eq!(elements, [Some(3), Some(0), Some(2)]);
    }

    /// What stands first is nearest to the loss; few are named.
    #[test]
    fn the_last_layers_stand_first() {
        let labels = ["a", "b", "c", "d"].map(String::from);
        let (good, bad) = (vec![1.0, 2.0], vec![f32::NAN, 1.0]);
        let values = [bad.clone(), good.clone(), bad.clone(), bad.clone()];
        let text = named(&labels, &values).unwrap();
        assert_eq!(text, "1 of 2 in d, 1 of 2 in c, 1 of 2 in a");
        let text = named(&labels, &vec![bad; 4]).unwrap();
        assert!(text.ends_with("b, and 1 more"), "{text}");
        assert_eq!(named(&labels, &vec![good; 4]), None);
    }
}
