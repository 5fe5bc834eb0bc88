//! Native pixel data in every layout and encoding.

use super::*;
use crate::frame::Photometric;

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
fn a_modality_lut_stands_in_place_of_the_rescaling() {
    let table = |first: i16, data: Vec<u8>, form| {
        let count = [2u16, first as u16, 16];
        let item = vec![
            (
                0x0028,
                0x3002,
                "US",
                count.iter().flat_map(|w| us(*w)).collect(),
            ),
            (0x0028, 0x3006, "US", data),
        ];
        sequence(&[item], form, true)
    };
    let grey = Sample::new(1, 2, 1, (16, 12), "MONOCHROME2").native(vec![0; 4]);
    let entries = [us(700), us(60_000)].concat();
    for form in [Form::Explicit, Form::Big] {
        let syntax = if form == Form::Big {
            "1.2.840.10008.1.2.2"
        } else {
            "1.2.840.10008.1.2.1"
        };
        let object = (grey.clone().syntax(syntax))
            .with(0x0028, 0x0103, "US", us(1))
            .with(0x0028, 0x3000, "SQ", table(-3, entries.clone(), form))
            .read()
            .unwrap();
        let display = &object.facts().display;
        let values = [-9, -3, -2, 40].map(|v| display.modality_value(v));
        assert_eq!(values, [700.0, 700.0, 60_000.0, 60_000.0]);
    }
    let cut = table(0, us(700), Form::Explicit);
    let object = grey.with(0x0028, 0x3000, "SQ", cut).read().unwrap();
    assert_eq!(object.facts().display.modality_value(5), 5.0);
}
