//! `audit.jsonl`: every event of the journal once more, without paths, each line bound to the one before it and to the
//! project key (HMAC-SHA-256). Who does not hold the key cannot change, leave out or reorder a line unnoticed.
//!
//! The file follows the journal: lines that a kill left out, or left half, are written again from the journal on opening.
//! The last line's number has to be the journal's, so that a cut end shows as well.

use super::crash;
use super::journal::{Event, Journal};
use crate::batch::report_file::private_new;
use crate::error::{Error, Result};
use crate::key::Key;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// Events read together.
const PAGE: u32 = 1000;
/// What the first line is bound to.
const NOTHING: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// One line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Line {
    /// 1.
    pub schema: u32,
    /// `audit`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The event's number in the journal.
    pub seq: u64,
    /// Unix time, milliseconds.
    pub at_ms: i64,
    /// The file's number in the work list; null for the whole job.
    pub file: Option<u64>,
    /// What happened.
    pub event: String,
    /// With which outcome.
    pub outcome: Option<String>,
    /// For which reason.
    pub reason: Option<String>,
    /// SHA-256 of the event's data, hex; null where it has none.
    pub data_sha256: Option<String>,
    /// `mac` of the line before; zeros in the first.
    pub prev: String,
    /// HMAC over all of this.
    pub mac: String,
}

impl Line {
    fn of(event: &Event, prev: &str, key: &Key) -> Line {
        let e = &event.event;
        let mut line = Line {
            schema: 1,
            kind: "audit".into(),
            seq: event.seq,
            at_ms: event.at_ms,
            file: e.file,
            event: e.kind.name().into(),
            outcome: e.outcome.map(|o| o.name().to_owned()),
            reason: e.reason.clone(),
            data_sha256: e.data.as_ref().map(|d| hex(&Sha256::digest(d))),
            prev: prev.to_owned(),
            mac: String::new(),
        };
        line.mac = line.seal(key);
        line
    }

    fn seal(&self, key: &Key) -> String {
        let open = Line {
            mac: String::new(),
            ..self.clone()
        };
        // Plain data: writing it as JSON cannot fail.
        let text = serde_json::to_vec(&open).unwrap_or_default();
        hex(&key.mac("unburn audit", &text))
    }
}

/// The audit of a job that runs.
#[derive(Debug)]
pub struct Audit {
    path: PathBuf,
    file: File,
    key: Key,
    prev: String,
    seq: u64,
}

impl Audit {
    /// Opens the audit, cuts off a half line, and adds what the journal has and it lacks.
    ///
    /// # Errors
    /// [`Error::Io`]; [`Error::Config`] where a whole line is no audit line, or its lines are not those of the journal.
    pub fn open(path: &Path, journal: &mut Journal, key: &Key) -> Result<Audit> {
        let fail = |e| io(path, e);
        if let Err(e) = private_new(path)
            && e.kind() != std::io::ErrorKind::AlreadyExists
        {
            return Err(fail(e));
        }
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .open(path)
            .map_err(fail)?;
        let (mut whole, mut prev, mut seq) = (0u64, NOTHING.to_owned(), 0);
        let mut reader = BufReader::new(&mut file);
        let mut text = Vec::new();
        loop {
            text.clear();
            let n = reader.read_until(b'\n', &mut text).map_err(fail)?;
            if n == 0 || text.last() != Some(&b'\n') {
                break;
            }
            let line: Line = serde_json::from_slice(&text).map_err(|_| broken(path, seq + 1))?;
            whole += n as u64;
            (prev, seq) = (line.mac, line.seq);
        }
        file.set_len(whole).map_err(fail)?;
        file.seek(SeekFrom::Start(whole)).map_err(fail)?;
        let mut audit = Audit {
            path: path.to_path_buf(),
            file,
            key: key.clone(),
            prev,
            seq,
        };
        loop {
            let events = journal.events(audit.seq, PAGE)?;
            if events.is_empty() {
                return Ok(audit);
            }
            audit.add(&events)?;
        }
    }

    /// Adds events that the journal holds already.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn add(&mut self, events: &[Event]) -> Result<()> {
        let mut text = Vec::new();
        for event in events {
            let line = Line::of(event, &self.prev, &self.key);
            serde_json::to_writer(&mut text, &line).map_err(|e| io(&self.path, e.into()))?;
            text.push(b'\n');
            (self.prev, self.seq) = (line.mac, line.seq);
        }
        // Half of it first, where a test wants the process to end there.
        let (first, rest) = text.split_at(text.len() / 2);
        self.file
            .write_all(first)
            .and_then(|()| {
                crash::point("audited");
                self.file.write_all(rest)
            })
            .map_err(|e| io(&self.path, e))
    }

    /// Brings it to the disk.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn sync(&mut self) -> Result<()> {
        self.file.sync_all().map_err(|e| io(&self.path, e))
    }
}

/// Checks every line against the key, the line before, and the journal. Gives the number of lines.
///
/// # Errors
/// [`Error::Config`] naming the first line that does not hold.
pub fn check(path: &Path, journal: &mut Journal, key: &Key) -> Result<u64> {
    let fail = |e| io(path, e);
    let mut reader = BufReader::new(File::open(path).map_err(fail)?);
    let (mut prev, mut seq, mut count) = (NOTHING.to_owned(), 0u64, 0u64);
    let mut text = String::new();
    loop {
        let events = journal.events(seq, PAGE)?;
        if events.is_empty() {
            break;
        }
        for event in &events {
            text.clear();
            reader.read_line(&mut text).map_err(fail)?;
            count += 1;
            let line: Line = serde_json::from_str(&text).map_err(|_| broken(path, count))?;
            if line != Line::of(event, &prev, key) {
                return Err(broken(path, count));
            }
            (prev, seq) = (line.mac, line.seq);
        }
    }
    text.clear();
    if reader.read_line(&mut text).map_err(fail)? > 0 {
        return Err(broken(path, count + 1));
    }
    Ok(count)
}

fn broken(path: &Path, line: u64) -> Error {
    Error::Config(format!(
        "line {line} of the audit is not what the journal and the key make it: `{}`",
        path.display()
    ))
}

fn io(path: &Path, source: std::io::Error) -> Error {
    Error::Io {
        action: "writing the audit",
        path: path.to_path_buf(),
        source,
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::super::journal::{Kind, NewEvent};
    use super::super::spec::{Spec, WorkSpec};
    use super::*;
    use crate::config::Config;
    use crate::outcome::Outcome;
    use crate::report::Tool;

    #[test]
    fn the_chain_is_made_good_after_a_kill_and_shows_every_change() {
        let folder = tempfile::tempdir().unwrap();
        let key = Key::from_content(&[b'k'; 40]).unwrap();
        let spec = Spec::new(WorkSpec::default(), Tool::default(), Config::default()).unwrap();
        let mut journal = Journal::create(&folder.path().join("j"), &spec).unwrap();
        let path = folder.path().join("audit.jsonl");
        let mut audit = Audit::open(&path, &mut journal, &key).unwrap();
        for n in 1..=20 {
            let mut event = NewEvent::new(Kind::Settled, Some(n));
            event.outcome = Some(Outcome::Masked);
            event.data = Some(format!("{{\"n\":{n}}}"));
            let events = journal.append(&[event]).unwrap();
            // A kill between journal and audit, at some of them.
            if n % 3 != 0 {
                audit.add(&events).unwrap();
            } else {
                audit = Audit::open(&path, &mut journal, &key).unwrap();
            }
        }
        assert_eq!(check(&path, &mut journal, &key).unwrap(), 21);
        let whole = std::fs::read_to_string(&path).unwrap();
        // Half a line at the end.
        std::fs::write(&path, &whole[..whole.len() - 30]).unwrap();
        assert!(check(&path, &mut journal, &key).is_err());
        Audit::open(&path, &mut journal, &key).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), whole);
        // Changes that only the chain, the key or the journal can tell.
        let lines: Vec<&str> = whole.lines().collect();
        let without: Vec<&str> = [&lines[..4], &lines[5..]].concat();
        let mut swapped = lines.clone();
        swapped.swap(3, 4);
        let short = lines[..20].to_vec();
        let mut twice = lines.clone();
        twice.push(lines[20]);
        for changed in [
            without.join("\n") + "\n",
            swapped.join("\n") + "\n",
            short.join("\n") + "\n",
            twice.join("\n") + "\n",
            whole.replacen("masked", "clean", 1),
        ] {
            std::fs::write(&path, changed).unwrap();
            assert!(check(&path, &mut journal, &key).is_err());
        }
        std::fs::write(&path, &whole).unwrap();
        let other = Key::from_content(&[b'o'; 40]).unwrap();
        assert!(check(&path, &mut journal, &other).is_err());
        assert!(check(&path, &mut journal, &key).is_ok());
    }
}
