//! Deciding which text stays and which goes.
//!
//! Takes lines as read ([`Reading`]), what the header says ([`Identity`]) and the policy; gives verdicts over ranges of
//! characters. Knows nothing of pixels, DICOM or the reader's workings, and does nothing by itself: whoever calls turns
//! ranges into rectangles. Doubt is a reason to mask; keeping needs a rule with a name.
//!
//! A line is cut into segments at wide gaps. For each segment the first of these rules decides:
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
//! Side and position markers, and complete labelled values, are kept apart from other text of their segment where the
//! reader separates them by a space ([`Verdict::laterality_lost`] says where that failed).
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
mod segment;
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
use std::ops::Range;

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

/// How sure the reader must be, 0–1000.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Confidence {
    /// Below this mean a segment is unreadable.
    unreadable: u16,
    /// Mean that kept text needs.
    keep: u16,
    /// Least that any character of kept text needs.
    keep_char: u16,
}

impl Confidence {
    fn of(sensitivity: Sensitivity) -> Self {
        match sensitivity {
            Sensitivity::Normal => Confidence {
                unreadable: 500,
                keep: 700,
                keep_char: 350,
            },
            Sensitivity::High => Confidence {
                unreadable: 600,
                keep: 850,
                keep_char: 550,
            },
        }
    }
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
        self.settle(reading, self.drafts(reading, line_height_px))
    }

    /// Decides the lines of one picture together, given with their heights. As [`Self::decide`], but a bare number or a
    /// lone letter directly beside or under identifying text goes with it: an age in a form, the rest of a number.
    /// Compared with deciding line by line this can only mask more.
    pub fn decide_picture(&self, lines: &[(&Reading, u32)]) -> Vec<Vec<Verdict>> {
        let mut drafts: Vec<Vec<Draft>> = lines
            .iter()
            .map(|(reading, height)| self.drafts(reading, *height))
            .collect();
        context::mask_neighbours(lines, &mut drafts);
        lines
            .iter()
            .zip(drafts)
            .map(|((reading, _), d)| self.settle(reading, d))
            .collect()
    }

    fn drafts(&self, reading: &Reading, line_height_px: u32) -> Vec<Draft> {
        decide::line(
            reading,
            line_height_px,
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
                let (mean, least) = confidence(reading, &draft.chars);
                let (around, least_around) = confidence(reading, &draft.segment);
                let line = reading.confidence.saturating_add(LINE_SLACK);
                let sure = mean.min(around).min(line) >= need.keep
                    && least.min(least_around) >= need.keep_char;
                let long = self.rules.sensitivity == Sensitivity::High
                    && draft.role == Role::LongBareNumber;
                let mut keep = draft.keep;
                let mut reason = draft.reason;
                let mut lost = draft.laterality_lost;
                if keep && !sure {
                    keep = false;
                    reason = "unreadable".into();
                    lost |= draft.marker && mean.min(line) >= need.unreadable;
                } else if keep && long {
                    keep = false;
                    reason = "unknown-text".into();
                } else if !keep && reason == "unknown-text" {
                    if mean.min(line) < need.unreadable {
                        reason = "unreadable".into();
                        lost = false;
                    } else if self.rules.policy == Policy::Phi && sure {
                        keep = true;
                        reason = "phi:unknown-text".into();
                    }
                }
                if self.rules.policy == Policy::All && (keep || reason == "unknown-text") {
                    lost |= keep && draft.marker;
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

/// By how much a segment may be surer than its line, for it to stay.
const LINE_SLACK: u16 = 150;

/// Mean and least confidence of the characters of a range that are no spaces.
fn confidence(reading: &Reading, range: &Range<usize>) -> (u16, u16) {
    let chars = reading.chars.get(range.clone()).unwrap_or(&[]);
    let mut sum = 0u64;
    let mut count = 0u64;
    let mut least = 1000u16;
    for c in chars.iter().filter(|c| !c.ch.is_whitespace()) {
        sum += u64::from(c.confidence);
        count += 1;
        least = least.min(c.confidence);
    }
    match count {
        0 => (0, 0),
        n => ((sum / n).min(1000) as u16, least),
    }
}
