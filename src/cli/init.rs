//! `kiln init`: a starter file.

use std::path::PathBuf;

use clap::Args;

use super::{Outcome, config, tell, train::command};
use crate::{
    error::{Error, Result},
    files::write_atomically,
};

/// See the module.
#[derive(Args)]
pub(super) struct Init {
    /// Where to write it
    #[arg(value_name = "FILE", default_value = "run.toml")]
    file: PathBuf,
}

impl Init {
    pub(super) fn run(self) -> Result<Outcome> {
        if self.file.exists() {
            return Err(Error::Usage(format!(
                "{} exists already; name another file",
                self.file.display()
            )));
        }
        let text = config::starter(&command());
        write_atomically(&self.file, text.as_bytes())?;
        tell(format_args!(
            "wrote {0}; edit it, then: kiln train {0}",
            self.file.display()
        ));
        Ok(Outcome::Done)
    }
}
