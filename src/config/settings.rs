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
    /// `true` or `false`; `on` or `off` in the environment and in flags, or with `bare` a flag without a value.
    Switch {
        /// Whether the flag stands alone and means `on`.
        bare: bool,
    },
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
    /// Long flag of the command line, without `--`.
    pub flag: &'static str,
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

/// Every setting, in the order in which `config show` and help list them.
pub const SETTINGS: &[Setting] = &[
    Setting {
        key: "policy",
        flag: "policy",
        kind: Kind::Word(&["all", "safe-list", "phi"]),
        plan: true,
        help: "what is masked: all text, text that no safe rule keeps, or only text that a rule names",
    },
    Setting {
        key: "sensitivity",
        flag: "sensitivity",
        kind: Kind::Word(&["normal", "high"]),
        plan: true,
        help: "how doubt is settled; with high also what may be text goes, and text must be read all but certainly to stay",
    },
    Setting {
        key: "margin-px",
        flag: "margin",
        kind: Kind::Number,
        plan: true,
        help: "margin around a mask, in pixels",
    },
    Setting {
        key: "grid-px",
        flag: "grid",
        kind: Kind::Number,
        plan: true,
        help: "grid to which masks grow, in pixels, so that lengths leak less; 1 for none",
    },
    Setting {
        key: "cine-union",
        flag: "cine-union",
        kind: Kind::Switch { bare: false },
        plan: true,
        help: "whether text that persists in a loop masks its place in every frame",
    },
    Setting {
        key: "whole-bands",
        flag: "whole-bands",
        kind: Kind::Switch { bare: true },
        plan: true,
        help: "whether policy all masks a banner outside the ultrasound regions as a whole",
    },
    Setting {
        key: "large-mask-percent",
        flag: "large-mask-percent",
        kind: Kind::Number,
        plan: true,
        help: "masked share of a frame above which a person has to look",
    },
    Setting {
        key: "safe-words",
        flag: "safe-words",
        kind: Kind::Paths,
        plan: true,
        help: "file with extra words that are safe, one a line",
    },
    Setting {
        key: "mask-words",
        flag: "mask-words",
        kind: Kind::Paths,
        plan: true,
        help: "file with words that are always masked (staff, hospitals), one a line",
    },
    Setting {
        key: "templates",
        flag: "templates",
        kind: Kind::Path,
        plan: true,
        help: "file with rectangles that are always masked on known equipment",
    },
    Setting {
        key: "keep-metadata",
        flag: "keep-metadata",
        kind: Kind::Switch { bare: true },
        plan: true,
        help: "keep the header as it is, identities included: no profile, pixels only",
    },
    Setting {
        key: "profile",
        flag: "profile",
        kind: Kind::Text,
        plan: true,
        help: "what becomes of the header: basic, public, research, vendor, or a file (its path from the current folder)",
    },
    Setting {
        key: "profile-options",
        flag: "profile-options",
        kind: Kind::Text,
        plan: true,
        help: "options of PS3.15 beside those of the profile, separated by commas (`unburn profile show` lists them)",
    },
    Setting {
        key: "names",
        flag: "names",
        kind: Kind::Word(&["auto", "pseudonym", "mirror"]),
        plan: false,
        help: "names of outputs: made from the key, or those of the inputs; auto is pseudonym with a profile",
    },
    Setting {
        key: "faces",
        flag: "faces",
        kind: Kind::Word(&["flag", "quarantine", "deface"]),
        plan: true,
        help: "what becomes of images that may show a face; deface cuts them off head CTs in archive jobs, and holds others back",
    },
    Setting {
        key: "pseudonyms",
        flag: "pseudonyms",
        kind: Kind::Path,
        plan: false,
        help: "CSV file with the site's own pseudonyms: patient id, subject id, and optionally days to shift dates by",
    },
    Setting {
        key: "missing-patient",
        flag: "missing-patient",
        kind: Kind::Word(&["quarantine", "derive"]),
        plan: false,
        help: "what becomes of patients that this file does not have",
    },
    Setting {
        key: "opt-out",
        flag: "opt-out",
        kind: Kind::Path,
        plan: false,
        help: "list of patients that opted out (`unburn optout`); missing or stale, it stops the run",
    },
    Setting {
        key: "opt-out-max-days",
        flag: "opt-out-max-days",
        kind: Kind::Number,
        plan: false,
        help: "days after which that list is stale",
    },
    Setting {
        key: "limits.file-bytes",
        flag: "limit-file-bytes",
        kind: Kind::Number,
        plan: true,
        help: "largest input file",
    },
    Setting {
        key: "limits.frame-bytes",
        flag: "limit-frame-bytes",
        kind: Kind::Number,
        plan: true,
        help: "largest decoded frame",
    },
    Setting {
        key: "limits.frames",
        flag: "limit-frames",
        kind: Kind::Number,
        plan: true,
        help: "most frames of one object",
    },
    Setting {
        key: "limits.depth",
        flag: "limit-depth",
        kind: Kind::Number,
        plan: true,
        help: "deepest nesting of sequences",
    },
    Setting {
        key: "ffmpeg",
        flag: "ffmpeg",
        kind: Kind::Path,
        plan: true,
        help: "ffmpeg (5.1 or newer) through which video goes: decoded, masked and coded anew as a whole; without it video is quarantined",
    },
    Setting {
        key: "documents",
        flag: "documents",
        kind: Kind::Word(&["off", "search", "drop"]),
        plan: true,
        help: "encapsulated PDF: not looked at, its pages searched and the finding told, or dropped where anything is found; it never leaves",
    },
    Setting {
        key: "models",
        flag: "models",
        kind: Kind::Path,
        plan: false,
        help: "folder with models that replace those inside (reports carry their hashes)",
    },
    Setting {
        key: "trust-models",
        flag: "trust-models",
        kind: Kind::Text,
        plan: true,
        help: "SHA-256 of models that are not those inside and may earn BurnedInAnnotation NO all the same, separated by commas",
    },
    Setting {
        key: "device",
        flag: "device",
        kind: Kind::Text,
        plan: false,
        help: "auto, cpu, gpu or part of an adapter's name; masks never depend on it",
    },
    Setting {
        key: "jobs",
        flag: "jobs",
        kind: Kind::Number,
        plan: false,
        help: "files worked on side by side; 0 for the number of cores",
    },
    Setting {
        key: "memory-mb",
        flag: "memory",
        kind: Kind::Number,
        plan: false,
        help: "memory that files under way may take in archive jobs, in MiB; 0 for half of what is free",
    },
    Setting {
        key: "include-text",
        flag: "include-text",
        kind: Kind::Switch { bare: true },
        plan: false,
        help: "write the text that was read into reports: they then hold what was removed",
    },
];
