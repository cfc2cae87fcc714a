//! A run that goes on with another schedule than it was started with: what that means is said, never
//! guessed.

use super::Schedule;
use std::{fmt, str::FromStr};

/// How a run goes on after its settings have changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnChange {
    /// The old schedule as it was planned; updates beyond its end hold its last rate.
    Keep,
    /// The new schedule, as if it had been there from the first update on.
    Replace,
    /// The old schedule to its planned end, then the new one over the updates that were added.
    Extend,
    /// From now on a linear warm-up from the current rate to the new schedule, which then runs over the
    /// updates that are left.
    Rewarm,
}

impl OnChange {
    /// Every way with its name.
    pub const NAMES: [(&'static str, OnChange); 4] = [
        ("keep", OnChange::Keep),
        ("replace", OnChange::Replace),
        ("extend", OnChange::Extend),
        ("rewarm", OnChange::Rewarm),
    ];

    /// The update from which on the new schedule counts its own, and over how many updates it is laid
    /// out, in a run of `updates` (once planned for `planned`) that has applied `step`.
    pub fn window(self, step: u64, planned: u64, updates: u64) -> (u64, u64) {
        let from = match self {
            OnChange::Keep | OnChange::Replace => 0,
            OnChange::Extend => planned.max(step),
            OnChange::Rewarm => step + OnChange::warmup(step, updates),
        };
        (from, updates.saturating_sub(from).max(1))
    }

    /// Updates of the warm-up: a hundredth of those that are left, at least 1.
    fn warmup(step: u64, updates: u64) -> u64 {
        (updates.saturating_sub(step) / 100).max(1)
    }

    /// The schedule of the whole run: `new` is resolved over its window.
    pub fn apply(self, old: Schedule, new: Schedule, step: u64, (from, _): (u64, u64)) -> Schedule {
        match self {
            OnChange::Keep => old,
            OnChange::Replace => new,
            OnChange::Extend => old.then(from, new),
            OnChange::Rewarm => {
                let over = from.saturating_sub(step);
                let warmup = Schedule::linear(old.at(step), new.at(0), over);
                old.then(step, warmup).then(from, new)
            }
        }
    }
}

impl fmt::Display for OnChange {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let name = OnChange::NAMES.into_iter().find(|(_, how)| how == self);
        f.write_str(name.map_or("", |(name, _)| name))
    }
}

impl FromStr for OnChange {
    type Err = String;

    fn from_str(text: &str) -> Result<OnChange, String> {
        let found = OnChange::NAMES.into_iter().find(|(name, _)| *name == text);
        found
            .map(|(_, how)| how)
            .ok_or_else(|| "expected keep, replace, extend or rewarm".into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schedule::{Run, Spec};

    fn resolved(text: &str, updates: u64) -> Schedule {
        let spec: Spec = text.parse().unwrap();
        let run = Run {
            updates: Some(updates),
            ..Run::new(0.1)
        };
        spec.resolve(&run).unwrap()
    }

    /// The four ways, at update 50 of 100, when the run is to have 200 and decay by cosine.
    #[test]
    fn each_way_is_what_it_says() {
        let old = resolved("linear", 100);
        let change = |how: OnChange| {
            let window = how.window(50, 100, 200);
            how.apply(old.clone(), resolved("cosine", window.1), 50, window)
        };
        let cosine = |over| resolved("cosine", over);
        assert_eq!(change(OnChange::Keep).at(150), 0.0);
        assert_eq!(change(OnChange::Replace).at(60), cosine(200).at(60));
        let extended = change(OnChange::Extend);
        assert_eq!(extended.at(99), old.at(99));
        assert_eq!(extended.at(120), cosine(100).at(20));
        let rewarmed = change(OnChange::Rewarm);
        assert_eq!(rewarmed.at(50), old.at(50));
        assert_eq!(rewarmed.at(51), cosine(149).at(0));
        assert_eq!(rewarmed.at(100), cosine(149).at(49));
        let window = OnChange::Rewarm.window(50, 100, 1050);
        assert_eq!(window, (60, 990));
        let slowly = OnChange::Rewarm.apply(old.clone(), cosine(990), 50, window);
        assert_eq!(slowly.at(55), 0.5 * old.at(50) + 0.5 * cosine(990).at(0));
        assert_eq!(slowly.at(61), cosine(990).at(1));
        // A run that is beyond what was planned for it is extended from where it is.
        assert_eq!(OnChange::Extend.window(150, 100, 200), (150, 50));
        // Its text is the same schedule again: that is how a run directory keeps it.
        for how in OnChange::NAMES {
            let schedule = change(how.1);
            let again = resolved(&schedule.to_string(), 7);
            assert!((0..220).all(|s| schedule.at(s) == again.at(s)), "{}", how.0);
        }
    }
}
