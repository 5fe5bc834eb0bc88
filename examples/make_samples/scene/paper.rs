//! A scanned sheet of paper, and a rendered surface as 3D workstations save it.

use crate::chance::{Chance, cloud, step};
use crate::picture::Picture;

/// Paper under a scanner: nearly white, a shade at one edge, fibres, dust, two punched holes.
pub fn sheet(w: usize, h: usize, seed: u64) -> Picture {
    let mut chance = Chance::new(seed);
    let mut page = Picture::grey(w, h, |x, y| {
        let (u, v) = (x as f64 / w as f64, y as f64 / h as f64);
        let shade = 26.0 * step(0.05, 0.0, u) + 14.0 * step(0.97, 1.0, v);
        let fibre = 5.0 * (cloud(seed, u * 40.0, v * 55.0, 3) - 0.5);
        (238.0 - shade + fibre + 1.6 * chance.bell()) as i32
    });
    for _ in 0..60 {
        let (x, y) = (chance.unit() * w as f64, chance.unit() * h as f64);
        page.disc(x, y, 0.4 + chance.unit(), [150; 3], 0.7);
    }
    for v in [0.38, 0.62] {
        page.disc(17.0, h as f64 * v, 7.0, [70; 3], 0.9);
    }
    page
}

/// A lit, lumpy surface on black, in the colours that workstations give to bone.
pub fn rendered(w: usize, h: usize, seed: u64) -> Picture {
    let height = |x: f64, y: f64| {
        let (dx, dy) = (x / 0.62, y / 0.78);
        let base = 1.0 - dx * dx - dy * dy;
        base.max(0.0).sqrt() + 0.16 * cloud(seed, x * 5.0 + 8.0, y * 5.0 + 8.0, 4)
    };
    let light = Picture::grey(w, h, |px, py| {
        let (x, y) = (
            px as f64 / w as f64 * 2.0 - 1.0,
            py as f64 / h as f64 * 2.0 - 1.0,
        );
        let (dx, dy) = (x / 0.62, y / 0.78);
        let inside = 1.0 - dx * dx - dy * dy;
        if inside <= 0.0 {
            return 0;
        }
        let e = 0.01;
        let (gx, gy) = (
            (height(x + e, y) - height(x - e, y)) / (2.0 * e),
            (height(x, y + e) - height(x, y - e)) / (2.0 * e),
        );
        let facing = (0.45 * gx + 0.6 * gy + 1.0) / (gx * gx + gy * gy + 1.0).sqrt();
        (60.0 + 150.0 * facing.clamp(0.0, 1.2) * step(0.0, 0.08, inside)).clamp(0.0, 255.0) as i32
    });
    let data = light
        .data
        .iter()
        .flat_map(|v| [*v, v * v / 300, v * v / 620])
        .collect();
    Picture {
        w,
        h,
        samples: 3,
        data,
    }
}
