//! What the pictures show beside text: tissue that is plausible to an eye and to a detector, not to a physician.

pub mod body;
pub mod paper;
pub mod ultrasound;
