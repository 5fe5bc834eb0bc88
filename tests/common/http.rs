//! The review server over HTTP, spoken by hand: a client with no more between test and socket than a request needs.

use super::{Place, samples};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Longer than a plan takes on a slow machine.
pub const PATIENCE: Duration = Duration::from_secs(300);

/// An answer.
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(n, _)| n == name);
        found.map(|(_, v)| v.as_str())
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }

    pub fn code(&self) -> String {
        self.json()["code"].as_str().unwrap_or_default().to_owned()
    }
}

/// Says one request, headers as they are given, on a connection of its own.
pub fn say(port: u16, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
    // A server that is ending may be gone by now.
    let Ok(mut stream) = TcpStream::connect(("127.0.0.1", port)) else {
        return Answer {
            status: 0,
            headers: Vec::new(),
            body: Vec::new(),
        };
    };
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut text = format!("{method} {path} HTTP/1.1\r\nConnection: close\r\n");
    for (name, value) in headers {
        text += &format!("{name}: {value}\r\n");
    }
    let told = ["Content-Length", "Transfer-Encoding"];
    if !body.is_empty() && !headers.iter().any(|(n, _)| told.contains(n)) {
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
pub struct Server {
    pub child: Child,
    pub port: u16,
    pub url: String,
    pub cookie: String,
}

impl Server {
    /// Starts one on these inputs and takes its cookie.
    pub fn start(place: &Place, inputs: &[&Path], more: &[&str]) -> Server {
        Server::listening(place, inputs, more).welcomed()
    }

    /// Starts one on the folder of a job and takes its cookie.
    pub fn of_job(place: &Place, job: &str, more: &[&str]) -> Server {
        let mut args = vec!["review", job, "--no-open", "--device", "cpu"];
        args.extend(["--reviewer", "A. Example"]);
        args.extend(more);
        Server::spawn(&mut place.command(&args)).welcomed()
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
        Server::spawn(&mut place.command(&args))
    }

    fn spawn(command: &mut Command) -> Server {
        let mut child = command
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

    /// Exchanges the token for the cookie.
    fn welcomed(mut self) -> Server {
        let path = self.url[self.url.find("/?").unwrap()..].to_owned();
        let welcome = say(self.port, "GET", &path, &[("Host", &self.host())], "");
        assert_eq!(welcome.status, 303);
        let cookie = welcome.header("set-cookie").unwrap().to_owned();
        assert!(
            cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"),
            "{cookie}"
        );
        self.cookie = cookie.split(';').next().unwrap().to_owned();
        self
    }

    pub fn host(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    pub fn get(&self, path: &str) -> Answer {
        let host = self.host();
        say(
            self.port,
            "GET",
            path,
            &[("Host", &host), ("Cookie", &self.cookie)],
            "",
        )
    }

    pub fn post(&self, path: &str, body: &Value) -> Answer {
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
    pub fn planned(&self) -> Vec<Value> {
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

    pub fn id(&self, name: &str) -> String {
        let rows = self.planned();
        let row = rows.iter().find(|r| r["name"] == name);
        let row = row.unwrap_or_else(|| panic!("no {name} in {rows:?}"));
        row["id"].as_str().unwrap().to_owned()
    }

    pub fn detail(&self, id: &str) -> Value {
        let answer = self.get(&format!("/api/files/{id}"));
        assert_eq!(answer.status, 200, "{:?}", answer.json());
        answer.json()
    }

    pub fn edit(&self, id: &str, edits: &Value) -> Value {
        let version = &self.detail(id)["version"];
        let body = json!({"version": version, "edits": edits});
        let answer = self.post(&format!("/api/files/{id}/edit"), &body);
        assert_eq!(answer.status, 200, "{:?}", answer.json());
        answer.json()
    }

    pub fn decide(&self, id: &str, decision: &str) -> Answer {
        let version = &self.detail(id)["version"];
        let body = json!({"version": version, "decision": decision, "confirmed_unopened": true});
        self.post(&format!("/api/files/{id}/decide"), &body)
    }

    pub fn end(mut self) {
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
pub fn inputs(place: &Place, names: &[&str]) -> PathBuf {
    let folder = place.path("in");
    std::fs::create_dir_all(&folder).unwrap();
    for name in names {
        std::fs::copy(samples().join(name), folder.join(name)).unwrap();
    }
    folder
}

pub fn items<'a>(detail: &'a Value, action: &str) -> Vec<&'a Value> {
    let all = detail["items"].as_array().unwrap().iter();
    all.filter(|i| i["action"] == action).collect()
}
