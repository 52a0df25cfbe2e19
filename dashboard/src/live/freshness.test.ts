import { expect, it } from 'vitest'
import { reading, station } from '../testing/samples'
import { isStale } from './freshness'

const at = '2026-11-20T12:00:00.000Z'
const now = (seconds: number) => Date.parse(at) + seconds * 1_000

it('a value ages after three report intervals, at least five seconds, and at once when the station is away', () => {
  const roof = station({ last_reading: reading(at), report_s: 10 })
  expect(isStale(roof, now(30))).toBe(false)
  expect(isStale(roof, now(31))).toBe(true)
  expect(isStale({ ...roof, report_s: 1 }, now(4))).toBe(false)
  expect(isStale({ ...roof, report_s: 1 }, now(6))).toBe(true)
  expect(isStale({ ...roof, state: 'offline' }, now(0))).toBe(true)
  expect(isStale(station(), now(0))).toBe(true)
})
