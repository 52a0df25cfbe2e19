import type { Quantity } from '../quantity/quantities'
import type { History } from './history'

/** One station's columns of one quantity: seconds since 1970, lowest, highest, mean. NaN is where the line breaks. */
export interface Series {
  seconds: Float64Array
  min: Float64Array
  max: Float64Array
  mean: Float64Array
}

/** Silence longer than this breaks the line. */
export function gapAfter(history: History, report_s: number | null): number {
  return 3 * Math.max(history.length_ms, (report_s ?? 0) * 1_000)
}

/** One quantity's points since `from`; a gap becomes a point without a value, which breaks the line. */
export function series(history: History, quantity: Quantity, from: number, gap_ms: number): Series {
  const [seconds, min, max, mean]: [number[], number[], number[], number[]] = [[], [], [], []]
  const add = (at: number, low: number, high: number, middle: number) => {
    seconds.push(at / 1_000)
    min.push(low)
    max.push(high)
    mean.push(middle)
  }
  let previous = Number.NaN
  for (const { start, values } of history.slots) {
    const value = values[quantity]
    if (!value || start < from) continue
    if (start - previous > gap_ms) add((start + previous) / 2, Number.NaN, Number.NaN, Number.NaN)
    add(start, value.min, value.max, value.mean)
    previous = start
  }
  return { seconds: Float64Array.from(seconds), min: Float64Array.from(min), max: Float64Array.from(max), mean: Float64Array.from(mean) }
}

/** The first index at or after `at`. */
export function indexAt({ seconds }: Series, at: number): number {
  let [low, high] = [0, seconds.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((seconds[middle] ?? Infinity) < at) low = middle + 1
    else high = middle
  }
  return low
}

/** The point nearest to `at`, if it has a value and is no further than `within` seconds. */
export function nearest(points: Series, at: number, within: number): number | null {
  const after = indexAt(points, at)
  const away = (index: number) => Math.abs((points.seconds[index] ?? Infinity) - at)
  const index = away(after - 1) < away(after) ? after - 1 : after
  return away(index) <= within && !Number.isNaN(points.mean[index]) ? index : null
}

/** Lowest and highest among the points from one second to another. */
export function range(points: Series, from = -Infinity, to = Infinity): { low: number; high: number } | null {
  let [low, high] = [Infinity, -Infinity]
  for (let index = indexAt(points, from); index < points.seconds.length && (points.seconds[index] ?? 0) <= to; index += 1) {
    low = Math.min(low, Number.isNaN(points.min[index]) ? Infinity : (points.min[index] ?? Infinity))
    high = Math.max(high, Number.isNaN(points.max[index]) ? -Infinity : (points.max[index] ?? -Infinity))
  }
  return low <= high ? { low, high } : null
}
