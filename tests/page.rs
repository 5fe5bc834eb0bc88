//! The files of the review page keep their promises without a browser: no markup from text, nothing inline, nothing from
//! outside, one table of keys that everything agrees with. `tests/browser.rs` tries the page itself.

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

fn assets() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src/review/assets")
}

fn read(name: &str) -> String {
    fs::read_to_string(assets().join(name)).unwrap()
}

/// Names and texts of the files with an ending.
fn files(ending: &str) -> BTreeMap<String, String> {
    let found: BTreeMap<String, String> = fs::read_dir(assets())
        .unwrap()
        .map(|e| e.unwrap().file_name().into_string().unwrap())
        .filter(|n| n.ends_with(ending))
        .map(|n| (n.clone(), read(&n)))
        .collect();
    assert!(!found.is_empty());
    found
}

fn keys() -> Vec<Value> {
    let table: Value = serde_json::from_str(&read("keys.json")).unwrap();
    table["keys"].as_array().unwrap().clone()
}

fn word<'a>(entry: &'a Value, name: &str) -> &'a str {
    entry[name].as_str().unwrap()
}

#[test]
fn scripts_never_make_markup_or_code_from_text() {
    let forbidden = [
        "innerHTML",
        "outerHTML",
        "insertAdjacentHTML",
        "document.write",
        "eval(",
        "new Function",
        "createContextualFragment",
        "DOMParser",
        "srcdoc",
        "setHTML",
        "http://",
        "https://",
    ];
    // The name of a namespace is no address that is fetched.
    let namespace = "http://www.w3.org/2000/svg";
    for (name, text) in files(".js") {
        let text = text.replace(namespace, "");
        for bad in forbidden {
            assert!(!text.contains(bad), "{name} has {bad}");
        }
    }
}

#[test]
fn nothing_is_inline_and_nothing_comes_from_outside() {
    let html = read("index.html");
    for bad in ["<style", " style=", "javascript:", "//"] {
        assert!(!html.contains(bad), "index.html has {bad:?}");
    }
    let handler = |w: &&str| w.starts_with("on") && w.contains('=');
    assert_eq!(html.split_whitespace().find(handler), None);
    for (at, _) in html.match_indices("<script") {
        let rest = &html[at..];
        assert!(rest.contains("src=\"/") && rest.contains("></script>"));
    }
    let css = read("page.css");
    for bad in ["@import", "url(", "http"] {
        assert!(!css.contains(bad), "page.css has {bad:?}");
    }
}

#[test]
fn every_file_is_served_and_every_import_is_there() {
    let served = fs::read_to_string(assets().join("../assets.rs")).unwrap();
    for entry in fs::read_dir(assets()).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(
            served.contains(&format!("assets/{name}")),
            "assets.rs does not serve {name}"
        );
    }
    for (name, text) in files(".js") {
        for part in text.split("from \"/").skip(1) {
            let target = part.split('"').next().unwrap();
            assert!(
                assets().join(target).is_file(),
                "{name} imports {target}, which is not there"
            );
        }
    }
}

#[test]
fn the_table_of_keys_is_whole_and_without_clashes() {
    let scripts: String = files(".js").into_values().collect();
    let (mut ids, mut chords) = (BTreeSet::new(), BTreeSet::new());
    for entry in keys() {
        let (id, place) = (word(&entry, "id"), word(&entry, "where"));
        assert!(ids.insert(id.to_owned()), "{id} is there twice");
        assert!(
            ["all", "list", "grid", "viewer"].contains(&place),
            "{id}: {place}"
        );
        assert!(!word(&entry, "label").is_empty() && !word(&entry, "group").is_empty());
        let named = id.starts_with("window-")
            || [format!("\"{id}\""), format!("{id}:")]
                .iter()
                .any(|n| scripts.contains(n));
        assert!(named, "no script does {id}");
        for chord in entry["keys"].as_array().unwrap() {
            let chord = chord.as_str().unwrap().to_owned();
            let places: &[&str] = if place == "all" {
                &["list", "grid", "viewer"]
            } else {
                &[place]
            };
            for p in places {
                assert!(
                    chords.insert(format!("{p} {chord}")),
                    "{chord} means two things in {p}"
                );
            }
        }
    }
    assert!(ids.len() > 60, "the table lost entries");
}
