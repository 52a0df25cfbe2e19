/** The sentence of an episode in the reader's language and units. */
import type { Episode, Facts } from '../api/types'
import { formatCount, formatDuration, formatExact } from '../format/number'
import { formatMoment } from '../format/time'
import type { Language } from '../i18n/languages'
import type { Messages } from '../i18n/messages'
import type { Quantity } from '../quantity/quantities'
import { isKind } from './kinds'

/** What a sentence may be made of, written out. What its kind has nothing to say of is a dash. */
export interface Told {
  value: string
  highest: string
  times: string
  isOne: boolean
  /** Without its sign. */
  change: string
  isDown: boolean
  limit: string
  upper: string
  over: string
  atMost: string
  since: string
  part: string
}

export interface Sentence {
  text: string
  language: Language
}

/** What is compared with neighbours by value; everything else by how far it went. */
const byValue: readonly string[] = ['neighbours', 'buddy', 'byzantine']
const none = '–'

export function evidenceOf(episode: Episode, now: number, zone: string | null | undefined, language: Language, t: Messages['episodes']): Sentence {
  const { kind, facts, from, evidence } = episode
  // What an earlier release found, or a later one may find, has the gateway's own sentence alone.
  if (facts === null || !isKind(kind, t)) return { text: evidence, language: 'en' }
  const told = t.sentences[kind](written(kind, facts, language, formatMoment(Date.parse(from), now, zone, language)))
  return { text: [told, ...beside(kind, facts, language, t)].join('; '), language }
}

/** A dew point is a temperature, whatever the reading; the sun's height is in degrees, and neighbours are counted. */
function written(kind: string, facts: Facts, language: Language, since: string): Told {
  const quantity = kind === 'dew_point' ? 'temperature_c' : facts.quantity
  const value = (number: number | null, of: Quantity | null = facts.quantity, isChange = false) =>
    number === null || of === null ? none : formatExact(of, number, language, isChange)
  const count = (number: number | null) => (number === null ? none : formatCount(number, language))
  const time = (seconds: number | null) => (seconds === null ? none : formatDuration(Math.abs(seconds), language))
  // A limit is a value where it is an edge, and a distance where a distance is judged.
  const isCount = kind === 'isolation'
  const isEdge = ['range', 'altitude', 'climatology', 'percentile', 'dew_point', 'frost', 'heat'].includes(kind)
  return {
    value: value(facts.value),
    highest: value(facts.highest),
    times: count(facts.times),
    isOne: facts.times === 1,
    change:
      isCount ? count(facts.change)
      : kind === 'light' ? `${formatCount(Math.abs(facts.change ?? 0), language)}°`
      : value(kind === 'dew_point' ? facts.change : absolute(facts.change), quantity, kind !== 'dew_point'),
    isDown: (facts.change ?? facts.seconds ?? 0) < 0,
    limit: isCount ? count(facts.limit) : value(isEdge ? facts.limit : absolute(facts.limit), quantity, !isEdge),
    upper: value(facts.upper),
    over: time(facts.seconds),
    atMost: time(facts.limit_seconds),
    since,
    part: facts.part ?? none,
  }
}

function beside(kind: string, facts: Facts, language: Language, t: Messages['episodes']): string[] {
  const { quantity } = facts
  if (quantity === null) return []
  return facts.beside.map(({ station, value, change }) =>
    byValue.includes(kind)
      ? t.besideMeasured(station, formatExact(quantity, value, language))
      : t.besideWent(station, formatExact(quantity, Math.abs(change), language, true), change < 0),
  )
}

function absolute(value: number | null): number | null {
  return value === null ? null : Math.abs(value)
}
