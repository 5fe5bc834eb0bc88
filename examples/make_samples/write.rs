//! Pixel modules and files.

use crate::header::{Header, uid};
use crate::picture::{Colour, Picture};
use dicom_core::value::{C, PixelFragmentSequence, PrimitiveValue, Value};
use dicom_core::{DataElement, VR};
use dicom_dictionary_std::{tags, uids};
use dicom_object::{FileMetaTableBuilder, InMemDicomObject};
use std::error::Error;
use std::path::Path;
use unburn::frame::{Frame, Photometric, PixelFormat};

/// How pictures are stored.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// 8-bit grey, MONOCHROME2.
    Grey,
    /// 16-bit words.
    Words {
        /// Bits Stored.
        stored: u16,
        /// Two's complement.
        signed: bool,
        /// MONOCHROME1.
        inverse: bool,
    },
    /// RGB, colour by pixel.
    Rgb,
    /// RGB, RLE Lossless.
    Rle,
    /// PALETTE COLOR; index 0 is white.
    Palette,
    /// JPEG baseline, YBR_FULL_422.
    Jpeg,
}

impl Form {
    /// Photometric Interpretation.
    pub fn photometric(self) -> &'static str {
        match self {
            Form::Grey | Form::Words { inverse: false, .. } => "MONOCHROME2",
            Form::Words { .. } => "MONOCHROME1",
            Form::Rgb | Form::Rle => "RGB",
            Form::Palette => "PALETTE COLOR",
            Form::Jpeg => "YBR_FULL_422",
        }
    }

    /// Transfer Syntax UID.
    pub fn syntax(self) -> &'static str {
        match self {
            Form::Jpeg => uids::JPEG_BASELINE8_BIT,
            Form::Rle => uids::RLE_LOSSLESS,
            _ => uids::EXPLICIT_VR_LITTLE_ENDIAN,
        }
    }
}

/// Adds the Image Pixel module and the Pixel Data.
pub fn pixels(h: &mut Header, form: Form, frames: &[Picture]) -> Result<(), Box<dyn Error>> {
    let (w, ht) = (frames[0].w, frames[0].h);
    let colour = matches!(form, Form::Rgb | Form::Rle | Form::Jpeg);
    let (allocated, stored, signed) = match form {
        Form::Words { stored, signed, .. } => (16, stored, signed),
        _ => (8, 8, false),
    };
    h.short(tags::SAMPLES_PER_PIXEL, &[if colour { 3 } else { 1 }]);
    h.text(tags::PHOTOMETRIC_INTERPRETATION, form.photometric());
    h.short(tags::ROWS, &[ht as u16]);
    h.short(tags::COLUMNS, &[w as u16]);
    h.short(tags::BITS_ALLOCATED, &[allocated]);
    h.short(tags::BITS_STORED, &[stored]);
    h.short(tags::HIGH_BIT, &[stored - 1]);
    h.short(tags::PIXEL_REPRESENTATION, &[u16::from(signed)]);
    if colour {
        h.short(tags::PLANAR_CONFIGURATION, &[0]);
    }
    let element = match form {
        Form::Words { .. } => {
            let words: Vec<u16> = frames.iter().flat_map(|f| f.words()).collect();
            DataElement::new(
                tags::PIXEL_DATA,
                VR::OW,
                Value::from(PrimitiveValue::U16(words.into())),
            )
        }
        Form::Grey | Form::Rgb => native(frames.iter().flat_map(|f| f.bytes()).collect()),
        Form::Palette => {
            palette_module(h);
            native(frames.iter().flat_map(indices).collect())
        }
        Form::Rle => encapsulated(frames.iter().map(rle).collect::<Result<_, _>>()?),
        Form::Jpeg => {
            let fragments = frames.iter().map(jpeg).collect::<Result<Vec<_>, _>>()?;
            let coded: usize = fragments.iter().map(Vec::len).sum();
            let ratio = (w * ht * 3 * frames.len() * 100 + coded / 2) / coded;
            h.text(tags::LOSSY_IMAGE_COMPRESSION, "01");
            h.text(tags::LOSSY_IMAGE_COMPRESSION_METHOD, "ISO_10918_1");
            h.text(
                tags::LOSSY_IMAGE_COMPRESSION_RATIO,
                &format!("{}.{:02}", ratio / 100, ratio % 100),
            );
            encapsulated(fragments)
        }
    };
    h.0.put(element);
    Ok(())
}

fn native(mut bytes: Vec<u8>) -> DataElement<InMemDicomObject> {
    if bytes.len() % 2 == 1 {
        bytes.push(0);
    }
    DataElement::new(tags::PIXEL_DATA, VR::OB, PrimitiveValue::U8(bytes.into()))
}

/// One fragment a frame, with a Basic Offset Table (PS3.5 A.4).
fn encapsulated(fragments: Vec<Vec<u8>>) -> DataElement<InMemDicomObject> {
    let mut offsets = C::<u32>::new();
    let mut at = 0;
    for f in &fragments {
        offsets.push(at);
        at += 8 + f.len() as u32;
    }
    let sequence = PixelFragmentSequence::new(offsets, fragments);
    DataElement::new(tags::PIXEL_DATA, VR::OB, Value::from(sequence))
}

fn rle(picture: &Picture) -> Result<Vec<u8>, Box<dyn Error>> {
    let format = PixelFormat {
        rows: picture.h as u32,
        cols: picture.w as u32,
        samples_per_pixel: 3,
        bits_allocated: 8,
        bits_stored: 8,
        high_bit: 7,
        signed: false,
        photometric: Photometric::Rgb,
        planar: false,
        float: false,
    };
    let data = picture.bytes();
    Ok(unburn::codec::rle::encode(&Frame { format, data })?)
}

fn jpeg(picture: &Picture) -> Result<Vec<u8>, Box<dyn Error>> {
    let mut out = Vec::new();
    let mut encoder = jpeg_encoder::Encoder::new(&mut out, 88);
    encoder.set_sampling_factor(jpeg_encoder::SamplingFactor::F_2_1);
    encoder.set_optimized_huffman_tables(true);
    let (w, h) = (picture.w as u16, picture.h as u16);
    encoder.encode(&picture.bytes(), w, h, jpeg_encoder::ColorType::Rgb)?;
    if out.len() % 2 == 1 {
        out.push(0);
    }
    Ok(out)
}

/// Grey levels from white (index 0) to black, then the colours that screens use.
const GREYS: usize = 200;
const COLOURS: [Colour; 14] = [
    [0, 255, 0],
    [0, 190, 0],
    [0, 120, 0],
    [255, 255, 0],
    [200, 200, 0],
    [130, 130, 0],
    [0, 200, 255],
    [0, 130, 170],
    [40, 44, 72],
    [90, 92, 110],
    [255, 120, 0],
    [160, 80, 0],
    [230, 230, 160],
    [120, 120, 90],
];

fn palette() -> Vec<Colour> {
    (0..256)
        .map(|i| match i {
            i if i < GREYS => [((GREYS - 1 - i) * 255 / (GREYS - 1)) as i32; 3],
            i => *COLOURS.get(i - GREYS).unwrap_or(&[64, 0, 64]),
        })
        .collect()
}

fn indices(picture: &Picture) -> Vec<u8> {
    let palette = palette();
    picture
        .data
        .chunks(3)
        .map(|p| {
            let far = |c: &Colour| -> i32 { (0..3).map(|k| (p[k] - c[k]) * (p[k] - c[k])).sum() };
            let nearest = palette.iter().enumerate().min_by_key(|(_, c)| far(c));
            nearest.map_or(0, |(i, _)| i as u8)
        })
        .collect()
}

fn palette_module(h: &mut Header) {
    let tables = [
        (
            tags::RED_PALETTE_COLOR_LOOKUP_TABLE_DESCRIPTOR,
            tags::RED_PALETTE_COLOR_LOOKUP_TABLE_DATA,
        ),
        (
            tags::GREEN_PALETTE_COLOR_LOOKUP_TABLE_DESCRIPTOR,
            tags::GREEN_PALETTE_COLOR_LOOKUP_TABLE_DATA,
        ),
        (
            tags::BLUE_PALETTE_COLOR_LOOKUP_TABLE_DESCRIPTOR,
            tags::BLUE_PALETTE_COLOR_LOOKUP_TABLE_DATA,
        ),
    ];
    let palette = palette();
    for (k, (descriptor, data)) in tables.into_iter().enumerate() {
        h.short(descriptor, &[256, 0, 16]);
        let entries: Vec<u16> = palette.iter().map(|c| c[k] as u16 * 257).collect();
        h.raw(data, VR::OW, PrimitiveValue::U16(entries.into()));
    }
}

/// Writes a file; nothing in it depends on when, where or by which version it is made.
pub fn file(path: &Path, h: Header, class_uid: &str, syntax: &str) -> Result<(), Box<dyn Error>> {
    let instance = match h.0.get(tags::SOP_INSTANCE_UID) {
        Some(element) => element.to_str()?.into_owned(),
        None => uid(&path.file_name().unwrap_or_default().to_string_lossy()),
    };
    let meta = FileMetaTableBuilder::new()
        .media_storage_sop_instance_uid(instance)
        .media_storage_sop_class_uid(class_uid)
        .transfer_syntax(syntax)
        .implementation_class_uid(uid("unburn samples"))
        .implementation_version_name("UNBURN_SAMPLES");
    h.0.with_meta(meta)?.write_to_file(path)?;
    Ok(())
}
