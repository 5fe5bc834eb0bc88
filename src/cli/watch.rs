//! `unburn batch watch`: what arrives in an inbox becomes jobs, one round after the other.

use super::args::JobWatchArgs;
use super::batch::{self, Prepared};
use super::text::count;
use super::{Exit, message, signals};
use crate::batch::job::{self, Job, runner};
use crate::batch::watch::{self, Arrival, Inbox};
use crate::error::{Error, Result};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// How often the inbox is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// How often an interruption is looked for.
const STEP: Duration = Duration::from_millis(100);

/// Runs the command.
pub fn run(args: &JobWatchArgs) -> Result<Exit> {
    let prepared = batch::prepare(&args.run)?;
    super::no_deface(&prepared.config)?;
    let [inbox] = prepared.work.inputs.as_slice() else {
        return Err(Error::Config("a watcher has one inbox".into()));
    };
    if !inbox.is_dir() {
        return Err(Error::Config(format!(
            "the inbox is no folder: `{}`",
            inbox.display()
        )));
    }
    let folder = &args.run.job;
    job::create_private_folder(folder)?;
    let _lock = job::lock(folder)?;
    let drain = signals::drain_on_interrupt();
    let mut inbox = Inbox::new(
        inbox.clone(),
        prepared.work.release,
        Duration::from_secs(args.quiet),
        prepared.config.limits,
    );
    let mut watcher = Watcher {
        rounds: folder.join("rounds"),
        next: 1,
        prepared,
        args,
        drain: &drain,
        attention: false,
    };
    watcher.take_up(&mut inbox)?;
    while !drain.load(Ordering::Relaxed) {
        let ready = inbox.scan(Instant::now())?;
        if !ready.is_empty() {
            watcher.round(&ready)?;
            inbox.take(&ready);
        } else if args.once && !inbox.is_waiting() {
            break;
        } else {
            wait(&drain);
        }
    }
    Ok(match (drain.load(Ordering::Relaxed), watcher.attention) {
        (true, _) => Exit::Interrupted,
        (false, true) => Exit::Attention,
        (false, false) => Exit::Done,
    })
}

fn wait(drain: &AtomicBool) {
    let start = Instant::now();
    while start.elapsed() < LOOK_EVERY && !drain.load(Ordering::Relaxed) {
        std::thread::sleep(STEP);
    }
}

struct Watcher<'a> {
    rounds: PathBuf,
    next: u64,
    prepared: Prepared,
    args: &'a JobWatchArgs,
    drain: &'a AtomicBool,
    attention: bool,
}

impl Watcher<'_> {
    /// Finishes what an earlier watcher left, and remembers what it took.
    fn take_up(&mut self, inbox: &mut Inbox) -> Result<()> {
        loop {
            let folder = self.folder(self.next);
            if !folder.exists() {
                return Ok(());
            }
            if !job::is_job(&folder) {
                // Killed before the round was one: its files are still in the inbox.
                std::fs::remove_dir_all(&folder).map_err(|source| Error::Io {
                    action: "removing a round that never began",
                    path: folder.clone(),
                    source,
                })?;
                return Ok(());
            }
            let mut job = Job::open(&folder)?;
            let mut now = self.prepared.spec(true)?;
            now.job.clone_from(&job.spec().job);
            job::refuse_difference("the configuration differs", job.spec(), &now)?;
            inbox.take(&watch::read_list(&folder)?);
            let journal = job.journal();
            let open = !journal.is_listed()? || !journal.open_entries(0, 1)?.is_empty();
            // A drained round has a report too, of what it had done.
            if open || !folder.join("report.jsonl").exists() {
                self.treat(&mut job, self.next)?;
            }
            self.next += 1;
        }
    }

    /// Makes a round of these files and treats them.
    fn round(&mut self, ready: &[Arrival]) -> Result<()> {
        let folder = self.folder(self.next);
        job::create_private_folder(&folder)?;
        watch::write_list(&folder, ready)?;
        let mut job = Job::create(&folder, self.prepared.spec(true)?)?;
        self.treat(&mut job, self.next)?;
        self.next += 1;
        Ok(())
    }

    fn treat(&mut self, job: &mut Job, number: u64) -> Result<()> {
        let (engine, key) = (&self.prepared.engine, &self.prepared.key);
        let mut meter = super::progress::JobMeter::new(self.args.run.runner.progress);
        let crew = batch::crew(&self.prepared.config);
        let ended = runner::run(job, engine, key, crew, self.drain, &mut meter);
        meter.finish();
        let summary = ended?.summary;
        self.attention |= batch::asks_for_a_person(&summary);
        let counted: Vec<String> = summary
            .outcomes
            .iter()
            .map(|(outcome, n)| format!("{n} {outcome}"))
            .collect();
        message(&format!(
            "round {number}: {}: {}",
            count(summary.files, "file"),
            counted.join(", ")
        ));
        Ok(())
    }

    fn folder(&self, number: u64) -> PathBuf {
        Path::new(&self.rounds).join(format!("{number:06}"))
    }
}
