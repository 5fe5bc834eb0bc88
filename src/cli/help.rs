//! Help beyond what clap prints: the reasons, man pages, completions.

use super::Exit;
use super::args::Cli;
use super::output::Out;
use crate::error::{Error, Result};
use crate::outcome::Reason;
use clap::CommandFactory;
use std::ffi::{OsStr, OsString};

/// The topic in `unburn --help TOPIC` (clap would take `--help` alone and drop the rest).
pub fn topic_flag(arguments: &[OsString]) -> Option<Vec<String>> {
    match arguments {
        [_, flag, topic] if flag == OsStr::new("--help") && topic == OsStr::new("reasons") => {
            Some(vec!["reasons".into()])
        }
        _ => None,
    }
}

/// `unburn help …`
pub fn topic(topic: &[String]) -> Result<Exit> {
    let mut out = Out::new();
    if topic == ["reasons"] {
        reasons().iter().for_each(|l| out.line(l));
    } else {
        let text = find(topic)?.render_long_help().to_string();
        out.line(text.trim_end());
    }
    out.finish()?;
    Ok(Exit::Done)
}

/// Every reason: code, outcome, what triggers it, what a person can do.
fn reasons() -> Vec<String> {
    let mut lines = vec![
        "Why a file is not written: code (outcome), what triggers it, what can be done.".to_owned(),
    ];
    for reason in Reason::ALL {
        lines.push(String::new());
        lines.push(format!("{} ({})", reason.code(), reason.outcome().name()));
        lines.push(format!("    when: {}", reason.trigger()));
        lines.push(format!("    then: {}", reason.remedy()));
    }
    lines
}

/// `unburn man`
pub fn man(command: &[String]) -> Result<Exit> {
    let mut page = Vec::new();
    clap_mangen::Man::new(find(command)?)
        .render(&mut page)
        .map_err(|source| Error::Io {
            action: "making the man page",
            path: "standard output".into(),
            source,
        })?;
    let mut out = Out::new();
    out.line(String::from_utf8_lossy(&page).trim_end());
    out.finish()?;
    Ok(Exit::Done)
}

/// `unburn completions`
pub fn completions(shell: clap_complete::Shell) -> Result<Exit> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "unburn", &mut script);
    let mut out = Out::new();
    out.line(String::from_utf8_lossy(&script).trim_end());
    out.finish()?;
    Ok(Exit::Done)
}

/// The command with this name, `config show` included, named in full.
fn find(path: &[String]) -> Result<clap::Command> {
    let mut command = Cli::command();
    command.build();
    for name in path {
        command = command.find_subcommand(name).cloned().ok_or_else(|| {
            Error::Config(format!("no such command or topic: `{}`", path.join(" ")))
        })?;
    }
    Ok(command)
}
