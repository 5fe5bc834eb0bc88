//! What lines of one picture say of each other.
//!
//! A bare number or a lone letter says little by itself; directly beside or under identifying text it is probably part of
//! it: the age and the sex in a form, the tail of a number. Takes drafts of all lines of a picture and can only mask more.

use super::decide::{Draft, Role};
use crate::geometry::Rect;
use crate::line::Reading;
use std::ops::Range;

/// How far to the side, in line heights.
const BESIDE_HEIGHTS: u32 = 8;
/// How far above or below, in tenths of a line height.
const ABOVE_TENTHS: u32 = 12;

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
