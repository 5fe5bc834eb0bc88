//! `unburn batch`: archive jobs.

use super::args::{
    BatchVerb, JobMergeArgs, JobPlanArgs, JobReportArgs, JobResumeArgs, JobRetryArgs, JobRunArgs,
    JobStatusArgs, LinkKind, ReleaseKind, RunnerArgs, SettingArgs,
};
use super::output::{Out, summary_lines};
use super::progress::JobMeter;
use super::text::{count, duration, shown};
use super::{Exit, given_key, message, signals};
use crate::batch::job::plan::{self, Forecast, Range};
use crate::batch::job::runner::{self, Ended};
use crate::batch::job::spec::{Release, Spec, WorkSpec};
use crate::batch::job::status::{self, Status};
use crate::batch::job::summary::{self, JobSummary};
use crate::batch::job::{self, Job, View, contact, merge};
use crate::batch::report_file::ReportFile;
use crate::batch::run::Crew;
use crate::batch::walk::{self, Links};
use crate::config::Config;
use crate::error::{Error, Result};
use crate::key::Key;
use crate::outcome::Outcome;
use crate::redact::Engine;
use crate::report::Summary;
use std::path::Path;
use std::sync::atomic::Ordering;

/// `unburn batch …`
pub fn run(verb: BatchVerb) -> Result<Exit> {
    match verb {
        BatchVerb::Run(args) => begin(args),
        BatchVerb::Resume(args) => resume(args),
        BatchVerb::Status(args) => show_status(&args),
        BatchVerb::Report(args) => report(&args),
        BatchVerb::Plan(args) => plan(&args),
        BatchVerb::Retry(args) => retry(&args),
        BatchVerb::Watch(args) => super::watch::run(&args),
        BatchVerb::Merge(args) => merge(&args),
    }
}

fn begin(args: JobRunArgs) -> Result<Exit> {
    let (mut job, engine, key) = make(&args)?;
    go(&mut job, &engine, &key, &args.runner)
}

/// Everything that a job is made from.
pub(super) struct Prepared {
    /// Settings of the run.
    pub config: Config,
    /// Project key.
    pub key: Key,
    /// What and where.
    pub work: WorkSpec,
    /// Models and device, opened.
    pub engine: Engine,
}

impl Prepared {
    /// The configuration of a new job; of a watcher's round with `listed_only`.
    pub fn spec(&self, listed_only: bool) -> Result<Spec> {
        let work = WorkSpec {
            listed_only,
            ..self.work.clone()
        };
        Spec::new(work, self.engine.tool().clone(), self.config.clone())
    }
}

/// Checks the command line of a new job and opens what it needs.
pub(super) fn prepare(args: &JobRunArgs) -> Result<Prepared> {
    let config = super::settings(&args.settings)?;
    let key = job_key(args.runner.key.as_deref())?;
    let work = work_spec(args, &config)?;
    let engine = Engine::open(&config, Some(key.clone()))?.with_lists(None)?;
    Ok(Prepared {
        config,
        key,
        work,
        engine,
    })
}

/// Makes a new job. Where there is one already, says what differs, or that there is nothing to begin.
fn make(args: &JobRunArgs) -> Result<(Job, Engine, Key)> {
    let prepared = prepare(args)?;
    let mut spec = prepared.spec(false)?;
    if job::is_job(&args.job) {
        let frozen = job::read_spec(&args.job)?;
        spec.job.clone_from(&frozen.job);
        job::refuse_difference("the configuration differs", &frozen, &spec)?;
        return Err(Error::Config(format!(
            "the job exists already, with this configuration; hint: `unburn batch resume {}`",
            args.job.display()
        )));
    }
    Ok((Job::create(&args.job, spec)?, prepared.engine, prepared.key))
}

/// Whether a summary names files that ask for a person.
pub(super) fn asks_for_a_person(summary: &Summary) -> bool {
    [Outcome::NeedsReview, Outcome::Quarantined, Outcome::Failed]
        .iter()
        .any(|o| summary.count(*o) > 0)
}

fn plan(args: &JobPlanArgs) -> Result<Exit> {
    let (mut job, engine, key) = make(&args.run)?;
    let drain = signals::drain_on_interrupt();
    let mut meter = JobMeter::new(args.run.runner.progress);
    let crew = crew(&job.spec().settings);
    let planned = runner::make_list(&mut job, &key, &mut meter)
        .and_then(|()| plan::forecast(&mut job, &engine, crew, args.sample, &drain));
    meter.finish();
    let forecast = planned?;
    if drain.load(Ordering::Relaxed) {
        return Ok(Exit::Interrupted);
    }
    let mut out = Out::new();
    if args.run.runner.json {
        out.json(&forecast);
    } else {
        forecast_lines(&forecast).iter().for_each(|l| out.line(l));
        out.line(&format!(
            "begin it with: unburn batch resume {}",
            shown(&args.run.job.to_string_lossy())
        ));
    }
    out.finish()?;
    Ok(Exit::Done)
}

fn forecast_lines(f: &Forecast) -> Vec<String> {
    let range = |r: &Range, unit: f64, digits: usize| {
        let [low, expected, high] = [r.low, r.expected, r.high].map(|v| v / unit);
        format!("{expected:.digits$} ({low:.digits$} to {high:.digits$})")
    };
    let mut lines = vec![format!(
        "{}, {} of them tried",
        count(f.files, "file"),
        f.sampled
    )];
    for (workers, hours) in &f.hours {
        let [low, expected, high] =
            [hours.low, hours.expected, hours.high].map(|h| duration(h * 3600.0));
        let workers = count(*workers, "worker");
        lines.push(format!("{expected} ({low} to {high}) with {workers}"));
    }
    lines.push(format!("{:>24} MB of outputs", range(&f.bytes_out, 1e6, 1)));
    for (syntax, factor) in &f.size_factor {
        lines.push(format!("{factor:>24.2} times the size: {}", shown(syntax)));
    }
    for (name, n) in f.outcomes.iter().chain(&f.reasons) {
        lines.push(format!("{:>24}  {}", range(n, 1.0, 0), shown(name)));
    }
    lines
}

fn merge(args: &JobMergeArgs) -> Result<Exit> {
    let key = job_key(args.key.as_deref())?;
    let summary = merge::merge(&args.into, &args.shards, &key)?;
    let mut out = Out::new();
    if args.json {
        out.json(&summary);
    } else {
        summary_lines(&summary, false)
            .iter()
            .for_each(|l| out.line(l));
    }
    out.finish()?;
    Ok(super::many::exit_of(&summary))
}

fn report(args: &JobReportArgs) -> Result<Exit> {
    let mut view = View::open(&args.job)?;
    if let Some(path) = &args.share_report {
        let key = job_key(args.key.as_deref())?;
        job::check_key(&view.spec, &key)?;
        share(&mut view, &key, path)?;
    }
    let forecast = plan::load(&args.job);
    let summary = JobSummary::of(&view.spec, &mut view.journal, forecast, args.pictures)?;
    let pictures = if summary.suspects.is_empty() {
        Vec::new()
    } else {
        // Pictures do not depend on the key.
        let engine = Engine::open(&view.spec.settings, None)?;
        let limits = view.spec.settings.limits;
        contact::pictures(&mut view.journal, &engine, &limits, &summary.suspects)?
    };
    let target = args
        .html
        .clone()
        .unwrap_or_else(|| args.job.join("report.html"));
    job::write_whole(&target, summary::html(&summary, &pictures).as_bytes())?;
    let mut out = Out::new();
    if args.json {
        out.json(&summary);
    } else {
        out.line(&shown(&target.to_string_lossy()));
    }
    out.finish()?;
    Ok(Exit::Done)
}

/// Writes the report that can be passed on.
fn share(view: &mut View, key: &Key, path: &Path) -> Result<()> {
    let mut file = ReportFile::create(path, false)?;
    let keyed = view.spec.settings.keyed_names();
    let folder = keyed.then(|| view.spec.work.output.clone());
    let summary = job::report::each(&view.spec, &mut view.journal, |member, report| {
        file.line(&report.shared(key, &member.entry.item.input, folder.as_deref()))
    })?;
    file.line(&summary)?;
    file.finish()
}

fn resume(args: JobResumeArgs) -> Result<Exit> {
    let key = job_key(args.runner.key.as_deref())?;
    let (mut job, engine) = reopened(&args.job, &key, &args.settings)?;
    go(&mut job, &engine, &key, &args.runner)
}

fn go(job: &mut Job, engine: &Engine, key: &Key, args: &RunnerArgs) -> Result<Exit> {
    let drain = signals::drain_on_interrupt();
    let mut meter = JobMeter::new(args.progress);
    let crew = crew(&job.spec().settings);
    let ended = runner::run(job, engine, key, crew, &drain, &mut meter);
    meter.finish();
    for warning in engine.warnings() {
        message(&format!("warning: {warning}"));
    }
    let ended = ended.inspect_err(|_| {
        message(&format!(
            "the job stopped; nothing is lost: `unburn batch resume {}` goes on",
            job.folder().display()
        ));
    })?;
    tell(job, &ended, args.json)?;
    Ok(super::many::exit_of(&ended.summary))
}

fn tell(job: &mut Job, ended: &Ended, json: bool) -> Result<()> {
    let mut out = Out::new();
    if json {
        out.json(&ended.summary);
    } else {
        let spec = job.spec().clone();
        let status = Status::of(&spec, job.journal(), false)?;
        let lines = summary_lines(&ended.summary, false);
        lines.iter().for_each(|l| out.line(l));
        group_lines(&status).iter().for_each(|l| out.line(l));
        out.line(&format!(
            "report: {}",
            shown(&ended.report.to_string_lossy())
        ));
    }
    out.finish()
}

/// How many threads, and how much memory.
pub(super) fn crew(config: &Config) -> Crew {
    Crew {
        workers: match config.jobs {
            0 => std::thread::available_parallelism().map_or(1, usize::from),
            jobs => jobs,
        },
        memory: match config.memory_mb {
            0 => crate::batch::budget::free_memory() / 2,
            mb => mb << 20,
        },
    }
}

/// A job to go on with, and the engine for it: of its own key, and configured as it was frozen.
pub(super) fn reopened(folder: &Path, key: &Key, settings: &SettingArgs) -> Result<(Job, Engine)> {
    let mut job = Job::open(folder)?;
    job.check_key(key)?;
    let config = settings.over(&job.spec().settings)?;
    let engine = Engine::open(&config, Some(key.clone()))?.with_lists(None)?;
    let mut now = job.spec().clone();
    now.tool.clone_from(engine.tool());
    now.settings = config;
    job::refuse_difference("the configuration differs", job.spec(), &now)?;
    job.use_settings(&now.settings);
    Ok((job, engine))
}

/// A job must be able to make the same UIDs again after a kill, and its audit is bound to the key.
pub(super) fn job_key(flag: Option<&Path>) -> Result<Key> {
    given_key(flag)?.ok_or_else(|| {
        Error::Config(
            "a job needs a project key; hint: `unburn key new FILE` makes one, `--key FILE` uses it"
                .into(),
        )
    })
}

fn work_spec(args: &JobRunArgs, config: &Config) -> Result<WorkSpec> {
    let mut inputs = args
        .input
        .iter()
        .map(|input| {
            std::fs::metadata(input).map_err(|source| Error::Io {
                action: "reading the input",
                path: input.clone(),
                source,
            })?;
            walk::real_path(input)
        })
        .collect::<Result<Vec<_>>>()?;
    inputs.sort();
    inputs.dedup();
    let output = walk::real_path(&args.output)?;
    let job = walk::real_path(&args.job)?;
    let inside = |a: &Path, b: &Path| a.starts_with(b) || b.starts_with(a);
    for input in &inputs {
        if inside(&output, input) || inside(&job, input) {
            return Err(Error::Config(format!(
                "the output folder, the job and each input must lie apart: `{}`",
                input.display()
            )));
        }
    }
    if inside(&output, &job) {
        return Err(Error::Config(format!(
            "the output folder and the job must lie apart: `{}`",
            output.display()
        )));
    }
    Ok(WorkSpec {
        inputs,
        output,
        release: match args.release {
            ReleaseKind::File => Release::File,
            ReleaseKind::Series => Release::Series,
            ReleaseKind::Study => Release::Study,
        },
        symlinks: match args.symlinks {
            LinkKind::Skip => Links::Skip,
            LinkKind::Follow => Links::Follow,
        },
        keep_metadata: config.keep_metadata,
        overwrite: args.overwrite,
        quarantine_copy: args.quarantine_copy,
        listed_only: false,
        shard: args.shard,
        recipient: args.recipient.clone(),
        purpose: args.purpose.clone(),
        journal: args.journal.as_deref().map(walk::real_path).transpose()?,
    })
}

fn show_status(args: &JobStatusArgs) -> Result<Exit> {
    let mut view = View::open(&args.job)?;
    let status = Status::of(&view.spec, &mut view.journal, view.running)?;
    let mut out = Out::new();
    let mut exit = Exit::Done;
    let mut faults = Vec::new();
    let mut checked = None;
    if args.check {
        let key = job_key(args.key.as_deref())?;
        job::check_key(&view.spec, &key)?;
        if view.running {
            return Err(Error::Config(
                "the job is running: it can be checked when the run has ended".into(),
            ));
        }
        let result = status::check(&args.job, &view.spec, &mut view.journal, &key)?;
        faults.clone_from(&result.faults);
        if !faults.is_empty() {
            exit = Exit::Attention;
        }
        checked = Some(result);
    }
    if args.json {
        let mut value = serde_json::to_value(&status).unwrap_or_default();
        if let (Some(map), Some(checked)) = (value.as_object_mut(), &checked) {
            map.insert(
                "check".into(),
                serde_json::to_value(checked).unwrap_or_default(),
            );
        }
        out.json(&value);
    } else {
        status_lines(&status).iter().for_each(|l| out.line(l));
        if let Some(checked) = checked {
            out.line(&format!(
                "checked: {}, {}",
                count(checked.audit_lines, "audit line"),
                count(checked.outputs, "output")
            ));
            faults
                .iter()
                .for_each(|f| out.line(&format!("fault: {}", shown(f))));
        }
    }
    out.finish()?;
    Ok(exit)
}

fn status_lines(status: &Status) -> Vec<String> {
    let mut lines = vec![format!(
        "job {}: {}",
        status.job,
        if status.running {
            "running"
        } else if !status.listed {
            "not listed yet"
        } else if status.open > 0 {
            "interrupted"
        } else {
            "complete"
        }
    )];
    lines.push(format!(
        "{} of {} have an outcome, {} under way",
        status.files - status.open,
        count(status.files, "file"),
        status.under_way
    ));
    for (outcome, n) in &status.outcomes {
        lines.push(format!("{n:>8}  {outcome}"));
    }
    for (reason, n) in &status.reasons {
        lines.push(format!("{n:>8}    {reason}"));
    }
    lines.extend(group_lines(status));
    if status.duplicates > 0 {
        lines.push(format!(
            "{} with the SOP Instance UID of an earlier file",
            count(status.duplicates, "file")
        ));
    }
    lines
}

/// Groups that are kept back, and what keeps them.
fn group_lines(status: &Status) -> Vec<String> {
    status
        .groups
        .iter()
        .map(|g| {
            let why: Vec<String> = g
                .missing
                .iter()
                .map(|(what, n)| format!("{n} {what}"))
                .collect();
            format!(
                "kept back: {} {} ({}): {}",
                g.kind,
                g.group,
                count(g.files, "file"),
                why.join(", ")
            )
        })
        .collect()
}

fn retry(args: &JobRetryArgs) -> Result<Exit> {
    let key = job_key(args.key.as_deref())?;
    let mut job = Job::open(&args.job)?;
    job.check_key(&key)?;
    let n = status::retry(&mut job, &key, &args.reason)?;
    message(&format!(
        "{} set back; `unburn batch resume {}` treats them again",
        count(n, "file"),
        args.job.display()
    ));
    Ok(Exit::Done)
}
