//! Faces are cut off head CTs as whole series, or the images are held back. Heads are made of simple bodies
//! (`common::heads`), so that brain and face are known voxel by voxel.

mod common;

use common::heads::{SIDE, Tissue, heights, hu, place as at, slice, tissue};
use common::people::{E, Patient, file, t};
use common::{Place, json_lines, tree};
use dicom_object::open_file;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use unburn::deface::{Bounds, Cut, Geometry, No, Volume};

const BOUNDS: Bounds = Bounds {
    air: -300,
    soft_from: -100,
    soft_to: 150,
    bone: 250,
};

fn geometry(z: f64) -> Geometry {
    Geometry {
        position: [-128_000, -128_000, (z * 1000.0) as i64],
        orientation: [1000, 0, 0, 0, 1000, 0],
        spacing: [1000, 1000],
        rows: SIDE as u32,
        cols: SIDE as u32,
    }
}

fn cut(heights: &[f64], of: impl Fn(f64, f64, f64) -> Tissue + Copy) -> Result<Cut, No> {
    let mut volume = Volume::new();
    for z in heights {
        volume.add(geometry(*z), BOUNDS, |x, y| {
            i64::from(hu(x as i32, y as i32, *z, of))
        })?;
    }
    volume.cut()
}

/// Voxels of the brain above the cut rows of each slice, and places of the face that stay.
fn truth(heights: &[f64], rows: &[u32]) -> (usize, usize) {
    let (mut brain, mut face) = (0, 0);
    for (z, rows) in heights.iter().zip(rows) {
        for row in 0..SIDE {
            for column in 0..SIDE {
                let (x, y) = at(column, row);
                let gone = (row as u32) < *rows;
                brain += usize::from(gone && tissue(x, y, *z) == Tissue::Brain);
                // Nose, mouth and chin, as far as they stand out in front.
                let front = y < -80.0 && (-100.0..-30.0).contains(z) && x.abs() < 25.0;
                face += usize::from(!gone && front && tissue(x, y, *z) != Tissue::Air);
            }
        }
    }
    (brain, face)
}

#[test]
fn a_head_is_cut_before_the_brain_whatever_the_order_of_slices() {
    let heights = heights();
    let found = cut(&heights, tissue).unwrap();
    assert_eq!(truth(&heights, &found.rows), (0, 0), "{found:?}");
    assert!(
        (1_200_000..2_000_000).contains(&found.brain_mm3),
        "{found:?}"
    );
    let mut turned = heights.clone();
    turned.reverse();
    let mut again = cut(&turned, tissue).unwrap();
    again.rows.reverse();
    assert_eq!(found, again);
    // The top of the head stays whole, and the plane leans.
    assert_eq!(found.rows.last(), Some(&0));
    assert!(found.rows.windows(2).all(|w| w[0] >= w[1]));
}

#[test]
fn what_is_no_whole_head_has_no_cut() {
    let all = heights();
    let without = |skip: usize| -> Vec<f64> {
        all.iter()
            .enumerate()
            .filter(|(i, _)| *i != skip && *i != skip + 1)
            .map(|(_, z)| *z)
            .collect()
    };
    let open = |x: f64, y: f64, z: f64| match tissue(x, y, z) {
        // A hole in the back of the skull, as wide as a hand.
        Tissue::Bone if y > 40.0 && x.abs() < 40.0 => Tissue::Soft,
        other => other,
    };
    let soft = |x: f64, y: f64, z: f64| match tissue(x, y, z) {
        Tissue::Air => Tissue::Air,
        _ => Tissue::Soft,
    };
    // The face is where the back of the head should be.
    let turned = |x: f64, y: f64, z: f64| tissue(x, -y, z);
    for (what, found) in [
        ("missing slices", cut(&without(30), tissue)),
        ("few slices", cut(&all[..15], tissue)),
        ("no slices", cut(&[], tissue)),
        (
            "twice one place",
            cut(&[&all[..], &all[..1]].concat(), tissue),
        ),
        ("an open skull", cut(&all, open)),
        ("no skull", cut(&all, soft)),
        ("turned round", cut(&all, turned)),
        ("the top of a head", cut(&all[45..], tissue)),
    ] {
        assert!(found.is_err(), "{what}: {found:?}");
    }
    let mut volume = Volume::new();
    let mut tilted = geometry(0.0);
    tilted.orientation = [1000, 0, 0, 0, 966, -259];
    assert!(volume.add(tilted, BOUNDS, |_, _| 0).is_err());
    volume.add(geometry(0.0), BOUNDS, |_, _| 0).unwrap();
    let mut shifted = geometry(2.5);
    shifted.position[0] += 1;
    assert!(volume.add(shifted, BOUNDS, |_, _| 0).is_err());
    for spacing in [[0, 0], [-1, -1], [1000, 500], [i64::MAX, i64::MAX]] {
        let mut odd = geometry(2.5);
        odd.spacing = spacing;
        assert!(
            Volume::new().add(odd, BOUNDS, |_, _| 0).is_err(),
            "{spacing:?}"
        );
    }
}

fn put(place: &Place, name: &str, elements: &[E]) {
    let path = place.path(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, file(elements, false, b"")).unwrap();
}

fn run(
    place: &Place,
    job: &str,
    out: &str,
    more: &[&str],
) -> (common::Ran, BTreeMap<String, Value>) {
    let mut args = vec!["batch", "run", job, "--input", "in", "--output", out];
    args.extend(["--device", "cpu", "--progress", "none", "--faces", "deface"]);
    args.extend(more);
    let ran = place.run(&args);
    let text = fs::read_to_string(place.path(format!("{job}/report.jsonl"))).unwrap_or_default();
    let lines = json_lines(&text)
        .into_iter()
        .filter(|l| l["type"] == "file")
        .map(|l| {
            let name = l["input"]
                .as_str()
                .unwrap()
                .rsplit('/')
                .next()
                .unwrap()
                .to_owned();
            (name, l)
        })
        .collect();
    (ran, lines)
}

#[test]
fn a_job_cuts_whole_series_and_holds_the_rest_back() {
    let place = Place::new();
    let patient = Patient::new(1);
    let heights = heights();
    for (i, z) in heights.iter().enumerate() {
        put(
            &place,
            &format!("in/head/{i:03}"),
            &slice(&patient, 4, i as u32, *z, "HEAD", tissue),
        );
    }
    // Two slices of a head are no head; a chest is none of this kind; an outline may show one.
    for i in [40, 41] {
        let z = heights[i];
        put(
            &place,
            &format!("in/part/p{i}"),
            &slice(&patient, 5, i as u32, z, "HEAD", tissue),
        );
    }
    put(&place, "in/chest", &patient.image("2", "CT", 6, 1));
    let mut mr = patient.image("4", "MR", 7, 1);
    mr.retain(|e| e.0 != 0x0018_0015);
    mr.push(t(0x0018_0015, "CS", "BRAIN"));
    put(&place, "in/mr", &mr);
    let (ran, lines) = run(&place, "job", "out", &["--names", "mirror"]);
    assert_eq!(ran.code, 3, "{}", ran.err);
    for (name, reason) in [
        ("p40", "face-possible"),
        ("p41", "face-possible"),
        ("mr", "face-possible"),
    ] {
        assert_eq!(lines[name]["reason"], reason, "{}", lines[name]);
    }
    assert_eq!(lines["chest"]["outcome"], "clean");
    let (mut rows, mut odd) = (Vec::new(), 0);
    for (i, z) in heights.iter().enumerate() {
        let line = &lines[&format!("{i:03}")];
        assert!(
            line["faces"].as_str().unwrap().starts_with("defaced: "),
            "{line}"
        );
        let output = line["output"].as_str().unwrap();
        let object = open_file(output).unwrap();
        let text = |name: &str| {
            object
                .element_by_name(name)
                .unwrap()
                .to_str()
                .unwrap()
                .trim()
                .to_owned()
        };
        assert_eq!(text("RecognizableVisualFeatures"), "NO");
        let pixels = object
            .element_by_name("PixelData")
            .unwrap()
            .to_bytes()
            .unwrap()
            .into_owned();
        let stored = |row: i32, column: i32| {
            let at = 2 * (row * SIDE + column) as usize;
            i32::from(u16::from_le_bytes([pixels[at], pixels[at + 1]]))
        };
        let expected = |row: i32, column: i32| i32::from(hu(column, row, *z, tissue)) + 1024;
        // The rows of the plan became air; every other sample is what it was, unless a line of text was found there.
        let boxes = line["boxes"].as_array().unwrap();
        let rect = |b: &Value| [0, 1, 2, 3].map(|k| b["rect"][k].as_i64().unwrap() as i32);
        let masks = || boxes.iter().filter(|b| b["action"] == "mask");
        let faces: Vec<[i32; 4]> = masks()
            .filter(|b| b["reason"] == "face:plane")
            .map(rect)
            .collect();
        let lines: Vec<[i32; 4]> = masks()
            .filter(|b| b["reason"] != "face:plane")
            .map(rect)
            .collect();
        let air = faces.first().map_or(0, |r| r[3]);
        assert!(faces.len() <= 1 && faces.iter().all(|r| (r[0], r[1], r[2]) == (0, 0, SIDE)));
        assert!(
            (0..air).all(|r| (0..SIDE).all(|c| stored(r, c) == 24)),
            "slice {i}"
        );
        let found = |row: i32, column: i32| {
            let hit = |r: &[i32; 4]| {
                column >= r[0] && row >= r[1] && column < r[0] + r[2] && row < r[1] + r[3]
            };
            lines.iter().any(hit)
        };
        let same = |row, column| stored(row, column) == expected(row, column) || found(row, column);
        assert!(
            (air..SIDE).all(|r| (0..SIDE).all(|c| same(r, c))),
            "slice {i}"
        );
        odd += usize::from(!lines.is_empty());
        rows.push(air as u32);
        let bytes = fs::read(output).unwrap();
        let has = |what: &[u8]| bytes.windows(what.len()).any(|w| w == what);
        assert!(has(b"113102"));
        assert_eq!(has(b"113077"), air > 0, "slice {i}");
        let changed = air > 0 || !lines.is_empty();
        assert_eq!(text("ImageType").starts_with("DERIVED"), changed);
    }
    assert_eq!(truth(&heights, &rows), (0, 0), "{rows:?}");
    assert!(odd <= 6, "{odd} slices with what looks like text");
    // Another number of threads, and a second run, give the same.
    let (again, _) = run(
        &place,
        "job2",
        "out2",
        &["--names", "mirror", "--jobs", "1"],
    );
    assert_eq!(again.code, 3);
    for name in tree(&place.path("out"))
        .iter()
        .filter(|n| !n.to_string_lossy().starts_with('.'))
    {
        let bytes = |folder: &str| fs::read(place.path(folder).join(name)).unwrap();
        assert!(bytes("out") == bytes("out2"), "{}", name.display());
    }
    let checked = place.run(&["batch", "status", "job", "--check"]);
    assert_eq!(checked.code, 0, "{}{}", checked.out, checked.err);
    if let Some(folder) = std::env::var_os("UNBURN_TEST_KEEP") {
        common::copy_tree(&place.path(""), std::path::Path::new(&folder));
    }
}

#[test]
fn a_broken_series_is_held_back_as_a_whole() {
    let place = Place::new();
    let patient = Patient::new(2);
    for (i, z) in heights()
        .iter()
        .enumerate()
        .filter(|(i, _)| !(30..=31).contains(i))
        .take(60)
    {
        put(
            &place,
            &format!("in/{i:03}"),
            &slice(&patient, 4, i as u32, *z, "HEAD", tissue),
        );
    }
    let (ran, lines) = run(&place, "job", "out", &[]);
    assert_eq!(ran.code, 3, "{}", ran.err);
    assert!(
        lines
            .values()
            .all(|l| l["reason"] == "face-possible" && l["output"].is_null())
    );
    let volumes = tree(&place.path("job/volumes"));
    let stored = fs::read_to_string(place.path("job/volumes").join(&volumes[0])).unwrap();
    assert!(stored.contains("slices are missing"), "{stored}");
}

#[test]
fn single_files_workers_and_watchers_refuse() {
    let place = Place::new();
    put(&place, "in/a", &Patient::new(1).image("2", "CT", 0, 1));
    for args in [
        vec!["redact", "in", "-o", "out"],
        vec!["scan", "in"],
        vec!["preview", "in/a", "-o", "a.png"],
        vec!["worker", "-o", "out"],
        vec![
            "batch", "watch", "w", "--once", "--input", "in", "--output", "out",
        ],
    ] {
        let mut args = args;
        args.extend(["--faces", "deface"]);
        let ran = place.run(&args);
        assert_eq!(ran.code, 2, "{args:?}: {}", ran.err);
        assert!(ran.err.contains("whole series"), "{}", ran.err);
    }
    assert!(!place.path("out").exists());
}
