//! Headers alone: reading a small CT object, its profile, its bytes again, and the look for what is left. Pixels are not
//! searched, nothing touches the disk.
//!
//! `cargo bench --bench header`; elements per second are files per second on one core.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use std::collections::BTreeSet;
use std::path::Path;
use unburn::config::Limits;
use unburn::dicom::{self, Changes, FrameOut, Method, WriteRequest};
use unburn::key::Key;
use unburn::profile::Profile;

fn header(c: &mut Criterion) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples/odd/IM000001");
    let bytes = std::fs::read(path).expect("the sample");
    let key = Key::from_content(&[b'k'; 40]).expect("a key");
    let limits = Limits::default();
    let mut group = c.benchmark_group("header");
    group.throughput(Throughput::Elements(1));
    for name in ["basic", "vendor"] {
        let profile = Profile::open(name, &BTreeSet::new()).expect("a preset");
        group.bench_function(name, |b| {
            b.iter(|| {
                let object = dicom::read_bytes(bytes.clone(), &limits).expect("an image");
                let method = Method {
                    profile: &profile,
                    key: &key,
                    pseudonym: "P000000000000",
                    shift_days: -100,
                    file_name: "IM000001",
                    safe: &|_| false,
                    overlays: &[],
                    annotations: None,
                };
                let deidentified = object.deidentify(&method);
                let syntax = object.support().uid;
                let changes = Changes {
                    out_syntax: syntax,
                    ..Changes::default()
                };
                let ops = dicom::header_ops(&object, &changes, &key);
                let request = WriteRequest {
                    out_syntax: syntax,
                    deidentified: Some(&deidentified),
                    ops: &ops,
                    copy_pixel_data: true,
                    clear_high_bits: false,
                    strip_streams: false,
                    video: None,
                };
                let mut out = Vec::with_capacity(bytes.len());
                dicom::write(&object, &request, &mut |_| Ok(FrameOut::Kept), &mut out)
                    .expect("written");
                let hits = deidentified
                    .scanner()
                    .file(out, &limits, &|_| false)
                    .expect("read back");
                assert!(hits.is_empty());
            });
        });
    }
    group.finish();
}

criterion_group!(benches, header);
criterion_main!(benches);
