//! Ctrl-C: the first lets files under way finish, the second stops at once.

use super::{Exit, message};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Becomes true at the first signal. Files that a second signal cuts off have no output under their final name yet.
pub fn drain_on_interrupt() -> Arc<AtomicBool> {
    let drain = Arc::new(AtomicBool::new(false));
    let asked = Arc::clone(&drain);
    let handler = move || {
        if asked.swap(true, Ordering::SeqCst) {
            std::process::exit(Exit::Interrupted as i32);
        }
        message("interrupted: finishing the files under way; once more to stop at once");
    };
    if let Err(error) = ctrlc::set_handler(handler) {
        message(&format!("warning: Ctrl-C cannot be caught: {error}"));
    }
    drain
}
