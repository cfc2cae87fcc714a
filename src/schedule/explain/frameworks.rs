//! What a person wants to know about a framework's schedule or controller: arguments, formula, kiln's own words for it,
//! and where it does what its users do not expect.
//!
//! In the formulas `base` is the rate of the optimiser and `t` the number of updates already applied.

mod hf;
mod keras;
mod optax;
mod timm;
mod torch;

/// A row about one of a framework's names.
#[derive(Clone, Copy, Debug)]
pub(super) struct Row {
    /// `torch.StepLR`.
    pub name: &'static str,
    /// The arguments in positional order with their defaults; those without one are required.
    pub arguments: &'static str,
    /// The rate, in a line.
    pub formula: &'static str,
    /// The same in kiln's own names, with the arguments in their places.
    pub native: &'static str,
    /// What its users do not expect; empty where there is nothing.
    pub quirk: &'static str,
}

const fn row(
    name: &'static str,
    arguments: &'static str,
    formula: &'static str,
    native: &'static str,
) -> Row {
    Row {
        name,
        arguments,
        formula,
        native,
        quirk: "",
    }
}

impl Row {
    /// The same row with a quirk.
    const fn but(mut self, quirk: &'static str) -> Row {
        self.quirk = quirk;
        self
    }

    /// The framework in front of the name.
    pub fn group(&self) -> &'static str {
        self.name.split_once('.').map_or("", |(group, _)| group)
    }

    /// `torch.StepLR(step_size, gamma=0.1)`.
    pub fn signature(&self) -> String {
        format!("{}({})", self.name, self.arguments)
    }

    /// Everything about it.
    pub fn page(&self) -> String {
        let mut text = format!(
            "{}\n\n  formula  {}\n  native   {}\n",
            self.signature(),
            self.formula,
            self.native
        );
        if !self.quirk.is_empty() {
            text += &format!("  quirk    {}\n", self.quirk);
        }
        text
    }
}

/// Every row, framework by framework.
pub(super) fn rows() -> impl Iterator<Item = &'static Row> {
    let first = torch::ROWS.iter().chain(&keras::ROWS);
    first
        .chain(&optax::ROWS)
        .chain(&hf::ROWS)
        .chain(&timm::ROWS)
}

/// The row of a full name (`torch.StepLR`), or of a class that only one framework has (`StepLR`).
pub(super) fn named(name: &str) -> Option<&'static Row> {
    let class = |row: &Row| row.name.split_once('.').is_some_and(|(_, c)| c == name);
    let mut bare = rows().filter(|row| class(row));
    match (
        rows().find(|row| row.name == name),
        bare.next(),
        bare.next(),
    ) {
        (Some(row), ..) | (None, Some(row), None) => Some(row),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
