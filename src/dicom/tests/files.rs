//! Files and headers: what is refused, what is read, what the header says.

use super::*;
use crate::dicom::{read, support};
use crate::facts::IdentityKind;
use crate::frame::Window;
use crate::geometry::Rect;
use std::path::Path;

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
            Reason::StructuredReport,
        ),
        (
            0x0028,
            0x7FE0,
            "UR",
            text("https://host.example/px"),
            Reason::PixelUrl,
        ),
        (0x7FE0, 0x0008, "OF", vec![0; 4], Reason::Inconsistent),
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
        // Some old equipment puts private elements in front of group 0008.
        let creator: &[u8] = match form {
            Form::Implicit => b"\x05\0\x10\0\x04\0\0\0ACME",
            _ => b"\x05\0\x10\0LO\x04\0ACME",
        };
        let old = read_bytes([creator, &s.data_set(form)].concat(), &limits).unwrap();
        assert_eq!(old.notes(), bare.notes());
        assert_eq!(old.frame(0).unwrap().data, [1, 2, 3, 4]);
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
        (b"\x05\0\x10\0\x04\0\0\0ACME".to_vec(), Reason::NotDicom),
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
        let out = support::write_syntax(object.support(), &object.facts().format, false);
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
