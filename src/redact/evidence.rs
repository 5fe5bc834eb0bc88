//! What speaks for a finding being text, and not an accident of the picture.
//!
//! What the network is sure of is text, whatever is read there. Where it is not, readable letters count, and text beside; and in
//! pictures that show more than people see, only letters do.

use super::finding::Finding;
use crate::config::Sensitivity;
use crate::geometry::{Rect, union_area};
use crate::line::{Orientation, Strength, TextLine};
use crate::views::View;

/// A line seen from afar is new if known ones cover less than this share of it (percent).
const APART_PERCENT: u64 = 20;

/// How a picture shows a frame, and with that what counts in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Look {
    /// As people see it, or nearly.
    Plain,
    /// From farther away than people look: soft and noisy letters become clear, and textures become letters.
    Distant,
    /// As people do not look, with nothing brought out that they could not see: turned, or one colour alone.
    Aside,
    /// With what people hardly see brought out, and noise with it.
    Hidden,
}

/// How much speaks for a finding being text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Evidence {
    /// The network is sure, or the reader reads something that hardly arises by chance.
    Good,
    /// Nothing, or one or two characters with little confidence, read; or below the network's threshold but well read.
    Doubtful,
    /// Below the network's threshold, and not even read; or unread in a picture that shows more than people see.
    None,
}

/// Characters from which a weak region is text, if they are read with more confidence than texture is.
const READ_CHARS: usize = 3;
/// Mean confidence (0–1000) of signs below which reading them says nothing: speckle and highlights read so.
const TEXTURE_CONFIDENCE: u32 = 250;
/// Signs that are a bar, however they are drawn.
const BAR_SIGNS: [char; 6] = ['I', 'l', '|', '-', '_', '!'];
/// Confidence (0–1000) from which a bar is read as one.
const BAR_CONFIDENCE: u16 = 500;
/// Length, px, and least ratio of the sides of a bar that is no glyph of a line.
const BAR_PX: u32 = 40;
const BAR_LENGTHS: u32 = 2;
/// Confidence (0–1000) from which one or two letters or digits in a weak region count.
const SURE_CONFIDENCE: u16 = 780;

/// Confidence (0–1000) from which some letters in a row are a word that is hard to read, where the network is not sure.
pub(super) const WORD_CONFIDENCE: u16 = 300;

/// Glyph heights within which text in a row belongs together.
const ROW_REACH: u32 = 8;

/// Pictures that people do not look at by themselves: they bring out what is hidden, and noise with it.
const HIDDEN_VIEWS: [&str; 3] = ["low-range", "high-range", "rank"];
/// Pictures that show what people see, otherwise than they see it.
const VIEWS_ASIDE: [&str; 3] = ["red", "blue", "slanted"];
/// Noise brought out looks like weak text everywhere: in such pictures text must be found, and read, without doubt.
pub(super) const STRICT_LEAST: Strength = Strength::Likely;

/// How a view shows its frame.
pub(super) fn look_of(view: &View) -> Look {
    let among = |names: &[&str]| names.iter().any(|v| view.name.starts_with(v));
    if among(&HIDDEN_VIEWS) {
        Look::Hidden
    } else if among(&VIEWS_ASIDE) {
        Look::Aside
    } else {
        Look::Plain
    }
}

/// Whether a line seen from afar is none of those known: there, lines close together run into one.
pub(super) fn is_apart(line: &TextLine, known: &[(TextLine, usize)]) -> bool {
    let clear = known.iter().filter(|(k, _)| k.strength >= STRICT_LEAST);
    let shared: Vec<Rect> = clear
        .flat_map(|(k, _)| &k.cover)
        .map(|c| c.intersect(&line.tight))
        .collect();
    union_area(&shared) * 100 < line.tight.area() * APART_PERCENT
}

/// Whether a line runs aslant: in its box the reader sees several letters at once, so that its silence says nothing.
fn is_slanted(line: &TextLine) -> bool {
    line.cover.len() > 1
}

/// Whether the signs read are hardly more than guesses. The confidence of the whole line would not tell: it falls with its
/// length.
fn is_texture(finding: &Finding) -> bool {
    let signs = finding.reading.chars.iter().filter(|c| c.ch != ' ');
    let (sum, count) = signs.fold((0, 0), |(s, n), c| (s + u32::from(c.confidence), n + 1));
    sum < TEXTURE_CONFIDENCE * count
}

/// Whether a finding is a long bar and reads as the sign that a bar is, and no other: the frame of a scale, a grey wedge. Alone it
/// says nothing even if it is an `I`.
fn is_bar(finding: &Finding) -> bool {
    let tight = &finding.line.tight;
    let (short, long) = (tight.w.min(tight.h), tight.w.max(tight.h));
    let mut chars = finding.reading.chars.iter().filter(|c| c.ch != ' ');
    let only = (chars.next(), chars.next());
    long >= BAR_PX
        && long >= BAR_LENGTHS * short
        && matches!(only, (Some(c), None) if BAR_SIGNS.contains(&c.ch) && c.confidence >= BAR_CONFIDENCE)
}

/// What speaks for a finding, from the network's strength, its reading and how the picture shows the frame.
pub(super) fn evidence(finding: &Finding) -> Evidence {
    let signs = signs(finding);
    let letters = finding
        .reading
        .chars
        .iter()
        .filter(|c| c.ch.is_alphanumeric())
        .count();
    let confidence = finding.reading.confidence;
    let sure = letters > 0 && confidence >= SURE_CONFIDENCE;
    let clear = finding.line.strength == Strength::Strong || confidence >= WORD_CONFIDENCE;
    let (word, surely) = (letters >= READ_CHARS && clear, letters >= 2 && sure);
    let read = match finding.look {
        Look::Plain => None,
        Look::Distant => Some(word),
        Look::Aside => Some(word || surely),
        Look::Hidden => Some(surely),
    };
    match read {
        Some(true) if finding.line.strength >= STRICT_LEAST => return Evidence::Good,
        // The initial behind a name that only its colour shows.
        Some(false)
            if finding.look == Look::Aside
                && finding.line.strength >= STRICT_LEAST
                && signs > 0 =>
        {
            return Evidence::Doubtful;
        }
        Some(_) => return Evidence::None,
        None => {}
    }
    match finding.line.strength {
        Strength::Strong => Evidence::Good,
        Strength::Likely | Strength::Weak if is_bar(finding) => Evidence::Doubtful,
        Strength::Likely if signs > 0 || is_slanted(&finding.line) => Evidence::Good,
        Strength::Weak if sure || signs >= READ_CHARS && !is_texture(finding) => Evidence::Good,
        Strength::Likely | Strength::Weak => Evidence::Doubtful,
        Strength::Faint if sure => Evidence::Doubtful,
        Strength::Faint => Evidence::None,
    }
}

/// Where a line stands, and how tall its glyphs are there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    rect: Rect,
    glyph: u32,
}

impl Place {
    /// A line that was not read: its glyphs are as tall as its box is thick.
    pub(super) fn unread(line: &TextLine) -> Place {
        let rect = line.tight;
        Place {
            rect,
            glyph: rect.w.min(rect.h),
        }
    }

    /// A finding. A single sign is as tall as its box, however thin: the bar that reads as an `I` is no small letter.
    fn of(finding: &Finding) -> Place {
        let rect = finding.line.tight;
        let glyph = match (signs(finding), finding.reading.orientation) {
            (1, Orientation::Up | Orientation::Down) => rect.w,
            (1, _) => rect.h,
            _ => return Place::unread(&finding.line),
        };
        Place { rect, glyph }
    }

    /// Whether two lines have glyphs of about the same size and stand within one and a half of it, or within a few in a row.
    pub(super) fn belongs_beside(&self, other: &Place) -> bool {
        let (a, b) = (&self.rect, &other.rect);
        let (small, large) = (self.glyph.min(other.glyph), self.glyph.max(other.glyph));
        let near = large + large / 2;
        let (apart_x, apart_y) = a.apart(b);
        let level = a.bottom().min(b.bottom()).saturating_sub(a.y.max(b.y));
        let in_a_row = level * 3 >= a.h.max(b.h) * 2 && apart_x <= large * ROW_REACH;
        large <= small * 2 && (in_a_row || (apart_x <= near && apart_y <= near))
    }
}

/// How many signs were read, without the gaps between words.
fn signs(finding: &Finding) -> usize {
    finding.reading.chars.iter().filter(|c| c.ch != ' ').count()
}

/// The places of the findings that are text beyond doubt.
pub(super) fn good_places(found: &[Finding]) -> Vec<Place> {
    let good = found.iter().filter(|f| evidence(f) == Evidence::Good);
    good.map(Place::of).collect()
}

/// Drops doubtful findings that stand alone: a highlight or a tick in the image. Beside text of their own size (the
/// third sign of a column of three, the last digit of a table), or in a row with it, they are text too; where people want
/// all that may be text to go, they are in any case.
pub(super) fn drop_doubtful(found: &mut Vec<Finding>, sensitivity: Sensitivity) {
    let good = good_places(found);
    // What another picture shows to be text needs no doubtful finding at the same place.
    let known = |f: &Finding| {
        let shared: Vec<Rect> = good
            .iter()
            .map(|g| g.rect.intersect(&f.line.tight))
            .collect();
        f.reading.chars.is_empty() && union_area(&shared) * 2 > f.line.tight.area()
    };
    found.retain(|f| match evidence(f) {
        Evidence::Good => true,
        Evidence::Doubtful if sensitivity == Sensitivity::High => true,
        Evidence::Doubtful => !known(f) && good.iter().any(|g| g.belongs_beside(&Place::of(f))),
        Evidence::None => false,
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::line::{ReadChar, Reading};

    fn finding(tight: Rect, strength: Strength, text: &str, orientation: Orientation) -> Finding {
        let line = TextLine {
            tight,
            cover: vec![tight],
            strength,
        };
        let sign = |ch| ReadChar {
            ch,
            rect: tight,
            confidence: 500,
        };
        let reading = Reading {
            chars: text.chars().map(sign).collect(),
            confidence: if text.is_empty() { 0 } else { 500 },
            orientation,
        };
        Finding::aside(line, "luma", reading)
    }

    fn stays_beside_text(tight: Rect, text: &str, orientation: Orientation) -> bool {
        let mut found = vec![
            finding(
                Rect::new(4, 90, 30, 8),
                Strength::Strong,
                "P4-2",
                Orientation::Upright,
            ),
            finding(tight, Strength::Weak, text, orientation),
        ];
        for f in &mut found {
            f.look = Look::Plain;
        }
        drop_doubtful(&mut found, Sensitivity::Normal);
        found.len() == 2
    }

    #[test]
    fn a_bar_that_reads_as_a_letter_is_no_small_letter() {
        let (bar, digit) = (Rect::new(5, 10, 10, 72), Rect::new(38, 90, 6, 9));
        assert!(!stays_beside_text(bar, "I", Orientation::Upright));
        assert!(stays_beside_text(bar, "", Orientation::Upright));
        // A sign turned a quarter is as tall as its box is wide.
        assert!(stays_beside_text(bar, "-", Orientation::Up));
        assert!(stays_beside_text(bar, "14", Orientation::Upright));
        assert!(stays_beside_text(digit, "7", Orientation::Upright));
        assert!(stays_beside_text(digit, "", Orientation::Upright));
    }

    #[test]
    fn a_long_bar_that_is_read_as_one_is_no_text_by_itself() {
        let alone = |w, h, strength, text| {
            let mut f = finding(Rect::new(8, 80, w, h), strength, text, Orientation::Upright);
            f.look = Look::Plain;
            for c in &mut f.reading.chars {
                c.confidence = 860;
            }
            f.reading.confidence = 860;
            evidence(&f)
        };
        assert_eq!(alone(24, 58, Strength::Likely, "I"), Evidence::Doubtful);
        assert_eq!(alone(24, 58, Strength::Weak, "I"), Evidence::Doubtful);
        // Where the network is sure, where it is short, and where it reads as more.
        assert_eq!(alone(24, 58, Strength::Strong, "I"), Evidence::Good);
        assert_eq!(alone(8, 20, Strength::Likely, "I"), Evidence::Good);
        assert_eq!(alone(24, 58, Strength::Likely, "R"), Evidence::Good);
        assert_eq!(alone(24, 58, Strength::Likely, "II"), Evidence::Good);
    }

    #[test]
    fn a_sign_that_only_its_colour_shows_is_text_beside_text() {
        let aside = |places: &[(u32, Strength, &str)]| {
            let mut found: Vec<Finding> = (places.iter())
                .map(|&(x, strength, text)| {
                    let tight = Rect::new(x, 10, 9 * text.len().max(1) as u32, 12);
                    let mut f = finding(tight, strength, text, Orientation::Upright);
                    f.look = Look::Aside;
                    f
                })
                .collect();
            drop_doubtful(&mut found, Sensitivity::Normal);
            found.len()
        };
        let (name, initial) = ((10, Strength::Strong, "Fafvi"), (70, Strength::Likely, "Y"));
        assert_eq!(aside(&[name, initial]), 2);
        assert_eq!(aside(&[initial]), 0);
        assert_eq!(aside(&[name, (70, Strength::Weak, "Y")]), 1);
        assert_eq!(aside(&[name, (70, Strength::Likely, "")]), 1);
        assert_eq!(aside(&[name, (300, Strength::Likely, "Y")]), 1);
    }

    #[test]
    fn signs_that_are_hardly_more_than_guesses_are_texture() {
        let of = |confidences: &[u16], strength| {
            let mut found = finding(
                Rect::new(60, 40, 57, 26),
                strength,
                "Dhe",
                Orientation::Upright,
            );
            for (c, v) in found.reading.chars.iter_mut().zip(confidences) {
                c.confidence = *v;
            }
            // Of the whole line next to nothing, as always where a line is long or hard to read.
            found.reading.confidence = 1;
            found.look = Look::Plain;
            evidence(&found)
        };
        assert_eq!(of(&[100, 90, 120], Strength::Weak), Evidence::Doubtful);
        assert_eq!(of(&[100, 500, 400], Strength::Weak), Evidence::Good);
        // Where the network is surer, reading anything is enough.
        assert_eq!(of(&[100, 90, 120], Strength::Likely), Evidence::Good);
    }

    #[test]
    fn text_in_a_row_belongs_together_a_few_glyphs_apart() {
        let at = |x, y, h| Place {
            rect: Rect::new(x, y, 20, h),
            glyph: h,
        };
        let text = at(0, 50, 10);
        assert!(text.belongs_beside(&at(100, 52, 10)));
        assert!(!text.belongs_beside(&at(101, 52, 10)));
        assert!(!text.belongs_beside(&at(100, 58, 10)));
        assert!(text.belongs_beside(&at(0, 75, 10)));
        assert!(!text.belongs_beside(&at(0, 76, 10)));
        assert!(!text.belongs_beside(&at(30, 50, 21)));
    }
}
