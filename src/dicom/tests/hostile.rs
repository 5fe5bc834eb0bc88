//! Broken and hostile files.

use super::*;

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
