//! Real readings: policies, neighbours, rows of several lines, confusions, confidence; and the corpus where it is named.

use super::*;

#[test]
fn policies_differ_in_what_is_merely_unknown() {
    let with = |policy| Decider::new(policy, Sensitivity::Normal, &[], &[]);
    let (all, phi) = (with(Policy::All), with(Policy::Phi));
    let at = |rules: &Decider, text: &str, confidence| {
        told(
            &rules
                .for_object(&person("Quill^Ann"))
                .decide(&reading_with(text, confidence), H),
        )
    };
    assert_eq!(at(&phi, "Borogove", 950), "+phi:unknown-text");
    assert_eq!(at(&phi, "Borogove", 600), "-unknown-text");
    assert_eq!(at(&phi, "Borogove", 300), "-unreadable");
    assert_eq!(at(&phi, "QUILL", 950), "-header:PatientName");
    assert_eq!(at(&phi, "12.03.2019", 950), "-pattern:date");
    assert_eq!(at(&all, "Borogove", 950), "-policy:all");
    assert_eq!(at(&all, "LIVER", 950), "-policy:all");
    assert_eq!(at(&all, "RIGHT", 950), "-policy:all!");
    assert_eq!(at(&all, "QUILL", 950), "-header:PatientName");
    assert_eq!(at(&all, "LIVER", 300), "-unreadable");
}

#[test]
fn neighbours_in_the_picture_take_bare_numbers_with_them() {
    let at = |text: &str, x: u32, y: u32| {
        let mut r = reading(text);
        for c in &mut r.chars {
            c.rect = Rect::new(c.rect.x + x, y, c.rect.w, c.rect.h);
        }
        r
    };
    let rules = normal();
    let object = rules.for_object(&[]);
    let page = [
        at("M", 80, 60),
        at("49", 160, 60),
        at("49", 600, 400),
        at("MI 0.9", 120, 60),
        at("1.5", 190, 60),
    ];
    let page: Vec<(&Reading, u32)> = page.iter().map(|r| (r, H)).collect();
    let together: Vec<String> = object
        .decide_picture(&page)
        .iter()
        .map(|v| told(v))
        .collect();
    assert_eq!(
        together,
        [
            "-pattern:sex",
            "-pattern:beside-identity",
            "+safe:number",
            "+safe:measurement",
            "+safe:measurement"
        ]
    );
}

/// Lines of one row, each given with the pixels before it, decided together.
fn row(identities: &[Identity], parts: &[(&str, u32)]) -> Vec<String> {
    let mut x = 0;
    let lines: Vec<Reading> = parts
        .iter()
        .map(|(text, gap)| {
            x += gap;
            let mut r = reading(text);
            for c in &mut r.chars {
                c.rect = Rect::new(x, 0, 8, H);
                x += 10;
            }
            r
        })
        .collect();
    let lines: Vec<(&Reading, u32)> = lines.iter().map(|r| (r, H)).collect();
    let rules = normal();
    let object = rules.for_object(identities);
    let forward = object.decide_picture(&lines);
    // The order in which lines were found changes nothing.
    let turned: Vec<(&Reading, u32)> = lines.iter().rev().copied().collect();
    let mut backward = object.decide_picture(&turned);
    backward.reverse();
    assert_eq!(forward, backward, "{parts:?}");
    forward.iter().map(|v| told(v)).collect()
}

#[test]
fn lines_of_one_row_are_read_as_one() {
    for (parts, want) in [
        // A place that was found word by word goes as a whole, whatever lists its words are on.
        (
            &[("QUELLING", 0), ("MED CTR", 2)][..],
            &["-pattern:institution", "-pattern:institution"][..],
        ),
        (
            &[("SIEMENS", 0), ("MEDICAL", 4), ("SYSTEMS", 4)],
            &["-pattern:institution"; 3],
        ),
        (
            &[("Borogove", 0), ("CLIN", 30)],
            &["-unknown-text", "-unknown-text"],
        ),
        (
            &[("23", 0), ("/", 4), ("08", 4), ("1989", 6)],
            &[
                "-pattern:date",
                "-pattern:date",
                "-pattern:date",
                "-pattern:date",
            ],
        ),
        (
            &[("Tel", 0), ("0555 014 778", 4)],
            &["-pattern:contact", "-pattern:contact"],
        ),
        // Farther apart the label may stay; it says nothing by itself.
        (
            &[("Tel", 0), ("0555 014 778", 80)],
            &["+safe:label", "-pattern:phone"],
        ),
        (
            &[("1", 0), ("D", 8), ("4.21", 12), ("cm", 6)],
            &["+safe:measurement"; 4],
        ),
        (&[("Thk", 0), ("10", 8)], &["+safe:measurement"; 2]),
        // Spaces in the first line make no wide pitch, on which `L-218` would be one word.
        (&[("W 712 L", 0), ("-218", 6)], &["+safe:measurement"; 2]),
        // What is safe by itself stays beside what is merely unknown; numbers and letters of forms do not.
        (
            &[("Borogove", 0), ("LIVER", 4)],
            &["-unknown-text", "+safe:anatomy"],
        ),
        (
            &[("Borogove", 0), ("49", 4)],
            &["-unknown-text", "-unknown-text"],
        ),
        // Another row, or too far away.
        (
            &[("Long", 0), ("Kidney", 200)],
            &["-unknown-text", "+safe:anatomy"],
        ),
    ] {
        assert_eq!(row(&[], parts), want, "{parts:?}");
    }
    assert_eq!(
        row(&person("Quill^Ann"), &[("QUI", 0), ("LL", 2), ("ANN", 4)]),
        ["-header:PatientName"; 3]
    );
}

#[test]
fn a_stop_that_is_in_the_boxes_of_two_lines_is_one_stop() {
    // Letters on a wide pitch: (text, cells before it).
    let told_of = |parts: &[(&str, u32)]| -> Vec<String> {
        let lines: Vec<Reading> = parts
            .iter()
            .map(|(text, first)| {
                let mut r = reading(text);
                for (c, cell) in r.chars.iter_mut().zip(*first..) {
                    c.rect = Rect::new(cell * 2 * H, 0, 2 * H, H);
                }
                r
            })
            .collect();
        let lines: Vec<(&Reading, u32)> = lines.iter().map(|r| (r, H)).collect();
        let rules = normal();
        let verdicts = rules.for_object(&[]).decide_picture(&lines);
        verdicts.iter().map(|v| told(v)).collect()
    };
    for (parts, want) in [
        (&[("2.", 6), (".6cm", 7)][..], "+safe:measurement"),
        // Two stops, and two readings of one place.
        (&[("2.", 6), (".6cm", 8)], "-unknown-text"),
        (&[("2.", 6), (":6cm", 7)], "-unknown-text"),
        // A date in three lines stays a date.
        (&[("12.", 0), (".03.", 2), (".1961", 5)], "-pattern:date"),
    ] {
        let told = told_of(parts);
        assert_eq!(told, vec![want; parts.len()], "{parts:?}");
    }
}

#[test]
fn confusions_in_labels_and_stray_signs_beside_values_do_no_harm() {
    let value = "+safe:measurement";
    check(
        &[],
        &[
            ("A0=100%", value),
            ("M1=0.8 T1S=0.4", value),
            ("L0C -35", value),
            ("TIS0.0", value),
            ("GAIN82", value),
            ("22G22", value),
            ("44CG43.", value),
            ("4cm4cm", value),
            ("Cist Mag 0.52 cm", value),
            ("Dist 1 33.1 mm", value),
            ("16cm'", value),
            ("10\\", "+safe:number"),
            ("5|", "+safe:number"),
            // What only looks like it.
            ("78F78", "-pattern:id"),
            ("12AC34", "-pattern:id"),
            ("J0=12", "-unknown-text"),
            ("B0B 1971", "-pattern:date"),
            ("QUILL\\", "-unknown-text"),
        ],
    );
}

#[test]
fn abbreviations_of_places_need_company() {
    let place = "-pattern:institution";
    check(
        &[],
        &[
            ("QUELLING MED CTR", place),
            ("REG MED CTR", place),
            ("QUELLING HOSP", place),
            ("Quelling Clin", place),
            ("UNIV HOSP", place),
            ("P Med", "+safe:measurement"),
            ("Gain Med", "+safe:measurement"),
        ],
    );
}

#[test]
fn confidence_is_asked_of_characters_and_of_the_line_only_against_them() {
    let rules = normal();
    let object = rules.for_object(&[]);
    // A long line of sure characters is sure, although the probability of its exact text is small.
    let mut r = reading_with(
        "Long axis of the left kidney with cortical thickness measured",
        970,
    );
    r.confidence = 180;
    assert_eq!(told(&object.decide(&r, H)), "+safe:technical");
    // Far less than its characters together: some are missing or too many.
    r.confidence = 20;
    assert_eq!(told(&object.decide(&r, H)), "-unreadable");
}

/// What becomes of a text, read with 990 but for one character.
fn with_doubt(sensitivity: Sensitivity, text: &str, at: usize, confidence: u16) -> String {
    let rules = Decider::new(Policy::SafeList, sensitivity, &[], &[]);
    let mut r = reading_with(text, 990);
    r.chars[at].confidence = confidence;
    r.confidence = confidence.min(990);
    told(&rules.for_object(&[]).decide(&r, H))
}

#[test]
fn each_kind_of_character_has_a_confidence_of_its_own() {
    use Sensitivity::Normal;
    for (text, at, least, want) in [
        // Neighbours hold a letter of a long word, and of a shorter one, but not a lone one.
        ("KIDNEY", 3, 500, "+safe:anatomy"),
        ("LIVER", 2, 500, "+safe:anatomy"),
        ("TIS 0.9", 0, 600, "+safe:measurement"),
        ("W 201", 0, 850, "+safe:measurement"),
        // Digits, and the places where a colon may be missing.
        ("MI 0.92", 3, 700, "+safe:measurement"),
        ("MI0.9", 2, 800, "+safe:measurement"),
        // Signs by what they say.
        ("MI:0.9", 2, 700, "+safe:measurement"),
        ("MI 0.9", 4, 600, "+safe:measurement"),
        ("(LIVER)", 6, 900, "+safe:anatomy"),
        // All of the text; a side is not asked as much.
        ("A", 0, 980, "+safe:laterality"),
        ("R", 0, 700, "+safe:laterality"),
    ] {
        assert_eq!(with_doubt(Normal, text, at, least), want, "{text} {at}");
        let below = with_doubt(Normal, text, at, least - 1);
        assert!(below.starts_with("-unreadable"), "{text} {at}: {below}");
        let high = with_doubt(Sensitivity::High, text, at, least);
        assert!(high.starts_with('-') || least > 890, "{text} {at}: {high}");
    }
}

#[test]
fn a_tick_or_a_cursor_beside_text_may_be_read_as_anything() {
    use Sensitivity::Normal;
    assert_eq!(with_doubt(Normal, "_PWR", 0, 100), "+safe:technical");
    assert_eq!(with_doubt(Normal, "LIVER |", 6, 100), "+safe:anatomy");
    assert_eq!(with_doubt(Normal, "4.0cm-", 5, 100), "+safe:measurement");
    assert!(with_doubt(Normal, "-4.0cm", 0, 100).starts_with('-'));
    // Between characters, or in place of one, it may be a letter.
    assert!(with_doubt(Normal, "LI|VER", 2, 100).starts_with('-'));
    assert!(with_doubt(Normal, "lPWR", 0, 100).starts_with('-'));
}

#[test]
fn letters_upside_down_or_mirrored_stay_only_as_markers() {
    let rules = normal();
    let object = rules.for_object(&[]);
    for orientation in [Orientation::Turned, Orientation::Mirrored] {
        let as_read = |text| {
            let mut r = reading_with(text, 990);
            r.orientation = orientation;
            told(&object.decide(&r, H))
        };
        assert_eq!(as_read("R"), "+safe:laterality");
        assert_eq!(as_read("C"), "-unreadable");
        assert_eq!(as_read("LIVER"), "-unreadable");
    }
}

/// Lines given with the place of their first character and the pixels from one character to the next, decided together.
fn page(lines: &[(&str, u32, u32, i32, Orientation)]) -> Vec<String> {
    let made: Vec<Reading> = lines
        .iter()
        .map(|(text, x, y, pitch, orientation)| {
            let mut r = reading_with(text, 990);
            r.orientation = *orientation;
            for (i, c) in r.chars.iter_mut().enumerate() {
                let along = i as i32 * pitch;
                let step = pitch.unsigned_abs();
                c.rect = match orientation {
                    Orientation::Up | Orientation::Down => {
                        Rect::new(*x, y.saturating_add_signed(along), H, step)
                    }
                    _ => Rect::new(x.saturating_add_signed(along), *y, step, H),
                };
            }
            r
        })
        .collect();
    let made: Vec<(&Reading, u32)> = made.iter().map(|r| (r, H)).collect();
    let rules = normal();
    let told = rules.for_object(&[]).decide_picture(&made);
    told.iter().map(|v| super::told(v)).collect()
}

#[test]
fn parts_of_one_word_are_no_words() {
    use Orientation::{Down, Up, Upright};
    // Boxes of the outer characters reach over the ink: what overlaps so far is one word.
    let part = |x| page(&[("kV9", 10, 20, 8, Upright), ("1369119", x, 20, 8, Upright)]);
    assert!(
        part(29).iter().all(|v| v.starts_with('-')),
        "{:?}",
        part(29)
    );
    assert_eq!(part(60)[0], "+safe:measurement");
    // Found with the same letter at both ends.
    let both = page(&[("14:3", 10, 20, 8, Upright), ("31h", 31, 20, 8, Upright)]);
    assert!(both.iter().all(|v| v.starts_with('-')), "{both:?}");
    // Letters of wide cells stand farther apart than words of others.
    let wide = |x| page(&[("LIVER", 10, 20, 20, Upright), ("TON", x, 20, 20, Upright)]);
    assert_eq!(wide(112), ["-unknown-text", "-unknown-text"]);
    assert_eq!(wide(150)[0], "+safe:anatomy");
    // The same on its side.
    for (orientation, second) in [(Down, 60), (Up, 140)] {
        let pitch = if orientation == Down { 8 } else { -8 };
        let mut lines = [
            ("Emergency", 10, 100, pitch, orientation),
            ("Dept", 10, 100, pitch, orientation),
        ];
        lines[1].2 = 100u32.saturating_add_signed(pitch * 10);
        let own = page(&lines);
        assert!(own.iter().all(|v| v.starts_with('-')), "{second} {own:?}");
    }
}

#[test]
fn fragments_go_with_what_they_are_of() {
    use Orientation::{Down, Upright};
    let name = ("Borogove", 60, 20, 8, Upright);
    // A lone letter as near as letters are, an initial, a surname with a comma.
    assert_eq!(page(&[("i", 49, 20, 8, Upright), name])[0], "-unknown-text");
    assert_eq!(
        page(&[("C.", 34, 20, 8, Upright), name])[0],
        "-unknown-text"
    );
    assert_eq!(
        page(&[("NAV,", 18, 20, 8, Upright), name])[0],
        "-unknown-text"
    );
    // Farther away they are something else; a side may stand beside a name.
    assert_eq!(
        page(&[("A", 20, 20, 8, Upright), name])[0],
        "+safe:laterality"
    );
    assert_eq!(
        page(&[("R", 49, 20, 8, Upright), name])[0],
        "+safe:laterality"
    );
    // Letters above each other are a line on its side, unless they stand as lines do.
    let stack = |y| page(&[("R", 10, 20, 12, Upright), ("S", 10, y, 12, Upright)]);
    assert_eq!(stack(34), ["-unknown-text!", "-unknown-text"]);
    assert_eq!(stack(38)[0], "+safe:laterality");
    let beside = page(&[("P", 10, 20, 12, Upright), ("4711", 10, 33, 12, Down)]);
    assert!(beside.iter().all(|v| v.starts_with('-')), "{beside:?}");
    // A stroke beside a letter makes it no word.
    assert_eq!(
        page(&[("-A", 41, 20, 8, Upright), name])[0],
        "-unknown-text"
    );
}

#[test]
fn text_on_its_side_stays_only_with_all_of_its_column() {
    use Orientation::{Down, Up, Upright};
    let alone = |o| page(&[("Femur", 10, 200, if o == Up { -8 } else { 8 }, o)]);
    assert_eq!(alone(Up), ["+safe:anatomy"]);
    assert_eq!(alone(Down), ["+safe:anatomy"]);
    // Read the other way round, or upright: the rest of the same line.
    for rest in [("Jo", 10, 250, 8, Down), ("Gq", 10, 250, 8, Upright)] {
        let line = page(&[("Femur", 10, 200, 8, Down), rest]);
        assert_eq!(line[0], "-unknown-text", "{rest:?}");
    }
    // Beside it, or far below, is other text.
    for other in [("Jo", 60, 200, 8, Down), ("Jo", 10, 420, 8, Upright)] {
        assert_eq!(
            page(&[("Femur", 10, 200, 8, Down), other])[0],
            "+safe:anatomy",
            "{other:?}"
        );
    }
}

#[test]
fn hours_in_four_digits_are_a_clock_whose_colon_was_lost() {
    assert_eq!(
        page(&[("48h", 10, 20, 8, Orientation::Upright)]),
        ["+safe:measurement"]
    );
    for clock in ["2208h", "2208 h", "915h"] {
        let told = page(&[(clock, 10, 20, 8, Orientation::Upright)]);
        assert!(told[0].starts_with('-'), "{told:?}");
    }
}

/// Texts of the corpus' ground truth, read perfectly, header unknown: the words and forms alone.
/// `UNBURN_CORPUS` names the folder that holds `index.json`.
#[test]
fn ground_truth_of_the_corpus() {
    let Ok(dir) = std::env::var("UNBURN_CORPUS") else {
        eprintln!("skipped: UNBURN_CORPUS is not set");
        return;
    };
    let text = std::fs::read_to_string(format!("{dir}/index.json")).unwrap();
    let index: serde_json::Value = serde_json::from_str(&text).unwrap();
    let rules = Decider::new(Policy::SafeList, Sensitivity::Normal, &[], &[]);
    let object = rules.for_object(&[]);
    let mut counts = std::collections::BTreeMap::<String, (u32, u32)>::new();
    let mut leaks = 0;
    for file in index["files"].as_array().unwrap() {
        if !file["variant_of"].is_null() {
            continue;
        }
        for a in file["annotations"].as_array().unwrap() {
            let (text, kind) = (a["text"].as_str().unwrap(), a["kind"].as_str().unwrap());
            if a["legible"] != true {
                continue;
            }
            let verdicts = object.decide(&reading(text), 12);
            let kept = verdicts.iter().all(|v| v.action == Action::Keep);
            let some = verdicts.iter().any(|v| v.action == Action::Keep);
            let count = counts.entry(kind.to_string()).or_default();
            count.0 += u32::from(kept);
            count.1 += 1;
            // Two or three characters that happen to be a safe word or a number on a scale are the header's to tell.
            leaks += u32::from(kind.starts_with("phi") && some && text.chars().count() > 3);
        }
    }
    for (kind, (kept, all)) in &counts {
        eprintln!("{kind}: {kept} of {all} kept");
    }
    assert_eq!(leaks, 0);
    for kind in ["clinical", "technical", "marker"] {
        let (kept, all) = counts[kind];
        assert!(kept * 4 >= all * 3, "{kind}: {kept} of {all} kept");
    }
}
