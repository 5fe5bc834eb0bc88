//! Encapsulated PDF: its pages are drawn and searched like frames, and the document is held back or dropped. It is never
//! written: what a viewer draws is not all that such a file holds.

use super::Engine;
use super::frames::device_fault;
use crate::codec::pdf::{Page, Renderer};
use crate::config::Documents;
use crate::facts::Identity;
use crate::frame::{Display, Frame, Photometric, PixelFormat};
use crate::ocr::CachedReader;
use crate::outcome::{Reason, Refusal};
use crate::plan::CarrierAction;
use crate::report::FileReport;

impl Engine {
    /// Searches the pages of a document; gives why it does not leave.
    pub(super) fn document(
        &self,
        pdf: &[u8],
        identities: &[Identity],
        report: &mut FileReport,
    ) -> Refusal {
        report.device = self.detector.device();
        self.pages(pdf, identities, report)
            .unwrap_or_else(|refusal| refusal)
    }

    fn pages(
        &self,
        pdf: &[u8],
        identities: &[Identity],
        report: &mut FileReport,
    ) -> Result<Refusal, Refusal> {
        let drawn = Renderer::this_program()
            .and_then(|r| r.pages(pdf))
            .map_err(|e| Refusal::new(Reason::DocumentUnseen, e.to_string()))?;
        let count = drawn.pages.len();
        report.carriers = vec![CarrierAction {
            kind: "document-page".into(),
            count: u32::try_from(count).unwrap_or(u32::MAX),
            action: "searched".into(),
            reason: None,
        }];
        let decider = self.decider.for_object(identities);
        let reader = CachedReader::new(&self.reader);
        let display = Display {
            slope: 1.0,
            ..Display::default()
        };
        let searcher = self.searcher_of_drawings(&decider, &reader, &display);
        let (mut with_text, mut places, mut to_mask) = (0, 0, 0);
        for page in drawn.pages {
            let found = searcher.drawing(frame(page)).map_err(device_fault)?;
            with_text += usize::from(!found.is_empty());
            places += found.len();
            to_mask += found.iter().filter(|f| !f.is_kept()).count();
        }
        if places > 0 {
            let reason = match self.config.documents {
                Documents::Drop => Reason::DocumentDropped,
                Documents::Search | Documents::Off => Reason::DocumentText,
            };
            return Ok(Refusal::new(
                reason,
                format!(
                    "{places} places with text on {with_text} of {count} pages, {to_mask} of which no rule keeps"
                ),
            ));
        }
        Ok(if drawn.whole {
            Refusal::new(
                Reason::DocumentEmpty,
                format!("{count} pages were searched"),
            )
        } else {
            Refusal::new(
                Reason::DocumentUnseen,
                "a font, picture or annotation could not be drawn",
            )
        })
    }
}

fn frame(page: Page) -> Frame {
    Frame {
        format: PixelFormat {
            rows: page.height,
            cols: page.width,
            samples_per_pixel: 3,
            bits_allocated: 8,
            bits_stored: 8,
            high_bit: 7,
            signed: false,
            photometric: Photometric::Rgb,
            planar: false,
            float: false,
        },
        data: page.rgb,
    }
}
