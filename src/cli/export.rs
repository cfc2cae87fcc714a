//! `kiln export`: a trained model in another format.

use std::path::{Path, PathBuf};

use clap::Args;

use super::{Outcome, output, say, trained::TrainedFlags};
use crate::{
    data::Preprocessing,
    error::{Error, Result},
    export::onnx::{self, About},
};

/// `kiln export`.
#[derive(Args)]
pub(super) struct Export {
    #[command(flatten)]
    trained: TrainedFlags,
    /// Without RUN: what the model was trained on
    #[arg(long, value_name = "DATA")]
    data: Option<String>,
    /// Write an ONNX file: input `input`, output `logits`, any batch
    #[arg(long, value_name = "FILE", required = true)]
    onnx: PathBuf,
    /// Let the file take the data's own numbers (for pictures bytes, as f32) and prepare them itself
    #[arg(long)]
    with_preprocessing: bool,
}

impl Export {
    pub(super) fn run(self) -> Result<Outcome> {
        output::check("--onnx", &self.onnx)?;
        (self.trained).check_by_hand("--data", self.data.is_some())?;
        let trained = self.trained.load(self.data.as_deref())?;
        let preprocessing = trained.form.preprocessing.clone().ok_or_else(|| {
            Error::Usage(
                "what bytes mean in the data that the model was trained on is no straight line, so an ONNX file \
                 cannot say it as a subtraction and a product"
                    .into(),
            )
        })?;
        if self.with_preprocessing && preprocessing.is_identity() {
            return Err(Error::Usage(
                "--with-preprocessing has no effect: the model takes the data's numbers as they \
                 are; remove it"
                    .into(),
            ));
        }
        // Files travel: where the data lay on this machine is nobody's business.
        let data = Path::new(&trained.form.name).file_name();
        let data = data.map(|name| name.to_string_lossy()).unwrap_or_default();
        let about = About {
            model: &trained.model,
            data: &data,
            task: &trained.form.task,
            preprocessing: &preprocessing,
            in_graph: self.with_preprocessing,
        };
        onnx::save(&self.onnx, &trained.network, &trained.weights, &about)?;
        say!(
            "wrote {}: opset {}, {} parameters, of {}",
            self.onnx.display(),
            onnx::OPSET,
            trained.network.parameters(),
            trained.weights_file.display()
        )?;
        say!(
            "input  `input` [batch, {}]: {}",
            shape(&trained.network.input),
            self.takes(&preprocessing)
        )?;
        say!("output `logits` [batch, {}]", trained.network.outputs)?;
        Ok(Outcome::Done)
    }

    fn takes(&self, p: &Preprocessing) -> String {
        match (self.with_preprocessing, p.is_identity()) {
            (true, _) => "the data's own numbers, for pictures bytes as f32".into(),
            (_, true) => "the data's own numbers".into(),
            (false, false) => match (&p.center[..], &p.scale[..]) {
                ([c], [s]) => format!("(raw - {c}) * {s}"),
                _ => "(raw - center) * scale, by channel: see `kiln.preprocessing` in its metadata"
                    .into(),
            },
        }
    }
}

fn shape(dims: &[u32]) -> String {
    let dims: Vec<String> = dims.iter().map(u32::to_string).collect();
    dims.join(", ")
}
