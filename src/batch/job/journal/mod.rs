//! `journal.sqlite`: the work list and everything that happened, in SQLite (WAL). The schema is `schema.sql`.
//!
//! Events are only added; the present state of a file is its latest event. Committing does not sync: after a power cut the
//! last events may be gone, which [`super`] makes good, but the file is never damaged.

mod event;
mod query;

pub use event::{Counts, Entry, Event, Kind, Member, NewEvent};
pub(super) use query::{path_of, path_value};

use super::spec::Spec;
use crate::error::{Error, Result};
use crate::outcome::Outcome;
use rusqlite::{Connection, OpenFlags, OptionalExtension, Row, params};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Version of the schema.
pub const VERSION: u32 = 1;
/// Version of the form of events.
pub const EVENT_VERSION: u32 = 1;
/// How long a reader or the runner waits for the other.
const PATIENCE: Duration = Duration::from_secs(30);

/// The journal.
#[derive(Debug)]
pub struct Journal {
    pub(in crate::batch::job) db: Connection,
    path: PathBuf,
}

impl Journal {
    /// Makes a new journal.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn create(path: &Path, spec: &Spec) -> Result<Journal> {
        // Created by us first, so that nobody else can ever read it; SQLite gives its side files the same mode.
        super::private_new(path).map_err(|source| Error::Io {
            action: "creating the journal",
            path: path.to_path_buf(),
            source,
        })?;
        let mut journal = Journal::connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        let json = serde_json::to_string(spec).map_err(|e| journal.json_fault(e))?;
        journal.with(|db| {
            let change = db.transaction()?;
            change.execute_batch(include_str!("schema.sql"))?;
            let mut meta = change.prepare("INSERT INTO meta VALUES (?1, ?2)")?;
            meta.execute(params!["version", VERSION.to_string()])?;
            meta.execute(params!["spec", json])?;
            drop(meta);
            change.commit()
        })?;
        journal.append(&[NewEvent::new(Kind::Begun, None)])?;
        Ok(journal)
    }

    /// Opens the journal of a job for its runner.
    ///
    /// # Errors
    /// [`Error::Io`], and [`Error::Config`] for another version.
    pub fn open(path: &Path) -> Result<Journal> {
        let mut journal = Journal::connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        journal.check_version()?;
        Ok(journal)
    }

    /// Opens it for looking; the runner may be at work.
    ///
    /// # Errors
    /// As [`Journal::open`].
    pub fn open_to_read(path: &Path) -> Result<Journal> {
        // WAL needs its side files even for reading, so it is opened as usual and then bound to read only.
        let mut journal = Journal::open(path)?;
        journal.with(|db| db.pragma_update(None, "query_only", true))?;
        Ok(journal)
    }

    fn connect(path: &Path, flags: OpenFlags) -> Result<Journal> {
        let fail = |e: rusqlite::Error| fault(path, e);
        let db = Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)
            .map_err(fail)?;
        db.busy_timeout(PATIENCE).map_err(fail)?;
        // Where WAL cannot be had (some network file systems) SQLite keeps its rollback journal, which is slower and safe.
        db.pragma_update_and_check(None, "journal_mode", "wal", |row| row.get::<_, String>(0))
            .map_err(fail)?;
        db.pragma_update(None, "synchronous", "normal")
            .map_err(fail)?;
        Ok(Journal {
            db,
            path: path.to_path_buf(),
        })
    }

    fn check_version(&mut self) -> Result<()> {
        let version = self.meta("version")?.unwrap_or_default();
        if version == VERSION.to_string() {
            return Ok(());
        }
        Err(Error::Config(format!(
            "a journal of version `{version}`, this program knows version {VERSION}: `{}`",
            self.path.display()
        )))
    }

    /// Where it lies.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The configuration that it was made with.
    ///
    /// # Errors
    /// [`Error::Io`], also for one that cannot be read.
    pub fn spec(&mut self) -> Result<Spec> {
        let text = self.meta("spec")?.unwrap_or_default();
        serde_json::from_str(&text).map_err(|e| self.json_fault(e))
    }

    /// Whether the work list is complete.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn is_listed(&mut self) -> Result<bool> {
        Ok(self.meta("listed")?.is_some())
    }

    fn meta(&mut self, key: &str) -> Result<Option<String>> {
        self.with(|db| {
            db.query_row("SELECT value FROM meta WHERE key = ?1", [key], |r| r.get(0))
                .optional()
        })
    }

    /// Adds events, all or none, and gives their numbers and times.
    ///
    /// # Errors
    /// [`Error::Io`]: then none was added.
    pub fn append(&mut self, events: &[NewEvent]) -> Result<Vec<Event>> {
        let at_ms = now_ms();
        let seqs: Vec<i64> = self.with(|db| {
            let change = db.transaction()?;
            let mut insert = change.prepare_cached(
                "INSERT INTO events (version, at_ms, file, kind, outcome, reason, bytes, data) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            )?;
            let mut seqs = Vec::with_capacity(events.len());
            for e in events {
                insert.execute(params![
                    EVENT_VERSION,
                    at_ms,
                    e.file.map(|f| f as i64),
                    e.kind.name(),
                    e.outcome.map(Outcome::name),
                    e.reason,
                    e.bytes.map(|b| b as i64),
                    e.data
                ])?;
                seqs.push(change.last_insert_rowid());
            }
            drop(insert);
            change.commit()?;
            Ok(seqs)
        })?;
        Ok(seqs
            .into_iter()
            .zip(events)
            .map(|(seq, e)| Event {
                seq: seq as u64,
                at_ms,
                event: e.clone(),
            })
            .collect())
    }

    /// Runs a query and takes every row.
    pub(in crate::batch::job) fn rows<T>(
        &mut self,
        sql: &str,
        values: impl rusqlite::Params,
        mut take: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>> {
        self.with(|db| {
            let mut query = db.prepare_cached(sql)?;
            query.query_map(values, |row| take(row))?.collect()
        })
    }

    /// Uses the data base; its faults become ours.
    pub(in crate::batch::job) fn with<T>(
        &mut self,
        run: impl FnOnce(&mut Connection) -> rusqlite::Result<T>,
    ) -> Result<T> {
        run(&mut self.db).map_err(|e| fault(&self.path, e))
    }

    fn json_fault(&self, e: serde_json::Error) -> Error {
        Error::Io {
            action: "using the journal",
            path: self.path.clone(),
            source: e.into(),
        }
    }
}

fn fault(path: &Path, e: rusqlite::Error) -> Error {
    Error::Io {
        action: "using the journal",
        path: path.to_path_buf(),
        source: std::io::Error::other(e),
    }
}

/// Unix time, milliseconds.
pub fn now_ms() -> i64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |d| d.as_millis() as i64)
}
