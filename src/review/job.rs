//! Reviewing the held files of an archive job: records are events of its journal, and an approval is settled and let out by
//! the job's own runner, through its groups, its audit and its quarantine.

use super::files::Work;
use super::state::Record;
use super::store::Store;
use crate::batch::job::audit::Audit;
use crate::batch::job::journal::{Kind, NewEvent};
use crate::batch::job::runner::{self, JobProgress, Watch};
use crate::batch::job::{Job, create_private_folder, faces};
use crate::batch::run::Crew;
use crate::error::{Error, Result};
use crate::key::Key;
use crate::outcome::{Outcome, Reason};
use crate::redact::{Draft, Edited, Engine};
use crate::report::FileReport;
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Files and events fetched from the journal together.
const PAGE: u32 = 500;

/// A job under review, locked by this process.
#[derive(Clone)]
pub struct JobDesk {
    books: Arc<Mutex<Books>>,
    key: Key,
}

/// The job, and its audit as long as no runner has it.
struct Books {
    job: Job,
    audit: Option<Audit>,
}

impl Books {
    /// Adds to journal and audit.
    fn add(&mut self, event: NewEvent, key: &Key) -> Result<()> {
        let events = self.job.journal().append(&[event])?;
        if let Some(audit) = &mut self.audit {
            return audit.add(&events);
        }
        // Opening adds what the audit lacks.
        let path = self.job.folder().join("audit.jsonl");
        self.audit = Some(Audit::open(&path, self.job.journal(), key)?);
        Ok(())
    }
}

impl JobDesk {
    /// Takes a job that has an outcome for every file, and gives its cuts of faces to the engine.
    ///
    /// # Errors
    /// [`Error::Config`] for a job that is not finished.
    pub fn new(mut job: Job, key: Key, engine: &Engine) -> Result<JobDesk> {
        job.check_key(&key)?;
        let unfinished =
            !job.journal().is_listed()? || !job.journal().open_entries(0, 1)?.is_empty();
        if unfinished {
            return Err(Error::Config(format!(
                "the job is not finished; hint: `unburn batch resume {}` first",
                job.folder().display()
            )));
        }
        faces::prepare(&mut job, engine)?;
        Ok(JobDesk {
            books: Arc::new(Mutex::new(Books { job, audit: None })),
            key,
        })
    }

    fn books(&self) -> MutexGuard<'_, Books> {
        // The journal is sound after every statement, whatever panicked beside it.
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Files that wait for a person: those settled as `needs-review` or `quarantined`, and outliers of their group. With
    /// `written` those that came out instead, to draw a sample from.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn files(&self, written: bool) -> Result<Vec<Work>> {
        let job = &mut self.books().job;
        let (mut held, mut after) = (Vec::new(), 0);
        loop {
            let page = job.journal().page(after, PAGE)?;
            let Some(last) = page.last() else {
                return Ok(held);
            };
            after = last.entry.id;
            for member in page {
                let Some((outcome, data)) = &member.settled else {
                    continue;
                };
                let entry = member.entry.id;
                let why = if member.state == Some(Kind::Held) {
                    job.journal().held_for(entry)?
                } else {
                    None
                };
                let outlier = why.as_deref() == Some(Reason::Outlier.code());
                let waits = matches!(outcome, Outcome::NeedsReview | Outcome::Quarantined);
                let wanted = match written {
                    true => outcome.is_written(),
                    false => waits || outlier,
                };
                if !wanted {
                    continue;
                }
                let reason = crate::batch::job::report::bare(data).and_then(|r| r.reason);
                let (outcome, reason) = match outlier {
                    true => (Outcome::NeedsReview, why),
                    false => (*outcome, reason),
                };
                held.push(Work {
                    item: member.entry.item,
                    held: Some((entry, outcome, reason)),
                });
            }
        }
    }

    /// Makes ids that say nothing, the same in every review of this job.
    ///
    /// # Errors
    /// Never: the digest is long enough for a key.
    pub fn salt(&self) -> Result<Key> {
        let id = self.books().job.spec().job.clone();
        Key::from_content(&self.key.mac("review ids", id.as_bytes()))
    }

    /// The folder for templates and evidence.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn folder(&self) -> Result<PathBuf> {
        let folder = self.books().job.folder().join("review");
        create_private_folder(&folder)?;
        Ok(folder)
    }

    /// Settles a file as a person left it, and lets out what became complete by it.
    ///
    /// # Errors
    /// Those of the runner; the file is then as it was, or treated again by `batch resume`.
    pub fn carry_out(
        &self,
        engine: &Engine,
        entry: u64,
        draft: &Draft,
        edited: &Edited,
    ) -> Result<Option<FileReport>> {
        let mut books = self.books();
        books.add(NewEvent::new(Kind::Retried, Some(entry)), &self.key)?;
        // The runner opens it for itself.
        books.audit = None;
        let job = &mut books.job;
        let crew = Crew {
            workers: 1,
            memory: u64::MAX / 4,
        };
        let told = Mutex::new(None);
        let treat = |id: u64, input: crate::redact::Input<'_>, target: &crate::redact::Target| {
            if id != entry {
                return engine.redact_input(input, target, true);
            }
            let report = engine.carry_out(input, draft, edited, target, true);
            *told.lock().unwrap_or_else(PoisonError::into_inner) = Some(report.clone());
            report
        };
        let drain = AtomicBool::new(false);
        runner::run_with(job, engine, &self.key, crew, &drain, &mut Quiet, &treat)?;
        Ok(told.into_inner().unwrap_or_else(PoisonError::into_inner))
    }

    /// Writes the job's report anew.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn write_report(&self) -> Result<()> {
        runner::write_report(&mut self.books().job).map(|_| ())
    }
}

impl Store for JobDesk {
    fn load(&mut self) -> Result<Vec<Record>> {
        let job = &mut self.books().job;
        let (mut records, mut after) = (Vec::new(), 0);
        loop {
            let events = job.journal().events(after, PAGE)?;
            let Some(last) = events.last() else {
                return Ok(records);
            };
            after = last.seq;
            for event in events
                .into_iter()
                .filter(|e| e.event.kind == Kind::Reviewed)
            {
                let data = event.event.data.unwrap_or_default();
                records.push(serde_json::from_str(&data).map_err(|_| {
                    Error::Config(format!("event {} of the journal is no review", event.seq))
                })?);
            }
        }
    }

    fn append(&mut self, record: &Record) -> Result<()> {
        let data = serde_json::to_string(record).map_err(|e| Error::Config(e.to_string()))?;
        let event = NewEvent {
            data: Some(data),
            ..NewEvent::new(Kind::Reviewed, None)
        };
        self.books().add(event, &self.key)
    }
}

/// Nobody watches one file.
struct Quiet;

impl Watch for Quiet {
    fn listing(&mut self, _: u64) {}

    fn progress(&mut self, _: &JobProgress) {}
}
