//! Text beside the picture: overlay plane, unused high bits, icon.

use super::{Recipe, people};
use crate::glyphs::Style;
use crate::header::{Class, Header};
use crate::picture::Picture;
use crate::scene::body::abdomen;
use crate::sheet::{Kind, Line, Paint, Sheet};
use crate::write::Form;
use dicom_core::value::PrimitiveValue;
use dicom_core::{Tag, VR};
use dicom_dictionary_std::tags;
use embedded_graphics::mono_font::ascii;

const SIZE: usize = 256;

fn section(stem: &'static str, about: &'static str, signed: bool) -> Recipe {
    let mut scene = abdomen(SIZE, SIZE, 0x5eed_000a);
    if !signed {
        for v in &mut scene.data {
            *v += 1024;
        }
    }
    Recipe {
        stem,
        about,
        class: Class::Ct,
        person: Some(&people::FENNIMER),
        scenes: vec![scene],
        sheet: Sheet::for_frames(1),
        form: Form::Words {
            stored: 12,
            signed,
            inverse: false,
        },
        more: |_, _| Vec::new(),
    }
}

fn annotation() -> Sheet {
    let body = Style::pixels(&ascii::FONT_7X13);
    let on = Paint::grey(1);
    let mut s = Sheet::for_frames(1);
    s.put((4, 4), &body, on, Kind::PhiName, "FENNIMER, LORCAN");
    s.put((4, 18), &body, on, Kind::PhiDate, "02.12.2020");
    s.put((4, 238), &body, on, Kind::Clinical, "see lesion");
    s
}

/// Pixels of the annotation, 0 or 1.
fn bitmap(text: bool) -> (Picture, Vec<Line>) {
    let mut plane = Picture::new(SIZE, SIZE, 1, [0; 3]);
    let mut lines = Vec::new();
    // A pointer that is no text stays in both.
    for i in 0..24 {
        plane.fill([96 + i, 96 + i, 2, 1], [1; 3]);
    }
    if text {
        let sheet = annotation();
        sheet.draw(&mut plane, 0);
        lines = sheet.lines(SIZE, SIZE, "overlay");
    }
    (plane, lines)
}

fn overlay_module(h: &mut Header, position: u16, bits: u16) {
    h.short(Tag(0x6000, 0x0010), &[SIZE as u16]);
    h.short(Tag(0x6000, 0x0011), &[SIZE as u16]);
    h.raw(Tag(0x6000, 0x0040), VR::CS, PrimitiveValue::from("G"));
    let origin = PrimitiveValue::I16([1i16, 1].as_slice().into());
    h.raw(Tag(0x6000, 0x0050), VR::SS, origin);
    h.short(Tag(0x6000, 0x0100), &[bits]);
    h.short(Tag(0x6000, 0x0102), &[position]);
}

/// An overlay plane of its own (PS3.3 C.9.2); the twin's has a pointer only.
pub fn overlay() -> Recipe {
    let about = "CT section with an overlay plane 6000 that holds text; nothing in the pixels";
    let mut recipe = section("ct_overlay", about, true);
    recipe.more = |h, text| {
        let (plane, lines) = bitmap(text);
        overlay_module(h, 0, 1);
        let bytes: Vec<u8> = plane
            .data
            .chunks(8)
            .map(|bits| bits.iter().rev().fold(0, |byte, b| byte << 1 | *b as u8))
            .collect();
        let words: Vec<u16> = bytes
            .chunks(2)
            .map(|b| u16::from(b[0]) | u16::from(b[1]) << 8)
            .collect();
        h.raw(
            Tag(0x6000, 0x3000),
            VR::OW,
            PrimitiveValue::U16(words.into()),
        );
        lines
    };
    recipe
}

/// The retired form: the overlay lies in bit 15 of the samples (PS3.3-2004 C.9.2).
pub fn high_bits() -> Recipe {
    let about = "CT section with an overlay embedded in bit 15 of the samples (retired form)";
    let mut recipe = section("ct_highbits", about, false);
    recipe.more = |h, text| {
        let (plane, lines) = bitmap(text);
        overlay_module(h, 15, 16);
        h.text(tags::RESCALE_INTERCEPT, "-1024");
        let element = h.0.take(tags::PIXEL_DATA);
        let mut words = element
            .and_then(|e| e.value().to_multi_int::<u16>().ok())
            .unwrap_or_default();
        for (word, bit) in words.iter_mut().zip(&plane.data) {
            *word |= (*bit as u16) << 15;
        }
        h.raw(tags::PIXEL_DATA, VR::OW, PrimitiveValue::U16(words.into()));
        lines
    };
    recipe
}

/// An icon made before somebody wiped the picture: the name is readable only there.
pub fn icon() -> Recipe {
    let about = "CT section with an icon image in which a name can be read; nothing in the pixels";
    let mut recipe = section("ct_icon", about, true);
    recipe.more = |h, text| {
        let size = 64;
        let body = abdomen(size, size, 0x5eed_000a);
        let mut small = Picture::grey(size, size, |x, y| {
            ((body.data[y * size + x] + 160) * 255 / 400).clamp(0, 255)
        });
        let mut lines = Vec::new();
        if text {
            let tiny = Style::pixels(&ascii::FONT_5X7);
            let mut s = Sheet::for_frames(1);
            s.put((2, 1), &tiny, Paint::grey(255), Kind::PhiName, "FENNIMER L");
            s.draw(&mut small, 0);
            lines = s.lines(size, size, "icon");
        }
        let mut item = Header::new();
        item.short(tags::SAMPLES_PER_PIXEL, &[1]);
        item.text(tags::PHOTOMETRIC_INTERPRETATION, "MONOCHROME2");
        item.short(tags::ROWS, &[size as u16]);
        item.short(tags::COLUMNS, &[size as u16]);
        item.short(tags::BITS_ALLOCATED, &[8]);
        item.short(tags::BITS_STORED, &[8]);
        item.short(tags::HIGH_BIT, &[7]);
        item.short(tags::PIXEL_REPRESENTATION, &[0]);
        let bytes = PrimitiveValue::U8(small.bytes().into());
        item.raw(tags::PIXEL_DATA, VR::OB, bytes);
        h.items(tags::ICON_IMAGE_SEQUENCE, vec![item]);
        lines
    };
    recipe
}
