/** The time that the charts show: a length that ends now, or two fixed ends. */
export const hour_ms = 3_600_000
export const day_ms = 24 * hour_ms

export const lengths = { '1h': hour_ms, '6h': 6 * hour_ms, '24h': day_ms, '7d': 7 * day_ms, '30d': 30 * day_ms, '1y': 365 * day_ms, '5y': 1_826 * day_ms } as const

export type Length = keyof typeof lengths

export type Span = { last: Length } | { from: number; to: number }

export const defaultSpan: Span = { last: '24h' }

/** Between one and another minute nothing is to be seen; a century is more than any station has. */
const shortest_ms = 60_000
const longest_ms = 100 * 366 * day_ms

export function isLength(word: string): word is Length {
  return Object.hasOwn(lengths, word)
}

/** The two ends in milliseconds. */
export function ends(span: Span, now: number): [number, number] {
  return 'last' in span ? [now - lengths[span.last], now] : [span.from, span.to]
}

/** A span with these ends, kept within what can be shown and never in the future. */
export function fixed(from: number, to: number, now: number): Span {
  const length = Math.min(longest_ms, Math.max(shortest_ms, to - from))
  const middle = (from + to) / 2
  const end = Math.min(middle + length / 2, now + day_ms)
  return { from: Math.round(end - length), to: Math.round(end) }
}

/** A whole length earlier (−1) or later (+1). What would reach to now or nearly so ends now: time has gone on since the step back. */
export function stepped(span: Span, by: number, now: number): Span {
  const [from, to] = ends(span, now)
  const length = to - from
  const end = to + by * length
  if (end >= now - length / 50) {
    const same = (Object.keys(lengths) as Length[]).find((key) => lengths[key] === length)
    return same ? { last: same } : { from: now - length, to: now }
  }
  return { from: end - length, to: end }
}

/** Nearer (factor < 1) or further, with the moment `at` staying where it is. */
export function zoomed(span: Span, factor: number, at: number, now: number): Span {
  const [from, to] = ends(span, now)
  const length = Math.min(longest_ms, Math.max(shortest_ms, (to - from) * factor))
  const share = (at - from) / (to - from)
  const start = at - share * length
  return fixed(start, start + length, now)
}

export function moved(span: Span, by_ms: number, now: number): Span {
  const [from, to] = ends(span, now)
  return fixed(from + by_ms, to + by_ms, now)
}
