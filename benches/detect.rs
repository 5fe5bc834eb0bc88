//! What is measured: the text-region network from grey picture to packed map, weights loaded and buffers warm.
//!
//! * `cpu/SET/SIZE/THREADS`: every instruction set of this machine, one and two threads, one picture at a time.
//! * `device/SIZE`: the adapter that `UNBURN_TEST_ADAPTER` names, upload and read-back included; absent without it.
//! * `stage/NAME`: the scalar references, which define the result and are not meant to be fast.
//!
//! Not measured: making pictures of frames, finding lines in the map, opening a device.

use criterion::{Criterion, criterion_group, criterion_main};
use std::hint::black_box;
use unburn::detect::cpu::{CpuDetector, Level};
use unburn::detect::network::Network;
use unburn::detect::{Detector, Levels, open};
use unburn::frame::Gray;
use unburn::models::Models;
use unburn::stage::{Map, depthwise, levels, pointwise, stem};

const AT: Levels = Levels {
    region: [96, 128, 144],
    core: [32, 112, 128],
};
const SIZES: [(u32, u32); 2] = [(640, 480), (1024, 768)];

fn noise(width: u32, height: u32) -> Gray {
    let mut g = Gray::new(width, height, 0);
    for (i, v) in (0u32..).zip(&mut g.data) {
        *v = (i.wrapping_mul(2_654_435_761) >> 11) as u8;
    }
    g
}

fn whole(c: &mut Criterion) {
    let models = Models::embedded().unwrap();
    let network = Network::parse(models.detector()).unwrap();
    let mut group = c.benchmark_group("detect");
    group.sample_size(20);
    for (w, h) in SIZES {
        let p = noise(w, h);
        for level in Level::ALL.into_iter().filter(|l| l.available()) {
            let d = CpuDetector::with_level(&network, level).unwrap();
            for threads in [1, 2] {
                let pool = rayon::ThreadPoolBuilder::new()
                    .num_threads(threads)
                    .build()
                    .unwrap();
                let name = format!("cpu/{}/{w}x{h}/{threads}", level.name());
                group.bench_function(name, |b| {
                    b.iter(|| pool.install(|| black_box(d.maps(&[&p], AT).unwrap())));
                });
            }
        }
        if let Ok(adapter) = std::env::var("UNBURN_TEST_ADAPTER") {
            let d = open(&adapter, &models).unwrap();
            group.bench_function(format!("device/{w}x{h}"), |b| {
                b.iter(|| black_box(d.maps(&[&p], AT).unwrap()));
            });
            assert!(d.warnings().is_empty(), "the device was not measured");
        }
    }
    group.finish();
}

fn stages(c: &mut Criterion) {
    let network = Network::parse(Models::embedded().unwrap().detector()).unwrap();
    let layers = network.layers();
    let mut group = c.benchmark_group("stage");
    group.sample_size(20);
    let p = noise(160, 128);
    group.bench_function("stem", |b| b.iter(|| stem::cpu(&layers[0], black_box(&p))));
    let map = stem::cpu(&layers[0], &p);
    group.bench_function("depthwise", |b| {
        b.iter(|| depthwise::cpu(&layers[1], black_box(&map)));
    });
    group.bench_function("pointwise", |b| {
        b.iter(|| pointwise::cpu(&layers[2], black_box(&map), Some(&map)));
    });
    let answer = Map {
        channels: 2,
        height: map.height,
        width: map.width,
        data: map.data[..2 * map.height * map.width].to_vec(),
    };
    group.bench_function("levels", |b| {
        b.iter(|| levels::cpu(black_box(&answer), &AT.region, &AT.core));
    });
    group.finish();
}

criterion_group!(benches, stages, whole);
criterion_main!(benches);
