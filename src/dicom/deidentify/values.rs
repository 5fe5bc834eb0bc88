//! One value under one action.

use super::super::scan::Scanner;
use super::super::value::Charsets;
use super::{Method, new_uid};
use crate::profile::{Act, date};
use dicom_core::VR;

/// Longest text that may stay, in bytes: LO is 64 characters, a few values of it.
const MOST_TEXT: usize = 1024;

/// What becomes of a value.
pub(super) enum Answer {
    /// It stays byte for byte.
    Same,
    /// These bytes.
    New(Vec<u8>),
    /// It goes.
    Gone,
    /// The action does not fit the value; whether that is because it names somebody.
    Not(bool),
}

/// A value with what is needed to judge it.
pub(super) struct Ask<'a> {
    pub(super) value: &'a [u8],
    pub(super) vr: VR,
    pub(super) charsets: &'a Charsets,
    pub(super) method: &'a Method<'a>,
    pub(super) scanner: &'a Scanner,
}

impl Ask<'_> {
    pub(super) fn carry_out(&self, act: Act) -> Answer {
        match act {
            Act::Keep => Answer::Same,
            Act::Remove => Answer::Gone,
            Act::Empty => Answer::New(Vec::new()),
            Act::Dummy => Answer::New(dummy(self.vr, self.method)),
            Act::Pseudonym => Answer::New(self.method.pseudonym.as_bytes().to_vec()),
            Act::Uid => self.each(|v| Some(new_uid(self.method.key, v))),
            Act::KeepDate => self
                .each(|v| self.is_time(v).then(|| v.to_owned()))
                .or_same(),
            Act::ShiftDate => self.each(|v| self.shifted(v)),
            Act::KeepAge => self.each(age),
            Act::KeepNumber => self.number(),
            Act::KeepText if self.vr == VR::CS => self.code_string(),
            Act::KeepText => self.text(|_| true),
            Act::Words => self.text(|text| words(text).all(|w| self.is_safe(w))),
            Act::Clean => self.cleaned(),
        }
    }

    /// Every value by itself; an empty one stays empty, one that cannot be treated spoils all.
    fn each(&self, treat: impl Fn(&str) -> Option<String>) -> Answer {
        let Ok(text) = std::str::from_utf8(self.value) else {
            return Answer::Not(false);
        };
        let mut new = Vec::new();
        for value in text.split('\\') {
            let value = value.trim_matches([' ', '\0']);
            match if value.is_empty() {
                Some(String::new())
            } else {
                treat(value)
            } {
                Some(value) => new.push(value),
                None => return Answer::Not(false),
            }
        }
        Answer::New(new.join("\\").into_bytes())
    }

    fn is_time(&self, value: &str) -> bool {
        match self.vr {
            VR::DA => date::parse(value).is_some(),
            VR::DT => date::valid_dt(value),
            _ => date::valid_tm(value),
        }
    }

    fn shifted(&self, value: &str) -> Option<String> {
        let days = self.method.shift_days;
        match self.vr {
            VR::DA => date::shift_da(value, days),
            VR::DT => date::shift_dt(value, days),
            _ => date::valid_tm(value).then(|| value.to_owned()),
        }
    }

    fn number(&self) -> Answer {
        if !is_number_of(self.value, self.vr.to_string()) || self.value.len() > 1 << 20 {
            return Answer::Not(false);
        }
        if self.scanner.numbers(self.value) {
            return Answer::Not(true);
        }
        Answer::Same
    }

    fn names(&self) -> bool {
        self.scanner.names(self.value, self.method.safe)
    }

    /// Code strings: each value by itself, so that one odd value does not cost the others.
    fn code_string(&self) -> Answer {
        let Ok(text) = std::str::from_utf8(self.value) else {
            return Answer::Not(false);
        };
        let values: Vec<&str> = text
            .split('\\')
            .map(|v| v.trim_matches([' ', '\0']))
            .collect();
        let mut named = false;
        let good: Vec<bool> = values
            .iter()
            .map(|v| {
                let form = v.len() <= 16
                    && v.bytes().all(|b| {
                        b.is_ascii_uppercase() || b.is_ascii_digit() || matches!(b, b' ' | b'_')
                    });
                let names = self.scanner.names(v.as_bytes(), self.method.safe);
                named |= names;
                form && !names
            })
            .collect();
        if good.iter().all(|g| *g) {
            return Answer::Same;
        }
        if values.len() == 1 || values.len() > 256 {
            return Answer::Not(named);
        }
        let new: Vec<&str> = values
            .iter()
            .zip(&good)
            .map(|(v, good)| if *good { *v } else { "REMOVED" })
            .collect();
        Answer::New(new.join("\\").into_bytes())
    }

    fn text(&self, fits: impl Fn(&str) -> bool) -> Answer {
        if self.value.len() > MOST_TEXT {
            return Answer::Not(false);
        }
        if self.names() {
            return Answer::Not(true);
        }
        if self.charsets.readings(self.value).iter().all(|r| fits(r)) {
            Answer::Same
        } else {
            Answer::Not(false)
        }
    }

    fn is_safe(&self, word: &str) -> bool {
        let short_number = word.len() <= 3 && word.bytes().all(|b| b.is_ascii_digit());
        (short_number || word.len() >= 2 && word.is_ascii() && (self.method.safe)(word))
            && !self.scanner.names(word.as_bytes(), self.method.safe)
    }

    /// The safe words and short numbers of a text, in its order.
    fn cleaned(&self) -> Answer {
        if self.value.len() > MOST_TEXT {
            return Answer::Not(false);
        }
        let Some(text) = self.charsets.readings(self.value).into_iter().next() else {
            return Answer::Not(false);
        };
        let new: Vec<String> = text
            .split('\\')
            .map(|value| {
                words(value)
                    .filter(|w| self.is_safe(w))
                    .collect::<Vec<_>>()
                    .join(" ")
            })
            .collect();
        let joined = new.join("\\");
        // Two safe words may make a name together.
        if joined.chars().all(|c| c == '\\')
            || self.scanner.names(joined.as_bytes(), self.method.safe)
        {
            return Answer::Not(false);
        }
        Answer::New(joined.into_bytes())
    }
}

impl Answer {
    /// The value itself where it may stay as it is.
    fn or_same(self) -> Answer {
        match self {
            Answer::New(_) => Answer::Same,
            other => other,
        }
    }
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric())
        .filter(|w| !w.is_empty())
}

/// An age as it may be told (dicom.md §2.5): of old people only that they are.
fn age(text: &str) -> Option<String> {
    let (number, unit) = text.split_at_checked(3)?;
    let years: u32 = number
        .parse()
        .ok()
        .filter(|_| number.bytes().all(|b| b.is_ascii_digit()))?;
    match unit {
        "Y" if years >= 90 => Some("090Y".into()),
        "Y" | "M" | "W" | "D" => Some(text.to_owned()),
        _ => None,
    }
}

/// Whether a value is made of numbers of its VR.
pub(super) fn is_number_of(value: &[u8], vr: &str) -> bool {
    let width = match vr {
        "FL" | "SL" | "UL" => 4,
        "FD" | "SV" | "UV" => 8,
        "SS" | "US" => 2,
        _ => 0,
    };
    if width > 0 {
        return value.len().is_multiple_of(width);
    }
    let Ok(text) = std::str::from_utf8(value) else {
        return false;
    };
    text.split('\\')
        .map(|v| v.trim_matches([' ', '\0']))
        .all(|v| {
            v.is_empty()
                || match vr {
                    "IS" => v.len() <= 12 && v.parse::<i64>().is_ok(),
                    _ => {
                        v.len() <= 24
                            && v.bytes()
                                .all(|b| b.is_ascii_digit() || b"+-.eE".contains(&b))
                            && v.parse::<f64>().is_ok()
                    }
                }
        })
}

/// The date written where there has to be one; it tells nothing, whatever an original has there.
pub(in super::super) const DUMMY_DATE: &str = "19000101";

/// A constant of a VR: not empty, and saying nothing.
pub(super) fn dummy(vr: VR, method: &Method<'_>) -> Vec<u8> {
    let text = match vr {
        VR::AE | VR::CS | VR::LO | VR::LT | VR::SH | VR::ST | VR::UC | VR::UT => "REMOVED",
        VR::PN => "Removed",
        VR::AS => "000Y",
        VR::DA => DUMMY_DATE,
        VR::DT => "19000101000000",
        VR::TM => "000000",
        VR::DS | VR::IS => "0",
        VR::UR => "urn:removed",
        VR::UI => return new_uid(method.key, "no UID").into_bytes(),
        VR::US | VR::SS | VR::OB | VR::OW | VR::UN => return vec![0; 2],
        VR::FD | VR::SV | VR::UV | VR::OD | VR::OV => return vec![0; 8],
        _ => return vec![0; 4],
    };
    text.as_bytes().to_vec()
}
