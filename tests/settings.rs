//! The example files in `samples/` stay true: all defaults, and a template file that parses.
//!
//! `UNBURN_TEST_UPDATE=1 cargo test --test settings` writes `samples/unburn.full.toml` anew.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use unburn::config::Config;
use unburn::config::layers::Layers;
use unburn::config::settings::{Kind, SETTINGS};

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
