/**
 * Turns what the gateway sent into the panel's types. What is missing or of the wrong kind becomes null
 * where the panel can live without it; an item that lacks what identifies it is left out. Nothing throws.
 */
import { derivedKeys, isQuantity, quantities, type Quantity } from '../quantity/quantities'
import type { components } from './openapi'
import type {
  Bucket, BucketValue, ClockState, Counts, Episode, Extremes, Facts, Health, Place, Reading, SensorAbout,
  SensorHealth, Station, StationState, StatusEvent, Tendency, Time, Today,
} from './types'


/** Made from the gateway's OpenAPI document by `npm run check`: a field that the document does not have does not compile. */
type Schemas = components['schemas']

type Fields = Record<string, unknown>

export function fields<Schema = Fields>(value: unknown): { [Key in keyof Schema]?: unknown } | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : null
}

export function number(value: unknown): number | null {
  return typeof value === 'number' && Number.isFinite(value) ? value : null
}

export function text(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null
}

export function time(value: unknown): Time | null {
  return typeof value === 'string' && Number.isFinite(Date.parse(value)) ? value : null
}

function oneOf<T extends string>(value: unknown, known: readonly T[], otherwise: T): T {
  return known.find((each) => each === value) ?? otherwise
}

export function clock(value: unknown): ClockState {
  return oneOf(value, ['synchronised', 'holdover', 'unsynchronised'] as const, 'unsynchronised')
}

export function state(value: unknown): StationState {
  return oneOf(value, ['online', 'offline', 'stopped', 'unknown'] as const, 'unknown')
}

/** Decodes each item of a list and leaves out those that could not be decoded. */
export function list<T>(value: unknown, decode: (item: unknown) => T | null): T[] {
  return Array.isArray(value) ? value.map(decode).filter((item): item is T & {} => item !== null) : []
}

function byKey<K extends string, T>(
  keys: readonly K[],
  value: unknown,
  decode: (item: unknown) => T | null,
): Partial<Record<K, T>> {
  const from = fields(value)
  const out: Partial<Record<K, T>> = {}
  for (const key of keys) {
    const item = from ? decode(from[key]) : null
    if (item !== null) out[key] = item
  }
  return out
}

export function byQuantity<T>(value: unknown, decode: (item: unknown) => T | null): Partial<Record<Quantity, T>> {
  return byKey(quantities, value, decode)
}

export function reading(value: unknown): Reading | null {
  const from = fields<Schemas['Reading']>(value)
  const station = text(from?.station)
  const observed_at = time(from?.observed_at)
  if (!from || station === null || observed_at === null) return null
  return {
    row: number(from.row) ?? 0,
    station,
    stream: text(from.stream) ?? '',
    seq: number(from.seq) ?? 0,
    observed_at,
    received_at: time(from.received_at),
    clock: clock(from.clock),
    values: byQuantity(from, number),
    flags: byQuantity(from.flags, number),
    faults: byQuantity(from.faults, text),
    derived: byKey(derivedKeys, from, number),
  }
}

function place(value: unknown): Place | null {
  const from = fields<Schemas['Place']>(value)
  const name = text(from?.name)
  if (!from || name === null) return null
  return {
    name,
    latitude: number(from.latitude),
    longitude: number(from.longitude),
    altitude_m: number(from.altitude_m),
    zone: text(from.zone),
  }
}

function extremes(value: unknown): Extremes | null {
  const from = fields<Schemas['Extremes']>(value)
  const min = number(from?.min)
  const max = number(from?.max)
  const min_at = time(from?.min_at)
  const max_at = time(from?.max_at)
  return min === null || max === null || min_at === null || max_at === null ? null : { min, min_at, max, max_at }
}

function today(value: unknown): Today | null {
  const from = fields<Schemas['Today']>(value)
  const date = text(from?.date)
  const zone = text(from?.zone)
  return from && date && zone ? { date, zone, quantities: byQuantity(from.quantities, extremes) } : null
}

function sensorAbout(value: unknown): SensorAbout | null {
  const from = fields<Schemas['Sensor']>(value)
  const part = text(from?.part)
  if (!from || part === null) return null
  const measured = list(from.quantities, text).filter(isQuantity)
  return { part, address: number(from.address), quantities: measured }
}

export function sensorHealth(value: unknown): SensorHealth | null {
  const from = fields<Schemas['SensorNow']>(value)
  const part = text(from?.part)
  if (!from || part === null) return null
  return {
    part,
    address: number(from.address),
    state: text(from.state) ?? '',
    fault: text(from.fault),
    warning: text(from.warning),
    since: time(from.since),
  }
}

function health(value: unknown): Health | null {
  const from = fields<Schemas['StationHealth']>(value)
  if (!from) return null
  const log = fields(from.log)
  return {
    at: time(from.at),
    uptime_s: number(from.uptime_s),
    log: log && { readings: number(log.readings) ?? 0, bytes: number(log.bytes) ?? 0, lost: number(log.lost) ?? 0, fault: text(log.fault) },
    sensors: list(from.sensors, sensorHealth),
    clock: text(from.clock) === null ? null : clock(from.clock),
    cpu_c: number(from.cpu_c),
  }
}

function counts(value: unknown): Counts | null {
  const from = fields<Schemas['Counts']>(value)
  const stored = number(from?.stored)
  const lost = number(from?.lost)
  if (!from || stored === null || lost === null) return null
  return { stored, lost, duplicates: number(from.duplicates) ?? 0, elsewhere: number(from.elsewhere) ?? 0 }
}

export function station(value: unknown): Station | null {
  const from = fields<Schemas['Station']>(value)
  const name = text(from?.station)
  if (!from || name === null) return null
  return {
    station: name,
    state: state(from.state),
    since: time(from.since),
    place: place(from.place),
    version: text(from.version),
    report_s: number(from.report_s),
    sensors: list(from.sensors, sensorAbout),
    last_seen: time(from.last_seen),
    last_reading: reading(from.last_reading),
    today: today(from.today),
    health: health(from.health),
    counts: counts(from.counts),
    owner: text(from.owner),
    tendency: tendency(from.tendency),
  }
}

function tendency(value: unknown): Tendency | null {
  const from = fields<Schemas['PressureTendency']>(value)
  const change_hpa = number(from?.pressure_tendency_hpa_3h)
  const characteristic = number(from?.characteristic)
  const at = time(from?.at)
  return change_hpa === null || characteristic === null || at === null ? null : { change_hpa, characteristic, at }
}

export function status(value: unknown): StatusEvent | null {
  const from = fields(value)
  const name = text(from?.station)
  return from && name ? { station: name, state: state(from.state), since: time(from.since) } : null
}

function bucketValue(value: unknown): BucketValue | null {
  const from = fields<Schemas['QuantitySummary']>(value)
  const min = number(from?.min)
  const mean = number(from?.mean)
  const max = number(from?.max)
  return min === null || mean === null || max === null ? null : { min, mean, max }
}

export function bucket(value: unknown): Bucket | null {
  const from = fields<Schemas['ReadingBucket']>(value)
  const start = time(from?.start)
  if (!from || start === null) return null
  return { start, count: number(from.count) ?? 1, values: byQuantity(from, bucketValue) }
}

function episode(kind: 'anomaly' | 'weather', from: { [Key in keyof Schemas['WeatherEvent']]?: unknown } | null): Episode | null {
  const id = number(from?.id)
  const name = text(from?.station)
  const start = time(from?.from)
  if (!from || id === null || name === null || start === null) return null
  return {
    key: `${kind}-${id}`,
    station: name,
    quantity: null,
    kind: text(from.kind) ?? '',
    from: start,
    to: time(from.to),
    flag: null,
    state: oneOf(from.state, ['open', 'closed'] as const, 'closed'),
    evidence: text(from.evidence) ?? '',
    facts: null,
  }
}

function quantity(value: unknown): Quantity | null {
  const key = text(value)
  return key !== null && isQuantity(key) ? key : null
}

const noFacts: Facts = {
  quantity: null, value: null, highest: null, times: null, change: null, limit: null, upper: null, seconds: null, limit_seconds: null, part: null, beside: [],
}

function facts(value: unknown): Facts | null {
  const from = fields<Schemas['Facts']>(value)
  if (!from) return null
  return {
    quantity: quantity(from.quantity),
    value: number(from.value),
    highest: number(from.highest),
    times: number(from.times),
    change: number(from.change),
    limit: number(from.limit),
    upper: number(from.upper),
    seconds: number(from.seconds),
    limit_seconds: number(from.limit_seconds),
    part: text(from.part),
    beside: list(from.beside, neighbour),
  }
}

function neighbour(value: unknown): Facts['beside'][number] | null {
  const from = fields<Schemas['Beside']>(value)
  const [station, measured, change] = [text(from?.station), number(from?.value), number(from?.change)]
  return station === null || measured === null || change === null ? null : { station, value: measured, change }
}

export function anomaly(value: unknown): Episode | null {
  const from = fields<Schemas['Anomaly']>(value)
  const found = episode('anomaly', from)
  return found && { ...found, quantity: quantity(from?.quantity), flag: number(from?.flag) ?? 3, facts: facts(from?.facts) }
}

/** The quantity in which a kind of weather is seen. */
const seenIn: Record<string, Quantity> = { frost: 'temperature_c', heat: 'temperature_c', pressure_fall: 'pressure_hpa', fog: 'humidity_pct' }

export function weather(value: unknown): Episode | null {
  const from = fields<Schemas['WeatherEvent']>(value)
  const found = episode('weather', from)
  if (!found) return null
  const [extreme, limit] = [number(from?.extreme), number(from?.onset)]
  const isOf = found.kind === 'pressure_fall' ? 'pressure_hpa' : 'temperature_c'
  // Frost and heat are values; a fall of pressure and the way to the dew point are distances.
  const told = { ...noFacts, quantity: isOf, value: extreme, change: extreme, limit } as const
  return { ...found, quantity: seenIn[found.kind] ?? null, facts: extreme === null || limit === null ? null : told }
}
