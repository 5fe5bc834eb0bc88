//! The rules end to end over perfect and imperfect readings. All names are invented.

#[cfg(test)]
mod properties;
#[cfg(test)]
mod readings;
#[cfg(test)]
mod screens;

use super::testing::{reading, reading_with, reading_with_gaps};
use super::*;
use crate::facts::IdentityKind::{self, *};
use crate::geometry::Rect;
use crate::line::{Orientation, ReadChar};

const H: u32 = 12;

fn identity(attribute: &str, kind: IdentityKind, value: &str) -> Identity {
    Identity {
        attribute: attribute.into(),
        kind,
        value: value.into(),
    }
}

fn lines(words: &[&str]) -> Vec<String> {
    words.iter().map(|w| w.to_string()).collect()
}

fn normal() -> Decider {
    Decider::new(Policy::SafeList, Sensitivity::Normal, &[], &[])
}

/// Verdicts as text: `+reason` kept, `-reason` masked, `!` behind where a marker is lost.
fn told(verdicts: &[Verdict]) -> String {
    let one = |v: &Verdict| {
        let sign = if v.action == Action::Keep { '+' } else { '-' };
        let lost = if v.laterality_lost { "!" } else { "" };
        format!("{sign}{}{lost}", v.reason)
    };
    verdicts.iter().map(one).collect::<Vec<_>>().join(" ")
}

fn decide(identities: &[Identity], text: &str) -> String {
    let rules = normal();
    told(&rules.for_object(identities).decide(&reading(text), H))
}

fn person(name: &str) -> [Identity; 1] {
    [identity("PatientName", PersonName, name)]
}

/// Runs a table of text and expected verdicts and reports every row that differs.
fn check(identities: &[Identity], table: &[(&str, &str)]) {
    let rules = normal();
    let object = rules.for_object(identities);
    let wrong: Vec<String> = table
        .iter()
        .map(|(text, want)| (text, want, told(&object.decide(&reading(text), H))))
        .filter(|(_, want, got)| got != *want)
        .map(|(text, want, got)| format!("{text:?}: want {want}, got {got}"))
        .collect();
    assert!(
        wrong.is_empty(),
        "{} rows differ:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

#[test]
fn names_match_in_any_order_and_form() {
    let name = "-header:PatientName";
    let table: Vec<(&str, &str)> = [
        "FERNWICK^MARLA",
        "FERNWICK, MARLA",
        "Marla Fernwick",
        "FERNWICK M",
        "M. FERNWICK",
        "fernwick",
        "MARLAFERNWICK",
        "FERN WICK",
        "FERNWICKM 2233",
        "FERNW1CK",
        "FERNVVICK",
        "FEMWICK",
        "FERNWIKC",
        "FRNWICK",
        "FERNWI...",
        "Mrs. Fernwick",
        "Liver FERNWICK",
        "MF",
    ]
    .iter()
    .map(|t| (*t, name))
    .collect();
    check(&person("FERNWICK^MARLA^^Mrs"), &table);
}

#[test]
fn names_with_diacritics_match_their_plain_spellings() {
    for (header, shown) in [
        ("Übelhör^Käthe", "UEBELHOER"),
        ("Übelhör^Käthe", "Ubelhor, Kathe"),
        ("Uebelhoer^Kaethe", "Übelhör"),
        ("Weißquist^Éloïse", "WEISSQUIST"),
        ("O'Trellis^Bo-Anna", "OTRELLIS"),
        ("O'Trellis^Bo-Anna", "O TRELLIS"),
        ("Yamada^Tarou=山田^太郎=やまだ^たろう", "YAMADA TAROU"),
        ("van der Plonk^Ida", "v.d. PLONK"),
    ] {
        let got = decide(&person(header), shown);
        assert!(
            got.starts_with("-header:PatientName"),
            "{header} {shown}: {got}"
        );
    }
}

#[test]
fn fuzzy_matching_stops_at_safe_words_and_short_ones() {
    check(
        &person("Wright^Hart"),
        &[
            ("RIGHT", "+safe:laterality"),
            ("HEART", "+safe:anatomy"),
            ("HEAD", "+safe:anatomy"),
            ("WRIGHT", "-header:PatientName"),
            ("HART", "-header:PatientName"),
        ],
    );
    check(
        &person("Lever^Live"),
        &[("LIVER", "+safe:anatomy"), ("LEVER", "-header:PatientName")],
    );
    // Exact still masks: the name is also a word, an exam or a marker.
    check(
        &person("Foot^Lee"),
        &[
            ("Foot", "-header:PatientName"),
            ("LEG", "+safe:anatomy"),
            ("LEE", "-header:PatientName"),
        ],
    );
    check(
        &person("OB^^^^"),
        &[
            ("OB", "-header:PatientName"),
            ("CB", "-unknown-text"),
            ("Kidney", "+safe:anatomy"),
        ],
    );
    check(&person("RT"), &[("RT", "-header:PatientName!")]);
    // A lone initial in the header is no reason to lose a side.
    check(
        &person("Quill^R^L"),
        &[("R", "+safe:laterality"), ("L", "+safe:laterality")],
    );
}

#[test]
fn identifiers_match_whole_in_part_and_misread() {
    let id = "-header:PatientID";
    let table: Vec<(&str, &str)> = [
        "00471199",
        "471199",
        "0047-1199",
        "ID 00471199",
        "O0471I99",
        "0047 1199",
        "00471198",
        "47119",
        "X00471199Y",
        "71199",
    ]
    .iter()
    .map(|t| (*t, id))
    .collect();
    check(&[identity("PatientID", Id, "00471199")], &table);
    check(
        &[
            identity("AccessionNumber", Id, "7"),
            identity("StudyID", Id, "120"),
        ],
        &[
            ("7", "+safe:number"),
            ("120", "-header:StudyID"),
            ("12", "+safe:number"),
            ("kV 110", "+safe:measurement"),
        ],
    );
    check(
        &[identity("PatientID", Id, "AB-12.34/X")],
        &[("AB1234X", id), ("AB 1234X", id)],
    );
}

#[test]
fn dates_times_ages_and_phones_of_the_header_match() {
    let facts = [
        identity("PatientBirthDate", Date, "19621105"),
        identity("StudyTime", Time, "143027.123"),
        identity("PatientAge", Age, "057Y"),
        identity("PatientTelephoneNumbers", Phone, "+49 30 5557 2211"),
        identity("AcquisitionDateTime", Date, "20200417093012"),
    ];
    check(
        &facts,
        &[
            ("05.11.1962", "-header:PatientBirthDate"),
            ("11/05/62", "-header:PatientBirthDate"),
            ("5-NOV-1962", "-header:PatientBirthDate"),
            ("19621105", "-header:PatientBirthDate"),
            ("Nov 5, 1962", "-header:PatientBirthDate"),
            ("11/1962", "-header:PatientBirthDate"),
            ("1962", "-header:PatientBirthDate"),
            ("05/11", "-header:PatientBirthDate"),
            ("5 novembre 1962", "-header:PatientBirthDate"),
            ("14:30", "-header:StudyTime"),
            ("2:30:27 PM", "-header:StudyTime"),
            ("143027", "-header:StudyTime"),
            ("17.04.2020", "-header:AcquisitionDateTime"),
            ("09:30:12", "-header:AcquisitionDateTime"),
            ("57", "-header:PatientAge"),
            ("58", "+safe:number"),
            ("030-5557 2211", "-header:PatientTelephoneNumbers"),
            ("5.11 cm", "+safe:measurement"),
            ("12.05.2001", "-pattern:date"),
        ],
    );
}

#[test]
fn places_match_by_their_own_words() {
    let place = [identity(
        "InstitutionName",
        Place,
        "Brookmere Heart Center of Quellstadt",
    )];
    check(
        &place,
        &[
            ("BROOKMERE", "-header:InstitutionName"),
            ("Heart", "+safe:anatomy"),
            ("Quellstadt", "-header:InstitutionName"),
            ("Quellst...", "-header:InstitutionName"),
            ("Heart Center", "-pattern:institution"),
        ],
    );
    check(
        &[identity("StationName", Place, "GE")],
        &[("GE", "-header:StationName"), ("LOGIQ", "+safe:technical")],
    );
    check(
        &[identity("PatientComments", Text, "brings dog Bosporus")],
        &[("Bosporus", "-header:PatientComments")],
    );
}

#[test]
fn header_values_that_name_nobody_are_not_compared() {
    let rules = normal();
    let object = rules.for_object(&[
        identity("PatientName", PersonName, "ANONYMOUS"),
        identity("PatientID", Id, "0000"),
        identity("StationName", Place, "Not connected"),
    ]);
    assert!(!object.has_identity());
    assert_eq!(told(&object.decide(&reading("Not"), H)), "-unknown-text");
    assert!(
        !rules
            .for_object(&[identity("StudyDate", Date, "20200101")])
            .has_identity()
    );
    assert!(rules.for_object(&person("Quill^Ann")).has_identity());
}

#[test]
fn words_of_the_site_go_first() {
    let rules = Decider::new(
        Policy::SafeList,
        Sensitivity::Normal,
        &lines(&["Zebu", "Blue Lagoon", "Quill"]),
        &lines(&["Quill", "North Wing", "Liver"]),
    );
    let object = rules.for_object(&person("Zebu^Ann"));
    for (text, want) in [
        ("QUILL", "-template:mask-words"),
        ("North Wing", "-template:mask-words"),
        ("Liver", "-template:mask-words"),
        ("Wing", "-unknown-text"),
        ("Zebu", "-header:PatientName"),
        ("Blue Lagoon 12 cm", "+safe:measurement"),
        ("Blue Lagoon", "+safe:word"),
        ("Lagoon", "-unknown-text"),
    ] {
        assert_eq!(told(&object.decide(&reading(text), H)), want, "{text}");
    }
}

#[test]
fn patterns_work_without_a_header() {
    check(
        &[],
        &[
            ("12.03.2019", "-pattern:date"),
            ("Image 97-1-22", "-pattern:date"),
            ("Liver 12/03/19", "-pattern:date"),
            ("24-MAY-02", "-pattern:date"),
            ("2019", "-pattern:date"),
            ("14:22:09", "-pattern:time"),
            ("2:22 PM", "-pattern:time"),
            ("0:03:46", "-pattern:time"),
            ("555-1234", "-pattern:phone"),
            ("(030) 555 1234", "-pattern:phone"),
            ("00047431395", "-pattern:number"),
            ("12345", "-pattern:number"),
            ("12 345", "-pattern:number"),
            ("anna@example.org", "-pattern:email"),
            ("www.example.org", "-pattern:url"),
            ("example.com", "-pattern:url"),
            ("45Y", "-pattern:age"),
            ("045Y", "-pattern:age"),
            ("45 yrs", "-pattern:age"),
            ("M45", "-pattern:age"),
            ("F 45", "-pattern:age"),
            ("006M", "-pattern:age"),
            ("Age: 45", "-pattern:age"),
            ("Dr. Heart", "-pattern:honorific"),
            ("Mrs Quill", "-pattern:honorific"),
            ("Frau Leber", "-pattern:honorific"),
            ("Quellstadt Hospital", "-pattern:institution"),
            ("Quellklinikum Nord", "-pattern:institution"),
            ("Radiology", "-pattern:institution"),
            ("12 Elm Street", "-pattern:address"),
            ("Quellstrasse 12", "-pattern:address"),
            ("AB123456", "-pattern:id"),
            ("XQ12-77A", "-pattern:id"),
            ("Name: Liver", "-pattern:name"),
            ("ID:4711", "-pattern:id"),
            ("DOB 03 04", "-pattern:date"),
            ("Operator: QX", "-pattern:person"),
            ("TECH R", "-pattern:person"),
            ("MS GRAY", "-unknown-text"),
            ("S/N: A123", "-pattern:id"),
            ("Name:", "+safe:label"),
            ("M", "-pattern:sex"),
            ("[F] Quill", "-unknown-text"),
            ("0721", "-unknown-text"),
        ],
    );
}

#[test]
fn what_follows_a_field_label_in_the_line_goes() {
    let rules = normal();
    let object = rules.for_object(&[]);
    let r = reading_with_gaps(&[("Name:", 0), ("Liver", 60), ("MI 0.9", 60)]);
    assert_eq!(
        told(&object.decide(&r, H)),
        "+safe:label -pattern:name +safe:measurement"
    );
    let r = reading_with_gaps(&[("AC", 0), ("27.3", 60)]);
    assert_eq!(
        told(&object.decide(&r, H)),
        "+safe:technical +safe:number"
            .replace("technical", "anatomy")
            .replace("anatomy", weak_list("AC"))
    );
    let r = reading_with_gaps(&[("16", 0), ("11.1995", 60)]);
    assert_eq!(
        told(&object.decide(&r, H)),
        "-pattern:beside-identity -pattern:date"
    );
}

fn weak_list(word: &str) -> &'static str {
    let lexicon = Lexicon::new(&[]);
    lexicon.word(word).map_or("none", |w| &w.list.reason()[5..])
}

#[test]
fn safe_text_stays() {
    check(
        &[],
        &[
            ("Rt Kidney Long", "+safe:laterality"),
            ("LIVER SAG", "+safe:anatomy"),
            ("Schilddrüse links quer", "+safe:anatomy"),
            ("SCHILDDRUESE", "+safe:anatomy"),
            ("Foie", "+safe:anatomy"),
            ("RCC", "+safe:laterality"),
            ("L MLO", "+safe:laterality"),
            ("A4C", "+safe:view"),
            ("PLAX", "+safe:view"),
            ("C5-1", "+safe:technical"),
            ("PHILIPS", "+safe:technical"),
            ("Freeze", "+safe:technical"),
            ("cm/s", "+safe:unit"),
            ("K1DNEY", "+safe:anatomy"),
            ("-20", "+safe:number"),
            ("0.62", "+safe:number"),
            ("0 5 10 15 20", "+safe:number"),
            ("+", "+safe:sign"),
            ("Vmax 1.2 m/s PG 6 mmHg", "+safe:measurement"),
            ("BPD 5.21 cm 21w4d", "+safe:measurement"),
            ("AC", "-unknown-text"),
            ("BPD", "+safe:technical"),
            ("JPEG 10:1", "+safe:measurement"),
            ("LAO 45 CRAN 20", "+safe:measurement"),
            ("Long", "-unknown-text"),
            ("Quill", "-unknown-text"),
            ("80 kg", "-unknown-text"),
        ],
    );
}

#[test]
fn markers_and_labelled_values_are_kept_apart() {
    check(
        &[],
        &[
            ("R JS", "+safe:laterality -unknown-text"),
            ("JS L", "-unknown-text +safe:laterality"),
            ("RT QX 12.03.2019", "+safe:laterality -pattern:date"),
            ("HR 72 bpm QUILLER", "+safe:measurement -unknown-text"),
            ("QUILLER SUPINE", "-unknown-text +safe:laterality"),
            ("QUILLER R", "-unknown-text!"),
            ("R QUILLER", "-unknown-text!"),
            ("MARY R QUILLER", "-unknown-text"),
            ("QUILLER, R", "-unknown-text"),
            ("QUILLER MARY [M]", "-unknown-text"),
            ("QUILLER MARY IM1", "-unknown-text"),
            ("QUILLER IM: 1", "-unknown-text +safe:measurement"),
            ("L HOSPITAL", "-pattern:institution"),
            ("RJS", "-unknown-text"),
        ],
    );
    check(
        &person("Quiller^Rufus"),
        &[
            ("QUILLER R", "-header:PatientName"),
            ("R QUILLER", "-header:PatientName!"),
            ("L QUILLER", "-header:PatientName!"),
            ("RIGHT QUILLER", "+safe:laterality -header:PatientName"),
        ],
    );
}

#[test]
fn doubt_masks() {
    let rules = normal();
    let object = rules.for_object(&[]);
    let told_at = |text: &str, confidence| told(&object.decide(&reading_with(text, confidence), H));
    assert_eq!(told_at("LIVER", 900), "+safe:anatomy");
    assert_eq!(told_at("LIVER", 600), "-unreadable");
    // A marker alone needs less, and is missed only if it was read at all.
    assert_eq!(told_at("RIGHT", 800), "+safe:laterality");
    assert_eq!(told_at("RIGHT", 600), "-unreadable");
    let mut r = reading("RIGHT KNEE");
    r.chars[6].confidence = 400;
    assert_eq!(told(&object.decide(&r, H)), "-unreadable!");
    r.chars[0].confidence = 650;
    assert_eq!(told(&object.decide(&r, H)), "-unreadable");
    assert_eq!(told_at("Quill", 300), "-unreadable");
    assert_eq!(told_at("12.03.2019", 300), "-pattern:date");
    assert_eq!(told_at("   ", 900), "-unreadable");
    assert_eq!(told(&object.decide(&Reading::default(), 0)), "-unreadable");
    // One doubtful character spoils a word.
    let mut r = reading("LIVER");
    r.chars[2].confidence = 200;
    assert_eq!(told(&object.decide(&r, H)), "-unreadable");
    // A doubtful line is not saved by a few sure characters.
    let mut r = reading("LIVER");
    r.confidence = 100;
    assert_eq!(told(&object.decide(&r, H)), "-unreadable");
}
