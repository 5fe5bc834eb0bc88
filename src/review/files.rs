//! The files of a review: where each comes from, what its header says at first sight, and the opaque ids that stand for it.
//!
//! Reads the head of a file only. What cannot be opened stays in the list and tells why when its turn comes; what is no DICOM
//! object is not listed.

use super::items;
use crate::batch::walk::WorkItem;
use crate::config::Limits;
use crate::dicom::{self, Peek};
use crate::key::Key;
use crate::outcome::Outcome;

/// A file to review.
#[derive(Clone, Debug)]
pub struct Work {
    /// The file.
    pub item: WorkItem,
    /// Its number in the work list of a job, and what the job said about it.
    pub held: Option<(u64, Outcome, Option<String>)>,
}

/// One file of the review.
pub struct ReviewFile {
    /// Opaque.
    pub id: String,
    /// Where it comes from and goes to.
    pub item: WorkItem,
    /// For people: the path below the input.
    pub name: String,
    /// What the header says at first sight.
    pub peek: Option<Peek>,
    /// Opaque ids of equipment and size, series, study.
    pub equipment: String,
    /// See `equipment`.
    pub series: Option<String>,
    /// See `equipment`.
    pub study: Option<String>,
    /// Its number in a job, and what the job said about it.
    pub held: Option<(u64, Outcome, Option<String>)>,
}

/// Looks at the header of a file; nothing where it is no DICOM object at all.
pub fn look(work: Work, limits: &Limits, salt: &Key) -> Option<ReviewFile> {
    let Work { item, held } = work;
    let peek = match (item.member, &item.problem) {
        (None, None) => match std::fs::File::open(&item.input) {
            Ok(mut file) => match dicom::peek(&mut file, limits) {
                Err(r) if r.reason.outcome() == Outcome::Skipped => return None,
                peek => peek.ok(),
            },
            // What cannot be opened is told when its turn comes.
            Err(_) => None,
        },
        _ => None,
    };
    let id = |purpose: &str, text: &str| items::short(salt, purpose, text);
    let group = |uid: &String, what: &str| (!uid.is_empty()).then(|| id(what, uid));
    let place = item.name();
    let place = std::path::absolute(&place).unwrap_or(place);
    let mac = salt.mac("review file", place.as_os_str().as_encoded_bytes());
    Some(ReviewFile {
        id: mac.iter().take(8).map(|b| format!("{b:02x}")).collect(),
        name: item.mirrored.to_string_lossy().into_owned(),
        equipment: peek.as_ref().map_or_else(String::new, |p| {
            let e = &p.equipment;
            let what = (&e.manufacturer, &e.model, p.rows, p.cols);
            id("review equipment", &format!("{what:?}"))
        }),
        series: peek
            .as_ref()
            .and_then(|p| group(&p.series, "review series")),
        study: peek.as_ref().and_then(|p| group(&p.study, "review study")),
        peek,
        item,
        held,
    })
}
