//! The pass before a job that cuts faces off: every CT series of the closed work list is read as a volume.
//!
//! What it finds, or why there is nothing to cut, lies in `JOB/volumes/`, one file a series, and holds digests and geometry
//! only. A later run takes what is there: a series is cut as it was begun. Series of which a face may be seen and that
//! have no cut are held back file by file.

use super::{Job, source, write_whole};
use crate::config::Faces;
use crate::error::{Error, Result};
use crate::redact::{Engine, FaceSeries};
use serde::{Deserialize, Serialize};

/// Series of fewer files are no heads.
const FEWEST_FILES: i64 = 20;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    schema: u32,
    /// Keyed digest of the series, as in the journal.
    series: String,
    /// The cut.
    cut: Option<FaceSeries>,
    /// Why there is none; null where no face may be seen.
    why: Option<String>,
}

/// Makes the cuts of a job, or takes those that are there, and gives them to the engine.
///
/// # Errors
/// [`Error::Io`]; [`Error::Config`] for a stored cut that cannot be read.
pub fn prepare(job: &mut Job, engine: &Engine) -> Result<()> {
    let spec = job.spec().clone();
    if spec.settings.faces != Faces::Deface {
        return Ok(());
    }
    let folder = job.folder().join("volumes");
    super::create_private_folder(&folder)?;
    let series: Vec<String> = job.journal().rows(
        "SELECT series FROM work WHERE modality = 'CT' AND series IS NOT NULL GROUP BY series \
         HAVING count(*) >= ?1 ORDER BY min(id)",
        [FEWEST_FILES],
        |r| r.get(0),
    )?;
    let mut cuts = Vec::new();
    for id in series {
        let path = folder.join(format!("{id}.json"));
        let stored = match std::fs::read(&path) {
            Ok(bytes) => serde_json::from_slice::<Stored>(&bytes).map_err(|_| {
                Error::Config(format!(
                    "a volume that cannot be read: `{}`",
                    path.display()
                ))
            })?,
            Err(_) => {
                let members = job.journal().group("series", &id)?;
                let limits = spec.settings.limits;
                let mut files = members
                    .iter()
                    .map(|m| source::bytes(&m.entry.item, &limits));
                let found = engine.face_series(&mut files);
                let stored = Stored {
                    schema: 1,
                    series: id.clone(),
                    why: found
                        .as_ref()
                        .and_then(|f| f.as_ref().err())
                        .map(|w| (*w).to_owned()),
                    cut: found.and_then(|f| f.ok()),
                };
                let text = serde_json::to_vec_pretty(&stored)
                    .map_err(|e| Error::Config(format!("a volume cannot be written: {e}")))?;
                write_whole(&path, &text)?;
                stored
            }
        };
        cuts.extend(stored.cut);
    }
    engine.use_faces(&cuts);
    Ok(())
}
