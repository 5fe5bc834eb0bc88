//! Filling rectangles of a frame, and the value to fill with (PS3.3 C.7.6.3; dicom.md §3.1).

use crate::facts::Facts;
use crate::frame::{Frame, Lut, Photometric, PixelFormat, float, word_for_value};
use crate::geometry::Rect;
use crate::plan::Fill;

/// Grows a rectangle to what can be masked without touching a neighbour: pairs of columns in native 4:2:2.
pub fn codec_growth(rect: Rect, format: &PixelFormat) -> Rect {
    if format.is_subsampled() {
        rect.snap(2, 1, format.cols, format.rows)
    } else {
        rect
    }
}

/// Overwrites every sample of the rectangles, bits outside the stored field included.
///
/// In native 4:2:2 frames the rectangles must have been grown with [`codec_growth`].
pub fn fill(frame: &mut Frame, rects: &[Rect], fill: &Fill) {
    let (cols, rows) = (frame.format.cols, frame.format.rows);
    let samples = usize::from(frame.format.samples_per_pixel);
    let pixel_bytes = samples * frame.format.bytes_per_sample();
    for r in rects {
        let r = r.intersect(&Rect::new(0, 0, cols, rows));
        // Where a pixel's samples stand together, all rows are like the first.
        let by_rows = frame.format.is_interleaved();
        let by_samples = if by_rows { r.h.min(1) } else { r.h };
        for y in r.y..r.y + by_samples {
            for x in r.x..r.right() {
                for c in 0..samples {
                    frame.set_word(x, y, c, fill.words[c.min(2)]);
                }
            }
        }
        let start = |y: u32| (y as usize * cols as usize + r.x as usize) * pixel_bytes;
        let first = start(r.y)..start(r.y) + r.w as usize * pixel_bytes;
        for y in r.y + by_samples..r.bottom() {
            frame.data.copy_within(first.clone(), start(y));
        }
    }
}

/// Whether every sample of the rectangle has the fill value.
pub fn is_filled(frame: &Frame, rect: &Rect, fill: &Fill) -> bool {
    let samples = usize::from(frame.format.samples_per_pixel);
    let r = rect.intersect(&Rect::new(0, 0, frame.format.cols, frame.format.rows));
    (r.y..r.bottom()).all(|y| {
        (r.x..r.right()).all(|x| (0..samples).all(|c| frame.word(x, y, c) == fill.words[c.min(2)]))
    })
}

/// The extreme stored values found outside the masks while planning, merged over frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extremes {
    /// Lowest stored value.
    pub low: i64,
    /// Highest stored value.
    pub high: i64,
}

impl Extremes {
    /// Extremes of a one-sample frame outside the rectangles; `None` if every pixel is masked. Of floats only finite
    /// numbers count.
    pub fn outside(frame: &Frame, masks: &[Rect]) -> Option<Extremes> {
        let f = &frame.format;
        let mut found: Option<Extremes> = None;
        for y in 0..f.rows {
            let mut spans: Vec<(u32, u32)> = masks
                .iter()
                .filter(|m| m.y <= y && y < m.bottom())
                .map(|m| (m.x, m.right().min(f.cols)))
                .collect();
            spans.sort_unstable();
            spans.push((f.cols, f.cols));
            let mut x = 0;
            for (from, to) in spans {
                while x < from {
                    let v = frame.value(x, y, 0);
                    x += 1;
                    if f.float && !float::number(f, v).is_finite() {
                        continue;
                    }
                    found = Some(match found {
                        None => Extremes { low: v, high: v },
                        Some(e) => Extremes {
                            low: e.low.min(v),
                            high: e.high.max(v),
                        },
                    });
                }
                x = x.max(to);
            }
        }
        found
    }

    /// Of both.
    pub fn merge(a: Option<Extremes>, b: Option<Extremes>) -> Option<Extremes> {
        match (a, b) {
            (Some(a), Some(b)) => Some(Extremes {
                low: a.low.min(b.low),
                high: a.high.max(b.high),
            }),
            (a, b) => a.or(b),
        }
    }
}

/// The one fill of an object: black as a person sees it, from the rule's constant or from the values found outside the
/// masks.
pub fn choose_fill(facts: &Facts, outside: Option<Extremes>) -> Fill {
    let f = &facts.format;
    let one = |value: i64| Fill {
        words: [word_for_value(f, value); 3],
    };
    if f.float {
        // The padding value where the object has one (dicom.md §3.1); else a number that is there already.
        let extreme = |e: Extremes| match f.photometric {
            Photometric::Monochrome1 => e.high,
            _ => e.low,
        };
        let number = facts.pixel_padding.or(outside.map(extreme));
        return one(number.unwrap_or_else(|| float::nearest(f, 0.0)));
    }
    let n = u32::from(f.bits_stored);
    let (min, max) = if f.signed {
        (-(1i64 << (n - 1)), (1i64 << (n - 1)) - 1)
    } else {
        (0, (1i64 << n) - 1)
    };
    match f.photometric {
        Photometric::Rgb | Photometric::YbrIct | Photometric::YbrRct => Fill { words: [0; 3] },
        Photometric::YbrFull | Photometric::YbrFull422 => Fill {
            words: [0, 1 << (n - 1), 1 << (n - 1)],
        },
        Photometric::YbrPartial422 | Photometric::YbrPartial420 => Fill {
            words: [16 << (n - 8), 1 << (n - 1), 1 << (n - 1)],
        },
        Photometric::PaletteColor => one(facts
            .display
            .palette
            .as_ref()
            .map_or(min, |p| darkest_index(p, min, max))),
        Photometric::Monochrome1 => one(outside.map_or(max, |e| e.high)),
        Photometric::Monochrome2 => {
            if f.bits_stored == 1 {
                return one(0);
            }
            if matches!(facts.modality.as_str(), "CT" | "PT") {
                if let Some(padding) = facts.pixel_padding {
                    return one(padding.clamp(min, max));
                }
                if facts.modality == "CT" && facts.display.slope != 0.0 && !is_screen(facts) {
                    let air = ((-1000.0 - facts.display.intercept) / facts.display.slope).round();
                    return one((air as i64).clamp(min, max));
                }
            }
            one(outside.map_or(min, |e| e.low))
        }
    }
}

/// Whether the picture is a screen or dose page rather than measured values, so that "air" has no meaning in it.
fn is_screen(facts: &Facts) -> bool {
    facts.display.intercept == 0.0
}

/// The stored value whose palette entry is darkest; the lowest such value.
fn darkest_index(palette: &[Lut; 3], min: i64, max: i64) -> i64 {
    let first = palette[0].first;
    let last = first + palette[0].entries.len() as i64 - 1;
    let luma = |v: i64| {
        77 * u32::from(palette[0].at(v))
            + 150 * u32::from(palette[1].at(v))
            + 29 * u32::from(palette[2].at(v))
    };
    (first.max(min)..=last.min(max))
        .min_by_key(|&v| luma(v))
        .unwrap_or(first.clamp(min, max))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::facts;

    fn format(photometric: Photometric, samples_per_pixel: u16) -> PixelFormat {
        PixelFormat {
            rows: 4,
            cols: 6,
            samples_per_pixel,
            bits_allocated: 8,
            bits_stored: 8,
            high_bit: 7,
            signed: false,
            photometric,
            planar: false,
            float: false,
        }
    }

    fn frame(format: PixelFormat) -> Frame {
        Frame {
            format,
            data: (0..format.bytes_per_frame())
                .map(|i| i as u8 + 100)
                .collect(),
        }
    }

    #[test]
    fn only_samples_of_the_rectangle_change_in_every_layout() {
        let sixteen = PixelFormat {
            bits_allocated: 16,
            bits_stored: 12,
            high_bit: 11,
            ..format(Photometric::Monochrome2, 1)
        };
        let planar = PixelFormat {
            planar: true,
            ..format(Photometric::Rgb, 3)
        };
        let layouts = [
            format(Photometric::Monochrome2, 1),
            sixteen,
            format(Photometric::Rgb, 3),
            planar,
            format(Photometric::YbrFull422, 3),
        ];
        for f in layouts {
            let before = frame(f);
            let mut after = before.clone();
            let value = Fill { words: [7, 8, 9] };
            let rect = codec_growth(Rect::new(3, 1, 2, 2), &f);
            fill(&mut after, &[rect], &value);
            assert!(is_filled(&after, &rect, &value));
            for y in 0..f.rows {
                for x in 0..f.cols {
                    for c in 0..usize::from(f.samples_per_pixel) {
                        let same = before.word(x, y, c) == after.word(x, y, c);
                        assert_eq!(same, !rect.contains_point(x, y), "{f:?} at {x},{y},{c}");
                    }
                }
            }
        }
    }

    #[test]
    fn rectangles_beyond_the_frame_are_clipped() {
        let mut f = frame(format(Photometric::Monochrome2, 1));
        fill(
            &mut f,
            &[Rect::new(5, 3, 100, 100)],
            &Fill { words: [0; 3] },
        );
        assert_eq!(f.data.iter().filter(|v| **v == 0).count(), 1);
    }

    #[test]
    fn fills_are_black_as_seen() {
        let of = |photometric, spp| {
            choose_fill(
                &facts(format(photometric, spp), 1),
                Some(Extremes { low: 3, high: 250 }),
            )
            .words
        };
        assert_eq!(of(Photometric::Monochrome2, 1)[0], 3);
        assert_eq!(of(Photometric::Monochrome1, 1)[0], 250);
        assert_eq!(of(Photometric::Rgb, 3), [0, 0, 0]);
        assert_eq!(of(Photometric::YbrFull422, 3), [0, 128, 128]);
        assert_eq!(of(Photometric::YbrPartial422, 3), [16, 128, 128]);
        assert_eq!(
            choose_fill(&facts(format(Photometric::Monochrome1, 1), 1), None).words[0],
            255
        );
    }

    #[test]
    fn signed_fills_keep_the_sign_in_unused_bits() {
        let signed = PixelFormat {
            bits_allocated: 16,
            bits_stored: 12,
            high_bit: 11,
            signed: true,
            ..format(Photometric::Monochrome2, 1)
        };
        assert_eq!(choose_fill(&facts(signed, 1), None).words[0], 0xF800);
    }

    #[test]
    fn the_palette_fill_is_its_darkest_entry_not_index_zero() {
        let mut f = facts(format(Photometric::PaletteColor, 1), 1);
        let lut = |entries: &[u8]| Lut {
            first: 10,
            entries: entries.to_vec(),
        };
        f.display.palette = Some([lut(&[255, 9, 0]), lut(&[255, 9, 8]), lut(&[255, 9, 0])]);
        assert_eq!(choose_fill(&f, None).words[0], 12);
    }

    #[test]
    fn extremes_are_those_outside_the_masks() {
        let f = frame(format(Photometric::Monochrome2, 1));
        let rows = [
            Rect::new(0, 0, 6, 1),
            Rect::new(2, 3, 4, 1),
            Rect::new(1, 3, 2, 1),
        ];
        assert_eq!(
            Extremes::outside(&f, &rows),
            Some(Extremes {
                low: 106,
                high: 118
            })
        );
        assert_eq!(Extremes::outside(&f, &[Rect::new(0, 0, 6, 4)]), None);
    }
}
