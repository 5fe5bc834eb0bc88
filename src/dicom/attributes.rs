//! Which header attributes change, as a list of operations (dicom.md §1.1–1.3, §3).
//!
//! Takes an object and what was done to it; gives [`HeaderOp`]s that can be counted, printed and applied
//! ([`super::apply`]). Without a de-identification profile nothing here claims one: no code of CID 7050, no Patient
//! Identity Removed, no statement about dates.

use super::classes::{needs_source_images, stays_original};
use super::object::Object;
use super::overlay::KeptOverlay;
use super::support::{Codec, Support};
use super::uid;
use super::value::Values;
use crate::frame::Photometric::{Rgb, YbrIct, YbrRct};
use crate::frame::PixelFormat;
use crate::key::Key;
use dicom_core::{Tag, VR};
use dicom_dictionary_std::tags;

/// Groups of elements that are taken out at every depth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Carrier {
    /// Icon Image Sequences.
    Icons,
    /// Whole groups 60xx.
    Overlays,
    /// Whole groups 50xx.
    Curves,
    /// Pixel Data inside items.
    NestedPixelData,
    /// Private binary values that may be pictures.
    PrivatePictures,
}

/// One change of the header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HeaderOp {
    /// Sets a top-level attribute; text is ASCII, several values are joined by `\`.
    Set {
        /// Which.
        tag: Tag,
        /// With which VR.
        vr: VR,
        /// Text, or decimal numbers for US.
        value: String,
    },
    /// Replaces a UID at top level.
    Uid {
        /// Which.
        tag: Tag,
        /// By what.
        value: String,
    },
    /// Appends to the text of a top-level attribute, separated; creates it where absent.
    Append {
        /// Which.
        tag: Tag,
        /// With which VR.
        vr: VR,
        /// What stands between.
        separator: &'static str,
        /// What is appended.
        value: String,
        /// Most bytes of the whole; the old text is dropped where it would be longer.
        max: usize,
    },
    /// Replaces the first value of a multi-valued attribute that is there and not empty.
    SetFirst {
        /// Which.
        tag: Tag,
        /// By what.
        value: &'static str,
    },
    /// Removes a top-level attribute.
    Remove {
        /// Which.
        tag: Tag,
    },
    /// Removes something at every depth.
    RemoveCarrier(Carrier),
    /// Removes overlay groups at every depth, but these at top level, whose data it sets.
    KeepOverlays(Vec<KeptOverlay>),
    /// Appends an item to a top-level sequence, creating it where absent.
    AppendItem {
        /// Which.
        tag: Tag,
        /// Attributes of the item.
        item: Vec<ItemValue>,
    },
    /// Adds a code to a top-level sequence unless it is there already.
    AddCode {
        /// Which.
        tag: Tag,
        /// Value, scheme, meaning.
        code: [&'static str; 3],
    },
    /// Makes sure that a sequence is there, empty if need be.
    EmptySequence {
        /// Which.
        tag: Tag,
    },
    /// Sets the first value of Frame Type to `DERIVED` in the functional groups of these frames, and makes sure that
    /// they have a Derivation Image Sequence. Sets Image Type accordingly.
    FrameTypes {
        /// Zero-based, ascending.
        frames: Vec<u32>,
    },
}

/// One attribute of a new item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ItemValue {
    /// Text.
    Text(Tag, VR, String),
    /// A sequence with one code item: value, scheme, meaning.
    Code(Tag, [&'static str; 3]),
}

impl HeaderOp {
    /// The word under which reports count it.
    pub fn kind(&self) -> &'static str {
        match self {
            HeaderOp::Uid { .. } => "uid",
            HeaderOp::Set { .. }
            | HeaderOp::SetFirst { .. }
            | HeaderOp::FrameTypes { .. }
            | HeaderOp::KeepOverlays(_) => "set",
            HeaderOp::Remove { .. } | HeaderOp::RemoveCarrier(_) => "removed",
            HeaderOp::Append { .. }
            | HeaderOp::AppendItem { .. }
            | HeaderOp::AddCode { .. }
            | HeaderOp::EmptySequence { .. } => "added",
        }
    }
}

/// What BurnedInAnnotation is to say (dicom.md §1.3 decides which).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BurnedInClaim {
    /// As in the input.
    #[default]
    Keep,
    /// `NO`: all of dicom.md §1.3 holds.
    No,
    /// `YES`.
    Yes,
    /// Nothing may be said: the attribute goes.
    Absent,
}

/// What was done to an object.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// Frames with a mask, zero-based, ascending.
    pub masked_frames: Vec<u32>,
    /// Whether text was masked in them, and whether a face was cut off.
    pub text: bool,
    /// See `text`.
    pub face: bool,
    /// Whether frames are written one by one rather than copied with their element.
    pub frames_written: bool,
    /// Whether any frame is encoded anew: masked, or with bits cleared outside the stored field.
    pub recoded: bool,
    /// Transfer syntax of the output.
    pub out_syntax: &'static str,
    /// What BurnedInAnnotation is to say.
    pub burned_in: BurnedInClaim,
    /// What is removed at every depth.
    pub remove: Vec<Carrier>,
    /// Overlays that stay, cleaned; with any of them, `remove` does not name overlays.
    pub overlays: Vec<KeptOverlay>,
    /// What may be said of the header; `None` without a profile.
    pub claims: Option<Claims>,
    /// Bytes of a video stream that was coded anew.
    pub video_bytes: Option<u64>,
}

/// What a profile has earned (dicom.md §1.1, §1.2).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Claims {
    /// Items of CID 7050.
    pub codes: Vec<[&'static str; 3]>,
    /// (0028,0303).
    pub longitudinal: &'static str,
    /// Whether (0012,0062) may say `YES`: header and pixels were treated.
    pub identity_removed: bool,
    /// UIDs stay: only with pixels that stay as well.
    pub keep_uids: bool,
    /// What (0028,0302) says.
    pub face: FaceClaim,
}

/// What is known of a face (dicom.md §7.4).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FaceClaim {
    /// Nothing is said.
    #[default]
    Silent,
    /// One may be recognised: `YES`.
    Possible,
    /// It was cut off, with the whole series, and that was checked: `NO`.
    Removed,
}

/// The operations for an object.
pub fn header_ops(object: &Object, changes: &Changes, key: &Key) -> Vec<HeaderOp> {
    let facts = object.facts();
    let mut ops = identity_ops(&facts.sop_instance, changes.claims.as_ref(), key);
    if !changes.masked_frames.is_empty() {
        derivation(object, changes, &mut ops);
    }
    match changes.burned_in {
        BurnedInClaim::Keep => {}
        BurnedInClaim::No => set(&mut ops, tags::BURNED_IN_ANNOTATION, VR::CS, "NO"),
        BurnedInClaim::Yes => set(&mut ops, tags::BURNED_IN_ANNOTATION, VR::CS, "YES"),
        BurnedInClaim::Absent => ops.push(HeaderOp::Remove {
            tag: tags::BURNED_IN_ANNOTATION,
        }),
    }
    if changes.frames_written {
        offset_tables(object, &mut ops);
    }
    labels(object, changes, &mut ops);
    lossy_history(object, changes, &mut ops);
    ops.extend(
        changes
            .remove
            .iter()
            .map(|carrier| HeaderOp::RemoveCarrier(*carrier)),
    );
    if !changes.overlays.is_empty() {
        ops.push(HeaderOp::KeepOverlays(changes.overlays.clone()));
    }
    // A signature over what has changed is worse than none.
    for tag in [
        tags::MAC_PARAMETERS_SEQUENCE,
        tags::DIGITAL_SIGNATURES_SEQUENCE,
    ] {
        if object.set.get(tag).is_some() {
            ops.push(HeaderOp::Remove { tag });
        }
    }
    ops
}

/// New SOP Instance UID, our equipment, and the claims of a profile: what every object gets, whatever it holds.
pub(super) fn identity_ops(
    sop_instance: &str,
    claims: Option<&Claims>,
    key: &Key,
) -> Vec<HeaderOp> {
    let mut ops = Vec::new();
    if !claims.is_some_and(|c| c.keep_uids) {
        ops.push(HeaderOp::Uid {
            tag: tags::SOP_INSTANCE_UID,
            value: uid::replacement(key, sop_instance),
        });
    }
    ops.push(HeaderOp::AppendItem {
        tag: tags::CONTRIBUTING_EQUIPMENT_SEQUENCE,
        item: equipment_item(claims.is_some()),
    });
    let Some(claims) = claims else { return ops };
    if claims.identity_removed {
        set(&mut ops, tags::PATIENT_IDENTITY_REMOVED, VR::CS, "YES");
    } else {
        ops.push(HeaderOp::Remove {
            tag: tags::PATIENT_IDENTITY_REMOVED,
        });
    }
    ops.push(HeaderOp::Append {
        tag: tags::DEIDENTIFICATION_METHOD,
        vr: VR::LO,
        separator: "\\",
        value: concat!("unburn ", env!("CARGO_PKG_VERSION"), "\\PS3.15 2026d").into(),
        max: 1024,
    });
    ops.extend(claims.codes.iter().map(|code| HeaderOp::AddCode {
        tag: tags::DEIDENTIFICATION_METHOD_CODE_SEQUENCE,
        code: *code,
    }));
    set(
        &mut ops,
        tags::LONGITUDINAL_TEMPORAL_INFORMATION_MODIFIED,
        VR::CS,
        claims.longitudinal,
    );
    let says = match claims.face {
        FaceClaim::Silent => None,
        FaceClaim::Possible => Some("YES"),
        FaceClaim::Removed => Some("NO"),
    };
    if let Some(says) = says {
        set(&mut ops, tags::RECOGNIZABLE_VISUAL_FEATURES, VR::CS, says);
    }
    ops
}

fn set(ops: &mut Vec<HeaderOp>, tag: Tag, vr: VR, value: impl Into<String>) {
    ops.push(HeaderOp::Set {
        tag,
        vr,
        value: value.into(),
    });
}

fn derivation(object: &Object, changes: &Changes, ops: &mut Vec<HeaderOp>) {
    let class = &object.facts().sop_class;
    let parts = [
        (changes.text, "Burned-in text masked"),
        (changes.face, "Face removed"),
    ];
    let done: Vec<&str> = parts.iter().filter(|p| p.0).map(|p| p.1).collect();
    let mut text = done.join("; ");
    if stays_original(class) {
        text.push_str("; Image Type unchanged: the source image is not referenced");
    } else {
        ops.push(HeaderOp::SetFirst {
            tag: tags::IMAGE_TYPE,
            value: "DERIVED",
        });
        ops.push(HeaderOp::FrameTypes {
            frames: changes.masked_frames.clone(),
        });
        if needs_source_images(class) {
            ops.push(HeaderOp::EmptySequence {
                tag: tags::SOURCE_IMAGE_SEQUENCE,
            });
        }
    }
    ops.push(HeaderOp::Append {
        tag: tags::DERIVATION_DESCRIPTION,
        vr: VR::ST,
        separator: "; ",
        value: text,
        max: 1024,
    });
    for (_, code) in [
        (changes.text, ["113047", "DCM", "Pixel by pixel mask"]),
        (changes.face, ["113077", "DCM", "Volume editing"]),
    ]
    .into_iter()
    .filter(|c| c.0)
    {
        ops.push(HeaderOp::AppendItem {
            tag: tags::DERIVATION_CODE_SEQUENCE,
            item: code_item(code),
        });
    }
    // They may count samples that are masked now (dicom.md §3.1).
    for tag in [
        tags::SMALLEST_IMAGE_PIXEL_VALUE,
        tags::LARGEST_IMAGE_PIXEL_VALUE,
        tags::SMALLEST_PIXEL_VALUE_IN_SERIES,
        tags::LARGEST_PIXEL_VALUE_IN_SERIES,
    ] {
        if object.set.get(tag).is_some() {
            ops.push(HeaderOp::Remove { tag });
        }
    }
}

/// Tables that point at fragments of the input.
fn offset_tables(object: &Object, ops: &mut Vec<HeaderOp>) {
    for tag in [
        tags::EXTENDED_OFFSET_TABLE,
        tags::EXTENDED_OFFSET_TABLE_LENGTHS,
        tags::ENCAPSULATED_PIXEL_DATA_VALUE_TOTAL_LENGTH,
    ] {
        if object.set.get(tag).is_some() {
            ops.push(HeaderOp::Remove { tag });
        }
    }
}

/// How decoded samples are to be read once they are written. Where every frame stays in its coding it keeps the label by
/// which that coding is read; frames that are encoded again share one label with those that stay.
fn labels(object: &Object, changes: &Changes, ops: &mut Vec<HeaderOp>) {
    let f = object.facts().format;
    let Some(out) = Support::of(changes.out_syntax) else {
        return;
    };
    let kept = same_encoding(object, out);
    let frames = object.facts().frames as usize;
    let all = !kept || changes.masked_frames.len() == frames;
    let own_label = matches!(out.codec, Codec::JpegDct | Codec::Video);
    if kept && (!changes.recoded || own_label) {
        return;
    }
    let label = match (out.codec, object.header_format.photometric) {
        // Frames of JPEG 2000 with a colour transform of their own come out as RGB. What is encoded again has the
        // reversible one; with others beside it their label holds.
        (Codec::Jpeg2000, from @ (YbrIct | YbrRct)) if f.photometric == Rgb => {
            if all {
                YbrRct
            } else {
                from
            }
        }
        _ => f.photometric,
    };
    if label.name() != object.facts().photometric_header {
        set(ops, tags::PHOTOMETRIC_INTERPRETATION, VR::CS, label.name());
    }
    if !kept && f.samples_per_pixel > 1 && f.planar != object.header_format.planar {
        let planar = u8::from(f.planar).to_string();
        set(ops, tags::PLANAR_CONFIGURATION, VR::US, planar);
    }
}

/// Says that the input's coding lost something where the header does not (dicom.md §3.5); what is there stays.
/// A video that was coded anew lost something once more.
fn lossy_history(object: &Object, changes: &Changes, ops: &mut Vec<HeaderOp>) {
    let v = Values {
        bytes: &object.bytes,
        set: &object.set,
    };
    let told = v.code(tags::LOSSY_IMAGE_COMPRESSION).as_deref() == Some("01");
    let first = (object.stream_lossy() && !told).then(|| object.encoded_len());
    if first.is_some() || changes.video_bytes.is_some() {
        set(ops, tags::LOSSY_IMAGE_COMPRESSION, VR::CS, "01");
    }
    if changes.video_bytes.is_some() {
        ops.push(HeaderOp::AppendItem {
            tag: tags::DERIVATION_CODE_SEQUENCE,
            item: code_item(["113040", "DCM", "Lossy Compression"]),
        });
    }
    let steps = first.into_iter().chain(changes.video_bytes);
    let f = object.facts().format;
    let values = steps.flat_map(|bytes| {
        let ratio = ratio(&f, object.facts().frames, bytes);
        [
            (tags::LOSSY_IMAGE_COMPRESSION_RATIO, VR::DS, ratio),
            (
                tags::LOSSY_IMAGE_COMPRESSION_METHOD,
                VR::CS,
                object.syntax.method.to_owned(),
            ),
        ]
    });
    for (tag, vr, value) in values {
        ops.push(HeaderOp::Append {
            tag,
            vr,
            separator: "\\",
            value,
            max: usize::from(u16::MAX) - 1,
        });
    }
}

/// Uncompressed by compressed bytes, two digits (PS3.3 C.7.6.1.1.5.2).
fn ratio(f: &PixelFormat, frames: u32, encoded: u64) -> String {
    let decoded = f.bytes_per_frame() as u64 * u64::from(frames);
    let hundredths = decoded * 100 / encoded.max(1);
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
}

pub(super) fn code_item([value, scheme, meaning]: [&'static str; 3]) -> Vec<ItemValue> {
    vec![
        ItemValue::Text(tags::CODE_VALUE, VR::SH, value.into()),
        ItemValue::Text(tags::CODING_SCHEME_DESIGNATOR, VR::SH, scheme.into()),
        ItemValue::Text(tags::CODE_MEANING, VR::LO, meaning.into()),
    ]
}

/// Our item of Contributing Equipment. "De-identifying" only where a profile ran: without one the header's identities are
/// still there.
fn equipment_item(profile: bool) -> Vec<ItemValue> {
    let purpose = if profile {
        ["109104", "DCM", "De-identifying Equipment"]
    } else {
        ["109103", "DCM", "Modifying Equipment"]
    };
    vec![
        ItemValue::Text(tags::MANUFACTURER, VR::LO, "unburn".into()),
        ItemValue::Text(
            tags::SOFTWARE_VERSIONS,
            VR::LO,
            env!("CARGO_PKG_VERSION").into(),
        ),
        ItemValue::Code(tags::PURPOSE_OF_REFERENCE_CODE_SEQUENCE, purpose),
    ]
}

/// Whether frames of the object can go out as they are coded in `out`: native samples do not depend on the syntax,
/// others stay in their own.
pub(super) fn same_encoding(object: &Object, out: &Support) -> bool {
    let own = object.syntax;
    own.codec == out.codec && (own.codec == Codec::Native || own.uid == out.uid)
}
