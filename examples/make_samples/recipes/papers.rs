//! Secondary captures: a scanned form and a saved rendering with turned text.

use super::Recipe;
use crate::glyphs::Style;
use crate::header::Class;
use crate::scene::paper::{rendered, sheet};
use crate::sheet::{Kind, Paint, Sheet};
use crate::write::Form;
use embedded_graphics::mono_font::ascii;

/// A scanned request form: dark on light, rules and boxes, three typefaces.
pub fn form() -> Recipe {
    let (w, h) = (560, 720);
    let mut page = sheet(w, h, 0x5eed_0008);
    page.frame([40, 96, 484, 150], 2, [70; 3]);
    page.fill([40, 146, 484, 1], [90; 3]);
    page.fill([40, 196, 484, 1], [90; 3]);
    page.fill([286, 96, 1, 150], [90; 3]);
    for (i, y) in [306, 328, 350].into_iter().enumerate() {
        page.frame([52, y, 13, 13], 1, [60; 3]);
        if i == 1 {
            for k in 0..9 {
                page.fill([54 + k, y + 2 + k, 2, 1], [50; 3]);
                page.fill([62 - k, y + 2 + k, 2, 1], [50; 3]);
            }
        }
    }
    for y in [470, 498, 526, 554] {
        page.fill([52, y, 460, 1], [150; 3]);
    }
    page.fill([300, 650, 200, 1], [80; 3]);
    page.disc(482.0, 50.0, 25.0, [96; 3], 0.9);
    page.disc(482.0, 50.0, 20.0, [236; 3], 1.0);
    page.fill([467, 46, 31, 9], [96; 3]);
    page.fill([478, 35, 9, 31], [96; 3]);

    let title = Style::smooth(&ascii::FONT_10X20, 1.15);
    let label = Style::smooth(&ascii::FONT_6X12, 0.95);
    let typed = Style::smooth(&ascii::FONT_9X15, 1.0);
    let text = Style::smooth(&ascii::FONT_8X13, 1.0);
    let pen = Style::strokes(13.0, 1.5);
    let (print, typewriter, biro) = (Paint::grey(52), Paint::grey(66), Paint::grey(84));
    let mut s = Sheet::for_frames(1);
    s.put(
        (42, 26),
        &title,
        print,
        Kind::Clinical,
        "Request for imaging",
    );
    s.put(
        (42, 58),
        &text,
        print,
        Kind::PhiInstitution,
        "Fernhollow Surgery, 12 Tallow Row",
    );
    s.put((46, 100), &label, print, Kind::Clinical, "Name");
    s.put(
        (60, 120),
        &typed,
        typewriter,
        Kind::PhiName,
        "ASHGROVE, DELPHINE",
    );
    s.put((292, 100), &label, print, Kind::Clinical, "Date of birth");
    s.put(
        (306, 120),
        &typed,
        typewriter,
        Kind::PhiDate,
        "23 / 08 / 1989",
    );
    s.put((46, 150), &label, print, Kind::Clinical, "Hospital no.");
    s.put((60, 170), &typed, typewriter, Kind::PhiId, "FH 602 118 K");
    s.put((292, 150), &label, print, Kind::Clinical, "Telephone");
    s.put(
        (306, 170),
        &typed,
        typewriter,
        Kind::PhiOther,
        "0555 0142 909",
    );
    s.put((46, 200), &label, print, Kind::Clinical, "Address");
    s.put(
        (60, 220),
        &text,
        typewriter,
        Kind::PhiOther,
        "7 Quill Yard, Oxmere",
    );
    s.put((292, 200), &label, print, Kind::Clinical, "Requested by");
    s.put(
        (306, 220),
        &text,
        typewriter,
        Kind::PhiName,
        "Dr I. Marchbank",
    );
    s.put(
        (42, 276),
        &text,
        print,
        Kind::Clinical,
        "Please tick what is needed.",
    );
    for (i, what) in ["Chest", "Abdomen", "Pelvis"].iter().enumerate() {
        let y = 306 + 22 * i as i64;
        s.put((74, y), &text, print, Kind::Clinical, what);
    }
    s.put((42, 412), &text, print, Kind::Clinical, "Clinical details");
    s.put(
        (58, 451),
        &pen,
        biro,
        Kind::Clinical,
        "PAIN RIGHT SIDE 3 DAYS",
    );
    s.put((58, 479), &pen, biro, Kind::Clinical, "NO PREVIOUS SURGERY");
    s.put((58, 507), &pen, biro, Kind::PhiName, "SON: RUFUS ASHGROVE");
    s.put(
        (302, 656),
        &label,
        print,
        Kind::Clinical,
        "Date and signature",
    );
    s.put((310, 630), &pen, biro, Kind::PhiDate, "4/9/2022");
    // A stamp, put on askew: (24, -7) / 25.
    let stamp = Style::smooth(&ascii::FONT_9X18_BOLD, 1.0).along(0.96, -0.28);
    s.put(
        (70, 660),
        &stamp,
        Paint::grey(110),
        Kind::PhiDate,
        "RECEIVED 06 SEP 2022",
    );
    Recipe {
        stem: "sc_form",
        about: "scanned request form, dark on light, rules, boxes, a stamp put on askew, header scrubbed",
        class: Class::Capture,
        person: None,
        scenes: vec![page],
        sheet: s,
        form: Form::Grey,
        more: |_, _| Vec::new(),
    }
}

/// A saved rendering: text that runs upwards, at 45 degrees, and mirrored; header scrubbed.
pub fn turned() -> Recipe {
    const HALF: f64 = 0.707_106_781_186_547_5;
    let scene = rendered(480, 480, 0x5eed_0009);
    let body = Style::smooth(&ascii::FONT_9X15_BOLD, 1.0);
    let bright = Paint::grey(235);
    let mut s = Sheet::for_frames(1);
    let up = body.along(0.0, -1.0);
    s.put((8, 350), &up, bright, Kind::PhiName, "DROVENMOOR, SILAS");
    s.put((28, 350), &up, bright, Kind::PhiDate, "1962-05-19");
    let slanted = Style::smooth(&ascii::FONT_10X20, 1.3).along(HALF, -HALF);
    s.put((342, 452), &slanted, bright, Kind::PhiId, "X-118820");
    let lead = Style::strokes(30.0, 2.4).mirrored();
    s.put((430, 40), &lead, bright, Kind::Marker, "R");
    let back = Style::strokes(16.0, 2.0).mirrored();
    s.put((376, 86), &back, bright, Kind::PhiOther, "J BAEZ");
    s.put((60, 456), &body, bright, Kind::Technical, "3D VR 120 kV");
    Recipe {
        stem: "sc_turned",
        about: "saved 3D rendering with text that runs upwards, slanted by 45 degrees, and mirrored, RLE colour, header scrubbed",
        class: Class::Capture,
        person: None,
        scenes: vec![scene],
        sheet: s,
        form: Form::Rle,
        more: |_, _| Vec::new(),
    }
}
