//! Pictures of frames, made when they are asked for, and those that will be asked for next made in advance.

use super::api::Fault;
use super::lru::Lru;
use super::plans::{PlanState, Planned};
use super::render;
use super::session::Session;
use crate::dicom::Object;
use crate::frame::{Frame, Gray, Window};
use crate::geometry::Rect;
use crate::outcome::{Reason, Refusal};
use crate::views::{self, Look, Picture};
use rayon::prelude::*;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Bytes of coded pictures that are kept.
const CODED_BYTES: usize = 256 << 20;
/// Bytes of decoded frames and projections that are kept.
const DECODED_BYTES: usize = 256 << 20;
/// Frames of a loop in a projection, spread evenly: what stands still is in all of them.
const PROJECTED_FRAMES: u32 = 48;
/// Pictures that wait to be made in advance.
const MOST_WANTED: usize = 12;
/// Sides of thumbnails.
pub const THUMB_SIDES: std::ops::RangeInclusive<u32> = 64..=1024;
/// The side of thumbnails that the list shows.
pub const LIST_THUMB: u32 = 192;

/// How a picture is asked for.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Default)]
pub struct Asked {
    /// Before the masks.
    pub original: bool,
    /// A view by its id.
    pub view: Option<String>,
    /// Centre and width of a window, as bits of `f64`.
    pub window: Option<(u64, u64)>,
    /// Dark for bright.
    pub invert: bool,
    /// Local contrast.
    pub stretch: bool,
}

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum What {
    /// One frame.
    Frame(u32),
    /// The loop in one picture.
    Projection,
    /// A small picture with this longest side.
    Thumb(u32),
}

/// A picture to be made in advance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Want {
    /// Of which file.
    pub file: usize,
    /// What.
    pub what: What,
    /// How.
    pub asked: Asked,
}

/// A picture that is kept: what is shown, with which masks.
type Key = (usize, What, Asked, Vec<Rect>);

/// What is kept, and what waits to be made.
pub struct Pictures {
    coded: Lru<Key, Vec<u8>>,
    frames: Lru<(usize, u32), Frame>,
    projections: Lru<usize, Picture>,
    wanted: Mutex<Wanted>,
    bell: Condvar,
}

#[derive(Default)]
struct Wanted {
    /// The latest last.
    stack: Vec<Want>,
    ended: bool,
}

impl Pictures {
    /// Nothing kept, nothing waiting.
    pub fn new() -> Pictures {
        Pictures {
            coded: Lru::new(CODED_BYTES),
            frames: Lru::new(DECODED_BYTES),
            projections: Lru::new(DECODED_BYTES / 4),
            wanted: Mutex::default(),
            bell: Condvar::new(),
        }
    }

    fn wanted(&self) -> MutexGuard<'_, Wanted> {
        self.wanted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks for pictures in advance, the first first; older wishes are forgotten beyond a bound.
    pub fn want(&self, wants: impl DoubleEndedIterator<Item = Want>) {
        let mut wanted = self.wanted();
        for want in wants.rev() {
            wanted.stack.retain(|w| *w != want);
            wanted.stack.push(want);
        }
        let beyond = wanted.stack.len().saturating_sub(MOST_WANTED);
        wanted.stack.drain(..beyond);
        self.bell.notify_all();
    }

    /// Makes wanted pictures until [`Pictures::end`].
    pub fn work(&self, make: impl Fn(Want)) {
        loop {
            let want = {
                let mut wanted = self.wanted();
                loop {
                    if wanted.ended {
                        return;
                    }
                    if let Some(want) = wanted.stack.pop() {
                        break want;
                    }
                    wanted = match self.bell.wait_timeout(wanted, Duration::from_millis(500)) {
                        Ok((wanted, _)) => wanted,
                        Err(poisoned) => poisoned.into_inner().0,
                    };
                }
            };
            make(want);
        }
    }

    /// Makes [`Pictures::work`] return.
    pub fn end(&self) {
        self.wanted().ended = true;
        self.bell.notify_all();
    }
}

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
                let object = self.object(file)?;
                let mut picture = if object.facts().frames > 1 {
                    self.projection(file, asked, masks, planned.as_deref())?
                } else {
                    self.frame(file, 0, asked, masks, planned.as_deref())?
                };
                picture = render::thumbnail(&picture, side);
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
            let first = if planned.facts.frames > 1 {
                vec![What::Projection, What::Frame(0)]
            } else {
                vec![What::Frame(0)]
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

    /// Thumbnails while the object is at hand.
    pub(super) fn first_thumbs(&self, file: usize, planned: &Planned, object: &Arc<Object>) {
        let Ok(plain) = self.small(planned, object) else {
            return;
        };
        let what = What::Thumb(LIST_THUMB);
        let all = planned.draft.plan.frames.saturating_sub(1);
        let state = self
            .files
            .get(file)
            .map(|f| (self.log().state(&f.id), &f.id));
        let Some((state, id)) = state else { return };
        let items = self.items(id, planned, &state);
        let masks: Vec<Rect> = masks_in(&items, 0, all);
        let mut masked = plain.clone();
        render::paint(&mut masked, &masks, planned.fill_colour);
        for (original, masks, picture) in [(true, Vec::new(), &plain), (false, masks, &masked)] {
            let asked = Asked {
                original,
                ..Asked::default()
            };
            let small = render::thumbnail(picture, LIST_THUMB);
            if let Ok(coded) = render::png(&small) {
                let bytes = coded.len();
                let key = (file, what, asked, masks);
                self.pictures.coded.put(key, Arc::new(coded), bytes);
            }
        }
    }

    fn small(&self, planned: &Planned, object: &Arc<Object>) -> Result<Picture, Refusal> {
        if planned.facts.frames > 1 {
            project(object)
        } else {
            let frame = object.frame(0)?;
            views::look(&frame, &planned.facts.display, Look::First).ok_or_else(nothing)
        }
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
            return overlay(&object, group, n, asked);
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
            None => {
                // Only here: a long loop takes its time to be read again.
                let object = self.object(file)?;
                let picture = Arc::new(project(&object)?);
                let bytes = render::bytes(&picture);
                self.pictures
                    .projections
                    .put(file, Arc::clone(&picture), bytes);
                picture
            }
        };
        let mut picture = Picture::clone(&picture);
        if let Some(planned) = planned.filter(|_| !masks.is_empty()) {
            render::paint(&mut picture, masks, planned.fill_colour);
        }
        Ok(finished(picture, asked))
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
fn overlay(object: &Object, group: &str, frame: u32, asked: &Asked) -> Result<Picture, Fault> {
    let group = u16::from_str_radix(group, 16).map_err(|_| Fault::not_found())?;
    let format = &object.facts().format;
    let mut picture = Gray::new(format.cols, format.rows, 0);
    let overlays = object.overlays();
    let overlay = overlays.iter().find(|o| o.group == group);
    let overlay = overlay.ok_or_else(Fault::not_found)?;
    // Overlays are never written: beside the original there is nothing of them.
    if asked.original
        && let Some(bits) = object.overlay_bitmap(overlay, frame)?
    {
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
