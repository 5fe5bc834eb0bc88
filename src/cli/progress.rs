//! Progress on stderr: a bar, a line now and then, JSON events, or nothing.

use super::args::ProgressKind;
use super::text;
use crate::batch::run::Progress;
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
