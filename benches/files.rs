//! Whole files, from path to report: `scan` (read, search, read lines, decide, settle) and `redact` (the same, written and
//! verified), one file at a time on the CPU, models already loaded. Times include reading from the page cache and, for
//! `redact`, writing to the temporary folder with sync. Not measured here: start-up, several files side by side, the GPU.
//!
//! `UNBURN_BENCH_DEVICE` names another device.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use std::path::{Path, PathBuf};
use unburn::config::Config;
use unburn::redact::Engine;

fn sample(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("samples")
        .join(name)
}

fn files(c: &mut Criterion) {
    let device = std::env::var("UNBURN_BENCH_DEVICE").unwrap_or_else(|_| "cpu".into());
    let config = Config {
        device,
        ..Config::default()
    };
    let engine = Engine::open(&config, None).expect("the engine opens");
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
            b.iter(|| engine.plan(&input).0.outcome)
        });
        group.bench_function(format!("redact/{name}"), |b| {
            b.iter(|| engine.redact(&input, &output, true).outcome);
        });
    }
    group.finish();
}

criterion_group!(benches, files);
criterion_main!(benches);
