//! A stroke font of our own: capitals, digits and signs as pen paths, as plotters, flash plates and lead letters have.
//!
//! A glyph is its advance and its paths. A point is a column `0`–`8` and a row `a` (cap height) – `m` (baseline) – `p`;
//! paths are separated by a space.

/// Units from the cap height to the baseline.
pub const CAP: f64 = 12.0;

const GLYPHS: &[(char, u8, &str)] = &[
    (' ', 6, ""),
    ('A', 10, "0m4a8m 1i7i"),
    ('B', 10, "0a0m6m8k8h6g0g 6g7f7b6a0a"),
    ('C', 10, "8c6a2a0c0k2m6m8k"),
    ('D', 10, "0a0m5m8j8d5a0a"),
    ('E', 9, "7a0a0m7m 0g5g"),
    ('F', 9, "7a0a0m 0g5g"),
    ('G', 10, "8c6a2a0c0k2m6m8k8g5g"),
    ('H', 10, "0a0m 8a8m 0g8g"),
    ('I', 4, "1a1m"),
    ('J', 9, "6a6k4m2m0k"),
    ('K', 10, "0a0m 8a0h 3f8m"),
    ('L', 9, "0a0m7m"),
    ('M', 11, "0m0a4h8a8m"),
    ('N', 10, "0m0a8m8a"),
    ('O', 10, "2a6a8c8k6m2m0k0c2a"),
    ('P', 10, "0m0a6a8c8f6h0h"),
    ('Q', 10, "2a6a8c8k6m2m0k0c2a 5j8m"),
    ('R', 10, "0m0a6a8c8f6h0h 4h8m"),
    ('S', 10, "8c6a2a0c0e2g6g8i8k6m2m0k"),
    ('T', 10, "0a8a 4a4m"),
    ('U', 10, "0a0k2m6m8k8a"),
    ('V', 10, "0a4m8a"),
    ('W', 12, "0a2m4e6m8a"),
    ('X', 10, "0a8m 8a0m"),
    ('Y', 10, "0a4g8a 4g4m"),
    ('Z', 10, "0a8a0m8m"),
    ('0', 10, "2a6a8c8k6m2m0k0c2a"),
    ('1', 10, "2c4a4m 2m6m"),
    ('2', 10, "0c2a6a8c8f0m8m"),
    ('3', 10, "0b2a6a8c8e6g3g 6g8i8k6m2m0k"),
    ('4', 10, "6m6a0i8i"),
    ('5', 10, "7a1a0g5f8h8k6m2m0k"),
    ('6', 10, "7b5a2a0d0k2m6m8k8h6f2f0h"),
    ('7', 10, "0a8a3m"),
    ('8', 10, "2g0e0c2a6a8c8e6g2g0i0k2m6m8k8i6g"),
    ('9', 10, "1l3m6m8j8c6a2a0c0f2h6h8f"),
    ('.', 4, "1l1m"),
    (',', 4, "1l0o"),
    (':', 4, "1e1f 1l1m"),
    ('/', 8, "0m6a"),
    ('-', 8, "1g6g"),
    ('+', 9, "0g7g 3d3j"),
    ('(', 5, "3a1d1j3m"),
    (')', 5, "1a3d3j1m"),
    ('=', 9, "0e7e 0i7i"),
    ('%', 11, "0m8a 0a2a2c0c0a 6k8k8m6m6k"),
    ('#', 10, "3a2m 6a5m 0e8e 0i8i"),
];

/// Segments of a text in units of the font, and its width. Unknown characters draw nothing but keep their place.
pub fn segments(text: &str) -> (Vec<[f64; 4]>, f64) {
    let (mut out, mut pen) = (Vec::new(), 0.0);
    for ch in text.chars() {
        let ch = ch.to_ascii_uppercase();
        let glyph = GLYPHS.iter().find(|g| g.0 == ch);
        let (advance, paths) = glyph.map_or((10, ""), |g| (g.1, g.2));
        for path in paths.split_ascii_whitespace() {
            let points: Vec<(f64, f64)> = path
                .as_bytes()
                .chunks(2)
                .map(|p| (pen + f64::from(p[0] - b'0'), f64::from(p[1] - b'a')))
                .collect();
            out.extend(points.windows(2).map(|p| [p[0].0, p[0].1, p[1].0, p[1].1]));
        }
        pen += f64::from(advance);
    }
    (out, pen)
}
