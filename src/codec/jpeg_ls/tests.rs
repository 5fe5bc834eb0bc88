//! The codec against itself and against bad streams. Foreign codecs judge it in `tests/codec_judges.rs`.

use super::*;
use crate::codec::CodecError;
use crate::frame::Frame;
use crate::testing::pictures::{counted, format, hash};

/// Samples of the example in Annex H.3 of the standard: 4 × 4, 8 bits.
const H3_SAMPLES: [u8; 16] = [
    0, 0, 90, 74, 68, 50, 43, 205, 64, 145, 145, 145, 100, 145, 145, 145,
];
/// Its coded bytes.
const H3_STREAM: &[u8] = &[
    0xff, 0xd8, 0xff, 0xf7, 0x00, 0x0b, 0x08, 0x00, 0x04, 0x00, 0x04, 0x01, 0x01, 0x11, 0x00, 0xff,
    0xda, 0x00, 0x08, 0x01, 0x01, 0x00, 0x00, 0x00, 0x00, 0xc0, 0x00, 0x00, 0x6c, 0x80, 0x20, 0x8e,
    0x01, 0xc0, 0x00, 0x00, 0x57, 0x40, 0x00, 0x00, 0x6e, 0xe6, 0x00, 0x00, 0x01, 0xbc, 0x18, 0x00,
    0x00, 0x05, 0xd8, 0x00, 0x00, 0x91, 0x60, 0xff, 0xd9,
];

pub(super) fn frame(
    rows: u32,
    cols: u32,
    spp: u16,
    bits: u16,
    value: impl Fn(u32) -> u32,
) -> Frame {
    counted(format(rows, cols, spp, bits), value)
}

#[test]
fn the_standards_example() {
    let decoded = decode(H3_STREAM, 16).unwrap();
    assert_eq!(decoded.samples, H3_SAMPLES);
    let source = frame(4, 4, 1, 8, |i| u32::from(H3_SAMPLES[i as usize]));
    assert_eq!(encode(&source, &Options::default()).unwrap(), H3_STREAM);
}

#[test]
fn every_form_comes_back() {
    for bits in [2, 5, 8, 9, 12, 16] {
        for spp in [1, 3] {
            for (rows, cols) in [(1, 1), (1, 70), (70, 1), (13, 37)] {
                for interleave in [Interleave::None, Interleave::Line, Interleave::Sample] {
                    for near in [0, 1, 3] {
                        if u32::from(near) > ((1u32 << bits) - 1) / 2 {
                            continue;
                        }
                        for (restart_lines, source) in [
                            (0, frame(rows, cols, spp, bits, hash)),
                            (5, frame(rows, cols, spp, bits, |i| i * i / 99)),
                            (1, frame(rows, cols, spp, bits, |i| i / 500)),
                        ] {
                            let options = Options {
                                near,
                                interleave,
                                restart_lines,
                                ..Options::default()
                            };
                            let coded = encode(&source, &options).unwrap();
                            let decoded = decode(&coded, source.data.len()).unwrap_or_else(|e| {
                                panic!("{e}: {spp} {bits} {rows} {cols} {options:?}")
                            });
                            assert_eq!(decoded.near, u16::from(near));
                            let result = Frame {
                                data: decoded.samples,
                                ..source.clone()
                            };
                            for i in 0..rows * cols {
                                for c in 0..usize::from(spp) {
                                    let [a, b] =
                                        [&source, &result].map(|f| f.value(i % cols, i / cols, c));
                                    assert!((a - b).abs() <= i64::from(near), "{options:?}");
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

#[test]
fn signed_and_planar_frames_keep_their_stored_fields() {
    let mut signed = frame(9, 20, 1, 12, hash);
    signed.format.signed = true;
    let coded = encode(&signed, &Options::default()).unwrap();
    assert_eq!(decode(&coded, 360).unwrap().samples, signed.data);

    let chunky = frame(9, 20, 3, 8, hash);
    let mut planar = chunky.clone();
    planar.format.planar = true;
    for i in 0..180 {
        for c in 0..3 {
            planar.set_word(i % 20, i / 20, c, chunky.word(i % 20, i / 20, c));
        }
    }
    assert_eq!(
        encode(&planar, &Options::default()),
        encode(&chunky, &Options::default())
    );
}

#[test]
fn preset_parameters_are_written_and_read() {
    let source = frame(20, 30, 1, 12, |i| hash(i) & 1023);
    let options = Options {
        preset: Preset {
            max_value: 1023,
            thresholds: [5, 9, 40],
            reset: 31,
        },
        ..Options::default()
    };
    let coded = encode(&source, &options).unwrap();
    assert_ne!(coded, encode(&source, &Options::default()).unwrap());
    assert_eq!(decode(&coded, 1200).unwrap().samples, source.data);
    let larger = frame(20, 30, 1, 12, |_| 1024);
    assert!(matches!(
        encode(&larger, &options),
        Err(CodecError::Input(_))
    ));
}

#[test]
fn cut_streams_are_damaged_and_flipped_ones_never_panic() {
    for (spp, bits, near, restart_lines) in
        [(1, 16, 0, 0), (3, 8, 0, 4), (3, 12, 2, 0), (1, 2, 1, 3)]
    {
        let source = frame(11, 23, spp, bits, |i| hash(i / 3));
        for interleave in [Interleave::None, Interleave::Line, Interleave::Sample] {
            let options = Options {
                near,
                interleave,
                restart_lines,
                ..Options::default()
            };
            let coded = encode(&source, &options).unwrap();
            for n in 0..coded.len() {
                assert!(decode(&coded[..n], 1 << 20).is_err(), "{n}");
            }
            for i in 0..coded.len() * 8 {
                let mut bad = coded.clone();
                bad[i / 8] ^= 1 << (i % 8);
                let _ = decode(&bad, 1 << 20);
            }
        }
    }
}

#[test]
fn noise_in_place_of_coded_data_never_panics() {
    for bits in [2u8, 8, 12, 16] {
        for near in [0, 1] {
            for reset in [3u8, 200] {
                for seed in 0..20 {
                    let mut data = vec![
                        0xff, 0xd8, 0xff, 0xf7, 0, 11, bits, 0, 90, 0, 90, 1, 1, 0x11, 0,
                    ];
                    data.extend([0xff, 0xf8, 0, 13, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, reset]);
                    data.extend([0xff, 0xda, 0, 8, 1, 1, 0, near, 0, 0]);
                    data.extend((0..9000).map(|i| {
                        let v = hash(seed * 70_000 + i);
                        // Few ones make long unary codes, the most hostile kind.
                        (v & v >> 8 & if seed % 2 == 0 { v >> 3 } else { 0x7f }) as u8 & 0x7f
                    }));
                    data.extend([0xff, 0xd9]);
                    let _ = decode(&data, 1 << 20);
                }
            }
        }
    }
}

#[test]
fn what_is_not_done_is_named() {
    let refused = |at: usize, byte: u8| {
        let mut data = H3_STREAM.to_vec();
        data[at] = byte;
        decode(&data, 1 << 20)
    };
    for (at, byte) in [(8, 0), (13, 0x21), (3, 0xc0), (21, 1), (24, 1)] {
        // Height 0 waits for DNL; subsampling; baseline JPEG; mapping table; point transform.
        let result = refused(at, byte);
        let near_zero_height = at == 8;
        assert!(
            matches!(result, Err(CodecError::Unsupported(_))) || near_zero_height,
            "{at}: {result:?}"
        );
    }
    let mut tall = H3_STREAM.to_vec();
    tall[7..11].fill(0xff);
    assert_eq!(
        decode(&tall, 1 << 20),
        Err(CodecError::TooLarge {
            announced: 65535 * 65535,
            limit: 1 << 20
        })
    );
    let mut hp = vec![0xff, 0xd8, 0xff, 0xe8, 0, 7, b'm', b'r', b'f', b'x', 1];
    hp.extend(&H3_STREAM[2..]);
    assert!(matches!(decode(&hp, 16), Err(CodecError::Unsupported(_))));
}
