//! Zip and tar archives as folders of work, read directly.
//!
//! A member is known by its number in the archive, from 1; its name is never used, neither as a path nor in reports.
//! Links are refused, folders left out, archives inside archives not opened. Bounded: number of members, how far one may
//! expand, and what is read of it. Whatever cannot become work is told with a [`Refusal`], never left out.

use crate::config::Limits;
use crate::outcome::{Reason, Refusal};
use std::cell::RefCell;
use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use zip::ZipArchive;

/// Members of one archive.
const MOST_MEMBERS: usize = 1_000_000;
/// A member may be this many times as large as it is compressed. Pictures of one value reach 1:1000 only in bombs and
/// test images.
const MOST_EXPANDED: u64 = 200;
/// Expansion is not looked at below this size.
const SMALL: u64 = 1 << 20;

/// Which kind of archive a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// PKZIP.
    Zip,
    /// POSIX, GNU or old tar.
    Tar,
}

/// Tells an archive by its first bytes. A DICOM file is none, whatever its preamble holds.
pub fn kind(head: &[u8]) -> Option<Kind> {
    let is = |at: usize, magic: &[u8]| head.get(at..at + magic.len()) == Some(magic);
    if is(128, b"DICM") {
        None
    } else if is(0, b"PK\x03\x04") || is(0, b"PK\x05\x06") {
        Some(Kind::Zip)
    } else if is(257, b"ustar") {
        Some(Kind::Tar)
    } else {
        None
    }
}

/// A member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Its number, from 1.
    pub number: u32,
    /// Its size when unpacked, as the archive says.
    pub bytes: u64,
    /// Why it cannot be worked on.
    pub problem: Option<Refusal>,
}

/// An archive that is open.
struct Open {
    path: PathBuf,
    inner: Inner,
}

enum Inner {
    Zip(Box<ZipArchive<BufReader<File>>>),
    /// Where the data of each entry begins, its length, and what is wrong with it; `None` for folders.
    Tar(BufReader<File>, Vec<Option<(u64, u64, Option<Refusal>)>>),
}

thread_local! {
    /// The archive that this thread read from last: its directory is read once, not once a member.
    static LAST: RefCell<Option<Open>> = const { RefCell::new(None) };
}

/// The members of an archive, and what `look` makes of the beginning of each that can be read.
///
/// # Errors
/// `read-failed`, `damaged`, `limit`: the archive as a whole cannot be used.
pub fn members<T>(
    path: &Path,
    mut look: impl FnMut(&mut dyn Read) -> T,
) -> Result<Vec<(Member, Option<T>)>, Refusal> {
    with(path, |open| {
        let mut found = Vec::new();
        for index in 0..open.len() {
            let Some((bytes, problem)) = open.about(index)? else {
                continue;
            };
            let mut member = Member {
                number: index as u32 + 1,
                bytes,
                problem,
            };
            let mut seen = None;
            if member.problem.is_none() {
                let mut head = [0u8; 262];
                let begin = open.read(index, |data| fill(data, &mut head))?;
                match begin {
                    Err(refusal) => member.problem = Some(refusal),
                    Ok(n) if kind(head.get(..n).unwrap_or_default()).is_some() => {
                        member.problem = Some(Refusal::new(
                            Reason::NestedArchive,
                            "an archive inside an archive",
                        ));
                    }
                    Ok(_) => seen = open.read(index, |data| Ok(look(data)))?.ok(),
                }
            }
            found.push((member, seen));
        }
        Ok(found)
    })
}

/// The bytes of one member.
///
/// # Errors
/// `read-failed`, `damaged`, `limit`.
pub fn member(path: &Path, number: u32, limits: &Limits) -> Result<Vec<u8>, Refusal> {
    let index = (number as usize).checked_sub(1).ok_or_else(gone)?;
    with(path, |open| {
        if index >= open.len() {
            return Err(gone());
        }
        let (_, problem) = open.about(index)?.ok_or_else(gone)?;
        if let Some(problem) = problem {
            return Err(problem);
        }
        let most = open.most(index)?.min(limits.file_bytes);
        open.read(index, |data| {
            let mut bytes = Vec::new();
            let n = data
                .take(most.saturating_add(1))
                .read_to_end(&mut bytes)
                .map_err(damaged)?;
            if n as u64 > most {
                return Err(Refusal::new(Reason::Limit, "the member expands too far"));
            }
            Ok(bytes)
        })?
    })
}

impl Open {
    fn new(path: &Path) -> Result<Open, Refusal> {
        let failed = |e: std::io::Error| Refusal::new(Reason::Read, format!("{}", e.kind()));
        let mut file = File::open(path).map_err(failed)?;
        let mut head = [0u8; 262];
        let n = fill(&mut file, &mut head)?;
        file.rewind().map_err(failed)?;
        let inner = match kind(head.get(..n).unwrap_or_default()) {
            Some(Kind::Zip) => {
                let zip = ZipArchive::new(BufReader::new(file))
                    .map_err(|_| Refusal::new(Reason::Damaged, "the archive cannot be read"))?;
                Inner::Zip(Box::new(zip))
            }
            Some(Kind::Tar) => tar_index(BufReader::new(file))?,
            None => return Err(gone()),
        };
        let open = Open {
            path: path.to_path_buf(),
            inner,
        };
        if open.len() > MOST_MEMBERS {
            return Err(Refusal::new(
                Reason::Limit,
                "too many members in an archive",
            ));
        }
        Ok(open)
    }

    fn len(&self) -> usize {
        match &self.inner {
            Inner::Zip(zip) => zip.len(),
            Inner::Tar(_, index) => index.len(),
        }
    }

    /// Size and problem of an entry; `None` for folders.
    fn about(&mut self, index: usize) -> Result<Option<(u64, Option<Refusal>)>, Refusal> {
        let zip = match &mut self.inner {
            Inner::Tar(_, entries) => {
                let entry = entries.get(index).ok_or_else(gone)?;
                return Ok(entry
                    .as_ref()
                    .map(|(_, len, problem)| (*len, problem.clone())));
            }
            Inner::Zip(zip) => zip,
        };
        let file = zip.by_index_raw(index).map_err(bad_member)?;
        if file.is_dir() {
            return Ok(None);
        }
        let kind = file.unix_mode().unwrap_or(0) & 0o170_000;
        let problem = if file.is_symlink() {
            Some(link())
        } else if kind != 0 && kind != 0o100_000 {
            Some(special())
        } else if file.encrypted() {
            Some(Refusal::new(Reason::Read, "the member is encrypted"))
        } else if expands(file.compressed_size(), file.size()) {
            Some(Refusal::new(Reason::Limit, "the member expands too far"))
        } else {
            None
        };
        Ok(Some((file.size(), problem)))
    }

    /// How many bytes an entry may have, whatever it says of itself.
    fn most(&mut self, index: usize) -> Result<u64, Refusal> {
        match &mut self.inner {
            Inner::Tar(..) => Ok(u64::MAX),
            Inner::Zip(zip) => {
                let packed = zip
                    .by_index_raw(index)
                    .map_err(bad_member)?
                    .compressed_size();
                Ok(packed.saturating_mul(MOST_EXPANDED).max(SMALL))
            }
        }
    }

    /// Reads an entry from its start. The outer error is the archive's, the inner one the member's.
    fn read<T>(
        &mut self,
        index: usize,
        take: impl FnOnce(&mut dyn Read) -> Result<T, Refusal>,
    ) -> Result<Result<T, Refusal>, Refusal> {
        match &mut self.inner {
            Inner::Zip(zip) => Ok(match zip.by_index(index) {
                Ok(mut file) => take(&mut file),
                Err(e) => Err(bad_member(e)),
            }),
            Inner::Tar(file, entries) => {
                let Some(Some((from, len, _))) = entries.get(index) else {
                    return Err(gone());
                };
                file.seek(SeekFrom::Start(*from)).map_err(damaged)?;
                let mut data = file.take(*len);
                let result = take(&mut data);
                Ok(result)
            }
        }
    }
}

fn tar_index(file: BufReader<File>) -> Result<Inner, Refusal> {
    let length = file.get_ref().metadata().map_err(damaged)?.len();
    let mut archive = tar::Archive::new(file);
    let mut index = Vec::new();
    for entry in archive.entries_with_seek().map_err(damaged)? {
        let entry = entry.map_err(damaged)?;
        if index.len() > MOST_MEMBERS {
            return Err(Refusal::new(
                Reason::Limit,
                "too many members in an archive",
            ));
        }
        let kind = entry.header().entry_type();
        let (from, len) = (entry.raw_file_position(), entry.size());
        let problem = if kind.is_symlink() || kind.is_hard_link() {
            Some(link())
        } else if !(kind.is_file() || kind.is_contiguous()) {
            Some(special())
        } else if from.saturating_add(len) > length {
            Some(Refusal::new(
                Reason::Truncated,
                "the archive ends inside the member",
            ))
        } else {
            None
        };
        let is_data = !(kind.is_dir() || kind.is_pax_global_extensions());
        index.push(is_data.then_some((from, len, problem)));
    }
    Ok(Inner::Tar(archive.into_inner(), index))
}

/// Uses an archive, opening it where it is not the last one.
fn with<T>(path: &Path, run: impl FnOnce(&mut Open) -> Result<T, Refusal>) -> Result<T, Refusal> {
    LAST.with_borrow_mut(|last| {
        let open = match last.take() {
            Some(open) if open.path == path => open,
            _ => Open::new(path)?,
        };
        run(last.insert(open))
    })
}

fn expands(packed: u64, unpacked: u64) -> bool {
    unpacked > SMALL && unpacked > packed.saturating_mul(MOST_EXPANDED)
}

/// As many bytes as there are, up to the length of the buffer.
fn fill(data: &mut dyn Read, buffer: &mut [u8]) -> Result<usize, Refusal> {
    let mut n = 0;
    while let Some(rest) = buffer.get_mut(n..).filter(|r| !r.is_empty()) {
        match data.read(rest) {
            Ok(0) => break,
            Ok(more) => n += more,
            Err(e) if e.kind() == std::io::ErrorKind::Interrupted => {}
            Err(e) => return Err(damaged(e)),
        }
    }
    Ok(n)
}

fn damaged(_: std::io::Error) -> Refusal {
    Refusal::new(Reason::Damaged, "the archive cannot be read here")
}

fn bad_member(_: zip::result::ZipError) -> Refusal {
    Refusal::new(Reason::Damaged, "the member cannot be unpacked")
}

fn gone() -> Refusal {
    Refusal::new(Reason::Read, "the archive has no such member")
}

fn link() -> Refusal {
    Refusal::new(Reason::Symlink, "a link in an archive is not followed")
}

fn special() -> Refusal {
    Refusal::new(Reason::SpecialFile, "not a regular file")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;
    use zip::write::SimpleFileOptions;

    fn zip_file(path: &Path) {
        let mut zip = zip::ZipWriter::new(File::create(path).unwrap());
        let deflated =
            SimpleFileOptions::default().compression_method(zip::CompressionMethod::Deflated);
        zip.add_directory("folder/", deflated).unwrap();
        zip.start_file("../../etc/passwd", deflated).unwrap();
        zip.write_all(b"first").unwrap();
        zip.add_symlink("link", "/etc/passwd", deflated).unwrap();
        zip.start_file("bomb", deflated).unwrap();
        for _ in 0..64 {
            zip.write_all(&vec![0; 1 << 20]).unwrap();
        }
        zip.start_file("inner.zip", deflated).unwrap();
        zip.write_all(b"PK\x03\x04 and so on").unwrap();
        zip.start_file("last", deflated).unwrap();
        zip.write_all(b"second").unwrap();
        zip.finish().unwrap();
    }

    fn tar_file(path: &Path) {
        let mut tar = tar::Builder::new(File::create(path).unwrap());
        let mut add = |name: &str, kind: tar::EntryType, data: &[u8]| {
            let mut header = tar::Header::new_ustar();
            // Written by hand: the crate refuses names that leave the folder, which archives from elsewhere have.
            header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
            header.set_size(data.len() as u64);
            header.set_mode(0o644);
            header.set_entry_type(kind);
            if kind.is_symlink() || kind.is_hard_link() {
                header.set_link_name("target").unwrap();
            }
            header.set_cksum();
            tar.append(&header, data).unwrap();
        };
        add("/abs/first", tar::EntryType::Regular, b"first");
        add("folder/", tar::EntryType::Directory, b"");
        add("soft", tar::EntryType::Symlink, b"");
        add("hard", tar::EntryType::Link, b"");
        add("pipe", tar::EntryType::Fifo, b"");
        add("../last", tar::EntryType::Regular, b"second");
        tar.finish().unwrap();
    }

    fn shown(path: &Path) -> Vec<(u32, String)> {
        members(path, |data| {
            let mut text = String::new();
            data.read_to_string(&mut text).unwrap();
            text
        })
        .unwrap()
        .into_iter()
        .map(|(m, seen)| match m.problem {
            Some(problem) => (m.number, problem.reason.code().to_owned()),
            None => (m.number, seen.unwrap()),
        })
        .collect()
    }

    #[test]
    fn members_are_numbers_and_what_is_none_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let (zip, tar) = (folder.path().join("a"), folder.path().join("b"));
        zip_file(&zip);
        tar_file(&tar);
        let expected = |list: &[(u32, &str)]| -> Vec<(u32, String)> {
            list.iter().map(|(n, t)| (*n, (*t).to_owned())).collect()
        };
        assert_eq!(
            shown(&zip),
            expected(&[
                (2, "first"),
                (3, "symbolic-link"),
                (4, "limit"),
                (5, "nested-archive"),
                (6, "second")
            ])
        );
        assert_eq!(
            shown(&tar),
            expected(&[
                (1, "first"),
                (3, "symbolic-link"),
                (4, "symbolic-link"),
                (5, "special-file"),
                (6, "second")
            ])
        );
        let limits = Limits::default();
        for path in [&zip, &tar] {
            assert_eq!(member(path, 6, &limits).unwrap(), b"second");
            let tight = Limits {
                file_bytes: 3,
                ..limits
            };
            assert_eq!(member(path, 6, &tight).unwrap_err().reason, Reason::Limit);
            for none in [0, 7, u32::MAX] {
                assert!(member(path, none, &limits).is_err());
            }
        }
        assert_eq!(member(&zip, 4, &limits).unwrap_err().reason, Reason::Limit);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2);
    }

    #[test]
    fn broken_archives_do_no_harm() {
        let folder = tempfile::tempdir().unwrap();
        let whole = folder.path().join("whole");
        for make in [zip_file, tar_file] {
            make(&whole);
            let bytes = std::fs::read(&whole).unwrap();
            for n in (0..bytes.len()).step_by(bytes.len() / 97 + 1) {
                let path = folder.path().join(format!("cut{n}"));
                std::fs::write(&path, &bytes[..n]).unwrap();
                let _ = members(&path, |_| ());
                let mut bent = bytes.clone();
                bent[n] ^= 0x55;
                std::fs::write(&path, &bent).unwrap();
                for (m, _) in members(&path, |_| ()).unwrap_or_default() {
                    let _ = member(&path, m.number, &Limits::default());
                }
                // The next round's archive has another name: nothing is taken from the last one.
                std::fs::remove_file(&path).unwrap();
            }
        }
    }

    #[test]
    fn a_picture_with_a_strange_preamble_is_no_archive() {
        let mut head = vec![0; 300];
        head[..4].copy_from_slice(b"PK\x03\x04");
        assert_eq!(kind(&head), Some(Kind::Zip));
        head[128..132].copy_from_slice(b"DICM");
        assert_eq!(kind(&head), None);
        assert_eq!(kind(b""), None);
    }
}
