//! Making the work list of a job: every file found, looked at, sorted, and written to the journal.
//!
//! Entries go to a scratch data base as they are found and come back sorted, so a million paths are never in memory. Only
//! headers are read. UIDs become digests with the project key. The list is in the journal as a whole or not at all.

use super::crash;
use super::journal::{Journal, Kind, NewEvent, path_value};
use super::spec::Shard;
use crate::batch::walk::WorkItem;
use crate::dicom::Peek;
use crate::error::{Error, Result};
use crate::key::Key;
use crate::outcome::Refusal;
use rayon::prelude::*;
use rusqlite::types::Value;
use rusqlite::{Connection, params};
use std::path::Path;

/// Files looked at together.
const CHUNK: usize = 2048;
/// Memory that treating any file takes beside its data, bytes.
const BASE_COST: u64 = 24 << 20;
/// What searches of a loop remember for the next frame, bytes: five memories of 8 MiB, and some answers.
const REMEMBERED: u64 = 48 << 20;
/// Bytes of working memory for each pixel of the frames searched together.
const COST_PER_PIXEL: u64 = 40;
/// Frames searched together.
const FRAMES_TOGETHER: u64 = 8;
/// Memory of SQLite for the scratch data base, KiB.
const CACHE_KIB: i64 = 65_536;

/// A file, or a member of an archive, with what its header says; `None` where it has no readable one.
#[derive(Debug)]
pub struct Seen {
    /// What to treat.
    pub item: WorkItem,
    /// The header.
    pub peek: Option<Peek>,
}

/// Takes a file that was found.
pub type Found<'a> = dyn FnMut(WorkItem) -> Result<()> + 'a;

/// What a list is made from.
pub struct Sources<'a> {
    /// Finds files, in any order.
    pub walk: &'a mut dyn FnMut(&mut Found<'_>) -> Result<()>,
    /// Looks at one of them; an archive becomes its members.
    pub look: &'a (dyn Fn(WorkItem) -> Vec<Seen> + Sync),
    /// Makes the digests.
    pub key: &'a Key,
    /// Which part is wanted.
    pub shard: Option<Shard>,
    /// Hears of the number of files found.
    pub found: &'a mut dyn FnMut(u64),
}

/// Makes the list and puts it into the journal.
///
/// # Errors
/// Those of `walk`, [`Error::Io`] for the disk, [`Error::Config`] where two inputs would have one output.
pub fn build(journal: &mut Journal, sources: Sources<'_>) -> Result<()> {
    // An empty name is a data base on disk that SQLite removes when it is closed, or when the process ends.
    let place = journal.path().to_path_buf();
    let fail = |e: rusqlite::Error| Error::Io {
        action: "making the work list",
        path: place.clone(),
        source: std::io::Error::other(e),
    };
    let mut scratch = Connection::open("").map_err(fail)?;
    scratch
        .execute_batch(&format!(
            "PRAGMA journal_mode = off; PRAGMA synchronous = off; PRAGMA cache_size = -{CACHE_KIB}; \
             CREATE TABLE found (key, path, member, output, bytes, cost, problem, detail, study, series, instance, \
             modality, equipment, syntax, rows, cols, frames);"
        ))
        .map_err(fail)?;
    let mut chunk = Vec::with_capacity(CHUNK);
    let mut count = 0u64;
    (sources.walk)(&mut |item| {
        chunk.push(item);
        if chunk.len() == CHUNK {
            count += CHUNK as u64;
            take(
                &mut scratch,
                std::mem::take(&mut chunk),
                sources.look,
                sources.key,
                sources.shard,
            )
            .map_err(fail)?;
            (sources.found)(count);
        }
        Ok(())
    })?;
    take(
        &mut scratch,
        chunk,
        sources.look,
        sources.key,
        sources.shard,
    )
    .map_err(fail)?;
    copy_sorted(journal, &scratch)?;
    crash::point("listed");
    journal.append(&[NewEvent::new(Kind::Listed, None)])?;
    Ok(())
}

/// Looks at files and stores what they are.
fn take(
    scratch: &mut Connection,
    items: Vec<WorkItem>,
    look: &(dyn Fn(WorkItem) -> Vec<Seen> + Sync),
    key: &Key,
    shard: Option<Shard>,
) -> rusqlite::Result<()> {
    let rows: Vec<Vec<Value>> = items
        .into_par_iter()
        .flat_map_iter(look)
        .filter(|seen| shard.is_none_or(|s| in_shard(seen, key, s)))
        .map(|seen| row(&seen, key))
        .collect();
    let change = scratch.transaction()?;
    let mut insert = change.prepare_cached(
        "INSERT INTO found VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)",
    )?;
    for row in rows {
        insert.execute(rusqlite::params_from_iter(row))?;
    }
    drop(insert);
    change.commit()
}

/// From the scratch data base to the journal, in order; then what needs the whole list.
fn copy_sorted(journal: &mut Journal, scratch: &Connection) -> Result<()> {
    let clash = journal.with(|db| {
        let change = db.transaction()?;
        change.execute("DELETE FROM work", [])?;
        let mut rows = scratch.prepare("SELECT * FROM found ORDER BY key, path, output")?;
        let mut rows = rows.query([])?;
        let mut insert = change.prepare(
            "INSERT INTO work (id, path, member, output, bytes, cost, problem, detail, study, series, instance, \
             modality, equipment, syntax, rows, cols, frames) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)",
        )?;
        let (mut id, mut last) = (0i64, None);
        while let Some(row) = rows.next()? {
            let mut values: Vec<Value> = (0..17)
                .map(|i| row.get::<_, Value>(i))
                .collect::<rusqlite::Result<_>>()?;
            // The same file, reached through two arguments, is one entry.
            let this = (values.first().cloned(), values.get(3).cloned());
            if last.as_ref() == Some(&this) {
                continue;
            }
            last = Some(this);
            id += 1;
            if let Some(key) = values.first_mut() {
                *key = Value::Integer(id);
            }
            insert.execute(rusqlite::params_from_iter(values))?;
        }
        drop(insert);
        change.execute_batch(
            "CREATE INDEX work_series ON work (series) WHERE series IS NOT NULL;
             CREATE INDEX work_study ON work (study) WHERE study IS NOT NULL;
             CREATE INDEX work_instance ON work (instance) WHERE instance IS NOT NULL;
             CREATE INDEX work_output ON work (output);
             UPDATE work SET duplicate = (SELECT min(o.id) FROM work o WHERE o.instance = work.instance)
             WHERE instance IN (SELECT instance FROM work WHERE instance IS NOT NULL GROUP BY instance HAVING count(*) > 1);
             UPDATE work SET duplicate = NULL WHERE duplicate = id;
             CREATE TRIGGER work_is_not_changed BEFORE UPDATE ON work BEGIN SELECT raise(ABORT, 'the list is final'); END;
             CREATE TRIGGER work_is_not_removed BEFORE DELETE ON work BEGIN SELECT raise(ABORT, 'the list is final'); END;",
        )?;
        let collate = if cfg!(any(windows, target_os = "macos")) {
            "COLLATE NOCASE"
        } else {
            ""
        };
        let clash: Option<String> = {
            let mut query = change.prepare(&format!(
                "SELECT CAST(output AS TEXT) FROM work WHERE problem IS NULL GROUP BY output {collate} HAVING count(*) > 1 \
                 ORDER BY 1 LIMIT 1"
            ))?;
            query.query_map([], |r| r.get(0))?.next().transpose()?
        };
        if clash.is_none() {
            change.execute("INSERT INTO meta VALUES ('listed', '1')", params![])?;
            change.commit()?;
        }
        Ok(clash)
    })?;
    match clash {
        None => Ok(()),
        Some(output) => Err(Error::Config(format!(
            "two inputs would have one output `{output}`; hint: treat them in jobs of their own"
        ))),
    }
}

fn row(seen: &Seen, key: &Key) -> Vec<Value> {
    let item = &seen.item;
    let text = |t: &str| Value::Text(t.to_owned());
    let number = |n: u64| Value::Integer(i64::try_from(n).unwrap_or(i64::MAX));
    let mut row = vec![
        Value::Blob(sort_key(&item.input, item.member)),
        path_value(&item.input),
        item.member
            .map_or(Value::Null, |m| Value::Integer(i64::from(m))),
        path_value(&item.mirrored),
        number(item.bytes),
        number(cost(item.bytes, seen.peek.as_ref())),
        item.problem
            .as_ref()
            .map_or(Value::Null, |p| text(p.reason.code())),
        item.problem
            .as_ref()
            .map_or(Value::Null, |p: &Refusal| text(&p.detail)),
    ];
    match &seen.peek {
        None => row.extend(std::iter::repeat_n(Value::Null, 9)),
        Some(p) => {
            let digest = |what: &str, uid: &str| {
                if uid.is_empty() {
                    Value::Null
                } else {
                    Value::Text(uid_digest(key, what, uid))
                }
            };
            let equipment = format!("{} {}", p.equipment.manufacturer, p.equipment.model);
            row.extend([
                digest("study", &p.study),
                digest("series", &p.series),
                digest("instance", &p.instance),
                text(&p.modality),
                text(equipment.trim()),
                text(&p.transfer_syntax),
                number(u64::from(p.rows)),
                number(u64::from(p.cols)),
                number(u64::from(p.frames)),
            ]);
        }
    }
    row
}

/// What stands for a UID in the journal: the same for the same key, and of no use without it.
fn uid_digest(key: &Key, what: &str, uid: &str) -> String {
    let mac = key.mac(&format!("unburn journal {what}"), uid.as_bytes());
    mac.iter().take(12).map(|b| format!("{b:02x}")).collect()
}

/// Whether a file belongs to a part: all files of a study do to the same one, in whatever folder they are found.
fn in_shard(seen: &Seen, key: &Key, shard: Shard) -> bool {
    let mac = match seen.peek.as_ref().map(|p| p.study.as_str()) {
        Some(study) if !study.is_empty() => key.mac("unburn shard study", study.as_bytes()),
        _ => key.mac(
            "unburn shard path",
            &sort_key(&seen.item.mirrored, seen.item.member),
        ),
    };
    let [a, b, c, d, e, f, g, h, ..] = mac;
    u64::from_be_bytes([a, b, c, d, e, f, g, h]) % shard.of == shard.index - 1
}

/// Bytes that sort as paths do, component by component, members of an archive behind it by number.
pub fn sort_key(path: &Path, member: Option<u32>) -> Vec<u8> {
    let mut key = Vec::new();
    for part in path.components() {
        if !key.is_empty() {
            key.push(0);
        }
        key.extend_from_slice(part.as_os_str().as_encoded_bytes());
    }
    if let Some(member) = member {
        key.extend([0, 0]);
        key.extend(member.to_be_bytes());
    }
    key
}

/// Memory that a file is expected to need while it is treated: it is held once, the written copy is read back, and some
/// of its frames are searched together.
pub fn cost(bytes: u64, peek: Option<&Peek>) -> u64 {
    let (decoded, searched) = peek.map_or((0, 0), |p| {
        let frames = u64::from(p.frames);
        let pixels = u64::from(p.rows) * u64::from(p.cols);
        let remembered = if frames > 1 { REMEMBERED } else { 0 };
        let worked_on = pixels.saturating_mul(COST_PER_PIXEL * frames.min(FRAMES_TOGETHER));
        (
            p.frame_bytes.saturating_mul(frames),
            worked_on.saturating_add(remembered),
        )
    });
    bytes
        .saturating_add(bytes.max(decoded))
        .saturating_add(searched)
        .saturating_add(BASE_COST)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::batch::job::spec::{Spec, WorkSpec};
    use crate::config::Config;
    use crate::outcome::Reason;
    use crate::report::Tool;

    fn key() -> Key {
        Key::from_content(&[b'k'; 40]).unwrap()
    }

    fn journal(folder: &Path) -> Journal {
        let spec = Spec::new(WorkSpec::default(), Tool::default(), Config::default()).unwrap();
        Journal::create(&folder.join("journal.sqlite"), &spec).unwrap()
    }

    fn item(path: String) -> WorkItem {
        WorkItem {
            input: format!("/in/{path}").into(),
            member: None,
            mirrored: path.into(),
            bytes: 1000,
            problem: None,
        }
    }

    /// A header that follows from the path: studies of 50 files, one in ten files is no image.
    fn faked(item: WorkItem) -> Vec<Seen> {
        let n: u64 = item
            .mirrored
            .to_string_lossy()
            .chars()
            .filter_map(|c| c.to_digit(10))
            .fold(0, |n, d| n * 10 + u64::from(d));
        let peek = (!n.is_multiple_of(10)).then(|| Peek {
            study: format!("1.2.{}", n / 50),
            series: format!("1.2.{}.{}", n / 50, n / 25),
            instance: format!("1.2.3.{}", if n == 7 { 6 } else { n }),
            modality: "CT".into(),
            rows: 512,
            cols: 512,
            frames: 1,
            frame_bytes: 512 * 1024,
            ..Peek::default()
        });
        vec![Seen { item, peek }]
    }

    fn list(journal: &mut Journal, paths: &[&str], shard: Option<Shard>) -> Result<()> {
        let mut walk =
            |found: &mut Found<'_>| paths.iter().try_for_each(|p| found(item((*p).to_owned())));
        build(
            journal,
            Sources {
                walk: &mut walk,
                look: &faked,
                key: &key(),
                shard,
                found: &mut |_| {},
            },
        )
    }

    #[test]
    fn the_list_is_sorted_like_paths_and_knows_duplicates() {
        let folder = tempfile::tempdir().unwrap();
        let mut journal = journal(folder.path());
        let paths = ["b/9", "a.x/3", "a/6", "a/7", "a/6", "a/10"];
        list(&mut journal, &paths, None).unwrap();
        let entries = journal.open_entries(0, 100).unwrap();
        let shown: Vec<_> = entries
            .iter()
            .map(|e| e.item.mirrored.to_string_lossy().into_owned())
            .collect();
        assert_eq!(shown, ["a/10", "a/6", "a/7", "a.x/3", "b/9"]);
        let mut sorted: Vec<_> = entries.iter().map(|e| e.item.input.clone()).collect();
        sorted.sort();
        assert!(entries.iter().zip(&sorted).all(|(e, s)| e.item.input == *s));
        let duplicates: Vec<_> = entries.iter().map(|e| e.duplicate).collect();
        assert_eq!(duplicates, [None, None, Some(2), None, None]);
        assert_eq!(entries[0].series, None);
        assert_eq!(entries[1].study, entries[2].study);
        let text = format!("{entries:?}");
        assert!(!text.contains("1.2.3.6"), "a UID in the journal");
        assert!(
            journal
                .with(|db| db.execute("DELETE FROM work", []))
                .is_err()
        );
    }

    #[test]
    fn two_inputs_with_one_output_are_refused_and_leave_no_list() {
        let folder = tempfile::tempdir().unwrap();
        let mut journal = journal(folder.path());
        let mut walk = |found: &mut Found<'_>| {
            for n in 0..2 {
                let mut one = item(format!("{n}"));
                one.mirrored = "same".into();
                found(one)?;
            }
            Ok(())
        };
        let sources = Sources {
            walk: &mut walk,
            look: &faked,
            key: &key(),
            shard: None,
            found: &mut |_| {},
        };
        let error = build(&mut journal, sources).unwrap_err().to_string();
        assert!(error.contains("one output `same`"), "{error}");
        assert!(!journal.is_listed().unwrap());
    }

    #[test]
    fn shards_share_the_list_and_keep_studies_together() {
        let paths: Vec<String> = (0..600).map(|n| format!("d{}/{n}", n % 7)).collect();
        let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
        let mut seen = std::collections::BTreeMap::new();
        let mut total = 0;
        for index in 1..=4 {
            let folder = tempfile::tempdir().unwrap();
            let mut journal = journal(folder.path());
            list(&mut journal, &paths, Some(Shard { index, of: 4 })).unwrap();
            let entries = journal.open_entries(0, 1000).unwrap();
            assert!(!entries.is_empty());
            total += entries.len();
            for e in entries {
                if let Some(study) = e.study {
                    assert_eq!(*seen.entry(study).or_insert(index), index);
                }
            }
        }
        assert_eq!(total, 600);
    }

    #[test]
    fn members_sort_behind_their_archive_by_number() {
        let a = Path::new("/in/a.zip");
        let keys = [
            sort_key(a, None),
            sort_key(a, Some(2)),
            sort_key(a, Some(10)),
            sort_key(a, Some(300)),
            sort_key(Path::new("/in/a.zip/x"), None),
            sort_key(Path::new("/in/b"), None),
        ];
        assert!(keys.is_sorted(), "{keys:?}");
        assert_eq!(Reason::find("symbolic-link"), Some(Reason::Symlink));
    }

    /// A million entries stay on disk. `UNBURN_FULL=1`; the limits are for a release build.
    #[test]
    fn a_million_entries_are_listed_in_little_memory() {
        let full = std::env::var_os("UNBURN_FULL").is_some_and(|v| v == "1");
        let count: u64 = if full { 1_000_000 } else { 20_000 };
        let folder = tempfile::tempdir().unwrap();
        let mut journal = journal(folder.path());
        let start = std::time::Instant::now();
        let mut walk = |found: &mut Found<'_>| {
            // 7919 is prime and no divisor of the count: every number once, in no order.
            (0..count).try_for_each(|n| {
                let n = n * 7919 % count;
                found(item(format!(
                    "archive/{:03}/study{:05}/IM{n:07}",
                    n % 400,
                    n / 50
                )))
            })
        };
        let sources = Sources {
            walk: &mut walk,
            look: &faked,
            key: &key(),
            shard: None,
            found: &mut |_| {},
        };
        build(&mut journal, sources).unwrap();
        let seconds = start.elapsed().as_secs_f64();
        assert_eq!(journal.totals().unwrap().0, count);
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let peak = status
            .lines()
            .find(|l| l.starts_with("VmHWM"))
            .unwrap_or("VmHWM: ?");
        eprintln!("{count} entries in {seconds:.1} s, {peak}");
        assert!(seconds < 60.0, "{seconds} s");
    }
}
