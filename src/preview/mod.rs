//! The sheet that `preview` shows: one frame before and after, side by side, the findings boxed and numbered, and a legend
//! with the rule behind each number.
//!
//! Masks are solid and hatched in one colour, kept text is dashed in another. The sheet holds no header value and no text
//! that was read, but it holds the picture as it was.

mod canvas;
mod font;
mod html;

pub use html::{base64, escape, html};

use crate::geometry::Rect;
use crate::plan::{Action, Carrier, PlanItem};
use canvas::{Rgb, Stroke, text_width};
use font::GLYPH_H;

/// A colour picture, row-major, three bytes a pixel.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RgbImage {
    /// Columns.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// Red, green and blue of every pixel: `3 * width * height` bytes.
    pub data: Vec<u8>,
}

/// One frame before and after, with the findings on it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PreviewData {
    /// The frame as a person would see it.
    pub before: RgbImage,
    /// The same with the masks applied; equal size.
    pub after: RgbImage,
    /// Findings on this frame (or, for a projection, on any frame).
    pub boxes: Vec<PlanItem>,
    /// What is shown: frame number, size, policy. Never header values.
    pub caption: String,
}

const PAPER: Rgb = [32, 34, 40];
const INK: Rgb = [230, 230, 230];
const MASK: Rgb = [255, 120, 0];
const KEEP: Rgb = [0, 220, 255];
/// Space around panels.
const GAP_PX: u32 = 12;
/// Pictures with a longer side below this are enlarged.
const SMALL_BELOW_PX: u32 = 700;
const MOST_ENLARGED: u32 = 4;
const TEXT_SCALE: u32 = 2;
const LINE_PX: u32 = (GLYPH_H + 2) * TEXT_SCALE;
/// Legend entries beyond this are counted, not listed.
const MOST_ENTRIES: usize = 400;

/// As long as the key line.
const KEY: &str = "     masked (solid, hatched)     kept (dashed)";

fn style(action: Action) -> (Rgb, Stroke, &'static str) {
    match action {
        Action::Mask => (MASK, Stroke::Solid, "mask"),
        Action::Keep => (KEEP, Stroke::Dashed, "keep"),
    }
}

/// Draws the sheet.
pub fn draw(data: &PreviewData) -> RgbImage {
    let (w, h) = (
        data.before.width.max(data.after.width),
        data.before.height.max(data.after.height),
    );
    let scale = enlargement(w, h);
    let (panel_w, panel_h) = (w * scale, h * scale);
    let groups = group(&data.boxes);
    let entries = legend(&data.boxes, &groups);
    let entry_w = entries
        .iter()
        .map(|(_, text)| text_width(text, TEXT_SCALE))
        .max()
        .unwrap_or(0)
        + 2 * GAP_PX;
    let least = text_width(&data.caption, TEXT_SCALE).max(text_width(KEY, TEXT_SCALE));
    let width = (2 * panel_w + 3 * GAP_PX)
        .max(least + 2 * GAP_PX)
        .max(entry_w + 2 * GAP_PX);
    let columns = ((width - 2 * GAP_PX) / entry_w).max(1) as usize;
    let rows = entries.len().div_ceil(columns);
    let head = GAP_PX + 2 * LINE_PX;
    let foot = head + panel_h + GAP_PX;
    let height = foot + (rows as u32 + 1) * LINE_PX + GAP_PX;

    let mut sheet = RgbImage::new(width, height, PAPER);
    sheet.text(GAP_PX, GAP_PX, TEXT_SCALE, &data.caption, INK);
    let panels = [("before", &data.before), ("after", &data.after)];
    for (i, (title, picture)) in panels.into_iter().enumerate() {
        let x = GAP_PX + i as u32 * (panel_w + GAP_PX);
        sheet.text(x, GAP_PX + LINE_PX, TEXT_SCALE, title, INK);
        sheet.paste(picture, x, head, scale);
        let mut last = 0;
        for (item, number) in data.boxes.iter().zip(&groups) {
            let (colour, stroke, _) = style(item.action);
            let r = item.rect.intersect(&Rect::new(0, 0, w, h));
            if item.carrier != Carrier::PixelData || r.is_empty() {
                continue;
            }
            let rect = Rect::new(
                x + r.x * scale,
                head + r.y * scale,
                r.w * scale,
                r.h * scale,
            );
            if item.action == Action::Mask && title == "after" {
                sheet.hatch(rect, colour);
            }
            sheet.outline(rect, colour, stroke);
            if *number > last {
                label(&mut sheet, rect, *number, colour);
                last = *number;
            }
        }
    }
    key_line(&mut sheet, foot);
    for (i, (colour, text)) in entries.iter().enumerate() {
        let x = GAP_PX + (i / rows.max(1)) as u32 * entry_w;
        let y = foot + (i % rows.max(1)) as u32 * LINE_PX + LINE_PX;
        sheet.text(x, y, TEXT_SCALE, text, *colour);
    }
    sheet
}

/// The frame as it will be written, not larger than `side` pixels, with its findings outlined: for overviews.
pub fn thumbnail(data: &PreviewData, side: u32) -> RgbImage {
    let (w, h) = (data.after.width.max(1), data.after.height.max(1));
    let step = w.max(h).div_ceil(side.max(1)).max(1);
    let mut small = RgbImage::new(w.div_ceil(step), h.div_ceil(step), PAPER);
    for y in 0..small.height {
        for x in 0..small.width {
            // The brightest of the pixels that fall together: thin strokes stay to be seen.
            let block = (0..step).flat_map(|dy| (0..step).map(move |dx| (dx, dy)));
            let best = block
                .filter_map(|(dx, dy)| data.after.at(x * step + dx, y * step + dy))
                .max_by_key(|c| c.iter().map(|v| u32::from(*v)).sum::<u32>());
            if let Some(colour) = best {
                small.set(x, y, colour);
            }
        }
    }
    for item in data
        .boxes
        .iter()
        .filter(|b| b.carrier == Carrier::PixelData)
    {
        let (colour, stroke, _) = style(item.action);
        let r = item.rect;
        let rect = Rect::from_corners(
            r.x / step,
            r.y / step,
            r.right().div_ceil(step),
            r.bottom().div_ceil(step),
        )
        .intersect(&Rect::new(0, 0, small.width, small.height));
        if !rect.is_empty() {
            small.outline(rect, colour, stroke);
        }
    }
    small
}

/// The sheet as a PNG file.
pub fn png(sheet: &RgbImage) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, sheet.width, sheet.height);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(&sheet.data)?;
    writer.finish()?;
    Ok(bytes)
}

/// How many times the size a picture is shown; large ones are never made smaller.
fn enlargement(w: u32, h: u32) -> u32 {
    (SMALL_BELOW_PX / w.max(h).max(1)).clamp(1, MOST_ENLARGED)
}

/// The number of a finding on a plate, above its box where there is room.
fn label(sheet: &mut RgbImage, rect: Rect, number: usize, colour: Rgb) {
    let text = number.to_string();
    let plate_h = GLYPH_H + 1;
    let y = if rect.y > plate_h {
        rect.y - plate_h - 1
    } else {
        rect.y
    };
    let plate = Rect::new(rect.x, y, text_width(&text, 1) + 1, plate_h);
    sheet.fill(plate, PAPER);
    sheet.text(plate.x + 1, plate.y + 1, 1, &text, colour);
}

/// Shows what the two kinds of boxes mean.
fn key_line(sheet: &mut RgbImage, y: u32) {
    let mut x = GAP_PX;
    for (action, what) in [
        (Action::Mask, "masked (solid, hatched)"),
        (Action::Keep, "kept (dashed)"),
    ] {
        let (colour, stroke, _) = style(action);
        let sample = Rect::new(x, y, 3 * LINE_PX / 2, GLYPH_H * TEXT_SCALE);
        if action == Action::Mask {
            sheet.hatch(sample, colour);
        }
        sheet.outline(sample, colour, stroke);
        x += sample.w + GAP_PX / 2;
        sheet.text(x, y, TEXT_SCALE, what, colour);
        x += text_width(what, TEXT_SCALE) + GAP_PX;
    }
}

/// A number for each finding, from 1. Findings of one rule in much the same place share one: in a loop the same text is
/// found frame by frame.
fn group(boxes: &[PlanItem]) -> Vec<usize> {
    let mut firsts: Vec<&PlanItem> = Vec::new();
    let same = |a: &PlanItem, b: &PlanItem| {
        let shared = a.rect.intersect(&b.rect).area();
        (a.action, a.carrier, &a.reason) == (b.action, b.carrier, &b.reason)
            && 2 * shared >= a.rect.area().min(b.rect.area()).max(1)
    };
    let number = |item| match firsts.iter().position(|first| same(first, item)) {
        Some(at) => at + 1,
        None => {
            firsts.push(item);
            firsts.len()
        }
    };
    boxes.iter().map(number).collect()
}

fn legend(boxes: &[PlanItem], groups: &[usize]) -> Vec<(Rgb, String)> {
    let in_loop = boxes.iter().any(|i| i.frames != (0, 0));
    let count = groups.iter().max().copied().unwrap_or(0);
    let mut lines = Vec::new();
    for number in 1..=count.min(MOST_ENTRIES) {
        let members: Vec<&PlanItem> = boxes
            .iter()
            .zip(groups)
            .filter(|(_, g)| **g == number)
            .map(|(item, _)| item)
            .collect();
        let Some(item) = members.first() else {
            continue;
        };
        let (colour, _, word) = style(item.action);
        let [x, y, w, h]: [u32; 4] = item.rect.into();
        let place = match item.carrier {
            Carrier::PixelData => format!("{w}x{h} at {x},{y}"),
            Carrier::Overlay => "overlay".into(),
            Carrier::Icon => "icon".into(),
            Carrier::HighBits => "high bits".into(),
        };
        let mut text = format!("{number:>3} {word} {}  {place}", item.reason);
        if members.len() > 1 {
            text += &format!("  {} times", members.len());
        }
        let first = members.iter().map(|i| i.frames.0).min().unwrap_or(0);
        let last = members.iter().map(|i| i.frames.1).max().unwrap_or(0);
        if in_loop && first == last {
            text += &format!("  frame {first}");
        } else if in_loop {
            text += &format!("  frames {first}-{last}");
        }
        lines.push((colour, text));
    }
    if boxes.is_empty() {
        lines.push((INK, "nothing found".into()));
    }
    if count > MOST_ENTRIES {
        lines.push((INK, format!("and {} more", count - MOST_ENTRIES)));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{Origin, Shape};

    fn item(rect: Rect, action: Action, reason: &str) -> PlanItem {
        PlanItem {
            carrier: Carrier::PixelData,
            frames: (0, 0),
            shape: Shape::Rect,
            rect,
            before_codec: rect,
            action,
            reason: reason.into(),
            origin: Origin::Rule,
            confidence: 900,
            text: Some("NEVER SHOWN".into()),
        }
    }

    fn data(w: u32, h: u32, boxes: Vec<PlanItem>) -> PreviewData {
        PreviewData {
            before: RgbImage::new(w, h, [90; 3]),
            after: RgbImage::new(w, h, [10; 3]),
            boxes,
            caption: "frame 0 of 1".into(),
        }
    }

    #[test]
    fn both_panels_and_both_kinds_of_boxes_are_there() {
        let masked = item(Rect::new(100, 50, 80, 16), Action::Mask, "pattern:date");
        let kept = item(Rect::new(300, 50, 80, 16), Action::Keep, "safe:anatomy");
        let count = |sheet: &RgbImage, colour: Rgb| {
            let pixels = sheet.data.chunks_exact(3);
            pixels.filter(|p| **p == colour).count()
        };
        let key_only = draw(&data(640, 480, Vec::new()));
        let sheet = draw(&data(640, 480, vec![masked, kept]));
        for colour in [MASK, KEEP] {
            // Two panels with a box of 80 × 16 each.
            assert!(count(&sheet, colour) > count(&key_only, colour) + 100);
        }
        assert_eq!(
            sheet.at(GAP_PX + 110, GAP_PX + 2 * LINE_PX + 55),
            Some([90; 3])
        );
        assert!(count(&sheet, [10; 3]) > 640 * 480 * 9 / 10);
    }

    #[test]
    fn text_that_runs_through_a_loop_has_one_number() {
        let at = |x, frame, reason: &str| PlanItem {
            frames: (frame, frame),
            ..item(Rect::new(x, 5, 20, 8), Action::Keep, reason)
        };
        let boxes = [
            at(5, 0, "safe:number"),
            at(90, 0, "safe:number"),
            at(6, 1, "safe:number"),
            at(6, 2, "safe:unit"),
        ];
        let groups = group(&boxes);
        assert_eq!(groups, [1, 2, 1, 3]);
        let lines: Vec<String> = legend(&boxes, &groups).into_iter().map(|l| l.1).collect();
        assert_eq!(
            lines[0],
            "  1 keep safe:number  20x8 at 5,5  2 times  frames 0-1"
        );
        assert_eq!(lines[2], "  3 keep safe:unit  20x8 at 6,5  frame 2");
    }

    #[test]
    fn boxes_at_the_edge_and_outside_do_no_harm() {
        for rect in [
            Rect::new(0, 0, 640, 480),
            Rect::new(639, 479, 1, 1),
            Rect::new(900, 900, 5, 5),
        ] {
            let sheet = draw(&data(
                640,
                480,
                vec![item(rect, Action::Mask, "unreadable")],
            ));
            let pixels = sheet.width as usize * sheet.height as usize;
            assert_eq!(sheet.data.len(), 3 * pixels);
        }
    }

    #[test]
    fn small_pictures_are_enlarged_and_large_ones_are_not_reduced() {
        assert_eq!(enlargement(1, 1), 4);
        assert_eq!(enlargement(64, 320), 2);
        assert_eq!(enlargement(640, 480), 1);
        let sheet = draw(&data(4000, 3, Vec::new()));
        assert!(sheet.width > 8000);
        let sheet = draw(&data(1, 1, Vec::new()));
        assert!(sheet.width > 100);
    }

    #[test]
    fn the_png_reads_back_as_drawn() {
        let sheet = draw(&data(64, 48, Vec::new()));
        let bytes = png(&sheet).unwrap();
        let mut reader = png::Decoder::new(std::io::Cursor::new(bytes))
            .read_info()
            .unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut pixels).unwrap();
        assert_eq!((info.width, info.height), (sheet.width, sheet.height));
        assert_eq!(pixels, sheet.data);
    }
}
