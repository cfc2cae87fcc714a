//! Which batch would fit a device that has no room for this one.

use super::ready::Ready;
use crate::{
    device::Needs,
    error::{Error, Room},
    plan::Plan,
    train::{Config, Session},
};

impl Ready {
    /// The error with what would fit, if it is one of size.
    pub(super) fn fitting(&self, error: Error) -> Error {
        let Error::TooLarge { message, room } = error else {
            return error;
        };
        let now = self.session.epochs.batch as u32;
        let advice = match self.largest_batch(now, &room) {
            Some(batch) => {
                let parts = u64::from(now.div_ceil(batch));
                format!(
                    "--batch-size {batch} would fit; --batch-size {} --accumulate {} makes updates as large",
                    u64::from(now).div_ceil(parts),
                    u64::from(self.config.accumulate) * parts
                )
            }
            None => format!(
                "No --batch-size would fit: with 1 it would still need {}",
                self.needs_of(1).map_or("more".into(), |plan| said(&plan))
            ),
        };
        Error::TooLarge { message, room }.advised(advice)
    }

    /// The largest batch below `now` that fits: a larger one never needs less.
    fn largest_batch(&self, now: u32, room: &Room) -> Option<u32> {
        let fits = |batch| self.needs_of(batch).is_some_and(|plan| fits(&plan, room));
        let (mut good, mut bad) = (0, now);
        while bad - good > 1 {
            let middle = good + (bad - good) / 2;
            match fits(middle) {
                true => good = middle,
                false => bad = middle,
            }
        }
        (good > 0).then_some(good)
    }

    /// The plan of the same run with another batch.
    fn needs_of(&self, batch_size: u32) -> Option<std::sync::Arc<Plan>> {
        let config = Config {
            batch_size,
            drop_last: false,
            ..self.config.clone()
        };
        let session = Session::record(&self.network, &self.data, &config);
        session.ok().map(|session| session.plan)
    }
}

fn total(plan: &Plan) -> u64 {
    plan.buffers.iter().map(|b| u64::from(b.len) * 4).sum()
}

fn fits(plan: &Plan, room: &Room) -> bool {
    let needs = Needs::of(plan);
    total(plan) <= room.total && needs.buffer <= room.buffer && needs.binding <= room.binding
}

fn said(plan: &Plan) -> String {
    let needs = Needs::of(plan);
    format!(
        "{} in all, {} of them in one buffer",
        crate::device::mebibytes(total(plan)),
        crate::device::mebibytes(needs.buffer)
    )
}
