//! What people did to one file, folded from the records of the log. Pure data: no pixels, no header values.

use super::api::Decided;
use super::requests::Edit;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// One thing that somebody did, as the log keeps it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// Number in the log, from 1.
    pub seq: u64,
    /// Unix time, milliseconds.
    pub at_ms: i64,
    /// Opaque id of the file.
    pub file: String,
    /// Who.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub who: Option<String>,
    /// What.
    #[serde(flatten)]
    pub deed: Deed,
}

/// What was done.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Deed {
    /// Opened.
    Opened,
    /// A picture of it was on the screen.
    Shown,
    /// A view was opened.
    View {
        /// Its id.
        view: String,
    },
    /// One undo step, on the plan with this digest.
    Edit {
        /// Digest of the plan.
        plan: String,
        /// The changes.
        edits: Vec<Edit>,
    },
    /// The last step was taken back.
    Undo,
    /// The step taken back last was brought again.
    Redo,
    /// Approved; written next, unless a second person has to.
    Approve {
        /// Digest of the plan.
        plan: String,
        /// Digest of the items as they were approved.
        items: String,
        /// Whether somebody else has to approve as well.
        waiting: bool,
    },
    /// What writing led to.
    Written {
        /// The result.
        result: Decided,
        /// SHA-256 of the output, where one was written.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        output_sha256: Option<String>,
    },
    /// Put aside.
    Flag {
        /// For people.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        comment: Option<String>,
    },
    /// Refused.
    Reject {
        /// For people.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        comment: Option<String>,
    },
    /// To be decided anew.
    Reopen,
}

/// How far the people are with a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Stage {
    /// Nobody opened it.
    #[default]
    Unseen,
    /// Opened, not decided.
    Open,
    /// Approved, and written where there is somewhere to write to.
    Approved,
    /// Put aside.
    Flagged,
    /// Refused.
    Rejected,
}

impl Stage {
    /// The word of the page.
    pub fn name(self) -> &'static str {
        match self {
            Stage::Unseen => "unseen",
            Stage::Open => "open",
            Stage::Approved => "approved",
            Stage::Flagged => "flagged",
            Stage::Rejected => "rejected",
        }
    }
}

/// One undo step.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// Number of its record: ids of new items come from it.
    pub seq: u64,
    /// Who.
    pub who: Option<String>,
    /// Digest of the plan that it was made for.
    pub plan: String,
    /// The changes.
    pub edits: Vec<Edit>,
    /// Whether it is taken back.
    pub undone: bool,
}

/// Everything that people did to a file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FileState {
    /// Counts what changes the result: who works with an older number is refused.
    pub version: u64,
    /// How far.
    pub stage: Stage,
    /// Whether a picture of it as it stands was shown.
    pub seen: bool,
    /// Views that were opened.
    pub views: BTreeSet<String>,
    /// Undo steps, oldest first.
    pub steps: Vec<Step>,
    /// Who approved the items as they are, first to last.
    pub approvals: Vec<String>,
    /// Digest of the items that were approved.
    pub approved_items: Option<String>,
    /// Of the last decision.
    pub comment: Option<String>,
    /// What writing led to.
    pub result: Option<Decided>,
    /// Digest of the output that was written.
    pub output_sha256: Option<String>,
    /// Approved, but nothing is known of the writing: the server ended in between.
    pub writing: bool,
    /// Whether this log ever began to write an output of it.
    pub wrote: bool,
    /// All records but those of looking.
    pub history: Vec<Record>,
}

impl FileState {
    /// Takes the next record.
    pub fn take(&mut self, record: &Record) {
        let steps = &mut self.steps;
        match &record.deed {
            Deed::Opened => {
                if self.stage == Stage::Unseen {
                    self.stage = Stage::Open;
                }
                return;
            }
            Deed::Shown => {
                self.seen = true;
                return;
            }
            Deed::View { view } => {
                self.views.insert(view.clone());
                return;
            }
            Deed::Edit { plan, edits } => {
                steps.retain(|s| !s.undone);
                steps.push(Step {
                    seq: record.seq,
                    who: record.who.clone(),
                    plan: plan.clone(),
                    edits: edits.clone(),
                    undone: false,
                });
                self.edited();
            }
            Deed::Undo => {
                if let Some(step) = steps.iter_mut().rev().find(|s| !s.undone) {
                    step.undone = true;
                }
                self.edited();
            }
            Deed::Redo => {
                if let Some(step) = steps.iter_mut().find(|s| s.undone) {
                    step.undone = false;
                }
                self.edited();
            }
            Deed::Approve { items, waiting, .. } => {
                self.version += 1;
                if self.approved_items.as_ref() != Some(items) {
                    self.approvals.clear();
                }
                self.approvals.extend(record.who.clone());
                self.approved_items = Some(items.clone());
                self.comment = None;
                self.stage = Stage::Open;
                self.writing = !waiting;
                self.wrote |= !waiting;
            }
            Deed::Written {
                result,
                output_sha256,
            } => {
                self.writing = false;
                self.result = Some(result.clone());
                self.output_sha256.clone_from(output_sha256);
                let held = matches!(
                    result.outcome.as_str(),
                    "needs-review" | "quarantined" | "failed"
                );
                if held {
                    self.approvals.clear();
                } else {
                    self.stage = Stage::Approved;
                }
            }
            Deed::Flag { comment } => {
                self.changed();
                (self.stage, self.comment) = (Stage::Flagged, comment.clone());
            }
            Deed::Reject { comment } => {
                self.changed();
                (self.stage, self.comment) = (Stage::Rejected, comment.clone());
            }
            Deed::Reopen => {
                self.changed();
                self.comment = None;
            }
        }
        self.history.push(record.clone());
    }

    /// Another result than anybody has seen.
    fn edited(&mut self) {
        self.seen = false;
        self.changed();
    }

    /// What was decided holds no longer.
    fn changed(&mut self) {
        self.version += 1;
        self.approvals.clear();
        self.approved_items = None;
        self.result = None;
        self.writing = false;
        self.stage = Stage::Open;
    }

    /// Steps that hold for a plan, oldest first.
    pub fn active<'a>(&'a self, plan: &'a str) -> impl Iterator<Item = &'a Step> {
        self.steps
            .iter()
            .filter(move |s| !s.undone && s.plan == plan)
    }

    /// Whether there is a step to take back.
    pub fn can_undo(&self) -> bool {
        self.steps.iter().any(|s| !s.undone)
    }

    /// Whether there is one to bring again.
    pub fn can_redo(&self) -> bool {
        self.steps.iter().any(|s| s.undone)
    }

    /// Whether a record of the history was taken back since.
    pub fn is_undone(&self, record: &Record) -> bool {
        let edit = matches!(record.deed, Deed::Edit { .. });
        let step = self.steps.iter().find(|s| s.seq == record.seq);
        edit && step.is_none_or(|s| s.undone)
    }
}

/// A record in words.
pub fn told(record: &Record) -> String {
    let with = |what: &str, comment: &Option<String>| match comment {
        Some(c) => format!("{what}: {c}"),
        None => what.to_owned(),
    };
    match &record.deed {
        Deed::Opened => "opened".into(),
        Deed::Shown => "looked at".into(),
        Deed::View { .. } => "opened a view".into(),
        Deed::Edit { edits, .. } => edits.iter().map(edit_told).collect::<Vec<_>>().join(", "),
        Deed::Undo => "undo".into(),
        Deed::Redo => "redo".into(),
        Deed::Approve { waiting: true, .. } => "approved; a second person has to approve".into(),
        Deed::Approve { .. } => "approved".into(),
        Deed::Written { result, .. } => match &result.reason {
            Some(reason) => format!("{}: {reason}", result.outcome),
            None if result.verified => format!("written and checked: {}", result.outcome),
            None => format!("{}, nothing written", result.outcome),
        },
        Deed::Flag { comment } => with("flagged", comment),
        Deed::Reject { comment } => with("rejected", comment),
        Deed::Reopen => "opened again".into(),
    }
}

fn edit_told(edit: &Edit) -> String {
    let because = |why: &Option<String>| match why {
        Some(why) => format!(" ({why})"),
        None => String::new(),
    };
    match edit {
        Edit::Set { action, why, .. } => {
            let what = match action {
                super::requests::Wanted::Mask => "masked a place",
                super::requests::Wanted::Keep => "kept a place",
            };
            format!("{what}{}", because(why))
        }
        Edit::Add { rect, why, .. } => format!(
            "masked {} × {} at {}, {}{}",
            rect.w,
            rect.h,
            rect.x,
            rect.y,
            because(why)
        ),
        Edit::Change { why, .. } => format!("changed a place{}", because(why)),
        Edit::Delete { why, .. } => format!("deleted a place{}", because(why)),
        Edit::Band { .. } => "masked a band".into(),
        Edit::OutsideRegions => "masked everything outside the ultrasound regions".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(deeds: &[(&str, Deed)]) -> FileState {
        let mut state = FileState::default();
        for (i, (who, deed)) in deeds.iter().enumerate() {
            state.take(&Record {
                seq: i as u64 + 1,
                at_ms: 0,
                file: "f".into(),
                who: Some((*who).into()).filter(|w: &String| !w.is_empty()),
                deed: deed.clone(),
            });
        }
        state
    }

    fn edit() -> Deed {
        Deed::Edit {
            plan: "p".into(),
            edits: vec![Edit::OutsideRegions],
        }
    }

    fn approve(waiting: bool) -> Deed {
        Deed::Approve {
            plan: "p".into(),
            items: "i".into(),
            waiting,
        }
    }

    #[test]
    fn undo_and_redo_walk_the_steps_and_a_new_edit_forgets_what_was_undone() {
        let s = state(&[
            ("", edit()),
            ("", edit()),
            ("", Deed::Undo),
            ("", Deed::Undo),
            ("", Deed::Redo),
        ]);
        let active: Vec<u64> = s.active("p").map(|s| s.seq).collect();
        assert_eq!((active, s.can_undo(), s.can_redo()), (vec![1], true, true));
        assert_eq!(s.version, 5);
        let s = state(&[("", edit()), ("", Deed::Undo), ("", edit())]);
        assert!(!s.can_redo());
        assert_eq!(s.active("p").map(|s| s.seq).collect::<Vec<_>>(), [3]);
        assert_eq!(s.active("another plan").count(), 0);
        assert!(s.is_undone(&s.history[0]) && !s.is_undone(&s.history[2]));
    }

    #[test]
    fn an_edit_takes_an_approval_back() {
        let s = state(&[("A", approve(true)), ("B", approve(true))]);
        assert_eq!(s.approvals, ["A", "B"]);
        let s = state(&[("A", approve(true)), ("B", edit())]);
        assert!(s.approvals.is_empty() && s.stage == Stage::Open);
    }

    #[test]
    fn looking_changes_no_version_and_an_end_in_between_is_seen() {
        let s = state(&[("", Deed::Opened), ("", Deed::Shown), ("A", approve(false))]);
        assert_eq!(
            (s.version, s.stage, s.seen, s.writing),
            (1, Stage::Open, true, true)
        );
        assert_eq!(s.history.len(), 1);
        let flagged = Deed::Flag { comment: None };
        let s = state(&[("", Deed::Shown), ("A", flagged)]);
        assert!(s.seen, "a decision changes no picture");
        for deed in [edit(), Deed::Undo, Deed::Redo] {
            let s = state(&[("", Deed::Shown), ("", deed)]);
            assert!(!s.seen, "nobody saw it as it is now");
        }
    }

    #[test]
    fn records_survive_the_log() {
        let text = r#"{"seq":3,"at_ms":5,"file":"ab","who":"A","kind":"edit","plan":"p","edits":[{"op":"band","item":"x"}]}"#;
        let record: Record = serde_json::from_str(text).unwrap();
        assert_eq!(serde_json::to_string(&record).unwrap(), text);
    }
}
