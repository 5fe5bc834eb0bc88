//! What the journal holds, as plain data: events, entries of the work list, and files with what is known of them.

use crate::batch::walk::WorkItem;
use crate::outcome::Outcome;
use std::collections::BTreeMap;

/// What an event says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The job was made.
    Begun,
    /// The work list is complete.
    Listed,
    /// A runner began.
    RunStarted,
    /// A runner took the file.
    Started,
    /// The file has an outcome; its output, if it has one, waits in the staging folder.
    Settled,
    /// The output has its final name.
    Released,
    /// The output is kept back for the sake of its group.
    Held,
    /// A person asked to treat the file again.
    Retried,
    /// A runner ended in good order.
    RunEnded,
    /// A person looked, edited or decided. Of the whole job, so that the state of files is untouched; the file's opaque id is
    /// in its data.
    Reviewed,
}

impl Kind {
    const ALL: [Kind; 10] = [
        Kind::Begun,
        Kind::Listed,
        Kind::RunStarted,
        Kind::Started,
        Kind::Settled,
        Kind::Released,
        Kind::Held,
        Kind::Retried,
        Kind::RunEnded,
        Kind::Reviewed,
    ];

    /// The word in the journal.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Begun => "begun",
            Kind::Listed => "listed",
            Kind::RunStarted => "run-started",
            Kind::Started => "started",
            Kind::Settled => "settled",
            Kind::Released => "released",
            Kind::Held => "held",
            Kind::Retried => "retried",
            Kind::RunEnded => "run-ended",
            Kind::Reviewed => "reviewed",
        }
    }

    pub(super) fn find(name: &str) -> Option<Kind> {
        Kind::ALL.into_iter().find(|k| k.name() == name)
    }
}

/// An event to add.
#[derive(Clone, Debug)]
pub struct NewEvent {
    /// Of which file; `None` for the whole job.
    pub file: Option<u64>,
    /// What happened.
    pub kind: Kind,
    /// With which outcome.
    pub outcome: Option<Outcome>,
    /// For which reason.
    pub reason: Option<String>,
    /// Bytes of the output.
    pub bytes: Option<u64>,
    /// JSON.
    pub data: Option<String>,
}

impl NewEvent {
    /// An event with nothing but its kind.
    pub fn new(kind: Kind, file: Option<u64>) -> NewEvent {
        NewEvent {
            file,
            kind,
            outcome: None,
            reason: None,
            bytes: None,
            data: None,
        }
    }
}

/// An event as it stands in the journal.
#[derive(Clone, Debug)]
pub struct Event {
    /// Its number.
    pub seq: u64,
    /// Unix time, milliseconds.
    pub at_ms: i64,
    /// The rest.
    pub event: NewEvent,
}

/// An entry of the work list.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Its number, from 1.
    pub id: u64,
    /// The file.
    pub item: WorkItem,
    /// Memory that it is expected to need, bytes.
    pub cost: u64,
    /// Keyed digests of study, series and instance.
    pub study: Option<String>,
    /// See `study`.
    pub series: Option<String>,
    /// See `study`.
    pub instance: Option<String>,
    /// The first file with the same SOP Instance UID.
    pub duplicate: Option<u64>,
    /// Modality, equipment, transfer syntax as the header has them.
    pub modality: Option<String>,
    /// See `modality`.
    pub equipment: Option<String>,
    /// See `modality`.
    pub syntax: Option<String>,
    /// Rows, columns, frames.
    pub size: Option<(u32, u32, u32)>,
}

/// A file of a group, with what is known of it.
#[derive(Clone, Debug)]
pub struct Member {
    /// The entry.
    pub entry: Entry,
    /// Its latest event, `None` while it waits.
    pub state: Option<Kind>,
    /// Outcome and report line of its latest settlement, unless it was retried since.
    pub settled: Option<(Outcome, String)>,
}

/// How many files are in which state, and how many bytes they have.
pub type Counts = BTreeMap<(String, Option<String>), (u64, u64)>;
