//! One device for many files: pictures of callers on several threads go to the device as one batch.
//!
//! Whoever comes while the device is free runs what waits, for everybody; who comes meanwhile waits for the next batch. So
//! a batch grows with the number of files under way and nobody waits for a timer. Answers do not depend on who shares a
//! batch; what one caller's pictures break is broken for that caller alone.

use super::{Detector, Levels, TextMap};
use crate::error::{Error, Result};
use crate::frame::Gray;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Pixels of a batch; a caller with more has one of its own. Bounds the copies held.
const BATCH_PX: u64 = 32 << 20;

/// A detector that several callers share.
pub struct Shared<D> {
    inner: D,
    state: Mutex<State>,
    moved: Condvar,
    busy_us: AtomicU64,
}

#[derive(Default)]
struct State {
    next: u64,
    waiting: Vec<Request>,
    answers: BTreeMap<u64, Result<Vec<TextMap>>>,
    running: bool,
}

struct Request {
    ticket: u64,
    pictures: Vec<Gray>,
    levels: Levels,
}

impl Request {
    fn pixels(&self) -> u64 {
        self.pictures.iter().map(|p| p.data.len() as u64).sum()
    }
}

impl<D: Detector> Shared<D> {
    /// Puts a detector to common use.
    pub fn new(inner: D) -> Shared<D> {
        Shared {
            inner,
            state: Mutex::default(),
            moved: Condvar::new(),
            busy_us: AtomicU64::new(0),
        }
    }

    /// Every state is valid: the lock is never held while foreign code runs.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs some requests as one batch.
    fn run(&self, batch: &[Request]) -> Vec<(u64, Result<Vec<TextMap>>)> {
        let Some(first) = batch.first() else {
            return Vec::new();
        };
        let pictures: Vec<&Gray> = batch.iter().flat_map(|r| &r.pictures).collect();
        let start = Instant::now();
        let maps = catch_unwind(AssertUnwindSafe(|| {
            self.inner.maps(&pictures, first.levels)
        }))
        .unwrap_or_else(|_| Err(Error::Device("a fault in the detector".into())));
        let spent = start.elapsed().as_micros() as u64;
        self.busy_us.fetch_add(spent, Ordering::Relaxed);
        match maps {
            Ok(maps) if maps.len() == pictures.len() => {
                let mut maps = maps.into_iter();
                batch
                    .iter()
                    .map(|r| (r.ticket, Ok(maps.by_ref().take(r.pictures.len()).collect())))
                    .collect()
            }
            Ok(_) => batch
                .iter()
                .map(|r| (r.ticket, Err(Error::Device("a map is missing".into()))))
                .collect(),
            Err(error) if batch.len() == 1 => vec![(first.ticket, Err(error))],
            // Whose pictures broke it shows when each has its own.
            Err(_) => batch.chunks(1).flat_map(|one| self.run(one)).collect(),
        }
    }
}

/// Requests that fit into a batch with the first one, taken out of those that wait.
fn batch(waiting: &mut Vec<Request>) -> Vec<Request> {
    let mut taken = Vec::new();
    let (mut pixels, mut levels) = (0, None);
    let mut at = 0;
    while let Some(request) = waiting.get(at) {
        let fits = levels.is_none_or(|l| l == request.levels)
            && (taken.is_empty() || pixels + request.pixels() <= BATCH_PX);
        if fits {
            pixels += request.pixels();
            levels = Some(request.levels);
            taken.push(waiting.remove(at));
        } else {
            at += 1;
        }
    }
    taken
}

impl<D: Detector> Detector for Shared<D> {
    fn device(&self) -> String {
        self.inner.device()
    }

    fn maps(&self, pictures: &[&Gray], levels: Levels) -> Result<Vec<TextMap>> {
        for picture in pictures {
            super::check_picture(picture)?;
        }
        let mut state = self.lock();
        let ticket = state.next;
        state.next += 1;
        state.waiting.push(Request {
            ticket,
            pictures: pictures.iter().map(|p| (*p).clone()).collect(),
            levels,
        });
        loop {
            if let Some(answer) = state.answers.remove(&ticket) {
                return answer;
            }
            if state.running {
                state = self
                    .moved
                    .wait(state)
                    .unwrap_or_else(PoisonError::into_inner);
                continue;
            }
            let taken = batch(&mut state.waiting);
            state.running = true;
            drop(state);
            let answers = self.run(&taken);
            state = self.lock();
            state.running = false;
            state.answers.extend(answers);
            self.moved.notify_all();
        }
    }

    fn warnings(&self) -> Vec<String> {
        self.inner.warnings()
    }

    fn busy(&self) -> Option<Duration> {
        Some(Duration::from_micros(self.busy_us.load(Ordering::Relaxed)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Answers with the first pixel; breaks on pictures that begin with 13, remembers the sizes of batches.
    #[derive(Default)]
    struct Fake {
        batches: Mutex<Vec<usize>>,
    }

    impl Detector for Fake {
        fn device(&self) -> String {
            "fake".into()
        }

        fn maps(&self, pictures: &[&Gray], levels: Levels) -> Result<Vec<TextMap>> {
            self.batches.lock().unwrap().push(pictures.len());
            std::thread::sleep(Duration::from_millis(10));
            assert!(pictures.iter().all(|p| p.data[0] != 14), "deliberate");
            if pictures.iter().any(|p| p.data[0] == 13) {
                return Err(Error::Device("thirteen".into()));
            }
            Ok(pictures
                .iter()
                .map(|p| TextMap {
                    width: p.width,
                    height: u32::from(levels.core[0]),
                    cells: vec![p.data[0]],
                })
                .collect())
        }
    }

    #[test]
    fn callers_share_batches_and_each_gets_its_own_answer() {
        let shared = Shared::new(Fake::default());
        std::thread::scope(|scope| {
            for caller in 0..8u8 {
                let shared = &shared;
                scope.spawn(move || {
                    for round in 0..6u8 {
                        let first = 20 + caller * 6 + round;
                        let pictures = [Gray::new(3, 2, first), Gray::new(5, 1, first)];
                        let core = caller % 2;
                        let levels = Levels {
                            region: [1, 2, 3],
                            core: [core, 8, 9],
                        };
                        let maps = shared.maps(&pictures.each_ref(), levels).unwrap();
                        let seen: Vec<_> = maps
                            .iter()
                            .map(|m| (m.width, m.height, m.cells[0]))
                            .collect();
                        assert_eq!(seen, [3, 5].map(|w| (w, u32::from(core), first)));
                    }
                });
            }
        });
        let batches = shared.inner.batches.lock().unwrap().clone();
        assert_eq!(batches.iter().sum::<usize>(), 8 * 6 * 2);
        assert!(batches.iter().any(|n| *n > 2), "nobody shared: {batches:?}");
        assert!(shared.busy().unwrap() > Duration::from_millis(10));
    }

    #[test]
    fn what_one_breaks_the_others_do_not_notice() {
        let shared = Shared::new(Fake::default());
        let levels = Levels {
            region: [1, 2, 3],
            core: [1, 2, 3],
        };
        std::thread::scope(|scope| {
            for first in [12, 13, 14, 15, 16] {
                let shared = &shared;
                scope.spawn(move || {
                    for _ in 0..4 {
                        let answer = shared.maps(&[&Gray::new(2, 2, first)], levels);
                        assert_eq!(answer.is_err(), first == 13 || first == 14);
                    }
                });
            }
        });
        assert!(shared.maps(&[&Gray::new(0, 2, 1)], levels).is_err());
    }

    #[test]
    fn a_batch_is_bounded_and_of_one_kind() {
        let levels = |n| Levels {
            region: [1, 2, 3],
            core: [n, 2, 3],
        };
        let request = |ticket, side, n| Request {
            ticket,
            pictures: vec![Gray::new(side, side, 0)],
            levels: levels(n),
        };
        let mut waiting = vec![
            request(0, 4096, 1),
            request(1, 64, 2),
            request(2, 4096, 1),
            request(3, 4096, 1),
        ];
        let tickets = |b: Vec<Request>| b.iter().map(|r| r.ticket).collect::<Vec<_>>();
        assert_eq!(tickets(batch(&mut waiting)), [0, 2]);
        assert_eq!(tickets(batch(&mut waiting)), [1]);
        assert_eq!(tickets(batch(&mut waiting)), [3]);
        assert!(batch(&mut waiting).is_empty());
    }
}
