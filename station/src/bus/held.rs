//! A bus that somebody holds low: each attempt costs the kernel's time-out (a second on a Pi), so that a dozen
//! addresses would stop the sampling.
//!
//! Nine clocks would free it, but the lines belong to the kernel's adapter: those whose driver knows a bus recovery
//! do it by themselves, i2c-bcm2835 of the Pi does not, and no call of i2c-dev asks for it. A part also lets go when
//! it is done, or loses its supply. So after a few time-outs it is said what is wrong and what helps, the bus is
//! left alone for a while, and then tried again, for ever.

use std::time::{Duration, Instant};

use tracing::{info, warn};

use super::BusError;

/// Time-outs in a row that mean the whole bus, not one part that is slow.
const MANY: u8 = 2;
/// How long the bus is then left alone.
const PAUSE: Duration = Duration::from_secs(5);

#[derive(Debug, Default)]
pub(super) struct Held {
    timed_out: u8,
    until: Option<Instant>,
}

impl Held {
    /// Whether a transaction is worth its time.
    pub(super) fn may_try(&self, now: Instant) -> bool {
        self.until.is_none_or(|until| now >= until)
    }

    /// Takes a transaction's result into account.
    pub(super) fn note(&mut self, result: Result<(), BusError>, now: Instant) {
        if result != Err(BusError::Held) {
            if self.until.is_some() {
                info!("the I²C bus moves again");
            }
            *self = Self::default();
            return;
        }
        self.timed_out = self.timed_out.saturating_add(1);
        if self.timed_out >= MANY {
            if self.until.is_none() {
                warn!("{}", BusError::Held);
            }
            self.until = Some(now + PAUSE);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bus_that_is_held_is_left_alone_and_tried_again() {
        let (mut held, start) = (Held::default(), Instant::now());
        held.note(Err(BusError::Held), start);
        assert!(held.may_try(start), "one part may be slow");
        held.note(Err(BusError::Held), start);
        assert!(!held.may_try(start) && !held.may_try(start + PAUSE / 2));
        assert!(held.may_try(start + PAUSE));
        held.note(Err(BusError::Held), start + PAUSE);
        assert!(!held.may_try(start + PAUSE * 3 / 2), "at once again");
        held.note(Err(BusError::NoAcknowledge), start + PAUSE * 2);
        assert!(held.may_try(start + PAUSE * 2), "an answer, if only a refusal: the lines move");
    }
}
