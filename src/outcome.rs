//! What can become of a file, and the closed list of reasons why it did not come out.

use serde::{Deserialize, Serialize};

/// What became of a file. Ordered from harmless to worst; several merge to the worst ([`Ord::max`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// Not a DICOM object that holds an image: no output, no error.
    Skipped,
    /// Searched in full, nothing found, written and checked.
    Clean,
    /// Text masked, written, self-check passed.
    Masked,
    /// The plan is complete, but a person has to look first.
    NeedsReview,
    /// Readable, but not allowed out.
    Quarantined,
    /// Damaged, inconsistent, or a fault on our side.
    Failed,
}

impl Outcome {
    /// Every outcome, from harmless to worst.
    pub const ALL: [Outcome; 6] = [
        Outcome::Skipped,
        Outcome::Clean,
        Outcome::Masked,
        Outcome::NeedsReview,
        Outcome::Quarantined,
        Outcome::Failed,
    ];

    /// The outcome that reports call so.
    pub fn find(name: &str) -> Option<Outcome> {
        Outcome::ALL.into_iter().find(|o| o.name() == name)
    }

    /// The word used in reports.
    pub fn name(self) -> &'static str {
        match self {
            Outcome::Skipped => "skipped",
            Outcome::Clean => "clean",
            Outcome::Masked => "masked",
            Outcome::NeedsReview => "needs-review",
            Outcome::Quarantined => "quarantined",
            Outcome::Failed => "failed",
        }
    }

    /// Whether an output file exists for this outcome.
    pub fn is_written(self) -> bool {
        matches!(self, Outcome::Clean | Outcome::Masked)
    }
}

macro_rules! reasons {
    ($($(#[$meta:meta])* $variant:ident = $code:literal, $outcome:ident, $when:literal, $then:literal;)*) => {
        /// Why a file was not written. Every reason has a line in `unburn --help reasons`.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Reason { $(#[doc = $when] $variant,)* }

        impl Reason {
            /// Every reason, in the order in which help lists them.
            pub const ALL: &'static [Reason] = &[$(Reason::$variant,)*];

            /// The reason with this code.
            pub fn find(code: &str) -> Option<Reason> {
                Reason::ALL.iter().copied().find(|r| r.code() == code)
            }

            /// The code used in reports.
            pub fn code(self) -> &'static str { match self { $(Reason::$variant => $code,)* } }

            /// The outcome that goes with it.
            pub fn outcome(self) -> Outcome { match self { $(Reason::$variant => Outcome::$outcome,)* } }

            /// What triggers it.
            pub fn trigger(self) -> &'static str { match self { $(Reason::$variant => $when,)* } }

            /// What a person can do.
            pub fn remedy(self) -> &'static str { match self { $(Reason::$variant => $then,)* } }
        }
    };
}

reasons! {
    NotDicom = "not-dicom", Skipped, "neither a DICOM preamble nor a data set that can be parsed", "nothing: the file is not an image object";
    Dicomdir = "dicomdir", Skipped, "a DICOMDIR: an index that names other files and patients", "rebuild the index from the outputs";

    DocumentDropped = "document-dropped", Skipped, "an encapsulated PDF with something like text on its pages (`--documents drop`)", "nothing: the site wants such documents left out";
    Symlink = "symbolic-link", Skipped, "a symbolic link inside a folder; links are not followed", "name the link itself on the command line if it is meant";
    SpecialFile = "special-file", Skipped, "a pipe, socket or device inside a folder", "nothing: it is not a stored file";

    BurnedInNotFound = "burned-in-not-found", NeedsReview, "the header says BurnedInAnnotation YES, but nothing was found", "look at the picture; try `--sensitivity high`";
    LateralityMasked = "laterality-masked", NeedsReview, "a laterality or orientation marker could not be separated from text that had to go", "check that the side is known from elsewhere, then approve";
    LargeMask = "large-mask", NeedsReview, "the masked share of the image, or one mask, is above the site's limit", "look at the preview; approve or correct the plan";

    Confidential = "confidentiality-note", NeedsReview, "the order says something about confidentiality (0040,1008), (0040,3001)", "read it before anything leaves";
    Outlier = "outlier", NeedsReview, "most images of this equipment and size in the group have text at a place where this one shows none", "compare it with its neighbours, then approve, or run a job with `--release file`";
    GroupIncomplete = "group-incomplete", NeedsReview, "a job with `--release series` or `study`: this file is done, another one of its group did not come out", "settle that one (`batch retry`), or run a job with `--release file`";

    NestedArchive = "nested-archive", Quarantined, "an archive inside an archive; a job opens one level only", "unpack the outer archive first";
    TransferSyntax = "unsupported-transfer-syntax", Quarantined, "no decoder that can be trusted for this transfer syntax", "convert the file with a trusted tool first";
    Video = "video", Quarantined, "a video stream (MPEG-2, H.264, HEVC), which only a program from outside can decode, or one that is not coded anew: two views, interlaced, not 4:2:0", "name an ffmpeg with `--ffmpeg PATH`; else export stills or an uncompressed loop";
    PixelFormat = "unsupported-pixel-format", Quarantined, "photometric interpretation, bit depth or layout that is not supported", "report the format; convert the file first";
    FloatPixels = "float-pixel-data", Quarantined, "Float or Double Float Pixel Data in a transfer syntax of compressed frames, which the standard does not know", "convert it to an uncompressed transfer syntax first";
    ObjectClass = "object-class", Quarantined, "an object of a class that is not a plain image; with `--keep-metadata` also presentation states, segmentations and radiotherapy objects, whose headers only a profile treats", "use a profile, or a tool made for that class";
    StructuredReport = "structured-report", Quarantined, "a structured report: its text is its content", "say `--profile-options clean-structured-content`, or handle it with a tool made for reports";
    KeyObjects = "key-objects", Quarantined, "a key object selection: a list of images with a text that may name anybody", "say `--profile-options clean-structured-content`, or make a new one from the outputs";
    Document = "encapsulated-document", Quarantined, "a document inside an object (PDF, CDA, STL …); its pages are not looked at", "search the document with a tool made for it; `--documents search` looks at the pages of PDF";
    DocumentText = "document-text", Quarantined, "an encapsulated PDF with something like text on its pages (`--documents search`)", "make a new document without identities, or leave it out (`--documents drop`)";
    DocumentEmpty = "document-nothing-found", Quarantined, "an encapsulated PDF on whose pages nothing was found; layers, attachments and metadata were not looked at, so it does not leave", "look at it; what is needed of it has to leave as images";
    DocumentUnseen = "document-not-rendered", Quarantined, "an encapsulated PDF that could not be drawn in full: damaged, encrypted, too large, or with parts that the renderer does not know", "look at it with a viewer";
    Waveform = "waveform", Quarantined, "a waveform or a recording: annotations and voices name people", "handle it with a tool made for that class";
    RawData = "raw-data", Quarantined, "raw or spectroscopy data: what it holds is known to its maker alone", "send the images instead";
    ParametricMap = "parametric-map", Quarantined, "a map of the eye that must say that nothing is burned in, which was not looked for", "convert it to an image first";
    SlideLabel = "slide-label", Quarantined, "the label or overview picture of a slide: it shows the label by definition", "leave it out";
    IdentityLeft = "identity-left", Quarantined, "the written file still held an identity of the original, or the profile could not take one away", "report it: this is a defect";
    UidsKept = "uids-kept", Quarantined, "`retain-uids`, but pixels change: two different images would have one UID", "leave the option out";
    NoPatientId = "no-patient-id", Quarantined, "no patient id, but a list of opt-outs or pseudonyms has to be asked", "complete the header first";
    NoPseudonym = "no-pseudonym", Quarantined, "the list of pseudonyms does not have this patient", "add the patient, or `--missing-patient derive`";
    OptOut = "opt-out", Quarantined, "the patient is on the list of those who opted out", "nothing: it must not leave";
    Consent = "consent", Quarantined, "the header says that the patient refused or withdrew consent", "nothing: it must not leave";
    Face = "face-possible", Quarantined, "a face may be recognised, and `--faces quarantine` is set, or with `deface` the image is no part of a head CT that could be treated", "remove the face with a tool made for that";
    PrivateClass = "private-sop-class", Quarantined, "a private SOP Class: its attributes have no public meaning", "ask the maker of the equipment for a standard export";
    WholeSlide = "whole-slide", Quarantined, "a whole-slide microscopy object: labels and tile borders need their own treatment", "handle it with a tool made for that class";
    NoPixels = "no-pixel-data", Quarantined, "an object without Pixel Data", "nothing to mask; its header still needs de-identification";
    PixelUrl = "pixel-data-url", Quarantined, "pixels are only referenced by a URL (0028,7FE0)", "fetch the pixels into the object first";
    NestedPixels = "nested-pixel-data", Quarantined, "Pixel Data inside a sequence or private element that cannot be removed safely", "remove the nested image first";
    NoIdentity = "no-identity", Quarantined, "policy `phi` needs header identities to compare with, and there are none", "use policy `safe-list` or `all`";
    KeptUnknownText = "kept-unknown-text", Quarantined, "policy `phi` kept text that no rule names, and this class requires BurnedInAnnotation", "use policy `safe-list` or `all`";
    UntrustedModels = "untrusted-models", Quarantined, "models that are not those inside searched the pixels, and this class requires BurnedInAnnotation", "measure the models, then name their hashes with --trust-models";
    Template = "template-conflict", Quarantined, "a template for this equipment does not fit the frame", "correct the template";
    PlanUnstable = "plan-unstable", Quarantined, "masking kept uncovering new findings, however wide the masks became", "look at the file; use policy `all`";
    ResidualText = "residual-text", Quarantined, "the written file still shows something that no keep rule covers", "report it; mask by hand or with a template";
    OutsideChanged = "outside-changed", Quarantined, "a stored sample outside the masks differs from the original", "report it: this is a defect";
    InsideNotConstant = "inside-not-constant", Quarantined, "a sample inside a mask is not the fill value", "report it: this is a defect";
    BadEncoding = "bad-encoding", Quarantined, "the written file's encapsulation or attributes are not valid", "report it: this is a defect";

    Damaged = "damaged", Failed, "the data set cannot be parsed to its end", "get the file again from its source";
    Truncated = "truncated", Failed, "fewer pixel bytes or frames than the header promises", "get the file again from its source";
    Inconsistent = "inconsistent", Failed, "attributes contradict each other or the pixel data", "get the file again from its source";
    Decode = "decode-failed", Failed, "the decoder refused the pixel data", "get the file again from its source";
    Limit = "limit", Failed, "a size in the file is above a `--limit-*` setting", "raise the limit if the file is genuine";
    Read = "read-failed", Failed, "the input could not be read", "check the path and permissions";
    Write = "write-failed", Failed, "the output could not be written", "check space and permissions";
    OutputExists = "output-exists", Failed, "the output path is taken", "choose another folder, or `--overwrite`";
    Internal = "internal", Failed, "a fault of this program; the file fails alone", "report it";
}

/// A file stops here: why, with a detail that never holds header values, text or pixels.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}: {detail}", .reason.code())]
pub struct Refusal {
    /// The reason code.
    pub reason: Reason,
    /// Where and how, for a person; lower case, no full stop.
    pub detail: String,
}

impl Refusal {
    /// A refusal for this reason.
    pub fn new(reason: Reason, detail: impl Into<String>) -> Self {
        Refusal {
            reason,
            detail: detail.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn outcomes_merge_to_the_worst() {
        assert_eq!(Outcome::Clean.max(Outcome::Masked), Outcome::Masked);
        assert_eq!(Outcome::Failed.max(Outcome::Quarantined), Outcome::Failed);
        assert!(Outcome::Skipped < Outcome::Clean);
    }

    #[test]
    fn reason_codes_are_unique_and_never_stand_for_a_written_file() {
        let codes: BTreeSet<_> = Reason::ALL.iter().map(|r| r.code()).collect();
        assert_eq!(codes.len(), Reason::ALL.len());
        assert!(Reason::ALL.iter().all(|r| !r.outcome().is_written()));
    }
}
