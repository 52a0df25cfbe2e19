//! What to send next, and when to send it again: the station's half of the end-to-end acknowledgement.
//!
//! A broker that has sent PUBACK can still lose a message, so a reading stays in the log until a gateway
//! says that it is on its disk. What that leaves to decide is decided here, without a clock and without I/O:
//!
//! - `streams` before other data on each connection, and when a stream begins or ends
//! - a reading taken while connected goes out once on `telemetry`, at once
//! - what was there at the connection, or at a time-out, goes out on `backlog`: ended streams first, one at a
//!   time, oldest first, paced, and never more than [`WINDOW`] messages ahead of the acknowledgements
//! - without progress for `resend_after` everything unacknowledged is sent again, after a single message as a
//!   probe; the next time-outs follow at longer, jittered intervals
//!
//! Times are milliseconds of any clock that does not go back.

mod broker;
mod pace;
mod progress;
#[cfg(test)]
mod simulation;
#[cfg(test)]
pub(crate) mod tests;

use std::collections::VecDeque;

use minuano_telemetry::{Batch, MAX_READINGS, Reading, StreamId, Streams};

pub use self::broker::Carried;
use self::pace::Pace;
use self::progress::Progress;
use crate::log::{Log, Stream};
use crate::random::Random;

/// The most backlog messages that are sent and not yet acknowledged.
pub const WINDOW: usize = 32;
/// Between two messages with readings, unless told otherwise: at most 20 a second, so that a station that comes
/// back drowns neither broker nor gateway.
pub const PACE_MS: u64 = 50;
/// The longest wait between two time-outs.
pub const LONGEST_WAIT_MS: u64 = 15 * 60 * 1000;

/// What to send.
#[derive(Clone, Debug, PartialEq)]
pub enum Message {
    /// On `streams`.
    Streams(Streams),
    /// On `telemetry`.
    Telemetry(Batch),
    /// On `backlog`.
    Backlog(Batch),
}

/// The answer to "what now?".
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::large_enum_variant, reason = "one at a time, on its way to the encoder")]
pub enum Next {
    /// This.
    Send(Message),
    /// Nothing, before this time or any event; without a time, before an event.
    Wait(Option<u64>),
}

/// Decides what is sent.
#[derive(Debug)]
pub struct Deliver {
    progress: Progress,
    pace: Pace,
    connection: Option<Connection>,
}

/// What is so only as long as one connection lasts.
#[derive(Debug)]
struct Connection {
    /// Streams and their ends as they were said last.
    said: Option<Vec<(StreamId, Option<u64>)>>,
    /// The next reading of the running stream to go out live.
    live: u64,
    /// Up to which reading of the running stream the backlog goes.
    up_to: u64,
    backlog: Backlog,
}

#[derive(Debug, Default)]
struct Backlog {
    /// Where the next message begins: a stream and a `seq`.
    next: Option<(StreamId, u64)>,
    /// Sent and unacknowledged, each by its last `seq`.
    sent: VecDeque<(StreamId, u64)>,
    /// After a time-out, until something is acknowledged: one message at a time.
    probing: bool,
}

impl Deliver {
    /// Nothing is connected yet.
    pub fn new(resend_after_ms: u64, random: Random) -> Self {
        let progress = Progress::new(resend_after_ms, random);
        Self { progress, pace: Pace::new(PACE_MS), connection: None }
    }

    /// At most so many messages with readings in a second.
    pub fn paced(self, messages_per_second: u32) -> Self {
        Self { pace: Pace::new(1_000 / u64::from(messages_per_second.clamp(1, 1_000))), ..self }
    }

    /// The link is up. What is in the log now is backlog; what comes is live.
    pub fn connected(&mut self, log: &Log) {
        let measured = log.running().measured();
        self.progress.reset();
        self.connection =
            Some(Connection { said: None, live: measured + 1, up_to: measured, backlog: Backlog::default() });
    }

    /// The link is down.
    pub fn disconnected(&mut self) {
        self.progress.reset();
        self.connection = None;
    }

    /// A cursor has moved.
    pub fn acknowledged(&mut self, log: &Log, now_ms: u64) {
        let Some(connection) = &mut self.connection else { return };
        let reached = |stream: StreamId, seq: u64| log.stream(stream).is_none_or(|of| of.cursor() >= seq);
        connection.backlog.sent.retain(|&(stream, last)| !reached(stream, last));
        connection.backlog.probing = false;
        self.progress.made(now_ms, connection.awaits(log));
    }

    /// The next message, or how long there is none. What is on disk is asked of the log, which brings it at its time.
    pub fn next(&mut self, log: &mut Log, now_ms: u64) -> Next {
        let Some(connection) = &mut self.connection else { return Next::Wait(None) };
        if let Some(streams) = connection.streams(log) {
            return Next::Send(Message::Streams(streams));
        }
        if self.progress.timed_out(now_ms) {
            connection.send_again(log);
            self.progress.failed(now_ms);
        }
        connection.what_is_old_is_backlog(log);
        let (live_ms, backlog_ms) = (self.pace.live_ms(), self.pace.backlog_ms());
        let live = (now_ms >= live_ms).then(|| connection.telemetry(log)).flatten();
        let message = live.map(Message::Telemetry).or_else(|| {
            (now_ms >= backlog_ms).then(|| connection.backlog(log)).flatten().map(Message::Backlog)
        });
        match message {
            Some(message) => {
                self.progress.sent(now_ms);
                self.pace.sent(now_ms);
                if let Message::Telemetry(batch) | Message::Backlog(batch) = &message {
                    log.sent(batch.stream, &batch.readings);
                }
                Next::Send(message)
            }
            None => {
                let live = connection.has_live(log).then_some(live_ms);
                let backlog = connection.has_backlog(log).then_some(backlog_ms);
                let paced = [live, backlog].into_iter().flatten().filter(|&at_ms| at_ms > now_ms).min();
                let times = [self.progress.deadline_ms(), paced];
                Next::Wait(times.into_iter().flatten().min())
            }
        }
    }
}

impl Connection {
    fn streams(&mut self, log: &Log) -> Option<Streams> {
        let streams = log.states()?;
        let shape: Vec<_> = streams.streams.iter().map(|state| (state.stream, state.last)).collect();
        if self.said.as_ref() == Some(&shape) {
            return None;
        }
        self.said = Some(shape);
        Some(streams)
    }

    /// A broker can be so slow that readings leave RAM before they went out live: they are no longer new.
    fn what_is_old_is_backlog(&mut self, log: &Log) {
        let old = log.out_of_ram();
        if old >= self.live {
            self.up_to = old;
            self.live = old + 1;
        }
    }

    fn telemetry(&mut self, log: &Log) -> Option<Batch> {
        let reading = log.fresh(self.live)?;
        self.live = reading.seq + 1;
        Some(batch(log.running(), [reading].into_iter().collect()))
    }

    /// Whether only the pace holds a live reading back.
    fn has_live(&self, log: &Log) -> bool {
        log.fresh(self.live).is_some()
    }

    fn backlog(&mut self, log: &mut Log) -> Option<Batch> {
        let window = if self.backlog.probing { 1 } else { WINDOW };
        if self.backlog.sent.len() >= window {
            return None;
        }
        let (stream, from, up_to) = self.due(log)?;
        let id = stream.id();
        let most = usize::try_from(up_to - from + 1).unwrap_or(MAX_READINGS);
        let readings = log.read(id, from, most);
        let batch = batch(log.stream(id)?, readings);
        let last = batch.readings.last()?.seq;
        self.backlog.next = Some((id, last + 1));
        self.backlog.sent.push_back((id, last));
        Some(batch)
    }

    /// Whether only the pace holds a backlog message back.
    fn has_backlog(&self, log: &Log) -> bool {
        let window = if self.backlog.probing { 1 } else { WINDOW };
        self.backlog.sent.len() < window && self.due(log).is_some()
    }

    /// The stream whose backlog is due, and which of its readings. The first that is not acknowledged holds
    /// up the others: a gateway names only the streams that were touched last.
    fn due<'a>(&self, log: &'a Log) -> Option<(&'a Stream, u64, u64)> {
        let (stream, up_to) = log
            .streams()
            .map(|stream| (stream, self.backlog_end(log, stream)))
            .find(|(stream, up_to)| stream.oldest() <= *up_to)?;
        let from = match self.backlog.next {
            Some((of, next)) if of == stream.id() => next.max(stream.oldest()),
            _ => stream.oldest(),
        };
        (from <= up_to).then_some((stream, from, up_to))
    }

    /// What lies beyond a gap waits until all before it is acknowledged: `oldest` then names the gap, and a
    /// gateway does not wait for what is not coming.
    fn backlog_end(&self, log: &Log, stream: &Stream) -> u64 {
        let is_running = log.running().id() == stream.id();
        if is_running { self.up_to.min(stream.unbroken()) } else { stream.unbroken() }
    }

    /// Everything unacknowledged goes out again, behind one message as a probe.
    fn send_again(&mut self, log: &Log) {
        self.up_to = self.live - 1;
        self.backlog.next = None;
        self.backlog.sent.clear();
        self.backlog.probing = true;
        debug_assert!(self.up_to <= log.running().measured());
    }

    /// Whether something was sent that is not acknowledged.
    fn awaits(&self, log: &Log) -> bool {
        let live = log.running().oldest() < self.live && self.live > self.up_to + 1;
        live || !self.backlog.sent.is_empty()
    }
}

fn batch(stream: &Stream, readings: heapless::Vec<Reading, MAX_READINGS>) -> Batch {
    Batch { stream: stream.id(), cursor: stream.cursor(), oldest: stream.oldest(), readings }
}
