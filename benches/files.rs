//! Whole files, from path to report: `scan` (read, search, read lines, decide, settle) and `redact` (the same, written and
//! verified), one file at a time on the CPU, models already loaded and nothing remembered from a file before. Times include reading from the page cache and, for
//! `redact`, writing to the temporary folder with sync. Not measured here: start-up, several files side by side, the GPU.
//!
//! `UNBURN_BENCH_DEVICE` names another device.

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use dicom_core::{DataElement, PrimitiveValue, VR};
use dicom_dictionary_std::tags;
use rayon::prelude::*;
use std::path::{Path, PathBuf};
use unburn::config::Config;
use unburn::frame::Gray;
use unburn::geometry::Rect;
use unburn::models::Models;
use unburn::redact::{Engine, Target};
use unburn::views::views;
use unburn::{detect, dicom};

fn sample(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("samples")
        .join(name)
}

/// An engine that remembers nothing: what its reader has read, it knows.
fn opened(config: &Config) -> Engine {
    Engine::open(config, None).expect("the engine opens")
}

fn files(c: &mut Criterion) {
    let device = std::env::var("UNBURN_BENCH_DEVICE").unwrap_or_else(|_| "cpu".into());
    let config = Config {
        device,
        ..Config::default()
    };
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut group = c.benchmark_group("file");
    group.sample_size(10);
    for name in [
        "us_rgb.dcm",
        "us_rgb_twin.dcm",
        "us_jpeg.dcm",
        "us_cine.dcm",
        "ct_dose.dcm",
        "cr_marker_twin.dcm",
    ] {
        let input = sample(name);
        let output = folder.path().join(name);
        group.throughput(Throughput::Elements(1));
        group.bench_function(format!("scan/{name}"), |b| {
            b.iter_batched_ref(
                || opened(&config),
                |engine| engine.plan(&input).0.outcome,
                BatchSize::PerIteration,
            );
        });
        group.bench_function(format!("redact/{name}"), |b| {
            b.iter_batched_ref(
                || opened(&config),
                |engine| {
                    let target = Target::Path(output.clone());
                    engine.redact(&input, &target, true).outcome
                },
                BatchSize::PerIteration,
            );
        });
    }
    group.finish();
}

/// Frames of the loop.
const FRAMES: u32 = 100;

/// Boxes of the text in a sample, two pixels wider all around.
fn text_of(name: &str) -> Vec<Rect> {
    let truth = std::fs::read_to_string(sample("truth.json")).expect("the samples' truth");
    let truth: serde_json::Value = serde_json::from_str(&truth).expect("the truth is JSON");
    let files = truth["files"].as_array().expect("files");
    let file = files.iter().find(|f| f["file"] == name).expect("the file");
    let lines = file["lines"].as_array().expect("lines").iter();
    let side =
        |line: &serde_json::Value, i: usize| line["rect"][i].as_u64().expect("a number") as u32;
    lines
        .map(|l| {
            Rect::new(side(l, 0), side(l, 1), side(l, 2), side(l, 3)).grow(2, u32::MAX, u32::MAX)
        })
        .collect()
}

/// Columns of the sector in the still; left of it is a grey bar, which stands like the text.
const SECTOR: std::ops::Range<u32> = 60..560;

/// The ultrasound still as a loop: its text stands, the speckle of its sector is new in every frame.
fn write_loop(path: &Path) {
    let mut object = dicom_object::open_file(sample("us_rgb.dcm")).expect("a sample");
    let text = text_of("us_rgb.dcm");
    let cols = object.element(tags::COLUMNS).expect("columns");
    let cols = cols.to_int::<u32>().expect("a number");
    let still = object.element(tags::PIXEL_DATA).expect("pixels");
    let still = still.to_bytes().expect("native pixels").into_owned();
    let mut noise = 1u32;
    let mut frames = Vec::with_capacity(still.len() * FRAMES as usize);
    for _ in 0..FRAMES {
        for (pixel, at) in still.chunks_exact(3).zip(0u32..) {
            noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let here = Rect::new(at % cols, at / cols, 1, 1);
            let is_tissue = pixel[0] == pixel[1]
                && pixel[1] == pixel[2]
                && (8..150).contains(&pixel[0])
                && SECTOR.contains(&(at % cols))
                && !text.iter().any(|t| t.overlaps(&here));
            let add = if is_tissue { (noise >> 27) as u8 } else { 0 };
            frames.extend(pixel.iter().map(|v| v + add));
        }
    }
    object.put(DataElement::new(
        tags::NUMBER_OF_FRAMES,
        VR::IS,
        PrimitiveValue::from(FRAMES.to_string()),
    ));
    object.put(DataElement::new(
        tags::PIXEL_DATA,
        VR::OB,
        PrimitiveValue::from(frames),
    ));
    object.write_to_file(path).expect("the loop is written");
}

/// A loop against what it cannot do without: every frame decoded and searched once in every view.
fn cine(c: &mut Criterion) {
    let config = Config::default();
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("loop.dcm");
    write_loop(&path);
    let models = Models::open(None).expect("models");
    let detector = detect::open("cpu", &models).expect("the CPU path");
    let mut group = c.benchmark_group("loop of 100 frames");
    group.sample_size(10);
    group.throughput(Throughput::Elements(u64::from(FRAMES)));
    group.bench_function("decode and search once", |b| {
        b.iter(|| {
            let object = dicom::read(&path, &config.limits).expect("the loop is read");
            (0..FRAMES).into_par_iter().for_each(|i| {
                let frame = object.frame(i).expect("a frame");
                let views = views(&frame, &object.facts().display);
                let pictures: Vec<&Gray> = views.iter().map(|v| &v.picture).collect();
                std::hint::black_box(detector.maps(&pictures, detect::LEVELS).expect("maps"));
            });
        });
    });
    group.bench_function("scan", |b| {
        b.iter_batched_ref(
            || opened(&config),
            |engine| engine.plan(&path).0.outcome,
            BatchSize::PerIteration,
        );
    });
    group.finish();
}

criterion_group!(benches, files, cine);
criterion_main!(benches);
