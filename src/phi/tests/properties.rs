//! What holds for any text, policy and header: verdicts cover, and only grow; hostile geometry does no harm.

use super::*;

/// A small deterministic source of numbers (xorshift).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % sides.max(1) as u64) as usize
    }

    fn text(&mut self) -> String {
        const WORDS: [&str; 44] = [
            "R",
            "L",
            "RT",
            "AP",
            "LIVER",
            "Long",
            "QUILL",
            "Quill,",
            "ANN",
            "A.",
            "12",
            "0.9",
            "MI",
            "TE",
            "102",
            "ms",
            "12.03.1971",
            "14:22",
            "AC",
            "HR",
            "72",
            "bpm",
            "ID:",
            "4711",
            "Name:",
            "Dr.",
            "C5-1",
            "45Y",
            "M",
            "F",
            "3/4",
            "15cm",
            "Hospital",
            "JS",
            "-",
            "+",
            "SUPINE",
            "1971",
            "47",
            "11",
            "Page",
            "1/3",
            "Kidney",
            "Zebu",
        ];
        const ODD: [char; 24] = [
            '\0',
            '\u{301}',
            'ß',
            'ﬀ',
            '²',
            '½',
            '¼',
            '٣',
            '०',
            '山',
            '\u{200f}',
            '\u{10ffff}',
            'İ',
            'ı',
            '.',
            ',',
            '/',
            '-',
            ':',
            '|',
            '0',
            '9',
            'O',
            'Ø',
        ];
        (0..1 + self.roll(6))
            .map(|_| match self.roll(5) {
                0 => (0..1 + self.roll(5))
                    .map(|_| ODD[self.roll(ODD.len())])
                    .collect(),
                _ => {
                    WORDS[self.roll(WORDS.len())].to_string()
                        + ["", "", "", "  ", "     "][self.roll(5)]
                }
            })
            .collect::<Vec<String>>()
            .join(" ")
    }

    fn reading(&mut self) -> Reading {
        let mut r = reading(&self.text());
        let base = [950, 800, 650, 400][self.roll(4)];
        r.confidence = base;
        for c in &mut r.chars {
            c.confidence = base + self.roll(50) as u16;
            if self.roll(40) == 0 {
                c.confidence = self.roll(1001) as u16;
            }
        }
        r
    }
}

fn masked(reading: &Reading, verdicts: &[Verdict]) -> Vec<bool> {
    let mut out = vec![false; reading.chars.len()];
    // Spaces show nothing; whether a range spans them does not matter.
    for v in verdicts.iter().filter(|v| v.action == Action::Mask) {
        for i in v.chars.clone() {
            out[i] = !reading.chars[i].ch.is_whitespace();
        }
    }
    out
}

#[test]
fn verdicts_cover_the_text_and_only_grow_with_policy_sensitivity_and_knowledge() {
    let rules = |p, s, m: &[&str]| Decider::new(p, s, &[], &lines(m));
    let normal = rules(Policy::SafeList, Sensitivity::Normal, &[]);
    let more = [
        rules(Policy::SafeList, Sensitivity::High, &[]),
        rules(Policy::All, Sensitivity::Normal, &[]),
        rules(
            Policy::SafeList,
            Sensitivity::Normal,
            &["Liver", "Long", "ID", "Page", "R"],
        ),
    ];
    let phi = rules(Policy::Phi, Sensitivity::Normal, &[]);
    let phi_high = rules(Policy::Phi, Sensitivity::High, &[]);
    let known = [
        identity("PatientName", PersonName, "Quill^Ann^R"),
        identity("PatientBirthDate", Date, "19710312"),
        identity("PatientID", Id, "4711"),
        identity("InstitutionName", Place, "Liver Page"),
        identity("OtherPatientNames", PersonName, "ID^Name"),
    ];
    let mut dice = Dice(0x5EED);
    let subset = |a: &[bool], b: &[bool]| a.iter().zip(b).all(|(a, b)| !a || *b);
    for _ in 0..800 {
        let r = dice.reading();
        let run =
            |rules: &Decider, ids: &[Identity]| masked(&r, &rules.for_object(ids).decide(&r, H));
        let verdicts = normal.for_object(&[]).decide(&r, H);
        let mut at = 0;
        let mut covered = vec![false; r.chars.len()];
        for v in &verdicts {
            assert!(v.chars.start >= at && v.confidence <= 1000);
            at = v.chars.end;
            covered[v.chars.clone()].fill(true);
        }
        for (c, covered) in r.chars.iter().zip(&covered) {
            assert!(*covered || c.ch.is_whitespace(), "{:?}", r.text());
        }
        let base = run(&normal, &[]);
        for m in &more {
            assert!(subset(&base, &run(m, &[])), "{:?}", r.text());
        }
        assert!(subset(&run(&phi, &[]), &base), "{:?}", r.text());
        assert!(
            subset(&run(&phi, &known), &run(&phi_high, &known)),
            "{:?}",
            r.text()
        );
        for n in 1..=known.len() {
            let (fewer, all) = (run(&normal, &known[..n - 1]), run(&normal, &known[..n]));
            assert!(
                subset(&fewer, &all),
                "{:?} with {n}: {} then {}",
                r.text(),
                told(&normal.for_object(&known[..n - 1]).decide(&r, H)),
                told(&normal.for_object(&known[..n]).decide(&r, H))
            );
            let (fewer, all) = (run(&phi, &known[..n - 1]), run(&phi, &known[..n]));
            assert!(subset(&fewer, &all), "phi: {:?} with {n}", r.text());
        }
        let together = normal
            .for_object(&known)
            .decide_picture(&[(&r, H), (&r, H)]);
        assert!(subset(&run(&normal, &known), &masked(&r, &together[0])));
    }
}

#[test]
fn hostile_geometry_and_order_of_identities_do_not_matter() {
    let mut known = vec![
        identity("PatientName", PersonName, "Quill^Ann"),
        identity("OperatorsName", PersonName, "Quill^Zed"),
        identity("PatientID", Id, "QUILL"),
        identity("PatientName", PersonName, "^^^="),
        identity("PatientBirthDate", Date, "not a date"),
        identity("StudyTime", Time, "é:"),
        identity("PatientTelephoneNumbers", Phone, ""),
    ];
    let rules = normal();
    let forward = told(&rules.for_object(&known).decide(&reading("QUILL 12"), H));
    known.reverse();
    assert_eq!(
        told(&rules.for_object(&known).decide(&reading("QUILL 12"), H)),
        forward
    );
    let huge = Reading {
        chars: ['A', 'B', ' ', 'C']
            .into_iter()
            .map(|ch| ReadChar {
                ch,
                rect: Rect::new(u32::MAX - 3, u32::MAX, u32::MAX, 7),
                confidence: u16::MAX,
            })
            .collect(),
        confidence: u16::MAX,
        ..Reading::default()
    };
    for height in [0, 1, u32::MAX] {
        rules
            .for_object(&known)
            .decide_picture(&[(&huge, height), (&Reading::default(), height)]);
    }
}

#[test]
fn rows_of_lines_only_grow_with_policy_sensitivity_and_knowledge() {
    let rules = |p, s| Decider::new(p, s, &[], &[]);
    let normal = rules(Policy::SafeList, Sensitivity::Normal);
    let high = rules(Policy::SafeList, Sensitivity::High);
    let all = rules(Policy::All, Sensitivity::Normal);
    let known = [
        identity("PatientName", PersonName, "Quill^Ann^R"),
        identity("PatientBirthDate", Date, "19710312"),
        identity("PatientID", Id, "4711"),
        identity("InstitutionName", Place, "Liver Page"),
    ];
    let mut dice = Dice(0xF01D);
    let subset = |a: &[Vec<bool>], b: &[Vec<bool>]| {
        a.iter()
            .flatten()
            .zip(b.iter().flatten())
            .all(|(a, b)| !a || *b)
    };
    for _ in 0..500 {
        let mut x = 0;
        let lines: Vec<Reading> = (0..2 + dice.roll(2))
            .map(|_| {
                let mut r = dice.reading();
                for c in &mut r.chars {
                    c.rect = Rect::new(x, 0, 8, H);
                    x += 10;
                }
                x += [2, 6, 20, 60, 400][dice.roll(5)];
                r
            })
            .collect();
        let refs: Vec<(&Reading, u32)> = lines.iter().map(|r| (r, H)).collect();
        let run = |rules: &Decider, ids: &[Identity]| -> Vec<Vec<bool>> {
            let verdicts = rules.for_object(ids).decide_picture(&refs);
            lines
                .iter()
                .zip(&verdicts)
                .map(|(r, v)| {
                    let mut told = vec![false; r.chars.len()];
                    let mut at = 0;
                    for v in v {
                        assert!(v.chars.start >= at);
                        at = v.chars.end;
                        told[v.chars.clone()].fill(true);
                    }
                    let left = |(c, told): (&ReadChar, &bool)| !told && !c.ch.is_whitespace();
                    assert!(!r.chars.iter().zip(&told).any(left), "{:?}", r.text());
                    assert!(!v.is_empty());
                    masked(r, v)
                })
                .collect()
        };
        let texts: Vec<String> = lines.iter().map(Reading::text).collect();
        let base = run(&normal, &[]);
        assert!(subset(&base, &run(&high, &[])), "{texts:?}");
        assert!(subset(&base, &run(&all, &[])), "{texts:?}");
        for n in 1..=known.len() {
            let (fewer, more) = (run(&normal, &known[..n - 1]), run(&normal, &known[..n]));
            let told_with = |ids: &[Identity]| -> Vec<String> {
                let object = normal.for_object(ids);
                object
                    .decide_picture(&refs)
                    .iter()
                    .map(|v| told(v))
                    .collect()
            };
            assert!(
                subset(&fewer, &more),
                "{texts:?} with {n}: {:?} then {:?}",
                told_with(&known[..n - 1]),
                told_with(&known[..n])
            );
        }
    }
}
