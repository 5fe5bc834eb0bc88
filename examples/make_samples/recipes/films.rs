//! CT, CR and MR.

use super::{Recipe, people};
use crate::glyphs::Style;
use crate::header::Class;
use crate::picture::Picture;
use crate::scene::body::{brain, chest_film, localizer};
use crate::sheet::{Kind, Paint, Sheet};
use crate::write::Form;
use dicom_dictionary_std::tags;
use embedded_graphics::mono_font::ascii;

/// A dose page: signed 12-bit words, a table, the localizer as a thumbnail.
pub fn dose_page() -> Recipe {
    let mut scene = Picture::new(512, 512, 1, [-1024; 3]);
    scene.paste(356, 96, &localizer(132, 150, 0x5eed_0005));
    for y in [84, 262, 282, 404] {
        scene.fill([16, y, 480, 1], [600; 3]);
    }
    let head = Style::blocks(&ascii::FONT_8X13_BOLD, 1);
    let body = Style::pixels(&ascii::FONT_7X13);
    let table = Style::pixels(&ascii::FONT_6X13);
    let (white, grey) = (Paint::grey(1000), Paint::grey(620));
    let mut s = Sheet::for_frames(1);
    s.put(
        (16, 12),
        &head,
        white,
        Kind::PhiName,
        "Patient: KORVANE ELIAS T",
    );
    s.put((16, 28), &body, white, Kind::PhiId, "ID: MRN0058812");
    s.put((200, 28), &body, white, Kind::PhiDate, "Born 30-Jul-1951");
    s.put((16, 44), &body, white, Kind::PhiId, "Accession: CT8842019");
    s.put(
        (16, 60),
        &body,
        white,
        Kind::PhiInstitution,
        "Dunmere General",
    );
    s.put_right((496, 12), &body, white, Kind::PhiDate, "17-Jun-2022");
    s.put_right((496, 28), &body, white, Kind::PhiTime, "15:19:40");
    s.put((16, 100), &head, white, Kind::Technical, "Dose Report");
    s.put((16, 124), &body, grey, Kind::Clinical, "Abdomen and pelvis");
    s.put((16, 142), &body, grey, Kind::Technical, "Pitch 0.984");
    s.put((16, 160), &body, grey, Kind::Technical, "Slice 5.0 mm");
    s.put((16, 178), &body, grey, Kind::Technical, "FOV 360 mm");
    s.put((16, 196), &body, grey, Kind::PhiName, "Dr. A. Wexfell");
    let columns = [20, 84, 164, 252, 332, 420];
    let rows: [[&str; 6]; 6] = [
        ["Series", "Type", "kV", "mAs", "CTDIvol", "DLP"],
        ["1", "Scout", "120", "35", "0.11", "6.2"],
        ["2", "Helical", "120", "188", "9.74", "451.8"],
        ["3", "Helical", "100", "164", "6.02", "279.3"],
        ["4", "Axial", "120", "40", "1.85", "1.9"],
        ["Total", "", "", "", "", "739.2"],
    ];
    for (r, row) in rows.iter().enumerate() {
        for (x, text) in columns.iter().zip(row).filter(|(_, t)| !t.is_empty()) {
            let y = 266 + [0, 24, 48, 72, 96, 142][r];
            let ink = if r == 0 { white } else { grey };
            s.put((*x, y), &table, ink, Kind::Technical, text);
        }
    }
    s.put(
        (16, 440),
        &body,
        grey,
        Kind::Technical,
        "Phantom: Body 32 cm",
    );
    Recipe {
        stem: "ct_dose",
        about: "CT dose page, signed words, 12 of 16 bits",
        class: Class::Ct,
        person: Some(&people::KORVANE),
        scenes: vec![scene],
        sheet: s,
        form: Form::Words {
            stored: 12,
            signed: true,
            inverse: false,
        },
        more: |h, _| {
            h.text(tags::IMAGE_TYPE, r"DERIVED\SECONDARY\AXIAL\DOSE_INFO");
            h.text(tags::SERIES_DESCRIPTION, "Dose Report");
            Vec::new()
        },
    }
}

/// A chest film: lead marker with initials, flashed name plate, MONOCHROME1, 10 of 16 bits; header scrubbed.
pub fn chest() -> Recipe {
    const TOP: i32 = 1023;
    let (w, h) = (560, 660);
    let mut film = chest_film(w, h, 820.0, 0x5eed_0006);
    // Shuttered border and the light field of the name plate.
    film.frame([0, 0, w as i64, h as i64], 9, [4; 3]);
    film.fill([16, 16, 196, 62], [880; 3]);
    film.frame([16, 16, 196, 62], 2, [120; 3]);
    for v in &mut film.data {
        *v = TOP - *v;
    }
    let bright = |value: i32| Paint::grey(TOP - value);
    let plate = Style::smooth(&ascii::FONT_8X13_BOLD, 1.12);
    let fine = Style::smooth(&ascii::FONT_7X13, 1.0);
    let mut s = Sheet::for_frames(1);
    s.put(
        (24, 20),
        &plate,
        bright(60),
        Kind::PhiName,
        "SELBRIDGE NORA",
    );
    s.put((24, 38), &fine, bright(60), Kind::PhiDate, "*11.12.1944");
    s.put((112, 38), &fine, bright(60), Kind::PhiId, "No. 330871");
    s.put((24, 56), &fine, bright(60), Kind::PhiDate, "05.02.2018");
    s.put((112, 56), &fine, bright(60), Kind::PhiTime, "11:26");
    let lead = Style::strokes(34.0, 2.2);
    s.put((478, 96), &lead, bright(1010), Kind::Marker, "R");
    let initials = Style::strokes(13.0, 2.0);
    s.put((478, 142), &initials, bright(985), Kind::PhiOther, "KTM");
    s.put_right((544, 632), &fine, bright(900), Kind::Technical, "PA 125 kV");
    Recipe {
        stem: "cr_marker",
        about: "chest film with a side marker and a name plate, MONOCHROME1, 10 of 16 bits, header scrubbed",
        class: Class::Cr,
        person: None,
        scenes: vec![film],
        sheet: s,
        form: Form::Words {
            stored: 10,
            signed: false,
            inverse: true,
        },
        more: |_, _| Vec::new(),
    }
}

/// A brain section whose text only shows in windows other than the header's.
pub fn faint() -> Recipe {
    let mut scene = brain(384, 384, 1500.0, 0x5eed_0007);
    // A saturated calibration strip: everything on it is white in the header's window.
    scene.fill([300, 340, 76, 34], [3000; 3]);
    let body = Style::pixels(&ascii::FONT_8X13);
    let small = Style::pixels(&ascii::FONT_7X13);
    let dark = Paint::grey(70);
    let mut s = Sheet::for_frames(1);
    s.put((6, 6), &body, dark, Kind::PhiName, "TAMSELL BRINDA");
    s.put((6, 22), &small, dark, Kind::PhiId, "88-20417-3");
    s.put_right((378, 6), &small, dark, Kind::PhiDate, "25-SEP-2023");
    s.put_right((378, 20), &small, dark, Kind::PhiInstitution, "Coldwater");
    s.put(
        (6, 350),
        &small,
        Paint::grey(95),
        Kind::Technical,
        "TE 102 TR 4200",
    );
    s.put(
        (306, 348),
        &small,
        Paint::grey(3900),
        Kind::PhiId,
        "MR104466",
    );
    Recipe {
        stem: "mr_faint",
        about: "brain section with text that only windows other than the header's show, 12 of 16 bits",
        class: Class::Mr,
        person: Some(&people::TAMSELL),
        scenes: vec![scene],
        sheet: s,
        form: Form::Words {
            stored: 12,
            signed: false,
            inverse: false,
        },
        more: |h, _| {
            h.text(tags::WINDOW_CENTER, "900");
            h.text(tags::WINDOW_WIDTH, "1500");
            Vec::new()
        },
    }
}
