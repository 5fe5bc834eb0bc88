//! The samples are what their generator makes, and what their README says about them holds.

mod common;

use common::{Place, copy_tree, iod_errors, samples, skip, tree, truth};
use std::fs;
use std::path::PathBuf;
use std::process::Command;

/// The example that cargo builds beside the tests.
fn generator() -> Option<PathBuf> {
    let tests = std::env::current_exe().unwrap();
    let program = tests
        .parent()?
        .parent()?
        .join("examples")
        .join(format!("make_samples{}", std::env::consts::EXE_SUFFIX));
    program.is_file().then_some(program)
}

#[test]
fn the_generator_makes_the_same_bytes() {
    let Some(program) = generator() else {
        skip("the sample generator is not built: run the whole of `cargo test`");
        return;
    };
    let place = Place::new();
    let ran = common::finish(Command::new(program).arg(place.path("made")));
    assert_eq!(ran.code, 0, "{}", ran.err);
    let made = tree(&place.path("made"));
    assert!(made.len() > 25, "only {} files were made", made.len());
    for name in made {
        let same = fs::read(place.path("made").join(&name)).unwrap()
            == fs::read(samples().join(&name)).unwrap_or_default();
        assert!(
            same,
            "{} differs from what lies in samples/",
            name.display()
        );
    }
}

#[test]
fn every_file_of_the_truth_is_there_and_small() {
    let truth = truth();
    let names = truth.files.iter().map(|f| &f.file);
    for name in names.chain(truth.odd.iter().map(|o| &o.file)) {
        assert!(samples().join(name).is_file(), "{name} is missing");
    }
    let twins = truth.files.iter().filter(|f| f.twin_of.is_some());
    for twin in twins {
        assert!(twin.lines.is_empty());
        let of = twin.twin_of.as_ref().unwrap();
        assert!(
            truth
                .files
                .iter()
                .any(|f| f.file == *of && !f.lines.is_empty())
        );
    }
    let bytes: u64 = tree(&samples())
        .iter()
        .map(|f| fs::metadata(samples().join(f)).unwrap().len())
        .sum();
    assert!(bytes <= 15 << 20, "{bytes} bytes");
}

#[test]
fn samples_are_valid_objects() {
    for f in truth().files {
        let Some(errors) = iod_errors(&samples().join(&f.file)) else {
            return;
        };
        let retired = f.file.contains("highbits");
        let known = |e: &String| retired && e.contains("Overlay");
        let errors: Vec<_> = errors.iter().filter(|e| !known(e)).collect();
        assert!(errors.is_empty(), "{}: {errors:?}", f.file);
    }
}

#[test]
fn copying_a_tree_copies_all_of_it() {
    let place = Place::new();
    copy_tree(&samples(), &place.path("copy"));
    assert_eq!(tree(&samples()), tree(&place.path("copy")));
}
