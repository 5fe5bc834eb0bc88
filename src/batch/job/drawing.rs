//! What the pages about jobs share: their head, plots as plain SVG, and text made harmless. No scripts, no links.

pub use crate::preview::{base64, escape};

/// Height of a row of a plot.
pub const ROW_PX: usize = 22;
/// Width of its label.
pub const LABEL_PX: usize = 260;
/// Width of its longest bar.
pub const BAR_PX: usize = 300;
/// Room for words behind a bar.
pub const WORDS_PX: usize = 380;

/// The head of a page.
pub fn head(title: &str) -> String {
    format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\">\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; img-src data:\">\
         <title>{}</title><style>{STYLE}</style>",
        escape(title)
    )
}

const STYLE: &str = "\
         body{font:15px/1.45 system-ui,sans-serif;margin:2rem auto;max-width:60rem;padding:0 1rem;color:#1c1c1e;background:#fff}\
         table{border-collapse:collapse;margin:.5rem 0}td,th{padding:.15rem .8rem .15rem 0;text-align:left}\
         td.n{text-align:right;font-variant-numeric:tabular-nums}figure{display:inline-block;margin:.5rem;vertical-align:top;width:17rem}\
         figure img{width:100%;border:1px solid #ccc}figcaption{font-size:13px;overflow-wrap:anywhere}\
         svg{display:block;margin:.5rem 0}svg text{font:12px system-ui,sans-serif}\
         .key span{display:inline-block;width:.8em;height:.8em;margin:0 .3em 0 1em}";

/// Horizontal bars with their numbers.
pub fn bars(rows: impl Iterator<Item = (String, u64)>) -> String {
    let rows: Vec<(String, u64)> = rows.collect();
    let most = rows.iter().map(|r| r.1).max().unwrap_or(0).max(1);
    let mut body = String::new();
    for (i, (name, n)) in rows.iter().enumerate() {
        let (y, w) = (i * ROW_PX, *n as f64 / most as f64 * BAR_PX as f64);
        body += &label(name, y);
        body += &format!(
            "<rect x=\"{LABEL_PX}\" y=\"{}\" width=\"{w:.1}\" height=\"14\" fill=\"#3470c4\"/>\
             <text x=\"{:.1}\" y=\"{}\">{n}</text>",
            y + 4,
            LABEL_PX as f64 + w + 6.0,
            y + 15
        );
    }
    svg(rows.len(), &body)
}

/// The name of a row at this height.
pub fn label(name: &str, y: usize) -> String {
    let short: String = name.chars().take(38).collect();
    format!("<text x=\"0\" y=\"{}\">{}</text>", y + 15, escape(&short))
}

/// A plot of so many rows.
pub fn svg(rows: usize, body: &str) -> String {
    let (w, h) = (LABEL_PX + BAR_PX + WORDS_PX, rows.max(1) * ROW_PX);
    format!("<svg role=\"img\" viewBox=\"0 0 {w} {h}\" width=\"{w}\" height=\"{h}\">{body}</svg>")
}
