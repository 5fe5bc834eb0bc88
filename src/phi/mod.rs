//! Deciding which text stays and which goes.
//!
//! Takes lines as read ([`Reading`]), what the header says ([`Identity`]) and the policy; gives verdicts over ranges of
//! characters. Knows nothing of pixels, DICOM or the reader's workings, and does nothing by itself: whoever calls turns
//! ranges into rectangles. Doubt is a reason to mask; keeping needs a rule with a name.
//!
//! Lines that stand in one row are put together, as detectors find words rather than rows, and the row is cut into
//! segments at wide gaps. For each segment the first of these rules decides:
//!
//! | reason | action | when |
//! |---|---|---|
//! | `template:mask-words` | mask | a word or phrase of the site's `--mask-words` |
//! | `header:<attribute>` | mask | an identity of this object, in any order or form, as far as readers misread it |
//! | `safe:measurement` | keep | values with their own safe label or unit, and nothing that is not safe |
//! | `pattern:<name>` | mask | dates, times, numbers, ages, titles, institutions … by form |
//! | `safe:<list>` | keep | every word on a safe list, or numbers of a scale (`safe:number`) |
//! | `unreadable`, `unknown-text` | mask | everything else |
//!
//! Where a segment ends in doubt, lines of it that are safe by themselves stay; numbers and letters of forms do not.
//!
//! Side and position markers, and complete labelled values, are kept apart from other text of their segment where the
//! reader separates them by a space. [`Verdict::laterality_lost`] says where that failed, and sends the file to a person.
//! Three things make a marker there: it stands on the list of sides and positions, it is a token of its own (nothing in
//! brackets, before a comma, or inside a word or an identifier), and each of its characters was read with a confidence
//! of 700 or more. A single letter must be `R` or `L` at an end of its segment, and not an initial of the person named
//! beside it. What is less than that is masked like other doubtful text and missed by nobody: a letter read into tissue
//! or out of a circled sign says no side.
//!
//! To add a word, edit a file in `data/`; to add a form, `measure` (safe) or `pattern` (not safe).

mod context;
mod datetime;
mod decide;
mod fold;
mod header;
mod lexicon;
mod measure;
mod pattern;
mod row;
mod segment;
mod sure;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;

use crate::config::{Policy, Sensitivity};
use crate::facts::Identity;
use crate::line::Reading;
use crate::plan::Action;
use decide::{Draft, Role};
use header::Index;
use lexicon::Lexicon;
use row::Row;
use std::ops::Range;
use sure::{Confidence, mean_confidence, weighed};

/// What becomes of a range of characters of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Indices into `reading.chars`; empty for a reading without text.
    pub chars: Range<usize>,
    /// Mask or keep.
    pub action: Action,
    /// The rule that decided; never the text.
    pub reason: String,
    /// Mean confidence of the range, 0–1000.
    pub confidence: u16,
    /// Whether a side or position marker goes with the masked range. Set whatever the policy; under [`Policy::All`] the
    /// caller asked for it.
    pub laterality_lost: bool,
}

/// The rules, lists and policy of a run.
pub struct Decider {
    policy: Policy,
    sensitivity: Sensitivity,
    lexicon: Lexicon,
    mask_words: Index,
}

impl Decider {
    /// Makes the lists ready. `extra_safe` and `mask_words` are lines of the site's files: a word or phrase each.
    pub fn new(
        policy: Policy,
        sensitivity: Sensitivity,
        extra_safe: &[String],
        mask_words: &[String],
    ) -> Self {
        Decider {
            policy,
            sensitivity,
            lexicon: Lexicon::new(extra_safe),
            mask_words: Index::of_words(mask_words),
        }
    }

    /// Whether a word is public whatever it stands in: on a safe list, a unit, or of an institution's name in general.
    /// Weak ones, which may be initials, are not.
    pub fn is_safe_word(&self, word: &str) -> bool {
        let folded = fold::fold(word);
        self.lexicon.word(&folded).is_some_and(|w| !w.weak)
            || self.lexicon.unit(&folded).is_some() && folded.chars().count() > 2
            || self.lexicon.is_institution(&folded)
    }

    /// Makes the identities of one object ready for comparison.
    pub fn for_object(&self, identities: &[Identity]) -> ObjectDecider<'_> {
        ObjectDecider {
            rules: self,
            header: Index::new(identities, &self.lexicon),
        }
    }
}

/// The rules, and the identities of one object.
pub struct ObjectDecider<'a> {
    rules: &'a Decider,
    header: Index,
}

impl ObjectDecider<'_> {
    /// Whether the header gives a name or an identifier to compare with; policy `phi` is refused without.
    pub fn has_identity(&self) -> bool {
        self.header.identifies()
    }

    /// Decides one line by itself. The verdicts are in order, do not overlap, and together cover every character that is
    /// no space; a line without text gives one verdict `unreadable` over an empty range.
    pub fn decide(&self, reading: &Reading, line_height_px: u32) -> Vec<Verdict> {
        self.decide_picture(&[(reading, line_height_px)])
            .pop()
            .unwrap_or_default()
    }

    /// Decides the lines of one picture together, given with their heights; one list of verdicts for each line, as
    /// [`Self::decide`] gives them. Upright lines that stand in one row are read as one line, whatever the detector made
    /// of it. A bare number or a lone letter directly beside or under identifying text goes with it: an age in a form,
    /// the rest of a number. The order of the lines does not matter.
    pub fn decide_picture(&self, lines: &[(&Reading, u32)]) -> Vec<Vec<Verdict>> {
        let need = Confidence::of(self.rules.sensitivity);
        let weighed: Vec<Reading> = lines.iter().map(|(r, _)| weighed(r, &need)).collect();
        let weighed: Vec<(&Reading, u32)> = weighed
            .iter()
            .zip(lines)
            .map(|(r, (_, height))| (r, *height))
            .collect();
        let rows = row::rows(&weighed);
        let texts: Vec<(&Reading, u32)> = rows.iter().map(|r| (&r.reading, r.height_px)).collect();
        let mut drafts: Vec<Vec<Draft>> = rows.iter().map(|row| self.drafts(row)).collect();
        context::mask_neighbours(&texts, &mut drafts);
        context::mask_fragments(&texts, &mut drafts);
        let mut out = vec![Vec::new(); lines.len()];
        for (row, drafts) in rows.iter().zip(drafts) {
            row.tell(&self.settle(&row.reading, drafts), &mut out);
        }
        out
    }

    fn drafts(&self, row: &Row) -> Vec<Draft> {
        let need = Confidence::of(self.rules.sensitivity);
        let parts: Vec<Range<usize>> = row.parts().collect();
        decide::line(
            &row.reading,
            row.height_px,
            &parts,
            &|draft| need.is_sure(&row.reading, draft),
            &self.rules.lexicon,
            &self.rules.mask_words,
            &self.header,
        )
    }

    /// Applies confidence, sensitivity and policy to what the rules say. Each only turns verdicts one way, so that `high`
    /// masks no less than `normal`, and `all` no less than `safe-list`, and that no less than `phi`.
    fn settle(&self, reading: &Reading, drafts: Vec<Draft>) -> Vec<Verdict> {
        if drafts.is_empty() {
            return vec![Verdict {
                chars: 0..0,
                action: Action::Mask,
                reason: "unreadable".into(),
                confidence: reading.confidence,
                laterality_lost: false,
            }];
        }
        let need = Confidence::of(self.rules.sensitivity);
        drafts
            .into_iter()
            .map(|draft| {
                let mean = mean_confidence(reading, &draft.chars);
                let sure = need.is_sure(reading, &draft);
                let long = self.rules.sensitivity == Sensitivity::High
                    && draft.role == Role::LongBareNumber;
                let mut keep = draft.keep;
                let mut reason = draft.reason;
                let read = |marker: &Range<usize>| {
                    let chars = reading.chars.get(marker.clone()).unwrap_or(&[]);
                    chars.iter().all(|c| c.confidence >= need.marker)
                };
                let mut lost = draft.lost.iter().any(read);
                if keep && !sure {
                    keep = false;
                    reason = "unreadable".into();
                    lost |= draft.markers.iter().any(read);
                } else if keep && long {
                    keep = false;
                    reason = "unknown-text".into();
                } else if !keep && reason == "unknown-text" {
                    if mean < need.unreadable {
                        reason = "unreadable".into();
                    } else if self.rules.policy == Policy::Phi && sure {
                        keep = true;
                        reason = "phi:unknown-text".into();
                    }
                }
                if self.rules.policy == Policy::All && (keep || reason == "unknown-text") {
                    lost |= keep && draft.markers.iter().any(read);
                    keep = false;
                    reason = "policy:all".into();
                }
                Verdict {
                    chars: draft.chars,
                    action: if keep { Action::Keep } else { Action::Mask },
                    reason,
                    confidence: mean,
                    laterality_lost: lost && !keep,
                }
            })
            .collect()
    }
}
