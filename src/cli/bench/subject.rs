//! The flags that say what is trained while it is timed.

use clap::Args;

use crate::{
    bench::{Subject, Workload},
    cli::{ready::Ready, setup::Setup},
    error::{Error, Result},
    schedule::Rate,
};

/// A workload, or a model with the flags of `train`. A workload decides everything but where its
/// data and first weights come from.
#[derive(Args, Clone, Debug)]
pub(super) struct Which {
    /// w1 (lenet), w2 (MLP), w3 (small MLP: overhead) or w4 (convolutions)
    #[arg(long, value_name = "NAME", required_unless_present = "model", conflicts_with_all = DECIDED)]
    workload: Option<Workload>,
    #[command(flatten)]
    setup: Setup,
}

/// What a workload decides.
const DECIDED: [&str; 37] = [
    "model",
    "lr_scale",
    "base_batch",
    "targets",
    "val_fraction",
    "val",
    "image_size",
    "channels",
    "target",
    "task",
    "classes",
    "test_fraction",
    "limit",
    "standardize",
    "epochs",
    "max_steps",
    "batch_size",
    "drop_last",
    "order",
    "seed",
    "label_smoothing",
    "loss",
    "lr",
    "optimizer",
    "schedule",
    "momentum_schedule",
    "weight_decay_schedule",
    "monitor",
    "observe",
    "accumulate",
    "augment",
    "ema",
    "swa",
    "clip_norm",
    "clip_value",
    "group",
    "layer_decay",
];

impl Which {
    /// What is to be trained, and at which rate for a run of `steps`: a workload's schedule, or
    /// what the flags say.
    pub(super) fn subject(&self, steps: u64) -> Result<(Subject, Option<Rate>)> {
        let (data, init) = (self.setup.data.as_deref(), self.setup.init.as_deref());
        match self.workload {
            Some(workload) => Ok((workload.subject(data, init)?, None)),
            None => {
                let ready = self.ready(steps)?;
                let base_lr = self.setup.base_lr();
                let (rate, mut data) = (ready.rate, ready.data);
                (data.val, data.test) = (None, None);
                let subject = Subject {
                    name: ready.model.clone(),
                    model: ready.model,
                    data,
                    network: ready.network,
                    config: ready.config,
                    weights: ready.weights,
                    base_lr,
                };
                Ok((subject, Some(rate)))
            }
        }
    }

    /// What is to be trained under schedules that come from elsewhere.
    pub(super) fn subject_alone(&self) -> Result<Subject> {
        for (flag, given) in [
            ("--schedule", self.setup.schedule != "constant"),
            ("--monitor", self.setup.monitor.is_some()),
            ("--observe", self.setup.observe.is_some()),
        ] {
            if given {
                return Err(Error::Usage(format!(
                    "{flag} has no effect here: --schedules says what is compared, monitor= and \
                     observe= included; remove it"
                )));
            }
        }
        Ok(self.subject(1)?.0)
    }

    fn ready(&self, steps: u64) -> Result<Ready> {
        let mut setup = self.setup.clone();
        for (flag, given) in [
            ("--epochs", setup.epochs.is_some()),
            ("--max-steps", setup.max_steps.is_some()),
            ("--drop-last", setup.drop_last),
        ] {
            if given {
                return Err(Error::Usage(format!(
                    "{flag} has no effect here: --steps says how many steps are timed, all of \
                     them full batches; remove it"
                )));
            }
        }
        setup.max_steps = Some(steps);
        setup.ready()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A flag of `train` either reaches a workload or is refused: none is passed over.
    #[test]
    fn every_flag_has_an_effect_or_is_refused() {
        let command = Which::augment_args(clap::Command::new("bench"));
        let flags = command.get_arguments().map(|a| a.get_id().as_str());
        let open: Vec<&str> = flags.filter(|flag| !DECIDED.contains(flag)).collect();
        assert_eq!(open, ["workload", "data", "init"]);
    }
}
