//! Why a graphics processor that the system shows has no Vulkan adapter (Linux).
//!
//! Looks at PCI devices, device nodes, the Vulkan loader and its driver files; says what is missing, one sentence for each
//! vendor that is there and has no adapter. It only looks: a sentence is a hint where to begin, not a proof.

use super::AdapterReport;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// The loader, as wgpu asks for it.
const LOADER: &str = "libvulkan.so.1";
/// Where systems keep libraries, below the root.
const LIBRARIES: [&str; 10] = [
    "lib",
    "lib64",
    "usr/lib",
    "usr/lib64",
    "usr/local/lib",
    "usr/local/nvidia/lib64",
    "lib/x86_64-linux-gnu",
    "usr/lib/x86_64-linux-gnu",
    "lib/aarch64-linux-gnu",
    "usr/lib/aarch64-linux-gnu",
];
/// Where drivers are announced to the loader.
const DRIVERS: [&str; 4] = [
    "usr/share/vulkan/icd.d",
    "etc/vulkan/icd.d",
    "usr/local/share/vulkan/icd.d",
    "usr/local/etc/vulkan/icd.d",
];

/// A maker of graphics processors.
struct Maker {
    vendor: u32,
    name: &'static str,
    /// Device nodes begin so, below `/dev`.
    nodes: &'static str,
    /// Words in the driver's library.
    libraries: &'static [&'static str],
    /// What brings the driver.
    package: &'static str,
}

const MAKERS: [Maker; 3] = [
    Maker {
        vendor: 0x10de,
        name: "NVIDIA",
        nodes: "nvidia",
        libraries: &["GLX_nvidia", "EGL_nvidia", "nvidia", "nouveau"],
        package: "the Vulkan part of NVIDIA's driver (Debian: nvidia-vulkan-icd), of the kernel driver's version",
    },
    Maker {
        vendor: 0x1002,
        name: "AMD",
        nodes: "dri/renderD",
        libraries: &["radeon", "amdvlk"],
        package: "mesa's RADV (Debian: mesa-vulkan-drivers)",
    },
    Maker {
        vendor: 0x8086,
        name: "Intel",
        nodes: "dri/renderD",
        libraries: &["vulkan_intel"],
        package: "mesa's ANV (Debian: mesa-vulkan-drivers)",
    },
];

/// What is missing, for every vendor whose processors the system shows and no adapter covers.
pub fn hints(adapters: &[AdapterReport]) -> Vec<String> {
    if !cfg!(target_os = "linux") {
        return Vec::new();
    }
    let vendors = adapters
        .iter()
        .filter(|a| a.kind != "software")
        .map(|a| a.vendor);
    look(Path::new("/"), &vendors.collect(), &|name| {
        std::env::var(name).ok()
    })
}

fn look(
    root: &Path,
    covered: &BTreeSet<u32>,
    variable: &dyn Fn(&str) -> Option<String>,
) -> Vec<String> {
    let places = displays(root);
    MAKERS
        .iter()
        .filter(|m| !covered.contains(&m.vendor))
        .filter_map(|maker| {
            let on_bus = places.get(&maker.vendor);
            let nodes = nodes(root, maker);
            // Render nodes say no vendor; a device of NVIDIA may be shown by its nodes alone.
            let shown = match (on_bus, maker.vendor) {
                (Some(places), _) => places.join(", "),
                (None, 0x10de) if !nodes.is_empty() => "device nodes only".to_owned(),
                _ => return None,
            };
            let why = why(root, maker, &nodes, variable);
            Some(format!(
                "{} ({shown}) has no Vulkan adapter: {why}",
                maker.name
            ))
        })
        .collect()
}

/// The first thing that is missing on the way from the device to an adapter.
fn why(
    root: &Path,
    maker: &Maker,
    nodes: &[PathBuf],
    variable: &dyn Fn(&str) -> Option<String>,
) -> String {
    let boxed = ["run/.containerenv", ".dockerenv"]
        .iter()
        .any(|f| root.join(f).exists());
    let libraries = libraries(root, variable);
    if let Some(only) = variable("WGPU_BACKEND").filter(|b| !b.to_lowercase().contains("vulkan")) {
        return format!("WGPU_BACKEND={only} leaves Vulkan out");
    }
    if nodes.is_empty() {
        return match boxed {
            true => format!(
                "the container has no /dev/{}*: pass the device in",
                maker.nodes
            ),
            false => format!(
                "there is no /dev/{}*: no kernel driver has taken it",
                maker.nodes
            ),
        };
    }
    if !nodes.iter().any(|n| may_open(n)) {
        let node = maker.nodes;
        return format!("/dev/{node}* cannot be opened by this user (group `render` or `video`)");
    }
    if !libraries.iter().any(|l| l.join(LOADER).exists()) {
        return format!("the Vulkan loader {LOADER} is missing (Debian: libvulkan1)");
    }
    let announced = announced(root, variable);
    let mine: Vec<&String> = announced
        .iter()
        .filter(|l| maker.libraries.iter().any(|w| l.contains(w)))
        .collect();
    let is_there = |library: &&&String| {
        let path = Path::new(library.as_str());
        match path.is_absolute() {
            true => root.join(path.strip_prefix("/").unwrap_or(path)).exists(),
            false => libraries.iter().any(|l| l.join(path).exists()),
        }
    };
    let missing = mine.iter().find(|l| !is_there(l));
    let graphics = variable("NVIDIA_DRIVER_CAPABILITIES").map_or_else(
        || !boxed,
        |c| {
            c.split(',')
                .any(|c| matches!(c.trim(), "all" | "graphics" | "display"))
        },
    );
    match (mine.is_empty(), missing) {
        (false, None) => {
            "its driver is announced and gives none; kernel driver and library may be of different \
            versions (`VK_LOADER_DEBUG=error unburn doctor` says more)"
                .into()
        }
        _ if maker.vendor == 0x10de && !graphics => {
            "the container was started without the graphics capability: \
            NVIDIA_DRIVER_CAPABILITIES must hold `graphics` or `all`"
                .into()
        }
        (false, Some(library)) => format!(
            "the driver's library {library} is missing: install {}",
            maker.package
        ),
        (true, _) => format!(
            "no driver for it is announced in vulkan/icd.d: install {}",
            maker.package
        ),
    }
}

/// Display controllers and processing accelerators on the PCI bus, by vendor.
fn displays(root: &Path) -> BTreeMap<u32, Vec<String>> {
    let mut found: BTreeMap<u32, Vec<String>> = BTreeMap::new();
    for entry in entries(&root.join("sys/bus/pci/devices")) {
        let read = |name: &str| {
            let text = fs::read_to_string(entry.join(name)).ok()?;
            u32::from_str_radix(text.trim().trim_start_matches("0x"), 16).ok()
        };
        let (Some(class), Some(vendor)) = (read("class"), read("vendor")) else {
            continue;
        };
        if matches!(class >> 16, 0x03 | 0x12) {
            let place = entry.file_name().unwrap_or_default().to_string_lossy();
            found.entry(vendor).or_default().push(place.into_owned());
        }
    }
    found
}

/// Device nodes of single processors: `nvidia0`, not `nvidiactl`.
fn nodes(root: &Path, maker: &Maker) -> Vec<PathBuf> {
    let pattern = Path::new("dev").join(maker.nodes);
    let start = pattern.file_name().unwrap_or_default().to_string_lossy();
    let folder = pattern.parent().unwrap_or(Path::new("dev"));
    let is_one = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let number = name.strip_prefix(start.as_ref()).unwrap_or_default();
        !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit())
    };
    let mut nodes = entries(&root.join(folder));
    nodes.retain(is_one);
    nodes
}

fn may_open(node: &Path) -> bool {
    let mut options = fs::OpenOptions::new();
    options.read(true).write(true).open(node).is_ok()
}

/// Folders in which libraries are looked for.
fn libraries(root: &Path, variable: &dyn Fn(&str) -> Option<String>) -> Vec<PathBuf> {
    let own = variable("LD_LIBRARY_PATH").unwrap_or_default();
    let own = std::env::split_paths(&own).map(|p| root.join(p.strip_prefix("/").unwrap_or(&p)));
    own.chain(LIBRARIES.iter().map(|l| root.join(l))).collect()
}

/// Libraries of the drivers that the loader would find.
fn announced(root: &Path, variable: &dyn Fn(&str) -> Option<String>) -> Vec<String> {
    let named = ["VK_DRIVER_FILES", "VK_ICD_FILENAMES"]
        .iter()
        .find_map(|n| variable(n));
    let files: Vec<PathBuf> = match named {
        Some(list) => std::env::split_paths(&list)
            .map(|p| root.join(p.strip_prefix("/").unwrap_or(&p)))
            .collect(),
        None => DRIVERS
            .iter()
            .flat_map(|d| entries(&root.join(d)))
            .collect(),
    };
    let library = |file: &PathBuf| {
        let text = fs::read_to_string(file).ok()?;
        let json: serde_json::Value = serde_json::from_str(&text).ok()?;
        Some(json.pointer("/ICD/library_path")?.as_str()?.to_owned())
    };
    files.iter().filter_map(library).collect()
}

/// What is in a folder, sorted; nothing where it cannot be read.
fn entries(folder: &Path) -> Vec<PathBuf> {
    let mut all: Vec<PathBuf> = fs::read_dir(folder)
        .map(|dir| dir.flatten().map(|e| e.path()).collect())
        .unwrap_or_default();
    all.sort();
    all
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    struct Machine(tempfile::TempDir);

    impl Machine {
        /// A machine with one NVIDIA processor on its bus, and nothing else.
        fn new() -> Machine {
            let m = Machine(tempfile::tempdir().unwrap());
            m.put("sys/bus/pci/devices/0000:3b:00.0/class", "0x030200\n");
            m.put("sys/bus/pci/devices/0000:3b:00.0/vendor", "0x10de\n");
            m.put("sys/bus/pci/devices/0000:00:1f.0/class", "0x060100\n");
            m.put("sys/bus/pci/devices/0000:00:1f.0/vendor", "0x8086\n");
            m
        }

        fn put(&self, path: &str, text: &str) {
            let path = self.0.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }

        fn says(&self, set: &[(&str, &str)]) -> Vec<String> {
            let variable = |name: &str| {
                let found = set.iter().find(|(n, _)| *n == name);
                found.map(|(_, v)| (*v).to_owned())
            };
            look(self.0.path(), &BTreeSet::new(), &variable)
        }
    }

    #[test]
    fn the_first_thing_that_is_missing_is_told() {
        let m = Machine::new();
        let says = |set: &[(&str, &str)], words: &str| {
            let got = m.says(set);
            assert_eq!(got.len(), 1, "{got:?}");
            assert!(got[0].starts_with("NVIDIA (0000:3b:00.0)"), "{got:?}");
            assert!(got[0].contains(words), "{words}: {got:?}");
        };
        says(&[], "no kernel driver");
        m.put("dev/nvidiactl", "");
        says(&[], "no kernel driver");
        m.put("dev/nvidia0", "");
        says(&[], LOADER);
        m.put("usr/lib64/libvulkan.so.1", "");
        says(&[], "no driver for it is announced");
        m.put(".dockerenv", "");
        says(&[], "without the graphics capability");
        says(
            &[("NVIDIA_DRIVER_CAPABILITIES", "compute,utility")],
            "graphics capability",
        );
        says(&[("NVIDIA_DRIVER_CAPABILITIES", "all")], "is announced");
        let driver = r#"{"ICD": {"library_path": "libGLX_nvidia.so.0"}}"#;
        m.put("etc/vulkan/icd.d/nvidia_icd.json", driver);
        says(
            &[("NVIDIA_DRIVER_CAPABILITIES", "all")],
            "libGLX_nvidia.so.0 is missing",
        );
        m.put("opt/driver/libGLX_nvidia.so.0", "");
        says(&[("LD_LIBRARY_PATH", "/opt/driver")], "different versions");
        says(
            &[
                ("VK_ICD_FILENAMES", "/none.json"),
                ("NVIDIA_DRIVER_CAPABILITIES", "all"),
            ],
            "is announced",
        );
        says(&[("WGPU_BACKEND", "gl")], "leaves Vulkan out");
    }

    #[test]
    fn vendors_with_an_adapter_and_machines_without_processors_are_silent() {
        let m = Machine::new();
        let covered = BTreeSet::from([0x10de]);
        assert!(look(m.0.path(), &covered, &|_| None).is_empty());
        fs::remove_dir_all(m.0.path().join("sys")).unwrap();
        assert!(m.says(&[]).is_empty());
        m.put("dev/nvidia0", "");
        assert!(m.says(&[])[0].contains("device nodes only"));
        m.put("dev/dri/renderD128", "");
        assert_eq!(m.says(&[]).len(), 1);
    }
}
