//! Places at which tests end the process as a power cut would: no destructor runs, nothing is flushed.
//!
//! `UNBURN_TEST_CRASH=NAME:N` aborts at the `N`th time that the place `NAME` is reached. Debug builds only; in a release
//! build the places are nothing.

/// Every place, in the order in which a job comes by.
pub const POINTS: &[&str] = &[
    "created", "listed", "started", "treated", "settled", "audited", "linked", "released", "ended",
    "reported",
];

/// Comes by a place.
#[cfg(not(debug_assertions))]
pub fn point(_name: &str) {}

/// Comes by a place.
#[cfg(debug_assertions)]
pub fn point(name: &str) {
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicU64, Ordering};
    static WANTED: OnceLock<Option<(String, u64)>> = OnceLock::new();
    static SEEN: AtomicU64 = AtomicU64::new(0);
    let wanted = WANTED.get_or_init(|| {
        let text = std::env::var("UNBURN_TEST_CRASH").ok()?;
        let (name, times) = text.split_once(':')?;
        Some((name.to_owned(), times.parse().ok()?))
    });
    if let Some((wanted, times)) = wanted
        && wanted == name
        && SEEN.fetch_add(1, Ordering::SeqCst) + 1 == *times
    {
        std::process::abort();
    }
}
