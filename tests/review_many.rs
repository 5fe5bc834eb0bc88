//! Many files under review, over HTTP: groups, templates, samples, jobs.

mod common;

use common::Place;
use common::http::{Server, inputs, items};
use serde_json::{Value, json};

#[test]
fn a_group_is_edited_and_approved_only_as_far_as_it_was_shown() {
    let place = Place::new();
    let folder = inputs(
        &place,
        &["ct_icon.dcm", "ct_icon_twin.dcm", "us_jpeg_twin.dcm"],
    );
    let s = Server::start(
        &place,
        &[&folder],
        &["--output", "out", "--reviewer", "A. Example"],
    );
    let rows = s.planned();
    let all: Vec<Value> = rows
        .iter()
        .map(|r| json!({"id": r["id"], "version": r["version"]}))
        .collect();
    let add =
        json!([{"op": "add", "rect": {"x": 10, "y": 10, "w": 30, "h": 20}, "frames": [0, 0]}]);
    let done = s
        .post("/api/group/edit", &json!({"files": all, "edits": add}))
        .json();
    assert_eq!(done["applied"].as_array().unwrap().len(), 2, "{done}");
    assert_eq!(done["refused"][0]["code"], "other-equipment");
    let equipment = rows[0]["equipment"].as_str().unwrap();
    let same = s.get(&format!("/api/files?equipment={equipment}")).json();
    let same = same["files"].as_array().unwrap();
    assert_eq!(same.len(), 2);
    assert_eq!(
        same[0]["masks"],
        json!([{"x": 10, "y": 10, "w": 30, "h": 20}])
    );
    let versions: Vec<Value> = same
        .iter()
        .map(|r| json!({"id": r["id"], "version": r["version"]}))
        .collect();
    let none = s
        .post("/api/group/approve", &json!({"files": versions}))
        .json();
    assert_eq!(none["approved"], json!([]));
    assert_eq!(none["refused"][0]["code"], "not-shown");
    let first = same[0]["id"].as_str().unwrap();
    assert_eq!(
        s.post(&format!("/api/files/{first}/shown"), &json!({}))
            .status,
        200
    );
    // Edited since: what was on the screen is not what would be written.
    let edited = s.edit(first, &add);
    let now = json!([{"id": first, "version": edited["version"]}]);
    let one = s.post("/api/group/approve", &json!({"files": now})).json();
    assert_eq!(one["refused"][0]["code"], "not-shown", "{one}");
    let shown = |version: &Value| {
        let path = format!("/api/files/{first}/shown");
        s.post(&path, &json!({"version": version}))
    };
    // A tab that showed the older version.
    assert_eq!(shown(&same[0]["version"]).code(), "conflict");
    assert_eq!(shown(&edited["version"]).status, 200);
    let both = json!([now[0], versions[1]]);
    let one = s.post("/api/group/approve", &json!({"files": both})).json();
    assert_eq!(one["approved"], json!([first]), "{one}");
    assert_eq!(one["refused"][0]["code"], "not-shown", "{one}");
}

#[test]
fn hidden_findings_ask_first_and_a_template_is_there_for_later_files() {
    let place = Place::new();
    let folder = inputs(&place, &["mr_faint.dcm", "mr_faint_twin.dcm"]);
    let s = Server::start(&place, &[&folder], &["--reviewer", "A. Example"]);
    let id = s.id("mr_faint.dcm");
    let detail = s.detail(&id);
    let unopened = detail["unopened"].as_array().unwrap().clone();
    assert!(!unopened.is_empty());
    let body = json!({"version": detail["version"], "decision": "approve"});
    let asked = s.post(&format!("/api/files/{id}/decide"), &body);
    assert_eq!(
        (asked.status, asked.code().as_str()),
        (400, "unopened-findings")
    );
    for view in &unopened {
        let view = view.as_str().unwrap();
        assert_eq!(
            s.get(&format!(
                "/api/files/{id}/frame/0.png?side=original&view={view}"
            ))
            .status,
            200
        );
        assert_eq!(
            s.post(&format!("/api/files/{id}/view/{view}"), &json!({}))
                .status,
            200
        );
    }
    assert_eq!(
        s.post(&format!("/api/files/{id}/view/nowhere"), &json!({}))
            .status,
        404
    );
    assert_eq!(s.detail(&id)["unopened"], json!([]));
    assert_eq!(
        s.post(&format!("/api/files/{id}/decide"), &body).status,
        200
    );
    // Remembered on the one, there on the other.
    let twin = s.id("mr_faint_twin.dcm");
    let version = s.detail(&twin)["version"].clone();
    let nothing = s.post(
        &format!("/api/files/{twin}/template"),
        &json!({"version": version}),
    );
    assert_eq!(nothing.code(), "nothing-to-remember");
    let edited = s.edit(
        &twin,
        &json!([{"op": "add", "rect": {"x": 8, "y": 8, "w": 100, "h": 16}, "frames": [0, 0]}]),
    );
    let stored = s.post(
        &format!("/api/files/{twin}/template"),
        &json!({"version": edited["version"], "name": "corner"}),
    );
    assert_eq!(stored.json()["name"], "corner");
    s.end();
    let s = Server::start(&place, &[&folder], &[]);
    let later = s.detail(&s.id("mr_faint.dcm"));
    assert_eq!(later["template"]["name"], "corner");
    let masks = items(&later, "mask");
    assert!(
        masks
            .iter()
            .any(|m| m["origin"] == "template" && m["rect"]["w"] == 100)
    );
}

#[test]
fn a_sample_is_the_same_every_time_and_says_what_it_shows() {
    let place = Place::new();
    let names = [
        "ct_icon.dcm",
        "ct_icon_twin.dcm",
        "ct_overlay_twin.dcm",
        "mr_faint_twin.dcm",
        "us_jpeg_twin.dcm",
    ];
    let folder = inputs(&place, &names);
    let drawn = || {
        let s = Server::start(
            &place,
            &[&folder],
            &["--sample", "3", "--reviewer", "A. Example"],
        );
        let rows = s.planned();
        let mut names: Vec<String> = rows.iter().map(|r| r["name"].to_string()).collect();
        names.sort();
        assert_eq!(s.get("/api/session").json()["sample"]["of"], 5);
        (s, names)
    };
    let (s, first) = drawn();
    assert_eq!(first.len(), 3);
    assert!(first.iter().any(|n| n.contains("mr_")) && first.iter().any(|n| n.contains("us_")));
    s.end();
    let (s, second) = drawn();
    assert_eq!(first, second);
    assert_eq!(
        s.get("/api/session").json()["sample"]["upper_bound"],
        Value::Null
    );
    for row in s.planned() {
        assert_eq!(s.decide(row["id"].as_str().unwrap(), "approve").status, 200);
    }
    // 1 − 0.05^(1/3)
    let bound = s.get("/api/session").json()["sample"]["upper_bound"]
        .as_f64()
        .unwrap();
    assert!((bound - 0.6316).abs() < 1e-3, "{bound}");
    let evidence = std::fs::read_to_string(place.path("state/evidence.json")).unwrap();
    let evidence: Value = serde_json::from_str(&evidence).unwrap();
    assert_eq!(
        (&evidence["drawn"], &evidence["of"], &evidence["missed"]),
        (&json!(3), &json!(5), &json!(0))
    );
}

#[test]
fn what_a_job_holds_back_is_approved_and_let_out_by_the_job() {
    let place = Place::new();
    inputs(&place, &["us_rgb.dcm", "us_rgb_twin.dcm"]);
    let began = place.run(&[
        "batch",
        "run",
        "job",
        "--input",
        "in",
        "--output",
        "out",
        "--names",
        "mirror",
        "--large-mask-percent",
        "1",
        "--device",
        "cpu",
        "--progress",
        "none",
    ]);
    assert_eq!(began.code, 3, "{}", began.err);
    assert!(!place.path("out/us_rgb.dcm").exists());
    let start = || Server::of_job(&place, "job", &[]);
    let s = start();
    let rows = s.planned();
    assert_eq!(rows.len(), 1, "{rows:?}");
    assert_eq!(
        (&rows[0]["outcome"], &rows[0]["reason"]),
        (&json!("needs-review"), &json!("large-mask"))
    );
    let id = rows[0]["id"].as_str().unwrap().to_owned();
    // No runner can work on it meanwhile.
    assert_eq!(
        place
            .run(&["batch", "resume", "job", "--progress", "none"])
            .code,
        2
    );
    let edited = s.edit(
        &id,
        &json!([{"op": "add", "rect": {"x": 300, "y": 220, "w": 40, "h": 24}, "frames": [0, 0]}]),
    );
    s.end();
    let s = start();
    assert_eq!(s.planned()[0]["id"].as_str(), Some(id.as_str()));
    assert_eq!(s.detail(&id)["items"], edited["items"]);
    let approved = s.decide(&id, "approve").json();
    assert_eq!(approved["result"]["outcome"], "masked", "{approved}");
    assert_eq!(approved["result"]["verified"], true);
    assert!(place.path("out/us_rgb.dcm").exists());
    assert_eq!(s.decide(&id, "reopen").code(), "settled");
    s.end();
    let check = place.run(&["batch", "status", "job", "--check"]);
    assert_eq!(check.code, 0, "{}{}", check.out, check.err);
    // A sample of what it let out, and what the job's statement says of it.
    let s = Server::of_job(&place, "job", &["--sample", "1"]);
    let row = &s.planned()[0];
    let done = s.decide(row["id"].as_str().unwrap(), "approve").json();
    assert_eq!(done["row"]["state"], "approved", "{done}");
    assert!(done["result"]["verified"] == false, "nothing is written");
    s.end();
    let said = place.run(&["report", "job", "--json"]);
    let said: Value = serde_json::from_str(&said.out).unwrap();
    let sample = &said["jobs"][0]["evidence"]["sample"];
    let told = ["drawn", "of", "decided", "missed"].map(|k| sample[k].as_u64());
    assert_eq!(told, [1, 2, 1, 0].map(Some), "{sample}");
    assert_eq!(sample["upper_bound"], 0.95);
    let page = std::fs::read_to_string(place.path("job/statement.html")).unwrap();
    assert!(page.contains("1 of 2 outputs drawn") && page.contains("no more than 95.00 %"));
}
