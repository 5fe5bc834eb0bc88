//! What an operator reads in the morning: the summary of a job as data, and as one HTML page without scripts or links.
//!
//! It is as private as the journal: it names equipment, and its pictures are what the outputs show.

use super::drawing::{self, BAR_PX, LABEL_PX, ROW_PX, WORDS_PX, bars, base64, escape, label, svg};
use super::journal::Journal;
use super::plan::Forecast;
use super::report;
use super::spec::Spec;
use crate::error::Result;
use crate::outcome::Outcome;
use crate::plan::Action;
use crate::report::{FileReport, Tool};
use serde::Serialize;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

/// Upper bounds of the classes of masked area, percent of the frames.
const AREA_CLASSES: [f64; 8] = [0.0, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0];
/// Points of time for the throughput.
const MOST_POINTS: i64 = 60;
/// Kinds of equipment told apart; the rest is counted together.
const MOST_EQUIPMENT: usize = 30;

/// Files by outcome.
pub type Outcomes = BTreeMap<String, u64>;

/// How the files of a transfer syntax grew.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Sizes {
    /// Outputs.
    pub files: u64,
    /// Bytes of their inputs.
    pub bytes_in: u64,
    /// Bytes of the outputs.
    pub bytes_out: u64,
}

/// A stretch of time.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Point {
    /// Its start, seconds after the first file.
    pub from_s: f64,
    /// Its length, seconds.
    pub length_s: f64,
    /// Files that got their outcome in it, and their bytes.
    pub files: u64,
    /// See `files`.
    pub bytes: u64,
}

/// A file that a person should look at first.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Suspect {
    /// The more, the earlier; 0–1000.
    pub weight: u32,
    /// Its number in the work list.
    pub file: u64,
    /// Why.
    pub why: String,
}

/// The summary of a job.
#[derive(Clone, Debug, Serialize)]
pub struct JobSummary {
    /// 1.
    pub schema: u32,
    /// `job-report`.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// The job's id.
    pub job: String,
    /// What made it.
    pub tool: Tool,
    /// Entries of the work list, and those without outcome.
    pub files: u64,
    /// See `files`.
    pub open: u64,
    /// Files with the SOP Instance UID of an earlier one.
    pub duplicates: u64,
    /// Files by outcome.
    pub outcomes: Outcomes,
    /// Files by reason.
    pub reasons: BTreeMap<String, u64>,
    /// Outcomes by modality.
    pub by_modality: BTreeMap<String, Outcomes>,
    /// Outcomes by manufacturer and model.
    pub by_equipment: BTreeMap<String, Outcomes>,
    /// Written files by masked share of their frames: upper bound in percent, files.
    pub masked_area: Vec<(f64, u64)>,
    /// Growth by transfer syntax of the input.
    pub sizes: BTreeMap<String, Sizes>,
    /// Files over time.
    pub throughput: Vec<Point>,
    /// Time in which a runner was at work, seconds.
    pub wall_s: f64,
    /// Files and million bytes a second over that time.
    pub files_per_s: f64,
    /// See `files_per_s`.
    pub mb_per_s: f64,
    /// What the plan foretold, where one was made.
    pub forecast: Option<Forecast>,
    /// What to look at first.
    pub suspects: Vec<Suspect>,
}

impl JobSummary {
    /// Makes the summary from the journal, with this many suspects at most.
    ///
    /// # Errors
    /// [`crate::error::Error::Io`].
    pub fn of(
        spec: &Spec,
        journal: &mut Journal,
        forecast: Option<Forecast>,
        most_suspects: usize,
    ) -> Result<JobSummary> {
        let mut by_modality: BTreeMap<String, Outcomes> = BTreeMap::new();
        let mut by_equipment: BTreeMap<String, Outcomes> = BTreeMap::new();
        let mut masked_area = AREA_CLASSES.map(|bound| (bound, 0u64)).to_vec();
        let mut suspects: BinaryHeap<Reverse<Suspect>> = BinaryHeap::new();
        let mut done_bytes = 0;
        let summary = report::each(spec, journal, |member, line| {
            let entry = &member.entry;
            done_bytes += entry.item.bytes;
            let outcome = line.outcome.name();
            let name = |text: &Option<String>| match text.as_deref().map(str::trim) {
                Some(text) if !text.is_empty() => text.to_owned(),
                _ => "not said".to_owned(),
            };
            let count = |of: &mut BTreeMap<String, Outcomes>, name: String| {
                *of.entry(name)
                    .or_default()
                    .entry(outcome.into())
                    .or_default() += 1;
            };
            count(&mut by_modality, name(&entry.modality));
            count(&mut by_equipment, name(&entry.equipment));
            if let Some(pixels) = &line.pixels {
                let percent = pixels.masked_fraction * 100.0;
                if let Some(class) = masked_area.iter_mut().find(|(bound, _)| percent <= *bound) {
                    class.1 += 1;
                }
            }
            if let Some((weight, why)) = suspicion(&line) {
                suspects.push(Reverse(Suspect {
                    weight,
                    // Of equals the first ones of the list.
                    file: u64::MAX - entry.id,
                    why,
                }));
                if suspects.len() > most_suspects {
                    suspects.pop();
                }
            }
            Ok(())
        })?;
        let wall_s = report::wall_ms(journal)? / 1000.0;
        let rate = |n: f64| if wall_s > 0.0 { n / wall_s } else { 0.0 };
        let mut suspects: Vec<Suspect> = suspects.into_iter().map(|Reverse(s)| s).collect();
        suspects.sort_by(|a, b| b.cmp(a));
        suspects.iter_mut().for_each(|s| s.file = u64::MAX - s.file);
        Ok(JobSummary {
            schema: 1,
            kind: "job-report",
            job: spec.job.clone(),
            tool: spec.tool.clone(),
            files: summary.files + summary.not_started,
            open: summary.not_started,
            duplicates: journal.duplicates()?,
            files_per_s: rate(summary.files as f64),
            mb_per_s: rate(done_bytes as f64 / 1e6),
            outcomes: summary.outcomes,
            reasons: summary.reasons,
            by_modality,
            by_equipment: largest(by_equipment),
            masked_area,
            sizes: sizes(journal)?,
            throughput: throughput(journal)?,
            wall_s,
            forecast,
            suspects,
        })
    }
}

/// How much a file deserves a look, and why; `None` for one that does not.
fn suspicion(line: &FileReport) -> Option<(u32, String)> {
    match line.outcome {
        Outcome::NeedsReview => {
            let reason = line.reason.clone().unwrap_or_default();
            let weight = if reason == "group-incomplete" {
                100
            } else {
                1000
            };
            Some((weight, reason))
        }
        Outcome::Clean | Outcome::Masked => {
            let pixels = line.pixels.as_ref()?;
            let area = (pixels.masked_fraction * 500.0) as u32;
            let kept = line.boxes.iter().filter(|b| b.action == Action::Keep);
            let doubt = kept
                .map(|b| ((1.0 - b.confidence) * 400.0) as u32)
                .max()
                .unwrap_or(0);
            let (weight, why) = if area >= doubt {
                (
                    area,
                    format!("{:.1} % masked", pixels.masked_fraction * 100.0),
                )
            } else {
                (doubt, "text kept with little confidence".to_owned())
            };
            (weight > 0).then_some((200 + weight.min(700), why))
        }
        _ => None,
    }
}

/// The kinds of equipment with most files; the others together.
fn largest(all: BTreeMap<String, Outcomes>) -> BTreeMap<String, Outcomes> {
    let mut sizes: Vec<(u64, &String)> = all
        .iter()
        .map(|(name, outcomes)| (outcomes.values().sum(), name))
        .collect();
    sizes.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(b.1)));
    let shown: Vec<String> = sizes
        .iter()
        .take(MOST_EQUIPMENT)
        .map(|s| s.1.clone())
        .collect();
    let mut kept: BTreeMap<String, Outcomes> = BTreeMap::new();
    for (name, outcomes) in all {
        let name = if shown.contains(&name) {
            name
        } else {
            "all others".into()
        };
        let entry = kept.entry(name).or_default();
        for (outcome, n) in outcomes {
            *entry.entry(outcome).or_default() += n;
        }
    }
    kept
}

fn sizes(journal: &mut Journal) -> Result<BTreeMap<String, Sizes>> {
    let rows = journal.rows(
        "SELECT coalesce(nullif(w.syntax, ''), 'not said'), count(*), sum(w.bytes), sum(e.bytes) FROM events e \
         JOIN work w ON w.id = e.file WHERE e.kind = 'released' AND e.bytes IS NOT NULL GROUP BY 1",
        [],
        |r| {
            Ok((
                r.get::<_, String>(0)?,
                Sizes {
                    files: r.get::<_, i64>(1)? as u64,
                    bytes_in: r.get::<_, i64>(2)? as u64,
                    bytes_out: r.get::<_, i64>(3)? as u64,
                },
            ))
        },
    )?;
    Ok(rows.into_iter().collect())
}

fn throughput(journal: &mut Journal) -> Result<Vec<Point>> {
    let (first, last) = journal.with(|db| {
        db.query_row(
            "SELECT coalesce(min(at_ms), 0), coalesce(max(at_ms), 0) FROM events WHERE kind = 'settled'",
            [],
            |r| Ok((r.get::<_, i64>(0)?, r.get::<_, i64>(1)?)),
        )
    })?;
    let length = ((last - first) / MOST_POINTS + 1).max(1000);
    let rows = journal.rows(
        "SELECT (e.at_ms - ?1) / ?2, count(*), sum(w.bytes) FROM events e JOIN work w ON w.id = e.file \
         WHERE e.kind = 'settled' GROUP BY 1 ORDER BY 1",
        [first, length],
        |r| {
            Ok(Point {
                from_s: (r.get::<_, i64>(0)? * length) as f64 / 1000.0,
                length_s: length as f64 / 1000.0,
                files: r.get::<_, i64>(1)? as u64,
                bytes: r.get::<_, i64>(2)? as u64,
            })
        },
    )?;
    Ok(rows)
}

/// A picture for the page: why it is there, and the picture as a PNG file.
#[derive(Clone, Debug)]
pub struct Picture {
    /// Number in the work list, and why.
    pub suspect: Suspect,
    /// Name of the input.
    pub name: String,
    /// PNG, or why there is none.
    pub png: std::result::Result<Vec<u8>, String>,
}

/// Colours of the outcomes, in the order of [`Outcome::ALL`]; each is also named in words.
const COLOURS: [&str; 6] = [
    "#9aa0a6", "#2f9e62", "#3470c4", "#d9a400", "#d2691e", "#b3261e",
];

/// The page.
pub fn html(summary: &JobSummary, pictures: &[Picture]) -> String {
    let mut page = drawing::head("unburn job");
    page += &format!("<h1>Job {}</h1>", escape(&summary.job));
    page += "<p>This page is private: it names equipment and inputs, and shows what the outputs show.</p>";
    page += &format!(
        "<p>{} files, {} without outcome, {} with the SOP Instance UID of an earlier one. {:.0} s at work, \
         {:.2} files/s, {:.2} MB/s. unburn {}, policy {}, key {}.</p>",
        summary.files,
        summary.open,
        summary.duplicates,
        summary.wall_s,
        summary.files_per_s,
        summary.mb_per_s,
        escape(&summary.tool.version),
        escape(&summary.tool.policy),
        escape(&summary.tool.key)
    );
    page += "<h2>Outcomes</h2>";
    page += &key_line(&summary.outcomes);
    page += "<h3>By modality</h3>";
    page += &stacked(&summary.by_modality);
    page += "<h3>By equipment</h3>";
    page += &stacked(&summary.by_equipment);
    page += "<h2>Reasons</h2>";
    page += &bars(summary.reasons.iter().map(|(k, n)| (k.clone(), *n)));
    page += "<h2>Masked area</h2><p>Files by the masked share of their frames.</p>";
    let mut lower = None;
    page += &bars(summary.masked_area.iter().map(|(bound, n)| {
        let label = match lower.replace(*bound) {
            None => "nothing".to_owned(),
            Some(below) => format!("{below}–{bound} %"),
        };
        (label, *n)
    }));
    page += "<h2>Throughput</h2>";
    page += &curve(&summary.throughput);
    page += "<h2>Sizes</h2><table><tr><th>transfer syntax of the input<th>files<th>MB in<th>MB out<th>factor</tr>";
    for (syntax, s) in &summary.sizes {
        page += &format!(
            "<tr><td>{}<td class=n>{}<td class=n>{:.1}<td class=n>{:.1}<td class=n>{:.2}</tr>",
            escape(syntax),
            s.files,
            s.bytes_in as f64 / 1e6,
            s.bytes_out as f64 / 1e6,
            s.bytes_out as f64 / s.bytes_in.max(1) as f64
        );
    }
    page += "</table>";
    if let Some(forecast) = &summary.forecast {
        page += &compared(summary, forecast);
    }
    if !pictures.is_empty() {
        page += "<h2>Look at these first</h2><p>As they are written, masks outlined (solid), kept text dashed.</p>";
    }
    for p in pictures {
        page += "<figure>";
        match &p.png {
            Ok(png) => {
                page += &format!(
                    "<img alt=\"\" src=\"data:image/png;base64,{}\">",
                    base64(png)
                );
            }
            Err(why) => page += &format!("<p>no picture: {}</p>", escape(why)),
        }
        page += &format!(
            "<figcaption>{}: {}</figcaption></figure>",
            escape(&p.suspect.why),
            escape(&p.name)
        );
    }
    page + "</html>\n"
}

/// What was foretold beside what came.
fn compared(summary: &JobSummary, f: &Forecast) -> String {
    let mut text = format!(
        "<h2>Plan and outcome</h2><p>From a sample of {} files.</p><table><tr><th><th>foretold<th>came</tr>\
         <tr><td>seconds at work<td class=n>{:.0} ({:.0}–{:.0})<td class=n>{:.0}</tr>",
        f.sampled, f.seconds.expected, f.seconds.low, f.seconds.high, summary.wall_s
    );
    let out: u64 = summary.sizes.values().map(|s| s.bytes_out).sum();
    text += &format!(
        "<tr><td>MB of outputs<td class=n>{:.1} ({:.1}–{:.1})<td class=n>{:.1}</tr>",
        f.bytes_out.expected / 1e6,
        f.bytes_out.low / 1e6,
        f.bytes_out.high / 1e6,
        out as f64 / 1e6
    );
    for outcome in Outcome::ALL {
        let came = summary.outcomes.get(outcome.name()).copied().unwrap_or(0);
        let range = f.outcomes.get(outcome.name()).copied().unwrap_or_default();
        if came > 0 || range.expected > 0.0 {
            text += &format!(
                "<tr><td>{}<td class=n>{:.0} ({:.0}–{:.0})<td class=n>{came}</tr>",
                outcome.name(),
                range.expected,
                range.low,
                range.high
            );
        }
    }
    text + "</table>"
}

/// The outcomes with their colours and numbers.
pub(super) fn key_line(outcomes: &Outcomes) -> String {
    let mut line = String::from("<p class=\"key\">");
    for (outcome, colour) in Outcome::ALL.iter().zip(COLOURS) {
        let n = outcomes.get(outcome.name()).copied().unwrap_or(0);
        line += &format!(
            "<span style=\"background:{colour}\"></span>{} {n}",
            outcome.name()
        );
    }
    line + "</p>"
}

/// Rows of outcomes as bars, in colour and in words.
pub(super) fn stacked(rows: &BTreeMap<String, Outcomes>) -> String {
    let most = rows
        .values()
        .map(|o| o.values().sum::<u64>())
        .max()
        .unwrap_or(0);
    let mut body = String::new();
    for (i, (name, outcomes)) in rows.iter().enumerate() {
        let (y, mut x) = (i * ROW_PX, LABEL_PX as f64);
        body += &label(name, y);
        let mut words = Vec::new();
        for (outcome, colour) in Outcome::ALL.iter().zip(COLOURS) {
            let n = outcomes.get(outcome.name()).copied().unwrap_or(0);
            if n > 0 {
                let w = n as f64 / most.max(1) as f64 * BAR_PX as f64;
                body += &format!(
                    "<rect x=\"{x:.1}\" y=\"{}\" width=\"{w:.1}\" height=\"14\" fill=\"{colour}\"/>",
                    y + 4
                );
                x += w;
                words.push(format!("{n} {}", outcome.name()));
            }
        }
        // In words as well: colour alone tells not everybody.
        body += &format!(
            "<text x=\"{:.1}\" y=\"{}\">{}</text>",
            x + 6.0,
            y + 15,
            escape(&words.join(", "))
        );
    }
    svg(rows.len(), &body)
}

/// Files a second over time.
fn curve(points: &[Point]) -> String {
    let (w, h) = (LABEL_PX + BAR_PX + WORDS_PX, 160);
    let rate = |p: &Point| p.files as f64 / p.length_s.max(0.001);
    let most = points.iter().map(rate).fold(0.0, f64::max);
    let end = points.last().map_or(1.0, |p| p.from_s + p.length_s);
    let mut body = String::new();
    for p in points {
        let (x, wide) = (p.from_s / end * w as f64, p.length_s / end * w as f64);
        let high = rate(p) / most.max(1e-9) * h as f64;
        body += &format!(
            "<rect x=\"{x:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{high:.1}\" fill=\"#3470c4\"/>",
            h as f64 - high,
            (wide - 1.0).max(0.5)
        );
    }
    format!(
        "<p>Files a second, at most {most:.2}, over {end:.0} s.</p>\
         <svg role=\"img\" viewBox=\"0 0 {w} {h}\" width=\"{w}\" height=\"{h}\">{body}</svg>"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_names_stay_text() {
        let rows = BTreeMap::from([(
            "<script>alert(1)</script>\"&'".to_owned(),
            Outcomes::from([("masked".to_owned(), 3)]),
        )]);
        let drawn = stacked(&rows);
        assert!(!drawn.contains("<script"), "{drawn}");
        assert_eq!(escape("a\u{1b}<'\">&"), "a\u{fffd}&lt;&#39;&quot;&gt;&amp;");
    }

    #[test]
    fn much_equipment_is_counted_together() {
        let one = Outcomes::from([("clean".to_owned(), 1)]);
        let all = (0..50)
            .map(|i| (format!("maker {i:02}"), one.clone()))
            .collect();
        let kept = largest(all);
        assert_eq!(kept.len(), MOST_EQUIPMENT + 1);
        assert_eq!(kept["all others"]["clean"], 20);
    }
}
