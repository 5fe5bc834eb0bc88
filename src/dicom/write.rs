//! Writing an object: file meta information, changed header, frames one by one.
//!
//! Takes an [`Object`], what is to change, and a source of frames; writes a Part 10 file. Elements that nobody changed are
//! copied byte for byte, frames that nobody changed as they are coded. One frame is in memory at a time.

use super::apply::apply;
use super::attributes::{HeaderOp, same_encoding};
use super::dataset::{DataSet, Encoding, Value};
use super::deidentify::Deidentified;
use super::object::{Frames, Object, PIXEL_DATA};
use super::recode::BitPacker;
use super::samples::clear_high_bits;
use super::strip::strip;
use super::support::{DEFLATED, IMPLICIT_LE, Support};
use super::value::Values;
use super::{encode, format, recode};
use crate::frame::{Frame, PixelFormat};
use crate::outcome::{Reason, Refusal};
use dicom_core::{Tag, VR};
use dicom_dictionary_std::tags;
use std::borrow::Cow;
use std::io::Write;

/// (0002,0012) of this program.
pub const IMPLEMENTATION_CLASS: &str = "2.25.318624977248598562477455617652215310732";
/// (0002,0013), at most 16 characters.
pub const IMPLEMENTATION_VERSION: &str = concat!(
    "UNBURN_",
    env!("CARGO_PKG_VERSION_MAJOR"),
    "_",
    env!("CARGO_PKG_VERSION_MINOR")
);

/// What becomes of a frame.
#[derive(Clone, Debug)]
pub enum FrameOut {
    /// Its samples are those of the input.
    Kept,
    /// New samples, in the layout of [`crate::facts::Facts::format`].
    Samples(Frame),
    /// The frame coded anew in the input's own coding ([`Object::mask_coded`]); only where the output has the same.
    Coded(Vec<u8>),
}

/// How an object is to be written.
#[derive(Clone, Copy)]
pub struct WriteRequest<'a> {
    /// Transfer syntax of the output, of the support table ([`super::support::write_syntax`]).
    pub out_syntax: &'a str,
    /// The header after its profile; that of the object where there is none.
    pub deidentified: Option<&'a Deidentified>,
    /// Changes of the header, after the profile.
    pub ops: &'a [HeaderOp],
    /// Copy the Pixel Data element byte for byte, and ask for no frame. Only with nothing to mask, nothing to clean and
    /// the same coding.
    pub copy_pixel_data: bool,
    /// Clear bits outside the stored field in every frame. Compressed frames in which that changes a sample are encoded
    /// anew, so the output syntax must allow it.
    pub clear_high_bits: bool,
    /// The stream over all frames, for video: no frame is asked for.
    pub video: Option<&'a [u8]>,
    /// Take comments, application segments and bytes behind the end out of code streams that are kept.
    pub strip_streams: bool,
}

/// What was written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// Whether the encoded bytes of every frame are those of the input.
    pub encoded_bytes_kept: bool,
    /// Sample words whose bits outside the stored field were cleared.
    pub high_bits_cleared: u64,
    /// Frames whose code stream lost comments or bytes behind its end.
    pub frames_stripped: u32,
    /// Bytes written.
    pub bytes: u64,
}

fn io(e: std::io::Error) -> Refusal {
    Refusal::new(Reason::Write, format!("{}", e.kind()))
}

fn internal(what: &str) -> Refusal {
    Refusal::new(Reason::Internal, what)
}

/// Writes the object.
///
/// # Errors
/// `write-failed`, those of decoding, `limit` for native pixel data of 4 GiB and more, `internal` for a request that does
/// not fit the object.
pub fn write(
    object: &Object,
    request: &WriteRequest<'_>,
    frames: &mut dyn FnMut(u32) -> Result<FrameOut, Refusal>,
    out: &mut dyn Write,
) -> Result<Written, Refusal> {
    let syntax = Support::of(request.out_syntax)
        .ok_or_else(|| internal("the output transfer syntax is not in the table"))?;
    let encoding = if syntax.uid == IMPLICIT_LE {
        Encoding::ImplicitLe
    } else {
        Encoding::ExplicitLe
    };
    if encoding != object.set.encoding {
        return Err(internal("the output encoding is not that of the data set"));
    }
    if request.copy_pixel_data
        && (!same_encoding(object, syntax) || object.carriers().pixel_data_needs_cleaning())
    {
        return Err(internal("pixel data cannot be copied into this syntax"));
    }
    let base = request.deidentified.map_or(&object.set, |d| &d.set);
    let set = apply(&object.bytes, base, request.ops);
    let mut out = Counter { out, bytes: 0 };
    out.write_all(&[0; 128]).map_err(io)?;
    out.write_all(b"DICM").map_err(io)?;
    out.write_all(&meta(&object.bytes, &set, syntax)?)
        .map_err(io)?;
    let mut writer = Writer {
        object,
        request,
        syntax,
        encoding,
        frames,
        written: Written::default(),
        header: {
            let v = Values {
                bytes: &object.bytes,
                set: &set,
            };
            format::from_header(&v, &object.limits)?
        },
    };
    if syntax.uid == DEFLATED {
        let mut deflater =
            flate2::write::DeflateEncoder::new(&mut out, flate2::Compression::default());
        writer.data_set(&set, &mut deflater)?;
        deflater.finish().map_err(io)?;
        // PS3.5 A.5: a stream of odd length is padded.
        if out.bytes % 2 == 1 {
            out.write_all(&[0]).map_err(io)?;
        }
    } else {
        writer.data_set(&set, &mut out)?;
    }
    out.flush().map_err(io)?;
    Ok(Written {
        bytes: out.bytes,
        ..writer.written
    })
}

/// Writes an object whose pixels, if any, are copied as they are: header operations applied to a header after its profile.
///
/// # Errors
/// `write-failed`, `internal`.
pub(super) fn write_whole(
    bytes: &[u8],
    set: &DataSet,
    syntax: &'static Support,
    ops: &[HeaderOp],
    out: &mut dyn Write,
) -> Result<u64, Refusal> {
    let set = apply(bytes, set, ops);
    let encoding = if syntax.uid == IMPLICIT_LE {
        Encoding::ImplicitLe
    } else {
        Encoding::ExplicitLe
    };
    let mut body = Vec::new();
    for e in &set.elements {
        let mut e = std::borrow::Cow::Borrowed(e);
        if matches!(&e.value, Value::Source(range) if range.len() % 2 == 1) {
            e.to_mut().source = None;
        }
        encode::element(bytes, &e, set.encoding, encoding, 0, &mut body)?;
    }
    let mut out = Counter { out, bytes: 0 };
    out.write_all(&[0; 128]).map_err(io)?;
    out.write_all(b"DICM").map_err(io)?;
    out.write_all(&meta(bytes, &set, syntax)?).map_err(io)?;
    if syntax.uid == DEFLATED {
        let mut deflater =
            flate2::write::DeflateEncoder::new(&mut out, flate2::Compression::default());
        deflater.write_all(&body).map_err(io)?;
        deflater.finish().map_err(io)?;
        if out.bytes % 2 == 1 {
            out.write_all(&[0]).map_err(io)?;
        }
    } else {
        out.write_all(&body).map_err(io)?;
    }
    out.flush().map_err(io)?;
    Ok(out.bytes)
}

struct Counter<'a> {
    out: &'a mut dyn Write,
    bytes: u64,
}

impl Write for Counter<'_> {
    fn write(&mut self, buf: &[u8]) -> std::io::Result<usize> {
        let n = self.out.write(buf)?;
        self.bytes += n as u64;
        Ok(n)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.out.flush()
    }
}

/// The file meta information, made new (dicom.md §2.8, PS3.10 section 7.1).
fn meta(bytes: &[u8], set: &DataSet, syntax: &Support) -> Result<Vec<u8>, Refusal> {
    let v = Values { bytes, set };
    let need = |tag, what| v.code(tag).ok_or_else(|| internal(what));
    let class = need(tags::SOP_CLASS_UID, "no SOP class to write")?;
    let instance = need(tags::SOP_INSTANCE_UID, "no SOP instance to write")?;
    let mut body = Vec::new();
    let mut put = |element: u16, vr: VR, value: &[u8]| {
        let mut value = value.to_vec();
        if value.len() % 2 == 1 {
            value.push(encode::padding(vr));
        }
        let tag = Tag(0x0002, element);
        encode::header(tag, vr, Some(value.len()), Encoding::ExplicitLe, &mut body)?;
        body.extend_from_slice(&value);
        Ok::<(), Refusal>(())
    };
    put(0x0001, VR::OB, &[0, 1])?;
    put(0x0002, VR::UI, class.as_bytes())?;
    put(0x0003, VR::UI, instance.as_bytes())?;
    put(0x0010, VR::UI, syntax.uid.as_bytes())?;
    put(0x0012, VR::UI, IMPLEMENTATION_CLASS.as_bytes())?;
    put(0x0013, VR::SH, IMPLEMENTATION_VERSION.as_bytes())?;
    let length = u32::try_from(body.len()).map_err(|_| internal("file meta is too long"))?;
    let mut out = Vec::new();
    let group_length = Tag(0x0002, 0x0000);
    encode::header(
        group_length,
        VR::UL,
        Some(4),
        Encoding::ExplicitLe,
        &mut out,
    )?;
    out.extend_from_slice(&length.to_le_bytes());
    out.extend_from_slice(&body);
    Ok(out)
}

struct Writer<'a> {
    object: &'a Object,
    request: &'a WriteRequest<'a>,
    syntax: &'static Support,
    encoding: Encoding,
    frames: &'a mut dyn FnMut(u32) -> Result<FrameOut, Refusal>,
    written: Written,
    /// The layout that the header to be written announces.
    header: PixelFormat,
}

impl Writer<'_> {
    fn data_set(&mut self, set: &DataSet, out: &mut dyn Write) -> Result<(), Refusal> {
        let source = &self.object.bytes;
        let mut buffer = Vec::new();
        for e in &set.elements {
            if e.tag == self.object.samples && !self.request.copy_pixel_data {
                self.pixel_data(out)?;
                continue;
            }
            buffer.clear();
            let odd = matches!(&e.value, Value::Source(range) if range.len() % 2 == 1);
            // Encapsulated pixel data is OB whatever the input said (PS3.5 A.4).
            let wrong_vr = e.vr != VR::OB && matches!(e.value, Value::Fragments(_));
            if odd || wrong_vr {
                // A value of odd length is an error of the input that we do not pass on (PS3.5 section 7.1.1).
                let mut right = e.clone();
                right.source = None;
                right.vr = if wrong_vr { VR::OB } else { e.vr };
                encode::element(source, &right, set.encoding, self.encoding, 0, &mut buffer)?;
            } else {
                encode::element(source, e, set.encoding, self.encoding, 0, &mut buffer)?;
            }
            out.write_all(&buffer).map_err(io)?;
        }
        if self.request.copy_pixel_data {
            self.written.encoded_bytes_kept = true;
        }
        Ok(())
    }

    fn pixel_data(&mut self, out: &mut dyn Write) -> Result<(), Refusal> {
        self.written.encoded_bytes_kept = same_encoding(self.object, self.syntax);
        if let Some(stream) = self.request.video {
            self.written.encoded_bytes_kept = false;
            self.video(stream, out)
        } else if self.syntax.encapsulated() {
            self.encapsulated(out)
        } else {
            self.native(out)
        }
    }

    /// A frame for the output: samples for a native or newly encoded one, bits cleared where asked; kept where its coded
    /// bytes can stand.
    fn frame(&mut self, index: u32) -> Result<FrameOut, Refusal> {
        let format = &self.object.facts().format;
        let stands = same_encoding(self.object, self.syntax);
        let mut frame = match (self.frames)(index)? {
            FrameOut::Coded(_) if !stands || self.request.clear_high_bits => {
                return Err(internal("a coded frame does not fit the output"));
            }
            FrameOut::Coded(coded) => {
                self.written.encoded_bytes_kept = false;
                return Ok(FrameOut::Coded(coded));
            }
            FrameOut::Samples(frame) => {
                if frame.format != *format || frame.data.len() != format.bytes_per_frame() {
                    return Err(internal("a frame of another layout was given"));
                }
                self.written.encoded_bytes_kept = false;
                frame
            }
            FrameOut::Kept if stands && !self.request.clear_high_bits => {
                return Ok(FrameOut::Kept);
            }
            FrameOut::Kept => {
                let mut frame = self.object.frame(index)?;
                if self.request.clear_high_bits {
                    let cleared = clear_high_bits(&mut frame);
                    self.written.high_bits_cleared += cleared as u64;
                    if cleared == 0 && stands {
                        return Ok(FrameOut::Kept);
                    }
                }
                self.written.encoded_bytes_kept = false;
                return Ok(FrameOut::Samples(frame));
            }
        };
        if self.request.clear_high_bits {
            self.written.high_bits_cleared += clear_high_bits(&mut frame) as u64;
        }
        Ok(FrameOut::Samples(frame))
    }

    fn native(&mut self, out: &mut dyn Write) -> Result<(), Refusal> {
        let f = self.object.facts().format;
        let count = self.object.facts().frames;
        let total = if f.bits_allocated == 1 {
            (f.samples_per_frame() as u64 * u64::from(count)).div_ceil(8)
        } else {
            f.bytes_per_frame() as u64 * u64::from(count)
        };
        let padded = total + total % 2;
        if padded >= u64::from(u32::MAX) {
            return Err(Refusal::new(
                Reason::Limit,
                "decoded pixel data is above 4 GiB and cannot be written in one element",
            ));
        }
        let mut header = Vec::new();
        let vr = self.native_vr(&f);
        let length = Some(padded as usize);
        encode::header(self.object.samples, vr, length, self.encoding, &mut header)?;
        out.write_all(&header).map_err(io)?;
        let mut bits = BitPacker::default();
        for index in 0..count {
            let data = match self.frame(index)? {
                FrameOut::Samples(frame) => Cow::Owned(frame.data),
                FrameOut::Coded(coded) => Cow::Owned(coded),
                FrameOut::Kept => self.object.encoded_frame(index)?,
            };
            if f.bits_allocated == 1 {
                out.write_all(&bits.push(&data)).map_err(io)?;
            } else {
                out.write_all(&data).map_err(io)?;
            }
        }
        let mut rest = bits.finish();
        rest.resize(rest.len() + (padded - total) as usize, 0);
        out.write_all(&rest).map_err(io)
    }

    /// VR of native Pixel Data (PS3.5 8.2): the input's own where it was native, else by Bits Allocated.
    fn native_vr(&self, f: &PixelFormat) -> VR {
        if f.float {
            return if f.bits_allocated == 64 {
                VR::OD
            } else {
                VR::OF
            };
        }
        match (&self.object.frames, self.object.set.get(PIXEL_DATA)) {
            (Frames::Native(_), Some(e)) if e.vr == VR::OB && f.bits_allocated <= 8 => VR::OB,
            (Frames::Fragments(_), _) if f.bits_allocated <= 8 => VR::OB,
            _ => VR::OW,
        }
    }

    /// Header and table of encapsulated Pixel Data.
    fn before_fragments(&self, out: &mut dyn Write) -> Result<(), Refusal> {
        let mut header = Vec::new();
        encode::header(PIXEL_DATA, VR::OB, None, self.encoding, &mut header)?;
        // Basic Offset Table without entries: valid, and never stale (PS3.5 A.4).
        encode::item(0, &mut header)?;
        out.write_all(&header).map_err(io)
    }

    /// One stream over all frames, in one fragment (PS3.5 8.2.5 and following).
    fn video(&self, stream: &[u8], out: &mut dyn Write) -> Result<(), Refusal> {
        self.before_fragments(out)?;
        let mut item = Vec::new();
        encode::item(stream.len().next_multiple_of(2), &mut item)?;
        out.write_all(&item).map_err(io)?;
        out.write_all(stream).map_err(io)?;
        out.write_all(&[0][..stream.len() % 2]).map_err(io)?;
        out.write_all(&encode::SEQUENCE_END).map_err(io)
    }

    fn encapsulated(&mut self, out: &mut dyn Write) -> Result<(), Refusal> {
        self.before_fragments(out)?;
        for index in 0..self.object.facts().frames {
            let mut fragment = match self.frame(index)? {
                FrameOut::Samples(frame) => {
                    recode::encode(self.syntax.codec, &frame, &self.header)?
                }
                FrameOut::Coded(coded) => coded,
                FrameOut::Kept => {
                    let kept = self.object.encoded_frame(index)?;
                    if self.request.strip_streams {
                        let stripped = strip(self.syntax.codec, &kept)?;
                        if stripped.len() < kept.len() {
                            self.written.frames_stripped += 1;
                            self.written.encoded_bytes_kept = false;
                        }
                        stripped
                    } else {
                        kept.into_owned()
                    }
                }
            };
            if fragment.len() % 2 == 1 {
                fragment.push(0);
            }
            let mut item = Vec::new();
            encode::item(fragment.len(), &mut item)?;
            out.write_all(&item).map_err(io)?;
            out.write_all(&fragment).map_err(io)?;
        }
        out.write_all(&encode::SEQUENCE_END).map_err(io)
    }
}
