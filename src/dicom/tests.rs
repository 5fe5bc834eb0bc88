//! Reading and writing as a whole, on synthetic objects; and on the corpus where `UNBURN_CORPUS` names it.

use super::attributes::{BurnedInClaim, Carrier, Changes, header_ops};
use super::testing::{E, Form, Pixels, Sample, element, sequence, text, us};
use super::{FrameOut, Object, WriteRequest, check_written, read, read_bytes, write};
use crate::codec;
use crate::config::Limits;
use crate::facts::IdentityKind;
use crate::frame::{Photometric, Window};
use crate::geometry::Rect;
use crate::key::Key;
use crate::outcome::{Reason, Refusal};
use std::path::Path;

const IMPLICIT: &str = "1.2.840.10008.1.2";
const EXPLICIT: &str = "1.2.840.10008.1.2.1";
const BIG: &str = "1.2.840.10008.1.2.2";
const DEFLATED: &str = "1.2.840.10008.1.2.1.99";
const RLE: &str = "1.2.840.10008.1.2.5";
const JPEG: &str = "1.2.840.10008.1.2.4.50";
const JPEG_LS: &str = "1.2.840.10008.1.2.4.80";

fn mono8(rows: u16, cols: u16, data: Vec<u8>) -> Sample {
    Sample::new(rows, cols, 1, (8, 8), "MONOCHROME2").native(data)
}

fn frames(sample: &Sample) -> Vec<Vec<u8>> {
    let object = sample.read().unwrap();
    (0..object.facts().frames)
        .map(|i| object.frame(i).unwrap().data)
        .collect()
}

fn key() -> Key {
    Key::from_content(&[b'k'; 40]).unwrap()
}

#[test]
fn native_layouts_in_every_encoding() {
    let words: Vec<u8> = [1_u16, 0x8002, 0xFFFF, 7]
        .iter()
        .flat_map(|w| w.to_le_bytes())
        .collect();
    let longs: Vec<u8> = [1_u32, 0x8000_0002, 0x0102_0304, 7]
        .iter()
        .flat_map(|w| w.to_le_bytes())
        .collect();
    for syntax in [IMPLICIT, EXPLICIT, BIG] {
        let eight = mono8(1, 3, vec![5, 6, 7]).frames("2").syntax(syntax);
        let eight = eight.native(vec![5, 6, 7, 8, 9, 10]);
        assert_eq!(frames(&eight), [[5, 6, 7], [8, 9, 10]], "{syntax}");
        let sixteen = Sample::new(2, 2, 1, (16, 16), "MONOCHROME2")
            .with(0x0028, 0x0103, "US", us(1))
            .native(words.clone())
            .syntax(syntax);
        assert_eq!(frames(&sixteen), std::slice::from_ref(&words), "{syntax}");
        let object = sixteen.read().unwrap();
        assert_eq!(object.frame(0).unwrap().value(1, 0, 0), -32766);
        // In big endian, samples of 32 bits are turned round whole, not as pairs of words (stack.md §3, 6).
        let mut wide = Sample::new(2, 2, 1, (32, 32), "MONOCHROME2").syntax(syntax);
        wide.pixels = match syntax {
            BIG => Pixels::Native(
                longs
                    .chunks(4)
                    .flat_map(|c| [c[2], c[3], c[0], c[1]])
                    .collect(),
            ),
            _ => Pixels::Native(longs.clone()),
        };
        assert_eq!(frames(&wide), std::slice::from_ref(&longs), "{syntax}");
    }
}

#[test]
fn colour_layouts_keep_their_labels() {
    let data: Vec<u8> = (1..=12).collect();
    for (photometric, planar, label) in [
        ("RGB", 0, Photometric::Rgb),
        ("RGB", 1, Photometric::Rgb),
        ("YBR_FULL", 0, Photometric::YbrFull),
    ] {
        let s = Sample::new(2, 2, 3, (8, 8), photometric)
            .with(0x0028, 0x0006, "US", us(planar))
            .native(data.clone());
        let object = s.read().unwrap();
        assert_eq!(object.facts().format.photometric, label);
        assert_eq!(object.facts().format.planar, planar == 1);
        assert_eq!(object.frame(0).unwrap().data, data);
        let second = object.frame(0).unwrap().word(1, 0, 0);
        assert_eq!(second, if planar == 1 { 2 } else { 4 });
    }
    let subsampled = Sample::new(2, 2, 3, (8, 8), "YBR_FULL_422").native(data[..8].to_vec());
    let object = subsampled.read().unwrap();
    assert_eq!(object.frame(0).unwrap().data, data[..8]);
    assert_eq!(object.frame(0).unwrap().word(1, 1, 2), 8);
    // Full samples under a 4:2:2 label: one of the two is wrong.
    let lie = Sample::new(2, 2, 3, (8, 8), "YBR_FULL_422").native(data.clone());
    assert_eq!(lie.refusal(), Some(Reason::Inconsistent));
    let rct = Sample::new(2, 2, 3, (8, 8), "YBR_RCT").native(data);
    assert_eq!(rct.refusal(), Some(Reason::Inconsistent));
}

#[test]
fn one_bit_frames_need_not_begin_at_a_byte() {
    let s = Sample::new(1, 5, 1, (1, 1), "MONOCHROME2").frames("3");
    let s = s.native(vec![0b0110_0101, 0b0100_0011]);
    let want = [[1, 0, 1, 0, 0], [1, 1, 0, 1, 1], [0, 0, 0, 0, 1]];
    assert_eq!(frames(&s), want);
    let copy = rewrite(&s, EXPLICIT, &[]);
    assert_eq!(copy.frame(2).unwrap().data, want[2]);
}

#[test]
fn pixel_data_of_another_length_than_the_header_says() {
    assert_eq!(mono8(2, 2, vec![1, 2]).refusal(), Some(Reason::Truncated));
    assert_eq!(mono8(2, 2, vec![]).refusal(), Some(Reason::Truncated));
    let lie = mono8(2, 2, vec![1; 8]);
    assert_eq!(lie.refusal(), Some(Reason::Inconsistent));
    let padded = mono8(2, 2, vec![1; 6]).read().unwrap();
    assert_eq!(padded.carriers().trailing_pixel_bytes, 2);
    assert!(padded.carriers().pixel_data_needs_cleaning());
    let odd = mono8(1, 3, vec![1; 3]).read().unwrap();
    assert!(!odd.carriers().pixel_data_needs_cleaning());
    for n in ["0", "-1", "many", "1\\2", "5"] {
        assert!(
            mono8(2, 2, vec![1; 4]).frames(n).read().is_err() || n == "1\\2",
            "{n}"
        );
    }
}

#[test]
fn what_contradicts_itself_is_refused() {
    let good = || mono8(2, 2, vec![1, 2, 3, 4]);
    assert_eq!(good().refusal(), None);
    for (g, e, vr, value, reason) in [
        (0x0028, 0x0002, "US", us(3), Reason::Inconsistent),
        (0x0028, 0x0004, "CS", text("CMYK"), Reason::PixelFormat),
        (0x0028, 0x0010, "US", us(0), Reason::Inconsistent),
        (0x0028, 0x0010, "US", us(60_000), Reason::Truncated),
        (0x0028, 0x0100, "US", us(12), Reason::PixelFormat),
        (0x0028, 0x0101, "US", us(9), Reason::Inconsistent),
        (0x0028, 0x0102, "US", us(3), Reason::Inconsistent),
        (0x0028, 0x0103, "US", us(2), Reason::Inconsistent),
        (
            0x0008,
            0x0016,
            "UI",
            text("1.2.840.10008.5.1.4.1.1.88.11"),
            Reason::ObjectClass,
        ),
        (
            0x0028,
            0x7FE0,
            "UR",
            text("https://host.example/px"),
            Reason::PixelUrl,
        ),
        (0x7FE0, 0x0008, "OF", vec![0; 4], Reason::FloatPixels),
    ] {
        let bad = good().with(g, e, vr, value);
        assert_eq!(bad.refusal(), Some(reason), "{g:04x},{e:04x}");
    }
    for (g, e) in [
        (0x0008, 0x0016),
        (0x0028, 0x0002),
        (0x0028, 0x0004),
        (0x0028, 0x0010),
        (0x0028, 0x0011),
        (0x0028, 0x0100),
        (0x0028, 0x0101),
        (0x0028, 0x0103),
    ] {
        let bad = good().without(g, e);
        assert_eq!(bad.refusal(), Some(Reason::Inconsistent), "{g:04x},{e:04x}");
    }
    let mut none = good();
    none.pixels = Pixels::None;
    assert_eq!(none.refusal(), Some(Reason::NoPixels));
    let unknown = good().syntax("1.2.840.10008.1.2.4.999");
    assert_eq!(unknown.refusal(), Some(Reason::TransferSyntax));
    let video = good().syntax("1.2.840.10008.1.2.4.102");
    assert_eq!(video.refusal(), Some(Reason::Video));
    assert_eq!(good().syntax(RLE).refusal(), Some(Reason::Inconsistent));
    let huge = Limits {
        frame_bytes: 3,
        ..Limits::default()
    };
    let e = read_bytes(good().bytes(), &huge).unwrap_err();
    assert_eq!(e.reason, Reason::Limit);
}

#[test]
fn deflated_data_sets_are_inflated_and_deflated_again() {
    use std::io::Write;
    let s = mono8(2, 2, vec![1, 2, 3, 4]).syntax(DEFLATED);
    let mut deflater = flate2::write::DeflateEncoder::new(Vec::new(), Default::default());
    deflater.write_all(&s.data_set(Form::Explicit)).unwrap();
    let deflated = deflater.finish().unwrap();
    let object = read_bytes(s.file(&deflated), &Limits::default()).unwrap();
    assert_eq!(object.frame(0).unwrap().data, [1, 2, 3, 4]);
    let cut = s.file(&deflated[..deflated.len() - 3]);
    let e = read_bytes(cut, &Limits::default()).unwrap_err();
    assert_eq!(e.reason, Reason::Truncated);
    let bomb = Limits {
        file_bytes: 600,
        ..Limits::default()
    };
    let mut zeros = flate2::write::DeflateEncoder::new(Vec::new(), Default::default());
    zeros.write_all(&[7; 200_000]).unwrap();
    let bytes = s.file(&zeros.finish().unwrap());
    assert_eq!(read_bytes(bytes, &bomb).unwrap_err().reason, Reason::Limit);
    let (copy, _) = written(&object, DEFLATED, &[], false);
    let again = read_bytes(copy, &Limits::default()).unwrap();
    assert_eq!(again.frame(0).unwrap().data, [1, 2, 3, 4]);
}

#[test]
fn files_without_their_header_are_read_where_only_one_reading_works() {
    let s = mono8(2, 2, vec![1, 2, 3, 4]);
    let limits = Limits::default();
    for (form, uid) in [(Form::Implicit, IMPLICIT), (Form::Explicit, EXPLICIT)] {
        let bare = read_bytes(s.data_set(form), &limits).unwrap();
        assert_eq!(bare.facts().transfer_syntax.uid, uid);
        assert_eq!(bare.notes(), ["no-preamble", "no-transfer-syntax"]);
        // Declared the other way round: what parses to the end counts, and the output is what was declared.
        let other = if form == Form::Implicit {
            EXPLICIT
        } else {
            IMPLICIT
        };
        let wrong = s.clone().syntax(other);
        let object = read_bytes(wrong.file(&s.data_set(form)), &limits).unwrap();
        assert_eq!(object.notes(), ["encoding-other-than-declared"]);
        assert_eq!(object.frame(0).unwrap().data, [1, 2, 3, 4]);
        let (copy, _) = written(&object, other, &[], true);
        assert!(read_bytes(copy, &limits).unwrap().notes().is_empty());
    }
    for (bytes, reason) in [
        (vec![], Reason::NotDicom),
        (b"%PDF-1.7 not an image at all".to_vec(), Reason::NotDicom),
        (vec![0; 200], Reason::NotDicom),
        (s.data_set(Form::Explicit)[..40].to_vec(), Reason::Truncated),
    ] {
        assert_eq!(read_bytes(bytes, &limits).unwrap_err().reason, reason);
    }
    let mut directory = s.bytes();
    let at = 132 + 8;
    directory[at..at + 26].copy_from_slice(b"1.2.840.10008.1.3.10\0\0\0\0\0\0");
    let e = read_bytes(directory, &limits).unwrap_err();
    assert_eq!(e.reason, Reason::Dicomdir);
}

fn rle_frame(data: &[u8], s: &Sample) -> Vec<u8> {
    let mut native = s.clone().native(data.to_vec()).syntax(EXPLICIT);
    native.elements.retain(|e| (e.0, e.1) != (0x0028, 0x0008));
    codec::rle::encode(&native.read().unwrap().frame(0).unwrap()).unwrap()
}

#[test]
fn compressed_colour_is_labelled_as_it_is() {
    let data: Vec<u8> = (1..=12).collect();
    for (photometric, label) in [
        ("RGB", Photometric::Rgb),
        ("YBR_FULL", Photometric::YbrFull),
    ] {
        let s = Sample::new(2, 2, 3, (8, 8), photometric);
        let object = s
            .clone()
            .items(RLE, &[&[], &rle_frame(&data, &s)])
            .read()
            .unwrap();
        assert_eq!(object.facts().format.photometric, label);
        assert_eq!(object.frame(0).unwrap().data, data);
        let frame = object.frame(0).unwrap();
        let stream = codec::jpeg_ls::encode(&frame, &Default::default()).unwrap();
        let object = s.items(JPEG_LS, &[&[], &even(stream)]).read().unwrap();
        assert_eq!(object.facts().format.photometric, label);
        assert_eq!(object.frame(0).unwrap().data, data);
    }
}

fn even(mut v: Vec<u8>) -> Vec<u8> {
    if v.len() % 2 == 1 {
        v.push(0);
    }
    v
}

/// A JPEG of one red colour, YCbCr with JFIF marker.
fn red_jpeg(rows: u16, cols: u16) -> Vec<u8> {
    let mut out = Vec::new();
    let pixels: Vec<u8> = [200, 10, 10].repeat(usize::from(rows) * usize::from(cols));
    jpeg_encoder::Encoder::new(&mut out, 95)
        .encode(&pixels, cols, rows, jpeg_encoder::ColorType::Rgb)
        .unwrap();
    even(out)
}

#[test]
fn jpeg_is_decoded_to_rgb_whatever_the_header_calls_it() {
    let stream = red_jpeg(8, 8);
    for photometric in ["RGB", "YBR_FULL_422", "YBR_FULL"] {
        let s = Sample::new(8, 8, 3, (8, 8), photometric).items(JPEG, &[&[], &stream]);
        let object = s.read().unwrap();
        assert_eq!(object.facts().format.photometric, Photometric::Rgb);
        assert!(object.stream_lossy());
        let frame = object.frame(0).unwrap();
        for (c, want) in [200, 10, 10].into_iter().enumerate() {
            assert!(frame.word(3, 3, c).abs_diff(want) <= 3, "{photometric}");
        }
    }
    let other_size = Sample::new(8, 9, 3, (8, 8), "RGB").items(JPEG, &[&[], &stream]);
    assert_eq!(other_size.refusal(), Some(Reason::Inconsistent));
    let half = even(stream[..stream.len() / 2].to_vec());
    let cut = Sample::new(8, 8, 3, (8, 8), "RGB").items(JPEG, &[&[], &half]);
    assert!(cut.refusal().is_some());
}

#[test]
fn several_fragments_a_frame() {
    let stream = red_jpeg(8, 8);
    let (a, b) = stream.split_at(stream.len() / 4 * 2);
    let s = Sample::new(8, 8, 3, (8, 8), "YBR_FULL_422").frames("2");
    let object = s.clone().items(JPEG, &[&[], a, b, a, b]).read().unwrap();
    assert_eq!(object.frame(0).unwrap(), object.frame(1).unwrap());
    assert_eq!(object.frame_digest(0), object.frame_digest(1));
    assert_eq!(*object.encoded_frame(1).unwrap(), stream);
    let few = s.clone().items(JPEG, &[&[], &stream]);
    assert_eq!(few.refusal(), Some(Reason::Truncated));
    let many = s.items(JPEG, &[&[], &stream, &stream, &stream]);
    assert_eq!(many.refusal(), Some(Reason::Inconsistent));
}

#[test]
fn facts_of_the_header() {
    let inner: E = (
        0x0040,
        0x1101,
        "SQ",
        sequence(&[vec![]], Form::Explicit, true),
    );
    let nested = sequence(
        &[vec![
            (0x0008, 0x0050, "SH", text("A-77")),
            (0x0040, 0xA123, "PN", text("Probe^Paul")),
            inner,
        ]],
        Form::Explicit,
        false,
    );
    let mut nested_value = nested;
    nested_value.extend_from_slice(&[]);
    let region = sequence(
        &[vec![
            (0x0018, 0x6012, "US", us(1)),
            (0x0018, 0x6014, "US", us(2)),
            (0x0018, 0x6018, "UL", 1_u32.to_le_bytes().to_vec()),
            (0x0018, 0x601A, "UL", 0_u32.to_le_bytes().to_vec()),
            (0x0018, 0x601C, "UL", 2_u32.to_le_bytes().to_vec()),
            (0x0018, 0x601E, "UL", 4_u32.to_le_bytes().to_vec()),
        ]],
        Form::Explicit,
        true,
    );
    let object = mono8(4, 4, vec![0; 16])
        .with(0x0008, 0x0020, "DA", text("20240131"))
        .with(0x0010, 0x0020, "LO", text("X 123 "))
        .with(0x0018, 0x6011, "SQ", region)
        .with(0x0028, 0x0120, "US", us(3))
        .with(0x0028, 0x0301, "CS", text("NO"))
        .with(0x0028, 0x1050, "DS", text("40\\400"))
        .with(0x0028, 0x1051, "DS", text("80\\2000"))
        .with(0x0040, 0x0275, "SQ", nested_value)
        .read()
        .unwrap();
    let facts = object.facts();
    let has = |kind, value: &str| {
        let found = facts.identities.iter();
        found.filter(|i| i.kind == kind && i.value == value).count() == 1
    };
    assert!(has(IdentityKind::PersonName, "Muster^Mara"));
    assert!(has(IdentityKind::PersonName, "Probe^Paul"));
    assert!(has(IdentityKind::Id, "X 123"));
    assert!(has(IdentityKind::Id, "A-77"));
    assert!(has(IdentityKind::Date, "20240131"));
    assert_eq!(facts.us_regions[0].rect, Rect::new(1, 0, 2, 4));
    assert_eq!(facts.burned_in_annotation, Some(false));
    assert_eq!(facts.pixel_padding, Some(3));
    let windows = [(40.0, 80.0), (400.0, 2000.0)];
    let want = windows.map(|(center, width)| Window { center, width });
    assert_eq!(facts.display.windows, want);
}

/// Writes an object with these frames replaced by zeros.
fn written(
    object: &Object,
    out: &'static str,
    zeroed: &[u32],
    copy: bool,
) -> (Vec<u8>, super::Written) {
    let changes = Changes {
        masked_frames: zeroed.to_vec(),
        frames_written: !copy,
        recoded: !zeroed.is_empty(),
        out_syntax: out,
        burned_in: BurnedInClaim::No,
        remove: vec![Carrier::Icons, Carrier::Overlays],
    };
    let request = WriteRequest {
        out_syntax: out,
        ops: &header_ops(object, &changes, &key()),
        copy_pixel_data: copy,
        clear_high_bits: !copy
            && object.facts().format.bits_stored < object.facts().format.bits_allocated,
        strip_streams: !copy,
    };
    let mut bytes = Vec::new();
    let mut source = |i: u32| -> Result<FrameOut, Refusal> {
        if !zeroed.contains(&i) {
            return Ok(FrameOut::Kept);
        }
        let mut frame = object.frame(i)?;
        frame.data.fill(0);
        Ok(FrameOut::Samples(frame))
    };
    let done = write(object, &request, &mut source, &mut bytes).unwrap();
    (bytes, done)
}

/// Writes, checks the file's form, and gives what was read back.
fn rewrite(sample: &Sample, out: &'static str, zeroed: &[u32]) -> Object {
    let object = sample.read().unwrap();
    let (bytes, done) = written(&object, out, zeroed, false);
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("out.dcm");
    std::fs::write(&path, bytes).unwrap();
    check_written(&path, &object, out, &done, &Limits::default()).unwrap()
}

#[test]
fn what_nobody_changed_is_copied_byte_for_byte() {
    let private = (0x0009, 0x0010, "LO", text("MAKER"));
    let odd_vr = (0x0009, 0x1001, "UN", vec![1, 2, 3, 4]);
    let defined = sequence(
        &[vec![(0x0008, 0x0100, "SH", text("T-1"))]],
        Form::Explicit,
        true,
    );
    let sample = mono8(2, 2, vec![1, 2, 3, 4])
        .with(private.0, private.1, private.2, private.3.clone())
        .with(odd_vr.0, odd_vr.1, odd_vr.2, odd_vr.3.clone())
        .with(0x0008, 0x1032, "SQ", defined);
    let object = sample.read().unwrap();
    let (bytes, done) = written(&object, EXPLICIT, &[], true);
    assert!(done.encoded_bytes_kept);
    let changed = [(0x0008, 0x0018)];
    for e in sample
        .elements
        .iter()
        .filter(|e| !changed.contains(&(e.0, e.1)))
    {
        let raw = element(e, Form::Explicit);
        assert!(
            bytes.windows(raw.len()).any(|w| w == raw),
            "{:04x},{:04x}",
            e.0,
            e.1
        );
    }
    for gone in [&b"1.2.3.4.5"[..], b"STATION9"] {
        assert!(!bytes.windows(gone.len()).any(|w| w == gone));
    }
    assert_eq!(bytes[..128], [0; 128]);
    assert!(bytes.ends_with(&[1, 2, 3, 4]));
    for claim in [[0x12, 0x00, 0x62, 0x00], [0x28, 0x00, 0x03, 0x03]] {
        assert!(!bytes.windows(4).any(|w| w == claim));
    }
    let (again, _) = written(&object, EXPLICIT, &[], true);
    assert_eq!(bytes, again);
}

#[test]
fn masked_frames_change_and_the_others_do_not() {
    let data: Vec<u8> = (1..=12).collect();
    let native = mono8(2, 2, data.clone()).frames("3");
    let out = rewrite(&native, EXPLICIT, &[1]);
    assert_eq!(out.frame(0).unwrap().data, data[..4]);
    assert_eq!(out.frame(1).unwrap().data, [0; 4]);
    assert_eq!(out.frame(2).unwrap().data, data[8..]);
    assert_eq!(out.facts().image_type[0], "DERIVED");
    assert_eq!(out.facts().burned_in_annotation, Some(false));
    let one = Sample::new(2, 2, 1, (8, 8), "MONOCHROME2");
    let parts: Vec<Vec<u8>> = data.chunks(4).map(|c| rle_frame(c, &one)).collect();
    let items: Vec<&[u8]> = [&[][..]]
        .into_iter()
        .chain(parts.iter().map(Vec::as_slice))
        .collect();
    let rle = one.frames("3").items(RLE, &items);
    let out = rewrite(&rle, RLE, &[1]);
    assert_eq!(*out.encoded_frame(0).unwrap(), parts[0]);
    assert_eq!(out.frame(1).unwrap().data, [0; 4]);
    assert_eq!(out.frame(2).unwrap().data, data[8..]);
}

#[test]
fn lossy_frames_become_native_with_their_history() {
    let sample = Sample::new(8, 8, 3, (8, 8), "YBR_FULL_422");
    let sample = sample
        .frames("2")
        .items(JPEG, &[&[], &red_jpeg(8, 8), &red_jpeg(8, 8)]);
    let before = sample.read().unwrap();
    let out = rewrite(&sample, EXPLICIT, &[0]);
    assert_eq!(out.frame(1).unwrap(), before.frame(1).unwrap());
    assert_eq!(out.facts().photometric_header, "RGB");
    let (bytes, _) = written(&before, EXPLICIT, &[0], false);
    let lossy = element(&(0x0028, 0x2110, "CS", text("01")), Form::Explicit);
    let method = element(&(0x0028, 0x2114, "CS", text("ISO_10918_1")), Form::Explicit);
    for raw in [lossy, method] {
        assert!(bytes.windows(raw.len()).any(|w| w == raw));
    }
    // Frames that stay JPEG keep the label under which JPEG is read.
    let kept = rewrite(&sample, JPEG, &[]);
    assert_eq!(kept.facts().photometric_header, "YBR_FULL_422");
    assert_eq!(kept.frame(0).unwrap(), before.frame(0).unwrap());
}

#[test]
fn carriers_beside_the_pixels_are_found_and_removed_at_every_depth() {
    let icon = sequence(
        &[vec![
            (0x0028, 0x0010, "US", us(1)),
            (0x7FE0, 0x0010, "OB", vec![9, 9]),
        ]],
        Form::Explicit,
        true,
    );
    let outer = sequence(
        &[vec![(0x0088, 0x0200, "SQ", icon.clone())]],
        Form::Explicit,
        true,
    );
    let sample = mono8(2, 8, vec![0; 16])
        .with(0x0008, 0x1140, "SQ", outer)
        .with(0x0088, 0x0200, "SQ", icon)
        .with(0x6000, 0x0010, "US", us(2))
        .with(0x6000, 0x0011, "US", us(8))
        .with(0x6000, 0x0022, "LO", text("Muster"))
        .with(
            0x6000,
            0x0050,
            "SS",
            [1_u16, 2].iter().flat_map(|v| v.to_le_bytes()).collect(),
        )
        .with(0x6000, 0x0100, "US", us(1))
        .with(0x6000, 0x0102, "US", us(0))
        .with(0x6000, 0x3000, "OW", vec![0b1000_0001, 0b10]);
    let object = sample.read().unwrap();
    let nested = object.carriers().nested;
    assert_eq!(
        (nested.icons, nested.overlays, nested.pixel_data),
        (2, 1, 0)
    );
    let overlays = object.overlays();
    assert_eq!(
        (overlays[0].origin, overlays[0].embedded_bit),
        ((1, 0), None)
    );
    let bitmap = object.overlay_bitmap(&overlays[0], 0).unwrap().unwrap();
    assert_eq!(bitmap.row(0), [255, 0, 0, 0, 0, 0, 0, 255]);
    assert_eq!(bitmap.row(1), [0, 255, 0, 0, 0, 0, 0, 0]);
    let out = rewrite(&sample, EXPLICIT, &[0]);
    assert_eq!(out.carriers().nested, Default::default());
}

#[test]
fn high_bits_are_cleared_in_every_frame_that_is_written() {
    let words: Vec<u8> = [0x8001_u16, 0x0FFF]
        .iter()
        .flat_map(|w| w.to_le_bytes())
        .collect();
    let sample = Sample::new(1, 2, 1, (16, 12), "MONOCHROME2")
        .with(0x6000, 0x0100, "US", us(16))
        .with(0x6000, 0x0102, "US", us(15))
        .native(words);
    let object = sample.read().unwrap();
    assert!(super::has_high_bits(&object.frame(0).unwrap()));
    let overlay = &object.overlays()[0];
    let bitmap = object.overlay_bitmap(overlay, 0).unwrap().unwrap();
    assert_eq!(bitmap.data, [255, 0]);
    let out = rewrite(&sample, EXPLICIT, &[]);
    assert_eq!(out.frame(0).unwrap().data, [0x01, 0x00, 0xFF, 0x0F]);
}

/// Reads, decodes every frame, and holds the result to its own word.
fn survive(bytes: Vec<u8>) -> Result<usize, Reason> {
    let object = read_bytes(bytes, &Limits::default()).map_err(|e| e.reason)?;
    for i in 0..object.facts().frames.min(8) {
        let frame = object.frame(i).map_err(|e| e.reason)?;
        assert_eq!(frame.data.len(), frame.format.bytes_per_frame());
    }
    for overlay in object.overlays() {
        let _ = object.overlay_bitmap(&overlay, 0);
    }
    Ok(object.facts().frames as usize)
}

fn hostile_seeds() -> Vec<Vec<u8>> {
    let data: Vec<u8> = (1..=12).collect();
    let rgb = Sample::new(2, 2, 3, (8, 8), "RGB");
    let nested = sequence(
        &[vec![(0x0008, 0x0050, "SH", text("A-77"))]],
        Form::Explicit,
        true,
    );
    let native = mono8(2, 2, vec![1, 2, 3, 4]).with(0x0040, 0x0275, "SQ", nested);
    let jpeg_ls = {
        let frame = rgb
            .clone()
            .native(data.clone())
            .read()
            .unwrap()
            .frame(0)
            .unwrap();
        even(codec::jpeg_ls::encode(&frame, &Default::default()).unwrap())
    };
    let rle = rle_frame(&data, &rgb);
    vec![
        native.bytes(),
        mono8(2, 2, vec![1, 2, 3, 4]).syntax(IMPLICIT).bytes(),
        mono8(2, 2, vec![1, 2, 3, 4]).syntax(BIG).bytes(),
        mono8(2, 2, vec![1, 2, 3, 4]).data_set(Form::Implicit),
        rgb.clone().items(RLE, &[&[0, 0, 0, 0], &rle]).bytes(),
        rgb.clone().items(JPEG_LS, &[&[], &jpeg_ls]).bytes(),
        Sample::new(8, 8, 3, (8, 8), "RGB")
            .items(JPEG, &[&[], &red_jpeg(8, 8)])
            .bytes(),
    ]
}

#[test]
fn no_prefix_of_a_file_passes_for_a_whole_one() {
    for (n, seed) in hostile_seeds().into_iter().enumerate() {
        assert_eq!(survive(seed.clone()), Ok(1), "seed {n}");
        for end in 0..seed.len() {
            assert!(
                survive(seed[..end].to_vec()).is_err(),
                "seed {n} up to {end}"
            );
        }
    }
}

#[test]
fn flipped_bits_never_cause_a_panic_or_a_frame_of_another_size() {
    let mut state = 0x2545_F491_4F6C_DD1D_u64;
    let mut random = move |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % below.max(1) as u64) as usize
    };
    for seed in hostile_seeds() {
        for _ in 0..1500 {
            let mut bytes = seed.clone();
            for _ in 0..=random(3) {
                let at = random(bytes.len());
                bytes[at] = if random(4) == 0 {
                    [0, 0xFF, 0x7F, 0x80][random(4)]
                } else {
                    bytes[at] ^ 1 << random(8)
                };
            }
            let _ = survive(bytes);
        }
    }
}

#[test]
fn deep_nesting_and_cheap_items_are_bounded() {
    let deep = [
        0xFE, 0xFF, 0x00, 0xE0, 0xFF, 0xFF, 0xFF, 0xFF, 0x08, 0x00, 0x32, 0x10,
    ]
    .into_iter()
    .chain([0xFF; 4])
    .collect::<Vec<u8>>();
    let mut data = vec![0x08, 0x00, 0x32, 0x10, 0xFF, 0xFF, 0xFF, 0xFF];
    for _ in 0..100_000 {
        data.extend_from_slice(&deep);
    }
    let s = mono8(1, 1, vec![0]).syntax(IMPLICIT);
    let e = read_bytes(s.file(&data), &Limits::default()).unwrap_err();
    assert_eq!(e.reason, Reason::Limit);
}

#[test]
fn every_corpus_file_is_read_or_refused_by_name() {
    let Some(corpus) = std::env::var_os("UNBURN_CORPUS") else {
        use std::io::Write;
        let _ = writeln!(
            std::io::stderr(),
            "SKIPPED: UNBURN_CORPUS is not set: no corpus file was read"
        );
        return;
    };
    let mut seen = 0;
    for entry in std::fs::read_dir(Path::new(&corpus).join("files")).unwrap() {
        let path = entry.unwrap().path();
        let shown = path.display();
        seen += 1;
        let object = match read(&path, &Limits::default()) {
            Ok(object) => object,
            Err(e) => {
                assert!(
                    !matches!(e.reason, Reason::Internal | Reason::NotDicom),
                    "{shown}: {e}"
                );
                continue;
            }
        };
        let copy = !object.carriers().pixel_data_needs_cleaning();
        let out = super::support::write_syntax(object.support(), &object.facts().format, false);
        let (bytes, done) = written(&object, out, &[], copy);
        assert_eq!(done.bytes, bytes.len() as u64);
        let again = read_bytes(bytes, &Limits::default()).unwrap();
        for i in 0..object.facts().frames {
            let frame = object.frame(i).unwrap_or_else(|e| panic!("{shown}: {e}"));
            assert!(again.frame(i).unwrap() == frame, "{shown}: frame {i}");
        }
    }
    assert!(seen > 0, "no files in the corpus");
}
