//! What a station has learned in days, as bytes to be kept over a restart.

use super::habit::Habit;
use super::history::KEPT;

/// Habits of each quantity: of its steps, spikes and drifts.
const KINDS: usize = 3;
/// The form of the bytes.
const VERSION: u8 = 1;

/// The habits of a station, up to a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Learned {
    /// The last day in it, counted from 1970.
    pub day: i32,
    /// Of each quantity in [`KEPT`].
    pub habits: [[Habit; KINDS]; KEPT.len()],
}

impl Learned {
    /// Some three hundred bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = vec![VERSION];
        bytes.extend(self.day.to_le_bytes());
        for habit in self.habits.iter().flatten() {
            habit.write(&mut bytes);
        }
        bytes
    }

    /// From such bytes; none where they are not that.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (version, bytes) = bytes.split_first()?;
        let (day, mut bytes) = bytes.split_first_chunk()?;
        let mut learned = Self { day: i32::from_le_bytes(*day), habits: Default::default() };
        for habit in learned.habits.iter_mut().flatten() {
            *habit = Habit::read(&mut bytes)?;
        }
        (*version == VERSION && bytes.is_empty()).then_some(learned)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_learned_comes_back_and_other_bytes_are_refused() {
        let mut learned = Learned { day: 20_778, habits: Default::default() };
        for day in 0..9 {
            for habit in learned.habits.iter_mut().flatten() {
                habit.take(f64::from(day) * 0.3);
                habit.next_day(2);
            }
        }
        let bytes = learned.to_bytes();
        assert!(bytes.len() < 300, "{}", bytes.len());
        assert_eq!(Learned::from_bytes(&bytes), Some(learned));
        assert_eq!(Learned::from_bytes(&bytes[1..]), None);
        assert_eq!(Learned::from_bytes(&bytes[..bytes.len() - 1]), None);
        assert_eq!(Learned::from_bytes(&[]), None);
    }
}
