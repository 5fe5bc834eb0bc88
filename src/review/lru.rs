//! Things kept in memory up to a number of bytes, the ones not used for longest going first.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

struct Kept<V> {
    value: Arc<V>,
    bytes: usize,
    used: u64,
}

struct Shelf<K, V> {
    kept: HashMap<K, Kept<V>>,
    bytes: usize,
    clock: u64,
}

/// A cache for several threads.
pub struct Lru<K, V> {
    most_bytes: usize,
    shelf: Mutex<Shelf<K, V>>,
}

impl<K: Eq + Hash + Clone, V> Lru<K, V> {
    /// Keeps up to this many bytes, and always the latest thing.
    pub fn new(most_bytes: usize) -> Lru<K, V> {
        Lru {
            most_bytes,
            shelf: Mutex::new(Shelf {
                kept: HashMap::new(),
                bytes: 0,
                clock: 0,
            }),
        }
    }

    fn shelf(&self) -> MutexGuard<'_, Shelf<K, V>> {
        // Nothing panics while it is held; if something did, the worst is a thing too many.
        self.shelf.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is kept under a key.
    pub fn get(&self, key: &K) -> Option<Arc<V>> {
        let mut shelf = self.shelf();
        shelf.clock += 1;
        let now = shelf.clock;
        let kept = shelf.kept.get_mut(key)?;
        kept.used = now;
        Some(Arc::clone(&kept.value))
    }

    /// Keeps something, letting go of what was not used for longest.
    pub fn put(&self, key: K, value: Arc<V>, bytes: usize) {
        let mut shelf = self.shelf();
        shelf.clock += 1;
        let used = shelf.clock;
        shelf.bytes += bytes;
        if let Some(old) = shelf.kept.insert(key, Kept { value, bytes, used }) {
            shelf.bytes -= old.bytes;
        }
        while shelf.bytes > self.most_bytes && shelf.kept.len() > 1 {
            let oldest = shelf.kept.iter().min_by_key(|(_, k)| k.used);
            let Some(oldest) = oldest.map(|(key, _)| key.clone()) else {
                break;
            };
            if let Some(gone) = shelf.kept.remove(&oldest) {
                shelf.bytes -= gone.bytes;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_used_for_longest_goes_first_and_the_latest_stays() {
        let lru: Lru<u32, u32> = Lru::new(100);
        for i in 0..3 {
            lru.put(i, Arc::new(i), 40);
        }
        assert!(lru.get(&0).is_none() && lru.get(&1).is_some());
        lru.put(3, Arc::new(3), 40);
        assert!(lru.get(&2).is_none() && lru.get(&1).is_some());
        lru.put(4, Arc::new(4), 1000);
        assert_eq!(lru.get(&4).as_deref(), Some(&4));
        assert!(lru.get(&1).is_none());
    }
}
