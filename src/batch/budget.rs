//! A bound on memory: whoever works on a file first takes what the file is expected to need.
//!
//! Costs are estimates in bytes; one that is above the whole budget is cut down to it, so that such a file runs alone.
//! Small files may pass a large one that waits for room, but only so often: then the room is kept for it.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// How many files may pass one that waits.
const PASSED_AT_MOST: u32 = 32;

/// The budget.
#[derive(Debug)]
pub struct Budget {
    total: u64,
    state: Mutex<State>,
    moved: Condvar,
}

#[derive(Debug, Default)]
struct State {
    used: u64,
    next_ticket: u64,
    /// Those who wait: ticket and how often others passed, in the order of tickets.
    waiting: Vec<(u64, u32)>,
}

/// A part of the budget, given back when dropped.
#[derive(Debug)]
pub struct Share<'a> {
    budget: &'a Budget,
    bytes: u64,
}

impl Budget {
    /// A budget of so many bytes.
    pub fn new(total: u64) -> Budget {
        Budget {
            total: total.max(1),
            state: Mutex::default(),
            moved: Condvar::new(),
        }
    }

    /// Waits until `cost` bytes are free and takes them.
    pub fn take(&self, cost: u64) -> Share<'_> {
        let bytes = cost.min(self.total);
        let mut state = self.lock();
        let ticket = state.next_ticket;
        state.next_ticket += 1;
        state.waiting.push((ticket, 0));
        loop {
            let held_up = state
                .waiting
                .iter()
                .any(|(t, passed)| *t < ticket && *passed >= PASSED_AT_MOST);
            if !held_up && state.used + bytes <= self.total {
                break;
            }
            state = self
                .moved
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
        state.used += bytes;
        state.waiting.retain(|(t, _)| *t != ticket);
        for (_, passed) in state.waiting.iter_mut().filter(|(t, _)| *t < ticket) {
            *passed += 1;
        }
        Share {
            budget: self,
            bytes,
        }
    }

    /// The counters are valid in any state, and no code that can panic runs under the lock.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Share<'_> {
    fn drop(&mut self) {
        let mut state = self.budget.lock();
        state.used = state.used.saturating_sub(self.bytes);
        drop(state);
        self.budget.moved.notify_all();
    }
}

/// Memory that is free on this machine, or within the limit of the control group that this process is in, bytes. A plain
/// guess where the system does not tell.
pub fn free_memory() -> u64 {
    const GUESS: u64 = 4 << 30;
    let text = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let free = text
        .lines()
        .find_map(|l| l.strip_prefix("MemAvailable:"))
        .and_then(|v| v.trim().trim_end_matches(" kB").parse::<u64>().ok())
        .map_or(GUESS, |kib| kib << 10);
    let number = |path: &str| {
        std::fs::read_to_string(path)
            .ok()?
            .trim()
            .parse::<u64>()
            .ok()
    };
    let (max, now) = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current");
    match (number(max), number(now)) {
        (Some(max), Some(now)) => free.min(max.saturating_sub(now)),
        _ => free,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
    use std::time::Duration;

    #[test]
    fn the_sum_of_shares_stays_below_the_total_and_everybody_gets_one() {
        let budget = Budget::new(100);
        let (now, done) = (AtomicU64::new(0), AtomicU32::new(0));
        std::thread::scope(|s| {
            for i in 0..8u64 {
                let (budget, now, done) = (&budget, &now, &done);
                s.spawn(move || {
                    for k in 0..50 {
                        let cost = 1 + (i * 37 + k * 11) % 140;
                        let share = budget.take(cost);
                        let used = now.fetch_add(share.bytes, Ordering::SeqCst) + share.bytes;
                        assert!(used <= 100);
                        now.fetch_sub(share.bytes, Ordering::SeqCst);
                        done.fetch_add(1, Ordering::SeqCst);
                    }
                });
            }
        });
        assert_eq!(done.load(Ordering::SeqCst), 400);
    }

    #[test]
    fn a_large_file_is_not_passed_for_ever() {
        let budget = Budget::new(10);
        let large_ran = AtomicBool::new(false);
        let first = budget.take(6);
        std::thread::scope(|s| {
            s.spawn(|| {
                let _all = budget.take(1000);
                large_ran.store(true, Ordering::SeqCst);
            });
            while budget.lock().waiting.is_empty() {
                std::thread::sleep(Duration::from_millis(1));
            }
            // Small ones fit beside the first one and pass, so often as is allowed.
            for _ in 0..PASSED_AT_MOST {
                drop(budget.take(2));
            }
            s.spawn(|| drop(budget.take(2)));
            std::thread::sleep(Duration::from_millis(20));
            assert_eq!(budget.lock().waiting.len(), 2, "one more passed");
            drop(first);
        });
        assert!(large_ran.load(Ordering::SeqCst));
    }
}
