//! The runner: readers bring files in, workers treat them side by side, results come back to the calling thread.
//!
//! ```text
//! feed ─▶ queue ─▶ readers (take memory, read bytes) ─▶ queue ─▶ workers (treat) ─▶ calling thread ─▶ feed
//! ```
//!
//! Both queues are bounded, so a slow stage holds up the ones before it instead of filling memory. Results arrive in any
//! order; [`run`] puts them into the order of a list, with workers at most a bounded number of files ahead. A panic
//! while one file is treated is that file's failure.

use super::budget::{Budget, Share};
use super::walk::WorkItem;
use crate::outcome::{Reason, Refusal};
use crate::report::{FileReport, Tool};
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// How far workers may be ahead of the first unfinished file of a list, in files for each worker.
const AHEAD_PER_WORKER: usize = 8;
/// How often a feed hears of a run in which nothing finishes.
const TICK: Duration = Duration::from_millis(250);
/// Threads that read files while workers treat others.
const READERS: usize = 2;

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

/// One thing to do.
#[derive(Clone, Debug)]
pub struct Task {
    /// What the feed knows it by.
    pub id: u64,
    /// The file.
    pub item: WorkItem,
    /// Memory that it is expected to need, bytes.
    pub cost: u64,
}

/// What a feed has to give.
#[derive(Debug)]
pub enum Next {
    /// This.
    Task(Box<Task>),
    /// Nothing until something under way is finished.
    Later,
    /// Nothing any more.
    End,
}

/// Where tasks come from and results go; everything is called on the thread that called [`pump`].
pub trait Feed {
    /// The next task.
    fn next(&mut self) -> Next;
    /// A task is finished.
    fn done(&mut self, task: Task, report: FileReport);
    /// Called regularly, and after every result.
    fn tick(&mut self);
}

/// What a task's bytes are: those of its file, or what has to become of it instead.
pub type Bytes = Result<Vec<u8>, Refusal>;

/// How many threads do what, and how much memory they may take.
#[derive(Clone, Copy, Debug)]
pub struct Crew {
    /// Files that are treated side by side.
    pub workers: usize,
    /// Memory for files that are read or treated, bytes.
    pub memory: u64,
}

/// Runs every task of a feed: `read` brings its bytes, `work` treats them. When `drain` becomes true, no further task is
/// begun and those being treated are finished. Tasks with a problem are not read, and `work` gets the problem instead.
pub fn pump(
    feed: &mut dyn Feed,
    crew: Crew,
    tool: &Tool,
    drain: &AtomicBool,
    read: impl Fn(&WorkItem) -> Bytes + Sync,
    work: impl Fn(&Task, Bytes) -> FileReport + Sync,
) {
    let workers = crew.workers.max(1);
    let budget = Budget::new(crew.memory);
    let (send_task, tasks) = mpsc::sync_channel::<Task>(workers);
    let (send_loaded, loaded) = mpsc::sync_channel::<(Task, Share<'_>, Bytes)>(workers);
    // Nothing comes back of a task that was not begun before the drain.
    let (send_done, done) = mpsc::channel::<Option<(Task, FileReport)>>();
    let (tasks, loaded) = (Mutex::new(tasks), Mutex::new(loaded));
    // Enough to keep both queues full.
    let most_under_way = 3 * workers + READERS;
    std::thread::scope(|scope| {
        for _ in 0..READERS {
            let (send, tasks, budget, read) = (send_loaded.clone(), &tasks, &budget, &read);
            scope.spawn(move || {
                while let Some(task) = take(tasks) {
                    let share = budget.take(task.cost);
                    let bytes = match &task.item.problem {
                        Some(problem) => Err(problem.clone()),
                        None => catch_unwind(AssertUnwindSafe(|| read(&task.item)))
                            .unwrap_or_else(|_| Err(fault())),
                    };
                    if send.send((task, share, bytes)).is_err() {
                        break;
                    }
                }
            });
        }
        drop(send_loaded);
        for _ in 0..workers {
            let (send, loaded, work) = (send_done.clone(), &loaded, &work);
            scope.spawn(move || {
                while let Some((task, share, bytes)) = take(loaded) {
                    if drain.load(Ordering::Relaxed) {
                        drop(share);
                        if send.send(None).is_err() {
                            break;
                        }
                        continue;
                    }
                    let name = task.item.name();
                    // What a panic leaves behind is dropped with the file, so nothing broken is seen again.
                    let report = catch_unwind(AssertUnwindSafe(|| work(&task, bytes)))
                        .unwrap_or_else(|_| FileReport::refused(tool, &name, &fault()));
                    drop(share);
                    if send.send(Some((task, report))).is_err() {
                        break;
                    }
                }
            });
        }
        drop(send_done);
        let (mut under_way, mut ended) = (0usize, false);
        feed.tick();
        loop {
            while !ended && under_way < most_under_way && !drain.load(Ordering::Relaxed) {
                match feed.next() {
                    Next::Task(task) => {
                        // The queue holds `workers`; the rest waits here, which is no harm: results queue up unbounded.
                        if send_task.send(*task).is_err() {
                            ended = true;
                            break;
                        }
                        under_way += 1;
                    }
                    Next::Later => break,
                    Next::End => ended = true,
                }
            }
            if under_way == 0 && (ended || drain.load(Ordering::Relaxed)) {
                break;
            }
            match done.recv_timeout(TICK) {
                Ok(result) => {
                    under_way -= 1;
                    if let Some((task, report)) = result {
                        feed.done(task, report);
                    }
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
            feed.tick();
        }
        drop(send_task);
    });
}

fn fault() -> Refusal {
    Refusal::new(Reason::Internal, "a fault while this file was treated")
}

/// The next message; `None` when no more will come. Receivers are used by one thread at a time.
fn take<T>(from: &Mutex<Receiver<T>>) -> Option<T> {
    let receiver = from.lock().unwrap_or_else(PoisonError::into_inner);
    receiver.recv().ok()
}

/// Treats every item of a list with `work`, on `workers` threads; reports come in the order of the list. When `drain`
/// becomes true, no further item is started and those under way are finished.
pub fn run(
    items: &[WorkItem],
    workers: usize,
    tool: &Tool,
    drain: &AtomicBool,
    work: impl Fn(&WorkItem) -> FileReport + Sync,
    observer: &mut dyn Observer,
) -> Finished {
    let workers = workers.clamp(1, items.len().max(1));
    let mut list = List {
        items,
        next: 0,
        window: workers * AHEAD_PER_WORKER,
        emitted: 0,
        waiting: BTreeMap::new(),
        progress: Progress {
            files: items.len() as u64,
            bytes: items.iter().map(|i| i.bytes).sum(),
            ..Progress::default()
        },
        observer,
    };
    let crew = Crew {
        workers,
        memory: u64::MAX,
    };
    // The work reads its file by itself, when its turn comes.
    let read = |_: &WorkItem| Ok(Vec::new());
    let treat = |task: &Task, bytes: Bytes| match bytes {
        Ok(_) => work(&task.item),
        Err(problem) => FileReport::refused(tool, &task.item.input, &problem),
    };
    pump(&mut list, crew, tool, drain, read, treat);
    // A drain may leave out a file that stands before finished ones.
    for (index, report) in std::mem::take(&mut list.waiting) {
        list.emit(index, report);
    }
    Finished {
        not_started: items.len() as u64 - list.progress.files_done,
    }
}

/// A list in memory whose reports are wanted in its order.
struct List<'a> {
    items: &'a [WorkItem],
    next: usize,
    window: usize,
    emitted: usize,
    waiting: BTreeMap<usize, FileReport>,
    progress: Progress,
    observer: &'a mut dyn Observer,
}

impl List<'_> {
    fn emit(&mut self, index: usize, report: FileReport) {
        if let Some(item) = self.items.get(index) {
            self.observer.report(item, report);
        }
    }
}

impl Feed for List<'_> {
    fn next(&mut self) -> Next {
        match self.items.get(self.next) {
            None => Next::End,
            Some(_) if self.next >= self.emitted + self.window => Next::Later,
            Some(item) => {
                self.next += 1;
                Next::Task(Box::new(Task {
                    id: self.next as u64 - 1,
                    item: item.clone(),
                    cost: 0,
                }))
            }
        }
    }

    fn done(&mut self, task: Task, report: FileReport) {
        self.progress.files_done += 1;
        self.progress.bytes_done += task.item.bytes;
        self.waiting.insert(task.id as usize, report);
        while let Some(report) = self.waiting.remove(&self.emitted) {
            self.emit(self.emitted, report);
            self.emitted += 1;
        }
    }

    fn tick(&mut self) {
        self.observer.progress(self.progress);
    }
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
                member: None,
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
        // Two readers may swap neighbours, so the eighth file may be one of the next.
        let finished = seen.inputs.len() as u64;
        assert_eq!(finished + end.not_started, 50);
        assert!((6..12).contains(&finished) && seen.inputs.is_sorted());
    }

    #[test]
    fn an_empty_list_ends() {
        let (drain, tool) = (AtomicBool::new(false), Tool::default());
        let end = run(&[], 4, &tool, &drain, clean, &mut Seen::default());
        assert_eq!(end.not_started, 0);
    }
}
