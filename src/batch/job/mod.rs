//! Archive jobs: a folder that holds everything about one large run, so that it survives kills, full disks and bad files.
//!
//! ```text
//! JOB/job.toml        the frozen configuration and its digest                        (spec)
//! JOB/journal.sqlite  work list and append-only events; the truth about the job      (journal, list)
//! JOB/audit.jsonl     the same events without paths, chained with the project key    (audit)
//! JOB/report.jsonl    one line a file in work-list order, made from the journal      (report)
//! JOB/volumes/        with `--faces deface` the cut of each head CT                     (faces)
//! JOB/quarantine/     a reason for every file that was held back
//! JOB/lock            held by the runner, released by the system when it ends
//! OUTPUT/.unburn-ID/  finished outputs whose group is not complete yet
//! ```
//!
//! Everything in `JOB` is readable by its owner only: the journal and the quarantine hold paths, and paths may name
//! people. They hold no header values; series, studies and instances are keyed digests.
//!
//! # Why it survives a kill
//!
//! A file goes through `started` → (written and checked under a name of its own in `OUTPUT/.unburn-ID`) → `settled` →
//! (linked to its final name, folder synced) → `released`. Whatever was lost after a kill is found again: a file without
//! `settled` is treated anew, over what it left in the staging folder; a group whose files are all settled is released
//! anew, where a final name that holds the same bytes already counts as done. Outputs depend on input, settings and key
//! only, so doing it again gives the same bytes. The audit is made from the journal, and what it lacks is added on
//! opening.

pub mod audit;
pub mod contact;
pub mod crash;
mod drawing;
pub mod faces;
pub mod journal;
pub mod list;
pub mod merge;
pub mod plan;
pub mod release;
pub mod report;
pub mod runner;
mod source;
pub mod spec;
pub mod statement;
pub mod status;
pub mod summary;
pub mod trace;

use super::report_file::private_new;
use super::watch;
use crate::error::{Error, Result};
use crate::key::Key;
use journal::Journal;
use spec::Spec;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};

const SPEC: &str = "job.toml";
const JOURNAL: &str = "journal.sqlite";
const LOCK: &str = "lock";

/// A job whose folder this process has locked.
#[derive(Debug)]
pub struct Job {
    folder: PathBuf,
    spec: Spec,
    journal: Journal,
    _lock: File,
}

impl Job {
    /// Makes a new job in a folder that does not exist, is empty, or was left by an attempt that ended before its first
    /// step was done.
    ///
    /// # Errors
    /// [`Error::Config`] where the folder holds something else, or another runner is at work in it.
    pub fn create(folder: &Path, spec: Spec) -> Result<Job> {
        create_private_folder(folder)?;
        let lock = lock(folder)?;
        for entry in
            std::fs::read_dir(folder).map_err(|e| io("reading the job folder", folder, e))?
        {
            let entry = entry.map_err(|e| io("reading the job folder", folder, e))?;
            let name = entry.file_name();
            let name = name.to_string_lossy();
            let left_over = name == LOCK
                || name == watch::LIST
                || name.starts_with(JOURNAL)
                || name == "job.toml.partial";
            if !left_over {
                return Err(Error::Config(format!(
                    "the folder for the job is not empty: `{}`",
                    folder.display()
                )));
            }
        }
        let path = journal_path(folder, &spec);
        for suffix in ["", "-wal", "-shm"] {
            let mut name = path.clone().into_os_string();
            name.push(suffix);
            match std::fs::remove_file(&name) {
                Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
                    return Err(io("removing a journal that was never used", &path, e));
                }
                _ => {}
            }
        }
        if let Some(parent) = path.parent() {
            create_private_folder(parent)?;
        }
        let journal = Journal::create(&path, &spec)?;
        crash::point("created");
        write_whole(&folder.join(SPEC), spec.to_toml()?.as_bytes())?;
        Ok(Job {
            folder: folder.to_path_buf(),
            spec,
            journal,
            _lock: lock,
        })
    }

    /// Opens a job for running.
    ///
    /// # Errors
    /// [`Error::Config`] where it is no job, another runner is at work in it, or `job.toml` is not what the journal was
    /// made with; the message names the difference.
    pub fn open(folder: &Path) -> Result<Job> {
        let spec = read_spec(folder)?;
        let lock = lock(folder)?;
        let mut journal = Journal::open(&journal_path(folder, &spec))?;
        refuse_difference("job.toml was changed", &journal.spec()?, &spec)?;
        Ok(Job {
            folder: folder.to_path_buf(),
            spec,
            journal,
            _lock: lock,
        })
    }

    /// The frozen configuration.
    pub fn spec(&self) -> &Spec {
        &self.spec
    }

    /// Takes settings that may change from run to run (`jobs`, `memory-mb`, `device`) for this run.
    pub fn use_settings(&mut self, settings: &crate::config::Config) {
        self.spec.settings = settings.clone();
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The journal.
    pub fn journal(&mut self) -> &mut Journal {
        &mut self.journal
    }

    /// That the key is the one that the job was begun with.
    ///
    /// # Errors
    /// [`Error::Config`] naming both ids.
    pub fn check_key(&self, key: &Key) -> Result<()> {
        check_key(&self.spec, key)
    }
}

/// See [`Job::check_key`].
pub fn check_key(spec: &Spec, key: &Key) -> Result<()> {
    if key.label() == spec.tool.key {
        return Ok(());
    }
    Err(Error::Config(format!(
        "the job was begun with key {}, this is key {}",
        spec.tool.key,
        key.label()
    )))
}

/// A job that is looked at, while a runner may be at work in it.
#[derive(Debug)]
pub struct View {
    /// The frozen configuration.
    pub spec: Spec,
    /// The journal, for reading.
    pub journal: Journal,
    /// Whether a runner is at work.
    pub running: bool,
}

impl View {
    /// Opens a job for looking.
    ///
    /// # Errors
    /// [`Error::Config`] where it is no job.
    pub fn open(folder: &Path) -> Result<View> {
        let spec = read_spec(folder)?;
        let journal = Journal::open_to_read(&journal_path(folder, &spec))?;
        let running = File::open(folder.join(LOCK))
            .is_ok_and(|file| matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)));
        Ok(View {
            spec,
            journal,
            running,
        })
    }
}

/// Whether a folder holds a job.
pub fn is_job(folder: &Path) -> bool {
    folder.join(SPEC).is_file()
}

/// Reads `job.toml`.
///
/// # Errors
/// [`Error::Config`] where there is none or it is damaged.
pub fn read_spec(folder: &Path) -> Result<Spec> {
    let path = folder.join(SPEC);
    let text = std::fs::read_to_string(&path).map_err(|e| match e.kind() {
        std::io::ErrorKind::NotFound => Error::Config(format!(
            "no job in `{}`; hint: `unburn batch run` makes one",
            folder.display()
        )),
        _ => io("reading the job", &path, e),
    })?;
    Spec::from_toml(&text)
}

/// Refuses a configuration that differs from the frozen one.
///
/// # Errors
/// [`Error::Config`] with the difference.
pub fn refuse_difference(what: &str, frozen: &Spec, now: &Spec) -> Result<()> {
    let lines = frozen.difference(now);
    if lines.is_empty() {
        return Ok(());
    }
    Err(Error::Config(format!(
        "{what}, and a job keeps the configuration it was begun with: {}; hint: make a new job",
        lines.join("; ")
    )))
}

fn journal_path(folder: &Path, spec: &Spec) -> PathBuf {
    match &spec.work.journal {
        Some(other) => other.join(format!("{}.sqlite", spec.job)),
        None => folder.join(JOURNAL),
    }
}

/// Takes the lock of a folder. The system gives it back when the process ends, however it ends.
///
/// # Errors
/// [`Error::Config`] where another process has it, [`Error::Io`].
pub fn lock(folder: &Path) -> Result<File> {
    let path = folder.join(LOCK);
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    let mut file = options
        .open(&path)
        .map_err(|e| io("opening the lock of the job", &path, e))?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let mut holder = String::new();
            // For people only: without it the message is still right.
            let _ = file.read_to_string(&mut holder);
            return Err(Error::Config(format!(
                "another process works on this job (process {}): `{}`",
                holder.trim(),
                folder.display()
            )));
        }
        Err(TryLockError::Error(e)) => return Err(io("locking the job", &path, e)),
    }
    file.set_len(0)
        .and_then(|()| file.rewind())
        .and_then(|()| writeln!(file, "{}", std::process::id()))
        .map_err(|e| io("writing the lock of the job", &path, e))?;
    Ok(file)
}

/// A folder (and those above it, where missing) that only its owner can read.
///
/// # Errors
/// [`Error::Io`].
pub fn create_private_folder(folder: &Path) -> Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt;
        builder.mode(0o700);
    }
    builder
        .create(folder)
        .map_err(|e| io("creating the job folder", folder, e))
}

/// Writes a private file that is there in whole or not at all.
///
/// # Errors
/// [`Error::Io`].
pub fn write_whole(path: &Path, bytes: &[u8]) -> Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".partial");
    let partial = path.with_file_name(name);
    let fail = |e| io("writing", &partial, e);
    match std::fs::remove_file(&partial) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => return Err(fail(e)),
        _ => {}
    }
    let mut file = private_new(&partial).map_err(fail)?;
    file.write_all(bytes)
        .and_then(|()| file.sync_all())
        .map_err(fail)?;
    std::fs::rename(&partial, path).map_err(|e| io("naming", path, e))
}

fn io(action: &'static str, path: &Path, source: std::io::Error) -> Error {
    Error::Io {
        action,
        path: path.to_path_buf(),
        source,
    }
}
