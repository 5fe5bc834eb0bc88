//! The workers: several files side by side, reports in work-list order.
//!
//! Workers take items in order and may run ahead of the slowest one by a bounded number, so that memory does not grow
//! with the list. A panic while one file is treated is that file's failure.

use super::walk::WorkItem;
use crate::outcome::{Reason, Refusal};
use crate::report::{FileReport, Tool};
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

/// How far workers may be ahead of the first unfinished file, in files for each worker.
const AHEAD_PER_WORKER: usize = 8;
/// How often an observer hears of a run in which nothing finishes.
const TICK: Duration = Duration::from_millis(250);

/// How far a run is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Entries of the work list.
    pub files: u64,
    /// Entries that are finished, in any order.
    pub files_done: u64,
    /// Bytes of all inputs.
    pub bytes: u64,
    /// Bytes of finished inputs.
    pub bytes_done: u64,
}

/// Hears what happens, on the thread that called [`run`].
pub trait Observer {
    /// The report of the next item of the work list.
    fn report(&mut self, item: &WorkItem, report: FileReport);
    /// Called whenever a file is finished, and regularly in between.
    fn progress(&mut self, progress: Progress);
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Finished {
    /// Entries that were not started because the run was asked to stop.
    pub not_started: u64,
}

struct Queue {
    next: usize,
    emitted: usize,
}

/// Treats every item with `work`, on `workers` threads. When `drain` becomes true, no further item is started and those
/// under way are finished.
pub fn run(
    items: &[WorkItem],
    workers: usize,
    tool: &Tool,
    drain: &AtomicBool,
    work: impl Fn(&WorkItem) -> FileReport + Sync,
    observer: &mut dyn Observer,
) -> Finished {
    let workers = workers.clamp(1, items.len().max(1));
    let window = workers * AHEAD_PER_WORKER;
    let queue = Mutex::new(Queue {
        next: 0,
        emitted: 0,
    });
    let moved = Condvar::new();
    let (send, receive) = mpsc::channel::<(usize, FileReport)>();
    let mut progress = Progress {
        files: items.len() as u64,
        bytes: items.iter().map(|i| i.bytes).sum(),
        ..Progress::default()
    };
    let mut emitted = 0usize;
    std::thread::scope(|scope| {
        for _ in 0..workers {
            let (send, queue, moved, work) = (send.clone(), &queue, &moved, &work);
            scope.spawn(move || {
                while let Some(index) = take(queue, moved, window, items.len(), drain) {
                    let Some(item) = items.get(index) else { break };
                    if send.send((index, treat(item, tool, work))).is_err() {
                        break;
                    }
                }
            });
        }
        drop(send);
        let mut waiting: BTreeMap<usize, FileReport> = BTreeMap::new();
        observer.progress(progress);
        loop {
            match receive.recv_timeout(TICK) {
                Ok((index, report)) => {
                    progress.files_done += 1;
                    progress.bytes_done += items.get(index).map_or(0, |i| i.bytes);
                    waiting.insert(index, report);
                    while let Some(report) = waiting.remove(&emitted) {
                        if let Some(item) = items.get(emitted) {
                            observer.report(item, report);
                        }
                        emitted += 1;
                    }
                    lock(&queue).emitted = emitted;
                    moved.notify_all();
                    observer.progress(progress);
                }
                Err(RecvTimeoutError::Timeout) => {
                    if drain.load(Ordering::Relaxed) {
                        moved.notify_all();
                    }
                    observer.progress(progress);
                }
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
    });
    Finished {
        not_started: (items.len() - emitted.min(items.len())) as u64,
    }
}

/// The next index to work on; waits while that would be too far ahead.
fn take(
    queue: &Mutex<Queue>,
    moved: &Condvar,
    window: usize,
    len: usize,
    drain: &AtomicBool,
) -> Option<usize> {
    let mut state = lock(queue);
    loop {
        if drain.load(Ordering::Relaxed) || state.next >= len {
            return None;
        }
        if state.next < state.emitted + window {
            state.next += 1;
            return Some(state.next - 1);
        }
        state = moved.wait(state).unwrap_or_else(PoisonError::into_inner);
    }
}

/// No code that can panic runs under this lock, and its two counters are valid in any state.
fn lock(queue: &Mutex<Queue>) -> std::sync::MutexGuard<'_, Queue> {
    queue.lock().unwrap_or_else(PoisonError::into_inner)
}

fn treat(
    item: &WorkItem,
    tool: &Tool,
    work: &(impl Fn(&WorkItem) -> FileReport + Sync),
) -> FileReport {
    if let Some(problem) = &item.problem {
        return FileReport::refused(tool, &item.input, problem);
    }
    // What a panic leaves behind is dropped with the file, so nothing broken is seen again.
    catch_unwind(AssertUnwindSafe(|| work(item))).unwrap_or_else(|_| {
        let refusal = Refusal::new(Reason::Internal, "a fault while this file was treated");
        FileReport::refused(tool, &item.input, &refusal)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::Outcome;
    use std::path::PathBuf;
    use std::sync::atomic::AtomicUsize;

    #[derive(Default)]
    struct Seen {
        inputs: Vec<String>,
        outcomes: Vec<Outcome>,
        last: Progress,
    }

    impl Observer for Seen {
        fn report(&mut self, item: &WorkItem, report: FileReport) {
            assert_eq!(item.input.to_string_lossy(), report.input);
            self.inputs.push(report.input);
            self.outcomes.push(report.outcome);
        }
        fn progress(&mut self, progress: Progress) {
            assert!(progress.files_done >= self.last.files_done);
            self.last = progress;
        }
    }

    fn items(n: usize) -> Vec<WorkItem> {
        (0..n)
            .map(|i| WorkItem {
                input: PathBuf::from(format!("{i:04}")),
                mirrored: PathBuf::from(format!("{i:04}")),
                bytes: 2,
                problem: None,
            })
            .collect()
    }

    fn clean(item: &WorkItem) -> FileReport {
        FileReport::new(&Tool::default(), &item.input, Outcome::Clean)
    }

    #[test]
    fn reports_come_in_order_and_workers_stay_near_the_first_unfinished() {
        let items = items(300);
        let (go, tool) = (AtomicBool::new(false), Tool::default());
        let started = AtomicUsize::new(0);
        let furthest = AtomicUsize::new(0);
        let first_done = AtomicBool::new(false);
        let mut seen = Seen::default();
        let work = |item: &WorkItem| {
            let index: usize = item.input.to_string_lossy().parse().unwrap();
            started.fetch_add(1, Ordering::SeqCst);
            if index == 0 {
                // The first file is slow: the others may run ahead, but only so far.
                std::thread::sleep(Duration::from_millis(80));
                first_done.store(true, Ordering::SeqCst);
            } else if !first_done.load(Ordering::SeqCst) {
                furthest.fetch_max(index, Ordering::SeqCst);
            }
            clean(item)
        };
        let end = run(&items, 3, &tool, &go, work, &mut seen);
        assert_eq!(end.not_started, 0);
        assert!(seen.inputs.is_sorted() && seen.inputs.len() == 300);
        assert!(furthest.load(Ordering::SeqCst) < 3 * AHEAD_PER_WORKER);
        assert_eq!((seen.last.files_done, seen.last.bytes_done), (300, 600));
    }

    #[test]
    fn a_panic_and_a_problem_fail_alone() {
        let mut items = items(5);
        items[3].problem = Some(Refusal::new(Reason::Read, "no"));
        let (go, tool) = (AtomicBool::new(false), Tool::default());
        let mut seen = Seen::default();
        let work = |item: &WorkItem| {
            assert!(item.input != *"0001", "deliberate");
            clean(item)
        };
        run(&items, 2, &tool, &go, work, &mut seen);
        use Outcome::{Clean, Failed};
        assert_eq!(seen.outcomes, [Clean, Failed, Clean, Failed, Clean]);
    }

    #[test]
    fn draining_finishes_what_runs_and_starts_nothing_more() {
        let items = items(50);
        let (drain, tool) = (AtomicBool::new(false), Tool::default());
        let mut seen = Seen::default();
        let work = |item: &WorkItem| {
            if item.input == *"0007" {
                drain.store(true, Ordering::Relaxed);
            }
            clean(item)
        };
        let end = run(&items, 1, &tool, &drain, work, &mut seen);
        assert_eq!((seen.inputs.len(), end.not_started), (8, 42));
    }

    #[test]
    fn an_empty_list_ends() {
        let (drain, tool) = (AtomicBool::new(false), Tool::default());
        let end = run(&[], 4, &tool, &drain, clean, &mut Seen::default());
        assert_eq!(end.not_started, 0);
    }
}
