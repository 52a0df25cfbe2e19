//! A network that drops, repeats and reorders.

use std::collections::BTreeMap;

use crate::random::Random;

/// What is on its way, by the time at which it arrives.
#[derive(Debug)]
pub(super) struct Wire<T>(BTreeMap<(u64, u64), T>);

impl<T: Clone> Wire<T> {
    pub fn new() -> Self {
        Self(BTreeMap::new())
    }

    pub fn put(&mut self, item: &T, now_ms: u64, random: &mut Random, faulty: bool) {
        let (drop, copies, delay_ms) =
            if faulty { (10, 1 + u64::from(random.between(0, 9) == 0), 30_000) } else { (0, 1, 40) };
        if random.between(0, 99) < drop {
            return;
        }
        for _ in 0..copies {
            // Most are quick.
            let longest_ms = if random.between(0, 3) == 0 { delay_ms } else { 40 };
            let at = now_ms + random.between(1, longest_ms);
            self.0.insert((at, random.bits()), item.clone());
        }
    }

    /// Lost, or there at once.
    pub fn put_in_order(&mut self, item: &T, now_ms: u64, random: &mut Random, faulty: bool) {
        if !faulty || random.between(0, 9) > 0 {
            let last = self.0.range((now_ms, 0)..=(now_ms, u64::MAX)).next_back();
            let order = last.map_or(0, |((_, order), _)| order.saturating_add(1));
            self.0.insert((now_ms, order), item.clone());
        }
    }

    pub fn take(&mut self, now_ms: u64) -> Option<T> {
        let key = *self.0.first_key_value().filter(|((at, _), _)| *at <= now_ms)?.0;
        self.0.remove(&key)
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
