//! 8-bit pictures of a frame as a person could see it: what the detector looks at (design §3).
//!
//! Text must be found as it could be *seen*, not only at the default window. Every view has the frame's own resolution,
//! so rectangles need no scaling; a colour view may cover only the parts of the frame where colour hides something from
//! luma, and then says where it lies. Arithmetic is integer wherever a view depends on pixels; header windows go through
//! `f64` once per table entry.

mod float;

use crate::frame::{
    Display, Frame, Gray, Lut, Photometric, PixelFormat, Window, stored_value, word_of,
};
use crate::geometry::Rect;

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
/// Side of the tiles in which colour is weighed, px.
const COLOUR_TILE: u32 = 32;
/// Spread of (channel − luma) inside a tile from which the channel can hide text from luma.
const COLOUR_SPREAD: i16 = 56;
/// Margin around a colourful patch, px: context for the detector.
const COLOUR_MARGIN: u32 = 32;
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

/// The stored values over which the views of a grey frame are spread that no header asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ValueRange {
    /// All values.
    full: (i64, i64),
    /// All but the outermost half percent at each end.
    robust: (i64, i64),
}

impl ValueRange {
    /// Range of a frame of whole numbers with one grey sample a pixel; `None` for any other, whose views do not need one.
    pub fn of(frame: &Frame) -> Option<ValueRange> {
        let spread = !frame.format.float && !is_colour(frame);
        spread.then(|| Histogram::of(frame).range())
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
fn is_rgb8(f: &PixelFormat) -> bool {
    let whole_bytes = f.bits_allocated == 8 && f.bits_stored == 8;
    whole_bytes && f.samples_per_pixel == 3 && !f.planar && !f.photometric.is_ybr()
}

/// A colour or palette frame as 8-bit RGB.
fn rgb(frame: &Frame, display: &Display) -> Rgb {
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

fn luma([r, g, b]: [u8; 3]) -> u8 {
    ((77 * u32::from(r) + 150 * u32::from(g) + 29 * u32::from(b) + 128) >> 8) as u8
}

/// Luma of the whole picture; red and blue where they vary and luma need not. Any difference between two colours shows
/// in luma, in red or in blue: if luma and blue are equal, red and green differ in opposite directions.
fn colour_views(pixels: &[[u8; 3]], w: u32, h: u32) -> Vec<View> {
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

fn is_colour(frame: &Frame) -> bool {
    frame.format.samples_per_pixel == 3 || frame.format.photometric == Photometric::PaletteColor
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

/// Stored values of a frame, counted.
struct Histogram {
    /// Distinct values, ascending, and how many pixels have one up to this.
    cumulative: Vec<(i64, u64)>,
}

impl Histogram {
    fn of(frame: &Frame) -> Histogram {
        let f = &frame.format;
        let mut counts: Vec<(i64, u64)> = Vec::new();
        if f.bytes_per_sample() <= 2 {
            let mut table = vec![0u64; 1 << (8 * f.bytes_per_sample())];
            for_words(frame, |w| table[w as usize] += 1);
            counts.extend(
                table
                    .iter()
                    .enumerate()
                    .filter(|(_, n)| **n > 0)
                    .map(|(w, &n)| (stored_value(f, w as u64), n)),
            );
            counts.sort_unstable_by_key(|c| c.0);
        } else {
            let mut values: Vec<i64> = Vec::with_capacity(f.samples_per_frame());
            for_words(frame, |w| values.push(stored_value(f, w)));
            values.sort_unstable();
            counts.extend(
                values
                    .chunk_by(|a, b| a == b)
                    .map(|c| (c[0], c.len() as u64)),
            );
        }
        let mut sum = 0;
        for c in &mut counts {
            sum += c.1;
            c.1 = sum;
        }
        Histogram { cumulative: counts }
    }

    fn range(&self) -> ValueRange {
        ValueRange {
            full: (self.quantile(0, 1000), self.quantile(1000, 1000)),
            robust: (self.quantile(5, 1000), self.quantile(995, 1000)),
        }
    }

    /// The smallest value that at least `part / whole` of the pixels do not exceed.
    fn quantile(&self, part: u64, whole: u64) -> i64 {
        let total = self.cumulative.last().map_or(0, |c| c.1);
        let want = (u128::from(total) * u128::from(part)).div_ceil(u128::from(whole)) as u64;
        let i = self.cumulative.partition_point(|c| c.1 < want.max(1));
        self.cumulative
            .get(i)
            .or(self.cumulative.last())
            .map_or(0, |c| c.0)
    }
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

    fn format(
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
