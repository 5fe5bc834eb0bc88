//! `unburn templates import`: the rules of other programs as an equipment file.

use super::args::{FormKind, ImportArgs, TemplatesVerb};
use super::output::Out;
use super::{Exit, message};
use crate::error::{Error, Result};
use crate::site;
use crate::templates::import::{self, Form, Imported};
use serde_json::json;
use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;

/// Runs the command.
pub fn run(verb: TemplatesVerb) -> Result<Exit> {
    let TemplatesVerb::Import(args) = verb;
    let text = site::read_text("reading the rules", &args.file)?;
    let form = args.form.map(|f| match f {
        FormKind::Ctp => Form::Ctp,
        FormKind::Deid => Form::Deid,
    });
    let imported = import::import(&text, form, args.approved_by.as_deref())?;
    let source = args.file.file_name().unwrap_or_default().to_string_lossy();
    let toml = imported.to_toml(&source)?;
    let mut out = Out::new();
    match &args.output {
        Some(path) => write(path, &toml, args.overwrite)?,
        None => out.line(toml.trim_end()),
    }
    if args.json {
        out.json(&json!({"schema": 1, "type": "templates-import", "form": imported.form, "rules": imported.rules,
            "taken": imported.taken, "templates": imported.templates.len(), "left": imported.left,
            "notes": imported.notes}));
    } else {
        tell(&args, &imported);
    }
    out.finish()?;
    Ok(if imported.left.is_empty() {
        Exit::Done
    } else {
        Exit::Attention
    })
}

fn tell(args: &ImportArgs, imported: &Imported) {
    for (what, told) in [("left out", &imported.left), ("note", &imported.notes)] {
        for t in told {
            message(&format!("{what}: line {} ({}): {}", t.line, t.rule, t.why));
        }
    }
    let into = args
        .output
        .as_ref()
        .map_or_else(String::new, |p| format!(" in `{}`", p.display()));
    message(&format!(
        "{} of {} rules taken over as {} templates{into}; try them with `unburn scan --templates`",
        imported.taken,
        imported.rules,
        imported.templates.len()
    ));
}

fn write(path: &Path, text: &str, overwrite: bool) -> Result<()> {
    let mut options = OpenOptions::new();
    if overwrite {
        options.write(true).create(true).truncate(true);
    } else {
        options.write(true).create_new(true);
    }
    options
        .open(path)
        .and_then(|mut file| file.write_all(text.as_bytes()))
        .map_err(|source| Error::Io {
            action: "writing the templates",
            path: path.to_path_buf(),
            source,
        })
}
