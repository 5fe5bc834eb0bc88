//! What speaks for a finding being text, and not an accident of the picture.
//!
//! What the network is sure of is text, whatever is read there. Where it is not, readable letters count, and text beside; and in
//! pictures that show more than people see, only letters do.

use super::finding::Finding;
use crate::config::Sensitivity;
use crate::geometry::{Rect, union_area};
use crate::line::{Strength, TextLine};
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

/// Characters from which a weak region is text whatever the reader's confidence.
const READ_CHARS: usize = 3;
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

/// What speaks for a finding, from the network's strength, its reading and how the picture shows the frame.
pub(super) fn evidence(finding: &Finding) -> Evidence {
    let signs = finding.reading.chars.iter().filter(|c| c.ch != ' ').count();
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
        Some(_) => return Evidence::None,
        None => {}
    }
    match finding.line.strength {
        Strength::Strong => Evidence::Good,
        Strength::Likely if signs > 0 || is_slanted(&finding.line) => Evidence::Good,
        Strength::Weak if sure || signs >= READ_CHARS => Evidence::Good,
        Strength::Likely | Strength::Weak => Evidence::Doubtful,
        Strength::Faint if sure => Evidence::Doubtful,
        Strength::Faint => Evidence::None,
    }
}

/// The boxes of the findings that are text beyond doubt.
pub(super) fn good_places(found: &[Finding]) -> Vec<Rect> {
    let good = found.iter().filter(|f| evidence(f) == Evidence::Good);
    good.map(|f| f.line.tight).collect()
}

/// Drops doubtful findings that stand alone: a highlight or a tick in the image. Beside text of their own size (the
/// third sign of a column of three, the last digit of a table), or in a row with it, they are text too; where people want
/// all that may be text to go, they are in any case.
pub(super) fn drop_doubtful(found: &mut Vec<Finding>, sensitivity: Sensitivity) {
    let good = good_places(found);
    // What another picture shows to be text needs no doubtful finding at the same place.
    let known = |f: &Finding| {
        let shared: Vec<Rect> = good.iter().map(|g| g.intersect(&f.line.tight)).collect();
        f.reading.chars.is_empty() && union_area(&shared) * 2 > f.line.tight.area()
    };
    found.retain(|f| match evidence(f) {
        Evidence::Good => true,
        Evidence::Doubtful if sensitivity == Sensitivity::High => true,
        Evidence::Doubtful => !known(f) && good.iter().any(|g| belongs_beside(&f.line.tight, g)),
        Evidence::None => false,
    });
}

/// Whether two boxes have glyphs of about the same size and stand within one and a half of it, or within a few in a row.
pub(super) fn belongs_beside(a: &Rect, b: &Rect) -> bool {
    let (ha, hb) = (a.w.min(a.h), b.w.min(b.h));
    let (small, large) = (ha.min(hb), ha.max(hb));
    let near = large + large / 2;
    let (apart_x, apart_y) = a.apart(b);
    let level = a.bottom().min(b.bottom()).saturating_sub(a.y.max(b.y));
    let in_a_row = level * 3 >= a.h.max(b.h) * 2 && apart_x <= large * ROW_REACH;
    large <= small * 2 && (in_a_row || (apart_x <= near && apart_y <= near))
}
