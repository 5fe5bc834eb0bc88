//! One line: segments, the rules in their order, markers kept apart, and what segments of a line say of each other.
//!
//! Gives drafts, which confidence, sensitivity and policy then settle. Whether a marker can be kept apart depends on the
//! text alone, never on the header, so that a longer list of identities can only mask more.

use super::header::{Index, Match, plain_text};
use super::lexicon::{Lexicon, List};
use super::measure::{self, Class, Item};
use super::pattern::Look;
use super::segment::{Segment, gap_px, pieces, segments};
use crate::line::Reading;
use std::collections::BTreeSet;
use std::ops::Range;

/// What a draft is for its neighbours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Plain,
    /// Complete values.
    Value,
    /// Numbers of a scale.
    BareNumber,
    /// The same with whole numbers of three digits.
    LongBareNumber,
    /// A lone letter that may stand for something about a person.
    Letter,
    /// Weak words only: safe beside a value.
    Weak,
    /// The label of an identifying field, alone; holds the reason for what follows it.
    Field(String),
}

/// What the rules say of a range of characters.
#[derive(Clone, Debug)]
pub(super) struct Draft {
    pub(super) chars: Range<usize>,
    pub(super) keep: bool,
    pub(super) reason: String,
    pub(super) role: Role,
    /// Side and position markers that stand in the range, if it is kept.
    pub(super) markers: Vec<Range<usize>>,
    /// Markers that are masked with the range.
    pub(super) lost: Vec<Range<usize>>,
    /// The whole segment that the range is of: what is kept must be sure in all of it, so that a segment that is split
    /// for one word's sake keeps no more than one that is not.
    pub(super) segment: Range<usize>,
}

impl Draft {
    pub(super) fn mask(&mut self, reason: &str) {
        self.keep = false;
        self.reason = reason.into();
        self.lost.append(&mut self.markers);
        self.role = Role::Plain;
    }

    /// The part of the draft inside a range of characters.
    fn within(&self, range: &Range<usize>) -> Option<Draft> {
        let chars = self.chars.start.max(range.start)..self.chars.end.min(range.end);
        let inside = |all: &[Range<usize>]| -> Vec<Range<usize>> {
            let fits = |r: &&Range<usize>| chars.start <= r.start && r.end <= chars.end;
            all.iter().filter(fits).cloned().collect()
        };
        (!chars.is_empty()).then(|| Draft {
            markers: inside(&self.markers),
            lost: inside(&self.lost),
            chars: chars.clone(),
            ..self.clone()
        })
    }

    /// Whether the range is masked as a name or a place.
    fn names_somebody(&self) -> bool {
        let names = [
            "pattern:institution",
            "pattern:honorific",
            "pattern:address",
        ];
        !self.keep && (self.reason.starts_with("header:") || names.contains(&self.reason.as_str()))
    }

    /// Whether the range is masked because it identifies, rather than for doubt.
    pub(super) fn identifies(&self) -> bool {
        !self.keep
            && ["header:", "pattern:", "template:"]
                .iter()
                .any(|p| self.reason.starts_with(p))
    }
}

/// Drafts of a row of text, in order; empty where nothing was read. `parts` are the lines that the detector found of it,
/// `sure` says whether a range was read well enough to stay.
pub(super) fn line(
    reading: &Reading,
    line_height_px: u32,
    parts: &[Range<usize>],
    sure: &dyn Fn(&Draft) -> bool,
    lexicon: &Lexicon,
    mask_words: &Index,
    header: &Index,
) -> Vec<Draft> {
    let rules = Rules {
        reading,
        lexicon,
        mask_words,
        header,
    };
    let mut drafts: Vec<Vec<Draft>> = segments(reading, line_height_px)
        .iter()
        .map(|s| rules.row_segment(s, parts, sure))
        .collect();
    among_segments(reading, line_height_px, &mut drafts);
    drafts.into_iter().flatten().collect()
}

struct Rules<'a> {
    reading: &'a Reading,
    lexicon: &'a Lexicon,
    mask_words: &'a Index,
    header: &'a Index,
}

impl Rules<'_> {
    /// A segment as a whole. Where that ends in doubt and not in an identity, lines that the detector found for
    /// themselves and that are safe for themselves stay: only a number or a letter needs safe company.
    fn row_segment(
        &self,
        segment: &Segment,
        parts: &[Range<usize>],
        sure: &dyn Fn(&Draft) -> bool,
    ) -> Vec<Draft> {
        let whole = self.segment(segment);
        let unknown = |d: &Draft| !d.keep && d.reason == "unknown-text";
        let doubt = whole.iter().all(|d| d.keep || unknown(d));
        let lines: Vec<Segment> = parts.iter().filter_map(|p| segment.within(p)).collect();
        if lines.len() < 2 || !doubt || whole.iter().all(|d| d.keep && sure(d)) {
            return whole;
        }
        let is_unknown = whole.iter().any(unknown);
        let mut out: Vec<Draft> = Vec::new();
        for line in &lines {
            let own = self.segment(line);
            let stays = |d: &Draft| {
                let number = matches!(d.role, Role::BareNumber | Role::LongBareNumber);
                d.keep && sure(d) && !(number && is_unknown)
            };
            let of_whole: Vec<Draft> = whole.iter().filter_map(|d| d.within(&line.chars)).collect();
            let kept = of_whole.iter().all(|d| d.keep && sure(d));
            out.extend(match !kept && own.iter().all(stays) {
                true => own,
                false => of_whole,
            });
        }
        out
    }

    fn segment(&self, segment: &Segment) -> Vec<Draft> {
        let pieces = pieces(segment, self.reading);
        let items = measure::items(segment, &pieces, self.lexicon);
        let look = Look {
            segment,
            pieces: &pieces,
            items: &items,
            lexicon: self.lexicon,
        };
        let text = plain_text(segment);
        let pattern = look.pattern();
        let whole = pattern.as_ref().is_some_and(|p| p.whole) || is_name_list(segment);
        let apart = match whole {
            true => BTreeSet::new(),
            false => self.tokens_apart(segment, &items),
        };
        let safe = self.safe(segment, &items);
        let masked = |reason: String, hit: Option<&Match<'_>>| {
            let mut drafts = self.masked(segment, &items, reason, hit, &apart, whole);
            // A field's label still says what follows it when it is masked itself.
            if let (Some(role @ Role::Field(_)), [only]) =
                (safe.as_ref().map(|d| &d.role), drafts.as_mut_slice())
            {
                only.role = role.clone();
            }
            drafts
        };
        if let Some(m) = self.mask_words.find(segment, &text, self.lexicon) {
            return masked("template:mask-words".into(), Some(&m));
        }
        if let Some(m) = self.header.find(segment, &text, self.lexicon) {
            return masked(format!("header:{}", m.attribute), Some(&m));
        }
        if let Some(draft) = safe.as_ref().filter(|d| d.role == Role::Value) {
            return vec![draft.clone()];
        }
        if let Some(p) = pattern {
            return masked(p.reason, None);
        }
        match &safe {
            Some(draft) => vec![draft.clone()],
            None => masked("unknown-text".into(), None),
        }
    }

    fn draft(&self, chars: Range<usize>, reason: &str, role: Role) -> Draft {
        Draft {
            segment: chars.clone(),
            chars,
            keep: reason.starts_with("safe:"),
            reason: reason.into(),
            role,
            markers: Vec::new(),
            lost: Vec::new(),
        }
    }

    /// The segment as a whole, if every item in it is safe.
    fn safe(&self, segment: &Segment, items: &[Item]) -> Option<Draft> {
        if items.iter().any(|i| i.class == Class::Unknown) {
            return None;
        }
        let words: Vec<_> = items
            .iter()
            .filter_map(|i| match i.class {
                Class::Word(w) => Some(w),
                _ => None,
            })
            .collect();
        let values = items.iter().any(|i| matches!(i.class, Class::Value { .. }));
        let numbers: Vec<bool> = items
            .iter()
            .filter_map(|i| match i.class {
                Class::Number { whole } => Some(whole),
                _ => None,
            })
            .collect();
        let strong = words.iter().find(|w| !w.weak);
        // A unit is no company for a word that is also a name: `MS GRAY`.
        let strong_enough =
            words.iter().all(|w| !w.weak) || words.iter().any(|w| !w.weak && w.list != List::Unit);
        let (reason, role) = if values {
            // Behind a field's label a value is the field's: `S/N: A123`.
            let field = words.iter().any(|w| w.list == List::Label);
            let role = if field { Role::Plain } else { Role::Value };
            ("safe:measurement", role)
        } else if let Some(w) = strong.filter(|_| strong_enough) {
            (w.list.reason(), Role::Plain)
        } else if let Some(w) = words.first() {
            let labels_only = words.iter().all(|w| w.list == List::Label) && numbers.is_empty();
            let letter = words.len() == 1
                && w.list == List::Laterality
                && numbers.is_empty()
                && segment.tokens.iter().map(|t| t.core.len()).sum::<usize>() == 1;
            let field = segment
                .tokens
                .iter()
                .find_map(|t| self.lexicon.field(t.core.trim_end_matches(['.', '#'])));
            match (labels_only.then_some(field).flatten(), letter) {
                (Some(pattern), _) => ("safe:label", Role::Field(pattern.to_string())),
                (None, true) => (w.list.reason(), Role::Letter),
                // Numbers alone are no company for a weak word: `Long 12`.
                (None, false) if !numbers.is_empty() => return None,
                (None, false) => (w.list.reason(), Role::Weak),
            }
        } else if !numbers.is_empty() {
            let long = segment
                .tokens
                .iter()
                .any(|t| t.core.len() >= 3 && t.core.bytes().all(|b| b.is_ascii_digit()));
            (
                "safe:number",
                if long {
                    Role::LongBareNumber
                } else {
                    Role::BareNumber
                },
            )
        } else {
            // Punctuation: calipers and dashes; more of it is something that was not read.
            let signs: String = segment.tokens.iter().map(|t| t.raw.as_str()).collect();
            let few =
                signs.chars().count() <= 2 && signs.chars().all(|c| "+-:.*x<>=_|/".contains(c));
            return few.then(|| self.draft(segment.chars.clone(), "safe:sign", Role::Plain));
        };
        let mut draft = self.draft(segment.chars.clone(), reason, role);
        draft.markers = items
            .iter()
            .filter(|i| matches!(i.class, Class::Word(w) if w.marker || w.list == List::Laterality))
            .flat_map(|i| segment.tokens[i.tokens.clone()].iter())
            .map(|t| t.chars.clone())
            .collect();
        Some(draft)
    }

    /// Tokens that may stay while other text of their segment goes: markers of side and position, labelled values.
    fn tokens_apart(&self, segment: &Segment, items: &[Item]) -> BTreeSet<usize> {
        let tokens = &segment.tokens;
        let marker = |t: usize| is_marker(self.lexicon, segment, t);
        // A single letter, `AP`, `PA`: only in a stamp, where all else is as short as somebody's initials.
        let stamp = (0..tokens.len())
            .filter(|t| !marker(*t))
            .all(|t| tokens[t].core.chars().count() <= 3 && !tokens[t].raw.ends_with(','));
        let mut out: BTreeSet<usize> = (0..tokens.len())
            .filter(|t| {
                let side = matches!(tokens[*t].core.as_str(), "RT" | "LT");
                let length = tokens[*t].core.chars().count();
                marker(*t) && tokens[*t].apart && (stamp || side || length >= 4)
            })
            .collect();
        for item in items {
            let shared = items.iter().any(|o| {
                o.pieces != item.pieces
                    && o.class != Class::Sign
                    && o.tokens.start < item.tokens.end
                    && item.tokens.start < o.tokens.end
            });
            let named = tokens
                .get(item.tokens.start)
                .is_some_and(|t| t.core.chars().take_while(|c| c.is_alphabetic()).count() >= 2);
            // Label and value in one run of letters and digits may as well be one letter read badly: `[M]` as `IM1`.
            let parted = item.tokens.len() > 1
                || tokens
                    .get(item.tokens.start)
                    .is_some_and(|t| t.raw.contains([':', '=']));
            let apart = parted && item.tokens.clone().all(|t| tokens[t].apart);
            if item.class == (Class::Value { labelled: true }) && named && apart && !shared {
                out.extend(item.tokens.clone());
            }
        }
        out
    }

    /// The drafts of a segment that is masked but for the tokens that stand apart.
    fn masked(
        &self,
        segment: &Segment,
        items: &[Item],
        reason: String,
        hit: Option<&Match<'_>>,
        apart: &BTreeSet<usize>,
        whole: bool,
    ) -> Vec<Draft> {
        let tokens = &segment.tokens;
        let matched = |t: usize| hit.is_some_and(|m| m.tokens.contains(&t));
        let initial = |t: usize| hit.is_some_and(|m| m.initials.contains(&t));
        let keeps = |t: usize| apart.contains(&t) && !matched(t) && !initial(t);
        let value = |t: usize| {
            items
                .iter()
                .any(|i| matches!(i.class, Class::Value { .. }) && i.tokens.contains(&t))
        };
        // A value stays whole or goes whole.
        let keeps = |t: usize| {
            keeps(t)
                && items
                    .iter()
                    .filter(|i| matches!(i.class, Class::Value { .. }) && i.tokens.contains(&t))
                    .all(|i| i.tokens.clone().all(keeps))
        };
        let kept_any = (0..tokens.len()).any(keeps);
        let mut out: Vec<Draft> = Vec::new();
        for (t, token) in tokens.iter().enumerate() {
            let keep = keeps(t);
            let lost =
                !keep && self.marker_lost(segment, t, whole, matched(t), initial(t), kept_any);
            let (why, role) = match (keep, value(t)) {
                (true, true) => ("safe:measurement", Role::Value),
                (true, false) => ("safe:laterality", Role::Plain),
                (false, _) => (reason.as_str(), Role::Plain),
            };
            let joins = out
                .last()
                .is_some_and(|d| d.keep == keep && d.reason == why);
            if !joins {
                let mut d = self.draft(token.chars.clone(), why, role);
                d.segment = segment.chars.clone();
                out.push(d);
            }
            if let Some(d) = out.last_mut() {
                d.chars.end = token.chars.end;
                d.lost.extend(lost.then(|| token.chars.clone()));
                if keep && !value(t) {
                    d.markers.push(token.chars.clone());
                }
            }
        }
        out
    }

    /// Whether masking a token loses a marker that nobody would miss otherwise.
    fn marker_lost(
        &self,
        segment: &Segment,
        t: usize,
        whole: bool,
        matched: bool,
        initial: bool,
        kept_any: bool,
    ) -> bool {
        if !is_marker(self.lexicon, segment, t) {
            return false;
        }
        let core = segment.tokens[t].core.as_str();
        let ends = t == 0 || t + 1 == segment.tokens.len();
        let first = t == 0 && segment.tokens.len() > 1;
        match core.chars().count() {
            // An initial in front of a name may as well be the side.
            1 if initial => first && matches!(core, "R" | "L"),
            1 => ends && matches!(core, "R" | "L") && !whole,
            2 | 3 if whole => matches!(core, "RT" | "LT"),
            _ => !(kept_any && initial) || matched,
        }
    }
}

/// Whether a token is a marker of side or position that is kept apart. Brackets and commas make it something else: `[M]`, `Smith, R`.
fn is_marker(lexicon: &Lexicon, segment: &Segment, t: usize) -> bool {
    let Some(token) = segment.tokens.get(t) else {
        return false;
    };
    let plain = token.raw.chars().all(|c| !matches!(c, ',' | '[' | ']'));
    plain && lexicon.word(&token.core).is_some_and(|w| w.marker)
}

/// `FAMILY, GIVEN`: what follows belongs to a name.
fn is_name_list(segment: &Segment) -> bool {
    segment.tokens.iter().enumerate().any(|(i, t)| {
        let before_comma = t.raw.split(',').next().unwrap_or("");
        t.raw.contains(',')
            && before_comma.chars().count() >= 2
            && before_comma
                .chars()
                .all(|c| c.is_alphabetic() || matches!(c, '-' | '\''))
            && (i + 1 < segment.tokens.len() || !t.raw.ends_with(','))
    })
}

/// Segments this many tenths of the line height apart or less look like one line.
const CLOSE_TENTHS: u64 = 40;

/// Whether a range holds nothing but words of up to four letters.
fn is_abbreviation(reading: &Reading, range: &Range<usize>) -> bool {
    let chars = reading.chars.get(range.clone()).unwrap_or(&[]);
    chars.split(|c| c.ch.is_whitespace()).all(|w| {
        w.iter().filter(|c| c.ch.is_alphanumeric()).count() <= 4
            && w.iter().all(|c| !c.ch.is_ascii_digit())
    })
}

/// What segments of one line say of each other; masks more, and keeps weak words that have found their value.
fn among_segments(reading: &Reading, line_height_px: u32, parts: &mut [Vec<Draft>]) {
    let gap = |a: Option<&Draft>, b: Option<&Draft>| -> u64 {
        let at = |i: usize| reading.chars.get(i);
        match (a, b) {
            (Some(a), Some(b)) => at(a.chars.end.saturating_sub(1))
                .zip(at(b.chars.start))
                .map_or(u64::MAX, |(a, b)| gap_px(a, b)),
            _ => u64::MAX,
        }
    };
    let close =
        |gap: u64| gap.saturating_mul(10) <= u64::from(line_height_px.max(1)) * CLOSE_TENTHS;
    for k in 0..parts.len() {
        let field = match parts[k].as_slice() {
            [d] => match &d.role {
                Role::Field(pattern) => Some(pattern.clone()),
                _ => None,
            },
            _ => None,
        };
        // What stands behind a field's label is its value, unless it has a label of its own.
        let Some(pattern) = field else { continue };
        let near = close(gap(
            parts[k].last(),
            parts.get(k + 1).and_then(|p| p.first()),
        ));
        if let Some([next]) = parts.get_mut(k + 1).map(Vec::as_mut_slice)
            && next.keep
            && !matches!(next.role, Role::Value | Role::Field(_))
        {
            next.mask(&pattern);
        }
        // Close together they are one line to the eye, and go together.
        let value_goes = parts.get(k + 1).is_some_and(|p| p.iter().all(|d| !d.keep));
        if let ([label], true, true) = (parts[k].as_mut_slice(), near, value_goes)
            && label.keep
        {
            label.mask(&pattern);
        }
    }
    // What is left of a place or a name beside it, in words as short as abbreviations.
    for k in 0..parts.len() {
        let goes = |p: Option<&Vec<Draft>>| {
            p.is_some_and(|p| p.iter().all(|d| !d.keep) && p.iter().any(Draft::names_somebody))
        };
        let left = k.checked_sub(1).and_then(|l| parts.get(l));
        let right = parts.get(k + 1);
        let near = goes(left) && close(gap(left.and_then(|p| p.last()), parts[k].first()))
            || goes(right) && close(gap(parts[k].last(), right.and_then(|p| p.first())));
        if let ([d], true) = (parts[k].as_mut_slice(), near)
            && d.keep
            && d.markers.is_empty()
            && matches!(d.role, Role::Plain | Role::Weak)
            && is_abbreviation(reading, &d.chars)
        {
            d.mask("pattern:beside-identity");
        }
    }
    for k in 0..parts.len() {
        let weak = matches!(parts[k].as_slice(), [d] if d.keep && d.role == Role::Weak);
        let beside_value = parts.get(k + 1).and_then(|p| p.first()).is_some_and(|d| {
            d.keep
                && matches!(
                    d.role,
                    Role::Value | Role::BareNumber | Role::LongBareNumber
                )
        });
        if weak && !beside_value {
            parts[k][0].mask("unknown-text");
        }
    }
    let digits = |d: &Draft| {
        reading
            .chars
            .get(d.chars.clone())
            .unwrap_or(&[])
            .iter()
            .any(|c| c.ch.is_ascii_digit())
    };
    let identifying = parts
        .iter()
        .flatten()
        .any(|d| d.identifies() || !d.keep && digits(d));
    if identifying {
        for d in parts.iter_mut().flatten().filter(|d| d.keep) {
            if matches!(
                d.role,
                Role::BareNumber | Role::LongBareNumber | Role::Letter
            ) {
                d.mask("pattern:beside-identity");
            }
        }
    }
}
