import type { History } from '../chart/history'
import { facts, type Quantity } from '../quantity/quantities'

const hour_ms = 3_600_000

/**
 * How a value compares with the one its trend period earlier. Null when nothing was measured near that time:
 * a value from across a gap would make a wrong trend, which is worse than none.
 */
export function change(history: History, quantity: Quantity, value: number, at: number): number | null {
  const period = facts[quantity].trendHours * hour_ms
  const tolerance = Math.max(history.length_ms, period / 12)
  const wanted = at - period
  let nearest: number | null = null
  let distance = tolerance
  for (const { start, values } of history.slots) {
    const summary = values[quantity]
    const away = Math.abs(start + history.length_ms / 2 - wanted)
    if (summary && away <= distance) {
      nearest = summary.mean
      distance = away
    }
  }
  return nearest === null ? null : value - nearest
}
