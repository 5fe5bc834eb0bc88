//! Graphics processors: which there are, and the text-region network on one of them.
//!
//! The only module that names wgpu. Takes layers and grey pictures, gives packed levels ([`crate::stage::levels`]).
//! Never prints, never panics on a driver's behalf and waits for no device for longer than [`engine::TIMEOUT_S`]: every
//! failure is a [`GpuError`], and what to do then is the caller's business ([`crate::detect`] computes the batch on the
//! processor).

pub mod adapter;
pub mod allocation;
pub mod engine;
pub mod hints;
mod plan;
#[cfg(test)]
mod shader_tests;

pub use adapter::{AdapterReport, Choice, survey};
pub use engine::Engine;
pub use hints::hints;

/// Why a device gave no result.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GpuError {
    /// No adapter fits the choice.
    #[error("{0}")]
    NoAdapter(String),
    /// The device is gone, hangs, or refused a command; it is not used again.
    #[error("the device was lost: {0}")]
    Lost(String),
    /// The device has no memory for the batch.
    #[error("the device is out of memory")]
    OutOfMemory,
    /// A picture or network is beyond what the device can hold.
    #[error("{0}")]
    TooLarge(String),
}
