//! The log of what people did, in memory and where it is kept.

use super::clock;
use super::fault::Fault;
use super::state::{Deed, FileState, Record, Stage};
use super::store::Store;
use crate::error::Result;
use std::collections::HashMap;

/// People's work, and where it is kept.
pub struct Log {
    store: Box<dyn Store>,
    next: u64,
    states: HashMap<String, FileState>,
}

impl Log {
    /// Reads what was done so far.
    ///
    /// # Errors
    /// Those of the store.
    pub fn open(mut store: Box<dyn Store>) -> Result<Log> {
        let mut states: HashMap<String, FileState> = HashMap::new();
        let mut next = 1;
        for record in store.load()? {
            next = next.max(record.seq + 1);
            states.entry(record.file.clone()).or_default().take(&record);
        }
        Ok(Log {
            store,
            next,
            states,
        })
    }

    /// How far the people are with a file.
    pub fn stage(&self, file: &str) -> Stage {
        self.states.get(file).map_or(Stage::Unseen, |s| s.stage)
    }

    /// The state of a file, where nobody was faster.
    ///
    /// # Errors
    /// `conflict`.
    pub fn current(&self, file: &str, version: u64) -> Result<FileState, Fault> {
        let state = self.state(file);
        if state.version != version {
            return Err(Fault::conflict(state.version));
        }
        Ok(state)
    }

    /// What people did to a file.
    pub fn state(&self, file: &str) -> FileState {
        self.states.get(file).cloned().unwrap_or_default()
    }

    /// The number that the next record gets.
    pub fn next_seq(&self) -> u64 {
        self.next
    }

    /// Adds a record; it is on the disk when this returns.
    pub fn add(&mut self, file: &str, who: Option<String>, deed: Deed) -> Result<()> {
        let record = Record {
            seq: self.next,
            at_ms: clock::now_ms(),
            file: file.to_owned(),
            who,
            deed,
        };
        self.store.append(&record)?;
        self.next += 1;
        self.states
            .entry(record.file.clone())
            .or_default()
            .take(&record);
        Ok(())
    }
}
