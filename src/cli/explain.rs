//! `kiln explain`: what there is to know about an optimiser or a schedule before using it.

use clap::Args;

use super::{Outcome, say};
use crate::{
    error::Result,
    expr,
    optim::{self, Optimizer},
    schedule::explain,
};

/// `kiln explain`.
#[derive(Args)]
pub(super) struct Explain {
    /// An optimiser such as Adam, or a name from `kiln schedule list`
    name: String,
}

impl Explain {
    pub(super) fn run(self) -> Result<Outcome> {
        let name = self.name.as_str();
        let Some(page) = optim::page(name).or_else(|| explain::page(name)) else {
            let listed = explain::list();
            let mut names = Optimizer::names();
            names.extend(listed.iter().map(|l| l.name.as_str()));
            let span = expr::Span {
                start: 0,
                end: name.len(),
            };
            let e = expr::Error::at(name, span, format!("there is no page about `{name}`"));
            return Err(e.suggest(name, &names).into());
        };
        say!("{page}")?;
        Ok(Outcome::Done)
    }
}
