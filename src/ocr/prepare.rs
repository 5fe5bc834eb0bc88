//! Makes the network's input from a box in a picture: cut out, turned upright, scaled to the input height.
//!
//! The form is the one of training: grey values as they are (either polarity, any contrast), the aspect ratio kept,
//! black behind the right end. Only the box is ever scaled, never the picture. Integer arithmetic throughout, so that
//! the input is the same bytes on every machine.

use super::{INPUT_HEIGHT, STEP_PX};
use crate::frame::Gray;
use crate::geometry::Rect;
use crate::line::Orientation;

/// A rectangle that may reach beyond the picture it is meant for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Window {
    pub x0: i64,
    pub y0: i64,
    pub x1: i64,
    pub y1: i64,
}

impl Window {
    pub fn width(&self) -> i64 {
        self.x1 - self.x0
    }

    pub fn height(&self) -> i64 {
        self.y1 - self.y0
    }

    pub fn grow(&self, dx: i64, dy: i64) -> Window {
        Window {
            x0: self.x0 - dx,
            y0: self.y0 - dy,
            x1: self.x1 + dx,
            y1: self.y1 + dy,
        }
    }
}

/// A line and its surroundings, turned so that the text would read from left to right.
#[derive(Clone, Debug)]
pub(super) struct Scene {
    /// The line's box and a margin of one line height around it.
    pub picture: Gray,
    /// The box in `picture`.
    pub tight: Window,
    orientation: Orientation,
    /// The line's box in the frame.
    frame_box: Rect,
}

impl Scene {
    /// Cuts a box, which must have an area, and its margin out of a frame. Beyond the frame its border pixels go on.
    pub fn new(frame: &Gray, tight: Rect, orientation: Orientation) -> Self {
        let margin = i64::from(tight.w.min(tight.h));
        let [x, y] = [tight.x, tight.y].map(i64::from);
        let window = Window {
            x0: x,
            y0: y,
            x1: x + i64::from(tight.w),
            y1: y + i64::from(tight.h),
        };
        let picture = upright(&cut(frame, &window.grow(margin, margin)), orientation);
        Scene {
            tight: Window {
                x0: 0,
                y0: 0,
                x1: i64::from(picture.width),
                y1: i64::from(picture.height),
            }
            .grow(-margin, -margin),
            picture,
            orientation,
            frame_box: tight,
        }
    }

    /// The part of the frame that the columns `from..to` of [`Scene::picture`] show, as high as the line's box.
    pub fn in_frame(&self, from: i64, to: i64) -> Rect {
        let b = &self.frame_box;
        let margin = i64::from(b.w.min(b.h));
        let reversed = matches!(
            self.orientation,
            Orientation::Up | Orientation::Turned | Orientation::Mirrored
        );
        let vertical = matches!(self.orientation, Orientation::Up | Orientation::Down);
        let length = i64::from(self.picture.width);
        let (from, to) = if reversed {
            (length - to, length - from)
        } else {
            (from, to)
        };
        let start = i64::from(if vertical { b.y } else { b.x }) - margin;
        let [from, to] = [from, to].map(|v| u32::try_from((start + v).max(0)).unwrap_or(u32::MAX));
        if vertical {
            Rect::from_corners(b.x, from, b.right(), to)
        } else {
            Rect::from_corners(from, b.y, to, b.bottom())
        }
    }
}

/// Cuts a window out of a picture; beyond the picture its border pixels go on.
pub(super) fn cut(picture: &Gray, window: &Window) -> Gray {
    let (right, bottom) = (i64::from(picture.width) - 1, i64::from(picture.height) - 1);
    if right < 0 || bottom < 0 || window.width() <= 0 || window.height() <= 0 {
        return Gray::default();
    }
    let columns: Vec<usize> = (window.x0..window.x1)
        .map(|x| x.clamp(0, right) as usize)
        .collect();
    let mut data = Vec::with_capacity(columns.len() * window.height() as usize);
    for y in window.y0..window.y1 {
        let row = picture.row(y.clamp(0, bottom) as u32);
        data.extend(columns.iter().map(|&x| row[x]));
    }
    Gray {
        width: columns.len() as u32,
        height: window.height() as u32,
        data,
    }
}

/// Turns a picture so that text running as `orientation` says reads from left to right.
fn upright(picture: &Gray, orientation: Orientation) -> Gray {
    let (w, h) = (picture.width, picture.height);
    let (width, height) = match orientation {
        Orientation::Up | Orientation::Down => (h, w),
        Orientation::Upright | Orientation::Turned | Orientation::Mirrored => (w, h),
    };
    let mut turned = Gray::new(width, height, 0);
    for y in 0..height {
        for (x, to) in (0..width).zip(turned.row_mut(y)) {
            *to = match orientation {
                Orientation::Upright => picture.at(x, y),
                Orientation::Up => picture.at(y, h - 1 - x),
                Orientation::Down => picture.at(w - 1 - y, x),
                Orientation::Turned => picture.at(w - 1 - x, h - 1 - y),
                Orientation::Mirrored => picture.at(w - 1 - x, y),
            };
        }
    }
    turned
}

/// Weights of source pixels for one output pixel, in units of 1 / [`ONE`], from source pixel `first` on.
struct Taps {
    first: usize,
    weights: Vec<u32>,
}

/// Fixed-point one of the filter weights.
const ONE: u32 = 1 << 11;

/// Filter taps for scaling `from` pixels (at least 1) to `to`: linear between pixel centres when enlarging, the mean of
/// the covered area when shrinking. The weights of a pixel add up to [`ONE`].
fn taps(from: usize, to: usize) -> Vec<Taps> {
    let (from, to, one) = (from as u64, to as u64, u64::from(ONE));
    let enlarge = |i: u64| {
        // Where the centre of output pixel i lies between source centres, in units of 1 / (2 · to) pixels.
        let at = ((2 * i + 1) * from)
            .saturating_sub(to)
            .min(2 * to * (from - 1));
        let second = (at % (2 * to) * one / (2 * to)) as u32;
        Taps {
            first: (at / (2 * to)) as usize,
            weights: if second == 0 {
                vec![ONE]
            } else {
                vec![ONE - second, second]
            },
        }
    };
    let shrink = |i: u64| {
        let (start, end) = (i * from, (i + 1) * from);
        let mut spent = 0;
        let weights = (start / to..end.div_ceil(to)).map(|p| {
            // Differences of rounded sums, so that nothing is lost to rounding.
            let sum = ((((p + 1) * to).min(end) - start) * one / from) as u32;
            let weight = sum - spent;
            spent = sum;
            weight
        });
        Taps {
            weights: weights.collect(),
            first: (start / to) as usize,
        }
    };
    (0..to)
        .map(|i| if from <= to { enlarge(i) } else { shrink(i) })
        .collect()
}

/// Scales a picture to `width` × `height`; an empty one gives black.
fn scale(picture: &Gray, width: usize, height: usize) -> Gray {
    let mut scaled = Gray::new(width as u32, height as u32, 0);
    if picture.width == 0 || picture.height == 0 {
        return scaled;
    }
    let across = taps(picture.width as usize, width);
    let down = taps(picture.height as usize, height);
    // Rows first; their sums keep the fixed-point factor.
    let rows: Vec<Vec<u32>> = (0..picture.height)
        .map(|y| {
            let row = picture.row(y);
            let sum = |t: &Taps| {
                let pairs = row[t.first..].iter().zip(&t.weights);
                pairs.map(|(&v, &k)| u32::from(v) * k).sum()
            };
            across.iter().map(sum).collect()
        })
        .collect();
    let unit = u64::from(ONE) * u64::from(ONE);
    for (y, t) in down.iter().enumerate() {
        for (x, to) in scaled.row_mut(y as u32).iter_mut().enumerate() {
            let pairs = rows[t.first..].iter().zip(&t.weights);
            let sum: u64 = pairs
                .map(|(row, &k)| u64::from(row[x]) * u64::from(k))
                .sum();
            *to = ((sum + unit / 2) / unit) as u8;
        }
    }
    scaled
}

/// The network's input: [`INPUT_HEIGHT`] rows of `padded` columns, of which the first `width` hold the line.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Strip {
    pub pixels: Vec<u8>,
    pub width: usize,
    pub padded: usize,
}

/// Narrowest input.
const MIN_WIDTH: usize = 10;

/// Columns of the input for a window.
pub(super) fn strip_width(window: &Window) -> usize {
    (INPUT_HEIGHT * window.width().max(0) as usize / window.height().max(1) as usize).max(MIN_WIDTH)
}

/// The input for a window of an upright line picture.
pub(super) fn strip(picture: &Gray, window: &Window) -> Strip {
    let width = strip_width(window);
    let scaled = scale(&cut(picture, window), width, INPUT_HEIGHT);
    let padded = width.next_multiple_of(2 * STEP_PX);
    let mut pixels = Vec::with_capacity(padded * INPUT_HEIGHT);
    for y in 0..INPUT_HEIGHT as u32 {
        pixels.extend_from_slice(scaled.row(y));
        pixels.resize(pixels.len() + padded - width, 0);
    }
    Strip {
        pixels,
        width,
        padded,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ramp(width: u32, height: u32) -> Gray {
        let mut g = Gray::new(width, height, 0);
        for y in 0..height {
            for (x, v) in g.row_mut(y).iter_mut().enumerate() {
                *v = (x as u32 * 7 + y * 31) as u8;
            }
        }
        g
    }

    #[test]
    fn weights_add_up_at_every_scale() {
        for (from, to) in [
            (1, 1),
            (1, 32),
            (5, 32),
            (31, 32),
            (32, 32),
            (33, 32),
            (97, 32),
            (4000, 7),
        ] {
            let taps = taps(from, to);
            assert_eq!(taps.len(), to);
            for t in &taps {
                assert_eq!(t.weights.iter().sum::<u32>(), ONE, "{from} to {to}");
                assert!(t.first + t.weights.len() <= from, "{from} to {to}");
            }
        }
    }

    #[test]
    fn scaling_keeps_flat_pictures_flat_and_equal_sizes_equal() {
        for value in [0, 1, 127, 255] {
            let scaled = scale(&Gray::new(13, 57, value), 29, 32);
            assert!(scaled.data.iter().all(|&v| v == value));
        }
        let picture = ramp(40, 32);
        assert_eq!(scale(&picture, 40, 32), picture);
    }

    #[test]
    fn shrinking_by_two_takes_means() {
        let picture = Gray {
            width: 4,
            height: 2,
            data: vec![0, 10, 20, 30, 40, 50, 60, 70],
        };
        assert_eq!(scale(&picture, 2, 1).data, [25, 45]);
    }

    #[test]
    fn cutting_beyond_the_frame_repeats_its_border() {
        let picture = Gray {
            width: 2,
            height: 2,
            data: vec![1, 2, 3, 4],
        };
        let window = Window {
            x0: -1,
            y0: 1,
            x1: 3,
            y1: 3,
        };
        assert_eq!(cut(&picture, &window).data, [3, 3, 4, 4, 3, 3, 4, 4]);
        assert_eq!(cut(&Gray::default(), &window), Gray::default());
    }

    #[test]
    fn columns_of_a_scene_map_back_to_the_frame() {
        // One marked pixel in a box: wherever turning takes it, its column maps back to a rectangle around it.
        let boxed = Rect::new(10, 20, 9, 5);
        let at = (13, 21);
        let mut frame = Gray::new(40, 40, 0);
        frame.row_mut(at.1)[at.0 as usize] = 255;
        use Orientation::*;
        for orientation in [Upright, Up, Down, Turned, Mirrored] {
            let scene = Scene::new(&frame, boxed, orientation);
            let hit = scene
                .picture
                .data
                .iter()
                .position(|&v| v == 255)
                .expect("marked pixel") as i64;
            let column = hit % i64::from(scene.picture.width);
            let back = scene.in_frame(column, column + 1);
            assert!(back.contains_point(at.0, at.1), "{orientation:?}");
            let across = if matches!(orientation, Up | Down) {
                (9, 1)
            } else {
                (1, 5)
            };
            assert_eq!((back.w, back.h), across, "{orientation:?}");
            let whole = scene.in_frame(scene.tight.x0, scene.tight.x1);
            assert_eq!(whole, boxed, "{orientation:?}");
        }
    }

    #[test]
    fn strips_are_padded_with_black_to_whole_steps() {
        let s = strip(
            &Gray::new(30, 16, 200),
            &Window {
                x0: 0,
                y0: 0,
                x1: 29,
                y1: 16,
            },
        );
        assert_eq!((s.width, s.padded, s.pixels.len()), (58, 64, 64 * 32));
        assert!(
            s.pixels
                .chunks(64)
                .all(|r| r[57] == 200 && r[58..].iter().all(|&v| v == 0))
        );
    }
}
