//! The networks: compiled into the binary, or read from a folder of the same form; checked against their manifest.
//!
//! Takes nothing or a folder; gives the bytes of the text-region network and of the line recogniser, the recogniser's
//! alphabet, and names with SHA-256 for reports. Does not interpret weights: [`crate::detect::network`] and
//! [`crate::ocr`] do.

use crate::error::{Error, Result};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use std::borrow::Cow;
use std::io::Read;
use std::path::Path;

/// Largest model file that is read, bytes.
const MAX_BYTES: u64 = 256 << 20;
const MANIFEST_FILE: &str = "MANIFEST.toml";
const MANIFEST: &str = include_str!("../models/MANIFEST.toml");
/// The compiled-in files by name.
const FILES: [(&str, &[u8]); 3] = [
    ("detector.json", include_bytes!("../models/detector.json")),
    ("reader.exact", include_bytes!("../models/reader.exact")),
    ("alphabet.txt", include_bytes!("../models/alphabet.txt")),
];

/// The parts of `MANIFEST.toml` that the program uses.
#[derive(Deserialize)]
struct Manifest {
    format: u32,
    detector: Entry,
    reader: Entry,
    alphabet: Entry,
}

#[derive(Deserialize)]
struct Entry {
    file: String,
    sha256: String,
}

/// Models whose bytes are those that their manifest names.
#[derive(Clone, Debug)]
pub struct Models {
    detector: Cow<'static, [u8]>,
    reader: Cow<'static, [u8]>,
    alphabet: String,
    hashes: [(&'static str, String); 3],
}

impl Models {
    /// The models compiled into the binary.
    ///
    /// # Errors
    /// [`Error::Model`] if the binary is damaged.
    pub fn embedded() -> Result<Models> {
        Self::load(MANIFEST, |name| {
            FILES
                .iter()
                .find(|(file, _)| *file == name)
                .map(|(_, bytes)| Cow::Borrowed(*bytes))
                .ok_or_else(|| Error::Model(format!("no model file `{name}` in this binary")))
        })
    }

    /// The models of a folder that holds `MANIFEST.toml` and the files it names.
    ///
    /// # Errors
    /// [`Error::Model`] if a file is missing, too large or not the one that the manifest names.
    pub fn from_dir(dir: &Path) -> Result<Models> {
        let manifest = read_limited(&dir.join(MANIFEST_FILE))?;
        let manifest = String::from_utf8(manifest)
            .map_err(|_| Error::Model(format!("`{MANIFEST_FILE}` is not UTF-8")))?;
        Self::load(&manifest, |name| {
            read_limited(&dir.join(name)).map(Cow::Owned)
        })
    }

    /// The folder's models if one is given, else those compiled in.
    ///
    /// # Errors
    /// See [`Models::from_dir`].
    pub fn open(dir: Option<&Path>) -> Result<Models> {
        dir.map_or_else(Self::embedded, Self::from_dir)
    }

    fn load(
        manifest: &str,
        mut bytes: impl FnMut(&str) -> Result<Cow<'static, [u8]>>,
    ) -> Result<Models> {
        let m: Manifest = toml::from_str(manifest).map_err(|e| {
            Error::Model(format!(
                "`{MANIFEST_FILE}` cannot be understood: {}",
                e.message()
            ))
        })?;
        if m.format != 1 {
            return Err(Error::Model(format!(
                "`{MANIFEST_FILE}` has format {}, this version reads format 1",
                m.format
            )));
        }
        let mut checked = |name: &'static str, entry: &Entry| {
            // A manifest names files beside itself, nothing else.
            if entry.file.is_empty() || entry.file.contains(['/', '\\', ':']) || entry.file == ".."
            {
                return Err(Error::Model(format!(
                    "`{MANIFEST_FILE}` must name a plain file for `{name}`"
                )));
            }
            let data = bytes(&entry.file)?;
            let hash = hex(&Sha256::digest(&data));
            if !hash.eq_ignore_ascii_case(&entry.sha256) {
                return Err(Error::Model(format!(
                    "model `{name}` is not the file that `{MANIFEST_FILE}` names (its SHA-256 is {hash})"
                )));
            }
            Ok((data, (name, hash)))
        };
        let (detector, d) = checked("detector", &m.detector)?;
        let (reader, r) = checked("reader", &m.reader)?;
        let (alphabet, a) = checked("alphabet", &m.alphabet)?;
        let alphabet = std::str::from_utf8(&alphabet)
            .map_err(|_| Error::Model("the reader's alphabet is not UTF-8".into()))?
            .trim_end_matches(['\r', '\n'])
            .to_owned();
        Ok(Models {
            detector,
            reader,
            alphabet,
            hashes: [d, r, a],
        })
    }

    /// The text-region network, as [`crate::detect::network::Network::parse`] takes it.
    pub fn detector(&self) -> &[u8] {
        &self.detector
    }

    /// The line recogniser, as [`crate::ocr::CtcReader::new`] takes it.
    pub fn reader(&self) -> &[u8] {
        &self.reader
    }

    /// The recogniser's characters in the order of its classes; class 0 is the CTC blank, class 1 the first character.
    pub fn alphabet(&self) -> &str {
        &self.alphabet
    }

    /// Whether every model is one of those compiled in, or one whose hash is among `trusted`.
    ///
    /// # Errors
    /// [`Error::Model`] if the binary is damaged.
    pub fn are_trusted<'a>(&self, trusted: impl Iterator<Item = &'a str>) -> Result<bool> {
        let own = Self::embedded()?.hashes;
        let trusted: Vec<&str> = trusted.collect();
        let known = |hash: &(&str, String)| {
            own.contains(hash) || trusted.iter().any(|t| t.eq_ignore_ascii_case(&hash.1))
        };
        Ok(self.hashes.iter().all(known))
    }

    /// `name:sha256` of every model, for reports.
    pub fn names(&self) -> Vec<String> {
        self.hashes
            .iter()
            .map(|(n, h)| format!("{n}:{h}"))
            .collect()
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

fn read_limited(path: &Path) -> Result<Vec<u8>> {
    let fail = |e: std::io::Error| Error::Io {
        action: "reading a model",
        path: path.to_owned(),
        source: e,
    };
    let file = std::fs::File::open(path).map_err(fail)?;
    let mut data = Vec::new();
    file.take(MAX_BYTES + 1)
        .read_to_end(&mut data)
        .map_err(fail)?;
    if data.len() as u64 > MAX_BYTES {
        return Err(Error::Model(format!(
            "a model file is larger than {} MiB",
            MAX_BYTES >> 20
        )));
    }
    Ok(data)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder() -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join(MANIFEST_FILE), MANIFEST).unwrap();
        for (name, bytes) in FILES {
            std::fs::write(dir.path().join(name), bytes).unwrap();
        }
        dir
    }

    #[test]
    fn the_compiled_in_models_are_those_of_the_manifest() {
        let m = Models::embedded().unwrap();
        assert_eq!(m.alphabet().chars().count(), 136);
        assert_eq!(m.names().len(), 3);
        assert!(m.names()[0].starts_with("detector:") && m.names()[0].len() == 9 + 64);
    }

    #[test]
    fn a_folder_gives_the_same_models() {
        let dir = folder();
        let m = Models::open(Some(dir.path())).unwrap();
        assert_eq!(m.names(), Models::embedded().unwrap().names());
    }

    #[test]
    fn one_changed_byte_is_refused() {
        let dir = folder();
        let path = dir.path().join("detector.json");
        let mut bytes = std::fs::read(&path).unwrap();
        bytes[5000] ^= 1;
        std::fs::write(&path, bytes).unwrap();
        let e = Models::from_dir(dir.path()).unwrap_err();
        assert!(
            matches!(&e, Error::Model(m) if m.contains("detector")),
            "{e}"
        );
    }

    #[test]
    fn a_manifest_names_only_files_beside_itself() {
        for file in ["../detector.json", "/etc/passwd", "a\\\\b", "..", ""] {
            let dir = folder();
            let text = MANIFEST.replace("\"detector.json\"", &format!("\"{file}\""));
            std::fs::write(dir.path().join(MANIFEST_FILE), text).unwrap();
            let e = Models::from_dir(dir.path()).unwrap_err();
            assert!(
                matches!(&e, Error::Model(m) if m.contains("plain file")),
                "{e}"
            );
        }
    }

    #[test]
    fn missing_files_and_foreign_manifests_are_errors() {
        let dir = folder();
        std::fs::remove_file(dir.path().join("reader.exact")).unwrap();
        assert!(matches!(
            Models::from_dir(dir.path()),
            Err(Error::Io { .. })
        ));
        std::fs::write(dir.path().join(MANIFEST_FILE), "format = 2").unwrap();
        assert!(matches!(Models::from_dir(dir.path()), Err(Error::Model(_))));
        let newer = MANIFEST.replace("format = 1", "format = 2");
        std::fs::write(dir.path().join(MANIFEST_FILE), newer).unwrap();
        assert!(
            matches!(Models::from_dir(dir.path()), Err(Error::Model(m)) if m.contains("format 2"))
        );
    }
}
