//! How a range of time is cut: into buckets, and into spans that rollups of one width can answer.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::store::rollups::{WIDTHS, floor};

/// How long a bucket is.
#[derive(Clone, Debug, PartialEq)]
pub enum Width {
    /// So many milliseconds, counted from 1970 (UTC).
    Fixed(i64),
    /// From midnight to midnight there.
    Day(TimeZone),
}

const DAY_MS: i64 = 86_400_000;

impl Width {
    /// Beginning and end of the bucket in which `at` lies, in milliseconds since 1970.
    pub fn around(&self, at: i64) -> (i64, i64) {
        match self {
            Self::Fixed(width) => fixed(*width, at),
            // A day that jiff cannot hold is at an end of its calendar, where no station stands.
            Self::Day(zone) => day(zone, at).unwrap_or_else(|| fixed(DAY_MS, at)),
        }
    }
}

fn fixed(width: i64, at: i64) -> (i64, i64) {
    let start = at - at.rem_euclid(width);
    (start, start + width)
}

fn day(zone: &TimeZone, at: i64) -> Option<(i64, i64)> {
    let start = Timestamp::from_millisecond(at).ok()?.to_zoned(zone.clone()).start_of_day().ok()?;
    // Where clocks spring forward at midnight the day begins at 01:00 and the next one does not.
    let end = start.tomorrow().ok()?.start_of_day().ok()?;
    Some((start.timestamp().as_millisecond(), end.timestamp().as_millisecond()))
}

/// A part of a range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// When it begins.
    pub from: i64,
    /// When it ends.
    pub to: i64,
    /// The rollups that answer it; 0: only readings can.
    pub width: i64,
}

/// Cuts [from, to) into spans, the widest possible, so that no rollup reaches into two buckets. An hour of
/// rollups fits the days of most zones; where days begin at another minute, narrower ones meet their ends.
pub fn spans(width: &Width, from: i64, to: i64) -> Vec<Span> {
    let mut spans = Vec::new();
    match width {
        Width::Fixed(width) => {
            let fitting = WIDTHS.iter().position(|narrow| width % narrow == 0).unwrap_or(WIDTHS.len());
            cut(from, to, &WIDTHS[fitting..], &mut spans);
        }
        Width::Day(_) => {
            let mut at = from;
            while at < to {
                let end = width.around(at).1.max(at + 1);
                cut(at, end.min(to), &WIDTHS, &mut spans);
                at = end;
            }
        }
    }
    spans
}

fn cut(from: i64, to: i64, widths: &[i64], spans: &mut Vec<Span>) {
    if from >= to {
        return;
    }
    let Some((width, narrower)) = widths.split_first() else { return push(from, to, 0, spans) };
    let (first, last) = (floor(from.saturating_add(width - 1), *width), floor(to, *width));
    if first >= last {
        return cut(from, to, narrower, spans);
    }
    cut(from, first, narrower, spans);
    push(first, last, *width, spans);
    cut(last, to, narrower, spans);
}

fn push(from: i64, to: i64, width: i64, spans: &mut Vec<Span>) {
    match spans.last_mut() {
        Some(before) if before.to == from && before.width == width => before.to = to,
        _ => spans.push(Span { from, to, width }),
    }
}

#[cfg(test)]
mod tests {
    use minuano_telemetry::Millis;

    use super::*;

    fn at(text: &str) -> i64 {
        text.parse::<Millis>().unwrap().get()
    }

    #[test]
    fn days_are_as_long_as_the_zone_says() {
        let denver = Width::Day(TimeZone::get("America/Denver").unwrap());
        let spring = (at("2026-03-08T07:00:00Z"), at("2026-03-09T06:00:00Z"));
        assert_eq!(denver.around(at("2026-03-08T20:00:00Z")), spring);
        assert_eq!(denver.around(spring.0), spring);
        assert_eq!(denver.around(spring.1 - 1), spring);
        let autumn = (at("2026-11-01T06:00:00Z"), at("2026-11-02T07:00:00Z"));
        assert_eq!(denver.around(at("2026-11-01T20:00:00Z")), autumn);
        // Midnight did not exist: the day began at 01:00 (03:00 UTC).
        let paulo = Width::Day(TimeZone::get("America/Sao_Paulo").unwrap());
        let short = (at("2018-11-04T03:00:00Z"), at("2018-11-05T02:00:00Z"));
        assert_eq!(paulo.around(at("2018-11-04T12:00:00Z")), short);
    }

    fn widths(width: &Width, from: &str, to: &str) -> Vec<i64> {
        let spans = spans(width, at(from), at(to));
        assert!(spans.windows(2).all(|pair| pair[0].to == pair[1].from));
        assert_eq!((spans[0].from, spans[spans.len() - 1].to), (at(from), at(to)));
        spans.iter().map(|span| span.width / 1000).collect()
    }

    #[test]
    fn a_range_is_cut_into_the_widest_rollups_that_fit() {
        let (from, to) = ("2026-11-20T12:34:56Z", "2026-11-21T01:23:45Z");
        assert_eq!(widths(&Width::Fixed(3_600_000), from, to), [0, 60, 600, 3600, 600, 60, 0]);
        assert_eq!(widths(&Width::Fixed(600_000), from, to), [0, 60, 600, 60, 0]);
        assert_eq!(widths(&Width::Fixed(60_000), from, to), [0, 60, 0]);
        let year = ("2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z");
        let denver = Width::Day(TimeZone::get("America/Denver").unwrap());
        assert_eq!(widths(&denver, year.0, year.1), [3600]);
        // Days begin at 18:15 UTC there.
        let kathmandu = Width::Day(TimeZone::get("Asia/Kathmandu").unwrap());
        let two_days = widths(&kathmandu, "2026-01-01T18:15:00Z", "2026-01-03T18:15:00Z");
        assert_eq!(two_days, [60, 600, 3600, 600, 60, 600, 3600, 600, 60]);
    }
}
