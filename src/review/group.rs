//! What is done to many files at once, and what is remembered for later ones.

use super::api::Refused;
use super::fault::Fault;
use super::items::Fate;
use super::requests::{Edit, FileVersion};
use super::session::Session;
use crate::geometry::Rect;
use crate::plan::Origin;
use std::collections::BTreeSet;
use std::sync::PoisonError;

impl Session {
    /// Does the same edits to files of the same size and equipment as the first; each file for itself.
    ///
    /// # Errors
    /// `bad-request` where an edit names an item, which only one file has.
    pub fn edit_group(
        &self,
        files: &[FileVersion],
        edits: &[Edit],
    ) -> Result<(Vec<String>, Vec<Refused>), Fault> {
        let names_none = |e: &Edit| matches!(e, Edit::Add { .. } | Edit::OutsideRegions);
        if !edits.iter().all(names_none) {
            return Err(Fault::bad(
                "bad-request",
                "an edit of many files cannot name a place of one",
            ));
        }
        let (mut applied, mut refused) = (Vec::new(), Vec::new());
        let mut first: Option<&str> = None;
        for FileVersion { id, version } in files {
            let done = self.find(id).and_then(|file| {
                let equipment = &self.file(file)?.equipment;
                let like = *first.get_or_insert(equipment);
                if equipment.is_empty() || like != equipment {
                    return Err(Fault::bad(
                        "other-equipment",
                        "another equipment or size than the first file",
                    ));
                }
                let planned = self.planned(file)?;
                let last = planned.facts.frames.saturating_sub(1);
                // The whole loop of one file may be longer than that of another.
                let edits = edits.iter().cloned().map(|e| match e {
                    Edit::Add { rect, why, .. } => Edit::Add {
                        rect,
                        frames: (0, last),
                        why,
                    },
                    other => other,
                });
                self.edit(file, *version, edits.collect())
            });
            match done {
                Ok(()) => applied.push(id.clone()),
                Err(fault) => refused.push(Refused {
                    id: id.clone(),
                    code: fault.code,
                    error: fault.error,
                }),
            }
        }
        Ok((applied, refused))
    }

    /// Remembers the masks that people drew on a file for its equipment. Gives the template's name.
    ///
    /// # Errors
    /// `conflict`, `nothing-to-remember`, `no-equipment`.
    pub fn remember(&self, file: usize, version: u64, name: Option<&str>) -> Result<String, Fault> {
        let f = self.file(file)?;
        let who = self.who()?;
        let planned = self.planned(file)?;
        let state = self.log().current(&f.id, version)?;
        let items = self.items(&f.id, &planned, &state);
        let mut mask: BTreeSet<Rect> = items
            .iter()
            .filter(|i| i.fate == Fate::Mask && i.origin == Origin::Person)
            .map(|i| i.before)
            .collect();
        if mask.is_empty() {
            return Err(Fault::bad(
                "nothing-to-remember",
                "draw a mask first: only what people masked is remembered",
            ));
        }
        // What was remembered before for this equipment goes on.
        let mut remembered = self
            .remembered
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        for (known, rects) in remembered.matching(&planned.facts) {
            if name.is_none_or(|n| n == known) {
                mask.extend(rects);
            }
        }
        let mask = mask.into_iter().collect();
        remembered
            .add(&planned.facts, name, Some(&who), mask)
            .map_err(|e| Fault::bad("no-equipment", e.to_string()))
    }
}
