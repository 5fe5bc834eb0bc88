//! Pictures of frames, made when they are asked for, and those that will be asked for next made in advance.

use super::album::{Asked, Want, What};
use super::fault::Fault;
use super::plans::{PlanState, Planned};
use super::render;
use super::session::Session;
use crate::dicom::Object;
use crate::frame::{Frame, Gray, Window};
use crate::geometry::Rect;
use crate::outcome::{Reason, Refusal};
use crate::views::{self, Look, Picture};
use rayon::prelude::*;
use std::sync::Arc;

/// Frames of a loop in a projection, spread evenly: what stands still is in all of them.
const PROJECTED_FRAMES: u32 = 48;
/// Sides of thumbnails.
pub const THUMB_SIDES: std::ops::RangeInclusive<u32> = 64..=1024;
/// The side of thumbnails that the list shows.
pub const LIST_THUMB: u32 = 192;

impl Session {
    /// A coded picture.
    ///
    /// # Errors
    /// `planning` for what needs the plan, `not-found` for a frame or view that is not there, `cannot-be-shown`.
    pub fn picture(&self, file: usize, what: What, asked: &Asked) -> Result<Arc<Vec<u8>>, Fault> {
        let planned = match self.plans.get(file) {
            PlanState::Ready(planned) => Some(planned),
            _ if asked.original => None,
            _ => Some(self.planned(file)?),
        };
        let masks = match &planned {
            Some(planned) if !asked.original => self.masks(file, what, planned)?,
            _ => Vec::new(),
        };
        let key = (file, what, asked.clone(), masks);
        if let Some(coded) = self.pictures.coded.get(&key) {
            return Ok(coded);
        }
        let masks = &key.3;
        let picture = match what {
            What::Frame(n) => self.frame(file, n, asked, masks, planned.as_deref())?,
            What::Projection => self.projection(file, asked, masks, planned.as_deref())?,
            What::Thumb(side) => {
                let small = self.small(file)?;
                let mut picture = render::thumbnail(&small, side);
                if let Some(planned) = planned.filter(|_| !masks.is_empty()) {
                    let f = &planned.facts.format;
                    let masks = render::scaled(masks, (f.cols, f.rows), render::size(&picture));
                    render::paint(&mut picture, &masks, planned.fill_colour);
                }
                picture
            }
        };
        let coded = Arc::new(render::png(&picture)?);
        let bytes = coded.len();
        self.pictures.coded.put(key, Arc::clone(&coded), bytes);
        Ok(coded)
    }

    /// What was just shown tells what comes next: its neighbours, shown alike.
    pub fn expect(&self, file: usize, frame: u32, asked: &Asked) {
        let frames = match self.plans.get(file) {
            PlanState::Ready(planned) => planned.facts.frames,
            _ => return,
        };
        let near = [
            frame.checked_add(1),
            frame.checked_sub(1),
            frame.checked_add(2),
            frame.checked_add(3),
            frame.checked_sub(2),
        ];
        let near = near.into_iter().flatten().filter(|n| *n < frames);
        let near: Vec<u32> = near.collect();
        self.pictures.want(near.into_iter().map(|n| Want {
            file,
            what: What::Frame(n),
            asked: asked.clone(),
        }));
    }

    /// Somebody opened a file: its first pictures, then those of the one after it.
    pub fn expect_opened(&self, file: usize, next: Option<usize>) {
        let mut wants = Vec::new();
        for file in [Some(file), next].into_iter().flatten() {
            let PlanState::Ready(planned) = self.plans.get(file) else {
                self.plans.ask(file);
                continue;
            };
            let small = What::Thumb(*THUMB_SIDES.end());
            let first = if planned.facts.frames > 1 {
                vec![small, What::Projection, What::Frame(0)]
            } else {
                vec![small, What::Frame(0)]
            };
            wants.extend(first.into_iter().map(|what| Want {
                file,
                what,
                asked: Asked::default(),
            }));
        }
        self.pictures.want(wants.into_iter());
    }

    /// Makes a picture in advance. What fails here fails again, and is told, when it is asked for.
    pub(super) fn prepare(&self, want: Want) {
        let _ = self.picture(want.file, want.what, &want.asked);
    }

    /// What is shown first of a file, while its object is at hand: reading a long loop or a large film again takes its time.
    pub(super) fn first_pictures(&self, file: usize, object: &Object) {
        // What fails here fails again, and is told, when it is asked for.
        let _ = self.first_look(file, object);
    }

    /// The first look at a file in small, without masks.
    fn small(&self, file: usize) -> Result<Arc<Picture>, Fault> {
        if let Some(small) = self.pictures.small.get(&file) {
            return Ok(small);
        }
        let object = self.object(file)?;
        Ok(self.first_look(file, &object)?)
    }

    /// Makes the first look and keeps what is dear of it.
    fn first_look(&self, file: usize, object: &Object) -> Result<Arc<Picture>, Refusal> {
        let facts = object.facts();
        let large = if facts.frames > 1 {
            self.plain_projection(file, object)?
        } else {
            let look = views::look(&object.frame(0)?, &facts.display, Look::First);
            Arc::new(look.ok_or_else(nothing)?)
        };
        let small = Arc::new(render::thumbnail(&large, *THUMB_SIDES.end()));
        let bytes = render::bytes(&small);
        self.pictures.small.put(file, Arc::clone(&small), bytes);
        Ok(small)
    }

    /// The masks that a picture shows, sorted.
    fn masks(&self, file: usize, what: What, planned: &Planned) -> Result<Vec<Rect>, Fault> {
        let f = self.file(file)?;
        let state = self.log().state(&f.id);
        let items = self.items(&f.id, planned, &state);
        let last = planned.draft.plan.frames.saturating_sub(1);
        Ok(match what {
            What::Frame(n) => masks_in(&items, n, n),
            What::Projection | What::Thumb(_) => masks_in(&items, 0, last),
        })
    }

    fn frame(
        &self,
        file: usize,
        n: u32,
        asked: &Asked,
        masks: &[Rect],
        planned: Option<&Planned>,
    ) -> Result<Picture, Fault> {
        let object = self.object(file)?;
        if n >= object.facts().frames {
            return Err(Fault::not_found());
        }
        if let Some(group) = asked
            .view
            .as_deref()
            .and_then(|v| v.strip_prefix("overlay-"))
        {
            return overlay(&object, group, n, asked, planned);
        }
        let frame = match planned {
            Some(planned) if !masks.is_empty() => {
                Arc::new(planned.draft.masked(&object, n, masks)?)
            }
            _ => self.decoded(file, n, &object)?,
        };
        let display = &object.facts().display;
        let look = match (&asked.view, asked.window) {
            (Some(view), _) => Look::View(view),
            (None, Some((center, width))) => Look::Window(Window {
                center: f64::from_bits(center),
                width: f64::from_bits(width),
            }),
            (None, None) => Look::First,
        };
        let picture = views::look(&frame, display, look).ok_or_else(Fault::not_found)?;
        Ok(finished(picture, asked))
    }

    fn decoded(&self, file: usize, n: u32, object: &Object) -> Result<Arc<Frame>, Refusal> {
        if let Some(frame) = self.pictures.frames.get(&(file, n)) {
            return Ok(frame);
        }
        let frame = Arc::new(object.frame(n)?);
        let bytes = frame.data.len();
        self.pictures
            .frames
            .put((file, n), Arc::clone(&frame), bytes);
        Ok(frame)
    }

    /// The loop in one picture. Masks of the whole loop are filled in; those of some frames only hide those frames.
    fn projection(
        &self,
        file: usize,
        asked: &Asked,
        masks: &[Rect],
        planned: Option<&Planned>,
    ) -> Result<Picture, Fault> {
        let picture = match self.pictures.projections.get(&file) {
            Some(picture) => picture,
            // Only here: a long loop takes its time to be read again.
            None => self.plain_projection(file, &*self.object(file)?)?,
        };
        let mut picture = Picture::clone(&picture);
        if let Some(planned) = planned.filter(|_| !masks.is_empty()) {
            render::paint(&mut picture, masks, planned.fill_colour);
        }
        Ok(finished(picture, asked))
    }

    /// The loop in one picture, without masks.
    fn plain_projection(&self, file: usize, object: &Object) -> Result<Arc<Picture>, Refusal> {
        let picture = Arc::new(project(object)?);
        let bytes = render::bytes(&picture);
        let kept = Arc::clone(&picture);
        self.pictures.projections.put(file, kept, bytes);
        Ok(picture)
    }
}

/// Masks that hold in all frames of a range, sorted.
fn masks_in(items: &[super::items::Item], first: u32, last: u32) -> Vec<Rect> {
    let mut masks: Vec<Rect> = items
        .iter()
        .filter(|i| i.fate == super::items::Fate::Mask)
        .filter(|i| i.frames.0 <= first && last <= i.frames.1)
        .map(|i| i.rect)
        .collect();
    masks.sort_unstable();
    masks.dedup();
    masks
}

fn finished(mut picture: Picture, asked: &Asked) -> Picture {
    if asked.stretch {
        render::stretch(&mut picture);
    }
    if asked.invert {
        render::invert(&mut picture);
    }
    picture
}

/// The brightest of evenly spread frames, sample by sample.
fn project(object: &Object) -> Result<Picture, Refusal> {
    let facts = object.facts();
    let frames = facts.frames.clamp(1, PROJECTED_FRAMES);
    let last = u64::from(facts.frames.saturating_sub(1));
    let numbers = (0..frames).map(|k| {
        (last * u64::from(k))
            .checked_div(u64::from(frames - 1))
            .unwrap_or(0) as u32
    });
    let numbers: Vec<u32> = numbers.collect();
    let one = |n: &u32| -> Result<Option<Picture>, Refusal> {
        let frame = object.frame(*n)?;
        Ok(views::look(&frame, &facts.display, Look::First))
    };
    let brighter = |a: Option<Picture>, b: Option<Picture>| match (a, b) {
        (Some(a), Some(b)) => Some(render::brighter(a, &b)),
        (a, b) => a.or(b),
    };
    let picture = numbers
        .par_iter()
        .map(one)
        .try_reduce(|| None, |a, b| Ok(brighter(a, b)))?;
    picture.ok_or_else(nothing)
}

/// An overlay plane on black, at its place in the frame.
fn overlay(
    object: &Object,
    group: &str,
    frame: u32,
    asked: &Asked,
    planned: Option<&Planned>,
) -> Result<Picture, Fault> {
    let group = u16::from_str_radix(group, 16).map_err(|_| Fault::not_found())?;
    let format = &object.facts().format;
    let mut picture = Gray::new(format.cols, format.rows, 0);
    let overlays = object.overlays();
    let overlay = overlays.iter().find(|o| o.group == group);
    let overlay = overlay.ok_or_else(Fault::not_found)?;
    // Beside the original there is what will be written of it, which may be nothing.
    let bits = match planned {
        _ if asked.original => object.overlay_bitmap(overlay, frame)?,
        Some(planned) => planned.draft.overlay(object, overlay.group, frame)?,
        None => None,
    };
    if let Some(bits) = bits {
        let (left, top) = (i64::from(overlay.origin.0), i64::from(overlay.origin.1));
        for y in 0..bits.height {
            for x in 0..bits.width {
                let at = (left + i64::from(x), top + i64::from(y));
                let (Ok(to_x), Ok(to_y)) = (u32::try_from(at.0), u32::try_from(at.1)) else {
                    continue;
                };
                if bits.at(x, y) > 0 && to_x < picture.width && to_y < picture.height {
                    let place = to_x as usize;
                    if let Some(to) = picture.row_mut(to_y).get_mut(place) {
                        *to = 255;
                    }
                }
            }
        }
    }
    Ok(finished(Picture::Gray(picture), asked))
}

fn nothing() -> Refusal {
    Refusal::new(Reason::Inconsistent, "there is nothing to show")
}
