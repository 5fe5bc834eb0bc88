//! What lines of one picture say of each other.
//!
//! A bare number or a lone letter says little by itself; directly beside or under identifying text it is probably part of
//! it: the age and the sex in a form, the tail of a number. And where a line finder takes a line apart, a letter of a name
//! is a line of its own: a lone letter that stands as near to other text as letters of a word do is a letter of that word,
//! and so is one in a stack, which is text on its side. What was read on its side may be read from the wrong side, and stays
//! only where all of its column does. Takes drafts of all lines of a picture and can only mask more.

use super::decide::{Draft, Role};
use super::sure::is_side;
use crate::geometry::Rect;
use crate::line::{Orientation, Reading};
use std::ops::Range;

/// How far to the side, in line heights.
const BESIDE_HEIGHTS: u32 = 8;
/// How far above or below, in tenths of a line height.
const ABOVE_TENTHS: u32 = 12;

/// A lone letter and text that goes, in a row and at most this many tenths of the line height apart, are one word.
const WORD_TENTHS: u32 = 4;
/// Initials and surnames with a comma stand at most this many tenths of the line height from the rest of a name.
const NAME_TENTHS: u32 = 15;
/// Letters of text on its side stand above each other with at most this many tenths of their width between.
const STACK_TENTHS: u32 = 2;
/// Words of text on its side follow each other with at most this many tenths of the line's width between.
const COLUMN_TENTHS: u32 = 12;
/// What ticks and rules beside a letter read as.
const STROKES: [char; 6] = ['-', '_', '|', '/', '\\', '`'];

fn place(reading: &Reading, range: &Range<usize>) -> Rect {
    reading
        .chars
        .get(range.clone())
        .unwrap_or(&[])
        .iter()
        .filter(|c| !c.ch.is_whitespace())
        .fold(Rect::default(), |all, c| all.hull(&c.rect))
}

/// Whether two ranges of text of about the same size stand beside or directly under each other.
fn near(a: &Rect, b: &Rect, height_px: u32) -> bool {
    let overlap = |a0: u32, a1: u32, b0: u32, b1: u32| a1.min(b1).saturating_sub(a0.max(b0));
    let gap = |a0: u32, a1: u32, b0: u32, b1: u32| a0.max(b0).saturating_sub(a1.min(b1));
    let same_row = overlap(a.y, a.bottom(), b.y, b.bottom()) * 2 >= a.h.min(b.h).max(1);
    let same_column = overlap(a.x, a.right(), b.x, b.right()) * 2 >= a.w.min(b.w).max(1);
    let beside = gap(a.x, a.right(), b.x, b.right()) <= height_px.saturating_mul(BESIDE_HEIGHTS);
    let under = gap(a.y, a.bottom(), b.y, b.bottom()).saturating_mul(10)
        <= height_px.saturating_mul(ABOVE_TENTHS);
    let alike = a.h <= b.h.saturating_mul(2) && b.h <= a.h.saturating_mul(2);
    alike && (same_row && beside || same_column && under)
}

/// Masks the bare numbers and lone letters near identifying text.
pub(super) fn mask_neighbours(lines: &[(&Reading, u32)], drafts: &mut [Vec<Draft>]) {
    let identifying: Vec<Rect> = lines
        .iter()
        .zip(drafts.iter())
        .flat_map(|((reading, _), ds)| {
            ds.iter()
                .filter(|d| d.identifies())
                .map(|d| place(reading, &d.chars))
        })
        .filter(|r| !r.is_empty())
        .collect();
    for ((reading, height), ds) in lines.iter().zip(drafts.iter_mut()) {
        for d in ds.iter_mut().filter(|d| d.keep) {
            let lone = matches!(
                d.role,
                Role::BareNumber | Role::LongBareNumber | Role::Letter
            );
            let whole = reading
                .chars
                .get(d.chars.clone())
                .unwrap_or(&[])
                .iter()
                .all(|c| c.ch.is_alphanumeric() || c.ch.is_whitespace());
            let own = place(reading, &d.chars);
            if lone && whole && identifying.iter().any(|r| near(&own, r, *height)) {
                d.mask("pattern:beside-identity");
            }
        }
    }
}

/// A piece of text as fragments see each other.
struct Piece {
    place: Rect,
    /// Line height of its line.
    height: u32,
    /// Letters, digits and signs.
    signs: usize,
    upright: bool,
    keep: bool,
    line: usize,
}

/// What a piece that would stay may be a part of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fragment {
    /// A letter or a short number: of a word, or of text on its side.
    Lone,
    /// `R` or `L`: of text on its side; beside names it says the side.
    Side,
    /// A letter with a point, or a word with a comma: of a name.
    Name,
}

impl Fragment {
    fn of(text: &str) -> Option<Self> {
        let mut chars = text.chars();
        let (first, second, rest) = (chars.next()?, chars.next(), chars.next());
        match second {
            None if is_side(first) => Some(Fragment::Side),
            None if first.is_alphanumeric() => Some(Fragment::Lone),
            Some(d) if rest.is_none() && first.is_ascii_digit() && d.is_ascii_digit() => {
                Some(Fragment::Lone)
            }
            Some('.') if rest.is_none() && first.is_alphabetic() => Some(Fragment::Name),
            _ => (text.ends_with(',') || text.starts_with(',')).then_some(Fragment::Name),
        }
    }
}

/// Masks what is a fragment of text that goes: a lone letter, or a number of one or two digits, beside it as near as the
/// letters of a word stand; an initial, or a word with a comma, in front of it or behind it; letters in a stack, which
/// are text on its side; and text on its side in a column with any that goes.
pub(super) fn mask_fragments(lines: &[(&Reading, u32)], drafts: &mut [Vec<Draft>]) {
    let mut pieces = Vec::new();
    for (line, ((reading, height), ds)) in lines.iter().zip(drafts.iter()).enumerate() {
        for d in ds {
            let text = text(reading, d);
            let piece = Piece {
                place: place(reading, &d.chars),
                height: *height,
                signs: text.chars().filter(|c| !c.is_whitespace()).count(),
                upright: !matches!(reading.orientation, Orientation::Up | Orientation::Down),
                keep: d.keep,
                line,
            };
            let bare = text.trim().trim_matches(STROKES);
            pieces.push((piece, Fragment::of(bare)));
        }
    }
    let is_fragment = |own: &Piece, what: Fragment| {
        pieces.iter().map(|(p, _)| p).any(|p| {
            let (beside, stacked) = match what {
                Fragment::Lone => (WORD_TENTHS, true),
                Fragment::Side => (0, true),
                Fragment::Name => (NAME_TENTHS, false),
            };
            (beside > 0 && !p.keep && is_beside(own, p, beside))
                || (stacked && p.line != own.line && is_stacked(own, p, STACK_TENTHS))
        })
    };
    let in_column = |own: &Piece| {
        let mut going = pieces.iter().map(|(p, _)| p).filter(|p| !p.keep);
        !own.upright && going.any(|p| is_stacked(own, p, COLUMN_TENTHS))
    };
    let fragments: Vec<bool> = pieces
        .iter()
        .map(|(p, what)| p.keep && (in_column(p) || what.is_some_and(|what| is_fragment(p, what))))
        .collect();
    let known: Vec<Option<Fragment>> = pieces.iter().map(|(_, what)| *what).collect();
    for ((d, is_one), what) in drafts.iter_mut().flatten().zip(fragments).zip(known) {
        if is_one {
            d.mask("unknown-text");
            // A letter of a word says no side.
            d.lost.retain(|_| what == Some(Fragment::Side));
        }
    }
}

fn text(reading: &Reading, draft: &Draft) -> String {
    let chars = reading.chars.get(draft.chars.clone()).unwrap_or(&[]);
    chars.iter().map(|c| c.ch).collect()
}

/// Whether two boxes share more than half of the smaller one: the same text, found twice.
fn is_same(a: &Rect, b: &Rect) -> bool {
    a.intersect(b).area() * 2 > a.area().min(b.area())
}

/// Whether two pieces of about the same height stand in a row, at most so many tenths of the line height apart.
fn is_beside(a: &Piece, b: &Piece, tenths: u32) -> bool {
    let (low, high) = (a.height.min(b.height), a.height.max(b.height));
    let level = a.place.bottom().min(b.place.bottom());
    let level = level.saturating_sub(a.place.y.max(b.place.y));
    let (gap, _) = a.place.apart(&b.place);
    !b.place.is_empty()
        && !is_same(&a.place, &b.place)
        && u64::from(high) <= u64::from(low) * 2
        && u64::from(gap) * 10 <= u64::from(low) * u64::from(tenths)
        && u64::from(level) * 10 >= u64::from(low) * 6
}

/// Whether two pieces, one of them a lone letter or on its side, stand above each other at most so many tenths of their
/// width apart, as letters of text on its side do.
fn is_stacked(a: &Piece, b: &Piece, tenths: u32) -> bool {
    let width = a.place.w.min(b.place.w);
    let column = a.place.right().min(b.place.right());
    let column = column.saturating_sub(a.place.x.max(b.place.x));
    let (_, gap) = a.place.apart(&b.place);
    let on_side = !a.upright || !b.upright || b.signs == 1;
    on_side
        && !b.place.is_empty()
        && !is_same(&a.place, &b.place)
        && u64::from(a.place.w.max(b.place.w)) <= u64::from(width) * 2
        && u64::from(gap) * 10 <= u64::from(width) * u64::from(tenths)
        && u64::from(column) * 10 >= u64::from(width) * 6
}
