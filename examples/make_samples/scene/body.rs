//! Sections and projections of a body: CT localizer, chest film, brain section, abdomen.

use crate::chance::{Chance, cloud, ellipse, hump, noise, step};
use crate::picture::Picture;

/// Brightness 0…1 of a chest seen from the front, at 0…1 across and down.
fn chest(u: f64, v: f64, seed: u64) -> f64 {
    let x = u - 0.5;
    let side = x.abs();
    // Shoulders widen from the neck to the trunk.
    let half_body = 0.09 + 0.36 * step(0.02, 0.22, v) + 0.02 * v;
    let body = step(half_body, half_body - 0.05, side);
    let lung = |cx: f64, rx: f64| {
        let e = ellipse(x, v, cx, 0.46, rx, 0.34);
        step(1.06, 0.86, e)
            * step(
                0.80,
                0.72,
                v - 0.10 * (1.0 - (x - cx) * (x - cx) * 60.0).max(0.0) + 0.02,
            )
    };
    let lungs = lung(-0.20, 0.155).max(lung(0.20, 0.145));
    let heart = step(1.1, 0.8, ellipse(x, v, 0.045, 0.62, 0.145, 0.16));
    let spine = hump(x, 0.035) * (0.75 + 0.25 * noise(seed ^ 5, 3.0, v * 22.0));
    let mut ribs = 0.0;
    for i in 0..9 {
        let rear = 0.15 + 0.072 * f64::from(i) + 0.35 * (side - 0.08) * (side - 0.02);
        let front = 0.22 + 0.080 * f64::from(i) - 0.5 * (side - 0.30) * (side - 0.30) + 0.4 * side;
        ribs += hump(v - rear, 0.011) * 0.10 + hump(v - front, 0.010) * 0.05 * step(0.1, 0.2, side);
    }
    let clavicle = hump(v - 0.165 + 0.16 * (side - 0.18), 0.012) * step(0.05, 0.09, side);
    let vessels = (cloud(seed, u * 16.0, v * 14.0, 5) - 0.45) * 0.42 * hump(side - 0.11, 0.14);
    let soft = 0.62 + 0.06 * cloud(seed ^ 9, u * 4.0, v * 4.0, 3);
    let through = soft - 0.40 * lungs * (1.0 - 0.75 * heart)
        + 0.16 * spine
        + (ribs + 0.12 * clavicle) * (0.5 + 0.5 * lungs)
        + vessels * lungs;
    (0.05 + body * through.clamp(0.0, 0.95)).clamp(0.0, 1.0)
}

/// A chest film with noise, values `0…top`, bright where the film is bright.
pub fn chest_film(w: usize, h: usize, top: f64, seed: u64) -> Picture {
    let mut chance = Chance::new(seed);
    Picture::grey(w, h, |x, y| {
        let (u, v) = (x as f64 / w as f64, y as f64 / h as f64);
        let level = chest(u, v, seed);
        let grain = chance.bell() * (0.004 + 0.012 * (1.0 - level));
        ((level + grain).clamp(0.0, 1.0) * top) as i32
    })
}

/// A localizer: the same chest as Hounsfield-like values from −1000 to 700.
pub fn localizer(w: usize, h: usize, seed: u64) -> Picture {
    let mut chance = Chance::new(seed);
    Picture::grey(w, h, |x, y| {
        let level = chest(x as f64 / w as f64, y as f64 / h as f64, seed);
        (-1000.0 + 1500.0 * level + 18.0 * chance.bell()) as i32
    })
}

/// A brain section as MR shows it, T2-like; `white` is the value of fluid.
pub fn brain(w: usize, h: usize, white: f64, seed: u64) -> Picture {
    let mut chance = Chance::new(seed);
    Picture::grey(w, h, |px, py| {
        let (x, y) = (
            px as f64 / w as f64 * 2.0 - 1.0,
            py as f64 / h as f64 * 2.0 - 1.0,
        );
        let bend = 0.05 * (cloud(seed, x * 2.0 + 9.0, y * 2.0, 3) - 0.5);
        let head = ellipse(x, y, 0.0, 0.0, 0.66, 0.82) + bend;
        let skull = ellipse(x, y, 0.0, 0.0, 0.60, 0.76) + bend;
        let brain = ellipse(x, y, 0.0, 0.0, 0.54, 0.69) + bend;
        let scalp = step(1.01, 0.99, head) * step(1.0, 1.03, skull) * 0.55;
        let folds = cloud(seed ^ 7, x * 15.0 + 4.0, y * 15.0, 3);
        let depth = step(1.02, 0.60, brain);
        let cortex = 0.34 + 0.38 * (1.0 - depth) * step(0.42, 0.60, folds);
        let white_matter = 0.26 + 0.10 * cloud(seed ^ 21, x * 5.0, y * 5.0, 3);
        let tissue = cortex * (1.0 - depth) + white_matter * depth + 0.05 * folds;
        let horn = |cx: f64| ellipse(x + 0.22 * (y + 0.05) * cx * 4.0, y, cx, -0.05, 0.06, 0.22);
        let ventricle = step(1.15, 0.85, horn(-0.12).min(horn(0.12)));
        let fissure = hump(x + 0.01 * (noise(seed ^ 4, 0.0, y * 9.0) - 0.5), 0.006)
            * step(0.30, 0.36, y.abs());
        let inner = step(1.02, 0.98, brain)
            * (tissue * (1.0 - ventricle) + ventricle * 0.95).max(0.75 * fissure);
        let level = (inner + scalp) * white;
        // Magnitude images have Rician noise: never negative, small in air.
        let (a, b) = (level + 9.0 * chance.bell(), 9.0 * chance.bell());
        (a * a + b * b).sqrt() as i32
    })
}

/// An abdominal section in Hounsfield units.
pub fn abdomen(w: usize, h: usize, seed: u64) -> Picture {
    let mut chance = Chance::new(seed);
    Picture::grey(w, h, |px, py| {
        let (x, y) = (
            px as f64 / w as f64 * 2.0 - 1.0,
            py as f64 / h as f64 * 2.0 - 1.0,
        );
        let wobble = 0.06 * (cloud(seed, x * 1.7 + 5.0, y * 1.7, 2) - 0.5);
        let skin = ellipse(x, y, 0.0, 0.05, 0.84, 0.62) + wobble;
        let wall = ellipse(x, y, 0.0, 0.04, 0.72, 0.51) + wobble;
        let liver = ellipse(x, y, -0.34, -0.04, 0.30, 0.33) + 2.0 * wobble;
        let spleen = ellipse(x, y, 0.46, 0.16, 0.16, 0.19) - wobble;
        let kidney =
            ellipse(x, y, -0.27, 0.28, 0.10, 0.12).min(ellipse(x, y, 0.28, 0.28, 0.10, 0.12));
        let spine = ellipse(x, y, 0.0, 0.36, 0.13, 0.12);
        let canal = ellipse(x, y, 0.0, 0.47, 0.05, 0.04);
        let gut = cloud(seed ^ 2, x * 6.0 + 7.0, y * 6.0, 2);
        let aorta = ellipse(x, y, 0.05, 0.20, 0.055, 0.055);
        let mut hu = -1000.0;
        let mut lay = |edge: f64, value: f64| {
            let k = step(1.03, 0.97, edge);
            hu = hu * (1.0 - k) + value * k;
        };
        lay(skin, -95.0 + 30.0 * cloud(seed ^ 8, x * 8.0, y * 8.0, 2));
        lay(wall, if gut > 0.56 { 35.0 } else { -80.0 });
        lay(liver, 62.0);
        lay(spleen, 50.0);
        lay(kidney, 120.0);
        lay(aorta, 180.0);
        lay(
            spine,
            480.0 + 240.0 * cloud(seed ^ 6, x * 30.0, y * 30.0, 2),
        );
        lay(canal, 30.0);
        let ring = (wall - 0.97).abs();
        if ring < 0.03 && noise(seed ^ 12, x * 7.0, y * 7.0) > 0.52 {
            hu = 600.0;
        }
        (hu + 9.0 * chance.bell()).max(-1000.0) as i32
    })
}
