//! The list of patients that opted out: keyed hashes, so that the list itself names nobody (dicom.md §8).
//!
//! A text file: a head line with version, key id and the day (UTC, days since 1970-01-01) of the last look at it, then a
//! hash a line. Patients are hashed by issuer and id, by id alone, or by accession number or study. White space around ids
//! and case do not count.

use crate::error::{Error, Result};
use crate::key::Key;
use crate::profile::date;
use crate::profile::derive::fold;
use std::collections::BTreeSet;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

/// Digits of a mark: 96 bits.
const MARK_DIGITS: usize = 24;
/// Largest list.
const MAX_FILE_BYTES: u64 = 256 << 20;

/// What an entry is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum About<'a> {
    /// A patient id, and the issuer where one is known.
    Patient(&'a str, &'a str),
    /// An accession number.
    Accession(&'a str),
    /// A Study Instance UID.
    Study(&'a str),
}

/// The list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OptOut {
    hashes: BTreeSet<String>,
    key: String,
    day: i64,
}

fn today() -> i64 {
    let seconds = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |d| d.as_secs());
    i64::try_from(seconds / 86_400).unwrap_or_default()
}

fn hash(key: &Key, about: About<'_>) -> String {
    let data = match about {
        About::Patient(issuer, id) => format!("patient\0{}\0{}", fold(issuer), fold(id)),
        About::Accession(number) => format!("accession\0{}", fold(number)),
        About::Study(uid) => format!("study\0{}", uid.trim()),
    };
    key.mac("opt-out", data.as_bytes())
        .iter()
        .map(|b| format!("{b:02x}"))
        .collect()
}

/// The mark of a person, an order or a study in reports: holders of the key find by it what left. It is the beginning of
/// the hash that a list of opt-outs has, so that a list can be laid beside reports.
pub fn mark(key: &Key, about: About<'_>) -> String {
    hash(key, about).chars().take(MARK_DIGITS).collect()
}

impl OptOut {
    /// An empty list of today.
    pub fn new(key: &Key) -> OptOut {
        OptOut {
            hashes: BTreeSet::new(),
            key: key.id(),
            day: today(),
        }
    }

    /// Reads a list made with this key.
    ///
    /// # Errors
    /// [`Error::Io`] where it cannot be read, [`Error::Config`] where it is no such list, or of another key.
    pub fn read(path: &Path, key: &Key) -> Result<OptOut> {
        let io = |source| Error::Io {
            action: "reading the opt-out list",
            path: path.to_path_buf(),
            source,
        };
        let wrong = |what: &str| Error::Config(format!("{what}: `{}`", path.display()));
        if std::fs::metadata(path).map_err(io)?.len() > MAX_FILE_BYTES {
            return Err(wrong("no opt-out list is that large"));
        }
        let text = std::fs::read_to_string(path).map_err(io)?;
        let list = OptOut::parse(&text).ok_or_else(|| wrong("this is no whole opt-out list"))?;
        if list.key != key.id() {
            return Err(wrong(&format!(
                "the opt-out list was made with key {}, this run has {}",
                list.key,
                key.label()
            )));
        }
        Ok(list)
    }

    fn parse(text: &str) -> Option<OptOut> {
        let mut lines = text.lines();
        let head: Vec<&str> = lines.next()?.split(' ').collect();
        let [name, "1", key, day, count] = head.as_slice() else {
            return None;
        };
        if *name != "unburn-optout" {
            return None;
        }
        let hashes: BTreeSet<String> = lines.map(str::to_owned).collect();
        let whole = hashes
            .iter()
            .all(|h| h.len() == 64 && h.bytes().all(|b| b.is_ascii_hexdigit()));
        // A list that was cut short must not pass for a short list.
        (whole && hashes.len() == count.parse::<usize>().ok()?).then_some(OptOut {
            hashes,
            key: (*key).to_owned(),
            day: day.parse().ok()?,
        })
    }

    /// Refuses a list that nobody has looked at for longer than this, or that is from the future.
    ///
    /// # Errors
    /// [`Error::Config`].
    pub fn fresh(&self, max_days: u32) -> Result<()> {
        let age = today() - self.day;
        if (-1..=i64::from(max_days)).contains(&age) {
            return Ok(());
        }
        Err(Error::Config(format!(
            "the opt-out list is {age} days old, allowed are {max_days}; hint: `unburn optout add` without ids confirms it"
        )))
    }

    /// Adds an entry; whether it is new.
    pub fn add(&mut self, key: &Key, about: About<'_>) -> bool {
        self.day = today();
        self.hashes.insert(hash(key, about))
    }

    /// Says that the list is right as of today.
    pub fn confirm(&mut self) {
        self.day = today();
    }

    /// Whether an entry is there. A patient id that was entered without issuer stands for that id of any issuer.
    pub fn has(&self, key: &Key, about: About<'_>) -> bool {
        let any_issuer = match about {
            About::Patient(_, id) => self.hashes.contains(&hash(key, About::Patient("", id))),
            _ => false,
        };
        any_issuer || self.hashes.contains(&hash(key, about))
    }

    /// Whether an entry has this mark.
    pub fn has_mark(&self, mark: &str) -> bool {
        mark.len() == MARK_DIGITS
            && self
                .hashes
                .range(mark.to_owned()..)
                .next()
                .is_some_and(|h| h.starts_with(mark))
    }

    /// The hashes, sorted.
    pub fn hashes(&self) -> impl Iterator<Item = &str> {
        self.hashes.iter().map(String::as_str)
    }

    /// Day of the last look, as a date.
    pub fn day(&self) -> String {
        let (y, m, d) = date::civil(self.day);
        format!("{y:04}-{m:02}-{d:02}")
    }

    /// The text of the list.
    pub fn text(&self) -> String {
        let mut text = format!(
            "unburn-optout 1 {} {} {}\n",
            self.key,
            self.day,
            self.hashes.len()
        );
        for hash in &self.hashes {
            text.push_str(hash);
            text.push('\n');
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_found_by_their_key_and_the_list_names_nobody() {
        let key = Key::from_content(&[b'x'; 40]).unwrap();
        let mut list = OptOut::new(&key);
        assert!(list.add(&key, About::Patient("", " pat-7 ")));
        assert!(list.add(&key, About::Patient("CLINIC", "8")));
        assert!(list.add(&key, About::Study("1.2.3")));
        assert!(!list.add(&key, About::Patient("", "PAT-7")));
        assert!(list.has(&key, About::Patient("ANY", "Pat-7")));
        assert!(
            list.has(&key, About::Patient("Clinic", "8"))
                && !list.has(&key, About::Patient("", "8"))
        );
        assert!(
            list.has(&key, About::Study("1.2.3 ")) && !list.has(&key, About::Accession("1.2.3"))
        );
        for (about, there) in [
            (About::Patient("", "PAT-7"), true),
            (About::Patient("Clinic", "8"), true),
            (About::Patient("", "8"), false),
            (About::Study("1.2.3"), true),
        ] {
            assert_eq!(list.has_mark(&mark(&key, about)), there, "{about:?}");
        }
        assert!(!list.has_mark("") && !list.has_mark("0"));
        let text = list.text();
        assert!(!text.to_uppercase().contains("PAT-7"));
        assert_eq!(OptOut::parse(&text).unwrap(), list);
    }

    #[test]
    fn cut_foreign_and_stale_lists_are_refused() {
        let (key, other) = (
            Key::from_content(&[b'x'; 40]).unwrap(),
            Key::from_content(&[b'y'; 40]).unwrap(),
        );
        let mut list = OptOut::new(&key);
        list.add(&key, About::Patient("", "7"));
        let text = list.text();
        for cut in 0..text.len() - 1 {
            assert!(OptOut::parse(&text[..cut]).is_none(), "{cut}");
        }
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("list");
        std::fs::write(&path, &text).unwrap();
        assert!(OptOut::read(&path, &key).is_ok());
        assert!(matches!(OptOut::read(&path, &other), Err(Error::Config(_))));
        assert!(matches!(
            OptOut::read(&folder.path().join("none"), &key),
            Err(Error::Io { .. })
        ));
        assert!(list.fresh(30).is_ok());
        list.day -= 31;
        assert!(list.fresh(30).is_err());
        list.day += 60;
        assert!(list.fresh(30).is_err());
    }
}
