//! Two stations under one name: two live streams that speak in turn. Pure: time is an argument.
//!
//! A station that restarts goes from one stream to the next and never back. One that comes through two bridges brings
//! each reading twice; what is here already says nothing. So it is a new live reading of a stream that another has
//! followed already, and more than twice: a message that was overtaken makes two returns and no second station.

use std::fmt::Write;

use minuano_telemetry::{Facts, Millis, StationName, StreamId};

use crate::quality::evidence::Evidence;

/// Streams of one name that are looked at; the longest silent one makes place.
const MAX_STREAMS: usize = 8;
/// Returns within [`WITHIN_MS`] that make it sure.
const RETURNS: u32 = 3;
/// A stream that has been silent for so long is not beside another one.
const WITHIN_MS: i64 = 10 * 60_000;

/// What is known of one name.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Namesakes {
    /// By the time of their last reading, the latest last. One is the rule, so there is room for one.
    voices: Vec<Voice>,
    returns: u32,
    began: Option<Millis>,
    returned_at: Option<Millis>,
    /// The episode, while it is open.
    pub open: Option<Box<Interleaved>>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Voice {
    stream: StreamId,
    heard: Millis,
}

/// Two or more live streams under one name.
#[derive(Clone, Debug, PartialEq)]
pub struct Interleaved {
    /// In the store, once it is there.
    pub id: Option<i64>,
    /// When the first return came.
    pub from: Millis,
    /// When the last one did.
    pub to: Millis,
    /// The streams, in the order of their numbers.
    pub streams: Vec<StreamId>,
    /// How often they changed back.
    pub returns: u32,
}

/// What a reading did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// They are two.
    Opened,
    /// One of them has been silent for [`WITHIN_MS`].
    Closed,
}

impl Namesakes {
    /// Puts back an episode that was open when the gateway stopped.
    pub fn restore(id: i64, from: Millis, to: Millis) -> Self {
        let open = Interleaved { id: Some(id), from, to, streams: Vec::new(), returns: 0 };
        Self { open: Some(Box::new(open)), ..Self::default() }
    }

    /// Takes a new live reading of `stream`, which came at `now`.
    pub fn hear(&mut self, stream: StreamId, now: Millis) -> Option<Step> {
        let recent = |at: Millis| now.get().saturating_sub(at.get()) <= WITHIN_MS;
        self.voices.retain(|voice| recent(voice.heard) || voice.stream == stream);
        let before = self.voices.iter().position(|voice| voice.stream == stream);
        let returned =
            before.is_some_and(|place| place + 1 < self.voices.len() && recent(self.voices[place].heard));
        match before {
            Some(place) => drop(self.voices.remove(place)),
            None if self.voices.len() == MAX_STREAMS => drop(self.voices.remove(0)),
            None => self.voices.reserve_exact(1),
        }
        self.voices.push(Voice { stream, heard: now });
        if self.returned_at.is_some_and(|at| !recent(at)) {
            self.returns = 0;
        }
        if returned {
            self.returns += 1;
            if self.returns == 1 {
                self.began = Some(now);
            }
            self.returned_at = Some(now);
            let mut streams: Vec<StreamId> = self.voices.iter().map(|voice| voice.stream).collect();
            streams.sort_unstable();
            if let Some(open) = &mut self.open {
                open.to = now;
                open.returns += 1;
                open.streams = streams;
            } else if self.returns >= RETURNS {
                let from = self.began.unwrap_or(now);
                let returns = self.returns;
                self.open = Some(Box::new(Interleaved { id: None, from, to: now, streams, returns }));
                return Some(Step::Opened);
            }
            return None;
        }
        let over = self.open.as_ref().is_some_and(|open| !recent(open.to));
        over.then_some(Step::Closed)
    }

    /// Takes the closed episode out.
    pub fn close(&mut self) -> Option<Box<Interleaved>> {
        self.returns = 0;
        self.returned_at = None;
        self.open.take()
    }
}

impl Interleaved {
    /// One sentence that a person can check.
    pub fn evidence(&self, station: &StationName) -> Evidence {
        let mut sentence =
            format!("{station} sends live readings of {} streams in turn", self.streams.len().max(2));
        for (index, stream) in self.streams.iter().take(3).enumerate() {
            // Writing to a String cannot fail.
            let _ = write!(sentence, "{}{stream}", if index == 0 { " (" } else { ", " });
        }
        if !self.streams.is_empty() {
            sentence.push(')');
        }
        let _ =
            write!(sentence, ", {} times back to an earlier one: two stations have this name", self.returns);
        Evidence::new(sentence, Facts { times: Some(self.returns.into()), ..Facts::default() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Millis {
        Millis::new(1_800_000_000_000 + seconds * 1000).unwrap()
    }

    fn hear(namesakes: &mut Namesakes, said: &[(u64, i64)]) -> Vec<Option<Step>> {
        said.iter().map(|(stream, second)| namesakes.hear(StreamId(*stream), at(*second))).collect()
    }

    #[test]
    fn restarts_and_a_message_that_was_overtaken_are_one_station() {
        let mut one = Namesakes::default();
        let steps =
            hear(&mut one, &[(1, 0), (1, 10), (2, 20), (1, 21), (2, 30), (2, 40), (3, 700), (3, 710)]);
        assert!(steps.iter().all(Option::is_none), "{steps:?}");
        let mut restarts = Namesakes::default();
        let steps = hear(&mut restarts, &[(1, 0), (2, 10), (3, 20), (4, 30), (5, 40), (6, 50), (6, 60)]);
        assert!(steps.iter().all(Option::is_none), "{steps:?}");
    }

    #[test]
    fn two_that_speak_in_turn_are_two_and_it_ends_when_one_is_silent() {
        let mut two = Namesakes::default();
        let steps = hear(&mut two, &[(1, 0), (2, 5), (1, 10), (2, 15), (1, 20)]);
        assert_eq!(steps, [None, None, None, None, Some(Step::Opened)]);
        let open = two.open.clone().unwrap();
        assert_eq!((open.from, open.to, open.returns), (at(10), at(20), 3));
        let evidence = open.evidence(&"roof".parse().unwrap()).text;
        assert!(evidence.contains("2 streams") && evidence.contains("3 times"), "{evidence}");
        assert!(evidence.len() < 256, "{evidence}");
        let steps = hear(&mut two, &[(1, 300), (1, 615), (1, 621), (1, 631)]);
        assert_eq!(steps[..3], [None, None, Some(Step::Closed)]);
        assert!(two.close().is_some());
        assert_eq!(two.hear(StreamId(1), at(640)), None);
    }

    #[test]
    fn a_restored_episode_is_not_opened_again_and_closes() {
        let mut two = Namesakes::restore(7, at(0), at(10));
        let steps = hear(&mut two, &[(1, 20), (2, 25), (1, 30), (2, 35)]);
        assert!(steps.iter().all(Option::is_none), "{steps:?}");
        assert_eq!(two.open.as_ref().unwrap().to, at(35));
        assert_eq!(two.hear(StreamId(2), at(640)), Some(Step::Closed));
    }

    #[test]
    fn the_memory_is_bounded() {
        let mut many = Namesakes::default();
        for stream in 0..1000 {
            many.hear(StreamId(stream), at(0));
        }
        assert_eq!(many.voices.len(), MAX_STREAMS);
    }
}
