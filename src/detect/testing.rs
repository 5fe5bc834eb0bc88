//! What tests of the detector share: the shipped network, its conformance vectors, pictures that exercise it.

use super::network::Network;
use crate::frame::Gray;
use crate::models::Models;
use crate::stage::Map;
use std::sync::OnceLock;

/// The shipped network.
pub fn network() -> &'static Network {
    static NETWORK: OnceLock<Network> = OnceLock::new();
    NETWORK.get_or_init(|| Network::parse(Models::embedded().unwrap().detector()).unwrap())
}

fn pgm(bytes: &[u8]) -> Gray {
    let mut parts = bytes.splitn(4, |b| *b == b'\n');
    assert_eq!(parts.next(), Some(&b"P5"[..]));
    let size = std::str::from_utf8(parts.next().unwrap()).unwrap();
    let (w, h) = size.split_once(' ').unwrap();
    assert_eq!(parts.next(), Some(&b"255"[..]));
    let (width, height) = (w.parse().unwrap(), h.parse().unwrap());
    let data = parts.next().unwrap().to_vec();
    assert_eq!(data.len(), (width * height) as usize);
    Gray {
        width,
        height,
        data,
    }
}

/// A conformance vector: the picture, and the answer maps that training's own reference gave.
pub fn vector(name: &str) -> (Gray, Map) {
    let (input, output): (&[u8], &[u8]) = match name {
        "noise" => (
            include_bytes!("../../models/vectors/noise.in.pgm"),
            include_bytes!("../../models/vectors/noise.out.pgm"),
        ),
        "page0" => (
            include_bytes!("../../models/vectors/page0.in.pgm"),
            include_bytes!("../../models/vectors/page0.out.pgm"),
        ),
        "page1" => (
            include_bytes!("../../models/vectors/page1.in.pgm"),
            include_bytes!("../../models/vectors/page1.out.pgm"),
        ),
        _ => panic!("no vector `{name}`"),
    };
    let planes = pgm(output);
    let map = Map {
        channels: 2,
        height: planes.height as usize / 2,
        width: planes.width as usize,
        data: planes.data,
    };
    (pgm(input), map)
}

/// A picture of noise, flat areas, extremes and letter-like strokes, the same for the same numbers.
pub fn picture(width: u32, height: u32, seed: u32) -> Gray {
    let mut state = seed.wrapping_mul(0x9E37_79B9) | 1;
    let mut next = move || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state
    };
    let mut g = Gray::new(width, height, (next() >> 24) as u8);
    for y in 0..height {
        for x in 0..width {
            let noise = (next() >> 24) as u8;
            let v = match (x / 24 + y / 24 + seed) % 5 {
                0 => noise,
                1 => {
                    if noise > 127 {
                        255
                    } else {
                        0
                    }
                }
                2 => 30 + noise / 16,
                3 if (x / 2 % 3 == 0) ^ (y / 3 % 4 == 0) => 230,
                _ => 12,
            };
            g.row_mut(y)[x as usize] = v;
        }
    }
    g
}
