//! Folders as they are found: mixed files, odd files, outputs that exist, folders inside each other.

mod common;

use common::{Place, copy_tree, samples, tree, truth};
use std::fs;
use std::path::{Path, PathBuf};

/// A folder `in` with the odd files, a small sample in a subfolder, and its twin.
fn mixed() -> Place {
    let place = Place::new();
    copy_tree(&samples().join("odd"), &place.path("in"));
    fs::create_dir_all(place.path("in/deep/er")).unwrap();
    for (from, to) in [
        ("ct_overlay.dcm", "in/deep/er/one.dcm"),
        ("ct_icon_twin.dcm", "in/deep/two"),
    ] {
        fs::copy(samples().join(from), place.path(to)).unwrap();
    }
    place
}

#[test]
fn every_file_of_a_mixed_folder_has_its_outcome() {
    let place = mixed();
    let before: Vec<_> = tree(&place.path("in"));
    let redacted = place.redact(&["in"], "out", &["--device", "cpu"]);
    assert_eq!(redacted.ran.code, 3, "{}", redacted.ran.err);
    for odd in truth().odd {
        let name = Path::new(&odd.file).file_name().unwrap().to_str().unwrap();
        let report = redacted.file(name);
        assert_eq!(
            (report.outcome.name(), report.reason),
            (odd.outcome.as_str(), odd.reason),
            "{name}"
        );
        let written = place.path("out").join(name).exists();
        assert_eq!(written, odd.outcome == "clean", "{name}");
        assert_eq!(report.output.is_some(), written, "{name}");
    }
    let expected: Vec<PathBuf> = ["IM000001", "deep/er/one.dcm", "deep/two"]
        .iter()
        .map(PathBuf::from)
        .collect();
    assert_eq!(tree(&place.path("out")), expected);
    assert_eq!(tree(&place.path("in")), before, "the input folder changed");
    // Sorted work list, one line a file, then the summary.
    let files = redacted.files();
    assert_eq!(files.len(), before.len());
    assert!(
        files.windows(2).all(|w| w[0].input < w[1].input),
        "not in work-list order"
    );
    let summary = redacted.lines.last().unwrap();
    assert_eq!(summary["outcomes"]["failed"], 1);
    assert_eq!(summary["outcomes"]["quarantined"], 1);
}

#[test]
fn nothing_is_overwritten_without_leave() {
    let place = Place::new();
    let file = samples().join("odd/IM000001");
    let device = ["--device", "cpu"];
    assert_eq!(place.redact(&[&file], "out", &device).ran.code, 0);
    let output = place.path("out/IM000001");
    let first = fs::read(&output).unwrap();

    fs::remove_file(place.path("out.jsonl")).unwrap();
    fs::write(&output, b"mine").unwrap();
    let again = place.redact(&[&file], "out", &device);
    assert_eq!(again.ran.code, 3, "{}", again.ran.err);
    assert_eq!(
        again.file("IM000001").reason.as_deref(),
        Some("output-exists")
    );
    assert_eq!(fs::read(&output).unwrap(), b"mine");

    let forced = place.redact(&[&file], "out", &["--device", "cpu", "--overwrite"]);
    assert_eq!(forced.ran.code, 0, "{}", forced.ran.err);
    assert_eq!(fs::read(&output).unwrap(), first);
}

#[test]
fn an_existing_report_is_not_overwritten_either() {
    let place = Place::new();
    let file = samples().join("odd/IM000001");
    fs::write(place.path("out.jsonl"), b"mine\n").unwrap();
    let args = [
        "redact",
        file.to_str().unwrap(),
        "-o",
        "out",
        "--keep-metadata",
        "--report",
        "out.jsonl",
        "--device",
        "cpu",
    ];
    let ran = place.run(&args);
    assert_eq!(ran.code, 2, "{}", ran.err);
    assert_eq!(fs::read(place.path("out.jsonl")).unwrap(), b"mine\n");
}

#[test]
fn an_output_folder_inside_the_input_is_refused() {
    let place = mixed();
    let before = tree(&place.path("in"));
    for out in ["in/out", "in", "in/deep", "other/../in/out"] {
        fs::create_dir_all(place.path("other")).unwrap();
        let args = [
            "redact",
            "in",
            "-o",
            out,
            "--keep-metadata",
            "--device",
            "cpu",
        ];
        let ran = place.run(&args);
        assert_eq!(ran.code, 2, "{out}:\n{}", ran.err);
        assert_eq!(tree(&place.path("in")), before, "{out}");
    }
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink(place.path("in"), place.path("alias")).unwrap();
        let args = [
            "redact",
            "in",
            "-o",
            "alias/out",
            "--keep-metadata",
            "--device",
            "cpu",
        ];
        let ran = place.run(&args);
        assert_eq!(ran.code, 2, "through a link:\n{}", ran.err);
        assert_eq!(tree(&place.path("in")), before);
    }
}

#[test]
fn a_dry_run_and_a_scan_write_nothing() {
    let place = mixed();
    let before = tree(&place.path("."));
    for args in [
        vec![
            "redact",
            "in",
            "-o",
            "out",
            "--keep-metadata",
            "--dry-run",
            "--device",
            "cpu",
        ],
        vec!["scan", "in", "--json", "--device", "cpu"],
    ] {
        let ran = place.run(&args);
        assert_eq!(ran.code, 3, "{args:?}:\n{}", ran.err);
        assert_eq!(tree(&place.path(".")), before, "{args:?}");
    }
}

#[test]
fn scan_and_redact_plan_the_same() {
    let place = Place::new();
    let file = samples().join("ct_dose.dcm");
    let path = file.to_str().unwrap();
    let redacted = place.redact(&[path], "out", &["--device", "cpu"]);
    let scan = place.run(&["scan", path, "--json", "--device", "cpu"]);
    let lines = common::json_lines(&scan.out);
    assert_eq!(lines[0]["boxes"], redacted.lines[0]["boxes"]);
    assert!(!lines[0]["boxes"].as_array().unwrap().is_empty());
    let found = place.run(&["scan", path, "--fail-on-found", "--device", "cpu"]);
    assert_eq!(found.code, 4, "{}", found.err);
    let twin = samples().join("ct_dose_twin.dcm");
    let args = [
        "scan",
        twin.to_str().unwrap(),
        "--fail-on-found",
        "--device",
        "cpu",
    ];
    assert_eq!(place.run(&args).code, 0);
}

#[test]
fn verify_tells_a_good_pair_from_a_bad_one() {
    let place = Place::new();
    let file = samples().join("mr_faint.dcm");
    let original = file.to_str().unwrap();
    assert_eq!(
        place
            .redact(&[original], "out", &["--device", "cpu"])
            .ran
            .code,
        0
    );
    let copy = place.path("out/mr_faint.dcm");
    let pair = |copy: &Path| {
        let args = [
            "verify",
            original,
            copy.to_str().unwrap(),
            "--device",
            "cpu",
        ];
        place.run(&args).code
    };
    assert_eq!(pair(&copy), 0);
    // One bit of one sample in the middle of the head.
    let mut bytes = fs::read(&copy).unwrap();
    let at = bytes.len() - 384 * 384 * 2 + (150 * 384 + 190) * 2;
    bytes[at] ^= 1;
    let bad = place.path("bad.dcm");
    fs::write(&bad, bytes).unwrap();
    assert_eq!(pair(&bad), 3);
    // The original beside itself: nothing changed, so everything is still readable.
    assert_eq!(pair(&file), 3);
}

#[test]
fn usage_and_missing_inputs_have_their_exit_codes() {
    let place = Place::new();
    assert_eq!(place.run(&["redact"]).code, 2);
    assert_eq!(
        place
            .run(&["redact", "a", "-o", "b", "--policy", "none"])
            .code,
        2
    );
    let ran = place.run(&["redact", "nowhere", "-o", "out", "--keep-metadata"]);
    assert_eq!(ran.code, 1, "{}", ran.err);
    assert!(!place.path("out").exists());
}

#[test]
fn the_quarantine_holds_a_reason_and_no_copy_unless_asked() {
    let place = mixed();
    let more = ["--device", "cpu", "--quarantine", "held"];
    assert_eq!(place.redact(&["in"], "out", &more).ran.code, 3);
    let held = tree(&place.path("held"));
    assert!(!held.is_empty());
    let original = fs::read(place.path("in/report_sr.dcm")).unwrap();
    let is_copy = |f: &PathBuf| fs::read(place.path("held").join(f)).unwrap() == original;
    assert!(!held.iter().any(is_copy), "a copy that nobody asked for");
}

#[cfg(unix)]
#[test]
fn reports_are_for_their_owner_only() {
    use std::os::unix::fs::PermissionsExt;
    let place = Place::new();
    place.redact(
        &[samples().join("odd/IM000001")],
        "out",
        &["--device", "cpu"],
    );
    let mode = fs::metadata(place.path("out.jsonl"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
}
