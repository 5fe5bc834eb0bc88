//! The files that a site adds to the settings (word lists, equipment templates), read once per run, and the digest that
//! binds plans and reports to settings and to these contents.

use crate::config::Config;
use crate::config::settings::SETTINGS;
use crate::error::{Error, Result};
use crate::profile::{Choice, Profile};
use crate::subjects::Subjects;
use crate::templates::{self, Template};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Largest word list or template file.
const MAX_FILE_BYTES: u64 = 16 << 20;

/// What the files of a site hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Site {
    /// Extra words that are safe; sorted, each once.
    pub safe_words: Vec<String>,
    /// Words that are always masked; sorted, each once.
    pub mask_words: Vec<String>,
    /// Equipment templates in the order of their file.
    pub templates: Vec<Template>,
    /// What becomes of the header; `None` with `keep-metadata`.
    pub profile: Option<Profile>,
    /// The site's own pseudonyms.
    pub subjects: Option<Subjects>,
}

impl Site {
    /// Reads every file that the settings name.
    pub fn load(config: &Config) -> Result<Site> {
        let options = Choice::list(&config.profile_options)?;
        let profile = match config.keep_metadata {
            true => None,
            false => Some(Profile::open(&config.profile, &options)?),
        };
        Ok(Site {
            profile,
            subjects: match &config.pseudonyms {
                None => None,
                Some(path) => Some(
                    Subjects::parse(&read_text("reading pseudonyms", path)?)
                        .map_err(|e| Error::Config(format!("{e}: `{}`", path.display())))?,
                ),
            },
            safe_words: word_lists(&config.safe_words)?,
            mask_words: word_lists(&config.mask_words)?,
            templates: match &config.templates {
                None => Vec::new(),
                Some(path) => templates::parse(&read_text("reading templates", path)?)
                    .map_err(|e| Error::Config(format!("{e}: `{}`", path.display())))?,
            },
        })
    }

    /// SHA-256 (hex) of the settings that can change a plan and of the contents of the files they name. Paths, number of
    /// jobs and device are not part of it.
    pub fn digest(&self, config: &Config) -> String {
        let values = serde_json::to_value(config).unwrap_or_default();
        let mut plan: Vec<(&str, Value)> = SETTINGS
            .iter()
            .filter(|s| s.plan)
            .map(|s| {
                let value = match s.key {
                    "safe-words" => json!(self.safe_words),
                    "mask-words" => json!(self.mask_words),
                    "templates" => json!(self.templates),
                    "profile" => json!(self.profile),
                    // Whether video is treated; not where the program lies.
                    "ffmpeg" => json!(config.ffmpeg.is_some()),
                    // Part of the profile by now.
                    "profile-options" => json!(null),
                    key => values
                        .pointer(&format!("/{}", key.replace('.', "/")))
                        .cloned()
                        .unwrap_or_default(),
                };
                (s.key, value)
            })
            .collect();
        plan.sort_by_key(|(key, _)| *key);
        // One line a setting: JSON has no line breaks outside escapes, so lines cannot run into each other.
        let mut hasher = Sha256::new();
        for (key, value) in plan {
            hasher.update(format!("{key}={value}\n"));
        }
        hasher
            .finalize()
            .iter()
            .map(|b| format!("{b:02x}"))
            .collect()
    }
}

/// The words of several lists: one a line, `#` starts a comment line, white space around words does not count.
fn word_lists(paths: &[PathBuf]) -> Result<Vec<String>> {
    let mut words = BTreeSet::new();
    for path in paths {
        let text = read_text("reading words", path)?;
        words.extend(
            text.trim_start_matches('\u{feff}')
                .lines()
                .map(str::trim)
                .filter(|line| !line.is_empty() && !line.starts_with('#'))
                .map(str::to_owned),
        );
    }
    Ok(words.into_iter().collect())
}

/// The text of a file of the site, of up to 16 MiB.
///
/// # Errors
/// [`Error::Io`], and [`Error::Config`] for a file that is larger.
pub fn read_text(action: &'static str, path: &Path) -> Result<String> {
    let io = |source| Error::Io {
        action,
        path: path.to_path_buf(),
        source,
    };
    if std::fs::metadata(path).map_err(io)?.len() > MAX_FILE_BYTES {
        return Err(Error::Config(format!(
            "a file of more than {MAX_FILE_BYTES} bytes: `{}`",
            path.display()
        )));
    }
    std::fs::read_to_string(path).map_err(io)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Policy;

    #[test]
    fn words_are_sorted_and_comments_dropped() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("w.txt");
        std::fs::write(&path, "\u{feff}liver\n# comment\n\n  aorta \r\nliver\n").unwrap();
        let config = Config {
            safe_words: vec![path],
            ..Config::default()
        };
        assert_eq!(Site::load(&config).unwrap().safe_words, ["aorta", "liver"]);
    }

    #[test]
    fn the_digest_follows_contents_and_policy_but_not_paths_jobs_or_device() {
        let folder = tempfile::tempdir().unwrap();
        let (a, b) = (folder.path().join("a"), folder.path().join("b"));
        std::fs::write(&a, "one\ntwo\n").unwrap();
        std::fs::write(&b, "two\none").unwrap();
        let digest = |config: &Config| Site::load(config).unwrap().digest(config);
        let base = Config {
            mask_words: vec![a.clone()],
            ..Config::default()
        };
        let same = Config {
            mask_words: vec![b],
            jobs: 7,
            device: "cpu".into(),
            include_text: true,
            ..Config::default()
        };
        assert_eq!(digest(&base), digest(&same));
        let as_safe = Config {
            safe_words: vec![a],
            ..Config::default()
        };
        let policy = Config {
            policy: Policy::All,
            ..base.clone()
        };
        let mut limits = base.clone();
        limits.limits.frames = 5;
        let all: BTreeSet<String> = [&base, &as_safe, &policy, &limits, &Config::default()]
            .iter()
            .map(|c| digest(c))
            .collect();
        assert_eq!(all.len(), 5);
    }

    #[test]
    fn a_missing_file_names_its_path() {
        let config = Config {
            templates: Some("no/such/file.toml".into()),
            ..Config::default()
        };
        let error = Site::load(&config).unwrap_err().to_string();
        assert!(error.contains("no/such/file.toml"), "{error}");
    }
}
