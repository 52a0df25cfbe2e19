/**
 * The view as a link, and back. Every part of a link that makes no sense is left out and named, so that
 * the page can say what it ignored; no link is an error.
 */
import { languages } from '../i18n/languages'
import { themes } from '../preferences/themes'
import { isQuantity, quantities, type Quantity } from '../quantity/quantities'
import { readChoice } from '../quantity/units'
import { defaultSpan, isLength, type Span } from './span'

export const pages = ['now', 'charts', 'stations', 'station', 'records', 'events'] as const
export type Page = (typeof pages)[number]

export const periods = ['day', 'month', 'year', 'all'] as const
export type Period = (typeof periods)[number]

export const episodeStates = ['open', 'closed'] as const
export type EpisodeState = (typeof episodeStates)[number]

export interface View {
  page: Page
  station: string | null
  /** Stations drawn beside it. */
  beside: string[]
  span: Span
  /** None stands for all. */
  quantities: Quantity[]
  /** The episode that a link points at, by its key. */
  episode: string | null
  /** Whether the charts' tables are open. */
  tables: boolean
  period: Period
  /** The day, month or year of the climate table; null is the present one. */
  date: string | null
  kind: string | null
  state: EpisodeState | null
  kiosk: boolean
}

export const defaultView: View = {
  page: 'now', station: null, beside: [], span: defaultSpan, quantities: [], episode: null, tables: false,
  period: 'month', date: null, kind: null, state: null, kiosk: false,
}

/** A part of a link that was not understood. */
export interface Ignored {
  key: string
  value: string
}

const stationName = /^[a-z][a-z0-9_-]{0,31}$/
const mostBeside = 5
const earliest = Date.parse('1990-01-01T00:00:00Z')
const latest = Date.parse('2200-01-01T00:00:00Z')

export function read(query: string): { view: View; ignored: Ignored[] } {
  const view: View = { ...defaultView }
  const ignored: Ignored[] = []
  const given = new Map<string, string>()
  for (const [key, value] of new URLSearchParams(query)) given.set(key, value.slice(0, 400))
  for (const [key, value] of given) {
    if (!take(view, key, value, given)) ignored.push({ key, value })
  }
  return { view, ignored }
}

function take(view: View, key: string, value: string, given: Map<string, string>): boolean {
  switch (key) {
    case 'page': return oneOf(pages, value, (page) => (view.page = page))
    case 'period': return oneOf(periods, value, (period) => (view.period = period))
    case 'state': return oneOf(episodeStates, value, (state) => (view.state = state))
    case 'station': return stationName.test(value) && ((view.station = value), true)
    case 'beside': {
      const names = value.split(',')
      if (names.length > mostBeside || !names.every((name) => stationName.test(name))) return false
      view.beside = [...new Set(names)]
      return true
    }
    case 'last': return isLength(value) && ((view.span = { last: value }), true)
    case 'from':
    case 'to': {
      const [from, to] = [instant(given.get('from')), instant(given.get('to'))]
      if (from === null || to === null || to - from < 1_000 || given.has('last')) return false
      view.span = { from, to }
      return true
    }
    case 'q': {
      const words = value.split(',')
      if (!words.every(isQuantity)) return false
      view.quantities = quantities.filter((quantity) => words.includes(quantity))
      return true
    }
    case 'episode': return /^(anomaly|weather)-\d{1,15}$/.test(value) && ((view.episode = value), true)
    case 'table': return ['', '1', 'true'].includes(value) && ((view.tables = true), true)
    case 'date': return /^\d{4}(-\d\d(-\d\d)?)?$/.test(value) && instant(value.padEnd(10, '-01')) !== null && ((view.date = value), true)
    case 'kind': return /^[a-z_]{1,40}$/.test(value) && ((view.kind = value), true)
    case 'kiosk': return ['', '1', 'true'].includes(value) && ((view.kiosk = true), true)
    // Choices of the reader: read where they are kept, and only judged here.
    case 'lang': return languages.includes(value)
    case 'theme': return (themes as readonly string[]).includes(value)
    case 'units': return readChoice(value) !== null
    default: return false
  }
}

function oneOf<T extends string>(known: readonly T[], word: string, found: (word: T) => void): boolean {
  const match = known.find((each) => each === word)
  if (match !== undefined) found(match)
  return match !== undefined
}

function instant(text: string | undefined): number | null {
  const at = text === undefined ? Number.NaN : Date.parse(text)
  return at >= earliest && at < latest ? at : null
}

/** The query of a link to a view; what is as by default is left out. */
export function written(view: View): string {
  const query = new URLSearchParams()
  const set = (key: string, value: string | null, otherwise: string | null = null) => {
    if (value !== null && value !== otherwise && value !== '') query.set(key, value)
  }
  set('page', view.page, 'now')
  set('station', view.station)
  if (view.page === 'charts') {
    set('beside', view.beside.join(','))
    if ('last' in view.span) set('last', view.span.last, '24h')
    else {
      set('from', new Date(view.span.from).toISOString())
      set('to', new Date(view.span.to).toISOString())
    }
    set('q', view.quantities.join(','))
    set('episode', view.episode)
    if (view.tables) query.set('table', '1')
  }
  if (view.page === 'records') {
    set('period', view.period, 'month')
    set('date', view.date)
  }
  if (view.page === 'events') {
    set('kind', view.kind)
    set('state', view.state)
  }
  if (view.kiosk) query.set('kiosk', '1')
  return query.toString()
}
