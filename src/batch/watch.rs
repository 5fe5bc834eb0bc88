//! Watching an inbox: files are treated once nothing of their group has changed for a while.
//!
//! Every time that groups are complete they become a job of their own, a round: `WATCH/rounds/000001` and so on, each with
//! journal, audit, report and quarantine like any other. What was treated is known from the lists of the rounds, so a
//! killed watcher goes on where it was. An image that comes after the rest of its group was released is a group of its
//! own: a watcher cannot know what is still to come.

use super::job::list::sort_key;
use super::job::spec::Release;
use super::walk::{self, Links};
use crate::config::Limits;
use crate::dicom;
use crate::error::{Error, Result};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, UNIX_EPOCH};

/// The list of a round, in its folder.
pub const LIST: &str = "list.jsonl";

/// A file of an inbox that is complete.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Arrival {
    /// Path below the inbox.
    pub path: PathBuf,
    /// Size, bytes.
    pub bytes: u64,
    /// Time of the last change, Unix milliseconds. The same name with another time is another file.
    pub changed_ms: u64,
}

/// A file that waits for the rest of its group.
#[derive(Debug)]
struct Waiting {
    arrival: Arrival,
    since: Instant,
    group: Option<String>,
}

/// What is known of an inbox.
#[derive(Debug)]
pub struct Inbox {
    folder: PathBuf,
    release: Release,
    quiet: Duration,
    limits: Limits,
    taken: HashSet<Digest16>,
    waiting: HashMap<PathBuf, Waiting>,
}

/// An arrival that was taken, in little memory.
type Digest16 = [u8; 16];

impl Inbox {
    /// An inbox of which nothing was taken yet. A group is complete when it has not changed for `quiet`.
    pub fn new(folder: PathBuf, release: Release, quiet: Duration, limits: Limits) -> Inbox {
        Inbox {
            folder,
            release,
            quiet,
            limits,
            taken: HashSet::new(),
            waiting: HashMap::new(),
        }
    }

    /// Remembers files that are in a round.
    pub fn take(&mut self, arrivals: &[Arrival]) {
        for arrival in arrivals {
            self.waiting.remove(&arrival.path);
            self.taken.insert(short(arrival));
        }
    }

    /// Whether files wait for their group.
    pub fn is_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Looks at the inbox and gives the files of all groups that are complete, sorted. Hidden files and those whose names
    /// end like files under way (`.tmp`, `.part`, `.partial`) are left alone; links are not followed.
    ///
    /// # Errors
    /// [`Error::Io`] where the inbox cannot be read.
    pub fn scan(&mut self, now: Instant) -> Result<Vec<Arrival>> {
        let mut there: HashMap<PathBuf, Waiting> = HashMap::new();
        let (waiting, taken) = (&mut self.waiting, &self.taken);
        let (folder, limits, release) = (&self.folder, &self.limits, self.release);
        walk::each_file(std::slice::from_ref(folder), Links::Skip, &mut |item| {
            if item.problem.is_some() || is_under_way(&item.mirrored) {
                return Ok(());
            }
            let changed = std::fs::metadata(&item.input).and_then(|m| m.modified());
            let Ok(changed) = changed else { return Ok(()) };
            let arrival = Arrival {
                bytes: item.bytes,
                changed_ms: changed
                    .duration_since(UNIX_EPOCH)
                    .map_or(0, |d| d.as_millis() as u64),
                path: item.mirrored,
            };
            if taken.contains(&short(&arrival)) {
                return Ok(());
            }
            let known = waiting
                .remove(&arrival.path)
                .filter(|w| w.arrival == arrival);
            let entry = known.unwrap_or_else(|| Waiting {
                group: group(&item.input, release, limits),
                since: now,
                arrival,
            });
            there.insert(entry.arrival.path.clone(), entry);
            Ok(())
        })?;
        self.waiting = there;
        // A group is as young as its youngest file; a file without one is its own.
        let mut youngest: BTreeMap<&str, Instant> = BTreeMap::new();
        for w in self.waiting.values() {
            if let Some(group) = &w.group {
                let since = youngest.entry(group).or_insert(w.since);
                *since = (*since).max(w.since);
            }
        }
        let complete = |w: &&Waiting| {
            let since = w.group.as_ref().and_then(|g| youngest.get(g.as_str()));
            now.duration_since(*since.unwrap_or(&w.since)) >= self.quiet
        };
        let mut ready: Vec<Arrival> = self
            .waiting
            .values()
            .filter(complete)
            .map(|w| w.arrival.clone())
            .collect();
        ready.sort_by_key(|a| sort_key(&a.path, None));
        Ok(ready)
    }
}

/// What a file belongs to. One whose header cannot be read belongs to nothing; its outcome says why.
fn group(path: &Path, release: Release, limits: &Limits) -> Option<String> {
    let mut file = File::open(path).ok()?;
    let peek = dicom::peek(&mut file, limits).ok()?;
    let uid = match release {
        Release::File => return None,
        Release::Series => peek.series,
        Release::Study => peek.study,
    };
    Some(uid).filter(|u| !u.is_empty())
}

fn is_under_way(path: &Path) -> bool {
    let hidden = path
        .iter()
        .any(|part| part.as_encoded_bytes().starts_with(b"."));
    let end = path
        .extension()
        .and_then(|e| e.to_str())
        .unwrap_or_default();
    hidden || ["tmp", "part", "partial"].contains(&end)
}

fn short(arrival: &Arrival) -> Digest16 {
    use sha2::{Digest as _, Sha256};
    let mut hasher = Sha256::new();
    hasher.update(arrival.path.as_os_str().as_encoded_bytes());
    hasher.update([0]);
    hasher.update(arrival.bytes.to_be_bytes());
    hasher.update(arrival.changed_ms.to_be_bytes());
    let digest = hasher.finalize();
    std::array::from_fn(|i| digest.get(i).copied().unwrap_or_default())
}

/// Writes the list of a round.
///
/// # Errors
/// [`Error::Io`], also for names that are no Unicode.
pub fn write_list(folder: &Path, arrivals: &[Arrival]) -> Result<()> {
    let path = folder.join(LIST);
    let mut text = Vec::new();
    for arrival in arrivals {
        serde_json::to_writer(&mut text, arrival).map_err(|e| io(&path, e.into()))?;
        text.push(b'\n');
    }
    let mut file = super::report_file::private_new(&path).map_err(|e| io(&path, e))?;
    file.write_all(&text)
        .and_then(|()| file.sync_all())
        .map_err(|e| io(&path, e))
}

/// Reads the list of a round.
///
/// # Errors
/// [`Error::Io`].
pub fn read_list(folder: &Path) -> Result<Vec<Arrival>> {
    let path = folder.join(LIST);
    let file = File::open(&path).map_err(|e| io(&path, e))?;
    BufReader::new(file)
        .lines()
        .map(|line| {
            let line = line.map_err(|e| io(&path, e))?;
            serde_json::from_str(&line).map_err(|e| io(&path, e.into()))
        })
        .collect()
}

fn io(path: &Path, source: std::io::Error) -> Error {
    Error::Io {
        action: "using the list of a round",
        path: path.to_path_buf(),
        source,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file that begins like an object of this series.
    fn image(series: &str, more: usize) -> Vec<u8> {
        let mut bytes = vec![0; 128];
        bytes.extend(b"DICM");
        let mut add = |tag: [u8; 4], vr: &[u8; 2], value: &str| {
            let mut value = value.as_bytes().to_vec();
            if value.len() % 2 == 1 {
                value.push(0);
            }
            bytes.extend(tag);
            bytes.extend(vr);
            bytes.extend((value.len() as u16).to_le_bytes());
            bytes.extend(value);
        };
        add([2, 0, 0x10, 0], b"UI", "1.2.840.10008.1.2.1");
        add([0x20, 0, 0x0e, 0], b"UI", series);
        add([0x30, 0, 0x02, 0], b"LO", &"x".repeat(more));
        bytes
    }

    #[test]
    fn a_series_is_taken_when_all_of_it_is_quiet() {
        let folder = tempfile::tempdir().unwrap();
        let put = |name: &str, series: &str, more: usize| {
            std::fs::write(folder.path().join(name), image(series, more)).unwrap();
        };
        let quiet = Duration::from_secs(10);
        let mut inbox = Inbox::new(
            folder.path().to_path_buf(),
            Release::Series,
            quiet,
            Limits::default(),
        );
        let start = Instant::now();
        let at = |s: u64| start + Duration::from_secs(s);
        let names = |list: &[Arrival]| -> Vec<String> {
            list.iter()
                .map(|a| a.path.to_string_lossy().into_owned())
                .collect()
        };
        put("b", "1.2.3", 2);
        put("c", "1.2.4", 2);
        put("under.part", "1.2.4", 2);
        put(".hidden", "1.2.4", 2);
        std::fs::write(folder.path().join("note.txt"), "none").unwrap();
        assert!(inbox.scan(at(0)).unwrap().is_empty());
        put("a", "1.2.3", 2);
        assert!(inbox.scan(at(6)).unwrap().is_empty());
        // `a` is young yet, and keeps `b` waiting.
        let ready = inbox.scan(at(11)).unwrap();
        assert_eq!(names(&ready), ["c", "note.txt"]);
        inbox.take(&ready);
        // A file that grows is young again.
        put("b", "1.2.3", 40);
        assert!(inbox.scan(at(15)).unwrap().is_empty());
        assert!(inbox.scan(at(24)).unwrap().is_empty());
        let ready = inbox.scan(at(25)).unwrap();
        assert_eq!(names(&ready), ["a", "b"]);
        inbox.take(&ready);
        assert!(inbox.scan(at(60)).unwrap().is_empty() && !inbox.is_waiting());
        write_list(folder.path(), &ready).unwrap();
        assert_eq!(read_list(folder.path()).unwrap(), ready);
    }
}
