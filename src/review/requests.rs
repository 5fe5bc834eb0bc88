//! What the page asks for, as JSON: edits, decisions, templates, groups. `api` has the answers.

use super::api::Box;
use serde::{Deserialize, Serialize};

/// One change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "op", rename_all = "kebab-case")]
pub enum Edit {
    /// Mask or keep an item.
    Set {
        /// Which.
        item: String,
        /// What to do with it.
        action: Wanted,
        /// Why.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        why: Option<String>,
    },
    /// Mask a rectangle.
    Add {
        /// Where.
        rect: Box,
        /// First and last frame.
        frames: (u32, u32),
        /// Why.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        why: Option<String>,
    },
    /// Move, resize or scope an item.
    Change {
        /// Which.
        item: String,
        /// To where.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        rect: Option<Box>,
        /// To which frames.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        frames: Option<(u32, u32)>,
        /// Why.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        why: Option<String>,
    },
    /// Take away a person's item; keep a rule's.
    Delete {
        /// Which.
        item: String,
        /// Why.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        why: Option<String>,
    },
    /// Mask the whole width of the frame at an item's height.
    Band {
        /// Which.
        item: String,
    },
    /// Mask everything outside the ultrasound regions.
    OutsideRegions,
}

/// What a person wants of an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Wanted {
    /// Mask it.
    Mask,
    /// Keep it.
    Keep,
}

/// `POST …/edit`
#[derive(Clone, Debug, Deserialize)]
pub struct EditRequest {
    /// The version that was looked at.
    pub version: u64,
    /// One undo step.
    pub edits: Vec<Edit>,
}

/// `POST …/shown`
#[derive(Clone, Debug, Deserialize)]
pub struct ShownRequest {
    /// The version that was on the screen; without it the present one.
    #[serde(default)]
    pub version: Option<u64>,
}

/// `POST …/undo`, `…/redo`
#[derive(Clone, Debug, Deserialize)]
pub struct VersionRequest {
    /// The version that was looked at.
    pub version: u64,
}

/// A decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Decision {
    /// Write it.
    Approve,
    /// Put it aside.
    Flag,
    /// Never write it.
    Reject,
    /// Decide anew.
    Reopen,
}

/// `POST …/decide`
#[derive(Clone, Debug, Deserialize)]
pub struct DecideRequest {
    /// The version that was looked at.
    pub version: u64,
    /// What.
    pub decision: Decision,
    /// For people.
    #[serde(default)]
    pub comment: Option<String>,
    /// Approve although findings of hidden views were not opened.
    #[serde(default)]
    pub confirmed_unopened: bool,
}

/// `POST …/template`
#[derive(Clone, Debug, Deserialize)]
pub struct TemplateRequest {
    /// The version that was looked at.
    pub version: u64,
    /// What to call it.
    #[serde(default)]
    pub name: Option<String>,
}

/// A file with the version that was looked at.
#[derive(Clone, Debug, Deserialize)]
pub struct FileVersion {
    /// Opaque.
    pub id: String,
    /// See [`EditRequest::version`].
    pub version: u64,
}

/// `POST /api/group/edit`
#[derive(Clone, Debug, Deserialize)]
pub struct GroupEditRequest {
    /// Which.
    pub files: Vec<FileVersion>,
    /// Changes that do not name an item.
    pub edits: Vec<Edit>,
}

/// `POST /api/group/approve`
#[derive(Clone, Debug, Deserialize)]
pub struct GroupApproveRequest {
    /// Which.
    pub files: Vec<FileVersion>,
    /// Approve although findings of hidden views were not opened.
    #[serde(default)]
    pub confirmed_unopened: bool,
}
