//! Chance without chance: a small generator and lattice noise that give the same numbers on every run and machine.
//!
//! Only `+ − × ÷` and `sqrt` are used on floats (all correctly rounded by IEEE 754), so no mathematics library of a
//! platform can change a pixel.

/// A splitmix64 generator.
pub struct Chance(u64);

impl Chance {
    /// A generator for this seed.
    pub fn new(seed: u64) -> Self {
        Chance(seed)
    }

    /// The next 64 bits.
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mix(self.0)
    }

    /// A value in `0.0..1.0`.
    pub fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// A bell-shaped value, mean 0, standard deviation 1 (sum of four uniform ones).
    pub fn bell(&mut self) -> f64 {
        let sum: f64 = (0..4).map(|_| self.unit()).sum();
        (sum - 2.0) * 1.732_050_807_568_877_2
    }
}

fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

fn lattice(seed: u64, x: i64, y: i64) -> f64 {
    let key = seed ^ mix((x as u64).wrapping_mul(0x51_7c_c1_b7) ^ mix(y as u64));
    (mix(key) >> 11) as f64 / (1u64 << 53) as f64
}

/// Smooth noise in `0.0..1.0` with features of about one unit.
pub fn noise(seed: u64, x: f64, y: f64) -> f64 {
    let (fx, fy) = (x.floor(), y.floor());
    let (ix, iy) = (fx as i64, fy as i64);
    let ease = |t: f64| t * t * (3.0 - 2.0 * t);
    let (tx, ty) = (ease(x - fx), ease(y - fy));
    let top = lattice(seed, ix, iy) * (1.0 - tx) + lattice(seed, ix + 1, iy) * tx;
    let low = lattice(seed, ix, iy + 1) * (1.0 - tx) + lattice(seed, ix + 1, iy + 1) * tx;
    top * (1.0 - ty) + low * ty
}

/// Noise over several octaves, in `0.0..1.0`.
pub fn cloud(seed: u64, x: f64, y: f64, octaves: u32) -> f64 {
    let (mut sum, mut weight, mut total, mut scale) = (0.0, 1.0, 0.0, 1.0);
    for octave in 0..octaves {
        sum += weight * noise(seed ^ u64::from(octave), x * scale, y * scale);
        total += weight;
        weight *= 0.5;
        scale *= 2.0;
    }
    sum / total
}

/// The angle of a vector against the downward axis, in radians; for `y > 0`.
pub fn angle_from_down(x: f64, y: f64) -> f64 {
    let flip = x.abs() > y;
    let t = if flip { y / x.abs() } else { x.abs() / y };
    let s = t * t;
    let a =
        t * (0.999_866 + s * (-0.330_299_5 + s * (0.180_141 + s * (-0.085_133 + s * 0.020_835_1))));
    let a = if flip {
        std::f64::consts::FRAC_PI_2 - a
    } else {
        a
    };
    if x < 0.0 { -a } else { a }
}

/// 0 below `from`, 1 above `to`, smooth between; `from > to` turns it round.
pub fn step(from: f64, to: f64, v: f64) -> f64 {
    let t = ((v - from) / (to - from)).clamp(0.0, 1.0);
    t * t * (3.0 - 2.0 * t)
}

/// A hump of height 1 around 0 that falls to a half at `width`.
pub fn hump(v: f64, width: f64) -> f64 {
    1.0 / (1.0 + v * v / (width * width))
}

/// Below 1 inside an ellipse, 1 on it, above outside.
pub fn ellipse(x: f64, y: f64, cx: f64, cy: f64, rx: f64, ry: f64) -> f64 {
    let (dx, dy) = ((x - cx) / rx, (y - cy) / ry);
    (dx * dx + dy * dy).sqrt()
}
