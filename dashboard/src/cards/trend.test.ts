import { describe, expect, it } from 'vitest'
import { History } from '../chart/history'
import { reading } from '../testing/samples'
import { change } from './trend'

const now = Date.parse('2026-11-20T12:00:00.000Z')

function historyWith(...points: [minutesAgo: number, value: number][]): History {
  const items = points.map(([ago, value]) =>
    reading(new Date(now - ago * 60_000).toISOString(), { temperature_c: value, pressure_hpa: 1000 + value }),
  )
  return History.from({ resolution: 'raw', items })
}

describe('the trend', () => {
  it('compares with the value nearest to an hour ago', () => {
    expect(change(historyWith([62, 1], [60, 2], [57, 3], [0, 5]), 'temperature_c', 5, now)).toBe(3)
  })

  it('looks three hours back for pressure', () => {
    expect(change(historyWith([180, 2], [60, 4]), 'pressure_hpa', 1005, now)).toBe(3)
  })

  it('is nothing across a gap: no value near the reference time, no trend', () => {
    expect(change(historyWith([70, 1], [40, 2]), 'temperature_c', 5, now)).toBeNull()
    expect(change(historyWith([160, 1]), 'pressure_hpa', 1005, now)).toBeNull()
    expect(change(historyWith(), 'temperature_c', 5, now)).toBeNull()
  })

  it('is nothing where the quantity was missing then', () => {
    expect(change(historyWith([60, 1]), 'humidity_pct', 5, now)).toBeNull()
  })
})
