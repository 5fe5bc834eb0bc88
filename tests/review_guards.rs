//! Who gets an answer from the review server: every guard, every route behind them, and when the server ends.

mod common;

use common::Place;
use common::http::{PATIENCE, Server, inputs, say};
use serde_json::json;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};
use unburn::review;

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
    assert_eq!((a.status, a.code().as_str()), (413, "too-large"));
    // The same without saying how long it is.
    let chunk = format!("{:x}\r\n{large}\r\n0\r\n\r\n", large.len());
    let chunked = ("Transfer-Encoding", "chunked");
    let headers = with(&[json, ("X-Unburn", "1"), chunked]);
    assert_eq!(ask("POST", "/api/reviewer", &headers, &chunk).status, 413);
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

/// What is answered beside the files of the page.
const ROUTES: [(&str, &str); 17] = [
    ("GET", "/api/session"),
    ("POST", "/api/reviewer"),
    ("GET", "/api/files"),
    ("GET", "/api/files/{id}"),
    ("GET", "/api/files/{id}/thumb.png"),
    ("GET", "/api/files/{id}/frame/{name}"),
    ("GET", "/api/files/{id}/projection.png"),
    ("GET", "/api/files/{id}/items/{item}/text"),
    ("POST", "/api/files/{id}/shown"),
    ("POST", "/api/files/{id}/view/{view}"),
    ("POST", "/api/files/{id}/edit"),
    ("POST", "/api/files/{id}/undo"),
    ("POST", "/api/files/{id}/redo"),
    ("POST", "/api/files/{id}/decide"),
    ("POST", "/api/files/{id}/template"),
    ("POST", "/api/group/edit"),
    ("POST", "/api/group/approve"),
];

#[test]
fn every_route_stands_behind_the_guards_and_says_so_in_its_headers() {
    let place = Place::new();
    let folder = inputs(&place, &["ct_overlay_twin.dcm"]);
    let s = Server::start(&place, &[&folder], &["--reviewer", "A. Example"]);
    let id = s.id("ct_overlay_twin.dcm");
    let host = s.host();
    let routes = unburn::review::routes::routes();
    let walked: BTreeSet<(&str, &str)> = routes.iter().copied().collect();
    assert_eq!(walked.len(), routes.len(), "a route is there twice");
    let pages = |(_, path): &(&str, &str)| !path.starts_with("/api/");
    let (assets, answers): (BTreeSet<_>, BTreeSet<_>) = walked.into_iter().partition(pages);
    // A route that is new in the table needs a line here, and a test of its own beside it.
    assert_eq!(answers, BTreeSet::from(ROUTES));
    assert!(assets.len() >= 5 && assets.iter().all(|(method, _)| *method == "GET"));
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
        for (name, value) in [
            ("Origin", "http://evil.example"),
            ("Sec-Fetch-Site", "cross-site"),
        ] {
            let good = [("Host", host.as_str()), ("Cookie", s.cookie.as_str())];
            let a = say(
                s.port,
                method,
                &path,
                &[good[0], good[1], (name, value)],
                body,
            );
            assert_eq!(
                (a.status, a.code().as_str()),
                (403, "origin"),
                "{method} {path} asked by another site"
            );
        }
        let other = if method == "POST" { "GET" } else { "POST" };
        let a = match other {
            "POST" => s.post(&path, &json!({})),
            _ => s.get(&path),
        };
        assert_eq!(
            (a.status, a.code().as_str()),
            (405, "method"),
            "{other} {path}"
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
fn the_server_ends_when_nobody_who_may_asks_for_anything() {
    let place = Place::new();
    let key = unburn::key::Key::from_content(&[7; 32]).unwrap();
    let config = unburn::config::Config {
        device: "cpu".into(),
        ..Default::default()
    };
    let engine = unburn::redact::Engine::open(&config, Some(key.clone())).unwrap();
    let folder = place.path("state");
    let state = Box::new(review::StateFolder::open(&folder).unwrap());
    let options = review::Options {
        folder,
        ..Default::default()
    };
    let session = review::Session::open(engine, options, Vec::new(), state, key).unwrap();
    let idle = Duration::from_secs(2);
    let server = review::Server::bind(review::Settings { port: 0, idle }).unwrap();
    let url = server.address();
    let (at, path) = url.trim_start_matches("http://").split_once('/').unwrap();
    let (at, path) = (at.to_owned(), format!("/{path}"));
    let port: u16 = at.split(':').nth(1).unwrap().parse().unwrap();
    let drain = Arc::new(AtomicBool::new(false));
    let running = std::thread::spawn(move || server.run(session, &drain).map(|_| ()));
    let welcome = say(port, "GET", &path, &[("Host", &at)], "");
    let cookie = welcome.header("set-cookie").unwrap().to_owned();
    let cookie = cookie.split(';').next().unwrap();
    // Who may ask keeps it going.
    let start = Instant::now();
    while start.elapsed() < 2 * idle {
        let a = say(
            port,
            "GET",
            "/api/session",
            &[("Host", &at), ("Cookie", cookie)],
            "",
        );
        assert_eq!(a.status, 200);
        std::thread::sleep(idle / 5);
    }
    // Who may not does not.
    let last = Instant::now();
    while !running.is_finished() {
        assert!(last.elapsed() < PATIENCE, "the server does not end");
        if let Ok(stream) = std::net::TcpStream::connect(("127.0.0.1", port)) {
            drop(stream);
            say(port, "GET", "/api/session", &[("Host", &at)], "");
        }
        std::thread::sleep(idle / 20);
    }
    assert!(last.elapsed() > idle / 2, "it ended while it was used");
    running.join().unwrap().unwrap();
}
