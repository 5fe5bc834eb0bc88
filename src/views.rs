//! 8-bit pictures of a frame as a person could see it: what the detector looks at (design §3).
//!
//! Text must be found as it could be *seen*, not only at the default window. Every view has the frame's own resolution,
//! so rectangles need no scaling; a colour view may cover only the parts of the frame where colour hides something from
//! luma, and then says where it lies. Arithmetic is integer wherever a view depends on pixels; header windows go through
//! `f64` once per table entry.

mod colour;
mod float;
mod histogram;

pub use colour::Rgb;
pub use histogram::ValueRange;

use crate::frame::{Display, Frame, Gray, Photometric, Window, stored_value, word_of};
use colour::{colour_views, is_colour, is_rgb8, luma, rgb};
use histogram::Histogram;

/// One picture of a frame, or of a part of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct View {
    /// `luma`, `red`, `blue`, `window-1`, `voi-lut-1`, `modality-lut`, `full-range`, `robust-range`, `low-range`, `high-range`, `overlay-6000`;
    /// of floats also `rank` and `no-number`.
    pub name: String,
    /// Where the picture lies in the frame: column and row of its top left pixel.
    pub origin: (u32, u32),
    /// The picture.
    pub picture: Gray,
}

impl View {
    fn whole(name: impl Into<String>, picture: Gray) -> View {
        View {
            name: name.into(),
            origin: (0, 0),
            picture,
        }
    }
}

/// Two views differing by at most this much in every pixel count as one.
const SAME_VIEW: u8 = 12;
/// Share of the full range, as a divisor, that the low-range and high-range views spread over all grey levels.
const END_RANGE_DIVISOR: i64 = 16;

/// Every distinct view of a frame; at least one.
pub fn views(frame: &Frame, display: &Display) -> Vec<View> {
    views_over(frame, display, None)
}

/// The views of a frame of which parts are masked, spread over the range that it had before: without its text a picture
/// would be spread until its noise reads as text. Its own range where there is none.
pub fn views_over(frame: &Frame, display: &Display, range: Option<ValueRange>) -> Vec<View> {
    if frame.format.float {
        float::views(frame, display)
    } else if is_colour(frame) {
        let (w, h) = (frame.format.cols, frame.format.rows);
        if is_rgb8(&frame.format) {
            return colour_views(frame.data.as_chunks().0, w, h);
        }
        colour_views(rgb(frame, display).data.as_chunks().0, w, h)
    } else {
        gray_views(
            frame,
            display,
            range.unwrap_or_else(|| Histogram::of(frame).range()),
        )
    }
}

/// The picture that a person sees first: colour as it is, grey through the first window or the robust range. For previews.
pub fn first_look(frame: &Frame, display: &Display) -> Rgb {
    match look(frame, display, Look::First) {
        Some(Picture::Rgb(picture)) => picture,
        Some(Picture::Gray(picture)) => Rgb {
            width: picture.width,
            height: picture.height,
            data: picture.data.iter().flat_map(|&v| [v, v, v]).collect(),
        },
        // There always is a first look: the full range, if nothing else.
        None => Rgb {
            width: 0,
            height: 0,
            data: Vec::new(),
        },
    }
}

/// Views of a frame with one sample a pixel, the one that a person sees first in front.
fn gray_views(frame: &Frame, display: &Display, range: ValueRange) -> Vec<View> {
    let mut views: Vec<View> = Vec::new();
    for (name, table) in header_tables(display)
        .into_iter()
        .chain(range_tables(frame, range))
    {
        let picture = render(frame, table.as_ref());
        let same = |v: &View| {
            v.picture
                .data
                .iter()
                .zip(&picture.data)
                .all(|(a, b)| a.abs_diff(*b) <= SAME_VIEW)
        };
        if !views.iter().any(same) {
            views.push(View::whole(name, picture));
        }
    }
    views
}

/// From stored values to grey levels.
type Table<'a> = Box<dyn Fn(i64) -> u8 + 'a>;

fn window_table(display: &Display, w: Window) -> Table<'_> {
    Box::new(move |v| window(w, display.modality_value(v)))
}

/// The views that the header asks for.
fn header_tables(display: &Display) -> Vec<(String, Table<'_>)> {
    let windows = display.windows.iter().enumerate();
    let mut tables: Vec<(String, Table<'_>)> = windows
        .map(|(i, w)| (format!("window-{}", i + 1), window_table(display, *w)))
        .collect();
    for (i, l) in display.voi_luts.iter().enumerate() {
        let table = move |v: i64| l.at(display.modality_value(v).round() as i64);
        tables.push((format!("voi-lut-{}", i + 1), Box::new(table)));
    }
    if let Some(lut) = &display.modality_lut {
        let low = lut.entries.iter().copied().min().unwrap_or_default();
        let high = lut.entries.iter().copied().max().unwrap_or_default();
        let table = move |v: i64| spread(lut.at(v).into(), low.into(), high.into());
        tables.push(("modality-lut".into(), Box::new(table)));
    }
    tables
}

/// The views that the stored values ask for.
fn range_tables(frame: &Frame, range: ValueRange) -> Vec<(String, Table<'static>)> {
    let ((min, max), (low, high)) = (range.full, range.robust);
    let mut tables: Vec<(String, Table<'static>)> = Vec::new();
    let mut add = |name: &str, from: i64, to: i64| {
        tables.push((name.into(), Box::new(move |v| spread(v, from, to))));
    };
    if high > low {
        add("robust-range", low, high);
    }
    add("full-range", min, max);
    if frame.format.bits_stored > 8 {
        // Text on air or on a saturated patch: the ends of the range, spread.
        let part = (max - min) / END_RANGE_DIVISOR;
        if part > 0 {
            add("low-range", min, min + part);
            add("high-range", max - part, max);
        }
    }
    tables
}

/// How a person wants to see a frame.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Look<'a> {
    /// As [`first_look`] shows it.
    First,
    /// The view with this name, over the whole frame.
    View(&'a str),
    /// Through this window, on values after the modality transform.
    Window(Window),
}

/// A picture for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Picture {
    /// Grey levels.
    Gray(Gray),
    /// Colour.
    Rgb(Rgb),
}

/// One picture of a frame, without making the others; `None` where there is no view of that name. Windows mean nothing for
/// colour, which is shown as it is.
pub fn look(frame: &Frame, display: &Display, look: Look<'_>) -> Option<Picture> {
    if is_colour(frame) {
        let picture = rgb(frame, display);
        let channel = match look {
            Look::View("luma") => None,
            Look::View("red") => Some(0),
            Look::View("blue") => Some(2),
            Look::View(_) => return None,
            Look::First | Look::Window(_) => return Some(Picture::Rgb(picture)),
        };
        let pixels = picture.data.as_chunks::<3>().0.iter();
        return Some(Picture::Gray(Gray {
            width: picture.width,
            height: picture.height,
            data: pixels
                .map(|p| channel.map_or_else(|| luma(*p), |c: usize| p[c]))
                .collect(),
        }));
    }
    if frame.format.float {
        let mut display = display.clone();
        if let Look::Window(w) = look {
            display.windows = vec![w];
        }
        let mut views = float::views(frame, &display).into_iter();
        let view = match look {
            Look::View(name) => views.find(|v| v.name == name),
            Look::First | Look::Window(_) => views.next(),
        };
        return view.map(|v| Picture::Gray(v.picture));
    }
    let picture = match look {
        Look::Window(w) => render(frame, window_table(display, w).as_ref()),
        Look::First => {
            let first = header_tables(display).into_iter().next();
            let (_, table) = first.or_else(|| {
                range_tables(frame, Histogram::of(frame).range())
                    .into_iter()
                    .next()
            })?;
            render(frame, table.as_ref())
        }
        Look::View(name) => {
            let named = |(n, _): &(String, Table<'_>)| n == name;
            let table = match header_tables(display).into_iter().find(named) {
                Some((_, table)) => table,
                None => {
                    let mut tables = range_tables(frame, Histogram::of(frame).range()).into_iter();
                    tables.find(|(n, _)| n == name)?.1
                }
            };
            render(frame, table.as_ref())
        }
    };
    Some(Picture::Gray(picture))
}

/// The linear VOI function (PS3.3 C.11.2.1.2.1), to 0–255.
fn window(w: Window, x: f64) -> u8 {
    let width = w.width.max(1.0);
    let y = if width <= 1.0 {
        if x > w.center - 0.5 { 255.0 } else { 0.0 }
    } else {
        ((x - (w.center - 0.5)) / (width - 1.0) + 0.5) * 255.0
    };
    y.round().clamp(0.0, 255.0) as u8
}

/// `low..=high` spread over 0–255.
fn spread(v: i64, low: i64, high: i64) -> u8 {
    let range = (high - low).max(1);
    (((v - low).clamp(0, range) * 255 + range / 2) / range) as u8
}

/// The frame through a table.
fn render(frame: &Frame, table: &dyn Fn(i64) -> u8) -> Gray {
    let f = &frame.format;
    let invert = if f.photometric == Photometric::Monochrome1 {
        255
    } else {
        0
    };
    let mut data = Vec::with_capacity(f.samples_per_frame());
    if f.bytes_per_sample() <= 2 {
        let mut lut = vec![0u8; 1 << (8 * f.bytes_per_sample())];
        // Bits outside the stored field do not count for the value, so many words can stand for one: fill on sight.
        let mut known = vec![false; lut.len()];
        for_words(frame, |w| {
            let i = w as usize;
            if !known[i] {
                known[i] = true;
                lut[i] = table(stored_value(f, w)) ^ invert;
            }
            data.push(lut[i]);
        });
    } else {
        for_words(frame, |w| data.push(table(stored_value(f, w)) ^ invert));
    }
    Gray {
        width: f.cols,
        height: f.rows,
        data,
    }
}

/// Calls `each` with the raw word of every sample, in order.
fn for_words(frame: &Frame, mut each: impl FnMut(u64)) {
    match frame.format.bytes_per_sample() {
        1 => frame.data.iter().for_each(|&b| each(u64::from(b))),
        2 => frame
            .data
            .chunks_exact(2)
            .for_each(|b| each(u64::from(u16::from_le_bytes([b[0], b[1]])))),
        n => frame.data.chunks_exact(n).for_each(|b| each(word_of(b))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::{ModalityLut, PixelFormat};

    pub(super) fn format(
        photometric: Photometric,
        bits: u16,
        stored: u16,
        signed: bool,
        spp: u16,
    ) -> PixelFormat {
        PixelFormat {
            rows: 2,
            cols: 2,
            samples_per_pixel: spp,
            bits_allocated: bits,
            bits_stored: stored,
            high_bit: stored - 1,
            signed,
            photometric,
            planar: false,
            float: false,
        }
    }

    fn words16(words: [u16; 4]) -> Vec<u8> {
        words.iter().flat_map(|w| w.to_le_bytes()).collect()
    }

    #[test]
    fn a_masked_frame_is_seen_over_the_range_that_it_had_with_its_text() {
        let format = format(Photometric::Monochrome2, 8, 8, false, 1);
        let text = Frame {
            format,
            data: vec![60, 62, 64, 220],
        };
        let masked = Frame {
            format,
            data: vec![60, 62, 64, 60],
        };
        let seen = |range| {
            let views = views_over(&masked, &Display::default(), range);
            views[0].picture.data.clone()
        };
        assert_eq!(seen(ValueRange::of(&text)), [0, 3, 6, 0]);
        assert_eq!(
            seen(None),
            [0, 128, 255, 0],
            "noise, spread over all grey levels"
        );
    }

    #[test]
    fn monochrome1_is_shown_with_the_lowest_value_white() {
        let frame = Frame {
            format: format(Photometric::Monochrome1, 8, 8, false, 1),
            data: vec![0, 10, 20, 20],
        };
        assert_eq!(
            views(&frame, &Display::default())[0].picture.data,
            [255, 128 - 1, 0, 0]
        );
    }

    #[test]
    fn faint_values_beside_a_wide_range_are_spread_in_the_low_view() {
        let frame = Frame {
            format: format(Photometric::Monochrome2, 16, 12, false, 1),
            data: words16([0, 40, 4000, 4095]),
        };
        let all = views(&frame, &Display::default());
        let low = all.iter().find(|v| v.name == "low-range").unwrap();
        assert!(low.picture.data[1] >= 35, "{:?}", low.picture.data);
        assert_eq!(low.picture.data[2], 255);
    }

    #[test]
    fn signed_samples_are_ordered_by_value_and_bits_outside_the_field_do_not_count() {
        // −1 as 12-bit two's complement with rubbish above the field, then −2048, 0 and 2047.
        let frame = Frame {
            format: format(Photometric::Monochrome2, 16, 12, true, 1),
            data: words16([0xAFFF, 0x0800, 0, 0x07FF]),
        };
        let full = views(&frame, &Display::default());
        let data = &full
            .iter()
            .find(|v| v.name == "robust-range")
            .unwrap()
            .picture
            .data;
        assert!(
            data[1] < data[0] && data[0] <= data[2] && data[2] < data[3],
            "{data:?}"
        );
    }

    #[test]
    fn header_windows_come_first_and_equal_views_are_dropped() {
        let frame = Frame {
            format: format(Photometric::Monochrome2, 16, 12, false, 1),
            data: words16([0, 1000, 2000, 4000]),
        };
        let w = Window {
            center: 2000.0,
            width: 4001.0,
        };
        let display = Display {
            slope: 1.0,
            windows: vec![w, w],
            ..Display::default()
        };
        let all = views(&frame, &display);
        assert_eq!(all[0].name, "window-1");
        assert!(
            !all.iter()
                .any(|v| v.name == "window-2" || v.name == "full-range")
        );
    }

    #[test]
    fn windows_are_meant_for_what_the_modality_lut_gives() {
        let frame = Frame {
            format: format(Photometric::Monochrome2, 16, 12, false, 1),
            data: words16([9, 10, 11, 4000]),
        };
        let display = Display {
            slope: 5.0,
            windows: vec![Window {
                center: 30_000.0,
                width: 1.0,
            }],
            modality_lut: Some(ModalityLut {
                first: 10,
                entries: vec![7, 60_007, 0],
            }),
            ..Display::default()
        };
        let all = views(&frame, &display);
        let data = |name: &str| {
            all.iter()
                .find(|v| v.name == name)
                .map(|v| &*v.picture.data)
        };
        assert_eq!(data("window-1"), Some(&[0, 0, 255, 0][..]));
        assert_eq!(data("modality-lut"), None, "the window shows the same");
        let unwindowed = Display {
            windows: Vec::new(),
            ..display
        };
        assert_eq!(views(&frame, &unwindowed)[0].name, "modality-lut");
    }

    #[test]
    fn flat_and_single_pixel_frames_have_a_view() {
        let mut f = format(Photometric::Monochrome2, 16, 16, false, 1);
        (f.rows, f.cols) = (1, 1);
        assert_eq!(
            views(
                &Frame {
                    format: f,
                    data: vec![7, 0]
                },
                &Display::default()
            )
            .len(),
            1
        );
    }
}
