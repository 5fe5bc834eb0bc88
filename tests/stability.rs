//! The same answer everywhere: two runs, one or two files at a time, processor or software adapter, any order.

mod common;

use common::{Place, Redacted, samples, skip, tree};
use std::fs;

const FILES: &[&str] = &[
    "ct_dose.dcm",
    "mr_faint.dcm",
    "sc_form.dcm",
    "us_cine.dcm",
    "us_palette.dcm",
    "us_jpeg_twin.dcm",
    "odd/IM000001",
    "odd/truncated.dcm",
];

/// Redacts the files in a folder of its own; the same key every time.
fn run(more: &[&str]) -> (Place, Redacted) {
    let place = Place::new();
    fs::create_dir(place.path("in")).unwrap();
    for file in FILES {
        let name = file.rsplit('/').next().unwrap();
        fs::copy(samples().join(file), place.path("in").join(name)).unwrap();
    }
    let redacted = place.redact(&["in"], "out", more);
    assert_eq!(redacted.ran.code, 3, "{more:?}:\n{}", redacted.ran.err);
    (place, redacted)
}

fn assert_same(a: &(Place, Redacted), b: &(Place, Redacted), what: &str) {
    let (x, y) = (a.1.stable(), b.1.stable());
    assert_eq!(x.len(), y.len(), "{what}: number of report lines");
    for (x, y) in x.iter().zip(&y) {
        assert_eq!(x, y, "{what}");
    }
    let files = tree(&a.1.out);
    assert_eq!(files, tree(&b.1.out), "{what}");
    assert!(files.len() >= 6, "{what}: {files:?}");
    for file in files {
        let same = fs::read(a.1.out.join(&file)).unwrap() == fs::read(b.1.out.join(&file)).unwrap();
        assert!(same, "{what}: {} differs", file.display());
    }
}

#[test]
fn neither_runs_nor_jobs_nor_devices_change_an_answer() {
    let first = run(&["--device", "cpu", "--jobs", "1"]);
    assert_same(
        &first,
        &run(&["--device", "cpu", "--jobs", "1"]),
        "a second run",
    );
    assert_same(
        &first,
        &run(&["--device", "cpu", "--jobs", "2"]),
        "two jobs",
    );
    let adapter = std::env::var("UNBURN_TEST_ADAPTER").unwrap_or_else(|_| "llvmpipe".into());
    let place = Place::new();
    let there = place.run(&["doctor", "--json", "--device", &adapter]);
    if there.code != 0 {
        let needed = std::env::var_os("UNBURN_REQUIRE_GPU").is_some_and(|v| v == "1");
        assert!(
            !needed,
            "UNBURN_REQUIRE_GPU is set, but `{adapter}` is missing:\n{}",
            there.err
        );
        skip(&format!(
            "no adapter `{adapter}`: only the processor was compared"
        ));
        return;
    }
    assert_same(
        &first,
        &run(&["--device", &adapter, "--jobs", "2"]),
        "software adapter",
    );
}
