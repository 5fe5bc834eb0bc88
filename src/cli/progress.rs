//! Progress on stderr: a bar, a line now and then, JSON events, or nothing.

use super::args::ProgressKind;
use super::text;
use crate::batch::job::runner::{JobProgress, Watch};
use crate::batch::run::Progress;
use crate::outcome::Outcome;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;
use std::io::{IsTerminal, Write, stderr};
use std::time::{Duration, Instant};

const PLAIN_EVERY: Duration = Duration::from_secs(10);
const JSON_EVERY: Duration = Duration::from_secs(1);

/// Shows how far a run is.
pub struct Meter {
    kind: Kind,
    started: Instant,
    last: Instant,
}

enum Kind {
    Bar(ProgressBar),
    Plain,
    Json,
    None,
}

impl Meter {
    /// A meter of this kind.
    pub fn new(kind: ProgressKind) -> Meter {
        let kind = match kind {
            ProgressKind::Auto if stderr().is_terminal() => bar(),
            ProgressKind::Auto | ProgressKind::Plain => Kind::Plain,
            ProgressKind::Bar => bar(),
            ProgressKind::Json => Kind::Json,
            ProgressKind::None => Kind::None,
        };
        let now = Instant::now();
        Meter {
            kind,
            started: now,
            last: now,
        }
    }

    /// Takes the state of the run. Failing to write to stderr is not a reason to stop.
    pub fn update(&mut self, p: Progress) {
        let due = |every: Duration| self.last.elapsed() >= every || p.files_done == p.files;
        match &self.kind {
            Kind::Bar(bar) => {
                bar.set_length(p.files);
                bar.set_position(p.files_done);
                bar.set_message(remaining(self.started.elapsed(), p).unwrap_or_default());
            }
            Kind::Plain if due(PLAIN_EVERY) && p.files > 1 => {
                let left = remaining(self.started.elapsed(), p).unwrap_or_default();
                let _ = writeln!(
                    stderr(),
                    "{} of {} done after {}{left}",
                    p.files_done,
                    text::count(p.files, "file"),
                    text::duration(self.started.elapsed().as_secs_f64())
                );
                self.last = Instant::now();
            }
            Kind::Json if due(JSON_EVERY) => {
                let event = json!({
                    "schema": crate::report::SCHEMA, "type": "progress",
                    "files": p.files, "files_done": p.files_done,
                    "bytes": p.bytes, "bytes_done": p.bytes_done,
                    "elapsed_s": self.started.elapsed().as_secs_f64(),
                });
                let _ = writeln!(stderr(), "{event}");
                self.last = Instant::now();
            }
            _ => {}
        }
    }

    /// Runs `print` with the bar out of the way.
    pub fn aside<T>(&self, print: impl FnOnce() -> T) -> T {
        match &self.kind {
            Kind::Bar(bar) => bar.suspend(print),
            _ => print(),
        }
    }

    /// Takes the bar away.
    pub fn finish(&self) {
        if let Kind::Bar(bar) = &self.kind {
            bar.finish_and_clear();
        }
    }
}

fn bar() -> Kind {
    let bar = ProgressBar::new(0);
    if let Ok(style) = ProgressStyle::with_template("{wide_bar} {pos}/{len} files{msg}") {
        bar.set_style(style);
    }
    Kind::Bar(bar)
}

/// Shows how far an archive job is.
pub struct JobMeter {
    kind: Kind,
    last: Option<Instant>,
}

impl JobMeter {
    /// A meter of this kind.
    pub fn new(kind: ProgressKind) -> JobMeter {
        JobMeter {
            kind: Meter::new(kind).kind,
            last: None,
        }
    }

    /// Takes the bar away.
    pub fn finish(&self) {
        if let Kind::Bar(bar) = &self.kind {
            bar.finish_and_clear();
        }
    }

    fn due(&mut self, every: Duration) -> bool {
        let due = self.last.is_none_or(|last| last.elapsed() >= every);
        if due {
            self.last = Some(Instant::now());
        }
        due
    }
}

impl Watch for JobMeter {
    fn listing(&mut self, found: u64) {
        let every = match &self.kind {
            Kind::Bar(bar) => {
                bar.set_message(format!(" {} found", text::count(found, "file")));
                return;
            }
            Kind::Plain => PLAIN_EVERY,
            Kind::Json => JSON_EVERY,
            Kind::None => return,
        };
        if self.due(every) {
            let line = match self.kind {
                Kind::Json => json!({"schema": crate::report::SCHEMA, "type": "progress",
                    "stage": "listing", "files": found})
                .to_string(),
                _ => format!("listing: {} so far", text::count(found, "file")),
            };
            let _ = writeln!(stderr(), "{line}");
        }
    }

    fn progress(&mut self, p: &JobProgress) {
        let every = match &self.kind {
            Kind::Bar(bar) => {
                bar.set_length(p.files);
                bar.set_position(p.files_done);
                bar.set_message(job_words(p));
                return;
            }
            Kind::Plain => PLAIN_EVERY,
            Kind::Json => JSON_EVERY,
            Kind::None => return,
        };
        if !self.due(every) {
            return;
        }
        let line = match self.kind {
            Kind::Json => job_event(p).to_string(),
            _ => format!(
                "{} of {} done{}",
                p.files_done,
                text::count(p.files, "file"),
                job_words(p)
            ),
        };
        let _ = writeln!(stderr(), "{line}");
    }
}

/// Rates, outcomes that ask for a person, and the time left.
fn job_words(p: &JobProgress) -> String {
    let mut words = String::new();
    if p.elapsed_s > 1.0 {
        words += &format!(
            ", {:.1} MB/s, {:.1} frames/s",
            p.bytes_now as f64 / 1e6 / p.elapsed_s,
            p.frames_now as f64 / p.elapsed_s
        );
    }
    if let Some(share) = p.device_use {
        words += &format!(", device {:.0} %", share * 100.0);
    }
    for outcome in Outcome::ALL.into_iter().filter(|o| *o >= Outcome::Masked) {
        match p.outcomes[outcome as usize] {
            0 => {}
            n => words += &format!(", {n} {}", outcome.name()),
        }
    }
    words
        + &job_left(p).map_or(String::new(), |s| {
            format!(", about {} left", text::duration(s))
        })
}

/// Seconds left at the rate in bytes of this run; nothing while that says little.
fn job_left(p: &JobProgress) -> Option<f64> {
    if p.bytes_now == 0 || p.elapsed_s < 2.0 || p.bytes_done >= p.bytes {
        return None;
    }
    Some(p.elapsed_s * (p.bytes - p.bytes_done) as f64 / p.bytes_now as f64)
}

fn job_event(p: &JobProgress) -> serde_json::Value {
    let outcomes: serde_json::Map<String, serde_json::Value> = Outcome::ALL
        .iter()
        .map(|o| (o.name().to_owned(), p.outcomes[*o as usize].into()))
        .collect();
    json!({
        "schema": crate::report::SCHEMA, "type": "progress", "stage": "treating",
        "files": p.files, "files_done": p.files_done, "bytes": p.bytes, "bytes_done": p.bytes_done,
        "bytes_now": p.bytes_now, "frames_now": p.frames_now, "elapsed_s": p.elapsed_s,
        "left_s": job_left(p), "device_use": p.device_use, "outcomes": outcomes,
    })
}

/// Time left at the rate in bytes so far; nothing while that says little.
fn remaining(elapsed: Duration, p: Progress) -> Option<String> {
    if p.bytes_done == 0 || p.bytes_done >= p.bytes || elapsed < Duration::from_secs(2) {
        return None;
    }
    let left = elapsed.as_secs_f64() * (p.bytes - p.bytes_done) as f64 / p.bytes_done as f64;
    Some(format!(", about {} left", text::duration(left)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_left_follows_bytes_not_files() {
        let p = Progress {
            files: 10,
            files_done: 9,
            bytes: 400,
            bytes_done: 100,
        };
        let left = remaining(Duration::from_secs(10), p);
        assert_eq!(left.as_deref(), Some(", about 30.0 s left"));
        assert_eq!(remaining(Duration::from_secs(1), p), None);
    }
}
