//! The report of a job, made from its journal: one line a file in work-list order, then the summary.
//!
//! It depends on the journal alone, so a job that was killed and resumed reports what an uninterrupted one does.

use super::journal::{Event, Journal, Kind, Member};
use super::spec::Spec;
use crate::error::{Error, Result};
use crate::outcome::Reason;
use crate::report::{FileReport, Summary};
use std::collections::VecDeque;
use std::path::PathBuf;

/// Files read from the journal together.
const PAGE: u32 = 500;

/// The line of a file as the journal stores it: without `tool`, which is the same for the whole job.
///
/// # Errors
/// [`Error::Config`] where it cannot be written as JSON.
pub fn stored(report: &mut FileReport) -> Result<String> {
    let tool = std::mem::take(&mut report.tool);
    let text = serde_json::to_string(report).map_err(fault);
    report.tool = tool;
    text
}

/// The line of a file whose outcome is settled; `None` for one that has none yet.
pub fn line(spec: &Spec, member: &Member) -> Option<FileReport> {
    let (_, data) = member.settled.as_ref()?;
    let mut report = with_tool(spec, data)?;
    match member.state {
        Some(Kind::Released) => {
            let output = spec.work.output.join(output(member, &report));
            report.output = Some(output.to_string_lossy().into_owned());
        }
        _ => report.output = None,
    }
    Some(report)
}

/// Where the output of a file belongs below the output folder: the keyed name that its stored line has, or its place in the
/// input.
pub fn output(member: &Member, stored: &FileReport) -> PathBuf {
    match &stored.output {
        Some(keyed) => keyed.into(),
        None => member.entry.item.mirrored.clone(),
    }
}

/// A stored line with the tool that made it.
fn with_tool(spec: &Spec, data: &str) -> Option<FileReport> {
    let mut report = bare(data)?;
    report.tool.clone_from(&spec.tool);
    Some(report)
}

/// A stored line, with an empty tool.
pub fn bare(data: &str) -> Option<FileReport> {
    serde_json::from_str(data).ok()
}

/// The lines of all settled files, in work-list order. Outputs that wait for their group are told as needing review, with the
/// reason why they wait.
pub struct Lines<'a> {
    spec: &'a Spec,
    journal: &'a mut Journal,
    page: VecDeque<Member>,
    after: u64,
}

impl<'a> Lines<'a> {
    /// From the beginning.
    pub fn new(spec: &'a Spec, journal: &'a mut Journal) -> Lines<'a> {
        Lines {
            spec,
            journal,
            page: VecDeque::new(),
            after: 0,
        }
    }

    /// The next line.
    ///
    /// # Errors
    /// [`Error::Io`] for the journal.
    #[allow(
        clippy::should_implement_trait,
        reason = "it can fail, which an iterator would hide in its items"
    )]
    pub fn next(&mut self) -> Result<Option<(Member, FileReport)>> {
        loop {
            let Some(member) = self.page.pop_front() else {
                self.page.extend(self.journal.page(self.after, PAGE)?);
                match self.page.back() {
                    None => return Ok(None),
                    Some(last) => self.after = last.entry.id,
                }
                continue;
            };
            let Some(mut report) = line(self.spec, &member) else {
                continue;
            };
            if report.outcome.is_written() && member.state != Some(Kind::Released) {
                let reason = self
                    .journal
                    .held_for(member.entry.id)?
                    .and_then(|code| Reason::find(&code))
                    .unwrap_or(Reason::GroupIncomplete);
                report.outcome = reason.outcome();
                report.reason = Some(reason.code().into());
                report.detail = Some("the output waits in the staging folder".into());
                report.output_sha256 = None;
            }
            return Ok(Some((member, report)));
        }
    }
}

/// Hands over the line of every settled file, in order, and gives the summary without times.
///
/// # Errors
/// [`Error::Io`] for the journal, and whatever `take` returns.
pub fn each(
    spec: &Spec,
    journal: &mut Journal,
    mut take: impl FnMut(&Member, FileReport) -> Result<()>,
) -> Result<Summary> {
    let mut summary = Summary::new(&spec.tool);
    let (total, _) = journal.totals()?;
    let mut lines = Lines::new(spec, journal);
    while let Some((member, report)) = lines.next()? {
        summary.add(&report);
        take(&member, report)?;
    }
    summary.not_started = total - summary.files;
    summary.interrupted = summary.not_started > 0;
    Ok(summary)
}

/// The wall time of all runs together, milliseconds: from each start to the last thing that happened in it.
///
/// # Errors
/// [`Error::Io`].
pub fn wall_ms(journal: &mut Journal) -> Result<f64> {
    let (mut total, mut run): (i64, Option<(i64, i64)>) = (0, None);
    let mut after = 0;
    loop {
        let events = journal.events_light(after)?;
        let Some(last) = events.last() else { break };
        after = last.seq;
        for Event { at_ms, event, .. } in events {
            if event.kind == Kind::RunStarted {
                total += run.map_or(0, |(start, end)| end - start);
                run = Some((at_ms, at_ms));
            } else if let Some((_, end)) = &mut run {
                *end = at_ms;
            }
        }
    }
    total += run.map_or(0, |(start, end)| end - start);
    Ok(total as f64)
}

fn fault(e: serde_json::Error) -> Error {
    Error::Config(format!("a report line cannot be written: {e}"))
}
