//! `unburn report`, `unburn trace` and `unburn optout recall`: what was done, and what left for whom.

use super::args::{StatementArgs, TraceArgs};
use super::output::Out;
use super::text::{count, shown};
use super::{Exit, given_key, lasting_key, message};
use crate::batch::job::statement::{self, page};
use crate::batch::job::trace::{self, Left};
use crate::batch::job::{check_key, write_whole};
use crate::error::{Error, Result};
use crate::key::Key;
use crate::optout::{About, OptOut, mark};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// `unburn report`
pub fn statement(args: &StatementArgs) -> Result<Exit> {
    let key = given_key(args.key.as_deref())?;
    let mut jobs = statement::find_jobs(&args.jobs)?;
    let first = args.jobs.first().filter(|_| !jobs.is_empty());
    let Some(first) = first else {
        return Err(Error::Config("no jobs here".into()));
    };
    let made = statement::make(&mut jobs, key.as_ref())?;
    let html = args
        .html
        .clone()
        .unwrap_or_else(|| first.join("statement.html"));
    let json = html.with_extension("json");
    if html == json {
        return Err(Error::Config(
            "the JSON goes beside the page under the same name: give the page another ending"
                .into(),
        ));
    }
    let text = serde_json::to_string_pretty(&made)
        .map_err(|e| Error::Config(format!("the statement cannot be written: {e}")))?;
    write_whole(&json, text.as_bytes())?;
    write_whole(&html, page::html(&made).as_bytes())?;
    let mut out = Out::new();
    if args.json {
        out.json(&made);
    } else {
        out.line(&shown(&html.to_string_lossy()));
        out.line(&shown(&json.to_string_lossy()));
    }
    out.finish()?;
    let faults: u64 = made
        .jobs
        .iter()
        .filter_map(|j| j.evidence.checked.as_ref())
        .map(|c| c.faults)
        .sum();
    if key.is_none() {
        message("audits and outputs were not checked: that needs the project key (`--key`)");
    }
    if faults > 0 {
        message(&format!(
            "{} found; `unburn batch status JOB --check` names what does not hold",
            count(faults, "fault")
        ));
        return Ok(Exit::Attention);
    }
    Ok(Exit::Done)
}

/// `unburn trace`
pub fn trace(args: &TraceArgs) -> Result<Exit> {
    let key = lasting_key(args.key.as_deref())?;
    let about = |id: &str| {
        let about = if args.accession {
            About::Accession(id)
        } else if args.study {
            About::Study(id)
        } else {
            About::Patient(args.issuer.as_deref().unwrap_or_default(), id)
        };
        mark(&key, about)
    };
    let ids = super::lists::ids(&args.ids)?;
    let marks: BTreeSet<String> = ids.iter().map(|id| about(id)).collect();
    let left = left(&args.jobs, &key, &|m| marks.contains(m))?;
    let mut out = Out::new();
    for l in &left {
        if args.json {
            out.json(l);
        } else {
            out.line(&format!(
                "{}  {}, {}, profile {}, job {}  {}{}",
                l.at,
                said(l.recipient.as_deref(), "recipient"),
                said(l.purpose.as_deref(), "purpose"),
                shown(l.profile.as_deref().unwrap_or("none")),
                l.job,
                shown(&l.output),
                if l.there {
                    ""
                } else {
                    "  (not there any more)"
                }
            ));
        }
    }
    out.finish()?;
    message(&format!("{} left", count(left.len() as u64, "output")));
    Ok(Exit::Done)
}

/// `unburn optout recall`
pub fn recall(list: &Path, jobs: &[PathBuf], key: Option<&Path>, json: bool) -> Result<Exit> {
    let key = lasting_key(key)?;
    let list = OptOut::read(list, &key)?;
    let left = left(jobs, &key, &|m| list.has_mark(m))?;
    let mut by_recipient: BTreeMap<Option<&str>, Vec<&Left>> = BTreeMap::new();
    for l in &left {
        by_recipient
            .entry(l.recipient.as_deref())
            .or_default()
            .push(l);
    }
    let mut out = Out::new();
    for (recipient, outputs) in &by_recipient {
        if !json {
            out.line(&format!(
                "{}: {} to delete",
                said(*recipient, "recipient"),
                count(outputs.len() as u64, "output")
            ));
        }
        for l in outputs {
            if json {
                out.json(l);
            } else {
                let sha256 = l.sha256.as_deref().unwrap_or_default();
                out.line(&format!("  {sha256}  {}", shown(&l.output)));
            }
        }
    }
    out.finish()?;
    message(&format!(
        "list of {}: {} to delete",
        list.day(),
        count(left.len() as u64, "output")
    ));
    Ok(if left.is_empty() {
        Exit::Done
    } else {
        Exit::Found
    })
}

fn said(text: Option<&str>, what: &str) -> String {
    text.map_or_else(|| format!("{what} not recorded"), |t| shown(t).into_owned())
}

/// Everything that left from these jobs for marks that please.
fn left(jobs: &[PathBuf], key: &Key, wanted: &dyn Fn(&str) -> bool) -> Result<Vec<Left>> {
    let mut found = Vec::new();
    for (_, view) in &mut statement::find_jobs(jobs)? {
        check_key(&view.spec, key)?;
        trace::each(view, wanted, &mut |left| {
            found.push(left);
            Ok(())
        })?;
    }
    Ok(found)
}
