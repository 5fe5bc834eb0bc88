//! Heads as numbers: a skull with a brain in it, skin around it, and a face with nose, orbits and chin, in HU. Simple
//! bodies, so that every test knows what each voxel is.

use super::people::{E, Patient, V, t, us};

/// Edge of a picture in pixels of one millimetre.
pub const SIDE: i32 = 256;
/// Lowest and highest slice, and their distance, in tenths of a millimetre.
const FROM: i32 = -1250;
const TO: i32 = 925;
const STEP: i32 = 25;

/// What a place is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tissue {
    /// Around and inside the airways.
    Air,
    /// Skin, muscle, tongue.
    Soft,
    /// Skull and jaw.
    Bone,
    /// Inside the skull.
    Brain,
}

fn inside(p: [f64; 3], centre: [f64; 3], half: [f64; 3]) -> bool {
    (0..3)
        .map(|k| ((p[k] - centre[k]) / half[k]).powi(2))
        .sum::<f64>()
        <= 1.0
}

/// The bottom of the brain: higher in front, where the orbits are.
fn floor(y: f64) -> f64 {
    if y < -15.0 { -25.0 } else { -65.0 }
}

/// What is at a place, mm: to the left, to the back, up; from the middle of the head.
pub fn tissue(x: f64, y: f64, z: f64) -> Tissue {
    let p = [x, y, z];
    let c = [0.0, 2.0, 12.0];
    if inside(p, c, [64.0, 82.0, 82.0]) && z > floor(y) && z > floor(y - 6.0) {
        return Tissue::Brain;
    }
    let shell = inside(p, c, [70.0, 88.0, 88.0]);
    if shell && z > floor(y) - 6.0 || shell && z > -71.0 && y > -21.0 {
        return Tissue::Bone;
    }
    let jaw = inside(p, [0.0, -60.0, -105.0], [42.0, 32.0, 14.0])
        && !inside(p, [0.0, -52.0, -105.0], [34.0, 28.0, 20.0]);
    if jaw {
        return Tissue::Bone;
    }
    let airway = inside(p, [0.0, -55.0, -60.0], [9.0, 18.0, 14.0]);
    if airway {
        return Tissue::Air;
    }
    let head = inside(p, [0.0, 0.0, 0.0], [78.0, 98.0, 112.0]);
    let nose = inside(p, [0.0, -100.0, -50.0], [15.0, 22.0, 20.0]);
    let chin = inside(p, [0.0, -62.0, -95.0], [46.0, 42.0, 34.0]);
    let neck = z < -50.0 && inside([x, y, 0.0], [0.0, 18.0, 0.0], [56.0, 62.0, 1.0]);
    if head || nose || chin || neck {
        Tissue::Soft
    } else {
        Tissue::Air
    }
}

/// Heights of the slices, mm.
pub fn heights() -> Vec<f64> {
    (FROM..=TO)
        .step_by(STEP as usize)
        .map(|z| f64::from(z) / 10.0)
        .collect()
}

/// The place of a pixel, mm.
pub fn place(column: i32, row: i32) -> (f64, f64) {
    (
        f64::from(column - SIDE / 2) + 0.5,
        f64::from(row - SIDE / 2) + 0.5,
    )
}

/// HU with a little noise that is the same every time.
pub fn hu(column: i32, row: i32, z: f64, tissue: impl Fn(f64, f64, f64) -> Tissue) -> i16 {
    let (x, y) = place(column, row);
    let noise =
        super::pictures::hash((column * 7919 + row * 104_729) as u32 ^ z.to_bits() as u32) % 21;
    let base = match tissue(x, y, z) {
        Tissue::Air => -990,
        Tissue::Soft => 40,
        Tissue::Bone => 900,
        Tissue::Brain => 30,
    };
    base + noise as i16 - 10
}

/// A slice of a series as elements: a CT of 12 bits with air at −1024 + stored.
pub fn slice(
    patient: &Patient,
    series: u32,
    number: u32,
    z: f64,
    part: &str,
    of: impl Fn(f64, f64, f64) -> Tissue,
) -> Vec<E> {
    let mut all = patient.image("2", "CT", series, number);
    let pixels: Vec<u8> = (0..SIDE)
        .flat_map(|row| (0..SIDE).map(move |column| (column, row)))
        .flat_map(|(column, row)| (hu(column, row, z, &of) + 1024).max(0).to_le_bytes())
        .collect();
    let new = vec![
        t(0x0008_0008, "CS", "ORIGINAL\\PRIMARY\\AXIAL"),
        t(0x0018_0015, "CS", part),
        t(0x0020_0032, "DS", &format!("-128\\-128\\{z}")),
        t(0x0020_0037, "DS", "1\\0\\0\\0\\1\\0"),
        us(0x0028_0010, SIDE as u16),
        us(0x0028_0011, SIDE as u16),
        t(0x0028_0030, "DS", "1\\1"),
        us(0x0028_0100, 16),
        us(0x0028_0101, 12),
        us(0x0028_0102, 11),
        us(0x0028_0103, 0),
        t(0x0028_1052, "DS", "-1024"),
        t(0x0028_1053, "DS", "1"),
        E(0x7FE0_0010, "OW", V::B(pixels)),
    ];
    all.retain(|e| !new.iter().any(|n| n.0 == e.0));
    all.extend(new);
    all
}
