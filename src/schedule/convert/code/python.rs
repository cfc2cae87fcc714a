//! A schedule as Python arithmetic over the update, for `LambdaLR`.

use crate::expr::rewrite::{self, renamed, rewrite};
use crate::expr::{Expr, Node, parse};
use crate::schedule::Schedule;
use crate::schedule::curve::Curve;
use crate::schedule::display::Number;

/// What an expression looks like that gives rates as multiples of `unit`.
#[derive(Clone, Copy)]
pub(super) struct Python {
    /// What rates are divided by: the base rate.
    pub unit: f64,
}

/// Why a schedule is no arithmetic.
pub(super) type Reason = &'static str;

impl Python {
    /// The rate at the time `t`, an expression in brackets or a name.
    pub fn rate(self, schedule: &Schedule, t: &str) -> Result<String, Reason> {
        let of = |inner: &Schedule, t: String| self.rate(inner, &t);
        let all = |parts: &[Schedule]| {
            parts
                .iter()
                .map(|part| self.rate(part, t))
                .collect::<Result<Vec<_>, _>>()
        };
        Ok(match schedule {
            Schedule::Curve(curve) => self.curve(curve, t)?,
            Schedule::Formula(formula) => {
                let variable = |name: &str| match name {
                    "step" => parse(t).ok(),
                    "epoch" => parse(&format!("{t} // {}", Number(formula.epoch?))).ok(),
                    "progress" => parse(&format!("min(1, {t} / {})", formula.over?)).ok(),
                    _ => None,
                };
                let body = with_modules(&renamed(&formula.expr, &variable))?;
                format!("({body}) / {}", Number(self.unit))
            }
            Schedule::Framework(_) => {
                return Err("a framework's line inside a larger expression has no formula");
            }
            Schedule::Then(then) => {
                let mut pieces = then.pieces().iter().rev();
                let last = pieces.next().ok_or("it is empty")?;
                let local = |start: u64| {
                    if start == 0 {
                        t.to_owned()
                    } else {
                        format!("({t} - {start})")
                    }
                };
                let mut text = of(&last.schedule, local(last.start))?;
                let mut end = last.start;
                for piece in pieces {
                    text = format!(
                        "({}) if {t} < {end} else ({text})",
                        of(&piece.schedule, local(piece.start))?
                    );
                    end = piece.start;
                }
                text
            }
            Schedule::Sum(parts) => format!("({})", all(parts)?.join(") + (")),
            Schedule::Difference(parts) => {
                format!("max(0, ({}))", all(parts.as_slice())?.join(") - ("))
            }
            Schedule::Product { rate, factors } => {
                let mut product = vec![self.rate(rate, t)?];
                for factor in factors {
                    product.push(Python { unit: 1.0 }.rate(factor, t)?);
                }
                format!("({})", product.join(") * ("))
            }
            Schedule::Scale { by, inner } => {
                format!("{} * ({})", Number(*by), self.rate(inner, t)?)
            }
            Schedule::Min(parts) => format!("min({})", all(parts)?.join(", ")),
            Schedule::Max(parts) => format!("max({})", all(parts)?.join(", ")),
            Schedule::Clamp { inner, min, max } => {
                let inner = self.rate(inner, t)?;
                let capped = max.map_or(inner.clone(), |max| {
                    format!("min({inner}, {})", self.number(max))
                });
                format!("max({}, {capped})", self.number(*min))
            }
            Schedule::Delay { inner, by } => of(inner, format!("max(0, {t} - {by})"))?,
            Schedule::Stretch { inner, by } => of(inner, format!("({t} / {})", Number(*by)))?,
            Schedule::Warp { inner, power, over } => of(
                inner,
                format!("({over} * min(1, {t} / {over}) ** {})", Number(*power)),
            )?,
            Schedule::Mirror { over: 0, inner } => of(inner, "0".to_owned())?,
            Schedule::Mirror { inner, over } => of(
                inner,
                format!("({over} - abs({t} % {} - {over}))", over.saturating_mul(2)),
            )?,
            Schedule::Restart(restart) if restart.grow != 1.0 => {
                return Err("cycles that grow need a loop over the cycles, which is no arithmetic");
            }
            Schedule::Restart(restart) => {
                let every = restart.every;
                let (cycle, local) = match restart.cycles {
                    None => (format!("({t} // {every})"), format!("({t} % {every})")),
                    Some(cycles) => (
                        format!("min({t} // {every}, {})", cycles.saturating_sub(1)),
                        format!(
                            "({t} % {every} if {t} < {} else {every})",
                            every.saturating_mul(cycles)
                        ),
                    ),
                };
                let inner = self.rate(&restart.inner, &local)?;
                match restart.decay == 1.0 {
                    true => inner,
                    false => format!("({inner}) * {} ** {cycle}", Number(restart.decay)),
                }
            }
            Schedule::Until { inner, over } => of(inner, format!("min({t}, {over})"))?,
            Schedule::Override {
                inner,
                rate,
                from,
                until,
            } => {
                let inner = self.rate(inner, t)?;
                format!(
                    "({} if {from} <= {t} and {t} < {until} else ({inner}))",
                    self.number(*rate)
                )
            }
        })
    }

    fn number(self, rate: f64) -> Number {
        Number(rate / self.unit)
    }

    fn curve(self, curve: &Curve, t: &str) -> Result<String, Reason> {
        let at = |name: &str| curve.row.position(name).unwrap_or(usize::MAX);
        let number = |name: &str| Number(curve.values.number(at(name)));
        let rate = |name: &str| self.number(curve.values.number(at(name)));
        let updates = |name: &str| curve.values.updates(at(name));
        let periods = |every: u64| match curve
            .row
            .position("staircase")
            .is_some_and(|at| curve.values.flag(at))
        {
            true => format!("({t} // {every})"),
            false => format!("({t} / {every})"),
        };
        // from one rate to another, `left` going from 1 to 0
        let fall = |left: &str| {
            let (from, to) = (rate("from"), rate("to"));
            match to.0 == 0.0 {
                true => format!("{from} * {left}"),
                false => format!("({to} + {} * {left})", Number(from.0 - to.0)),
            }
        };
        if matches!(curve.name(), "one_cycle" | "cyclic") && curve.values.flag(at("cycle_momentum"))
        {
            return Err("its momentum moves with the rate, which a function of the rate cannot do");
        }
        let ended = |text: String, n: u64| format!("({text} if {t} < {n} else {})", rate("to"));
        Ok(match curve.name() {
            "constant" => rate("rate").to_string(),
            "warmup" if updates("over") < 2 => rate("to").to_string(),
            "warmup" => {
                let (from, to) = (rate("from"), rate("to"));
                format!(
                    "({from} + {} * min(1, ({t} + 1) / {}))",
                    Number(to.0 - from.0),
                    updates("over")
                )
            }
            "linear" | "cosine" | "polynomial" | "geometric" | "one_minus_sqrt" | "tanh"
            | "k_decay" | "rex" => {
                let n = updates("over");
                if n == 0 {
                    return Ok(rate("to").to_string());
                }
                let done = format!("min(1, {t} / {n})");
                match curve.name() {
                    "linear" => fall(&format!("(1 - {done})")),
                    "cosine" => fall(&format!("(1 + math.cos(math.pi * {done})) / 2")),
                    "polynomial" => fall(&format!("(1 - {done}) ** {}", number("power"))),
                    "geometric" => format!(
                        "{} * {} ** {done}",
                        rate("from"),
                        Number(rate("to").0 / rate("from").0)
                    ),
                    "one_minus_sqrt" => fall(&format!("(1 - math.sqrt({done}))")),
                    "tanh" => {
                        let slope = Number(number("ub").0 - number("lb").0);
                        ended(
                            fall(&format!(
                                "(1 - math.tanh({} + {slope} * {t} / {n})) / 2",
                                number("lb")
                            )),
                            n,
                        )
                    }
                    "k_decay" => fall(&format!(
                        "(1 + math.cos(math.pi * {done} ** {})) / 2",
                        number("k")
                    )),
                    _ => fall(&format!("(1 - {done}) / (1 - {done} / 2)")),
                }
            }
            "exponential" => format!(
                "{} * {} ** {}",
                rate("from"),
                number("gamma"),
                periods(updates("every"))
            ),
            "inverse_time" => format!(
                "{} / (1 + {} * {})",
                rate("from"),
                number("rate"),
                periods(updates("every"))
            ),
            "power_law" => format!(
                "{} * (1 + {}) ** -{}",
                rate("from"),
                periods(updates("every")),
                number("power")
            ),
            "inverse_sqrt" => format!(
                "{} * (1 + {t} / {}) ** -0.5",
                rate("from"),
                updates("every")
            ),
            "hyperbolic" => {
                let (from, floor) = (rate("from").0, rate("floor"));
                format!(
                    "({floor} + {} / (1 + {t} / {}))",
                    Number(from - floor.0),
                    updates("every")
                )
            }
            "noam" => {
                let scale = number("factor").0 / number("d_model").0.sqrt();
                let warmup = (updates("warmup") as f64).powf(-1.5);
                format!(
                    "{} * min(({t} + 1) ** -0.5, ({t} + 1) * {})",
                    self.number(scale),
                    Number(warmup)
                )
            }
            "power" => format!(
                "min({}, {} * (({t} + 1) * {}) ** {})",
                rate("max"),
                self.number(number("a").0 * number("batch").0),
                number("batch"),
                number("b")
            ),
            "step" => format!(
                "{} * {} ** ({t} // {})",
                rate("from"),
                number("gamma"),
                updates("every")
            ),
            "multistep" => {
                let steps = curve.values.steps(at("at"));
                let after = |passed: usize| rate("from").0 * number("gamma").0.powf(passed as f64);
                held(t, steps, &|i| Number(after(i)))
            }
            "table" => {
                let rates = curve.values.rates(at("rates"));
                let list: Vec<String> = rates
                    .iter()
                    .map(|&rate| self.number(rate).to_string())
                    .collect();
                format!(
                    "[{}][min(int({t} // {}), {})]",
                    list.join(", "),
                    updates("every"),
                    rates.len().max(1) - 1
                )
            }
            "piecewise" => self.piecewise(curve, t),
            "cyclic" => self.cyclic(curve, t),
            "one_cycle" => self.one_cycle(curve, t),
            _ => return Err("its numbers come from a generator, which is no arithmetic"),
        })
    }

    fn piecewise(self, curve: &Curve, t: &str) -> String {
        let (rates, at) = (curve.values.rates(0), curve.values.steps(1));
        let rate = |i: usize| self.number(rates.get(i).or(rates.last()).copied().unwrap_or(0.0));
        if curve.values.number(2) == 0.0 {
            return held(t, at, &rate);
        }
        let points: Vec<(f64, f64)> = std::iter::once(0)
            .chain(at.iter().copied())
            .enumerate()
            .map(|(i, at)| (at as f64, rate(i).0))
            .collect();
        path(t, &points, curve.values.number(2) == 2.0)
    }

    fn one_cycle(self, curve: &Curve, t: &str) -> String {
        let [over, peak, share, div, last, shape] =
            [0, 1, 2, 3, 4, 5].map(|i| curve.values.number(i));
        let first = peak / div;
        let points = [
            (0.0, first),
            ((share * over).round(), peak),
            (over, first / last),
        ];
        path(
            t,
            &points.map(|(at, rate)| (at, rate / self.unit)),
            shape == 0.0,
        )
    }

    fn cyclic(self, curve: &Curve, t: &str) -> String {
        let [high, up, low, down, mode, gamma] = [0, 1, 2, 3, 4, 5].map(|i| curve.values.number(i));
        let (total, mode) = (Number(up + down), mode as u8);
        let scale = match mode {
            0 => String::new(),
            1 => format!(" * 0.5 ** ({t} // {total})"),
            _ => format!(" * {} ** {t}", Number(gamma)),
        };
        format!(
            "({} + {} * ({t} % {total} / {up} if {t} % {total} < {up} else ({total} - {t} % {total}) / {down}){scale})",
            self.number(low),
            Number((high - low) / self.unit)
        )
    }
}

/// Rates that are held until the next step.
fn held(t: &str, steps: &[u64], rate: &dyn Fn(usize) -> Number) -> String {
    let last = rate(steps.len()).to_string();
    let text = steps
        .iter()
        .enumerate()
        .rev()
        .fold(last, |after, (i, step)| {
            format!("{} if {t} < {step} else {after}", rate(i))
        });
    format!("({text})")
}

/// Lines or half cosines from point to point; the last rate is held.
fn path(t: &str, points: &[(f64, f64)], cosine: bool) -> String {
    let last = Number(points.last().map_or(0.0, |point| point.1)).to_string();
    let text = points.windows(2).rev().fold(last, |after, pair| {
        let &[(start, from), (end, to)] = pair else {
            return after;
        };
        let share = format!("({t} - {}) / {}", Number(start), Number(end - start));
        let (change, end) = (Number(to - from), Number(end));
        let rate = match cosine {
            true => format!(
                "{} + {change} * (1 - math.cos(math.pi * {share})) / 2",
                Number(from)
            ),
            false => format!("{} + {change} * {share}", Number(from)),
        };
        format!("{rate} if {t} < {end} else {after}")
    });
    format!("({text})")
}

/// The functions of a formula with the module that Python has them in.
fn with_modules(formula: &Expr) -> Result<Expr, Reason> {
    let builtin = |name: &str| {
        matches!(
            name,
            "min" | "max" | "abs" | "int" | "float" | "round" | "pow" | "sum"
        )
    };
    let constants = renamed(formula, &|name| match name {
        "pi" | "e" | "tau" | "inf" | "nan" => Some(rewrite::name(&format!("math.{name}"))),
        _ => None,
    });
    let mut change = |part: &Expr| {
        let Node::Call {
            callee,
            callee_span,
            args,
        } = &part.node
        else {
            return Ok(None);
        };
        if callee.contains('.') || builtin(callee) {
            return Ok(None);
        }
        let args = args
            .iter()
            .map(|arg| {
                Ok(crate::expr::Arg {
                    value: with_modules(&arg.value)?,
                    ..arg.clone()
                })
            })
            .collect::<Result<_, Reason>>()?;
        let node = Node::Call {
            callee: format!("math.{callee}"),
            callee_span: *callee_span,
            args,
        };
        Ok(Some(Expr {
            node,
            span: part.span,
        }))
    };
    rewrite(&constants, &mut change)
}
