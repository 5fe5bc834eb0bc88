//! What the present detector, reader and rules do not get right on the samples, stated exactly. A test that finds one of
//! these rows no longer true fails and asks for its removal; nothing else may be missing.

/// A line of identity that is not masked to its last pixel.
pub struct Miss {
    /// Sample.
    pub file: &'static str,
    /// Kind of the line in `truth.json`.
    pub kind: &'static str,
    /// Where it stands.
    pub rect: [u32; 4],
    /// Policies under which it is missed.
    pub policies: &'static [&'static str],
    /// Why.
    pub why: &'static str,
}

const BOTH: &[&str] = &["safe-list", "all"];

/// Lines of identity of which ink is left.
pub const KNOWN_MISSES: &[Miss] = &[Miss {
    file: "mr_faint.dcm",
    kind: "phi-id",
    rect: [6, 24, 69, 9],
    policies: BOTH,
    why: "the mask of a faint line ends some pixels before its last digit",
}];

/// A sample that a person has to look at before it is written.
pub struct Held {
    /// Sample.
    pub file: &'static str,
    /// Policy.
    pub policy: &'static str,
    /// Reason code.
    pub reason: &'static str,
    /// Why.
    pub why: &'static str,
}

/// Samples that are not written. They should be: their side markers stand apart from the text that goes.
pub const KNOWN_HELD: &[Held] = &[];

/// A text-free picture in which something passes for text.
pub struct FalseMask {
    /// Sample.
    pub file: &'static str,
    /// Policy.
    pub policy: &'static str,
    /// How many places are masked.
    pub masks: usize,
    /// Largest share of the picture, in thousandths, rounded up.
    pub permille: u32,
    /// What they are.
    pub why: &'static str,
}

/// Text-free pictures that should be clean and are not.
pub const KNOWN_FALSE_MASKS: &[FalseMask] = &[
    FalseMask {
        file: "sc_form_twin.dcm",
        policy: "safe-list",
        masks: 4,
        permille: 19,
        why: "punched holes, tick boxes and a logo pass for letters",
    },
    FalseMask {
        file: "sc_form_twin.dcm",
        policy: "all",
        masks: 4,
        permille: 19,
        why: "punched holes, tick boxes, the tick and a logo pass for letters",
    },
];

/// Samples whose pair `unburn verify` doubts although the run's own check held, and why.
pub const KNOWN_DOUBTED: &[(&str, &str)] = &[];
