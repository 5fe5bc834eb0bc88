//! Banner bands: what lies outside all ultrasound regions.
//!
//! Pixels outside the union of an object's ultrasound regions are never image (PS3.3 C.8.5.5): banners, tables, keys.
//! Where the site wants it, a band goes as a whole as soon as one line in it goes, so that not even the shape of a mask
//! tells what stood there.

use crate::facts::Facts;
use crate::geometry::Rect;

/// The bands of a frame: above and below all regions over the whole width, left and right of them in between. None where
/// the header has no regions, or regions that fill the frame.
pub fn bands(facts: &Facts) -> Vec<Rect> {
    let (cols, rows) = (facts.format.cols, facts.format.rows);
    let regions = facts.us_regions.iter().map(|r| r.rect);
    let hull = regions.fold(Rect::default(), |h, r| h.hull(&r));
    if hull.is_empty() {
        return Vec::new();
    }
    [
        Rect::from_corners(0, 0, cols, hull.y),
        Rect::from_corners(0, hull.bottom(), cols, rows),
        Rect::from_corners(0, hull.y, hull.x, hull.bottom()),
        Rect::from_corners(hull.right(), hull.y, cols, hull.bottom()),
    ]
    .into_iter()
    .filter(|band| !band.is_empty())
    .collect()
}

/// The band that holds the middle of a rectangle.
pub fn around(bands: &[Rect], rect: &Rect) -> Option<Rect> {
    let (x, y) = (rect.x + rect.w / 2, rect.y + rect.h / 2);
    bands.iter().find(|b| b.contains_point(x, y)).copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::UsRegion;
    use crate::testing::{facts, pictures};

    fn with_regions(rects: &[Rect]) -> Facts {
        let mut facts = facts(pictures::format(100, 200, 1, 8), 1);
        facts.us_regions = rects
            .iter()
            .map(|&rect| UsRegion {
                rect,
                spatial_format: 1,
                data_type: 1,
            })
            .collect();
        facts
    }

    #[test]
    fn bands_are_what_no_region_reaches() {
        let facts = with_regions(&[Rect::new(20, 30, 60, 40), Rect::new(90, 40, 110, 50)]);
        let bands = bands(&facts);
        assert_eq!(
            bands,
            [
                Rect::new(0, 0, 200, 30),
                Rect::new(0, 90, 200, 10),
                Rect::new(0, 30, 20, 60),
            ]
        );
        assert_eq!(around(&bands, &Rect::new(60, 20, 50, 14)), Some(bands[0]));
        assert_eq!(around(&bands, &Rect::new(82, 50, 4, 8)), None);
    }

    #[test]
    fn no_region_and_a_region_that_fills_the_frame_give_no_band() {
        assert!(bands(&with_regions(&[])).is_empty());
        assert!(bands(&with_regions(&[Rect::new(0, 0, 200, 100)])).is_empty());
    }
}
