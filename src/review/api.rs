//! What the page is answered, as JSON; `requests` has what it asks. Field names are those of the page.

use crate::geometry::Rect;
use serde::{Deserialize, Serialize};

/// A rectangle as the page has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Box {
    /// Left edge, pixels of the stored frame.
    pub x: u32,
    /// Top edge.
    pub y: u32,
    /// Width.
    pub w: u32,
    /// Height.
    pub h: u32,
}

impl From<Rect> for Box {
    fn from(r: Rect) -> Box {
        let Rect { x, y, w, h } = r;
        Box { x, y, w, h }
    }
}

impl From<Box> for Rect {
    fn from(b: Box) -> Rect {
        Rect::new(b.x, b.y, b.w, b.h)
    }
}

/// How far the people are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// All files.
    pub total: usize,
    /// Never opened.
    pub unseen: usize,
    /// Opened, not decided.
    pub open: usize,
    /// Approved.
    pub approved: usize,
    /// Put aside with a comment.
    pub flagged: usize,
    /// Refused.
    pub rejected: usize,
}

/// What a sample says.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct SampleInfo {
    /// Files drawn.
    pub drawn: usize,
    /// From how many.
    pub of: usize,
    /// Share of files with missed text that is not exceeded with 95 % confidence, from the files decided so far.
    pub upper_bound: Option<f64>,
    /// Files of the sample that are decided.
    pub decided: usize,
    /// Files of the sample in which a person had to add a mask, or that were flagged or rejected.
    pub missed: usize,
}

/// `GET /api/session`
#[derive(Clone, Debug, Serialize)]
pub struct SessionInfo {
    /// Of the program.
    pub version: &'static str,
    /// Who reviews.
    pub reviewer: Option<String>,
    /// Whether two people have to approve.
    pub two_person: bool,
    /// Where a sample was drawn.
    pub sample: Option<SampleInfo>,
    /// Whether the files are those of a job.
    pub job: bool,
    /// What becomes of headers.
    pub profile: String,
    /// Whether approved files are written.
    pub output: bool,
    /// Whether the text that was read can be asked for.
    pub can_include_text: bool,
    /// How far.
    pub counts: Counts,
}

/// One line of the list.
#[derive(Clone, Debug, Serialize)]
pub struct FileRow {
    /// Opaque.
    pub id: String,
    /// Path relative to the input. Text from outside.
    pub name: String,
    /// What the plan or the writing gave; `pending` before.
    pub outcome: &'static str,
    /// Reason code.
    pub reason: Option<String>,
    /// What the reason means.
    pub explain: Option<String>,
    /// Risk class; empty before the plan.
    pub risk: String,
    /// From the header.
    pub modality: String,
    /// Same maker, model and size.
    pub equipment: String,
    /// For people. Text from outside.
    pub equipment_label: String,
    /// Same series.
    pub group: Option<String>,
    /// Same study.
    pub study: Option<String>,
    /// Frames.
    pub frames: u32,
    /// Height.
    pub rows: u32,
    /// Width.
    pub cols: u32,
    /// Masks.
    pub boxes: usize,
    /// Kept places.
    pub kept: usize,
    /// Of all masks and keeps.
    pub lowest_confidence: Option<u16>,
    /// Of the people's work.
    pub state: &'static str,
    /// Whether a picture of it was shown.
    pub seen: bool,
    /// Who approved the present version.
    pub approvals: Vec<String>,
    /// Of whoever flagged or rejected it.
    pub comment: Option<String>,
    /// Whether the plan is there.
    pub planned: bool,
    /// Edit version.
    pub version: u64,
    /// Masks of all frames, only where asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub masks: Option<Vec<Box>>,
    /// Kept places of all frames, only where asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kept_rects: Option<Vec<Box>>,
}

/// A window with its name.
#[derive(Clone, Debug, Serialize)]
pub struct NamedWindow {
    /// `window-1`, …
    pub name: String,
    /// On values after the modality transform.
    pub center: f64,
    /// See `center`.
    pub width: f64,
}

/// What the picture is.
#[derive(Clone, Debug, Serialize)]
pub struct ImageInfo {
    /// Height.
    pub rows: u32,
    /// Width.
    pub cols: u32,
    /// Frames.
    pub frames: u32,
    /// 8 or 16.
    pub bits: u8,
    /// Colour or palette.
    pub colour: bool,
    /// Lowest value is white.
    pub monochrome1: bool,
    /// The first window.
    pub window: Option<NamedWindow>,
    /// All windows of the header.
    pub windows: Vec<NamedWindow>,
    /// Time of a frame.
    pub frame_ms: Option<f64>,
    /// What masks become, as it is seen.
    pub fill: String,
}

/// One view that the detector searched.
#[derive(Clone, Debug, Serialize)]
pub struct ViewInfo {
    /// For requests.
    pub id: String,
    /// For people.
    pub label: String,
    /// `window`, `range`, `colour`, `overlay`.
    pub channel: &'static str,
}

/// One place.
#[derive(Clone, Debug, Serialize)]
pub struct ItemInfo {
    /// Opaque.
    pub id: String,
    /// `mask`, `keep`, `weak`.
    pub action: &'static str,
    /// Where.
    pub rect: Box,
    /// Before it grew to what the coding demands: this is what people move and size.
    pub before: Box,
    /// First and last frame.
    pub frames: (u32, u32),
    /// The rule.
    pub reason: String,
    /// `rule`, `template`, `person`.
    pub origin: &'static str,
    /// 0–1000.
    pub confidence: u16,
    /// Never here; see `GET …/items/{item}/text`.
    pub text: Option<String>,
    /// Whether keeping it asks for a reason.
    pub header_rule: bool,
    /// In which view it was found.
    pub view: Option<String>,
    /// Which person.
    pub by: Option<String>,
    /// What that person said.
    pub note: Option<String>,
}

/// One line of the history.
#[derive(Clone, Debug, Serialize)]
pub struct HistoryLine {
    /// Number.
    pub seq: u64,
    /// RFC 3339.
    pub at: String,
    /// Who.
    pub who: Option<String>,
    /// What, for people.
    pub what: String,
    /// Whether it was taken back.
    pub undone: bool,
}

/// `GET /api/files/{id}`
#[derive(Clone, Debug, Serialize)]
pub struct Detail {
    /// The line of the list.
    pub row: FileRow,
    /// Edit version.
    pub version: u64,
    /// The picture.
    pub image: ImageInfo,
    /// How it was searched.
    pub views: Vec<ViewInfo>,
    /// Ultrasound regions.
    pub regions: Vec<Box>,
    /// Every place.
    pub items: Vec<ItemInfo>,
    /// Who did what.
    pub history: Vec<HistoryLine>,
    /// Whether there is an edit to take back.
    pub can_undo: bool,
    /// Whether there is one to bring again.
    pub can_redo: bool,
    /// What else is cleaned.
    pub carriers: Vec<crate::plan::CarrierAction>,
    /// Hidden views with findings that nobody opened.
    pub unopened: Vec<String>,
    /// Why it waits for a person.
    pub held: Vec<String>,
    /// The template that applies.
    pub template: Option<Named>,
}

/// A thing with a name.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Named {
    /// Its name.
    pub name: String,
}

/// What a decision led to.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq, Eq)]
pub struct Decided {
    /// `clean`, `masked`, `needs-review`, `quarantined`, `failed`, or that of the plan where nothing was to be written.
    pub outcome: String,
    /// Reason code.
    pub reason: Option<String>,
    /// For people.
    pub explain: Option<String>,
    /// Whether a written file passed its self-check.
    pub verified: bool,
    /// Whether a second person has to approve.
    pub waiting_for_second: bool,
}

/// Answer to `POST …/decide`
#[derive(Clone, Debug, Serialize)]
pub struct DecideAnswer {
    /// The line of the list.
    pub row: FileRow,
    /// What it led to.
    pub result: Decided,
}

/// A file of a group that was left out.
#[derive(Clone, Debug, Serialize)]
pub struct Refused {
    /// Which.
    pub id: String,
    /// For programs.
    pub code: &'static str,
    /// Why.
    pub error: String,
}
