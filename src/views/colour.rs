//! Colour as people see it, and the single colours in which text shows that luma hides.

use super::View;
use crate::frame::{Display, Frame, Gray, Lut, Photometric, PixelFormat};
use crate::geometry::Rect;

/// Side of the tiles in which colour is weighed, px.
const COLOUR_TILE: u32 = 32;
/// Spread of (channel − luma) inside a tile from which the channel can hide text from luma.
const COLOUR_SPREAD: i16 = 56;
/// Margin around a colourful patch, px: context for the detector.
const COLOUR_MARGIN: u32 = 32;
/// Whether the samples of a frame stand for colours.
pub(super) fn is_colour(frame: &Frame) -> bool {
    frame.format.samples_per_pixel == 3 || frame.format.photometric == Photometric::PaletteColor
}

/// An 8-bit colour picture, row-major, R G B interleaved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rgb {
    /// Columns.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// `width * height * 3` values.
    pub data: Vec<u8>,
}

/// Whether the samples of a frame are those of an [`Rgb`] already.
pub(super) fn is_rgb8(f: &PixelFormat) -> bool {
    let whole_bytes = f.bits_allocated == 8 && f.bits_stored == 8;
    whole_bytes && f.samples_per_pixel == 3 && !f.planar && !f.photometric.is_ybr()
}

/// A colour or palette frame as 8-bit RGB.
pub(super) fn rgb(frame: &Frame, display: &Display) -> Rgb {
    let f = &frame.format;
    let mut data = Vec::with_capacity(f.rows as usize * f.cols as usize * 3);
    if f.samples_per_pixel == 1 {
        let gray = vec![0u8, 255];
        let fallback = Lut {
            first: 0,
            entries: gray,
        };
        let luts = match &display.palette {
            Some([r, g, b]) => [r, g, b],
            None => [&fallback, &fallback, &fallback],
        };
        for y in 0..f.rows {
            for x in 0..f.cols {
                let v = frame.value(x, y, 0);
                data.extend(luts.map(|l| l.at(v)));
            }
        }
        return Rgb {
            width: f.cols,
            height: f.rows,
            data,
        };
    }
    let shift = f.bits_stored.saturating_sub(8);
    let ybr = f.photometric.is_ybr();
    if is_rgb8(f) {
        data.extend_from_slice(&frame.data);
        return Rgb {
            width: f.cols,
            height: f.rows,
            data,
        };
    }
    for y in 0..f.rows {
        for x in 0..f.cols {
            let s = [0, 1, 2].map(|c| {
                let word = frame.word(x, y, c);
                let low = (u32::from(f.high_bit) + 1).saturating_sub(u32::from(f.bits_stored));
                (((word >> low) & (u64::MAX >> (64 - u32::from(f.bits_stored).clamp(1, 32))))
                    >> shift) as i32
            });
            data.extend(if ybr {
                ybr_to_rgb(s)
            } else {
                s.map(|v| v.clamp(0, 255) as u8)
            });
        }
    }
    Rgb {
        width: f.cols,
        height: f.rows,
        data,
    }
}

/// Full-range YCbCr to RGB (PS3.3 C.7.6.3.1.2), 16-bit fixed point.
fn ybr_to_rgb([y, cb, cr]: [i32; 3]) -> [u8; 3] {
    let (y, cb, cr) = (y << 16, cb - 128, cr - 128);
    let clip = |v: i32| ((v + (1 << 15)) >> 16).clamp(0, 255) as u8;
    [
        clip(y + 91_881 * cr),
        clip(y - 22_554 * cb - 46_802 * cr),
        clip(y + 116_130 * cb),
    ]
}

pub(super) fn luma([r, g, b]: [u8; 3]) -> u8 {
    ((77 * u32::from(r) + 150 * u32::from(g) + 29 * u32::from(b) + 128) >> 8) as u8
}

/// Luma of the whole picture; red and blue where they vary and luma need not. Any difference between two colours shows
/// in luma, in red or in blue: if luma and blue are equal, red and green differ in opposite directions.
pub(super) fn colour_views(pixels: &[[u8; 3]], w: u32, h: u32) -> Vec<View> {
    let gray = Gray {
        width: w,
        height: h,
        data: pixels.iter().map(|&p| luma(p)).collect(),
    };
    let patches = colourful_patches(pixels, &gray);
    let mut views = vec![View::whole("luma", gray)];
    for ((name, channel), patches) in [("red", 0), ("blue", 2)].into_iter().zip(patches) {
        for patch in patches {
            let mut part = Gray::new(patch.w, patch.h, 0);
            for y in 0..patch.h {
                let from = (patch.y + y) as usize * w as usize + patch.x as usize;
                let source = &pixels[from..from + patch.w as usize];
                for (to, p) in part.row_mut(y).iter_mut().zip(source) {
                    *to = p[channel];
                }
            }
            views.push(View {
                name: name.into(),
                origin: (patch.x, patch.y),
                picture: part,
            });
        }
    }
    views
}

/// Rectangles around groups of tiles in which red, and those in which blue varies against luma.
fn colourful_patches(pixels: &[[u8; 3]], gray: &Gray) -> [Vec<Rect>; 2] {
    let whole = Rect::new(0, 0, gray.width, gray.height);
    let mut patches = [Vec::new(), Vec::new()];
    for y in (0..whole.h).step_by(COLOUR_TILE as usize) {
        for x in (0..whole.w).step_by(COLOUR_TILE as usize) {
            let tile = Rect::new(x, y, COLOUR_TILE, COLOUR_TILE).intersect(&whole);
            let mut spans = [Span::default(), Span::default()];
            for y in tile.y..tile.bottom() {
                let row = y as usize * whole.w as usize;
                let across = row + tile.x as usize..row + tile.right() as usize;
                for (p, luma) in pixels[across.clone()].iter().zip(&gray.data[across]) {
                    for (span, channel) in spans.iter_mut().zip([p[0], p[2]]) {
                        span.add(i16::from(channel) - i16::from(*luma));
                    }
                }
            }
            for (span, patches) in spans.iter().zip(&mut patches) {
                if span.high - span.low >= COLOUR_SPREAD {
                    patches.push(tile.grow(COLOUR_MARGIN, whole.w, whole.h));
                }
            }
        }
    }
    patches.map(merge_touching)
}

/// Least and greatest of some differences of grey levels.
struct Span {
    low: i16,
    high: i16,
}

impl Default for Span {
    fn default() -> Self {
        Span {
            low: i16::from(u8::MAX),
            high: -i16::from(u8::MAX),
        }
    }
}

impl Span {
    fn add(&mut self, value: i16) {
        self.low = self.low.min(value);
        self.high = self.high.max(value);
    }
}

/// Merges rectangles until none overlaps another.
fn merge_touching(mut rects: Vec<Rect>) -> Vec<Rect> {
    loop {
        let mut merged: Vec<Rect> = Vec::new();
        let before = rects.len();
        for r in rects {
            match merged.iter_mut().find(|m| m.overlaps(&r)) {
                Some(m) => *m = m.hull(&r),
                None => merged.push(r),
            }
        }
        if merged.len() == before {
            merged.sort_unstable_by_key(|r| (r.y, r.x));
            return merged;
        }
        rects = merged;
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::format;
    use super::super::views;
    use super::*;

    #[test]
    fn colours_of_equal_luma_differ_in_a_channel_view() {
        // Pure red (luma 77) on a green of the same luma; blue on black.
        for pair in [
            [[255, 0, 0], [0, 131, 0]],
            [[0, 0, 255], [0, 0, 0]],
            [[255, 255, 0], [255, 255, 255]],
        ] {
            let pixels: Vec<[u8; 3]> = (0..64 * 64usize)
                .map(|i| pair[(i / 8 + i / 512) % 2])
                .collect();
            let all = colour_views(&pixels, 64, 64);
            let spread = |v: &View| {
                v.picture.data.iter().max().unwrap() - v.picture.data.iter().min().unwrap()
            };
            assert!(all.iter().any(|v| spread(v) >= 100), "{pair:?}");
        }
    }

    #[test]
    fn grey_pictures_in_colour_have_only_luma() {
        let frame = Frame {
            format: format(Photometric::Rgb, 8, 8, false, 3),
            data: vec![9, 9, 9, 200, 200, 200, 0, 0, 0, 5, 5, 5],
        };
        let all = views(&frame, &Display::default());
        assert_eq!(all.len(), 1);
        assert_eq!(all[0].picture.data, [9, 200, 0, 5]);
    }

    #[test]
    fn native_422_groups_share_chrominance() {
        let mut f = format(Photometric::YbrFull422, 8, 8, false, 3);
        f.rows = 1;
        let frame = Frame {
            format: f,
            data: vec![10, 200, 128, 128],
        };
        assert_eq!(
            rgb(&frame, &Display::default()).data,
            [10, 10, 10, 200, 200, 200]
        );
    }
}
