//! `unburn preview`: one frame before and after, as a PNG picture or as one web page.

use super::Exit;
use super::args::PreviewArgs;
use super::message;
use crate::batch::report_file::private_new;
use crate::error::{Error, Result};
use crate::preview;
use crate::redact::Engine;
use std::io::{BufWriter, Write};
use std::path::Path;

/// Runs the command.
pub fn run(args: PreviewArgs) -> Result<Exit> {
    let config = super::settings(&args.settings)?;
    super::no_deface(&config)?;
    std::fs::metadata(&args.file).map_err(|source| Error::Io {
        action: "reading the input",
        path: args.file.clone(),
        source,
    })?;
    if args.output.exists() && !args.overwrite {
        return Err(Error::Config(format!(
            "the picture exists already: `{}`; hint: `--overwrite`",
            args.output.display()
        )));
    }
    if same_file(&args.file, &args.output) {
        return Err(Error::Config(
            "the picture would take the place of the input".into(),
        ));
    }
    let engine = Engine::open(&config, None)?;
    match engine.preview(&args.file, args.frame, args.projection) {
        Ok(data) => {
            let fail = |e| io(&args.output, e);
            let bytes = if args.html {
                let page = preview::html(&data, args.include_original).map_err(fail)?;
                page.into_bytes()
            } else {
                preview::png(&preview::draw(&data)).map_err(fail)?
            };
            write(&args.output, &bytes)?;
            Ok(Exit::Done)
        }
        Err(refusal) => {
            message(&format!(
                "{}: {refusal}: `{}`",
                refusal.reason.outcome().name(),
                args.file.display()
            ));
            Ok(Exit::Attention)
        }
    }
}

fn same_file(a: &Path, b: &Path) -> bool {
    matches!((a.canonicalize(), b.canonicalize()), (Ok(a), Ok(b)) if a == b)
}

/// Writes beside the target, then renames. The picture shows what was in the file, so it is as private as the report.
fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.partial", std::process::id()));
    let partial = path.with_file_name(name);
    let file = private_new(&partial).map_err(|e| io(&partial, e))?;
    let mut file = BufWriter::new(file);
    file.write_all(bytes)
        .and_then(|()| file.flush())
        .map_err(|e| io(&partial, e))?;
    std::fs::rename(&partial, path).map_err(|e| io(path, e))
}

fn io(path: &Path, source: std::io::Error) -> Error {
    Error::Io {
        action: "writing the picture",
        path: path.to_path_buf(),
        source,
    }
}
