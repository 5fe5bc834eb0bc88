//! Pictures while they are drawn: whole numbers, one or three samples a pixel.

/// A picture, samples interleaved; values are stored values, so they may be negative or go beyond eight bits.
#[derive(Clone)]
pub struct Picture {
    /// Width in pixels.
    pub w: usize,
    /// Height in pixels.
    pub h: usize,
    /// Samples a pixel, 1 or 3.
    pub samples: usize,
    /// `w × h × samples` values.
    pub data: Vec<i32>,
}

/// A colour; grey pictures use the first value.
pub type Colour = [i32; 3];

impl Picture {
    /// A picture of one colour.
    pub fn new(w: usize, h: usize, samples: usize, colour: Colour) -> Self {
        let data = (0..w * h)
            .flat_map(|_| colour.into_iter().take(samples))
            .collect();
        Picture {
            w,
            h,
            samples,
            data,
        }
    }

    /// A grey picture whose pixels a function gives.
    pub fn grey(w: usize, h: usize, mut value: impl FnMut(usize, usize) -> i32) -> Self {
        let data = (0..w * h).map(|i| value(i % w, i / w)).collect();
        Picture {
            w,
            h,
            samples: 1,
            data,
        }
    }

    /// Mixes a colour into one pixel; `alpha` 0–255. Outside the picture nothing happens.
    pub fn blend(&mut self, x: i64, y: i64, colour: Colour, alpha: u8) {
        if x < 0 || y < 0 || x >= self.w as i64 || y >= self.h as i64 {
            return;
        }
        let at = (y as usize * self.w + x as usize) * self.samples;
        let a = i32::from(alpha);
        for (v, c) in self.data[at..at + self.samples].iter_mut().zip(colour) {
            *v = (*v * (255 - a) + c * a + 127).div_euclid(255);
        }
    }

    /// Fills a rectangle.
    pub fn fill(&mut self, [x, y, w, h]: [i64; 4], colour: Colour) {
        for yy in y..y + h {
            for xx in x..x + w {
                self.blend(xx, yy, colour, 255);
            }
        }
    }

    /// Draws the border of a rectangle, `t` pixels thick, inwards.
    pub fn frame(&mut self, [x, y, w, h]: [i64; 4], t: i64, colour: Colour) {
        self.fill([x, y, w, t], colour);
        self.fill([x, y + h - t, w, t], colour);
        self.fill([x, y, t, h], colour);
        self.fill([x + w - t, y, t, h], colour);
    }

    /// Copies a grey picture into this one at a place, into every sample.
    pub fn paste(&mut self, x: usize, y: usize, grey: &Picture) {
        for row in 0..grey.h {
            for col in 0..grey.w {
                let v = grey.data[row * grey.w + col];
                self.blend((x + col) as i64, (y + row) as i64, [v; 3], 255);
            }
        }
    }

    /// Mixes a colour into a disc with a soft edge.
    pub fn disc(&mut self, cx: f64, cy: f64, r: f64, colour: Colour, alpha: f64) {
        for y in (cy - r - 1.0) as i64..=(cy + r + 1.0) as i64 {
            for x in (cx - r - 1.0) as i64..=(cx + r + 1.0) as i64 {
                let (dx, dy) = (x as f64 - cx, y as f64 - cy);
                let cover = (r + 0.5 - (dx * dx + dy * dy).sqrt()).clamp(0.0, 1.0);
                self.blend(x, y, colour, (cover * alpha * 255.0) as u8);
            }
        }
    }

    /// The values as bytes, clamped.
    pub fn bytes(&self) -> Vec<u8> {
        self.data.iter().map(|v| (*v).clamp(0, 255) as u8).collect()
    }

    /// The values as 16-bit words (two's complement).
    pub fn words(&self) -> Vec<u16> {
        self.data.iter().map(|v| *v as i16 as u16).collect()
    }
}
