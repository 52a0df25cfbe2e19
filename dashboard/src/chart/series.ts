import type { Quantity } from '../quantity/quantities'
import type { History } from './history'

type Column = (number | null)[]

/** Columns as uPlot takes them: seconds since 1970, lowest, highest, mean. */
export interface Series {
  seconds: number[]
  min: Column
  max: Column
  mean: Column
}

/** Silence longer than this breaks the line. */
export function gapAfter(history: History, report_s: number | null): number {
  return 3 * Math.max(history.length_ms, (report_s ?? 0) * 1_000)
}

/** One quantity's points since `from`; a gap becomes a point without a value, which breaks the line. */
export function series(history: History, quantity: Quantity, from: number, gap_ms: number): Series {
  const out: Series = { seconds: [], min: [], max: [], mean: [] }
  let previous = Number.NaN
  for (const { start, values } of history.slots) {
    const value = values[quantity]
    if (!value || start < from) continue
    if (start - previous > gap_ms) {
      out.seconds.push((start + previous) / 2_000)
      out.min.push(null)
      out.max.push(null)
      out.mean.push(null)
    }
    out.seconds.push(start / 1_000)
    out.min.push(value.min)
    out.max.push(value.max)
    out.mean.push(value.mean)
    previous = start
  }
  return out
}

export function range({ min, max }: Series): { low: number; high: number } | null {
  const low = min.reduce<number>((a, b) => (b !== null && b < a ? b : a), Infinity)
  const high = max.reduce<number>((a, b) => (b !== null && b > a ? b : a), -Infinity)
  return low <= high ? { low, high } : null
}
