//! A job over many small files, one in twenty of them bad: memory stays flat, the journal costs little, a resume is quick,
//! and every file has the outcome that it must have. 10,000 files with `UNBURN_FULL=1`, some hundreds else.

mod common;

use common::{Place, full, peak_memory};
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

/// Memory that a job may take, MB, and the share of its time that may go into the journal. The files are small: a few
/// milliseconds each, where files as they are met take tens to hundreds. The aim for those is 3 %.
const PEAK_MB: u64 = 1536;
const JOURNAL_PERCENT: f64 = 6.0;
/// How long a resume of a finished job may take beyond starting the program.
const RESUME: Duration = Duration::from_secs(2);

fn element(out: &mut Vec<u8>, (g, e): (u16, u16), vr: &[u8; 2], value: &[u8]) {
    out.extend(g.to_le_bytes());
    out.extend(e.to_le_bytes());
    out.extend(vr);
    let odd = value.len() % 2;
    if vr == b"OB" {
        out.extend([0, 0]);
        out.extend(((value.len() + odd) as u32).to_le_bytes());
    } else {
        out.extend(((value.len() + odd) as u16).to_le_bytes());
    }
    out.extend(value);
    if odd == 1 {
        out.push(if vr == b"UI" { 0 } else { b' ' });
    }
}

/// A small secondary capture without text: its number decides its size, its series and its grey values.
fn image(n: usize) -> Vec<u8> {
    let (rows, cols) = match n % 25 {
        3 | 13 => (256, 256),
        7 => (512, 512),
        _ => (48 + n % 5 * 16, 64 + n % 3 * 32),
    };
    let mut out = vec![0; 128];
    out.extend(b"DICM");
    element(&mut out, (2, 0x10), b"UI", b"1.2.840.10008.1.2.1");
    element(&mut out, (8, 8), b"CS", b"DERIVED\\SECONDARY");
    element(&mut out, (8, 0x16), b"UI", b"1.2.840.10008.5.1.4.1.1.7");
    element(
        &mut out,
        (8, 0x18),
        b"UI",
        format!("1.2.3.9.{n}").as_bytes(),
    );
    element(&mut out, (8, 0x60), b"CS", [b"US", b"CT", b"MR"][n % 3]);
    element(&mut out, (8, 0x70), b"LO", b"Example Imaging");
    element(&mut out, (0x10, 0x10), b"PN", b"Muster^Mara");
    element(
        &mut out,
        (0x20, 0xd),
        b"UI",
        format!("1.2.3.7.{}", n / 20).as_bytes(),
    );
    element(
        &mut out,
        (0x20, 0xe),
        b"UI",
        format!("1.2.3.8.{}", n / 10).as_bytes(),
    );
    let us = |out: &mut Vec<u8>, tag, v: usize| element(out, tag, b"US", &(v as u16).to_le_bytes());
    us(&mut out, (0x28, 2), 1);
    element(&mut out, (0x28, 4), b"CS", b"MONOCHROME2");
    us(&mut out, (0x28, 0x10), rows);
    us(&mut out, (0x28, 0x11), cols);
    us(&mut out, (0x28, 0x100), 8);
    us(&mut out, (0x28, 0x101), 8);
    us(&mut out, (0x28, 0x102), 7);
    us(&mut out, (0x28, 0x103), 0);
    let pixels: Vec<u8> = (0..rows * cols)
        .map(|i| (40 + (i / cols + i % cols + n % 37) / 4) as u8)
        .collect();
    element(&mut out, (0x7fe0, 0x10), b"OB", &pixels);
    out
}

/// Writes the files; gives how many are whole.
fn generate(folder: &Path, count: usize) -> usize {
    let mut whole = 0;
    for n in 0..count {
        let path = folder.join(format!("{:03}/IM{n:06}", n / 100));
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let mut bytes = image(n);
        match n % 60 {
            20 => bytes.truncate(bytes.len() - 500),
            40 => bytes = b"no image at all".to_vec(),
            // Not a transfer syntax.
            59 => bytes[140..160].reverse(),
            _ => whole += 1,
        }
        fs::write(path, bytes).unwrap();
    }
    whole
}

#[test]
fn a_job_over_many_files_stays_small_and_accounts_for_all() {
    let count = if full() { 10_000 } else { 300 };
    let place = Place::new();
    let whole = generate(&place.path("in"), count);
    let args = [
        "batch",
        "run",
        "job",
        "--input",
        "in",
        "--output",
        "out",
        "--release",
        "file",
        "--keep-metadata",
        "--device",
        "cpu",
        "--progress",
        "none",
        "--memory",
        "512",
    ];
    let start = Instant::now();
    let (code, peak_kb) = peak_memory(&mut place.command(&args));
    let seconds = start.elapsed().as_secs_f64();
    assert_eq!(code, Some(3));

    let status = place.run(&["batch", "status", "job", "--json", "--check"]);
    assert_eq!(status.code, 0, "{}", status.out);
    let status = &common::json_lines(&status.out)[0];
    assert_eq!(status["files"], count);
    assert_eq!(status["open"], 0);
    assert_eq!(status["released"], whole, "{status}");
    assert_eq!(status["check"]["outputs"], whole);

    let journal = rusqlite::Connection::open(place.path("job/journal.sqlite")).unwrap();
    let data: String = journal
        .query_row(
            "SELECT data FROM events WHERE kind = 'run-ended'",
            [],
            |r| r.get(0),
        )
        .unwrap();
    let data: serde_json::Value = serde_json::from_str(&data).unwrap();
    let share = 100.0 * data["journal_ms"].as_f64().unwrap() / data["wall_ms"].as_f64().unwrap();

    let alone = Instant::now();
    assert_eq!(place.run(&["doctor", "--device", "cpu"]).code, 0);
    let alone = alone.elapsed();
    let again = Instant::now();
    assert_eq!(
        place
            .run(&["batch", "resume", "job", "--progress", "none"])
            .code,
        3
    );
    let again = again.elapsed();
    eprintln!(
        "{count} files in {seconds:.1} s ({:.1}/s), {} MB at the peak, journal {share:.2} % of the time, resume {:.2} s",
        count as f64 / seconds,
        peak_kb / 1024,
        again.as_secs_f64()
    );
    assert!(
        peak_kb > 0 && peak_kb < PEAK_MB * 1024,
        "{} MB",
        peak_kb / 1024
    );
    assert!(again < alone + RESUME, "{again:?} to resume nothing");
    // Small files on a busy disk tell little about the share.
    if full() {
        assert!(
            share < JOURNAL_PERCENT,
            "{share:.2} % of the time for the journal"
        );
    }
}
