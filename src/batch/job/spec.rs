//! `job.toml`: the configuration that a job was begun with. It does not change as long as the job lives.

use super::super::walk::Links;
use crate::config::Config;
use crate::config::settings::SETTINGS;
use crate::error::{Error, Result};
use crate::report::Tool;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::str::FromStr;

/// Version of the form of a job.
pub const JOB_VERSION: u32 = 1;

/// What leaves together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Release {
    /// Every file for itself.
    File,
    /// All images of a series, when every one of them came out.
    #[default]
    Series,
    /// All images of a study, when every one of them came out.
    Study,
}

/// One part of a job that is split by study.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Shard {
    /// Which part, from 1.
    pub index: u64,
    /// Of how many.
    pub of: u64,
}

impl FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        let wrong = || "a shard is `i/n` with 1 ≤ i ≤ n".to_owned();
        let (index, of) = text.split_once('/').ok_or_else(wrong)?;
        let shard = Shard {
            index: index.parse().map_err(|_| wrong())?,
            of: of.parse().map_err(|_| wrong())?,
        };
        if shard.index < 1 || shard.index > shard.of {
            return Err(wrong());
        }
        Ok(shard)
    }
}

impl TryFrom<String> for Shard {
    type Error = String;

    fn try_from(text: String) -> std::result::Result<Self, String> {
        text.parse()
    }
}

impl From<Shard> for String {
    fn from(shard: Shard) -> String {
        format!("{}/{}", shard.index, shard.of)
    }
}

/// What is treated, and where it goes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct WorkSpec {
    /// Files and folders, absolute.
    pub inputs: Vec<PathBuf>,
    /// Folder of the outputs, absolute.
    pub output: PathBuf,
    /// What leaves together.
    pub release: Release,
    /// Symbolic links inside folders.
    pub symlinks: Links,
    /// Whether headers stay as they are.
    pub keep_metadata: bool,
    /// Whether existing outputs of another origin are replaced.
    pub overwrite: bool,
    /// Whether the quarantine holds copies.
    pub quarantine_copy: bool,
    /// Whether only the files of the job's `list.jsonl` are treated: a round of a watcher.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub listed_only: bool,
    /// Which part of the studies.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shard: Option<Shard>,
    /// Who gets the outputs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recipient: Option<String>,
    /// What for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purpose: Option<String>,
    /// Folder of the journal, where it is not the job's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub journal: Option<PathBuf>,
}

/// The whole of `job.toml`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Spec {
    /// [`JOB_VERSION`].
    pub schema: u32,
    /// Sixteen hex digits that tell jobs apart.
    pub job: String,
    /// SHA-256 of everything else, hex.
    #[serde(default)]
    pub sha256: String,
    /// What and where.
    pub work: WorkSpec,
    /// Program, models, digest of the settings, policy and key.
    pub tool: Tool,
    /// All settings; of these `jobs`, `memory-mb` and `device` may be others in a later run.
    pub settings: Config,
}

impl Spec {
    /// Freezes a configuration. The job's id is drawn from the system.
    ///
    /// # Errors
    /// [`Error::Config`] where the system gives no random bytes.
    pub fn new(work: WorkSpec, tool: Tool, settings: Config) -> Result<Spec> {
        let mut id = [0u8; 8];
        getrandom::fill(&mut id)
            .map_err(|e| Error::Config(format!("the system gives no random bytes: {e}")))?;
        let mut spec = Spec {
            schema: JOB_VERSION,
            job: hex(&id),
            sha256: String::new(),
            work,
            tool,
            settings,
        };
        spec.sha256 = spec.digest();
        Ok(spec)
    }

    /// The text of `job.toml`.
    ///
    /// # Errors
    /// [`Error::Config`] for a path that TOML cannot hold.
    pub fn to_toml(&self) -> Result<String> {
        let text = toml::to_string_pretty(self)
            .map_err(|e| Error::Config(format!("the job cannot be written down: {e}")))?;
        Ok(format!(
            "# The configuration that this job was begun with. It is not to be changed: make a new job instead.\n{text}"
        ))
    }

    /// Reads the text of `job.toml`. A digest that does not fit is no error here: the difference to the journal is told.
    ///
    /// # Errors
    /// [`Error::Config`] for text that is no job of this version.
    pub fn from_toml(text: &str) -> Result<Spec> {
        let spec: Spec = toml::from_str(text).map_err(|e| {
            let what = e.message().lines().next().unwrap_or_default().to_owned();
            Error::Config(format!("job.toml cannot be read: {what}"))
        })?;
        if spec.schema != JOB_VERSION {
            return Err(Error::Config(format!(
                "job.toml has version {}, this program knows version {JOB_VERSION}",
                spec.schema
            )));
        }
        Ok(spec)
    }

    /// What differs in another configuration, one line a value; nothing for what a later run may choose anew.
    pub fn difference(&self, other: &Spec) -> Vec<String> {
        let (frozen, now) = (self.values(), other.values());
        let mut keys: Vec<&String> = frozen.keys().chain(now.keys()).collect();
        keys.sort();
        keys.dedup();
        let shown = |v: Option<&Value>| v.map_or("nothing".to_owned(), Value::to_string);
        keys.into_iter()
            .filter(|k| frozen.get(*k) != now.get(*k))
            .map(|k| {
                format!(
                    "{k}: begun with {}, now {}",
                    shown(frozen.get(k)),
                    shown(now.get(k))
                )
            })
            .collect()
    }

    /// SHA-256 over everything that has to stay.
    pub fn digest(&self) -> String {
        let mut hasher = Sha256::new();
        for (key, value) in self.values() {
            hasher.update(format!("{key}={value}\n"));
        }
        hex(&hasher.finalize())
    }

    /// Every value that has to stay, by its key.
    fn values(&self) -> BTreeMap<String, Value> {
        let mut all = BTreeMap::from([("job".to_owned(), Value::from(self.job.as_str()))]);
        for (name, part) in [
            ("work", serde_json::to_value(&self.work)),
            ("tool", serde_json::to_value(&self.tool)),
            ("settings", serde_json::to_value(&self.settings)),
        ] {
            flatten(name, part.unwrap_or_default(), &mut all);
        }
        for setting in SETTINGS.iter().filter(|s| may_change(s.key)) {
            all.remove(&format!("settings.{}", setting.key));
        }
        all
    }
}

/// Settings that a later run of a job may choose anew: they change no output.
pub fn may_change(key: &str) -> bool {
    matches!(key, "jobs" | "memory-mb" | "device")
}

fn flatten(prefix: &str, value: Value, into: &mut BTreeMap<String, Value>) {
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                flatten(&format!("{prefix}.{key}"), value, into);
            }
        }
        Value::Null => {}
        value => {
            into.insert(prefix.to_owned(), value);
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Policy;

    fn spec() -> Spec {
        let work = WorkSpec {
            inputs: vec!["/a".into()],
            output: "/b".into(),
            shard: Some("2/3".parse().unwrap()),
            ..WorkSpec::default()
        };
        Spec::new(work, Tool::default(), Config::default()).unwrap()
    }

    #[test]
    fn a_job_survives_being_written_down() {
        let spec = spec();
        assert_eq!(Spec::from_toml(&spec.to_toml().unwrap()).unwrap(), spec);
        assert!(Spec::from_toml("schema = 1").is_err());
        let newer = spec.to_toml().unwrap().replace("schema = 1", "schema = 2");
        assert!(
            Spec::from_toml(&newer)
                .unwrap_err()
                .to_string()
                .contains("version 2")
        );
    }

    #[test]
    fn differences_are_named_and_what_may_change_is_none() {
        let frozen = spec();
        let mut now = frozen.clone();
        now.settings.jobs = 9;
        now.settings.device = "cpu".into();
        assert_eq!(frozen.difference(&now), [""; 0]);
        assert_eq!(frozen.digest(), now.digest());
        now.settings.policy = Policy::All;
        now.work.shard = None;
        assert_eq!(
            frozen.difference(&now),
            [
                "settings.policy: begun with \"safe-list\", now \"all\"",
                "work.shard: begun with \"2/3\", now nothing"
            ]
        );
        assert_ne!(frozen.digest(), now.digest());
    }

    #[test]
    fn shards_are_checked() {
        for wrong in ["", "1", "0/3", "4/3", "a/b", "1/0", "-1/2"] {
            assert!(wrong.parse::<Shard>().is_err(), "{wrong}");
        }
    }
}
