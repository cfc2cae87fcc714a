//! Where charts go: a file, or the terminal.

use std::path::Path;

use super::output;
use crate::{
    error::{Error, Result},
    files::write_atomically,
    report::{
        chart::{self, Chart},
        heatmap::Heatmap,
    },
};

/// Writes charts below each other, each `size`, to a file that a flag names.
pub(super) fn write(charts: &[Chart], size: (u32, u32), flag: &str, path: &Path) -> Result<()> {
    let (width, height) = (size.0, size.1 * charts.len() as u32);
    let svg = || chart::svg(charts, width, height);
    write_either(svg, || chart::png(charts, width, height), flag, path)
}

/// Writes a heat map to a file that a flag names.
pub(super) fn write_heatmap(map: &Heatmap, flag: &str, path: &Path) -> Result<()> {
    write_either(|| map.svg(), || map.png(), flag, path)
}

fn write_either(
    svg: impl FnOnce() -> std::result::Result<String, chart::Error>,
    png: impl FnOnce() -> std::result::Result<Vec<u8>, chart::Error>,
    flag: &str,
    path: &Path,
) -> Result<()> {
    check(flag, path)?;
    let bytes = match path.extension().and_then(|e| e.to_str()) {
        Some("svg") => svg().map_err(usage)?.into_bytes(),
        Some("png") => png().map_err(usage)?,
        _ => return Err(unknown(flag, path)),
    };
    write_atomically(path, &bytes)
}

/// Whether a file can be written by [`write`], asked before anything takes time.
pub(super) fn check(flag: &str, path: &Path) -> Result<()> {
    match path.extension().and_then(|e| e.to_str()) {
        Some("svg" | "png") => output::check(flag, path),
        _ => Err(unknown(flag, path)),
    }
}

fn unknown(flag: &str, path: &Path) -> Error {
    Error::Usage(format!(
        "{flag} {}: expected a name that ends in .svg or .png",
        path.display()
    ))
}

/// A chart that cannot be drawn is one that was asked for in vain.
pub(super) fn usage(e: chart::Error) -> Error {
    Error::Usage(e.to_string())
}

/// Columns and lines to draw in: what the shell says, or a usual terminal.
pub(super) fn terminal_size() -> (u16, u16) {
    let number = |name: &str| std::env::var(name).ok()?.parse().ok();
    (
        number("COLUMNS").unwrap_or(96).min(400),
        number("LINES").unwrap_or(25).clamp(8, 60) - 3,
    )
}
