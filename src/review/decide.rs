//! Decisions: an approval carries out the plan as it stands, everything else only says so.

use super::api::{Decided, Refused};
use super::deeds::words;
use super::fault::Fault;
use super::items;
use super::plans::Planned;
use super::requests::{DecideRequest, Decision, FileVersion};
use super::session::Session;
use super::state::{Deed, FileState, Stage};
use super::told::unopened;
use crate::batch::job::release::digest;
use crate::outcome::Outcome;
use crate::redact::{Edited, Input, Target};
use crate::report::FileReport;
use std::sync::{Arc, PoisonError};

/// An approval that may be carried out.
struct Approved {
    planned: Arc<Planned>,
    edited: Edited,
    overwrite: bool,
}

impl Session {
    /// Decides about a file.
    ///
    /// # Errors
    /// `conflict`, `reviewer-required`, `unopened-findings`, `second-person`, `decided`, `planning`.
    pub fn decide(&self, file: usize, request: DecideRequest) -> Result<Decided, Fault> {
        let comment = words(request.comment)?;
        match request.decision {
            Decision::Approve => self.approve(file, request.version, request.confirmed_unopened),
            Decision::Flag => self.say(file, request.version, Deed::Flag { comment }),
            Decision::Reject => self.say(file, request.version, Deed::Reject { comment }),
            Decision::Reopen => self.reopen(file, request.version),
        }
    }

    /// Approves many files; each must have been shown.
    pub fn approve_group(
        &self,
        files: &[FileVersion],
        confirmed_unopened: bool,
    ) -> (Vec<String>, Vec<Refused>) {
        let (mut approved, mut refused) = (Vec::new(), Vec::new());
        for FileVersion { id, version } in files {
            let done = self.find(id).and_then(|file| {
                if !self.log().state(id).seen {
                    return Err(Fault::bad(
                        "not-shown",
                        "this image was not on the screen as it is now",
                    ));
                }
                let decided = self.approve(file, *version, confirmed_unopened)?;
                match (decided.reason, decided.waiting_for_second) {
                    (Some(reason), _) => Err(Fault::bad("not-written", reason)),
                    _ => Ok(()),
                }
            });
            match done {
                Ok(()) => approved.push(id.clone()),
                Err(fault) => refused.push(Refused {
                    id: id.clone(),
                    code: fault.code,
                    error: fault.error,
                }),
            }
        }
        (approved, refused)
    }

    fn approve(&self, file: usize, version: u64, confirmed: bool) -> Result<Decided, Fault> {
        let f = self.file(file)?;
        let who = self.who()?;
        // Two approvals at once would write one file twice.
        let _one = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let approved = {
            let mut log = self.log();
            let state = log.current(&f.id, version)?;
            match self.check_approval(file, &state, &who, confirmed)? {
                (approved, digest, true) => {
                    let plan = approved.planned.digest.clone();
                    let waiting = true;
                    log.add(
                        &f.id,
                        Some(who),
                        Deed::Approve {
                            plan,
                            items: digest,
                            waiting,
                        },
                    )?;
                    return Ok(Decided {
                        outcome: approved.planned.draft.report.outcome.name().into(),
                        reason: None,
                        explain: None,
                        verified: false,
                        waiting_for_second: true,
                    });
                }
                (approved, digest, false) => {
                    let plan = approved.planned.digest.clone();
                    let waiting = false;
                    log.add(
                        &f.id,
                        Some(who.clone()),
                        Deed::Approve {
                            plan,
                            items: digest,
                            waiting,
                        },
                    )?;
                    approved
                }
            }
        };
        let (result, output_sha256) = self.write(file, &approved)?;
        let deed = Deed::Written {
            result: result.clone(),
            output_sha256,
        };
        self.log().add(&f.id, Some(who), deed)?;
        self.write_evidence()?;
        Ok(result)
    }

    /// Whether a file may be approved as it stands; also the digest of what is approved, and whether somebody else has to
    /// approve as well.
    fn check_approval(
        &self,
        file: usize,
        state: &FileState,
        who: &str,
        confirmed: bool,
    ) -> Result<(Approved, String, bool), Fault> {
        let f = self.file(file)?;
        if state.stage == Stage::Approved {
            return Err(Fault::bad("decided", "this file is approved already"));
        }
        let planned = self.planned(file)?;
        let always = self.always(&planned);
        let base = items::of_plan(&planned, &f.id, &self.salt, &always);
        let now = items::present(&planned, &f.id, &self.salt, &always, state);
        if !confirmed && !unopened(&planned, &now, state).is_empty() {
            return Err(Fault::bad(
                "unopened-findings",
                "there are findings that only a view shows which nobody opened",
            ));
        }
        let digest = items::digest(&self.salt, &now);
        let others = if state.approved_items.as_deref() == Some(&digest) {
            state.approvals.as_slice()
        } else {
            &[]
        };
        let same = |name: &String| name.to_lowercase() == who.to_lowercase();
        let waiting = self.options.two_person && !others.iter().any(|o| !same(o));
        if waiting && others.iter().any(same) {
            return Err(Fault::bad(
                "second-person",
                "a second, different person has to approve this file",
            ));
        }
        let edited = Edited {
            items: items::plan_items(&now),
            header_kept: items::header_kept(&base, &now),
        };
        let approved = Approved {
            planned,
            edited,
            // What this review began to write may be replaced by it, and nothing else unasked.
            overwrite: self.options.overwrite || state.wrote,
        };
        Ok((approved, digest, waiting))
    }

    /// Carries out an approval; also the digest of what was written.
    fn write(&self, file: usize, approved: &Approved) -> Result<(Decided, Option<String>), Fault> {
        let f = self.file(file)?;
        if let (Some(desk), Some((entry, ..)), None) = (&self.options.job, &f.held, &self.draw) {
            let (planned, edited) = (&approved.planned, &approved.edited);
            let report = desk.carry_out(&self.engine, *entry, &planned.draft, edited)?;
            let report =
                report.ok_or_else(|| Fault::internal("the job did not come to this file"))?;
            return Ok((decided(&report), report.output_sha256));
        }
        let Some(target) = self.target(f) else {
            return Ok((
                Decided {
                    outcome: match approved
                        .edited
                        .items
                        .iter()
                        .any(|i| i.action == crate::plan::Action::Mask)
                    {
                        true => Outcome::Masked.name().into(),
                        false => Outcome::Clean.name().into(),
                    },
                    reason: None,
                    explain: Some("approved; nothing was to be written".into()),
                    verified: false,
                    waiting_for_second: false,
                },
                None,
            ));
        };
        let name = f.item.name();
        let report = self.engine.carry_out(
            Input::Read(&name, self.bytes(file)),
            &approved.planned.draft,
            &approved.edited,
            &target,
            approved.overwrite,
        );
        Ok((decided(&report), report.output_sha256))
    }

    /// Decides without writing.
    fn say(&self, file: usize, version: u64, deed: Deed) -> Result<Decided, Fault> {
        let f = self.file(file)?;
        let who = self.who()?;
        let _one = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut log = self.log();
        let state = log.current(&f.id, version)?;
        if state.stage == Stage::Approved {
            return Err(Fault::bad(
                "decided",
                "this file is approved; open it again first",
            ));
        }
        log.add(&f.id, Some(who), deed)?;
        drop(log);
        self.write_evidence()?;
        Ok(self.undecided(file))
    }

    /// Takes a decision back, and the output with it.
    fn reopen(&self, file: usize, version: u64) -> Result<Decided, Fault> {
        let f = self.file(file)?;
        let who = self.who()?;
        let _one = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut log = self.log();
        let state = log.current(&f.id, version)?;
        self.withdraw(file, &state)?;
        log.add(&f.id, Some(who), Deed::Reopen)?;
        Ok(self.undecided(file))
    }

    /// Removes an output that this review wrote, where it is still what was written.
    fn withdraw(&self, file: usize, state: &FileState) -> Result<(), Fault> {
        let f = self.file(file)?;
        if self.options.job.is_some() && state.output_sha256.is_some() {
            return Err(Fault::bad(
                "settled",
                "the job has settled this file; what it let out stays out",
            ));
        }
        let (Some(sha256), Some(target)) = (&state.output_sha256, self.target(f)) else {
            return Ok(());
        };
        let path = match target {
            Target::Path(path) | Target::Staged(path) => path,
            Target::Under(_) => {
                let object = self.object(file)?;
                self.engine.output_of(&object, &target)?
            }
        };
        if !path.exists() {
            return Ok(());
        }
        if digest(&path)? != *sha256 {
            return Err(Fault::bad(
                "output-changed",
                "the output is no longer what was written; remove it by hand",
            ));
        }
        std::fs::remove_file(&path)
            .map_err(|e| Fault::internal(format!("removing the output: {}", e.kind())))?;
        self.engine.withdrawn(&path);
        Ok(())
    }

    fn undecided(&self, file: usize) -> Decided {
        let outcome = match self.plans.get(file) {
            super::plans::PlanState::Ready(p) => p.draft.report.outcome,
            super::plans::PlanState::Refused(r) => r.outcome,
            super::plans::PlanState::Waiting => Outcome::NeedsReview,
        };
        Decided {
            outcome: outcome.name().into(),
            reason: None,
            explain: None,
            verified: false,
            waiting_for_second: false,
        }
    }

    /// Who reviews; decisions are signed.
    pub(super) fn who(&self) -> Result<String, Fault> {
        self.reviewer().ok_or_else(|| {
            Fault::bad(
                "reviewer-required",
                "say who you are first: decisions are signed",
            )
        })
    }
}

/// What a report says, for people.
fn decided(report: &FileReport) -> Decided {
    let reason = report.reason.clone();
    let explain = reason.as_deref().and_then(crate::outcome::Reason::find);
    Decided {
        outcome: report.outcome.name().into(),
        explain: explain.map(|r| {
            let detail = report.detail.as_deref().unwrap_or_default();
            format!("{} ({detail}); {}", r.trigger(), r.remedy())
        }),
        reason,
        verified: report.verify.as_ref().is_some_and(|v| v.ok),
        waiting_for_second: false,
    }
}
