//! What people do to a file short of deciding: open it, look at it, edit it, undo and redo.

use super::edits::Maker;
use super::fault::Fault;
use super::items;
use super::requests::Edit;
use super::session::Session;
use super::state::{Deed, Stage};
use super::told::views;

/// Longest comment or reason, characters.
const COMMENT_CHARS: usize = 2000;

impl Session {
    /// Notes that a file was opened.
    ///
    /// # Errors
    /// Those of the log.
    pub fn open_file(&self, file: usize) -> Result<(), Fault> {
        let f = self.file(file)?;
        let mut log = self.log();
        if log.state(&f.id).stage == Stage::Unseen {
            log.add(&f.id, self.reviewer(), Deed::Opened)?;
        }
        Ok(())
    }

    /// Notes that a picture of it, of this version where one is told, was on the screen.
    ///
    /// # Errors
    /// `conflict` where it is another version by now, those of the log.
    pub fn shown(&self, file: usize, version: Option<u64>) -> Result<(), Fault> {
        let f = self.file(file)?;
        let mut log = self.log();
        let state = log.state(&f.id);
        log.current(&f.id, version.unwrap_or(state.version))?;
        if !state.seen {
            log.add(&f.id, self.reviewer(), Deed::Shown)?;
        }
        Ok(())
    }

    /// Notes that a view of it was opened.
    ///
    /// # Errors
    /// `not-found`, those of the log.
    pub fn view_opened(&self, file: usize, view: &str) -> Result<(), Fault> {
        let f = self.file(file)?;
        let planned = self.planned(file)?;
        if !views(&planned).iter().any(|v| v.id == view) {
            return Err(Fault::not_found());
        }
        let mut log = self.log();
        if !log.state(&f.id).views.contains(view) {
            let view = view.to_owned();
            log.add(&f.id, self.reviewer(), Deed::View { view })?;
        }
        Ok(())
    }

    /// Does edits as one undo step.
    ///
    /// # Errors
    /// `conflict` where somebody was faster, or what is wrong with an edit.
    pub fn edit(&self, file: usize, version: u64, edits: Vec<Edit>) -> Result<(), Fault> {
        let f = self.file(file)?;
        let planned = self.planned(file)?;
        let edits = edits.into_iter().map(tidy).collect::<Result<Vec<_>, _>>()?;
        let always = self.always(&planned);
        let mut log = self.log();
        let state = log.current(&f.id, version)?;
        let base = items::of_plan(&planned, &f.id, &self.salt, &always);
        let mut now = items::present(&planned, &f.id, &self.salt, &always, &state);
        let who = self.reviewer();
        let maker = Maker {
            planned: &planned,
            base: &base,
            ids: items::step_ids(&f.id, &self.salt, log.next_seq()),
            who: who.as_deref(),
        };
        maker.run(&mut now, &edits)?;
        let plan = planned.digest.clone();
        log.add(&f.id, who, Deed::Edit { plan, edits })?;
        Ok(())
    }

    /// Takes the last step back, or brings it again.
    ///
    /// # Errors
    /// `conflict`, `nothing-to-undo`.
    pub fn step(&self, file: usize, version: u64, back: bool) -> Result<(), Fault> {
        let f = self.file(file)?;
        let mut log = self.log();
        let state = log.current(&f.id, version)?;
        let (possible, deed) = match back {
            true => (state.can_undo(), Deed::Undo),
            false => (state.can_redo(), Deed::Redo),
        };
        if !possible {
            return Err(Fault::bad("nothing-to-undo", "there is no such step"));
        }
        log.add(&f.id, self.reviewer(), deed)?;
        Ok(())
    }
}

/// A comment or reason, tidied; nothing where it says nothing.
///
/// # Errors
/// `too-long`.
pub(super) fn words(text: Option<String>) -> Result<Option<String>, Fault> {
    let text = text.map(|t| t.trim().to_owned()).filter(|t| !t.is_empty());
    if text
        .as_ref()
        .is_some_and(|t| t.chars().count() > COMMENT_CHARS)
    {
        return Err(Fault::bad(
            "too-long",
            "a comment has at most 2000 characters",
        ));
    }
    Ok(text)
}

fn tidy(mut edit: Edit) -> Result<Edit, Fault> {
    match &mut edit {
        Edit::Set { why, .. }
        | Edit::Add { why, .. }
        | Edit::Change { why, .. }
        | Edit::Delete { why, .. } => *why = words(why.take())?,
        Edit::Band { .. } | Edit::OutsideRegions => {}
    }
    Ok(edit)
}
