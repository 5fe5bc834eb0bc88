//! The statement for a privacy office: what jobs did, under which rules, what they held back, how it was checked, and what
//! is not covered.
//!
//! Made from the journals alone; it holds no patient data: no paths, no header values, no keyed marks. Modalities are told
//! only if they are words of the standard. [`page`] draws the same as one HTML page.

pub mod harbor;
pub mod page;
pub mod sample;

use super::journal::Kind;
use super::spec::Spec;
use super::{View, report, status};
use crate::config::{Faces, Policy};
use crate::error::{Error, Result};
use crate::key::Key;
use crate::outcome::Reason;
use crate::plan::Action;
use crate::profile::{Choice, date, options};
use crate::report::{FileReport, Identical};
use harbor::{Tally, Told};
use sample::Sampled;
use serde::Serialize;
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::path::{Path, PathBuf};

/// What no job covers, whatever it was told.
pub const NOT_COVERED: [&str; 6] = [
    "Anatomy and biometrics: skull, teeth, retina, vessels, implants, gait and body shape are what the images show.",
    "Matching of pixels: whoever has an original finds its copy by identical pixels.",
    "Keyed output is pseudonymised, not anonymous: holders of the key can make the pseudonyms and UIDs again.",
    "Text that detection does not find, and handwriting beyond finding it. `clean` means that nothing was found.",
    "What outputs tell together with other sources: rare findings, dates of events, small groups.",
    "This is a record of what was done, not a legal opinion.",
];

/// Modalities that are words of the standard (PS3.3 section C.7.3.1.1.1); others could say anything.
const MODALITIES: &str = "ANN AR ASMT AU BDUS BI BMD CFM CR CT CTPROTOCOL DMS DG DOC DX ECG EEG EMG EOG EPS ES FID GM HC HD IO \
IOL IVOCT IVUS KER KO LEN LS M3D MG MR NM OAM OCT OP OPM OPT OPTBSV OPTENF OPV OSS OT PA PLAN POS PR PT PX REG RESP RF RG \
RTDOSE RTIMAGE RTINTENT RTPLAN RTRAD RTRECORD RTSEGANN RTSTRUCT RWV SEG SM SMR SR SRF STAIN TG US VA XA XAPROTOCOL XC";

type Counts = BTreeMap<String, u64>;

fn one(counts: &mut Counts, name: &str) {
    *counts.entry(name.to_owned()).or_default() += 1;
}

/// A time in which a runner was at work.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct RunFacts {
    /// When it began and ended; null for a run that was killed.
    pub begun: String,
    /// See `begun`.
    pub ended: Option<String>,
    /// What else it noted: device, workers, profile with its options and overrides, opt-out list.
    pub noted: BTreeMap<String, Value>,
}

/// What one job was told, and the digests that bind it.
#[derive(Clone, Debug, Serialize)]
pub struct JobFacts {
    /// Its id.
    pub job: String,
    /// When it was made.
    pub begun: String,
    /// Who gets the outputs; null where nobody said so.
    pub recipient: Option<String>,
    /// What for.
    pub purpose: Option<String>,
    /// Which part of the studies.
    pub shard: Option<String>,
    /// Profile, null with `--keep-metadata`; a site's own by the name in its file.
    pub profile: Option<String>,
    /// Its options, and those beside it.
    pub options: Vec<String>,
    /// The site's own changes of the profile: tag, action, reason.
    pub overrides: Vec<Value>,
    /// Policy for text in pixels.
    pub policy: String,
    /// What became of possible faces.
    pub faces: Faces,
    /// Whether opt-outs were asked for, with the digest and the day of the list in each run.
    pub opt_out: bool,
    /// Version of the program.
    pub version: String,
    /// `name:sha256` of the models.
    pub models: Vec<String>,
    /// Id of the key.
    pub key: String,
    /// Entries of the work list, and those without an outcome.
    pub files: u64,
    /// See `files`.
    pub open: u64,
    /// When runners were at work.
    pub runs: Vec<RunFacts>,
    /// What binds all this.
    pub evidence: Evidence,
}

/// Digests, SHA-256 in hex.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Evidence {
    /// Of the frozen configuration.
    pub job_sha256: String,
    /// Of the settings and the contents of the files they name.
    pub config_sha256: String,
    /// Of `audit.jsonl`, and the number of events in the journal.
    pub audit_sha256: Option<String>,
    /// See `audit_sha256`.
    pub events: u64,
    /// Of `report.jsonl`.
    pub report_sha256: Option<String>,
    /// Outputs that left.
    pub outputs: u64,
    /// Over their digests, sorted, one a line.
    pub outputs_sha256: String,
    /// With the key: lines of the audit and outputs that hold, and faults; null where it was not checked.
    pub checked: Option<CheckedNow>,
    /// What people found in a sample of the outputs, where one was reviewed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sample: Option<Sampled>,
}

/// What a check with the key found now.
#[derive(Clone, Debug, Serialize)]
pub struct CheckedNow {
    /// Lines of the audit that hold.
    pub audit_lines: u64,
    /// Outputs that are there with their bytes.
    pub outputs: u64,
    /// How much does not hold; `unburn batch status --check` names it.
    pub faults: u64,
}

/// Sums of the self-checks of the written files.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Verified {
    /// Files that were written and opened again.
    pub files: u64,
    /// … in which every statement held.
    pub ok: u64,
    /// … whose samples, or coefficients, outside the masks were compared and found identical.
    pub samples: u64,
    /// See `samples`.
    pub coefficients: u64,
    /// … whose encoded pixels are those of the input.
    pub encoded_kept: u64,
    /// … that were searched for identities of the original.
    pub searched: u64,
    /// Identities found in those; a file with one does not leave.
    pub identities_left: u64,
    /// Readable lines left that no rule keeps.
    pub residual_lines: u64,
}

/// The statement.
#[derive(Clone, Debug, Serialize)]
pub struct Statement {
    /// 1.
    pub schema: u32,
    /// `statement`.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// When it was made.
    pub made: String,
    /// Version of the program that made it.
    pub version: String,
    /// The jobs.
    pub jobs: Vec<JobFacts>,
    /// Files with an outcome.
    pub files: u64,
    /// Files without one.
    pub open: u64,
    /// Files by outcome.
    pub outcomes: Counts,
    /// Files that did not leave, by reason.
    pub reasons: Counts,
    /// Files by modality.
    pub by_modality: BTreeMap<String, Counts>,
    /// Attributes by what was done, over all written files.
    pub header_actions: Counts,
    /// Written files by code of CID 7050 that their header earned.
    pub codes: Counts,
    /// Places of text that were masked, by rule.
    pub masked_by: Counts,
    /// Places of text that stayed, by rule.
    pub kept_by: Counts,
    /// Other carriers of text, by what was done.
    pub carriers: Counts,
    /// Files by class of risk, and by what their header says of a face.
    pub risk: Counts,
    /// See `risk`.
    pub faces: Counts,
    /// Self-checks.
    pub verified: Verified,
    /// The 18 identifiers.
    pub safe_harbor: Vec<harbor::Line>,
    /// What no job covers.
    pub not_covered: Vec<&'static str>,
    /// Over all of this as compact JSON, with this and `seal` empty.
    pub sha256: String,
    /// HMAC over the same with the project key, where it was given.
    pub seal: Option<String>,
}

/// Makes the statement; with the key audits and outputs are checked now, and it is sealed.
///
/// # Errors
/// [`Error::Io`]; [`Error::Config`] for a job that runs, or another key.
pub fn make(jobs: &mut [(PathBuf, View)], key: Option<&Key>) -> Result<Statement> {
    let mut sum = Sum::default();
    let mut facts = Vec::new();
    for (folder, view) in jobs {
        facts.push(job_facts(folder, view, key, &mut sum)?);
    }
    let now = super::journal::now_ms();
    let mut statement = Statement {
        schema: 1,
        kind: "statement",
        made: time(now),
        version: env!("CARGO_PKG_VERSION").into(),
        files: sum.files,
        open: facts.iter().map(|f| f.open).sum(),
        jobs: facts,
        outcomes: sum.outcomes,
        reasons: sum.reasons,
        by_modality: sum.by_modality,
        header_actions: sum.header_actions,
        codes: sum.codes,
        masked_by: sum.masked_by,
        kept_by: sum.kept_by,
        carriers: sum.carriers,
        risk: sum.risk,
        faces: sum.faces,
        verified: sum.verified,
        safe_harbor: sum.tally.lines(&sum.told),
        not_covered: NOT_COVERED.to_vec(),
        sha256: String::new(),
        seal: None,
    };
    let text = serde_json::to_vec(&statement)
        .map_err(|e| Error::Config(format!("the statement cannot be written: {e}")))?;
    statement.sha256 = hex(&Sha256::digest(&text));
    statement.seal = key.map(|k| hex(&k.mac("unburn statement", &text)));
    Ok(statement)
}

/// What is counted over all jobs.
#[derive(Default)]
struct Sum {
    files: u64,
    outcomes: Counts,
    reasons: Counts,
    by_modality: BTreeMap<String, Counts>,
    header_actions: Counts,
    codes: Counts,
    masked_by: Counts,
    kept_by: Counts,
    carriers: Counts,
    risk: Counts,
    faces: Counts,
    verified: Verified,
    tally: Tally,
    told: Told,
    any_job: bool,
}

impl Sum {
    fn add(&mut self, modality: Option<&str>, line: &FileReport) {
        self.files += 1;
        one(&mut self.outcomes, line.outcome.name());
        if let Some(reason) = &line.reason {
            one(&mut self.reasons, reason);
        }
        let modality = match modality.map(str::trim) {
            None | Some("") => "not said",
            Some(m) if MODALITIES.split(' ').any(|known| known == m) => m,
            Some(_) => "other",
        };
        let outcomes = self.by_modality.entry(modality.into()).or_default();
        one(outcomes, line.outcome.name());
        one(
            &mut self.risk,
            line.risk.as_deref().unwrap_or("not assessed"),
        );
        let face = line.faces.as_deref().unwrap_or("not assessed");
        one(&mut self.faces, face.split(':').next().unwrap_or_default());
        if line.output.is_none() {
            return;
        }
        for b in &line.boxes {
            // A word of a site's list follows some rules; the rule is enough.
            match b.action {
                Action::Mask => {
                    one(&mut self.masked_by, &b.reason);
                    self.tally.masked(&b.reason);
                }
                Action::Keep => one(&mut self.kept_by, &b.reason),
            }
        }
        for c in &line.carriers {
            *self
                .carriers
                .entry(format!("{} {}", c.kind, c.action))
                .or_default() += u64::from(c.count);
        }
        if let Some(m) = &line.metadata {
            for (action, n) in &m.actions {
                *self.header_actions.entry(action.clone()).or_default() += u64::from(*n);
            }
            for code in &m.codes {
                one(&mut self.codes, code);
            }
            self.tally.header(&m.attributes);
        }
        if let Some(v) = &line.verify {
            let sum = &mut self.verified;
            sum.files += 1;
            sum.ok += u64::from(v.ok);
            sum.searched += u64::from(v.identities_left.is_some());
            sum.identities_left += u64::from(v.identities_left.unwrap_or(0));
            sum.residual_lines += u64::from(v.residual_lines);
            if let Some(p) = &line.pixels {
                sum.samples += u64::from(p.outside_identical == Identical::Samples);
                sum.coefficients += u64::from(p.outside_identical == Identical::Coefficients);
                sum.encoded_kept += u64::from(p.encoded_bytes_kept);
            }
        }
    }

    fn told(&mut self, spec: &Spec, options: &[String], weakened: bool) {
        let (s, told) = (&spec.settings, &mut self.told);
        told.options.extend(
            options
                .iter()
                .filter_map(|o| Choice::list(o).ok())
                .flatten(),
        );
        told.keep_metadata |= s.keep_metadata;
        told.weakened |= weakened;
        told.unknown_kept |= s.policy == Policy::Phi;
        told.faces_cut = (told.faces_cut || !self.any_job) && s.faces == Faces::Deface;
        told.faces_held = (told.faces_held || !self.any_job) && s.faces != Faces::Flag;
        told.own_pseudonyms = (told.own_pseudonyms || !self.any_job) && s.pseudonyms.is_some();
        self.any_job = true;
    }
}

fn job_facts(folder: &Path, view: &mut View, key: Option<&Key>, sum: &mut Sum) -> Result<JobFacts> {
    let spec = view.spec.clone();
    if view.running {
        return Err(Error::Config(format!(
            "the job is running: a statement can be made when the run has ended: `{}`",
            folder.display()
        )));
    }
    if let Some(key) = key {
        super::check_key(&spec, key)?;
    }
    let mut digests: Vec<[u8; 32]> = Vec::new();
    let summary = report::each(&spec, &mut view.journal, |member, line| {
        sum.add(member.entry.modality.as_deref(), &line);
        if line.output.is_some() {
            digests.extend(line.output_sha256.as_deref().and_then(unhex));
        }
        Ok(())
    })?;
    digests.sort_unstable();
    let mut over = Sha256::new();
    digests
        .iter()
        .for_each(|d| over.update(format!("{}\n", hex(d))));
    let checked = match key {
        None => None,
        Some(key) => {
            let c = status::check(folder, &spec, &mut view.journal, key)?;
            Some(CheckedNow {
                audit_lines: c.audit_lines,
                outputs: c.outputs,
                faults: c.faults.len() as u64,
            })
        }
    };
    let (begun, events, runs) = history(view)?;
    let noted = |name: &str| runs.iter().rev().find_map(|r| r.noted.get(name)).cloned();
    let profile = noted("profile").unwrap_or_default();
    let texts = |name: &str| -> Vec<Value> {
        profile
            .get(name)
            .and_then(Value::as_array)
            .cloned()
            .unwrap_or_default()
    };
    let options: Vec<String> = match noted("profile") {
        Some(_) => texts("options")
            .iter()
            .filter_map(Value::as_str)
            .map(str::to_owned)
            .collect(),
        // A job that has not run.
        None => spec
            .settings
            .profile_options
            .split([',', ' '])
            .filter(|w| !w.is_empty())
            .map(str::to_owned)
            .collect(),
    };
    let weakened = profile
        .get("weakened")
        .and_then(Value::as_bool)
        .unwrap_or(false);
    sum.told(&spec, &options, weakened);
    let named = profile.get("name").and_then(Value::as_str);
    Ok(JobFacts {
        job: spec.job.clone(),
        begun,
        recipient: spec.work.recipient.clone(),
        purpose: spec.work.purpose.clone(),
        shard: spec.work.shard.map(String::from),
        profile: (!spec.settings.keep_metadata).then(|| named.unwrap_or("not run yet").to_owned()),
        overrides: texts("overrides"),
        options,
        policy: spec.tool.policy.clone(),
        faces: spec.settings.faces,
        opt_out: spec.settings.opt_out.is_some(),
        version: spec.tool.version.clone(),
        models: spec.tool.models.clone(),
        key: spec.tool.key.clone(),
        files: summary.files + summary.not_started,
        open: summary.not_started,
        runs,
        evidence: Evidence {
            job_sha256: spec.sha256.clone(),
            config_sha256: spec.tool.config_sha256.clone(),
            audit_sha256: digest(&folder.join("audit.jsonl"))?,
            events,
            report_sha256: digest(&folder.join("report.jsonl"))?,
            outputs: digests.len() as u64,
            outputs_sha256: hex(&over.finalize()),
            checked,
            sample: Sampled::of_job(folder)?,
        },
    })
}

/// When the job was made, the number of its events, and its runs.
fn history(view: &mut View) -> Result<(String, u64, Vec<RunFacts>)> {
    let rows = view.journal.rows(
        "SELECT kind, at_ms, data FROM events WHERE kind IN (?1, ?2, ?3) ORDER BY seq",
        [
            Kind::Begun.name(),
            Kind::RunStarted.name(),
            Kind::RunEnded.name(),
        ],
        |r| {
            Ok((
                r.get::<_, String>(0)?,
                r.get::<_, i64>(1)?,
                r.get::<_, Option<String>>(2)?,
            ))
        },
    )?;
    let events = view
        .journal
        .with(|db| db.query_row("SELECT count(*) FROM events", [], |r| r.get::<_, i64>(0)))?;
    let (mut begun, mut runs) = (String::new(), Vec::<RunFacts>::new());
    for (kind, at, data) in rows {
        if kind == Kind::Begun.name() {
            begun = time(at);
        } else if kind == Kind::RunStarted.name() {
            let mut noted: BTreeMap<String, Value> = data
                .as_deref()
                .and_then(|d| serde_json::from_str(d).ok())
                .unwrap_or_default();
            noted.remove("process");
            runs.push(RunFacts {
                begun: time(at),
                ended: None,
                noted,
            });
        } else if let Some(run) = runs.last_mut() {
            run.ended = Some(time(at));
        }
    }
    Ok((begun, events as u64, runs))
}

/// A profile as the journal notes it.
pub fn noted_profile(profile: &crate::profile::Profile) -> Value {
    let overrides: Vec<Value> = profile
        .overrides
        .values()
        .map(|o| serde_json::to_value(o).unwrap_or_default())
        .collect();
    serde_json::json!({
        "name": profile.name,
        "options": profile.options.iter().map(|c| c.name()).collect::<Vec<_>>(),
        "overrides": overrides,
        "weakened": !profile.is_standard(),
    })
}

/// Meaning of a code of CID 7050.
fn meaning(code: &str) -> &'static str {
    [options::BASIC_CODE, options::PIXELS_CODE]
        .into_iter()
        .chain(options::CHOICES.iter().map(|c| c.0.code()))
        .find(|c| c[0] == code)
        .map_or("", |c| c[2])
}

/// When a reason is given.
fn trigger(code: &str) -> &'static str {
    Reason::find(code).map_or("", Reason::trigger)
}

/// Unix milliseconds as a time in UTC.
pub fn time(ms: i64) -> String {
    let (day, second) = (ms.div_euclid(86_400_000), ms.rem_euclid(86_400_000) / 1000);
    let (y, m, d) = date::civil(day);
    format!(
        "{y:04}-{m:02}-{d:02}T{:02}:{:02}:{:02}Z",
        second / 3600,
        second / 60 % 60,
        second % 60
    )
}

fn digest(path: &Path) -> Result<Option<String>> {
    let io = |source| Error::Io {
        action: "reading the job",
        path: path.to_path_buf(),
        source,
    };
    let mut file = match std::fs::File::open(path) {
        Ok(file) => file,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(io(e)),
    };
    let (mut hasher, mut buffer) = (Sha256::new(), vec![0; 1 << 20]);
    loop {
        match file.read(&mut buffer).map_err(io)? {
            0 => return Ok(Some(hex(&hasher.finalize()))),
            n => hasher.update(buffer.get(..n).unwrap_or_default()),
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

fn unhex(text: &str) -> Option<[u8; 32]> {
    let bytes: Vec<u8> = text
        .as_bytes()
        .chunks(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok())
        .collect::<Option<_>>()?;
    bytes.try_into().ok()
}

/// Jobs below the folders given: a job itself, or the rounds of a watcher.
///
/// # Errors
/// [`Error::Config`] where a folder is neither, [`Error::Io`].
pub fn find_jobs(folders: &[PathBuf]) -> Result<Vec<(PathBuf, View)>> {
    let mut found = BTreeSet::new();
    for folder in folders {
        let rounds = folder.join("rounds");
        if super::is_job(folder) || !rounds.is_dir() {
            found.insert(folder.clone());
            continue;
        }
        let io = |source| Error::Io {
            action: "reading the rounds",
            path: rounds.clone(),
            source,
        };
        for entry in std::fs::read_dir(&rounds).map_err(io)? {
            let path = entry.map_err(io)?.path();
            if super::is_job(&path) {
                found.insert(path);
            }
        }
    }
    found
        .into_iter()
        .map(|folder| View::open(&folder).map(|view| (folder, view)))
        .collect()
}
