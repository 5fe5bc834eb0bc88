//! JPEG-LS, ISO 14495-1 (ITU-T T.87): lossless and near-lossless, 2 to 16 bits, 1 or 3 components.
//!
//! Takes every interleave mode, preset parameters (LSE), restart intervals, and several scans. Refuses by name: mapping
//! tables that a scan selects, point transforms, subsampled components, oversize images (LSE 4), sizes given by DNL, the
//! HP colour transforms (APP8 `mrfx`), and the extensions of ISO 14495-2.

mod bits;
mod decode;
mod encode;
mod model;

pub use decode::decode;
pub use encode::{Options, encode};
pub use model::Preset;

/// Order of samples in a scan (ILV, C.2.3).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Interleave {
    /// A scan for each component.
    None = 0,
    /// Line by line.
    Line = 1,
    /// Pixel by pixel.
    #[default]
    Sample = 2,
}

/// Second bytes of markers.
mod marker {
    pub(super) const RST0: u8 = 0xd0;
    pub(super) const SOI: u8 = 0xd8;
    pub(super) const EOI: u8 = 0xd9;
    pub(super) const SOS: u8 = 0xda;
    pub(super) const DNL: u8 = 0xdc;
    pub(super) const DRI: u8 = 0xdd;
    pub(super) const APP0: u8 = 0xe0;
    pub(super) const APP8: u8 = 0xe8;
    pub(super) const APP15: u8 = 0xef;
    pub(super) const SOF55: u8 = 0xf7;
    pub(super) const LSE: u8 = 0xf8;
    pub(super) const COM: u8 = 0xfe;
}

#[cfg(test)]
mod tests;
