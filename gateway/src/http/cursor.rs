//! Where the next page of a list begins: numbers in a text that clients carry back unread.
//!
//! A cursor of readings also carries the range and resolution that it continues, so that pages fit
//! together even when the first request left them to the gateway and time has gone on since.

use minuano_telemetry::Millis;

/// Why a cursor is none of ours.
#[derive(Debug, thiserror::Error)]
#[error("it is not a cursor of this list; take it from `next` of the page before")]
pub struct CursorError;

/// Writes `kind` and numbers as a cursor.
pub fn write(kind: &str, numbers: &[i64]) -> String {
    let mut text = kind.to_owned();
    for number in numbers {
        text.push('.');
        text.push_str(&number.to_string());
    }
    text
}

/// Reads a cursor of `kind` with exactly `N` numbers.
pub fn read<const N: usize>(kind: &str, text: &str) -> Result<[i64; N], CursorError> {
    let mut parts = text.split('.');
    if parts.next() != Some(kind) {
        return Err(CursorError);
    }
    let mut numbers = [0; N];
    for number in &mut numbers {
        *number = parts.next().ok_or(CursorError)?.parse().map_err(|_| CursorError)?;
    }
    if parts.next().is_some() { Err(CursorError) } else { Ok(numbers) }
}

/// A number of a cursor as a time.
pub fn time(number: i64) -> Result<Millis, CursorError> {
    Millis::new(number).ok_or(CursorError)
}
