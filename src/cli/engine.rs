//! Stand-in for `crate::redact::Engine` until that module is in the tree: refuses to open.

use crate::config::Config;
use crate::error::{Error, Result};
use crate::key::Key;
use crate::outcome::Refusal;
use crate::plan::Plan;
use crate::preview::PreviewData;
use crate::report::{FileReport, Tool, VerifyOutcome};
use std::path::Path;

pub enum Engine {}

impl Engine {
    pub fn open(_config: &Config, _key: Option<Key>) -> Result<Engine> {
        Err(Error::Config("this build has no engine".into()))
    }
    pub fn tool(&self) -> &Tool {
        match *self {}
    }
    pub fn plan(&self, _input: &Path) -> (FileReport, Option<Plan>) {
        match *self {}
    }
    pub fn redact(&self, _input: &Path, _output: &Path, _overwrite: bool) -> FileReport {
        match *self {}
    }
    pub fn verify_pair(&self, _original: &Path, _redacted: &Path) -> VerifyOutcome {
        match *self {}
    }
    pub fn verify_one(&self, _file: &Path) -> VerifyOutcome {
        match *self {}
    }
    pub fn preview(
        &self,
        _file: &Path,
        _frame: u32,
        _projection: bool,
    ) -> Result<PreviewData, Refusal> {
        match *self {}
    }
}
