//! What is written: copies, masked frames, labels, carriers.

use super::*;
use crate::dicom::has_high_bits;

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
    assert!(has_high_bits(&object.frame(0).unwrap()));
    let overlay = &object.overlays()[0];
    let bitmap = object.overlay_bitmap(overlay, 0).unwrap().unwrap();
    assert_eq!(bitmap.data, [255, 0]);
    let out = rewrite(&sample, EXPLICIT, &[]);
    assert_eq!(out.frame(0).unwrap().data, [0x01, 0x00, 0xFF, 0x0F]);
}

#[test]
fn floats_are_copied_bit_by_bit_and_masked_with_their_padding() {
    let words = [
        0x7FC0_0001_u32,
        0xFF80_0000,
        1.5_f32.to_bits(),
        0x8000_0000,
        3.0_f32.to_bits(),
        0x7F80_0009,
    ];
    let data: Vec<u8> = words.iter().flat_map(|w| w.to_le_bytes()).collect();
    let sample = Sample::float(2, 3, 32, data.clone()).with(
        0x0028,
        0x0122,
        "FL",
        (-9.0_f32).to_le_bytes().to_vec(),
    );
    let object = sample.read().unwrap();
    assert_eq!(object.frame(0).unwrap().data, data);
    let fill = crate::mask::choose_fill(object.facts(), None);
    assert_eq!(fill.words[0], u64::from((-9.0_f32).to_bits()));
    let two = Sample {
        pixels: Pixels::Float(32, data.repeat(2)),
        ..sample.clone().frames("2")
    };
    for (from, to) in [(IMPLICIT, IMPLICIT), (EXPLICIT, EXPLICIT), (BIG, EXPLICIT)] {
        let out = rewrite(&two.clone().syntax(from), to, &[0]);
        assert_eq!(out.frame(0).unwrap().data, [0; 24], "{from}");
        assert_eq!(out.frame(1).unwrap().data, data, "{from}");
        assert!(out.facts().format.float);
    }
    let rle = sample.clone().syntax(RLE);
    assert_eq!(rle.refusal(), Some(Reason::FloatPixels));
    let both = sample.with(0x7FE0, 0x0010, "OW", vec![0; 12]);
    assert_eq!(both.refusal(), Some(Reason::Inconsistent));
}
