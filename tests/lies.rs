//! Objects that lie about their pixels, and objects with broken bytes, in every coding of the support table: each lie has a
//! name, and no byte makes a reader panic, hang, or give a frame of another size.
//!
//! The loops are short; `UNBURN_FULL=1` makes them long. They are the same on every run.

mod common;

use common::cases::{Case, Layout, cases};
use common::objects::{Pixels, Sample, text, us};
use common::pictures::{counted, format, hash};
use common::{full, skip};
use unburn::config::Limits;
use unburn::dicom::support::{Codec, JPEG_2000, JPEG_LS, RLE};
use unburn::dicom::{encode_frame, read_bytes};
use unburn::outcome::Reason;

const JPEG_LOSSLESS: &str = "1.2.840.10008.1.2.4.70";
const JPEG_XL: &str = "1.2.840.10008.1.2.4.110";
const CODINGS: [(Codec, &str); 5] = [
    (Codec::Rle, RLE),
    (Codec::JpegLossless, JPEG_LOSSLESS),
    (Codec::JpegLs, JPEG_LS),
    (Codec::Jpeg2000, JPEG_2000),
    (Codec::JpegXl, JPEG_XL),
];

/// Reads everything that a run would read; `None` where all of it works.
fn refusal(bytes: Vec<u8>) -> Option<Reason> {
    let object = match read_bytes(bytes, &Limits::default()) {
        Ok(object) => object,
        Err(e) => return Some(e.reason),
    };
    for overlay in object.overlays() {
        // A bitmap that is cut short is no reason to refuse: the group is removed.
        let _ = object.overlay_bitmap(&overlay, 0);
    }
    for i in 0..object.facts().frames.min(4) {
        match object.frame(i) {
            Ok(frame) => assert_eq!(frame.data.len(), frame.format.bytes_per_frame()),
            Err(e) => return Some(e.reason),
        }
    }
    None
}

/// One coded frame of 24 × 32 pixels, of even length.
fn stream(codec: Codec, samples: u16, bits: u16) -> Vec<u8> {
    let format = format(24, 32, samples, bits);
    let mut bytes = encode_frame(codec, &counted(format, hash), &format).unwrap();
    if bytes.len() % 2 == 1 {
        bytes.push(0);
    }
    bytes
}

fn grey(bits: (u16, u16)) -> Sample {
    Sample::new(24, 32, 1, bits, "MONOCHROME2")
}

#[test]
fn every_lie_has_a_name() {
    use Reason::{Decode, Inconsistent, PixelFormat, TransferSyntax, Truncated, Video};
    let one_of = |bytes: Vec<u8>, wanted: &[Reason], what: &str| {
        let got = refusal(bytes);
        assert!(
            got.is_some_and(|r| wanted.contains(&r)),
            "{what}: {got:?}, {wanted:?} expected"
        );
    };
    for (codec, syntax) in CODINGS {
        let name = |what: &str| format!("{codec:?}: {what}");
        let (whole, colour) = (stream(codec, 1, 8), stream(codec, 3, 8));
        let deep = stream(codec, 1, 12);
        let good = grey((8, 8)).items(syntax, &[&[], &whole]);
        assert_eq!(refusal(good.bytes()), None, "{codec:?}");

        let half = &whole[..whole.len() / 4 * 2];
        let cut = grey((8, 8)).items(syntax, &[&[], half]);
        one_of(cut.bytes(), &[Truncated, Decode], &name("half a stream"));
        let extra = grey((8, 8)).items(syntax, &[&[], &colour]);
        let says = [Inconsistent, Decode];
        one_of(extra.bytes(), &says, &name("more components than declared"));
        let few = Sample::new(24, 32, 3, (8, 8), "RGB").items(syntax, &[&[], &whole]);
        one_of(few.bytes(), &says, &name("fewer components than declared"));
        let deeper = grey((8, 8)).items(syntax, &[&[], &deep]);
        one_of(deeper.bytes(), &says, &name("more bits than allocated"));
        let taller = Sample::new(25, 32, 1, (8, 8), "MONOCHROME2").items(syntax, &[&[], &whole]);
        one_of(taller.bytes(), &says, &name("another size"));
        let missing = grey((8, 8)).frames("2").items(syntax, &[&[], &whole]);
        one_of(
            missing.bytes(),
            &[Truncated],
            &name("a frame that is not there"),
        );
        let more = grey((8, 8)).items(syntax, &[&[], &whole, &whole]);
        let says = [Inconsistent, Decode];
        one_of(more.bytes(), &says, &name("a frame that nobody declared"));
        let native = grey((8, 8)).native(vec![0; 24 * 32]).syntax(syntax);
        one_of(native.bytes(), &[Inconsistent], &name("no fragments"));
        let none = grey((8, 8)).items(syntax, &[]);
        one_of(none.bytes(), &[Inconsistent], &name("no items"));
    }
    // Shapes for which a coding has no row in the support table.
    for (codec, syntax) in CODINGS {
        if codec != Codec::Rle {
            let wide = grey((32, 32)).items(syntax, &[&[], &stream(codec, 1, 8)]);
            let name = format!("{codec:?}: words of 32 bits");
            one_of(wide.bytes(), &[PixelFormat], &name);
        }
        let bits = grey((1, 1)).items(syntax, &[&[], &stream(codec, 1, 8)]);
        let name = format!("{codec:?}: words of one bit");
        one_of(bits.bytes(), &[PixelFormat, Inconsistent], &name);
    }
    let deep = Sample::new(24, 32, 3, (16, 16), "RGB");
    let deep = deep.items(JPEG_LOSSLESS, &[&[], &stream(Codec::JpegLossless, 3, 8)]);
    one_of(deep.bytes(), &[PixelFormat], "deep colour in JPEG Lossless");
    // A table that points nowhere, where nothing else tells which fragment belongs to which frame.
    let part = stream(Codec::Rle, 1, 8);
    let lost = grey((8, 8))
        .frames("2")
        .items(RLE, &[&[9, 9, 9, 9, 0, 0, 0, 0], &part, &part, &part]);
    one_of(
        lost.bytes(),
        &[Inconsistent],
        "an offset table out of range",
    );
    // A lossless stream under a lossy name, and the reverse of it.
    let wrong = grey((8, 8)).items(
        "1.2.840.10008.1.2.4.50",
        &[&[], &stream(Codec::JpegLossless, 1, 8)],
    );
    one_of(wrong.bytes(), &[Inconsistent], "another JPEG process");
    // A multi-component transform of Part 2.
    let mut part2 = stream(Codec::Jpeg2000, 1, 8);
    part2.splice(2..2, []);
    let size = usize::from(u16::from_be_bytes([part2[4], part2[5]]));
    part2.splice(4 + size..4 + size, [0xFF, 0x74, 0, 4, 0, 0]);
    let part2 = grey((8, 8)).items("1.2.840.10008.1.2.4.92", &[&[], &part2]);
    one_of(
        part2.bytes(),
        &[PixelFormat],
        "a transform of JPEG 2000 Part 2",
    );
    for (syntax, reason) in [
        ("1.2.840.10008.1.2.4.102", Video),
        ("1.2.840.10008.1.2.4.95", TransferSyntax),
    ] {
        let other = grey((8, 8)).items(syntax, &[&[], &part]);
        one_of(other.bytes(), &[reason], syntax);
    }
    let signed = Sample::new(24, 32, 3, (8, 8), "RGB")
        .with(0x0028, 0x0103, "US", us(1))
        .items(RLE, &[&[], &stream(Codec::Rle, 3, 8)]);
    one_of(signed.bytes(), &[PixelFormat], "signed colour");
    let palette = Sample::new(24, 32, 1, (8, 8), "PALETTE COLOR").items(RLE, &[&[], &part]);
    one_of(
        palette.bytes(),
        &[Inconsistent],
        "a palette that is not there",
    );
    let unknown = grey((8, 8)).with(0x0028, 0x0004, "CS", text("HSV"));
    let unknown = unknown.items(RLE, &[&[], &part]);
    one_of(
        unknown.bytes(),
        &[PixelFormat],
        "a retired photometric interpretation",
    );
}

/// A small generator for places and bits (xorshift), so that a failure can be repeated.
struct Chance(u64);

impl Chance {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        ((self.0 >> 16) % n.max(1) as u64) as usize
    }

    /// A place in a file: its header, the head of its Pixel Data, or anywhere.
    fn place(&mut self, bytes: &[u8], pixels: usize) -> usize {
        match self.below(4) {
            0 => self.below(pixels.min(bytes.len())),
            1 | 2 => (pixels + self.below(200)).min(bytes.len() - 1),
            _ => self.below(bytes.len()),
        }
    }
}

/// Changes some bytes: flipped bits, extremes, runs cut out, put in twice or overwritten.
fn break_bytes(bytes: &mut Vec<u8>, pixels: usize, chance: &mut Chance) {
    for _ in 0..=chance.below(3) {
        if bytes.len() < 400 {
            return;
        }
        let at = chance.place(bytes, pixels);
        let run = chance.below(8).min(bytes.len() - at);
        match chance.below(8) {
            0 => bytes[at] = [0, 0xFF, 0x7F, 0x80][chance.below(4)],
            1 => drop(bytes.drain(at..at + run)),
            2 => {
                let copy = bytes[at..at + run].to_vec();
                bytes.splice(at..at, copy);
            }
            3 => bytes[at..at + run].fill(0xFF),
            4 => bytes.truncate(at.max(200)),
            _ => bytes[at] ^= 1 << chance.below(8),
        }
    }
}

/// One case of each coding and word size, and an object with overlays and nested items.
fn seeds() -> Vec<(String, Vec<u8>)> {
    let mut known = Vec::new();
    let mut seeds = Vec::new();
    for Case {
        name,
        support,
        layout,
        bytes,
        ..
    } in cases()
    {
        let kind = (support.codec, layout);
        let other = matches!(
            layout,
            Layout::Extended | Layout::Parts | Layout::Plain | Layout::Native
        );
        if other && !known.contains(&kind) || support.uid.ends_with("1.2.1.99") && seeds.is_empty()
        {
            known.push(kind);
            seeds.push((name, bytes));
        }
    }
    let overlay = grey((16, 12))
        .with(0x6000, 0x0010, "US", us(24))
        .with(0x6000, 0x0011, "US", us(32))
        .with(0x6000, 0x0015, "IS", text("2"))
        .with(
            0x6000,
            0x0050,
            "SS",
            [1_u16, 1].iter().flat_map(|v| v.to_le_bytes()).collect(),
        )
        .with(0x6000, 0x0100, "US", us(1))
        .with(0x6000, 0x0102, "US", us(0))
        .with(0x6000, 0x3000, "OW", vec![0x5A; 24 * 32 / 8 * 2])
        .with(0x6002, 0x0100, "US", us(16))
        .with(0x6002, 0x0102, "US", us(15));
    let mut overlay = overlay;
    overlay.pixels = Pixels::Native(vec![1; 24 * 32 * 2]);
    seeds.push(("overlay".into(), overlay.bytes()));
    seeds
}

#[test]
fn broken_bytes_are_refused_or_read_but_never_worse() {
    let asked = std::env::var("UNBURN_TEST_ROUNDS").ok();
    let rounds = asked
        .and_then(|n| n.parse().ok())
        .unwrap_or(if full() { 4000 } else { 40 });
    if !full() {
        skip("most of the broken objects: UNBURN_FULL=1 breaks a hundred times as many");
    }
    let seeds = seeds();
    assert!(seeds.len() >= 20, "{} seeds", seeds.len());
    let mut refused = 0;
    for (n, (name, seed)) in seeds.iter().enumerate() {
        assert_eq!(refusal(seed.clone()), None, "{name}");
        let tag = [0xE0, 0x7F, 0x10, 0x00];
        let pixels = seed.windows(4).rposition(|w| w == tag).unwrap_or(400);
        let mut chance = Chance(0x9E37_79B9_7F4A_7C15 ^ n as u64);
        for _ in 0..rounds {
            let mut bytes = seed.clone();
            break_bytes(&mut bytes, pixels, &mut chance);
            refused += usize::from(refusal(bytes).is_some());
        }
    }
    // Most of it must be noticed; a changed sample of native data cannot be.
    assert!(refused > rounds * seeds.len() / 4, "{refused} refused");
}
