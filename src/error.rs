//! What a person can cause, said so that they can mend it: what was wrong, where, what was
//! expected, what to do. Mistakes in kiln's own wiring are `assert!`s instead.

use std::path::{Path, PathBuf};

/// Everything that can go wrong because of a file, a flag, a text or a device.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Reading or writing failed in the operating system.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file or directory that was being touched.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// A file was read but does not hold what it should.
    #[error("{}: {message}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Where in it, what was found, what was expected.
        message: String,
    },
    /// An expression (schedule, optimiser, model) does not parse or does not make sense.
    #[error(transparent)]
    Expression(#[from] crate::expr::Error),
    /// A data set cannot be loaded.
    #[error("{0}")]
    Data(Box<dyn std::error::Error + Send + Sync>),
    /// Flags that contradict each other or the data.
    #[error("{0}")]
    Usage(String),
    /// The model does not fit its input, its data or the weights given to it.
    #[error("{0}")]
    Model(String),
    /// No adapter, an unknown one, or one that cannot do what the plan needs.
    #[error("{0}")]
    Device(String),
    /// The device was there, and is gone.
    #[error("{0}")]
    Lost(String),
    /// A plan that is larger than a device.
    #[error("{message}")]
    TooLarge {
        /// What is too large, by how much, and what to do.
        message: String,
        /// What would fit.
        room: Room,
    },
    /// An error, and what to do in the case at hand.
    #[error("{error}. {advice}")]
    Advised {
        /// The error.
        error: Box<Error>,
        /// What to do.
        advice: String,
    },
    /// The loss or a gradient stopped being a number.
    #[error("{0}")]
    Diverged(String),
}

/// What a device has room for, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Room {
    /// In all buffers: what it gave before it refused; `u64::MAX` where it did not refuse.
    pub total: u64,
    /// In one buffer.
    pub buffer: u64,
    /// In one binding.
    pub binding: u64,
}

/// Whether another name or another permission mends it.
fn is_anothers_matter(e: &std::io::Error) -> bool {
    use std::io::ErrorKind::{
        InvalidData, IsADirectory, NotADirectory, NotFound, PermissionDenied, ReadOnlyFilesystem,
    };
    matches!(
        e.kind(),
        InvalidData
            | IsADirectory
            | NotADirectory
            | NotFound
            | PermissionDenied
            | ReadOnlyFilesystem
    )
}

/// The result of everything that touches the outside.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// An [`Error::Io`] that remembers its path.
    pub fn io(path: &Path) -> impl FnOnce(std::io::Error) -> Error {
        move |source| Error::Io {
            path: path.to_path_buf(),
            source,
        }
    }

    /// An [`Error::File`].
    pub fn file(path: &Path, message: impl Into<String>) -> Error {
        Error::File {
            path: path.to_path_buf(),
            message: message.into(),
        }
    }

    /// The same with what to do.
    pub fn advised(self, advice: impl Into<String>) -> Error {
        Error::Advised {
            error: Box::new(self),
            advice: advice.into(),
        }
    }

    /// The process's exit code: 2 for something to change in the command or the machine before
    /// trying again (a file that is missing or of the wrong kind, too), 1 for a run that failed.
    pub fn exit_code(&self) -> u8 {
        match self {
            Error::Io { source, .. } if is_anothers_matter(source) => 2,
            Error::Io { .. } | Error::Diverged(_) | Error::Lost(_) => 1,
            Error::Advised { error, .. } => error.exit_code(),
            _ => 2,
        }
    }
}
