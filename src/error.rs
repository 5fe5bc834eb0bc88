//! Errors that stop a run, as opposed to a [`crate::outcome::Refusal`], which stops one file.

use std::path::PathBuf;

/// Why a run could not start or go on. Variants are named by who has to act.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A setting is wrong or settings contradict each other.
    #[error("{0}")]
    Config(String),
    /// The asked-for device cannot be used.
    #[error("{0}")]
    Device(String),
    /// Compiled-in or given models are damaged or do not fit.
    #[error("{0}")]
    Model(String),
    /// Reading or writing something other than an image file.
    #[error("{action} failed: {source}: `{}`", .path.display())]
    Io {
        /// What was attempted, as a noun phrase.
        action: &'static str,
        /// On which path.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
}

/// Result of run-level operations.
pub type Result<T, E = Error> = std::result::Result<T, E>;
