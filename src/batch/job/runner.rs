//! Running a job: from its journal through [`crate::batch::run::pump`] and back into the journal.
//!
//! Only the calling thread touches journal and audit. A fault of the disk stops the job and settles nothing: files under
//! way are treated again on resume. What befalls one file is settled as that file's outcome.

use super::audit::Audit;
use super::journal::{Entry, Kind, Member, NewEvent};
use super::list::{self, Sources};
use super::release::{self, Places};
use super::spec::Release;
use super::{Job, crash, report, source, statement};
use crate::batch::quarantine::Quarantine;
use crate::batch::report_file::ReportFile;
use crate::batch::run::{self, Crew, Feed, Next, Task};
use crate::batch::walk::{self, WorkItem};
use crate::batch::watch;
use crate::error::{Error, Result};
use crate::key::Key;
use crate::outcome::{Outcome, Reason};
use crate::redact::{Engine, Input, Target};
use crate::report::{FileReport, Summary};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Entries fetched from the journal together.
const PAGE: u32 = 256;
/// Events committed together at most, and how long one waits at most.
const COMMIT_EVENTS: usize = 512;
const COMMIT_AFTER: Duration = Duration::from_secs(1);
/// Marks a file whose SOP Instance UID an earlier one has.
const DUPLICATE: &str = "duplicate-sop-instance";

/// How far a job is.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct JobProgress {
    /// Entries of the work list, and those that have an outcome.
    pub files: u64,
    /// See `files`.
    pub files_done: u64,
    /// Bytes of all inputs, and of those that have an outcome.
    pub bytes: u64,
    /// See `bytes`.
    pub bytes_done: u64,
    /// Bytes and frames since this run began.
    pub bytes_now: u64,
    /// See `bytes_now`.
    pub frames_now: u64,
    /// Files by outcome, in the order of [`Outcome::ALL`].
    pub outcomes: [u64; 6],
    /// Seconds since this run began to treat files.
    pub elapsed_s: f64,
    /// Share of that time in which the graphics device was at work; `None` on the processor.
    pub device_use: Option<f64>,
}

/// Hears how far a job is.
pub trait Watch {
    /// Files found while the work list is made.
    fn listing(&mut self, found: u64);
    /// Called often.
    fn progress(&mut self, progress: &JobProgress);
}

/// How a run ended.
#[derive(Debug)]
pub struct Ended {
    /// What became of all files so far.
    pub summary: Summary,
    /// Where the report lies.
    pub report: PathBuf,
}

/// Runs a job until every file has an outcome, or `drain` becomes true.
///
/// # Errors
/// [`Error::Io`] where the disk failed, [`Error::Config`] where two inputs would have one output. The job can be resumed.
pub fn run(
    job: &mut Job,
    engine: &Engine,
    key: &Key,
    crew: Crew,
    drain: &AtomicBool,
    meter: &mut dyn Watch,
) -> Result<Ended> {
    let treat =
        |_: u64, input: Input<'_>, target: &Target| engine.redact_input(input, target, true);
    run_with(job, engine, key, crew, drain, meter, &treat)?;
    write_report(job)
}

/// How a file is treated: its number in the work list, its bytes, and where its output waits.
pub type Treat<'a> = &'a (dyn Fn(u64, Input<'_>, &Target) -> FileReport + Sync);

/// The same with another way to treat files, and without the report.
///
/// # Errors
/// See [`run()`].
pub fn run_with(
    job: &mut Job,
    engine: &Engine,
    key: &Key,
    crew: Crew,
    drain: &AtomicBool,
    meter: &mut dyn Watch,
    treat: Treat<'_>,
) -> Result<()> {
    let spec = job.spec().clone();
    let limits = spec.settings.limits;
    let places = Places {
        output: spec.work.output.clone(),
        staging: spec.work.output.join(format!(".unburn-{}", spec.job)),
        overwrite: spec.work.overwrite,
    };
    std::fs::create_dir_all(&places.output).map_err(|source| Error::Io {
        action: "creating the output folder",
        path: places.output.clone(),
        source,
    })?;
    super::create_private_folder(&places.staging)?;
    places.clear_temporary()?;
    make_list(job, key, meter)?;
    super::faces::prepare(job, engine)?;
    let folder = job.folder().to_path_buf();
    let audit = Audit::open(&folder.join("audit.jsonl"), job.journal(), key)?;
    let (files, bytes) = job.journal().totals()?;
    let progress = begun(job, files, bytes)?;
    let mut feed = JobFeed {
        quarantine: Quarantine::new(folder.join("quarantine"), spec.work.quarantine_copy, true),
        job,
        audit,
        places: places.clone(),
        release: spec.work.release,
        keyed: spec.settings.keyed_names(),
        roots: spec.work.inputs.clone(),
        buffer: VecDeque::new(),
        after: 0,
        redo: false,
        under_way: HashMap::new(),
        pending: Vec::new(),
        settled: Vec::new(),
        groups: HashMap::new(),
        busy: &|| engine.device_busy(),
        busy_before: engine.device_busy(),
        last_commit: Instant::now(),
        journal_time: Duration::ZERO,
        stop: None,
        drain,
        progress,
        started: Instant::now(),
        meter,
    };
    feed.record(&[NewEvent {
        data: Some(
            json!({"process": std::process::id(), "workers": crew.workers, "memory": crew.memory,
                "device": engine.device(), "opt_out": engine.opt_out(),
                "profile": engine.profile().map(statement::noted_profile)})
            .to_string(),
        ),
        ..NewEvent::new(Kind::RunStarted, None)
    }])?;
    feed.release_waiting()?;
    let read = |item: &WorkItem| source::bytes(item, &limits);
    let keyed = spec.settings.keyed_names();
    let work = |task: &Task, bytes: run::Bytes| {
        let name = task.item.name();
        let staged = places.staged(task.id);
        let target = if keyed {
            Target::Staged(staged)
        } else {
            Target::Path(staged)
        };
        let report = treat(task.id, Input::Read(&name, bytes), &target);
        crash::point("treated");
        report
    };
    loop {
        run::pump(&mut feed, crew, engine.tool(), drain, read, work);
        feed.commit();
        if !feed.redo || feed.stop.is_some() || drain.load(Ordering::Relaxed) {
            break;
        }
        // Staged outputs that were taken away: once more from the start.
        (feed.redo, feed.after) = (false, 0);
    }
    if let Some(error) = feed.stop.take() {
        return Err(error);
    }
    let wall_ms = feed.started.elapsed().as_millis() as u64;
    let journal_ms = feed.journal_time.as_millis() as u64;
    feed.record(&[NewEvent {
        data: Some(json!({"wall_ms": wall_ms, "journal_ms": journal_ms}).to_string()),
        ..NewEvent::new(Kind::RunEnded, None)
    }])?;
    feed.audit.sync()?;
    crash::point("ended");
    drop(feed);
    // Only an empty folder can be removed: what waits for its group stays.
    let _ = std::fs::remove_dir(&places.staging);
    Ok(())
}

/// Writes `report.jsonl` from the journal.
///
/// # Errors
/// [`Error::Io`].
pub fn write_report(job: &mut Job) -> Result<Ended> {
    let path = job.folder().join("report.jsonl");
    let spec = job.spec().clone();
    let mut file = ReportFile::create(&path, true)?;
    let mut summary = report::each(&spec, job.journal(), |_, line| file.line(&line))?;
    summary.finish(report::wall_ms(job.journal())?);
    file.line(&summary)?;
    crash::point("reported");
    file.finish()?;
    Ok(Ended {
        summary,
        report: path,
    })
}

/// What was done before this run.
fn begun(job: &mut Job, files: u64, bytes: u64) -> Result<JobProgress> {
    let mut progress = JobProgress {
        files,
        bytes,
        ..JobProgress::default()
    };
    for ((state, outcome), (n, size)) in job.journal().counts()? {
        let outcome = outcome.as_deref().and_then(Outcome::find);
        if let Some(outcome) = outcome.filter(|_| state != "retried") {
            progress.files_done += n;
            progress.bytes_done += size;
            progress.outcomes[outcome as usize] += n;
        }
    }
    Ok(progress)
}

/// Makes the work list, where it is not there yet.
///
/// # Errors
/// See [`list::build`].
pub fn make_list(job: &mut Job, key: &Key, meter: &mut dyn Watch) -> Result<()> {
    if job.journal().is_listed()? {
        return Ok(());
    }
    let spec = job.spec().clone();
    let limits = spec.settings.limits;
    let (inputs, links) = (&spec.work.inputs, spec.work.symlinks);
    let listed = if spec.work.listed_only {
        Some(watch::read_list(job.folder())?)
    } else {
        None
    };
    let mut find = |found: &mut list::Found<'_>| match (&listed, inputs.first()) {
        (Some(listed), Some(inbox)) => listed.iter().try_for_each(|arrival| {
            found(WorkItem {
                input: inbox.join(&arrival.path),
                member: None,
                mirrored: arrival.path.clone(),
                bytes: arrival.bytes,
                problem: None,
            })
        }),
        _ => walk::each_file(inputs, links, found),
    };
    let look = |item| source::look(item, &limits);
    list::build(
        job.journal(),
        Sources {
            walk: &mut find,
            look: &look,
            key,
            shard: spec.work.shard,
            found: &mut |n| meter.listing(n),
        },
    )
}

struct JobFeed<'a> {
    job: &'a mut Job,
    audit: Audit,
    places: Places,
    quarantine: Quarantine,
    release: Release,
    /// Whether outputs have keyed names, which the stored lines hold.
    keyed: bool,
    roots: Vec<PathBuf>,
    /// Entries to give out, and the number of the last one fetched.
    buffer: VecDeque<Entry>,
    after: u64,
    /// Whether a file with a lower number has to be treated again.
    redo: bool,
    under_way: HashMap<u64, Entry>,
    /// Events that are not committed yet, and the entries among them that have an outcome.
    pending: Vec<NewEvent>,
    settled: Vec<Entry>,
    /// Files without outcome in the groups that are under way.
    groups: HashMap<String, u64>,
    /// How long the device has been at work, now and when this run began.
    busy: &'a dyn Fn() -> Option<Duration>,
    busy_before: Option<Duration>,
    last_commit: Instant,
    /// Time that this thread spent on journal, audit and releases.
    journal_time: Duration,
    stop: Option<Error>,
    drain: &'a AtomicBool,
    progress: JobProgress,
    started: Instant,
    meter: &'a mut dyn Watch,
}

impl JobFeed<'_> {
    /// Stops the job in good order: nothing more is begun, and what is under way is not settled.
    fn fail(&mut self, error: Error) {
        self.stop.get_or_insert(error);
        self.drain.store(true, Ordering::SeqCst);
    }

    /// Adds events to journal and audit.
    fn record(&mut self, events: &[NewEvent]) -> Result<()> {
        let has = |kind| events.iter().any(|e| e.kind == kind);
        let events_now = self.job.journal().append(events)?;
        for (kind, place) in [
            (Kind::Started, "started"),
            (Kind::Settled, "settled"),
            (Kind::Released, "released"),
        ] {
            if has(kind) {
                crash::point(place);
            }
        }
        self.audit.add(&events_now)
    }

    /// Commits what is pending and releases what became complete by it.
    fn commit(&mut self) {
        let start = Instant::now();
        if self.stop.is_none() {
            self.commit_pending();
        }
        self.last_commit = Instant::now();
        self.journal_time += start.elapsed();
    }

    fn commit_pending(&mut self) {
        let pending = std::mem::take(&mut self.pending);
        let settled = std::mem::take(&mut self.settled);
        let done = (|| {
            if !pending.is_empty() {
                self.record(&pending)?;
            }
            self.release_complete(settled)
        })();
        if let Err(error) = done {
            self.fail(error);
        }
    }

    /// Files have their outcome in the journal: their groups may be complete.
    fn release_complete(&mut self, settled: Vec<Entry>) -> Result<()> {
        let mut groups: BTreeMap<(&'static str, String), u64> = BTreeMap::new();
        let mut complete = Vec::new();
        for entry in settled {
            match self.group_of(&entry) {
                Some(group) => *groups.entry(group).or_default() += 1,
                None => complete.push(self.job.journal().member(entry.id)?.into_iter().collect()),
            }
        }
        for ((column, group), settled) in groups {
            let left = match self.groups.remove(&group) {
                Some(left) => left.saturating_sub(settled),
                // The journal knows of these files already.
                None => self.job.journal().unsettled(column, &group)?,
            };
            if left > 0 {
                self.groups.insert(group, left);
            } else {
                complete.push(self.job.journal().group(column, &group)?);
            }
        }
        self.settle(&complete)
    }

    fn group_of(&self, entry: &Entry) -> Option<(&'static str, String)> {
        match self.release {
            Release::File => None,
            Release::Series => Some(("series", entry.series.clone()?)),
            Release::Study => Some(("study", entry.study.clone()?)),
        }
    }

    /// Lets out or keeps back groups of files, and notes it.
    fn settle(&mut self, groups: &[Vec<Member>]) -> Result<()> {
        let (mut events, mut folders) = (Vec::new(), BTreeSet::new());
        for members in groups
            .iter()
            .filter(|g| g.iter().all(|m| m.settled.is_some()))
        {
            let new = self.places.settle(members, &mut folders)?;
            self.count(members, &new);
            events.extend(new);
        }
        release::sync_folders(&folders)?;
        if events.is_empty() {
            return Ok(());
        }
        self.record(&events)
    }

    /// What events of a group mean for the progress and the quarantine.
    fn count(&mut self, members: &[Member], events: &[NewEvent]) {
        for event in events {
            let member = members.iter().find(|m| Some(m.entry.id) == event.file);
            let Some(member) = member else { continue };
            let was = member.settled.as_ref().map(|s| s.0);
            if let (Some(was), Some(now)) = (was, event.outcome)
                && member.state == Some(Kind::Settled)
            {
                self.progress.outcomes[was as usize] -= 1;
                self.progress.outcomes[now as usize] += 1;
            }
            match event.kind {
                Kind::Held => self.keep_reason(member, event),
                Kind::Released => self.quarantine.remove(&member.entry.item),
                Kind::Retried => self.redo = true,
                _ => {}
            }
        }
    }

    /// A reason beside every output that is kept back.
    fn keep_reason(&mut self, member: &Member, event: &NewEvent) {
        let Some(mut line) = report::line(self.job.spec(), member) else {
            return;
        };
        line.outcome = event.outcome.unwrap_or(Outcome::NeedsReview);
        line.reason.clone_from(&event.reason);
        line.detail = None;
        if let Err(error) = self.quarantine.add(&member.entry.item, &line) {
            self.fail(error);
        }
    }

    /// Groups that were complete when an earlier run ended before it could let them out.
    fn release_waiting(&mut self) -> Result<()> {
        let column = match self.release {
            Release::File => None,
            Release::Series => Some("series"),
            Release::Study => Some("study"),
        };
        for group in column.map_or(Ok(Vec::new()), |c| self.job.journal().waiting_groups(c))? {
            let members = self
                .job
                .journal()
                .group(column.unwrap_or_default(), &group)?;
            self.settle(&[members])?;
        }
        for id in self.job.journal().waiting_groups("id")? {
            let id = id.parse().unwrap_or_default();
            if let Some(member) = self.job.journal().member(id)?
                && self.group_of(&member.entry).is_none()
            {
                self.settle(&[vec![member]])?;
            }
        }
        Ok(())
    }

    /// Whether a report tells of a fault of the disk rather than of the file.
    fn disk_fault(&self, report: &FileReport) -> Option<Error> {
        let is = |reason: Reason| report.reason.as_deref() == Some(reason.code());
        let detail = || std::io::Error::other(report.detail.clone().unwrap_or_default());
        if is(Reason::Write) {
            return Some(Error::Io {
                action: "writing an output",
                path: self.places.staging.clone(),
                source: detail(),
            });
        }
        let gone = |root: &&PathBuf| std::fs::metadata(root).is_err();
        if is(Reason::Read)
            && let Some(root) = self.roots.iter().find(gone)
        {
            return Some(Error::Io {
                action: "reading the input",
                path: root.clone(),
                source: detail(),
            });
        }
        None
    }
}

impl Feed for JobFeed<'_> {
    fn next(&mut self) -> Next {
        if self.stop.is_some() {
            return Next::End;
        }
        if self.buffer.is_empty() {
            let start = Instant::now();
            let page = self.job.journal().open_entries(self.after, PAGE);
            self.journal_time += start.elapsed();
            match page {
                Ok(entries) => self.buffer.extend(entries),
                Err(error) => {
                    self.fail(error);
                    return Next::End;
                }
            }
        }
        let Some(entry) = self.buffer.pop_front() else {
            return Next::End;
        };
        self.after = entry.id;
        self.pending
            .push(NewEvent::new(Kind::Started, Some(entry.id)));
        let task = Task {
            id: entry.id,
            item: entry.item.clone(),
            cost: entry.cost,
        };
        self.under_way.insert(entry.id, entry);
        Next::Task(Box::new(task))
    }

    fn done(&mut self, task: Task, mut report: FileReport) {
        let Some(entry) = self.under_way.remove(&task.id) else {
            return;
        };
        if let Some(error) = self.disk_fault(&report) {
            return self.fail(error);
        }
        if !self.keyed {
            // Its name follows from the work list.
            report.output = None;
        }
        if entry.duplicate.is_some() {
            report.warnings.push(DUPLICATE.into());
        }
        if let Err(error) = self.quarantine.add(&entry.item, &report) {
            return self.fail(error);
        }
        let data = match report::stored(&mut report) {
            Ok(data) => data,
            Err(error) => return self.fail(error),
        };
        self.pending.push(NewEvent {
            outcome: Some(report.outcome),
            reason: report.reason.clone(),
            data: Some(data),
            ..NewEvent::new(Kind::Settled, Some(entry.id))
        });
        let p = &mut self.progress;
        p.files_done += 1;
        p.bytes_done += entry.item.bytes;
        p.bytes_now += entry.item.bytes;
        p.frames_now += u64::from(report.frames.unwrap_or(0));
        p.outcomes[report.outcome as usize] += 1;
        self.settled.push(entry);
    }

    fn tick(&mut self) {
        if self.pending.len() >= COMMIT_EVENTS || self.last_commit.elapsed() >= COMMIT_AFTER {
            self.commit();
        }
        let elapsed = self.started.elapsed();
        self.progress.elapsed_s = elapsed.as_secs_f64();
        let busy = (self.busy)().zip(self.busy_before);
        self.progress.device_use = busy.map(|(now, before)| {
            now.saturating_sub(before).as_secs_f64() / elapsed.as_secs_f64().max(0.001)
        });
        self.meter.progress(&self.progress);
    }
}
