//! One report and one audit from the shards of a job.
//!
//! Takes the folders of all parts of one job; writes `report.jsonl`, in the order that one job would have had, and
//! `audit.jsonl`, which holds every line of every shard's audit under a chain of its own. Shards that do not belong
//! together, or of which one is missing, are refused.

use super::journal::Journal;
use super::report::Lines;
use super::spec::{Shard, Spec};
use super::{View, audit, check_key, list};
use crate::batch::report_file::ReportFile;
use crate::error::{Error, Result};
use crate::key::Key;
use crate::report::{FileReport, Summary};
use serde_json::{Value, json};
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

/// Merges shards into a new folder.
///
/// # Errors
/// [`Error::Config`] where the shards are not the parts of one job, or an audit does not hold; [`Error::Io`].
pub fn merge(into: &Path, shards: &[PathBuf], key: &Key) -> Result<Summary> {
    let mut views = shards
        .iter()
        .map(|folder| View::open(folder).map(|view| (folder.clone(), view)))
        .collect::<Result<Vec<_>>>()?;
    check_parts(&views)?;
    views.sort_by_key(|(_, v)| v.spec.work.shard.map(|s| s.index));
    for (folder, view) in &mut views {
        if view.running {
            return Err(Error::Config(format!(
                "a shard is still running: `{}`",
                folder.display()
            )));
        }
        check_key(&view.spec, key)?;
        audit::check(&folder.join("audit.jsonl"), &mut view.journal, key)?;
    }
    super::create_private_folder(into)?;
    write_audit(&into.join("audit.jsonl"), &views, key)?;
    write_report(&into.join("report.jsonl"), &mut views)
}

/// That the folders are all parts of one job, each once.
fn check_parts(views: &[(PathBuf, View)]) -> Result<()> {
    let Some((_, first)) = views.first() else {
        return Err(Error::Config("there is nothing to merge".into()));
    };
    let alone = |spec: &Spec| {
        let mut spec = spec.clone();
        spec.job.clone_from(&first.spec.job);
        spec.work.shard = None;
        spec.work.journal = None;
        spec
    };
    let common = alone(&first.spec);
    let mut there = Vec::new();
    for (_, view) in views {
        super::refuse_difference(
            "the shards were begun differently",
            &common,
            &alone(&view.spec),
        )?;
        there.push(view.spec.work.shard.unwrap_or(Shard { index: 1, of: 1 }));
    }
    there.sort_by_key(|s| s.index);
    let of = there.first().map_or(0, |s| s.of);
    let wanted: Vec<Shard> = (1..=of).map(|index| Shard { index, of }).collect();
    if there == wanted {
        return Ok(());
    }
    let shown: Vec<String> = there.into_iter().map(String::from).collect();
    Err(Error::Config(format!(
        "these are not the shards of one job, each once: {}",
        shown.join(", ")
    )))
}

/// Every line of every audit, chained anew.
fn write_audit(path: &Path, views: &[(PathBuf, View)], key: &Key) -> Result<()> {
    let io = |source| Error::Io {
        action: "merging the audits",
        path: path.to_path_buf(),
        source,
    };
    let mut out = ReportFile::create(path, false)?;
    let (mut prev, mut seq) = ("0".repeat(64), 0u64);
    for (folder, view) in views {
        let file = File::open(folder.join("audit.jsonl")).map_err(io)?;
        for line in BufReader::new(file).lines() {
            let inner: Value =
                serde_json::from_str(&line.map_err(io)?).map_err(|e| io(e.into()))?;
            seq += 1;
            let mut object = json!({
                "schema": 1, "type": "audit-merged", "seq": seq, "job": view.spec.job,
                "shard": view.spec.work.shard.map(String::from), "line": inner, "prev": prev,
            });
            let mac = key.mac("unburn merged audit", object.to_string().as_bytes());
            prev = mac.iter().map(|b| format!("{b:02x}")).collect();
            if let Some(map) = object.as_object_mut() {
                map.insert("mac".into(), Value::from(prev.as_str()));
            }
            out.line(&object)?;
        }
    }
    out.finish()
}

/// The lines of all shards in the order of their inputs, then the sum.
fn write_report(path: &Path, views: &mut [(PathBuf, View)]) -> Result<Summary> {
    let mut out = ReportFile::create(path, false)?;
    let mut wall = 0.0f64;
    let mut summary: Option<Summary> = None;
    let mut open = 0;
    for (_, view) in views.iter_mut() {
        wall = wall.max(super::report::wall_ms(&mut view.journal)?);
        open += view.journal.totals()?.0;
        summary.get_or_insert_with(|| Summary::new(&view.spec.tool));
    }
    let mut summary = summary.unwrap_or_default();
    let mut cursors = views
        .iter_mut()
        .map(|(_, view)| Cursor::new(&view.spec, &mut view.journal))
        .collect::<Result<Vec<_>>>()?;
    loop {
        let first = cursors
            .iter()
            .enumerate()
            .filter_map(|(i, c)| Some((&c.head.as_ref()?.0, i)))
            .min()
            .map(|(_, i)| i);
        let Some(cursor) = first.and_then(|i| cursors.get_mut(i)) else {
            break;
        };
        if let Some((_, line)) = cursor.step()? {
            summary.add(&line);
            out.line(&line)?;
        }
    }
    summary.not_started = open - summary.files;
    summary.interrupted = summary.not_started > 0;
    // Shards run side by side: the longest one counts.
    summary.finish(wall);
    out.line(&summary)?;
    out.finish()?;
    Ok(summary)
}

/// One shard's lines, the next of them at hand.
struct Cursor<'a> {
    lines: Lines<'a>,
    head: Option<(Vec<u8>, FileReport)>,
}

impl<'a> Cursor<'a> {
    fn new(spec: &'a Spec, journal: &'a mut Journal) -> Result<Cursor<'a>> {
        let mut cursor = Cursor {
            lines: Lines::new(spec, journal),
            head: None,
        };
        cursor.step()?;
        Ok(cursor)
    }

    /// Gives the line at hand and fetches the next one.
    fn step(&mut self) -> Result<Option<(Vec<u8>, FileReport)>> {
        let next = self.lines.next()?.map(|(member, line)| {
            let item = &member.entry.item;
            (list::sort_key(&item.input, item.member), line)
        });
        Ok(std::mem::replace(&mut self.head, next))
    }
}
