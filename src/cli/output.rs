//! What goes to stdout: JSON objects, or lines and a table for people.

use super::text::{count, duration, shown};
use crate::error::{Error, Result};
use crate::outcome::Outcome;
use crate::plan::{Action, CarrierAction};
use crate::report::{BoxReport, FileReport, Summary};
use serde::Serialize;
use std::io::{ErrorKind, Write, stdout};

/// Stdout. A reader that goes away (`| head`) ends the output, not the run; other faults come out of [`Out::finish`].
#[derive(Debug, Default)]
pub struct Out {
    fault: Option<std::io::Error>,
}

impl Out {
    /// Nothing went wrong so far.
    pub fn new() -> Out {
        Out::default()
    }

    /// Writes a line.
    pub fn line(&mut self, line: &str) {
        if self.fault.is_none() {
            let mut out = stdout().lock();
            self.fault = writeln!(out, "{line}").and_then(|()| out.flush()).err();
        }
    }

    /// Writes an object as one line.
    pub fn json(&mut self, object: &impl Serialize) {
        match serde_json::to_string(object) {
            Ok(line) => self.line(&line),
            Err(e) => self.fault = Some(e.into()),
        }
    }

    /// Whether everything was written, or nobody was there to read it.
    pub fn finish(self) -> Result<()> {
        match self.fault {
            Some(source) if source.kind() != ErrorKind::BrokenPipe => Err(Error::Io {
                action: "writing",
                path: "standard output".into(),
                source,
            }),
            _ => Ok(()),
        }
    }
}

const OUTCOMES: [Outcome; 6] = [
    Outcome::Skipped,
    Outcome::Clean,
    Outcome::Masked,
    Outcome::NeedsReview,
    Outcome::Quarantined,
    Outcome::Failed,
];

/// One file for people: outcome, name, what was found or why it stopped; with `boxes` a line for each finding.
pub fn file_lines(report: &FileReport, boxes: bool) -> Vec<String> {
    let mut line = format!("{:<13}{}", report.outcome.name(), shown(&report.input));
    if let Some(output) = &report.output {
        line += &format!(" -> {}", shown(output));
    }
    let mut found = Vec::new();
    if !report.boxes.is_empty() {
        found.push(format!(
            "{} masked, {} kept",
            report.count(Action::Mask),
            report.count(Action::Keep)
        ));
    } else if report.outcome.is_written() {
        found.push("nothing found in pixels".into());
    }
    let carrier = |c: &CarrierAction| {
        let why = c.reason.as_deref().map(|r| format!(": {}", shown(r)));
        let why = why.unwrap_or_default();
        format!("{} {}{why}", shown(&c.kind), shown(&c.action))
    };
    found.extend(report.carriers.iter().map(carrier));
    if !found.is_empty() {
        line += &format!("  ({})", found.join(", "));
    }
    if let Some(reason) = &report.reason {
        line += &format!("  {reason}");
    }
    if let Some(detail) = &report.detail {
        line += &format!(": {}", shown(detail));
    }
    let mut lines = vec![line];
    for warning in &report.warnings {
        lines.push(format!("{:13}warning: {}", "", shown(warning)));
    }
    if boxes {
        lines.extend(report.boxes.iter().map(box_line));
    }
    lines
}

/// One finding for people.
pub fn box_line(b: &BoxReport) -> String {
    let frames = match b.frames {
        (first, last) if first == last => format!("frame {first}"),
        (first, last) => format!("frames {first}-{last}"),
    };
    let action = match b.action {
        Action::Mask => "mask",
        Action::Keep => "keep",
    };
    let [x, y, w, h]: [u32; 4] = b.rect.into();
    let text = b
        .text
        .as_ref()
        .map(|t| format!("  \"{}\"", shown(t)))
        .unwrap_or_default();
    format!(
        "{:13}{action}  {frames}  {w}x{h} at {x},{y}  {}  {:.2}{text}",
        "",
        shown(&b.reason),
        b.confidence
    )
}

/// The table at the end, worst outcome last; `dry` when nothing was to be written.
pub fn summary_lines(summary: &Summary, dry: bool) -> Vec<String> {
    let mut lines = vec![String::new()];
    for outcome in OUTCOMES {
        match summary.count(outcome) {
            0 => {}
            n => lines.push(format!("{n:>8}  {}", outcome.name())),
        }
    }
    for (reason, n) in &summary.reasons {
        lines.push(format!("{n:>8}    {reason}"));
    }
    let wall_s = summary.timings_ms.get("wall").copied().unwrap_or(0.0) / 1000.0;
    let boxes = |action: &str| summary.boxes.get(action).copied().unwrap_or(0);
    let mut last = format!(
        "{}, {} {}, {} kept, in {}",
        count(summary.files, "file"),
        count(boxes("mask"), "place"),
        if dry { "to mask" } else { "masked" },
        boxes("keep"),
        duration(wall_s)
    );
    if wall_s > 0.0 && summary.files > 0 {
        last += &format!(" ({:.2} files/s)", summary.files as f64 / wall_s);
    }
    lines.push(last);
    if summary.interrupted {
        lines.push(format!(
            "interrupted: {} not started",
            count(summary.not_started, "file")
        ));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::{Reason, Refusal};
    use crate::report::Tool;
    use std::path::Path;

    #[test]
    fn the_table_counts_every_file_once() {
        let tool = Tool::default();
        let mut summary = Summary::new(&tool);
        for outcome in OUTCOMES {
            summary.add(&FileReport::new(&tool, Path::new("x"), outcome));
        }
        let lines = summary_lines(&summary, true);
        let outcomes = lines.iter().filter(|l| l.starts_with("       1  "));
        assert_eq!(outcomes.count(), 6);
        assert!(
            lines
                .iter()
                .any(|l| l.contains("6 files, 0 places to mask"))
        );
    }

    #[test]
    fn what_else_was_cleaned_is_told() {
        let mut report = FileReport::new(&Tool::default(), Path::new("x"), Outcome::Clean);
        report.carriers.push(CarrierAction {
            kind: "overlay".into(),
            count: 1,
            action: "removed".into(),
            reason: None,
        });
        assert_eq!(
            file_lines(&report, false),
            ["clean        x  (nothing found in pixels, overlay removed)"]
        );
    }

    #[test]
    fn a_hostile_name_stays_on_its_line() {
        let tool = Tool::default();
        let report = FileReport::new(&tool, Path::new("a\nmasked b"), Outcome::Clean);
        assert_eq!(
            file_lines(&report, true),
            ["clean        a\\u{a}masked b  (nothing found in pixels)"]
        );
        let refusal = Refusal::new(Reason::Truncated, "2 of 3 frames");
        assert_eq!(
            file_lines(&FileReport::refused(&tool, Path::new("x"), &refusal), false),
            ["failed       x  truncated: 2 of 3 frames"]
        );
    }
}
