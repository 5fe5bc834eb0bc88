//! Which fragments of encapsulated Pixel Data belong to which frame (PS3.5 A.4, PS3.3 C.7.6.3.1.8).
//!
//! Takes the item ranges of the element, the offset tables and the number of frames; gives each frame's fragments. A
//! mapping that is not certain is refused: a frame put together wrongly would be searched wrongly.

use super::support::Codec;
use crate::outcome::{Reason, Refusal};
use std::ops::Range;

/// Frames as lists of fragments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FrameFragments {
    /// For each frame its fragments in order.
    pub frames: Vec<Vec<Range<usize>>>,
    /// Whether an offset table is there, but says something that cannot be.
    pub stale_offsets: bool,
}

/// The Extended Offset Table (7FE0,0001) and its lengths (7FE0,0002).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Extended {
    /// Offsets of frames from the first byte of the first fragment's item tag.
    pub offsets: Vec<u64>,
    /// Bytes of each frame without padding.
    pub lengths: Vec<u64>,
}

fn inconsistent(what: &str) -> Refusal {
    Refusal::new(Reason::Inconsistent, what)
}

/// Assigns fragments to frames. `items` starts with the Basic Offset Table.
///
/// # Errors
/// `truncated` for fewer fragments than frames, `inconsistent` where the assignment is not certain.
pub fn assign(
    bytes: &[u8],
    items: &[Range<usize>],
    extended: Option<&Extended>,
    frames: u32,
    codec: Codec,
) -> Result<FrameFragments, Refusal> {
    let frames = frames as usize;
    let Some((table, fragments)) = items.split_first() else {
        return Err(inconsistent("encapsulated pixel data without any item"));
    };
    if fragments.len() < frames {
        return Err(Refusal::new(
            Reason::Truncated,
            format!("{} fragments for {frames} frames", fragments.len()),
        ));
    }
    // What follows a frame in RLE is not read: a fragment more would be a picture that nobody looks at (PS3.5 A.4.2).
    if codec == Codec::Rle && fragments.len() > frames {
        return Err(inconsistent("more than one RLE fragment a frame"));
    }
    let starts = |r: &Range<usize>| codec.starts_stream(bytes.get(r.clone()).unwrap_or_default());
    let stream_starts: Option<Vec<usize>> = fragments
        .iter()
        .enumerate()
        .filter_map(|(i, r)| match starts(r) {
            Some(true) => Some(Some(i)),
            Some(false) => None,
            None => Some(None),
        })
        .collect();
    let split = |starts: &[usize]| -> Vec<Vec<Range<usize>>> {
        (0..starts.len())
            .map(|i| {
                let end = starts.get(i + 1).copied().unwrap_or(fragments.len());
                fragments[starts[i]..end].to_vec()
            })
            .collect()
    };
    if let Some(s) = &stream_starts {
        // Where streams can be told by their first bytes, they settle the matter; tables may only agree.
        if s.len() != frames || s.first() != Some(&0) {
            return Err(inconsistent(
                "the number of code streams differs from Number of Frames",
            ));
        }
        let tables = table_starts(bytes, table, fragments, extended, frames);
        return Ok(FrameFragments {
            frames: split(s),
            stale_offsets: tables.is_some_and(|t| t.as_ref() != Ok(s)),
        });
    }
    match table_starts(bytes, table, fragments, extended, frames) {
        Some(Ok(s)) => Ok(FrameFragments {
            frames: split(&s),
            stale_offsets: false,
        }),
        // One fragment a frame needs no table.
        other if fragments.len() == frames => Ok(FrameFragments {
            frames: fragments.iter().map(|r| vec![r.clone()]).collect(),
            stale_offsets: other.is_some(),
        }),
        None if frames == 1 => Ok(FrameFragments {
            frames: vec![fragments.to_vec()],
            stale_offsets: false,
        }),
        Some(Err(e)) => Err(e),
        None => Err(inconsistent(
            "more fragments than frames and no offset table",
        )),
    }
}

/// Index of each frame's first fragment by the offset tables; `None` where there is no table.
fn table_starts(
    bytes: &[u8],
    table: &Range<usize>,
    fragments: &[Range<usize>],
    extended: Option<&Extended>,
    frames: usize,
) -> Option<Result<Vec<usize>, Refusal>> {
    let basic: Vec<u64> = bytes
        .get(table.clone())
        .unwrap_or_default()
        .as_chunks::<4>()
        .0
        .iter()
        .map(|c| u64::from(u32::from_le_bytes(*c)))
        .collect();
    let offsets = match extended {
        Some(_) if !table.is_empty() => {
            return Some(Err(inconsistent("two offset tables")));
        }
        Some(e) => &e.offsets,
        None if table.is_empty() => return None,
        None => &basic,
    };
    Some(check_table(offsets, table, fragments, extended, frames))
}

fn check_table(
    offsets: &[u64],
    table: &Range<usize>,
    fragments: &[Range<usize>],
    extended: Option<&Extended>,
    frames: usize,
) -> Result<Vec<usize>, Refusal> {
    if offsets.len() != frames || !table.len().is_multiple_of(4) {
        return Err(inconsistent("an offset table of another length"));
    }
    // Fragments follow each other without gaps, so offsets grow and a binary search finds them.
    let base = fragments.first().map_or(0, |f| f.start);
    let starts: Option<Vec<usize>> = offsets
        .iter()
        .map(|o| {
            let at = usize::try_from(*o).ok()?.checked_add(base)?;
            fragments.binary_search_by_key(&at, |f| f.start).ok()
        })
        .collect();
    let starts = starts
        .filter(|s| s.first() == Some(&0) && s.windows(2).all(|w| w[0] < w[1]))
        .ok_or_else(|| inconsistent("an offset table that points beside the fragments"))?;
    if let Some(e) = extended {
        let fits = e.lengths.len() == frames
            && fragments.len() == frames
            && e.lengths
                .iter()
                .zip(fragments)
                .all(|(n, f)| *n <= f.len() as u64 && f.len() as u64 <= n.saturating_add(1));
        if !fits {
            return Err(inconsistent("extended offset table lengths do not fit"));
        }
    }
    Ok(starts)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Items with these contents; the table first. Ranges skip 8 header bytes each.
    fn lay_out(contents: &[&[u8]]) -> (Vec<u8>, Vec<Range<usize>>) {
        let (mut bytes, mut items) = (Vec::new(), Vec::new());
        for c in contents {
            bytes.extend_from_slice(&[0; 8]);
            items.push(bytes.len()..bytes.len() + c.len());
            bytes.extend_from_slice(c);
        }
        (bytes, items)
    }

    const SOI: &[u8] = &[0xFF, 0xD8, 0xFF, 0xE0];
    const MORE: &[u8] = &[1, 2, 3, 4, 5, 6];

    fn counts(f: &FrameFragments) -> Vec<usize> {
        f.frames.iter().map(Vec::len).collect()
    }

    #[test]
    fn empty_table_is_split_by_stream_starts() {
        let (b, i) = lay_out(&[&[], SOI, MORE, SOI, MORE, MORE]);
        let f = assign(&b, &i, None, 2, Codec::JpegDct).unwrap();
        assert_eq!((counts(&f), f.stale_offsets), (vec![2, 3], false));
        let e = assign(&b, &i, None, 1, Codec::JpegDct).unwrap_err();
        assert_eq!(e.reason, Reason::Inconsistent);
        let e = assign(&b, &i, None, 6, Codec::JpegDct).unwrap_err();
        assert_eq!(e.reason, Reason::Truncated);
    }

    #[test]
    fn tables_are_followed_where_streams_have_no_mark_and_checked_where_they_have() {
        let table = [0, 0, 0, 0, 26, 0, 0, 0];
        let (b, i) = lay_out(&[&table, SOI, MORE, SOI, MORE]);
        for codec in [Codec::Uncompressed, Codec::JpegDct] {
            let f = assign(&b, &i, None, 2, codec).unwrap();
            assert_eq!((counts(&f), f.stale_offsets), (vec![2, 2], false));
        }
        let (b, i) = lay_out(&[&[0, 0, 0, 0, 8, 0, 0, 0], SOI, MORE, SOI, MORE]);
        assert!(
            assign(&b, &i, None, 2, Codec::JpegDct)
                .unwrap()
                .stale_offsets
        );
        assert!(assign(&b, &i, None, 2, Codec::Uncompressed).is_err());
        let (b, i) = lay_out(&[&[9, 9, 9, 9], MORE, MORE]);
        assert!(assign(&b, &i, None, 2, Codec::Rle).unwrap().stale_offsets);
    }

    #[test]
    fn extended_table() {
        let (b, i) = lay_out(&[&[], MORE, MORE]);
        let mut e = Extended {
            offsets: vec![0, 14],
            lengths: vec![5, 6],
        };
        let f = assign(&b, &i, Some(&e), 2, Codec::Rle).unwrap();
        assert_eq!((counts(&f), f.stale_offsets), (vec![1, 1], false));
        e.lengths[0] = 7;
        assert!(
            assign(&b, &i, Some(&e), 2, Codec::Rle)
                .unwrap()
                .stale_offsets
        );
        let (b, i) = lay_out(&[&[], MORE, MORE, MORE]);
        assert!(assign(&b, &i, Some(&e), 2, Codec::Rle).is_err());
    }
}
