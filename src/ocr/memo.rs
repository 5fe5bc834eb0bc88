//! What an expensive function of bytes gave, for a while.

use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Answers by the digest of their question. Bounded: when it is full it starts over. Safe to share.
pub(super) struct Memo<T> {
    limit: usize,
    held: Mutex<Held<T>>,
}

struct Held<T> {
    known: HashMap<[u8; 32], Arc<T>>,
    weight: usize,
}

impl<T> Memo<T> {
    /// An empty memory for answers of at most `limit` together, in whatever `recall` weighs them by.
    pub fn new(limit: usize) -> Self {
        let held = Held {
            known: HashMap::new(),
            weight: 0,
        };
        Memo {
            limit,
            held: Mutex::new(held),
        }
    }

    /// The answer to a question, computed if it is not remembered; `None` is computed again each time.
    pub fn recall(
        &self,
        question: &[u8],
        weight: usize,
        compute: impl FnOnce() -> Option<T>,
    ) -> Option<Arc<T>> {
        let key: [u8; 32] = Sha256::digest(question).into();
        let held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let known = held.known.get(&key).cloned();
        drop(held);
        if known.is_some() {
            return known;
        }
        let answer = Arc::new(compute()?);
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        if held.weight + weight > self.limit {
            held.known.clear();
            held.weight = 0;
        }
        if held.known.insert(key, answer.clone()).is_none() {
            held.weight += weight;
        }
        Some(answer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    #[test]
    fn questions_are_answered_once_until_the_memory_is_full() {
        let memo = Memo::new(3);
        let computed = Cell::new(0);
        let ask = |question: u8| {
            let answer = memo.recall(&[question], 1, || {
                computed.set(computed.get() + 1);
                (question != 9).then_some(question * 2)
            });
            (answer.map(|a| *a), computed.get())
        };
        assert_eq!(ask(1), (Some(2), 1));
        assert_eq!(ask(1), (Some(2), 1));
        assert_eq!(ask(2), (Some(4), 2));
        assert_eq!(ask(3), (Some(6), 3));
        assert_eq!(ask(4), (Some(8), 4));
        assert_eq!(ask(4), (Some(8), 4));
        assert_eq!(ask(1), (Some(2), 5));
        assert_eq!([ask(9), ask(9)], [(None, 6), (None, 7)]);
    }
}
