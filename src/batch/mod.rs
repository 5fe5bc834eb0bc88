//! Many files: the work list, the workers, the report, and what is left about files that were not written.
//!
//! [`run`] takes a feed of files and a function that treats one; it gives one [`crate::report::FileReport`] a file, whatever
//! the number of workers. `redact` and `scan` feed it a list in memory ([`walk`]), an archive job its journal ([`job`]), a
//! watcher makes a job of what arrived ([`mod@watch`]). Nothing here prints.

pub mod archive;
pub mod budget;
pub mod job;
pub mod quarantine;
pub mod report_file;
pub mod run;
pub mod walk;
pub mod watch;
