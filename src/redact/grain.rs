//! Noise: how grainy a picture is, and the same picture with less of it.
//!
//! The network takes strong noise for text here and there, and misses text in it. What it can be seen through is a small
//! blur. On generated lines (capitals of 14 px, noise of 24 and 32 grey levels) a picture that is smoothed first shows 48
//! and 46 of 48 lines instead of 45 and 28, with a quarter less, and at 16 grey levels with half as much, masked beside
//! them; letters of 6 to 10 px gain as well. Pictures of the development corpus are all calmer than that.

use crate::frame::Gray;
use crate::geometry::Rect;

/// Grain from which a picture is smoothed, grey levels: noise of about 12.
const GRAINY: u32 = 20;
/// Grain from which it is smoothed twice: noise of about 30, in which small letters are lost anyway.
const VERY_GRAINY: u32 = 50;
/// Rows that are looked at, at most about twice as many: every frame of a loop is asked.
const ROWS: u32 = 32;
/// Fewer places than these say nothing.
const LEAST_PLACES: u32 = 256;

/// Smooths a picture that is grainy outside the masks, which are in pixels of a larger frame in which the picture's first
/// pixel lies at `origin`.
pub(super) fn calm(picture: &mut Gray, origin: (u32, u32), masks: &[Rect]) {
    let window = Rect::new(origin.0, origin.1, picture.width, picture.height);
    let local = |m: &Rect| {
        let m = m.intersect(&window);
        Rect::new(m.x - origin.0, m.y - origin.1, m.w, m.h)
    };
    let masks = masks.iter().filter(|m| m.overlaps(&window));
    let masks: Vec<Rect> = masks.map(local).collect();
    let times = match grain(picture, &masks) {
        VERY_GRAINY.. => 2,
        GRAINY.. => 1,
        _ => 0,
    };
    for _ in 0..times {
        *picture = smooth(picture);
    }
}

/// The median, in grey levels, of how far a pixel is from the line through its neighbours left and right, doubled:
/// about 1.65 times the deviation of noise, and next to nothing in pictures of things, however many edges they have.
/// `masks` (in the picture's coordinates) do not count.
fn grain(picture: &Gray, masks: &[Rect]) -> u32 {
    let mut counts = [0u32; 511];
    let mut masked = vec![false; picture.width as usize];
    for y in (0..picture.height).step_by((picture.height / ROWS).max(1) as usize) {
        masked.fill(false);
        for m in masks.iter().filter(|m| (m.y..m.bottom()).contains(&y)) {
            let end = m.right().min(picture.width);
            masked[m.x.min(end) as usize..end as usize].fill(true);
        }
        for (v, masked) in picture.row(y).windows(3).zip(masked.windows(3)) {
            if masked == [false; 3] {
                let [l, v, r] = [v[0], v[1], v[2]].map(i32::from);
                counts[(2 * v - l - r).unsigned_abs() as usize] += 1;
            }
        }
    }
    let places: u32 = counts.iter().sum();
    if places < LEAST_PLACES {
        return 0;
    }
    let mut below = 0;
    let at_half = counts.iter().position(|n| {
        below += n;
        below * 2 > places
    });
    at_half.unwrap_or(0) as u32
}

/// Every pixel as the mean of its surroundings, weighted 1-2-1 in both directions, rounded; beyond the edges the border
/// pixels go on.
fn smooth(picture: &Gray) -> Gray {
    let (w, h) = (picture.width as usize, picture.height);
    let mut out = Gray::new(picture.width, h, 0);
    let mut sums = vec![0u32; w];
    for y in 0..h {
        let rows = [y.saturating_sub(1), y, y, (y + 1).min(h - 1)].map(|y| picture.row(y));
        for (x, sum) in sums.iter_mut().enumerate() {
            *sum = rows.iter().map(|r| u32::from(r[x])).sum();
        }
        for (x, to) in out.row_mut(y).iter_mut().enumerate() {
            let (l, r) = (sums[x.saturating_sub(1)], sums[(x + 1).min(w - 1)]);
            *to = ((l + 2 * sums[x] + r + 8) >> 4) as u8;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Noise of up to `most` grey levels on a ground of 100.
    fn noise(most: u32) -> Gray {
        let mut seed = 1u32;
        let mut picture = Gray::new(160, 120, 0);
        for v in &mut picture.data {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            *v = 100 + ((seed >> 16) % (most + 1)) as u8;
        }
        picture
    }

    #[test]
    fn grain_follows_noise_and_not_edges() {
        let levels = [0, 10, 40, 120].map(|most| grain(&noise(most), &[]));
        assert!(levels.is_sorted() && levels[0] == 0, "{levels:?}");
        assert!(levels[1] < GRAINY && levels[3] > VERY_GRAINY, "{levels:?}");
        let mut letters = Gray::new(160, 120, 10);
        for y in (0..120).step_by(2) {
            letters.row_mut(y)[..70].fill(250);
            letters.row_mut(y)[..70]
                .iter_mut()
                .step_by(3)
                .for_each(|v| *v = 10);
        }
        assert_eq!(grain(&letters, &[]), 0);
    }

    #[test]
    fn masks_do_not_count() {
        let mut picture = noise(120);
        let mask = Rect::new(20, 0, 130, 120);
        for y in 0..120 {
            picture.row_mut(y)[20..150].fill(0);
        }
        assert_eq!(grain(&picture, &[]), 0);
        assert!(grain(&picture, &[mask]) > VERY_GRAINY);
        assert_eq!(
            grain(&picture, &[Rect::new(0, 0, 159, 120)]),
            0,
            "nothing is left"
        );
    }

    #[test]
    fn smoothing_keeps_flat_pictures_and_means() {
        for size in [(1, 1), (1, 5), (2, 3)] {
            let flat = Gray::new(size.0, size.1, 77);
            assert_eq!(smooth(&flat), flat);
        }
        let mut dot = Gray::new(5, 5, 0);
        dot.row_mut(2)[2] = 160;
        let smoothed = smooth(&dot);
        assert_eq!(
            (smoothed.at(2, 2), smoothed.at(1, 2), smoothed.at(1, 1)),
            (40, 20, 10)
        );
        assert_eq!(
            smoothed.data.iter().map(|v| u32::from(*v)).sum::<u32>(),
            160
        );
    }

    #[test]
    fn calm_pictures_stay_as_they_are() {
        let calm_one = noise(8);
        let mut picture = calm_one.clone();
        calm(&mut picture, (0, 0), &[]);
        assert_eq!(picture, calm_one);
        let mut picture = noise(120);
        calm(&mut picture, (0, 0), &[]);
        assert!(grain(&picture, &[]) < GRAINY);
    }
}
