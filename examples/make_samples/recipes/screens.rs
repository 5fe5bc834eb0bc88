//! Ultrasound screens.

use super::{Recipe, people};
use crate::glyphs::Style;
use crate::header::{Class, Header};
use crate::picture::{Colour, Picture};
use crate::scene::ultrasound::{Organs, Sector, caliper, depth_ticks, grey_bar, scan};
use crate::sheet::{Kind, Line, Paint, Sheet};
use crate::write::Form;
use dicom_core::VR;
use dicom_core::value::PrimitiveValue;
use dicom_dictionary_std::tags;
use embedded_graphics::mono_font::{ascii, iso_8859_1};

const BLACK: Colour = [0; 3];
const BAND: Colour = [40, 44, 72];
const GREEN: Colour = [0, 255, 0];
const YELLOW: Colour = [255, 255, 0];
const CYAN: Colour = [0, 200, 255];

const SECTOR: Sector = Sector {
    apex: (318.0, 10.0),
    near: 62.0,
    far: 428.0,
    half_angle: 0.62,
};

const ORGANS: [Organs; 4] = [
    Organs {
        bladder: [0.24, 0.36, 0.26, 0.11],
        vessels: [
            [-0.45, 0.33, 0.10, 0.035],
            [-0.18, 0.52, 0.07, 0.03],
            [-0.52, 0.58, 0.05, 0.02],
        ],
        diaphragm: (0.78, 0.05),
        rib: -0.72,
    },
    Organs {
        bladder: [-0.34, 0.45, 0.16, 0.07],
        vessels: [
            [0.10, 0.30, 0.22, 0.022],
            [0.30, 0.55, 0.09, 0.05],
            [0.02, 0.62, 0.04, 0.018],
        ],
        diaphragm: (0.86, -0.12),
        rib: 0.8,
    },
    Organs {
        bladder: [-0.05, 0.27, 0.42, 0.045],
        vessels: [
            [0.55, 0.42, 0.12, 0.05],
            [-0.5, 0.46, 0.11, 0.06],
            [0.2, 0.6, 0.03, 0.015],
        ],
        diaphragm: (0.70, 0.16),
        rib: 0.35,
    },
    Organs {
        bladder: [0.10, 0.45, 0.40, 0.20],
        vessels: [
            [-0.50, 0.30, 0.15, 0.05],
            [-0.45, 0.60, 0.20, 0.06],
            [0.65, 0.50, 0.06, 0.04],
        ],
        diaphragm: (0.88, 0.0),
        rib: -0.8,
    },
];

fn furniture(organs: &Organs, seed: u64, band: Option<Colour>) -> Picture {
    let mut p = Picture::new(640, 480, 3, BLACK);
    scan(&mut p, &SECTOR, organs, seed, 0);
    if let Some(colour) = band {
        p.fill([0, 0, 640, 44], colour);
    }
    grey_bar(&mut p, [14, 96, 14, 150]);
    depth_ticks(&mut p, 560, 72, 24.6, 15, [170; 3]);
    // Focus mark.
    for i in 0..6 {
        p.fill([573 + i, 238 - i, 1, 2 * i + 1], YELLOW);
    }
    p
}

fn regions(h: &mut Header, _: bool) -> Vec<Line> {
    region(h, [60, 48, 550, 446], 366.0);
    h.texts(&[(tags::LOSSY_IMAGE_COMPRESSION, "00")]);
    Vec::new()
}

fn lossy_regions(h: &mut Header, _: bool) -> Vec<Line> {
    region(h, [60, 48, 550, 446], 366.0);
    Vec::new()
}

/// One 2D tissue region; bounds are inclusive (PS3.3 C.8.5.5.1.14).
fn region(h: &mut Header, [x0, y0, x1, y1]: [u32; 4], depth_px: f64) {
    let cm_per_px = 15.0 / depth_px;
    let mut item = Header::new();
    item.short(tags::REGION_SPATIAL_FORMAT, &[1]);
    item.short(tags::REGION_DATA_TYPE, &[1]);
    item.short(tags::PHYSICAL_UNITS_X_DIRECTION, &[3]);
    item.short(tags::PHYSICAL_UNITS_Y_DIRECTION, &[3]);
    for (tag, value) in [
        (tags::REGION_FLAGS, 0),
        (tags::REGION_LOCATION_MIN_X0, x0),
        (tags::REGION_LOCATION_MIN_Y0, y0),
        (tags::REGION_LOCATION_MAX_X1, x1),
        (tags::REGION_LOCATION_MAX_Y1, y1),
    ] {
        item.raw(tag, VR::UL, PrimitiveValue::from(value));
    }
    for tag in [tags::PHYSICAL_DELTA_X, tags::PHYSICAL_DELTA_Y] {
        item.raw(tag, VR::FD, PrimitiveValue::from(cm_per_px));
    }
    h.items(tags::SEQUENCE_OF_ULTRASOUND_REGIONS, vec![item]);
}

/// A modern screen: smooth proportional-looking letters, coloured.
pub fn rgb() -> Recipe {
    let mut scene = furniture(&ORGANS[0], 0x5eed_0001, Some(BAND));
    caliper(&mut scene, (318, 190), (374, 214), YELLOW);
    let head = Style::smooth(&ascii::FONT_9X18_BOLD, 0.9);
    let small = Style::smooth(&ascii::FONT_8X13, 0.9);
    let table = Style::smooth(&ascii::FONT_9X15, 0.95);
    let (white, grey) = (Paint::grey(250), Paint::grey(175));
    let mut s = Sheet::for_frames(1);
    s.put((8, 4), &head, white, Kind::PhiName, "ORLENTZ, MIRA");
    s.put((8, 24), &small, white, Kind::PhiId, "ID QX4471902");
    s.put(
        (208, 5),
        &small,
        white,
        Kind::PhiInstitution,
        "St. Avelin Hospital",
    );
    s.put((208, 24), &small, grey, Kind::PhiName, "J. Pellworth");
    s.put_right((632, 5), &small, white, Kind::PhiDate, "14.03.2021");
    s.put_right((632, 24), &small, white, Kind::PhiTime, "10:42:17");
    s.put((440, 5), &small, grey, Kind::Technical, "MI 0.9");
    s.put((440, 24), &small, grey, Kind::Technical, "TIS 0.4");
    let settings = ["C5-2", "4.0 MHz", "15 cm", "18 Hz", "DR 60", "Gain 72 %"];
    for (i, text) in settings.iter().enumerate() {
        let y = 270 + 15 * i as i64;
        s.put((8, y), &small, Paint::plain(CYAN), Kind::Technical, text);
    }
    for (i, text) in ["0", "5", "10", "15"].iter().enumerate() {
        let y = 66 + 123 * i as i64;
        s.put((580, y), &small, grey, Kind::Technical, text);
    }
    let yellow = Paint::plain(YELLOW).over([40, 40, 0]);
    s.put((8, 424), &table, yellow, Kind::Technical, "1 D  4.21 cm");
    s.put((8, 442), &table, yellow, Kind::Technical, "2 D  2.87 cm");
    s.put((8, 460), &table, yellow, Kind::Technical, "Vol 18.4 ml");
    let note = Paint::plain([230, 230, 160]);
    s.put((392, 452), &head, note, Kind::Clinical, "RT KIDNEY SAG");
    s.put((306, 176), &small, yellow, Kind::Technical, "1");
    Recipe {
        stem: "us_rgb",
        about: "ultrasound screen, banner on a band, RGB",
        class: Class::Ultrasound,
        person: Some(&people::ORLENTZ),
        scenes: vec![scene],
        sheet: s,
        form: Form::Rgb,
        more: regions,
    }
}

/// An older screen: bitmap letters, green, a name typed over the image; the header was scrubbed.
pub fn palette() -> Recipe {
    let mut scene = furniture(&ORGANS[1], 0x5eed_0002, None);
    caliper(&mut scene, (250, 250), (318, 296), GREEN);
    let big = Style::pixels(&ascii::FONT_9X15_BOLD);
    let body = Style::pixels(&ascii::FONT_8X13);
    let tiny = Style::pixels(&ascii::FONT_6X10);
    let (white, green) = (Paint::grey(255), Paint::plain(GREEN));
    let mut s = Sheet::for_frames(1);
    s.put((6, 4), &big, white, Kind::PhiName, "QUARREND^TOBIN");
    s.put((6, 20), &body, white, Kind::PhiId, "PID:0092-3381-7");
    s.put((6, 34), &body, white, Kind::PhiDate, "DOB 02/11/1958");
    s.put(
        (230, 4),
        &big,
        white,
        Kind::PhiInstitution,
        "HALDEN BRIDGE MEDICAL CTR",
    );
    s.put((230, 20), &body, white, Kind::PhiDate, "08/19/2017 16:05");
    s.put_right((632, 20), &body, green, Kind::Technical, "MI<1.1 TIB 0.6");
    s.put((8, 262), &tiny, green, Kind::Technical, "C60");
    s.put((8, 274), &tiny, green, Kind::Technical, "FR 22Hz");
    s.put((8, 286), &tiny, green, Kind::Technical, "2D 66%");
    s.put((8, 298), &tiny, green, Kind::Technical, "P 100%");
    for (i, text) in ["5", "10", "15"].iter().enumerate() {
        s.put(
            (578, 190 + 123 * i as i64),
            &tiny,
            white,
            Kind::Technical,
            text,
        );
    }
    s.put((8, 446), &body, green, Kind::Technical, "+ DIST  2.64cm");
    s.put((8, 461), &body, green, Kind::Technical, "x DIST  1.90cm");
    s.put((262, 452), &big, white, Kind::Clinical, "LIVER TRANS");
    let typed = Paint::plain(YELLOW).over(BLACK);
    s.put((330, 330), &body, typed, Kind::PhiName, "T QUARREND");
    s.put((560, 46), &body, green, Kind::Marker, "RT");
    Recipe {
        stem: "us_palette",
        about: "ultrasound screen, palette colour (index 0 is white), a name typed over the image, header scrubbed",
        class: Class::Ultrasound,
        person: None,
        scenes: vec![scene],
        sheet: s,
        form: Form::Palette,
        more: regions,
    }
}

/// A JPEG screen: letters with shadows over tissue, Latin letters beyond ASCII.
pub fn jpeg() -> Recipe {
    let mut scene = furniture(&ORGANS[2], 0x5eed_0003, None);
    caliper(&mut scene, (274, 163), (356, 163), CYAN);
    let name = Style::smooth(&iso_8859_1::FONT_9X18_BOLD, 1.0);
    let body = Style::smooth(&iso_8859_1::FONT_8X13, 1.0);
    let pen = Style::strokes(10.0, 1.9);
    let white = Paint::grey(245).over(BLACK);
    let grey = Paint::grey(190);
    let mut s = Sheet::for_frames(1);
    s.put((6, 3), &name, white, Kind::PhiName, "VÄRLUND, JOSÉE");
    s.put((6, 24), &body, white, Kind::PhiId, "Pat.-ID 551-90276");
    s.put(
        (234, 4),
        &body,
        white,
        Kind::PhiInstitution,
        "Praxis Dr. Höllmark",
    );
    s.put((234, 22), &body, white, Kind::PhiOther, "Tel 0555 014 778");
    s.put_right((634, 6), &pen, grey, Kind::PhiDate, "2020-06-30");
    s.put_right((634, 24), &pen, grey, Kind::PhiTime, "09:18:44");
    for (i, text) in ["L9-3", "9 MHZ", "15 CM", "FPS 31"].iter().enumerate() {
        s.put((8, 272 + 18 * i as i64), &pen, grey, Kind::Technical, text);
    }
    s.put((420, 24), &pen, grey, Kind::Technical, "MI 1.0");
    for (i, text) in ["5", "10", "15"].iter().enumerate() {
        s.put(
            (578, 190 + 123 * i as i64),
            &pen,
            grey,
            Kind::Technical,
            text,
        );
    }
    let cyan = Paint::plain(CYAN).over(BLACK);
    s.put((8, 440), &body, cyan, Kind::Technical, "1 L 33.1 mm");
    s.put((8, 458), &body, cyan, Kind::Technical, "HR 72 bpm");
    s.put((230, 456), &name, white, Kind::Clinical, "Thyroid left");
    s.put((100, 64), &name, white, Kind::Marker, "L");
    Recipe {
        stem: "us_jpeg",
        about: "ultrasound screen, JPEG baseline 4:2:2, shadowed letters, header scrubbed",
        class: Class::Ultrasound,
        person: None,
        scenes: vec![scene],
        sheet: s,
        form: Form::Jpeg,
        more: lossy_regions,
    }
}

/// Frames of the loop.
pub const LOOP: u32 = 40;

/// A loop: the banner stays, the speckle moves, a name is typed in the middle of it.
pub fn cine() -> Recipe {
    let sector = Sector {
        apex: (158.0, 4.0),
        near: 30.0,
        far: 212.0,
        half_angle: 0.6,
    };
    let scenes = (0..LOOP as usize)
        .map(|i| {
            let mut p = Picture::new(320, 240, 3, BLACK);
            scan(&mut p, &sector, &ORGANS[3], 0x5eed_0004, i);
            p.fill([0, 0, 320, 24], BAND);
            grey_bar(&mut p, [6, 60, 8, 70]);
            depth_ticks(&mut p, 296, 34, 18.0, 10, [170; 3]);
            // A pulse trace runs along the bottom.
            let trace = |x: i64| match (x + 3 * i as i64) % 75 {
                b @ 8..16 => 231 - (4 - (b - 12).abs()) / 2,
                b @ 20..23 => 231 - 6 * (b - 19),
                b @ 23..27 => 213 + 6 * (b - 22),
                b @ 34..48 => 231 - (7 - (b - 41).abs()) / 2,
                _ => 231,
            };
            for x in 0..300 {
                let (a, b) = (trace(x), trace(x + 1));
                p.fill([x + 8, a.min(b), 1, (a - b).abs().max(1)], GREEN);
            }
            p
        })
        .collect();
    let head = Style::pixels(&ascii::FONT_7X13_BOLD);
    let body = Style::pixels(&ascii::FONT_6X10);
    let (white, grey) = (Paint::grey(250), Paint::grey(190));
    let mut s = Sheet::for_frames(LOOP);
    s.put((4, 0), &head, white, Kind::PhiName, "BRANTIGER OWEN");
    s.put((4, 12), &body, white, Kind::PhiId, "70033518");
    s.put(
        (122, 2),
        &body,
        white,
        Kind::PhiInstitution,
        "Marrow Lane Clinic",
    );
    s.put((122, 12), &body, grey, Kind::Technical, "MI 0.8");
    s.put_right((316, 2), &body, white, Kind::PhiDate, "08 Nov 2019");
    s.put_right((316, 12), &body, white, Kind::PhiTime, "08:31:55");
    s.put((6, 146), &body, grey, Kind::Technical, "P4-2");
    s.put((6, 158), &body, grey, Kind::Technical, "40 Hz");
    for i in 0..LOOP {
        let text = format!("{}/{LOOP}", i + 1);
        s.put_in([i, i], (256, 198), &body, grey, Kind::Technical, &text);
    }
    let typed = Paint::plain(YELLOW).over(BLACK);
    s.put_in(
        [12, 27],
        (100, 180),
        &head,
        typed,
        Kind::PhiName,
        "O. BRANTIGER",
    );
    Recipe {
        stem: "us_cine",
        about: "ultrasound loop, 40 frames, JPEG baseline 4:2:2; a name is typed in frames 12 to 27",
        class: Class::UltrasoundLoop,
        person: Some(&people::BRANTIGER),
        scenes,
        sheet: s,
        form: Form::Jpeg,
        more: |h, _| {
            region(h, [20, 26, 294, 218], 182.0);
            h.text(tags::NUMBER_OF_FRAMES, "40");
            h.text(tags::FRAME_TIME, "25");
            let pointer = PrimitiveValue::Tags([tags::FRAME_TIME].as_slice().into());
            h.raw(tags::FRAME_INCREMENT_POINTER, VR::AT, pointer);
            Vec::new()
        },
    }
}
