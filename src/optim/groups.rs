//! Parameter groups: parameters by the patterns of their names, with numbers and schedules of their own.
//!
//! Parameters of a group lie side by side in the arena, frozen ones behind all others, so that one update with a
//! short table of segments does for all of them.

use super::{Optimizer, READERS, Scheduled};
use crate::{
    expr::{self, Args, Expr, Node, Unit},
    ops::{GROUPS, Group, Hyper, update::SEGMENTS, update::Segment},
    plan::{ALIGN, Slice},
    schedule::{Run, Schedule, Spec},
};

/// What a group does to the rate.
#[derive(Clone, Debug, PartialEq)]
pub enum GroupRate {
    /// So many times the run's.
    Times(f64),
    /// A schedule of its own; controllers multiply it as they do the run's.
    Own(Schedule),
}

/// Some parameters, and what is different about them.
#[derive(Clone, Debug, PartialEq)]
pub struct ParamGroup {
    /// Names of parameters, with `*` for anything and `?` for one character. A parameter belongs to the first group
    /// whose pattern it matches.
    pub pattern: String,
    /// The run's optimiser with the group's numbers.
    pub optimizer: Optimizer,
    /// Its rate.
    pub rate: GroupRate,
    /// Its momentum at every update, where the group decides it.
    pub momentum: Option<Schedule>,
    /// Its weight decay at every update, where the group decides it.
    pub weight_decay: Option<Schedule>,
    /// Whether it stays as it is: no gradient, no update, not a bit changed.
    pub freeze: bool,
}

impl ParamGroup {
    /// Reads groups as `--group` takes them: `"*.bias: weight_decay=0, lr=2x; conv1.*: freeze"`. A group takes what
    /// the optimiser takes, `momentum` and `weight_decay` as schedules too, `lr` as a multiple of the run's rate (`2x`)
    /// or as a schedule of its own, and `freeze`.
    ///
    /// # Errors
    /// Where a text is wrong, or a group would need another state than the optimiser's.
    pub fn parse(
        text: &str,
        optimizer: &Optimizer,
        run: &Run,
    ) -> Result<Vec<ParamGroup>, expr::Error> {
        let parts = text.split(';').map(str::trim);
        let groups: Vec<ParamGroup> = parts
            .filter(|part| !part.is_empty())
            .map(|part| ParamGroup::read(part, optimizer, run))
            .collect::<Result<_, _>>()?;
        let trained = groups.iter().filter(|g| !g.freeze).count();
        if trained >= GROUPS {
            let message = format!(
                "{trained} groups are trained, and there is room for {}: say more with one pattern, or with \
                 --layer-decay",
                GROUPS - 1
            );
            return Err(expr::Error::at(text, whole(text), message));
        }
        Ok(groups)
    }

    fn read(text: &str, optimizer: &Optimizer, run: &Run) -> Result<ParamGroup, expr::Error> {
        let usage = "expected PATTERN: CHANGES, such as \"*.bias: weight_decay=0, lr=2x\"";
        let Some((pattern, changes)) = text.split_once(':') else {
            return Err(expr::Error::at(text, whole(text), usage));
        };
        let (pattern, changes) = (pattern.trim(), changes.trim());
        if pattern.is_empty() || changes.is_empty() {
            return Err(expr::Error::at(text, whole(text), usage));
        }
        let group = ParamGroup {
            pattern: pattern.into(),
            optimizer: optimizer.clone(),
            rate: GroupRate::Times(1.0),
            momentum: None,
            weight_decay: None,
            freeze: changes == "freeze",
        };
        match group.freeze {
            true => Ok(group),
            false => group.changed(&format!("group({changes})"), run),
        }
    }

    /// The group with what `group(…)` says of it.
    fn changed(mut self, text: &str, run: &Run) -> Result<ParamGroup, expr::Error> {
        let base = self.optimizer.clone();
        let call = expr::parse(text)?;
        let reader = READERS.iter().find(|r| r.0 == base.name());
        let own = reader.map_or(&[][..], |r| r.2);
        let mut names = own.to_vec();
        if base.momentum().is_some() && !names.contains(&"momentum") {
            names.push("momentum");
        }
        // None of them has a place: a group says what it changes.
        names.insert(0, "freeze");
        let args = Args::bind(text, &call, &names)?;
        if let Some(given) = args.opt_expr("freeze") {
            let message =
                "`freeze` stands alone, as in \"conv1.*: freeze\", and the others have names";
            return Err(expr::Error::at(text, given.span, message));
        }
        if let Some(lr) = args.opt_expr("lr") {
            self.rate = match lr.node {
                Node::Number {
                    value,
                    unit: Some(Unit::Times),
                    ..
                } => GroupRate::Times(value),
                _ => GroupRate::Own(scheduled(lr, run.base_lr, run)?),
            };
        }
        let mut given: Vec<String> = Vec::new();
        for (name, value) in base.method().arguments() {
            let text = match args.opt_expr(name) {
                Some(own) if is_plain(own) || !STEERED.contains(&name) => own.to_string(),
                _ => value.to_string(),
            };
            given.push(format!("{name}={text}"));
        }
        self.optimizer =
            Optimizer::parse(&format!("{}({})", base.name(), usable(&given).join(", ")))?;
        for (name, usual) in [
            ("momentum", self.optimizer.momentum()),
            ("weight_decay", Some(self.optimizer.weight_decay())),
        ] {
            let Some((own, usual)) = names
                .contains(&name)
                .then(|| args.opt_expr(name))
                .flatten()
                .zip(usual)
            else {
                continue;
            };
            let schedule = scheduled(own, usual, run)?;
            match name {
                "momentum" => self.momentum = Some(schedule),
                _ => self.weight_decay = Some(schedule),
            }
        }
        args.finish()?;
        if self.optimizer.slots() != base.slots()
            || self.optimizer.first() != base.first()
            || self.optimizer.rule() != base.rule()
        {
            let message = format!(
                "{} keeps another state than {base}, and all groups share one: give that to --optimizer",
                self.optimizer
            );
            return Err(expr::Error::at(text, call.span, message));
        }
        Ok(self)
    }

    /// The group's rate in an update whose schedule and factor are these.
    pub fn lr(&self, step: u64, lr: f64, factor: f64) -> f64 {
        match &self.rate {
            GroupRate::Times(times) => lr * times,
            GroupRate::Own(schedule) => schedule.at(step) * factor,
        }
    }

    /// The uniform's numbers of the group: those of the run, `scheduled`, where it has none of its own.
    pub fn numbers(&self, scheduled: &Scheduled, factor: f64, step: u64, updates: u64) -> Group {
        let own = |schedule: &Option<Schedule>| schedule.as_ref().map(|s| s.at(step));
        let scheduled = Scheduled {
            lr: self.lr(step, scheduled.lr, factor),
            momentum: own(&self.momentum).or(scheduled.momentum),
            weight_decay: own(&self.weight_decay).or(scheduled.weight_decay),
        };
        self.optimizer.group(&scheduled, updates)
    }
}

/// Arguments that a group may give a schedule.
const STEERED: [&str; 2] = ["momentum", "weight_decay"];

fn is_plain(value: &Expr) -> bool {
    value.as_f64().is_some()
}

/// What an optimiser would refuse to be told is left out: it is so anyway.
fn usable(given: &[String]) -> Vec<&str> {
    let idle = ["dampening=0.0", "nesterov=False"];
    let texts = given.iter().map(String::as_str);
    texts.filter(|text| !idle.contains(text)).collect()
}

fn scheduled(value: &Expr, base: f64, run: &Run) -> Result<Schedule, expr::Error> {
    if let Some(number) = value.as_f64() {
        return Ok(Schedule::constant(number));
    }
    let text = value.to_string();
    let spec: Spec = text.parse()?;
    spec.resolve(&Run {
        base_lr: base,
        ..*run
    })
}

fn whole(text: &str) -> expr::Span {
    expr::Span {
        start: 0,
        end: text.len(),
    }
}

/// Whether a name is what a pattern says: `*` is anything, `?` one character.
///
/// Where it fails, the last star takes one byte more: an earlier one need not, and so a pattern of many stars is no
/// more work than their number times the name's length.
fn matches(pattern: &[u8], name: &[u8]) -> bool {
    let (mut at, mut next) = (0, 0);
    let mut star = None;
    while let Some(byte) = name.get(next) {
        match (pattern.get(at), star) {
            (Some(b'*'), _) => {
                at += 1;
                star = Some((at, next));
            }
            (Some(wanted), _) if wanted == byte || *wanted == b'?' => {
                at += 1;
                next += 1;
            }
            (_, Some((behind, taken))) => {
                at = behind;
                next = taken + 1;
                star = Some((behind, next));
            }
            (_, None) => return false,
        }
    }
    pattern.iter().skip(at).all(|byte| *byte == b'*')
}

/// Where parameters lie, and which numbers they take.
#[derive(Clone, Debug, PartialEq)]
pub struct Arrangement {
    /// Indices of the parameters in `state_dict` order, in the order of the arena.
    pub order: Vec<usize>,
    /// For each parameter, in `state_dict` order: its group in the uniform and the factor on its rate. None if it is
    /// frozen.
    pub places: Vec<Option<(u32, f32)>>,
    /// Whether every parameter is a segment of its own.
    pub per_parameter: bool,
}

impl Arrangement {
    /// Of parameters with these names and layers; the rate of a layer is `layer_decay` times that of the next one.
    ///
    /// # Errors
    /// A group without parameters, nothing that is trained, more segments than there is room for: what to do.
    pub fn of(
        params: &[(&str, usize)],
        groups: &[ParamGroup],
        (layer_decay, per_parameter): (Option<f64>, bool),
    ) -> Result<Arrangement, String> {
        let own = |name: &str| {
            let found = |g: &ParamGroup| matches(g.pattern.as_bytes(), name.as_bytes());
            groups.iter().position(found)
        };
        let chosen: Vec<Option<usize>> = params.iter().map(|(name, _)| own(name)).collect();
        if let Some((_, idle)) = groups
            .iter()
            .enumerate()
            .find(|(i, _)| !chosen.contains(&Some(*i)))
        {
            let names: Vec<&str> = params.iter().map(|p| p.0).collect();
            return Err(format!(
                "group `{}` has no parameter: there are {}, each in the first group whose pattern it matches",
                idle.pattern,
                names.join(", ")
            ));
        }
        // The uniform has no room for those that are frozen.
        let uniform =
            |index: usize| 1 + groups.iter().take(index).filter(|g| !g.freeze).count() as u32;
        let mut layers: Vec<usize> = params.iter().map(|p| p.1).collect();
        layers.dedup();
        let scale = |layer: usize| {
            let above = layers.iter().filter(|&&l| l > layer).count();
            layer_decay.map_or(1.0, |decay| decay.powi(above as i32) as f32)
        };
        let place = |(&(_, layer), chosen): (&(&str, usize), &Option<usize>)| match chosen {
            Some(i) if groups.get(*i).is_some_and(|g| g.freeze) => None,
            Some(i) => Some((uniform(*i), scale(layer))),
            None => Some((0, scale(layer))),
        };
        let places: Vec<Option<(u32, f32)>> = params.iter().zip(&chosen).map(place).collect();
        if places.iter().all(Option::is_none) {
            return Err("every parameter is frozen: nothing would be trained".into());
        }
        // What is frozen lies last; the others stay as they are, a weight beside its bias, whose gradients one dispatch
        // then writes.
        let mut order: Vec<usize> = (0..params.len()).collect();
        order.sort_by_key(|i| places.get(*i).copied().flatten().is_none());
        let arrangement = Arrangement {
            order,
            places,
            per_parameter,
        };
        let segments = arrangement.runs().count();
        match segments > SEGMENTS {
            true => Err(format!(
                "{segments} segments of parameters differ in their numbers; at most {SEGMENTS} may"
            )),
            false => Ok(arrangement),
        }
    }

    /// Whether a parameter is frozen.
    pub fn is_frozen(&self, index: usize) -> bool {
        self.places.get(index).is_none_or(Option::is_none)
    }

    /// The last parameter of every run of the arena with the same numbers.
    fn runs(&self) -> impl Iterator<Item = (usize, (u32, f32))> {
        let place = |i: &usize| self.places.get(*i).copied().flatten();
        let next = self.order.iter().skip(1).map(place).chain([None]);
        self.order.iter().zip(next).filter_map(move |(&i, next)| {
            let own = place(&i)?;
            (self.per_parameter || next != Some(own)).then_some((i, own))
        })
    }

    /// The segments of parameters that lie at these places, in `state_dict` order.
    pub fn segments(&self, params: &[Slice]) -> Vec<Segment> {
        let end = |i: usize| {
            params
                .get(i)
                .map_or(0, |p| (p.offset + p.len).next_multiple_of(ALIGN))
        };
        self.runs()
            .map(|(last, (group, scale))| Segment {
                end: end(last),
                group,
                scale,
                spare: 0,
            })
            .collect()
    }
}

/// Fills the uniform's groups: the run's own numbers first, then those of every group that is trained.
pub fn fill(
    hyper: &mut Hyper,
    (optimizer, groups): (&Optimizer, &[ParamGroup]),
    (scheduled, factor): (&Scheduled, f64),
    (step, updates): (u64, u64),
) {
    let own = optimizer.group(scheduled, updates);
    let trained = groups.iter().filter(|g| !g.freeze);
    let others = trained.map(|g| g.numbers(scheduled, factor, step, updates));
    let numbers = [own].into_iter().chain(others);
    for (place, numbers) in hyper.groups.iter_mut().zip(numbers) {
        *place = numbers;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run() -> Run {
        Run {
            updates: Some(100),
            ..Run::new(0.1)
        }
    }

    fn read(text: &str, optimizer: &str) -> Result<Vec<ParamGroup>, String> {
        let optimizer = Optimizer::parse(optimizer).unwrap();
        ParamGroup::parse(text, &optimizer, &run()).map_err(|e| e.to_string())
    }

    const PARAMS: [(&str, usize); 4] = [
        ("conv1.weight", 0),
        ("conv1.bias", 0),
        ("fc.weight", 3),
        ("fc.bias", 3),
    ];

    /// Numbers replace the optimiser's, schedules steer them, what is not said stays the run's.
    #[test]
    fn groups_have_their_own_numbers() {
        let groups = read(
            "*.bias: weight_decay=0, lr=2x; conv?.*: lr=cosine(from=0.02), momentum=linear(0.5 -> 0.9)",
            "SGD(momentum=0.9, weight_decay=0.01)",
        )
        .unwrap();
        let run = Scheduled {
            lr: 0.1,
            momentum: None,
            weight_decay: Some(0.3),
        };
        let numbers = |g: &ParamGroup, step| g.numbers(&run, 0.5, step, step);
        let bias = numbers(&groups[0], 7);
        assert_eq!((bias.lr, bias.weight_decay, bias.momentum), (0.2, 0.0, 0.9));
        let conv = numbers(&groups[1], 0);
        assert_eq!(
            (conv.lr, conv.weight_decay, conv.momentum),
            (0.01, 0.3, 0.5)
        );
        let adam = &read("*: betas=(0.5, 0.7), eps=1e-3", "Adam(weight_decay=0.1)").unwrap()[0];
        let text = "Adam(betas=(0.5, 0.7), eps=0.001, weight_decay=0.1)";
        assert_eq!(adam.optimizer.to_string(), text);
    }

    /// Stars and question marks, also many of them, which once took longer than anyone waits.
    #[test]
    fn patterns_match_names() {
        let matches = |pattern: &str, name: &str| matches(pattern.as_bytes(), name.as_bytes());
        for (pattern, name, holds) in [
            ("*.bias", "fc1.bias", true),
            ("*.bias", "fc1.bias.x", false),
            ("conv?.*", "conv1.weight", true),
            ("conv?.*", "conv12.weight", false),
            ("*a*b", "xaxbab", true),
            ("*a*b", "xaxba", false),
            ("", "", true),
            ("**", "", true),
            ("?", "", false),
            ("fc1", "fc1.bias", false),
        ] {
            assert_eq!(matches(pattern, name), holds, "{pattern} {name}");
        }
        assert!(!matches(&("*".repeat(60) + "x"), &"a".repeat(60)));
        assert!(!matches(&("*a".repeat(40) + "b"), &"a".repeat(60)));
    }

    /// The first pattern counts; parameters stay in their order, what is frozen behind all.
    #[test]
    fn parameters_are_arranged_by_group() {
        let groups = read("conv1.weight: freeze; *.bias: lr=2x", "SGD").unwrap();
        let arranged = Arrangement::of(&PARAMS, &groups, (None, false)).unwrap();
        assert_eq!(arranged.order, [1, 2, 3, 0]);
        let places = [None, Some((1, 1.0)), Some((0, 1.0)), Some((1, 1.0))];
        assert_eq!(arranged.places, places);
        let decayed = Arrangement::of(&PARAMS, &[], (Some(0.5), false)).unwrap();
        assert_eq!(decayed.order, [0, 1, 2, 3]);
        let scales: Vec<f32> = decayed.places.iter().flatten().map(|p| p.1).collect();
        assert_eq!(scales, [0.5, 0.5, 1.0, 1.0]);
        let plain = Arrangement::of(&PARAMS, &[], (None, false)).unwrap();
        assert_eq!(plain.runs().count(), 1);
        let each = Arrangement::of(&PARAMS, &[], (None, true)).unwrap();
        assert_eq!(each.runs().count(), 4);
    }

    /// What has no effect, or no place, is refused.
    #[test]
    fn refuses_with_a_hint() {
        for (text, hint) in [
            ("*.bias", "expected PATTERN"),
            ("*.bias:", "expected PATTERN"),
            ("*: wd=0", "unknown argument `wd`"),
            ("*: freeze, lr=2x", "stands alone"),
            ("*: momentum=0.9, nesterov=1", "True or False"),
            ("*: lr=cosinus", "cosine"),
            ("*: weight_decay=-1", "from 0"),
        ] {
            let error = read(text, "SGD(momentum=0.9)").unwrap_err();
            assert!(error.contains(hint), "{text}: {error}");
        }
        let error = read("*: amsgrad=True", "Adam").unwrap_err();
        assert!(error.contains("another state"), "{error}");
        let many = ["*: lr=2x"; 8].join(";");
        assert!(read(&many, "SGD").unwrap_err().contains("room for 7"));
        let of = |text: &str| {
            Arrangement::of(&PARAMS, &read(text, "SGD").unwrap(), (None, false)).unwrap_err()
        };
        assert!(of("gc.*: freeze").contains("there are conv1.weight"));
        assert!(of("*: freeze").contains("nothing would be trained"));
        assert!(of("*: lr=2x; fc.*: lr=3x").contains("group `fc.*` has no parameter"));
    }
}
