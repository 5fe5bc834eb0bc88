//! One object for every row of the support table that we can encode ourselves: transfer syntax × photometric
//! interpretation × bits × sign × planes × frames × fragments and offset table, each with letter-like blocks in [`TEXT`].

use super::objects::{Pixels, Sample, text, us};
use super::pictures::{draw, format, hash};
use std::io::Write;
use unburn::codec::jpeg_ls;
use unburn::dicom::encode_frame;
use unburn::dicom::support::{Codec, SHAPES, Shape, Support, TABLE};
use unburn::frame::{Frame, Photometric, PixelFormat};
use unburn::geometry::Rect;

/// Where the lettering is.
pub const TEXT: Rect = Rect {
    x: 8,
    y: 8,
    w: 40,
    h: 16,
};
/// (0008,0070) of every case.
pub const MAKER: &str = "Example Works";

/// How frames lie in fragments, and what the offset table says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// Not encapsulated.
    Native,
    /// One fragment a frame, no table.
    Plain,
    /// One fragment a frame, Basic Offset Table.
    Basic,
    /// One fragment a frame, Extended Offset Table.
    Extended,
    /// One fragment a frame, a table that points beside them.
    Stale,
    /// Three fragments a frame, Basic Offset Table.
    Parts,
    /// Three fragments a frame, no table.
    PartsPlain,
}

/// One object.
pub struct Case {
    /// Says everything about it, fit for a file name.
    pub name: String,
    /// Row of the support table.
    pub support: &'static Support,
    /// How frames lie.
    pub layout: Layout,
    /// What the frames hold, where their coding is lossless.
    pub source: Option<Vec<Frame>>,
    /// The file.
    pub bytes: Vec<u8>,
}

/// What a case is made from.
struct Recipe {
    support: &'static Support,
    header: Photometric,
    layout: Layout,
    frames: u32,
    format: PixelFormat,
    near: u8,
}

/// Every case, in a fixed order.
pub fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for support in TABLE {
        let shapes = SHAPES.iter().filter(|s| s.codecs.contains(&support.codec));
        for shape in shapes {
            for &header in shape.photometric {
                for &allocated in shape.allocated {
                    variants(support, header, allocated, shape, &mut cases);
                }
            }
        }
    }
    cases
}

/// The cases of one coding, photometric interpretation and word size.
fn variants(
    support: &'static Support,
    header: Photometric,
    allocated: u16,
    shape: &Shape,
    cases: &mut Vec<Case>,
) {
    let ht = support.uid.starts_with("1.2.840.10008.1.2.4.20");
    // HTJ2K, 12-bit JPEG and recompressed JPEG have no encoder here: judges bring them.
    if ht || support.uid.ends_with(".4.111") || support.codec == Codec::JpegDct && allocated > 8 {
        return;
    }
    let colour = !matches!(
        header,
        Photometric::Monochrome1 | Photometric::Monochrome2 | Photometric::PaletteColor
    );
    let half = matches!(header, Photometric::YbrFull422 | Photometric::YbrPartial422);
    let stored: &[u16] = match (allocated, header) {
        (1, _) => &[1],
        (8, _) => &[8],
        (16, Photometric::PaletteColor) => &[10, 16],
        (16, Photometric::Monochrome2) => &[10, 12, 14, 16],
        (16, _) => &[12, 16],
        (64, _) => &[64],
        _ => &[32],
    };
    for (n, &bits) in stored.iter().enumerate() {
        for signed in [false, true] {
            if signed && (!shape.signed || allocated == 1 || header == Photometric::PaletteColor) {
                continue;
            }
            if shape.float && !signed {
                continue;
            }
            for planar in [false, true] {
                if planar && (!colour || half || support.encapsulated()) {
                    continue;
                }
                for (frames, layout) in layouts(support, n) {
                    let cols = if half { 72 } else { 71 };
                    let recipe = Recipe {
                        support,
                        header,
                        layout,
                        frames,
                        format: PixelFormat {
                            bits_allocated: allocated,
                            float: shape.float,
                            signed,
                            planar,
                            photometric: header,
                            ..format(47, cols, if colour { 3 } else { 1 }, bits)
                        },
                        near: if support.uid.ends_with(".4.81") { 2 } else { 0 },
                    };
                    cases.push(recipe.make());
                }
            }
        }
    }
    // The reversible colour transform is a label of its own in the header.
    if support.codec == Codec::Jpeg2000 && header == Photometric::Rgb {
        let recipe = Recipe {
            support,
            header: Photometric::YbrRct,
            layout: Layout::Basic,
            frames: 3,
            format: PixelFormat {
                bits_allocated: allocated,
                ..format(47, 71, 3, allocated)
            },
            near: 0,
        };
        cases.push(recipe.make());
    }
}

/// Frames and layouts for the `n`th depth of a shape.
fn layouts(support: &Support, n: usize) -> Vec<(u32, Layout)> {
    use Layout::{Basic, Extended, Native, Parts, PartsPlain, Plain, Stale};
    if !support.encapsulated() {
        return vec![(1, Native), (3, Native)];
    }
    let one_fragment_only = matches!(
        support.codec,
        Codec::Rle | Codec::Uncompressed | Codec::DeflatedFrame
    );
    match (n, one_fragment_only) {
        (0, true) => vec![(1, Plain), (3, Basic), (3, Extended), (3, Stale)],
        (0, false) => vec![
            (1, Plain),
            (3, Basic),
            (3, Extended),
            (3, Stale),
            (3, Parts),
            (3, PartsPlain),
        ],
        (_, true) => vec![(3, Basic)],
        (_, false) => vec![(3, Parts)],
    }
}

impl Recipe {
    fn make(self) -> Case {
        let f = self.format;
        let frames: Vec<Frame> = (0..self.frames).map(|i| picture(f, i)).collect();
        let name = format!(
            "{}-{}-{}of{}{}{}-{}f-{:?}",
            self.support.uid.trim_start_matches("1.2.840.10008.1."),
            self.header.name().replace(' ', "_"),
            f.bits_stored,
            f.bits_allocated,
            match (f.float, f.signed) {
                (true, _) => "-float",
                (_, true) => "-signed",
                _ => "",
            },
            if f.planar { "-planar" } else { "" },
            self.frames,
            self.layout,
        );
        let mut sample = self.sample();
        if self.support.encapsulated() {
            let streams = frames.iter().map(|frame| self.stream(frame)).collect();
            sample = encapsulate(sample, self.layout, streams);
        } else if f.float {
            sample.pixels = Pixels::Float(f.bits_allocated, self.native(&frames));
        } else {
            sample.pixels = Pixels::Native(self.native(&frames));
        }
        let bytes = if self.support.uid == unburn::dicom::support::DEFLATED {
            let mut deflater = flate2::write::DeflateEncoder::new(Vec::new(), Default::default());
            deflater.write_all(&sample.data_set(sample.form())).unwrap();
            sample.file(&deflater.finish().unwrap())
        } else {
            sample.bytes()
        };
        let lossy = self.near > 0 || self.support.codec == Codec::JpegDct;
        Case {
            name,
            support: self.support,
            layout: self.layout,
            source: (!lossy).then_some(frames),
            bytes,
        }
    }

    /// The header.
    fn sample(&self) -> Sample {
        let f = &self.format;
        let bits = (f.bits_allocated, f.bits_stored);
        let (rows, cols) = (f.rows as u16, f.cols as u16);
        let s = if f.float {
            let s = Sample::float(rows, cols, f.bits_allocated, Vec::new());
            s.with(0x0028, 0x0004, "CS", text(self.header.name()))
        } else {
            Sample::new(rows, cols, f.samples_per_pixel, bits, self.header.name()).with(
                0x0028,
                0x0103,
                "US",
                us(f.signed.into()),
            )
        };
        let mut s = s
            .with(0x0008, 0x0070, "LO", text(MAKER))
            .with(0x0008, 0x1090, "LO", text("Matrix"))
            .syntax(self.support.uid);
        if f.samples_per_pixel == 3 {
            s = s.with(0x0028, 0x0006, "US", us(f.planar.into()));
        }
        if self.frames > 1 {
            s = s.frames(&self.frames.to_string());
        }
        if self.header == Photometric::PaletteColor {
            // 16-bit entries, the darkest not first.
            let entries: Vec<u8> = (0..256_u16)
                .flat_map(|i| ((i ^ 0x55) * 257).to_le_bytes())
                .collect();
            let descriptor = [256_u16, 0, 16].iter().flat_map(|v| v.to_le_bytes());
            let descriptor: Vec<u8> = descriptor.collect();
            for channel in 1..=3 {
                s = s
                    .with(0x0028, 0x1100 + channel, "US", descriptor.clone())
                    .with(0x0028, 0x1200 + channel, "OW", entries.clone());
            }
        }
        s
    }

    /// One coded frame.
    fn stream(&self, frame: &Frame) -> Vec<u8> {
        if self.near > 0 {
            let options = jpeg_ls::Options {
                near: self.near,
                ..jpeg_ls::Options::default()
            };
            return jpeg_ls::encode(frame, &options).unwrap();
        }
        if self.support.codec == Codec::JpegDct {
            let f = &frame.format;
            let kind = if f.samples_per_pixel == 3 {
                jpeg_encoder::ColorType::Rgb
            } else {
                jpeg_encoder::ColorType::Luma
            };
            let mut out = Vec::new();
            let mut encoder = jpeg_encoder::Encoder::new(&mut out, 92);
            // The retired syntaxes of progressive streams.
            let retired = [".4.53", ".4.55"];
            encoder.set_progressive(retired.iter().any(|e| self.support.uid.ends_with(e)));
            encoder
                .encode(&frame.data, f.cols as u16, f.rows as u16, kind)
                .unwrap();
            return out;
        }
        let header = PixelFormat {
            photometric: self.header,
            ..self.format
        };
        encode_frame(self.support.codec, frame, &header).unwrap()
    }

    /// Samples of all frames in one run; in big endian, 32-bit samples are not pairs of words.
    fn native(&self, frames: &[Frame]) -> Vec<u8> {
        let all: Vec<u8> = frames.iter().flat_map(|f| f.data.clone()).collect();
        match self.format.bits_allocated {
            1 => all
                .chunks(8)
                .map(|c| c.iter().rev().fold(0, |byte, bit| byte << 1 | bit))
                .collect(),
            32 if !self.format.float && self.support.uid == unburn::dicom::support::EXPLICIT_BE => {
                all.chunks_exact(4)
                    .flat_map(|c| [c[2], c[3], c[0], c[1]])
                    .collect()
            }
            _ => all,
        }
    }
}

/// A ramp that differs from frame to frame, and lettering in [`TEXT`].
fn picture(f: PixelFormat, index: u32) -> Frame {
    if f.float {
        return numbers(f, index);
    }
    let top = u32::MAX >> (32 - u32::from(f.bits_stored));
    let palette = f.photometric == Photometric::PaletteColor;
    let top = if palette { top.min(255) } else { top };
    draw(f, |x, y, c| {
        let letter = (x + index) % 5 < 3 && (y % 6 < 4) && TEXT.contains(&Rect::new(x, y, 1, 1));
        let unit = (top / 512).max(1);
        let value = top / 4 + (x + 2 * y + 40 * c + 9 * index) * unit + hash(x ^ y << 8) % 2 * unit;
        match (letter, f.bits_stored) {
            (_, 1) => u32::from(letter || (x + y + index).is_multiple_of(31)),
            (true, _) => top,
            (false, _) => value.min(top),
        }
    })
}

/// The same in floats of any size, with words among them that are no numbers, bits of their own included.
fn numbers(f: PixelFormat, index: u32) -> Frame {
    let mut frame = Frame {
        format: f,
        data: vec![0; f.bytes_per_frame()],
    };
    let odd: [u64; 5] = if f.bits_allocated == 64 {
        [0x7FF8 << 48 | 5, 0x7FF0 << 48 | 9, 0xFFF0 << 48, 1 << 63, 1]
    } else {
        [0x7FC0_0005, 0x7F80_0009, 0xFF80_0000, 1 << 31, 1]
    };
    for y in 0..f.rows {
        for x in 0..f.cols {
            let letter = (x + index) % 5 < 3 && y % 6 < 4 && TEXT.contains(&Rect::new(x, y, 1, 1));
            let ramp = f64::from(x + 2 * y + 9 * index) * 1e-3 - 0.05;
            let number = if letter { 1.0 } else { ramp };
            let word = match (x * 7 + y * 3 + index) % 61 {
                n @ 0..5 if !letter => odd[n as usize],
                _ if f.bits_allocated == 64 => number.to_bits(),
                _ => u64::from((number as f32).to_bits()),
            };
            frame.set_word(x, y, 0, word);
        }
    }
    frame
}

/// Fragments and tables for coded frames.
fn encapsulate(mut sample: Sample, layout: Layout, streams: Vec<Vec<u8>>) -> Sample {
    let mut items = vec![Vec::new()];
    let (mut offsets, mut lengths, mut at) = (Vec::new(), Vec::new(), 0_u64);
    for mut stream in streams {
        lengths.push(stream.len() as u64);
        if stream.len() % 2 == 1 {
            stream.push(0);
        }
        offsets.push(at);
        let parts = match layout {
            Layout::Parts | Layout::PartsPlain => 3,
            _ => 1,
        };
        let step = (stream.len() / parts).next_multiple_of(2);
        for part in stream.chunks(step) {
            at += 8 + part.len() as u64;
            items.push(part.to_vec());
        }
    }
    let table = |off: u64| {
        let words = offsets.iter().map(move |o| (*o + off) as u32);
        words.flat_map(u32::to_le_bytes).collect::<Vec<u8>>()
    };
    let wide = |list: &[u64]| list.iter().flat_map(|v| v.to_le_bytes()).collect();
    match layout {
        Layout::Basic | Layout::Parts => items[0] = table(0),
        Layout::Stale => items[0] = table(6),
        Layout::Extended => {
            sample = sample.with(0x7FE0, 0x0001, "OV", wide(&offsets)).with(
                0x7FE0,
                0x0002,
                "OV",
                wide(&lengths),
            );
        }
        Layout::Plain | Layout::PartsPlain | Layout::Native => {}
    }
    sample.pixel_vr = "OB";
    sample.pixels = Pixels::Items(items);
    sample
}
