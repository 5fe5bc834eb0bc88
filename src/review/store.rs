//! Where the records of people's work are kept: a state folder, or the journal of a job.

use super::state::Record;
use crate::batch::job;
use crate::batch::report_file::private_new;
use crate::error::{Error, Result};
use crate::key::Key;
use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// The log of a state folder.
const EDITS: &str = "edits.jsonl";
/// The secret that makes ids opaque.
const SALT: &str = "salt";
/// Version of the log, its first line.
const HEAD: &str = "{\"unburn-review\":1}\n";

/// Keeps records.
pub trait Store: Send {
    /// Everything so far, in its order.
    fn load(&mut self) -> Result<Vec<Record>>;
    /// Adds one. It is on the disk when this returns.
    fn append(&mut self, record: &Record) -> Result<()>;
}

/// A folder that only its owner can read: the log, the secret of the ids, templates, and what a sample showed.
#[derive(Debug)]
pub struct StateFolder {
    folder: PathBuf,
    salt: Key,
    file: File,
    _lock: File,
}

impl StateFolder {
    /// Opens a folder, making it where needed.
    ///
    /// # Errors
    /// [`Error::Config`] where another server uses it, or it holds something else; [`Error::Io`].
    pub fn open(folder: &Path) -> Result<StateFolder> {
        job::create_private_folder(folder)?;
        let lock = job::lock(folder).map_err(|e| match e {
            Error::Config(_) => Error::Config(format!(
                "another review uses this state folder: `{}`; hint: go on in its window, or give another `--state`",
                folder.display()
            )),
            other => other,
        })?;
        let salt = folder.join(SALT);
        let salt = if salt.exists() {
            Key::from_file(&salt)?
        } else {
            Key::create(&salt)?
        };
        let path = folder.join(EDITS);
        let fail = |e| io("opening the log of the review", &path, e);
        match private_new(&path) {
            Ok(mut file) => file
                .write_all(HEAD.as_bytes())
                .and_then(|()| file.sync_all())
                .map_err(fail)?,
            Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(e) => return Err(fail(e)),
        }
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .open(&path)
            .map_err(fail)?;
        Ok(StateFolder {
            folder: folder.to_path_buf(),
            salt,
            file,
            _lock: lock,
        })
    }

    /// Makes ids that say nothing of what they stand for.
    pub fn salt(&self) -> Key {
        self.salt.clone()
    }

    /// Where it is.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    fn path(&self) -> PathBuf {
        self.folder.join(EDITS)
    }
}

impl Store for StateFolder {
    fn load(&mut self) -> Result<Vec<Record>> {
        let path = self.path();
        let fail = |e| io("reading the log of the review", &path, e);
        let mut bytes = Vec::new();
        self.file
            .seek(SeekFrom::Start(0))
            .and_then(|_| self.file.read_to_end(&mut bytes))
            .map_err(fail)?;
        // A kill in the middle of a line leaves half of it: nobody was told that it was saved.
        let whole = bytes
            .iter()
            .rposition(|b| *b == b'\n')
            .map_or(0, |at| at + 1);
        let (bytes, _) = bytes.split_at(whole);
        let mut lines = bytes.split_inclusive(|b| *b == b'\n');
        if !bytes.is_empty() && lines.next() != Some(HEAD.as_bytes()) {
            return Err(Error::Config(format!(
                "not the log of a review, or one of another version: `{}`",
                path.display()
            )));
        }
        let records = lines
            .enumerate()
            .map(|(i, line)| {
                serde_json::from_slice(line).map_err(|_| {
                    Error::Config(format!(
                        "line {} of the log of the review is damaged: `{}`",
                        i + 2,
                        path.display()
                    ))
                })
            })
            .collect::<Result<Vec<Record>>>()?;
        let begin = if bytes.is_empty() { HEAD } else { "" };
        self.file
            .set_len(whole as u64)
            .and_then(|()| self.file.seek(SeekFrom::End(0)))
            .and_then(|_| self.file.write_all(begin.as_bytes()))
            .map_err(fail)?;
        Ok(records)
    }

    fn append(&mut self, record: &Record) -> Result<()> {
        let path = self.path();
        let fail = |e| io("writing the log of the review", &path, e);
        let mut line = serde_json::to_vec(record).map_err(|e| fail(e.into()))?;
        line.push(b'\n');
        let before = self.file.stream_position().map_err(fail)?;
        let written = self
            .file
            .write_all(&line)
            .and_then(|()| self.file.sync_data());
        if written.is_err() {
            // Nobody is told that this was saved, so that nothing of it may stay.
            let _ = self.file.set_len(before);
            let _ = self.file.seek(SeekFrom::Start(before));
        }
        written.map_err(fail)
    }
}

fn io(action: &'static str, path: &Path, source: std::io::Error) -> Error {
    Error::Io {
        action,
        path: path.to_path_buf(),
        source,
    }
}

#[cfg(test)]
mod tests {
    use super::super::state::Deed;
    use super::*;

    fn record(seq: u64) -> Record {
        Record {
            seq,
            at_ms: 1,
            file: "00ff".into(),
            who: None,
            deed: Deed::Undo,
        }
    }

    #[test]
    fn half_a_line_is_cut_off_and_whole_ones_stay() {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join("state");
        let mut state = StateFolder::open(&folder).unwrap();
        assert!(StateFolder::open(&folder).is_err(), "two servers at once");
        assert!(state.load().unwrap().is_empty());
        state.append(&record(1)).unwrap();
        state.append(&record(2)).unwrap();
        drop(state);
        let path = folder.join(EDITS);
        let mut bytes = std::fs::read(&path).unwrap();
        bytes.truncate(bytes.len() - 3);
        std::fs::write(&path, bytes).unwrap();
        let mut state = StateFolder::open(&folder).unwrap();
        assert_eq!(state.load().unwrap(), [record(1)]);
        state.append(&record(2)).unwrap();
        assert_eq!(state.load().unwrap(), [record(1), record(2)]);
        drop(state);
        std::fs::write(&path, "something else\n").unwrap();
        assert!(StateFolder::open(&folder).unwrap().load().is_err());
    }

    #[cfg(unix)]
    #[test]
    fn only_the_owner_can_read_it() {
        use std::os::unix::fs::PermissionsExt;
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join("a/state");
        let _state = StateFolder::open(&folder).unwrap();
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&folder), 0o700);
        for entry in std::fs::read_dir(&folder).unwrap() {
            assert_eq!(mode(&entry.unwrap().path()), 0o600);
        }
    }
}
