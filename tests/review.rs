//! One file under review, over HTTP: edits that can be undone and survive a kill, decisions, and what they write.

mod common;

use common::Place;
use common::http::{Server, inputs, items};
use common::samples;
use serde_json::{Value, json};
use std::path::Path;

#[test]
fn edits_are_undone_brought_again_and_refused_where_somebody_was_faster() {
    let place = Place::new();
    let folder = inputs(&place, &["us_rgb.dcm"]);
    let s = Server::start(&place, &[&folder], &["--reviewer", "A. Example"]);
    let id = s.id("us_rgb.dcm");
    let before = s.detail(&id);
    let drawn =
        json!([{"op": "add", "rect": {"x": 100, "y": 200, "w": 30, "h": 20}, "frames": [0, 0]}]);
    let after = s.edit(&id, &drawn);
    assert_eq!(
        items(&after, "mask").len(),
        items(&before, "mask").len() + 1
    );
    // A second tab that saw the old version.
    let late = s.post(
        &format!("/api/files/{id}/edit"),
        &json!({"version": before["version"], "edits": drawn}),
    );
    assert_eq!((late.status, late.code().as_str()), (409, "conflict"));
    assert_eq!(late.json()["version"], after["version"]);
    // A header rule's mask needs a reason to be kept.
    let header = items(&after, "mask");
    let header = header.iter().find(|i| i["header_rule"] == true).unwrap();
    let keep = |why: Value| {
        let edits = json!([{"op": "set", "item": header["id"], "action": "keep", "why": why}]);
        let version = s.detail(&id)["version"].clone();
        s.post(
            &format!("/api/files/{id}/edit"),
            &json!({"version": version, "edits": edits}),
        )
    };
    for nothing in [Value::Null, json!(""), json!("  ")] {
        let a = keep(nothing);
        assert_eq!((a.status, a.code().as_str()), (400, "reason-required"));
    }
    let kept = keep(json!("it is the name of the device"));
    assert_eq!(kept.status, 200);
    let kept = kept.json();
    let item = items(&kept, "keep")
        .into_iter()
        .find(|i| i["id"] == header["id"])
        .unwrap()
        .clone();
    assert_eq!(
        (&item["origin"], &item["by"]),
        (&json!("person"), &json!("A. Example"))
    );
    // Back and forth.
    let step = |what: &str| {
        let version = s.detail(&id)["version"].clone();
        s.post(
            &format!("/api/files/{id}/{what}"),
            &json!({"version": version}),
        )
    };
    assert_eq!(step("undo").json()["items"], after["items"]);
    assert_eq!(step("undo").json()["items"], before["items"]);
    assert_eq!(step("undo").code(), "nothing-to-undo");
    assert_eq!(step("redo").json()["items"], after["items"]);
    assert_eq!(step("redo").json()["items"], kept["items"]);
    assert_eq!(step("redo").code(), "nothing-to-undo");
    // Edits that make no sense change nothing.
    let version = s.detail(&id)["version"].clone();
    for wrong in [
        json!([]),
        json!([{"op": "add", "rect": {"x": 9999, "y": 0, "w": 5, "h": 5}, "frames": [0, 0]}]),
        json!([{"op": "add", "rect": {"x": 4294967295u32, "y": 0, "w": 4294967295u32, "h": 5}, "frames": [0, 0]}]),
        json!([{"op": "add", "rect": {"x": 0, "y": 0, "w": 5, "h": 5}, "frames": [0, 1]}]),
        json!([{"op": "add", "rect": {"x": 0, "y": 0, "w": 5, "h": 5}, "frames": [1, 0]}]),
        json!([{"op": "set", "item": "nobody", "action": "mask"}]),
        json!([{"op": "explode"}]),
        json!([{"op": "add", "rect": {"x": -1, "y": 0, "w": 5, "h": 5}, "frames": [0, 0]}]),
    ] {
        let a = s.post(
            &format!("/api/files/{id}/edit"),
            &json!({"version": version, "edits": wrong}),
        );
        assert_eq!(a.status, 400, "{wrong}");
    }
    assert_eq!(s.detail(&id)["version"], version);
    // A band, and everything outside the regions.
    let more = s.edit(
        &id,
        &json!([{"op": "band", "item": header["id"]}, {"op": "outside-regions"}]),
    );
    let masks = items(&more, "mask");
    let band = masks
        .iter()
        .find(|m| m["rect"]["w"] == 640 && m["origin"] == "person");
    assert!(band.is_some());
    let region = &more["regions"][0];
    let inside = |m: &Value| {
        let n = |v: &Value| v.as_u64().unwrap();
        let (a, b) = (&m["rect"], region);
        n(&a["x"]) < n(&b["x"]) + n(&b["w"])
            && n(&b["x"]) < n(&a["x"]) + n(&a["w"])
            && n(&a["y"]) < n(&b["y"]) + n(&b["h"])
            && n(&b["y"]) < n(&a["y"]) + n(&a["h"])
    };
    let new: Vec<_> = masks.iter().filter(|m| m["origin"] == "person").collect();
    assert!(new.iter().filter(|m| !inside(m)).count() >= 3, "{new:?}");
}

#[test]
fn a_server_that_is_killed_in_mid_edit_has_the_edits_again() {
    let place = Place::new();
    let folder = inputs(&place, &["ct_icon_twin.dcm"]);
    let add = |x: u32| json!([{"op": "add", "rect": {"x": x, "y": 20, "w": 30, "h": 20}, "frames": [0, 0]}]);
    let s = Server::start(&place, &[&folder], &["--reviewer", "A. Example"]);
    let id = s.id("ct_icon_twin.dcm");
    s.edit(&id, &add(10));
    let last = s.edit(&id, &add(60));
    s.end(); // SIGKILL
    // Half a record, as a kill in the middle of writing leaves it.
    let log = place.path("state/edits.jsonl");
    let mut text = std::fs::read(&log).unwrap();
    text.extend(b"{\"seq\":99,\"at_ms\":1,\"fi");
    std::fs::write(&log, text).unwrap();
    let s = Server::start(&place, &[&folder], &[]);
    assert_eq!(s.id("ct_icon_twin.dcm"), id, "ids are the same");
    let again = s.detail(&id);
    assert_eq!(again["items"], last["items"]);
    assert_eq!(again["version"], last["version"]);
    assert!(again["can_undo"] == true && again["row"]["state"] == "open");
    assert_eq!(again["history"].as_array().unwrap().len(), 2);
    assert_eq!(again["history"][0]["who"], "A. Example");
    // A second server on the same state is refused, in words.
    let second = place.run(&[
        std::ffi::OsStr::new("review"),
        folder.as_os_str(),
        "--no-open".as_ref(),
        "--state".as_ref(),
        "state".as_ref(),
        "--device".as_ref(),
        "cpu".as_ref(),
    ]);
    assert_eq!(second.code, 2, "{}", second.err);
    assert!(
        second.err.contains("another review uses this state folder"),
        "{}",
        second.err
    );
}

#[test]
fn what_is_approved_is_what_is_written() {
    let place = Place::new();
    let folder = inputs(&place, &["us_rgb.dcm", "ct_icon_twin.dcm"]);
    let s = Server::start(&place, &[&folder], &["--output", "out"]);
    let id = s.id("us_rgb.dcm");
    let refused = s.decide(&id, "approve");
    assert_eq!(
        (refused.status, refused.code().as_str()),
        (400, "reviewer-required")
    );
    assert_eq!(
        s.post("/api/reviewer", &json!({"name": "  B.  Example "}))
            .json()["name"],
        "B. Example"
    );
    let rect = json!({"x": 300, "y": 220, "w": 40, "h": 24});
    let detail = s.edit(&id, &json!([{"op": "add", "rect": rect, "frames": [0, 0]}]));
    let answer = s.decide(&id, "approve");
    assert_eq!(answer.status, 200, "{:?}", answer.json());
    let result = answer.json();
    assert_eq!(result["result"]["outcome"], "masked", "{result}");
    assert_eq!(result["result"]["verified"], true);
    assert_eq!(result["row"]["state"], "approved");
    assert_eq!(result["row"]["approvals"], json!(["B. Example"]));
    // The written file, read by the library: every mask holds one value, what is kept is as it was.
    let limits = unburn::config::Limits::default();
    let written = unburn::dicom::read(&place.path("out/us_rgb.dcm"), &limits).unwrap();
    let original = unburn::dicom::read(&folder.join("us_rgb.dcm"), &limits).unwrap();
    let (before, after) = (original.frame(0).unwrap(), written.frame(0).unwrap());
    let masks: Vec<[u32; 4]> = items(&detail, "mask")
        .iter()
        .map(|m| ["x", "y", "w", "h"].map(|k| m["rect"][k].as_u64().unwrap() as u32))
        .collect();
    assert!(masks.contains(&[300, 220, 40, 24]));
    for y in 0..before.format.rows {
        for x in 0..before.format.cols {
            let masked = masks
                .iter()
                .any(|[mx, my, w, h]| x >= *mx && y >= *my && x < mx + w && y < my + h);
            for c in 0..3 {
                let expected = if masked { 0 } else { before.value(x, y, c) };
                assert_eq!(after.value(x, y, c), expected, "{x},{y}");
            }
        }
    }
    // Approved is approved; opened again the output is withdrawn.
    assert_eq!(s.decide(&id, "approve").code(), "decided");
    assert_eq!(s.decide(&id, "reject").code(), "decided");
    assert_eq!(s.decide(&id, "reopen").status, 200);
    assert!(!place.path("out/us_rgb.dcm").exists());
    assert_eq!(s.decide(&id, "reject").json()["row"]["state"], "rejected");
    assert!(!place.path("out/us_rgb.dcm").exists());
    // An output of another origin is not replaced, and the failure is told.
    let other = s.id("ct_icon_twin.dcm");
    std::fs::write(place.path("out/ct_icon_twin.dcm"), "somebody else's").unwrap();
    let taken = s.decide(&other, "approve").json();
    assert_eq!(taken["result"]["reason"], "output-exists", "{taken}");
    assert_eq!(taken["row"]["state"], "open");
    assert_eq!(
        std::fs::read(place.path("out/ct_icon_twin.dcm")).unwrap(),
        b"somebody else's"
    );
}

#[test]
fn a_persons_keep_is_honoured_and_a_moved_rule_is_not_believed() {
    let place = Place::new();
    let folder = inputs(&place, &["sc_turned.dcm", "us_rgb.dcm"]);
    let s = Server::start(
        &place,
        &[&folder],
        &["--output", "out", "--reviewer", "A. Example"],
    );
    let id = s.id("us_rgb.dcm");
    // What no header rule wants masked may stay.
    let detail = s.detail(&id);
    let masked = items(&detail, "mask");
    let unknown = masked.iter().find(|i| i["header_rule"] == false).unwrap();
    s.edit(&id, &json!([{"op": "set", "item": unknown["id"], "action": "keep", "why": "a key of the device"}]));
    let kept = s.decide(&id, "approve").json();
    assert_eq!(kept["result"]["outcome"], "masked", "{kept}");
    let limits = unburn::config::Limits::default();
    let written = unburn::dicom::read(&place.path("out/us_rgb.dcm"), &limits).unwrap();
    assert_eq!(written.facts().burned_in_annotation, Some(false));
    // Moving a mask away from what it covers is no keep: the self-check finds what it left.
    s.decide(&id, "reopen");
    let detail = s.detail(&id);
    let header = items(&detail, "mask");
    let header = header.iter().find(|i| i["header_rule"] == true).unwrap();
    let away = json!([{"op": "change", "item": header["id"], "rect": {"x": 250, "y": 200, "w": 60, "h": 20}, "why": "a test"}]);
    s.edit(&id, &away);
    let left = s.decide(&id, "approve").json();
    assert_eq!(left["result"]["reason"], "residual-text", "{left}");
    assert_eq!(left["row"]["outcome"], "quarantined");
    assert!(!place.path("out/us_rgb.dcm").exists());
    // What a header rule wanted masked and a person keeps: written, but nothing is claimed about burned-in text.
    let version = s.detail(&id)["version"].clone();
    s.post(
        &format!("/api/files/{id}/undo"),
        &json!({"version": version}),
    );
    s.edit(
        &id,
        &json!([{"op": "set", "item": header["id"], "action": "keep", "why": "a false match"}]),
    );
    let claimed = s.decide(&id, "approve").json();
    if claimed["result"]["verified"] == true {
        let written = unburn::dicom::read(&place.path("out/us_rgb.dcm"), &limits).unwrap();
        assert_ne!(written.facts().burned_in_annotation, Some(false));
    } else {
        assert!(
            ["kept-unknown-text", "identity-left"]
                .contains(&claimed["result"]["reason"].as_str().unwrap()),
            "{claimed}"
        );
    }
}

#[test]
fn a_second_different_person_has_to_approve_the_same_thing() {
    let place = Place::new();
    let folder = inputs(&place, &["ct_icon_twin.dcm"]);
    let s = Server::start(
        &place,
        &[&folder],
        &[
            "--output",
            "out",
            "--two-person",
            "--reviewer",
            "A. Example",
        ],
    );
    let id = s.id("ct_icon_twin.dcm");
    let first = s.decide(&id, "approve").json();
    assert_eq!(first["result"]["waiting_for_second"], true);
    assert!(!place.path("out/ct_icon_twin.dcm").exists());
    s.post("/api/reviewer", &json!({"name": "a. example"}));
    assert_eq!(s.decide(&id, "approve").code(), "second-person");
    s.post("/api/reviewer", &json!({"name": "B. Example"}));
    // Another result needs two approvals of its own.
    s.edit(
        &id,
        &json!([{"op": "add", "rect": {"x": 10, "y": 10, "w": 30, "h": 20}, "frames": [0, 0]}]),
    );
    assert_eq!(
        s.decide(&id, "approve").json()["result"]["waiting_for_second"],
        true
    );
    s.post("/api/reviewer", &json!({"name": "A. Example"}));
    let second = s.decide(&id, "approve").json();
    assert_eq!(second["result"]["verified"], true, "{second}");
    assert!(place.path("out/ct_icon_twin.dcm").exists());
}

#[test]
fn nothing_that_identifies_is_on_disk_and_names_are_data() {
    let place = Place::new();
    let hostile = "<img src=x onerror=alert(1)> \u{202e}\"'&.dcm";
    let folder = inputs(&place, &["us_rgb.dcm"]);
    std::fs::copy(samples().join("ct_icon_twin.dcm"), folder.join(hostile)).unwrap();
    let s = Server::start(&place, &[&folder], &["--reviewer", "A. Example"]);
    let id = s.id(hostile);
    assert!(id.len() == 16 && id.chars().all(|c| c.is_ascii_hexdigit()));
    let list = s.get("/api/files");
    assert_eq!(list.header("content-type"), Some("application/json"));
    let us = s.id("us_rgb.dcm");
    let detail = s.detail(&us);
    assert!(
        detail["items"]
            .as_array()
            .unwrap()
            .iter()
            .all(|i| i["text"].is_null())
    );
    // Texts that were read are told one by one, and stay off the disk.
    let mut texts = Vec::new();
    for item in items(&detail, "mask") {
        let path = format!(
            "/api/files/{us}/items/{}/text",
            item["id"].as_str().unwrap()
        );
        texts.extend(s.get(&path).json()["text"].as_str().map(str::to_owned));
    }
    assert!(texts.len() > 3);
    for picture in [
        "thumb.png?masked=1",
        "projection.png",
        "frame/0.png",
        "frame/0.png?side=original&stretch=1",
    ] {
        let a = s.get(&format!("/api/files/{us}/{picture}"));
        assert_eq!(
            (a.status, a.header("content-type")),
            (200, Some("image/png")),
            "{picture}"
        );
        assert_eq!(&a.body[1..4], b"PNG");
    }
    for none in [
        "frame/1.png",
        "frame/-1.png",
        "frame/x.png",
        "frame/0",
        "frame/0.png?view=nowhere",
    ] {
        assert_eq!(
            s.get(&format!("/api/files/{us}/{none}")).status,
            404,
            "{none}"
        );
    }
    let first = items(&detail, "mask")[0]["id"].clone();
    s.edit(
        &us,
        &json!([{"op": "set", "item": first, "action": "keep", "why": "a test"}]),
    );
    s.decide(&us, "flag");
    assert_eq!(s.get("/api/session").json()["counts"]["flagged"], 1);
    let secrets: Vec<String> = texts
        .iter()
        .filter(|t| t.chars().count() >= 6)
        .cloned()
        .chain(["us_rgb".into(), "onerror".into(), "Sonavault".into()])
        .collect();
    let mut files = 0;
    for entry in std::fs::read_dir(place.path("state")).unwrap() {
        let path = entry.unwrap().path();
        let bytes = std::fs::read(&path).unwrap();
        let text = String::from_utf8_lossy(&bytes);
        assert!(
            !bytes.windows(4).any(|w| w == b"\x89PNG"),
            "pixels in the state folder"
        );
        for secret in &secrets {
            assert!(
                !text.contains(secret.as_str()),
                "something that was read or named is in the state folder"
            );
        }
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = |p: &Path| std::fs::metadata(p).unwrap().permissions().mode() & 0o777;
            assert_eq!(mode(&path), 0o600);
            assert_eq!(mode(&place.path("state")), 0o700);
        }
        files += 1;
    }
    assert!(files >= 3);
}

#[test]
fn a_box_on_jpeg_grows_to_blocks_once_not_at_every_touch() {
    let place = Place::new();
    let folder = inputs(&place, &["us_jpeg_twin.dcm"]);
    let s = Server::start(&place, &[&folder], &["--reviewer", "A. Example"]);
    let id = s.id("us_jpeg_twin.dcm");
    let drawn = json!({"x": 101, "y": 201, "w": 30, "h": 21});
    let add = json!([{"op": "add", "rect": drawn, "frames": [0, 0]}]);
    let own = |detail: &Value| {
        let mut mine = items(detail, "mask").into_iter();
        mine.find(|i| i["origin"] == "person").unwrap().clone()
    };
    let first = own(&s.edit(&id, &add));
    assert_eq!(first["before"], drawn);
    assert_ne!(first["rect"], drawn, "it holds whole blocks");
    let again = json!([{"op": "change", "item": first["id"], "rect": first["before"]}]);
    let second = own(&s.edit(&id, &again));
    assert_eq!(
        (&second["rect"], &second["before"]),
        (&first["rect"], &drawn)
    );
}
