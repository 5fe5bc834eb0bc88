//! A first look at a file's header, for work lists: to which series an object belongs, what made it, how large it gets.
//!
//! Takes anything readable and reads no more of it than the header needs. What it gives is for planning only: an object
//! that is treated is read in full by [`super::read`], which refuses what does not add up.

use super::dataset::Encoding;
use super::file;
use super::value::Values;
use crate::config::Limits;
use crate::facts::Equipment;
use crate::outcome::{Reason, Refusal};
use dicom_dictionary_std::tags;
use std::io::Read;

/// Read at first; enough for nearly every header.
const FIRST_BYTES: u64 = 32 << 10;
/// A header that is longer than this is not looked at any further.
const MOST_BYTES: u64 = 32 << 20;
/// Everything that is looked for stands in groups up to this one.
const LAST_GROUP: u16 = 0x0028;

/// What the header of an object says about where it belongs. UIDs are the input's: never logged.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Peek {
    /// Study Instance UID (0020,000D); empty where absent.
    pub study: String,
    /// Series Instance UID (0020,000E); empty where absent.
    pub series: String,
    /// SOP Instance UID (0008,0018); empty where absent.
    pub instance: String,
    /// (0008,0060).
    pub modality: String,
    /// Maker.
    pub equipment: Equipment,
    /// Transfer syntax as declared.
    pub transfer_syntax: String,
    /// Rows; 0 where absent.
    pub rows: u32,
    /// Columns; 0 where absent.
    pub cols: u32,
    /// Frames as declared, at least 1.
    pub frames: u32,
    /// Bytes of one decoded frame as declared; 0 for objects without pixels.
    pub frame_bytes: u64,
}

/// Looks at the beginning of a file.
///
/// # Errors
/// `read-failed`, `not-dicom`, `dicomdir`, `damaged`, `limit`.
pub fn peek(source: &mut dyn Read, limits: &Limits) -> Result<Peek, Refusal> {
    let mut bytes = Vec::new();
    let mut want = FIRST_BYTES;
    loop {
        let missing = want - bytes.len() as u64;
        let got = source
            .take(missing)
            .read_to_end(&mut bytes)
            .map_err(|e| Refusal::new(Reason::Read, format!("{}", e.kind())))?;
        let head = file::head(&bytes, LAST_GROUP, limits)?;
        let ended = (got as u64) < missing;
        if head.complete || ended || want >= MOST_BYTES {
            return Ok(facts(&bytes, &head));
        }
        want *= 8;
    }
}

fn facts(bytes: &[u8], head: &file::Head) -> Peek {
    let v = Values {
        bytes: head.inflated.as_deref().unwrap_or(bytes),
        set: &head.set,
    };
    let text = |tag| v.code(tag).unwrap_or_default();
    let big_endian = head.set.encoding == Encoding::ExplicitBe;
    let short = |tag| {
        let n = v.int(tag).and_then(|n| u16::try_from(n).ok()).unwrap_or(0);
        u32::from(if big_endian { n.swap_bytes() } else { n })
    };
    let (rows, cols) = (short(tags::ROWS), short(tags::COLUMNS));
    let bits = u64::from(short(tags::BITS_ALLOCATED).max(1));
    let samples = u64::from(short(tags::SAMPLES_PER_PIXEL).max(1));
    Peek {
        study: text(tags::STUDY_INSTANCE_UID),
        series: text(tags::SERIES_INSTANCE_UID),
        instance: text(tags::SOP_INSTANCE_UID),
        modality: text(tags::MODALITY),
        equipment: Equipment {
            manufacturer: text(tags::MANUFACTURER),
            model: text(tags::MANUFACTURER_MODEL_NAME),
            software: text(tags::SOFTWARE_VERSIONS),
        },
        transfer_syntax: head.transfer_syntax.clone(),
        rows,
        cols,
        frames: v
            .int(tags::NUMBER_OF_FRAMES)
            .and_then(|n| u32::try_from(n).ok())
            .unwrap_or(1)
            .max(1),
        frame_bytes: (u64::from(rows) * u64::from(cols))
            .saturating_mul(samples)
            .saturating_mul(bits)
            .div_ceil(8),
    }
}

#[cfg(test)]
mod tests {
    use super::super::support::{DEFLATED, EXPLICIT_BE, EXPLICIT_LE, IMPLICIT_LE};
    use super::super::testing::{Form, Sample, text};
    use super::*;
    use std::io::Write;

    fn look(bytes: &[u8]) -> Result<Peek, Refusal> {
        peek(&mut &bytes[..], &Limits::default())
    }

    fn sample() -> Sample {
        Sample::new(30, 40, 1, (16, 12), "MONOCHROME2")
            .with(0x0020, 0x000D, "UI", text("1.2.3.4"))
            .with(0x0020, 0x000E, "UI", text("1.2.3.4.1"))
            // Longer than what is read at first.
            .with(0x0019, 0x1010, "OB", vec![3; 100_000])
            .frames("2")
            .native(vec![7; 4800])
    }

    #[test]
    fn a_look_agrees_with_a_full_reading_in_every_data_set_encoding() {
        for syntax in [EXPLICIT_LE, IMPLICIT_LE, EXPLICIT_BE, DEFLATED] {
            let sample = sample().syntax(syntax);
            let bytes = if syntax == DEFLATED {
                let mut out =
                    flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::default());
                out.write_all(&sample.data_set(Form::Explicit)).unwrap();
                sample.file(&out.finish().unwrap())
            } else {
                sample.bytes()
            };
            let full = super::super::read_bytes(bytes.clone(), &Limits::default()).unwrap();
            let seen = look(&bytes).unwrap();
            let facts = full.facts();
            assert_eq!(seen.instance, facts.sop_instance, "{syntax}");
            assert_eq!(
                (seen.study.as_str(), seen.series.as_str()),
                ("1.2.3.4", "1.2.3.4.1")
            );
            assert_eq!(seen.modality, facts.modality);
            assert_eq!(
                (seen.rows, seen.cols, seen.frames),
                (facts.format.rows, facts.format.cols, facts.frames),
                "{syntax}"
            );
            assert_eq!(seen.frame_bytes, facts.format.bytes_per_frame() as u64);
        }
    }

    #[test]
    fn no_more_is_read_than_the_header_needs() {
        let mut bytes = sample().without(0x0019, 0x1010).bytes();
        bytes.extend(vec![1; 1 << 20]);
        let mut rest = &bytes[..];
        peek(&mut rest, &Limits::default()).unwrap();
        assert_eq!(bytes.len() - rest.len(), FIRST_BYTES as usize);
    }

    #[test]
    fn no_prefix_and_no_noise_does_harm() {
        let bytes = sample().without(0x0019, 0x1010).bytes();
        for n in 0..bytes.len().min(1500) {
            let _ = look(&bytes[..n]);
        }
        assert_eq!(look(b"").unwrap_err().reason, Reason::NotDicom);
        assert_eq!(look(&[0xff; 400]).unwrap_err().reason, Reason::NotDicom);
    }
}
