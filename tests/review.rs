//! The review server over HTTP, spoken by hand: every guard, every route, edits that survive a kill, approvals that write.

mod common;

use common::{Place, samples};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

/// Longer than a plan takes on a slow machine.
const PATIENCE: Duration = Duration::from_secs(300);

/// An answer.
struct Answer {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Answer {
    fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(n, _)| n == name);
        found.map(|(_, v)| v.as_str())
    }

    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }

    fn code(&self) -> String {
        self.json()["code"].as_str().unwrap_or_default().to_owned()
    }
}

/// Says one request, headers as they are given, on a connection of its own.
fn say(port: u16, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut text = format!("{method} {path} HTTP/1.1\r\nConnection: close\r\n");
    for (name, value) in headers {
        text += &format!("{name}: {value}\r\n");
    }
    if !body.is_empty() && !headers.iter().any(|(n, _)| *n == "Content-Length") {
        text += &format!("Content-Length: {}\r\n", body.len());
    }
    text += "\r\n";
    text += body;
    // A server that answers before it has read all may close early: what it said counts.
    let _ = stream.write_all(text.as_bytes());
    let mut bytes = Vec::new();
    let _ = stream.read_to_end(&mut bytes);
    let split = bytes
        .windows(4)
        .position(|w| w == b"\r\n\r\n")
        .unwrap_or(bytes.len());
    let head = String::from_utf8_lossy(&bytes[..split]).into_owned();
    let mut lines = head.lines();
    let status = lines
        .next()
        .and_then(|l| l.split(' ').nth(1))
        .and_then(|s| s.parse().ok());
    Answer {
        status: status.unwrap_or(0),
        headers: lines
            .filter_map(|l| l.split_once(": "))
            .map(|(n, v)| (n.to_lowercase(), v.to_owned()))
            .collect(),
        body: bytes.get(split + 4..).unwrap_or_default().to_vec(),
    }
}

/// A running server.
struct Server {
    child: Child,
    port: u16,
    url: String,
    cookie: String,
}

impl Server {
    /// Starts one on these inputs and takes its cookie.
    fn start(place: &Place, inputs: &[&Path], more: &[&str]) -> Server {
        let mut server = Server::listening(place, inputs, more);
        let path = server.url[server.url.find("/?").unwrap()..].to_owned();
        let host = format!("127.0.0.1:{}", server.port);
        let welcome = say(server.port, "GET", &path, &[("Host", &host)], "");
        assert_eq!(welcome.status, 303);
        let cookie = welcome.header("set-cookie").unwrap().to_owned();
        assert!(
            cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"),
            "{cookie}"
        );
        server.cookie = cookie.split(';').next().unwrap().to_owned();
        server
    }

    fn listening(place: &Place, inputs: &[&Path], more: &[&str]) -> Server {
        let mut args: Vec<std::ffi::OsString> = vec!["review".into()];
        args.extend(inputs.iter().map(|i| i.as_os_str().to_owned()));
        let fixed = [
            "--no-open",
            "--device",
            "cpu",
            "--state",
            "state",
            "--names",
            "mirror",
        ];
        args.extend(fixed.iter().chain(more).map(Into::into));
        let mut child = place
            .command(&args)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut url = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut url)
            .unwrap();
        let port = url
            .strip_prefix("http://127.0.0.1:")
            .and_then(|u| u.split('/').next())
            .and_then(|p| p.parse().ok());
        Server {
            child,
            port: port.unwrap_or_else(|| panic!("no address: {url:?}")),
            url: url.trim().to_owned(),
            cookie: String::new(),
        }
    }

    fn host(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    fn get(&self, path: &str) -> Answer {
        let host = self.host();
        say(
            self.port,
            "GET",
            path,
            &[("Host", &host), ("Cookie", &self.cookie)],
            "",
        )
    }

    fn post(&self, path: &str, body: &Value) -> Answer {
        let host = self.host();
        let headers = [
            ("Host", host.as_str()),
            ("Cookie", self.cookie.as_str()),
            ("X-Unburn", "1"),
            ("Content-Type", "application/json"),
        ];
        say(self.port, "POST", path, &headers, &body.to_string())
    }

    /// The list, once every file has a plan.
    fn planned(&self) -> Vec<Value> {
        let start = Instant::now();
        loop {
            let rows = self.get("/api/files").json()["files"]
                .as_array()
                .unwrap()
                .clone();
            if rows.iter().all(|r| r["planned"] == true) {
                return rows;
            }
            assert!(start.elapsed() < PATIENCE, "the plans take too long");
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    fn id(&self, name: &str) -> String {
        let rows = self.planned();
        let row = rows.iter().find(|r| r["name"] == name);
        let row = row.unwrap_or_else(|| panic!("no {name} in {rows:?}"));
        row["id"].as_str().unwrap().to_owned()
    }

    fn detail(&self, id: &str) -> Value {
        let answer = self.get(&format!("/api/files/{id}"));
        assert_eq!(answer.status, 200, "{:?}", answer.json());
        answer.json()
    }

    fn edit(&self, id: &str, edits: &Value) -> Value {
        let version = &self.detail(id)["version"];
        let body = json!({"version": version, "edits": edits});
        let answer = self.post(&format!("/api/files/{id}/edit"), &body);
        assert_eq!(answer.status, 200, "{:?}", answer.json());
        answer.json()
    }

    fn decide(&self, id: &str, decision: &str) -> Answer {
        let version = &self.detail(id)["version"];
        let body = json!({"version": version, "decision": decision, "confirmed_unopened": true});
        self.post(&format!("/api/files/{id}/decide"), &body)
    }

    fn end(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A folder with one small sample under this name.
fn inputs(place: &Place, names: &[&str]) -> PathBuf {
    let folder = place.path("in");
    std::fs::create_dir_all(&folder).unwrap();
    for name in names {
        std::fs::copy(samples().join(name), folder.join(name)).unwrap();
    }
    folder
}

fn items<'a>(detail: &'a Value, action: &str) -> Vec<&'a Value> {
    let all = detail["items"].as_array().unwrap().iter();
    all.filter(|i| i["action"] == action).collect()
}

#[test]
fn every_guard_stops_what_it_is_for() {
    let place = Place::new();
    let folder = inputs(&place, &["ct_overlay_twin.dcm"]);
    let s = Server::start(&place, &[&folder], &[]);
    let (host, cookie) = (s.host(), s.cookie.clone());
    let (port, good) = (
        s.port,
        [("Host", host.as_str()), ("Cookie", cookie.as_str())],
    );
    let with = |more: &[(&'static str, &str)]| -> Vec<(&'static str, String)> {
        let all = good.iter().chain(more);
        all.map(|(n, v)| (*n, (*v).to_owned())).collect()
    };
    let ask = |method: &str, path: &str, headers: &[(&'static str, String)], body: &str| {
        let headers: Vec<(&str, &str)> = headers.iter().map(|(n, v)| (*n, v.as_str())).collect();
        say(port, method, path, &headers, body)
    };
    assert_eq!(s.get("/api/session").status, 200);
    // The token is worth one cookie.
    let again = s.url[s.url.find("/?").unwrap()..].to_owned();
    assert_eq!(say(port, "GET", &again, &[("Host", &host)], "").status, 403);
    assert_eq!(
        say(port, "GET", "/?t=0", &[("Host", &host)], "").status,
        403
    );
    // The host: another name, another port, none, two.
    for wrong in [
        "evil.example",
        "127.0.0.1:1",
        "127.0.0.1",
        "[::1]",
        "127.0.0.1.evil.example",
    ] {
        let a = say(
            port,
            "GET",
            "/api/session",
            &[("Host", wrong), ("Cookie", &cookie)],
            "",
        );
        assert_eq!((a.status, a.code().as_str()), (403, "host"), "{wrong}");
    }
    let two = ask(
        "GET",
        "/api/session",
        &with(&[("Host", "evil.example")]),
        "",
    );
    assert!(two.status == 400 || two.status == 403, "{}", two.status);
    let named = format!("localhost:{port}");
    assert_eq!(
        say(
            port,
            "GET",
            "/",
            &[("Host", &named), ("Cookie", &cookie)],
            ""
        )
        .status,
        200
    );
    // The cookie: none, another, one digit off; others beside it do no harm.
    for wrong in [
        "",
        "unburn-1=0",
        &format!("{}0", &cookie[..cookie.len() - 1]),
    ] {
        let a = say(
            port,
            "GET",
            "/api/files",
            &[("Host", &host), ("Cookie", wrong)],
            "",
        );
        let right = wrong == cookie;
        assert!(
            right || (a.status, a.code().as_str()) == (403, "session"),
            "{wrong}"
        );
    }
    let beside = format!("a=b; {cookie}; c=d");
    assert_eq!(
        say(
            port,
            "GET",
            "/api/files",
            &[("Host", &host), ("Cookie", &beside)],
            ""
        )
        .status,
        200
    );
    // The origin.
    for wrong in [
        "http://evil.example",
        "null",
        "https://127.0.0.1",
        "http://127.0.0.1:1",
    ] {
        let a = ask("GET", "/api/session", &with(&[("Origin", wrong)]), "");
        assert_eq!((a.status, a.code().as_str()), (403, "origin"), "{wrong}");
    }
    for wrong in ["cross-site", "same-site"] {
        let a = ask(
            "GET",
            "/api/session",
            &with(&[("Sec-Fetch-Site", wrong)]),
            "",
        );
        assert_eq!(a.status, 403, "{wrong}");
    }
    let origin = format!("http://{host}");
    assert_eq!(
        ask("GET", "/api/session", &with(&[("Origin", &origin)]), "").status,
        200
    );
    // Writes: the header, the kind of body, its size.
    let json = ("Content-Type", "application/json");
    let a = ask("POST", "/api/reviewer", &with(&[json]), r#"{"name":"A"}"#);
    assert_eq!((a.status, a.code().as_str()), (403, "header"));
    let form = ("Content-Type", "application/x-www-form-urlencoded");
    let a = ask(
        "POST",
        "/api/reviewer",
        &with(&[form, ("X-Unburn", "1")]),
        r#"{"name":"A"}"#,
    );
    assert_eq!((a.status, a.code().as_str()), (403, "content-type"));
    let large = format!(r#"{{"name":"{}"}}"#, "A".repeat(2 << 20));
    let a = ask(
        "POST",
        "/api/reviewer",
        &with(&[json, ("X-Unburn", "1")]),
        &large,
    );
    assert_eq!(a.status, 413);
    let a = ask(
        "POST",
        "/api/reviewer",
        &with(&[json, ("X-Unburn", "1")]),
        r#"{"name":"A"}"#,
    );
    assert_eq!(a.status, 200);
    // Methods.
    for method in ["PUT", "DELETE", "OPTIONS", "HEAD", "TRACE"] {
        assert_eq!(
            ask(method, "/api/session", &with(&[]), "").status,
            405,
            "{method}"
        );
    }
    // What is no route, and what is no id.
    for path in [
        "/api/files/0000000000000000",
        "/api/files/..%2f..%2fetc%2fpasswd",
        "/../etc/passwd",
        "/state",
    ] {
        assert_eq!(s.get(path).status, 404, "{path}");
    }
}

#[test]
fn every_route_stands_behind_the_guards_and_says_so_in_its_headers() {
    let place = Place::new();
    let folder = inputs(&place, &["ct_overlay_twin.dcm"]);
    let s = Server::start(&place, &[&folder], &["--reviewer", "A. Example"]);
    let id = s.id("ct_overlay_twin.dcm");
    let host = s.host();
    let routes = unburn::review::routes::routes();
    assert!(routes.len() >= 20, "{}", routes.len());
    for (method, path) in routes {
        let path = path
            .replace("{id}", &id)
            .replace("{name}", "0.png")
            .replace("{view}", "window-1")
            .replace("{item}", "0000000000000000");
        let headers = [
            ("Host", host.as_str()),
            ("X-Unburn", "1"),
            ("Content-Type", "application/json"),
        ];
        let body = if method == "POST" { "{}" } else { "" };
        let a = say(s.port, method, &path, &headers, body);
        assert_eq!(
            (a.status, a.code().as_str()),
            (403, "session"),
            "{method} {path} without a cookie"
        );
        let cookie = [("Host", "evil.example"), ("Cookie", s.cookie.as_str())];
        let a = say(s.port, method, &path, &cookie, body);
        assert_eq!(
            (a.status, a.code().as_str()),
            (403, "host"),
            "{method} {path} under another name"
        );
        if method == "POST" {
            let cookie = [("Host", host.as_str()), ("Cookie", s.cookie.as_str())];
            let a = say(s.port, method, &path, &cookie, body);
            assert_eq!(
                (a.status, a.code().as_str()),
                (403, "header"),
                "{path} without the header"
            );
        }
        let a = match method {
            "POST" => s.post(&path, &json!({})),
            _ => s.get(&path),
        };
        // An empty body and an unknown item are told; nothing is refused by a guard, and nothing breaks.
        assert!(
            ![0, 403, 405, 500].contains(&a.status),
            "{method} {path}: {}",
            a.status
        );
        assert_eq!(a.header("cache-control"), Some("no-store"), "{path}");
        assert_eq!(
            a.header("x-content-type-options"),
            Some("nosniff"),
            "{path}"
        );
        assert_eq!(a.header("referrer-policy"), Some("no-referrer"), "{path}");
        let policy = a.header("content-security-policy").unwrap_or_default();
        assert!(
            policy.starts_with("default-src 'none'; script-src 'self';"),
            "{path}: {policy}"
        );
        assert!(!policy.contains("unsafe"), "{path}");
    }
}

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
    let unknown = items(&detail, "mask");
    let unknown = unknown
        .iter()
        .find(|i| i["reason"] == "unknown-text")
        .unwrap();
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
    let one = s
        .post("/api/group/approve", &json!({"files": versions}))
        .json();
    assert_eq!(one["approved"], json!([first]), "{one}");
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

#[cfg(unix)]
#[test]
fn the_server_ends_when_it_is_told_to() {
    let place = Place::new();
    let folder = inputs(&place, &["ct_icon_twin.dcm"]);
    let mut s = Server::start(&place, &[&folder], &[]);
    s.planned();
    let told = std::process::Command::new("kill")
        .arg(s.child.id().to_string())
        .status()
        .unwrap();
    assert!(told.success());
    let start = Instant::now();
    loop {
        if let Some(status) = s.child.try_wait().unwrap() {
            assert_eq!(status.code(), Some(3), "a file is not decided");
            return;
        }
        assert!(
            start.elapsed() < Duration::from_secs(60),
            "the server does not end"
        );
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn what_a_job_holds_back_is_approved_and_let_out_by_the_job() {
    let place = Place::new();
    let folder = inputs(&place, &["us_rgb.dcm", "us_rgb_twin.dcm"]);
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
    let start = || {
        let mut child = place
            .command(&[
                "review",
                "job",
                "--no-open",
                "--device",
                "cpu",
                "--reviewer",
                "A. Example",
            ])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut url = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut url)
            .unwrap();
        let port = url
            .trim_start_matches("http://127.0.0.1:")
            .split('/')
            .next()
            .unwrap()
            .parse();
        let port = port.unwrap();
        let host = format!("127.0.0.1:{port}");
        let path = url[url.find("/?").unwrap()..].trim().to_owned();
        let welcome = say(port, "GET", &path, &[("Host", &host)], "");
        let cookie = welcome
            .header("set-cookie")
            .unwrap()
            .split(';')
            .next()
            .unwrap()
            .to_owned();
        Server {
            child,
            port,
            url,
            cookie,
        }
    };
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
    let _ = folder;
}

#[test]
fn a_preview_page_holds_the_original_only_where_asked() {
    let place = Place::new();
    let folder = inputs(&place, &["us_rgb.dcm"]);
    let file = folder.join("us_rgb.dcm");
    let page = |out: &str, more: &[&str]| {
        let mut args: Vec<&std::ffi::OsStr> = vec!["preview".as_ref(), file.as_os_str()];
        for arg in ["-o", out, "--html", "--device", "cpu"] {
            args.push(arg.as_ref());
        }
        args.extend(more.iter().map(std::ffi::OsStr::new));
        let ran = place.run(&args);
        assert_eq!(ran.code, 0, "{}", ran.err);
        std::fs::read_to_string(place.path(out)).unwrap()
    };
    let (without, with) = (page("a.html", &[]), page("b.html", &["--include-original"]));
    assert_eq!(without.matches("data:image/png").count(), 1);
    assert_eq!(with.matches("data:image/png").count(), 2);
    assert!(without.contains("header:PatientName") && with.contains("id=\"split\""));
    assert!(!with.contains("http") || with.contains("http-equiv"));
    assert_eq!(
        place
            .run(&[
                "preview",
                "in/us_rgb.dcm",
                "-o",
                "c.png",
                "--include-original"
            ])
            .code,
        2
    );
}
