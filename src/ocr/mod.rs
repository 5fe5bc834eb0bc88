//! Reading text lines with confidence.
//!
//! Takes the box of a line as detection found it and gives its characters, how sure each of them and the whole line is,
//! where each stands, and which way the line runs. The network is our own recogniser (CTC, `models/`) in the exact integer
//! arithmetic of the detector (`network`, `exact`), and what follows it uses nothing but sums, products and quotients
//! (`likely`, `ctc`): a reading and its confidence are the same bits on every machine. A site's own recogniser runs through
//! rten (`foreign`), in floating point; `ocrs` would run it too, but drops every score, and reading without confidence
//! cannot tell a name from a guess. Here too, and only here: framing, turning and scaling the box as the network was
//! trained to see it (`prepare`, `fit`), placing characters (`place`), trying again where the first look was poor.
//!
//! Every call runs on one thread, one line at a time, whatever the number of threads that call: a reading depends on the
//! pixels around its line only.
//!
//! It does not find lines, and it does not judge what they say.

mod cache;
mod ctc;
mod engine;
mod exact;
mod fit;
mod foreign;
mod likely;
mod memo;
mod network;
mod place;
mod prepare;
mod read;

pub use cache::CachedReader;
pub use read::CtcReader;

use crate::frame::Gray;
use crate::line::{Reading, TextLine};

/// Height of a network's input in pixels.
const INPUT_HEIGHT: usize = 32;
/// Input columns for each step of its output.
const STEP_PX: usize = 4;

/// Something that reads lines of text.
pub trait Reader: Send + Sync {
    /// Reads one line of a picture, trying the orientations that its shape allows. Never looks beyond a margin of one
    /// line height around the line's box. Empty where no text was seen.
    fn read(&self, picture: &Gray, line: &TextLine) -> Reading;
}
