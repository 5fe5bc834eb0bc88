//! What left for a patient: found in journals by the keyed marks of their report lines, for holders of the key.
//!
//! Takes marks ([`crate::optout::mark`]) or a list of opt-outs; gives every output that was ever released for one of them,
//! with the time, the profile and to whom it went.

use super::journal::{Journal, path_of};
use super::{View, report, statement};
use crate::error::Result;
use serde::Serialize;
use std::path::{Path, PathBuf};

/// An output that left.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Left {
    /// 1.
    pub schema: u32,
    /// `left`.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// Who got it; null where nobody said so.
    pub recipient: Option<String>,
    /// What for.
    pub purpose: Option<String>,
    /// The job.
    pub job: String,
    /// When it was released, UTC.
    pub at: String,
    /// Under which profile; null with `--keep-metadata`.
    pub profile: Option<String>,
    /// Codes of CID 7050 that its header claims.
    pub codes: Vec<String>,
    /// The output.
    pub output: String,
    /// Its digest.
    pub sha256: Option<String>,
    /// Whether it is still in the output folder with these bytes.
    pub there: bool,
}

/// Finds the outputs of a job whose marks please. They are told in the order in which they left; one that was made again
/// after a retry is told each time.
///
/// # Errors
/// [`crate::error::Error::Io`], and whatever `take` returns.
pub fn each(
    view: &mut View,
    wanted: &dyn Fn(&str) -> bool,
    take: &mut dyn FnMut(Left) -> Result<()>,
) -> Result<()> {
    let mut after = 0;
    loop {
        let page = released(&mut view.journal, after)?;
        let Some(last) = page.last() else {
            return Ok(());
        };
        after = last.seq;
        for r in &page {
            let Some(line) = report::bare(&r.data) else {
                continue;
            };
            if !line.marks.iter().any(|m| wanted(m)) {
                continue;
            }
            let place = line
                .output
                .clone()
                .map_or(r.mirrored.clone(), PathBuf::from);
            let path = view.spec.work.output.join(place);
            let metadata = line.metadata.unwrap_or_default();
            take(Left {
                schema: 1,
                kind: "left",
                recipient: view.spec.work.recipient.clone(),
                purpose: view.spec.work.purpose.clone(),
                job: view.spec.job.clone(),
                at: statement::time(r.at_ms),
                profile: metadata.profile,
                codes: metadata.codes,
                there: holds(&path, line.output_sha256.as_deref()),
                output: path.to_string_lossy().into_owned(),
                sha256: line.output_sha256,
            })?;
        }
    }
}

fn holds(path: &Path, wanted: Option<&str>) -> bool {
    super::release::digest(path).is_ok_and(|d| Some(d.as_str()) == wanted)
}

struct Released {
    seq: u64,
    at_ms: i64,
    mirrored: PathBuf,
    data: String,
}

/// Releases behind an event, with the settlement that each of them let out.
fn released(journal: &mut Journal, after: u64) -> Result<Vec<Released>> {
    journal.rows(
        "SELECT e.seq, e.at_ms, w.output, s.data FROM events e JOIN work w ON w.id = e.file \
         JOIN events s ON s.seq = (SELECT max(p.seq) FROM events p WHERE p.file = e.file AND p.kind = 'settled' \
         AND p.seq < e.seq) WHERE e.kind = 'released' AND e.seq > ?1 AND s.data IS NOT NULL ORDER BY e.seq LIMIT 500",
        [after as i64],
        |r| {
            Ok(Released {
                seq: r.get::<_, i64>(0)? as u64,
                at_ms: r.get(1)?,
                mirrored: path_of(r.get(2)?),
                data: r.get(3)?,
            })
        },
    )
}
