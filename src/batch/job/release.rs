//! Whole series or nothing: what becomes of the outputs of a group once every file of it has an outcome.
//!
//! All of them leave, or none: if one file of the group did not come out, the others are kept back, and so they are if an
//! image stands out among its like (`outliers`). Outputs lie in a staging folder below the output folder until then.

use super::crash;
use super::journal::{Kind, Member, NewEvent};
use crate::error::{Error, Result};
use crate::geometry::Rect;
use crate::outcome::{Outcome, Reason};
use crate::plan::Carrier;
use crate::report::{FileReport, REVIEWED};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

/// Side of a cell of the grid on which places of text are compared, pixels.
const CELL_PX: u32 = 16;
/// Fewer images than this are not compared.
const FEWEST_IMAGES: usize = 4;
/// A place counts where at least this share of the images (percent) has text.
const MOST_PERCENT: usize = 75;

/// Where outputs wait and where they go.
#[derive(Clone, Debug)]
pub struct Places {
    /// The output folder.
    pub output: PathBuf,
    /// The staging folder, on the same file system.
    pub staging: PathBuf,
    /// Whether files of another origin are replaced.
    pub overwrite: bool,
}

/// What becomes of one file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    /// It stays as it is: nothing was written, or it is out already.
    Nothing,
    Release,
    Hold(Reason),
    /// Its staged output is gone.
    Redo,
}

impl Places {
    /// Where the output of a file waits.
    pub fn staged(&self, id: u64) -> PathBuf {
        self.staging.join(format!("{id}.staged"))
    }

    /// Where the output of a file belongs.
    fn target(&self, member: &Member, stored: Option<&FileReport>) -> PathBuf {
        self.output.join(stored.map_or_else(
            || member.entry.item.mirrored.clone(),
            |line| super::report::output(member, line),
        ))
    }

    /// Removes what a killed run had not finished writing. Only the holder of the job's lock may do so.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn clear_temporary(&self) -> Result<()> {
        let fail = |e| io("clearing the staging folder", &self.staging, e);
        for entry in std::fs::read_dir(&self.staging).map_err(fail)? {
            let entry = entry.map_err(fail)?;
            if entry.file_name().to_string_lossy().ends_with(".tmp") {
                std::fs::remove_file(entry.path()).map_err(fail)?;
            }
        }
        Ok(())
    }

    /// Decides about a group of which every file is settled, and lets it out or keeps it back. Gives the events to add to
    /// the journal, once `folders` are synced ([`sync_folders`]).
    ///
    /// # Errors
    /// [`Error::Io`] where the output folder does not work: then nothing was decided, and it can be tried again.
    pub fn settle(
        &self,
        members: &[Member],
        folders: &mut BTreeSet<PathBuf>,
    ) -> Result<Vec<NewEvent>> {
        let reports = members
            .iter()
            .map(|m| {
                let settled = m.settled.as_ref()?;
                super::report::bare(&settled.1)
            })
            .collect::<Vec<Option<FileReport>>>();
        let mut fates = self.fates(members, &reports)?;
        if fates
            .iter()
            .any(|f| matches!(f, Fate::Hold(_) | Fate::Redo))
        {
            for fate in &mut fates {
                if *fate == Fate::Release {
                    *fate = Fate::Hold(Reason::GroupIncomplete);
                }
            }
        }
        let mut events = Vec::new();
        for (member, (fate, report)) in members.iter().zip(fates.iter().zip(&reports)) {
            let id = member.entry.id;
            let mut event = NewEvent::new(Kind::Released, Some(id));
            match fate {
                Fate::Nothing => continue,
                Fate::Release => {
                    let target = self.target(member, report.as_ref());
                    self.publish(id, &target, report.as_ref(), folders)?;
                    event.outcome = member.settled.as_ref().map(|s| s.0);
                    event.bytes = std::fs::metadata(&target).ok().map(|m| m.len());
                }
                Fate::Hold(reason) => {
                    event.kind = Kind::Held;
                    event.outcome = Some(reason.outcome());
                    event.reason = Some(reason.code().into());
                }
                Fate::Redo => event.kind = Kind::Retried,
            }
            let unchanged = member.state == Some(Kind::Held) && event.kind == Kind::Held;
            if !unchanged {
                events.push(event);
            }
        }
        Ok(events)
    }

    fn fates(&self, members: &[Member], reports: &[Option<FileReport>]) -> Result<Vec<Fate>> {
        let written = |m: &Member| m.settled.as_ref().is_some_and(|s| s.0.is_written());
        let broken = members.iter().any(|m| {
            let outcome = m.settled.as_ref().map(|s| s.0);
            outcome.is_none_or(|o| o >= Outcome::NeedsReview)
        });
        let strange = if broken {
            BTreeSet::new()
        } else {
            outliers(members, reports)
        };
        members
            .iter()
            .zip(reports)
            .map(|(m, report)| {
                if !written(m) || m.state == Some(Kind::Released) {
                    return Ok(Fate::Nothing);
                }
                if broken {
                    return Ok(Fate::Hold(Reason::GroupIncomplete));
                }
                if strange.contains(&m.entry.id) {
                    return Ok(Fate::Hold(Reason::Outlier));
                }
                let target = self.target(m, report.as_ref());
                let staged = self.staged(m.entry.id).exists();
                if !target.exists() {
                    return Ok(if staged { Fate::Release } else { Fate::Redo });
                }
                let ours = holds(&target, report.as_ref())?;
                Ok(match (ours, staged) {
                    (true, _) => Fate::Release,
                    (false, _) if !self.overwrite => Fate::Hold(Reason::OutputExists),
                    (false, true) => Fate::Release,
                    (false, false) => Fate::Redo,
                })
            })
            .collect()
    }

    /// Gives a staged output its final name. Where that name holds the same bytes already, this was done before.
    fn publish(
        &self,
        id: u64,
        target: &Path,
        report: Option<&FileReport>,
        folders: &mut BTreeSet<PathBuf>,
    ) -> Result<()> {
        let staged = self.staged(id);
        if let Some(parent) = target.parent() {
            folders.insert(parent.to_path_buf());
            if !parent.exists() {
                // New folders have to be in those around them as well.
                let around = parent.ancestors().skip(1);
                folders.extend(
                    around
                        .take_while(|f| f.starts_with(&self.output))
                        .map(Path::to_path_buf),
                );
                std::fs::create_dir_all(parent).map_err(|e| io("creating a folder", parent, e))?;
            }
        }
        if self.overwrite && staged.exists() {
            std::fs::rename(&staged, target).map_err(|e| io("naming an output", target, e))?;
        } else if !target.exists() {
            match std::fs::hard_link(&staged, target) {
                Ok(()) => {}
                // File systems without hard links.
                Err(_) if !target.exists() => {
                    std::fs::rename(&staged, target)
                        .map_err(|e| io("naming an output", target, e))?;
                }
                Err(e) => return Err(io("naming an output", target, e)),
            }
        } else if !holds(target, report)? {
            let taken = ErrorKind::AlreadyExists.into();
            return Err(io("naming an output", target, taken));
        }
        crash::point("linked");
        match std::fs::remove_file(&staged) {
            Err(e) if e.kind() != ErrorKind::NotFound => {
                Err(io("clearing the staging folder", &staged, e))
            }
            _ => Ok(()),
        }
    }
}

/// Whether a file holds the bytes that a report says were written.
fn holds(path: &Path, report: Option<&FileReport>) -> Result<bool> {
    let wanted = report.and_then(|r| r.output_sha256.as_deref());
    Ok(wanted == Some(digest(path)?.as_str()))
}

/// SHA-256 of a file, hex.
///
/// # Errors
/// [`Error::Io`].
pub fn digest(path: &Path) -> Result<String> {
    let fail = |e| io("reading an output", path, e);
    let mut file = File::open(path).map_err(fail)?;
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 1 << 20];
    loop {
        match file.read(&mut buffer).map_err(fail)? {
            0 => break,
            n => hasher.update(buffer.get(..n).unwrap_or_default()),
        }
    }
    Ok(hasher
        .finalize()
        .iter()
        .map(|b| format!("{b:02x}"))
        .collect())
}

/// Brings the names in folders to the disk.
///
/// # Errors
/// [`Error::Io`].
pub fn sync_folders(folders: &BTreeSet<PathBuf>) -> Result<()> {
    // Elsewhere folders cannot be opened, and names are as safe as the file system makes them.
    for folder in folders.iter().filter(|_| cfg!(unix)) {
        let fail = |e| io("syncing a folder", folder, e);
        File::open(folder)
            .and_then(|f| f.sync_all())
            .map_err(fail)?;
    }
    Ok(())
}

fn io(action: &'static str, path: &Path, source: std::io::Error) -> Error {
    Error::Io {
        action,
        path: path.to_path_buf(),
        source,
    }
}

/// Images that show nothing, neither masked nor kept, at a place where most images of the same equipment and size in the
/// group show something. Their numbers.
fn outliers(members: &[Member], reports: &[Option<FileReport>]) -> BTreeSet<u64> {
    type Cells = BTreeSet<(u32, u32)>;
    let mut alike: BTreeMap<_, Vec<(u64, Cells)>> = BTreeMap::new();
    // Whatever a person approved as it is needs no other look.
    let mut approved = BTreeSet::new();
    for (member, report) in members.iter().zip(reports) {
        let Some(report) = report.as_ref().filter(|r| r.outcome.is_written()) else {
            continue;
        };
        let boxes = report.boxes.iter();
        let cells = boxes
            // Faces are cut off where they are, in some slices and not in others.
            .filter(|b| b.carrier == Carrier::PixelData && !b.reason.starts_with("face:"))
            .flat_map(|b| cells(&b.rect))
            .collect();
        let entry = &member.entry;
        let like = (&entry.equipment, &entry.modality, report.rows, report.cols);
        alike.entry(like).or_default().push((entry.id, cells));
        if report.warnings.iter().any(|w| w == REVIEWED) {
            approved.insert(entry.id);
        }
    }
    let mut strange = BTreeSet::new();
    for images in alike.values().filter(|i| i.len() >= FEWEST_IMAGES) {
        let mut counts: BTreeMap<(u32, u32), usize> = BTreeMap::new();
        for cell in images.iter().flat_map(|(_, cells)| cells) {
            *counts.entry(*cell).or_default() += 1;
        }
        let common: Cells = counts
            .into_iter()
            .filter(|(_, n)| n * 100 >= MOST_PERCENT * images.len())
            .map(|(cell, _)| cell)
            .collect();
        for place in places(common) {
            let missing = images.iter().filter(|(_, cells)| cells.is_disjoint(&place));
            strange.extend(missing.map(|(id, _)| *id));
        }
    }
    strange.retain(|id| !approved.contains(id));
    strange
}

fn cells(rect: &Rect) -> impl Iterator<Item = (u32, u32)> + use<> {
    let (x0, y0) = (rect.x / CELL_PX, rect.y / CELL_PX);
    let (x1, y1) = (
        rect.right().div_ceil(CELL_PX),
        rect.bottom().div_ceil(CELL_PX),
    );
    (y0..y1).flat_map(move |y| (x0..x1).map(move |x| (x, y)))
}

/// Cells that hang together.
fn places(mut cells: BTreeSet<(u32, u32)>) -> Vec<BTreeSet<(u32, u32)>> {
    let mut places = Vec::new();
    while let Some(first) = cells.pop_first() {
        let (mut place, mut todo) = (BTreeSet::from([first]), vec![first]);
        while let Some((x, y)) = todo.pop() {
            for next in [
                (x.wrapping_sub(1), y),
                (x + 1, y),
                (x, y.wrapping_sub(1)),
                (x, y + 1),
            ] {
                if cells.remove(&next) {
                    place.insert(next);
                    todo.push(next);
                }
            }
        }
        places.push(place);
    }
    places
}

#[cfg(test)]
mod tests {
    use super::super::journal::Entry;
    use super::*;
    use crate::batch::walk::WorkItem;
    use crate::plan::{Action, Shape};
    use crate::report::{BoxReport, Tool};

    fn places_in(folder: &Path, overwrite: bool) -> Places {
        let places = Places {
            output: folder.join("out"),
            staging: folder.join("out/.stage"),
            overwrite,
        };
        std::fs::create_dir_all(&places.staging).unwrap();
        places
    }

    /// A settled member with boxes at these places, whose staged output holds its number.
    fn member(places: &Places, id: u64, outcome: Outcome, boxes: &[Rect]) -> Member {
        let mut report = FileReport::new(&Tool::default(), Path::new("x"), outcome);
        (report.rows, report.cols) = (Some(480), Some(640));
        report.boxes = boxes
            .iter()
            .map(|rect| BoxReport {
                frames: (0, 0),
                rect: *rect,
                before_codec: None,
                carrier: Carrier::PixelData,
                shape: Shape::Rect,
                action: Action::Mask,
                reason: "unreadable".into(),
                confidence: 0.5,
                text: None,
            })
            .collect();
        let staged = places.staged(id);
        std::fs::write(&staged, id.to_string()).unwrap();
        report.output_sha256 = Some(digest(&staged).unwrap());
        Member {
            entry: Entry {
                id,
                item: WorkItem {
                    input: format!("/in/{id}").into(),
                    member: None,
                    mirrored: format!("a/{id}").into(),
                    bytes: 1,
                    problem: None,
                },
                cost: 1,
                study: None,
                series: Some("s".into()),
                instance: None,
                duplicate: None,
                modality: Some("US".into()),
                equipment: Some("Example Echo".into()),
                syntax: None,
                size: None,
            },
            state: Some(Kind::Settled),
            settled: Some((outcome, serde_json::to_string(&report).unwrap())),
        }
    }

    const BANNER: Rect = Rect {
        x: 4,
        y: 4,
        w: 200,
        h: 20,
    };
    const OTHER: Rect = Rect {
        x: 400,
        y: 300,
        w: 40,
        h: 20,
    };

    fn kinds(events: &[NewEvent]) -> Vec<(u64, &str, Option<&str>)> {
        events
            .iter()
            .map(|e| (e.file.unwrap(), e.kind.name(), e.reason.as_deref()))
            .collect()
    }

    #[test]
    fn all_leave_or_none_and_doing_it_again_changes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let places = places_in(folder.path(), false);
        let masked = |id| member(&places, id, Outcome::Masked, &[BANNER]);
        let good = [masked(1), masked(2)];
        let events = places.settle(&good, &mut BTreeSet::new()).unwrap();
        assert_eq!(
            kinds(&events),
            [(1, "released", None), (2, "released", None)]
        );
        assert_eq!(std::fs::read(folder.path().join("out/a/2")).unwrap(), b"2");
        // The events were lost in a power cut, the names were not.
        assert_eq!(
            kinds(&places.settle(&good, &mut BTreeSet::new()).unwrap()),
            kinds(&events)
        );
        assert_eq!(std::fs::read_dir(&places.staging).unwrap().count(), 0);

        let broken = [
            masked(3),
            member(&places, 4, Outcome::Failed, &[]),
            member(&places, 5, Outcome::Skipped, &[]),
        ];
        let events = places.settle(&broken, &mut BTreeSet::new()).unwrap();
        assert_eq!(kinds(&events), [(3, "held", Some("group-incomplete"))]);
        assert!(!folder.path().join("out/a/3").exists() && places.staged(3).exists());
    }

    #[test]
    fn a_foreign_file_is_not_replaced_and_a_lost_one_is_made_again() {
        let folder = tempfile::tempdir().unwrap();
        let places = places_in(folder.path(), false);
        let group = [1, 2].map(|id| member(&places, id, Outcome::Clean, &[]));
        let target = folder.path().join("out/a/2");
        std::fs::create_dir_all(target.parent().unwrap()).unwrap();
        std::fs::write(&target, b"mine").unwrap();
        let events = places.settle(&group, &mut BTreeSet::new()).unwrap();
        assert_eq!(
            kinds(&events),
            [
                (1, "held", Some("group-incomplete")),
                (2, "held", Some("output-exists"))
            ]
        );
        let replacing = Places {
            overwrite: true,
            ..places.clone()
        };
        replacing.settle(&group, &mut BTreeSet::new()).unwrap();
        assert_eq!(std::fs::read(&target).unwrap(), b"2");
        let lost = member(&places, 3, Outcome::Clean, &[]);
        std::fs::remove_file(places.staged(3)).unwrap();
        assert_eq!(
            kinds(&places.settle(&[lost], &mut BTreeSet::new()).unwrap()),
            [(3, "retried", None)]
        );
    }

    #[test]
    fn an_image_without_the_text_of_all_others_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let places = places_in(folder.path(), false);
        for at in 0..5u64 {
            let group: Vec<Member> = (0..5)
                .map(|id| {
                    let boxes = if id == at {
                        vec![OTHER]
                    } else {
                        vec![BANNER, OTHER]
                    };
                    member(&places, id, Outcome::Masked, &boxes)
                })
                .collect();
            let events = places.settle(&group, &mut BTreeSet::new()).unwrap();
            let outlier: Vec<_> = kinds(&events)
                .into_iter()
                .filter(|e| e.2 == Some("outlier"))
                .collect();
            assert_eq!(outlier, [(at, "held", Some("outlier"))]);
        }
        // Half of them with a banner is no rule, and three images are none.
        let boxes = |id: u64| {
            if id.is_multiple_of(2) {
                vec![BANNER]
            } else {
                vec![]
            }
        };
        for n in [3, 6] {
            let group: Vec<Member> = (10..10 + n)
                .map(|id| member(&places, id, Outcome::Clean, &boxes(id)))
                .collect();
            let reports: Vec<_> = group
                .iter()
                .map(|m| serde_json::from_str(&m.settled.as_ref().unwrap().1).ok())
                .collect();
            assert!(outliers(&group, &reports).is_empty());
        }
    }
}
