//! The contact sheet: small pictures of the files of a job that a person should look at first.

use super::journal::Journal;
use super::source;
use super::summary::{Picture, Suspect};
use crate::config::Limits;
use crate::error::Result;
use crate::preview;
use crate::redact::{Engine, Input};

/// Longer side of a picture, pixels.
const SIDE_PX: u32 = 400;

/// Plans each suspect once more and draws its first frame as it is written.
///
/// # Errors
/// [`crate::error::Error::Io`] for the journal. A file that cannot be drawn any more says so in its place.
pub fn pictures(
    journal: &mut Journal,
    engine: &Engine,
    limits: &Limits,
    suspects: &[Suspect],
) -> Result<Vec<Picture>> {
    let mut pictures = Vec::new();
    for suspect in suspects {
        let Some(entry) = journal.entry(suspect.file)? else {
            continue;
        };
        let name = entry.item.name();
        let bytes = source::bytes(&entry.item, limits);
        let png = engine
            .preview_input(Input::Read(&name, bytes), 0, false)
            .map_err(|refusal| refusal.to_string())
            .and_then(|data| {
                preview::png(&preview::thumbnail(&data, SIDE_PX)).map_err(|e| e.to_string())
            });
        pictures.push(Picture {
            suspect: suspect.clone(),
            name: name.to_string_lossy().into_owned(),
            png,
        });
    }
    Ok(pictures)
}
