//! Lines as screens of many makers show them, and lines that only look like them. All of both are invented.

use super::*;

/// Whether all of a line stays, and whether none of its letters and digits does.
fn stays_and_goes(text: &str) -> (bool, bool) {
    let rules = normal();
    let object = rules.for_object(&[]);
    let r = reading(text);
    let verdicts = object.decide(&r, H);
    let keeps = |v: &Verdict| v.action == Action::Keep;
    let shown = |v: &Verdict| {
        let chars = &r.chars[v.chars.clone()];
        chars.iter().any(|c| c.ch.is_alphanumeric())
    };
    let all = verdicts.iter().all(keeps);
    (all, !verdicts.iter().any(|v| keeps(v) && shown(v)))
}

fn all_stay(lines: &[&str]) {
    let wrong: Vec<String> = lines
        .iter()
        .filter(|l| !stays_and_goes(l).0)
        .map(|l| format!("{l}: {}", decide(&[], l)))
        .collect();
    assert!(wrong.is_empty(), "masked:\n{}", wrong.join("\n"));
}

fn all_go(lines: &[&str]) {
    let wrong: Vec<String> = lines
        .iter()
        .filter(|l| !stays_and_goes(l).1)
        .map(|l| format!("{l}: {}", decide(&[], l)))
        .collect();
    assert!(wrong.is_empty(), "kept:\n{}", wrong.join("\n"));
}

#[test]
fn ultrasound_screens_stay() {
    all_stay(&[
        "FR 32Hz",
        "Gn 60",
        "C 61",
        "DR 55",
        "Map 3",
        "MapE/ST2",
        "PRC 7-2-H",
        "PRC: 7-2-H",
        "Per Med",
        "Filter:Low",
        "WF 150Hz",
        "P 100%",
        "AO% 100",
        "TXP 80%",
        "2D Gain 54%",
        "S/A 2/1",
        "Frq 3.5 MHz",
        "Dynamic Range 65 dB",
        "DynRange 65 dB",
        "Depth (cm) 12.5",
        "Persistence 3",
        "TIs 0.6 TIb 1.2",
        "RI 0.68",
        "S/D 3.1",
        "PSV 85.3 cm/s",
        "EDV 21.4 cm/s",
        "TAMax 33.1 cm/s",
        "ICA/CCA 1.2",
        "Prox ICA",
        "LVIDd 4.8 cm",
        "IVSd 0.9 cm",
        "LVPWd 1.0 cm",
        "EF(Teich) 62 %",
        "TAPSE 22 mm",
        "E/A 1.3",
        "E/e' 8.2",
        "LVEDV Index 55 ml/m2",
        "BPD 8.1 cm 32w4d",
        "HC 29.8cm 33w0d",
        "FL/AC 22.1 %",
        "EFW 1950 g",
        "AFI 12.3 cm",
        "CRL 3.2 cm 10w1d",
        "Nuchal translucency",
        "Cerebellum 2.2 cm",
        "Fetal Heart",
        "Cord insertion",
        "Placenta anterior",
        "Panoramic view",
        "CrossXBeam",
        "Speckle reduction",
        "Freeze",
        "Thyroid isthmus",
        "Gallbladder wall thickness",
        "Carotid bulb",
        "LOGIQE9",
        "Resona7",
        "E8C-RS",
        "C1-5-D",
        "L38xi",
        "10L4",
        "DVP: 3.1 cm",
        "LVDP=12 mmHg",
        "KLM2: 94 %",
        "Cist Mag",
        "Max PG",
        "RK SAG",
        "Umb Art S/D 2.9",
        "EFW (Hadlock) 1450 g",
        "EF(MOD-sp4) 61.2 %",
        "Fr Rate:Surv",
        "RAB4-8-D/OB",
        "Depth....12 cm",
    ]);
}

#[test]
fn tomography_and_radiography_screens_stay() {
    all_stay(&[
        "CTDIvol [mGy]: 12.3",
        "DLP (mGy*cm) 512.4",
        "Total DLP 512.4",
        "Total mAs 2510",
        "Eff. mAs 120",
        "Kernel B30f",
        "W:1500 L:-600",
        "C -500 W 1500",
        "(mm) (mGy) (mGy-cm) cm",
        "Br40d",
        "H31s",
        "FC03",
        "Scan Range",
        "Dose Report",
        "Phantom Type",
        "Gantry Tilt 0.0",
        "Tilt 5.0",
        "Topogram",
        "Rot Time 0.5 s",
        "Acq. 2 x 32 x 0.6 mm",
        "LAO 30 CAUD 20",
        "SID 110 cm",
        "15 fps",
        "Stent enhancement",
        "Fluoroscopy Subtracted",
        "EXI 1450",
        "Exposure Index 250",
        "DI -1.2",
        "S 200",
        "AGD 1.4 mGy",
        "Comp Force 92 N",
        "R-MLO",
        "Venc 150 cm/s",
        "TurboFactor 15",
        "T2 TSE sag",
        "DIFFUSION TRACEW",
        "ADC Map",
        "BW 250 Hz/px",
        "Coronal reconstruction",
        "Anteroposterior",
        "Swimmers lateral",
        "Tc-99m MDP",
        "SUVmax 4.2",
        "T-score -1.2",
        "BMD 0.912 g/cm2",
        "Total hip",
    ]);
}

#[test]
fn endoscopes_eyes_and_traces_stay() {
    all_stay(&[
        "Eh:A1",
        "Ce:0 Cm:1",
        "Er:B5",
        "SCV------1",
        "ILM-RPE",
        "Gain:Auto",
        "IOP 14 mmHg",
        "RNFL thickness",
        "Fovea",
        "Signal quality",
        "QRS 92 ms",
        "QT/QTc 380/410 ms",
        "Vent rate 72 bpm",
        "Sinus rhythm",
        "25 mm/s 10 mm/mV",
        "Chromoendoscopy",
    ]);
}

#[test]
fn words_of_other_languages_stay() {
    all_stay(&[
        "Gallenblase Längsschnitt",
        "Rückenlage",
        "Verstärkung",
        "Kopfumfang 29.8 cm",
        "Vorhof rechts",
        "Épaule droite",
        "Vésicule biliaire",
        "Pouce gauche",
        "Réglages",
        "Vesícula",
        "Rodilla izquierda",
        "Líquido",
        "Ganancia",
        "Ginocchio destro",
        "Gravidanza",
        "Luminosità",
        "Coração",
        "Joelho direito",
        "Frequência",
        "Galblaas",
        "Schouder",
        "Versterking",
    ]);
}

#[test]
fn people_beside_vocabulary_go() {
    all_go(&[
        // Names that are words of a screen or of the body.
        "Dixon",
        "Bravo",
        "Long",
        "Brown",
        "Fields",
        "Cross",
        "Smart",
        "Hart",
        "Ring",
        "Gold",
        "Rose",
        "Field, Amber",
        "Cross Ruby",
        "Fields 45",
        "Hart 12",
        "Chang 3.5",
        "Master Beam",
        "Iris Braun",
        "Rex 61",
        "Mandel",
        "Linke, Rose",
        "Bianco Rosso",
        "Schwarz",
        "Verde",
        // Near to a word.
        "Foldsen",
        "Fluidy",
        "Sectioni",
        "Cervikal",
        "Plancenta",
        // Initials and ages.
        "JS 45",
        "CE 45",
        "CE: 45",
        "W 1500",
        "Hadlock",
        "Hadlock 45",
        "Liver (Hadlock)",
        "GI 45",
        "RK LK",
        "CM",
        "JS 45Y",
        "MK 61 yrs",
        "JS: 45",
        "MK=61",
        "JS 94",
        "QX: 4711",
        "MNV: 45",
        "JKB 12",
        // A name, or initials, beside a value of the screen, or with what a person measures.
        "NG 15cm",
        "LEE 12 mm",
        "KIM 3.5 MHz",
        "KIM: 15 cm",
        "LEE=94 %",
        "JS 94 %",
        "GR: 175 cm",
        "GRSS: 1750 mm",
        "WGT: 80 kg",
        "FRW2: 80 kg",
        "DVX: 12 min",
        "KTS: 12 h",
        "RMS: 45 y",
        "Dr. Liver",
    ]);
}

#[test]
fn numbers_places_and_institutions_beside_vocabulary_go() {
    all_go(&[
        "MRN: 12 mm 4711",
        "MRN 12345",
        "PID: 94 %",
        "Acc# 35512",
        "Room 12",
        "Room: 4",
        "Ward 3",
        "Ward: B4",
        "Station 7-2-H",
        "Bed: B4 Ward 3",
        "XB-7-2-H",
        "AB4-8812-D/OB",
        "Acme....12345",
        "ID------4711",
        "QX 7-2-H",
        "KLM: 12-03-19",
        "PRC 12-03-19",
        "KVX: 0555 014 778",
        "AB12345",
        "LX40471",
        "B30f4711",
        "0:03:46",
        "+2:09:04",
        "14:43",
        "Chest Clinic Berlin",
        "St. Mary Breast Center",
        "Spine Institute",
        "Heart Hospital",
        "Vascular Lab Quellstadt",
        "Digital Imaging Center",
        "Quellheim Diagnostic",
        "Horizon Womens",
        "Samaritan",
        "Heidelberg",
        "Oxford",
        "Aurora",
        "Operator: Scan",
        "Name: Liver Fields",
        "Physician Field",
        "Patient Amber Cross",
    ]);
}

#[test]
fn a_bracket_behind_a_label_must_hold_a_unit() {
    check(
        &[],
        &[
            ("DLP (mGy*cm): 512.4", "+safe:measurement"),
            ("Depth (cm): 12", "+safe:measurement"),
            ("Depth (Quill): 12", "-unknown-text"),
            ("Depth (kg): 80", "-unknown-text"),
        ],
    );
}

#[test]
fn settings_in_a_row_need_a_label_and_few_digits() {
    check(
        &[],
        &[
            ("PRC 7-2-H", "+safe:measurement"),
            ("Map 2/0/E/B/B", "+safe:measurement"),
            ("PRC 7-2-QX", "-unknown-text"),
            ("Map 12-34-56-H", "-pattern:id"),
            ("X 7-2-H", "-unknown-text"),
        ],
    );
}
