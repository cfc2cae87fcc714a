//! Optimisers: which kernel updates the arenas, and what it needs in the uniform at every step.

use std::fmt;

use crate::{
    expr::{self, Args},
    ops::Hyper,
    plan::Slice,
    record::Recorder,
};

/// `torch.optim.SGD` without its rate, which is the schedule's.
#[derive(Clone, Debug, PartialEq)]
pub struct Sgd {
    /// 0 for plain gradient descent.
    pub momentum: f64,
    /// How much of the gradient is kept out of the momentum buffer.
    pub dampening: f64,
    /// L2 penalty, added to the gradient.
    pub weight_decay: f64,
    /// Nesterov momentum.
    pub nesterov: bool,
    /// Ascend instead of descending.
    pub maximize: bool,
}

impl Default for Sgd {
    /// kiln's default: momentum 0.9 and nothing else.
    fn default() -> Sgd {
        Sgd {
            momentum: 0.9,
            ..Sgd::plain()
        }
    }
}

impl Sgd {
    /// PyTorch's defaults: no momentum.
    pub fn plain() -> Sgd {
        Sgd {
            momentum: 0.0,
            dampening: 0.0,
            weight_decay: 0.0,
            nesterov: false,
            maximize: false,
        }
    }

    /// Reads torch's spelling: `SGD(momentum=0.9, nesterov=True)`, positional arguments in
    /// torch's order without the rate. What is not given has torch's default.
    ///
    /// # Errors
    /// An unknown optimiser or argument (with the nearest name), a value out of range, and what
    /// torch refuses too: Nesterov without momentum or with dampening.
    pub fn parse(text: &str) -> Result<Sgd, expr::Error> {
        let call = expr::parse(text)?;
        let names = [
            "momentum",
            "dampening",
            "weight_decay",
            "nesterov",
            "maximize",
            "lr",
        ];
        let args = Args::bind(text, &call, &names)?;
        let name = expr::without_modules(args.callee(), &["torch", "optim"]);
        if name != "SGD" {
            let message = format!("unknown optimiser `{}`: there is SGD", args.callee());
            return Err(expr::Error::at(text, call.span, message).suggest(name, &["SGD"]));
        }
        if args.given("lr") {
            return Err(args.error("lr", "the rate is given by --lr and --schedule, not here"));
        }
        let number = |name: &str| -> Result<f64, expr::Error> {
            let value = args.opt_f64(name)?.unwrap_or(0.0);
            if !((value as f32).is_finite() && value >= 0.0) {
                let message = format!("`{name}` must be a number from 0, not {value}");
                return Err(args.error(name, message));
            }
            Ok(value)
        };
        let sgd = Sgd {
            momentum: number("momentum")?,
            dampening: number("dampening")?,
            weight_decay: number("weight_decay")?,
            nesterov: args.opt_bool("nesterov")?.unwrap_or(false),
            maximize: args.opt_bool("maximize")?.unwrap_or(false),
        };
        args.opt_expr("lr");
        args.finish()?;
        if sgd.nesterov && (sgd.momentum == 0.0 || sgd.dampening != 0.0) {
            let message = "Nesterov momentum requires a momentum and zero dampening";
            return Err(args.error("nesterov", message));
        }
        if sgd.dampening != 0.0 && sgd.momentum == 0.0 {
            let message = "dampening has no effect without momentum: remove it or give a momentum";
            return Err(args.error("dampening", message));
        }
        Ok(sgd)
    }

    /// Records one fused update of all parameters.
    pub fn record(&self, r: &mut Recorder, control: Slice, momentum_buffer: Slice) {
        r.sgd(control, momentum_buffer);
    }

    /// This step's part of the uniform. `momentum` and `weight_decay` are a schedule's, where one
    /// decides them.
    pub fn hyper(
        &self,
        lr: f64,
        momentum: Option<f64>,
        weight_decay: Option<f64>,
        step: u64,
    ) -> Hyper {
        Hyper {
            lr: lr as f32,
            momentum: momentum.unwrap_or(self.momentum) as f32,
            gradient_scale: (1.0 - self.dampening) as f32,
            weight_decay: weight_decay.unwrap_or(self.weight_decay) as f32,
            nesterov: self.nesterov as u32,
            maximize: self.maximize as u32,
            first: (step == 0) as u32,
            ..Hyper::default()
        }
    }
}

/// The text that parses back to it.
impl fmt::Display for Sgd {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let numbers = [
            ("momentum", self.momentum),
            ("dampening", self.dampening),
            ("weight_decay", self.weight_decay),
        ];
        let flags = [("nesterov", self.nesterov), ("maximize", self.maximize)];
        let numbers = numbers
            .iter()
            .filter(|n| n.1 != 0.0)
            .map(|(n, v)| format!("{n}={v:?}"));
        let flags = flags
            .iter()
            .filter(|n| n.1)
            .map(|(n, _)| format!("{n}=True"));
        write!(
            f,
            "SGD({})",
            numbers.chain(flags).collect::<Vec<_>>().join(", ")
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// torch's spelling, its defaults, and back.
    #[test]
    fn reads_and_prints_torch() {
        let sgd = Sgd::parse("SGD(momentum=0.9, nesterov=True, weight_decay=1e-4)").unwrap();
        assert_eq!(
            (sgd.momentum, sgd.weight_decay, sgd.nesterov),
            (0.9, 1e-4, true)
        );
        assert_eq!(Sgd::parse(&sgd.to_string()).unwrap(), sgd);
        assert_eq!(Sgd::parse("SGD").unwrap(), Sgd::plain());
        assert_eq!(Sgd::parse("torch.optim.SGD()").unwrap(), Sgd::plain());
        assert_eq!(Sgd::parse("SGD(0.9)").unwrap(), Sgd::default());
    }

    /// Nothing is ignored silently, and what torch refuses is refused.
    #[test]
    fn refuses_with_a_hint() {
        for (text, hint) in [
            ("SDG()", "SGD"),
            ("SGD(momentun=0.9)", "momentum"),
            ("SGD(nesterov=True)", "requires a momentum"),
            (
                "SGD(momentum=0.9, dampening=0.1, nesterov=True)",
                "zero dampening",
            ),
            ("SGD(dampening=0.1)", "no effect"),
            ("SGD(lr=0.1)", "--lr"),
            ("SGD(momentum=-1)", "from 0"),
            ("SGD(momentum=True)", "number"),
        ] {
            let error = Sgd::parse(text).unwrap_err().to_string();
            assert!(error.contains(hint), "{text}: {error}");
        }
    }
}
