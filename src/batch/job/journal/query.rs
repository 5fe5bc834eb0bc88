//! Questions to the journal: the work list, groups, states, and events.

use super::{Counts, Entry, Event, Journal, Kind, Member, NewEvent};
use crate::batch::walk::WorkItem;
use crate::error::Result;
use crate::outcome::{Outcome, Reason, Refusal};
use rusqlite::types::Value;
use rusqlite::{Row, params};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

const ENTRY: &str = "w.id, w.path, w.member, w.output, w.bytes, w.cost, w.problem, w.detail, w.study, w.series, \
w.instance, w.duplicate, w.modality, w.equipment, w.syntax, w.rows, w.cols, w.frames";

impl Journal {
    /// Entries behind `after` that have no outcome, in their order.
    ///
    /// # Errors
    /// [`crate::error::Error::Io`].
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
    /// [`crate::error::Error::Io`].
    pub fn entry(&mut self, id: u64) -> Result<Option<Entry>> {
        let sql = format!("SELECT {ENTRY} FROM work w WHERE w.id = ?1");
        Ok(self.rows(&sql, params![id as i64], entry)?.pop())
    }

    /// All files of a group, in their order. `column` is `study` or `series`.
    ///
    /// # Errors
    /// [`crate::error::Error::Io`].
    pub fn group(&mut self, column: &'static str, group: &str) -> Result<Vec<Member>> {
        self.members(&format!("w.{column} = ?1"), params![group])
    }

    /// One file.
    ///
    /// # Errors
    /// [`crate::error::Error::Io`].
    pub fn member(&mut self, id: u64) -> Result<Option<Member>> {
        Ok(self.members("w.id = ?1", params![id as i64])?.pop())
    }

    /// Files with numbers above `after`, with all that is known of them.
    ///
    /// # Errors
    /// [`crate::error::Error::Io`].
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
    /// [`crate::error::Error::Io`].
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
    /// [`crate::error::Error::Io`].
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
    /// [`crate::error::Error::Io`].
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
    /// [`crate::error::Error::Io`].
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
    /// [`crate::error::Error::Io`].
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
    /// [`crate::error::Error::Io`].
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
    /// [`crate::error::Error::Io`].
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
    /// [`crate::error::Error::Io`].
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
    /// [`crate::error::Error::Io`].
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
    /// [`crate::error::Error::Io`].
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
}

/// A path as the journal holds it: text for people, bytes where it is no UTF-8.
pub fn path_value(path: &Path) -> Value {
    match path.to_str() {
        Some(text) => Value::Text(text.to_owned()),
        None => Value::Blob(path.as_os_str().as_encoded_bytes().to_vec()),
    }
}

pub fn path_of(value: Value) -> PathBuf {
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
