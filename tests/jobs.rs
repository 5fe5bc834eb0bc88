//! Archive jobs: the same answer as `redact`, whatever kills them, and whole series or nothing.
//!
//! The job is killed at each of its own points (`UNBURN_TEST_CRASH`, debug builds only) and at random times, resumed, and
//! compared with a job that was left alone. The full disk is a limit on the size of files (`ulimit -f`), which needs no
//! privileges: writing fails there as it does on a full file system, only with another error number. Where a small tmpfs can
//! be mounted in a user namespace of its own, that is used as well.

mod common;

use common::{Place, Ran, full, json_lines, samples, skip, tree};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use unburn::batch::job::crash;

/// Where each file comes from and to which series it is given.
const FILES: &[(&str, &str, u32)] = &[
    ("ct_overlay.dcm", "a/1", 1),
    ("ct_overlay_twin.dcm", "a/2", 1),
    ("ct_icon.dcm", "b/3", 2),
    ("odd/truncated.dcm", "b/4", 2),
    ("ct_icon_twin.dcm", "c/5", 3),
    ("ct_highbits.dcm", "c/6", 4),
    ("odd/IM000001", "d/7", 5),
];

/// Gives a file another Series Instance UID of the same length.
fn with_series(mut bytes: Vec<u8>, series: u32) -> Vec<u8> {
    let tag = [0x20, 0x00, 0x0e, 0x00, b'U', b'I'];
    let at = bytes.windows(6).position(|w| w == tag).unwrap() + 6;
    let len = usize::from(u16::from_le_bytes([bytes[at], bytes[at + 1]]));
    let value = &mut bytes[at + 2..at + 2 + len];
    value.fill(0);
    let uid = format!("1.2.3.{series}");
    value[..uid.len()].copy_from_slice(uid.as_bytes());
    bytes
}

fn put(place: &Place, from: &str, to: &str, series: u32) {
    let to = place.path("in").join(to);
    fs::create_dir_all(to.parent().unwrap()).unwrap();
    let bytes = fs::read(samples().join(from)).unwrap();
    fs::write(to, with_series(bytes, series)).unwrap();
}

fn inputs(place: &Place) {
    for (from, to, series) in FILES {
        put(place, from, to, *series);
    }
    fs::write(place.path("in/a/readme.txt"), "no image").unwrap();
}

fn begin<'a>(more: &[&'a str]) -> Vec<&'a str> {
    let mut args = vec!["batch", "run", "job", "--input", "in", "--output", "out"];
    args.extend([
        "--keep-metadata",
        "--device",
        "cpu",
        "--jobs",
        "2",
        "--progress",
        "none",
    ]);
    args.extend(more);
    args
}

const RESUME: [&str; 5] = ["batch", "resume", "job", "--progress", "none"];

/// Lines of the report without what may differ between two runs, and without the place of the outputs.
fn report(place: &Place) -> Vec<Value> {
    let text = fs::read_to_string(place.path("job/report.jsonl")).unwrap();
    let root = place.path("").canonicalize().unwrap();
    let text = text.replace(root.to_str().unwrap(), "");
    let mut lines = json_lines(&text);
    for line in &mut lines {
        let map = line.as_object_mut().unwrap();
        map.remove("device");
        map.remove("timings_ms");
    }
    lines
}

/// Everything about a finished job that must not depend on what happened on the way.
fn assert_same(left: &Place, right: &Place, what: &str) {
    assert_eq!(report(left), report(right), "{what}: report");
    let (a, b) = (tree(&left.path("out")), tree(&right.path("out")));
    // What waits for its group lies under the number of the job.
    let released = |files: &[PathBuf]| -> Vec<PathBuf> {
        let there = files.iter().filter(|f| !f.starts_with_hidden());
        there.cloned().collect()
    };
    assert_eq!(released(&a), released(&b), "{what}: outputs");
    assert_eq!(a.len(), b.len(), "{what}: staged outputs");
    for file in released(&a) {
        let same = fs::read(left.path("out").join(&file)).unwrap()
            == fs::read(right.path("out").join(&file)).unwrap();
        assert!(same, "{what}: {} differs", file.display());
    }
    assert_eq!(
        tree(&left.path("job/quarantine")),
        tree(&right.path("job/quarantine")),
        "{what}: quarantine"
    );
    let checked = left.run(&["batch", "status", "job", "--check"]);
    assert_eq!(checked.code, 0, "{what}: {}{}", checked.out, checked.err);
}

trait Hidden {
    fn starts_with_hidden(&self) -> bool;
}

impl Hidden for PathBuf {
    fn starts_with_hidden(&self) -> bool {
        self.to_string_lossy().starts_with('.')
    }
}

/// A job that nobody disturbed.
fn undisturbed() -> Place {
    let place = Place::new();
    inputs(&place);
    let ran = place.run(&begin(&[]));
    assert_eq!(ran.code, 3, "{}", ran.err);
    place
}

fn resume(place: &Place) -> Ran {
    if place.path("job/job.toml").exists() {
        place.run(&RESUME)
    } else {
        // Killed before there was a job.
        place.run(&begin(&[]))
    }
}

#[test]
fn a_job_gives_what_redact_gives_and_is_private() {
    let place = undisturbed();
    let redacted = place.redact(&["in"], "plain", &["--device", "cpu"]);
    let mut outputs = tree(&place.path("plain"));
    // Its series is not complete.
    outputs.retain(|f| f != Path::new("b/3"));
    let released: Vec<PathBuf> = tree(&place.path("out"))
        .into_iter()
        .filter(|f| !f.starts_with_hidden())
        .collect();
    assert_eq!(released, outputs);
    for file in &outputs {
        let same = fs::read(place.path("out").join(file)).unwrap()
            == fs::read(place.path("plain").join(file)).unwrap();
        assert!(same, "{}", file.display());
    }
    let lines = report(&place);
    let reasons: Vec<_> = lines.iter().filter_map(|l| l["reason"].as_str()).collect();
    assert_eq!(reasons, ["not-dicom", "group-incomplete", "truncated"]);
    assert_eq!(lines.len(), redacted.lines.len());
    assert!(place.path("job/quarantine/b/3.reason.json").exists());
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        for file in ["journal.sqlite", "audit.jsonl", "report.jsonl", "job.toml"] {
            let mode = fs::metadata(place.path("job").join(file))
                .unwrap()
                .permissions()
                .mode();
            assert_eq!(mode & 0o777, 0o600, "{file}");
        }
    }
    // No header value in journal and audit.
    for file in ["journal.sqlite", "audit.jsonl"] {
        let bytes = fs::read(place.path("job").join(file)).unwrap();
        for value in ["1.2.3.1", "2.25.9851207481376673831554440005083972409"] {
            let found = bytes.windows(value.len()).any(|w| w == value.as_bytes());
            assert!(!found, "{value} in {file}");
        }
    }
    let status = place.run(&["batch", "status", "job", "--json"]);
    let status = &json_lines(&status.out)[0];
    assert_eq!((&status["files"], &status["open"]), (&8.into(), &0.into()));
    assert_eq!(status["groups"][0]["missing"]["truncated"], 1);
}

#[test]
fn neither_threads_nor_memory_change_a_job() {
    let one = undisturbed();
    let place = Place::new();
    inputs(&place);
    let mut args = begin(&["--memory", "64"]);
    let jobs = args.iter().position(|a| *a == "--jobs").unwrap();
    args[jobs + 1] = "5";
    assert_eq!(place.run(&args).code, 3);
    let strip = |place: &Place| {
        let mut lines = report(place);
        lines.iter_mut().for_each(|l| l["tool"] = Value::Null);
        lines
    };
    assert_eq!(strip(&one), strip(&place));
    assert_same(&one, &place, "five workers");
}

#[test]
fn a_job_killed_at_any_point_ends_like_one_that_was_not() {
    let whole = undisturbed();
    let times = if full() { 4 } else { 1 };
    for point in crash::POINTS {
        for time in 1..=times {
            let what = format!("{point}:{time}");
            let place = Place::new();
            inputs(&place);
            let killed = common::finish(place.command(&begin(&[])).env("UNBURN_TEST_CRASH", &what));
            assert!(
                time > 1 || killed.code == -1,
                "{what} was not reached:\n{}",
                killed.err
            );
            if killed.code != -1 {
                continue;
            }
            // Once more on the way back, where there is one.
            if full() && place.path("job/job.toml").exists() {
                common::finish(place.command(&RESUME).env("UNBURN_TEST_CRASH", &what));
            }
            let ran = resume(&place);
            assert_eq!(ran.code, 3, "{what}:\n{}", ran.err);
            assert_same(&place, &whole, &what);
        }
    }
}

#[test]
fn a_job_killed_at_random_times_ends_like_one_that_was_not() {
    let start = Instant::now();
    let whole = undisturbed();
    let duration = start.elapsed();
    let rounds = if full() { 50 } else { 5 };
    for round in 0..rounds {
        let place = Place::new();
        inputs(&place);
        let mut args = begin(&[]);
        // Killed again and again until it is through; each time a little later.
        for attempt in 1..=3 {
            let mut child = place
                .command(&args)
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .unwrap();
            std::thread::sleep(duration * (round * attempt + 1) / (rounds + 1));
            child.kill().unwrap();
            child.wait().unwrap();
            if place.path("job/job.toml").exists() {
                args = RESUME.to_vec();
            }
        }
        let ran = resume(&place);
        assert_eq!(ran.code, 3, "round {round}:\n{}", ran.err);
        assert_same(&place, &whole, &format!("round {round}"));
    }
}

#[cfg(unix)]
#[test]
fn a_signal_drains_the_job_and_it_goes_on() {
    let whole = undisturbed();
    let place = Place::new();
    inputs(&place);
    let mut child = place
        .command(&begin(&[]))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    while !place.path("job/audit.jsonl").exists() {
        std::thread::sleep(Duration::from_millis(5));
    }
    let line = format!("kill -TERM {}", child.id());
    let sent = Command::new("bash").args(["-c", &line]).status().unwrap();
    let code = child.wait().unwrap().code();
    // It may have been through already.
    assert!(
        sent.success() && code == Some(130) || code == Some(3),
        "{code:?}"
    );
    let ran = place.run(&RESUME);
    assert_eq!(ran.code, 3, "{}", ran.err);
    assert_same(&place, &whole, "after a signal");
}

#[test]
fn a_full_disk_stops_the_job_and_loses_nothing() {
    let whole = undisturbed();
    let place = Place::new();
    inputs(&place);
    // The limit lets the journal through and the output of the scanned form not; in units of 512 bytes or of 1 KiB.
    put(&place, "cr_marker.dcm", "e/8", 8);
    put(&whole, "cr_marker.dcm", "e/8", 8);
    fs::remove_dir_all(whole.path("job")).unwrap();
    fs::remove_dir_all(whole.path("out")).unwrap();
    assert_eq!(whole.run(&begin(&[])).code, 3);
    let binary = env!("CARGO_BIN_EXE_unburn");
    let line = format!(
        "trap '' XFSZ; ulimit -f 600; exec {binary} {}",
        begin(&[]).join(" ")
    );
    let limited = common::finish(place.command(&[] as &[&str]).arg("doctor"));
    assert_eq!(limited.code, 0, "{}", limited.err);
    let ran = common::finish(
        Command::new("bash")
            .args(["-c", &line])
            .current_dir(place.path("."))
            .env("HOME", place.path("."))
            .env("UNBURN_KEY", "5a".repeat(32)),
    );
    assert_eq!(ran.code, 1, "{}\n{}", ran.out, ran.err);
    assert!(ran.err.contains("batch resume"), "{}", ran.err);
    assert!(!place.path("out/e/8").exists());
    let again = resume(&place);
    assert_eq!(again.code, 3, "{}", again.err);
    assert_same(&place, &whole, "after a full disk");
}

#[test]
fn a_full_tmpfs_stops_the_job_and_loses_nothing() {
    let whole = undisturbed();
    let place = Place::new();
    inputs(&place);
    fs::create_dir(place.path("out")).unwrap();
    let binary = env!("CARGO_BIN_EXE_unburn");
    let script = format!(
        "mount -t tmpfs -o size=200k none out || exit 77; {binary} {}; code=$?; ls -A out >left; \
         mount -o remount,size=100m out; {binary} {}; again=$?; cp -r out/. kept; exit $((code * 10 + again))",
        begin(&[]).join(" "),
        RESUME.join(" ")
    );
    fs::create_dir(place.path("kept")).unwrap();
    let ran = common::finish(
        Command::new("unshare")
            .args(["-rm", "bash", "-c", &script])
            .current_dir(place.path("."))
            .env("HOME", place.path("."))
            .env("UNBURN_KEY", "5a".repeat(32)),
    );
    if ran.code == 77 || ran.code == 1 && ran.err.contains("unshare") {
        skip("a full tmpfs: no user namespaces here");
        return;
    }
    assert_eq!(ran.code, 13, "first 1, then 3:\n{}\n{}", ran.out, ran.err);
    fs::remove_dir(place.path("out")).unwrap();
    fs::rename(place.path("kept"), place.path("out")).unwrap();
    assert_same(&place, &whole, "after a full tmpfs");
}

#[cfg(unix)]
#[test]
fn an_unreadable_folder_in_the_middle_stops_nothing_else() {
    use std::os::unix::fs::PermissionsExt;
    let place = Place::new();
    inputs(&place);
    for folder in ["", "in", "out"] {
        fs::create_dir_all(place.path(folder)).unwrap();
        fs::set_permissions(place.path(folder), fs::Permissions::from_mode(0o777)).unwrap();
    }
    fs::set_permissions(place.path("in/b"), fs::Permissions::from_mode(0o000)).unwrap();
    let mut command = place.command(&begin(&[]));
    if fs::read_dir(place.path("in/b")).is_ok() {
        // Root may read everything: go on as somebody else.
        let mut other = Command::new("setpriv");
        other
            .args(["--reuid", "65534", "--regid", "65534", "--clear-groups"])
            .arg(env!("CARGO_BIN_EXE_unburn"))
            .args(begin(&[]))
            .current_dir(place.path("."))
            .env("HOME", place.path("."))
            .env("UNBURN_KEY", "5a".repeat(32));
        let can = Command::new("setpriv")
            .args(["--reuid", "65534", "--regid", "65534", "--clear-groups"])
            .arg(env!("CARGO_BIN_EXE_unburn"))
            .arg("--version")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        if !can.is_ok_and(|s| s.success()) {
            fs::set_permissions(place.path("in/b"), fs::Permissions::from_mode(0o755)).unwrap();
            skip("an unreadable folder: nobody else to run as");
            return;
        }
        command = other;
    }
    let ran = common::finish(&mut command);
    fs::set_permissions(place.path("in/b"), fs::Permissions::from_mode(0o755)).unwrap();
    assert_eq!(ran.code, 3, "{}", ran.err);
    let lines = report(&place);
    let unread: Vec<_> = lines
        .iter()
        .filter(|l| l["reason"] == "read-failed")
        .map(|l| l["input"].as_str().unwrap())
        .collect();
    assert_eq!(unread, ["/in/b"]);
    for file in ["a/1", "a/2", "c/5", "c/6", "d/7"] {
        assert!(place.path("out").join(file).exists(), "{file}");
    }
}

#[test]
fn one_runner_one_configuration() {
    let place = Place::new();
    inputs(&place);
    let mut first = place
        .command(&begin(&[]))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    while !place.path("job/job.toml").exists() {
        std::thread::sleep(Duration::from_millis(5));
    }
    let second = place.run(&RESUME);
    if first.try_wait().unwrap().is_none() {
        assert_eq!(second.code, 2, "{}", second.err);
        assert!(second.err.contains("another process"), "{}", second.err);
        let status = place.run(&["batch", "status", "job", "--json"]);
        assert_eq!(json_lines(&status.out)[0]["type"], "job", "{}", status.err);
    }
    assert_eq!(first.wait().unwrap().code(), Some(3));

    let differs = |ran: Ran, key: &str| {
        assert_eq!(ran.code, 2, "{}", ran.err);
        assert!(ran.err.contains(key), "{}", ran.err);
    };
    differs(
        place.run(&begin(&["--policy", "all"])),
        "settings.policy: begun with \"safe-list\", now \"all\"",
    );
    differs(place.run(&begin(&["--release", "file"])), "work.release");
    differs(place.run(&begin(&[])), "exists already");
    let mut args = RESUME.to_vec();
    args.extend(["--sensitivity", "high"]);
    differs(place.run(&args), "settings.sensitivity");
    let other = common::finish(place.command(&RESUME).env("UNBURN_KEY", "6b".repeat(32)));
    differs(other, "begun with key");
    // `--jobs` may be another.
    let mut args = RESUME.to_vec();
    args.extend(["--jobs", "1"]);
    assert_eq!(place.run(&args).code, 3);
    let spec = fs::read_to_string(place.path("job/job.toml")).unwrap();
    fs::write(
        place.path("job/job.toml"),
        spec.replace("grid-px = 8", "grid-px = 1"),
    )
    .unwrap();
    differs(place.run(&RESUME), "settings.grid-px: begun with 8, now 1");
}

#[test]
fn a_series_is_released_when_its_last_image_came_right() {
    let place = undisturbed();
    // The damaged file is sent again; the other one of its series waited.
    put(&place, "ct_overlay_twin.dcm", "b/4", 2);
    assert_eq!(
        place
            .run(&["batch", "retry", "job", "--reason", "no-such"])
            .code,
        2
    );
    let set_back = place.run(&["batch", "retry", "job", "--reason", "truncated"]);
    assert!(set_back.err.contains("1 file set back"), "{}", set_back.err);
    assert_eq!(place.run(&RESUME).code, 0);
    assert!(place.path("out/b/3").exists() && place.path("out/b/4").exists());
    assert_eq!(
        tree(&place.path("job/quarantine")),
        [""; 0].map(PathBuf::from)
    );
    // Nothing waits any more: the staging folder is gone.
    assert!(
        !tree(&place.path("out"))
            .iter()
            .any(Hidden::starts_with_hidden)
    );
    let checked = place.run(&["batch", "status", "job", "--check"]);
    assert_eq!(checked.code, 0, "{}{}", checked.out, checked.err);
    // What a check is for.
    fs::write(place.path("out/b/4"), "changed").unwrap();
    fs::remove_file(place.path("out/a/1")).unwrap();
    let checked = place.run(&["batch", "status", "job", "--check"]);
    assert_eq!(checked.code, 3);
    assert_eq!(checked.out.matches("fault:").count(), 2, "{}", checked.out);
}

#[test]
fn shards_give_together_what_one_job_gives() {
    let whole = undisturbed();
    let place = Place::new();
    inputs(&place);
    let mut lines = Vec::new();
    for shard in ["1/3", "2/3", "3/3"] {
        let job = format!("job{}", &shard[..1]);
        let mut args = begin(&["--shard", shard]);
        args[2] = &job;
        let ran = place.run(&args);
        assert!([0, 3].contains(&ran.code), "{}", ran.err);
        let text = fs::read_to_string(place.path(&job).join("report.jsonl")).unwrap();
        let root = place.path("").canonicalize().unwrap();
        lines.extend(json_lines(&text.replace(root.to_str().unwrap(), "")));
    }
    lines.retain(|l| l["type"] == "file");
    lines.sort_by_key(|l| l["input"].as_str().unwrap().to_owned());
    for line in &mut lines {
        let map = line.as_object_mut().unwrap();
        map.remove("device");
        map.remove("timings_ms");
    }
    let mut wanted = report(&whole);
    wanted.pop();
    assert_eq!(lines, wanted);
    let released = |p: &Place| -> Vec<PathBuf> {
        let mut files = tree(&p.path("out"));
        files.retain(|f| !f.starts_with_hidden());
        files
    };
    assert_eq!(released(&place), released(&whole));

    let merge = |shards: &[&str]| {
        let mut args = vec!["batch", "merge", "merged"];
        args.extend(shards);
        place.run(&args)
    };
    assert_eq!(merge(&["job1", "job2"]).code, 2);
    assert_eq!(merge(&["job1", "job2", "job2"]).code, 2);
    let ran = merge(&["job3", "job1", "job2"]);
    assert_eq!(ran.code, 3, "{}", ran.err);
    let text = fs::read_to_string(place.path("merged/report.jsonl")).unwrap();
    let root = place.path("").canonicalize().unwrap();
    let mut merged = json_lines(&text.replace(root.to_str().unwrap(), ""));
    for line in &mut merged {
        let map = line.as_object_mut().unwrap();
        map.remove("device");
        map.remove("timings_ms");
    }
    assert_eq!(merged, report(&whole));
    let lines = |p: &str| fs::read_to_string(place.path(p)).unwrap().lines().count();
    let parts = ["job1", "job2", "job3"].map(|j| lines(&format!("{j}/audit.jsonl")));
    assert_eq!(lines("merged/audit.jsonl"), parts.iter().sum::<usize>());
}

#[test]
fn a_worker_answers_every_line_in_order_and_ends_with_its_input() {
    use std::io::{BufRead, BufReader, Write};
    let place = Place::new();
    inputs(&place);
    let root = place.path("in");
    let mut args = vec![
        "worker",
        "--keep-metadata",
        "--device",
        "cpu",
        "--output",
        "out",
    ];
    args.extend(["--root", root.to_str().unwrap()]);
    let mut child = place
        .command(&args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut to = child.stdin.take().unwrap();
    let mut from = BufReader::new(child.stdout.take().unwrap());
    let mut ask = |line: &str| -> Value {
        writeln!(to, "{line}").unwrap();
        let mut answer = String::new();
        from.read_line(&mut answer).unwrap();
        serde_json::from_str(&answer).unwrap()
    };
    let good = ask(root.join("a/1").to_str().unwrap());
    assert_eq!(
        (&good["outcome"], &good["type"]),
        (&"clean".into(), &"file".into())
    );
    assert_eq!(good["output"], "out/a/1");
    assert_eq!(ask("/elsewhere/x")["type"], "error");
    assert_eq!(ask("{\"input\": 3}")["type"], "error");
    let named = serde_json::json!({"input": root.join("b/4"), "output": place.path("named/x")});
    assert_eq!(ask(&named.to_string())["reason"], "truncated");
    assert_eq!(
        ask(root.join("none").to_str().unwrap())["reason"],
        "read-failed"
    );
    let itself = serde_json::json!({"input": root.join("a/2"), "output": root.join("a/2")});
    assert_eq!(ask(&itself.to_string())["outcome"], "failed");
    drop(to);
    assert_eq!(child.wait().unwrap().code(), Some(0));
    let redacted = place.redact(&[root.join("a/1")], "plain", &["--device", "cpu"]);
    assert_eq!(redacted.ran.code, 0);
    assert_eq!(
        fs::read(place.path("plain/1")).unwrap(),
        fs::read(place.path("out/a/1")).unwrap()
    );
}

/// Packs folders with Python, as archives from elsewhere are; `None` where there is no Python.
fn pack(place: &Place) -> Option<()> {
    let script = "\
import tarfile, zipfile
with zipfile.ZipFile('in/all.zip', 'w', zipfile.ZIP_DEFLATED) as z:
    for i, name in enumerate(['a/1', 'a/2', 'b/4']):
        z.write('src/' + name, '../../' * i + 'Muster^Mara/' + name)
with tarfile.open('in/all.tar', 'w') as t:
    t.add('src/c', 'c')
    link = tarfile.TarInfo('link'); link.type = tarfile.SYMTYPE; link.linkname = '/etc/passwd'
    t.addfile(link)
";
    let mut command = Command::new("python3");
    let ran = command
        .args(["-c", script])
        .current_dir(place.path("."))
        .status();
    if !ran.is_ok_and(|s| s.success()) {
        common::missing_judge("python3");
        return None;
    }
    Some(())
}

#[test]
fn archives_are_read_and_their_names_go_nowhere() {
    let place = Place::new();
    inputs(&place);
    fs::rename(place.path("in"), place.path("src")).unwrap();
    fs::create_dir(place.path("in")).unwrap();
    if pack(&place).is_none() {
        return;
    }
    let ran = place.run(&begin(&["--release", "file"]));
    assert_eq!(ran.code, 3, "{}", ran.err);
    let lines = report(&place);
    let seen: Vec<_> = lines
        .iter()
        .filter(|l| l["type"] == "file")
        .map(|l| {
            let text = |k: &str| l[k].as_str().unwrap_or("").to_owned();
            (text("input"), text("outcome"), text("output"))
        })
        .collect();
    let row = |i: &str, o: &str, out: &str| (i.to_owned(), o.to_owned(), out.to_owned());
    assert_eq!(
        seen,
        [
            row("/in/all.tar#2", "clean", "/out/all.tar/0000002"),
            row("/in/all.tar#3", "clean", "/out/all.tar/0000003"),
            row("/in/all.tar#4", "skipped", ""),
            row("/in/all.zip#1", "clean", "/out/all.zip/0000001"),
            row("/in/all.zip#2", "clean", "/out/all.zip/0000002"),
            row("/in/all.zip#3", "failed", ""),
        ]
    );
    for folder in ["out", "job"] {
        assert!(
            !tree(&place.path(folder))
                .iter()
                .any(|f| f.to_string_lossy().contains("Mara"))
        );
    }
    // The same bytes as from plain files.
    fs::rename(place.path("src"), place.path("plain")).unwrap();
    place.redact(&["plain"], "same", &["--device", "cpu"]);
    assert_eq!(
        fs::read(place.path("out/all.zip/0000001")).unwrap(),
        fs::read(place.path("same/a/1")).unwrap()
    );
    let checked = place.run(&["batch", "status", "job", "--check"]);
    assert_eq!(checked.code, 0, "{}{}", checked.out, checked.err);
}

#[test]
fn a_plan_foretells_and_the_report_compares() {
    let place = Place::new();
    inputs(&place);
    let mut args = begin(&["--sample", "100", "--json"]);
    args[1] = "plan";
    let planned = place.run(&args);
    assert_eq!(planned.code, 0, "{}", planned.err);
    let plan = &json_lines(&planned.out)[0];
    assert_eq!((&plan["files"], &plan["sampled"]), (&8.into(), &8.into()));
    assert_eq!(plan["outcomes"]["failed"]["expected"], 1.0);
    assert!(plan["hours"]["2"]["expected"].as_f64().unwrap() > 0.0);
    assert!(
        tree(&place.path("out")).is_empty(),
        "the sample left something"
    );
    assert_eq!(place.run(&RESUME).code, 3);
    // A whole sample foretells the bytes exactly.
    let written: u64 = tree(&place.path("out"))
        .iter()
        .map(|f| fs::metadata(place.path("out").join(f)).unwrap().len())
        .sum();
    assert_eq!(
        plan["bytes_out"]["expected"].as_f64().unwrap().round() as u64,
        written
    );
    let told = place.run(&["batch", "report", "job", "--json", "--pictures", "3"]);
    assert_eq!(told.code, 0, "{}", told.err);
    let figures = &json_lines(&told.out)[0];
    assert_eq!(figures["outcomes"]["failed"], 1);
    assert_eq!(figures["by_modality"]["CT"]["failed"], 1);
    assert_eq!(figures["forecast"]["sampled"], 8);
    let suspects = figures["suspects"].as_array().unwrap();
    assert_eq!(suspects[0]["why"], "group-incomplete", "{suspects:?}");
    let page = fs::read_to_string(place.path("job/report.html")).unwrap();
    assert_eq!(
        page.matches("data:image/png;base64,").count(),
        suspects.len()
    );
    assert!(!page.contains("<script") && !page.contains("http:") && !page.contains("https:"));
    assert!(page.contains("Plan and outcome"));
}

#[test]
fn parallel_workers_give_what_one_run_gives() {
    let there = Command::new("parallel").arg("--version").output();
    if !there.is_ok_and(|o| o.status.success()) {
        skip("samples/cluster/parallel.sh: GNU parallel is not installed");
        return;
    }
    let place = Place::new();
    inputs(&place);
    let command = place.command(&[] as &[&str]);
    let envs = command.get_envs().filter_map(|(k, v)| Some((k, v?)));
    let mut recipe = Command::new(samples().join("cluster/parallel.sh"));
    recipe
        .args(["2", "in", "out"])
        .envs(envs)
        .env("UNBURN", env!("CARGO_BIN_EXE_unburn"))
        .env("WORKER_OPTIONS", "--device cpu")
        .current_dir(place.path("."));
    let ran = common::finish(&mut recipe);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let redacted = place.redact(&["in"], "plain", &["--device", "cpu"]);
    let lines = json_lines(&ran.out);
    let key = |l: &Value| {
        (
            l["input"].clone(),
            l["outcome"].clone(),
            l["output_sha256"].clone(),
        )
    };
    let mut wanted = redacted.lines.clone();
    wanted.retain(|l| l["type"] == "file");
    assert_eq!(
        lines.iter().map(key).collect::<Vec<_>>(),
        wanted.iter().map(key).collect::<Vec<_>>()
    );
    assert_eq!(tree(&place.path("out")), tree(&place.path("plain")));
}
