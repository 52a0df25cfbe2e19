import { describe, expect, it } from 'vitest'
import * as decode from './decode'

const reading = {
  row: 9, station: 'roof', stream: '9f2c', seq: 3, observed_at: '2026-11-20T12:00:00.250Z', received_at: null,
  clock: 'synchronised', samples: 10, temperature_c: 21.43, flags: { temperature_c: 1, humidity_pct: 9 }, faults: { humidity_pct: 'crc' },
}

describe('what the gateway sends', () => {
  it('becomes a reading with its values, flags and faults by quantity', () => {
    const decoded = decode.reading(reading)
    expect(decoded?.values).toEqual({ temperature_c: 21.43 })
    expect(decoded?.flags).toEqual({ temperature_c: 1, humidity_pct: 9 })
    expect(decoded?.faults).toEqual({ humidity_pct: 'crc' })
  })

  it.each([null, 7, 'x', [], {}, { ...reading, observed_at: 'soon' }, { ...reading, station: 4 }])(
    'is no reading when it lacks what identifies one: %j',
    (value) => expect(decode.reading(value)).toBeNull(),
  )

  it('loses a value that is no number, and keeps the rest', () => {
    expect(decode.reading({ ...reading, temperature_c: '21', pressure_hpa: 1013 })?.values).toEqual({ pressure_hpa: 1013 })
  })

  it('leaves a list without the items that make no sense', () => {
    expect(decode.list([reading, null, 3], decode.reading)).toHaveLength(1)
    expect(decode.list('no list', decode.reading)).toEqual([])
  })

  it('becomes a station however little is known of it', () => {
    const station = decode.station({ station: 'roof', state: 'dancing', sensors: 'none', health: 3, place: {}, counts: {} })
    expect(station).toMatchObject({ state: 'unknown', sensors: [], health: null, place: null, counts: null, last_reading: null })
  })

  it('becomes a bucket only with numbers for each quantity', () => {
    const start = '2026-11-20T12:00:00.000Z'
    expect(decode.bucket({ start, count: 6, temperature_c: { min: 1, mean: 2, max: 3 }, humidity_pct: { min: 1 } })?.values).toEqual({
      temperature_c: { min: 1, mean: 2, max: 3 },
    })
  })

  it('becomes an episode of its own kind: an anomaly with a flag, weather without, each where it is seen', () => {
    const both = { id: 7, station: 'roof', from: '2026-11-20T12:00:00.000Z', to: null, state: 'open', evidence: 'so' }
    expect(decode.anomaly({ ...both, kind: 'spike', quantity: 'humidity_pct', flag: 4 })).toMatchObject({ key: 'anomaly-7', quantity: 'humidity_pct', flag: 4 })
    expect(decode.weather({ ...both, kind: 'pressure_fall', extreme: -7 })).toMatchObject({ key: 'weather-7', quantity: 'pressure_hpa', flag: null })
    expect(decode.weather({ ...both, kind: 'hail' })).toMatchObject({ quantity: null, kind: 'hail' })
    expect(decode.weather({ ...both, station: 4 })).toBeNull()
  })
})
