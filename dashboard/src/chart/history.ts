/**
 * The last 24 hours of one station, in buckets of one length, whatever resolution the gateway chose.
 * Every change gives a new History, which shares the buckets that did not change.
 */
import type { Reading, Readings, Resolution } from '../api/types'
import { quantities, type Quantity } from '../quantity/quantities'

export const day_ms = 24 * 3_600_000
const minute_ms = 60_000

const lengths: Record<Resolution, number> = {
  raw: minute_ms,
  '1m': minute_ms,
  '10m': 10 * minute_ms,
  '1h': 60 * minute_ms,
  '1d': day_ms,
}

export interface Summary {
  count: number
  min: number
  mean: number
  max: number
}

export interface Slot {
  start: number
  values: Partial<Record<Quantity, Summary>>
}

export class History {
  private constructor(
    readonly length_ms: number,
    readonly slots: readonly Slot[],
  ) {}

  /** Raw readings are gathered by the minute, or by less. */
  static from(readings: Readings, raw_ms = minute_ms): History {
    const length = readings.resolution === 'raw' ? raw_ms : (lengths[readings.resolution] ?? minute_ms)
    const empty = new History(length, [])
    if (readings.resolution === 'raw') return empty.with(readings.items, -Infinity)
    const slots = readings.items.map(({ start, count, values }): Slot => {
      const slot: Slot = { start: Date.parse(start), values: {} }
      for (const quantity of quantities) {
        const value = values[quantity]
        if (value) slot.values[quantity] = { count, ...value }
      }
      return slot
    })
    return new History(length, slots.sort((a, b) => a.start - b.start))
  }

  /** With these readings folded in, and without what ended before `from`. */
  with(readings: readonly Reading[], from: number): History {
    const slots = [...this.slots]
    for (const reading of readings) {
      const at = Date.parse(reading.observed_at)
      let index = slots.length
      while (index > 0 && (slots[index - 1]?.start ?? 0) > at) index -= 1
      const slot = slots[index - 1]
      // A day begins at its zone's midnight, so a new one begins as those before it did.
      const start = at - ((at - (slot?.start ?? 0)) % this.length_ms)
      if (slot?.start === start) slots[index - 1] = folded(slot, reading)
      else slots.splice(index, 0, folded({ start, values: {} }, reading))
    }
    const kept = slots.findIndex(({ start }) => start + this.length_ms > from)
    return new History(this.length_ms, kept < 0 ? [] : slots.slice(kept))
  }
}

function folded(slot: Slot, reading: Reading): Slot {
  const values = { ...slot.values }
  for (const quantity of quantities) {
    const value = reading.values[quantity]
    if (value === undefined) continue
    const old = values[quantity]
    values[quantity] = old
      ? {
          count: old.count + 1,
          min: Math.min(old.min, value),
          mean: old.mean + (value - old.mean) / (old.count + 1),
          max: Math.max(old.max, value),
        }
      : { count: 1, min: value, mean: value, max: value }
  }
  return { start: slot.start, values }
}
