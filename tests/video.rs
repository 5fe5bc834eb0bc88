//! Video objects through the whole program and a real ffmpeg: text is found and masked, the stream is coded anew within the
//! syntax, and what is not right goes nowhere. Said aloud where ffmpeg is missing.

mod common;

use common::objects::{Sample, text};
use common::{Place, samples, tool};
use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::Stdio;
use unburn::config::Limits;
use unburn::dicom::read;
use unburn::geometry::{Rect, union_area};
use unburn::outcome::Outcome;
use unburn::plan::Action;

const ROWS: usize = 192;
const COLS: usize = 320;
const FRAMES: usize = 20;
/// Where the text lies.
const AT: (usize, usize) = (40, 36);

/// Syntax, how its stream is made, and what ffprobe says of it.
const SYNTAXES: [(&str, &[&str], &str, &str, &str); 6] = [
    (
        "1.2.840.10008.1.2.4.100",
        &["-c:v", "mpeg2video", "-q:v", "3", "-f", "mpeg2video"],
        "mpeg2video",
        "Main",
        "8",
    ),
    (
        "1.2.840.10008.1.2.4.101",
        &["-c:v", "mpeg2video", "-q:v", "3", "-f", "mpegts"],
        "mpeg2video",
        "Main",
        "4",
    ),
    (
        "1.2.840.10008.1.2.4.102",
        &[
            "-c:v", "libx264", "-crf", "20", "-pix_fmt", "yuv420p", "-f", "h264",
        ],
        "h264",
        "High",
        "41",
    ),
    (
        "1.2.840.10008.1.2.4.104.1",
        &[
            "-c:v", "libx264", "-crf", "20", "-pix_fmt", "yuv420p", "-f", "mpegts",
        ],
        "h264",
        "High",
        "42",
    ),
    (
        "1.2.840.10008.1.2.4.107",
        &[
            "-c:v",
            "libx265",
            "-x265-params",
            "log-level=none",
            "-pix_fmt",
            "yuv420p",
            "-f",
            "hevc",
        ],
        "hevc",
        "Main",
        "153",
    ),
    (
        "1.2.840.10008.1.2.4.108",
        &[
            "-c:v",
            "libx265",
            "-x265-params",
            "log-level=none",
            "-pix_fmt",
            "yuv420p10le",
            "-f",
            "hevc",
        ],
        "hevc",
        "Main 10",
        "153",
    ),
];

/// Grey frames: a moving ramp, with a name on it or without.
fn frames(lettered: bool) -> (Vec<u8>, Rect) {
    let truth = common::truth();
    let sample = truth
        .files
        .iter()
        .find(|f| f.file == "ct_dose.dcm")
        .unwrap();
    let object = read(&samples().join(&sample.file), &Limits::default()).unwrap();
    let frame = object.frame(0).unwrap();
    let [x0, y0, w, h] = sample.lines[0].rect;
    let top = (0..h).flat_map(|y| (0..w).map(move |x| (x, y)));
    let top = top
        .map(|(x, y)| frame.value(x0 + x, y0 + y, 0))
        .max()
        .unwrap();
    let mut all = Vec::with_capacity(ROWS * COLS * FRAMES);
    for i in 0..FRAMES {
        for y in 0..ROWS {
            for x in 0..COLS {
                let ramp = 30 + ((x + 3 * i) / 4 + y / 3) % 90;
                let (dx, dy) = (x.wrapping_sub(AT.0), y.wrapping_sub(AT.1));
                let ink = lettered
                    && dx < w as usize
                    && dy < h as usize
                    && frame.value(x0 + dx as u32, y0 + dy as u32, 0) * 2 > top;
                all.push(if ink { 235 } else { ramp as u8 });
            }
        }
    }
    (all, Rect::new(AT.0 as u32, AT.1 as u32, w, h))
}

/// Runs ffmpeg on bytes.
fn ffmpeg(args: &[&str], input: &[u8]) -> Option<Vec<u8>> {
    let mut command = tool("ffmpeg")?;
    let mut child = command
        .args(["-hide_banner", "-loglevel", "error"])
        .args(args)
        .arg("pipe:1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    let feeder = std::thread::spawn(move || stdin.write_all(&input));
    let out = child.wait_with_output().unwrap();
    // It may stop reading before the end.
    let _ = feeder.join().unwrap();
    assert!(out.status.success(), "ffmpeg {args:?}");
    Some(out.stdout)
}

fn stream(coding: &[&str], grey: &[u8]) -> Option<Vec<u8>> {
    let size = format!("{COLS}x{ROWS}");
    let mut args = vec![
        "-f", "rawvideo", "-pix_fmt", "gray", "-s", &size, "-r", "25", "-i", "pipe:0",
    ];
    args.extend(coding);
    ffmpeg(&args, grey)
}

fn object(syntax: &'static str, stream: &[u8], count: usize) -> Vec<u8> {
    let mut stream = stream.to_vec();
    stream.resize(stream.len().next_multiple_of(2), 0);
    Sample::new(ROWS as u16, COLS as u16, 3, (8, 8), "YBR_PARTIAL_420")
        .with(
            0x0008,
            0x0016,
            "UI",
            text("1.2.840.10008.5.1.4.1.1.77.1.1.1"),
        )
        .with(0x0018, 0x1063, "DS", text("40"))
        .frames(&count.to_string())
        .items(syntax, &[&[], &stream])
        .bytes()
}

/// The one fragment of a written video.
fn fragment(file: &Path) -> Vec<u8> {
    let bytes = fs::read(file).unwrap();
    let head = b"\xE0\x7F\x10\x00OB\0\0\xFF\xFF\xFF\xFF\xFE\xFF\x00\xE0\0\0\0\0\xFE\xFF\x00\xE0";
    let at = bytes.windows(head.len()).rposition(|w| w == head).unwrap() + head.len();
    let len = u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap()) as usize;
    assert_eq!(bytes[at + 4 + len..], [0xFE, 0xFF, 0xDD, 0xE0, 0, 0, 0, 0]);
    bytes[at + 4..at + 4 + len].to_vec()
}

/// Luminance of all frames as another run of ffmpeg gives it.
fn luma(stream: &[u8]) -> Option<Vec<u8>> {
    let args = ["-i", "pipe:0", "-map", "0:v:0", "-fps_mode", "passthrough"];
    let planes = ffmpeg(
        &[&args[..], &["-pix_fmt", "yuv420p", "-f", "rawvideo"]].concat(),
        stream,
    )?;
    let frame = ROWS * COLS * 3 / 2;
    assert_eq!(planes.len() % frame, 0);
    Some(
        planes
            .chunks(frame)
            .flat_map(|f| &f[..ROWS * COLS])
            .copied()
            .collect(),
    )
}

fn program() -> Option<String> {
    tool("ffmpeg")?;
    let path = std::env::var_os("PATH").unwrap();
    std::env::split_paths(&path)
        .map(|folder| folder.join("ffmpeg"))
        .find(|p| p.is_file())
        .map(|p| p.to_str().unwrap().to_owned())
}

#[test]
fn text_in_video_is_masked_and_the_stream_stays_within_its_syntax() {
    let Some(program) = program() else { return };
    let place = Place::new();
    let (lettered, name) = frames(true);
    let mut inputs = Vec::new();
    for (syntax, coding, ..) in SYNTAXES {
        let stream = stream(coding, &lettered).unwrap();
        let path = place.path(format!("{syntax}.dcm"));
        fs::write(&path, object(syntax, &stream, FRAMES)).unwrap();
        inputs.push((path, stream));
    }
    let paths: Vec<_> = inputs.iter().map(|(p, _)| p).collect();
    let without = place.redact(&paths, "without", &["--device", "cpu"]);
    assert_eq!(without.ran.code, 3);
    for report in without.files() {
        assert_eq!(report.outcome, Outcome::Quarantined);
        assert_eq!(report.reason.as_deref(), Some("video"));
    }
    let more = ["--device", "cpu", "--policy", "all", "--ffmpeg", &program];
    let done = place.redact(&paths, "out", &more);
    for ((path, before), (syntax, _, codec, profile, level)) in inputs.iter().zip(SYNTAXES) {
        let file = format!("{syntax}.dcm");
        let report = done.file(&file);
        assert_eq!(
            report.outcome,
            Outcome::Masked,
            "{syntax}: {:?}",
            report.detail
        );
        assert!(
            report.warnings.contains(&"video_recoded".to_owned()),
            "{syntax}"
        );
        let masks: Vec<Rect> = report
            .boxes
            .iter()
            .filter(|b| b.action == Action::Mask && b.frames == (0, FRAMES as u32 - 1))
            .map(|b| b.rect)
            .collect();
        let over_name: Vec<Rect> = masks.iter().map(|m| m.intersect(&name)).collect();
        assert_eq!(
            union_area(&over_name),
            name.area(),
            "{syntax}: {name:?} under {masks:?}"
        );
        let out = done.out.join(&file);
        let written = fragment(&out);
        let bytes = fs::read(&out).unwrap();
        for (tag, value) in [("2112", 2), ("2114", 2)] {
            let object = dicom_object::open_file(&out).unwrap();
            let element = if tag == "2112" {
                object.element_by_name("LossyImageCompressionRatio")
            } else {
                object.element_by_name("LossyImageCompressionMethod")
            };
            let values = element.unwrap().to_str().unwrap().split('\\').count();
            assert_eq!(values, value, "{syntax}: {tag}");
        }
        assert!(bytes.windows(6).any(|w| w == b"113040"), "{syntax}");
        // Another run of ffmpeg: as many frames, near outside, black inside.
        let (a, b) = (luma(before).unwrap(), luma(&written).unwrap());
        assert_eq!(
            (a.len(), b.len()),
            (ROWS * COLS * FRAMES, a.len()),
            "{syntax}"
        );
        let (mut sum, mut count, mut brightest) = (0_u64, 0_u64, 0);
        for (i, (a, b)) in a.iter().zip(&b).enumerate() {
            let (x, y) = ((i % COLS) as u32, (i / COLS % ROWS) as u32);
            if masks.iter().any(|m| m.contains(&Rect::new(x, y, 1, 1))) {
                if name.contains(&Rect::new(x, y, 1, 1)) {
                    brightest = brightest.max(*b);
                }
            } else {
                sum += u64::from(a.abs_diff(*b));
                count += 1;
            }
        }
        assert!(
            sum <= 2 * count,
            "{syntax}: {} of 255 on average",
            sum as f64 / count as f64
        );
        assert!(brightest <= 32, "{syntax}: {brightest}");
        probe(&place, &written, syntax, [codec, profile, level]);
        let pair = [path.to_str().unwrap(), out.to_str().unwrap()];
        let verified = place.run(
            &[
                &["verify"][..],
                &pair,
                &["--device", "cpu", "--policy", "all", "--ffmpeg", &program],
            ]
            .concat(),
        );
        assert_eq!(
            verified.code, 0,
            "{syntax}: {}{}",
            verified.out, verified.err
        );
    }
    assert_eq!(done.ran.code, 0, "{}", done.ran.err);
}

/// What ffprobe says of a stream.
fn probe(place: &Place, stream: &[u8], syntax: &str, wanted: [&str; 3]) {
    let Some(mut probe) = tool("ffprobe") else {
        return;
    };
    let path = place.path("stream");
    fs::write(&path, stream).unwrap();
    let entries = "stream=codec_name,profile,level,codec_type";
    let args = [
        "-v",
        "error",
        "-show_entries",
        entries,
        "-of",
        "default=noprint_wrappers=1:nokey=1",
    ];
    let ran = common::finish(probe.args(args).arg(&path));
    // A transport stream is listed once more as part of its program.
    let said: Vec<&str> = ran.out.lines().take(4).collect();
    let [codec, profile, level] = wanted;
    assert_eq!(said, [codec, profile, "video", level], "{syntax}");
}

#[test]
fn video_without_text_keeps_its_pictures_and_loses_what_is_beside_them() {
    let Some(program) = program() else { return };
    let place = Place::new();
    let (plain, _) = frames(false);
    let (syntax, coding, ..) = SYNTAXES[2];
    let stream = stream(coding, &plain).unwrap();
    // The encoder's own note is user data.
    let note = |s: &[u8]| s.windows(4).any(|w| w == b"x264");
    assert!(note(&stream));
    fs::write(place.path("in.dcm"), object(syntax, &stream, FRAMES)).unwrap();
    let more = ["--device", "cpu", "--ffmpeg", &program];
    let done = place.redact(&[place.path("in.dcm")], "out", &more);
    assert_eq!(done.ran.code, 0, "{}", done.ran.err);
    let report = done.file("in.dcm");
    assert_eq!(report.outcome, Outcome::Clean);
    let said = report.carriers.iter().find(|c| c.kind == "video-user-data");
    assert_eq!(said.map(|c| c.count), Some(1));
    let written = fragment(&done.out.join("in.dcm"));
    assert!(!note(&written));
    assert!(luma(&stream) == luma(&written));
}

#[test]
fn broken_streams_are_refused_by_name_or_decoded_whole() {
    let Some(program) = program() else { return };
    let rounds = if common::full() { 150 } else { 6 };
    let (plain, _) = frames(false);
    let tool = unburn::codec::video::Tool::new(&program);
    let limits = unburn::config::Limits::default();
    let how = unburn::dicom::Reading {
        video: Some(&tool),
        ..(&limits).into()
    };
    let (mut state, mut refused, mut tried) = (0x5eed_u32, 0, 0);
    let mut below = |n: usize| {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state as usize % n
    };
    for (syntax, coding, ..) in SYNTAXES {
        let whole = stream(coding, &plain).unwrap();
        for _ in 0..rounds {
            let mut bytes = whole.clone();
            for _ in 0..=below(4) {
                // The head of the stream, where its parameters are, as often as the rest.
                let end = [bytes.len().min(96), bytes.len()][below(2)];
                let at = below(end);
                match below(4) {
                    0 => bytes.truncate(at.max(16)),
                    1 => drop(bytes.drain(at..(at + below(40)).min(bytes.len()))),
                    _ => bytes[at] ^= 1 << below(8),
                }
            }
            tried += 1;
            match unburn::dicom::read_bytes(object(syntax, &bytes, FRAMES), how) {
                Ok(object) => {
                    for i in 0..FRAMES as u32 {
                        let frame = object.frame(i).unwrap();
                        let whole = ROWS * COLS * 3 * frame.format.bytes_per_sample();
                        assert_eq!(frame.data.len(), whole);
                    }
                }
                Err(refusal) => {
                    use unburn::outcome::Reason::{Decode, Inconsistent, Limit, Video};
                    let known = [Decode, Inconsistent, Limit, Video];
                    assert!(known.contains(&refusal.reason), "{refusal}");
                    refused += 1;
                }
            }
        }
    }
    assert!(refused > tried / 4, "{refused} of {tried}");
}

#[test]
fn what_is_not_right_goes_nowhere() {
    let Some(program) = program() else { return };
    let place = Place::new();
    let (plain, _) = frames(false);
    let (syntax, coding, ..) = SYNTAXES[2];
    let whole = stream(coding, &plain).unwrap();
    let other: Vec<&str> = ["-c:v", "libx264", "-pix_fmt", "yuv444p", "-f", "h264"].into();
    let cases = [
        ("fewer", object(syntax, &whole, FRAMES + 1)),
        ("more", object(syntax, &whole, FRAMES - 1)),
        ("cut", object(syntax, &whole[..whole.len() / 2], FRAMES)),
        ("nothing", object(syntax, b"no video", FRAMES)),
        (
            "chroma",
            object(syntax, &stream(&other, &plain).unwrap(), FRAMES),
        ),
        (
            "two-views",
            object("1.2.840.10008.1.2.4.106", &whole, FRAMES),
        ),
        (
            "other-coding",
            object("1.2.840.10008.1.2.4.100", &whole, FRAMES),
        ),
    ];
    let mut inputs = Vec::new();
    for (name, bytes) in cases {
        let path = place.path(format!("{name}.dcm"));
        fs::write(&path, bytes).unwrap();
        inputs.push(path);
    }
    let more = ["--device", "cpu", "--ffmpeg", &program];
    let done = place.redact(&inputs, "out", &more);
    assert_eq!(done.ran.code, 3);
    for report in done.files() {
        assert!(
            !report.outcome.is_written(),
            "{}: {:?}",
            report.input,
            report.outcome
        );
    }
    assert!(common::tree(&done.out).is_empty());
    // Programs that are no ffmpeg.
    let good = place.path("good.dcm");
    fs::write(&good, object(syntax, &whole, FRAMES)).unwrap();
    for (name, script) in [
        ("echo", "#!/bin/sh\ncat\n"),
        ("silent", "#!/bin/sh\ncat >/dev/null\n"),
        ("failing", "#!/bin/sh\nexit 1\n"),
    ] {
        let path = place.path(name);
        fs::write(&path, script).unwrap();
        common::finish(std::process::Command::new("chmod").arg("+x").arg(&path));
        let more = ["--device", "cpu", "--ffmpeg", path.to_str().unwrap()];
        let done = place.redact(&[&good], &format!("{name}-out"), &more);
        assert_eq!(done.ran.code, 3, "{name}");
        assert!(common::tree(&done.out).is_empty(), "{name}");
    }
}
