//! The recipe `samples/pacs/watch.sh`: received by `storescp`, watched, redacted, delivered by `dcmsend`, study by study.

mod common;

use common::{Place, copy_tree, full, samples, skip, tool, tree};
use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A port that was free a moment ago.
fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

/// A process that ends with the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // The recipe ends its own children on SIGTERM.
        let line = format!("kill {}", self.0.id());
        let _ = Command::new("bash").args(["-c", &line]).status();
        let start = Instant::now();
        while self.0.try_wait().is_ok_and(|s| s.is_none()) {
            if start.elapsed() > Duration::from_secs(20) {
                let _ = self.0.kill();
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

fn wait_for(what: &str, mut done: impl FnMut() -> bool) {
    let start = Instant::now();
    while !done() {
        assert!(
            start.elapsed() < Duration::from_secs(240),
            "waited in vain: {what}"
        );
        std::thread::sleep(Duration::from_millis(100));
    }
}

fn send(port: u16, files: &[PathBuf]) {
    let mut dcmsend = tool("dcmsend").unwrap();
    let ran = common::finish(dcmsend.args(["127.0.0.1", &port.to_string()]).args(files));
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
}

fn count(folder: &Path) -> usize {
    tree(folder).len()
}

#[test]
fn whole_studies_pass_the_gate_and_nothing_else() {
    if !full() {
        skip("the gate between two archives: set UNBURN_FULL=1");
        return;
    }
    let (Some(_), Some(mut destination)) = (tool("dcmsend"), tool("storescp")) else {
        return;
    };
    let place = Place::new();
    copy_tree(&samples().join("odd"), &place.path("odd"));
    let (inbox, out) = (free_port(), free_port());
    let recipe = samples().join("pacs/watch.sh");
    let mut gate = place.command(&[] as &[&str]);
    let envs: Vec<_> = gate
        .get_envs()
        .filter_map(|(k, v)| Some((k.to_owned(), v?.to_owned())))
        .collect();
    gate = Command::new(recipe);
    gate.args(["gate", &inbox.to_string(), "127.0.0.1", &out.to_string()])
        .args(["--keep-metadata", "--device", "cpu", "--quiet", "3"])
        .envs(envs)
        .env("UNBURN", env!("CARGO_BIN_EXE_unburn"))
        .env("DELIVER_EVERY", "1")
        .current_dir(place.path("."))
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let _gate = Running(gate.spawn().unwrap());
    wait_for("the receiver", || {
        TcpStream::connect(("127.0.0.1", inbox)).is_ok()
    });

    // Three studies in full, and one with a report, which is no image: that study is kept back as a whole.
    let file = |name: &str| samples().join(name);
    send(
        inbox,
        &[
            file("us_rgb.dcm"),
            file("mr_faint.dcm"),
            file("sc_form.dcm"),
            file("ct_overlay.dcm"),
            file("odd/report_sr.dcm"),
        ],
    );
    let report = place.path("gate/work/rounds/000001/report.jsonl");
    wait_for("the first round", || report.exists());
    wait_for("a delivery that fails", || {
        fs::read_to_string(place.path("gate/dcmsend.log")).is_ok_and(|log| !log.is_empty())
    });
    assert_eq!(count(&place.path("gate/delivered")), 0);

    // The destination comes up: what failed is sent again.
    fs::create_dir(place.path("received")).unwrap();
    destination
        .arg("--output-directory")
        .arg(place.path("received"))
        .arg(out.to_string())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let _destination = Running(destination.spawn().unwrap());
    wait_for("the delivery", || count(&place.path("gate/delivered")) > 0);
    wait_for("all images", || count(&place.path("received")) >= 3);
    std::thread::sleep(Duration::from_secs(2));
    assert_eq!(count(&place.path("received")), 3);
    let lines = common::json_lines(&fs::read_to_string(&report).unwrap());
    let sr = lines
        .iter()
        .find(|l| l["outcome"] == "quarantined")
        .unwrap();
    assert!(sr["output"].is_null());
    let ct = lines
        .iter()
        .find(|l| l["reason"] == "group-incomplete")
        .unwrap();
    assert!(ct["output"].is_null());

    // One more study, another round.
    send(inbox, &[file("us_palette.dcm")]);
    wait_for("the second round", || count(&place.path("received")) == 4);
    assert!(place.path("gate/work/rounds/000002/report.jsonl").exists());
    // What was delivered is what was written.
    let mut released = tree(&place.path("gate/clean"));
    released.retain(|f| !f.to_string_lossy().starts_with('.'));
    assert_eq!(released.len(), 4, "{released:?}");
}
