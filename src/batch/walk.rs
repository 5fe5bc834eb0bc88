//! The work list: which files there are, and where each output goes.
//!
//! Sorted by path, so that the order of arguments and of folder entries does not matter. Symbolic links inside folders
//! are not followed unless asked for (a link named on the command line is). Whatever cannot become work is an entry with
//! a [`Refusal`], never left out.

use crate::error::{Error, Result};
use crate::outcome::{Reason, Refusal};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::{Component, Path, PathBuf};
use walkdir::WalkDir;

/// One entry of the work list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkItem {
    /// What to read; for a member of an archive, the archive.
    pub input: PathBuf,
    /// Which member of the archive, counted from 1 in the order of the archive.
    pub member: Option<u32>,
    /// The path below the output folder.
    pub mirrored: PathBuf,
    /// Size in bytes; 0 where unknown.
    pub bytes: u64,
    /// Why it cannot be worked on.
    pub problem: Option<Refusal>,
}

impl WorkItem {
    /// What reports call it: the path, and for a member of an archive its number behind `#`.
    pub fn name(&self) -> PathBuf {
        match self.member {
            None => self.input.clone(),
            Some(number) => {
                let mut name = self.input.clone().into_os_string();
                name.push(format!("#{number}"));
                name.into()
            }
        }
    }
}

/// What is done about symbolic links inside folders.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Links {
    /// Told, not followed.
    #[default]
    Skip,
    /// Followed; a link into its own folder is told and not followed.
    Follow,
}

/// Lists the files of `inputs`: files, and folders to any depth.
///
/// The contents of a single folder lie directly below the output folder; of several arguments each folder keeps its
/// name. Returns [`Error::Io`] for an argument that does not exist, and [`Error::Config`] where two inputs would have one
/// output.
pub fn work_list(inputs: &[PathBuf]) -> Result<Vec<WorkItem>> {
    let mut items = Vec::new();
    each_file(inputs, Links::Skip, &mut |item| {
        items.push(item);
        Ok(())
    })?;
    items.sort_by(|a, b| (&a.input, &a.mirrored).cmp(&(&b.input, &b.mirrored)));
    items.dedup();
    refuse_shared_outputs(&items)?;
    Ok(items)
}

/// Hands over the files of `inputs` as they are found, in no particular order, holding no more of them than the folders
/// on the way to the present one.
///
/// # Errors
/// [`Error::Io`] for an argument that does not exist, and whatever `found` returns.
pub fn each_file(
    inputs: &[PathBuf],
    links: Links,
    found: &mut dyn FnMut(WorkItem) -> Result<()>,
) -> Result<()> {
    for input in inputs {
        let meta = std::fs::metadata(input).map_err(|source| Error::Io {
            action: "reading the input",
            path: input.clone(),
            source,
        })?;
        if meta.is_dir() {
            let prefix = if inputs.len() > 1 {
                folder_name(input)
            } else {
                PathBuf::new()
            };
            walk(input, &prefix, links, found)?;
        } else {
            let name = input.file_name().map(PathBuf::from).unwrap_or_default();
            found(WorkItem {
                input: input.clone(),
                member: None,
                mirrored: name,
                bytes: meta.len(),
                problem: (!meta.is_file()).then(special),
            })?;
        }
    }
    Ok(())
}

/// Refuses an output folder that lies in an input folder (or is one), and outputs that are inputs. `what` names the
/// folder's flag.
pub fn check_output_folder(
    folder: &Path,
    inputs: &[PathBuf],
    items: &[WorkItem],
    what: &str,
) -> Result<()> {
    if std::fs::metadata(folder).is_ok_and(|m| !m.is_dir()) {
        return Err(Error::Config(format!(
            "{what} must be a folder: `{}`",
            folder.display()
        )));
    }
    let out = real_path(folder)?;
    for input in inputs.iter().filter(|i| i.is_dir()) {
        if out.starts_with(real_path(input)?) {
            return Err(Error::Config(format!(
                "{what} lies inside the input folder `{}`: `{}`",
                input.display(),
                folder.display()
            )));
        }
    }
    if !out.exists() {
        return Ok(());
    }
    let taken: BTreeMap<PathBuf, &Path> = items
        .iter()
        .filter_map(|i| Some((real_path(&i.input).ok()?, i.input.as_path())))
        .collect();
    for item in items.iter().filter(|i| i.problem.is_none()) {
        if let Some(input) = taken.get(&real_path(&out.join(&item.mirrored))?) {
            return Err(Error::Config(format!(
                "{what} would put an output in the place of an input: `{}`",
                input.display()
            )));
        }
    }
    Ok(())
}

/// The absolute path without links and `..`, also where its end does not exist yet.
pub fn real_path(path: &Path) -> Result<PathBuf> {
    let io = |source| Error::Io {
        action: "resolving a path",
        path: path.to_path_buf(),
        source,
    };
    let mut missing = Vec::new();
    let mut existing = std::path::absolute(path).map_err(io)?;
    loop {
        match existing.canonicalize() {
            Ok(mut real) => {
                for part in missing.iter().rev() {
                    match Path::new(part).components().next() {
                        Some(Component::ParentDir) => {
                            real.pop();
                        }
                        _ => real.push(part),
                    }
                }
                return Ok(real);
            }
            Err(e) if e.kind() == ErrorKind::NotFound || e.kind() == ErrorKind::NotADirectory => {
                // `file_name` is `None` for a path that ends in `..`; then the component itself is kept.
                let last = existing
                    .components()
                    .next_back()
                    .map(|c| c.as_os_str().to_owned());
                match (last, existing.parent()) {
                    (Some(last), Some(parent)) => {
                        missing.push(last);
                        existing = parent.to_path_buf();
                    }
                    _ => return Err(io(e)),
                }
            }
            Err(e) => return Err(io(e)),
        }
    }
}

fn walk(
    root: &Path,
    prefix: &Path,
    links: Links,
    found: &mut dyn FnMut(WorkItem) -> Result<()>,
) -> Result<()> {
    let entries = WalkDir::new(root)
        .follow_links(links == Links::Follow)
        // The folder itself was named by the user: a link there is meant.
        .follow_root_links(true);
    for entry in entries {
        let item = match entry {
            Ok(entry) if entry.file_type().is_dir() => continue,
            Ok(entry) => {
                let kind = entry.file_type();
                WorkItem {
                    input: entry.path().to_path_buf(),
                    member: None,
                    mirrored: mirror(root, prefix, entry.path()),
                    bytes: if kind.is_file() {
                        entry.metadata().map_or(0, |m| m.len())
                    } else {
                        0
                    },
                    problem: if kind.is_file() {
                        None
                    } else if kind.is_symlink() {
                        Some(Refusal::new(
                            Reason::Symlink,
                            "a symbolic link is not followed",
                        ))
                    } else {
                        Some(special())
                    },
                }
            }
            Err(error) => {
                let path = error.path().unwrap_or(root);
                let problem = if error.loop_ancestor().is_some() {
                    Refusal::new(Reason::Symlink, "the link leads into its own folder")
                } else {
                    let why = error.io_error().map_or("unknown", |e| kind_text(e.kind()));
                    Refusal::new(
                        Reason::Read,
                        format!("the folder entry cannot be read: {why}"),
                    )
                };
                WorkItem {
                    input: path.to_path_buf(),
                    member: None,
                    mirrored: mirror(root, prefix, path),
                    bytes: 0,
                    problem: Some(problem),
                }
            }
        };
        found(item)?;
    }
    Ok(())
}

fn special() -> Refusal {
    Refusal::new(Reason::SpecialFile, "not a regular file")
}

fn mirror(root: &Path, prefix: &Path, path: &Path) -> PathBuf {
    prefix.join(path.strip_prefix(root).unwrap_or(path))
}

/// What a folder is called; nothing for a file system root.
fn folder_name(path: &Path) -> PathBuf {
    let named = path.file_name().map(PathBuf::from);
    named
        .or_else(|| {
            path.canonicalize()
                .ok()
                .and_then(|p| p.file_name().map(PathBuf::from))
        })
        .unwrap_or_default()
}

/// Stable words for a kind of I/O error, the same on every system.
fn kind_text(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::PermissionDenied => "permission denied",
        ErrorKind::NotFound => "not found",
        _ => "i/o error",
    }
}

fn refuse_shared_outputs(items: &[WorkItem]) -> Result<()> {
    let mut seen: BTreeMap<PathBuf, &Path> = BTreeMap::new();
    for item in items.iter().filter(|i| i.problem.is_none()) {
        let key = if cfg!(any(windows, target_os = "macos")) {
            // Names that differ in case only are one name there.
            PathBuf::from(item.mirrored.to_string_lossy().to_lowercase())
        } else {
            item.mirrored.clone()
        };
        if let Some(first) = seen.insert(key, &item.input) {
            return Err(Error::Config(format!(
                "two inputs would have one output `{}`: `{}` and `{}`; hint: treat them in runs of their own",
                item.mirrored.display(),
                first.display(),
                item.input.display()
            )));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn tree(files: &[&str]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for file in files {
            let path = folder.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, file).unwrap();
        }
        folder
    }

    fn mirrored(items: &[WorkItem]) -> Vec<String> {
        items
            .iter()
            .map(|i| i.mirrored.to_string_lossy().replace('\\', "/"))
            .collect()
    }

    #[test]
    fn folders_are_mirrored_sorted_whatever_the_order_of_arguments() {
        let t = tree(&["b/IM2", "b/IM10", "a/x/IM1", "top.dcm"]);
        let p = |s: &str| t.path().join(s);
        let one = work_list(&[t.path().to_path_buf()]).unwrap();
        assert_eq!(mirrored(&one), ["a/x/IM1", "b/IM10", "b/IM2", "top.dcm"]);
        let two = work_list(&[p("b"), p("top.dcm"), p("a")]).unwrap();
        assert_eq!(mirrored(&two), ["a/x/IM1", "b/IM10", "b/IM2", "top.dcm"]);
        assert_eq!(
            two,
            work_list(&[p("a"), p("b"), p("top.dcm"), p("a")]).unwrap()
        );
        assert_eq!(one[0].bytes, 7);
    }

    #[test]
    fn one_output_for_two_inputs_is_refused() {
        let t = tree(&["a/IM1", "b/IM1"]);
        let p = |s: &str| t.path().join(s);
        assert!(work_list(&[p("a"), p("b")]).is_ok());
        let error = work_list(&[p("a/IM1"), p("b/IM1")])
            .unwrap_err()
            .to_string();
        assert!(error.contains("one output"), "{error}");
    }

    #[test]
    fn a_missing_argument_stops_the_run() {
        let error = work_list(&[PathBuf::from("no/such/thing")]).unwrap_err();
        assert!(matches!(error, Error::Io { .. }));
    }

    #[test]
    fn outputs_never_lie_among_inputs() {
        let t = tree(&["in/a/IM1", "in/b", "one.dcm"]);
        let p = |s: &str| t.path().join(s);
        let check = |out: &str, inputs: &[PathBuf]| {
            check_output_folder(
                &p(out),
                inputs,
                &work_list(inputs).unwrap(),
                "the output folder",
            )
        };
        assert!(check("out", &[p("in")]).is_ok());
        assert!(check("in2", &[p("in")]).is_ok());
        for out in ["in", "in/new/deep", "out/../in/x", "in/a"] {
            assert!(check(out, &[p("in")]).is_err(), "{out}");
        }
        assert!(check("one.dcm", &[p("in")]).is_err());
        assert!(check(".", &[p("one.dcm")]).is_err());
        // The folder `in` of two arguments keeps its name, so that its outputs would be its inputs.
        assert!(check(".", &[p("in"), p("one.dcm")]).is_err());
    }

    #[cfg(unix)]
    #[test]
    fn links_and_pipes_are_told_and_not_followed() {
        use std::os::unix::fs::symlink;
        let t = tree(&["in/IM1", "elsewhere/IM2"]);
        symlink(t.path().join("elsewhere"), t.path().join("in/linked")).unwrap();
        symlink(t.path().join("in/gone"), t.path().join("in/dangling")).unwrap();
        let _socket = std::os::unix::net::UnixListener::bind(t.path().join("in/socket")).unwrap();
        let items = work_list(&[t.path().join("in")]).unwrap();
        let reasons: Vec<Option<Reason>> = items
            .iter()
            .map(|i| i.problem.as_ref().map(|p| p.reason))
            .collect();
        assert_eq!(mirrored(&items), ["IM1", "dangling", "linked", "socket"]);
        assert_eq!(
            reasons,
            [
                None,
                Some(Reason::Symlink),
                Some(Reason::Symlink),
                Some(Reason::SpecialFile)
            ]
        );
        // An output folder reached through a link is seen through.
        symlink(t.path().join("in"), t.path().join("alias")).unwrap();
        let input = [t.path().join("in")];
        assert!(check_output_folder(&t.path().join("alias/out"), &input, &items, "OUT").is_err());
    }
}
