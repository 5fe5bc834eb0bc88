//! Pages of a PDF as pictures, for searching only.
//!
//! A PDF is a program, and its interpreter may run for ever, use all memory or overflow its stack. So it works in a process
//! of its own ([`super::process`]): [`Renderer::pages`] starts this very program with [`VERB`], which calls [`serve`]. Bytes
//! of the document in, pages as interleaved RGB out. What a viewer draws is drawn, with annotations; layers that are off,
//! attachments, metadata and what lies beyond the crop box are not. The pictures come from floating-point arithmetic and are
//! near, not equal, between kinds of processors: nothing that leaves is made from them.

use super::{CodecError, process};
use hayro::hayro_interpret::InterpreterSettings;
use hayro::hayro_syntax::Pdf;
use hayro::vello_cpu::color::palette::css::WHITE;
use hayro::{PixmapSettings, RenderCache, RenderSettings};
use std::io::{Read, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// The hidden command under which this program draws pages.
pub const VERB: &str = "draw-pages";
/// Pixels a point: 150 dpi, where print of 6 points is 12 pixels high.
const SCALE: f32 = 150.0 / 72.0;
/// Most pixels of a page's side: A1 at this scale.
const MOST_SIDE: f32 = 5000.0;
/// Most pages.
const MOST_PAGES: usize = 50;
/// Most bytes of all pages together.
const MOST_BYTES: u64 = 1 << 30;
/// A document gets this long.
const PATIENCE: Duration = Duration::from_secs(120);
/// What the output begins with, so that another program's is not taken for it.
const MAGIC: &[u8; 8] = b"unburn01";
/// Before a page.
const PAGE: u8 = b'P';
/// At the end, if everything could be drawn.
const WHOLE: u8 = b'W';
/// At the end, if a font, picture or annotation could not.
const PARTS: u8 = b'L';

/// A page as it is drawn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// Pixels.
    pub width: u32,
    /// Pixels.
    pub height: u32,
    /// Red, green and blue of each pixel, row by row.
    pub rgb: Vec<u8>,
}

/// All pages of a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pages {
    /// In their order.
    pub pages: Vec<Page>,
    /// Whether every font, picture and annotation could be drawn.
    pub whole: bool,
}

/// The program that draws: this one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Renderer {
    program: PathBuf,
}

impl Renderer {
    /// The program that is running.
    ///
    /// # Errors
    /// [`CodecError::Unsupported`] where the system does not tell which one that is.
    pub fn this_program() -> Result<Renderer, CodecError> {
        let program = std::env::current_exe()
            .map_err(|_| CodecError::Unsupported("this program's file is not known"))?;
        Ok(Renderer { program })
    }

    /// Draws every page of a document.
    ///
    /// # Errors
    /// Those of [`process::run`]; [`CodecError::Damaged`] where it is no PDF that can be drawn within the limits.
    pub fn pages(&self, pdf: &[u8]) -> Result<Pages, CodecError> {
        let feed = |input: &mut dyn Write| input.write_all(pdf);
        process::run(&self.program, &[VERB], PATIENCE, feed, read)
    }
}

/// Reads what [`serve`] wrote.
fn read(input: &mut dyn Read) -> Result<Pages, CodecError> {
    let mut magic = [0; MAGIC.len()];
    exactly(input, &mut magic)?;
    if &magic != MAGIC {
        return Err(CodecError::Damaged("the pages cannot be drawn"));
    }
    let mut pages = Vec::new();
    let mut left = MOST_BYTES;
    loop {
        let mut kind = [0];
        exactly(input, &mut kind)?;
        if kind[0] != PAGE {
            let whole = kind[0] == WHOLE;
            return match kind[0] {
                WHOLE | PARTS => Ok(Pages { pages, whole }),
                _ => Err(CodecError::Damaged("the pages cannot be drawn")),
            };
        }
        let (width, height) = (number(input)?, number(input)?);
        let bytes = u64::from(width) * u64::from(height) * 3;
        let (most, side) = (pages.len() >= MOST_PAGES, MOST_SIDE as u32);
        if most || width.max(height) > side || bytes == 0 || bytes > left {
            return Err(CodecError::Damaged("more pages than can be looked at"));
        }
        left -= bytes;
        let mut rgb = vec![0; bytes as usize];
        exactly(input, &mut rgb)?;
        pages.push(Page { width, height, rgb });
    }
}

fn exactly(input: &mut dyn Read, bytes: &mut [u8]) -> Result<(), CodecError> {
    input
        .read_exact(bytes)
        .map_err(|_| CodecError::Damaged("the pages cannot be drawn"))
}

fn number(input: &mut dyn Read) -> Result<u32, CodecError> {
    let mut bytes = [0; 4];
    exactly(input, &mut bytes)?;
    Ok(u32::from_le_bytes(bytes))
}

/// Draws every page of the document in `input`; the other end of [`Renderer::pages`]. It may panic, which ends its process
/// and with it the document.
///
/// # Errors
/// Where it is no PDF, encrypted, without pages or above the limits.
pub fn serve(input: &mut dyn Read, output: &mut dyn Write) -> Result<(), CodecError> {
    let broken = |_: std::io::Error| CodecError::Damaged("the pipe is broken");
    let mut bytes = Vec::new();
    input.read_to_end(&mut bytes).map_err(broken)?;
    let pdf = Pdf::new(bytes).map_err(|_| CodecError::Damaged("no PDF that can be opened"))?;
    let pages = pdf.pages();
    if pages.is_empty() || pages.len() > MOST_PAGES {
        return Err(CodecError::Damaged("no pages, or more than can be drawn"));
    }
    let faults = Arc::new(AtomicBool::new(false));
    let seen = Arc::clone(&faults);
    let interpreter = InterpreterSettings {
        warning_sink: Arc::new(move |_| seen.store(true, Ordering::Relaxed)),
        ..InterpreterSettings::default()
    };
    let scale = PixmapSettings {
        x_scale: SCALE,
        y_scale: SCALE,
        bg_color: WHITE,
    };
    output.write_all(MAGIC).map_err(broken)?;
    let cache = RenderCache::new();
    for page in pages.iter() {
        let (width, height) = page.render_dimensions();
        for side in [width * SCALE, height * SCALE] {
            if !(1.0..=MOST_SIDE).contains(&side) {
                return Err(CodecError::Damaged("a page of impossible size"));
            }
        }
        let drawn = hayro::render(
            page,
            &cache,
            &interpreter,
            &RenderSettings::default(),
            &scale,
        );
        let (width, height) = (u32::from(drawn.width()), u32::from(drawn.height()));
        // The ground is opaque, so every pixel is.
        let rgb: Vec<u8> = drawn
            .data_as_u8_slice()
            .chunks_exact(4)
            .flat_map(|p| [p[0], p[1], p[2]])
            .collect();
        output.write_all(&[PAGE]).map_err(broken)?;
        output.write_all(&width.to_le_bytes()).map_err(broken)?;
        output.write_all(&height.to_le_bytes()).map_err(broken)?;
        output.write_all(&rgb).map_err(broken)?;
    }
    let end = if faults.load(Ordering::Relaxed) {
        PARTS
    } else {
        WHOLE
    };
    output.write_all(&[end]).map_err(broken)?;
    output.flush().map_err(broken)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A document of one page of 72 × 36 points with this content.
    fn document(content: &str) -> Vec<u8> {
        let objects = [
            "<</Type/Catalog/Pages 2 0 R>>".to_owned(),
            "<</Type/Pages/Kids[3 0 R]/Count 1>>".to_owned(),
            "<</Type/Page/Parent 2 0 R/MediaBox[0 0 72 36]/Contents 4 0 R>>".to_owned(),
            format!("<</Length {}>>stream\n{content}\nendstream", content.len()),
        ];
        let mut out = b"%PDF-1.4\n".to_vec();
        for (i, object) in objects.iter().enumerate() {
            out.extend(format!("{} 0 obj{object}endobj\n", i + 1).bytes());
        }
        out.extend(b"trailer<</Root 1 0 R/Size 5>>\n%%EOF");
        out
    }

    fn drawn(pdf: &[u8]) -> Result<Pages, CodecError> {
        let mut out = Vec::new();
        serve(&mut &pdf[..], &mut out)?;
        read(&mut &out[..])
    }

    #[test]
    fn a_page_is_drawn_as_it_says() {
        let pages = drawn(&document("1 0 0 rg 0 0 36 36 re f")).unwrap();
        assert!(pages.whole);
        let page = &pages.pages[0];
        assert_eq!((page.width, page.height), (150, 75));
        let at = |x: u32| &page.rgb[((30 * 150 + x) * 3) as usize..][..3];
        assert_eq!((at(20), at(120)), (&[255, 0, 0][..], &[255; 3][..]));
    }

    #[test]
    fn what_is_no_document_has_no_pages() {
        for bad in [&b""[..], b"%PDF-1.4", &[0xFF; 900]] {
            assert!(drawn(bad).is_err());
        }
        let whole = document("0 0 9 9 re f");
        for end in (0..whole.len()).step_by(7) {
            // Whatever it makes of them, it comes back.
            let _ = drawn(&whole[..end]);
        }
        for side in ["0 0 1e9 36", "0 0 9999 9"] {
            let text = String::from_utf8(whole.clone()).unwrap();
            assert!(drawn(text.replace("0 0 72 36", side).as_bytes()).is_err());
        }
    }

    #[test]
    fn an_answer_that_is_cut_or_lies_is_no_answer() {
        let mut out = Vec::new();
        serve(&mut &document("0 0 9 9 re f")[..], &mut out).unwrap();
        assert!(read(&mut &out[..]).is_ok());
        for end in [0, 7, 8, 12, out.len() - 1] {
            assert!(read(&mut &out[..end]).is_err(), "{end}");
        }
        out[9..13].copy_from_slice(&u32::MAX.to_le_bytes());
        assert!(read(&mut &out[..]).is_err());
        assert!(read(&mut &b"running 0 tests\n"[..]).is_err());
    }
}
