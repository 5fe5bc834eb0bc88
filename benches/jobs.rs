//! Archive jobs against what they are made of: `batch run` over copies of a sample, with journal, audit and releases, beside
//! the same files redacted by the library alone, models loaded (read, search, decide, write, verify). Prints files and
//! megabytes a second with one and with two threads, the ratio of both ways, and how large the outputs of each transfer
//! syntax are. Start-up of the program, about 0.1 s, counts against the job.
//!
//! Wall times: the machine must be quiet. `cargo bench --bench jobs`

use dicom_core::{DataElement, PrimitiveValue, VR};
use dicom_dictionary_std::tags;
use dicom_object::DefaultDicomObject;
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;
use unburn::config::Config;
use unburn::redact::{Engine, Target};

/// What an archive holds most: a sample that stands for it, and how many copies make a run of some seconds.
const KINDS: [(&str, &str, usize); 4] = [
    ("CT slices, no text", "ct_dose_twin.dcm", 60),
    ("CT pages with text", "ct_dose.dcm", 40),
    ("ultrasound stills", "us_rgb.dcm", 40),
    ("loops of 40 frames, JPEG", "us_cine.dcm", 8),
];

/// The key of the bench's projects.
const KEY: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

fn sample(name: &str) -> PathBuf {
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples");
    samples.join(name)
}

/// Copies of a sample as SOP instances of their own, one series. The lowest bits of native samples are noise, another in each
/// copy: what was read in one file is not known in the next.
fn copies(name: &str, count: usize, folder: &Path) -> Vec<PathBuf> {
    fs::create_dir_all(folder).expect("a folder");
    let mut object = dicom_object::open_file(sample(name)).expect("a sample");
    (0..count)
        .map(|i| {
            let uid = format!("1.2.3.4.{i}");
            object.put(DataElement::new(
                tags::SOP_INSTANCE_UID,
                VR::UI,
                PrimitiveValue::from(uid.as_str()),
            ));
            add_noise(&mut object, i as u64);
            object.update_meta(|meta| meta.media_storage_sop_instance_uid = uid);
            let path = folder.join(format!("{i:04}.dcm"));
            object.write_to_file(&path).expect("a copy is written");
            path
        })
        .collect()
}

/// Replaces the lowest bits of every sample of native Pixel Data by noise.
fn add_noise(object: &mut DefaultDicomObject, seed: u64) {
    let bits = object.get(tags::BITS_ALLOCATED).map(|e| e.to_int::<u16>());
    let bytes = object
        .get(tags::PIXEL_DATA)
        .and_then(|e| e.value().primitive())
        .map(|p| p.to_bytes().into_owned());
    let (Some(Ok(bits)), Some(mut bytes)) = (bits, bytes) else {
        return;
    };
    // So much that 8-bit views of words show it.
    let noisy = if bits > 8 { 5 } else { 1 };
    let mut state = seed + 1;
    for sample in bytes.chunks_mut(usize::from(bits / 8)) {
        // Knuth's multiplier: the upper bits of the product are as good as noise.
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        sample[0] = sample[0] >> noisy << noisy | (state >> (64 - noisy)) as u8;
    }
    let vr = if bits > 8 { VR::OW } else { VR::OB };
    object.put(DataElement::new(
        tags::PIXEL_DATA,
        vr,
        PrimitiveValue::U8(bytes.into()),
    ));
}

fn size(files: &[PathBuf]) -> u64 {
    let bytes = files.iter().map(|f| fs::metadata(f).expect("a file").len());
    bytes.sum()
}

/// Seconds that the library takes for the files, in a pool of this many threads.
fn alone(engine: &Engine, files: &[PathBuf], threads: usize, out: &Path) -> f64 {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
    let start = Instant::now();
    pool.expect("a pool").install(|| {
        files.par_iter().for_each(|file| {
            let to = out.join(file.file_name().expect("a name"));
            let report = engine.redact(file, &Target::Path(to), true);
            assert!(report.output.is_some(), "{:?}", report.reason);
        });
    });
    start.elapsed().as_secs_f64()
}

/// Seconds that a job takes for a folder, with this many threads, and where its outputs are.
fn job(folder: &Path, threads: usize, place: &Path) -> f64 {
    let workers = threads.to_string();
    let start = Instant::now();
    let status = Command::new(env!("CARGO_BIN_EXE_unburn"))
        .args(["batch", "run"])
        .arg(place.join("job"))
        .arg("--input")
        .arg(folder)
        .arg("--output")
        .arg(place.join("out"))
        .args(["--jobs", &workers, "--keep-metadata", "--device", "cpu"])
        .env("UNBURN_KEY", KEY)
        .args(["--progress", "none"])
        .env("RAYON_NUM_THREADS", &workers)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    assert!(status.expect("the program starts").success());
    start.elapsed().as_secs_f64()
}

fn throughput(config: &Config) {
    for (what, name, count) in KINDS {
        let place = tempfile::tempdir().expect("a temporary folder");
        let input = place.path().join("in");
        let files = copies(name, count, &input);
        let megabytes = size(&files) as f64 / 1e6;
        for threads in [1, 2] {
            let there = place.path().join(threads.to_string());
            let by_library = there.join("alone");
            fs::create_dir_all(&by_library).expect("a folder");
            // Like the job's, an engine that has read nothing yet.
            let engine = Engine::open(config, None).expect("the engine opens");
            let parts = alone(&engine, &files, threads, &by_library);
            let whole = job(&input, threads, &there);
            println!(
                "{what}: {count} files, {threads} threads: {:.1} files/s, {:.1} MB/s, {:.2} of the throughput of its parts",
                count as f64 / whole,
                megabytes / whole,
                parts / whole
            );
        }
    }
}

/// Output bytes for input bytes, by transfer syntax, over the samples that get a mask.
fn factors(engine: &Engine) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut sizes: BTreeMap<String, (u64, u64)> = BTreeMap::new();
    for (i, entry) in fs::read_dir(sample("")).expect("samples").enumerate() {
        let path = entry.expect("an entry").path();
        if path.extension().is_none_or(|e| e != "dcm") {
            continue;
        }
        let to = folder.path().join(i.to_string());
        let report = engine.redact(&path, &Target::Path(to.clone()), true);
        if report.output.is_none() || report.boxes.is_empty() {
            continue;
        }
        let syntax = report.transfer_syntax.map(|s| s.input).unwrap_or_default();
        let sum = sizes.entry(syntax).or_default();
        *sum = (sum.0 + size(&[path]), sum.1 + size(&[to]));
    }
    for (syntax, (before, after)) in sizes {
        println!(
            "{syntax}: outputs have {:.2} of the size",
            after as f64 / before as f64
        );
    }
}

fn main() {
    // `cargo test --benches` and `--no-run` must not take minutes.
    if std::env::args().any(|a| a == "--test") {
        return;
    }
    let config = Config {
        device: "cpu".into(),
        keep_metadata: true,
        ..Config::default()
    };
    throughput(&config);
    factors(&Engine::open(&config, None).expect("the engine opens"));
}
