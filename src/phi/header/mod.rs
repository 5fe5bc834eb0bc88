//! Comparing what was read with what the header of the object says.
//!
//! Takes the identities of one object, once, and then segments. Tolerates case, diacritics, order, look-alikes, an edit
//! or two by length, and words run together or torn apart. Gives the attribute and the tokens that matched.

mod matching;

use super::datetime::{self, Clock, Date};
use super::fold::{fold, skeleton, spellings};
use super::lexicon::Lexicon;
use super::segment::Segment;
use crate::facts::{Identity, IdentityKind};
use matching::{find_id, find_name, is_initials, same_clock, same_date};
use std::collections::BTreeSet;

/// Shortest part of a name that is compared at all; a single letter names nobody and may be a side marker.
const MIN_NAME: usize = 2;
/// Shortest identifier that is compared at all.
const MIN_ID: usize = 3;
/// Shortest part of an identifier that counts.
const MIN_ID_PART: usize = 5;
/// Particles of names; alone they match nothing.
const PARTICLES: [&str; 28] = [
    "DE", "DA", "DO", "DI", "DU", "DEL", "DER", "DEN", "DES", "DOS", "LA", "LE", "LES", "EL", "AL",
    "VAN", "VON", "VOM", "ZU", "BIN", "IBN", "TEN", "TER", "SAN", "ST", "MC", "MAC", "AND",
];
/// Titles and suffixes in person names.
const TITLES: [&str; 17] = [
    "DR", "MR", "MRS", "MS", "MISS", "PROF", "JR", "SR", "II", "III", "IV", "MD", "PHD", "RN",
    "DO", "HERR", "FRAU",
];

/// A part of a name or place.
struct NamePart {
    attribute: usize,
    plain: String,
    skeleton: Vec<char>,
    /// Part of a person's name, or a word that the site masks, rather than of a place or text.
    person: bool,
}

struct Id {
    attribute: usize,
    plain: String,
    skeleton: Vec<char>,
}

/// The identities of one object, made ready for comparison.
#[derive(Default)]
pub(super) struct Index {
    attributes: Vec<String>,
    names: Vec<NamePart>,
    /// First letters of each person's name parts.
    initials: Vec<(usize, Vec<char>)>,
    phrases: Vec<(usize, Vec<String>)>,
    ids: Vec<Id>,
    dates: Vec<(usize, Date)>,
    clocks: Vec<(usize, Clock)>,
    phones: Vec<(usize, String)>,
    ages: Vec<(usize, String)>,
}

/// What matched.
#[derive(Debug)]
pub(super) struct Match<'a> {
    /// Keyword of the attribute.
    pub(super) attribute: &'a str,
    /// Indices of the tokens that matched.
    pub(super) tokens: BTreeSet<usize>,
    /// Tokens that are initials of the matched person.
    pub(super) initials: BTreeSet<usize>,
}

/// A part of a token: letters and digits between signs.
struct Part {
    token: usize,
    plain: String,
    skeleton: Vec<char>,
    safe: bool,
}

impl Index {
    /// Makes identities ready. Their order does not matter.
    pub(super) fn new(identities: &[Identity], lexicon: &Lexicon) -> Self {
        let mut sorted: Vec<&Identity> = identities.iter().collect();
        sorted.sort_unstable();
        sorted.dedup();
        let mut index = Index::default();
        for identity in sorted {
            index.add(identity, lexicon);
        }
        index
    }

    /// Words and phrases of the site that are always masked.
    pub(super) fn of_words(lines: &[String]) -> Self {
        let mut index = Index::default();
        let attribute = index.attribute("mask-words");
        let mut lines: Vec<&String> = lines.iter().collect();
        lines.sort_unstable();
        for line in lines {
            for spelling in spellings(line) {
                let words = alnum_parts(&spelling);
                match words.as_slice() {
                    [] => {}
                    [word] => index.push_name(attribute, word, true),
                    _ => index.phrases.push((attribute, words)),
                }
            }
        }
        index
    }

    /// Whether a person's name or an identifier of the patient is there to compare with.
    pub(super) fn identifies(&self) -> bool {
        !self.ids.is_empty() || self.names.iter().any(|n| n.person)
    }

    fn attribute(&mut self, keyword: &str) -> usize {
        match self.attributes.iter().position(|a| a == keyword) {
            Some(i) => i,
            None => {
                self.attributes.push(keyword.to_string());
                self.attributes.len() - 1
            }
        }
    }

    fn push_name(&mut self, attribute: usize, plain: &str, person: bool) {
        if !self
            .names
            .iter()
            .any(|n| n.attribute == attribute && n.plain == plain)
        {
            self.names.push(NamePart {
                attribute,
                plain: plain.to_string(),
                skeleton: skeleton(plain),
                person,
            });
        }
    }

    fn add(&mut self, identity: &Identity, lexicon: &Lexicon) {
        let value = identity.value.trim();
        let folded = fold(value);
        let empty = alnum_parts(&folded)
            .iter()
            .all(|w| lexicon.is_placeholder(w));
        if empty {
            return;
        }
        let attribute = self.attribute(&identity.attribute);
        match identity.kind {
            IdentityKind::PersonName => self.add_person(attribute, value, lexicon),
            IdentityKind::Id => self.add_id(attribute, value),
            IdentityKind::Date => {
                let digits: String = value.chars().filter(char::is_ascii_digit).collect();
                if let Some(d) = digits
                    .get(..8)
                    .and_then(|d| datetime::compact(d).first().copied())
                {
                    self.dates.push((attribute, d));
                }
                if digits.len() >= 12 {
                    self.add_clock(attribute, &digits[8..]);
                }
            }
            IdentityKind::Time => {
                let digits: String = value
                    .chars()
                    .take_while(|c| *c != '.')
                    .filter(char::is_ascii_digit)
                    .collect();
                self.add_clock(attribute, &digits);
            }
            IdentityKind::Phone => {
                let digits: String = value.chars().filter(char::is_ascii_digit).collect();
                if digits.len() >= MIN_ID_PART {
                    self.phones.push((attribute, digits));
                }
            }
            IdentityKind::Age => {
                let digits: String = value.chars().filter(char::is_ascii_digit).collect();
                let age = digits.trim_start_matches('0');
                if age.len() >= 2 {
                    self.ages.push((attribute, age.to_string()));
                }
            }
            IdentityKind::Place | IdentityKind::Address | IdentityKind::Text => {
                self.add_words(attribute, value, identity.kind, lexicon);
            }
        }
    }

    fn add_person(&mut self, attribute: usize, value: &str, lexicon: &Lexicon) {
        for spelling in spellings(value) {
            for group in spelling.split('=') {
                let mut letters: Vec<char> = Vec::new();
                for word in group.split(|c: char| {
                    matches!(c, '^' | ',' | ';' | '/' | '(' | ')' | '.') || c.is_whitespace()
                }) {
                    let joined: String = word.chars().filter(|c| c.is_alphanumeric()).collect();
                    if joined.is_empty()
                        || lexicon.is_placeholder(&joined)
                        || TITLES.contains(&joined.as_str())
                    {
                        continue;
                    }
                    letters.extend(joined.chars().next());
                    // Hyphenated and apostrophised names are drawn whole or in part.
                    for part in std::iter::once(joined).chain(alnum_parts(word)) {
                        let length = part.chars().count();
                        if length >= MIN_NAME && !PARTICLES.contains(&part.as_str()) {
                            self.push_name(attribute, &part, true);
                        }
                    }
                }
                letters.truncate(5);
                if letters.len() >= 2 && !self.initials.contains(&(attribute, letters.clone())) {
                    self.initials.push((attribute, letters));
                }
            }
        }
    }

    fn add_id(&mut self, attribute: usize, value: &str) {
        for part in std::iter::once(value).chain(value.split(['^', '&', '\\'])) {
            let plain: String = fold(part).chars().filter(|c| c.is_alphanumeric()).collect();
            if plain.chars().count() < MIN_ID || plain.chars().all(|c| c == '0') {
                continue;
            }
            if self
                .ids
                .iter()
                .any(|i| i.attribute == attribute && i.plain == plain)
            {
                continue;
            }
            self.ids.push(Id {
                attribute,
                skeleton: skeleton(&plain),
                plain,
            });
        }
    }

    fn add_clock(&mut self, attribute: usize, digits: &str) {
        let two = |at: usize| digits.get(at..at + 2).and_then(|d| d.parse::<u8>().ok());
        if let (Some(hour), Some(minute)) = (two(0), two(2)) {
            self.clocks.push((
                attribute,
                Clock {
                    hour,
                    minute,
                    second: two(4),
                },
            ));
        }
    }

    fn add_words(&mut self, attribute: usize, value: &str, kind: IdentityKind, lexicon: &Lexicon) {
        for spelling in spellings(value) {
            let words = alnum_parts(&spelling);
            let generic = |w: &String| {
                lexicon.is_institution(w)
                    || lexicon.is_safe_word(w)
                    || lexicon.is_address(w)
                    || lexicon.is_placeholder(w)
            };
            for word in words
                .iter()
                .filter(|w| w.chars().count() >= 4 && !generic(w))
            {
                self.push_name(attribute, word, false);
            }
            let letters: String = words.iter().filter_map(|w| w.chars().next()).collect();
            if kind == IdentityKind::Place && (3..=6).contains(&letters.len()) && !generic(&letters)
            {
                self.push_name(attribute, &letters, false);
            }
            let long_enough = words.iter().map(String::len).sum::<usize>() >= MIN_NAME;
            let whole_is_plain_text = kind == IdentityKind::Text && words.iter().all(generic);
            if long_enough
                && !whole_is_plain_text
                && !self.phrases.contains(&(attribute, words.clone()))
            {
                self.phrases.push((attribute, words));
            }
        }
    }

    /// The identity that a segment shows, if any; `text` is [`plain_text`] of it.
    pub(super) fn find(
        &self,
        segment: &Segment,
        text: &[char],
        lexicon: &Lexicon,
    ) -> Option<Match<'_>> {
        let parts = parts(segment, lexicon);
        let mut tokens = BTreeSet::new();
        let mut attribute: Option<usize> = None;
        let mut hit = |a: usize, t: &mut dyn Iterator<Item = usize>| {
            attribute.get_or_insert(a);
            tokens.extend(t);
        };
        for name in &self.names {
            let found = find_name(name, &parts);
            if !found.is_empty() {
                hit(name.attribute, &mut found.into_iter());
            }
        }
        for (a, words) in &self.phrases {
            for window in parts.windows(words.len()) {
                if window.iter().map(|p| &p.plain).eq(words.iter()) {
                    hit(*a, &mut window.iter().map(|p| p.token));
                }
            }
        }
        for (a, letters) in &self.initials {
            for p in parts
                .iter()
                .filter(|p| !p.safe && is_initials(&p.plain, letters))
            {
                hit(*a, &mut std::iter::once(p.token));
            }
        }
        for id in &self.ids {
            let found = find_id(id, &parts);
            if !found.is_empty() {
                hit(id.attribute, &mut found.into_iter());
            }
        }
        let all = 0..segment.tokens.len();
        if !self.dates.is_empty() {
            let mut shown = datetime::dates(text, lexicon);
            shown.extend(datetime::partial_dates(text));
            for p in &parts {
                let digits: String = p.plain.chars().map(super::fold::as_digit).collect();
                if p.plain.chars().any(|c| c.is_ascii_digit()) {
                    shown.extend(datetime::compact(&digits));
                }
                if let (4, Ok(year)) = (digits.len(), p.plain.parse::<u32>()) {
                    for (a, _) in self.dates.iter().filter(|(_, d)| d.year == Some(year)) {
                        hit(*a, &mut std::iter::once(p.token));
                    }
                }
            }
            for (a, own) in &self.dates {
                if shown.iter().any(|d| same_date(own, d)) {
                    hit(*a, &mut all.clone());
                }
            }
        }
        if !self.clocks.is_empty() {
            let mut shown = datetime::clocks(text);
            for p in parts
                .iter()
                .filter(|p| p.plain.len() == 6 && p.plain.bytes().all(|b| b.is_ascii_digit()))
            {
                let two = |at: usize| p.plain.get(at..at + 2).and_then(|d| d.parse::<u8>().ok());
                if let (Some(hour), Some(minute)) = (two(0), two(2)) {
                    shown.push(Clock {
                        hour,
                        minute,
                        second: two(4),
                    });
                }
            }
            for (a, own) in &self.clocks {
                if shown.iter().any(|c| same_clock(own, c)) {
                    hit(*a, &mut all.clone());
                }
            }
        }
        if !self.phones.is_empty() {
            let shown: String = text.iter().filter(|c| c.is_ascii_digit()).collect();
            for (a, own) in &self.phones {
                let end = own.get(own.len().saturating_sub(7)..).unwrap_or(own);
                if shown.len() >= MIN_ID_PART && (shown.contains(end) || own.contains(&shown)) {
                    hit(*a, &mut all.clone());
                }
            }
        }
        // A bare age is one only where nothing else stands beside it.
        if let [only] = parts.as_slice() {
            for (a, age) in &self.ages {
                if only.plain.trim_start_matches('0') == age
                    && !text.contains(&'.')
                    && !text.contains(&',')
                {
                    hit(*a, &mut std::iter::once(only.token));
                }
            }
        }
        let attribute = attribute?;
        let initials = self.initials_beside(segment, &parts, &tokens);
        Some(Match {
            attribute: self.attributes.get(attribute).map_or("", String::as_str),
            tokens,
            initials,
        })
    }

    /// Single letters that are first letters of a person whose name stands in the same segment.
    fn initials_beside(
        &self,
        segment: &Segment,
        parts: &[Part],
        matched: &BTreeSet<usize>,
    ) -> BTreeSet<usize> {
        let names_shown = |attribute: usize| {
            self.names
                .iter()
                .filter(|n| n.person && n.attribute == attribute)
                .any(|n| !find_name(n, parts).is_empty())
        };
        (0..segment.tokens.len())
            .filter(|t| !matched.contains(t))
            .filter(|t| {
                let mut chars = segment.tokens[*t].core.chars();
                let (Some(letter), None) = (chars.next(), chars.next()) else {
                    return false;
                };
                self.initials
                    .iter()
                    .any(|(a, letters)| letters.contains(&letter) && names_shown(*a))
            })
            .collect()
    }
}

/// Words of letters and digits.
fn alnum_parts(folded: &str) -> Vec<String> {
    folded
        .split(|c: char| !c.is_alphanumeric())
        .filter(|w| !w.is_empty())
        .map(str::to_string)
        .collect()
}

fn parts(segment: &Segment, lexicon: &Lexicon) -> Vec<Part> {
    let mut out = Vec::new();
    for (t, token) in segment.tokens.iter().enumerate() {
        // Look-alike signs inside a word belong to it (`SM|TH`).
        let is_part = |c: char| c.is_alphanumeric() || matches!(c, '|' | '!' | '$');
        for word in token
            .folded
            .split(|c: char| !is_part(c))
            .filter(|w| !w.is_empty())
        {
            out.push(Part {
                token: t,
                plain: word.to_string(),
                skeleton: skeleton(word),
                safe: lexicon.is_safe_word(word),
            });
        }
    }
    out
}

/// The folded characters of a segment as one text, for dates and times.
pub(super) fn plain_text(segment: &Segment) -> Vec<char> {
    let joined: Vec<&str> = segment.tokens.iter().map(|t| t.folded.as_str()).collect();
    joined.join(" ").chars().collect()
}
