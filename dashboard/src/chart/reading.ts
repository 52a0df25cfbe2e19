/** What the charts' lines say at a moment, or over a span, in words. */
import { formatValue, formatWithUnit } from '../format/number'
import type { Language } from '../i18n/languages'
import type { Messages } from '../i18n/messages'
import type { Quantity } from '../quantity/quantities'
import { nearest, range, type Series } from './series'

export interface Shown {
  station: string
  /** Where there are several stations. */
  name: string | null
  value: string
  /** Between what the mean lies, where it is one. */
  around: string | null
}

interface Drawn {
  station: string
  name: string
  points: Series
}

/** `at` and `span` in seconds. A point is read from at most `within` seconds away. */
export function readingOf(
  quantity: Quantity,
  lines: readonly Drawn[],
  at: number | null,
  span: readonly [number, number],
  within: number,
  language: Language,
  t: Messages['chart'],
): Shown[] {
  return lines.map(({ station, name, points }) => {
    const of = { station, name: lines.length > 1 ? name : null }
    if (at === null) {
      const extremes = range(points, span[0], span[1])
      if (!extremes) return { ...of, value: '—', around: null }
      const [low, high] = [formatValue(quantity, extremes.low, language), formatValue(quantity, extremes.high, language)]
      const most = formatWithUnit(quantity, extremes.high, language)
      return { ...of, value: low === high ? most : t.range(low, most), around: null }
    }
    const index = nearest(points, at, within)
    if (index === null) return { ...of, value: t.noValue, around: null }
    const [min = 0, mean = 0, max = 0] = [points.min[index], points.mean[index], points.max[index]]
    const [low, high] = [formatValue(quantity, min, language), formatValue(quantity, max, language)]
    return { ...of, value: formatWithUnit(quantity, mean, language), around: low === high ? null : t.range(low, high) }
  })
}

export function inWords(shown: readonly Shown[]): string {
  return shown.map(({ name, value, around }) => [name, value, around && `(${around})`].filter(Boolean).join(' ')).join(' · ')
}
