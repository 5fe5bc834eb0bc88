//! `unburn preview --html`: one page for a colleague.

mod common;

use common::Place;
use common::http::inputs;

/// Width and RGB samples of a picture in base64, up to the first character that is none.
fn picture(text: &str) -> (usize, Vec<u8>) {
    let digit = |c: u8| match c {
        b'A'..=b'Z' => Some(c - b'A'),
        b'a'..=b'z' => Some(c - b'a' + 26),
        b'0'..=b'9' => Some(c - b'0' + 52),
        b'+' => Some(62),
        b'/' => Some(63),
        _ => None,
    };
    let digits: Vec<u8> = text.bytes().map_while(digit).collect();
    let bytes: Vec<u8> = digits
        .chunks(4)
        .flat_map(|four| {
            let bits =
                four.iter().fold(0u32, |n, d| n << 6 | u32::from(*d)) << (6 * (4 - four.len()));
            bits.to_be_bytes()[1..four.len()].to_vec()
        })
        .collect();
    let mut reader = png::Decoder::new(std::io::Cursor::new(bytes))
        .read_info()
        .unwrap();
    assert_eq!(reader.info().color_type, png::ColorType::Rgb);
    let mut samples = vec![0; reader.output_buffer_size().unwrap()];
    let width = reader.next_frame(&mut samples).unwrap().width as usize;
    (width, samples)
}

#[test]
fn a_preview_page_holds_the_original_only_where_asked() {
    let place = Place::new();
    let folder = inputs(&place, &["us_rgb.dcm"]);
    let file = folder.join("us_rgb.dcm");
    let page = |out: &str, more: &[&str]| {
        let mut args: Vec<&std::ffi::OsStr> = vec!["preview".as_ref(), file.as_os_str()];
        for arg in ["-o", out, "--html", "--device", "cpu"] {
            args.push(arg.as_ref());
        }
        args.extend(more.iter().map(std::ffi::OsStr::new));
        let ran = place.run(&args);
        assert_eq!(ran.code, 0, "{}", ran.err);
        std::fs::read_to_string(place.path(out)).unwrap()
    };
    let (without, with) = (page("a.html", &[]), page("b.html", &["--include-original"]));
    assert_eq!(without.matches("data:image/png").count(), 1);
    assert_eq!(with.matches("data:image/png").count(), 2);
    let frame = |page: &str, n| picture(page.split("data:image/png;base64,").nth(n).unwrap());
    let (after, same, before) = (frame(&without, 1), frame(&with, 1), frame(&with, 2));
    assert_eq!(after, same);
    // What is masked is nowhere in the page without the original, and what is not masked is as it was.
    let place_of = |(row, _): &(&str, ())| -> [usize; 4] {
        let cell = row.split("<td>").nth(4).unwrap();
        let numbers = cell
            .split(|c: char| !c.is_ascii_digit())
            .filter(|n| !n.is_empty());
        let numbers: Vec<usize> = numbers.map(|n| n.parse().unwrap()).collect();
        [numbers[2], numbers[3], numbers[0], numbers[1]]
    };
    let rows = without.split("<tr>").map(|r| (r, ()));
    let masks: Vec<[usize; 4]> = rows
        .filter(|(r, ())| r.contains("<td>masked</td>"))
        .map(|r| place_of(&r))
        .collect();
    assert!(masks.len() >= 3, "{masks:?}");
    let (mut hidden, mut changed) = (0, 0);
    for (i, (now, was)) in after.1.chunks(3).zip(before.1.chunks(3)).enumerate() {
        let (x, y) = (i % after.0, i / after.0);
        let masked =
            |[mx, my, w, h]: &[usize; 4]| (*mx..mx + w).contains(&x) && (*my..my + h).contains(&y);
        if masks.iter().any(masked) {
            assert_eq!(now, [0, 0, 0], "{x},{y}");
            hidden += usize::from(now != was);
        } else {
            changed += usize::from(now != was);
        }
    }
    assert!(hidden > 100 && changed == 0, "{hidden} {changed}");
    assert!(without.contains("header:PatientName") && with.contains("id=\"split\""));
    assert!(!with.contains("http") || with.contains("http-equiv"));
    assert_eq!(
        place
            .run(&[
                "preview",
                "in/us_rgb.dcm",
                "-o",
                "c.png",
                "--include-original"
            ])
            .code,
        2
    );
}
