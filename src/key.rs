//! The secret that makes new UIDs and pseudonyms repeatable: whoever holds it can make the same ones again.
//!
//! It comes from a file, from `UNBURN_KEY`, or is drawn from the system for one run. It is never shown: reports carry its
//! id, `Debug` hides it.

use crate::error::{Error, Result};
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use std::fmt;
use std::io::{Read, Write};
use std::path::Path;

/// Fewest secret bytes.
pub const MIN_BYTES: usize = 32;
/// Largest key file.
const MAX_BYTES: usize = 4096;

/// A secret of at least [`MIN_BYTES`].
#[derive(Clone, PartialEq, Eq)]
pub struct Key {
    secret: Vec<u8>,
    ephemeral: bool,
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({})", self.label())
    }
}

impl Key {
    /// Takes the content of a key file or of `UNBURN_KEY`: hex digits (white space around them is ignored), or anything
    /// else as it is.
    pub fn from_content(content: &[u8]) -> Result<Key> {
        let trimmed = content.trim_ascii();
        let is_hex = !trimmed.is_empty() && trimmed.iter().all(u8::is_ascii_hexdigit);
        if is_hex && trimmed.len() % 2 == 1 {
            return Err(Error::Config(
                "a hex key has an even number of digits".into(),
            ));
        }
        let secret = if is_hex {
            trimmed
                .chunks_exact(2)
                .filter_map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok())
                .collect()
        } else {
            content.to_vec()
        };
        if secret.len() < MIN_BYTES {
            return Err(Error::Config(format!(
                "a key needs at least {MIN_BYTES} bytes ({} hex digits), this one has {}; \
                 hint: `unburn key new FILE` makes one",
                2 * MIN_BYTES,
                secret.len()
            )));
        }
        Ok(Key {
            secret,
            ephemeral: false,
        })
    }

    /// Reads a key file. On Unix a file that others than its owner can read is refused.
    pub fn from_file(path: &Path) -> Result<Key> {
        let io = |source| Error::Io {
            action: "reading the key",
            path: path.to_path_buf(),
            source,
        };
        let mut file = std::fs::File::open(path).map_err(io)?;
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = file.metadata().map_err(io)?.permissions().mode();
            if mode & 0o077 != 0 {
                return Err(Error::Config(format!(
                    "others than its owner can read the key file: `{}`; hint: `chmod 600` it",
                    path.display()
                )));
            }
        }
        let mut content = Vec::new();
        (&mut file)
            .take(MAX_BYTES as u64 + 1)
            .read_to_end(&mut content)
            .map_err(io)?;
        if content.len() > MAX_BYTES {
            return Err(Error::Config(format!(
                "a key file has at most {MAX_BYTES} bytes: `{}`",
                path.display()
            )));
        }
        Key::from_content(&content).map_err(|e| match e {
            Error::Config(text) => Error::Config(format!("{text}: `{}`", path.display())),
            other => other,
        })
    }

    /// A key for this run only.
    pub fn ephemeral() -> Result<Key> {
        Ok(Key {
            secret: random()?.to_vec(),
            ephemeral: true,
        })
    }

    /// Writes a new key file (hex, mode 0600 on Unix) and returns the key. Never replaces a file.
    pub fn create(path: &Path) -> Result<Key> {
        let secret = random()?;
        let mut options = std::fs::OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        {
            use std::os::unix::fs::OpenOptionsExt;
            options.mode(0o600);
        }
        let io = |source| Error::Io {
            action: "writing the key",
            path: path.to_path_buf(),
            source,
        };
        let mut file = options.open(path).map_err(io)?;
        let mut text = hex(&secret);
        text.push('\n');
        file.write_all(text.as_bytes())
            .and_then(|()| file.sync_all())
            .map_err(io)?;
        Ok(Key {
            secret: secret.to_vec(),
            ephemeral: false,
        })
    }

    /// Whether the key ends with this run.
    pub fn is_ephemeral(&self) -> bool {
        self.ephemeral
    }

    /// Eight hex digits by which people can tell keys apart; they tell nothing about the key.
    pub fn id(&self) -> String {
        let digest = Sha256::digest(self.mac("unburn key id", b""));
        hex(&digest).chars().take(8).collect()
    }

    /// What reports carry: the id, or `ephemeral`.
    pub fn label(&self) -> String {
        if self.ephemeral {
            "ephemeral".into()
        } else {
            self.id()
        }
    }

    /// HMAC-SHA-256 (RFC 2104) of `data` for one use. Uses are kept apart by their name and its length.
    pub fn mac(&self, purpose: &str, data: &[u8]) -> [u8; 32] {
        // Any length of key is allowed (RFC 2104 section 2), so the fallback is never taken.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&self.secret) else {
            return [0; 32];
        };
        mac.update(&(purpose.len() as u64).to_be_bytes());
        mac.update(purpose.as_bytes());
        mac.update(data);
        mac.finalize().into_bytes().into()
    }
}

/// Lower-case hex digits.
fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

fn random() -> Result<[u8; MIN_BYTES]> {
    let mut secret = [0u8; MIN_BYTES];
    getrandom::fill(&mut secret)
        .map_err(|e| Error::Config(format!("the system gives no random bytes for a key: {e}")))?;
    Ok(secret)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hex_and_raw_keys_are_read_and_short_ones_refused() {
        let hexed = "00112233445566778899aabbccddeeff".repeat(2) + "\n";
        let from_hex = Key::from_content(hexed.as_bytes()).unwrap();
        assert_eq!(from_hex.secret.len(), 32);
        assert_eq!(from_hex.secret.get(15), Some(&0xff));
        let raw = Key::from_content(b"an invented phrase that is long enough, yes").unwrap();
        assert_eq!(raw.secret.len(), 43);
        assert!(Key::from_content(b"0011223344556677889900112233445566778899").is_err());
        assert!(Key::from_content(&[b'7'; 65]).is_err());
        assert!(Key::from_content(b"").is_err());
    }

    #[test]
    fn the_key_is_never_shown_and_uses_are_apart() {
        let key = Key::from_content(&[b'x'; 40]).unwrap();
        assert!(!format!("{key:?}").contains("xx"));
        assert_eq!(key.id().len(), 8);
        assert_ne!(key.mac("a", b"bc"), key.mac("ab", b"c"));
        assert_eq!(Key::ephemeral().unwrap().label(), "ephemeral");
        assert_ne!(
            Key::ephemeral().unwrap().secret,
            Key::ephemeral().unwrap().secret
        );
    }

    #[test]
    fn mac_is_hmac_sha256() {
        // RFC 4231 test case 2 has a key shorter than ours, so the reference is computed from the definition.
        let key = Key::from_content(&[0xf3; 40]).unwrap();
        let pad = |byte: u8| -> Vec<u8> {
            let mut block = vec![byte; 64];
            block.iter_mut().take(40).for_each(|b| *b ^= 0xf3);
            block
        };
        let mut inner = Sha256::new();
        inner.update(pad(0x36));
        inner.update(1u64.to_be_bytes());
        inner.update(b"pdata");
        let mut outer = Sha256::new();
        outer.update(pad(0x5c));
        outer.update(inner.finalize());
        assert_eq!(
            key.mac("p", b"data").as_slice(),
            outer.finalize().as_slice()
        );
    }

    #[test]
    fn a_key_file_is_private_and_never_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("site.key");
        let made = Key::create(&path).unwrap();
        assert_eq!(Key::from_file(&path).unwrap(), made);
        assert!(Key::create(&path).is_err());
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(
                std::fs::metadata(&path).unwrap().permissions().mode() & 0o777,
                0o600
            );
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
            let error = Key::from_file(&path).unwrap_err().to_string();
            assert!(error.contains("chmod 600"), "{error}");
        }
    }
}
