//! What a job leaves for those who have to answer for it: the statement, what left for a patient, and what to call back.
//! People and their identities are generated; what must not be told is known from the generator.

mod common;

use common::people::{Patient, archive, found};
use common::{Place, Ran, json_lines, skip, tool, tree};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

const PATIENTS: u32 = 3;

fn begin(place: &Place, job: &str, out: &str, more: &[&str]) -> Ran {
    let mut args = vec!["batch", "run", job, "--input", "in", "--output", out];
    args.extend(["--device", "cpu", "--progress", "none"]);
    args.extend(more);
    place.run(&args)
}

/// A job over three patients, with a profile, keyed names and a recipient.
fn ran() -> (Place, usize) {
    let place = Place::new();
    let inputs = archive(&place.path("in"), PATIENTS * 10);
    let told = ["--recipient", "Example AI", "--purpose", "triage <trial>"];
    let ran = begin(&place, "job", "out", &told);
    assert_eq!(ran.code, 0, "{}", ran.err);
    (place, inputs.len())
}

fn secrets() -> Vec<Vec<u8>> {
    (0..PATIENTS)
        .flat_map(|n| Patient::new(n).secrets())
        .collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

#[test]
fn a_job_names_outputs_as_redact_does() {
    let (place, count) = ran();
    let redacted = place.run(&[
        "redact",
        "in",
        "-o",
        "alone",
        "--device",
        "cpu",
        "--progress",
        "none",
    ]);
    assert_eq!(redacted.code, 0, "{}", redacted.err);
    let (job, alone) = (tree(&place.path("out")), tree(&place.path("alone")));
    assert_eq!((job.len(), &job), (count, &alone));
    for name in &job {
        let bytes = |folder: &str| fs::read(place.path(folder).join(name)).unwrap();
        assert!(bytes("out") == bytes("alone"), "{} differs", name.display());
    }
    let checked = place.run(&["batch", "status", "job", "--check"]);
    assert_eq!(checked.code, 0, "{}{}", checked.out, checked.err);
    // The report names the outputs where they are.
    let text = fs::read_to_string(place.path("job/report.jsonl")).unwrap();
    for line in json_lines(&text).iter().filter(|l| l["type"] == "file") {
        assert!(PathBuf::from(line["output"].as_str().unwrap()).is_file());
    }
}

#[test]
fn a_worker_names_outputs_as_redact_does() {
    use std::io::Write;
    use std::process::Stdio;
    let place = Place::new();
    let inputs = archive(&place.path("in"), 10);
    let mut child = place
        .command(&["worker", "-o", "out", "--device", "cpu"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines: String = inputs
        .iter()
        .map(|(p, _)| format!("{}\n", p.display()))
        .collect();
    lines += "{\"input\":\"in/x\",\"output\":\"y\"}\n";
    child
        .stdin
        .take()
        .unwrap()
        .write_all(lines.as_bytes())
        .unwrap();
    let done = child.wait_with_output().unwrap();
    let answers = json_lines(&String::from_utf8(done.stdout).unwrap());
    assert_eq!(answers.last().unwrap()["type"], "error");
    let redacted = place.run(&[
        "redact",
        "in",
        "-o",
        "alone",
        "--device",
        "cpu",
        "--progress",
        "none",
    ]);
    assert_eq!(redacted.code, 0, "{}", redacted.err);
    assert_eq!(tree(&place.path("out")), tree(&place.path("alone")));
    assert_eq!(tree(&place.path("out")).len(), inputs.len());
}

#[test]
fn the_statement_tells_everything_but_patients() {
    let (place, count) = ran();
    let made = place.run(&["report", "job", "--json"]);
    assert_eq!(made.code, 0, "{}", made.err);
    let statement: Value = serde_json::from_str(&made.out).unwrap();
    let job = &statement["jobs"][0];
    assert_eq!(job["recipient"], "Example AI");
    assert_eq!(job["purpose"], "triage <trial>");
    assert_eq!(job["profile"], "basic");
    assert_eq!(statement["files"], count as u64);
    assert_eq!(statement["verified"]["ok"], count as u64);
    assert_eq!(statement["verified"]["identities_left"], 0);
    assert!(job["models"].as_array().unwrap().len() >= 2);
    assert_eq!(job["evidence"]["outputs"], count as u64);
    // The digest over the outputs, made again from the files.
    let mut digests: Vec<String> = tree(&place.path("out"))
        .iter()
        .map(|p| {
            hex(&Sha256::digest(
                fs::read(place.path("out").join(p)).unwrap(),
            ))
        })
        .collect();
    digests.sort();
    let text: String = digests.iter().map(|d| format!("{d}\n")).collect();
    assert_eq!(
        job["evidence"]["outputs_sha256"],
        hex(&Sha256::digest(text))
    );
    let audit = fs::read(place.path("job/audit.jsonl")).unwrap();
    assert_eq!(job["evidence"]["audit_sha256"], hex(&Sha256::digest(audit)));
    // Every name of the 18 is there, and what is not covered is said.
    let lines = statement["safe_harbor"].as_array().unwrap();
    assert_eq!(lines.len(), 18);
    let cover = |n: usize| lines[n - 1]["cover"].as_str().unwrap().to_owned();
    assert_eq!(
        [cover(1), cover(3), cover(16)],
        ["treated", "treated", "not-covered"]
    );
    for n in [1, 2, 3, 4, 8, 10, 13, 18] {
        let header = lines[n - 1]["header"].as_object().unwrap();
        assert!(!header.is_empty(), "{}", lines[n - 1]);
    }
    let page = fs::read(place.path("job/statement.html")).unwrap();
    let json = fs::read(place.path("job/statement.json")).unwrap();
    let sealed = place.run(&["report", "job", "--html", "sealed.html", "--key", "none"]);
    assert_eq!(sealed.code, 1);
    for (what, bytes) in [
        ("page", &page),
        ("json", &json),
        ("stdout", &made.out.into_bytes()),
    ] {
        let left = found(&secrets(), bytes);
        assert!(left.is_empty(), "{what}: {left:?}");
    }
    let page = String::from_utf8(page).unwrap();
    assert!(page.contains("triage &lt;trial&gt;") && page.contains("NOT COVERED"));
    for word in ["<script", "http://", "https://", "/in/", " src=\""] {
        assert!(!page.contains(word), "{word}");
    }
}

#[test]
fn the_report_of_a_job_can_be_passed_on() {
    let (place, count) = ran();
    let share = [
        "batch",
        "report",
        "job",
        "--pictures",
        "0",
        "--share-report",
        "share.jsonl",
    ];
    let made = place.run(&share);
    assert_eq!(made.code, 0, "{}", made.err);
    let text = fs::read(place.path("share.jsonl")).unwrap();
    let hits = found(&secrets(), &text);
    assert!(hits.is_empty(), "{hits:?}");
    let lines = common::json_lines(&String::from_utf8(text).unwrap());
    assert_eq!(lines.len(), count + 1);
    assert_eq!(lines[count]["files"], count as u64);
    let mut ids: Vec<&str> = lines[..count]
        .iter()
        .map(|l| l["input"].as_str().unwrap())
        .collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), count);
    for line in &lines[..count] {
        let output = line["output"].as_str().unwrap();
        assert!(place.path("out").join(output).is_file(), "{output}");
        assert_eq!(
            (&line["id"], &line["marks"]),
            (&line["input"], &Value::Null)
        );
    }
    // It is not replaced, and another key tells other ids: it is refused.
    assert_eq!(place.run(&share).code, 2);
    place.run(&["key", "new", "other.key"]);
    let other = [
        &share[..5],
        &["--share-report", "b.jsonl", "--key", "other.key"],
    ]
    .concat();
    assert_eq!(place.run(&other).code, 2);
    assert!(!place.path("b.jsonl").exists());
}

#[test]
fn with_the_key_the_statement_is_sealed_and_a_changed_output_shows() {
    let (place, _) = ran();
    let key = place.run(&["key", "new", "other.key"]);
    assert_eq!(key.code, 0, "{}", key.err);
    let other = place.run(&["report", "job", "--key", "other.key"]);
    assert_eq!(other.code, 2, "{}", other.err);
    let made = place.run(&["report", "job", "--json"]);
    // The key of these tests is in the environment.
    let statement: Value = serde_json::from_str(&made.out).unwrap();
    assert!(statement["seal"].as_str().is_some_and(|s| s.len() == 64));
    let checked = &statement["jobs"][0]["evidence"]["checked"];
    assert_eq!(
        (&checked["faults"], &checked["outputs"]),
        (&0.into(), &30.into())
    );
    let first = tree(&place.path("out")).remove(0);
    fs::write(place.path("out").join(first), b"changed").unwrap();
    let made = place.run(&["report", "job"]);
    assert_eq!(made.code, 3, "{}", made.err);
}

#[test]
fn holders_of_the_key_find_what_left_and_call_it_back() {
    let (place, _) = ran();
    // A second job under another profile, for somebody else.
    let ran = begin(
        &place,
        "job2",
        "out2",
        &[
            "--profile",
            "research",
            "--recipient",
            "Registry",
            "--names",
            "mirror",
        ],
    );
    assert_eq!(ran.code, 0, "{}", ran.err);
    let patient = Patient::new(1);
    let traced = place.run(&["trace", "job", "job2", "--id", &patient.id, "--json"]);
    assert_eq!(traced.code, 0, "{}", traced.err);
    let left = json_lines(&traced.out);
    let of = |profile: &str| left.iter().filter(|l| l["profile"] == profile).count();
    assert_eq!((left.len(), of("basic"), of("research")), (20, 10, 10));
    assert!(
        left.iter()
            .all(|l| l["there"] == true && PathBuf::from(l["output"].as_str().unwrap()).is_file())
    );
    let outputs = |lines: &[Value]| -> BTreeSet<String> {
        lines
            .iter()
            .map(|l| l["output"].as_str().unwrap().to_owned())
            .collect()
    };
    let nobody = place.run(&["trace", "job", "--id", "NOBODY-1", "--json"]);
    assert_eq!((nobody.code, nobody.out.as_str()), (0, ""));

    let list = place.run(&["optout", "add", "list", &patient.id]);
    assert_eq!(list.code, 0, "{}", list.err);
    let recalled = place.run(&["optout", "recall", "list", "job", "job2", "--json"]);
    assert_eq!(recalled.code, 4, "{}", recalled.err);
    assert_eq!(outputs(&json_lines(&recalled.out)), outputs(&left));
    // One that is gone here may still be at the recipient.
    fs::remove_file(left[0]["output"].as_str().unwrap()).unwrap();
    let recalled = place.run(&["optout", "recall", "list", "job", "job2"]);
    assert_eq!(recalled.code, 4);
    for word in [
        "Example AI: 10 outputs to delete",
        "Registry: 10 outputs to delete",
    ] {
        assert!(recalled.out.contains(word), "{}", recalled.out);
    }
    let empty = place.run(&["optout", "add", "list2", "NOBODY-1"]);
    assert_eq!(empty.code, 0);
    let none = place.run(&["optout", "recall", "list2", "job", "job2"]);
    assert_eq!((none.code, none.out.as_str()), (0, ""));
    // An accession number finds its own as well, and without the key nothing is found.
    let by_study = place.run(&["trace", "job", "--id", "1.2.3.4", "--study"]);
    assert_eq!(by_study.out, "");
    let mut command = place.command(&["trace", "job", "--id", &patient.id]);
    command.env_remove("UNBURN_KEY");
    assert_eq!(common::finish(&mut command).code, 2);
}

#[test]
fn sqlite_reads_a_journal_without_patients() {
    let (place, _) = ran();
    let Some(mut shell) = tool("sqlite3") else {
        skip("reading the journal: sqlite3 is not there");
        return;
    };
    let dump = shell
        .arg(place.path("job/journal.sqlite"))
        .arg("SELECT data FROM events")
        .output()
        .unwrap();
    let data = String::from_utf8_lossy(&dump.stdout).into_owned();
    assert!(data.contains("\"marks\""));
    let lines: String = json_lines(&data)
        .into_iter()
        .map(|mut l| {
            // The path of the input names the patient here: it is what the journal is private for.
            l.as_object_mut().unwrap().remove("input");
            l.to_string()
        })
        .collect();
    let left = found(&secrets(), lines.as_bytes());
    assert!(left.is_empty(), "{left:?}");
}
