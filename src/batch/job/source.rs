//! The entries of a work list: looking at them, and bringing their bytes. A file is one entry, an archive is its members.

use super::list::Seen;
use crate::batch::archive;
use crate::batch::run::Bytes;
use crate::batch::walk::WorkItem;
use crate::config::Limits;
use crate::dicom;
use std::fs::File;
use std::io::{Read, Seek};

/// The bytes of an entry.
pub fn bytes(item: &WorkItem, limits: &Limits) -> Bytes {
    match item.member {
        None => dicom::file_bytes(&item.input, limits),
        Some(number) => archive::member(&item.input, number, limits),
    }
}

/// The header of a file; of an archive the headers of its members.
pub fn look(item: WorkItem, limits: &Limits) -> Vec<Seen> {
    let file = (item.problem.is_none())
        .then(|| File::open(&item.input).ok())
        .flatten();
    // What cannot be opened here is told when its turn comes.
    let Some(mut file) = file else {
        return vec![Seen { item, peek: None }];
    };
    let mut head = Vec::with_capacity(262);
    let is_archive =
        (&mut file).take(262).read_to_end(&mut head).is_ok() && archive::kind(&head).is_some();
    if is_archive {
        return members(item, limits);
    }
    let peek = file
        .rewind()
        .ok()
        .and_then(|()| dicom::peek(&mut file, limits).ok());
    vec![Seen { item, peek }]
}

/// Outputs of members are numbered in a folder that has the archive's name.
fn members(item: WorkItem, limits: &Limits) -> Vec<Seen> {
    match archive::members(&item.input, |data| dicom::peek(data, limits).ok()) {
        Ok(members) => members
            .into_iter()
            .map(|(member, peek)| Seen {
                item: WorkItem {
                    input: item.input.clone(),
                    member: Some(member.number),
                    mirrored: item.mirrored.join(format!("{:07}", member.number)),
                    bytes: member.bytes,
                    problem: member.problem,
                },
                peek: peek.flatten(),
            })
            .collect(),
        Err(problem) => vec![Seen {
            item: WorkItem {
                problem: Some(problem),
                ..item
            },
            peek: None,
        }],
    }
}
