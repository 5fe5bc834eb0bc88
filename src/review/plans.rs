//! Plans made in the background: in the order of the list, and first of all for what somebody opened.

use crate::dicom::Object;
use crate::facts::Facts;
use crate::frame::Frame;
use crate::geometry::Rect;
use crate::key::Key;
use crate::redact::{Draft, Engine, Looked};
use crate::report::FileReport;
use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;

/// Frames of a loop in which weak candidates and views are looked for.
const LOOKED_FRAMES: u32 = 3;
/// How long an idle planner sleeps before it looks whether the server ends.
const NAP: Duration = Duration::from_millis(500);

/// An overlay plane, which is looked at like a view.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OverlayView {
    /// 6000–601E.
    pub group: u16,
}

/// A planned file. It holds no pixels.
pub struct Planned {
    engine: Arc<Engine>,
    /// The plan and what it was made of.
    pub draft: Draft,
    /// What the header says.
    pub facts: Facts,
    /// How some frames were searched.
    pub looked: Vec<(u32, Looked)>,
    /// Overlay planes.
    pub overlays: Vec<OverlayView>,
    /// What masks look like, red, green, blue.
    pub fill_colour: [u8; 3],
    /// Binds edits to this plan.
    pub digest: String,
}

impl Planned {
    /// Plans a file.
    ///
    /// # Errors
    /// The report of a file that cannot be planned.
    pub fn make(
        engine: &Arc<Engine>,
        input: crate::redact::Input<'_>,
        salt: &Key,
    ) -> Result<(Planned, Object), Box<FileReport>> {
        let (draft, object) = engine.draft(input)?;
        let facts = object.facts().clone();
        let last = facts.frames.saturating_sub(1);
        let mut frames: Vec<u32> = (0..LOOKED_FRAMES)
            .map(|k| (u64::from(last) * u64::from(k) / u64::from(LOOKED_FRAMES - 1)) as u32)
            .collect();
        frames.dedup();
        let looked = frames
            .into_iter()
            // Only for people's eyes: without it there is less to show.
            .filter_map(|i| Some((i, engine.looked(&object, i).ok()?)))
            .collect();
        let overlays = object.overlays();
        let overlays = overlays
            .iter()
            .map(|o| OverlayView { group: o.group })
            .collect();
        let plan = &draft.plan;
        let mut bound = plan.clone();
        bound.items.iter_mut().for_each(|i| i.text = None);
        // A plan is plain data, which can always be written as JSON.
        let text = serde_json::to_string(&bound).unwrap_or_default();
        let planned = Planned {
            engine: Arc::clone(engine),
            digest: super::items::short(salt, "review plan", &text),
            fill_colour: fill_colour(&draft, &facts),
            looked,
            overlays,
            draft,
            facts,
        };
        Ok((planned, object))
    }

    /// A finding's box as a mask would cover it.
    pub fn spread(&self, rect: &Rect, keeps: &[Rect]) -> Rect {
        self.engine.spread(rect, keeps, &self.facts)
    }

    /// Ultrasound regions.
    pub fn regions(&self) -> Vec<Rect> {
        self.facts.us_regions.iter().map(|r| r.rect).collect()
    }

    /// Whether frames are in colour.
    pub fn is_colour(&self) -> bool {
        self.facts.format.samples_per_pixel == 3
            || self.facts.format.photometric == crate::frame::Photometric::PaletteColor
    }

    /// Views in which findings are seen that the first look does not show. Colour is seen at once.
    pub fn is_hidden(&self, view: &str) -> bool {
        let first = self.looked.first().and_then(|(_, l)| l.views.first());
        !self.is_colour() && view != "slanted" && first.is_some_and(|f| f != view)
    }
}

/// The fill through the first look.
fn fill_colour(draft: &Draft, facts: &Facts) -> [u8; 3] {
    use crate::views::{Look, Picture, look};
    let format = crate::frame::PixelFormat {
        rows: 1,
        cols: 2,
        ..facts.format
    };
    let mut frame = Frame {
        format,
        data: vec![0; format.bytes_per_frame()],
    };
    crate::mask::fill(&mut frame, &[Rect::new(0, 0, 2, 1)], &draft.plan.fill);
    // Without a window the range decides, and the fill is its dark end.
    if facts.display.windows.is_empty() && facts.display.voi_luts.is_empty() {
        let colour = facts.format.samples_per_pixel == 3
            || facts.format.photometric == crate::frame::Photometric::PaletteColor;
        if !colour {
            return [0; 3];
        }
    }
    match look(&frame, &facts.display, Look::First) {
        Some(Picture::Rgb(p)) => p.data.first_chunk::<3>().copied().unwrap_or_default(),
        Some(Picture::Gray(p)) => [p.data.first().copied().unwrap_or_default(); 3],
        None => [0; 3],
    }
}

/// How far the plan of a file is.
#[derive(Clone, Default)]
pub enum PlanState {
    /// Not begun.
    #[default]
    Waiting,
    /// There.
    Ready(Arc<Planned>),
    /// The file cannot be planned.
    Refused(Arc<FileReport>),
}

/// The plans of all files.
pub struct Plans {
    states: Vec<RwLock<PlanState>>,
    queue: Mutex<Queue>,
    bell: Condvar,
}

struct Queue {
    /// Opened by somebody, the latest last.
    asked: Vec<usize>,
    rest: VecDeque<usize>,
    ended: bool,
}

impl Plans {
    /// None made yet.
    pub fn new(files: usize) -> Plans {
        Plans {
            states: (0..files).map(|_| RwLock::default()).collect(),
            queue: Mutex::new(Queue {
                asked: Vec::new(),
                rest: (0..files).collect(),
                ended: false,
            }),
            bell: Condvar::new(),
        }
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The plan of a file, as far as it is.
    pub fn get(&self, file: usize) -> PlanState {
        let state = self.states.get(file);
        state.map_or(PlanState::Waiting, |s| {
            s.read().unwrap_or_else(PoisonError::into_inner).clone()
        })
    }

    /// Puts a file to the front.
    pub fn ask(&self, file: usize) {
        if !matches!(self.get(file), PlanState::Waiting) {
            return;
        }
        let mut queue = self.queue();
        queue.asked.retain(|f| *f != file);
        queue.asked.push(file);
        self.bell.notify_one();
    }

    /// Makes plans until all are made or [`Plans::end`] is called; `make` gets a file and whether somebody asked for it.
    pub fn work(&self, mut make: impl FnMut(usize, bool) -> PlanState) {
        loop {
            let (file, asked) = {
                let mut queue = self.queue();
                loop {
                    if queue.ended {
                        return;
                    }
                    let asked = queue.asked.pop().map(|f| (f, true));
                    if let Some(next) = asked.or_else(|| queue.rest.pop_front().map(|f| (f, false)))
                    {
                        break next;
                    }
                    queue = match self.bell.wait_timeout(queue, NAP) {
                        Ok((queue, _)) => queue,
                        Err(poisoned) => poisoned.into_inner().0,
                    };
                }
            };
            if !matches!(self.get(file), PlanState::Waiting) {
                continue;
            }
            let state = make(file, asked);
            if let Some(place) = self.states.get(file) {
                *place.write().unwrap_or_else(PoisonError::into_inner) = state;
            }
        }
    }

    /// Makes [`Plans::work`] return.
    pub fn end(&self) {
        self.queue().ended = true;
        self.bell.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Tool;
    use std::path::Path;

    #[test]
    fn what_somebody_opened_is_planned_first_and_nothing_twice() {
        let plans = Plans::new(4);
        plans.ask(2);
        plans.ask(3);
        let mut made = Vec::new();
        plans.work(|file, asked| {
            made.push((file, asked));
            if made.len() == 4 {
                plans.end();
            }
            let report = FileReport::new(
                &Tool::default(),
                Path::new("x"),
                crate::outcome::Outcome::Failed,
            );
            PlanState::Refused(Arc::new(report))
        });
        assert_eq!(made, [(3, true), (2, true), (0, false), (1, false)]);
        plans.ask(1);
        assert!(plans.queue().asked.is_empty());
    }
}
