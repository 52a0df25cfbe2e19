import type { Derived, Quantity } from '../quantity/quantities'

/** RFC 3339 in UTC with milliseconds, as the gateway writes it. */
export type Time = string

export type StationState = 'online' | 'offline' | 'stopped' | 'unknown'
export type ClockState = 'synchronised' | 'holdover' | 'unsynchronised'

export interface Place {
  name: string
  latitude: number | null
  longitude: number | null
  altitude_m: number | null
  zone: string | null
}

/** QARTOD: 1 good, 2 not evaluated, 3 suspect, 4 fail, 9 missing. */
export type Flag = number

export interface Reading {
  row: number
  station: string
  stream: string
  seq: number
  observed_at: Time
  received_at: Time | null
  clock: ClockState
  values: Partial<Record<Quantity, number>>
  flags: Partial<Record<Quantity, Flag>>
  faults: Partial<Record<Quantity, string>>
  derived: Partial<Record<Derived, number>>
}

export interface Extremes {
  min: number
  min_at: Time
  max: number
  max_at: Time
}

export interface Today {
  date: string
  zone: string
  quantities: Partial<Record<Quantity, Extremes>>
}

export interface SensorAbout {
  part: string
  address: number | null
  quantities: Quantity[]
}

export interface SensorHealth {
  part: string
  address: number | null
  state: string
  fault: string | null
  /** A part that answers but that another one does not confirm. */
  warning: string | null
  since: Time | null
}

export interface Health {
  at: Time | null
  uptime_s: number | null
  log: { readings: number; bytes: number; lost: number; fault: string | null } | null
  sensors: SensorHealth[]
  clock: ClockState | null
  cpu_c: number | null
}

export interface Counts {
  stored: number
  lost: number
  duplicates: number
  elsewhere: number
}

export interface Station {
  station: string
  state: StationState
  since: Time | null
  place: Place | null
  version: string | null
  report_s: number | null
  sensors: SensorAbout[]
  last_seen: Time | null
  last_reading: Reading | null
  today: Today | null
  health: Health | null
  counts: Counts | null
  /** Another gateway acknowledges this station: this one only stores and shows it. */
  owner: string | null
  tendency: Tendency | null
}

/** What the pressure did in the last three hours; the characteristic is of WMO's code table 0200. */
export interface Tendency {
  change_hpa: number
  characteristic: number
  at: Time
}

export interface StatusEvent {
  station: string
  state: StationState
  since: Time | null
}

export interface BucketValue {
  min: number
  mean: number
  max: number
}

export interface Bucket {
  start: Time
  count: number
  values: Partial<Record<Quantity, BucketValue>>
}

export type Resolution = 'raw' | '1m' | '10m' | '1h' | '1d'

export type Readings =
  | { resolution: 'raw'; items: Reading[] }
  | { resolution: Exclude<Resolution, 'raw'>; items: Bucket[] }

/** A stretch of time worth looking at: an anomaly of the readings, or weather that a person wants to know of. */
export interface Episode {
  /** `anomaly-7` or `weather-7`: the two are counted apart. */
  key: string
  station: string
  quantity: Quantity | null
  kind: string
  from: Time
  to: Time | null
  /** The worst flag of an anomaly; weather says nothing against the readings. */
  flag: Flag | null
  state: 'open' | 'closed'
  /** The gateway's own sentence, in English. */
  evidence: string
  /** What the sentence is made of; none where an earlier release found it. */
  facts: Facts | null
}

/** The numbers of an episode's evidence, as the OpenAPI document explains them. */
export interface Facts {
  quantity: Quantity | null
  value: number | null
  highest: number | null
  times: number | null
  change: number | null
  limit: number | null
  upper: number | null
  seconds: number | null
  limit_seconds: number | null
  part: string | null
  beside: { station: string; value: number; change: number }[]
}
