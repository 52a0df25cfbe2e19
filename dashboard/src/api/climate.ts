/** Decoding of what a station's past was like: climate, records, health. As in decode.ts, nothing throws. */
import type { Quantity } from '../quantity/quantities'
import { byQuantity, clock, fields, list, number, sensorHealth, text, time } from './decode'
import type { ClockState, SensorHealth, Time } from './types'

export interface Climate {
  min: number
  min_at: Time
  max: number
  max_at: Time
  mean: number
}

export type ByQuantity = Partial<Record<Quantity, Climate>>

export interface DegreeDays {
  heating: number
  cooling: number
  growing: number
  heating_base_c: number
  cooling_base_c: number
  growing_base_c: number
}

export interface Part {
  start: Time | null
  date: string
  count: number
  quantities: ByQuantity
  degree_days: DegreeDays | null
}

export interface Summary extends Part {
  zone: string
  parts: Part[]
}

export interface DayRecord {
  date: string
  start: Time | null
  value: number
}

export interface Records {
  zone: string
  since: string | null
  days: number
  all_time: ByQuantity
  warmest_day: DayRecord | null
  coldest_day: DayRecord | null
  widest_day: DayRecord | null
  stormiest_day: DayRecord | null
  years: { year: number; quantities: ByQuantity }[]
}

export interface HealthThen {
  at: Time
  state: string | null
  health: {
    log: { readings: number; lost: number; fault: string | null }
    clock: ClockState
    cpu_c: number | null
    sensors: SensorHealth[]
  } | null
}

function climate(value: unknown): Climate | null {
  const from = fields(value)
  const [min, max, mean] = [number(from?.min), number(from?.max), number(from?.mean)]
  const [min_at, max_at] = [time(from?.min_at), time(from?.max_at)]
  if (min === null || max === null || mean === null || min_at === null || max_at === null) return null
  return { min, min_at, max, max_at, mean }
}

function degreeDays(value: unknown): DegreeDays | null {
  const from = fields(value)
  const heating = number(from?.heating)
  if (!from || heating === null) return null
  return {
    heating,
    cooling: number(from.cooling) ?? 0,
    growing: number(from.growing) ?? 0,
    heating_base_c: number(from.heating_base_c) ?? 18,
    cooling_base_c: number(from.cooling_base_c) ?? 18,
    growing_base_c: number(from.growing_base_c) ?? 10,
  }
}

function part(value: unknown): Part | null {
  const from = fields(value)
  if (!from) return null
  return {
    start: time(from.start),
    date: text(from.date) ?? '',
    count: number(from.count) ?? 0,
    quantities: byQuantity(from.quantities, climate),
    degree_days: degreeDays(from.degree_days),
  }
}

export function summary(value: Record<string, unknown>): Summary {
  const whole = part(value) ?? { start: null, date: '', count: 0, quantities: {}, degree_days: null }
  return { ...whole, zone: text(value.zone) ?? 'UTC', parts: list(value.parts, part) }
}

function dayRecord(value: unknown): DayRecord | null {
  const from = fields(value)
  const [date, measured] = [text(from?.date), number(from?.value)]
  return date === null || measured === null ? null : { date, start: time(from?.start), value: measured }
}

export function records(value: Record<string, unknown>): Records {
  return {
    zone: text(value.zone) ?? 'UTC',
    since: text(value.since),
    days: number(value.days) ?? 0,
    all_time: byQuantity(value.all_time, climate),
    warmest_day: dayRecord(value.warmest_day),
    coldest_day: dayRecord(value.coldest_day),
    widest_day: dayRecord(value.widest_day),
    stormiest_day: dayRecord(value.stormiest_day),
    years: list(value.years, (item) => {
      const year = number(fields(item)?.year)
      return year === null ? null : { year, quantities: byQuantity(fields(item)?.quantities, climate) }
    }),
  }
}

export function healthThen(value: unknown): HealthThen | null {
  const from = fields(value)
  const at = time(from?.at)
  if (!from || at === null) return null
  const health = fields(from.health)
  const log = fields(health?.log)
  return {
    at,
    state: text(from.state),
    health: health && {
      log: { readings: number(log?.readings) ?? 0, lost: number(log?.lost) ?? 0, fault: text(log?.fault) },
      clock: clock(health.clock),
      cpu_c: number(health.cpu_c),
      sensors: list(health.sensors, sensorHealth),
    },
  }
}
