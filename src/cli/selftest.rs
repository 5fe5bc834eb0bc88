//! The self-test of `unburn doctor`: a picture with a known line, drawn here, goes through the detector and the reader.

use crate::detect::{Detector, Levels, TextMap};
use crate::error::Result;
use crate::frame::Gray;
use crate::geometry::Rect;
use crate::line::{Strength, TextLine};
use crate::models::Models;
use crate::ocr::{CtcReader, Reader};
use crate::preview::RgbImage;
use serde::Serialize;

const TEXT: &str = "TE 102 ms R";
const SIZE: (u32, u32) = (320, 96);
const PLACE: (u32, u32) = (40, 36);
const SCALE: u32 = 3;
/// Any three steps do: the answer is compared as a whole.
const LEVELS: Levels = Levels {
    region: [64, 128, 192],
    core: [64, 128, 192],
};

/// What came out; every field has to be true.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct SelfTest {
    /// The detector marks the line, and nothing far from it.
    pub finds_text: bool,
    /// The chosen device and the processor give the same bits.
    pub equals_cpu: bool,
    /// The reader reads the line.
    pub reads_text: bool,
}

impl SelfTest {
    /// Whether all is well.
    pub fn passed(self) -> bool {
        self.finds_text && self.equals_cpu && self.reads_text
    }
}

/// Runs the test on the chosen detector.
pub fn run(models: &Models, chosen: &dyn Detector) -> Result<SelfTest> {
    let (picture, line) = scene();
    let maps = chosen.maps(&[&picture], LEVELS)?;
    let cpu = crate::detect::open("cpu", models)?.maps(&[&picture], LEVELS)?;
    let reader = CtcReader::new(models.reader(), models.alphabet())?;
    let reading = reader.read(
        &picture,
        &TextLine {
            tight: line,
            cover: vec![line],
            strength: Strength::Strong,
        },
    );
    Ok(SelfTest {
        finds_text: maps.first().is_some_and(|map| marks(map, line)),
        equals_cpu: maps == cpu,
        reads_text: reading.text() == TEXT,
    })
}

/// Light letters on dark, and the box around them.
fn scene() -> (Gray, Rect) {
    let mut drawn = RgbImage::new(SIZE.0, SIZE.1, [16; 3]);
    drawn.text(PLACE.0, PLACE.1, SCALE, TEXT, [230; 3]);
    let picture = Gray {
        width: SIZE.0,
        height: SIZE.1,
        data: drawn.data.chunks_exact(3).map(|p| p[0]).collect(),
    };
    // Six columns a character with the gap behind it, seven rows above the descenders.
    let columns = TEXT.len() as u32 * 6 - 1;
    let line = Rect::new(PLACE.0, PLACE.1, columns * SCALE, 7 * SCALE);
    (picture, line)
}

/// Whether most of the line's cells are marked, and next to none further away than a line height.
fn marks(map: &TextMap, line: Rect) -> bool {
    let near = line.grow(line.h, SIZE.0, SIZE.1);
    let (mut inside, mut outside) = (0u64, 0u64);
    for y in 0..map.height {
        for x in 0..map.width {
            let cell = map.cells.get((y * map.width + x) as usize).copied();
            if cell.unwrap_or(0) & 3 > 1 {
                inside += u64::from(line.contains_point(2 * x, 2 * y));
                outside += u64::from(!near.contains_point(2 * x, 2 * y));
            }
        }
    }
    20 * outside < inside && inside * 4 * 3 >= line.area() * 2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_processor_passes() {
        let models = Models::embedded().unwrap();
        let detector = crate::detect::open("cpu", &models).unwrap();
        let result = run(&models, detector.as_ref()).unwrap();
        assert!(result.passed(), "{result:?}");
    }

    #[test]
    fn a_detector_that_finds_nothing_or_everything_fails() {
        struct Constant(u8);
        impl Detector for Constant {
            fn device(&self) -> String {
                "constant".into()
            }
            fn maps(&self, pictures: &[&Gray], _: Levels) -> Result<Vec<TextMap>> {
                let map = |p: &&Gray| {
                    let (width, height) = (p.width.div_ceil(16) * 8, p.height.div_ceil(16) * 8);
                    let cells = vec![self.0; (width * height) as usize];
                    TextMap {
                        width,
                        height,
                        cells,
                    }
                };
                Ok(pictures.iter().map(map).collect())
            }
        }
        let models = Models::embedded().unwrap();
        for value in [0, 15] {
            let result = run(&models, &Constant(value)).unwrap();
            assert!(!result.finds_text && !result.equals_cpu && result.reads_text);
        }
    }
}
