//! Pictures for the page: projection, local contrast, thumbnails, PNG. Integer arithmetic on 8-bit pictures.

use crate::frame::Gray;
use crate::geometry::Rect;
use crate::outcome::{Reason, Refusal};
use crate::views::{Picture, Rgb};

/// Side of the tiles of the local contrast, pixels.
const TILE_PX: u32 = 64;
/// Pixels from which a picture is stored in its PNG file, not packed: packing and unpacking a film takes longer than
/// handing it from one program to another on the same machine.
const STORED_PIXELS: usize = 4 << 20;
/// Grey levels to which the range of a tile is held at least: what is flat stays flat.
const LEAST_RANGE: u32 = 12;

/// Width and height.
pub fn size(picture: &Picture) -> (u32, u32) {
    match picture {
        Picture::Gray(p) => (p.width, p.height),
        Picture::Rgb(p) => (p.width, p.height),
    }
}

/// Bytes in memory.
pub fn bytes(picture: &Picture) -> usize {
    match picture {
        Picture::Gray(p) => p.data.len(),
        Picture::Rgb(p) => p.data.len(),
    }
}

fn data_mut(picture: &mut Picture) -> &mut [u8] {
    match picture {
        Picture::Gray(p) => &mut p.data,
        Picture::Rgb(p) => &mut p.data,
    }
}

/// The brighter of both, sample by sample. Pictures of two kinds or sizes give the first.
pub fn brighter(mut a: Picture, b: &Picture) -> Picture {
    let other = match (&a, b) {
        (Picture::Gray(x), Picture::Gray(y)) if x.data.len() == y.data.len() => &y.data,
        (Picture::Rgb(x), Picture::Rgb(y)) if x.data.len() == y.data.len() => &y.data,
        _ => return a,
    };
    let samples = data_mut(&mut a).iter_mut();
    samples.zip(other).for_each(|(x, y)| *x = (*x).max(*y));
    a
}

/// Fills rectangles with a colour.
pub fn paint(picture: &mut Picture, rects: &[Rect], colour: [u8; 3]) {
    let (w, h) = size(picture);
    let (depth, level) = match picture {
        Picture::Gray(_) => (1, colour.iter().take(1).copied().collect::<Vec<u8>>()),
        Picture::Rgb(_) => (3, colour.to_vec()),
    };
    let data = data_mut(picture);
    for r in rects {
        let r = r.intersect(&Rect::new(0, 0, w, h));
        for y in r.y..r.bottom() {
            let from = (y as usize * w as usize + r.x as usize) * depth;
            let row = data.get_mut(from..from + r.w as usize * depth);
            for pixel in row.unwrap_or_default().chunks_exact_mut(depth) {
                pixel.copy_from_slice(&level);
            }
        }
    }
}

/// Rectangles of a picture of one size in a smaller picture of it: every pixel that they touch.
pub fn scaled(rects: &[Rect], from: (u32, u32), to: (u32, u32)) -> Vec<Rect> {
    let part = |n: u32, from: u32, to: u32, up: bool| {
        let (n, from, to) = (u64::from(n), u64::from(from.max(1)), u64::from(to));
        let scaled = if up {
            (n * to).div_ceil(from)
        } else {
            n * to / from
        };
        // No more than `to`, as rectangles lie in the picture.
        scaled.min(to) as u32
    };
    let one = |r: &Rect| {
        let (left, right) = (
            part(r.x, from.0, to.0, false),
            part(r.right(), from.0, to.0, true),
        );
        let (top, bottom) = (
            part(r.y, from.1, to.1, false),
            part(r.bottom(), from.1, to.1, true),
        );
        Rect::from_corners(left, top, right, bottom)
    };
    rects.iter().map(one).collect()
}

/// Dark for bright.
pub fn invert(picture: &mut Picture) {
    data_mut(picture).iter_mut().for_each(|v| *v = 255 - *v);
}

/// Stretches the contrast of every place to what its neighbourhood holds: the darkest and brightest levels of tiles,
/// joined smoothly between their centres. Colour is stretched by its luma.
pub fn stretch(picture: &mut Picture) {
    let gray = match &*picture {
        Picture::Gray(p) => p.clone(),
        Picture::Rgb(p) => luma(p),
    };
    let (w, h) = (gray.width, gray.height);
    if w == 0 || h == 0 {
        return;
    }
    let (tx, ty) = (w.div_ceil(TILE_PX), h.div_ceil(TILE_PX));
    let mut tiles: Vec<(u32, u32)> = Vec::with_capacity((tx * ty) as usize);
    for tile_y in 0..ty {
        for tile_x in 0..tx {
            let tile = Rect::new(tile_x * TILE_PX, tile_y * TILE_PX, TILE_PX, TILE_PX)
                .intersect(&Rect::new(0, 0, w, h));
            let (mut low, mut high) = (255u8, 0u8);
            for y in tile.y..tile.bottom() {
                let row = gray.row(y).get(tile.x as usize..tile.right() as usize);
                for v in row.unwrap_or_default() {
                    (low, high) = (low.min(*v), high.max(*v));
                }
            }
            tiles.push((u32::from(low), u32::from(high)));
        }
    }
    let at = |x: u32, y: u32| {
        let i = y.min(ty - 1) as usize * tx as usize + x.min(tx - 1) as usize;
        tiles.get(i).copied().unwrap_or((0, 255))
    };
    // Which two tiles a pixel lies between, and how far (0–63) it is from the centre of the first.
    let place = |p: u32| {
        let shifted = p + TILE_PX / 2;
        let (first, part) = (shifted / TILE_PX, shifted % TILE_PX);
        (first.saturating_sub(1), first, part)
    };
    let depth = match picture {
        Picture::Gray(_) => 1,
        Picture::Rgb(_) => 3,
    };
    let data = data_mut(picture);
    for (y, row) in (0..h).zip(data.chunks_exact_mut(w as usize * depth)) {
        let (y0, y1, part_y) = place(y);
        for (x, pixel) in (0..w).zip(row.chunks_exact_mut(depth)) {
            let (x0, x1, part_x) = place(x);
            let mix = |pick: fn((u32, u32)) -> u32| {
                let top = pick(at(x0, y0)) * (TILE_PX - part_x) + pick(at(x1, y0)) * part_x;
                let low = pick(at(x0, y1)) * (TILE_PX - part_x) + pick(at(x1, y1)) * part_x;
                (top * (TILE_PX - part_y) + low * part_y) / (TILE_PX * TILE_PX)
            };
            let (low, high) = (mix(|t| t.0), mix(|t| t.1));
            let range = high.saturating_sub(low).max(LEAST_RANGE);
            for v in pixel {
                *v = (u32::from(*v).saturating_sub(low) * 255 / range).min(255) as u8;
            }
        }
    }
}

fn luma(p: &Rgb) -> Gray {
    let pixels = p.data.as_chunks::<3>().0.iter();
    Gray {
        width: p.width,
        height: p.height,
        data: pixels
            .map(|[r, g, b]| {
                ((u32::from(*r) * 77 + u32::from(*g) * 150 + u32::from(*b) * 29) >> 8) as u8
            })
            .collect(),
    }
}

/// A picture whose longer side is at most `side`, each pixel the brightest of those it stands for, so that thin strokes
/// stay to be seen. Never enlarged.
pub fn thumbnail(picture: &Picture, side: u32) -> Picture {
    let (w, h) = size(picture);
    let long = w.max(h).max(1);
    if long <= side {
        return picture.clone();
    }
    let scaled = |n: u32| (u64::from(n) * u64::from(side) / u64::from(long)).max(1) as u32;
    let (sw, sh) = (scaled(w), scaled(h));
    let part = |i: u32, small: u32, large: u32| {
        let from = u64::from(i) * u64::from(large) / u64::from(small);
        let to = (u64::from(i) + 1) * u64::from(large) / u64::from(small);
        from as usize..(to as usize).max(from as usize + 1)
    };
    let (data, depth) = match picture {
        Picture::Gray(p) => (&p.data, 1),
        Picture::Rgb(p) => (&p.data, 3),
    };
    let mut out = Vec::with_capacity(sw as usize * sh as usize * depth);
    for y in 0..sh {
        for x in 0..sw {
            let mut best: (u32, [u8; 3]) = (0, [0; 3]);
            for row in part(y, sh, h) {
                for col in part(x, sw, w) {
                    let i = (row * w as usize + col) * depth;
                    let Some(pixel) = data.get(i..i + depth) else {
                        continue;
                    };
                    let sum: u32 = pixel.iter().map(|v| u32::from(*v)).sum();
                    if sum >= best.0 {
                        best.0 = sum;
                        best.1.iter_mut().zip(pixel).for_each(|(to, v)| *to = *v);
                    }
                }
            }
            out.extend(best.1.iter().take(depth));
        }
    }
    match picture {
        Picture::Gray(_) => Picture::Gray(Gray {
            width: sw,
            height: sh,
            data: out,
        }),
        Picture::Rgb(_) => Picture::Rgb(Rgb {
            width: sw,
            height: sh,
            data: out,
        }),
    }
}

/// The picture as a PNG file, coded for speed.
///
/// # Errors
/// `internal`, for a picture that holds no pixels.
pub fn png(picture: &Picture) -> Result<Vec<u8>, Refusal> {
    let ((w, h), data, colour) = match picture {
        Picture::Gray(p) => (size(picture), &p.data, png::ColorType::Grayscale),
        Picture::Rgb(p) => (size(picture), &p.data, png::ColorType::Rgb),
    };
    let fault = |_| Refusal::new(Reason::Internal, "the picture could not be coded");
    let mut out = Vec::with_capacity(data.len() / 2 + 1024);
    let mut encoder = png::Encoder::new(&mut out, w, h);
    encoder.set_color(colour);
    encoder.set_depth(png::BitDepth::Eight);
    if w as usize * h as usize >= STORED_PIXELS {
        encoder.set_compression(png::Compression::NoCompression);
        encoder.set_filter(png::Filter::NoFilter);
    } else {
        encoder.set_compression(png::Compression::Fast);
        encoder.set_filter(png::Filter::Up);
    }
    let mut writer = encoder.write_header().map_err(fault)?;
    writer.write_image_data(data).map_err(fault)?;
    writer.finish().map_err(fault)?;
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gray(w: u32, h: u32, level: impl Fn(u32, u32) -> u8) -> Picture {
        Picture::Gray(Gray {
            width: w,
            height: h,
            data: (0..w * h).map(|i| level(i % w, i / w)).collect(),
        })
    }

    fn levels(picture: &Picture) -> &[u8] {
        match picture {
            Picture::Gray(p) => &p.data,
            Picture::Rgb(p) => &p.data,
        }
    }

    #[test]
    fn faint_strokes_stand_out_and_flat_ground_stays_flat() {
        let mut faint = gray(200, 90, |x, y| if x == 30 && y < 60 { 60 } else { 40 });
        stretch(&mut faint);
        let at = |x: usize, y: usize| levels(&faint)[y * 200 + x];
        assert!(at(30, 20) > 200 && at(33, 20) == 0, "{}", at(30, 20));
        assert!(at(150, 20) < 30);
        for (w, h) in [(1, 1), (63, 1), (64, 65), (129, 2)] {
            let mut p = gray(w, h, |x, _| x as u8);
            stretch(&mut p);
            assert_eq!(levels(&p).len() as u32, w * h);
        }
    }

    #[test]
    fn thin_lines_stay_in_small_pictures() {
        let small = thumbnail(&gray(1000, 500, |x, _| if x == 333 { 255 } else { 9 }), 100);
        assert_eq!(size(&small), (100, 50));
        assert_eq!(levels(&small).iter().filter(|v| **v == 255).count(), 50);
        assert_eq!(size(&thumbnail(&gray(30, 900, |_, _| 1), 64)), (2, 64));
        let one = gray(3, 3, |_, _| 7);
        assert_eq!(thumbnail(&one, 64), one);
    }

    #[test]
    fn masks_cover_every_small_pixel_that_they_touch() {
        let masks = [Rect::new(3, 0, 4, 10), Rect::new(99, 49, 1, 1)];
        let small = scaled(&masks, (100, 50), (10, 5));
        assert_eq!(small, [Rect::new(0, 0, 1, 1), Rect::new(9, 4, 1, 1)]);
        assert_eq!(scaled(&masks, (100, 50), (100, 50)), masks);
        let across = scaled(&[Rect::new(9, 9, 2, 2)], (100, 50), (10, 5));
        assert_eq!(across, [Rect::new(0, 0, 2, 2)]);
    }

    #[test]
    fn pictures_read_back_as_they_are() {
        let rgb = Picture::Rgb(Rgb {
            width: 5,
            height: 3,
            data: (0..45).map(|i| (i * 5) as u8).collect(),
        });
        let large = gray(2200, 2000, |x, y| (x * 9 + y) as u8);
        for picture in [gray(7, 4, |x, y| (x * 9 + y) as u8), rgb, large] {
            let coded = png(&picture).unwrap();
            let mut reader = png::Decoder::new(std::io::Cursor::new(coded))
                .read_info()
                .unwrap();
            let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
            reader.next_frame(&mut pixels).unwrap();
            assert_eq!(pixels, levels(&picture));
        }
    }

    #[test]
    fn paint_and_brighter_do_what_they_say() {
        let mut p = gray(4, 2, |_, _| 100);
        paint(&mut p, &[Rect::new(2, 1, 9, 9)], [5, 6, 7]);
        assert_eq!(levels(&p), [100, 100, 100, 100, 100, 100, 5, 5]);
        let q = brighter(p, &gray(4, 2, |x, _| if x == 3 { 200 } else { 0 }));
        assert_eq!(levels(&q), [100, 100, 100, 200, 100, 100, 5, 200]);
    }
}
