//! What becomes of each header attribute: PS3.15 table E.1-1 with its options, a default for everything that the table
//! does not list, and the overrides of a site.
//!
//! Takes tags as numbers, VRs as two letters, the SOP Class and the sequence around; gives a [`Decision`]. Knows no
//! objects: [`crate::dicom`] walks them and carries decisions out. A profile is data ([`Profile`], four presets in
//! `presets/`), so that it can be printed, compared and put under a digest.

pub mod date;
pub mod derive;
pub mod options;
mod outside;
pub mod resolve;
pub mod table;

pub use options::Choice;
pub use outside::{public_scheme, public_word, safe_private};
pub use resolve::{Act, Decision, Otherwise, Place};

use crate::error::{Error, Result};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Presets: name and text.
pub const PRESETS: &[(&str, &str)] = &[
    ("basic", include_str!("presets/basic.toml")),
    ("public", include_str!("presets/public.toml")),
    ("research", include_str!("presets/research.toml")),
    ("vendor", include_str!("presets/vendor.toml")),
];

/// Largest profile file.
const MAX_FILE_BYTES: u64 = 1 << 20;

/// What a site says about one attribute.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Override {
    /// `(gggg,eeee)`, or eight hex digits.
    pub tag: String,
    /// What is done with it, at every depth.
    pub action: Word,
    /// Why; a profile without reasons cannot be audited.
    pub reason: String,
}

/// Actions of overrides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Word {
    /// Stays, unless it names somebody of the object.
    Keep,
    /// Goes.
    Remove,
    /// Zero length.
    Empty,
    /// A constant.
    Dummy,
    /// The words of the safe lists stay.
    Clean,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    name: String,
    #[serde(default)]
    about: String,
    #[serde(default)]
    base: Option<String>,
    #[serde(default)]
    options: Vec<Choice>,
    #[serde(default, rename = "override")]
    overrides: Vec<Override>,
}

/// A confidentiality profile, complete and checked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Profile {
    /// Its name.
    pub name: String,
    /// One sentence for people.
    pub about: String,
    /// Options that are on.
    pub options: BTreeSet<Choice>,
    /// The site's own, by tag.
    pub overrides: BTreeMap<u32, Override>,
}

impl Profile {
    /// A preset by name, or the file at that path, with further options.
    ///
    /// # Errors
    /// [`Error::Config`] for unknown names and keys, options that exclude each other, and
    /// overrides without a reason; [`Error::Io`] for a file that cannot be read.
    pub fn open(name_or_path: &str, more: &BTreeSet<Choice>) -> Result<Profile> {
        let mut profile = match PRESETS.iter().find(|(name, _)| *name == name_or_path) {
            Some((_, text)) => Profile::parse(text)?,
            None => Profile::from_file(Path::new(name_or_path))?,
        };
        profile.options.extend(more);
        Choice::check(&profile.options)?;
        Ok(profile)
    }

    fn from_file(path: &Path) -> Result<Profile> {
        let io = |source| Error::Io {
            action: "reading the profile (no preset has this name)",
            path: path.to_path_buf(),
            source,
        };
        if std::fs::metadata(path).map_err(io)?.len() > MAX_FILE_BYTES {
            return Err(Error::Config(format!(
                "no profile is that large: `{}`",
                path.display()
            )));
        }
        let text = std::fs::read_to_string(path).map_err(io)?;
        Profile::parse(&text).map_err(|e| match e {
            Error::Config(why) => Error::Config(format!("{why}: `{}`", path.display())),
            other => other,
        })
    }

    /// Reads the text of a profile.
    ///
    /// # Errors
    /// As [`Profile::open`].
    pub fn parse(text: &str) -> Result<Profile> {
        let written: Written = toml::from_str(text).map_err(|e| {
            Error::Config(e.message().lines().next().unwrap_or_default().to_owned())
        })?;
        let mut profile = match &written.base {
            None => Profile {
                name: String::new(),
                about: String::new(),
                options: BTreeSet::new(),
                overrides: BTreeMap::new(),
            },
            Some(base) => match PRESETS.iter().find(|(name, _)| name == base) {
                Some((_, text)) => Profile::parse(text)?,
                None => {
                    return Err(Error::Config(format!(
                        "`base` must be a preset, not `{base}`"
                    )));
                }
            },
        };
        profile.name = written.name;
        profile.about = written.about;
        profile.options.extend(written.options);
        for o in written.overrides {
            let digits: String = o
                .tag
                .chars()
                .filter(|c| !matches!(c, '(' | ')' | ',' | ' '))
                .collect();
            let tag = table::tag(&digits).ok_or_else(|| {
                Error::Config(format!("`{}` is no tag; write it as (gggg,eeee)", o.tag))
            })?;
            if (tag >> 16) % 2 == 1 {
                return Err(Error::Config(format!(
                    "`{}` is private; the option `safe-private` keeps what is known to be safe",
                    o.tag
                )));
            }
            if STRUCTURE.contains(&tag) {
                return Err(Error::Config(format!(
                    "`{}` belongs to the structure of the object",
                    o.tag
                )));
            }
            if o.reason.trim().is_empty() {
                return Err(Error::Config(format!(
                    "the override of `{}` needs a reason",
                    o.tag
                )));
            }
            if profile.overrides.insert(tag, o.clone()).is_some() && written.base.is_none() {
                return Err(Error::Config(format!("`{}` is overridden twice", o.tag)));
            }
        }
        Choice::check(&profile.options)?;
        Ok(profile)
    }

    /// Whether an option is on.
    pub fn has(&self, choice: Choice) -> bool {
        self.options.contains(&choice)
    }

    /// Overrides that keep what the table takes away: with them the profile of the standard may not be claimed.
    pub fn weakened(&self) -> impl Iterator<Item = &Override> {
        self.overrides.iter().filter_map(|(tag, o)| {
            let stays = matches!(o.action, Word::Keep | Word::Clean);
            let allowed = table::row(*tag).is_none_or(|row| self.option_code(row).is_some());
            (stays && !allowed).then_some(o)
        })
    }

    /// Whether 113100 may be claimed.
    pub fn is_standard(&self) -> bool {
        self.weakened().next().is_none()
    }

    /// The codes of CID 7050 that the header alone earns.
    pub fn codes(&self) -> Vec<[&'static str; 3]> {
        if !self.is_standard() {
            return Vec::new();
        }
        let mut codes = vec![options::BASIC_CODE];
        codes.extend(self.options.iter().map(|c| c.code()));
        codes.sort_unstable();
        codes
    }

    /// (0028,0303).
    pub fn longitudinal(&self) -> &'static str {
        if self.has(Choice::FullDates) {
            "UNMODIFIED"
        } else if self.has(Choice::ModifiedDates) {
            "MODIFIED"
        } else {
            "REMOVED"
        }
    }

    /// What a row of the table comes to under this profile, in the letters of the standard, and which rule says so.
    pub fn effect(&self, row: &table::Row) -> (String, String) {
        if let Some(o) = table::tag(row.pattern).and_then(|t| self.overrides.get(&t)) {
            let word = serde_json::to_value(o.action).unwrap_or_default();
            return (
                word.as_str().unwrap_or_default().to_owned(),
                format!("override: {}", o.reason),
            );
        }
        match self.option_code(row) {
            Some((choice, code)) => (code.letter().to_string(), choice.name().to_owned()),
            None => (row.written.to_owned(), "basic".to_owned()),
        }
    }
}

/// Attributes that no override may touch: without them the object cannot be read, or a promise would break.
const STRUCTURE: &[u32] = &[
    0x0008_0005,
    0x0008_0016,
    0x0008_0018,
    0x0010_0010,
    0x0010_0020,
    0x0012_0062,
    0x0012_0063,
    0x0012_0064,
    0x0020_000D,
    0x0020_000E,
    0x0028_0002,
    0x0028_0004,
    0x0028_0008,
    0x0028_0010,
    0x0028_0011,
    0x0028_0100,
    0x0028_0101,
    0x0028_0102,
    0x0028_0103,
    0x0028_0301,
    0x0028_0303,
    0x7FE0_0008,
    0x7FE0_0009,
    0x7FE0_0010,
];

#[cfg(test)]
mod tests {
    use super::*;

    fn preset(name: &str) -> Profile {
        Profile::open(name, &BTreeSet::new()).unwrap()
    }

    #[test]
    fn presets_are_what_they_are_named_for() {
        for (name, _) in PRESETS {
            let p = preset(name);
            assert_eq!((&p.name, p.is_standard()), (&(*name).to_owned(), true));
            assert!(!p.about.is_empty());
        }
        assert!(preset("basic").options.is_empty() && preset("basic").overrides.is_empty());
        assert_eq!(preset("basic").longitudinal(), "REMOVED");
        assert!(!preset("public").overrides.is_empty());
        assert_eq!(preset("research").longitudinal(), "MODIFIED");
        let codes: Vec<&str> = preset("vendor").codes().iter().map(|c| c[0]).collect();
        assert_eq!(codes, ["113100", "113105", "113107", "113108", "113111"]);
    }

    #[test]
    fn a_site_file_names_its_reasons_and_loses_claims_by_keeping() {
        let text = "name = 'ours'\nbase = 'basic'\n[[override]]\ntag = '(0008,103E)'\naction = 'keep'\nreason = 'trial 7'\n";
        let p = Profile::parse(text).unwrap();
        assert_eq!(p.weakened().count(), 1);
        assert!(p.codes().is_empty());
        let stricter = text.replace("keep", "empty");
        assert_eq!(Profile::parse(&stricter).unwrap().codes().len(), 1);
        for wrong in [
            text.replace("trial 7", " "),
            text.replace("0008,103E", "0009,1001"),
            text.replace("0008,103E", "0008,0016"),
            text.replace("0008,103E", "somewhere"),
            text.replace("'basic'", "'nothing'"),
            text.replace("name", "nome"),
            text.replace("base = 'basic'", "options = ['clean-everything']"),
        ] {
            assert!(
                matches!(Profile::parse(&wrong), Err(Error::Config(_))),
                "{wrong}"
            );
        }
        assert!(matches!(
            Profile::open("no/such.toml", &BTreeSet::new()),
            Err(Error::Io { .. })
        ));
    }
}
