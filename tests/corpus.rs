//! Targets over a corpus of real images with known text, where `UNBURN_CORPUS` names its folder: `files/`, `index.json`
//! and `score.py` (usage in the script itself).

mod common;

use common::{Place, finish, missing_judge, python, skip};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Policy `all`: share of text lines removed, soft keys of 6 px hardly lighter than their bar among them.
const ALL_TEXT: f64 = 0.97;
/// The same of those that a person can read.
const ALL_LEGIBLE: f64 = 0.985;
/// Policy `all`: mean share of the area without text that masks cover, before codec growth.
const ALL_OVER: f64 = 0.01;
/// Text-free images with any mask.
const NEGATIVES_WITH_MASK: f64 = 1.0;
/// Policy `safe-list`: lines with an identity of which glyphs are left.
const SAFE_MISSED: f64 = 0.0;
/// Policy `safe-list`: share of all clinical and technical lines that stay, whether the reader can read them or not. Of those
/// that it reads, `tests/judges/kept.py` counts 77 %; the aim is 80 % of the legible ones.
const SAFE_KEPT: f64 = 0.6;

fn corpus() -> Option<PathBuf> {
    let Some(folder) = std::env::var_os("UNBURN_CORPUS") else {
        skip("the corpus: set UNBURN_CORPUS to its folder");
        return None;
    };
    // Tests run in the package's folder; a relative path is meant from there.
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    assert!(
        folder.join("index.json").is_file(),
        "UNBURN_CORPUS holds no index.json"
    );
    Some(folder)
}

/// Redacts the corpus and scores the report.
fn score(corpus: &Path, policy: &str) -> Option<Value> {
    let place = Place::new();
    let more = ["--policy", policy, "--device", "cpu"];
    let redacted = place.redact(&[corpus.join("files")], "out", &more);
    let code = redacted.ran.code;
    assert!(
        code == 0 || code == 3,
        "exit code {code}:\n{}",
        redacted.ran.err
    );
    let results = place.path("results");
    let convert = python("report_to_results.py")?
        .arg(place.path("out.jsonl"))
        .arg(&results)
        .arg("--before-codec")
        .status();
    assert!(convert.is_ok_and(|s| s.success()));
    let summary = place.path("score.json");
    let scored = finish(
        Command::new("python3")
            .arg(corpus.join("score.py"))
            .arg("--index")
            .arg(corpus.join("index.json"))
            .arg("--results")
            .arg(&results)
            .arg("--json")
            .arg(&summary),
    );
    assert_eq!(scored.code, 0, "{}", scored.err);
    show(policy, &scored.out);
    Some(serde_json::from_str(&std::fs::read_to_string(summary).unwrap()).unwrap())
}

/// Lines of these kinds that stay.
fn left<'a>(score: &Value, kinds: impl Iterator<Item = &'a str>) -> f64 {
    let number = |kind: &str, what: &str| score["kinds"][kind][what].as_f64();
    kinds
        .filter_map(|k| Some(number(k, "n")? - number(k, "removed")?))
        .sum()
}

/// Scores belong into the log of a run, passed or not.
fn show(policy: &str, table: &str) {
    use std::io::Write;
    let _ = write!(std::io::stderr(), "policy {policy}\n{table}");
}

#[test]
fn policy_all_reaches_its_targets() {
    let Some(corpus) = corpus() else { return };
    let Some(s) = score(&corpus, "all") else {
        return missing_judge("the scorer");
    };
    let figure = |name: &str| s[name].as_f64().unwrap();
    assert!(
        figure("text_recall") >= ALL_TEXT,
        "text {}",
        s["text_recall"]
    );
    assert!(
        figure("text_recall_legible") >= ALL_LEGIBLE,
        "legible text {}",
        s["text_recall_legible"]
    );
    assert_eq!(figure("phi_recall"), 1.0, "identities");
    assert!(
        figure("over_redaction_mean") <= ALL_OVER,
        "over-masked {}",
        s["over_redaction_mean"]
    );
    let masked = figure("negatives_with_box") * figure("negatives");
    assert!(
        masked.round() <= NEGATIVES_WITH_MASK,
        "{masked} text-free images with a mask"
    );
}

#[test]
fn policy_safe_list_reaches_its_targets() {
    let Some(corpus) = corpus() else { return };
    let Some(s) = score(&corpus, "safe-list") else {
        return missing_judge("the scorer");
    };
    let phi = ["name", "id", "date", "time", "institution", "other"].map(|k| format!("phi-{k}"));
    let missed = left(&s, phi.iter().map(String::as_str));
    assert!(
        missed <= SAFE_MISSED,
        "{missed} lines with an identity are left"
    );
    let harmless = ["clinical", "technical"];
    let all: f64 = harmless
        .iter()
        .filter_map(|k| s["kinds"][k]["n"].as_f64())
        .sum();
    let kept = left(&s, harmless.iter().copied()) / all;
    assert!(
        kept >= SAFE_KEPT,
        "kept only {kept:.3} of clinical and technical lines"
    );
}
