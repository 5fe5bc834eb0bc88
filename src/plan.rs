//! What will be done to one object: the centre of the product.
//!
//! `scan`, `--dry-run`, `preview`, the review page and `redact` all build the same [`Plan`]; `redact` applies it. It is
//! plain, versioned data, bound to the input, the configuration and the models by digest: applying it to anything else
//! is refused. Slanted text is planned as several strips, one rectangle each, so that whoever reads a plan or a report
//! needs to know only rectangles.

use crate::geometry::Rect;
use serde::{Deserialize, Serialize};

/// Version of the plan's form.
pub const PLAN_VERSION: u32 = 1;
/// What is found this close around text that a person keeps is that text: boxes of two searches differ by so much.
const PERSON_KEEP_MARGIN_PX: u32 = 4;

/// Where in the object an item lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Carrier {
    /// Pixel Data (7FE0,0010).
    PixelData,
    /// Overlay plane 60xx, or one embedded in unused bits.
    Overlay,
    /// Icon Image Sequence (0088,0200).
    Icon,
    /// Bits of a sample word outside the stored field.
    HighBits,
}

/// Shape of an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Shape {
    /// The rectangle itself.
    Rect,
}

/// What happens to an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// Overwritten with the fill.
    Mask,
    /// Left, by the rule that `reason` names.
    Keep,
}

/// Who asked for an item.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Origin {
    /// Detection and the rules.
    Rule,
    /// The site's equipment file.
    Template,
    /// A person.
    Person,
}

/// One finding and what is to be done with it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct PlanItem {
    /// Where.
    pub carrier: Carrier,
    /// First and last frame, inclusive, zero-based.
    pub frames: (u32, u32),
    /// Form of `rect`.
    pub shape: Shape,
    /// For `Mask` the final rectangle (margin, grid and codec growth included), for `Keep` the text's own box.
    pub rect: Rect,
    /// The rectangle before it was grown to what the codec demands.
    pub before_codec: Rect,
    /// Mask or keep.
    pub action: Action,
    /// The rule that decided: `header:<attribute>`, `pattern:<name>`, `safe:<list>`, `unreadable`, …
    pub reason: String,
    /// Who asked for it.
    pub origin: Origin,
    /// 0–1000: the reader's, or the detector's where nothing was read.
    pub confidence: u16,
    /// What was read; kept in memory for review, written to reports only with `--include-text`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

/// What is done with everything beside Pixel Data that can carry text.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct CarrierAction {
    /// `overlay`, `icon`, `high-bits`, `jpeg-comment`, `trailing-bytes`, `offset-table`, `transfer-syntax`, …
    pub kind: String,
    /// How many of them.
    pub count: u32,
    /// `removed`, `cleaned`, `kept`, `rewritten`, `searched`.
    pub action: String,
    /// Why it could not be cleaned and kept, where that was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// The fill: one stored value (raw word, all allocated bits) per sample, the same for the whole object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fill {
    /// Words for samples 0, 1 and 2; only the first counts for one sample a pixel.
    pub words: [u64; 3],
}

/// Everything that will be done to one object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// [`PLAN_VERSION`].
    pub version: u32,
    /// SHA-256 of the input file, hex.
    pub input_sha256: String,
    /// SHA-256 of the settings that can change a plan, hex.
    pub config_sha256: String,
    /// Names and SHA-256 of the models, `name:hex`.
    pub models: Vec<String>,
    /// Height of a frame.
    pub rows: u32,
    /// Width of a frame.
    pub cols: u32,
    /// Number of frames.
    pub frames: u32,
    /// What masked samples become.
    pub fill: Fill,
    /// Findings, sorted.
    pub items: Vec<PlanItem>,
    /// Other carriers, sorted.
    pub carriers: Vec<CarrierAction>,
    /// Risk class of the object (`low` to `very-high`), by which people sort.
    #[serde(default)]
    pub risk: String,
    /// Reason codes that ask for a person before anything is written (`needs-review`), sorted.
    pub review: Vec<String>,
}

impl Plan {
    /// The mask rectangles of one frame of the Pixel Data.
    pub fn masks(&self, frame: u32) -> Vec<Rect> {
        self.items
            .iter()
            .filter(|i| i.action == Action::Mask && i.carrier == Carrier::PixelData)
            .filter(|i| (i.frames.0..=i.frames.1).contains(&frame))
            .map(|i| i.rect)
            .collect()
    }

    /// Where a person keeps text in one frame: what a search finds there is accounted for.
    pub fn person_keeps(&self, frame: u32) -> Vec<Rect> {
        self.items
            .iter()
            .filter(|i| i.action == Action::Keep && i.origin == Origin::Person)
            .filter(|i| i.carrier == Carrier::PixelData)
            .filter(|i| (i.frames.0..=i.frames.1).contains(&frame))
            .map(|i| i.rect.grow(PERSON_KEEP_MARGIN_PX, self.cols, self.rows))
            .collect()
    }

    /// Whether any frame of the Pixel Data is masked.
    pub fn masks_anything(&self) -> bool {
        self.items
            .iter()
            .any(|i| i.action == Action::Mask && i.carrier == Carrier::PixelData)
    }
}
