//! Choosing what runs the network, and saying why.

use super::Detector;
use super::cpu::CpuDetector;
use super::device::DeviceDetector;
use super::network::Network;
use super::shared::Shared;
use crate::error::{Error, Result};
use crate::gpu::{AdapterReport, Choice, Engine, GpuError, hints, survey};
use crate::models::Models;

/// The detector for `--device`: `auto` (a real GPU if there is one, else the processor), `cpu`, `gpu` (a real GPU or an
/// error), or the number of an adapter, its PCI address, or part of its name (also the software Vulkan adapter, never software OpenGL).
///
/// A device is taken only after it has reproduced the reference on fixed pictures.
///
/// # Errors
/// [`Error::Model`] if the network is not sound; [`Error::Device`] if what was asked for by name cannot be used. `auto`
/// and `cpu` never fail for want of a device.
pub fn open(device: &str, models: &Models) -> Result<Box<dyn Detector>> {
    let network = Network::parse(models.detector())?;
    Ok(match choice(device) {
        None => Box::new(CpuDetector::new(&network)?),
        Some(wanted) => match on_device(wanted, &network) {
            // Callers on several threads fill the device together; the processor is shared as it is.
            Ok(detector) => Box::new(Shared::new(detector)),
            Err(Error::Device(_)) if device == "auto" => Box::new(CpuDetector::new(&network)?),
            Err(e) => return Err(e),
        },
    })
}

/// What `doctor` says about devices.
#[derive(Clone, Debug)]
pub struct Examination {
    /// Every adapter and what the choice makes of it.
    pub adapters: Vec<AdapterReport>,
    /// What `open` would run on.
    pub device: String,
    /// Whether that reproduced the reference on fixed pictures.
    pub self_test: bool,
    /// Why an adapter that fits was not taken, if so.
    pub problem: Option<String>,
    /// Why graphics processors that the system shows have no adapter.
    pub hints: Vec<String>,
}

/// Looks at the adapters of this machine and tests the detector that [`fn@open`] would give.
///
/// # Errors
/// [`Error::Model`] if the network is not sound.
pub fn examine(device: &str, models: &Models) -> Result<Examination> {
    let network = Network::parse(models.detector())?;
    let adapters = survey(choice(device));
    let hints = hints(&adapters);
    let mut problem = None;
    let tested = match choice(device).map(|c| on_device(c, &network)) {
        Some(Ok(d)) => Some(d.device()),
        Some(Err(Error::Device(why))) => {
            problem = Some(why);
            None
        }
        Some(Err(e)) => return Err(e),
        None => None,
    };
    let cpu = CpuDetector::new(&network)?;
    Ok(match tested {
        Some(device) => Examination {
            adapters,
            device,
            self_test: true,
            problem,
            hints,
        },
        None => Examination {
            adapters,
            device: cpu.device(),
            self_test: super::device::reproduces_reference(&network, |p, at| {
                Ok(cpu.maps(&[p], at)?.remove(0))
            })?,
            problem,
            hints,
        },
    })
}

fn choice(device: &str) -> Option<Choice<'_>> {
    match device {
        "cpu" => None,
        "auto" | "gpu" => Some(Choice::Any),
        name => Some(Choice::Named(name)),
    }
}

fn on_device(choice: Choice, network: &Network) -> Result<DeviceDetector> {
    let fail = |e: GpuError| Error::Device(e.to_string());
    // Drivers are foreign code; one that breaks while starting is a device that cannot be used.
    let open = || Engine::open(choice, network.layers());
    let engine = std::panic::catch_unwind(std::panic::AssertUnwindSafe(open))
        .unwrap_or_else(|_| Err(GpuError::Lost("the driver broke off".into())))
        .map_err(fail)?;
    let detector = DeviceDetector::new(engine, network)?;
    if !detector.self_test(network).map_err(fail)? {
        return Err(Error::Device(format!(
            "`{}` computes wrongly and is not used",
            detector.device()
        )));
    }
    Ok(detector)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_processor_is_always_there_and_unknown_names_are_errors() {
        let models = Models::embedded().unwrap();
        assert!(open("cpu", &models).unwrap().device().starts_with("cpu"));
        let auto = open("auto", &models).unwrap().device().to_lowercase();
        assert!(!auto.contains("llvmpipe"), "{auto}");
        let e = open("no such card", &models).err().unwrap();
        assert!(
            matches!(&e, Error::Device(m) if m.contains("no such card")),
            "{e}"
        );
    }

    #[test]
    fn the_examination_tests_what_open_would_give() {
        let models = Models::embedded().unwrap();
        for device in ["cpu", "auto", "no such card"] {
            let x = examine(device, &models).unwrap();
            assert!(x.self_test, "{device}");
            assert_eq!(
                x.problem.is_some(),
                device != "cpu" && x.device.starts_with("cpu")
            );
        }
    }
}
