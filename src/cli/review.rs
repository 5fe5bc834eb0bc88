//! `unburn review`: the technician's page, served on loopback until it is no longer used.

use super::args::ReviewArgs;
use super::output::Out;
use super::text::count;
use super::{Exit, key_for_run, message, signals};
use crate::batch::walk;
use crate::error::{Error, Result};
use crate::redact::Engine;
use crate::review::{Options, Server, Session, Settings, StateFolder};
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Runs the command.
pub fn run(args: ReviewArgs) -> Result<Exit> {
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
        reviewer: args.reviewer.clone(),
        two_person: args.two_person,
        output: args.output.clone(),
        keyed: config.keyed_names(),
        overwrite: args.overwrite,
        sample: args.sample,
        limits: config.limits,
        folder,
        job: false,
    };
    let salt = state.salt();
    let session = Session::open(engine, options, items, Box::new(state), salt)?;
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
