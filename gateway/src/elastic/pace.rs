//! How much goes into the next request, and whether any should be made: less after a failure, nothing but a question
//! while the cluster is away; pure.

use super::document::Document;

/// Failures in a row after which the circuit is open: the cluster is asked how it is before it is sent anything.
const OPEN_AFTER: u32 = 5;

/// What fits into a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// At most so many documents.
    pub documents: usize,
    /// At most so many bytes, unless it is a single document.
    pub bytes: usize,
}

impl Size {
    fn half(self) -> Self {
        Self { documents: (self.documents / 2).max(1), bytes: (self.bytes / 2).max(1) }
    }
}

/// How large the next request may be.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    most: Size,
    now: Size,
    failures: u32,
}

impl Pace {
    /// Begins with all that is configured.
    pub const fn new(most: Size) -> Self {
        Self { most, now: most, failures: 0 }
    }

    /// How many of the first documents make the next request: one at least.
    pub fn fit(&self, documents: &[Document]) -> usize {
        let mut bytes = 0;
        let fitting = documents.iter().take(self.now.documents).take_while(|document| {
            bytes += document.bytes();
            bytes <= self.now.bytes
        });
        fitting.count().max(1).min(documents.len())
    }

    /// It was taken: the next may be larger again.
    pub fn succeeded(&mut self) {
        self.failures = 0;
        let (most, now) = (self.most, self.now);
        self.now = Size {
            documents: now.documents.saturating_mul(2).min(most.documents),
            bytes: now.bytes.saturating_mul(2).min(most.bytes),
        };
    }

    /// Some of it was taken and the rest is put off: the cluster is there, and time is what it needs.
    pub fn partly(&mut self) {
        self.failures = 0;
    }

    /// It was not taken. Whatever was too much for the cluster or the way to it, the next one asks for less.
    pub fn failed(&mut self) {
        self.failures = self.failures.saturating_add(1);
        self.now = self.now.half();
    }

    /// A request of so many bytes is too large, now and later.
    pub fn too_large(&mut self, bytes: usize) {
        let bytes = (bytes / 2).max(1);
        self.most.bytes = self.most.bytes.min(bytes);
        self.now.bytes = self.now.bytes.min(bytes);
    }

    /// Whether the circuit is open.
    pub const fn is_open(&self) -> bool {
        self.failures >= OPEN_AFTER
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOST: Size = Size { documents: 100, bytes: 10_000 };

    fn documents(count: usize, bytes: usize) -> Vec<Document> {
        let one =
            |_| Document { row: 1, id: String::new(), body: "x".repeat(bytes - super::super::bulk::FRAME) };
        (0..count).map(one).collect()
    }

    #[test]
    fn a_request_has_both_bounds_and_at_least_one_document() {
        let pace = Pace::new(MOST);
        assert_eq!(pace.fit(&documents(200, 50)), 100);
        assert_eq!(pace.fit(&documents(200, 1_000)), 10);
        assert_eq!(pace.fit(&documents(200, 20_000)), 1);
        assert_eq!(pace.fit(&[]), 0);
    }

    #[test]
    fn failures_make_it_small_and_open_the_circuit_and_success_grows_it_again() {
        let mut pace = Pace::new(MOST);
        for _ in 1..OPEN_AFTER {
            pace.failed();
            assert!(!pace.is_open());
        }
        pace.failed();
        assert!(pace.is_open());
        pace.partly();
        assert!(!pace.is_open());
        for _ in 0..100 {
            pace.failed();
        }
        assert_eq!(pace.fit(&documents(200, 50)), 1);
        pace.succeeded();
        assert!(!pace.is_open());
        for _ in 0..20 {
            pace.succeeded();
        }
        assert_eq!(pace.now, MOST);
    }

    #[test]
    fn what_was_too_large_once_is_not_tried_again() {
        let mut pace = Pace::new(MOST);
        pace.too_large(10_000);
        for _ in 0..20 {
            pace.succeeded();
        }
        assert_eq!(pace.fit(&documents(200, 100)), 50);
        for _ in 0..40 {
            pace.too_large(1);
        }
        assert_eq!(pace.fit(&documents(200, 100)), 1);
    }
}
