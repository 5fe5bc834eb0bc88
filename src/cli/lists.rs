//! `unburn optout` and `unburn key map`: the lists that only holders of the key can use.

use super::args::{OptoutArgs, OptoutVerb};
use super::output::Out;
use super::{Exit, lasting_key, message};
use crate::batch::report_file::private_new;
use crate::error::{Error, Result};
use crate::idmap;
use crate::optout::{About, OptOut};
use std::io::{BufRead, Write};
use std::path::Path;

/// `optout …`
pub fn optout(verb: OptoutVerb) -> Result<Exit> {
    let mut out = Out::new();
    let mut exit = Exit::Done;
    match verb {
        OptoutVerb::Recall {
            list,
            jobs,
            key,
            json,
        } => return super::evidence::recall(&list, &jobs, key.as_deref(), json),
        OptoutVerb::Add(args) => {
            let key = lasting_key(args.key.as_deref())?;
            let mut list = if args.list.exists() {
                OptOut::read(&args.list, &key)?
            } else {
                OptOut::new(&key)
            };
            let ids = ids(&args.ids)?;
            let new = ids
                .iter()
                .filter(|id| list.add(&key, about(&args, id)))
                .count();
            list.confirm();
            replace(&args.list, &list.text())?;
            message(&format!(
                "{new} of {} entries are new; the list is confirmed as of {}",
                ids.len(),
                list.day()
            ));
        }
        OptoutVerb::List { list, key } => {
            let key = lasting_key(key.as_deref())?;
            let list = OptOut::read(&list, &key)?;
            message(&format!(
                "key {}, confirmed {}, {} entries",
                key.id(),
                list.day(),
                list.hashes().count()
            ));
            list.hashes().for_each(|h| out.line(h));
        }
        OptoutVerb::Check(args) => {
            let key = lasting_key(args.key.as_deref())?;
            let list = OptOut::read(&args.list, &key)?;
            for id in ids(&args.ids)? {
                let found = list.has(&key, about(&args, &id));
                out.line(if found { "listed" } else { "not listed" });
                if found {
                    exit = Exit::Found;
                }
            }
        }
    }
    out.finish()?;
    Ok(exit)
}

fn about<'a>(args: &'a OptoutArgs, id: &'a str) -> About<'a> {
    if args.accession {
        About::Accession(id)
    } else if args.study {
        About::Study(id)
    } else {
        About::Patient(args.issuer.as_deref().unwrap_or_default(), id)
    }
}

/// Ids of the command line, with those of stdin for `-`.
pub(super) fn ids(given: &[String]) -> Result<Vec<String>> {
    let mut ids = Vec::new();
    for id in given {
        if id == "-" {
            for line in std::io::stdin().lock().lines() {
                let line = line.map_err(|source| Error::Io {
                    action: "reading ids",
                    path: "stdin".into(),
                    source,
                })?;
                ids.push(line);
            }
        } else {
            ids.push(id.clone());
        }
    }
    ids.retain(|id| !id.trim().is_empty());
    Ok(ids)
}

/// Writes the list beside itself and renames it: a killed run leaves the old one.
fn replace(path: &Path, text: &str) -> Result<()> {
    let io = |source| Error::Io {
        action: "writing the opt-out list",
        path: path.to_path_buf(),
        source,
    };
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    let new = path.with_file_name(name);
    let mut file = private_new(&new).map_err(io)?;
    file.write_all(text.as_bytes())
        .and_then(|()| file.sync_all())
        .map_err(io)?;
    std::fs::rename(&new, path).map_err(io)
}

/// `key map`
pub fn map(file: &Path, key: Option<&Path>, uid: Option<&str>) -> Result<Exit> {
    let key = lasting_key(key)?;
    let mut out = Out::new();
    for record in idmap::read(file, &key)? {
        let there = |uid: &str| {
            [&record.study.0, &record.series.0, &record.instance.0].contains(&&uid.to_owned())
        };
        if uid.is_none_or(there) {
            out.json(&record);
        }
    }
    out.finish()?;
    Ok(Exit::Done)
}
