//! Choosing what runs the network.

use super::Detector;
use super::cpu::CpuDetector;
use super::network::Network;
use crate::error::{Error, Result};
use crate::models::Models;

/// The detector for `--device`: `auto`, `cpu`, `gpu`, or part of an adapter's name.
///
/// # Errors
/// [`crate::error::Error::Model`] if the network is not sound; [`crate::error::Error::Device`] if what was asked for by
/// name cannot be used.
pub fn open(device: &str, models: &Models) -> Result<Box<dyn Detector>> {
    let network = Network::parse(models.detector())?;
    if !matches!(device, "auto" | "cpu") {
        return Err(Error::Device(format!(
            "no device for `{device}`: this version runs on the processor only"
        )));
    }
    Ok(Box::new(CpuDetector::new(&network)?))
}
