//! What the tests over the whole binary share: running it, reading its reports, the truth about the samples, and judges
//! from outside.
#![allow(dead_code, reason = "every test file uses a part of it")]

pub mod cases;
pub mod heads;
pub mod http;
pub mod known;
pub mod lettering;
pub mod objects;
pub mod people;
pub mod pictures;
pub mod treated;

use serde::Deserialize;
use serde_json::Value;
use std::ffi::OsStr;
use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};
use unburn::frame::{Frame, Photometric, PixelFormat};
use unburn::report::FileReport;

/// A run that takes longer hangs.
const PATIENCE: Duration = Duration::from_secs(1200);

/// The repository's `samples/`.
pub fn samples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("samples")
}

/// A judge in `tests/judges/`.
pub fn judge(name: &str) -> PathBuf {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    tests.join("judges").join(name)
}

/// Whether long tests run (`UNBURN_FULL=1`).
pub fn full() -> bool {
    is_set("UNBURN_FULL")
}

fn is_set(name: &str) -> bool {
    std::env::var_os(name).is_some_and(|v| !v.is_empty() && v != "0")
}

/// Says on the true stderr, past the test harness, that something was not tested.
pub fn skip(what: &str) {
    let text = format!("SKIPPED: {what}\n");
    // Best effort: a closed stderr must not fail a test.
    let _ = std::io::stderr().write_all(text.as_bytes());
}

/// Skips for want of a judge; a failure where `UNBURN_REQUIRE_JUDGES=1`.
pub fn missing_judge(what: &str) {
    assert!(
        !is_set("UNBURN_REQUIRE_JUDGES"),
        "UNBURN_REQUIRE_JUDGES is set, but this judge is missing: {what}"
    );
    skip(&format!("{what} is not there"));
}

/// What a run left behind.
pub struct Ran {
    /// Exit code; -1 if a signal ended it.
    pub code: i32,
    /// stdout.
    pub out: String,
    /// stderr.
    pub err: String,
}

/// A folder of its own for one test, with the means to run the binary in it.
pub struct Place {
    dir: tempfile::TempDir,
}

impl Place {
    /// An empty folder.
    pub fn new() -> Place {
        Place {
            dir: tempfile::tempdir().unwrap(),
        }
    }

    /// A path in it.
    pub fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.dir.path().join(name)
    }

    /// The binary with these arguments, in this folder, without any setting from outside, with a key of its own.
    pub fn command<S: AsRef<OsStr>>(&self, args: &[S]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_unburn"));
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("UNBURN_") {
                command.env_remove(name);
            }
        }
        command
            .args(args)
            .current_dir(self.dir.path())
            .env("HOME", self.dir.path())
            .env("XDG_CONFIG_HOME", self.dir.path().join("config"))
            .env("UNBURN_KEY", "5a".repeat(32))
            .stdin(Stdio::null());
        command
    }

    /// Runs the binary to its end.
    pub fn run<S: AsRef<OsStr>>(&self, args: &[S]) -> Ran {
        finish(&mut self.command(args))
    }

    /// `unburn redact … --keep-metadata --report REPORT`, where the report is `OUT.jsonl`.
    pub fn redact<S: AsRef<OsStr>>(&self, inputs: &[S], out: &str, more: &[&str]) -> Redacted {
        let report = self.path(format!("{out}.jsonl"));
        let mut args: Vec<&OsStr> = vec![OsStr::new("redact")];
        args.extend(inputs.iter().map(AsRef::as_ref));
        for arg in ["-o", out, "--keep-metadata", "--progress", "none"] {
            args.push(OsStr::new(arg));
        }
        args.push(OsStr::new("--report"));
        args.push(report.as_os_str());
        args.extend(more.iter().map(OsStr::new));
        let ran = self.run(&args);
        let lines = match fs::read_to_string(&report) {
            Ok(text) => json_lines(&text),
            Err(_) => Vec::new(),
        };
        Redacted {
            ran,
            lines,
            out: self.path(out),
        }
    }
}

/// Runs a command unseen; its exit code and the most memory that it held at a time, kB (Linux).
pub fn peak_memory(command: &mut Command) -> (Option<i32>, u64) {
    let mut child = command
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let status_file = format!("/proc/{}/status", child.id());
    let mut peak_kb = 0;
    loop {
        let text = std::fs::read_to_string(&status_file).unwrap_or_default();
        let peak = text.lines().find_map(|l| l.strip_prefix("VmHWM:"));
        let kb = peak.and_then(|v| v.trim().trim_end_matches(" kB").parse().ok());
        peak_kb = peak_kb.max(kb.unwrap_or(0));
        if let Some(status) = child.try_wait().unwrap() {
            return (status.code(), peak_kb);
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Runs a command with a limit on its time.
pub fn finish(command: &mut Command) -> Ran {
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let (mut out, mut err) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
    let out = std::thread::spawn(move || {
        let mut bytes = Vec::new();
        out.read_to_end(&mut bytes).map(|_| bytes)
    });
    let err = std::thread::spawn(move || {
        let mut bytes = Vec::new();
        err.read_to_end(&mut bytes).map(|_| bytes)
    });
    let start = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        if start.elapsed() > PATIENCE {
            child.kill().unwrap();
            panic!("the run hangs");
        }
        std::thread::sleep(Duration::from_millis(5));
    };
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    Ran {
        code: status.code().unwrap_or(-1),
        out: text(out.join().unwrap().unwrap()),
        err: text(err.join().unwrap().unwrap()),
    }
}

/// The objects of a report.
pub fn json_lines(text: &str) -> Vec<Value> {
    text.lines()
        .filter(|l| !l.is_empty())
        .map(|l| serde_json::from_str(l).unwrap())
        .collect()
}

/// A finished `redact` with its report.
pub struct Redacted {
    /// Exit code and messages.
    pub ran: Ran,
    /// Every object of the report.
    pub lines: Vec<Value>,
    /// The output folder.
    pub out: PathBuf,
}

impl Redacted {
    /// The file lines of the report.
    pub fn files(&self) -> Vec<FileReport> {
        self.lines
            .iter()
            .filter(|l| l["type"] == "file")
            .map(|l| serde_json::from_value(l.clone()).unwrap())
            .collect()
    }

    /// The line about the input whose path ends so.
    pub fn file(&self, name: &str) -> FileReport {
        let mut found = self.files();
        found.retain(|f| Path::new(&f.input).ends_with(name));
        assert_eq!(found.len(), 1, "report lines about {name}");
        found.remove(0)
    }

    /// The lines without what may differ between two runs.
    pub fn stable(&self) -> Vec<Value> {
        let mut lines = self.lines.clone();
        for line in &mut lines {
            if let Some(map) = line.as_object_mut() {
                map.remove("device");
                map.remove("timings_ms");
            }
        }
        lines
    }
}

/// `truth.json`.
#[derive(Deserialize)]
pub struct Truth {
    /// Images.
    pub files: Vec<Sample>,
    /// What else lies in folders.
    pub odd: Vec<Odd>,
}

/// One image.
#[derive(Deserialize)]
pub struct Sample {
    /// Path below `samples/`.
    pub file: String,
    /// For a text-free twin, the file with text.
    pub twin_of: Option<String>,
    /// Frames.
    pub frames: u32,
    /// Transfer Syntax UID.
    pub transfer_syntax: String,
    /// What is written on it.
    pub lines: Vec<Line>,
}

/// One line of text.
#[derive(Deserialize)]
pub struct Line {
    /// The text.
    pub text: String,
    /// x, y, width, height.
    pub rect: [u32; 4],
    /// `phi-name`, …
    pub kind: String,
    /// First and last, inclusive.
    pub frames: [u32; 2],
    /// `pixel-data`, `overlay`, `icon`.
    pub carrier: String,
}

impl Line {
    /// Whether it must never stay.
    pub fn is_phi(&self) -> bool {
        self.kind.starts_with("phi-")
    }
}

/// One odd file.
#[derive(Deserialize)]
pub struct Odd {
    /// Path below `samples/`.
    pub file: String,
    /// What must become of it.
    pub outcome: String,
    /// With which reason.
    pub reason: Option<String>,
}

/// The truth about the samples.
pub fn truth() -> Truth {
    let text = fs::read_to_string(samples().join("truth.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// Copies a folder.
pub fn copy_tree(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy_tree(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), &target).unwrap();
        }
    }
}

/// Every file below a folder, sorted, as paths relative to it; none if there is no such folder.
pub fn tree(root: &Path) -> Vec<PathBuf> {
    fn walk(folder: &Path, root: &Path, out: &mut Vec<PathBuf>) {
        let Ok(entries) = fs::read_dir(folder) else {
            return;
        };
        for entry in entries {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, root, out);
            } else {
                out.push(path.strip_prefix(root).unwrap().to_path_buf());
            }
        }
    }
    let mut out = Vec::new();
    walk(root, root, &mut out);
    out.sort();
    out
}

/// A program of another maker; `None`, said aloud, where it is not installed.
pub fn tool(name: &str) -> Option<Command> {
    let found = std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default())
        .any(|folder| folder.join(name).is_file());
    if !found {
        missing_judge(name);
        return None;
    }
    Some(Command::new(name))
}

/// A Python judge with pydicom; `None`, said aloud, where that is missing.
pub fn python(script: &str) -> Option<Command> {
    let probe = Command::new("python3")
        .args(["-c", "import numpy, pydicom, pylibjpeg"])
        .output();
    if !probe.is_ok_and(|o: Output| o.status.success()) {
        missing_judge("python3 with numpy, pydicom and pylibjpeg");
        return None;
    }
    let mut command = Command::new("python3");
    command.arg(judge(script));
    Some(command)
}

/// Runs a Python judge over jobs; its answer, or `None` where it is missing.
pub fn ask(place: &Place, script: &str, jobs: &Value) -> Option<Value> {
    let mut command = python(script)?;
    let file = place.path(format!("{script}.json"));
    fs::write(&file, jobs.to_string()).unwrap();
    let ran = finish(command.arg(&file));
    assert_eq!(ran.code, 0, "{script} failed:\n{}", ran.err);
    Some(serde_json::from_str(&ran.out).unwrap())
}

/// The masks of the Pixel Data in a report line, as the judges take them.
pub fn masks(report: &FileReport) -> Value {
    let masks = report.boxes.iter().filter(|b| {
        b.action == unburn::plan::Action::Mask && b.carrier == unburn::plan::Carrier::PixelData
    });
    masks
        .map(|b| serde_json::json!({"frames": b.frames, "rect": b.rect}))
        .collect()
}

/// Items of encapsulated Pixel Data in a file, read without the product: the table's offsets, and where fragments begin.
pub fn fragments(file: &[u8]) -> Option<(Vec<usize>, Vec<usize>)> {
    let head = b"\xE0\x7F\x10\x00OB\0\0\xFF\xFF\xFF\xFF";
    let mut at = file.windows(head.len()).rposition(|w| w == head)? + head.len();
    let number = |at: usize| u32::from_le_bytes(file[at..at + 4].try_into().unwrap()) as usize;
    let mut found = Vec::new();
    while file[at..at + 4] == [0xFE, 0xFF, 0x00, 0xE0] {
        let length = number(at + 4);
        assert_eq!(length % 2, 0, "odd fragment");
        found.push((at, length));
        at += 8 + length;
    }
    assert_eq!(file[at..], [0xFE, 0xFF, 0xDD, 0xE0, 0, 0, 0, 0]);
    let (table, length) = found[0];
    let offsets = (0..length / 4).map(|i| number(table + 8 + 4 * i)).collect();
    let base = found.get(1)?.0;
    Some((offsets, found[1..].iter().map(|f| f.0 - base).collect()))
}

/// Errors that dicom3tools' `dciodvfy` finds in a file, without values, sorted; `None` where it is not installed.
pub fn iod_errors(file: &Path) -> Option<Vec<String>> {
    let ran = finish(tool("dciodvfy")?.arg("-new").arg(file));
    let mut errors: Vec<String> = ran
        .err
        .lines()
        .chain(ran.out.lines())
        .filter(|l| l.starts_with("Error"))
        .map(|l| l.split(" = <").next().unwrap_or(l).to_string())
        .collect();
    errors.sort();
    errors.dedup();
    Some(errors)
}
