//! `redact` and `scan`: a run over many files.

use super::args::{OutputArgs, RedactArgs, ScanArgs};
use super::output::{Out, file_lines, summary_lines};
use super::progress::Meter;
use super::text::count;
use super::{Exit, key_for_run, message, signals};
use crate::batch::quarantine::Quarantine;
use crate::batch::report_file::ReportFile;
use crate::batch::run::{self, Observer, Progress};
use crate::batch::walk::{self, WorkItem};
use crate::config::Config;
use crate::error::{Error, Result};
use crate::outcome::Outcome;
use crate::plan::Action;
use crate::redact::{Engine, Target};
use crate::report::{FileReport, Summary};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

/// `unburn redact`
pub fn redact(args: RedactArgs) -> Result<Exit> {
    let Some(output) = args.output.as_deref().filter(|_| !args.dry_run) else {
        let scan = ScanArgs {
            inputs: args.inputs,
            fail_on_found: false,
            overwrite: args.overwrite,
            output_args: args.output_args,
            settings: args.settings,
        };
        let exit = scan_files(&scan)?;
        message("dry run: nothing was written");
        return Ok(exit);
    };
    let config = super::settings(&args.settings)?;
    super::no_deface(&config)?;
    let items = walk::work_list(&args.inputs)?;
    walk::check_output_folder(output, &args.inputs, &items, "the output folder")?;
    if let Some(folder) = &args.quarantine {
        walk::check_output_folder(folder, &args.inputs, &items, "the quarantine folder")?;
        let (kept_back, out) = (walk::real_path(folder)?, walk::real_path(output)?);
        if kept_back.starts_with(&out) || out.starts_with(&kept_back) {
            return Err(Error::Config(format!(
                "the quarantine folder and the output folder must lie apart: `{}`",
                folder.display()
            )));
        }
    }
    let key = key_for_run(args.key.as_deref())?;
    let engine =
        Engine::open(&config, Some(key))?.with_lists(args.reidentification_map.as_deref())?;
    match engine.profile() {
        None => message(
            "warning: --keep-metadata: names, ids and dates of the header stay in every output",
        ),
        Some(profile) => message(&format!("profile {}: {}", profile.name, profile.about)),
    }
    if let Some((digest, day)) = engine.opt_out() {
        message(&format!("opt-out list of {day}, SHA-256 {digest}"));
    }
    let keyed = config.keyed_names();
    let quarantine = args
        .quarantine
        .map(|folder| Quarantine::new(folder, args.quarantine_copy, args.overwrite));
    let work = |item: &WorkItem| {
        let target = if keyed {
            Target::Under(output.to_path_buf())
        } else {
            Target::Path(output.join(&item.mirrored))
        };
        engine.redact(&item.input, &target, args.overwrite)
    };
    let (summary, fault) = Run {
        items: &items,
        config: &config,
        engine: &engine,
        output: &args.output_args,
        overwrite: args.overwrite,
        boxes: false,
        quarantine,
        share_report: args.share_report.as_deref(),
        hide: keyed.then_some(output),
    }
    .go(work)?;
    tell_device_faults(&engine);
    let written = summary.count(Outcome::Clean) + summary.count(Outcome::Masked);
    if written > 0 && config.keep_metadata {
        message(&format!(
            "warning: header identities (names, ids, dates and more) are still in {}: only pixels were treated",
            count(written, "written file")
        ));
    }
    fault.map_or_else(|| Ok(exit_of(&summary)), Err)
}

/// `unburn scan`
pub fn scan(args: ScanArgs) -> Result<Exit> {
    scan_files(&args)
}

fn scan_files(args: &ScanArgs) -> Result<Exit> {
    let config = super::settings(&args.settings)?;
    super::no_deface(&config)?;
    let items = walk::work_list(&args.inputs)?;
    let engine = Engine::open(&config, None)?;
    let found = AtomicBool::new(false);
    let work = |item: &WorkItem| {
        let (report, _) = engine.plan(&item.input);
        if report.count(Action::Mask) > 0 {
            found.store(true, Ordering::Relaxed);
        }
        report
    };
    let (summary, fault) = Run {
        items: &items,
        config: &config,
        engine: &engine,
        output: &args.output_args,
        overwrite: args.overwrite,
        boxes: true,
        quarantine: None,
        share_report: None,
        hide: None,
    }
    .go(work)?;
    tell_device_faults(&engine);
    if let Some(fault) = fault {
        return Err(fault);
    }
    let exit = exit_of(&summary);
    if exit == Exit::Done && args.fail_on_found && found.load(Ordering::Relaxed) {
        return Ok(Exit::Found);
    }
    Ok(exit)
}

/// A device that failed in the middle cost time, not results; it is told all the same.
fn tell_device_faults(engine: &Engine) {
    for warning in engine.warnings() {
        message(&format!("warning: {warning}"));
    }
}

/// A file that asks for a person counts more than an interruption, which can be made good by a second run.
pub(super) fn exit_of(summary: &Summary) -> Exit {
    if summary.interrupted {
        Exit::Interrupted
    } else if super::batch::asks_for_a_person(summary) {
        Exit::Attention
    } else {
        Exit::Done
    }
}

struct Run<'a> {
    items: &'a [WorkItem],
    config: &'a Config,
    engine: &'a Engine,
    output: &'a OutputArgs,
    overwrite: bool,
    boxes: bool,
    quarantine: Option<Quarantine>,
    share_report: Option<&'a Path>,
    /// Inputs are told by opaque ids, outputs relative to this folder.
    hide: Option<&'a Path>,
}

impl Run<'_> {
    /// Runs and tells. A fault of the report or of stdout comes beside the summary: files were written all the same.
    fn go(self, work: impl Fn(&WorkItem) -> FileReport + Sync) -> Result<(Summary, Option<Error>)> {
        let tool = self.engine.tool();
        let create = |path: Option<&Path>| match path {
            Some(path) => {
                refuse_input_as_report(path, self.items)?;
                ReportFile::create(path, self.overwrite).map(Some)
            }
            None => Ok(None),
        };
        let report = create(self.output.report.as_deref())?;
        let shared = create(self.share_report)?;
        if self.items.is_empty() {
            message("warning: no files found");
        }
        let drain = signals::drain_on_interrupt();
        let mut teller = Teller {
            out: Out::new(),
            report,
            shared,
            engine: self.engine,
            hide: self.hide,
            meter: Meter::new(self.output.progress),
            summary: Summary::new(tool),
            json: self.output.json,
            boxes: self.boxes,
            quarantine: self.quarantine,
            fault: None,
            drain: &drain,
        };
        let started = Instant::now();
        let workers = match self.config.jobs {
            0 => std::thread::available_parallelism().map_or(1, usize::from),
            jobs => jobs,
        };
        let end = run::run(self.items, workers, tool, &drain, work, &mut teller);
        teller.meter.finish();
        teller.summary.interrupted = end.not_started > 0;
        teller.summary.not_started = end.not_started;
        teller
            .summary
            .finish(started.elapsed().as_secs_f64() * 1000.0);
        let summary = teller.summary.clone();
        Ok((summary, teller.finish().err()))
    }
}

fn refuse_input_as_report(path: &Path, items: &[WorkItem]) -> Result<()> {
    let report: PathBuf = walk::real_path(path)?;
    for item in items {
        if walk::real_path(&item.input).is_ok_and(|input| input == report) {
            return Err(Error::Config(format!(
                "the report would take the place of an input: `{}`",
                path.display()
            )));
        }
    }
    Ok(())
}

/// Tells about every file as it comes.
struct Teller<'a> {
    out: Out,
    report: Option<ReportFile>,
    shared: Option<ReportFile>,
    engine: &'a Engine,
    hide: Option<&'a Path>,
    meter: Meter,
    summary: Summary,
    json: bool,
    /// A plan is told box by box, and nothing is written.
    boxes: bool,
    quarantine: Option<Quarantine>,
    fault: Option<Error>,
    drain: &'a AtomicBool,
}

impl Teller<'_> {
    /// The summary, and the end of the report. After a fault the report stays unfinished, which its name shows.
    fn finish(mut self) -> Result<()> {
        if let Some(fault) = self.fault {
            return Err(fault);
        }
        for mut report in [self.report, self.shared].into_iter().flatten() {
            report.line(&self.summary)?;
            report.finish()?;
        }
        if self.json {
            self.out.json(&self.summary);
        } else {
            let lines = summary_lines(&self.summary, self.boxes);
            lines.iter().for_each(|l| self.out.line(l));
        }
        self.out.finish()
    }
}

impl Observer for Teller<'_> {
    fn report(&mut self, item: &WorkItem, mut report: FileReport) {
        self.summary.add(&report);
        let mut item = item.clone();
        if self.hide.is_some() {
            let id = self.engine.opaque_id(&item.input);
            item.mirrored = PathBuf::from(&id);
            report.id = Some(id);
        }
        let shared = report.shared(self.engine.key(), &item.input, self.hide);
        let lines = [(&mut self.report, &report), (&mut self.shared, &shared)];
        for (file, line) in lines {
            if let Some(file) = file
                && let Err(error) = file.line(line)
                && self.fault.is_none()
            {
                // Outputs without a record are worth nothing: start no more of them.
                self.fault = Some(error);
                self.drain.store(true, Ordering::SeqCst);
            }
        }
        if let Some(quarantine) = &self.quarantine
            && let Err(error) = quarantine.add(&item, &report)
        {
            self.meter.aside(|| message(&format!("warning: {error}")));
        }
        let (out, json, boxes) = (&mut self.out, self.json, self.boxes);
        let told = if self.hide.is_some() {
            &shared
        } else {
            &report
        };
        self.meter.aside(|| {
            if json {
                out.json(&report);
            } else {
                file_lines(told, boxes).iter().for_each(|l| out.line(l));
            }
        });
    }

    fn progress(&mut self, progress: Progress) {
        self.meter.update(progress);
    }
}
