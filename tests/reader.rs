//! The reader on lines drawn by the test: sizes, polarities, turns, and what a reading must not depend on.

use embedded_graphics::mono_font::iso_8859_1::{FONT_6X10, FONT_7X13, FONT_9X15, FONT_10X20};
use embedded_graphics::mono_font::{MonoFont, MonoTextStyle};
use embedded_graphics::pixelcolor::BinaryColor;
use embedded_graphics::prelude::*;
use embedded_graphics::text::{Baseline, Text};
use std::sync::LazyLock;
use unburn::frame::Gray;
use unburn::geometry::Rect;
use unburn::line::{Orientation, Reading, Strength, TextLine};
use unburn::models::Models;
use unburn::ocr::{CachedReader, CtcReader, Reader};

static READER: LazyLock<CtcReader> = LazyLock::new(|| {
    let models = Models::embedded().expect("models");
    CtcReader::new(models.reader(), models.alphabet()).expect("reader")
});

/// The same network in the form that other engines take.
static JUDGE: &[u8] = include_bytes!("../models/reader.rten");

/// Where embedded-graphics draws: set pixels are ink.
struct Canvas {
    width: u32,
    ink: Vec<bool>,
}

impl OriginDimensions for Canvas {
    fn size(&self) -> Size {
        Size::new(self.width, self.ink.len() as u32 / self.width)
    }
}

impl DrawTarget for Canvas {
    type Color = BinaryColor;
    type Error = std::convert::Infallible;

    fn draw_iter<I: IntoIterator<Item = Pixel<BinaryColor>>>(
        &mut self,
        pixels: I,
    ) -> Result<(), Self::Error> {
        for Pixel(p, colour) in pixels {
            if self.bounding_box().contains(p) && colour.is_on() {
                self.ink[p.y as usize * self.width as usize + p.x as usize] = true;
            }
        }
        Ok(())
    }
}

/// A text drawn with every font pixel `zoom` wide and high, in a frame with room around it, and the box of its ink.
fn page(text: &str, font: &MonoFont, zoom: u32, ink: u8, ground: u8) -> (Gray, Rect) {
    let size = font.character_size;
    let (w, h) = (size.width * text.chars().count() as u32, size.height);
    let mut canvas = Canvas {
        width: w,
        ink: vec![false; (w * h) as usize],
    };
    let style = MonoTextStyle::new(font, BinaryColor::On);
    Text::with_baseline(text, Point::zero(), style, Baseline::Top)
        .draw(&mut canvas)
        .expect("drawing");
    let room = 12;
    let mut page = Gray::new(w * zoom + 2 * room, h * zoom + 2 * room, ground);
    let mut tight = Rect::default();
    for y in 0..h * zoom {
        for x in 0..w * zoom {
            if canvas.ink[(y / zoom * w + x / zoom) as usize] {
                page.row_mut(y + room)[(x + room) as usize] = ink;
                tight = tight.hull(&Rect::new(x + room, y + room, 1, 1));
            }
        }
    }
    (page, tight)
}

/// The picture so turned that its text runs as `orientation`, with its box.
fn turned(picture: &Gray, tight: Rect, orientation: Orientation) -> (Gray, Rect) {
    let (w, h) = (picture.width, picture.height);
    let to = |x: u32, y: u32| match orientation {
        Orientation::Upright => (x, y),
        Orientation::Up => (y, w - 1 - x),
        Orientation::Down => (h - 1 - y, x),
        Orientation::Turned => (w - 1 - x, h - 1 - y),
        Orientation::Mirrored => (w - 1 - x, y),
    };
    let quarter = matches!(orientation, Orientation::Up | Orientation::Down);
    let mut out = if quarter {
        Gray::new(h, w, 0)
    } else {
        Gray::new(w, h, 0)
    };
    for y in 0..h {
        for x in 0..w {
            let (x2, y2) = to(x, y);
            out.row_mut(y2)[x2 as usize] = picture.at(x, y);
        }
    }
    let corner = |(x, y): (u32, u32)| Rect::new(x, y, 1, 1);
    let a = corner(to(tight.x, tight.y));
    let b = corner(to(tight.right() - 1, tight.bottom() - 1));
    (out, a.hull(&b))
}

fn line(tight: Rect) -> TextLine {
    TextLine {
        tight,
        cover: vec![tight],
        strength: Strength::Weak,
    }
}

fn read(picture: &Gray, tight: Rect) -> Reading {
    READER.read(picture, &line(tight))
}

#[test]
fn both_polarities_are_read_from_6_to_60_px() {
    for (font, zoom) in [
        (&FONT_6X10, 1),
        (&FONT_7X13, 1),
        (&FONT_9X15, 1),
        (&FONT_9X15, 2),
        (&FONT_10X20, 2),
        (&FONT_10X20, 4),
    ] {
        for (ink, ground) in [(230, 10), (20, 240), (120, 90)] {
            let (picture, tight) = page("MI 0.7 Depth 15 cm", font, zoom, ink, ground);
            let reading = read(&picture, tight);
            assert_eq!(
                reading.text(),
                "MI 0.7 Depth 15 cm",
                "{zoom} × {:?}, {ink} on {ground}",
                font.character_size
            );
            assert!(
                reading.confidence > 500,
                "{zoom} × {:?}, {ink} on {ground}: {}",
                font.character_size,
                reading.confidence
            );
        }
    }
}

#[test]
fn loose_and_shifted_boxes_read_the_same_text() {
    let (picture, t) = page("Pulse Rate 72", &FONT_7X13, 1, 255, 0);
    for (l, u, r, d) in [(4, 4, 4, 4), (2, 0, 0, 2), (0, 2, 2, 0), (6, 1, 6, 3)] {
        let loose = Rect::from_corners(t.x - l, t.y - u, t.right() + r, t.bottom() + d);
        assert_eq!(read(&picture, loose).text(), "Pulse Rate 72", "{loose:?}");
    }
}

#[test]
fn vertical_lines_are_read_both_ways() {
    for orientation in [Orientation::Up, Orientation::Down] {
        let (picture, tight) = page("LEFT KIDNEY", &FONT_9X15, 1, 240, 30);
        let (picture, tight) = turned(&picture, tight, orientation);
        let reading = read(&picture, tight);
        assert_eq!(
            (reading.text().as_str(), reading.orientation),
            ("LEFT KIDNEY", orientation)
        );
        // Characters follow each other along the box.
        let mut places: Vec<u32> = reading.chars.iter().map(|c| c.rect.y).collect();
        if orientation == Orientation::Up {
            places.reverse();
        }
        assert!(places.is_sorted());
        assert!(
            reading
                .chars
                .iter()
                .all(|c| (c.rect.x, c.rect.w) == (tight.x, tight.w))
        );
    }
}

#[test]
fn large_markers_are_read_upside_down_and_mirrored() {
    for orientation in [Orientation::Turned, Orientation::Mirrored] {
        let (picture, tight) = page("LEFT", &FONT_10X20, 2, 250, 40);
        let (picture, tight) = turned(&picture, tight, orientation);
        let reading = read(&picture, tight);
        assert_eq!(
            (reading.text().as_str(), reading.orientation),
            ("LEFT", orientation)
        );
    }
}

#[test]
fn characters_stand_where_they_were_drawn() {
    let text = "AB CD12";
    let (picture, tight) = page(text, &FONT_10X20, 1, 255, 0);
    let reading = read(&picture, tight);
    assert_eq!(reading.text(), text);
    for (i, c) in reading
        .chars
        .iter()
        .enumerate()
        .filter(|(_, c)| c.ch != ' ')
    {
        let cell = Rect::new(12 + 10 * i as u32, tight.y, 10, tight.h);
        let middle = cell.x + 5;
        assert!(
            c.rect.x <= middle && middle < c.rect.right(),
            "{:?} against {cell:?}",
            c.rect
        );
        assert!(
            c.rect.x + 4 >= cell.x && c.rect.right() <= cell.right() + 4,
            "{:?} against {cell:?}",
            c.rect
        );
    }
}

#[test]
fn pictures_without_text_read_as_empty() {
    let mut soft = Gray::new(200, 80, 0);
    for y in 0..80 {
        for (x, v) in soft.row_mut(y).iter_mut().enumerate() {
            *v = (60 + x / 4 + y as usize / 2) as u8;
        }
    }
    for boxed in [
        Rect::new(20, 20, 100, 16),
        Rect::new(50, 10, 12, 50),
        Rect::new(0, 0, 200, 80),
    ] {
        assert!(read(&soft, boxed).chars.is_empty(), "{boxed:?}");
    }
}

#[test]
fn long_lines_are_read_in_pieces() {
    let words = "Depth 15 cm Gain 60 dB MI 0.7 TIS 0.4 ".repeat(5);
    let words = words.trim();
    let (picture, tight) = page(words, &FONT_7X13, 1, 255, 0);
    assert!(tight.w * 32 / tight.h > 2400);
    let reading = read(&picture, tight);
    assert_eq!(reading.text(), words);
    assert!(reading.chars.windows(2).all(|c| c[0].rect.x <= c[1].rect.x));
}

#[test]
fn boxes_of_any_form_are_survived() {
    let (picture, _) = page("X", &FONT_6X10, 1, 255, 0);
    let (w, h) = (picture.width, picture.height);
    for boxed in [
        Rect::default(),
        Rect::new(0, 0, 1, 1),
        Rect::new(w - 1, h - 1, 1, 1),
        Rect::new(w, h, 5, 5),
        Rect::new(3, 3, u32::MAX, 2),
        Rect::new(u32::MAX, u32::MAX, u32::MAX, u32::MAX),
        Rect::new(0, 5, w, 1),
        Rect::new(5, 0, 1, h),
        Rect::new(0, 0, w, h),
    ] {
        let reading = read(&picture, boxed);
        for c in &reading.chars {
            assert!(
                Rect::new(0, 0, w, h).contains(&c.rect),
                "{:?} from {boxed:?}",
                c.rect
            );
        }
    }
    assert_eq!(
        read(&Gray::default(), Rect::new(0, 0, 3, 3)),
        Reading::default()
    );
}

#[test]
fn readings_depend_on_the_line_and_its_margin_only() {
    let (picture, tight) = page("Vmax 1.25 m/s", &FONT_7X13, 1, 200, 20);
    let mut high = Gray::new(picture.width, picture.height + 40, 20);
    for y in 0..picture.height {
        high.row_mut(y + 20).copy_from_slice(picture.row(y));
    }
    let tight = Rect {
        y: tight.y + 20,
        ..tight
    };
    let alone = read(&high, tight);
    assert_eq!(alone.text(), "Vmax 1.25 m/s");
    for y in (0..tight.y - tight.h).chain(tight.bottom() + tight.h..high.height) {
        high.row_mut(y).fill(255);
    }
    assert_eq!(read(&high, tight), alone);
}

#[test]
fn readings_do_not_depend_on_how_many_are_read_at_once() {
    let pages: Vec<(Gray, Rect)> = ["Gain 62 dB", "FR 31 Hz", "SMITH, ANNA", "12/03/2019 10:42"]
        .iter()
        .map(|t| page(t, &FONT_6X10, 1, 220, 15))
        .collect();
    let alone: Vec<Reading> = pages.iter().map(|(p, t)| read(p, *t)).collect();
    for threads in [1, 2, 5] {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .expect("pool");
        let together: Vec<Reading> = pool.install(|| {
            use rayon::prelude::*;
            (0..16)
                .into_par_iter()
                .map(|i| {
                    let (p, t) = &pages[i % pages.len()];
                    read(p, *t)
                })
                .collect()
        });
        for (i, reading) in together.iter().enumerate() {
            assert_eq!(*reading, alone[i % alone.len()], "{threads} threads");
        }
    }
}

#[test]
fn equal_line_pictures_are_read_once() {
    struct Counting(std::sync::atomic::AtomicU32);
    impl Reader for Counting {
        fn read(&self, picture: &Gray, line: &TextLine) -> Reading {
            self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            READER.read(picture, line)
        }
    }
    let counting = Counting(Default::default());
    let cached = CachedReader::new(&counting);
    let (picture, tight) = page("Abdomen", &FONT_7X13, 1, 255, 0);
    let first = cached.read(&picture, &line(tight));
    assert_eq!(first, cached.read(&picture, &line(tight)));
    // The same line elsewhere: read once, reported where it stands.
    let mut moved = Gray::new(picture.width + 31, picture.height + 17, 0);
    for y in 0..picture.height {
        moved.row_mut(y + 17)[31..].copy_from_slice(picture.row(y));
    }
    let there = Rect {
        x: tight.x + 31,
        y: tight.y + 17,
        ..tight
    };
    let second = cached.read(&moved, &line(there));
    assert_eq!(second, READER.read(&moved, &line(there)));
    assert_eq!(counting.0.load(std::sync::atomic::Ordering::Relaxed), 1);
    // One pixel differs: read anew.
    moved.row_mut(there.y)[there.x as usize] ^= 1;
    cached.read(&moved, &line(there));
    assert_eq!(
        (
            counting.0.load(std::sync::atomic::Ordering::Relaxed),
            cached.len()
        ),
        (2, 2)
    );
    // So is a line that the detector is surer of: it gets more looks.
    let surer = TextLine {
        strength: Strength::Strong,
        ..line(there)
    };
    cached.read(&moved, &surer);
    assert_eq!(counting.0.load(std::sync::atomic::Ordering::Relaxed), 3);
}

#[test]
fn ocrs_with_our_network_reads_the_same() {
    use ocrs::{ImageSource, OcrEngine, OcrEngineParams};
    use rten_imageproc::{Rect, RotatedRect};
    let models = Models::embedded().expect("models");
    let engine = OcrEngine::new(OcrEngineParams {
        recognition_model: Some(rten::Model::load(JUDGE.to_vec()).expect("model")),
        alphabet: Some(models.alphabet().trim_end_matches('\n').to_string()),
        ..Default::default()
    })
    .expect("ocrs");
    for text in ["Depth 15 cm", "SMITH, ANNA", "MI 0.7 TIS 0.4"] {
        let (picture, t) = page(text, &FONT_9X15, 1, 235, 15);
        let source = ImageSource::from_bytes(&picture.data, (picture.width, picture.height))
            .expect("picture");
        let input = engine.prepare_input(source).expect("input");
        // The box with the margin that our reader takes.
        let (x, y, w, h) = (
            t.x as f32 - 2.0,
            t.y as f32 - 2.0,
            t.w as f32 + 4.0,
            t.h as f32 + 4.0,
        );
        let word = RotatedRect::from_rect(Rect::from_tlhw(y, x, h, w));
        let lines = engine
            .recognize_text(&input, &[vec![word]])
            .expect("reading");
        let theirs = lines[0].as_ref().map(|l| l.to_string()).unwrap_or_default();
        assert_eq!(theirs.trim(), read(&picture, t).text());
    }
}

#[test]
fn the_network_through_rten_in_floating_point_says_the_same() {
    let models = Models::embedded().expect("models");
    let judge = CtcReader::new(JUDGE, models.alphabet()).expect("the judge");
    for (text, font) in [
        ("Depth 15 cm", &FONT_6X10),
        ("SMITH, ANNA *1971-03-02", &FONT_9X15),
        ("MI 0.7 TIS 0.4", &FONT_10X20),
    ] {
        for (ink, ground) in [(235, 15), (90, 60)] {
            let (picture, tight) = page(text, font, 1, ink, ground);
            let [ours, theirs] = [&*READER, &judge].map(|r| r.read(&picture, &line(tight)));
            assert_eq!(ours.text(), theirs.text());
            assert!(ours.confidence.abs_diff(theirs.confidence) <= 1);
            for (a, b) in ours.chars.iter().zip(&theirs.chars) {
                assert!(a.confidence.abs_diff(b.confidence) <= 1 && a.rect == b.rect);
            }
        }
    }
}

#[test]
fn models_that_do_not_fit_are_refused() {
    let models = Models::embedded().expect("models");
    let short: String = models.alphabet().chars().take(50).collect();
    assert!(CtcReader::new(b"no network", models.alphabet()).is_err());
    for model in [models.reader(), JUDGE] {
        assert!(CtcReader::new(model, &short).is_err());
        for end in [0, 100, model.len() / 2] {
            assert!(CtcReader::new(&model[..end], models.alphabet()).is_err());
        }
    }
}
