import { describe, expect, it } from 'vitest'
import * as decode from '../api/decode'
import type { Episode, Today } from '../api/types'
import { reading, station } from '../testing/samples'
import { arranged, isNewer, mostEpisodes, refreshed, withEpisode, withReading, withStatus } from './apply'

const today: Today = {
  date: '2026-11-20',
  zone: 'America/Denver',
  quantities: {
    temperature_c: { min: -3, min_at: '2026-11-20T13:00:00.000Z', max: 8, max_at: '2026-11-20T20:00:00.000Z' },
  },
}

describe('a newer reading', () => {
  const before = station({ today, last_reading: reading('2026-11-20T21:00:00.000Z', { temperature_c: 7 }) })

  it('is told from an older one by when it was observed', () => {
    expect(isNewer(reading('2026-11-20T21:00:00.001Z'), before.last_reading)).toBe(true)
    expect(isNewer(reading('2026-11-20T21:00:00.000Z'), before.last_reading)).toBe(false)
    expect(isNewer(reading('2020-01-01T00:00:00.000Z'), null)).toBe(true)
  })

  it('widens the day it belongs to', () => {
    const after = withReading(before, reading('2026-11-20T22:00:00.000Z', { temperature_c: 9.5, humidity_pct: 40 }))
    expect(after.today?.quantities.temperature_c).toMatchObject({ min: -3, max: 9.5, max_at: '2026-11-20T22:00:00.000Z' })
    expect(after.today?.quantities.humidity_pct).toMatchObject({ min: 40, max: 40 })
    expect(before.today?.quantities.temperature_c?.max).toBe(8)
  })

  it('begins a new day at midnight in the zone of the station', () => {
    const lateEvening = withReading(before, reading('2026-11-21T06:59:00.000Z', { temperature_c: 0 }))
    expect(lateEvening.today?.date).toBe('2026-11-20')
    const midnight = withReading(before, reading('2026-11-21T07:00:00.000Z', { temperature_c: 0 }))
    expect(midnight.today).toMatchObject({ date: '2026-11-21', quantities: { temperature_c: { min: 0, max: 0 } } })
  })

  it('begins a day that has 23 hours, or 25, at the same midnight', () => {
    const dates = (times: string[]) => times.map((at) => withReading(before, reading(at, { temperature_c: 0 })).today?.date)
    const spring = { ...today, date: '2027-03-13' }
    expect(withReading(station({ today: spring }), reading('2027-03-14T06:59:59.000Z')).today?.date).toBe('2027-03-13')
    expect(dates(['2027-03-14T07:00:00.000Z', '2027-03-15T05:59:00.000Z', '2027-03-15T06:00:00.000Z'])).toEqual(['2027-03-14', '2027-03-14', '2027-03-15'])
    expect(dates(['2027-11-07T06:00:00.000Z', '2027-11-08T06:59:00.000Z', '2027-11-08T07:00:00.000Z'])).toEqual(['2027-11-07', '2027-11-07', '2027-11-08'])
  })

  it('that failed a check sets no extreme', () => {
    const after = withReading(before, reading('2026-11-20T22:00:00.000Z', { temperature_c: 85, flags: { temperature_c: 4 } }))
    expect(after.today?.quantities.temperature_c?.max).toBe(8)
    expect(after.last_reading?.values.temperature_c).toBe(85)
  })
})

describe('an answer', () => {
  it('does not undo what the stream has said meanwhile', () => {
    const known = [
      station({ state: 'offline', since: '2026-11-20T12:00:05.000Z', last_reading: reading('2026-11-20T12:00:00.000Z', { seq: 2 }) }),
    ]
    const [after] = refreshed(known, [station({ last_reading: reading('2026-11-20T11:59:50.000Z', { seq: 1 }) })])
    expect(after).toMatchObject({ state: 'offline', since: '2026-11-20T12:00:05.000Z', last_reading: { seq: 2 } })
  })

  it('replaces what is older, adds stations and drops those that are gone', () => {
    const known = [station({ last_reading: reading('2026-11-20T11:00:00.000Z') }), station({ station: 'gone' })]
    const after = refreshed(known, [
      station({ state: 'stopped', since: '2026-11-20T12:00:00.000Z', last_reading: reading('2026-11-20T12:00:00.000Z', { seq: 9 }) }),
      station({ station: 'new' }),
    ])
    expect(after.map((each) => each.station)).toEqual(['roof', 'new'])
    expect(after[0]).toMatchObject({ state: 'stopped', last_reading: { seq: 9 } })
  })
})

it('a status changes its own station alone', () => {
  const after = withStatus([station(), station({ station: 'garden' })], { station: 'garden', state: 'offline', since: null })
  expect(after.map(({ state }) => state)).toEqual(['online', 'offline'])
})

describe('episodes', () => {
  const from = Date.parse('2026-11-20T00:00:00Z')
  function anomaly(id: number, start: string, to: string | null = null): Episode {
    const decoded = decode.anomaly({ id, station: 'roof', from: start, to, state: to ? 'closed' : 'open', kind: 'range', flag: 4 })
    if (!decoded) throw new Error('not an anomaly')
    return decoded
  }

  it('stand open first, then newest first, without those that ended before', () => {
    const list = [
      anomaly(1, '2026-11-19T20:00:00Z', '2026-11-19T21:00:00Z'),
      anomaly(2, '2026-11-20T02:00:00Z', '2026-11-20T03:00:00Z'),
      anomaly(3, '2026-11-19T01:00:00Z'),
      anomaly(4, '2026-11-20T05:00:00Z', '2026-11-20T06:00:00Z'),
    ]
    expect(arranged(list, from).map(({ key }) => key)).toEqual(['anomaly-3', 'anomaly-4', 'anomaly-2'])
  })

  it('change in place and stay few', () => {
    const open = [anomaly(2, '2026-11-20T02:00:00Z')]
    expect(withEpisode(open, anomaly(2, '2026-11-20T02:00:00Z', '2026-11-20T03:00:00Z'), from)).toMatchObject([{ key: 'anomaly-2', state: 'closed' }])
    const many = Array.from({ length: mostEpisodes + 9 }, (_, id) => anomaly(id, '2026-11-20T02:00:00Z'))
    expect(arranged(many, from)).toHaveLength(mostEpisodes)
  })
})
