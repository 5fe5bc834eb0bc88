//! Files that appear under their name only when they are complete and checked.

use crate::outcome::{Reason, Refusal};
use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// A temporary file in the folder of its target. Dropped without [`Pending::publish`], it is removed. Its name says
/// nothing about the input.
pub struct Pending {
    temporary: PathBuf,
    target: PathBuf,
    file: Option<File>,
}

impl Pending {
    /// Creates the target's folder where needed and an empty temporary file in it.
    pub fn beside(target: &Path) -> Result<Pending, Refusal> {
        static COUNTER: AtomicU64 = AtomicU64::new(0);
        let folder = target
            .parent()
            .filter(|p| !p.as_os_str().is_empty())
            .unwrap_or(Path::new("."));
        fs::create_dir_all(folder).map_err(|e| refusal("creating the folder", &e))?;
        loop {
            let number = COUNTER.fetch_add(1, Ordering::Relaxed);
            let temporary = folder.join(format!(".unburn-{}-{number}.tmp", std::process::id()));
            match OpenOptions::new()
                .read(true)
                .write(true)
                .create_new(true)
                .open(&temporary)
            {
                Ok(file) => {
                    return Ok(Pending {
                        temporary,
                        target: target.to_path_buf(),
                        file: Some(file),
                    });
                }
                Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {}
                Err(e) => return Err(refusal("creating a temporary file", &e)),
            }
        }
    }

    /// The file to write to.
    pub fn file(&mut self) -> Result<&mut File, Refusal> {
        self.file
            .as_mut()
            .ok_or_else(|| Refusal::new(Reason::Internal, "written after it was finished"))
    }

    /// Where the bytes are until they are published.
    pub fn path(&self) -> &Path {
        &self.temporary
    }

    /// Brings the bytes to the disk and closes the file.
    pub fn finish(&mut self) -> Result<(), Refusal> {
        match self.file.take() {
            Some(file) => file.sync_all().map_err(|e| refusal("syncing", &e)),
            None => Ok(()),
        }
    }

    /// Gives the finished file its final name. Without `overwrite` an existing file is left alone, also one that appeared
    /// meanwhile.
    pub fn publish(mut self, overwrite: bool) -> Result<(), Refusal> {
        self.finish()?;
        if overwrite {
            return fs::rename(&self.temporary, &self.target).map_err(|e| refusal("renaming", &e));
        }
        match fs::hard_link(&self.temporary, &self.target) {
            // The temporary name goes with the drop.
            Ok(()) => Ok(()),
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => Err(Refusal::new(
                Reason::OutputExists,
                "it appeared while this file was worked on",
            )),
            // File systems without hard links.
            Err(_) if !self.target.exists() => {
                fs::rename(&self.temporary, &self.target).map_err(|e| refusal("renaming", &e))
            }
            Err(e) => Err(refusal("naming", &e)),
        }
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        // Gone already after a rename; if removal fails, the name alone says that it is no output.
        let _ = fs::remove_file(&self.temporary);
    }
}

/// A write error by its kind only: paths are in the report already.
pub fn refusal(action: &str, error: &io::Error) -> Refusal {
    Refusal::new(Reason::Write, format!("{action}: {}", error.kind()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn nothing_is_left_of_what_was_not_published() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("a/b.dcm");
        let mut pending = Pending::beside(&target).unwrap();
        pending.file().unwrap().write_all(b"x").unwrap();
        drop(pending);
        assert_eq!(fs::read_dir(target.parent().unwrap()).unwrap().count(), 0);
    }

    #[test]
    fn publishing_never_replaces_unless_asked() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("b.dcm");
        fs::write(&target, b"old").unwrap();
        let refused = Pending::beside(&target)
            .unwrap()
            .publish(false)
            .unwrap_err();
        assert_eq!(refused.reason, Reason::OutputExists);
        assert_eq!(fs::read(&target).unwrap(), b"old");
        let mut pending = Pending::beside(&target).unwrap();
        pending.file().unwrap().write_all(b"new").unwrap();
        pending.publish(true).unwrap();
        assert_eq!(fs::read(&target).unwrap(), b"new");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
