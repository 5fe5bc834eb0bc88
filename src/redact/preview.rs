//! Pictures of a frame before and after, for people.

use super::frames::Frames;
use crate::facts::Facts;
use crate::outcome::{Reason, Refusal};
use crate::plan::Plan;
use crate::preview::{PreviewData, RgbImage};
use crate::views::{self, Rgb};

/// Frame `index`, or with `projection` the brightest value of every pixel over all frames, as it is and as it will be.
pub fn draw(
    frames: &dyn Frames,
    facts: &Facts,
    plan: &Plan,
    index: u32,
    projection: bool,
) -> Result<PreviewData, Refusal> {
    if index >= frames.count() {
        return Err(Refusal::new(
            Reason::Inconsistent,
            format!("no frame {index}: there are {}", frames.count()),
        ));
    }
    let shown: Vec<u32> = if projection {
        (0..frames.count()).collect()
    } else {
        vec![index]
    };
    let mut before: Option<Rgb> = None;
    let mut after: Option<Rgb> = None;
    for &i in &shown {
        let frame = frames.frame(i)?;
        brighten(&mut before, views::first_look(&frame, &facts.display));
        let masks = plan.masks(i);
        let masked = match masks.as_slice() {
            [] => frame,
            masks => frames.masked(i, masks, &plan.fill)?,
        };
        brighten(&mut after, views::first_look(&masked, &facts.display));
    }
    let boxes = plan
        .items
        .iter()
        .filter(|b| projection || (b.frames.0..=b.frames.1).contains(&index))
        .cloned()
        .collect();
    let caption = if projection {
        format!("projection of {} frames", frames.count())
    } else {
        format!("frame {} of {}", index + 1, frames.count())
    };
    match (before, after) {
        (Some(before), Some(after)) => Ok(PreviewData {
            before: image(before),
            after: image(after),
            boxes,
            caption,
        }),
        _ => Err(Refusal::new(Reason::Inconsistent, "there are no frames")),
    }
}

fn brighten(sum: &mut Option<Rgb>, next: Rgb) {
    match sum {
        None => *sum = Some(next),
        Some(s) => s
            .data
            .iter_mut()
            .zip(&next.data)
            .for_each(|(a, b)| *a = (*a).max(*b)),
    }
}

fn image(rgb: Rgb) -> RgbImage {
    RgbImage {
        width: rgb.width,
        height: rgb.height,
        data: rgb.data,
    }
}
