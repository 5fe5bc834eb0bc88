//! The technician's page in a real browser: `tests/browser/*.py` drive headless Chromium against the built program on the
//! samples. They need `python3` with `playwright`, `axe-playwright-python`, `pydicom`, `numpy` and `pylibjpeg`, and a
//! `chromium`; without them they are skipped aloud, or fail where `UNBURN_REQUIRE_BROWSER=1`.

mod common;

use common::{Place, full, samples, skip};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Mutex;

/// One browser at a time: several would only wait for each other.
static ONE: Mutex<()> = Mutex::new(());

/// Fails if what the scripts need is not there.
const PROBE: &str = "import axe_playwright_python, numpy, playwright, pydicom, pylibjpeg, shutil, sys; \
     sys.exit(0 if any(map(shutil.which, ['chromium', 'chromium-browser', 'google-chrome'])) else 'no chromium')";

fn ready() -> bool {
    let there = Command::new("python3")
        .args(["-c", PROBE])
        .stdin(Stdio::null())
        .output()
        .is_ok_and(|o| o.status.success());
    if !there {
        let required =
            std::env::var_os("UNBURN_REQUIRE_BROWSER").is_some_and(|v| !v.is_empty() && v != "0");
        assert!(
            !required,
            "UNBURN_REQUIRE_BROWSER is set, but python3 with playwright, axe and the judges, or chromium, is missing"
        );
        skip("the review page in a browser: playwright, axe or chromium is not there");
    }
    there
}

/// Runs a script in a folder of its own; its last words are shown.
fn run(script: &str) {
    let _one = ONE
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    if !ready() {
        return;
    }
    let place = Place::new();
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/browser")
        .join(script);
    let done = Command::new("python3")
        .arg("-B")
        .arg(path)
        .current_dir(place.path("."))
        .env("UNBURN_BIN", env!("CARGO_BIN_EXE_unburn"))
        .env("UNBURN_SAMPLES", samples())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let out = String::from_utf8_lossy(&done.stdout);
    println!("{out}");
    assert!(
        done.status.success(),
        "{script} failed:\n{out}\n{}\nserver:\n{}",
        String::from_utf8_lossy(&done.stderr),
        std::fs::read_to_string(place.path("server.log")).unwrap_or_default()
    );
}

#[test]
fn a_technicians_day_ends_in_files_that_hold_what_was_approved() {
    run("day.py");
}

#[test]
fn everything_works_without_a_mouse() {
    run("keyboard.py");
}

#[test]
fn two_tabs_lose_nothing() {
    run("tabs.py");
}

#[test]
fn edits_outlive_a_killed_server() {
    run("killed.py");
}

#[test]
fn hostile_names_and_values_are_text() {
    run("hostile.py");
}

#[test]
fn files_without_a_plan_can_be_decided_but_not_approved() {
    run("held.py");
}

#[test]
fn a_study_is_edited_and_approved_together() {
    run("study.py");
}

#[test]
fn a_second_different_person_approves() {
    run("persons.py");
}

#[test]
fn a_sample_is_drawn_and_says_what_it_shows() {
    run("sample.py");
}

#[test]
fn what_is_remembered_masks_later_files_of_the_equipment() {
    run("remember.py");
}

#[test]
fn findings_of_a_hidden_window_are_asked_about() {
    run("hidden.py");
}

#[test]
fn what_a_job_holds_back_is_decided() {
    run("job.py");
}

#[test]
fn axe_finds_nothing_serious() {
    run("access.py");
}

#[test]
fn long_loops_and_large_films_stay_fluid() {
    if !full() {
        skip("timings of a 600-frame loop and a 4000×5000 film in the browser (UNBURN_FULL=1)");
        return;
    }
    run("timings.py");
}
