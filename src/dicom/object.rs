//! A DICOM image object: its facts, and its frames on demand.
//!
//! Takes a file; gives what the rest of the product works on. The bytes are held once; frames are decoded one at a time
//! and not kept. Whatever cannot be read faithfully is refused by name (see [`crate::outcome::Reason`]).

use super::dataset::{DataSet, Item, Value};
use super::fragments::{Extended, assign};
use super::overlay::{self, NestedCounts, Overlay};
use super::support::{Codec, Loss, Support};
use super::value::Values;
use super::video::Clip;
use super::whole::HeaderObject;
use super::{HeaderOnly, classes, decode, display, file, format, identity};
use crate::codec::video::Tool;
use crate::config::Limits;
use crate::deface::Geometry;
use crate::facts::{Equipment, Facts, TransferSyntax, UsRegion};
use crate::frame::{Frame, Gray, Photometric, PixelFormat, float};
use crate::geometry::Rect;
use crate::outcome::{Reason, Refusal};
use dicom_core::Tag;
use dicom_dictionary_std::tags;
use sha2::{Digest, Sha256};
use std::borrow::Cow;
use std::ops::Range;
use std::path::Path;

/// (7FE0,0010).
pub(super) const PIXEL_DATA: Tag = Tag(0x7FE0, 0x0010);
/// The elements that can hold an object's samples, exactly one of them (dicom.md §3.6).
const SAMPLES: [Tag; 3] = [
    PIXEL_DATA,
    tags::FLOAT_PIXEL_DATA,
    tags::DOUBLE_FLOAT_PIXEL_DATA,
];

/// The element that holds an object's samples.
pub(super) fn samples_tag(set: &DataSet) -> Option<Tag> {
    SAMPLES.into_iter().find(|t| set.get(*t).is_some())
}

/// Where frames lie.
pub(super) enum Frames {
    /// One run of samples.
    Native(Range<usize>),
    /// Fragments of each frame.
    Fragments(Vec<Vec<Range<usize>>>),
    /// One stream over all frames, and what it decodes to.
    Video {
        /// Its fragments.
        fragments: Vec<Range<usize>>,
        /// The frames.
        clip: Clip,
    },
}

/// Everything beside the samples of the top-level Pixel Data that can carry text, found without decoding.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Carriers {
    /// Icons, overlays, curves, nested pixel data, at any depth.
    pub nested: NestedCounts,
    /// Bytes of padding behind the data set; never written.
    pub trailing_bytes: u64,
    /// Bytes of native Pixel Data behind the last frame.
    pub trailing_pixel_bytes: u64,
    /// Frames with comment or application segments.
    pub frames_with_comments: u32,
    /// Frames with bytes behind the end of their code stream.
    pub frames_with_bytes_after_end: u32,
    /// Whether an offset table points somewhere else than at the frames.
    pub stale_offset_table: bool,
    /// Whether a fragment has an odd length.
    pub odd_fragments: bool,
    /// Whether the preamble holds anything but zeros.
    pub preamble: bool,
    /// Units of user data in a video stream.
    pub video_user_data: u32,
    /// Whether a video stream lies in a container, with whatever else is in it.
    pub video_container: bool,
}

impl Carriers {
    /// Whether the Pixel Data element has something that must not be copied, so that its frames have to be written one
    /// by one ([`super::WriteRequest::strip_streams`]).
    pub fn pixel_data_needs_cleaning(&self) -> bool {
        self.trailing_pixel_bytes > 0
            || self.frames_with_comments > 0
            || self.frames_with_bytes_after_end > 0
            || self.stale_offset_table
            || self.odd_fragments
    }
}

/// One image object.
pub struct Object {
    pub(super) bytes: Vec<u8>,
    pub(super) set: DataSet,
    pub(super) syntax: &'static Support,
    pub(super) frames: Frames,
    /// Which element holds them.
    pub(super) samples: Tag,
    pub(super) header_format: PixelFormat,
    facts: Facts,
    sha256: [u8; 32],
    carriers: Carriers,
    stream_lossy: bool,
    pub(super) unit: Option<(u32, u32)>,
    notes: Vec<&'static str>,
    pub(super) limits: Limits,
}

impl std::fmt::Debug for Object {
    /// Says nothing of what the object holds: it may end up in a log.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Object({}, {:?})", self.syntax.name, self.facts.format)
    }
}

/// What reading needs to know beside the file.
#[derive(Clone, Copy)]
pub struct Reading<'a> {
    /// Bounds on what a file may claim.
    pub limits: &'a Limits,
    /// What decodes video; without it video is refused.
    pub video: Option<&'a Tool>,
    /// Whether encapsulated PDF is opened, to be looked at.
    pub documents: bool,
}

impl<'a> From<&'a Limits> for Reading<'a> {
    fn from(limits: &'a Limits) -> Self {
        Reading {
            limits,
            video: None,
            documents: false,
        }
    }
}

/// Reads a file.
///
/// # Errors
/// `read-failed`, `limit`, and those of [`read_bytes`].
pub fn read<'a>(path: &Path, how: impl Into<Reading<'a>>) -> Result<Object, Refusal> {
    let how = how.into();
    read_bytes(file_bytes(path, how.limits)?, how)
}

/// The bytes of a file, up to one more than [`read_bytes`] accepts.
///
/// # Errors
/// `read-failed`.
pub fn file_bytes(path: &Path, limits: &Limits) -> Result<Vec<u8>, Refusal> {
    use std::io::Read;
    let failed = |e: std::io::Error| Refusal::new(Reason::Read, format!("{}", e.kind()));
    let file = std::fs::File::open(path).map_err(failed)?;
    let mut bytes = Vec::new();
    // One byte more than allowed tells files that grow while they are read from those that fit.
    file.take(limits.file_bytes.saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(failed)?;
    Ok(bytes)
}

/// Reads an object from the bytes of a file.
///
/// # Errors
/// `not-dicom`, `dicomdir`, the object classes, `unsupported-…`, `damaged`, `truncated`, `inconsistent`, `limit`.
pub fn read_bytes<'a>(bytes: Vec<u8>, how: impl Into<Reading<'a>>) -> Result<Object, Refusal> {
    match open_bytes(bytes, how, HeaderOnly::No)? {
        Opened::Image(object) => Ok(*object),
        Opened::Header(_) => Err(Refusal::new(Reason::ObjectClass, "not a plain image")),
    }
}

/// An object that this program can treat.
pub enum Opened {
    /// Pixels are searched, and the header is treated.
    Image(Box<Object>),
    /// Only the header is treated.
    Header(Box<HeaderObject>),
}

/// Reads a file; `header_only` tells which objects a profile treats by their header alone.
///
/// # Errors
/// Those of [`read`].
pub fn open<'a>(
    path: &Path,
    how: impl Into<Reading<'a>>,
    header_only: HeaderOnly,
) -> Result<Opened, Refusal> {
    let how = how.into();
    open_bytes(file_bytes(path, how.limits)?, how, header_only)
}

/// The same from the bytes of a file.
///
/// # Errors
/// Those of [`read_bytes`].
pub fn open_bytes<'a>(
    bytes: Vec<u8>,
    how: impl Into<Reading<'a>>,
    header_only: HeaderOnly,
) -> Result<Opened, Refusal> {
    let Reading {
        limits,
        video,
        documents,
    } = how.into();
    if bytes.len() as u64 > limits.file_bytes {
        return Err(Refusal::new(Reason::Limit, "the file is above the limit"));
    }
    let sha256 = Sha256::digest(&bytes).into();
    let preamble = bytes.get(128..132) == Some(b"DICM") && bytes[..128].iter().any(|b| *b != 0);
    let read = file::read(bytes, limits)?;
    let v = Values {
        bytes: &read.bytes,
        set: &read.set,
    };
    if v.code(tags::SOP_CLASS_UID)
        .is_some_and(|c| header_only.takes(&c) || documents && c == classes::ENCAPSULATED_PDF)
    {
        return HeaderObject::new(read, sha256).map(|o| Opened::Header(Box::new(o)));
    }
    let samples = check_object(&v)?;
    let syntax = Support::of(&read.transfer_syntax)
        .ok_or_else(|| Refusal::new(Reason::TransferSyntax, "an unknown transfer syntax"))?;
    match syntax.codec {
        Codec::Video if video.is_none() => {
            return Err(Refusal::new(Reason::Video, syntax.name));
        }
        Codec::None => return Err(Refusal::new(Reason::TransferSyntax, syntax.name)),
        _ => {}
    }
    let header_format = format::from_header(&v, limits)?;
    let count = frame_count(&v, limits)?;
    let mut carriers = Carriers {
        nested: overlay::count(&read.bytes, &read.set),
        trailing_bytes: read.trailing as u64,
        preamble,
        ..Carriers::default()
    };
    if header_format.float && syntax.encapsulated() {
        return Err(Refusal::new(Reason::FloatPixels, syntax.name));
    }
    let mut video_format = None;
    let frames = match (syntax.codec, video) {
        (Codec::Video, Some(tool)) => {
            let fragments = video_fragments(&v, samples, &mut carriers)?;
            let stream = join(v.bytes, &fragments);
            let (clip, format, beside) =
                Clip::decode(tool, syntax, &stream, &header_format, count, limits)?;
            carriers.video_user_data = beside.user_data;
            carriers.video_container = beside.container;
            video_format = Some(format);
            Frames::Video { fragments, clip }
        }
        _ => locate_frames(&v, samples, syntax, &header_format, count, &mut carriers)?,
    };
    let mut stream_lossy = syntax.codec == Codec::Video;
    let mut unit = None;
    let format = match &frames {
        Frames::Video { .. } => video_format.unwrap_or(header_format),
        Frames::Native(_) => format::decoded(header_format, syntax.codec, None)?,
        Frames::Fragments(list) => {
            let mut first = None;
            for fragments in list {
                let encoded = join(&read.bytes, fragments);
                let info = decode::probe(syntax.codec, &encoded)?;
                if let Some(info) = &info {
                    carriers.frames_with_comments += u32::from(info.comments > 0);
                    carriers.frames_with_bytes_after_end += u32::from(info.after_end > 0);
                    stream_lossy |= match syntax.loss {
                        Loss::No => false,
                        Loss::Yes => true,
                        Loss::Maybe => info.reversible != Some(true),
                    };
                    format::check(&header_format, info)?;
                }
                let own = info.as_ref().and_then(|i| i.unit);
                if first.is_none() {
                    unit = own.filter(|_| syntax.codec == Codec::JpegDct);
                    first = Some(info);
                } else if unit != own {
                    unit = None;
                }
            }
            format::decoded(header_format, syntax.codec, first.flatten().as_ref())?
        }
    };
    let facts = facts(&v, syntax.facts(), format, count)?;
    Ok(Opened::Image(Box::new(Object {
        facts,
        sha256,
        carriers,
        stream_lossy,
        unit,
        frames,
        samples,
        header_format,
        syntax,
        notes: read.notes,
        limits: *limits,
        bytes: read.bytes,
        set: read.set,
    })))
}

/// Refuses objects that are no image with samples in one element; gives that element.
fn check_object(v: &Values<'_>) -> Result<Tag, Refusal> {
    let Some(class) = v.code(tags::SOP_CLASS_UID) else {
        let reason = if v.set.get(tags::DIRECTORY_RECORD_SEQUENCE).is_some() {
            Reason::Dicomdir
        } else {
            Reason::Inconsistent
        };
        return Err(Refusal::new(reason, "no SOP class"));
    };
    // A slide's label is on these pictures by definition (PS3.3 C.8.12.4.1.1).
    if class == "1.2.840.10008.5.1.4.1.1.77.1.6" {
        let kind = v
            .codes(tags::IMAGE_TYPE)
            .into_iter()
            .nth(2)
            .unwrap_or_default();
        if matches!(kind.as_str(), "LABEL" | "OVERVIEW") {
            return Err(Refusal::new(
                Reason::SlideLabel,
                "the label or overview of a slide",
            ));
        }
    }
    classes::check(&class)?;
    if v.set.get(tags::PIXEL_DATA_PROVIDER_URL).is_some() {
        return Err(Refusal::new(
            Reason::PixelUrl,
            "pixels are only referenced by a URL",
        ));
    }
    let tag = samples_tag(v.set).ok_or_else(|| Refusal::new(Reason::NoPixels, "no pixel data"))?;
    if SAMPLES.iter().filter(|t| v.set.get(**t).is_some()).count() > 1 {
        return Err(Refusal::new(
            Reason::Inconsistent,
            "samples in more than one element",
        ));
    }
    match v.set.get(tag).map(|e| &e.value) {
        Some(Value::Source(range)) if range.is_empty() => {
            Err(Refusal::new(Reason::Truncated, "pixel data is empty"))
        }
        _ => Ok(tag),
    }
}

fn frame_count(v: &Values<'_>, limits: &Limits) -> Result<u32, Refusal> {
    let count = match v.code(tags::NUMBER_OF_FRAMES) {
        None => 1,
        Some(_) => v
            .int(tags::NUMBER_OF_FRAMES)
            .and_then(|n| u32::try_from(n).ok())
            .filter(|n| *n > 0)
            .ok_or_else(|| {
                Refusal::new(
                    Reason::Inconsistent,
                    "Number of Frames is no positive number",
                )
            })?,
    };
    if count > limits.frames {
        return Err(Refusal::new(
            Reason::Limit,
            "Number of Frames is above the limit",
        ));
    }
    Ok(count)
}

fn locate_frames(
    v: &Values<'_>,
    samples: Tag,
    syntax: &'static Support,
    f: &PixelFormat,
    count: u32,
    carriers: &mut Carriers,
) -> Result<Frames, Refusal> {
    let inconsistent = |what: &str| Refusal::new(Reason::Inconsistent, what);
    match v.set.get(samples).map(|e| &e.value) {
        Some(Value::Source(range)) if !syntax.encapsulated() => {
            let f = format::decoded(*f, Codec::Native, None)?;
            let frame = f.bytes_per_frame() as u64;
            let needed = if f.bits_allocated == 1 {
                (f.samples_per_frame() as u64 * u64::from(count)).div_ceil(8)
            } else {
                frame * u64::from(count)
            };
            let there = range.len() as u64;
            if there < needed {
                return Err(Refusal::new(
                    Reason::Truncated,
                    format!("{there} bytes of pixel data where {needed} have to be"),
                ));
            }
            let excess = there - needed;
            // A whole frame more, or three full samples where 4:2:2 was declared: the header lies about the layout.
            let one = needed / u64::from(count);
            if excess >= one.max(2) || f.is_subsampled() && there / 3 >= needed / 2 {
                return Err(inconsistent("more pixel data than the header accounts for"));
            }
            if excess > needed % 2 {
                carriers.trailing_pixel_bytes = excess;
            }
            Ok(Frames::Native(range.clone()))
        }
        Some(Value::Fragments(items)) if syntax.encapsulated() => {
            let extended = v.set.get(tags::EXTENDED_OFFSET_TABLE).map(|_| {
                let list = |tag| {
                    v.ints(tag)
                        .into_iter()
                        .map(|n| n as u64)
                        .collect::<Vec<u64>>()
                };
                Extended {
                    offsets: list(tags::EXTENDED_OFFSET_TABLE),
                    lengths: list(tags::EXTENDED_OFFSET_TABLE_LENGTHS),
                }
            });
            let mapped = assign(v.bytes, items, extended.as_ref(), count, syntax.codec)?;
            carriers.stale_offset_table = mapped.stale_offsets;
            carriers.odd_fragments = items.iter().any(|r| r.len() % 2 == 1);
            Ok(Frames::Fragments(mapped.frames))
        }
        Some(Value::Source(_)) => Err(inconsistent(
            "plain pixel data under an encapsulated transfer syntax",
        )),
        Some(Value::Fragments(_)) => Err(inconsistent(
            "encapsulated pixel data under a native transfer syntax",
        )),
        _ => Err(inconsistent("pixel data is a sequence")),
    }
}

/// The fragments of a stream over all frames.
fn video_fragments(
    v: &Values<'_>,
    samples: Tag,
    carriers: &mut Carriers,
) -> Result<Vec<Range<usize>>, Refusal> {
    match v.set.get(samples).map(|e| &e.value) {
        Some(Value::Fragments(items)) if items.len() > 1 => {
            carriers.odd_fragments = items.iter().any(|r| r.len() % 2 == 1);
            Ok(items[1..].to_vec())
        }
        _ => Err(Refusal::new(
            Reason::Inconsistent,
            "a video without fragments",
        )),
    }
}

pub(super) fn join<'a>(bytes: &'a [u8], fragments: &[Range<usize>]) -> Cow<'a, [u8]> {
    let part = |r: &Range<usize>| bytes.get(r.clone()).unwrap_or_default();
    match fragments {
        [one] => Cow::Borrowed(part(one)),
        many => Cow::Owned(many.iter().map(part).collect::<Vec<_>>().concat()),
    }
}

fn facts(
    v: &Values<'_>,
    transfer_syntax: TransferSyntax,
    format: PixelFormat,
    frames: u32,
) -> Result<Facts, Refusal> {
    let text = |tag| v.code(tag).unwrap_or_default();
    let palette = format.photometric == Photometric::PaletteColor;
    let mut display = display::display(v.bytes, v.set, format.signed, palette)?;
    let padding = if format.float {
        display.float_padding = float_padding(v);
        let single = display.float_padding.filter(|(low, high)| low == high);
        single.map(|(number, _)| float::nearest(&format, number))
    } else {
        v.int(tags::PIXEL_PADDING_VALUE)
            .filter(|_| v.set.get(tags::PIXEL_PADDING_RANGE_LIMIT).is_none())
            // The VR follows Pixel Representation, and implicit VR cannot say so.
            .map(|n| {
                if format.signed {
                    i64::from(n as i16)
                } else {
                    i64::from(n as u16)
                }
            })
    };
    Ok(Facts {
        sop_class: text(tags::SOP_CLASS_UID),
        sop_instance: text(tags::SOP_INSTANCE_UID),
        modality: text(tags::MODALITY),
        image_type: v.codes(tags::IMAGE_TYPE),
        equipment: Equipment {
            manufacturer: text(tags::MANUFACTURER),
            model: text(tags::MANUFACTURER_MODEL_NAME),
            software: text(tags::SOFTWARE_VERSIONS),
        },
        transfer_syntax,
        format,
        photometric_header: text(tags::PHOTOMETRIC_INTERPRETATION),
        frames,
        display,
        burned_in_annotation: match v.code(tags::BURNED_IN_ANNOTATION).as_deref() {
            Some("YES") => Some(true),
            Some("NO") => Some(false),
            _ => None,
        },
        pixel_padding: padding,
        us_regions: us_regions(v, &format),
        identities: identity::identities(v.bytes, v.set),
    })
}

/// The padding of float samples: a number or a range, lowest first.
fn float_padding(v: &Values<'_>) -> Option<(f64, f64)> {
    let first = |tags: [Tag; 2]| tags.into_iter().find_map(|t| v.floats(t).first().copied());
    let value = first([
        tags::FLOAT_PIXEL_PADDING_VALUE,
        tags::DOUBLE_FLOAT_PIXEL_PADDING_VALUE,
    ])?;
    let limit = first([
        tags::FLOAT_PIXEL_PADDING_RANGE_LIMIT,
        tags::DOUBLE_FLOAT_PIXEL_PADDING_RANGE_LIMIT,
    ])
    .unwrap_or(value);
    Some((value.min(limit), value.max(limit)))
}

/// The ultrasound regions; none where one of them leaves the frame, which is then not the one that they were made for.
/// A bound that counts to the last pixel's far edge is taken for what it means.
fn us_regions(v: &Values<'_>, f: &PixelFormat) -> Vec<UsRegion> {
    let items = v.set.items(tags::SEQUENCE_OF_ULTRASOUND_REGIONS);
    let region = |item: &Item| {
        let v = Values {
            bytes: v.bytes,
            set: &item.set,
        };
        let at = |tag| v.int(tag).and_then(|n| u32::try_from(n).ok());
        let (right, bottom) = (
            at(tags::REGION_LOCATION_MAX_X1)?,
            at(tags::REGION_LOCATION_MAX_Y1)?,
        );
        if right > f.cols || bottom > f.rows {
            return None;
        }
        // Bounds are inclusive (PS3.3 C.8.5.5.1.14).
        let rect = Rect::from_corners(
            at(tags::REGION_LOCATION_MIN_X0)?,
            at(tags::REGION_LOCATION_MIN_Y0)?,
            (right + 1).min(f.cols),
            (bottom + 1).min(f.rows),
        );
        (!rect.is_empty()).then(|| UsRegion {
            rect,
            spatial_format: at(tags::REGION_SPATIAL_FORMAT).unwrap_or_default() as u16,
            data_type: at(tags::REGION_DATA_TYPE).unwrap_or_default() as u16,
        })
    };
    let regions: Option<Vec<UsRegion>> = items.iter().map(region).collect();
    regions.unwrap_or_default()
}

impl Object {
    /// What the header says.
    pub fn facts(&self) -> &Facts {
        &self.facts
    }

    /// Who the object is about.
    pub fn person(&self) -> super::Person {
        super::deidentify::who(&self.bytes, &self.set)
    }

    /// What the header says about consent.
    pub fn consent(&self) -> super::Consent {
        super::consent::consent(&self.bytes, &self.set)
    }

    /// What of the header a risk or a face is told by.
    pub fn signs(&self) -> crate::facts::Signs {
        super::signs::signs(&self.bytes, &self.set)
    }

    /// What the object says of its own de-identification; `None` where it names no method.
    pub fn claimed(&self) -> Option<super::Claimed> {
        super::deidentify::claimed(&self.bytes, &self.set)
    }

    /// (0008,0020), the date that tells how far others are shifted.
    pub fn study_date(&self) -> Option<String> {
        let v = Values {
            bytes: &self.bytes,
            set: &self.set,
        };
        v.code(tags::STUDY_DATE)
    }

    /// The header after a profile.
    pub fn deidentify(&self, method: &super::Method<'_>) -> super::Deidentified {
        super::deidentify::deidentify(&self.bytes, &self.set, &self.facts.sop_class, method)
    }

    /// SHA-256 of the file as it was read.
    pub fn sha256(&self) -> [u8; 32] {
        self.sha256
    }

    /// Where a single slice lies; `None` where the header does not say so.
    pub fn slice(&self) -> Option<Geometry> {
        let v = Values {
            bytes: &self.bytes,
            set: &self.set,
        };
        let thousandths = |tag| -> Vec<i64> {
            let numbers = v.floats(tag).into_iter();
            numbers.map(|n| (n * 1000.0).round() as i64).collect()
        };
        Some(Geometry {
            position: thousandths(tags::IMAGE_POSITION_PATIENT).try_into().ok()?,
            orientation: thousandths(tags::IMAGE_ORIENTATION_PATIENT)
                .try_into()
                .ok()?,
            spacing: thousandths(tags::PIXEL_SPACING).try_into().ok()?,
            rows: self.facts.format.rows,
            cols: self.facts.format.cols,
        })
    }

    /// What is done with this transfer syntax.
    pub fn support(&self) -> &'static Support {
        self.syntax
    }

    /// What can carry text beside the samples, as far as it shows without decoding.
    pub fn carriers(&self) -> Carriers {
        self.carriers
    }

    /// Whether the stream itself lost information (not only the syntax; dicom.md §3.5).
    pub fn stream_lossy(&self) -> bool {
        self.stream_lossy
    }

    /// Peculiarities of the file that were overcome while reading, as codes for reports.
    pub fn notes(&self) -> &[&'static str] {
        &self.notes
    }

    /// Bytes that all frames take as coded.
    pub fn encoded_len(&self) -> u64 {
        match &self.frames {
            Frames::Native(range) => range.len() as u64,
            Frames::Fragments(list) => list.iter().flatten().map(|r| r.len() as u64).sum(),
            Frames::Video { fragments, .. } => fragments.iter().map(|r| r.len() as u64).sum(),
        }
    }

    /// A frame as it is coded: its fragments joined; for native data its samples (1-bit frames that do not begin at a
    /// byte are unpacked); for video its decoded planes.
    ///
    /// # Errors
    /// `internal` for a frame that is not there.
    pub fn encoded_frame(&self, index: u32) -> Result<Cow<'_, [u8]>, Refusal> {
        let none = || Refusal::new(Reason::Internal, format!("there is no frame {index}"));
        if index >= self.facts.frames {
            return Err(none());
        }
        match &self.frames {
            Frames::Fragments(list) => Ok(join(
                &self.bytes,
                list.get(index as usize).ok_or_else(none)?,
            )),
            Frames::Video { clip, .. } => clip.planes(index).map(Cow::Owned),
            Frames::Native(range) => {
                let f = &self.facts.format;
                let data = self.bytes.get(range.clone()).ok_or_else(none)?;
                if f.bits_allocated == 1 {
                    let n = f.samples_per_frame();
                    return Ok(Cow::Owned(decode::unpack_bits(data, n * index as usize, n)));
                }
                let n = f.bytes_per_frame();
                let start = n.checked_mul(index as usize).ok_or_else(none)?;
                Ok(Cow::Borrowed(data.get(start..start + n).ok_or_else(none)?))
            }
        }
    }

    /// SHA-256 of [`Object::encoded_frame`]: equal frames need no second look.
    ///
    /// # Errors
    /// Those of [`Object::encoded_frame`].
    pub fn frame_digest(&self, index: u32) -> Result<[u8; 32], Refusal> {
        Ok(Sha256::digest(self.encoded_frame(index)?).into())
    }

    /// Decodes one frame.
    ///
    /// # Errors
    /// `decode-failed`, `truncated`, `inconsistent`, `unsupported-…`.
    pub fn frame(&self, index: u32) -> Result<Frame, Refusal> {
        let encoded = self.encoded_frame(index)?;
        let format = self.facts.format;
        let data = match &self.frames {
            Frames::Native(_) => encoded.into_owned(),
            Frames::Video { clip, .. } => clip.samples(&encoded),
            Frames::Fragments(_) => {
                decode::decode(self.syntax.codec, &encoded, &self.header_format, &format)
                    .map_err(|e| Refusal::new(e.reason, format!("frame {index}: {}", e.detail)))?
            }
        };
        Ok(Frame { format, data })
    }

    /// Overlay groups at top level.
    pub fn overlays(&self) -> Vec<Overlay> {
        overlay::overlays(&self.bytes, &self.set, self.facts.frames)
    }

    /// The bitmap of an overlay for one image frame, of the overlay's own size; `None` where the overlay has none for
    /// that frame.
    ///
    /// # Errors
    /// Those of [`Object::frame`] for embedded overlays, `truncated` and `limit`.
    pub fn overlay_bitmap(&self, overlay: &Overlay, frame: u32) -> Result<Option<Gray>, Refusal> {
        if let Some(bit) = overlay.embedded_bit {
            return Ok(Some(overlay::embedded(&self.frame(frame)?, bit)));
        }
        let Some(index) = frame
            .checked_sub(overlay.first_frame)
            .filter(|i| *i < overlay.frames)
        else {
            return Ok(None);
        };
        overlay
            .bitmap(self.overlay_data(overlay), index, self.limits.frame_bytes)
            .map(Some)
    }

    /// The data of an overlay's bitmaps, one bit a pixel; empty where it has none of its own.
    pub fn overlay_data(&self, overlay: &Overlay) -> &[u8] {
        overlay::data(&self.bytes, &self.set, overlay)
    }

    /// Whether there are vector graphics beside overlays: annotations (PS3.3 C.10.5), or curves (retired).
    pub fn has_other_graphics(&self) -> bool {
        self.carriers.nested.curves > 0 || self.set.get(tags::GRAPHIC_ANNOTATION_SEQUENCE).is_some()
    }

    /// Bounds on what the file may claim.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }
}
