//! The command line: flags in, exit codes out. Data goes to stdout, messages and progress to stderr.
//!
//! Each command has a file of its own; `redact` and `scan` share `many`, the run over many files.

mod args;
mod batch;
mod doctor;
mod evidence;
mod help;
mod lists;
mod many;
mod output;
mod preview;
mod profiles;
mod progress;
mod review;
mod selftest;
mod signals;
mod templates;
mod text;
mod verify;
mod watch;
mod worker;

use crate::config::Config;
use crate::error::{Error, Result};
use crate::key::Key;
use args::{Cli, ConfigVerb, KeyVerb, SettingArgs, ShowArgs, Verb};
use clap::Parser;
use output::Out;
use serde_json::json;
use std::ffi::OsString;
use std::process::ExitCode;

/// How the program ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Every file clean, masked or skipped.
    Done = 0,
    /// Could not run.
    CouldNotRun = 1,
    /// Wrong flags or settings.
    Usage = 2,
    /// Finished, but not everything is in order.
    Attention = 3,
    /// Text was found, and `--fail-on-found` given.
    Found = 4,
    /// Interrupted by the user.
    Interrupted = 130,
}

/// Runs the program on the arguments of the process.
pub fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    if let Some(topic) = help::topic_flag(&arguments) {
        return finish(help::topic(&topic));
    }
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version come here as well, with code 0 and for stdout.
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(Exit::Usage as u8));
        }
    };
    quiet_panics();
    finish(match cli.command {
        Verb::Redact(args) => many::redact(args),
        Verb::Scan(args) => many::scan(args),
        Verb::Batch(verb) => batch::run(*verb),
        Verb::Worker(args) => worker::run(args),
        Verb::Report(args) => evidence::statement(&args),
        Verb::Trace(args) => evidence::trace(&args),
        Verb::Preview(args) => preview::run(args),
        Verb::Review(args) => review::run(args),
        Verb::Verify(args) => verify::run(args),
        Verb::Doctor(args) => doctor::run(args),
        Verb::Config(ConfigVerb::Show(args)) => show(&args),
        Verb::Key(KeyVerb::New { file }) => new_key(&file),
        Verb::Key(KeyVerb::Map { file, key, uid }) => {
            lists::map(&file, key.as_deref(), uid.as_deref())
        }
        Verb::Profile(verb) => profiles::run(verb),
        Verb::Templates(verb) => templates::run(verb),
        Verb::Optout(verb) => lists::optout(verb),
        Verb::Completions { shell } => help::completions(shell),
        Verb::Man { command } => help::man(&command),
        Verb::DrawPages => draw_pages(),
        Verb::Help { topic } => help::topic(&topic),
    })
}

/// The other end of [`crate::codec::pdf::Renderer`]. It says nothing: the document is not to end up in a log.
fn draw_pages() -> Result<Exit> {
    let mut output = std::io::BufWriter::with_capacity(1 << 20, std::io::stdout().lock());
    match crate::codec::pdf::serve(&mut std::io::stdin().lock(), &mut output) {
        Ok(()) => Ok(Exit::Done),
        Err(_) => Ok(Exit::CouldNotRun),
    }
}

fn finish(result: Result<Exit>) -> ExitCode {
    let exit = result.unwrap_or_else(|error| {
        message(&format!("error: {error}"));
        match error {
            Error::Config(_) => Exit::Usage,
            Error::Device(_) | Error::Model(_) | Error::Io { .. } => Exit::CouldNotRun,
        }
    });
    ExitCode::from(exit as u8)
}

/// The settings of a run. Which files they come from is said: one that lies about unnoticed must not change what is
/// masked.
fn settings(args: &SettingArgs) -> Result<Config> {
    let layers = args.layers()?;
    let config = layers.finish()?;
    for file in layers.files() {
        message(&format!("settings from `{}`", file.display()));
    }
    Ok(config)
}

/// A face is cut off a whole series, or not at all.
fn no_deface(config: &Config) -> Result<()> {
    if config.faces == crate::config::Faces::Deface {
        return Err(Error::Config(
            "`--faces deface` needs whole series: only `unburn batch run` has them; hint: `--faces quarantine`".into(),
        ));
    }
    Ok(())
}

/// A message for people. Failing to write it is not a reason to stop.
fn message(line: &str) {
    use std::io::Write;
    let _ = writeln!(std::io::stderr(), "{}", text::shown(line));
}

/// A panic is told with its place only: its words may hold what was in a file.
fn quiet_panics() {
    std::panic::set_hook(Box::new(|info| {
        let place = info
            .location()
            .map(|l| format!("{}:{}", l.file(), l.line()))
            .unwrap_or_default();
        message(&format!(
            "internal fault at {place}; the file it happened in is reported as failed"
        ));
    }));
}

/// `config show`
fn show(args: &ShowArgs) -> Result<Exit> {
    let layers = args.settings.layers()?;
    let shown = layers.show()?;
    let mut out = Out::new();
    if args.json {
        let settings: serde_json::Map<String, serde_json::Value> = shown
            .iter()
            .map(|(s, value, source)| {
                let entry = json!({
                    "value": value, "source": source.to_string(),
                    "flag": format!("--{}", s.flag), "variable": s.variable(),
                });
                (s.key.to_owned(), entry)
            })
            .collect();
        let site = crate::site::Site::load(&layers.finish()?)?;
        out.json(&json!({
            "schema": crate::report::SCHEMA, "type": "config", "settings": settings,
            "files": layers.files(), "config_sha256": site.digest(&layers.finish()?),
        }));
    } else {
        for (setting, value, source) in shown {
            let line = format!("{:<20} {:<12} # {source}", setting.key, value.to_string());
            out.line(&text::shown(&line));
        }
    }
    out.finish()?;
    Ok(Exit::Done)
}

/// `key new`
fn new_key(file: &std::path::Path) -> Result<Exit> {
    let key = Key::create(file)?;
    let mut out = Out::new();
    out.line(&key.id());
    out.finish()?;
    message(&format!(
        "key {} written: `{}`; keep it secret and keep a copy: it is needed to make the same UIDs again",
        key.id(),
        file.display()
    ));
    Ok(Exit::Done)
}

/// The key of a list: from the flag or from `UNBURN_KEY`; one for the run would open nothing.
fn lasting_key(flag: Option<&std::path::Path>) -> Result<Key> {
    if flag.is_none() && std::env::var_os("UNBURN_KEY").is_none() {
        return Err(Error::Config(
            "this needs the project key; hint: `--key FILE`".into(),
        ));
    }
    key_for_run(flag)
}

/// The key from the flag or from `UNBURN_KEY`.
fn given_key(flag: Option<&std::path::Path>) -> Result<Option<Key>> {
    if let Some(path) = flag {
        return Key::from_file(path).map(Some);
    }
    let Some(value) = std::env::var_os("UNBURN_KEY") else {
        return Ok(None);
    };
    Key::from_content(value.as_encoded_bytes())
        .map(Some)
        .map_err(|e| match e {
            Error::Config(why) => Error::Config(format!("{why} (from UNBURN_KEY)")),
            other => other,
        })
}

/// The key of a run: from the flag, from `UNBURN_KEY`, or drawn for this run, which is said.
fn key_for_run(flag: Option<&std::path::Path>) -> Result<Key> {
    if let Some(key) = given_key(flag)? {
        return Ok(key);
    }
    message(
        "warning: no --key: new UIDs, pseudonyms and shifted dates come from a key that ends with this run; a second run will \
         give others, and pieces of one study treated in two runs will not belong together",
    );
    Key::ephemeral()
}
