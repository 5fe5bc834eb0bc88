//! Keeps the import rules of the library (`src/lib.rs`): imports point down, one module per outside world, no printing.
//!
//! A new module needs a place in [`LAYERS`]; a new outside crate that belongs to one module needs a row in [`OWNERS`].
//! Tests inside `src/` are not looked at: they may use what they like.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

/// Layers from the top down. A module may use modules of layers below its own. Modules of one layer do not use each other,
/// except in the last one, where a module may use those that stand before it.
const LAYERS: &[&[&str]] = &[
    &["main"],
    &["cli"],
    &["review"],
    &["batch"],
    &["redact"],
    &["detect", "ocr", "phi", "dicom"],
    &["gpu", "codec"],
    &["stage", "exact"],
    &[
        "geometry",
        "outcome",
        "error",
        "models",
        "key",
        "profile",
        "optout",
        "idmap",
        "subjects",
        "config",
        "frame",
        "line",
        "facts",
        "templates",
        "risk",
        "site",
        "plan",
        "report",
        "views",
        "mask",
        "preview",
        "deface",
    ],
];

/// Edges that are not there although the layers would allow them.
const FORBIDDEN: &[(&str, &str)] = &[
    ("ocr", "gpu"),
    ("phi", "gpu"),
    ("dicom", "gpu"),
    ("redact", "gpu"),
    ("redact", "stage"),
    ("redact", "exact"),
    ("gpu", "exact"),
    ("codec", "stage"),
];

/// Which module alone may name a crate (or call a macro, for those that end in `!`).
const OWNERS: &[(&str, &str)] = &[
    ("dicom_core", "dicom"),
    ("dicom_dictionary_std", "dicom"),
    ("dicom_encoding", "dicom"),
    ("dicom_object", "dicom"),
    ("dicom_transfer_syntax_registry", "dicom"),
    ("jpeg_decoder", "dicom"),
    ("jpeg2k", "dicom"),
    ("jxl_oxide", "dicom"),
    ("openjp2", "dicom"),
    ("zune_core", "dicom"),
    ("zune_jpegxl", "dicom"),
    ("hayro", "codec"),
    ("libc", "codec"),
    ("wgpu", "gpu"),
    ("pollster", "gpu"),
    ("ocrs", "ocr"),
    ("rten", "ocr"),
    ("rten_tensor", "ocr"),
    ("rusqlite", "batch"),
    ("tar", "batch"),
    ("zip", "batch"),
    ("axum", "review"),
    ("tokio", "review"),
    ("clap", "cli"),
    ("clap_complete", "cli"),
    ("clap_mangen", "cli"),
    ("ctrlc", "cli"),
    ("indicatif", "cli"),
    ("print!", "cli"),
    ("println!", "cli"),
    ("eprint!", "cli"),
    ("eprintln!", "cli"),
    ("dbg!", "nobody"),
    ("todo!", "nobody"),
    ("unimplemented!", "nobody"),
];

/// One source file: the module it belongs to, and its code without comments, texts and tests.
struct Source {
    path: PathBuf,
    /// Relative to `src/`.
    shown: String,
    module: String,
    code: String,
}

#[test]
fn imports_point_down() {
    let mut faults = String::new();
    for source in sources() {
        for used in used_modules(&source.code) {
            if let Err(why) = may_use(&source.module, &used) {
                let path = &source.shown;
                let _ = writeln!(
                    faults,
                    "src/{path}: `{}` uses `{used}`: {why}",
                    source.module
                );
            }
        }
    }
    assert!(faults.is_empty(), "imports must point down:\n{faults}");
}

#[test]
fn one_module_per_outside_world() {
    let mut faults = String::new();
    for source in sources() {
        for (name, owner) in OWNERS {
            if source.module != *owner && names(&source.code, name) {
                let path = &source.shown;
                let _ = writeln!(faults, "src/{path}: `{name}` belongs to `{owner}` alone");
            }
        }
    }
    assert!(faults.is_empty(), "outside worlds leak:\n{faults}");
}

#[test]
fn the_test_sees_what_it_looks_for() {
    let text = "use crate::{geometry::Rect, plan::{Plan, Item}};\n// crate::cli\nlet s = \"crate::batch\";\n\
        #[cfg(test)]\nmod tests { use crate::redact; fn f() { let c = '}'; } }\nfn g() { crate::mask::fill() }\n";
    let code = strip(text);
    let mut used = used_modules(&code);
    used.sort();
    assert_eq!(used, ["geometry", "mask", "plan"]);
    assert!(may_use("plan", "geometry").is_ok());
    assert!(may_use("geometry", "plan").is_err());
    assert!(may_use("phi", "ocr").is_err());
    assert!(may_use("detect", "gpu").is_ok());
    assert!(may_use("phi", "gpu").is_err());
    assert!(may_use("phi", "novelty").is_err());
    assert!(names("use wgpu::Device;", "wgpu"));
    assert!(!names("use my_wgpu::Device;", "wgpu"));
    assert!(names("fn f() { println!(); }", "println!"));
    assert!(!names("fn f() { eprintln!(); }", "println!"));
}

fn place(module: &str) -> Option<(usize, usize)> {
    LAYERS.iter().enumerate().find_map(|(layer, modules)| {
        let at = modules.iter().position(|m| *m == module)?;
        Some((layer, at))
    })
}

fn may_use(module: &str, used: &str) -> Result<(), String> {
    if module == used {
        return Ok(());
    }
    let missing = |m: &str| format!("`{m}` has no place in LAYERS of tests/layers.rs");
    let (layer, at) = place(module).ok_or_else(|| missing(module))?;
    let (used_layer, used_at) = place(used).ok_or_else(|| missing(used))?;
    if FORBIDDEN.contains(&(module, used)) {
        return Err("this pair is forbidden".into());
    }
    let last = layer + 1 == LAYERS.len();
    if used_layer > layer || last && used_layer == layer && used_at < at {
        return Ok(());
    }
    Err("it stands above or beside it".into())
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    collect(&root, &mut files);
    assert!(files.len() > 10, "found only {} source files", files.len());
    let mut out = Vec::new();
    let mut test_only = Vec::new();
    for path in files {
        let relative = path.strip_prefix(&root).unwrap().to_path_buf();
        let top = relative.components().next().unwrap().as_os_str();
        let module = Path::new(top).file_stem().unwrap().to_string_lossy();
        let text = fs::read_to_string(&path).unwrap();
        for name in test_modules(&text) {
            let folder = match path.file_name().unwrap().to_str() {
                Some("mod.rs" | "lib.rs") => path.parent().unwrap().to_path_buf(),
                _ => path.with_extension(""),
            };
            test_only.push(folder.join(format!("{name}.rs")));
            test_only.push(folder.join(name));
        }
        // lib.rs only names modules; main.rs calls the library.
        if module == "lib" {
            continue;
        }
        out.push(Source {
            module: module.into_owned(),
            code: strip(&text).replace("unburn::", "crate::"),
            path,
            shown: relative.display().to_string(),
        });
    }
    // A module for tests takes what lies in its folder with it.
    out.retain(|s| !test_only.iter().any(|t| s.path.starts_with(t)));
    out
}

fn collect(folder: &Path, out: &mut Vec<PathBuf>) {
    let mut entries: Vec<_> = fs::read_dir(folder).unwrap().map(|e| e.unwrap()).collect();
    entries.sort_by_key(|e| e.path());
    for entry in entries {
        let path = entry.path();
        if path.is_dir() {
            collect(&path, out);
        } else if path.extension().is_some_and(|e| e == "rs") {
            out.push(path);
        }
    }
}

/// Names in `#[cfg(test)] mod NAME;`.
fn test_modules(text: &str) -> Vec<String> {
    text.split("#[cfg(test)]")
        .skip(1)
        .filter_map(|rest| {
            let rest = rest.trim_start();
            let rest = rest.strip_prefix("pub(crate) ").unwrap_or(rest);
            let item = rest.strip_prefix("mod ")?;
            let (name, _) = item.split_once(';')?;
            name.chars()
                .all(|c| c.is_alphanumeric() || c == '_')
                .then(|| name.to_string())
        })
        .collect()
}

/// The code without comments, texts, characters and items under `#[cfg(test)]`.
fn strip(text: &str) -> String {
    let code = without_literals(text);
    let mut out = String::new();
    let mut rest = code.as_str();
    while let Some(at) = rest.find("#[cfg(test)]") {
        out.push_str(&rest[..at]);
        rest = &rest[at + "#[cfg(test)]".len()..];
        let mut depth = 0usize;
        let mut end = rest.len();
        for (i, c) in rest.char_indices() {
            match c {
                '{' => depth += 1,
                '}' => depth = depth.saturating_sub(1),
                _ => {}
            }
            if depth == 0 && (c == ';' || c == '}') {
                end = i + 1;
                break;
            }
        }
        rest = &rest[end..];
    }
    out.push_str(rest);
    out
}

fn without_literals(text: &str) -> String {
    let bytes = text.as_bytes();
    let (mut out, mut i) = (String::new(), 0);
    while i < bytes.len() {
        let rest = &bytes[i..];
        if rest.starts_with(b"//") {
            i += rest.iter().position(|b| *b == b'\n').unwrap_or(rest.len());
        } else if rest.starts_with(b"/*") {
            i += text[i..].find("*/").map_or(rest.len(), |n| n + 2);
        } else if rest[0] == b'r' && (rest[1..].starts_with(b"\"") || rest[1..].starts_with(b"#")) {
            let hashes = rest[1..].iter().take_while(|b| **b == b'#').count();
            if rest.get(1 + hashes) != Some(&b'"') {
                out.push('r');
                i += 1;
                continue;
            }
            let close = format!("\"{}", "#".repeat(hashes));
            let body = i + 2 + hashes;
            i = text[body..]
                .find(&close)
                .map_or(bytes.len(), |n| body + n + close.len());
        } else if rest[0] == b'"' {
            i += 1;
            while i < bytes.len() && bytes[i] != b'"' {
                i += if bytes[i] == b'\\' { 2 } else { 1 };
            }
            i += 1;
        } else if rest[0] == b'\'' && rest.len() > 3 && (rest[1] == b'\\' || char_ends(&text[i..]))
        {
            i += 2;
            while i < bytes.len() && bytes[i] != b'\'' {
                i += 1;
            }
            i += 1;
        } else {
            if rest[0].is_ascii() {
                out.push(char::from(rest[0]));
            }
            i += 1;
        }
    }
    out
}

/// Whether a quote starts a character rather than a lifetime.
fn char_ends(text: &str) -> bool {
    text.chars().nth(2) == Some('\'')
}

/// Modules of this crate that the code names, by path or in a `use crate::{…}` tree.
fn used_modules(code: &str) -> Vec<String> {
    let mut out = Vec::new();
    for part in code.split("crate::").skip(1) {
        let part = part.trim_start();
        if let Some(tree) = part.strip_prefix('{') {
            let (mut depth, mut start) = (0, 0);
            for (i, c) in tree.char_indices() {
                match c {
                    '{' => depth += 1,
                    '}' if depth == 0 => {
                        out.extend(first_name(&tree[start..i]));
                        break;
                    }
                    '}' => depth -= 1,
                    ',' if depth == 0 => {
                        out.extend(first_name(&tree[start..i]));
                        start = i + 1;
                    }
                    _ => {}
                }
            }
        } else {
            out.extend(first_name(part));
        }
    }
    out.sort();
    out.dedup();
    out
}

fn first_name(text: &str) -> Option<String> {
    let name: String = text
        .trim_start()
        .chars()
        .take_while(|c| c.is_alphanumeric() || *c == '_')
        .collect();
    let lower = name.chars().next().is_some_and(|c| c.is_lowercase());
    lower.then_some(name)
}

/// Whether the code names a crate in a path, or calls a macro.
fn names(code: &str, name: &str) -> bool {
    let word = |c: char| c.is_alphanumeric() || c == '_';
    code.match_indices(name).any(|(i, _)| {
        let before = code[..i].chars().next_back();
        let after = &code[i + name.len()..];
        let starts = !before.is_some_and(|c| word(c) || c == '.');
        let crate_path = after.trim_start().starts_with("::");
        let whole_use = after.trim_start().starts_with([';', ' ']) && code[..i].ends_with("use ");
        starts && (name.ends_with('!') || crate_path || whole_use)
    })
}
