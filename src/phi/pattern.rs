//! Text that identifies by its form alone: dates, times, numbers, titles, institutions, labelled fields.
//!
//! Takes one segment and the items that the grammar found in it; complete values are settled and not looked at again.
//! Works without any header.

use super::datetime;
use super::fold::as_digit;
use super::lexicon::{Lexicon, List};
use super::measure::{Class, Item};
use super::segment::{Piece, Segment, Token};

/// Digits of a number that identifies by its length alone.
const LONG_NUMBER: usize = 5;
/// Digits of a grouped number that may be dialled.
const PHONE_DIGITS: usize = 7;
const YEAR_UNITS: [&str; 18] = [
    "Y", "YR", "YRS", "YO", "YOM", "YOF", "YEAR", "YEARS", "Y.O", "Y/O", "J", "JAHRE", "JAHR",
    "ANS", "ANOS", "ANNI", "JR", "LJ",
];
const DOMAINS: [&str; 14] = [
    ".COM", ".ORG", ".NET", ".EDU", ".GOV", ".INFO", ".DE", ".FR", ".ES", ".IT", ".UK", ".EU",
    ".CH", ".AT",
];

/// What a pattern says of a segment.
pub(super) struct Hit {
    /// `pattern:<name>`.
    pub(super) reason: String,
    /// Whether the whole segment belongs together, so that no marker in it can be told apart.
    pub(super) whole: bool,
}

/// One segment with what is known of it.
pub(super) struct Look<'a> {
    pub(super) segment: &'a Segment,
    pub(super) pieces: &'a [Piece],
    pub(super) items: &'a [Item],
    pub(super) lexicon: &'a Lexicon,
}

impl Look<'_> {
    /// The first pattern that fires.
    pub(super) fn pattern(&self) -> Option<Hit> {
        let text = self.open_text();
        let hit = |name: &str, whole: bool| {
            Some(Hit {
                reason: format!("pattern:{name}"),
                whole,
            })
        };
        if self.open_tokens().any(is_email) {
            return hit("email", true);
        }
        if self.open_tokens().any(is_url) {
            return hit("url", true);
        }
        if let Some(reason) = self.field() {
            return Some(Hit {
                reason,
                whole: true,
            });
        }
        if !datetime::dates(&text, self.lexicon).is_empty() || self.bare_year() {
            return hit("date", false);
        }
        if !datetime::clocks(&text).is_empty() {
            return hit("time", false);
        }
        if self.open_tokens().any(|t| self.is_id(t)) {
            return hit("id", false);
        }
        if let Some(name) = long_number(&text) {
            return hit(name, false);
        }
        if self.age() {
            return hit("age", false);
        }
        if self.honorific() {
            return hit("honorific", true);
        }
        if self.institution() {
            return hit("institution", true);
        }
        if self.address() {
            return hit("address", true);
        }
        if self.sex() {
            return hit("sex", false);
        }
        None
    }

    /// Whether an item other than a complete value touches a token.
    fn is_open(&self, token: usize) -> bool {
        self.items
            .iter()
            .any(|i| i.tokens.contains(&token) && !matches!(i.class, Class::Value { .. }))
    }

    fn open_tokens(&self) -> impl Iterator<Item = &Token> {
        self.segment
            .tokens
            .iter()
            .enumerate()
            .filter(|(t, _)| self.is_open(*t))
            .map(|(_, token)| token)
    }

    /// The segment's text, one character for one as read, tokens of complete values struck out.
    fn open_text(&self) -> Vec<char> {
        let mut out = Vec::new();
        for (t, token) in self.segment.tokens.iter().enumerate() {
            if t > 0 {
                out.push(' ');
            }
            let settled: Vec<_> = self
                .items
                .iter()
                .filter(|i| matches!(i.class, Class::Value { .. }) && i.tokens.contains(&t))
                .flat_map(|i| self.pieces[i.pieces.clone()].iter())
                .filter(|p| p.token == t)
                .map(|p| p.chars.clone())
                .collect();
            out.extend(token.raw.chars().zip(token.chars.clone()).map(|(c, i)| {
                match settled.iter().any(|r| r.contains(&i)) {
                    true => '\0',
                    false => single_fold(c),
                }
            }));
        }
        out
    }

    /// A year of a lifetime standing alone.
    fn bare_year(&self) -> bool {
        self.open_tokens().any(|t| {
            t.core.len() == 4
                && (t.core.starts_with("19") || t.core.starts_with("20"))
                && t.core.bytes().all(|b| b.is_ascii_digit())
        })
    }

    /// The label of an identifying field together with something that may be its value.
    fn field(&self) -> Option<String> {
        let label = |t: &Token| {
            let bare = t.core.trim_end_matches(['.', '#']);
            self.lexicon.field(bare).or_else(|| {
                // `ID:4711`, `DOB:03.04.1950`
                let (head, _) = t.folded.split_once([':', '#', '='])?;
                self.lexicon.field(head)
            })
        };
        let (at, token, reason) = self
            .segment
            .tokens
            .iter()
            .enumerate()
            .filter(|(t, _)| self.is_open(*t))
            .find_map(|(i, t)| Some((i, t, label(t)?)))?;
        let glued = token
            .folded
            .split_once([':', '#', '='])
            .is_some_and(|(_, rest)| rest.chars().any(char::is_alphanumeric));
        let others = self.segment.tokens.len() > 1;
        if !glued && !others {
            return None;
        }
        // Words such as `Patient` and `Time` also stand in plain phrases.
        let colon = token.folded.contains([':', '#', '=']);
        let rest = || self.items.iter().filter(|i| !i.tokens.contains(&at));
        let rest_is_safe = rest().all(|i| match i.class {
            Class::Word(w) => !w.weak || w.list == List::Label,
            Class::Value { .. } | Class::Sign => true,
            Class::Number { .. } | Class::Unknown => false,
        });
        // `TECH R`: as short as somebody's initials.
        let initials = !self.only_labels()
            && rest().all(|i| match i.class {
                Class::Value { .. } => false,
                _ => self.segment.tokens[i.tokens.clone()]
                    .iter()
                    .all(|t| t.core.chars().count() <= 2),
            });
        (colon && glued || !rest_is_safe || initials || colon && others && !self.only_labels())
            .then(|| reason.to_string())
    }

    /// Whether every word of the segment is the label of a field.
    fn only_labels(&self) -> bool {
        self.items.iter().all(|i| match i.class {
            Class::Word(w) => w.list == List::Label,
            Class::Sign => true,
            _ => false,
        })
    }

    fn age(&self) -> bool {
        let tokens = &self.segment.tokens;
        tokens.iter().enumerate().any(|(i, t)| {
            if !self.is_open(i) {
                return false;
            }
            let digits = t.core.bytes().take_while(u8::is_ascii_digit).count();
            let (number, unit) = t.core.split_at(digits);
            let next = tokens.get(i + 1).map_or("", |n| n.core.as_str());
            let before = i
                .checked_sub(1)
                .and_then(|p| tokens.get(p))
                .map_or("", |n| n.core.as_str());
            let sex = |s: &str| matches!(s, "M" | "F" | "W" | "MALE" | "FEMALE" | "H");
            let sex_first = t
                .core
                .strip_prefix(['M', 'F'])
                .map(|r| r.trim_start_matches(['/', '-']))
                .is_some_and(|r| {
                    (2..=3).contains(&r.len()) && r.bytes().all(|b| b.is_ascii_digit())
                });
            match (number.len(), unit) {
                (1..=3, "") => {
                    YEAR_UNITS.contains(&next)
                        || sex(next) && next != "H"
                        || matches!(before, "M" | "F" | "MALE" | "FEMALE")
                }
                (1..=3, u) if YEAR_UNITS.contains(&u) => true,
                (1..=3, "M" | "F" | "/M" | "/F" | "-M" | "-F") => true,
                (3, "W" | "D") => true,
                _ => sex_first,
            }
        })
    }

    fn honorific(&self) -> bool {
        let tokens = &self.segment.tokens;
        tokens.iter().enumerate().any(|(i, t)| {
            let Some(loose) = self.lexicon.honorific(t.core.trim_end_matches('.')) else {
                return false;
            };
            if !self.is_open(i) || tokens.len() < 2 {
                return false;
            }
            let as_title =
                t.folded.ends_with('.') && t.raw.len() > 2 || t.raw.chars().any(char::is_lowercase);
            let named = tokens
                .get(i + 1)
                .is_some_and(|n| n.core.chars().next().is_some_and(char::is_alphabetic));
            let behind = i > 0;
            (named || behind) && (!loose || as_title)
        })
    }

    fn institution(&self) -> bool {
        let open = self.items.iter().any(|i| matches!(i.class, Class::Unknown));
        let words: Vec<&str> = self
            .open_tokens()
            .flat_map(|t| t.core.split(|c: char| !c.is_alphanumeric()))
            .filter(|w| w.chars().count() >= 2)
            .collect();
        let plain = |w: &str| {
            let compound = ["KLINIK", "KLINIKUM", "HOSPITAL", "KRANKENHAUS"];
            let known = self.lexicon.institution(w) == Some(false)
                || w.len() >= 8 && compound.iter().any(|e| w.ends_with(e));
            // Short ones (`ST`, `VA`, `CO`) only before something unknown.
            known && (w.chars().count() > 3 || open && self.lexicon.word(w).is_none())
        };
        // `QUELL MED CTR`, `REG MED CTR`, `QUELL HOSP`.
        let abbreviated = |w: &str| self.lexicon.institution(w) == Some(true);
        let somewhere = |w: &str| {
            w.chars().count() >= 3
                && w.chars().all(char::is_alphabetic)
                && !self.lexicon.is_safe_word(w)
                && self.lexicon.institution(w).is_none()
        };
        let short = words.iter().filter(|w| abbreviated(w)).count();
        words.iter().any(|w| plain(w))
            || short > 1
            || short > 0 && words.iter().any(|w| somewhere(w))
    }

    fn address(&self) -> bool {
        let number = self
            .open_tokens()
            .any(|t| t.core.bytes().any(|b| b.is_ascii_digit()));
        number
            && self.open_tokens().any(|t| {
                let w = t.core.trim_end_matches('.');
                self.lexicon.is_address(w)
                    || w.len() >= 7
                        && ["STR", "STRASSE", "GASSE", "WEG", "ALLEE", "PLATZ"]
                            .iter()
                            .any(|e| w.ends_with(e))
            })
    }

    /// Letters and digits mixed, as in record numbers.
    fn is_id(&self, token: &Token) -> bool {
        let letters = token.core.chars().filter(|c| c.is_alphabetic()).count();
        let digits = token.core.chars().filter(char::is_ascii_digit).count();
        letters >= 1
            && digits >= 2
            && letters + digits >= 5
            && self.lexicon.word(&token.core).is_none()
            && self.items.iter().any(|i| {
                matches!(i.class, Class::Unknown)
                    && self
                        .segment
                        .tokens
                        .get(i.tokens.start)
                        .is_some_and(|t| t.chars == token.chars)
            })
    }

    fn sex(&self) -> bool {
        let mut tokens = self.segment.tokens.iter().filter(|t| !t.core.is_empty());
        matches!(
            (tokens.next().map(|t| t.core.as_str()), tokens.next()),
            (
                Some("M" | "MALE" | "FEMALE" | "W" | "WEIBLICH" | "MÄNNLICH"),
                None
            )
        )
    }
}

/// Upper case of one character, one for one.
fn single_fold(c: char) -> char {
    super::fold::fold(c.encode_utf8(&mut [0; 4]))
        .chars()
        .next()
        .unwrap_or(c)
}

fn is_email(t: &Token) -> bool {
    t.raw.split_once('@').is_some_and(|(a, b)| {
        a.chars().last().is_some_and(char::is_alphanumeric)
            && b.chars().next().is_some_and(char::is_alphanumeric)
    })
}

fn is_url(t: &Token) -> bool {
    let s = t.core.as_str();
    s.starts_with("WWW") && s.len() > 5
        || s.contains("HTTP")
        || DOMAINS.iter().any(|d| {
            s.strip_suffix(d)
                .is_some_and(|h| h.len() >= 3 && h.chars().any(char::is_alphabetic))
        })
}

/// A run of digits, in one piece or in groups, that is too long to be a value.
fn long_number(text: &[char]) -> Option<&'static str> {
    let mut groups: Vec<String> = Vec::new();
    let mut found = None;
    let mut i = 0;
    let mut gap = 0;
    let mut close = |groups: &mut Vec<String>| {
        let total: usize = groups.iter().map(String::len).sum();
        if groups.iter().any(|g| g.len() >= LONG_NUMBER) {
            found = found.or(Some("number"));
        } else if groups.len() > 1 && total >= LONG_NUMBER && !is_scale(groups) {
            found = found.or(Some(match total >= PHONE_DIGITS {
                true => "phone",
                false => "number",
            }));
        }
        groups.clear();
    };
    while i < text.len() {
        let starts = text[i].is_ascii_digit()
            || as_digit(text[i]).is_ascii_digit()
                && (text.get(i + 1).is_some_and(char::is_ascii_digit)
                    || i > 0 && text[i - 1].is_ascii_digit());
        if starts {
            let mut digits = String::new();
            while let Some(c) = text.get(i) {
                let d = as_digit(*c);
                if !d.is_ascii_digit() {
                    break;
                }
                digits.push(d);
                i += 1;
            }
            // `9123 5.0`: a decimal is no group of a longer number.
            let decimals = text.get(i + 1..).unwrap_or(&[]);
            let decimals = decimals.iter().take_while(|c| c.is_ascii_digit()).count();
            let goes_on = text
                .get(i + 1 + decimals)
                .is_some_and(|c| ".,-/".contains(*c));
            let decimal = matches!(text.get(i), Some('.' | ','))
                && (1..=2).contains(&decimals)
                && digits.len() <= 2
                && !goes_on;
            if gap > 2 || decimal {
                close(&mut groups);
            }
            groups.push(digits);
            gap = 0;
        } else {
            // A point or comma between digits is decimal; other signs may group digits.
            match text[i] {
                ' ' | '-' | '/' | '(' | ')' | '+' => gap += 1,
                _ => close(&mut groups),
            }
            i += 1;
        }
    }
    close(&mut groups);
    found
}

/// Whether numbers are evenly spaced, as along a scale.
fn is_scale(groups: &[String]) -> bool {
    let numbers: Vec<i64> = groups.iter().filter_map(|g| g.parse().ok()).collect();
    let padded = groups.iter().any(|g| g.len() > 1 && g.starts_with('0'));
    numbers.len() >= 3
        && !padded
        && numbers
            .windows(3)
            .all(|w| w[1] - w[0] == w[2] - w[1] && w[1] != w[0])
}
