/** A reading and a station for the tests, to be changed where a test cares. */
import * as decode from '../api/decode'
import type { Reading, Station } from '../api/types'

export function reading(observed_at: string, change: Record<string, unknown> = {}): Reading {
  const decoded = decode.reading({ station: 'roof', observed_at, received_at: observed_at, clock: 'synchronised', ...change })
  if (!decoded) throw new Error('not a reading')
  return decoded
}

export function station(change: Partial<Station> = {}): Station {
  const decoded = decode.station({ station: 'roof', state: 'online', since: '2026-11-20T00:00:00.000Z', report_s: 10 })
  if (!decoded) throw new Error('not a station')
  return { ...decoded, ...change }
}
