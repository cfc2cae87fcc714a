//! What kiln reads from outside, one function for each kind of input: the fuzz targets run them under libFuzzer,
//! `tests/hostile` under plain cargo. None may panic, abort, take a second, or take more memory than its [`Target`] says.

// The test takes this file in as a module.
#[path = "data.rs"]
mod data;
#[path = "runs.rs"]
mod runs;
#[path = "texts.rs"]
mod texts;

/// A kind of input, and what kiln may cost to read it.
#[derive(Clone, Copy)]
pub struct Target {
    /// The name of its folder in `corpus`, and of its binary in `fuzz_targets`.
    pub name: &'static str,
    /// Reads the input as a user's command would; what kiln answers does not matter.
    pub read: fn(&[u8]),
    /// Bytes of memory for each byte of the input, beside [`FREE`].
    pub per_byte: u64,
}

/// Bytes of memory that any input may take: buffers of readers, tables for channels and classes.
pub const FREE: u64 = 24 << 20;

/// Deflate makes at most this of a byte.
const DEFLATE: u64 = 1032;

/// All of them.
pub static ALL: [Target; 18] = [
    target("idx", data::idx, 64),
    target("gzip", data::gzip, 64 * DEFLATE),
    target("csv", data::csv, 1024),
    target("npy", data::npy, 64),
    target("npz", data::npz, 64 * DEFLATE),
    // 24 bytes a pixel, of which a PNG of one bit a pixel has 8 in each of those bytes.
    target("picture", data::picture, 8 * 24 * DEFLATE),
    target("form", runs::form, 1024),
    target("safetensors", runs::safetensors, 64),
    target("checkpoint", runs::checkpoint, 64),
    target("tuning", runs::tuning, 1024),
    target("report", runs::report, 4096),
    target("config", runs::config, 4096),
    target("flags", texts::flags, 4096),
    target("model", texts::model, 1 << 16),
    target("schedule", texts::schedule, 1 << 16),
    target("controller", texts::controller, 1 << 16),
    target("optimizer", texts::optimizer, 4096),
    target("group", texts::group, 1 << 16),
];

const fn target(name: &'static str, read: fn(&[u8]), per_byte: u64) -> Target {
    Target {
        name,
        read,
        per_byte,
    }
}

/// The target of a name.
///
/// # Panics
/// If there is none.
pub fn named(name: &str) -> &'static Target {
    let found = ALL.iter().find(|target| target.name == name);
    found.unwrap_or_else(|| panic!("no target {name}"))
}

/// A folder of this process and thread, whose files are written over and over.
fn folder() -> std::path::PathBuf {
    thread_local! {
        static FOLDER: tempfile::TempDir = tempfile::tempdir().expect("a temporary folder");
    }
    FOLDER.with(|folder| folder.path().to_owned())
}

/// A file of the input, in a folder of its own kind.
fn write(path: &std::path::Path, bytes: &[u8]) {
    if let Some(dir) = path.parent() {
        std::fs::create_dir_all(dir).expect("a folder of one's own can be made");
    }
    std::fs::write(path, bytes).expect("a file of one's own can be written");
}
