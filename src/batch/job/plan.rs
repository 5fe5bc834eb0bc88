//! What a job will take, from a fixed sample of its work list.
//!
//! The list is divided by modality, equipment and transfer syntax; of every part files at even distances are treated, into
//! a folder that is removed afterwards. The same list gives the same sample. Ranges are two standard errors of the sample to
//! each side; they know nothing of files unlike those of the sample. Files that are kept back for the sake of their group
//! are counted as what they are by themselves.

use super::Job;
use super::journal::{Entry, Journal};
use crate::batch::run::{self, Bytes, Crew, Feed, Next, Task};
use crate::batch::walk::WorkItem;
use crate::error::{Error, Result};
use crate::outcome::Outcome;
use crate::redact::{Engine, Input, Target};
use crate::report::FileReport;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

/// The file in the job's folder.
pub const FILE: &str = "plan.json";
/// Files of every part that are treated at least, where it has as many.
const FEWEST: u64 = 2;

/// An expected value between two bounds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Range {
    /// Lower bound.
    pub low: f64,
    /// What is expected.
    pub expected: f64,
    /// Upper bound.
    pub high: f64,
}

/// What a job will take.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Forecast {
    /// 1.
    pub schema: u32,
    /// `plan`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Entries of the work list, and those treated for the forecast.
    pub files: u64,
    /// See `files`.
    pub sampled: u64,
    /// Seconds at the number of workers that the sample ran with.
    pub seconds: Range,
    /// That number.
    pub workers: u64,
    /// Hours by number of workers, up to that number.
    pub hours: BTreeMap<u64, Range>,
    /// Bytes of all outputs.
    pub bytes_out: Range,
    /// Bytes of outputs for one byte of written inputs, by transfer syntax of the input.
    pub size_factor: BTreeMap<String, f64>,
    /// Files by outcome.
    pub outcomes: BTreeMap<String, Range>,
    /// Files by reason.
    pub reasons: BTreeMap<String, Range>,
}

/// A part of the list.
#[derive(Clone, Debug)]
struct Part {
    files: u64,
    bytes: u64,
    sample: Vec<Entry>,
}

/// What one file took.
#[derive(Clone, Debug)]
struct Taken {
    seconds: f64,
    bytes_in: u64,
    bytes_out: u64,
    outcome: Outcome,
    reason: Option<String>,
    syntax: Option<String>,
}

/// Treats a sample of about `wanted` files and foretells the whole.
///
/// # Errors
/// [`Error::Io`].
pub fn forecast(
    job: &mut Job,
    engine: &Engine,
    crew: Crew,
    wanted: u64,
    drain: &AtomicBool,
) -> Result<Forecast> {
    super::faces::prepare(job, engine)?;
    let parts = parts(job.journal(), wanted)?;
    let folder = job
        .spec()
        .work
        .output
        .join(format!(".unburn-{}-plan", job.spec().job));
    super::create_private_folder(&folder)?;
    let limits = job.spec().settings.limits;
    let treat = |workers: usize| {
        let sample: Vec<&Entry> = parts.iter().flat_map(|p| &p.sample).collect();
        let mut feed = Sample {
            entries: &sample,
            next: 0,
            reports: HashMap::new(),
        };
        let seconds: Mutex<HashMap<u64, f64>> = Mutex::default();
        let work = |task: &Task, bytes: Bytes| {
            let (start, name) = (Instant::now(), task.item.name());
            let target = folder.join(format!("{}.sample", task.id));
            let report = engine.redact_input(
                Input::Read(&name, bytes),
                &Target::Path(target.clone()),
                true,
            );
            if let Ok(mut seconds) = seconds.lock() {
                seconds.insert(task.id, start.elapsed().as_secs_f64());
            }
            report
        };
        let read = |item: &WorkItem| super::source::bytes(item, &limits);
        let start = Instant::now();
        let crew = Crew { workers, ..crew };
        run::pump(&mut feed, crew, engine.tool(), drain, read, work);
        let wall = start.elapsed().as_secs_f64();
        (wall, feed.reports, seconds.into_inner().unwrap_or_default())
    };
    let (wall_one, reports, seconds) = treat(1);
    let wall_all = if crew.workers > 1 {
        treat(crew.workers).0
    } else {
        wall_one
    };
    let taken = |entry: &Entry| {
        let report = reports.get(&entry.id)?;
        Some(Taken {
            seconds: seconds.get(&entry.id).copied().unwrap_or_default(),
            bytes_in: entry.item.bytes,
            bytes_out: size(&folder.join(format!("{}.sample", entry.id))),
            outcome: report.outcome,
            reason: report.reason.clone(),
            syntax: entry.syntax.clone().filter(|s| !s.is_empty()),
        })
    };
    let measured: Vec<(u64, u64, Vec<Taken>)> = parts
        .iter()
        .map(|p| {
            (
                p.files,
                p.bytes,
                p.sample.iter().filter_map(taken).collect(),
            )
        })
        .collect();
    let result = estimate(&measured, (wall_one, wall_all), crew.workers as u64);
    std::fs::remove_dir_all(&folder).map_err(|source| Error::Io {
        action: "removing the sample's outputs",
        path: folder.clone(),
        source,
    })?;
    let text = serde_json::to_vec_pretty(&result).unwrap_or_default();
    super::write_whole(&job.folder().join(FILE), &text)?;
    Ok(result)
}

/// The forecast that was made for a job, if one was.
pub fn load(folder: &Path) -> Option<Forecast> {
    serde_json::from_slice(&std::fs::read(folder.join(FILE)).ok()?).ok()
}

fn size(path: &Path) -> u64 {
    std::fs::metadata(path).map_or(0, |m| m.len())
}

/// Divides the list and chooses the sample.
fn parts(journal: &mut Journal, wanted: u64) -> Result<Vec<Part>> {
    const PART: &str =
        "coalesce(modality, ''), coalesce(equipment, ''), coalesce(syntax, ''), problem IS NULL";
    let (total, _) = journal.totals()?;
    let rows = journal.rows(
        &format!(
            "SELECT {PART}, count(*), sum(bytes) FROM work GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4"
        ),
        [],
        |r| {
            let text = |i| r.get::<_, String>(i);
            let key = (text(0)?, text(1)?, text(2)?, r.get::<_, bool>(3)?);
            Ok((key, r.get::<_, i64>(4)? as u64, r.get::<_, i64>(5)? as u64))
        },
    )?;
    let mut parts = Vec::new();
    for ((modality, equipment, syntax, sound), files, bytes) in rows {
        let share = (wanted * files).div_ceil(total.max(1));
        let count = share.max(FEWEST).min(files);
        let mut part = Part {
            files,
            bytes,
            sample: Vec::new(),
        };
        for k in 0..count {
            let offset = (2 * k + 1) * files / (2 * count);
            let ids = journal.rows(
                "SELECT id FROM work WHERE coalesce(modality, '') = ?1 AND coalesce(equipment, '') = ?2 AND \
                 coalesce(syntax, '') = ?3 AND (problem IS NULL) = ?4 ORDER BY id LIMIT 1 OFFSET ?5",
                rusqlite::params![modality, equipment, syntax, sound, offset as i64],
                |r| r.get::<_, i64>(0),
            )?;
            for id in ids {
                part.sample.extend(journal.entry(id as u64)?);
            }
        }
        parts.push(part);
    }
    Ok(parts)
}

/// From the parts (files, bytes, what their sample took) to the whole.
fn estimate(
    parts: &[(u64, u64, Vec<Taken>)],
    (wall_one, wall_all): (f64, f64),
    workers: u64,
) -> Forecast {
    let sampled: u64 = parts.iter().map(|p| p.2.len() as u64).sum();
    let total = |value: &dyn Fn(&Taken) -> f64| {
        let samples = parts
            .iter()
            .map(|(files, _, taken)| (*files as f64, taken.iter().map(value).collect()));
        sum(&samples.collect::<Vec<(f64, Vec<f64>)>>())
    };
    let one = total(&|t| t.seconds);
    // Between the two measurements: a part that workers share, and one that they do not.
    let share = if workers > 1 && wall_one > 0.0 {
        let w = workers as f64;
        ((1.0 - wall_all / wall_one) / (1.0 - 1.0 / w)).clamp(0.0, 1.0)
    } else {
        0.0
    };
    let at = |w: u64, unit: f64| {
        let factor = (1.0 - share + share / w as f64) / unit;
        Range {
            low: one.low * factor,
            expected: one.expected * factor,
            high: one.high * factor,
        }
    };
    let names = |of: &dyn Fn(&Taken) -> Option<String>| -> BTreeMap<String, Range> {
        let mut all: Vec<String> = parts.iter().flat_map(|p| &p.2).filter_map(of).collect();
        all.sort();
        all.dedup();
        all.into_iter()
            .map(|name| {
                let is = |t: &Taken| f64::from(u8::from(of(t).as_ref() == Some(&name)));
                let mut range = total(&is);
                range.high = range.high.min(parts.iter().map(|p| p.0 as f64).sum());
                (name.clone(), range)
            })
            .collect()
    };
    let mut syntaxes: BTreeMap<String, (u64, u64)> = BTreeMap::new();
    for t in parts.iter().flat_map(|p| &p.2).filter(|t| t.bytes_out > 0) {
        let s = syntaxes
            .entry(t.syntax.clone().unwrap_or_else(|| "not said".into()))
            .or_default();
        s.0 += t.bytes_in;
        s.1 += t.bytes_out;
    }
    Forecast {
        schema: 1,
        kind: "plan".into(),
        files: parts.iter().map(|p| p.0).sum(),
        sampled,
        seconds: at(workers, 1.0),
        workers,
        hours: (1..=workers).map(|w| (w, at(w, 3600.0))).collect(),
        bytes_out: bytes_out(parts),
        size_factor: syntaxes
            .into_iter()
            .map(|(name, (a, b))| (name, b as f64 / a.max(1) as f64))
            .collect(),
        outcomes: names(&|t| Some(t.outcome.name().to_owned())),
        reasons: names(&|t| t.reason.clone()),
    }
}

/// Outputs follow the bytes of their inputs: the ratio of the sample, and how far its files stray from it.
fn bytes_out(parts: &[(u64, u64, Vec<Taken>)]) -> Range {
    let samples: Vec<(f64, Vec<f64>)> = parts
        .iter()
        .map(|(files, bytes, taken)| {
            let known: u64 = taken.iter().map(|t| t.bytes_in).sum();
            let written: u64 = taken.iter().map(|t| t.bytes_out).sum();
            let ratio = written as f64 / known.max(1) as f64;
            let mean = *bytes as f64 / (*files).max(1) as f64 * ratio;
            let values = taken
                .iter()
                .map(|t| mean + t.bytes_out as f64 - ratio * t.bytes_in as f64);
            (*files as f64, values.collect())
        })
        .collect();
    sum(&samples)
}

/// The sum over all files of a stratified sample, with two standard errors to each side (finite populations). A part with
/// a sample of one has the relative spread of the whole.
fn sum(parts: &[(f64, Vec<f64>)]) -> Range {
    let mean = |v: &[f64]| v.iter().sum::<f64>() / v.len().max(1) as f64;
    let all: Vec<f64> = parts.iter().flat_map(|p| p.1.iter().copied()).collect();
    let spread = |v: &[f64]| {
        let m = mean(v);
        v.iter().map(|x| (x - m).powi(2)).sum::<f64>() / (v.len().max(2) - 1) as f64
    };
    let overall = spread(&all);
    let (mut expected, mut variance) = (0.0, 0.0);
    for (files, values) in parts.iter().filter(|p| !p.1.is_empty()) {
        let n = values.len() as f64;
        expected += files * mean(values);
        let own = if values.len() > 1 {
            spread(values)
        } else {
            overall
        };
        variance += files * files * own / n * (1.0 - n / files).max(0.0);
    }
    let reach = 2.0 * variance.sqrt();
    Range {
        low: (expected - reach).max(0.0),
        expected,
        high: expected + reach,
    }
}

/// The sample as a feed.
struct Sample<'a> {
    entries: &'a [&'a Entry],
    next: usize,
    reports: HashMap<u64, FileReport>,
}

impl Feed for Sample<'_> {
    fn next(&mut self) -> Next {
        let Some(entry) = self.entries.get(self.next) else {
            return Next::End;
        };
        self.next += 1;
        Next::Task(Box::new(Task {
            id: entry.id,
            item: entry.item.clone(),
            cost: entry.cost,
        }))
    }

    fn done(&mut self, task: Task, report: FileReport) {
        self.reports.insert(task.id, report);
    }

    fn tick(&mut self) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(seconds: f64, bytes_in: u64, bytes_out: u64, outcome: Outcome) -> Taken {
        Taken {
            seconds,
            bytes_in,
            bytes_out,
            outcome,
            reason: (!outcome.is_written()).then(|| "truncated".to_owned()),
            syntax: Some("1.2.840.10008.1.2.1".into()),
        }
    }

    #[test]
    fn a_whole_sample_is_exact_and_a_small_one_has_a_range() {
        use Outcome::{Clean, Failed, Masked};
        let all = vec![taken(1.0, 100, 100, Clean), taken(3.0, 300, 300, Masked)];
        let f = estimate(&[(2, 400, all)], (4.0, 4.0), 1);
        assert_eq!(
            (f.seconds.low, f.seconds.expected, f.seconds.high),
            (4.0, 4.0, 4.0)
        );
        assert_eq!(f.bytes_out.expected, 400.0);
        assert_eq!(f.outcomes["clean"].expected, 1.0);

        let stills = vec![taken(1.0, 100, 200, Clean), taken(2.0, 200, 420, Masked)];
        let loops = vec![taken(20.0, 1000, 5000, Clean), taken(30.0, 2000, 0, Failed)];
        let f = estimate(
            &[(1000, 150_000, stills), (10, 15_000, loops)],
            (53.0, 28.0),
            2,
        );
        assert!((f.hours[&1].expected - 1750.0 / 3600.0).abs() < 1e-9);
        assert!(f.hours[&2].expected < f.hours[&1].expected * 0.6);
        assert!(f.seconds.low < f.seconds.expected && f.seconds.expected < f.seconds.high);
        // 150 kB at 620/300 and 15 kB at 5000/3000.
        assert!(
            (f.bytes_out.expected - (310_000.0 + 25_000.0)).abs() < 1.0,
            "{:?}",
            f.bytes_out
        );
        assert_eq!(f.outcomes["failed"].expected, 5.0);
        assert_eq!(f.reasons["truncated"].expected, 5.0);
        assert!(
            f.outcomes
                .values()
                .all(|r| r.low >= 0.0 && r.high <= 1010.0)
        );
    }
}
