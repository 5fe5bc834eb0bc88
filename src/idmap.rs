//! The way back: which new UIDs stand for which old ones, encrypted with the project key; off unless asked for.
//!
//! A file of lines, one for each written object, appended as they are written: hex of a random nonce of 24 bytes and of an
//! XChaCha20-Poly1305 box over a JSON record. With it an AI result (SEG, SR, presentation state) that names new UIDs can
//! be brought back to its study by those who hold file and key.

use crate::error::{Error, Result};
use crate::key::Key;
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use serde::{Deserialize, Serialize};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

const NONCE: usize = 24;
/// Bound to each box, so that boxes of other files are not taken for ours.
const LABEL: &[u8] = b"unburn id map 1";

/// What is known of one object. It identifies: handle it as the original.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// (0010,0020) of the original.
    pub patient: String,
    /// (0010,0021) of the original.
    pub issuer: String,
    /// (0008,0050) of the original.
    pub accession: String,
    /// What stands for the patient.
    pub subject: String,
    /// Days by which dates were shifted, where they were.
    pub days: Option<i64>,
    /// Study, series and instance: new UID, then old.
    pub study: (String, String),
    /// The same for the series.
    pub series: (String, String),
    /// The same for the instance.
    pub instance: (String, String),
}

/// A map that records are appended to.
pub struct IdMap {
    path: PathBuf,
    file: Mutex<std::fs::File>,
    cipher: XChaCha20Poly1305,
}

fn cipher(key: &Key) -> XChaCha20Poly1305 {
    XChaCha20Poly1305::new(&key.mac("id map", b"").into())
}

fn io(path: &Path) -> impl Fn(std::io::Error) -> Error + '_ {
    move |source| Error::Io {
        action: "the map of UIDs",
        path: path.to_path_buf(),
        source,
    }
}

impl IdMap {
    /// Opens a map, or starts one that only its owner can read.
    ///
    /// # Errors
    /// [`Error::Config`] with a key that ends with the run, [`Error::Io`].
    pub fn append(path: &Path, key: &Key) -> Result<IdMap> {
        if key.is_ephemeral() {
            return Err(Error::Config(
                "a map needs a key that is kept; hint: `--key`".into(),
            ));
        }
        let mut options = std::fs::OpenOptions::new();
        options.append(true).create(true);
        #[cfg(unix)]
        {
            use std::os::unix::fs::OpenOptionsExt;
            options.mode(0o600);
        }
        Ok(IdMap {
            path: path.to_path_buf(),
            file: Mutex::new(options.open(path).map_err(io(path))?),
            cipher: cipher(key),
        })
    }

    /// Appends a record.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn add(&self, record: &Record) -> Result<()> {
        let mut nonce = [0_u8; NONCE];
        getrandom::fill(&mut nonce)
            .map_err(|e| Error::Config(format!("the system gives no random bytes: {e}")))?;
        let text = serde_json::to_vec(record).unwrap_or_default();
        let payload = Payload {
            msg: &text,
            aad: LABEL,
        };
        let boxed = self
            .cipher
            .encrypt(&XNonce::from(nonce), payload)
            .map_err(|_| Error::Config("a record could not be encrypted".into()))?;
        let mut line: String = nonce
            .iter()
            .chain(&boxed)
            .map(|b| format!("{b:02x}"))
            .collect();
        line.push('\n');
        // One write a line: lines of several threads and processes do not mix.
        let mut file = self
            .file
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        file.write_all(line.as_bytes()).map_err(io(&self.path))
    }
}

/// Reads a map.
///
/// # Errors
/// [`Error::Io`], and [`Error::Config`] where a line is damaged or of another key: nothing is left out unnoticed.
pub fn read(path: &Path, key: &Key) -> Result<Vec<Record>> {
    let text = std::fs::read_to_string(path).map_err(io(path))?;
    let cipher = cipher(key);
    text.lines()
        .enumerate()
        .map(|(i, line)| {
            open(&cipher, line).ok_or_else(|| {
                Error::Config(format!(
                    "line {} is damaged, or of another key: `{}`",
                    i + 1,
                    path.display()
                ))
            })
        })
        .collect()
}

fn open(cipher: &XChaCha20Poly1305, line: &str) -> Option<Record> {
    let bytes: Vec<u8> = line
        .as_bytes()
        .chunks(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok())
        .collect::<Option<_>>()?;
    let (nonce, boxed) = bytes.split_first_chunk::<NONCE>()?;
    let payload = Payload {
        msg: boxed,
        aad: LABEL,
    };
    let text = cipher.decrypt(&XNonce::from(*nonce), payload).ok()?;
    serde_json::from_slice(&text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(n: u32) -> Record {
        let pair = |s: &str| (format!("2.25.{n}{s}"), format!("1.2.{n}.{s}"));
        Record {
            patient: format!("patient-{n}"),
            issuer: String::new(),
            accession: "A1".into(),
            subject: "P1".into(),
            days: Some(-3),
            study: pair("1"),
            series: pair("2"),
            instance: pair("3"),
        }
    }

    #[test]
    fn records_come_back_with_the_key_alone() {
        let (key, other) = (
            Key::from_content(&[b'x'; 40]).unwrap(),
            Key::from_content(&[b'y'; 40]).unwrap(),
        );
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("map");
        IdMap::append(&path, &key).unwrap().add(&record(1)).unwrap();
        IdMap::append(&path, &key).unwrap().add(&record(2)).unwrap();
        assert_eq!(read(&path, &key).unwrap(), [record(1), record(2)]);
        assert!(read(&path, &other).is_err());
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(!text.contains("patient"));
        // A changed or cut line is noticed.
        std::fs::write(&path, text.replacen('0', "1", 1)).unwrap();
        assert!(read(&path, &key).is_err());
        std::fs::write(&path, &text[..text.len() - 9]).unwrap();
        assert!(read(&path, &key).is_err());
        assert!(IdMap::append(&path, &Key::ephemeral().unwrap()).is_err());
    }
}
