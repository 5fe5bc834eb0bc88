//! From table, options and overrides to one [`Decision`] for one attribute in its place (PS3.15 E.1.1 and annex E.3).

use super::table::{self, Code, Need, Row};
use super::{Choice, Profile, Word, outside};

/// What is done with an attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Act {
    /// Stays byte for byte; a sequence is looked through.
    Keep,
    /// Text or a code string that stays unless it names somebody of this object.
    KeepText,
    /// Decimal numbers that stay if they are numbers.
    KeepNumber,
    /// A date or time that stays if it is one.
    KeepDate,
    /// A date that is shifted by the patient's days; times stay.
    ShiftDate,
    /// An age; 90 and above become 90.
    KeepAge,
    /// Safe words and short numbers stay, others go.
    Clean,
    /// Stays if it is nothing but safe words and short numbers.
    Words,
    /// Replaced by the patient's pseudonym.
    Pseudonym,
    /// Replaced by the keyed UID.
    Uid,
    /// A constant of the VR.
    Dummy,
    /// Zero length.
    Empty,
    /// Goes.
    Remove,
}

impl Act {
    /// The word under which reports count it.
    pub fn name(self) -> &'static str {
        match self {
            Act::Keep | Act::KeepText | Act::KeepNumber | Act::KeepDate | Act::Words => "kept",
            Act::ShiftDate => "shifted",
            Act::KeepAge => "age",
            Act::Clean => "cleaned",
            Act::Pseudonym => "pseudonym",
            Act::Uid => "uid",
            Act::Dummy => "dummy",
            Act::Empty => "emptied",
            Act::Remove => "removed",
        }
    }
}

/// What is done where a value may not stay after all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Otherwise {
    /// It goes.
    Remove,
    /// Zero length.
    Empty,
    /// A constant.
    Dummy,
}

impl From<Otherwise> for Act {
    fn from(o: Otherwise) -> Act {
        match o {
            Otherwise::Remove => Act::Remove,
            Otherwise::Empty => Act::Empty,
            Otherwise::Dummy => Act::Dummy,
        }
    }
}

/// The answer for one attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decision {
    /// What is done.
    pub act: Act,
    /// What else, where the value is not what it has to be.
    pub otherwise: Otherwise,
}

impl Decision {
    pub(super) fn new(act: Act, otherwise: Otherwise) -> Decision {
        Decision { act, otherwise }
    }

    pub(super) fn just(act: Act) -> Decision {
        let otherwise = match act {
            Act::Empty => Otherwise::Empty,
            Act::Dummy | Act::Uid | Act::Pseudonym => Otherwise::Dummy,
            _ => Otherwise::Remove,
        };
        Decision { act, otherwise }
    }
}

/// An attribute where it stands.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// Its tag.
    pub tag: u32,
    /// Its VR, two letters.
    pub vr: &'a str,
    /// Whether the standard's dictionary lists it with this VR.
    pub known: bool,
    /// SOP Class of the object.
    pub class: &'a str,
    /// Tag of the sequence whose item it stands in.
    pub around: Option<u32>,
}

const PATIENT_NAME: u32 = 0x0010_0010;
const PATIENT_ID: u32 = 0x0010_0020;
/// The bits of overlays, by the table's pattern.
const OVERLAY_DATA: &str = "60xx3000";
/// Graphic Annotation Sequence.
const ANNOTATIONS: &str = "00700001";
/// Text of an annotation.
const ANNOTATION_TEXT: u32 = 0x0070_0006;
const TIMEZONE: u32 = 0x0008_0201;
/// Text of a content item (PS3.3 section 10.2).
const TEXT_VALUE: u32 = 0x0040_A160;
/// Sequences whose items are content items.
const CONTENT: [u32; 4] = [0x0040_A730, 0x0040_0555, 0x0040_0612, 0x0040_0440];

/// Classes whose references to images stay, as their own modules repeat them (dicom.md §2.1): ends of UIDs.
const REFERRING: [&str; 5] = ["66.4", "30", "11.", "88.", "66.5"];

/// Creation date and time of presentation states: the table says X, but they are Type 1 there, so they become constants.
const NEEDED: [u32; 2] = [0x0070_0082, 0x0070_0083];

impl Profile {
    /// What an option that is on does with a row; `None` where the basic action holds. Dates follow the date options
    /// alone: a device option must not leave a date in an object that says its dates are gone.
    pub(super) fn option_code(&self, row: &Row) -> Option<(Choice, Code)> {
        let on = |c: &Choice| self.options.contains(c);
        let dated = row.choice(Choice::FullDates).is_some();
        let mut codes: Vec<(Choice, Code)> = row
            .choices
            .iter()
            .filter(|(c, _)| {
                on(c) && (!dated || matches!(c, Choice::FullDates | Choice::ModifiedDates))
            })
            // Of graphics overlays and annotations are cleaned; nobody cleans binary time stamps or AE titles: there the
            // profile's own action holds.
            .filter(|(c, code)| match c {
                Choice::Graphics => matches!(row.pattern, OVERLAY_DATA | ANNOTATIONS),
                _ => *code == Code::K || !matches!(row.vr, "AE" | "OB"),
            })
            .filter(|_| !(dated && row.vr == "OB"))
            .copied()
            .collect();
        codes.sort_by_key(|(_, code)| *code != Code::K);
        codes.first().copied()
    }

    /// What is done with an attribute in its place.
    pub fn decide(&self, place: &Place<'_>) -> Decision {
        if place.tag & 0xFFFF == 0 || (place.tag >> 16) % 2 == 1 {
            return Decision::just(Act::Remove);
        }
        if let Some(o) = self.overrides.get(&place.tag) {
            let basic = table::row(place.tag).map(|row| basic(row, place));
            let otherwise = basic.map_or(Otherwise::Remove, |d| d.otherwise);
            return match o.action {
                Word::Keep => Decision::new(self.keep_by_vr(place.vr), otherwise),
                Word::Clean => Decision::new(Act::Clean, otherwise),
                Word::Remove => Decision::just(Act::Remove),
                Word::Empty => Decision::just(Act::Empty),
                Word::Dummy => Decision::just(Act::Dummy),
            };
        }
        if matches!(place.tag, PATIENT_NAME | PATIENT_ID) && place.around.is_none() {
            return Decision::just(Act::Pseudonym);
        }
        let in_content = place.around.is_some_and(|a| CONTENT.contains(&a));
        if place.tag == TEXT_VALUE && in_content && self.has(Choice::Structured) {
            // Type 1C: an item of value type TEXT needs one.
            return Decision::new(Act::Clean, Otherwise::Dummy);
        }
        if place.tag == ANNOTATION_TEXT && self.has(Choice::Graphics) {
            // Part of (0070,0001), which is cleaned; Type 1 there.
            return Decision::new(Act::Clean, Otherwise::Dummy);
        }
        let Some(row) = table::row(place.tag) else {
            return outside::decide(self, place);
        };
        let basic = basic(row, place);
        match self.option_code(row) {
            None => basic,
            Some((_, Code::K)) => Decision::new(self.keep_by_vr(place.vr), basic.otherwise),
            Some(_) if place.vr == "SQ" => Decision::new(Act::Keep, basic.otherwise),
            Some((Choice::ModifiedDates, _)) if place.tag == TIMEZONE => {
                Decision::new(Act::KeepText, basic.otherwise)
            }
            Some((Choice::ModifiedDates, _)) => Decision::new(Act::ShiftDate, basic.otherwise),
            Some(_) => Decision::new(Act::Clean, basic.otherwise),
        }
    }

    /// How a value of this VR stays.
    pub(super) fn keep_by_vr(&self, vr: &str) -> Act {
        match vr {
            "DA" | "DT" | "TM" => self.dates().act,
            "AS" => Act::KeepAge,
            "DS" | "IS" => Act::KeepNumber,
            "AE" | "CS" | "LO" | "LT" | "PN" | "SH" | "ST" | "UC" | "UR" | "UT" => Act::KeepText,
            _ => Act::Keep,
        }
    }

    /// The date policy.
    pub(super) fn dates(&self) -> Decision {
        Decision::just(if self.has(Choice::FullDates) {
            Act::KeepDate
        } else if self.has(Choice::ModifiedDates) {
            Act::ShiftDate
        } else {
            Act::Remove
        })
    }
}

/// The action of the basic profile: of those offered the weakest that the attribute's Type in its place allows.
fn basic(row: &Row, place: &Place<'_>) -> Decision {
    let offers = |code| row.offered.contains(&code);
    let code = match row.offered.as_slice() {
        [one] => *one,
        many => {
            let need = table::need(place.tag, place.class, place.around);
            if offers(Code::U) && refers(place.class) {
                Code::U
            } else {
                match need {
                    Need::Value if offers(Code::D) => Code::D,
                    Need::Value if offers(Code::U) => Code::U,
                    // Zero length where a value is demanded: the stronger replacement.
                    Need::Value => Code::D,
                    Need::Present if offers(Code::Z) => Code::Z,
                    Need::Present => Code::D,
                    Need::None => many.first().copied().unwrap_or(Code::X),
                }
            }
        }
    };
    match (code, place.vr) {
        (Code::X, _) if NEEDED.contains(&place.tag) && refers(place.class) => {
            Decision::just(Act::Dummy)
        }
        (Code::X, _) => Decision::just(Act::Remove),
        (Code::Z, _) => Decision::just(Act::Empty),
        // Items stay and are cleaned: an emptied Type 1 sequence would need an invented item.
        (Code::D | Code::U | Code::K, "SQ") => Decision::new(Act::Keep, Otherwise::Empty),
        (Code::U, "UI") => Decision::just(Act::Uid),
        (Code::U, _) => Decision::just(Act::Remove),
        (Code::D | Code::K | Code::C, _) => Decision::just(Act::Dummy),
    }
}

fn refers(class: &str) -> bool {
    let end = class
        .strip_prefix("1.2.840.10008.5.1.4.1.1.")
        .unwrap_or_default();
    REFERRING.iter().any(|r| {
        if r.ends_with('.') {
            end.starts_with(r)
        } else {
            end == *r
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    const CT: &str = "1.2.840.10008.5.1.4.1.1.2";
    const PET: &str = "1.2.840.10008.5.1.4.1.1.128";

    fn act(profile: &str, tag: u32, vr: &str, class: &str, around: Option<u32>) -> Act {
        let profile = Profile::open(profile, &BTreeSet::new()).unwrap();
        let known = true;
        profile
            .decide(&Place {
                tag,
                vr,
                known,
                class,
                around,
            })
            .act
    }

    #[test]
    fn compound_actions_follow_type_class_and_sequence() {
        for (tag, vr, class, around, wanted) in [
            (0x0008_0021, "DA", PET, None, Act::Dummy),
            (0x0008_0022, "DA", PET, None, Act::Empty),
            (0x0008_0021, "DA", CT, None, Act::Remove),
            (0x0008_0021, "DA", "1.2.3", None, Act::Dummy),
            // Type 2 where only X and D are offered (acceptance case 17).
            (
                0x300A_0006,
                "DA",
                "1.2.840.10008.5.1.4.1.1.481.5",
                None,
                Act::Dummy,
            ),
            // References of a presentation state stay inside the sequence that demands them.
            (
                0x0008_1140,
                "SQ",
                "1.2.840.10008.5.1.4.1.1.11.1",
                Some(0x0008_1115),
                Act::Keep,
            ),
            (0x0008_1140, "SQ", CT, None, Act::Remove),
            (
                0x0008_2112,
                "SQ",
                "1.2.840.10008.5.1.4.1.1.66.4",
                Some(0x0008_9124),
                Act::Keep,
            ),
            (0x0008_2112, "SQ", CT, Some(0x0008_9124), Act::Empty),
            (
                0x0070_0001,
                "SQ",
                "1.2.840.10008.5.1.4.1.1.11.1",
                None,
                Act::Keep,
            ),
            (
                0x0070_0082,
                "DA",
                "1.2.840.10008.5.1.4.1.1.11.1",
                None,
                Act::Dummy,
            ),
            (0x0010_0010, "PN", CT, None, Act::Pseudonym),
            (0x0010_0010, "PN", CT, Some(0x0040_0275), Act::Empty),
            (0x0010_0030, "DA", CT, None, Act::Empty),
            (0x0010_4000, "LT", CT, None, Act::Remove),
            (0x0020_000D, "UI", CT, None, Act::Uid),
            (0x0009_1001, "LO", CT, None, Act::Remove),
            (0x0008_0000, "UL", CT, None, Act::Remove),
        ] {
            assert_eq!(
                act("basic", tag, vr, class, around),
                wanted,
                "{tag:08X} in {class}"
            );
        }
    }

    #[test]
    fn options_replace_actions_and_birth_dates_have_none() {
        for (tag, vr, wanted) in [
            (0x0008_0020, "DA", Act::ShiftDate),
            (0x0018_1072, "TM", Act::ShiftDate),
            (0x0010_0030, "DA", Act::Empty),
            (0x0010_1010, "AS", Act::KeepAge),
            (0x0010_1030, "DS", Act::KeepNumber),
            (0x0010_0040, "CS", Act::KeepText),
            (0x0008_103E, "LO", Act::Clean),
            (0x0040_0275, "SQ", Act::Keep),
            (0x0018_1000, "LO", Act::Remove),
        ] {
            assert_eq!(act("vendor", tag, vr, CT, None), wanted, "{tag:08X}");
        }
        let report = "1.2.840.10008.5.1.4.1.1.88.11";
        for (options, wanted) in [("", Act::Remove), ("clean-structured-content", Act::Clean)] {
            let profile = Profile::open("basic", &Choice::list(options).unwrap()).unwrap();
            let decided = profile.decide(&Place {
                tag: TEXT_VALUE,
                vr: "UT",
                known: true,
                class: report,
                around: Some(0x0040_A730),
            });
            assert_eq!(decided.act, wanted, "{options}");
        }
        // A device option alone leaves no date.
        let more = Choice::list("retain-device").unwrap();
        let profile = Profile::open("basic", &more).unwrap();
        let place = |tag, vr| Place {
            tag,
            vr,
            known: true,
            class: CT,
            around: None,
        };
        assert_eq!(profile.decide(&place(0x0018_1203, "DT")).act, Act::Empty);
        assert_eq!(profile.decide(&place(0x0018_1000, "LO")).act, Act::KeepText);
        assert_eq!(profile.decide(&place(0x0008_0055, "AE")).act, Act::Remove);
    }
}
