//! Adapters: listing them, and choosing one by `--device`.

use super::GpuError;
use super::allocation::{self, Address, Seen};
use std::path::Path;
use wgpu::{Adapter, AdapterInfo, Backend, Backends, DeviceType};

/// What the user asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice<'a> {
    /// The best real GPU, if there is one.
    Any,
    /// An adapter by part of its name, in any case; by its number in [`survey`] if there is one with that number, by its
    /// PCI address if it is one.
    Named(&'a str),
    /// An adapter by its number in [`survey`].
    Number(usize),
    /// An adapter by its place.
    At(Address),
}

impl Choice<'_> {
    /// Names that are numbers of adapters, as such.
    fn resolve(self, adapters: usize) -> Self {
        match self {
            Choice::Named(name) => match name.parse() {
                Ok(n) if n < adapters => Choice::Number(n),
                _ => Address::parse(name).map_or(self, Choice::At),
            },
            other => other,
        }
    }
}

/// One adapter, for `doctor`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdapterReport {
    /// Number that `--device` takes.
    pub index: usize,
    /// Name that `--device` takes a part of.
    pub name: String,
    /// Programming interface: `vulkan`, `metal`, `dx12`, `gl`.
    pub backend: String,
    /// `discrete`, `integrated`, `virtual`, `software` or `other`.
    pub kind: &'static str,
    /// Driver and its version.
    pub driver: String,
    /// PCI address, which `--device` takes as well; empty where the driver does not tell.
    pub pci: String,
    /// PCI vendor.
    pub vendor: u32,
    /// Whether the choice takes this one.
    pub chosen: bool,
    /// Why it was chosen or not.
    pub why: String,
}

/// Words in the names of software renderers, also of those that do not say so in their type.
const SOFTWARE: [&str; 6] = [
    "llvmpipe",
    "lavapipe",
    "softpipe",
    "swiftshader",
    "swrast",
    "basic render",
];

/// What decides about an adapter; split off so that tests need no driver.
#[derive(Clone, Debug)]
struct Candidate {
    name: String,
    backend: Backend,
    device_type: DeviceType,
    vendor: u32,
    address: Option<Address>,
    /// The variable by which a scheduler gives it to somebody else.
    withheld: Option<&'static str>,
}

impl Candidate {
    /// All of them, as this process may use them.
    fn all(infos: &[AdapterInfo]) -> Vec<Candidate> {
        let of = |info: &AdapterInfo| Candidate {
            name: info.name.clone(),
            backend: info.backend,
            device_type: info.device_type,
            vendor: info.vendor,
            address: Address::parse(&info.device_pci_bus_id),
            withheld: None,
        };
        let mut all: Vec<Candidate> = infos.iter().map(of).collect();
        // One device may have an adapter in several interfaces, and counts once.
        for backend in [Backend::Vulkan, Backend::Metal, Backend::Dx12, Backend::Gl] {
            let mut mine: Vec<&mut Candidate> = all
                .iter_mut()
                .filter(|c| c.backend == backend && !c.software())
                .collect();
            let seen: Vec<Seen> = mine
                .iter()
                .map(|c| Seen {
                    vendor: c.vendor,
                    address: c.address,
                })
                .collect();
            let withheld = allocation::withheld(&seen, &|name| std::env::var(name).ok(), &|uuid| {
                allocation::nvidia_uuid(Path::new("/proc/driver/nvidia/gpus"), uuid)
            });
            for (c, variable) in mine.iter_mut().zip(withheld) {
                c.withheld = variable;
            }
        }
        all
    }

    fn software(&self) -> bool {
        let name = self.name.to_lowercase();
        self.device_type == DeviceType::Cpu || SOFTWARE.iter().any(|s| name.contains(s))
    }

    fn kind(&self) -> &'static str {
        match self.device_type {
            _ if self.software() => "software",
            DeviceType::DiscreteGpu => "discrete",
            DeviceType::IntegratedGpu => "integrated",
            DeviceType::VirtualGpu => "virtual",
            _ => "other",
        }
    }

    /// Lower is better; the reason if the choice excludes the adapter.
    fn rank(&self, index: usize, choice: Choice) -> Result<(u8, u8, usize), String> {
        if self.backend == Backend::Gl && self.software() {
            // Thousands of times slower than the processor itself: it looks like a hang.
            return Err("software OpenGL is never used".into());
        }
        let named = match choice {
            Choice::Any if self.software() => return Err("software; only used when named".into()),
            Choice::Any => true,
            Choice::Named(name) => self.name.to_lowercase().contains(&name.to_lowercase()),
            Choice::Number(n) => n == index,
            Choice::At(place) => self.address == Some(place),
        };
        if !named {
            return Err("not the one that was named".into());
        }
        if let Some(variable) = self.withheld {
            return Err(format!("{variable} does not give it to this process"));
        }
        let kind = match self.device_type {
            DeviceType::DiscreteGpu => 0,
            DeviceType::IntegratedGpu => 1,
            DeviceType::VirtualGpu => 2,
            DeviceType::Other => 3,
            DeviceType::Cpu => 4,
        };
        let backend = match self.backend {
            Backend::Metal | Backend::Dx12 => 0,
            Backend::Vulkan => 1,
            _ => 2,
        };
        Ok((kind, backend, index))
    }
}

/// The place of the best candidate.
fn best(candidates: &[Candidate], choice: Choice) -> Option<usize> {
    let choice = choice.resolve(candidates.len());
    let ranked = candidates.iter().enumerate();
    ranked
        .filter_map(|(i, c)| c.rank(i, choice).ok())
        .min()
        .map(|(_, _, i)| i)
}

/// Every adapter of this machine, in a fixed order. Empty without drivers or loader, or where a driver breaks.
fn enumerate() -> Vec<Adapter> {
    let listing = || {
        let mut descriptor = wgpu::InstanceDescriptor::new_without_display_handle();
        // OpenGL only on request (`WGPU_BACKEND=gl`): its libraries write to stderr even where there is nothing.
        let usual = Backends::VULKAN | Backends::METAL | Backends::DX12;
        descriptor.backends = Backends::from_env().unwrap_or(usual);
        descriptor.flags = wgpu::InstanceFlags::empty();
        let backends = descriptor.backends;
        let instance = wgpu::Instance::new(descriptor);
        pollster::block_on(instance.enumerate_adapters(backends))
    };
    // Drivers are foreign code; one that breaks while being listed must not take the run with it.
    let mut adapters = std::panic::catch_unwind(listing).unwrap_or_default();
    adapters.sort_by_cached_key(|a| {
        let info = a.get_info();
        (
            info.backend.to_str(),
            info.name.clone(),
            info.device_pci_bus_id,
        )
    });
    adapters
}

/// Every adapter and what the choice makes of it.
pub fn survey(choice: Option<Choice>) -> Vec<AdapterReport> {
    let infos: Vec<AdapterInfo> = enumerate().iter().map(Adapter::get_info).collect();
    let candidates = Candidate::all(&infos);
    let chosen = choice.and_then(|c| best(&candidates, c));
    infos
        .iter()
        .zip(&candidates)
        .enumerate()
        .map(|(index, (info, c))| AdapterReport {
            index,
            name: info.name.clone(),
            backend: info.backend.to_str().to_owned(),
            kind: c.kind(),
            driver: format!("{} {}", info.driver, info.driver_info)
                .trim()
                .to_owned(),
            pci: c.address.map_or_else(String::new, |a| a.to_string()),
            vendor: c.vendor,
            chosen: chosen == Some(index),
            why: match choice.map(|choice| c.rank(index, choice.resolve(infos.len()))) {
                None => "the processor was asked for".into(),
                Some(Err(why)) => why,
                Some(Ok(_)) if chosen == Some(index) => "best that fits".into(),
                Some(Ok(_)) => "another one fits better".into(),
            },
        })
        .collect()
}

/// The adapter for a choice.
///
/// # Errors
/// [`GpuError::NoAdapter`] with what there is instead.
pub(super) fn find(choice: Choice) -> Result<Adapter, GpuError> {
    let mut adapters = enumerate();
    let infos: Vec<AdapterInfo> = adapters.iter().map(Adapter::get_info).collect();
    let candidates = Candidate::all(&infos);
    if let Some(i) = best(&candidates, choice) {
        return Ok(adapters.swap_remove(i));
    }
    let asked = match choice {
        Choice::Any => "no GPU found".to_owned(),
        Choice::Named(name) => format!("no usable adapter is named `{name}`"),
        Choice::Number(n) => format!("no usable adapter has number {n}"),
        Choice::At(place) => format!("no usable adapter is at {place}"),
    };
    let list: Vec<String> = candidates
        .iter()
        .map(|c| {
            let withheld = c
                .withheld
                .map_or_else(String::new, |v| format!(", not given by {v}"));
            let (kind, backend) = (c.kind(), c.backend.to_str());
            format!("`{}` ({kind}, {backend}{withheld})", c.name)
        })
        .collect();
    let there = if list.is_empty() {
        "this machine shows none: is a driver installed?".to_owned()
    } else {
        format!("this machine has {}", list.join(", "))
    };
    Err(GpuError::NoAdapter(format!("{asked}; {there}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidate(name: &str, backend: Backend, device_type: DeviceType) -> Candidate {
        Candidate {
            name: name.into(),
            backend,
            device_type,
            vendor: 0x10de,
            address: None,
            withheld: None,
        }
    }

    fn machine() -> Vec<Candidate> {
        use DeviceType::{Cpu, DiscreteGpu, IntegratedGpu, Other};
        vec![
            candidate("llvmpipe (LLVM 15)", Backend::Gl, Cpu),
            candidate("llvmpipe (LLVM 15)", Backend::Vulkan, Cpu),
            candidate("Chip 12", Backend::Vulkan, IntegratedGpu),
            candidate("Card 9000", Backend::Gl, DiscreteGpu),
            candidate("Card 9000", Backend::Vulkan, DiscreteGpu),
            candidate("softpipe", Backend::Gl, Other),
        ]
    }

    #[test]
    fn any_takes_the_best_real_gpu_and_never_software() {
        let all = machine();
        assert_eq!(best(&all, Choice::Any), Some(4));
        assert_eq!(best(&all[..3], Choice::Any), Some(2));
        assert_eq!(best(&all[..2], Choice::Any), None);
        assert_eq!(best(&all[5..], Choice::Any), None);
        assert_eq!(best(&[], Choice::Any), None);
    }

    #[test]
    fn a_name_may_take_software_vulkan_but_never_software_gl() {
        let all = machine();
        assert_eq!(best(&all, Choice::Named("LLVMpipe")), Some(1));
        assert_eq!(best(&all[..1], Choice::Named("llvmpipe")), None);
        assert_eq!(best(&all, Choice::Named("softpipe")), None);
        assert_eq!(best(&all, Choice::Named("0")), None);
        assert_eq!(best(&all, Choice::Named("2")), Some(2));
        assert_eq!(best(&all, Choice::Named("9000")), Some(4));
        assert_eq!(best(&all, Choice::Named("card")), Some(4));
        assert_eq!(best(&all, Choice::Named("none such")), None);
    }

    #[test]
    fn a_place_or_number_takes_that_one_unless_it_is_somebody_elses() {
        let mut all = machine();
        all[2].address = Address::parse("0000:3b:00.0");
        let named = |name, all: &[Candidate]| best(all, Choice::Named(name));
        assert_eq!(named("3B:00.0", &all), Some(2));
        assert_eq!(named("3c:00.0", &all), None);
        all[2].withheld = Some("CUDA_VISIBLE_DEVICES");
        assert_eq!(named("3b:00.0", &all), None);
        assert_eq!(named("2", &all), None);
        assert_eq!(named("chip", &all), None);
        assert_eq!(best(&all[..3], Choice::Any), None);
        let why = all[2].rank(2, Choice::Any).unwrap_err();
        assert!(why.contains("CUDA_VISIBLE_DEVICES"), "{why}");
    }

    #[test]
    fn the_survey_says_why_for_every_adapter() {
        for choice in [None, Some(Choice::Any), Some(Choice::Named("no such card"))] {
            let list = survey(choice);
            assert!(list.iter().filter(|a| a.chosen).count() <= 1);
            for a in &list {
                assert!(!a.why.is_empty());
                assert!(!(a.chosen && a.kind == "software"));
            }
        }
        assert!(matches!(
            find(Choice::Named("no such card")),
            Err(GpuError::NoAdapter(m)) if m.contains("no such card")
        ));
    }
}
