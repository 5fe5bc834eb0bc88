//! The same as one page that needs nothing else: for a colleague, by mail or on a stick.
//!
//! Without the original it shows what would be written, with its boxes. With the original beside it there is a slider; that
//! page is as private as the input.

use super::{PreviewData, group, png, style};
use crate::geometry::Rect;
use crate::plan::{Action, Carrier, PlanItem};
use std::fmt::Write;

const STYLE: &str = "\
:root{color-scheme:light dark}body{font:16px/1.4 system-ui,sans-serif;margin:1rem;max-width:80rem}\
.pictures{position:relative;display:inline-block;max-width:100%;line-height:0;background:#000}\
.pictures img{display:block;max-width:100%;height:auto}\
.pictures .before{position:absolute;inset:0;width:100%;height:100%}\
.box{position:absolute;box-sizing:border-box;line-height:1;font-size:12px}\
.mask{border:2px solid #ff7800;background:repeating-linear-gradient(135deg,#ff780055 0 2px,transparent 2px 8px)}\
.keep{border:2px dashed #00dcff}\
.box b{background:#202228;color:#fff;padding:1px 3px}\
.off .box{display:none}\
input[type=range]{width:100%;max-width:40rem}table{border-collapse:collapse;margin-top:1rem}\
td,th{text-align:left;padding:.15rem .8rem .15rem 0}";

const SCRIPT: &str = "\
const p=document.querySelector('.pictures');\
document.getElementById('boxes').addEventListener('change',e=>p.classList.toggle('off',!e.target.checked));\
const s=document.getElementById('split');\
if(s){const b=document.querySelector('.before');\
const cut=()=>{b.style.clipPath=`inset(0 ${100-s.value}% 0 0)`};s.addEventListener('input',cut);cut();}";

/// The page. `include_original` adds the picture as it was.
///
/// # Errors
/// Those of coding the pictures.
pub fn html(data: &PreviewData, include_original: bool) -> std::io::Result<String> {
    let picture = |image| png(image).map(|bytes| base64(&bytes));
    let (w, h) = (data.after.width, data.after.height);
    let mut page = format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src data:; style-src 'unsafe-inline'; \
         script-src 'unsafe-inline'; base-uri 'none'; form-action 'none'\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n\
         <title>unburn preview</title><style>{STYLE}</style></head><body>\n<h1>unburn preview</h1>\n<p>{}. {}</p>\n",
        escape(&data.caption),
        if include_original {
            "Left of the slider the picture <strong>as it was</strong>, right of it as it would be written. \
             This page holds the original picture: handle it like the file itself."
        } else {
            "The picture as it would be written; the original is not in this page."
        }
    );
    if include_original {
        page += "<p><label>before <input type=\"range\" id=\"split\" min=\"0\" max=\"100\" value=\"50\"> after</label></p>\n";
    }
    page += "<p><label><input type=\"checkbox\" id=\"boxes\" checked> show boxes</label></p>\n";
    let after = picture(&data.after)?;
    let _ = write!(
        page,
        "<div class=\"pictures\"><img width=\"{w}\" height=\"{h}\" alt=\"as it would be written\" \
         src=\"data:image/png;base64,{after}\">"
    );
    if include_original {
        let before = picture(&data.before)?;
        let _ = write!(
            page,
            "<img class=\"before\" width=\"{w}\" height=\"{h}\" alt=\"as it was\" src=\"data:image/png;base64,{before}\">"
        );
    }
    let groups = group(&data.boxes);
    let mut last = 0;
    for (item, number) in data.boxes.iter().zip(&groups) {
        let frame = Rect::new(0, 0, w, h);
        let rect = item.rect.intersect(&frame);
        if item.carrier != Carrier::PixelData || rect.is_empty() {
            continue;
        }
        let share = |n: u32, of: u32| f64::from(n) * 100.0 / f64::from(of.max(1));
        let plate = if *number > last {
            last = *number;
            format!("<b>{number}</b>")
        } else {
            String::new()
        };
        let _ = write!(
            page,
            "<div class=\"box {}\" style=\"left:{:.3}%;top:{:.3}%;width:{:.3}%;height:{:.3}%\">{plate}</div>",
            style(item.action).2,
            share(rect.x, w),
            share(rect.y, h),
            share(rect.w, w),
            share(rect.h, h),
        );
    }
    page += "</div>\n<table><thead><tr><th>no.</th><th>what</th><th>reason</th><th>place</th><th>frames</th></tr></thead><tbody>\n";
    let count = groups.iter().max().copied().unwrap_or(0);
    for number in 1..=count {
        let members = data
            .boxes
            .iter()
            .zip(&groups)
            .filter(|(_, g)| **g == number);
        let members: Vec<&PlanItem> = members.map(|(item, _)| item).collect();
        let Some(item) = members.first() else {
            continue;
        };
        let [x, y, w, h]: [u32; 4] = item.rect.into();
        let first = members.iter().map(|i| i.frames.0).min().unwrap_or(0);
        let end = members.iter().map(|i| i.frames.1).max().unwrap_or(0);
        let _ = writeln!(
            page,
            "<tr><td>{number}</td><td>{}</td><td>{}</td><td>{w}×{h} at {x}, {y}</td><td>{first}–{end}</td></tr>",
            if item.action == Action::Mask {
                "masked"
            } else {
                "kept"
            },
            escape(&item.reason),
        );
    }
    if count == 0 {
        page += "<tr><td colspan=\"5\">nothing found</td></tr>\n";
    }
    let _ = write!(
        page,
        "</tbody></table>\n<p>Masks are solid and hatched, kept text is dashed.</p>\n<script>{SCRIPT}</script></body></html>\n"
    );
    Ok(page)
}

/// Text as HTML text or attribute value. Headers and file names are hostile.
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out += "&amp;",
            '<' => out += "&lt;",
            '>' => out += "&gt;",
            '"' => out += "&quot;",
            '\'' => out += "&#39;",
            c if c.is_control() => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

/// RFC 4648 section 4.
pub fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let [a, b, c] = [0, 1, 2].map(|i| u32::from(chunk.get(i).copied().unwrap_or(0)));
        let word = a << 16 | b << 8 | c;
        for i in 0..4 {
            let digit = (word >> (18 - 6 * i) & 63) as usize;
            out.push(if i <= chunk.len() {
                DIGITS[digit] as char
            } else {
                '='
            });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::super::RgbImage;
    use super::*;
    use crate::plan::{Origin, Shape};

    #[test]
    fn base64_is_that_of_the_standard() {
        let pairs = [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foobar", "Zm9vYmFy"),
        ];
        for (plain, coded) in pairs {
            assert_eq!(base64(plain.as_bytes()), coded);
        }
        assert_eq!(base64(&[0xff, 0xfe, 0xfd]), "//79");
    }

    #[test]
    fn the_original_is_there_only_where_asked_for_and_text_is_harmless() {
        let item = PlanItem {
            carrier: Carrier::PixelData,
            frames: (0, 3),
            shape: Shape::Rect,
            rect: Rect::new(2, 2, 4, 4),
            before_codec: Rect::new(2, 2, 4, 4),
            action: Action::Mask,
            reason: "template <b>".into(),
            origin: Origin::Rule,
            confidence: 1,
            text: Some("NEVER SHOWN".into()),
        };
        let data = PreviewData {
            before: RgbImage::new(8, 8, [90; 3]),
            after: RgbImage::new(8, 8, [10; 3]),
            boxes: vec![item],
            caption: "frame 1 of 4 <i>".into(),
        };
        let before = base64(&png(&data.before).unwrap());
        let without = html(&data, false).unwrap();
        assert!(!without.contains(&before) && without.contains("left:25.000%"));
        assert!(!without.contains("<i>") && without.contains("template &lt;b&gt;"));
        assert!(!without.contains("NEVER") && !without.contains("http:"));
        assert!(html(&data, true).unwrap().contains(&before));
    }
}
