//! The table of settings: every key that a settings file, the environment or a flag can set.
//!
//! One row a setting. Reading files and the environment, the check for unknown keys, `config show`,
//! `samples/unburn.full.toml` and the digest of settings all follow this table.

/// What a setting's value looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// One of these words.
    Word(&'static [&'static str]),
    /// Any text.
    Text,
    /// A whole number.
    Number,
    /// `true` or `false`; `on` or `off` in the environment and in flags.
    Switch,
    /// A path; relative paths in a file start at that file's folder.
    Path,
    /// A list of paths; in the environment separated as in `PATH`.
    Paths,
}

/// One setting.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    /// Key in a settings file; a dot separates the table from the key.
    pub key: &'static str,
    /// Form of the value.
    pub kind: Kind,
    /// Whether it can change a plan, so that the digest of settings has to cover it.
    pub plan: bool,
    /// One line for people.
    pub help: &'static str,
}

impl Setting {
    /// Name of its environment variable: `UNBURN_` and the key in capitals, dots and hyphens as underscores.
    pub fn variable(&self) -> String {
        format!(
            "UNBURN_{}",
            self.key.to_ascii_uppercase().replace(['-', '.'], "_")
        )
    }

    /// The row with this key.
    pub fn find(key: &str) -> Option<&'static Setting> {
        SETTINGS.iter().find(|s| s.key == key)
    }
}

const fn row(key: &'static str, kind: Kind, plan: bool, help: &'static str) -> Setting {
    Setting {
        key,
        kind,
        plan,
        help,
    }
}

/// Every setting, in the order in which `config show` lists them.
pub const SETTINGS: &[Setting] = &[
    row(
        "policy",
        Kind::Word(&["all", "safe-list", "phi"]),
        true,
        "what is masked: all text, text that no safe rule keeps, or only text that a rule names",
    ),
    row(
        "sensitivity",
        Kind::Word(&["normal", "high"]),
        true,
        "how eagerly text is found; high can only mask more",
    ),
    row("margin-px", Kind::Number, true, "margin around a mask"),
    row(
        "grid-px",
        Kind::Number,
        true,
        "grid to which masks grow, so that lengths leak less; 1 for none",
    ),
    row(
        "cine-union",
        Kind::Switch,
        true,
        "text that persists in a loop masks its place in every frame",
    ),
    row(
        "large-mask-percent",
        Kind::Number,
        true,
        "masked share of a frame above which a person has to look",
    ),
    row(
        "safe-words",
        Kind::Paths,
        true,
        "files with extra words that are safe, one a line",
    ),
    row(
        "mask-words",
        Kind::Paths,
        true,
        "files with words that are always masked (staff, hospitals), one a line",
    ),
    row(
        "templates",
        Kind::Path,
        true,
        "file with rectangles that are always masked on known equipment",
    ),
    row(
        "limits.file-bytes",
        Kind::Number,
        true,
        "largest input file",
    ),
    row(
        "limits.frame-bytes",
        Kind::Number,
        true,
        "largest decoded frame",
    ),
    row(
        "limits.frames",
        Kind::Number,
        true,
        "most frames of one object",
    ),
    row(
        "limits.depth",
        Kind::Number,
        true,
        "deepest nesting of sequences",
    ),
    row(
        "models",
        Kind::Path,
        false,
        "folder with models that replace those inside (reports carry their hashes)",
    ),
    row(
        "device",
        Kind::Text,
        false,
        "auto, cpu, gpu or part of an adapter's name; masks never depend on it",
    ),
    row(
        "jobs",
        Kind::Number,
        false,
        "files worked on side by side; 0 for the number of cores",
    ),
    row(
        "include-text",
        Kind::Switch,
        false,
        "write the text that was read into reports: they then hold what was removed",
    ),
];
