//! Where settings come from: defaults < files < environment < flags. A later layer replaces the value of an earlier one,
//! lists included. Unknown keys and unknown `UNBURN_` variables are errors: a misspelt policy must not pass as a default.
//!
//! Files, each replacing values of the one before: the system's, the user's, `unburn.toml` in the current folder.
//! `--config FILE` is read instead of all three.

use super::Config;
use super::settings::{Kind, SETTINGS, Setting};
use crate::error::{Error, Result};
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};
use toml::{Table, Value};

/// `UNBURN_` variables that are not settings: the key itself ([`crate::key`]), and switches of our test suite.
const OTHER_VARIABLES: &[&str] = &["UNBURN_KEY", "UNBURN_CORPUS", "UNBURN_FULL"];
/// More variables of the test suite start so.
const TEST_PREFIXES: [&str; 2] = ["UNBURN_TEST_", "UNBURN_REQUIRE_"];

/// Largest settings file; anything longer is something else.
const MAX_FILE_BYTES: u64 = 1 << 20;

/// Where a value came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// Built in.
    Default,
    /// A settings file.
    File(PathBuf),
    /// An environment variable.
    Variable(String),
    /// A flag of the command line.
    Flag(String),
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Source::Default => f.write_str("default"),
            Source::File(path) => write!(f, "{}", path.display()),
            Source::Variable(name) => f.write_str(name),
            Source::Flag(name) => f.write_str(name),
        }
    }
}

/// Settings being put together, with the source of every value.
#[derive(Clone, Debug, Default)]
pub struct Layers {
    values: BTreeMap<&'static str, (Value, Source)>,
    files: Vec<PathBuf>,
}

impl Layers {
    /// Nothing but defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// The settings files that were read, in order.
    pub fn files(&self) -> &[PathBuf] {
        &self.files
    }

    /// Sets one value. Returns [`Error::Config`] naming key and source where the value has the wrong form.
    pub fn set(&mut self, setting: &'static Setting, value: Value, source: Source) -> Result<()> {
        check_form(setting, &value).map_err(|wanted| {
            Error::Config(format!(
                "`{}` must be {wanted} (from {source})",
                setting.key
            ))
        })?;
        self.values.insert(setting.key, (value, source));
        Ok(())
    }

    /// Sets one value from text, as the environment and flags carry it.
    pub fn set_text(
        &mut self,
        setting: &'static Setting,
        text: &OsString,
        source: Source,
    ) -> Result<()> {
        let value = match setting.kind {
            Kind::Paths => {
                let parts = std::env::split_paths(text).filter(|p| !p.as_os_str().is_empty());
                return self.set_paths(setting, parts, source);
            }
            Kind::Path => path_value(Path::new(text))?,
            kind => text_value(kind, text.to_str().unwrap_or_default()),
        };
        self.set(setting, value, source)
    }

    /// Sets a list of paths.
    pub fn set_paths(
        &mut self,
        setting: &'static Setting,
        paths: impl IntoIterator<Item = PathBuf>,
        source: Source,
    ) -> Result<()> {
        let list = paths.into_iter().map(|p| path_value(&p));
        let value = Value::Array(list.collect::<Result<_>>()?);
        self.set(setting, value, source)
    }

    /// Reads one settings file.
    pub fn add_file(&mut self, path: &Path) -> Result<()> {
        let io = |source| Error::Io {
            action: "reading settings",
            path: path.to_path_buf(),
            source,
        };
        if std::fs::metadata(path).map_err(io)?.len() > MAX_FILE_BYTES {
            return Err(Error::Config(format!(
                "a settings file of more than {MAX_FILE_BYTES} bytes: `{}`",
                path.display()
            )));
        }
        let text = std::fs::read_to_string(path).map_err(io)?;
        self.add_text(&text, path)
    }

    /// Takes the settings in the text of a file that lies at `path`.
    pub fn add_text(&mut self, text: &str, path: &Path) -> Result<()> {
        let table: Table = text.parse().map_err(|e: toml::de::Error| {
            Error::Config(format!("{}: `{}`", first_line(e.message()), path.display()))
        })?;
        let folder = path.parent().unwrap_or(Path::new(""));
        for (key, value) in flatten(&table) {
            let Some(setting) = Setting::find(&key) else {
                return Err(Error::Config(format!(
                    "unknown key `{key}`{}: `{}`",
                    did_you_mean(&key),
                    path.display()
                )));
            };
            let value = anchor(setting, value, folder)?;
            self.set(setting, value, Source::File(path.to_path_buf()))?;
        }
        self.files.push(path.to_path_buf());
        Ok(())
    }

    /// Takes every value of a configuration that was written down before.
    pub fn add_config(&mut self, config: &Config) -> Result<()> {
        let table = Table::try_from(config)
            .map_err(|e| Error::Config(format!("settings cannot be read: {e}")))?;
        for (key, value) in flatten(&table) {
            if let Some(setting) = Setting::find(&key) {
                self.set(setting, value, Source::Default)?;
            }
        }
        Ok(())
    }

    /// Reads the files at the usual places, as far as they exist.
    pub fn add_usual_files(&mut self) -> Result<()> {
        for path in usual_files(|name| std::env::var_os(name)) {
            if path.is_file() {
                self.add_file(&path)?;
            }
        }
        Ok(())
    }

    /// Takes the settings among these environment variables; others that start with `UNBURN_` are errors.
    pub fn add_environment(
        &mut self,
        variables: impl IntoIterator<Item = (OsString, OsString)>,
    ) -> Result<()> {
        for (name, text) in variables {
            let Some(name) = name.to_str() else { continue };
            if !name.starts_with("UNBURN_")
                || TEST_PREFIXES.iter().any(|p| name.starts_with(p))
                || OTHER_VARIABLES.contains(&name)
            {
                continue;
            }
            let Some(setting) = SETTINGS.iter().find(|s| s.variable() == name) else {
                return Err(Error::Config(format!(
                    "unknown environment variable `{name}`; `unburn config show` lists the known ones"
                )));
            };
            self.set_text(setting, &text, Source::Variable(name.to_owned()))?;
        }
        Ok(())
    }

    /// The settings, checked.
    pub fn finish(&self) -> Result<Config> {
        let mut table = Table::new();
        for (key, (value, _)) in &self.values {
            match key.split_once('.') {
                None => {
                    table.insert((*key).to_owned(), value.clone());
                }
                Some((outer, inner)) => {
                    let entry = table
                        .entry(outer.to_owned())
                        .or_insert_with(|| Value::Table(Table::new()));
                    if let Value::Table(sub) = entry {
                        sub.insert(inner.to_owned(), value.clone());
                    }
                }
            }
        }
        let config: Config = Value::Table(table)
            .try_into()
            .map_err(|e: toml::de::Error| Error::Config(first_line(e.message()).to_owned()))?;
        config.check()?;
        Ok(config)
    }

    /// Every setting with its value (null where it has none) and source, in the order of the table.
    pub fn show(&self) -> Result<Vec<(&'static Setting, serde_json::Value, Source)>> {
        let config = serde_json::to_value(self.finish()?)
            .map_err(|e| Error::Config(format!("settings cannot be shown: {e}")))?;
        Ok(SETTINGS
            .iter()
            .map(|s| {
                let pointer = format!("/{}", s.key.replace('.', "/"));
                let value = config.pointer(&pointer).cloned().unwrap_or_default();
                let source = self
                    .values
                    .get(s.key)
                    .map_or(Source::Default, |(_, source)| source.clone());
                (s, value, source)
            })
            .collect())
    }
}

/// Settings files at the usual places, weakest first.
fn usual_files(variable: impl Fn(&str) -> Option<OsString>) -> Vec<PathBuf> {
    let folder = |name: &str| {
        variable(name)
            .map(PathBuf::from)
            .filter(|p| p.is_absolute())
    };
    let (system, user) = if cfg!(windows) {
        (folder("PROGRAMDATA"), folder("APPDATA"))
    } else {
        (
            Some(PathBuf::from("/etc")),
            folder("XDG_CONFIG_HOME").or_else(|| folder("HOME").map(|h| h.join(".config"))),
        )
    };
    let mut files: Vec<PathBuf> = [system, user]
        .into_iter()
        .flatten()
        .map(|f| f.join("unburn").join("unburn.toml"))
        .collect();
    files.push(PathBuf::from("unburn.toml"));
    files
}

/// Keys with their values; the keys of tables are joined by dots.
fn flatten(table: &Table) -> Vec<(String, Value)> {
    let mut flat = Vec::new();
    for (key, value) in table {
        match value {
            Value::Table(inner) => flat.extend(
                flatten(inner)
                    .into_iter()
                    .map(|(k, v)| (format!("{key}.{k}"), v)),
            ),
            value => flat.push((key.clone(), value.clone())),
        }
    }
    flat
}

/// Makes relative paths start at the folder of the settings file.
fn anchor(setting: &Setting, value: Value, folder: &Path) -> Result<Value> {
    match (setting.kind, value) {
        (Kind::Path, Value::String(p)) => path_value(&folder.join(p)),
        (Kind::Paths, Value::Array(list)) => Ok(Value::Array(
            list.into_iter()
                .map(|v| match v {
                    Value::String(p) => path_value(&folder.join(p)),
                    other => Ok(other),
                })
                .collect::<Result<_>>()?,
        )),
        (_, value) => Ok(value),
    }
}

fn path_value(path: &Path) -> Result<Value> {
    path.to_str()
        .map(|p| Value::String(p.to_owned()))
        .ok_or_else(|| {
            Error::Config(format!(
                "a path in the settings must be valid Unicode: `{}`",
                path.display()
            ))
        })
}

/// The value in text; text that does not fit stays text, which [`check_form`] then refuses.
fn text_value(kind: Kind, text: &str) -> Value {
    let as_text = || Value::String(text.to_owned());
    match kind {
        Kind::Number => text.parse().map_or_else(|_| as_text(), Value::Integer),
        Kind::Switch { .. } => match text {
            "on" | "true" | "1" => Value::Boolean(true),
            "off" | "false" | "0" => Value::Boolean(false),
            _ => as_text(),
        },
        _ => as_text(),
    }
}

/// `Err` says what the value must be.
fn check_form(setting: &Setting, value: &Value) -> std::result::Result<(), String> {
    let (fits, wanted) = match setting.kind {
        Kind::Word(words) => (
            value.as_str().is_some_and(|v| words.contains(&v)),
            format!("one of `{}`", words.join("`, `")),
        ),
        Kind::Text => (value.is_str(), "text".to_owned()),
        Kind::Number => (
            value.as_integer().is_some_and(|n| n >= 0),
            "a whole number, 0 or more".to_owned(),
        ),
        Kind::Switch { .. } => (value.is_bool(), "`true` or `false`".to_owned()),
        Kind::Path => (
            value.as_str().is_some_and(|v| !v.is_empty()),
            "a path".to_owned(),
        ),
        Kind::Paths => (
            value
                .as_array()
                .is_some_and(|list| list.iter().all(Value::is_str)),
            "a list of paths".to_owned(),
        ),
    };
    if fits { Ok(()) } else { Err(wanted) }
}

/// A hint at the known key that differs least, if one is near.
fn did_you_mean(key: &str) -> String {
    SETTINGS
        .iter()
        .map(|s| (distance(key, s.key), s.key))
        .min()
        .filter(|(d, _)| *d <= 3)
        .map(|(_, near)| format!(" (did you mean `{near}`?)"))
        .unwrap_or_default()
}

/// Edits between two words.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, ca) in a.chars().enumerate() {
        let mut corner = i;
        let mut left = i + 1;
        for (cell, cb) in row.iter_mut().skip(1).zip(&b) {
            let edit = corner + usize::from(ca != *cb);
            corner = *cell;
            left = edit.min(left + 1).min(corner + 1);
            *cell = left;
        }
        if let Some(first) = row.first_mut() {
            *first = i + 1;
        }
    }
    row.last().copied().unwrap_or(usize::MAX)
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Policy;

    fn variables(list: &[(&str, &str)]) -> Vec<(OsString, OsString)> {
        list.iter().map(|(k, v)| (k.into(), v.into())).collect()
    }

    #[test]
    fn later_layers_win_and_sources_are_told() {
        let mut layers = Layers::new();
        layers
            .add_text(
                "policy = \"all\"\njobs = 3\n[limits]\nframes = 9\n",
                Path::new("/a/unburn.toml"),
            )
            .unwrap();
        layers
            .add_text("jobs = 4", Path::new("/b/unburn.toml"))
            .unwrap();
        layers
            .add_environment(variables(&[
                ("UNBURN_JOBS", "5"),
                ("PATH", "x"),
                ("UNBURN_KEY", "k"),
            ]))
            .unwrap();
        let config = layers.finish().unwrap();
        assert_eq!(
            (config.policy, config.jobs, config.limits.frames),
            (Policy::All, 5, 9)
        );
        let shown = layers.show().unwrap();
        let source = |key: &str| {
            shown
                .iter()
                .find(|(s, ..)| s.key == key)
                .map(|(.., s)| s.to_string())
        };
        assert_eq!(source("jobs").as_deref(), Some("UNBURN_JOBS"));
        assert_eq!(source("limits.frames").as_deref(), Some("/a/unburn.toml"));
        assert_eq!(source("grid-px").as_deref(), Some("default"));
    }

    #[test]
    fn unknown_keys_and_variables_are_errors_that_name_them() {
        let mut layers = Layers::new();
        let error = layers
            .add_text("polcy = \"all\"", Path::new("/a/unburn.toml"))
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("`polcy`")
                && error.contains("`policy`")
                && error.contains("/a/unburn.toml"),
            "{error}"
        );
        let error = layers
            .add_environment(variables(&[("UNBURN_POLCY", "all")]))
            .unwrap_err();
        assert!(error.to_string().contains("UNBURN_POLCY"));
    }

    #[test]
    fn wrong_forms_are_refused_with_their_source() {
        for text in [
            "policy = \"some\"",
            "jobs = \"many\"",
            "jobs = -1",
            "cine-union = 1",
            "safe-words = \"a\"",
            "grid-px = 0",
            "limits = 3",
        ] {
            let mut layers = Layers::new();
            let result = layers
                .add_text(text, Path::new("u.toml"))
                .and_then(|()| layers.finish().map(|_| ()));
            assert!(matches!(result, Err(Error::Config(_))), "{text}");
        }
        let mut layers = Layers::new();
        let error = layers
            .add_environment(variables(&[("UNBURN_CINE_UNION", "maybe")]))
            .unwrap_err();
        assert!(error.to_string().contains("UNBURN_CINE_UNION"));
    }

    #[test]
    fn paths_in_files_start_at_the_file() {
        let mut layers = Layers::new();
        layers
            .add_text(
                "templates = \"t.toml\"\nsafe-words = [\"w.txt\", \"/x/v.txt\"]",
                Path::new("/site/unburn.toml"),
            )
            .unwrap();
        let config = layers.finish().unwrap();
        assert_eq!(config.templates.as_deref(), Some(Path::new("/site/t.toml")));
        assert_eq!(
            config.safe_words,
            [PathBuf::from("/site/w.txt"), PathBuf::from("/x/v.txt")]
        );
    }

    #[test]
    fn every_field_has_a_row_and_every_row_a_field() {
        let config = Config {
            templates: Some("t".into()),
            ffmpeg: Some("f".into()),
            models: Some("m".into()),
            pseudonyms: Some("p".into()),
            opt_out: Some("o".into()),
            ..Config::default()
        };
        let table = match Value::try_from(config).unwrap() {
            Value::Table(t) => t,
            other => panic!("{other:?}"),
        };
        let mut fields: Vec<String> = flatten(&table).into_iter().map(|(k, _)| k).collect();
        let mut rows: Vec<String> = SETTINGS.iter().map(|s| s.key.to_owned()).collect();
        fields.sort();
        rows.sort();
        assert_eq!(fields, rows);
    }
}
