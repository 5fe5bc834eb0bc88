//! Attributes that the table does not list: default deny (PS3.15 E.1.1 says that the table is not complete). What stays
//! stands in a data file or follows from its VR.

use super::resolve::{Act, Decision, Otherwise, Place};
use super::{Choice, Profile, table};
use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

static RULES: LazyLock<HashMap<u32, Decision>> = LazyLock::new(|| {
    let mut rules = HashMap::new();
    for row in table::columns(include_str!("data/outside.tsv")) {
        let [action, otherwise, tags] = row.as_slice() else {
            continue;
        };
        let otherwise = match *otherwise {
            "empty" => Otherwise::Empty,
            "dummy" => Otherwise::Dummy,
            _ => Otherwise::Remove,
        };
        let act = match *action {
            "keep" => Act::KeepText,
            "words" => Act::Words,
            "empty" => Act::Empty,
            "dummy" => Act::Dummy,
            _ => Act::Remove,
        };
        for tag in tags.split(' ').filter_map(table::tag) {
            rules.insert(tag, Decision::new(act, otherwise));
        }
    }
    rules
});

fn tags(text: &'static str) -> HashSet<u32> {
    table::words(text).filter_map(table::tag).collect()
}

static STRUCTURAL_UIDS: LazyLock<HashSet<u32>> =
    LazyLock::new(|| tags(include_str!("data/uids.txt")));
static BULK: LazyLock<HashSet<u32>> = LazyLock::new(|| tags(include_str!("data/bulk.txt")));
static SCHEMES: LazyLock<HashSet<&'static str>> =
    LazyLock::new(|| table::words(include_str!("data/schemes.txt")).collect());
static PUBLIC: LazyLock<HashSet<&'static str>> =
    LazyLock::new(|| table::words(include_str!("data/public.txt")).collect());
static PRIVATE: LazyLock<HashMap<(u16, u8, &'static str), &'static str>> = LazyLock::new(|| {
    table::columns(include_str!("data/safe_private.tsv"))
        .filter_map(|row| match row.as_slice() {
            [group, element, vr, creator] => Some((
                (
                    u16::from_str_radix(group, 16).ok()?,
                    u8::from_str_radix(element, 16).ok()?,
                    *creator,
                ),
                *vr,
            )),
            _ => None,
        })
        .collect()
});

/// Whether codes and meanings of a coding scheme are public.
pub fn public_scheme(designator: &str) -> bool {
    SCHEMES.contains(designator)
}

/// Whether a word, in capitals, is of a maker's name or a term of the standard.
pub fn public_word(word: &str) -> bool {
    PUBLIC.contains(word)
}

/// The VR of a private attribute that may stay with `safe-private`: by creator, never by block number.
pub fn safe_private(group: u16, element: u8, creator: &str) -> Option<&'static str> {
    PRIVATE.get(&(group, element, creator)).copied()
}

/// What is done with an attribute that the table does not list.
pub(super) fn decide(profile: &Profile, place: &Place<'_>) -> Decision {
    if let Some(rule) = RULES.get(&place.tag) {
        return *rule;
    }
    // Another VR than the dictionary's hides text in numbers; a tag that nobody knows hides anything.
    if !place.known {
        return Decision::just(Act::Remove);
    }
    match place.vr {
        "SQ" | "AT" | "FL" | "FD" | "SL" | "SS" | "SV" | "UL" | "US" | "UV" => {
            Decision::just(Act::Keep)
        }
        "CS" => Decision::just(Act::KeepText),
        "IS" | "DS" => Decision::just(Act::KeepNumber),
        "DA" | "DT" | "TM" => profile.dates(),
        "UI" if STRUCTURAL_UIDS.contains(&place.tag) || profile.has(Choice::Uids) => {
            Decision::just(Act::Keep)
        }
        "UI" => Decision::just(Act::Uid),
        "OB" | "OW" | "OF" | "OD" | "OL" | "OV" if BULK.contains(&place.tag) => {
            Decision::just(Act::Keep)
        }
        _ => Decision::just(Act::Remove),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn what_is_not_known_to_be_harmless_goes() {
        let profile = Profile::open("basic", &BTreeSet::new()).unwrap();
        let act = |tag, vr: &str, known| {
            let class = "1.2.840.10008.5.1.4.1.1.2";
            profile
                .decide(&Place {
                    tag,
                    vr,
                    known,
                    class,
                    around: None,
                })
                .act
        };
        for (tag, vr, wanted) in [
            // Known to leak (dicom.md §2.3).
            (0x0010_0033, "LO", Act::Remove),
            (0x0040_A160, "UT", Act::Remove),
            (0x0042_0010, "ST", Act::Empty),
            (0x0070_0081, "LO", Act::Empty),
            (0x6000_0022, "LO", Act::Remove),
            (0x0008_1190, "UR", Act::Remove),
            // Needed.
            (0x0008_0070, "LO", Act::KeepText),
            (0x0008_0060, "CS", Act::KeepText),
            (0x0018_0060, "DS", Act::KeepNumber),
            (0x0018_9087, "FD", Act::Keep),
            (0x0008_0016, "UI", Act::Keep),
            (0x0020_0242, "UI", Act::Uid),
            (0x0028_1201, "OW", Act::Keep),
            (0x7FE0_0010, "OW", Act::Keep),
            (0x0042_0011, "OB", Act::Dummy),
            (0x0018_9999, "OB", Act::Remove),
        ] {
            assert_eq!(act(tag, vr, true), wanted, "{tag:08X}");
        }
        assert_eq!(act(0x0018_0060, "US", false), Act::Remove);
        assert_eq!(
            safe_private(0x7053, 0x00, "Philips PET Private Group"),
            Some("DS")
        );
        assert_eq!(safe_private(0x7053, 0x00, "Somebody else"), None);
        assert!(public_scheme("DCM") && !public_scheme("99LOCAL"));
    }
}
