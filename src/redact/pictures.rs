//! The pictures in which a frame is searched: its views, calmed and blended over masks, and half-size copies of them; and
//! lines found in such a picture, put where they lie in the frame.

use super::blend::blend_view;
use super::evidence::{Look, look_of};
use super::grain::calm;
use super::memory::{Memory, Part};
use crate::frame::{Display, Frame, Gray};
use crate::geometry::Rect;
use crate::line::TextLine;
use crate::views::{ValueRange, View, views_over};

/// Pictures with a side above this are also searched at half size, where large glyphs have the size that the network
/// knows.
const HALF_SIZE_ABOVE_PX: u32 = 1400;

/// A frame to be searched.
pub struct Shown {
    /// Its samples.
    pub frame: Frame,
    /// Rectangles of it that hold one constant: the search looks past them.
    pub masks: Vec<Rect>,
    /// Values over which the frame is spread to be seen; its own where `None`.
    range: Option<ValueRange>,
    /// Whether it is looked at from afar as well.
    from_afar: bool,
}

impl Shown {
    /// A frame as it is.
    pub fn as_it_is(frame: Frame) -> Shown {
        Shown::masked(frame, Vec::new(), None)
    }

    /// A frame with masks, and the range that it had without them, where that is known.
    pub fn masked(frame: Frame, masks: Vec<Rect>, range: Option<ValueRange>) -> Shown {
        Shown {
            frame,
            masks,
            range,
            from_afar: true,
        }
    }

    /// The same frame, not looked at from afar: of a loop whose key frames are.
    pub fn near(self) -> Shown {
        Shown {
            from_afar: false,
            ..self
        }
    }
}

/// The pictures of one frame that the detector looks at.
pub(super) struct Pictures<'a> {
    pub(super) views: Vec<View>,
    /// Half-size copies of large views.
    halves: Vec<Gray>,
    /// What each picture shows, views first.
    pub(super) sources: Vec<Source>,
    /// Rectangles of the frame that hold one constant.
    pub(super) masks: &'a [Rect],
    /// Columns and rows of the frame.
    size: (u32, u32),
}

/// What a picture shows.
#[derive(Clone, Copy)]
pub(super) struct Source {
    /// Which view.
    pub(super) view: usize,
    /// For how many of the view's pixels a side one pixel stands.
    pub(super) scale: u32,
    pub(super) look: Look,
}

impl<'a> Pictures<'a> {
    pub(super) fn of(shown: &'a Shown, display: &Display, memory: &Memory) -> Pictures<'a> {
        let mut views = views_over(&shown.frame, display, shown.range);
        for view in &mut views {
            blend_view(view, &shown.masks, &memory.blends);
            calm(&mut view.picture, view.origin, &shown.masks);
        }
        let mut sources: Vec<Source> = (views.iter().enumerate())
            .map(|(view, v)| Source {
                view,
                scale: 1,
                look: look_of(v),
            })
            .collect();
        let mut halves = Vec::new();
        for (view, v) in views.iter().enumerate() {
            let large = v.picture.width.max(v.picture.height) > HALF_SIZE_ABOVE_PX;
            if large || view == 0 && shown.from_afar {
                halves.push(half(&v.picture));
                sources.push(Source {
                    view,
                    scale: 2,
                    look: if large { look_of(v) } else { Look::Distant },
                });
            }
        }
        Pictures {
            views,
            halves,
            sources,
            masks: &shown.masks,
            size: (shown.frame.format.cols, shown.frame.format.rows),
        }
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &Gray> {
        self.views.iter().map(|v| &v.picture).chain(&self.halves)
    }

    /// All pictures; those that show a part of the frame only with its name and place.
    pub(super) fn with_parts(&self) -> impl Iterator<Item = (&Gray, Option<Part>)> {
        let views = self.views.iter().map(|v| (&v.picture, self.part(v)));
        views.chain(self.halves.iter().map(|h| (h, None)))
    }

    fn part(&self, view: &View) -> Option<Part> {
        let size = (view.picture.width, view.picture.height);
        (size != self.size).then(|| (view.name.clone(), view.origin, size))
    }
}

/// Lines of a picture of a view in coordinates of the frame. One picture pixel stands for `scale` pixels a side.
pub(super) fn placed(lines: &[TextLine], view: &View, scale: u32) -> Vec<TextLine> {
    let (ox, oy) = view.origin;
    let bounds = Rect::new(ox, oy, view.picture.width, view.picture.height);
    let place = |r: &Rect| {
        // The half-size copy of an odd side reaches one pixel too far.
        Rect::new(r.x * scale + ox, r.y * scale + oy, r.w * scale, r.h * scale).intersect(&bounds)
    };
    lines.iter().map(|l| moved(l, place)).collect()
}

/// The line with all its rectangles moved.
pub(super) fn moved(line: &TextLine, place: impl Fn(&Rect) -> Rect) -> TextLine {
    TextLine {
        tight: place(&line.tight),
        cover: line.cover.iter().map(&place).collect(),
        strength: line.strength,
    }
}

/// The exact half-size copy: 2×2 means, rounded; an odd last row or column is doubled.
pub(super) fn half(picture: &Gray) -> Gray {
    let (w, h) = (picture.width.div_ceil(2), picture.height.div_ceil(2));
    let mut out = Gray::new(w, h, 0);
    for y in 0..h {
        let top = picture.row(2 * y);
        let bottom = picture.row((2 * y + 1).min(picture.height - 1));
        for (x, to) in out.row_mut(y).iter_mut().enumerate() {
            let (l, r) = (2 * x, (2 * x + 1).min(picture.width as usize - 1));
            let sum =
                u32::from(top[l]) + u32::from(top[r]) + u32::from(bottom[l]) + u32::from(bottom[r]);
            *to = ((sum + 2) >> 2) as u8;
        }
    }
    out
}
