import { describe, expect, it } from 'vitest'
import * as decode from '../api/decode'
import type { Bucket } from '../api/types'
import { reading } from '../testing/samples'
import { day_ms, History } from './history'
import { gapAfter, range, series } from './series'

function bucket(start: string, mean: number | null, spread = 0): Bucket {
  const value = mean === null ? {} : { temperature_c: { min: mean - spread, mean, max: mean + spread } }
  const decoded = decode.bucket({ start, count: 6, ...value })
  if (!decoded) throw new Error('not a bucket')
  return decoded
}

const ten = '2026-11-20T10:00:00.000Z'
const from = Date.parse(ten) - day_ms

describe('the history', () => {
  it('folds live readings into the bucket they belong to', () => {
    const before = History.from({ resolution: '1m', items: [bucket(ten, 4, 1)] })
    const after = before.with([reading('2026-11-20T10:00:50.000Z', { temperature_c: 11 })], from)
    expect(after.slots).toHaveLength(1)
    expect(after.slots[0]?.values.temperature_c).toEqual({ count: 7, min: 3, mean: 5, max: 11 })
    expect(before.slots[0]?.values.temperature_c?.max).toBe(5)
  })

  it('opens a bucket for a reading beyond the last, and between two for a late one', () => {
    const after = History.from({ resolution: '1m', items: [bucket(ten, 4)] }).with(
      [reading('2026-11-20T10:02:10.000Z', { temperature_c: 6 }), reading('2026-11-20T10:01:10.000Z', { temperature_c: 5 })],
      from,
    )
    expect(after.slots.map(({ values }) => values.temperature_c?.mean)).toEqual([4, 5, 6])
  })

  it('folds a live reading into its day, which begins at midnight in the zone, and the next day into a new one', () => {
    const days = [bucket('2026-11-19T07:00:00.000Z', 2), bucket('2026-11-20T07:00:00.000Z', 4)]
    const after = History.from({ resolution: '1d', items: days }).with(
      [reading('2026-11-21T06:59:00.000Z', { temperature_c: 11 }), reading('2026-11-21T07:01:00.000Z', { temperature_c: 6 })],
      -Infinity,
    )
    expect(after.slots.map(({ start }) => new Date(start).toISOString().slice(0, 13))).toEqual(['2026-11-19T07', '2026-11-20T07', '2026-11-21T07'])
    expect(after.slots.map(({ values }) => values.temperature_c?.mean)).toEqual([2, 5, 6])
  })

  it('gathers raw readings by the minute', () => {
    const items = [0, 10, 20, 60].map((s) => reading(new Date(Date.parse(ten) + s * 1_000).toISOString(), { temperature_c: s }))
    const history = History.from({ resolution: 'raw', items })
    expect(history.slots.map(({ values }) => values.temperature_c?.mean)).toEqual([10, 60])
  })

  it('keeps a day and no more, however long it grows', () => {
    let history = History.from({ resolution: '1m', items: [] })
    const start = Date.parse(ten)
    for (let minute = 0; minute < 3 * 1_440; minute += 1) {
      const at = start + minute * 60_000
      history = history.with([reading(new Date(at).toISOString(), { temperature_c: 1 })], at - day_ms)
    }
    expect(history.slots.length).toBeLessThanOrEqual(1_441)
    expect(history.with([], Infinity).slots).toEqual([])
  })

  it('does not let a missing quantity make a value', () => {
    const after = History.from({ resolution: '1m', items: [bucket(ten, null)] }).with([reading(ten, { humidity_pct: 40 })], from)
    expect(after.slots[0]?.values).toEqual({ humidity_pct: { count: 1, min: 40, mean: 40, max: 40 } })
  })
})

describe('a series', () => {
  const at = (minutes: number) => new Date(Date.parse(ten) + minutes * 60_000).toISOString()
  const history = History.from({ resolution: '1m', items: [bucket(at(0), 1, 1), bucket(at(3), 2), bucket(at(7), 3), bucket(at(8), null)] })

  it('breaks across a gap of more than three buckets, and not of three', () => {
    expect(series(history, 'temperature_c', from, gapAfter(history, 10)).mean).toEqual(Float64Array.of(1, 2, Number.NaN, 3))
  })

  it('breaks only after three reports where the station reports seldom', () => {
    expect(gapAfter(history, 600)).toBe(1_800_000)
    expect(series(history, 'temperature_c', from, gapAfter(history, 600)).mean).toEqual(Float64Array.of(1, 2, 3))
  })

  it('starts at the time asked for and knows its range', () => {
    expect(series(history, 'temperature_c', Date.parse(at(3)), 180_000).mean).toEqual(Float64Array.of(2, Number.NaN, 3))
    expect(range(series(history, 'temperature_c', from, 180_000))).toEqual({ low: 0, high: 3 })
    expect(range(series(history, 'pressure_hpa', from, 180_000))).toBeNull()
  })
})
