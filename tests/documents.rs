//! The documents stay true: the example files in `samples/` are complete and parse, and the README's tables are those of
//! the program.
//!
//! `UNBURN_TEST_UPDATE=1 cargo test --test documents` writes `samples/unburn.full.toml` and the tables between
//! `<!-- table: NAME -->` and `<!-- end -->` in the README anew.

mod common;

use common::Place;
use std::collections::BTreeSet;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use unburn::config::Config;
use unburn::config::layers::Layers;
use unburn::config::settings::{Kind, SETTINGS};
use unburn::dicom::support::{self, Codec};
use unburn::outcome::{Outcome, Reason};

fn sample(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("samples")
        .join(name)
}

/// All settings at their defaults, as a commented settings file. Settings without a default are shown commented out.
fn full_toml() -> String {
    let mut text = String::from(
        "# Every setting of unburn at its default. Copy what you change to `unburn.toml`.\n\
         # Relative paths start at the folder of the settings file.\n",
    );
    let shown = Layers::new().show().unwrap();
    let (plain, limits): (Vec<_>, Vec<_>) = shown.iter().partition(|(s, ..)| !s.key.contains('.'));
    for (setting, value, _) in plain {
        let _ = write!(text, "\n# {}", setting.help);
        if let Kind::Word(words) = setting.kind {
            let _ = write!(text, " ({})", words.join(", "));
        }
        let _ = match value {
            serde_json::Value::Null => write!(text, "\n# {} = \"PATH\"\n", setting.key),
            value => write!(text, "\n{} = {value}\n", setting.key),
        };
    }
    text.push_str("\n# Bounds on what a file may claim: anything above is `failed` with the reason `limit`.\n[limits]\n");
    for (setting, value, _) in limits {
        let key = setting.key.strip_prefix("limits.").unwrap();
        let _ = writeln!(text, "# {}\n{key} = {value}", setting.help);
    }
    text
}

#[test]
fn the_full_settings_file_is_complete_and_true() {
    let path = sample("unburn.full.toml");
    let wanted = full_toml();
    if std::env::var_os("UNBURN_TEST_UPDATE").is_some() {
        std::fs::write(&path, &wanted).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap();
    assert!(written == wanted, "out of date: see the head of this test");
    let mut layers = Layers::new();
    layers.add_file(&path).unwrap();
    assert_eq!(layers.finish().unwrap(), Config::default());
    assert!(SETTINGS.iter().all(|s| {
        let key = s.key.rsplit('.').next().unwrap_or_default();
        written.contains(&format!("{key} = "))
    }));
}

#[test]
fn the_sample_templates_parse() {
    let text = std::fs::read_to_string(sample("templates.toml")).unwrap();
    let templates = unburn::templates::parse(&text).unwrap();
    assert_eq!(templates.len(), 2);
}

fn readme_path() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")
}

fn readme() -> String {
    std::fs::read_to_string(readme_path()).unwrap()
}

/// Every reason why a file is not written.
fn reasons_table() -> String {
    let mut text = String::from("| outcome | reason | when |\n|---|---|---|\n");
    for r in Reason::ALL {
        let (outcome, code, when) = (r.outcome().name(), r.code(), r.trigger());
        let _ = writeln!(text, "| `{outcome}` | `{code}` | {when} |");
    }
    text
}

/// Every setting.
fn settings_table() -> String {
    let mut text = String::from("| key | flag | default | means |\n|---|---|---|---|\n");
    for (s, value, _) in Layers::new().show().unwrap() {
        let default = match (s.kind, value) {
            (_, serde_json::Value::Null) => String::new(),
            (_, serde_json::Value::Array(list)) if list.is_empty() => String::new(),
            (Kind::Switch { bare: false }, serde_json::Value::Bool(on)) => {
                format!("`{}`", if on { "on" } else { "off" })
            }
            (_, serde_json::Value::String(word)) => format!("`{word}`"),
            (_, value) => format!("`{value}`"),
        };
        let words = match s.kind {
            Kind::Word(words) => format!(" (`{}`)", words.join("`, `")),
            _ => String::new(),
        };
        let (key, flag, help) = (s.key, s.flag, s.help);
        let _ = writeln!(text, "| `{key}` | `--{flag}` | {default} | {help}{words} |");
    }
    text
}

/// What is done with each transfer syntax; neighbours of which the same is true share a row.
fn encodings_table() -> String {
    let mut rows: Vec<(Vec<&str>, String)> = Vec::new();
    let mut video: Vec<(u32, String)> = Vec::new();
    for row in support::rows() {
        let s = row.syntax;
        let masked = match row.written {
            None => "never",
            Some(out) if out.uid == s.uid => "the same",
            Some(out) => out.name,
        };
        let (samples, exact) = match (row.samples.join("; "), row.exact) {
            (none, _) if none.is_empty() => ("none".to_owned(), ""),
            (samples, "") => (samples, "nothing; all is near"),
            (samples, exact) => (samples, exact),
        };
        let rest = format!("{samples} | {masked} | {exact} |");
        if s.codec == Codec::Video {
            match video.iter_mut().find(|(_, r)| *r == rest) {
                Some((n, _)) => *n += 1,
                None => video.push((1, rest)),
            }
            continue;
        }
        match rows.last_mut() {
            Some((names, last)) if *last == rest => names.push(s.name),
            _ => rows.push((vec![s.name], rest)),
        }
    }
    let mut text = String::from(
        "| encoding of the input | samples that are read | written when something was masked | the same outside the masks |\n|---|---|---|---|\n",
    );
    for (names, rest) in rows {
        let _ = writeln!(text, "| {} | {rest}", names.join(", "));
    }
    for (n, rest) in video {
        let _ = writeln!(text, "| MPEG-2, H.264, HEVC ({n}) | {rest}");
    }
    text
}

#[test]
fn the_tables_of_the_readme_are_those_of_the_program() {
    let tables = [
        ("reasons", reasons_table()),
        ("settings", settings_table()),
        ("encodings", encodings_table()),
    ];
    let mut text = readme();
    for (name, table) in &tables {
        let start = format!("<!-- table: {name} -->\n");
        let from = text.find(&start).expect("the table's start") + start.len();
        let length = text[from..].find("<!-- end -->").expect("the table's end");
        text.replace_range(from..from + length, table);
    }
    if std::env::var_os("UNBURN_TEST_UPDATE").is_some() {
        std::fs::write(readme_path(), &text).unwrap();
    }
    assert!(text == readme(), "out of date: see the head of this test");
}

/// The rows of the table whose first cell of the head is `first`, as cells.
fn rows(readme: &str, first: &str) -> Vec<Vec<String>> {
    let head = format!("| {first} |");
    let lines = readme.lines().skip_while(|l| !l.starts_with(&head)).skip(2);
    let rows: Vec<_> = lines
        .take_while(|l| l.starts_with('|'))
        .map(|l| {
            let cells = l.trim_matches('|').split(" | ");
            cells.map(|c| c.trim().to_owned()).collect()
        })
        .collect();
    assert!(!rows.is_empty(), "no table `{first}`");
    rows
}

/// What stands between backticks.
fn quoted(text: &str) -> Vec<String> {
    text.split('`')
        .skip(1)
        .step_by(2)
        .map(str::to_owned)
        .collect()
}

#[test]
fn the_readme_lists_every_outcome_and_exit_code() {
    let text = readme();
    let outcomes: Vec<_> = rows(&text, "outcome")
        .iter()
        .map(|r| (quoted(&r[0])[0].clone(), r[2] == "yes"))
        .collect();
    let all = [
        Outcome::Skipped,
        Outcome::Clean,
        Outcome::Masked,
        Outcome::NeedsReview,
        Outcome::Quarantined,
        Outcome::Failed,
    ];
    let wanted: Vec<_> = all
        .iter()
        .map(|o| (o.name().to_owned(), o.is_written()))
        .collect();
    assert_eq!(outcomes, wanted);

    let help = Place::new().run(&["--help"]).out.replace('\n', " ");
    let codes = help
        .split("Exit codes: ")
        .nth(1)
        .unwrap()
        .split('.')
        .next()
        .unwrap();
    let codes: Vec<_> = codes
        .split("; ")
        .map(|c| c.split(' ').next().unwrap().to_owned())
        .collect();
    let listed: Vec<_> = rows(&text, "exit code")
        .iter()
        .map(|r| r[0].clone())
        .collect();
    assert_eq!(listed, codes);
}

/// Long flags in a text.
fn flags(text: &str) -> BTreeSet<String> {
    text.split("--")
        .skip(1)
        .map(|rest| {
            let end = rest.find(|c: char| !c.is_ascii_lowercase() && c != '-');
            rest[..end.unwrap_or(rest.len())].to_owned()
        })
        .filter(|f| !f.is_empty())
        .collect()
}

#[test]
fn the_readme_names_every_command_and_flag_and_no_other() {
    let text = readme();
    let place = Place::new();
    let commands = [
        "redact",
        "scan",
        "batch run",
        "batch resume",
        "batch status",
        "batch report",
        "batch plan",
        "batch retry",
        "batch watch",
        "batch merge",
        "worker",
        "report",
        "trace",
        "preview",
        "review",
        "verify",
        "doctor",
        "config show",
        "key new",
        "profile show",
        "templates import",
        "optout add",
        "completions",
        "man",
        "help",
    ];
    let help = place.run(&["--help"]).out;
    let listed = help
        .split("Commands:")
        .nth(1)
        .unwrap()
        .split("Options:")
        .next()
        .unwrap();
    let names: Vec<_> = listed
        .lines()
        .filter(|l| l.starts_with("  ") && !l.starts_with("   "))
        .filter_map(|l| l.split_whitespace().next())
        .collect();
    let mut wanted: Vec<_> = commands
        .iter()
        .map(|c| c.split(' ').next().unwrap())
        .collect();
    wanted.dedup();
    assert_eq!(names, wanted, "commands of the program");
    let table: String = rows(&text, "command")
        .iter()
        .map(|r| r[0].clone())
        .collect();
    let mut there = BTreeSet::new();
    for command in commands {
        assert!(
            table.contains(&format!("unburn {command}")),
            "`{command}` is not in the README"
        );
        let mut args: Vec<_> = command.split(' ').collect();
        args.push("--help");
        there.extend(flags(&place.run(&args).out));
    }
    for more in [
        ["key", "map"],
        ["profile", "diff"],
        ["optout", "check"],
        ["optout", "recall"],
    ] {
        there.extend(flags(&place.run(&[more[0], more[1], "--help"]).out));
    }
    for general in ["help", "version"] {
        there.remove(general);
    }
    // Flags of cargo, in the commands that build and test, and the lines of tables.
    let prose: String = text
        .lines()
        .filter(|l| !l.contains("cargo") && !l.starts_with("|--") && !l.starts_with("<!--"))
        .map(|l| format!("{l}\n"))
        .collect();
    let mut named = flags(&prose);
    // Help itself, and the group that one reason names.
    for other in ["help", "limit-"] {
        named.remove(other);
    }
    let only =
        |a: &BTreeSet<String>, b: &BTreeSet<String>| a.difference(b).cloned().collect::<Vec<_>>();
    assert_eq!(
        (only(&there, &named), only(&named, &there)),
        (Vec::new(), Vec::new()),
        "flags that the README does not name, and flags that do not exist"
    );
}

#[test]
fn the_readme_lists_the_fields_of_a_report() {
    let text = readme();
    let fields = rows(&text, "field");
    let listed: BTreeSet<_> = fields.iter().flat_map(|r| quoted(&r[0])).collect();
    let place = Place::new();
    // One file with text and one that is no image, so that every field has a chance.
    let inputs = [sample("ct_icon.dcm"), sample("odd/report_sr.dcm")];
    let template = "[[template]]\nname = \"a\"\napproved-by = \"b\"\nmatch = { manufacturer = \"*\" }\nmask = [[0, 0, 8, 8]]\n";
    fs::write(place.path("templates.toml"), template).unwrap();
    let more = [
        "--device",
        "cpu",
        "--names",
        "pseudonym",
        "--templates",
        "templates.toml",
    ];
    let redacted = place.redact(&inputs, "out", &more);
    let mut written = BTreeSet::new();
    for line in redacted.lines.iter().filter(|l| l["type"] == "file") {
        for (key, value) in line.as_object().unwrap() {
            written.insert(key.clone());
            let inner = match value {
                serde_json::Value::Array(list) => list.first(),
                other => Some(other),
            };
            let row = fields.iter().find(|r| quoted(&r[0]).contains(key));
            let row = row.unwrap_or_else(|| panic!("`{key}` is not in the README"));
            let explained: BTreeSet<_> = row[1..].iter().flat_map(|c| quoted(c)).collect();
            let free = ["timings_ms", "metadata"].contains(&key.as_str());
            let keys = inner.and_then(|v| v.as_object()).filter(|_| !free);
            for name in keys.into_iter().flat_map(|m| m.keys()) {
                assert!(
                    explained.contains(name),
                    "`{key}.{name}` is not in the README"
                );
            }
        }
    }
    let unknown: Vec<_> = listed.difference(&written).collect();
    assert!(unknown.is_empty(), "fields that no report has: {unknown:?}");
}
