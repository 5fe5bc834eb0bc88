//! The statement as one HTML page without scripts or links, for people.

use super::super::drawing::{bars, escape, head};
use super::super::summary::{key_line, stacked};
use super::harbor::Cover;
use super::{JobFacts, Statement, meaning, trigger};
use std::collections::BTreeMap;

/// The page.
pub fn html(s: &Statement) -> String {
    let mut page = head("unburn statement");
    page += &format!(
        "<h1>What was done, and what was not</h1><p>Made {} by unburn {} from {}. It holds no patient data: no names, no \
         paths, no header values.</p><p>{} files have an outcome, {} have none yet; {} were written and left.</p>",
        escape(&s.made),
        escape(&s.version),
        if s.jobs.len() == 1 {
            "one job".to_owned()
        } else {
            format!("{} jobs", s.jobs.len())
        },
        s.files,
        s.open,
        s.jobs.iter().map(|j| j.evidence.outputs).sum::<u64>()
    );
    page += "<h2>Jobs</h2>";
    s.jobs.iter().for_each(|job| page += &about(job));
    page += "<h2>Outcomes</h2>";
    page += &key_line(&s.outcomes);
    page += "<h3>By modality</h3>";
    page += &stacked(&s.by_modality);
    page += "<h2>Held back</h2>";
    page += &rows(&s.reasons, "nothing was held back", trigger);
    page += "<h2>Checks of the written files</h2>";
    page += &checks(s);
    page += "<h2>Headers</h2><p>Attributes by what was done with them, at every depth.</p>";
    page += &plot(&s.header_actions, "no header was treated");
    page += "<p>Written files by claim (CID 7050).</p>";
    page += &rows(&s.codes, "no claim was made", meaning);
    page += "<h2>Text in pixels</h2><p>Places of text that were masked, by rule.</p>";
    page += &plot(&s.masked_by, "nothing was masked");
    page += "<p>Places of text that stayed, by rule.</p>";
    page += &plot(&s.kept_by, "no text stayed");
    page += "<p>Other places that can hold text.</p>";
    page += &plot(&s.carriers, "none were found");
    page += "<h2>Faces and risk</h2><p>By the header alone: what it says of a face, and how likely text is.</p>";
    page += &plot(&s.faces, "");
    page += &plot(&s.risk, "");
    page += "<h2>The 18 identifiers of HIPAA Safe Harbor</h2><p>45 CFR 164.514(b)(2)(i). Header: objects in which an \
             attribute of this kind was treated. Pixels: places that were masked by a rule of this kind; text masked because \
             it could not be read or is unknown is counted above.</p>\
             <table><tr><th>#<th>identifier<th>covered<th>header<th>pixels<th>what that means</tr>";
    for line in &s.safe_harbor {
        let cover = match line.cover {
            Cover::Treated => "treated",
            Cover::Partly => "partly",
            Cover::Kept => "KEPT",
            Cover::NotCovered => "NOT COVERED",
        };
        page += &format!(
            "<tr><td class=n>{}<td>{}<td>{cover}<td>{}<td class=n>{}<td>{}</tr>",
            line.number,
            line.identifier,
            escape(&words(&line.header)),
            line.masked,
            escape(&line.says.join("; "))
        );
    }
    page += "</table><h2>Not covered</h2><ul>";
    s.not_covered
        .iter()
        .for_each(|n| page += &format!("<li>{}", escape(n)));
    page += "</ul><h2>Digests</h2><p>SHA-256. The statement's own is over its JSON with `sha256` and `seal` empty.</p><table>";
    page += &pair("statement", &s.sha256);
    if let Some(seal) = &s.seal {
        page += &pair("sealed with the key", seal);
    }
    for job in &s.jobs {
        let e = &job.evidence;
        page += &pair(&format!("job {}: configuration", job.job), &e.job_sha256);
        page += &pair("settings and the files they name", &e.config_sha256);
        page += &pair(
            &format!("audit of {} events", e.events),
            e.audit_sha256.as_deref().unwrap_or("not there"),
        );
        page += &pair("report", e.report_sha256.as_deref().unwrap_or("not there"));
        page += &pair(
            &format!("over the digests of {} outputs", e.outputs),
            &e.outputs_sha256,
        );
    }
    page + "</table></html>\n"
}

fn about(job: &JobFacts) -> String {
    let said = |text: &Option<String>| text.clone().unwrap_or_else(|| "not recorded".into());
    let mut out = format!("<h3>Job {}</h3><table>", escape(&job.job));
    let mut add = |name: &str, value: &str| out += &pair(name, value);
    add("recipient", &said(&job.recipient));
    add("purpose", &said(&job.purpose));
    add("begun", &job.begun);
    let profile = job
        .profile
        .clone()
        .unwrap_or_else(|| "none: headers stay as they are".into());
    add("profile", &profile);
    let options = if job.options.is_empty() {
        "none".to_owned()
    } else {
        job.options.join(", ")
    };
    add("options", &options);
    for o in &job.overrides {
        let part = |name: &str| {
            o.get(name)
                .and_then(|v| v.as_str())
                .unwrap_or_default()
                .to_owned()
        };
        add(
            "override",
            &format!("{} {}: {}", part("tag"), part("action"), part("reason")),
        );
    }
    add("policy for text in pixels", &job.policy);
    add(
        "faces",
        match job.faces {
            crate::config::Faces::Flag => "flagged",
            crate::config::Faces::Quarantine => "held back",
            crate::config::Faces::Deface => "cut off head CTs, others held back",
        },
    );
    add(
        "opt-outs",
        if job.opt_out {
            "asked before any pixel"
        } else {
            "no list"
        },
    );
    if let Some(shard) = &job.shard {
        add("part", shard);
    }
    add(
        "files",
        &format!("{}, {} of them without outcome", job.files, job.open),
    );
    add("program", &format!("unburn {}", job.version));
    job.models.iter().for_each(|m| add("model", m));
    add("key", &job.key);
    for run in &job.runs {
        let text = |name: &str| {
            run.noted
                .get(name)
                .map(|v| v.to_string())
                .unwrap_or_default()
        };
        let mut line = format!(
            "{} to {}, device {}, {} workers",
            run.begun,
            run.ended.as_deref().unwrap_or("a kill"),
            text("device").trim_matches('"'),
            text("workers")
        );
        if let Some([digest, day]) = run
            .noted
            .get("opt_out")
            .and_then(|v| v.as_array())
            .map(Vec::as_slice)
        {
            line += &format!(
                ", opt-out list of {} ({})",
                day.as_str().unwrap_or_default(),
                digest.as_str().unwrap_or_default()
            );
        }
        add("run", &line);
    }
    if let Some(c) = &job.evidence.checked {
        add(
            "checked now",
            &format!(
                "{} audit lines hold, {} outputs are there with their bytes, {} faults",
                c.audit_lines, c.outputs, c.faults
            ),
        );
    }
    if let Some(sample) = &job.evidence.sample {
        add("sample that people looked at", &sample.told());
    }
    out + "</table>"
}

fn checks(s: &Statement) -> String {
    let v = &s.verified;
    let rows: [(&str, u64); 8] = [
        ("written and opened again", v.files),
        ("every statement held", v.ok),
        ("samples outside masks identical", v.samples),
        ("coefficients outside masks identical", v.coefficients),
        ("encoded pixels kept byte for byte", v.encoded_kept),
        ("searched for identities", v.searched),
        ("identities found in them", v.identities_left),
        ("readable lines left that no rule keeps", v.residual_lines),
    ];
    bars(rows.into_iter().map(|(name, n)| (name.to_owned(), n)))
}

fn plot(counts: &BTreeMap<String, u64>, none: &str) -> String {
    if counts.is_empty() {
        return format!("<p>{none}.</p>");
    }
    bars(counts.iter().map(|(name, n)| (name.clone(), *n)))
}

fn rows(counts: &BTreeMap<String, u64>, none: &str, explain: fn(&str) -> &'static str) -> String {
    if counts.is_empty() {
        return format!("<p>{none}.</p>");
    }
    let mut out = plot(counts, none) + "<table>";
    for name in counts.keys() {
        out += &pair(name, explain(name));
    }
    out + "</table>"
}

fn words(counts: &BTreeMap<String, u64>) -> String {
    let parts: Vec<String> = counts
        .iter()
        .map(|(action, n)| format!("{action} {n}"))
        .collect();
    parts.join(", ")
}

fn pair(name: &str, value: &str) -> String {
    format!(
        "<tr><td>{}<td style=\"overflow-wrap:anywhere\">{}</tr>",
        escape(name),
        escape(value)
    )
}
