//! What goes to stdout: JSON objects, or lines and a table for people.

use super::text::{count, duration, shown};
use crate::error::{Error, Result};
use crate::outcome::Outcome;
use crate::plan::Action;
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

/// One file for people: outcome, name, what was found or why it stopped; with `boxes` a line for each finding.
pub fn file_lines(report: &FileReport, boxes: bool) -> Vec<String> {
    let mut line = format!("{:<13}{}", report.outcome.name(), shown(&report.input));
    if let Some(output) = &report.output {
        line += &format!(" -> {}", shown(output));
    }
    if report.outcome == Outcome::Clean && report.boxes.is_empty() {
        line += "  (nothing found)";
    } else if !report.boxes.is_empty() {
        line += &format!(
            "  ({} masked, {} kept)",
            report.count(Action::Mask),
            report.count(Action::Keep)
        );
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

/// The table at the end.
pub fn summary_lines(summary: &Summary) -> Vec<String> {
    let mut lines = vec![String::new()];
    for (outcome, n) in &summary.outcomes {
        lines.push(format!("{n:>8}  {outcome}"));
    }
    for (reason, n) in &summary.reasons {
        lines.push(format!("{n:>8}    {reason}"));
    }
    let wall_s = summary.timings_ms.get("wall").copied().unwrap_or(0.0) / 1000.0;
    let boxes = |action: &str| summary.boxes.get(action).copied().unwrap_or(0);
    let mut last = format!(
        "{}, {} masked, {} kept, in {}",
        count(summary.files, "file"),
        count(boxes("mask"), "place"),
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
    fn a_hostile_name_stays_on_its_line() {
        let tool = Tool::default();
        let report = FileReport::new(&tool, Path::new("a\nmasked b"), Outcome::Clean);
        assert_eq!(
            file_lines(&report, true),
            ["clean        a\\u{a}masked b  (nothing found)"]
        );
        let refusal = Refusal::new(Reason::Truncated, "2 of 3 frames");
        assert_eq!(
            file_lines(&FileReport::refused(&tool, Path::new("x"), &refusal), false),
            ["failed       x  truncated: 2 of 3 frames"]
        );
    }
}
