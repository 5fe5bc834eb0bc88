//! Where the bytes of one object come from.

use crate::dicom::{self, HeaderOnly, Object, Opened, Reading};
use crate::outcome::Refusal;
use std::path::Path;

/// One object to treat, under the name that reports give it.
#[derive(Debug)]
pub enum Input<'a> {
    /// A file, still to be read.
    File(&'a Path),
    /// What a reader brought: the bytes of a file or of a member of an archive, or why there are none.
    Read(&'a Path, Result<Vec<u8>, Refusal>),
}

impl Input<'_> {
    /// What reports call it.
    pub fn name(&self) -> &Path {
        match self {
            Input::File(path) | Input::Read(path, _) => path,
        }
    }

    /// Reads the object; `header_only` tells of which only the header is treated.
    pub(super) fn open(self, how: Reading<'_>, header_only: HeaderOnly) -> Result<Opened, Refusal> {
        match self {
            Input::File(path) => dicom::open(path, how, header_only),
            Input::Read(_, bytes) => dicom::open_bytes(bytes?, how, header_only),
        }
    }

    /// Reads an image.
    pub(super) fn object(self, how: Reading<'_>) -> Result<Object, Refusal> {
        match self {
            Input::File(path) => dicom::read(path, how),
            Input::Read(_, bytes) => dicom::read_bytes(bytes?, how),
        }
    }
}
