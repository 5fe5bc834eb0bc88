//! Graphic annotations (0070,0001) of presentation states (PS3.3 C.10.5): the lines in them, as a picture could show them.
//!
//! Takes a data set; gives each item's lines as runs of points. It draws and decides nothing.

use super::dataset::DataSet;
use super::value::{Values, raw};
use dicom_core::{Tag, VR};
use dicom_dictionary_std::tags;

/// Corners by which a circle or an ellipse is shown.
const CORNERS: u32 = 48;
/// Coordinates beyond this are no place in a picture.
const FARTHEST: f64 = 1e6;

/// The lines of one item.
#[derive(Clone, Debug, PartialEq)]
pub struct Annotation {
    /// (0070,0002), and whether places are parts of the display rather than pixels: only what shares both stands together.
    pub layer: (String, Vec<String>),
    /// Runs of points, x and y.
    pub lines: Vec<Vec<(f64, f64)>>,
    /// Points in the file, from which they are made.
    pub points: usize,
    /// Whether there are graphics that cannot be shown as lines: compound ones, unknown types, other numbers than they say.
    pub opaque: bool,
}

/// Every item of (0070,0001), in its order.
pub(super) fn annotations(bytes: &[u8], set: &DataSet) -> Vec<Annotation> {
    let items = set.items(tags::GRAPHIC_ANNOTATION_SEQUENCE).iter();
    items.map(|item| annotation(bytes, &item.set)).collect()
}

fn annotation(bytes: &[u8], set: &DataSet) -> Annotation {
    let v = Values { bytes, set };
    let objects = set.items(tags::GRAPHIC_OBJECT_SEQUENCE);
    let units = objects.iter().map(|o| {
        let v = Values { bytes, set: &o.set };
        v.code(tags::GRAPHIC_ANNOTATION_UNITS).unwrap_or_default()
    });
    let mut units: Vec<String> = units.collect();
    units.sort_unstable();
    units.dedup();
    let mut out = Annotation {
        layer: (v.code(tags::GRAPHIC_LAYER).unwrap_or_default(), units),
        lines: Vec::new(),
        points: 0,
        // A sequence that is there but holds no items that were read is not looked through.
        opaque: set.get(tags::COMPOUND_GRAPHIC_SEQUENCE).is_some()
            || set.get(tags::GRAPHIC_OBJECT_SEQUENCE).is_some() && objects.is_empty(),
    };
    // Lines in two systems of places cannot be seen in one picture.
    out.opaque |= out.layer.1.len() > 1;
    for object in objects {
        let points = points(bytes, &object.set);
        out.points += points.as_ref().map_or(0, Vec::len);
        let kind = Values {
            bytes,
            set: &object.set,
        };
        match points.and_then(|p| line(kind.codes(tags::GRAPHIC_TYPE), p)) {
            Some(line) => out.lines.push(line),
            None => out.opaque = true,
        }
    }
    out
}

/// The points of one graphic object; `None` where numbers do not fit each other.
fn points(bytes: &[u8], set: &DataSet) -> Option<Vec<(f64, f64)>> {
    let v = Values { bytes, set };
    let number = |tag: Tag| v.ints(tag).first().copied();
    let data = set.get(tags::GRAPHIC_DATA).filter(|e| e.vr == VR::FL)?;
    let stored = raw(bytes, data).len() / 4;
    let numbers = v.floats(tags::GRAPHIC_DATA);
    let (pairs, rest) = numbers.as_chunks::<2>();
    let said = number(tags::NUMBER_OF_GRAPHIC_POINTS).and_then(|n| usize::try_from(n).ok());
    // What is no number was left out of `numbers`.
    let fits = number(tags::GRAPHIC_DIMENSIONS) == Some(2)
        && said == Some(pairs.len())
        && stored == numbers.len()
        && rest.is_empty()
        && numbers.iter().all(|n| n.abs() <= FARTHEST);
    fits.then(|| pairs.iter().map(|p| (p[0], p[1])).collect())
}

/// A graphic object as one run of points (PS3.3 C.10.5.1.2); `None` for types that nobody defines.
fn line(kind: Vec<String>, p: Vec<(f64, f64)>) -> Option<Vec<(f64, f64)>> {
    let ring = |(cx, cy): (f64, f64), a: (f64, f64), b: (f64, f64)| {
        let at = |i: u32| {
            let (sin, cos) = (f64::from(i) * std::f64::consts::TAU / f64::from(CORNERS)).sin_cos();
            (cx + a.0 * cos + b.0 * sin, cy + a.1 * cos + b.1 * sin)
        };
        (0..=CORNERS).map(at).collect()
    };
    let [kind] = kind.as_slice() else { return None };
    match (kind.as_str(), p.as_slice()) {
        ("POINT", [_]) => Some(p),
        ("POLYLINE" | "INTERPOLATED", [_, _, ..]) => Some(p),
        ("CIRCLE", [c, r]) => {
            let (x, y) = (r.0 - c.0, r.1 - c.1);
            Some(ring(*c, (x, y), (-y, x)))
        }
        // Both ends of the long axis, both ends of the short one.
        ("ELLIPSE", [a, b, c, d]) => {
            let half = |a: &(f64, f64), b: &(f64, f64)| ((b.0 - a.0) / 2.0, (b.1 - a.1) / 2.0);
            let centre = ((a.0 + b.0) / 2.0, (a.1 + b.1) / 2.0);
            Some(ring(centre, half(a, b), half(c, d)))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(kind: &str, p: &[(f64, f64)]) -> Option<Vec<(f64, f64)>> {
        line(vec![kind.to_owned()], p.to_vec())
    }

    #[test]
    fn rings_go_through_their_points_and_odd_objects_are_none() {
        let near = |line: &[(f64, f64)], (x, y): (f64, f64)| {
            line.iter()
                .any(|p| (p.0 - x).abs() < 1e-9 && (p.1 - y).abs() < 1e-9)
        };
        let circle = of("CIRCLE", &[(5.0, 5.0), (8.0, 9.0)]).unwrap();
        assert!(near(&circle, (8.0, 9.0)) && near(&circle, (2.0, 1.0)));
        let ends = [(0.0, 4.0), (10.0, 4.0), (5.0, 1.0), (5.0, 7.0)];
        let ellipse = of("ELLIPSE", &ends).unwrap();
        assert!(ends.iter().all(|e| near(&ellipse, *e)));
        assert_eq!(of("POLYLINE", &[(0.0, 0.0)]), None);
        assert_eq!(of("CIRCLE", &[(0.0, 0.0)]), None);
        assert_eq!(of("LETTER", &[(0.0, 0.0)]), None);
        assert_eq!(line(Vec::new(), vec![(0.0, 0.0)]), None);
    }
}
