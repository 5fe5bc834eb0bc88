//! From the bytes of a file to a data set: preamble, file meta information, deflate, big endian, missing headers.
//!
//! Takes the file's bytes, gives the data set in little endian with the bytes it points into (PS3.10 section 7). Files
//! without preamble or meta information, and files whose data set is not encoded as they declare, are read where exactly
//! one reading works out to the last byte.

use super::dataset::{self, DataSet, Encoding};
use super::support::{DEFLATED, EXPLICIT_BE, EXPLICIT_LE, IMPLICIT_LE};
use super::value::Values;
use super::{classes, encode};
use crate::config::Limits;
use crate::outcome::{Reason, Refusal};
use dicom_core::Tag;
use dicom_dictionary_std::tags;
use std::ops::Range;

/// A data set with where it came from.
#[derive(Debug)]
pub struct Read {
    /// What the data set's ranges point into: the file, or the inflated or converted data set.
    pub bytes: Vec<u8>,
    /// The elements, little endian.
    pub set: DataSet,
    /// Transfer syntax UID as declared; the one that was found where none was declared.
    pub transfer_syntax: String,
    /// Padding bytes after the last element.
    pub trailing: usize,
    /// Things about the file that a report should name.
    pub notes: Vec<&'static str>,
}

const MAGIC: Range<usize> = 128..132;

/// The first elements of a file.
#[derive(Debug)]
pub struct Head {
    /// What the elements point into: the given bytes, or what was inflated of them.
    pub inflated: Option<Vec<u8>>,
    /// Elements up to the group asked for.
    pub set: DataSet,
    /// Transfer syntax UID as declared; empty where none was.
    pub transfer_syntax: String,
    /// Whether nothing of the groups asked for is missing.
    pub complete: bool,
}

/// Reads the elements up to group `last` from the first bytes of a file, as far as they are there.
///
/// # Errors
/// `not-dicom`, `dicomdir`, `damaged`, `limit`.
pub fn head(bytes: &[u8], last: u16, limits: &Limits) -> Result<Head, Refusal> {
    let has_magic = bytes.get(MAGIC) == Some(b"DICM");
    let start = if has_magic { MAGIC.end } else { 0 };
    let (meta, data_start) = meta(bytes, start, limits)?;
    let values = Values { bytes, set: &meta };
    if values.code(tags::MEDIA_STORAGE_SOP_CLASS_UID).as_deref() == Some(classes::DICOMDIR) {
        return Err(Refusal::new(Reason::Dicomdir, "a directory of other files"));
    }
    if !has_magic && meta.elements.is_empty() && !looks_like_data_set(bytes) {
        return Err(not_dicom());
    }
    let transfer_syntax = values.code(tags::TRANSFER_SYNTAX_UID).unwrap_or_default();
    let encodings: &[Encoding] = match transfer_syntax.as_str() {
        EXPLICIT_BE => &[Encoding::ExplicitBe],
        IMPLICIT_LE => &[Encoding::ImplicitLe, Encoding::ExplicitLe],
        _ => &[Encoding::ExplicitLe, Encoding::ImplicitLe],
    };
    let inflated = (transfer_syntax == DEFLATED)
        .then(|| inflate_part(bytes.get(data_start..).unwrap_or_default()));
    let (source, from) = match &inflated {
        Some(inflated) => (inflated.as_slice(), 0),
        None => (bytes, data_start),
    };
    let mut first = None;
    for encoding in encodings {
        match dataset::leading(source, from, last, *encoding, limits.depth) {
            Ok(leading) => {
                return Ok(Head {
                    set: leading.set,
                    complete: leading.complete,
                    transfer_syntax,
                    inflated,
                });
            }
            Err(e) => {
                first.get_or_insert(e);
            }
        }
    }
    Err(first.unwrap_or_else(not_dicom))
}

/// What the first bytes of a deflate stream inflate to; at most 1 MiB, or eight times their number.
fn inflate_part(deflated: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(deflated.len().saturating_mul(8).max(1 << 20));
    // A part has no end, and what is no stream shows as data that cannot be parsed.
    let _ = flate2::Decompress::new(false).decompress_vec(
        deflated,
        &mut out,
        flate2::FlushDecompress::Sync,
    );
    out
}

fn not_dicom() -> Refusal {
    Refusal::new(
        Reason::NotDicom,
        "neither a preamble nor a data set that can be parsed",
    )
}

/// Reads a file's bytes.
///
/// # Errors
/// `not-dicom`, `dicomdir`, `damaged`, `truncated`, `inconsistent`, `limit`.
pub fn read(bytes: Vec<u8>, limits: &Limits) -> Result<Read, Refusal> {
    let has_magic = bytes.get(MAGIC) == Some(b"DICM");
    let start = if has_magic { MAGIC.end } else { 0 };
    let (meta, data_start) = meta(&bytes, start, limits)?;
    let values = Values {
        bytes: &bytes,
        set: &meta,
    };
    if values.code(tags::MEDIA_STORAGE_SOP_CLASS_UID).as_deref() == Some(classes::DICOMDIR) {
        return Err(Refusal::new(Reason::Dicomdir, "a directory of other files"));
    }
    let declared = values.code(tags::TRANSFER_SYNTAX_UID);
    let has_header = has_magic || !meta.elements.is_empty();
    if !has_header && !looks_like_data_set(&bytes) {
        return Err(not_dicom());
    }
    let mut notes = Vec::new();
    if !has_magic {
        notes.push("no-preamble");
    }
    let mut read = match declared.as_deref() {
        Some(DEFLATED) => {
            let (inflated, rest) = inflate(bytes.get(data_start..).unwrap_or_default(), limits)?;
            let mut read = parse(inflated, 0, &[Encoding::ExplicitLe], limits)?;
            read.trailing += rest;
            read
        }
        Some(EXPLICIT_BE) => parse(bytes, data_start, &[Encoding::ExplicitBe], limits)?,
        Some(IMPLICIT_LE) => parse(
            bytes,
            data_start,
            &[Encoding::ImplicitLe, Encoding::ExplicitLe],
            limits,
        )?,
        _ => parse(
            bytes,
            data_start,
            &[Encoding::ExplicitLe, Encoding::ImplicitLe],
            limits,
        )?,
    };
    let found = read.set.encoding;
    let expected = match declared.as_deref() {
        Some(IMPLICIT_LE) => Encoding::ImplicitLe,
        Some(_) => Encoding::ExplicitLe,
        None => found,
    };
    if found == Encoding::ExplicitBe {
        read = convert(read, Encoding::ExplicitLe, limits)?;
    } else if found != expected {
        notes.push("encoding-other-than-declared");
        read = convert(read, expected, limits)?;
    }
    read.transfer_syntax = declared.unwrap_or_else(|| {
        notes.push("no-transfer-syntax");
        match found {
            Encoding::ImplicitLe => IMPLICIT_LE.to_owned(),
            _ => EXPLICIT_LE.to_owned(),
        }
    });
    read.notes = notes;
    Ok(read)
}

/// The elements of group 0002 and where they end. Group lengths are not believed: many files have a wrong one or none.
fn meta(bytes: &[u8], start: usize, limits: &Limits) -> Result<(DataSet, usize), Refusal> {
    for encoding in [Encoding::ExplicitLe, Encoding::ImplicitLe] {
        let end = dataset::group_end(bytes, start, 0x0002, encoding);
        if let Some(end) = end
            && let Ok(parsed) = dataset::parse(bytes, start..end, encoding, limits.depth)
        {
            return Ok((parsed.set, end));
        }
    }
    if bytes.get(start..start + 2) == Some(&[2, 0]) && start > 0 {
        return Err(Refusal::new(
            Reason::Damaged,
            "file meta information cannot be parsed",
        ));
    }
    Ok((DataSet::new(Encoding::ExplicitLe), start))
}

/// Whether bytes without any file header begin like a data set: a known element of group 0008 with a short value, after
/// private elements of lower groups at most, which some old equipment put in front.
fn looks_like_data_set(bytes: &[u8]) -> bool {
    let begins = |at: usize| {
        let head = bytes.get(at..at + 8)?;
        let tag = Tag(
            u16::from_le_bytes([head[0], head[1]]),
            u16::from_le_bytes([head[2], head[3]]),
        );
        let known = dataset::dictionary_vr(tag) != dicom_core::VR::UN;
        let explicit = dicom_core::VR::from_binary([head[4], head[5]]).is_some();
        let implicit = u32::from_le_bytes([head[4], head[5], head[6], head[7]]) < 1024;
        Some(tag.0 == 0x0008 && known && (explicit || implicit))
    };
    [Encoding::ExplicitLe, Encoding::ImplicitLe]
        .into_iter()
        .any(|encoding| {
            let past = |at, group| dataset::group_end(bytes, at, group, encoding).unwrap_or(at);
            let first = [1, 3, 5, 7].into_iter().fold(0, past);
            begins(first) == Some(true)
        })
}

/// Parses with the first encoding that works out to the end; the error is that of the first.
fn parse(
    bytes: Vec<u8>,
    start: usize,
    encodings: &[Encoding],
    limits: &Limits,
) -> Result<Read, Refusal> {
    let mut first = None;
    for encoding in encodings {
        match dataset::parse(&bytes, start..bytes.len(), *encoding, limits.depth) {
            Ok(parsed) => {
                return Ok(Read {
                    bytes,
                    set: parsed.set,
                    transfer_syntax: String::new(),
                    trailing: parsed.trailing,
                    notes: Vec::new(),
                });
            }
            Err(e) => {
                first.get_or_insert(e);
            }
        }
    }
    Err(first.unwrap_or_else(not_dicom))
}

fn convert(read: Read, to: Encoding, limits: &Limits) -> Result<Read, Refusal> {
    let bits = read.set.get(tags::BITS_ALLOCATED).map_or(0, |e| {
        let raw = super::value::raw(&read.bytes, e);
        match (raw, read.set.encoding) {
            ([a, b, ..], Encoding::ExplicitBe) => u16::from_be_bytes([*a, *b]),
            ([a, b, ..], _) => u16::from_le_bytes([*a, *b]),
            _ => 0,
        }
    });
    let mut bytes = Vec::with_capacity(read.bytes.len());
    encode::data_set(&read.bytes, &read.set, to, bits, &mut bytes)?;
    let parsed = dataset::parse(&bytes, 0..bytes.len(), to, limits.depth)?;
    Ok(Read {
        bytes,
        set: parsed.set,
        trailing: read.trailing,
        ..read
    })
}

/// Inflates a data set (PS3.5 A.5). Gives it with the number of bytes that follow the stream and are no padding.
fn inflate(deflated: &[u8], limits: &Limits) -> Result<(Vec<u8>, usize), Refusal> {
    let (out, used) = inflate_stream(deflated, limits.file_bytes)?;
    let rest = deflated.get(used..).unwrap_or_default();
    let padding = rest.len() <= 1 && rest.iter().all(|b| *b == 0);
    Ok((out, if padding { 0 } else { rest.len() }))
}

/// Inflates one raw deflate stream to its end. Gives the data with the number of input bytes that it took.
///
/// # Errors
/// `limit` above `max` bytes, `truncated` and `damaged` for streams that do not end or are none.
pub fn inflate_stream(deflated: &[u8], max: u64) -> Result<(Vec<u8>, usize), Refusal> {
    use flate2::{Decompress, FlushDecompress, Status};
    let mut inflater = Decompress::new(false);
    let mut out = Vec::with_capacity(deflated.len().saturating_mul(4).min(1 << 24));
    loop {
        if out.len() as u64 > max {
            return Err(Refusal::new(
                Reason::Limit,
                "the inflated data is above the limit",
            ));
        }
        out.reserve(1 << 16);
        let used = inflater.total_in() as usize;
        let before = (inflater.total_in(), inflater.total_out());
        let status = inflater
            .decompress_vec(
                deflated.get(used..).unwrap_or_default(),
                &mut out,
                FlushDecompress::None,
            )
            .map_err(|_| Refusal::new(Reason::Damaged, "not a deflate stream"))?;
        match status {
            Status::StreamEnd => return Ok((out, inflater.total_in() as usize)),
            _ if before == (inflater.total_in(), inflater.total_out()) => {
                return Err(Refusal::new(
                    Reason::Truncated,
                    "the deflate stream does not end",
                ));
            }
            _ => {}
        }
    }
}
