//! Which adapters a scheduler or container gave to this process.
//!
//! Takes the variables that schedulers set for their vendors' own interfaces, and the adapters that Vulkan shows; says for each
//! adapter which variable withholds it. Vulkan itself asks none of them, so a process that took the first adapter would sit
//! on its neighbour's.
//!
//! Numbers count the adapters of a vendor by PCI address, as `nvidia-smi` does. Where no more adapters are visible than were
//! given, the others are hidden already (cgroups, containers) and numbers mean nothing any more. What cannot be understood
//! gives nothing: better the processor than somebody else's device.

use std::fmt;
use std::path::Path;

/// A place on the PCI bus.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Address {
    domain: u32,
    bus: u8,
    device: u8,
    function: u8,
}

impl Address {
    /// Reads `domain:bus:device.function` in hexadecimal; domain and function may be left out.
    pub fn parse(text: &str) -> Option<Address> {
        let (place, function) = match text.trim().split_once('.') {
            Some((place, function)) => (place, hex(function, 1)?),
            None => (text.trim(), 0),
        };
        let parts: Vec<&str> = place.split(':').collect();
        let (domain, bus, device) = match parts.as_slice() {
            [domain, bus, device] => (hex(domain, 8)?, bus, device),
            [bus, device] => (0, bus, device),
            _ => return None,
        };
        Some(Address {
            domain,
            bus: hex(bus, 2)? as u8,
            device: hex(device, 2)? as u8,
            function: function as u8,
        })
    }
}

fn hex(text: &str, digits: usize) -> Option<u32> {
    let fits = (1..=digits).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_hexdigit());
    fits.then(|| u32::from_str_radix(text, 16).ok()).flatten()
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Address {
            domain,
            bus,
            device,
            function,
        } = self;
        write!(f, "{domain:04x}:{bus:02x}:{device:02x}.{function:x}")
    }
}

/// What of an adapter counts here.
#[derive(Clone, Copy, Debug)]
pub struct Seen {
    /// PCI vendor.
    pub vendor: u32,
    /// Where it is; `None` where the driver does not say.
    pub address: Option<Address>,
}

/// Vendors and the variables that give their devices, the first one that is set counts.
const VARIABLES: [(u32, &[&str]); 3] = [
    (
        0x10de,
        &["CUDA_VISIBLE_DEVICES", "SLURM_STEP_GPUS", "SLURM_JOB_GPUS"],
    ),
    (
        0x1002,
        &[
            "ROCR_VISIBLE_DEVICES",
            "HIP_VISIBLE_DEVICES",
            "GPU_DEVICE_ORDINAL",
            "SLURM_STEP_GPUS",
            "SLURM_JOB_GPUS",
        ],
    ),
    (
        0x8086,
        &["ZE_AFFINITY_MASK", "SLURM_STEP_GPUS", "SLURM_JOB_GPUS"],
    ),
];

/// For each adapter the variable that withholds it. `variable` reads one, `uuid` finds the NVIDIA device with a UUID.
pub fn withheld(
    seen: &[Seen],
    variable: &dyn Fn(&str) -> Option<String>,
    uuid: &dyn Fn(&str) -> Option<Address>,
) -> Vec<Option<&'static str>> {
    let mut out = vec![None; seen.len()];
    for (vendor, names) in VARIABLES {
        let set = names.iter().find_map(|n| Some((*n, variable(n)?)));
        let Some((name, value)) = set else { continue };
        let mut mine: Vec<usize> = (0..seen.len())
            .filter(|&i| seen.get(i).is_some_and(|s| s.vendor == vendor))
            .collect();
        mine.sort_by_key(|&i| seen.get(i).and_then(|s| s.address));
        let given: Vec<&str> = value
            .split(',')
            .map(str::trim)
            .filter(|e| !e.is_empty())
            .collect();
        let numbers: Option<Vec<usize>> = given.iter().map(|e| first_number(e)).collect();
        let hidden_already = numbers.as_ref().is_some_and(|n| mine.len() <= n.len());
        for (number, &i) in mine.iter().enumerate() {
            let address = seen.get(i).and_then(|s| s.address);
            let ok = match &numbers {
                _ if given.is_empty() => false,
                Some(numbers) => hidden_already || numbers.contains(&number),
                None => address.is_some() && given.iter().any(|e| uuid(e) == address),
            };
            if let (false, Some(slot)) = (ok, out.get_mut(i)) {
                *slot = Some(name);
            }
        }
    }
    out
}

/// `2`, or the device of a part of it as `2.0`.
fn first_number(entry: &str) -> Option<usize> {
    entry.split('.').next()?.parse().ok()
}

/// The NVIDIA device with a UUID (or the start of one), from what its kernel driver tells.
pub fn nvidia_uuid(gpus: &Path, wanted: &str) -> Option<Address> {
    let wanted = wanted.to_lowercase();
    let mut found = None;
    for entry in std::fs::read_dir(gpus).ok()?.flatten() {
        let text = std::fs::read_to_string(entry.path().join("information")).unwrap_or_default();
        let uuid = text
            .lines()
            .find_map(|l| l.strip_prefix("GPU UUID:"))
            .map(|u| u.trim().to_lowercase());
        if uuid.is_some_and(|u| u.starts_with(&wanted)) {
            if found.is_some() {
                return None; // the start of several
            }
            found = Address::parse(&entry.file_name().to_string_lossy());
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Option<Address> {
        Address::parse(text)
    }

    #[test]
    fn addresses_are_read_as_tools_write_them() {
        for text in ["0000:3b:00.0", "00000000:3B:00.0", "3b:00.0", "3B:0"] {
            assert_eq!(at(text).unwrap().to_string(), "0000:3b:00.0", "{text}");
        }
        for text in [
            "", "3b", "0", "card", "3b:00.10", "3b:+1.0", "a:b:c:d", "123:00.0", ":.",
        ] {
            assert_eq!(at(text), None, "{text}");
        }
    }

    /// Three of one vendor, listed out of order, and one of another.
    fn machine() -> Vec<Seen> {
        [
            (0x10de, "81:00.0"),
            (0x10de, "3b:00.0"),
            (0x1002, "05:00.0"),
            (0x10de, "b1:00.0"),
        ]
        .map(|(vendor, address)| Seen {
            vendor,
            address: at(address),
        })
        .to_vec()
    }

    fn given(seen: &[Seen], set: &[(&str, &str)]) -> Vec<bool> {
        let variable = |name: &str| {
            let found = set.iter().find(|(n, _)| *n == name);
            found.map(|(_, v)| (*v).to_owned())
        };
        let uuid = |u: &str| (u == "GPU-1").then(|| at("81:00.0")).flatten();
        withheld(seen, &variable, &uuid)
            .iter()
            .map(Option::is_none)
            .collect()
    }

    #[test]
    fn numbers_count_by_address_and_only_for_their_vendor() {
        let all = machine();
        assert_eq!(given(&all, &[]), [true; 4]);
        assert_eq!(
            given(&all, &[("CUDA_VISIBLE_DEVICES", "0")]),
            [false, true, true, false]
        );
        assert_eq!(
            given(&all, &[("CUDA_VISIBLE_DEVICES", "1, 2")]),
            [true, false, true, true]
        );
        assert_eq!(
            given(
                &all,
                &[("SLURM_JOB_GPUS", "0"), ("CUDA_VISIBLE_DEVICES", "2")]
            ),
            [false, false, true, true]
        );
        assert_eq!(
            given(&all, &[("ROCR_VISIBLE_DEVICES", "")]),
            [true, true, false, true]
        );
    }

    #[test]
    fn what_is_hidden_already_is_not_counted_again() {
        let one = &machine()[..1];
        assert_eq!(given(one, &[("SLURM_JOB_GPUS", "5")]), [true]);
        assert_eq!(given(one, &[("CUDA_VISIBLE_DEVICES", "-1")]), [false]);
        assert_eq!(
            given(one, &[("CUDA_VISIBLE_DEVICES", "NoDevFiles")]),
            [false]
        );
    }

    #[test]
    fn uuids_are_looked_up_and_unknown_ones_give_nothing() {
        let all = machine();
        assert_eq!(
            given(&all, &[("CUDA_VISIBLE_DEVICES", "GPU-1")]),
            [true, false, true, false]
        );
        assert_eq!(
            given(&all, &[("CUDA_VISIBLE_DEVICES", "MIG-9")]),
            [false, false, true, false]
        );
        let gpus = tempfile::tempdir().unwrap();
        for (place, uuid) in [("0000:3b:00.0", "GPU-aa11"), ("0000:81:00.0", "GPU-ab22")] {
            let folder = gpus.path().join(place);
            std::fs::create_dir(&folder).unwrap();
            let text = format!("Model: \t Example\nGPU UUID: \t {uuid}\n");
            std::fs::write(folder.join("information"), text).unwrap();
        }
        assert_eq!(nvidia_uuid(gpus.path(), "GPU-AB22"), at("81:00.0"));
        assert_eq!(nvidia_uuid(gpus.path(), "GPU-aa"), at("3b:00.0"));
        assert_eq!(nvidia_uuid(gpus.path(), "GPU-a"), None);
        assert_eq!(nvidia_uuid(gpus.path(), "GPU-cc"), None);
    }
}
