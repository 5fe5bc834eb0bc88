//! A sector of an abdominal scan: Rayleigh speckle in polar coordinates under a map of echoes, and the usual furniture.

use crate::chance::{Chance, angle_from_down, cloud, ellipse, hump, step};
use crate::picture::{Colour, Picture};

/// Where the sector lies.
#[derive(Clone, Copy)]
pub struct Sector {
    /// Centre of the arcs.
    pub apex: (f64, f64),
    /// Radius of the probe's face.
    pub near: f64,
    /// Radius of the deepest echo.
    pub far: f64,
    /// Half of the opening angle, radians.
    pub half_angle: f64,
}

/// What lies in it; places are an angle (−1…1) and a depth (0…1), sizes likewise.
#[derive(Clone, Copy)]
pub struct Organs {
    /// A fluid-filled organ: place, then half sizes.
    pub bladder: [f64; 4],
    /// Vessels: place, then half sizes.
    pub vessels: [[f64; 4]; 3],
    /// Depth of the diaphragm in the middle, and how it tilts.
    pub diaphragm: (f64, f64),
    /// Angle at which a rib throws its shadow.
    pub rib: f64,
}

const BEAMS: usize = 180;

/// Draws the echoes into a picture; `phase` moves the speckle as a beating heart or a breath would.
pub fn scan(picture: &mut Picture, sector: &Sector, organs: &Organs, seed: u64, phase: usize) {
    let depth = sector.far - sector.near;
    let grain = speckle(seed, depth as usize + 2, phase);
    let (ax, ay) = sector.apex;
    for y in 0..picture.h {
        for x in 0..picture.w {
            let (dx, dy) = (x as f64 - ax, y as f64 - ay);
            let r = (dx * dx + dy * dy).sqrt();
            if dy <= 0.0 || r < sector.near || r > sector.far {
                continue;
            }
            let angle = angle_from_down(dx, dy);
            if angle.abs() > sector.half_angle {
                continue;
            }
            let d = (r - sector.near) / depth;
            let beam = (angle / sector.half_angle * 0.5 + 0.5) * (BEAMS - 2) as f64;
            let echo = echoes(organs, angle / sector.half_angle, d, seed, phase);
            let amplitude = grain.at(beam, r - sector.near) * echo;
            let v = (amplitude.sqrt() * 118.0 - 12.0).clamp(0.0, 235.0);
            picture.blend(x as i64, y as i64, [v as i32; 3], 255);
        }
    }
}

/// Strength of the echoes at an angle (−1…1) and a depth (0…1).
fn echoes(organs: &Organs, a: f64, d: f64, seed: u64, phase: usize) -> f64 {
    let breath = (phase % 20) as f64;
    let d = d + 0.0006 * if breath > 10.0 { 20.0 - breath } else { breath };
    // Skin, fat and muscle: bright lines parallel to the probe.
    let wave = 0.006 * cloud(seed ^ 11, a * 4.0, 0.0, 2);
    let skin = 2.2 * hump(d - 0.012, 0.010)
        + 1.1 * hump(d - 0.055 - wave, 0.005)
        + 0.9 * hump(d - 0.085 - 2.0 * wave, 0.004)
        + 0.7 * hump(d - 0.12 - a * 0.01, 0.004);
    let texture = 0.35 + 0.8 * cloud(seed ^ 3, a * 9.0, d * 12.0, 4);
    let liver = 0.55 * texture;
    // A fluid-filled organ with a bright wall and enhancement behind it.
    let bladder = {
        let [x, y, rx, ry] = organs.bladder;
        ellipse(a, d, x, y, rx, ry)
    };
    let wall = 0.8 * hump(bladder - 1.05, 0.06);
    let [bx, by, brx, bry] = organs.bladder;
    let behind =
        step(brx, brx * 0.6, (a - bx).abs()) * step(by + 0.6 * bry, by + 1.6 * bry, d) * 0.55;
    // Vessels.
    let lumen = organs
        .vessels
        .iter()
        .map(|v| ellipse(a, d, v[0], v[1], v[2], v[3]))
        .fold(f64::MAX, f64::min);
    // The diaphragm, a bright arc, with nothing but noise behind it.
    let arc = d - (organs.diaphragm.0 - 0.10 * a * a - organs.diaphragm.1 * a);
    let diaphragm = 2.4 * hump(arc, 0.012);
    let inside = step(0.9, 1.02, bladder) * step(0.85, 1.1, lumen);
    // A rib's shadow at the left edge.
    let shadow = 1.0 - 0.8 * step(0.07, 0.03, (a - organs.rib).abs()) * step(0.1, 0.16, d);
    let tissue = (liver * step(0.05, -0.02, arc) + behind + diaphragm + wall) * inside;
    (skin + tissue * shadow) * (1.12 - 0.75 * d) + 0.012
}

/// Speckle: magnitude of complex noise smoothed by the beam.
struct Grain {
    rows: usize,
    value: Vec<f64>,
}

impl Grain {
    fn at(&self, beam: f64, depth: f64) -> f64 {
        let (b, d) = (beam.floor(), depth.floor());
        let (fb, fd) = (beam - b, depth - d);
        let (b, d) = (b as usize, (d as usize).min(self.rows - 2));
        let v = |b: usize, d: usize| self.value[d * BEAMS + b.min(BEAMS - 1)];
        (v(b, d) * (1.0 - fb) + v(b + 1, d) * fb) * (1.0 - fd)
            + (v(b, d + 1) * (1.0 - fb) + v(b + 1, d + 1) * fb) * fd
    }
}

fn speckle(seed: u64, rows: usize, phase: usize) -> Grain {
    let field = |part: u64| -> Vec<f64> {
        (0..rows + 4)
            .flat_map(|row| {
                let mut chance = Chance::new(seed ^ part << 32 ^ ((row + phase) as u64) << 8);
                (0..BEAMS + 4).map(move |_| chance.bell())
            })
            .collect()
    };
    let smooth = |f: &[f64], beam: usize, row: usize| -> f64 {
        let mut sum = 0.0;
        for dr in 0..3 {
            for db in 0..3 {
                sum += f[(row + dr) * (BEAMS + 4) + beam + db];
            }
        }
        sum / 3.0
    };
    let (re, im) = (field(1), field(2));
    let value = (0..rows)
        .flat_map(|row| (0..BEAMS).map(move |beam| (row, beam)))
        .map(|(row, beam)| {
            let (a, b) = (smooth(&re, beam, row), smooth(&im, beam, row));
            ((a * a + b * b) / 2.0).sqrt()
        })
        .collect();
    Grain { rows, value }
}

/// A column of depth ticks, every fifth longer.
pub fn depth_ticks(picture: &mut Picture, x: i64, top: i64, gap: f64, count: i64, colour: Colour) {
    for i in 0..=count {
        let long = if i % 5 == 0 { 7 } else { 3 };
        picture.fill([x, top + (i as f64 * gap) as i64, long, 1], colour);
    }
}

/// A grey bar, white at the top.
pub fn grey_bar(picture: &mut Picture, [x, y, w, h]: [i64; 4]) {
    for row in 0..h {
        let v = (255 - row * 255 / (h - 1)) as i32;
        picture.fill([x, y + row, w, 1], [v; 3]);
    }
    picture.frame([x - 1, y - 1, w + 2, h + 2], 1, [90; 3]);
}

/// A caliper: a cross and a dotted line to the other cross.
pub fn caliper(picture: &mut Picture, from: (i64, i64), to: (i64, i64), colour: Colour) {
    for (x, y) in [from, to] {
        picture.fill([x - 4, y, 9, 1], colour);
        picture.fill([x, y - 4, 1, 9], colour);
    }
    for i in 1..12 {
        let x = from.0 + (to.0 - from.0) * i / 12;
        let y = from.1 + (to.1 - from.1) * i / 12;
        picture.blend(x, y, colour, 255);
    }
}
