//! Frames in fragments: what they hold, how they are labelled, which fragments make one.

use super::*;
use crate::frame::Photometric;

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
