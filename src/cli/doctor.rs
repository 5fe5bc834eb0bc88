//! `unburn doctor`: what this program finds around it.

use super::Exit;
use super::args::DoctorArgs;
use super::engine::Engine;
use crate::error::Result;

/// Runs the command.
pub fn run(args: DoctorArgs) -> Result<Exit> {
    let config = args.settings.layers()?.finish()?;
    Engine::open(&config, None).map(|_| Exit::Done)
}
