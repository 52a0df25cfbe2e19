//! A small pseudo-random generator for jitter: seeded, so that a test can repeat what it saw.

/// SplitMix64. Not for secrets.
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// The generator that starts from this seed.
    pub const fn seeded(seed: u64) -> Self {
        Self(seed)
    }

    /// A seed from the operating system; the time of day where it gives none.
    pub fn from_system() -> Self {
        Self(getrandom::u64().unwrap_or_else(|_| {
            let since =
                std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
            u64::from(since.subsec_nanos()) ^ since.as_secs().rotate_left(32)
        }))
    }

    /// 64 bits.
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// Evenly from `low` to `high`, both included; `low` where they are the wrong way round.
    pub fn between(&mut self, low: u64, high: u64) -> u64 {
        let bits = self.bits();
        match high.saturating_sub(low).checked_add(1) {
            Some(span) => low.saturating_add(bits % span),
            None => bits,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_repeats_itself_and_the_bounds_hold() {
        let draw = |seed| {
            let mut random = Random::seeded(seed);
            (0..1_000).map(|_| random.between(5, 9)).collect::<Vec<_>>()
        };
        assert_eq!(draw(7), draw(7));
        assert_ne!(draw(7), draw(8));
        for value in 5..=9 {
            assert!(draw(7).contains(&value));
        }
        assert!(draw(7).iter().all(|value| (5..=9).contains(value)));
        assert_eq!(Random::seeded(1).between(9, 5), 9);
        Random::seeded(1).between(0, u64::MAX);
    }
}
