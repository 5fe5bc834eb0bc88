//! Generated objects with invented people: an encoder of its own, and headers that hold identities in as many places as
//! real ones do. The same number always gives the same object.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// A value of an element.
#[derive(Clone)]
pub enum V {
    /// Bytes as they stand.
    B(Vec<u8>),
    /// Items.
    S(Vec<Vec<E>>),
}

/// One element.
#[derive(Clone)]
pub struct E(pub u32, pub &'static str, pub V);

/// A text element.
pub fn t(tag: u32, vr: &'static str, text: &str) -> E {
    E(tag, vr, V::B(text.as_bytes().to_vec()))
}

/// An element of 16-bit numbers.
pub fn us(tag: u32, n: u16) -> E {
    E(tag, "US", V::B(n.to_le_bytes().to_vec()))
}

/// A sequence.
pub fn sq(tag: u32, items: Vec<Vec<E>>) -> E {
    E(tag, "SQ", V::S(items))
}

/// A code item's elements.
pub fn code(value: &str, scheme: &str, meaning: &str) -> Vec<E> {
    vec![
        t(0x0008_0100, "SH", value),
        t(0x0008_0102, "SH", scheme),
        t(0x0008_0104, "LO", meaning),
    ]
}

fn encode(elements: &[E], implicit: bool, out: &mut Vec<u8>) {
    let mut sorted: Vec<&E> = elements.iter().collect();
    sorted.sort_by_key(|e| e.0);
    for E(tag, vr, value) in sorted {
        let mut body = Vec::new();
        match value {
            V::B(bytes) => {
                body.extend_from_slice(bytes);
                if body.len() % 2 == 1 {
                    body.push(if matches!(*vr, "UI" | "OB" | "UN") {
                        0
                    } else {
                        b' '
                    });
                }
            }
            V::S(items) => {
                for item in items {
                    let mut inner = Vec::new();
                    encode(item, implicit, &mut inner);
                    body.extend_from_slice(&[0xFE, 0xFF, 0x00, 0xE0]);
                    body.extend_from_slice(&(inner.len() as u32).to_le_bytes());
                    body.extend_from_slice(&inner);
                }
            }
        }
        out.extend_from_slice(&((tag >> 16) as u16).to_le_bytes());
        out.extend_from_slice(&(*tag as u16).to_le_bytes());
        if implicit {
            out.extend_from_slice(&(body.len() as u32).to_le_bytes());
        } else if ["OB", "OW", "SQ", "UN", "UT", "UC", "UR"].contains(vr) {
            out.extend_from_slice(vr.as_bytes());
            out.extend_from_slice(&[0, 0]);
            out.extend_from_slice(&(body.len() as u32).to_le_bytes());
        } else {
            out.extend_from_slice(vr.as_bytes());
            out.extend_from_slice(&(body.len() as u16).to_le_bytes());
        }
        out.extend_from_slice(&body);
    }
}

/// A whole file; the preamble may hold anything.
pub fn file(elements: &[E], implicit: bool, preamble: &[u8]) -> Vec<u8> {
    let text = |tag: u32| {
        elements
            .iter()
            .find(|e| e.0 == tag)
            .map_or_else(Vec::new, |e| match &e.2 {
                V::B(bytes) => bytes.clone(),
                V::S(_) => Vec::new(),
            })
    };
    let syntax = if implicit {
        "1.2.840.10008.1.2"
    } else {
        "1.2.840.10008.1.2.1"
    };
    let mut meta = Vec::new();
    let list = [
        E(0x0002_0002, "UI", V::B(text(0x0008_0016))),
        E(0x0002_0003, "UI", V::B(text(0x0008_0018))),
        t(0x0002_0010, "UI", syntax),
        t(0x0002_0016, "AE", "KESSELFLICK"),
    ];
    encode(&list, false, &mut meta);
    let mut out = preamble.to_vec();
    out.resize(128, 0);
    out.extend_from_slice(b"DICM");
    let mut length = Vec::new();
    encode(
        &[E(
            0x0002_0000,
            "UL",
            V::B((meta.len() as u32).to_le_bytes().to_vec()),
        )],
        false,
        &mut length,
    );
    out.extend(length);
    out.extend(meta);
    encode(elements, implicit, &mut out);
    out
}

/// An invented patient with a study; what must not be found of them later.
pub struct Patient {
    /// (0008,0005).
    pub charset: &'static str,
    /// (0010,0010) as it stands in the file.
    pub name: Vec<u8>,
    /// The parts of the name, as bytes of that character set.
    pub parts: Vec<Vec<u8>>,
    /// (0010,0020).
    pub id: String,
    /// (0008,0050).
    pub accession: String,
    /// `YYYYMMDD`.
    pub birth: String,
    /// `YYYYMMDD`.
    pub study_date: String,
    /// Root of all UIDs.
    pub root: String,
}

/// A name: its character set, its bytes, and its parts.
type Name = (&'static str, &'static [u8], &'static [&'static [u8]]);

/// Names in the character sets of PS3.5.
const NAMES: &[Name] = &[
    (
        "ISO_IR 100",
        b"Quendelbach^Thusnelda",
        &[b"Quendelbach", b"Thusnelda"],
    ),
    (
        "ISO_IR 100",
        b"M\xfcckenf\xe4ger^J\xf6rgine",
        &[b"M\xfcckenf\xe4ger", b"J\xf6rgine"],
    ),
    (
        "ISO_IR 192",
        "Żółwiński^Zdzisława".as_bytes(),
        &["Żółwiński".as_bytes(), "Zdzisława".as_bytes()],
    ),
    (
        "\\ISO 2022 IR 87",
        b"Yamada^Tarouko=\x1b$B;3ED\x1b(B^\x1b$BB@O:\x1b(B",
        &[b"Yamada", b"Tarouko", b"\x1b$B;3ED\x1b(B"],
    ),
    (
        "GB18030",
        b"Wangxiao^Dongli=\xcd\xf5^\xd0\xa1\xb6\xab",
        &[b"Wangxiao", b"Dongli", b"\xd0\xa1\xb6\xab"],
    ),
    (
        "\\ISO 2022 IR 149",
        b"Honggil^Dongsoo=\x1b$)C\xfb\xf3^\x1b$)C\xd1\xce\xd4\xd7",
        &[b"Honggil", b"Dongsoo", b"\xd1\xce\xd4\xd7"],
    ),
];

/// Constants of every generated object that must not be found later.
pub const PEOPLE: &[&str] = &[
    "Federkiel",
    "Ottokarine",
    "Schnurrbusch",
    "KESSELFLICK",
    "Klinikum Nebelhorn",
    "Nebelhorn",
    "NBHCT07",
    "Torfstecher Gasse",
    "0777-5551234",
    "SN-99817264",
    "Zahlmeister",
    "ORD-4471-X",
    "Wachtelhausen",
];

impl Patient {
    /// The n-th.
    pub fn new(n: u32) -> Patient {
        let (charset, name, parts) = NAMES[n as usize % NAMES.len()];
        Patient {
            charset,
            name: name.to_vec(),
            parts: parts.iter().map(|p| p.to_vec()).collect(),
            id: format!("NBH{:07}", 4_100_003 + 7 * n),
            accession: format!("ACC{:08}", 55_000_101 + 13 * n),
            birth: format!("19{:02}{:02}{:02}", 20 + n % 70, 1 + n % 12, 1 + n % 28),
            study_date: format!(
                "20{:02}{:02}{:02}",
                5 + n % 18,
                1 + (n + 5) % 12,
                1 + (n + 9) % 28
            ),
            root: format!("1.2.826.0.1.3680043.8.498.{}", 770_000 + n),
        }
    }

    /// Everything that must not be found, as bytes.
    pub fn secrets(&self) -> Vec<Vec<u8>> {
        let mut all: Vec<Vec<u8>> = self.parts.clone();
        all.extend(PEOPLE.iter().map(|p| p.as_bytes().to_vec()));
        for text in [
            &self.id,
            &self.accession,
            &self.birth,
            &self.study_date,
            &self.root,
        ] {
            all.push(text.as_bytes().to_vec());
        }
        for date in [&self.birth, &self.study_date] {
            let (y, m, d) = (&date[..4], &date[4..6], &date[6..]);
            all.push(format!("{d}.{m}.{y}").into_bytes());
            all.push(format!("{y}-{m}-{d}").into_bytes());
        }
        all
    }

    fn uid(&self, end: &str) -> String {
        format!("{}.{end}", self.root)
    }

    /// What every object of the patient's study holds; `class` is the end of the SOP Class UID.
    pub fn header(&self, class: &str, modality: &str, series: u32, instance: u32) -> Vec<E> {
        let date = &self.study_date;
        let free = format!("{} wie am {} besprochen", self.id, date);
        vec![
            t(0x0008_0005, "CS", self.charset),
            t(0x0008_0012, "DA", date),
            t(0x0008_0013, "TM", "081512.5"),
            t(
                0x0008_0016,
                "UI",
                &format!("1.2.840.10008.5.1.4.1.1.{class}"),
            ),
            t(
                0x0008_0018,
                "UI",
                &self.uid(&format!("{series}.{instance}")),
            ),
            t(0x0008_0020, "DA", date),
            t(0x0008_0021, "DA", date),
            t(0x0008_0022, "DA", date),
            t(0x0008_0023, "DA", date),
            t(0x0008_002A, "DT", &format!("{date}081512.25+0100")),
            t(0x0008_0030, "TM", "080000"),
            t(0x0008_0031, "TM", "080100"),
            t(0x0008_0032, "TM", "080200"),
            t(0x0008_0033, "TM", "080300"),
            t(0x0008_0050, "SH", &self.accession),
            t(0x0008_0060, "CS", modality),
            t(0x0008_0070, "LO", "SIEMENS"),
            t(0x0008_0080, "LO", "Klinikum Nebelhorn"),
            t(0x0008_0081, "ST", "Torfstecher Gasse 3, Wachtelhausen"),
            t(0x0008_0090, "PN", "Federkiel^Ottokarine^^Dr."),
            t(0x0008_1010, "SH", "NBHCT07"),
            t(
                0x0008_1030,
                "LO",
                &format!("CT Thorax fuer Schnurrbusch {}", self.id),
            ),
            t(0x0008_103E, "LO", "CHEST 5mm Schnurrbusch"),
            t(0x0008_1070, "PN", "Schnurrbusch"),
            t(0x0008_1090, "LO", "Somaton Invented"),
            sq(
                0x0008_1140,
                vec![vec![
                    t(0x0008_1150, "UI", "1.2.840.10008.5.1.4.1.1.2"),
                    t(0x0008_1155, "UI", &self.uid("9.9")),
                ]],
            ),
            sq(
                0x0009_1102,
                vec![vec![
                    t(0x0010_0020, "LO", &self.id),
                    t(0x0010_0010, "PN", "Federkiel^Ottokarine"),
                ]],
            ),
            t(0x0009_0010, "LO", "NEBELHORN PRIVATE"),
            t(0x0009_0011, "LO", "NEBELHORN OTHER"),
            t(0x0009_1001, "LO", &free),
            E(0x0010_0010, "PN", V::B(self.name.clone())),
            t(0x0010_0020, "LO", &self.id),
            t(0x0010_0030, "DA", &self.birth),
            t(0x0010_0040, "CS", "F"),
            t(0x0010_1010, "AS", "093Y"),
            t(0x0010_1020, "DS", "1.71"),
            t(0x0010_1030, "DS", "72.5"),
            t(0x0010_1040, "LO", "Torfstecher Gasse 3"),
            t(0x0010_2154, "SH", "0777-5551234"),
            t(0x0010_21B0, "LT", &free),
            t(0x0010_4000, "LT", "Zahlmeister der Wachtelhausen AG"),
            t(0x0018_0015, "CS", "CHEST"),
            t(0x0018_1000, "LO", "SN-99817264"),
            t(0x0018_1020, "LO", "VB42"),
            t(0x0018_1030, "LO", "Thorax Nebelhorn"),
            t(0x0020_000D, "UI", &self.uid("1")),
            t(0x0020_000E, "UI", &self.uid(&format!("2.{series}"))),
            t(0x0020_0010, "SH", "ORD-4471-X"),
            t(0x0020_0011, "IS", &series.to_string()),
            t(0x0020_0013, "IS", &instance.to_string()),
            t(0x0020_0052, "UI", &self.uid("3")),
            t(0x0032_1060, "LO", &free),
            sq(
                0x0040_0275,
                vec![vec![
                    t(0x0040_0007, "LO", &free),
                    t(0x0040_0009, "SH", "ORD-4471-X"),
                    sq(
                        0x0040_0008,
                        vec![code("NBH-1", "99NEBELHORN", "Thorax Nebelhorn")],
                    ),
                ]],
            ),
            t(0x0040_1006, "SH", "ORD-4471-X"),
            t(0x0040_A160, "UT", &free),
        ]
    }

    /// A picture of 64×64 pixels with nothing on it, of this class.
    pub fn image(&self, class: &str, modality: &str, series: u32, instance: u32) -> Vec<E> {
        let mut all = self.header(class, modality, series, instance);
        all.extend([
            t(0x0008_0008, "CS", "ORIGINAL\\PRIMARY\\AXIAL"),
            t(0x0020_0032, "DS", &format!("-100\\-100\\{instance}")),
            t(0x0020_0037, "DS", "1\\0\\0\\0\\1\\0"),
            t(0x0020_0060, "CS", ""),
            t(0x0020_1040, "LO", ""),
            us(0x0028_0002, 1),
            t(0x0028_0004, "CS", "MONOCHROME2"),
            us(0x0028_0010, 64),
            us(0x0028_0011, 64),
            t(0x0028_0030, "DS", "2\\2"),
            us(0x0028_0100, 16),
            us(0x0028_0101, 12),
            us(0x0028_0102, 11),
            us(0x0028_0103, 0),
            t(0x0028_1050, "DS", "500"),
            t(0x0028_1051, "DS", "1000"),
            t(0x0028_1052, "DS", "-1024"),
            t(0x0028_1053, "DS", "1"),
            t(0x0028_1054, "LO", "HU"),
            t(0x0018_0050, "DS", "5"),
            t(0x0018_0060, "DS", "120"),
            E(0x7FE0_0010, "OW", V::B(disc(instance))),
        ]);
        if modality == "PT" {
            all.extend([
                t(0x0028_0051, "CS", "ATTN\\DECY"),
                t(0x0054_1001, "CS", "BQML"),
                t(0x0054_1102, "CS", "START"),
                sq(
                    0x0054_0016,
                    vec![vec![
                        t(0x0018_0031, "LO", "FDG -- fluorodeoxyglucose"),
                        t(0x0018_1072, "TM", "070000.00"),
                        t(0x0018_1074, "DS", "370000000"),
                        t(0x0018_1075, "DS", "6588"),
                        t(0x0018_1078, "DT", &format!("{}070000.00", self.study_date)),
                    ]],
                ),
            ]);
        }
        all
    }

    /// A presentation state that refers to an image.
    pub fn presentation(&self, series: u32, instance: u32, shown: (u32, u32)) -> Vec<E> {
        let mut all = self.header("11.1", "PR", series, instance);
        let image = vec![
            t(0x0008_1150, "UI", "1.2.840.10008.5.1.4.1.1.2"),
            t(
                0x0008_1155,
                "UI",
                &self.uid(&format!("{}.{}", shown.0, shown.1)),
            ),
        ];
        all.retain(|e| e.0 != 0x0008_1140);
        all.extend([
            sq(
                0x0008_1115,
                vec![vec![
                    sq(0x0008_1140, vec![image.clone()]),
                    t(0x0020_000E, "UI", &self.uid(&format!("2.{}", shown.0))),
                ]],
            ),
            sq(
                0x0070_0001,
                vec![vec![
                    sq(0x0008_1140, vec![image]),
                    t(0x0070_0002, "CS", "LAYER1"),
                    sq(
                        0x0070_0008,
                        vec![vec![
                            t(0x0070_0003, "CS", "PIXEL"),
                            t(
                                0x0070_0006,
                                "ST",
                                &format!("Befund {} Schnurrbusch", self.id),
                            ),
                        ]],
                    ),
                ]],
            ),
            t(0x0070_0080, "CS", "STATE1"),
            t(0x0070_0081, "LO", "Gezeigt Nebelhorn"),
            t(0x0070_0082, "DA", &self.study_date),
            t(0x0070_0083, "TM", "101010"),
            t(0x0070_0084, "PN", "Schnurrbusch"),
        ]);
        all
    }
}

impl Patient {
    /// A structured report about an image, with content items of every kind that can name somebody.
    pub fn report(&self, series: u32, instance: u32, shown: (u32, u32)) -> Vec<E> {
        let mut all = self.header("88.22", "SR", series, instance);
        all.retain(|e| !matches!(e.0, 0x0008_1140 | 0x0018_0015 | 0x0020_0052 | 0x0040_A160));
        let item = |relation: &str, kind: &str, concept: Vec<E>, value: Vec<E>| {
            let mut item = vec![
                t(0x0040_A010, "CS", relation),
                t(0x0040_A040, "CS", kind),
                sq(0x0040_A043, vec![concept]),
            ];
            item.extend(value);
            item
        };
        let image = vec![
            t(0x0008_1150, "UI", "1.2.840.10008.5.1.4.1.1.2"),
            t(
                0x0008_1155,
                "UI",
                &self.uid(&format!("{}.{}", shown.0, shown.1)),
            ),
        ];
        let text = format!(
            "Liver lesion of {} seen by Schnurrbusch on {}",
            self.id, self.study_date
        );
        let items = vec![
            item(
                "HAS OBS CONTEXT",
                "PNAME",
                code("121008", "DCM", "Person Observer Name"),
                vec![t(0x0040_A123, "PN", "Schnurrbusch")],
            ),
            item(
                "HAS OBS CONTEXT",
                "UIDREF",
                code("121012", "DCM", "Device Observer UID"),
                vec![t(0x0040_A124, "UI", &self.uid("9.9"))],
            ),
            item(
                "HAS OBS CONTEXT",
                "DATE",
                code("121031", "DCM", "Subject Birth Date"),
                vec![t(0x0040_A121, "DA", &self.birth)],
            ),
            item(
                "HAS OBS CONTEXT",
                "CODE",
                code("121032", "DCM", "Subject Sex"),
                vec![sq(0x0040_A168, vec![code("M", "DCM", "Male")])],
            ),
            item(
                "HAS OBS CONTEXT",
                "NUM",
                code("121033", "DCM", "Subject Age"),
                vec![sq(
                    0x0040_A300,
                    vec![vec![
                        sq(0x0040_08EA, vec![code("a", "UCUM", "year")]),
                        t(0x0040_A30A, "DS", "93"),
                    ]],
                )],
            ),
            item(
                "CONTAINS",
                "TEXT",
                code("121071", "DCM", "Finding"),
                vec![t(0x0040_A160, "UT", &text)],
            ),
            item(
                "CONTAINS",
                "NUM",
                code("410668003", "SCT", "Length"),
                vec![sq(
                    0x0040_A300,
                    vec![vec![
                        sq(0x0040_08EA, vec![code("mm", "UCUM", "millimeter")]),
                        t(0x0040_A30A, "DS", "14.2"),
                    ]],
                )],
            ),
            item(
                "CONTAINS",
                "CODE",
                code("X1", "99NEBEL", "Signed by Nebelhorn"),
                vec![sq(0x0040_A168, vec![code("10200004", "SCT", "Liver")])],
            ),
            vec![
                t(0x0040_A010, "CS", "CONTAINS"),
                t(0x0040_A040, "CS", "IMAGE"),
                sq(0x0008_1199, vec![image.clone()]),
            ],
        ];
        all.extend([
            sq(
                0x0040_A043,
                vec![code("126000", "DCM", "Imaging Measurement Report")],
            ),
            t(0x0040_A040, "CS", "CONTAINER"),
            t(0x0040_A050, "CS", "SEPARATE"),
            t(0x0040_A491, "CS", "COMPLETE"),
            t(0x0040_A493, "CS", "UNVERIFIED"),
            sq(
                0x0040_A375,
                vec![vec![
                    sq(
                        0x0008_1115,
                        vec![vec![
                            sq(0x0008_1199, vec![image]),
                            t(0x0020_000E, "UI", &self.uid(&format!("2.{}", shown.0))),
                        ]],
                    ),
                    t(0x0020_000D, "UI", &self.uid("1")),
                ]],
            ),
            sq(0x0040_A730, items),
        ]);
        all
    }
}

/// A soft disc: something to look at, no text.
fn disc(seed: u32) -> Vec<u8> {
    let mut out = Vec::with_capacity(64 * 64 * 2);
    for y in 0..64_i32 {
        for x in 0..64_i32 {
            let d = (x - 32).pow(2) + (y - 32).pow(2);
            let v = if d < 600 { 900 - d as u16 / 4 } else { 40 };
            out.extend_from_slice(&(v + (seed % 7) as u16).to_le_bytes());
        }
    }
    out
}

/// Where secrets are found in bytes: case folded, as they stand, and in UTF-16 where they are ASCII.
pub fn found(secrets: &[Vec<u8>], bytes: &[u8]) -> BTreeSet<String> {
    let low = bytes.to_ascii_lowercase();
    let has = |needle: &[u8]| low.windows(needle.len()).any(|w| w == needle);
    let mut hits = BTreeSet::new();
    for secret in secrets {
        let needle = secret.to_ascii_lowercase();
        let wide: Vec<u8> = needle.iter().flat_map(|b| [*b, 0]).collect();
        if has(&needle) || secret.is_ascii() && has(&wide) {
            hits.insert(String::from_utf8_lossy(secret).into_owned());
        }
    }
    hits
}

/// Writes `count` objects of `count / 10` patients below a folder; their paths with the patient's number.
pub fn archive(folder: &Path, count: u32) -> Vec<(PathBuf, u32)> {
    let kinds: [(&str, &str); 8] = [
        ("2", "CT"),
        ("4", "MR"),
        ("128", "PT"),
        ("7", "OT"),
        ("2", "CT"),
        ("1", "CR"),
        ("20", "NM"),
        ("6.1", "US"),
    ];
    (0..count)
        .map(|i| {
            let (n, k) = (i / 10, i % 10);
            let patient = Patient::new(n);
            let elements = match k {
                8 => patient.presentation(8, 1, (0, 1)),
                9 => patient.image("2", "CT", 0, 2),
                k => {
                    let (class, modality) = kinds[k as usize];
                    patient.image(class, modality, k, 1)
                }
            };
            let path = folder
                .join(format!("Nebelhorn_{n:03}"))
                .join(format!("{}_{k}.dcm", patient.id));
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            let preamble = if k == 3 {
                b"II*\0 Federkiel".as_slice()
            } else {
                b""
            };
            fs::write(&path, file(&elements, k == 4, preamble)).unwrap();
            (path, n)
        })
        .collect()
}
