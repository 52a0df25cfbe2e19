//! One reading as bytes: what differs from the reading before it, 9 to 20 bytes as a rule.

use minuano_telemetry::{ByQuantity, Clock, Fault, MAX_SEQ, Millis, Quantity, Reading};

use super::bytes::{Bytes, put_signed, put_varint};
use crate::log::entry::Entry;

/// More than the longest record.
pub(super) const MAX_RECORD: usize = 80;

const CLOCK: u8 = 0b0000_0011;
const FAULTS: u8 = 0b0000_0100;
/// A value that the wire's resolution cannot say stands there as it is.
const WIDE: u8 = 0b0000_1000;
const FIRST_VALUE: u8 = 0b0001_0000;

/// What the next record is relative to.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Before {
    mono_ms: u64,
    offset_ms: i64,
    steps: [i64; 4],
}

pub(super) fn put(out: &mut Vec<u8>, entry: &Entry, before: &mut Before) {
    let reading = &entry.reading;
    let steps = steps(&reading.values);
    let mut head = match reading.clock {
        Clock::Synchronised => 0,
        Clock::Holdover => 1,
        Clock::Unsynchronised => 2,
    };
    head |= if reading.faults.is_empty() { 0 } else { FAULTS };
    head |= if steps.is_none() { WIDE } else { 0 };
    for (quantity, _) in reading.values.iter() {
        head |= FIRST_VALUE << quantity as u8;
    }
    out.push(head);
    put_signed(out, entry.mono_ms.wrapping_sub(before.mono_ms).cast_signed());
    let offset_ms = entry.stamp().offset_ms();
    put_signed(out, offset_ms.wrapping_sub(before.offset_ms));
    put_varint(out, reading.samples.into());
    if !reading.faults.is_empty() {
        let code = |quantity| reading.faults.get(quantity).map_or(0, fault_code);
        let codes = Quantity::ALL.into_iter().fold(0, |codes, quantity| (codes << 3) | code(quantity));
        out.extend(u16::to_le_bytes(codes));
    }
    for (quantity, value) in reading.values.iter() {
        match steps {
            Some(steps) => {
                let now = steps[quantity as usize];
                put_signed(out, now.wrapping_sub(before.steps[quantity as usize]));
                before.steps[quantity as usize] = now;
            }
            None => out.extend(value.to_le_bytes()),
        }
    }
    before.mono_ms = entry.mono_ms;
    before.offset_ms = offset_ms;
}

pub(super) fn take(bytes: &mut Bytes<'_>, seq: u64, before: &mut Before) -> Option<Entry> {
    let head = bytes.u8()?;
    let clock = match head & CLOCK {
        0 => Clock::Synchronised,
        1 => Clock::Holdover,
        2 => Clock::Unsynchronised,
        _ => return None,
    };
    let mono_ms = before.mono_ms.wrapping_add(bytes.signed()?.cast_unsigned());
    let offset_ms = before.offset_ms.wrapping_add(bytes.signed()?);
    let samples = u32::try_from(bytes.varint()?).ok()?;
    let mut faults = ByQuantity::default();
    if head & FAULTS != 0 {
        let codes = bytes.u16()?;
        for (place, quantity) in Quantity::ALL.into_iter().rev().enumerate() {
            faults.set(quantity, fault((codes >> (3 * place)) & 7)?);
        }
    }
    let mut values = ByQuantity::default();
    for quantity in Quantity::ALL {
        if head & (FIRST_VALUE << quantity as u8) == 0 {
            continue;
        }
        let value = if head & WIDE == 0 {
            let steps = before.steps[quantity as usize].wrapping_add(bytes.signed()?);
            before.steps[quantity as usize] = steps;
            value_of(quantity, steps)
        } else {
            f64::from_le_bytes(bytes.array()?)
        };
        values.set(quantity, Some(value).filter(|value| value.is_finite()));
    }
    before.mono_ms = mono_ms;
    before.offset_ms = offset_ms;
    let at = Millis::new(offset_ms.checked_add_unsigned(mono_ms)?)?;
    let seq = Some(seq).filter(|seq| (1..=MAX_SEQ).contains(seq))?;
    Some(Entry { reading: Reading { seq, at, clock, samples, values, faults }, mono_ms })
}

/// The values in steps of the wire's resolution, if each is exactly one.
fn steps(values: &ByQuantity<f64>) -> Option<[i64; 4]> {
    let mut steps = [0; 4];
    for (quantity, value) in values.iter() {
        let scaled = (value * f64::from(quantity.steps_per_unit())).round();
        if scaled.abs() > 1e15 {
            return None;
        }
        #[expect(clippy::cast_possible_truncation, reason = "whole and within 10¹⁵")]
        let whole = scaled as i64;
        if value_of(quantity, whole).to_bits() != value.to_bits() {
            return None;
        }
        steps[quantity as usize] = whole;
    }
    Some(steps)
}

fn value_of(quantity: Quantity, steps: i64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "what was written is within 10¹⁵")]
    let scaled = steps as f64;
    scaled / f64::from(quantity.steps_per_unit())
}

fn fault_code(fault: Fault) -> u16 {
    match fault {
        Fault::Bus => 1,
        Fault::Crc => 2,
        Fault::Range => 3,
        Fault::Frozen => 4,
        Fault::Absent => 5,
    }
}

fn fault(code: u16) -> Option<Option<Fault>> {
    Some(match code {
        0 => None,
        1 => Some(Fault::Bus),
        2 => Some(Fault::Crc),
        3 => Some(Fault::Range),
        4 => Some(Fault::Frozen),
        5 => Some(Fault::Absent),
        _ => return None,
    })
}
