//! Views of a frame of IEEE 754 numbers.
//!
//! What has no number — NaN, the infinities, padding — says nothing of the range in which the others are seen: they are
//! drawn as the lowest number, and where there are any, in a view of their own, since text may be written in them too. As
//! one far number makes a linear range useless, numbers are also seen by their rank.

use super::{END_RANGE_DIVISOR, SAME_VIEW, View, window};
use crate::frame::{Display, Frame, Gray, Photometric, float, stored_value, word_of};

/// Every distinct view, the one that a person sees first in front.
pub fn views(frame: &Frame, display: &Display) -> Vec<View> {
    let f = &frame.format;
    let numbers: Vec<f64> = frame
        .data
        .chunks_exact(f.bytes_per_sample())
        .map(|w| float::number(f, stored_value(f, word_of(w))))
        .collect();
    let counts = |n: f64| {
        let padding = |(low, high)| (low..=high).contains(&n);
        n.is_finite() && !display.float_padding.is_some_and(padding)
    };
    let mut sorted: Vec<f64> = numbers.iter().copied().filter(|n| counts(*n)).collect();
    sorted.sort_unstable_by(f64::total_cmp);
    let invert = if f.photometric == Photometric::Monochrome1 {
        255
    } else {
        0
    };
    let mut views: Vec<View> = Vec::new();
    let mut add = |name: String, level: &dyn Fn(f64) -> u8| {
        let draw = |n: &f64| if counts(*n) { level(*n) } else { 0 };
        let picture = Gray {
            width: f.cols,
            height: f.rows,
            data: numbers.iter().map(|n| draw(n) ^ invert).collect(),
        };
        let same = |v: &View| {
            let pairs = v.picture.data.iter().zip(&picture.data);
            pairs.into_iter().all(|(a, b)| a.abs_diff(*b) <= SAME_VIEW)
        };
        if !views.iter().any(same) {
            views.push(View::whole(name, picture));
        }
    };
    for (i, w) in display.windows.iter().enumerate() {
        add(format!("window-{}", i + 1), &|n| {
            window(*w, display.rescaled(n))
        });
    }
    for (i, l) in display.voi_luts.iter().enumerate() {
        add(format!("voi-lut-{}", i + 1), &|n| {
            l.at(display.rescaled(n).round() as i64)
        });
    }
    // The smallest number that at least this part of a thousand does not exceed.
    let at = |part: usize| {
        let index = (sorted.len() * part).div_ceil(1000).max(1) - 1;
        sorted.get(index).copied().unwrap_or(0.0)
    };
    let (min, low, high, max) = (at(0), at(5), at(995), at(1000));
    if high > low {
        add("robust-range".into(), &|n| spread(n, low, high));
    }
    add("full-range".into(), &|n| spread(n, min, max));
    // Halved first: the range of two numbers may be no number.
    let part = (max / 2.0 - min / 2.0) * (2.0 / END_RANGE_DIVISOR as f64);
    if part > 0.0 {
        add("low-range".into(), &|n| spread(n, min, min + part));
        add("high-range".into(), &|n| spread(n, max - part, max));
    }
    if max > min {
        let all = sorted.len().max(1);
        add("rank".into(), &|n| {
            (sorted.partition_point(|s| *s < n) * 255 / all) as u8
        });
    }
    if sorted.len() < numbers.len() {
        let kind = |n: &f64| match (counts(*n), n.is_finite(), n.is_nan()) {
            (true, ..) => 0,
            (_, true, _) => 85,
            (_, _, false) => 170,
            (_, _, true) => 255,
        };
        views.push(View::whole(
            "no-number",
            Gray {
                width: f.cols,
                height: f.rows,
                data: numbers.iter().map(kind).collect(),
            },
        ));
    }
    views
}

/// `low..=high` spread over 0–255.
fn spread(n: f64, low: f64, high: f64) -> u8 {
    // Halves, so that no difference overflows.
    let range = high / 2.0 - low / 2.0;
    if range <= 0.0 {
        return if n > low { 255 } else { 0 };
    }
    let part = (n.clamp(low, high) / 2.0 - low / 2.0) / range;
    (part * 255.0).round() as u8
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::PixelFormat;
    use crate::testing::pictures;

    fn frame(numbers: &[f32]) -> Frame {
        Frame {
            format: PixelFormat {
                float: true,
                ..pictures::format(1, numbers.len() as u32, 1, 32)
            },
            data: numbers.iter().flat_map(|n| n.to_le_bytes()).collect(),
        }
    }

    fn find<'a>(views: &'a [View], name: &str) -> &'a [u8] {
        let view = views.iter().find(|v| v.name == name);
        view.map_or(&[], |v| &v.picture.data)
    }

    #[test]
    fn what_is_no_number_does_not_spoil_the_range_and_is_seen_by_itself() {
        let f = frame(&[0.0, 1.0, 0.5, f32::NAN, f32::INFINITY, -7777.0]);
        let display = Display {
            float_padding: Some((-7777.0, -7777.0)),
            ..Display::default()
        };
        let all = views(&f, &display);
        assert_eq!(find(&all, "robust-range"), [0, 255, 128, 0, 0, 0]);
        assert_eq!(find(&all, "no-number"), [0, 0, 0, 255, 170, 85]);
        assert!(find(&views(&frame(&[0.0, 1.0]), &display), "no-number").is_empty());
    }

    #[test]
    fn one_far_number_hides_nothing() {
        let mut numbers = vec![1e30_f32; 8];
        numbers.extend([1.0, 2.0, 1.0, 2.0, 1.0, 2.0, 1.0, 2.0]);
        let all = views(&frame(&numbers), &Display::default());
        let rank = find(&all, "rank");
        assert!(rank[9].abs_diff(rank[8]) > 60, "{rank:?}");
    }

    #[test]
    fn extremes_and_nothing_at_all_are_drawn() {
        for numbers in [
            vec![f32::MAX, f32::MIN],
            vec![f32::NAN, f32::NAN],
            vec![0.0, 0.0],
            vec![f32::MIN_POSITIVE, 0.0],
        ] {
            let all = views(&frame(&numbers), &Display::default());
            assert!(!all.is_empty());
            assert!(all.iter().all(|v| v.picture.data.len() == 2));
        }
        let far = views(&frame(&[f32::MAX, f32::MIN]), &Display::default());
        assert_eq!(find(&far, "robust-range"), [255, 0]);
    }
}
