//! Searching one frame: every view through the detector, lines read, each decided.

use super::equipment::{KEPT, SPARED};
use super::evidence::{
    Evidence, Look, Place, STRICT_LEAST, drop_doubtful, evidence, good_places, is_apart, look_of,
};
use super::finding::Finding;
use super::growth::covered;
use super::memory::{Memory, Part};
use super::pictures::{Pictures, Shown, Source, half, moved, placed};
use crate::config::Sensitivity;
use crate::detect::{self, Detector};
use crate::error::{Error, Result};
use crate::frame::{Display, Frame, Gray};
use crate::geometry::{Rect, union_area};
use crate::line::{Reading, Strength, TextLine};
use crate::ocr::Reader;
use crate::phi::{ObjectDecider, Verdict};
use crate::plan::Action;
use crate::views::View;
use rayon::prelude::*;
use std::collections::HashMap;
use std::sync::Arc;

/// Shorter side, px of the searched picture, from which a line must be one at half the size as well: the network has
/// learnt letters of up to about this height, and what is larger is text only if it stays text when it shrinks.
const LARGE_PX: u32 = 64;
/// Share of a large line (percent) that lines found at half size must cover.
const LARGE_COVERED_PERCENT: u64 = 50;
/// A line of a later view is the same line if this share of it (percent) is inside lines already found.
pub(super) const SAME_LINE_PERCENT: u64 = 70;

/// A place that the network marks, read by nobody.
#[derive(Clone, Debug, PartialEq)]
pub struct Candidate {
    /// Where.
    pub rect: Rect,
    /// In which view it was seen first.
    pub view: String,
    /// How much the network makes of it.
    pub strength: Strength,
}

/// What searching needs, for one object.
pub struct Searcher<'a> {
    /// Runs the network.
    pub detector: &'a dyn Detector,
    /// Reads lines.
    pub reader: &'a dyn Reader,
    /// Decides, knowing this object's identities.
    pub decider: &'a ObjectDecider<'a>,
    /// How the header wants the frames seen.
    pub display: &'a Display,
    /// What becomes of doubt.
    pub sensitivity: Sensitivity,
    /// Where doubtful text may stay, because a person said so of this equipment.
    pub spared: Vec<Rect>,
    /// What frames that were searched have in common with others.
    pub memory: Memory,
}

/// A picture to be searched, and where to remember what is found if it shows a part of a frame.
type Searched<'a> = (&'a Gray, Option<Part>);
/// Lines found in a picture, in its own coordinates.
type Lines = Arc<Vec<TextLine>>;

impl Searcher<'_> {
    /// Everything found in each of the frames, from top to bottom. All pictures go to the detector as one batch; what is
    /// found in a frame does not depend on the others.
    pub fn frames(&self, frames: &[Shown]) -> Result<Vec<Vec<Finding>>> {
        let pictures: Vec<Pictures> = frames
            .par_iter()
            .map(|shown| Pictures::of(shown, self.display, &self.memory))
            .collect();
        let lines = self.lines(pictures.iter().flat_map(Pictures::with_parts).collect())?;
        let mut rest = lines.as_slice();
        let mut parts = Vec::with_capacity(pictures.len());
        for p in &pictures {
            let (mine, others) = rest.split_at(p.sources.len().min(rest.len()));
            parts.push((p, mine));
            rest = others;
        }
        parts
            .par_iter()
            .map(|(p, lines)| self.findings(p, lines))
            .collect()
    }

    /// The lines of each picture, found once in equal pictures of one part of the frame: a coloured scale or banner does not
    /// change in a loop. Whole pictures of unlike frames are hardly ever equal.
    fn lines(&self, pictures: Vec<Searched<'_>>) -> Result<Vec<Lines>> {
        let mut fresh: Vec<Searched<'_>> = Vec::new();
        let mut of_part: HashMap<Part, Vec<usize>> = HashMap::new();
        let mut answers: Vec<std::result::Result<Lines, usize>> = Vec::new();
        for (picture, part) in pictures {
            if let Some(part) = &part {
                if let Some(lines) = self.memory.lines(part, picture) {
                    answers.push(Ok(lines));
                    continue;
                }
                let alike = of_part.entry(part.clone()).or_default();
                if let Some(&i) = alike.iter().find(|&&i| fresh[i].0 == picture) {
                    answers.push(Err(i));
                    continue;
                }
                alike.push(fresh.len());
            }
            answers.push(Err(fresh.len()));
            fresh.push((picture, part));
        }
        let batch: Vec<&Gray> = fresh.iter().map(|(picture, _)| *picture).collect();
        let maps = self.detector.maps(&batch, detect::LEVELS)?;
        let found: Vec<Lines> = (fresh.par_iter().zip(&maps))
            .map(|((picture, part), map)| {
                let lines = Arc::new(detect::find_lines(map, picture, &self.memory.glyphs));
                if let Some(part) = part {
                    self.memory.keep_lines(part.clone(), picture, lines.clone());
                }
                lines
            })
            .collect();
        let answers = answers
            .into_iter()
            .map(|a| a.or_else(|i| found.get(i).cloned().ok_or(i)))
            .collect::<std::result::Result<_, usize>>();
        answers.map_err(|_| Error::Device("a map is missing".into()))
    }

    /// What the network marks in any view of a frame, however weakly, before anything is dropped or read: for people who want
    /// to see what was let go. Beside it the names of the views, the one seen first in front.
    pub fn candidates(&self, frame: Frame) -> Result<(Vec<String>, Vec<Candidate>)> {
        let shown = Shown::as_it_is(frame);
        let pictures = Pictures::of(&shown, self.display, &self.memory);
        let batch: Vec<&Gray> = pictures.all().collect();
        let maps = self.detector.maps(&batch, detect::LEVELS)?;
        let mut names: Vec<String> = Vec::new();
        for view in &pictures.views {
            if !names.contains(&view.name) {
                names.push(view.name.clone());
            }
        }
        let mut found: Vec<Candidate> = Vec::new();
        for ((picture, map), source) in pictures.all().zip(&maps).zip(&pictures.sources) {
            let Some(view) = pictures.views.get(source.view) else {
                continue;
            };
            let lines = detect::find_lines(map, picture, &self.memory.glyphs);
            for line in placed(&lines, view, source.scale) {
                let same = |c: &&mut Candidate| {
                    let shared = c.rect.intersect(&line.tight).area();
                    shared * 100 >= c.rect.area().min(line.tight.area()) * SAME_LINE_PERCENT
                };
                match found.iter_mut().find(same) {
                    Some(known) => known.strength = known.strength.max(line.strength),
                    None => found.push(Candidate {
                        rect: line.tight,
                        view: view.name.clone(),
                        strength: line.strength,
                    }),
                }
            }
        }
        Ok((names, found))
    }

    /// Everything found in one picture by itself, at 45° too.
    pub fn drawing(&self, frame: Frame) -> Result<Vec<Finding>> {
        let shown = [Shown::as_it_is(frame)];
        let mut found = self.frames(&shown)?.pop().unwrap_or_default();
        self.add_slanted(&shown[0].frame, &mut found)?;
        Ok(found)
    }

    /// Everything found in one frame.
    fn findings(&self, pictures: &Pictures<'_>, found: &[Lines]) -> Result<Vec<Finding>> {
        let mut lines: Vec<(TextLine, usize)> = Vec::new();
        // The same lines again, as other pictures show them.
        let mut again: Vec<(TextLine, usize)> = Vec::new();
        for (i, (picture, found)) in pictures.all().zip(found).enumerate() {
            let Source { view, scale, look } = pictures.sources[i];
            let mut new = placed(found, &pictures.views[view], scale);
            // What seems to stand in a mask is a blend of its surroundings.
            new.retain(|l| !l.cover.iter().all(|c| covered(c, pictures.masks)));
            new.retain(|l| look == Look::Plain || l.strength >= STRICT_LEAST);
            if look == Look::Distant {
                new.retain(|l| is_apart(l, &lines));
            }
            self.drop_unconfirmed(&mut new, picture, &pictures.views[view], scale)?;
            again.extend(merge(&mut lines, new, i));
        }
        let read = |(line, source): &(TextLine, usize)| {
            let shown = pictures.sources[*source];
            let mut found = self.read(line, &pictures.views[shown.view]);
            for f in &mut found {
                (f.source, f.look) = (*source, shown.look);
            }
            found
        };
        let (faint, clear): (Vec<_>, Vec<_>) = lines
            .into_iter()
            .partition(|(line, _)| line.strength == Strength::Faint);
        let mut found: Vec<Finding> = clear.par_iter().flat_map_iter(read).collect();
        // Where one picture shows a line too badly to be read, noise spread over all grey levels for example, another
        // may show it well.
        let known: Vec<Rect> = found
            .iter()
            .filter(|f| evidence(f) == Evidence::Good)
            .flat_map(|f| f.line.cover.iter().copied())
            .collect();
        again.retain(|(line, _)| {
            line.strength > Strength::Faint && !mostly_inside(&line.tight, known.iter())
        });
        found.par_extend(again.par_iter().flat_map_iter(read));
        // Faint lines never turn out good themselves: where they count beside good ones only, most need not be read.
        let good = good_places(&found);
        let counts = |line: &TextLine| {
            self.sensitivity == Sensitivity::High
                || good.iter().any(|g| g.belongs_beside(&Place::unread(line)))
        };
        found.par_extend(
            faint
                .par_iter()
                .filter(|(line, _)| counts(line))
                .flat_map_iter(read),
        );
        drop_doubtful(&mut found, self.sensitivity);
        found.sort_by_key(|f| f.source);
        drop_repeated(&mut found);
        found.sort_by_key(|f| {
            let t = f.line.tight;
            (t.y, t.x, t.w, t.h)
        });
        self.decide(&mut found);
        Ok(found)
    }

    /// Drops large lines that are none in the picture's half-size copy: bones, organs, patterns.
    fn drop_unconfirmed(
        &self,
        lines: &mut Vec<TextLine>,
        picture: &Gray,
        view: &View,
        scale: u32,
    ) -> Result<()> {
        let is_large = |l: &TextLine| l.tight.w.min(l.tight.h) >= LARGE_PX * scale;
        if !lines.iter().any(is_large) {
            return Ok(());
        }
        let small = half(picture);
        let maps = self.detector.maps(&[&small], detect::LEVELS)?;
        let confirmed: Vec<Rect> = maps
            .iter()
            .map(|map| detect::find_lines(map, &small, &self.memory.glyphs))
            .flat_map(|lines| placed(&lines, view, 2 * scale))
            .filter(|l| l.strength > Strength::Faint)
            .flat_map(|l| l.cover)
            .collect();
        lines.retain(|l| {
            let inside: Vec<Rect> = confirmed.iter().map(|c| c.intersect(&l.tight)).collect();
            !is_large(l) || union_area(&inside) * 100 >= l.tight.area() * LARGE_COVERED_PERCENT
        });
        Ok(())
    }

    /// Reads a line, or each of its rows where it holds several. Nothing comes of what is faint and reads as nothing.
    pub(super) fn read(&self, line: &TextLine, view: &View) -> Vec<Finding> {
        let local = moved(line, |r| {
            Rect::new(r.x - view.origin.0, r.y - view.origin.1, r.w, r.h)
        });
        let rows = detect::split_rows(&view.picture, &local, &self.memory.glyphs);
        if rows.is_empty() {
            return self.read_one(&local, view).into_iter().collect();
        }
        let parts: Vec<Finding> = rows.iter().filter_map(|r| self.read_one(r, view)).collect();
        if line.tight.w < line.tight.h {
            // Stacked rows or turned text: whichever reads better.
            let whole = self.read_one(&local, view);
            let confidence = |f: &[Finding]| {
                f.iter()
                    .map(|f| u64::from(f.reading.confidence))
                    .sum::<u64>()
                    / f.len().max(1) as u64
            };
            if let Some(whole) =
                whole.filter(|w| u64::from(w.reading.confidence) >= confidence(&parts))
            {
                return vec![whole];
            }
        }
        parts
    }

    /// Reads a line given in the view's own coordinates; the finding is in those of the frame.
    fn read_one(&self, line: &TextLine, view: &View) -> Option<Finding> {
        let (ox, oy) = view.origin;
        let read = || self.reader.read(&view.picture, line);
        let mut reading = self.memory.reading(&view.picture, line, read);
        if line.strength < Strength::Weak && reading.chars.is_empty() {
            return None; // below the network's threshold, and nothing to read in any orientation: not text
        }
        let place = |r: &Rect| Rect::new(r.x + ox, r.y + oy, r.w, r.h);
        for c in &mut reading.chars {
            c.rect = place(&c.rect);
        }
        Some(Finding {
            line: moved(line, place),
            view: view.name.clone(),
            source: 0,
            look: look_of(view),
            reading,
            verdicts: Vec::new(),
        })
    }

    /// Decides all lines of a picture together: a label may stand on one line and its value on the next.
    pub(super) fn decide(&self, found: &mut [Finding]) {
        let lines: Vec<(&Reading, u32)> = found
            .iter()
            .map(|f| (&f.reading, f.line_height()))
            .collect();
        let decide = || self.decider.decide_picture(&lines);
        let verdicts = self.memory.verdicts(&lines, decide);
        for (finding, verdicts) in found.iter_mut().zip(verdicts) {
            finding.verdicts = verdicts;
            self.spare(finding);
        }
    }

    /// Lets doubtful text stay at a place that a person approved. Beside anything that identifies, doubt remains.
    fn spare(&self, finding: &mut Finding) {
        let doubtful = |v: &Verdict| SPARED.contains(&v.reason.as_str());
        let place = &finding.line.cover;
        if !self
            .spared
            .iter()
            .any(|s| place.iter().all(|c| s.contains(c)))
            || !(finding.verdicts.iter()).all(|v| v.action == Action::Keep || doubtful(v))
        {
            return;
        }
        for v in finding
            .verdicts
            .iter_mut()
            .filter(|v| v.action == Action::Mask)
        {
            v.action = Action::Keep;
            v.reason = KEPT.into();
            v.laterality_lost = false;
        }
    }
}

/// Adds a view's lines to those already found. A line mostly inside known ones that are as strong is the same line
/// again, and given back; a stronger one is read in any case.
fn merge(
    known: &mut Vec<(TextLine, usize)>,
    lines: Vec<TextLine>,
    view: usize,
) -> Vec<(TextLine, usize)> {
    let before = known.len();
    let mut again = Vec::new();
    for line in lines {
        let as_strong = known[..before]
            .iter()
            .filter(|(k, _)| k.strength >= line.strength);
        if mostly_inside(&line.tight, as_strong.flat_map(|(k, _)| &k.cover)) {
            again.push((line, view));
        } else {
            known.push((line, view));
        }
    }
    again
}

/// Of findings at the same place, the one in the earlier picture stays.
fn drop_repeated(found: &mut Vec<Finding>) {
    let mut kept: Vec<Finding> = Vec::with_capacity(found.len());
    for finding in found.drain(..) {
        let others = kept.iter().filter(|k| k.source != finding.source);
        if !mostly_inside(&finding.line.tight, others.flat_map(|k| &k.line.cover)) {
            kept.push(finding);
        }
    }
    *found = kept;
}

fn mostly_inside<'a>(rect: &Rect, covers: impl Iterator<Item = &'a Rect>) -> bool {
    let inside: u64 = covers.map(|c| c.intersect(rect).area()).sum();
    inside * 100 >= rect.area() * SAME_LINE_PERCENT
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Policy;
    use crate::detect::{Levels, TextMap};
    use crate::frame::PixelFormat;
    use crate::line::{Orientation, ReadChar};
    use crate::phi::Decider;

    const PLACE: Rect = Rect::new(20, 20, 48, 8);

    /// Marks one place in every picture, of which it is sure in a single cell.
    struct Likely;

    impl Detector for Likely {
        fn device(&self) -> String {
            "test".into()
        }

        fn maps(&self, pictures: &[&Gray], _: Levels) -> Result<Vec<TextMap>> {
            let one = |p: &&Gray| {
                let (width, height) = (p.width.div_ceil(16) * 8, p.height.div_ceil(16) * 8);
                let mut cells = vec![0u8; (width * height) as usize];
                for y in PLACE.y / 2..PLACE.bottom() / 2 {
                    for x in PLACE.x / 2..PLACE.right() / 2 {
                        cells[(y * width + x) as usize] = 2 | 2 << 2;
                    }
                }
                cells[(PLACE.y / 2 * width + PLACE.x / 2) as usize] = 3 | 3 << 2;
                TextMap {
                    width,
                    height,
                    cells,
                }
            };
            Ok(pictures.iter().map(one).collect())
        }
    }

    /// Reads only in pictures that are dark on the whole.
    struct InTheDark;

    impl Reader for InTheDark {
        fn read(&self, picture: &Gray, line: &TextLine) -> Reading {
            let sum: u64 = picture.data.iter().map(|v| u64::from(*v)).sum();
            if sum / picture.data.len() as u64 > 60 {
                return Reading::default();
            }
            Reading {
                chars: vec![
                    ReadChar {
                        ch: 'Q',
                        rect: line.tight,
                        confidence: 900,
                    };
                    3
                ],
                confidence: 900,
                orientation: Orientation::Upright,
            }
        }
    }

    /// What is found in a picture of 96 × 64 pixels.
    fn search(detector: &dyn Detector, reader: &dyn Reader, data: Vec<u8>) -> Vec<Finding> {
        search_at(Sensitivity::Normal, detector, reader, data)
    }

    fn search_at(
        sensitivity: Sensitivity,
        detector: &dyn Detector,
        reader: &dyn Reader,
        data: Vec<u8>,
    ) -> Vec<Finding> {
        let decider = Decider::new(Policy::SafeList, sensitivity, &[], &[]);
        let searcher = Searcher {
            detector,
            reader,
            decider: &decider.for_object(&[]),
            display: &Display {
                slope: 1.0,
                ..Display::default()
            },
            sensitivity,
            spared: Vec::new(),
            memory: Memory::default(),
        };
        let format = PixelFormat::grey8(64, 96);
        let mut found = searcher
            .frames(&[Shown::as_it_is(Frame { format, data })])
            .unwrap();
        found.remove(0)
    }

    #[test]
    fn a_line_that_noise_hides_in_one_view_is_read_in_another() {
        // Four levels of noise, and too few bright pixels to count for the robust range.
        let mut data: Vec<u8> = (0..96 * 64u32).map(|i| 30 + (i * 7 % 5) as u8).collect();
        data[24 * 96 + 30..24 * 96 + 40].fill(220);
        let found = search(&Likely, &InTheDark, data);
        let views: Vec<&str> = found.iter().map(|f| f.view.as_str()).collect();
        assert_eq!(views, ["full-range"]);
    }

    /// Sure of one place, in half-size pictures only.
    struct FromAfar;

    impl Detector for FromAfar {
        fn device(&self) -> String {
            "test".into()
        }

        fn maps(&self, pictures: &[&Gray], _: Levels) -> Result<Vec<TextMap>> {
            let one = |p: &&Gray| {
                let (width, height) = (p.width.div_ceil(16) * 8, p.height.div_ceil(16) * 8);
                let seen =
                    |i: u32| p.width == 48 && i / width == 6 && (5..17).contains(&(i % width));
                TextMap {
                    width,
                    height,
                    cells: (0..width * height)
                        .map(|i| 15 * u8::from(seen(i)))
                        .collect(),
                }
            };
            Ok(pictures.iter().map(one).collect())
        }
    }

    /// Reads the same everywhere, and is unsure of it.
    struct Unsure(&'static str);

    impl Reader for Unsure {
        fn read(&self, _: &Gray, line: &TextLine) -> Reading {
            let char = |ch| ReadChar {
                ch,
                rect: line.tight,
                confidence: 200,
            };
            Reading {
                chars: self.0.chars().map(char).collect(),
                confidence: 200,
                orientation: Orientation::Upright,
            }
        }
    }

    #[test]
    fn from_afar_only_words_count() {
        let picture = || (0..96 * 64u32).map(|i| (i * 7 % 5) as u8 * 40).collect();
        let [found] = search(&FromAfar, &Unsure("Qwe"), picture())
            .try_into()
            .unwrap();
        assert!(
            found
                .line
                .cover
                .iter()
                .any(|c| c.contains(&Rect::new(20, 24, 48, 4)))
        );
        assert!(!found.is_kept());
        assert!(search(&FromAfar, &Unsure("A"), picture()).is_empty());
    }

    /// Finds like [`Likely`] and counts the pictures that it is asked about.
    #[derive(Default)]
    struct Counting(std::sync::atomic::AtomicUsize);

    impl Detector for Counting {
        fn device(&self) -> String {
            "test".into()
        }

        fn maps(&self, pictures: &[&Gray], levels: Levels) -> Result<Vec<TextMap>> {
            let count = std::sync::atomic::Ordering::Relaxed;
            self.0.fetch_add(pictures.len(), count);
            Likely.maps(pictures, levels)
        }
    }

    #[test]
    fn a_part_that_stands_is_searched_once_and_found_in_every_frame() {
        let format = PixelFormat {
            samples_per_pixel: 3,
            photometric: crate::frame::Photometric::Rgb,
            ..PixelFormat::grey8(64, 320)
        };
        // A red scale on the right, and a point elsewhere that is new in every frame; in the last also in the scale.
        let shown = |i: usize| {
            let mut data = vec![20; format.bytes_per_frame()];
            for y in 20..44 {
                for x in 0..30 {
                    data[(y * 320 + 200 + x) * 3] = 20 + (x * 4) as u8;
                }
            }
            data[(30 * 320 + 20 + i) * 3..][..3].fill(90);
            data[(30 * 320 + 204) * 3] = if i == 4 { 99 } else { 98 };
            Shown::as_it_is(Frame { format, data }).near()
        };
        let found = |order: &[&[usize]]| {
            let detector = Counting::default();
            let decider = Decider::new(Policy::SafeList, Sensitivity::High, &[], &[]);
            let searcher = Searcher {
                detector: &detector,
                reader: &InTheDark,
                decider: &decider.for_object(&[]),
                display: &Display::default(),
                sensitivity: Sensitivity::High,
                spared: Vec::new(),
                memory: Memory::default(),
            };
            let mut found = Vec::new();
            for batch in order {
                let frames: Vec<Shown> = batch.iter().map(|i| shown(*i)).collect();
                found.extend(batch.iter().zip(searcher.frames(&frames).unwrap()));
            }
            found.sort_by_key(|(i, _)| **i);
            let found: Vec<_> = found.into_iter().map(|(_, f)| f).collect();
            (found, detector.0.into_inner())
        };
        let (alone, all) = found(&[&[0], &[1], &[2], &[3], &[4]]);
        let (together, fewer) = found(&[&[2, 0], &[3, 1, 4]]);
        assert_eq!(alone, together);
        assert!(alone.iter().all(|f| f.iter().any(|f| f.view == "red")));
        // Five whole pictures, and the red part in two states.
        assert_eq!((all, fewer), (7, 7));
    }

    #[test]
    fn what_may_be_text_and_stands_alone_is_text_only_where_more_is_to_go() {
        let picture = || (0..96 * 64u32).map(|i| (i * 7 % 5) as u8 * 40).collect();
        let found = |sensitivity| search_at(sensitivity, &Likely, &Unsure(""), picture());
        assert!(found(Sensitivity::Normal).is_empty());
        let high = found(Sensitivity::High);
        assert!(!high.is_empty() && high.iter().all(|f| !f.is_kept()));
    }
}
