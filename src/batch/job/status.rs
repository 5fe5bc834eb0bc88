//! How a job stands, whether journal, audit and outputs agree, and setting files back.

use super::audit::{self, Audit};
use super::journal::{Journal, Kind, NewEvent};
use super::release;
use super::spec::{Release, Spec};
use super::{Job, report};
use crate::error::{Error, Result};
use crate::key::Key;
use crate::outcome::Reason;
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::Path;

/// Groups listed at most.
const MOST_GROUPS: usize = 100;
/// Files read from the journal together.
const PAGE: u32 = 500;

/// How a job stands.
#[derive(Clone, Debug, Serialize)]
pub struct Status {
    /// 1.
    pub schema: u32,
    /// `job`.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// The job's id.
    pub job: String,
    /// Whether a runner is at work.
    pub running: bool,
    /// Whether the work list is complete.
    pub listed: bool,
    /// Entries of the work list, and those without an outcome.
    pub files: u64,
    /// See `files`.
    pub open: u64,
    /// Files that a runner has taken, or had taken when it was killed.
    pub under_way: u64,
    /// Bytes of all inputs, and of those with an outcome.
    pub bytes: u64,
    /// See `bytes`.
    pub bytes_done: u64,
    /// Outputs that have their final name.
    pub released: u64,
    /// Outputs that wait for their group, or are kept back with it.
    pub kept_back: u64,
    /// Files whose SOP Instance UID an earlier file has.
    pub duplicates: u64,
    /// Files by present outcome.
    pub outcomes: BTreeMap<String, u64>,
    /// Files by present reason.
    pub reasons: BTreeMap<String, u64>,
    /// Groups that are kept back.
    pub groups: Vec<Group>,
}

/// A group that is kept back.
#[derive(Clone, Debug, Serialize)]
pub struct Group {
    /// `series` or `study`.
    pub kind: &'static str,
    /// Its keyed digest, as in the journal.
    pub group: String,
    /// Files in it.
    pub files: u64,
    /// What did not come out: reason codes, `waiting` for files without outcome.
    pub missing: BTreeMap<String, u64>,
}

impl Status {
    /// Reads it from the journal.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn of(spec: &Spec, journal: &mut Journal, running: bool) -> Result<Status> {
        let (files, bytes) = journal.totals()?;
        let mut status = Status {
            schema: 1,
            kind: "job",
            job: spec.job.clone(),
            running,
            listed: journal.is_listed()?,
            files,
            open: 0,
            under_way: 0,
            bytes,
            bytes_done: 0,
            released: 0,
            kept_back: 0,
            duplicates: journal.duplicates()?,
            outcomes: BTreeMap::new(),
            reasons: journal.reasons()?,
            groups: groups(spec, journal)?,
        };
        for ((state, outcome), (n, size)) in journal.counts()? {
            match state.as_str() {
                "waiting" | "retried" => status.open += n,
                "started" => {
                    status.open += n;
                    status.under_way += n;
                }
                "released" => status.released += n,
                "held" => status.kept_back += n,
                _ if matches!(outcome.as_deref(), Some("clean" | "masked")) => {
                    status.kept_back += n;
                }
                _ => {}
            }
            if let Some(outcome) = outcome {
                *status.outcomes.entry(outcome).or_default() += n;
                status.bytes_done += size;
            }
        }
        Ok(status)
    }
}

fn groups(spec: &Spec, journal: &mut Journal) -> Result<Vec<Group>> {
    let kind = match spec.work.release {
        Release::File => return Ok(Vec::new()),
        Release::Series => "series",
        Release::Study => "study",
    };
    let sql = format!(
        "SELECT {kind}, count(*) FROM files WHERE {kind} IS NOT NULL GROUP BY {kind} \
         HAVING sum(state = 'held' OR (state = 'settled' AND outcome IN ('clean', 'masked'))) > 0 ORDER BY min(id) LIMIT {MOST_GROUPS}"
    );
    let found = journal.rows(&sql, [], |r| {
        Ok((r.get::<_, String>(0)?, r.get::<_, i64>(1)? as u64))
    })?;
    let sql = format!(
        "SELECT coalesce(reason, 'waiting'), count(*) FROM files WHERE {kind} = ?1 AND coalesce(reason, '') <> ?2 \
         AND (reason IS NOT NULL OR outcome IS NULL) GROUP BY 1"
    );
    found
        .into_iter()
        .map(|(group, files)| {
            let missing = journal.rows(
                &sql,
                [group.as_str(), Reason::GroupIncomplete.code()],
                |r| Ok((r.get::<_, String>(0)?, r.get::<_, i64>(1)? as u64)),
            )?;
            Ok(Group {
                kind,
                group,
                files,
                missing: missing.into_iter().collect(),
            })
        })
        .collect()
}

/// What a check found.
#[derive(Clone, Debug, Serialize)]
pub struct Checked {
    /// Lines of the audit that hold.
    pub audit_lines: u64,
    /// Outputs that are there with their bytes.
    pub outputs: u64,
    /// What does not hold.
    pub faults: Vec<String>,
}

/// Checks the audit, and that the output folder holds what the journal says and nothing else of ours.
///
/// # Errors
/// [`Error::Io`] where something cannot be read at all.
pub fn check(folder: &Path, spec: &Spec, journal: &mut Journal, key: &Key) -> Result<Checked> {
    let mut checked = Checked {
        audit_lines: 0,
        outputs: 0,
        faults: Vec::new(),
    };
    match audit::check(&folder.join("audit.jsonl"), journal, key) {
        Ok(lines) => checked.audit_lines = lines,
        Err(error) => checked.faults.push(error.to_string()),
    }
    let mut after = 0;
    loop {
        let page = journal.page(after, PAGE)?;
        let Some(last) = page.last() else { break };
        after = last.entry.id;
        for member in &page {
            let stored = member.settled.as_ref().and_then(|s| report::bare(&s.1));
            let place = match &stored {
                Some(line) => report::output(member, line),
                None => member.entry.item.mirrored.clone(),
            };
            let target = spec.work.output.join(place);
            let wanted = stored.and_then(|r| r.output_sha256);
            let released = member.state == Some(Kind::Released);
            let fault = match (released, target.is_file()) {
                (true, false) => Some("is missing"),
                (true, true) if wanted != Some(release::digest(&target)?) => Some("was changed"),
                (true, true) => {
                    checked.outputs += 1;
                    None
                }
                (false, true) if !spec.work.overwrite && holds(&target, wanted.as_ref())? => {
                    Some("is out, and the journal does not know")
                }
                _ => None,
            };
            if let Some(fault) = fault {
                checked
                    .faults
                    .push(format!("the output {fault}: `{}`", target.display()));
            }
        }
    }
    Ok(checked)
}

fn holds(target: &Path, wanted: Option<&String>) -> Result<bool> {
    Ok(match wanted {
        Some(wanted) => release::digest(target)? == *wanted,
        None => false,
    })
}

/// Sets back every file with one of these reasons, so that it is treated again. Gives their number.
///
/// # Errors
/// [`Error::Config`] for a code that there is not, or that stands for files that were done and wait for others.
pub fn retry(job: &mut Job, key: &Key, codes: &[String]) -> Result<u64> {
    for code in codes {
        match Reason::find(code) {
            None => {
                return Err(Error::Config(format!(
                    "no such reason: `{code}`; `unburn help reasons` lists them"
                )));
            }
            Some(Reason::GroupIncomplete) => {
                return Err(Error::Config(
                    "these files are done and wait for others of their group; hint: retry the reason that `batch status` names for the group"
                        .into(),
                ));
            }
            Some(_) => {}
        }
    }
    let mut events = Vec::new();
    for code in codes {
        for id in job.journal().with_reason(code)? {
            events.push(NewEvent::new(Kind::Retried, Some(id)));
        }
    }
    let path = job.folder().join("audit.jsonl");
    let mut audit = Audit::open(&path, job.journal(), key)?;
    let added = job.journal().append(&events)?;
    audit.add(&added)?;
    audit.sync()?;
    Ok(events.len() as u64)
}
