//! `unburn review`: the technician's page, served on loopback until it is no longer used.

use super::args::ReviewArgs;
use super::output::Out;
use super::text::count;
use super::{Exit, key_for_run, message, signals};
use crate::batch::{job, walk};
use crate::error::{Error, Result};
use crate::redact::Engine;
use crate::review::job::JobDesk;
use crate::review::{Options, Server, Session, Settings, StateFolder, Work};
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Runs the command.
pub fn run(args: ReviewArgs) -> Result<Exit> {
    let job = match args.inputs.as_slice() {
        [folder] if job::is_job(folder) => Some(folder.clone()),
        _ => None,
    };
    let (session, desk) = match job {
        Some(folder) => of_job(&args, &folder)?,
        None => (of_files(&args)?, None),
    };
    let skipped = match session.skipped() {
        0 => String::new(),
        n => format!(" ({n} more are no DICOM objects)"),
    };
    message(&format!("{}{skipped}", count(session.len() as u64, "file")));
    let server = Server::bind(Settings {
        port: args.port,
        idle: Duration::from_secs(60 * args.idle_minutes.max(1)),
    })?;
    let address = server.address();
    let mut out = Out::new();
    out.line(&address);
    out.finish()?;
    if !args.no_open
        && let Err(error) = open::that_detached(&address)
    {
        message(&format!(
            "no browser could be opened ({}); open the address yourself",
            error.kind()
        ));
    }
    let drain = signals::drain_on_interrupt();
    let session = server.run(session, &drain)?;
    if let Some(desk) = desk {
        desk.write_report()?;
    }
    let counts = session.counts();
    message(&format!(
        "{} approved, {} flagged, {} rejected, {} not decided",
        counts.approved,
        counts.flagged,
        counts.rejected,
        counts.unseen + counts.open
    ));
    Ok(if counts.approved == counts.total {
        Exit::Done
    } else {
        Exit::Attention
    })
}

/// A review of files and folders.
fn of_files(args: &ReviewArgs) -> Result<Session> {
    let config = super::settings(&args.settings)?;
    let items = walk::work_list(&args.inputs)?;
    if let Some(output) = &args.output {
        walk::check_output_folder(output, &args.inputs, &items, "the output folder")?;
    } else {
        message("no --output: approvals are recorded, nothing is written");
    }
    if items.is_empty() {
        return Err(Error::Config("no files found".into()));
    }
    let folder = match &args.state {
        Some(folder) => folder.clone(),
        None => usual_state(&args.inputs)?,
    };
    let state = StateFolder::open(&folder)?;
    message(&format!(
        "edits are kept in `{}`: no pixels, no text that was read",
        folder.display()
    ));
    let key = key_for_run(args.key.as_deref())?;
    let engine = Engine::open(&config, Some(key))?.with_lists(None)?;
    match engine.profile() {
        None => message(
            "warning: --keep-metadata: names, ids and dates of the header stay in every output",
        ),
        Some(profile) => message(&format!("profile {}: {}", profile.name, profile.about)),
    }
    let options = Options {
        output: args.output.clone(),
        keyed: config.keyed_names(),
        overwrite: args.overwrite,
        limits: config.limits,
        folder,
        ..options(args)
    };
    let work = items.into_iter().map(|item| Work { item, held: None });
    let salt = state.salt();
    Session::open(engine, options, work.collect(), Box::new(state), salt)
}

/// A review of what a job holds back, or of a sample of what it let out.
fn of_job(args: &ReviewArgs, folder: &Path) -> Result<(Session, Option<JobDesk>)> {
    if args.output.is_some() || args.state.is_some() {
        return Err(Error::Config(
            "a job has its own output folder and keeps its own edits: leave out `--output` and `--state`".into(),
        ));
    }
    let key = super::batch::job_key(args.key.as_deref())?;
    let (job, engine) = super::batch::reopened(folder, &key, &args.settings)?;
    let output = job.spec().work.output.clone();
    let limits = job.spec().settings.limits;
    let desk = JobDesk::new(job, key, &engine)?;
    message("edits and decisions are events of the job's journal");
    let options = Options {
        output: Some(output).filter(|_| args.sample.is_none()),
        limits,
        folder: desk.folder()?,
        job: Some(desk.clone()),
        ..options(args)
    };
    let work = desk.files(args.sample.is_some())?;
    let salt = desk.salt()?;
    let store = Box::new(desk.clone());
    let session = Session::open(engine, options, work, store, salt)?;
    Ok((session, Some(desk)))
}

fn options(args: &ReviewArgs) -> Options {
    Options {
        reviewer: args.reviewer.clone(),
        two_person: args.two_person,
        sample: args.sample,
        ..Options::default()
    }
}

/// Where edits are kept unless told otherwise: below the user's folder for such things, one folder for the same inputs.
fn usual_state(inputs: &[PathBuf]) -> Result<PathBuf> {
    let variable = |name: &str| {
        std::env::var_os(name)
            .filter(|v| !v.is_empty())
            .map(PathBuf::from)
    };
    let base = if cfg!(windows) {
        variable("LOCALAPPDATA")
    } else {
        variable("XDG_STATE_HOME").or_else(|| variable("HOME").map(|h| h.join(".local/state")))
    };
    let base = base
        .ok_or_else(|| Error::Config("there is no folder for edits; hint: `--state DIR`".into()))?;
    let mut inputs: Vec<PathBuf> = inputs.iter().map(|i| real(i)).collect();
    inputs.sort_unstable();
    let mut hash = Sha256::new();
    for input in inputs {
        hash.update(input.as_os_str().as_encoded_bytes());
        hash.update([0]);
    }
    let name: String = hash
        .finalize()
        .iter()
        .take(8)
        .map(|b| format!("{b:02x}"))
        .collect();
    Ok(base.join("unburn").join("review").join(name))
}

fn real(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_path_buf())
}
