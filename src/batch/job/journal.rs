//! `journal.sqlite`: the work list and everything that happened, in SQLite (WAL). The schema is `schema.sql`.
//!
//! Events are only added; the present state of a file is its latest event. Committing does not sync: after a power cut the
//! last events may be gone, which [`super`] makes good, but the file is never damaged.

use super::super::walk::WorkItem;
use super::spec::Spec;
use crate::error::{Error, Result};
use crate::outcome::{Outcome, Reason, Refusal};
use rusqlite::types::Value;
use rusqlite::{Connection, OpenFlags, OptionalExtension, Row, params};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Version of the schema.
pub const VERSION: u32 = 1;
/// Version of the form of events.
pub const EVENT_VERSION: u32 = 1;
/// How long a reader or the runner waits for the other.
const PATIENCE: Duration = Duration::from_secs(30);

/// What an event says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The job was made.
    Begun,
    /// The work list is complete.
    Listed,
    /// A runner began.
    RunStarted,
    /// A runner took the file.
    Started,
    /// The file has an outcome; its output, if it has one, waits in the staging folder.
    Settled,
    /// The output has its final name.
    Released,
    /// The output is kept back for the sake of its group.
    Held,
    /// A person asked to treat the file again.
    Retried,
    /// A runner ended in good order.
    RunEnded,
    /// A person looked, edited or decided. Of the whole job, so that the state of files is untouched; the file's opaque id is
    /// in its data.
    Reviewed,
}

impl Kind {
    const ALL: [Kind; 10] = [
        Kind::Begun,
        Kind::Listed,
        Kind::RunStarted,
        Kind::Started,
        Kind::Settled,
        Kind::Released,
        Kind::Held,
        Kind::Retried,
        Kind::RunEnded,
        Kind::Reviewed,
    ];

    /// The word in the journal.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Begun => "begun",
            Kind::Listed => "listed",
            Kind::RunStarted => "run-started",
            Kind::Started => "started",
            Kind::Settled => "settled",
            Kind::Released => "released",
            Kind::Held => "held",
            Kind::Retried => "retried",
            Kind::RunEnded => "run-ended",
            Kind::Reviewed => "reviewed",
        }
    }

    fn find(name: &str) -> Option<Kind> {
        Kind::ALL.into_iter().find(|k| k.name() == name)
    }
}

/// An event to add.
#[derive(Clone, Debug)]
pub struct NewEvent {
    /// Of which file; `None` for the whole job.
    pub file: Option<u64>,
    /// What happened.
    pub kind: Kind,
    /// With which outcome.
    pub outcome: Option<Outcome>,
    /// For which reason.
    pub reason: Option<String>,
    /// Bytes of the output.
    pub bytes: Option<u64>,
    /// JSON.
    pub data: Option<String>,
}

impl NewEvent {
    /// An event with nothing but its kind.
    pub fn new(kind: Kind, file: Option<u64>) -> NewEvent {
        NewEvent {
            file,
            kind,
            outcome: None,
            reason: None,
            bytes: None,
            data: None,
        }
    }
}

/// An event as it stands in the journal.
#[derive(Clone, Debug)]
pub struct Event {
    /// Its number.
    pub seq: u64,
    /// Unix time, milliseconds.
    pub at_ms: i64,
    /// The rest.
    pub event: NewEvent,
}

/// An entry of the work list.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Its number, from 1.
    pub id: u64,
    /// The file.
    pub item: WorkItem,
    /// Memory that it is expected to need, bytes.
    pub cost: u64,
    /// Keyed digests of study, series and instance.
    pub study: Option<String>,
    /// See `study`.
    pub series: Option<String>,
    /// See `study`.
    pub instance: Option<String>,
    /// The first file with the same SOP Instance UID.
    pub duplicate: Option<u64>,
    /// Modality, equipment, transfer syntax as the header has them.
    pub modality: Option<String>,
    /// See `modality`.
    pub equipment: Option<String>,
    /// See `modality`.
    pub syntax: Option<String>,
    /// Rows, columns, frames.
    pub size: Option<(u32, u32, u32)>,
}

/// A file of a group, with what is known of it.
#[derive(Clone, Debug)]
pub struct Member {
    /// The entry.
    pub entry: Entry,
    /// Its latest event, `None` while it waits.
    pub state: Option<Kind>,
    /// Outcome and report line of its latest settlement, unless it was retried since.
    pub settled: Option<(Outcome, String)>,
}

/// How many files are in which state, and how many bytes they have.
pub type Counts = BTreeMap<(String, Option<String>), (u64, u64)>;

/// The journal.
#[derive(Debug)]
pub struct Journal {
    pub(super) db: Connection,
    path: PathBuf,
}

const ENTRY: &str = "w.id, w.path, w.member, w.output, w.bytes, w.cost, w.problem, w.detail, w.study, w.series, \
w.instance, w.duplicate, w.modality, w.equipment, w.syntax, w.rows, w.cols, w.frames";

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

    /// Entries behind `after` that have no outcome, in their order.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn open_entries(&mut self, after: u64, limit: u32) -> Result<Vec<Entry>> {
        let sql = format!(
            "SELECT {ENTRY} FROM work w WHERE w.id > ?1 AND coalesce((SELECT kind FROM events e \
             WHERE e.file = w.id AND e.kind <> 'started' ORDER BY e.seq DESC LIMIT 1), 'retried') = 'retried' \
             ORDER BY w.id LIMIT ?2"
        );
        self.rows(&sql, params![after as i64, limit], entry)
    }

    /// The entry with this number.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn entry(&mut self, id: u64) -> Result<Option<Entry>> {
        let sql = format!("SELECT {ENTRY} FROM work w WHERE w.id = ?1");
        Ok(self.rows(&sql, params![id as i64], entry)?.pop())
    }

    /// All files of a group, in their order. `column` is `study` or `series`.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn group(&mut self, column: &'static str, group: &str) -> Result<Vec<Member>> {
        self.members(&format!("w.{column} = ?1"), params![group])
    }

    /// One file.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn member(&mut self, id: u64) -> Result<Option<Member>> {
        Ok(self.members("w.id = ?1", params![id as i64])?.pop())
    }

    /// Files with numbers above `after`, with all that is known of them.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn page(&mut self, after: u64, limit: u32) -> Result<Vec<Member>> {
        self.members(
            &format!("w.id > ?1 ORDER BY w.id LIMIT {limit}"),
            params![after as i64],
        )
    }

    fn members(&mut self, condition: &str, values: impl rusqlite::Params) -> Result<Vec<Member>> {
        let order = if condition.contains("ORDER BY") {
            ""
        } else {
            "ORDER BY w.id"
        };
        let sql = format!(
            "SELECT {ENTRY}, \
             (SELECT kind FROM events e WHERE e.file = w.id ORDER BY e.seq DESC LIMIT 1), \
             s.kind, s.outcome, s.data \
             FROM work w LEFT JOIN events s ON s.seq = (SELECT e.seq FROM events e WHERE e.file = w.id \
             AND e.kind IN ('settled', 'retried') ORDER BY e.seq DESC LIMIT 1) \
             WHERE {condition} {order}"
        );
        self.rows(&sql, values, |row| {
            let state: Option<String> = row.get(18)?;
            let settled: Option<String> = row.get(19)?;
            let outcome: Option<String> = row.get(20)?;
            let data: Option<String> = row.get(21)?;
            let settled = settled.filter(|k| k == Kind::Settled.name());
            Ok(Member {
                entry: entry(row)?,
                state: state.as_deref().and_then(Kind::find),
                settled: settled
                    .and(outcome.as_deref().and_then(Outcome::find))
                    .zip(data),
            })
        })
    }

    /// How many files of a group have no outcome yet.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn unsettled(&mut self, column: &'static str, group: &str) -> Result<u64> {
        let sql = format!(
            "SELECT count(*) FROM work w WHERE w.{column} = ?1 AND coalesce((SELECT kind FROM events e \
             WHERE e.file = w.id AND e.kind <> 'started' ORDER BY e.seq DESC LIMIT 1), 'retried') = 'retried'"
        );
        self.with(|db| db.query_row(&sql, [group], |r| r.get::<_, i64>(0)))
            .map(|n| n as u64)
    }

    /// Groups (or, with `column` `id`, files) of which some file waits for its release.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn waiting_groups(&mut self, column: &'static str) -> Result<Vec<String>> {
        let sql = format!(
            "SELECT DISTINCT CAST(w.{column} AS TEXT) FROM work w WHERE w.{column} IS NOT NULL AND \
             (SELECT kind FROM events e WHERE e.file = w.id ORDER BY e.seq DESC LIMIT 1) = 'settled' AND \
             (SELECT outcome FROM events e WHERE e.file = w.id ORDER BY e.seq DESC LIMIT 1) IN ('clean', 'masked') \
             ORDER BY 1"
        );
        self.rows(&sql, [], |row| row.get(0))
    }

    /// Files by state and outcome, with their bytes.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn counts(&mut self) -> Result<Counts> {
        let rows = self.rows(
            "SELECT state, outcome, count(*), sum(bytes) FROM files GROUP BY state, outcome",
            [],
            |row| {
                Ok((
                    (row.get::<_, String>(0)?, row.get::<_, Option<String>>(1)?),
                    (row.get::<_, i64>(2)? as u64, row.get::<_, i64>(3)? as u64),
                ))
            },
        )?;
        Ok(rows.into_iter().collect())
    }

    /// Files held back, by reason.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn reasons(&mut self) -> Result<BTreeMap<String, u64>> {
        let rows = self.rows(
            "SELECT reason, count(*) FROM files WHERE reason IS NOT NULL GROUP BY reason",
            [],
            |row| Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)? as u64)),
        )?;
        Ok(rows.into_iter().collect())
    }

    /// Numbers of files whose latest event has this reason.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn with_reason(&mut self, reason: &str) -> Result<Vec<u64>> {
        self.rows(
            "SELECT id FROM files WHERE reason = ?1 ORDER BY id",
            [reason],
            |row| Ok(row.get::<_, i64>(0)? as u64),
        )
    }

    /// Entries of the work list and their bytes.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn totals(&mut self) -> Result<(u64, u64)> {
        self.with(|db| {
            db.query_row(
                "SELECT count(*), coalesce(sum(bytes), 0) FROM work",
                [],
                |r| Ok((r.get::<_, i64>(0)? as u64, r.get::<_, i64>(1)? as u64)),
            )
        })
    }

    /// Files that share their SOP Instance UID with an earlier one.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn duplicates(&mut self) -> Result<u64> {
        self.with(|db| {
            db.query_row("SELECT count(duplicate) FROM work", [], |r| {
                r.get::<_, i64>(0)
            })
        })
        .map(|n| n as u64)
    }

    /// Events behind `after`, in their order.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn events(&mut self, after: u64, limit: u32) -> Result<Vec<Event>> {
        self.rows(
            "SELECT seq, at_ms, file, kind, outcome, reason, bytes, data FROM events WHERE seq > ?1 ORDER BY seq LIMIT ?2",
            params![after as i64, limit],
            |row| {
                let kind: String = row.get(3)?;
                let outcome: Option<String> = row.get(4)?;
                Ok(Event {
                    seq: row.get::<_, i64>(0)? as u64,
                    at_ms: row.get(1)?,
                    event: NewEvent {
                        file: row.get::<_, Option<i64>>(2)?.map(|f| f as u64),
                        kind: Kind::find(&kind).ok_or(rusqlite::Error::InvalidQuery)?,
                        outcome: outcome.as_deref().and_then(Outcome::find),
                        reason: row.get(5)?,
                        bytes: row.get::<_, Option<i64>>(6)?.map(|b| b as u64),
                        data: row.get(7)?,
                    },
                })
            },
        )
    }

    /// The same without their data, many at a time.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn events_light(&mut self, after: u64) -> Result<Vec<Event>> {
        self.rows(
            "SELECT seq, at_ms, file, kind, outcome, bytes FROM events WHERE seq > ?1 ORDER BY seq LIMIT 20000",
            [after as i64],
            |row| {
                let kind: String = row.get(3)?;
                let outcome: Option<String> = row.get(4)?;
                let file = row.get::<_, Option<i64>>(2)?.map(|f| f as u64);
                let kind = Kind::find(&kind).ok_or(rusqlite::Error::InvalidQuery)?;
                Ok(Event {
                    seq: row.get::<_, i64>(0)? as u64,
                    at_ms: row.get(1)?,
                    event: NewEvent {
                        outcome: outcome.as_deref().and_then(Outcome::find),
                        bytes: row.get::<_, Option<i64>>(5)?.map(|b| b as u64),
                        ..NewEvent::new(kind, file)
                    },
                })
            },
        )
    }

    /// Why a file is held back, if it is.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn held_for(&mut self, id: u64) -> Result<Option<String>> {
        let mut rows = self.rows(
            "SELECT kind, reason FROM events WHERE file = ?1 ORDER BY seq DESC LIMIT 1",
            [id as i64],
            |row| Ok((row.get::<_, String>(0)?, row.get::<_, Option<String>>(1)?)),
        )?;
        Ok(rows
            .pop()
            .filter(|(kind, _)| kind == Kind::Held.name())
            .and_then(|(_, reason)| reason))
    }

    /// Runs a query and takes every row.
    pub(super) fn rows<T>(
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
    pub(super) fn with<T>(
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

/// A path as the journal holds it: text for people, bytes where it is no UTF-8.
pub(super) fn path_value(path: &Path) -> Value {
    match path.to_str() {
        Some(text) => Value::Text(text.to_owned()),
        None => Value::Blob(path.as_os_str().as_encoded_bytes().to_vec()),
    }
}

pub(super) fn path_of(value: Value) -> PathBuf {
    match value {
        Value::Text(text) => text.into(),
        #[cfg(unix)]
        Value::Blob(bytes) => {
            use std::os::unix::ffi::OsStringExt;
            std::ffi::OsString::from_vec(bytes).into()
        }
        _ => PathBuf::new(),
    }
}

fn entry(row: &Row<'_>) -> rusqlite::Result<Entry> {
    let number = |i| row.get::<_, Option<i64>>(i).map(|n| n.map(|n| n as u64));
    let small = |i| number(i).map(|n| n.and_then(|n| u32::try_from(n).ok()));
    let problem: Option<String> = row.get(6)?;
    let detail: Option<String> = row.get(7)?;
    Ok(Entry {
        id: number(0)?.unwrap_or_default(),
        item: WorkItem {
            input: path_of(row.get(1)?),
            member: small(2)?,
            mirrored: path_of(row.get(3)?),
            bytes: number(4)?.unwrap_or_default(),
            problem: problem.map(|code| {
                let reason = Reason::find(&code).unwrap_or(Reason::Internal);
                Refusal::new(reason, detail.unwrap_or_default())
            }),
        },
        cost: number(5)?.unwrap_or_default(),
        study: row.get(8)?,
        series: row.get(9)?,
        instance: row.get(10)?,
        duplicate: number(11)?,
        modality: row.get(12)?,
        equipment: row.get(13)?,
        syntax: row.get(14)?,
        size: match (small(15)?, small(16)?, small(17)?) {
            (Some(rows), Some(cols), Some(frames)) => Some((rows, cols, frames)),
            _ => None,
        },
    })
}
