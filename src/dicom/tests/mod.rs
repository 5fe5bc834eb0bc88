//! Reading and writing as a whole, on synthetic objects; and on the corpus where `UNBURN_CORPUS` names it.

mod compressed;
mod files;
mod hostile;
mod layouts;
mod written;

use super::attributes::{BurnedInClaim, Carrier, Changes, header_ops};
use super::testing::{E, Form, Pixels, Sample, element, sequence, text, us};
use super::{FrameOut, Object, WriteRequest, Written, check_written, read_bytes, write};
use crate::codec;
use crate::config::Limits;
use crate::key::Key;
use crate::outcome::{Reason, Refusal};

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

fn rle_frame(data: &[u8], s: &Sample) -> Vec<u8> {
    let mut native = s.clone().native(data.to_vec()).syntax(EXPLICIT);
    native.elements.retain(|e| (e.0, e.1) != (0x0028, 0x0008));
    codec::rle::encode(&native.read().unwrap().frame(0).unwrap()).unwrap()
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

/// Writes an object with these frames replaced by zeros.
fn written(object: &Object, out: &'static str, zeroed: &[u32], copy: bool) -> (Vec<u8>, Written) {
    let changes = Changes {
        masked_frames: zeroed.to_vec(),
        text: true,
        face: false,
        frames_written: !copy,
        recoded: !zeroed.is_empty(),
        out_syntax: out,
        burned_in: BurnedInClaim::No,
        remove: vec![Carrier::Icons, Carrier::Overlays],
        overlays: Vec::new(),
        claims: None,
        video_bytes: None,
    };
    let request = WriteRequest {
        deidentified: None,
        out_syntax: out,
        ops: &header_ops(object, &changes, &key()),
        copy_pixel_data: copy,
        clear_high_bits: !copy
            && object.facts().format.bits_stored < object.facts().format.bits_allocated,
        strip_streams: !copy,
        video: None,
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
    check_written(&path, &object, out, &done, false, &Limits::default()).unwrap()
}
