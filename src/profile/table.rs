//! PS3.15 table E.1-1 (edition 2026d) and the Types that its compound actions depend on, from the data files beside this
//! module.
//!
//! Takes tags as numbers (group in the upper half); gives rows as they stand in the table. Decides nothing.

use super::options::Choice;
use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

/// Edition of PS3.15 that the table is of.
pub const EDITION: &str = "2026d";

/// One action of table E.1-1a.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Code {
    /// Remove.
    X,
    /// Zero length, or a dummy.
    Z,
    /// A dummy.
    D,
    /// Keep; a sequence is still looked through.
    K,
    /// Clean.
    C,
    /// Another UID, the same everywhere.
    U,
}

impl Code {
    fn of(letter: &str) -> Option<Code> {
        Some(match letter.trim_end_matches('*') {
            "X" => Code::X,
            "Z" => Code::Z,
            "D" => Code::D,
            "K" => Code::K,
            "C" => Code::C,
            "U" => Code::U,
            _ => return None,
        })
    }

    /// The letter of the standard.
    pub fn letter(self) -> char {
        match self {
            Code::X => 'X',
            Code::Z => 'Z',
            Code::D => 'D',
            Code::K => 'K',
            Code::C => 'C',
            Code::U => 'U',
        }
    }
}

/// One row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Tag in hex; `x` is any digit.
    pub pattern: &'static str,
    /// Keyword of PS3.6.
    pub keyword: &'static str,
    /// VR, `-` where the row is about many.
    pub vr: &'static str,
    /// The basic action as written, `X/Z/D`.
    pub written: &'static str,
    /// The basic actions offered, weakest first.
    pub offered: Vec<Code>,
    /// What options do instead.
    pub choices: Vec<(Choice, Code)>,
}

impl Row {
    /// What an option does with this attribute.
    pub fn choice(&self, choice: Choice) -> Option<Code> {
        self.choices
            .iter()
            .find(|(c, _)| *c == choice)
            .map(|(_, code)| *code)
    }
}

/// How strongly an attribute is needed where it stands (PS3.5 section 7.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// Type 1 or 1C: with a value.
    Value,
    /// Type 2 or 2C: may be empty.
    Present,
    /// Type 3, or not of this object.
    None,
}

struct Table {
    rows: Vec<Row>,
    by_tag: HashMap<u32, usize>,
    patterns: Vec<(usize, u32, u32)>,
    private: Option<usize>,
}

fn lines(text: &'static str) -> impl Iterator<Item = &'static str> {
    text.lines()
        .filter(|l| !l.starts_with('#') && !l.is_empty())
}

/// Words of a data file.
pub(super) fn words(text: &'static str) -> impl Iterator<Item = &'static str> {
    lines(text).flat_map(str::split_whitespace)
}

/// Columns of a data file.
pub(super) fn columns(text: &'static str) -> impl Iterator<Item = Vec<&'static str>> {
    lines(text).map(|l| l.split('\t').collect())
}

/// A tag in hex.
pub(super) fn tag(hex: &str) -> Option<u32> {
    u32::from_str_radix(hex, 16).ok().filter(|_| hex.len() == 8)
}

static TABLE: LazyLock<Table> = LazyLock::new(|| {
    let rows: Vec<Row> = columns(include_str!("data/attributes.tsv"))
        .filter_map(|c| {
            let at = |i: usize| c.get(i).copied().unwrap_or_default();
            Some(Row {
                pattern: c.first()?,
                keyword: at(1),
                vr: at(2),
                written: at(3),
                offered: at(3).split('/').filter_map(Code::of).collect(),
                choices: at(4)
                    .split(' ')
                    .filter_map(|o| {
                        let (choice, code) = o.split_once('=')?;
                        Some((Choice::short(choice)?, Code::of(code)?))
                    })
                    .collect(),
            })
        })
        .collect();
    let mut table = Table {
        by_tag: HashMap::new(),
        patterns: Vec::new(),
        private: None,
        rows,
    };
    for (i, row) in table.rows.iter().enumerate() {
        if row.pattern == "private" {
            table.private = Some(i);
        } else if let Some(tag) = tag(row.pattern) {
            table.by_tag.insert(tag, i);
        } else {
            let digits = |x: char, other: fn(char) -> char| -> u32 {
                let text: String = row
                    .pattern
                    .chars()
                    .map(|c| if c == 'x' { x } else { other(c) })
                    .collect();
                u32::from_str_radix(&text, 16).unwrap_or_default()
            };
            table
                .patterns
                .push((i, digits('0', |_| 'F'), digits('0', |c| c)));
        }
    }
    table
});

/// Every row, in the order of the table.
pub fn rows() -> &'static [Row] {
    &TABLE.rows
}

/// The row of an attribute. Odd groups have the row of private attributes.
pub fn row(tag: u32) -> Option<&'static Row> {
    let table = &*TABLE;
    let index = if (tag >> 16) % 2 == 1 {
        table.private
    } else {
        table.by_tag.get(&tag).copied().or_else(|| {
            table
                .patterns
                .iter()
                .find(|(_, mask, value)| tag & mask == *value)
                .map(|(i, ..)| *i)
        })
    };
    table.rows.get(index?)
}

/// The end of a SOP Class UID by which the data files name it.
fn short(class: &str) -> &str {
    class
        .strip_prefix("1.2.840.10008.5.1.4.1.1.")
        .unwrap_or(class)
}

type Types = HashMap<u32, (HashMap<&'static str, Need>, HashMap<u32, Need>)>;

static TYPES: LazyLock<Types> = LazyLock::new(|| {
    let mut types = Types::new();
    for row in columns(include_str!("data/types.tsv")) {
        let [hex, place, kind, list] = row.as_slice() else {
            continue;
        };
        let Some(attribute) = tag(hex) else { continue };
        let need = if kind.starts_with('1') {
            Need::Value
        } else {
            Need::Present
        };
        let (top, nested) = types.entry(attribute).or_default();
        for word in list.split(' ') {
            if *place == "top" {
                top.insert(word, need);
            } else if let Some(sequence) = tag(word) {
                nested.insert(sequence, need);
            }
        }
    }
    types
});

static CLASSES: LazyLock<HashSet<&'static str>> =
    LazyLock::new(|| words(include_str!("data/classes.txt")).collect());

/// How strongly a compound attribute is needed in an object of a class, or in items of the sequence around it. Nothing is
/// known of other classes: there it counts as Type 1.
pub fn need(attribute: u32, class: &str, around: Option<u32>) -> Need {
    let known = TYPES.get(&attribute);
    match around {
        Some(sequence) => known
            .and_then(|(_, nested)| nested.get(&sequence))
            .copied()
            .unwrap_or(Need::None),
        None if !CLASSES.contains(short(class)) => Need::Value,
        None => known
            .and_then(|(top, _)| top.get(short(class)))
            .copied()
            .unwrap_or(Need::None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn the_table_has_the_counts_of_its_edition() {
        let mut basic: BTreeMap<&str, u32> = BTreeMap::new();
        let mut choices: BTreeMap<(Choice, char), u32> = BTreeMap::new();
        for row in rows() {
            *basic.entry(row.written).or_default() += 1;
            for (choice, code) in &row.choices {
                *choices.entry((*choice, code.letter())).or_default() += 1;
            }
        }
        assert_eq!(rows().len(), 657);
        let wanted = [
            ("D", 93),
            ("U", 55),
            ("X", 417),
            ("X/D", 23),
            ("X/Z", 11),
            ("X/Z/D", 8),
            ("X/Z/U*", 2),
            ("Z", 42),
            ("Z/D", 6),
        ];
        assert_eq!(basic.into_iter().collect::<Vec<_>>(), wanted);
        let wanted = [
            ((Choice::Uids, 'K'), 60),
            ((Choice::Device, 'C'), 11),
            ((Choice::Device, 'K'), 48),
            ((Choice::Institution, 'K'), 10),
            ((Choice::Patient, 'C'), 5),
            ((Choice::Patient, 'K'), 14),
            ((Choice::FullDates, 'K'), 169),
            ((Choice::ModifiedDates, 'C'), 169),
            ((Choice::Descriptors, 'C'), 141),
            ((Choice::Graphics, 'C'), 4),
            ((Choice::Structured, 'C'), 4),
            ((Choice::SafePrivate, 'C'), 1),
        ];
        let mut counted: Vec<_> = choices.into_iter().collect();
        counted.sort();
        let mut wanted = wanted.to_vec();
        wanted.sort();
        assert_eq!(counted, wanted);
    }

    #[test]
    fn patterns_and_private_attributes_have_their_rows() {
        assert_eq!(row(0x6012_3000).unwrap().keyword, "OverlayData");
        assert_eq!(row(0x5004_0010).unwrap().pattern, "50xxxxxx");
        assert!(row(0x6012_0010).is_none());
        assert_eq!(row(0x0009_1001).unwrap().pattern, "private");
        assert_eq!(row(0x0010_0010).unwrap().keyword, "PatientName");
        assert!(row(0x0008_0060).is_none());
    }

    #[test]
    fn types_follow_class_and_sequence() {
        let pet = "1.2.840.10008.5.1.4.1.1.128";
        assert_eq!(need(0x0008_0021, pet, None), Need::Value);
        assert_eq!(need(0x0008_0022, pet, None), Need::Present);
        assert_eq!(
            need(0x0008_0021, "1.2.840.10008.5.1.4.1.1.2", None),
            Need::None
        );
        assert_eq!(need(0x0008_0021, "1.2.3", None), Need::Value);
        assert_eq!(need(0x0010_0020, pet, Some(0x0010_1002)), Need::Value);
        assert_eq!(need(0x0010_0020, pet, Some(0x0008_1140)), Need::None);
    }
}
