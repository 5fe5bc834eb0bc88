//! `unburn worker`: one line in, one JSON line out, for engines that hand out work themselves (Spark's `pipe`, Slurm
//! arrays, GNU parallel).
//!
//! Lines are treated one after the other, answered in order and flushed. Whatever is wrong with a line is its answer; the
//! end of the input is the end of the worker.

use super::args::WorkerArgs;
use super::{Exit, message};
use crate::batch::job::list;
use crate::batch::walk;
use crate::config::Config;
use crate::dicom;
use crate::error::{Error, Result};
use crate::outcome::{Reason, Refusal};
use crate::redact::{Engine, Target};
use crate::report::{FileReport, SCHEMA};
use serde::Deserialize;
use serde_json::json;
use std::io::{BufRead, ErrorKind, Read, Write};
use std::path::{Component, Path, PathBuf};

/// Longest line.
const MOST_BYTES: u64 = 1 << 20;

/// A line that names its output.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Request {
    input: PathBuf,
    output: PathBuf,
}

/// Runs the command.
pub fn run(args: WorkerArgs) -> Result<Exit> {
    let config = super::settings(&args.settings)?;
    super::no_deface(&config)?;
    let key = super::batch::job_key(args.key.as_deref())?;
    let engine = Engine::open(&config, Some(key))?.with_lists(None)?;
    let worker = Worker {
        engine: &engine,
        config: &config,
        args: &args,
    };
    let mut input = std::io::stdin().lock();
    let mut line = Vec::new();
    loop {
        line.clear();
        let n = (&mut input)
            .take(MOST_BYTES)
            .read_until(b'\n', &mut line)
            .map_err(|e| io("reading", "standard input", e))?;
        if n == 0 {
            break;
        }
        let whole = line.last() == Some(&b'\n') || (n as u64) < MOST_BYTES;
        while matches!(line.last(), Some(b'\n' | b'\r')) {
            line.pop();
        }
        if line.is_empty() {
            continue;
        }
        let answer = if whole {
            worker.answer(&line)
        } else {
            return Err(Error::Config("a line of more than 1 MiB".into()));
        };
        let mut out = std::io::stdout().lock();
        match writeln!(out, "{answer}").and_then(|()| out.flush()) {
            Ok(()) => {}
            // Nobody wants answers any more.
            Err(e) if e.kind() == ErrorKind::BrokenPipe => break,
            Err(e) => return Err(io("writing", "standard output", e)),
        }
    }
    for warning in engine.warnings() {
        message(&format!("warning: {warning}"));
    }
    Ok(Exit::Done)
}

struct Worker<'a> {
    engine: &'a Engine,
    config: &'a Config,
    args: &'a WorkerArgs,
}

impl Worker<'_> {
    /// The answer to one line, as JSON.
    fn answer(&self, line: &[u8]) -> String {
        let answer = match self.request(line) {
            Ok((input, target)) => serde_json::to_string(&self.treat(&input, &target)),
            Err(why) => serde_json::to_string(&json!({
                "schema": SCHEMA, "type": "error", "error": why,
                "line": String::from_utf8_lossy(line),
            })),
        };
        // Plain data: writing it as JSON cannot fail.
        answer.unwrap_or_default()
    }

    /// What a line asks for: a JSON object, or a path, whose output then mirrors it below the output folder.
    fn request(&self, line: &[u8]) -> std::result::Result<(PathBuf, Target), String> {
        let keyed = self.config.keyed_names();
        if line.first() == Some(&b'{') {
            let request: Request = serde_json::from_slice(line)
                .map_err(|e| format!("not `{{\"input\":…,\"output\":…}}`: {e}"))?;
            if keyed {
                return Err(
                    "outputs have keyed names: give a path and `--output`, or say `--names mirror`"
                        .into(),
                );
            }
            return Ok((request.input, Target::Path(request.output)));
        }
        let path = std::str::from_utf8(line).map_err(|_| "the path is no UTF-8".to_owned())?;
        let folder = self
            .args
            .output
            .as_ref()
            .ok_or("a path needs `--output`, or say `{\"input\":…,\"output\":…}`")?;
        let mirrored = mirrored(Path::new(path), self.args.root.as_deref())?;
        let target = if keyed {
            Target::Under(folder.clone())
        } else {
            Target::Path(folder.join(mirrored))
        };
        Ok((path.into(), target))
    }

    fn treat(&self, input: &Path, target: &Target) -> FileReport {
        let refused = |reason, detail: &str| {
            FileReport::refused(self.engine.tool(), input, &Refusal::new(reason, detail))
        };
        let same = |a: &Path, b: &Path| matches!((walk::real_path(a), walk::real_path(b)), (Ok(a), Ok(b)) if a == b);
        if let Target::Path(output) = target
            && same(input, output)
        {
            return refused(
                Reason::Write,
                "the output would take the place of the input",
            );
        }
        if self.config.memory_mb > 0 {
            let bytes = std::fs::metadata(input).map_or(0, |m| m.len());
            let peek = std::fs::File::open(input)
                .ok()
                .and_then(|mut f| dicom::peek(&mut f, &self.config.limits).ok());
            if list::cost(bytes, peek.as_ref()) > self.config.memory_mb << 20 {
                return refused(Reason::Limit, "it needs more than `--memory`");
            }
        }
        self.engine.redact(input, target, self.args.overwrite)
    }
}

/// Where the output of a path goes: its place below `root`, or all of it without what makes it absolute.
fn mirrored(path: &Path, root: Option<&Path>) -> std::result::Result<PathBuf, String> {
    let inner = match root {
        None => path,
        Some(root) => path
            .strip_prefix(root)
            .map_err(|_| "the path does not lie below `--root`".to_owned())?,
    };
    let mut out = PathBuf::new();
    for part in inner.components() {
        match part {
            Component::Normal(name) => out.push(name),
            Component::ParentDir => return Err("the path holds `..`".into()),
            _ => {}
        }
    }
    if out.as_os_str().is_empty() {
        return Err("the path names no file".into());
    }
    Ok(out)
}

fn io(action: &'static str, what: &str, source: std::io::Error) -> Error {
    Error::Io {
        action,
        path: what.into(),
        source,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outputs_mirror_paths_and_never_leave_the_folder() {
        let at = |path: &str, root: Option<&str>| mirrored(Path::new(path), root.map(Path::new));
        assert_eq!(at("/a/b/c", None).unwrap(), Path::new("a/b/c"));
        assert_eq!(at("./b/c", None).unwrap(), Path::new("b/c"));
        assert_eq!(at("/a/b/c", Some("/a")).unwrap(), Path::new("b/c"));
        assert!(at("/x/b", Some("/a")).is_err());
        assert!(at("/a/../b", None).is_err());
        assert!(at("/", None).is_err());
    }
}
