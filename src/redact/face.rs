//! Faces of whole series: reading a head CT as one volume, and what its cut means for each of its files.
//!
//! The volume is made before any file is treated ([`Engine::face_series`]); a file's plan cites it by its id. What is not
//! part of such a volume and may show a face is held back ([`Engine::assess`]).

use super::Engine;
use super::hex;
use crate::deface::{Bounds, No, Volume};
use crate::dicom::support::Codec;
use crate::dicom::{self, HeaderOnly, Object, Opened};
use crate::frame::Photometric;
use crate::geometry::Rect;
use crate::outcome::Refusal;
use crate::risk;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::HashMap;

/// The rule that plans name for what was cut off.
pub const RULE: &str = "face:plane";
const CT: &str = "1.2.840.10008.5.1.4.1.1.2";

/// The cut of one series. It holds digests of files and geometry only.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FaceSeries {
    /// Its id: the beginning of a digest over all of this.
    pub volume: String,
    /// The planes: parts of each normal towards the front and the feet, and the offset in µm times the parts.
    pub planes: Vec<(i64, i64, i64)>,
    /// Volume of the brain that they were found from, mm³.
    pub brain_mm3: i64,
    /// Digest of each file, and rows from the top of its picture that go.
    pub slices: Vec<(String, u32)>,
}

/// What is known of a file: the volume that it is a part of, and the rows that go.
pub(super) type Cuts = HashMap<String, (String, u32)>;

impl Engine {
    /// Reads a series as a volume and finds its cut; `None` where no file of it may show a face. `read` brings the bytes
    /// of the files one by one.
    pub fn face_series(
        &self,
        files: &mut dyn Iterator<Item = Result<Vec<u8>, Refusal>>,
    ) -> Option<Result<FaceSeries, &'static str>> {
        let (mut volume, mut digests) = (Volume::new(), Vec::new());
        for bytes in files {
            let opened = bytes.and_then(|b| {
                super::guarded(|| dicom::open_bytes(b, &self.config.limits, HeaderOnly::No))
            });
            let Ok(Opened::Image(object)) = opened else {
                return Some(Err("a file of the series cannot be read"));
            };
            if digests.is_empty() && !risk::face(object.facts(), &object.signs()).is_held() {
                return None;
            }
            let added = super::guarded(|| Ok(add(&mut volume, &object)));
            match added {
                Ok(Ok(())) => digests.push(hex(&object.sha256())),
                Ok(Err(No(why))) => return Some(Err(why)),
                Err(_) => return Some(Err("a file of the series cannot be decoded")),
            }
        }
        Some(match volume.cut() {
            Err(No(why)) => Err(why),
            Ok(cut) => {
                let mut series = FaceSeries {
                    volume: String::new(),
                    planes: cut.planes,
                    brain_mm3: cut.brain_mm3,
                    slices: digests.into_iter().zip(cut.rows).collect(),
                };
                let text = serde_json::to_vec(&series).unwrap_or_default();
                series.volume = hex(&Sha256::digest(text)).chars().take(16).collect();
                Ok(series)
            }
        })
    }

    /// Takes the cuts of this run. Only the first call counts: what a plan cites does not change under it.
    pub fn use_faces(&self, series: &[FaceSeries]) {
        let mut cuts = Cuts::new();
        for s in series {
            for (digest, rows) in &s.slices {
                cuts.insert(digest.clone(), (s.volume.clone(), *rows));
            }
        }
        let _ = self.desk.cuts.set(cuts);
    }

    /// The cut that a file is part of: volume and rows.
    pub(super) fn cut_of(&self, sha256: [u8; 32]) -> Option<&(String, u32)> {
        self.desk.cuts.get()?.get(&hex(&sha256))
    }

    /// The rectangle that goes from a file, under the rule for it.
    pub(super) fn face_masks(&self, object: &Object) -> Vec<(Rect, String)> {
        let rows = self.cut_of(object.sha256()).map_or(0, |c| c.1);
        let cols = object.facts().format.cols;
        let rect = (rows > 0).then(|| (Rect::new(0, 0, cols, rows), RULE.to_owned()));
        rect.into_iter().collect()
    }
}

fn add(volume: &mut Volume, object: &Object) -> Result<(), No> {
    let facts = object.facts();
    let f = &facts.format;
    let plain = facts.sop_class == CT
        && facts.frames == 1
        && f.samples_per_pixel == 1
        && f.photometric == Photometric::Monochrome2
        && !f.float;
    if !plain {
        return Err(No("not a series of plain CT slices"));
    }
    if object.support().codec == Codec::JpegDct {
        // Its masks grow to coded units, and might reach the brain.
        return Err(No("lossy JPEG"));
    }
    let (slope, intercept) = (facts.display.slope, facts.display.intercept);
    // Without measured values there are no HU.
    if slope <= 0.0 || intercept == 0.0 {
        return Err(No("no rescaling to HU"));
    }
    let stored = |hu: f64| ((hu - intercept) / slope).ceil() as i64;
    let bounds = Bounds {
        air: stored(-300.0),
        soft_from: stored(-100.0),
        soft_to: stored(150.0),
        bone: stored(250.0),
    };
    let geometry = object.slice().ok_or(No("no place in space"))?;
    let frame = object
        .frame(0)
        .map_err(|_| No("a file of the series cannot be decoded"))?;
    volume.add(geometry, bounds, |x, y| frame.value(x, y, 0))
}
