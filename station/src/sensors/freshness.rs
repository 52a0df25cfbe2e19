//! Whether a part has measured, or repeats an old answer.
//!
//! Every conversion has noise of several counts, so that two in a row seldom agree in every bit. When they do,
//! the part is asked again, at once: an honest part soon differs, a frozen one never does, and no stale value
//! goes out in the meantime.

use minuano_telemetry::Fault;

/// How often a repeated answer is asked for again. With one chance in five that two honest conversions agree
/// (a BME280 in still air), a false alarm is one sample in two million, of which a reading has others.
pub(super) const RETRIES: u8 = 8;

/// The raw words of the last accepted measurement.
#[derive(Clone, Copy, Debug)]
pub(super) struct Freshness<W>(Option<W>);

impl<W: Copy + PartialEq> Freshness<W> {
    pub(super) fn new() -> Self {
        Self(None)
    }

    /// Converts until the words differ from the last ones; those are the measurement.
    pub(super) fn insist<T>(
        &mut self,
        mut convert: impl FnMut() -> Result<(W, T), Fault>,
    ) -> Result<T, Fault> {
        for _ in 0..=RETRIES {
            let (words, result) = convert()?;
            if self.0 != Some(words) {
                self.0 = Some(words);
                return Ok(result);
            }
        }
        Err(Fault::Frozen)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repeated_answer_is_asked_for_again_and_a_frozen_one_is_named() {
        let mut fresh = Freshness::new();
        let mut answers = [7, 7, 7, 8].into_iter();
        let mut ask = || answers.next().map(|word| (word, word)).ok_or(Fault::Bus);
        assert_eq!(fresh.insist(&mut ask), Ok(7));
        assert_eq!(fresh.insist(&mut ask), Ok(8), "two repetitions were honest");
        let mut asked = 0;
        let frozen = fresh.insist(|| {
            asked += 1;
            Ok((8, 8))
        });
        assert_eq!((frozen, asked), (Err(Fault::Frozen), 1 + RETRIES));
        assert_eq!(fresh.insist(|| Err::<(i32, ()), _>(Fault::Crc)), Err(Fault::Crc));
    }
}
