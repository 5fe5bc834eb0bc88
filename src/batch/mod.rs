//! Many files: the work list, the workers, the report, and what is left about files that were not written.
//!
//! Takes paths and a function that treats one file; gives one [`crate::report::FileReport`] a file in work-list order,
//! whatever the number of workers. It does not know what is done to a file, and it never prints.

pub mod archive;
pub mod budget;
pub mod job;
pub mod quarantine;
pub mod report_file;
pub mod run;
pub mod walk;
