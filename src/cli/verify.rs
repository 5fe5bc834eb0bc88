//! `unburn verify`: an independent look at a pair of files, or at one.

use super::Exit;
use super::args::VerifyArgs;
use super::output::{Out, box_line};
use super::text::shown;
use crate::error::{Error, Result};
use crate::plan::Action;
use crate::redact::Engine;
use crate::report::{Identical, VerifyOutcome};
use std::path::Path;

/// Runs the command.
pub fn run(args: VerifyArgs) -> Result<Exit> {
    let config = super::settings(&args.settings)?;
    for path in [Some(&args.original), args.redacted.as_ref()]
        .into_iter()
        .flatten()
    {
        must_be_file(path)?;
    }
    let engine = Engine::open(&config, None)?;
    let outcome = match &args.redacted {
        Some(redacted) => engine.verify_pair(&args.original, redacted),
        None => engine.verify_one(&args.original),
    };
    let mut out = Out::new();
    if args.json {
        out.json(&outcome);
    } else {
        lines(&outcome).iter().for_each(|l| out.line(l));
    }
    out.finish()?;
    Ok(exit_of(&outcome, args.fail_on_found))
}

fn must_be_file(path: &Path) -> Result<()> {
    let io = |source| Error::Io {
        action: "reading the input",
        path: path.to_path_buf(),
        source,
    };
    if std::fs::metadata(path).map_err(io)?.is_dir() {
        return Err(Error::Config(format!(
            "verify takes files, not folders: `{}`",
            path.display()
        )));
    }
    Ok(())
}

fn exit_of(outcome: &VerifyOutcome, fail_on_found: bool) -> Exit {
    let found = outcome.boxes.iter().any(|b| b.action == Action::Mask);
    match (&outcome.original, outcome.ok) {
        (_, true) => Exit::Done,
        (Some(_), false) => Exit::Attention,
        // One file: text that was found is an answer, a file that could not be searched is not.
        (None, false) if found && fail_on_found => Exit::Found,
        (None, false) if found => Exit::Done,
        (None, false) => Exit::Attention,
    }
}

fn lines(outcome: &VerifyOutcome) -> Vec<String> {
    let name = shown(&outcome.file);
    let mut lines = Vec::new();
    match (&outcome.original, outcome.ok) {
        (Some(_), true) => lines.push(format!("holds        {name}")),
        (Some(_), false) => lines.push(format!("does not hold  {name}")),
        (None, true) => lines.push(format!("nothing found  {name}")),
        (None, false) if outcome.verify.is_some() => lines.push(format!("text found   {name}")),
        (None, false) => lines.push(format!("not searched  {name}")),
    }
    if let Some(reason) = &outcome.reason {
        let detail = outcome.detail.as_deref().unwrap_or_default();
        lines.push(format!("{:13}{reason}: {}", "", shown(detail)));
    }
    if let Some(identical) = outcome.outside_identical {
        let what = match identical {
            Identical::No => "not identical",
            Identical::Samples => "every stored sample identical",
            Identical::Coefficients => "every coefficient block identical",
        };
        lines.push(format!("{:13}outside the masks: {what}", ""));
    }
    if let Some(v) = &outcome.verify {
        if outcome.original.is_some() {
            lines.push(format!(
                "{:13}inside the masks: {}",
                "",
                if v.inside_constant {
                    "one value"
                } else {
                    "not one value"
                }
            ));
        }
        if outcome.original.is_some() {
            lines.push(match v.identities_left {
                Some(n) => format!("{:13}identities of the original in the bytes: {n}", ""),
                None => format!(
                    "{:13}identities of the original were not looked for: the header was not de-identified",
                    ""
                ),
            });
        }
        lines.push(format!(
            "{:13}lines that no keep rule covers: {}",
            "", v.residual_lines
        ));
    }
    lines.extend(outcome.boxes.iter().map(box_line));
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::Rect;
    use crate::plan::{Carrier, Shape};
    use crate::report::{BoxReport, Tool};

    #[test]
    fn exit_codes_tell_pairs_from_single_files() {
        let mut pair = VerifyOutcome::new(&Tool::default(), Some(Path::new("a")), Path::new("b"));
        assert_eq!(exit_of(&pair, false), Exit::Attention);
        pair.ok = true;
        assert_eq!(exit_of(&pair, false), Exit::Done);
        let mut one = VerifyOutcome::new(&Tool::default(), None, Path::new("b"));
        assert_eq!(
            exit_of(&one, true),
            Exit::Attention,
            "could not be searched"
        );
        one.boxes.push(BoxReport {
            frames: (0, 0),
            rect: Rect::new(0, 0, 8, 8),
            before_codec: None,
            carrier: Carrier::PixelData,
            shape: Shape::Rect,
            action: Action::Mask,
            reason: "unknown-text".into(),
            confidence: 0.5,
            text: None,
        });
        assert_eq!(exit_of(&one, true), Exit::Found);
        assert_eq!(exit_of(&one, false), Exit::Done);
    }
}
