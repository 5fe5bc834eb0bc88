//! Synthetic objects for tests, read with the product.

#[path = "../../tests/common/objects.rs"]
mod objects;

use crate::config::Limits;
use crate::dicom::{Object, read_bytes};
use crate::outcome::{Reason, Refusal};
pub use objects::*;

impl Sample {
    /// Reads the file.
    pub fn read(&self) -> Result<Object, Refusal> {
        read_bytes(self.bytes(), &Limits::default())
    }

    /// Why reading or decoding any frame fails.
    pub fn refusal(&self) -> Option<Reason> {
        let object = match self.read() {
            Ok(object) => object,
            Err(e) => return Some(e.reason),
        };
        (0..object.facts().frames)
            .find_map(|i| object.frame(i).err())
            .map(|e| e.reason)
    }
}
